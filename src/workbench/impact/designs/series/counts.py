"""Interrupted series of counts: quasi-Poisson, with errors that go on from period to period."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from workbench.arrays import Array
from workbench.impact.designs.series.error_models import ErrorModel, noise_of
from workbench.impact.designs.series.interrupted_series import percent_effect
from workbench.impact.effect import Effect
from workbench.impact.inputs.panel import CaseError
from workbench.impact.inputs.series import read_course

_STEPS = 30
_CLOSE = 1e-4


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
    periods, after, season, covariates, errors, in_force, level
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
            f"there are {y.size} counts and {of.size} exposures", remedy="give one a period"
        )
    course = read_course(y, periods, after, season, covariates, in_force=in_force)
    seen = course.seen
    if (y[seen] < 0).any():
        raise CaseError(
            f"{int((y[seen] < 0).sum())} counts are below zero",
            where="series",
            remedy="use interrupted_series, which takes any values",
        )
    if not (of[seen] > 0).all():
        raise CaseError(
            f"{int((~(of[seen] > 0)).sum())} periods have counts but no exposure",
            where="exposure",
            remedy="leave these periods out (NaN)",
        )
    x, time, seen_y, log_of = course.x[seen], np.flatnonzero(seen), y[seen], np.log(of[seen])
    mean, beta = _independent(x, seen_y, log_of)
    for _ in range(_STEPS):
        working = np.log(mean) - log_of + (seen_y - mean) / mean
        size = (1 / mean) / np.mean(1 / mean)
        fits = noise_of(time, size).fit(working, x)
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
        course, fits, errors, y / of, level=level, exposure=of, how="quasi-Poisson"
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
