"""What the page of a case shows beside the effect: guards, override, plans, benefit, strength."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.impact.cards import case_of
from workbench.impact import (
    CaseData,
    CaseError,
    CaseReport,
    evaluate,
    foresee,
    judge_case,
    side_by_side,
    staying,
    staying_if_known,
)
from workbench.impact.designs.before_after import glance
from workbench.impact.findings import foresight_findings
from workbench.impact.inputs.series import read_series
from workbench.study import Case

START = pd.Timestamp("2024-01-01")
MONTHS = pd.date_range("2021-01-01", periods=60, freq="MS")


def everybody(effect: float = 0.0, seed: int = 1, n: int = 40, **values) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    y = 10 + rng.normal(size=(n, 1)) + rng.normal(size=(n, 60)) + 0.3 * rng.normal(size=60)
    y[:, MONTHS >= START] += effect
    return pd.DataFrame(
        {"customer_id": np.repeat(np.arange(n), 60), "period": np.tile(MONTHS, n)}
        | {"estimate": y.ravel()}
    ).assign(**values)


def lot(effect: float = 0.0, n: int = 60, seed: int = 1) -> tuple[pd.DataFrame, pd.DataFrame]:
    frame = everybody(seed=seed, n=n)
    own = (frame["customer_id"] < n // 2) & (frame["period"] >= START)
    frame.loc[own, "estimate"] += effect
    rows = pd.DataFrame({"case": "c", "customer_id": np.arange(n // 2), "start": START})
    return frame, rows


def card(chosen: str = "everybody", **options) -> Case:
    return case_of("c", START, chosen, **options)


def test_comparison_series_answer_where_the_card_names_them() -> None:
    rng = np.random.default_rng(2)
    swing = np.cumsum(rng.normal(size=60))
    frame = everybody(effect=2.0)
    frame["estimate"] += np.tile(swing, 40)
    other = pd.DataFrame({"period": MONTHS, "estimate": swing + 0.2 * rng.normal(size=60)})
    found = evaluate(frame, card(), outcome="sales", comparison=side_by_side({"elsewhere": other}))
    assert found.effect.design == "series with controls"
    assert found.effect.low < 2 < found.effect.high
    assert found.answers["design"].tolist()[1] == "interrupted time series"
    width = found.answers["high"] - found.answers["low"]
    assert width[0] < width[1], "the comparison takes out the swing"


def test_the_glance_takes_two_points_on_a_side_and_not_one() -> None:
    series = read_series(everybody(effect=2.0), card(), 5)
    late = np.flatnonzero(series.later)
    for points, told in ((1, False), (2, True)):
        value = series.value.copy()
        value[late[points:]] = np.nan
        assert (glance(replace(series, value=value), card(), 0.95) is not None) == told


def test_a_comparison_that_moved_is_warned_of_on_the_page() -> None:
    moved = pd.DataFrame({"period": MONTHS, "estimate": np.random.default_rng(3).normal(size=60)})
    moved.loc[moved["period"] >= START, "estimate"] += 5
    found = evaluate(
        everybody(effect=2.0), card(), outcome="sales", comparison=side_by_side({"web": moved})
    )
    assert any("series web shifts at the start" in c.text for c in found.warnings)


def test_the_card_can_ask_for_another_admissible_design() -> None:
    frame, rows = lot(effect=2.0)
    picked = evaluate(frame, card("random", design="same baseline"), rows, outcome="sales")
    assert picked.effect.design == "same baseline"
    frame_of = {"web": pd.DataFrame({"period": MONTHS, "estimate": np.arange(60.0) % 7})}
    alone = evaluate(
        everybody(2.0), card(design="interrupted time series"), outcome="sales",
        comparison=side_by_side(frame_of),
    )  # fmt: skip
    assert alone.effect.design == "interrupted time series"


def test_a_design_that_the_case_does_not_admit_is_told_and_not_used() -> None:
    frame, rows = lot(effect=2.0)
    found = evaluate(frame, card("random", design="same rule"), rows, outcome="sales")
    assert found.effect.design == "chosen at random"
    assert any("does not admit: not chosen by a rule" in c.text for c in found.warnings)
    with pytest.raises(CaseError, match="there is no design 'wish'"):
        evaluate(frame, card("random", design="wish"), rows, outcome="sales")


def test_placebo_dates_are_tried_on_the_own_series() -> None:
    calm = evaluate(everybody(), card(), outcome="sales")
    check = next(c for c in calm.checks if c.key == "placebo dates")
    assert check.severity == "ok" and dict(check.values)["n"] >= 10
    # a break in the middle of the time before is found at dates near it
    broken = everybody()
    broken.loc[broken["period"] >= MONTHS[18], "estimate"] += 6
    told = evaluate(broken, card(), outcome="sales")
    check = next(c for c in told.checks if c.key == "placebo dates")
    assert dict(check.values)["found"] >= 1


def test_an_outcome_measured_anew_is_refused_for_everybody_and_warned_of_beside_others() -> None:
    found = evaluate(everybody(2.0), card(), outcome="sales", measured_anew="2024-01-15")
    assert found.refused and found.warnings[0].key == "instrument"
    early = evaluate(everybody(2.0), card(), outcome="sales", measured_anew="2022-01-01")
    assert not early.refused and early.warnings[0].severity == "warning"
    frame, rows = lot(2.0)
    beside_others = evaluate(
        frame, card("random"), rows, outcome="sales", measured_anew="2024-01-15"
    )
    assert not beside_others.refused and beside_others.strength == "moderate"


def test_another_scale_after_the_start_is_noticed() -> None:
    rng = np.random.default_rng(4)
    frame = everybody()
    later = frame["period"] >= START
    frame["estimate"] = np.where(
        later, rng.integers(1, 11, len(frame)), rng.integers(1, 6, len(frame))
    ).astype(float)
    found = evaluate(frame, card(), outcome="satisfaction")
    assert found.refused and "another scale" in found.warnings[-1].text
    counts = everybody()
    counts["estimate"] = rng.poisson(np.where(later, 4.0, 2.0)).astype(float)
    assert not evaluate(counts, card(), outcome="orders_per_customer").refused


def test_counts_are_judged_by_quasi_poisson() -> None:
    rng = np.random.default_rng(5)
    frame = everybody()
    frame["estimate"] = rng.poisson(np.where(frame["period"] >= START, 2.4, 2.0)).astype(float)
    found = evaluate(frame, card(), outcome="orders_per_customer")
    assert "quasi-Poisson" in found.effect.inference
    assert found.effect.relative_low < 0.2 < found.effect.relative_high


def test_a_gap_in_the_dates_keeps_its_length_and_is_counted() -> None:
    frame = everybody(2.0)
    gap = frame["period"].isin([MONTHS[5], MONTHS[45]])
    found = evaluate(frame[~gap], card(), outcome="sales")
    assert len(found.effect.series) == 60
    assert found.exclusions.set_index("reason").loc["no record", "n"] == 2


def test_a_ready_series_is_judged_too_and_a_period_given_twice_is_refused() -> None:
    mean = everybody(2.0).groupby("period", as_index=False)["estimate"].mean().assign(n=40)
    found = evaluate(mean, card(), outcome="sales")
    assert found.effect.low < 2 < found.effect.high and found.customers == 40
    with pytest.raises(CaseError, match="occurs more than once"):
        evaluate(pd.concat([mean, mean.tail(1)]), card(), outcome="sales")


@pytest.mark.parametrize("start", ["2010-01-01", "2030-01-01"])
def test_a_start_outside_the_data_is_refused(start: str) -> None:
    with pytest.raises(CaseError, match=r"the start .* lies (before|after) the data"):
        evaluate(everybody(), case_of("c", start), outcome="sales")


def test_an_effect_that_several_outcomes_explain_costs_a_grade() -> None:
    frame, rows = lot(0.55, seed=6)
    one = evaluate(frame, card("random"), rows, outcome="sales")
    # the same answer with a p-value that one outcome bears and three do not
    clear = replace(one, effect=replace(one.effect, p=0.03, low=0.1, high=1.0, effect=0.55))
    null, rows = lot(0.0, seed=7)
    rest = [evaluate(null, card("random"), rows, outcome=name) for name in ("nps", "churn")]
    report = CaseReport.of(card("random"), [clear, *rest])
    assert any(c.key == "several outcomes" for c in report.main.checks)
    assert report.main.strength != clear.strength
    assert CaseReport.of(card("random"), [clear]).main.strength == clear.strength
    assert "several outcomes" in set(report.gradings["found"])
    # a score has no share of itself: its difference stands beside the others' shares, alone
    assert report.table["own"].notna().tolist() == [False, True, False]
    assert report.table["effect"].isna().tolist() == [False, True, False]
    assert "own" not in CaseReport.of(card("random"), [clear]).table


def test_the_strength_says_what_it_is_made_of() -> None:
    frame, rows = lot(2.0)
    table = evaluate(frame, card("random"), rows, outcome="sales", claimed=0.2).grading.table
    assert table.loc[table["part"] == "design", "grades"].tolist() == [3]
    assert set(table["part"]) == {"design", "assumptions checked", "precision"}


def test_what_could_have_been_seen_is_planned_from_the_time_before_alone() -> None:
    frame, rows = lot(0.0)
    later = frame["period"] >= START
    wild = frame.assign(estimate=frame["estimate"].where(~later, 1000.0 * frame["customer_id"]))
    plans = [
        foresee(f, card("random"), rows, outcome="sales", design="chosen at random", claimed=0.1)
        for f in (frame, wild)
    ]
    assert plans[0].main.detectable == plans[1].main.detectable
    assert set(plans[0].table["design"]) == {
        "chosen at random", "difference in differences", "same baseline", "before and after",
    }  # fmt: skip
    assert plans[0].customers_for_claim() > 4
    series = foresee(everybody(), card(), None, outcome="sales", design="interrupted time series")
    assert series.main.n_after == 24 and series.main.detectable > 0


def test_the_customers_that_a_claim_takes_hang_on_their_spread_alone() -> None:
    needed = [
        foresee(f, card("random"), rows, outcome="sales", design="chosen at random", claimed=0.02)
        for f, rows in (lot(0.0, n=80), lot(0.0, n=320))
    ]
    few, many = (each.customers_for_claim() for each in needed)
    assert few is not None and many == pytest.approx(few, rel=0.4)


def test_the_page_says_what_could_have_been_seen() -> None:
    frame, rows = lot(1.0)
    found = evaluate(frame, card("random"), rows, outcome="sales", claimed=0.2)
    sees, needs = foresight_findings(found)
    assert "80% probability" in sees.text and 0 < sees.values["chance"].value < 1
    assert needs.values["units"] > 4 and needs.values["claimed"].value == 0.2
    (plain,) = foresight_findings(evaluate(frame, card("random"), rows, outcome="sales"))
    assert set(plain.values) == {"outcome", "detectable"}


COSTS = {"once": 100.0, "per_customer": 0.2}


def priced(**part):
    valued = {"indicator": "sales", "value": 0.5}
    known = {"outcomes": [valued], "costs": COSTS, "horizon": 24, "discount": 0.05}
    return case_of("c", START, "random", **known | part)


def test_the_benefit_is_worked_out_where_the_card_gives_costs_and_a_value() -> None:
    frame, rows = lot(2.0)
    judged = evaluate(frame, card("random"), rows, outcome="sales", claimed=0.2)
    report = CaseReport.of(priced(), [judged], rng=np.random.default_rng(1), currency="CNY")
    gain = report.benefit
    assert gain.customers == pytest.approx(30)
    # 2 units at .5, less .2, times 30 customers and the annuity of 24 months at 5 percent
    rate = 1.05 ** (1 / 12) - 1
    annuity = (1 - (1 + rate) ** -24) / rate
    assert gain.net.value == pytest.approx(
        (report.main.effect.effect * 0.5 - 0.2) * 30 * annuity - 100
    )
    assert list(report.estimates()) == ["effect.sales", "benefit.net", "benefit.pays"]
    assert (gain.net.kind, gain.net.unit, report.verdict.money) == ("money", "CNY", gain.net)
    assert gain.table["name"].tolist() == ["benefit", "cost", "net benefit"]
    keys = [f.key for f in report.findings()]
    assert keys == ["verdict", "outcome.sales", "benefit", "pay-back", "break-even"]


def test_without_costs_or_value_or_effect_there_is_no_benefit() -> None:
    frame, rows = lot(2.0)
    judged, rng = evaluate(frame, card("random"), rows, outcome="sales"), np.random.default_rng(1)
    free, unvalued = priced(costs=None), priced(outcomes=[{"indicator": "sales"}])
    assert CaseReport.of(priced(), [judged]).benefit is None, "nothing to draw with"
    for case in (free, unvalued):
        report = CaseReport.of(case, [judged], rng=rng)
        assert report.benefit is None and report.verdict.verdict == "shown, money not known"
    refused = evaluate(everybody(), card(), outcome="sales", measured_anew="2024-01-15")
    report = CaseReport.of(priced(), [refused], rng=rng)
    assert report.benefit is None and report.verdict.verdict == "cannot be told"


def contracts(n: int = 600, ratio: float = 0.5, seed: int = 1):
    rng = np.random.default_rng(seed)
    days = rng.exponential(400, n)
    own = np.arange(n) < n // 2
    day0 = pd.Timestamp("2023-07-01")
    until = (START - day0).days
    late = days > until
    days = np.where(own & late, until + (days - until) / ratio, days)
    ends = pd.Series(day0 + pd.to_timedelta(days, unit="D"))
    frame = pd.DataFrame(
        {"customer_id": np.arange(n), "start": day0 - pd.Timedelta(days=1), "end": ends}
    )
    frame.loc[frame["end"] > pd.Timestamp("2024-12-31"), "end"] = pd.NaT
    rows = pd.DataFrame({"case": "c", "customer_id": np.arange(n // 2), "start": START})
    return frame, pd.DataFrame({"customer_id": np.arange(n)}), rows


def test_customers_who_stay_longer_are_seen_to() -> None:
    frame, people, rows = contracts()
    found = staying(frame, people, card("random"), rows, as_of=pd.Timestamp("2024-12-31"))
    whole = 365.0
    truth = (1 - np.exp(-whole / 800)) * 800 - (1 - np.exp(-whole / 400)) * 400
    assert found.low < truth < found.high and found.clear
    assert found.outcome == "days under contract"
    # they leave half as often; Cox regression says so beside the days
    risk = next(c for c in found.checks if c.key == "hazard ratio")
    assert float(risk.values["low"]) < 0.5 < float(risk.values["high"]) < 1


def test_staying_needs_a_comparison_events_and_time() -> None:
    frame, people, rows = contracts()
    day = pd.Timestamp("2024-12-31")
    assert staying_if_known(frame, people, card(), rows, as_of=day) == (None, ())
    nothing, said = staying_if_known(
        frame, people, card("random"), rows, as_of=pd.Timestamp("2024-01-10")
    )
    assert nothing is None and "10 days" in said[0].text
    few, said = staying_if_known(frame.assign(end=pd.NaT), people, card("random"), rows, as_of=day)
    assert few is None and "0 events" in said[0].text
    with pytest.raises(CaseError, match="everybody got the measure"):
        staying(frame, people, card(), rows, as_of=day)


def test_a_case_of_leaving_says_how_long_contracts_last_where_they_are_known() -> None:
    signed, people, rows = contracts()
    frame, day = everybody(n=600)[lambda d: d["period"] >= "2023-07-01"], pd.Timestamp("2024-12-31")
    data = CaseData([frame], rows, contracts=signed, customers=people)
    churn = card("random", outcome="churn")
    report = judge_case(churn, data, as_of=day)
    assert report.stay is not None
    assert report.stay.effect == staying(signed, people, churn, rows, as_of=day).effect
    assert report.picture().title == "With the measure and without it"
    assert judge_case(churn, data).stay is None, "nobody knows the last day of the data"
    assert judge_case(card("random"), data, as_of=day).stay is None, "sales are not of leaving"
    for lacking in ("contracts", "customers"):
        assert judge_case(churn, replace(data, **{lacking: None}), as_of=day).stay is None


def test_four_weeks_are_the_least_to_follow() -> None:
    frame, people, rows = contracts(n=2000)
    first = START + pd.Timedelta(days=26)
    with pytest.raises(CaseError, match="27 days after the start"):
        staying(frame, people, card("random"), rows, as_of=first)
    found = staying(frame, people, card("random"), rows, as_of=first + pd.Timedelta(days=1))
    assert found.series["period"].iloc[-1] == 27 and found.n_before == 0


def test_without_a_lot_those_who_always_left_sooner_are_held_against_themselves() -> None:
    rng, n = np.random.default_rng(3), 4000
    own = np.arange(n) < n // 2
    begun = pd.Timestamp("2022-01-01")
    ends = begun + pd.to_timedelta(rng.exponential(np.where(own, 500, 1500)), unit="D")
    frame = pd.DataFrame({"customer_id": np.arange(n), "start": begun, "end": ends})
    frame.loc[frame["end"] > pd.Timestamp("2024-12-31"), "end"] = pd.NaT
    rows = pd.DataFrame({"case": "c", "customer_id": np.arange(n // 2), "start": START})
    people, day = pd.DataFrame({"customer_id": np.arange(n)}), pd.Timestamp("2024-12-31")
    found = staying(frame, people, card("volunteers"), rows, as_of=day)
    plain = staying(frame, people, card("random"), rows, as_of=day)
    assert plain.high < 0 and found.low < 0 < found.high
    ran = int((frame["end"].fillna(day) >= START).sum())
    assert found.n_after == ran < found.n_before
    effect, told = staying_if_known(frame, people, card("volunteers"), rows, as_of=day)
    assert effect is not None and effect.effect == found.effect
    assert "hazard ratio" in {c.key for c in told} and all(c.severity != "ok" for c in told)


def test_the_time_after_the_end_of_a_measure_is_not_its_time() -> None:
    frame, rows = lot(2.0)
    later = frame["period"] >= "2025-01-01"
    gone = frame.assign(estimate=frame["estimate"].mask(later, 0.0))
    ended = card("random", end=pd.Timestamp("2024-12-31"))
    found = evaluate(gone, ended, rows, outcome="sales")
    assert found.effect.n_after == 12 and found.effect.low < 2 < found.effect.high


def test_of_many_other_measures_the_three_that_matter_most_are_named() -> None:
    frame, rows = lot(2.0)
    others = [
        pd.DataFrame({"case": f"m{k}", "customer_id": np.arange(30 - 3 * k), "start": START})
        for k in range(6)
    ]
    found = evaluate(frame, card("random"), pd.concat([rows, *others]), outcome="sales")
    said = [c.text for c in found.checks if c.key == "other measures"]
    assert len(said) == 4 and "m0" in said[0] and said[-1].startswith("3 further measures")
