"""Gap beside experience: scores, rankings that disagree, and which goes with satisfaction."""

from __future__ import annotations

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.satisfaction import (
    compare_scores,
    overall_scores,
    perception_scores,
    read_answers,
)
from workbench.satisfaction.gaps.scores import WEIGHTED
from workbench.stats import mean_interval
from workbench.study.survey import Survey

CODES = [f"{i:02d}" for i in range(1, 7)]
WISH = [7, 5, 6, 6, 6, 6]
FELT = [5.5, 4.4, 5, 5.2, 5.3, 5.4]  # the first falls furthest short, the second is the weakest


def answers(n: int = 600, seed: int = 1, **extra: object):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"respondent_id": np.arange(n)})
    person = rng.normal(size=n)
    total = np.zeros(n)
    for item, wish, felt in zip(CODES, WISH, FELT, strict=True):
        frame[f"exp_{item}"] = wish + rng.normal(0, 1, n)
        own = felt + 0.5 * person + rng.normal(0, 0.8, n)
        frame[f"per_{item}"], total = own, total + own
    frame["csat5"] = total / 6 + rng.normal(0, 0.5, n)
    card = Survey(dimensions={"a": CODES[:3], "b": CODES[3:]}, scale=(-9, 19))
    return read_answers(frame.assign(**extra), card)


def test_an_item_may_fall_short_without_being_weak_and_the_reverse() -> None:
    found = compare_scores(answers(), rng=np.random.default_rng(0), draws=50)
    table = found.table.set_index("item")
    assert table.loc["01", "weak_by"] == "gap only" and table.loc["01", "rank_gap"] == 1
    assert table.loc["02", "weak_by"] == "experience only"
    assert set(found.disputed["item"]) == {"01", "02"}
    assert found.agreement_low <= found.agreement <= found.agreement_high < 1
    assert found.explained.empty


def test_satisfaction_made_of_experience_goes_with_experience() -> None:
    found = compare_scores(answers(), "csat5", rng=np.random.default_rng(0), draws=80)
    r2 = found.explained.set_index("score")
    assert r2.loc["perception", "estimate"] > r2.loc["gap", "estimate"] + 0.1
    assert r2.loc["difference", "low"] > 0
    a = answers()
    x = np.column_stack([np.ones(len(a)), a.scores(a.perception).drop(columns="overall")])
    y = a.background["csat5"].to_numpy()
    rest = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    assert r2.loc["perception", "estimate"] == pytest.approx(1 - rest.var() / y.var())


def test_performance_has_the_interval_of_the_mean_and_needs_no_expectations() -> None:
    frame = pd.DataFrame({"respondent_id": range(30)})
    rng = np.random.default_rng(2)
    for item in CODES:
        frame[f"per_{item}"] = rng.integers(1, 8, 30).astype(float)
    found = read_answers(frame, Survey(dimensions={"a": CODES[:3], "b": CODES[3:]}))
    table = perception_scores(found)
    assert list(table["dimension"].iloc[-3:]) == ["a", "b", "overall"]
    single = mean_interval(frame["per_01"])
    assert tuple(table.loc[0, ["estimate", "low", "high"]]) == pytest.approx(tuple(single))


def test_the_weighted_score_uses_each_respondents_importance() -> None:
    a = answers(
        n=3, imp_01=[7.0, 1, 1], imp_02=[1.0, 1, 1], imp_03=1.0, imp_04=1.0, imp_05=1.0, imp_06=1.0
    )
    gap, weight = a.gap.to_numpy(), a.importance.to_numpy()
    by_hand = ((gap * weight).sum(axis=1) / weight.sum(axis=1)).mean()
    assert overall_scores(a).estimates()[WEIGHTED].value == pytest.approx(by_hand)


def test_equal_importance_of_equal_dimensions_is_the_plain_score() -> None:
    a = answers()
    plain = a.gap.mean(axis=1).mean()
    alike = overall_scores(a, {"a": 50, "b": 50}).estimates()[WEIGHTED]
    assert alike.value == pytest.approx(plain)
    one = overall_scores(a, {"a": 100, "b": 0}).estimates()[WEIGHTED]
    assert one.value == pytest.approx(a.gap[CODES[:3]].mean(axis=1).mean())


def test_without_importance_there_is_no_weighted_score() -> None:
    bare = overall_scores(answers())
    assert bare.table["score"].tolist() == ["SERVQUAL", "SERVPERF"] and bare.findings() == []
    with pytest.raises(DataError, match="dimensions b have no importance"):
        overall_scores(answers(), {"a": 1})


def test_the_picture_numbers_every_item() -> None:
    figure, ax = plt.subplots()
    compare_scores(answers(), rng=np.random.default_rng(0), draws=20).plot(ax=ax)
    assert {t.get_text() for t in ax.texts} == set(CODES)
    plt.close(figure)
