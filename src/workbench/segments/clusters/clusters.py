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
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled
from workbench.segments.clusters.evidence import Evidence, weigh
from workbench.segments.clusters.methods import Method, fit_groups, prepare
from workbench.segments.profiles.profile import distinguishing, readable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

P = ParamSpec("P")
R = TypeVar("R")

#: Mean adjusted Rand index between fits to resamples below which groups count as accidental.
STABLE = 0.75
#: What the separation must gain over data without groups: less would not matter in practice, and
#: the verdict would turn with the seed.
MARGIN = 0.05


GROUPS = "The data show {k} natural clusters"
NO_GROUPS = "The data show no clear natural clusters"
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
PREFERRED = (
    "The silhouette prefers {silhouette} groups, the gap statistic {gap}, a Gaussian mixture by "
    "its BIC {bic}."
)


@dataclass(frozen=True)
class Clusters(Result):
    """Groups of customers, the evidence for them, and what sets each apart.

    Attributes
    ----------
    table : DataFrame
        One row a group: cluster, n, share, and the mean of each feature in its own unit.
    labels : Series
        Group of each customer: "Group A" is the largest. All "Group A" when there are no clear
        clusters.
    clear : bool
        The verdict.
    reason : Finding
        Why: how the separation compares with data without groups, whether fits agree.
    evidence : Evidence
        By number of clusters: silhouette, gap, BIC, stability; what each of them prefers.
    differences : DataFrame
        One row a group and feature: cluster, feature, difference (from all others, in standard
        deviations of the transformed feature), low, high (together 95 %, Bonferroni), p (Holm).
        The features made the groups: these differences describe them, they do not prove them.
    centres : ndarray, shape (k, features)
        On the transformed scale.
    """

    table: pd.DataFrame
    labels: pd.Series
    clear: bool
    reason: Finding
    evidence: Evidence
    differences: pd.DataFrame
    centres: Array

    def estimates(self) -> dict[str, Estimate]:
        """Give the number of groups, their separation, that of no groups, and stability."""
        return self.evidence.estimates()

    def findings(self) -> list[Finding]:
        """Whether there are groups, why, and what the criteria prefer."""
        found = "clear" if self.clear else "none"
        return [
            Finding("segments.groups", GROUPS if self.clear else NO_GROUPS,
                    {"k": self.evidence.k}, found),
            self.reason,
            Finding("segments.groups.preferred", PREFERRED, self.evidence.choices),
        ]  # fmt: skip

    def picture(self) -> Picture | None:
        """Draw what sets the groups apart, where there are any."""
        if not self.clear:
            return None
        return Picture(
            self.plot,
            "How the groups differ",
            "Difference from all other customers, in standard deviations",
            self.differences,
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw a heat map of what sets each group apart, in standard deviations."""
        import matplotlib.pyplot as plt

        say = speak(language)
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
        ax.set_xticks(range(wide.shape[1]), [say.name(c) for c in wide.columns])
        ax.set_yticks(range(wide.shape[0]), [say.name(f) for f in wide.index])
        ax.grid(visible=False)
        return ax


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

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from workbench.segments import clusters
    >>> rng = np.random.default_rng(1)
    >>> few, many = rng.poisson(2, 60), rng.poisson(20, 60)
    >>> features = pd.DataFrame({
    ...     "orders": np.r_[few, many] + 1,
    ...     "spend": np.r_[rng.normal(20, 3, 60), rng.normal(80, 5, 60)],
    ... })
    >>> found = clusters(features, rng=rng)
    >>> found.clear, found.labels.nunique()
    (True, 2)
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
    if clear:
        fit = fit_groups(X.matrix, evidence.k, rng, method=method)
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
    message = CLEAR if clear else UNSTABLE if apart else LIKE_NONE
    values = {name: each.value for name, each in evidence.estimates().items()}
    scaled = pd.DataFrame(X.matrix, columns=X.names)
    return Clusters(
        _table(features, labels),
        labels,
        clear,
        Finding("segments.groups.reason", message, values | {"k": evidence.k}),
        evidence,
        _differences(distinguishing(labels, scaled)),
        centres,
    )


def _differences(apart: pd.DataFrame) -> pd.DataFrame:
    named = {"segment": "cluster", "attribute": "feature", "effect": "difference"}
    out = apart.rename(columns=named)[["cluster", "feature", "difference", "low", "high", "p"]]
    out["feature"] = out["feature"].map(readable)
    return labelled(
        out, cluster="Group", feature="Behaviour", difference=("Difference", "number:2"),
        p=("p-value (Holm)", "p"),
    )  # fmt: skip


def group_names(k: int) -> list[str]:
    """Call groups by letters, the largest first: "Group A"."""
    return [f"Group {chr(65 + i)}" if i < 26 else f"Group {i + 1}" for i in range(k)]


def _table(features: pd.DataFrame, labels: pd.Series) -> pd.DataFrame:
    grouped = features.groupby(labels.to_numpy(), observed=False)
    out = grouped.mean()
    out.insert(0, "n", grouped.size())
    out.insert(1, "share", out["n"] / len(features))
    about = {str(name): readable(str(name)) for name in features.columns}
    return labelled(
        out.rename_axis("cluster").reset_index(), cluster="Group", n="Customers",
        share=("Share of customers", "percent"), **about,
    )  # fmt: skip
