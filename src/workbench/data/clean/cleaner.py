"""Makes a study's raw tables fit to be seen: cleans, links and pseudonymises them."""
# ruff: noqa: PD003, PD004  (Ibis calls it isnull)

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from workbench.data import expressions as ibis
from workbench.data.clean.amounts import no_money
from workbench.data.clean.facts import facts_of
from workbench.data.clean.identities import Identities
from workbench.data.clean.reading import Reading
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
from workbench.data.clean.rules import DETAIL, REASON, REASONS, Flagged
from workbench.data.clean.selection import (
    UNNAMED,
    nobody_in_published,
    not_to_publish,
)
from workbench.data.engine import Engine
from workbench.data.people import keys, pseudonyms
from workbench.data.people.linkage import Links
from workbench.data.people.masking import NameBook, free_texts, mask_texts, mask_value
from workbench.data.people.parents import top_parents
from workbench.data.schemas import PEOPLE, Schema
from workbench.data.sources.source import ROW, Source
from workbench.errors import DataError
from workbench.study import Study

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
        self.reading = Reading(study, engine)
        self.identities = Identities(self.reading)
        self._sifted: dict[str, _Sifted] = {}
        self._clean: dict[str, tuple[Any, TableReport]] = {}
        self._left_out: dict[str, pd.DataFrame] = {}
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
        source, flagged, schema = self.reading.flagged(name)
        bad = flagged.expr.filter(flagged.expr[REASON].notnull()).select(ROW, REASON, DETAIL)
        rows = [*self.engine.run(bad, source.where).itertuples(index=False, name=None)]
        rows += [(line, "malformed", text) for line, text in source.malformed]
        if name == "customers" and self.links.linked:
            linked = self.engine.run(
                self.identities.second_records(flagged).select(ROW), source.where
            )
            rows += [(row, "same person", "") for row in linked[ROW]]
        if schema is not None and schema.name == "transactions":
            self.report(name)
            if name in self._left_out:
                rows += [*self._left_out[name].itertuples(index=False, name=None)]
        frame = pd.DataFrame(rows, columns=["row", "reason", "found"])
        frame["found"] = [mask_value(t) if isinstance(t, str) else "" for t in frame["found"]]
        return frame.sort_values("row", ignore_index=True, kind="stable")

    def sha256(self, name: str) -> str:
        """Give the SHA-256 of a table's source as it was read."""
        return self.reading.flagged(name)[0].sha256

    @cached_property
    def key(self) -> bytes:
        """The key of the study's pseudonyms."""
        return pseudonyms.study_key(self.study)

    def pseudonym(self, customer_id: str) -> str:
        """Give the pseudonym under which a customer appears."""
        raw = keys.normal_key(str(customer_id))
        return pseudonyms.pseudonym(self.links.canonical.get(raw, raw), self.key)

    @property
    def links(self) -> Links:
        """Who is who among the customers."""
        return self.identities.links

    @property
    def linking(self) -> Linking:
        """What the links come to, without anybody in it."""
        links = self.links
        return Linking(dict(links.by), links.shared, links.refused, links.quality)

    def cleaned(self, name: str) -> tuple[Any, TableReport]:
        """Give a table as an Ibis expression, and what the cleaning did to it."""
        if name not in self._clean:
            sifted = self._sift(name)
            where = sifted.report.where
            if sifted.refunded is not None:
                self.refunded[name] = self._private(sifted.refunded, (PURCHASE,), where)
            self._clean[name] = (self._private(sifted.kept, (ROW,), where), sifted.report)
        return self._clean[name]

    def to_write(self, name: str) -> tuple[Any, TableReport]:
        """Give a table as it is to be written, once: its rows are not kept in memory for that."""
        if name in self._clean or not self.engine.is_duckdb:
            return self.cleaned(name)
        sifted = self._sift(name)
        where = sifted.report.where
        if sifted.refunded is not None:
            self.refunded[name] = self._private(sifted.refunded, (PURCHASE,), where)
        return self._in_order(sifted.kept, (ROW,), where), sifted.report

    def report(self, name: str) -> TableReport:
        """Tell what the cleaning did to a table; nobody needs a pseudonym for that."""
        return self._sift(name).report

    def forget(self) -> None:
        """Let go of what was read, where somebody else has made the same tables."""
        self.reading.forget()
        self._sifted.clear()

    def _private(self, rows: Any, order: tuple[str, ...], where: str) -> Any:
        """Replace ids by pseudonyms, and keep the rows in their order."""
        if self.engine.is_duckdb:
            return self.engine.keep(self._in_order(rows, order, where), where)
        # other engines give rows back in an order of their own unless they are asked for one
        private = self._under_pseudonyms(rows, where)
        return self.engine.keep(private, where).order_by(order).drop(ROW)

    def _in_order(self, rows: Any, order: tuple[str, ...], where: str) -> Any:
        return self._under_pseudonyms(rows, where).order_by(order).drop(ROW)

    def _under_pseudonyms(self, rows: Any, where: str) -> Any:
        kinds = {c: kind for c, kind in ID_KINDS.items() if c in rows.columns}
        return pseudonyms.pseudonymise(self.engine, rows, kinds, self.key, where)

    def _sift(self, name: str) -> _Sifted:
        if name in self._sifted:
            return self._sifted[name]
        source, flagged, schema = self.reading.flagged(name)
        counts, examples, aside = self._reasons(source, flagged)
        kept = flagged.expr.filter(flagged.expr[REASON].isnull())
        read = sum(counts.values())
        linked = found = 0
        other: str | None = None
        strange: list[str] = []
        if "customer_id" in kept.columns:
            kept, found = self.identities.by_contact(kept, source)
            if (other := self.identities.reference(schema)) is not None:
                strange = self.identities.strange(kept, source, other)
            kept, linked = self.identities.give_first_ids(kept, source, strange, other)
            kept = self.identities.rolled_up(kept, source)
        if name == "customers" and self.links.linked:
            kept = self.identities.one_row_a_person(kept)
            counts[None] -= self.links.linked
            counts["same person"] = self.links.linked
            rows = self.identities.second_records(flagged)
            examples["same person"] = (int(self.engine.run(rows[ROW].min(), source.where)), "")
        unknown = self.identities.unknown(kept, source, other) if strange and other in PEOPLE else 0
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
        nobody_in_published(self.engine, kept, self.study, source, known)
        unlisted = [column for column in unlisted if column not in hidden]
        unread = (f"{len(unlisted):,} {UNNAMED}",) if unlisted else ()
        texts = free_texts(kept, schema, {REASON, DETAIL, ROW, *ID_KINDS, *hidden, *unlisted})
        names = self.identities.names if any(texts.values()) else NameBook({})
        kept, masked = mask_texts(self.engine, kept, texts, names, source.where)
        kept, refunded = kept.drop(*hidden, *unlisted, REASON, DETAIL), None
        if name == "ratings":
            kept = pseudonyms.without_names(kept, "rater")
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
            left_out=self.reading.left_out[name],
            notes=(*source.notes, *flagged.notes, *unread),
            questions=flagged.questions,
            placeholders=self._placeholders(flagged, source) if counts.get("missing") else {},
            persons=self.reading.persons_of(name),
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
