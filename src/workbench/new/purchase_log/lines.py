"""Proposes a second table of the lines of orders, where the first keeps of each its total alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from workbench.new.columns import evidence
from workbench.new.columns.evidence import best, ranked
from workbench.new.columns.profile import ColumnProfile
from workbench.new.columns.proposal import Proposal
from workbench.new.columns.taking import categorical, take
from workbench.new.purchase_log.deductions import amounts, quoted

#: How far what the lines of an order come to may lie from its total: freight, taxes, discounts.
_APART = 0.35
#: Share of the further lines of orders on which a column must be blank to stand on the first only.
_BLANK = 0.9
#: Keys of the card that say how a file is read, and not what of it.
_READING = ("encoding", "delimiter", "header", "footer", "sheet", "decimal", "thousands",
            "date_format", "missing", "fill_down", "group_rows", "amount_unit")  # fmt: skip


def with_lines(proposals: Sequence[Proposal]) -> list[Proposal]:
    """Add to each log that keeps one total an order the table of its lines."""
    found = []
    for proposal in proposals:
        found.append(proposal)
        lines = _lines_of(proposal) if proposal.table == "transactions" else None
        if lines is not None:
            found.append(lines)
    return found


def _lines_of(whole: Proposal) -> Proposal | None:
    """Propose the lines of the orders of a log: what each is of, pieces, and its own amount."""
    per_order = whole.keys.get("amount_per") == "order"
    rows = _line_rows(whole)
    if not (per_order or whole.line_rows) or rows is None or "order_id" not in whole.columns:
        return None
    lines = Proposal.of(whole.upload)
    kept = ("customer_id", "date", "order_id", "channel")
    lines.columns = {s: whole.columns[s] for s in kept if s in whole.columns}
    taken = [*lines.columns.values()]
    on_lines = [
        p for p in lines.columns_of_file if p.texts.index.isin(rows).sum() > 0.5 * len(rows)
    ]
    take(lines, "product", best(on_lines, evidence.product, taken, 4.0))
    take(lines, "category", categorical(on_lines, "category", [*lines.columns.values()]))
    if whole.line_rows is not None and "product" not in lines.columns:
        _as_items(lines, on_lines, rows)
    if not {"product", "category"} & set(lines.columns):
        return None
    if per_order:
        whole.columns.pop("price", None)  # it is that of a line
    take(lines, "quantity", best(on_lines, evidence.quantity, [*lines.columns.values()], 5))
    lines.table, lines.standard, lines.system = f"{whole.table}_lines", whole.standard, whole.system
    lines.keys = {k: v for k, v in whole.keys.items() if k in _READING}
    where = dict(whole.keys.get("where", {}))
    if whole.line_rows is not None:
        column, condition = whole.line_rows
        where[column] = condition
    item = lines.column("product") or lines.column("category")
    if item is not None and item.filled < 1 and item.name not in where:
        where[item.name] = {"not": [""]}  # what is of no item is no line
    if item is not None:
        rows = rows.intersection(item.texts.index)
    if where:
        lines.keys["where"] = where
    for key in ("refunds", "refund_rows"):
        if key in whole.keys and key not in lines.keys:
            lines.keys[key] = whole.keys[key]
    _amount(whole, lines, on_lines, rows)
    _on_first_line(lines, per_order)
    lines.keys["part_of"] = whole.table
    for standard in ("product", "category", "quantity"):
        if standard in lines.columns and (per_order or standard != "quantity"):
            whole.columns.pop(standard, None)  # it would be that of one of the lines
    lines.notes.append(f"the lines of the orders of {whole.table!r}, for the page on products")
    return lines


def _as_items(lines: Proposal, filled: Sequence[ColumnProfile], rows: pd.Index[int]) -> None:
    """Take for the items the words that stand on lines alone, whatever they are headed by."""
    for p in filled:
        others = len(p.texts.index.difference(rows))
        words = p.number < 0.5 and not p.when and not p.free_text and not p.boolean
        if words and p.distinct > 1 and p.repeats > 1.2 and others < 0.02 * len(rows):
            lines.columns.setdefault("product", p.name)


def _line_rows(whole: Proposal) -> pd.Index[int] | None:
    """Give the rows that are lines, of orders that the log keeps."""
    frame = whole.upload.frame
    if whole.line_rows is None:
        return frame.index if whole.keys.get("amount_per") == "order" else None
    column, condition = whole.line_rows
    now = whole.keys.get("where", {}).get(column)
    if now == condition or now is None:
        return None  # the lines themselves are the purchases, or both kinds of rows are
    cells = whole.own[column].texts.reindex(frame.index).fillna("")
    return frame.index[~cells.isin(condition["not"])]


def _amount(
    whole: Proposal, lines: Proposal, filled: Sequence[ColumnProfile], rows: pd.Index[int]
) -> None:
    """Choose as the amount of a line what comes nearest to the totals of the orders."""
    if (whole.keys.get("amount") or whole.columns.get("amount")) in whole.reckoned:
        lines.keys["amount"] = "none"
        lines.notes.append("its prices are in several currencies: numbers of orders alone")
        return
    totals = _totals(whole)
    order = lines.column("order_id")
    assert order is not None
    ways: dict[str, tuple[dict[str, Any], pd.Series[float]]] = {}
    pieces = lines.column("quantity")
    own = whole.columns.get("amount") if whole.line_rows else None
    money = [f.profile for f in ranked(filled, evidence.money) if f.score >= 2.0]
    money += [p for p in filled if p.name == own or (p.numeric and p.heading.has("price"))]
    for p in {p.name: p for p in money}.values():
        if p.name in (*whole.columns.values(), *lines.columns.values()) and p.name != own:
            continue
        if p.texts.index.isin(rows).sum() < _BLANK * len(rows):
            continue  # it stands on the first line of an order alone: a part of its total
        ways[p.name] = ({"columns.amount": p.name}, p.numbers)
        if pieces is not None and not p.heading.has("total"):
            formula = f"{quoted(pieces.name)} * {quoted(p.name)}"
            ways[formula] = ({"amount": formula}, pieces.numbers * p.numbers)
    best_way, nearest = None, _APART
    for name, (_, values) in ways.items():
        cells = values.reindex(rows).dropna()
        summed = cells.groupby(order.texts.reindex(cells.index)).sum()
        both = pd.DataFrame({"lines": summed, "total": totals}).dropna()
        both = both[both.total > 0]
        apart = float((both.lines / both.total - 1).abs().median()) if len(both) else 9.0
        if apart < nearest - 1e-9:
            best_way, nearest = name, apart
    if best_way is None:
        lines.keys["amount"] = "none"
        lines.notes.append("no column is the price of a line: numbers of orders alone")
        return
    lines.set(ways[best_way][0])
    lines.notes.append(
        f"a guess: {best_way} is what a line came to; by order it lies {nearest:.0%} from the total"
    )


def _totals(whole: Proposal) -> pd.Series[float]:
    order = whole.column("order_id")
    money = amounts(whole)
    assert order is not None
    if whole.keys.get("amount_per") == "order":
        first = whole.keys.get("amount")
        p = whole.column("amount") if not first else None
        money = p.numbers if p is not None else money
        return money.groupby(order.texts.reindex(money.index)).max()
    money = money[money.index.isin(whole.rows_kept())]
    return money.groupby(order.texts.reindex(money.index)).sum()


def _on_first_line(lines: Proposal, per_order: bool) -> None:
    """Have what stands on the first line of an order alone, such as its state, on the others."""
    order = lines.column("order_id")
    if order is None or not per_order:
        return
    frame = lines.upload.frame
    further = order.texts.reindex(frame.index).duplicated()
    used = dict.fromkeys([*lines.columns.values(), *lines.keys.get("where", {})])
    blank = [
        name for name in used
        if name in lines.own and name != order.name and further.any()
        and (~frame.index[further].isin(lines.own[name].texts.index)).mean() > _BLANK
        and lines.own[name].filled
    ]  # fmt: skip
    own = {lines.columns.get(s) for s in ("product", "category", "quantity", "amount")}
    blank = [name for name in blank if name not in own]
    if blank:
        there = list(lines.keys.get("fill_down", ()))
        lines.keys["fill_down"] = [*there, *(n for n in blank if n not in there)]
