"""Finds rows that are the totals of orders, beside the rows of their lines in one table.

Both count the same money: one of the two is kept. What the rows come to tells them apart, and
their words only where freight or a discount parts the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.new.columns.profile import ColumnProfile
from workbench.new.columns.proposal import OpenQuestion, Option, Proposal
from workbench.new.columns.states import groups_of, state_of
from workbench.new.columns.words import read_heading, squash
from workbench.new.purchase_log.deductions import amounts

#: Orders of several rows that are needed, and the share of them that must agree.
_FEWEST, _AGREE = 4, 0.9
#: Values of a column that tells kinds of rows, and of one that are looked at.
_KINDS, _LOOKED = 12, 4
_TOTALS = {"total", "totals", "subtotal", "header", "head", "kopf", "order", "sale", "summe",
           "sum", "gesamt", "合计", "总计", "小计", "合計", "汇总",
           "主单", "订单", "表头", "整单"}  # fmt: skip


@dataclass(frozen=True)
class _Split:
    """Rows of totals, those of their lines, and those that say the same again (payments)."""

    column: ColumnProfile
    value: str
    totals: np.ndarray
    lines: np.ndarray
    again: tuple[str, ...]
    rank: tuple[bool, ...]


def totals_beside_lines(proposal: Proposal, filled: Sequence[ColumnProfile]) -> None:
    """Keep the totals of orders or their lines, where a table has rows of both."""
    if proposal.keys.get("amount") == "none" or "amount_per" in proposal.keys:
        return
    found = _orders(proposal, amounts(proposal))
    if found is None:
        return
    money, orders = found
    taken = [proposal.columns.get(s) for s in ("customer_id", "order_id", "date", "amount")]
    looked = [p for p in filled if p.name not in taken and not p.when]
    splits = [split for p in looked for split in _splits(p, money, orders)]
    if not splits:
        return
    best = max(splits, key=lambda s: s.rank)
    _keep_one(proposal, best, money)


def _orders(
    proposal: Proposal, money: pd.Series[float]
) -> tuple[pd.Series[float], np.ndarray] | None:
    """Give the money of rows and the number of its order; by who and when where there is none."""
    frame = proposal.upload.frame
    names = [proposal.columns.get(s) for s in ("order_id", "customer_id", "date")]
    by = [name for name in (names[:1] if names[0] else names[1:]) if name is not None]
    if not by or (not names[0] and len(by) < 2) or money.empty:
        return None
    told = frame.loc[money.index, by]
    told = told[told.notna().all(axis=1)]
    if len(told) < _AGREE * len(money):
        return None
    codes, found = pd.factorize(told.astype(str).agg("\x1f".join, axis=1))
    several = np.bincount(codes) > 1
    enough = several.sum() >= max(_FEWEST, 0.5 * len(found))
    return (money.reindex(told.index), codes) if enough else None


def _splits(p: ColumnProfile, money: pd.Series[float], orders: np.ndarray) -> Iterator[_Split]:
    count = int(orders.max()) + 1
    cells = p.texts.reindex(money.index).fillna("").to_numpy(dtype=str)
    values, at = np.unique(cells, return_inverse=True)
    sizes = np.bincount(at)
    near = [i for i in np.argsort(-sizes) if 0.6 * count <= sizes[i] <= 1.05 * count][:_LOOKED]
    if not near or len(values) < 2:
        return
    typed = len(values) <= _KINDS and not p.numeric
    cash = money.to_numpy()
    undone = [i for i, v in enumerate(values) if v and state_of(v) in ("refund", "not_bought")]
    once = {i: _by_order(at == i, orders, cash, count) for i in near}
    for i in near:
        if i in undone or (p.numeric and values[i]):
            continue
        have, total = once[i]
        if (have > 1).mean() > 1 - _AGREE:
            continue
        again = [j for j in near if j != i and typed and _same(*once[i], *once[j])]
        rest = ~np.isin(at, [i, *again, *undone])
        many, lines = _by_order(rest, orders, cash, count)
        several = (have > 0) & (many > 0)
        if not rest.any() or several.sum() < _FEWEST or several.sum() < 0.6 * count:
            continue
        exact = _close(total[several], lines[several])
        of_many = several & (many > 1)
        # of two rows that are alike either may be the other's line
        sure = of_many.sum() >= _FEWEST and _close(total[of_many], lines[of_many])
        parts = [str(v) for j, v in enumerate(values) if rest[at == j].any()]
        told = _told(p, str(values[i]), parts)
        if (exact and (sure or told)) or (told and _alike(total[several], lines[several])):
            value = str(values[i])
            rank = (
                typed and bool(value), "settles" not in groups_of(value), told, exact,
                p.heading.has("product"),
            )  # fmt: skip
            yield _Split(p, value, at == i, rest, tuple(map(str, values[again])), rank)


def _by_order(
    rows: np.ndarray, orders: np.ndarray, cash: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Count such rows of each order, and add up what they come to."""
    return (
        np.bincount(orders[rows], minlength=count),
        np.bincount(orders[rows], weights=cash[rows], minlength=count),
    )


def _same(have: np.ndarray, total: np.ndarray, other: np.ndarray, sum_: np.ndarray) -> bool:
    both = (have == 1) & (other == 1)
    return bool(both.sum() >= 0.6 * (have > 0).sum()) and _close(total[both], sum_[both])


def _close(total: np.ndarray, lines: np.ndarray) -> bool:
    near = np.abs(total - lines) <= 0.02 + 0.005 * np.abs(total)
    return bool(len(near)) and float((near & (total != 0)).mean()) >= _AGREE


def _alike(total: np.ndarray, lines: np.ndarray) -> bool:
    """Tell totals from which freight or a discount parts the lines."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = total / lines
    near = float(((ratio > 0.5) & (ratio < 2)).mean())
    return near >= _AGREE and float(np.corrcoef(total, lines)[0, 1]) > 0.8


def _told(p: ColumnProfile, total: str, lines: Sequence[str]) -> bool:
    """Tell whether the words say which rows are totals: an item that is blank, "Sale Line"."""
    if not total:
        return p.heading.has("product", "unit", "quantity", "price")
    by_lines = [read_heading(v).has("row", "product", "unit") and v != total for v in lines if v]
    return (bool(by_lines) and all(by_lines)) or squash(total) in _TOTALS


# --- what becomes of them ---------------------------------------------------------------------


def _keep_one(proposal: Proposal, split: _Split, money: pd.Series[float]) -> None:
    p = split.column
    said = repr(split.value) if split.value else "an empty cell"
    values = dict.fromkeys(p.texts.reindex(money.index[split.lines]).fillna(""))
    # kinds that are new next month may be purchases; items that are new are lines
    kinds = split.value and len(values) <= _KINDS and not p.heading.has("product", "unit")
    lines = list(values) if kinds else None
    there = proposal.keys.get("where", {}).get(p.name)
    barred = there["not"] if isinstance(there, dict) else []

    def without(values: Sequence[str]) -> dict[str, list[str]]:
        return {"not": list(dict.fromkeys([*barred, *values]))}

    drop_totals = without([split.value, *split.again])
    drop_lines = without([*lines, *split.again]) if lines is not None else [split.value]
    where = f"where.{p.name}"
    sums = [f"{int(rows.sum()):,} rows, sum {money[rows].sum():,.2f}"
            for rows in (split.totals, split.lines)]  # fmt: skip
    keep_totals = Option(f"the totals ({sums[0]})", {where: drop_lines})
    keep_lines = Option(f"the lines ({sums[1]})", {where: drop_totals})
    both = Option("both: they are different purchases", {where: there})
    named = _named(proposal, money.index[split.totals])
    options = [keep_totals, keep_lines, both] if named else [keep_lines, keep_totals, both]
    asks = (
        f"Rows with {said} in {p.name!r} seem to be the totals of orders, and other rows their"
        " lines: together they count the money twice. Which are the purchases?"
    )
    proposal.questions = [q for q in proposal.questions if not _about(q, p.name)]
    proposal.questions.append(OpenQuestion("where", asks, options))
    proposal.set(options[0].sets)
    if named:
        proposal.line_rows = (p.name, drop_totals)
    if split.again:
        listed = ", ".join(map(repr, split.again))
        proposal.notes.append(f"a guess: rows with {listed} in {p.name!r} say the totals again")


def _named(proposal: Proposal, rows: pd.Index[int]) -> bool:
    """Tell whether the rows of totals say whose and of when they are."""
    for standard in ("customer_id", "date"):
        p = proposal.column(standard)
        if p is None or p.texts.reindex(rows).notna().mean() < 0.98:
            return False
    return True


def _about(question: OpenQuestion, column: str) -> bool:
    changed = {f"where.{r.column}" for o in question.options for r in o.rows}
    changed |= {key for o in question.options for key in o.sets}
    return question.key == "where" and f"where.{column}" in changed
