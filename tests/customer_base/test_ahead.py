"""Retention, new customers to come and the value of the base: by hand, and on simulated logs."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from tests.customer_base.examples import Usual, coming, growing, revenue, worth
from workbench import customer_base as base
from workbench.customer_base.acquisition import new_by_month
from workbench.customer_base.whole_value import _Triangle
from workbench.errors import DataError
from workbench.stats import wilson


def stayers(kept: dict[str, tuple[int, int]]) -> tuple[pd.DataFrame, pd.Series]:
    """Customers of groups, of each of which so many of so many bought again."""
    rows = [
        (f"{name}{i}", name, 1.0, float(i < k)) for name, (k, n) in kept.items() for i in range(n)
    ]
    frame = pd.DataFrame(rows, columns=["customer_id", "group", "orders_0", "orders_1"])
    return frame, frame.set_index("customer_id")["group"]


def test_who_stays_least_is_named_and_few_are_put_together() -> None:
    people, group = stayers({"North": (150, 200), "South": (90, 200), "x": (1, 2), "y": (2, 4)})
    found = base.retention_by(people, group, by="Region")
    table = found.table.set_index("group")
    assert table["n"].to_dict() == {"North": 200, "South": 200, "Other groups": 6}
    low, high = wilson(90, 200)
    row = table.loc["South"]
    assert (row["share"], row["share_low"], row["share_high"]) == pytest.approx(
        (0.45, float(low), float(high))
    )
    (said,) = found.findings()
    assert said.values["group"] == "South" and said.severity == "warning"
    alike, group = stayers({"North": (100, 200), "South": (98, 200)})
    assert "stays clearly" in base.retention_by(alike, group, by="Region").findings()[0].message


def test_gross_is_at_most_one_and_net_may_be_more() -> None:
    table = revenue().table
    assert (table["gross"] <= 1).all() and (table["gross"] <= table["net"]).all()
    assert (table["net_low"] < table["net"]).all() and (table["net"] < table["net_high"]).all()


def test_months_that_pass_old_customers_for_new_are_left_out() -> None:
    cells = growing()
    n, skipped = new_by_month(cells, 36)
    assert skipped == 0 and n.sum() == cells.query("cohort == period")["n"].sum()
    more = cells.assign(n=np.where(cells["cohort"] < 3, 6, 1) * cells["n"])
    assert new_by_month(more, 36)[1] == 6


def test_new_customers_are_foreseen_and_the_past_is_tried() -> None:
    found = coming()
    assert 250 < found.total.value < 470 and 360 in found.total
    assert len(found.tested) == 2
    assert found.findings()[1].message.startswith("The records are too short")
    nobody = growing().query("cohort < 12")
    with pytest.raises(DataError, match="nobody new"):
        base.acquisition(nobody, dt.date(2023, 1, 1), 36, fit=Usual)


def test_parts_of_the_value_are_what_they_are_said_to_be() -> None:
    found = worth()
    e = found.estimates()
    assert e["existing"].value + e["future"].value == pytest.approx(e["whole"].value, rel=0.05)
    assert found.sensitivity["high"].ge(found.sensitivity["low"]).all()
    half = base.base_value(growing(), 36, rng=np.random.default_rng(1), coming=coming(24),
                           ahead=24, margin=0.5, draws=60)  # fmt: skip
    assert half.estimates()["whole"].value == pytest.approx(e["whole"].value / 2, rel=0.02)
    paid = base.base_value(growing(), 36, rng=np.random.default_rng(1), coming=coming(24),
                           ahead=24, cost=10.0, draws=60)  # fmt: skip
    assert paid.estimates()["cost"].value < 0


def test_what_a_customer_spends_by_age_is_the_mean_over_cohorts() -> None:
    cells = growing()
    triangle = _Triangle.of(cells, 36)
    curve = triangle.curve(48)
    for age in (0, 5, 20):
        own = cells[(cells["period"] - cells["cohort"] == age)]
        size = cells[cells["cohort"] == cells["period"]].set_index("cohort")["n"]
        expected = own["spend"].sum() / size[size.index <= 35 - age].sum()
        assert curve[age] == pytest.approx(expected)
    # the curve is drawn on as it was going: .4 times 50, over the root of the age
    truth = 20 * (1 + np.arange(36, 48)) ** -0.5
    assert curve[36:] == pytest.approx(truth, rel=0.25)


@pytest.mark.parametrize("draws", [6, pytest.param(60, marks=pytest.mark.slow)])
def test_the_range_of_existing_customers_holds_what_comes(draws: int) -> None:
    """90 % ranges of a year's sales of the customers there were, less two standard errors."""
    held = 0
    for seed in range(draws):
        cells = growing(36, seed)
        known = cells[(cells["cohort"] < 24) & (cells["period"] < 24)]
        rng = np.random.default_rng(seed)
        found = base.base_value(known, 24, rng=rng, ahead=12, discount=0.0, draws=60)
        came = cells[(cells["cohort"] < 24) & (cells["period"] >= 24)]["spend"].sum()
        held += came in found.estimates()["existing"]
    assert held / draws >= 0.9 - 2 * np.sqrt(0.09 / draws)


def test_a_forecast_of_months_that_are_withheld_can_be_shown() -> None:
    """A row of a day and missing numbers alone holds NaT for these."""
    from workbench.languages import speak

    cells = growing()
    few = cells.assign(n=cells["n"].clip(upper=3))
    found = base.acquisition(few, dt.date(2023, 1, 1), 36, fit=Usual)
    row = found.table.head(1).iloc[0]
    assert np.isnan(found.table["n"]).all() and pd.isna(row["expected"])
    assert speak("en").number(row["expected"]) == speak("en").number(float("nan"))
