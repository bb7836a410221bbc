"""Cox regression recovers what was simulated, checks its assumption, names what it cannot do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.segments import hazards


def company(
    rng: np.random.Generator, n: int, *, later: float = 0.0
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Customers of hazard .1 exp(.5 score - .7 [plan plus]), `later` more by score from month 6."""
    frame = pd.DataFrame(
        {"score": rng.normal(size=n), "plan": np.where(rng.random(n) < 0.4, "plus", "basic")}
    )
    rate = 0.1 * np.exp(0.5 * frame["score"] - 0.7 * (frame["plan"] == "plus")).to_numpy()
    due = rng.exponential(size=n)
    early = 6 * rate
    time = np.where(
        due < early, due / rate, 6 + (due - early) / (rate * np.exp(later * frame["score"]))
    )
    watched = rng.uniform(5, 30, n)
    return frame, np.minimum(time, watched), time <= watched


def test_hazard_ratios_of_a_large_company_are_those_simulated() -> None:
    frame, time, left = company(np.random.default_rng(1), 1500)
    found = hazards(frame, time, left, reference={"plan": "basic"})
    assert found.coefficients["estimate"].tolist() == pytest.approx([0.5, -0.7], abs=0.15)
    assert (found.proportionality["p_value"] > 1e-3).all()
    # .655 is what 60,000 such customers give
    assert found.concordance.low < 0.655 < found.concordance.high


@pytest.mark.slow
def test_hazard_ratios_are_unbiased_and_covered() -> None:
    rng = np.random.default_rng(1)
    hits, sums, false = np.zeros(2), np.zeros(2), 0
    for _ in range(300):
        frame, time, left = company(rng, 250)
        found = hazards(frame, time, left, reference={"plan": "basic"})
        truth = np.exp([0.5, -0.7])
        hits += (found.table["low"] <= truth) & (truth <= found.table["high"])
        sums += found.coefficients["estimate"]
        false += bool(found.changing)
    assert (hits / 300 > 0.92).all() and (hits / 300 < 0.98).all()
    assert (sums / 300).tolist() == pytest.approx([0.5, -0.7], abs=0.05)
    assert false / 300 < 0.08


def test_an_effect_that_changes_with_time_is_found() -> None:
    rng = np.random.default_rng(2)
    caught = 0
    for _ in range(4):
        frame, time, left = company(rng, 400, later=-1.2)
        found = hazards(frame, time, left)
        caught += "score" in found.changing
        if "score" in found.changing:
            row = found.proportionality.set_index("term").loc["score"]
            assert row["rho"] < 0  # the effect falls with time
    assert caught == 4


def test_rows_that_belong_together_widen_the_interval() -> None:
    frame, time, left = company(np.random.default_rng(3), 200)
    thrice = pd.concat([frame] * 3, ignore_index=True)
    time3, left3 = np.tile(time, 3) + np.repeat([0, 1e-7, 2e-7], 200), np.tile(left, 3)
    plain = hazards(thrice, time3, left3).coefficients["se"]
    honest = hazards(thrice, time3, left3, cluster=np.tile(np.arange(200), 3)).coefficients["se"]
    once = hazards(frame, time, left).coefficients["se"]
    assert (plain < 0.7 * once).all()
    assert honest.tolist() == pytest.approx(once.tolist(), rel=0.2)


def test_levels_in_which_hardly_anybody_left_are_pooled() -> None:
    frame, time, left = company(np.random.default_rng(4), 300)
    frame["city"] = ["A"] * 280 + ["B"] * 6 + ["C"] * 6 + ["D"] * 8
    left[280:] = [True, False] * 10
    found = hazards(frame, time, left, drivers=["city"])
    assert found.table["term"].tolist() == ["city: other"]
    assert found.table["n"].tolist() == [20]


def test_rows_without_a_driver_are_left_out_and_counted() -> None:
    frame, time, left = company(np.random.default_rng(5), 200)
    frame.loc[:9, "score"] = np.nan
    found = hazards(frame, time, left)
    assert (found.n, found.left_out) == (190, 10)
    found.plot()
    assert set(found.estimates()) == {"concordance", *found.table["term"]}


def broken(**changes: object) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    frame, time, left = company(np.random.default_rng(6), 120)
    return frame.assign(**changes), time, left


@pytest.mark.parametrize(
    ("changes", "options", "words"),
    [
        ({}, {"drivers": ["scroe"]}, "no column 'scroe'.*columns: score, plan"),
        ({}, {"drivers": []}, "no driver"),
        ({"flat": 3}, {}, "flat is 3 throughout"),
        ({"word": "x"}, {}, "word is 'x' throughout"),
        ({"score": np.nan}, {}, "no row with all drivers known"),
        ({}, {"reference": {"plan": "gold"}}, "plan has no level 'gold'; levels: "),
        ({"infinite": np.inf}, {}, "infinite is infinite"),
    ],
)
def test_drivers_that_cannot_be_used_are_named(changes: dict, options: dict, words: str) -> None:
    frame, time, left = broken(**changes)
    with pytest.raises(DataError, match=words):
        hazards(frame, time, left, **options)


def test_a_group_without_events_is_named() -> None:
    frame, time, left = broken()
    frame["city"] = ["A"] * 110 + ["B"] * 10
    left[110:] = False
    with pytest.raises(DataError, match=r"nobody left whose city is 'B' \(10 rows\)"):
        hazards(frame, time, left)


def test_a_driver_that_the_others_tell_is_left_out_and_named() -> None:
    frame, time, left = broken()
    plain = hazards(frame, time, left)
    assert plain.redundant == () and len(plain.findings()) == 3
    twice = frame.assign(fee=np.where(frame["plan"] == "plus", 99.0, 59.0))
    found = hazards(twice, time, left)
    assert found.redundant == ("fee",)
    pd.testing.assert_frame_equal(found.table, plain.table)
    assert any("say the same already: fee" in each.text for each in found.findings())


def test_of_a_region_and_its_cities_the_cities_stay_whole() -> None:
    frame, time, left = broken()
    city = np.resize(["A", "B", "C", "D"], len(frame))
    nested = frame.assign(region=np.where(np.isin(city, ["A", "B"]), "north", "south"), city=city)
    found = hazards(nested, time, left)
    assert found.redundant == ("region",)
    assert (found.table["driver"] == "city").sum() == 3
    alone = hazards(nested.drop(columns="region"), time, left)
    assert found.log_likelihood == pytest.approx(alone.log_likelihood)


def test_a_driver_that_settles_everything_is_named() -> None:
    frame, time, _ = broken()
    frame = pd.DataFrame({"due": -time, "noise": frame["score"]})
    with pytest.raises(DataError, match="the effect of 'due' cannot be estimated"):
        hazards(frame, time, np.ones(len(time), bool))


def test_customers_who_are_all_still_there_tell_nothing() -> None:
    frame, time, _ = broken()
    with pytest.raises(DataError, match="nobody has left: all 120 are still there"):
        hazards(frame, time, np.zeros(120, bool))
    with pytest.raises(DataError, match="there is no customer"):
        hazards(frame.iloc[:0], [], [])
    with pytest.raises(DataError, match="120 rows of drivers and 2 durations"):
        hazards(frame, [1.0, 2.0], [True, True])
