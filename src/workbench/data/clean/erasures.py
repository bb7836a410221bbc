"""Who is left out of everything: people who asked to be erased, and those who did not consent.

Of the erased a study keeps a keyed hash of each id and contact in ``erasures.yml``, and nothing
else. Every reader of a table drops their rows before it does anything with them.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import os
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from workbench.data import expressions as ibis
from workbench.data.clean.rules import standardise
from workbench.data.clean.selection import select_rows
from workbench.data.engine import Engine
from workbench.data.people import keys
from workbench.data.people.contacts import normal_contact, region_of
from workbench.data.people.pseudonyms import study_key
from workbench.data.schemas import Schema, schema_of
from workbench.data.sources.read import read_source
from workbench.data.sources.source import Source
from workbench.errors import DataError
from workbench.study import Study
from workbench.study.reader import parse_yaml

PLACE = "erasures.yml"
_HEAD = (
    "# People whose data this study does not use: hashes of their ids and contacts under its key,"
    "\n# written by `workbench forget`. Without this file they come back.\n"
)
_DIGITS = 32
#: Columns that say whose a row is; the second counts where there is no first.
OWNERS = ("customer_id", "respondent_id")
CONTACTS = ("phone", "email")
#: Tables of a person's things: what says which thing it is, and the table that says whose it is.
OF_THINGS = {"opportunity_id": "opportunities", "ticket_id": "interactions"}


@dataclass(frozen=True)
class Erasures:
    """The list of a study.

    Attributes
    ----------
    hashes : frozenset of str
        Of ids, and of contacts.
    people : int
        How many people are on it.
    last : date or None
        When the last of them was put there.
    """

    hashes: frozenset[str] = frozenset()
    people: int = 0
    last: dt.date | None = None
    entries: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)

    def __bool__(self) -> bool:
        return bool(self.hashes)


def path_of(study: Study) -> Path:
    """Give the place of a study's list."""
    return study.folder / PLACE


def read_erasures(study: Study) -> Erasures:
    """Read the list of a study.

    Raises
    ------
    DataError
        If it cannot be read, or was written under another key: nobody on it would be known again.
    """
    path = path_of(study)
    try:
        content = parse_yaml(path.read_text(encoding="utf-8"), str(path), DataError)[0] or {}
        entries = tuple(dict(one) for one in content.get("erased") or ())
        hashes = frozenset(str(each) for one in entries for each in one["hashes"])
        days = [dt.date.fromisoformat(str(one["on"])) for one in entries]
    except FileNotFoundError:
        return Erasures()
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            f"the list of erased people cannot be read: {' '.join(str(error).split())}",
            where=str(path),
            remedy="take it from version control again: without it they come back",
        ) from None
    if entries and content.get("key") != _fingerprint(study):
        raise DataError(
            "the list of erased people was written under another key, and nobody on it is known",
            where=str(path),
            remedy=f"set {study.privacy.key_env} to the key with which they were erased",
        )
    return Erasures(hashes, len(entries), max(days, default=None), entries)


def add_erasure(study: Study, hashes: Iterable[str], on: dt.date) -> bool:
    """Put a person on the list of a study; tell whether anything new was put there."""
    known = read_erasures(study)
    fresh = sorted(set(hashes) - known.hashes)
    if not fresh:
        return False
    entries = [*known.entries, {"on": on.isoformat(), "hashes": fresh}]
    content = {"key": _fingerprint(study), "erased": [dict(one) for one in entries]}
    path = path_of(study)
    aside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    aside.write_text(_HEAD + yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    aside.replace(path)
    return True


def hash_of(key: bytes, kind: str, text: str) -> str:
    """Hash an id or a contact under a study's key; nobody without the key can tell whose it is."""
    return hmac.digest(key, f"erased {kind}:{text}".encode(), "sha256").hex()[:_DIGITS]


def forms_of(text: str) -> dict[str, str]:
    """Write an id in the ways in which the tables of a study may differ: case, leading zeros."""
    plain = keys.normal_key(text)
    forms = {"id": plain, "folded": plain.casefold()}
    if plain.isdigit():
        forms["bare"] = plain.lstrip("0")
    return forms


def fingerprint(study: Study) -> str:
    """Hash the list, for what is kept of the study's tables."""
    known = read_erasures(study)
    return hashlib.sha256("\n".join(sorted(known.hashes)).encode()).hexdigest() if known else ""


def _fingerprint(study: Study) -> str:
    return hmac.digest(study_key(study), b"fingerprint of the key of erasures", "sha256").hex()[:16]


# --- what readers do --------------------------------------------------------------------------


def without_left_out(
    engine: Engine,
    study: Study,
    source: Source,
    schema: Schema | None,
    refusing: Mapping[str, frozenset[str]],
) -> tuple[Source, int]:
    """Drop the rows of those who were erased and of those who did not consent.

    Parameters
    ----------
    engine : Engine
        Where the table is.
    study : Study
        Whose it is.
    source : Source
        The table.
    schema : Schema or None
        What its columns mean.
    refusing : mapping
        Who did not consent (`without_consent`).

    Returns
    -------
    Source
        The table without them.
    int
        How many rows lack consent; of the erased nothing is counted.
    """
    erased = read_erasures(study)
    if not erased and not refusing:
        return source, 0
    columns = standardise(source, study.tables[source.name], schema)
    owner = next((name for name in OWNERS if name in columns), None)
    refused = 0
    expr = source.expr
    if owner is not None:
        column = columns[owner].cast("string")
        given = _distinct(engine, column, source.where)
        gone, unwilling = _left_out(study, erased, refusing, owner, given)
        expr = _without(expr, column, gone)
        if unwilling:
            left = _without(expr, column, unwilling)
            refused = sum(
                int(engine.run(rows.count(), source.where)) * sign
                for rows, sign in ((expr, 1), (left, -1))
            )
            expr = left
    elif key := next((key for key in OF_THINGS if key in columns), None):
        things = _things_of(engine, study, key, erased, refusing)
        expr = _without(expr, columns[key].cast("string"), things)
    if erased and "customer_id" in columns:
        expr = _without_contacts(engine, study, erased, source, columns, expr)
    return replace(source, expr=expr), refused


def _left_out(
    study: Study,
    erased: Erasures,
    refusing: Mapping[str, frozenset[str]],
    owner: str,
    given: Collection[str],
) -> tuple[set[str], set[str]]:
    """Find the ids, as a table writes them, of the erased and of those who did not consent."""
    mine = refusing.get(owner, frozenset())
    gone = erased_ids(study, erased, owner, given) if erased else set()
    return gone, {one for one in given if keys.normal_key(one) in mine}


def _without(expr: Any, column: Any, gone: Collection[str]) -> Any:
    return expr.filter(column.isnull() | ~column.isin(sorted(gone))) if gone else expr


def _things_of(
    engine: Engine,
    study: Study,
    key: str,
    erased: Erasures,
    refusing: Mapping[str, frozenset[str]],
) -> set[str]:
    """Find the things (opportunities, tickets) of those who are left out, in the tables of them."""
    found: set[str] = set()
    for name, card in study.tables.items():
        schema = schema_of(name)
        if schema is None or schema.name != OF_THINGS[key]:
            continue
        source = read_source(engine, study, name)
        columns = standardise(source, card, schema)
        owner = next((each for each in OWNERS if each in columns), None)
        if owner is None or key not in columns:
            continue
        whose = columns[owner].cast("string")
        given = _distinct(engine, whose, source.where)
        gone, unwilling = _left_out(study, erased, refusing, owner, given)
        if theirs := gone | unwilling:
            only = whose.isin(sorted(theirs))
            found.update(_distinct(engine, columns[key].cast("string"), source.where, only=only))
    return found


def erased_ids(study: Study, erased: Erasures, kind: str, given: Collection[str]) -> set[str]:
    """Find the ids, as a table writes them, of people on the list."""
    key = study_key(study)
    return {
        one
        for one in given
        if any(
            hash_of(key, f"{kind} {form}", text) in erased.hashes
            for form, text in forms_of(one).items()
        )
    }


def _without_contacts(
    engine: Engine, study: Study, erased: Erasures, source: Source, columns: Any, expr: Any
) -> Any:
    """Drop rows without an id whose phone or e-mail is an erased person's."""
    key, region = study_key(study), region_of(study.time_zone)
    for name in CONTACTS:
        if name not in columns:
            continue
        column, nobody = columns[name].cast("string"), columns["customer_id"].isnull()
        given = _distinct(engine, column, source.where, only=nobody)
        gone = [
            one
            for one in given
            if (plain := normal_contact(name, one, region)) is not None
            and hash_of(key, f"contact {name}", plain) in erased.hashes
        ]
        if gone:
            expr = expr.filter(~(nobody & column.isin(gone).fill_null(False)))
    return expr


def _distinct(engine: Engine, column: Any, where: str, only: Any = None) -> list[str]:
    chosen = column if only is None else ibis.ifelse(only, column, ibis.null("string"))
    table = chosen.name("text_").as_table()
    rows = engine.run(table.filter(table.text_.notnull()).select("text_").distinct(), where)
    return [str(one) for one in rows["text_"]]


def without_consent(engine: Engine, study: Study) -> dict[str, frozenset[str]]:
    """Find those who did not consent, by the columns that the card names (``consent``).

    Returns
    -------
    dict
        Column that names people -> their ids, in every table that says who consented.
    """
    found: dict[str, set[str]] = {}
    for name, card in study.tables.items():
        if not card.consent:
            continue
        source = read_source(engine, study, name)
        asked = card.model_copy(update={"where": card.consent, "amount_per": "row"})
        columns = standardise(source, card, None)
        owner = next((each for each in OWNERS if each in columns), None)
        if owner is None:
            raise DataError(
                "a table that says who consented must say who they are",
                where=f"{study.path}, tables.{name}.consent",
                remedy=f"map a column to {' or '.join(OWNERS)}",
            )
        kept = select_rows(engine, asked, source, count=False).source
        all_of = _distinct(engine, columns[owner].cast("string"), source.where)
        agreed = _distinct(
            engine, standardise(kept, card, None)[owner].cast("string"), source.where
        )
        plain = {keys.normal_key(one) for one in agreed}
        refusing = {keys.normal_key(one) for one in all_of} - plain
        found.setdefault(owner, set()).update(refusing)
    return {owner: frozenset(ids) for owner, ids in found.items() if ids}
