"""Alpha, its interval and what it says of single items and of differences."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.satisfaction import (
    cronbach_alpha,
    difference_reliability,
    feldt_limits,
    read_answers,
    reliability,
)
from workbench.satisfaction.measurement.alpha import alpha_from_covariance
from workbench.study.survey import Survey


def items(n: int = 300, k: int = 4, seed: int = 2) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(n, 1))
    return pd.DataFrame(common + rng.normal(size=(n, k)), columns=[f"q{i}" for i in range(k)])


def test_parallel_items_follow_spearman_and_brown() -> None:
    k, r = 5, 0.4
    covariance = np.full((k, k), r) + (1 - r) * np.eye(k)
    assert alpha_from_covariance(covariance) == pytest.approx(k * r / (1 + (k - 1) * r))


def test_a_reversed_item_shows_in_the_item_statistics() -> None:
    frame = items()
    frame["q0"] = -frame["q0"]
    found = cronbach_alpha(frame)
    assert found.items.loc[0, "item_rest"] < 0
    assert found.items.loc[0, "alpha_if_dropped"] > found.estimate


def test_item_rest_is_the_correlation_with_the_sum_of_the_others() -> None:
    frame = items()
    rest = np.corrcoef(frame["q1"], frame.drop(columns="q1").sum(axis=1))[0, 1]
    assert cronbach_alpha(frame).items.loc[1, "item_rest"] == pytest.approx(rest)


def test_feldts_interval_covers_the_truth_on_normal_items() -> None:
    rng = np.random.default_rng(7)
    n, k, reps = 50, 5, 3000
    x = rng.normal(size=(reps, n, 1)) + 1.2 * rng.normal(size=(reps, n, k))
    truth = k / (k - 1) * (1 - k * (1 + 1.44) / (k * (1 + 1.44) + k * (k - 1)))
    centred = x - x.mean(axis=1, keepdims=True)
    covariance = np.einsum("rni,rnj->rij", centred, centred) / (n - 1)
    hits = 0
    for c in covariance:
        low, high = feldt_limits(alpha_from_covariance(c), n, k)
        hits += low <= truth <= high
    assert 0.938 <= hits / reps <= 0.962, "three standard errors around 95 %"


def test_an_item_that_all_answer_alike_is_named() -> None:
    with pytest.raises(DataError, match="same answer to q2"):
        cronbach_alpha(items().assign(q2=5.0))


def test_one_item_has_no_alpha() -> None:
    with pytest.raises(DataError, match="at least two items"):
        cronbach_alpha(items(k=1))


def test_differences_of_correlated_parts_are_less_reliable_than_the_parts() -> None:
    assert difference_reliability(0.8, 0.8, 0.6, 1, 1) == pytest.approx((1.6 - 1.2) / (2 - 1.2))
    assert np.isnan(difference_reliability(0.8, 0.8, 1.0, 1, 1))


def test_a_survey_is_judged_on_expectation_experience_and_gap() -> None:
    rng = np.random.default_rng(1)
    n = 200
    frame = pd.DataFrame({"respondent_id": np.arange(n)})
    wish, felt = rng.normal(size=n), rng.normal(size=n)
    for item in ("01", "02", "03"):
        frame[f"exp_{item}"] = np.clip(np.round(5 + wish + rng.normal(0, 0.8, n)), 1, 9)
        frame[f"per_{item}"] = np.clip(np.round(5 + felt + rng.normal(0, 0.8, n)), 1, 9)
    found = reliability(
        read_answers(frame, Survey(dimensions={"a": ["01", "02"], "b": ["03"]}, scale=(1, 9)))
    )
    table = found.table.set_index(["dimension", "of"])
    assert table.loc[("a", "gap"), "from_parts"] == pytest.approx(
        table.loc[("a", "gap"), "estimate"], abs=0.05
    )
    assert np.isnan(table.loc[("b", "perception"), "estimate"]), "one item cannot be judged"
    assert found.items[["dimension", "item"]].values.tolist() == [["a", "01"], ["a", "02"]]
    rest = np.corrcoef(frame["per_01"], frame["per_02"])[0, 1]
    assert found.items["item_rest"].tolist() == pytest.approx([rest, rest])
    alone = Survey(dimensions={"a": ["01"], "b": ["02"]}, scale=(1, 9))
    assert reliability(read_answers(frame, alone)).items.empty
    assert set(table["interval"].dropna()) == {"Feldt"}


def test_omega_stands_beside_alpha_from_three_items_on_and_experience_alone_suffices() -> None:
    frame = items(k=5).round() + 4
    frame.columns = [f"per_0{i}" for i in range(1, 6)]
    frame["respondent_id"] = np.arange(len(frame))
    found = reliability(
        read_answers(
            frame, Survey(dimensions={"a": ["01", "02", "03"], "b": ["04", "05"]}, scale=(-9, 19))
        )
    )
    table = found.table.set_index("dimension")
    assert set(table["of"]) == {"perception"}
    assert table.loc["a", "omega_low"] < table.loc["a", "omega"] < table.loc["a", "omega_high"]
    assert table.loc["a", "omega"] >= table.loc["a", "estimate"] - 0.01
    assert np.isnan(table.loc["b", "omega"]), "two items do not identify a factor"


@pytest.mark.parametrize("interval", ["Feldt", "distribution-free"])
@pytest.mark.parametrize("weighted", [False, True])
def test_alpha_without_an_item_is_alpha_of_the_others_interval_and_all(interval, weighted) -> None:
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(rng.normal(size=(80, 1)) + rng.normal(size=(80, 4)), columns=list("abcd"))
    weights = rng.uniform(0.5, 2, 80) if weighted else None
    found = cronbach_alpha(frame, interval=interval, weights=weights).items.set_index("item")
    for item in frame:
        left = cronbach_alpha(frame.drop(columns=item), interval=interval, weights=weights)
        names = ["alpha_if_dropped", "alpha_if_dropped_low", "alpha_if_dropped_high"]
        expected = [left.estimate, left.low, left.high]
        assert found.loc[item, names].tolist() == pytest.approx(expected, rel=1e-12)
    pair = cronbach_alpha(frame[["a", "b"]]).items
    assert pair.filter(like="dropped").isna().all(axis=None)


def test_an_item_that_everybody_answers_alike_and_few_answers_are_said() -> None:
    rng = np.random.default_rng(1)
    felt = rng.standard_normal((30, 1))
    frame = pd.DataFrame(
        np.clip(np.round(4 + felt + rng.normal(0, 0.8, (30, 5))), 1, 7),
        columns=[f"per_0{i}" for i in range(1, 6)],
    ).assign(respondent_id=range(30), per_03=5.0)
    card = Survey(dimensions={"staff": ("01", "02", "03"), "waiting": ("04", "05")}, scale=(1, 7))
    found = reliability(read_answers(frame, card))
    said = {each.key: each for each in found.findings()}
    assert said["reliability.constant"].values["items"] == ["03"]
    assert said["reliability.few"].values["n"] == 30
    blank = found.table.set_index("dimension").loc["staff"]
    assert blank["reason"] == "an item has the same answer from everybody"
    only = reliability(
        read_answers(
            frame[["respondent_id", "per_01", "per_03"]],
            Survey(dimensions={"staff": ("01", "03")}, scale=(1, 7)),
        )
    )
    assert [each.key for each in only.findings()] == ["reliability.constant"]
