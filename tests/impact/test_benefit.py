"""Benefit against cost: exact where everything is known, honest where it is not."""

from __future__ import annotations

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy.stats import norm

from workbench.impact import CaseError, Effect, cost_benefit
from workbench.impact.benefit import amount
from workbench.study.cases import Amount, Costs


def effect(at: float = 2.0, half: float = 1.0) -> Effect:
    return Effect("chosen at random", at, at - half, at + half, 0.001)


def judged(found: Effect | None = None, **options):
    known = {
        "value": 5.0,
        "customers": 100,
        "costs": Costs(once=4000.0, per_period=100.0),
        "periods": 24,
        "periods_a_year": 12,
        "rng": np.random.default_rng(1),
    }
    return cost_benefit(found or effect(), **known | options)


def test_without_discount_it_is_plain_arithmetic() -> None:
    found = judged()
    assert found.benefit.value == pytest.approx(2 * 5 * 100 * 24)
    assert tuple(found.cost) == pytest.approx((4000 + 100 * 24,) * 3)
    assert found.net.value == pytest.approx(24_000 - 6400)
    assert found.per_customer(found.net).value == pytest.approx(176)
    assert found.return_on_cost.value == pytest.approx(17_600 / 6400)
    assert found.pay_back.value == pytest.approx(4000 / 900)


def test_the_interval_of_the_effect_is_carried_through() -> None:
    found = judged()
    # net = 12000 effect - 6400, and the effect lies between 1 and 3
    assert tuple(found.net)[1:] == pytest.approx((5600, 29_600), rel=0.03)
    assert found.chance == pytest.approx(norm.cdf((17_600 / 12_000) / (1 / 1.96)), abs=0.003)


def test_an_uncertain_worth_widens_the_interval() -> None:
    sure = tuple(judged().net)
    rough = tuple(judged(value=Amount(amount=5, low=2, high=8)).net)
    assert rough[2] - rough[1] > 1.2 * (sure[2] - sure[1])
    # delta method: sd of a product of independent normals
    sd = 2400 * np.sqrt((5 * 0.5102) ** 2 + (2 * 1.5306) ** 2 + (0.5102 * 1.5306) ** 2)
    assert (rough[2] - rough[1]) / 3.92 == pytest.approx(sd, rel=0.05)


def test_discounting_is_that_of_an_annuity() -> None:
    found = judged(discount=0.08)
    monthly = 1.08 ** (1 / 12) - 1
    annuity = (1 - (1 + monthly) ** -24) / monthly
    assert found.benefit.value == pytest.approx(1000 * annuity)
    assert found.net.value == pytest.approx(900 * annuity - 4000)


def test_what_should_fall_is_worth_money_when_it_falls() -> None:
    down = judged(effect(-0.01, 0.005), value=600.0, direction="down")
    up = judged(effect(0.01, 0.005), value=600.0)
    assert down.benefit.value == pytest.approx(up.benefit.value)
    assert down.break_even.value == pytest.approx(-up.break_even.value)


def test_at_the_break_even_effect_nothing_is_won_or_lost() -> None:
    even = judged(discount=0.05).break_even.value
    found = judged(effect(even, 0.2), discount=0.05)
    assert found.net.value == pytest.approx(0, abs=1e-6)
    assert found.chance == pytest.approx(0.5, abs=0.01)


def test_costs_that_never_come_back_have_no_pay_back() -> None:
    found = judged(effect(0.1, 0.2))
    assert found.pay_back.value == np.inf and found.pay_back.high == np.inf
    assert found.chance < 0.05


def test_the_probability_is_calibrated_against_the_truth() -> None:
    # of measures said to pay with a chance near .7, about 70 percent do
    rng = np.random.default_rng(3)
    said, paid = [], []
    for _ in range(150):
        true = rng.normal(0.55, 0.3)
        seen = true + rng.normal(0, 0.3)
        # posterior of a normal prior, so that the chance is one
        mean, half = (seen + 0.55) / 2, 1.96 * 0.3 / np.sqrt(2)
        said.append(judged(effect(mean, half), draws=1000).chance)
        paid.append(12_000 * true > 6400)
    some = (np.array(said) > 0.5) & (np.array(said) < 0.9)
    assert np.mean(np.array(paid)[some]) == pytest.approx(np.mean(np.array(said)[some]), abs=0.15)


def test_the_same_seed_gives_the_same_table() -> None:
    assert judged().table.equals(judged().table)


def test_an_amount_of_the_card_without_a_range_is_certain() -> None:
    assert tuple(amount(1000.0)) == (1000.0, 1000.0, 1000.0) and tuple(amount(None)) == (0, 0, 0)
    assert tuple(amount(Amount(amount=2.0, low=1.0))) == (2.0, 1.0, 2.0)
    found = judged(costs=Costs(once=4000.0, per_customer=Amount(amount=2.0, low=1.0)))
    assert found.cost.value == pytest.approx(4000 + 2 * 100 * 24)
    assert found.cost.low < found.cost.value == pytest.approx(found.cost.high)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"customers": 0}, "nobody was treated"),
        ({"periods": 0}, "horizon of 0 periods"),
        ({"discount": -1.0}, "impossible"),
    ],
)
def test_impossible_input_is_refused(options: dict, said: str) -> None:
    with pytest.raises(CaseError, match=said):
        judged(**options)


def test_what_costs_nothing_is_refused_by_the_card() -> None:
    with pytest.raises(ValueError, match="above zero"):
        Costs(once=0.0, per_customer=Amount(amount=0.0, high=3.0))


def test_a_loss_is_called_a_loss() -> None:
    gain, loss = judged().findings()[0], judged(effect(0.1, 0.2)).findings()[0]
    assert "expected to bring" in gain.text and gain.money.value == pytest.approx(17_600)
    assert "expected to cost more than it brings" in loss.text
    # with its sign: a loss of "0 to 380,000" would read like another amount than on the card
    assert loss.values["net"] == loss.money and loss.money.value < 0


def test_the_table_has_totals_and_what_they_come_to_for_one_customer() -> None:
    found = judged()
    table = found.table.set_index("name")
    assert table.loc["net benefit", "estimate"] == found.net.value
    assert table.loc["net benefit", "customer_low"] == pytest.approx(found.net.low / 100)


def test_the_picture_starts_at_the_cost() -> None:
    figure, ax = plt.subplots()
    judged().plot(ax=ax)
    assert ax.lines[0].get_ydata()[0] == pytest.approx(-4000)
    plt.close(figure)
