"""Benefit against cost: exact where everything is known, honest where it is not."""

from __future__ import annotations

import matplotlib

matplotlib.use("agg")

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy.stats import norm

from workbench.impact import CaseError, Costs, Effect, Worth, cost_benefit


def effect(at: float = 2.0, half: float = 1.0) -> Effect:
    return Effect("drawn by lot", at, at - half, at + half, 0.001)


def judged(found: Effect | None = None, **options):
    known = {
        "value": 5.0,
        "customers": 100,
        "costs": Costs(once=Worth.of(4000.0), per_period=Worth.of(100.0)),
        "periods": 24,
        "periods_a_year": 12,
        "rng": np.random.default_rng(1),
    }
    return cost_benefit(found or effect(), **known | options)


def test_without_discount_it_is_plain_arithmetic() -> None:
    found = judged()
    assert found["benefit"][0] == pytest.approx(2 * 5 * 100 * 24)
    assert found["cost"] == pytest.approx((4000 + 100 * 24,) * 3)
    assert found["net benefit"][0] == pytest.approx(24_000 - 6400)
    assert found["net benefit per customer"][0] == pytest.approx(176)
    assert found["return"][0] == pytest.approx(17_600 / 6400)
    assert found["pay-back"][0] == pytest.approx(4000 / 900)


def test_the_interval_of_the_effect_is_carried_through() -> None:
    found = judged()
    # net = 12000 effect - 6400, and the effect lies between 1 and 3
    assert found["net benefit"][1:] == pytest.approx((5600, 29_600), rel=0.03)
    assert found.pays == pytest.approx(norm.cdf((17_600 / 12_000) / (1 / 1.96)), abs=0.003)


def test_an_uncertain_worth_widens_the_interval() -> None:
    sure = judged()["net benefit"]
    rough = judged(value=Worth(5.0, 2.0, 8.0))["net benefit"]
    assert rough[2] - rough[1] > 1.2 * (sure[2] - sure[1])
    # delta method: sd of a product of independent normals
    sd = 2400 * np.sqrt((5 * 0.5102) ** 2 + (2 * 1.5306) ** 2 + (0.5102 * 1.5306) ** 2)
    assert (rough[2] - rough[1]) / 3.92 == pytest.approx(sd, rel=0.05)


def test_discounting_is_that_of_an_annuity() -> None:
    found = judged(discount=0.08)
    monthly = 1.08 ** (1 / 12) - 1
    annuity = (1 - (1 + monthly) ** -24) / monthly
    assert found["benefit"][0] == pytest.approx(1000 * annuity)
    assert found["net benefit"][0] == pytest.approx(900 * annuity - 4000)


def test_what_should_fall_is_worth_money_when_it_falls() -> None:
    down = judged(effect(-0.01, 0.005), value=600.0, direction="down")
    up = judged(effect(0.01, 0.005), value=600.0)
    assert down["benefit"][0] == pytest.approx(up["benefit"][0])
    assert down.break_even == pytest.approx(-up.break_even)


def test_at_the_break_even_effect_nothing_is_won_or_lost() -> None:
    even = judged(discount=0.05).break_even
    found = judged(effect(even, 0.2), discount=0.05)
    assert found["net benefit"][0] == pytest.approx(0, abs=1e-6)
    assert found.pays == pytest.approx(0.5, abs=0.01)


def test_costs_that_never_come_back_have_no_pay_back() -> None:
    found = judged(effect(0.1, 0.2))
    assert found["pay-back"][0] == np.inf and found["pay-back"][2] == np.inf
    assert found.pays < 0.05


def test_the_probability_is_calibrated_against_the_truth() -> None:
    # of measures said to pay with a chance near .7, about 70 percent do
    rng = np.random.default_rng(3)
    said, paid = [], []
    for _ in range(150):
        true = rng.normal(0.55, 0.3)
        seen = true + rng.normal(0, 0.3)
        # posterior of a normal prior, so that the chance is one
        mean, half = (seen + 0.55) / 2, 1.96 * 0.3 / np.sqrt(2)
        said.append(judged(effect(mean, half), draws=1000).pays)
        paid.append(12_000 * true > 6400)
    some = (np.array(said) > 0.5) & (np.array(said) < 0.9)
    assert np.mean(np.array(paid)[some]) == pytest.approx(np.mean(np.array(said)[some]), abs=0.15)


def test_the_same_seed_gives_the_same_table() -> None:
    assert judged().table.equals(judged().table)


def test_costs_are_read_from_a_card() -> None:
    from workbench.impact import costs_of

    card = SimpleNamespace(
        once=1000.0, per_period=None, per_customer=SimpleNamespace(amount=2.0, low=1.0, high=None)
    )
    read = costs_of(card)
    assert (read.once.amount, read.per_period.amount) == (1000.0, 0.0)
    assert (read.per_customer.low, read.per_customer.high) == (1.0, 2.0)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"customers": 0}, "nobody was treated"),
        ({"periods": 0}, "horizon of 0 periods"),
        ({"discount": -1.0}, "impossible"),
        ({"costs": Costs()}, "costs nothing"),
    ],
)
def test_impossible_input_is_refused(options: dict, said: str) -> None:
    with pytest.raises(CaseError, match=said):
        judged(**options)


def test_a_range_that_does_not_hold_its_amount_is_refused() -> None:
    with pytest.raises(CaseError, match="does not hold 5"):
        Worth.of(SimpleNamespace(amount=5.0, low=6.0, high=None))


def test_the_picture_starts_at_the_cost() -> None:
    figure, ax = plt.subplots()
    judged().plot(ax=ax)
    assert ax.lines[0].get_ydata()[0] == pytest.approx(-4000)
    plt.close(figure)
