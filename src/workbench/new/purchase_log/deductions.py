"""Finds what is to be taken off an amount: the column of what was refunded, and discounts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

from workbench.new.columns.profile import ColumnProfile
from workbench.new.columns.proposal import OpenQuestion, Option, Proposal
from workbench.study.formula import read_formula

#: Share of the refunds that must not be above their amounts for these to be before refunds.
_WITHIN = 0.95
_NO_REFUND = (
    "count", "number", "id", "date", "time", "quantity", "flag", "status", "rate", "probability",
    "tax", "freight", "fee", "method", "note", "number_of",
)  # fmt: skip


def quoted(name: str) -> str:
    """Write a column's name as formulas do."""
    return name if name.isidentifier() and name.isascii() else f"`{name}`"


def amounts(proposal: Proposal) -> pd.Series[float]:
    """Give the amounts by their rows, as far as they can be read by now."""
    formula = proposal.keys.get("amount")
    if not formula or formula == "none":
        p = proposal.column("amount")
        return p.numbers if p is not None else pd.Series(dtype="float64")
    own: dict[str, Any] = {}
    asked = read_formula(formula)
    for name in asked.names:
        p = proposal.own.get(name) or proposal.column(name)
        if p is None:
            return pd.Series(dtype="float64")
        own[name] = p.numbers.reindex(range(p.rows))
    first, *others = asked.terms
    found = first.sign * first.value(own)
    for term in others:
        value = term.value(own)
        found = found + term.sign * (value.fillna(0) if isinstance(value, pd.Series) else value)
    return pd.Series(found).dropna()


def refunded(proposal: Proposal, filled: Sequence[ColumnProfile]) -> None:
    """Take a column of what was refunded off the amounts; whether that is right is asked."""
    formula, column = proposal.keys.get("amount"), proposal.column("amount")
    if formula == "none" or (not formula and column is None):
        return
    back = next((p for p in filled if _is_refund(p)), None)
    if back is None or (formula and back.name in read_formula(formula).names):
        return
    known = pd.DataFrame({"amount": amounts(proposal), "back": back.numbers}).dropna()
    known = known[known.back != 0]
    if known.empty:
        return
    within = float((known.back.abs() <= known.amount.abs() + 0.01).mean())
    sign = "+" if (known.back < 0).all() else "-"
    rivals = [q for q in proposal.questions if q.key == "columns.amount"]
    bases = [option.sets["columns.amount"] for q in rivals for option in q.options]
    net, plain = [], []
    for base in bases or [column.name if column is not None and not formula else ""]:
        written = quoted(base) if base else str(formula)
        less = f"{written} {sign} {quoted(back.name)}"
        net.append(Option(less, {"amount": less, "columns.amount": None}))
        sets = {"amount": None, "columns.amount": base} if base else {"amount": formula}
        plain.append(Option(f"{written} as it is", sets))
    options = [*net, *plain] if within >= _WITHIN else [*plain, *net]
    worth = f"{len(known):,} rows, sum {known.back.abs().sum():,.2f}"
    asks = f"Is {back.name!r} ({worth}) to be taken off the amounts?"
    proposal.ask_instead("columns.amount", OpenQuestion("amount", asks, options))


def _is_refund(p: ColumnProfile) -> bool:
    told = p.heading.has("refund") and not p.heading.has(*_NO_REFUND)
    return told and p.numeric and not p.boolean and p.numbers.abs().sum() > 0


def fully_refunded(proposal: Proposal) -> None:
    """Set aside what nothing is left of: a charge that was refunded is no purchase of nothing."""
    formula = proposal.keys.get("amount")
    if not formula or formula == "none":
        return
    names = read_formula(formula).names
    if any(p.heading.has("refund") for name in names if (p := proposal.own.get(name)) is not None):
        first = proposal.own[names[0]].numbers
        left = amounts(proposal)
        gone = left.index[left.abs() < 0.005].intersection(first.index[first > 0])
        if len(gone.intersection(proposal.rows_kept())):
            proposal.keys.setdefault("zero_amounts", "set_aside")


# --- what was paid, beside what it was listed at ----------------------------------------------

_LISTED = re.compile(
    r"(?i)\b(list|original|regular|catalog(ue)?|retail|before|full)\b|msrp|\brrp\b|\buvp\b"
    r"|listenpreis|originalpreis|statt|prix (public|catalogue)|\bpvp\b|listino|原价|原價|标价|吊牌"
    r"|划线|市场价|总价|商品金额|定価|参考上代|通常価格"
)
PAID = re.compile(
    r"(?i)\bpaid\b|discounted|\bfinal\b|\breduced\b|\bcharged\b|bezahlt|aktionspreis"
    r"|pay[ée]|remis[ée]|pagad|pagat|scontat|实付|實付|实收|实际|折后|成交价|优惠后|到手|已付|支付金额|支払|値引後"
)
_OWED = re.compile(
    r"(?i)balance|outstanding|remaining|\bdue\b|open amount|offen|restant|saldo|未付|欠"
    r"|余额(?!支付)"
)
#: What the customer has to pay, beside what the order came to before what was taken off.
PAYABLE = re.compile(
    r"(?i)应付|應付|請求金額|請求額|お?支払い?(?:金額|額|合計)|\bpayable\b|\bto pay\b|zu zahlen"
    r"|zahlbetrag|[àa] payer|a pagar|da pagare|te betalen"
)
#: Share of the rows in which nothing was paid, from which on something else is meant.
_UNPAID = 0.02


def paid_in_place_of(
    listed: ColumnProfile, others: Sequence[ColumnProfile], said: re.Pattern[str] = PAID
) -> ColumnProfile | None:
    """Find what was paid beside what something was listed at; None where that is not evident.

    Its heading (by the words `said`), or that of the list price, says so; it is never above the
    list price, and it is paid in nearly every row: else it may be a part that was paid of a bill.
    """
    barred = ("date", "time", "method", "status", "quantity", "count", "fee", "tax", "id", "rate",
              "number", "balance", "refund", "freight", "discount")  # fmt: skip
    if said.search(listed.name) or (said is PAID and any(map(says_owed, others))):
        return None
    for p in others:
        told = bool(said.search(p.name)) or (
            bool(_LISTED.search(listed.name)) and p.heading.has("price", "amount", "total")
        )
        discount = p.heading.has("discount") and not said.search(p.name)
        told &= p.heading.has("unit") <= listed.heading.has("unit") or not listed.heading.has(
            "unit"
        )
        if p is listed or not told or not p.numeric or p.boolean or discount:
            continue
        if p.heading.has(*(b for b in barred if b != "discount")):
            continue
        both = pd.DataFrame({"list": listed.numbers, "paid": p.numbers}).dropna()
        both = both[both.list > 0]
        if len(both) < 0.9 * len(listed.texts) or (both.paid <= 0).mean() > _UNPAID:
            continue
        # a tenth of the list price is a tax or a unit of something else
        within = (both.paid <= both.list + 0.005) & (both.paid > 0.2 * both.list)
        if within.mean() >= 1 - _UNPAID and (both.paid < both.list - 0.005).any():
            return p
    return None


def says_owed(p: ColumnProfile) -> bool:
    """Tell a column of what is still owed on a bill."""
    return p.numeric and not p.boolean and not p.when and bool(_OWED.search(p.name))


def parted_by(
    more: ColumnProfile, less: ColumnProfile, filled: Sequence[ColumnProfile]
) -> tuple[ColumnProfile, str] | None:
    """Find what parts two amounts: a ``discount``, the seller's ``fee``, or what is ``owed``."""
    both = pd.DataFrame({"more": more.numbers, "less": less.numbers}).dropna()
    if len(both) < 0.9 * max(len(more.texts), len(less.texts)):
        return None
    for p in filled:
        why = _parts(p)
        if not why or p.name in (more.name, less.name):
            continue
        off = p.numbers.reindex(both.index).fillna(0.0).abs()
        # a refund has all three with the other sign
        near = (both.more.abs() - off - both.less.abs()).abs() < 0.011
        if near.mean() >= 1 - _UNPAID and off[near].gt(0.011).sum() > 2:
            return p, why
    return None


def _parts(p: ColumnProfile) -> str:
    if not p.numeric or p.boolean or p.heading.has("id", "date", "count", "tax", "rate"):
        return ""
    if p.heading.has("discount"):
        return "discount"
    if p.heading.has("fee"):
        return "fee"
    return "owed" if p.heading.has("due", "balance") or _OWED.search(p.name) else ""


# --- discounts --------------------------------------------------------------------------------


def discounted(
    proposal: Proposal, filled: Sequence[ColumnProfile], formula: str, gross: pd.Series[float]
) -> str:
    """Take a discount off what was computed of pieces and prices, and ask whether that is right."""
    off = next((p for p in filled if _is_discount(p)), None)
    if off is None:
        return formula
    known = pd.DataFrame({"gross": gross, "off": off.numbers}).dropna()
    ways = _ways(off, known, formula)
    if not ways:
        return formula
    options = [*ways, Option(f"no: {formula}", {"amount": formula})]
    asks = f"Is {off.name!r} to be taken off?"
    proposal.questions.append(OpenQuestion("amount", asks, options))
    return str(options[0].sets["amount"])


def beside_amount(
    proposal: Proposal,
    filled: Sequence[ColumnProfile],
    quantity: ColumnProfile | None,
    price: ColumnProfile | None,
) -> None:
    """Ask about a discount beside an amount, where that may be the one before it."""
    amount = proposal.column("amount")
    off = next((p for p in filled if _is_discount(p)), None)
    if amount is None or off is None or proposal.keys.get("amount"):
        return
    if any(q.key == "columns.amount" for q in proposal.questions):
        return
    known = pd.DataFrame({"gross": amount.numbers, "off": off.numbers}).dropna()
    ways = _ways(off, known, quoted(amount.name))
    given = known[known.off != 0]
    before = None
    if quantity is not None and price is not None and len(given):
        product = (quantity.numbers * price.numbers).reindex(given.index)
        before = float(((product - given.gross).abs() <= 0.011 * product.abs()).mean()) > 0.9
    said_after = amount.heading.has("net", "payable", "payment", "total")
    share = any("share" in way.label or "percent" in way.label for way in ways[:1])
    if not ways or before is False or (before is None and (said_after or not share)):
        return
    plain = Option(
        f"no: {amount.name!r} is after it", {"amount": None, "columns.amount": amount.name}
    )
    ways = [Option(w.label, {**w.sets, "columns.amount": None}) for w in ways]
    options = [*ways, plain] if before else [plain, *ways]
    asks = f"Is {off.name!r} to be taken off {amount.name!r}?"
    proposal.questions.append(OpenQuestion("amount", asks, options))
    proposal.set(options[0].sets)


def _is_discount(p: ColumnProfile) -> bool:
    barred = p.heading.has("id", "number", "date", "note", "flag", "method", "count", "tax")
    told = p.heading.has("discount") and not barred
    return told and p.numeric and not p.boolean and p.numbers.abs().sum() > 0


def _share_left(off: ColumnProfile, known: pd.DataFrame) -> float:
    """Give what stands for no discount where the share that is left is written: 1, 10, 100; or 0.

    Chinese books write 折扣% 100 for the full price, and 9.5折 for 95 % of it.
    """
    if not re.search("折|掛率", off.heading.text) or (known.off <= 0).any():
        return 0.0
    largest = float(known.off.max())
    common = float((known.off == largest).mean())
    return largest if largest in (1.0, 10.0, 100.0) and common > 0.3 else 0.0


def _ways(off: ColumnProfile, known: pd.DataFrame, formula: str) -> list[Option]:
    """Give the ways in which a discount can be meant, the likeliest first."""
    if known.empty or (known.off < 0).any():
        return []
    rate = off.heading.has("rate", "probability") or "%" in off.heading.text
    rate |= bool(off.texts.str.endswith("%").mean() > 0.5)
    name, largest = quoted(off.name), float(known.off.max())
    if whole := _share_left(off, known):
        if (known.off == whole).all():
            return []  # nothing is taken off
        left = f"{formula} * {name}" + (f" / {whole:g}" if whole > 1 else "")
        return [Option(f"yes, it is the share that is paid: {left}", {"amount": left})]
    share = f"{formula} * (1 - {name})"
    percent = f"{formula} * (1 - {name} / 100)"
    less = f"{formula} - {name}"
    found = []
    if largest < 1:
        found.append(Option(f"yes, as a share: {share}", {"amount": share}))
    elif largest <= 100 and (rate or ((known.off % 1 == 0).all() and known.off.nunique() <= 12)):
        found.append(Option(f"yes, in percent: {percent}", {"amount": percent}))
    if not rate and (known.off <= known.gross.abs() + 0.01).all():
        money = Option(f"yes: {less}", {"amount": less})
        # 5, 10 and 20 of a hundred, or of the currency: what is often the whole amount is money
        # several small ones are shares, one and the same may be 50 cents
        shares = largest < 1 and len(set(known.off) - {0.0}) > 1
        found = [*found, money] if shares else [money, *found]
    return found
