"""Whether a sum gives one of those behind it away, and what else is withheld with it.

A cell is a group of customers and the sum of something over them; a mean with its count is such a
sum, and so is a share of a known total. Two are held off: the outsider, who knows nobody, and the
insider, the second largest of the cell, who knows himself. Both know that nobody has less than
nothing. Of numbers below zero the size counts.

References
----------
Hundepool et al. (2012), Statistical Disclosure Control, chapter 4 (minimum frequency, dominance,
p% rule, secondary suppression); Fischetti, Salazar (2001), Management Science 47(7), 1008-1027
(what an intruder can bound, by linear programs).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from workbench.arrays import Array, Index, Mask
from workbench.results import Finding
from workbench.study import CellRule
from workbench.study.fields import EXACT


@lru_cache(maxsize=32)
def _counts_to(min_cell: int) -> CellRule:
    if min_cell < 1:
        return CellRule(min_cell=1, p_percent=0)
    return CellRule(min_cell=min_cell)


def rule_of(min_cell: CellRule | int) -> CellRule:
    """Give the rule for a smallest cell: with the p% rule beside it; none at all for 0.

    Examples
    --------
    >>> from workbench.stats import rule_of
    >>> rule_of(5).p_percent, rule_of(0).p_percent
    (10.0, 0.0)
    """
    return min_cell if isinstance(min_cell, CellRule) else _counts_to(int(min_cell))


@dataclass(frozen=True)
class Sums:
    """What the rules need to know of the cells of one table.

    Attributes
    ----------
    n : ndarray, shape (cells,)
        Customers.
    total : ndarray, shape (cells,)
        Sum of the sizes of what they contribute.
    largest : ndarray, shape (cells, depth)
        The largest contributions, falling; zero where there are fewer.
    """

    n: Index
    total: Array
    largest: Array

    @classmethod
    def of(cls, codes: ArrayLike, values: ArrayLike, k: int, *, depth: int = 10) -> Sums:
        """Take the cells from the customers: `codes` (0 to k - 1, negative: none) and `values`."""
        code, size = np.asarray(codes), np.abs(np.asarray(values, dtype=float))
        # numbers of sixteen bits are sorted by their digits: a tenth of the time
        narrow = code.astype(np.int16) if k < 2**15 else code
        sorted_size = size[np.argsort(narrow, kind="stable")]
        kept = code >= 0
        counts = np.bincount(code[kept], minlength=k)
        ends = np.count_nonzero(~kept) + np.r_[0, np.cumsum(counts)]
        largest = np.zeros((k, depth))
        for cell in range(k):
            own = sorted_size[ends[cell] : ends[cell + 1]]
            if own.size > depth:
                own = np.partition(own, own.size - depth)[-depth:]
            largest[cell, : own.size] = np.sort(own)[::-1]
        total = np.bincount(code[kept], size[kept], k).astype(float)
        return cls(counts.astype(np.intp), total, largest)

    @classmethod
    def counted(cls, n: ArrayLike, *, depth: int = 10) -> Sums:
        """Take cells of which only the customers are counted: none is larger than another."""
        counts = np.asarray(n).astype(np.intp).ravel()
        return cls(counts, counts.astype(float), np.zeros((counts.size, depth)))

    def __getitem__(self, at: Index | Mask) -> Sums:
        return Sums(self.n[at], self.total[at], self.largest[at])

    def joined(self, groups: Index, k: int) -> Sums:
        """Put cells of one group together; a negative group is left out."""
        kept = groups >= 0
        largest = np.zeros((k, self.largest.shape[1]))
        for group in range(k):
            own = np.sort(self.largest[groups == group].ravel())[::-1][: largest.shape[1]]
            largest[group, : own.size] = own
        return Sums(
            np.bincount(groups[kept], self.n[kept], k).astype(np.intp),
            np.bincount(groups[kept], self.total[kept], k).astype(float),
            largest,
        )

    def sensitive(self, rule: CellRule) -> Mask:
        """Whose sum may not be published; an empty cell may."""
        found = rule.dominated(self.total, self.largest)
        return np.asarray((self.n > 0) & (found | (self.n < rule.min_cell)))

    def bounded_by(self, squares: Array, rule: CellRule) -> Mask:
        """Whose largest contribution the sums of squares, which an interval tells, give away."""
        first, second = self.largest[:, 0], self.largest[:, 1]
        return np.asarray((self.n > 0) & rule.squares_tell(squares, first, second), dtype=bool)

    def may_join(self, members: Mask, rule: CellRule) -> bool:
        """Whether the sum over some of the cells may be published."""
        return not self.joined(np.where(members, 0, -1), 1).sensitive(rule)[0]


def sensitive(values: ArrayLike, rule: CellRule) -> bool:
    """Whether the sum (or mean, or share) of these customers' values may not be published.

    Examples
    --------
    >>> from workbench.stats import rule_of, sensitive
    >>> sensitive([1e6, 10, 10, 10, 10, 10], rule_of(5)), sensitive([10.0] * 6, rule_of(5))
    (True, False)
    """
    size = np.asarray(values, dtype=float)
    return bool(Sums.of(np.zeros(size.size, dtype=np.intp), size, 1).sensitive(rule)[0])


def interval_sensitive(codes: ArrayLike, values: ArrayLike, k: int, rule: CellRule) -> Mask:
    """Tell of which cells an interval may not be published beside the mean.

    The interval of a mean gives the sum of squares away (`CellRule.squares_tell`).
    """
    size = np.asarray(values, dtype=float)
    code, cells = np.asarray(codes), Sums.of(codes, size, k)
    squares = np.bincount(code[code >= 0], np.square(size[code >= 0]), k).astype(float)
    return cells.bounded_by(squares, rule)


@dataclass(frozen=True)
class Withheld:
    """Sums of a table that are not published.

    Attributes
    ----------
    primary : ndarray of bool
        For their own sake.
    secondary : ndarray of bool
        Because a primary one would follow from them and a published total.
    linked : ndarray of bool, optional
        Because of what other tables tell of the same customers; none when left out.
    """

    primary: Mask
    secondary: Mask
    linked: Mask | None = None

    @property
    def cells(self) -> Mask:
        """All of them."""
        own = self.primary | self.secondary
        return np.asarray(own if self.linked is None else own | self.linked)

    def beyond(self, linked: Mask) -> Withheld:
        """Withhold more, because of other tables."""
        return replace(self, linked=np.asarray(linked & ~self.primary & ~self.secondary))


def withhold(cells: Sums, rule: CellRule, lines: Sequence[Index] | None = None) -> Withheld:
    """Withhold the cells that are sensitive, and others until none follows from a total.

    Parameters
    ----------
    cells : Sums
    rule : CellRule
    lines : sequence of ndarray, optional
        For each published total the cells that it is of: the rows and columns of a table with
        margins. All of them, in one line, when left out.

    Returns
    -------
    Withheld
        Of each line what is withheld could be published as one sum, unless nothing is left of it;
        where lines cross, no program that solves for the cells comes nearer to one than the rule
        allows. Those with the smallest sums are taken first.
    """
    sums = [np.arange(cells.n.size)] if lines is None else [np.asarray(line) for line in lines]
    primary = cells.sensitive(rule)
    hidden = primary.copy()
    for _ in range(cells.n.size + 1):
        added = False
        for line in sums:
            inside = np.isin(np.arange(hidden.size), line)
            while (hidden & inside).any() and not cells.may_join(hidden & inside, rule):
                if not _add(cells, hidden, inside):
                    break
                added = True
        if added:
            continue
        if len(sums) == 1 or not _bounded(cells, rule, primary, hidden, sums):
            break
        # a line with one hidden cell tells it, and through it the others
        counts = [int(hidden[line].sum()) for line in sums]
        for fewest in (1, hidden.size):
            near = np.zeros(hidden.size, dtype=bool)
            for line, count in zip(sums, counts, strict=True):
                near[line] |= 0 < count <= fewest
            if added := _add(cells, hidden, near):
                break
        if not added:
            break
    return Withheld(primary, np.asarray(hidden & ~primary))


def withhold_together(measures: Sequence[Sums], rule: CellRule) -> Withheld:
    """Withhold the same cells of several measures, so that none of them follows from a total."""
    each = [withhold(cells, rule) for cells in measures]
    primary = np.any([w.primary for w in each], axis=0)
    hidden = np.any([w.cells for w in each], axis=0)
    every = np.ones(hidden.size, dtype=bool)
    while hidden.any() and any(not cells.may_join(hidden, rule) for cells in measures):
        if not _add(measures[0], hidden, every):
            break
    return Withheld(primary, hidden & ~primary)


def _add(cells: Sums, hidden: Mask, among: Mask) -> bool:
    open_cells = np.flatnonzero(among & ~hidden & (cells.total > 0))
    if not open_cells.size:
        return False
    # the smallest gives away least; an empty one would hide nothing
    hidden[open_cells[np.argmin(cells.total[open_cells])]] = True
    return True


def _bounded(
    cells: Sums, rule: CellRule, primary: Mask, hidden: Mask, lines: list[Index]
) -> list[int]:
    """Find the primary cells that solving for what is hidden would bound too closely."""
    from scipy.optimize import linprog

    at = np.flatnonzero(hidden)
    place = {int(cell): i for i, cell in enumerate(at)}
    rows = [[place[int(c)] for c in line if int(c) in place] for line in lines]
    rows = [row for row in rows if row]
    known = np.zeros((len(rows), at.size))
    for i, row in enumerate(rows):
        known[i, row] = 1.0
    scale = max(float(cells.total[at].max(initial=0.0)), 1e-300)
    sums = known @ cells.total[at] / scale
    found = []
    for cell in np.flatnonzero(primary):
        first, second = cells.largest[cell, :2]
        rest = cells.total[cell] - first - second
        margin = rule.p_percent / 100 * first
        need = margin if cells.n[cell] < rule.min_cell else margin - rest
        if first == 0:  # counted: it must not be told that they are few
            need = max(float(rule.min_cell - cells.n[cell]), 1.0)
        cost = np.zeros(at.size)
        cost[place[int(cell)]] = -1.0
        most = linprog(cost, A_eq=known, b_eq=sums, bounds=(0, None))
        if most.success and -most.fun * scale < cells.total[cell] + need - EXACT * scale:
            found.append(int(cell))
    return found


def pool_neighbours(cells: Sums, rule: CellRule) -> Index:
    """Put neighbours of an ordered table together until each group may be published.

    Returns
    -------
    ndarray, shape (cells,)
        Group of each cell, from 0 upwards in their order; one group if nothing else will do. Of
        two neighbours the one with fewer customers is taken; empty cells go with the one before.
    """
    groups = np.maximum(np.cumsum(cells.n > 0) - 1, 0)
    while (k := int(groups.max()) + 1) > 1:
        together = cells.joined(groups, k)
        small = np.flatnonzero(together.sensitive(rule))
        if not small.size:
            break
        here = int(small[0])
        beside = [i for i in (here - 1, here + 1) if 0 <= i < k]
        other = min(beside, key=lambda i: (together.n[i], -i))
        groups = groups - (groups >= max(here, other))
    return np.asarray(groups, dtype=np.intp)


def pool_smallest(cells: Sums | Sequence[Sums], rule: CellRule) -> Mask:
    """Find the cells to be put together as "others", so that none of them can be told.

    The sensitive ones and, while their sum tells too much, those with the fewest customers of the
    others. Where nothing is enough, all. Of several measures of the same cells each has to hold.
    """
    measures = [cells] if isinstance(cells, Sums) else list(cells)
    n = measures[0].n
    small = np.any([each.sensitive(rule) for each in measures], axis=0)
    for i in np.argsort(n, kind="stable"):
        if not small.any() or all(each.may_join(small, rule) for each in measures):
            break
        small[i] |= n[i] > 0
    return np.asarray(small)


#: Groups too small to be told of by themselves, together.
OTHER_GROUPS = "Other groups"


def pool_groups(
    names: Sequence[str], codes: Index, measures: Sequence[ArrayLike], rule: CellRule
) -> tuple[tuple[str, ...], Index]:
    """Put groups that may not be told of together, before anything of them is withheld.

    Parameters
    ----------
    names : sequence of str
    codes : ndarray, shape (n,)
        Group of each customer, from 0 in the order of the names; negative: none.
    measures : sequence of array_like, shape (n,)
        What is told of each group.
    rule : CellRule

    Returns
    -------
    tuple of str
        Names, those put together as one at the end; as they were where that would leave none.
    ndarray
        Group of each customer.
    """
    small = pool_smallest([Sums.of(codes, each, len(names)) for each in measures], rule)
    if small.all():
        return tuple(names), codes
    return put_together(names, codes, small)


def put_together(
    names: Sequence[str], codes: Index, small: Mask, rest: str = OTHER_GROUPS
) -> tuple[tuple[str, ...], Index]:
    """Make one group, the last, of those that are marked.

    Parameters
    ----------
    names : sequence of str
    codes : ndarray, shape (n,)
        Group of each customer, from 0 in the order of the names; negative: none.
    small : ndarray of bool, shape (groups,)
    rest : str
        Name of what is put together.

    Returns
    -------
    tuple of str
    ndarray
        Group of each customer.
    """
    if not small.any():
        return tuple(names), codes
    place = np.where(small, int((~small).sum()), np.cumsum(~small) - 1)
    kept = tuple(name for name, away in zip(names, small, strict=True) if not away)
    return (*kept, rest), np.where(codes < 0, -1, place[codes])


def prefix_points(falling: Array, rule: CellRule, cuts: Sequence[int] = ()) -> list[int]:
    """Count the most valuable above each point of a curve, so that no step gives anybody away.

    Parameters
    ----------
    falling : ndarray, shape (n,)
        The most valuable first.
    rule : CellRule
    cuts : sequence of int
        Points that are there in any case, since a page tells them: the ends of tiers.

    Returns
    -------
    list of int
        From 0 to n, a hundredth of the customers apart or further: counted as tiers are, so that
        tiers and curves of several pages fall on the same points.
    """
    n = falling.size
    fixed = sorted({0, n, *(int(c) for c in cuts if 0 < c < n)})
    grid = np.unique(np.ceil(np.arange(101) / 100 * n - 1e-9).astype(int))
    points = [0]
    for start, end in pairwise(fixed):
        last = len(points)
        for at in grid[(grid > start) & (grid < end)]:
            if not sensitive(falling[points[-1] : at], rule):
                points.append(int(at))
        while len(points) > last and sensitive(falling[points[-1] : end], rule):
            points.pop()
        points.append(end)
    return points


def quantiles(values: ArrayLike, at: Sequence[float], rule: CellRule) -> list[float]:
    """Quantiles that are nobody's own value: each the mean of those next to it.

    Parameters
    ----------
    values : array_like, shape (n,)
    at : sequence of float
        Between 0 and 1. The lowest and the highest lie in the middle of the outermost customers
        that are taken together.
    rule : CellRule
        As many customers as its smallest cell are taken together, evenly from either side; a
        quantile whose customers may not be published together is missing.
    """
    ordered = np.sort(np.asarray(values, dtype=float))
    n, least = ordered.size, rule.min_cell
    found = []
    for q in at:
        if not n:
            found.append(np.nan)
            continue
        position = q * (n - 1)
        low, high = int(np.floor(position + 1e-9)), int(np.ceil(position - 1e-9))
        wider = -(-max(least - (high - low + 1), 0) // 2)
        low, high = low - wider, high + wider
        move = max(-low, 0) - max(high - (n - 1), 0)
        near = ordered[max(low + move, 0) : high + move + 1]
        told = float(near.mean()) if not sensitive(near, rule) else np.nan
        found.append(told if least > 1 else float(np.quantile(ordered, q)))
    return found


def rounded_down(value: float, digits: int = 2) -> float:
    """Cut a number to its first digits, towards minus infinity: a limit that is nobody's own.

    Examples
    --------
    >>> from workbench.stats import rounded_down
    >>> rounded_down(1987.5), rounded_down(0.0), rounded_down(-1234.0)
    (1900.0, 0.0, -1300.0)
    """
    if value == 0 or not np.isfinite(value):
        return float(value)
    power = int(np.floor(np.log10(abs(value)))) - digits + 1
    step = float(f"1e{power}")
    told = float(f"{int(np.floor(value / step + 1e-9))}e{power}")
    return told if told <= value else float(f"{int(np.floor(value / step + 1e-9)) - 1}e{power}")


NOT_SHOWN = (
    "Not shown by themselves: {names} ({n} of {all} groups). With too few customers, or one who"
    " holds nearly all: {primary}. Because those would follow from the total: {secondary}."
)
LINKED = (
    "Not shown by themselves: {names} ({n} of {all} groups). With too few customers, or one who"
    " holds nearly all: {primary}. Because those would follow from the total: {secondary}. Because"
    " of what other tables tell of the same customers: {linked}."
)


def told_withheld(withheld: Withheld, names: Iterable[object], key: str) -> list[Finding]:
    """Say which groups of a table are not shown, how many of them and why; nothing of none."""
    hidden, named = withheld.cells, list(names)
    if not hidden.any():
        return []
    values = {
        "names": [name for name, gone in zip(named, hidden, strict=True) if gone],
        "n": int(hidden.sum()),
        "all": len(named),
        "primary": int(withheld.primary.sum()),
        "secondary": int(withheld.secondary.sum()),
    }
    if withheld.linked is not None and withheld.linked.any():
        return [Finding(key, LINKED, values | {"linked": int(withheld.linked.sum())})]
    return [Finding(key, NOT_SHOWN, values)]
