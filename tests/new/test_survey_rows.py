"""Rows of a survey that no respondent gave, and columns that nobody was asked about."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from tests.new.test_survey_tools import (
    AGREE,
    AT,
    CHOICES,
    GIVEN,
    ITEMS,
    PLEASED,
    RECOMMEND,
    SATISFIED,
    as_csv,
)
from workbench.data import check_study, open_tables
from workbench.new.columns.profile import profiles
from workbench.new.study import Started, start_study
from workbench.new.survey.trial_rows import doubtful_rows, trial_rows
from workbench.study.waves import order_of_names

OUT = (0, 7, 13)
KEPT = [g for i, g in enumerate(GIVEN) if i not in OUT]
MEANS = [sum(g[0][k] for g in KEPT) / len(KEPT) for k in range(3)]
NPS = 100 * (sum(g[2] >= 9 for g in KEPT) - sum(g[2] <= 6 for g in KEPT)) / len(KEPT)


def _started(root: Path, name: str, content: bytes) -> tuple[Started, pd.DataFrame]:
    (root / "data").mkdir()
    (root / name).write_bytes(content)
    found = start_study(root, "acme", [root / name], today=date(2026, 1, 1))
    return found, open_tables(found.study, cache=False).frame("survey")


def _held(frame: pd.DataFrame) -> None:
    items = sorted(c for c in frame if c.startswith("per_"))
    assert frame[items].mean().tolist() == pytest.approx(MEANS)
    score = 100 * ((frame["recommend"] >= 9).mean() - (frame["recommend"] <= 6).mean())
    assert score == pytest.approx(NPS) and len(frame) == len(KEPT)


def _ticked(found: Started, frame: pd.DataFrame) -> list[int]:
    asked = found.study.survey
    assert asked is not None
    ((question, about),) = asked.questions.items()
    assert about.several is not None
    said = frame[question].astype("string").str.split(about.several, regex=False).explode()
    return sorted(said.replace("", None).dropna().value_counts())


TICKED = sorted(sum(c in g[3] for g in KEPT) for c in CHOICES)


def test_previews_are_left_out_and_three_rows_of_headings_tell_what_was_asked(
    tmp_path: Path,
) -> None:
    names = ["StartDate", "EndDate", "Status", "Progress", "Duration (in seconds)", "Finished",
             "RecordedDate", "ResponseId", "DistributionChannel", "UserLanguage", "Q1_1", "Q1_2",
             "Q1_3", "Q2", "Q3", "Q5"]  # fmt: skip
    worded = [*names[:10], *(f"How much do you agree? - {i}" for i in ITEMS), SATISFIED, RECOMMEND,
              "Anything else?"]  # fmt: skip
    rows = [
        [t, t, "Survey Preview" if i in OUT else "IP Address", 100, 90, "True", t, f"R_{i:04x}",
         "preview" if i in OUT else "web", "EN", *(AGREE[v - 1] for v in a), PLEASED[s - 1], r,
         f"Said at length, and without repeating it, number {i}"]
        for i, (t, (a, s, r, _)) in enumerate(zip(AT, GIVEN, strict=True))
    ]  # fmt: skip
    machines = [json.dumps({"ImportId": n}) for n in names]
    found, frame = _started(tmp_path, "q.csv", as_csv([names, worded, machines, *rows]))
    _held(frame)
    asked = found.study.survey
    assert asked is not None
    assert [next(iter(text.values())) for text in asked.items.values()] == ITEMS
    assert frame["csat5"].mean() == pytest.approx(sum(g[1] for g in KEPT) / len(KEPT))
    assert "comment" in frame and not found.proposals[0].questions
    report = check_study(found.study)
    assert "3 rows left out" in str(report) or "3 left out" in str(report), str(report)


def test_rejected_forms_are_left_out_and_names_between_blanks_are_choices(tmp_path: Path) -> None:
    head = ["SubmissionDate", "svc-helpful", "svc-clean", "svc-fair", "overall-csat",
            "overall-recommend", "channels", "KEY", "SubmitterName", "ReviewState"]  # fmt: skip
    rows = [
        [t.isoformat() + "Z", *a, s, r, " ".join(x.lower().replace(" ", "_") for x in c),
         f"uuid:{i:08x}", "team", "rejected" if i in OUT else "approved"]
        for i, (t, (a, s, r, c)) in enumerate(zip(AT, GIVEN, strict=True))
    ]  # fmt: skip
    found, frame = _started(tmp_path, "odk.csv", as_csv([head, *rows]))
    _held(frame)
    assert _ticked(found, frame) == TICKED


def test_choices_of_redcap_by_their_labels_and_a_column_of_tests(tmp_path: Path) -> None:
    head = ["Record ID", "Survey Timestamp", "Is Test Data", *ITEMS, SATISFIED, RECOMMEND,
            *(f"Which channels? (choice={c})" for c in CHOICES), "Region", "Complete?"]  # fmt: skip
    rows = [
        [i + 1, t.isoformat(" "), "Yes" if i in OUT else "No", *(AGREE[v - 1] for v in a),
         PLEASED[s - 1], r, *("Checked" if x in c else "Unchecked" for x in CHOICES), 1 + i % 4,
         "Complete"]
        for i, (t, (a, s, r, c)) in enumerate(zip(AT, GIVEN, strict=True))
    ]  # fmt: skip
    found, frame = _started(tmp_path, "labels.csv", as_csv([head, *rows]))
    _held(frame)  # the codes of the region are no fourth item
    assert _ticked(found, frame) == TICKED


def test_columns_that_say_nothing_of_what_was_asked_are_asked_about(tmp_path: Path) -> None:
    head = ["lfdn", "external_lfdn", "tester", "dispcode", "lastpage", "quality", "duration",
            "v_101", "v_102", "v_103", "v_104", "datetime"]  # fmt: skip
    rows = [
        [i + 1, 0, int(i in OUT), 31, 7001, -77, 130 + i, *(-77 if i % 9 == k else v for k, v in
         enumerate(a)), r, t.isoformat(" ")]
        for i, (t, (a, _, r, _)) in enumerate(zip(AT * 2, GIVEN * 2, strict=True))
    ]  # fmt: skip
    found, frame = _started(tmp_path, "unipark.csv", as_csv([head, *rows], ";"))
    assert len(frame) == 2 * len(GIVEN) - len(OUT)
    card = (found.folder / "study.yml").read_text("utf-8")
    assert "# CHECK items: no heading says what was asked in v_101 (1 to 5)" in card
    assert found.study.tables["survey"].missing["v_101"] == ("-77",)


def _marked(name: str, values: Sequence[str]) -> list[str]:
    frame = pd.DataFrame({name: values, "other": range(len(values))}).astype(str)
    return [row.value for row in trial_rows(profiles(frame), set())]


def test_answers_and_groups_are_no_marks_of_tests() -> None:
    assert _marked("MODE", ["interview", "admin", "interview"]) == ["admin"]
    assert _marked("答卷状态", ["有效", "甄别", "有效"]) == ["甄别"]
    assert _marked("Department", ["Admin", "Sales", "Service"]) == []
    assert _marked("Did you test the app?", ["Yes", "No", "Maybe"]) == []
    assert _marked("Test", ["Yes", "Yes"]) == []  # all of it: then it is what there is


def test_a_mark_beside_words_that_nobody_knows_is_asked_about() -> None:
    frame = pd.DataFrame({"Status": ["kompletat", "Test", "kompletat"], "Zone": ["x", "test", "y"]})
    columns = profiles(frame)
    (asked,) = doubtful_rows(columns, set())
    assert asked.asks.startswith("1 rows say 'Test' in 'Status'")
    assert not trial_rows(columns, set())


def test_codes_of_people_are_no_items_and_what_is_not_numbered_is_asked(tmp_path: Path) -> None:
    head = ["RespondentID", "AgeGroup", "Band", "Q1r1 - Staff", "Q1r2 - Speed", "Q1r3 - Price",
            "Q2 - Overall satisfaction", "Q3 - Likelihood to recommend"]  # fmt: skip
    rows = [
        [
            i + 1,
            1 + i % 6,
            1 + i % 5,
            *(98 if i % 11 == k else 2 * v for k, v in enumerate(a)),
            s,
            r,
        ]
        for i, (a, s, r, _) in enumerate(GIVEN * 2)
    ]
    found, _ = _started(tmp_path, "tracker.csv", as_csv([head, *rows]))
    asked = found.study.survey
    assert asked is not None and found.proposals[0].standard == "survey"
    assert next(iter(asked.items["01"].values())) == "Band"
    card = (found.folder / "study.yml").read_text("utf-8")
    assert "# CHECK items: 'Band' is not numbered as the other items are" in card
    assert "AgeGroup" not in card.partition("survey:\n  scale")[2]


def test_waves_that_are_called_after_their_first_day_are_in_order() -> None:
    days = ["2025-05-01", "2024-11-01 00:00:00"]
    assert order_of_names(days) == days[::-1]
