"""What a lot has measured of an offer takes the place of what was assumed of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.impact.cards import case_of
from workbench.impact import CaseData, judge_case
from workbench.impact.inputs.assignment import with_arms

MONTHS = pd.date_range("2024-01-01", periods=12, freq="MS")
START = MONTHS[6]


def calls_by_lot(rng, n=6000, keeps=(0.5, 0.5), rate=0.1):
    """Subscribers, of whom a tenth leaves a month; calls keep a share that may go by region."""
    called, south = rng.random(n) < 0.5, rng.random(n) < 0.5
    rows = []
    for k, month in enumerate(MONTHS):
        share = np.where(south, keeps[1], keeps[0]) * (called & (k >= 6))
        left = rng.random(n) < rate * (1 - share)
        rows.append(
            pd.DataFrame({"customer_id": range(n), "period": month, "estimate": left * 1.0})
        )
    units = pd.DataFrame(
        {"customer_id": range(n), "arm": np.where(called, "call", "none"),
         "region": np.where(south, "south", "north")}
    )  # fmt: skip
    return pd.concat(rows), units


def kept(records, units, **part):
    arms = {"column": "arm", "control": "none"}
    case = case_of("calls", START, "random", outcome="churn", arms=arms, **part)
    report = judge_case(case, CaseData([records], with_arms(case, None, units), units=units))
    return report.kept


def test_the_share_kept_is_the_fall_of_the_rate_over_the_rate_without_calls() -> None:
    found = kept(*calls_by_lot(np.random.default_rng(1)))
    assert list(found["who"]) == ["subscribers"] and found["segment"].iloc[0] == ""
    row = found.iloc[0]
    assert row["low"] < 0.5 < row["high"] and row["high"] - row["low"] < 0.2


def test_segments_count_only_where_they_are_shown_to_differ() -> None:
    alike = kept(*calls_by_lot(np.random.default_rng(2)), by="region")
    assert len(alike) == 1
    apart = kept(*calls_by_lot(np.random.default_rng(3), keeps=(0.1, 0.7)), by="region")
    shares = apart.set_index("segment")["estimate"]
    assert shares["north"] == pytest.approx(0.1, abs=0.12)
    assert shares["south"] == pytest.approx(0.7, abs=0.12)


def test_of_several_versions_the_one_that_keeps_most_counts() -> None:
    rng = np.random.default_rng(5)
    records, units = calls_by_lot(rng)
    worse = (units["arm"] == "none") & (rng.random(len(units)) < 0.5)
    units.loc[worse, "arm"] = "scare"  # three in ten leave a month: a larger effect, the wrong way
    scared = records["customer_id"].isin(units.loc[worse, "customer_id"])
    late = scared & (records["period"] >= START)
    records.loc[late, "estimate"] = (rng.random(int(late.sum())) < 0.3) * 1.0
    row = kept(records, units).iloc[0]
    assert row["low"] < 0.5 < row["high"]


def test_what_was_not_drawn_among_customers_measures_no_such_share() -> None:
    records, units = calls_by_lot(np.random.default_rng(4), n=600)
    case = case_of("calls", START, "volunteers", outcome="churn")
    treated = units.loc[units["arm"] == "call", ["customer_id"]].assign(case="calls", start=START)
    assert judge_case(case, CaseData([records], treated)).kept is None
