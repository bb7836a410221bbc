"""Value of customers, groups and the whole, with intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests import attackers
from tests.clv import examples
from workbench.clv import (
    BetaGeometric,
    CustomerValue,
    GammaGamma,
    ParetoNBD,
    PurchaseResults,
    bootstrap_parameters,
    continuous_rate,
    customer_value,
    per_year,
)
from workbench.clv.models.gamma_gamma import GammaGammaResults
from workbench.errors import DataError


def test_an_annual_rate_becomes_a_continuous_one() -> None:
    # the .0027 of Fader, Hardie, Lee (2005): fifteen percent a year, in weeks
    assert continuous_rate(0.15, "week") == pytest.approx(0.0027, abs=3e-5)
    assert per_year("month") == 12 and per_year("quarter") == 4


@pytest.mark.parametrize(
    ("unit", "per_week"), [("day", 7), ("week", 1), ("month", 7 / 30.4375), ("hour", 168)]
)
def test_the_value_does_not_depend_on_the_unit(
    unit: str,
    per_week: float,
    cdnow: pd.DataFrame,
    bg: PurchaseResults,
    spend: GammaGammaResults,
) -> None:
    weeks = customer_value(bg, spend, discount_rate=0.1, horizon=52)
    fit = BetaGeometric(
        cdnow["frequency"], cdnow["recency"] * per_week, cdnow["age"] * per_week, unit=unit
    ).fit()
    other = customer_value(fit, spend, discount_rate=0.1, horizon=52 * per_week)
    assert tuple(other.total) == pytest.approx(tuple(weeks.total), rel=1e-4)


def test_value_is_purchases_times_spend_times_margin(
    bg: PurchaseResults, spend: GammaGammaResults
) -> None:
    whole = customer_value(bg, spend, discount_rate=0.0, horizon=52)
    third = customer_value(bg, spend, discount_rate=0.0, horizon=52, margin=0.3)
    product = whole.table["expected_purchases"] * whole.table["expected_spend"]
    assert whole.table["clv"].tolist() == pytest.approx(product.tolist(), rel=1e-7)
    assert third.total.value == pytest.approx(0.3 * whole.total.value)


def test_groups_add_up_to_the_total(bg: PurchaseResults, spend: GammaGammaResults) -> None:
    value = customer_value(bg, spend, discount_rate=0.1, horizon=52)
    groups = pd.Categorical(
        np.where(value.frequency > 2, "many", "few"), categories=["many", "few"]
    )
    table = value.by(groups)
    assert table["group"].tolist() == ["many", "few"]
    assert table["estimate"].sum() == pytest.approx(value.total.value)
    assert table["share"].sum() == pytest.approx(1)
    assert ((table["low"] < table["estimate"]) & (table["estimate"] < table["high"])).all()
    assert value.mean.value * len(value.table) == pytest.approx(value.total.value)


@pytest.mark.long
def test_the_delta_method_and_the_bootstrap_agree_when_the_model_is_true() -> None:
    rng = np.random.default_rng(4)
    T = rng.uniform(20, 60, 1500)
    x, t_x = BetaGeometric.draw(np.array([0.8, 6.0, 1.2, 4.0]), T, rng)
    rate = rng.gamma(4.0, 1 / 15.0, T.size)
    z = rng.gamma(6 * np.maximum(x, 1), 1 / rate) / np.maximum(x, 1)
    fit, spend = BetaGeometric(x, t_x, T, unit="week").fit(), GammaGamma(x, z).fit()
    delta = customer_value(fit, spend, discount_rate=0.1, horizon=52).total
    draws = bootstrap_parameters(fit, spend, rng=np.random.default_rng(5), draws=200)
    boot = customer_value(fit, spend, discount_rate=0.1, horizon=52, draws=draws).total
    assert boot.value == delta.value
    assert boot.high - boot.low == pytest.approx(delta.high - delta.low, rel=0.25)


def test_the_best_hold_most_and_the_curve_is_drawn(
    bg: PurchaseResults, spend: GammaGammaResults
) -> None:
    value = customer_value(bg, spend, discount_rate=0.1, horizon=52)
    table = value.concentration([0.1, 0.2, 0.5])
    assert ((table["low"] < table["estimate"]) & (table["estimate"] < table["high"])).all()
    held = value.concentration([0.1, 0.2, 1.0])["estimate"]
    assert held.is_monotonic_increasing and held.iloc[0] > 0.4 and held.iloc[2] == pytest.approx(1)
    ax = value.plot()
    assert ax.get_xlabel() == "Customers, most valuable first"


def test_pareto_values_as_well(pareto: PurchaseResults, spend: GammaGammaResults) -> None:
    value = customer_value(pareto, spend, discount_rate=0.15)
    assert isinstance(pareto.model, ParetoNBD)
    assert value.total.low < value.total.value < value.total.high
    assert value.alive_repeaters.value < 1


def test_impossible_questions_are_refused(bg: PurchaseResults, spend: GammaGammaResults) -> None:
    with pytest.raises(DataError, match="margin is 30"):
        customer_value(bg, spend, discount_rate=0.1, margin=30)
    short = GammaGamma([1, 2, 3], [5.0, 6.0, 9.0]).fit()
    with pytest.raises(DataError, match="one prediction is of 2357 customers"):
        customer_value(bg, short, discount_rate=0.1)
    with pytest.raises(DataError, match="the spend model 3"):
        bootstrap_parameters(bg, short, rng=np.random.default_rng())


def test_the_values_of_groups_have_intervals_and_add_up(
    bg: PurchaseResults, spend: GammaGammaResults
) -> None:
    value = customer_value(bg, spend, discount_rate=0.1, horizon=52)
    everybody = value.by(np.full(len(value.clv), "all")).iloc[0]
    for column, whole in (("mean", value.mean), ("estimate", value.total)):
        low = "mean_low" if column == "mean" else "low"
        assert everybody[column] == pytest.approx(whole.value)
        assert everybody[low] == pytest.approx(whole.low)
    parts = value.by(np.where(np.arange(len(value.clv)) % 2, "odd", "even"))
    assert parts["group"].tolist() == ["even", "odd"]
    assert ((parts["low"] < parts["estimate"]) & (parts["estimate"] < parts["high"])).all()
    assert parts["estimate"].sum() == pytest.approx(value.total.value)


def test_tiers_and_the_top_give_nobody_away() -> None:
    """Two attackers at the tiers, the shares of the top and the curve of 60 customers at once."""
    frequency, recency = examples.FREQUENCY[:60], examples.RECENCY[:60]
    spend = examples.SPEND[:60] * np.r_[[40.0, 1, 1, 25.0], np.ones(56)]
    purchases = BetaGeometric(frequency, recency, examples.AGE[:60], unit="week").fit()
    found = customer_value(
        purchases, GammaGamma(frequency, spend).fit(), discount_rate=0.1, horizon=52
    )
    worth = found.clv.estimate
    order = np.argsort(-worth, kind="stable")
    ends = np.array([1, 3, 12, 60])
    tier = np.empty(60, dtype=int)
    tier[order] = np.searchsorted(ends, np.arange(60), side="right")
    tier = pd.Categorical.from_codes(tier, list("abcd"), ordered=True)

    def figures(value: CustomerValue) -> list[tuple[np.ndarray, float]]:
        told = [(np.ones(60, dtype=bool), worth.sum())]
        rows = value.by(tier).dropna().to_dict("records")
        told += [(np.asarray(tier == row["group"]), row["mean"] * row["n"]) for row in rows]
        top = value.concentration()
        curve = zip(*value._curve(), strict=True)
        shares = zip(top["customers"], top["estimate"], strict=True)
        for count, share in ((round(60 * c), s) for c, s in (*shares, *curve)):
            inside = np.zeros(60, dtype=bool)
            inside[order[:count]] = True
            told.append((inside, share * worth.sum()))
        return told

    told = found.told_by(5, [12])
    assert told.by(tier)["mean"].isna().tolist() == [True, True, True, False]
    assert set(told.concentration()["customers"]) <= {12 / 60, 30 / 60}
    assert attackers.found(figures(told), worth) == []
    with pytest.raises(AssertionError):  # a part of a customer counts where everything is shown
        attackers.found(figures(found), worth)
