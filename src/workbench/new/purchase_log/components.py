"""Tells what of an order's money is the customer's purchase: neither the seller's fees nor taxes.

Settlements of market places have a row for each part of an order's money, or a column for each and
their sum, which is what the seller is paid out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from workbench.new.columns.evidence import says_money
from workbench.new.columns.profile import ColumnProfile
from workbench.new.columns.proposal import OpenQuestion, Option, Proposal, RowKind
from workbench.new.columns.words import read_heading
from workbench.new.purchase_log.deductions import PAID, PAYABLE, amounts, quoted

#: What sellers pay, in words that are no heading's.
_COSTS = re.compile(
    r"(?i)commission|\bfees?\b|fulfil?lment|advertis|storage|subscription|reserve|charge-?back|withh"
    r"|gebuhr|gebühr|provision|werbung|lagerung|cargos?\b|comisi|frais|commissie|cost[oe]s?\b"
    r"|chargeback|holdback|服务费|佣金|手续费|扣点|推广费|仓储费|手数料"
)
_GOODS = re.compile(
    r"(?i)principal|\bitem ?price\b|\bgoods\b|product sales|merchandise|warenwert|artikelpreis"
    r"|\bproduct|货款|商品|销售额|売上"
)
_TAX = re.compile(r"(?i)\btax|tax\b|withheldtax|steuer|\bmwst|\biva\b|\btva\b|税")
_BACK = re.compile(r"(?i)refund|reembols|rembours|erstatt|anulaci|cancel|devoluci|退款|返金")
#: Most parts of an order's money.
_MOST = 60
#: Share of the orders, or of the rows, that must agree.
_AGREE, _NEARLY_ALL = 0.6, 0.98
_FEWEST = 8
#: Columns of numbers among which the parts of a total are looked for.
_COLUMNS = 40


def part_of_money(text: str) -> str:
    """Tell which part of an order's money a heading or a word names; "" where it is unknown.

    Examples
    --------
    >>> [part_of_money(t) for t in ("Principal", "ShippingTax", "FBA fees", "Versand", "Rabatt")]
    ['goods', 'tax', 'fee', 'freight', 'discount']
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    concepts = read_heading(text).concepts
    if "tax" in concepts or _TAX.search(spaced):
        return "tax"
    if "fee" in concepts or _COSTS.search(spaced):
        return "fee"
    for part in ("refund", "freight", "discount"):
        if part in concepts:
            return part
    if _BACK.search(spaced):
        return "refund"
    return "goods" if _GOODS.search(spaced) else ""


# --- a row for each part ----------------------------------------------------------------------


def parts_in_rows(proposal: Proposal, filled: Sequence[ColumnProfile]) -> None:
    """Leave out rows that are the seller's fees, or taxes, of orders that other rows are of."""
    money = amounts(proposal)
    order = _orders(proposal)
    if order is None or money.empty or "amount_per" in proposal.keys:
        return
    taken = [*proposal.columns.values()]
    taxed: list[tuple[ColumnProfile, str]] = []
    for p in filled:
        if p.name in taken or p.when or p.boolean or p.numeric or not 2 <= p.distinct <= _MOST:
            continue
        parts = _parts_of(p, money, order)
        fees = [v for v, part in parts.items() if part == "fee"]
        taxes = [v for v, part in parts.items() if part == "tax"]
        proposal.set_rows([RowKind(p.name, v, "left_out") for v in (*fees, *taxes)])
        for values, meant in ((fees, "what the seller pays"), (taxes, "taxes")):
            if values:
                proposal.notes.append(_said(p, money, values, meant))
        taxed += [(p, v) for v in taxes if _sum(p, money, [v]) > 0]
    if taxed:
        _ask_for_taxes(proposal, taxed, money)


def _orders(proposal: Proposal) -> pd.Series[str] | None:
    """Give the order of each row, or who bought when; None where neither is known."""
    order = proposal.column("order_id")
    if order is not None:
        return order.somebody
    who, when = proposal.column("customer_id"), proposal.column("date")
    if who is None or when is None:
        return None
    return (who.somebody + "\x1f" + when.texts.reindex(who.somebody.index)).dropna()


def _parts_of(
    p: ColumnProfile, money: pd.Series[float], order: pd.Series[str]
) -> Mapping[str, str]:
    """Tell which values of a column are fees and taxes beside other parts of the same orders."""
    said = {str(v): part_of_money(str(v)) for v in p.counts.index}
    found: dict[str, str] = {}
    lines = pd.DataFrame({"order": order, "value": p.texts, "money": money}).dropna()
    sales = lines[lines.value.map(said).isin(["goods", ""]) & (lines.money > 0)]
    if sales.empty:
        return {}
    known, whole = set(sales.order), sales.groupby("order").money.sum()
    for value, part in said.items():
        own = lines[lines.value == value]
        if part not in ("fee", "tax") or own.empty:
            continue
        beside = float(own.order.isin(known).mean())
        cost = float((own.money < 0).mean()) > 0.5 and _sum(p, money, [value]) < 0
        sold = whole.reindex(own.order).to_numpy()
        if ((own.money.abs() - sold).abs() < 0.005).mean() > 0.5:
            continue  # a chargeback of all that was paid gives it back
        # a fee that is not taken off is what the customer pays
        if beside >= _AGREE and (cost or part == "tax") and own.order.nunique() >= 3:
            found[value] = part
    if not found:
        return {}
    # of the same column: a fee of the account, a fee that was given back
    return {v: part for v, part in said.items() if part in ("fee", "tax") and (
        v in found or _sum(p, money, [v]) < 0 or part in found.values())}  # fmt: skip


def _sum(p: ColumnProfile, money: pd.Series[float], values: Sequence[str]) -> float:
    return float(money.reindex(p.texts.index[p.texts.isin(list(values))]).dropna().sum())


def _said(p: ColumnProfile, money: pd.Series[float], values: Sequence[str], meant: str) -> str:
    listed = ", ".join(map(repr, values[:6])) + (", ..." if len(values) > 6 else "")
    rows = int(p.texts.isin(list(values)).sum())
    return (
        f"a guess from the words: rows with {listed} in {p.name!r} are {meant}, and no purchases"
        f" ({rows:,} {'row' if rows == 1 else 'rows'}, sum {_sum(p, money, values):,.2f})"
    )


def _ask_for_taxes(
    proposal: Proposal, taxed: Sequence[tuple[ColumnProfile, str]], money: pd.Series[float]
) -> None:
    listed = ", ".join(dict.fromkeys(repr(v) for _, v in taxed))
    worth = sum(_sum(p, money, [v]) for p, v in taxed)
    proposal.questions.append(
        OpenQuestion(
            "where",
            f"Are taxes that customers paid ({listed}, sum {worth:,.2f}) part of purchases?",
            [
                Option("no", rows=[RowKind(p.name, v, "left_out") for p, v in taxed]),
                Option("yes", rows=[RowKind(p.name, v, "bought") for p, v in taxed]),
            ],
        )
    )


# --- a column for each part -------------------------------------------------------------------


def before_fees(proposal: Proposal, filled: Sequence[ColumnProfile]) -> None:
    """Read what customers paid in place of what sellers were paid out, where columns tell both."""
    total = proposal.column("amount")
    if total is None or proposal.keys.get("amount") or PAYABLE.search(total.name):
        return
    others = [p for p in filled if p.name not in proposal.columns.values()]
    parts = _summands(total, others)
    if parts is None:
        return
    paid = next((p for p, _ in parts if PAID.search(p.name) and not part_of_money(p.name)), None)
    if paid is not None and not PAID.search(total.name):
        options = [
            Option(f"{p.name!r} (sum {p.numbers.sum():,.2f})",
                   {"columns.amount": p.name, "amount": None})
            for p in (paid, total)
        ]  # fmt: skip
        asks = "Which column is the amount of a purchase?"
        proposal.ask_instead("columns.amount", OpenQuestion("columns.amount", asks, options))
        return
    sold, taxes, costs = [], [], []
    for p, sign in parts:
        value = p.numbers * sign
        part = part_of_money(p.name)
        below = float((value[value != 0] < 0).mean()) > 0.5
        if part == "tax":
            taxes.append((p, sign))
        elif below and part not in ("discount", "refund"):
            costs.append((p, sign))
        else:
            sold.append((p, sign))
    if not costs or not sold or all(_customers_own(p) for p, _ in costs):
        return
    sold.sort(key=lambda one: -float(one[0].numbers.abs().sum()))
    formula = _written(sold)
    options = [Option(_worth(formula, sold), {"amount": formula, "columns.amount": None})]
    if any(float((p.numbers * sign).sum()) > 0.005 for p, sign in taxes):
        whole = [*sold, *((p, s) for p, s in taxes if float((p.numbers * s).sum()) > 0)]
        taxed = _written(whole)
        options.append(Option(_worth(taxed, whole), {"amount": taxed, "columns.amount": None}))
    options.append(
        Option(f"{total.name!r}, after fees (sum {total.numbers.sum():,.2f})",
               {"amount": None, "columns.amount": total.name})
    )  # fmt: skip
    off = [p for p, sign in (*costs, *taxes) if float((p.numbers * sign).sum()) < 0]
    named = ", ".join(repr(p.name) for p in off[:4])
    asks = (
        f"{total.name!r} is what is left after the seller's costs ({named});"
        " what is the amount of a purchase?"
    )
    proposal.ask_instead("columns.amount", OpenQuestion("amount", asks, options))


def _customers_own(p: ColumnProfile) -> bool:
    """Tell freight that the customer pays: without it a total is that of the goods."""
    return part_of_money(p.name) == "freight" and not _COSTS.search(p.name)


def _written(parts: Sequence[tuple[ColumnProfile, int]]) -> str:
    (first, _), *others = parts
    rest = "".join(f" {'+' if sign > 0 else '-'} {quoted(p.name)}" for p, sign in others)
    return quoted(first.name) + rest


def _worth(formula: str, parts: Sequence[tuple[ColumnProfile, int]]) -> str:
    return f"{formula} (sum {sum(float((p.numbers * s).sum()) for p, s in parts):,.2f})"


def _summands(
    total: ColumnProfile, filled: Sequence[ColumnProfile]
) -> list[tuple[ColumnProfile, int]] | None:
    """Find the columns whose sum a column is, at least three of them; None where it is none."""
    barred = ("id", "number", "quantity", "date", "rate", "count", "year", "row", "phone",
              "address", "place", "age", "probability")  # fmt: skip
    columns = [
        p for p in filled
        if p.numeric and p is not total and not p.boolean and not p.heading.has(*barred)
        and not p.heading.measure and p.numbers.abs().sum() > 0
    ][:_COLUMNS]  # fmt: skip
    if len(columns) < 3:
        return None
    table = pd.DataFrame({i: p.numbers for i, p in enumerate(columns)}, index=range(total.rows))
    known = table.assign(total=total.numbers).dropna(subset="total").fillna(0.0)
    known = known[known.total != 0]
    if len(known) < _FEWEST:
        return None
    parts, sums = known.drop(columns="total").to_numpy(), known.total.to_numpy()
    cash = [p.fractions > 0 or says_money(p) or part_of_money(p.name) != "" for p in columns]
    ways = [np.ones(len(columns)), np.array(cash, dtype=float)]
    if len(known) > len(columns):
        ways.append(np.asarray(np.round(np.linalg.lstsq(parts, sums, rcond=None)[0])))
    for signs in ways:
        if np.abs(signs).max() > 1 or np.count_nonzero(signs) < 3:
            continue
        near = np.abs(parts @ signs - sums) < 0.011 * np.maximum(1, np.count_nonzero(signs) / 2)
        if near.mean() >= _NEARLY_ALL:
            return [(p, int(s)) for p, s in zip(columns, signs, strict=True) if s]
    return None
