"""Headings of survey tools that say more than a question: rows of them, ends, doubles, events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.new.test_survey_tools import (
    AT,
    CHOICES,
    GIVEN,
    ITEMS,
    MEAN,
    MEANS,
    NPS,
    PLEASED,
    RECOMMEND,
    SATISFIED,
    TICKED,
    as_book,
    as_csv,
)
from workbench.data import open_tables
from workbench.data.sources.layout import lay_out
from workbench.new.study import start_study
from workbench.new.survey.hints import ends_named

JAPANESE = ["とても不満", "不満", "どちらともいえない", "満足", "とても満足"]
SPANISH = ["Totalmente en desacuerdo", "En desacuerdo", "Ni de acuerdo ni en desacuerdo",
           "De acuerdo", "Totalmente de acuerdo"]  # fmt: skip
ONES = list(enumerate(zip(AT, GIVEN, strict=True)))


def doubled() -> bytes:
    """Cognito Forms: words, and their numbers beside them; a column of true and false a choice."""
    names = ["Helpful", "Clean", "Fair"]
    head = ["Feedback_Id", *(f"Rate_{n}{s}" for n in names for s in ("", "_Rating")),
            "OverallSatisfaction", "OverallSatisfaction_Rating", "HowLikelyAreYouToRecommendUs",
            *(f"Channels_{c.split()[-1]}" for c in CHOICES), "Entry_DateSubmitted"]  # fmt: skip
    rows = [
        [i + 1, *(x for v in a for x in (PLEASED[v - 1], v)), PLEASED[s - 1], s, r,
         *(c in chosen for c in CHOICES), t]
        for i, (t, (a, s, r, chosen)) in ONES
    ]  # fmt: skip
    return as_book([head, *rows])


def two_rows() -> bytes:
    """Zoho Survey: items and choices stand in a second row, below their question."""
    head = ["Response ID", "Completed on", "How satisfied are you with these?", "", "", SATISFIED,
            RECOMMEND, "Which channels?", "", ""]  # fmt: skip
    below = ["", "", *ITEMS, "", "", *CHOICES]
    rows = [
        [7000 + i, t.isoformat(" "), *(PLEASED[v - 1] for v in a), PLEASED[s - 1], r,
         *(c if c in chosen else "" for c in CHOICES)]
        for i, (t, (a, s, r, chosen)) in ONES
    ]  # fmt: skip
    return as_csv([head, below, *rows])


def wording_below() -> bytes:
    """见数: names for machines above the wording."""
    head = ["answerId", "endTime", "credit", "Q1_1", "Q1_2", "Q1_3", "Q2", "Q3"]
    below = ["作答ID", "结束作答时间", "信用分数", "1.请评价-店员", "1.请评价-环境",
             "1.请评价-价格", "2.总体满意度", "3.您向朋友推荐我们的可能性（0-10）"]  # fmt: skip
    rows = [[66000 + i, t.isoformat(" "), 60 + i, *a, s, r] for i, (t, (a, s, r, _)) in ONES]
    return as_book([head, below, *rows])


def lowest_best() -> bytes:
    """German marks: 1 is the best."""
    ends = "(1 = sehr gut, 5 = mangelhaft)"
    head = ["Nr", "Zeitpunkt", *(f"{n} {ends}" for n in ("Personal", "Sauberkeit", "Preis")),
            f"Gesamtzufriedenheit {ends}", "Weiterempfehlung (0-10)"]  # fmt: skip
    rows = [
        [i + 1, t.strftime("%d.%m.%Y %H:%M"), *(6 - v for v in a), 6 - s, r]
        for i, (t, (a, s, r, _)) in ONES
    ]
    return as_csv([head, *rows], ";")


def forms(words: list[str], head: list[str]) -> bytes:
    rows = [
        [t.strftime("%Y/%m/%d %H:%M:%S"), *(words[v - 1] for v in a), words[s - 1], r]
        for _, (t, (a, s, r, _)) in ONES
    ]
    return as_csv([head, *rows])


def japanese() -> bytes:
    return forms(JAPANESE, ["タイムスタンプ", *(f"回答 [{i}]" for i in ("店員", "店内", "価格")),
                            "総合的にどの程度満足していますか", "友人に勧める可能性"])  # fmt: skip


def spanish() -> bytes:
    return forms(SPANISH, ["Marca temporal", *(f"¿Está de acuerdo? [{i}]" for i in "ABC"),
                           "En general, estoy satisfecho", "¿Es probable que nos recomiende?"]
                 )  # fmt: skip


def names_of_choices() -> bytes:
    """ONA: choices by their names."""
    head = ["grp/helpful", "grp/clean", "grp/fair", "overall/satisfaction", "overall/recommend",
            "_uuid", "_submission_time"]  # fmt: skip
    rows = [
        [*(PLEASED[v - 1].lower().replace(" ", "_") for v in (*a, s)), r, f"u{i}", t.isoformat()]
        for i, (t, (a, s, r, _)) in ONES
    ]
    return as_csv([head, *rows])


def among_others() -> bytes:
    """Airtable: names of records, a region, "value for money" among the questions."""
    head = ["Name", "Submitted", "Region", "Speed", "Friendly staff", "Value for money",
            "Overall rating", "Would you recommend us? (0-10)", "Contact me?"]  # fmt: skip
    rows = [
        [f"R-{i:03d}", t.isoformat(" "), "NS"[i % 2], *a, s, r, "checked" if i % 3 else ""]
        for i, (t, (a, s, r, _)) in ONES
    ]
    return as_csv([head, *rows])


@pytest.mark.parametrize(
    "form",
    [doubled, two_rows, wording_below, lowest_best, japanese, spanish, names_of_choices,
     among_others],
)  # fmt: skip
def test_each_question_is_read_once_and_the_right_way_round(
    form: Callable[[], bytes], tmp_path: Path
) -> None:
    content = form()
    path = tmp_path / f"survey.{'xlsx' if content.startswith(b'PK') else 'csv'}"
    path.write_bytes(content)
    (tmp_path / "data").mkdir()
    found = start_study(tmp_path, "acme", [path], today=date(2026, 1, 1))
    assert found.proposals[0].standard == "survey" and not found.proposals[0].questions
    frame = open_tables(found.study, cache=False).frame("survey")
    items = sorted(c for c in frame if c.startswith("per_"))
    assert frame[items].mean().tolist() == pytest.approx(MEANS)
    (overall,) = {"csat", "csat5"} & set(frame)
    assert frame[overall].mean() == pytest.approx(MEAN)
    score = 100 * ((frame["recommend"] >= 9).mean() - (frame["recommend"] <= 6).mean())
    assert score == pytest.approx(NPS) and len(frame) == len(GIVEN)
    asked = found.study.survey
    assert asked is not None
    for name, about in asked.questions.items():
        said = frame[name].astype("string").str.split(about.several, regex=False).explode()
        assert sorted(said.replace("", None).dropna().value_counts()) == sorted(TICKED)
    assert len(asked.questions) == (form in (doubled, two_rows))


def test_one_score_with_its_camps_is_a_survey_of_recommending_alone(tmp_path: Path) -> None:
    camps = ["Detractor", "Passive", "Promoter"]
    head = ["Row", "Person Email", "Rating", "Kind of person", "Sent"]
    rows = [
        [i, f"p{i}@example.org", r, camps[(r > 6) + (r > 8)], t.isoformat(" ")]
        for i, (t, (_, _, r, _)) in ONES
    ]
    path = tmp_path / "export.csv"
    path.write_bytes(as_csv([head, *rows]))
    (tmp_path / "data").mkdir()
    found = start_study(tmp_path, "acme", [path], today=date(2026, 1, 1))
    frame = open_tables(found.study, cache=False).frame("survey")
    score = 100 * ((frame["recommend"] >= 9).mean() - (frame["recommend"] <= 6).mean())
    assert score == pytest.approx(NPS)


def test_events_of_redcap_are_waves_of_the_same_people(tmp_path: Path) -> None:
    head = ["record_id", "redcap_event_name", "feedback_timestamp", "helpful", "clean", "fair",
            "csat", "nps", *(f"channels___{k}" for k in (1, 2, 3)),
            "feedback_complete"]  # fmt: skip
    half = len(GIVEN) // 2
    rows = [
        [i % half + 1, ("after_arm_1" if i >= half else "before_arm_1"),
         (t + timedelta(days=60 * (i >= half))).isoformat(" "), *a, s, r,
         *(int(c in chosen) for c in CHOICES), 2]
        for i, (t, (a, s, r, chosen)) in ONES
    ]  # fmt: skip
    path = tmp_path / "redcap.csv"
    path.write_bytes(as_csv([head, *rows]))
    (tmp_path / "data").mkdir()
    found = start_study(tmp_path, "acme", [path], today=date(2026, 1, 1))
    frame = open_tables(found.study, cache=False).frame("survey")
    assert frame["wave"].value_counts().to_dict() == {"before_arm_1": half, "after_arm_1": half}
    assert frame["respondent_id"].nunique() == half
    asked = found.study.survey
    assert asked is not None and not asked.open and len(asked.codes) == 3
    assert list(asked.questions["channels"].columns) == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("heading", "ends"),
    [
        ("Preis (1 = sehr gut, 6 = ungenügend)", (1, 6, True)),
        ("Price (1=very poor; 5=excellent)", (1, 5, False)),
        ("满意度（5=非常满意，1=非常不满意）", (1, 5, False)),
        ("Recommend (0 = never, 10 = always)", (0, 10, False)),
        ("Price in 2024 and 2025", None),
    ],
)
def test_a_heading_may_name_both_ends(heading: str, ends: tuple[int, int, bool] | None) -> None:
    assert ends_named(heading) == ends


def test_words_below_names_that_are_answers_again_are_no_heading() -> None:
    rows = [["id", "mood", "day", "n"], ["a", "fine", "x", "b"], ["c", "fine", "1", "2"],
            ["e", "bad", "2", "3"]]  # fmt: skip
    assert lay_out(rows, (), "f").last == 1


def test_one_row_an_answer_is_said_to_be_a_survey_in_the_long_form(tmp_path: Path) -> None:
    rows = [
        [f"s{i}", t.isoformat(" "), f"q{k}", v]
        for i, (t, (a, _, _, _)) in ONES
        for k, v in enumerate(a)
    ]
    path = tmp_path / "answers.csv"
    path.write_bytes(as_csv([["session_id", "at", "question", "answer"], *rows]))
    (tmp_path / "data").mkdir()
    (proposal,) = start_study(tmp_path, "acme", [path], today=date(2026, 1, 1)).proposals
    assert "one row an answer" in proposal.questions[0].asks
    assert "long: {item: question, value: answer}" in proposal.questions[0].asks
