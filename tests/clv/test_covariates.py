"""Covariates in the purchase and dropout processes: derivatives, recovery, predictions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.clv import (
    NBD,
    BetaGeometric,
    CovariateModel,
    GammaGamma,
    ModifiedBetaGeometric,
    ParetoNBD,
    PurchaseModel,
    bootstrap_parameters,
    customer_value,
)
from workbench.clv.models.likelihood import in_logs
from workbench.errors import DataError

#: Parameters, then the effects of a 0/1 and a continuous covariate on buying, of one on leaving.
TRUE = {
    ParetoNBD: np.array([0.8, 8.0, 0.8, 14.0, 0.6, -0.3, 0.7]),
    BetaGeometric: np.array([0.8, 6.0, 1.2, 4.0, 0.6, -0.3, 0.5, -0.3]),
}
both_models = pytest.mark.parametrize("law", list(TRUE), ids=lambda m: m.__name__)


def drawn(law: type[PurchaseModel], customers: int, rng: np.random.Generator) -> CovariateModel:
    z = pd.DataFrame(
        {"web": (rng.random(customers) < 0.4).astype(float), "age": rng.normal(0, 1, customers)}
    )
    T = rng.integers(20 * 7, 80 * 7, customers) / 7
    blank = law(np.zeros(customers), np.zeros(customers), T)
    nobody = CovariateModel(blank, purchase=z, dropout=z[["web"]])
    truth = TRUE[law]
    own = nobody.parameters_of(np.concatenate([np.log(truth[:4]), truth[4:]]), nobody.z)
    x, t_x = law.draw(own, T, rng)
    return CovariateModel(law(x, t_x, T, unit="week"), purchase=z, dropout=z[["web"]])


@both_models
def test_rows_add_up_to_the_likelihood_without_covariates(law: type[PurchaseModel]) -> None:
    rows = drawn(law, 400, np.random.default_rng(1)).rows
    theta = TRUE[law][:4]
    value, gradient, hessian = law.by_row(
        np.repeat(theta[:, None], rows.x.size, axis=1), rows.x, rows.t_x, rows.T
    )
    whole = law.likelihood(rows)(theta)
    assert value @ rows.n == pytest.approx(whole[0])
    assert gradient @ rows.n == pytest.approx(whole[1], rel=1e-8, abs=1e-8)
    assert hessian @ rows.n == pytest.approx(whole[2], rel=1e-7, abs=1e-7)


def test_the_modified_model_takes_covariates_as_well() -> None:
    rows = drawn(BetaGeometric, 400, np.random.default_rng(1)).rows
    theta = np.repeat(np.array([[0.5], [6.0], [0.9], [1.6]]), rows.x.size, axis=1)
    _, gradient, hessian = ModifiedBetaGeometric.by_row(theta, rows.x, rows.t_x, rows.T)
    whole = ModifiedBetaGeometric.likelihood(rows)(theta[:, 0])
    assert gradient @ rows.n == pytest.approx(whole[1], rel=1e-8, abs=1e-8)
    assert hessian @ rows.n == pytest.approx(whole[2], rel=1e-7, abs=1e-7)


@both_models
def test_gradient_and_hessian_are_those_of_the_likelihood(law: type[PurchaseModel]) -> None:
    model = drawn(law, 300, np.random.default_rng(2))
    evaluate = model.likelihood(_each(model), model.z)
    phi = np.concatenate([np.log(1.2 * TRUE[law][:4]), 0.7 * TRUE[law][4:]])
    _, gradient, hessian = evaluate(phi)
    for k in range(phi.size):
        step = np.zeros(phi.size)
        step[k] = 1e-5
        up, down = evaluate(phi + step), evaluate(phi - step)
        assert gradient[k] == pytest.approx((up[0] - down[0]) / 2e-5, rel=1e-5, abs=1e-4)
        assert hessian[k] == pytest.approx((up[1] - down[1]) / 2e-5, rel=1e-4, abs=1e-3)


def _each(model: CovariateModel):
    rows = model.rows
    one = rows.inverse
    return type(rows)(
        rows.x[one], rows.t_x[one], rows.T[one], np.ones(one.size), np.arange(one.size), None
    )


@both_models
def test_effects_are_recovered(law: type[PurchaseModel]) -> None:
    fit = drawn(law, 12_000, np.random.default_rng(3)).fit()
    limits = fit.conf_int(0.999).to_numpy()
    assert fit.verdict == "converged" and "tell customers apart" in fit.finding.text
    assert ((limits[:, 0] < TRUE[law]) & (limits[:, 1] > TRUE[law])).all()
    assert fit.bse.notna().all() and fit.summary() is not None


def study(
    law: type[PurchaseModel], replications: int, customers: int
) -> tuple[np.ndarray, np.ndarray]:
    """Estimates, and whether intervals cover: parameters, effects, mean expected purchases."""
    rng = np.random.default_rng(4)
    k = TRUE[law].size
    found, covered = np.zeros((replications, k + 1)), np.zeros((replications, k + 1))
    for i in range(replications):
        model = drawn(law, customers, rng)
        fit = model.fit()
        limits = fit.conf_int().to_numpy()
        found[i, :k] = fit.params
        covered[i, :k] = (limits[:, 0] <= TRUE[law]) & (limits[:, 1] >= TRUE[law])
        some = pd.DataFrame(
            {"frequency": _each(model).x, "recency": _each(model).t_x, "age": _each(model).T}
        ).head(200)
        z = pd.DataFrame(model.z[:2, :200].T, columns=["web", "age"])
        expected = fit.of(some, purchase=z, dropout=z).expected_purchases(52).mean()
        truth = np.concatenate([np.log(TRUE[law][:4]), TRUE[law][4:]])
        own = model.parameters_of(truth, model.z[:, :200])
        x, t_x, T = some.to_numpy().T
        should = law.alive(own, x, t_x, T) * law.expected(own, np.full(200, 52.0), x, T)
        found[i, k] = expected.value / should.mean()
        covered[i, k] = should.mean() in expected
    return found, covered


@pytest.mark.long
@both_models
def test_effects_are_unbiased_and_their_intervals_cover(law: type[PurchaseModel]) -> None:
    found, covered = study(law, 20, 1000)
    # 0.95 of some 160 to 180 intervals, which go together within a fit
    assert covered.mean() > 0.88
    assert found[:, -1].mean() == pytest.approx(1, abs=0.03)
    assert np.median(found[:, 4:6], axis=0) == pytest.approx(TRUE[law][4:6], abs=0.06)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@both_models
def test_bias_and_coverage_of_effects_at_two_thousand_customers(law: type[PurchaseModel]) -> None:
    found, covered = study(law, 300, 2000)
    share = covered.mean(axis=0)
    assert ((share >= 0.92) & (share <= 0.985)).all(), share
    assert abs(found[:, -1].mean() - 1) < 0.02
    off = np.abs(np.median(found[:, 4:-1], axis=0) - TRUE[law][4:])
    assert (off < 0.03).all(), off


@pytest.mark.long
@both_models
def test_predictions_follow_the_covariates(law: type[PurchaseModel]) -> None:
    model = drawn(law, 1000, np.random.default_rng(5))
    fit = model.fit()
    new = pd.DataFrame({"web": [0.0, 1.0], "age": [0.0, 0.0]})
    first, second = fit.expected_purchases_new(52, purchase=new, dropout=new).estimate
    # at covariates of zero it is the model itself
    nothing = np.zeros(1)
    plain = law.expected(np.exp(fit.phi[:4]), np.array([52.0]), nothing, nothing)[0]
    assert first == pytest.approx(plain, rel=1e-8) and second != pytest.approx(first, rel=0.01)
    assert fit.dert(0.1, horizon=52).total().value < fit.expected_purchases(52).total().value
    assert (fit.probability_none(52).estimate >= 1 - fit.p_alive().estimate - 1e-12).all()
    again = fit.simulate(rng=np.random.default_rng(6))
    assert len(again) == 1000
    spend = GammaGamma(_each(model).x, np.random.default_rng(7).gamma(5, 4, 1000)).fit()
    value = customer_value(fit, spend, discount_rate=0.1, horizon=52)
    assert value.total.low < value.total.value < value.total.high


def test_the_unit_and_the_scale_of_covariates_change_nothing() -> None:
    model = drawn(ParetoNBD, 2000, np.random.default_rng(8))
    weeks, each = model.fit(), _each(model)
    z = pd.DataFrame({"web": model.z[0], "age": 50 + 1000 * model.z[1]})
    in_days = ParetoNBD(each.x, 7 * each.t_x, 7 * each.T, unit="day")
    days = CovariateModel(in_days, purchase=z, dropout=z[["web"]]).fit()
    effects = weeks.params.iloc[4:].to_numpy() / np.array([1, 1000, 1])
    assert days.params.iloc[4:].to_numpy() == pytest.approx(effects, rel=1e-5)
    assert days.p_alive().estimate == pytest.approx(weeks.p_alive().estimate, rel=1e-6)
    assert days.params["s"] == pytest.approx(weeks.params["s"], rel=1e-6)


def test_unusable_covariates_are_refused() -> None:
    base = BetaGeometric([1, 0, 3, 2], [2.0, 0, 9.0, 1.0], [9.0, 9.0, 9.0, 8.0])
    z = pd.DataFrame({"web": [0, 1, 0, 1]})
    with pytest.raises(DataError, match="there is no covariate"):
        CovariateModel(base)
    with pytest.raises(DataError, match="2 rows for 4 customers"):
        CovariateModel(base, purchase=z.head(2))
    with pytest.raises(DataError, match="purchase covariate web holds 'yes'"):
        CovariateModel(base, purchase=pd.DataFrame({"web": ["yes", 1, 0, 1]}))
    with pytest.raises(DataError, match="row 1: dropout covariate web is missing"):
        CovariateModel(base, dropout=pd.DataFrame({"web": [1, np.nan, 0, 1]}))
    with pytest.raises(DataError, match="cannot be told apart"):
        CovariateModel(base, purchase=z.assign(shop=1 - z["web"]))
    with pytest.raises(DataError, match="NBD takes no covariates"):
        CovariateModel(NBD([1, 0, 3, 2], [2.0, 0, 9.0, 1.0], [9.0] * 4), purchase=z)
    fit = drawn(BetaGeometric, 500, np.random.default_rng(9)).fit()
    with pytest.raises(DataError, match="dropout covariates lack web"):
        fit.expected_purchases_new(52, purchase=pd.DataFrame({"web": [0.0], "age": [0.0]}))


def test_logs_and_rows_are_two_ways_to_one_derivative() -> None:
    model = drawn(BetaGeometric, 200, np.random.default_rng(10))
    theta = TRUE[BetaGeometric][:4]
    by_logs = in_logs(BetaGeometric.likelihood(model.rows))(np.log(theta))
    phi = np.concatenate([np.log(theta), np.zeros(4)])
    own = model.likelihood(_each(model), model.z)(phi)
    assert own[1][:4] == pytest.approx(by_logs[1], rel=1e-8, abs=1e-8)
    assert own[2][:4, :4] == pytest.approx(by_logs[2], rel=1e-8, abs=1e-7)


@both_models
def test_the_mass_function_sums_to_one_and_to_the_expectation(law: type[PurchaseModel]) -> None:
    fit = drawn(law, 300, np.random.default_rng(3)).fit()
    some = [fit.pmf(k, 5.0).estimate for k in range(80)]
    assert np.sum(some, axis=0) == pytest.approx(np.ones(300), abs=1e-6)
    mean = np.sum([k * p for k, p in enumerate(some)], axis=0)
    assert mean == pytest.approx(fit.expected_purchases(5.0).estimate, rel=1e-4, abs=1e-5)
    assert some[0] == pytest.approx(fit.probability_none(5.0).estimate)
    # the same of customers named one by one
    m = fit.model
    rows = {c: v[m.rows.inverse] for c, v in
            (("frequency", m.rows.x), ("recency", m.rows.t_x), ("age", m.rows.T))}  # fmt: skip
    z = pd.DataFrame(m.z[:2].T, columns=["web", "age"])
    told = fit.of(pd.DataFrame(rows), purchase=z, dropout=z[["web"]]).pmf(1, 5.0)
    assert told.estimate == pytest.approx(some[1])


def test_a_cohort_is_spread_over_its_numbers_of_purchases() -> None:
    plain = drawn(BetaGeometric, 500, np.random.default_rng(4))
    for fit in (plain.fit(), plain.base.fit()):
        table = fit.distribution(10.0, upto=4)
        assert table["purchases"].tolist() == ["0", "1", "2", "3", "4+"]
        assert table["estimate"].sum() == pytest.approx(500)
        assert (table["low"] < table["estimate"]).all() and (
            table["estimate"] < table["high"]
        ).all()
        none = fit.probability_none(10.0).total()
        assert table.loc[0, "estimate"] == pytest.approx(none.value)


@pytest.mark.parametrize("law", [BetaGeometric, ParetoNBD])
@pytest.mark.parametrize("seed", [1, 9])
def test_a_log_without_dropout_is_judged_so_with_covariates_as_well(
    law: type[PurchaseModel], seed: int
) -> None:
    # where on the edge the search ends is rounding error, the verdict is not
    rng = np.random.default_rng(seed)
    z = pd.DataFrame({"web": (rng.random(1500) < 0.5).astype(float)})
    T = rng.integers(30 * 7, 80 * 7, 1500) / 7
    x, t_x = NBD.draw(np.array([2.0, 6.0]), T, rng)
    fit = CovariateModel(law(x, t_x, T, unit="week"), purchase=z).fit()
    assert fit.verdict == "no_dropout"
    assert fit.bias_corrected().phi.tolist() == fit.phi.tolist()


@pytest.mark.long
def test_the_bootstrap_of_a_fit_with_covariates_agrees_with_its_information() -> None:
    rng = np.random.default_rng(5)
    fit = drawn(BetaGeometric, 1500, rng).fit()
    m = fit.model
    x = m.rows.x[m.rows.inverse]
    spend = GammaGamma(x, rng.gamma(6 * np.maximum(x, 1), 0.5) / np.maximum(x, 1) + 1).fit()
    assert fit.refits()(m.counts) == pytest.approx(fit.phi, abs=1e-5)
    draws = bootstrap_parameters(fit, spend, rng=rng, draws=60)
    assert draws.shape == (60, 8 + 3)
    # purchase effects are well known; 60 draws tell their spread to a tenth or so
    ratio = draws[:, 4:6].std(axis=0) / np.sqrt(np.diag(fit.covariance)[4:6])
    assert ((ratio > 0.7) & (ratio < 1.4)).all()
    value = customer_value(fit, spend, discount_rate=0.1, horizon=26, draws=draws)
    groups = value.by(np.where(m.z[0] > 0, "web", "shop"))
    assert (groups["low"] < groups["estimate"]).all()
    assert groups["estimate"].sum() == pytest.approx(value.total.value)
