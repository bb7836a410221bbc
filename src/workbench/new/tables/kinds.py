"""Tells which standard table a file is, by all its columns together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from workbench.new.columns import evidence
from workbench.new.columns.profile import ColumnProfile
from workbench.new.columns.words import read_heading
from workbench.new.purchase_log.ledger import ledger_sides
from workbench.new.survey.hints import is_camp
from workbench.new.survey.scales import rating_of

#: Share of the rows from which on a customer is in one campaign more than once.
_AGAIN = 0.1
#: Words in a file's name, and the table they speak for.
_FILES = {
    "order": "transactions", "deal": "transactions", "payment": "transactions",
    "customer": "customers", "account": "customers", "contact": "customers",
    "ticket": "interactions", "contract": "contracts", "question": "survey",
    "respondent": "survey", "treatment": "treatments",
}  # fmt: skip


def scores(columns: Sequence[ColumnProfile], stem: str) -> Mapping[str, float]:
    """Score a file for each standard table; the highest is what it seems to be."""
    filled = [p for p in columns if p.filled > 0]
    found = {name: score(filled) for name, score in _SCORES.items()}
    found["contracts"] = _contracts(columns)  # of which none has ended, perhaps
    hint = read_heading(stem).concepts
    for concept, table in _FILES.items():
        if concept in hint:
            found[table] += 0.12
    for table in TABLES:
        if re.match(rf"{table}(?![a-z])", stem.casefold()):
            found[table] += 0.6
    return found


def _any(columns: Sequence[ColumnProfile], *concepts: str) -> bool:
    return any(p.heading.has(*concepts) for p in columns)


def _who(columns: Sequence[ColumnProfile], enough: float = 4.0) -> evidence.Candidate | None:
    return evidence.best(columns, evidence.customer, enough=enough)


def _transactions(columns: Sequence[ColumnProfile]) -> float:
    who = _who(columns)
    when = evidence.best(columns, evidence.date, enough=4.5)
    amount = evidence.best(columns, evidence.money, enough=4.5)
    priced = evidence.best(columns, evidence.unit_price, enough=4) and evidence.best(
        columns, evidence.quantity, enough=4
    )
    order = evidence.best(columns, evidence.order, enough=5)
    ledger = ledger_sides(columns) is not None
    told = [
        _any(columns, "product", "unit"),
        _any(columns, "quantity"),
        _any(columns, "price"),
        _any(columns, "payment"),
        _any(columns, "deal"),
        _any(columns, "discount", "tax", "freight"),
        any(p.heading.has("order") for p in columns),
        any(evidence.status(p) > 6 for p in columns),
        any(p.heading.has("flow") for p in columns),
        any(p.heading.has("probability") for p in columns),
        ledger,
        ledger and any(p.heading.has("balance") for p in columns),
    ]
    score = 0.25 * bool(who) + 0.2 * bool(when) + 0.25 * bool(amount or priced or ledger)
    score += 0.1 * bool(order) + min(0.32, 0.07 * sum(told))
    if not when:
        score -= 0.2
    if who and who.profile.unique > 0.98 and len(who.profile.somebody) > 20 and sum(told) < 2:
        score -= 0.15
    return score


def _customers(columns: Sequence[ColumnProfile]) -> float:
    people = [p for p in columns if p.unique > 0.7]  # a key that repeats is a log's
    keyed = evidence.best(people, lambda p: evidence.customer(p, log=False), enough=4) or any(
        p.unique > 0.98 and p.named > 0.9 and p.heading.has("id", "number", "email")
        for p in columns
    )
    concepts = ("name", "email", "phone", "address", "place", "birth", "gender", "joined", "group")
    told = [p.heading for p in columns if p.filled > 0.05 and not p.heading.has("owner", "product")]
    personal = [c for c in concepts if any(heading.has(c) for heading in told)]
    score = 0.35 * bool(keyed) + 0.11 * min(len(personal), 5)
    bought = evidence.best(columns, evidence.date, enough=7.0)
    if bought and bought.profile.heading.has("order", "deal", "payment"):
        score -= 0.25
    if any(evidence.order(p) >= 6 for p in columns) or _any(columns, "quantity", "unit"):
        score -= 0.2
    if any(p.heading.has("status", "ticket", "subject", "priority", "reply") and p.distinct > 1
           and not p.heading.has("group", "flag") for p in columns):  # fmt: skip
        score -= 0.08
    return score


def _interactions(columns: Sequence[ColumnProfile]) -> float:
    concepts = (
        "ticket", "subject", "priority", "reply", "resolved", "satisfaction", "channel", "owner",
        "note", "requester",
    )  # fmt: skip
    told = sum(_any(columns, c) for c in concepts) + any(p.heading.has("status") for p in columns)
    when = evidence.best(columns, evidence.date, enough=3.0)
    score = 0.2 * bool(_who(columns)) + 0.15 * bool(when) + min(0.62, 0.12 * told)
    amount = evidence.best(columns, evidence.money, enough=6) or ledger_sides(columns)
    return (
        score - 0.35 * bool(amount) - 0.15 * _any(columns, "product", "quantity", "price", "deal")
    )


def _contracts(columns: Sequence[ColumnProfile]) -> float:
    start = any(p.when and p.heading.has("start") for p in columns) and not _sessions(columns)
    end = any(p.heading.has("end", "due") and (p.when or not p.filled) for p in columns)
    score = 0.2 * bool(_who(columns, 3.0)) + 0.3 * start + 0.2 * (end and start)
    score += 0.25 * _any(columns, "contract") + 0.12 * _any(columns, "plan")
    return score + 0.12 * any(p.heading.has("monthly") and p.numeric for p in columns)


def _sessions(columns: Sequence[ColumnProfile]) -> bool:
    """Tell starts and ends that are those of a form that was filled in, or of a call."""
    ends = [next((p for p in columns if p.when and p.heading.has(c)), None)
            for c in ("start", "end")]  # fmt: skip
    if ends[0] is None or ends[1] is None or ends[0] is ends[1]:
        return False
    took = (ends[1].days - ends[0].days).dropna()
    return bool(len(took)) and bool((took < pd.Timedelta(days=1)).mean() > 0.9)


def _alike(columns: Sequence[ColumnProfile], *, recommends: bool = False) -> list[ColumnProfile]:
    """Give the columns that hold answers on one and the same scale.

    Where people were asked whether they recommend, "value for money" is a question, too.
    """
    counted: tuple[str, ...] = ("id", "age", "year", "priority", "status")
    if not recommends:
        counted += ("quantity", "count", "amount", "total", "price", "number", "group")
    few = [
        p
        for p in columns
        if (2 <= p.distinct <= 16 or p.percent > 0.9) and not p.heading.has(*counted)
    ]
    found = [(p, rating.scale) for p in few if (rating := rating_of(p)) is not None]
    usual = Counter(scale for _, scale in found).most_common(1)
    return [p for p, scale in found if usual and scale == usual[0][0]]


def _survey(columns: Sequence[ColumnProfile]) -> float:
    recommends = any(map(_recommending, columns))
    alike = _alike(columns, recommends=recommends)
    alike = alike if len(alike) >= 3 else []
    asked = [p for p in columns if p in alike or _is_question(p)]
    share = len(asked) / max(len(columns), 1)
    score = 0.55 * (len(asked) >= 3 and share > 0.25) + 0.2 * (share > 0.5 and len(asked) >= 3)
    score += 0.25 * _any(columns, "respondent") + 0.12 * any(
        p.heading.has("recommend") and p.numeric for p in columns
    )
    score += 0.1 * _any(columns, "answered") + 0.1 * _any(columns, "wave")
    score += 0.25 * (recommends and len(alike) >= 3) + 0.6 * any(map(is_camp, columns))
    return score + 0.1 * any(p.heading.has("satisfaction") and p.numeric for p in columns)


def _recommending(p: ColumnProfile) -> bool:
    """Tell answers on whether people recommend, on 0 to 10 or nearly so."""
    if not p.heading.has("recommend"):
        return False
    rating = rating_of(p)
    return rating is not None and rating.scale[1] in (10, 11)


def _is_question(p: ColumnProfile) -> bool:
    text = p.said.strip()
    numbered = re.match(
        r"(?i)^(?:q#?|frage|question|题|第)?\s*\d{1,3}(?:r\d+|[a-z])?(?:[._、:：)）\s]|$|_)", text
    )
    sided = re.match(r"(?i)^(?:exp|per|imp|item|kano_[fd])_?\d{1,2}$|^(?:q|csat|nps)\d*$", text)
    long = len(text) > 28 or (len(text) > 9 and bool(re.search(r"[\u3040-\u9fff]{9}", text)))
    asked = bool(
        numbered or sided or text.endswith(("?", "？")) or long or p.heading.has("recommend")
    )
    # with codes for no answer even 0 to 10 has more different values
    few = 0 < p.distinct <= 12 or p.free_text
    few = few or (asked and p.distinct <= 20 and rating_of(p) is not None)
    return asked and few and not p.when


def _treatments(columns: Sequence[ColumnProfile]) -> float:
    named = [p for p in columns
             if p.heading.has("treatment") and 0 < p.distinct <= 40 and not p.when]  # fmt: skip
    if not named:
        return 0.0
    when, who = evidence.best(columns, evidence.date, enough=0.0), _who(columns, 3.0)
    score = 0.4 + 0.2 * bool(who) + 0.2 * bool(when)
    if who is not None:
        # who gave twice for a campaign was asked once: then these are gifts, and no treatments
        pairs = pd.DataFrame({"case": named[0].texts, "who": who.profile.somebody}).dropna()
        score -= 0.5 * (bool(len(pairs)) and bool(pairs.duplicated().mean() > _AGAIN))
    score -= 0.1 * max(0, len(columns) - 5)
    return score - 0.3 * bool(evidence.best(columns, evidence.money, enough=5))


def _series(columns: Sequence[ColumnProfile]) -> float:
    when = [p for p in columns if p.when]
    numbers = [p for p in columns if p.numeric]
    words = len(columns) - len(when) - len(numbers)
    if len(when) != 1 or not numbers or words > 1 or _who(columns, 3.0):
        return 0.0
    if any(p.heading.has("respondent", "recommend") for p in columns):
        return 0.0  # answers to questions
    once = when[0].unique > 0.98 or (words == 1 and when[0].repeats < 60)
    return 0.5 if once else 0.1


_SCORES: Mapping[str, Callable[[Sequence[ColumnProfile]], float]] = {
    "transactions": _transactions,
    "customers": _customers,
    "contracts": _contracts,
    "interactions": _interactions,
    "survey": _survey,
    "treatments": _treatments,
    "series": _series,
}
#: The standard tables.
TABLES = tuple(_SCORES)
