"""Scores columns for the roles of the standard tables, by their headings and what they hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from workbench.data.text.currency import sign_in_heading
from workbench.new.columns.profile import ColumnProfile
from workbench.new.columns.states import state_of

#: Rows from which on products would be sold again.
_NO_PRODUCTS = 30
#: A role below this has no column.
ENOUGH = 3.0
_NEVER_WHO = (
    "order", "deal", "ticket", "date", "time", "amount", "total", "price", "quantity", "count",
    "note", "subject", "method", "group", "channel", "flag", "place", "address", "web", "birth",
    "gender", "tax", "discount", "rate", "expected", "probability", "currency", "row", "system",
    "joined", "created", "parent", "tags", "satisfaction", "status", "state", "category", "flow",
    "number_of", "balance", "fee", "freight", "net", "payable", "year", "age", "reply", "question",
    "resolved", "priority", "updated", "shipped", "measure", "wage",
)  # fmt: skip
_NEVER_MONEY = {
    "tax": 6, "freight": 6, "fee": 6, "discount": 6, "refund": 8, "expected": 5, "probability": 9,
    "rate": 9, "balance": 6, "quantity": 8, "count": 8, "number": 10, "id": 10, "year": 10,
    "age": 10, "row": 10, "flag": 10, "phone": 10, "number_of": 8, "date": 9, "time": 9,
    "reply": 8, "satisfaction": 8, "recommend": 9, "question": 8, "owner": 8, "address": 10,
    "group": 6, "card": 8, "birth": 10, "system": 8, "priority": 8, "measure": 10,
}  # fmt: skip


#: Customers in the plural: how many there were.
_SEVERAL = re.compile(r"(?i)guests|customers|visitors|clients|covers|personen|gäste|invités|人数")


#: Names that people give themselves.
_NICK = re.compile(
    r"(?i)nick ?name|screen ?name|昵称|暱稱|ニックネーム|닉네임|spitzname|pseudo\b|ник\b"
)


#: Halves of a name where both have a column.
_HALVES = (
    (re.compile(r"(?i)(?:first|given|fore|christian)[ _-]?name|vorname|pr[ée]nom|voornaam|имя"),
     re.compile(r"(?i)(?:last|family|sur)[ _-]?name|nachname|\bnom\b|achternaam|фамилия")),
    (re.compile(r"名(?:前)?$|^メイ$"), re.compile(r"姓(?:氏)?$|^セイ$")),
)  # fmt: skip


def half_names(columns: Sequence[ColumnProfile]) -> set[str]:
    """Give the columns of given and of family names: two people often have the same."""
    found: set[str] = set()
    for given, family in _HALVES:
        halves = [[p.name for p in columns if h.search(p.name)] for h in (given, family)]
        found |= {*halves[0], *halves[1]} if all(halves) else set()
    return found


#: What says of an amount that it is with taxes, and without.
_WITH_TAX = re.compile(
    r"(?i)\b(?:incl|inkl|inc|including|inclus|mit|med|with|com|con|с|со|z|s)\b|compris"
)
_WITHOUT_TAX = re.compile(
    r"(?i)\b(?:excl|exkl|ex|excluding|zonder|ohne|zzgl|without|before|hors|sans|sem|sin|senza|bez|без"
    r"|utan|uden|uten)\b"
)
#: An amount that is nothing in more of the rows is what is still owed, or a part of few.
_HALF = 0.5


@dataclass(frozen=True)
class Candidate:
    """A column for a role, and how much speaks for it."""

    profile: ColumnProfile
    score: float


def customer(p: ColumnProfile, *, log: bool = True) -> float:
    """Score a column as the one that says who; `log`: in a table that has people repeatedly."""
    h = p.heading
    score = max(
        (6.0 if h.has("customer", "requester") else 0.0),
        (5.0 if h.has("counterparty") else 0.0),
        (5.0 if h.has("account") else 0.0),
        (4.0 if h.has("contact") else 0.0),
    )
    named = score > 0
    if h.has("login"):
        score = max(score, 6.0)
        named = True
    if named and h.has("id", "number", "login"):
        score += 3
    elif named and h.has("phone"):
        score -= 1
    elif named and p.mail > 0.8:
        score += 1.5
    elif h.has("customer") and (p.code > 0.8 or (p.numeric and not p.fractions)):
        score += 2.5  # numbered, whatever it is called
    elif h.has("customer") and h.has("name") and "名称" not in h.text:
        score -= 1.6  # two people may have one name
    elif not named and p.mail > 0.8:
        score = 4.5 if h.has("email") else 3.5
    elif not named and h.has("phone") and p.phone > 0.5:
        score = 3.0
    elif not named and h.has("name"):
        score = 2.5 + h.has("billing")
    elif not named and h.has("card") and h.has("number", "id"):
        score = 3.5
    elif not named and h.has("respondent"):
        score = 2.0
    if _NICK.search(h.text):
        score -= 1.6  # of two people, too
    if h.has("owner", "device", "ticker", "supplier"):
        score -= 12
    if h.has("product", "store", "treatment", "contract") or h.measure:
        score -= 9
    if any(h.has(c) for c in _NEVER_WHO if not (c == "order" and h.has("login"))):
        score -= 8
    if h.has("shipto"):
        score -= 2
    score += 2 * p.named - (3 if p.named < 0.5 else 0) - (20 if p.named < 0.02 else 0)
    if not p.distinct or (p.distinct == 1 and len(p.somebody) > 2):
        score -= 12
    if p.when or p.boolean:
        score -= 12
    if p.free_text:
        score -= 6
    if p.numeric and p.fractions > 0.2:
        score -= 10
    if _SEVERAL.search(h.text) and p.numeric and not h.has("id", "number"):
        score -= 10  # how many came
    if log:
        score += 1.5 if p.repeats > 1.05 else (-2 if len(p.somebody) >= 30 else -0.5)
        pieces = p.numeric and not h.has("id", "number") and p.distinct <= 12
        few = 10 if pieces or not (named or h.concepts) else 50  # a state in words nobody knows
        score -= 5 if p.distinct < 12 and p.repeats > few else 0
        score -= 4 if p.sequence and p.unique > 0.98 else 0
    else:
        score += 2 if p.unique > 0.98 else -4
    return score


def order(p: ColumnProfile) -> float:
    """Score a column as the order's number."""
    h = p.heading
    numbered = h.has("id", "number")
    if h.has("order", "deal"):
        score = 6.0 + (2 if numbered else 0) - (4 if h.has("name") and not numbered else 0)
    elif h.has("payment", "billing") and numbered:
        score = 4.0
    elif (
        numbered and not h.has("customer", "account", "contact", "requester", "counterparty")
    ) or (h.has("name") and p.code > 0.8):
        score = 3.5
    else:
        return -9.0
    if h.has("customer", "account", "contact", "requester", "email", "phone", "respondent"):
        score -= 5
    if h.has(
        "product", "shipped", "store", "card", "owner", "parent", "system", "refund", "status",
        "date", "time", "amount", "total", "price", "quantity", "count", "note", "flag", "method",
        "currency", "address", "category", "channel", "discount", "tax", "fee", "year", "group",
        "expected", "number_of", "created", "closed", "updated", "web", "row", "net", "payable",
        "state", "rate", "probability", "place", "tags",
    ):  # fmt: skip
        score -= 7
    if p.when or p.boolean or p.free_text or p.distinct <= 1 or (p.numeric and p.fractions > 0.05):
        score -= 9
    if p.repeats > 60:
        score -= 5
    return score + 2 * p.filled


def date(p: ColumnProfile, *, deals: bool = False) -> float:
    """Score a column as the day of a purchase; of deals it is the day they are closed."""
    if not p.when:
        return -20.0
    h = p.heading
    score = 2.0
    score += 3 * h.has("order") + 2.5 * h.has("payment") + 1.5 * h.has("created")
    score += (5 if deals else 2) * h.has("closed") + 3 * h.has("deal") + 1.0 * h.has("date", "time")
    happened = deals and h.has("closed", "deal", "actual") and not h.has("created", "expected")
    score += 3 * (deals and h.has("actual")) + 5 * (happened and bool(_WON.search(h.text)))
    score -= 9 * bool(_LOST.search(h.text))
    score -= 6 * h.has("updated") + 5 * h.has("shipped") + 5 * h.has("due") + 14 * h.has("birth")
    score -= 7 * h.has("refund") + 5 * h.has("end") + 3 * h.has("joined") + 5 * h.has("owner")
    score -= 4 * h.has("resolved") + 4 * h.has("reply") + (5 if deals else 3) * h.has("expected")
    score += 3 * p.filled - 6 * (p.distinct <= 1 and p.rows > 3)
    # what is filled on a part of the rows is a later step of some of them
    return score - (3 if p.filled < 0.5 and not happened else 0)


#: Days on which a deal was won, and on which it was lost.
_WON = re.compile(r"(?i)\bwon\b|gewonnen|gagn|ganad|成交|赢单|成約|受注")
_LOST = re.compile(r"(?i)\blost\b|verloren|perdu|perdid|输单|丢单|失注")


def money(p: ColumnProfile) -> float:
    """Score a column as the money of a row."""
    if not p.numeric or p.boolean:
        return -20.0
    h = p.heading
    score = 0.0
    if h.has("amount", "total"):
        score = 4.0 + (1.0 if h.has("amount") and h.has("total") else 0.0)
    elif h.has("net"):
        score = 3.0
    elif h.has("payable", "payment"):
        score = 2.5
    elif h.has("price"):
        score = 2.0
    elif sign_in_heading(h.text):
        score = 3.0
    if h.has("net"):
        score -= 0.5 if not h.has("amount", "total") else 1.0  # beside one with taxes
    if "sub" in h.squashed or "小计" in h.squashed:
        score -= 1.5
    if h.has("payment"):
        score += 1.0
    if h.has("payable"):
        score -= 0.7
    if h.has("order", "deal"):
        score += 0.8
    if h.has("price") and h.has("unit"):
        score -= 5
    if h.has("unit") and not h.has("total", "amount"):
        score -= 1
    score -= sum(minus for concept, minus in _NEVER_MONEY.items() if h.has(concept))
    if h.has("tax") and (taxed := _taxed(p)):
        score += _NEVER_MONEY["tax"] + taxed
    if h.has("row") and h.has("amount", "total"):
        score += _NEVER_MONEY["row"]  # the total of a line
    if h.has("product", "store", "customer") and not h.has("amount", "total", "price", "net"):
        score -= 4
    if h.has("order") and h.has("total") and p.fractions == 0 and _small(p):
        score -= 6  # "total orders" is a count
    score += 2 * p.filled + (2.0 if p.fractions > 0.02 else 0.0)
    if p.sequence and p.distinct > 4 and p.fractions == 0:
        score -= 8
    if p.unix or (p.code > 0.5 and p.signed < 0.5) or _leading_zeros(p):
        score -= 8
    if h.measure or p.percent > 0.5:
        score -= 10
    score -= 6 * h.has("due")
    score += 3 * (p.signed > 0.5)
    values = p.numbers.dropna()
    if not len(values) or (values == 0).all():
        score -= 8
    elif p.distinct == 1 and p.rows > 20:
        score -= 2
    elif (values == 0).mean() > _HALF:
        score -= 3
    if not h.has("amount", "total", "net", "price", "payable", "payment") and p.fractions == 0:
        score -= 3
    return score


def _taxed(p: ColumnProfile) -> float:
    """Tell amounts with taxes (above zero) and without (below) from taxes (zero)."""
    if not p.heading.has("amount", "total", "net", "price", "payment", "payable", "order"):
        return 0.0
    if _WITHOUT_TAX.search(p.heading.text):
        return -1.0  # beside one with taxes
    return 0.5 if _WITH_TAX.search(p.heading.text) else 0.0


def says_money(p: ColumnProfile) -> bool:
    """Tell whether a column's heading or its values say that it is money."""
    told = p.heading.has(
        "amount", "total", "net", "price", "payable", "payment", "fee", "order", "deal", "monthly",
        "billing", "annual",
    )  # fmt: skip
    return bool(told or p.signed > 0.5 or sign_in_heading(p.heading.text))


def _small(p: ColumnProfile) -> bool:
    values = p.numbers.dropna()
    return bool(len(values)) and float(values.median()) < 50


def _leading_zeros(p: ColumnProfile) -> bool:
    few = [str(text) for text in p.texts.head(200)]
    return sum(text[:1] == "0" and text[1:2].isdigit() for text in few) > 0.2 * len(few)


def quantity(p: ColumnProfile) -> float:
    """Score a column as a number of pieces."""
    if not p.numeric or (p.sequence and p.unique > 0.9):
        return -9.0
    h = p.heading
    score = 6.0 if h.has("quantity") else (2.0 if h.has("count") else -9.0)
    score -= 7 * h.has("price", "amount", "net", "tax", "discount", "id", "refund", "shipped")
    score -= 2 * h.has("total", "order")  # that of all lines
    return score + (1 if p.fractions < 0.2 else -1) + p.filled


#: What a French till calls its goods; without the accent it is somebody's post.
_NAMED_GOODS = re.compile(r"(?i)désignation|libellé")


def product(p: ColumnProfile) -> float:
    """Score a column as what a row is of; a name reads better than its number."""
    h = p.heading
    item = h.has("unit") and "item" in h.squashed and not p.numeric
    item = item or (bool(_NAMED_GOODS.search(h.text)) and not p.numeric)
    if p.unique > 0.9 and len(p.somebody) > _NO_PRODUCTS:
        return -9.0  # the title of each deal
    if not (h.has("product") or item) or p.distinct < 2 or p.when or p.boolean:
        return -9.0
    bars: tuple[str, ...] = (
        "price", "amount", "total", "quantity", "count", "category", "method", "group", "note",
        "status", "store", "owner", "customer", "place", "number_of", "tax", "discount",
        "refund", "web", "order", "satisfaction",
    )  # fmt: skip
    score = 5.0 + 1.0 * h.has("name") - 1.0 * h.has("id", "number") - 0.5 * (p.code > 0.8)
    if h.has("row"):  # of a line of the order
        bars = tuple(bar for bar in bars if bar != "order")
    return score - 9 * h.has(*bars) - 9 * (p.fractions > 0.05) + 0.5 * p.filled


def unit_price(p: ColumnProfile) -> float:
    """Score a column as the price of a piece."""
    if not p.numeric:
        return -9.0
    h = p.heading
    score = 4.0 + 2 * h.has("unit") if h.has("price") else -9.0
    score -= 7 * h.has("discount", "total", "quantity", "refund", "freight", "fee")
    score -= 7 * (h.has("tax") and not _taxed(p))
    score -= 7 * (h.has("payable") and not h.has("unit"))
    return score + 2 * p.filled


def status(p: ColumnProfile) -> float:
    """Score a column as the state of an order or a deal."""
    if p.when or p.free_text or p.distinct == 0 or p.distinct > 40 or (p.numeric and not p.boolean):
        return -9.0
    h = p.heading
    known = sum(bool(state_of(v)) for v in p.counts.index) / p.distinct
    score = (4.0 if h.has("status") else 1.0 if h.has("state", "closed") else -3.0) + 4 * known
    score -= 4 * h.has("shipped") + 6 * h.has("owner", "flag", "customer", "product", "address")
    return score - (4 if h.has("state") and known < 0.5 else 0) - 3 * h.has("unit")


def best(
    columns: Sequence[ColumnProfile],
    score: Callable[[ColumnProfile], float],
    taken: Sequence[str] = (),
    enough: float = ENOUGH,
) -> Candidate | None:
    """Give the column that scores best for a role, if any scores enough."""
    scored = ranked(columns, score, taken)
    return scored[0] if scored and scored[0].score >= enough else None


def ranked(
    columns: Sequence[ColumnProfile],
    score: Callable[[ColumnProfile], float],
    taken: Sequence[str] = (),
) -> list[Candidate]:
    """Give the columns by their score for a role, the best first; ties keep the file's order."""
    free = [p for p in columns if p.name not in taken]
    return sorted((Candidate(p, score(p)) for p in free), key=lambda f: -f.score)


def depends(frame: pd.DataFrame, key: str, on: str) -> float:
    """Share of the values of `key` that have one value of `on` alone."""
    pairs = frame[[key, on]].dropna()
    if pairs.empty:
        return 0.0
    alone = pairs.drop_duplicates()[key].value_counts() == 1
    return float(alone.mean())
