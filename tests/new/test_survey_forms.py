"""Surveys in forms that no list foresees are read right or asked about, never wrong in silence."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench.data import CheckReport, Tables, check_study, open_tables
from workbench.new.study import start_study
from workbench.study import read_card

N = 90
GERMAN = ["Stimme gar nicht zu", "Stimme eher nicht zu", "Teils, teils", "Stimme eher zu",
          "Stimme voll zu"]  # fmt: skip
FACES = ["😡", "🙁", "😐", "🙂", "😀"]


@pytest.fixture(scope="module")
def answers() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    felt = rng.normal(size=N)
    frame = pd.DataFrame({"respondent_id": [f"P{i:03d}" for i in range(N)]})
    frame["answered_on"] = pd.date_range("2025-03-01", periods=N, freq="8h").strftime("%Y-%m-%d")
    for i in range(1, 5):
        frame[f"q{i}"] = np.clip(np.round(3.3 + 0.7 * felt + 0.8 * rng.normal(size=N)), 1, 5)
    frame["csat5"] = np.clip(np.round(3.5 + 0.8 * felt + 0.5 * rng.normal(size=N)), 1, 5)
    frame["recommend"] = np.clip(np.round(7 + 2 * felt + rng.normal(size=N)), 0, 10)
    whole = [c for c in frame if c not in ("respondent_id", "answered_on")]
    return frame.astype(dict.fromkeys(whole, int))


def begun(folder: Path, frame: pd.DataFrame) -> tuple[Tables, CheckReport, str]:
    (folder / "data").mkdir()
    frame.to_csv(folder / "form.csv", index=False)
    found = start_study(folder, "acme", [folder / "form.csv"], today=date(2025, 12, 31))
    tables = open_tables(found.study, cache=False)
    card = found.study.path.read_text(encoding="utf-8")
    return tables, check_study(found.study, tables=tables), card


@pytest.mark.parametrize("words", [GERMAN, FACES, list("FDCBA")], ids=["german", "faces", "grades"])
def test_words_that_nobody_knows_are_questions_and_asked_about(
    tmp_path: Path, answers: pd.DataFrame, words: list[str]
) -> None:
    items = {f"q{i}": answers[f"q{i}"].map(lambda v: words[v - 1]) for i in range(1, 5)}
    tables, report, card = begun(tmp_path, answers.assign(**items))
    assert not report.ok and any("cannot be read" in text for text in report.problems)
    assert "CHECK answers" in card and words[0] in card and '"q1", "q2", "q3", "q4"' in card
    assert tables.frame("survey")["csat5"].mean() == pytest.approx(answers["csat5"].mean())
    # once the card says what they stand for, they are read
    listed = ", ".join(f'"{word}": {at}' for at, word in enumerate(words, 1))
    told = card.replace("\nsurvey:\n", f"\nsurvey:\n  answers: {{{listed}}}\n", 1)
    tables.study.path.write_text(told, encoding="utf-8")
    again = open_tables(read_card(tables.study.path), cache=False).frame("survey")
    assert again["per_q3"].mean() == pytest.approx(answers["q3"].mean())


def test_sliders_from_0_to_100_are_a_scale_and_no_series(
    tmp_path: Path, answers: pd.DataFrame
) -> None:
    rng = np.random.default_rng(3)
    slid = {f"q{i}": np.clip((answers[f"q{i}"] - 1) * 25 + rng.integers(-9, 10, N), 0, 100)
            for i in range(1, 5)}  # fmt: skip
    tables, report, card = begun(tmp_path, answers.assign(**slid, recommend=answers.recommend * 10))
    assert report.ok and "scale: [0, 100]" in card
    table = tables.frame("survey")
    assert table["per_q2"].mean() == pytest.approx(slid["q2"].mean())
    assert table["recommend"].mean() == pytest.approx(answers["recommend"].mean())


def test_a_column_of_weights_is_taken_and_asked_about(
    tmp_path: Path, answers: pd.DataFrame
) -> None:
    heavy = answers.assign(weight=np.linspace(0.5, 2, N).round(3))
    _, report, card = begun(tmp_path, heavy)
    assert 'weights: {column: "weight"}' in card
    assert report.ok and any("weights stand for all" in text for text in report.warnings)


def test_codes_of_which_1_is_the_best_are_doubted(tmp_path: Path, answers: pd.DataFrame) -> None:
    turned = {c: 6 - answers[c] for c in ("q1", "q2", "q3", "q4", "csat5")}
    _, report, _ = begun(tmp_path, answers.assign(**turned))
    told = [text for text in report.warnings if "less people recommend" in text]
    assert len(told) == 2 and "'csat5'" in told[0] and "experience" in told[1]


def test_further_open_questions_stand_on_the_card(tmp_path: Path, answers: pd.DataFrame) -> None:
    rng = np.random.default_rng(5)
    said = {
        name: [f"The {name} was {word} on day {i} of the trip that we all made in May"
               for i, word in enumerate(rng.choice(["slow", "kind", "clean", "late"], N))]
        for name in ("comment", "wish")
    }  # fmt: skip
    tables, report, card = begun(tmp_path, answers.assign(**said))
    assert report.ok and "open:" in card and '"wish"' in card
    assert tables.frame("survey")["wish"].notna().all()


def test_tones_that_people_coded_are_asked_for_their_drawing(
    tmp_path: Path, answers: pd.DataFrame
) -> None:
    coded = answers.assign(comment="Too slow", tone_a=["positive", "", "negative"] * (N // 3))
    _, report, card = begun(tmp_path, coded)
    assert any("'tone_a' (60)" in text and "coded: random" in text for text in report.warnings)
    (tmp_path / "data" / "acme" / "study.yml").write_text(
        card.replace("\nsurvey:\n", "\nsurvey:\n  coded: random\n"), encoding="utf-8"
    )
    again = check_study(read_card(tmp_path / "data" / "acme" / "study.yml"))
    assert not any("tone_a" in text for text in again.warnings)


def test_a_question_on_the_card_that_the_table_lacks_is_a_problem(
    tmp_path: Path, answers: pd.DataFrame
) -> None:
    _, _, card = begun(tmp_path, answers)
    path = tmp_path / "data" / "acme" / "study.yml"
    more = "\nsurvey:\n  open: {wishes: null}\n  attention: {q9: {right: 2}}\n"
    path.write_text(card.replace("\nsurvey:\n", more), encoding="utf-8")
    problems = check_study(read_card(path)).problems
    assert any("`open` of the card names 'wishes'" in text for text in problems)
    assert any("`attention` of the card names 'q9'" in text for text in problems)
