"""Every estimate takes survey weights: equal ones change nothing, whole ones count as copies."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.satisfaction import (
    aspect_table,
    comment_tones,
    confirm,
    cronbach_alpha,
    gaps,
    kano,
    leaving_after,
    omega,
    overall_scores,
    path_model,
    pilot,
    purchases_after,
    read_answers,
    read_comments,
    reliability,
    service_drivers,
    validity,
)
from workbench.satisfaction.measurement.alpha import alpha_from_covariance
from workbench.stats import mean_interval, rake, share_interval
from workbench.study.survey import Survey

FACTORS = {"a": ["a1", "a2", "a3", "a4"], "b": ["b1", "b2", "b3"]}
NAMES = [*FACTORS["a"], *FACTORS["b"]]
OF = np.array([0, 0, 0, 0, 1, 1, 1])


def population(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Items on a scale of seven from two halves of customers who answer alike but not the same."""
    young = rng.random(n) < 0.5
    slope = np.where(young[:, None], 1.0, 0.6)
    factor = rng.normal(size=(n, 1)) * 0.6 + 0.8 * rng.normal(size=(n, 2))
    x = 4 + 0.4 * young[:, None] + slope * factor[:, OF] + 0.8 * rng.normal(size=(n, 7))
    frame = pd.DataFrame(np.clip(np.round(x), 1, 7), columns=NAMES)
    return frame.assign(age=np.where(young, "young", "old"))


def sample(n: int, rng: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray]:
    """Answers in which the young are three times as likely to be, raked to the truth."""
    everybody = population(3 * n, rng)
    chance = np.where(everybody["age"] == "young", 0.5, 1 / 6)
    frame = everybody[rng.random(len(everybody)) < chance].reset_index(drop=True)
    return frame[NAMES], rake(frame, {"age": {"young": 0.5, "old": 0.5}}).weights


def frames() -> tuple[pd.DataFrame, np.ndarray, pd.DataFrame]:
    """Answers, how often each is taken, and the answers so often."""
    rng = np.random.default_rng(3)
    frame, times = population(160, rng)[NAMES], rng.integers(1, 4, 160)
    return frame, times, frame.loc[frame.index.repeat(times)].reset_index(drop=True)


def survey(frame: pd.DataFrame, weight: np.ndarray | None = None):
    """Answers with expectation, importance and satisfaction made of the same items."""
    columns: dict[str, object] = {"respondent_id": np.arange(len(frame))}
    for item in NAMES:
        columns[f"per_{item}"] = frame[item]
        columns[f"exp_{item}"] = np.minimum(frame[item] % 4 + 4, 7)
        columns[f"imp_{item}"] = frame[item] % 3 + 3
    columns["csat5"] = np.clip(frame["a1"] - 1, 1, 5)
    found = read_answers(pd.DataFrame(columns), Survey(dimensions=FACTORS, scale=(1, 7)))
    return found if weight is None else found.with_background(weight=weight)


def numbers(frame: pd.DataFrame, w: np.ndarray | None) -> dict[str, np.ndarray]:
    """Each point estimate that does not depend on the number of answers."""
    alpha, model = cronbach_alpha(frame, weights=w), confirm(frame, FACTORS, weights=w)
    valid = validity(frame, FACTORS, weights=w, rng=np.random.default_rng(1), draws=5)
    answers = survey(frame, w)
    looked = pilot(answers).items
    trusted = reliability(answers).table
    path = path_model(
        frame,
        blocks=FACTORS,
        paths={"b": ["a"]},
        weights=w,
        rng=np.random.default_rng(1),
        draws=5,
    )
    return {
        "alpha": np.array([alpha.estimate]),
        "items": alpha.items[["mean", "item_rest", "alpha_if_dropped"]].to_numpy(),
        "pairwise": np.array([cronbach_alpha(frame, weights=w, missing="pairwise").estimate]),
        "omega": np.array([omega(frame[FACTORS["a"]], weights=w)[0].value]),
        "loadings": model.loadings[["estimate", "raw", "r2"]].to_numpy(),
        "fit": np.array([model.srmr, model.chi2 / model.n]),
        "validity": valid.table[["cr", "ave", "shared"]].to_numpy(),
        "htmt": valid.pairs[["correlation", "estimate"]].to_numpy(),
        "pilot": looked[["mean", "floor", "ceiling"]].to_numpy(),
        "reliability": trusted[["estimate", "omega", "from_parts"]].to_numpy(dtype=float),
        "gaps": gaps(answers).items[["expectation", "perception", "estimate"]].to_numpy(),
        "scores": overall_scores(answers).table["estimate"].to_numpy(),
        "drivers": service_drivers(answers, rng=np.random.default_rng(1), draws=0)
        .table["estimate"]
        .to_numpy(),
        "path": path.table["estimate"].to_numpy(),
    }


def test_whole_weights_count_as_repeated_answers() -> None:
    frame, times, often = frames()
    weighted, repeated = numbers(frame, times.astype(float)), numbers(often, None)
    for name, value in weighted.items():
        assert value == pytest.approx(repeated[name], rel=1e-5, nan_ok=True), name


def test_equal_weights_give_the_unweighted_answer_to_the_last_digit() -> None:
    frame, _, _ = frames()
    plain, equal = numbers(frame, None), numbers(frame, np.full(len(frame), 2.5))
    for name, value in plain.items():
        assert np.array_equal(value, equal[name], equal_nan=True) or name in (
            "gaps",
            "scores",
            "pilot",
            "drivers",
            "path",
        ), name
        assert value == pytest.approx(equal[name], rel=1e-9, nan_ok=True), name
    one, two = (confirm(frame, FACTORS, weights=w) for w in (None, np.full(len(frame), 2.5)))
    pd.testing.assert_frame_equal(one.fit, two.fit)
    pd.testing.assert_frame_equal(one.loadings, two.loadings)
    assert not two.weighted and one.scaled == two.scaled


def test_weights_that_tell_nothing_cost_precision_and_scale_the_chi_square() -> None:
    rng = np.random.default_rng(5)
    frame, w = population(4000, rng)[NAMES], rng.choice([0.3, 1.7], 4000)
    cost = len(w) * np.square(w).sum() / w.sum() ** 2
    plain, weighted = confirm(frame, FACTORS), confirm(frame, FACTORS, weights=w)
    assert weighted.scaling / plain.scaling == pytest.approx(cost, rel=0.1)
    assert weighted.rmsea == pytest.approx(plain.rmsea, abs=0.01)
    assert weighted.cfi == pytest.approx(plain.cfi, abs=0.01)
    assert weighted.tli == pytest.approx(plain.tli, abs=0.01)
    width = (weighted.loadings["se"] / plain.loadings["se"]).mean()
    assert width == pytest.approx(np.sqrt(cost), rel=0.1)
    one, two = cronbach_alpha(frame), cronbach_alpha(frame, weights=w)
    assert (two.high - two.low) / (one.high - one.low) == pytest.approx(np.sqrt(cost), rel=0.1)


def test_the_errors_of_normal_answers_refuse_weights() -> None:
    frame, times, _ = frames()
    with pytest.raises(DataError, match="know no weights"):
        confirm(frame, FACTORS, weights=times, errors="expected")


def test_answers_of_weight_zero_are_not_there() -> None:
    frame, _, _ = frames()
    w = np.where(np.arange(160) < 120, 1.0, 0.0)
    assert cronbach_alpha(frame, weights=w).estimate == pytest.approx(
        cronbach_alpha(frame.head(120)).estimate
    )
    found = confirm(frame, FACTORS, weights=w)
    assert found.n == 120 and found.chi2 == pytest.approx(confirm(frame.head(120), FACTORS).chi2)


def test_later_purchases_and_leaving_take_weights_as_copies() -> None:
    rng = np.random.default_rng(8)
    n, times = 200, rng.integers(1, 4, 200)
    score = rng.integers(1, 6, n)
    asked = pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(n)],
            "answered_on": "2025-01-10",
            "csat5": score,
            "weight": times.astype(float),
        }
    )
    count = rng.poisson(0.4 * score)
    bought = pd.DataFrame({"customer_id": asked["customer_id"].repeat(count), "date": "2025-03-01"})
    end = np.where(rng.random(n) < 0.5 - 0.08 * score, "2025-02-01", None)
    contracts = pd.DataFrame(
        {"customer_id": asked["customer_id"], "start": "2024-01-01", "end": end}
    )
    often = asked.loc[asked.index.repeat(times)].drop(columns="weight")
    for relate, table in ((purchases_after, bought), (leaving_after, contracts)):
        day = pd.Timestamp("2025-12-31").date()
        one, two = (relate(frame, table, as_of=day) for frame in (asked, often))
        assert one.table["estimate"].to_numpy() == pytest.approx(two.table["estimate"].to_numpy())
        assert one.levels["estimate"].to_numpy() == pytest.approx(two.levels["estimate"].to_numpy())
        plain = relate(asked.drop(columns="weight"), table, as_of=day)
        assert plain.adjusted.value != pytest.approx(one.adjusted.value, rel=1e-3)


def test_the_errors_of_weighted_rates_are_the_sandwich_over_customers() -> None:
    rng = np.random.default_rng(4)
    n = 240
    score = np.tile([1, 2, 4, 5], n // 4)
    asked = pd.DataFrame(
        {
            "customer_id": [f"c{i // 2}" for i in range(n)],
            "answered_on": np.where(np.arange(n) % 2, "2024-01-10", "2025-01-10"),
            "csat5": score,
            "weight": rng.choice([0.5, 2.0], n),
        }
    )
    dates = pd.to_datetime(asked["answered_on"]) + pd.Timedelta(days=30)
    count = rng.poisson(0.5 * score)
    bought = asked.assign(date=dates)[["customer_id", "date"]].loc[asked.index.repeat(count)]
    found = purchases_after(asked, bought, as_of=pd.Timestamp("2025-12-31").date()).table.iloc[0]
    x, w = np.column_stack([np.ones(n), score]), asked["weight"].to_numpy() / asked["weight"].mean()
    slope = np.log(found["estimate"])
    level = np.log((w * count).sum() / (w * np.exp(slope * score)).sum())
    mu = np.exp(level + slope * score)
    scores = ((w * (count - mu))[:, None] * x).reshape(n // 2, 2, 2).sum(axis=1)
    bread = np.linalg.inv((x * (w * mu)[:, None]).T @ x)
    few = (n / 2) / (n / 2 - 1) * (n - 1) / (n - 2)
    se = np.sqrt(few * (bread @ scores.T @ scores @ bread)[1, 1])
    assert np.log(found["high"]) - slope == pytest.approx(1.959964 * se, rel=1e-4)


def test_shares_of_comments_take_weights_and_people_who_write_twice() -> None:
    book = {"app": {"title": {"en": "App"}, "words": {"en": ["app"]}}}
    texts = pd.Series(["The app works", "The shop is open"] * 50)
    w = np.tile([3.0, 1.0], 50)
    plain = read_comments(texts, book)
    heavy = read_comments(texts, book, weights=w)
    assert heavy.covered.value == pytest.approx(0.75)
    # fifty people wrote twice, about the app both times or never
    twice = read_comments(texts, book, people=np.tile([0, 1], 50) + 2 * (np.arange(100) // 4))
    assert plain.covered.high - plain.covered.low < twice.covered.high - twice.covered.low
    frame = pd.DataFrame({"comment": texts, "csat5": 5})
    table = aspect_table(heavy, comment_tones(frame, heavy)).table
    assert table.loc[0, "share"] == pytest.approx(0.75)


def test_the_scores_of_the_whole_service_stand_side_by_side() -> None:
    frame, times, _ = frames()
    answers = survey(frame, times.astype(float))
    scores = overall_scores(answers)
    table = scores.table.set_index("score")
    overall = gaps(answers).overall
    assert table.loc["SERVQUAL"].tolist() == pytest.approx(
        overall[["n", "estimate", "low", "high"]].tolist()
    )
    own = scores.estimates()["SERVQUAL, weighted by importance"]
    assert table.loc["SERVQUAL, weighted by importance", ["estimate", "low", "high"]].tolist() == (
        pytest.approx(list(own))
    )
    change = table.loc["What importance changes"]
    assert change["estimate"] == pytest.approx(own.value - overall["estimate"])
    assert table.loc["SERVPERF", "estimate"] == pytest.approx(overall["perception"])
    bare = overall_scores(survey(frame).subset(np.ones(160, dtype=bool)))
    assert len(bare.table) == 4
    from dataclasses import replace

    without = overall_scores(replace(answers, importance=pd.DataFrame(index=frame.index))).table
    assert list(without["score"]) == ["SERVQUAL", "SERVPERF"]


def truth() -> dict[str, np.ndarray]:
    """What the whole population gives."""
    many = population(400_000, np.random.default_rng(99))
    frame = many[NAMES]
    a = frame[FACTORS["a"]].to_numpy()
    model = confirm(frame.head(150_000), FACTORS)
    alpha = cronbach_alpha(frame[FACTORS["a"]])
    valid = validity(frame.head(150_000), FACTORS, rng=np.random.default_rng(1), draws=2)
    return {
        "alpha": np.array([alpha_from_covariance(np.cov(a, rowvar=False))]),
        "item_rest": alpha.items["item_rest"].to_numpy(),
        "loadings": model.loadings["estimate"].to_numpy(),
        "omega": np.array([omega(frame[FACTORS["a"]])[0].value]),
        "cr": valid.table["cr"].to_numpy(),
        "ave": valid.table["ave"].to_numpy(),
        "htmt": valid.pairs["estimate"].to_numpy(),
        "mean": np.array([a[:, 0].mean()]),
        "share": np.array([(a[:, 0] >= 6).mean()]),
    }


def coverage(n: int, runs: int) -> dict[str, np.ndarray]:
    true = truth()
    hits = {name: np.zeros(value.size) for name, value in true.items()}
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        frame, w = sample(n, rng)
        alpha = cronbach_alpha(frame[FACTORS["a"]], weights=w)
        valid = validity(frame, FACTORS, weights=w, rng=rng, draws=199)
        one = omega(frame[FACTORS["a"]], weights=w)[0]
        t = valid.table
        first = frame["a1"].to_numpy()
        limits = {
            "alpha": ([alpha.low], [alpha.high]),
            "item_rest": (alpha.items["item_rest_low"], alpha.items["item_rest_high"]),
            "loadings": (valid.model.loadings["low"], valid.model.loadings["high"]),
            "omega": ([one.low], [one.high]),
            "cr": (t["cr_low"], t["cr_high"]),
            "ave": (t["ave_low"], t["ave_high"]),
            "htmt": (valid.pairs["low"], valid.pairs["high"]),
            "mean": [[x] for x in tuple(mean_interval(first, weights=w))[1:]],
            "share": [[x] for x in tuple(share_interval(first >= 6, weights=w))[1:]],
        }
        for name, (low, high) in limits.items():
            hits[name] += (np.asarray(low) <= true[name]) & (true[name] <= np.asarray(high))
    return {name: count / runs for name, count in hits.items()}


def test_weighted_intervals_cover_where_some_answer_more_readily() -> None:
    # 60 samples: at 95 % three standard errors are eight points, so this tells gross errors only
    found = coverage(300, 60)
    assert all((c >= 0.86).all() for c in found.values()), found


@pytest.mark.slow
def test_weighted_intervals_hold_their_level() -> None:
    found = coverage(300, 1000)
    print(found)
    assert all(((c >= 0.925) & (c <= 0.98)).all() for c in found.values()), found


def test_kano_categories_count_people_once() -> None:
    rng = np.random.default_rng(2)
    one = pd.DataFrame({"kano_f_01": rng.integers(1, 6, 80), "kano_d_01": rng.integers(1, 6, 80)})
    twice = pd.concat([one, one], ignore_index=True)
    who = np.tile(np.arange(80), 2)
    plain, apart, together = (
        kano(f, rng=np.random.default_rng(1), draws=20, people=p).table.iloc[0]
        for f, p in ((one, None), (twice, None), (twice, who))
    )
    widths = [row["high"] - row["low"] for row in (plain, apart, together)]
    assert widths[1] < 0.8 * widths[0]
    assert widths[2] == pytest.approx(widths[0], rel=0.02)
