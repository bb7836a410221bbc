"""Drivers of an outcome in ordered grades: ordered logit or probit, and each driver's share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import expit, ndtr

from workbench.arrays import Array, Index
from workbench.errors import DataError
from workbench.satisfaction.drivers.drivers import Drivers, Method, check_enough, divide, drivers
from workbench.satisfaction.moments import (
    check_independent,
    complete,
    correlations,
    resampled,
    respondents,
    standardise,
    usable_draws,
)
from workbench.satisfaction.questionnaire.answers import Answers
from workbench.stats.intervals import normal_quantile

Link = Literal["logit", "probit"]
#: Variance of the part of the feeling that the drivers leave open.
_NOISE = {"logit": np.pi**2 / 3, "probit": 1.0}
_STEPS = 60
# From so many answers on one Newton step stands for the full fit of a resample.
_MANY = 2000
_GRADES = 15


@dataclass(frozen=True)
class OrderedFit:
    """An ordered regression.

    Attributes
    ----------
    slopes : ndarray, shape (p,)
    cuts : ndarray, shape (grades - 1,)
    covariance : ndarray, shape (p + grades - 1, ...)
        Inverse of the observed information, slopes first.
    llf, llnull : float
        Log likelihood, and that of the grades' shares alone.
    link : str
    """

    slopes: Array
    cuts: Array
    covariance: Array
    llf: float
    llnull: float
    link: Link

    @property
    def bse(self) -> Array:
        """Standard errors of the slopes."""
        return np.sqrt(np.diag(self.covariance)[: self.slopes.size])

    def conf_int(self, level: float = 0.95) -> Array:
        """Limits of the slopes, shape (p, 2)."""
        half = normal_quantile(level) * self.bse
        return np.column_stack([self.slopes - half, self.slopes + half])


def fit_ordered(
    x: Array, grade: Index, weights: Array, *, link: Link, start: Array | None = None
) -> OrderedFit:
    """Fit an ordered logit or probit by Newton's method.

    Parameters
    ----------
    x : ndarray, shape (n, p)
        Without a constant.
    grade : ndarray of int, shape (n,)
        0, 1, ..., each of which occurs.
    weights : ndarray, shape (n,)
    start : ndarray, optional
        Slopes and cuts to begin with.

    References
    ----------
    McCullagh (1980), Regression models for ordinal data, Journal of the Royal Statistical Society
    B 42(2), 109-142; McKelvey, Zavoina (1975), Journal of Mathematical Sociology 4(1), 103-120.
    """
    p, grades = x.shape[1], int(grade.max()) + 1
    share = np.bincount(grade, weights, grades) / weights.sum()
    llnull = float(weights.sum() * (share[share > 0] * np.log(share[share > 0])).sum())
    if start is None:
        below = np.cumsum(share)[:-1].clip(1e-9, 1 - 1e-9)
        cuts = np.log(below / (1 - below))
        start = np.r_[np.zeros(p), cuts if link == "logit" else cuts / 1.7]
    at: Array = np.array(start, dtype=float)
    value, slope, curve = _likelihood(at, x, grade, weights, link)
    for _ in range(_STEPS):
        try:
            step = np.linalg.solve(curve, slope)
        except np.linalg.LinAlgError as error:
            raise DataError(
                "the ordered regression has no solution",
                remedy="leave out drivers that say the same, or join rare grades",
            ) from error
        size = 1.0
        while size > 1e-6:
            trial = at + size * step
            if (np.diff(trial[p:]) > 0).all():
                new = _likelihood(trial, x, grade, weights, link)
                if new[0] >= value - 1e-10 * abs(value):
                    break
            size /= 2
        else:
            break
        gain, at = new[0] - value, trial
        value, slope, curve = new
        if gain < 1e-10 * abs(value) and np.abs(step).max() < 1e-7:
            break
    if np.abs(at[:p] * x.std(axis=0)).max(initial=0.0) > 15:
        raise DataError(
            "the drivers separate the grades completely",
            remedy="leave out the driver that is the outcome in other words",
        )
    covariance = np.asarray(np.linalg.inv(curve), dtype=float)
    return OrderedFit(at[:p], at[p:], covariance, value, llnull, link)


def ordinal_drivers(
    scores: pd.DataFrame,
    outcome: pd.Series,
    *,
    link: Link = "probit",
    weights: ArrayLike | None = None,
    people: ArrayLike | None = None,
    method: Method = "auto",
    rng: np.random.Generator,
    draws: int = 200,
    level: float = 0.95,
) -> Drivers:
    """Divide what drivers explain of an outcome that is given in ordered grades.

    The distance from "poor" to "fair" need not be that from "good" to "very good", so the grades
    are taken as cuts through a feeling that is not seen. One ordered regression gives the
    covariance of that feeling with the drivers (S b) and its variance (b'S b + 1); the variance is
    then divided as in `drivers`, over all orders of entry. For any subset of drivers the R2 behind
    it is that of McKelvey and Zavoina for the feeling's projection on the subset.

    Parameters
    ----------
    scores : DataFrame, shape (n, p)
    outcome : Series, shape (n,)
        A few ordered grades, such as 1 to 5; numbers, the higher the better.
    link : {"probit", "logit"}
    weights, people, method, rng, draws, level
        See `drivers`. From 2,000 answers on, a resample's slopes are one Newton step from the
        estimate, with the resample's own information: a full fit would move them by a few
        hundredths of their error.

    Raises
    ------
    DataError
        As `drivers`; also more than 15 grades, or a grade that drivers tell without error.

    References
    ----------
    McKelvey, Zavoina (1975), Journal of Mathematical Sociology 4(1), 103-120, equation 16; Azen,
    Traxel (2009), Using dominance analysis to determine predictor importance in logistic
    regression, Journal of Educational and Behavioral Statistics 34(3), 319-347; Davidson, MacKinnon
    (1999), Bootstrap testing in nonlinear models, International Economic Review 40(2), 487-508
    (few Newton steps a resample).
    """
    names = [str(c) for c in scores.columns]
    x, w, seen = complete(scores.assign(_outcome=np.asarray(outcome)), weights)
    check_enough(len(x), len(names))
    values, grade = np.unique(x[:, -1], return_inverse=True)
    if len(values) > _GRADES:
        raise DataError(
            f"{outcome.name} has {len(values)} different values",
            remedy="an ordinal outcome has at most 15 grades; use drivers() for a measured one",
        )
    z = standardise(x, w, [*names, str(outcome.name)])[:, :-1]
    plain = correlations(z, [w])
    check_independent(plain[0], names)
    first = fit_ordered(z, grade, w, link=link)
    matrix = _with_feeling(plain, [first.slopes], z, [w], link)
    who = None if people is None else np.asarray(people)[seen]
    many = matrix
    if draws:
        drawn = list(resampled(w, draws, rng, who))
        inside = correlations(z, drawn)
        good = np.flatnonzero(usable_draws(inside))
        at = np.r_[first.slopes, first.cuts]
        again = _stepped if len(z) > _MANY else _refitted
        slopes = again(z, grade, [drawn[k] for k in good], link, at)
        kept = np.isfinite(slopes).all(axis=1)
        good = good[kept]
        many = _with_feeling(inside[good], list(slopes[kept]), z, [drawn[k] for k in good], link)
    return divide(
        matrix,
        many,
        names,
        n=len(x),
        effective=respondents(w, who),
        excluded=int((~seen).sum()),
        method=method,
        level=level,
        outcome=link,
    )


def service_drivers(
    answers: Answers,
    outcome: str = "csat5",
    *,
    rng: np.random.Generator,
    draws: int = 200,
    level: float = 0.95,
) -> Drivers:
    """Divide overall satisfaction among the dimensions of the service experienced.

    Every page that speaks of drivers calls this, so that they show the same numbers.

    Parameters
    ----------
    answers : Answers
        With weights and people, which are used.
    outcome : str
        Column of overall satisfaction; up to 15 grades are taken as ordered (`ordinal_drivers`), a
        measured one as it is (`drivers`).
    rng, draws, level
        See `drivers`.

    Raises
    ------
    DataError
        As `drivers`; or there is no such column.
    """
    if outcome not in answers.background or not answers.dimensions:
        raise DataError(
            f"there is no column {outcome!r}, or there are no items",
            where="survey",
            remedy="name the column of overall satisfaction",
        )
    scores = answers.scores(answers.perception).drop(columns="overall")
    given = pd.to_numeric(answers.background[outcome], errors="coerce")
    rule: Callable[..., Drivers] = ordinal_drivers if given.nunique() <= _GRADES else drivers
    w, people = answers.weights, answers.people
    return rule(scores, given, weights=w, people=people, rng=rng, draws=draws, level=level)


def item_drivers(
    answers: Answers,
    outcome: str = "csat5",
    *,
    rng: np.random.Generator,
    draws: int = 200,
    level: float = 0.95,
) -> Drivers:
    """Divide overall satisfaction among the single services experienced, by their wording.

    Parameters
    ----------
    answers, outcome, rng, draws, level
        As of `service_drivers`; the outcome is taken as measured.

    Raises
    ------
    DataError
        As `drivers`; or there is no such column.
    """
    if outcome not in answers.background:
        raise DataError(
            f"there is no column {outcome!r}",
            where="survey",
            remedy="name the column of overall satisfaction",
        )
    found = drivers(
        answers.perception.rename(columns=answers.labels),
        answers.background[outcome],
        weights=answers.weights,
        people=answers.people,
        rng=rng,
        draws=draws,
        level=level,
    )
    return replace(found, single=True)


def _refitted(z: Array, grade: Index, drawn: list[Array], link: Link, at: Array) -> Array:
    """Slopes of each resample, (draws, p); grades that it lost are closed up."""
    p = z.shape[1]
    out = np.full((len(drawn), p), np.nan)
    for k, w in enumerate(drawn):
        there = w > 0
        present, codes = np.unique(grade[there], return_inverse=True)
        begin = at if present.size == at.size - p + 1 else None
        if present.size < 2:
            continue
        try:
            out[k] = fit_ordered(z[there], codes, w[there], link=link, start=begin).slopes
        except DataError:
            continue
    return out


def _stepped(z: Array, grade: Index, drawn: list[Array], link: Link, at: Array) -> Array:
    """Slopes of each resample, one Newton step from the estimate; (draws, p)."""
    p, q = z.shape[1], at.size
    score, curve = np.zeros((len(drawn), q)), np.zeros((len(drawn), q * (q + 1) // 2))
    for start in range(0, len(z), 8192):  # a row's information is wide: not all rows at once
        here = slice(start, start + 8192)
        slope, turn = _by_row(at, z[here], grade[here], link)
        w = np.array([d[here] for d in drawn])
        score += w @ slope
        curve += w @ turn
    up, across = np.triu_indices(q)
    out, square = np.full((len(drawn), p), np.nan), np.zeros((q, q))
    for k in range(len(drawn)):
        square[up, across] = square[across, up] = curve[k]
        try:
            out[k] = (at + np.linalg.solve(square, score[k]))[:p]
        except np.linalg.LinAlgError:  # the resample lost a grade or a driver's spread
            continue
    return out


def _by_row(at: Array, x: Array, grade: Index, link: Link) -> tuple[Array, Array]:
    """Give each row's score, and the upper triangle of its observed information."""
    n, p = x.shape
    mass, (du, cu), (dl, cl) = _grades(at, x, grade, link)
    a, b = du / mass, dl / mass
    uu, ll, ul = a * a - cu / mass, b * b + cl / mass, -a * b
    # the edges of a row's grade move with its line and, one each, with two cuts
    upper, lower = np.zeros((n, at.size)), np.zeros((n, at.size))
    upper[:, :p] = lower[:, :p] = -x
    rows = np.arange(n)
    top, bottom = grade < at.size - p, grade > 0
    upper[rows[top], p + grade[top]] = 1.0
    lower[rows[bottom], p + grade[bottom] - 1] = 1.0
    score = a[:, None] * upper - b[:, None] * lower
    i, j = np.triu_indices(at.size)
    curve = uu[:, None] * upper[:, i] * upper[:, j] + ll[:, None] * lower[:, i] * lower[:, j]
    curve += ul[:, None] * (upper[:, i] * lower[:, j] + lower[:, i] * upper[:, j])
    return score, curve


def _with_feeling(
    inside: Array, slopes: list[Array], z: Array, weights: list[Array], link: Link
) -> Array:
    """Add the feeling behind the grades as the last column of the correlation matrices."""
    p = z.shape[1]
    matrix = np.ones((len(inside), p + 1, p + 1))
    matrix[:, :p, :p] = inside
    for k, (b, w) in enumerate(zip(slopes, weights, strict=True)):
        mean = w @ z / w.sum()
        sd = np.sqrt(w @ (z - mean) ** 2 / w.sum())
        b = b * sd
        explained = inside[k] @ b
        total = float(b @ explained) + _NOISE[link]
        matrix[k, p, :p] = matrix[k, :p, p] = explained / np.sqrt(total)
    return matrix


def _likelihood(
    at: Array, x: Array, grade: Index, w: Array, link: Link
) -> tuple[float, Array, Array]:
    """Log likelihood, gradient and observed information."""
    p = x.shape[1]
    grades = at.size - p + 1
    mass, (du, cu), (dl, cl) = _grades(at, x, grade, link)
    value = float(w @ np.log(mass))
    a, b = du / mass, dl / mass  # derivatives of log mass by upper and (negative) lower
    # second derivatives of -log mass
    uu, ll, ul = a * a - cu / mass, b * b + cl / mass, -a * b
    columns = np.zeros((2, x.shape[0]))
    columns[0], columns[1] = w * a, w * b
    slope = np.zeros(at.size)
    slope[:p] = -(columns[0] - columns[1]) @ x
    curve = np.zeros((at.size, at.size))
    both = w * (uu + 2 * ul + ll)
    curve[:p, :p] = (x * both[:, None]).T @ x
    to_upper, to_lower = w * (uu + ul), w * (ll + ul)
    for k in range(grades - 1):  # cut k is the upper edge of grade k and the lower of k + 1
        up, low = grade == k, grade == k + 1
        slope[p + k] = columns[0][up].sum() - columns[1][low].sum()
        across = -(to_upper[up] @ x[up] + to_lower[low] @ x[low])
        curve[p + k, :p] = curve[:p, p + k] = across
        curve[p + k, p + k] = (w * uu)[up].sum() + (w * ll)[low].sum()
        if k:
            curve[p + k, p + k - 1] = curve[p + k - 1, p + k] = (w * ul)[up].sum()
    return value, slope, curve


def _grades(
    at: Array, x: Array, grade: Index, link: Link
) -> tuple[Array, tuple[Array, Array], tuple[Array, Array]]:
    """Chance of each row's own grade; density and its slope at the grade's upper and lower edge."""
    p = x.shape[1]
    line = x @ at[:p]
    edges = np.r_[-np.inf, at[p:], np.inf]
    upper, lower = edges[grade + 1] - line, edges[grade] - line
    fu, du, cu = _link(upper, link)
    fl, dl, cl = _link(lower, link)
    # on the side where both are near 1 the complements are exact
    far = expit(-lower) - expit(-upper) if link == "logit" else ndtr(-lower) - ndtr(-upper)
    mass = np.maximum(np.where(lower > 0, far, fu - fl), 1e-300)
    return mass, (du, cu), (dl, cl)


def _link(t: Array, link: Link) -> tuple[Array, Array, Array]:
    """Distribution function, density, and the density's slope."""
    if link == "logit":
        f = expit(t)
        d = f * expit(-t)
        return f, d, d * (1 - 2 * f)
    inside = np.clip(t, -38, 38)
    d = np.where(np.isfinite(t), np.exp(-0.5 * inside**2) / np.sqrt(2 * np.pi), 0.0)
    return ndtr(t), d, -inside * d
