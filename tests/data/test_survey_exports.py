"""Exports of survey tools: headings in several rows, durations, encodings, labels."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyreadstat
import pytest

from workbench.data import Tables, open_tables

from .conftest import MakeStudy, OpenStudy

WORDS = ["Strongly disagree", "Disagree", "Neutral", "Agree", "Strongly agree"]
ITEMS = ["The staff were helpful", "The shop was clean", "Prices are fair"]
RNG = np.random.default_rng(14)
ANSWERS = RNG.integers(1, 6, (40, 3))
SCORES = RNG.integers(0, 11, 40)
DAYS = [f"03/{i % 28 + 1:02d}/2025 10:0{i % 10}:11 AM" for i in range(40)]
CARD = {"dimensions": {"service": ["q1", "q2", "q3"]}, "scale": [1, 5],
        "columns": {"perception": "{item}"}}  # fmt: skip


def monkey() -> list[list[str]]:
    head = ["Respondent ID", "Collector ID", "Start Date", "End Date", "Email Address",
            "Please rate the following:", "", "", "How likely are you to recommend us?",
            "Any comments?"]  # fmt: skip
    below = ["", "", "", "", "", *ITEMS, "", "Open-Ended Response"]
    rows = [
        [str(114 + i), "449", day, day, "", *(WORDS[v - 1] for v in row), str(score),
         "OK" * (i % 2)]
        for i, (day, row, score) in enumerate(zip(DAYS, ANSWERS, SCORES, strict=True))
    ]  # fmt: skip
    return [head, below, *rows]


MONKEY = {
    "respondent_id": "Respondent ID", "answered_on": "End Date", "comment":
    "Any comments? Open-Ended Response", "recommend": "How likely are you to recommend us?",
    **{f"per_q{i}": f"Please rate the following: {name}" for i, name in enumerate(ITEMS, 1)},
}  # fmt: skip


def text_of(rows: list[list[str]], **how: str) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n", **how).writerows(rows)
    return out.getvalue()


def book_of(rows: list[list[str]], path: Path, merged: str = "") -> None:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append([int(c) if c.isdigit() else c or None for c in row])
    if merged:
        book.active.merge_cells(merged)
    book.save(path)


def holds(tables: Tables) -> None:
    """Hold a survey's table against the answers that were given."""
    found = tables.frame("survey")
    report = tables.report_of("survey")
    assert len(found) == 40 and not report.emptied and not report.set_aside
    assert found[["per_q1", "per_q2", "per_q3"]].to_numpy() == pytest.approx(ANSWERS)
    assert found["recommend"].to_numpy() == pytest.approx(SCORES)


def test_two_rows_of_headings_are_found_in_a_text_file(open_study: OpenStudy) -> None:
    tables = open_study({"survey": CARD}, survey=({"columns": MONKEY}, text_of(monkey())))
    holds(tables)
    assert any("rows 1 to 2" in note for note in tables.report_of("survey").notes)
    assert tables.frame("survey")["answered_on"].notna().all()


@pytest.mark.parametrize("title", [0, 2])
def test_two_rows_of_headings_are_found_in_a_workbook(
    make_study: MakeStudy, tmp_path: Path, title: int
) -> None:
    above = [["Satisfaction 2025"] + [""] * 9, [""] * 10][:title]
    row = title + 1
    book_of([*above, *monkey()], tmp_path / "survey.xlsx", f"F{row}:H{row}")
    entry = {"path": "survey.xlsx", "columns": MONKEY}
    study = make_study({"survey": CARD}, survey=(entry, None))
    holds(open_tables(study, cache=False))


def test_three_rows_of_headings_are_found(open_study: OpenStudy) -> None:
    head = ["StartDate", "EndDate", "Progress", "ResponseId", "Q1_1", "Q1_2", "Q1_3", "Q2"]
    said = ["Start Date", "End Date", "Progress", "Response ID", *(f"Rate - {i}" for i in ITEMS),
            "How likely are you to recommend us?"]  # fmt: skip
    ids = [f'{{"ImportId":"QID{i}"}}' for i in range(8)]
    rows = [
        ["2025-03-01 10:00:00", "2025-03-01 10:01:00", "100", f"R_{i}", *map(str, row), str(score)]
        for i, (row, score) in enumerate(zip(ANSWERS, SCORES, strict=True))
    ]
    columns = {"respondent_id": "ResponseId", "answered_on": "EndDate", "recommend": "Q2"}
    card = {**CARD, "columns": {"perception": "{item}"}}
    columns |= {f"per_q{i}": f"Q1_{i}" for i in (1, 2, 3)}
    content = text_of([head, said, ids, *rows])
    holds(open_study({"survey": card}, survey=({"columns": columns}, content)))


def test_a_row_of_words_below_the_headings_may_be_an_answer(open_study: OpenStudy) -> None:
    # a column without a heading, an answer in words: no second row of headings
    text = "shop,city,,visits\nAnn,Rome,yes,\nBob,Rome,no,3\nCem,Bonn,yes,4\n"
    found = open_study(extra=text).frame("extra")
    assert len(found) == 3 and found["shop"].tolist() == ["Ann", "Bob", "Cem"]


def test_a_chinese_export_in_gb18030_has_seconds_and_scores(open_study: OpenStudy) -> None:
    names = ["工作人员乐于助人", "门店整洁", "价格合理"]
    head = ["序号", "提交答卷时间", "所用时间", "来源", "2、请您评价—" + names[0], *names[1:],
            "4、您有多大可能推荐给朋友", "5、渠道(多选)"]  # fmt: skip
    words = ["非常不满意", "不满意", "一般", "满意", "非常满意"]
    spent = ["60秒", "1分5秒", "1小时1秒", "90"]
    rows = [
        [str(i + 1), f"2025/3/{i % 28 + 1} 10:00:00", spent[i % 4], "微信",
         *(words[v - 1] for v in row), f"{score}分", "门店┋应用"]
        for i, (row, score) in enumerate(zip(ANSWERS, SCORES, strict=True))
    ]  # fmt: skip
    columns = {"respondent_id": "序号", "answered_on": "提交答卷时间", "seconds": "所用时间",
               "recommend": head[7], **{f"per_q{i}": head[3 + i] for i in (1, 2, 3)}}  # fmt: skip
    content = text_of([head, *rows]).encode("gb18030")
    tables = open_study({"survey": CARD}, survey=({"columns": columns}, content))
    holds(tables)
    assert tables.frame("survey")["seconds"].head(4).tolist() == [60, 65, 3601, 90]


@pytest.mark.parametrize("suffix", ["sav", "dta"])
def test_a_label_that_says_dont_know_is_missing(
    make_study: MakeStudy, tmp_path: Path, suffix: str
) -> None:
    frame = pd.DataFrame(ANSWERS, columns=["q1", "q2", "q3"]).assign(recommend=SCORES)
    frame.loc[:2, "q1"] = 9
    labels = {"q1": {1: "very poor", 5: "very good", 9: "Don't know"}}
    write = pyreadstat.write_sav if suffix == "sav" else pyreadstat.write_dta
    write(frame, str(tmp_path / f"survey.{suffix}"), variable_value_labels=labels)
    study = make_study({"survey": CARD}, survey=({"path": f"survey.{suffix}"}, None))
    tables = open_tables(study, cache=False)
    found = tables.frame("survey")
    assert found["per_q1"].isna().sum() == 3 and found["per_q1"].max() == 5
    [asked] = [q for q in tables.report_of("survey").questions if q.column == "q1"]
    assert (asked.declined, asked.lost) == (3, 0)
