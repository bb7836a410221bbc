"""Path models find the paths they were simulated from, and refuse designs that make no sense."""

from __future__ import annotations

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.satisfaction import path_model
from workbench.satisfaction.drivers.partial_least_squares import PathSpecification, _inner

BLOCKS = {
    "Quality": ["q1", "q2", "q3"],
    "Satisfaction": ["s1", "s2", "s3"],
    "Loyalty": ["l1", "l2"],
}
PATHS = {"Satisfaction": ["Quality"], "Loyalty": ["Quality", "Satisfaction"]}


def survey(n: int = 500, seed: int = 1, noise: float = 0.0) -> pd.DataFrame:
    """Items that are their construct exactly, up to `noise`: paths .6, .2 and .5."""
    rng = np.random.default_rng(seed)
    quality = rng.normal(size=n)
    satisfaction = 0.6 * quality + 0.8 * rng.normal(size=n)
    rest = np.sqrt(1 - 0.2**2 - 0.5**2 - 2 * 0.2 * 0.5 * 0.6)
    loyalty = 0.2 * quality + 0.5 * satisfaction + rest * rng.normal(size=n)
    columns = {}
    for construct, letter in ((quality, "q"), (satisfaction, "s"), (loyalty, "l")):
        for k in range(1, 4):
            columns[f"{letter}{k}"] = construct + noise * rng.normal(size=n)
    return pd.DataFrame(columns)


def fit(frame: pd.DataFrame, **changed):
    options = {"blocks": BLOCKS, "paths": PATHS, "rng": np.random.default_rng(1), "draws": 0}
    return path_model(frame, **(options | changed))


@pytest.mark.parametrize("scheme", ["centroid", "factorial", "path"])
def test_items_without_error_give_the_regressions_of_their_constructs(scheme: str) -> None:
    frame = survey()
    found = fit(frame, scheme=scheme).table.set_index(["source", "target"])["estimate"]
    z = (frame - frame.mean()) / frame.std()
    slope = np.linalg.lstsq(z[["q1", "s1"]], z["l1"], rcond=None)[0]
    assert found["Quality", "Satisfaction"] == pytest.approx(z["q1"] @ z["s1"] / 499)
    assert found["Quality", "Loyalty"] == pytest.approx(slope[0])
    assert found["Satisfaction", "Loyalty"] == pytest.approx(slope[1])


def test_total_effects_add_what_goes_through_satisfaction() -> None:
    t = fit(survey(noise=0.5)).table.set_index(["source", "target"])
    through = (
        t.loc[("Quality", "Satisfaction"), "estimate"]
        * t.loc[("Satisfaction", "Loyalty"), "estimate"]
    )
    assert t.loc[("Quality", "Loyalty"), "indirect"] == pytest.approx(through)
    assert t.loc[("Quality", "Satisfaction"), "indirect"] == pytest.approx(0)


def test_constructs_know_their_reliability_and_what_is_explained() -> None:
    found = fit(survey(5000, noise=0.5)).constructs.set_index("construct")
    assert np.isnan(found.loc["Quality", "r2"])
    # three items of variance 1 and error .25: loading^2 about .87 with their mean
    assert found.loc["Quality", "ave"] == pytest.approx(0.867, abs=0.01)
    assert found.loc["Quality", "alpha"] == pytest.approx(
        3 / 2 * (1 - 3 * 1.25 / (9 + 0.75)), abs=0.01
    )
    assert found.loc["Loyalty", "redundancy"] == pytest.approx(
        found.loc["Loyalty", "ave"] * found.loc["Loyalty", "r2"]
    )


def test_formed_constructs_take_regression_weights() -> None:
    # mode B on one block against one item: the canonical weights, so R2 of the regression
    rng = np.random.default_rng(3)
    x = rng.normal(size=(400, 3))
    frame = pd.DataFrame(x, columns=["a", "b", "c"]).assign(
        y=x @ [1, 0.5, 0] + rng.normal(size=400)
    )
    found = fit(
        frame,
        blocks={"X": ["a", "b", "c"], "Y": ["y"]},
        paths={"Y": ["X"]},
        modes={"X": "B"},
    )
    z = (frame - frame.mean()) / frame.std(ddof=0)
    slope, rest, *_ = np.linalg.lstsq(z[["a", "b", "c"]], z["y"], rcond=None)
    assert found.constructs.set_index("construct").loc["Y", "r2"] == pytest.approx(
        1 - rest[0] / 400
    )
    weight = found.loadings.set_index("item").loc[["a", "b", "c"], "weight"].to_numpy()
    assert weight / weight[0] == pytest.approx(slope / slope[0])


def test_signs_follow_the_items_and_survive_the_bootstrap() -> None:
    frame = survey(200, noise=0.6)
    frame[["s1", "s2", "s3"]] *= -1
    found = fit(frame, draws=200)
    assert (found.loadings["estimate"] > 0).all() and (found.loadings["low"] > 0).all()
    row = found.table.iloc[0]
    assert row["high"] < 0 and row["clear"]


@pytest.mark.slow
def test_intervals_cover_the_paths_that_large_samples_give() -> None:
    def numbers(found, end: str) -> np.ndarray:
        t, c = found.table, found.constructs.dropna(subset="r2")
        names = ("estimate", "total") if end == "" else (end, f"total_{end}")
        r2 = c["r2"] if end == "" else c[f"r2_{end}"]
        loading = found.loadings["estimate" if end == "" else end]
        return np.concatenate([*(t[name] for name in names), r2, loading])

    truth = numbers(fit(survey(400_000, seed=99, noise=0.7)), "")
    hits, runs = np.zeros(truth.size), 1000
    for seed in range(runs):
        found = fit(survey(200, seed, 0.7), rng=np.random.default_rng(seed), draws=199)
        hits += (numbers(found, "low") <= truth) & (truth <= numbers(found, "high"))
    print(hits / runs)
    assert (hits / runs >= 0.925).all() and (hits / runs <= 0.98).all(), hits / runs


def test_weights_count_as_repeated_answers_do() -> None:
    frame = survey(150, noise=0.5)
    times = np.random.default_rng(1).integers(1, 4, 150)
    one = fit(frame, weights=times).table["estimate"]
    two = fit(frame.loc[frame.index.repeat(times)]).table["estimate"]
    assert one.to_numpy() == pytest.approx(two.to_numpy())


def test_missing_items_are_left_out_and_counted() -> None:
    frame = survey(100, noise=0.5)
    frame.loc[:9, "q1"] = np.nan
    found = fit(frame)
    assert (found.n, found.excluded, len(found.scores)) == (90, 10, 90)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"paths": {"Satisfaction": ["Quality"]}}, "construct Loyalty has no path"),
        ({"paths": {**PATHS, "Quality": ["Loyalty"]}}, "run in a circle"),
        ({"paths": {**PATHS, "Loyalty": ["Image"]}}, "paths name Image, which has no block"),
        ({"blocks": {**BLOCKS, "Loyalty": ["l1", "nowhere"]}}, "no columns 'nowhere'"),
        ({"blocks": {**BLOCKS, "Loyalty": []}}, "construct Loyalty has no items"),
        ({"blocks": {**BLOCKS, "Loyalty": ["l1", "s1"]}}, "items s1 stand in two constructs"),
        ({"scheme": "inner"}, "scheme is 'inner'"),
        ({"modes": "C"}, "mode is 'C'"),
    ],
)
def test_designs_that_make_no_sense_are_refused(changed: dict, said: str) -> None:
    with pytest.raises(DataError, match=said):
        fit(survey(), **changed)


def test_constant_collinear_and_few_answers_are_refused() -> None:
    frame = survey(100, noise=0.5)
    with pytest.raises(DataError, match="same value of q2"):
        fit(frame.assign(q2=3))
    with pytest.raises(DataError, match="q1 and q3 say exactly the same"):
        fit(frame.assign(q3=2 * frame["q1"]), modes={"Quality": "B"})
    with pytest.raises(DataError, match="15 complete answers for the path model"):
        fit(frame.head(15))


def test_a_path_model_can_be_drawn() -> None:
    found = fit(survey(100, noise=0.5), draws=50)
    figure, ax = plt.subplots()
    assert found.plot(ax=ax) is ax
    assert [t.get_text() for t in ax.get_yticklabels()][-1] == "From Quality to Satisfaction"
    assert {"path.Quality.Loyalty", "r2.Loyalty"} <= set(found.estimates())
    plt.close(figure)


def test_each_scheme_weighs_the_neighbours_of_a_construct_in_its_own_way() -> None:
    layout = PathSpecification(
        ("Q", "S", "L"), ("q", "s", "l"), np.eye(3, dtype=bool),
        np.array([[False, True, True], [False, False, True], [False, False, False]]),
        ("A", "A", "A"), (0, 1, 2),
    )  # fmt: skip
    qs, ql, sl = 0.6, -0.3, 0.2
    among = np.array([[1, qs, ql], [qs, 1, sl], [ql, sl, 1]])
    zero = np.eye(3) == 0
    signs, plain, paths = (
        _inner(among[None], layout, scheme)[0] for scheme in ("centroid", "factorial", "path")
    )
    assert (signs == np.sign(among) * zero).all() and (plain == among * zero).all()
    # what it leads to by correlation, what leads to it by the regression on both
    two = [(ql - qs * sl) / (1 - qs**2), (sl - qs * ql) / (1 - qs**2)]
    assert paths == pytest.approx(np.array([[0, qs, two[0]], [qs, 0, two[1]], [ql, sl, 0]]))
