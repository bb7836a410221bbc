from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.instrument.cards import card
from workbench.satisfaction.instrument.guides import (
    KnownSoFar,
    anchors_of,
    interview_guide,
    rating_of,
    visit_form,
)
from workbench.satisfaction.instrument.printed import Printed

GOALS = """\
goals:
  - name: on_time
    title: {en: Come on time, zh: 准点到站}
    why: {en: Who waits drives a car., zh: 久等的人会改开车。}
    indicator: csat5
    baseline: {value: 3, date: 2026-01-01}
    target: 4
    deadline: 2026-12-31
"""
GAPS = pd.DataFrame(
    {
        "item": ["01", "11", "12", "02"],
        "label": ["Trams are clean", "Trams come on time", "Delays are announced", "Stops are lit"],
        "estimate": [-0.2, -1.4, -0.7, 0.3],
        "low": [-0.3, -1.5, -0.8, 0.2],
        "high": [-0.1, -1.3, -0.6, 0.4],
    }
)


def text_of(printed: Printed) -> str:
    lines = [printed.title, printed.footer]
    for part in printed.parts:
        lines += [part.text, *(cell for row in part.rows for cell in row)]
    return "\n".join(lines)


@pytest.mark.parametrize("group", [False, True])
@pytest.mark.parametrize(
    ("code", "widest", "why", "best"),
    [
        ("en", "1. Trams come on time", "Why is this the widest gap?", "Here expectations are met"),
        ("zh", "1. 准点", "为什么这里的差距最大？", "这里最符合客户期望"),
    ],
)
def test_a_guide_asks_why_the_widest_gap_is_there(
    tmp_path: Path, code: str, widest: str, why: str, best: str, group: bool
) -> None:
    study = card(tmp_path / "tram", more=GOALS)
    known = KnownSoFar(GAPS, ("A finding.",), "20260630T060000Z-abc")
    said = text_of(interview_guide(study, code, known, group=group))
    topics = [line for line in said.splitlines() if line[:1].isdigit() and line[1:3] == ". "]
    assert topics[0] == widest and len(topics) == 4
    assert said.count(why) == 1 and best in said
    assert "1.4" in said and "A finding." in said and "20260630T060000Z-abc" in said
    assert study.text(study.goals[0].title, code) in said
    assert study.text(study.goals[0].why, code) in said


def test_without_a_run_a_guide_asks_about_each_dimension(tmp_path: Path) -> None:
    said = text_of(interview_guide(card(tmp_path / "tram"), "en", KnownSoFar(), group=False))
    assert "1. Comfort" in said and "2. Service" in said and "Stops are lit" in said
    assert "widest gap" not in said and "What the numbers say" not in said


def test_where_nothing_falls_short_no_gap_is_asked_about(tmp_path: Path) -> None:
    better = GAPS.assign(estimate=[0.1, 0.2, 0.3, 0.4], low=0.0, high=0.5)
    said = text_of(interview_guide(card(tmp_path / "tram"), "en", KnownSoFar(better), group=False))
    assert "gap" not in said and "1. Stops are lit" in said


def test_paper_in_chinese_has_no_english_left(tmp_path: Path) -> None:
    study = card(
        tmp_path / "tram", ("    comfort:", "    tangibles:"), ("    service:", "    empathy:")
    )
    for printed in (
        interview_guide(study, "zh", KnownSoFar(GAPS), group=True),
        visit_form(study, "zh"),
    ):
        left = [
            line for line in text_of(printed).splitlines() if any("a" <= c <= "z" for c in line)
        ]
        assert left == []


def test_a_visit_looks_at_every_item(tmp_path: Path) -> None:
    study = card(tmp_path / "tram")
    said = text_of(visit_form(study, "en"))
    assert study.survey is not None
    for item in study.survey.codes:
        assert f"{study.survey.items[item]['en']} [{item}]" in said
    assert "1–5" in said and "Name no staff" in said


def test_raters_score_the_cards_criteria_or_else_the_dimensions(tmp_path: Path) -> None:
    study = card(tmp_path / "tram")
    assert list(rating_of(study).criteria) == ["comfort", "service"]
    assert rating_of(study).scale == (1, 5)
    own = card(
        tmp_path / "own",
        more="  rating:\n    criteria: {clarity: {en: Clear words, zh: 表达清楚}}\n"
        "    scale: [1, 6]\n    anchors: {2: {en: Muddled, zh: 含糊}, 5: {en: Clear, zh: 清楚}}\n",
    )
    rating = rating_of(own)
    assert list(rating.criteria) == ["clarity"]
    assert anchors_of(rating, own, "en") == [
        (1, "Below 2"), (2, "Muddled"), (3, "Between 2 and 5"), (4, "Between 2 and 5"),
        (5, "Clear"), (6, "Above 5"),
    ]  # fmt: skip
    assert [score for score, _ in anchors_of(rating_of(study), study, "zh")] == [1, 2, 3, 4, 5]
