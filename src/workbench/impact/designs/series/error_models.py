"""How a series moves by itself: AR(1) errors on a drifting level, averaged over both unknowns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from workbench.arrays import Array, Mask
from workbench.impact.inputs.panel import CaseError
from workbench.stats.mixtures import NEGLIGIBLE, mixture_limits

ErrorModel = Literal["ar1", "local_level", "both"]

NAMES = {
    "ar1": "AR(1) errors",
    "local_level": "drifting level",
    "both": "both",
    "bent": "trend that bent before the start",
}
# Autocorrelation of what passes, and the share of a period's variance that stays for good. Dense
# where the answer hangs on them; each holds 0, so that either model is an edge of the grid.
PHI = np.array([-0.4, -0.2, 0, 0.2, 0.35, 0.5, 0.6, 0.7, 0.78, 0.85, 0.9, 0.94, 0.97, 0.99])
DRIFT = np.array([0, 0.001, 0.004, 0.013, 0.04, 0.12, 0.35, 1, 3, 9.0])
# Leaning to strong autocorrelation: short series hide it (Kendall's bias), and missing it costs
# coverage, while supposing it costs width.
_LEAN = 0.25
# Leaning to a level that drifts visibly, too: long series that do are else taken for AR(1) errors.
_VISIBLE, _DRIFTING = (0.03, 0.5), 1.5
# Chance that a trend bent before the start, as the estimate and as the wary take it; by how much,
# in standard deviations of a period's noise at the start (calibration: bends of 6 and 12 periods).
_BENT, _WARY, _BY = 0.3, 0.75, (1.5, 5.0)
# Autocorrelation up to which errors stay near a line.
_PASSES = 0.7
#: Logarithm by which those who are wary of a bend give it more weight.
WARY = float(np.log(_WARY / (1 - _WARY)) - np.log(_BENT / (1 - _BENT)))
_EDGES: tuple[ErrorModel, ...] = ("ar1", "local_level")


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

    def fit(self, y: Array, x: Array, bends: Mask | None = None) -> dict[str, Posterior]:
        """Fit a regression under every covariance and weigh by the restricted likelihood.

        Parameters
        ----------
        y : ndarray, shape (n,)
        x : ndarray, shape (n, k)
        bends : ndarray of bool, shape (k,), optional
            Columns of which one at most enters, its coefficient normal around zero.

        Returns
        -------
        dict
            The average over all ("both"), over either edge of the grid without a bend, and, where
            there are bends, over all that bend ("bent") and once more over all, by one who is
            wary of bends ("wary"): an interval that holds for both holds where they part. Without
            any drift, which would take a bend for its own: "line".

        References
        ----------
        Harville (1977), JASA 72, 320-338.
        """
        white = np.ascontiguousarray(self.whiten(np.column_stack([x, y])))
        gram = np.swapaxes(white, 1, 2) @ white
        straight = np.flatnonzero(np.ones(x.shape[1], dtype=bool) if bends is None else ~bends)
        size = (len(y), len(straight), x.shape[1])
        plain = self._regression(gram, straight, size)
        fits = {"both": plain}
        if bends is not None and bends.any():
            some, share = self.sparse
            places = np.flatnonzero(bends)
            share -= np.log(len(places) * len(_BY))
            thin = replace(
                self, log_det=self.log_det[some], phi=self.phi[some], drift=self.drift[some]
            )
            parts = [
                thin._regression(gram[some], np.r_[straight, place], size, by, share)
                for place in places
                for by in _BY
            ]
            fits["bent"] = _joined(parts)
            fits["both"] = _joined([plain, fits["bent"]])
            more = replace(fits["bent"], score=fits["bent"].score + WARY)
            fits["wary"] = _joined([plain, more])
            near = (self.drift == 0) & (self.phi <= _PASSES)
            bent = np.tile(near[some], len(parts))
            fits["line"] = _joined([plain.of(near), fits["bent"].of(bent)])
        for name in _EDGES:
            fits[name] = plain.of(self.only(name))
        return {name: part.averaged() for name, part in fits.items()}

    @property
    def sparse(self) -> tuple[NDArray[np.bool_], float]:
        """Every second error model, for bends, and the logarithm by which each weighs more."""
        some = np.isin(self.phi, PHI[::2]) & np.isin(self.drift, DRIFT[::2])
        more = np.exp(self.prior).sum() / np.exp(self.prior[some]).sum()
        return some, float(np.log(_BENT / (1 - _BENT) * more))

    def _regression(
        self,
        gram: Array,
        columns: NDArray[np.int_],
        size: tuple[int, int, int],
        by: float = 0.0,
        share: float = 0.0,
    ) -> _Scored:
        """Regress on some columns under every covariance; the last one is a bend where `by`."""
        n, k, width = size
        precision = gram[:, columns[:, None], columns]
        if by:
            precision[:, -1, -1] += 1 / by**2
            share -= np.log(by)
        try:
            inverse = np.linalg.inv(precision)
        except np.linalg.LinAlgError:
            raise CaseError(
                "the effect, or how far it may be off, cannot be worked out from so few data",
                where="series",
                remedy="bring more periods or units, or leave out what else is fitted",
            ) from None
        cross = gram[:, columns, -1]
        beta = np.einsum("mij,mj->mi", inverse, cross)
        rss = np.maximum(gram[:, -1, -1] - np.einsum("mi,mi->m", beta, cross), 1e-300)
        score = -0.5 * (self.log_det + np.linalg.slogdet(precision)[1] + (n - k) * np.log(rss))
        scale = rss / (n - k)
        whole = np.zeros((len(rss), width))
        covariance = np.zeros((len(rss), width, width))
        whole[:, columns] = beta
        covariance[:, columns[:, None], columns] = inverse * scale[:, None, None]
        return _Scored(score + self.prior + share, whole, covariance, scale, n - k)


@dataclass(frozen=True)
class _Scored:
    """Regressions with the logarithm of what speaks for each."""

    score: Array
    beta: Array
    covariance: Array
    scale: Array
    df: float

    def of(self, some: NDArray[np.bool_]) -> _Scored:
        return _Scored(
            self.score[some], self.beta[some], self.covariance[some], self.scale[some], self.df
        )

    def averaged(self) -> Posterior:
        weight = np.exp(self.score - self.score.max())
        evidence = float(self.score.max() + np.log(weight.mean()))
        weight = weight / weight.sum()
        return Posterior(weight, self.beta, self.covariance, self.df, evidence, self.scale)


def _joined(parts: list[_Scored]) -> _Scored:
    """Set regressions beside one another."""
    return _Scored(
        np.concatenate([part.score for part in parts]),
        np.concatenate([part.beta for part in parts]),
        np.concatenate([part.covariance for part in parts]),
        np.concatenate([part.scale for part in parts]),
        parts[0].df,
    )


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
