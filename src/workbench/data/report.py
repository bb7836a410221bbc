"""What the cleaning did: rows read, kept and set aside, why, and what was linked or hidden."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from workbench.data.quality import REASONS


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
    emptied : dict
        Column -> cells that could not be read and were emptied (their rows were kept).
    linked : int
        Rows that were given another customer id, because it is the same person.
    found : int
        Rows without a customer id whose phone or e-mail told it.
    unknown_customers : int
        Rows whose customer the customer table does not have (they are kept).
    zero_amounts, repeated : int
        Kept rows with an amount of zero, and rows equal to another one where a table has no key.
    hidden : tuple of str
        Personal columns that were dropped.
    masked : int
        Texts in which a name, phone or e-mail was masked.
    """

    name: str
    where: str
    read: int
    kept: int
    set_aside: Mapping[str, int] = field(default_factory=dict)
    examples: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    emptied: Mapping[str, int] = field(default_factory=dict)
    linked: int = 0
    found: int = 0
    unknown_customers: int = 0
    zero_amounts: int = 0
    repeated: int = 0
    hidden: tuple[str, ...] = ()
    masked: int = 0
    encoding: str = ""
    delimiter: str = ""
    formats: Mapping[str, str] = field(default_factory=dict)
    first: dt.date | None = None
    last: dt.date | None = None
    sha256: str = ""


@dataclass(frozen=True)
class CleaningReport:
    """What the cleaning did to all tables of a study.

    Attributes
    ----------
    tables : dict
        Table -> its report.
    linked_by : dict
        How records of one person were recognised -> number of records.
    shared_contacts, refused_links : int
        Contacts that too many ids share, and pairs with one contact but two names: not linked.
    """

    tables: Mapping[str, TableReport]
    linked_by: Mapping[str, int] = field(default_factory=dict)
    shared_contacts: int = 0
    refused_links: int = 0

    def __getitem__(self, name: str) -> TableReport:
        return self.tables[name]

    @property
    def table(self) -> pd.DataFrame:
        """One row a table: rows read, kept, set aside, linked; encoding; first and last date."""
        rows = [
            {
                "table": t.name,
                "read": t.read,
                "kept": t.kept,
                "set_aside": t.read - t.kept,
                "share_kept": t.kept / t.read if t.read else float("nan"),
                "linked": t.linked,
                "unknown_customers": t.unknown_customers,
                "cells_emptied": sum(t.emptied.values()),
                "first": pd.Timestamp(t.first) if t.first else pd.NaT,
                "last": pd.Timestamp(t.last) if t.last else pd.NaT,
                "encoding": t.encoding,
            }
            for t in self.tables.values()
        ]
        return pd.DataFrame(rows)

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
    def read(self) -> int:
        """Rows read in all tables."""
        return sum(t.read for t in self.tables.values())

    @property
    def kept(self) -> int:
        """Rows kept in all tables."""
        return sum(t.kept for t in self.tables.values())

    @property
    def linked(self) -> int:
        """Records that turned out to be of a person already there."""
        return sum(self.linked_by.values())
