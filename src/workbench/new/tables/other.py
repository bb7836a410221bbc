"""Tells tables that are none of customers: payrolls, prices of securities, measurements, pivots."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from workbench.data.text.notation import date_format
from workbench.new.columns import evidence
from workbench.new.columns.profile import ColumnProfile
from workbench.new.survey.scales import rating_of

#: Columns of the prices of a day, by their headings' letters.
_QUOTES = (
    {"open", "opening", "openprice", "eroffnung", "ouverture", "apertura", "开盘",
     "开盘价", "始値"},
    {"high", "highprice", "hoch", "plushaut", "maximo", "最高", "最高价", "高値"},
    {"low", "lowprice", "tief", "plusbas", "minimo", "最低", "最低价", "安値"},
    {"close", "closing", "closeprice", "adjclose", "last", "schluss", "schlusskurs", "cloture",
     "cierre", "收盘", "收盘价", "終値"},
    {"volume", "vol", "volumen", "成交量", "出来高"},
)  # fmt: skip
#: Headings of tables with one row an answer.
_QUESTION = {"question", "questionid", "questionkey", "questiontext", "frage", "fragenr",
             "pregunta",
             "题目", "问题", "题号", "質問"}  # fmt: skip
_ANSWER = {"answer", "answervalue", "answertext", "response", "antwort", "respuesta", "答案",
           "回答",
           "选项"}  # fmt: skip
_BOUGHT = (
    r"(?i)\bpo\b|purchase order|\bvendor\b|采购|採購|仕入|发注|bestellung an|commande fournisseur"
)
#: Quarters, years, months and weeks; months by their names are looked up.
_PERIODS = (
    r"(?i)(?:q[1-4]|[1-4]\. ?quartal|t[1-4]|第[一二三四1-4]季度)(?:[ _/-]?(?:19|20)?\d\d)?",
    r"(?:19|20)\d\d(?:年|[ _-]?[qQ][1-4])?",
    r"1?\d ?[月월]",
    r"20\d\d[kKcC]?[wW]\d\d?",
)


#: Letters of Q1 or T4, which may be a quarter or a question.
_BARE = 2


def what_else(columns: Sequence[ColumnProfile]) -> str:
    """Say in words what a table is that is not of customers; "" where it may well be of them."""
    filled = [p for p in columns if p.filled > 0]
    periods = [p for p in filled if _is_period(p.heading.text) and p.numeric]
    # q1 to q4 are questions where they hold answers on a scale
    periods = [p for p in periods if len(p.name) > _BARE or rating_of(p) is None]
    if len(periods) >= 4 and len(periods) * 2 > len(filled):
        if sum(rating_of(p) is not None for p in periods) * 2 > len(periods):
            return (
                f"the answers to a survey, several waves side by side ({periods[0].name!r} to"
                f" {periods[-1].name!r}). Write one row a person and wave, with a column `wave`"
            )
        return (
            f"a pivot table: {len(periods)} of its {len(filled)} columns are periods"
            f" ({periods[0].name!r} to {periods[-1].name!r}). Bring the rows it was made of, or"
            " write one row a customer and period"
        )
    question = next((p for p in filled if p.heading.squashed in _QUESTION), None)
    said = next((p for p in filled if p.heading.squashed in _ANSWER), None)
    if question and said and question.distinct > 1 and question.repeats >= 3:
        return (
            f"the answers to a survey, one row an answer. Call the table `survey` in the card, map"
            f" who answered to `respondent_id`, and write `long: {{item: {question.name},"
            f" value: {said.name}}}` and the items under `survey`"
        )
    quotes = sum(any(p.heading.squashed in words for p in filled) for words in _QUOTES)
    if quotes >= 4 or (quotes >= 2 and any(p.heading.has("ticker") for p in filled)):
        return "prices of securities: what they cost on each day, and nobody's purchases"
    who = evidence.best(filled, evidence.customer, [], 4.0)
    if any(p.heading.has("wage") and p.numeric for p in filled) and not _bought(filled):
        return "a payroll: what employees were paid, and no purchases of customers"
    supplier = next((p for p in filled if p.heading.has("supplier") and p.distinct > 1), None)
    bought = any(re.search(_BOUGHT, p.heading.text) for p in filled)
    if supplier is not None and (who is None or bought):
        return f"what was bought from suppliers ({supplier.name!r}), and no sales to customers"
    measured = [p for p in filled if p.numeric and (p.heading.measure or p.heading.has("measure"))]
    others = [p for p in filled if p.numeric and p not in measured and evidence.money(p) >= 4.0]
    asked = any(p.heading.has("respondent", "recommend") for p in filled)
    if measured and who is None and not (others or asked) and any(p.when for p in filled):
        named = ", ".join(repr(p.name) for p in measured[:3])
        return f"measurements ({named}): nobody is a customer there, and nothing is money"
    return ""


def _bought(filled: Sequence[ColumnProfile]) -> bool:
    """Tell whether a column says who bought, by its own heading."""
    return any(p.heading.has("customer") and not p.heading.has("owner") for p in filled)


@cache
def _is_period(heading: str) -> bool:
    """Tell whether a heading is a month, a quarter, a year or a day."""
    text = heading.strip()
    if any(re.fullmatch(shape, text) for shape in _PERIODS):
        return True
    if _months() and text.casefold().strip(".") in _months():
        return True
    dated = re.search(r"\b(?:19|20)?\d\d\b", text)
    return bool(dated) and len(text) < 20 and _reads(text)


def _reads(text: str) -> bool:
    told = date_format([text])
    return bool(told.format and "%" in told.format) or bool(
        re.fullmatch(r"\d{4}[-/]\d{1,2}[-/]\d{1,2}", text)
    )


@cache
def _months() -> frozenset[str]:
    from babel import Locale

    found = set()
    for language in ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "da"):
        for width in ("wide", "abbreviated"):
            names = Locale(language).months["format"][width]
            found |= {str(name).casefold().strip(".") for name in names.values()}
    return frozenset(found)
