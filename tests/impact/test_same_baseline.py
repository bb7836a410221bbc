"""A comparison at the same baseline undoes selection on the baseline; others do not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from workbench.impact import (
    CaseError,
    Panel,
    before_after,
    difference_in_differences,
    same_baseline,
)


def worst_quarter(
    rng: np.random.Generator, n: int = 300, reliability: float = 0.6, effect: float = 0.0
) -> Panel:
    """One value before, one after; the worst quarter of the former is treated."""
    true = rng.normal(0, np.sqrt(reliability), n)
    noise = rng.normal(0, np.sqrt(1 - reliability), (n, 2))
    y = 5 + true[:, None] + noise
    treated = y[:, 0] <= np.quantile(y[:, 0], 0.25)
    y[treated, 1] += effect
    return Panel(
        y,
        np.ones_like(y),
        pd.RangeIndex(n),
        pd.Index(["2024-H1", "2024-H2"]),
        treated,
        np.array([False, True]),
        np.ones(n, dtype=bool),
        pd.Timestamp("2024-07-01"),
    )


def test_selection_of_the_worst_fools_everything_but_the_same_baseline() -> None:
    # 200 cases of a quarter chosen because it was bad, and a measure that does nothing
    rng = np.random.default_rng(5)
    hits = np.zeros(3)
    for _ in range(200):
        panel = worst_quarter(rng)
        for i, design in enumerate((before_after, difference_in_differences, same_baseline)):
            found = design(panel)
            hits[i] += found.low <= 0 <= found.high
    glance, did, ancova = hits / 200
    assert glance < 0.05 and did < 0.05, "the bad return to the mean by themselves"
    assert 0.90 <= ancova <= 0.99


@pytest.mark.slow
@pytest.mark.parametrize("reliability", [0.5, 0.7, 0.9])
def test_coverage_over_the_grid_of_reliabilities(reliability: float) -> None:
    rng = np.random.default_rng(int(100 * reliability))
    hits = 0
    for _ in range(1000):
        found = same_baseline(worst_quarter(rng, reliability=reliability, effect=0.3))
        hits += found.low <= 0.3 <= found.high
    assert 0.925 <= hits / 1000 <= 0.98


def test_a_common_slope_is_the_regression_with_hc3_errors() -> None:
    panel = worst_quarter(np.random.default_rng(1), n=80)
    frame = pd.DataFrame(
        {"y": panel.outcome[:, 1], "x": panel.outcome[:, 0], "t": panel.treated.astype(float)}
    )
    fit = smf.ols("y ~ x + t", frame).fit(cov_type="HC3", use_t=True)
    found = same_baseline(panel)
    assert found.n_treated == 20, "few treated units: one common slope"
    assert found.effect == pytest.approx(fit.params["t"])
    assert (found.low, found.high) == pytest.approx(tuple(fit.conf_int().loc["t"]))


def test_an_effect_that_grows_with_the_baseline_is_averaged_over_the_treated() -> None:
    rng = np.random.default_rng(4)
    n = 4000
    before = rng.gamma(2, 1, n)
    treated = rng.random(n) < 1 / (1 + np.exp(2 - before))
    y = np.column_stack([before, before + rng.normal(0, 0.5, n)])
    y[treated, 1] += 0.5 * before[treated]
    panel = worst_quarter(rng, n=n)
    panel = Panel(
        y,
        panel.weight,
        panel.units,
        panel.periods,
        treated,
        *[getattr(panel, f) for f in ("after", "eligible", "start")],
    )
    truth = 0.5 * before[treated].mean()
    found = same_baseline(panel)
    assert found.low < truth < found.high
    assert found.relative == pytest.approx(truth / before[treated].mean(), abs=0.03)


def test_who_was_not_seen_at_both_times_is_left_out_and_counted() -> None:
    panel = worst_quarter(np.random.default_rng(1))
    panel.weight[:30, 0] = 0
    found = same_baseline(panel)
    check = next(c for c in found.checks if c.key == "not comparable")
    assert check.text.startswith("30 units") and found.n_units == 270


def test_no_overlap_is_said() -> None:
    found = same_baseline(worst_quarter(np.random.default_rng(1)))
    assert {c.key: c.severity for c in found.checks}["overlap"] == "warning"


def test_too_few_units_are_refused() -> None:
    with pytest.raises(CaseError, match="needs more"):
        same_baseline(worst_quarter(np.random.default_rng(1), n=6))
