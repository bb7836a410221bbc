"""Stages follow their stated rules, on any day of the log."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from tests import attackers
from workbench.errors import DataError
from workbench.segments import (
    STAGES,
    StageRules,
    history_days,
    lifecycle,
    purchase_cohorts,
    purchase_days,
    stage_history,
    transitions,
)

AS_OF = pd.Timestamp("2025-12-31")
RULES = StageRules(new_within=30, dormant_after=90, lost_after=180)


def log(**days_ago: list[int]) -> pd.DataFrame:
    """Write a log: customer -> days before the as-of date on which they bought for 10."""
    rows = [(who, AS_OF - pd.Timedelta(days=d), 10.0) for who, ds in days_ago.items() for d in ds]
    return pd.DataFrame(rows, columns=["customer_id", "date", "amount"])


ONE_OF_EACH = {
    "new": [5],
    "growing": [1, 10, 20, 40, 120],
    "mature": [10, 30, 70, 100, 130, 150],
    "declining": [80, 100, 110, 120, 130, 140],
    "back": [20, 200],
    "dormant": [91, 120],
    "lost": [181, 300],
}


def test_each_stage_is_found_by_hand() -> None:
    found = lifecycle(log(**ONE_OF_EACH), as_of=AS_OF, rules=RULES, prospects=["new", "looking"])
    stage = found.stage.astype(str).to_dict()
    assert stage == {
        "new": "New",
        "growing": "Growing",
        "mature": "Mature",
        "declining": "Declining",
        "back": "Returned",
        "dormant": "Dormant",
        "lost": "Lost",
        "looking": "Prospect",
    }
    assert found.table["stage"].tolist() == list(STAGES)
    assert found.active.n == 7 and found.active.value == pytest.approx(5 / 7)
    found.plot()


def test_a_day_of_the_past_knows_nothing_of_what_came_after() -> None:
    whole = log(**ONE_OF_EACH)
    day = AS_OF - pd.Timedelta(days=95)
    history = stage_history(whole, [day, AS_OF], rules=RULES)
    cut = lifecycle(whole[whole["date"] <= day], as_of=day, rules=RULES).stage
    assert history[day].dropna().astype(str).to_dict() == cut.astype(str).to_dict()
    assert history.loc["new", day] is np.nan or pd.isna(history.loc["new", day])
    moves = transitions(history, states=STAGES[1:])
    assert moves.entered == 1
    assert moves.share("Mature", "Lost").n >= 0


def test_p_alive_decides_who_is_gone_where_it_is_given() -> None:
    alive = pd.Series(0.95, index=pd.Index(list(ONE_OF_EACH)))
    alive["mature"], alive["growing"] = 0.3, 0.05
    found = lifecycle(log(**ONE_OF_EACH), as_of=AS_OF, rules=RULES, p_alive=alive)
    stage = found.stage.astype(str)
    assert (stage["mature"], stage["growing"]) == ("Dormant", "Lost")
    assert stage["lost"] not in ("Dormant", "Lost")  # silent, and yet likely active
    assert found.by_p_alive
    rules = RULES.table(by_p_alive=True).set_index("stage")["rule"].map(str)
    assert rules["Lost"] == "P(active) below 0.1"
    silent = RULES.table().set_index("stage")["rule"].map(str)
    assert silent["Dormant"] == f"No purchase for more than {RULES.dormant_after} days"
    assert silent["Growing"].startswith(f"At least {RULES.least} and 0.333 more purchases in")
    with pytest.raises(DataError, match=r"missing or outside 0 to 1 for 1 customers.*|lost"):
        lifecycle(log(**ONE_OF_EACH), as_of=AS_OF, rules=RULES, p_alive=alive.drop("lost"))


def test_rules_taken_from_a_log_follow_its_rhythm() -> None:
    weekly = log(**{f"c{i}": list(range(i, 360, 7)) for i in range(40)})
    monthly = log(**{f"c{i}": list(range(i, 700, 60)) for i in range(40)})
    assert StageRules.for_log(weekly).dormant_after == 28  # never fewer than four weeks
    assert StageRules.for_log(monthly).dormant_after == 60
    assert StageRules.for_log(monthly, dormant_after=45, lost_after=0).dormant_after == 45
    # a log that is short for its rhythm: no more than a quarter of it
    slow = log(**{f"c{i}": [i, 150 + i, 300 + i] for i in range(40)})
    assert StageRules.for_log(slow).dormant_after == (339 - 0) // 4


def test_days_of_a_history_are_equally_far_apart_and_end_today() -> None:
    purchases = log(a=[0, 400], b=[3, 9])
    days = history_days(purchases, as_of=AS_OF, step=60)
    assert days[-1] == AS_OF and len(days) == 5
    assert {(b - a).days for a, b in pairwise(days)} == {60}
    assert len(history_days(purchases, as_of=AS_OF, step=150)) == 2
    with pytest.raises(DataError, match="a step takes 500 days"):
        history_days(purchases, as_of=AS_OF, step=500)


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"dormant_after": 200, "lost_after": 100}, "dormant before lost"),
        ({"alive_dormant": 0.1, "alive_lost": 0.5}, "alive_lost <= alive_dormant"),
    ],
)
def test_rules_out_of_order_are_told(rules: dict, words: str) -> None:
    with pytest.raises(DataError, match=words):
        StageRules(**rules)


GOOD = log(a=[3, 9])


@pytest.mark.parametrize(
    ("purchases", "words"),
    [
        (GOOD.drop(columns="date"), "no column date"),
        (GOOD.assign(customer_id=[None, "a"]), "row 0: customer_id is missing"),
        (GOOD.assign(date=[pd.NaT, AS_OF]), "row 0: date is missing"),
        (GOOD.assign(date=["yesterday", "x"]), "no date"),
        (GOOD.assign(date=["03/04/2025", "05/04/2025"]), "no date"),
        (GOOD.assign(amount=["1", "2"]), "amount holds text"),
        (GOOD.assign(amount=[np.nan, 1]), "row 0: amount is missing"),
        (GOOD.assign(amount=-1.0), "the log has no purchase"),
        (GOOD.iloc[:0], "the log has no purchase"),
        (GOOD.assign(date=AS_OF + pd.Timedelta(days=9)), "there is no purchase to 2025-12-31"),
    ],
)
def test_a_log_that_cannot_be_used_is_told(purchases: pd.DataFrame, words: str) -> None:
    with pytest.raises(DataError, match=words):
        lifecycle(purchases, as_of=AS_OF)
    if "2025-12-31" not in words:
        with pytest.raises(DataError, match=words):
            purchase_days(purchases)


def test_a_log_without_amounts_has_stages_and_no_shares_of_spend() -> None:
    with_amounts = lifecycle(GOOD, as_of=AS_OF)
    found = lifecycle(GOOD.drop(columns="amount"), as_of=AS_OF)
    shared = ["stage", "n", "customers"]
    pd.testing.assert_frame_equal(found.table[shared], with_amounts.table[shared])
    assert "value" in with_amounts.table and "value" not in found.table


def test_a_day_that_is_none_is_told() -> None:
    with pytest.raises(DataError, match="as_of is None"):
        lifecycle(GOOD, as_of=None)


# --- cohorts ---------------------------------------------------------------------------------


def drawn(n: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    first = rng.integers(0, 500, n)
    rows = [
        (f"c{i}", pd.Timestamp("2024-01-01") + pd.Timedelta(days=int(d)), float(rng.gamma(2, 20)))
        for i in range(n)
        for d in [first[i], *first[i] + rng.integers(1, 400, rng.integers(0, 9))]
    ]
    return pd.DataFrame(rows, columns=["customer_id", "date", "amount"])


@pytest.mark.parametrize("every", ["month", "quarter"])
def test_cohorts_are_those_of_counting_with_pandas(every: str) -> None:
    purchases = drawn()
    as_of = pd.Timestamp("2025-08-17")
    found = purchase_cohorts(purchases, as_of=as_of, every=every, min_cell=0).table
    kept = purchases[purchases["date"] <= as_of].copy()
    kept["period"] = kept["date"].dt.to_period(every[0].upper())
    kept["cohort"] = kept.groupby("customer_id")["period"].transform("min")
    over = as_of.to_period(every[0].upper())
    size = kept[kept["cohort"] < over].groupby("cohort")["customer_id"].nunique()
    kept = kept[kept["period"] < over]
    kept["age"] = [(p - c).n for p, c in zip(kept["period"], kept["cohort"], strict=True)]
    by = kept.groupby(["cohort", "age"])
    active, revenue = by["customer_id"].nunique(), by["amount"].sum()
    assert found["age"].max() > 3
    for row in found.itertuples():
        cell = (row.cohort.to_period(every[0].upper()), row.age)
        assert row.n == size[cell[0]]
        assert row.active == active.get(cell, 0)
        assert row.revenue == pytest.approx(revenue.get(cell, 0.0))
        assert row.spend == pytest.approx(revenue.get(cell, 0.0) / row.n)
    assert (found["low"] <= found["estimate"]).all() and (found["estimate"] <= found["high"]).all()


def test_spend_of_a_cohort_has_students_interval_over_all_its_customers() -> None:
    purchases = drawn()
    found = purchase_cohorts(purchases, as_of="2025-08-31", min_cell=0)
    row = found.table[(found.table["age"] == 1) & (found.table["active"] > 5)].iloc[0]
    members = purchases.groupby("customer_id")["date"].min().dt.to_period("M")
    members = members[members == row["cohort"].to_period("M")].index
    month = purchases[purchases["date"].dt.to_period("M") == row["cohort"].to_period("M") + 1]
    spent = month.groupby("customer_id")["amount"].sum().reindex(members).fillna(0.0)
    half = 1.959964 * spent.std(ddof=1) / np.sqrt(len(spent))
    assert row["spend_high"] - row["spend"] == pytest.approx(half, rel=1e-6)


def test_a_cohort_begins_with_everybody_and_the_curve_pools() -> None:
    found = purchase_cohorts(drawn(), as_of="2025-08-31")
    begin = found.table[found.table["age"] == 0]
    assert (begin["estimate"] == 1).all()
    one = found.table[found.table["age"] == 1]
    assert found.at(1).value == pytest.approx(one["active"].sum() / one["n"].sum())
    assert found.matrix.loc[begin["cohort"].iloc[0], 0] == 1
    assert not found.began_before
    found.plot()
    assert set(found.estimates()) == {"age_1", f"age_{found.curve['age'].max()}"}
    with pytest.raises(DataError, match="no cohort is 99 periods old"):
        found.at(99)


def test_a_log_that_begins_with_old_customers_is_recognised() -> None:
    old = log(**{f"o{i}": [700, 650 - i, 30] for i in range(60)})
    young = log(**{f"y{i}": [600 - 10 * i] for i in range(50)})
    assert purchase_cohorts(pd.concat([old, young]), as_of=AS_OF).began_before


@pytest.mark.parametrize(
    ("options", "words"),
    [({"every": "week"}, "month, quarter or year"), ({"every": "year"}, "1 whole periods")],
)
def test_periods_that_cannot_be_told_apart_are_told(options: dict, words: str) -> None:
    with pytest.raises(DataError, match=words):
        purchase_cohorts(log(a=[3, 400]), as_of=AS_OF - pd.Timedelta(days=1), **options)


def test_two_attackers_find_nobody_in_what_cohorts_and_stages_spend() -> None:
    """Month by month, of all cohorts together, and up to a month; what stages spent in a year."""
    rng, shown, hidden = np.random.default_rng(4), 0, 0
    for _ in range(4):
        purchases = drawn()
        purchases["amount"] = attackers.heavy(rng, len(purchases))
        found = purchase_cohorts(purchases, as_of="2025-08-31", every="quarter")
        quarter = purchases["date"].dt.to_period("Q")
        cohort = quarter.groupby(purchases["customer_id"]).transform("min")
        age = (quarter - cohort).map(lambda step: step.n)
        for at, line in found.table.groupby("age"):
            people = (
                purchases[age == at]
                .groupby("customer_id")
                .agg(spent=("amount", "sum"), date=("date", "first"))
            )
            spent = people["spent"].to_numpy()
            own = cohort.groupby(purchases["customer_id"]).first()[people.index]
            own = own.dt.start_time.to_numpy()
            first = set(line["cohort"])
            whole = found.curve[found.curve["age"] == at].iloc[0]
            counted = np.isin(own, list(first))
            figures = [(counted, whole["n"] * whole["spend"])] if whole.spend == whole.spend else []
            for row in line.itertuples():
                hidden += row.spend != row.spend
                if row.spend == row.spend and row.active:
                    figures.append((own == np.datetime64(row.cohort), row.n * row.spend))
                    shown += 1
            assert attackers.found(figures, spent) == []
        assert (found.table["cumulative"].isna() >= found.table["spend"].isna()).all()
        now = lifecycle(purchases, as_of="2025-08-31")
        year = purchases[(purchases["date"] > "2024-08-31") & (purchases["date"] <= "2025-08-31")]
        spent = year.groupby("customer_id")["amount"].sum().reindex(now.stage.index).fillna(0.0)
        worth, total = spent.to_numpy(), spent.sum()
        told = now.table[now.table["value"].between(1e-12, 1 - 1e-12)]
        figures = [((now.stage == row.stage).to_numpy(), row.value * total)
                   for row in told.itertuples()]  # fmt: skip
        everyone = [(np.ones(len(worth), dtype=bool), total)] if figures else []
        assert attackers.found(everyone + figures, worth) == []
    assert shown and hidden
