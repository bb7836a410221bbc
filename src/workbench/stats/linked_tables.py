"""Tables of the same customers, read together: what one leaves out must not follow from another.

Each table puts the customers into groups of its own and tells what the groups have; together they
are one system of sums. Two attackers subtract what lies within a group from it, join groups until
they hold another, and solve what is left. What they come to is held to the rule of a single cell.

References
----------
Hundepool et al. (2012), Statistical Disclosure Control, chapter 4 (linked tables); de Wolf,
Giessing (2009), Data & Knowledge Engineering 68(11), 1160-1174.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from workbench.arrays import Index, Mask
from workbench.stats.disclosure import Sums
from workbench.study import CellRule


@dataclass(frozen=True)
class Grouping:
    """A table of groups.

    Attributes
    ----------
    codes : ndarray, shape (n,)
        Group of each customer from 0; negative where the table has none for him.
    hidden : ndarray of bool, shape (groups,)
        Groups whose sums the table does not tell.
    """

    codes: Index
    hidden: Mask


def withhold_linked(
    tables: Sequence[Grouping],
    measures: Sequence[ArrayLike],
    rule: CellRule,
    *,
    beside: Sequence[Grouping] = (),
    total: bool = True,
) -> list[Mask]:
    """Find the groups that are withheld because of what other tables tell of the same customers.

    Parameters
    ----------
    tables : sequence of Grouping
        With what each withholds by itself.
    measures : sequence of array_like, shape (n,)
        What is told of each group; all groups tell all of them.
    rule : CellRule
    beside : sequence of Grouping
        Tables that stand on pages already: nothing of them is changed.
    total : bool
        Whether the sum over everybody is known.

    Returns
    -------
    list of ndarray of bool
        For each of `tables`, the groups that it withholds beyond its own.
    """
    values = [np.abs(np.asarray(each, dtype=float)) for each in measures]
    hidden = [np.array(each.hidden, dtype=bool) for each in tables]
    fixed = [np.array(each.hidden, dtype=bool) for each in beside]
    codes = [np.asarray(each.codes) for each in (*tables, *beside)]
    if not values or (len(codes) < 2 and not (codes and (codes[0] < 0).any())):
        return [np.zeros_like(each) for each in hidden]
    patterns, atom = np.unique(np.stack(codes, axis=1), axis=0, return_inverse=True)
    atom = np.ravel(atom)
    cells = [Sums.of(atom, each, len(patterns)) for each in values]
    for _ in range(sum(each.size for each in hidden) + 1):
        told = _figures(patterns, [*hidden, *fixed], total=total)
        wrong = next(_too_much(told, cells, rule), None)
        if wrong is None or not _hide(wrong, told, cells[0], hidden):
            break
    more = [now & ~own.hidden for now, own in zip(hidden, tables, strict=True)]
    # what was hidden first may be needless after what had to follow
    by_size = sorted(
        ((t, int(g)) for t, each in enumerate(more) for g in np.flatnonzero(each)),
        key=lambda at: -int((codes[at[0]] == at[1]).sum()),
    )
    for t, group in by_size:
        hidden[t][group] = False
        told = _figures(patterns, [*hidden, *fixed], total=total)
        if next(_too_much(told, cells, rule), None) is not None:
            hidden[t][group] = True
    return [now & ~own.hidden for now, own in zip(hidden, tables, strict=True)]


@dataclass(frozen=True)
class _Told:
    """Sums that are known: which atoms each is over, of which table, and of which group of it.

    Group -1 is everybody, -2 what a table's shown groups leave of everybody.
    """

    over: Mask
    table: Index
    group: Index


def _figures(patterns: Index, hidden: Sequence[Mask], *, total: bool) -> _Told:
    over, table, group = [], [], []
    for t, gone in enumerate(hidden):
        own = patterns[:, t]
        shown = np.flatnonzero(~gone)
        for one in shown:
            over.append(own == one)
            table.append(t)
            group.append(int(one))
        rest = ~np.isin(own, shown)
        if total and rest.any():
            over.append(rest)
            table.append(t)
            group.append(-2)
    if total:
        over.append(np.ones(len(patterns), dtype=bool))
        table.append(-1)
        group.append(-1)
    kept = [i for i, one in enumerate(over) if one.any()]
    return _Told(
        np.array([over[i] for i in kept]).reshape(len(kept), len(patterns)),
        np.array([table[i] for i in kept], dtype=np.intp),
        np.array([group[i] for i in kept], dtype=np.intp),
    )


def _too_much(told: _Told, cells: Sequence[Sums], rule: CellRule) -> Iterator[list[int]]:
    """Yield the figures of which something follows that may not be told."""
    for figures, atoms in _derivable(told):
        if any(not each.may_join(atoms, rule) for each in cells):
            yield figures


def _derivable(told: _Told) -> Iterator[tuple[list[int], Mask]]:
    over = told.over
    for i in np.flatnonzero(told.group == -2):
        yield [int(i)], over[i]
    tables = np.unique(told.table[told.table >= 0])
    of_table = {int(t): np.flatnonzero(told.table == t) for t in tables}
    for j in range(len(over)):
        for t, own in of_table.items():
            if t == told.table[j]:
                continue
            # the groups of another table that this one reaches into, less what lies within them
            near = own[(over[own] & over[j]).any(axis=1)]
            joined = over[near].any(axis=0)
            if (over[j] & ~joined).any():
                continue
            ours = of_table.get(int(told.table[j]), np.array([j]))
            within = ours[~(over[ours] & ~joined).any(axis=1)]
            left = joined & ~over[within].any(axis=0)
            if left.any():
                yield [*map(int, near), *map(int, within)], left
            # and this one less the groups that lie within it
            inner = near[~(over[near] & ~over[j]).any(axis=1)]
            left = over[j] & ~over[inner].any(axis=0)
            if inner.size and left.any():
                yield [j, *map(int, inner)], left
    yield from _solved(over)


def _solved(over: Mask) -> Iterator[tuple[list[int], Mask]]:
    """Yield what solving for all of it gives, with the figures it takes.

    Atoms that no figure tells apart are one unknown: their sum may follow where none of them does.
    """
    patterns, place = np.unique(over, axis=1, return_inverse=True)
    place, system = np.ravel(place), patterns.astype(float)
    basis, size, rows = np.linalg.svd(system, full_matrices=False)
    rank = int((size > 1e-9 * size.max(initial=1.0)).sum())
    known = np.flatnonzero(np.square(rows[:rank]).sum(axis=0) > 1 - 1e-9)
    for atom in known:
        weights = basis[:, :rank] @ (rows[:rank, atom] / size[:rank])
        yield [int(i) for i in np.flatnonzero(np.abs(weights) > 1e-6)], place == atom


def _hide(figures: list[int], told: _Told, cells: Sums, hidden: Sequence[Mask]) -> bool:
    """Hide one group of those that tell too much: the one with the fewest customers."""
    free: list[tuple[float, int, int]] = []
    for i in figures:
        t = int(told.table[i])
        if not 0 <= t < len(hidden):
            continue
        own = [i] if told.group[i] >= 0 else np.flatnonzero(told.table == t)
        for k in own:
            if told.group[k] >= 0:
                n = float(cells.n[told.over[k]].sum())
                free.append((n, t, int(told.group[k])))
    if not free:
        return False
    _, t, group = min(free)
    hidden[t][group] = True
    return True
