"""Looks at a measure while it runs: customers, groups of customers, scores, one series."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from tests.impact.cards import case_of
from tests.impact.test_arms import card, reported, trial
from workbench.impact import CaseData, CaseError, Panel, evaluate, judge_case, looks_at
from workbench.impact.designs.differences.difference_in_differences import (
    difference_in_differences,
)
from workbench.impact.looks import of_clusters, of_customers, spending
from workbench.impact.looks.of_series import together
from workbench.impact.looks.spending import bounds, courses, exact_bounds, spent
from workbench.study import LookPlan

OPEN, TWELVE = LookPlan(), LookPlan(planned=12)


def watched(rng, n=120, last=12, effect=0.0, treated=None) -> Panel:
    periods = pd.date_range("2020-01-01", periods=last + 4, freq="MS")
    y = 10 + rng.normal(size=(n, 1)) + rng.normal(size=(n, last + 4))
    got = np.isin(np.arange(n), rng.permutation(n)[: treated or n // 2])
    after = np.arange(last + 4) >= 4
    return Panel(
        y + effect * np.outer(got, after), np.ones_like(y), pd.RangeIndex(n), periods, got,
        after, np.ones(n, dtype=bool), periods[4],
    )  # fmt: skip


# --- the bounds ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "published"),
    [
        ("obrien-fleming", [4.877, 3.357, 2.680, 2.290, 2.031]),
        ("pocock", [2.438, 2.427, 2.410, 2.397, 2.386]),
    ],
)
def test_the_bounds_are_those_published_for_five_looks(rule, published) -> None:
    # gsDesign, sfLDOF and sfLDPocock, two-sided .05; Lan and DeMets 1983; few draws lie beyond
    at = np.arange(1, 6)
    total = spent(at, LookPlan(planned=5, spending=rule), 0.05)
    assert total[-1] == pytest.approx(0.05)
    found = bounds(courses(together(list(at))), total, 0.05)
    assert found == pytest.approx(published, abs=0.05)


def test_chances_are_spent_evenly_or_without_an_end() -> None:
    at = np.array([1, 3, 6])
    assert spent(at, LookPlan(planned=6), 0.06) == pytest.approx([0.01, 0.03, 0.06])
    assert spent(at, OPEN, 0.06) == pytest.approx([0.06 / 7, 0.02, 0.03])
    with pytest.raises(ValidationError, match="a planned number of looks"):
        LookPlan(spending="pocock")
    assert case_of("a", "2024-01-01", looks="open").looks == OPEN
    assert case_of("a", "2024-01-01", looks=12).looks == TWELVE


@pytest.mark.parametrize("rule", ["even", "obrien-fleming", "pocock"])
def test_planned_looks_cost_little_and_open_ones_decide_early(rule) -> None:
    # independent increments; the effect is seen with 80 % at look 12 of a fixed trial
    rng, looks = np.random.default_rng(4), np.arange(1, 61)
    z = np.cumsum(rng.normal(size=(4000, 60)), axis=1) / np.sqrt(looks)
    drift = 2.8016 * np.sqrt(looks / 12)
    total = spent(looks[:24], LookPlan(planned=24, spending=rule), 0.05)
    factor = bounds(np.abs(z[:, :24]), total, 0.05)
    # 1.4 times the fixed trial's size at the last of 24 looks
    power = (np.abs(z[:, :24] + drift[:24] * np.sqrt(1.4 / 2)) > factor).any(axis=1).mean()
    assert power >= 0.8
    crossed = np.abs(z + drift) > bounds(np.abs(z), spent(looks, OPEN, 0.05), 0.05)
    times = np.where(crossed.any(axis=1), crossed.argmax(axis=1) + 1, 60) / 12
    assert np.median(times) <= 1.3 and times.mean() <= 1.5


# --- customers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("plan", [TWELVE, OPEN])
def test_looking_twelve_times_finds_an_effect_of_nothing_as_rarely_as_once(
    plan, monkeypatch
) -> None:
    # 150 trials: at most 14 with the chance .99; looking at the fixed interval would find 25 or so
    monkeypatch.setattr(spending, "_DRAWS", 5000)
    rng, alarms, naive = np.random.default_rng(8), 0, 0
    for _ in range(150):
        at, effect, influence, _df = of_customers.estimates(watched(rng))
        se = np.sqrt(np.square(influence).sum(axis=0))
        paths = courses(influence.T @ influence / np.outer(se, se))
        factor = bounds(paths, spent(at, plan, 0.05), 0.05)
        alarms += bool((np.abs(effect) > factor * se).any())
        naive += bool((np.abs(effect) > 1.96 * se).any())
    assert alarms <= 14 < naive


def test_a_single_planned_look_is_the_fixed_one_and_an_effect_is_seen() -> None:
    one = looks_at(watched(np.random.default_rng(9), last=1), LookPlan(planned=1))
    assert one.limits == pytest.approx((one.fixed_low[0], one.fixed_high[0]), abs=0.005)
    clear = looks_at(watched(np.random.default_rng(9), effect=1.0), TWELVE)
    low, high = clear.limits
    assert clear.first >= 1 and low < 1 < high and clear.p < 0.01
    assert (clear.low <= clear.fixed_low).all() and (clear.high >= clear.fixed_high).all()


def score_records(rng, n=70, months=10, effect=0.0, start=5) -> pd.DataFrame:
    """Answers to a recommendation question, other customers in each month."""
    base = pd.date_range("2024-01-01", periods=months, freq="MS")
    rows = []
    for k, month in enumerate(base):
        for side in (0, 1):
            share = 0.5 + effect * side * (k >= start)
            answer = rng.choice([100, 0, -100], n, p=[share, 0.3, 0.7 - share])
            who = 1000 * k + 2 * np.arange(n) + side
            rows.append(pd.DataFrame({"customer_id": who, "period": month, "estimate": answer,
                                      "region": "NS"[side]}))  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def test_scores_of_other_customers_each_month_are_looked_at_by_the_gap_of_the_sides() -> None:
    records = score_records(np.random.default_rng(3), effect=0.15)
    wide = records.pivot_table(index="customer_id", columns="period", values="estimate")
    seen = wide.notna().to_numpy().astype(float)
    treated = records.groupby("customer_id")["region"].first().reindex(wide.index) == "S"
    panel = Panel(
        wide.to_numpy(), seen, wide.index, wide.columns, treated.to_numpy(),
        np.arange(10) >= 5, np.ones(len(wide), dtype=bool), wide.columns[5],
    )  # fmt: skip
    found, fixed = looks_at(panel, TWELVE), difference_in_differences(panel)
    assert len(found.when) == 5 and found.effect[-1] == pytest.approx(fixed.effect)
    assert found.fixed_low[-1] == pytest.approx(fixed.low, rel=0.02)
    assert found.low[-1] < found.fixed_low[-1]
    few = panel.select(np.arange(len(wide)) % 10 == 0)
    with pytest.raises(CaseError, match="too few for several looks"):
        looks_at(few, TWELVE)


# --- groups -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("units", "treated"), [(10, 5), (20, 2)])
def test_few_groups_are_looked_at_by_all_ways_to_choose_them(units, treated) -> None:
    rng, alarms = np.random.default_rng(6), 0
    for _ in range(150):
        panel = watched(rng, units, treated=treated)
        ways = of_clusters.assignments(units, treated, panel.treated, rng)
        own, _share = of_clusters._linear(panel, ways)
        bound = exact_bounds(np.abs(own), spent(np.arange(1, 13), TWELVE, 0.05))
        alarms += bool((np.abs(own[0]) > bound * (1 + 1e-9)).any())
    assert alarms <= 14


def test_estimates_of_groups_are_those_of_the_design_and_the_interval_holds_the_effect() -> None:
    panel = watched(np.random.default_rng(7), 12, effect=2.0)
    found, fixed = (
        looks_at(panel, TWELVE),
        difference_in_differences(panel, inference="permutation"),
    )
    assert found.effect[-1] == pytest.approx(fixed.effect)
    assert (found.fixed_low[-1], found.fixed_high[-1]) == pytest.approx((fixed.low, fixed.high),
                                                                        rel=1e-3)  # fmt: skip
    low, high = found.limits
    assert low < 2 < high and low <= found.fixed_low[-1] and found.p < 0.05
    gaps = panel.weight.copy()
    gaps[0, 3] = 0
    holed = Panel(panel.outcome, gaps, panel.units, panel.periods, panel.treated, panel.after,
                  panel.eligible, panel.start)  # fmt: skip
    own, share = of_clusters._linear(holed, holed.treated[None, :].astype(float))
    assert own[0, -1] == pytest.approx(difference_in_differences(holed).effect)
    assert share == pytest.approx(1.0)
    with pytest.raises(CaseError, match="45 ways to choose"):
        looks_at(watched(np.random.default_rng(9), 10, treated=2), TWELVE)


# --- the page -----------------------------------------------------------------------------------


def test_a_case_under_watch_is_judged_by_what_holds_at_every_look() -> None:
    records, units = trial(np.random.default_rng(10), n=300)
    once, often = (reported(records, units, card(looks=k)).main for k in (None, 4))
    assert once.looks is None and often.looks is not None
    assert often.effect.high - often.effect.low >= once.effect.high - once.effect.low
    assert "the same, one look alone" in set(often.answers["design"])
    assert any(c.key == "looks" and "4 looks until now" in c.text for c in often.checks)
    assert len(reported(records, units, card(looks="open")).looks) == 4
    more = reported(records, units, card(looks=2))
    assert any("4 looks, and 2 were planned" in c.text for c in more.caveats)


def cities(n, treated, effect=0.0, seed=1, chosen="random"):
    rng, months = np.random.default_rng(seed), pd.date_range("2023-01-01", periods=16, freq="MS")
    names = [f"c{k:02}" for k in range(n)]
    records = pd.DataFrame([
        {"city": name, "period": month, "n": 50,
         "estimate": rng.normal(20, 1) + effect * (k < treated) * (month >= months[8])}
        for k, name in enumerate(names) for month in months
    ])  # fmt: skip
    case = case_of("app", months[8].date(), chosen, unit="city",
                   treated={"city": names[:treated]}, looks=8)  # fmt: skip
    return records, case


def test_groups_under_watch_are_told_and_too_few_of_them_show_the_fixed_look() -> None:
    records, case = cities(12, 6, effect=3.0)
    found = evaluate(records, case, outcome="sales")
    assert found.looks is not None and found.effect.inference.startswith("permutation")
    assert found.effect.clear and found.looks.first > 0
    records, case = cities(10, 2)
    few = evaluate(records, case, outcome="sales")
    said = next(c for c in few.checks if c.key == "looks")
    assert few.looks is None and said.severity == "warning"
    assert "45 ways to choose" in said.text


def test_a_series_under_watch_is_answered_at_the_level_that_its_looks_leave() -> None:
    rng, months = np.random.default_rng(2), pd.date_range("2021-01-01", periods=36, freq="MS")
    value = 50 + rng.normal(size=36) - 8 * (np.arange(36) >= 24)
    records = pd.DataFrame({"period": months, "estimate": value, "n": 100})
    case = case_of("limit", months[24].date(), "everybody", looks=12)
    report = judge_case(case, CaseData([records]))
    looks = report.main.looks
    assert list(looks.when) == [8, 9, 10, 11, 12]
    assert (looks.low <= looks.fixed_low).all() and (looks.high >= looks.fixed_high).all()
    assert report.main.effect.clear and report.main.effect.low < -8 < report.main.effect.high
    assert report.looks["period"].iloc[0] == "2023-08"
    short = judge_case(case, CaseData([records.iloc[:30]])).main
    assert short.looks is None


def test_at_a_first_look_that_may_spend_nothing_the_page_says_so() -> None:
    records, case = cities(10, 5, effect=9.0)
    case = case.model_copy(update={"looks": LookPlan(planned=8, spending="obrien-fleming")})
    early = records[records["period"] < pd.Timestamp("2023-10-01")]
    found = evaluate(early, case, outcome="sales")
    assert not found.effect.clear and np.isinf(found.effect.low)
    assert any("later looks can" in c.text for c in found.checks)
    assert evaluate(records, case, outcome="sales").effect.clear
