"""Measures that overlap, estimated together: planted effects of two, and what cannot be told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from tests.impact.cards import case_of
from workbench.impact import evaluate
from workbench.impact.inputs.assignment import panel_of
from workbench.impact.overlap import NAME, estimated_together, reached_by_others

MONTHS = pd.date_range("2024-01-01", periods=12, freq="MS")
CARD = case_of("mail", MONTHS[6], "volunteers")


def two_measures(rng, n=300, own=0.0, other=2.0, same=0.7, second=8):
    """Customers with a mail from July on; most of them got calls, too, from `second` on."""
    mailed = rng.random(n) < 0.4
    called = rng.random(n) < np.where(mailed, same, 0.15)
    y = 10 + rng.normal(size=(n, 1)) + rng.normal(size=(n, 12))
    y[:, 6:] += own * mailed[:, None]
    y[:, second:] += other * called[:, None]
    ids = np.arange(n)
    records = pd.DataFrame({"customer_id": np.repeat(ids, 12), "period": np.tile(MONTHS, n),
                            "estimate": y.ravel()})  # fmt: skip
    rows = [pd.DataFrame({"case": name, "customer_id": ids[got], "start": MONTHS[at]})
            for name, got, at in (("mail", mailed, 6), ("calls", called, second))]  # fmt: skip
    return records, pd.concat(rows, ignore_index=True)


def laid_out(records, treatments):
    own = treatments[treatments["case"] == "mail"].set_index("customer_id")["start"]
    panel = panel_of(CARD, records, own)
    return panel, reached_by_others(
        records, CARD, treatments, panel.units, panel.periods, panel.treated
    )


def test_it_is_the_regression_on_both_with_unit_and_period_effects() -> None:
    records, treatments = two_measures(np.random.default_rng(1), n=60, own=1.0)
    panel, others = laid_out(records, treatments)
    joint = estimated_together(panel, others)
    table = records.assign(
        d=np.outer(panel.treated, panel.after).ravel() * 1.0, o=others["calls"].ravel()
    )
    fitted = smf.ols("estimate ~ d + o + C(customer_id) + C(period)", table).fit(
        cov_type="cluster", cov_kwds={"groups": table["customer_id"]}
    )
    assert joint.effect == pytest.approx(fitted.params["d"])
    assert (joint.high - joint.effect) / 2.001 == pytest.approx(fitted.bse["d"], rel=0.06)


def test_what_another_measure_adds_is_not_taken_for_this_one() -> None:
    rng, alarms, covered = np.random.default_rng(2), 0, 0
    for _ in range(40):
        panel, others = laid_out(*two_measures(rng, n=120))
        alarms += estimated_together(panel, others).clear
        panel, others = laid_out(*two_measures(rng, n=120, own=1.0))
        joint = estimated_together(panel, others)
        covered += joint.low <= 1.0 <= joint.high
    assert alarms <= 6 and covered >= 34


def test_the_page_says_what_stands_when_both_are_estimated() -> None:
    records, treatments = two_measures(np.random.default_rng(3))
    found = evaluate(records, CARD, treatments, outcome="sales", titles={"calls": "Calls"})
    joint = found.answers.set_index("design").loc[NAME]
    assert joint["low"] < 0 < joint["high"]
    said = next(c for c in found.checks if c.key == "other measures together")
    assert "Calls" in said.text
    # alone it is taken for an effect
    plain = found.answers.set_index("design").loc["difference in differences"]
    assert plain["low"] > 0.5


def test_measures_that_came_together_cannot_be_told_apart() -> None:
    rng = np.random.default_rng(4)
    records, treatments = two_measures(rng, same=1.0, second=6)
    own = treatments[treatments["case"] == "mail"]
    treatments = pd.concat([own, own.assign(case="calls")])
    found = evaluate(records, CARD, treatments, outcome="sales")
    said = next(c for c in found.checks if c.key == "other measures together")
    assert "the same units at nearly the same time" in said.text and said.severity == "warning"
    assert NAME not in set(found.answers["design"])


def test_a_series_takes_the_share_that_another_measure_had_reached() -> None:
    rng = np.random.default_rng(5)
    months = pd.date_range("2021-01-01", periods=60, freq="MS")
    ids = np.arange(40)
    y = 20 + 0.4 * rng.normal(size=60) + 2.0 * (np.arange(60) >= 36) + 3.0 * (np.arange(60) >= 48)
    records = pd.DataFrame({"customer_id": np.tile(ids, 60), "period": np.repeat(months, 40),
                            "estimate": np.repeat(y, 40) + rng.normal(size=2400)})  # fmt: skip
    card = case_of("desk", months[36], "everybody")
    others = pd.DataFrame({"case": "app", "customer_id": ids, "start": months[48]})
    found = evaluate(records, card, others, outcome="sales")
    joint = found.answers.set_index("design").loc[NAME]
    assert joint["low"] < 2.0 < joint["high"] < 3.2
