"""Card, form, simulated answers as a tool exports them, and back: the card is not touched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from openpyxl import load_workbook

from tests.instrument.cards import card
from workbench.data import check_study, open_tables
from workbench.instrument.limesurvey import survey_table
from workbench.instrument.xlsform import write_xlsform
from workbench.satisfaction import gaps, prepare_survey
from workbench.satisfaction.instrument.questionnaire import build_questionnaire
from workbench.study import Study

PEOPLE = 90


def answered(form: Any, rng: np.random.Generator) -> pd.DataFrame:
    """Draw answers to an XLSForm, a column a question with its groups in front, as they export."""
    sheets = {
        name: pd.DataFrame(form[name].iter_rows(min_row=2, values_only=True),
                           columns=[cell.value for cell in form[name][1]])
        for name in ("survey", "choices")
    }  # fmt: skip
    lists = sheets["choices"].groupby("list_name", sort=False)["name"].apply(list)
    columns: dict[tuple[str, ...], list[Any]] = {}
    path: list[str] = []
    for row in sheets["survey"].to_dict("records"):
        kind, name = str(row["type"]), str(row["name"])
        if kind == "begin_group":
            path.append(name)
        elif kind == "end_group":
            path.pop()
        elif kind.startswith("select_one"):
            columns[(*path, name)] = list(rng.choice(lists[kind.split()[1]], PEOPLE))
        elif kind == "text":
            drawn = [f"INV{at:05d}" for at in range(PEOPLE)]
            columns[(*path, name)] = drawn if name == "invitation" else ["Trams were late"] * PEOPLE
        elif kind in ("start", "end"):
            columns[(*path, name)] = ["2026-06-01T10:00:00.000+08:00"] * PEOPLE
        elif kind == "today":
            columns[(*path, name)] = ["2026-06-01"] * PEOPLE
        elif kind == "calculate":
            value = {"wave": "2026-H1", "seconds": "300"}.get(name)
            columns[(*path, name)] = [value or f"INV{at:05d}" for at in range(PEOPLE)]
        else:
            columns[(*path, name)] = [""] * PEOPLE  # notes
    frame = pd.DataFrame(dict(columns))
    frame.columns = list(columns)
    # the first refuses, the second is no customer: their pages are skipped
    skipped = {
        0: ("expectation", "perception", "overall", "kano"),
        1: ("perception", "overall", "kano"),
    }
    for at, parts in skipped.items():
        gone = [c for c in frame if c[0].startswith(parts)]
        frame.loc[at, frame.columns.isin(gone)] = ""
    return frame


def kobo(frame: pd.DataFrame, path: Path) -> None:
    out = frame.set_axis(["/".join(name) for name in frame.columns], axis=1)
    out.insert(len(out.columns), "_id", range(5000, 5000 + len(out)))
    out["_uuid"], out["_submission_time"] = "f00d", "2026-06-01T02:05:00"
    out.to_csv(path, sep=";", index=False, quoting=1, encoding="utf-8-sig")


def odk(frame: pd.DataFrame, path: Path) -> None:
    out = frame.set_axis(["-".join(name) for name in frame.columns], axis=1)
    out.insert(0, "SubmissionDate", "2026-06-01T02:05:00.000Z")
    out["KEY"] = [f"uuid:{n}" for n in range(len(out))]
    out.to_csv(path, index=False)


def surveyjs(frame: pd.DataFrame, path: Path) -> None:
    frame.set_axis([name[-1] for name in frame.columns], axis=1).to_csv(path, index=False)


def limesurvey(frame: pd.DataFrame, path: Path) -> None:
    """Export by question codes: a line of an array stands in brackets behind its question."""
    frame = frame[[name for name in frame if not name[-1].endswith(("_note", "thanks"))]]
    matrix = ("expectation", "perception")
    short = [[part.replace("_", "") for part in name] for name in frame.columns]
    names = [
        f"{one[0]}[{one[-1]}]" if one[0].startswith(matrix) and len(one) > 1 else one[-1]
        for one in short
    ]
    out = frame.set_axis(names, axis=1)
    out.insert(0, "id", range(1, len(out) + 1))
    out["startlanguage"] = "zh-Hans"
    out.to_csv(path, index=False)


@pytest.mark.long
@pytest.mark.parametrize(
    "tool", [pytest.param(kobo, marks=pytest.mark.slow), odk, surveyjs, limesurvey]
)
def test_answers_come_back_without_touching_the_card(
    tmp_path: Path, tool: Callable[[pd.DataFrame, Path], None]
) -> None:
    study = card(tmp_path / "tram", more="simulated: true\n")
    before = study.path.read_bytes()
    write_xlsform(build_questionnaire(study, wave="2026-H1"), tmp_path / "form.xlsx")
    drawn = answered(load_workbook(tmp_path / "form.xlsx"), np.random.default_rng(11))
    tool(drawn, study.folder / "survey.csv")
    if tool is kobo:
        report = check_study(study)
        assert report.ok, str(report)
    assert study.path.read_bytes() == before
    assert_same(study, drawn)


def assert_same(study: Study, drawn: pd.DataFrame) -> None:
    assert study.survey is not None
    table = open_tables(study).frame("survey")
    survey = prepare_survey(table, study.survey)
    assert survey.waves == ["2026-H1"] and len(survey.answers) == PEOPLE - 2
    truth = {name[-1]: pd.to_numeric(drawn[name], errors="coerce") for name in drawn}
    for item in study.survey.codes:
        for side, prefix in (("expectation", "exp_"), ("perception", "per_")):
            mean = truth[prefix + item][2:].mean()
            if item in study.survey.reversed:
                mean = sum(study.survey.scale) - mean
            assert getattr(survey.answers, side)[item].mean() == pytest.approx(mean)
    for column in ("csat5", "recommend", "kano_f_02", "kano_d_11"):
        seen = pd.to_numeric(survey.answers.background[column])
        assert seen.mean() == pytest.approx(truth[column][2:].mean()), column
    lines = drawn[("about_you", "line")][2:].value_counts().to_dict()
    assert survey.answers.background["line"].value_counts().to_dict() == lines
    assert (pd.to_numeric(table["seconds"]) == 300).all()
    assert len(gaps(survey.answers).items) == 6


def test_the_simulated_export_has_the_headings_that_limesurvey_will_give(tmp_path: Path) -> None:
    study = card(tmp_path / "tram")
    form = build_questionnaire(study, wave="2026-H1")
    write_xlsform(form, tmp_path / "form.xlsx")
    drawn = answered(load_workbook(tmp_path / "form.xlsx"), np.random.default_rng(1))
    limesurvey(drawn, tmp_path / "out.csv")
    headings = set((tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()[0].split(","))
    rows = [line.split("\t") for line in survey_table(form).splitlines()]
    codes = {row[2] for row in rows if row[0] in ("Q", "SQ")}
    for heading in headings:
        if "[" in heading:
            question, line = heading[:-1].split("[")
            assert {question, line} <= codes, heading
    assert {"csat5", "recommend", "kanof02", "line", "respondentid"} <= headings & codes
