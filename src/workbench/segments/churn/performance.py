"""How good scores and probabilities of leaving were: order, area, calibration, lift, and on what.

References
----------
Brier (1950), Monthly Weather Review 78(1). Cox (1958), Biometrika 45, 562-565 (calibration slope
and intercept). Harrell, Lee, Mark (1996), Statistics in Medicine 15(4), 361-387 (concordance);
Therneau, Watson (2015), The concordance statistic and the Cox model, Mayo Clinic Technical Report
85 (its infinitesimal jackknife). DeLong, DeLong, Clarke-Pearson (1988), Biometrics 44(3), 837-845;
Sun, Xu (2014), IEEE Signal Processing Letters 21(11) (by ranks). Van Calster et al. (2019),
Calibration: the Achilles heel of predictive analytics, BMC Medicine 17:230. Breiman (2001), Machine
Learning 45(1), section 10 (what is lost when a feature is shuffled).
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import logit

from workbench.arrays import Array, Index, Mask
from workbench.errors import DataError
from workbench.results import Estimate, labelled
from workbench.stats.area import auc_parts
from workbench.stats.intervals import logit_interval, mean_interval, normal_quantile, wilson
from workbench.stats.survival import check_times

Side = Literal["left", "right"]

#: More customers than this tell no more about what a feature is worth.
MOST_SHUFFLED = 20_000


def judged(y: Mask, p: Array, rate: float, level: float) -> dict[str, Any]:
    """Judge probabilities by what happened; `rate` is the plain rate that was known before."""
    area = auc(y, p, level=level)
    squared = np.square(y - p)
    brier = mean_interval(squared, level=level)
    intercept, slope = _calibration_line(y, p, level)
    return {
        "n": y.size,
        "events": int(y.sum()),
        "auc": area.value, "auc_low": area.low, "auc_high": area.high,
        "brier": brier.value, "brier_low": brier.low, "brier_high": brier.high,
        "skill": 1 - brier.value / float(np.square(y - rate).mean()),
        "intercept": intercept.value, "intercept_low": intercept.low,
        "intercept_high": intercept.high,
        "slope": slope.value, "slope_low": slope.low, "slope_high": slope.high,
        "expected": float(p.mean()),
        "observed": float(y.mean()),
    }  # fmt: skip


def _calibration_line(y: Mask, p: Array, level: float) -> tuple[Estimate, Estimate]:
    """Intercept with the slope at 1, and slope, of the log-odds of leaving on those expected."""
    import statsmodels.api as sm

    x = logit(np.clip(p, 1e-6, 1 - 1e-6))
    z = normal_quantile(level)
    ones = np.ones((x.size, 1))
    family = sm.families.Binomial()
    shift = sm.GLM(y.astype(float), ones, family=family, offset=x).fit()
    line = sm.GLM(y.astype(float), np.column_stack([ones, x]), family=family).fit()
    out = []
    for fit, k in ((shift, 0), (line, 1)):
        value, se = float(fit.params[k]), float(fit.bse[k])
        out.append(Estimate(value, value - z * se, value + z * se, float(x.size), level))
    return out[0], out[1]


def _groups(p: Array, count: int) -> Index:
    """Sort customers by rising probability into groups of equal size."""
    order = np.argsort(p, kind="stable")
    place = np.empty(p.size, dtype=np.intp)
    place[order] = np.arange(p.size)
    return np.asarray(place * count // p.size, dtype=np.intp)


def by_tenth(y: Mask, p: Array, level: float) -> pd.DataFrame:
    """Count who left among each tenth of the customers, the likeliest first."""
    group = 9 - _groups(p, 10)
    n, left = np.bincount(group, minlength=10), np.bincount(group, weights=y, minlength=10)
    low, high = wilson(left, n, level=level)
    rate = y.mean()
    table = pd.DataFrame(
        {
            "tenth": np.arange(1, 11),
            "n": n,
            "left": left.astype(int),
            "estimate": left / n,
            "low": low,
            "high": high,
            "lift": left / n / rate,
            "lift_low": low / rate,
            "lift_high": high / rate,
            "caught": np.cumsum(left) / y.sum(),
        }
    )
    return labelled(
        table, tenth="Tenth", n="Customers", left="Left", estimate=("Share who left", "percent"),
        lift=("Lift", "number:1"), caught=("Of all who left, so far", "percent"),
    )  # fmt: skip


def by_probability(y: Mask, p: Array, level: float) -> pd.DataFrame:
    """Count who left among customers of about the same probability."""
    count = int(np.clip(y.sum() // 15, 3, 10))
    group = _groups(p, count)
    n, left = np.bincount(group), np.bincount(group, weights=y)
    low, high = wilson(left, n, level=level)
    table = pd.DataFrame(
        {
            "expected": np.bincount(group, weights=p) / n,
            "n": n,
            "left": left.astype(int),
            "estimate": left / n,
            "low": low,
            "high": high,
        }
    )
    return labelled(
        table, expected=("Expected", "percent:1"), n="Customers", left="Left",
        estimate=("Share who left", "percent:1"),
    )  # fmt: skip


def drivers(
    fit: Any, X: pd.DataFrame, y: Mask, rng: np.random.Generator, repeats: int, level: float
) -> pd.DataFrame:
    """Shuffle each feature among the tested customers and see what the model loses by it.

    The limits allow for the sample of customers (the paired variance of DeLong), not only for the
    shuffling.
    """
    if len(X) > MOST_SHUFFLED:
        some = rng.choice(len(X), MOST_SHUFFLED, replace=False)
        X, y = X.iloc[some], y[some]
    p = fit.predict_proba(X)[:, 1]
    base = auc_parts(y, p)
    z = normal_quantile(level)
    rows = []
    for name in X:
        mixed = X.copy()
        parts = [np.zeros_like(part) for part in base]
        for _ in range(repeats):
            mixed[name] = X[name].to_numpy()[rng.permutation(len(X))]
            for total, part in zip(
                parts, auc_parts(y, fit.predict_proba(mixed)[:, 1]), strict=True
            ):
                total += part / repeats
        lost = [whole - part for whole, part in zip(base, parts, strict=True)]
        mean = float(lost[0].mean())
        half = z * float(np.sqrt(sum(part.var(ddof=1) / part.size for part in lost)))
        number = pd.api.types.is_numeric_dtype(X[name])
        tie = float(X[name].corr(pd.Series(p, X.index), method="spearman")) if number else np.nan
        rows.append({"feature": str(name), "estimate": mean, "low": mean - half,
                     "high": mean + half, "direction": tie})  # fmt: skip
    table = pd.DataFrame(rows).sort_values("estimate", ascending=False, ignore_index=True)
    return labelled(
        table, feature="Feature", estimate=("Area lost", "number:3"),
        direction=("Correlation with leaving (−1 to 1)", "number:2"),
    )  # fmt: skip


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
    return logit_interval(c, se, float(pairs), level)


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
    return logit_interval(area, float(np.sqrt(spread)), n, level)


def _pairs(time: Array, event: Mask, rank: Index) -> tuple[Array, Array]:
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


def _counted(event: Mask, rank: Index, *, strict: bool) -> Array:
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
