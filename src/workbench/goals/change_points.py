"""The chart behind alerts: whether the last periods have moved away from those that set its limits.

Any of the last twelve periods may have begun a new level (a generalised likelihood-ratio chart:
Willsky and Jones 1976, IEEE Transactions on Automatic Control 21(1), 108-112; Hawkins, Qiu and Kang
2003, Journal of Quality Technology 35(4), 355-366). What came since then is held against what the
baseline lets one expect of its mean: the predictive distribution under a regression with AR(1)
errors, averaged over the autocorrelation and over whether there is a season, by how well each
explains the baseline (Raftery 1995, Sociological Methodology 25, 111-163). So the limits carry what
an estimated baseline leaves unknown. How common which autocorrelation is, the records that are
watched together tell one another (empirical Bayes, by the EM algorithm).

How far is too far was found by simulation (`benchmarks.alerts`), by the length of the baseline: so
that, whatever the autocorrelation up to 0.6, in so many periods one record begins a false alarm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtr

from workbench.arrays import Array

#: How many of the last periods a change may lie back.
WINDOW: Final = 12
#: Autocorrelations that are averaged over.
PHI: Final = (0.0, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9)
#: Fewest periods of a baseline.
FEWEST: Final = 12
#: In how many periods of a record a false alarm may begin, and the limits for that by the length of
#: the baseline: as `benchmarks.alerts --limits` finds them, the widest of those for phi 0, 0.3 and
#: 0.6, and up to 0.07 more, since a baseline that goes along errs anew; the last as for a baseline
#: that is known.
PERIODS: Final = (60, 120, 480, 2080, 8320)
LIMITS: Final = {
    12: (2.18, 2.42, 2.82, 3.13, 3.41),
    16: (2.26, 2.52, 2.94, 3.31, 3.57),
    24: (2.35, 2.61, 3.06, 3.43, 3.72),
    36: (2.41, 2.68, 3.15, 3.54, 3.91),
    52: (2.44, 2.71, 3.17, 3.59, 3.94),
    104: (2.47, 2.75, 3.21, 3.64, 4.00),
    400: (2.52, 2.79, 3.27, 3.70, 4.07),
}
#: By how much the limit of a window of one period lies higher, of one of w by a w-th of it: short
#: windows are many and follow little upon one another, and would use the false alarms up.
SHORTER: Final = 0.6
#: Below so many standard errors, by the setting that fits best, nothing is worked out further.
_DULL: Final = 1.5
#: Steps of the EM algorithm, and records' worth of even odds that it begins with.
_STEPS, _EVEN = 30, 1.0


@dataclass(frozen=True)
class Expected:
    """What baselines let one expect of the means of later periods, setting by setting.

    A setting is an autocorrelation and whether there is a season. All baselines lie at the same
    steps.

    Attributes
    ----------
    weight : ndarray, shape (settings, records)
        Logarithm of how well each setting explains a baseline.
    phi : ndarray of int, shape (settings,)
        Number of its autocorrelation.
    free : ndarray, shape (settings,)
        Degrees of freedom.
    centre, error : ndarray, shape (settings, records, windows)
        Of the mean of each window.
    """

    weight: Array
    phi: NDArray[np.int64]
    free: Array
    centre: Array
    error: Array


def expect(
    before: Array,
    windows: Array,
    step: NDArray[np.int64],
    *,
    season: int = 0,
    scale: Array | None = None,
    least: float = 0.0,
) -> Expected:
    """Fit baselines, and say what to expect of the means of windows after them.

    Parameters
    ----------
    before : ndarray, shape (records, n)
        Baselines.
    windows : ndarray, shape (windows, m)
        Weights of the later periods in each mean, rows summing to 1.
    step : ndarray, shape (n + m,)
        Numbers of the periods, which may have gaps.
    season : int
        Periods of a year where there may be a season; 0 for none.
    scale : ndarray, shape (n + m,), optional
        How uncertain the values are, one against another.
    least : float
        The scatter that is there by chance alone, where it is known.
    """
    n, m = before.shape[1], windows.shape[1]
    scale = np.ones(n + m) if scale is None else scale
    windows = windows * scale[n:]
    designs = [each / scale[:, None] for each in _designs(step, n, season)]
    fits = [
        _fitted(before / scale[:n], windows, step, design, phi, least)
        for design in designs
        for phi in PHI
    ]
    weight, centre, error, free = zip(*fits, strict=True)
    return Expected(
        np.stack(weight),
        np.tile(np.arange(len(PHI)), len(designs)),
        np.array(free, dtype=np.float64),
        np.stack(centre),
        np.stack(error),
    )


def likely_phi(expected: Expected) -> Array:
    """Give the logarithm of how well each autocorrelation explains each baseline."""
    return np.stack(
        [
            np.logaddexp.reduce(expected.weight[expected.phi == one], axis=0)
            for one in range(len(PHI))
        ]
    )


def odds_of_phi(likely: Array) -> Array:
    """Find how common each autocorrelation is among records that are watched together.

    Parameters
    ----------
    likely : ndarray, shape (autocorrelations, records, ...)
        As `likely_phi` gives it; what further dimensions set apart is watched apart.

    Returns
    -------
    ndarray, shape (autocorrelations, 1, ...)
    """
    likely = np.exp(likely - likely.max(axis=0))
    odds = np.full_like(likely[:, :1], 1 / len(PHI))
    for _ in range(_STEPS):
        share = odds * likely
        share /= share.sum(axis=0)
        odds = (share.sum(axis=1, keepdims=True) + _EVEN / len(PHI)) / (likely.shape[1] + _EVEN)
    return odds


def last_windows(later: int) -> Array:
    """Give the windows that end with the last of so many periods, the shortest first."""
    longest = min(later, WINDOW)
    windows = np.zeros((longest, later))
    for size in range(1, longest + 1):
        windows[size - 1, -size:] = 1 / size
    return windows


def pull(score: Array, size: Array | int) -> Array:
    """Give how far windows of so many periods lie off, to be held against `limit_for`."""
    return np.asarray(np.abs(score) - SHORTER / np.asarray(size))


def limit_for(n: int, periods: float) -> float:
    """Give the pull beyond which a window is more than noise.

    Parameters
    ----------
    n : int
        Periods of the baseline.
    periods : float
        In how many periods of one record a false alarm may begin.

    Examples
    --------
    >>> from workbench.goals.change_points import limit_for
    >>> bool(limit_for(24, 480) < limit_for(24, 960) < limit_for(400, 960))
    True
    """
    of_size = [np.interp(np.log(periods), np.log(PERIODS), row) for row in LIMITS.values()]
    # beyond the table the limit goes on as it went between its last two columns
    steep = [(row[-1] - row[-2]) / np.log(PERIODS[-1] / PERIODS[-2]) for row in LIMITS.values()]
    beyond = max(0.0, float(np.log(periods / PERIODS[-1])))
    of_size = [value + slope * beyond for value, slope in zip(of_size, steep, strict=True)]
    sizes = 1 / np.array(list(LIMITS), dtype=np.float64)
    return float(np.interp(1 / n, sizes[::-1], of_size[::-1]))


def scores(expected: Expected, means: Array, odds: Array | None = None) -> Array:
    """Say how far the means of windows lie from what was expected, in normal standard errors.

    Parameters
    ----------
    expected : Expected
    means : ndarray, shape (records, windows)
    odds : ndarray, shape (autocorrelations, records or 1), optional
        How common each autocorrelation is (`odds_of_phi`).

    Returns
    -------
    ndarray, shape (records, windows)
        0 where it is not worth working out.
    """
    weight = settled(expected, odds)
    off = (means - expected.centre) / expected.error
    best = weight.argmax(axis=0)
    score = np.zeros(means.shape)
    rows, columns = np.nonzero(np.abs(off[best, np.arange(best.size)]) > _DULL)
    far = off[:, rows, columns]
    side = np.sign((weight[:, rows] * far).sum(axis=0))
    beyond = (weight[:, rows] * stdtr(expected.free[:, None], -far * side)).sum(axis=0)
    score[rows, columns] = -side * ndtri(np.maximum(beyond, 1e-300))
    return score


def settled(expected: Expected, odds: Array | None = None) -> Array:
    """Give the probability of each setting, by record."""
    weight = expected.weight if odds is None else expected.weight + np.log(odds)[expected.phi]
    weight = np.exp(weight - weight.max(axis=0))
    return np.asarray(weight / weight.sum(axis=0))


def _designs(step: NDArray[np.int64], n: int, season: int) -> list[Array]:
    """Give what the mean may depend on: nothing, a yearly wave, the time of the year."""
    designs = [np.ones((step.size, 1))]
    if season > 2 and step[n - 1] - step[0] + 1 >= 2 * season and n > season:
        angle = 2 * np.pi * step / season
        designs.append(np.column_stack([designs[0], np.cos(angle), np.sin(angle)]))
        kind = np.eye(season)[step % season]
        if season <= 12 and (kind[:n].sum(axis=0) > 1).all():
            designs.append(kind)
    return designs


def _fitted(
    values: Array,
    windows: Array,
    step: NDArray[np.int64],
    design: Array,
    phi: float,
    least: float,
) -> tuple[Array, Array, Array, int]:
    """Fit one setting; give its log weight, what it expects, with what error, and its freedom."""
    n, width = values.shape[1], design.shape[1]
    keep = phi ** np.diff(step[:n]).astype(np.float64)[:, None]
    noise = np.sqrt(1 - keep**2)

    def whitened(x: Array) -> Array:
        """Take off what each value has from the one before, along the first axis."""
        return np.concatenate([x[:1], (x[1:] - keep * x[:-1]) / noise])

    white = whitened(values.T)
    basis, triangle = np.linalg.qr(whitened(design[:n]))
    along = basis.T @ white
    left = np.maximum((white**2).sum(axis=0) - (along**2).sum(axis=0), 1e-24)
    free = n - width
    even = whitened(design[:n].sum(axis=1, keepdims=True) if width > 3 else design[:n, :1])
    weight = (
        -np.log(noise).sum()
        - 0.5 * np.log((even**2).sum())
        - 0.5 * (n - 1) * np.log(left)
        - 0.5 * (width - 1) * np.log(n)
    )
    # the last value of the baseline tells of those after it, the less the later they are
    ahead = (step[n:] - step[n - 1]).astype(np.float64)
    echo = phi**ahead
    depends = windows @ (design[n:] - echo[:, None] * design[n - 1])
    lever = np.linalg.solve(triangle.T, depends.T)
    centre = along.T @ lever + values[:, -1:] * (windows @ echo)
    own = phi ** np.abs(ahead[:, None] - ahead) - echo[:, None] * echo
    scatter = np.sqrt(np.maximum(left / free, least**2))[:, None]
    spread = np.einsum("wm,mk,wk->w", windows, own, windows) + (lever**2).sum(axis=0)
    return weight, centre, scatter * np.sqrt(spread), free
