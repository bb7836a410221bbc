"""Customers, orders and spend by single attributes and by pairs of them, to be filtered by readers.

All tables are of the same customers: what one withholds must not follow from another, so they are
withheld together (`workbench.stats.linked_tables`). A page that holds the result holds no other
cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from workbench.arrays import Array, Index, Mask
from workbench.errors import DataError, suggest
from workbench.results import Estimate, Finding, Result, labelled
from workbench.segments.profiles.profile import coded, readable, share_held
from workbench.stats.disclosure import (
    OTHER_GROUPS,
    Sums,
    interval_sensitive,
    pool_groups,
    rule_of,
    sensitive,
    withhold_together,
)
from workbench.stats.intervals import mean_interval, wilson
from workbench.stats.linked_tables import Grouping, withhold_linked
from workbench.study import CellRule

MOST_GROUPS = 40
"""An attribute with more values names persons, places or accounts rather than groups."""
UNKNOWN = "Not known"
BETWEEN = " · "
HIDDEN = (
    "{n} of {total} groups are not shown by themselves: too few customers, nearly all of one, or"
    " it would follow from the others."
)


@dataclass(frozen=True)
class Breakdown(Result):
    """What groups of customers bought.

    Attributes
    ----------
    table : DataFrame
        One row a group that may be shown: by (attribute, or both of a pair), group, n, customers
        (share), orders (mean a customer), spend (mean a customer), share (of all spend); each with
        its low and high, spend and share only where there are amounts.
    total : int
        Groups, those included that are not shown.
    """

    table: pd.DataFrame
    total: int

    def findings(self) -> list[Finding]:
        """How many groups are not shown."""
        gone = self.total - int((self.table["group"] != OTHER_GROUPS).sum())
        if not gone:
            return []
        return [Finding("segments.groups.hidden", HIDDEN, {"n": gone, "total": self.total})]

    def estimates(self) -> dict[str, Estimate]:
        """Spend a customer of each group; orders where there are no amounts."""
        told = "spend" if "spend" in self.table else "orders"
        kind: Literal["money", "number"] = "money" if told == "spend" else "number"
        return {
            f"{row['by']}, {row['group']}": Estimate(
                row[told], row[f"{told}_low"], row[f"{told}_high"], n=float(row["n"]), kind=kind
            )
            for row in self.table.to_dict("records")
        }


def break_down(
    attributes: pd.DataFrame,
    *,
    orders: ArrayLike,
    spend: ArrayLike | None = None,
    by: Iterable[str | Sequence[str]],
    min_cell: CellRule | int = 0,
    beside: Sequence[Grouping] = (),
) -> Breakdown:
    """Break customers, orders and spend down by attributes, and by pairs of them.

    Parameters
    ----------
    attributes : DataFrame
        One row a customer.
    orders, spend : array_like, shape (n,)
        What each has; spend may be left out.
    by : iterable of str or of two str
        Attributes, and the pairs to be crossed.
    min_cell : CellRule or int
        What is withheld: groups too small, nearly one customer's, or that would follow.
    beside : sequence of Grouping
        What other tables tell of the same customers.

    Raises
    ------
    DataError
        If there is no such attribute, or it has more values than groups have.
    """
    asked = [(one,) if isinstance(one, str) else tuple(one) for one in by]
    if not asked:
        raise DataError("no attribute to group by is known", remedy="name some in segments.by")
    counts = np.asarray(orders, dtype=float)
    worth = None if spend is None else np.asarray(spend, dtype=float)
    rule = rule_of(min_cell)
    measures = [np.ones(len(attributes)), counts, *([] if worth is None else [worth])]
    if any(sensitive(each, rule) for each in measures):
        raise DataError(
            "there are too few customers, or one has nearly all",
            remedy="groups are shown once more customers have bought",
        )
    found = [_groups(attributes, columns) for columns in asked]
    names, codes = zip(*(pool_groups(*each, measures, rule) for each in found), strict=True)
    hidden: list[Mask] = [
        withhold_together([Sums.of(code, each, len(name)) for each in measures], rule).cells
        for name, code in zip(names, codes, strict=True)
    ]
    tables = [Grouping(code, gone) for code, gone in zip(codes, hidden, strict=True)]
    linked = withhold_linked(tables, measures, rule, beside=beside)
    rows = []
    for columns, name, code, own, more in zip(asked, names, codes, hidden, linked, strict=True):
        by_name = BETWEEN.join(readable(column) for column in columns)
        rows += _rows(by_name, name, code, own | more, counts, worth, rule)
    total = sum(len(name) for name, _ in found)
    return Breakdown(_labelled(pd.DataFrame(rows), worth is not None), total)


def _groups(attributes: pd.DataFrame, columns: tuple[str, ...]) -> tuple[list[str], Index]:
    """Name the groups of an attribute or a pair that have a customer, and code the customers."""
    if not 1 <= len(columns) <= 2 or len(set(columns)) != len(columns):
        raise DataError(
            f"{list(columns)} is neither an attribute nor a pair of two",
            where="segments.by",
            remedy="write [region, [region, segment]]",
        )
    parts = []
    for column in columns:
        if column not in attributes:
            raise DataError(
                f"customers have no attribute {column!r}",
                where="segments.by",
                remedy=suggest(column, list(attributes.columns)),
            )
        texts = attributes[column].astype("string").fillna(UNKNOWN)
        if texts.nunique() > MOST_GROUPS:
            raise DataError(
                f"{column!r} has {texts.nunique()} values, more than groups have",
                where="segments.by",
                remedy="name an attribute of at most"
                f" {MOST_GROUPS} values; no page is filtered by who somebody is",
            )
        parts.append(texts.reset_index(drop=True))
    joined = parts[0] if len(parts) == 1 else parts[0] + BETWEEN + parts[1]
    named = pd.Categorical(joined)
    return [str(x) for x in named.categories], np.asarray(named.codes, dtype=np.intp)


def _rows(
    by: str, names: Sequence[str], codes: Index, hidden: Mask,
    orders: Array, spend: Array | None, rule: CellRule,
) -> list[dict[str, object]]:  # fmt: skip
    """Give the groups that may be shown, with their numbers."""
    measured = {"orders": orders} | ({} if spend is None else {"spend": spend})
    unsure = {
        name: interval_sensitive(codes, values, len(names), rule)
        for name, values in measured.items()
    }
    n = np.bincount(codes, minlength=len(names))
    low, high = wilson(n, codes.size)
    rows: list[dict[str, object]] = []
    for code, name in enumerate(names):
        if hidden[code]:
            continue
        inside = codes == code
        row: dict[str, object] = {
            "by": by, "group": name, "n": int(n[code]), "customers": n[code] / codes.size,
            "customers_low": low[code], "customers_high": high[code],
        }  # fmt: skip
        for measure, values in measured.items():
            found = mean_interval(values[inside])
            bare = unsure[measure][code]  # an interval would tell the largest
            row |= {
                measure: found.value,
                f"{measure}_low": np.nan if bare else max(found.low, 0.0),
                f"{measure}_high": np.nan if bare else found.high,
            }
        if spend is not None:
            held, bare = share_held(inside, spend), unsure["spend"][code]
            row |= {
                "share": held.value,
                "share_low": np.nan if bare else held.low,
                "share_high": np.nan if bare else held.high,
            }
        rows.append(row)
    return rows


def _labelled(table: pd.DataFrame, valued: bool) -> pd.DataFrame:
    told = {
        "by": "Grouped by", "group": "Group", "n": "Customers",
        "customers": ("Share of customers", "percent"),
        "orders": ("Orders per customer", "number:1"),
    }  # fmt: skip
    if valued:
        told |= {"spend": ("Spend per customer", "money"), "share": ("Share of spend", "percent")}
    return labelled(table, **told)  # type: ignore[arg-type]


def groups_shown(group: pd.Series, value: ArrayLike, *, min_cell: CellRule | int) -> list[str]:
    """Name the groups that may be told of by themselves, beside the total and one another.

    Parameters
    ----------
    group : Series, shape (n,)
        Group of each customer.
    value : array_like, shape (n,)
        What each bought.
    min_cell : CellRule or int
    """
    names, codes = coded(group, None)
    measures = [Sums.of(codes, each, len(names)) for each in (np.ones(len(codes)), value)]
    gone = withhold_together(measures, rule_of(min_cell)).cells
    return [name for name, away in zip(names, gone, strict=True) if not away]
