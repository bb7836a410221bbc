"""A series beside series that the measure did not reach: what it would have done with them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.fft import dct
from scipy.special import stdtr, stdtrit

from workbench.arrays import Array, Mask
from workbench.impact.designs.design import Design, refusal
from workbench.impact.designs.series.interrupted_series import (
    INTERRUPTED,
    counts_as_values,
    too_short,
)
from workbench.impact.effect import Effect, picture, relative_to_known
from workbench.impact.inputs.panel import CaseError
from workbench.impact.inputs.series import FEWEST_AFTER, FEWEST_BEFORE, Series, harmonics
from workbench.impact.inputs.trading_days import holiday_share
from workbench.results import Finding
from workbench.stats.mixtures import mixture_limits
from workbench.study import Case

NAME = "series with controls"
ASSUMPTION = (
    "The measure did not touch the comparison series, and their tie to this one would have gone on"
    " as it was before the start."
)
# Share of a period's new variance that stays for good, from none to nearly all. The weights lean
# to clear drift: a short past that looks steady need not be (calibration: 60 points, drift .5).
_SIGNAL = np.concatenate([[0.0], np.geomspace(0.0025, 8.0, 22)])
_LEAN, _LEAN_FROM = 0.5, 0.1
# A past of n periods cannot tell shares below about 1 / n from none: none counts as all of them.
_STEADY = 400.0
# Size of a season of its own, in standard deviations of a period's noise; none is as likely as all.
_SEASONS = (0.3, 1.0, 3.0, 10.0)


@dataclass(frozen=True)
class _Forecast:
    """Path without the measure under each signal ratio: the mean of many contrasts."""

    weight: Array  # (ratios,); its logarithm, up to a constant, until they are joined
    centre: Array  # (contrasts, ratios): forecast of each contrast of the time after
    se: Array  # (contrasts, ratios)
    fitted: Array  # (ratios, before), or (before,) once joined
    df: float


def controlled_series(
    values: ArrayLike,
    controls: pd.DataFrame,
    periods: pd.Index | None = None,
    *,
    after: ArrayLike,
    season: int | None = None,
    time: ArrayLike | None = None,
    country: str = "",
    level: float = 0.95,
) -> Effect:
    """Compare a series with what its comparison series forecast.

    A regression on the comparison series and a drifting level are fitted to the time before the
    start alone and carried on; the effect is what was observed less the forecast, averaged over
    the time after. The ratio of the level's drift to the noise is averaged out with its
    restricted likelihood; drift and noise of the time after are in the interval. A season that the
    comparison series do not share would pass for drift: harmonics of a size that the time before
    tells, none among them, are averaged over as well where it holds a season at least.

    Parameters
    ----------
    values : array_like, shape (n,)
        Without gaps.
    controls : DataFrame, n rows
        One column a comparison series, without gaps.
    periods : Index, optional
    after : array_like of bool, shape (n,)
    season : int, optional
        Periods a year; no season when left out.
    time : array_like, shape (n,), optional
        Places of the points, where periods between them are left out.
    country : str
        Whose public holidays may move this series more than the others; none when left out.

    Raises
    ------
    CaseError
        Fewer than eight points after, or fewer before than eight and three a comparison series;
        gaps; a constant series.

    References
    ----------
    Brodersen and others (2015), Annals of Applied Statistics 9(1), 247-274 (the comparison);
    Harvey (1989), section 2.3; the basis in which the drifting level's covariance is diagonal is
    the discrete cosine transform (Strang 1999, SIAM Review 41(1)).
    """
    y, z, later = _read(values, controls, after)
    names = pd.RangeIndex(len(y)) if periods is None else pd.Index(periods)
    n, m = int((~later).sum()), int(later.sum())
    contrasts = np.vstack([np.full(m, 1 / m), np.eye(m)])
    own = _season(
        np.arange(n + m, dtype=float) if time is None else np.asarray(time, dtype=float), n, season
    )
    share = holiday_share(names, country)
    if share is not None and np.ptp(share[~later]) > 0:
        own = np.column_stack([own, (share - share.mean()) / share.std()])
    cast = _forecasts(y[~later], z[~later], z[later], contrasts, own)
    mean = float(y[later].mean())
    low, high = mixture_limits(cast.weight, mean - cast.centre[:1], cast.se[:1], cast.df, level)
    centre = cast.centre @ cast.weight
    # the band needs no more than the mixture's first two moments
    within = (cast.se**2 + (cast.centre - centre[:, None]) ** 2) @ cast.weight
    band = np.full(n + m, np.nan)
    band[later] = float(stdtrit(cast.df, 0.5 + level / 2)) * np.sqrt(within[1:])
    effect = mean - float(centre[0])
    tail = float(cast.weight @ stdtr(cast.df, -(mean - cast.centre[0]) / cast.se[0]))
    without = np.concatenate([cast.fitted, centre[1:]])
    return Effect.of(
        NAME,
        effect,
        float(low[0]),
        float(high[0]),
        2 * min(tail, 1 - tail),
        mean=mean,
        relative=relative_to_known(effect, float(low[0]), float(high[0]), mean),
        inference="restricted likelihood, drifting level",
        n_units=n + m,
        n_treated=m,
        n_before=n,
        n_after=m,
        start=names[int(np.argmax(later))],
        series=picture(names, later, y, without, band),
        checks=(_fit_before(y[~later], cast.fitted),),
        assumption=ASSUMPTION,
    )


def _read(values: ArrayLike, controls: pd.DataFrame, after: ArrayLike) -> tuple[Array, Array, Mask]:
    y, z = np.asarray(values, dtype=float), controls.to_numpy(dtype=float)
    later = np.asarray(after, dtype=bool)
    if y.ndim != 1 or y.shape != later.shape or len(z) != len(y):
        raise CaseError(
            "there are {n} values, {m} marks of before and after and {rows} rows of comparison"
            " series",
            where="series",
            remedy="give one of each a period",
            n=y.size,
            m=later.size,
            rows=len(z),
        )
    if z.shape[1] == 0:
        raise CaseError(
            "there is no comparison series", where="series", remedy="use interrupted_series"
        )
    for name, column in (("series", y), *zip(controls.columns, z.T, strict=True)):
        where = "series" if name == "series" else f"comparison series {name!r}"
        if not np.isfinite(column).all():
            raise CaseError(
                "{n} periods have no value",
                where=where,
                remedy="fill them, leave these periods out of all series, or leave it out",
                n=int((~np.isfinite(column)).sum()),
            )
        if np.ptp(column[~later]) == 0:
            raise CaseError(
                "it is {value} throughout the time before",
                where=where,
                remedy="nothing can be learnt from a constant; leave it out",
                value=f"{column[0]:g}",
            )
    if (np.diff(later.astype(int)) < 0).any():
        raise CaseError(
            "periods before and after are mixed", where="series", remedy="sort the series by time"
        )
    needed = FEWEST_BEFORE + 3 * z.shape[1]
    for n, least, side in (
        ((~later).sum(), needed, "before"),
        (later.sum(), FEWEST_AFTER, "after"),
    ):
        if n < least:
            raise CaseError(
                "there are {n} points {time} the start, {needed} are needed with {series}"
                " comparison series",
                where="series",
                remedy="wait for more data, or use fewer comparison series",
                n=int(n),
                time=side,
                needed=least,
                series=z.shape[1],
            )
    return y, z, later


def _season(time: Array, before: int, season: int | None) -> Array:
    """Lay out the terms of a season, none where the time before does not hold one."""
    terms = harmonics(time, season, before)
    # of a year that the time before does not hold nothing is learnt from the time after
    told = [
        term for name, term in terms.items() if name.startswith("week") or before >= (season or 0)
    ]
    return np.column_stack([np.zeros((len(time), 0)), *told])


def _forecasts(y: Array, z: Array, z_after: Array, contrasts: Array, own: Array) -> _Forecast:
    """Forecast with seasons of several sizes, each weighed by what the time before says for it."""
    plain = _forecast(y, z, z_after, contrasts, own[:, :0], 1.0)
    if not own.shape[1]:
        return _weighed([plain])
    seasonal = [_forecast(y, z, z_after, contrasts, own, size) for size in _SEASONS]
    even = [replace(each, weight=each.weight - np.log(len(_SEASONS))) for each in seasonal]
    return _weighed([plain, *even])


def _weighed(parts: list[_Forecast]) -> _Forecast:
    """Join forecasts whose weights are logarithms of what speaks for them."""
    score = np.concatenate([part.weight for part in parts])
    weight = np.exp(score - score.max())
    weight /= weight.sum()
    shares = np.split(weight, len(parts))
    fitted = sum(share @ part.fitted for share, part in zip(shares, parts, strict=True))
    return _Forecast(
        weight,
        np.column_stack([part.centre for part in parts]),
        np.column_stack([part.se for part in parts]),
        np.asarray(fitted),
        parts[0].df,
    )


def _forecast(
    y: Array, z: Array, z_after: Array, contrasts: Array, own: Array, size: float
) -> _Forecast:
    """Forecast contrasts of the time after, for every signal ratio at once.

    In the cosine basis both the noise and the level's drift (less its mean, which the constant
    takes up) are uncorrelated, so that each ratio is one weighted regression. Seasonal terms have
    normal coefficients of standard deviation `size` times the noise's.
    """
    n, m = len(y), len(z_after)
    centre, spread = z.mean(axis=0), z.std(axis=0)
    x = np.column_stack([np.ones(n), (z - centre) / spread])
    k = x.shape[1]
    if np.linalg.matrix_rank(x) < k:
        raise CaseError(
            "comparison series repeat one another before the start",
            where="series",
            remedy="leave out those that follow from the others",
        )
    x_after = np.column_stack([np.ones(m), (z_after - centre) / spread, own[n:]])
    x = np.column_stack([x, own[:n]])
    penalty = np.diag(np.r_[np.zeros(k), np.full(own.shape[1], 1 / size**2)])
    ty, tx = dct(y, norm="ortho"), dct(x, axis=0, norm="ortho")
    # a random walk's covariance on contrasts is the inverse of the path graph's Laplacian
    frequency = np.pi * np.arange(n) / n
    walk = np.zeros(n)
    walk[1:] = 1 / (2 - 2 * np.cos(frequency[1:]))
    signal = _SIGNAL[:, None] * walk  # (ratios, n)
    weight = 1 / (1 + signal)
    xw = tx[None] * weight[:, :, None]
    precision = np.swapaxes(xw, 1, 2) @ tx + penalty
    inverse = np.linalg.inv(precision)
    cross = np.einsum("qnk,n->qk", xw, ty)
    beta = np.einsum("qkl,ql->qk", inverse, cross)
    rss = np.maximum(weight @ ty**2 - np.einsum("qk,qk->q", beta, cross), 1e-300)
    df = float(n - k)
    score = 0.5 * np.log(weight).sum(axis=1) - 0.5 * np.linalg.slogdet(precision)[1]
    score = score - 0.5 * df * np.log(rss) - own.shape[1] * np.log(size) + np.log(_prior(n))
    # the level at the end of the time before, in the cosine basis
    last = np.sqrt(2 / n) * np.cos(np.pi * np.arange(n) * (n - 0.5) / n)
    shared = signal * last  # covariance of that level with what was observed
    residual = ty - beta @ tx.T
    at_end = np.einsum("qn,qn->q", shared * weight, residual)
    left = np.einsum("qn,n->q", shared * (1 - weight * signal), last)
    # weights of the regressors in the forecast error, contrast by contrast
    row = contrasts @ x_after  # (contrasts, k)
    total = contrasts.sum(axis=1)
    learnt = np.einsum("qn,qnk->qk", shared, xw)
    loading = row[:, None, :] - total[:, None, None] * learnt[None]
    centre_at = row @ beta.T + total[:, None] * at_end
    # each step of the drift reaches all later periods
    drift = (np.cumsum(contrasts[:, ::-1], axis=1) ** 2).sum(axis=1)
    noise = (contrasts**2).sum(axis=1)
    variance = (
        total[:, None] ** 2 * left
        + _SIGNAL * drift[:, None]
        + noise[:, None]
        + np.einsum("cqk,qkl,cql->cq", loading, inverse, loading)
    )
    smooth = signal * weight * residual
    fitted = dct(smooth + beta @ tx.T, type=3, norm="ortho", axis=1)
    return _Forecast(score, centre_at, np.sqrt(variance * rss / df), fitted, df)


def _prior(n: int) -> Array:
    """Weigh the signal ratios before a past of n periods has spoken."""
    weight: Array = np.maximum(_SIGNAL / _LEAN_FROM, 1.0) ** _LEAN
    weight[0] = _STEADY / n
    return weight


def _fit_before(y: Array, fitted: Array) -> Finding:
    """Say how closely the forecast followed before the start."""
    share = 1 - float(np.var(y - fitted) / np.var(y))
    if share < 0.3:
        return Finding(
            "fit before",
            "The comparison series hardly follow this one before the start ({share} percent of its"
            " variance); they say little about what would have been.",
            {"share": round(100 * max(share, 0.0))},
            severity="warning",
        )
    return Finding(
        "fit before", "The comparison series follow this one before the start.", severity="ok"
    )


def answer_with_controls(series: Series, case: Case, level: float) -> Effect:
    """Judge a series beside its comparison series, or by itself where they do not bear it."""
    try:
        return beside_controls(series, level, case.periods_a_year)
    except CaseError as error:
        if series.controls is None:
            raise
        told = replace(refusal(error), severity="note", key="comparison series")
        return INTERRUPTED.answer(series, case, level).with_checks(told)


def beside_controls(series: Series, level: float, season: int | None = None) -> Effect:
    """Judge a series beside its comparison series, at the periods that all of them have."""
    if series.controls is None:
        raise CaseError(
            "there is no comparison series", where="series", remedy="use interrupted_series"
        )
    seen = series.seen & np.isfinite(series.controls.to_numpy(dtype=float)).all(axis=1)
    return controlled_series(
        series.value[seen],
        series.controls[seen],
        series.periods[seen],
        after=series.later[seen],
        season=season,
        time=np.flatnonzero(seen),
        country=series.country,
        level=level,
    )


CONTROLLED = Design[Series](
    name=NAME,
    family="series",
    shape="series",
    assumption=ASSUMPTION,
    grade=2,
    lacks=lambda s: "no comparison series" if s.n_controls == 0 else too_short(s),
    answer=answer_with_controls,
    rank=4,
    beside=("interrupted time series", counts_as_values),
)
