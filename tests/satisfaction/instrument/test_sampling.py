from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.satisfaction.instrument.sampling import (
    draw_invitations,
    invitation_number,
    is_invitation,
    margin_of,
    plan_sample,
    quotas,
    sample_for_margin,
)
from workbench.study.instrument import Sampling

#: Krejcie and Morgan (1970), Educational and Psychological Measurement 30, table 1.
KREJCIE = [
    (10, 10), (50, 44), (100, 80), (200, 132), (500, 217), (1000, 278), (2000, 322), (5000, 357),
    (10_000, 370), (75_000, 382), (1_000_000, 384),
]  # fmt: skip


@pytest.mark.reference
@pytest.mark.parametrize(("population", "n"), KREJCIE)
def test_sizes_are_those_of_krejcie_and_morgan(population: int, n: int) -> None:
    # they round to the nearest, a margin that shall hold rounds up
    assert sample_for_margin(0.05, population=population) - n in (0, 1)


@pytest.mark.reference
def test_the_size_is_that_of_cochrans_island() -> None:
    two = 2 * NormalDist().cdf(2) - 1  # section 4.4 takes t = 2
    assert sample_for_margin(0.05, level=two) == 400
    assert sample_for_margin(0.05, level=two, population=3200) == 356


@pytest.mark.parametrize("share", [0.1, 0.5])
@pytest.mark.parametrize("population", [None, 80, 4000])
@pytest.mark.parametrize("effect", [1.0, 1.7])
def test_the_size_gives_the_margin_and_one_less_does_not(
    share: float, population: int | None, effect: float
) -> None:
    about = {"share": share, "population": population, "design_effect": effect}
    n = sample_for_margin(0.04, **about)
    if n != population:
        assert margin_of(n, **about) <= 0.0401
        assert margin_of(n - 2, **about) > 0.04


def test_the_margin_holds_in_a_finite_population() -> None:
    rng = np.random.default_rng(3)
    people = np.repeat([1.0, 0.0], [400, 600])
    n = sample_for_margin(0.05, share=0.4, population=1000)
    shares = [rng.choice(people, n, replace=False).mean() for _ in range(2000)]
    inside = float(np.mean(np.abs(np.array(shares) - 0.4) <= 0.05))
    assert 0.94 <= inside <= 0.97


def test_groups_are_topped_up_and_the_whole_keeps_its_margin() -> None:
    sizes = {"North": 8000, "South": 1500, "West": 500}
    plan = plan_sample(Sampling(margin=0.03, group_margin=0.08, response=0.25), sizes)
    table = plan.table.set_index("group")
    assert (table["margin"] <= 0.0801).all()
    assert plan.margin <= 0.0301
    assert (table["invitations"] >= 4 * table["answers"] - 4).all()
    assert table.loc["West", "answers"] == sample_for_margin(0.08, population=500)
    assert plan.design_effect > 1
    assert not table["short"].any()


def test_a_group_too_small_for_its_margin_is_invited_whole_and_said() -> None:
    sizes = {"North": 8000, "West": 500}
    plan = plan_sample(Sampling(margin=0.05, group_margin=0.08, response=0.2), sizes)
    west = plan.table.set_index("group").loc["West"]
    assert (west["invitations"], west["answers"], bool(west["short"])) == (500, 100, True)
    assert west["margin"] > 0.08
    told = {found.key: found for found in plan.findings()}
    assert told["sample.short"].values == {"groups": ["West"]}


def test_a_margin_of_groups_weighted_back_holds() -> None:
    rng = np.random.default_rng(8)
    sizes = {"a": 6000, "b": 600}
    truth = {"a": 0.5, "b": 0.6}
    plan = plan_sample(Sampling(margin=0.05, group_margin=0.06), sizes)
    n = dict(zip(plan.table["group"], plan.table["answers"], strict=True))
    weight = {group: size / 6600 for group, size in sizes.items()}
    whole = sum(weight[g] * truth[g] for g in sizes)
    error = []
    for _ in range(2000):
        # without replacement: `truth` of each group's people would say yes
        yes = {g: round(size * truth[g]) for g, size in sizes.items()}
        drawn = {g: rng.hypergeometric(yes[g], sizes[g] - yes[g], n[g]) for g in sizes}
        seen = sum(weight[g] * drawn[g] / n[g] for g in sizes)
        error.append(abs(seen - whole))
    assert float(np.mean(np.array(error) <= plan.margin)) >= 0.94
    assert plan.margin <= 0.0501


def test_a_change_between_waves_asks_for_its_own_size() -> None:
    one = plan_sample(Sampling(margin=0.05, change=0.05), None)
    # two samples, share one half: 2 * .25 * (1.96 + .84)^2 / .05^2
    assert one.answers == 1570
    assert one.findings()[1].values == {"reason": "the change between two waves"}
    panel = plan_sample(Sampling(margin=0.05, change=0.05, overlap=0.5, correlation=0.6), None)
    assert panel.answers == pytest.approx(0.7 * 1570, abs=1)
    assert plan_sample(Sampling(margin=0.05)).answers == 385


def test_a_design_effect_and_a_low_response_cost_what_they_cost() -> None:
    plan = plan_sample(Sampling(margin=0.05, design_effect=1.5, response=0.2))
    assert plan.answers == 577 and plan.invitations == 5 * 577
    assert plan.margin <= 0.05


def test_quotas_add_up_to_the_whole_in_every_margin() -> None:
    margins = {"region": {"N": 1, "S": 1, "W": 1}, "gender": {"f": 0.5116, "m": 0.4884}}
    for n in (1, 7, 100, 385):
        table = quotas(n, margins)
        assert (table.groupby("margin")["answers"].sum() == n).all()
        assert (np.abs(table["answers"] - n * table["share"]) < 1).all()


def register(n: int = 3000) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {"customer_id": [f"K{i:05d}" for i in range(n)], "region": rng.choice(["N", "S"], n)}
    )


def test_the_draw_follows_the_seed_and_not_the_order_of_the_file() -> None:
    people = register()
    sizes = people["region"].value_counts().to_dict()
    plan = plan_sample(Sampling(margin=0.06), sizes)
    about = {"key": b"x" * 16, "wave": "w1", "by": "region"}
    one = draw_invitations(people, plan, seed=1, **about)
    other = draw_invitations(people.sample(frac=1, random_state=4), plan, seed=1, **about)
    pd.testing.assert_frame_equal(one, other)
    assert set(draw_invitations(people, plan, seed=2, **about)["customer_id"]) != set(
        one["customer_id"]
    )
    counts = one["group"].value_counts().to_dict()
    assert counts == dict(zip(plan.table["group"], plan.table["invitations"], strict=True))
    assert one["customer_id"].is_unique and not one["customer_id"].is_monotonic_increasing


def test_everybody_has_the_same_chance() -> None:
    people, seeds = register(300), 30
    plan = plan_sample(Sampling(margin=0.1, response=1.0, population=300), None)
    hits = pd.Series(0, index=people["customer_id"])
    for seed in range(seeds):
        hits[draw_invitations(people, plan, key=b"k" * 16, seed=seed, wave="w")["customer_id"]] += 1
    chance = plan.invitations / 300
    assert 0.1 < chance < 0.9
    spread = float(((hits - seeds * chance) ** 2 / (seeds * chance * (1 - chance))).sum())
    assert abs(spread - 300) < 4 * np.sqrt(600)  # chi-square with about 300 degrees of freedom


def test_an_invitation_number_cannot_be_guessed_and_a_slip_is_seen() -> None:
    number = invitation_number("K00001", b"a" * 16, "w1")
    assert is_invitation(number) and is_invitation(number.lower())
    assert number != invitation_number("K00001", b"b" * 16, "w1")
    assert number != invitation_number("K00001", b"a" * 16, "w2")
    for at in range(len(number)):
        for sign in "0123456789ABCDEFGHJKMNPQRSTVWXYZ":
            if sign != number[at]:
                assert not is_invitation(number[:at] + sign + number[at + 1 :])
    assert not is_invitation("") and not is_invitation("ILOU0000")
    numbers = {invitation_number(f"K{i}", b"a" * 16, "w1") for i in range(20_000)}
    assert len(numbers) == 20_000


def test_nobody_to_invite_is_an_error() -> None:
    with pytest.raises(DataError, match="no customer to invite"):
        draw_invitations(
            pd.DataFrame({"customer_id": [None]}),
            plan_sample(Sampling()),
            key=b"",
            seed=1,
            wave="w",
        )
