"""A survey's card becomes answers: groups, waves, weights; what does not fit is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.satisfaction import (
    SurveyError,
    gaps,
    join_customers,
    loyalty_by,
    nps,
    prepare_survey,
    weigh,
)
from workbench.study.survey import Survey as Card
from workbench.study.survey import SurveyWeights

DIMENSIONS = {"tangibles": ("01", "02"), "empathy": ("03",)}


def table(n: int = 200, seed: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    columns: dict[str, object] = {
        "respondent_id": [f"R{k}" for k in range(n)],
        "wave": np.where(np.arange(n) % 2 == 0, "spring", "autumn"),
        "customer_id": [f"C{k}" for k in range(n)],
        "recommend": rng.integers(0, 11, n),
    }
    for item in ("01", "02", "03"):
        columns[f"exp_{item}"] = rng.integers(4, 8, n)
        columns[f"per_{item}"] = rng.integers(1, 8, n)
    return pd.DataFrame(columns)


def people(n: int = 200) -> pd.DataFrame:
    sex = np.where(np.arange(n) // 2 % 4 < 3, "f", "m")
    return pd.DataFrame({"customer_id": [f"C{k}" for k in range(n)], "sex": sex, "region": "n"})


def card(**parts: object) -> Card:
    return Card(dimensions=DIMENSIONS, **{"waves": ("autumn", "spring"), **parts})  # type: ignore[arg-type]


def test_waves_follow_the_card_and_not_the_alphabet() -> None:
    found = prepare_survey(table(), card(waves=("spring", "autumn")))
    assert found.waves == ["spring", "autumn"] and found.last == "autumn"
    assert len(found.latest) == 100
    trend = loyalty_by(found.answers.background, "wave", column="recommend")
    assert trend.table["wave"].tolist() == ["spring", "autumn"]


def test_a_wave_that_the_card_does_not_name_is_refused() -> None:
    with pytest.raises(SurveyError, match="waves autumn are not in the card"):
        prepare_survey(table(), card(waves=("spring",)))


def test_without_a_wave_all_answers_are_one() -> None:
    assert prepare_survey(table().drop(columns="wave"), card(waves=())).waves == ["all"]


def test_the_first_group_that_is_there_is_joined_from_the_customers() -> None:
    found = prepare_survey(table(), card(groups=("segment", "region")), people=[people()])
    assert found.group == "region" and set(found.answers.background["region"]) == {"n"}
    assert prepare_survey(table(), card(groups=("segment",)), people=[people()]).group == ""


def test_margins_weight_each_wave_and_every_estimate_uses_them() -> None:
    weights = SurveyWeights(margins={"sex": {"f": 0.5, "m": 0.5}})
    frame = table()
    found = prepare_survey(frame, card(weights=weights), people=[people()])
    assert found.weighting is not None
    met = found.weighting.margins
    assert met["achieved"].to_numpy() == pytest.approx(met["target"].to_numpy())
    w, b = found.answers.weights, found.answers.background
    gap = found.answers.gap["01"]
    assert gaps(found.answers).items.loc[0, "estimate"] == pytest.approx(np.average(gap, weights=w))
    last = (b["wave"] == found.last).to_numpy()
    trend = loyalty_by(b, "wave", column="recommend").latest
    score = nps(b.loc[last, "recommend"], weights=w[last])
    assert tuple(trend) == pytest.approx(tuple(score.interval))
    kinds = np.select([b["recommend"] >= 9, b["recommend"] <= 6], [100.0, -100.0], 0.0)[last]
    assert trend.value == pytest.approx(np.average(kinds, weights=w[last]))
    assert score.size < last.sum()


def test_a_wave_of_one_answer_is_not_raked_and_says_so() -> None:
    frame = table()
    frame["wave"] = np.where(np.arange(200) == 0, "w2", "w1")
    weights = SurveyWeights(margins={"sex": {"f": 0.5, "m": 0.5}})
    found = prepare_survey(frame, card(weights=weights, waves=()), people=[people()])
    assert found.weighting is not None
    notes = found.weighting.table.set_index("wave")["note"]
    assert notes["w2"] == "too few answers to weight" and notes["w1"] == ""


def test_margins_that_cannot_be_met_name_the_wave() -> None:
    weights = SurveyWeights(margins={"sex": {"f": 0.5, "m": 0.4, "x": 0.1}})
    with pytest.raises(SurveyError, match="wave autumn: nobody who answered is in 'x'"):
        prepare_survey(table(), card(weights=weights), people=[people()])


def test_ready_weights_must_be_there_for_everybody() -> None:
    frame = table().assign(w=1.5)
    found = prepare_survey(frame, card(weights=SurveyWeights(column="w")))
    assert found.answers.weights == pytest.approx(1.0)
    frame.loc[3, "w"] = -1
    with pytest.raises(SurveyError, match="1 of 200 weights in 'w' are missing or negative"):
        prepare_survey(frame, card(weights=SurveyWeights(column="w")))
    with pytest.raises(SurveyError, match="no column 'v' of weights"):
        weigh(found.answers, column="v")


def test_a_survey_without_expectations_has_experience_and_no_gaps() -> None:
    found = prepare_survey(table().drop(columns=["exp_01", "exp_02", "exp_03"]), card())
    assert not found.answers.two_sided and len(found.answers) == 200
    with pytest.raises(SurveyError, match="did not ask for expectations"):
        gaps(found.answers)


def test_a_survey_of_loyalty_only_has_no_items() -> None:
    frame = table()[["respondent_id", "wave", "recommend"]]
    found = prepare_survey(frame, card())
    assert found.answers.items == [] and found.has("recommend") and not found.has("csat5")


def test_stated_importance_comes_along_on_its_own_scale() -> None:
    frame = table().assign(imp_01=[9] * 199 + [11])
    found = prepare_survey(frame, card(importance_scale=(1, 10))).answers
    assert list(found.importance.columns) == ["01"] and found.importance["01"].count() == 199
    assert found.exclusions.set_index("reason").loc["off the scale", "n"] == 1


def test_a_wave_below_the_least_cell_is_not_the_one_reported() -> None:
    frame = table()
    frame["wave"] = np.where(np.arange(200) == 0, "w2", "w1")
    found = prepare_survey(frame, card(waves=()), min_cell=5)
    assert found.waves == ["w1", "w2"] and found.last == "w1" and len(found.latest) == 199
    with pytest.raises(SurveyError, match="largest wave has 3 respondents, fewer than 5"):
        prepare_survey(frame.head(4), card(waves=()), min_cell=5)


def test_customers_join_only_where_both_tables_know_them_and_take_nothing_away() -> None:
    answers = pd.DataFrame({"customer_id": ["C1", "C0", "C9"], "sex": ["x", "x", "x"]})
    joined = join_customers(answers, people(2), ["sex", "region", "planet"])
    assert list(joined) == ["customer_id", "sex", "region"] and (joined["sex"] == "x").all()
    assert joined["region"].tolist()[:2] == ["n", "n"] and joined["region"].isna()[2]
    nameless = answers.drop(columns="customer_id"), people(2).drop(columns="customer_id")
    assert join_customers(nameless[0], people(2), ["region"]) is nameless[0]
    assert join_customers(answers, nameless[1], ["region"]) is answers
