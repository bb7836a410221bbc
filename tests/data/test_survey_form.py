"""A survey may come wide or long, from SPSS or Stata, in GB18030: it ends in one form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyreadstat
import pytest

from workbench.data import check_study, indicator, open_tables
from workbench.errors import DataError
from workbench.study import StudyError

from .conftest import MakeStudy, OpenStudy

ITEMS = {"dimensions": {"tangibles": [1, 2], "empathy": [3]}, "scale": [1, 7]}
WIDE = (
    "respondent_id,wave,sex,exp1,exp2,exp3,per1,per2,per3,csat5\n"
    "a,w1,女,7,6,5,4,3,2,4\n"
    "b,w1,男,6,6,6,5,,7,5\n"
)
COLUMNS = {"expectation": "exp{number}", "perception": "per{number}"}
LONG = (
    "respondent_id,wave,sex,question,kind,answer\n"
    "a,w1,女,1,E,7\na,w1,女,2,E,6\na,w1,女,3,E,5\na,w1,女,1,P,1\na,w1,女,2,P,3\na,w1,女,3,P,2\n"
    "a,w1,女,1,P,4\n"
    "b,w1,男,01,E,6\nb,w1,男,02,E,6\nb,w1,男,03,E,6\nb,w1,男,01,P,5\nb,w1,男,03,P,7\n"
)
FORM = {
    "item": "question",
    "side": "kind",
    "value": "answer",
    "sides": {"expectation": "E", "perception": "P"},
}


def items(frame: pd.DataFrame) -> np.ndarray:
    ordered = frame.sort_values("respondent_id", key=lambda ids: frame["sex"].reindex(ids.index))
    names = [f"{side}_{i:02d}" for side in ("exp", "per") for i in (1, 2, 3)]
    return ordered.sort_values("sex")[names].to_numpy(dtype=float)


EXPECTED = np.array([[7, 6, 5, 4, 3, 2], [6, 6, 6, 5, np.nan, 7]])


def test_a_pattern_finds_the_items_columns(open_study: OpenStudy) -> None:
    tables = open_study({"survey": {**ITEMS, "columns": COLUMNS}}, survey=WIDE)
    assert items(tables.frame("survey")) == pytest.approx(EXPECTED, nan_ok=True)
    assert indicator(tables, "gap", every="wave")["estimate"].iloc[0] == pytest.approx(-1.5)


def test_a_long_table_is_pivoted_and_a_later_answer_counts(open_study: OpenStudy) -> None:
    frame = open_study({"survey": {**ITEMS, "long": FORM}}, survey=LONG).frame("survey")
    assert items(frame) == pytest.approx(EXPECTED, nan_ok=True)
    assert len(frame) == 2 and set(frame["sex"]) == {"女", "男"}


WHOLE = LONG + (
    "a,w1,女,csat5,,4\na,w1,女,nps,,9\na,w1,女,why,,Slow; but kind\n"
    "a,w1,女,used,,App\na,w1,女,used,,Shop\na,w1,女,town,,East\n"
    "b,w1,男,csat5,,5 - very good\nb,w1,男,nps,,3\nb,w1,男,used,,Shop\nb,w1,男,town,,West\n"
    "b,w1,男,lucky number,,7\nb,w1,男,1,wished,5\n"
)


def test_a_long_table_has_the_other_questions_too_and_tells_what_it_does_not_know(
    open_study: OpenStudy,
) -> None:
    card = {**ITEMS, "long": FORM, "groups": ["town"], "questions": {"used": {"several": ";"}}}
    table = {"path": "survey.csv", "columns": {"recommend": "nps", "comment": "why"}}
    tables = open_study({"survey": card}, survey=(table, WHOLE))
    frame = tables.frame("survey").sort_values("sex").reset_index(drop=True)  # 女, 男
    assert items(frame) == pytest.approx(EXPECTED, nan_ok=True) and len(frame) == 2
    assert frame["csat5"].tolist() == [4, 5] and frame["recommend"].tolist() == [9, 3]
    assert frame["used"].tolist() == ["App;Shop", "Shop"]
    assert frame["town"].tolist() == ["East", "West"]
    assert frame.loc[0, "comment"] == "Slow; but kind" and pd.isna(frame.loc[1, "comment"])
    (said,) = [w for w in check_study(tables.study, tables=tables).warnings if "rows are" in w]
    assert said.startswith("survey: 2 rows are about '1 wished', 'lucky number', which the card")


def test_a_column_that_differs_from_answer_to_answer_parts_nobody(open_study: OpenStudy) -> None:
    head, *rows = LONG.splitlines()
    typed = "\n".join([f"{head},typed_by", *(f"{row},{n % 3}" for n, row in enumerate(rows))])
    frame = open_study({"survey": {**ITEMS, "long": FORM}}, survey=typed + "\n").frame("survey")
    assert len(frame) == 2 and items(frame) == pytest.approx(EXPECTED, nan_ok=True)


def test_a_long_table_in_gb18030_is_read(open_study: OpenStudy) -> None:
    survey = LONG.encode("gb18030")
    frame = open_study({"survey": {**ITEMS, "long": FORM}}, survey=survey).frame("survey")
    assert set(frame["sex"]) == {"女", "男"}


def test_two_encodings_in_one_survey_are_refused(open_study: OpenStudy) -> None:
    rows = WIDE.splitlines(keepends=True)
    many = "".join(f"u{i},w1,女性客户,7,6,5,4,3,2,4\n" for i in range(60))
    mixed = (rows[0] + many).encode("utf-8") + rows[2].encode("gb18030")
    with pytest.raises(DataError, match="line 62 is not UTF-8, though the rest is"):
        open_study({"survey": {**ITEMS, "columns": COLUMNS}}, survey=mixed).frame("survey")


def test_reversed_items_are_turned_once_for_tables_and_indicators(open_study: OpenStudy) -> None:
    card = {**ITEMS, "columns": COLUMNS, "reversed": ["03"]}
    tables = open_study({"survey": card}, survey=WIDE)
    turned = EXPECTED.copy()
    turned[:, [2, 5]] = 8 - turned[:, [2, 5]]
    assert items(tables.frame("survey")) == pytest.approx(turned, nan_ok=True)
    # (-3 - 3 + 3) / 3 and (-1 - 1) / 2
    assert indicator(tables, "gap", every="wave")["estimate"].iloc[0] == pytest.approx(-1.0)


def test_a_value_off_the_scale_empties_its_cell(open_study: OpenStudy) -> None:
    survey = WIDE + "c,w1,男,9,6,6,5,5,7,5\n"
    card = {**ITEMS, "columns": COLUMNS, "reversed": ["01"]}
    tables = open_study({"survey": card}, survey=survey)
    found = tables.frame("survey")
    assert len(found) == 3 and found["exp_01"].notna().sum() == 2
    assert sorted(found["answers_lost"].dropna()) == ["exp_01"]
    report = tables.report_of("survey")
    assert (report.set_aside, report.emptied) == ({}, {"exp_01": 1})


@pytest.mark.parametrize("suffix", ["sav", "dta"])
def test_labels_become_the_names_of_groups_and_answers_stay_numbers(
    make_study: MakeStudy, tmp_path: Path, suffix: str
) -> None:
    frame = pd.DataFrame(
        {
            "respondent_id": ["a", "b"],
            "wave": ["w1", "w1"],
            "sex": [1.0, 2.0],
            **{f"exp{i}": EXPECTED[:, i - 1] for i in (1, 2, 3)},
            **{f"per{i}": EXPECTED[:, i + 2] for i in (1, 2, 3)},
        }
    )
    labels = {"sex": {1: "女", 2: "男"}, "exp1": {1: "very bad", 7: "very good"}}
    if suffix == "sav":
        pyreadstat.write_sav(frame, str(tmp_path / "survey.sav"), variable_value_labels=labels)
    else:
        whole = frame.assign(sex=[1, 2])
        pyreadstat.write_dta(
            whole, str(tmp_path / "survey.dta"), variable_value_labels={"sex": labels["sex"]}
        )
    card = {"survey": {**ITEMS, "columns": COLUMNS}}
    study = make_study(card, survey=({"path": f"survey.{suffix}"}, None))
    found = open_tables(study, cache=False).frame("survey")
    assert set(found["sex"]) == {"女", "男"}
    assert items(found) == pytest.approx(EXPECTED, nan_ok=True)


def test_a_workbook_is_read_by_the_same_card(make_study: MakeStudy, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in WIDE.splitlines():
        cells = row.split(",")
        book.active.append([int(c) if c.isdigit() else c or None for c in cells])
    book.save(tmp_path / "survey.xlsx")
    card = {"survey": {**ITEMS, "columns": COLUMNS}}
    study = make_study(card, survey=({"path": "survey.xlsx"}, None))
    found = open_tables(study, cache=False).frame("survey")
    assert items(found) == pytest.approx(EXPECTED, nan_ok=True)


def test_a_text_named_like_spss_is_refused(make_study: MakeStudy, tmp_path: Path) -> None:
    (tmp_path / "survey.sav").write_text(WIDE, encoding="utf-8")
    study = make_study({"survey": ITEMS}, survey=({"path": "survey.sav"}, None))
    with pytest.raises(DataError, match="not readable as an SPSS file"):
        open_tables(study, cache=False).frame("survey")


def test_without_numbers_and_waves_rows_are_respondents_of_one_wave(open_study: OpenStudy) -> None:
    survey = "exp1,exp2,exp3,per1,per2,per3\n7,6,5,4,3,2\n6,6,6,5,4,7\n"
    found = open_study({"survey": {**ITEMS, "columns": COLUMNS}}, survey=survey).frame("survey")
    assert found["respondent_id"].nunique() == 2 and set(found["wave"]) == {"all"}


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({**FORM, "value": "answers"}, "no column 'answers'; did you mean 'answer'"),
        ({**FORM, "sides": {"expectation": "X"}}, "no row of 'question' names an item"),
    ],
)
def test_a_long_form_that_does_not_fit_says_so(
    open_study: OpenStudy, form: dict, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        open_study({"survey": {**ITEMS, "long": form}}, survey=LONG).frame("survey")


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"columns": {"expectation": "exp"}}, "does not say where the item stands"),
        ({"long": {**FORM, "sides": {"wish": "E"}}}, "'wish' is not one of expectation"),
        ({"reversed": ["09"]}, "`reversed` names item '09'"),
        ({"weights": {"margins": {"sex": {"f": -0.5}}}}, "share of zero or more"),
        ({"weights": {"trim": 0.5}}, "trim"),
        ({"importance_scale": [7, 1]}, "`importance_scale` runs from its lowest"),
    ],
)
def test_a_card_that_does_not_hold_together_is_refused(
    make_study: MakeStudy, part: dict, message: str
) -> None:
    with pytest.raises(StudyError, match=message):
        make_study({"survey": {**ITEMS, **part}}, survey=WIDE)


def test_servquals_dimensions_are_the_default(make_study: MakeStudy) -> None:
    survey = make_study({"survey": {}}, survey=WIDE).survey
    assert survey is not None and next(iter(survey.dimensions)) == "tangibles"
    assert [len(members) for members in survey.dimensions.values()] == [4, 5, 4, 4, 5]
    own = make_study({"survey": {"items": {"1": "x", "2": "y"}}}, survey=WIDE).survey
    assert own is not None and own.dimensions == {"service": ("01", "02")}
