"""Changes of a panel: who answers twice is compared with themselves, and intervals still cover."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from workbench.satisfaction import (
    detectable_change,
    gap_changes,
    loyalty_by,
    read_answers,
    sample_plan,
)
from workbench.satisfaction.questionnaire.answers import same_person
from workbench.stats import Sample, mean_shift, rake
from workbench.study.survey import Survey

# the true changes of the panels below: mean of the gap, CSAT, top two box, NPS in points
SHIFT = 0.15


def panel(rng: np.random.Generator, n: int, overlap: float) -> pd.DataFrame:
    """Two waves of n answers, of which a share comes from the same people (correlation .7)."""
    same = round(overlap * n)
    who = np.r_[np.arange(n), np.r_[np.arange(same), np.arange(n, 2 * n - same)]]
    person, wave = rng.normal(size=2 * n)[who], np.repeat([0, 1], n)
    felt = np.sqrt(0.7) * person + np.sqrt(0.3) * rng.normal(size=2 * n) + SHIFT * wave
    wish, other = rng.normal(size=(2, 2 * n))[:, who]
    return pd.DataFrame(
        {
            "respondent_id": [f"r{i}" for i in range(2 * n)],
            "customer_id": [f"c{i}" for i in who],
            "wave": wave,
            "exp_01": 5.5 + 0.5 * wish,
            "per_01": 4.5 + 0.5 * wish + felt,
            "csat5": np.clip(np.round(3.4 + felt), 1, 5),
            "recommend": np.clip(np.round(7 + 2 * felt), 0, 10),
            "old": np.where(0.5 * person + np.sqrt(0.75) * other > 0.5, "old", "young"),
        }
    )


def truths() -> dict[str, float]:
    felt = np.random.default_rng(5).normal(size=2_000_000)
    grades = [np.clip(np.round(3.4 + felt + s), 1, 5) for s in (0, SHIFT)]
    marks = [np.clip(np.round(7 + 2 * (felt + s)), 0, 10) for s in (0, SHIFT)]
    scores = [100 * ((m >= 9).mean() - (m < 7).mean()) for m in marks]
    return {
        "gap": SHIFT,
        "csat": grades[1].mean() - grades[0].mean(),
        "top_two_box": (grades[1] >= 4).mean() - (grades[0] >= 4).mean(),
        "nps": scores[1] - scores[0],
    }


def changes_of(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The change from each wave to the next, by measure."""
    answers = read_answers(frame, Survey(dimensions={"all": ["01"]}, scale=(-50, 50)))
    gap = gap_changes(answers)
    found = {"gap": gap[gap["dimension"] == "overall"].reset_index(drop=True)}
    for measure, column in (("csat", "csat5"), ("top_two_box", "csat5"), ("nps", "recommend")):
        trend = loyalty_by(answers.background, "wave", column=column, measure=measure)
        found[measure] = trend.changes
    return found


def intervals(frame: pd.DataFrame) -> dict[str, pd.Series]:
    return {name: rows.iloc[0] for name, rows in changes_of(frame).items()}


def coverage(overlap: float, n: int, runs: int, *, raked: bool = False) -> dict[str, float]:
    """Share of panels whose intervals hold the truth; all are one long survey of pairs of waves."""
    panels = []
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        frame = panel(rng, n, overlap)
        if raked:  # the contented answer more readily: the weights undo it, wave by wave
            frame = frame[rng.random(len(frame)) < np.where(frame["old"] == "old", 0.9, 0.45)]
            share = stats.norm.sf(0.5)
            margins = {"old": {"old": share, "young": 1 - share}}
            parts = [
                part.assign(weight=rake(part, margins).weights) for _, part in frame.groupby("wave")
            ]
            frame = pd.concat(parts)
        own = {c: f"{seed} " + frame[c] for c in ("respondent_id", "customer_id")}
        panels.append(frame.assign(wave=2 * seed + frame["wave"], **own))
    true, found = truths(), changes_of(pd.concat(panels, ignore_index=True))
    return {
        name: float(
            rows.iloc[::2][["low", "high"]]
            .pipe(lambda t, x=true[name]: (t["low"] <= x) & (x <= t["high"]))
            .mean()
        )
        for name, rows in found.items()
    }


@pytest.mark.parametrize("overlap", [0.0, 1.0])
def test_intervals_of_a_panels_change_cover(overlap: float) -> None:
    # 120 panels: at 95 % three standard errors are six points
    found = coverage(overlap, 150, 120)
    assert all(c >= 0.89 for c in found.values()), found


@pytest.mark.slow
@pytest.mark.parametrize("raked", [False, True])
@pytest.mark.parametrize("overlap", [0.0, 0.5, 1.0])
def test_intervals_of_a_panels_change_cover_at_any_overlap(overlap: float, raked: bool) -> None:
    found = coverage(overlap, 150, 1000, raked=raked)
    print(overlap, raked, found)
    assert all(0.925 <= c <= 0.98 for c in found.values()), found


def test_everybody_twice_is_the_paired_t_test_and_nobody_twice_welchs() -> None:
    rng = np.random.default_rng(1)
    for overlap, test in ((1.0, stats.ttest_rel), (0.0, stats.ttest_ind)):
        frame = panel(rng, 80, overlap)
        gap = frame["per_01"] - frame["exp_01"]
        options = {"equal_var": False} if overlap == 0 else {}
        known = test(gap[80:].to_numpy(), gap[:80].to_numpy(), **options)
        row = intervals(frame)["gap"]
        low, high = known.confidence_interval()
        assert (row["low"], row["high"], row["p"]) == pytest.approx((low, high, known.pvalue))
        assert row["both"] == 80 * overlap


def test_the_order_of_the_answers_does_not_matter() -> None:
    frame = panel(np.random.default_rng(2), 60, 0.5)
    one, two = intervals(frame), intervals(frame.sample(frac=1, random_state=1))
    for name in one:
        assert one[name]["low"] == pytest.approx(two[name]["low"])


def test_without_anybody_twice_the_numbers_of_people_change_nothing() -> None:
    frame = panel(np.random.default_rng(3), 100, 0.0)
    known, unknown = intervals(frame), intervals(frame.drop(columns="customer_id"))
    for name, row in known.items():
        assert (
            row[["estimate", "low", "high"]].tolist()
            == unknown[name][["estimate", "low", "high"]].tolist()
        )


def test_a_panel_shows_smaller_changes() -> None:
    alone, often = (intervals(panel(np.random.default_rng(4), 400, o)) for o in (0.0, 1.0))
    for name in alone:
        widths = [found[name]["high"] - found[name]["low"] for found in (alone, often)]
        assert widths[1] < 0.75 * widths[0]
    assert often["nps"]["detectable"] < alone["nps"]["detectable"]
    assert often["csat"]["correlation"] == pytest.approx(0.65, abs=0.1)
    assert often["csat"]["both"] == 400 and alone["csat"]["both"] == 0


def test_the_plan_and_the_detectable_change_know_the_panel() -> None:
    # V (1/n + 1/n - 2 * 100 * .5 / n^2) for n = 200 is three quarters of 2 V / n
    plain = detectable_change(0.6, 200, 200)
    assert detectable_change(0.6, 200, 200, both=100, correlation=0.5) == pytest.approx(
        plain * np.sqrt(0.75)
    )
    plan = sample_plan(0.61e4, 1000, (5,))
    panel_plan = sample_plan(0.61e4, 1000, (5,), overlap=0.5, correlation=0.5)
    assert panel_plan["needed"].iloc[0] == pytest.approx(0.75 * plan["needed"].iloc[0], abs=1)
    assert panel_plan["power"].iloc[0] > plan["power"].iloc[0]


def test_people_are_customers_where_linked_and_respondents_else() -> None:
    frame = pd.DataFrame(
        {
            "respondent_id": ["a", "b", "c", "c", None, None],
            "customer_id": ["x", "x", None, None, None, None],
        }
    )
    found = same_person(frame)
    assert found[0] == found[1] and found[2] == found[3] and len(set(found)) == 4


def test_missing_answers_of_one_wave_leave_the_pair_out_of_the_covariance_only() -> None:
    rng = np.random.default_rng(6)
    x = rng.normal(size=(50, 2))
    y = x + 0.5 * rng.normal(size=(50, 2))
    y[:20, 1] = np.nan
    who = np.arange(50)
    shift = mean_shift(Sample(x, None, who), Sample(y, None, who))
    assert shift.both.tolist() == [50, 30]
    assert shift.df[0] == pytest.approx(49) and 30 < shift.df[1] < 80
    assert shift.variance[1] > shift.variance[0]
