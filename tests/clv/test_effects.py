"""What covariates do to buying and leaving, in words, and what they make of a forecast."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
import pytest

from tests.clv.test_varying import END, season, shop
from workbench.clv import CovariateEffects, covariate_effects
from workbench.errors import DataError


@lru_cache(maxsize=1)
def log_of() -> tuple[pd.DataFrame, pd.DataFrame]:
    """A shop, and its people: a trait that acts, a place that does not."""
    rng = np.random.default_rng(4)
    log, over = shop(500, rng)
    people = over.drop_duplicates("customer_id")[["customer_id", "trait"]]
    plan = np.where(people["trait"] > 0, "basic", "full")
    place = rng.choice(["North", "South", "East"], len(people), p=[0.5, 0.45, 0.05])
    return log, people.assign(plan=plan, place=place).drop(columns="trait")


def measured(*names: str, **options: object) -> CovariateEffects:
    log, people = log_of()
    known = {"people": people, "series": season(), "as_of": END, "unit": "week", "horizon": 26.0}
    return covariate_effects(log, names, **(known | options))  # type: ignore[arg-type]


def test_what_acts_is_told_and_what_does_not_is_not() -> None:
    found = measured("plan", "place", "series.high", "colour")
    rows = found.table.set_index(["name", "process"])
    assert rows.loc[("high", "Buying"), "low"] < np.exp(0.8) < rows.loc[("high", "Buying"), "high"]
    # those with the trait buy less often; the table compares the rarer value with the other
    plan = rows.loc[("plan: basic", "Buying")]
    assert plan["base"] == "full" and plan["low"] < np.exp(-0.5) < plan["high"] < 1
    assert rows.loc[[("place: South", "Buying"), ("place: East", "Buying")], "p"].min() > 0.05
    texts = [finding.text for finding in found.findings()]
    assert any(t.startswith("high: for each unit more, customers buy 2.") for t in texts)
    assert any("plan: basic: customers buy 0." in t and "as full" in t for t in texts)
    assert not any(t.startswith("place") for t in texts)
    assert any("no table has: colour" in t for t in texts)
    # the groups' expectations add up to that of all
    plans = found.groups[found.groups["name"] == "plan"]
    assert found.expected is not None
    assert plans["mean"] @ plans["n"] == pytest.approx(found.expected.value)


def test_a_forecast_needs_the_days_ahead() -> None:
    known = season(weeks=105)
    found = measured("series.high", series=known)
    assert found.expected is None and found.groups.empty
    assert any("need the values of the days ahead" in f.text for f in found.findings())
    low = measured("series.high", horizon=20.0)
    assert low.expected is not None and low.plain is not None
    # half a year without the high season: fewer than a model that does not know it expects
    assert low.expected.value < low.plain.value


def test_a_long_series_is_read_as_a_wide_one() -> None:
    long = season().melt("date", var_name="indicator", value_name="value")
    a, b = measured("series.high"), measured("series.high", series=long)
    assert a.table["ratio"].tolist() == pytest.approx(b.table["ratio"].tolist())


def test_nothing_known_is_refused_in_words() -> None:
    with pytest.raises(DataError, match=r"none of the covariates colour, series\.x is known"):
        measured("colour", "series.x")
