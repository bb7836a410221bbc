"""How well a score tells who leaves first (Harrell's C) or at all (area under the ROC curve).

References
----------
Harrell, Lee, Mark (1996), Statistics in Medicine 15(4), 361-387. DeLong, DeLong, Clarke-Pearson
(1988), Biometrics 44(3), 837-845; Sun, Xu (2014), IEEE Signal Processing Letters 21(11) (by
ranks). Therneau, Watson (2015), The concordance statistic and the Cox model, Mayo Clinic Technical
Report 85 (the infinitesimal jackknife).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit
from scipy.stats import rankdata

from workbench.arrays import Array
from workbench.errors import DataError
from workbench.results.estimate import Estimate
from workbench.stats.intervals import normal_quantile
from workbench.stats.survival import check_times

Side = Literal["left", "right"]


def concordance(
    duration: ArrayLike, ended: ArrayLike, risk: ArrayLike, *, level: float = 0.95
) -> Estimate:
    """Share of comparable pairs in which the one with the higher risk leaves first.

    A pair can be compared if it is known who left first; ties of the risk count one half, pairs
    who left at the same time do not count. Takes n log n steps.

    Parameters
    ----------
    duration, ended, risk : array_like, shape (n,)
        Time watched, whether they left, and a score that should be higher for who leaves sooner.
    level : float
        Confidence; limits on the logit scale.

    Returns
    -------
    Estimate
        `n` is the number of comparable pairs.
    """
    time, event = check_times(duration, ended)
    score = np.asarray(risk, dtype=float)
    if score.shape != time.shape or not np.isfinite(score).all():
        raise DataError("a risk is missing", remedy="give one number a customer")
    rank = np.unique(score, return_inverse=True)[1]
    # Those who left at one time stand together, lowest score first: none counts as below another.
    order = np.lexsort((rank, ~event, time))
    time, event, rank = time[order], event[order], rank[order]
    won, met = _pairs(time, event, rank)
    pairs = met.sum() / 2
    if pairs == 0:
        raise DataError("no pair can be compared", remedy="somebody must leave before another")
    c = float(won.sum() / met.sum())
    se = float(np.sqrt(np.square(won - c * met).sum()) / pairs)
    return _logit_interval(c, se, float(pairs), level)


def auc(outcome: ArrayLike, score: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Area under the ROC curve with DeLong's interval, on the logit scale.

    Parameters
    ----------
    outcome : array_like of bool, shape (n,)
    score : array_like, shape (n,)
        Higher for those with the outcome.

    Raises
    ------
    DataError
        If all have the outcome, or nobody.
    """
    of_cases, of_others = auc_parts(outcome, score)
    area = float(of_cases.mean())
    spread = 0.0
    for part in (of_cases, of_others):
        spread += float(part.var(ddof=1) / part.size) if part.size > 1 else float("nan")
    n = float(of_cases.size + of_others.size)
    return _logit_interval(area, float(np.sqrt(spread)), n, level)


def auc_parts(outcome: ArrayLike, score: ArrayLike) -> tuple[Array, Array]:
    """Give, for each who has the outcome, the share of the others with a lower score; and back.

    The area is the mean of either; the spread of both is its variance (DeLong).
    """
    y = np.asarray(outcome, dtype=bool)
    s = np.asarray(score, dtype=float)
    if y.shape != s.shape or not np.isfinite(s).all():
        raise DataError("a score is missing", remedy="give one number a customer")
    m, n = int(y.sum()), int((~y).sum())
    if m == 0 or n == 0:
        raise DataError(
            f"{m:,} of {m + n:,} customers have the outcome",
            remedy="the score can be judged only where some have it and some do not",
        )
    everyone = rankdata(s)
    of_cases = (everyone[y] - rankdata(s[y])) / n
    of_others = 1 - (everyone[~y] - rankdata(s[~y])) / m
    return of_cases, of_others


def _logit_interval(value: float, se: float, n: float, level: float) -> Estimate:
    if not 0 < value < 1 or not np.isfinite(se):
        return Estimate(value, float("nan"), float("nan"), n, level)
    half = normal_quantile(level) * se / (value * (1 - value))
    centre = float(logit(value))
    return Estimate(value, float(expit(centre - half)), float(expit(centre + half)), n, level)


def _pairs(time: Array, event: NDArray[np.bool_], rank: NDArray[np.intp]) -> tuple[Array, Array]:
    """Count for each customer the pairs, and those won, that they take part in.

    Customers are sorted by time, those who left before those who were lost sight of. A pair is an
    event and anybody further right who did not leave at the same time.
    """
    n = time.size
    met, won = np.zeros(n), np.zeros(n)
    # those who left at exactly the same time: how many, and how many with an equal score
    change = np.flatnonzero(np.r_[True, (time[1:] != time[:-1]) | (event[1:] != event[:-1])])
    length = np.diff(np.r_[change, n])
    end = np.repeat(change + length, length)
    later = n - end
    met += np.where(event, later, 0)
    earlier_events = np.r_[0, np.cumsum(event)][np.repeat(change, length)]
    met += earlier_events
    won += _counted(event, rank, strict=True) / 2 + _counted(event, rank, strict=False) / 2
    # equal scores at the same time were counted as ties, but such pairs do not count at all
    block = np.cumsum(np.isin(np.arange(n), change)) * (int(rank.max()) + 1) + rank
    same = np.unique(block, return_inverse=True, return_counts=True)
    won -= np.where(event, (same[2][same[1]] - 1) / 2, 0.0)
    return won, met


def _counted(event: NDArray[np.bool_], rank: NDArray[np.intp], *, strict: bool) -> Array:
    """Count, for pairs of an event and somebody further right, those with the lower score right.

    Merges blocks of growing length; each pair meets exactly once, in two neighbouring blocks.
    """
    n, wide = rank.size, int(rank.max()) + 2
    at = np.arange(n)
    counted = np.zeros(n)
    size = 1
    below: Side = "left" if strict else "right"
    above: Side = "right" if strict else "left"
    # One key holds the pair of blocks and the score, so that one search serves all blocks.
    while size < n:
        pair, right = at // (2 * size), (at // size) % 2 == 1
        key = pair * wide + rank
        left = ~right & event
        sorted_right = np.sort(key[right])
        sorted_left = np.sort(key[left])
        first = np.searchsorted(sorted_right, pair[left] * wide, side="left")
        counted[left] += np.searchsorted(sorted_right, key[left], side=below) - first
        last = np.searchsorted(sorted_left, (pair[right] + 1) * wide, side="left")
        counted[right] += last - np.searchsorted(sorted_left, key[right], side=above)
        size *= 2
    return counted
