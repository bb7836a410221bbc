"""Weights of indicators: by pairwise comparison (AHP), stated, or from the data (entropy, CRITIC).

AHP and stated weights, as a study's card gives them: `workbench.study.weights`.
Entropy: Hwang and Yoon (1981), Multiple Attribute Decision Making, section 3.3.2.
CRITIC: Diakoulaki, Mavrotas and Papayannakis (1995), Computers & Operations Research 22(7),
763-770.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from workbench.arrays import Array
from workbench.errors import DataError
from workbench.goals.record import GoalError
from workbench.results import Estimate, Result, labelled
from workbench.study.weights import (
    CONSISTENT,
    CriteriaWeights,
    check_names,
    compared_weights,
    equal_weights,
    matrix_of,
    stated_weights,
)

_COLUMNS: Final[dict[str, str | tuple[str, str]]] = {
    "indicator": "Indicator",
    "weight": ("Weight", "percent"),
}


@dataclass(frozen=True)
class Weights(Result):
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

    def estimates(self) -> dict[str, Estimate]:
        """Return the weight of each indicator."""
        weights = zip(self.names, self.array.tolist(), strict=True)
        return {name: Estimate(weight, kind="percent") for name, weight in weights}

    @property
    def array(self) -> Array:
        """The weights."""
        return self.table["weight"].to_numpy(dtype=np.float64)

    @property
    def names(self) -> list[str]:
        """What is weighted."""
        return list(self.table["indicator"])


def _weights(names: Sequence[str], values: Any, method: str) -> Weights:
    table = pd.DataFrame({"indicator": list(names), "weight": np.asarray(values, dtype=np.float64)})
    return Weights(labelled(table, **_COLUMNS), method)


def _from_card(found: CriteriaWeights) -> Weights:
    table = pd.DataFrame({"indicator": list(found.weight), "weight": list(found.weight.values())})
    return Weights(labelled(table, **_COLUMNS), found.method, found.consistency)


def equal(names: Sequence[str]) -> Weights:
    """Give each indicator the same weight."""
    return _from_card(equal_weights(names))


def stated(weights: Mapping[str, float]) -> Weights:
    """Take weights as they are stated.

    Raises
    ------
    DataError
        If one is negative or they do not sum to one (within half a percent).
    """
    return _from_card(stated_weights(weights))


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
    DataError
        If a pair is missing, the matrix is not reciprocal, or the comparisons contradict one
        another: the pair farthest from the rest is named.

    Examples
    --------
    >>> from workbench.goals import ahp
    >>> found = ahp({"water / tea": 3, "water / coffee": 2, "coffee / tea": 2})
    >>> found.table.columns.tolist()[:2]
    ['indicator', 'weight']
    """
    if not isinstance(comparisons, pd.DataFrame):
        return _from_card(compared_weights(*matrix_of(comparisons), gate=gate))
    names = [str(name) for name in comparisons.columns]
    if list(map(str, comparisons.index)) != names:
        raise DataError("rows and columns are not the same", where="AHP", remedy="name both alike")
    return _from_card(compared_weights(names, comparisons.to_numpy(dtype=np.float64), gate=gate))


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
    check_names(list(matrix.columns))
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
