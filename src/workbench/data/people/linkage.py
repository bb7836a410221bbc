"""Finds the records that belong to one person, by customer id, phone and e-mail."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import pandas as pd
import phonenumbers
from babel.core import get_global

#: More ids than this on one phone or address are a placeholder or an office, not a person.
LARGEST_PERSON = 5

_CHINESE_MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9]\d{9})")


@dataclass(frozen=True)
class Links:
    """Who is who.

    Attributes
    ----------
    canonical : dict
        Customer id -> the id of the person's first record. Only ids that change are listed.
    by : dict
        How many records were linked by what: ``phone and e-mail``, ``phone``, ``e-mail``.
    phones, emails : dict
        Normalised contact -> customer id, where it belongs to one person only.
    shared : int
        Contacts that too many customers share to say who they are.
    refused : int
        Pairs that share a phone or an e-mail but have different names.
    """

    canonical: Mapping[str, str] = field(default_factory=dict)
    by: Mapping[str, int] = field(default_factory=dict)
    phones: Mapping[str, str] = field(default_factory=dict)
    emails: Mapping[str, str] = field(default_factory=dict)
    shared: int = 0
    refused: int = 0

    @property
    def linked(self) -> int:
        """Number of records that turned out to be of a person already there."""
        return len(self.canonical)


def region_of(time_zone: str) -> str:
    """Give the two-letter country of a time zone, for phone numbers without a country code."""
    return str(get_global("zone_territories").get(time_zone, "ZZ"))


@lru_cache(maxsize=200_000)
def normal_phone(text: str | None, region: str) -> str | None:
    """Write a phone number in E.164, or give None where it is no possible number.

    Parameters
    ----------
    text : str or None
        As people write it: ``138-0013 8000``, ``0086 138...``, ``（010）6552 9988``.
    region : str
        Two-letter country for numbers without a country code, such as ``CN``.
    """
    if not text:
        return None
    # A spreadsheet may have taken the number for an amount: 13800138000.0.
    plain = unicodedata.normalize("NFKC", text).strip().removesuffix(".0")
    digits = re.sub(r"[\s().\-–—]", "", plain)
    if region == "CN" and (mobile := _CHINESE_MOBILE.fullmatch(digits)):
        return f"+86{mobile[1]}"
    try:
        number = phonenumbers.parse(plain, region if region != "ZZ" else None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normal_email(text: str | None) -> str | None:
    """Write an e-mail address in lower case, without a ``+tag``; None where it is none."""
    if not text:
        return None
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", plain):
        return None
    user, domain = plain.rsplit("@", 1)
    return f"{user.split('+')[0]}@{domain}"


def normal_name(text: str | None) -> str | None:
    """Write a name so that order, case, accents and titles do not matter."""
    if not text:
        return None
    plain = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    plain = re.sub(r"\b(mr|mrs|ms|miss|dr|prof)\b\.?|先生|女士|小姐", " ", plain)
    words = sorted(re.findall(r"\w+", plain))
    return " ".join(words) or None


def link(customers: pd.DataFrame, region: str) -> Links:
    """Find the customers that are one person.

    Two records are one person when both phone and e-mail agree, or when one of them agrees and
    the names agree or one name is missing. Contacts that more than `LARGEST_PERSON` ids share
    link nobody.

    Parameters
    ----------
    customers : DataFrame
        ``customer_id`` and any of ``name``, ``phone``, ``email``; one row a record, first
        records first.
    region : str
        Two-letter country for phone numbers without a country code.
    """
    ids = customers["customer_id"].tolist()
    phones = [normal_phone(t, region) for t in _texts(customers, "phone")]
    emails = [normal_email(t) for t in _texts(customers, "email")]
    names = [normal_name(t) for t in _texts(customers, "name")]
    parent = list(range(len(ids)))
    by: dict[str, int] = {}
    shared = refused = 0
    pairs: dict[tuple[int, int], set[str]] = {}
    for kind, contacts in (("phone", phones), ("e-mail", emails)):
        groups: dict[str, list[int]] = {}
        for i, contact in enumerate(contacts):
            if contact is not None:
                groups.setdefault(contact, []).append(i)
        for members in groups.values():
            if len(members) > LARGEST_PERSON:
                shared += 1
                continue
            for at, i in enumerate(members):
                for j in members[at + 1 :]:
                    pairs.setdefault((i, j), set()).add(kind)
    for (i, j), kinds in sorted(pairs.items()):
        agree = names[i] is None or names[j] is None or names[i] == names[j]
        if not agree and len(kinds) < 2:
            refused += 1
            continue
        first, second = sorted((_root(parent, i), _root(parent, j)))
        if first != second:
            parent[second] = first
            how = " and ".join(k for k in ("phone", "e-mail") if k in kinds)
            by[how] = by.get(how, 0) + 1
    roots = [_root(parent, i) for i in range(len(ids))]
    canonical = {ids[i]: ids[root] for i, root in enumerate(roots) if root != i}
    people = [ids[root] for root in roots]
    return Links(
        canonical,
        by,
        _unambiguous(phones, people),
        _unambiguous(emails, people),
        shared,
        refused,
    )


def _texts(frame: pd.DataFrame, column: str) -> list[str | None]:
    if column not in frame:
        return [None] * len(frame)
    return [None if pd.isna(value) else str(value) for value in frame[column]]


def _root(parent: list[int], i: int) -> int:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


def _unambiguous(contacts: Iterable[str | None], people: Iterable[str]) -> dict[str, str]:
    owners: dict[str, set[str]] = {}
    for contact, person in zip(contacts, people, strict=True):
        if contact is not None:
            owners.setdefault(contact, set()).add(person)
    return {contact: next(iter(ids)) for contact, ids in owners.items() if len(ids) == 1}


def matched_ids(unknown: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """Match ids that differ from a known one only by leading zeros (a spreadsheet drops them).

    Parameters
    ----------
    unknown : iterable of str
        Ids of another table that the customer table does not have.
    known : iterable of str
        The customer table's ids.

    Returns
    -------
    dict
        Unknown id -> known id, where exactly one fits.
    """
    bare: dict[str, set[str]] = {}
    for one in known:
        bare.setdefault(one.lstrip("0"), set()).add(one)
    return {
        one: next(iter(fits))
        for one in unknown
        if one.isdigit() and len(fits := bare.get(one.lstrip("0"), set())) == 1
    }
