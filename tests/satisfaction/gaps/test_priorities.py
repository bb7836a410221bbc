"""Drivers and the priority map say how sure they are."""

from __future__ import annotations

from dataclasses import replace

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.satisfaction import QUADRANTS, PriorityMap, drivers, lmg, priority_map, read_answers
from workbench.study.survey import Survey

ITEMS = ("01", "02", "03", "04")


def survey(n: int = 500, seed: int = 1, mean=(3, 6, 3, 6), weight=(0.8, 0.8, 0.0, 0.0)):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"respondent_id": np.arange(n)})
    overall = rng.normal(size=n)
    for item, m, w in zip(ITEMS, mean, weight, strict=True):
        per = m + rng.normal(0, 1, n)
        overall = overall + w * (per - m)
        frame[f"per_{item}"], frame[f"exp_{item}"] = per.round().clip(1, 9), 6
    frame["csat5"] = overall
    return read_answers(frame, Survey(dimensions={"a": ITEMS[:2], "b": ITEMS[2:]}, scale=(1, 9)))


def in_order(found: PriorityMap) -> pd.DataFrame:
    """The items in the order of the questionnaire: the map sorts by quadrant."""
    return found.table.sort_values("item", ignore_index=True)


def test_items_fall_into_the_quadrants_they_were_made_for() -> None:
    found = priority_map(survey(), rng=np.random.default_rng(1), draws=200)
    assert in_order(found)["quadrant"].tolist() == list(QUADRANTS)
    assert found.table["sure"].all()
    assert found.first["item"].tolist() == ["01"]


def test_an_item_on_the_line_is_not_called_sure() -> None:
    # two items far apart, two at the cut of both axes
    found = priority_map(
        survey(n=150, mean=(3, 6, 4.5, 4.5), weight=(0.8, 0.8, 0.4, 0.4), seed=3),
        rng=np.random.default_rng(1),
        draws=300,
    )
    assert (in_order(found)["probability"].iloc[2:] < 0.9).all()
    assert found.table[list(QUADRANTS)].sum(axis=1).to_numpy() == pytest.approx(1)


def test_importance_is_the_plain_correlation() -> None:
    answers = survey()
    found = priority_map(answers, rng=np.random.default_rng(1), draws=20)
    for i, item in enumerate(ITEMS):
        r = np.corrcoef(answers.perception[item], answers.background["csat5"])[0, 1]
        assert in_order(found)["importance"].iloc[i] == pytest.approx(r)


def test_stated_importance_is_a_mean() -> None:
    answers = survey()
    stated = {item: pd.Series(np.full(500, float(i))) for i, item in enumerate(ITEMS)}
    found = priority_map(answers, stated=stated, rng=np.random.default_rng(1), draws=20)
    assert in_order(found)["importance"].tolist() == [0, 1, 2, 3]


def test_equal_answers_throughout_are_named() -> None:
    answers = survey()
    answers.perception["03"] = 5.0
    with pytest.raises(DataError, match="items 03 have no spread"):
        priority_map(answers, rng=np.random.default_rng(1), draws=20)


def test_shares_of_drivers_add_up_to_r_squared() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(300, 5)) @ rng.normal(size=(5, 5))
    y = x @ rng.normal(size=5) + rng.normal(0, 2, 300)
    share, r2 = lmg(np.corrcoef(np.column_stack([x, y]), rowvar=False))
    full = 1 - np.linalg.lstsq(np.c_[np.ones(300), x], y, rcond=None)[1][0] / (300 * y.var())
    assert share.sum() == pytest.approx(r2) == pytest.approx(full)


def test_uncorrelated_drivers_take_their_squared_correlation() -> None:
    correlation = np.eye(4)
    correlation[:3, 3] = correlation[3, :3] = [0.5, 0.3, 0.1]
    assert lmg(correlation)[0] == pytest.approx([0.25, 0.09, 0.01])


def test_the_interval_of_a_driver_covers_its_true_share() -> None:
    # true correlation matrix known; 150 surveys of 250 answers
    truth = np.array([[1, 0.5, 0.5], [0.5, 1, 0.35], [0.5, 0.35, 1.0]])
    share = lmg(truth)[0]
    root = np.linalg.cholesky(truth)
    rng = np.random.default_rng(11)
    hits = np.zeros(2)
    for _ in range(150):
        z = rng.normal(size=(250, 3)) @ root.T
        table = drivers(
            pd.DataFrame(z[:, :2], columns=["a", "b"]), pd.Series(z[:, 2]), rng=rng, draws=200
        ).table
        hits += ((table["low"] <= share) & (share <= table["high"])).to_numpy()
    assert (hits / 150 > 0.89).all() and (hits / 150 < 0.995).all()


def test_the_strongest_driver_is_first_in_most_resamples() -> None:
    answers = survey(weight=(0.9, 0.9, 0.1, 0.1))
    scores = answers.scores(answers.perception).drop(columns="overall")
    found = drivers(scores, answers.background["csat5"], rng=np.random.default_rng(1), draws=100)
    assert found.table.set_index("driver").loc["a", ["rank", "first"]].tolist() == [1, 1.0]


def test_the_same_seed_gives_the_same_answer() -> None:
    answers = survey()
    one, two = (
        priority_map(answers, rng=np.random.default_rng(9), draws=50).table for _ in range(2)
    )
    pd.testing.assert_frame_equal(one, two)


def test_two_drivers_that_say_the_same_are_an_error() -> None:
    x = pd.DataFrame({"a": np.arange(100.0)})
    with pytest.raises(DataError, match="exactly the same"):
        drivers(x.assign(b=x["a"]), x["a"] % 7, rng=np.random.default_rng(1), draws=10)


def test_too_few_answers_for_the_drivers_are_an_error() -> None:
    x = pd.DataFrame(np.random.default_rng(1).normal(size=(15, 2)), columns=["a", "b"])
    with pytest.raises(DataError, match="15 complete answers for 2 drivers"):
        drivers(x, x["a"], rng=np.random.default_rng(1))


def test_pictures_can_be_drawn() -> None:
    answers = survey()
    found = priority_map(answers, rng=np.random.default_rng(1), draws=50)
    scores = answers.scores(answers.perception).drop(columns="overall")
    ranked = drivers(scores, answers.background["csat5"], rng=np.random.default_rng(1), draws=50)
    for draw in (found.plot, ranked.plot):
        figure, ax = plt.subplots()
        assert draw(ax=ax) is ax
        assert ax.get_xlabel()
        plt.close(figure)
    assert {t.get_text() for t in plt.gcf().texts} == set()


def test_the_map_says_where_importance_comes_from_and_fills_the_marks_that_are_sure() -> None:
    answers = survey()
    stated = {item: pd.Series(np.full(500, float(i))) for i, item in enumerate(ITEMS)}
    rng = np.random.default_rng(1)
    for given, told in ((None, "correlation with overall"), (stated, "Stated importance")):
        found = priority_map(answers, stated=given, rng=rng, draws=20)
        figure, ax = plt.subplots()
        found = replace(found, table=found.table.assign(sure=[True, True, True, False]))
        found.plot(ax=ax)
        assert told in ax.get_ylabel()
        marks = [c for c in ax.collections if len(c.get_offsets())]
        filled = sum(len(c.get_offsets()) for c in marks if len(c.get_facecolors()))
        assert (filled, sum(len(c.get_offsets()) for c in marks)) == (3, 4)
        plt.close(figure)
