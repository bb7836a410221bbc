"""Weights of indicators: by pairwise comparison (AHP), from the data (entropy, CRITIC), or stated.

Saaty (1980), The Analytic Hierarchy Process; Saaty (2008), Int. J. Services Sciences 1(1), 83-98.
Entropy: Hwang and Yoon (1981), Multiple Attribute Decision Making, section 3.3.2.
CRITIC: Diakoulaki, Mavrotas and Papayannakis (1995), Computers & Operations Research 22(7),
763-770.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np
import pandas as pd

from workbench.arrays import Array
from workbench.goals.plan import GoalError

#: Mean consistency index of random matrices, for orders 1 to 15 (Saaty 1980; 11 on: Saaty 1996).
RANDOM_INDEX: Final = (
    0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57, 1.59,
)  # fmt: skip
CONSISTENT: Final = 0.10
TOLERANCE: Final = 0.005


@dataclass(frozen=True)
class Weights:
    """Weights that sum to one, and how they were found.

    Attributes
    ----------
    table : DataFrame
        indicator, weight; in the order given.
    method : str
        equal, stated, AHP, entropy or CRITIC.
    consistency : float
        AHP's consistency ratio; NaN for the others.
    """

    table: pd.DataFrame
    method: str
    consistency: float = float("nan")

    @property
    def array(self) -> Array:
        """The weights."""
        return self.table["weight"].to_numpy(dtype=np.float64)

    @property
    def names(self) -> list[str]:
        """What is weighted."""
        return list(self.table["indicator"])


def _weights(
    names: Sequence[str], values: Any, method: str, ratio: float = float("nan")
) -> Weights:
    table = pd.DataFrame({"indicator": list(names), "weight": np.asarray(values, dtype=np.float64)})
    return Weights(table, method, ratio)


def equal(names: Sequence[str]) -> Weights:
    """Give each indicator the same weight."""
    _named(names)
    return _weights(names, np.full(len(names), 1 / len(names)), "equal")


def stated(weights: Mapping[str, float]) -> Weights:
    """Take weights as they are stated.

    Raises
    ------
    GoalError
        If one is negative or they do not sum to one (within half a percent).
    """
    _named(list(weights))
    values = np.array([float(v) for v in weights.values()])
    if not np.isfinite(values).all() or (values < 0).any():
        bad = next(n for n, v in weights.items() if not float(v) >= 0)
        raise GoalError(
            f"the weight of {bad!r} is {weights[bad]}", remedy="give weights from 0 to 1"
        )
    total = float(values.sum())
    if abs(total - 1) > TOLERANCE:
        said = ", ".join(f"{n} {v:g}" for n, v in weights.items())
        shares = ", ".join(f"{n} {v / total:.3g}" for n, v in weights.items()) if total else ""
        raise GoalError(
            f"the weights sum to {total:g} and not to 1 ({said})",
            where="weights",
            remedy=f"divide them by their sum: {shares}" if total else "give some weight",
        )
    return _weights(list(weights), values / total, "stated")


def ahp(
    comparisons: pd.DataFrame | Mapping[str, float], *, gate: float | None = CONSISTENT
) -> Weights:
    """Weights from pairwise comparisons: the principal eigenvector.

    Parameters
    ----------
    comparisons : DataFrame or mapping
        A square reciprocal matrix, named alike by rows and columns; or each pair once, as
        ``{"a / b": 3}`` for "a matters three times as much as b".
    gate : float or None
        Highest consistency ratio accepted; None to accept all.

    Raises
    ------
    GoalError
        If a pair is missing, the matrix is not reciprocal, or the comparisons contradict one
        another: the pair farthest from the rest is named.
    """
    matrix = comparisons if isinstance(comparisons, pd.DataFrame) else _matrix(comparisons)
    names = [str(n) for n in matrix.columns]
    a = matrix.to_numpy(dtype=np.float64)
    _check_matrix(a, names, matrix)
    values, vectors = np.linalg.eig(a)
    top = int(np.argmax(values.real))
    weight = np.abs(vectors[:, top].real)
    weight = weight / weight.sum()
    n = len(names)
    index = (float(values[top].real) - n) / (n - 1) if n > 2 else 0.0
    ratio = max(index, 0.0) / RANDOM_INDEX[n - 1] if n > 2 else 0.0
    if gate is not None and ratio > gate:
        worst = max(
            combinations(range(n), 2),
            key=lambda ij: abs(np.log(a[ij] * weight[ij[1]] / weight[ij[0]])),
        )
        fits = weight[worst[0]] / weight[worst[1]]
        raise GoalError(
            f"the comparisons contradict one another: consistency ratio {ratio:.2f},"
            f" above {gate:g}",
            where="AHP",
            remedy=f"look at {names[worst[0]]} / {names[worst[1]]} first: {a[worst]:.3g} is said,"
            f" {fits:.2g} would fit the rest",
        )
    return _weights(names, weight, "AHP", ratio)


def _matrix(pairs: Mapping[str, float]) -> pd.DataFrame:
    read: dict[tuple[str, str], float] = {}
    names: list[str] = []
    for key, value in pairs.items():
        left, slash, right = (part.strip() for part in str(key).partition("/"))
        if not slash or not left or not right or left == right:
            raise GoalError(f"{key!r} names no pair", where="AHP", remedy="write it as 'a / b'")
        names += [n for n in (left, right) if n not in names]
        if (left, right) in read or (right, left) in read:
            raise GoalError(f"{key!r} is compared twice", where="AHP", remedy="take one out")
        read[left, right] = float(value)
    matrix = pd.DataFrame(np.eye(len(names)), index=names, columns=names)
    for one, other in combinations(names, 2):
        if (one, other) in read:
            value = read[one, other]
        elif (other, one) in read:
            value = 1 / read[other, one] if read[other, one] else np.nan
        else:
            raise GoalError(
                f"{one} and {other} are not compared",
                where="AHP",
                remedy=f"add '{one} / {other}': 1 if they matter alike, up to 9 if {one} does more",
            )
        matrix.loc[one, other], matrix.loc[other, one] = value, 1 / value if value else np.nan
    return matrix


def _check_matrix(a: Array, names: list[str], matrix: pd.DataFrame) -> None:
    _named(names)
    if list(map(str, matrix.index)) != names:
        raise GoalError("rows and columns are not the same", where="AHP", remedy="name both alike")
    if len(names) > len(RANDOM_INDEX):
        raise GoalError(
            f"{len(names)} indicators are too many to compare in pairs",
            where="AHP",
            remedy=f"group them: at most {len(RANDOM_INDEX)} below one node",
        )
    if not (np.isfinite(a).all() and (a > 0).all()):
        raise GoalError("a comparison is not positive", where="AHP", remedy="use 1/9 to 9")
    for i, j in combinations(range(len(names)), 2):
        if abs(np.log(a[i, j] * a[j, i])) > 0.02:
            raise GoalError(
                f"{names[i]} / {names[j]} is {a[i, j]:.3g}, but the other way round {a[j, i]:.3g}",
                where="AHP",
                remedy=f"write {1 / a[i, j]:.3g} there, or the reverse here",
            )


def entropy(matrix: pd.DataFrame) -> Weights:
    """Weights from the data: an indicator on which all units agree says nothing.

    Parameters
    ----------
    matrix : DataFrame, shape (units, indicators)
        Positive values.
    """
    x = _values(matrix, "entropy")
    if (x <= 0).any():
        bad = matrix.columns[int(np.argmax((x <= 0).any(axis=0)))]
        raise GoalError(
            f"{bad!r} has values of zero or less",
            where="entropy",
            remedy="use CRITIC, or scale it to positive values first",
        )
    share = x / x.sum(axis=0)
    spread = 1 + (share * np.log(share)).sum(axis=0) / np.log(len(x))
    return _weights(list(matrix.columns), _normed(spread, "entropy"), "entropy")


def critic(matrix: pd.DataFrame, directions: Mapping[str, str] | None = None) -> Weights:
    """Weights from the data: much contrast, little said by the others already.

    Each indicator is scaled to 0 (worst) to 1 (best) first, so that its direction counts: a
    criterion where less is better correlates with the others the right way round.

    Parameters
    ----------
    matrix : DataFrame, shape (units, indicators)
    directions : mapping, optional
        ``up`` or ``down`` by indicator; up where none is given.
    """
    x = _values(matrix, "CRITIC")
    scaled = scale(matrix, directions).to_numpy(dtype=np.float64)
    sd = scaled.std(axis=0, ddof=1)
    if (sd == 0).any():
        r = np.eye(x.shape[1])
        some = sd > 0
        if some.sum() > 1:
            r[np.ix_(some, some)] = np.corrcoef(scaled[:, some], rowvar=False)
    else:
        r = np.atleast_2d(np.corrcoef(scaled, rowvar=False))
    return _weights(list(matrix.columns), _normed(sd * (1 - r).sum(axis=0), "CRITIC"), "CRITIC")


def scale(matrix: pd.DataFrame, directions: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Scale each indicator from 0 (worst unit) to 1 (best unit); one that is constant to 1/2."""
    x = _values(matrix, "scale")
    low, high = x.min(axis=0), x.max(axis=0)
    span = np.where(high > low, high - low, 1.0)
    scaled = np.where(high > low, (x - low) / span, 0.5)
    down = signs(matrix.columns, directions) < 0
    scaled[:, down] = 1 - scaled[:, down]
    return pd.DataFrame(scaled, index=matrix.index, columns=matrix.columns)


def signs(names: Any, directions: Mapping[str, str] | None) -> Array:
    """Give 1 for each indicator where more is better, and -1 where less is."""
    given = dict(directions or {})
    unknown = [n for n in given if n not in set(names)]
    bad = [n for n, d in given.items() if d not in ("up", "down")]
    if unknown or bad:
        raise GoalError(
            f"direction of {(unknown or bad)[0]!r}",
            where="directions",
            remedy=f"write up or down for one of {', '.join(map(str, names))}",
        )
    return np.array([-1.0 if given.get(n) == "down" else 1.0 for n in names])


def _values(matrix: pd.DataFrame, where: str) -> Array:
    _named(list(matrix.columns))
    x = matrix.to_numpy(dtype=np.float64)
    if len(x) < 2 or not np.isfinite(x).all():
        raise GoalError(
            "the matrix has gaps or fewer than two units",
            where=where,
            remedy="leave out units or indicators that were not measured",
        )
    return x


def _normed(values: Array, where: str) -> Array:
    values = np.maximum(values, 0.0)
    total = float(values.sum())
    if total <= 1e-12:
        raise GoalError(
            "no indicator tells the units apart", where=where, remedy="state the weights"
        )
    return values / total


def _named(names: Sequence[str]) -> None:
    if not names or len(set(names)) < len(names):
        raise GoalError("names of indicators are missing or repeat", remedy="name each once")
