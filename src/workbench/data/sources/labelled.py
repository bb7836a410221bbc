"""Reads SPSS and Stata files, in which answers are numbers with labels."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from workbench.data.text.answer_words import is_no_answer
from workbench.errors import DataError

#: What a labelled file is called, by its suffix.
KINDS: Mapping[str, str] = {".sav": "SPSS", ".zsav": "SPSS", ".dta": "Stata"}


def read_labelled(
    path: Path, *, codes: Collection[str], encoding: str | None = None, both: bool = False
) -> tuple[pa.Table, dict[str, str]]:
    """Read a file as text columns.

    A column whose answers have labels gives the labels, so that groups have names; one that is
    meant to be a number keeps its codes, but for those whose label says that there is no answer.
    Values declared as missing are missing.

    Parameters
    ----------
    path : Path
        A .sav, .zsav or .dta file.
    codes : collection of str
        Columns that hold numbers: items of the survey, satisfaction, recommendation.
    encoding : str, optional
        Where the file does not say its own (old files from Chinese systems: GB18030).

    both : bool
        Whether to write answers with labels as "5 - Excellent".

    Returns
    -------
    table : pyarrow.Table
    wording : dict
        Column -> the question, where the file has it.

    Raises
    ------
    DataError
        If the file cannot be read.
    """
    import pyreadstat  # takes a while to import, and few studies need it

    read = pyreadstat.read_dta if path.suffix.lower() == ".dta" else pyreadstat.read_sav
    where = str(path)
    try:
        frame, meta = read(where, encoding=encoding) if encoding else read(where)
    except (pyreadstat.ReadstatError, UnicodeDecodeError, ValueError) as error:
        raise DataError(
            f"not readable as an {KINDS[path.suffix.lower()]} file: {str(error).splitlines()[0]}",
            where=where,
            remedy="save it again, write `encoding: gb18030` if it comes from an old Chinese"
            " system, or export it as CSV (UTF-8)",
        ) from error
    labels: dict[str, dict[Any, str]] = meta.variable_value_labels
    columns = {}
    for name in frame.columns:
        own = labels.get(name, {})
        if name in codes:
            # a label that is no answer says so to whoever reads the answers
            own = {code: text for code, text in own.items() if is_no_answer(str(text))}
        elif both:
            own = {code: f"{_text(code, {})} - {text}" for code, text in own.items()}
        columns[str(name)] = pa.array([_text(v, own) for v in frame[name]], pa.string())
    wording = {
        str(name): str(text)
        for name, text in zip(meta.column_names, meta.column_labels, strict=True)
        if text
    }
    return pa.table(columns), wording


def _text(value: Any, labels: Mapping[Any, str]) -> str | None:
    if value is None or (isinstance(value, float) and math.isnan(value)) or value != value:
        return None
    if value in labels:
        return labels[value]
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = str(value)
    return text or None
