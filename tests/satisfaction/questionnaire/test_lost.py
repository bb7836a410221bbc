"""Answers that cannot be used are said where their question is, with what they leave open."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.languages import speak
from workbench.satisfaction import SurveyError, loyalty_by_wave, prepare_survey
from workbench.study.survey import LOST, Survey

CARD = Survey(
    dimensions={"service": ("01", "02")}, scale=(1, 5), scales={"csat": (1, 7)}, reversed=("02",)
)


def answers(n: int = 100, lost: int = 10) -> pd.DataFrame:
    rng = np.random.default_rng(8)
    frame = pd.DataFrame({"respondent_id": np.arange(n), "wave": "2025"})
    for item in ("01", "02"):
        frame[f"per_{item}"] = rng.integers(1, 6, n).astype(float)
    frame["recommend"] = rng.integers(0, 11, n).astype(float)
    frame["csat"] = rng.integers(1, 8, n).astype(float)
    frame[LOST] = None
    gone = frame.index[:lost]
    frame.loc[gone, ["per_01", "recommend", "csat"]] = np.nan
    frame.loc[gone, LOST] = "per_01 recommend csat"
    return frame


@pytest.mark.parametrize("weighted", [False, True])
def test_the_bounds_are_those_of_the_worst_and_the_best_answers(weighted: bool) -> None:
    frame = answers()
    parts = {}
    if weighted:
        frame["w"] = np.where(np.arange(100) < 50, 2.0, 1.0)
        parts = {"weights": {"column": "w"}}
    survey = prepare_survey(frame, CARD.model_copy(update={}) if not parts else
                            Survey(**{**CARD.model_dump(exclude_unset=True), **parts}))  # fmt: skip
    for column, measure, (worst, best) in (
        ("recommend", "nps", (0, 10)),
        ("csat", "csat", (1, 7)),
        ("csat", "top_two_box", (1, 7)),
    ):
        scale = survey.scale_of(column, (1, 5))
        found = loyalty_by_wave(survey, column, measure, scale=scale)
        [said] = [f for f in found.findings() if f.key == f"{measure}.lost"]
        assert (said.values["n"], said.values["of"], said.severity) == (10, 100, "warning")
        for filled, bound in ((worst, "low"), (best, "high")):
            whole = frame.fillna({column: filled}).drop(columns=LOST)
            other = loyalty_by_wave(prepare_survey(whole, survey.card), column, measure,
                                    scale=scale)  # fmt: skip
            assert said.values[bound].value == pytest.approx(other.latest.value)


def test_what_the_items_lost_is_said_with_their_mean() -> None:
    survey = prepare_survey(answers(), CARD)
    [said] = survey.losses()
    every = survey.answers.perception.to_numpy()
    given = every[~np.isnan(every)]
    low, high = ((given.sum() + 10 * end) / (given.size + 10) for end in (1, 5))
    assert said.values["mean"].value == pytest.approx(given.mean())
    assert (said.values["low"].value, said.values["high"].value) == pytest.approx((low, high))
    assert said.text.startswith("10 of 200 answers on experience in the last wave cannot be used")
    chinese = speak("zh")(said.message)
    assert "无法使用" in chinese and "{low}" in chinese


def test_nothing_lost_is_not_mentioned() -> None:
    survey = prepare_survey(answers(lost=0), CARD)
    assert survey.losses() == [] and loyalty_by_wave(survey, "recommend").losses() == []


def test_a_survey_that_lost_a_fifth_of_its_items_is_refused() -> None:
    with pytest.raises(SurveyError, match=r"60 of 200 answers.*`workbench check`"):
        prepare_survey(answers(lost=60), CARD)


def test_overall_satisfaction_is_another_question_only_if_its_scale_is_known() -> None:
    frame = answers()
    assert prepare_survey(frame, CARD).overall("csat5") == "csat"
    unsaid = Survey(dimensions={"service": ("01", "02")}, scale=(1, 5))
    assert prepare_survey(frame, unsaid).overall("csat5") == "csat5"


def test_an_item_that_goes_against_the_others_is_named() -> None:
    from workbench.satisfaction import reliability

    rng = np.random.default_rng(4)
    feeling = rng.normal(size=160)
    frame = pd.DataFrame({"respondent_id": np.arange(160), "wave": "2025"})
    for item in ("01", "02", "03", "04"):
        noisy = 3 + feeling + rng.normal(0, 0.7, 160)
        frame[f"per_{item}"] = np.clip(np.rint(noisy), 1, 5)
    card = Survey(dimensions={"service": ("01", "02", "03", "04")}, scale=(1, 5))

    def told(rows: pd.DataFrame) -> list[str]:
        found = reliability(prepare_survey(rows, card).latest).findings()
        return [f.text for f in found if f.key == "reliability.reversed"]

    assert told(frame) == []
    [text] = told(frame.assign(per_03=6 - frame["per_03"]))
    assert text.startswith("Answers to 03 go against the rest of their dimension")
