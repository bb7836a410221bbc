"""Customers by month are added up in the engine as one would by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from workbench.data import CustomerMonths, Tables, customer_months
from workbench.errors import DataError

OpenStudy = Callable[..., Tables]
AS_OF = "2025-04-20"


def drawn() -> pd.DataFrame:
    """Orders of one or two lines over 15 months and a half, of thirty customers."""
    rng = np.random.default_rng(2)
    rows = []
    for i in range(160):
        who, day = f"K{rng.integers(30):02d}", int(rng.integers(0, 475))
        date = dt.date(2024, 1, 1) + dt.timedelta(days=day)
        rows += [
            (who, f"B{i}", date, rng.choice(["web", "shop"]), rng.integers(1, 90))
            for _ in range(rng.integers(1, 3))
        ]
    return pd.DataFrame(rows, columns=["customer_id", "order_id", "date", "channel", "amount"])


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return drawn()


@pytest.fixture(scope="module")
def months(module_study: OpenStudy, log: pd.DataFrame) -> CustomerMonths:
    card = {"as_of": AS_OF, "privacy": {"public": True}}
    kept = {"duplicates": "keep"}
    tables = module_study(card, transactions=(kept, log.to_csv(index=False)))
    return customer_months(tables)


def by_hand(log: pd.DataFrame, length: int) -> pd.DataFrame:
    """Orders and spend by customer and period; 15 months are over."""
    month = log["date"].map(lambda d: (d.year - 2024) * 12 + d.month - 1)
    own = log.assign(month=month).query("month < 15")
    own = own.assign(period=np.floor((own["month"] - 15 % length) / length).clip(-1))
    sums = own.groupby(["customer_id", "period"]).agg(
        orders=("order_id", "nunique"), spend=("amount", "sum")
    )
    frame = sums.reset_index()
    return frame.assign(cohort=frame.groupby("customer_id")["period"].transform("min"))


def test_months_that_are_over_count_and_others_do_not(
    months: CustomerMonths, log: pd.DataFrame
) -> None:
    assert (months.start, months.months, months.whole) == (dt.date(2024, 1, 1), 15, True)
    late = log["date"].map(lambda d: dt.date(2025, 4, 1) <= d <= dt.date.fromisoformat(AS_OF))
    assert months.unfinished == int(late.sum()) > 0
    assert months.told_by == ("channel",)
    assert months.starts(6) == [dt.date(2024, 4, 1), dt.date(2024, 10, 1)]
    assert months.last_day() == dt.date(2025, 3, 31)


@pytest.mark.parametrize("length", [1, 6])
def test_cells_are_sums_over_customers(
    months: CustomerMonths, log: pd.DataFrame, length: int
) -> None:
    cells = months.cells(length).set_index(["cohort", "period"])
    own = by_hand(log, length).groupby(["cohort", "period"])
    assert cells["n"].to_dict() == own.size().to_dict()
    for name in ("orders", "spend"):
        assert cells[name].to_dict() == pytest.approx(own[name].sum().to_dict())
        squares = own[name].apply(lambda x: (x**2).sum()).to_dict()
        assert cells[f"{name}_2"].to_dict() == pytest.approx(squares)
    assert cells["top_0"].to_dict() == pytest.approx(own["spend"].max().to_dict())
    second = own["spend"].apply(lambda x: np.sort(x)[-2] if len(x) > 1 else np.nan)
    assert cells["top_1"].fillna(-1).to_dict() == pytest.approx(second.fillna(-1).to_dict())


def test_customers_have_their_last_periods_side_by_side(
    months: CustomerMonths, log: pd.DataFrame
) -> None:
    found = months.customers(6, 2).set_index("customer_id")
    own = by_hand(log, 6)
    assert len(found) == own["customer_id"].nunique()
    for k in (0, 1):
        assert found[f"spend_{k}"].sum() == own.loc[own["period"] == k, "spend"].sum()
        assert found[f"orders_{k}"].sum() == own.loc[own["period"] == k, "orders"].sum()
    first = own.groupby("customer_id")["period"].min().value_counts().to_dict()
    assert found["first"].value_counts().to_dict() == first
    with pytest.raises(DataError, match="holds 2 whole periods of 6 months"):
        months.customers(6, 3)


def test_items_add_up_to_the_customers(months: CustomerMonths) -> None:
    items, people = months.items("channel", 6), months.customers(6)
    for side in (0, 1):
        own = items[items["side"] == side]
        assert own["spend"].sum() == pytest.approx(people[f"spend_{side}"].sum())
    assert set(items["item"]) == {"web", "shop"}
    with pytest.raises(DataError, match="cannot be told by 'category'"):
        months.items("category", 6)


def test_who_is_new_stayed_or_came_back(months: CustomerMonths, log: pd.DataFrame) -> None:
    own = by_hand(log, 3).sort_values(["customer_id", "period"])
    gap = own["period"] - own.groupby("customer_id")["period"].shift()
    status = np.select([gap == 1, gap > 1], ["kept", "back"], "new")
    expected = own.assign(status=status).groupby(["status", "period"]).size().to_dict()
    found = months.statuses(3).set_index(["status", "period"])["n"].to_dict()
    assert found == expected


def test_revenue_that_is_kept_is_that_of_a_window(
    months: CustomerMonths, log: pd.DataFrame
) -> None:
    found = months.repeat_revenue(3).set_index("month")
    assert found.index.tolist() == list(range(5, 15))
    month = log["date"].map(lambda d: (d.year - 2024) * 12 + d.month - 1)
    for end in (5, 14):
        early = log[(month > end - 6) & (month <= end - 3)].groupby("customer_id")["amount"].sum()
        late = log[(month > end - 3) & (month <= end)].groupby("customer_id")["amount"].sum()
        late = late.reindex(early.index).fillna(0.0)
        row = found.loc[end]
        assert (row["n"], row["stayed"]) == (len(early), int((late > 0).sum()))
        expected = [early.sum(), late.sum(), np.minimum(early, late).sum()]
        assert row[["before", "after", "lesser"]].tolist() == pytest.approx(expected)


def test_a_log_without_a_whole_month_is_one_month(open_study: OpenStudy) -> None:
    rows = "customer_id,date,amount\nA,2025-04-02,5\nB,2025-04-03,6\n"
    found = customer_months(open_study({"as_of": "2025-04-20"}, transactions=rows))
    assert (found.months, found.whole, found.unfinished) == (1, False, 0)
    assert found.customers(1, 1)["spend_0"].sum() == 11


def test_new_customers_are_followed_from_their_first_month(
    months: CustomerMonths, log: pd.DataFrame
) -> None:
    own = by_hand(log, 1)
    first = own.groupby("customer_id")["period"].min()
    month = log["date"].map(lambda d: (d.year - 2024) * 12 + d.month - 1)
    early = log[month == log["customer_id"].map(first)]
    channel = early.pivot_table(index="customer_id", columns="channel", values="amount",
                                aggfunc="sum").fillna(0.0).idxmax(axis=1)  # fmt: skip
    spends = own.set_index(["customer_id", "period"])["spend"]
    wanted = sorted(
        (begun, *(spends.get((who, begun + k), 0.0) for k in range(7)), channel[who])
        for who, begun in first.items()
        if begun + 6 < 15
    )
    found = months.followed(6, enough=5, traits=["channel", "nothing"])
    rows = found.drop(columns="customer_id").itertuples(index=False)
    assert sorted(map(tuple, rows)) == wanted and len(wanted) > 15


def test_customers_are_followed_for_less_time_where_few_have_been_there_so_long(
    months: CustomerMonths,
) -> None:
    assert "spend_12" in months.followed(12, enough=5)
    assert list(months.followed(14, enough=25))[-1] != "spend_14"
