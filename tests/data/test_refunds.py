"""Refunds and cancellations are taken off the purchases that they undo, as of their own day."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.data.conftest import MakeStudy, OpenStudy
from workbench.data import customer_summary, open_tables, rfm_scores
from workbench.data.check import check_study
from workbench.data.clean.refunds import match_refunds


def log(*rows: tuple[Any, ...], orders: bool = False) -> pd.DataFrame:
    names = ["customer_id", "date", "amount", *(["order_id"] if orders else [])]
    frame = pd.DataFrame(rows, columns=names)
    return frame.assign(date=pd.to_datetime(frame["date"]), row=range(2, len(frame) + 2))


def taken(frame: pd.DataFrame) -> list[tuple[int, int, float, str]]:
    found = match_refunds(frame).matches
    columns = ["refund", "purchase", "taken", "rule"]
    return [*found[columns].itertuples(index=False, name=None)]


def test_a_cancelled_purchase_is_none() -> None:
    frame = log(
        ("c1", "2025-03-01", 168_469.60), ("c1", "2025-03-01", -168_469.60),
        ("c1", "2025-03-01", 2.90),
    )  # fmt: skip
    assert taken(frame) == [(3, 2, 168_469.60, "equal amount")]


def test_the_order_number_comes_first_and_holds_the_refund_to_the_order() -> None:
    frame = log(
        ("a", "2025-01-01", 40.0, "x"), ("a", "2025-01-05", 30.0, "y"),
        ("a", "2025-01-09", -30.0, "x"), ("a", "2025-01-10", -25.0, "x"), orders=True,
    )  # fmt: skip
    found = match_refunds(frame)
    assert taken(frame) == [(4, 2, 30.0, "order number"), (5, 2, 10.0, "order number")]
    assert found.unmatched.to_numpy().tolist() == [[5, 15.0]]
    assert found.by_rule == {"order number": (2, 40.0), "unmatched refund": (1, 15.0)}


def test_the_line_of_an_order_that_costs_as_much_is_the_one_sent_back() -> None:
    frame = log(
        ("a", "2025-01-01", 30.0, "x"), ("a", "2025-01-01", 12.5, "x"),
        ("a", "2025-02-01", -12.5, "x"), orders=True,
    )  # fmt: skip
    assert taken(frame) == [(4, 3, 12.5, "order number")]


def test_an_equal_amount_is_looked_for_from_the_latest_before_the_refund() -> None:
    frame = log(
        ("a", "2025-01-01", 20.0), ("a", "2025-02-01", 20.0), ("a", "2025-03-01", 50.0),
        ("a", "2025-03-02", -20.0), ("a", "2025-04-01", 20.0), ("b", "2025-02-15", 20.0),
    )  # fmt: skip
    assert taken(frame) == [(5, 3, 20.0, "equal amount")]


def test_a_whole_order_may_be_the_equal_amount() -> None:
    frame = log(
        ("a", "2025-01-01", 20.0, "x"), ("a", "2025-01-01", 5.0, "x"),
        ("a", "2025-01-01", 99.0, "y"), ("a", "2025-03-02", -25.0, "c7"), orders=True,
    )  # fmt: skip
    assert taken(frame) == [(5, 2, 20.0, "equal amount"), (5, 3, 5.0, "equal amount")]


def test_else_the_latest_order_that_is_large_enough() -> None:
    frame = log(
        ("a", "2025-01-01", 100.0), ("a", "2025-02-01", 60.0), ("a", "2025-02-20", 10.0),
        ("a", "2025-03-02", -40.0), ("a", "2025-03-03", -40.0),
    )  # fmt: skip
    rule = "latest large enough"
    assert taken(frame) == [(5, 3, 40.0, rule), (6, 2, 40.0, rule)]


def test_never_below_zero_and_what_is_left_is_counted() -> None:
    frame = log(
        ("a", "2025-01-01", 10.0), ("a", "2025-02-01", -10.01), ("b", "2025-02-01", -5.0),
        ("b", "2025-03-01", 5.0),
    )  # fmt: skip
    found = match_refunds(frame)
    assert found.matches.empty
    assert found.by_rule == {"unmatched refund": (2, 15.01)}


def test_half_a_cent_is_the_same_amount() -> None:
    assert taken(log(("a", "2025-01-01", 10.0), ("a", "2025-02-01", -10.004)))[0][1] == 2


@pytest.mark.parametrize("orders", [False, True])
def test_what_was_known_on_a_day_does_not_depend_on_what_came_later(
    make_study: MakeStudy, orders: bool
) -> None:
    rng = np.random.default_rng(7)
    n = 600
    frame = pd.DataFrame(
        {
            "customer_id": rng.choice([f"c{i}" for i in range(30)], n),
            "date": pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 300, n), "D"),
            "amount": rng.choice([5.0, 10.0, 20.0, 49.9], n) * rng.choice([1, 1, 1, -1], n),
        }
    )
    if orders:
        frame["order_id"] = rng.choice([f"o{i}" for i in range(200)], n)
    day = dt.date(2025, 6, 30)
    cut = frame[frame["date"] <= pd.Timestamp(day)]
    early = make_study({"as_of": day.isoformat()}, transactions=cut.to_csv(index=False))
    tables = open_tables(early, cache=False)
    expected = customer_summary(tables).frame()
    whole = make_study(transactions=frame.to_csv(index=False))
    kept, streamed = open_tables(whole, cache=True), open_tables(whole, cache=False)
    kept.expr("transactions")
    for later in (kept, streamed):
        summary = customer_summary(later, as_of=day).frame()
        pd.testing.assert_frame_equal(summary, expected)
    split = customer_summary(kept, calibration_end=day).frame()
    pd.testing.assert_frame_equal(split.drop(columns="holdout_frequency"), expected)
    scores = rfm_scores(kept, as_of=day).frame()
    pd.testing.assert_frame_equal(scores, rfm_scores(tables, as_of=day).frame())
    # and it is another answer than what is known in the end
    late = tables.frame("transactions")["amount"].sum()
    of_whole = kept.frame("transactions")
    assert of_whole.loc[of_whole["date"] <= pd.Timestamp(day), "amount"].sum() < late


def test_every_cent_is_accounted_for(open_study: OpenStudy) -> None:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "customer_id": rng.choice(list("abcdef"), 300),
            "date": pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 300, 300), "D"),
            "amount": (rng.integers(100, 9_999, 300) / 100) * rng.choice([1, 1, -1], 300),
        }
    )
    tables = open_study(transactions=frame.to_csv(index=False))
    report = tables.report_of("transactions")
    kept = tables.frame("transactions")
    lost = report.refunds.get("unmatched refund", (0, 0.0))[1]
    assert kept["amount"].sum() - lost == pytest.approx(frame["amount"].sum())
    assert (kept["amount"] > 0).all()
    assert report.read == report.kept + sum(report.set_aside.values()) == 300
    assert len(kept) == report.kept
    assert len(tables.set_aside("transactions")) == report.read - report.kept
    back = report.set_aside["netted"] + report.set_aside.get("unmatched refund", 0)
    assert back == (frame["amount"] < 0).sum()


LOG = (
    "customer_id,date,amount\n"
    "c1,2025-03-01,168469.60\nc1,2025-03-01,-168469.60\nc1,2025-03-01,2.90\n"
)


def test_one_purchase_is_left_of_a_day_with_a_cancelled_one(open_study: OpenStudy) -> None:
    tables = open_study(transactions=LOG)
    assert tables.frame("transactions")["amount"].tolist() == [2.90]
    summary = customer_summary(tables)
    assert summary.customers == 1
    assert tables.set_aside("transactions")["reason"].tolist() == ["cancelled", "netted"]


@pytest.mark.parametrize(
    ("refunds", "amounts"),
    [("net", [2.9]), ("set_aside", [168469.6, 2.9]), ("keep", [168469.6, -168469.6, 2.9])],
)
def test_the_card_says_what_becomes_of_refunds(
    open_study: OpenStudy, refunds: str, amounts: list[float]
) -> None:
    tables = open_study(transactions=({"refunds": refunds}, LOG))
    assert tables.frame("transactions")["amount"].tolist() == amounts


def test_the_check_says_how_many_were_taken_off_by_which_rule(make_study: MakeStudy) -> None:
    text = str(check_study(make_study(transactions=LOG)))
    assert "1 refund of 168,469.60 in all taken off a purchase of the same amount" in text
