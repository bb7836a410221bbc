"""Covariates over time in Pareto/NBD: the likelihood by other ways, recovery, predictions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.special import gammaln

from workbench.clv import CovariateModel, ParetoNBD, VaryingParetoNBD
from workbench.clv.models.likelihood import in_logs
from workbench.clv.models.rows import Purchases
from workbench.errors import DataError

END = pd.Timestamp("2025-12-29")
WEEK = pd.Timedelta(weeks=1)
TRUE = np.array([np.log(0.9), np.log(8.0), np.log(0.8), np.log(30.0), 0.8, -0.5, 0.7])


def season(weeks: int = 160, first: pd.Timestamp = END - 104 * WEEK) -> pd.DataFrame:
    """Weeks of which those before the turn of the year are high; a campaign now and then."""
    date = pd.date_range(first, periods=weeks, freq="7D")
    high = date.month.isin([11, 12]).astype(float)
    return pd.DataFrame({"date": date, "high": high, "mail": (np.arange(weeks) % 9 < 2) * 1.0})


def shop(n: int, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Customers whose buying follows the season and a trait, and whose leaving the trait."""
    weeks = season()
    trait = (rng.random(n) < 0.4).astype(float)
    rate, leave = rng.gamma(0.9, 1 / 8.0, n), rng.gamma(0.8, 1 / 30.0, n) * np.exp(0.7 * trait)
    start = rng.integers(0, 80 * 7, n)
    gone = start / 7 + rng.exponential(1 / leave)
    pace = np.exp(0.8 * weeks["high"].to_numpy()[:104])
    rows = [pd.DataFrame({"customer_id": np.arange(n), "day": start})]
    for week in range(104):
        begin = np.maximum(start / 7, week)
        span = np.clip(np.minimum(gone, week + 1) - begin, 0, None)
        times = rng.poisson(rate * np.exp(-0.5 * trait) * pace[week] * span)
        who = np.repeat(np.arange(n), times)
        at = np.floor((begin + span * rng.random(n))[who] * 7).astype(int)
        rows.append(pd.DataFrame({"customer_id": who, "day": at}))
    log = pd.concat(rows, ignore_index=True)
    log["date"] = END - 104 * WEEK + pd.to_timedelta(log["day"], unit="D")
    each = weeks.merge(pd.DataFrame({"customer_id": np.arange(n), "trait": trait}), how="cross")
    return log[["customer_id", "date"]], each


@pytest.fixture(scope="module")
def model() -> VaryingParetoNBD:
    log, over = shop(500, np.random.default_rng(4))
    names = ["high", "trait"]
    return VaryingParetoNBD(log, over, as_of=END, unit="week", purchase=names, leaving=["trait"])


def test_slopes_are_those_of_the_likelihood(model: VaryingParetoNBD) -> None:
    _, slope = model.by_customer(TRUE)
    for k, step in enumerate(np.eye(len(TRUE)) * 1e-5):
        up, down = (model.by_customer(TRUE + side * step)[0] for side in (1, -1))
        assert slope[k] == pytest.approx((up - down) / 2e-5, rel=1e-5, abs=1e-5)


def test_one_customer_is_as_integrated_by_other_means(model: VaryingParetoNBD) -> None:
    (r, alpha, s, beta), (high, trait), (out,) = model.split(TRUE)
    at = int(np.argmax((model.x > 1) & (model.T - model.t_x > 20)))
    weeks = season()
    own = np.exp(trait * model.lived.z[1][model.lived.who == at][0])
    d = np.exp(out * model.lived.z[1][model.lived.who == at][0])
    age, last, x = model.T[at], model.t_x[at], model.x[at]
    changes = (weeks["date"] - (END - pd.Timedelta(days=7 * age))).dt.days.to_numpy() / 7
    pace = own * np.exp(high * weeks["high"].to_numpy())

    def clock(t: float) -> float:
        ends = np.clip(np.append(changes, np.inf), 0, t)
        return float(pace @ np.diff(ends))

    def left(t: float) -> float:
        return (alpha + clock(t)) ** -(r + x) * s * d * (beta + d * t) ** -(s + 1)

    points = [c for c in changes if last < c < age]
    gone = quad(left, last, age, points=points, limit=500, epsabs=0, epsrel=1e-11)[0]
    stays = (alpha + clock(age)) ** -(r + x) * (beta + d * age) ** -s
    value = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    value += high * model.bought[0, at] + trait * model.bought[1, at] + np.log(gone + stays)
    assert model.by_customer(TRUE)[0][at] == pytest.approx(value, abs=1e-8)


def test_traits_that_do_not_change_are_as_in_the_model_of_traits() -> None:
    rng = np.random.default_rng(1)
    log, over = shop(150, rng)
    # one who buys every day must not need more than the others
    often = pd.DataFrame({"customer_id": 3, "date": pd.date_range(END - 60 * WEEK, periods=400)})
    log = pd.concat([log, often])
    still = over.drop_duplicates("customer_id")
    new = VaryingParetoNBD(
        log, still, as_of=END, unit="week", purchase=["trait"], leaving=["trait"]
    )
    z = still.set_index("customer_id")["trait"].reindex(new.index).to_frame()
    base = ParetoNBD(new.x, new.t_x, new.T, unit="week")
    old = CovariateModel(base, purchase=z, dropout=z)
    phi = np.concatenate([TRUE[:4], TRUE[5:]])
    expected = old.likelihood(*_distinct(old))(phi)
    value, slope = new.by_customer(phi)
    assert value.sum() == pytest.approx(expected[0], rel=1e-10)
    assert slope.sum(axis=1) == pytest.approx(expected[1], rel=1e-6, abs=1e-6)


def _distinct(model: CovariateModel) -> tuple[Purchases, np.ndarray]:
    """Rows and covariates one by one, as the model without scaling takes them."""
    own = model.rows
    x, t_x, T = (v[own.inverse] for v in (own.x, own.t_x, own.T))
    rows = Purchases(x, t_x, T, np.ones(x.size), np.arange(x.size), "week")
    return rows, model.z


def test_without_effects_it_is_pareto(model: VaryingParetoNBD) -> None:
    fit = model.fit()
    fit.phi = np.concatenate([TRUE[:4], np.zeros(3)])
    plain = ParetoNBD(model.x, model.t_x, model.T, unit="week")
    theta = np.exp(TRUE[:4])
    rows = plain.rows
    assert model.by_customer(fit.phi)[0].sum() == pytest.approx(
        in_logs(plain.likelihood(rows))(TRUE[:4])[0]
    )
    each = (model.x, model.t_x, model.T)
    assert fit.p_alive().estimate == pytest.approx(ParetoNBD.alive(theta, *each), rel=1e-8)
    ahead = ParetoNBD.expected_ahead(theta, np.full(model.x.size, 20.0), *each)
    assert fit.expected_purchases(20).estimate == pytest.approx(ahead, rel=1e-9)
    none = ParetoNBD.none_ahead(theta, np.full(model.x.size, 20.0), *each)
    assert fit.probability_none(20).estimate == pytest.approx(none, rel=1e-7)


def test_planted_effects_are_found_and_forecasts_follow_the_season(
    model: VaryingParetoNBD,
) -> None:
    fit = model.fit()
    assert fit.verdict == "converged" and fit.llf > fit.plain + 20
    off = (fit.phi - TRUE) / np.sqrt(np.diag(fit.covariance))
    assert np.abs(off).max() < 3.3
    # what is drawn is what is expected
    drawn = fit.draw_ahead(13, rng=np.random.default_rng(2), draws=60).sum(axis=0)
    expected = fit.expected_purchases(13).total()
    assert drawn.mean() == pytest.approx(expected.value, abs=4 * drawn.std() / np.sqrt(60))
    # the low season comes first: fewer a week than over the year
    year = fit.expected_purchases(52).total().value
    assert expected.value / 13 < 1.2 * year / 52


def test_days_without_covariates_are_refused_in_words(model: VaryingParetoNBD) -> None:
    log, over = shop(60, np.random.default_rng(5))
    options = {"as_of": END, "unit": "week"}
    late = over[over["date"] > END - 50 * WEEK]
    with pytest.raises(DataError, match="not known from their first purchase on"):
        VaryingParetoNBD(log, late, purchase=["high"], **options)
    with pytest.raises(DataError, match="cannot be told apart"):
        VaryingParetoNBD(log, over.assign(same=1), purchase=["same"], **options)
    with pytest.raises(DataError, match="no column hihg"):
        VaryingParetoNBD(log, over, purchase=["hihg"], **options)
    with pytest.raises(DataError, match="covariates are known up to"):
        model.fit().expected_purchases(200)


#: CLVTools' data are GPL-3 and not copied here: export apparelTrans and apparelDynCov as CSV, and
#: put tests/testthat/fitted_dyncov.rds of its repository, into .cache/apparel to run these.
APPAREL = Path(__file__).parents[2] / ".cache" / "apparel"
NO_DATA = "no apparel data in .cache/apparel (they ship with the R package CLVTools)"
KNOWN = ["High.Season", "Gender", "Channel"]


def _day(values: pd.Series) -> pd.Series:
    return pd.to_datetime(values, unit="D" if pd.api.types.is_numeric_dtype(values) else None)


@pytest.mark.skipif(not (APPAREL / "apparelDynCov.csv").exists(), reason=NO_DATA)
def test_apparel() -> None:
    """CLVTools' example, 104 weeks: its documentation prints no estimates; what came is counted."""
    log = pd.read_csv(APPAREL / "apparelTrans.csv").rename(columns={"Id": "customer_id"})
    over = pd.read_csv(APPAREL / "apparelDynCov.csv").rename(columns={"Id": "customer_id"})
    log["date"], over["date"] = _day(log["Date"]), _day(over["Cov.Date"])
    end = log["date"].min() + 104 * WEEK
    options = {"as_of": end, "unit": "week", "purchase": KNOWN, "leaving": KNOWN}
    fit = VaryingParetoNBD(log, over, **options).fit()
    # nobody is seen to leave in the high season: that effect runs off, the others are told
    assert fit.llf == pytest.approx(-5752.62, abs=0.02) and fit.verdict == "boundary"
    assert np.isnan(fit.conf_int().loc["leaving: High.Season", "low"])
    later = log[log["date"] > end].drop_duplicates(["customer_id", "date"])
    came = [int((later["date"] <= end + weeks * WEEK).sum()) for weeks in (13, 52, 104)]
    expected = [fit.expected_purchases(weeks).total().value for weeks in (13, 52, 104)]
    assert came == [85, 389, 758]
    assert expected == pytest.approx([87.1, 391.3, 702.9], rel=0.005)
    plain = ParetoNBD(fit.model.x, fit.model.t_x, fit.model.T, unit="week").fit()
    off = [plain.expected_purchases(weeks).total().value for weeks in (13, 52, 104)]
    assert off == pytest.approx([116.6, 438.0, 816.6], rel=0.005)


@pytest.mark.skipif(not (APPAREL / "fitted_dyncov.rds").exists(), reason=NO_DATA)
@pytest.mark.filterwarnings("ignore")
def test_each_customer_is_as_in_clvtools() -> None:
    """Its test fixture: 400 customers of an earlier apparel log, 52 weeks, at given parameters."""
    rdata = pytest.importorskip("rdata")
    fixture = vars(rdata.read_rds(APPAREL / "fitted_dyncov.rds")["fitted_dyncov"])
    data = vars(fixture["clv.data"])
    log, over = (
        data[name].rename(columns={"Id": "customer_id"})
        for name in ("data.transactions", "data.cov.trans")
    )
    log["date"], over["date"] = _day(log["Date"]), _day(over["Cov.Date"])
    options = {"as_of": pd.Timestamp("2006-01-01"), "unit": "week"}
    model = VaryingParetoNBD(log, over, purchase=KNOWN, leaving=KNOWN, **options)
    at = fixture["optimx.estimation.output"].iloc[0, :10].to_numpy(dtype=float)
    own = model.by_customer(np.concatenate([at[:4], at[7:], at[4:7]]))[0]
    theirs = fixture["LL.data"].set_index("Id")["LL"].reindex(model.index).to_numpy()
    off = np.abs(own - theirs)
    # one with 176 purchases: there the time of having left underflows to zero
    assert np.sort(off)[-2] < 1e-9 and off.max() == pytest.approx(0.0069, abs=1e-4)
    assert model.x[off.argmax()] == 176
