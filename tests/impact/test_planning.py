"""A measure planned before it starts: whom to treat, what could be seen, and its analysis."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from pydantic import ValidationError

from tests.impact.cards import case_of
from workbench.impact import CaseData, CaseError, judge_case, plan_assignment, plan_case
from workbench.impact.experiment.blocks import (
    blocks_by_history,
    compare_within,
    draw_within,
    history_of,
)

MONTHS = pd.date_range("2023-01-01", periods=30, freq="MS")
START = MONTHS[24]


def cities(rng, n=24, shocks=1.0, months=30, noise=1.0):
    """Cities in regions that have shocks of their own."""
    region = np.arange(n) % (n // 6)
    own = np.zeros((n // 6, months))
    for k in range(1, months):
        own[:, k] = 0.8 * own[:, k - 1] + shocks * rng.normal(size=n // 6)
    y = rng.normal(20, 2, (n, 1)) + own[region] + noise * rng.normal(size=(n, months))
    return y, region


def rows_of(y, region):
    n, months = y.shape
    return pd.DataFrame(
        {
            "city": np.repeat([f"C{k:02d}" for k in range(n)], months),
            "region": np.repeat([f"R{k}" for k in region], months),
            "period": np.tile(MONTHS[:months], n),
            "estimate": y.ravel(),
        }
    )


def card(**part):
    part = {"unit": "city", "plan": {"periods": 6}, **part}
    return case_of("desk", START, "random", **part)


def test_lots_within_regions_show_smaller_effects_where_regions_have_shocks() -> None:
    planned = plan_assignment(
        rows_of(*cities(np.random.default_rng(1))), card(), outcome="sales", claimed=0.05
    )
    assert planned.way.column == "region"
    said = [finding.text for finding in planned.findings()]
    assert said[0] == "Treat 12 of 24 units, drawn at random within region."
    gain = planned.ways.set_index("column")["gain"]["region"]
    assert gain > 0.2 and "smaller than a lot among all would" in said[1]
    by_region = rows_of(*cities(np.random.default_rng(1))).drop_duplicates("city")
    drawn = planned.assignment.merge(by_region, on="city").groupby("region")["treated"].sum()
    assert (drawn == 3).all()
    # it is waited for, and what may be seen gets smaller
    assert planned.course["detectable"].iloc[-1] < planned.course["detectable"].iloc[0]
    last = planned.last
    assert last["low"] < last["estimate"] < last["high"]


def test_where_nothing_lies_above_the_units_a_lot_among_all_does_as_well() -> None:
    chosen = [
        plan_assignment(rows_of(*cities(np.random.default_rng(s), shocks=0)), card()).way.name
        for s in range(8)
    ]
    assert chosen.count("at random among all") >= 6


def test_the_list_is_drawn_again_by_its_seed() -> None:
    rows = rows_of(*cities(np.random.default_rng(2)))
    lists = [plan_assignment(rows, card(plan={"seed": s})).assignment["treated"] for s in (1, 1, 2)]
    assert lists[0].equals(lists[1]) and not lists[0].equals(lists[2])
    facts = [plan_assignment(rows, card(plan={"seed": s})).facts for s in (1, 1, 2)]
    assert facts[0] == facts[1] and facts[0]["list"] != facts[2]["list"]
    # a page of a case that has not begun says so, and shows the plan; the register keeps it
    early = rows[rows["period"] < START]
    report = judge_case(card(), CaseData([early]))
    assert report.main.refused and report.planned is not None
    assert any("the measure begins on" in caveat.text for caveat in report.caveats)
    kept = plan_case(card(), CaseData([early]), as_of=START.date())
    assert kept["assignment"] == report.planned.facts


def test_promises_are_kept_by_the_design_that_answers() -> None:
    """Forty histories: seen as often as promised, to two standard errors and five points."""
    promised, seen = [], []
    for seed in range(40):
        y, region = cities(np.random.default_rng(seed))
        planned = plan_assignment(
            rows_of(y[:, :24], region), card(), outcome="sales", claimed=0.055
        )
        got = planned.assignment["treated"].to_numpy()
        block = planned.way.block
        after = y[:, 24:].mean(axis=1) + 0.055 * 20 * got
        found = compare_within(after, history_of(y[:, :24], 6), got, block)
        promised.append(planned.last["estimate"])
        seen.append(abs(found.effect) / found.se > 2.1)
    assert np.mean(promised) == pytest.approx(np.mean(seen), abs=0.05 + 2 * 0.5 / np.sqrt(40))


def test_a_comparison_within_blocks_is_that_of_a_regression() -> None:
    rng = np.random.default_rng(3)
    block, before = np.repeat(np.arange(4), 6), rng.normal(size=(24, 2))
    treated = draw_within(block, 12, rng)
    y = block + before[:, 0] + 0.5 * treated + rng.normal(size=24)
    found = compare_within(y, before, treated, block)
    frame = pd.DataFrame({"y": y, "d": treated * 1.0, "b": block})
    frame[["u", "v"]] = before
    peer = smf.ols("y ~ d + C(b) + u + v", frame).fit()
    assert (found.effect, found.se, found.df) == pytest.approx(
        (peer.params["d"], peer.bse["d"], peer.df_resid)
    )
    with pytest.raises(CaseError, match="nothing to compare"):
        compare_within(y, before, block < 2, block)


def test_shares_are_kept_in_blocks_and_each_unit_has_the_same_chance() -> None:
    block = np.repeat([0, 1, 2], [5, 4, 1])
    drawn = np.array([draw_within(block, 4, np.random.default_rng(s)) for s in range(600)])
    assert (drawn.sum(axis=1) == 4).all()
    assert drawn.mean(axis=0) == pytest.approx(np.full(10, 0.4), abs=0.08)
    assert (drawn[:, :5].sum(axis=1) == 2).all()
    pairs = blocks_by_history(np.array([5.0, 1.0, 4.0, 2.0]), 2)
    assert pairs[1] == pairs[3] != pairs[0] == pairs[2]


def test_a_case_drawn_within_blocks_is_judged_within_them_and_the_page_shows_the_plan() -> None:
    y, region = cities(np.random.default_rng(5))
    planned = plan_assignment(rows_of(y[:, :24], region), card())
    got = planned.assignment.loc[planned.assignment["treated"], "city"].tolist()
    y[np.isin([f"C{k:02d}" for k in range(24)], got), 24:] += 3
    records = rows_of(y, region)
    case = card(treated={"city": got}, blocks="region")
    report = judge_case(case, CaseData([records]), rng=np.random.default_rng(1))
    effect = report.main.effect
    assert effect is not None and effect.design == "chosen at random within blocks"
    assert effect.low < 3 < effect.high and report.planned is not None
    plain = judge_case(card(treated={"city": got}), CaseData([records])).main.effect
    assert plain is not None
    assert effect.high - effect.low < 0.85 * (plain.high - plain.low)
    wrong = judge_case(card(treated={"city": got}, blocks="area"), CaseData([records]))
    assert any("no block is known" in caveat.text for caveat in wrong.caveats)


def test_plans_that_cannot_be_made_are_refused_in_words() -> None:
    rows = rows_of(*cities(np.random.default_rng(6), n=12))
    with pytest.raises(CaseError, match="cannot be compared"):
        plan_assignment(rows, card(plan={"treated": 11}))
    with pytest.raises(CaseError, match="six units"):
        plan_assignment(rows[rows["city"] < "C03"], card())
    with pytest.raises(ValidationError, match="`blocks` are those of a lot"):
        case_of("desk", START, "volunteers", unit="city", blocks="region")
    long = plan_assignment(rows, card(plan={"periods": 20}))
    assert any("bears a time of" in finding.text for finding in long.findings())


def test_blocks_that_only_seem_to_gain_are_not_taken() -> None:
    # twelve cities whose regions go one way: what pairs would cost is known (1.27 times a lot)
    rng, taken = np.random.default_rng(7), 0
    for _ in range(25):
        planned = plan_assignment(
            rows_of(*cities(rng, n=12, shocks=0.0, months=24)), card(), outcome="sales"
        )
        taken += planned.way.name != "at random among all"
    assert taken <= 4
