"""Choices by group: shares as counted, true differences found, chance not taken for one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.satisfaction import choices_by, crosstab, read_answers
from workbench.satisfaction.questionnaire.answers import Answers
from workbench.study.survey import ChoiceQuestion
from workbench.study.survey import Survey as Card


def answers(**columns: object) -> Answers:
    frame = pd.DataFrame(columns)
    frame.insert(0, "respondent_id", [f"R{i}" for i in range(len(frame))])
    frame["per_01"] = 4
    return read_answers(frame, Card(dimensions={"service": ("01",)}, scale=(1, 7)))


def split(north: list[str], south: list[str]) -> Answers:
    return answers(region=["North"] * len(north) + ["South"] * len(south), how=north + south)


def test_one_choice_is_counted_by_group() -> None:
    found = crosstab(
        split(["shop"] * 60 + ["web"] * 40, ["shop"] * 30 + ["web"] * 70), "how", "region"
    )
    shares = found.table.set_index(["choice", "group"])
    assert shares.loc[("web", "South"), "share"] == pytest.approx(0.7)
    assert shares.loc[("web", "South"), "low"] == pytest.approx(
        0.604, abs=0.001
    )  # Wilson, 70 of 100
    assert shares.loc[("web", "South"), "more_than"] == "North"
    assert shares.loc[("shop", "North"), "more_than"] == "South"
    assert shares.loc[("shop", "South"), "more_than"] == ""
    assert found.whole["web"].value == pytest.approx(0.55)
    # chi-squared 18.18 of 200: V .294 corrected for bias (Bergsma)
    assert found.v is not None and found.v.value == pytest.approx(0.294, abs=0.003)
    told = {each.key: each for each in found.findings()}
    assert told["choices.strength"].values["v"] == found.v
    last = found.findings()[-1]
    assert last.verdict == "differ" and {last.values["group"], last.values["other"]} == {
        "North",
        "South",
    }


def test_of_several_choices_each_counts_once_a_person_and_shares_add_up_to_more_than_one() -> None:
    cells = ["phone; app", "phone", "app;phone; phone", None, " "] * 20
    data = answers(region=["North", "South"] * 50, how=cells)
    found = crosstab(data, "how", "region", about=ChoiceQuestion(several=";"))
    assert found.whole["phone"].value == 1 and found.whole["app"].value == pytest.approx(2 / 3)
    assert found.whole["phone"].n == 60 and found.v is None
    assert found.table["n"].tolist() == [30, 30, 30, 30]
    assert found.table["chosen"].tolist() == [30, 30, 20, 20]


def test_people_weigh_what_they_weigh() -> None:
    data = split((["web"] * 3 + ["shop"]) * 15, ["web", "shop"] * 30)
    weight = np.tile([3.0, 1.0, 1.0, 3.0], 30)
    found = crosstab(data.with_background(weight=weight), "how", "region")
    cells = found.table.set_index(["choice", "group"])
    assert cells.loc[("web", "North"), "share"] == pytest.approx(5 / 8)
    assert found.whole["web"].value == pytest.approx((75 + 60) / 240)
    # weights that go with nothing cost precision (Kish): 120 people count as 96
    width = found.whole["web"].high - found.whole["web"].low
    assert width == pytest.approx(2 * 1.96 * np.sqrt(0.246 / 96), rel=0.06)


def test_few_people_are_withheld_and_what_would_give_them_away() -> None:
    north = ["web"] * 40 + ["shop"] * 40 + ["fair"] * 3
    found = crosstab(split(north, ["web"] * 40 + ["shop"] * 30 + ["fair"] * 30), "how", "region")
    cells = found.table.set_index(["choice", "group"])
    assert cells.loc[("fair", "North"), "withheld"] and cells.loc[("fair", "South"), "withheld"]
    assert cells.loc[("fair", "North"), ["chosen", "share", "low", "high"]].isna().all()
    # rows and columns have totals: what would give the three away is closed, too
    assert cells.xs("North", level="group")["withheld"].sum() >= 2
    small = crosstab(split(["web"] * 40, ["shop"] * 3), "how", "region").table
    assert small.loc[small["group"] == "South", "withheld"].all()


def test_rare_choices_are_one_and_come_last() -> None:
    rng = np.random.default_rng(3)
    names = [f"city {i:02d}" for i in range(30)]
    p = np.r_[np.full(10, 0.05), np.full(20, 0.025)]
    data = answers(region=rng.choice(["N", "S"], 900), how=rng.choice(names, 900, p=p))
    found = crosstab(data, "how", "region")
    assert len(found.whole) == 12 and list(found.whole)[-1] == "other"
    assert sum(share.value for share in found.whole.values()) == pytest.approx(1)


def null(rng: np.random.Generator, n: int, groups: int) -> Answers:
    columns = {"region": rng.choice(list("ABCD")[:groups], n), "how": rng.choice(list("wxyz"), n)}
    return answers(**columns)


@pytest.mark.parametrize(
    ("draws", "most"), [(40, 5), pytest.param(250, 19, marks=pytest.mark.slow)]
)
def test_groups_that_choose_alike_are_rarely_told_apart(draws: int, most: int) -> None:
    # any mark in a table is a false alarm; Holm holds them below 5 %: within two standard errors
    rng = np.random.default_rng(4)
    marked = sum(crosstab(null(rng, 200, 4), "how", "region").differ for _ in range(draws))
    assert marked <= most


def test_every_question_of_the_card_has_its_rows() -> None:
    rng = np.random.default_rng(5)
    data = null(rng, 300, 2).with_background(why=rng.choice(["price", "advice"], 300), old=None)
    asked = {
        "how": ChoiceQuestion(label={"en": "How did you order?", "zh": "您如何下单？"}),  # type: ignore[arg-type]
        "why": ChoiceQuestion(),
        "old": ChoiceQuestion(),
    }
    found = choices_by(data, asked, "region")
    assert list(found.table["question"].unique()) == ["How did you order?", "why"]
    assert len(found.table) == 2 * (4 + 2)
    assert any("How did you order?" in each.text for each in found.findings())
    with pytest.raises(DataError, match="no column 'hwo'; did you mean 'how'"):
        choices_by(data, {"hwo": ChoiceQuestion()}, "region")


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"region": ["N"] * 9, "how": [None] * 9}, "nobody answered 'how'"),
        (
            {"region": list("abcdefghi"), "how": ["x"] * 9},
            "every group of 'region' has fewer than 5",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(columns: dict, told: str) -> None:
    with pytest.raises(DataError, match=told):
        crosstab(answers(**columns), "how", "region")
