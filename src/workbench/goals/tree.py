"""The indicator tree: weights by level, and the table of units by indicators that it is used on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.goals.record import GoalError
from workbench.goals.weights import Weights, critic, entropy
from workbench.results import Estimate, Finding, Result, labelled
from workbench.study.weights import tree_weights


@dataclass(frozen=True)
class IndicatorTree(Result):
    """Branches and their indicators, weighted.

    Attributes
    ----------
    table : DataFrame
        branch, indicator, branch_weight, within (weight in the branch), weight (their product),
        method (of the branch: AHP, stated or equal), consistency (NaN unless AHP).
    weights : Weights
        Of the indicators; they sum to one.
    consistency : float
        The largest consistency ratio of any level; NaN when nothing was compared.
    """

    table: pd.DataFrame
    weights: Weights
    consistency: float

    def estimates(self) -> dict[str, Estimate]:
        """Return the weight of each indicator."""
        return self.weights.estimates()

    def findings(self) -> list[Finding]:
        """How far comparisons contradict one another, where there are some."""
        if not np.isfinite(self.consistency):
            return []
        message = "The pairwise weights are consistent (ratio {ratio}; limit 0.10)."
        return [
            Finding("goals.consistency", message, {"ratio": Estimate(self.consistency, digits=2)})
        ]


def indicator_tree(
    tree: Mapping[str, Sequence[str]],
    *,
    comparisons: Mapping[str, float] | None = None,
    stated: Mapping[str, float] | None = None,
) -> IndicatorTree:
    """Weigh a tree level by level: by comparisons where there are some, else as stated, else equal.

    Parameters
    ----------
    tree : mapping
        Branch -> names of its indicators.
    comparisons : mapping, optional
        Pairs of branches, or of indicators of one branch: ``{"service / business": 2}``.
    stated : mapping, optional
        Stated weights of branches, or of indicators within their branch.

    Raises
    ------
    DataError
        If a name stands twice, a pair crosses branches or names nothing, comparisons contradict
        one another, or stated weights do not sum to one.
    """
    found = tree_weights(tree, comparisons, stated)
    top = found[""].weight
    rows = [
        {
            "branch": branch,
            "indicator": leaf,
            "branch_weight": top[branch],
            "within": within,
            "weight": top[branch] * within,
            "method": found[branch].method,
            "consistency": found[branch].consistency,
        }
        for branch in tree
        for leaf, within in found[branch].weight.items()
    ]
    table = labelled(
        pd.DataFrame(rows), branch="Branch", indicator="Indicator", weight=("Weight", "percent")
    )
    ratios = [w.consistency for w in found.values() if np.isfinite(w.consistency)]
    ratio = max(ratios, default=float("nan"))
    method = "AHP" if ratios else "stated" if stated else "equal"
    return IndicatorTree(table, Weights(table[["indicator", "weight"]], method, ratio), ratio)


def compare_weights(
    tree: IndicatorTree,
    matrix: pd.DataFrame,
    directions: Mapping[str, str] | None = None,
    *,
    titles: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Put the tree's weights beside those that the data would give.

    Parameters
    ----------
    tree : IndicatorTree
    matrix : DataFrame, shape (units, indicators)
    directions : mapping, optional
        ``up`` or ``down`` by indicator; up where none is given.
    titles : mapping, optional
        What branches and indicators are called for readers.

    Returns
    -------
    DataFrame
        branch, indicator, weight, equal, entropy (NaN where a value is not positive), critic.
    """
    table = tree.table[["branch", "indicator", "weight"]].copy()
    ordered = matrix[list(table["indicator"])]
    table["equal"] = 1 / len(table)
    positive = bool((ordered.to_numpy(dtype=np.float64) > 0).all())
    table["entropy"] = entropy(ordered).array if positive else np.nan
    table["critic"] = critic(ordered, directions).array
    if titles is not None:
        for column in ("branch", "indicator"):
            table[column] = [titles.get(name, name) for name in table[column]]
    return labelled(
        table,
        branch="Branch",
        indicator="Indicator",
        weight=("Weight", "percent"),
        equal=("Equal", "percent"),
        entropy=("Entropy", "percent"),
        critic=("CRITIC", "percent"),
    )


def latest_matrix(frames: Mapping[str, pd.DataFrame], by: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Put the last complete period of each indicator into a table of units by indicators.

    Parameters
    ----------
    frames : mapping of str to DataFrame
        By indicator: period, `by`, n, estimate, sd, and complete (False rows are left out).
    by : str
        The column that names the unit.

    Returns
    -------
    tuple of DataFrame
        Estimates and standard errors, shape (units, indicators); units measured on all of them.
    """
    values: dict[str, Any] = {}
    errors: dict[str, Any] = {}
    for name, frame in frames.items():
        rows = frame[frame["complete"].astype(bool)] if "complete" in frame else frame
        rows = rows[rows[by].notna()]
        if rows.empty:
            raise GoalError(
                "no complete period was measured",
                where=f"indicator {name!r}",
                remedy="ask for shorter periods",
            )
        rows = rows[rows["period"] == rows["period"].max()].set_index(by)
        # what is told without its error cannot be drawn again
        values[name] = rows["estimate"].where(rows["sd"].notna())
        errors[name] = rows["sd"] / rows["n"] ** 0.5
    matrix, se = pd.DataFrame(values).dropna(), pd.DataFrame(errors)
    return matrix, se.loc[matrix.index]
