"""Filters on a page: groups by attributes and pairs, of which nobody follows, alone or together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests import attackers
from workbench.errors import DataError
from workbench.segments import break_down
from workbench.stats.disclosure import OTHER_GROUPS, pool_groups, rule_of

BY = ["region", "plan", ["region", "plan"]]


def people(rng: np.random.Generator, n: int) -> pd.DataFrame:
    region = rng.choice(["North", "East", "South", "West"], n, p=[0.1, 0.15, 0.3, 0.45])
    plan = np.where(region == "North", "gold", rng.choice(["gold", "plain"], n, p=[0.2, 0.8]))
    return pd.DataFrame({"region": region, "plan": plan})


def test_groups_have_the_numbers_of_their_customers() -> None:
    rng = np.random.default_rng(5)
    who, spend, orders = people(rng, 900), rng.gamma(2, 50, 900), rng.poisson(3, 900) + 1
    found = break_down(who, orders=orders, spend=spend, by=BY, min_cell=5)
    assert list(found.table["by"].unique()) == ["Region", "Plan", "Region · Plan"]
    row = found.table.set_index(["by", "group"]).loc[("Region · Plan", "West · gold")]
    inside = ((who["region"] == "West") & (who["plan"] == "gold")).to_numpy()
    assert row["n"] == inside.sum()
    assert row["customers"] == pytest.approx(inside.mean())
    assert row["spend"] == pytest.approx(spend[inside].mean())
    assert row["share"] == pytest.approx(spend[inside].sum() / spend.sum())
    assert row["orders_low"] < orders[inside].mean() < row["orders_high"]
    assert found.total == 4 + 2 + 7 and found.findings() == []


def test_two_attackers_who_read_all_filters_find_nobody() -> None:
    """They know the total, each group's size and mean, and what the tables leave out."""
    rng, shown, hidden, together = np.random.default_rng(6), 0, 0, 0
    for _ in range(25):
        n = int(rng.integers(30, 250))
        who, spend = people(rng, n), attackers.heavy(rng, n)
        try:
            found = break_down(who, orders=np.ones(n), spend=spend, by=BY, min_cell=5)
        except DataError:
            continue
        figures = [(np.ones(n, dtype=bool), spend.sum())]
        cell = who["region"] + " · " + who["plan"]
        for row in found.table.to_dict("records"):
            of = {"Region": who["region"], "Plan": who["plan"]}.get(row["by"], cell)
            inside = (of == row["group"]).to_numpy()
            if row["group"] == OTHER_GROUPS:
                inside, together = pooled(of, spend), together + 1
            figures += [(inside, row["n"] * row["spend"]), (inside, row["share"] * spend.sum())]
        assert attackers.found(figures, spend) == []
        shown += len(found.table)
        hidden += found.total - len(found.table)
    assert shown > 60 and hidden > 20 and together > 10, (shown, hidden, together)


def pooled(of: pd.Series, spend: np.ndarray) -> np.ndarray:
    """Tell who is in the groups that are put together."""
    names, code = pd.Categorical(of).categories, pd.Categorical(of).codes
    one = np.ones(len(of))
    names, code = pool_groups(list(names), np.asarray(code), [one, one, spend], rule_of(5))
    return code == names.index(OTHER_GROUPS)


def test_what_is_not_shown_is_counted_and_identifiers_are_refused() -> None:
    rng = np.random.default_rng(7)
    who, spend = people(rng, 200), rng.gamma(2, 50, 200)
    who.loc[:2, "region"] = "Island"
    found = break_down(who, orders=np.ones(200), spend=spend, by=["region"], min_cell=5)
    assert "Island" not in set(found.table["group"])
    (said,) = found.findings()
    # with the smallest beside it, whose sum may be told
    assert found.table["group"].tolist()[-1] == OTHER_GROUPS
    assert said.values["n"] == found.total - len(found.table) + 1 == 2
    who["account"] = [f"A{i}" for i in range(200)]
    with pytest.raises(DataError, match="200 values, more than groups have"):
        break_down(who, orders=np.ones(200), spend=spend, by=["account"], min_cell=5)
    with pytest.raises(DataError, match=r"no attribute 'regoin'.*region"):
        break_down(who, orders=np.ones(200), spend=spend, by=["regoin"], min_cell=5)
