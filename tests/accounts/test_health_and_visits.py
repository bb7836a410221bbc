"""A score is held against what came later; what visits bring is refused where they follow sales."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from tests.accounts import examples, firm
from workbench import accounts as room
from workbench.accounts import area, health, read_weights, visit_effect
from workbench.errors import DataError

AS_OF = examples.AS_OF


def test_a_score_that_foresees_says_so_and_names_the_weak() -> None:
    found = examples.score()
    by_key = {f.key: f for f in found.findings()}
    assert by_key["accounts.health"].verdict == "foresees"
    weak = by_key["accounts.health.weak"]
    assert weak.money is not None and weak.next_step is not None
    shares = found.table.set_index("health")["stopped"]
    assert shares["Weak"] > shares["Strong"]
    assert "customer_id" not in found.table and found.scores["score"].between(0, 100).all()


def test_a_score_that_foresees_nothing_says_so() -> None:
    verdicts = [
        health(firm.leaving(np.random.default_rng([7, seed]), n=150, foreseen=False), as_of=AS_OF)
        .findings()[0].verdict
        for seed in range(12)
    ]  # fmt: skip
    assert verdicts.count("nothing") >= 10


def test_areas_of_nulls_hold_one_half_and_those_of_others_their_truth() -> None:
    null, told = [], []
    repetitions = 400
    for seed in range(repetitions):
        rng = np.random.default_rng([8, seed])
        good = rng.random(120) < 0.7
        null.append(0.5 in area(rng.normal(size=120), good))
        # P(N(1, 1) > N(0, 1))
        told.append(0.7602499 in area(rng.normal(size=120) + good, good))
    bound = 3 * np.sqrt(0.05 * 0.95 / repetitions)
    assert abs(np.mean(null) - 0.95) < bound and abs(np.mean(told) - 0.95) < bound


def test_an_area_is_that_of_scikit_learn_and_ties_count_half() -> None:
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(1)
    score, good = rng.integers(0, 6, 80), rng.random(80) < 0.4
    assert area(score, good).value == pytest.approx(roc_auc_score(good, score))
    same = area(np.ones(20), np.arange(20) < 10)
    assert same.value == 0.5 and same.low < 0.5 < same.high
    best = area(np.arange(20), np.arange(20) >= 10)
    assert best.value == 1 and 0.5 < best.low < 1


def test_weights_are_stated_compared_or_equal() -> None:
    parts = ["recency", "trend", "frequency"]
    assert read_weights([], parts)[1] == "equal"
    stated, method = read_weights(["recency 0.5", "trend 0.3", "service 0.2"], parts)
    # what cannot be measured here is left out, and the rest sums to one
    assert method == "stated" and stated == pytest.approx({"recency": 0.625, "trend": 0.375})
    pairs = ["recency / trend 2", "recency / frequency 4", "trend / frequency 2"]
    compared, method = read_weights(pairs, parts)
    assert method == "AHP" and compared["recency"] == pytest.approx(4 / 7)
    for wrong, said in (
        (["recncy 0.5"], "no weight"), (["recency much"], "no weight"), (["recency 0.4"], "sum"),
        (["recency 0.5", "trend / recency 2"], "stated and others compared"),
        (["service 1"], "none of the parts"),
        (["recency / trend 9", "trend / frequency 9", "frequency / recency 9"], "contradict"),
    ):  # fmt: skip
        with pytest.raises(DataError, match=said):
            read_weights(wrong, parts)


def test_what_somebody_knows_better_counts_from_its_day_on() -> None:
    sales = firm.leaving(np.random.default_rng(5))
    ids = sorted(sales["customer_id"].unique())[:3]
    about = pd.DataFrame(
        {"customer_id": ids, "health": [3.0, 97.0, 50.0], "health_reason": ["Merger", "New", "x"],
         "health_on": pd.to_datetime(["2025-10-01", "2025-10-01", "2026-02-01"])}
    )  # fmt: skip
    found = health(sales, as_of=AS_OF, about=about)
    own = found.scores.set_index("customer_id")
    assert (
        found.given == 2 and own.loc[ids[0], "score"] == 3 and own.loc[ids[0], "health"] == "Weak"
    )
    assert own.loc[ids[0], "reason"] == "Merger" and not own.loc[ids[2], "given"]
    assert any(f.key == "accounts.health.given" for f in found.findings())
    # the test on the past is that of the score, not of what was said
    plain = health(sales, as_of=AS_OF)
    assert found.stopping == plain.stopping


def test_a_score_of_the_past_knows_nothing_of_what_came_later() -> None:
    sales = firm.leaving(np.random.default_rng(5))
    late = sales["date"] > pd.Timestamp(AS_OF) - pd.Timedelta(days=180)
    # amounts of the last half year do not count for who stopped in it
    other = sales.assign(amount=sales["amount"].mask(late, 1.0))
    assert health(other, as_of=AS_OF).stopping == health(sales, as_of=AS_OF).stopping


def test_other_parts_count_where_they_are_known() -> None:
    rng = np.random.default_rng(5)
    sales = firm.leaving(rng)
    ids = sales["customer_id"].unique()
    n = 900
    service = pd.DataFrame(
        {"customer_id": rng.choice(ids, n), "resolved": rng.random(n) < 0.7,
         "at": pd.Timestamp(AS_OF) - pd.to_timedelta(rng.integers(0, 700, n), "D")}
    )  # fmt: skip
    sales["category"] = rng.choice(["a", "b", "c"], len(sales))
    found = health(sales, as_of=AS_OF, service=service, visits=firm.visits(rng, sales))
    assert len(found.weights) == 6 and found.weights["weight"].sum() == pytest.approx(1)
    few = health(sales[sales["date"] > "2025-09-01"], as_of=AS_OF)
    assert few.stopping is None and few.findings()[0].verdict == "untried"
    with pytest.raises(DataError, match="too few to score"):
        health(sales[sales["customer_id"].isin(ids[:10])], as_of=AS_OF)


def test_visits_that_follow_sales_are_no_effect_and_no_figure_is_given() -> None:
    found = examples.visited()
    # planted: visits bring nothing, and yet go with the sales of the same time
    assert found.naive.low > 0 and found.reversed
    ax = Figure().subplots()
    assert found.plot(ax) is ax and ax.has_data()
    refused, would = found.findings()
    assert refused.severity == "refusal" and refused.verdict == "cannot be told"
    assert found.naive.value not in [getattr(v, "value", v) for v in refused.values.values()]
    assert would.next_step is not None and would.values["n"] == found.n


def test_visits_at_random_are_refused_too_but_not_for_following_sales() -> None:
    sold, _ = examples.sales()
    said = []
    for seed in range(20):
        rng = np.random.default_rng([4, seed])
        found = visit_effect(firm.visits(rng, sold, follow=False), sold, as_of=AS_OF)
        assert found.findings()[0].severity == "refusal"
        said.append(found.reversed)
    assert sum(said) <= 3  # 2.5 % by chance


def test_visits_need_a_record_of_sales() -> None:
    sold, _ = examples.sales()
    calls = firm.visits(np.random.default_rng(1), sold)
    with pytest.raises(DataError, match="reach back"):
        visit_effect(calls, sold[sold["date"] > "2025-06-01"], as_of=AS_OF)
    with pytest.raises(DataError, match="too few"):
        few = sold[sold["customer_id"] < "A020"]
        visit_effect(calls[calls["customer_id"] < "A020"], few, as_of=AS_OF)


def test_the_weakest_group_is_named_and_the_weak_whom_nobody_saw() -> None:
    found = examples.by_health()
    table = found.table.set_index("group")
    # two accounts are no group of their own, nor found by taking the others from all
    assert "Shipping" not in table.index and table["n"].sum() == found.all.n
    worst, seen = found.findings()
    assert worst.values["group"] == "Hotels" and worst.severity == "warning"
    scores = examples.score().scores
    weak = scores.loc[scores["health"] == "Weak", "customer_id"]
    by_lot = set(weak.sample(frac=0.4, random_state=1)) | set(scores["customer_id"].tail(80))
    assert found.seen is not None
    assert found.seen.value == pytest.approx(weak.isin(by_lot).mean()) and seen.advice is not None


def test_equal_groups_are_seldom_called_weak() -> None:
    """5 % of 40 draws, and three standard errors."""
    scores, named = examples.score().scores, 0
    for seed in range(40):
        rng = np.random.default_rng([61, seed])
        about = pd.DataFrame({"customer_id": scores["customer_id"],
                              "industry": rng.choice(list("abcd"), len(scores))})  # fmt: skip
        found = room.health_groups(scores, about, as_of=examples.AS_OF)
        named += found.findings()[0].severity == "warning"
    assert named / 40 <= 0.15
