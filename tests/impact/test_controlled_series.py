"""A series beside others: exact forecasts, honest intervals, and the others' own breaks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from workbench.impact import CaseError, controlled_series, moved_controls
from workbench.impact.designs.series.controlled_series import (
    _SEASONS,
    _SIGNAL,
    _forecasts,
    _prior,
)


def world(
    rng: np.random.Generator, n: int = 60, drift: float = 0.3, effect: float = 0.0
) -> tuple[np.ndarray, pd.DataFrame, np.ndarray]:
    z = rng.normal(size=(n, 3)).cumsum(axis=0)
    after = np.arange(n) >= 2 * n // 3
    y = z @ [1.0, 0.5, 0.2] + np.cumsum(drift * rng.normal(size=n)) + rng.normal(size=n)
    return 10 + y + effect * after, pd.DataFrame(z, columns=["north", "south", "web"]), after


def test_the_forecast_is_the_dense_generalised_least_squares_forecast() -> None:
    rng = np.random.default_rng(0)
    n, m = 40, 12
    z = rng.normal(size=(n + m, 2)).cumsum(axis=0)
    y = z @ [1, 0.5] + np.cumsum(0.4 * rng.normal(size=n + m)) + rng.normal(size=n + m)
    contrasts = np.vstack([np.full(m, 1 / m), np.eye(m)])
    cast = _forecasts(y[:n], z[:n], z[n:], contrasts, np.zeros((n + m, 0)))
    for at in (0, 6, 13):
        t = np.arange(n + m)
        v = np.eye(n + m) + _SIGNAL[at] * np.minimum.outer(t, t)
        x = np.column_stack([np.ones(n + m), z])
        inverse = np.linalg.inv(v[:n, :n])
        precision = np.linalg.inv(x[:n].T @ inverse @ x[:n])
        beta = precision @ x[:n].T @ inverse @ y[:n]
        residual = y[:n] - x[:n] @ beta
        gain = contrasts @ v[n:, :n] @ inverse
        loading = contrasts @ x[n:] - gain @ x[:n]
        variance = contrasts @ v[n:, n:] @ contrasts.T - gain @ v[:n, n:] @ contrasts.T
        variance = variance + loading @ precision @ loading.T
        scale = residual @ inverse @ residual / (n - 3)
        assert cast.centre[:, at] == pytest.approx(contrasts @ x[n:] @ beta + gain @ residual)
        assert cast.se[:, at] == pytest.approx(np.sqrt(np.diag(variance) * scale))


def test_drifts_are_weighed_by_their_restricted_likelihood_and_their_prior() -> None:
    rng, n = np.random.default_rng(8), 40
    z = rng.normal(size=(n + 9, 2)).cumsum(axis=0)
    y = z[:n] @ [1, 0.5] + np.cumsum(0.4 * rng.normal(size=n)) + rng.normal(size=n)
    cast = _forecasts(y, z[:n], z[n:], np.eye(9), np.zeros((n + 9, 0)))
    x, t = np.column_stack([np.ones(n), z[:n]]), np.arange(n)
    score, fitted = [], []
    for signal in _SIGNAL:
        walk = signal * np.minimum.outer(t, t)
        inverse = np.linalg.inv(np.eye(n) + walk)
        beta = np.linalg.solve(x.T @ inverse @ x, x.T @ inverse @ y)
        left = y - x @ beta
        score.append(
            -0.5 * np.linalg.slogdet(np.eye(n) + walk)[1]
            - 0.5 * np.linalg.slogdet(x.T @ inverse @ x)[1]
            - 0.5 * (n - 3) * np.log(left @ inverse @ left)
        )
        fitted.append(x @ beta + walk @ inverse @ left)
    prior = np.sqrt(np.maximum(_SIGNAL / 0.1, 1))
    prior[0] = 400 / n
    weight = prior * np.exp(np.array(score) - max(score))
    assert cast.weight == pytest.approx(weight / weight.sum(), rel=1e-6, abs=1e-12)
    assert cast.fitted == pytest.approx(cast.weight @ np.array(fitted))
    assert cast.df == n - 3


def test_the_answer_is_read_off_the_forecast() -> None:
    rng = np.random.default_rng(9)
    y, z, after = world(rng, effect=2.0)
    found = controlled_series(y, z, pd.RangeIndex(100, 160), after=after)
    controls, m = z.to_numpy(), int(after.sum())
    parts = y[~after], controls[~after], controls[after]
    each = _forecasts(*parts, np.eye(m), np.zeros((len(y), 0)))
    own = _forecasts(*parts, np.full((1, m), 1 / m), np.zeros((len(y), 0)))
    assert found.counterfactual == pytest.approx(float(own.centre[0] @ own.weight))
    assert found.effect == pytest.approx(y[after].mean() - found.counterfactual)
    below = own.weight @ stats.t.cdf((own.centre[0] - y[after].mean()) / own.se[0], own.df)
    assert found.p == pytest.approx(2 * min(below, 1 - below))
    edge = controlled_series(y, z, after=after, level=1 - found.p)
    assert min(abs(edge.low), abs(edge.high)) == pytest.approx(0, abs=1e-6)
    s = found.series
    centre = each.centre @ each.weight
    moments = (each.se**2 + each.centre**2) @ each.weight - centre**2
    half = stats.t.ppf(0.975, each.df) * np.sqrt(moments)
    assert s["counterfactual"].to_numpy() == pytest.approx(np.r_[each.fitted, centre])
    assert (s["high"] - s["counterfactual"])[after].to_numpy() == pytest.approx(half)
    assert (s["counterfactual"] - s["low"])[after].to_numpy() == pytest.approx(half)
    assert s.loc[~after, ["low", "high"]].isna().all(axis=None)
    assert s["period"].tolist() == list(range(100, 160)) and found.start == 140
    sizes = (found.n_units, found.n_treated, found.n_before, found.n_after)
    assert sizes == (60, 20, 40, 20) and found.checks[0].severity == "ok"


def test_the_fewest_points_are_enough() -> None:
    rng = np.random.default_rng(10)
    z = pd.DataFrame(rng.normal(size=(22, 2)), columns=["a", "b"])
    found = controlled_series(rng.normal(size=22), z, after=np.arange(22) >= 14)
    assert (found.n_before, found.n_after) == (14, 8)


def test_the_answer_is_near_that_of_a_structural_model_by_maximum_likelihood() -> None:
    y, z, after = world(np.random.default_rng(1), n=200, effect=2.0)
    found = controlled_series(y, z, after=after)
    peer = sm.tsa.UnobservedComponents(y[~after], "llevel", exog=z[~after]).fit(disp=0)
    cast = peer.get_forecast(int(after.sum()), exog=z[after])
    assert found.effect == pytest.approx(y[after].mean() - cast.predicted_mean.mean(), abs=0.25)


def test_a_season_enters_as_normal_coefficients_of_several_sizes() -> None:
    rng, n, m = np.random.default_rng(4), 30, 9
    z = rng.normal(size=(n + m, 1)).cumsum(axis=0)
    t = np.arange(n + m)
    own = np.column_stack([np.cos(2 * np.pi * t / 12), np.sin(2 * np.pi * t / 12)])
    y = z[:n, 0] + own[:n] @ [2.0, -1.0] + rng.normal(size=n)
    cast = _forecasts(y, z[:n], z[n:], np.full((1, m), 1 / m), own)
    x = np.column_stack([np.ones(n + m), z])
    score, centre = [], []
    for size in (0.0, *_SEASONS):
        for signal in _SIGNAL:
            v = np.eye(n + m) + signal * np.minimum.outer(t, t) + size**2 * own @ own.T
            inverse = np.linalg.inv(v[:n, :n])
            within = x[:n].T @ inverse @ x[:n]
            beta = np.linalg.solve(within, x[:n].T @ inverse @ y)
            left = y - x[:n] @ beta
            centre.append(np.mean(x[n:] @ beta + v[n:, :n] @ inverse @ left))
            score.append(
                -0.5 * np.linalg.slogdet(v[:n, :n])[1]
                - 0.5 * np.linalg.slogdet(within)[1]
                - 0.5 * (n - 2) * np.log(left @ inverse @ left)
                - (np.log(len(_SEASONS)) if size else 0)
            )
    weight = np.exp(np.array(score) - max(score)) * np.tile(_prior(n), 1 + len(_SEASONS))
    assert cast.centre[0] == pytest.approx(centre)
    assert cast.weight == pytest.approx(weight / weight.sum())


@pytest.mark.parametrize("size", [0.0, 3.0])
def test_a_season_that_the_controls_lack_is_not_taken_for_drift(size: float) -> None:
    hits, widths, plain = 0, [], []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        y, z, after = world(rng, n=48, effect=1.0)
        y = y + size * np.sin(2 * np.pi * (np.arange(48) + rng.integers(12)) / 12)
        found = controlled_series(y, z, after=after, season=12)
        hits += found.low <= 1 <= found.high
        widths.append(found.high - found.low)
        without = controlled_series(y, z, after=after)
        plain.append(without.high - without.low)
    assert 0.90 <= hits / 150 <= 0.995
    # it costs nothing where there is none, and pays where there is one
    assert np.median(widths) / np.median(plain) < (0.6 if size else 1.1)


@pytest.mark.parametrize("drift", [0.0, 0.3])
def test_intervals_hold_with_and_without_drift(drift: float) -> None:
    rng = np.random.default_rng(3)
    hits = 0
    for _ in range(300):
        y, z, after = world(rng, drift=drift, effect=1.0)
        found = controlled_series(y, z, after=after)
        hits += found.low <= 1 <= found.high
    assert 0.91 <= hits / 300 <= 0.995


def test_a_control_that_the_measure_moved_is_told() -> None:
    rng = np.random.default_rng(4)
    z = pd.DataFrame(rng.normal(size=(60, 2)), columns=["north", "web"])
    after = np.arange(60) >= 40
    calm = moved_controls(z, after)
    assert [check.severity for check in calm] == ["ok"]
    z.loc[after, "web"] += 3
    (told,) = moved_controls(z, after)
    assert told.severity == "warning" and "series web shifts at the start itself" in told.text


def test_controls_that_do_not_move_with_the_series_are_told() -> None:
    rng = np.random.default_rng(5)
    y = 50 + rng.normal(size=60)
    z = pd.DataFrame(rng.normal(size=(60, 2)))
    found = controlled_series(y, z, after=np.arange(60) >= 40)
    assert found.checks[0].severity == "warning" and "hardly follow" in found.checks[0].text


def test_the_relative_effect_refers_to_the_forecast() -> None:
    rng = np.random.default_rng(6)
    z = pd.DataFrame({"a": 100 + rng.normal(size=80).cumsum()})
    after = np.arange(80) >= 60
    y = (z["a"] + 0.5 * rng.normal(size=80)) * np.where(after, 1.1, 1.0)
    found = controlled_series(y, z, after=after)
    assert found.relative == pytest.approx(0.1, abs=0.01)
    assert found.relative_low < 0.1 < found.relative_high
    assert found.series["counterfactual"].notna().all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"gap": True}, "comparison series 'a': 1 periods have no value"),
        ({"constant": True}, "it is 1 throughout"),
        ({"twice": True}, "repeat one another"),
        ({"short": True}, "there are 12 points before the start, 14 are needed"),
        ({"few": True}, "there are 5 points after the start, 8 are needed"),
        ({"none": True}, "there is no comparison series"),
        ({"rows": True}, "59 rows"),
        ({"mixed": True}, "mixed"),
    ],
)
def test_bad_input_is_refused_in_words(change: dict, said: str) -> None:
    rng = np.random.default_rng(7)
    z = pd.DataFrame(rng.normal(size=(60, 2)), columns=["a", "b"])
    y, after = rng.normal(size=60), np.arange(60) >= 40
    if "gap" in change:
        z.loc[3, "a"] = np.nan
    if "constant" in change:
        z["a"] = 1.0
    if "twice" in change:
        z["b"] = 2 * z["a"]
    if "short" in change:
        y, z, after = y[28:], z.iloc[28:], after[28:]
    if "few" in change:
        after = np.arange(60) >= 55
    if "none" in change:
        z = z[[]]
    if "rows" in change:
        z = z.iloc[:59]
    if "mixed" in change:
        after = np.arange(60) % 2 == 0
    with pytest.raises(CaseError, match=said):
        controlled_series(y, z, after=after)
