"""Margins of a column that give nobody away: taken from people, not from rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.study import CellRule


@dataclass(frozen=True)
class Holders:
    """Whose the rows of a table are.

    Attributes
    ----------
    codes : Series of int
        A number for each row's person, by the table's index.
    weights : Series of float
        What a row counts for: no person's rows are more than a share of 1 in `fewest` of all.
    rule : CellRule
        What is theirs, by the card: a value that fewer than its smallest cell have, and a number
        that its p% or dominance rule would withhold.
    """

    codes: pd.Series
    weights: pd.Series
    rule: CellRule

    @property
    def fewest(self) -> int:
        """Fewest people of a value that is nobody's."""
        return self.rule.min_cell

    @classmethod
    def of(cls, whose: pd.Series, rule: CellRule) -> Holders:
        """Take the people from a column that names them, one a row."""
        fewest = rule.min_cell
        code, names = pd.factorize(whose)
        rows = np.bincount(code, minlength=len(names)).astype(float)
        most = rows.max(initial=1.0)
        while most > (fair := max(1.0, np.minimum(rows, most).sum() / fewest)) + 1e-9:
            most = fair
            if len(names) <= fewest:  # then all are to count alike
                most = rows.min()
                break
        weights = np.minimum(1.0, most / rows)[code]
        return cls(pd.Series(code, index=whose.index), pd.Series(weights, index=whose.index), rule)

    def counts(self, known: pd.Series) -> tuple[pd.Series, pd.Series]:
        """Count how many people have each value, and which share of the rows' weight it has."""
        pairs = pd.DataFrame({"value": known, "who": self.codes[known.index]}).drop_duplicates()
        held = pairs["value"].value_counts()
        weight = self.weights[known.index].groupby(known.to_numpy()).sum()
        return held, (weight / weight.sum()).reindex(held.index)

    def rare(self, values: pd.Series) -> frozenset[str]:
        """Give the values that few people have."""
        held = self.counts(values.dropna())[0] if values.notna().any() else values.iloc[:0]
        return frozenset(held.index[held < self.fewest])

    def empty(self, values: pd.Series) -> float:
        """Give the share of empty cells, rounded; none where few people left it empty."""
        gone = values.isna()
        if self.codes[gone].nunique() < self.fewest:
            return 0.0
        share = float(self.weights[gone].sum() / self.weights.sum())
        return 1.0 if self.codes[~gone].nunique() < self.fewest else round(share, 2)


def middle_grid(values: pd.Series, holders: Holders, at: Sequence[float]) -> list[float]:
    """Give quantiles that are nobody's: each the mean of people next to it.

    Parameters
    ----------
    values : Series of float
        By the table's index.
    holders : Holders
    at : sequence of float
        Between 0 and 1.

    Returns
    -------
    list of float
        Rising. Who stands so far out that the others beside him would not hide him is left out
        first: the range is cut there. Empty where there are too few people.
    """
    order = np.argsort(values.to_numpy(), kind="stable")
    value = values.to_numpy()[order]
    who = holders.codes[values.index].to_numpy()[order]
    weight = holders.weights[values.index].to_numpy()[order]
    middle = _weighted(value, weight, 0.5)
    for outer in (False, True):
        kept = _cut(value if outer else -value[::-1], who if outer else who[::-1],
                    middle if outer else -middle, holders.rule)  # fmt: skip
        kept = kept if outer else kept[::-1]
        value, who, weight = value[kept], who[kept], weight[kept]
    if np.unique(who).size < holders.fewest:
        return []
    place = np.cumsum(weight) - weight / 2
    found = []
    for q in at:
        here = int(np.searchsorted(place, q * weight.sum()).clip(0, value.size - 1))
        found.append(_window(value, who, here, middle, holders.rule))
    return [float(q) for q in np.maximum.accumulate(found)]


def _weighted(value: np.ndarray, weight: np.ndarray, q: float) -> float:
    at = np.searchsorted(np.cumsum(weight), q * weight.sum()).clip(0, value.size - 1)
    return float(value[at])


def _cut(rising: np.ndarray, who: np.ndarray, middle: float, rule: CellRule) -> np.ndarray:
    """Leave out, from the upper end, whose rows the next people would not hide."""
    kept = np.ones(rising.size, dtype=bool)
    while (at := np.flatnonzero(kept)).size:
        first = _first_of(who[at][::-1], rule.min_cell)
        near = at[at.size - first :]
        people, mean = _means(rising[near], who[near])
        if people.size < rule.min_cell or not _tells(mean, middle, rule):
            break
        kept[near[who[near] == people[np.argmax(mean)]]] = False
    return kept


def _first_of(who: np.ndarray, fewest: int) -> int:
    """Give how many rows from the first on are so many people's; all where there are fewer."""
    size = 4 * fewest
    while True:
        first = np.sort(np.unique(who[:size], return_index=True)[1])
        if first.size >= fewest:
            return int(first[fewest - 1]) + 1
        if size >= who.size:
            return int(who.size)
        size *= 4


def _means(value: np.ndarray, who: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    people, code = np.unique(who, return_inverse=True)
    return people, np.bincount(code, value) / np.bincount(code)


def _tells(mean: np.ndarray, middle: float, rule: CellRule) -> bool:
    """Say whether the farthest from the middle is told by the mean of all, as of a sum."""
    size = np.sort(np.abs(mean - middle))[::-1]
    return bool(rule.dominated(size.sum(keepdims=True), size[None, :])[0])


def _window(value: np.ndarray, who: np.ndarray, here: int, middle: float, rule: CellRule) -> float:
    wide = rule.min_cell
    while True:
        # evenly to both sides; where one side ends, what is lacking comes from the other
        low = max(0, min(here - wide // 2, value.size - wide))
        near = slice(low, low + wide)
        people, mean = _means(value[near], who[near])
        whole = wide >= value.size
        if people.size >= rule.min_cell and (whole or not _tells(mean, middle, rule)):
            return float(mean.mean())
        if whole:
            return middle
        wide = min(value.size, 2 * wide)
