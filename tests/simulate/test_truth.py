"""Truth is what differs between two worlds; a glance is fooled where it should be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tools.simulate import SEED, Company, World, found
from tools.simulate.calendar import N_DAYS, day_of, month_of
from tools.simulate.indicators import (
    buyers_by_month,
    churn_by_month,
    net_promoters,
)
from tools.simulate.measures import ALL, MEASURES
from tools.simulate.population import PURCHASE, SPEND

TRUTH = Path(__file__).parents[2] / "data" / "harbour" / "truth.json"


@pytest.fixture(scope="module")
def company() -> Company:
    return found(SEED)


@pytest.fixture(scope="module")
def world(company: Company) -> World:
    return company.world()


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    return json.loads(TRUTH.read_text(encoding="utf-8"))


def outcome(truth: dict[str, Any], case: str, indicator: str) -> dict[str, float]:
    return truth["cases"][case]["outcomes"][indicator]


@pytest.mark.parametrize("name", sorted(MEASURES))
def test_a_measure_changes_nothing_before_it_starts_nor_for_the_untreated(
    company: Company, world: World, name: str
) -> None:
    without = company.world(ALL - {name})
    start, mask = MEASURES[name].start, company.treated[name]

    def early(w: World) -> set[tuple[int, int, float]]:
        o = w.orders
        rows = (o.day < start) | ~mask[o.customer]
        return set(zip(o.customer[rows], o.day[rows], o.amount[rows], strict=True))

    assert early(world) == early(without)
    a, b = world.answers, without.answers
    before = (a.day < start) | ~mask[:, None]
    assert (a.csat5[before] == b.csat5[before]).all()
    assert (a.perception[before] == b.perception[before]).all()
    assert (a.expectation == b.expectation).all()


@pytest.mark.parametrize(
    ("case", "indicator"),
    [("personal_offers", "satisfaction"), ("service_desk", "churn"), ("after_sales", "nps")],
)
def test_the_glance_sees_a_gain_where_the_true_effect_is_nought(
    truth: dict[str, Any], case: str, indicator: str
) -> None:
    row = outcome(truth, case, indicator)
    assert row["effect"] == 0
    better = -1 if indicator == "churn" else 1
    assert better * row["glance_relative"] > 0.03


def test_the_glance_hides_or_shrinks_the_gains_of_those_who_were_picked_at_their_best(
    truth: dict[str, Any],
) -> None:
    offers = outcome(truth, "personal_offers", "repeat_purchase")
    assert offers["effect"] > 0.02 and offers["glance"] < 0
    accounts = outcome(truth, "key_accounts", "sales")
    assert accounts["relative_effect"] > 0.2 and accounts["glance_relative"] < 0.1


def test_faster_response_keeps_a_fifth_of_the_leavers_and_the_glance_sees_more(
    truth: dict[str, Any],
) -> None:
    row = outcome(truth, "fast_response", "churn")
    assert row["relative_effect"] == pytest.approx(-0.20, abs=0.03)
    assert row["glance_relative"] < row["relative_effect"] - 0.05


def test_effects_of_the_file_equal_the_difference_of_potential_outcomes(
    company: Company, world: World, truth: dict[str, Any]
) -> None:
    everybody = np.ones(company.population.n, dtype=bool)
    without = company.world(ALL - {"fast_response"})
    up, base = (x[24:].sum() for x in churn_by_month(world.contracts, everybody))
    up_0, base_0 = (x[24:].sum() for x in churn_by_month(without.contracts, everybody))
    row = outcome(truth, "fast_response", "churn")
    assert row["effect"] == pytest.approx(up / base - up_0 / base_0, abs=1e-6)

    who = company.treated["after_sales"]
    without = company.world(ALL - {"after_sales"})
    up, base = (x[24:].sum() for x in buyers_by_month(world.orders, who))
    up_0, base_0 = (x[24:].sum() for x in buyers_by_month(without.orders, who))
    row = outcome(truth, "after_sales", "repeat_purchase")
    assert row["effect"] == pytest.approx(up / base - up_0 / base_0, abs=1e-6)


def test_a_sound_comparison_finds_the_effect_of_the_lot(
    company: Company, world: World, truth: dict[str, Any]
) -> None:
    """Cities drawn by lot: difference-in-differences of city means over the waves."""
    a, city = world.answers, company.population.city
    change = np.array(
        [
            a.csat5[company.asked[:, 3] & (city == c), 3].mean()
            - a.csat5[:, :3][company.asked[:, :3] & (city == c)[:, None]].mean()
            for c in range(24)
        ]
    )
    got = np.isin(np.arange(24), company.desk_cities)
    effect = change[got].mean() - change[~got].mean()
    se = np.sqrt(change[got].var(ddof=1) / got.sum() + change[~got].var(ddof=1) / (~got).sum())
    assert abs(effect - outcome(truth, "service_desk", "satisfaction")["effect"]) < 2 * se


def test_a_control_by_the_same_rule_finds_the_effect_on_sales(
    company: Company, world: World, truth: dict[str, Any]
) -> None:
    o, n = world.orders, company.population.n

    def spend(begin: str, end: str) -> np.ndarray:
        inside = (o.day >= day_of(begin)) & (o.day < day_of(end))
        return np.bincount(o.customer[inside], weights=o.amount[inside], minlength=n)

    before, after = spend("2024-01-01", "2025-01-01"), spend("2025-01-01", "2026-01-01") / 12
    rule = before >= company.key_account_threshold
    got = company.treated["key_accounts"][rule]
    x = np.column_stack([np.ones(rule.sum()), got, before[rule]])
    beta, *_ = np.linalg.lstsq(x, after[rule], rcond=None)
    residual = after[rule] - x @ beta
    inverse = np.linalg.inv(x.T @ x)
    se = np.sqrt((inverse @ (x.T * residual**2) @ x @ inverse)[1, 1])
    assert abs(beta[1] - outcome(truth, "key_accounts", "sales")["effect"]) < 2 * se
    assert beta[1] > se


def test_the_worst_cities_recover_without_help_against_the_wave_that_chose_them(
    company: Company, world: World
) -> None:
    a, city = world.answers, company.population.city
    nps = np.array(
        [
            [
                net_promoters(a.recommend[company.asked[:, w] & (city == c), w]).mean()
                for w in range(4)
            ]
            for c in range(24)
        ]
    )
    got = np.isin(np.arange(24), company.worst_cities)
    lead = nps[got].mean(axis=0) - nps[~got].mean(axis=0)
    assert lead[1] < lead[0] - 10, "they were not that bad before they were picked"
    assert lead[2:].mean() > lead[1] + 10, "and are not afterwards"


def test_traits_of_the_shop_follow_the_models_that_truth_names(company: Company) -> None:
    p = company.population
    assert p.rate.mean() == pytest.approx(PURCHASE["r"] / PURCHASE["alpha"], rel=0.05)
    assert p.dropout_rate.mean() == pytest.approx(PURCHASE["s"] / PURCHASE["beta"], rel=0.06)
    mean_order = SPEND["p"] * p.spend_scale.mean()
    assert mean_order == pytest.approx(SPEND["p"] * SPEND["gamma"] / (SPEND["q"] - 1), rel=0.05)


def test_reliability_and_gaps_are_those_of_a_real_survey(truth: dict[str, Any]) -> None:
    survey = truth["survey"]
    alphas = [a for kind in survey["alpha"].values() for a in kind.values()]
    assert min(alphas) > 0.76 and max(alphas) < 0.88
    gaps = {item: row["gap"] for item, row in survey["items"].items()}
    assert max(gaps.values()) < 0.1 and min(gaps.values()) < -1.5
    assert max(row["expectation"] for row in survey["items"].values()) < 6.6


def test_three_years_of_orders_start_with_each_customers_first(world: World) -> None:
    o = world.orders
    inside = o.day < N_DAYS
    first = o.number[inside] == 0
    assert np.unique(o.customer[inside]).size == first.sum()
    november = (month_of(o.day[inside]) % 12 == 10).mean()
    assert november > 1.15 / 12
