"""Customer summaries are what the papers define, counted inside the engine."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import ibis
import pandas as pd
import pytest
from hypothesis import given, settings

from workbench.data import Tables, customer_summary
from workbench.data.engine import Engine
from workbench.data.sources.read import read_source
from workbench.data.sources.source import Source
from workbench.data.summaries.customer_summary import summarise_purchases
from workbench.errors import DataError
from workbench.study import Study

OpenStudy = Callable[..., Tables]

LOG = (
    "customer_id,date,amount\n"
    # A buys on the 1st, twice on the 15th, and once in the holdout period.
    "A,2025-01-01,10\nA,2025-01-15,20\nA,2025-01-15,30\nA,2025-02-20,99\n"
    # B buys once, and brings it back.
    "B,2025-01-08,40\nB,2025-01-09,-40\n"
    # C gets a free sample after buying; a gift is a purchase.
    "C,2025-01-08,7\nC,2025-01-29,0\n"
    # D comes after the calibration period.
    "D,2025-02-05,5\n"
)
CALIBRATION = dt.date(2025, 1, 29)
AS_OF = dt.date(2025, 2, 26)


def test_the_summary_of_a_small_log_is_as_computed_by_hand(open_study: OpenStudy) -> None:
    tables = open_study(transactions=({"refunds": "keep"}, LOG))
    summary = customer_summary(tables, as_of=AS_OF, calibration_end=CALIBRATION, time_unit="week")
    frame = summary.frame().set_index("customer_id")
    a, b, c = (frame.loc[tables.pseudonym(name)] for name in "ABC")
    assert a[["frequency", "recency", "age", "mean_spend"]].tolist() == [1, 2.0, 4.0, 50.0]
    assert b[["frequency", "recency", "age"]].tolist() == [0, 0.0, 3.0]
    assert pd.isna(b["mean_spend"])
    assert c[["frequency", "recency", "age", "mean_spend"]].tolist() == [1, 3.0, 3.0, 0.0]
    assert len(frame) == summary.customers == 3
    holdout = summary.holdout
    assert holdout is not None
    holdout = holdout.set_index("customer_id")
    assert holdout.loc[tables.pseudonym("A")].tolist() == [1, 99.0]
    assert holdout["holdout_frequency"].sum() == 1
    assert (summary.holdout_length, summary.as_of, summary.holdout_end) == (
        4.0, CALIBRATION, AS_OF,
    )  # fmt: skip
    assert asdict(summary.counts) == {
        "rows": 9, "refunds": 1, "zero_amounts": 1, "after_end": 0, "purchases": 6,
        "same_day": 1, "holdout": 1, "too_new": 1, "set_aside": 0,
    }  # fmt: skip


def test_grouped_rows_carry_every_customer(open_study: OpenStudy) -> None:
    log = "customer_id,date,amount\n" + "".join(
        f"{name},2025-01-0{day},1\n" for name, days in
        {"A": (1, 3), "B": (1, 3), "C": (2,), "D": (1, 2, 3)}.items() for day in days
    )  # fmt: skip
    summary = customer_summary(open_study(transactions=log), as_of=dt.date(2025, 1, 5))
    assert summary.grouped().to_dict("records") == [
        {"frequency": 0, "recency": 0.0, "age": 3.0, "n": 1},
        {"frequency": 1, "recency": 2.0, "age": 4.0, "n": 2},
        {"frequency": 2, "recency": 2.0, "age": 4.0, "n": 1},
    ]
    assert summary.holdout is None
    assert summary.holdout_length == 0


@pytest.mark.parametrize(
    ("unit", "age"),
    [("hour", 240.0), ("day", 10.0), ("week", 10 / 7), ("month", 120 / 365.25),
     ("quarter", 40 / 365.25), ("year", 10 / 365.25)],
)  # fmt: skip
def test_time_is_measured_in_the_unit_that_was_asked_for(
    open_study: OpenStudy, unit: str, age: float
) -> None:
    tables = open_study(transactions="customer_id,date,amount\nA,2025-01-01,1\n")
    summary = customer_summary(tables, as_of=dt.date(2025, 1, 11), time_unit=unit)
    assert summary.time_unit == unit
    assert summary.frame().attrs["time_unit"] == summary.grouped().attrs["time_unit"] == unit
    assert summary.frame()["age"].tolist() == pytest.approx([age])


def test_purchases_after_the_last_day_are_counted_and_left_out(open_study: OpenStudy) -> None:
    tables = open_study(transactions=LOG)
    summary = customer_summary(tables, as_of=dt.date(2025, 1, 10))
    assert summary.counts.after_end == 5
    # A and C: what B bought came back the day after
    assert summary.frame()["frequency"].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"time_unit": "weak"}, "did you mean 'week'"),
        ({"calibration_end": dt.date(2026, 1, 1)}, "calibration_end 2026-01-01 lies after as_of"),
        ({"as_of": dt.date(2020, 1, 1)}, "there is no purchase to 2020-01-01"),
        ({"table": "customers"}, "'customers' holds no purchases"),
    ],
)
def test_a_summary_that_makes_no_sense_is_refused(
    open_study: OpenStudy, options: dict[str, object], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        customer_summary(open_study(transactions=LOG), **options)


def by_hand(log: pd.DataFrame, end: dt.date, as_of: dt.date) -> pd.DataFrame:
    """Summarise with plain loops."""
    rows = []
    for customer, own in log[(log["amount"] >= 0) & (log["date"] <= as_of)].groupby("customer_id"):
        daily = own.groupby("date")["amount"].sum()
        seen, later = daily[daily.index <= end], daily[daily.index > end]
        if len(seen):
            x = len(seen) - 1
            rows.append(
                {
                    "customer_id": customer,
                    "frequency": x,
                    "recency": float((seen.index.max() - seen.index.min()).days),
                    "age": float((end - seen.index.min()).days),
                    "mean_spend": seen.iloc[1:].sum() / x if x else float("nan"),
                    "holdout_frequency": len(later),
                    "holdout_spend": float(later.sum()),
                }
            )
    return pd.DataFrame(rows)


_STUDY = Study.model_validate(
    {"name": "t", "folder": ".", "title": "T", "as_of": "2025-12-31",
     "tables": {"transactions": {"path": "t.csv"}}}
)  # fmt: skip
_DAYS = st.dates(dt.date(2025, 1, 1), dt.date(2025, 1, 20))


@settings(max_examples=25, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.sampled_from("ABC"), _DAYS, st.integers(-2, 5)), min_size=1, max_size=20
    ),
    end=_DAYS,
    as_of=_DAYS,
)
def test_the_engine_and_plain_loops_agree(
    rows: list[tuple[str, dt.date, int]], end: dt.date, as_of: dt.date
) -> None:
    end, as_of = sorted((end, as_of))
    log = pd.DataFrame(rows, columns=["customer_id", "date", "amount"])
    expected = by_hand(log, end, as_of)
    engine = Engine(_STUDY)
    table = ibis.memtable(log.assign(amount=log["amount"].astype(float)))
    if expected.empty:
        with pytest.raises(DataError, match="there is no purchase"):
            summarise_purchases(engine, table, as_of=as_of, calibration_end=end)
        return
    found = summarise_purchases(engine, table, as_of=as_of, calibration_end=end)
    frame = found.frame()
    if found.holdout is not None:
        frame = frame.merge(found.holdout, on=["customer_id", "holdout_frequency"])
    else:
        expected = expected.drop(columns=["holdout_frequency", "holdout_spend"])
    pd.testing.assert_frame_equal(frame, expected, check_dtype=False)


MESSY = (
    "customer_id,date,amount,order_id,channel\n"
    # one row twice (in other writing), one line of the same order, and every reason to go aside
    "A1,2025-01-01,10,O1,web\n A1 ,2025-01-01,10,O1,web\nA1,2025-01-01,5,O1,web\n"
    "A1,2025-02-01,12,O2,shop\nB7.0,2025-01-05,oops,O3,web\n,2025-01-05,3,O4,web\n"
    "7.0,2025-01-05,3,O5,web\n7,2025-01-09,-3,O6,web\n7,2031-01-01,3,O7,web\n"
    "7,2025-01-20,8,O8,web\n7,1970-01-01,8,O9,web\nB8,2025-01-20,1,O10\n"
)


def written_log(folder: Path, kind: str) -> str:
    """Write the log as text or as Parquet, and give its file's name."""
    if kind == "csv":
        (folder / "log.csv").write_text(MESSY, encoding="utf-8")
        return "log.csv"
    frame = pd.read_csv(io.StringIO(MESSY), dtype=str, skipinitialspace=False)
    frame["amount"] = pd.to_numeric(frame["amount"], errors="coerce")
    frame.to_parquet(folder / "log.parquet")
    return "log.parquet"


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("refunds", ["keep", "set_aside"])
@pytest.mark.parametrize("customers", [pytest.param(False, marks=pytest.mark.slow), True])
def test_a_streamed_log_gives_the_summary_of_the_cleaned_table(
    tmp_path: Path, open_study: OpenStudy, kind: str, refunds: str, customers: bool
) -> None:
    card = {"path": written_log(tmp_path, kind), "refunds": refunds}
    people = "customer_id,name,email\nA1,Ann,a@b.cn\n0007,Bo,b@b.cn\n9,Ann,a@b.cn\n"
    more = {"customers": people} if customers else {}
    tables = open_study(transactions=(card, None), **more)
    assert tables.purchases("transactions").mask is not None
    streamed = customer_summary(tables, as_of=AS_OF, calibration_end=CALIBRATION)
    report = tables.report_of("transactions")
    log = tables.expr("transactions")
    cleaned = summarise_purchases(
        tables.engine, log, as_of=AS_OF, calibration_end=CALIBRATION, read=report.read
    )
    assert streamed.counts == cleaned.counts
    assert streamed.counts.set_aside == report.read - report.kept >= 5
    pd.testing.assert_frame_equal(streamed.frame(), cleaned.frame())
    pd.testing.assert_frame_equal(streamed.grouped(), cleaned.grouped())
    assert streamed.frame()["customer_id"].str.fullmatch("[0-9a-f]{16}").all()
    known = {tables.pseudonym("A1"), tables.pseudonym("0007" if customers else "7")}
    # the last line of the text has too few fields; Parquet has a null there
    known |= {tables.pseudonym("B8")} if kind == "parquet" else set()
    assert known == set(streamed.frame()["customer_id"])


@pytest.mark.parametrize(
    ("text", "card", "streamed"),
    [
        (MESSY, {}, True),
        ("Orders of 2025,,,,\n,,,,\n" + MESSY, {}, True),
        (MESSY.replace("7,2025-01-20", "# till closed\n7,2025-01-20"), {"refunds": "keep"}, True),
        (MESSY.replace("A1,2025-02-01,12", "A1,2025-02-01,US$ 12"), {}, True),
        (MESSY, {"where": {"channel": "web"}}, False),
    ],
)
def test_a_large_file_is_judged_as_it_is_read_and_told_of_as_any_other(
    open_study: OpenStudy, monkeypatch: pytest.MonkeyPatch, text: str, card: Any, streamed: bool
) -> None:
    plain = open_study(transactions=(card, text))
    expected, aside = plain.report_of("transactions"), plain.set_aside("transactions")
    copied: list[str] = []

    def read_whole(engine: Engine, study: Study, name: str) -> Source:
        copied.append(name)
        return read_source(engine, study, name)

    monkeypatch.setattr("workbench.study.card.LARGE", 0)
    monkeypatch.setattr("workbench.data.clean.reading.read_source", read_whole)
    tables = Tables(plain.study, cache=False)
    assert tables.report_of("transactions") == expected
    assert expected.set_aside["malformed"] == 1 and expected.set_aside["duplicate"] == 1
    pd.testing.assert_frame_equal(tables.set_aside("transactions"), aside)
    pd.testing.assert_frame_equal(tables.frame("transactions"), plain.frame("transactions"))
    assert (not copied) is streamed


def test_an_open_quotation_mark_is_an_error_of_the_streamed_log_too(
    open_study: OpenStudy,
) -> None:
    log = 'customer_id,date,amount\nA,2025-01-01,1\nB,"2025-01-02,2\nC,2025-01-03,3\n'
    with pytest.raises(DataError, match=r"quotation mark|not readable"):
        customer_summary(open_study(transactions=log))


def test_a_log_without_one_good_row_is_refused(open_study: OpenStudy) -> None:
    log = "customer_id,date,amount\nA,2031-01-01,1\nB,2031-01-02,2\n"
    with pytest.raises(DataError, match=r"no purchase|not one of 2 rows"):
        customer_summary(open_study(transactions=log))


def test_what_was_made_on_the_way_is_dropped_and_the_engine_as_before(
    open_study: OpenStudy,
) -> None:
    tables = open_study(transactions=MESSY)
    engine = tables.engine
    asked = "SELECT current_setting('memory_limit')"
    ((before,),) = engine.connection.raw_sql(asked).fetchall()
    customer_summary(tables, as_of=AS_OF)
    kept = engine.connection.raw_sql(
        "SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE '%workbench_kept%'"
    ).fetchall()
    assert kept == [(1,)], "the customers alone"
    ((after,),) = engine.connection.raw_sql(asked).fetchall()
    (was, unit), (now, same) = before.split(), after.split()
    assert unit == same and float(now) == pytest.approx(float(was), rel=0.05)


def test_refunds_are_taken_off_the_log_of_one_person_under_two_ids(open_study: OpenStudy) -> None:
    people = "customer_id,name,phone\nA,Li,13800138000\nB,Li,+86 138 0013 8000\nC,Bo,13900139000\n"
    log = (
        "customer_id,date,amount\nA,2025-01-05,10\nB,2025-02-06,7\nB,2025-02-09,-2\n"
        "C,2025-01-02,3\nC,2025-03-02,4\n"
    )
    found = customer_summary(open_study(customers=people, transactions=log), as_of="2025-04-01")
    # A and B are one: it came back once, for 7 less 2
    frame = found.frame().sort_values("mean_spend")
    assert frame[["frequency", "mean_spend"]].to_numpy().tolist() == [[1, 4], [1, 5]]
