"""Kano pairs fall into the categories of Berger's table, with a test of how clear they are."""

from __future__ import annotations

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.satisfaction import KANO_CATEGORIES, kano, kano_items

PAIR = {
    "must-be": (2, 5),
    "one-dimensional": (1, 5),
    "attractive": (1, 3),
    "indifferent": (3, 3),
    "reverse": (5, 1),
    "questionable": (1, 1),
}


def answers(item: str = "01", **count: int) -> pd.DataFrame:
    rows = [PAIR[name.replace("_", "-")] for name, n in count.items() for _ in range(n)]
    return pd.DataFrame(rows, columns=[f"kano_f_{item}", f"kano_d_{item}"])


def judged(frame: pd.DataFrame, **options) -> pd.Series:
    return kano(frame, rng=np.random.default_rng(1), draws=200, **options).table.iloc[0]


def test_all_25_pairs_are_sorted_as_in_the_table() -> None:
    # Berger et al. (1993), figure 5: rows functional, columns dysfunctional
    letters = ["QAAAO", "RIIIM", "RIIIM", "RIIIM", "RRRRQ"]
    code = dict(zip("MOAIRQ", KANO_CATEGORIES, strict=True))
    for f, row in enumerate(letters, start=1):
        for d, letter in enumerate(row, start=1):
            frame = pd.DataFrame({"kano_f_01": [f] * 5, "kano_d_01": [d] * 5})
            assert judged(frame)["category"] == code[letter], (f, d)


def test_better_and_worse_are_timkos() -> None:
    row = judged(answers(must_be=30, one_dimensional=20, attractive=40, indifferent=10, reverse=7))
    assert row["better"] == pytest.approx(60 / 100)
    assert row["worse"] == pytest.approx(-50 / 100)
    assert row["better_low"] < 0.6 < row["better_high"]
    assert row["worse_low"] < -0.5 < row["worse_high"] < 0
    assert row["total_strength"] == pytest.approx(90 / 107)


def test_a_close_race_is_not_called_clear() -> None:
    close = judged(answers(must_be=32, one_dimensional=28, indifferent=10))
    clear = judged(answers(must_be=50, one_dimensional=10, indifferent=10))
    assert (close["category"], close["second"]) == ("must-be", "one-dimensional")
    assert not close["clear"] and close["probability"] < 0.9
    assert clear["clear"] and clear["probability"] > 0.99
    assert close["p"] == pytest.approx(0.6056, abs=1e-3)  # z = 4 / sqrt(60)


def test_ties_go_to_the_more_pressing_category() -> None:
    assert judged(answers(attractive=20, must_be=20))["category"] == "must-be"


def test_the_test_of_two_equal_categories_holds_its_level() -> None:
    rng = np.random.default_rng(7)
    share, runs = np.array([0.35, 0.35, 0.1, 0.2, 0, 0]), 200
    columns = {}
    for item in range(runs):  # each sample is an item of one survey
        drawn = np.repeat([PAIR[c] for c in KANO_CATEGORIES], rng.multinomial(150, share), axis=0)
        columns |= {f"kano_f_{item:03d}": drawn[:, 0], f"kano_d_{item:03d}": drawn[:, 1]}
    table = kano(pd.DataFrame(columns), rng=rng, draws=1).table
    assert len(table) == runs and 0.015 <= table["clear"].mean() <= 0.095


def test_half_pairs_are_counted_and_small_items_withheld() -> None:
    frame = answers("01", must_be=30)
    frame.loc[:5, "kano_d_01"] = np.nan
    frame["kano_f_02"], frame["kano_d_02"] = np.nan, np.nan
    frame.loc[:2, ["kano_f_02", "kano_d_02"]] = 1
    table = kano(frame, rng=np.random.default_rng(1), draws=20).table.set_index("item")
    assert table.loc["01", ["n", "missing"]].tolist() == [24, 6]
    assert table.loc["02", "reason"] == "too few answers"
    assert pd.isna(table.loc["02", "share"]) and pd.isna(table.loc["02", "category"])


def test_a_question_without_its_counterpart_is_named() -> None:
    frame = answers(must_be=10).assign(kano_f_07=1)
    with pytest.raises(DataError, match="'kano_f_07' have no counterpart"):
        kano(frame, rng=np.random.default_rng(1))
    with pytest.raises(DataError, match="'kano_d_01' have no counterpart"):
        kano_items(["kano_d_01"])


def test_pairs_that_nobody_completed_are_an_error() -> None:
    frame = answers(must_be=10)
    frame["kano_d_01"] = np.nan
    with pytest.raises(DataError, match="no item has enough complete pairs"):
        kano(frame, rng=np.random.default_rng(1))
    with pytest.raises(DataError, match="there are no Kano questions"):
        kano(frame[[]], rng=np.random.default_rng(1))


def test_answers_in_words_need_their_meaning() -> None:
    words = {"我喜欢": 1, "理应如此": 2, "无所谓": 3, "能忍受": 4, "不喜欢": 5}
    frame = pd.DataFrame({"kano_f_01": ["理应如此 "] * 9, "kano_d_01": ["不喜欢"] * 9})
    assert judged(frame, codes=words)["category"] == "must-be"
    with pytest.raises(
        DataError, match=r"kano_f_01: 9 answers are not one of the five, such as '理应如此 '"
    ):
        judged(frame)


def test_weights_count_as_repeated_answers_do() -> None:
    frame = answers(must_be=20, attractive=25)
    row = judged(frame, weights=[2.0] * 20 + [1.0] * 25)
    assert row["category"] == "must-be" and row["share"] == pytest.approx(40 / 65)
    # weights that have nothing to do with the answers cost precision
    mixed = judged(frame, weights=np.where(np.arange(45) % 2, 3.0, 1.0))
    assert mixed["high"] - mixed["low"] > judged(frame)["high"] - judged(frame)["low"]


def test_the_categories_can_be_drawn() -> None:
    found = kano(answers(must_be=20, attractive=25), rng=np.random.default_rng(1), draws=20)
    figure, ax = plt.subplots()
    assert found.plot(ax=ax) is ax
    assert "Satisfied if it works" in ax.get_ylabel()
    assert set(found.estimates()) == {"better.01", "worse.01"}
    assert found.shares["estimate"].sum() == pytest.approx(1)
    plt.close(figure)
