"""Answers are read as the number that they show, each on its own scale; losses are said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.data.checks.answer_doubts import answer_doubts
from workbench.data.checks.check import check_study
from workbench.data.clean.answers import shown
from workbench.data.store import cache

from .conftest import MakeStudy, OpenStudy

ITEMS = [f"q{i}" for i in range(1, 7)]
CARD = {
    "dimensions": {"service": ITEMS},
    "scale": [1, 5],
    "columns": {"perception": "{item}"},
}
AGREEMENT = ["Strongly disagree", "Disagree", "Neutral", "Agree", "Strongly agree"]
SATISFACTION = ["非常不满意", "不满意", "一般", "满意", "非常满意"]


@pytest.fixture(scope="module")
def base() -> pd.DataFrame:
    """Answers of 120 people: six items and satisfaction (1-5), recommending (0-10)."""
    rng = np.random.default_rng(20261130)
    feeling = rng.normal(size=120)
    frame = pd.DataFrame({"respondent_id": [f"R{i:03d}" for i in range(120)]})
    for name in (*ITEMS, "csat5"):
        frame[name] = np.clip(np.rint(3.4 + 0.7 * feeling + rng.normal(0, 0.8, 120)), 1, 5)
    frame["recommend"] = np.clip(np.rint(7 + 2 * feeling + rng.normal(0, 1.5, 120)), 0, 10)
    frame[[*ITEMS, "csat5", "recommend"]] = frame[[*ITEMS, "csat5", "recommend"]].astype(int)
    # both ends of each scale are used, and a whole number never hides what was read
    frame.loc[0, [*ITEMS, "csat5", "recommend"]] = [1] * 7 + [0]
    frame.loc[1, [*ITEMS, "csat5", "recommend"]] = [5] * 7 + [10]
    return frame.assign(answered_on="2025-03-01")


def nps(frame: pd.DataFrame) -> float:
    given = frame["recommend"].dropna()
    return float(100 * ((given >= 9).mean() - (given <= 6).mean()))


def means(frame: pd.DataFrame, prefix: str = "per_") -> list[float]:
    return [float(frame[f"{prefix}{item}"].mean()) for item in ITEMS]


def written(values: pd.Series, forms: dict[int, str]) -> pd.Series:
    return values.map(lambda v: forms.get(int(v), str(v)))


FORMS = {
    "numbers with words": lambda b: b.assign(
        recommend=written(b["recommend"], {0: "0 - Not at all likely", 10: "10 = Will do"}),
        **{q: written(b[q], {1: "1 - Very poor", 5: "Excellent (5)"}) for q in ITEMS},
    ),
    "words": lambda b: b.assign(
        csat5=b["csat5"].map(lambda v: SATISFACTION[v - 1]),
        **{q: b[q].map(lambda v: AGREEMENT[v - 1]) for q in ITEMS},
    ),
    "stars": lambda b: b.assign(**{q: b[q].map(lambda v: "★" * v + "☆" * (5 - v)) for q in ITEMS}),
    "Chinese points": lambda b: b.assign(
        recommend=b["recommend"].map(lambda v: f"{v}分"), q1=b["q1"].map(lambda v: f"{v}分（服务）")
    ),
    "full-width digits": lambda b: b.assign(
        q2=b["q2"].map(lambda v: chr(0xFF10 + v)), csat5=b["csat5"].map(lambda v: f"\u3000{v}、")
    ),
    "out of": lambda b: b.assign(
        q3=b["q3"].map(lambda v: f"{v}/5"), q4=b["q4"].map(lambda v: f"{v}.0")
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_answers_mean_the_same_however_they_are_written(
    open_study: OpenStudy, base: pd.DataFrame, form: str
) -> None:
    told = FORMS[form](base).to_csv(index=False)
    tables = open_study({"survey": CARD}, survey=told)
    found = tables.frame("survey")
    assert len(found) == len(base) and not tables.report_of("survey").emptied
    assert nps(found) == pytest.approx(nps(base))
    assert means(found) == pytest.approx(means(base, ""))
    assert found["csat5"].mean() == pytest.approx(base["csat5"].mean())


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("5 - Excellent", 5), ("10=极有可能", 10), ("非常满意（9分）", 9), ("９分", 9),
        ("4 out of 5", 4), ("⭐️⭐️⭐️", 3), ("7,5", 7.5), ("−1", -1), ("(5) Very good", 5),
        ("五星", 5), ("3 stars", 3),
        ("Poor - 1", 1), ("1. Strongly disagree", 1), ("5非常满意", 5), ("-2 (disagree)", -2),
        ("2 or 3", None), ("1-2 times", None), ("2025-03-01", None), ("13812345678", None),
        ("R0003", None), ("12:30", None), ("8 (7-9)", None),
    ],
)  # fmt: skip
def test_one_answer_shows_one_number(text: str, number: float | None) -> None:
    found = shown(text)
    assert (found and found.number) == number


def test_words_are_read_by_as_many_steps_as_the_scale_has(open_study: OpenStudy) -> None:
    seven = [
        "Strongly disagree", "Disagree", "Somewhat disagree", "Neither agree nor disagree",
        "Somewhat agree", "Agree", "Strongly agree",
    ]  # fmt: skip
    card = {"dimensions": {"service": ["q1"]}, "columns": {"perception": "{item}"}}
    text = "q1\n" + "\n".join(seven) + "\n"
    found = open_study({"survey": {**card, "scale": [1, 7]}}, survey=text).frame("survey")
    assert found["per_q1"].tolist() == [1, 2, 3, 4, 5, 6, 7]
    five = open_study({"survey": {**card, "scale": [1, 5]}}, survey=text)
    assert five.frame("survey")["per_q1"].isna().all()
    [problem] = answer_doubts(five.study, five.report_of("survey")).problems
    assert "words of 7 steps, and the card says 1 to 5" in problem and "scale: [1, 7]" in problem


def test_a_stray_cell_in_a_column_of_words_is_emptied_and_counted(
    open_study: OpenStudy, base: pd.DataFrame
) -> None:
    frame = base.astype(object)
    for item, words in zip(ITEMS[:2], (AGREEMENT, SATISFACTION), strict=True):
        frame[item] = frame[item].map(dict(enumerate(words, 1)))
    frame.loc[7, "q1"] = "see my letter"
    frame.loc[[3, 9], "q2"] = ["待补", "见附件"]
    frame.loc[range(20, 30), "q3"] = "?"  # a twelfth of the answers is no slip
    tables = open_study({"survey": CARD}, survey=frame.to_csv(index=False))
    read = tables.frame("survey")
    for item, left in (("per_q1", [7]), ("per_q2", [3, 9])):
        own = base[item.removeprefix("per_")].astype(float)
        own[left] = np.nan
        assert read[item].tolist() == pytest.approx(own.tolist(), nan_ok=True)
    found = {q.name: q for q in tables.report_of("survey").questions}
    assert (found["per_q1"].unread_count, found["per_q2"].unread_count) == (1, 2)
    assert found["per_q1"].unread == {"see my letter": 1}
    doubts = answer_doubts(tables.study, tables.report_of("survey"))
    assert any("q1" in note for note in doubts.notes) and any("q3" in p for p in doubts.problems)


def test_words_that_may_mean_two_steps_are_asked_for(open_study: OpenStudy) -> None:
    # "fair" is the second of five steps, or the middle one; only "very good" beside it tells
    card = {"dimensions": {"service": ["q1", "q2"]}, "scale": [1, 5],
            "columns": {"perception": "{item}"}}  # fmt: skip
    alone = open_study({"survey": card}, survey="q1,q2\nGood,1\nFair,2\nPoor,5\n")
    assert alone.frame("survey")["per_q1"].isna().all()
    assert "answers: {q1:" in answer_doubts(alone.study, alone.report_of("survey")).problems[0]
    told = open_study({"survey": card},
                      survey="q1,q2\nGood,Very good\nFair,Excellent\nPoor,Fair\n")  # fmt: skip
    assert told.frame("survey")["per_q1"].tolist() == [3, 2, 1]
    own = {**card, "answers": {"q1": {"Good": 5, "Fair": 3, "Poor": 1}}}
    mapped = open_study({"survey": own}, survey="q1,q2\nGood,1\nFair,2\nPoor,5\n")
    assert mapped.frame("survey")["per_q1"].tolist() == [5, 3, 1]


def test_no_answer_is_missing_and_not_lost(open_study: OpenStudy, base: pd.DataFrame) -> None:
    told = base.astype({"q1": object, "q2": object})
    told.loc[5:14, "q1"], told.loc[5:9, "q2"] = "Don't know", "不适用"
    tables = open_study({"survey": CARD}, survey=told.to_csv(index=False))
    report = tables.report_of("survey")
    assert not report.emptied
    assert {q.column: q.declined for q in report.questions if q.declined} == {"q1": 10, "q2": 5}
    assert tables.frame("survey")["per_q1"].isna().sum() == 10
    assert "answers_lost" not in tables.frame("survey")


def test_a_scale_that_the_answers_contradict_is_a_problem_with_its_cure(
    open_study: OpenStudy, base: pd.DataFrame
) -> None:
    centred = base.assign(**{q: base[q] - 3 for q in ITEMS}).to_csv(index=False)
    tables = open_study({"survey": CARD}, survey=centred)
    assert len(tables.frame("survey")) == len(base)
    [problem] = check_study(tables.study, tables=tables).problems
    assert "they run from -2 to 2" in problem and "write `scale: [-2, 2]`" in problem
    right = open_study({"survey": {**CARD, "scale": [-2, 2]}}, survey=centred)
    assert check_study(right.study, tables=right).ok
    assert means(right.frame("survey")) == pytest.approx([m - 3 for m in means(base, "")])


def test_decimal_commas_on_another_scale(open_study: OpenStudy, base: pd.DataFrame) -> None:
    ten = base.assign(**{q: ((base[q] - 1) * 2.5).map(lambda v: f"{v:.1f}".replace(".", ","))
                         for q in ITEMS}).to_csv(index=False, sep=";")  # fmt: skip
    tables = open_study({"survey": CARD}, survey=ten)
    assert "write `scale: [0, 10]`" in check_study(tables.study, tables=tables).problems[0]
    right = open_study({"survey": {**CARD, "scale": [0, 10]}}, survey=ten)
    assert means(right.frame("survey")) == pytest.approx([(m - 1) * 2.5 for m in means(base, "")])


def test_codes_for_no_answer_are_proposed_as_missing(
    open_study: OpenStudy, base: pd.DataFrame
) -> None:
    told = base.copy()
    told.loc[10:19, "q1"], told.loc[30:38, "q4"] = 99, 98
    text = told.to_csv(index=False)
    tables = open_study({"survey": CARD}, survey=text)
    [problem] = check_study(tables.study, tables=tables).problems
    assert "write `missing: {q1: [98, 99], q4: [98, 99]}` under tables.survey" in problem
    right = open_study({"survey": CARD}, survey=({"missing": {"q1": [99], "q4": [98]}}, text))
    assert check_study(right.study, tables=right).ok and len(right.frame("survey")) == len(base)
    assert right.frame("survey")["per_q1"].isna().sum() == 10
    assert nps(right.frame("survey")) == pytest.approx(nps(base))


def test_every_question_has_its_own_scale(open_study: OpenStudy, base: pd.DataFrame) -> None:
    told = base.assign(q6=(base["q6"] - 1) * 2.5, satisfaction=base["csat5"] + 2,
                       recommend=base["recommend"] + 1).drop(columns="csat5")  # fmt: skip
    scales = {"q6": [0, 10], "csat": [1, 7], "recommend": [1, 11]}
    entry = ({"columns": {"csat": "satisfaction"}}, told.to_csv(index=False))
    tables = open_study({"survey": {**CARD, "scales": scales}}, survey=entry)
    found = tables.frame("survey")
    assert check_study(tables.study, tables=tables).ok
    assert means(found) == pytest.approx(means(base, ""))
    assert found["csat"].mean() == pytest.approx(base["csat5"].mean() + 2)
    assert nps(found) == pytest.approx(nps(base))
    unsaid = open_study({"survey": CARD}, survey=entry)
    problems = " ".join(check_study(unsaid.study, tables=unsaid).problems)
    assert "scales: {csat: [1, 7]}" in problems and "scales: {recommend: [1, 11]}" in problems
    assert "scale: [0, 10]" in problems


@pytest.mark.parametrize("ends", [(1, 5), (0, 4)])
def test_recommending_in_five_steps_has_the_cuts_of_the_score(
    open_study: OpenStudy, base: pd.DataFrame, ends: tuple[int, int]
) -> None:
    told = base.assign(recommend=base["csat5"] - 1 + ends[0]).to_csv(index=False)
    tables = open_study({"survey": {**CARD, "scales": {"recommend": list(ends)}}}, survey=told)
    share = 100 * ((base["csat5"] == 5).mean() - (base["csat5"] <= 3).mean())
    assert nps(tables.frame("survey")) == pytest.approx(share)
    assert "not to be held against" in " ".join(check_study(tables.study, tables=tables).notes)


def test_one_end_of_a_scale_lost_is_a_problem_however_few(
    open_study: OpenStudy, base: pd.DataFrame
) -> None:
    told = base.assign(csat5=base["csat5"].clip(2, 5))
    told.loc[told.index[:3], "csat5"] = 1
    text = told.assign(csat5=written(told["csat5"], {1: "grottig"})).to_csv(index=False)
    tables = open_study({"survey": CARD}, survey=text)
    [problem] = check_study(tables.study, tables=tables).problems
    assert "'grottig'" in problem and "nobody's answer is read as 1" in problem


def test_words_that_turn_the_numbers_round_are_a_problem(
    open_study: OpenStudy, base: pd.DataFrame
) -> None:
    told = base.assign(csat5=written(base["csat5"], {1: "1 - Excellent", 5: "5 - Very poor"}))
    tables = open_study({"survey": CARD}, survey=told.to_csv(index=False))
    assert "1 is the best answer" in check_study(tables.study, tables=tables).problems[0]


def test_a_scale_nobody_stated_and_the_answers_contradict(
    open_study: OpenStudy, base: pd.DataFrame
) -> None:
    unsaid = {key: value for key, value in CARD.items() if key != "scale"}
    tables = open_study({"survey": unsaid}, survey=base.to_csv(index=False))
    [problem] = check_study(tables.study, tables=tables).problems
    assert "taken to be 1 to 7; write `scale: [1, 5]`" in problem


def test_a_slip_is_a_note(open_study: OpenStudy, base: pd.DataFrame) -> None:
    told = base.copy()
    told.loc[7, "q1"] = 55
    tables = open_study({"survey": CARD}, survey=told.to_csv(index=False))
    found = check_study(tables.study, tables=tables)
    assert found.ok and not found.warnings
    assert any("1 of 720 answers to 'q1' lie off the scale 1 to 5 (55)" in n for n in found.notes)
    assert tables.frame("survey")["answers_lost"].dropna().tolist() == ["per_q1"]


def test_the_last_of_two_answers_counts(open_study: OpenStudy) -> None:
    rows = "respondent_id,answered_on,q1\nA,2025-03-02,5\nB,2025-03-01,2\nA,2025-03-01,1\nB,,4\n"
    card = {**CARD, "dimensions": {"service": ["q1"]}}
    tables = open_study({"survey": card}, survey=rows)
    found = tables.frame("survey")
    assert sorted(found["per_q1"]) == [2, 5]
    assert tables.report_of("survey").set_aside == {"answered again": 2}


def test_what_became_of_answers_is_kept_on_disk(make_study: MakeStudy, base: pd.DataFrame) -> None:
    told = base.copy()
    told.loc[10:19, "q1"] = 99
    study = make_study({"survey": CARD}, survey=told.to_csv(index=False))
    kept = cache.find_or_make(study)
    assert kept is not None
    [question] = [q for q in kept.reports["survey"].questions if q.column == "q1"]
    assert (question.off, question.scale, question.lost) == ({99.0: 10}, (1, 5), 10)
    other = study.model_copy(
        update={"survey": study.survey.model_copy(update={"scales": {"q1": (1, 99)}})}
    )
    assert cache.key_of(other) != cache.key_of(study)
