"""Where an indicator stands beneath chance and season, and where it is heading.

The measured value of a period is a level, plus a season, plus chance. The level wanders (a random
walk) and drifts; how much of each is not known, and a short record cannot say. So the model is
fitted under many settings and the answers are averaged by how well each setting explains the
record (marginal likelihood). Averaging keeps the intervals honest where picking the best setting
would make them too narrow. Beyond the record the drift either goes on or fades by 15 % a period,
each with half of the weight (a damped trend; Gardner and McKenzie 1985, Management Science 31,
1237-1246). The chance part has at least the standard error with which each value was measured.

Local level and drift: Harvey (1989), Forecasting, Structural Time Series Models and the Kalman
Filter, section 2.3; written here as a Gaussian process, which needs no recursion.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, ndtr, ndtri

from workbench.goals.plan import GoalError
from workbench.goals.record import Record

Floats = NDArray[np.float64]

# Settings in units of the record's own roughness.
NOISE_KNOWN: Final = (0.0, 0.7, 1.5)  # beyond the sampling error, in units of it
NOISE_UNKNOWN: Final = (0.3, 0.7, 1.0)
WANDER: Final = (0.0, 0.08, 0.25, 0.6, 1.3)
DRIFT: Final = (0.0, 0.04, 0.12, 0.35)
SEASON: Final = (0.0, 0.7, 2.0)
# How likely each setting is before the record is seen: most indicators stand still most of the
# time. With equal weights, stated probabilities lay too near to one half on simulated studies.
NOISE_PRIOR: Final = (0.45, 0.35, 0.2)
WANDER_PRIOR: Final = (0.38, 0.25, 0.18, 0.12, 0.07)
DRIFT_PRIOR: Final = (0.42, 0.28, 0.18, 0.12)
FADING: Final = (1.0, 0.85)
FEWEST: Final = 5
BACKTESTS: Final = 8


@dataclass(frozen=True)
class Mixture:
    """A distribution made of normal ones; `weight` sums to one."""

    weight: Floats
    mean: Floats
    sd: Floats

    @property
    def centre(self) -> float:
        """The mean."""
        return float(self.weight @ self.mean)

    def above(self, value: float) -> float:
        """Probability of at least this value."""
        return float(self.weight @ ndtr((self.mean - value) / self.sd))

    def quantile(self, p: float) -> float:
        """Value below which the share p lies, by bisection."""
        z = ndtri(p)
        low = float(np.min(self.mean + z * self.sd))
        high = float(np.max(self.mean + z * self.sd))
        for _ in range(40):
            middle = 0.5 * (low + high)
            if 1 - self.above(middle) < p:
                low = middle
            else:
                high = middle
        return 0.5 * (low + high)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Limits between which the share `level` lies."""
        return self.quantile((1 - level) / 2), self.quantile((1 + level) / 2)


@dataclass(frozen=True)
class _Posterior:
    """A record explained under each setting, the settings weighted by how well they do."""

    step: NDArray[np.int64]
    mean: float
    scale: float
    error: float  # mean sampling variance, for values to be measured
    cycle: int
    weight: Floats
    settings: Floats  # noise, wander, drift, season, in the record's unit
    root: Floats
    white: Floats

    def at(self, step: int, *, with_season: bool) -> Mixture:
        """Distribution of the level (or of the measured value) at one period."""
        t = self.step.astype(np.float64)
        noise, wander, drift, season = (self.settings[:, k] for k in range(4))
        beyond = max(float(step) - t[-1], 0.0)
        means, sds = [], []
        fadings = FADING if beyond else (1.0,)
        for fading in fadings:
            # Periods of drift between the start of the record and the period asked for.
            ahead = beyond if fading == 1.0 else fading * (1 - fading**beyond) / (1 - fading)
            run = min(float(step), t[-1]) + ahead
            cross = (
                self._vague
                + wander[:, None] ** 2 * np.minimum(t, float(step))
                + drift[:, None] ** 2 * t * run
            )
            own = self._vague + wander**2 * step + drift**2 * run**2
            if with_season:
                here = np.array([step])
                cross = cross + season[:, None] ** 2 * _season(self.step, here, self.cycle)[:, 0]
                own = own + season**2 * _season(here, here, self.cycle)[0, 0]
            half = np.linalg.solve(self.root, cross[:, :, None])[..., 0]
            variance = np.maximum(own - (half**2).sum(axis=1), 1e-12 * self.scale**2)
            if with_season:
                variance = variance + noise**2 + self.error
            means.append(self.mean + (half * self.white).sum(axis=1))
            sds.append(np.sqrt(variance))
        weight = np.tile(self.weight, len(fadings)) / len(fadings)
        return Mixture(weight, np.concatenate(means), np.concatenate(sds))

    @property
    def _vague(self) -> float:
        return 1e4 * self.scale**2


def _posterior(step: NDArray[np.int64], value: Floats, se: Floats, cycle: int) -> _Posterior:
    """Explain a record under all settings; those that explain nothing are dropped."""
    t = step.astype(np.float64)
    known = bool(np.isfinite(se).all())
    error = np.where(np.isfinite(se), se, 0.0)
    rough = float(np.sqrt(np.mean(np.diff(value) ** 2) / 2))
    sampling = float(np.sqrt(np.mean(error**2)))
    least = 1e-9 * (1 + float(np.abs(value).max()))
    scale = max(rough, sampling, least)
    pace = abs(float(value[-1] - value[0])) / float(t[-1] - t[0]) / scale
    # A precise measurement is believed: chance beyond it is sized by its own error.
    own = [k * sampling / scale for k in NOISE_KNOWN]
    noises, seasons = own if known else NOISE_UNKNOWN, SEASON if cycle else (0.0,)
    drifts = (*DRIFT, pace) if pace > DRIFT[-1] else DRIFT
    settings = scale * np.array(list(product(noises, WANDER, drifts, seasons)))
    noise, wander, drift, season = (settings[:, k, None, None] for k in range(4))
    cov = (
        1e4 * scale**2
        + wander**2 * np.minimum(t[:, None], t)
        + drift**2 * np.outer(t, t)
        + season**2 * _season(step, step, cycle)
        + np.eye(t.size) * (noise**2 + 1e-8 * scale**2)
        + np.diag(error**2)
    )
    root = np.linalg.cholesky(cov)
    off = value - value.mean()
    white = np.linalg.solve(root, np.broadcast_to(off[:, None], (*root.shape[:2], 1)))[..., 0]
    determinant = np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
    loglik = -0.5 * (white**2).sum(axis=1) - determinant
    loglik += np.log([a * b * c for a, b, c, _ in _prior(known, len(drifts), len(seasons))])
    weight = np.exp(loglik - logsumexp(loglik))
    keep = weight > 1e-5
    return _Posterior(
        step=step,
        mean=float(value.mean()),
        scale=scale,
        error=float(np.mean(error**2)),
        cycle=cycle,
        weight=weight[keep] / weight[keep].sum(),
        settings=settings[keep],
        root=root[keep],
        white=white[keep],
    )


def _prior(known: bool, drifts: int, seasons: int) -> Iterator[tuple[float, ...]]:
    """Give the prior weights of the settings, in the order of the settings."""
    noise = NOISE_PRIOR if known else (1.0,) * len(NOISE_UNKNOWN)
    drift = (*DRIFT_PRIOR, DRIFT_PRIOR[-1])[:drifts]
    return product(noise, WANDER_PRIOR, drift, (1.0,) * seasons)


def _season(a: NDArray[np.int64], b: NDArray[np.int64], cycle: int) -> Floats:
    """Covariance of season effects that add up to nothing over a year: one wave, and free ones."""
    if not cycle:
        return np.zeros((a.size, b.size))
    apart = (a[:, None] - b) % cycle
    free = (apart == 0) - 1.0 / cycle
    wave = np.cos(2 * np.pi * apart / cycle)
    return np.asarray(wave + free if cycle > 2 else free, dtype=np.float64)


@dataclass(frozen=True)
class LevelModel:
    """A fitted record: gives the level at any period, and what would be measured.

    Attributes
    ----------
    record : Record
    seasonal : bool
        Whether a season was allowed for.
    backtest : ndarray, shape (k, 2)
        Absolute one-step errors of this model and of the naive forecast (the last value), for the
        last k periods; empty when the record is too short.
    """

    record: Record
    seasonal: bool
    backtest: Floats
    _explained: _Posterior

    def level(self, step: int) -> Mixture:
        """Distribution of the level (season and chance taken off) at a period."""
        return self._explained.at(step, with_season=False)

    def measured(self, step: int) -> Mixture:
        """Distribution of the value that would be measured at a period, season included."""
        return self._explained.at(step, with_season=True)


def fit_level(record: Record, *, backtest: bool = True) -> LevelModel:
    """Fit the averaged local trend to a record of at least five values.

    A season is allowed for when the record covers two full years of periods shorter than a year.

    Parameters
    ----------
    record : Record
    backtest : bool
        Whether to forecast the last periods from what came before them, too.

    Raises
    ------
    GoalError
        If there are fewer than five values.
    """
    n = record.value.size
    if n < FEWEST:
        raise GoalError(
            f"{n} values are too few for a forecast",
            where="fit_level",
            remedy=f"at least {FEWEST} are needed",
        )
    errors = []
    for j in range(max(FEWEST, n - BACKTESTS), n if backtest else 0):
        earlier = _posterior(record.step[:j], record.value[:j], record.se[:j], _cycle(record, j))
        forecast = earlier.at(int(record.step[j]), with_season=True).centre
        truth, last = record.value[j], record.value[j - 1]
        errors.append((abs(truth - forecast), abs(truth - last)))
    cycle = _cycle(record, n)
    return LevelModel(
        record=record,
        seasonal=cycle > 0,
        backtest=np.array(errors, dtype=np.float64).reshape(-1, 2),
        _explained=_posterior(record.step, record.value, record.se, cycle),
    )


def _cycle(record: Record, known: int) -> int:
    """Periods in a season, 0 where the first `known` values are too few to see one."""
    length = record.season_length
    enough = length > 1 and known >= 8 and int(record.step[known - 1]) + 1 >= 2 * length
    return length if enough else 0
