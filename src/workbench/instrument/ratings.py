"""The rating sheet as a workbook: one row a score, held by rules, in the form of the table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from workbench.languages import Language
from workbench.satisfaction.instrument.guides import anchors_of, criteria_of, rating_of
from workbench.study import Study

#: Columns of the table `ratings`, which is read as it is; what comes behind them is passed over.
COLUMNS = ("date", "rater", "item", "score", "unit", "criterion", "remark")
_HEAD = PatternFill("solid", fgColor="1F3A5F")
_OPEN = PatternFill("solid", fgColor="FFF8E1")
#: Widths of the sheets that explain, in letters; letters from here on are twice as wide.
_NAMED, _TOLD = 26, 106
_WIDE = 0x2E80
_LINE = Border(bottom=Side(style="thin", color="D0D7DE"))


def write_rating_sheet(study: Study, code: str, path: Path) -> None:
    """Write the sheet: each rater takes a copy, chooses a code and a date once, and scores.

    Raters must not see one another's scores, so each has a file. The first sheet is the table
    `ratings` that goals of the kind `qualitative` are measured by.
    """
    t = Language(code)
    rating = rating_of(study)
    criteria = criteria_of(rating, study, code)
    anchors = anchors_of(rating, study, code)
    book = Workbook()
    sheet = book.active
    sheet.title = "ratings"
    sheet.append(list(COLUMNS))
    rows = [(unit, name) for unit in range(1, rating.units + 1) for name, _ in criteria]
    for at, (unit, name) in enumerate(rows, start=2):
        first = at == 2
        # a rater judges an item of a day once, so the item names the unit too
        item = f"{name}_{unit:02d}" if rating.units > 1 else name
        once = (None, None) if first else ('=IF(A$2="","",A$2)', '=IF(B$2="","",B$2)')
        sheet.append([*once, item, None, unit, t.name(name), None])
    _hold(sheet, rating.scale, rating.raters, anchors, len(rows) + 1, t)
    _look(sheet, (12, 9, 22, 9, 8, 18, 50))
    for row in sheet.iter_rows(min_row=2, max_row=len(rows) + 1):
        row[0].number_format = "yyyy-mm-dd"
        row[3].fill = row[6].fill = _OPEN
        row[3].alignment = row[4].alignment = Alignment(horizontal="center", vertical="top")
    sheet["A2"].fill = sheet["B2"].fill = _OPEN
    _explain(book, study, code, criteria, anchors, t)
    book.save(path)


def _hold(
    sheet: Any,
    scale: tuple[int, int],
    raters: int,
    anchors: list[tuple[int, str]],
    last: int,
    t: Language,
) -> None:
    """Refuse scores off the scale, raters nobody knows, and what is no day."""
    low, high = scale
    meaning = "\n".join(f"{score}: {text}" for score, text in (anchors[0], anchors[-1]))
    score = DataValidation(
        type="whole", operator="between", formula1=str(low), formula2=str(high), allow_blank=True
    )
    score.promptTitle = _cut(t("Score {low} to {high}").format(low=low, high=high), 32)
    score.prompt = _cut(meaning, 255)
    score.errorTitle = _cut(t("Not on the scale"), 32)
    score.error = t(
        "A whole number from {low} to {high}, or nothing where it was not seen."
    ).format(low=low, high=high)
    names = ",".join(f"R{number}" for number in range(1, raters + 1))
    rater = DataValidation(type="list", formula1=f'"{names}"', allow_blank=True)
    rater.promptTitle, rater.prompt = _cut(t("Your code"), 32), t("Choose it once, here.")
    day = DataValidation(
        type="date", operator="greaterThan", formula1="36526", allow_blank=True
    )  # 2000-01-01
    day.promptTitle = _cut(t("Date"), 32)
    day.prompt = t("The day of rating, once; write it as 2026-01-31.")
    day.error = t("Write a day, such as 2026-01-31.")
    for rule, cells in ((score, f"D2:D{last}"), (rater, "B2"), (day, "A2")):
        rule.showErrorMessage = rule.showInputMessage = True
        sheet.add_data_validation(rule)
        rule.add(cells)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _look(sheet: Any, widths: tuple[int, ...]) -> None:
    for column, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width
        head = sheet.cell(1, column)
        head.font, head.fill = Font(bold=True, color="FFFFFF"), _HEAD
    for row in sheet.iter_rows(min_row=2):
        for cell in row:
            cell.border = _LINE
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    sheet.freeze_panes = "A2"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = "1:1"


def _explain(
    book: Workbook,
    study: Study,
    code: str,
    criteria: Any,
    anchors: list[tuple[int, str]],
    t: Language,
) -> None:
    names = (t("Criteria"), t("Scores"), t("How to rate"))
    told: tuple[list[Any], ...] = (
        [(t("Criterion"), t("What to look at")), *((_titled(n, t), s) for n, s in criteria)],
        [(t("Score"), t("What it means")), *anchors],
        [
            (t("How to rate"),),
            (t("Read criteria and scores, rate two units together, and talk them over."),),
            (t("Rate alone from then on. Each rater rates every unit, in a copy of this file."),),
            (t("Rate one criterion of all units before the next: none shall colour another."),),
            (t("Leave a score empty where it could not be seen. Write what you saw as a remark."),),
            (t("Keep the headings of the first sheet: the workbench reads it as it is."),),
        ],
    )  # fmt: skip
    for title, rows in zip(names, told, strict=True):
        sheet = book.create_sheet(_cut(title, 31))
        for row in rows:
            sheet.append(list(row))
        for cells in sheet.iter_rows():
            for cell in cells:
                if isinstance(cell.value, str):
                    cell.data_type = "s"  # never a formula
        widths = (_NAMED, _TOLD) if len(rows[0]) > 1 else (_TOLD,)
        _look(sheet, widths)
        for at, row in enumerate(rows, start=1):
            # a row is as high as its longest text wants it: not every program finds out by itself
            lines = [-(-_room(str(text)) // width) for text, width in zip(row, widths, strict=True)]
            sheet.row_dimensions[at].height = 15.5 * max(lines)
            if len(row) > 1:
                sheet.cell(at, 1).alignment = Alignment(
                    horizontal="left", vertical="top", wrap_text=True
                )


def _titled(name: str, t: Language) -> str:
    """Write a criterion as readers call it, with its code where that is another word."""
    told = t.name(name)
    return told if told == name else f"{told} ({name})"


def _room(text: str) -> int:
    """Count the columns that a text takes; Chinese letters take two, and lines end early."""
    return int(1.12 * sum(1 + (ord(letter) > _WIDE) for letter in text)) or 1
