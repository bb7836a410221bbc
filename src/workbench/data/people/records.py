"""Writes records one way, so that they can be compared, and counts how common what they hold is."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.data.people.comparisons import Contacts
from workbench.data.people.contacts import normal_address, normal_email, normal_phone
from workbench.data.people.names import Name, name_of

#: More names than this on one phone or address are an office's or a placeholder's, not a person's.
LARGEST_PERSON = 5
#: Share of strangers with one family name or one given name, worth so many records.
ONE_NAME, NAMES = 0.004, 60
SAME_YEAR = 0.017
#: However rare a name is, so many strangers bear it: names run in families.
NAMESAKES = 1e-5


def written_one_way(
    customers: pd.DataFrame, region: str
) -> tuple[pd.DataFrame, list[Name], list[Contacts], int]:
    """Write every record one way; count the contacts that are nobody's own."""
    names = [name_of(text) or Name() for text in _texts(customers, "name")]
    phones = [normal_phone(text, region) for text in _texts(customers, "phone")]
    mails = [normal_email(text) for text in _texts(customers, "email")]
    places = [normal_address(text) for text in _texts(customers, "address")]
    years = pd.to_numeric(customers.get("birth_year", pd.Series([None] * len(names))), "coerce")
    keys = [name.key for name in names]
    lines, desks = _not_own(phones, keys), _not_own(mails, keys)
    crowds = _not_own([place[0] if place else None for place in places], keys)
    contacts = [
        Contacts(
            phone=phone if phone not in lines else None,
            mail=mail if mail not in desks else None,
            line=phone if phone in lines else None,
            desk=mail if mail in desks else None,
            place=place if place and place[0] not in crowds else None,
        )
        for phone, mail, place in zip(phones, mails, places, strict=True)
    ]
    frame = pd.DataFrame(
        {
            "record": range(len(names)),
            "at": range(len(names)),
            "written": [n.written for n in names],
            "sounds": keys,
            "house": [n.sound[0] for n in names],
            "first": [n.sound[1] for n in names],
            "short": [f"{n.sound[0]} {n.sound[1][:1]}" if n.given else "" for n in names],
            "phone": [c.phone for c in contacts],
            "mail": [c.mail for c in contacts],
            "line": [c.line for c in contacts],
            "desk": [c.desk for c in contacts],
            "box": [c.mail.split("@")[0] if c.mail else None for c in contacts],
            "head": [c.phone[:-4] if c.phone else None for c in contacts],
            "tail": [c.phone[-4:] if c.phone else None for c in contacts],
            "address": [c.place[0] if c.place else None for c in contacts],
            "numbers": [c.place[1] if c.place else None for c in contacts],
            "year": pd.array(years.round().to_numpy(), dtype="Int64"),
        }
    )
    for column in frame.columns.drop(["record", "at", "year"]):
        frame[column] = frame[column].astype(object).replace({"": None})
    return frame, names, contacts, len(lines) + len(desks)


def _not_own(contacts: list[str | None], keys: list[str]) -> set[str]:
    """Give the contacts of more people than a family; who has no name counts each time."""
    names: dict[str, set[str]] = {}
    for at, (contact, key) in enumerate(zip(contacts, keys, strict=True)):
        if contact is not None:
            names.setdefault(contact, set()).add(key or f"record {at}")
    return {contact for contact, known in names.items() if len(known) > LARGEST_PERSON}


def _texts(frame: pd.DataFrame, column: str) -> list[str | None]:
    if column not in frame:
        return [None] * len(frame)
    return [None if pd.isna(value) else str(value) for value in frame[column]]


def same_year(years: pd.Series) -> float:
    """Give the share of strangers who were born in one year."""
    counts = years.value_counts().to_numpy(float)
    n = counts.sum()
    pairs = (counts * (counts - 1)).sum()
    return float((pairs + SAME_YEAR * 2_000) / (n * max(n - 1, 0) + 2_000))


def frequencies(records: pd.DataFrame, names: list[Name]) -> dict[str, pd.DataFrame]:
    """Give for each way to write a name the share of strangers who are called so.

    A name is as rare as its two parts together: of a rare one the table has few, and one of the
    few may be the double.
    """
    n = len(records)
    parts = pd.DataFrame(
        {
            "last": [name.family for name in names],
            "first": [name.given for name in names],
            "slast": [name.sound[0] for name in names],
            "sfirst": [name.sound[1] for name in names],
        }
    )
    share = {column: words.map(_shares(words, n)) for column, words in parts.items()}
    letter = parts["sfirst"].str[:1]
    letters = {k: (c + 1) / (n + 26) for k, c in letter.value_counts().items()} | {"": 1.0}
    of = {
        "written": share["last"] * share["first"],
        "sounds": share["slast"] * share["sfirst"],
        "short": share["slast"] * letter.map(letters),
        "house": share["slast"],
        "first": share["sfirst"],
    }
    tables = {}
    for column, rare in of.items():
        frame = pd.DataFrame({column: records[column], f"tf_{column}": rare})
        frame = frame.dropna().drop_duplicates(column)
        # Some names go together more often than chance has it.
        counts = frame[column].map(records[column].value_counts())
        frame[f"tf_{column}"] = np.maximum(frame[f"tf_{column}"], (counts - 2) / n)
        frame[f"tf_{column}"] = frame[f"tf_{column}"].clip(NAMESAKES)
        tables[column] = frame
    return tables


def _shares(words: pd.Series, n: int) -> dict[str, float]:
    counts = words.value_counts()
    shares = {str(k): (c - 1 + ONE_NAME * NAMES) / (n - 1 + NAMES) for k, c in counts.items()}
    return shares | {"": 1.0}
