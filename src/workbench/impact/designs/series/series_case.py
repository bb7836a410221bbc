"""Judge a measure that reached everybody, from the course of its outcome over time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from workbench.arrays import Array, Mask
from workbench.impact.checks.comparability import refusal
from workbench.impact.checks.robustness import PlaceboDates
from workbench.impact.designs.before_after import series_glance
from workbench.impact.designs.series.controlled_series import controlled_series, moved_controls
from workbench.impact.designs.series.counts import interrupted_counts
from workbench.impact.designs.series.interrupted_series import interrupted_series
from workbench.impact.effect import Effect
from workbench.impact.inputs.panel import CaseError, check_logs, period_start, split_periods
from workbench.impact.inputs.series import FEWEST_AFTER, FEWEST_BEFORE
from workbench.impact.selection import Selection, select_design
from workbench.results import Finding
from workbench.study import Case

_MOST_DATES = 12


@dataclass(frozen=True)
class Course:
    """An outcome by period.

    Attributes
    ----------
    value, count : ndarray, shape (n,)
        Mean outcome, NaN where there are too few records; records behind it.
    periods : Index
    later : ndarray of bool, shape (n,)
    exclusions : DataFrame
        `reason`, `what`, `n`.
    counted : bool
        Whether the records are counts (0, 1, 2, ...).
    covariates : DataFrame, optional
        What else moves the outcome, at its periods, as it enters the regression.
    in_force : ndarray, shape (n,), optional
        Share of the measure in force, where it came in by degrees.
    """

    value: Array
    count: Array
    periods: pd.Index
    later: Mask
    exclusions: pd.DataFrame
    counted: bool
    covariates: pd.DataFrame | None = None
    in_force: Array | None = None

    @property
    def seen(self) -> Mask:
        """Periods with a value."""
        return np.asarray(np.isfinite(self.value))


def course_of(records: pd.DataFrame, case: Case, min_cell: int) -> Course:
    """Average records by period; or take a series that is one already.

    Parameters
    ----------
    records : DataFrame
        `period`, `estimate`, and one row a customer and period; without `customer_id` one row a
        period, with the records behind it as `n`.

    Raises
    ------
    CaseError
        A start outside the data; a period given twice in a ready series; a missing period is no
        error but a gap.
    """
    given = pd.to_numeric(records["estimate"], errors="coerce").to_numpy(dtype=float)
    frame = records.assign(estimate=given)[np.isfinite(given)]
    left = [("no value", "records", int((~np.isfinite(given)).sum()))]
    if "customer_id" in frame:
        table = frame.groupby("period", sort=True)["estimate"].agg(["mean", "size"])
        plain = frame["estimate"].to_numpy()
        counted = bool((plain >= 0).all() and (plain == plain.round()).all() and plain.max() > 1)
    else:
        if frame["period"].duplicated().any():
            raise CaseError(
                f"the period {frame.loc[frame['period'].duplicated(), 'period'].iloc[0]} occurs"
                " more than once",
                where="outcome table",
                remedy="give one row a period",
            )
        table = frame.sort_values("period").set_index("period")
        size = table["n"] if "n" in table else pd.Series(min_cell, index=table.index)
        table = pd.DataFrame({"mean": table["estimate"], "size": size})
        counted = False
    table = _with_gaps(table, case)
    before, after = split_periods(table.index, case.start)
    keep = before | after
    value = table["mean"].to_numpy(dtype=float)[keep]
    count = table["size"].to_numpy(dtype=float)[keep]
    small = (count < min_cell) & (count > 0)
    left += [
        ("the period contains the start", "periods", int((~keep).sum())),
        ("too few records", "periods", int(small.sum())),
        ("no record", "periods", int((count == 0).sum())),
    ]
    exclusions = pd.DataFrame([x for x in left if x[2]], columns=["reason", "what", "n"])
    value = np.where(count < max(min_cell, 1), np.nan, value)
    names, later = table.index[keep], after[keep]
    share = _in_force(names, later, case)
    count = np.maximum(count, 1)
    return Course(value, count, names, later, exclusions, counted, in_force=share)


def _in_force(names: pd.Index, later: Mask, case: Case) -> Array | None:
    """Share of the measure in force in each period, by the card; None where it came at once."""
    if not case.fit.in_part:
        return None
    share, starts = later.astype(float), [period_start(p) for p in names]
    for first, part in case.fit.in_part.items():
        day = pd.Timestamp(first)
        if day not in starts or later[starts.index(day)]:
            raise CaseError(
                f"no period before the start begins on {day:%Y-%m-%d}",
                where=f"cases.{case.name}.fit.in_part",
                remedy="name the first day of a period before the start",
            )
        share[starts.index(day)] = part
    return share


def _with_gaps(table: pd.DataFrame, case: Case) -> pd.DataFrame:
    """Put in the periods that lack, so that distances in time are kept."""
    rule = {"week": None, "month": "MS", "quarter": "QS", "year": "YS"}.get(case.period)
    if not isinstance(table.index, pd.DatetimeIndex) or len(table) < 2:
        return table
    if case.period == "week":
        whole = pd.date_range(table.index[0], table.index[-1], freq="7D")
    elif rule is not None:
        whole = pd.date_range(table.index[0], table.index[-1], freq=rule)
    else:
        return table
    if not table.index.isin(whole).all():
        return table  # labels of another calendar are left as they are
    whole.name = table.index.name
    filled = table.reindex(whole)
    return filled.assign(size=filled["size"].fillna(0))


def beside(frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame | None:
    """Set comparison series side by side: name -> a table with `period` and `estimate`."""
    if not frames:
        return None
    return pd.DataFrame({name: f.set_index("period")["estimate"] for name, f in frames.items()})


def judge_series(
    records: pd.DataFrame,
    case: Case,
    outcome: str,
    controls: pd.DataFrame | None,
    min_cell: int,
    level: float,
    covariates: pd.DataFrame | None = None,
) -> tuple[Effect | None, Effect | None, list[Effect], pd.DataFrame, list[Finding], pd.DataFrame]:
    """Judge one outcome: effect, glance, other answers, designs, checks, exclusions."""
    course = course_of(records, case, min_cell)
    movers = _aligned(covariates, course)
    aligned = _aligned(controls, course)
    picked = _picked(case, outcome, course, aligned)
    partly = np.zeros(len(course.later)) if course.in_force is None else course.in_force
    plain = course.seen & ((partly == 0) | course.later)
    n_before = int((plain & ~course.later).sum())
    n_after = int((course.seen & course.later).sum())
    glance = None
    if min(n_before, n_after) >= 2:
        glance = series_glance(
            course.value[plain],
            course.later[plain],
            window=min(case.periods_a_year, n_before),
            level=level,
        )
    try:
        course = replace(course, covariates=_as_entered(movers, case))
        alone = _alone(course, case, level)
    except CaseError as error:
        return None, glance, [], picked.table, [refusal(error)], course.exclusions
    others: list[Effect] = []
    checks: list[Finding] = picked.checks
    if movers is not None:
        checks += moved_controls(movers, course.later, season=case.periods_a_year, what="covariate")
    effect = alone
    if aligned is not None:
        try:
            with_controls = _beside(course, aligned, level)
            checks += moved_controls(aligned, course.later, season=case.periods_a_year)
            if picked.design == "series with controls":
                effect, others = with_controls, [alone]
            else:
                others = [with_controls]
        except CaseError as error:
            checks.append(replace(refusal(error), severity="note", key="comparison series"))
    if course.counted:
        others += [_level(course, case, level)]
    checks = [*effect.checks, *checks]
    if (placebo := placebo_starts(course, case, effect, aligned, level)) is not None:
        checks.append(placebo.check)
    return effect, glance, others, picked.table, checks, course.exclusions


def _picked(case: Case, outcome: str, course: Course, aligned: pd.DataFrame | None) -> Selection:
    return select_design(
        case,
        outcome=outcome,
        n_treated=1,
        n_other=0,
        before=int((course.seen & ~course.later).sum()),
        after=int((course.seen & course.later).sum()),
        n_controls=0 if aligned is None else aligned.shape[1],
    )


def _aligned(controls: pd.DataFrame | None, course: Course) -> pd.DataFrame | None:
    """Comparison series at the outcome's periods."""
    if controls is None or controls.empty:
        return None
    return controls.reindex(course.periods).reset_index(drop=True)


def _as_entered(movers: pd.DataFrame | None, case: Case) -> pd.DataFrame | None:
    """Covariates as they enter the regression: logarithms where the outcome's logarithm does."""
    if movers is None or case.fit.scale == "level":
        return movers
    for name in movers:
        check_logs(movers[name], f"covariate {name!r}", "leave it out, or use the scale `level`")
    return movers.apply(np.log)


def _alone(course: Course, case: Case, level: float) -> Effect:
    if course.counted:
        return interrupted_counts(
            course.value * course.count,
            course.periods,
            after=course.later,
            exposure=course.count,
            season=case.periods_a_year,
            covariates=course.covariates,
            errors=case.fit.errors,
            in_force=course.in_force,
            level=level,
        )
    return _level(course, case, level)


def _level(course: Course, case: Case, level: float) -> Effect:
    return interrupted_series(
        course.value,
        course.periods,
        after=course.later,
        season=case.periods_a_year,
        weights=course.count,
        covariates=course.covariates,
        trend=case.fit.trend,
        scale=case.fit.scale,
        errors=case.fit.errors,
        in_force=course.in_force,
        level=level,
    )


def _beside(course: Course, aligned: pd.DataFrame, level: float) -> Effect:
    seen = course.seen & np.isfinite(aligned.to_numpy(dtype=float)).all(axis=1)
    return controlled_series(
        course.value[seen],
        aligned[seen],
        course.periods[seen],
        after=course.later[seen],
        level=level,
    )


def placebo_starts(
    course: Course,
    case: Case,
    effect: Effect,
    aligned: pd.DataFrame | None,
    level: float,
) -> PlaceboDates | None:
    """Move the start through the time before the measure, and judge as before.

    At most twelve dates, evenly spread; None where the time before is too short for two.
    """
    # periods that the measure had reached in part say nothing of chance alone
    n = int((~course.later).sum() if course.in_force is None else (course.in_force == 0).sum())
    seen = course.seen[:n]
    room = [
        at
        for at in range(FEWEST_BEFORE, n - FEWEST_AFTER + 1)
        if seen[:at].sum() >= FEWEST_BEFORE and seen[at:].sum() >= FEWEST_AFTER
    ]
    if len(room) < 2:
        return None
    dates = [room[i] for i in np.unique(np.linspace(0, len(room) - 1, _MOST_DATES).astype(int))]
    estimate: Callable[[Course], Effect] = (
        (lambda moved: _alone(moved, case, level))
        if effect.design != "series with controls" or aligned is None
        else (lambda moved: _beside(moved, aligned.iloc[:n], level))
    )
    rows: list[tuple[Any, ...]] = []
    for at in dates:
        moved = replace(
            course,
            value=course.value[:n],
            count=course.count[:n],
            periods=course.periods[:n],
            later=np.arange(n) >= at,
            covariates=None if course.covariates is None else course.covariates.iloc[:n],
            in_force=None,
        )
        try:
            found = estimate(moved)
        except CaseError:
            continue
        rows.append((course.periods[at], found.effect, found.low, found.high))
    if len(rows) < 2:
        return None
    table = pd.DataFrame(rows, columns=["start", "estimate", "low", "high"])
    return PlaceboDates(table.assign(found=(table["low"] > 0) | (table["high"] < 0)))
