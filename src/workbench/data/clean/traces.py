"""Where a person stands in the raw files: their ids, contacts and rows, for who must erase them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.data.clean.erasures import CONTACTS, forms_of, hash_of
from workbench.data.people import keys
from workbench.data.people.contacts import normal_contact, region_of
from workbench.data.people.pseudonyms import pseudonym
from workbench.data.sources.source import ROW

if TYPE_CHECKING:
    from workbench.data.clean.cleaner import Cleaner

_SHOWN = 5


@dataclass(frozen=True)
class Traces:
    """A person's traces.

    Attributes
    ----------
    ids : frozenset of str
        The ids under which the files have the person.
    rows : mapping
        Table -> how many rows, and the first places in its file.
    hashes : frozenset of str
        Of ids and contacts, as the list of the erased keeps them.
    pseudonyms : frozenset of str
        Under which results may have the person.
    """

    ids: frozenset[str]
    rows: Mapping[str, tuple[int, tuple[int, ...]]] = field(default_factory=dict)
    hashes: frozenset[str] = frozenset()
    pseudonyms: frozenset[str] = frozenset()


def traces_of(cleaner: Cleaner, owner: str, given: str) -> Traces:
    """Find a person's traces; see `workbench.data.tables.Tables.traces_of`."""
    asked = keys.normal_key(given)
    tables = {name: cleaner.identities.rows_and_ids(name) for name in cleaner.names}
    tables = {name: each for name, each in tables.items() if owner in each[0].columns}
    firsts: dict[str, str] = {}
    known: set[str] = set()
    for rows, first, source in tables.values():
        known |= {
            str(one)
            for one in cleaner.engine.run(rows.select(id_=rows[owner]).distinct(), source.where)[
                "id_"
            ].dropna()
        }
        if owner == "customer_id":
            firsts |= first
    person = firsts.get(asked, asked)
    ids = {one for one in (known | set(firsts) | {asked}) if firsts.get(one, one) == person}
    found, contacts = {}, {}
    for name, (rows, _, source) in tables.items():
        theirs = rows.filter(rows[owner].isin(sorted(ids)))
        places = cleaner.engine.run(theirs.select(ROW).order_by(ROW), source.where)[ROW]
        if len(places):
            found[name] = (len(places), tuple(int(p) for p in places.head(_SHOWN)))
        if name == "customers":
            contacts = _contacts(cleaner, rows, theirs, source.where)
    key, kind = cleaner.key, owner.removesuffix("_id")
    others = known - ids
    hashes = {hash_of(key, f"contact {what}", text) for what, text in contacts.items()}
    for one in ids:
        for form, text in forms_of(one).items():
            # an id of somebody else that differs in case or zeros alone stays
            if form == "id" or not any(forms_of(each).get(form) == text for each in others):
                hashes.add(hash_of(key, f"{owner} {form}", text))
    shown = frozenset(pseudonym(one, key, kind) for one in ids)
    return Traces(frozenset(ids), found, frozenset(hashes), shown)


def _contacts(cleaner: Cleaner, rows: Any, theirs: Any, where: str) -> dict[str, str]:
    """Give the contacts that are this person's alone."""
    region = region_of(cleaner.study.time_zone)
    found: dict[str, str] = {}
    for what in CONTACTS:
        if what not in rows.columns:
            continue
        for text in cleaner.engine.run(theirs.select(what), where)[what].dropna():
            plain = normal_contact(what, text, region)
            of_all, of_theirs = (
                int(cleaner.engine.run(each.filter(each[what] == text).count(), where))
                for each in (rows, theirs)
            )
            if plain is not None and of_all == of_theirs:
                found[what] = plain
    return found
