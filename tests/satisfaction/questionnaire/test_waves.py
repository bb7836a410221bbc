"""Waves stand in order of time: by days, card or plain names; the alphabet never decides."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.satisfaction import prepare_survey
from workbench.satisfaction.questionnaire.answers import SurveyError
from workbench.satisfaction.questionnaire.waves import contradicted, waves_in_order
from workbench.study.survey import Survey


def given(*labels: str) -> pd.Series:
    return pd.Series(sorted(labels) * 2)


@pytest.mark.parametrize(
    "order",
    [
        ["Q2 2024", "Q3 2024", "Q4 2024", "Q1 2025"],
        ["Wave 8", "Wave 9", "Wave 10", "Wave 11"],
        ["2024-H1", "2024-H2", "2025-H1"],
        ["2024上半年", "2024下半年", "2025上半年"],
        ["第八期", "第九期", "第十期", "第十一期"],
        ["2024年第四季度", "2025年第一季度"],
        ["2025年3月", "2025年10月", "2025年11月"],
        ["Nov 2024", "Dec 2024", "January 2025"],
        ["Dec 24", "Jan 25", "Feb 25"],
        ["Q4'24", "Q1'25"],
        ["11/2024", "03/2025"],
        ["2023", "2024", "2025"],
        ["2", "10", "11"],
        ["T1", "T2", "T10"],
        ["pre", "post"],
        ["Q1", "Q2", "Q3"],
        ["Autumn wave 2 (2024)", "Autumn wave 1 (2025)"],
        ["Spring '24", "Fall '24", "Spring '25"],
        ["Spring 2024", "Summer 2024", "Autumn 2024"],
        ["Winter 2022", "Summer 2023", "Winter 2024"],
        ["2024 H1", "2024 H2", "2025 H1"],
        ["1H24", "2H24", "1H25"],
        ["Q3 FY24", "Q4 FY24", "Q1 FY25"],
        ["FY2023", "FY2024", "FY2025"],
        ["2024年春季", "2024年秋季", "2025年春季"],
        ["2024春", "2024夏", "2024秋"],
        ["春季", "夏季", "秋季"],
        ["Frühjahr 2024", "Herbst 2024", "Frühjahr 2025"],
        ["WS 2023/24", "SS 2024", "WS 2024/25"],
        ["Fall 2023/24", "Spring 2023/24", "Fall 2024/25"],
        ["printemps 2024", "automne 2024"],
        ["primavera 2024", "otoño 2024"],
        ["2022/23", "2023/24", "2024/25"],
        ["März 2024", "Okt. 2024", "Mai 2025"],
        ["agosto 2024", "diciembre 2024", "enero 2025"],
        ["1. Quartal 2024", "3. Quartal 2024"],
    ],
)
def test_names_that_are_numbered_or_dated_tell_the_order(order: list[str]) -> None:
    assert waves_in_order(given(*order)) == order


@pytest.mark.parametrize(
    "labels",
    [
        ["Spring", "Autumn"],
        ["Winter 2024", "Spring 2024"],
        ["2024年冬季", "2024年春季"],
        ["Autumn", "Winter", "Spring"],
        ["Spring 2024", "Q3 2024"],
        ["Spring 2024", "Easter 2024"],
        ["first", "second", "third"],
        ["Nov", "Dec", "Jan"],
        ["Q1", "Q4"],
        ["Wave 8", "Final wave"],
        ["Alpha 1", "Beta 2"],
        ["2024", "2024 repeat"],
        ["1.2", "2.1"],
        ["2023/24", "2024/25 spring"],
    ],
)
def test_an_order_that_only_the_alphabet_knows_is_refused(labels: list[str]) -> None:
    with pytest.raises(SurveyError, match=r"nothing but the alphabet.*`waves:`"):
        waves_in_order(given(*labels))
    assert waves_in_order(given(*labels), declared=labels) == labels


def test_days_decide_before_names_and_the_card() -> None:
    labels = pd.Series(["Spring", "Spring", "Autumn", "Autumn"])
    days = pd.Series(pd.to_datetime(["2025-03-01", None, "2024-10-01", "2024-10-02"]))
    assert waves_in_order(labels, days) == ["Autumn", "Spring"]
    assert waves_in_order(labels, days, ["Spring", "Autumn"]) == ["Autumn", "Spring"]
    assert contradicted(["Autumn", "Spring"], ["Spring", "Autumn"])
    assert not contradicted(["Autumn"], ["Spring", "Autumn"])
    none = pd.Series(pd.to_datetime([None] * 4))
    assert waves_in_order(labels, none, ["Spring", "Autumn"]) == ["Spring", "Autumn"]
    same = pd.Series(pd.to_datetime(["2025-03-01"] * 4))
    with pytest.raises(SurveyError, match="alphabet"):
        waves_in_order(labels, same)


def test_the_net_promoter_score_follows_time() -> None:
    from workbench.satisfaction import loyalty_by_wave

    starts = {"Q2 2024": "2024-05-15", "Q4 2024": "2024-11-15", "Q1 2025": "2025-02-15"}
    scores = {"Q2 2024": [0] * 10, "Q4 2024": [7] * 10, "Q1 2025": [9] * 10}
    frame = pd.concat(
        pd.DataFrame({"wave": w, "answered_on": pd.Timestamp(d), "recommend": scores[w]})
        for w, d in starts.items()
    ).reset_index(drop=True)
    frame = frame.assign(respondent_id=np.arange(len(frame)))
    survey = prepare_survey(frame.sample(frac=1, random_state=3), Survey())
    found = loyalty_by_wave(survey, "recommend").table
    assert found["wave"].tolist() == list(starts) and survey.last == "Q1 2025"
    assert found["estimate"].tolist() == [-100, 0, 100]


def test_bad_weights_are_named_by_their_rows() -> None:
    frame = pd.DataFrame(
        {"respondent_id": range(6), "recommend": 9, "w": [1, None, 1, -1, 1, 1], "wave": "a"}
    )
    with pytest.raises(SurveyError, match=r"2 of 6 weights in 'w'.*rows 3, 5 "):
        prepare_survey(frame, Survey(weights={"column": "w"}))
