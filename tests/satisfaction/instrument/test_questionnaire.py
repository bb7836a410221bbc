from __future__ import annotations

from pathlib import Path

import pytest

from tests.instrument.cards import card
from workbench.errors import WorkbenchError
from workbench.satisfaction import kano_items
from workbench.satisfaction.instrument.questionnaire import build_questionnaire
from workbench.study.instrument import settle_headings


def test_answers_come_back_under_the_names_of_the_card(tmp_path: Path) -> None:
    form = build_questionnaire(card(tmp_path / "tram"), wave="2026-H1")
    items = ["01", "02", "03", "11", "12", "13"]
    wanted = {f"{side}_{item}" for side in ("exp", "per") for item in items}
    assert wanted <= set(form.columns)
    assert {"csat5", "recommend", "comment", "respondent_id", "wave", "answered_on"} <= set(
        form.columns
    )
    assert kano_items(form.columns) == ["02", "11"]


def test_names_follow_the_file_that_the_card_maps(tmp_path: Path) -> None:
    study = card(
        tmp_path / "tram",
        (
            "{path: survey.csv}",
            "{path: survey.csv, columns: {csat5: Zufriedenheit, respondent_id: nr}}",
        ),
        ("  scale: [1, 5]", '  scale: [1, 5]\n  columns: {perception: "q{number}"}'),
    )
    form = build_questionnaire(study)
    assert {"q1", "q11", "exp_01", "Zufriedenheit", "nr"} <= set(form.columns)
    assert "csat5" not in form.columns


def test_each_part_stands_in_both_languages_in_full(tmp_path: Path) -> None:
    form = build_questionnaire(card(tmp_path / "tram"))
    assert form.untranslated == {}
    assert form.question("per_11").text == {"en": "Trams come on time", "zh": "准点"}
    for page in form.pages:
        for question in page.questions:
            assert all(question.text.values())
    assert "电车" in form.question("csat5").text["zh"]


def test_what_a_language_lacks_is_told(tmp_path: Path) -> None:
    study = card(
        tmp_path / "tram",
        ("{en: Stops are lit, zh: 站台明亮}", "{en: Stops are lit}"),
        ("languages: [en, zh]", "languages: [en, zh, de]"),
    )
    lacking = build_questionnaire(study).untranslated
    assert lacking["zh"] == ("Stops are lit",)
    assert "Invitation number" in lacking["de"] and "Trams are clean" in lacking["de"]
    assert "en" not in lacking


def test_who_refuses_or_was_no_customer_is_asked_no_more(tmp_path: Path) -> None:
    form = build_questionnaire(card(tmp_path / "tram"))
    rules = {page.name: dict(page.when) for page in form.pages}
    assert rules["welcome"] == {}
    assert rules["expectation_1"] == {"consent": "yes"}
    for name in ("perception_1", "overall", "kano_02"):
        assert rules[name] == {"consent": "yes", "used": "yes"}


def test_the_attention_check_has_an_answer_that_carelessness_seldom_gives(tmp_path: Path) -> None:
    form = build_questionnaire(card(tmp_path / "tram"))
    check = form.question("attention")
    values = [value for value, _ in check.answers]
    assert check.right in values[1:-1] and check.right != values[len(values) // 2]
    assert all(check.right in text for text in check.text.values())
    assert "attention" in [q.name for q in form.pages[5].questions]


def test_groups_and_margins_are_asked(tmp_path: Path) -> None:
    asked = build_questionnaire(card(tmp_path / "tram")).question("line")
    assert asked.text == {"en": "Your line?", "zh": "您乘坐哪条线路？"}
    question = (
        '    line: {question: {en: "Your line?", zh: 您乘坐哪条线路？}, answers: {A: A, B: B}}'
    )
    bare = (f"  ask:\n{question}\n", "")
    form = build_questionnaire(card(tmp_path / "bare", bare))
    assert [value for value, _ in form.question("line").answers] == ["A", "B"]
    assert form.untranslated == {"zh": ("line",)}  # the name of a column, which has no Chinese
    known = card(
        tmp_path / "known", bare,
        ("  survey: {path", "  customers: {path: customers.csv}\n  survey: {path"),
        ("{line: {A: 0.6, B: 0.4}}", "{gender: {female: 0.5, male: 0.5}}"),
    )  # fmt: skip
    asked = build_questionnaire(known).question("gender")
    assert [text["zh"] for _, text in asked.answers] == ["女", "男"]
    assert asked.text["zh"] == "您的性别是以下哪一项？"


def test_parts_can_be_left_out_and_added(tmp_path: Path) -> None:
    study = card(
        tmp_path / "tram",
        ('  kano: ["02", "11"]', "  recommend: false\n  comment: false\n  attention: false\n"
         "  screen: false\n  random: false\n  sides: [importance, perception]\n"
         "  seed: 2"),
        ("  reversed:", "  scales: {csat10: [1, 10], '02': [0, 10]}\n  reversed:"),
    )  # fmt: skip
    form = build_questionnaire(study)
    assert {"recommend", "comment", "attention", "used"}.isdisjoint(form.columns)
    assert {"imp_01", "csat10"} <= set(form.columns) and "exp_01" not in form.columns
    # item 02 has a scale of its own, and a page
    assert [p.part for p in form.pages if p.matrix] == ["perception"] * 3 + ["importance"] * 3
    assert [value for value, _ in form.question("per_02").answers] == [str(n) for n in range(11)]
    assert form.drawn() == form


def test_the_order_is_drawn_within_a_dimension_and_again_the_same(tmp_path: Path) -> None:
    form = build_questionnaire(card(tmp_path / "tram"))
    orders = set()
    for version in range(20):
        drawn = form.drawn(version)
        assert drawn == form.drawn(version)
        for one, other in zip(form.pages, drawn.pages, strict=True):
            assert sorted(q.name for q in one.questions) == sorted(q.name for q in other.questions)
            if not one.random:
                assert one == other
        orders.add(tuple(q.name for q in drawn.pages[2].questions))
    assert len(orders) == 6


def test_the_minutes_grow_with_what_is_asked(tmp_path: Path) -> None:
    from workbench.study import load_study

    short = build_questionnaire(card(tmp_path / "tram")).pages[0].instruction["en"]
    long = build_questionnaire(load_study("harbour")).pages[0].instruction["en"]
    assert "about 4 minutes" in short and "about 8 minutes" in long


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("survey:\n  scale", "other:\n  scale", "unknown key"),
        ('    "12": {en: Delays are announced, zh: 晚点有通知}\n', "", "does not list"),
        ('kano: ["02", "11"]', 'kano: ["02", "99"]', "has no item '99'"),
        ('kano: ["02", "11"]', "sides: [expectation]", "lacks perception"),
        ('kano: ["02", "11"]', "sample: {margin: 3}", "less than 0.5"),
        (
            'kano: ["02", "11"]',
            "rating: {criteria: {clarity: Clear}, anchors: {11: Best}}",
            "not on the scale 1 to 10",
        ),
    ],
)
def test_a_card_that_cannot_be_asked_is_refused(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    with pytest.raises(WorkbenchError, match=told):
        build_questionnaire(card(tmp_path / "tram", (old, new)))


def test_a_survey_without_wording_says_which_items(tmp_path: Path) -> None:
    folder = tmp_path / "bare"
    folder.mkdir()
    (folder / "study.yml").write_text(
        "title: Bare\nas_of: 2026-01-01\ntables: {survey: {path: s.csv}}\nsurvey: {}\n",
        encoding="utf-8",
    )
    from workbench.study import read_card

    with pytest.raises(WorkbenchError, match=r"items 01, 02, .* have no wording"):
        build_questionnaire(read_card(folder / "study.yml"))


def test_two_questions_of_one_name_are_refused(tmp_path: Path) -> None:
    study = card(tmp_path / "tram", ("    line: {question", "    csat5: {question"))
    with pytest.raises(WorkbenchError, match="'csat5' would be the name of two questions"):
        build_questionnaire(study)


@pytest.mark.parametrize(
    ("heading", "column"),
    [
        ("overall/csat5", "csat5"),
        ("expectation_1-exp_01", "exp_01"),
        ("perception1[per01]", "per_01"),
        ("perception1.per_01", "per_01"),
        ("kano02:kanof02", "kano_f_02"),
        ("respondentid", "respondent_id"),
        ("Answered On", "answered_on"),
    ],
)
def test_a_heading_of_a_tool_is_known_again(heading: str, column: str) -> None:
    columns = ["csat5", "exp_01", "per_01", "kano_f_02", "respondent_id", "answered_on"]
    assert settle_headings([heading, "start", "_uuid"], columns) == {heading: column}


def test_a_heading_that_two_columns_claim_is_left_to_a_person() -> None:
    assert settle_headings(["a/csat5", "b/csat5"], ["csat5"]) == {}
    assert settle_headings(["a/csat5", "csat5"], ["csat5"]) == {}
    assert settle_headings(["满意度", "评价"], ["满意"]) == {}


def test_a_scale_that_the_card_states_is_asked(tmp_path: Path) -> None:
    scales = "  scales: {csat: [1, 7], recommend: [1, 5]}\n  reversed:"
    form = build_questionnaire(card(tmp_path / "tram", ("  reversed:", scales)))
    assert [value for value, _ in form.question("csat").answers] == list("1234567")
    assert [value for value, _ in form.question("recommend").answers] == list("12345")
    assert "csat5" not in form.columns
