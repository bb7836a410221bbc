"""Time to an event: Kaplan and Meier's area, its variance, and coverage against known truths."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.duration.survfunc import SurvfuncRight

from workbench.impact import CaseError, cohort, hazard_ratio, time_to_event
from workbench.stats.cox import fit_cox
from workbench.stats.survival import restricted_mean


def drawn(rng, n: int, hazard, censor: float = 0.0, horizon: float = 12.0) -> pd.DataFrame:
    time = rng.exponential(1 / np.broadcast_to(hazard, n))
    gone = rng.exponential(1 / censor, n) if censor else np.full(n, np.inf)
    last = np.minimum(np.minimum(time, gone), horizon)
    return pd.DataFrame({"duration": last, "event": (time <= gone) & (time <= horizon)})


def area(hazard: float, horizon: float = 12.0) -> float:
    return (1 - np.exp(-hazard * horizon)) / hazard


def test_the_curve_is_that_of_statsmodels() -> None:
    frame = drawn(np.random.default_rng(1), 200, 0.1, censor=0.05)
    own = restricted_mean(frame["duration"], frame["event"], 12.0)
    peer = SurvfuncRight(frame["duration"], frame["event"].astype(int))
    on = own.curve.set_index("time")["survival"]
    assert on.loc[peer.surv_times].to_numpy() == pytest.approx(peer.surv_prob)


def test_a_small_example_by_hand() -> None:
    # events at 2 and 6, one lost at 4; until 10: 2 + 4 * 3/4 ... survival 3/4 from 2, 3/8 from 6
    own = restricted_mean([2, 4, 6, 10], [True, False, True, False], 10)
    assert own.mean == pytest.approx(2 + 4 * 0.75 + 4 * 0.375)
    # Klein, Moeschberger (2003), equation 4.5.3: sum of squared areas beyond each event over
    # r (r - d), times n / (n - 1) in the last place
    greenwood = (4 * 0.75 + 4 * 0.375) ** 2 / (4 * 3) + (4 * 0.375) ** 2 / (2 * 1)
    assert own.variance == pytest.approx(greenwood * 4 / 3, rel=0.35)


def test_the_variance_is_greenwoods_in_larger_samples() -> None:
    frame = drawn(np.random.default_rng(2), 3000, 0.1, censor=0.03)
    own = restricted_mean(frame["duration"], frame["event"], 12.0)
    t = np.sort(frame["duration"].unique())
    greenwood, curve = 0.0, own.curve
    for time in t[:-1]:
        at_risk = (frame["duration"] >= time).sum()
        died = ((frame["duration"] == time) & frame["event"]).sum()
        if died:
            later = curve[curve["time"] >= time]
            ends = np.r_[later["time"].to_numpy()[1:], 12.0]
            beyond = float(((ends - later["time"]) * later["survival"]).sum())
            greenwood += beyond**2 * died / (at_risk * (at_risk - died))
    assert own.variance == pytest.approx(greenwood, rel=0.01)


def followed(rng, n: int, hazard, **columns) -> pd.DataFrame:
    """Nobody is lost before the horizon of 12, so that restricted means are plain ones."""
    return drawn(rng, n, hazard).assign(**columns)


def test_where_nobody_is_lost_the_effect_is_a_difference_of_plain_means() -> None:
    rng = np.random.default_rng(8)
    own, other = followed(rng, 40, 0.1, treated=True), followed(rng, 60, 0.2, treated=False)
    found = time_to_event(pd.concat([own, other]), horizon=12.0)
    a, b = own["duration"], other["duration"]
    assert found.effect == pytest.approx(a.mean() - b.mean())
    assert found.counterfactual == pytest.approx(b.mean())
    assert [found.relative, found.relative_low, found.relative_high] == pytest.approx(
        [x / b.mean() for x in (found.effect, found.low, found.high)]
    )
    se = np.sqrt(a.var() / 40 + b.var() / 60)
    assert found.high - found.effect == pytest.approx(1.96 * se, rel=0.03)
    assert found.p == pytest.approx(2 * stats.norm.sf(found.effect / se), rel=0.2)
    assert (found.n_units, found.n_treated, found.n_before, found.n_after) == (100, 40, 0, 100)
    times = np.linspace(0, 12, 13)
    for frame, name in ((own, "observed"), (other, "counterfactual")):
        gone = frame.loc[frame["event"], "duration"].to_numpy()
        left = [1 - (gone <= at).sum() / len(frame) for at in times]
        assert found.series[name].tolist() == pytest.approx(left)
    assert found.series["period"].tolist() == list(range(13))
    assert (
        found.assumption.startswith("The random choice was fair")
        and found.checks[0].severity == "ok"
    )


def test_an_earlier_cohort_is_taken_off_in_means_and_in_curves() -> None:
    rng, cells = np.random.default_rng(9), {}
    for k, (mine, now) in enumerate([(1, 1), (1, 0), (0, 1), (0, 0)]):
        cells[mine, now] = followed(
            rng, 50 + 10 * k, 0.1 + 0.03 * k, treated=bool(mine), after=bool(now)
        )
    found = time_to_event(pd.concat(cells.values()), horizon=12.0, after="after")
    mean = {key: frame["duration"].mean() for key, frame in cells.items()}
    assert found.effect == pytest.approx(mean[1, 1] - mean[0, 1] - mean[1, 0] + mean[0, 0])
    variance = sum(frame["duration"].var() / len(frame) for frame in cells.values())
    assert found.high - found.effect == pytest.approx(1.96 * np.sqrt(variance), rel=0.03)
    assert (found.n_before, found.n_after) == (140, 120)
    at = {key: 1 - (f["event"] & (f["duration"] <= 6)).mean() for key, f in cells.items()}
    middle = found.series.set_index("period").loc[6]
    assert middle["observed"] == pytest.approx(at[1, 1])
    assert middle["counterfactual"] == pytest.approx(at[1, 0] * at[0, 1] / at[0, 0])
    assert "parallel" not in found.assumption and "as it did" in found.assumption


def test_clusters_of_one_size_are_compared_by_welch() -> None:
    rng = np.random.default_rng(10)
    city = np.repeat(np.arange(12), 30)
    hazard = 0.1 * np.exp(0.3 * rng.normal(size=12))[city] * np.where(city < 5, 0.7, 1)
    frame = followed(rng, 360, hazard, treated=city < 5, city=city)
    found = time_to_event(frame, horizon=12.0, unit="city")
    means = frame.groupby("city")["duration"].mean()
    peer = stats.ttest_ind(means[:5], means[5:], equal_var=False)
    assert found.effect == pytest.approx(means[:5].mean() - means[5:].mean())
    low, high = peer.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-3)
    assert found.p == pytest.approx(peer.pvalue, rel=0.03)


def test_intervals_hold_the_true_difference() -> None:
    rng = np.random.default_rng(3)
    truth, hits = area(0.07) - area(0.1), 0
    for _ in range(200):
        frame = pd.concat(
            [
                drawn(rng, 150, 0.07, censor=0.02).assign(treated=True),
                drawn(rng, 150, 0.1, censor=0.02).assign(treated=False),
            ]
        )
        found = time_to_event(frame, horizon=11.9)
        hits += found.low <= truth <= found.high
    assert 0.91 <= hits / 200 <= 0.99


def test_lasting_differences_fall_out_against_an_earlier_cohort() -> None:
    rng = np.random.default_rng(4)
    truth, hits, plain = area(0.05) - area(0.07), 0, 0
    for _ in range(100):
        parts = []
        for mine, now, hazard in (
            (True, True, 0.05), (True, False, 0.07), (False, True, 0.1), (False, False, 0.1),
        ):  # fmt: skip
            parts.append(drawn(rng, 300, hazard).assign(treated=mine, after=now))
        frame = pd.concat(parts)
        found = time_to_event(frame, horizon=12.0, after="after")
        hits += found.low <= truth <= found.high
        alone = time_to_event(frame[frame["after"]], horizon=12.0)
        plain += alone.low <= truth <= alone.high
    assert hits >= 89 and plain < 30


def test_clusters_widen_the_interval_and_hold_it() -> None:
    rng = np.random.default_rng(5)
    hits, wide, narrow = 0, [], []
    for _ in range(100):
        city = np.repeat(np.arange(20), 40)
        hazard = 0.1 * np.exp(0.35 * rng.normal(size=20))[city]
        frame = drawn(rng, 800, hazard).assign(treated=city < 10, city=city)
        found = time_to_event(frame, horizon=12.0, unit="city")
        hits += found.low <= 0 <= found.high
        wide.append(found.high - found.low)
        alone = time_to_event(frame, horizon=12.0)
        narrow.append(alone.high - alone.low)
    assert hits >= 89 and np.mean(wide) > 1.4 * np.mean(narrow)


def test_a_cohort_is_what_ran_on_the_day() -> None:
    starts = pd.Series(pd.to_datetime(["2024-01-01", "2024-01-01", "2024-07-01", "2024-01-01"]))
    ends = pd.Series(pd.to_datetime(["2024-06-30", None, None, "2024-02-01"]))
    found = cohort(starts, ends, pd.Timestamp("2024-06-01"), pd.Timestamp("2024-12-31"))
    assert found.index.tolist() == [0, 1]
    assert found["duration"].tolist() == [29, 213] and found["event"].tolist() == [True, False]


def test_many_lost_from_sight_are_told() -> None:
    frame = drawn(np.random.default_rng(6), 400, 0.1, censor=0.1)
    found = time_to_event(frame.assign(treated=np.arange(400) < 200), horizon=11.0)
    assert found.checks[0].severity == "warning"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"duration": -1.0}, "row 3: duration is negative"),
        ({"duration": np.nan}, "row 3: duration is missing"),
        ({"event": False}, "0 events were seen in the group treated after"),
    ],
)
def test_bad_times_are_refused(change: dict, said: str) -> None:
    frame = drawn(np.random.default_rng(7), 100, 0.1).assign(treated=np.arange(100) < 50)
    rows = frame.index < 50 if "event" in change else frame.index == 3
    for name, value in change.items():
        frame.loc[rows, name] = value
    with pytest.raises(CaseError, match=said):
        time_to_event(frame, horizon=10.0)


def test_a_horizon_beyond_the_data_and_missing_columns_are_refused() -> None:
    frame = drawn(np.random.default_rng(7), 100, 0.1).assign(treated=np.arange(100) < 50)
    with pytest.raises(CaseError, match="nobody was followed to the horizon of 24"):
        time_to_event(frame, horizon=24.0)
    with pytest.raises(CaseError, match="no column 'treated'"):
        time_to_event(frame.drop(columns="treated"), horizon=10.0)
    one = frame.assign(city=np.where(frame["treated"], 9, frame.index % 5))
    with pytest.raises(CaseError, match="1 treated and 5 other clusters"):
        time_to_event(one, horizon=10.0, unit="city")


def two_groups(rng, n: int, ratio: float, hazard: float = 0.1) -> pd.DataFrame:
    own = rng.random(n) < 0.5
    return drawn(rng, n, hazard * np.where(own, ratio, 1.0), censor=0.03).assign(treated=own)


def test_the_hazard_ratio_holds_its_interval_and_is_steady() -> None:
    rng, hits, bent = np.random.default_rng(21), 0, 0
    for _ in range(100):
        found = hazard_ratio(two_groups(rng, 200, 0.7))
        hits += found.low <= 0.7 <= found.high
        bent += not found.proportional
    # nominal 95 %: fewer than 88 of 100 with probability .002; one in twenty bent by chance
    assert hits >= 88 and bent <= 13


def test_cox_regression_is_that_of_statsmodels() -> None:
    rng = np.random.default_rng(25)
    frame = two_groups(rng, 300, 0.6).assign(x=rng.normal(size=300))
    frame["duration"] = np.ceil(frame["duration"] * 2)  # many ties
    x = frame[["treated", "x"]].to_numpy(dtype=float)
    own = fit_cox(frame["duration"].to_numpy(), frame["event"].to_numpy(), x)
    peer = PHReg(frame["duration"], x, status=frame["event"], ties="efron").fit()
    assert own.beta == pytest.approx(peer.params, rel=1e-6)
    assert np.sqrt(np.diag(own.covariance)) == pytest.approx(peer.bse, rel=1e-6)
    # the influence of a row: what leaving it out moves, to first order
    for i in (3, 40, 200):
        kept = np.arange(300) != i
        left = fit_cox(frame["duration"].to_numpy()[kept], frame["event"].to_numpy()[kept], x[kept])
        assert own.beta - left.beta == pytest.approx(own.influence[i], abs=0.006)
    assert own.influence.sum(axis=0) == pytest.approx(0, abs=1e-8)


def test_a_ratio_and_its_sandwich_are_those_of_statsmodels() -> None:
    rng = np.random.default_rng(26)
    frame = two_groups(rng, 400, 0.6).assign(city=0)
    frame["city"] = np.where(frame["treated"], 0, 10) + np.arange(400) % 10
    model = PHReg(frame["duration"], frame[["treated"]].astype(float), status=frame["event"])
    peer = model.fit()
    found = hazard_ratio(frame)
    z = stats.norm.ppf(0.975)
    assert np.log([found.ratio, found.low, found.high]) == pytest.approx(
        peer.params[0] + peer.bse[0] * np.array([0, -z, z]), rel=1e-4
    )
    assert found.p == pytest.approx(peer.pvalues[0], rel=1e-3)
    assert (found.events, found.n) == (int(frame["event"].sum()), 400)
    clustered = hazard_ratio(frame, unit="city")
    robust = model.fit(groups=frame["city"]).bse[0] * np.sqrt(20 / 19)
    half = np.log(clustered.high / clustered.ratio)
    assert half == pytest.approx(stats.t.ppf(0.975, 18) * robust, rel=1e-3)
    statistic = abs(np.log(clustered.ratio)) / robust
    assert clustered.p == pytest.approx(2 * stats.t.sf(statistic, 18), rel=1e-2)


def test_a_ratio_of_two_cohorts_takes_out_what_lasts() -> None:
    rng, hits = np.random.default_rng(22), 0
    for _ in range(40):
        # the treated always leave sooner; the measure takes a quarter off
        before = two_groups(rng, 300, 1.5).assign(after=False)
        after = two_groups(rng, 300, 1.5 * 0.75).assign(after=True)
        both = pd.concat([before, after], ignore_index=True).assign(who=np.tile(np.arange(300), 2))
        found = hazard_ratio(both, after="after", unit="who")
        hits += found.low <= 0.75 <= found.high
    assert hits >= 34


def test_a_ratio_that_changes_over_time_is_told() -> None:
    rng = np.random.default_rng(23)
    own = rng.random(2000) < 0.5
    # the treated stay longer at first, and leave all the sooner later
    early = rng.exponential(1 / np.where(own, 0.03, 0.1))
    time = np.where(early < 6, early, 6 + rng.exponential(1 / np.where(own, 0.2, 0.1)))
    frame = pd.DataFrame({"duration": np.minimum(time, 12), "event": time <= 12, "treated": own})
    found = hazard_ratio(frame)
    assert not found.proportional
    assert "not at all times alike" in found.check.text
    assert list(found.estimates()) == ["hazard_ratio"] and len(found.table) == 1
    steady = hazard_ratio(two_groups(rng, 2000, 0.5))
    assert "not at all times" not in steady.check.text and steady.high < 0.7
    assert steady.plot().get_xscale() == "log"


def test_few_events_clusters_and_columns_are_refused_for_a_ratio_too() -> None:
    frame = two_groups(np.random.default_rng(24), 200, 1.0)
    with pytest.raises(CaseError, match="there is no column 'since'"):
        hazard_ratio(frame, after="since")
    with pytest.raises(CaseError, match="0 events were seen in the group treated"):
        hazard_ratio(frame.assign(event=frame["event"] & ~frame["treated"]))
    four = frame.assign(
        city=np.where(frame["treated"], "t", "c") + pd.Series(frame.index % 4).astype(str)
    )
    with pytest.raises(CaseError, match="there are 4 clusters on the smaller side"):
        hazard_ratio(four, unit="city")
