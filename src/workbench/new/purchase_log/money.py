"""Finds the currency of a study's amounts, as far as its tables name one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from workbench.data.text.currency import (
    chosen,
    is_usual_code,
    named_currency,
    sign_in_heading,
    sign_of,
)
from workbench.new.columns.profile import ColumnProfile
from workbench.new.columns.proposal import OpenQuestion, Option, Proposal

#: Words of headings whose writers mostly reckon in one currency.
_BY_HEADINGS = (
    (r"(?i)kvitto|belopp|försälj|slutpris|återköp", "SEK"),
    (r"(?i)\bpesanan\b|pembayaran|\btanggal\b|penjualan", "IDR"),
    (r"(?i)zamówien|\bkwota\b|klienta\b", "PLN"),
    (r"(?i)objednáv|částka|zákazní", "CZK"),
    (r"(?i)sipariş|\btutar|müşteri", "TRY"),
    (r"(?i)đơn hàng|khách hàng|thành tiền", "VND"),
    (r"(?i)сума|замовлення|клієнт", "UAH"),
    (r"(?i)сумма|заказ|клиент|контрагент|бюджет", "RUB"),
    ("[\u3040-\u30ff]", "JPY"),
    ("[\u4e00-\u9fff]", "CNY"),
    ("[\uac00-\ud7af]", "KRW"),
    (r"(?i)datum|betrag|montant|fecha|importe|kunde", "EUR"),
)
_USUAL = ("USD", "EUR", "CNY", "GBP", "JPY")


@dataclass(frozen=True)
class Money:
    """The currency of the amounts.

    Attributes
    ----------
    code : str
        Three letters.
    doubt : str
        Why it is not certain, in words; "" where the tables say it.
    others : tuple of str
        What else it may be.
    needed : bool
        Whether any table holds amounts.
    """

    code: str
    doubt: str = ""
    others: tuple[str, ...] = ()
    needed: bool = True

    def question(self) -> OpenQuestion | None:
        """Ask for the currency, where the tables leave it open."""
        if not self.doubt or not self.needed:
            return None
        codes = (self.code, *(c for c in self.others or _USUAL if c != self.code))[:6]
        options = [Option(code, {"currency": code}) for code in codes]
        return OpenQuestion("currency", f"Which currency are the amounts in? {self.doubt}", options)

    def comment(self) -> str:
        """Say in the card how far it is known."""
        if not self.needed:
            return "no table holds amounts"
        return f"CHECK: {self.doubt}" if self.doubt else "as the tables say"


def currency(proposals: Sequence[Proposal]) -> Money:
    """Give the currency of the amounts: of a column, a heading, the signs beside the numbers."""
    headings, needed = "", False
    for proposal in proposals:
        if proposal.standard not in ("transactions", "contracts"):
            continue
        needed |= proposal.keys.get("amount") != "none"
        headings = headings or " ".join(p.heading.text for p in proposal.columns_of_file)
        found = (
            _converted(proposal)
            or _by_column(proposal, headings)
            or _by_amounts(proposal, headings)
        )
        if found is not None:
            return found
    for shape, code in _BY_HEADINGS:
        if re.search(shape, headings):
            why = f"The tables do not say; {code} by the language of their headings"
            return Money(code, why, needed=needed)
    return Money("USD", "The tables do not say: USD, EUR, CNY, ...?", needed=needed)


def _converted(proposal: Proposal) -> Money | None:
    """Give the currency that amounts are converted to, where that is how they are read."""
    written = proposal.keys.get("amount") or proposal.columns.get("amount", "")
    if written not in proposal.reckoned:
        return None
    if home := proposal.reckoned[written]:
        return Money(home)
    why = f"The tables do not say into which currency {written} converts"
    others = tuple(chosen(text)[0] for text, _ in several_currencies(proposal).most_common(5))
    return Money(others[0], why, others[1:])


def _by_column(proposal: Proposal, headings: str) -> Money | None:
    counts = _named(proposal, kept=True)
    if not counts:
        return None
    (sign, _), *others = counts.most_common()
    code, rivals = chosen(sign, headings)
    if others:
        said = ", ".join(f"{n:,} in {chosen(one, headings)[0]}" for one, n in counts.most_common(4))
        others_too = tuple(chosen(one, headings)[0] for one, _ in others)
        return Money(code, f"The amounts are in several currencies ({said})", others_too)
    return Money(code, _rivals(sign, rivals), rivals)


def _by_amounts(proposal: Proposal, headings: str) -> Money | None:
    used = [p for s in ("amount", "monthly_fee") if (p := proposal.column(s)) is not None]
    used += proposal.in_formula
    for p in used:
        signs = Counter(sign for text in p.texts if (sign := sign_of(text)))
        if signs:
            sign = signs.most_common(1)[0][0]
            code, rivals = chosen(sign, headings)
            codes = {chosen(one, headings)[0] for one in signs}
            if len(codes) > 1:
                said = ", ".join(f"{n:,} with {one}" for one, n in signs.most_common(4))
                why = f"The amounts in {p.name!r} bear several signs ({said})"
                return Money(code, why, tuple(codes - {code}))
            bare = sum(1 for text in p.texts if not sign_of(text))
            if bare > sum(signs.values()):
                why = f"Only {sum(signs.values()):,} amounts in {p.name!r} bear a sign ({sign})"
                return Money(code, why, rivals)
            return Money(code, _rivals(sign, rivals), rivals)
    for p in used:
        if sign := sign_in_heading(p.heading.text):
            code, rivals = chosen(sign, headings)
            return Money(code, _rivals(sign, rivals), rivals)
    return None


def _rivals(sign: str, rivals: Sequence[str]) -> str:
    if not rivals:
        return ""
    return f"{sign!r} may also be {', '.join(rivals[:5])}"


def _named(proposal: Proposal, *, kept: bool = False) -> Counter[str]:
    """Count the rows by the currency that a column names, as the file writes it."""
    p = currency_column(proposal)
    if p is None:
        return Counter()
    cells = kept_cells(proposal, p) if kept else p.somebody
    counts = Counter(str(v) for v in cells)
    known = Counter({text: n for text, n in counts.items() if named_currency(text)})
    return known if sum(known.values()) * 2 > sum(counts.values()) else Counter()


def currency_column(proposal: Proposal) -> ColumnProfile | None:
    """Give the column that names the currency of each row."""
    words = [p for p in proposal.columns_of_file if not p.numeric and 0 < p.distinct <= 40]
    said = [p for p in words if p.heading.has("currency")]
    named = [p for p in said if any(named_currency(str(v)) for v in p.counts.index[:20])]
    if named:  # beside that of the firm, which is the same in all rows, the one of the row
        return max(named, key=lambda p: p.distinct > 1)
    return next((p for p in words if all(is_usual_code(str(v)) for v in p.counts.index)), None)


def several_currencies(proposal: Proposal) -> Counter[str]:
    """Count the rows by the currency that they name, where that is not one alone."""
    counts = _named(proposal)
    return counts if len({named_currency(text) for text in counts}) > 1 else Counter()


def kept_cells(proposal: Proposal, profile: ColumnProfile) -> pd.Series[str]:
    """Give a column's cells of the rows that the card keeps."""
    return profile.texts[profile.texts.index.isin(proposal.rows_kept())]
