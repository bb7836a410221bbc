"""Scores customers by recency, frequency and spend inside the engine, where the log lies.

The scores are those of `workbench.segments.score_customers`, number by number: a level ends at a
value that occurs, customers with one value share one level. What comes back is one row a customer,
or, with `RFMScores.combinations`, one row a combination of scores, however long the log is.
"""
# ruff: noqa: PD003  (Ibis calls it isnull)

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import ibis
import pandas as pd

from workbench.data.engine import Engine
from workbench.data.tables import Tables
from workbench.errors import DataError, did_you_mean

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
    as_of : date
        The day from which days are counted.
    customers, refunds, later : int
        Customers with a purchase; rows with a negative amount, which are no purchases; rows after
        `as_of`, left out.
    """

    expr: Any = field(repr=False)
    engine: Engine = field(repr=False)
    cuts: dict[str, list[float]]
    levels: dict[str, int]
    as_of: dt.date
    customers: int
    refunds: int
    later: int

    def frame(self) -> pd.DataFrame:
        """Give one row a customer, by customer_id.

        Returns
        -------
        DataFrame
            customer_id, days_since_last, orders (days with a purchase), spend, spend_year (of it,
            in the 365 days to `as_of`), tenure (days since the first purchase), recency_score,
            frequency_score, spend_score (1 = weakest).
        """
        frame: pd.DataFrame = self.engine.run(self.expr.order_by("customer_id"), _WHAT)
        whole = ("days_since_last", "orders", "tenure", *SCORES)
        return frame.astype(
            dict.fromkeys(whole, "int64") | {"spend": "float64", "spend_year": "float64"}
        )

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
        See `score_purchases`.
    """
    tables.require_purchases(table)
    return score_purchases(
        tables.engine,
        tables.expr(table),
        as_of=as_of or tables.study.as_of,
        levels=levels,
        cuts=cuts,
    )


def score_purchases(
    engine: Engine,
    purchases: Any,
    *,
    as_of: dt.date,
    levels: int | Mapping[str, int] = 5,
    cuts: Mapping[str, Sequence[float]] | None = None,
) -> RFMScores:
    """Score a log of purchases inside the engine.

    Purchases of a customer on one day are one order. A negative amount is a refund and no
    purchase, and is not taken off the spend; an amount of zero is a purchase.

    Parameters
    ----------
    engine : Engine
        Where the log lies.
    purchases : ibis Table
        customer_id, date, amount; one row a purchase.
    as_of : date
        The day from which days are counted; what lies after it is left out and counted.
    levels : int or mapping of measure to int
        Levels of the scores; cuts lie at quantiles of the customers (type 1: a value that occurs).
    cuts : mapping of measure to increasing numbers, optional
        Upper ends of the levels, in place of quantiles.

    Raises
    ------
    DataError
        A value is missing or infinite, nothing is left, a measure is not known, cuts do not rise.
    """
    _refuse_strange(cuts or {}, "cuts")
    _refuse_strange(levels if isinstance(levels, Mapping) else {}, "levels")
    log = purchases.select("customer_id", "date", "amount")
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
    kept = engine.keep(measured, _WHAT)
    customers = int(engine.run(kept.count(), _WHAT))
    if customers == 0:
        raise DataError(
            f"there is no purchase to {as_of}", where=_WHAT, remedy="look at as_of and the dates"
        )
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
    return RFMScores(kept.mutate(**scores), engine, found, count, as_of, customers, refunds, later)


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
