"""Layouts of strangers' surveys: faces, percent, sides, states by number, lists, languages."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest

from tests.new.test_survey_tools import (
    AGREE,
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
    N,
    as_csv,
    ticks,
)  # fmt: skip
from workbench.data import open_tables
from workbench.new.study import start_study
from workbench.new.survey.sides import sides_of

Made = tuple[str, bytes]
#: Answers in people's own words, each of them short.
SHORT = [f"queue too long, visit {i}" if i % 3 else "" for i in range(N)]
FACES = ["😡", "🙁", "😐", "🙂", "😍"]
#: Who stopped at a question that screens, and who came when the quota was full.
OUT = {5: 1, 12: 2, 16: 1}


def faces() -> Made:
    head = ["Submission Id", "Submitted At", *ITEMS, SATISFIED, RECOMMEND, "Tell us more"]
    rows = [
        [f"s{i:05d}", t.strftime("%b %d, %Y %I:%M %p"), *(FACES[v - 1] for v in a), FACES[s - 1],
         r, SHORT[i]]
        for i, (t, (a, s, r, _)) in enumerate(zip(AT, GIVEN, strict=True))
    ]  # fmt: skip
    return "faces.csv", as_csv([head, *rows])


def percent() -> Made:
    head = ["Response", "Completed on", *ITEMS, SATISFIED, f"{RECOMMEND} (0-10)"]
    rows = [
        [i + 1, t.strftime("%d-%b-%Y"), *(f"{20 * v}%" for v in a), f"{20 * s}%", r]
        for i, (t, (a, s, r, _)) in enumerate(zip(AT, GIVEN, strict=True))
    ]
    return "percent.csv", as_csv([head, *rows])


def forsta() -> Made:
    head = ["record", "uuid", "date", "markers", "status", "qtime",
            *(f"Q1r{k}: {x} - How much do you agree?" for k, x in enumerate(ITEMS, 1)),
            "Q2: Overall satisfaction", "Q3: Likelihood to recommend",
            *(f"Q4c{k}: {c} - Which channels?" for k, c in enumerate(CHOICES, 1))]  # fmt: skip
    rows = [
        [i + 1, f"{i:06x}zz", t.isoformat(" "),
         {0: "qualified", 1: "term:S1", 2: "OQ"}[OUT.get(i, 0)], OUT.get(i, 3), 300 + i,
         *([""] * 8 if i in OUT else [*a, s, r, *ticks(c)])]
        for i, (t, (a, s, r, c)) in enumerate(zip(AT, GIVEN, strict=True))
    ]  # fmt: skip
    return "forsta.csv", as_csv([head, *rows])


def korean() -> Made:
    agree = ["전혀 그렇지 않다", "그렇지 않다", "보통이다", "그렇다", "매우 그렇다"]
    pleased = ["매우 불만족", "불만족", "보통", "만족", "매우 만족"]
    asked = [
        f"동의하십니까? [{x}]" for x in ("직원이 친절했다", "매장이 깨끗했다", "가격이 적당하다")
    ]
    head = ["타임스탬프", *asked, "전반적으로 만족하십니까?", "추천 의향 (0-10)", "의견"]

    def written(t: datetime) -> str:
        half = "오전" if t.hour < 12 else "오후"
        return f"{t.year}. {t.month}. {t.day} {half} {(t.hour - 1) % 12 + 1}:{t.minute:02d}:00"

    rows = [
        [written(t), *(agree[v - 1] for v in a), pleased[s - 1], r, SHORT[i]]
        for i, (t, (a, s, r, _)) in enumerate(zip(AT, GIVEN, strict=True))
    ]
    return "korean.csv", as_csv([head, *rows])


def russian() -> Made:
    agree = ["Полностью не согласен", "Скорее не согласен", "Ни то ни другое", "Скорее согласен",
             "Полностью согласен"]  # fmt: skip
    pleased = ["Совсем не удовлетворён", "Скорее не удовлетворён", "Нейтрально",
               "Скорее удовлетворён", "Полностью удовлетворён"]  # fmt: skip
    head = ["ID", "Время создания", *(f"Согласны? / Вопрос {k}" for k in "абв"),
            "Насколько вы удовлетворены в целом?", "Готовы ли вы рекомендовать нас? (0-10)",
            "Комментарий"]  # fmt: skip
    rows = [
        [5000 + i, t.strftime("%d.%m.%Y %H:%M"), *(agree[v - 1] for v in a), pleased[s - 1], r,
         "очередь была долгой, визит " + str(i) if SHORT[i] else ""]
        for i, (t, (a, s, r, _)) in enumerate(zip(AT, GIVEN, strict=True))
    ]  # fmt: skip
    return "russian.csv", as_csv([head, *rows], ";")


def lists() -> Made:
    rows = [
        {"id": i + 1, "submitted": t.isoformat(), "satisfaction": s, "recommend": r,
         "service": dict(zip(("helpful", "clean", "fair"), a, strict=True)), "channels": list(c)}
        for i, (t, (a, s, r, c)) in enumerate(zip(AT, GIVEN, strict=True))
    ]  # fmt: skip
    return "results.json", json.dumps(rows).encode()


def camps_by_number() -> Made:
    head = ["StartDate", "Status", "Progress", "RecordedDate", "ResponseId", "QA_1", "QA_2",
            "QA_3", "QCSAT", "QNPS_NPS_GROUP", "QNPS"]  # fmt: skip
    said = [*head[:5], *(f"How much do you agree? - {x}" for x in ITEMS), SATISFIED,
            f"{RECOMMEND} - Group", RECOMMEND]  # fmt: skip
    ids = [json.dumps({"ImportId": f"QID{k}"}) for k in range(len(head))]
    rows = [
        [t, 1 if i in OUT else 0, 100, t, f"R_{i:05x}", *a, s, 1 + (r > 6) + (r > 8), r]
        for i, (t, (a, s, r, _)) in enumerate(zip(AT, GIVEN, strict=True))
    ]
    return "qualtrics.csv", as_csv([head, said, ids, *rows])


LAYOUTS: dict[str, Callable[[], Made]] = {
    "faces": faces, "percent": percent, "forsta": forsta, "korean": korean, "russian": russian,
    "lists": lists, "camps by number": camps_by_number,
}  # fmt: skip
KEPT = [g for i, g in enumerate(GIVEN) if i not in OUT]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_answers_are_those_that_were_given(layout: str, tmp_path: Path) -> None:
    name, content = LAYOUTS[layout]()
    (tmp_path / "data").mkdir()
    (tmp_path / name).write_bytes(content)
    found = start_study(tmp_path, "acme", [tmp_path / name], today=date(2026, 1, 1))
    asked = found.study.survey
    assert found.proposals[0].standard == "survey" and asked is not None
    frame = open_tables(found.study, cache=False).frame("survey")
    means, mean, score, ticked, n = MEANS, MEAN, NPS, TICKED, N
    if layout in ("forsta", "camps by number"):  # without those who are no respondents
        n = len(KEPT)
        means = [sum(g[0][k] for g in KEPT) / n for k in range(3)]
        mean = sum(g[1] for g in KEPT) / n
        score = 100 * (sum(g[2] >= 9 for g in KEPT) - sum(g[2] <= 6 for g in KEPT)) / n
        ticked = [sum(c in g[3] for g in KEPT) for c in CHOICES]
    times = 20 if layout == "percent" else 1
    items = sorted(c for c in frame if c.startswith("per_"))
    assert frame[items].mean().tolist() == pytest.approx([times * m for m in means])
    (overall,) = {"csat", "csat5"} & set(frame)
    assert frame[overall].mean() == pytest.approx(times * mean) and len(frame) == n
    promoted = (frame["recommend"] >= 9).mean() - (frame["recommend"] <= 6).mean()
    assert 100 * promoted == pytest.approx(score)
    if layout in ("faces", "korean", "russian"):
        assert frame["comment"].fillna("").ne("").sum() == sum(map(bool, SHORT))
    if layout in ("forsta", "lists"):
        ((question, about),) = asked.questions.items()
        said = frame[question].astype("string").str.split(about.several, regex=False).explode()
        assert sorted(said.replace("", None).dropna().value_counts()) == sorted(ticked)
    if layout == "forsta":
        assert [next(iter(text.values())) for text in asked.items.values()] == ITEMS


@pytest.mark.parametrize(
    "blocks",
    [("1、您的期望—{}", "2、您的实际感受—{}"), ("Expected: {}", "Experienced: {}"),
     ("E{k}", "P{k}"), ("{}_exp", "{}_perf")],
)  # fmt: skip
def test_blocks_of_the_same_questions_are_expectation_and_experience(
    tmp_path: Path, blocks: tuple[str, str]
) -> None:
    rows = ["staff", "clean", "fair"]
    head = ["Respondent", "Date", *(b.format(x, k=k) for b in blocks for k, x in enumerate(rows))]
    lines = [[i, t, *(min(5, v + 1) for v in a), *a]
             for i, (t, (a, *_)) in enumerate(zip(AT, GIVEN, strict=True))]  # fmt: skip
    (tmp_path / "data").mkdir()
    (tmp_path / "gaps.csv").write_bytes(as_csv([head, *lines]))
    found = start_study(tmp_path, "acme", [tmp_path / "gaps.csv"], today=date(2026, 1, 1))
    frame = open_tables(found.study, cache=False).frame("survey")
    for side, higher in (("per", 0), ("exp", 1)):
        right = [sum(min(5, g[0][k] + higher) for g in GIVEN) / N for k in range(3)]
        own = sorted(c for c in frame if c.startswith(f"{side}_"))
        assert frame[own].mean().tolist() == pytest.approx(right), side


def test_blocks_that_nothing_tells_apart_are_items() -> None:
    assert sides_of(["A [x]", "A [y]", "B [x]", "B [y]"]) == {}
    assert sides_of([f"{trait}{k}" for trait in "ACENO" for k in range(1, 6)]) == {}
    assert sides_of(["Importance [x]", "Importance [y]", "B [x]", "B [y]"])["B [x]"] == ("per", "x")


def test_a_question_with_a_word_that_nobody_knows_is_asked_about(tmp_path: Path) -> None:
    head = ["Respondent", "Q1 Staff", "Q2 Clean", "Q3 Prices", SATISFIED, RECOMMEND]
    rows = [[i, *(AGREE[v - 1] for v in a), PLEASED[s - 1], r]
            for i, (a, s, r, _) in enumerate(GIVEN)]  # fmt: skip
    for at in (2, 9, 17, 20):
        rows[at][2] = "Quite so-so"
    (tmp_path / "data").mkdir()
    (tmp_path / "words.csv").write_bytes(as_csv([head, *rows]))
    found = start_study(tmp_path, "acme", [tmp_path / "words.csv"], today=date(2026, 1, 1))
    card = (found.folder / "study.yml").read_text("utf-8")
    assert "# CHECK answers: 'Q2 Clean' was not read as a question for 'Quite so-so'" in card


def test_waves_side_by_side_are_said_to_be_a_survey(tmp_path: Path) -> None:
    head = ["customer", *(f"q{k}_{year}" for year in (2024, 2025) for k in (1, 2, 3))]
    rows = [[f"C{i:04d}", *a, *GIVEN[i - 1][0]] for i, (a, *_) in enumerate(GIVEN)]
    (tmp_path / "data").mkdir()
    (tmp_path / "panel.csv").write_bytes(as_csv([head, *rows]))
    (proposal,) = start_study(tmp_path, "acme", [tmp_path / "panel.csv"],
                              today=date(2026, 1, 1)).proposals  # fmt: skip
    assert "several waves side by side" in proposal.questions[0].asks
