"""Staggered adoption: group-time effects, their averages, bands, and what is refused."""

from __future__ import annotations

import warnings
from dataclasses import replace

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.impact.cards import case_of
from workbench.impact import (
    Adoption,
    CaseError,
    CaseReport,
    evaluate,
    read_adoption,
    staggered_adoption,
    two_way_fixed_effects,
)
from workbench.impact.designs.staggered.group_time import (
    average_all,
    by_calendar,
    group_time_effects,
    uniform_quantile,
)
from workbench.impact.inputs.assignment import first_days

PERIODS = [f"{2010 + i}" for i in range(8)]


def records(
    rng: np.random.Generator,
    *,
    per_group: int = 30,
    growth: float = 0.0,
    effect: float = 1.0,
    slope: float = 0.0,
    never: bool = True,
) -> pd.DataFrame:
    """Groups that start in the 4th, 5th and 7th of eight years, and one that never does."""
    rows = []
    unit = 0
    for start in (3, 4, 6, *([99] if never else [])):
        for _ in range(per_group):
            x = rng.normal() + (start < 99) * 0.8
            noise = rng.normal(size=8) * 0.7 + rng.normal()
            for t in range(8):
                gain = (effect + growth * (t - start)) if t >= start else 0.0
                y = noise[t] + 0.2 * t + slope * x * t + gain
                first = PERIODS[start] if start < 99 else None
                rows.append((unit, PERIODS[t], y, first, x))
            unit += 1
    return pd.DataFrame(rows, columns=["unit", "year", "y", "first", "x"])


def adoption(frame: pd.DataFrame, **options):
    return read_adoption(frame, "first", unit="unit", period="year", outcome="y", **options)


@pytest.mark.parametrize("controls", ["never", "not yet"])
@pytest.mark.parametrize("covariates", [(), ("x",)])
@pytest.mark.parametrize("base", ["universal", "varying"])
def test_it_agrees_with_an_independent_package(controls, covariates, base) -> None:
    diff_diff = pytest.importorskip("diff_diff", reason="the oracle is not installed")
    frame = records(np.random.default_rng(5), growth=0.3, slope=0.05)
    found = staggered_adoption(adoption(frame, covariates=covariates), controls=controls, base=base)
    frame["first"] = frame["first"].astype(object).fillna(0).astype(int)
    frame["year"] = frame["year"].astype(int)
    oracle = diff_diff.CallawaySantAnna(
        control_group="never_treated" if controls == "never" else "not_yet_treated",
        estimation_method="dr",
        base_period=base,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = oracle.fit(
            frame,
            outcome="y",
            unit="unit",
            time="year",
            first_treat="first",
            covariates=list(covariates) or None,
            aggregate="all",
        )
    simple = found.overall.set_index("average").loc["simple"]

    # its logit stops earlier; the next test holds ours against statsmodels
    def near(estimate: float, se: float):
        return pytest.approx((estimate, se), rel=1e-9, abs=0.03 * se if covariates else 1e-12)

    assert (simple["estimate"], simple["se"]) == near(other.overall_att, other.overall_se)
    assert found.effect == simple["estimate"]
    events = found.dynamic.set_index("event")
    for event, row in other.event_study_effects.items():
        if np.isfinite(row["se"]) and row["se"] > 0 and event in events.index:
            own = events.loc[event]
            assert (own["estimate"], own["se"]) == near(row["effect"], row["se"])
    groups = found.by_group.set_index("group")
    for group, row in other.group_effects.items():
        own = groups.loc[str(group)]
        assert (own["estimate"], own["se"]) == near(row["effect"], row["se"])


def test_the_doubly_robust_effect_is_that_of_its_formula() -> None:
    # Sant'Anna, Zhao (2020), equation 2.5, with statsmodels' logit and least squares
    import statsmodels.api as sm

    read = adoption(records(np.random.default_rng(5), slope=0.05), covariates=("x",))
    sub = (read.first == 3) | (read.first == 8)
    change = (read.outcome[:, 5] - read.outcome[:, 2])[sub]
    d, x = (read.first[sub] == 3).astype(float), sm.add_constant(read.covariates[sub])
    score = sm.Logit(d, x).fit(disp=0, method="newton", tol=1e-14).predict(x)
    left = change - x @ sm.OLS(change[d == 0], x[d == 0]).fit().params
    odds = (1 - d) * score / (1 - score)
    expected = left[d == 1].mean() - odds @ left / odds.sum()
    cells = group_time_effects(read)
    at = (cells.group == 3) & (cells.time == 5)
    assert cells.estimate[at][0] == pytest.approx(expected, rel=1e-9)
    # the influence is what the estimate does when single units are left out
    n = len(read.units)
    chosen = np.flatnonzero(sub)[::10]
    moved = np.array(
        [group_time_effects(read.select(np.arange(n) != i)).estimate[at][0] for i in chosen]
    )
    assert np.corrcoef(moved, cells.influence[chosen][:, at][:, 0])[0, 1] < -0.98


def test_one_start_gives_the_difference_of_four_means() -> None:
    frame = records(np.random.default_rng(1))
    frame = frame[frame["first"].isin(["2014"]) | frame["first"].isna()]
    cells = group_time_effects(adoption(frame))
    own = frame.assign(d=frame["first"].notna()).pivot_table(index="d", columns="year", values="y")
    for t, estimate in zip(cells.time, cells.estimate, strict=True):
        four = own.diff().iloc[1]
        assert estimate == pytest.approx(four[PERIODS[t]] - four["2013"])


def test_growing_effects_fool_two_way_fixed_effects_and_not_the_groups() -> None:
    rng = np.random.default_rng(2)
    own, pooled = [], []
    for _ in range(20):
        frame = records(rng, per_group=15, effect=0.5, growth=1.0, never=False)
        read = adoption(frame)
        found = staggered_adoption(read, controls="not yet")
        # against those not treated yet, group 2016 can never be judged: nobody is left
        after = found.group_time[found.group_time["period"] >= found.group_time["group"]]
        passed = after["period"].astype(int) - after["group"].astype(int)
        size = after["treated"]
        own.append(found.effect - np.average(0.5 + 1.0 * passed, weights=size))
        one = two_way_fixed_effects(read)
        pooled.append(one.effect)
        assert [c.severity for c in one.checks] == ["warning"]
    assert abs(np.mean(own)) < 0.15
    assert np.mean(pooled) < 0.3, "every true effect is at least 0.5"


def test_intervals_and_bands_cover() -> None:
    rng = np.random.default_rng(11)
    hits, bands, runs = 0, 0, 50
    for _ in range(runs):
        found = staggered_adoption(adoption(records(rng, per_group=12)))
        hits += found.low <= 1 <= found.high
        truth = (found.dynamic["event"] >= 0).astype(float)
        inside = (found.dynamic["band_low"] <= truth) & (truth <= found.dynamic["band_high"])
        bands += inside.all()
    assert 0.86 <= hits / runs <= 1
    assert 0.86 <= bands / runs <= 1
    assert (found.dynamic["band_high"] >= found.dynamic["high"]).all()


def test_covariates_take_out_a_trend_that_hangs_on_them() -> None:
    rng = np.random.default_rng(8)
    plain, adjusted = [], []
    for _ in range(4):
        frame = records(rng, per_group=60, slope=0.3, effect=0.0)
        plain.append(staggered_adoption(adoption(frame)).effect)
        adjusted.append(staggered_adoption(adoption(frame, covariates=("x",))).effect)
    assert np.mean(plain) > 0.3
    assert abs(np.mean(adjusted)) < 0.15


def test_drift_before_the_starts_is_noticed_and_none_is_not() -> None:
    rng = np.random.default_rng(3)
    steady = [staggered_adoption(adoption(records(rng))).checks[0].severity for _ in range(12)]
    assert steady.count("warning") <= 3
    drifting = staggered_adoption(adoption(records(rng, per_group=60, slope=0.9)))
    assert drifting.checks[0].severity == "warning"


def test_the_same_data_give_the_same_bands() -> None:
    frame = records(np.random.default_rng(6))
    one, two = (staggered_adoption(adoption(frame)) for _ in range(2))
    pd.testing.assert_frame_equal(one.dynamic, two.dynamic)


def test_an_unbalanced_panel_says_so_and_uses_what_was_seen() -> None:
    frame = records(np.random.default_rng(7))
    found = staggered_adoption(adoption(frame.drop(index=[0, 5, 77])))
    check = next(c for c in found.checks if c.key == "unbalanced")
    assert check.text.startswith("3 of") and found.low < 1 < found.high


def test_nothing_is_dropped_in_silence() -> None:
    frame = records(np.random.default_rng(7))
    frame.loc[frame["unit"] == 0, "first"] = "2010"
    frame.loc[frame["unit"] == 1, "x"] = np.nan
    frame.loc[3 * 8 : 3 * 8 + 1, "y"] = np.nan
    read = adoption(frame, covariates=("x",))
    left = read.exclusions.set_index("reason")["n"].to_dict()
    assert left == {
        "no value": 2,
        "treated from the first period on": 1,
        "a covariate is missing": 1,
    }


def test_starts_by_date_name_their_period_and_late_or_unknown_ones_are_counted() -> None:
    months = pd.date_range("2024-01-01", periods=6, freq="MS")
    frame = pd.DataFrame(
        {
            "customer_id": np.repeat(np.arange(8), 6),
            "period": np.tile(months, 8),
            "estimate": np.random.default_rng(1).normal(size=48),
        }
    )
    starts = {0: "2024-03-01", 1: "2024-04-15", 2: "2024-11-01", "stranger": "2024-03-01"}
    read = read_adoption(frame, starts)
    assert read.first[:3].tolist() == [2, 3, 6]
    reasons = read.exclusions.set_index("reason")["n"].to_dict()
    assert reasons == {
        "treated, but not in the outcome": 1,
        "first treated after the data end; compared as untreated": 1,
        "first treated within a period; that period counts as treated": 1,
    }


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda d: pd.concat([d, d.iloc[[0]]]), "occur more than once"),
        (lambda d: d.assign(y=1.0), "the outcome is 1 everywhere"),
        (lambda d: d.assign(first=None), "nobody was treated"),
        (lambda d: d.assign(first=d["first"].where(d["first"].isna(), "2010")), "first period on"),
        (lambda d: d[d["year"] != "2013"], "the calendar has a gap: 2013"),
        (lambda d: d.drop(columns="y"), "no column 'y'"),
        (lambda d: d.assign(y=np.nan), "no outcome to compare"),
    ],
)
def test_bad_input_is_an_error(spoil, words) -> None:
    with pytest.raises(CaseError, match=words):
        adoption(spoil(records(np.random.default_rng(1), per_group=3)))


def test_treated_never_seen_before_are_an_error() -> None:
    frame = records(np.random.default_rng(1), per_group=3)
    treated = frame["first"].notna()
    frame = frame[~treated | (frame["year"] >= frame["first"])]
    with pytest.raises(CaseError, match="before its start"):
        adoption(frame)


def test_one_treated_unit_is_refused() -> None:
    frame = records(np.random.default_rng(1), per_group=3)
    frame = frame[frame["first"].isna() | (frame["unit"] == 0)]
    with pytest.raises(CaseError, match="one treated unit"):
        staggered_adoption(adoption(frame))


def test_never_treated_controls_that_do_not_exist_are_refused() -> None:
    frame = records(np.random.default_rng(1), per_group=3, never=False)
    with pytest.raises(CaseError, match="every unit was treated"):
        staggered_adoption(adoption(frame), controls="never")


def test_a_covariate_that_tells_the_treated_is_refused() -> None:
    frame = records(np.random.default_rng(1), per_group=10)
    frame["x"] = frame["first"].notna() * 10.0 + np.random.default_rng(2).normal(size=len(frame))
    frame["x"] = frame.groupby("unit")["x"].transform("first")
    with pytest.raises(CaseError, match="tell the units first treated"):
        staggered_adoption(adoption(frame, covariates=("x",)))


def test_a_case_with_several_starts_is_judged_by_its_groups() -> None:
    rng = np.random.default_rng(4)
    n, months = 120, pd.date_range("2024-01-01", periods=12, freq="MS")
    start = np.where(np.arange(n) < 30, 5, np.where(np.arange(n) < 60, 8, 99))
    y = 10 + rng.normal(size=(n, 1)) + rng.normal(size=(n, 12))
    y += 1.5 * (np.arange(12)[None, :] >= start[:, None])
    frame = pd.DataFrame(
        {
            "customer_id": np.repeat(np.arange(n), 12),
            "period": np.tile(months, n),
            "estimate": y.ravel(),
        }
    )
    treatments = pd.DataFrame(
        {"case": "offer", "customer_id": np.arange(60), "start": months[start[:60]]}
    )
    card = case_of("offer", months[5], "random")
    found = evaluate(frame, card, treatments, outcome="sales")
    assert found.effect is not None and found.effect.design == "staggered adoption"
    assert found.effect.low < 1.5 < found.effect.high and found.effect.clear
    assert "two-way fixed effects" in set(found.answers["design"])
    assert found.designs.set_index("design").loc["staggered adoption", "answers"]


def test_it_can_be_drawn() -> None:
    found = staggered_adoption(adoption(records(np.random.default_rng(6))))
    for draw in (found.plot, found.plot_gaps):
        figure, ax = plt.subplots()
        draw(ax=ax)
        assert ax.lines
        plt.close(figure)
    assert len(found.table) == 1 and set(found.estimates()) == {"effect", "relative"}


def test_a_group_starts_on_the_day_on_which_most_of_its_customers_did() -> None:
    rng = np.random.default_rng(8)
    months = pd.date_range("2024-01-01", periods=18, freq="MS")
    people = np.arange(240)
    frame = pd.DataFrame(
        {"customer_id": np.repeat(people, 18), "period": np.tile(months, 240)}
    ).assign(city=lambda d: "C" + (d["customer_id"] // 10).astype(str).str.zfill(2))
    frame["estimate"] = 10 + rng.normal(size=len(frame)) + (frame["customer_id"] // 10) * 0.1
    first = {"C00": "2025-01-01", "C01": "2025-01-01", "C02": "2025-03-01", "C03": "2025-03-01"}
    rows = pd.DataFrame(
        [("c", 10 * i + k, day) for i, day in enumerate(first.values()) for k in range(9)],
        columns=["case", "customer_id", "start"],
    )
    rows.loc[0, "start"] = "2025-05-01"  # one who came late does not move the city's start
    started = frame["city"].map(first)
    frame.loc[
        frame["period"] >= pd.to_datetime(started).fillna(pd.Timestamp("2100-01-01")), "estimate"
    ] += 2
    card = case_of("c", "2025-01-01", "volunteers", unit="city")
    starts = first_days(card, frame, rows)
    assert starts.to_dict() == {city: pd.Timestamp(day) for city, day in first.items()}
    found = evaluate(frame, card, rows, outcome="sales")
    assert found.effect.design == "staggered adoption"
    assert found.effect.low < 2 < found.effect.high
    assert found.glance is not None and found.foresight.main.design == "difference in differences"


def test_where_all_start_in_the_end_those_not_yet_treated_serve() -> None:
    rng = np.random.default_rng(9)
    years = pd.date_range("2000-01-01", periods=10, freq="YS")
    starts = {f"C{i:02d}": years[5 if i < 8 else 8] for i in range(16)}
    frame = pd.DataFrame(
        [(c, y, 20 + rng.normal() + 4 * (y >= s)) for c, s in starts.items() for y in years],
        columns=["city", "period", "estimate"],
    )
    form = {"unit": "city", "period": "year", "fit": {"scale": "log"}}
    dates = {city: day.date() for city, day in starts.items()}
    card = case_of("c", years[5], "volunteers", starts=dates, **form)
    found = evaluate(frame, card, outcome="x")
    assert found.effect.relative_low < 0.2 < found.effect.relative_high
    shown = CaseReport.of(card, [found]).starts
    assert shown.comparison.values["controls"] == "that had not started yet"
    together = case_of(
        "c", years[5], "volunteers", starts=dict.fromkeys(dates, years[5].date()), **form
    )
    assert evaluate(frame, together, outcome="x").refused


def test_the_relative_effect_of_two_way_effects_has_an_interval_that_holds() -> None:
    rng, held = np.random.default_rng(10), 0
    for _ in range(60):
        first = np.r_[np.repeat([4, 6], 10), np.repeat(10, 20)]
        y = 20 + rng.normal(size=(40, 1)) + rng.normal(size=(40, 10))
        y += 2 * (np.arange(10) >= first[:, None])
        a = Adoption(
            y, np.ones_like(y), pd.RangeIndex(40), pd.RangeIndex(2000, 2010), first,
            np.zeros((40, 0)), np.ones(40),
        )  # fmt: skip
        found = two_way_fixed_effects(a)
        held += found.relative_low < 0.1 < found.relative_high
    # nominal 95 %: 57 of 60
    assert held >= 53
    # the first start is in the fifth of ten years
    assert (found.n_before, found.n_after, found.n_units, found.n_treated) == (4, 6, 40, 20)


def test_the_picture_has_the_same_units_in_every_period() -> None:
    frame = records(np.random.default_rng(8), per_group=200)
    found = staggered_adoption(adoption(frame)).series
    ever = frame[frame["first"].notna()].groupby("year")["y"].mean()
    assert found["observed"].to_numpy() == pytest.approx(ever.to_numpy())
    assert found["after"].tolist() == [False] * 3 + [True] * 5
    # a third of the units gained 1 from the 4th year on, two thirds from the 5th, all from the 7th
    gain = np.array([0, 0, 0, 1, 2, 2, 3, 3]) / 3
    truth = found["observed"] - gain
    assert found["counterfactual"].to_numpy() == pytest.approx(truth.to_numpy(), abs=0.15)
    after = found[found["after"]]
    assert after["low"].lt(truth[after.index]).all() and after["high"].gt(truth[after.index]).all()
    assert (after["high"] - after["low"]).lt(0.5).all()
    assert found.loc[~found["after"], ["low", "high"]].isna().all(axis=None)
    ragged = staggered_adoption(adoption(frame), base="varying").series
    assert ragged.loc[~ragged["after"], "counterfactual"].isna().all()
    assert ragged["counterfactual"].tail(5).tolist() == found["counterfactual"].tail(5).tolist()


def test_a_period_in_which_a_group_has_no_comparison_is_left_out_of_the_picture() -> None:
    frame = records(np.random.default_rng(8), never=False)
    found = staggered_adoption(adoption(frame)).series.set_index("period")["counterfactual"]
    assert found.notna().tolist() == [True] * 6 + [False] * 2


def test_what_started_in_the_last_period_counts_from_then_on() -> None:
    frame = pd.DataFrame({"unit": list("aabbcc"), "year": ["2010", "2011"] * 3, "y": range(6)})
    starts = {"a": pd.Timestamp("2011-06-01"), "b": pd.Timestamp("2013-01-01")}
    read = read_adoption(frame, starts, unit="unit", period="year", outcome="y")
    # the second year lasts as long as the first did: June lies in it, 2013 does not
    assert read.first.tolist() == [1, 2, 2]
    reasons = dict(read.exclusions[["reason", "n"]].to_numpy())
    assert reasons == {
        "first treated after the data end; compared as untreated": 1,
        "first treated within a period; that period counts as treated": 1,
    }


def test_a_unit_without_its_covariate_or_its_size_is_left_out() -> None:
    frame = records(np.random.default_rng(1), per_group=3).assign(size=2.0)
    frame.loc[frame["unit"] == 0, "x"] = np.nan
    frame.loc[frame["unit"] == 4, "size"] = 0.0
    frame.loc[frame["unit"] == 10, "size"] = np.nan
    read = adoption(frame, covariates=["x"], size="size")
    assert sorted(set(range(12)) - set(read.units)) == [0, 4, 10]
    reasons = dict(read.exclusions[["reason", "n"]].to_numpy())
    assert reasons == {"a covariate is missing": 3} and (read.size == 2).all()


def test_a_band_for_estimates_that_never_vary_is_the_normal_one() -> None:
    rng = np.random.default_rng(1)
    nothing = uniform_quantile(np.zeros((9, 3)), level=0.9, rng=rng)
    assert nothing == pytest.approx(stats.norm.ppf(0.95))
    one = uniform_quantile(rng.normal(size=(400, 1)), level=0.9, rng=rng)
    ten = uniform_quantile(rng.normal(size=(400, 10)), level=0.9, rng=rng)
    # of ten independent normals the largest stays below 2.56 with probability .9
    assert one == pytest.approx(1.645, abs=0.12) and ten == pytest.approx(2.56, abs=0.15)


def test_groups_are_averaged_by_their_size() -> None:
    cells = group_time_effects(adoption(records(np.random.default_rng(2), per_group=5)))
    uneven = replace(cells, size=np.where(cells.first == 3, 3.0, 1.0))
    estimate, influence = average_all(uneven)
    weight = np.where(uneven.group == 3, 3.0, 1.0)[uneven.after]
    assert estimate == pytest.approx(np.average(uneven.estimate[uneven.after], weights=weight))
    assert influence.mean() == pytest.approx(0, abs=1e-9)
    by_period = by_calendar(uneven)
    at = uneven.after & (uneven.time == 6)
    wanted = np.average(uneven.estimate[at], weights=np.where(uneven.group == 3, 3.0, 1.0)[at])
    assert by_period.estimate[by_period.label == 6] == pytest.approx(wanted)
    assert uneven.event.tolist() == (uneven.time - uneven.group).tolist()
