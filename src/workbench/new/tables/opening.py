"""Opens a user's files as the reader of studies does, and finds what stands below the last row."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.data.clean.selection import select_rows
from workbench.data.engine import Engine
from workbench.data.sources.labelled import KINDS, read_labelled
from workbench.data.sources.read import read_source
from workbench.data.sources.source import ROW, Source
from workbench.data.sources.web_table import is_markup
from workbench.errors import DataError
from workbench.new.columns.proposal import Upload
from workbench.new.columns.words import squash
from workbench.new.purchase_log.grouped import CUSTOMER, grouped, of_groups
from workbench.study import Study, Table
from workbench.study.card import LATEST

#: Rows that are looked at.
SAMPLE = 20_000
_TAIL = 1 << 16
_TOTAL = {"total", "totals", "grandtotal", "gesamt", "summe", "gesamtsumme", "sum", "totale",
          "totaal", "totalgeneral", "合计", "总计", "小计", "合計", "総計", "共计"}  # fmt: skip


def open_file(path: Path) -> list[Upload]:
    """Read a sample of a file; of a workbook, of each sheet that holds a table.

    Raises
    ------
    DataError
        If it cannot be read.
    """
    names = _sheets(path)
    if len(names) < 2:
        return [_upload(path, None)]
    found, refused = [], []
    for name in names:
        try:
            found.append(_upload(path, name))
        except DataError as error:  # a cover, a note: a sheet need not hold a table
            refused.append(error)
    if not found:
        raise refused[0]
    return found


def _sheets(path: Path) -> list[str]:
    from workbench.data.sources import excel

    if path.suffix.lower() not in excel.KINDS or not path.is_file() or is_markup(path):
        return []
    return excel.sheets(path)


def _upload(path: Path, sheet: str | None) -> Upload:
    keys: dict[str, Any] = {} if sheet is None else {"sheet": sheet}
    source, frame = _read(path, keys)
    header = _second_heading(frame, source)
    if header is not None:
        keys["header"] = header
        source, frame = _read(path, keys)
    footer = _footer(path, source, frame)
    if footer:
        keys["footer"] = footer
        source, frame = _read(path, keys)
    if name := grouped(frame, source):
        try:
            again, whole = _read(path, {**keys, "group_rows": name})
        except DataError:
            again = None
        if again is not None and of_groups(whole, name):
            keys["group_rows"], source, frame = name, again, whole
    notes = [note for note in source.notes if "was read; the workbook" not in note]
    if keys.get("group_rows", "").startswith(CUSTOMER):
        notes.append("a guess: the names of its groups are those of customers")
    if source.encoding and source.encoding.lower() not in ("utf-8", "utf-8-sig", "ascii"):
        notes.append(f"its encoding was found to be {source.encoding}")
    wording: Mapping[str, str] = {}
    if path.suffix.lower() in KINDS:  # numbers and their labels together tell most
        table, wording = read_labelled(path, codes=(), both=True)
        frame = _texts(table.slice(0, SAMPLE).to_pandas())
    elif rows := _rows_of_three(source):  # the second has the wording of what the first names
        _, worded = _read(path, {**keys, "header": [rows[0] + 1]})
        wording = dict(zip(frame.columns, map(str, worded.columns), strict=True))
    return Upload(path, frame, sheet, keys, notes, wording)


def _read(path: Path, keys: Mapping[str, Any]) -> tuple[Source, pd.DataFrame]:
    """Read a file as a table that is none of the standard ones: every value as it is."""
    table = Table(path=path.name, **keys)
    study = Study(
        name="upload",
        folder=path.resolve().parent,
        title={"en": path.name},
        as_of=LATEST,
        tables={"upload": table},
    )
    engine = Engine(study)
    source = read_source(engine, study, "upload")
    if table.group_rows:
        source = select_rows(engine, table, source, count=False).source
    frame = engine.run(source.expr.order_by(ROW).limit(SAMPLE), source.where)
    frame = frame.drop(columns=[ROW]).reset_index(drop=True)
    return source, _texts(frame)


def _texts(frame: pd.DataFrame) -> pd.DataFrame:
    """Write every value as a text would hold it, in a frame of objects."""
    columns = {str(c): [_text(v) for v in frame[c]] for c in frame.columns}
    return pd.DataFrame(columns, dtype="object")


def _text(value: Any) -> str | None:
    if value is None or value is pd.NaT or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _second_heading(frame: pd.DataFrame, source: Source) -> list[int] | None:
    """Find headings in two rows: groups above, their columns below."""
    columns = list(frame.columns)
    if len(frame) < 3 or len(columns) < 3:
        return None
    if _names_codes(frame):
        row = _heading_row(source)
        return [row, row + 1]
    nameless = sum(bool(re.fullmatch(r"column_\d+", c)) for c in columns)
    if nameless < max(2, 0.3 * len(columns)):
        return None
    first = [str(v or "").strip() for v in frame.iloc[0]]
    below = frame.iloc[1:50]
    named = sum(bool(v) for v in first)
    if named < 0.8 * len(columns) or any(re.search(r"\d{3,}", v) for v in first):
        return None
    numeric = any(below[c].dropna().astype(str).str.fullmatch(r"[-\d.,/: ]+").mean() > 0.8
                  for c in columns)  # fmt: skip
    row = _heading_row(source)
    return [row, row + 1] if numeric else None


def _heading_row(source: Source) -> int:
    return next((int(m[1]) for note in source.notes if (m := re.search(r"row (\d+)", note))), 1)


def _rows_of_three(source: Source) -> list[int]:
    """Give the rows of the headings where there are three: names, wording, names for machines."""
    found = (re.search(r"headings seem to be rows (\d+) to (\d+)", note) for note in source.notes)
    rows = next(([int(m[1]), int(m[2])] for m in found if m), [1, 1])
    return rows if rows[1] - rows[0] == 2 else []


def _names_codes(frame: pd.DataFrame) -> bool:
    """Tell whether the first row holds the questions' codes: Q1, Q2, Q3 below their wording."""
    first = {c: str(v).strip() for c, v in frame.iloc[0].items() if v and str(v).strip()}
    codes = [re.fullmatch(r"([A-Za-z]{1,6})[ _.-]?(\d{1,3})(?:[_.]\d{1,3})?", v)
             for v in first.values()]  # fmt: skip
    found = [code for code in codes if code is not None]
    if len(found) < 3 or len(found) < len(codes) or len(set(first.values())) < len(first):
        return False
    numbers = [int(code[2]) for code in found]
    if len({code[1].casefold() for code in found}) > 1 or numbers != sorted(numbers):
        return False
    below = frame.iloc[1:200]
    return not any(below[c].dropna().astype(str).str.fullmatch(r"[A-Za-z]+[ _.-]?\d+").mean() > 0.1
                   for c in first)  # fmt: skip


def _footer(path: Path, source: Source, frame: pd.DataFrame) -> int:
    """Count the rows below the last one: totals, notes of the exporting system."""
    packed = path.suffix.lower() in (".gz", ".zip", ".bz2", ".xz") or is_markup(path)
    if source.delimiter and not packed:
        return _footer_of_text(path, source)
    return _footer_of_rows(frame) if len(frame) < SAMPLE else 0


def _footer_of_text(path: Path, source: Source) -> int:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        start = max(0, size - _TAIL)
        start -= start % 4  # whole characters, in encodings of two and four bytes
        file.seek(start)
        text = file.read().decode(source.encoding or "utf-8", errors="replace")
    lines = [line for line in re.split(r"\r\n|\r|\n", text) if line.strip()][bool(start) :]
    if any(line.count('"') % 2 for line in lines):  # some cells go over several lines
        if start:
            return 0
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=source.delimiter)
        records = [fields for fields in rows if fields]
    else:
        records = [next(csv.reader([line], delimiter=source.delimiter), []) for line in lines]
    count = 0
    for fields in reversed(records):
        whole = len(fields) == len(source.columns)
        if whole and not (_is_total(fields) or (len(fields) > 2 and _is_remark(fields))):
            break
        count += 1
    # what fills the file is not below the table
    return count if count < len(records) and count <= 40 else 0


def _footer_of_rows(frame: pd.DataFrame) -> int:
    usual = float(frame.notna().sum(axis=1).median()) if len(frame) else 0.0
    count = 0
    for _, row in frame.iloc[::-1].head(20).iterrows():
        cells = [str(v) for v in row if isinstance(v, str) and v.strip()]
        alone = len(cells) <= 1 and usual >= 3
        if not (alone or _is_total(["" if v is None else str(v) for v in row])):
            break
        count += 1
    return count if count < len(frame) else 0


def _is_remark(cells: Sequence[str]) -> bool:
    """Tell a row with one cell alone that holds a sentence, "Friday, 3 January - Accrual basis".

    One that holds nothing is none of the table, either.
    """
    said = [c.strip() for c in cells if c.strip()]
    return not said or (len(said) == 1 and len(said[0].split()) > 3 and len(said[0]) > 16)


def _is_total(cells: Sequence[str]) -> bool:
    """Tell a row of totals: it says so, and leaves other cells empty."""
    words = [squash(c) for c in cells if c.strip()]
    return bool(words) and len(words) < len(cells) and any(w in _TOTAL for w in words[:2])
