"""A surrogate index: believed where older measures bear it out, refused where they do not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from benchmarks.surrogates import draw, trial
from tests.impact.cards import case_of
from workbench.impact import CaseData, CaseError, judge_case
from workbench.impact.experiment.surrogates import Trial, foretell
from workbench.study import Case


def test_the_index_is_the_regression_of_the_long_outcome_by_hand() -> None:
    rng = np.random.default_rng(1)
    past = trial(rng, 0.0)[0]
    own = trial(rng, 0.0)[0]
    found = foretell(own, [past], after=3, periods=24)
    rest = ~past.treated
    x = np.column_stack([past.early[rest], past.before[rest], np.ones(rest.sum())])
    weight = np.linalg.lstsq(x, past.long[rest], rcond=None)[0][:2]
    z = np.column_stack([own.treated, np.ones(len(own.treated)), own.before])
    effect = np.linalg.lstsq(z, own.early @ weight, rcond=None)[0][0]
    assert found.effect == pytest.approx(effect)
    assert found.verdict == "not testable" and found.estimates() == {}
    assert found.findings()[0].severity == "note" and "scenario" in found.findings()[0].text


def test_surrogates_that_hold_are_believed_and_those_bypassed_by_half_are_not() -> None:
    # a tenth of `python -m benchmarks.surrogates`: bounds .10 and .90, .925 to .98, two errors wide
    held = [draw(0.0, seed) for seed in range(40)]
    half = [draw(0.5, seed)[0].verdict for seed in range(15)]
    assert np.mean([found.verdict == "refused" for found, _ in held]) <= 0.2
    assert np.mean([found.low <= effect <= found.high for found, effect in held]) >= 0.85
    assert abs(np.mean([found.effect / effect - 1 for found, effect in held])) <= 0.1
    assert np.mean([verdict == "refused" for verdict in half]) >= 0.8


def test_a_part_that_bypasses_in_either_direction_is_found_by_the_squares() -> None:
    rng, older = np.random.default_rng(3), []
    for k in range(12):
        one = trial(rng, 0.0)[0]
        assert one.long is not None
        wrong = 0.25 * (-1) ** k * one.treated
        older.append(Trial(str(k), one.treated, one.early, one.before, one.long + wrong))
    found = foretell(trial(rng, 0.0)[0], older, after=3, periods=24)
    assert found.verdict == "refused" and "is not believed" in found.findings()[0].text
    few = Trial("few", rng.random(40) < 0.5, rng.normal(size=(40, 2)), rng.normal(size=(40, 1)))
    with pytest.raises(CaseError, match="too few to foretell"):
        foretell(few, older, after=3, periods=24)


def judged(lots: int, later: float, n: int = 200):
    """Judge the last of several lots by three months; each moves its customers by one, then less.

    What one month adds to the next, and to a year, among those without a measure: .39.
    """
    rng, months = np.random.default_rng(7), pd.date_range("2019-01-01", periods=48, freq="MS")
    frames, treatments, cases = [], [], []
    for k in range(lots + 1):
        start, name = (45, "new") if k == lots else (14 + k, f"old{k}")
        who = np.arange(n) + n * k
        y = 20 + rng.normal(size=(n, 1)) + rng.normal(size=(n, 48))
        y[: n // 2, start : start + 3] += 1
        y[: n // 2, start + 3 :] += later
        frames.append(pd.DataFrame(y, index=who, columns=months))
        got = {"case": name, "customer_id": who[: n // 2], "start": months[start]}
        treatments.append(pd.DataFrame(got))
        part = {"surrogates": 3, "costs": {"once": 1000}} if k == lots else {}
        aim = {"indicator": "sales", "value": 1.0}
        cases.append(case_of(name, months[start], "random", horizon=12, outcomes=[aim], **part))
    wide = pd.concat(frames).rename_axis("customer_id").reset_index()
    records = wide.melt("customer_id", var_name="period", value_name="estimate")
    data = CaseData([records], pd.concat(treatments), older=cases)
    return judge_case(cases[-1], data, rng=np.random.default_rng(1))


def test_a_study_without_older_answers_prints_a_scenario_and_counts_what_was_seen() -> None:
    report = judged(0, 1.0)
    assert report.long_run.verdict == "not testable" and report.long_run.clear == 0
    assert report.benefit.periods == report.main.effect.n_after == 3
    assert len(report.long_run.table) == 0


@pytest.mark.parametrize(
    ("later", "verdict", "periods"), [(0.18, "holds", 12), (1.0, "refused", 3)]
)
def test_the_effect_is_carried_on_only_where_older_measures_bear_it_out(
    later, verdict, periods
) -> None:
    # an effect that lasts is more than months without a measure would foretell
    report = judged(5, later)
    index = report.long_run
    assert index.clear == 5 and set(index.table["case"]) == {f"old{k}" for k in range(5)}
    assert index.verdict == verdict and report.benefit.periods == periods
    if verdict == "holds":
        assert index.low < (3 + 9 * later) / 12 < index.high
        customers = report.benefit.customers
        assert report.benefit.benefit.value == pytest.approx(12 * customers * index.effect)


def test_the_card_asks_for_it_in_lots_alone_and_for_less_than_the_horizon() -> None:
    with pytest.raises(ValidationError, match="for customers drawn by lot"):
        case_of("a", "2024-01-01", "volunteers", surrogates=3)
    with pytest.raises(ValidationError, match="take fewer"):
        case_of("a", "2024-01-01", "random", surrogates=12, horizon=12)
    case: Case = case_of("a", "2024-01-01", "random", surrogates={"after": 2})
    assert case.surrogates is not None and case.surrogates.after == 2
