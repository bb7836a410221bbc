"""Reads indicators that a study is given: series from outside, and the scores of experts."""
# ruff: noqa: PD003, PD004  (Ibis calls it isnull)

from __future__ import annotations

from typing import Any

import pandas as pd

from workbench.data import expressions as ibis
from workbench.data.indicators.library import own_name
from workbench.data.indicators.request import Request
from workbench.errors import DataError

_WAYS = "numerator and denominator, or value (with se and n where they are known)"


def series(request: Request) -> pd.DataFrame:
    """Read an indicator from the table ``series``.

    Rows carry indicator, date and either numerator and denominator, which are added up over a
    period, or value, which is averaged with the weights n. The standard error `se` of a row's
    value or ratio is carried on; a share of people asked has that of a share. A table without
    the column indicator has a column for each of its own series instead, and may give their
    weights in n.
    """
    own = own_name(request.indicator.name)
    name = own or request.indicator.name
    rows = request.rows()
    if own and "indicator" not in rows.columns:
        beside = {c: rows[c] for c in (*request.by, "n") if c in rows.columns}
        rows = rows.select(date=rows.date, value=rows[own], **beside)
    else:
        rows = rows.filter(rows.indicator.lower() == name.lower())
    if own and request.by:
        _once_each(request, rows)
    parts = {"numerator", "denominator"} <= set(rows.columns)
    if not parts and "value" not in rows.columns:
        raise _unusable(request, "the table 'series' has no values", f"give {_WAYS}")
    number = {
        c: rows[c].cast("float64") if c in rows.columns else ibis.null("float64")
        for c in ("numerator", "denominator", "value", "se", "n")
    }
    rows = rows.mutate(**{f"{c}_": v for c, v in number.items()})
    whole = rows.numerator_.notnull() & (rows.denominator_ > 0)
    weight = ibis.ifelse(whole, rows.denominator_, ibis.coalesce(rows.n_, 1.0))
    value = ibis.ifelse(whole, rows.numerator_ / rows.denominator_, rows.value_)
    rows = request.with_period(rows.mutate(weight_=weight, it_=value), "date")
    rows = rows.filter(rows.it_.notnull())
    sums: dict[str, Any] = {
        "weight": rows.weight_.sum(),
        "total": (rows.weight_ * rows.it_).sum(),
        "squares": (rows.weight_ * rows.se_).pow(2).sum(),
        "blind": rows.se_.isnull().any(),
        "cases": ibis.coalesce(rows.n_, rows.weight_).sum(),
        "rows": rows.count(),
    }
    keys = request.keys
    t = request.run(rows.group_by(keys).aggregate(**sums) if keys else rows.aggregate(**sums))
    t = t[t["rows"] > 0]
    if t.empty:
        raise _unusable(request, f"the table 'series' has no rows of {name!r}", f"give {_WAYS}")
    weight, total = t["weight"].astype("float64"), t["total"].astype("float64")
    estimate = total / weight
    if request.indicator.kind == "share":
        variance = estimate * (1 - estimate) * weight / (weight - 1).clip(lower=1)
        t = t.assign(n=weight, sd=variance**0.5, numerator=total, denominator=weight)
    else:
        n = t["cases"].clip(lower=1).round()
        error = (t["squares"].astype("float64") ** 0.5 / weight).mask(t["blind"].astype(bool))
        t = t.assign(n=n, sd=error * n**0.5)
    return t.assign(estimate=estimate - (name == "campaign_return"))


def _once_each(request: Request, rows: Any) -> None:
    """Refuse a group with two values on a day: no average of them would be the group's own."""
    keys = [*request.by, "date"]
    counted = rows.group_by(keys).aggregate(rows=rows.count())
    twice = request.run(counted.filter(counted.rows > 1).order_by(keys))
    if twice.empty:
        return
    first = twice.iloc[0]
    who = ", ".join(str(first[c]) for c in request.by)
    raise _unusable(
        request,
        f"{len(twice)} groups and dates have more than one row, first {who} on"
        f" {pd.Timestamp(first['date']):%Y-%m-%d}",
        f"give one row a {' and '.join(request.by)} and date",
    )


def expert_score(request: Request) -> pd.DataFrame:
    """Average the raters' mean scores; the raters are what varies."""
    rows = request.with_period(request.rows(), "date")
    rows = rows.mutate(score_=rows.score.cast("float64"))
    rows = rows.filter(rows.score_.notnull())
    raters = rows.group_by([*request.keys, "rater"]).aggregate(score_=rows.score_.mean())
    sums = {
        "n": raters.count(),
        "estimate": raters.score_.mean(),
        "sd": raters.score_.std(how="sample"),
    }
    grouped = raters.group_by(request.keys) if request.keys else raters
    return request.run(grouped.aggregate(**sums))


def _unusable(request: Request, what: str, remedy: str) -> DataError:
    return DataError(what, where=f"indicator {request.indicator.name}", remedy=remedy)
