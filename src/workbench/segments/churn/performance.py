"""How good probabilities of leaving were: area, calibration, lift, and what they rest on.

References
----------
Brier (1950), Monthly Weather Review 78(1). Cox (1958), Biometrika 45, 562-565 (calibration slope
and intercept). DeLong, DeLong, Clarke-Pearson (1988), Biometrics 44(3), 837-845. Van Calster et al.
(2019), Calibration: the Achilles heel of predictive analytics, BMC Medicine 17:230. Breiman (2001),
Machine Learning 45(1), section 10 (what is lost when a feature is shuffled).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logit

from workbench.arrays import Array
from workbench.results.estimate import Estimate
from workbench.segments.churn.concordance import auc, auc_parts
from workbench.stats.intervals import mean_interval, normal_quantile, wilson

Outcome = NDArray[np.bool_]

#: More customers than this tell no more about what a feature is worth.
MOST_SHUFFLED = 20_000


def judged(y: Outcome, p: Array, rate: float, level: float) -> dict[str, Any]:
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


def _calibration_line(y: Outcome, p: Array, level: float) -> tuple[Estimate, Estimate]:
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


def _groups(p: Array, count: int) -> NDArray[np.intp]:
    """Sort customers by rising probability into groups of equal size."""
    order = np.argsort(p, kind="stable")
    place = np.empty(p.size, dtype=np.intp)
    place[order] = np.arange(p.size)
    return np.asarray(place * count // p.size, dtype=np.intp)


def by_tenth(y: Outcome, p: Array, level: float) -> pd.DataFrame:
    """Count who left among each tenth of the customers, the likeliest first."""
    group = 9 - _groups(p, 10)
    n, left = np.bincount(group, minlength=10), np.bincount(group, weights=y, minlength=10)
    low, high = wilson(left, n, level=level)
    rate = y.mean()
    return pd.DataFrame(
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


def by_probability(y: Outcome, p: Array, level: float) -> pd.DataFrame:
    """Count who left among customers of about the same probability."""
    count = int(np.clip(y.sum() // 15, 3, 10))
    group = _groups(p, count)
    n, left = np.bincount(group), np.bincount(group, weights=y)
    low, high = wilson(left, n, level=level)
    return pd.DataFrame(
        {
            "expected": np.bincount(group, weights=p) / n,
            "n": n,
            "left": left.astype(int),
            "estimate": left / n,
            "low": low,
            "high": high,
        }
    )


def drivers(
    fit: Any, X: pd.DataFrame, y: Outcome, rng: np.random.Generator, repeats: int, level: float
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
    return pd.DataFrame(rows).sort_values("estimate", ascending=False, ignore_index=True)
