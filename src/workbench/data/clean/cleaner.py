"""Makes a study's raw tables fit to be seen: cleans, links and pseudonymises them."""
# ruff: noqa: PD003, PD004  (Ibis calls it isnull)

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pandas as pd
import pyarrow as pa

from workbench.data import expressions as ibis
from workbench.data.clean.amounts import no_money
from workbench.data.clean.erasures import without_consent, without_left_out
from workbench.data.clean.facts import facts_of
from workbench.data.clean.refunds import (
    CANCELLED,
    NETTED,
    PURCHASE,
    UNMATCHED,
    Netting,
    net,
    refunds_of,
)
from workbench.data.clean.report import Linking, TableReport
from workbench.data.clean.rules import DETAIL, REASON, REASONS, Flagged, flag, standardise
from workbench.data.clean.selection import (
    UNNAMED,
    not_to_publish,
    select_columns,
    select_rows,
    without_amounts,
)
from workbench.data.clean.survey_form import standard_form
from workbench.data.engine import Engine
from workbench.data.people import keys, pseudonyms, review
from workbench.data.people import linkage as identity
from workbench.data.people.contacts import normal_contact, region_of
from workbench.data.people.masking import NameBook, free_texts, mask_texts, mask_value
from workbench.data.people.parents import top_parents
from workbench.data.schemas import PEOPLE, Schema, known_by, schema_of
from workbench.data.sources.read import read_source, stream_source
from workbench.data.sources.source import ROW, Source, file_hash
from workbench.errors import DataError
from workbench.study import Study, is_large

#: What the ids of the standard tables name; the same id gets the same pseudonym everywhere.
ID_KINDS = {
    "customer_id": "customer",
    "respondent_id": "respondent",
    "contract_id": "contract",
    "order_id": "order",
    "parent_id": "customer",
    "contact_id": "contact",
    "opportunity_id": "opportunity",
    "lead_id": "lead",
    "ticket_id": "ticket",
    "agent": "agent",
}

#: Rows at the beginning of a file that tell how it is understood.
_BEGINNING = 2000
#: A table of more columns than this is asked through a view.
_WIDE = 40


@dataclass(frozen=True)
class _Sifted:
    """The rows of a table that count, under the ids of the source, and what came of the others.

    Attributes
    ----------
    kept : ibis Table
        With the place of each row.
    refunded : ibis Table or None
        Of a log with refunds: the purchases that were refunded, as `net` gives them.
    report : TableReport
    """

    kept: Any
    refunded: Any
    report: TableReport


class Cleaner:
    """Cleans the tables of a study; each is read when it is first asked for.

    Parameters
    ----------
    study : Study
        The card.
    engine : Engine
        Where the tables are brought to. Until it is closed it holds raw rows, too.
    """

    def __init__(self, study: Study, engine: Engine) -> None:
        self.study = study
        self.engine = engine
        self.names = tuple(study.tables)
        #: What the card leaves out of each table.
        self._left: dict[str, Mapping[str, int]] = {}
        self._flagged: dict[str, tuple[Source, Flagged, Schema | None]] = {}
        self._sifted: dict[str, _Sifted] = {}
        self._clean: dict[str, tuple[Any, TableReport]] = {}
        self._left_out: dict[str, pd.DataFrame] = {}
        #: Table -> the words for nobody that are customers in it, and their rows.
        self._persons: dict[str, Mapping[str, int]] = {}
        #: Table -> the purchases that were refunded, as `net` gives them.
        self.refunded: dict[str, Any] = {}

    def __contains__(self, name: object) -> bool:
        return name in self.study.tables

    def set_aside(self, name: str) -> pd.DataFrame:
        """Give the rows that were set aside.

        Returns
        -------
        DataFrame
            row (in the source: 2 is the first below the header), reason, and what was found
            there, with words masked: a name may stand where a date should.
        """
        source, flagged, schema = self._flag(name)
        bad = flagged.expr.filter(flagged.expr[REASON].notnull()).select(ROW, REASON, DETAIL)
        rows = [*self.engine.run(bad, source.where).itertuples(index=False, name=None)]
        rows += [(line, "malformed", text) for line, text in source.malformed]
        if name == "customers" and self.links.linked:
            linked = self.engine.run(self._second_records(flagged).select(ROW), source.where)
            rows += [(row, "same person", "") for row in linked[ROW]]
        if schema is not None and schema.name == "transactions":
            self.report(name)
            if name in self._left_out:
                rows += [*self._left_out[name].itertuples(index=False, name=None)]
        frame = pd.DataFrame(rows, columns=["row", "reason", "found"])
        frame["found"] = [mask_value(t) if isinstance(t, str) else "" for t in frame["found"]]
        return frame.sort_values("row", ignore_index=True, kind="stable")

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
            rows = self._first_good(self._flag(name)[1], n, name)
        return rows

    def _first_good(self, flagged: Flagged, n: int, name: str) -> pd.DataFrame:
        good = flagged.expr.filter(flagged.expr[REASON].isnull()).order_by(ROW).limit(n)
        shown = [c for c in good.columns if c not in (REASON, DETAIL, ROW)][:_WIDE]
        found: pd.DataFrame = self.engine.run(good.select(*shown), name)
        return found

    def sha256(self, name: str) -> str:
        """Give the SHA-256 of a table's source as it was read."""
        return self._flag(name)[0].sha256

    @cached_property
    def key(self) -> bytes:
        """The key of the study's pseudonyms."""
        return pseudonyms.study_key(self.study)

    @cached_property
    def refusing(self) -> Mapping[str, frozenset[str]]:
        """Who did not consent, by the column that names them; asked once for all tables."""
        return without_consent(self.engine, self.study)

    def pseudonym(self, customer_id: str) -> str:
        """Give the pseudonym under which a customer appears."""
        raw = keys.normal_key(str(customer_id))
        return pseudonyms.pseudonym(self.links.canonical.get(raw, raw), self.key)

    @property
    def linking(self) -> Linking:
        """What the links come to, without anybody in it."""
        links = self.links
        return Linking(dict(links.by), links.shared, links.refused, links.quality)

    @cached_property
    def links(self) -> identity.Links:
        """Who is who among the customers."""
        if "customers" not in self:
            return identity.Links()
        source, flagged, _ = self._flag("customers")
        if not _tell_people(flagged.expr.columns):
            return identity.Links()
        wanted = ("customer_id", *pseudonyms.PERSONAL_COLUMNS, "birth_year")
        columns = [c for c in wanted if c in flagged.expr.columns]
        good = flagged.expr.filter(flagged.expr[REASON].isnull()).order_by(ROW).select(*columns)
        people = self.engine.run(good, source.where)
        links = identity.link(
            people,
            region_of(self.study.time_zone),
            card=self.study.linkage,
            decisions=review.decisions(self.study),
        )
        review.list_doubtful(self.study, links, people)
        return links

    # --- the way of one table ---------------------------------------------------------------------

    def _flag(self, name: str) -> tuple[Source, Flagged, Schema | None]:
        if name not in self._flagged:
            if self._streams(name) and self._flag_streamed(name):
                return self._flagged[name]
            source = read_source(self.engine, self.study, name)
            chosen = select_rows(self.engine, self.study.tables[name], source)
            source, self._left[name] = chosen.source, chosen.left_out
            self._flagged[name] = self._judged(source, name)
            self.engine.release(source.held)
            if later := self._flagged[name][1].later:
                self._left[name] = {**self._left[name], "later": later}
        return self._flagged[name]

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
        self._left[name] = {}
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
        if schema is not None:
            source = select_columns(self.study, source, schema)
        source, refused = without_left_out(self.engine, self.study, source, schema, self.refusing)
        if refused:
            self._left[name] = {**self._left.get(name, {}), "consent": refused}
        columns = standardise(source, self.study.tables[name], schema)
        if schema is not None:
            card = self.study.tables[name]
            source = without_amounts(self.engine, card, source, schema, columns)
        persons = self.persons(source, columns)
        return source, flag(self.engine, self.study, source, schema, columns, persons), schema

    def persons(self, source: Source, columns: Mapping[str, Any]) -> Mapping[str, int]:
        """Find the words for nobody that are customers in a table, with their rows."""
        name = source.name
        if "customer_id" not in columns or self.study.tables[name].lists_missing("customer_id"):
            return {}
        if name not in self._persons:
            known: Mapping[str, int] = {}
            if name != "customers" and "customers" in self:
                self._flag("customers")
                known = self._persons.get("customers", {})
            self._persons[name] = keys.like_persons(
                self.engine, source.expr, columns, known, source.where
            )
        return self._persons[name]

    def cleaned(self, name: str) -> tuple[Any, TableReport]:
        """Give a table as an Ibis expression, and what the cleaning did to it."""
        if name not in self._clean:
            sifted = self._sift(name)
            where = sifted.report.where
            if sifted.refunded is not None:
                self.refunded[name] = self._private(sifted.refunded, (PURCHASE,), where)
            self._clean[name] = (self._private(sifted.kept, (ROW,), where), sifted.report)
        return self._clean[name]

    def report(self, name: str) -> TableReport:
        """Tell what the cleaning did to a table; nobody needs a pseudonym for that."""
        return self._sift(name).report

    def forget(self) -> None:
        """Let go of what was read, where somebody else has made the same tables."""
        for _, flagged, _ in self._flagged.values():
            if flagged.table is not None:
                self.engine.drop(flagged.table)
        self._flagged.clear()
        self._sifted.clear()

    def _private(self, rows: Any, order: tuple[str, ...], where: str) -> Any:
        """Replace ids by pseudonyms, and keep the rows in their order."""
        kinds = {c: kind for c, kind in ID_KINDS.items() if c in rows.columns}
        private = pseudonyms.pseudonymise(self.engine, rows, kinds, self.key, where)
        return self.engine.keep(private.order_by(order).drop(ROW), where)

    def _sift(self, name: str) -> _Sifted:
        if name in self._sifted:
            return self._sifted[name]
        source, flagged, schema = self._flag(name)
        counts, examples, aside = self._reasons(source, flagged)
        kept = flagged.expr.filter(flagged.expr[REASON].isnull())
        read = sum(counts.values())
        linked = found = 0
        other: str | None = None
        strange: list[str] = []
        if "customer_id" in kept.columns:
            kept, found = self._by_contact(kept, source)
            if (other := self._reference(schema)) is not None:
                strange = self._strange(kept, source, other)
            kept, linked = self._linked(kept, source, strange, other)
        if name == "customers" and self.links.linked:
            kept = self._one_row_a_person(kept)
            counts[None] -= self.links.linked
            counts["same person"] = self.links.linked
            rows = self._second_records(flagged)
            examples["same person"] = (int(self.engine.run(rows[ROW].min(), source.where)), "")
        unknown = self._unknown(kept, source, other) if strange and other in PEOPLE else 0
        if schema is not None and schema.name == "accounts" and "parent_id" in kept.columns:
            rows = self.engine.run(kept.select("customer_id", "parent_id"), source.where)
            top_parents(rows["customer_id"], rows["parent_id"], where=source.where)
        netting = self._matched(name, kept, schema, source)
        if netting is not None:
            self._left_out[name] = netting.left_out
            for row, reason, what in self._left_out[name].itertuples(index=False):
                counts[None] -= 1
                counts[reason] = counts.get(reason, 0) + 1
                examples[reason] = min(examples.get(reason, (row, what)), (row, what))
        if not counts.get(None):
            self._refuse_all_set_aside(source, counts, examples)
        # what a standard column holds is known, whatever it is called
        known = {c for c, rule in (schema.columns if schema else {}).items()
                 if rule.kind != "personal"}  # fmt: skip
        known |= {"rater"} if name == "ratings" else set()  # scores are compared between raters
        hidden = [c for c in pseudonyms.personal_columns(kept.columns) if c not in known]
        unlisted = not_to_publish(self.study, source, schema, kept.columns)
        unlisted = [column for column in unlisted if column not in hidden]
        unread = (f"{len(unlisted):,} {UNNAMED}",) if unlisted else ()
        texts = free_texts(kept, schema, {REASON, DETAIL, ROW, *ID_KINDS, *hidden, *unlisted})
        names = self._names if any(texts.values()) else NameBook({})
        kept, masked = mask_texts(self.engine, kept, texts, names, source.where)
        kept, refunded = kept.drop(*hidden, *unlisted, REASON, DETAIL), None
        if len(kept.columns) > _WIDE:
            kept = self.engine.view(kept)  # each question of it would write all columns out again
        if netting is not None:
            kept, refunded = net(self.engine, kept, netting)
        money = schema is not None and "amount" in schema.columns and "amount" in kept.columns
        # rows that repeat another one are gone, unless they were told apart by what is gone by now
        changed = hidden or unlisted or masked or linked or found or netting is not None
        may_repeat = "duplicate" not in flagged.checked or bool(changed)
        report = TableReport(
            name=name,
            where=source.where,
            read=read,
            kept=counts.get(None, 0),
            set_aside={r: counts[r] for r in REASONS if counts.get(r)},
            examples=examples,
            rules=tuple(
                r for r in REASONS if r in {*flagged.checked, *self._later_rules(name, flagged)}
            ),
            emptied=flagged.emptied,
            linked=linked,
            recovered=found,
            unknown_customers=unknown,
            refunds=netting.by_rule if netting is not None else {},
            hidden=tuple(hidden),
            masked=masked,
            left_out=self._left[name],
            notes=(*source.notes, *flagged.notes, *unread),
            questions=flagged.questions,
            placeholders=self._placeholders(flagged, source) if counts.get("missing") else {},
            persons=dict(self._persons.get(name, {})),
            encoding=source.encoding,
            delimiter=source.delimiter,
            formats=flagged.formats,
            sha256=source.sha256,
            aside_amount=aside,
            amount_is=no_money(self.engine, kept, source.where) if money else "",
            **facts_of(self.engine, kept, schema, source.where, may_repeat=may_repeat),
        )
        self._sifted[name] = _Sifted(kept, refunded, report)
        return self._sifted[name]

    def _reasons(
        self, source: Source, flagged: Flagged
    ) -> tuple[dict[str | None, int], dict[str, tuple[int, str]], dict[str, float]]:
        """Count the rows by reason, give the first of each, and the money in them."""
        t = flagged.expr
        priced = "amount" in t.columns and t.amount.type().is_numeric()
        lost = ibis.ifelse(t[REASON].notnull(), t.amount.abs(), None) if priced else None
        money = ibis.null("float64") if lost is None else self.engine.exact_sum(lost)
        found = self.engine.run(
            t.group_by(REASON).aggregate(
                n=t.count(), row=t[ROW].min(), what=t[DETAIL].argmin(t[ROW]), money=money
            ),
            source.where,
        )
        counts: dict[str | None, int] = {}
        examples: dict[str, tuple[int, str]] = {}
        aside: dict[str, float] = {}
        for reason, n, row, what, value in found.itertuples(index=False):
            if pd.isna(reason):
                counts[None] = int(n)
            else:
                counts[reason] = int(n)
                if not pd.isna(value):
                    aside[reason] = float(value)
                examples[reason] = (int(row), mask_value(str(what)))
        if source.malformed:
            counts["malformed"] = len(source.malformed)
            line, text = source.malformed[0]
            examples["malformed"] = (line, text)
        counts.setdefault(None, 0)
        return counts, examples, aside

    def _placeholders(self, flagged: Flagged, source: Source) -> dict[str, int]:
        """Count the rows in which a word or a spoiled number stands in place of a customer."""
        t, start = flagged.expr, "customer_id: "
        told = t.filter((t[REASON] == "missing") & t[DETAIL].startswith(start))
        found = self.engine.run(
            told.group_by(DETAIL).aggregate(n=told.count()).order_by(ibis.desc("n"), DETAIL),
            source.where,
        )
        counts: dict[str, int] = {}
        for text, n in found.itertuples(index=False):
            word = text.removeprefix(start)
            word = keys.SHORTENED if keys.is_shortened(word) else word
            counts[word] = counts.get(word, 0) + int(n)
        return counts

    def _refuse_all_set_aside(
        self,
        source: Source,
        counts: Mapping[str | None, int],
        examples: Mapping[str, tuple[int, str]],
    ) -> None:
        if not any(counts.values()):
            conditions = ", ".join(self.study.tables[source.name].where)
            raise DataError(
                f"no row is left of what `where` asks for of {conditions} together",
                where=source.where,
                remedy=f"mend `where` under tables.{source.name}",
            )
        reason = max((r for r in counts if r), key=lambda r: counts[r])
        row, what = examples.get(reason, (0, ""))
        if keys.SHORTENED_KEY.search(what):
            raise DataError(
                f"not one of {sum(counts.values()):,} rows can be used: customers are numbered"
                f" {what.rpartition(' ')[2]}, and a spreadsheet has lost their last digits",
                where=source.where,
                remedy="export the table anew, with that column as text",
            )
        raise DataError(
            f"not one of {sum(counts.values()):,} rows can be used; mostly: {REASONS[reason]}"
            f" (row {row}: {what})",
            where=source.where,
            remedy="mend the file, or `columns`, `date_format`, `decimal` and `as_of` in study.yml",
        )

    def _by_contact(self, kept: Any, source: Source) -> tuple[Any, int]:
        """Fill a missing customer id from the row's phone or e-mail."""
        if source.name == "customers" or not {"phone", "email"} & set(kept.columns):
            return kept, 0
        region = region_of(self.study.time_zone)
        found = 0
        for column, known in (("phone", self.links.phones), ("email", self.links.emails)):
            if column not in kept.columns:
                continue
            lonely = kept.filter(kept.customer_id.isnull() & kept[column].notnull())
            texts = self.engine.run(lonely.select(column), source.where)[column]
            owners = {
                str(text): known[contact]
                for text in texts.unique()
                if (contact := normal_contact(column, str(text), region)) is not None
                and contact in known
            }
            if owners:
                kept = self._replace(kept, column, "customer_id", owners, only_null=True)
                found += int(texts.isin(list(owners)).sum())
        return kept, found

    def _reference(self, schema: Schema | None) -> str | None:
        """Name the table whose ids another one's are matched with."""
        if schema is None or schema.name in PEOPLE:
            return None
        known = known_by(self.names)
        return known if known in self and schema.name != known else None

    def _linked(
        self, kept: Any, source: Source, strange: list[str], other: str | None = "customers"
    ) -> tuple[Any, int]:
        """Give all records of a person the id of the first one."""
        changes = dict(self.links.canonical)
        if strange and other is not None:
            matched = self._matches(kept, source, strange, other)
            changes |= {one: changes.get(fit, fit) for one, fit in matched.items()}
        if not changes:
            return kept, 0
        touched = kept.filter(kept.customer_id.isin(list(changes))).count()
        n = int(self.engine.run(touched, source.where))
        if n == 0:
            return kept, 0
        return self._replace(kept, "customer_id", "customer_id", changes), n

    def _matches(self, kept: Any, source: Source, strange: list[str], other: str) -> dict[str, str]:
        """Match ids that another table writes otherwise."""
        known = self._ids(other)
        own = {str(i) for i in self._distinct(kept, source)}
        matched = keys.match_without_case(strange, known, own)
        return matched | identity.matched_ids(set(strange) - set(matched), known)

    def rows_and_ids(self, name: str) -> tuple[Any, dict[str, str], Source]:
        """Give a table's readable rows under the ids of the source, and who is who among them."""
        source, flagged, schema = self._flag(name)
        firsts = dict(self.links.canonical)
        other = self._reference(schema)
        if other is not None and "customer_id" in flagged.expr.columns:
            strange = self._strange(flagged.expr, source, other)
            matched = self._matches(flagged.expr, source, strange, other) if strange else {}
            firsts |= {one: firsts.get(fit, fit) for one, fit in matched.items()}
        return flagged.expr, firsts, source

    def linked(self, kept: Any, source: Source) -> Any:
        """Give all records of a person the id of the first one."""
        strange = self._strange(kept, source, "customers") if source.name != "customers" else []
        return self._linked(kept, source, strange)[0]

    def _replace(
        self, table: Any, key: str, column: str, values: Mapping[str, str], only_null: bool = False
    ) -> Any:
        mapping = self.engine.upload(
            "links", pa.table({"key_": list(values), "value_": list(values.values())})
        )
        joined = table.left_join(mapping, table[key] == mapping.key_)
        names = {c: joined[c] for c in table.columns}
        order = (names[column], joined.value_) if only_null else (joined.value_, names[column])
        return joined.select(**{**names, column: ibis.coalesce(*order)})

    def _one_row_a_person(self, kept: Any) -> Any:
        """Keep a person's first record, completed by the later ones."""
        others = [c for c in kept.columns if c not in ("customer_id", ROW)]
        people = kept.group_by("customer_id").aggregate(
            **{ROW: kept[ROW].min()},
            **{c: kept[c].argmin(kept[ROW], where=kept[c].notnull()) for c in others},
        )
        return people.select(*kept.columns)

    def _later_rules(self, name: str, flagged: Flagged) -> tuple[str, ...]:
        """Name the reasons that only the whole table can tell."""
        columns = set(flagged.expr.columns)
        if name == "customers" and {"phone", "email"} & columns:
            return ("same person",)
        if "amount" in columns and self.study.tables[name].refunds == "net":
            return (NETTED, CANCELLED, UNMATCHED)
        return ()

    def _matched(
        self, name: str, kept: Any, schema: Schema | None, source: Source
    ) -> Netting | None:
        """Match the refunds of a log with purchases."""
        if schema is None or schema.name != "transactions" or "amount" not in kept.columns:
            return None
        if self.study.tables[name].refunds == "net":
            return refunds_of(self.engine, kept, source.where)
        return None

    def _second_records(self, flagged: Flagged) -> Any:
        t = flagged.expr
        return t.filter(t[REASON].isnull() & t.customer_id.isin(list(self.links.canonical)))

    def _ids(self, name: str) -> set[str]:
        source, flagged, _ = self._flag(name)
        t = flagged.expr
        return set(self._distinct(t.filter(t[REASON].isnull()), source))

    def _distinct(self, rows: Any, source: Source) -> list[str]:
        ids = rows.filter(rows.customer_id.notnull()).select("customer_id").distinct()
        return list(self.engine.run(ids, source.where)["customer_id"])

    def _strange(self, kept: Any, source: Source, other: str) -> list[str]:
        """Give the ids that another table does not have."""
        _, flagged, _ = self._flag(other)
        people = flagged.expr.filter(flagged.expr[REASON].isnull())
        strange = kept.filter(kept.customer_id.notnull()).anti_join(people, "customer_id")
        return [str(one) for one in self._distinct(strange, source)]

    def _unknown(self, kept: Any, source: Source, other: str | None) -> int:
        _, flagged, _ = self._flag(other or "customers")
        people = flagged.expr.filter(flagged.expr[REASON].isnull())
        strange = kept.filter(kept.customer_id.notnull()).anti_join(people, "customer_id")
        return int(self.engine.run(strange.count(), source.where))

    @cached_property
    def _names(self) -> NameBook:
        """The customers' names, to be found in free texts."""
        if "customers" not in self:
            return NameBook({})
        source, flagged, _ = self._flag("customers")
        t = flagged.expr
        if "name" not in t.columns:
            return NameBook({})
        frame = self.engine.run(
            t.filter(t[REASON].isnull() & t.name.notnull()).select("customer_id", "name"),
            source.where,
        )
        names = dict(zip(frame["customer_id"], frame["name"], strict=True))
        for other, first in self.links.canonical.items():
            names.setdefault(first, names.get(other, ""))
        return NameBook({i: n for i, n in names.items() if n})


def _tell_people(columns: Collection[str]) -> bool:
    """Tell whether a table holds enough to know a person again."""
    have = set(columns)
    return bool({"phone", "email"} & have) or {"name", "address"} <= have
