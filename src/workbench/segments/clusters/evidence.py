"""What speaks for a number of groups, and whether there are any: five kinds of evidence.

References
----------
Rousseeuw (1987), Journal of Computational and Applied Mathematics 20, 53-65 (silhouette).
Tibshirani, Walther, Hastie (2001), Estimating the Number of Clusters via the Gap Statistic,
JRSS B 63(2), 411-423 (a uniform box along the principal axes as the null; the rule of one
standard error, section 4).
Fraley, Raftery (1998), How Many Clusters? Which Clustering Method?, Computer Journal 41(8) (BIC).
Liu, Hayes, Nobel, Marron (2008), Statistical Significance of Clustering for High-Dimension,
Low-Sample Size Data, JASA 103, 1281-1293 (one Gaussian as the null).
Hennig (2007), Cluster-Wise Assessment of Cluster Stability, Computational Statistics & Data
Analysis 52, 258-271; Hubert, Arabie (1985), Journal of Classification 2, 193-218 (adjusted Rand).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from workbench.arrays import Array, Index
from workbench.languages import Language, speak
from workbench.results import Estimate, Picture, Result, labelled
from workbench.segments.clusters.methods import FittedGroups, Method, fit_groups

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Data sets drawn from each null; the real one must beat them all (5 % with 19).
NULLS = 19
#: Customers on which silhouette and gap are taken; the silhouette's cost grows with the square.
SAMPLE = 1000
#: Customers from whom resamples are drawn for stability, and to whom mixtures are fitted for BIC.
RESAMPLED = 2000
#: Resamples for each number of groups.
FITS = 8


@dataclass(frozen=True)
class Evidence(Result):
    """Evidence by number of groups.

    Attributes
    ----------
    table : DataFrame
        One row a number of groups, one included: k, silhouette, gap, gap_se, bic (Gaussian
        mixture), stability (mean adjusted Rand index of fits to resamples).
    choices : dict of int
        The number that silhouette, gap and BIC each prefer.
    k : int
        The number chosen: two or more.
    separation, null : float
        What the chosen partition reaches, and the best that data without groups reached:
        silhouettes for k-means; for a mixture the gain in ICL over one component, a customer.
    method : str
        "kmeans" or "mixture".
    """

    table: pd.DataFrame
    choices: dict[str, int]
    k: int
    separation: float
    null: float
    method: Method = "kmeans"

    @property
    def stability(self) -> float:
        """Stability of the chosen number."""
        return float(self.table.set_index("k")["stability"].loc[self.k])

    def estimates(self) -> dict[str, Estimate]:
        """Give the number of groups, their separation, that of no groups, and stability."""
        return {
            "k": Estimate(float(self.k), label="Number of groups"),
            "separation": Estimate(self.separation, label="Separation"),
            "null": Estimate(self.null, label="Separation of data without groups"),
            "stability": Estimate(self.stability, label="Agreement of repeated fits"),
        }

    def picture(self) -> Picture:
        """How well groups separate, by their number."""
        return Picture(
            self.plot,
            "Do the customers fall into groups?",
            "Groups count when they clearly exceed the dashed line and repeated fits agree",
            self.table,
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw how well the groups separate, by their number, and what no groups would reach."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        e = self.table.iloc[1:]
        last = float(e["k"].iloc[-1])
        lines = [("Silhouette", "silhouette"), ("Agreement of repeated fits", "stability")]
        for (text, column), marker in zip(lines, "os", strict=True):
            (line,) = ax.plot(e["k"], e[column], f"{marker}-")
            # the dashed line often lies close above the silhouette
            below = column == "silhouette"
            end = float(e[column].iloc[-1])
            _note(ax, say(text), (last, end), line.get_color(), below=below)
        if self.method == "kmeans":
            ax.axhline(self.null, color="C2", linestyle="--", linewidth=1.5)
            _note(ax, say("Silhouette of data without groups"), (last, self.null), "C2")
        ax.set_xticks(e["k"])
        ax.set_ylim(min(0.0, 1.15 * float(e["silhouette"].min())), 1.1)
        ax.set_xlabel(say("Number of groups"))
        ax.set_ylabel(say("0 (none) to 1 (complete)"))
        return ax


def _note(
    ax: Axes, text: str, at: tuple[float, float], color: object, *, below: bool = False
) -> None:
    ax.annotate(
        text, at, xytext=(0, -8 if below else 7), textcoords="offset points", ha="right",
        va="top" if below else "bottom", color=color,
    )  # fmt: skip


def weigh(
    X: Array,
    tried: Sequence[int],
    rng: np.random.Generator,
    *,
    method: Method,
    stable: float,
    margin: float,
) -> Evidence:
    """Collect the evidence, choose a number of groups and hold it against data without groups.

    Chosen is the number that most of silhouette, gap and BIC prefer among those of two and more
    that separate better than data without groups (by `margin`) and whose fits to resamples agree
    (`stable`). The silhouette decides when the criteria disagree, and when no number passes.

    Parameters
    ----------
    X : ndarray, shape (n, features)
        Standardised.
    tried : sequence of int
        Numbers of groups, two or more.
    rng : numpy.random.Generator
    method : {"kmeans", "mixture"}
        Whose partition is judged by silhouette and stability.
    stable : float
        Least mean adjusted Rand index.
    margin : float
        Least gain in separation over data without groups.
    """
    sample = _some(X, SAMPLE, rng)
    resampled = _some(X, RESAMPLED, rng)
    ks = sorted({1, *tried})
    boxes = [draw_box(sample, rng) for _ in range(NULLS)]
    gap, gap_se, flat = _gaps(sample, ks, boxes, rng)
    mixtures = {k: fit_groups(resampled, k, rng, method="mixture", starts=2) for k in ks}
    rows = []
    for k in ks:
        fit = fit_groups(sample, k, rng, method=method)
        rows.append(
            {
                "k": k,
                "silhouette": silhouette(sample, fit.predict(sample), k) if k > 1 else np.nan,
                "gap": gap[k],
                "gap_se": gap_se[k],
                "bic": mixtures[k].bic,
                "stability": stability(resampled, k, rng, method=method) if k > 1 else np.nan,
            }
        )
    table = pd.DataFrame(rows)
    choices = _choices(table)
    # data without groups get the same chances: every number that a criterion prefers, and the
    # fewest, at which they separate best
    judged = sorted({*choices.values(), min(tried)} - {1})
    gaussians = [draw_gaussian(sample, rng) for _ in range(NULLS)]
    if method == "kmeans":
        reached = table.set_index("k")["silhouette"].loc[judged].to_dict()
        from_boxes = max(
            silhouette(box, flat[b, k].predict(box), k)
            for b, box in enumerate(boxes)
            for k in judged
        )
        null = max(from_boxes, *(_silhouette_of(draw, judged, rng) for draw in gaussians))
    else:
        reached = {k: _icl_gain(sample, k, rng) for k in judged}
        null = max(_icl_gain(draw, k, rng) for draw in boxes + gaussians for k in judged)
    lasting = table.set_index("k")["stability"].loc[judged] >= stable
    passing = [k for k in judged if lasting[k] and reached[k] > null + margin]
    k = _elect(choices, passing)
    table = labelled(
        table, k="Number of groups", silhouette=("Silhouette", "number:2"),
        gap=("Gap statistic", "number:2"), gap_se=("Standard error of the gap", "number:2"),
        bic=("BIC of a Gaussian mixture", "number:0"),
        stability=("Agreement of repeated fits", "number:2"),
    )  # fmt: skip
    return Evidence(table, choices, k, float(reached[k]), float(null), method)


def silhouette(X: Array, codes: Index, k: int) -> float:
    """Mean silhouette: how much nearer a customer is to the own group than to the next.

    Parameters
    ----------
    X : ndarray, shape (n, features)
    codes : ndarray of int, shape (n,)
        Groups 0 to k - 1.
    """
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
    widest = np.maximum(nearest, own)
    # customers who are all alike are as near to any group: neither in nor out
    score = np.where(
        (size[codes] > 1) & (widest > 0), (nearest - own) / np.where(widest > 0, widest, 1.0), 0.0
    )
    return float(score.mean())


def stability(
    X: Array, k: int, rng: np.random.Generator, *, method: Method = "kmeans", fits: int = FITS
) -> float:
    """Mean adjusted Rand index between the fit and fits to resamples, on common customers."""
    from sklearn.metrics import adjusted_rand_score

    own = fit_groups(X, k, rng, method=method).predict(X)
    scores = []
    for _ in range(fits):
        again = X[rng.integers(len(X), size=len(X))]
        other = fit_groups(again, k, rng, method=method, starts=2).predict(X)
        scores.append(adjusted_rand_score(own, other))
    return float(np.mean(scores))


def draw_gaussian(X: Array, rng: np.random.Generator) -> Array:
    """Draw as many customers from one Gaussian of the same covariance: no groups."""
    _, scale, axes = _axes(X)
    return np.asarray((rng.standard_normal(X.shape) * scale / np.sqrt(len(X))) @ axes)


def draw_box(X: Array, rng: np.random.Generator) -> Array:
    """Draw as many customers from a uniform box along the principal axes: no groups."""
    along, _, axes = _axes(X)
    return np.asarray(rng.uniform(along.min(axis=0), along.max(axis=0), size=X.shape) @ axes)


def _axes(X: Array) -> tuple[Array, Array, Array]:
    centred = X - X.mean(axis=0)
    _, scale, axes = np.linalg.svd(centred, full_matrices=False)
    return centred @ axes.T, scale, axes


def _some(X: Array, size: int, rng: np.random.Generator) -> Array:
    return X if len(X) <= size else X[rng.choice(len(X), size=size, replace=False)]


def _gaps(
    X: Array, ks: Sequence[int], boxes: Sequence[Array], rng: np.random.Generator
) -> tuple[dict[int, float], dict[int, float], dict[tuple[int, int], FittedGroups]]:
    """Gap and its standard error by k, and the fits to the boxes, by box and k."""
    flat = {(b, k): fit_groups(box, k, rng, starts=2) for b, box in enumerate(boxes) for k in ks}
    gap, error = {}, {}
    for k in ks:
        expected = np.log([max(flat[b, k].within, 1e-300) for b in range(len(boxes))])
        own = np.log(max(fit_groups(X, k, rng).within, 1e-300))
        gap[k] = float(expected.mean() - own)
        error[k] = float(expected.std() * np.sqrt(1 + 1 / len(boxes)))
    return gap, error, flat


def _choices(table: pd.DataFrame) -> dict[str, int]:
    """Say which number each criterion prefers."""
    ks = table["k"].to_numpy()
    gap, error = table["gap"].to_numpy(), table["gap_se"].to_numpy()
    # the smallest number whose gap the next one does not exceed by a standard error
    enough = np.flatnonzero(gap[:-1] >= gap[1:] - error[1:])
    return {
        "silhouette": int(ks[int(np.nanargmax(table["silhouette"]))]),
        "gap": int(ks[enough[0] if enough.size else -1]),
        "bic": int(ks[int(np.argmin(table["bic"]))]),
    }


def _elect(choices: dict[str, int], passing: Sequence[int]) -> int:
    """Take the number with most votes among those that pass; the silhouette's if none does."""
    votes = [k for k in choices.values() if k in passing]
    # `choices` begins with the silhouette: it wins a tie
    return max(votes, key=votes.count) if votes else choices["silhouette"]


def _silhouette_of(X: Array, ks: Sequence[int], rng: np.random.Generator) -> float:
    return max(silhouette(X, fit_groups(X, k, rng, starts=2).predict(X), k) for k in ks)


def _icl_gain(X: Array, k: int, rng: np.random.Generator) -> float:
    """How much ICL k components save over one, a customer."""
    one = fit_groups(X, 1, rng, method="mixture")
    several = fit_groups(X, k, rng, method="mixture", starts=2)
    return (one.icl - several.icl) / len(X)
