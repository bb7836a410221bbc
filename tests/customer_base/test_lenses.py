"""The five views of the base: by hand, against simulated truth, and with nobody given away."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from tests.customer_base.examples import (
    PERIODS,
    STARTS,
    by_cohort,
    by_status,
    cells,
    customers,
    purchases,
)
from workbench import customer_base as base
from workbench.errors import DataError
from workbench.stats import ratio_interval, rule_of, wilson


def people(*rows: tuple[str, int, float, float]) -> pd.DataFrame:
    """Customers with what they spent in two periods; an order where they spent something."""
    frame = pd.DataFrame(rows, columns=["customer_id", "first", "spend_0", "spend_1"])
    for k in (0, 1):
        frame[f"orders_{k}"] = (frame[f"spend_{k}"] > 0).astype(float)
    return frame


def test_changes_of_two_periods_are_those_worked_by_hand() -> None:
    rows = [(f"n{i}", 5, 0.0, 10.0) for i in range(6)]
    rows += [(f"b{i}", 1, 0.0, 20.0) for i in range(7)]
    rows += [(f"k{i}", 1, 30.0, 25.0) for i in range(8)]
    rows += [(f"l{i}", 1, 8.0, 0.0) for i in range(9)]
    rows += [(f"z{i}", 1, 0.0, 0.0) for i in range(9)]
    found = base.period_flows(people(*rows), 5)
    table = found.table.set_index("key")
    assert table["n"].to_dict() == {"new": 6, "back": 7, "kept": 8, "lost": 9}
    assert table["change"].to_dict() == {"new": 60, "back": 140, "kept": -40, "lost": -72}
    assert found.change is not None and found.change.value == table["change"].sum() == 88
    low, high = wilson(8, 17)
    assert tuple(found.stayed) == pytest.approx((8 / 17, float(low), float(high)))


def test_changes_add_up_and_their_intervals_hold_the_truth() -> None:
    """40 draws of 300 independent customers whose expected change is known, of 95 %."""
    held = np.zeros(4)
    rng = np.random.default_rng(3)
    for _ in range(40):
        n = rng.poisson(300)
        first = rng.choice([0, 1, 5], n, p=[0.4, 0.3, 0.3])
        spend = rng.gamma(2, 10, (n, 2)) * (rng.random((n, 2)) < 0.6)
        spend[first == 5, 0] = 0.0
        own = pd.DataFrame({"customer_id": range(n), "first": first})
        for k in (0, 1):
            own[f"spend_{k}"], own[f"orders_{k}"] = spend[:, k], (spend[:, k] > 0).astype(float)
        found = base.period_flows(own, 5)
        assert found.change is not None
        assert found.change.value == pytest.approx(found.table["change"].sum())
        truth = 300 * 20 * np.array([0.3 * 0.6, 0.7 * 0.24, 0.0, -0.7 * 0.24])
        t = found.table
        held += (t["change_low"] <= truth) & (truth <= t["change_high"])
    assert held.sum() / 160 >= 0.95 - 2 * np.sqrt(0.95 * 0.05 / 160)


def test_one_large_customer_among_the_new_is_not_shown() -> None:
    rows = [(f"n{i}", 5, 0.0, 10.0 if i else 9e5) for i in range(6)]
    rows += [(f"k{i}", 1, 30.0, 25.0) for i in range(40)]
    table = base.period_flows(people(*rows), 5).table.set_index("key")
    assert np.isnan(table.loc["new", "change"]) and np.isnan(table.loc["new", "after"])
    # alone it would follow from the total
    assert table["change"].isna().sum() >= 2


def test_an_unlike_change_is_told_from_chance() -> None:
    rng = np.random.default_rng(4)
    said = 0
    for draw in range(25):
        n = 400
        rows = pd.DataFrame({"customer_id": np.arange(n), "first": rng.choice([-1, 0], n)})
        for k in range(3):
            bought = rng.random(n) < 0.6
            rows[f"orders_{k}"] = bought.astype(float)
            rows[f"spend_{k}"] = rng.gamma(2, 10, n) * bought
        if draw == 0:
            grown = rows.assign(spend_2=rows["spend_2"] * 2)
            keys = [f.key for f in base.period_flows(grown, 5).findings()]
            assert "customer_base.flows.kept" in keys
        said += len(base.period_flows(rows, 5).findings()) > 2
    assert said - 1 <= 3  # of 25: 1.25 expected, two standard errors more


def test_tenths_share_all_there_is_and_the_interval_covers() -> None:
    def drawn(seed: int, n: int = 600) -> pd.DataFrame:
        rng = np.random.default_rng([6, seed])
        spend = rng.gamma(0.7, 100, n)
        return pd.DataFrame({"customer_id": np.arange(n), "orders": 1 + (spend // 50),
                             "spend": spend})  # fmt: skip

    rich = np.sort(np.random.default_rng(0).gamma(0.7, 100, 500_000))[::-1]
    truth = rich[:50_000].sum() / rich.sum()
    first = base.period_customers(drawn(0))
    assert first.table["share"].sum() == pytest.approx(1) and len(first.table) == 10
    own = drawn(0)
    assert first.value is not None
    expected = ratio_interval(own["spend"].to_numpy(), own["orders"].to_numpy()).value
    assert first.value.value == pytest.approx(expected)
    held = 0
    for seed in range(40):
        row = base.period_customers(drawn(seed)).table.iloc[0]
        held += row["share_low"] <= truth <= row["share_high"]
    assert held / 40 >= 0.85


def test_tenths_that_would_give_somebody_away_are_put_together() -> None:
    spend = [1e6, *[10.0] * 60]
    own = pd.DataFrame({"customer_id": range(61), "orders": 1.0, "spend": spend})
    shown = base.period_customers(own, min_cell=rule_of(5))
    # one customer holds nearly all: of money nothing is said
    assert shown.value is None and "value" not in shown.table
    few = pd.DataFrame({"customer_id": range(12), "orders": 1.0, "spend": range(10, 22)})
    assert base.period_customers(few, min_cell=5).table["n"].min() >= 5


def test_a_cohort_is_followed_as_one_would_by_hand() -> None:
    found = base.one_cohort(by_cohort(), STARTS)
    own = purchases().query("first == 0")
    assert found.size == own["customer_id"].nunique() == found.table["n"].iloc[0]
    assert found.table["n"].tolist() == own.groupby("period").size().tolist()
    spend = own.groupby("period")["spend"].sum() / found.size
    assert found.table["spend"].tolist() == pytest.approx(spend.tolist())
    worth = own.groupby("period")["spend"].sum() / own.groupby("period")["orders"].sum()
    assert found.table["value"].tolist() == pytest.approx(worth.tolist())


def shares(rng: np.random.Generator, slope: float, scatter: float = 0.0) -> pd.DataFrame:
    """Eight cohorts of 300 of whom .4 and `slope` a cohort come back one period later."""
    rows = []
    for cohort in range(8):
        chance = np.clip(0.4 + slope * cohort + rng.normal(0, scatter), 0, 1)
        for period, n in ((cohort, 300), (cohort + 1, int(rng.binomial(300, chance)))):
            if period < 8:
                sums = {"orders": n, "spend": 10 * n, "orders_2": n, "spend_2": 100 * n}
                tops = {f"top_{i}": 10.0 for i in range(10)}
                cell = {"cohort": cohort, "period": period, "n": n, "cross": 10 * n}
                rows.append(cell | sums | tops)
    return pd.DataFrame(rows)


MONTHS = [dt.date(2024, 1 + k, 1) for k in range(8)]


def test_a_trend_over_cohorts_is_found_and_chance_is_not() -> None:
    rng = np.random.default_rng(7)
    keys = base.compare_cohorts(shares(rng, -0.03), MONTHS).findings()[0]
    assert keys.severity == "warning" and 0.03 in keys.values["step"]
    alarms = sum(
        base.compare_cohorts(shares(rng, 0.0, scatter), MONTHS).trends["p"].iloc[0] < 0.05
        for scatter in (0.0, 0.06)
        for _ in range(15)
    )
    assert alarms <= 4  # 1.5 expected of 30, two standard errors more


def test_a_first_cohort_from_before_the_log_is_left_out() -> None:
    own = purchases()
    old = own[own["first"] == 0]
    many = pd.concat([own, *(old.assign(customer_id=old["customer_id"] + x) for x in "abcd")])
    found = base.compare_cohorts(cells(many.rename(columns={"first": "cohort"})), STARTS)
    assert found.began_before and found.findings()[-1].key == "customer_base.began_before"
    followed = base.one_cohort(cells(many.rename(columns={"first": "cohort"})), STARTS)
    assert followed.start == STARTS[1]


def test_the_cohort_chart_adds_up_to_the_sales_of_each_period() -> None:
    found = base.cohort_sales(by_cohort(), STARTS, most=3)
    sales = purchases().groupby("period")["spend"].sum()
    shown = found.table.groupby("period")["sales"].sum()
    assert shown.tolist() == pytest.approx(sales.tolist())
    assert found.table["cohort"].nunique() == 4
    p = found.periods
    assert (p["n"] * p["orders"] * p["value"]).tolist() == pytest.approx(sales.tolist())
    earlier = found.estimates()["earlier"].value
    own = purchases().query("period == 5 and first < 5")["spend"].sum()
    assert earlier == pytest.approx(own / sales.iloc[-1])


def test_a_cohort_of_few_joins_the_one_before() -> None:
    own = purchases()
    few = own[(own["first"] != 4) | own["customer_id"].isin(own["customer_id"].unique()[:20])]
    found = base.cohort_sales(cells(few.rename(columns={"first": "cohort"})), STARTS, min_cell=5)
    assert found.table["n"].min() >= 5
    total = few.groupby("period")["spend"].sum().tolist()
    assert found.table.groupby("period")["sales"].sum().tolist() == pytest.approx(total)


def test_everybody_won_so_far_is_in_one_bar() -> None:
    found = base.lifecycle_bars(by_status(purchases()), STARTS)
    ever = purchases().groupby("customer_id")["period"].min()
    for k, (_, t) in enumerate(found.table.groupby("period")):
        assert t["n"].sum() == (ever <= k).sum()
    assert [f.key for f in found.findings()] == ["customer_base.lifecycle"]


def test_short_logs_are_refused_with_words() -> None:
    one = by_cohort().query("period == 0 and cohort == 0")
    for analysis in (base.one_cohort, base.compare_cohorts, base.cohort_sales):
        with pytest.raises(DataError):
            analysis(one, STARTS[:1])
    with pytest.raises(DataError, match="one period"):
        base.period_flows(customers(purchases(), 1), PERIODS - 1)
