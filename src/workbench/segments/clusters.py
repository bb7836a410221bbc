"""Groups found in the data, and whether there are any.

References
----------
Liu, Hayes, Nobel, Marron (2008), Statistical Significance of Clustering for High-Dimension,
Low-Sample Size Data, JASA 103, 1281-1293 (one Gaussian as the null).
Tibshirani, Walther, Hastie (2001), Estimating the Number of Clusters via the Gap Statistic,
JRSS B 63(2), 411-423 (a uniform box along the principal axes as the null).
Hennig (2007), Cluster-Wise Assessment of Cluster Stability, Computational Statistics & Data
Analysis 52, 258-271 (bootstrap stability).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from workbench.errors import DataError
from workbench.segments.attributes import readable
from workbench.stats.intervals import Interval, mean_difference
from workbench.stats.multiplicity import holm

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
P = ParamSpec("P")
R = TypeVar("R")

#: Mean adjusted Rand index between fits to resamples below which groups count as accidental.
STABLE = 0.75
#: Data sets drawn from each null; the real one must beat them all (5 % with 19).
NULLS = 19
#: What the silhouette must gain over data without groups: less would not matter in practice, and
#: the verdict would turn with the seed.
MARGIN = 0.05
#: Customers on which silhouettes are taken; their cost grows with the square.
SAMPLE = 1000


CLEAR = (
    "{k} groups stand apart: their silhouette of {silhouette} clearly exceeds {null}, the best "
    "that data without groups reached, and repeated fits agree (adjusted Rand {stability})."
)
LIKE_NONE = (
    "There are no clear clusters here: data without any groups look much the same "
    "(silhouette {silhouette} against {null}). Segments by rule serve better."
)
UNSTABLE = (
    "There are no clear clusters here: repeated fits disagree (adjusted Rand {stability}). "
    "Segments by rule serve better."
)


@dataclass(frozen=True)
class Clusters:
    """Groups of customers, the evidence for them, and what sets each apart.

    Attributes
    ----------
    labels : Series
        Group of each customer: "Group A" is the largest. All "Group A" when there are no clear
        clusters.
    clear : bool
        The verdict.
    message : str
        The verdict in a sentence with named placeholders.
    values : dict of float
        k, silhouette, null (best silhouette of data without clusters), stability.
    evidence : DataFrame
        One row a number of clusters tried: k, silhouette.
    table : DataFrame
        One row a group: cluster, n, share, and the mean of each feature in its own unit.
    differences : DataFrame
        One row a group and feature: cluster, feature, difference (from all others, in standard
        deviations of the transformed feature), low, high, p (Holm).
    centres : ndarray, shape (k, features)
        On the transformed scale.
    """

    labels: pd.Series
    clear: bool
    message: str
    values: dict[str, float]
    evidence: pd.DataFrame
    table: pd.DataFrame
    differences: pd.DataFrame
    centres: Array

    @property
    def text(self) -> str:
        """The verdict in English, with its numbers."""
        return self.message.format(**{k: f"{v:.3g}" for k, v in self.values.items()})

    def metrics(self) -> dict[str, Interval]:
        """Evidence behind the verdict."""
        nan = float("nan")
        return {name: Interval(value, nan, nan) for name, value in self.values.items()}

    def plot_evidence(self, ax: Axes | None = None) -> Axes:
        """Draw how well the groups separate, by their number, and what no groups would reach."""
        import matplotlib.pyplot as plt

        ax = plt.gca() if ax is None else ax
        e = self.evidence
        (line,) = ax.plot(e["k"], e["silhouette"], "o-")
        ax.axhline(self.values["null"], color="C1", linestyle="--", linewidth=1.5)
        for text, at, color in (
            ("This data", float(e["silhouette"].iloc[-1]), line.get_color()),
            ("Best of data without groups", self.values["null"], "C1"),
        ):
            ax.annotate(
                text,
                (float(e["k"].iloc[-1]), at),
                xytext=(0, 7),
                textcoords="offset points",
                ha="right",
                color=color,
            )
        ax.set_xticks(e["k"])
        ax.set_ylim(0, max(1.15 * float(e["silhouette"].max()), 1.25 * self.values["null"]))
        ax.set_xlabel("Number of groups")
        ax.set_ylabel("Separation (silhouette)")
        return ax

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw a heat map of what sets each group apart, in standard deviations."""
        import matplotlib.pyplot as plt

        ax = plt.gca() if ax is None else ax
        wide = self.differences.pivot_table(
            index="feature", columns="cluster", values="difference", sort=False, observed=False
        )
        # twice the largest, so that the strongest tint still lets the number be read
        bound = 2 * max(float(np.nanmax(np.abs(wide.to_numpy()))), 0.5)
        ax.imshow(wide.to_numpy(), cmap="RdBu_r", vmin=-bound, vmax=bound, aspect="auto", alpha=0.6)
        for i, row in enumerate(wide.to_numpy()):
            for j, cell in enumerate(row):
                ax.text(j, i, f"{cell:+.1f}", ha="center", va="center")
        ax.set_xticks(range(wide.shape[1]), [str(c) for c in wide.columns])
        ax.set_yticks(range(wide.shape[0]), [readable(str(f)) for f in wide.index])
        ax.grid(visible=False)
        return ax


def _one_thread(function: Callable[P, R]) -> Callable[P, R]:
    """Keep the many small fits on one thread: on a busy machine they would wait for each other."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        with threadpool_limits(limits=1):
            return function(*args, **kwargs)

    return run


@_one_thread
def clusters(
    features: pd.DataFrame,
    *,
    rng: np.random.Generator,
    k: int | Sequence[int] = (2, 3, 4, 5, 6),
    log: Sequence[str] | bool = True,
) -> Clusters:
    """Look for groups by k-means on logged, standardised behaviour.

    The number of groups is the one with the highest silhouette on a sample. They count as clear
    when that silhouette beats those of data without groups (one Gaussian of the same
    covariance; a box along the principal axes) and when fits to resamples agree.

    Parameters
    ----------
    features : DataFrame
        One row a customer, numeric columns.
    rng : numpy.random.Generator
    k : int or sequence of int
        Numbers of groups to try.
    log : bool or list of str
        Columns to take the logarithm of (1 + value); True takes those without negative values
        whose distribution leans to the right.

    Raises
    ------
    DataError
        Empty, text, missing or infinite values (naming the rows), a constant column, fewer
        customers than five times the groups.
    """
    X, names = _transform(features, log)
    tried = [k] if isinstance(k, int) else list(k)
    if min(tried) < 2 or len(X) < 5 * max(tried):
        raise DataError(
            f"{len(X)} customers for {max(tried)} groups",
            remedy="try fewer groups, two or more, with at least five customers each",
        )
    sample = X[rng.choice(len(X), size=min(SAMPLE, len(X)), replace=False)]
    silhouettes = [_silhouette(sample, groups, rng) for groups in tried]
    best = int(np.argmax(silhouettes))
    chosen, reached = tried[best], silhouettes[best]
    null = max(
        max(_silhouette(draw, groups, rng) for groups in {chosen, 2})
        for draw in _without_clusters(sample, rng)
    )
    codes, centres = _kmeans(X, chosen, rng)
    stability = _stability(X, chosen, centres, rng)
    apart = reached > null + MARGIN
    clear = apart and stability >= STABLE
    values = {"k": chosen, "silhouette": reached, "null": null, "stability": stability}
    if clear:
        message = CLEAR
        order = np.argsort(-np.bincount(codes, minlength=chosen), kind="stable")
        place = np.empty(chosen, dtype=np.intp)
        place[order] = np.arange(chosen)
        codes, centres = place[codes], centres[order]
    else:
        message = UNSTABLE if apart else LIKE_NONE
        codes, centres = np.zeros(len(X), dtype=np.intp), X.mean(axis=0, keepdims=True)
    letters = [f"Group {chr(65 + i)}" if i < 26 else f"Group {i + 1}" for i in range(len(centres))]
    labels = pd.Series(
        pd.Categorical.from_codes(codes, pd.Index(letters)), index=features.index, name="cluster"
    )
    return Clusters(
        labels,
        clear,
        message,
        values,
        pd.DataFrame({"k": tried, "silhouette": silhouettes}),
        _table(features, labels),
        _differences(X, names, codes, letters),
        centres,
    )


def _transform(features: pd.DataFrame, log: Sequence[str] | bool) -> tuple[Array, list[str]]:
    if features.empty:
        raise DataError("there is no customer", remedy="check the filter and the dates of the log")
    columns = []
    for name in features.columns:
        column = features[name]
        if not pd.api.types.is_numeric_dtype(column):
            raise DataError(
                f"{name} holds {column.iloc[0]!r}, which is no number",
                remedy="cluster numbers only; profile the groups by attributes afterwards",
            )
        values = column.to_numpy(dtype=float, na_value=np.nan)
        bad = ~np.isfinite(values)
        if bad.any():
            rows = ", ".join(str(i) for i in features.index[bad][:5])
            raise DataError(
                f"{name} is missing or infinite",
                where=f"rows {rows}" + (f" and {bad.sum() - 5:,} more" if bad.sum() > 5 else ""),
                remedy="fill these or leave the customers out",
            )
        wanted = name in log if not isinstance(log, bool) else log and _leans(values)
        if wanted and (values < 0).any():
            raise DataError(f"{name} is negative", remedy="take it out of `log`")
        values = np.log1p(values) if wanted else values
        spread = values.std()
        if spread == 0:
            raise DataError(f"{name} is the same for all", remedy="leave this column out")
        columns.append((values - values.mean()) / spread)
    return np.column_stack(columns), [str(c) for c in features.columns]


def _leans(values: Array) -> bool:
    if (values < 0).any() or values.std() == 0:
        return False
    z = (values - values.mean()) / values.std()
    return bool(np.mean(z**3) > 1)


def _kmeans(X: Array, k: int, rng: np.random.Generator) -> tuple[NDArray[np.intp], Array]:
    from sklearn.cluster import KMeans

    fit = KMeans(k, n_init=4 if len(X) <= 20_000 else 1, random_state=int(rng.integers(2**31)))
    if len(X) <= 20_000:
        fit.fit(X)
        return np.asarray(fit.labels_, dtype=np.intp), np.asarray(fit.cluster_centers_, dtype=float)
    # centres found on a sample are within a hair of the final ones and save most of the time
    part = X[rng.choice(len(X), size=20_000, replace=False)]
    start = KMeans(k, n_init=4, random_state=int(rng.integers(2**31))).fit(part)
    fit.set_params(init=start.cluster_centers_, n_init=1, max_iter=20).fit(X)
    return np.asarray(fit.labels_, dtype=np.intp), np.asarray(fit.cluster_centers_, dtype=float)


def _silhouette(X: Array, k: int, rng: np.random.Generator) -> float:
    codes, _ = _kmeans(X, k, rng)
    size = np.bincount(codes, minlength=k).astype(float)
    if np.count_nonzero(size) < 2:
        return -1.0
    squared = (X**2).sum(axis=1)
    distance = np.sqrt(np.maximum(squared[:, None] + squared - 2 * X @ X.T, 0.0))
    # mean distance of each customer to each group, oneself left out of one's own
    summed = distance @ np.eye(k)[codes]
    rows = np.arange(len(X))
    own = summed[rows, codes] / np.maximum(size[codes] - 1, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        other = np.where(size > 0, summed / size, np.inf)
    other[rows, codes] = np.inf
    nearest = other.min(axis=1)
    score = np.where(size[codes] > 1, (nearest - own) / np.maximum(nearest, own), 0.0)
    return float(score.mean())


def _without_clusters(X: Array, rng: np.random.Generator) -> list[Array]:
    """Draw data of the same size and shape that have no groups."""
    centred = X - X.mean(axis=0)
    _, scale, axes = np.linalg.svd(centred, full_matrices=False)
    along = centred @ axes.T
    gaussian = [
        (rng.standard_normal(X.shape) * scale / np.sqrt(len(X))) @ axes for _ in range(NULLS)
    ]
    low, high = along.min(axis=0), along.max(axis=0)
    boxes = [rng.uniform(low, high, size=X.shape) @ axes for _ in range(NULLS)]
    return gaussian + boxes


def _stability(X: Array, k: int, centres: Array, rng: np.random.Generator, fits: int = 10) -> float:
    """Mean adjusted Rand index between the fit and fits to resamples, on common customers."""
    from sklearn.metrics import adjusted_rand_score

    part = X[rng.choice(len(X), size=min(4 * SAMPLE, len(X)), replace=False)]
    own = _nearest(part, centres)
    scores = []
    for _ in range(fits):
        _, other = _kmeans(part[rng.integers(len(part), size=len(part))], k, rng)
        scores.append(adjusted_rand_score(own, _nearest(part, other)))
    return float(np.mean(scores))


def _nearest(X: Array, centres: Array) -> NDArray[np.intp]:
    # |x|^2 is the same for every centre
    return np.asarray(
        np.argmin((centres**2).sum(axis=1) - 2 * X @ centres.T, axis=1), dtype=np.intp
    )


def _table(features: pd.DataFrame, labels: pd.Series) -> pd.DataFrame:
    grouped = features.groupby(labels.to_numpy(), observed=False)
    out = grouped.mean()
    out.insert(0, "n", grouped.size())
    out.insert(1, "share", out["n"] / len(features))
    return out.rename_axis("cluster").reset_index()


def _differences(
    X: Array, names: list[str], codes: NDArray[np.intp], letters: list[str]
) -> pd.DataFrame:
    rows = []
    for code, letter in enumerate(letters):
        inside = codes == code
        for column, name in enumerate(names):
            if inside.all():
                gap, p = Interval(0.0, float("nan"), float("nan")), float("nan")
            else:
                gap = mean_difference(X[inside, column], X[~inside, column])
                half = (gap.high - gap.low) / 2 / 1.96
                p = float(2 * ndtr(-abs(gap.estimate) / half)) if half > 0 else 0.0
            rows.append((letter, name, gap.estimate, gap.low, gap.high, p))
    out = pd.DataFrame(rows, columns=["cluster", "feature", "difference", "low", "high", "p"])
    out["p"] = holm(out["p"].to_numpy())
    return out
