"""A survey table is checked before anything is computed from it."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest

from workbench.satisfaction import SurveyError, read_answers
from workbench.study.survey import Survey

DIMENSIONS = {"tangibles": ["01", "02"], "empathy": ["03"]}


def survey(n: int = 20, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"respondent_id": np.arange(n), "wave": "2024-H1"})
    for item in ("01", "02", "03"):
        frame[f"exp_{item}"] = rng.integers(4, 8, n)
        frame[f"per_{item}"] = rng.integers(2, 7, n)
    return frame


def reasons(answers) -> dict[str, int]:
    return dict(zip(answers.exclusions["reason"], answers.exclusions["n"], strict=True))


def test_expectation_without_perception_names_the_items() -> None:
    with pytest.raises(SurveyError, match="'exp_02' have no perception counterpart"):
        read_answers(survey().drop(columns="per_02"), Survey(dimensions=DIMENSIONS))


def test_perception_without_expectation_names_the_items() -> None:
    with pytest.raises(SurveyError, match="'per_03' have no expectation counterpart"):
        read_answers(survey().drop(columns="exp_03"), Survey(dimensions=DIMENSIONS))


def test_values_off_the_scale_are_set_to_missing_and_counted() -> None:
    frame = survey()
    frame.loc[0, "per_01"], frame.loc[1, "exp_02"] = 9, 0
    answers = read_answers(frame, Survey(dimensions=DIMENSIONS))
    assert reasons(answers)["off the scale"] == 2
    assert np.isnan(answers.perception.loc[0, "01"]) and answers.gap["01"].notna().sum() == 19


def test_a_scale_that_most_answers_do_not_fit_is_an_error() -> None:
    with pytest.raises(SurveyError, match=r"correct survey\.scale"):
        read_answers(survey(), Survey(dimensions=DIMENSIONS, scale=(1, 3)))


def test_words_in_place_of_numbers_are_counted() -> None:
    frame = survey().astype({"per_01": object})
    frame.loc[3, "per_01"] = "often"
    assert reasons(read_answers(frame, Survey(dimensions=DIMENSIONS)))["not a number"] == 1


def test_a_respondent_who_answers_twice_in_a_wave_counts_once_with_the_last_answer() -> None:
    frame = survey(3)
    again = frame.iloc[[0]].assign(per_01=1, answered_on=pd.Timestamp("2024-02-01"))
    both = pd.concat([again, frame.assign(answered_on=pd.Timestamp("2024-01-01"))])
    answers = read_answers(both.reset_index(drop=True), Survey(dimensions=DIMENSIONS))
    assert len(answers) == 3
    assert answers.perception["01"].iloc[0] == 1, "the later of the two stands first in the table"
    assert reasons(answers)["answered more than once in a wave; the last answer counts"] == 1


def test_the_same_person_in_two_waves_counts_twice() -> None:
    frame = pd.concat([survey(5), survey(5).assign(wave="2024-H2")], ignore_index=True)
    assert len(read_answers(frame, Survey(dimensions=DIMENSIONS))) == 10


def test_rows_without_a_single_pair_are_left_out_and_counted() -> None:
    frame = survey().astype(float, errors="ignore")
    frame.loc[4, ["per_01", "per_02", "per_03"]] = np.nan
    answers = read_answers(frame, Survey(dimensions=DIMENSIONS))
    assert len(answers) == 19
    assert reasons(answers)["no item with both expectation and perception"] == 1


def test_those_who_tick_one_column_are_kept_and_counted() -> None:
    frame = survey()
    frame.loc[7, [c for c in frame if c[:4] in ("exp_", "per_")]] = 5
    answers = read_answers(frame, Survey(dimensions=DIMENSIONS))
    assert len(answers) == 20
    assert reasons(answers)["gave the same answer throughout (kept)"] == 1


def test_nobody_with_a_usable_answer_is_an_error() -> None:
    frame = survey()
    frame[[c for c in frame if c.startswith("per_")]] = np.nan
    with pytest.raises(SurveyError, match="no respondent answered both sides"):
        read_answers(frame, Survey(dimensions=DIMENSIONS))


def test_a_dimension_score_needs_half_of_its_items() -> None:
    frame = survey(2).astype(float, errors="ignore")
    frame.loc[0, "per_01"] = np.nan
    frame.loc[1, ["per_01", "per_02"]] = np.nan
    answers = read_answers(frame, Survey(dimensions=DIMENSIONS))
    scores = answers.scores(answers.perception)
    assert scores.loc[0, "tangibles"] == frame.loc[0, "per_02"]
    assert np.isnan(scores.loc[1, "tangibles"])


def test_the_error_survives_the_way_between_processes() -> None:
    error = SurveyError("bad", where="survey", remedy="mend it")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
