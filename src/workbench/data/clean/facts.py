"""Counts of a cleaned table that are worth knowing: its days, orders, customers, sums."""
# ruff: noqa: PD004  (Ibis calls it isnull)

from __future__ import annotations

import functools
import operator
from typing import Any

import pandas as pd

from workbench.data.clean.report import Large
from workbench.data.engine import Engine
from workbench.data.schemas import Schema
from workbench.data.sources.source import ROW

#: Share of the rows or of the money from which on a customer is looked at by itself.
LARGE = 0.05


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
    shares = _shares(engine, kept, where)
    large = shares.pop("large", ())
    found = {**row, **shares}
    if "order_id" in kept.columns:
        numbers = kept.filter(kept.order_id.notnull()).select("order_id")
        found["orders"] = engine.different(numbers, where)
    if schema is not None and not schema.key:
        found["repeated"] = engine.repeats(kept.drop(ROW), where) if may_repeat else 0
    facts: dict[str, Any] = {"large": large}
    for name, value in found.items():
        if pd.isna(value):
            continue
        if name in ("first", "last"):
            facts[str(name)] = pd.Timestamp(value).date()
        else:
            facts[str(name)] = float(value) if name == "total" else int(value)
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
    found = {"customers": each.count(), "n_": each.rows_.sum(), "most_rows": each.rows_.max()}
    if "sum_" in asked:
        found |= {"total": each["sum_"].sum(), "most_": each["sum_"].max()}
    facts = dict(engine.run(each.aggregate(**found), where).iloc[0])
    told = {k: float(v) for k, v in facts.items() if not pd.isna(v)}
    rows, total = told.get("n_", 0.0), told.get("total", 0.0)
    del facts["n_"]
    facts.pop("most_", None)
    heavy = [each.rows_ >= LARGE * rows] if 0 < rows <= told["most_rows"] / LARGE else []
    if 0 < total <= told.get("most_", 0.0) / LARGE:
        heavy.append(each["sum_"].cast("float64") >= LARGE * total)
    if heavy:
        large = each.filter(functools.reduce(operator.or_, heavy))
        facts["large"] = _large(engine, large, known.mutate(key_=key), where)
    engine.drop(each)
    return facts


def _large(engine: Engine, each: Any, known: Any, where: str) -> tuple[Large, ...]:
    """Say what each of a few customers has, by the row in which it stands first.

    Nobody shall keep the id itself.
    """
    first = known.semi_join(each, "key_").group_by("key_").aggregate(row_=known[ROW].min())
    found = engine.run(each.inner_join(first, "key_").drop("key_"), where)
    sums = found["sum_"].astype(float) if "sum_" in found else 0.0
    largest = (
        found.assign(sum_=sums)
        .fillna({"sum_": 0.0})
        .sort_values(["sum_", "rows_", "row_"], ascending=[False, False, True])
    )
    return tuple(
        Large(int(row), int(rows), float(amount))
        for row, rows, amount in largest[["row_", "rows_", "sum_"]].itertuples(index=False)
    )
