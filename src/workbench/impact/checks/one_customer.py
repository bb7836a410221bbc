"""Whether what a case tells of a group would tell one customer's amount."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from workbench.arrays import Mask
from workbench.impact.effect import Effect
from workbench.impact.inputs.assignment import first_days
from workbench.impact.inputs.panel import CaseError, split_periods
from workbench.results import Finding
from workbench.stats import Sums
from workbench.study import Case, CellRule

#: Answers on a scale of few steps are nobody's amount.
_SCALES = ("scale", "rubric", "1 to")
#: Refusals after which nothing at all is told of a group.
CLOSED = ("small cells", "one customer")
_SIDES = ("treated", "comparison")

E = TypeVar("E", bound=Effect | None)


@dataclass(frozen=True)
class Told:
    """What a case may tell of its groups.

    Attributes
    ----------
    refused : Finding, optional
        Why nothing may be told: all of a group's time before or after is one customer's.
    hidden : Index
        Periods in which a group's mean is one customer's; they are not shown by themselves.
    units : tuple
        Groups without the measure of which nearly all is one customer's.
    """

    refused: Finding | None = None
    hidden: pd.Index = field(default_factory=lambda: pd.Index([]))
    units: tuple[Any, ...] = ()

    @property
    def caveats(self) -> list[Finding]:
        """Say what is not shown."""
        found = []
        if len(self.hidden):
            text = (
                "{n} periods are not shown by themselves: one customer holds nearly all of a"
                " group's outcome there, or too few stand behind it."
            )
            found.append(Finding("periods withheld", text, {"n": len(self.hidden)}))
        if self.units:
            text = (
                "{n} groups without the measure are left out: one customer holds nearly all of"
                " their outcome."
            )
            found.append(Finding("groups withheld", text, {"n": len(self.units)}))
        return found

    def among(self, records: pd.DataFrame, case: Case) -> pd.DataFrame:
        """Leave out the groups that are not compared."""
        return records[~records[case.group].isin(self.units)] if self.units else records

    def of(self, effect: E) -> E:
        """Take the periods that are not shown out of what an effect draws; None stays None."""
        if effect is None or not len(self.hidden):
            return effect
        return replace(
            effect, series=_without(effect.series, self.hidden),
            gaps=_without(effect.gaps, self.hidden),
        )  # fmt: skip


def of_amounts(records: pd.DataFrame) -> bool:
    """Whether records are amounts of customers, which a group's mean may tell of one.

    Others are totals, which were held to the rule where they were added up, or shares and answers
    on a scale, which are nobody's amount.
    """
    about: Mapping[str, Any] = records.attrs.get("indicator", {})
    value = pd.to_numeric(records["estimate"], errors="coerce").to_numpy(dtype=float)
    known = np.isfinite(value)
    few = set(np.unique(value[known][:1000])) <= {0.0, 1.0, 100.0, -100.0}
    scale = str(about.get("unit", "")).startswith(_SCALES) or about.get("kind") == "share"
    return "customer_id" in records and bool(known.any()) and not few and not scale


def told_by_one(
    records: pd.DataFrame,
    case: Case,
    treatments: pd.DataFrame | None,
    rule: CellRule,
) -> Told:
    """Hold the groups of a case to the rule of a cell: before, after, and period by period.

    Parameters
    ----------
    records : DataFrame
        One row a customer and period, of amounts (`of_amounts`).
    case : Case
    treatments : DataFrame, optional
    rule : CellRule
    """
    if not of_amounts(records):
        return Told()
    value = pd.to_numeric(records["estimate"], errors="coerce").to_numpy(dtype=float)
    known = np.isfinite(value)
    rows = records.loc[known, ["customer_id", "period"]].assign(value=value[known])
    column = case.group or "customer_id"
    unit = records.loc[known, column]
    side = np.zeros(len(rows), dtype=np.intp)
    try:
        if case.chosen != "everybody":
            side += ~unit.isin(first_days(case, records, treatments).index).to_numpy()
        periods = pd.Index(rows["period"].unique()).sort_values()
        before, after = split_periods(periods, case.start)
    except CaseError:
        return Told()  # the case is refused for that, in its own words
    at = periods.get_indexer(rows["period"])
    if column != "customer_id":
        units, gone = _of_units(rows, unit, side, after[at], rule)
        rows, side, at = rows[~gone], side[~gone], at[~gone]
    else:
        units = ()
    for name, which in (("before", before), ("after", after)):
        chosen = which[at]
        cells = _cells(rows["customer_id"][chosen], rows["value"][chosen], side[chosen], 2)
        for who in np.flatnonzero(cells.sensitive(_uncounted(rule))):
            return Told(_refusal(_SIDES[who], name))
    cells = _cells(rows["customer_id"], rows["value"], side * len(periods) + at, 2 * len(periods))
    alone = cells.sensitive(rule).reshape(2, -1).any(axis=0)
    return Told(hidden=periods[alone & (before | after)], units=units)


def _uncounted(rule: CellRule) -> CellRule:
    """Give the rule without its least count: whether there are enough is another check's."""
    return rule.model_copy(update={"min_cell": 1})


def _refusal(who: str, time: str) -> Finding:
    return Finding(
        "one customer",
        "One customer holds nearly all of the outcome of the {who} group {time} the start: what is"
        " said of the group would tell his.",
        {"who": who, "time": time},
        severity="refusal",
    )


def _cells(who: pd.Series, value: pd.Series, cell: np.ndarray, k: int) -> Sums:
    own = pd.DataFrame({"who": who.to_numpy(), "value": value.to_numpy(), "cell": cell})
    summed = own.groupby(["cell", "who"], sort=False)["value"].sum().reset_index()
    return Sums.of(summed["cell"], summed["value"], k)


def _of_units(
    rows: pd.DataFrame, unit: pd.Series, side: np.ndarray, after: Mask, rule: CellRule
) -> tuple[tuple[Any, ...], Mask]:
    """Find the groups without the measure that are nearly all one customer's."""
    code, names = pd.factorize(unit)
    cells = _cells(rows["customer_id"], rows["value"], 2 * code + after, 2 * len(names))
    alone = np.array(cells.sensitive(_uncounted(rule)).reshape(-1, 2).any(axis=1), dtype=bool)
    alone[np.unique(code[side == 0])] = False
    alone = np.append(alone, False)  # rows of no group
    return tuple(names[np.flatnonzero(alone)]), alone[code]


def _without(table: pd.DataFrame, hidden: pd.Index) -> pd.DataFrame:
    if "period" not in table:
        return table
    gone = table["period"].isin(hidden).to_numpy()
    numbers = [c for c in table if pd.api.types.is_float_dtype(table[c])]
    told = table.copy()
    told.loc[gone, numbers] = np.nan
    return told
