"""Line items are grouped and paired in the engine as one would by hand."""

from __future__ import annotations

import datetime as dt
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import combinations, pairwise, product

import numpy as np
import pandas as pd
import pytest

from workbench.data import Tables, line_items
from workbench.errors import DataError

OpenStudy = Callable[..., Tables]
COLUMNS = "customer_id,order_id,date,category,product,quantity,amount"


def drawn(seed: int = 1, orders: int = 150) -> pd.DataFrame:
    """Orders of unequal size of twelve customers, some lines without a category."""
    rng = np.random.default_rng(seed)
    days = np.sort(rng.integers(0, 700, orders))
    rows = []
    for i, day in enumerate(days):
        who = f"K{rng.integers(12):02d}"
        date = (dt.date(2024, 1, 1) + dt.timedelta(days=int(day))).isoformat()
        for item in rng.choice(list("abcdefg"), rng.integers(1, 6), p=np.arange(7, 0, -1) / 28):
            paid = round(float(rng.gamma(2, 5)) + 0.01, 2)
            named = "" if rng.random() < 0.05 else item
            rows.append((who, f"B{i:04d}", date, named, f"{item}{rng.integers(3)}", 1, paid))
    return pd.DataFrame(rows, columns=COLUMNS.split(","))


@pytest.fixture
def log() -> pd.DataFrame:
    return drawn()


@pytest.fixture
def tables(open_study: OpenStudy, log: pd.DataFrame) -> Tables:
    kept = {"duplicates": "keep"}
    return open_study(transactions=(kept, log.to_csv(index=False)))


def test_customers_and_items_add_up_to_the_log(tables: Tables, log: pd.DataFrame) -> None:
    lines = line_items(tables)
    assert (lines.lines, lines.unnamed) == (len(log), int((log["category"] == "").sum()))
    day = pd.to_datetime(log["date"]).dt.date
    assert (lines.first, lines.last) == (day.min(), day.max())
    assert abs((lines.middle - lines.first) - (lines.last - lines.middle)) <= dt.timedelta(days=1)
    own, whole = lines.by_customer(), lines.customers()
    assert own["spend"].sum() == pytest.approx(log["amount"].sum())
    assert whole["spend"].sum() == pytest.approx(log["amount"].sum())
    assert whole["orders"].sum() == log["order_id"].nunique()
    known = log[log["category"] != ""]
    sums = known.groupby("category")["amount"].sum()
    assert own.groupby("item")["spend"].sum().to_dict() == pytest.approx(sums.to_dict())
    buyers = known.groupby("category")["customer_id"].nunique()
    assert lines.items.set_index("item")["buyers"].to_dict() == buyers.to_dict()
    second = day >= lines.middle
    half = log[second & (log["category"] == "a")]
    found = own[(own["half"] == 1) & (own["item"] == "a")]
    assert found["orders"].sum() == half.groupby("customer_id")["order_id"].nunique().sum()


def by_hand(log: pd.DataFrame, reach: int) -> dict[tuple[str, str], dict[str, float]]:
    """Count pairs of items over pairs of near baskets, one by one."""
    known = log[log["category"] != ""]
    sums: dict[tuple[str, str], dict[str, dict[str, float]]] = defaultdict(
        lambda: {name: defaultdict(float) for name in "tfv"}
    )
    for who, own in known.groupby("customer_id"):
        order = own.groupby("order_id")["date"].min().reset_index()
        assert order["date"].is_unique
        baskets = [
            set(own.loc[own["order_id"] == o, "category"])
            for o in order.sort_values("date")["order_id"]
        ]
        for i, first in enumerate(baskets):
            for second in baskets[i + 1 : i + 1 + reach]:
                one, two = first - second, second - first
                p, q = len(one), len(two)
                e = (p * (p - 1) + q * (q - 1)) / max((p + q) * (p + q - 1), 1)
                if not 0 < e < 1:
                    continue
                for a, b in combinations(sorted(one | two), 2):
                    together = {a, b} <= one or {a, b} <= two
                    sums[a, b]["t"][who] += (1 - e) * together
                    sums[a, b]["f"][who] += e * (not together)
                    sums[a, b]["v"][who] += e * (1 - e)
    return {
        pair: {
            "informative": len(s["t"]), "together": sum(s["t"].values()),
            "apart": sum(s["f"].values()),
            "together_2": sum(v**2 for v in s["t"].values()),
            "apart_2": sum(v**2 for v in s["f"].values()),
            "cross": sum(s["t"][w] * s["f"][w] for w in s["t"]),
            "variance": sum(s["v"].values()),
        }
        for pair, s in sums.items()
    }  # fmt: skip


@pytest.mark.parametrize("reach", [1, 2, 3])
def test_pairs_are_those_counted_one_by_one(open_study: OpenStudy, reach: int) -> None:
    log = drawn(4).drop_duplicates(["customer_id", "date", "category"])
    log = log[~log.duplicated(["customer_id", "date"]) | log.duplicated("order_id", keep=False)]
    first = log.groupby(["customer_id", "date"])["order_id"].transform("first")
    log = log[log["order_id"] == first]  # one order a day, so that the order of orders is known
    tables = open_study(transactions=({"duplicates": "keep"}, log.to_csv(index=False)))
    found = line_items(tables).pairs(reach=reach).set_index(["a", "b"])
    expected = by_hand(log, reach)
    assert len(expected) > 15
    for pair, sums in expected.items():
        got = found.loc[tuple(pair)] if pair in found.index else found.loc[pair[::-1]]
        assert got[list(sums)].to_dict() == pytest.approx(sums)
    known = log[log["category"] != ""]
    baskets = known.groupby("order_id")["category"].agg(set)
    both = Counter(pair for items in baskets for pair in combinations(sorted(items), 2))
    for pair, n in both.items():
        got = found.loc[pair] if pair in found.index else found.loc[pair[::-1]]
        assert got["both"] == n
    assert line_items(tables).baskets == len(baskets)


def test_customers_counted_one_lot_after_another_add_up_to_all(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = line_items(tables)
    pairs, threes = lines.pairs(), lines.triples()
    monkeypatch.setattr(sys.modules[type(lines).__module__], "AT_ONCE", 100)
    assert len(list(lines._shares())) > 3
    pd.testing.assert_frame_equal(lines.pairs(), pairs)
    pd.testing.assert_frame_equal(lines.triples(), threes)


def test_dealing_out_the_odd_items_any_way_gives_the_probability_that_is_used() -> None:
    """All ways to deal p + q things into two baskets of these sizes, counted."""
    for p, q in product(range(5), repeat=2):
        if p + q < 2:
            continue
        ways = [set(w) for w in combinations(range(p + q), p)]
        together = np.mean([({0, 1} <= w) or not ({0, 1} & w) for w in ways])
        e = (p * (p - 1) + q * (q - 1)) / ((p + q) * (p + q - 1))
        assert together == pytest.approx(e)


def test_first_orders_and_what_followed(open_study: OpenStudy) -> None:
    text = (
        COLUMNS + "\nA,1,2025-01-05,tea,t,1,2\nA,1,2025-01-05,cups,c,1,9\n"
        "A,2,2025-01-05,tea,t,1,4\nA,3,2025-02-01,tea,t,1,8\nA,4,2025-09-01,tea,t,1,16\n"
        "B,5,2025-03-01,,x,1,3\n"
    )
    first = line_items(open_study(transactions=text)).first_orders(90).set_index("customer_id")
    assert len(first) == 2
    a = first[first["item"] == "cups"].iloc[0] if "cups" in set(first["item"]) else None
    # of two orders of one day either may have been the first
    if a is None:
        a = first[first["item"] == "tea"].iloc[0]
        assert (a["later"], a["spend"]) == (2, 19.0)
    else:
        assert (a["later"], a["spend"]) == (2, 12.0)
    b = first[first["item"].isna()].iloc[0]
    assert (b["later"], b["spend"], b["day"]) == (0, 0.0, pd.Timestamp("2025-03-01"))


def test_histories_count_orders_before_and_from_a_day(tables: Tables, log: pd.DataFrame) -> None:
    cut = dt.date(2025, 1, 1)
    found = line_items(tables).histories(cut)
    known = log[log["category"] != ""]
    before = pd.to_datetime(known["date"]).dt.date < cut
    assert (
        found["known"].sum()
        == known[before].groupby(["customer_id", "category"])["order_id"].nunique().sum()
    )
    assert (
        found["later"].sum()
        == known[~before].groupby(["customer_id", "category"])["order_id"].nunique().sum()
    )
    again = found.dropna(subset="again")
    assert len(again) and (again["again"] > again["first"]).all()
    days = known.groupby(["customer_id", "category"])["date"].agg(lambda d: sorted(set(d)))
    gaps = sum(len(d) > 1 for d in days)
    assert len(again) == gaps and all(pairwise(days.iloc[0]))


def test_rare_items_count_as_spending_and_are_told(tables: Tables, log: pd.DataFrame) -> None:
    few = line_items(tables, most=3)
    assert (len(few.items), few.others) == (3, 4)
    own = few.by_customer()
    assert own["spend"].sum() == pytest.approx(log["amount"].sum())
    assert set(own["item"].dropna()) == set(few.items["item"])


@pytest.mark.parametrize(
    ("card", "text", "told"),
    [
        ({}, "customer_id,date,amount\nA,2025-01-05,2\n", "no column category"),
        ({}, "customer_id,date,amount,category\nA,2025-01-05,2,\n", "no line says its category"),
        (
            {"amount_per": "order"},
            "customer_id,order_id,date,amount,category\nA,1,2025-01-05,2,tea\n",
            "one line alone is kept",
        ),
    ],
)
def test_a_log_that_does_not_say_what_was_bought_is_refused(
    open_study: OpenStudy, card: dict[str, str], text: str, told: str
) -> None:
    with pytest.raises(DataError, match=told):
        line_items(open_study(transactions=(card, text)))


def test_a_log_without_amounts_or_orders_has_baskets_all_the_same(open_study: OpenStudy) -> None:
    text = "customer_id,date,category\nA,2025-01-05,tea\nA,2025-01-05,cups\nA,2025-01-07,tea\n"
    lines = line_items(open_study(transactions=({"amount": "none"}, text)))
    assert not lines.valued
    assert lines.customers()["orders"].sum() == 2
    assert lines.pairs()["both"].tolist() == [1]


def test_weeks_add_up_pieces_and_money_by_product(tables: Tables, log: pd.DataFrame) -> None:
    lines = line_items(tables)
    found = lines.weeks(least=1)
    known = log[log["category"] != ""]
    assert found["spend"].sum() == pytest.approx(known["amount"].sum())
    assert found["pieces"].sum() == known["quantity"].sum()
    assert set(found["week"].dt.day_of_week) == {0}
    often = lines.weeks(least=8)
    assert 0 < len(often) < len(found)
    assert often.groupby(["product", "category"])["week"].nunique().min() >= 8


def test_weeks_need_products_pieces_and_amounts(open_study: OpenStudy) -> None:
    text = "customer_id,date,amount,category\nA,2025-01-05,2,tea\n"
    with pytest.raises(DataError, match="no product, quantity"):
        line_items(open_study(transactions=text)).weeks()


def test_a_price_and_a_number_of_pieces_say_what_a_line_came_to(
    open_study: OpenStudy, log: pd.DataFrame
) -> None:
    priced = log.assign(price=log["amount"], quantity=1 + np.arange(len(log)) % 3)
    kept = {"duplicates": "keep", "amount": "none"}
    lines = line_items(open_study(transactions=(kept, priced.drop(columns="amount").to_csv())))
    assert lines.valued
    named = priced[priced["category"] != ""]
    right = (named["price"] * named["quantity"]).groupby(named["category"]).sum()
    assert lines.items.set_index("item")["spend"].to_dict() == pytest.approx(right.to_dict())
