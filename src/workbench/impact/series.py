"""Interrupted time series: a shift of the level at the start, given how the series moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.special import stdtr

from workbench.impact.effect import Check, Effect, relative_to
from workbench.impact.panel import CaseError

Array = NDArray[np.float64]
ErrorModel = Literal["ar1", "local_level", "both"]

FEWEST_AFTER = 8
FEWEST_BEFORE = 8
_PHI = np.linspace(-0.4, 0.98, 36)
# Share of a period's new variance that stays for good, from none to nearly all.
_SIGNAL = np.concatenate([[0.0], np.geomspace(1e-3, 8.0, 32)])
NAMES = {"ar1": "AR(1) errors", "local_level": "drifting level"}
ASSUMPTION = (
    "Nothing else happened at the time of the start, and the trend and the season before it would"
    " have gone on."
)


@dataclass(frozen=True)
class _Mixture:
    """Posterior of one coefficient vector: a mixture of t distributions over error models."""

    weight: Array  # (models,)
    beta: Array  # (models, k)
    covariance: Array  # (models, k, k)
    df: float
    evidence: float  # log of the mean restricted likelihood

    def mean(self) -> Array:
        return np.asarray(self.weight @ self.beta)

    def spread(self) -> Array:
        """Covariance of the coefficients over the mixture, without the t's heavier tails."""
        centred = self.beta - self.mean()
        within = np.einsum("m,mij->ij", self.weight, self.covariance)
        return np.asarray(within + (self.weight[:, None] * centred).T @ centred)

    def below(self, c: Array, value: float) -> float:
        """Probability that c'beta lies below a value."""
        se = np.sqrt(np.einsum("i,mij,j->m", c, self.covariance, c))
        return float(self.weight @ stdtr(self.df, (value - self.beta @ c) / se))

    def limits(self, contrasts: Array, level: float) -> tuple[Array, Array]:
        """Limits of many contrasts at once, shape (contrasts, k)."""
        se = np.sqrt(np.einsum("ci,mij,cj->cm", contrasts, self.covariance, contrasts))
        centre = contrasts @ self.beta.T
        reach = 12 * se.max(axis=1)
        ends = []
        for target in (0.5 - level / 2, 0.5 + level / 2):
            low, high = centre.min(axis=1) - reach, centre.max(axis=1) + reach
            for _ in range(42):
                middle = (low + high) / 2
                share = stdtr(self.df, (middle[:, None] - centre) / se) @ self.weight
                low = np.where(share < target, middle, low)
                high = np.where(share < target, high, middle)
            ends.append((low + high) / 2)
        return ends[0], ends[1]


def interrupted_series(
    values: ArrayLike,
    periods: pd.Index | None = None,
    *,
    after: ArrayLike,
    season: int | None = None,
    weights: ArrayLike | None = None,
    errors: ErrorModel = "both",
    level: float = 0.95,
) -> Effect:
    """Estimate the shift of a series at the start of a measure.

    A straight trend, seasonal terms and a step. Since no single model of the errors is safe, two
    are fitted by restricted maximum likelihood: AR(1) errors, averaged over the autocorrelation,
    and a drifting (local) level, averaged over the signal ratio. The answer is that of the two
    with the wider interval; `parts` holds both.

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
    errors : {"both", "ar1", "local_level"}

    Raises
    ------
    CaseError
        Fewer than eight points before or after, a constant series, NaN only.

    References
    ----------
    Harville (1977), JASA 72, 320-338 (restricted likelihood); Harvey (1989), Forecasting,
    Structural Time Series Models, section 2.3 (local level).
    """
    y = np.asarray(values, dtype=float)
    later = np.asarray(after, dtype=bool)
    if y.shape != later.shape or y.ndim != 1:
        raise CaseError(
            f"there are {y.size} values and {later.size} marks of before and after",
            remedy="give one a period",
        )
    names = pd.RangeIndex(len(y)) if periods is None else pd.Index(periods)
    seen = np.isfinite(y)
    _check_points(y, seen, later)
    n_records = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=float)
    x, terms = _design(len(y), later, season)
    noise = np.mean(n_records[seen]) / n_records[seen]
    time = np.flatnonzero(seen)
    fits = {
        name: _averaged(y[seen], x[seen], family(time, noise))
        for name, family in (("ar1", _ar1), ("local_level", _local_level))
        if errors in (name, "both")
    }
    c = np.zeros(x.shape[1])
    c[terms.index("step")] = 1.0
    limits = {
        name: (float(low[0]), float(high[0]))
        for name, (low, high) in ((n, f.limits(c[None, :], level)) for n, f in fits.items())
    }
    widest = max(fits, key=lambda name: limits[name][1] - limits[name][0])
    shown, (low, high) = fits[widest], limits[widest]
    effect = float(shown.mean() @ c)
    tail = shown.below(c, 0.0)
    evidence = np.logaddexp.reduce([fit.evidence for fit in fits.values()])
    parts = pd.DataFrame(
        {
            "model": [NAMES[name] for name in fits],
            "estimate": [float(fit.mean() @ c) for fit in fits.values()],
            "low": [limits[name][0] for name in fits],
            "high": [limits[name][1] for name in fits],
            "weight": [float(np.exp(fit.evidence - evidence)) for fit in fits.values()],
        }
    )
    mean = float(np.average(y[seen & later], weights=n_records[seen & later]))
    relative = _relative(shown, c, x[seen & later].mean(axis=0), effect, low, high)
    checks = _checks(parts, later, season, terms)
    return Effect(
        design="interrupted time series",
        effect=effect,
        low=low,
        high=high,
        p=2 * min(tail, 1 - tail),
        relative=relative[0],
        relative_low=relative[1],
        relative_high=relative[2],
        counterfactual=mean - effect,
        inference=f"restricted likelihood, {NAMES[widest]}",
        n_units=int(seen.sum()),
        n_treated=int((seen & later).sum()),
        n_before=int((seen & ~later).sum()),
        n_after=int((seen & later).sum()),
        start=names[int(np.argmax(later))],
        series=_picture(y, names, x, shown, c, later, level),
        parts=parts,
        checks=tuple(checks),
        assumption=ASSUMPTION,
    )


def _check_points(y: Array, seen: NDArray[np.bool_], later: NDArray[np.bool_]) -> None:
    before, after = int((seen & ~later).sum()), int((seen & later).sum())
    for n, needed, name in ((before, FEWEST_BEFORE, "before"), (after, FEWEST_AFTER, "after")):
        if n < needed:
            raise CaseError(
                f"there are {n} points {name} the start, {needed} are needed",
                where="series",
                remedy="wait for more data, or measure more often (months in place of waves)",
            )
    if np.ptp(y[seen]) < 1e-12 * max(1.0, float(np.abs(y[seen]).max())):
        raise CaseError(
            f"the series is {y[seen][0]:g} throughout",
            where="series",
            remedy="nothing can be learnt from a constant; check the indicator",
        )
    if (np.diff(later.astype(int)) < 0).any():
        raise CaseError(
            "periods before and after are mixed", where="series", remedy="sort the series by time"
        )


def _design(n: int, later: NDArray[np.bool_], season: int | None) -> tuple[Array, list[str]]:
    time = np.arange(n, dtype=float)
    columns = {"constant": np.ones(n), "trend": (time - time.mean()) / max(n - 1, 1)}
    before = int((~later).sum())
    if season and season > 1 and (before >= season or n >= 1.5 * season):
        # two harmonics catch a business year; a full set would eat short series
        for j in range(1, min(2 if n < 6 * season else 5, (season - 1) // 2 or 1) + 1):
            columns[f"cos{j}"] = np.cos(2 * np.pi * j * time / season)
            if 2 * j != season:
                columns[f"sin{j}"] = np.sin(2 * np.pi * j * time / season)
    columns["step"] = later.astype(float)
    return np.column_stack(list(columns.values())), list(columns)


def _ar1(time: NDArray[np.int_], noise: Array) -> Array:
    lag = np.abs(time[:, None] - time[None, :])
    size = np.sqrt(noise)
    # 0 to the power of 0 is 1: uncorrelated errors need no case of their own
    steps = np.arange(lag.max() + 1)
    correlations = [(phi**steps)[lag] for phi in _PHI]
    return np.asarray(np.stack(correlations) * np.outer(size, size), dtype=float)


def _local_level(time: NDArray[np.int_], noise: Array) -> Array:
    walk = np.minimum(time[:, None], time[None, :]) - time[0]
    return np.stack([np.diag(noise) + q * walk for q in _SIGNAL])


def _averaged(y: Array, x: Array, families: Array) -> _Mixture:
    """Fit under every covariance and weigh by the restricted likelihood."""
    n, k = x.shape
    scores, betas, covariances = [], [], []
    for v in families:
        factor = cho_factor(v, lower=True)
        vx, vy = cho_solve(factor, x), cho_solve(factor, y)
        precision = x.T @ vx
        beta = np.linalg.solve(precision, vx.T @ y)
        rss = max(float(y @ vy - beta @ (vx.T @ y)), 1e-300)
        log_v = 2 * float(np.log(np.diag(factor[0])).sum())
        log_p = float(np.linalg.slogdet(precision)[1])
        scores.append(-0.5 * (log_v + log_p + (n - k) * np.log(rss)))
        betas.append(beta)
        covariances.append(np.linalg.inv(precision) * rss / (n - k))
    score = np.array(scores)
    weight = np.exp(score - score.max())
    evidence = float(score.max() + np.log(weight.mean()))
    return _Mixture(weight / weight.sum(), np.array(betas), np.array(covariances), n - k, evidence)


def _relative(
    fit: _Mixture, c: Array, after: Array, effect: float, low: float, high: float
) -> tuple[float, float, float]:
    """Effect over the level without the measure, both from the same fit."""
    spread = fit.spread()
    se_effect = float(np.sqrt(c @ spread @ c))
    mean, se_mean = float(after @ fit.mean()), float(np.sqrt(after @ spread @ after))
    quantile = (high - low) / (2 * se_effect)
    return relative_to(effect, se_effect, mean, se_mean, float(after @ spread @ c), quantile)


def _picture(
    y: Array,
    names: pd.Index,
    x: Array,
    fit: _Mixture,
    c: Array,
    later: NDArray[np.bool_],
    level: float,
) -> pd.DataFrame:
    without = x * (1 - c)
    line = without @ fit.mean()
    low, high = np.full(len(y), np.nan), np.full(len(y), np.nan)
    low[later], high[later] = fit.limits(without[later], level)
    return pd.DataFrame(
        {
            "period": names,
            "observed": y,
            "counterfactual": line,
            "low": low,
            "high": high,
            "after": later,
        }
    )


def _checks(
    parts: pd.DataFrame,
    later: NDArray[np.bool_],
    season: int | None,
    terms: list[str],
) -> list[Check]:
    checks = []
    if len(parts) == 2:
        clear = (parts["low"] > 0) | (parts["high"] < 0)
        if clear.iloc[0] != clear.iloc[1]:
            checks.append(
                Check(
                    "error models",
                    "warning",
                    "Two models of how the series moves disagree on whether there is an effect;"
                    " the wider interval is shown.",
                )
            )
        else:
            checks.append(Check("error models", "ok", "Two models of how the series moves agree."))
    before = int((~later).sum())
    if season and "cos1" not in terms:
        checks.append(
            Check(
                "season",
                "warning",
                "The series is too short to take out the season; an effect cannot be told from"
                " the time of year.",
            )
        )
    elif season and before < 1.5 * season:
        checks.append(
            Check(
                "season",
                "warning",
                "Only {n} periods lie before the start; with hardly more than one year, season and"
                " trend are told apart by the shape of the season alone.",
                {"n": before},
            )
        )
    elif season and before < 2 * season:
        checks.append(
            Check(
                "season",
                "note",
                "Only {n} periods lie before the start; the season is known from few years.",
                {"n": before},
            )
        )
    return checks
