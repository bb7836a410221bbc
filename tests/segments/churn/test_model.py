"""A model of who leaves sees only the past, is judged on the future, and says when it is no use."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.segments import (
    ChurnModel,
    Offer,
    Snapshot,
    churn_model,
    contract_snapshot,
    contract_timeline,
    measured_offer,
    offer_plan,
    purchase_snapshot,
    purchase_timeline,
)
from workbench.segments.churn.model import LEAST_EVENTS, _check
from workbench.segments.churn.snapshots import with_attributes, with_contacts, with_purchases

DAY = pd.Timestamp("2025-06-30")


def snapshot(
    rng: np.random.Generator, n: int, day: str, *, strength: float = 1.2, known: bool = True
) -> tuple[Snapshot, np.ndarray]:
    """Draw customers whose log-odds of leaving are -1.5 + strength * signal (- .8 on plan plus)."""
    features = pd.DataFrame(
        {
            "signal": rng.normal(size=n),
            "noise": rng.normal(size=n),
            "plan": np.where(rng.random(n) < 0.5, "plus", "basic"),
        },
        index=pd.Index([f"{day}-{i}" for i in range(n)], name="customer_id"),
    )
    odds = (
        -1.5 + strength * features["signal"] - 0.8 * bool(strength) * (features["plan"] == "plus")
    )
    p = 1 / (1 + np.exp(-odds.to_numpy()))
    left = pd.Series(rng.random(n) < p, features.index, name="left")
    value = pd.Series(rng.gamma(2, 100, n), features.index, name="value")
    begin = pd.Timestamp(day)
    made = Snapshot(features, left if known else None, value, begin, begin + pd.Timedelta(days=90))
    return made, p


@pytest.fixture(scope="module")
def model() -> ChurnModel:
    rng = np.random.default_rng(1)
    early = [snapshot(rng, 900, day)[0] for day in ("2024-10-01", "2025-01-01")]
    return churn_model(early, snapshot(rng, 1500, "2025-04-01")[0], rng=rng, repeats=3)


def test_a_signal_is_found_calibrated_and_ranked(model: ChurnModel) -> None:
    row = model.models[model.models["chosen"]].iloc[0]
    # the best that can be done with these odds, from 2,000,000 draws: .789
    assert row["auc_low"] <= 0.789 <= row["auc_high"]
    assert row["slope_low"] <= 1 <= row["slope_high"]
    assert row["intercept_low"] <= 0 <= row["intercept_high"]
    assert row["brier_low"] < row["brier"] < row["brier_high"] and row["skill"] > 0.1
    assert model.chosen == "Logistic regression"  # which is how the data were made
    assert model.useful
    lift = model.table
    assert lift["n"].sum() == 1500 and lift["left"].sum() == row["events"]
    assert lift["caught"].iloc[-1] == 1 and lift["lift"].iloc[0] > 2
    assert model.drivers["feature"].tolist() == ["signal", "plan", "noise"]
    drivers = model.drivers.set_index("feature")
    assert drivers.loc["signal", "direction"] > 0.8
    assert drivers.loc["noise", "low"] < 0.005 and drivers.loc["signal", "low"] > 0.1
    for draw in (model.plot, model.plot_calibration, model.plot_drivers):
        draw()
    assert set(model.estimates()) == {"left", "auc", "lift"}
    left, told = model.findings()
    assert left.text == f"{model.rate.value:.3g} of active customers stopped buying"
    assert told.verdict == "useful" and dict(told.values)["n"] == 1500
    assert model.picture().title.text == "The model can tell who stops buying"


def test_of_many_a_lot_is_learnt_from_and_all_are_judged(
    model: ChurnModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert model.learnt_from[0] == model.learnt_from[1]
    assert all(f.key != "churn.by_lot" for f in model.findings())
    monkeypatch.setattr("workbench.segments.churn.model.MOST_LEARNT", 800)
    rng = np.random.default_rng(1)
    early = [snapshot(rng, 900, day)[0] for day in ("2024-10-01", "2025-01-01")]
    some = churn_model(early, snapshot(rng, 1500, "2025-04-01")[0], rng=rng, repeats=1)
    taken, every = some.learnt_from
    assert every == 1800 and taken == pytest.approx(800, rel=0.15)
    assert len(some.tested) == 1500
    assert some.auc.value == pytest.approx(model.auc.value, abs=0.06)
    (said,) = (f for f in some.findings() if f.key == "churn.by_lot")
    assert f"{taken:,}" in said.text


def test_probabilities_of_new_customers_are_near_the_truth(model: ChurnModel) -> None:
    fresh, truth = snapshot(np.random.default_rng(2), 2000, "2025-07-01", known=False)
    p = model.score(fresh)
    assert p.index.equals(fresh.features.index)
    assert np.abs(p.to_numpy() - truth).mean() < 0.03
    assert p.mean() == pytest.approx(truth.mean(), abs=0.03)
    with pytest.raises(DataError, match="feature 'signal' is missing"):
        model.score(replace(fresh, features=fresh.features.drop(columns="signal")))


def test_noise_is_called_no_use() -> None:
    rng = np.random.default_rng(3)
    early = snapshot(rng, 700, "2025-01-01", strength=0)[0]
    late = snapshot(rng, 700, "2025-04-01", strength=0)[0]
    found = churn_model([early], late, rng=rng, repeats=2)
    assert not found.useful
    # how often its interval leaves out .5 is counted below
    assert 0.4 < found.auc.value < 0.6


@pytest.mark.slow
def test_noise_is_hardly_ever_called_useful() -> None:
    rng = np.random.default_rng(4)
    useful = outside = 0
    for _ in range(40):
        early = snapshot(rng, 500, "2025-01-01", strength=0)[0]
        late = snapshot(rng, 500, "2025-04-01", strength=0)[0]
        found = churn_model([early], late, rng=rng, repeats=1)
        useful += found.useful
        outside += not found.auc.low < 0.5 < found.auc.high
    assert useful <= 2
    assert outside <= 5  # 5 % of 40 are 2; more than 5 come in 1.4 % of such series


def test_the_future_is_refused() -> None:
    rng = np.random.default_rng(5)
    (early, _), (test, _) = snapshot(rng, 200, "2025-03-01"), snapshot(rng, 200, "2025-04-01")
    with pytest.raises(DataError, match="reaches to 2025-05-30, into the test"):
        churn_model([early], test, rng=rng)
    open_, _ = snapshot(rng, 200, "2025-04-01", known=False)
    with pytest.raises(DataError, match="the outcome is not known yet"):
        churn_model([early], open_, rng=rng)
    with pytest.raises(DataError, match="nothing to learn from"):
        churn_model([], test, rng=rng)


def test_too_few_or_different_customers_are_told() -> None:
    rng = np.random.default_rng(6)
    (early, _), (test, _) = snapshot(rng, 60, "2025-01-01"), snapshot(rng, 300, "2025-04-01")
    with pytest.raises(DataError, match=r"\d+ left and \d+ stayed: too few to learn from"):
        churn_model([early], test, rng=rng)
    (early, _), (test, _) = snapshot(rng, 300, "2025-01-01"), snapshot(rng, 60, "2025-04-01")
    with pytest.raises(DataError, match="too few to judge by"):
        churn_model([early], test, rng=rng)
    other = replace(early, features=early.features.rename(columns={"noise": "hum"}))
    with pytest.raises(DataError, match="features differ"):
        churn_model([other], snapshot(rng, 300, "2025-04-01")[0], rng=rng)


# --- what was known on a day -----------------------------------------------------------------


def test_as_many_who_left_as_are_asked_for_are_enough() -> None:
    rng = np.random.default_rng(6)
    (early, _), (test, _) = snapshot(rng, 300, "2025-01-01"), snapshot(rng, 300, "2025-04-01")
    place = np.arange(len(early.features))
    _check([replace(early, left=early.left * 0 + (place < LEAST_EVENTS))], test)
    with pytest.raises(DataError, match="29 left and 271 stayed: too few to learn from"):
        _check([replace(early, left=early.left * 0 + (place < LEAST_EVENTS - 1))], test)


def purchases(**days: list[int]) -> pd.DataFrame:
    """Write a log: customer -> days after 2025-01-01, for 10 each."""
    start = pd.Timestamp("2025-01-01")
    rows = [(who, start + pd.Timedelta(days=d), 10.0) for who, ds in days.items() for d in ds]
    return pd.DataFrame(rows, columns=["customer_id", "date", "amount"])


LOG = purchases(stays=[0, 100, 170, 200], leaves=[0, 150], gone=[0], late=[190])


def test_features_of_a_day_do_not_change_with_what_comes_after() -> None:
    day, options = "2025-06-30", {"horizon": 60, "active_within": 90, "as_of": "2025-12-31"}
    whole = purchase_snapshot(LOG, day, **options)
    before = purchase_snapshot(LOG[LOG["date"] <= day], day, **options)
    assert list(whole.features.index) == ["leaves", "stays"]
    pd.testing.assert_frame_equal(whole.features, before.features)
    assert whole.left is not None
    assert whole.left.tolist() == [True, False]
    assert whole.value.tolist() == [20, 30]
    assert whole.features.loc["leaves", "days since the last purchase"] == 30
    # a horizon that is not over has no outcome
    assert purchase_snapshot(LOG, day, **(options | {"as_of": "2025-07-31"})).left is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"day": "2026-06-30"}, "after the end of the log"),
        ({"horizon": 0}, "at least one day"),
        ({"day": "2024-06-30"}, "nobody bought in the 90 days before 2024-06-30"),
        ({"day": None}, "day is None"),
    ],
)
def test_a_day_that_cannot_be_looked_at_is_told(options: dict, words: str) -> None:
    asked = {"day": "2025-06-30", "horizon": 60, "active_within": 90, "as_of": "2025-12-31"}
    with pytest.raises(DataError, match=words):
        purchase_snapshot(LOG, **(asked | options))


DEALS = pd.DataFrame(
    {
        "customer_id": ["A", "A", "B", "C", "D"],
        "start": pd.to_datetime(["2025-01-01"] * 4 + ["2025-08-01"]),
        "end": pd.to_datetime(["2025-08-01", None, "2025-08-15", "2025-03-01", None]),
        "plan": ["basic", "plus", "basic", "basic", "basic"],
        "monthly_fee": [50.0, 90.0, 50.0, 50.0, 50.0],
    }
)


def test_a_customer_leaves_when_the_last_contract_ends() -> None:
    found = contract_snapshot(DEALS, "2025-06-30", horizon=60, as_of="2025-12-31")
    assert found.left is not None
    assert found.left.to_dict() == {"A": False, "B": True}
    assert found.features["contracts"].to_dict() == {"A": 2, "B": 1}
    assert found.value.to_dict() == {"A": 1680, "B": 600}


@pytest.mark.parametrize(
    ("deals", "day", "words"),
    [
        (DEALS.drop(columns="start"), "2025-06-30", "no column start"),
        (DEALS.assign(end=pd.Timestamp("2024-01-01")), "2025-06-30", "ends before it starts"),
        (DEALS, "2024-06-30", "nobody was under contract on 2024-06-30"),
        (DEALS.iloc[:0], "2025-06-30", "nobody was under contract"),
    ],
)
def test_contracts_that_cannot_be_looked_at_are_told(
    deals: pd.DataFrame, day: str, words: str
) -> None:
    with pytest.raises(DataError, match=words):
        contract_snapshot(deals, day, horizon=60, as_of="2025-12-31")


def test_contacts_and_purchases_count_only_up_to_the_day() -> None:
    found = contract_snapshot(DEALS, "2025-06-30", horizon=60, as_of="2025-12-31")
    contacts = pd.DataFrame(
        {
            "customer_id": ["A", "A", "A", "B", "B"],
            "at": pd.to_datetime(
                [
                    "2025-06-30 18",
                    "2025-06-01 09",
                    "2025-07-01 09",
                    "2024-06-01 09",
                    "2025-05-01 09",
                ]
            ),
            "kind": ["complaint", "enquiry", "complaint", "complaint", "Complaint"],
            "resolved": [False, None, False, False, True],
        }
    )
    told = with_contacts(found, contacts).features
    assert told["contacts"].tolist() == [2, 1]
    assert told["complaints"].tolist() == [1, 1]
    assert told["matters left open"].tolist() == [1, 0]
    bought = with_purchases(found, purchases(A=[150, 200], B=[200])).features
    assert bought["shop orders (log)"].tolist() == pytest.approx([np.log(2), 0])
    with pytest.raises(DataError, match="no column at"):
        with_contacts(found, contacts.drop(columns="at"))


def test_protected_attributes_are_used_only_when_asked_for_and_then_named() -> None:
    found = contract_snapshot(DEALS, "2025-06-30", horizon=60, as_of="2025-12-31")
    people = pd.DataFrame(
        {
            "customer_id": ["A", "B"],
            "gender": ["f", "m"],
            "birth_year": [1980, 1990],
            "income_band": ["low", "high"],
            "joined_on": pd.to_datetime(["2020-01-01", "2021-01-01"]),
        }
    )
    plain = with_attributes(found, people)
    assert "income band" in plain.features
    assert not {"gender", "birth year", "joined on"} & set(plain.features)
    assert plain.protected == ()
    asked = with_attributes(found, people, use_protected=True)
    assert asked.protected == ("gender", "birth year")
    with pytest.raises(DataError, match="no column 'region'"):
        with_attributes(found, people, ["region"])


def test_a_timeline_learns_before_it_tests_and_tests_before_today() -> None:
    rng = np.random.default_rng(7)
    log = purchases(**{f"c{i}": sorted(rng.integers(0, 360, 12)) for i in range(80)})
    line = purchase_timeline(log, as_of="2025-12-26", horizon=45)
    assert line.now.left is None and line.test.left is not None
    assert line.test.until == line.now.day
    assert all(one.until <= line.test.day for one in line.learn)
    assert len(line.learn) == 4
    with pytest.raises(DataError, match="too few to judge by"):  # twelve purchases a year
        churn_model(line.learn, line.test, rng=rng)
    with pytest.raises(DataError, match="two horizons of 300 days"):
        purchase_timeline(log, as_of="2025-12-26", horizon=300)
    bound = contract_timeline(DEALS, as_of="2025-12-31", horizon=60, transactions=log)
    assert "shop orders (log)" in bound.test.features and "plan" in bound.now.features
    with pytest.raises(DataError, match="no start"):
        contract_timeline(DEALS.assign(start=pd.NaT), as_of="2025-12-31")


# --- what an offer can bring -----------------------------------------------------------------


def test_the_gain_of_an_offer_is_worked_by_hand() -> None:
    offer = Offer(cost=2, keeps=0.25, gift=10, taken_anyway=0.5)
    gain = offer.gain(np.array([1.0, 0.0, 0.2]), np.array([100.0, 100.0, 100.0]))
    # kept: .25 x (100 - 10); taken anyway: .5 x 10; the call: 2
    assert gain.tolist() == pytest.approx([20.5, -7.0, 0.2 * 22.5 - 0.8 * 5 - 2])


def test_the_plan_calls_whom_it_pays_to_call_and_is_right_about_it(model: ChurnModel) -> None:
    rng = np.random.default_rng(8)
    offer, gains, said, covered = Offer(cost=6, keeps=0.3), 0.0, 0.0, 0
    for _ in range(20):
        fresh, truth = snapshot(rng, 2000, "2025-07-01", known=False)
        plan = offer_plan(model, model.score(fresh), fresh.value, offer)
        assert (plan.calls["benefit"] > 0).all() and plan.calls["rank"].is_monotonic_increasing
        assert plan.count == len(plan.calls) < plan.of == 2000
        chosen = fresh.features.index.isin(plan.calls.index)
        real = offer.gain(truth[chosen], fresh.value.to_numpy()[chosen]).sum()
        gains, said = gains + real, said + plan.benefit.value
        covered += plan.benefit.low <= real <= plan.benefit.high
        assert real > offer.gain(truth, fresh.value.to_numpy()).sum()  # more than calling all
    assert said == pytest.approx(gains, rel=0.12)
    assert covered >= 18  # one test sample serves all twenty
    assert plan.pays
    assert plan.break_even < 0.3
    tested = plan.tested
    assert tested["share"].iloc[-1] == 1 and tested["n"].iloc[-1] == 1500
    assert (tested["low"] <= tested["estimate"]).all()
    plan.plot()
    assert set(plan.estimates()) == {"benefit"}
    call, terms = plan.findings()
    assert call.text.startswith(
        f"Calling {plan.count} customers first" if plan.pays else "Calls to"
    )
    assert call.money == plan.benefit and dict(terms.values)["of"] == plan.of
    best = plan.tested["share"][plan.tested["estimate"].argmax()]
    assert dict(plan.picture().title.values)["share"].value == best


def test_what_a_lot_measured_counts_in_place_of_what_was_assumed(model: ChurnModel) -> None:
    fresh, _ = snapshot(np.random.default_rng(9), 600, "2025-07-01", known=False)
    who, offer = fresh.features.index, Offer(cost=6, keeps=0.9)
    people = pd.DataFrame({"customer_id": who, "region": np.resize(["north", "south"], len(who))})
    rows = [["calls", "buyers", "", "", 0.2, 0.1, 0.3]]
    kept = pd.DataFrame(
        rows, columns=["case", "who", "column", "segment", "estimate", "low", "high"]
    )
    whole = measured_offer(kept, "buyers", people, {"calls": {"en": "Calls", "zh": "电话"}})
    plan = offer_plan(model, model.score(fresh), fresh.value, offer, measured=whole)
    assumed = offer_plan(model, model.score(fresh), fresh.value, Offer(cost=6, keeps=0.2))
    assert plan.benefit.value == pytest.approx(assumed.benefit.value)
    # the limits carry what the lot does not know, too
    assert plan.benefit.low < assumed.benefit.low and plan.benefit.high > assumed.benefit.high
    assert "as the randomised measure Calls has shown" in plan.findings()[1].text
    both = kept.loc[[0, 0, 0]].assign(
        column=["", "region", "region"], segment=["", "north", "south"], estimate=[0.2, 0.0, 0.4]
    )
    by_region = measured_offer(both, "buyers", people)
    apart = offer_plan(model, model.score(fresh), fresh.value, offer, measured=by_region)
    called = people.set_index("customer_id").loc[apart.calls.index, "region"]
    assert set(called) == {"south"} and "differs by region" in apart.findings()[2].text
    assert measured_offer(kept, "subscribers") is None and measured_offer(None, "buyers") is None


def test_at_break_even_the_calls_bring_nothing(model: ChurnModel) -> None:
    fresh, _ = snapshot(np.random.default_rng(9), 500, "2025-07-01", known=False)
    plan = offer_plan(model, model.score(fresh), fresh.value, Offer(6, 0.3, 5, 0.2))
    even = Offer(6, plan.break_even, 5, 0.2)
    gain = even.gain(plan.calls["probability"].to_numpy(), plan.calls["value"].to_numpy())
    assert gain.sum() == pytest.approx(0, abs=1e-8)


def test_an_offer_that_cannot_pay_calls_nobody(model: ChurnModel) -> None:
    fresh, _ = snapshot(np.random.default_rng(10), 300, "2025-07-01", known=False)
    plan = offer_plan(model, model.score(fresh), fresh.value, Offer(cost=10_000, keeps=0.1))
    assert (plan.count, plan.benefit.value, plan.pays) == (0, 0, False)
    assert plan.findings()[0].text == "No call to a buyer would pay"
    assert plan.picture().title.text == "Calls would have cost more than they brought, however many"
    assert plan.everybody < 0
    unknown = fresh.value.copy()
    unknown.iloc[:7] = np.nan
    assert offer_plan(model, model.score(fresh), unknown, Offer(1, 0.1)).without_value == 7


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"cost": -1, "keeps": 0.1}, "cost is -1"),
        ({"cost": 1, "keeps": 1.5}, "keeps is 1.5"),
        ({"cost": 1, "keeps": 0.1, "taken_anyway": -0.1}, "taken_anyway is -0.1"),
        ({"cost": float("nan"), "keeps": 0.1}, "cost is nan"),
    ],
)
def test_an_offer_on_impossible_terms_is_refused(terms: dict, words: str) -> None:
    with pytest.raises(DataError, match=words):
        Offer(**terms)


def test_a_plan_needs_customers_and_probabilities(model: ChurnModel) -> None:
    offer, nobody = Offer(1, 0.1), pd.Series(dtype=float)
    with pytest.raises(DataError, match="no customer to call"):
        offer_plan(model, nobody, nobody, offer)
    with pytest.raises(DataError, match="outside 0 to 1"):
        offer_plan(model, pd.Series([1.2]), pd.Series([10.0]), offer)
    with pytest.raises(DataError, match="multiple is 0"):
        offer_plan(model, pd.Series([0.2]), pd.Series([10.0]), offer, multiple=0)
