"""The table under a figure as a CSV to download, carried by the page itself."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from workbench.languages.catalogs import match, translate
from workbench.languages.numbers import Measured, Value, as_value
from workbench.reporting.sentences import phrase
from workbench.reporting.tables import plan_columns, prepared
from workbench.results import Finding

if TYPE_CHECKING:
    import pandas as pd


def csv_link(
    frame: pd.DataFrame,
    language: str,
    name: str,
    *,
    columns: Sequence[str] | Mapping[str, str] | None = None,
    formats: Mapping[str, str] | None = None,
) -> str:
    """Make a link that carries the table as CSV, so that a page needs no second file."""
    frame = prepared(frame)
    plan = plan_columns(frame, columns, formats)
    keep: list[str] = []
    labels: list[str] = []
    for column in plan:
        if column.interval:
            keep += [column.low, column.high]
            ends = ("{label}, lower end", "{label}, upper end")
            labels += [translate(end, language).format(label=labels[-1]) for end in ends]
        else:
            keep.append(column.name)
            labels.append(match(column.label, language, kind="header"))
    out = frame[keep].copy()
    out.columns = labels
    for at in range(out.shape[1]):
        out.isetitem(at, [_csv_cell(cell, language) for cell in out.iloc[:, at]])
    # The byte order mark tells Excel that it is UTF-8; without it Chinese headings are mojibake.
    data = "\ufeff" + out.to_csv(index=False, lineterminator="\r\n")
    code = base64.b64encode(data.encode("utf-8")).decode("ascii")
    words = match("Download the data (CSV)", language, kind="text")
    return (
        f'<a class="wb-download" download="{escape(name, quote=True)}.csv" '
        f'href="data:text/csv;charset=utf-8;base64,{code}">{escape(words)}</a>'
    )


def _csv_cell(cell: Any, language: str) -> Any:
    if isinstance(cell, Finding):
        return phrase(cell, language, {}, form="plain")
    if isinstance(cell, Mapping):
        cell = cell.get(language) or cell.get("en")
    if isinstance(cell, Value | Measured) and (number := as_value(cell)):
        return number.x if number.date is None else number.date
    if isinstance(cell, str):
        text = match(cell, language, kind="cell")
        # A spreadsheet would run a text that begins like a formula.
        return f"'{text}" if re.match(r"[=+\-@\t\r]", text) else text
    return cell
