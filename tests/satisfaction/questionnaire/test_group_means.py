"""Every question by every grouping: means as counted, true differences found, chance not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_ind

from workbench.errors import DataError
from workbench.satisfaction import choices_by, means_by, prepare_survey, read_answers
from workbench.satisfaction.loyalty.trends import loyalty_by_groups
from workbench.satisfaction.questionnaire.answers import Answers
from workbench.study.survey import ChoiceQuestion
from workbench.study.survey import Survey as Card

CARD = Card(dimensions={"service": ("01", "02")}, scale=(1, 7), groups=("region", "plan"))


def frame(rng: np.random.Generator, n: int = 240, lead: float = 0.0) -> pd.DataFrame:
    region = rng.choice(["North", "South", "West"], n)
    better = lead * (region == "South")
    items = np.clip(np.round(rng.normal(4 + better[:, None], 1.2, (n, 2))), 1, 7)
    return pd.DataFrame(
        {"respondent_id": [f"R{i}" for i in range(n)], "per_01": items[:, 0],
         "per_02": np.clip(np.round(rng.normal(4, 1.2, n)), 1, 7), "region": region,
         "plan": rng.choice(["Basic", "Plus"], n), "recommend": rng.integers(0, 11, n),
         "how": rng.choice(["web", "shop"], n)}
    )  # fmt: skip


def answers(table: pd.DataFrame) -> Answers:
    return read_answers(table, CARD)


def test_means_and_differences_are_those_of_welch() -> None:
    table = frame(np.random.default_rng(1), lead=1.0)
    found = means_by(answers(table), ["region", "plan"], {"recommend": "Recommending"})
    rows = found.table.set_index(["question", "by", "group"])
    south = table.loc[table["region"] == "South", "per_01"]
    row = rows.loc[("01", "region", "South")]
    assert row["estimate"] == pytest.approx(south.mean()) and row["n"] == len(south)
    rest = table.loc[table["region"] != "South", "per_01"]
    assert row["effect"] == pytest.approx((south.mean() - rest.mean()) / table["per_01"].std())
    ends = ttest_ind(south, rest, equal_var=False).confidence_interval()
    assert row["effect_low"] * table["per_01"].std() == pytest.approx(ends.low, rel=1e-3)
    assert row["higher_than"] == "North, West"
    assert (rows.drop(index=("01", "region", "South"))["higher_than"] == "").all()
    assert len(rows) == 3 * (3 + 2)
    (said,) = found.findings()
    assert said.verdict == "differ" and said.values["group"] == "South"


def test_groups_that_answer_alike_are_rarely_told_apart() -> None:
    # any mark in a table of 18 comparisons is a false alarm; 5 % of 60 within two standard errors
    rng = np.random.default_rng(2)
    marked = sum(
        means_by(answers(frame(rng)), ["region", "plan"], {"recommend": "R"}).differ
        for _ in range(60)
    )
    assert marked <= 6


def test_few_people_are_withheld_and_whom_a_total_would_tell() -> None:
    table = frame(np.random.default_rng(3))
    table.loc[table.index[:3], "plan"] = "Gold"
    rows = means_by(answers(table), ["plan"]).table
    away = rows[rows["withheld"]]
    assert {"Gold"} < set(away["group"]) and away[
        ["estimate", "low", "effect"]
    ].isna().to_numpy().all()
    assert (rows["higher_than"][rows["withheld"]] == "").all()
    with pytest.raises(DataError, match="town"):
        means_by(answers(table), ["town"])


def test_choices_and_loyalty_go_by_every_grouping_of_the_card() -> None:
    table = frame(np.random.default_rng(4)).assign(answered_on=pd.Timestamp("2025-03-01"))
    survey = prepare_survey(table, CARD)
    assert survey.groups == ["region", "plan"]
    chosen = choices_by(survey.latest, {"how": ChoiceQuestion()}, survey.groups)
    assert chosen.table["by"].tolist() == ["region"] * 6 + ["plan"] * 4
    assert [f.key for f in chosen.findings()].count("choices.most") == 1
    loyal = loyalty_by_groups(survey, "recommend")
    assert loyal["group"].tolist() == ["North", "South", "West", "Basic", "Plus"]
    basic = table.loc[table["plan"] == "Basic", "recommend"]
    score = 100 * ((basic >= 9).mean() - (basic <= 6).mean())
    assert loyal.loc[3, "estimate"] == pytest.approx(score)
