"""Gaps are paired, corrected, withheld in small groups, and say when nothing can be said."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from workbench.errors import DataError
from workbench.satisfaction import gap_changes, gaps, gaps_by, read_answers
from workbench.satisfaction.gaps.gaps import paired
from workbench.study.survey import Survey

DIMENSIONS = {"tangibles": ["01", "02"], "empathy": ["03", "04"]}


def answers(n: int = 400, seed: int = 3, **extra):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"respondent_id": np.arange(n), "wave": rng.choice(["a", "b"], n)})
    person = rng.normal(size=n)
    for item, gap in zip(("01", "02", "03", "04"), (-1.0, 0.0, -0.5, 0.2), strict=True):
        e = 5 + 0.6 * person + rng.normal(0, 0.7, n)
        frame[f"exp_{item}"] = np.clip(np.round(e), 1, 9)
        frame[f"per_{item}"] = np.clip(np.round(e + gap + rng.normal(0, 1, n)), 1, 9)
    return read_answers(frame.assign(**extra), Survey(dimensions=DIMENSIONS, scale=(1, 9)))


def test_an_item_has_the_paired_t_interval_of_scipy() -> None:
    found = answers()
    row = gaps(found).items.iloc[0]
    test = stats.ttest_rel(found.perception["01"], found.expectation["01"])
    low, high = test.confidence_interval(0.95)
    assert (row["low"], row["high"], row["p"]) == pytest.approx((low, high, test.pvalue))
    assert row["d_z"] == pytest.approx(test.statistic / np.sqrt(len(found)))


def test_the_columns_add_up_over_the_same_pairs() -> None:
    found = answers()
    found.perception.iloc[:50, 0] = np.nan
    table = gaps(found).items
    assert (table["perception"] - table["expectation"]).to_numpy() == pytest.approx(
        table["estimate"].to_numpy()
    )
    assert table.loc[0, ["n", "missing"]].tolist() == [350, 50]


def test_holm_is_at_least_as_strict_as_benjamini_hochberg() -> None:
    table = gaps(answers()).items
    assert (table["p_holm"] >= table["p_bh"] - 1e-15).all() and (table["p_bh"] >= table["p"]).all()


def test_everybody_the_same_gives_no_interval_and_no_p() -> None:
    table = paired(np.full((10, 1), -1.0))
    assert table.loc[0, "estimate"] == -1
    assert table.loc[0, ["low", "high", "p", "d_z"]].isna().all()


def test_one_answer_gives_no_interval() -> None:
    assert paired(np.array([[2.0]])).loc[0, ["low", "high", "p"]].isna().all()


def test_servqual_and_servperf_stand_side_by_side() -> None:
    table = gaps(answers()).scores
    assert list(table["dimension"]) == ["tangibles", "empathy", "overall"]
    assert (table["servperf_low"] < table["servperf"]).all()
    assert np.isnan(table["rank_servqual"].iloc[-1])


def test_a_small_group_shows_its_count_and_the_reason_but_no_value() -> None:
    group = np.where(np.arange(400) < 3, "tiny", "large")
    table = gaps_by(answers(region=group), "region", min_cell=5).table
    tiny = table[table["region"] == "tiny"]
    assert (tiny["n"] == 3).all() and tiny["withheld"].all()
    assert tiny[["estimate", "low", "high", "perception"]].isna().all(axis=None)
    assert tiny["reason"].iloc[0] == "too few answers"
    assert table.loc[table["region"] == "large", "estimate"].notna().all()


def test_groups_far_apart_are_said_to_differ_and_equal_ones_are_not() -> None:
    found = answers(region=np.repeat(["a", "b"], 200))
    found.perception.iloc[:200] -= 1
    assert gaps_by(found, "region").differ
    assert not gaps_by(answers(region=np.tile(["a", "b"], 200)), "region").differ


def test_the_mean_gap_says_of_which_wave_it_is() -> None:
    both = answers()
    waves = both.background["wave"].astype("category")
    both = replace(both, background=both.background.assign(wave=waves))
    for found, wave in ((both, ""), (both.subset(waves == "b"), "b")):
        first, mean = gaps(found).findings()
        for said in (mean.message, first.advice.message):
            assert ("on average in the wave {wave}" in said) == bool(wave)
        assert mean.values["wave"] == first.values["wave"] == wave


def test_a_change_between_waves_is_welchs() -> None:
    found = answers()
    change = gap_changes(found).set_index("dimension").loc["overall"]
    score = found.scores(found.gap)["overall"]
    a, b = (score[found.background["wave"] == w] for w in "ab")
    test = stats.ttest_ind(b, a, equal_var=False)
    assert change["p"] == pytest.approx(test.pvalue)
    assert (change["low"], change["high"]) == pytest.approx(tuple(test.confidence_interval()))


def test_a_wave_with_one_answer_gives_no_change() -> None:
    wave = np.where(np.arange(400) == 0, "c", "b")
    table = gap_changes(answers(wave=wave))
    assert table[["estimate", "low", "high"]].isna().all(axis=None)
    assert set(table["n_after"]) == {1}


def test_one_wave_only_is_an_error() -> None:
    with pytest.raises(DataError, match="one wave only"):
        gap_changes(answers(wave="a"))


def test_an_unknown_group_names_what_there_is() -> None:
    with pytest.raises(DataError, match="choose one of"):
        gaps_by(answers(), "planet")


def test_the_interval_of_an_item_covers_the_truth() -> None:
    # 2,000 surveys of 40 answers that pile up at the top of the scale; +-1.5 points is three
    # standard errors of the coverage
    rng = np.random.default_rng(8)
    e = np.clip(np.round(rng.normal(6.2, 1, (40, 2000))), 1, 7)
    p = np.clip(np.round(rng.normal(5.5, 1.2, (40, 2000))), 1, 7)
    truth = (
        np.clip(np.round(rng.normal(5.5, 1.2, 10**6)), 1, 7).mean()
        - np.clip(np.round(rng.normal(6.2, 1, 10**6)), 1, 7).mean()
    )
    table = paired(p - e)
    covered = ((table["low"] <= truth) & (truth <= table["high"])).mean()
    assert 0.935 <= covered <= 0.965


def test_pictures_name_every_item_and_group() -> None:
    result = gaps(answers())
    for draw, n in (
        (result.plot, 4),
        (partial(result.plot, of="dimensions"), 2),
        (gaps_by(answers(), "wave").plot, 2),
    ):
        figure, ax = plt.subplots()
        assert draw(ax=ax) is ax
        assert len([t for t in ax.get_yticklabels() if t.get_text()]) == n
        plt.close(figure)


@pytest.mark.parametrize("n", [50, 200])
def test_gaps_cover_the_truth_under_missing_at_random(n: int) -> None:
    # answers go missing the likelier the older one is; the two sides depend on age through what
    # was asked, so weighting to the known ages takes the bias away
    rng = np.random.default_rng(n)
    truth, reps = np.array([-1.0, 0.2]), 400
    hits = np.zeros(2)
    for _ in range(reps):
        old = rng.random(n) < 0.5
        difference = truth - 0.6 * (old - 0.5)[:, None] + rng.normal(0, 1.4, (n, 2))
        difference[rng.random(n) < np.where(old, 0.5, 0.1)] = np.nan
        kept = difference[~np.isnan(difference[:, 0])], old[~np.isnan(difference[:, 0])]
        share = kept[1].mean()  # raking to one margin: half of the weight to either age
        table = paired(kept[0], weights=np.where(kept[1], 0.5 / share, 0.5 / (1 - share)))
        hits += ((table["low"] <= truth) & (table["high"] >= truth)).to_numpy()
    assert (hits / reps >= 0.925).all() and (hits / reps <= 0.98).all()


def test_a_group_is_held_against_all_others_by_welch() -> None:
    found = answers(region=np.repeat(["a", "b", "c", "c"], 100))
    table = gaps_by(found, "region").overall.set_index("region")
    score = found.scores(found.gap)["overall"]
    inside = found.background["region"] == "a"
    test = stats.ttest_ind(score[inside], score[~inside], equal_var=False)
    assert table.loc["a", "p"] == pytest.approx(test.pvalue)
    low, high = test.confidence_interval()
    assert table.loc["a", ["rest_low", "rest_high"]].tolist() == pytest.approx([low, high])
    assert (table["p_holm"] >= table["p"]).all()


def test_a_shortfall_is_marked_where_the_whole_interval_lies_below_zero() -> None:
    found = gaps(answers())
    rows = found.items.assign(
        estimate=[-1.0, -0.5, 0.0, 0.5], low=[-1.2, -1, -1, 0.2], high=[-0.8, 0.0, 1, 0.8]
    )
    figure, ax = plt.subplots()
    replace(found, items=rows).plot(ax=ax)
    marks = {line.get_marker(): sorted(line.get_xdata()) for line in ax.lines}
    assert marks["o"] == [-1.0] and marks["D"] == [-0.5, 0.0, 0.5]
    assert ax.get_yticklabels()[-1].get_text() == rows["label"].iloc[0], "widest on top"
    plt.close(figure)


def test_groups_without_any_spread_differ_by_a_number_without_interval_or_p() -> None:
    found = answers(region=np.repeat(["a", "b"], 200))
    found.perception.iloc[:] = 5.0
    found.expectation.iloc[:200], found.expectation.iloc[200:] = 6.0, 5.0
    table = gaps_by(found, "region").overall.set_index("region")
    assert table["from_rest"].to_dict() == {"a": -1.0, "b": 1.0}
    assert table[["rest_low", "rest_high", "p", "p_holm"]].isna().all(axis=None)
