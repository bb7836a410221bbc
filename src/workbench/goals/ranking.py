"""Composite scores of units, and how far their ranking can be trusted.

TOPSIS: Hwang and Yoon (1981), Multiple Attribute Decision Making, section 3.4.6: closeness to the
best value of each indicator and distance from the worst. The ranking is drawn again with other
weights and with other samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import pandas as pd

from workbench.arrays import Array
from workbench.goals.record import GoalError
from workbench.goals.tree import compare_weights, indicator_tree, latest_matrix
from workbench.goals.weights import Weights, scale, signs
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from workbench.study.goals import Scorecard

Method = Literal["mean", "topsis"]
DRAWS: Final = 2000


_ROUNDING = 1e-9


@dataclass(frozen=True)
class Ranking(Result):
    """Units ranked by a composite score.

    Attributes
    ----------
    table : DataFrame
        unit, score (0 to 1), rank; the best first.
    matrix : DataFrame, shape (units, indicators)
    weights : Weights
    method : str
        ``mean`` (weighted mean of the scaled indicators) or ``topsis``.
    directions : mapping
    """

    table: pd.DataFrame
    matrix: pd.DataFrame
    weights: Weights
    method: Method
    directions: Mapping[str, str]

    def sensitivity(
        self,
        *,
        rng: np.random.Generator,
        errors: pd.DataFrame | None = None,
        concentration: float = 30.0,
        draws: int = DRAWS,
    ) -> RankSensitivity:
        """Draw the ranking again with other weights, other samples, and both.

        Parameters
        ----------
        rng : Generator
        errors : DataFrame, optional
            Standard errors of `matrix`; without them only the weights vary.
        concentration : float
            Weights are drawn from a Dirichlet distribution around those used; the larger, the
            closer. At 30 a weight of 0.25 varies by about 0.08 (one standard deviation).
        draws : int
        """
        base = self.weights.array
        drawn = rng.dirichlet(np.maximum(base, 1e-3) * concentration, size=draws)
        x = self.matrix.to_numpy(dtype=np.float64)
        noisy = None
        if errors is not None:
            se = errors.loc[self.matrix.index, self.matrix.columns].to_numpy(dtype=np.float64)
            if not (np.isfinite(se).all() and (se >= 0).all()):
                raise GoalError(
                    "a standard error is missing", where="sensitivity", remedy="give one each value"
                )
            noisy = x + se * rng.standard_normal((draws, *x.shape))
        kinds: dict[str, Array] = {"weights": self._ranks(x[None], drawn)}
        if noisy is not None:
            kinds["sampling"] = self._ranks(noisy, base[None])
            kinds["both"] = self._ranks(noisy, drawn)
        return RankSensitivity(_summed(kinds, self), kinds)

    def reversals(self) -> list[tuple[str, str, str]]:
        """Tell whether the order of some units hangs on another one that is ranked with them.

        Returns
        -------
        list of (left out, ahead, behind)
            Without the first unit the second comes before the third, which it follows now.

        References
        ----------
        Belton, Gear (1983), Omega 11(3), 228-230; Garcia-Cascales, Lamata (2012), Mathematical and
        Computer Modelling 56(5-6), 123-132 (of TOPSIS).
        """
        units, found = list(self.matrix.index), []
        x = self.matrix.to_numpy(dtype=np.float64)
        sign = signs(self.matrix.columns, self.directions)
        score = _score(x, self.weights.array, sign, self.method)
        for k in range(len(units) if len(units) > 2 else 0):
            rest = [i for i in range(len(units)) if i != k]
            own = _score(x[rest], self.weights.array, sign, self.method)
            for i, j in combinations(range(len(rest)), 2):
                now, then = score[rest[i]] - score[rest[j]], own[i] - own[j]
                if now * then < 0 and min(abs(now), abs(then)) > _ROUNDING:
                    ahead, behind = (i, j) if then > 0 else (j, i)
                    found.append((str(units[k]), str(units[rest[ahead]]), str(units[rest[behind]])))
        return found

    def estimates(self) -> dict[str, Estimate]:
        """Return the score of each unit."""
        return {
            str(u): Estimate(x)
            for u, x in zip(self.table["unit"], self.table["score"], strict=True)
        }

    def _ranks(self, x: Array, weights: Array) -> Array:
        """Ranks, shape (draws, units); x (draws or 1, units, indicators)."""
        sign = signs(self.matrix.columns, self.directions)
        score = _score(x, weights[:, None, :], sign, self.method)
        return np.asarray((-score).argsort(axis=-1).argsort(axis=-1) + 1.0)

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw the scores as bars, the best on top."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table.iloc[::-1]
        ax.barh([say.name(unit) for unit in t["unit"]], t["score"], color="C0")
        ax.set_xlim(0, 1)
        ax.set_xlabel(say("Composite score"))
        return ax


@dataclass(frozen=True)
class RankSensitivity(Result):
    """How the ranks move.

    Attributes
    ----------
    table : DataFrame
        unit, score, rank, low, high (95 % of the ranks drawn, by all that varied), first (share of
        draws in which the unit was first), by_weights, by_sampling (share of draws in which its
        rank changed when only that varied; NaN if it was not varied).
    ranks : mapping of str to ndarray, shape (draws, units)
        By what varied: ``weights``, ``sampling``, ``both``; units in the order of the matrix.
    weights : DataFrame, optional
        Of a scorecard: see `compare_weights`.
    notes : tuple of Finding
        How far its comparisons contradict one another.
    """

    table: pd.DataFrame
    ranks: Mapping[str, Array]
    weights: pd.DataFrame | None = None
    notes: tuple[Finding, ...] = ()

    @property
    def certain(self) -> bool:
        """Whether the first place is held in at least 95 % of the draws."""
        return bool(self.table["first"].max() >= 0.95)

    def estimates(self) -> dict[str, Estimate]:
        """Return the rank of each unit, with the range of the draws."""
        ranks = self.table[["unit", "rank", "low", "high"]].itertuples(index=False)
        return {str(unit): Estimate(rank, low, high) for unit, rank, low, high in ranks}

    def findings(self) -> list[Finding]:
        """Which unit comes first, and whether beyond doubt."""
        message = (
            "{unit} comes first"
            if self.certain
            else "{unit} comes first, but its lead may be chance"
        )
        first = str(self.table["unit"].iloc[0])
        certain = "certain" if self.certain else "open"
        return [Finding("goals.ranking", message, {"unit": first}, verdict=certain)]

    def picture(self) -> Picture:
        """Ranks with their ranges."""
        return Picture(
            self.plot,
            "How far the ranking can be trusted",
            "Rank by composite score, with the range of 95% of the draws",
            self.table,
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw each unit's rank with the range of ranks drawn."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table.iloc[::-1].reset_index(drop=True)
        ax.hlines(t.index, t["low"], t["high"], color="C0", linewidth=2)
        ax.plot(t["rank"], t.index, "o", color="C0", markersize=8)
        ax.set_yticks(t.index, [say.name(unit) for unit in t["unit"]])
        ax.set_xticks(range(1, len(t) + 1))
        ax.set_xlabel(say("Rank (1 is best)"))
        return ax


def _reversal(ranking: Ranking) -> Finding:
    """Say whether who else is ranked decides which of two comes first."""
    found = ranking.reversals()
    if not found:
        return Finding(
            "goals.reversal",
            "The order of the others stays the same, whichever unit is left out.",
            severity="ok",
        )
    left, ahead, behind = found[0]
    return Finding(
        "goals.reversal",
        "The order depends on who is ranked: without {left}, {ahead} would come before {behind}"
        " (reversals of this kind: {n}).",
        {"left": left, "ahead": ahead, "behind": behind, "n": len(found)},
        severity="warning",
    )


def rank_scorecard(
    card: Scorecard, frames: Mapping[str, pd.DataFrame], *, rng: np.random.Generator
) -> RankSensitivity:
    """Rank the groups of a scorecard, and draw the ranking again.

    Parameters
    ----------
    card : Scorecard
    frames : mapping of str to DataFrame
        For each of its indicators what `workbench.data.indicator` gives by its groups, with the
        indicator's title and better direction in its ``attrs``.
    rng : Generator
    """
    about = {name: frame.attrs["indicator"] for name, frame in frames.items()}
    matrix, errors = latest_matrix(frames, card.by)
    tree = indicator_tree(card.tree, comparisons=card.comparisons, stated=card.weights)
    better = {str(name): about[str(name)]["better"] for name in matrix}
    ranking = rank_units(matrix, tree.weights, directions=better, method=card.method)
    titles = card.labels | {name: each["title"] for name, each in about.items()}
    return replace(
        ranking.sensitivity(rng=rng, errors=errors),
        weights=compare_weights(tree, matrix, better, titles=titles),
        notes=(*tree.findings(), _reversal(ranking)),
    )


def rank_units(
    matrix: pd.DataFrame,
    weights: Weights,
    *,
    directions: Mapping[str, str] | None = None,
    method: Method = "topsis",
) -> Ranking:
    """Rank units by a composite of their indicators.

    Parameters
    ----------
    matrix : DataFrame, shape (units, indicators)
    weights : Weights
        Of the matrix's columns.
    directions : mapping, optional
        ``up`` or ``down`` by indicator; up where none is given.
    method : {"topsis", "mean"}

    Raises
    ------
    GoalError
        If weights and columns do not match, or the matrix has gaps.
    """
    names = [str(c) for c in matrix.columns]
    if set(weights.names) != set(names) or len(weights.names) != len(names):
        odd = sorted(set(weights.names) ^ set(names))
        raise GoalError(
            f"weights and indicators do not match: {', '.join(odd)}",
            where="ranking",
            remedy=f"give weights of {', '.join(names)}",
        )
    scale(matrix, directions)  # checks names, directions and gaps
    order = weights.table.set_index("indicator").loc[names].reset_index()
    ordered = Weights(order, weights.method, weights.consistency)
    x = matrix.to_numpy(dtype=np.float64)
    score = _score(x, ordered.array, signs(matrix.columns, directions), method)
    table = pd.DataFrame({"unit": list(matrix.index), "score": score})
    table["rank"] = table["score"].rank(ascending=False, method="min").astype(int)
    table = labelled(
        table.sort_values(["rank", "unit"], ignore_index=True, kind="stable"),
        unit="Group", score=("Score", "number:2"), rank="Rank",
    )  # fmt: skip
    return Ranking(table, matrix, ordered, method, dict(directions or {}))


def _score(x: Array, weights: Array, sign: Array, method: Method) -> Array:
    """Scores, with units on the last but one axis of x, weights along the last."""
    towards = x * sign
    if method == "mean":
        low, high = towards.min(axis=-2, keepdims=True), towards.max(axis=-2, keepdims=True)
        span = np.where(high > low, high - low, 1.0)
        scaled = np.where(high > low, (towards - low) / span, 0.5)
        return np.asarray((scaled * weights).sum(axis=-1))
    length = np.sqrt((x**2).sum(axis=-2, keepdims=True))
    v = towards / np.where(length > 0, length, 1.0) * weights
    best, worst = v.max(axis=-2, keepdims=True), v.min(axis=-2, keepdims=True)
    near = np.sqrt(((v - best) ** 2).sum(axis=-1))
    far = np.sqrt(((v - worst) ** 2).sum(axis=-1))
    total = near + far
    return np.where(total > 0, far / np.where(total > 0, total, 1.0), 0.5)


def _summed(kinds: Mapping[str, Array], ranking: Ranking) -> pd.DataFrame:
    whole = kinds.get("both", kinds["weights"])
    now = ranking.table.set_index("unit").loc[list(ranking.matrix.index)]
    rank = now["rank"].to_numpy()
    unknown = np.full(rank.size, np.nan)
    moved = {
        kind: (kinds[kind] != rank).mean(axis=0) if kind in kinds else unknown
        for kind in ("weights", "sampling")
    }
    low, high = np.quantile(whole, [0.025, 0.975], axis=0, method="nearest")
    table = pd.DataFrame(
        {
            "unit": list(ranking.matrix.index),
            "score": now["score"].to_numpy(),
            "rank": rank,
            "low": low.astype(int),
            "high": high.astype(int),
            "first": (whole == 1).mean(axis=0),
            "by_weights": moved["weights"],
            "by_sampling": moved["sampling"],
        }
    )
    return labelled(
        table.sort_values(["rank", "unit"], ignore_index=True, kind="stable"),
        unit="Group",
        score=("Score", "number:2"),
        rank="Rank",
        low="Best rank",
        high="Worst rank",
        first=("Share of draws in first place", "percent"),
        by_weights=("Rank changed by weights", "percent"),
        by_sampling=("Rank changed by sampling", "percent"),
    )
