"""The tables of a study as a workbook: a sheet a table, plain numbers, units, notes, sources."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from workbench.export.reading import Page, PageTable
from workbench.site.words import word

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_MONEY = re.compile(r"^[−-]?\s*([A-Z]{0,3}[¥$€£]|[A-Z]{3})\s*[\d.]")
_ENDING = re.compile(r"[\d万亿]\s*([^\d\s.,万亿()（）]{1,12})$")
_FORBIDDEN = re.compile(r"[\[\]:*?/\\']")
_PERCENT = "0.0%"


def write_sheets(pages: Sequence[Page], language: str, file: Path) -> list[str]:
    """Write the tables of pages as .xlsx.

    Parameters
    ----------
    pages : sequence of Page
    language : str
        The edition.
    file : Path

    Returns
    -------
    list of str
        What a reader should know: that a page has no table.
    """
    tables = [
        (page, part.table)
        for page in pages
        for part in page.parts
        if part.table is not None and part.kind != "cards" and (part.table.rows or part.table.plain)
    ]
    book = xlsxwriter.Workbook(str(file), {"strings_to_formulas": False, "strings_to_urls": False})
    bold, wrap = book.add_format({"bold": True}), book.add_format({"text_wrap": True})
    first = book.add_worksheet(_sheet_name(word("contents", language), []))
    first.set_column(0, 0, 34)
    first.set_column(1, 1, 90, wrap)
    line = 0
    for key, value in [(pages[0].title, ""), *((text, "") for text in pages[0].about)]:
        first.write_string(line, 0, key, bold if not line else None)
        first.write_string(line, 1, value)
        line += 1
    for key, value in pages[0].source:
        first.write_string(line, 0, key)
        first.write_string(line, 1, value)
        line += 1
    line += 1
    names: list[str] = [first.get_name()]
    for page, table in tables:
        name = _sheet_name(f"{len(names)} {page.title}", names)
        names.append(name)
        sheet = book.add_worksheet(name)
        _fill(book, sheet, page, table, bold)
        first.write_url(line, 0, f"internal:'{name}'!A1", string=name)
        first.write_string(line, 1, table.title or table.note or page.title)
        line += 1
    book.close()
    return [] if tables else ["none of these pages has a table"]


def _fill(book: Any, sheet: Any, page: Page, table: PageTable, bold: Any) -> None:
    sheet.write_string(0, 0, table.title or page.title, bold)
    sheet.write_string(1, 0, table.note)
    sheet.write_string(2, 0, " · ".join((page.title, *page.about)))
    heads, rows = (table.plain[0], table.plain[1:]) if table.plain else (table.heads, table.rows)
    units = [_unit(table, heads, at) for at in range(len(heads))]
    formats = [book.add_format({"num_format": form}) if form else None for _, form in units]
    for at, head in enumerate(heads):
        sheet.write_string(4, at, head, bold)
        sheet.write_string(5, at, units[at][0])
        longest = max([len(head), *(len(row[at]) for row in rows if at < len(row))])
        sheet.set_column(at, at, min(max(longest + 2, 10), 60))
    for down, row in enumerate(rows, start=6):
        for at, text in enumerate(row):
            if table.plain and _NUMBER.fullmatch(text):
                sheet.write_number(
                    down, at, float(text), formats[at] if at < len(formats) else None
                )
            else:
                sheet.write_string(down, at, text)
    sheet.freeze_panes(6, 1)
    if rows and heads:
        sheet.autofilter(4, 0, 5 + len(rows), len(heads) - 1)


def _unit(table: PageTable, heads: Sequence[str], at: int) -> tuple[str, str]:
    """Read a column's unit, and how Excel writes it, from how the page writes its cells."""
    name = heads[at]
    bare = re.sub(r"(, (?:lower|upper) end|的?[上下]限)$", "", name)
    column = table.heads.index(bare) if bare in table.heads else -1
    shown = [
        row[column] for row in table.rows if 0 <= column < len(row) and row[column].strip("–- ")
    ]
    if not shown:
        return "", ""
    if all(text.rstrip(" )）").endswith("%") for text in shown):
        return "%", _PERCENT
    money = {found[1] for text in shown if (found := _MONEY.match(text))}
    if len(money) == 1:
        sign = money.pop()
        return sign, f'"{sign}"#,##0.00'
    endings = {found[1].strip() for text in shown if (found := _ENDING.search(text))}
    if len(endings) == 1 and len([text for text in shown if _ENDING.search(text)]) == len(shown):
        return endings.pop(), ""
    return "", ""


def _sheet_name(text: str, taken: Sequence[str]) -> str:
    """Give a name that Excel takes: 31 letters, none of its own signs, no other sheet's."""
    name = _FORBIDDEN.sub(" ", text).strip()[:31].strip() or "Table"
    number = 2
    while name.lower() in {each.lower() for each in taken}:
        ending = f" {number}"
        name, number = name[: 31 - len(ending)].rstrip() + ending, number + 1
    return name
