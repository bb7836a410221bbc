"""Scores made in the engine are those of a plain NumPy oracle, ties and all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

import hypothesis.strategies as st
import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from workbench.data import RFMScores, Tables, rfm_scores, score_measures, score_purchases
from workbench.data.engine import Engine
from workbench.data.summaries.rfm import MEASURES, SCORES
from workbench.errors import DataError
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
    frame = score_purchases(log, as_of=AS_OF, levels=1).frame()
    assert frame["spend_year"].tolist() == [6.0, 0.0]
    assert frame["spend"].tolist() == [7.0, 8.0]


def measured(**columns: Any) -> pd.DataFrame:
    size = len(next(iter(columns.values())))
    return with_ids(pd.DataFrame({m: np.ones(size) for m in MEASURES} | columns))


def with_ids(measures: pd.DataFrame) -> pd.DataFrame:
    return measures.assign(customer_id=[f"k{i:04d}" for i in range(len(measures))])


def compare(
    found: RFMScores,
    log: pd.DataFrame,
    *,
    levels: int | Mapping[str, int] = 5,
    cuts: Mapping[str, list[float]] | None = None,
) -> None:
    """Hold scores against an oracle: sorted values, ranks in whole numbers."""
    day = pd.Timestamp(AS_OF)
    bought = log.assign(date=pd.to_datetime(log["date"]))
    bought = bought[(bought["amount"] >= 0) & (bought["date"] <= day)]
    daily = bought.groupby(["customer_id", "date"])["amount"].sum().reset_index()
    by = daily.groupby("customer_id")
    own = {
        "days_since_last": (day - by["date"].max()).dt.days.to_numpy(),
        "orders": by.size().to_numpy(),
        "spend": by["amount"].sum().round(6).to_numpy(),
    }
    frame = found.frame()
    assert (frame["tenure"] == (day - by["date"].min()).dt.days.to_numpy()).all()
    for name, (measure, values) in zip(SCORES, own.items(), strict=True):
        wanted = levels if isinstance(levels, int) else levels[measure]
        ends = (cuts or {}).get(measure)
        if ends is None:
            ranks = -(-np.arange(1, wanted) * values.size // wanted) - 1
            ends = np.sort(values)[ranks].tolist()
        score = np.searchsorted(np.asarray(ends, dtype=float), values, side="left") + 1
        if measure == "days_since_last":
            score = len(ends) + 2 - score
        assert frame[measure].tolist() == values.tolist()
        assert frame[name].tolist() == score.tolist()
        assert found.cuts[measure] == ends and found.levels[measure] == len(ends) + 1
    assert found.refunds == (log["amount"] < 0).sum()


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
            score_purchases(table, as_of=AS_OF, engine=engine, levels=levels, cuts=given_cuts)
        return
    frame = score_purchases(table, as_of=AS_OF, engine=engine, levels=levels, cuts=given_cuts)
    compare(frame, log, levels=levels, cuts=given_cuts)
    groups = frame.frame().groupby(list(SCORES))["spend"].size()
    assert frame.combinations()["n"].tolist() == groups.tolist()


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
    levels = {"days_since_last": 7, "orders": 3, "spend": 10}
    # the engine sees the rows in another order, and adds them in another order
    found = score_purchases(log.sample(frac=1, random_state=1), as_of=AS_OF, levels=levels)
    compare(found, log, levels=levels)
    assert found.frame().groupby("spend")["spend_score"].nunique().eq(1).all()


@pytest.mark.parametrize("levels", [1, 2, 3, 4, 5, 7, 10])
def test_scores_count_the_cuts_below_whatever_the_levels(levels: int) -> None:
    measures = pd.DataFrame(list(product(range(levels), repeat=3)), columns=list(MEASURES))
    cuts = {m: [i + 0.5 for i in range(levels - 1)] for m in measures}
    scored = score_measures(with_ids(measures), cuts=cuts)
    frame = scored.frame()
    assert (frame["recency_score"] == levels - frame["days_since_last"]).all()
    assert (frame["frequency_score"] == frame["orders"] + 1).all()
    assert (frame["spend_score"] == frame["spend"] + 1).all()
    assert scored.levels == dict.fromkeys(MEASURES, levels)
    assert (scored.as_of, scored.customers) == (None, levels**3)


def test_distinct_values_are_cut_into_equal_fifths() -> None:
    scored = score_measures(measured(spend=np.arange(100.0)))
    assert (scored.refunds, scored.later) == (0, 0), "there is no log to leave rows out of"
    frame = scored.frame()
    assert frame["spend_score"].value_counts().eq(20).all()
    assert frame["frequency_score"].eq(1).all()


def test_cuts_of_the_user_are_upper_ends() -> None:
    scored = score_measures(
        measured(orders=[1, 2, 3, 4, 5, 10, 11]), cuts={"orders": [1, 2, 4, 10]}
    )
    assert scored.frame()["frequency_score"].tolist() == [1, 2, 3, 3, 4, 4, 5]
    assert scored.levels["orders"] == 5


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        ({"spend": []}, "there is no customer"),
        ({"spend": [1.0, np.nan]}, "spend is missing, infinite or negative in 1 rows"),
        ({"days_since_last": [3, -1, -2]}, "days_since_last is missing, .* in 2 rows"),
        ({"orders": ["one", "two"]}, "orders holds text"),
    ],
)
def test_unusable_measures_are_refused(frame: dict[str, list], told: str) -> None:
    with pytest.raises(DataError, match=told):
        score_measures(measured(**frame))
    with pytest.raises(DataError, match="the customers have no column orders"):
        score_measures(measured(spend=[1.0]).drop(columns="orders"))


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
        score_purchases(log, as_of=AS_OF)


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
    log = pd.DataFrame({"customer_id": ["a"], "date": [dt.date(2025, 1, 1)], "amount": [1.0]})
    with pytest.raises(DataError, match=told):
        score_purchases(log, as_of=AS_OF, **options)


def test_what_is_no_log_is_refused() -> None:
    log = pd.DataFrame({"customer_id": ["a"], "date": [dt.date(2025, 1, 1)], "amount": ["1"]})
    with pytest.raises(DataError, match="amount holds text"):
        score_purchases(log, as_of=AS_OF)
    with pytest.raises(DataError, match="the log has no column date"):
        score_purchases(log[["customer_id"]], as_of=AS_OF)
    with pytest.raises(DataError, match="a table of an engine comes without it"):
        score_purchases(ibis.memtable(log), as_of=AS_OF)


def test_one_customer_and_all_alike_are_scored() -> None:
    engine = an_engine()
    rows = {"customer_id": list("abc"), "date": [dt.date(2025, 1, 1)] * 3, "amount": [5.0] * 3}
    alike = score_purchases(pd.DataFrame(rows), as_of=AS_OF).frame()
    # nobody is told apart by lot: all get one score
    assert alike[list(SCORES)].drop_duplicates().to_numpy().tolist() == [[5, 1, 1]]
    one = score_purchases(pd.DataFrame(rows).iloc[:1], as_of=AS_OF, engine=engine, levels=3).frame()
    assert len(one) == 1


def test_a_table_without_purchases_is_refused(open_study: OpenStudy) -> None:
    tables = open_study(transactions=LOG, customers="customer_id,name\nA,x\n")
    with pytest.raises(DataError, match="'customers' holds no purchases"):
        rfm_scores(tables, "customers")
