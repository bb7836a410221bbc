"""What overall satisfaction goes with: each driver's share of the explained variance."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import Final, Literal

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from workbench.arrays import Array
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled, named_estimates
from workbench.satisfaction.moments import (
    check_independent,
    complete,
    correlations,
    percentile_limits,
    resampled,
    respondents,
    standardise,
    usable_draws,
)

Method = Literal["auto", "lmg", "johnson"]
MOST_DRIVERS = 15

#: What a better answer to a driver goes with: sign of its correlation -> word.
DIRECTIONS: Final = {1: "more satisfied", -1: "less satisfied", 0: "no direction shown"}

FIRST_PLACE = (
    "“{item}” has the largest part of what is linked to satisfaction. A service competes for "
    "the first place if it comes first in at least one resample of twenty."
)


@dataclass(frozen=True)
class Drivers(Result):
    """Relative importance of each driver for one outcome: an association, no proof of cause.

    Attributes
    ----------
    table : DataFrame
        `driver`, `n`, `correlation`, `direction` (its sign, where the resamples agree on it: see
        `DIRECTIONS`), `beta` (standardised slope), `estimate` (share of the outcome's variance
        that goes with the driver; adds up to `r2`), `low`, `high`, `share` (of
        r2), `rank`, `rank_low`, `rank_high` (ranks in the middle 95 % of the bootstrap samples),
        `first` (share of the bootstrap samples in which it ranks first).
    r2, r2_low, r2_high : float
        Explained variance; for an ordinal outcome that of the feeling behind the grades
        (McKelvey and Zavoina).
    n, excluded : int
        Complete answers used, and those left out.
    method : str
        "lmg" (all orders of entry) or "johnson" (relative weights).
    outcome : str
        "linear", "logit" or "probit".
    single : bool
        Whether the drivers are single services, and not dimensions of them.
    """

    table: pd.DataFrame
    r2: float
    r2_low: float
    r2_high: float
    n: int
    excluded: int
    method: str = "lmg"
    outcome: str = "linear"
    single: bool = False

    @property
    def top(self) -> pd.Series:
        """The driver with the largest share."""
        return self.table.iloc[int(self.table["estimate"].argmax())]

    @property
    def contenders(self) -> list[str]:
        """Drivers that rank first in at least one resample of twenty."""
        rows = self.table.sort_values("estimate", ascending=False)
        return [str(name) for name in rows.loc[rows["first"] >= 0.05, "driver"]]

    @property
    def against(self) -> list[str]:
        """Drivers whose better answers surely go with less satisfaction, the largest first."""
        rows = self.table.sort_values("estimate", ascending=False)
        return [str(name) for name in rows.loc[rows["direction"] == DIRECTIONS[-1], "driver"]]

    @property
    def explained(self) -> Estimate:
        """Share of the differences in the outcome that goes with the drivers."""
        r2 = Estimate(self.r2, self.r2_low, self.r2_high, self.n, kind="percent")
        return r2.named("Differences in satisfaction linked to the service experienced")

    def estimates(self) -> dict[str, Estimate]:
        """Explained variance (`r2`) and each driver's part of it (`lmg.tangibles`)."""
        parts = named_estimates(self.table, "driver", prefix=f"{self.method}.", kind="percent")
        return {"r2": self.explained, **parts}

    def findings(self) -> list[Finding]:
        """Which driver goes most with the outcome, and how many compete for that place."""
        n, top = len(self.contenders), str(self.top["driver"])
        if self.single:
            head = "Among single services, one stands out"
            if n != 1:
                head = "Among single services, {n} compete for the first place"
            return [
                Finding("drivers.single", head, {"n": n}, verdict="clear" if n == 1 else "open"),
                Finding("drivers.single.first", FIRST_PLACE, {"item": top}),
                *self._against(),
            ]
        message = "Most closely linked to overall satisfaction: {driver}"
        if n != 1:
            message = (
                "Most closely linked to overall satisfaction: {driver}, though its lead"
                " may be chance"
            )
        values = {
            "driver": top,
            "r2": self.explained,
            "n": n,
            "first": Estimate(float(self.top["first"]), kind="percent"),
        }
        return [
            Finding(
                "drivers",
                message,
                values,
                verdict="clear" if n == 1 else "open",
                estimates={"r2": self.explained},
            ),
            Finding(
                "drivers.shares",
                "Together these account for {r2} of the differences in overall satisfaction. "
                "The bars divide that share. The largest part belongs to {driver}, which ranks "
                "first in {first} of the resamples. This is an association: raising it need "
                "not raise satisfaction by as much.",
                values,
            ),
            *self._against(),
        ]

    def _against(self) -> list[Finding]:
        """Warn of each driver that goes with satisfaction the wrong way round."""
        return [
            Finding(
                f"drivers.against.{name}",
                "The other way round: the higher the answers on “{driver}”, the less satisfied"
                " customers are (correlation {r}). Either less of it is better, or the question is"
                " worded negatively and belongs under `reversed` in the card.",
                {"driver": name, "r": Estimate(self._correlation(name), digits=2)},
                verdict="negative",
                severity="warning",
            )
            for name in self.against
        ]

    def _correlation(self, driver: str) -> float:
        rows = self.table.loc[self.table["driver"].astype(str) == driver, "correlation"]
        return float(rows.iloc[0])

    def picture(self) -> Picture:
        """Part of each driver."""
        if self.single:
            return Picture(
                self.plot,
                "Which single services go with satisfaction",
                "Share of the differences in satisfaction",
                self.table.sort_values("rank"),
                height=1.2 + 0.42 * len(self.table),
            )
        return Picture(
            self.plot,
            "What is linked to satisfaction",
            "Share of the differences in satisfaction, all waves",
            self.table,
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw each driver's part of the explained variance, the largest on top."""
        say = speak(language)
        ax = ax or plt.gca()
        rows = self.table.sort_values("estimate")
        place = np.arange(len(rows))
        share, low, high = (100 * rows[c] for c in ("estimate", "low", "high"))
        against = (rows["direction"] == DIRECTIONS[-1]).to_numpy()
        bars = ax.barh(place, share, height=0.6, alpha=0.55)
        for bar in np.asarray(bars.patches, dtype=object)[against]:
            bar.set_hatch("///")
        # a percentile interval of a small share may begin above it
        ax.errorbar(
            share,
            place,
            xerr=[(share - low).clip(lower=0), (high - share).clip(lower=0)],
            fmt="none",
            capsize=3,
            ecolor=plt.rcParams["text.color"],
        )
        ax.set_yticks(place, [say.name(name) for name in rows["driver"]])
        ax.tick_params(axis="y", length=0)
        ax.grid(visible=False, axis="y")
        ax.set_xlim(0, None)
        ax.set_xlabel(say("Share of the variance of overall satisfaction, % (line: 95% interval)"))
        if against.any():
            label = say("hatched: the higher the answer, the less satisfied")
            ax.annotate(label, (1, 0.02), xycoords="axes fraction", ha="right", fontsize="small")
        return ax


def lmg(correlation: Array) -> tuple[Array, Array]:
    """Exact LMG from correlation matrices: the gain in R2, averaged over all orders of entry.

    Parameters
    ----------
    correlation : ndarray, shape (..., p + 1, p + 1)
        Drivers first, the outcome last.

    Returns
    -------
    share : ndarray, shape (..., p)
    r2 : ndarray, shape (...)

    References
    ----------
    Lindeman, Merenda, Gold (1980), Introduction to Bivariate and Multivariate Analysis, page 119;
    Groemping (2006), Journal of Statistical Software 17(1), equation 8.

    Examples
    --------
    >>> import numpy as np
    >>> from workbench.satisfaction import lmg
    >>> correlation = np.array([[1.0, 0.3, 0.5], [0.3, 1.0, 0.4], [0.5, 0.4, 1.0]])
    >>> shares, explained = lmg(correlation)
    >>> shares.round(3).tolist(), round(float(explained), 3)
    ([0.204, 0.114], 0.319)
    """
    p = correlation.shape[-1] - 1
    if p > MOST_DRIVERS:
        raise DataError(
            f"{p} drivers are too many for exact LMG",
            remedy=f"choose {MOST_DRIVERS} or fewer, join items to dimensions, or take Johnson's"
            " relative weights (method='johnson')",
        )
    among, with_y = correlation[..., :p, :p], correlation[..., :p, p]
    r2 = np.zeros((*correlation.shape[:-2], 2**p))
    members = [[i for i in range(p) if mask >> i & 1] for mask in range(2**p)]
    sizes = np.array([len(m) for m in members])
    for size in range(1, p + 1):
        masks = np.flatnonzero(sizes == size)
        chosen = np.array([members[m] for m in masks])
        block = among[..., chosen[:, :, None], chosen[:, None, :]]
        target = with_y[..., chosen]
        slope = np.linalg.solve(block, target[..., None])[..., 0]
        r2[..., masks] = (slope * target).sum(axis=-1)
    share = np.zeros((*correlation.shape[:-2], p))
    masks = np.arange(2**p)
    for i in range(p):
        without = masks[(masks >> i & 1) == 0]
        weight = np.array([1 / (p * comb(p - 1, int(sizes[m]))) for m in without])
        share[..., i] = ((r2[..., without | 1 << i] - r2[..., without]) * weight).sum(axis=-1)
    return share, r2[..., -1]


def relative_weights(correlation: Array) -> tuple[Array, Array]:
    """Johnson's relative weights from correlation matrices, for many drivers.

    The drivers are replaced by the uncorrelated variables closest to them; the variance that
    those explain is handed back to the drivers. It ranks drivers nearly as LMG does, in the time
    of one eigenvalue problem.

    Parameters
    ----------
    correlation : ndarray, shape (..., p + 1, p + 1)
        Drivers first, the outcome last.

    Returns
    -------
    share : ndarray, shape (..., p)
    r2 : ndarray, shape (...)

    References
    ----------
    Johnson (2000), A heuristic method for estimating the relative weight of predictor variables
    in multiple regression, Multivariate Behavioral Research 35(1), 1-19, equations 5 to 8.
    """
    p = correlation.shape[-1] - 1
    values, vectors = np.linalg.eigh(correlation[..., :p, :p])
    root = np.sqrt(np.maximum(values, 1e-300))
    near = (vectors * root[..., None, :]) @ np.swapaxes(vectors, -1, -2)
    back = (vectors / root[..., None, :]) @ np.swapaxes(vectors, -1, -2)
    slope = (back @ correlation[..., :p, p, None])[..., 0]
    share = (near**2 @ (slope**2)[..., None])[..., 0]
    return share, share.sum(axis=-1)


def drivers(
    scores: pd.DataFrame,
    outcome: pd.Series,
    *,
    weights: ArrayLike | None = None,
    people: ArrayLike | None = None,
    method: Method = "auto",
    rng: np.random.Generator,
    draws: int = 500,
    level: float = 0.95,
) -> Drivers:
    """Divide the explained variance of an outcome among its drivers.

    Parameters
    ----------
    scores : DataFrame, shape (n, p)
        One column a driver, say the dimension scores.
    outcome : Series, shape (n,)
        Say overall satisfaction.
    weights : array_like, shape (n,), optional
        Survey weights.
    people : array_like, shape (n,), optional
        Who gave each answer: somebody who answered twice is resampled as one.
    method : {"auto", "lmg", "johnson"}
        Exact LMG up to 15 drivers and Johnson's relative weights beyond, or one of them.
    rng : numpy.random.Generator
        For the bootstrap over respondents: percentile intervals, widened as Student's t is (see
        `percentile_limits`), for R2 with the bias taken out.

    Raises
    ------
    DataError
        Fewer than ten complete answers a driver, a column without spread, or drivers of which
        one can be computed from the others.
    """
    names = [str(c) for c in scores.columns]
    x, w, seen = complete(scores.assign(_outcome=np.asarray(outcome)), weights)
    check_enough(len(x), len(names))
    z = standardise(x, w, [*names, str(outcome.name)])
    matrix = correlations(z, [w])
    check_independent(matrix[0, :-1, :-1], names)
    who = None if people is None else np.asarray(people)[seen]
    many = correlations(z, resampled(w, draws, rng, who)) if draws else matrix
    many = many[usable_draws(many)]
    return divide(
        matrix,
        many,
        names,
        n=len(x),
        effective=respondents(w, who),
        excluded=int((~seen).sum()),
        method=method,
        level=level,
    )


def check_enough(n: int, p: int) -> None:
    """Ask for a driver, and for ten complete answers of each.

    Raises
    ------
    DataError
        There is none, or there are fewer, as where there are more drivers than rows.
    """
    if not p:
        raise DataError("there are no drivers", remedy="name the columns to divide among")
    if n < 10 * p:
        raise DataError(
            f"{n} complete answers for {p} drivers",
            remedy=f"at least {10 * p} are needed; join drivers or pool waves",
        )


def divide(
    matrix: Array,
    many: Array,
    names: list[str],
    *,
    n: int,
    effective: float,
    excluded: int,
    method: Method = "auto",
    level: float = 0.95,
    outcome: str = "linear",
) -> Drivers:
    """Divide explained variance, given the correlations and their bootstrap draws.

    Parameters
    ----------
    matrix : ndarray, shape (1, p + 1, p + 1)
        Drivers first, the outcome last.
    many : ndarray, shape (draws, p + 1, p + 1)
    names : list of str
        The drivers.
    effective : float
        Respondents that the answers are worth.
    """
    p = len(names)
    exact = method == "lmg" or (method == "auto" and p <= MOST_DRIVERS)
    rule = lmg if exact else relative_weights
    share, r2 = rule(matrix)
    try:
        drawn, drawn_r2 = rule(many)
    except np.linalg.LinAlgError as error:
        raise DataError(
            "in some resamples one driver can be computed from the others",
            remedy="leave one of them out, or pool waves",
        ) from error
    tails = [0.5 - level / 2, 0.5 + level / 2]
    low, high = percentile_limits(drawn, level, effective)
    r2_low, r2_high = percentile_limits(drawn_r2, level, effective, estimate=r2[0])
    ranks = (-drawn).argsort(axis=1).argsort(axis=1) + 1
    rank_low, rank_high = np.quantile(ranks, tails, axis=0, method="nearest")
    table = pd.DataFrame(
        {
            "driver": names,
            "n": n,
            "correlation": matrix[0, :p, p],
            "direction": _directions(matrix[0, :p, p], many[:, :p, p], tails),
            "beta": np.linalg.solve(matrix[0, :p, :p], matrix[0, :p, p]),
            "estimate": share[0],
            "low": low,
            "high": high,
            "share": share[0] / r2[0],
            "rank": (-share[0]).argsort().argsort() + 1,
            "rank_low": rank_low.astype(int),
            "rank_high": rank_high.astype(int),
            "first": (ranks == 1).mean(axis=0),
        }
    )
    table = labelled(
        table,
        driver="Driver",
        n="Answers",
        estimate=("Share of variance", "percent:1"),
        correlation=("Correlation", "number:2"),
        direction="Higher answers go with",
        beta=("Standardised slope", "number:2"),
        rank=("Rank", "number:0"),
        rank_low=("Rank, at best", "number:0"),
        rank_high=("Rank, at worst", "number:0"),
        first=("Ranks first in", "percent"),
    )
    return Drivers(
        table,
        float(r2[0]),
        float(r2_low),
        float(r2_high),
        n,
        excluded,
        "lmg" if exact else "johnson",
        outcome,
    )


def _directions(estimate: Array, drawn: Array, tails: list[float]) -> list[str]:
    """Give the sign of each correlation that both limits of its resamples share."""
    low, high = np.quantile(drawn, tails, axis=0) if len(drawn) > 1 else (estimate, estimate)
    return [DIRECTIONS[int(a > 0) - int(b < 0)] for a, b in zip(low, high, strict=True)]
