"""Finds how amounts in several currencies are made amounts in one: a column of them, or a rate."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.data.text.currency import named_currency, sign_in_heading
from workbench.new.columns.profile import ColumnProfile
from workbench.new.columns.proposal import OpenQuestion, Option, Proposal
from workbench.new.purchase_log.deductions import amounts, quoted
from workbench.new.purchase_log.money import currency_column, several_currencies

#: Rows of a currency that tell its rate, how far rates of one currency may lie apart over the
#: years, and from 1 so that it is another currency's.
_FEWEST, _SPREAD, _OTHER = 3, 0.6, 0.02
_HOME = re.compile(
    r"(?i)\bhome\b|\bbase\b|\blocal\b|convert|report|company|functional|settle|payout|accounting"
    r"|hauswahrung|hauswährung|lokal|umgerechnet|société|mon(eda|naie) local|本位币|本币|折算|折合"
    r"|结算|換算|邦貨|人民币"
)
_FOREIGN = re.compile(
    r"(?i)\boriginal\b|foreign|transaction|presentment|document|charged|fremd|beleg|原币|外币|交易币|外貨"
)
_NO_RATE = ("tax", "discount", "probability", "fee", "wage", "satisfaction", "quantity", "refund")
#: What a currency is roughly worth in US dollars: enough to tell a rate from its inverse.
_ROUGHLY = {
    "USD": 1.0, "EUR": 1.15, "GBP": 1.3, "CHF": 1.1, "CAD": 0.75, "AUD": 0.68, "NZD": 0.62,
    "CNY": 0.14, "HKD": 0.128, "TWD": 0.032, "JPY": 0.007, "KRW": 0.0008, "SGD": 0.74,
    "INR": 0.012, "THB": 0.029, "IDR": 0.000065, "MYR": 0.23, "PHP": 0.018, "VND": 0.00004,
    "BRL": 0.2, "MXN": 0.055, "ARS": 0.003, "CLP": 0.0011, "COP": 0.00025, "ZAR": 0.055,
    "SEK": 0.097, "NOK": 0.097, "DKK": 0.15, "PLN": 0.25, "CZK": 0.044, "HUF": 0.0028,
    "TRY": 0.04, "RUB": 0.012, "AED": 0.27, "SAR": 0.27, "ILS": 0.27,
}  # fmt: skip


@dataclass(frozen=True)
class _Way:
    """A way to amounts of one currency, as the card would write it, and which currency that is."""

    sets: Mapping[str, Any]
    name: str
    home: str
    values: pd.Series[float]

    @property
    def option(self) -> Option:
        told = f" in {self.home}" if self.home else ""
        return Option(f"{self.name}{told} (sum {self.values.sum():,.2f})", self.sets)


def one_currency(proposal: Proposal) -> None:
    """Have amounts in several currencies read in one: converted where the table says how.

    Without a rate and converted amounts the rows of one currency alone are proposed; a sum over
    several is never the default.
    """
    counts = several_currencies(proposal) if proposal.standard == "transactions" else None
    column = currency_column(proposal)
    if not counts or column is None or column.name in proposal.keys.get("where", {}):
        return
    said = ", ".join(f"{n:,} in {text}" for text, n in counts.most_common(4))
    money = amounts(proposal)
    ways = _ways(proposal, column, money)
    options = [way.option for way in ways]
    options += [
        Option(f"{text} alone", {f"where.{column.name}": [text]})
        for text, _ in counts.most_common(3)
    ]
    options.append(Option("add them as they are", {f"where.{column.name}": None}))
    asks = f"Amounts are in several currencies ({said}): which are to be read?"
    if ways:
        for way in ways:
            written = way.sets.get("amount") or way.sets.get("columns.amount")
            proposal.reckoned[str(written)] = way.home
        names = {str(way.sets.get("columns.amount")) for way in ways}
        proposal.questions = [q for q in proposal.questions if not _between(q, names)]
        proposal.notes.append(f"a guess: amounts are read in one currency, as {ways[0].name}")
    proposal.questions.append(OpenQuestion("amount" if ways else "where", asks, options))


def _between(question: OpenQuestion, names: set[str]) -> bool:
    """Tell the question which of two amounts counts, where one is the other's conversion."""
    told = {str(o.sets.get("columns.amount")) for o in question.options}
    return question.key == "columns.amount" and bool(told & names)


def _ways(proposal: Proposal, column: ColumnProfile, money: pd.Series[float]) -> list[_Way]:
    money = money[money != 0]
    codes = column.somebody.reindex(money.index).dropna()
    money = money.reindex(codes.index)
    if money.empty:
        return []
    formula = proposal.keys.get("amount")
    base = str(formula) if formula else quoted(proposal.columns.get("amount", ""))
    used = {*proposal.columns.values(), column.name}
    found: list[_Way] = []
    for p in proposal.columns_of_file:
        barred = p.name in used or p.name in base or not p.numeric or p.boolean
        if barred or p.heading.has("id", "number", "quantity", "date", *_NO_RATE):
            continue
        if not p.heading.has("rate"):
            found += _converted(proposal, p, base, money, codes)
    for p in proposal.columns_of_file:
        if p.name not in used and p.numeric and p.heading.has("rate") and p.percent < 0.5 \
                and not p.heading.has(*_NO_RATE):  # fmt: skip
            found += _by_rate(p, base, money, codes)
    return found


def _converted(
    proposal: Proposal,
    p: ColumnProfile,
    base: str,
    money: pd.Series[float],
    codes: pd.Series[str],
) -> list[_Way]:
    """Tell a column that is the amount in one currency: their ratio is that of each currency."""
    home = _home((p.numbers / money).reindex(codes.index), codes)
    if home is None:
        return []
    single = proposal.columns.get("amount", "")
    both = [(_HOME, _FOREIGN, p.name), (_FOREIGN, _HOME, single)]
    told = sum(bool(a.search(n)) - bool(b.search(n)) for a, b, n in both)
    code = _code_in(p.name)
    told += bool(code and code != _code_in(single))
    if not told:  # in one currency orders of all customers are alike
        told = (
            1 if _between_currencies(p.numbers, codes) < _between_currencies(money, codes) else -1
        )
    if told > 0:
        sets = {"amount": None, "columns.amount": p.name}
        return [_Way(sets, repr(p.name), code or home, p.numbers)]
    if single and not proposal.keys.get("amount"):
        sets = {"amount": None, "columns.amount": single}
        return [_Way(sets, repr(single), home, proposal.own[single].numbers)]
    return []


def _by_rate(
    p: ColumnProfile, base: str, money: pd.Series[float], codes: pd.Series[str]
) -> list[_Way]:
    rate = p.numbers.reindex(codes.index)
    home = _home(rate, codes)
    if home is None or not base or (rate <= 0).any():
        return []
    times = {"amount": f"{_bracketed(base)} * {quoted(p.name)}", "columns.amount": None}
    over = {"amount": f"{_bracketed(base)} / {quoted(p.name)}", "columns.amount": None}
    ways = [
        _Way(times, f"{base} * {quoted(p.name)}", home, money * rate),
        _Way(over, f"{base} / {quoted(p.name)}", home, money / rate),
    ]
    return ways[::-1] if _inverse(rate, codes, home) else ways


def _bracketed(base: str) -> str:
    return f"({base})" if re.search(r" [-+*/] ", base) else base


def _home(ratio: pd.Series[float], codes: pd.Series[str]) -> str | None:
    """Give the currency that is worth 1, where each has a rate of its own; "" where none is."""
    known = pd.DataFrame({"ratio": ratio, "code": codes}).dropna()
    known = known[np.isfinite(known.ratio) & (known.ratio > 0)]
    if len(known) < 0.9 * len(codes):
        return None
    by = known.groupby("code").ratio
    middle, size = by.median(), by.size()
    apart = (by.quantile(0.9) - by.quantile(0.1)) / middle
    usual = size.index[size >= _FEWEST]
    if len(usual) < 2 or (apart[usual] > _SPREAD).any():
        return None
    one = [c for c in usual if ((known.ratio[known.code == c] - 1).abs() < 0.001).mean() > 0.95]
    others = [c for c in usual if c not in one]
    if len(one) > 1 or not any(abs(middle[c] - 1) > _OTHER for c in others):
        return None
    # a tax makes all of them larger alike
    if not one and middle[usual].max() / middle[usual].min() < 1 + 2 * _OTHER:
        return None
    return _code(one[0]) if one else ""


def _inverse(rate: pd.Series[float], codes: pd.Series[str], home: str) -> bool:
    """Tell whether amounts have to be divided: the rate says how much of it makes one of ours."""
    told = 0.0
    for text, rows in rate.groupby(codes):
        own = _ROUGHLY.get(_code(str(text)))
        worth = _ROUGHLY.get(home)
        if own and worth and _code(str(text)) != home:
            expected = math.log(own / worth)
            now = math.log(float(rows.median()))
            told += math.copysign(1, abs(now - expected) - abs(-now - expected))
    return told > 0


def _between_currencies(values: pd.Series[float], codes: pd.Series[str]) -> float:
    logs = values[values > 0].map(math.log)
    return float(logs.groupby(codes.reindex(logs.index)).median().std())


def _code(text: str) -> str:
    return next(iter(named_currency(text)), text)


def _code_in(heading: str) -> str:
    sign = sign_in_heading(heading)
    return _code(sign) if sign else ""
