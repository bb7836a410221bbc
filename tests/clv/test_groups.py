"""Groups that borrow from one another come nearer to the truth than alone or all as one."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.clv import BetaGeometric, PurchaseResults, group_fits
from workbench.errors import DataError

SIZES = (800, 300, *[30] * 8)
BASE = np.log([0.8, 6.0, 0.9, 3.0])


def world(seed: int, spread: float, sizes: tuple[int, ...] = SIZES) -> tuple:  # type: ignore[type-arg]
    """Customers of groups whose log parameters differ by so much; the fit to all, and the truth."""
    rng = np.random.default_rng(seed)
    phi = BASE + rng.normal(0, spread, (len(sizes), 4))
    parts, label = [], []
    for g, n in enumerate(sizes):
        T = rng.uniform(20, 80, n)
        parts.append(np.column_stack([*BetaGeometric.draw(np.exp(phi[g]), T, rng), T]))
        label += [f"g{g}"] * n
    zero = np.zeros(1)
    truth = {
        f"g{g}": float(BetaGeometric.expected(np.exp(p), np.array([26.0]), zero, zero)[0])
        for g, p in enumerate(phi)
    }
    rows = np.vstack(parts)
    return BetaGeometric(*rows.T, unit="week").fit(), np.array(label), truth, rows


def off(value: float, true: float) -> float:
    return float(np.log(max(value, 1e-3) / true) ** 2)


@pytest.mark.parametrize("draws", [4, pytest.param(60, marks=pytest.mark.slow)])
def test_small_groups_come_nearer_to_the_truth(draws: int) -> None:
    errors, held = np.zeros(3), []
    for seed in range(draws):
        bought, label, truth, rows = world(seed, 0.35)
        found = group_fits(bought, label, horizon=26.0)
        whole = float(bought.expected_purchases_new(26.0).estimate[0])
        for _, row in found.table.iterrows():
            true = truth[row["group"]]
            held.append(row["new_low"] <= true <= row["new_high"])
            if row["n"] > 60:
                continue
            own = BetaGeometric(*rows[label == row["group"]].T, unit="week").fit()
            alone = float(own.expected_purchases_new(26.0).estimate[0])
            errors += [off(row["new"], true), off(alone, true), off(whole, true)]
        assert found.p < 0.05
    assert errors[0] < errors[1] < errors[2]
    assert np.mean(held) >= 0.95 - 2 * np.sqrt(0.0475 / len(held)) - 0.02


def test_groups_that_do_not_differ_become_one() -> None:
    bought, label, _, _ = world(3, 0.0, (300, 300, 150, 80))
    found = group_fits(bought, label, horizon=26.0, attribute="channel")
    assert found.p > 0.05 and found.spread.max() < 0.25
    assert found.findings()[0].verdict == "alike"
    whole = float(bought.expected_purchases_new(26.0).estimate[0])
    assert found.table["new"].tolist() == pytest.approx([whole] * 4, rel=0.12)


def test_a_group_of_many_speaks_for_itself() -> None:
    bought, label, _, rows = world(0, 0.35)
    found = group_fits(bought, label, horizon=26.0).table.set_index("group")
    own: PurchaseResults = BetaGeometric(*rows[label == "g0"].T, unit="week").fit()
    alone = float(own.expected_purchases_new(26.0).estimate[0])
    assert found.loc["g0", "new"] == pytest.approx(alone, rel=0.05)
    assert found.loc["g0", "weight"] > found.loc["g9", "weight"]


def test_what_makes_no_groups_is_refused_in_words() -> None:
    bought, label, _, _ = world(3, 0.0, (60, 40))
    with pytest.raises(DataError, match="no two groups"):
        group_fits(bought, ["all"] * 100, horizon=26.0)
    with pytest.raises(DataError, match="99 groups of 100 customers"):
        group_fits(bought, label[:99], horizon=26.0)
