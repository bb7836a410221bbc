"""Shows a table as it was understood: five rows, the period, who is in it, what it sums to.

`workbench new` ends with it and `workbench check` shows it, so that an amount that is a ticket
number is seen before a page is made of it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from workbench.data import expressions as ibis
from workbench.data.clean.rules import REASONS
from workbench.data.people.pseudonyms import personal_columns
from workbench.data.schemas import schema_of
from workbench.data.tables import Tables

#: Rows to show.
ROWS = 5
_WIDEST = 28
_MOST = 8
_EMAIL = re.compile(r"([^@\s])[^@\s]*@([^@\s]+)")
_MOBILE = re.compile(r"(1[3-9]\d)\d{6}(\d\d)")


@dataclass(frozen=True)
class Preview:
    """A table as it was understood.

    Attributes
    ----------
    name : str
        The table.
    rows : DataFrame
        The first rows that are used: standard columns, as texts, under the ids of the file (which
        pages never show). E-mail addresses and mobile numbers are shortened.
    columns : dict
        Standard column -> the file's, where the two are called differently.
    read, kept : int
        Rows of the source, and those that are used.
    reasons : dict
        Why rows fell out, in words -> number.
    lost : float
        Share of the rows that fell out and should not have: not those that the card leaves out,
        nor rows that were there twice.
    first, last : date or None
        The period.
    customers, orders : int or None
        Different customers (of a survey: people who answered), and different order numbers.
    total : float or None
        Sum of the amounts.
    currency : str
        Of `total`.
    headlines : tuple of str
        First figures of a survey (before weights), of contracts and of service contacts.
    """

    name: str
    rows: pd.DataFrame
    columns: Mapping[str, str] = field(default_factory=dict)
    read: int = 0
    kept: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    lost: float = 0.0
    first: dt.date | None = None
    last: dt.date | None = None
    customers: int | None = None
    orders: int | None = None
    total: float | None = None
    currency: str = ""
    headlines: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """Rows, period, customers, orders and sum in one line."""
        said = [f"{self.kept:,} of {self.read:,} rows"]
        if self.first and self.last:
            said.append(f"{self.first} to {self.last}")
        return ", ".join([*said, self.sums] if self.sums else said)

    @property
    def sums(self) -> str:
        """Customers, orders, sum and first figures, as far as there are any."""
        said = []
        if self.customers is not None:
            who = "people who answered" if self.name.startswith("survey") else "customers"
            said.append(f"{self.customers:,} {who}")
        if self.orders is not None:
            said.append(f"{self.orders:,} orders")
        if self.total is not None:
            said.append(f"sum {self.total:,.2f} {self.currency}".rstrip())
        return ", ".join([*said, *self.headlines])

    def __str__(self) -> str:
        """Show the sentence, the rows, and what fell out."""
        lines = [f"{self.name}: {self.sentence}", *self.lines]
        if self.reasons:
            why = ", ".join(f"{n:,} {reason}" for reason, n in self.reasons.items())
            lines.append(f"  fell out: {why} ({self.lost:.1%} of the rows are lost)")
        return "\n".join(lines)

    @property
    def lines(self) -> list[str]:
        """The rows below their headings, as a terminal shows them."""
        lines: list[str] = []
        if len(self.rows):
            names = [str(c) for c in self.rows]
            heads = [f"{c} ({self.columns[c]})" if c in self.columns else c for c in names]
            cells = [heads, *self.rows.itertuples(index=False, name=None)]
            shown = [[_cut(str(cell)) for cell in row] for row in cells]
            widths = [max(_width(row[i]) for row in shown) for i in range(len(heads))]
            lines += [
                "  "
                + "  ".join(c + " " * (w - _width(c)) for c, w in zip(row, widths, strict=True))
                for row in shown
            ]
        return [line.rstrip() for line in lines]


def preview(tables: Tables, name: str) -> Preview:
    """Show one table of a study as it was understood.

    Parameters
    ----------
    tables : Tables
        The study's tables.
    name : str
        The table.

    Raises
    ------
    DataError
        If it cannot be read, or not one row can be used.

    Examples
    --------
    >>> from workbench.data import open_tables, preview
    >>> from workbench.study import load_study
    >>> preview(open_tables(load_study("cdnow")), "transactions").customers
    23570
    """
    report = tables.report_of(name)
    schema = schema_of(name)
    head = tables.head(name, ROWS)
    standard = [c for c in (schema.columns if schema is not None else ()) if c in head]
    shown = [*standard, *(str(c) for c in head if c not in standard)]
    personal = set(personal_columns(shown))
    shown = [c for c in shown if c not in personal]
    shown = [c for c in shown if head[c].notna().any()] or shown
    rows = pd.DataFrame({c: [_text(value) for value in head[c]] for c in shown[:_MOST]})
    own = tables.study.tables[name].columns
    return Preview(
        name=name,
        rows=rows,
        columns={c: own[c] for c in shown if own.get(c, c) != c},
        read=report.read,
        kept=report.kept,
        reasons={REASONS[r]: n for r, n in report.set_aside.items()},
        lost=report.lost,
        first=report.first,
        last=report.last,
        customers=report.customers,
        orders=report.orders,
        total=report.total,
        currency=tables.study.currency,
        headlines=_headlines(tables, schema.name if schema is not None else "", name),
    )


def _headlines(tables: Tables, kind: str, name: str) -> tuple[str, ...]:
    """Give the figures by which somebody who knows the table sees that it was read aright."""
    made = {"survey": _of_survey, "contracts": _of_contracts, "interactions": _of_contacts}
    if kind not in made:
        return ()
    rows = tables.expr(name)
    asked = made[kind](tables, rows)
    if not asked:
        return ()
    found = tables.engine.run(rows.aggregate(**{k: v for k, (v, _) in asked.items()}), name).iloc[0]
    return tuple(
        said.format(found[key], *(found[k] for k in asked if k.startswith(f"{key}_n")))
        for key, (_, said) in asked.items()
        if said and not pd.isna(found[key])
    )


def _of_survey(tables: Tables, rows: Any) -> dict[str, tuple[Any, str]]:
    asked: dict[str, tuple[Any, str]] = {}
    survey = tables.study.survey
    if "recommend" in rows.columns:
        recommend = rows.recommend
        points = (recommend >= 9).cast("int64") - (recommend <= 6).cast("int64")
        asked["nps"] = (points.mean() * 100, "NPS {:+.1f} of {:,.0f} answers")
        asked["nps_n"] = (recommend.count(), "")
    for score in ("csat", "csat5", "csat10"):
        if score in rows.columns:
            ends = survey.scale_of(score) if survey is not None else None
            on = f" on {ends[0]} to {ends[1]}" if ends else ""
            asked[score] = (rows[score].mean(), f"{score} {{:.2f}}{on} of {{:,.0f}} answers")
            asked[f"{score}_n"] = (rows[score].count(), "")
    schema = schema_of("survey", survey)
    rules = schema.columns if schema is not None else {}
    answers = [c for c in rows.columns if c in rules and rules[c].kind == "answer"]
    for prefix, what in (("exp_", "expectation"), ("per_", "experience")):
        items = [rows[c] for c in answers if c.startswith(prefix)]
        items = [item for item in items if item.type().is_numeric()]
        if items:
            number = sum(item.count() for item in items)
            mean = sum(ibis.coalesce(item.sum(), 0) for item in items) / number.nullif(0)
            scale = f" on {survey.scale[0]} to {survey.scale[1]}" if survey is not None else ""
            asked[prefix] = (mean, f"{what} {{:.2f}}{scale} over {len(items)} items")
    return asked


def _of_contracts(tables: Tables, rows: Any) -> dict[str, tuple[Any, str]]:
    day = tables.study.as_of
    running = rows.start.cast("date") <= day
    if "end" in rows.columns:
        running &= rows.end.isnull() | (rows.end.cast("date") > day)  # noqa: PD003
    asked = {"running": (running.sum(), f"{{:,.0f}} running on {day}")}
    if "monthly_fee" in rows.columns:
        fees = rows.monthly_fee.sum(where=running)
        asked["fees"] = (fees, f"with {{:,.2f}} {tables.study.currency} a month")
    return asked


def _of_contacts(tables: Tables, rows: Any) -> dict[str, tuple[Any, str]]:
    asked: dict[str, tuple[Any, str]] = {}
    if "response_hours" in rows.columns:
        asked["hours"] = (rows.response_hours.median(), "half answered within {:,.1f} hours")
    if "resolved" in rows.columns and rows.resolved.type().is_boolean():
        asked["resolved"] = (rows.resolved.mean(), "{:.0%} resolved")
    return asked


def _text(value: Any) -> str:
    """Write a value as it was understood: a number as a number, a day as a day."""
    if value is None or value is pd.NaT or (not isinstance(value, str) and pd.isna(value)):
        return "-"
    if isinstance(value, pd.Timestamp | dt.datetime):
        stamp = pd.Timestamp(value)
        return f"{stamp:%Y-%m-%d}" if stamp == stamp.normalize() else f"{stamp:%Y-%m-%d %H:%M}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() else f"{value:,.10g}"
    text = str(value)
    if match := _EMAIL.fullmatch(text):
        return f"{match[1]}...@{match[2]}"
    if match := _MOBILE.fullmatch(text):
        return f"{match[1]}...{match[2]}"
    return text


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else text[: _WIDEST - 3] + "..."


def _width(text: str) -> int:
    """Count the places that a text takes in a terminal, where Chinese takes two each."""
    from unicodedata import east_asian_width

    return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)
