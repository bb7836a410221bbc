"""Show a result, a figure or a table once in each language; the data below it as a CSV."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from workbench.errors import ReportingError
from workbench.languages import Language
from workbench.languages.numbers import Measured, Value, as_value
from workbench.reporting.display import emit, reader, readers, unattended
from workbench.reporting.sentences import phrase, text_of
from workbench.reporting.tables import plan_columns, prepared, table_html
from workbench.results import Finding, Picture, Result

if TYPE_CHECKING:
    import pandas as pd


FEWEST_SPELT, LONGEST_SHORT = 3, 3
"""Numbered marks from which on a key is given; characters of such a number."""
_SPELT_OUT = "The figure's fonts lack the letters of some names; numbers stand for them: {names}."


def show(
    thing: Result | Picture | Callable[..., Any] | pd.DataFrame | None,
    title: str | Finding = "",
    subtitle: str | Finding = "",
    table: pd.DataFrame | None = None,
    columns: Sequence[str] | Mapping[str, str] | None = None,
    formats: Mapping[str, str] | None = None,
    *,
    links: Mapping[str, str] | None = None,
    height: float | None = None,
    folded: bool = False,
    **values: Any,
) -> None:
    """Show a result, a figure or a table in every language of the page.

    Parameters
    ----------
    thing : Result, Picture, callable, DataFrame or None
        A result: its picture, with its own titles, and its table below. Or another picture of it.
        Or what draws on the Axes that it is given as ``ax``, in the ``language`` that it is given
        where it takes one. Or a table. Nothing is shown of a table without rows, and of None: of
        an analysis that the data do not bear (`workbench.results.attempt`).
    title : str or Finding
        The message in at most ten words: a finding, or an English message with placeholders; in
        place of that of the picture.
    subtitle : str or Finding
        Measure, population, period and unit.
    table : DataFrame, optional
        The numbers behind a figure, folded below it with a CSV to download; those of a result
        when left out.
    columns : sequence or mapping, optional
        Columns of the table in order; a mapping gives their English headings, too. When left out,
        those that the table labels itself (`workbench.results.labelled`), else all.
    formats : mapping, optional
        Column to ``number``, ``percent``, ``points``, ``money``, ``date`` or ``text``; with
        ``:2`` for two decimals, ``:CNY`` for a currency, ``bar`` in front for a bar.
    links : mapping, optional
        Column of the table to the column with the pages that its cells lead to.
    height : float, optional
        Height of a figure in inches; follows the number of rows when left out.
    folded : bool
        Whether a table is folded below its title.
    **values
        What placeholders in title and subtitle stand for.
    """
    if isinstance(thing, Result):
        thing = thing.picture()
    if thing is None or getattr(thing, "empty", False):
        return
    if isinstance(thing, Picture):
        title, subtitle = title or thing.title, subtitle or thing.subtitle
        table, height = thing.table if table is None else table, height or thing.height
        values = {**thing.values, **values}
        thing = thing.plot
    name = _name()
    for language in readers():
        caption = _Caption(title, subtitle, language, values)
        if not callable(thing) and hasattr(thing, "columns"):
            _show_table(thing, language, caption, name, columns, formats, links, folded)
        elif callable(thing):
            _show_figure(thing, language, caption, name, table, columns, formats, height)
        else:
            raise ReportingError(
                f"a {type(thing).__name__} cannot be shown",
                where="show(...)",
                remedy="give a result, a DataFrame, or what draws when called with ax=",
            )


class _Caption:
    """The two titles in a language: as HTML, in which numbers name their facts, and as text."""

    def __init__(
        self, title: str | Finding, subtitle: str | Finding, language: Language, values: Any
    ) -> None:
        parts = [part for part in (title, subtitle) if part]
        self.title = phrase(title, language, values, form="plain") if title else ""
        self.text = " - ".join(phrase(part, language, values, form="plain") for part in parts)
        spans = [
            f'<span class="{css}">{phrase(part, language, values, form="html")}</span>'
            for css, part in (("wb-title", title), ("wb-subtitle", subtitle))
            if part
        ]
        self.html = " ".join(spans)


def _show_table(
    frame: pd.DataFrame,
    language: Language,
    caption: _Caption,
    name: str,
    columns: Any,
    formats: Any,
    links: Mapping[str, str] | None,
    folded: bool,
) -> None:
    title, said = ("", "") if folded else (caption.title, caption.html)
    html = table_html(
        frame, language, title=title, caption=said, columns=columns, formats=formats, links=links
    )
    link = csv_link(frame, language, name, columns=columns, formats=formats)
    plain = caption.title or name
    html = f"{html}\n<p>{link}</p>"
    if folded:
        html = (
            f'<details class="wb-figure-data"><summary>{caption.html}</summary>\n{html}</details>'
        )
    emit("table", language, {"text/html": html, "text/plain": plain})


def _show_figure(
    thing: Callable[..., Any],
    language: Language,
    caption: _Caption,
    name: str,
    table: pd.DataFrame | None,
    columns: Any,
    formats: Any,
    height: float | None,
) -> None:
    from workbench.reporting.figures import figure as figures
    from workbench.reporting.figures.theme import dark_mapping

    if caption.html:
        html = f'<p class="wb-figure-title" lang="{language.tag}">{caption.html}</p>'
        emit("figure-title", language, {"text/html": html, "text/plain": caption.text})
    drawn = figures.drawing(
        thing, language, label=caption.title, height=height, narrow=unattended()
    )
    plain = caption.title or name
    emit(
        "figure",
        language,
        {"image/svg+xml": drawn.svg, "text/plain": plain},
        dark=dark_mapping(drawn.svg),
        alt=drawn.description,
        **({"narrow": drawn.narrow} if drawn.narrow else {}),
    )
    if drawn.key:
        spelt = phrase(_SPELT_OUT, language, {"names": drawn.key})
        plain = phrase(_SPELT_OUT, language, {"names": drawn.key}, form="plain")
        emit("prose", language, {"text/markdown": spelt, "text/plain": plain})
    if table is not None:
        words = escape(language("Data of this figure"))
        html = table_html(table, language, columns=columns, formats=formats)
        link = csv_link(table, language, name, columns=columns, formats=formats)
        spelt = _numbers_spelt_out(html, drawn.svg)
        folded = spelt + (
            f'<details class="wb-figure-data"><summary>{words}</summary>\n{html}\n'
            f"<p>{link}</p></details>"
        )
        emit("figure-data", language, {"text/html": folded, "text/plain": name})


def _numbers_spelt_out(table: str, svg: str) -> str:
    """List what short names on a drawing stand for, which the table beside it says.

    That is so where the rows of its first column stand on the drawing as they are, such as the
    numbers of a questionnaire's items, and those of the second, longer ones, do not.
    """
    from lxml import html

    rows = html.fragment_fromstring(table, create_parent="div").xpath(".//tbody/tr")
    cells = [[" ".join(x.text_content().split()) for x in row[:2]] for row in rows if len(row) > 1]
    drawn = {" ".join(text.split()) for text in re.findall(r">([^<>]+)</text>", svg)}
    if len(cells) < FEWEST_SPELT or any(len(short) > LONGEST_SHORT for short, _ in cells):
        return ""
    if any(len(name) <= LONGEST_SHORT or name in drawn for _, name in cells):
        return ""
    if not {short for short, _ in cells} <= drawn:
        return ""
    items = "".join(
        f"<li><b>{escape(short)}</b> {escape(name)}</li>" for short, name in sorted(cells)
    )
    return f'<ul class="wb-key">{items}</ul>\n'


def _name() -> str:
    # The label of the cell that is running names its download.
    import sys

    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    source = ""
    if shell is not None and hasattr(shell, "get_parent"):
        source = str((shell.get_parent() or {}).get("content", {}).get("code", ""))
    found = re.search(r"^#\|\s*label:\s*(?:fig|tbl)-([\w-]+)", source, re.MULTILINE)
    return found[1] if found else "data"


def csv_link(
    frame: pd.DataFrame,
    language: str | Language,
    name: str,
    *,
    columns: Sequence[str] | Mapping[str, str] | None = None,
    formats: Mapping[str, str] | None = None,
) -> str:
    """Make a link that carries the table as CSV, so that a page needs no second file."""
    language = reader(language)
    frame = prepared(frame)
    plan = plan_columns(frame, columns, formats)
    keep: list[str] = []
    labels: list[str] = []
    own = {column.name for column in plan if column.verbatim}
    for column in plan:
        if column.interval:
            keep += [column.low, column.high]
            ends = ("{label}, lower end", "{label}, upper end")
            labels += [language(end).format(label=labels[-1]) for end in ends]
        else:
            keep.append(column.name)
            labels.append(column.heading(language))
    out = frame[keep].copy()
    out.columns = labels
    for at in range(out.shape[1]):
        theirs = keep[at] in own
        out.isetitem(at, [_csv_cell(c, language, theirs) for c in out.iloc[:, at]])
    # The byte order mark tells Excel that it is UTF-8; without it Chinese headings are mojibake.
    data = "\ufeff" + out.to_csv(index=False, lineterminator="\r\n")
    code = base64.b64encode(data.encode("utf-8")).decode("ascii")
    words = language("Download the data (CSV)")
    return (
        f'<a class="wb-download" download="{escape(name, quote=True)}.csv" '
        f'href="data:text/csv;charset=utf-8;base64,{code}">{escape(words)}</a>'
    )


def _csv_cell(cell: Any, language: Language, own: bool = False) -> Any:
    if isinstance(cell, Finding):
        cell = phrase(cell, language, {}, form="plain")
    if isinstance(cell, Mapping):
        cell = text_of(cell, language)
    if isinstance(cell, Value | Measured) and (number := as_value(cell)):
        return number.x if number.date is None else number.date
    if isinstance(cell, str):
        text = cell if own else language.name(cell)
        # A spreadsheet would run a text that begins like a formula.
        return f"'{text}" if re.match(r"[=+\-@\t\r]", text) else text
    return cell
