"""Before and after, without a comparison: what a glance says, and no more."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from workbench.arrays import Array
from workbench.impact.designs.design import Design
from workbench.impact.effect import Effect, picture
from workbench.impact.inputs.adoption import Adoption
from workbench.impact.inputs.answers import OneAnswer
from workbench.impact.inputs.cutoff import AtCutoff
from workbench.impact.inputs.panel import CaseError, Panel
from workbench.impact.inputs.series import Series
from workbench.impact.power import OWN_CHANGE, panel_plan
from workbench.results import attempt
from workbench.stats.intervals import satterthwaite
from workbench.study import Case

NAME = "before and after"
ASSUMPTION = (
    "Nothing else changed between the two times: no trend, no season, no chance in who was chosen."
)


class _Moments(NamedTuple):
    """A change and the mean after it, with how they err together."""

    effect: float
    se: float
    df: float
    mean: float
    se_mean: float
    covariance: float
    n: int


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
        moments = _paired(pre[both], post[both], _scaled(w_pre, w_post)[both])
    else:
        moments = _welch(pre[w_pre > 0], post[w_post > 0])
    observed = treated.group_means(np.ones(len(treated.units), dtype=bool))
    without = np.where(panel.after | chosen, moments.mean - moments.effect, np.nan)
    return _effect(
        moments,
        "paired t" if pairs == "paired" else "Welch's t",
        len(last),
        n_after,
        level,
        start=panel.start,
        series=picture(panel.periods, panel.after, observed, without),
    )


def _effect(
    moments: _Moments, inference: str, n_before: int, n_after: int, level: float, **rest: Any
) -> Effect:
    return Effect.of_t(
        NAME,
        moments.effect,
        moments.se,
        moments.df,
        mean=moments.mean,
        level=level,
        inference=inference,
        n_units=moments.n,
        n_treated=moments.n,
        n_before=n_before,
        n_after=n_after,
        assumption=ASSUMPTION,
        **rest,
    )


def _scaled(w_pre: Array, w_post: Array) -> Array:
    """Weight of a unit's difference: harmonic, so that a thin side counts as thin."""
    with np.errstate(invalid="ignore", divide="ignore"):
        w = 1 / (1 / w_pre + 1 / w_post)
    return np.asarray(np.nan_to_num(w), dtype=float)


def _paired(pre: Array, post: Array, w: Array) -> _Moments:
    n = len(pre)
    if n < 2:
        raise CaseError(
            "{n} treated units were seen both before and after",
            remedy="two are needed; compare the times as two samples",
            n=n,
        )
    w = w / w.sum()
    effect, mean = float(w @ (post - pre)), float(w @ post)
    d, m = post - pre - effect, post - mean
    c = n / (n - 1)
    se, se_mean = np.sqrt(c * (w**2 @ d**2)), np.sqrt(c * (w**2 @ m**2))
    covariance = float(c * (w**2 @ (d * m)))
    return _Moments(effect, float(se), n - 1, mean, float(se_mean), covariance, n)


def _welch(pre: Array, post: Array) -> _Moments:
    if min(len(pre), len(post)) < 2:
        raise CaseError(
            "there are fewer than two treated units before or after", remedy="bring more data"
        )
    a, b = pre.var(ddof=1) / len(pre), post.var(ddof=1) / len(post)
    se, df = satterthwaite(a, len(pre), b, len(post))
    effect = float(post.mean() - pre.mean())
    n = len(pre) + len(post)
    return _Moments(effect, se, df, float(post.mean()), float(np.sqrt(b)), float(b), n)


def series_glance(
    values: Array, after: NDArray[np.bool_], *, window: int | None = None, level: float = 0.95
) -> Effect:
    """Compare a series with itself: mean after minus mean of the last points before (Welch)."""
    n_after = int(after.sum())
    last = np.flatnonzero(~after)[-(window or n_after) :]
    moments = _welch(values[last], values[after])
    return _effect(moments, "Welch's t", len(last), n_after, level)


def starts_glance(a: Adoption, *, window: int, level: float = 0.95) -> Effect | None:
    """Compare each treated unit with itself: after its own start, and just before (paired t)."""
    at = np.arange(a.never)[None, :] - a.first[:, None]
    treated = (a.first < a.never)[:, None] & (a.weight > 0)
    y, means = np.nan_to_num(a.outcome), []
    for chosen in (treated & (at >= 0), treated & (at < 0) & (at >= -window)):
        count = chosen.sum(axis=1)
        means.append(np.where(count > 0, (y * chosen).sum(axis=1) / np.maximum(count, 1), np.nan))
    both = np.isfinite(means[0]) & np.isfinite(means[1])
    if both.sum() < 2:
        return None
    moments = _paired(means[1][both], means[0][both], a.size[both])
    return _effect(moments, "paired t", window, a.never - int(a.starts.min()), level)


def glance(
    data: Panel | Adoption | Series | OneAnswer | AtCutoff, case: Case, level: float
) -> Effect | None:
    """Compare the treated with themselves, whatever the shape of the data; None if impossible."""
    year = case.periods_a_year
    if isinstance(data, OneAnswer):
        return None
    if isinstance(data, AtCutoff):
        return glance(data.panel, case, level)
    if isinstance(data, Adoption):
        return starts_glance(data, window=year, level=level)
    if isinstance(data, Series):
        value, after = data.value[data.plain], data.later[data.plain]
        n_before = int((~after).sum())
        if min(n_before, int(after.sum())) < 2:
            return None
        return series_glance(value, after, window=min(year, n_before), level=level)
    if data.n_treated != 1:
        return attempt(before_after, data, window=year, level=level)
    # a single unit's periods stand for units
    own = data.outcome[data.treated][0]
    seen = np.isfinite(own)
    return attempt(series_glance, own[seen], data.after[seen], level=level)


BEFORE_AFTER = Design[Panel](
    name=NAME,
    family="glance",
    shape="units",
    assumption=ASSUMPTION,
    grade=0,
    lacks=lambda s: "a simple before/after comparison; no evidence",
    answer=lambda panel, case, level: before_after(panel, window=case.periods_a_year, level=level),
    plan=panel_plan(NAME, OWN_CHANGE),
)
