"""Whose answers a survey's are: by the number of the invitation that they bear."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from workbench.data import expressions as ibis
from workbench.data.engine import Engine
from workbench.data.sources.detect import exists
from workbench.data.sources.source import Source
from workbench.errors import DataError, did_you_mean
from workbench.study import Study

_COLUMNS = ("invitation", "customer_id")


def lists_of(study: Study) -> tuple[Path, ...]:
    """Give the lists of invitations that a study's card names."""
    named = study.survey.invited if study.survey is not None else ()
    return tuple(study.inside(name) for name in named)


def fingerprint(study: Study) -> str:
    """Hash the lists, for what is kept of the study's tables."""
    held = [path.read_bytes() if path.is_file() else b"" for path in lists_of(study)]
    return hashlib.sha256(b"\0".join(held)).hexdigest() if held else ""


def invited(study: Study) -> Mapping[str, str]:
    """Read whom each invitation went to.

    Returns
    -------
    dict
        Invitation, in capitals -> customer. A number that went to two is nobody's.

    Raises
    ------
    DataError
        A list is not there, or not one of invitations.
    """
    found: dict[str, str] = {}
    twice: set[str] = set()
    for path in lists_of(study):
        exists(path)
        reader = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")))
        have = list(reader.fieldnames or ())
        for column in _COLUMNS:
            if column not in have:
                raise DataError(
                    f"the list of invitations has no column {column!r}{did_you_mean(column, have)}",
                    where=str(path),
                    remedy="name under survey.invited the list that `workbench instrument` wrote",
                )
        for row in reader:
            number, customer = (str(row[column] or "").strip() for column in _COLUMNS)
            number = number.upper()
            if number and customer and found.setdefault(number, customer) != customer:
                twice.add(number)
    return {number: who for number, who in found.items() if number not in twice}


def with_invited(engine: Engine, study: Study, source: Source) -> Source:
    """Give answers that bear the number of an invitation their customer, where they name none."""
    if not lists_of(study):
        return source
    known = invited(study)
    names = study.tables[source.name].columns
    number, customer = (names.get(c, c) for c in ("respondent_id", "customer_id"))
    if number not in source.columns or not known:
        return source
    lists = engine.upload("invited", pa.table({"number_": [*known], "whose_": [*known.values()]}))
    rows = source.expr.mutate(number_key_=engine.text(source.expr[number]).upper())
    joined = rows.left_join(lists, rows.number_key_ == lists.number_)
    kept = {c: joined[c] for c in rows.columns if c != "number_key_"}
    own = engine.text(joined[customer]) if customer in source.columns else ibis.null("string")
    kept[customer] = ibis.coalesce(own, joined.whose_)
    n = int(engine.run(joined.filter(own.isnull() & joined.whose_.notnull()).count(), source.where))
    columns = tuple(dict.fromkeys([*source.columns, customer]))
    note = f"{n:,} answers bear the number of an invitation, and count as their customer's"
    return replace(source, expr=joined.select(**kept), columns=columns, notes=(*source.notes, note))
