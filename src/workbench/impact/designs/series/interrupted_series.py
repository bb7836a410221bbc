"""Interrupted time series: a shift of the level at the start, given how the series moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from workbench.arrays import Array
from workbench.impact.designs.series.error_models import (
    NAMES,
    ErrorModel,
    Posterior,
    follow,
    noise_of,
)
from workbench.impact.effect import Effect, relative_to
from workbench.impact.inputs.panel import check_logs
from workbench.impact.inputs.series import Course, read_course
from workbench.results import Finding

Scale = Literal["level", "log"]

ASSUMPTION = (
    "Nothing else happened at the time of the start, and the trend and the season before it would"
    " have gone on."
)


def interrupted_series(
    values: ArrayLike,
    periods: pd.Index | None = None,
    *,
    after: ArrayLike,
    season: int | None = None,
    weights: ArrayLike | None = None,
    covariates: pd.DataFrame | None = None,
    trend: bool = True,
    scale: Scale = "level",
    errors: ErrorModel = "both",
    in_force: ArrayLike | None = None,
    level: float = 0.95,
) -> Effect:
    """Estimate the shift of a series at the start of a measure.

    A straight trend, seasonal terms, covariates and a step. No single model of the errors is
    safe, so the answer is the average over a grid of them, weighed by the restricted likelihood:
    AR(1) errors of any strength on a level that drifts by any amount. `parts` holds the answers
    by AR(1) errors alone and by a drifting level alone, the two edges of the grid.

    Parameters
    ----------
    values : array_like, shape (n,)
        One value a period; NaN where a period has none (a gap: the distance in time is kept).
    periods : Index, optional
        Their names.
    after : array_like of bool, shape (n,)
    season : int, optional
        Periods in a year (12, 4, 52); harmonics enter when a full year lies before the start or
        the whole series covers one and a half.
    weights : array_like, shape (n,), optional
        Records behind each value.
    covariates : DataFrame, n rows, optional
        What else moves the series, one column each. The measure must not move them.
    trend : bool
        A straight trend beside the drift. Without it only the drifting level follows the series.
    scale : {"level", "log"}
        "log" fits the logarithm: a shift in percent.
    errors : {"both", "ar1", "local_level"}
    in_force : array_like, shape (n,), optional
        Share of the measure that was in force in each period, where it came in by degrees: 0, then
        shares below 1 in periods before `after`, then 1. The effect is that of the whole measure.

    Raises
    ------
    CaseError
        Fewer than eight points before or after, a constant series, NaN only; values that have no
        logarithm; covariates with gaps; a share in force that does not rise from 0 to 1.

    References
    ----------
    Harville (1977), JASA 72, 320-338 (restricted likelihood); Harvey (1989), Forecasting,
    Structural Time Series Models, section 2.3 (local level).
    """
    course = read_course(values, periods, after, season, covariates, trend=trend, in_force=in_force)
    y = course.y
    if scale == "log":
        check_logs(y[course.seen], "series", "use scale='level', or interrupted_counts")
        y = np.log(np.where(course.seen, y, 1.0))
    n_records = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=float)
    seen = course.seen
    noise = noise_of(np.flatnonzero(seen), n_records[seen].mean() / n_records[seen])
    fits = noise.fit(y[seen], course.x[seen])
    found = (
        percent_effect(course, fits, errors, course.y, level=level)
        if scale == "log"
        else _level_effect(course, fits, errors, n_records, level)
    )
    if trend:
        return found
    # without a trend it is the drift that carries the series: the picture must go with it
    without = course.x * (1 - course.step)
    lines = follow(noise, fits[errors], errors, y[seen], course.x[seen], seen, without, level)
    shown = [np.exp(line) for line in lines] if scale == "log" else lines
    later = course.later
    return replace(
        found,
        series=found.series.assign(
            counterfactual=shown[0],
            low=np.where(later, shown[1], np.nan),
            high=np.where(later, shown[2], np.nan),
        ),
    )


def _answer(
    course: Course, fits: dict[ErrorModel, Posterior], errors: ErrorModel, level: float
) -> tuple[float, float, float, float, pd.DataFrame]:
    """Shift, low, high and p of the model asked for, and the parts."""
    c = course.step[None, :]
    rows = []
    evidence = np.logaddexp(fits["ar1"].evidence, fits["local_level"].evidence)
    for name, fit in fits.items():
        low, high = fit.limits(c, level)
        weight = np.nan if name == "both" else float(np.exp(fit.evidence - evidence))
        rows.append((name, float(fit.mean() @ c[0]), float(low[0]), float(high[0]), weight))
    table = pd.DataFrame(rows, columns=["model", "estimate", "low", "high", "weight"])
    shown = table.loc[table["model"] == errors].iloc[0]
    tail = fits[errors].below(c[0], 0.0)
    parts = table[table["model"] != "both"].reset_index(drop=True)
    parts["model"] = parts["model"].map(NAMES)
    return shown["estimate"], shown["low"], shown["high"], 2 * min(tail, 1 - tail), parts


def _level_effect(
    course: Course,
    fits: dict[ErrorModel, Posterior],
    errors: ErrorModel,
    n_records: Array,
    level: float,
) -> Effect:
    effect, low, high, p, parts = _answer(course, fits, errors, level)
    fit, used = fits[errors], course.used
    mean = float(np.average(course.y[used], weights=n_records[used]))
    relative = _relative(fit, course.step, course.x[used].mean(axis=0), effect, low, high)
    return _effect(
        course,
        (effect, low, high, p),
        relative,
        mean - effect,
        _picture(course, fit, level, lambda line: line),
        parts,
        errors,
        f"restricted likelihood, {_words(errors)}",
    )


def percent_effect(
    course: Course,
    fits: dict[ErrorModel, Posterior],
    errors: ErrorModel,
    observed: Array,
    *,
    level: float,
    exposure: Array | None = None,
    how: str = "restricted likelihood on the log scale",
) -> Effect:
    """Give the effect of a fit on the logarithm, in percent and in units of the outcome.

    Parameters
    ----------
    course : Course
    fits : dict of Posterior
    errors : {"both", "ar1", "local_level"}
    observed : ndarray, shape (n,)
        The values themselves (rates where there is an exposure).
    exposure : ndarray, optional
        Weights of the mean after the start.
    """
    shift, low, high, p, parts = _answer(course, fits, errors, level)
    used = course.used
    mean = float(np.average(observed[used], weights=None if exposure is None else exposure[used]))
    for column in ("estimate", "low", "high"):
        parts[column] = mean * -np.expm1(-parts[column])
    ends = [mean * -np.expm1(-b) for b in (shift, low, high)]
    return _effect(
        course,
        (ends[0], ends[1], ends[2], p),
        (float(np.expm1(shift)), float(np.expm1(low)), float(np.expm1(high))),
        mean - ends[0],
        _picture(course, fits[errors], level, np.exp, observed),
        parts,
        errors,
        f"{how}, {_words(errors)}",
    )


def _words(errors: ErrorModel) -> str:
    return "averaged over error models" if errors == "both" else NAMES[errors]


def _effect(
    course: Course,
    answer: tuple[float, float, float, float],
    relative: tuple[float, float, float],
    counterfactual: float,
    picture: pd.DataFrame,
    parts: pd.DataFrame,
    errors: ErrorModel,
    inference: str,
) -> Effect:
    seen, later = course.seen, course.later
    effect, low, high, p = (float(value) for value in answer)
    return Effect(
        design="interrupted time series",
        effect=effect,
        low=low,
        high=high,
        p=p,
        relative=relative[0],
        relative_low=relative[1],
        relative_high=relative[2],
        counterfactual=counterfactual,
        inference=inference,
        n_units=int(seen.sum()),
        n_treated=int((seen & later).sum()),
        n_before=int((seen & ~later & ~course.partly).sum()),
        n_after=int((seen & later).sum()),
        start=course.names[int(np.argmax(later))],
        series=picture,
        parts=parts,
        checks=tuple(_checks(course, parts, errors)),
        assumption=ASSUMPTION,
    )


def _relative(
    fit: Posterior, c: Array, after: Array, effect: float, low: float, high: float
) -> tuple[float, float, float]:
    """Effect over the level without the measure, both from the same fit."""
    spread = fit.spread()
    se_effect = float(np.sqrt(c @ spread @ c))
    mean, se_mean = float(after @ fit.mean()), float(np.sqrt(after @ spread @ after))
    quantile = (high - low) / (2 * se_effect)
    return relative_to(effect, se_effect, mean, se_mean, float(after @ spread @ c), quantile)


def _picture(
    course: Course,
    fit: Posterior,
    level: float,
    back: Callable[[Any], Any],
    observed: Array | None = None,
) -> pd.DataFrame:
    without = course.x * (1 - course.step)
    low, high = np.full(len(course.y), np.nan), np.full(len(course.y), np.nan)
    low[course.later], high[course.later] = fit.limits(without[course.later], level)
    return pd.DataFrame(
        {
            "period": course.names,
            "observed": course.y if observed is None else observed,
            "counterfactual": back(without @ fit.mean()),
            "low": back(low),
            "high": back(high),
            "after": course.later,
        }
    )


def _checks(course: Course, parts: pd.DataFrame, errors: ErrorModel) -> list[Finding]:
    clear = (parts["low"] > 0) | (parts["high"] < 0)
    checks = [Finding("error models", "Two models of how the series moves agree.", severity="ok")]
    if clear.iloc[0] != clear.iloc[1]:
        checks[0] = Finding(
            "error models",
            "Two models of how the series moves disagree on whether there is an effect; the"
            " average over both is shown."
            if errors == "both"
            else "Two models of how the series moves disagree on whether there is an effect; the"
            " one that the card asks for is shown.",
            severity="warning",
        )
    if course.partly.any():
        checks.append(
            Finding(
                "in force in part",
                "Before the start the measure was in force in part already (periods: {n}); they"
                " count by the shares that the card gives.",
                {"n": int(course.partly.sum())},
            )
        )
    season, before = course.season, int((~course.later).sum())
    if season and "cos1" not in course.terms:
        checks.append(
            Finding(
                "season",
                "The series is too short to take out the season; an effect cannot be told from"
                " the time of year.",
                severity="warning",
            )
        )
    elif season and before < 1.5 * season:
        checks.append(
            Finding(
                "season",
                "Only {n} periods lie before the start; with hardly more than one year, season and"
                " trend are told apart by the shape of the season alone.",
                {"n": before},
                severity="warning",
            )
        )
    elif season and before < 2 * season:
        checks.append(
            Finding(
                "season",
                "Only {n} periods lie before the start; the season is known from few years.",
                {"n": before},
            )
        )
    return checks
