"""What a table was taken for: its columns, the keys of its card, and what is still to be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.errors import WorkbenchError
from workbench.new.columns.profile import ColumnProfile, by_name, profiles


class StarterError(WorkbenchError):
    """A study that cannot be started."""


@dataclass(frozen=True, eq=False)
class Upload:
    """One table that was brought, as texts.

    Attributes
    ----------
    path : Path
        The user's file.
    frame : DataFrame
        A sample of its rows, every value a text.
    sheet : str or None
        Of a workbook with several.
    keys : dict
        Keys of the card that say how the file is read: ``encoding``, ``header``, ``footer``.
    notes : sequence of str
        What the reader found: titles above the headings, another encoding than UTF-8.
    wording : dict
        Column -> its label, of files that have both.
    """

    path: Path
    frame: pd.DataFrame = field(repr=False)
    sheet: str | None = None
    keys: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()
    wording: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The file, and the sheet where there are several."""
        return f"{self.path.name}, sheet {self.sheet}" if self.sheet else self.path.name

    @property
    def stem(self) -> str:
        """What the user called it."""
        return self.sheet or self.path.name.split(".")[0]


@dataclass(frozen=True)
class RowKind:
    """What the rows with a value of a column are: ``bought``, ``left_out`` or ``refund``."""

    column: str
    value: str
    kind: str


@dataclass(frozen=True)
class Option:
    """One answer to a question: how it reads, and what it makes of the card.

    Attributes
    ----------
    sets : dict
        Keys of the card, ``columns.X``, ``where.X`` and ``survey.X`` for one entry of them; None
        takes it away.
    rows : sequence of RowKind
        What rows are, which changes `where` and `refund_rows` for these values alone.
    """

    label: str
    sets: Mapping[str, Any] = field(default_factory=dict)
    rows: Sequence[RowKind] = ()


@dataclass(frozen=True)
class OpenQuestion:
    """What cannot be known from the file.

    Attributes
    ----------
    key : str
        The card's key it is about, such as ``date_format`` or ``columns.amount``.
    asks : str
        The question.
    options : sequence of Option
        Its answers.
    default : int or None
        The answer that is taken where nobody is asked; None where none may be taken for granted:
        the key is then left out, and the reader asks again.
    """

    key: str
    asks: str
    options: Sequence[Option]
    default: int | None = 0


@dataclass(eq=False)
class Proposal:
    """What one table was taken for; questions change it as they are answered."""

    upload: Upload
    columns_of_file: list[ColumnProfile] = field(repr=False)
    table: str = ""
    standard: str = ""
    system: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    keys: dict[str, Any] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    questions: list[OpenQuestion] = field(default_factory=list)
    left_open: list[OpenQuestion] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    scores: Mapping[str, float] = field(default_factory=dict)
    #: Of a log with rows of totals and of lines: the column and the values that are no lines.
    line_rows: tuple[str, Any] | None = None
    #: What an amount may be read as, and the currency that it is in then.
    reckoned: dict[str, str] = field(default_factory=dict)
    #: Further tables that the same rows are, with their columns.
    also: dict[str, dict[str, str]] = field(default_factory=dict)
    #: Of a survey: what the card says of its questions.
    survey: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, upload: Upload) -> Proposal:
        """Start from a file."""
        return cls(upload, profiles(upload.frame, upload.wording))

    @property
    def own(self) -> dict[str, ColumnProfile]:
        """The file's columns by name."""
        return by_name(self.columns_of_file)

    def column(self, standard: str) -> ColumnProfile | None:
        """Give the file's column that is a standard one."""
        return self.own.get(self.columns.get(standard, ""))

    @property
    def in_formula(self) -> list[ColumnProfile]:
        """The columns of numbers that the amount's formula names."""
        formula = str(self.keys.get("amount", ""))
        return [p for p in self.columns_of_file if p.name in formula and p.numeric]

    def set(self, changes: Mapping[str, Any]) -> None:
        """Change keys of the card; None takes one away."""
        for key, value in changes.items():
            target: dict[str, Any] = self.keys
            part, dot, entry = key.partition(".")
            if dot:
                parts = {"columns": self.columns, "survey": self.survey}
                target = parts[part] if part in parts else self.keys.setdefault(part, {})
                key = entry
            if value is None:
                target.pop(key, None)
            else:
                target[key] = value
            if dot and not target and part in self.keys:
                del self.keys[part]

    def ask_instead(self, key: str, question: OpenQuestion) -> None:
        """Put a question in the place of those about a key, and take its first answer."""
        self.questions = [q for q in self.questions if q.key != key]
        self.questions.append(question)
        self.set(question.options[0].sets)

    def rows_kept(self) -> pd.Index[int]:
        """Give the rows of the sample that `where` keeps."""
        rows = pd.Series(True, index=self.upload.frame.index)
        for column, condition in self.keys.get("where", {}).items():
            own = self.own.get(column)
            if own is None:
                continue
            barred = isinstance(condition, Mapping)
            listed = condition["not"] if isinstance(condition, Mapping) else condition
            cells = own.texts.reindex(rows.index)
            inside = cells.isin([str(v) for v in listed])
            inside |= cells.isna() if "" in listed else False
            rows &= ~inside if barred else inside
        return rows.index[rows]

    def set_rows(self, rows: Sequence[RowKind]) -> None:
        """Say what the rows with some values are; of other values nothing changes."""
        for row in rows:
            kept = self.keys.get("where", {}).get(row.column)
            back = [
                v for v in self.keys.get("refund_rows", {}).get(row.column, ()) if v != row.value
            ]
            out = row.kind == "left_out"
            if isinstance(kept, list):  # the values that are kept
                kept = [*(v for v in kept if v != row.value), *([] if out else [row.value])]
            else:
                barred = [v for v in (kept or {"not": []})["not"] if v != row.value]
                barred += [row.value] if out else []
                kept = {"not": barred} if barred else None
            back += [row.value] if row.kind == "refund" else []
            self.set({f"where.{row.column}": kept, f"refund_rows.{row.column}": back or None})

    def answer(self, question: OpenQuestion, choice: int | None) -> None:
        """Take an answer; without one the default is what stands."""
        chosen = question.default if choice is None else choice
        if chosen is not None:
            self.set(question.options[chosen].sets)
            self.set_rows(question.options[chosen].rows)
        if choice is not None:
            self.questions.remove(question)
