"""How long until an event, with the measure and without it: of any units, and of contracts."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from workbench.arrays import Array, Mask
from workbench.errors import DataError
from workbench.impact.designs.design import refusal
from workbench.impact.designs.survival.hazard_ratio import COLUMNS, enough_events, hazard_ratio
from workbench.impact.effect import Effect, picture, t_test
from workbench.impact.inputs.assignment import first_days
from workbench.impact.inputs.panel import CaseError, check_columns
from workbench.results import Finding
from workbench.stats.intervals import satterthwaite
from workbench.stats.survival import RestrictedMean, restricted_mean
from workbench.study import Case

ASSUMPTION = (
    "Without the measure, the time until the event would have changed for those who got it "
    "as it did for the comparison, and those lost to follow-up were no different from the "
    "rest."
)
ASSUMPTION_RANDOMISED = (
    "The random choice was fair, and those lost to follow-up were no different from the rest."
)
_FEWEST_EVENTS = 10
_SHORTEST = 28
#: Indicators that speak of customers who leave.
LEAVING = ("churn", "retention")


def time_to_event(
    frame: pd.DataFrame,
    *,
    horizon: float,
    after: str | None = None,
    unit: str | None = None,
    level: float = 0.95,
) -> Effect:
    """Compare the time until an event between treated units and others.

    The difference of the restricted means; with a column `after`, the difference of that
    difference between a cohort followed from the start and one followed from an earlier day, so
    that lasting differences between the groups fall out.

    Parameters
    ----------
    frame : DataFrame
        `duration` until the event or until last seen, `event` (whether it came), `treated`: one
        row a unit, or a unit and cohort.
    horizon : float
        Up to which time is counted; everybody without the event should be followed that far.
    after : str, optional
        Column that says whether a row is of the cohort after the start.
    unit : str, optional
        Column of the clusters (cities) that were treated as a whole; customers otherwise.
    level : float

    Raises
    ------
    CaseError
        Columns missing, fewer than ten events in a group, fewer than two clusters on a side,
        durations that are negative or missing.

    References
    ----------
    Royston, Parmar (2013); for the difference of differences on survival times, Wu, Wen (2022),
    Statistics in Medicine 41(21).
    """
    columns = [c for c in (*COLUMNS, after, unit) if c is not None]
    check_columns(frame, columns, where="times to the event")
    own = frame["treated"].to_numpy(dtype=bool)
    late = np.ones(len(frame), dtype=bool) if after is None else frame[after].to_numpy(dtype=bool)
    influence = np.zeros(len(frame))
    means: dict[tuple[bool, bool], RestrictedMean] = {}
    for mine in (True, False):
        for now in (True, False) if after is not None else (True,):
            rows = np.flatnonzero((own == mine) & (late == now))
            who, when = "treated" if mine else "comparison", "after" if now else "before"
            mean = _group(frame.iloc[rows], horizon, who, when)
            means[mine, now] = mean
            influence[rows] = mean.influence * (1 if mine == now else -1)
    effect = means[True, True].mean - means[False, True].mean
    if after is not None:
        effect -= means[True, False].mean - means[False, False].mean
    se, df, how = _standard_error(frame, influence, own, unit)
    half = float(stdtrit(df, 0.5 + level / 2)) * se  # of the normal where df is infinite
    low, high, observed = effect - half, effect + half, means[True, True].mean
    base = observed - effect
    return Effect.of(
        "time to event",
        float(effect),
        float(low),
        float(high),
        t_test(effect, se, df),
        mean=float(observed),
        relative=(float(effect / base), float(low / base), float(high / base)),
        inference=how,
        n_units=len(frame),
        n_treated=int(own.sum()),
        n_before=int((~late).sum()),
        n_after=int(late.sum()),
        series=_curves(means, horizon),
        checks=(_censoring(frame, horizon),),
        assumption=ASSUMPTION_RANDOMISED if after is None else ASSUMPTION,
    )


def cohort(
    starts: pd.Series, ends: pd.Series, day: pd.Timestamp, until: pd.Timestamp
) -> pd.DataFrame:
    """Follow what was running on a day: days until its end, or until the data end.

    Parameters
    ----------
    starts, ends : Series of dates
        Same index; a missing end is still running.
    day : Timestamp
        From which on time counts; what began later or had ended is left out.
    until : Timestamp
        Last day of the data, or of the time that is looked at.

    Returns
    -------
    DataFrame
        `duration` in days, `event`, indexed as the input.
    """
    running = (starts < day) & (ends.isna() | (ends >= day))
    last = ends.where(ends.notna() & (ends <= until), until)[running]
    return pd.DataFrame(
        {
            "duration": (last - day).dt.total_seconds() / 86_400,
            "event": ends[running].notna() & (ends[running] <= until),
        }
    )


def _group(rows: pd.DataFrame, horizon: float, who: str, when: str) -> RestrictedMean:
    try:
        mean = restricted_mean(rows["duration"], rows["event"], horizon)
    except DataError as error:
        raise CaseError(
            error.messages[0],
            where=error.where or "times to the event",
            remedy=error.messages[1],
            **error.values,
        ) from error
    enough_events(mean.events, _FEWEST_EVENTS, who, when)
    return mean


def _standard_error(
    frame: pd.DataFrame, influence: Array, own: Mask, unit: str | None
) -> tuple[float, float, str]:
    """Give the standard error, its degrees of freedom and their name; clusters are summed first."""
    if unit is None:
        se = float(np.sqrt(influence @ influence))
        return se, np.inf, "influence of each customer"
    code, _ = pd.factorize(frame[unit])
    summed = np.bincount(code, influence)
    side = np.bincount(code, own) > 0
    n_own, n_other = int(side.sum()), int((~side).sum())
    if min(n_own, n_other) < 2:
        raise CaseError(
            "there are {treated} treated and {other} other clusters",
            where="times to the event",
            remedy="two of each are needed at least",
            treated=n_own,
            other=n_other,
        )
    parts = [
        (n / (n - 1)) * float(((x - x.mean()) ** 2).sum())
        for n, x in ((n_own, summed[side]), (n_other, summed[~side]))
    ]
    se, df = satterthwaite(parts[0], n_own, parts[1], n_other)
    return se, df, "cluster-robust t"


def _curves(means: dict[tuple[bool, bool], RestrictedMean], horizon: float) -> pd.DataFrame:
    """Survival of the treated, and what it would have been, at thirteen times."""
    at = np.linspace(0, horizon, 13)
    on = {
        key: mean.curve["survival"].to_numpy()[
            np.searchsorted(mean.curve["time"].to_numpy(), at, side="right") - 1
        ]
        for key, mean in means.items()
    }
    without = on[False, True]
    if (True, False) in on:
        # carry the comparison's change over on the scale of cumulative hazards
        ratio = np.log(np.maximum(on[False, True], 1e-9)) - np.log(
            np.maximum(on[False, False], 1e-9)
        )
        without = np.clip(on[True, False] * np.exp(ratio), 0, 1)
    periods = pd.Index(np.round(at).astype(int))
    return picture(periods, np.ones(len(at), dtype=bool), on[True, True], without)


def _censoring(frame: pd.DataFrame, horizon: float) -> Finding:
    lost = (~frame["event"].astype(bool)) & (frame["duration"] < horizon)
    share = float(lost.mean())
    if share > 0.2:
        return Finding(
            "no later data",
            "{share} percent were not followed to the end of the time that counts; the answer"
            " supposes that they were like the rest.",
            {"share": round(100 * share)},
            severity="warning",
        )
    return Finding("no later data", "Nearly everybody was followed to the end.", severity="ok")


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
            "contracts can be followed for {days} days after the start",
            where=f"case {case.name}",
            remedy="wait for more data",
            days=days,
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
    randomised = case.chosen == "random"
    if not randomised:
        earlier = start - pd.Timedelta(days=days)
        parts.append(_cohort(frame, starts, ends, earlier, days).assign(after=False))
    cohorts = pd.concat(parts, ignore_index=True)
    after = None if randomised else "after"
    effect = time_to_event(
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
        effect = effect.with_checks(risk.check)
    return replace(effect, outcome="days under contract")


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
) -> tuple[Effect | None, tuple[Finding, ...]]:
    """Give what `staying` gives, or nothing and the reason why, as a check."""
    if case.chosen == "everybody":
        return None, ()
    try:
        effect = staying(contracts, customers, case, treatments, as_of=as_of)
    except CaseError as error:
        return None, (refusal(error),)
    return effect, tuple(c for c in effect.checks if c.severity != "ok")
