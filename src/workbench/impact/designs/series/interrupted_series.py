"""Interrupted time series: a shift of the level at the start, given how the series moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from workbench.arrays import Array
from workbench.impact.designs.design import Design, Situation
from workbench.impact.designs.series.error_models import (
    ErrorModel,
    follow,
    noise_of,
)
from workbench.impact.designs.series.step_effect import (
    ASSUMPTION,
    NAME,
    level_effect,
    percent_effect,
)
from workbench.impact.effect import Effect
from workbench.impact.inputs.panel import CaseError, check_logs
from workbench.impact.inputs.series import (
    FEWEST_AFTER,
    FEWEST_BEFORE,
    Series,
    lay_out,
    regressors,
)
from workbench.impact.power import POWER, Plan
from workbench.study import Case

Scale = Literal["level", "log"]

# Of the iterated regressions of counts.
_STEPS = 30
_CLOSE = 1e-4
_MOST_PERIODS = 240


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
    peaks: Sequence[int] = (),
    country: str = "",
    level: float = 0.95,
) -> Effect:
    """Estimate the shift of a series at the start of a measure.

    A straight trend, seasonal terms, covariates and a step. No single model of the errors is
    safe, so the answer is the average over a grid of them, weighed by the restricted likelihood:
    AR(1) errors of any strength on a level that drifts by any amount. The trend may have bent some
    periods before the start, which is averaged over, too. `parts` holds the answers by AR(1)
    errors alone and by a drifting level alone, the two edges of the grid on a straight line, and
    by a trend that bent.

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
    peaks : sequence of int
        Months (1 to 12) with a peak that is narrower than a season, such as Christmas trade (12);
        for periods that are days, weeks or months with dates.
    country : str
        Whose public holidays count (``CN``, ``DE-BY``), for such periods; none when left out.

    Raises
    ------
    CaseError
        Fewer than eight points before or after, a constant series, NaN only; values that have no
        logarithm; covariates with gaps; a share in force that does not rise from 0 to 1.

    References
    ----------
    Harville (1977), JASA 72, 320-338 (restricted likelihood); Harvey (1989), Forecasting,
    Structural Time Series Models, section 2.3 (local level).

    Examples
    --------
    >>> import numpy as np
    >>> from workbench.impact import interrupted_series
    >>> after = np.arange(48) >= 36
    >>> accidents = 100 + np.random.default_rng(1).normal(0, 3, 48) - 12 * after
    >>> effect = interrupted_series(accidents, after=after)
    >>> effect.low < -12 < effect.high
    True
    """
    layout = lay_out(
        values, periods, after, season, covariates,
        trend=trend, bends=errors == "both", in_force=in_force, peaks=peaks,
        country=country,
    )  # fmt: skip
    y = layout.y
    if scale == "log":
        check_logs(
            y[layout.seen],
            "series",
            "they have no logarithm; use scale='level', or interrupted_counts",
        )
        y = np.log(np.where(layout.seen, y, 1.0))
    n_records = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=float)
    seen = layout.seen
    noise = noise_of(np.flatnonzero(seen), n_records[seen].mean() / n_records[seen])
    fits = noise.fit(y[seen], layout.x[seen], layout.bends)
    effect = (
        percent_effect(layout, fits, errors, layout.y, level=level)
        if scale == "log"
        else level_effect(layout, fits, errors, n_records, level)
    )
    if trend:
        return effect
    # without a trend it is the drift that carries the series: the picture must go with it
    without = layout.x * (1 - layout.step)
    lines = follow(noise, fits[errors], errors, y[seen], layout.x[seen], seen, without, level)
    shown = [np.exp(line) for line in lines] if scale == "log" else lines
    later = layout.later
    return replace(
        effect,
        series=effect.series.assign(
            counterfactual=shown[0],
            low=np.where(later, shown[1], np.nan),
            high=np.where(later, shown[2], np.nan),
        ),
    )


def interrupted_counts(
    counts: ArrayLike,
    periods: pd.Index | None = None,
    *,
    after: ArrayLike,
    exposure: ArrayLike | None = None,
    season: int | None = None,
    covariates: pd.DataFrame | None = None,
    errors: ErrorModel = "both",
    in_force: ArrayLike | None = None,
    peaks: Sequence[int] = (),
    country: str = "",
    level: float = 0.95,
) -> Effect:
    """Estimate the shift of a series of counts, in percent.

    Quasi-Poisson with logarithmic link by iterated weighted regressions: the variance of a count
    is proportional to its mean, whatever the factor, and the working errors move as those of
    `interrupted_series` do. The effect is given per unit of exposure.

    Parameters
    ----------
    counts : array_like, shape (n,)
        Non-negative; NaN where a period has none.
    periods, after, season, covariates, errors, in_force, peaks, country, level
        As in `interrupted_series`.
    exposure : array_like, shape (n,), optional
        What the counts are counted of (customers at risk); 1 where left out.

    Raises
    ------
    CaseError
        Negative counts, an exposure that is not positive, or as `interrupted_series`.

    References
    ----------
    Bernal, Cummins, Gasparrini (2017), International Journal of Epidemiology 46(1), 348-355;
    Breslow, Clayton (1993), JASA 88, 9-25 (working regressions with correlated errors).
    """
    y = np.asarray(counts, dtype=float)
    of = np.ones(len(y)) if exposure is None else np.asarray(exposure, dtype=float)
    if of.shape != y.shape:
        raise CaseError(
            "there are {n} counts and {m} exposures",
            remedy="give one a period",
            n=y.size,
            m=of.size,
        )
    layout = lay_out(
        y, periods, after, season, covariates,
        bends=errors == "both", in_force=in_force, peaks=peaks,
        country=country,
    )  # fmt: skip
    seen = layout.seen
    if (y[seen] < 0).any():
        raise CaseError(
            "{n} counts are below zero",
            where="series",
            remedy="use interrupted_series, which takes any values",
            n=int((y[seen] < 0).sum()),
        )
    if not (of[seen] > 0).all():
        raise CaseError(
            "{n} periods have counts but no exposure",
            where="exposure",
            remedy="leave these periods out (NaN)",
            n=int((~(of[seen] > 0)).sum()),
        )
    for name, points in (("before", seen & ~layout.later), ("after", layout.used)):
        if not (y[points] > 0).any():
            raise CaseError(
                "all counts {time} the start are zero",
                where="series",
                remedy="a change in percent needs some on both sides; take another outcome, or a"
                " longer time",
                time=name,
            )
    x, time, seen_y, log_of = layout.x[seen], np.flatnonzero(seen), y[seen], np.log(of[seen])
    straight = ~layout.bends
    mean, start = _independent(x[:, straight], seen_y, log_of)
    beta = np.zeros(x.shape[1])
    beta[straight] = start
    for _ in range(_STEPS):
        working = np.log(mean) - log_of + (seen_y - mean) / mean
        size = (1 / mean) / np.mean(1 / mean)
        fits = noise_of(time, size).fit(working, x, layout.bends)
        step = fits[errors].mean()
        moved = float(np.abs(step - beta).max())
        beta = step
        mean = np.exp(np.clip(x @ beta + log_of, -30, 30))
        if moved < _CLOSE:
            break
    else:
        raise CaseError(
            "the regression of the counts does not settle",
            where="series",
            remedy="too many counts are zero; join periods (quarters in place of months)",
        )
    return percent_effect(
        layout, fits, errors, y / of, level=level, exposure=of, how="quasi-Poisson"
    )


def _independent(x: Array, y: Array, log_of: Array) -> tuple[Array, Array]:
    """Fit with independent errors, as a start: the mean and the coefficients."""
    mean: Array = np.maximum(y, 0.5)
    beta: Array = np.zeros(x.shape[1])
    for _ in range(_STEPS):
        working, root = np.log(mean) - log_of + (y - mean) / mean, np.sqrt(mean)
        step = np.linalg.lstsq(x * root[:, None], working * root, rcond=None)[0]
        moved, beta = float(np.abs(step - beta).max()), np.asarray(step, dtype=float)
        mean = np.exp(np.clip(x @ beta + log_of, -30, 30))
        if moved < _CLOSE:
            break
    return mean, beta


def plan_series(
    values: ArrayLike,
    *,
    after: int,
    season: int | None = None,
    weights: ArrayLike | None = None,
    power: float = POWER,
    level: float = 0.95,
) -> Plan:
    """Plan an interrupted series from the series until now.

    How the series moves by itself is learnt from the past, as `interrupted_series` does; the
    standard error is that of a step after which so many periods are seen.

    Parameters
    ----------
    values : array_like, shape (n,)
        Until now; NaN for gaps.
    after : int
        Periods to be waited for.
    season : int, optional
    weights : array_like, optional
        Records behind each value.

    Raises
    ------
    CaseError
        Fewer than eight values, a constant series, or fewer than eight periods to be waited for.
    """
    y = np.asarray(values, dtype=float)
    seen = np.isfinite(y)
    n = len(y)
    if seen.sum() < 2 * FEWEST_BEFORE:
        raise CaseError(
            "there are {n} points until now, {needed} are needed to learn how the series moves",
            where="series",
            remedy="bring more of the past, or measure more often",
            n=int(seen.sum()),
            needed=2 * FEWEST_BEFORE,
        )
    if after < FEWEST_AFTER:
        raise CaseError(
            "{n} periods after the start are too few for any judgement",
            remedy="plan for {needed} at least",
            n=after,
            needed=FEWEST_AFTER,
        )
    records = np.ones(n) if weights is None else np.asarray(weights, dtype=float)
    size = records[seen].mean() / records[seen]
    later = np.arange(n + after) >= n
    x, terms = regressors(n + after, later, season)
    # what no past value tells apart (the step) is left out of the fit to the past
    past = x[:n][seen][:, [term != "step" for term in terms]]
    fit = noise_of(np.flatnonzero(seen), size).fit(y[seen], past)["both"]
    whole = np.r_[seen, np.ones(after, dtype=bool)]
    wx = noise_of(np.flatnonzero(whole), np.r_[size, np.ones(after)]).whiten(x[whole])
    at = terms.index("step")
    variance = np.linalg.inv(np.swapaxes(wx, 1, 2) @ wx)[:, at, at]
    return Plan(
        NAME,
        # the middle of the possible standard errors: their mean is drawn up by strong drifts
        float(np.exp(fit.weight @ np.log(variance * fit.scale) / 2)),
        float(whole.sum() - x.shape[1]),
        base=float(np.average(y[seen], weights=records[seen])),
        n_before=int(seen.sum()),
        n_after=after,
        power=power,
        level=level,
    )


def _answer(series: Series, case: Case, level: float) -> Effect:
    """Judge a series as what it is: counts, or values on a scale."""
    if not series.counted:
        return _as_values(series, case, level)
    return interrupted_counts(
        series.value * series.count,
        series.periods,
        after=series.later,
        exposure=series.count,
        season=case.periods_a_year,
        covariates=_on_scale(series.covariates, case),
        errors=case.fit.errors,
        in_force=series.in_force,
        peaks=case.fit.peaks,
        country=series.country,
        level=level,
    )


def _as_values(series: Series, case: Case, level: float) -> Effect:
    return interrupted_series(
        series.value,
        series.periods,
        after=series.later,
        season=case.periods_a_year,
        weights=series.count,
        covariates=_on_scale(series.covariates, case),
        trend=case.fit.trend,
        scale=case.fit.scale,
        errors=case.fit.errors,
        in_force=series.in_force,
        peaks=case.fit.peaks,
        country=series.country,
        level=level,
    )


def counts_as_values(series: Series, case: Case, level: float) -> Effect:
    """Judge counts once more as if they were values on a scale."""
    if not series.counted:
        raise CaseError("these are no counts", where="series", remedy="judge them as values")
    return _as_values(series, case, level)


def _on_scale(movers: pd.DataFrame | None, case: Case) -> pd.DataFrame | None:
    """Covariates as they enter the regression: logarithms where the outcome's logarithm does."""
    if movers is None or case.fit.scale == "level":
        return movers
    for name in movers:
        check_logs(
            movers[name],
            f"covariate {name!r}",
            "they have no logarithm; leave it out, or use the scale `level`",
        )
    return movers.apply(np.log)


def too_short(s: Situation) -> str:
    """Say that a series has too few periods; empty where it has enough."""
    short = s.after < FEWEST_AFTER or s.before < FEWEST_BEFORE
    return "fewer than eight periods before or after" if short else ""


def _plan(series: Series, case: Case, power: float, level: float) -> Plan:
    past = ~series.later
    return plan_series(
        series.value[past],
        after=max(int(series.later.sum()), FEWEST_AFTER),
        season=case.periods_a_year,
        weights=series.count[past],
        power=power,
        level=level,
    )


INTERRUPTED = Design[Series](
    name=NAME,
    family="series",
    shape="series",
    assumption=ASSUMPTION,
    grade=2,
    lacks=too_short,
    answer=_answer,
    rank=5,
    beside=("series with controls", counts_as_values),
    plan=_plan,
)
