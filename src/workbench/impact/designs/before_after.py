"""Before and after, without a comparison: what a glance says, and no more."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

from workbench.arrays import Array
from workbench.impact.effect import Effect, relative_to
from workbench.impact.inputs.panel import CaseError, Panel
from workbench.stats.intervals import satterthwaite

ASSUMPTION = (
    "Nothing else changed between the two times: no trend, no season, no chance in who was chosen."
)


def before_after(
    panel: Panel,
    *,
    pairs: Literal["auto", "paired", "unpaired"] = "auto",
    window: int | None = None,
    level: float = 0.95,
) -> Effect:
    """Compare the treated with themselves: the mean after minus the mean before.

    Parameters
    ----------
    panel : Panel
    pairs : {"auto", "paired", "unpaired"}
        Units seen both before and after (Student's t of the differences), or all records of the
        two times as if they were two samples (Welch). "auto" pairs when most units were seen at
        both times.
    window : int, optional
        Periods before the start; as many as there are after when left out.

    Raises
    ------
    CaseError
        Fewer than two units can be compared.
    """
    treated = panel.select(panel.treated)
    n_after = int(panel.after.sum())
    last = np.flatnonzero(~panel.after)[-(window or n_after) :]
    chosen = np.zeros(len(panel.periods), dtype=bool)
    chosen[last] = True
    pre, w_pre = treated.means(chosen)
    post, w_post = treated.means(panel.after)
    both = (w_pre > 0) & (w_post > 0)
    if pairs == "auto":
        seen = (w_pre > 0) | (w_post > 0)
        pairs = "paired" if both.sum() >= 0.6 * seen.sum() else "unpaired"
    if pairs == "paired":
        result = _paired(pre[both], post[both], _scaled(w_pre, w_post)[both], level)
    else:
        result = _welch(pre[w_pre > 0], post[w_post > 0], level)
    effect, se, df, mean, se_mean, covariance, n = result
    half = float(stdtrit(df, 0.5 + level / 2)) * se
    relative = relative_to(
        effect, se, mean, se_mean, covariance, float(stdtrit(df, 0.5 + level / 2))
    )
    observed = treated.group_means(np.ones(len(treated.units), dtype=bool))
    base = mean - effect
    series = pd.DataFrame(
        {
            "period": panel.periods,
            "observed": observed,
            "counterfactual": np.where(panel.after | chosen, base, np.nan),
            "low": np.nan,
            "high": np.nan,
            "after": panel.after,
        }
    )
    return Effect.of_t(
        "before and after",
        effect,
        se,
        df,
        half=half,
        mean=mean,
        relative=relative,
        inference="paired t" if pairs == "paired" else "Welch's t",
        n_units=n,
        n_treated=n,
        n_before=len(last),
        n_after=n_after,
        start=panel.start,
        series=series,
        assumption=ASSUMPTION,
    )


def _scaled(w_pre: Array, w_post: Array) -> Array:
    """Weight of a unit's difference: harmonic, so that a thin side counts as thin."""
    with np.errstate(invalid="ignore", divide="ignore"):
        w = 1 / (1 / w_pre + 1 / w_post)
    return np.asarray(np.nan_to_num(w), dtype=float)


_Moments = tuple[float, float, float, float, float, float, int]


def _paired(pre: Array, post: Array, w: Array, level: float) -> _Moments:
    n = len(pre)
    if n < 2:
        raise CaseError(
            f"{n} treated units were seen both before and after",
            remedy="two are needed; compare the times as two samples",
        )
    w = w / w.sum()
    effect, mean = float(w @ (post - pre)), float(w @ post)
    d, m = post - pre - effect, post - mean
    c = n / (n - 1)
    se, se_mean = np.sqrt(c * (w**2 @ d**2)), np.sqrt(c * (w**2 @ m**2))
    return effect, float(se), n - 1, mean, float(se_mean), float(c * (w**2 @ (d * m))), n


def _welch(pre: Array, post: Array, level: float) -> _Moments:
    if min(len(pre), len(post)) < 2:
        raise CaseError(
            "there are fewer than two treated units before or after", remedy="bring more data"
        )
    a, b = pre.var(ddof=1) / len(pre), post.var(ddof=1) / len(post)
    se, df = satterthwaite(a, len(pre), b, len(post))
    effect = float(post.mean() - pre.mean())
    return (
        effect,
        se,
        df,
        float(post.mean()),
        float(np.sqrt(b)),
        float(b),
        len(pre) + len(post),
    )


def series_glance(
    values: Array, after: NDArray[np.bool_], *, window: int | None = None, level: float = 0.95
) -> Effect:
    """Compare a series with itself: mean after minus mean of the last points before (Welch)."""
    n_after = int(after.sum())
    last = np.flatnonzero(~after)[-(window or n_after) :]
    pre, post = values[last], values[after]
    effect, se, df, mean, se_mean, covariance, n = _welch(pre, post, level)
    quantile = float(stdtrit(df, 0.5 + level / 2))
    relative = relative_to(effect, se, mean, se_mean, covariance, quantile)
    return Effect.of_t(
        "before and after",
        effect,
        se,
        df,
        half=quantile * se,
        mean=mean,
        relative=relative,
        inference="Welch's t",
        n_units=n,
        n_treated=n,
        n_before=len(last),
        n_after=n_after,
        assumption=ASSUMPTION,
    )
