"""Intervals for means, proportions, their differences and ratios, and correlations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit, ndtr, ndtri, stdtr, stdtrit

from workbench.errors import DataError
from workbench.results.estimate import Estimate
from workbench.stats.weights import (
    check_weights,
    column_moments,
    effective_answers,
    effective_size,
)

# statsmodels.stats is imported where it is used: a notebook that needs no proportion
# should not pay a second for it.


def normal_quantile(level: float) -> float:
    """Two-sided standard normal quantile, 1.96 for 95 %."""
    if not 0 < level < 1:
        raise DataError(f"level is {level}", remedy="give a confidence between 0 and 1, say 0.95")
    return float(ndtri(0.5 + level / 2))


def _t_quantile(level: float, df: float) -> float:
    normal_quantile(level)
    return float(stdtrit(df, 0.5 + level / 2)) if df > 0 else float("nan")


def _values(values: ArrayLike, weights: ArrayLike | None) -> tuple[NDArray[np.float64], ...]:
    x = np.asarray(values, dtype=float)
    if x.ndim != 1:
        raise DataError(f"values have {x.ndim} dimensions", remedy="give one column")
    w = np.ones(x.size) if weights is None else check_weights(weights, x.size)
    seen = ~np.isnan(x) & (w > 0)
    if not seen.any():
        raise DataError("no value to average", remedy="check that the column is filled")
    if not np.isfinite(x[seen]).all():
        raise DataError("a value is infinite", remedy="leave it out or cap it")
    return x[seen], w[seen]


def _moments(x: NDArray[np.float64], w: NDArray[np.float64]) -> tuple[float, float, float]:
    """Mean, variance of the mean, effective number."""
    mean = float(np.average(x, weights=w))
    n = effective_size(w)
    if n <= 1 or x.size < 2:
        return mean, float("nan"), n
    # equal weights give s^2 / n; unequal ones the linearised variance of a weighted mean
    squared = float((np.square(w) * np.square(x - mean)).sum() / w.sum() ** 2)
    return mean, squared * n / (n - 1), n


def mean_interval(
    values: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    level: float = 0.95,
) -> Estimate:
    """Student's t interval of a mean; missing values are left out.

    With weights, the variance is that of the linearised weighted mean and the degrees of
    freedom follow the effective sample size. With `clusters`, say the person who answered, values
    of one cluster may go together (see `column_moments`).
    """
    if clusters is not None:
        m = column_moments(np.asarray(values, dtype=float)[:, None], weights, clusters=clusters)
        estimate, variance, n = float(m.mean[0]), float(m.variance[0]), float(m.effective[0])
        half = _t_quantile(level, n - 1) * np.sqrt(variance)
        return Estimate(estimate, estimate - half, estimate + half, float(m.n[0]), level)
    x, w = _values(values, weights)
    mean, variance, n = _moments(x, w)
    half = _t_quantile(level, n - 1) * np.sqrt(variance)
    return Estimate(mean, float(mean - half), float(mean + half), float(x.size), level)


def satterthwaite(
    variance_a: float, n_a: float, variance_b: float, n_b: float
) -> tuple[float, float]:
    """Give the standard error of a difference of means whose spreads differ, and its freedom.

    Parameters
    ----------
    variance_a, variance_b : float
        Of each mean.
    n_a, n_b : float
        Values behind it, at least two.

    Returns
    -------
    se, df : float
        Degrees of freedom of Student's t by Welch and Satterthwaite; 0 where a variance is not
        known.

    References
    ----------
    Welch (1947), Biometrika 34, 28-35.
    """
    total = variance_a + variance_b
    if np.isnan(total):
        return float("nan"), 0.0
    if total == 0:
        return 0.0, n_a + n_b - 2
    df = total**2 / (variance_a**2 / (n_a - 1) + variance_b**2 / (n_b - 1))
    return float(np.sqrt(total)), float(df)


def mean_difference(
    a: ArrayLike,
    b: ArrayLike,
    *,
    weights_a: ArrayLike | None = None,
    weights_b: ArrayLike | None = None,
    equal_variances: bool = False,
    level: float = 0.95,
) -> Estimate:
    """Interval of mean(a) - mean(b), two independent groups, with the p-value of no difference.

    Parameters
    ----------
    a, b : array_like
        Missing values are left out.
    weights_a, weights_b : array_like, optional
    equal_variances : bool
        Student's t with one spread for both groups, instead of Welch's.
    level : float

    Examples
    --------
    >>> from workbench.stats import mean_difference
    >>> found = mean_difference([5.1, 4.8, 5.6, 5.0], [4.2, 4.4, 3.9, 4.6])
    >>> [round(end, 2) for end in found]
    [0.85, 0.29, 1.41]
    """
    mean_a, var_a, n_a = _moments(*_values(a, weights_a))
    mean_b, var_b, n_b = _moments(*_values(b, weights_b))
    if equal_variances:
        pooled = (var_a * n_a * (n_a - 1) + var_b * n_b * (n_b - 1)) / (n_a + n_b - 2)
        se, df = float(np.sqrt(pooled / n_a + pooled / n_b)), n_a + n_b - 2
    else:
        se, df = satterthwaite(var_a, n_a, var_b, n_b)
    gap, half = mean_a - mean_b, _t_quantile(level, df) * se
    p = two_sided(gap, se, df)
    return Estimate(gap, float(gap - half), float(gap + half), float(n_a + n_b), level, p=p)


def two_sided(difference: float, se: float, df: float) -> float:
    """P-value of a difference by Student's t; without any spread 1 or 0."""
    if not se > 0:
        return float("nan") if np.isnan(se) else float(difference == 0)
    return float(2 * stdtr(df, -abs(difference) / se)) if df > 0 else float("nan")


def logit_interval(value: float, se: float, n: float, level: float = 0.95) -> Estimate:
    """Limits of a number between 0 and 1 on the scale of its log-odds; none at the ends."""
    if not 0 < value < 1 or not np.isfinite(se):
        return Estimate(value, float("nan"), float("nan"), n, level)
    half = normal_quantile(level) * se / (value * (1 - value))
    centre = float(logit(value))
    return Estimate(value, float(expit(centre - half)), float(expit(centre + half)), n, level)


def _check_counts(count: ArrayLike, n: ArrayLike) -> tuple[NDArray[np.float64], ...]:
    k, m = np.broadcast_arrays(np.asarray(count, dtype=float), np.asarray(n, dtype=float))
    bad = ~(np.isfinite(k) & np.isfinite(m) & (k >= 0) & (k <= m))
    if bad.any():
        at = np.flatnonzero(bad)[0]
        raise DataError(
            f"{k.ravel()[at]:g} out of {m.ravel()[at]:g} is no proportion",
            where=f"row {at}",
            remedy="counts must lie between 0 and the number of cases",
        )
    return k, m


def wilson(
    count: ArrayLike, n: ArrayLike, *, level: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Wilson's score limits for many proportions at once.

    Parameters
    ----------
    count, n : array_like
        Successes and trials; effective (fractional) numbers are allowed.

    Returns
    -------
    low, high : ndarray
        NaN where `n` is 0.

    References
    ----------
    Wilson (1927), JASA 22, 209-212; Brown, Cai, DasGupta (2001), Statistical Science 16(2).

    Examples
    --------
    >>> from workbench.stats import wilson
    >>> low, high = wilson(8, 10)
    >>> round(float(low), 3), round(float(high), 3)
    (0.49, 0.943)
    """
    from statsmodels.stats.proportion import proportion_confint

    k, m = _check_counts(count, n)
    normal_quantile(level)
    safe = np.where(m > 0, m, 1.0)
    low, high = proportion_confint(k, safe, alpha=1 - level, method="wilson")
    # rounding must not put 0 of n above 0 or n of n below 1
    low = np.where(k == 0, 0.0, np.asarray(low, dtype=float))
    high = np.where(k == m, 1.0, np.asarray(high, dtype=float))
    return np.where(m > 0, low, np.nan), np.where(m > 0, high, np.nan)


def proportion_interval(count: float, n: float, *, level: float = 0.95) -> Estimate:
    """Wilson's score interval of one proportion."""
    low, high = wilson(count, n, level=level)
    estimate = float(count) / float(n) if n else float("nan")
    return Estimate(estimate, float(low), float(high), float(n), level)


def share_interval(
    values: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    level: float = 0.95,
) -> Estimate:
    """Estimate of a share, or of the mean of values between 0 and 1 such as chances.

    Wilson's, by the number of answers of a simple sample of zeros and ones that would have the
    same (linearised) variance. Chances vary less than zeros and ones do, and their variance is
    estimated: half an answer of a share's own variance is added to it, and Student's t takes the
    place of the normal quantile.

    Parameters
    ----------
    values : array_like, shape (n,)
        Between 0 and 1, none missing.
    weights, clusters : array_like, shape (n,), optional
        See `column_moments`.

    References
    ----------
    Korn, Graubard (1998), Survey Methodology 24, 193-201; Dean, Pagano (2015), Statistics in
    Medicine 34, 1492-1503 (Wilson's interval by effective numbers).
    """
    x = np.asarray(values, dtype=float)
    plain = weights is None and clusters is None
    w = np.ones(x.size) if weights is None else check_weights(weights, x.size)
    share = float(np.average(x, weights=w))
    own = share * (1 - share)
    z = normal_quantile(level)
    if np.isin(x, (0.0, 1.0)).all() or x.size < 2 or own <= 0:
        size = float(x.size) if plain else effective_answers(x, weights, clusters=clusters)
    else:
        size = effective_size(w)
        found = column_moments(x[:, None], weights, clusters=clusters).variance[0]
        found = float(found) if np.isfinite(found) else 0.0
        size = own * (size - 0.5) / (found * (size - 1) + own * 0.5 / size)
        z = float(stdtrit(max(effective_size(w) - 1, 1), 0.5 + level / 2))
    middle = (share + z * z / (2 * size)) / (1 + z * z / size)
    half = z * np.sqrt(own / size + (z / (2 * size)) ** 2) / (1 + z * z / size)
    low = 0.0 if share <= 0 else max(middle - half, 0.0)
    high = 1.0 if share >= 1 else min(middle + half, 1.0)
    return Estimate(share, float(low), float(high), float(x.size), level)


def proportion_difference(
    count_a: float, n_a: float, count_b: float, n_b: float, *, level: float = 0.95
) -> Estimate:
    """Newcombe's hybrid score interval of count_a / n_a - count_b / n_b.

    Parameters
    ----------
    count_a, n_a, count_b, n_b : float
        Successes and trials of the two groups.
    level : float
        Confidence.

    Returns
    -------
    Estimate
        Difference of the shares.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17, 873-890, method 10.

    Examples
    --------
    >>> from workbench.stats import proportion_difference
    >>> [round(end, 3) for end in proportion_difference(56, 70, 48, 80)]
    [0.2, 0.052, 0.334]
    """
    from statsmodels.stats.proportion import confint_proportions_2indep

    _check_counts([count_a, count_b], [n_a, n_b])
    normal_quantile(level)  # refuses what is no level
    n, unknown = float(n_a + n_b), float("nan")
    if not n_a or not n_b:
        return Estimate(unknown, unknown, unknown, n, level)
    low, high = confint_proportions_2indep(
        count_a, n_a, count_b, n_b, method="newcomb", compare="diff", alpha=1 - level
    )
    return Estimate(count_a / n_a - count_b / n_b, float(low), float(high), n, level)


def equal_shares(count_a: float, n_a: float, count_b: float, n_b: float) -> float:
    """P-value of two equal shares by the score test; without any spread 1, of nobody NaN."""
    if not n_a or not n_b:
        return float("nan")
    share = (count_a + count_b) / (n_a + n_b)
    se = np.sqrt(share * (1 - share) * (1 / n_a + 1 / n_b))
    return float(2 * ndtr(-abs(count_a / n_a - count_b / n_b) / se)) if se > 0 else 1.0


def against_others(count: ArrayLike, n: ArrayLike, *, level: float = 0.95) -> list[Estimate]:
    """Difference of each group's share to that of all others, with the p-value of none.

    Parameters
    ----------
    count, n : array_like, shape (groups,)
        Successes and trials; nobody is in two groups.
    level : float

    Returns
    -------
    list of Estimate
        Newcombe's intervals (`proportion_difference`); p-values (`equal_shares`) are not corrected
        for the number of groups.
    """
    k, m = np.asarray(count), np.asarray(n)
    found = []
    for j in range(k.size):
        both = k[j], m[j], k.sum() - k[j], m.sum() - m[j]
        gap = proportion_difference(*both, level=level)
        found.append(replace(gap, p=equal_shares(*both)))
    return found


def ratio_interval(
    numerator: ArrayLike,
    denominator: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> Estimate:
    """Estimate of sum(numerator) / sum(denominator) over units, Fieller's where it is bounded.

    For figures such as sales per order, where one row is a customer who has both: the customer,
    not the order, is what was sampled.

    Parameters
    ----------
    numerator, denominator : array_like, shape (n,)
        Two values of the same unit.
    weights : array_like, shape (n,), optional

    Returns
    -------
    Estimate
        Limits are NaN when the denominator may as well be zero (Fieller's set is unbounded).

    References
    ----------
    Fieller (1954), JRSS B 16(2), 175-185; Cochran (1977), Sampling Techniques, section 6.
    """
    y, x = np.asarray(numerator, dtype=float), np.asarray(denominator, dtype=float)
    if y.shape != x.shape:
        raise DataError(
            f"numerator has {y.size} rows, denominator {x.size}", remedy="give both per unit"
        )
    w = np.ones(y.size) if weights is None else check_weights(weights, y.size)
    seen = ~np.isnan(y) & ~np.isnan(x) & (w > 0)
    y, x, w = y[seen], x[seen], w[seen]
    if y.size == 0 or np.average(x, weights=w) == 0:
        raise DataError("the denominator sums to zero", remedy="choose units that have one")
    my, mx = float(np.average(y, weights=w)), float(np.average(x, weights=w))
    n = effective_size(w)
    ratio = my / mx
    if n <= 1:
        return Estimate(ratio, float("nan"), float("nan"), float(y.size), level)
    share = np.square(w) / w.sum() ** 2 * n / (n - 1)
    vyy, vxx = float((share * (y - my) ** 2).sum()), float((share * (x - mx) ** 2).sum())
    vxy = float((share * (y - my) * (x - mx)).sum())
    t2 = _t_quantile(level, n - 1) ** 2
    # roots of (my - R mx)^2 = t^2 var(my - R mx)
    a = mx**2 - t2 * vxx
    if a <= 0:
        return Estimate(ratio, float("nan"), float("nan"), float(y.size), level)
    b, c = my * mx - t2 * vxy, my**2 - t2 * vyy
    half = np.sqrt(max(b * b - a * c, 0.0))
    return Estimate(ratio, float((b - half) / a), float((b + half) / a), float(y.size), level)


def correlation_interval(
    x: ArrayLike, y: ArrayLike, *, weights: ArrayLike | None = None, level: float = 0.95
) -> Estimate:
    """Estimate of Pearson's correlation that does not assume normal data.

    The standard error comes from the influence function of the correlation, so skewed values
    (orders, spend) do not make it too narrow; limits are set on Fisher's z scale.

    Parameters
    ----------
    x, y : array_like, shape (n,)
    weights : array_like, shape (n,), optional
        Counts of identical rows.

    References
    ----------
    Fisher (1921), Metron 1, 3-32; Devlin, Gnanadesikan, Kettenring (1975), Biometrika 62(3).
    """
    u, v = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if u.shape != v.shape or u.ndim != 1:
        raise DataError(f"x has {u.size} rows, y {v.size}", remedy="give pairs")
    w = np.ones(u.size) if weights is None else check_weights(weights, u.size)
    seen = np.isfinite(u) & np.isfinite(v) & (w > 0)
    u, v, w = u[seen], v[seen], w[seen]
    n = float(w.sum())
    nothing = Estimate(float("nan"), float("nan"), float("nan"), n, level)
    if u.size < 3:
        return nothing
    zu, zv = u - np.average(u, weights=w), v - np.average(v, weights=w)
    su, sv = np.sqrt(np.average(zu**2, weights=w)), np.sqrt(np.average(zv**2, weights=w))
    if su == 0 or sv == 0:
        return nothing
    zu, zv = zu / su, zv / sv
    r = float(np.clip(np.average(zu * zv, weights=w), -1, 1))
    if 1 - abs(r) < 1e-12:
        return Estimate(r, r, r, n, level)
    influence = zu * zv - r / 2 * (zu**2 + zv**2)
    se = np.sqrt(np.average(influence**2, weights=w) / (n - 1))
    half = normal_quantile(level) * se / (1 - r * r)
    centre = np.arctanh(r)
    return Estimate(r, float(np.tanh(centre - half)), float(np.tanh(centre + half)), n, level)
