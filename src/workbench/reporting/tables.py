"""Tables: a DataFrame as accessible HTML with an interval column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Any

from workbench.errors import ReportingError
from workbench.languages import Language
from workbench.languages.numbers import DASH, KINDS, Measured, Value, as_value, day, with_unit
from workbench.reporting.display import reader
from workbench.reporting.figures.lettering import text_width
from workbench.reporting.sentences import marked, phrase, text_of
from workbench.results import Finding, columns_of

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 60
PERSONAL = frozenset({"customer_id", "respondent_id", "phone", "email", "address", "birth_year"})
"""Columns that tell of one person; a table with one of them is not shown."""

SHORT = 12
"""Width in half-width characters up to which a Chinese text in a cell stays in one line."""
LONG = 22
"""Width from which a text in a cell gets a column of a readable width."""
LEAST_P = 0.001
INTERVAL = "95% interval"
#: Of a column of that name the ends are those of a forecast, which promises another level.
RANGES = {"forecast": "90% forecast range"}
STANDARD = {"n": "Count", "low": "Lower end", "high": "Upper end", "estimate": "Estimate"}
"""Headings of the standard columns of results."""


@dataclass(frozen=True)
class PrintedColumn:
    """One column as it is printed.

    Attributes
    ----------
    name : str
        Column of the frame that holds the values or estimates.
    label : str
        English heading; empty where the frame's own name of the column has to do.
    kind : str
        A kind of :data:`workbench.languages.numbers.KINDS`, ``text``, or ``value`` where the
        cells are values already.
    currency : str
        For money.
    digits : int, optional
        Decimals, the same in the whole column.
    low, high : str
        Columns of the interval's ends; empty when there are none.
    bar : bool
        Whether a bar of the value's size is drawn beside it.
    verbatim : bool
        Whether texts are people's own words, the same in every language.
    interval : bool
        Whether this is the column that the ends are merged into.
    """

    name: str
    label: str
    kind: str
    currency: str = ""
    digits: int | None = None
    low: str = ""
    high: str = ""
    bar: bool = False
    verbatim: bool = False
    interval: bool = False

    def heading(self, language: Language) -> str:
        """Write the heading; the name of a column comes from the data and may have no words."""
        if self.label:
            return language(self.label)
        return language.name(humanised(self.name))


def table_html(
    frame: pd.DataFrame,
    language: str | Language,
    *,
    title: str = "",
    subtitle: str = "",
    caption: str = "",
    columns: Sequence[str] | Mapping[str, str] | None = None,
    formats: Mapping[str, str] | None = None,
    links: Mapping[str, str] | None = None,
) -> str:
    """Write a DataFrame as an HTML table.

    Parameters
    ----------
    frame : DataFrame
        One row a line; an index with a name becomes the first column.
    language : str or Language
        Language of headings, words and numbers.
    title, subtitle : str
        The caption, already in that language.
    caption : str
        The caption as HTML instead, where its numbers carry the names of their facts.
    columns : sequence or mapping, optional
        Which columns, in order; a mapping also gives their English headings. Those that the
        table labels itself when left out, else all.
    formats : mapping, optional
        Column to ``number``, ``percent``, ``points``, ``money``, ``date``, ``p`` (a p-value) or
        ``text``; with ``:2`` for two decimals, ``:CNY`` for a currency, ``bar`` in front for a bar.
    links : mapping, optional
        Column to the column that holds the page each of its cells leads to, relative to this page;
        no link where that is empty.

    Returns
    -------
    str
        The table; everything that comes from data is escaped.
    """
    language = reader(language)
    frame = prepared(frame)
    links = dict(links or {})
    if columns is None and links and not columns_of(frame):
        columns = [name for name in frame.columns if name not in links.values()]
    plan = plan_columns(frame, columns, formats)
    _check_links(frame, links)
    shown = frame.head(MOST_ROWS)
    first_is_name = bool(plan) and plan[0].kind == "text"
    head = "".join(_head(column, language) for column in plan)
    body = []
    largest = {c.name: _largest(shown, c) for c in plan if c.bar}
    for _, row in shown.iterrows():
        cells = [
            _cell(
                row,
                column,
                language,
                head=first_is_name and not at,
                largest=largest,
                page=_page(row, links.get(column.name, "")),
            )
            for at, column in enumerate(plan)
        ]
        body.append(f"<tr>{''.join(cells)}</tr>")
    if not caption and (title or subtitle):
        below = f' <span class="wb-subtitle">{escape(subtitle)}</span>' if subtitle else ""
        above = f'<span class="wb-title">{escape(title)}</span>' if title else ""
        caption = f"{above}{below}"
    caption = f"<caption>{caption}</caption>" if caption else ""
    note = ""
    if len(frame) > len(shown):
        words = language("First {n} of {total} rows.", n=len(shown), total=len(frame))
        note = f'<p class="wb-note">{words}</p>'
    label = escape(title or language("Table"), quote=True)
    return (
        f'<div class="wb-table-wrap" role="region" tabindex="0" aria-label="{label}" '
        f'lang="{language.tag}">'
        f'<table class="wb-table">{caption}<thead><tr>{head}</tr></thead>\n'
        f"<tbody>{chr(10).join(body)}</tbody></table></div>{note}"
    )


def plan_columns(
    frame: pd.DataFrame,
    columns: Sequence[str] | Mapping[str, str] | None,
    formats: Mapping[str, str] | None,
) -> list[PrintedColumn]:
    """Decide which columns are printed, and how; interval ends are merged into one column."""
    names = [str(name) for name in frame.columns]
    known = columns_of(frame)
    labels = {name: about.label for name, about in known.items()}
    labels |= dict(columns) if isinstance(columns, Mapping) else {}
    wanted = list(columns) if columns is not None else list(known) or names
    _refuse_persons(wanted if known and columns is None else names)
    formats = {name: about.format for name, about in known.items()} | dict(formats or {})
    for asked, source in [(n, "columns") for n in wanted] + [(n, "formats") for n in formats]:
        if asked not in names:
            raise ReportingError(
                f"the table has no column {asked!r}",
                where=f"show({source}=...)",
                remedy=f"its columns are {', '.join(names)}",
            )
    ends = _interval_ends(frame, wanted)
    plan: list[PrintedColumn] = []
    for name in wanted:
        if any(name in pair for pair in ends.values()):
            continue
        column = _column(frame, name, labels.get(name, ""), formats.get(name, ""))
        low, high = ends.get(name, ("", ""))
        column = replace(column, low=low, high=high)
        if column.digits is None and column.kind in ("number", "percent", "points", "money"):
            column = replace(column, digits=_common_digits(frame, column))
        plan.append(column)
        if low:
            plan.append(replace(column, interval=True, label=RANGES.get(name, INTERVAL), bar=False))
    return plan


def humanised(name: str) -> str:
    """``days_since_last`` as ``Days since last``."""
    if name in STANDARD:
        return STANDARD[name]
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def prepared(frame: pd.DataFrame) -> pd.DataFrame:
    """Give a frame whose named index is a column and whose column names are text."""
    index = [name for name in frame.index.names if name is not None]
    if index and len(index) == frame.index.nlevels:
        frame = frame.reset_index()
    frame = frame.copy(deep=False)
    frame.columns = [str(name) for name in frame.columns]
    return frame


def _refuse_persons(names: Sequence[str]) -> None:
    found = sorted(PERSONAL & set(names))
    if found:
        raise ReportingError(
            f"the table has {', '.join(found)}: rows about persons are not shown",
            where="show(...)",
            remedy="show groups of customers instead, or drop the column",
        )


def _interval_ends(frame: pd.DataFrame, wanted: Sequence[str]) -> dict[str, tuple[str, str]]:
    # "low"/"high" belong to "estimate", else to the last number before them.
    import pandas as pd

    names = list(frame.columns)
    ends = {
        name: (f"{name}_low", f"{name}_high")
        for name in names
        if f"{name}_low" in names and f"{name}_high" in names
    }
    if "low" in names and "high" in names:
        earlier = names[: min(names.index("low"), names.index("high"))]
        numbers = [
            name for name in earlier if name != "n" and pd.api.types.is_numeric_dtype(frame[name])
        ]
        owner = "estimate" if "estimate" in names else (numbers or [""])[-1]
        ends[owner] = ("low", "high")
    return {name: pair for name, pair in ends.items() if name in wanted}


def _column(frame: pd.DataFrame, name: str, label: str, form: str) -> PrintedColumn:
    import pandas as pd

    bar = form.startswith("bar")
    kind, _, detail = form.removeprefix("bar").strip().partition(":")
    series = frame[name]
    if not kind:
        if pd.api.types.is_bool_dtype(series):
            kind = "text"
        elif pd.api.types.is_numeric_dtype(series):
            kind = "number"
        elif pd.api.types.is_datetime64_any_dtype(series):
            kind = "date"
        elif len(known := series.dropna()) and all(map(_is_value, known)):
            kind = "value"
        else:
            kind = "text"
    if kind not in (*KINDS, "p", "text", "value"):
        raise ReportingError(
            f"{form!r} is not a format",
            where=f"column {name!r}",
            remedy=f"use one of {', '.join((*KINDS, 'p', 'text'))}",
        )
    if kind == "text" and detail == "own":
        return PrintedColumn(name, label, kind, verbatim=True)
    digits = int(detail) if detail.isdigit() else 3 if kind == "p" else None
    currency = "" if detail.isdigit() else detail
    return PrintedColumn(name, label, kind, currency, digits, bar=bar)


def _common_digits(frame: pd.DataFrame, column: PrintedColumn) -> int:
    # Numbers below one another are compared: all get the decimals that most of them need.
    import pandas as pd

    series = frame[column.name]
    if column.kind == "number" and pd.api.types.is_integer_dtype(series):
        return 0
    numbers = pd.to_numeric(series, errors="coerce").dropna()
    if column.kind == "number" and len(numbers) and (numbers == numbers.round()).all():
        return 0
    if column.low:
        typical = [
            pd.to_numeric(frame[name], errors="coerce").median()
            for name in (column.name, column.low, column.high)
        ]
        if not any(pd.isna(typical)):
            return max(_as(column, *typical).decimals(), 0)
    scale = 100 if column.kind == "percent" else 1
    size = (numbers.abs() * scale).median() if len(numbers) else 0.0
    if column.kind == "money":
        return 0 if size >= 100 else 2
    if column.kind == "percent":
        return 0 if size >= 10 else 1
    return 0 if size >= 100 else 1 if size >= 10 else 2


def _is_value(cell: Any) -> bool:
    return isinstance(cell, Value | Measured)


def _numeric(column: PrintedColumn) -> bool:
    return column.kind != "text"


def _head(column: PrintedColumn, language: Language) -> str:
    words = column.heading(language)
    return f'<th scope="col"{_classes(words, numeric=_numeric(column))}>{escape(words)}</th>'


def _classes(text: str, *, numeric: bool = False) -> str:
    # Chinese may break after any character: a short word must be told not to.
    short = text_width(text) <= SHORT and not text.isascii()
    # A sentence in a cell must not be squeezed into a column one word wide.
    long = not numeric and text_width(text) >= LONG
    classes = (("wb-num", numeric), ("wb-short", short), ("wb-long", long))
    names = [name for name, given in classes if given]
    return f' class="{" ".join(names)}"' if names else ""


def _check_links(frame: pd.DataFrame, links: Mapping[str, str]) -> None:
    for absent in (n for pair in links.items() for n in pair if n not in frame.columns):
        raise ReportingError(
            f"the table has no column {absent!r}",
            where="show(links=...)",
            remedy=f"its columns are {', '.join(map(str, frame.columns))}",
        )


def _page(row: pd.Series[Any], column: str) -> str:
    page = row[column] if column else ""
    return page if isinstance(page, str) else ""


def _cell(
    row: pd.Series[Any],
    column: PrintedColumn,
    language: Language,
    *,
    head: bool,
    largest: Mapping[str, float],
    page: str = "",
) -> str:
    text = cell_text(row, column, language)
    number = as_value(row[column.name]) if column.kind == "value" else None
    shown = escape(text) if number is None else _with_fact(number, text, language)
    words = f'<a href="{escape(page, quote=True)}">{shown}</a>' if page else shown
    if head:
        return f'<th scope="row"{_classes(text)}>{words}</th>'
    if not _numeric(column):
        return f"<td{_classes(text)}>{words}</td>"
    bar = ""
    if column.bar and largest.get(column.name):
        x = as_value(row[column.name])
        share = abs(x.x or 0.0) / largest[column.name] if x else 0.0
        bar = f'<span class="wb-bar" style="width:{4 * share:.2f}em" aria-hidden="true"></span>'
    title = ""
    if text == DASH:
        title = f' title="{escape(language("not known"), quote=True)}"'
    return f'<td class="wb-num"{title}>{bar}{words}</td>'


def _with_fact(number: Value, text: str, language: Language) -> str:
    alone = number.estimate(language)
    return marked(number, alone) + escape(text.removeprefix(alone))


def cell_text(row: pd.Series[Any], column: PrintedColumn, language: Language) -> str:
    """One cell as its language writes it."""
    import pandas as pd

    cell = row[column.name]
    if column.interval:
        value = _as(column, cell, row[column.low], row[column.high])
        return value.interval(language) or DASH
    if _is_value(cell):
        number = as_value(cell)
        unit = cell.unit if isinstance(cell, Measured) and cell.kind == "number" else ""
        return with_unit(number.text(language), unit, language) if number else DASH
    if isinstance(cell, Finding):
        return phrase(cell, language, {}, form="plain")
    if isinstance(cell, Mapping):
        return text_of(cell, language) or DASH
    if not isinstance(cell, (list, tuple)) and pd.isna(cell):
        return DASH
    if column.kind == "date":
        return day(cell).short(language)
    if column.kind == "text":
        if isinstance(cell, bool) or type(cell).__name__ == "bool_":
            return language("yes" if cell else "no")
        return str(cell) if column.verbatim else language.name(cell)
    if not isinstance(cell, (int, float)) and not hasattr(cell, "dtype"):
        return str(cell)
    if column.kind == "p" and cell < LEAST_P:
        return f"< {LEAST_P}" if language.code == "en" else f"<{LEAST_P}"
    return _as(column, cell).estimate(language)


def _as(column: PrintedColumn, x: Any, low: Any = None, high: Any = None) -> Value:
    from workbench.languages.numbers import money, num, pct, points

    if column.kind == "money":
        return money(x, low, high, column.currency or None, column.digits)
    if column.kind in ("percent", "points"):
        return (pct if column.kind == "percent" else points)(x, low, high, column.digits)
    return num(x, low, high, column.digits)


def _largest(frame: pd.DataFrame, column: PrintedColumn) -> float:
    import pandas as pd

    size = pd.to_numeric(frame[column.name], errors="coerce").abs().max()
    return float(size) if pd.notna(size) else 0.0
