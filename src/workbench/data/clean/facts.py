"""Counts of a cleaned table that are worth knowing: its days, orders, customers, sums."""
# ruff: noqa: PD004  (Ibis calls it isnull)

from __future__ import annotations

from typing import Any

import pandas as pd

from workbench.data.engine import Engine
from workbench.data.schemas import Schema
from workbench.data.sources.source import ROW

#: Facts of a table that are no counts.
_SUMS = ("total", "most_amount", "most_rows_amount")


def facts_of(
    engine: Engine, kept: Any, schema: Schema | None, where: str, *, may_repeat: bool
) -> dict[str, Any]:
    """Count what was kept although it is worth knowing, and find the first and last date."""
    checked: dict[str, Any] = {}
    if schema is not None and schema.time in kept.columns:
        checked |= {
            "first": kept[schema.time].min().cast("date"),
            "last": kept[schema.time].max().cast("date"),
        }
    if "amount" in kept.columns and schema is not None:
        checked["zero_amounts"] = (kept.amount == 0).sum()
    row = engine.run(kept.aggregate(**checked), where).iloc[0] if checked else {}
    found = {**row, **_shares(engine, kept, where)}
    if "order_id" in kept.columns:
        numbers = kept.filter(kept.order_id.notnull()).select("order_id")
        found["orders"] = engine.different(numbers, where)
    if schema is not None and not schema.key:
        found["repeated"] = engine.repeats(kept.drop(ROW), where) if may_repeat else 0
    facts: dict[str, Any] = {}
    for name, value in found.items():
        if pd.isna(value):
            continue
        if name in ("first", "last"):
            facts[str(name)] = pd.Timestamp(value).date()
        else:
            facts[str(name)] = float(value) if name in _SUMS else int(value)
    return facts


def _shares(engine: Engine, kept: Any, where: str) -> dict[str, Any]:
    """Count the customers, and what the largest of them have of the rows and the money."""
    who = next((c for c in ("respondent_id", "customer_id") if c in kept.columns), None)
    if who is None:
        return {}
    # of a table of hundreds of columns each question would write all of them out
    kept = kept.select(*(c for c in (who, "amount", ROW) if c in kept.columns))
    known = kept.filter(kept[who].notnull())
    asked = {"rows_": known.count()}
    if "amount" in known.columns and known.amount.type().is_numeric():
        asked["sum_"] = engine.exact_sum(known.amount)
    key = engine.key(known[who])
    each = engine.keep(known.group_by(key_=key).aggregate(**asked), where)
    found = {"customers": each.count()}
    mosts = {c: m for c, m in (("rows_", "most_rows"), ("sum_", "most_amount")) if c in asked}
    others = {"rows_": ("sum_", "most_rows_amount"), "sum_": ("rows_", "most_amount_rows")}
    found |= {most: each[column].max() for column, most in mosts.items()}
    if "sum_" in asked:
        found["total"] = each["sum_"].sum()
    facts = dict(engine.run(each.aggregate(**found), where).iloc[0])
    for column, most in mosts.items():
        # the row in which the first of them stands, for nobody shall keep the id itself
        top = each.filter(each[column] == each[column].max().as_scalar()).select("key_")
        rows = known.mutate(key_=key).semi_join(top, "key_")
        facts[f"{most}_at"] = engine.run(rows[ROW].min(), where)
        if "sum_" in asked:
            other, fact = others[column]
            same = each.filter(each[column] == each[column].max().as_scalar())
            both = engine.run(same.aggregate(n=same.count(), other=same[other].max()), where)
            if both["n"].iloc[0] == 1:  # of several nobody can say which is meant
                facts[fact] = both["other"].iloc[0]
    engine.drop(each)
    return facts
