"""Data that vary by nothing, or say next to nothing: refused in words, never a raw error."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.impact.cards import case_of
from workbench.impact import CaseError, Evaluation, interrupted_counts, judge

MONTHS = pd.date_range("2023-01-01", periods=24, freq="MS")
START = MONTHS[12]
CUSTOMERS, TREATED = 40, 20
LATER = np.arange(24) >= 12


def judged(y: np.ndarray, chosen: str) -> Evaluation:
    frame = pd.DataFrame(
        {
            "customer_id": np.repeat(np.arange(CUSTOMERS), 24),
            "period": np.tile(MONTHS, CUSTOMERS),
            "estimate": y.ravel(),
        }
    )
    treatments = pd.DataFrame({"case": "m", "customer_id": range(TREATED), "start": START})
    on = {"worst": "sales", "rule": "other"}.get(chosen)
    card = case_of("m", START, chosen, selected_on=on)
    return judge(frame, card, treatments, outcome="sales")


@pytest.mark.parametrize("chosen", ["random", "worst", "rule", "volunteers"])
@pytest.mark.parametrize("before", [0.0, 10.0])
def test_units_that_were_all_alike_before_have_no_baseline_to_adjust_for(chosen, before) -> None:
    rng = np.random.default_rng(3)
    y = np.full((CUSTOMERS, 24), before)
    y[:, 12:] += rng.poisson(0.3, (CUSTOMERS, 12)) + 0.2 * (np.arange(CUSTOMERS) < TREATED)[:, None]
    found = judged(y, chosen)
    assert found.effect is not None and found.effect.low < 0.2 < found.effect.high
    assert np.isfinite(found.effect.relative)


@pytest.mark.parametrize("chosen", ["random", "worst", "rule", "volunteers"])
def test_treated_who_all_change_alike_are_no_certainty(chosen: str) -> None:
    y = 10 + np.random.default_rng(4).normal(size=(CUSTOMERS, 24))
    y[:TREATED] = 10 + 2.0 * LATER
    found = judged(y, chosen)
    assert found.refused
    (refused,) = [c for c in found.checks if c.severity == "refusal"]
    assert "20 treated units change exactly alike" in refused.text


def test_customers_without_the_measure_may_all_buy_nothing() -> None:
    y = np.zeros((CUSTOMERS, 24))
    y[:TREATED] = np.random.default_rng(5).poisson(0.5 + 0.5 * LATER, (TREATED, 24))
    assert not judged(y, "random").refused


def test_groups_that_all_change_alike_are_refused_on_either_side() -> None:
    rng = np.random.default_rng(6)
    for flat in ("ABC", "DEF"):
        rows = [
            {"city": c, "period": m, "n": 30, "estimate": 10.0 + (c not in flat) * rng.normal()}
            for c in "ABCDEF"
            for m in MONTHS
        ]
        card = case_of("m", START, "worst", treated={"city": list("ABC")}, selected_on="other")
        found = judge(pd.DataFrame(rows), card, outcome="sales")
        assert found.refused
        assert any("change exactly alike" in c.text for c in found.checks)


def test_a_rise_from_next_to_nothing_has_no_size_in_percent() -> None:
    # three orders of all customers before: 3,000 % is no number to print
    y = np.zeros((CUSTOMERS, 24))
    y[[3, 5, 7], 2] = 1
    y[:TREATED, 12:] = np.random.default_rng(7).poisson(0.3, (TREATED, 12))
    found = judged(y, "random").effect
    assert found is not None and found.low > 0
    assert np.isnan([found.relative, found.relative_low, found.relative_high]).all()


@pytest.mark.parametrize(("side", "words"), [(LATER, "after"), (~LATER, "before")])
def test_counts_that_are_all_zero_on_one_side_are_refused(side, words: str) -> None:
    counts = np.where(side, 0, np.random.default_rng(8).poisson(9, 24))
    with pytest.raises(CaseError, match=f"all counts {words} the start are zero"):
        interrupted_counts(counts, MONTHS, after=LATER)
