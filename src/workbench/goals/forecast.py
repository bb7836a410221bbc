"""Where an indicator stands beneath chance and season, and where it is heading.

The measured value of a period is a level, plus a season, plus chance. The level may stand still,
wander (a random walk), drift on (a line whose slope is drawn once) or drift for a time (slopes that
fade by 15 % a period while new ones come: a damped trend, Gardner and McKenzie 1985, Management
Science 31, 1237-1246). What it does, and how much of each there is, a short record cannot say. So
it is explained under many settings, each a Gaussian process, which needs no recursion and takes
gaps as they come (Harvey 1989, Forecasting, Structural Time Series Models and the Kalman Filter,
sections 2.3 and 8.3), and the answers are averaged by how well each setting explains the record
(marginal likelihood; Hoeting et al. 1999, Bayesian Model Averaging, Statistical Science 14(4)).
Averaging keeps the intervals honest where picking the best setting would make them too narrow. Who
knows what the level does can state one family instead. The chance part has at least the standard
error with which each value was measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logsumexp

from workbench.arrays import Array
from workbench.goals.record import GoalError, IndicatorRecord, read_record
from workbench.stats.mixtures import Mixture
from workbench.study.goals import AVERAGED, DAMPED, FAMILIES, FORECASTS, STEADY, TREND, WANDERING

Steps = NDArray[np.int64]

NAIVE: Final = "naive"
FEWEST: Final = 5
BACKTESTS: Final = 8
#: By how much slopes fade a period.
FADING: Final = 0.85

# Settings, in units of the record's own roughness (noise: of its sampling error), with how likely
# each is before the record is seen. Most indicators stand still most of the time: with equal
# weights, stated probabilities lay too near to one half on simulated studies.
NOISE_KNOWN: Final = ((0.0, 0.6), (0.7, 0.25), (1.5, 0.15))
NOISE_UNKNOWN: Final = ((0.3, 1 / 3), (0.7, 1 / 3), (1.0, 1 / 3))
WANDER: Final = ((0.0, 0.45), (0.1, 0.2), (0.25, 0.2), (0.5, 0.1), (1.0, 0.05))
#: Where the level drifts, it wanders less beside.
WANDER_BESIDE: Final = (0.65, 0.23, 0.08, 0.03, 0.01)
PATHS: Final = (  # drift that goes on, drift for a time
    (0.0, 0.0, 0.55),
    (0.05, 0.0, 0.05), (0.12, 0.0, 0.13), (0.3, 0.0, 0.04),
    (0.0, 0.1, 0.13), (0.0, 0.25, 0.08), (0.0, 0.6, 0.02),
)  # fmt: skip
SEASON: Final = (  # one wave a year, free effects of each part of it
    (0.0, 0.0, 0.4),
    (0.4, 0.0, 0.2),
    (1.0, 0.0, 0.2),
    (0.4, 0.4, 0.1),
    (1.2, 1.2, 0.1),
)
# How much wider than the record's roughness the level's starting point may lie.
_VAGUE: Final = 1e4


@dataclass(frozen=True)
class Explained:
    """A record under each setting, the settings weighted by how well they explain it.

    Attributes
    ----------
    step : ndarray of int, shape (n,)
    mean, scale, error : float
        Mean and roughness of the values; mean sampling variance, for values to be measured.
    cycle : int
        Periods in a year, 0 without a season.
    weight : ndarray, shape (k,)
    settings : ndarray, shape (k, 6)
        Variances of noise, wander, drift, fading drift, wave and free season.
    root : ndarray, shape (k, n, n)
        Cholesky factors of the covariances.
    white : ndarray, shape (k, n)
        The values, whitened.
    """

    step: Steps
    mean: float
    scale: float
    error: float
    cycle: int
    weight: Array
    settings: Array
    root: Array
    white: Array

    def families(self) -> dict[str, float]:
        """How much of the weight each family has."""
        return {name: float(self.weight[self._family == name].sum()) for name in FAMILIES}

    @property
    def season_weight(self) -> float:
        """How much of the weight settings with a season have."""
        return float(self.weight[self.settings[:, 4] > 0].sum())

    @property
    def _family(self) -> NDArray[np.str_]:
        _, wander, drift, fading = self.settings[:, :4].T
        return np.select([drift > 0, fading > 0, wander > 0], [TREND, DAMPED, WANDERING], STEADY)

    def only(self, family: str) -> Explained:
        """Return the settings of one family alone, weighted among themselves."""
        mine = self._family == family
        weight = self.weight[mine]
        return Explained(
            self.step, self.mean, self.scale, self.error, self.cycle, weight / weight.sum(),
            self.settings[mine], self.root[mine], self.white[mine],
        )  # fmt: skip

    def at(self, step: int, *, with_season: bool) -> Mixture:
        """Distribution of the level (or of the measured value) at one period."""
        here = np.array([max(int(step), 0)])
        cross = _covariance(self.settings, self.step, here, self.scale)[:, :, 0]
        own = _covariance(self.settings, here, here, self.scale)[:, 0, 0]
        if with_season:
            cross = cross + _seasonal(self.settings, self.step, here, self.cycle)[:, :, 0]
            own = own + _seasonal(self.settings, here, here, self.cycle)[:, 0, 0]
        half = np.linalg.solve(self.root, cross[:, :, None])[..., 0]
        variance = np.maximum(own - (half**2).sum(axis=1), 1e-12 * self.scale**2)
        if with_season:
            variance = variance + self.settings[:, 0] + self.error
        centre = self.mean + (half * self.white).sum(axis=1)
        return Mixture(self.weight, centre, np.sqrt(variance))


def explain(step: Steps, value: Array, se: Array, cycle: int) -> Explained:
    """Explain a record under all settings; those that explain next to nothing are dropped.

    Parameters
    ----------
    step : ndarray of int, shape (n,)
        Number of each period, from 0.
    value, se : ndarray, shape (n,)
        Measured values and their standard errors; NaN where unknown.
    cycle : int
        Periods in a year; 0 to allow for no season.
    """
    known = bool(np.isfinite(se).all())
    error = np.where(np.isfinite(se), se, 0.0)
    rough = float(np.sqrt(np.mean(np.diff(value) ** 2) / 2))
    sampling = float(np.sqrt(np.mean(error**2)))
    scale = max(rough, sampling, 1e-9 * (1 + float(np.abs(value).max())))
    # A precise measurement is believed: chance beyond it is sized by its own error.
    noise = [(k * sampling / scale, p) for k, p in NOISE_KNOWN] if known else NOISE_UNKNOWN
    paths = list(PATHS)
    pace = abs(float(value[-1] - value[0])) / float(step[-1] - step[0]) / scale
    paths += [(pace, 0.0, 0.1), (0.0, pace, 0.1)] if pace > max(p[0] for p in PATHS) else []
    season = SEASON if cycle else SEASON[:1]
    settings, prior = [], []
    for own, own_p in noise:
        for (wander, alone_p), beside_p in zip(WANDER, WANDER_BESIDE, strict=True):
            for drift, fading, path_p in paths:
                wander_p = beside_p if drift or fading else alone_p
                for wave, free, season_p in season:
                    settings.append((own, wander, drift, fading, wave, free))
                    prior.append(own_p * wander_p * path_p * season_p)
    variances = (scale * np.array(settings)) ** 2
    cov = _covariance(variances, step, step, scale) + _seasonal(variances, step, step, cycle)
    cov += np.eye(step.size) * (variances[:, 0, None, None] + 1e-8 * scale**2) + np.diag(error**2)
    root = np.asarray(np.linalg.cholesky(cov), dtype=np.float64)
    off = np.broadcast_to((value - value.mean())[:, None], (*root.shape[:2], 1))
    white = np.asarray(np.linalg.solve(root, off)[..., 0], dtype=np.float64)
    determinant = np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
    loglik = -0.5 * (white**2).sum(axis=1) - determinant + np.log(prior)
    weight = np.exp(loglik - logsumexp(loglik))
    found = Explained(
        step, float(value.mean()), scale, float(np.mean(error**2)), cycle, weight, variances, root,
        white,
    )  # fmt: skip
    family = found._family
    best = {name: weight[family == name].max() for name in FAMILIES}
    # each family keeps its best settings, so that it can be asked on its own
    keep = weight > np.maximum(1e-3 * np.array([best[str(f)] for f in family]), 1e-300)
    return Explained(
        step, found.mean, scale, found.error, cycle, weight[keep] / weight[keep].sum(),
        variances[keep], root[keep], white[keep],
    )  # fmt: skip


def _covariance(settings: Array, a: Steps, b: Steps, scale: float) -> Array:
    """Covariance of the level at the periods a and b, one matrix a setting."""
    wander, drift, fading = (settings[:, k, None, None] for k in (1, 2, 3))
    longest = int(max(a.max(), b.max())) + 1
    return np.asarray(
        _VAGUE * scale**2
        + wander * np.minimum(a[:, None], b)
        + drift * np.multiply.outer(a, b)
        + fading * _faded(longest)[np.ix_(a, b)],
        dtype=np.float64,
    )


@lru_cache(maxsize=64)
def _faded(size: int) -> Array:
    """Covariance of the sums of slopes that fade: an integrated first-order autoregression."""
    t = np.arange(size)
    before = np.tril(np.ones((size, size)), -1)
    return np.asarray(before @ FADING ** np.abs(t[:, None] - t) @ before.T, dtype=np.float64)


def _seasonal(settings: Array, a: Steps, b: Steps, cycle: int) -> Array:
    """Covariance of season effects that add up to nothing over a year."""
    if not cycle:
        return np.zeros((len(settings), a.size, b.size))
    apart = (a[:, None] - b) % cycle
    free = (apart == 0) - 1.0 / cycle
    wave = np.cos(2 * np.pi * apart / cycle) if cycle > 2 else free
    return np.asarray(settings[:, 4, None, None] * wave + settings[:, 5, None, None] * free)


@dataclass(frozen=True)
class LevelModel:
    """A fitted record: gives the level at any period, and what would be measured.

    Attributes
    ----------
    record : IndicatorRecord
    forecast : str
        Which model answers: averaged, or one family.
    seasonal : bool
        Whether a season was allowed for.
    families : mapping of str to float
        How much of the weight each family has: what the record looks like.
    season_weight : float
        How much of the weight settings with a season have.
    errors : mapping of str to ndarray
        Absolute errors, one period ahead, over the last periods: of each model in `FORECASTS` and
        of the naive forecast (the last value). Empty when the record is too short.
    """

    record: IndicatorRecord
    forecast: str
    seasonal: bool
    families: Mapping[str, float]
    season_weight: float
    errors: Mapping[str, Array]
    _explained: Explained

    @property
    def looks(self) -> str:
        """The family that explains the record best."""
        return max(self.families, key=lambda name: self.families[name])

    @property
    def backtest(self) -> Array:
        """Absolute one-step errors of this model and of the naive forecast, shape (k, 2)."""
        return np.column_stack([self.errors[self.forecast], self.errors[NAIVE]])

    def level(self, step: int) -> Mixture:
        """Distribution of the level (season and chance taken off) at a period."""
        return self._bounded(step, with_season=False)

    def measured(self, step: int) -> Mixture:
        """Distribution of the value that would be measured at a period, season included."""
        return self._bounded(step, with_season=True)

    def _bounded(self, step: int, *, with_season: bool) -> Mixture:
        least, most = self.record.bounds
        return replace(self._explained.at(step, with_season=with_season), least=least, most=most)


def fit_level(
    record: IndicatorRecord, *, forecast: str = AVERAGED, backtest: bool = True
) -> LevelModel:
    """Fit the local trend to a record of at least five values.

    A season is allowed for when the record covers two full years of periods shorter than a year.

    Parameters
    ----------
    record : IndicatorRecord
    forecast : {"averaged", "steady", "wandering", "trend", "damped"}
        Average over what the level may do, or state it.
    backtest : bool
        Whether to forecast the last periods from what came before them, too.

    Raises
    ------
    GoalError
        If there are fewer than five values, or no such forecast.
    """
    n = record.value.size
    if forecast not in FORECASTS:
        raise GoalError(
            f"there is no forecast {forecast!r}",
            where="fit_level",
            remedy=f"choose one of {', '.join(FORECASTS)}",
        )
    if n < FEWEST:
        raise GoalError(
            f"{n} values are too few for a forecast",
            where="fit_level",
            remedy=f"at least {FEWEST} are needed",
        )
    errors: dict[str, list[float]] = {name: [] for name in (*FORECASTS, NAIVE)}
    for j in range(max(FEWEST, n - BACKTESTS), n if backtest else 0):
        earlier = explain(record.step[:j], record.value[:j], record.se[:j], _cycle(record, j))
        truth, errors_of = float(record.value[j]), {NAIVE: float(record.value[j - 1])}
        for name in FORECASTS:
            there = _chosen(earlier, name).at(int(record.step[j]), with_season=True)
            errors_of[name] = there.centre
        for name, said in errors_of.items():
            errors[name].append(abs(truth - said))
    cycle = _cycle(record, n)
    whole = explain(record.step, record.value, record.se, cycle)
    return LevelModel(
        record=record,
        forecast=forecast,
        seasonal=cycle > 0,
        families=whole.families(),
        season_weight=whole.season_weight,
        errors={name: np.array(found, dtype=np.float64) for name, found in errors.items()},
        _explained=_chosen(whole, forecast),
    )


def level_of(path: pd.DataFrame, *, forecast: str = AVERAGED) -> LevelModel:
    """Fit the level of a path as it stands in a table: period, estimate, se.

    Raises
    ------
    GoalError
        If there are fewer than five values, or they cannot be read.
    """
    return fit_level(read_record(path), forecast=forecast, backtest=False)


def _chosen(explained: Explained, forecast: str) -> Explained:
    return explained if forecast == AVERAGED else explained.only(forecast)


def _cycle(record: IndicatorRecord, known: int) -> int:
    """Periods in a season, 0 where the first `known` values are too few to see one."""
    length = record.season_length
    enough = length > 1 and known >= 8 and int(record.step[known - 1]) + 1 >= 2 * length
    return length if enough else 0
