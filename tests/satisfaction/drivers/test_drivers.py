"""Drivers take weights, many items and grades, and refuse what cannot be divided."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.satisfaction import (
    drivers,
    lmg,
    ordinal_drivers,
    read_answers,
    relative_weights,
    service_drivers,
)
from workbench.satisfaction.drivers.ordinal import _refitted, _stepped, fit_ordered
from workbench.satisfaction.moments import resampled
from workbench.study.survey import Survey


def correlated(n: int, p: int, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p)) + rng.normal(size=(n, 1))
    return pd.DataFrame(x, columns=[f"d{i:02d}" for i in range(p)])


def test_relative_weights_add_up_to_r_squared_and_rank_as_lmg_does() -> None:
    x = correlated(800, 9)
    y = x @ np.linspace(0.1, 1, 9) + np.random.default_rng(2).normal(0, 3, 800)
    matrix = np.corrcoef(np.column_stack([x, y]), rowvar=False)
    exact, r2 = lmg(matrix)
    quick, total = relative_weights(matrix)
    assert total == pytest.approx(r2) == pytest.approx(quick.sum())
    assert np.corrcoef(exact, quick)[0, 1] > 0.98


def test_relative_weights_of_uncorrelated_drivers_are_squared_correlations() -> None:
    matrix = np.eye(4)
    matrix[:3, 3] = matrix[3, :3] = [0.5, 0.3, 0.1]
    assert relative_weights(matrix)[0] == pytest.approx([0.25, 0.09, 0.01])


def test_more_than_fifteen_drivers_are_weighed_by_johnsons_rule() -> None:
    x = correlated(400, 22)
    y = pd.Series(x.iloc[:, 3] + np.random.default_rng(1).normal(size=400), name="csat")
    found = drivers(x, y, rng=np.random.default_rng(1), draws=50)
    assert found.method == "johnson" and found.top["driver"] == "d03"
    assert found.table["estimate"].sum() == pytest.approx(found.r2)
    with pytest.raises(DataError, match="22 drivers are too many for exact LMG"):
        drivers(x, y, method="lmg", rng=np.random.default_rng(1), draws=5)


def test_weights_count_as_repeated_answers_do() -> None:
    x = correlated(200, 3)
    y = pd.Series(x @ [0.2, 0.5, 1] + np.random.default_rng(3).normal(size=200), name="y")
    times = np.random.default_rng(4).integers(1, 4, 200)
    often = np.repeat(np.arange(200), times)
    weighted = drivers(x, y, weights=times, rng=np.random.default_rng(1), draws=5).table
    repeated = drivers(x.iloc[often], y.iloc[often], rng=np.random.default_rng(1), draws=5).table
    assert weighted["estimate"].to_numpy() == pytest.approx(repeated["estimate"].to_numpy())


def test_ranks_have_limits_and_equal_drivers_share_the_first_place() -> None:
    x = correlated(300, 3, seed=8)
    y = pd.Series(x["d00"] + x["d01"] + np.random.default_rng(5).normal(0, 2, 300), name="y")
    found = drivers(x, y, rng=np.random.default_rng(1), draws=300)
    t = found.table.set_index("driver")
    assert (t["rank_low"] <= t["rank"]).all() and (t["rank"] <= t["rank_high"]).all()
    assert set(found.contenders) == {"d00", "d01"}
    assert t.loc["d02", "rank_low"] == 3


def test_a_constant_driver_is_named() -> None:
    x = correlated(100, 2).assign(same=4.0)
    with pytest.raises(DataError, match="every respondent has the same value of same"):
        drivers(x, x["d00"].rename("y"), rng=np.random.default_rng(1), draws=5)


def test_a_constant_outcome_is_named() -> None:
    x = correlated(100, 2)
    with pytest.raises(DataError, match="same value of csat"):
        drivers(x, pd.Series(np.ones(100), name="csat"), rng=np.random.default_rng(1), draws=5)


@pytest.mark.parametrize("find", [drivers, ordinal_drivers])
def test_collinear_drivers_are_named(find) -> None:
    x = correlated(100, 2)
    x["both"] = x["d00"] + 2 * x["d01"]
    y = pd.Series(np.arange(100) % 5, name="y")
    with pytest.raises(DataError, match="d00, d01, both add up: each can be computed"):
        find(x, y, rng=np.random.default_rng(1), draws=5)


@pytest.mark.parametrize("find", [drivers, ordinal_drivers])
def test_fewer_rows_than_drivers_are_refused(find) -> None:
    x = correlated(8, 12)
    with pytest.raises(DataError, match="8 complete answers for 12 drivers; at least 120"):
        find(x, x["d00"].rename("y"), rng=np.random.default_rng(1), draws=5)


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_the_ordered_regression_is_that_of_statsmodels(link: str) -> None:
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    rng = np.random.default_rng(1)
    x = rng.normal(size=(600, 3)) @ rng.normal(size=(3, 3))
    y = np.digitize(x @ [0.5, -0.3, 0.8] + rng.logistic(size=600), [-2, -0.5, 0.4, 2])
    ours = fit_ordered(x, y, np.ones(600), link=link)
    theirs = OrderedModel(y, x, distr=link).fit(method="bfgs", disp=0)
    assert ours.slopes == pytest.approx(theirs.params[:3], abs=1e-4)
    assert ours.bse == pytest.approx(theirs.bse[:3], rel=1e-3)
    assert ours.llf == pytest.approx(theirs.llf, abs=1e-4)
    assert 1 - ours.llf / ours.llnull == pytest.approx(theirs.prsquared, abs=1e-6)
    low, high = ours.conf_int()[0]
    assert low < ours.slopes[0] < high


def test_repeated_rows_and_weights_give_the_same_ordered_regression() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(150, 2))
    y = np.digitize(x @ [1, 0.5] + rng.normal(size=150), [-1, 0, 1])
    times = rng.integers(1, 4, 150)
    one = fit_ordered(x, y, times.astype(float), link="probit")
    two = fit_ordered(x.repeat(times, 0), y.repeat(times), np.ones(times.sum()), link="probit")
    assert one.slopes == pytest.approx(two.slopes, abs=1e-8)


def feeling(n: int, seed: int) -> tuple[pd.DataFrame, pd.Series, np.ndarray]:
    """Drivers, grades cut unevenly through a feeling, and the true shares of its variance."""
    truth = np.array([[1, 0.5, 0.3], [0.5, 1, 0.4], [0.3, 0.4, 1.0]])
    slopes = np.array([0.7, 0.4, 0.1])
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3)) @ np.linalg.cholesky(truth).T
    y = x @ slopes + rng.normal(size=n)
    total = slopes @ truth @ slopes + 1
    matrix = np.eye(4)
    matrix[:3, :3] = truth
    matrix[:3, 3] = matrix[3, :3] = truth @ slopes / np.sqrt(total)
    grades = pd.Series(np.digitize(y, [-2.5, -1.8, -1.0, 0.9]) + 1, name="csat5")
    return pd.DataFrame(x, columns=list("abc")), grades, lmg(matrix)[0]


def test_the_importance_behind_grades_is_that_of_the_feeling() -> None:
    x, grades, truth = feeling(20_000, 3)
    found = ordinal_drivers(x, grades, rng=np.random.default_rng(1), draws=2)
    assert found.table["estimate"].to_numpy() == pytest.approx(truth, abs=0.012)
    # grades taken as numbers lose part of it
    assert drivers(x, grades, rng=np.random.default_rng(1), draws=2).r2 < found.r2 - 0.05


def test_logit_and_probit_agree_on_the_order_of_drivers() -> None:
    x, grades, _ = feeling(1500, 5)
    one, two = (
        ordinal_drivers(x, grades, link=link, rng=np.random.default_rng(1), draws=2).table
        for link in ("logit", "probit")
    )
    assert one["rank"].tolist() == two["rank"].tolist() == [1, 2, 3]
    assert one["share"].to_numpy() == pytest.approx(two["share"].to_numpy(), abs=0.03)


def test_dominance_over_separate_ordered_regressions_gives_the_same_shares() -> None:
    # general dominance of McKelvey and Zavoina's R2, from one probit a subset
    from itertools import combinations
    from math import comb

    x, grades, _ = feeling(4000, 9)
    z = ((x - x.mean()) / x.std(ddof=0)).to_numpy()
    y = grades.to_numpy() - 1
    r2 = {(): 0.0}
    for size in (1, 2, 3):
        for chosen in combinations(range(3), size):
            fit = fit_ordered(z[:, chosen], y, np.ones(len(z)), link="probit")
            explained = np.var(z[:, chosen] @ fit.slopes)
            r2[chosen] = explained / (explained + 1)
    shares = []
    for i in range(3):
        others = [j for j in range(3) if j != i]
        shares.append(
            sum(
                (r2[tuple(sorted((*s, i)))] - r2[s]) / (3 * comb(2, size))
                for size in (0, 1, 2)
                for s in combinations(others, size)
            )
        )
    found = ordinal_drivers(x, grades, rng=np.random.default_rng(1), draws=2)
    assert found.table["estimate"].to_numpy() == pytest.approx(shares, abs=0.01)


def covered(n: int, runs: int, find) -> np.ndarray:
    """Share of the intervals of three shares and of R2 that hold the truth."""
    hits = np.zeros(4)
    for seed in range(runs):
        x, grades, truth = feeling(n, seed)
        found = find(x, grades, rng=np.random.default_rng(seed), draws=199)
        t = found.table
        hits[:3] += ((t["low"] <= truth) & (truth <= t["high"])).to_numpy()
        hits[3] += found.r2_low <= truth.sum() <= found.r2_high
    return hits / runs


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("n", "runs"), [(60, 400), (150, 400), (400, 600)])
def test_intervals_of_ordinal_drivers_cover_the_truth(n: int, runs: int) -> None:
    found = covered(n, runs, ordinal_drivers)
    print(n, found)
    assert (found >= 0.925).all() and (found <= 0.98).all(), found


@pytest.mark.slow
@pytest.mark.parametrize("method", ["lmg", "johnson"])
@pytest.mark.parametrize("n", [60, 300])
def test_intervals_of_drivers_of_a_measured_outcome_cover(method: str, n: int) -> None:
    truth = np.array([[1, 0.5, 0.3], [0.5, 1, 0.4], [0.3, 0.4, 1.0]])
    slopes = np.array([0.7, 0.4, 0.1])
    matrix = np.eye(4)
    matrix[:3, :3] = truth
    matrix[:3, 3] = matrix[3, :3] = truth @ slopes / np.sqrt(slopes @ truth @ slopes + 1)
    true, r2 = (lmg if method == "lmg" else relative_weights)(matrix)
    hits, runs = np.zeros(4), 1000
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(n, 3)) @ np.linalg.cholesky(truth).T
        y = pd.Series(x @ slopes + rng.normal(size=n), name="y")
        found = drivers(pd.DataFrame(x), y, method=method, rng=rng, draws=199)
        t = found.table
        hits[:3] += ((t["low"] <= true) & (true <= t["high"])).to_numpy()
        hits[3] += found.r2_low <= r2 <= found.r2_high
    print(method, n, hits / runs)
    assert (hits / runs >= 0.925).all() and (hits / runs <= 0.98).all(), hits / runs


def test_one_newton_step_stands_for_the_full_fit_of_a_resample() -> None:
    x, grades, _ = feeling(2500, 1)
    z, y = ((x - x.mean()) / x.std(ddof=0)).to_numpy(), grades.to_numpy() - 1
    fit = fit_ordered(z, y, np.ones(2500), link="probit")
    at = np.r_[fit.slopes, fit.cuts]
    drawn = list(resampled(np.ones(2500), 40, np.random.default_rng(1)))
    one, full = (f(z, y, drawn, "probit", at) for f in (_stepped, _refitted))
    assert (np.abs(one - full).mean(axis=0) / full.std(axis=0)).max() < 0.05


def test_both_pages_ask_one_function_which_uses_weights_and_people() -> None:
    x, grades, _ = feeling(300, 2)
    columns = {f"per_{i:02d}": x.iloc[:, i] for i in range(3)}
    frame = pd.DataFrame({"respondent_id": np.arange(300), "csat5": grades, **columns})
    twice = pd.concat([frame, frame.assign(wave="b")], ignore_index=True).fillna({"wave": "a"})
    card = Survey(dimensions={"a": ["00"], "b": ["01"], "c": ["02"]}, scale=(-9, 9))
    one, two = (
        service_drivers(read_answers(f, card), rng=np.random.default_rng(1), draws=100)
        for f in (frame, twice)
    )
    assert two.table["estimate"].to_numpy() == pytest.approx(one.table["estimate"].to_numpy())
    # the same people again tell nothing new
    widths = [(f.table["high"] - f.table["low"]).mean() for f in (one, two)]
    assert widths[1] == pytest.approx(widths[0], rel=0.05)
    with pytest.raises(DataError, match="no column 'csat10'"):
        service_drivers(read_answers(frame, card), "csat10", rng=np.random.default_rng(1))


def test_an_outcome_that_is_a_driver_in_other_words_is_refused() -> None:
    x = correlated(200, 2)
    y = pd.Series(np.digitize(x["d00"], [-1, 1]), name="y")
    with pytest.raises(DataError, match="separate the grades completely"):
        ordinal_drivers(x, y, rng=np.random.default_rng(1), draws=5)


def test_a_measured_outcome_is_no_grade() -> None:
    x = correlated(200, 2)
    with pytest.raises(DataError, match="d00 has 200 different values"):
        ordinal_drivers(x, x["d00"], rng=np.random.default_rng(1), draws=5)


def test_a_hundred_thousand_answers_to_22_items_take_less_than_two_seconds() -> None:
    x = correlated(100_000, 22)
    y = x @ np.linspace(0, 0.2, 22) + np.random.default_rng(1).normal(0, 2, 100_000)
    grades = pd.Series(np.digitize(y, [-4, -2, 0, 3]), name="csat5")
    for find in (drivers, ordinal_drivers):
        best = []
        for _ in range(2):
            start = time.process_time()
            find(x, grades, rng=np.random.default_rng(1), draws=0)
            best.append(time.process_time() - start)
        assert min(best) < 2.0


@pytest.mark.parametrize("rule", [drivers, ordinal_drivers])
def test_without_a_driver_there_is_nothing_to_divide(rule) -> None:
    bare = pd.DataFrame(index=range(50))
    with pytest.raises(DataError, match="there are no drivers"):
        rule(bare, pd.Series([1, 2] * 25, name="y"), rng=np.random.default_rng(1))
