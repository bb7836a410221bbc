"""Groups found in the data, and whether there are any.

What speaks for them is collected in `workbench.segments.clusters.evidence`, with the sources.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import numpy as np
import pandas as pd

from workbench.arrays import Array
from workbench.errors import DataError
from workbench.segments.clusters.evidence import Evidence, weigh
from workbench.segments.clusters.features import prepare
from workbench.segments.clusters.methods import Method, fit_partition
from workbench.segments.profiles.apart import set_apart
from workbench.segments.profiles.attributes import readable
from workbench.segments.verdict import WithVerdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes

P = ParamSpec("P")
R = TypeVar("R")

#: Mean adjusted Rand index between fits to resamples below which groups count as accidental.
STABLE = 0.75
#: What the separation must gain over data without groups: less would not matter in practice, and
#: the verdict would turn with the seed.
MARGIN = 0.05


CLEAR = (
    "{k} groups stand apart: their separation of {separation} clearly exceeds {null}, the best "
    "that data without groups reached, and repeated fits agree (adjusted Rand {stability})."
)
LIKE_NONE = (
    "There are no clear clusters here: data without any groups look much the same "
    "(separation {separation} against {null}). Segments by rule serve better."
)
UNSTABLE = (
    "There are no clear clusters here: repeated fits disagree (adjusted Rand {stability}). "
    "Segments by rule serve better."
)


@dataclass(frozen=True)
class Clusters(WithVerdict):
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
        k, separation (silhouette; for a mixture the gain in ICL a customer), null (the best that
        data without clusters reached), stability.
    evidence : Evidence
        By number of clusters: silhouette, gap, BIC, stability; what each of them prefers.
    method : str
        "kmeans" or "mixture".
    table : DataFrame
        One row a group: cluster, n, share, and the mean of each feature in its own unit.
    differences : DataFrame
        One row a group and feature: cluster, feature, difference (from all others, in standard
        deviations of the transformed feature), low, high (together 95 %, Bonferroni), p (Holm).
        The features made the groups: these differences describe them, they do not prove them.
    centres : ndarray, shape (k, features)
        On the transformed scale.
    """

    labels: pd.Series
    clear: bool
    message: str
    values: dict[str, float]
    evidence: Evidence
    method: str
    table: pd.DataFrame
    differences: pd.DataFrame
    centres: Array

    def plot_evidence(self, ax: Axes | None = None) -> Axes:
        """Draw how well the groups separate, by their number, and what no groups would reach."""
        import matplotlib.pyplot as plt

        ax = plt.gca() if ax is None else ax
        e = self.evidence.table.iloc[1:]
        last = float(e["k"].iloc[-1])
        lines = [("Silhouette", "silhouette"), ("Agreement of repeated fits", "stability")]
        for (text, column), marker in zip(lines, "os", strict=True):
            (line,) = ax.plot(e["k"], e[column], f"{marker}-")
            # the dashed line often lies close above the silhouette
            below = column == "silhouette"
            _note(ax, text, (last, float(e[column].iloc[-1])), line.get_color(), below=below)
        if self.method == "kmeans":
            ax.axhline(self.values["null"], color="C2", linestyle="--", linewidth=1.5)
            _note(ax, "Silhouette of data without groups", (last, self.values["null"]), "C2")
        ax.set_xticks(e["k"])
        ax.set_ylim(min(0.0, 1.15 * float(e["silhouette"].min())), 1.1)
        ax.set_xlabel("Number of groups")
        ax.set_ylabel("0 (none) to 1 (complete)")
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


def _note(
    ax: Axes, text: str, at: tuple[float, float], color: object, *, below: bool = False
) -> None:
    ax.annotate(
        text, at, xytext=(0, -8 if below else 7), textcoords="offset points", ha="right",
        va="top" if below else "bottom", color=color,
    )  # fmt: skip


def one_thread(function: Callable[P, R]) -> Callable[P, R]:
    """Keep the many small fits on one thread: on a busy machine they would wait for each other."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        with threadpool_limits(limits=1):
            return function(*args, **kwargs)

    return run


@one_thread
def clusters(
    features: pd.DataFrame,
    *,
    rng: np.random.Generator,
    k: int | Sequence[int] = (2, 3, 4, 5, 6),
    method: Method = "kmeans",
    log: Sequence[str] | bool = True,
) -> Clusters:
    """Look for groups on logged, standardised behaviour.

    The number of groups is the one that most of silhouette, gap statistic and the BIC of a
    Gaussian mixture prefer. They count as clear when they separate better than data without groups
    (one Gaussian of the same covariance; a box along the principal axes) and when fits to
    resamples agree. See `workbench.segments.clusters.evidence`.

    Parameters
    ----------
    features : DataFrame
        One row a customer, numeric columns.
    rng : numpy.random.Generator
    k : int or sequence of int
        Numbers of groups to try.
    method : {"kmeans", "mixture"}
        k-means: round groups of much the same width. Gaussian mixture: any ellipse.
    log : bool or list of str
        Columns to take the logarithm of (1 + value); True takes those without negative values
        whose distribution leans to the right.

    Raises
    ------
    DataError
        Empty, text, missing or infinite values (naming the rows), a constant column, fewer
        customers than five times the groups, an unknown method.
    """
    if method not in ("kmeans", "mixture"):
        raise DataError(f"method is {method!r}", remedy="choose kmeans or mixture")
    X = prepare(features, log)
    tried = sorted({k} if isinstance(k, int) else set(k))
    if not tried or tried[0] < 2 or len(X.matrix) < 5 * tried[-1]:
        raise DataError(
            f"{len(X.matrix)} customers for {tried[-1] if tried else 0} groups",
            remedy="try fewer groups, two or more, with at least five customers each",
        )
    evidence = weigh(X.matrix, tried, rng, method=method, stable=STABLE, margin=MARGIN)
    apart = evidence.separation > evidence.null + MARGIN
    clear = apart and evidence.stability >= STABLE
    values = {
        "k": evidence.k,
        "separation": evidence.separation,
        "null": evidence.null,
        "stability": evidence.stability,
    }
    if clear:
        fit = fit_partition(X.matrix, evidence.k, rng, method=method)
        codes, centres = fit.predict(X.matrix), fit.centres
        order = np.argsort(-np.bincount(codes, minlength=evidence.k), kind="stable")
        place = np.empty(evidence.k, dtype=np.intp)
        place[order] = np.arange(evidence.k)
        codes, centres = place[codes], centres[order]
    else:
        codes = np.zeros(len(X.matrix), dtype=np.intp)
        centres = X.matrix.mean(axis=0, keepdims=True)
    letters = group_names(len(centres))
    labels = pd.Series(
        pd.Categorical.from_codes(codes, pd.Index(letters)), index=features.index, name="cluster"
    )
    scaled = pd.DataFrame(X.matrix, columns=X.names)
    differences = set_apart(labels, scaled).rename(
        columns={"segment": "cluster", "attribute": "feature", "effect": "difference"}
    )
    return Clusters(
        labels,
        clear,
        CLEAR if clear else UNSTABLE if apart else LIKE_NONE,
        values,
        evidence,
        method,
        _table(features, labels),
        differences[["cluster", "feature", "difference", "low", "high", "p"]],
        centres,
    )


def group_names(k: int) -> list[str]:
    """Call groups by letters, the largest first: "Group A"."""
    return [f"Group {chr(65 + i)}" if i < 26 else f"Group {i + 1}" for i in range(k)]


def _table(features: pd.DataFrame, labels: pd.Series) -> pd.DataFrame:
    grouped = features.groupby(labels.to_numpy(), observed=False)
    out = grouped.mean()
    out.insert(0, "n", grouped.size())
    out.insert(1, "share", out["n"] / len(features))
    return out.rename_axis("cluster").reset_index()
