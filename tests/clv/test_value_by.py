"""Forecasts of groups by an attribute add up to that of all."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.clv.examples import N, past, value
from workbench import clv
from workbench.errors import DataError

IDS = [f"c{i}" for i in range(N)]
PEOPLE = pd.DataFrame(
    {
        "customer_id": IDS,
        "region": ["north", "south", None] * (N // 3),
        "town": [f"t{i % 20}" for i in range(N)],
        "height": np.linspace(1.5, 2.0, N),
        "planet": "earth",
    }
)


@pytest.fixture(scope="module")
def coming() -> clv.Forecast:
    return clv.forecast(value(), past(), rng=np.random.default_rng(1))


@pytest.mark.parametrize(("by", "groups"), [("", 3), ("region", 3), ("town", 12)])
def test_groups_add_up(coming: clv.Forecast, by: str, groups: int) -> None:
    found = clv.value_by(coming, PEOPLE, by=by, ids=IDS)
    assert len(found.table) == groups
    assert found.table["n"].sum() == N
    assert found.table["forecast"].sum() == pytest.approx(coming.total.value)
    assert (found.table["forecast_low"] <= found.table["forecast"]).all()
    assert found.attribute == (by or "region")
    (said,) = found.findings()
    assert f"{found.table['forecast'].max():.3g}" in said.text


def test_who_is_not_in_the_list_is_not_known(coming: clv.Forecast) -> None:
    found = clv.value_by(coming, PEOPLE.head(60), by="town", ids=IDS)
    assert found.table["group"].iloc[-1] == "Not known"
    assert found.table["n"].iloc[-1] == N - 60


@pytest.mark.parametrize(
    ("by", "said"), [("height", "measurement"), ("planet", "the same"), ("none", "no attribute")]
)
def test_what_makes_no_groups_is_refused(coming: clv.Forecast, by: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        clv.value_by(coming, PEOPLE, by=by, ids=IDS)
    with pytest.raises(DataError, match="attribute"):
        clv.value_by(coming, None, ids=IDS)


def test_small_groups_are_withheld(coming: clv.Forecast) -> None:
    people = PEOPLE.assign(region=["north"] * 150 + ["south"] * 147 + ["isle"] * 3)
    found = clv.value_by(coming.told_by(10), people, by="region", ids=IDS)
    hidden = found.table.set_index("group")["forecast"].isna()
    assert hidden["isle"] and hidden.sum() >= 2
