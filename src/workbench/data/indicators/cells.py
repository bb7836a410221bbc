"""What of an indicator may be told: values that would tell one customer's are withheld.

Each period and group is a cell of a table whose totals are known from elsewhere: what is withheld
of a line of cells must not follow from the line's total either.
"""
# ruff: noqa: PD003  (Ibis calls it isnull)

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from workbench.data import expressions as ibis

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.data.indicators.request import Request
    from workbench.study import CellRule

#: The column that says which values are withheld.
WITHHELD = "withheld"


def withhold_cells(
    request: Request,
    frame: pd.DataFrame,
    rows: Any,
    amounts: Sequence[Any] = (),
    *,
    spread: Any = None,
) -> pd.DataFrame:
    """Withhold the values that would tell one customer's, and their errors.

    Parameters
    ----------
    request : Request
    frame : DataFrame
        The keys of the request, `estimate` and `sd`; one row a cell.
    rows : ibis Table
        What the cells are made of, with the keys; `customer_id` says whose a row is, else each is
        somebody's of his own.
    amounts : sequence of ibis Column, optional
        What a row adds to what is told. Without any only the customers count.
    spread : ibis Column, optional
        What `sd` is the spread of: its squares bound the largest. None where `sd` bounds nobody's.

    Returns
    -------
    DataFrame
        With a column ``withheld``; there `estimate` (and `numerator`) is missing. Where only `sd`
        would tell too much, `sd` alone is.
    """
    if frame.empty:
        return frame.assign(**{WITHHELD: False})
    own = _Contributions(request, rows, amounts, spread)
    cells = frame.reset_index(drop=True)
    facts = own.facts(cells)
    hidden = _primary(facts, own.rule, len(amounts))
    if hidden.any():
        hidden = _with_others(cells, hidden, facts, own)
    loud = hidden.copy()
    if spread is not None:
        first, second = (np.sqrt(facts[f"most_{k}"].fillna(0.0).to_numpy(float)) for k in (0, 1))
        squares = facts["squares"].fillna(0.0).to_numpy(float)
        loud |= own.rule.squares_tell(squares, first, second)
    told = cells.assign(**{WITHHELD: hidden})
    for column, gone in (("estimate", hidden), ("sd", loud), ("numerator", hidden)):
        if column in told and gone.any():
            told[column] = told[column].astype("float64").mask(gone)
    return told


class _Contributions:
    """What each customer adds to each cell."""

    def __init__(self, request: Request, rows: Any, amounts: Sequence[Any], spread: Any) -> None:
        self.request, self.n_amounts = request, len(amounts)
        self.rule: CellRule = request.tables.study.privacy
        named = {f"amount{i}_": one.cast("float64") for i, one in enumerate(amounts)}
        if spread is not None:
            named["square_"] = spread.cast("float64") * spread.cast("float64")
        alone = ibis.literal("row ") + ibis.row_number().cast("string")
        if "customer_id" in rows.columns:
            who = ibis.coalesce(rows.customer_id.cast("string"), alone)
        else:
            who = alone
        rows = rows.mutate(who_=who, **named)
        sums = {f"own{i}_": rows[f"amount{i}_"].sum() for i in range(len(amounts))}
        if spread is not None:
            sums |= {"most_": rows.square_.max(), "squares_": rows.square_.sum()}
        keys = [*request.keys, "who_"]
        self.each = rows.group_by(keys).aggregate(**sums) if sums else rows.select(keys).distinct()

    def facts(self, cells: pd.DataFrame) -> pd.DataFrame:
        """Give of each cell its customers, its sums and the largest that they are made of."""
        keys, each = self.request.keys, self.each
        depth = 2 if self.rule.dominance is None else max(2, self.rule.dominance[0])
        wanted = {"people": each.count()}
        sizes = {f"own{i}_": each[f"own{i}_"].abs() for i in range(self.n_amounts)}
        if "most_" in each.columns:
            sizes["most_"] = each.most_
            wanted["squares"] = each.squares_.sum()
        if sizes:
            ranks = {
                f"rank_{name}": ibis.row_number().over(
                    group_by=keys, order_by=[ibis.desc(size), each.who_]
                )
                for name, size in sizes.items()
            }
            each = each.mutate(**{f"size_{name}": size for name, size in sizes.items()}, **ranks)
            wanted = {"people": each.count()}
            if "most_" in sizes:
                wanted["squares"] = each.squares_.sum()
            for name in sizes:
                size, rank = each[f"size_{name}"], each[f"rank_{name}"]
                wanted[f"total_{name}"] = size.sum()
                for k in range(depth if name != "most_" else 2):
                    wanted[f"{name}{k}"] = size.sum(where=rank == k)
        table = each.group_by(keys).aggregate(**wanted) if keys else each.aggregate(**wanted)
        found = self.request.run(table)
        if not keys:
            return found
        for key in keys:
            if pd.api.types.is_datetime64_any_dtype(cells[key]):
                found[key] = pd.to_datetime(found[key]).astype(cells[key].dtype)
        return cells[keys].merge(found, on=keys, how="left")

    @cached_property
    def _kept(self) -> dict[int, pd.DataFrame]:
        return {}

    def of(self, cells: pd.DataFrame, at: int) -> pd.DataFrame:
        """Give what each customer adds to one cell."""
        if at not in self._kept:
            each = self.each
            for key in self.request.keys:
                value = cells[key].iloc[at]
                if pd.isna(value):
                    each = each.filter(each[key].isnull())
                    continue
                if isinstance(value, pd.Timestamp):
                    value = value.date()
                each = each.filter(each[key] == value)
            self._kept[at] = self.request.run(each).set_index("who_")
        return self._kept[at]

    def may_join(self, cells: pd.DataFrame, hidden: NDArray[np.bool_]) -> bool:
        """Whether the sums over some of the cells may be told."""
        columns = [f"own{i}_" for i in range(self.n_amounts)]
        parts = [self.of(cells, int(at)).reindex(columns=columns) for at in np.flatnonzero(hidden)]
        together = pd.concat(parts).groupby(level=0).sum()
        people = len(together)
        if people < self.rule.min_cell:
            return False
        sizes = [np.sort(together[c].abs().to_numpy(float))[::-1] for c in columns]
        return not any(self.rule.dominated(s.sum(keepdims=True), s[None, :])[0] for s in sizes)


def _primary(facts: pd.DataFrame, rule: CellRule, amounts: int) -> NDArray[np.bool_]:
    people = facts["people"].fillna(0).to_numpy(float)
    hidden = (people > 0) & (people < rule.min_cell)
    for i in range(amounts):
        largest = facts.filter(regex=rf"^own{i}_\d").fillna(0.0).to_numpy(float)
        total = facts[f"total_own{i}_"].fillna(0.0).to_numpy(float)
        hidden |= rule.dominated(total, largest)
    return np.asarray(hidden)


def _with_others(
    cells: pd.DataFrame, hidden: NDArray[np.bool_], facts: pd.DataFrame, own: _Contributions
) -> NDArray[np.bool_]:
    """Withhold more until what is hidden of each line could be told as one sum."""
    hidden = hidden.copy()
    size = facts["total_own0_" if "total_own0_" in facts else "people"].fillna(0.0).to_numpy(float)
    keys, by = own.request.keys, list(own.request.by)
    lines = [np.arange(len(cells))]
    if by and "period" in keys:
        lines = [np.asarray(i) for i in cells.groupby(by, dropna=False).indices.values()]
        lines += [np.asarray(i) for i in cells.groupby("period", dropna=False).indices.values()]
    added = True
    while added:
        added = False
        for line in lines:
            inside = np.zeros(len(cells), dtype=bool)
            inside[line] = True
            while (hidden & inside).any() and not own.may_join(cells, hidden & inside):
                free = np.flatnonzero(inside & ~hidden & (size > 0))
                if not free.size:
                    break
                hidden[free[np.argmin(size[free])]] = added = True
    return hidden
