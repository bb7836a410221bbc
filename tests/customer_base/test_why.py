"""Why sales and rates moved: parts add up, planted causes are named, and chance is not."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from benchmarks.movement import Plant, causes, explained, first, shop
from tests.customer_base.examples import rated
from workbench.customer_base import by_attribute, why_rate_moved, why_sales_moved
from workbench.customer_base.parts import stands_out
from workbench.customer_base.why_moved import OTHERS
from workbench.errors import DataError


@pytest.fixture(scope="module")
def drawn() -> tuple[pd.DataFrame, pd.DataFrame]:
    return shop(np.random.default_rng(1), (Plant("value", 2, 0.4),))


def test_parts_add_up_to_each_groups_change(drawn: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    own, lines = drawn
    sales = own.groupby(["group", "side"])["spend"].sum()
    sales = [sales.xs(side, level="side") for side in (0, 1)]
    change = (sales[1] - sales[0]).rename(index=str).to_dict()
    for more in (None, lines):
        found = why_sales_moved(own, more, rng=np.random.default_rng(1), by="Region", draws=9)
        each = found.table.groupby("group")["part"].sum().to_dict()
        assert each == pytest.approx(change)
        assert found.change.value == pytest.approx(sum(change.values()))
        assert set(found.table["factor"]) == {"customers", "frequency", "value"} | (
            {"mix"} if more is not None else set()
        )


def test_parts_are_averages_over_all_orders_of_the_factors(
    drawn: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    own = drawn[0].query("group == 3")
    found = why_sales_moved(own.assign(group="x"), rng=np.random.default_rng(1), draws=9)
    each = []
    for _, t in own.groupby("side"):
        n, orders, spend = len(t), t["orders"].sum(), t["spend"].sum()
        each.append({"customers": n, "frequency": orders / n, "value": spend / orders})
    expected = dict.fromkeys(each[0], 0.0)
    for order in permutations(expected):
        at = dict(each[0])
        for factor in order:
            was = np.prod([*at.values()])
            at[factor] = each[1][factor]
            expected[factor] += float(np.prod([*at.values()]) - was) / 6
    assert found.table.set_index("factor")["part"].to_dict() == pytest.approx(expected)


def test_what_is_bought_is_told_from_what_is_paid() -> None:
    """Everybody orders once in both periods; half turn from the cheap to the dear thing."""
    rows = []
    for who in range(40):
        for side in (0, 1):
            dear = bool(side) and who % 2 == 0
            rows.append((who, "x", "dear" if dear else "cheap", side, 1.0, 30.0 if dear else 10.0))
    names = ["customer_id", "group", "item", "side", "orders", "spend"]
    lines = pd.DataFrame(rows, columns=names)
    own = lines.drop(columns="item")
    found = why_sales_moved(own, lines, rng=np.random.default_rng(1), draws=99)
    parts = found.table.set_index("factor")["part"]
    assert parts["mix"] == pytest.approx(400) and parts.drop("mix").abs().max() < 1e-9
    # the same things, a tenth dearer: a price, and no mix
    dearer = lines.assign(item="cheap", spend=10.0 * (1 + 0.1 * lines["side"]))
    own = dearer.drop(columns="item")
    parts = why_sales_moved(own, dearer, rng=np.random.default_rng(1), draws=99).table
    parts = parts.set_index("factor")["part"]
    assert parts["value"] == pytest.approx(40) and abs(parts["mix"]) < 1e-9


@pytest.mark.parametrize("n", [8, pytest.param(48, marks=pytest.mark.slow)])
def test_a_planted_cause_is_named_first_and_nothing_is_said_to_be_noise(n: int) -> None:
    """A part of `python -m benchmarks.movement`: bounds .90 and .95 less two standard errors."""
    right = 0
    for i, plant in enumerate(causes()[:n]):
        right += first(explained((3, i), (plant,))) == (str(plant.group), plant.factor)
    assert right / n >= 0.9 - 2 * np.sqrt(0.09 / n)
    quiet = sum(first(explained((2, i))) is None for i in range(n))
    assert quiet / n >= 0.95 - 2 * np.sqrt(0.0475 / n)


def test_p_values_are_those_of_maxima_worked_by_hand() -> None:
    null = np.array([[3.0, 1.0], [-1.0, 2.0], [0.5, -1.0], [1.0, 0.0]])
    scale_ = np.sqrt((null**2).mean(axis=0))
    estimate = np.array([2.5, 3.0])
    t, drawn_ = np.abs(estimate) / scale_, np.abs(null) / scale_
    largest = drawn_.max(axis=1)
    p_second = (1 + (largest >= t[1]).sum()) / 5
    p_first = max((1 + (drawn_[:, 0] >= t[0]).sum()) / 5, p_second)
    assert t[1] > t[0]
    assert stands_out(estimate, null).tolist() == pytest.approx([p_first, p_second])
    assert np.isnan(stands_out(np.array([0.0, 1.0]), null * [0, 1]))[0]


def test_groups_of_few_are_put_together() -> None:
    own, _ = shop(np.random.default_rng(2))
    own["group"] = own["group"].map(lambda g: "small" if g == 11 else f"g{g % 3}")
    few = own[(own["group"] != "small") | own["customer_id"].isin(own["customer_id"].tail(3))]
    found = why_sales_moved(few, rng=np.random.default_rng(1), by="Region", draws=9)
    assert "small" not in set(found.groups["group"]) and OTHERS in set(found.groups["group"])
    assert found.groups["n"].min() >= 5
    whole = few.assign(signed=few["spend"] * (2 * few["side"] - 1))["signed"].sum()
    assert found.table["part"].sum() == pytest.approx(whole)


def test_one_who_holds_nearly_all_is_not_told() -> None:
    own = pd.DataFrame({"customer_id": range(20), "group": "x", "side": [0, 1] * 10,
                        "orders": 1.0, "spend": [1e6, *[5.0] * 19]})  # fmt: skip
    with pytest.raises(DataError, match="may not be shown"):
        why_sales_moved(own, rng=np.random.default_rng(1))


def test_customers_get_their_group_and_none_is_lost() -> None:
    people = pd.DataFrame({"customer_id": list("abcd"), "orders_0": [1, 0, 2, 0.0],
                           "spend_0": [5, 0, 7, 0.0], "orders_1": [1, 1, 0, 0.0],
                           "spend_1": [6, 9, 0, 0.0]})  # fmt: skip
    own = by_attribute(people, pd.Series({"a": "North", "b": "South"}))
    assert own.groupby("side")["spend"].sum().to_dict() == {0: 12.0, 1: 15.0}
    assert set(own["group"]) == {"North", "South", OTHERS} and len(own) == 4


def test_a_rates_parts_add_up_and_tell_mix_from_groups() -> None:
    values = rated(np.random.default_rng(4), own=0.0, mix=0.35)
    found = why_rate_moved(values, "region", what="Churn", rng=np.random.default_rng(1))
    means = values.groupby("period")["estimate"].mean()
    assert found.table["part"].sum() == pytest.approx(means.iloc[1] - means.iloc[0])
    assert found.change.value == pytest.approx(means.iloc[1] - means.iloc[0])
    assert found.table.query("p < .05")["kind"].unique().tolist() == ["mix"]
    worse = rated(np.random.default_rng(5), own=0.25, mix=0.0)
    found = why_rate_moved(worse, "region", what="Churn", rng=np.random.default_rng(1))
    first_ = found.table.iloc[0]
    assert (first_["group"], first_["kind"]) == ("North", "group") and first_["p"] < 0.05


def test_a_rate_that_stands_still_is_said_to() -> None:
    alarms = 0
    for seed in range(15):
        values = rated(np.random.default_rng([6, seed]), own=0.0, mix=0.0)
        found = why_rate_moved(values, "region", what="Churn", rng=np.random.default_rng(seed),
                               draws=199)  # fmt: skip
        alarms += found.findings()[0].verdict == "moved"
    assert alarms <= 2  # .75 expected, two standard errors more
