"""Refunds and cancellations are taken off the purchases that they undo, as of their own day."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.conftest import MakeStudy, OpenStudy
from workbench.data import customer_summary, open_tables, rfm_scores
from workbench.data.checks.check import check_study
from workbench.data.clean import refunds
from workbench.data.clean.refunds import match_refunds
from workbench.segments.churn.snapshots import purchase_snapshot
from workbench.segments.purchase_days import day_number, purchase_days


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


def test_what_was_known_on_a_day_does_not_depend_on_what_came_later(
    make_study: MakeStudy,
) -> None:
    rng, n = np.random.default_rng(7), 600
    frame = pd.DataFrame(
        {
            "customer_id": rng.choice([f"c{i}" for i in range(30)], n),
            "date": pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 300, n), "D"),
            "amount": rng.choice([5.0, 10.0, 20.0, 49.9], n) * rng.choice([1, 1, 1, -1], n),
        }
    )
    frame["order_id"] = rng.choice([*(f"o{i}" for i in range(100)), *[None] * 100], n)
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


AMOUNTS = st.sampled_from([5.0, 10.0, 12.5, 20.0, -5.0, -10.0, -12.5, -30.0, 0.0])
EVENTS = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(1, 9), AMOUNTS, st.sampled_from(["x", "y", None])),
    min_size=1, max_size=24,
)  # fmt: skip


@settings(max_examples=30)
@given(events=EVENTS, until=st.integers(1, 9), orders=st.booleans(), shuffle=st.randoms())
def test_what_is_matched_by_a_day_is_what_the_log_cut_there_matches(
    events: list[tuple[Any, ...]], until: int, orders: bool, shuffle: random.Random
) -> None:
    frame = pd.DataFrame(events, columns=["customer_id", "day", "amount", "order_id"])
    frame["date"] = pd.Timestamp("2025-01-01") + pd.to_timedelta(frame["day"], "D")
    frame["row"] = range(2, len(frame) + 2)
    frame = frame if orders else frame.drop(columns="order_id")
    mixed = frame.sample(frac=1, random_state=shuffle.randint(0, 10**6))
    whole, early = match_refunds(mixed), match_refunds(frame[frame["day"] <= until])
    last = pd.Timestamp("2025-01-01") + pd.Timedelta(days=until)
    left = daily(frame[frame["day"] <= until], whole.matches[whole.matches["refunded_on"] <= last])
    pd.testing.assert_series_equal(left, daily(frame[frame["day"] <= until], early.matches))
    assert (left >= -1e-9).all()
    rest = early.unmatched["amount"].sum()
    assert left.sum() - rest == pytest.approx(frame.loc[frame["day"] <= until, "amount"].sum())


def daily(frame: pd.DataFrame, matches: pd.DataFrame) -> pd.Series:
    """What is left of each customer's purchases, by day."""
    bought = frame[frame["amount"] >= 0].set_index("row")
    off = matches.groupby("purchase")["taken"].sum().reindex(bought.index).fillna(0.0)
    return (bought["amount"] - off).groupby([bought["customer_id"], bought["day"]]).sum()


def test_a_snapshot_of_a_day_knows_the_refunds_of_that_day_only(open_study: OpenStudy) -> None:
    rows = [
        "customer_id,date,amount",
        "a,2025-01-05,40", "a,2025-02-05,30", "a,2025-06-01,-30", "a,2025-06-02,-15",
        "b,2025-03-01,20", "b,2025-05-01,-20", "c,2025-02-01,7",
    ]  # fmt: skip
    tables = open_study(transactions="\n".join(rows) + "\n")
    log = purchase_days(tables.frame("transactions"), tables.refunds("transactions"))
    assert len(log.ids) == 3
    for day in ("2025-02-05", "2025-03-31", "2025-05-01", "2025-05-31", "2025-06-01", "2025-12-31"):
        on = pd.Timestamp(day)
        then = purchase_days(tables.frame("transactions", known=on.date()))
        known, expected = log.until(day_number(on)), then.until(day_number(on))
        found = pd.Series(known.spend(-(10**6), 10**6), log.ids)
        wanted = pd.Series(expected.spend(-(10**6), 10**6), then.ids)
        pd.testing.assert_series_equal(found[found > 0], wanted[wanted > 0])
        assert known.count(-(10**6), 10**6).sum() == expected.count(-(10**6), 10**6).sum()
    early = purchase_snapshot(log, "2025-04-01", horizon=30, active_within=60, as_of="2025-12-31")
    assert early.features.index.tolist() == log.ids.tolist(), "all had bought, as far as one knew"


def test_who_bought_when_is_what_the_table_says(open_study: OpenStudy) -> None:
    tables = open_study(
        transactions="customer_id,date,amount,note\n"
        "b,2025-01-02,10,x\na,2025-03-01,30,y\nb,2025-01-02,5,z\nb,2025-06-01,-10,x\n",
        as_of="2025-12-31",
    )
    for known in (None, dt.date(2025, 3, 31)):
        whole, told = (each("transactions", known=known) for each in (tables.frame, tables.bought))
        assert told["customer_id"].cat.categories.is_monotonic_increasing
        assert [*told.columns] == ["customer_id", "date", "amount"]
        wanted = whole[[*told.columns]].sort_values([*told.columns], ignore_index=True)
        told = told.assign(customer_id=told["customer_id"].astype(str))
        told = told.sort_values([*told.columns], ignore_index=True)
        pd.testing.assert_frame_equal(told, wanted, check_dtype=False)
        days, others = (purchase_days(frame) for frame in (told, whole))
        assert days.amount.tolist() == others.amount.tolist() and days.day.tolist()


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


def test_rows_of_refunds_are_not_lost_and_the_page_tells_their_sums(open_study: OpenStudy) -> None:
    tables = open_study(transactions=LOG + "c2,2025-03-01,5\nc2,2025-04-01,-6\nc3,,1\n")
    report = tables.report
    rows, aside, *_ = report.findings()
    assert (rows.values["kept"], rows.values["read"], aside.values["n"]) == (5, 6, 1)
    first = report.table.iloc[0]
    assert first["read"] == 6
    assert (first["kept"], first["not_needed"], first["set_aside"]) == (2, 3, 1)
    assert report.refunds[["refunds", "amount"]].to_numpy().tolist() == [[1, 168_469.60], [1, 6.0]]
    off, left = report.findings()[4:]
    assert (off.values["n"], off.values["total"].value) == (1, 168_469.60)
    assert (left.values["n"], left.values["total"].value) == (1, 6.0)
    said = report["transactions"].of_refunds()
    assert [finding.key for finding in said] == ["refunds", "refunds_left"]
    assert (
        open_study(transactions="customer_id,date,amount\na,2025-01-01,5\n").report.findings()[4:]
        == []
    )


@pytest.mark.parametrize("rows", [{"类型": ["退款", "撤销"]}, {"类型": {"not": "购买"}}])
def test_refunds_written_without_a_minus_are_named_by_their_rows(
    open_study: OpenStudy, rows: dict[str, Any]
) -> None:
    text = "customer_id,date,amount,类型\na,2025-01-01,50,购买\na,2025-02-01,30,购买\n"
    text += "a,2025-02-03,30,退款\na,2025-02-04,-10,撤销\n"
    tables = open_study(transactions=({"refund_rows": rows}, text))
    assert customer_summary(tables).frame()["frequency"].tolist() == [0]
    assert tables.frame("transactions")["amount"].tolist() == [40.0]
    assert tables.report_of("transactions").refunds == {
        "equal amount": (1, 30.0), "latest large enough": (1, 10.0),
    }  # fmt: skip


def test_refunds_matched_at_once_are_those_matched_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(5)
    plain = refunds._matched_by_order

    def none_at_once(frame: pd.DataFrame) -> refunds._Plain:
        found = plain(frame)
        return found._replace(whose=np.zeros_like(found.whose))

    at_once = 0
    for _ in range(30):
        n = 80
        frame = pd.DataFrame(
            {
                "row": rng.permutation(n) + 2,
                "customer_id": rng.integers(0, 25, n).astype(str),
                "date": pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 9, n), "D"),
                "amount": rng.choice([5.0, 5.004, 7.5, 12.34, 0.004], n),
                "order_id": rng.choice([*(f"o{i}" for i in range(60)), None], n),
            }
        )
        backs = frame.sample(14, random_state=int(rng.integers(1e6)))
        backs = backs.assign(
            row=np.arange(14) + n + 2,
            date=backs["date"] + pd.to_timedelta(rng.integers(0, 5, 14), "D"),
            amount=-backs["amount"] * rng.choice([1.0, 0.5, 1.5], 14),
        )
        whole = pd.concat([frame, backs], ignore_index=True)
        fast = match_refunds(whole)
        at_once += len(plain_matches(whole))
        with monkeypatch.context() as slow:
            slow.setattr(refunds, "_matched_by_order", none_at_once)
            one_by_one = match_refunds(whole)
        pd.testing.assert_frame_equal(fast.matches, one_by_one.matches)
        pd.testing.assert_frame_equal(fast.unmatched, one_by_one.unmatched)
    assert at_once > 60


def plain_matches(frame: pd.DataFrame) -> pd.DataFrame:
    """Those that are matched at once: refunds that are alone with one line of their order."""
    known = frame[frame["order_id"].notna()]
    own = known.groupby(["customer_id", "order_id"])["amount"]
    pairs = own.agg(lines=lambda s: (s >= 0.005).sum(), refunds=lambda s: (s < 0).sum())
    return pairs[(pairs["lines"] == 1) & (pairs["refunds"] == 1)]
