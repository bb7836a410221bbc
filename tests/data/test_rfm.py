"""Scores made in the engine are those made in pandas, ties and all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import hypothesis.strategies as st
import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from workbench.data import Tables, rfm_scores
from workbench.data.engine import Engine
from workbench.data.rfm import SCORES, score_purchases
from workbench.errors import DataError
from workbench.segments import name_customers, rfm
from workbench.study import Study

OpenStudy = Callable[..., Tables]

AS_OF = dt.date(2025, 6, 30)
LOG = (
    "customer_id,date,amount\n"
    "A,2025-06-01,10\nA,2025-06-01,5\nA,2025-01-15,30.5\n"
    "B,2025-02-08,40\nB,2025-02-09,-40\n"
    "C,2025-07-08,7\n"
)


def an_engine() -> Engine:
    study = Study(
        name="small", folder=".", title={"en": "x"}, as_of=AS_OF,
        tables={"transactions": {"path": "t.csv"}},
    )  # fmt: skip
    return Engine(study)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return an_engine()


def test_a_small_log_is_scored_as_worked_by_hand(open_study: OpenStudy) -> None:
    tables = open_study(transactions=({"refunds": "keep"}, LOG))
    found = rfm_scores(tables, as_of=AS_OF, levels=2)
    frame = found.frame().set_index("customer_id")
    a, b = (frame.loc[tables.pseudonym(name)] for name in "AB")
    # two purchases on one day are one order; the refund is no purchase; C comes later
    assert a.tolist() == [29, 2, 45.5, 45.5, 166, 2, 2, 2]
    assert b.tolist() == [142, 1, 40.0, 40.0, 142, 1, 1, 1]
    assert (found.customers, found.refunds, found.later) == (2, 1, 1)
    assert found.cuts == {"days_since_last": [29.0], "orders": [1.0], "spend": [40.0]}
    assert found.combinations()["n"].tolist() == [1, 1]


def test_the_spend_of_the_last_year_ends_with_the_day() -> None:
    log = pd.DataFrame(
        {
            "customer_id": list("aaabb"),
            "date": pd.to_datetime(
                ["2024-06-30", "2024-07-01", "2025-06-30", "2023-01-01", "2025-07-01"]
            ),
            "amount": [1.0, 2, 4, 8, 16],
        }
    )
    frame = score_purchases(an_engine(), ibis.memtable(log), as_of=AS_OF, levels=1).frame()
    assert frame["spend_year"].tolist() == [6.0, 0.0]
    assert frame["spend"].tolist() == [7.0, 8.0]


_DAY = st.dates(dt.date(2025, 6, 1), dt.date(2025, 7, 3))
_AMOUNT = st.sampled_from([-3.0, 0.0, 0.1, 0.2, 0.3, 1.0, 10.1, 20.2, 30.3])


@settings(deadline=None, max_examples=20)
@given(
    rows=st.lists(
        st.tuples(st.sampled_from([f"c{i}" for i in range(12)]), _DAY, _AMOUNT),
        min_size=1,
        max_size=60,
    ),
    levels=st.integers(1, 11),
    given_cuts=st.sampled_from([None, {"orders": [1, 2]}, {"spend": [0.3, 10.1], "orders": [3]}]),
)
def test_the_engine_and_pandas_give_the_same_scores(
    rows: list[tuple[str, dt.date, float]],
    levels: int,
    given_cuts: dict[str, list[float]] | None,
    engine: Engine,
) -> None:
    log = pd.DataFrame(rows, columns=["customer_id", "date", "amount"])
    table = ibis.memtable(log)
    if not ((log["amount"] >= 0) & (log["date"] <= AS_OF)).any():
        with pytest.raises(DataError, match="there is no purchase to 2025-06-30"):
            score_purchases(engine, table, as_of=AS_OF, levels=levels, cuts=given_cuts)
        return
    own = rfm(log, as_of=AS_OF, levels=levels, cuts=given_cuts)
    found = score_purchases(engine, table, as_of=AS_OF, levels=levels, cuts=given_cuts)
    named = name_customers(
        found.frame(), levels=found.levels, cuts=found.cuts, as_of=found.as_of,
        refunds=found.refunds,
    )  # fmt: skip
    expected = own.table.reset_index(drop=True)
    same = list(expected.columns)
    pd.testing.assert_frame_equal(named.table[same], expected, check_dtype=False)
    assert named.levels == own.levels and (named.as_of, named.refunds) == (own.as_of, own.refunds)
    for measure, ends in own.cuts.items():
        assert ends.tolist() == found.cuts[measure]
    groups = own.table.groupby(list(SCORES))["spend"].agg(["size", "sum"])
    assert found.combinations()["n"].tolist() == groups["size"].tolist()


def test_many_customers_with_ties_score_alike_in_both() -> None:
    rng = np.random.default_rng(8)
    n = 20_000
    log = pd.DataFrame(
        {
            "customer_id": [f"k{i:05d}" for i in rng.integers(4000, size=n)],
            "date": pd.Timestamp(AS_OF) - pd.to_timedelta(rng.integers(400, size=n), unit="D"),
            "amount": rng.choice([9.99, 19.99, 0.1, 0.7], size=n),
        }
    )
    own = rfm(log, as_of=AS_OF, levels={"days_since_last": 7, "orders": 3, "spend": 10})
    # the engine sees the rows in another order, and adds them in another order
    shuffled = log.sample(frac=1, random_state=1)
    found = score_purchases(
        an_engine(), ibis.memtable(shuffled), as_of=AS_OF,
        levels={"days_since_last": 7, "orders": 3, "spend": 10},
    )  # fmt: skip
    frame = found.frame()
    assert (frame[list(SCORES)].to_numpy() == own.table[list(SCORES)].to_numpy()).all()
    assert (frame["spend"].to_numpy() == own.table["spend"].to_numpy()).all()
    assert own.table.groupby("spend")["spend_score"].nunique().eq(1).all()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"amount": [1.0, None]}, "amount is missing or infinite in 1 rows"),
        ({"amount": [1.0, float("inf")]}, "amount is missing or infinite in 1 rows"),
        ({"customer_id": ["a", None]}, "customer_id is missing or infinite in 1 rows"),
        ({"amount": [-1.0, -2.0]}, "there is no purchase to 2025-06-30"),
        ({"date": [dt.date(2026, 1, 1)] * 2}, "there is no purchase to 2025-06-30"),
    ],
)
def test_unusable_logs_are_refused(change: dict[str, list], told: str) -> None:
    log = pd.DataFrame(
        {"customer_id": ["a", "b"], "date": [dt.date(2025, 1, 1)] * 2, "amount": [1.0, 2.0]}
        | change
    )
    with pytest.raises(DataError, match=told):
        score_purchases(an_engine(), ibis.memtable(log), as_of=AS_OF)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"cuts": {"money": [1]}}, "cuts: there is no measure 'money'"),
        ({"levels": {"order": 3}}, "levels: there is no measure 'order'; did you mean 'orders'"),
        ({"cuts": {"orders": [3, 2]}}, r"cuts \[3, 2\] do not increase"),
        ({"cuts": {"orders": [1, float("nan")]}}, "do not increase"),
        ({"levels": 0}, "levels is 0"),
    ],
)
def test_unusable_cuts_are_refused(options: dict, told: str) -> None:
    log = ibis.memtable(
        pd.DataFrame({"customer_id": ["a"], "date": [dt.date(2025, 1, 1)], "amount": [1.0]})
    )
    with pytest.raises(DataError, match=told):
        score_purchases(an_engine(), log, as_of=AS_OF, **options)


def test_one_customer_and_all_alike_are_scored() -> None:
    engine = an_engine()
    rows = {"customer_id": list("abc"), "date": [dt.date(2025, 1, 1)] * 3, "amount": [5.0] * 3}
    alike = score_purchases(engine, ibis.memtable(pd.DataFrame(rows)), as_of=AS_OF).frame()
    # nobody is told apart by lot: all get one score
    assert alike[list(SCORES)].drop_duplicates().to_numpy().tolist() == [[5, 1, 1]]
    one = score_purchases(
        engine, ibis.memtable(pd.DataFrame(rows).iloc[:1]), as_of=AS_OF, levels=3
    ).frame()
    assert len(one) == 1


def test_a_table_without_purchases_is_refused(open_study: OpenStudy) -> None:
    tables = open_study(transactions=LOG, customers="customer_id,name\nA,x\n")
    with pytest.raises(DataError, match="'customers' holds no purchases"):
        rfm_scores(tables, "customers")
