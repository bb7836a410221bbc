"""Finds the side of a ledger that holds purchases: debit or credit, money in or money out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

from workbench.new.columns.profile import ColumnProfile
from workbench.new.columns.proposal import OpenQuestion, Option, Proposal
from workbench.new.columns.states import groups_of
from workbench.new.columns.words import squash
from workbench.new.purchase_log.deductions import quoted

#: What the two sides are called, and whether the second one is money that came in for certain.
_SIDES = (
    ({"debit", "debits", "dr", "debe", "dare", "soll", "debet", "debito", "debiteur", "deb",
      "sollbetrag", "借方", "借"},
     {"credit", "credits", "cr", "haben", "haber", "avere", "kredit", "credito", "cred",
      "habenbetrag", "贷方", "贷", "貸方"}, False),
    ({"moneyout", "paidout", "out", "withdrawal", "withdrawals", "outflow", "spent", "given",
      "expense", "ausgabe", "ausgaben", "ausgang", "sortie", "sorties", "depenses", "salida",
      "salidas",
      "uscite", "支出", "付款", "出金", "お支払金額"},
     {"moneyin", "paidin", "in", "deposit", "deposits", "inflow", "received", "income",
      "einnahme", "einnahmen", "eingang", "entree", "entrees", "recettes", "entrada", "entradas",
      "entrate", "收入", "收款", "入金", "お預り金額"}, True),
)  # fmt: skip
_BESIDE = re.compile(
    r"(?i)\b(gross|net|brutto|netto|amounts?|values?|betrag|montant|importe|importo|valor|bedrag|total|sum)\b|amt\b"
    r"|发生额|金额|金額|额"
)
_BACK = {"refund", "not_bought"}
#: Share of the rows that hold one side alone, and of those that words must explain.
_ONE, _EXPLAINED = 0.95, 0.98


def ledger_sides(
    filled: Sequence[ColumnProfile],
) -> tuple[ColumnProfile, ColumnProfile, bool] | None:
    """Find the columns of debits and of credits: each row has one of them.

    Returns
    -------
    tuple of ColumnProfile, ColumnProfile, bool, or None
        The sides, and whether the second one is told to be money that came in.
    """
    numeric = [p for p in filled if p.numeric and not p.boolean and not p.heading.has("id")]
    for debits, credits_, told in _SIDES:
        one = next((p for p in numeric if _called(p) in debits), None)
        other = next((p for p in numeric if _called(p) in credits_ and p is not one), None)
        if one is None or other is None:
            continue
        has = pd.DataFrame({"one": _money(one), "other": _money(other)})
        either = has[(has != 0).any(axis=1)]
        if (
            len(either)
            and ((either != 0).sum(axis=1) == 1).mean() >= _ONE
            and (has != 0).any().all()
        ):
            return one, other, told
    return None


def _called(p: ColumnProfile) -> str:
    return squash(_BESIDE.sub("", p.heading.text))


def _money(p: ColumnProfile) -> pd.Series[float]:
    return p.numbers.reindex(range(p.rows)).fillna(0.0)


def by_side(
    proposal: Proposal, filled: Sequence[ColumnProfile], debit: ColumnProfile,
    credit: ColumnProfile, told: bool,
) -> None:  # fmt: skip
    """Take the side of a ledger that seems to hold purchases, and ask whether it does."""
    sides, why = (debit, credit), ""
    if told:
        sides, why = (credit, debit), f"{credit.name!r} is what came in"
    else:
        for found in (_by_words(filled, debit, credit), _by_balance(filled, debit, credit)):
            if found is not None:
                sides, why = found
                break
    ours, others = sides
    options = [_side(proposal, ours, others), _side(proposal, others, ours)]
    if _refunds_among(filled, others):
        net = f"0 + {quoted(ours.name)} - {quoted(others.name)}"
        label = f"both: {ours.name!r} less {others.name!r}, without what was paid"
        options = [Option(label, {"amount": net, "columns.amount": None}), *options]
    asks = (
        f"This is a ledger with {debit.name!r} and {credit.name!r}: which side are purchases"
        f"{f' ({why})' if why else ''}? What was paid for them stands on the other one"
    )
    proposal.questions.append(OpenQuestion("amount", asks, options))
    proposal.set(options[0].sets)


def without_the_other_side(proposal: Proposal, filled: Sequence[ColumnProfile]) -> None:
    """Take back what leaves out rows of the other side alone: another answer may want them."""
    sides, ours = ledger_sides(filled), proposal.column("amount")
    if sides is None or ours is None or ours.name not in (sides[0].name, sides[1].name):
        return
    there = ours.numbers.index[ours.numbers != 0]
    where = dict(proposal.keys.get("where", {}))
    for column, condition in where.items():
        proposal.keys["where"] = {column: condition}
        if column != ours.name and not len(there.difference(proposal.rows_kept())):
            where = {k: v for k, v in where.items() if k != column}
    proposal.keys["where"] = where
    kept = proposal.rows_kept()
    for column, values in dict(proposal.keys.get("refund_rows", {})).items():
        read = set(proposal.own[column].texts.reindex(kept).dropna())
        left = [v for v in values if v in read]  # rows of the other side are not
        proposal.set({f"refund_rows.{column}": left or None})


def _side(proposal: Proposal, p: ColumnProfile, other: ColumnProfile) -> Option:
    """Keep the rows that have something on one side: the others are no purchases."""
    zeros = list(dict.fromkeys(p.texts[p.numbers == 0]))
    rows = p.numbers[p.numbers != 0]
    sets: dict[str, Any] = {
        "columns.amount": p.name, "amount": None, f"where.{other.name}": None,
        f"where.{p.name}": {"not": ["", *zeros]},
    }  # fmt: skip
    return Option(f"{p.name!r} ({len(rows):,} rows, sum {rows.sum():,.2f})", sets)


def _kinds(filled: Sequence[ColumnProfile]) -> list[ColumnProfile]:
    return [p for p in filled if not p.numeric and not p.when and 1 < p.distinct <= 40]


def _by_words(
    filled: Sequence[ColumnProfile], debit: ColumnProfile, credit: ColumnProfile
) -> tuple[tuple[ColumnProfile, ColumnProfile], str] | None:
    """Tell the side of bills from that of payments by the words of a type or a text."""
    on_debit = _money(debit) != 0
    for p in _kinds(filled):
        said = p.texts.map(_says)
        bills = said[said == "bill"].index
        paid = said[said == "paid"].index
        if len(bills) < 3:
            continue
        share = float(on_debit.reindex(bills).mean())
        opposite = float(on_debit.reindex(paid).mean()) if len(paid) else 1 - share
        if share > 0.9 and opposite < 0.1:
            return (debit, credit), f"bills stand on {debit.name!r}"
        if share < 0.1 and opposite > 0.9:
            return (credit, debit), f"bills stand on {credit.name!r}"
    return None


def _says(text: str) -> str:
    groups = groups_of(text)
    if {"invoiced", "bought", "ordered"} & set(groups) and "settles" not in groups:
        return "bill"
    return "paid" if "settles" in groups else "back" if _BACK & {*groups} else ""


def _by_balance(
    filled: Sequence[ColumnProfile], debit: ColumnProfile, credit: ColumnProfile
) -> tuple[tuple[ColumnProfile, ColumnProfile], str] | None:
    """Tell the side that a running balance rises with: what customers owe, or what came in."""
    for p in filled:
        if not (p.numeric and p.heading.has("balance")):
            continue
        steps = p.numbers.diff()
        moved = (_money(debit) - _money(credit)).reindex(steps.index)
        near = steps[(moved != 0) & steps.notna()]
        with_debit = float(((near - moved.reindex(near.index)).abs() < 0.011).mean())
        with_credit = float(((near + moved.reindex(near.index)).abs() < 0.011).mean())
        if max(with_debit, with_credit) > 0.4 and len(near) > 3:
            rises = (debit, credit) if with_debit > with_credit else (credit, debit)
            return rises, f"{p.name!r} rises with {rises[0].name!r}"
    return None


def _refunds_among(filled: Sequence[ColumnProfile], others: ColumnProfile) -> bool:
    """Tell whether words say of the other side what is paid and what is credited back."""
    rows = others.numbers.index[others.numbers != 0]
    for p in _kinds(filled):
        said = p.texts.reindex(rows).dropna().map(_says)
        if (said != "").sum() >= _EXPLAINED * len(rows) and (said == "back").any():
            return True
    return False
