"""Pairs: exact by hand, unbiased and honest where no pair is true, and found where one is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.products import shop
from workbench.errors import DataError
from workbench.products import ItemPairs, item_pairs

#: Shops without a true pair: many who come seldom, few who come often, sizes and tastes apart.
SHOPS: dict[str, dict[str, float]] = {
    "plain": {"customers": 150, "items": 20, "orders": 8},
    "seldom": {"customers": 500, "items": 30, "orders": 2.5},
    "often": {"customers": 40, "items": 20, "orders": 60, "taste": 1.5},
    "uneven": {"customers": 150, "items": 15, "orders": 15, "size": 1.5, "taste": 2.0},
}


def judged(drawn: list[np.ndarray], **options: float) -> ItemPairs:
    counts, items = shop.counted(drawn)
    return item_pairs(counts, items, baskets=sum(map(len, drawn)), min_cell=0, **options)  # type: ignore[arg-type]


def false_alarms(draws: int, **about: float) -> tuple[float, float, float]:
    """Share of draws with a pair named; share of p below .05; mean standardised score's sign."""
    named, p, right = 0, [], []
    for seed in range(draws):
        found = judged(shop.baskets(np.random.default_rng([7, seed]), **about))  # type: ignore[arg-type]
        named += len(found.together) + len(found.seldom_together) > 0
        p.append(found.table["p"].to_numpy())
        right.append((found.table["lift"] > 1).to_numpy())
    every = np.concatenate(p)
    return named / draws, float((every < 0.05).mean()), float(np.concatenate(right).mean())


def test_a_shop_without_true_pairs_names_hardly_any() -> None:
    """A tenth of the grid: 20 draws, 5 % and two standard errors allow 15 %."""
    named, small, _ = false_alarms(20, **SHOPS["plain"])
    assert named <= 0.15
    assert small < 0.065


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", SHOPS)
def test_the_false_discovery_rate_holds(name: str) -> None:
    """200 draws: 5 % and two standard errors are 8.1 %."""
    named, small, right = false_alarms(200, **SHOPS[name])
    assert named <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 200)
    assert 0.03 < small < 0.06
    assert right == pytest.approx(0.5, abs=0.03)


def test_the_plain_null_would_name_most_pairs() -> None:
    """What this test guards against: independence over all baskets."""
    drawn = shop.baskets(np.random.default_rng(3), customers=600, items=20, orders=10, size=1.2)
    table = judged(drawn).table
    n = sum(map(len, drawn))
    both, lift = table["baskets"].to_numpy(float), table["plain_lift"].to_numpy(float)
    z = (both - both / lift) / np.sqrt(both / lift)
    assert n > 1000 and (np.abs(z) > 1.96).mean() > 0.8
    assert table["verdict"].ne("").mean() < 0.02


@pytest.mark.parametrize(("lift", "power"), [(1.5, 0.25), (2.0, 0.75)])
def test_a_planted_pair_is_found_with_its_lift(lift: float, power: float) -> None:
    found, estimates = 0, []
    about = {"customers": 600, "items": 8, "orders": 15}
    draws = 8
    for seed in range(draws):
        drawn = shop.baskets(np.random.default_rng([11, seed]), lift=lift, **about)  # type: ignore[arg-type]
        table = judged(drawn).table
        row = table[(table["a"] == "item 00") & (table["b"] == "item 01")].iloc[0]
        found += row["verdict"] == "together"
        estimates.append(row["lift"])
    assert found >= power * draws
    assert np.median(estimates) == pytest.approx(lift, rel=0.15)


def test_counts_worked_by_hand() -> None:
    """Baskets {a, b} and {c, d} of one customer: 4 odd items, 2 and 2; e = 1/3."""
    lies = np.array([[1, 1, 0, 0], [0, 0, 1, 1]], dtype=bool)
    counts, items = shop.counted([lies])
    pair = counts.set_index(["a", "b"])
    ab, ac = pair.loc[("item 00", "item 01")], pair.loc[("item 00", "item 02")]
    assert (ab["together"], ab["apart"]) == (pytest.approx(2 / 3), 0)
    assert (ac["together"], ac["apart"]) == (0, pytest.approx(1 / 3))
    assert ab["variance"] == ac["variance"] == pytest.approx(2 / 9)
    # over all pairs of odd items the scores sum to zero: they were only dealt out
    assert (counts["together"] - counts["apart"]).sum() == pytest.approx(0)
    assert items["baskets"].tolist() == [1, 1, 1, 1]


def test_support_and_lift_are_those_of_mlxtend() -> None:
    rules = pytest.importorskip("mlxtend.frequent_patterns", reason="mlxtend is not installed")
    drawn = shop.baskets(np.random.default_rng(5), customers=200, items=8, orders=10)
    table = judged(drawn).table.set_index(["a", "b"])
    frame = pd.DataFrame(np.concatenate(drawn), columns=shop.NAMES[:8])
    frequent = rules.apriori(frame, min_support=1e-4, use_colnames=True, max_len=2)
    known = rules.association_rules(frequent, metric="lift", min_threshold=0)
    for (a, b), row in table.iterrows():
        one = known[
            (known["antecedents"] == frozenset([a])) & (known["consequents"] == frozenset([b]))
        ].iloc[0]
        assert (row["support"], row["plain_lift"]) == pytest.approx((one["support"], one["lift"]))


def test_pairs_of_few_customers_are_not_shown_and_few_baskets_say_so() -> None:
    drawn = shop.baskets(np.random.default_rng(5), customers=200, items=12, orders=10)
    counts, items = shop.counted(drawn)
    n = sum(map(len, drawn))
    all_shown = item_pairs(counts, items, baskets=n, min_cell=0)
    some = item_pairs(counts, items, baskets=n, min_cell=30)
    assert 0 < some.withheld == len(all_shown.table) - len(some.table)
    assert some.tested == all_shown.tested
    none = judged(shop.baskets(np.random.default_rng(5), customers=10, items=4, orders=2))
    assert none.tested == 0 and none.picture() is None
    (said,) = none.findings()
    assert said.severity == "refusal" and "Too few baskets" in said.text


def test_unusable_input_is_refused() -> None:
    counts, items = shop.counted(shop.baskets(np.random.default_rng(1), customers=30))
    with pytest.raises(DataError, match="level is 5"):
        item_pairs(counts, items, baskets=10, level=5)
    with pytest.raises(DataError, match="variance"):
        item_pairs(counts.drop(columns="variance"), items, baskets=10)
