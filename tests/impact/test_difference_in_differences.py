"""Difference-in-differences: the estimate, its coverage with few clusters, and its refusals."""

from __future__ import annotations

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from workbench.impact import CaseError, difference_in_differences, event_study


def test_a_balanced_panel_gives_the_four_means(make_panel, rng) -> None:
    panel = make_panel(rng, effect=2.0)
    y, d, a = panel.outcome, panel.treated, panel.after
    four = y[d][:, a].mean() - y[d][:, ~a].mean() - (y[~d][:, a].mean() - y[~d][:, ~a].mean())
    found = difference_in_differences(panel)
    assert found.effect == pytest.approx(four)
    assert found.counterfactual == pytest.approx(y[d][:, a].mean() - four)
    assert found.relative == pytest.approx(four / found.counterfactual)


def test_an_unbalanced_panel_gives_the_estimate_and_error_of_a_dummy_regression(
    make_panel, long, rng
) -> None:
    panel = make_panel(rng, units=14, treated=6, effect=1.0)
    holes = rng.random(panel.weight.shape) < 0.15
    panel.weight[holes], panel.outcome[holes] = 0, np.nan
    frame = long(panel).assign(
        d=lambda t: panel.treated[t["customer_id"]] & (t["period"] >= panel.start),
        month=lambda t: t["period"].astype(str),
    )
    frame["d"] = frame["d"].astype(float)
    fit = smf.ols("estimate ~ d + C(customer_id) + C(month)", frame).fit(
        cov_type="cluster", cov_kwds={"groups": frame["customer_id"], "use_correction": False}
    )
    found = difference_in_differences(panel, inference="cr1")
    assert found.effect == pytest.approx(fit.params["d"], abs=1e-7)
    g, n = 14, len(frame)
    factor = np.sqrt(g / (g - 1) * (n - 1) / (n - 1 - 12))
    se = (found.high - found.low) / 2 / 2.1603686564610127
    assert se == pytest.approx(fit.bse["d"] * factor, rel=1e-6)


def test_weights_count_as_so_many_records(make_panel, long, rng) -> None:
    panel = make_panel(rng, units=8, treated=3, periods=4)
    panel.weight[:] = rng.integers(1, 5, panel.weight.shape)
    frame = long(panel).assign(w=panel.weight.ravel())
    frame["d"] = (panel.treated[frame["customer_id"]] & (frame["period"] >= panel.start)).astype(
        float
    )
    fit = smf.wls("estimate ~ d + C(customer_id) + C(period)", frame, weights=frame["w"]).fit()
    assert difference_in_differences(panel).effect == pytest.approx(fit.params["d"], abs=1e-7)


def test_different_people_at_each_time_are_compared_by_group(rng) -> None:
    n = 4000
    frame = pd.DataFrame({"treated": rng.random(n) < 0.4, "after": rng.random(n) < 0.5})
    y = 1.0 * frame["treated"] + 0.5 * frame["after"] + rng.normal(size=n)
    y = y + 0.3 * frame["treated"] * frame["after"]
    from workbench.impact import read_panel

    records = pd.DataFrame(
        {
            "customer_id": np.arange(n),
            "period": np.where(frame["after"], "2024-H2", "2024-H1"),
            "estimate": y,
        }
    )
    panel = read_panel(
        records, dict.fromkeys(np.flatnonzero(frame["treated"]), True), start="2024-07-01"
    )
    found = difference_in_differences(panel)
    cell = y.groupby([frame["treated"], frame["after"]]).mean()
    four = cell[True, True] - cell[True, False] - cell[False, True] + cell[False, False]
    assert found.effect == pytest.approx(four)
    assert found.low < 0.3 < found.high


@pytest.mark.parametrize("treated", [1, 9])
def test_one_unit_on_a_side_is_refused(make_panel, rng, treated: int) -> None:
    with pytest.raises(CaseError, match=r"there is one (treated|comparison) unit"):
        difference_in_differences(make_panel(rng, treated=treated))


def test_everybody_treated_is_refused(make_panel, rng) -> None:
    with pytest.raises(CaseError, match="there is no comparison unit"):
        difference_in_differences(make_panel(rng, treated=10))


def test_with_few_treated_units_the_treated_are_permuted(make_panel, rng) -> None:
    found = difference_in_differences(make_panel(rng, treated=2, effect=1.0))
    assert found.inference == "permutation of the treated units"
    assert found.low < found.effect < found.high
    # 45 ways to choose two of ten: p is a multiple of 1/45
    assert (found.p * 45) == pytest.approx(round(found.p * 45))
    assert "few units" in {c.key for c in found.checks}


def test_the_permutation_interval_holds_just_what_the_test_does_not_reject(make_panel, rng) -> None:
    panel = make_panel(rng, treated=2, effect=1.0)
    found = difference_in_differences(panel, inference="permutation")
    for tau, inside in ((found.low + 1e-4, True), (found.low - 1e-4, False)):
        shifted = panel.outcome - tau * np.outer(panel.treated, panel.after)
        again = difference_in_differences(
            type(panel)(
                shifted, *[getattr(panel, f) for f in list(panel.__dataclass_fields__)[1:]]
            ),
            inference="permutation",
        )
        assert (again.p > 0.05) is inside


@pytest.mark.parametrize(("treated", "uneven"), [(5, False), (5, True), (2, False), (2, True)])
def test_coverage_with_ten_clusters(make_panel, treated: int, uneven: bool) -> None:
    # 150 panels of 12 periods with AR(.5) errors; the bounds are three standard errors wide
    rng = np.random.default_rng(17 + treated)
    hits = 0
    for _ in range(150):
        found = difference_in_differences(
            make_panel(rng, treated=treated, effect=0.7, uneven=uneven)
        )
        hits += found.low <= 0.7 <= found.high
    assert 0.89 <= hits / 150 <= 0.995


@pytest.mark.slow
@pytest.mark.parametrize("units", [6, 10, 20, 40])
@pytest.mark.parametrize("share", ["two", "half"])
@pytest.mark.parametrize("uneven", [False, True])
def test_coverage_over_the_grid(make_panel, units: int, share: str, uneven: bool) -> None:
    rng = np.random.default_rng(units)
    treated = 2 if share == "two" else units // 2
    hits = 0
    for _ in range(500):
        found = difference_in_differences(
            make_panel(rng, units=units, treated=treated, effect=0.7, uneven=uneven)
        )
        hits += found.low <= 0.7 <= found.high
    assert 0.915 <= hits / 500 <= 0.985


def test_groups_that_drift_apart_before_are_noticed(make_panel, rng) -> None:
    panel = make_panel(rng, units=30, treated=15)
    panel.outcome[panel.treated] += 0.6 * np.arange(12)
    checks = {c.key: c.severity for c in difference_in_differences(panel).checks}
    assert checks["trend before"] == "warning"


def test_groups_in_step_are_rarely_called_drifting(make_panel) -> None:
    rng = np.random.default_rng(2)
    warned = sum(
        difference_in_differences(make_panel(rng, units=12, treated=6)).checks[0].severity
        == "warning"
        for _ in range(150)
    )
    assert warned <= 16, "5 % of 150 plus three standard errors"


def test_the_event_study_shows_the_effect_after_and_nothing_before(make_panel, rng) -> None:
    panel = make_panel(rng, units=60, treated=30, effect=3.0, phi=0.0)
    table = event_study(panel)
    assert table.loc[~table["after"], "estimate"].mean() == pytest.approx(0, abs=1e-9)
    assert table.loc[table["after"], "estimate"].mean() == pytest.approx(
        difference_in_differences(panel).effect
    )
    assert (table.loc[table["after"], "low"] > 0).all()


def test_the_same_data_give_the_same_answer_to_the_last_digit(make_panel) -> None:
    panel = make_panel(np.random.default_rng(3), units=30, treated=3)
    one, two = (difference_in_differences(panel) for _ in range(2))
    assert (one.low, one.high, one.p) == (two.low, two.high, two.p)


def test_pictures_can_be_drawn(make_panel, rng) -> None:
    found = difference_in_differences(make_panel(rng))
    for draw in (found.plot, found.plot_gaps):
        figure, ax = plt.subplots()
        draw(ax=ax)
        assert ax.lines
        plt.close(figure)
