"""What new customers bring, and when what they cost is back: by hand, and on simulated logs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.customer_base.examples import begun, new_worth
from workbench import customer_base as base
from workbench.errors import DataError
from workbench.stats import mean_interval
from workbench.study import Segments


def test_means_and_the_month_in_which_a_cost_is_back_are_those_by_hand() -> None:
    people = begun()
    found = new_worth()
    spend = people.filter(like="spend_").to_numpy() * 0.5
    for name, cost in (("web", 40.0), ("store", 80.0)):
        own = spend[(people["channel"] == name).to_numpy()]
        row = found.table.set_index("group").loc[name]
        value = mean_interval(own.sum(axis=1))
        assert (row["value"], row["value_low"], row["value_high"]) == pytest.approx(
            (value.value, value.low, value.high)
        )
        path = own.cumsum(axis=1).mean(axis=0)
        reached = np.flatnonzero(path >= cost)
        assert row["back"] == reached[0] if reached.size else pd.isna(row["back"])
        assert row["net"] == pytest.approx(value.value - cost)
    said = {f.verdict: f for f in found.findings() if f.verdict}
    assert said["lost"].values["group"] == "store" and said["lost"].severity == "warning"
    assert said["lost"].next_step and said["back"].values["group"] == "web"
    assert found.mean_cost == pytest.approx(60.0)


def test_customers_from_before_the_log_are_left_out_and_few_are_put_together() -> None:
    people = begun()
    assert base.new_customer_value(people, since=4).value.n == 148
    rare = people.assign(channel=["fax"] * 3 + ["letter"] * 3 + [*people["channel"][6:]])
    names = set(base.new_customer_value(rare, by="channel").table["group"])
    assert names == {"web", "store", "Other groups"}
    with pytest.raises(DataError, match="can be followed"):
        base.new_customer_value(people.head(10))


def test_nothing_is_said_where_one_customer_holds_nearly_all() -> None:
    people = begun(40)
    people.loc[0, "spend_3"] = 1e7
    with pytest.raises(DataError, match="stands out"):
        base.new_customer_value(people)


def test_costs_by_group_say_what_the_groups_are_of() -> None:
    with pytest.raises(ValueError, match="acquired_by"):
        Segments(acquisition_cost={"web": 40.0})
    card = Segments(acquisition_cost={"web": 40.0}, acquired_by="channel")
    assert card.cost_of_winning("channel") == {"web": 40.0}
    assert card.cost_of_winning() == card.cost_of_winning("region") == 0.0
    assert Segments(acquisition_cost=30).cost_of_winning() == 30.0


def test_a_cost_for_nobody_is_said() -> None:
    people = begun()
    found = base.new_customer_value(people, by="channel", cost={"web": 40, "fax": 9})
    assert found.unknown == ("fax",)
    assert any("fax" in f.text and f.severity == "warning" for f in found.findings())


@pytest.mark.slow
def test_intervals_hold_what_is_true() -> None:
    """Customers who leave at random, with spends of their own: 400 draws of 300."""
    months, rng = 12, np.random.default_rng(7)

    def drawn(n: int) -> np.ndarray:
        rate, leaves = rng.gamma(0.8, 0.4, n), rng.beta(1.2, 6, n)
        size = 300 / rng.gamma(6, 1, n)
        spend, alive = np.zeros((n, months + 1)), np.ones(n, bool)
        spend[:, 0] = size * rng.gamma(6, 1 / 6, n)
        for k in range(months + 1):
            x = rng.poisson(rate) * alive
            spend[:, k] += size * np.where(x > 0, rng.gamma(6 * np.maximum(x, 1), 1 / 6), 0)
            alive &= rng.random(n) > leaves * np.minimum(x + 0.3, 1)
        return spend

    truth = drawn(1_000_000).cumsum(axis=1).mean(axis=0)
    cost = float(truth[5] * 1.03)
    month = int(np.flatnonzero(truth >= cost)[0])
    held, back = 0, 0
    for _ in range(draws := 400):
        people = pd.DataFrame(drawn(300), columns=[f"spend_{k}" for k in range(months + 1)])
        people = people.assign(customer_id=range(300), first=0)
        found = base.new_customer_value(people, cost=cost, min_cell=0)
        held += float(truth[-1]) in found.value
        row = found.table.iloc[0].fillna({"back_low": np.inf, "back_high": np.inf})
        back += row["back_low"] <= month <= row["back_high"]
    assert 0.925 <= held / draws <= 0.98
    assert back / draws >= 0.925
