"""Who was treated from when, and which records are compared: read off a case and its data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from workbench.errors import closest
from workbench.impact.inputs.eligible import less_the_others
from workbench.impact.inputs.panel import CaseError, Panel, period_start, read_panel
from workbench.impact.inputs.ratio import is_ratio
from workbench.study import Case, CellRule


@dataclass(frozen=True)
class CaseData:
    """The tables from which a case is judged.

    Attributes
    ----------
    outcomes : sequence of DataFrame
        Records of each outcome of the card, as `evaluate` takes them.
    treatments : DataFrame, optional
        `case`, `customer_id`, `start`, of all measures.
    selection : DataFrame, optional
        The indicator by which the treated were chosen.
    comparison, covariates : DataFrame, optional
        Series beside the outcome, one column each, by period.
    units : DataFrame, optional
        The customers' table, or one row a unit: where a column's values were treated as a whole,
        these are the units of the comparison.
    contracts, customers : DataFrame, optional
        Where the study has them: whether customers stay longer is then looked at, too.
    titles : mapping
        Name of a case -> what remarks call it.
    min_cell : int
        Fewest records of the treated, and of the comparison, before and after.
    kinds : mapping
        Indicator -> what it is (``number``, ``percent``, ``points`` or ``money``), for how it is
        written; told from the records where it is not given.
    country : str
        Whose public holidays lie in the periods of a series.
    rule : CellRule
        When a group's outcome is nearly all one customer's.
    older : sequence of Case
        The study's other measures, where the card asks what they tell of the long run.
    """

    outcomes: Sequence[pd.DataFrame]
    treatments: pd.DataFrame | None = None
    selection: pd.DataFrame | None = None
    comparison: pd.DataFrame | None = None
    covariates: pd.DataFrame | None = None
    units: pd.DataFrame | None = None
    contracts: pd.DataFrame | None = None
    customers: pd.DataFrame | None = None
    titles: Mapping[str, str] = field(default_factory=dict)
    min_cell: int = 5
    rule: CellRule = field(default_factory=CellRule)
    older: Sequence[Case] = ()
    kinds: Mapping[str, Literal["number", "percent", "points", "money"]] = field(
        default_factory=dict
    )
    country: str = ""


def compared(case: Case, records: pd.DataFrame) -> pd.DataFrame:
    """Leave out what the card leaves out: groups, early data, transition, time after the end.

    Raises
    ------
    CaseError
        The card names a group that the records do not have.
    """
    out = [unit for entry in case.leave_out for unit in entry.units]
    named = [*(case.starts or {}), *case.treated_groups, *out]
    if named and "customer_id" not in records:
        # of customers' records a group may have none: that is counted where they are read
        _must_occur(case, records, named)
    if out:
        records = records[~records[case.group].isin(out)]
    if case.end is None and case.since is None and not case.transition and not case.pauses:
        return records
    since, end = (None if day is None else pd.Timestamp(day) for day in (case.since, case.end))
    begins = {p: period_start(p) for p in records["period"].unique()}
    early = {p for p, day in begins.items() if since is not None and day < since}
    late = {p for p, day in begins.items() if end is not None and day > end}
    late |= {p for p, day in begins.items() if _off(case, day)}
    coming = sorted(
        (p for p, day in begins.items() if day >= pd.Timestamp(case.start)), key=begins.__getitem__
    )
    if case.transition and not set(coming[case.transition :]) - late:
        raise CaseError(
            "the transition of {n} periods leaves nothing of the time after the start",
            where=f"cases.{case.name}.transition",
            remedy="wait for more data, or set fewer periods aside",
            n=case.transition,
        )
    return records[~records["period"].isin(early | late | {*coming[: case.transition]})]


def _off(case: Case, day: pd.Timestamp) -> bool:
    """Say whether the measure was off in a period after the start: in a pause, or after its end."""
    ended = case.end is not None and day > pd.Timestamp(case.end)
    paused = (pd.Timestamp(p.start) <= day <= pd.Timestamp(p.end) for p in case.pauses)
    return ended or any(paused)


def when_off(case: Case, records: pd.DataFrame) -> pd.DataFrame | None:
    """Keep the time before, and that after the start in which the measure was off.

    None where it was on throughout.
    """
    begins = {p: period_start(p) for p in records["period"].unique()}
    off = {p for p, day in begins.items() if day >= pd.Timestamp(case.start) and _off(case, day)}
    if not off:
        return None
    begun = {p for p, day in begins.items() if day >= pd.Timestamp(case.start)}
    always = case.model_copy(update={"end": None, "pauses": (), "transition": 0})
    return compared(always, records[~records["period"].isin(begun - off)])


def _must_occur(case: Case, records: pd.DataFrame, named: list[Any]) -> None:
    if case.group is None or case.group not in records:
        raise CaseError(
            "there is no column {name} that names groups",
            where=f"cases.{case.name}.unit",
            remedy="the outcome has {names}",
            name=repr(case.group),
            names=", ".join(map(str, records.columns)),
        )
    known = set(records[case.group].dropna())
    if unknown := [unit for unit in named if unit not in known]:
        meant = closest(unknown[0], known)
        raise CaseError(
            "no {column} is called {name}",
            where=f"cases.{case.name}",
            remedy="write it as the table does"
            if meant is None
            else "write it as the table does, perhaps {meant}",
            meant=repr(meant),
            column=case.group,
            name=repr(unknown[0]),
        )


def with_arms(
    case: Case, treatments: pd.DataFrame | None, units: pd.DataFrame | None
) -> pd.DataFrame | None:
    """Say by the arms of the customers' table who was treated, where no table of treatments does.

    Those in the control, or without an arm, were not.
    """
    listed = treatments is not None and (treatments["case"] == case.name).any()
    if case.arms is None or listed or units is None or case.arms.column not in units:
        return treatments
    arm = units[case.arms.column]
    got = arm.notna() & (arm.map(str) != str(case.arms.control))
    own = pd.DataFrame({"customer_id": units.loc[got, "customer_id"]})
    own = own.assign(case=case.name, start=pd.Timestamp(case.start))
    return own if treatments is None else pd.concat([treatments, own], ignore_index=True)


def first_days(case: Case, records: pd.DataFrame, treatments: pd.DataFrame | None) -> pd.Series:
    """First day of the measure by treated unit.

    Parameters
    ----------
    case : Case
    records : DataFrame
        With `customer_id` and, for groups, the group's column.
    treatments : DataFrame, optional
        `case`, `customer_id`, `start`.

    Raises
    ------
    CaseError
        Nothing says who was treated.
    """
    if case.starts:
        return pd.Series({unit: pd.Timestamp(day) for unit, day in case.starts.items()})
    if case.treated_groups:
        return pd.Series(pd.Timestamp(case.start), index=pd.Index(case.treated_groups))
    rows = pd.DataFrame() if treatments is None else treatments
    if not rows.empty:
        rows = rows[rows["case"] == case.name]
    if rows.empty:
        raise CaseError(
            "nothing says who was treated",
            where=f"case {case.name}",
            remedy="name them by `treated` or `starts` in the card, or in the table treatments",
        )
    starts = pd.Series(
        pd.to_datetime(rows["start"]).to_numpy(), index=rows["customer_id"].to_numpy()
    )
    if case.group is None:
        return starts.groupby(level=0).min()
    # a group counts as treated when most of its customers were
    people = records.drop_duplicates("customer_id").set_index("customer_id")[case.group]
    share = people.index.isin(starts.index)
    by_group = pd.Series(share, index=people.to_numpy()).groupby(level=0).mean()
    reached = by_group.index[by_group > 0.5]
    # and began on the day on which most of them did (late comers join one by one)
    own = starts.groupby(level=0).min()
    days = pd.DataFrame({"group": people.reindex(own.index), "day": own}).dropna()
    usual = days.groupby("group")["day"].agg(lambda day: day.mode().iloc[0])
    return usual.reindex(reached)


def size_column(records: pd.DataFrame) -> str | None:
    """Name the column of the records behind each row: of groups, and of ratios of totals."""
    counted = "n" in records and ("customer_id" not in records or is_ratio(records))
    return "n" if counted else None


def panel_of(case: Case, records: pd.DataFrame, treated: pd.Series) -> Panel:
    """Arrange the records of a case whose units all started with it.

    Raises
    ------
    CaseError
        As `read_panel`.
    """
    if case.eligible is not None:
        return less_the_others(case, records, treated, size_column(records))
    return read_panel(
        records,
        treated,
        start=case.start,
        unit=case.group or "customer_id",
        weight=size_column(records),
    )
