"""Reads the raw tables of a study, once each, and gives every row the reason to leave it out."""
# ruff: noqa: PD003  (Ibis calls it isnull)

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import pandas as pd

from workbench.data import expressions as ibis
from workbench.data.clean.erasures import without_consent, without_left_out
from workbench.data.clean.rules import DETAIL, REASON, Flagged, flag, standardise
from workbench.data.clean.selection import (
    select_columns,
    select_rows,
    without_amounts,
)
from workbench.data.clean.survey_form import standard_form
from workbench.data.engine import Engine
from workbench.data.people import keys
from workbench.data.people.invitations import with_invited
from workbench.data.schemas import Schema, schema_of
from workbench.data.sources.read import read_source, stream_source
from workbench.data.sources.source import ROW, Source, file_hash
from workbench.errors import DataError
from workbench.study import Study, is_large

#: Rows at the beginning of a file that tell how it is understood.
_BEGINNING = 2000
#: A table of more columns than this is asked through a view.
_WIDE = 40


class Reading:
    """The tables of a study as their rows were judged; each is read when it is first asked for.

    Parameters
    ----------
    study : Study
        The card.
    engine : Engine
        Where the tables are brought to.
    """

    def __init__(self, study: Study, engine: Engine) -> None:
        self.study = study
        self.engine = engine
        #: What the card leaves out of each table.
        self.left_out: dict[str, Mapping[str, int]] = {}
        self._flagged: dict[str, tuple[Source, Flagged, Schema | None]] = {}
        #: Table -> the words for nobody that are customers in it, and their rows.
        self._persons: dict[str, Mapping[str, int]] = {}

    def flagged(self, name: str) -> tuple[Source, Flagged, Schema | None]:
        """Give a table's source, its rows with their reasons, and what its columns hold."""
        if name not in self._flagged:
            if self._streams(name) and self._flag_streamed(name):
                return self._flagged[name]
            source = read_source(self.engine, self.study, name)
            chosen = select_rows(self.engine, self.study.tables[name], source)
            source, self.left_out[name] = chosen.source, chosen.left_out
            self._flagged[name] = self._judged(source, name)
            self.engine.release(source.held)
            if later := self._flagged[name][1].later:
                self.left_out[name] = {**self.left_out[name], "later": later}
        return self._flagged[name]

    def head(self, name: str, n: int) -> pd.DataFrame:
        """Give the first good rows as they are understood, under the ids of the source.

        Of a large file only the beginning is read, of a wide table only the first columns: the
        standard ones come before others.
        """
        flagged = self._flagged[name][1] if name in self._flagged else None
        card = self.study.tables[name]
        # which line has the total of its order only all of them tell
        opened = None
        if (
            flagged is None
            and card.amount_per != "order"
            and not (card.fill_down or card.group_rows)
        ):
            opened = stream_source(self.engine, self.study, name)
        if opened is not None:
            source = select_rows(self.engine, card, opened[0], count=False).source
            first = source.expr.limit(_BEGINNING)
            if ROW not in first.columns:
                first = first.mutate(**{ROW: ibis.row_number() + 2})
            try:
                flagged = self._judged(replace(source, expr=first), name)[1]
            except DataError:
                flagged = None  # the beginning may leave open what the whole file tells
            self._persons.pop(name, None)  # of the beginning
        if flagged is None or not len(rows := self._first_good(flagged, n, name)):
            rows = self._first_good(self.flagged(name)[1], n, name)
        return rows

    def _first_good(self, flagged: Flagged, n: int, name: str) -> pd.DataFrame:
        good = flagged.expr.filter(flagged.expr[REASON].isnull()).order_by(ROW).limit(n)
        shown = [c for c in good.columns if c not in (REASON, DETAIL, ROW)][:_WIDE]
        found: pd.DataFrame = self.engine.run(good.select(*shown), name)
        return found

    @cached_property
    def refusing(self) -> Mapping[str, frozenset[str]]:
        """Who did not consent, by the column that names them; asked once for all tables."""
        return without_consent(self.engine, self.study)

    def persons(self, source: Source, columns: Mapping[str, Any]) -> Mapping[str, int]:
        """Find the words for nobody that are customers in a table, with their rows."""
        name = source.name
        if "customer_id" not in columns or self.study.tables[name].lists_missing("customer_id"):
            return {}
        if name not in self._persons:
            known: Mapping[str, int] = {}
            if name != "customers" and "customers" in self.study.tables:
                self.flagged("customers")
                known = self._persons.get("customers", {})
            self._persons[name] = keys.like_persons(
                self.engine, source.expr, columns, known, source.where
            )
        return self._persons[name]

    def persons_of(self, name: str) -> dict[str, int]:
        """Give the words for nobody that are customers in a table that was read."""
        return dict(self._persons.get(name, {}))

    def forget(self) -> None:
        """Let go of what was read, where somebody else has made the same tables."""
        for _, flagged, _ in self._flagged.values():
            if flagged.table is not None:
                self.engine.drop(flagged.table)
        self._flagged.clear()

    def _streams(self, name: str) -> bool:
        """Tell whether a table's rows can be judged as they are read, all and in their order."""
        card = self.study.tables[name]
        chooses = card.where or card.fill_down or card.group_rows or card.amount_per == "order"
        whole = self.study.seen is None and not chooses and not card.consent
        return whole and not name.startswith("survey") and is_large(self.study)

    def _flag_streamed(self, name: str) -> bool:
        """Judge the rows of a large text file as they are read, without a copy of its texts.

        That asks for a part of the memory. What does not work in this way (False) is done, or
        refused, in the other.
        """
        opened = stream_source(self.engine, self.study, name)
        if opened is None or not opened[0].begins:
            return False
        source, rejected = opened
        rows = source.expr
        self.left_out[name] = {}
        try:
            source, flagged, schema = self._judged(source, name)
            lines = rejected()
        except DataError:
            return False
        if source.expr is not rows:  # some were left out: the places of the others are not known
            self.engine.drop(flagged.table)
            return False
        path = self.study.file_of(name)
        source = replace(
            source,
            malformed=lines.malformed,
            notes=(*source.notes, *lines.notes),
            sha256=file_hash(path),
        )
        self._flagged[name] = (source, flagged, schema)
        return True

    def _judged(self, source: Source, name: str) -> tuple[Source, Flagged, Schema | None]:
        checked = self.study.survey
        schema = schema_of(name)
        if schema is not None and schema.name == "survey" and checked is not None:
            schema = schema_of(name, checked)
            source = standard_form(self.engine, self.study, source)
            source = with_invited(self.engine, self.study, source)
        if schema is not None:
            source = select_columns(self.study, source, schema)
        source, refused = without_left_out(self.engine, self.study, source, schema, self.refusing)
        if refused:
            self.left_out[name] = {**self.left_out.get(name, {}), "consent": refused}
        columns = standardise(source, self.study.tables[name], schema)
        if schema is not None:
            card = self.study.tables[name]
            source = without_amounts(self.engine, card, source, schema, columns)
        persons = self.persons(source, columns)
        return source, flag(self.engine, self.study, source, schema, columns, persons), schema
