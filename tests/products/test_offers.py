"""Next offers: nothing beats the best-sellers where nothing does, and what does is found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics.pairwise import cosine_similarity

from tests.products.examples import tastes
from workbench.errors import DataError
from workbench.products import best_sellers, item_to_item, measured_offer, next_offers
from workbench.products.offers import BEST_SELLERS, FACTORS, SIMILAR, rules
from workbench.study import Case, Offers


def chosen(seed: int, *, groups: bool) -> str:
    return next_offers(*tastes(seed, groups=groups), rng=np.random.default_rng(seed)).chosen


def test_the_best_sellers_stand_where_customers_have_no_tastes() -> None:
    """20 nulls: at least 95 % and two standard errors allow one other verdict in seven."""
    assert np.mean([chosen(s, groups=False) == BEST_SELLERS for s in range(20)]) >= 0.85


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_best_sellers_stand_in_nineteen_of_twenty_nulls() -> None:
    assert np.mean([chosen(s, groups=False) == BEST_SELLERS for s in range(400)]) >= 0.928


def test_tastes_are_found_and_worth_an_offer() -> None:
    assert np.mean([chosen(s, groups=True) == SIMILAR for s in range(6)]) >= 0.8
    history, items = tastes(1)
    found = next_offers(history, items, rng=np.random.default_rng(1))
    (said,) = found.findings()
    assert said.verdict == SIMILAR and said.values["gap"].low > 0
    assert said.money is not None and said.money.value > 0 and said.advice is not None


def test_scores_are_those_of_the_definition() -> None:
    had = np.random.default_rng(1).random((50, 6)) < 0.4
    cosine = cosine_similarity(had.T.astype(float))
    np.fill_diagonal(cosine, 0)
    own = had[:4].astype(float)
    assert item_to_item(had)(own) == pytest.approx(own @ cosine)
    assert best_sellers(had)(own)[2].tolist() == had.sum(axis=0).tolist()


def test_hits_are_counted_by_hand() -> None:
    """Forty customers had tea; the most bought item they lack is cups, and 30 take it next."""
    rows = [(f"c{i:02d}", "tea", 1, 1) for i in range(40)]
    rows += [(f"c{i:02d}", "cups", 0, 1) for i in range(30)]
    rows += [(f"c{i:02d}", "pots", 0, 1) for i in range(30, 40)]
    rows += [(f"d{i}", "cups", 1, 0) for i in range(20)]
    history = pd.DataFrame(rows, columns=["customer_id", "item", "known", "later"])
    items = pd.DataFrame(
        {"item": ["tea", "cups", "pots"], "orders": [80, 50, 10], "spend": [80.0, 100.0, 10.0]}
    )
    found = next_offers(history, items, rng=np.random.default_rng(1))
    row = found.table.set_index("rule").loc[BEST_SELLERS]
    assert (found.k, row["n"], row["hit_rate"]) == (1, 40, 0.75)
    assert found.worth.value == pytest.approx(60)  # thirty orders of cups at two each
    sent = found.offers.set_index("customer_id")["item"]
    assert sent["c00"] == "pots" and sent["c35"] == "cups" and sent["d1"] == "tea"


def test_nobody_is_offered_what_they_have() -> None:
    history, items = tastes(2)
    found = next_offers(history, items, rng=np.random.default_rng(1), k=3)
    had = set(zip(history["customer_id"], history["item"], strict=True))
    assert not had & set(zip(found.offers["customer_id"], found.offers["item"], strict=True))
    assert found.offers.groupby("customer_id")["item"].nunique().max() == 3


def test_too_little_to_judge_is_refused() -> None:
    history, items = tastes(2)
    with pytest.raises(DataError, match="0 customers bought something new"):
        next_offers(history.assign(later=0), items, rng=np.random.default_rng(1))
    with pytest.raises(DataError, match="2 items to choose from"):
        next_offers(history, items.head(2), rng=np.random.default_rng(1))


def test_the_card_says_what_is_offered_to_whom() -> None:
    history, items = tastes(2)
    people = pd.Index(history["customer_id"].unique())
    card = Offers(
        margins={"item 00": 0.05}, margin=0.5, least_margin=0.1, leave_out=("item 01",),
        stock={"item 02": 7, "item 03": 0}, control=0.2,
    )  # fmt: skip
    found = next_offers(
        history, items, rng=np.random.default_rng(1), card=card, reachable=people[:300]
    )
    sent = found.offers
    assert not set(sent["item"]) & {"item 00", "item 01", "item 03"} and found.closed == 3
    assert (sent["item"] == "item 02").sum() == 7
    on, off = set(sent["customer_id"]), set(found.control["customer_id"])
    assert on <= set(people[:300]) and not on & off and 30 < len(off) < 90
    assert found.left == len(people) - 300 + len(off)
    # where stock is out the next best item moves up: everybody still gets as many
    assert sent.groupby("customer_id").size().eq(found.k).mean() > 0.9
    best = sent[sent["item"] == "item 02"]["score"].min()
    free = next_offers(history, items, rng=np.random.default_rng(1)).offers
    rest = free[(free["item"] == "item 02") & free["customer_id"].isin(on)]
    assert best >= rest["score"].nlargest(7).min()
    # of half the amount half is kept
    whole = next_offers(history, items, rng=np.random.default_rng(1))
    half = next_offers(history, items, rng=np.random.default_rng(1), card=Offers(margin=0.5))
    assert half.worth.value == pytest.approx(whole.worth.value / 2)
    keys = [f.key for f in found.findings()]
    assert keys == ["products.offers", "products.offers.limited"]


def test_a_lot_that_measured_offers_is_used() -> None:
    case = Case(
        name="mail", title={"en": "Mail"}, start="2025-01-01", chosen="random", unit="customer",
        outcomes=[{"indicator": "sales", "direction": "up"}],
    )  # type: ignore[arg-type]  # fmt: skip
    row = {"case": "mail", "outcome": "sales per customer", "difference": 2.0,
           "difference_low": 1.0, "difference_high": 3.0, "verdict": "shown"}  # fmt: skip
    said = measured_offer(pd.DataFrame([row]), case, 50)
    assert said is not None and said.money is not None and tuple(said.money) == (100, 50, 150)
    assert (
        measured_offer(pd.DataFrame([row]), case.model_copy(update={"chosen": "rule"}), 5) is None
    )
    assert measured_offer(None, case, 50) is None


def test_factors_are_tried_where_implicit_is_installed() -> None:
    nearest = pytest.importorskip("implicit.nearest_neighbours", reason="implicit is not installed")
    from scipy.sparse import csr_matrix

    assert FACTORS in rules()
    table = next_offers(*tastes(1), rng=np.random.default_rng(1)).table
    assert table["rule"].tolist() == [BEST_SELLERS, SIMILAR, FACTORS]
    had = np.random.default_rng(1).random((80, 6)) < 0.4
    model = nearest.CosineRecommender(K=6)
    model.fit(csr_matrix(had.astype(float)), show_progress=False)
    cosine = model.similarity.toarray()
    np.fill_diagonal(cosine, 0)
    own = had[:4].astype(float)
    assert item_to_item(had)(own) == pytest.approx(own @ cosine)
