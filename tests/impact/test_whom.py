"""Whom a measure helps: scores, order, rules with costs and budget, and the verdict."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_ind

from tests.impact.cards import case_of
from workbench.impact import CaseData, CaseError, judge_case, whom_it_helps
from workbench.impact.experiment.rules import (
    PriceTerms,
    Tried,
    _areas,
    learn_rule,
    over_steps,
    ranked,
    try_rules,
    worth_of_all,
    worth_of_rule,
)
from workbench.impact.experiment.scores import Drawn, doubly_robust, folds_of, in_turn
from workbench.impact.inputs.assignment import with_arms

START = pd.Timestamp("2024-05-01")
ARMS = np.array(["none", "dear", "cheap"])


def drawn(rng, n=1500, effect=None, arms=2):
    x = rng.normal(size=(n, 4))
    arm = rng.integers(0, arms, n)
    tau = np.zeros((n, arms)) if effect is None else effect(x)
    y = x[:, 1] + tau[np.arange(n), arm] + rng.normal(size=n)
    return Drawn(y, arm, x, np.bincount(arm) / n)


def half(x):
    return np.column_stack([0 * x[:, 0], np.where(x[:, 0] > 0, 0.8, -0.6)])


def table(rng, n=1500, effects=lambda u: (0.0 * u, 0.0 * u)):
    """Customers seen once, in three arms whose effects may go by a column."""
    arm, u = rng.integers(0, 3, n), rng.normal(size=n)
    tau = np.column_stack([np.zeros(n), *effects(u)])
    y = 5 + tau[np.arange(n), arm] + rng.normal(size=n)
    records = pd.DataFrame({"customer_id": np.arange(n), "period": START, "estimate": y})
    region = rng.choice(["north", "south"], n)
    units = pd.DataFrame({"customer_id": np.arange(n), "arm": ARMS[arm], "u": u, "region": region})
    return records, units


def card(**part):
    arms = {"column": "arm", "control": "none"}
    return case_of("mail", START, "random", arms=arms, **{"whom": ["u", "region"], **part})


def helped(records, units, case, **rest):
    arm = units.set_index("customer_id")["arm"]
    return whom_it_helps(records, case, arm, units, rng=np.random.default_rng(1), **rest)


def test_nobody_tests_what_they_taught() -> None:
    fold = folds_of(np.repeat([0, 1], [40, 60]), np.random.default_rng(1))
    steps = list(in_turn(fold))
    assert len(steps) == 3
    for teach, test in steps:
        assert not (teach & test).any()
        assert fold[teach].max() < fold[test].min()
    assert np.bincount(fold[:40]).tolist() == [8] * 5


def test_scores_are_unbiased_and_those_of_econml() -> None:
    """LinearDRLearner of econml 0.17 on the same draw: average effects, and slopes on x."""
    rng = np.random.default_rng(5)
    n = 4000
    x, arm = rng.normal(size=(n, 4)), rng.integers(0, 3, n)
    tau = np.column_stack([0 * x[:, 0], 0.1 + 0.3 * x[:, 0], -0.1 + 0.2 * x[:, 1]])
    y = x[:, 2] + tau[np.arange(n), arm] + rng.normal(size=n)
    data = Drawn(y, arm, x, np.bincount(arm) / n)
    fold = folds_of(arm, rng)
    scores = np.empty((n, 3))
    for k in range(5):
        scores[fold == k] = doubly_robust(data.only(fold != k), data.only(fold == k))
    effects = scores[:, 1:] - scores[:, :1]
    assert effects.mean(axis=0) == pytest.approx([0.0984, -0.1309], abs=0.006)
    se = effects.std(axis=0) / np.sqrt(n)
    assert se == pytest.approx([(0.1746 - 0.0223) / 3.92, (0.2053 - 0.0564) / 3.92], rel=0.03)
    slopes = np.linalg.lstsq(np.column_stack([np.ones(n), x]), effects, rcond=None)[0][1:]
    assert slopes[:, 0] == pytest.approx([0.2453, 0.0542, 0.0349, 0.0191], abs=0.012)
    assert slopes[:, 1] == pytest.approx([-0.0279, 0.2573, -0.0164, 0.0274], abs=0.03)


def test_areas_are_those_of_their_definition() -> None:
    """By hand: the mean is 1; the first one to four bring 3, 2, 1 2/3 and 1 each."""
    autoc, qini = _areas(np.array([3.0, 1.0, 1.0, -1.0]), np.ones(4))
    assert autoc == pytest.approx((2 + 1 + 2 / 3 + 0) / 4)
    assert qini == pytest.approx((2 * 0.25 + 1 * 0.5 + 2 / 3 * 0.75 + 0) / 4)
    flat = Tried(np.zeros((500, 1)), np.random.default_rng(1).normal(size=(500, 1)), np.zeros(500))
    found = ranked([flat], 1, np.random.default_rng(2))
    assert all(abs(area.value) < 3 * area.se for area in found.values())


def test_a_rule_that_helps_is_found_and_its_gain_is_true() -> None:
    rng, terms = np.random.default_rng(7), PriceTerms(1.0, np.zeros(2))
    data = drawn(rng, effect=half)
    steps = try_rules(data, terms, rng)
    own = worth_of_rule(steps, terms)
    gains = [
        over_steps([a - b for a, b in zip(own, worth_of_all(steps, terms, arm), strict=True)])
        for arm in (0, 1)
    ]
    # the best rule brings .4 beside nobody, and .3 beside all
    for gain, best in zip(gains, (0.4, 0.3), strict=True):
        low, high = gain.limits(0.95)
        assert low > 0 and low < best < high + 0.1
    assert ranked(steps, 1, rng)["AUTOC"].p < 0.001


def test_without_differences_no_rule_beats_all_or_none() -> None:
    """Ten nulls; `benchmarks/whom.py` has a thousand."""
    terms, beaten, ordered = PriceTerms(1.0, np.zeros(2)), 0, 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        steps = try_rules(drawn(rng, n=400), terms, rng)
        own = worth_of_rule(steps, terms)
        gains = [
            over_steps([a - b for a, b in zip(own, worth_of_all(steps, terms, arm), strict=True)])
            for arm in (0, 1)
        ]
        beaten += all(gain.value > 0 and gain.p < 0.05 for gain in gains)
        ordered += ranked(steps, 1, rng)["AUTOC"].p < 0.05
    assert beaten <= 1 and ordered <= 3


def test_costs_choose_the_arm_and_a_budget_is_kept() -> None:
    def effect(x):
        return np.column_stack([0 * x[:, 0], 1 + x[:, 0], 0.6 + 0 * x[:, 0]])

    rng = np.random.default_rng(3)
    data = drawn(rng, n=3000, effect=effect, arms=3)
    cost = np.array([0.0, 0.5, 0.1])
    free = learn_rule(data, PriceTerms(1.0, cost), rng).choose(data.x)
    # the dear one pays from x = 0 on: .5 + x beside .5
    assert 0.4 < (free == 1).mean() < 0.6 and (free == 0).mean() < 0.05
    tight = learn_rule(data, PriceTerms(1.0, cost, 0.08), rng)
    taken = tight.choose(data.x)
    assert cost[taken].mean() == pytest.approx(0.08, abs=0.005) and tight.price > 0
    assert data.x[taken == 1, 0].min() > 1.0
    assert PriceTerms(1.0, cost, 0.08).affordable.tolist() == pytest.approx([1.0, 0.16, 0.8])


def test_the_page_says_whether_customers_can_be_told_apart() -> None:
    rng = np.random.default_rng(11)
    records, units = table(rng, 2400, lambda u: (0.9 * u, 0.3 + 0 * u))
    found = helped(records, units, card())
    assert found.findings()[0].text.startswith("Customers can be told apart: a rule learnt")
    assert found.findings()[0].verdict == "told apart"
    assert found.profile["column"].iloc[0] == "u"
    assert list(found.policies["policy"]) == ["the rule", "nobody", "for all", "for all"]
    assert list(found.policies["arm"]) == ["", "", "cheap", "dear"]
    alike = helped(*table(rng, 1200, lambda u: (0.4 + 0 * u, 0.4 + 0 * u)), card())
    assert "Treat all alike" in alike.findings()[0].text and not alike.beats
    nothing = helped(*table(rng, 1200), card(whom={"by": ["u"], "costs": 0.5}))
    assert "give it to nobody" in nothing.findings()[0].text
    budget = card(whom={"by": ["u"], "costs": {"dear": 1.0, "cheap": 1.0}, "budget": 240})
    few = helped(*table(rng, 1200), budget)
    assert few.share_paid == pytest.approx(0.2)
    assert few.findings()[-1].text.startswith("The budget pays for 0.2 of the customers")


def test_an_outcome_seen_once_is_welchs_t_and_its_gaps_are_said() -> None:
    records, units = table(np.random.default_rng(2), 900, lambda u: (0.5 + 0 * u, 0.5 + 0 * u))
    report = judge_case(
        card(by="region"),
        CaseData([records], with_arms(card(), None, units), units=units),
        rng=np.random.default_rng(1),
    )
    effect = report.main.effect
    assert effect is not None and effect.design == "chosen at random, seen once"
    sides = [records["estimate"][(units["arm"] == "none") == none] for none in (False, True)]
    peer = ttest_ind(*sides, equal_var=False)
    ends = peer.confidence_interval(0.95)
    assert (effect.low, effect.high) == pytest.approx((ends.low, ends.high), abs=0.002)
    assert report.whom is not None and report.picture() is not None
    assert len(report.versions) == 3 and report.main.strength == "strong"


def test_a_card_that_cannot_be_followed_is_refused_in_words() -> None:
    records, units = table(np.random.default_rng(4), 300)
    with pytest.raises(CaseError, match="200 are needed"):
        helped(records, units, card())
    records, units = table(np.random.default_rng(4), 900)
    with pytest.raises(CaseError, match="which is no arm"):
        helped(records, units, card(whom={"by": ["u"], "costs": {"gold": 1.0}}))
    with pytest.raises(CaseError, match="nothing is known"):
        helped(records, units, card(whom={"by": []}))
    report = judge_case(
        card(whom=["height"]),
        CaseData([records], with_arms(card(), None, units), units=units),
        rng=np.random.default_rng(1),
    )
    assert report.whom is None and "whom" in {c.key for c in report.caveats}
