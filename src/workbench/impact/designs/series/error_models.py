"""How a series moves by itself: AR(1) errors on a drifting level, averaged over both unknowns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from workbench.arrays import Array
from workbench.stats.mixtures import NEGLIGIBLE, mixture_limits

ErrorModel = Literal["ar1", "local_level", "both"]

NAMES = {"ar1": "AR(1) errors", "local_level": "drifting level", "both": "both"}
# Autocorrelation of what passes, and the share of a period's variance that stays for good. Dense
# where the answer hangs on them; each holds 0, so that either model is an edge of the grid.
PHI = np.array([-0.4, -0.2, 0, 0.2, 0.35, 0.5, 0.6, 0.7, 0.78, 0.85, 0.9, 0.94, 0.97, 0.99])
DRIFT = np.array([0, 0.001, 0.004, 0.013, 0.04, 0.12, 0.35, 1, 3, 9.0])
# Leaning to strong autocorrelation: short series hide it (Kendall's bias), and missing it costs
# coverage, while supposing it costs width.
_LEAN = 0.25
# Leaning to a level that drifts visibly, too: long series that do are else taken for AR(1) errors.
_VISIBLE, _DRIFTING = (0.03, 0.5), 1.5


@dataclass(frozen=True)
class Posterior:
    """Posterior of one coefficient vector: a mixture of t distributions over error models.

    Attributes
    ----------
    weight : ndarray, shape (models,)
    beta : ndarray, shape (models, k)
    covariance : ndarray, shape (models, k, k)
    df : float
    evidence : float
        Log of the mean restricted likelihood.
    scale : ndarray, shape (models,)
        Variance of a period's noise under each.
    """

    weight: Array
    beta: Array
    covariance: Array
    df: float
    evidence: float
    scale: Array

    def mean(self) -> Array:
        """Mean of the coefficients."""
        return np.asarray(self.weight @ self.beta)

    def total_covariance(self) -> Array:
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
        likely = self.weight > NEGLIGIBLE  # the rest is not worth its contrasts
        se = np.sqrt(np.einsum("ci,mij,cj->cm", contrasts, self.covariance[likely], contrasts))
        centre = contrasts @ self.beta[likely].T
        return mixture_limits(self.weight[likely], centre, se, self.df, level)


@dataclass(frozen=True)
class Noise:
    """Covariances that a series may have, up to their scale, made ready for regressions.

    Each is that of a state of two parts, what passes and what stays, so that a series is whitened
    point by point (Kalman's filter) and neither time nor memory grows with more than its length.

    Attributes
    ----------
    phi, drift : ndarray, shape (models,)
    log_det : ndarray, shape (models,)
    spread : ndarray, shape (n, models)
        Standard deviation of each point, given those before it.
    carried : ndarray, shape (n, models)
        Share of what passes that is left since the point before.
    gain : ndarray, shape (n, 2, models)
        How far an error at a point moves both parts of the state.
    load : ndarray, shape (n,)
        Weight of what passes in each point.
    """

    phi: Array
    drift: Array
    log_det: Array
    spread: Array
    carried: Array
    gain: Array
    load: Array

    def whiten(self, x: Array, models: NDArray[Any] | None = None) -> Array:
        """Give columns as they would be, were the errors independent and of variance one.

        Parameters
        ----------
        x : ndarray, shape (n, k)
        models : ndarray, optional
            Which of the covariances; all when left out.

        Returns
        -------
        ndarray, shape (models, n, k)
        """
        some = slice(None) if models is None else models
        spread = np.ascontiguousarray(self.spread[:, some])[:, :, None]
        carried = np.ascontiguousarray(self.carried[:, some])[:, :, None]
        gain = np.ascontiguousarray(self.gain[:, :, some])[:, :, :, None]
        n, k = x.shape
        white = np.empty((n, spread.shape[1], k))
        passing, staying = np.zeros((2, spread.shape[1], k))
        for t in range(n):
            passing *= carried[t]
            error = white[t]
            np.multiply(passing, -self.load[t], out=error)
            error -= staying
            error += x[t]
            passing += gain[t, 0] * error
            staying += gain[t, 1] * error
            error /= spread[t]
        return np.swapaxes(white, 0, 1)

    @property
    def prior(self) -> Array:
        """Logarithm of each model's weight before the series has spoken."""
        visible = (self.drift > _VISIBLE[0]) & (self.drift < _VISIBLE[1])
        return np.asarray(np.log(_DRIFTING) * visible - _LEAN * np.log(1 - self.phi))

    def only(self, errors: ErrorModel) -> NDArray[np.bool_]:
        """Models of one kind: those on an edge of the grid, or all."""
        if errors == "ar1":
            return np.asarray(self.drift == 0)
        return np.asarray((self.phi == 0) | (errors == "both"))

    def fit(self, y: Array, x: Array) -> dict[ErrorModel, Posterior]:
        """Fit a regression under every covariance and weigh by the restricted likelihood.

        Parameters
        ----------
        y : ndarray, shape (n,)
        x : ndarray, shape (n, k)

        Returns
        -------
        dict
            The average over the whole grid ("both"), and over either edge.

        References
        ----------
        Harville (1977), JASA 72, 320-338.
        """
        n, k = x.shape
        both = np.ascontiguousarray(self.whiten(np.column_stack([x, y])))
        wx, wy = both[:, :, :k], both[:, :, k]
        cross = np.einsum("mni,mn->mi", wx, wy)
        precision = np.swapaxes(wx, 1, 2) @ wx
        inverse = np.linalg.inv(precision)
        beta = np.einsum("mij,mj->mi", inverse, cross)
        rss = np.einsum("mn,mn->m", wy, wy) - np.einsum("mi,mi->m", beta, cross)
        rss = np.maximum(rss, 1e-300)
        log_p = np.linalg.slogdet(precision)[1]
        score = -0.5 * (self.log_det + log_p + (n - k) * np.log(rss))
        score = score + self.prior
        scale = rss / (n - k)
        covariance = inverse * scale[:, None, None]
        fits: dict[ErrorModel, Posterior] = {}
        names: tuple[ErrorModel, ...] = ("both", "ar1", "local_level")
        for name in names:
            some = self.only(name)
            weight = np.exp(score[some] - score[some].max())
            evidence = float(score[some].max() + np.log(weight.mean()))
            fits[name] = Posterior(
                weight / weight.sum(), beta[some], covariance[some], n - k, evidence, scale[some]
            )
        return fits


def follow(
    noise: Noise,
    fit: Posterior,
    errors: ErrorModel,
    y: Array,
    x: Array,
    seen: NDArray[np.bool_],
    without: Array,
    level: float,
) -> tuple[Array, Array, Array]:
    """Give the path under other regressors, with the drift that the series was on.

    Parameters
    ----------
    noise, fit, errors, y, x
        The regression: its covariances, the fit of one kind, its points.
    seen : ndarray of bool, shape (periods,)
        Periods that are its points.
    without : ndarray, shape (periods, k)
        Regressors of that path.

    Returns
    -------
    tuple of ndarray
        Path, low, high; of the mean, not of single periods.

    References
    ----------
    Harvey (1989), section 4.4 (smoothing); here as universal kriging (Cressie 1993, section 3.4).
    """
    likely = fit.weight > NEGLIGIBLE
    some = np.flatnonzero(noise.only(errors))[likely]
    places, at = np.arange(len(without)), np.flatnonzero(seen)
    walk = np.maximum(np.minimum(places[:, None], at[None, :]) - at[0], 0)
    own = np.maximum(places - at[0], 0)
    centre, se = np.empty((2, len(without), len(some)))
    models = zip(some, fit.beta[likely], fit.covariance[likely], fit.scale[likely], strict=True)
    for j, (m, beta, covariance, scale) in enumerate(models):
        q = noise.drift[m]
        columns = np.column_stack([y - x @ beta, x, walk.T])
        white = noise.whiten(columns, np.array([m]))[0]
        shared = q * white[:, 1 + x.shape[1] :].T
        centre[:, j] = without @ beta + shared @ white[:, 0]
        loading = without - shared @ white[:, 1 : 1 + x.shape[1]]
        left = np.maximum(q * own - (shared**2).sum(axis=1), 0)
        regression = np.einsum("ti,ij,tj->t", loading, covariance, loading)
        se[:, j] = np.sqrt(scale * left + regression)
    weight = fit.weight[likely] / fit.weight[likely].sum()
    low, high = mixture_limits(weight, centre, se, fit.df, level)
    return centre @ weight, low, high


def noise_of(time: NDArray[np.int_], size: Array) -> Noise:
    """Make the grid of covariances for points in time.

    Parameters
    ----------
    time : ndarray of int, shape (n,)
        Their places; a gap keeps its length.
    size : ndarray, shape (n,)
        Relative variance of each point's own noise (1 where all rest on equally many records).

    References
    ----------
    Harvey (1989), Forecasting, Structural Time Series Models and the Kalman Filter, section 2.3.
    """
    return _noise(time.astype(np.int64).tobytes(), np.asarray(size, dtype=float).tobytes())


@lru_cache(maxsize=8)
def _noise(time_bytes: bytes, size_bytes: bytes) -> Noise:
    time, load = np.frombuffer(time_bytes, np.int64), np.sqrt(np.frombuffer(size_bytes))
    phi, drift = np.array([(phi, q) for phi in PHI for q in DRIFT]).T
    n, models = len(time), len(phi)
    spread, carried, gain = np.empty((n, models)), np.empty((n, models)), np.empty((n, 2, models))
    # variances of what passes and of what stays, and their covariance, given the points before
    passing, both, staying = np.ones(models), np.zeros(models), np.zeros(models)
    for t in range(n):
        if t:
            lag = time[t] - time[t - 1]
            kept = phi**lag
            passing = kept**2 * passing + (1 - kept**2)
            both = kept * both
            staying = staying + drift * lag
        with_passing, with_staying = load[t] * passing + both, load[t] * both + staying
        variance = load[t] * with_passing + with_staying
        gain[t] = with_passing / variance, with_staying / variance
        spread[t], carried[t] = np.sqrt(variance), kept if t else 0.0
        passing = np.maximum(passing - gain[t, 0] * with_passing, 0.0)
        both = both - gain[t, 0] * with_staying
        staying = np.maximum(staying - gain[t, 1] * with_staying, 0.0)
    return Noise(phi, drift, 2 * np.log(spread).sum(axis=0), spread, carried, gain, load)
