"""Stated and derived importance are set side by side, and chains fit the survey as it is."""

from __future__ import annotations

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.results import attempt
from workbench.satisfaction import (
    importance,
    path_model,
    priority_map,
    read_answers,
    service_chain,
)
from workbench.study.survey import Survey

ITEMS = ("01", "02", "03", "04")


def survey(n: int = 400, seed: int = 1, *, honest: bool = True, asked: int = 4):
    """Item k matters the more, the larger k; people say so if they are honest."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"respondent_id": np.arange(n)})
    overall = rng.normal(size=n)
    for k, item in enumerate(ITEMS):
        felt = rng.normal(size=n)
        overall = overall + 0.35 * k * felt
        frame[f"per_{item}"] = (4 + felt).round().clip(1, 7)
        frame[f"exp_{item}"] = (6 + 0.5 * rng.normal(size=n)).round().clip(1, 7)
        said = 3 + (k if honest else 3 - k) * 0.7
        if k < asked:
            frame[f"imp_{item}"] = (said + rng.normal(size=n)).round().clip(1, 7)
    frame["csat5"] = np.digitize(overall, [-1.5, -0.5, 0.5, 1.5]) + 1
    frame["recommend"] = (5 + overall + rng.normal(size=n)).round().clip(0, 10)
    return read_answers(frame, Survey(dimensions={"a": ITEMS[:2], "b": ITEMS[2:]}, scale=(1, 7)))


def test_what_is_said_and_what_goes_with_satisfaction_agree_or_not() -> None:
    honest, other = (
        importance(survey(honest=yes), rng=np.random.default_rng(1), draws=100)
        for yes in (True, False)
    )
    assert honest.agreement.value == pytest.approx(1)
    assert other.agreement.value == pytest.approx(-1)
    assert honest.table["stated_rank"].tolist() == honest.table["derived_rank"].tolist()
    assert honest.n_same > other.n_same
    assert -1 <= other.agreement.low <= other.agreement.high < 0.5


def test_the_two_importances_are_those_of_the_priority_maps() -> None:
    answers = survey()
    found = importance(answers, rng=np.random.default_rng(1), draws=50)
    said = {item: answers.importance[item] for item in ITEMS}
    stated = priority_map(answers, stated=said, rng=np.random.default_rng(2), draws=20).table
    assert (
        found.table.set_index("item")["stated"].to_dict()
        == stated.set_index("item")["importance"].to_dict()
    )
    r = np.corrcoef(answers.perception["04"], answers.background["csat5"])[0, 1]
    assert found.table.sort_values("item")["derived"].iloc[3] == pytest.approx(r)
    figure, ax = plt.subplots()
    assert found.plot(ax=ax) is ax
    assert "Stated" in ax.get_xlabel()
    plt.close(figure)


def test_weights_count_in_the_priority_map_as_repeated_answers_do() -> None:
    answers = survey(120)
    times = np.random.default_rng(3).integers(1, 4, 120)
    weighted = priority_map(
        answers.with_background(weight=times.astype(float)), rng=np.random.default_rng(1), draws=5
    ).table
    often = answers.subset(np.ones(120, dtype=bool))
    rows = np.repeat(np.arange(120), times)
    for name in ("perception", "expectation", "background", "importance"):
        object.__setattr__(often, name, getattr(often, name).iloc[rows].reset_index(drop=True))
    repeated = priority_map(often, rng=np.random.default_rng(1), draws=5).table
    for column in ("perception", "importance"):
        assert weighted[column].to_numpy() == pytest.approx(repeated[column].to_numpy())


def test_importance_that_was_hardly_asked_is_an_error_and_left_out() -> None:
    answers = survey(asked=2)
    with pytest.raises(DataError, match="importance was asked of 2 items"):
        importance(answers, rng=np.random.default_rng(1))
    assert attempt(importance, answers, rng=np.random.default_rng(1)) is None
    some = importance(survey(asked=3), rng=np.random.default_rng(1), draws=20)
    assert sorted(some.table["item"]) == list(ITEMS[:3])


def test_only_errors_of_the_data_leave_a_section_out() -> None:
    with pytest.raises(TypeError):
        attempt(importance, survey(), nonsense=1)


def test_the_chain_is_laid_out_by_what_was_asked() -> None:
    found = service_chain(survey(), rng=np.random.default_rng(1), draws=50)
    assert found.constructs["construct"].tolist() == [
        "Expectations",
        "Experience",
        "Satisfaction",
        "Loyalty",
    ]
    path = found.table.set_index(["source", "target"])
    assert path.loc[("Experience", "Satisfaction"), "low"] > 0.3
    bare = survey()
    bare = bare.with_background(recommend=np.full(400, np.nan))
    assert "Loyalty" not in set(
        service_chain(bare, rng=np.random.default_rng(1), draws=0).table["target"]
    )
    with pytest.raises(DataError, match="no question on satisfaction or loyalty"):
        service_chain(
            bare.with_background(csat5=np.full(400, np.nan)), rng=np.random.default_rng(1)
        )


def test_a_chain_of_ones_own_uses_its_columns() -> None:
    from workbench.study.survey import Chain

    card = Chain.model_validate(
        {
            "constructs": {
                "Basics": ["per_01", "per_02"],
                "Extras": ["per_03", "per_04"],
                "Satisfaction": ["csat5"],
            },
            "paths": {"Satisfaction": ["Basics", "Extras"]},
            "modes": {"Basics": "B"},
        }
    )
    answers = survey()
    found = service_chain(answers, card, rng=np.random.default_rng(1), draws=0)
    frame = pd.concat([answers.perception.add_prefix("per_"), answers.background], axis=1)
    same = path_model(
        frame,
        blocks=card.constructs,
        paths=card.paths,
        modes=card.modes,
        rng=np.random.default_rng(1),
        draws=0,
    )
    assert found.table["estimate"].tolist() == same.table["estimate"].tolist()
    assert found.constructs["mode"].tolist() == ["B", "A", "A"]


def test_a_chain_on_the_card_names_only_its_constructs() -> None:
    from pydantic import ValidationError

    from workbench.study.survey import Chain

    with pytest.raises(ValidationError, match="`paths` names 'Price', which `constructs`"):
        Chain.model_validate(
            {"constructs": {"A": ["x"], "B": ["y"]}, "paths": {"B": ["A", "Price"]}}
        )
