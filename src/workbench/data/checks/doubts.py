"""Tells what must be wrong about a table that could be read, and what somebody should look at."""

from __future__ import annotations

import datetime as dt
import re

from workbench.data.clean.amounts import CERTAIN, NO_MONEY
from workbench.data.clean.facts import LARGE
from workbench.data.clean.refunds import UNMATCHED
from workbench.data.clean.report import TableReport
from workbench.data.clean.rules import LEFT_OUT, REASONS
from workbench.data.clean.selection import texts_in
from workbench.data.people.keys import SHORTENED
from workbench.data.schemas import schema_of
from workbench.errors import did_you_mean
from workbench.study import Study

#: Share of the rows that are lost, and of rows or money that one customer has, from which on
#: results are in doubt. Of few customers each has more: ten times the even share is a lot.
TOO_MANY_LOST = 0.2
_TIMES_EVEN = 10
_FEW_CUSTOMERS = 30
#: Days after the last event from which on the as-of date contradicts the data.
_YEARS_LATE = 730
#: Refunds without a purchase that may be of purchases before the log began.
_FEW_REFUNDS = 5
_EVENTS = ("transactions", "interactions")
_OF_CUSTOMERS = (*_EVENTS, "contracts")


def doubts(study: Study, report: TableReport, last: dt.date | None) -> tuple[list[str], list[str]]:
    """Tell what must be wrong about a table, and what should be looked at.

    Parameters
    ----------
    study : Study
        The card.
    report : TableReport
        What the cleaning counted.
    last : date or None
        The last day that the table covers.

    Returns
    -------
    problems, warnings : list of str
    """
    name = report.name
    problems: list[str] = []
    warnings: list[str] = []
    own = study.tables[name].columns.get("amount", "amount")
    if report.amount_is:
        said = (
            f"{name}: the amounts ({own!r}) seem to be {report.amount_is.removeprefix('perhaps ')},"
            f" not money: {NO_MONEY[report.amount_is]}; map `amount` to the column that holds the"
            " money, or leave it out"
        )
        (problems if report.amount_is in CERTAIN else warnings).append(said)
    schema = schema_of(name)
    behind = (study.as_of - last).days if last is not None else 0
    if schema is not None and schema.name in _EVENTS and behind > _YEARS_LATE:
        problems.append(
            f"{name}: the last row is of {last}, {behind / 365.25:.0f} years before as_of"
            f" {study.as_of}; mend `as_of`, or bring the data since"
        )
    if report.lost > TOO_MANY_LOST:
        lost = {r: n for r, n in report.set_aside.items() if r not in LEFT_OUT}
        most = max(lost, key=lambda r: lost[r])
        money = ""
        if report.lost_amount and report.total is not None:
            whole = report.lost_amount + report.total
            money = (
                f", with {report.lost_amount:,.2f} {study.currency} in them"
                f" ({report.lost_amount / whole:.0%} of all)"
            )
        warnings.append(
            f"{name}: {report.lost:.0%} of the rows are set aside ({sum(lost.values()):,} of"
            f" {report.read:,}){money}; mostly: {REASONS[most]}"
        )
    warnings += _no_ids(report)
    warnings += _outsized(study, report)
    warnings += _undoing_nothing(study, report)
    survey = schema is not None and schema.name == "survey"
    if survey or (schema is not None and schema.name in _OF_CUSTOMERS):
        n = report.customers
        if n is not None and n < _FEW_CUSTOMERS:
            who, column = ("people", "respondent_id") if survey else ("customers", "customer_id")
            warnings.append(
                f"{name}: {n} {who} only; fewer than {_FEW_CUSTOMERS} show next to nothing. If"
                f" there should be more, look at what `{column}` is mapped to"
            )
    return problems, warnings


def _no_ids(report: TableReport) -> list[str]:
    """Name customer numbers that a spreadsheet has spoiled, and words that may be nobody."""
    said = []
    if n := report.placeholders.get(SHORTENED, 0):
        said.append(
            f"{report.name}: {n:,} customer numbers ({n / report.read:.1%} of the rows) are written"
            f" as {SHORTENED}: a spreadsheet has lost their last digits, and nobody can tell whose"
            " the rows are; export that column as text"
        )
    said += [
        f"{report.name}: {word!r} usually stands for nobody, and has {n:,}"
        f" {'row' if n == 1 else 'rows'} and a name or mail of its own; kept as a customer; list"
        f" under `missing: {{customer_id: [...]}}` of tables.{report.name} who is none, be it only"
        " ''"
        for word, n in report.persons.items()
    ]
    return said


def _undoing_nothing(study: Study, report: TableReport) -> list[str]:
    """Doubt that amounts below zero are refunds, where most of them undo no purchase."""
    n, total = report.refunds.get(UNMATCHED, (0, 0.0))
    every = sum(count for count, _ in report.refunds.values())
    if n < _FEW_REFUNDS or n * 2 <= every:
        return []
    return [
        f"{report.name}: {n:,} of {every:,} amounts below zero ({total:,.2f} {study.currency})"
        " undo no purchase; if they are payments out or another kind of row, leave them out by"
        " `where:`, or write `refunds: set_aside`"
    ]


def _outsized(study: Study, report: TableReport) -> list[str]:
    """Name the customers who have too large a share of the rows or of the money."""
    n = report.customers or 0
    if n < 2 or not report.name.startswith(_OF_CUSTOMERS):
        return []
    limit = min(0.5, max(LARGE, _TIMES_EVEN / n))
    money = report.total if report.total and report.total > 0 else 0.0
    said: list[str] = []
    for each in report.large:
        of_rows = each.rows / report.kept if report.kept else 0.0
        of_money = each.amount / money if money else 0.0
        if max(of_rows, of_money) < limit:
            continue
        shares = f"{of_rows:.1%} of the rows ({each.rows:,})"
        if money and each.amount:
            shares += f" and {of_money:.1%} of the money ({each.amount:,.2f} {study.currency})"
        said.append(
            f"{report.name}: one customer, the one of row {each.row} of the source, has {shares};"
            " if that is nobody (guest, unknown) name the value under"
            " `missing: {customer_id: [...]}`"
        )
    return said


def unread_columns(study: Study, name: str) -> list[str]:
    """Name columns that the card maps and that no page reads."""
    schema, card = schema_of(name), study.tables[name]
    # of people every column describes them; a survey's items are named under `survey`
    if schema is None or schema.name in ("customers", "survey", "series"):
        return []
    about = {
        key: value
        for key, value in study.model_dump(mode="json", exclude={"name", "folder"}).items()
        if key != "tables"
    }
    said = {*texts_in(about, _words)}
    said |= {*texts_in({"where": card.where, "amount": card.amount}, _words)}
    unread = [c for c in card.columns if c not in schema.columns and c not in said]
    return [
        f"{name}: the card maps {column!r}, which no page reads"
        f"{did_you_mean(column, list(schema.columns))}"
        for column in unread
    ]


def _words(text: str) -> list[str]:
    """Give the words of a text, and the text itself."""
    return [*re.findall(r"\w+", text), text]
