"""Which model to believe: the one that drew the log, on CDNOW, with and without a test period."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from workbench.clv import (
    MODELS,
    NBD,
    BetaDiscreteWeibull,
    BetaGeometric,
    ParetoNBD,
    ShiftedBetaGeometric,
    choose,
    choose_retention,
    contract_periods,
    contract_value,
    value_contracts,
)
from workbench.errors import DataError


def drawn(law: type, theta: list[float], seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    T = rng.integers(40 * 7, 100 * 7, 4000) / 7
    x, t_x = law.draw(np.array(theta), T, rng)
    frame = pd.DataFrame({"frequency": x, "recency": t_x, "age": T})
    frame.attrs["time_unit"] = "week"
    return frame


def test_the_model_that_drew_the_log_is_believed() -> None:
    for law, theta in ((ParetoNBD, [1.5, 4.0, 0.9, 20.0]), (NBD, [1.2, 6.0])):
        choice = choose(drawn(law, theta, 5))
        assert choice.model is law
        assert choice.table["believed"].sum() == 1
        assert "no later period" in choice.finding.text
        assert choice.estimates() == {}


def test_on_cdnow_the_test_period_speaks_first(cdnow: pd.DataFrame) -> None:
    past = cdnow
    choice = choose(past, past["holdout"], 39.0, unit="week")
    table = choice.table.set_index("model")
    assert set(table.index) == {kind.title for kind in MODELS}
    assert table["verdict"].eq("converged").all()
    # the NBD, in which nobody leaves, foresees far too much
    assert table.loc["NBD", "bias_low"] > table.loc[choice.model.title, "bias_high"]
    assert choice.model is not NBD and choice.fit.leaves
    assert "about equally well" in choice.finding.text
    near = table[table["bias_low"] <= table.loc[choice.model.title, "bias_high"]]
    assert table.loc[choice.model.title, "bic"] == near["bic"].min()
    bias = choice.estimates()["bias"]
    assert bias.low < bias.value < bias.high


def test_a_test_period_with_one_buyer_does_not_choose(cdnow: pd.DataFrame) -> None:
    few = np.zeros(len(cdnow))
    few[:1] = 3.0  # one buyer: the error of the total has no interval
    choice = choose(cdnow, few, 39.0, unit="week")
    assert "Too few customers bought in the test period" in choice.finding.text
    best = choice.table.loc[choice.table["verdict"] != "not_converged", "bic"].min()
    assert choice.fit.bic == best


def test_one_model_that_is_clearly_nearest_wins_whatever_its_likelihood(
    cdnow: pd.DataFrame,
) -> None:
    past = cdnow
    foreseen = NBD.from_frame(past, unit="week").fit().expected_purchases(39.0)
    choice = choose(past, np.round(foreseen.estimate), 39.0, unit="week")
    assert choice.model is NBD and "clearly closer" in choice.finding.text


def contracts(theta: list[float], n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw contracts: the period in which each ends, unless watching ends first."""
    rng = np.random.default_rng(seed)
    u, watched = rng.random(n), rng.integers(3, 30, n)
    t = np.arange(1, 31, dtype=float)
    law = BetaDiscreteWeibull if len(theta) == 3 else ShiftedBetaGeometric
    survival = np.exp(law.log_survival(np.array(theta), t))
    last = (u[:, None] < survival).sum(axis=1) + 1
    return np.minimum(last, watched).astype(float), last <= watched


@pytest.mark.parametrize(
    ("theta", "title"), [([0.8, 6.0], "sBG"), ([0.8, 9.0, 1.8], "BdW")], ids=["sBG", "BdW"]
)
def test_the_model_of_contracts_is_the_one_that_drew_them(theta: list[float], title: str) -> None:
    assert choose_retention(*contracts(theta, 4000, 8)).title == title


def test_contracts_are_worth_their_fees_times_the_periods_to_come() -> None:
    duration, ended = contracts([0.8, 6.0], 3000, 9)
    stay = ShiftedBetaGeometric(duration, ended, unit="month").fit()
    running = pd.Series(duration[~ended], index=[f"k{i}" for i in range(int((~ended).sum()))])
    fees = np.where(np.arange(running.size) % 2, 10.0, 30.0)
    value = contract_value(stay, running, fees, discount_rate=0.1, margin=0.5)
    months = stay.derl(0.1, running).estimate
    assert value.total.value == pytest.approx((months * fees).sum() * 0.5)
    assert value.table["clv"].to_numpy() == pytest.approx(months * fees * 0.5)
    assert list(value.table.index) == list(running.index)
    assert (value.table["low"] < value.table["clv"]).all()
    assert value.total.low < value.total.value < value.total.high
    owner = np.arange(running.size) // 2
    people, plans = value.of_customers(owner), value.by(np.where(fees > 20, "big", "small"))
    assert people["clv"].sum() == pytest.approx(value.total.value)
    assert plans["estimate"].sum() == pytest.approx(value.total.value)
    assert plans["share"].sum() == pytest.approx(1)
    assert value.mean.value == pytest.approx(value.total.value / running.size)


def test_running_contracts_are_valued_from_their_table_alone() -> None:
    rng = np.random.default_rng(4)
    start = pd.Series(pd.to_datetime(rng.choice(["2022-02-01", "2023-02-01"], 400)))
    months = np.minimum(rng.geometric(rng.beta(0.9, 8.0, 400)), 60)
    table = pd.DataFrame(
        {"customer_id": np.arange(400) // 2, "start": start, "plan": ["S", "L"] * 200,
         "end": start + pd.to_timedelta(pd.Series(months * 31), "D"), "monthly_fee": 10.0}
    )  # fmt: skip
    still = contract_periods(table["start"], table["end"], as_of="2024-12-31")["running"]
    first = int(np.argmax(still))
    table.loc[first, "monthly_fee"] = np.nan
    value = value_contracts(table, as_of="2024-12-31", discount_rate=0.1, currency="EUR")
    assert len(value.table) == still.sum() and value.unknown == 1
    assert value.table.loc[first, "clv"] == 0 and (value.table["clv"] > 0).sum() == still.sum() - 1
    assert [each.key for each in value.findings()] == ["fees", "fees.unknown"]
    assert value.by_plan()["group"].tolist() == ["L", "S"]
    each = value.of_plans()
    by_plan = each.groupby("plan")["worth"].mean()
    assert by_plan.tolist() == pytest.approx(value.by_plan().set_index("group")["mean"].tolist())
    # one customer's contract is nearly all that is expected of a plan: no sum of it by itself
    rich = table.assign(plan=np.where(np.arange(400) % 4 == 2, "M", table["plan"]))
    medium = rich.index[(rich["plan"] == "M") & still]
    rich.loc[medium[0], "monthly_fee"] = 120.0 * len(medium)
    pooled = value_contracts(rich, as_of="2024-12-31", discount_rate=0.1, currency="EUR").by_plan()
    assert sorted(pooled["group"]) == ["L", "Other plans"]
    assert pooled["n"].sum() == still.sum()
    assert value.by_year().table["cohort"].tolist() == ["2022", "2023"]
    assert value.of_customers()["clv"].sum() == pytest.approx(value.total.value)
    unplanned = value_contracts(
        table.drop(columns=["plan", "monthly_fee"]), as_of="2024-12-31", discount_rate=0.1
    )
    assert unplanned.by_plan()["group"].tolist() == [2022, 2023] and not unplanned.findings()


def test_a_summary_with_a_holdout_is_chosen_by_it(cdnow: pd.DataFrame) -> None:
    past = cdnow.rename(columns={"holdout": "holdout_frequency"})
    past.attrs["holdout_length"] = 39.0
    choice = choose(past, unit="week")
    assert choice.test is not None
    assert choice.test.length == 39.0 and "bias" in choice.table
    assert choice.test.total["actual"].iloc[0] == past["holdout_frequency"].sum()
    assert choice.of_test(pd.Timestamp("1997-09-30")).values["length"] == 39


@pytest.mark.parametrize(
    ("fees", "margin", "words"),
    [([1.0], 1.0, "1 fees for 2 contracts"), ([1.0, -1.0], 1.0, "fees is negative"),
     ([1.0, np.nan], 1.0, "fees is missing"), ([1.0, 1.0], 30.0, "margin is 30")],
)  # fmt: skip
def test_fees_that_make_no_sense_are_refused(fees: list[float], margin: float, words: str) -> None:
    stay = ShiftedBetaGeometric(*contracts([0.8, 6.0], 500, 1), unit="month").fit()
    with pytest.raises(DataError, match=words):
        contract_value(stay, [1.0, 2.0], fees, discount_rate=0.1, margin=margin)


def test_an_unfinished_search_is_never_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    log = drawn(NBD, [1.2, 6.0], 5)
    real = BetaGeometric.fit

    def stopped(self: BetaGeometric) -> object:
        fit = real(self)
        fit.finding = replace(fit.finding, verdict="not_converged")
        return fit

    monkeypatch.setattr(BetaGeometric, "fit", stopped)
    with pytest.raises(DataError, match="no model reached the maximum"):
        choose(log, models=[BetaGeometric])
