"""Synthetic control and synthetic difference: weights, intervals, checks, refusals."""

from __future__ import annotations

from dataclasses import replace

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.optimize import minimize

from tests.impact.cards import case_of
from workbench.impact import (
    CaseError,
    Panel,
    evaluate,
    predictor_means,
    synthetic_control,
    synthetic_difference,
)
from workbench.impact.designs.synthetic.donor_weights import (
    _chosen,
    closest_mixture,
    fit_mixture,
    stopped_early,
)
from workbench.impact.designs.synthetic.one_treated import rank_check
from workbench.impact.designs.synthetic.synthetic_control import (
    SYNTHETIC_CONTROL,
    _inference,
    enough_for_interval,
)
from workbench.impact.designs.synthetic.synthetic_difference import _Fit, _jackknife, _steady


def factors(
    rng: np.random.Generator,
    *,
    donors: int = 22,
    periods: int = 32,
    after: int = 8,
    treated: int = 1,
    effect: float = 1.0,
    shift: float = 0.0,
) -> Panel:
    """Two drifting factors, each unit its own share of them, AR(.5) errors."""
    n = donors + treated
    factor = 0.5 * np.cumsum(rng.normal(size=(2, periods)), axis=1)
    e = np.zeros((n, periods))
    e[:, 0] = rng.normal(size=n) / np.sqrt(0.75)
    for t in range(1, periods):
        e[:, t] = 0.5 * e[:, t - 1] + rng.normal(size=n)
    y = 20 + rng.normal(size=(n, 1)) + rng.normal(size=(n, 2)) @ factor + 0.7 * e
    own = np.arange(n) < treated
    later = np.arange(periods) >= periods - after
    y = y + effect * np.outer(own, later) + shift * own[:, None]
    names = pd.date_range("2020-01-01", periods=periods, freq="MS")
    return Panel(
        y,
        np.ones_like(y),
        pd.Index([f"C{i}" for i in range(n)]),
        names,
        own,
        later,
        np.ones(n, dtype=bool),
        names[periods - after],
    )


@pytest.mark.parametrize("ridge", [0.0, 3.0])
def test_the_mixture_is_the_constrained_least_squares_solution(ridge: float) -> None:
    gaps = np.random.default_rng(1).normal(size=(12, 6)) + 0.5
    found = closest_mixture(gaps, ridge=ridge)
    loss = lambda w: np.square(gaps @ w).sum() + ridge * w @ w  # noqa: E731
    slow = minimize(
        loss,
        np.full(6, 1 / 6),
        bounds=[(0, 1)] * 6,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    )
    assert found.sum() == pytest.approx(1) and (found >= 0).all()
    assert loss(found) <= slow.fun * (1 + 1e-9)
    assert found == pytest.approx(slow.x, abs=1e-5)


def test_a_unit_that_is_a_mixture_is_found_out() -> None:
    panel = factors(np.random.default_rng(2), effect=0.0)
    panel.outcome[0] = 0.3 * panel.outcome[4] + 0.7 * panel.outcome[9]
    panel.outcome[0, panel.after] += 2.0
    found = synthetic_control(panel)
    assert dict(
        zip(found.donors["unit"][:2], found.donors["weight"][:2].round(6), strict=True)
    ) == {
        "C9": 0.7,
        "C4": 0.3,
    }
    assert found.effect == pytest.approx(2) and found.clear
    assert found.rank_p == pytest.approx(1 / 23)
    assert "a mixture of C9, C4." in " ".join(c.text for c in found.checks)


def test_the_nested_search_weighs_the_predictors_that_matter() -> None:
    rng = np.random.default_rng(3)
    panel = factors(rng, donors=25, effect=1.5)
    before = panel.outcome[:, ~panel.after]
    useful = pd.DataFrame(
        {"early": before[:, :8].mean(axis=1), "late": before[:, 16:].mean(axis=1)}
    )
    useful.index = panel.units
    both = useful.assign(noise=rng.normal(size=len(panel.units)))
    found = synthetic_control(panel, predictors=both, starts=5)
    table = found.predictors.set_index("predictor")
    assert table["importance"].sum() == pytest.approx(1)
    # importance of its own choosing fits the time before no worse than equal importance
    spread = both.to_numpy().std(axis=0, ddof=1)
    gaps = (both.to_numpy()[1:] - both.to_numpy()[0]) / spread
    equal = closest_mixture(gaps.T)
    plain = np.sqrt(np.square(before[0] - equal @ before[1:]).mean())
    assert found.rmspe_before <= plain * (1 + 1e-9)
    assert len(found.placebos) == 26 and found.low < found.effect < found.high


@pytest.mark.parametrize("seed", range(4))
def test_the_weights_are_those_of_the_importance_that_is_told(seed: int) -> None:
    rng = np.random.default_rng(seed)
    outcome, x = rng.normal(size=(12, 9)), rng.normal(size=(3, 9))
    observed, own = outcome @ np.full(9, 1 / 9), 3 + x @ rng.dirichlet(np.ones(9))
    # no mixture has these predictors, so that it matters how much each of them weighs
    spread = np.column_stack([x, own]).std(axis=1, ddof=1)
    gaps = (x - own[:, None]) / spread[:, None]
    for first in (None, np.array([0.7, 0.1, 0.2])):
        found = fit_mixture(x, own, outcome, observed, starts=2, rng=rng, first=first)
        assert found.importance.sum() == pytest.approx(1)
        # Abadie, Diamond, Hainmueller (2010): W minimises (X1 - X0 W)' V (X1 - X0 W)
        loss = lambda w, v=found.importance: v @ np.square(gaps @ w)  # noqa: E731
        slow = closest_mixture(np.sqrt(found.importance)[:, None] * gaps)
        assert loss(found.weights) <= loss(slow) + 1e-9
        assert found.mspe == pytest.approx(np.square(outcome @ found.weights - observed).mean())
        equal = closest_mixture(gaps)
        assert found.mspe <= np.square(outcome @ equal - observed).mean() * (1 + 1e-9)


def test_importance_is_told_as_shares_whatever_the_largest() -> None:
    left = np.array([[1.0, 3.0]])
    for largest in (-2.0, 0.0, 5.0):
        log = np.log([0.5, 0.25, 0.25]) - np.log(0.5) + largest
        found = _chosen(np.array([0.5, 0.5]), log, left)
        assert found.importance == pytest.approx([0.5, 0.25, 0.25]) and found.mspe == 4


def test_one_predictor_has_all_the_importance() -> None:
    x, own = np.array([[1.0, 4.0]]), np.array([2.0])
    outcome = np.array([[3.0, 6.0], [0.0, 3.0]])
    found = fit_mixture(
        x, own, outcome, np.array([4.0, 3.0]), starts=1, rng=np.random.default_rng(1)
    )
    # 2 is two thirds of 1 and one third of 4; the outcomes 4 and 1 stand against 4 and 3
    assert found.weights == pytest.approx([2 / 3, 1 / 3])
    assert found.importance.tolist() == [1.0] and found.mspe == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("donors", "periods", "enough", "how"),
    [
        (19, 1, True, "placebo"),
        (18, 19, False, None),
        (18, 20, True, "spread"),
        (8, 20, True, "spread"),
        (7, 40, False, None),
    ],
)
def test_an_interval_needs_nineteen_donors_or_eight_and_twenty_periods(
    donors: int, periods: int, enough: bool, how: str | None
) -> None:
    assert enough_for_interval(donors, periods) is enough
    if how is not None:
        assert _inference("auto", donors, periods) == how
        return
    with pytest.raises(CaseError, match=f"{donors} comparison units and {periods} periods"):
        _inference("auto", donors, periods)
    assert _inference("placebo", donors, periods) == "placebo", "asked for by name"


def test_the_same_data_give_the_same_weights() -> None:
    panel = factors(np.random.default_rng(3), donors=20)
    x = pd.DataFrame({"a": panel.outcome[:, 0], "b": panel.outcome[:, 9]}, index=panel.units)
    one, two = (synthetic_control(panel, predictors=x, starts=3) for _ in range(2))
    pd.testing.assert_frame_equal(one.donors, two.donors)
    assert (one.low, one.high, one.p) == (two.low, two.high, two.p)


@pytest.mark.parametrize(
    "inference", ["placebo", pytest.param("conformal", marks=pytest.mark.slow)]
)
def test_intervals_of_the_synthetic_control_cover(inference: str) -> None:
    rng = np.random.default_rng(5)
    hits, runs = 0, 0
    for _ in range(40):
        panel = factors(rng, donors=20)
        try:
            found = synthetic_control(panel, inference=inference)
        except CaseError:
            continue
        runs += 1
        hits += found.low <= 1 <= found.high
    assert runs > 30 and hits / runs >= 0.86


@pytest.mark.parametrize("treated", [1, 6])
def test_intervals_of_the_synthetic_difference_cover(treated: int) -> None:
    rng = np.random.default_rng(6)
    found = [synthetic_difference(factors(rng, treated=treated, periods=24)) for _ in range(60)]
    assert np.mean([f.low <= 1 <= f.high for f in found]) >= 0.86
    assert np.mean([f.effect for f in found]) == pytest.approx(1, abs=0.35)


def test_placebo_and_interval_agree() -> None:
    found = synthetic_control(factors(np.random.default_rng(7), effect=4.0), inference="placebo")
    assert found.clear is (found.p <= 0.05)


def test_all_three_variances_are_of_one_size() -> None:
    panel = factors(np.random.default_rng(8), treated=8, donors=30, periods=24)
    se = {
        name: synthetic_difference(panel, variance=name).se
        for name in ("placebo", "jackknife", "bootstrap")
    }
    assert max(se.values()) < 2 * min(se.values())


def test_levels_do_not_matter_to_the_synthetic_difference() -> None:
    one = synthetic_difference(factors(np.random.default_rng(9)))
    far = synthetic_difference(factors(np.random.default_rng(9), shift=100.0))
    assert far.effect == pytest.approx(one.effect)


def test_a_unit_unlike_all_others_is_refused() -> None:
    panel = factors(np.random.default_rng(9), shift=100.0)
    with pytest.raises(CaseError, match="no mixture of the comparison units moved like"):
        synthetic_control(panel)


def test_a_unit_at_another_level_is_followed_by_its_changes() -> None:
    panel = factors(np.random.default_rng(9), shift=100.0)
    found = SYNTHETIC_CONTROL.answer(panel, case_of("offer", panel.start, "worst"), 0.95)
    near = factors(np.random.default_rng(9))
    same = synthetic_control(near, follows="changes")
    assert found.effect == pytest.approx(same.effect) and found.low < 1 < found.high
    assert "levels taken out" in {c.key for c in found.checks}
    x = pd.DataFrame({"a": panel.outcome[:, 0]}, index=panel.units)
    with pytest.raises(CaseError, match="predictors speak of levels"):
        synthetic_control(panel, predictors=x, follows="changes")


@pytest.mark.parametrize("donors", [10, 18])
def test_ten_to_eighteen_donors_give_intervals_that_cover(donors: int) -> None:
    # 30 worlds: at least 25 with the chance .99
    rng = np.random.default_rng(donors)
    found = [synthetic_control(factors(rng, donors=donors, periods=24)) for _ in range(30)]
    assert {f.inference for f in found} == {
        "t, from the spread of all comparison units put in the place of the treated"
    }
    assert sum(f.low <= 1 <= f.high for f in found) >= 25


def test_a_rank_that_disagrees_with_the_interval_is_a_warning() -> None:
    assert rank_check(0.01, 1 / 17, 16, 0.95).severity == "ok"
    assert rank_check(0.01, 3 / 17, 16, 0.95).severity == "warning"
    assert rank_check(0.30, 3 / 17, 16, 0.95).severity == "ok"


def test_a_poor_fit_is_a_warning() -> None:
    rng = np.random.default_rng(21)
    seen = set()
    for shift in np.linspace(1.5, 6, 10):
        try:
            found = synthetic_control(factors(rng, shift=float(shift)))
        except CaseError:
            continue
        check = next(c for c in found.checks if c.key == "fit before")
        error = found.placebos["rmspe_before"]
        poor = (error[0] / error[1:].median()) ** 2 > 5
        assert (check.severity == "warning") is bool(poor)
        seen.add(check.severity)
    assert seen == {"ok", "warning"}


def test_leaving_out_donors_is_shown() -> None:
    found = synthetic_control(factors(np.random.default_rng(2)))
    assert set(found.left_out["unit"]) == set(found.donors.query("weight > 0.01")["unit"])
    assert "leave one out" in {c.key for c in found.checks}


def test_donors_with_holes_are_left_out_and_counted() -> None:
    panel = factors(np.random.default_rng(2))
    panel.weight[5, 3], panel.outcome[5, 3] = 0, np.nan
    for estimate in (synthetic_control, synthetic_difference):
        found = estimate(panel)
        check = next(c for c in found.checks if c.key == "unbalanced")
        assert check.text.startswith("1 comparison") and "C5" not in set(found.donors["unit"])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda p: p.weight.__setitem__((0, 2), 0), "not observed in"),
        (lambda p: p.treated.__setitem__(slice(None), False), "no treated unit"),
        (lambda p: p.treated.__setitem__(3, True), "2 treated units"),
        (lambda p: p.weight.__setitem__((slice(2, None), 0), 0), "only 1 comparison"),
        (lambda p: p.after.__setitem__(slice(3, None), True), "only 3 periods before"),
    ],
)
def test_what_no_mixture_can_be_made_of_is_an_error(spoil, words: str) -> None:
    panel = factors(np.random.default_rng(2))
    spoil(panel)
    with pytest.raises(CaseError, match=words):
        synthetic_control(panel)


def test_too_few_units_and_periods_for_an_interval_are_an_error() -> None:
    with pytest.raises(CaseError, match="allow no 95 % interval"):
        synthetic_control(factors(np.random.default_rng(2), donors=6))


def test_predictors_must_be_there_for_each_unit() -> None:
    panel = factors(np.random.default_rng(2))
    x = pd.DataFrame({"a": panel.outcome[:, 0]}, index=panel.units)
    with pytest.raises(CaseError, match="unit C3 has no predictors"):
        synthetic_control(panel, predictors=x.drop("C3"))
    with pytest.raises(CaseError, match="'a' is missing"):
        synthetic_control(panel, predictors=x.where(x["a"] != x["a"].iloc[4]))
    frame = pd.DataFrame({"customer_id": [1], "period": [2000], "income": [3.0]})
    assert predictor_means(frame, {"income": [2000]}).loc[1, "income"] == 3
    with pytest.raises(CaseError, match="none of the periods"):
        predictor_means(frame, {"income": [1999]})


@pytest.mark.parametrize(
    ("treated", "spoil", "words"),
    [
        (1, lambda p: p.weight.__setitem__((0, 2), 0), "not observed in every period"),
        (22, lambda p: None, "more comparison units than treated"),
    ],
)
def test_the_synthetic_difference_refuses_too(treated: int, spoil, words: str) -> None:
    panel = factors(np.random.default_rng(2), treated=treated)
    spoil(panel)
    with pytest.raises(CaseError, match=words) as caught:
        synthetic_difference(panel)
    assert words in str(caught.value)


def test_one_treated_city_among_many_is_judged_by_a_mixture() -> None:
    panel = factors(np.random.default_rng(12), donors=24, effect=30.0)
    i, t = np.nonzero(panel.weight > 0)
    frame = pd.DataFrame({"city": panel.units[i], "period": panel.periods[t]})
    frame["estimate"] = panel.outcome[i, t]
    # ten customers a city
    frame = frame.loc[frame.index.repeat(10)].reset_index(drop=True)
    frame["customer_id"] = frame["city"] + "-" + (frame.index % 10).astype(str)
    card = case_of("offer", panel.start, "random", treated={"city": ["C0"]})
    found = evaluate(frame, card, outcome="sales")
    assert found.effect is not None and found.effect.design == "synthetic control"
    assert found.effect.low < 30 < found.effect.high and found.effect.clear
    assert "synthetic difference in differences" in set(found.answers["design"])


def test_they_can_be_drawn() -> None:
    panel = factors(np.random.default_rng(2))
    mixed, moved = synthetic_control(panel), synthetic_difference(panel)
    for draw in (mixed.plot, mixed.plot_gaps, mixed.plot_placebos, moved.plot, moved.plot_gaps):
        figure, ax = plt.subplots()
        draw(ax=ax)
        assert ax.lines
        plt.close(figure)


def test_stepping_ends_near_the_penalised_mixture() -> None:
    rng = np.random.default_rng(6)
    gaps = rng.normal(size=(20, 6)) + 0.5
    for ridge in (0.0, 0.3):

        def loss(w: np.ndarray, ridge: float = ridge) -> float:
            return float(np.square(gaps @ w).mean() + ridge * w @ w)

        stepped = stopped_early(gaps, ridge=ridge, noise=1e-3)
        exact = closest_mixture(gaps, ridge=ridge * len(gaps))
        assert stepped.sum() == pytest.approx(1) and (stepped >= 0).all()
        assert loss(exact) <= loss(stepped) <= loss(exact) * 1.02 + 1e-9


def contrast(found, own: np.ndarray, control: np.ndarray, units, after: np.ndarray) -> float:
    gap = own - units @ control
    return float(gap[after].mean() - found.times["weight"].to_numpy() @ gap[~after])


def test_placebos_and_the_jackknife_by_hand() -> None:
    panel = factors(np.random.default_rng(7), donors=12, treated=1)
    placebo = synthetic_difference(panel, variance="placebo")
    others = panel.select(~panel.treated)
    effects = [
        synthetic_difference(replace(others, treated=np.arange(12) == i)).effect for i in range(12)
    ]
    assert placebo.se == pytest.approx(np.std(effects))
    assert placebo.high - placebo.effect == pytest.approx(stats.t.ppf(0.975, 11) * placebo.se)
    panel = factors(np.random.default_rng(8), donors=9, treated=5)
    found = synthetic_difference(panel, variance="jackknife")
    control, treated = panel.outcome[~panel.treated], panel.outcome[panel.treated]
    units = found.donors.set_index("unit")["weight"].loc[panel.units[~panel.treated]].to_numpy()
    own, after = treated.mean(axis=0), panel.after
    left = []
    for i in range(9):
        rest = np.delete(units, i)
        left.append(contrast(found, own, np.delete(control, i, 0), rest / rest.sum(), after))
    for i in range(5):
        mean = np.delete(treated, i, 0).mean(axis=0)
        left.append(contrast(found, mean, control, units, after))
    assert found.se == pytest.approx(np.std(left) * np.sqrt(13))
    assert found.high - found.effect == pytest.approx(stats.t.ppf(0.975, 4) * found.se)


def test_the_mixture_of_a_synthetic_difference_is_held_against_single_units() -> None:
    panel = factors(np.random.default_rng(9), donors=14, treated=2)
    found = synthetic_difference(panel)
    check = next(c for c in found.checks if c.key == "fit before")
    gap = found.gaps["estimate"].to_numpy()[~panel.after]
    plain = panel.outcome[~panel.treated][:, ~panel.after]
    plain = plain - plain.mean(axis=1, keepdims=True)
    usual = np.median((plain - plain.mean(axis=0)).std(axis=1))
    assert check.values["share"] == round(100 * gap.std() / usual) and check.severity == "ok"


def test_donors_that_are_all_the_same_still_give_weights() -> None:
    weights = closest_mixture(np.zeros((5, 3)))
    assert np.isfinite(weights).all() and weights.sum() == pytest.approx(1)


def test_units_that_never_move_are_no_certainty() -> None:
    panel = factors(np.random.default_rng(1), donors=6)
    flat = np.where(panel.treated[:, None] & panel.after, 8.0, 5.0)
    with pytest.raises(CaseError, match="nothing varies by chance"):
        synthetic_difference(replace(panel, outcome=flat))


def test_leaving_out_the_only_donor_with_weight_leaves_the_effect_as_it_was() -> None:
    rng = np.random.default_rng(10)
    control, treated = rng.normal(size=(3, 4)), rng.normal(size=(5, 4))
    after = np.array([False, False, True, True])
    fit = _Fit(1.5, np.array([1.0, 0.0, 0.0]), np.array([0.5, 0.5]))
    gap = treated - control[0]
    change = gap[:, 2:].mean(axis=1) - gap[:, :2].mean(axis=1)
    left = [1.5, change.mean(), change.mean()]
    left += [np.delete(change, i).mean() for i in range(5)]
    se, df = _jackknife(control, treated, after, fit)
    assert se == pytest.approx(np.std(left) * np.sqrt(7)) and df == 4


def test_a_mixture_that_errs_more_than_single_units_is_a_warning() -> None:
    after = np.arange(8) >= 6
    swing = np.tile([1.0, -1.0], 4)
    control = np.outer([1.0, -1.0, 3.0, -3.0], swing)
    calm, wild = (_steady(size * swing, after, control) for size in (2.0, 2.1))
    assert (calm.severity, calm.values["share"]) == ("ok", 100)
    assert (wild.severity, wild.values["share"]) == ("warning", 105)
    assert "did not move in step" in wild.text and "moved in step" in calm.text
