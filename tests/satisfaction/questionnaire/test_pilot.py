"""The questionnaire itself: answer rates, carelessness, missing parts, ends of the scale."""

from __future__ import annotations

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from workbench.satisfaction import pilot, read_answers
from workbench.study.survey import Survey

CODES = [f"{i:02d}" for i in range(1, 7)]


def answers(n: int = 200, **extra: object):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"respondent_id": np.arange(n), "seconds": rng.uniform(300, 600, n)})
    for item in CODES:
        frame[f"exp_{item}"] = rng.integers(5, 8, n).astype(float)
        frame[f"per_{item}"] = rng.integers(1, 8, n).astype(float)
    frame.loc[0, [f"per_{i}" for i in CODES]] = 4
    frame.loc[1:4, "seconds"] = 60
    frame.loc[5:14, [f"exp_{i}" for i in CODES[1:]]] = np.nan
    frame.loc[20:49, "per_03"] = np.nan
    return read_answers(frame.assign(**extra), Survey(dimensions={"a": CODES[:3], "b": CODES[3:]}))


def test_answer_rates_have_intervals_and_the_least_answered_is_named() -> None:
    found = pilot(answers())
    row = found.items.query("side == 'perception' and item == '03'").iloc[0]
    assert (row["n"], row["asked"], row["answered"]) == (170, 200, 0.85)
    assert row["low"] < 0.85 < row["high"]
    assert found.least_answered["item"] == "03"


def test_ends_of_the_scale_are_counted() -> None:
    found = pilot(answers(per_01=[7.0] * 100 + [3.0] * 100)).items.set_index(["side", "item"])
    row = found.loc[("perception", "01")]
    assert (row["ceiling"], row["floor"], bool(row["piled"])) == (0.5, 0.0, True)
    assert not found.loc[("perception", "02"), "piled"]


def test_careless_answers_are_counted_by_their_sign_and_nobody_is_left_out() -> None:
    found = pilot(answers())
    care = found.care.set_index("sign")
    assert care.loc["same answer to all experience items", "n"] == 1
    assert care.loc["took less than two fifths of the median time", "n"] == 4
    # ten left nearly all expectations out: 5 of 12 answers are missing, which is not half
    assert care.loc["left more than half of the questions out", "n"] == 0
    # one of those at random gave the same answer to all expectations
    alike = care.loc["same answer to all expectation items", "n"]
    assert found.careless[:5].all() and found.careless.sum() == 5 + alike
    assert ((care["low"] <= care["estimate"]) & (care["estimate"] <= care["high"])).all()


def test_without_times_there_are_no_speeders() -> None:
    found = pilot(answers(), seconds="duration")
    assert not found.care["sign"].str.contains("time").any()


def test_missing_parts_are_counted_together() -> None:
    found = pilot(answers()).patterns.set_index(["expectation", "perception"])["n"]
    assert found["complete", "complete"] == 160
    assert found["some items missing", "complete"] == 10
    assert found["complete", "some items missing"] == 30
    assert pilot(answers()).patterns["share"].sum() == pytest.approx(1)


def test_the_picture_shows_both_ends_of_each_item() -> None:
    figure, ax = plt.subplots()
    pilot(answers()).plot(ax=ax)
    assert len([t for t in ax.get_yticklabels() if t.get_text()]) == 6
    plt.close(figure)
