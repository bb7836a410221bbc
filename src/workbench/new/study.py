"""Starts a study from a user's own tables: a folder with copies, and a card that explains them.

Each table is known by a preset of its system, or else by the evidence of all its columns; several
tables are resolved together. What stays unsure is a question.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from workbench.data import Preview, open_tables, preview
from workbench.errors import WorkbenchError
from workbench.new.card import card_text, last_day
from workbench.new.columns.proposal import OpenQuestion, Proposal, StarterError, Upload
from workbench.new.presets import load_presets
from workbench.new.purchase_log.conversion import one_currency
from workbench.new.purchase_log.lines import with_lines
from workbench.new.purchase_log.money import Money, currency
from workbench.new.resolve import propose
from workbench.new.tables.opening import open_file
from workbench.study import Study, load_study

#: Answers a question: the place of an option, or None to leave it open.
Ask = Callable[[Proposal, OpenQuestion], int | None]


@dataclass(frozen=True)
class Started:
    """A study that was started.

    Attributes
    ----------
    folder : Path
    proposals : list of Proposal
        What each table was taken for, with the questions that are still open.
    money : Money
        The currency of the amounts.
    previews : list of Preview
        The tables as they were understood.
    unread : list of str
        Of tables that could not be shown, why.
    """

    folder: Path
    proposals: list[Proposal]
    money: Money
    previews: list[Preview] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    #: Of tables that rows are beside the one they were taken for.
    last_days: list[date] = field(default_factory=list)

    @property
    def study(self) -> Study:
        """The study's card, read."""
        return load_study(self.folder)

    def __str__(self) -> str:
        """Say what each file was taken for, what is unsure, and show the tables."""
        asked = [self.money.question()]
        return "\n\n".join(
            [
                *(describe(p) for p in self.proposals),
                *(f"CHECK {q.key}: {q.asks}; taken: {self.money.code}" for q in asked if q),
                *map(str, self.previews),
                *self.unread,
            ]
        )

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(str(self))}</pre>"


def start_study(
    root: Path,
    name: str,
    sources: Sequence[Path],
    *,
    today: date,
    ask: Ask | None = None,
) -> Started:
    """Make ``data/<name>/`` with copies of the tables and a commented study.yml.

    Parameters
    ----------
    root : Path
        The folder that holds ``data/``; presets of the user's own lie in its ``presets/``.
    name : str
        Name of the study: letters, digits, underscores.
    sources : sequence of Path
        The tables: text files, workbooks, Parquet, JSON, SPSS or Stata files; also packed.
    today : date
        The as-of date when the tables hold no date.
    ask : callable, optional
        Answers what is unsure; without it the defaults stand, and the card says CHECK.

    Raises
    ------
    StarterError
        If the name cannot be used or is taken, or two files are parts of one table.
    DataError
        If a file cannot be read.
    """
    folder = _folder(root, name)
    if not sources:
        raise StarterError("no table was given", remedy="add --from orders.csv")
    proposals = _proposed(sources, root / "presets")
    for proposal in proposals:
        _answer(proposal, ask)
        one_currency(proposal)  # its answers build on which rows are purchases
        _answer(proposal, ask)
    money = _reckoned(proposals, ask)
    proposals = with_lines(proposals)
    aside = folder.with_name(f".{name}.new")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    for path in dict.fromkeys(proposal.upload.path for proposal in proposals):
        shutil.copyfile(path, aside / path.name)
    started = Started(folder, proposals, money)
    _write(aside, started, today, known=False)
    aside.rename(folder)
    return _dated(started, today)


def _write(folder: Path, started: Started, as_of: date, *, known: bool = True) -> None:
    text = card_text(
        started.folder.name, started.proposals, as_of=as_of, known=known, money=started.money
    )
    (folder / "study.yml").write_text(text, encoding="utf-8")


def _dated(started: Started, today: date) -> Started:
    """Show the tables, and set the as-of date to the last day that their reader finds."""
    _show(started)
    logs = {p.table for p in started.proposals if p.standard and p.standard != "customers"}
    days = [shown.last for shown in started.previews if shown.name in logs and shown.last]
    days += started.last_days
    if days:
        _write(started.folder, started, max(days))
    elif (day := last_day(started.proposals, today)) is not None:
        _write(started.folder, started, day)
        _show(started)
    return started


def understood(sources: Sequence[Path], presets: Path | None = None) -> list[Proposal]:
    """Say what tables are, without starting a study.

    Parameters
    ----------
    sources : sequence of Path
        Their files.
    presets : Path, optional
        A folder with presets of the user's own.

    Raises
    ------
    DataError
        If a file cannot be read.
    StarterError
        If two files are parts of one table, or have one name.
    """
    proposals = _proposed(sources, presets)
    for proposal in proposals:
        one_currency(proposal)
    return proposals


def _answer(proposal: Proposal, ask: Ask | None) -> None:
    for question in list(proposal.questions):
        if ask is None:
            proposal.answer(question, None)
        elif question not in proposal.left_open:
            choice = ask(proposal, question)
            proposal.answer(question, choice)
            if choice is None:
                proposal.left_open.append(question)


def _reckoned(proposals: Sequence[Proposal], ask: Ask | None) -> Money:
    """Give the currency of the amounts; ask for it where the tables leave it open."""
    money = currency(proposals)
    question = money.question()
    if question is None or ask is None:
        return money
    holder = next(p for p in proposals if p.standard in ("transactions", "contracts"))
    choice = ask(holder, question)
    return money if choice is None else Money(question.options[choice].label)


def _proposed(sources: Sequence[Path], presets: Path | None) -> list[Proposal]:
    names = [Path(path).name for path in sources]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise StarterError(f"two files are called {twice!r}", remedy="rename one of them")
    uploads = [upload for path in sources for upload in open_file(Path(path))]
    return propose(_of_use(uploads), load_presets(presets))


def _folder(root: Path, name: str) -> Path:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        raise StarterError(
            f"{name!r} cannot name a study", remedy="use letters, digits and _, such as acme"
        )
    folder = root / "data" / name
    if folder.exists():
        raise StarterError(
            f"there is a study {name!r} already",
            where=str(folder),
            remedy="choose another name, or edit its study.yml",
        )
    return folder


def _of_use(uploads: Sequence[Upload]) -> list[Upload]:
    """Leave out sheets of a workbook that are no tables: notes, covers, legends."""
    tables = [u for u in uploads if u.sheet is None or (u.frame.shape[1] > 1 and len(u.frame) > 1)]
    return tables or list(uploads)


def _show(started: Started) -> None:
    """Show the tables as the study's own reading understands them."""
    started.previews.clear()
    started.unread.clear()
    started.last_days.clear()
    try:
        tables = open_tables(started.study, cache=False)
    except WorkbenchError as error:
        started.unread.append(str(error))
        return
    for proposal in started.proposals:
        try:
            started.previews.append(preview(tables, proposal.table))
        except WorkbenchError as error:
            started.unread.append(f"{proposal.table}: not shown, for {error}")
    for name in dict.fromkeys(table for proposal in started.proposals for table in proposal.also):
        try:
            last = tables.report_of(name).last
        except WorkbenchError as error:
            started.unread.append(f"{name}: not shown, for {error}")
            continue
        if last is not None:
            started.last_days.append(last)


def describe(proposal: Proposal) -> str:
    """Say in lines what a table was taken for, and what about it is unsure."""
    system = f" ({proposal.system})" if proposal.system else ""
    lines = [f"{proposal.upload.label} -> table {proposal.table}{system}"]
    lines += [f"  {standard} is {own!r}" for standard, own in proposal.columns.items()]
    for key, value in (*proposal.upload.keys.items(), *proposal.keys.items()):
        lines.append(f"  {key}: {_said(value)}")
    lines += [f"  {standard}: not found; {_lacking(standard)}" for standard in proposal.missing]
    lines += [f"  note: {note}" for note in (*proposal.upload.notes, *proposal.notes)]
    for question in proposal.questions:
        taken = (
            f"; taken: {question.options[question.default].label}"
            if question.default is not None
            else "; nothing is taken, the card leaves it open"
        )
        lines.append(f"  CHECK {question.key}: {question.asks}{taken}")
    return "\n".join(lines)


def _lacking(standard: str) -> str:
    if standard != "customer_id":
        return "name it in the card"
    return (
        "no column says who bought. Name one in the card, or bring an export with customer numbers"
        " or e-mail addresses: some (of settlements, of market places) have none, and nothing can"
        " be told of customers from them"
    )


def _said(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k} {_said(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_said, value))
    return "an empty cell" if value == "" else str(value)
