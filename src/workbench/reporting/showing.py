"""Show a thing: a figure with its title and data, or a table, once in each language."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from workbench.languages.catalogs import ReportingError, languages_shown, match
from workbench.reporting.display import emit
from workbench.reporting.downloads import csv_link
from workbench.reporting.sentences import phrase
from workbench.reporting.tables import html_lang, table_html

if TYPE_CHECKING:
    import pandas as pd


_SPELT_OUT = "The figure's fonts lack the letters of some names; numbers stand for them: {names}."


def show(
    thing: Callable[..., Any] | pd.DataFrame,
    title: str = "",
    subtitle: str = "",
    table: pd.DataFrame | None = None,
    columns: Sequence[str] | Mapping[str, str] | None = None,
    formats: Mapping[str, str] | None = None,
    *,
    links: Mapping[str, str] | None = None,
    height: float | None = None,
    **values: Any,
) -> None:
    """Show a figure or a table in every language of the page.

    Parameters
    ----------
    thing : callable or DataFrame
        What draws on the Axes it is given as ``ax``, such as ``result.plot``; or a table.
    title : str
        The message in at most ten words, an English message with placeholders.
    subtitle : str
        Measure, population, period and unit.
    table : DataFrame, optional
        The numbers behind a figure, folded below it with a CSV to download.
    columns : sequence or mapping, optional
        Columns of the table in order; a mapping gives their English headings, too.
    formats : mapping, optional
        Column to ``number``, ``percent``, ``points``, ``money``, ``date`` or ``text``; with
        ``:2`` for two decimals, ``:CNY`` for a currency, ``bar`` in front for a bar.
    links : mapping, optional
        Column of the table to the column with the pages that its cells lead to.
    height : float, optional
        Height of a figure in inches; follows the number of rows when left out.
    **values
        What placeholders in title and subtitle stand for.
    """
    name = _name()
    for language in languages_shown():
        words = phrase(title, language, values, markdown=False) if title else ""
        below = phrase(subtitle, language, values, markdown=False) if subtitle else ""
        if not callable(thing) and hasattr(thing, "columns"):
            _show_table(thing, language, words, below, name, columns, formats, links)
        elif callable(thing):
            _show_figure(thing, language, words, below, name, table, columns, formats, height)
        else:
            raise ReportingError(
                f"a {type(thing).__name__} cannot be shown",
                where="show(...)",
                remedy="give a DataFrame, or what draws when called with ax=, such as result.plot",
            )


def _show_table(
    frame: pd.DataFrame,
    language: str,
    title: str,
    subtitle: str,
    name: str,
    columns: Any,
    formats: Any,
    links: Mapping[str, str] | None,
) -> None:
    html = table_html(
        frame, language, title=title, subtitle=subtitle, columns=columns, formats=formats,
        links=links,
    )  # fmt: skip
    link = csv_link(frame, language, name, columns=columns, formats=formats)
    emit("table", language, {"text/html": f"{html}\n<p>{link}</p>", "text/plain": title or name})


def _show_figure(
    thing: Callable[..., Any],
    language: str,
    title: str,
    subtitle: str,
    name: str,
    table: pd.DataFrame | None,
    columns: Any,
    formats: Any,
    height: float | None,
) -> None:
    from workbench.reporting.figures import figure as figures
    from workbench.reporting.figures.palette import dark_mapping

    if title or subtitle:
        above = f'<span class="wb-title">{escape(title)}</span>' if title else ""
        below = f'<span class="wb-subtitle">{escape(subtitle)}</span>' if subtitle else ""
        html = f'<p class="wb-figure-title" lang="{html_lang(language)}">{above} {below}</p>'
        plain = " - ".join(part for part in (title, subtitle) if part)
        emit("figure-title", language, {"text/html": html, "text/plain": plain})
    drawing, key = figures.figure_with_key(
        thing, language, label=title, height=height, names=_names(table)
    )
    dark = dark_mapping(drawing)
    emit("figure", language, {"image/svg+xml": drawing, "text/plain": title or name}, dark=dark)
    if key:
        spelt = phrase(_SPELT_OUT, language, {"names": key})
        plain = phrase(_SPELT_OUT, language, {"names": key}, markdown=False)
        emit("prose", language, {"text/markdown": spelt, "text/plain": plain})
    if table is not None:
        words = escape(match("Data of this figure", language, kind="text"))
        html = table_html(table, language, columns=columns, formats=formats)
        link = csv_link(table, language, name, columns=columns, formats=formats)
        folded = (
            f'<details class="wb-figure-data"><summary>{words}</summary>\n{html}\n'
            f"<p>{link}</p></details>"
        )
        emit("figure-data", language, {"text/html": folded, "text/plain": name})


def _names(table: pd.DataFrame | None) -> set[str]:
    # What stands in the cells of a figure's table comes from the data, on the figure too.
    if table is None:
        return set()
    texts = {
        str(name) for level in range(table.index.nlevels) for name in table.index.unique(level)
    }
    for name in table.columns:
        texts |= {str(cell) for cell in table[name].dropna().unique() if isinstance(cell, str)}
    return texts


def _name() -> str:
    # The label of the cell that is running names its download.
    import sys

    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    source = ""
    if shell is not None and hasattr(shell, "get_parent"):
        source = str((shell.get_parent() or {}).get("content", {}).get("code", ""))
    found = re.search(r"^#\|\s*label:\s*(?:fig|tbl)-([\w-]+)", source, re.MULTILINE)
    return found[1] if found else "data"
