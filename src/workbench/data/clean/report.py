"""What the cleaning did: rows read, kept and set aside, why, and what was linked or hidden."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from workbench.data.clean.questions import QuestionAnswers
from workbench.data.clean.refunds import UNMATCHED
from workbench.data.clean.rules import LEFT_OUT, REASONS
from workbench.data.people.keys import SHORTENED
from workbench.data.people.quality import Quality
from workbench.languages import Language, speak
from workbench.results import Advice, Estimate, Finding, Result, labelled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: What the rules say by which refunds are taken off.
RULE_TEXTS = {
    "order number": "taken off the order with the same number",
    "equal amount": "taken off a purchase of the same amount",
    "latest large enough": "taken off the latest purchase that is large enough",
    "unmatched refund": "taken off nothing: no purchase before them is large enough",
}

TAKEN_OFF = "{n} refunds, {total} in all, were taken off the purchases that they undo"
NOT_TAKEN_OFF = (
    "{n} refunds, {total} in all, were taken off no purchase, or not wholly: none before them is"
    " large enough."
)
NET = "Amounts are net of {n} refunds, {total} in all."

#: Share of the rows below which the data come before everything else.
ENOUGH_KEPT = 0.95


@dataclass(frozen=True)
class Large:
    """A customer with a large share of a table: the first row of the source, rows, amounts."""

    row: int
    rows: int
    amount: float


@dataclass(frozen=True)
class TableReport:
    """What happened to one table.

    Attributes
    ----------
    read, kept : int
        Rows of the source, and rows that analyses see; the rest is in `set_aside`.
    set_aside : dict
        Reason -> rows. ``read == kept + sum(set_aside.values())``.
    examples : dict
        Reason -> (row in the source, what was found there), the first of each.
    rules : tuple of str
        The reasons that this table's rows were asked for.
    emptied : dict
        Column -> cells that could not be read and were emptied (their rows were kept).
    linked : int
        Rows that were given another customer id, because it is the same person.
    recovered : int
        Rows without a customer id whose phone or e-mail told it.
    unknown_customers : int
        Rows whose customer the customer table does not have (they are kept).
    placeholders : dict
        Words that stood in place of a customer -> rows, which are set aside as missing; "1.23E+11"
        stands for numbers in which a spreadsheet has lost digits.
    persons : dict
        Words that usually stand for nobody, and have a name or mail of their own here -> rows,
        which are kept.
    refunds : dict
        How refunds were taken off purchases -> their number and their sum.
    zero_amounts, repeated : int
        Kept rows with an amount of zero, and rows equal to another one where a table has no key.
    hidden : tuple of str
        Personal columns that were dropped.
    masked : int
        Texts in which a name, phone or e-mail was masked.
    customers, orders : int or None
        Different customers (respondents of a survey) and order numbers among the kept rows.
    total : float or None
        Sum of the kept amounts.
    most_rows : int
        Rows of the customer with most of them.
    large : tuple of Large
        The customers with a large share of the rows or of the money, the largest first.
    aside_amount : dict
        Reason -> the amounts (without sign) in the rows set aside for it.
    amount_is : str
        What the amounts are where they are no money, see `workbench.data.clean.amounts`.
    left_out : dict
        What the card leaves out -> rows; they are neither read nor set aside.
    notes : tuple of str
        What else a reader should know of how the file was read.
    questions : tuple of QuestionAnswers
        Of a survey: what became of the answers to each question.
    """

    name: str
    where: str
    read: int
    kept: int
    set_aside: Mapping[str, int] = field(default_factory=dict)
    examples: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    rules: tuple[str, ...] = ()
    emptied: Mapping[str, int] = field(default_factory=dict)
    linked: int = 0
    recovered: int = 0
    unknown_customers: int = 0
    placeholders: Mapping[str, int] = field(default_factory=dict)
    persons: Mapping[str, int] = field(default_factory=dict)
    refunds: Mapping[str, tuple[int, float]] = field(default_factory=dict)
    zero_amounts: int = 0
    repeated: int = 0
    hidden: tuple[str, ...] = ()
    masked: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    questions: tuple[QuestionAnswers, ...] = ()
    encoding: str = ""
    delimiter: str = ""
    formats: Mapping[str, str] = field(default_factory=dict)
    first: dt.date | None = None
    last: dt.date | None = None
    sha256: str = ""
    customers: int | None = None
    orders: int | None = None
    total: float | None = None
    most_rows: int = 0
    large: tuple[Large, ...] = ()
    aside_amount: Mapping[str, float] = field(default_factory=dict)
    amount_is: str = ""

    @property
    def faulty(self) -> int:
        """Rows set aside that one would have wanted to use."""
        return sum(n for reason, n in self.set_aside.items() if reason not in LEFT_OUT)

    @property
    def lost(self) -> float:
        """Share of the rows set aside that one would have wanted to use."""
        return self.faulty / self.read if self.read else 0.0

    @property
    def lost_amount(self) -> float:
        """The amounts in those rows, as far as they could be read."""
        return sum(v for reason, v in self.aside_amount.items() if reason not in LEFT_OUT)

    def of_refunds(self) -> list[Finding]:
        """Say what the amounts are net of, and how much could not be taken off."""
        return _of_refunds([self], NET)


@dataclass(frozen=True)
class Linking:
    """How many customer records turned out to be of one person.

    Attributes
    ----------
    by : dict
        How they were recognised -> number of records.
    shared, refused : int
        Contacts that too many ids share, and pairs with one contact but two names: not linked.
    quality : Quality
        What the links are worth.
    """

    by: Mapping[str, int] = field(default_factory=dict)
    shared: int = 0
    refused: int = 0
    quality: Quality = field(default_factory=Quality)

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Linking:
        """Read what `dataclasses.asdict` wrote and JSON kept."""
        spans: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in given["quality"].items()
        }
        return cls(**{**given, "quality": Quality(**spans)})

    @property
    def linked(self) -> int:
        """Number of records that turned out to be of a person already there."""
        return sum(self.by.values())


@dataclass(frozen=True)
class CleaningReport(Result):
    """What the cleaning did to all tables of a study.

    Attributes
    ----------
    tables : dict
        Table -> its report.
    linked_by : dict
        How records of one person were recognised -> number of records.
    shared_contacts, refused_links : int
        Contacts that too many ids share, and pairs with one contact but two names: not linked.
    parts : dict
        Table -> the table that holds its rows, too. Totals leave these tables out.
    links : Quality
        What the links are worth, by their own probabilities.
    """

    tables: Mapping[str, TableReport]
    linked_by: Mapping[str, int] = field(default_factory=dict)
    shared_contacts: int = 0
    refused_links: int = 0
    parts: Mapping[str, str] = field(default_factory=dict)
    links: Quality = field(default_factory=Quality)

    def __getitem__(self, name: str) -> TableReport:
        return self.tables[name]

    @property
    def table(self) -> pd.DataFrame:
        """One row a table: rows read, kept, set aside, linked; encoding; first and last date.

        Where some tables are parts of others, `part_of` names these; where rows are out though
        nothing is lost with them (refunds and what they undo, the same row again), `not_needed`
        counts them. Rows read are those kept, not needed and set aside.
        """
        out = any(t.read - t.kept - t.faulty for t in self.tables.values())
        rows = [
            {
                "table": t.name,
                **({"part_of": self.parts.get(t.name, "")} if self.parts else {}),
                "read": t.read,
                "kept": t.kept,
                **({"not_needed": t.read - t.kept - t.faulty} if out else {}),
                "set_aside": t.faulty,
                "share_kept": 1 - t.lost if t.read else float("nan"),
                "linked": t.linked,
                "unknown_customers": t.unknown_customers,
                "cells_emptied": sum(t.emptied.values()),
                "first": pd.Timestamp(t.first) if t.first else pd.NaT,
                "last": pd.Timestamp(t.last) if t.last else pd.NaT,
                "encoding": t.encoding,
            }
            for t in self.tables.values()
        ]
        names: dict[str, str | tuple[str, str]] = {
            "table": "Table", "part_of": "Part of", "read": "Read", "kept": "Kept",
            "not_needed": "Not needed", "set_aside": "Excluded",
            "share_kept": ("Share that can be used", "percent:1"),
            "first": "First", "last": "Last", "encoding": "Encoding",
        }  # fmt: skip
        frame = pd.DataFrame(rows)
        return labelled(frame, **{name: names[name] for name in names if name in frame})

    @property
    def reasons(self) -> pd.DataFrame:
        """One row a table and reason: rows set aside, share of the rows read, first example."""
        rows = [
            {
                "table": t.name,
                "reason": REASONS[reason],
                "rows": n,
                "share": n / t.read,
                "first_row": t.examples.get(reason, (0, ""))[0],
                "found": t.examples.get(reason, (0, ""))[1],
            }
            for t in self.tables.values()
            for reason, n in t.set_aside.items()
        ]
        columns = ["table", "reason", "rows", "share", "first_row", "found"]
        frame = pd.DataFrame(rows, columns=columns)
        return frame.sort_values("rows", ascending=False, ignore_index=True, kind="stable")

    @property
    def rules(self) -> pd.DataFrame:
        """One row a rule and table with rows set aside; a rule without any is there once.

        Returns
        -------
        DataFrame
            reason, table (or "all tables"), rows, share (of the rows read).
        """
        hits = self.reasons[["reason", "table", "rows", "share"]]
        asked = {reason for t in self.tables.values() for reason in t.rules}
        idle = [REASONS[r] for r in REASONS if r in asked and REASONS[r] not in set(hits["reason"])]
        none = pd.DataFrame({"reason": idle, "table": "all tables", "rows": 0, "share": 0.0})
        parts = [part for part in (hits, none) if len(part)]
        frame = pd.concat(parts, ignore_index=True) if parts else hits
        return labelled(
            frame, reason="Reason", table="Table", rows="Rows", share=("Share", "percent:2")
        )

    @property
    def notable(self) -> pd.DataFrame:
        """What was kept or changed although a reader should know: finding, table, number."""
        found: list[tuple[str, str, int]] = []
        for t in self.tables.values():
            found += [
                ("rows given the number of the same person's first record", t.name, t.linked),
                ("rows whose customer was told by phone or e-mail", t.name, t.recovered),
                ("records with an unknown customer number", t.name,
                 t.unknown_customers),
                ("rows whose customer is a word such as guest or unknown, set aside", t.name,
                 sum(n for word, n in t.placeholders.items() if word != SHORTENED)),
                ("rows whose customer number a spreadsheet has shortened (1.23E+11), set aside",
                 t.name, t.placeholders.get(SHORTENED, 0)),
                ("rows of customers called by a word that usually stands for nobody, kept", t.name,
                 sum(t.persons.values())),
                ("rows equal to another one, kept without a number to tell", t.name, t.repeated),
                ("amounts of zero, kept as purchases", t.name, t.zero_amounts),
                ("rows left out as the study's card says", t.name, t.left_out.get("where", 0)),
                ("further lines of orders, whose total counts once", t.name,
                 t.left_out.get("line", 0)),
                ("rows of after the day as of which the study is seen", t.name,
                 t.left_out.get("later", 0)),
                ("rows of people who have not consented, left out", t.name,
                 t.left_out.get("consent", 0)),
                ("unreadable or impossible values emptied, their rows kept", t.name,
                 sum(t.emptied.values())),
                ("texts in which a name, phone or e-mail was masked", t.name, t.masked),
                ("columns about persons dropped", t.name, len(t.hidden)),
            ]  # fmt: skip
        found.append(("contacts shared by too many customers to link by", "customers",
                      self.shared_contacts))  # fmt: skip
        found.append(("pairs with one contact and two names, not linked", "customers",
                      self.refused_links))  # fmt: skip
        found.append(("pairs of records that may be one person, not decided yet", "customers",
                      self.links.doubtful))  # fmt: skip
        found.append(("pairs of records of which a person has decided", "customers",
                      self.links.decided))  # fmt: skip
        rows = [dict(zip(("finding", "table", "number"), f, strict=True)) for f in found if f[2]]
        frame = pd.DataFrame(rows, columns=["finding", "table", "number"])
        return labelled(frame, finding="Finding", table="Table", number="Number")

    @property
    def refunds(self) -> pd.DataFrame:
        """One row a log and rule by which refunds were taken off: their number and sum.

        Returns
        -------
        DataFrame
            table, rule, refunds, amount. Tables that are parts of others are left out.
        """
        rows = [
            {"table": t.name, "rule": RULE_TEXTS[rule], "refunds": n, "amount": total}
            for t in self._wholes
            for rule, (n, total) in t.refunds.items()
        ]
        frame = pd.DataFrame(rows, columns=["table", "rule", "refunds", "amount"])
        return labelled(
            frame, table="Table", rule="What became of them", refunds="Refunds",
            amount=("Sum", "money"),
        )  # fmt: skip

    def estimates(self) -> dict[str, Estimate]:
        """Rows read, share that can be used, records linked; counts, so without intervals."""
        share = 1 - self.faulty / self.read if self.read else float("nan")
        return {
            "share_kept": Estimate(
                share, n=self.read, kind="percent", label="Rows that can be used", better="up",
                fact="data.share_kept",
            ),
            "rows_read": Estimate(self.read, label="Rows read", fact="data.rows_read"),
            "linked": Estimate(
                self.linked, label="Duplicate customer records merged", fact="data.linked"
            ),
            **self.links.estimates(),
        }  # fmt: skip

    def findings(self) -> list[Finding]:
        """Say how many rows can be used, where most was lost, who came twice; and of refunds."""
        share = self.estimates()["share_kept"]
        few = share.value < ENOUGH_KEPT
        found = [
            Finding(
                "rows",
                "{kept} of {read} rows can be used",
                {"kept": self.read - self.faulty, "read": self.read, "share": share},
                verdict="mend" if few else "usable",
                severity="warning" if few else "ok",
                estimates={"share_kept": share},
                advice=Advice("Mend the data first: only {share} of the rows can be used.", 0)
                if few
                else None,
            ),
            Finding(
                "set_aside",
                "{n} rows were excluded, each for one stated reason"
                if self.faulty
                else "Nothing had to be excluded",
                {"n": self.faulty},
            ),
            Finding(
                "linked",
                "{n} duplicate customer records were merged"
                if self.linked
                else "Nobody was found to be recorded twice",
                {"n": self.linked},
            ),
        ]
        lost = self.table.assign(lost=1 - self.table["share_kept"]).nlargest(1, "lost")
        for name, part in zip(lost["table"], lost["lost"], strict=True):
            found.append(
                Finding(
                    "largest_loss",
                    "The largest loss is {share}, in the table {table}. Where a table loses more"
                    " than 5%, read the pages that use it with care."
                    if self.faulty
                    else "No table has lost a row.",
                    {"share": Estimate(float(part), kind="percent"), "table": str(name)},
                )
            )
        found += _of_refunds(self._wholes, TAKEN_OFF)
        found += self.links.findings()
        return found

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw the share of each table's rows that can be used."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        shown = self.table.iloc[::-1]
        ax.barh([say.name(name) for name in shown["table"]], shown["share_kept"], height=0.6)
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.set_xlabel(say("Share that can be used"))
        return ax

    @property
    def set_aside(self) -> int:
        """Rows that are not kept in all tables, each row once."""
        return self.read - self.kept

    @property
    def faulty(self) -> int:
        """Rows set aside in all tables that one would have wanted to use, each row once."""
        return sum(t.faulty for t in self._wholes)

    @property
    def last(self) -> dt.date | None:
        """The last day of the youngest table."""
        return max((t.last for t in self.tables.values() if t.last), default=None)

    @property
    def read(self) -> int:
        """Rows read in all tables, each row once."""
        return sum(t.read for t in self._wholes)

    @property
    def kept(self) -> int:
        """Rows kept in all tables, each row once."""
        return sum(t.kept for t in self._wholes)

    @property
    def _wholes(self) -> list[TableReport]:
        return [t for t in self.tables.values() if t.name not in self.parts]

    @property
    def linked(self) -> int:
        """Records that turned out to be of a person already there."""
        return sum(self.linked_by.values())


def _of_refunds(logs: Iterable[TableReport], taken_off: str) -> list[Finding]:
    """Say how many refunds were taken off purchases and how many were not, with their sums."""
    done = [(rule == UNMATCHED, *found) for t in logs for rule, found in t.refunds.items()]
    said = []
    for left, key, message in (
        (False, "refunds", taken_off),
        (True, "refunds_left", NOT_TAKEN_OFF),
    ):
        part = [(n, total) for unmatched, n, total in done if unmatched == left]
        if part:
            total = round(sum(total for _, total in part), 2)
            money = Estimate(total, kind="money", digits=0)
            said.append(Finding(key, message, {"n": sum(n for n, _ in part), "total": money}))
    return said
