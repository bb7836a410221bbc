"""A study's tables as analyses may see them: cleaned, linked, pseudonymised."""

from __future__ import annotations

import datetime as dt
import re
from functools import cached_property
from typing import Any

import pandas as pd

from workbench import trace
from workbench.data import expressions as ibis
from workbench.data.clean import erasures
from workbench.data.clean.cleaner import Cleaner
from workbench.data.clean.refunds import REFUNDED, REFUNDED_ON, TAKEN, known_on, undone
from workbench.data.clean.report import CleaningReport, Linking, TableReport
from workbench.data.clean.selection import UNNAMED
from workbench.data.clean.traces import Traces, traces_of
from workbench.data.engine import Engine
from workbench.data.people import review
from workbench.data.people.invitations import lists_of
from workbench.data.people.review import Pair, read_pairs
from workbench.data.schemas import PEOPLE, known_by, rolled_up, schema_of
from workbench.data.sources.packaged import packaged_hash
from workbench.data.sources.source import file_hash
from workbench.data.store.cache import PACKAGES, StoredTables, find, find_or_make
from workbench.data.store.stream import PURCHASE, PurchaseLog, stream_purchases
from workbench.errors import DataError, did_you_mean
from workbench.study import Study, is_large
from workbench.study.card import IN_MEMORY
from workbench.study.watch import EACH, is_watched

#: What of the card decides how every table is cleaned, and a survey.
_OF_CLEANING = (
    "as_of", "seen", "time_zone", "connection", "linkage", "simulated", "privacy.public",
    "privacy.key_env",
)  # fmt: skip
_OF_SURVEYS = (
    "survey.scale", "survey.importance_scale", "survey.scales", "survey.answers",
    "survey.reversed", "survey.columns", "survey.long", "survey.items?", "survey.dimensions",
    "survey.questions", "survey.open?", "survey.attention?",
)  # fmt: skip
_REFUND_TYPES = {
    "customer_id": "object", "date": "datetime64[ns]", "refunded_on": "datetime64[ns]",
    "amount": "float64",
}  # fmt: skip


class Tables:
    """The tables of a study; each is read when it is first asked for.

    Parameters
    ----------
    study : Study
        The card.
    cache : bool
        Whether cleaned tables may be taken from disk, where they are kept until an input changes
        (see `workbench.data.store.cache`), or must be made from the raw files.

    Examples
    --------
    >>> tables = open_tables(load_study("cdnow"))
    >>> tables.frame("transactions_sample").shape
    (6919, 4)
    """

    def __init__(self, study: Study, *, cache: bool = True) -> None:
        self.study = study
        self.engine = Engine(study)
        self._cache = cache
        self._exprs: dict[str, tuple[Any, Any]] = {}
        self._told: set[str] = set()
        if not is_watched(study):
            trace.beyond(f"it opens tables by a card of its own ({study.name})")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the study's tables."""
        return tuple(self.study.tables)

    def __contains__(self, name: object) -> bool:
        return name in self.study.tables

    def expr(self, name: str, *, known: dt.date | None = None) -> Any:
        """Give a table as an Ibis expression, in the study's engine.

        Parameters
        ----------
        name : str
            The table.
        known : date, optional
            Of a log of purchases: the day as of which refunds are known. Purchases up to this day
            are net of the refunds up to it, later ones of all; the study's as-of date by default.
        """
        self._refuse_unknown(name)
        table, refunded = self._parts(name)
        if refunded is None:
            return table
        # a Timestamp is a date, too, and compares with none
        day = self.study.as_of if known is None else pd.Timestamp(known).date()
        if day < self.study.as_of:
            return known_on(table, refunded, day)
        return table.drop(REFUNDED)

    def _parts(self, name: str) -> tuple[Any, Any]:
        """Give a cleaned table, and of a log with refunds the purchases that were refunded."""
        if any(UNNAMED in note for note in self.report_of(name).notes):
            trace.note("card", "")  # which columns are read hangs on all that the card names
        if self._kept is None or name not in self._kept.reports:
            return self._cleaner.cleaned(name)[0], self._cleaner.refunded.get(name)
        if name not in self._exprs:
            refunded = self._kept.refunded(name)
            self._exprs[name] = (
                self.engine.parquet(self._kept.rows(name)),
                self.engine.parquet(refunded) if refunded is not None else None,
            )
        return self._exprs[name]

    def purchases(self, name: str, *, known: dt.date | None = None) -> PurchaseLog:
        """Give what a log of purchases says about customers and days, ready to be added up.

        The rows are those of `expr`. Where the cleaned table is not at hand, they are streamed
        from the source, which spares making it.
        """
        self._refuse_unknown(name)
        if "_kept" not in self.__dict__ and name not in self._exprs:
            if self._cache and (kept := find(self.study)) is not None:
                self.__dict__["_kept"] = kept
            elif (log := stream_purchases(self._cleaner, name, known)) is not None:
                return log
        report = self.report_of(name)
        rows = self.expr(name, known=known)
        return PurchaseLog(rows.select(*(c for c in PURCHASE if c in rows.columns)), report.read)

    def require_purchases(self, name: str) -> None:
        """Refuse a table that is neither ``transactions`` nor a variant of it.

        Raises
        ------
        DataError
            Naming those the study has.
        """
        schema = schema_of(name)
        if schema is None or schema.name != "transactions":
            known = [n for n in self.names if n.startswith("transactions")]
            raise DataError(
                f"{name!r} holds no purchases",
                where=str(self.study.path),
                remedy=f"use one of {', '.join(known) or '(the study has none)'}",
            )

    def refunds(self, name: str) -> pd.DataFrame:
        """Give what was taken off the purchases of a log, and when.

        Returns
        -------
        DataFrame
            customer_id, date (of the purchase), refunded_on, amount (above zero); one row a
            refund and purchase.
        """
        self._refuse_unknown(name)
        refunded = self._parts(name)[1]
        columns = ["customer_id", "date", "refunded_on", "amount"]
        if refunded is None:
            return pd.DataFrame({c: pd.Series(dtype=_REFUND_TYPES[c]) for c in columns})
        wanted = refunded.select(
            customer_id=refunded.customer_id, date=refunded.date.cast("date"),
            refunded_on=refunded[REFUNDED_ON], amount=refunded[TAKEN],
        )  # fmt: skip
        frame: pd.DataFrame = self.engine.run(wanted.order_by(columns), name)
        return frame.astype(_REFUND_TYPES)

    def with_returns(self, name: str) -> Any:
        """Give the purchases of a log before refunds, with the day on which each was first undone.

        Returns
        -------
        ibis Table
            customer_id, date, the table's other columns but amounts, refunded_on (null: never).
        """
        self._refuse_unknown(name)
        return undone(*self._parts(name))

    def frame(self, name: str, *, known: dt.date | None = None) -> pd.DataFrame:
        """Give a table as a pandas DataFrame; dates are ``datetime64``.

        Parameters
        ----------
        name : str
            The table.
        known : date, optional
            See `expr`.
        """
        expr = self.expr(name, known=known)
        frame: pd.DataFrame = self.engine.run(expr, name)
        for column, kind in expr.schema().items():
            if kind.is_boolean():
                frame[column] = frame[column].astype("boolean")
            elif kind.is_date() or kind.is_timestamp():
                frame[column] = frame[column].astype("datetime64[ns]")
        return frame

    def bought(self, name: str, *, known: dt.date | None = None) -> pd.DataFrame:
        """Give who bought on which day for how much, and nothing else of a log of purchases.

        The rows are those of `frame`, at a tenth of its memory: customers are categories (numbers
        that stand for pseudonyms), and of times only the day is told.

        Parameters
        ----------
        name : str
            ``transactions`` or a variant of it.
        known : date, optional
            See `expr`.
        """
        self.require_purchases(name)
        rows = self.expr(name, known=known)
        people = rows.select(name_=rows.customer_id).distinct()
        numbered = self.engine.keep(
            people.mutate(
                code_=ibis.row_number().over(ibis.window(order_by=people.name_)).cast("int32")
            ),
            name,
        )
        days = rows.date.cast("date").delta(ibis.literal(dt.date(1970, 1, 1)), unit="day")
        joined = rows.mutate(day_=days.cast("int32")).join(
            numbered, rows.customer_id == numbered.name_
        )
        valued = ["amount"] if "amount" in rows.columns else []
        wanted = joined.select(joined.code_, joined.day_, *(joined[c] for c in valued))
        try:
            names = self.engine.run(numbered.order_by("code_").select("name_"), name)["name_"]
            told = self.engine.run(wanted, name)
        finally:
            self.engine.drop(numbered)
        codes = told["code_"].to_numpy(dtype="int32")
        day = told["day_"].to_numpy(dtype="int64").astype("datetime64[D]")
        who = pd.Categorical.from_codes(codes, categories=pd.Index(names), validate=False)
        amount = {c: told[c] for c in valued}
        return pd.DataFrame({"customer_id": who, "date": day.astype("datetime64[s]"), **amount})

    def head(self, name: str, n: int) -> pd.DataFrame:
        """Give the first good rows as they are understood, under the ids of the source.

        They serve those who hold the files (`workbench.data.checks.preview`), and no page.
        """
        self._refuse_unknown(name)
        return self._cleaner.reading.head(name, n)

    def set_aside(self, name: str) -> pd.DataFrame:
        """Give the rows that were set aside; they are read from the raw files each time.

        Returns
        -------
        DataFrame
            row (in the source: 2 is the first below the header), reason, and what was found
            there; of what was to be a date or a number, words are masked.
        """
        self._refuse_unknown(name)
        return self._cleaner.set_aside(name)

    @property
    def report(self) -> CleaningReport:
        """What the cleaning did, for every table of the study."""
        linking = self.linking
        return CleaningReport(
            {name: self.report_of(name) for name in self.names},
            linked_by=linking.by,
            shared_contacts=linking.shared,
            refused_links=linking.refused,
            parts={n: t.part_of for n, t in self.study.tables.items() if t.part_of is not None},
            links=linking.quality,
        )

    def report_of(self, name: str) -> TableReport:
        """Tell what the cleaning did to one table."""
        self._refuse_unknown(name)
        kept = self._at_hand
        if kept is not None and name in kept.reports:
            return kept.reports[name]
        return self._cleaner.report(name)

    @property
    def linking(self) -> Linking:
        """How many records were recognised as one person's, and by what."""
        self._tell("customers")
        kept = self._at_hand
        return kept.linking if kept is not None else self._cleaner.linking

    @property
    def hashes(self) -> dict[str, str]:
        """SHA-256 of each table's source."""
        found = {}
        for name, card in self.study.tables.items():
            path = self.study.file_of(name) if card.path is not None else None
            if path is not None and path.is_file():
                found[name] = file_hash(path)
            elif card.package is not None:
                where = f"{self.study.path}, tables.{name}.package"
                found[name] = packaged_hash(card.package.name, card.package.table, where=where)
            else:
                found[name] = self._cleaner.sha256(name)
        return found

    def of_customer(self, name: str, customer: str) -> pd.DataFrame:
        """Give the rows of one customer, by pseudonym; nothing else leaves the engine.

        Parameters
        ----------
        name : str
            A table that has a customer_id; others have no rows of anybody.
        customer : str
            A pseudonym.
        """
        expr = self.expr(name)
        if "customer_id" not in expr.columns:
            return pd.DataFrame()
        frame: pd.DataFrame = self.engine.run(expr.filter(expr.customer_id == customer), name)
        return frame.dropna(axis=1, how="all")

    def find_customer(self, given: str) -> str:
        """Give the pseudonym of a customer who is named by it, or by an id of the study's own.

        Parameters
        ----------
        given : str
            A pseudonym as pages show it, or an id as the files have it: then the raw files are
            read, and the study's key is needed.

        Raises
        ------
        DataError
            If no table knows the customer.
        """
        plain = str(given).strip()
        for customer in dict.fromkeys((plain, plain.lower())):
            if self._knows(customer):
                return customer
        if (
            plain
            and not re.fullmatch(r"[0-9a-f]{16}", plain)
            and self._knows(hidden := self.pseudonym(plain))
        ):
            return hidden
        raise DataError(
            f"there is no customer {plain!r}",
            where=f"study {self.study.name}",
            remedy="give a pseudonym from the study's results, or an id as its own files have it;"
            " pseudonyms change with the key",
        )

    def _knows(self, customer: str) -> bool:
        return any(len(self.of_customer(name, customer)) for name in self.names)

    def doubtful_pairs(self) -> list[Pair]:
        """Link the customers anew, and give the pairs of which nobody has decided yet.

        Raises
        ------
        DataError
            If there are some, and the list that decisions are kept in cannot be written.
        """
        doubtful = self._cleaner.links.quality.doubtful
        if not doubtful:
            return []
        path = review.path_of(self.study)
        if not path.is_file():
            raise DataError(
                f"{doubtful:,} pairs of records wait for a decision, and their list cannot be"
                " written; until then they stay apart",
                where=str(path),
                remedy="let the study's folder be written to, or work on a copy of it",
            )
        return [pair for pair in read_pairs(self.study) if pair.same is None]

    def traces_of(self, owner: str, given: str) -> Traces:
        """Find every row of a person in the raw files, and all ids under which they stand there.

        Parameters
        ----------
        owner : {"customer_id", "respondent_id"}
            What the id names.
        given : str
            The id, as the study's files have it.
        """
        return traces_of(self._cleaner, owner, given)

    def pseudonym(self, customer_id: str) -> str:
        """Give the pseudonym under which a customer appears."""
        return self._cleaner.pseudonym(customer_id)

    @cached_property
    def _kept(self) -> StoredTables | None:
        if not self._cache:
            return None
        # a small study stays in memory for who looks into its rows (the preview of `check`)
        if self.study.connection == IN_MEMORY and not is_large(self.study):
            return find_or_make(self.study, self._cleaner)
        if "_cleaner" not in self.__dict__ or self.study.connection != IN_MEMORY:
            return find_or_make(self.study)
        # who has judged the rows for a report need not judge them again to write them
        kept = find_or_make(self.study, self._cleaner)
        if kept is not None:
            self._cleaner.forget()
        return kept

    @property
    def _at_hand(self) -> StoredTables | None:
        """The tables on disk, where they lie there or are soon made.

        Reports of large tables are told from the rows as they are read: to give ten million rows
        their pseudonyms and write them takes twice the time, and who checks a card needs no row.
        """
        if "_kept" in self.__dict__ or not self._cache or not is_large(self.study):
            return self._kept
        if self._found is not None:
            self.__dict__["_kept"] = self._found
        return self._found

    @cached_property
    def _found(self) -> StoredTables | None:
        return find(self.study)

    @cached_property
    def _cleaner(self) -> Cleaner:
        return Cleaner(self.study, self.engine)

    def _tell(self, name: str) -> None:
        """Tell whoever keeps the record of a notebook which tables and code it stands on."""
        if name in self._told or name not in self.study.tables:
            return
        self._told.add(name)
        # Who is who is known from the customers, else from who bought.
        known = known_by(self.study.tables)
        with trace.quiet():  # which tables ask for consent is noted below, not which there are
            consents = [n for n, table in self.study.tables.items() if table.consent]
            trees = rolled_up(self.study)
        people = (known, *(n for n in PEOPLE if known == PEOPLE[0]), *consents, *trees)
        used = [n for n in dict.fromkeys((name, *people)) if n in self.study.tables]
        asked = _OF_SURVEYS if name.startswith("survey") else ()
        trace.note("table", *used)
        own = (f"tables.{each}" for each in used)
        rules = (f"tables.{EACH}.{key}" for key in ("consent", "roll_up"))
        trace.note("card", *own, *rules, *_OF_CLEANING, *asked)
        trace.note("file", str(review.path_of(self.study)), str(erasures.path_of(self.study)))
        trace.note("file", *map(str, lists_of(self.study)))
        trace.note("distribution", *PACKAGES)
        trace.note_modules("data", "study")

    def _refuse_unknown(self, name: str) -> None:
        self._tell(name)
        if name not in self.study.tables:
            raise DataError(
                f"there is no table {name!r}{did_you_mean(name, self.names)}",
                where=str(self.study.path),
                remedy=f"tables: {', '.join(self.names)}",
            )


def open_tables(study: Study, *, cache: bool = True) -> Tables:
    """Open a study's tables; they are read, cleaned, linked and pseudonymised on demand.

    Parameters
    ----------
    study : Study
        The card.
    cache : bool
        Whether to use the cleaned tables that an earlier call kept on disk, and to keep them
        there. The results are the same; without, everything is read from the raw files.

    Examples
    --------
    >>> from workbench.data import open_tables
    >>> from workbench.study import load_study
    >>> tables = open_tables(load_study("cdnow"))
    >>> tables.report["transactions"].kept
    69659
    """
    return Tables(study, cache=cache)


__all__ = ["Tables", "open_tables"]
