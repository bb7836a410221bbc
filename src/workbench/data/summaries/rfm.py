"""Scores customers by recency, frequency and spend inside the engine, where the log lies.

A level ends at a value that occurs, customers with one value share one level. What comes back is
one row a customer, or, with `RFMScores.combinations`, one row a combination of scores, however
long the log is. `workbench.segments.name_customers` names who was scored.
"""
# ruff: noqa: PD003  (Ibis calls it isnull)

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Final

import pandas as pd

from workbench.data import expressions as ibis
from workbench.data.engine import Engine
from workbench.data.summaries.customer_summary import MEMORY
from workbench.data.tables import Tables
from workbench.errors import DataError, did_you_mean, require_columns

MEASURES: Final = ("days_since_last", "orders", "spend")
SCORES: Final = ("recency_score", "frequency_score", "spend_score")
#: Decimals to which spend is kept: sums of one customer's amounts do not depend on their order.
DECIMALS: Final = 6
_WHAT = "RFM scores"


@dataclass(frozen=True)
class RFMScores:
    """Scored customers, kept in the engine until they are asked for.

    Attributes
    ----------
    cuts : dict of list of float
        Upper ends of the levels of each measure, in its own unit; the last level is open.
    levels : dict of int
        Number of levels of each measure.
    customers : int
        Customers that were scored.
    as_of : date or None
        The day from which days are counted; None where measures were given.
    refunds, later : int
        Rows with a negative amount, which are no purchases; rows after `as_of`, left out.
    """

    expr: Any = field(repr=False)
    engine: Engine = field(repr=False)
    cuts: dict[str, list[float]]
    levels: dict[str, int]
    customers: int
    as_of: dt.date | None = None
    refunds: int = 0
    later: int = 0

    def frame(self) -> pd.DataFrame:
        """Give one row a customer, by customer_id.

        Returns
        -------
        DataFrame
            customer_id, days_since_last, orders (days with a purchase), spend, spend_year (of it,
            in the 365 days to `as_of`), tenure (days since the first purchase), recency_score,
            frequency_score, spend_score (1 = weakest). Of measures that were given, those and the
            scores.
        """
        frame: pd.DataFrame = self.engine.run(self.expr.order_by("customer_id"), _WHAT)
        whole = dict.fromkeys(("tenure", *SCORES), "int64")
        if self.as_of is not None:
            whole |= dict.fromkeys(("days_since_last", "orders"), "int64")
        return frame.astype({name: kind for name, kind in whole.items() if name in frame})

    def combinations(self) -> pd.DataFrame:
        """Give the combinations of scores that occur: their customers ``n`` and their spend."""
        table = self.expr.group_by(list(SCORES)).aggregate(
            n=self.expr.count(), spend=self.expr.spend.sum()
        )
        frame: pd.DataFrame = self.engine.run(table.order_by(list(SCORES)), _WHAT)
        return frame.astype(dict.fromkeys((*SCORES, "n"), "int64"))


def rfm_scores(
    tables: Tables,
    table: str = "transactions",
    *,
    as_of: dt.date | None = None,
    levels: int | Mapping[str, int] = 5,
    cuts: Mapping[str, Sequence[float]] | None = None,
) -> RFMScores:
    """Score the customers of a study's table of purchases; see `score_purchases`.

    Parameters
    ----------
    tables : Tables
        The study's tables.
    table : str
        ``transactions`` or a variant of it.
    as_of : date, optional
        The day from which days are counted; the study's by default.
    levels, cuts
        See `score_measures`.

    Examples
    --------
    >>> from workbench.data import open_tables, rfm_scores
    >>> from workbench.study import load_study
    >>> tables = open_tables(load_study("cdnow"))
    >>> scores = rfm_scores(tables, "transactions_sample")
    >>> scores.customers
    2357
    """
    tables.require_purchases(table)
    with tables.engine.within(MEMORY):
        log = tables.purchases(table, known=as_of)
        scored = score_purchases(
            log.expr,
            as_of=as_of or tables.study.as_of,
            engine=tables.engine,
            levels=levels,
            cuts=cuts,
        )
        for scratch in log.scratch:
            tables.engine.drop(scratch)
    if log.mask is None:
        return scored
    # made when they are asked for: combinations of scores name nobody
    return replace(scored, expr=scored.expr.mutate(customer_id=log.mask(scored.expr.customer_id)))


def score_purchases(
    purchases: Any,
    *,
    as_of: dt.date,
    engine: Engine | None = None,
    levels: int | Mapping[str, int] = 5,
    cuts: Mapping[str, Sequence[float]] | None = None,
) -> RFMScores:
    """Score the customers of a log of purchases.

    Purchases of a customer on one day are one order. A negative amount is a refund and no
    purchase, and is not taken off the spend (the cleaning of a study's table did so before); an
    amount of zero is a purchase.

    Parameters
    ----------
    purchases : DataFrame or ibis Table
        customer_id, date, amount; one row a purchase. Without amounts customers are scored by
        recency and frequency alone.
    as_of : date
        The day from which days are counted; what lies after it is left out and counted.
    engine : Engine, optional
        Where the log lies; one of its own by default, for a DataFrame.
    levels, cuts
        See `score_measures`.

    Raises
    ------
    DataError
        A column or value is missing, infinite or of a wrong kind, nothing is left, a measure is
        not known, cuts do not rise.

    Examples
    --------
    >>> import datetime as dt
    >>> import pandas as pd
    >>> from workbench.data import score_purchases
    >>> log = pd.DataFrame({"customer_id": ["a", "a", "b"], "amount": [5.0, 7.0, 9.0],
    ...                     "date": pd.to_datetime(["2025-01-01", "2025-03-01", "2025-02-01"])})
    >>> scored = score_purchases(log, as_of=dt.date(2025, 3, 31), levels=2).frame()
    >>> scored[["customer_id", "days_since_last", "orders", "spend"]].to_numpy().tolist()
    [['a', 30, 2, 12.0], ['b', 58, 1, 9.0]]
    """
    engine, purchases = _at_home(engine, purchases, ("customer_id", "date"), "the log has")
    valued = "amount" in purchases.columns
    if not valued:
        purchases = purchases.mutate(amount=ibis.literal(0.0))
    log = purchases.select("customer_id", "date", "amount")
    if not log.amount.type().is_numeric():
        raise DataError("amount holds text", where=_WHAT, remedy="make it numbers first")
    log = log.mutate(date=log.date.cast("date"), amount=log.amount.cast("float64"))
    refunds, later = _look_through(engine, log, as_of)
    bought = log.filter((log.amount >= 0) & (log.date <= ibis.literal(as_of)))
    daily = bought.group_by("customer_id", "date").aggregate(spend=bought.amount.sum())
    first, last = daily.date.min(), daily.date.max()
    lately = daily.date > ibis.literal(as_of - dt.timedelta(days=365))
    measured = daily.group_by("customer_id").aggregate(
        days_since_last=ibis.literal(as_of).delta(last, unit="day").cast("int64"),
        orders=daily.count(),
        spend=daily.spend.sum().round(DECIMALS).cast("float64"),
        spend_year=ibis.coalesce(daily.spend.sum(where=lately), 0.0)
        .round(DECIMALS)
        .cast("float64"),
        tenure=ibis.literal(as_of).delta(first, unit="day").cast("int64"),
    )
    if not valued:
        # a measure that repeats another one adds nothing to it
        measured = measured.mutate(spend=measured.orders.cast("float64"))
    nobody = f"there is no purchase to {as_of}"
    scored = _scored(engine, engine.keep(measured, _WHAT), levels, cuts, nobody)
    if not valued:
        known = scored.expr.drop("spend", "spend_year", "spend_score")
        scored = replace(scored, expr=known)
    return replace(scored, as_of=as_of, refunds=refunds, later=later)


def score_measures(
    customers: Any,
    *,
    engine: Engine | None = None,
    levels: int | Mapping[str, int] = 5,
    cuts: Mapping[str, Sequence[float]] | None = None,
) -> RFMScores:
    """Score customers whose measures are known.

    Parameters
    ----------
    customers : DataFrame or ibis Table
        customer_id, days_since_last, orders, spend; one row a customer, numbers of zero or more.
    engine : Engine, optional
        Where the table lies; one of its own by default, for a DataFrame.
    levels : int or mapping of measure to int
        Levels of the scores; cuts lie at quantiles of the customers (type 1: a value that occurs).
        Customers with one value get one score, so with many ties levels may stay empty rather than
        be drawn by lot.
    cuts : mapping of measure to increasing numbers, optional
        Upper ends of the levels, in place of quantiles: ``{"orders": [1, 2, 4, 9]}`` makes five
        levels, the first with one order, the last with ten and more.

    Raises
    ------
    DataError
        A measure is missing, negative or no number, nobody is left, cuts do not rise.
    """
    engine, table = _at_home(engine, customers, ("customer_id", *MEASURES), "the customers have")
    for measure in MEASURES:
        if not table[measure].type().is_numeric():
            raise DataError(f"{measure} holds text", where=_WHAT, remedy="make it numbers first")
    kept = engine.keep(
        table.mutate(**{measure: table[measure].cast("float64") for measure in MEASURES}), _WHAT
    )
    wrong = engine.run(
        kept.aggregate(**{
            measure: (kept[measure].isnull() | kept[measure].isnan() | kept[measure].isinf()
                      | (kept[measure] < 0)).sum()
            for measure in MEASURES
        }), _WHAT,
    ).iloc[0]  # fmt: skip
    for measure, n in wrong.dropna().items():
        if n:
            raise DataError(
                f"{measure} is missing, infinite or negative in {int(n):,} rows",
                where=_WHAT,
                remedy="mend these customers or leave them out",
            )
    return _scored(engine, kept, levels, cuts, "there is no customer")


def _at_home(
    engine: Engine | None, table: Any, columns: Sequence[str], what: str
) -> tuple[Engine, Any]:
    """Give the engine of a table, and the table in it."""
    require_columns(table.columns, columns, what)
    if isinstance(table, pd.DataFrame):
        return engine or Engine(), ibis.memtable(table)
    if engine is None:
        raise DataError("a table of an engine comes without it", where=_WHAT, remedy="give engine=")
    return engine, table


def _scored(
    engine: Engine,
    kept: Any,
    levels: int | Mapping[str, int],
    cuts: Mapping[str, Sequence[float]] | None,
    nobody: str,
) -> RFMScores:
    """Score customers whose measures lie in the engine."""
    _refuse_strange(cuts or {}, "cuts")
    _refuse_strange(levels if isinstance(levels, Mapping) else {}, "levels")
    customers = int(engine.run(kept.count(), _WHAT))
    if customers == 0:
        raise DataError(nobody, where=_WHAT, remedy="look at as_of, the dates and the filter")
    found: dict[str, list[float]] = {}
    for measure in MEASURES:
        given = (cuts or {}).get(measure)
        wanted = levels if isinstance(levels, int) else levels.get(measure, 5)
        found[measure] = (
            _quantiles(engine, kept, measure, wanted, customers)
            if given is None
            else _rising(given, measure)
        )
    count = {measure: len(ends) + 1 for measure, ends in found.items()}
    scores = {
        name: _level(kept[measure], found[measure])
        for name, measure in zip(SCORES, MEASURES, strict=True)
    }
    # few days since the last purchase are good
    scores["recency_score"] = count["days_since_last"] + 1 - scores["recency_score"]
    return RFMScores(kept.mutate(**scores), engine, found, count, customers)


def _look_through(engine: Engine, log: Any, as_of: dt.date) -> tuple[int, int]:
    """Count refunds and later rows, and refuse a log with gaps."""
    seen = engine.run(
        log.aggregate(
            customer_id=log.customer_id.isnull().sum(),
            date=log.date.isnull().sum(),
            amount=(log.amount.isnull() | log.amount.isnan() | log.amount.isinf()).sum(),
            refunds=(log.amount < 0).sum(),
            later=(log.date > ibis.literal(as_of)).sum(),
        ),
        _WHAT,
    ).iloc[0]
    n = {name: 0 if pd.isna(value) else int(value) for name, value in seen.items()}
    for column in ("customer_id", "date", "amount"):
        if n[column]:
            raise DataError(
                f"{column} is missing or infinite in {n[column]:,} rows",
                where=_WHAT,
                remedy="leave these rows out",
            )
    return n["refunds"], n["later"]


def _quantiles(engine: Engine, kept: Any, measure: str, levels: int, n: int) -> list[float]:
    """Give the values at ranks ceil(i n / levels), by counting, the same on every engine."""
    if levels < 1:
        raise DataError(f"levels is {levels}", where=measure, remedy="ask for one or more")
    if levels == 1:
        return []
    counted = kept.group_by(value=kept[measure]).aggregate(n=kept.count())
    window = ibis.cumulative_window(order_by=counted.value)
    below = counted.select("value", rank=counted.n.sum().over(window))
    ends = below.aggregate(
        **{
            f"cut_{i}": below.value.min(where=below["rank"] >= -(-i * n // levels))
            for i in range(1, levels)
        }
    )
    return [float(v) for v in engine.run(ends, _WHAT).iloc[0]]


def _rising(given: Sequence[float], measure: str) -> list[float]:
    ends = [float(v) for v in given]
    if not all(math.isfinite(v) for v in ends) or any(b <= a for a, b in pairwise(ends)):
        raise DataError(
            f"cuts {list(given)} do not increase", where=measure, remedy="sort them, no repeats"
        )
    return ends


def _level(values: Any, ends: Sequence[float]) -> Any:
    """Count the ends below a value: 1 up to and with the first end."""
    level = ibis.literal(1, type="int64")
    for end in ends:
        level = level + (values > end).ifelse(1, 0)
    return level.cast("int64")


def _refuse_strange(named: Mapping[str, Any], where: str) -> None:
    for name in named:
        if name not in MEASURES:
            raise DataError(
                f"there is no measure {name!r}{did_you_mean(name, MEASURES)}",
                where=where,
                remedy=f"choose among {', '.join(MEASURES)}",
            )
