"""Attention checks: counted, and left out by the card's rule alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.satisfaction import pilot, prepare_survey, with_weight_and_person
from workbench.study.survey import AttentionCheck, Survey

ITEMS = {"a": ("01", "02", "03", "04", "05")}


def table(**more: object) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"respondent_id": range(40), "wave": "all"})
    for item in ITEMS["a"]:
        frame["per_" + item] = rng.integers(1, 6, 40)
    frame["check"] = ["2"] * 25 + [" 2.0"] * 5 + ["5"] * 6 + [None] * 4
    return frame.assign(**more)


def card(**rule: object) -> Survey:
    return Survey(dimensions=ITEMS, scale=(1, 5), attention={"check": {"right": 2, **rule}})


def test_who_failed_is_counted_and_kept_unless_the_card_says_otherwise() -> None:
    survey = prepare_survey(table(), card())
    assert len(survey.answers) == 40
    assert "6 of 36 respondents failed" in survey.attentive()[0].text
    care = pilot(survey.answers).care.set_index("sign")
    row = care.loc["failed an attention check"]
    assert (row["n"], row["asked"]) == (6, 36) and row["estimate"] == pytest.approx(1 / 6)
    assert pilot(survey.answers).careless.sum() >= 6


def test_the_cards_rule_leaves_them_out_of_everything_and_says_so() -> None:
    survey = prepare_survey(table(), card(exclude=True))
    assert len(survey.answers) == 34
    assert survey.exclusions["n"].tolist()[0] == 6
    assert "left out of every result" in survey.attentive()[0].text
    assert len(with_weight_and_person(table(), card(exclude=True))) == 34


def test_the_questionnaires_own_check_is_known_beside_its_consent() -> None:
    own = Survey(dimensions=ITEMS, scale=(1, 5))
    given = ["2"] * 30 + ["4"] * 10
    frame = table(attention=given).drop(columns="check")
    assert not prepare_survey(frame, own).attentive()  # another tool's column of that name
    made = prepare_survey(frame.assign(consent="yes"), own)
    assert "10 of 40 respondents failed" in made.attentive()[0].text


def test_answers_in_words_and_a_rule_that_nobody_meets() -> None:
    words = Survey(
        dimensions=ITEMS, scale=(1, 5),
        attention={"check": AttentionCheck(right=("Blue", "蓝色"), exclude=True)},
    )  # fmt: skip
    frame = table(check=["blue", "蓝色 ", "Red", ""] * 10)
    assert len(prepare_survey(frame, words).answers) == 30
    with pytest.raises(DataError, match="every respondent failed"):
        prepare_survey(table(check="Red"), words)
