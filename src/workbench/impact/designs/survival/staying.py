"""How long customers stay under contract with the measure, and how long without it."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from dataclasses import replace

import pandas as pd

from workbench.impact.designs.design import refusal
from workbench.impact.designs.survival.hazard_ratio import hazard_ratio
from workbench.impact.designs.survival.time_to_event import cohort, time_to_event
from workbench.impact.effect import Effect
from workbench.impact.inputs.assignment import first_days
from workbench.impact.inputs.panel import CaseError
from workbench.results import Finding
from workbench.study import Case

_SHORTEST = 28
#: Indicators that speak of customers who leave.
LEAVING = ("churn", "retention")


def staying(
    contracts: pd.DataFrame,
    customers: pd.DataFrame,
    case: Case,
    treatments: pd.DataFrame | None,
    *,
    as_of: dt.date,
    level: float = 0.95,
) -> Effect:
    """Compare the days until a contract ends between those who got the measure and the rest.

    Contracts that ran when the measure began are followed to the end of the data; the same number
    of days earlier, another cohort is followed for as long. Where a lot chose, the first suffices.
    The same comparison by Cox regression stands beside it as a check, where there are events and
    clusters enough.

    Parameters
    ----------
    contracts : DataFrame
        `customer_id`, `start`, `end` (missing while running).
    customers : DataFrame
        `customer_id`, and the column that names the treated groups.
    case, treatments
        As `evaluate`.
    as_of : date
        Last day of the data.

    Raises
    ------
    CaseError
        Everybody got it; fewer than four weeks to follow; too few contracts ended; nothing says
        who was treated.
    """
    if case.chosen == "everybody":
        raise CaseError(
            "everybody got the measure",
            where=f"case {case.name}",
            remedy="compare the share who leave, period by period",
        )
    start = pd.Timestamp(case.start)
    days = (pd.Timestamp(as_of) - start).days + 1
    if days < _SHORTEST:
        raise CaseError(
            f"contracts can be followed for {days} days after the start",
            where=f"case {case.name}",
            remedy="wait for more data",
        )
    people = customers.drop_duplicates("customer_id").set_index("customer_id")
    rows = contracts[contracts["customer_id"].isin(people.index)]
    starts, ends = pd.to_datetime(rows["start"]), pd.to_datetime(rows["end"])
    frame = rows[["customer_id"]].assign(
        unit=rows["customer_id"] if case.group is None
        else rows["customer_id"].map(people[case.group])
    )  # fmt: skip
    treated = first_days(case, people.reset_index(), treatments)
    frame["treated"] = frame["unit"].isin(treated.index)
    parts = [_cohort(frame, starts, ends, start, days).assign(after=True)]
    by_lot = case.chosen == "random"
    if not by_lot:
        earlier = start - pd.Timedelta(days=days)
        parts.append(_cohort(frame, starts, ends, earlier, days).assign(after=False))
    cohorts = pd.concat(parts, ignore_index=True)
    after = None if by_lot else "after"
    found = time_to_event(
        cohorts,
        horizon=float(days - 1),
        after=after,
        unit=None if case.group is None else "unit",
        level=level,
    )
    with suppress(CaseError):
        # who is in both cohorts, or has two contracts, counts once
        whom = "customer_id" if case.group is None else "unit"
        risk = hazard_ratio(cohorts, after=after, unit=whom, level=level)
        found = found.with_checks(risk.check)
    return replace(found, outcome="days under contract")


def _cohort(
    frame: pd.DataFrame, starts: pd.Series, ends: pd.Series, day: pd.Timestamp, days: int
) -> pd.DataFrame:
    until = day + pd.Timedelta(days=days - 1)
    return frame.join(cohort(starts, ends, day, until), how="inner")


def staying_if_known(
    contracts: pd.DataFrame,
    customers: pd.DataFrame,
    case: Case,
    treatments: pd.DataFrame | None,
    *,
    as_of: dt.date,
    level: float = 0.95,
) -> tuple[Effect | None, tuple[Finding, ...]]:
    """Give what `staying` gives, or nothing and the reason why, as a check."""
    if case.chosen == "everybody":
        return None, ()
    try:
        found = staying(contracts, customers, case, treatments, as_of=as_of, level=level)
    except CaseError as error:
        return None, (refusal(error),)
    return found, tuple(c for c in found.checks if c.severity != "ok")
