"""Tells by its words what a state, a type or an event says of a row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import yaml

from workbench.new.columns.words import squash

_FILE = Path(__file__).with_name("states.yml")
#: Groups of the file that are no states of rows.
_APART = ("settled", "must", "owed", "sent", "billing_types", "sage_types")
#: Systems' types of bills, and the one of plain invoices.
_BILLS = {"billing_types": "F2", "sage_types": "SI"}
#: States of shop orders and of bills, beside which "sent" is a parcel or a bill.
_PAID = {"paid", "shipped", "delivered", "overdue", "bezahlt", "geliefert", "paye", "payee",
         "livree", "pagado", "pagato", "betaald", "已付款", "已发货"}  # fmt: skip
#: What the groups say of a row whose own state it is.
_PURCHASES = ("bought", "item", "ordered", "invoiced", "settles", "actual", "received")
_ASIAN = re.compile(r"[\u3040-\u9fff\uac00-\ud7af]")
#: A mark before or behind a state, which says more of the row than the state: (删除)等待出库.
_MARK = re.compile(r"[(\[（【［〔]([^()\[\]（）【】［］〔〕]+)[)\]）】］〕]")
_NEGATED = "未无無不非没"
_NOT = {"no", "not", "non", "un", "never", "without", "nicht", "ohne", "kein", "keine", "pas",
        "sans", "sin", "senza", "nie", "bez", "не", "без"}  # fmt: skip
#: What says that something is not there yet; of a payment it says that nothing is bought yet, of a
#: parcel that something is.
_WAITS = {"awaiting", "waiting", "pending", "attente", "attesa", "pendiente", "aguardando",
          "wartet", "ausstehend", "oczekuje", "ожидает", "ожидание", "ожидается"}  # fmt: skip
_MONEY = {"payment", "payments", "paiement", "pago", "pagamento", "zahlung", "betaling", "оплаты",
          "платежа", "deposit", "funds", "cheque"}  # fmt: skip
_PARCEL = {"shipment", "shipping", "fulfillment", "fulfilment", "pickup", "dispatch", "delivery",
           "collection", "expedition", "livraison", "versand", "envio", "spedizione"}  # fmt: skip
#: What may stand beside the word for a payment: what it was made with, from whom, that it came.
_PAID_WITH = {"customer", "cash", "card", "credit", "debit", "bank", "wire", "online", "web", "in",
              "out", "received", "receive", "of", "from", "direct", "sepa", "paypal", "stripe",
              "final", "full", "made", "eingang", "client", "clients", "invoice"}  # fmt: skip
#: Letters of a Latin word from which on it says something inside a longer value, too.
_LONG = 6


@cache
def _file() -> Mapping[str, Sequence[str]]:
    words: Mapping[str, Sequence[str]] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return words


@cache
def _known() -> Mapping[str, tuple[str, ...]]:
    """Give the groups of each word, in the order of the file."""
    found: dict[str, tuple[str, ...]] = {}
    for group, words in _file().items():
        for word in words if group not in _APART else ():
            plain = squash(word) or word
            if group not in found.get(plain, ()):
                found[plain] = (*found.get(plain, ()), group)
    return found


@cache
def _phrases() -> Mapping[tuple[str, ...], tuple[str, ...]]:
    """Give the Latin words that are looked for inside a value, too, taken apart."""
    return {
        _words(word): _known()[squash(word)]
        for group, words in _file().items()
        for word in words
        if group not in _APART and not _ASIAN.search(word) and len(squash(word)) >= _LONG
    }


@cache
def _apart(group: str) -> frozenset[str]:
    return frozenset(map(squash, _file()[group]))


def _words(text: str) -> tuple[str, ...]:
    parts = re.split(r"[\W_]+|(?<=[a-z])(?=[A-Z])", text)  # MerchantPayout
    return tuple(w for part in parts if (w := squash(part)))


@cache
def yes_and_no() -> frozenset[str]:
    """Give the words for yes and no, in small letters; 1 and 0 may be numbers."""
    words = (word for group in ("yes", "no") for word in _file()[group])
    return frozenset(word.casefold() for word in words if not word[0].isdigit())


def is_settled(value: str) -> bool:
    """Tell whether a state of a service contact is its end."""
    return squash(value) in _apart("settled")


def must_be(heading: str) -> bool:
    """Tell whether a column of yes and no with this heading is yes for every purchase."""
    return squash(heading) in _apart("must")


def quotes_too(values: Iterable[str]) -> bool:
    """Tell whether what is "sent" among these states is a quotation: beside quotations and sales.

    Beside paid and shipped orders it is a parcel, beside paid and overdue ones a bill.
    """
    stated = {squash(value): groups_of(value) for value in values}
    if not _PAID.isdisjoint(stated):
        return False
    return "sale" in stated or any("quoted" in groups for groups in stated.values())


def billing_types(values: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Give the groups of SAP's and Sage's types, where they stand beside the one of invoices."""
    plain = {value: value.strip().upper() for value in values}
    named = next((name for name, bill in _BILLS.items() if bill in plain.values()), "")
    codes = dict(code.split(" ") for code in _file()[named]) if named else {}
    if not codes or not all(re.fullmatch(r"[A-Z0-9]{2,4}", v) for v in plain.values()):
        return {}
    return {value: (codes[code],) for value, code in plain.items() if code in codes}


def is_sent(value: str) -> bool:
    """Tell the bare word for sent, which does not say what was."""
    return squash(value) in _apart("sent")


def is_owed(value: str) -> bool:
    """Tell whether it is said of a bill that it is not paid yet."""
    return squash(value) in _apart("owed")


@cache
def groups_of(value: str) -> tuple[str, ...]:
    """Give the groups of ``states.yml`` that a value belongs to, the likeliest first."""
    if any(map(_undoes, _MARK.findall(value))):
        return ("not_bought",)
    plain = squash(value) or value.strip()
    known = _known()
    if plain in known:
        return known[plain]
    if _ASIAN.search(plain):
        return _of_several(_inside_asian(plain))
    return _inside(value)


def _undoes(mark: str) -> bool:
    if _ASIAN.search(mark) and "删除" not in mark:  # (可取消) may be cancelled, and is not
        return "not_bought" in _known().get(squash(mark), ())
    return "not_bought" in groups_of(mark)


def _inside(value: str) -> tuple[str, ...]:
    """Look for the longest known word of a value; where several say different things, none does."""
    words = _words(value)
    if len(words) > 1 and words[0] in _NOT and groups_of(" ".join(words[1:])) == ("not_bought",):
        return ("bought",)  # not cancelled
    if len(words) > 6 or not _NOT.isdisjoint(words):
        return ()
    if len(words) > 1 and not _WAITS.isdisjoint(words):
        if not _MONEY.isdisjoint(words):
            return ("open",)
        if not _PARCEL.isdisjoint(words):
            return () if "cash" in words else ("bought",)
    found: dict[tuple[str, ...], tuple[str, ...]] = {}
    for size in range(min(3, len(words)), 0, -1):
        for at in range(len(words) - size + 1):
            part = words[at : at + size]
            if any(set(part) <= set(longer) for longer in found):
                continue
            if groups := _phrases().get(part) or (_compound(part[0]) if size == 1 else ()):
                found[part] = groups
    told = _of_several([*found.values()])
    if told[:1] == ("settles",) and set(words) - {w for part in found for w in part} - _PAID_WITH:
        return ()  # a payment of which more is said: that it was accepted, is due, went wrong
    return told


def _inside_asian(text: str) -> list[tuple[str, ...]]:
    """Find the known words of a value, longer ones first; none that is denied (未退款)."""
    found = []
    for word in _asian_words():
        at = text.find(word)
        if at >= 0:
            if not at or text[at - 1] not in _NEGATED:
                found.append(_known()[word])
            text = text.replace(word, "\x00")
    return found


@cache
def _asian_words() -> tuple[str, ...]:
    words = (word for word in _known() if len(word) > 1 and _ASIAN.search(word))
    return tuple(sorted(words, key=lambda word: -len(word)))


def _of_several(found: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Choose among the words of one value: a payment refund is a refund, a void invoice is void."""
    told = [g for g in ("not_bought", "refund") if any(g in groups for groups in found)]
    if told:
        return (told[0],) if len(told) == 1 else ()
    waiting = [groups for groups in found if "open" in groups or "quoted" in groups]
    return next(iter(waiting or found)) if waiting or len(set(found)) == 1 else ()


def _compound(word: str) -> tuple[str, ...]:
    """Read a German compound by a part that speaks of money back: Stornorechnung."""
    parts = ("gutschrift", "storno", "erstattung", "retoure", "ruckgabe", "retouren")
    return ("refund",) if any(word.startswith(p) or word.endswith(p) for p in parts) else ()


def state_of(value: str) -> str:
    """Tell what a status says, such as ``bought`` or ``open``; "" where that is unknown."""
    return next(iter(groups_of(value)), "")


def is_purchase(value: str) -> bool | None:
    """Tell whether a row of this state is a purchase; None where that is unknown."""
    state = state_of(value)
    if state in ("", "yes", "no"):
        return None
    return state in _PURCHASES
