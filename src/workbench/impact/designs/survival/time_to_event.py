"""Time to an event: how much longer customers stay, within a horizon, than without the measure."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri, stdtrit

from workbench.arrays import Array, Mask
from workbench.errors import DataError
from workbench.impact.effect import Effect
from workbench.impact.inputs.panel import CaseError, check_columns
from workbench.results import Finding
from workbench.stats.intervals import satterthwaite
from workbench.stats.survival import RestrictedMean, restricted_mean

ASSUMPTION = (
    "Without the measure, the time until the event would have changed for the treated as it did"
    " for the comparison, and those lost from sight were no different from the rest."
)
ASSUMPTION_BY_LOT = "The lot was fair, and those lost from sight were no different from the rest."
_FEWEST_EVENTS = 10


def time_to_event(
    frame: pd.DataFrame,
    *,
    horizon: float,
    duration: str = "duration",
    event: str = "event",
    treated: str = "treated",
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
        One row a unit, or a unit and cohort.
    horizon : float
        Up to which time is counted; everybody without the event should be followed that far.
    duration, event, treated, after : str
        Columns: time until the event or until last seen, whether it came, whether treated,
        whether of the cohort after the start.
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
    columns = [c for c in (duration, event, treated, after, unit) if c is not None]
    check_columns(frame, columns, where="times to the event")
    own = frame[treated].to_numpy(dtype=bool)
    late = np.ones(len(frame), dtype=bool) if after is None else frame[after].to_numpy(dtype=bool)
    influence = np.zeros(len(frame))
    means: dict[tuple[bool, bool], RestrictedMean] = {}
    for mine in (True, False):
        for now in (True, False) if after is not None else (True,):
            rows = np.flatnonzero((own == mine) & (late == now))
            who, when = "treated" if mine else "comparison", "after" if now else "before"
            found = _group(frame.iloc[rows], duration, event, horizon, f"{who} {when}")
            means[mine, now] = found
            influence[rows] = found.influence * (1 if mine == now else -1)
    effect = means[True, True].mean - means[False, True].mean
    if after is not None:
        effect -= means[True, False].mean - means[False, False].mean
    se, quantile, how = _spread(frame, influence, own, unit, level)
    observed = means[True, True].mean
    base = observed - effect
    tail = float(ndtr(-abs(effect / se)))
    return Effect(
        design="time to event",
        effect=float(effect),
        low=float(effect - quantile * se),
        high=float(effect + quantile * se),
        p=2 * tail,
        relative=float(effect / base),
        relative_low=float((effect - quantile * se) / base),
        relative_high=float((effect + quantile * se) / base),
        counterfactual=float(base),
        inference=how,
        n_units=len(frame),
        n_treated=int(own.sum()),
        n_before=int((~late).sum()),
        n_after=int(late.sum()),
        series=_curves(means, horizon),
        checks=(_censoring(frame, duration, event, horizon),),
        assumption=ASSUMPTION_BY_LOT if after is None else ASSUMPTION,
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


def _group(
    rows: pd.DataFrame, duration: str, event: str, horizon: float, name: str
) -> RestrictedMean:
    try:
        found = restricted_mean(rows[duration], rows[event], horizon)
    except DataError as error:
        raise CaseError(
            error.what, where=error.where or "times to the event", remedy=error.remedy
        ) from error
    if found.events < _FEWEST_EVENTS:
        raise CaseError(
            f"{found.events} events were seen in the group {name}, {_FEWEST_EVENTS} are needed",
            where="times to the event",
            remedy="wait longer, or choose a more frequent event",
        )
    return found


def _spread(
    frame: pd.DataFrame, influence: Array, own: Mask, unit: str | None, level: float
) -> tuple[float, float, str]:
    """Give the standard error, its quantile and their name; clusters are summed first."""
    if unit is None:
        se = float(np.sqrt(influence @ influence))
        return se, float(ndtri(0.5 + level / 2)), "influence of each customer"
    code, _ = pd.factorize(frame[unit])
    summed = np.bincount(code, influence)
    side = np.bincount(code, own) > 0
    n_own, n_other = int(side.sum()), int((~side).sum())
    if min(n_own, n_other) < 2:
        raise CaseError(
            f"there are {n_own} treated and {n_other} other clusters",
            where="times to the event",
            remedy="two of each are needed at least",
        )
    parts = [
        (n / (n - 1)) * float(((x - x.mean()) ** 2).sum())
        for n, x in ((n_own, summed[side]), (n_other, summed[~side]))
    ]
    se, df = satterthwaite(parts[0], n_own, parts[1], n_other)
    return se, float(stdtrit(df, 0.5 + level / 2)), "cluster-robust t"


def _curves(means: dict[tuple[bool, bool], RestrictedMean], horizon: float) -> pd.DataFrame:
    """Survival of the treated, and what it would have been, at thirteen times."""
    at = np.linspace(0, horizon, 13)
    on = {
        key: found.curve["survival"].to_numpy()[
            np.searchsorted(found.curve["time"].to_numpy(), at, side="right") - 1
        ]
        for key, found in means.items()
    }
    without = on[False, True]
    if (True, False) in on:
        # carry the comparison's change over on the scale of cumulative hazards
        ratio = np.log(np.maximum(on[False, True], 1e-9)) - np.log(
            np.maximum(on[False, False], 1e-9)
        )
        without = np.clip(on[True, False] * np.exp(ratio), 0, 1)
    return pd.DataFrame(
        {
            "period": np.round(at).astype(int),
            "observed": on[True, True],
            "counterfactual": without,
            "low": np.nan,
            "high": np.nan,
            "after": np.ones(len(at), dtype=bool),
        }
    )


def _censoring(frame: pd.DataFrame, duration: str, event: str, horizon: float) -> Finding:
    lost = (~frame[event].astype(bool)) & (frame[duration] < horizon)
    share = float(lost.mean())
    if share > 0.2:
        return Finding(
            "lost from sight",
            "{share} percent were not followed to the end of the time that counts; the answer"
            " supposes that they were like the rest.",
            {"share": round(100 * share)},
            severity="warning",
        )
    return Finding("lost from sight", "Nearly everybody was followed to the end.", severity="ok")
