"""Ratios of totals: the delta method against clustered errors, planted effects, arms, a card."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from tests.impact.cards import case_of
from workbench.impact import CaseData, evaluate, judge_case, read_panel
from workbench.impact.designs.lot.ratio_of_totals import ratio_of_totals

MONTHS = pd.date_range("2024-01-01", periods=6, freq="MS")


def orders(rng, n=300, effect=0.0, more=0.0, before=3):
    """Customers with few or many orders, those with many buying dearer; half drawn by lot."""
    eager = np.exp(0.7 * rng.normal(size=n))
    dear = 20 + 6 * np.log(eager) + 4 * rng.normal(size=n)
    drawn = rng.permutation(n) < n // 2
    rows = []
    for k, month in enumerate(MONTHS):
        later = k >= before
        number = rng.poisson(eager * (1 + more * drawn * later))
        noise = rng.normal(size=n) * 8 / np.sqrt(np.maximum(number, 1))
        mean = dear + effect * drawn * later + noise
        rows.append(pd.DataFrame({"customer_id": np.arange(n), "period": month, "n": number,
                                  "estimate": mean})[number > 0])  # fmt: skip
    return pd.concat(rows, ignore_index=True), drawn


def laid_out(records, drawn):
    treated = pd.Series(True, index=np.flatnonzero(drawn))
    return read_panel(records, treated, start=MONTHS[3], weight="n")


def test_it_is_the_ratio_of_sums_with_errors_clustered_by_customer() -> None:
    records, drawn = orders(np.random.default_rng(1))
    panel = laid_out(records[records["period"] >= MONTHS[2]], drawn)
    # one month before the start tells next to nothing of: leave history out by blanking it
    panel.weight[:, ~panel.after] = 0
    found = ratio_of_totals(panel)
    late = records[records["period"] >= MONTHS[3]].assign(
        got=lambda t: drawn[t["customer_id"]] * 1.0
    )
    fitted = smf.wls("estimate ~ got", late, weights=late["n"]).fit(
        cov_type="cluster", cov_kwds={"groups": late["customer_id"]}
    )
    assert found.effect == pytest.approx(fitted.params["got"])
    half = (found.high - found.effect) / 1.977
    assert half == pytest.approx(fitted.bse["got"], rel=0.02)
    # as if orders were customers, and customers' own means, are other numbers
    means = late.groupby("customer_id")["estimate"].mean()
    other = means[drawn[means.index]].mean() - means[~drawn[means.index]].mean()
    assert abs(other - found.effect) > 0.02


def test_intervals_hold_where_the_measure_brings_more_orders_too() -> None:
    rng, covered, gain = np.random.default_rng(2), 0, []
    for _ in range(60):
        panel = laid_out(*orders(rng, effect=1.0, more=0.3))
        found = ratio_of_totals(panel)
        # more orders of all alike do not move their mean amount
        covered += found.low <= 1.0 <= found.high
        gain.append(found.high - found.low)
    assert covered >= 52


def test_a_card_is_judged_by_the_ratio_and_its_history_helps() -> None:
    records, drawn = orders(np.random.default_rng(3), n=600, effect=3.0)
    treatments = pd.DataFrame(
        {"case": "app", "customer_id": np.flatnonzero(drawn), "start": MONTHS[3]}
    )
    card = case_of("app", MONTHS[3], "random", outcome="average_order")
    e = evaluate(records, card, treatments, outcome="average_order")
    assert e.effect.design == "chosen at random, ratio of totals"
    assert e.effect.low < 3.0 < e.effect.high and e.effect.clear
    assert any(check.key == "gain of adjustment" for check in e.checks)
    assert e.foresight.main.design == e.effect.design
    # foreseen from one month after two; three came, of which a part lasts
    came = (e.effect.high - e.effect.low) / 3.93
    assert came < e.foresight.main.se < np.sqrt(3) * came
    # one record a customer and period: no ratio
    single = evaluate(records.assign(n=1), card, treatments, outcome="average_order")
    assert single.effect.design == "chosen at random"


def test_arms_and_segments_of_a_ratio_are_ratios() -> None:
    records, drawn = orders(np.random.default_rng(4), n=600, effect=3.0)
    units = pd.DataFrame({"customer_id": np.arange(600), "arm": np.where(drawn, "app", "none"),
                          "town": np.where(np.arange(600) % 2, "east", "west")})  # fmt: skip
    card = case_of("app", MONTHS[3], "random", outcome="average_order", by="town",
                   arms={"column": "arm", "control": "none"})  # fmt: skip
    treatments = pd.DataFrame(
        {"case": "app", "customer_id": np.flatnonzero(drawn), "start": MONTHS[3]}
    )
    report = judge_case(card, CaseData([records], treatments, units=units))
    arms = report.arms[0]
    own = arms.contrasts.iloc[0]
    # they differ by how customers without records before enter
    assert own["estimate"] == pytest.approx(report.main.effect.effect, rel=0.03)
    late = records[records["period"] >= MONTHS[3]]
    east = late[late["customer_id"] % 2 == 1]
    sums = (east["estimate"] * east["n"]).groupby(drawn[east["customer_id"]]).sum()
    ratio = sums / east["n"].groupby(drawn[east["customer_id"]]).sum()
    told = arms.segments.set_index("segment").loc["east", "estimate"]
    assert told == pytest.approx(ratio[True] - ratio[False], abs=1.0)
