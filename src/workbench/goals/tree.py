"""The indicator tree: weights by level, and the table of units by indicators that it is used on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.goals.plan import GoalError
from workbench.goals.weights import Weights, ahp, critic, entropy, equal, stated


@dataclass(frozen=True)
class IndicatorTree:
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


def indicator_tree(
    tree: Mapping[str, Sequence[str]],
    *,
    comparisons: Mapping[str, float] | None = None,
    given: Mapping[str, float] | None = None,
) -> IndicatorTree:
    """Weigh a tree level by level: by comparisons where there are some, else as stated, else equal.

    Parameters
    ----------
    tree : mapping
        Branch -> names of its indicators.
    comparisons : mapping, optional
        Pairs of branches, or of indicators of one branch: ``{"service / business": 2}``.
    given : mapping, optional
        Stated weights of branches, or of indicators within their branch.

    Raises
    ------
    GoalError
        If a name stands twice, a pair crosses branches or names nothing, comparisons contradict
        one another, or stated weights do not sum to one.
    """
    levels = {"": list(tree), **{b: list(leaves) for b, leaves in tree.items()}}
    names = [n for members in levels.values() for n in members]
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None or not names:
        raise GoalError(f"{twice!r} stands twice in the tree", remedy="name each once")
    pairs, stands = dict(comparisons or {}), dict(given or {})
    found = {level: _level(level, members, pairs, stands) for level, members in levels.items()}
    if pairs or stands:
        odd = next(iter([*pairs, *stands]))
        raise GoalError(
            f"{odd!r} belongs to no level of the tree",
            where="indicator tree",
            remedy=f"compare {', '.join(tree)} with one another, or the indicators of one of them",
        )
    top = dict(zip(found[""].names, found[""].array, strict=True))
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
        for leaf, within in zip(found[branch].names, found[branch].array, strict=True)
    ]
    table = pd.DataFrame(rows)
    ratios = [w.consistency for w in found.values() if np.isfinite(w.consistency)]
    ratio = max(ratios, default=float("nan"))
    method = "AHP" if ratios else "stated" if given else "equal"
    return IndicatorTree(table, Weights(table[["indicator", "weight"]], method, ratio), ratio)


def compare_weights(
    tree: IndicatorTree, matrix: pd.DataFrame, directions: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Put the tree's weights beside those that the data would give.

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
    return table


def _level(
    level: str, members: list[str], pairs: dict[str, float], stands: dict[str, float]
) -> Weights:
    """Weigh one level, taking what concerns it out of pairs and statements."""
    own = {
        key: pairs.pop(key)
        for key in list(pairs)
        if {part.strip() for part in key.split("/")} <= set(members)
    }
    said = {name: stands.pop(name) for name in members if name in stands}
    if own:
        order = {n: i for i, n in enumerate(members)}
        weights = ahp(own) if len(members) > 1 else equal(members)
        missing = [n for n in members if n not in weights.names]
        if missing:
            raise GoalError(
                f"{missing[0]} is not compared with the others",
                where=f"branch {level!r}" if level else "branches",
                remedy=f"add '{members[0]} / {missing[0]}'",
            )
        table = weights.table.sort_values("indicator", key=lambda s: s.map(order))
        return Weights(table.reset_index(drop=True), weights.method, weights.consistency)
    if said:
        return stated({n: said.get(n, 0.0) for n in members})
    return equal(members)


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
        values[name] = rows["estimate"]
        errors[name] = rows["sd"] / rows["n"] ** 0.5
    matrix, se = pd.DataFrame(values).dropna(), pd.DataFrame(errors)
    return matrix, se.loc[matrix.index]
