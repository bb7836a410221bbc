"""Weights that people give to indicators: compared in pairs (AHP), stated, or equal.

Saaty (1980), The Analytic Hierarchy Process; Saaty (2008), Int. J. Services Sciences 1(1), 83-98.
The card's reader and the ranking ask these same functions: what one refuses, the other does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from workbench.arrays import Array
from workbench.errors import DataError

#: Mean consistency index of random matrices, for orders 1 to 15 (Saaty 1980; 11 on: Saaty 1996).
RANDOM_INDEX: Final = (
    0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57, 1.59,
)  # fmt: skip
CONSISTENT: Final = 0.10
#: The most that one can count for beside another, in pairwise comparison (Saaty 1980).
SCALE: Final = 9
TOLERANCE: Final = 0.005


@dataclass(frozen=True)
class CriteriaWeights:
    """Weights that sum to one, and how they were given.

    Attributes
    ----------
    weight : mapping of str to float
    method : str
        equal, stated or AHP.
    consistency : float
        AHP's consistency ratio; NaN for the others.
    """

    weight: Mapping[str, float]
    method: str
    consistency: float = float("nan")


def equal_weights(names: Sequence[str]) -> CriteriaWeights:
    """Give each indicator the same weight."""
    check_names(names)
    return CriteriaWeights({name: 1 / len(names) for name in names}, "equal")


def stated_weights(weights: Mapping[str, float]) -> CriteriaWeights:
    """Take weights as they are stated.

    Raises
    ------
    DataError
        If one is negative or they do not sum to one (within half a percent).
    """
    check_names(list(weights))
    bad = next((n for n, v in weights.items() if not 0 <= float(v) < float("inf")), None)
    if bad is not None:
        raise DataError(
            f"the weight of {bad!r} is {weights[bad]}", remedy="give weights from 0 to 1"
        )
    if fault := sum_fault(weights):
        raise DataError(fault[0], where="weights", remedy=fault[1])
    total = sum(map(float, weights.values()))
    return CriteriaWeights({n: float(v) / total for n, v in weights.items()}, "stated")


def sum_fault(weights: Mapping[str, float]) -> tuple[str, str] | None:
    """Say what is wrong with weights that do not sum to one, and what to do; None if they do."""
    total = sum(map(float, weights.values()))
    if abs(total - 1) <= TOLERANCE:
        return None
    stated = " + ".join(f"{name} {value:g}" for name, value in weights.items())
    shares = ", ".join(f"{n} {v / total:.3g}" for n, v in weights.items()) if total else ""
    remedy = f"divide them by their sum: {shares}" if total else "give some weight"
    return f"the weights sum to {total:g} and not to 1 ({stated})", remedy


def compared_weights(
    names: Sequence[str], matrix: Array, *, gate: float | None = CONSISTENT
) -> CriteriaWeights:
    """Weights from a matrix of comparisons in pairs: its principal eigenvector.

    Parameters
    ----------
    names : sequence of str, length n
    matrix : ndarray, shape (n, n)
        How many times as much the row matters as the column.
    gate : float or None
        Highest consistency ratio accepted; None to accept all.

    Raises
    ------
    DataError
        If the matrix is not reciprocal, or the comparisons contradict one another: the pair
        farthest from the rest is named.
    """
    check_names(names)
    n = len(names)
    if n > len(RANDOM_INDEX):
        raise DataError(
            f"{n} indicators are too many to compare in pairs",
            where="AHP",
            remedy=f"group them: at most {len(RANDOM_INDEX)} below one node",
        )
    if not (np.isfinite(matrix).all() and (matrix > 0).all()):
        raise DataError("a comparison is not positive", where="AHP", remedy="use 1/9 to 9")
    beyond = np.argwhere((matrix > SCALE * 1.001) | (matrix < 1 / SCALE / 1.001))
    if len(beyond):
        i, j = beyond[0]
        raise DataError(
            f"{names[i]} / {names[j]} is {matrix[i, j]:.3g}, beyond Saaty's scale",
            where="AHP",
            remedy="use 1/9 to 9: 9 says that one is of extreme importance beside the other; what"
            " outweighs another by more stands at another level of the tree",
        )
    for i, j in combinations(range(n), 2):
        if abs(np.log(matrix[i, j] * matrix[j, i])) > 0.02:
            raise DataError(
                f"{names[i]} / {names[j]} is {matrix[i, j]:.3g}, but the other way round"
                f" {matrix[j, i]:.3g}",
                where="AHP",
                remedy=f"write {1 / matrix[i, j]:.3g} there, or the reverse here",
            )
    values, vectors = np.linalg.eig(matrix)
    top = int(np.argmax(values.real))
    weight = np.abs(vectors[:, top].real)
    weight = weight / weight.sum()
    index = (float(values[top].real) - n) / (n - 1) if n > 2 else 0.0
    ratio = max(index, 0.0) / RANDOM_INDEX[n - 1] if n > 2 else 0.0
    if gate is not None and ratio > gate:
        i, j = max(
            combinations(range(n), 2),
            key=lambda ij: abs(np.log(matrix[ij] * weight[ij[1]] / weight[ij[0]])),
        )
        raise DataError(
            f"the comparisons contradict one another: consistency ratio {ratio:.2f},"
            f" above {gate:g}",
            where="AHP",
            remedy=f"look at {names[i]} / {names[j]} first: {matrix[i, j]:.3g} is said,"
            f" {weight[i] / weight[j]:.2g} would fit the rest",
        )
    return CriteriaWeights(dict(zip(names, weight.tolist(), strict=True)), "AHP", ratio)


def matrix_of(pairs: Mapping[str, float]) -> tuple[list[str], Array]:
    """Put pairs such as ``{"a / b": 3}`` ("a matters three times as much as b") into a matrix.

    Raises
    ------
    DataError
        If a key names no pair, or a pair is missing or given twice.
    """
    read: dict[tuple[str, str], float] = {}
    names: list[str] = []
    for key, value in pairs.items():
        left, slash, right = (part.strip() for part in str(key).partition("/"))
        if not slash or not left or not right or left == right:
            raise DataError(f"{key!r} names no pair", where="AHP", remedy="write it as 'a / b'")
        names += [n for n in (left, right) if n not in names]
        if (left, right) in read or (right, left) in read:
            raise DataError(f"{key!r} is compared twice", where="AHP", remedy="take one out")
        read[left, right] = float(value)
    matrix = np.eye(len(names))
    for (i, one), (j, other) in combinations(enumerate(names), 2):
        if (one, other) in read:
            value = read[one, other]
        elif (other, one) in read:
            value = 1 / read[other, one] if read[other, one] else np.nan
        else:
            raise DataError(
                f"{one} and {other} are not compared",
                where="AHP",
                remedy=f"add '{one} / {other}': 1 if they matter alike, up to 9 if {one} does more",
            )
        matrix[i, j], matrix[j, i] = value, 1 / value if value else np.nan
    return names, matrix


def tree_weights(
    tree: Mapping[str, Sequence[str]],
    comparisons: Mapping[str, float] | None = None,
    given: Mapping[str, float] | None = None,
) -> dict[str, CriteriaWeights]:
    """Weigh a tree level by level: by comparisons where there are some, else as stated, else equal.

    Parameters
    ----------
    tree : mapping
        Branch -> names of its indicators.
    comparisons : mapping, optional
        Pairs of branches, or of indicators of one branch: ``{"service / business": 2}``.
    given : mapping, optional
        Stated weights of branches, or of indicators within their branch.

    Returns
    -------
    dict
        Weights by level: the branches under the empty name, each branch's indicators under its.

    Raises
    ------
    DataError
        If a name stands twice, a pair crosses branches or names nothing, comparisons contradict
        one another, or stated weights do not sum to one.
    """
    levels = {"": list(tree), **{branch: list(leaves) for branch, leaves in tree.items()}}
    names = [name for members in levels.values() for name in members]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DataError(f"{twice!r} stands twice in the tree", remedy="name each once")
    pairs, stands = dict(comparisons or {}), dict(given or {})
    by_level = {level: _level(level, members, pairs, stands) for level, members in levels.items()}
    if pairs or stands:
        raise DataError(
            f"{next(iter([*pairs, *stands]))!r} belongs to no level of the tree",
            where="indicator tree",
            remedy=f"compare {', '.join(tree)} with one another, or the indicators of one of them",
        )
    return by_level


def _level(
    level: str, members: list[str], pairs: dict[str, float], stands: dict[str, float]
) -> CriteriaWeights:
    """Weigh one level, taking what concerns it out of pairs and statements."""
    own = {
        key: pairs.pop(key)
        for key in list(pairs)
        if {part.strip() for part in key.split("/")} <= set(members)
    }
    stated = {name: stands.pop(name) for name in members if name in stands}
    if own:
        weights = compared_weights(*matrix_of(own))
        missing = [name for name in members if name not in weights.weight]
        if missing:
            raise DataError(
                f"{missing[0]} is not compared with the others",
                where=f"branch {level!r}" if level else "branches",
                remedy=f"add '{members[0]} / {missing[0]}'",
            )
        ordered = {name: weights.weight[name] for name in members}
        return CriteriaWeights(ordered, weights.method, weights.consistency)
    if stated:
        return stated_weights({name: stated.get(name, 0.0) for name in members})
    return equal_weights(members)


def check_names(names: Sequence[str]) -> None:
    """Refuse a level without names, or one that has a name twice."""
    if not names or len(set(names)) < len(names):
        raise DataError("names of indicators are missing or repeat", remedy="name each once")
