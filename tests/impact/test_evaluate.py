"""The design follows from the choice of the treated; what cannot be judged is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.impact.cards import case_of
from workbench.impact import (
    CaseError,
    CaseReport,
    Situation,
    difference_in_differences,
    evaluate,
    same_baseline,
    select_design,
)
from workbench.impact.designs.differences.two_answers import between
from workbench.impact.findings import claim, glance_finding, outcome_finding
from workbench.impact.inputs.assignment import first_days
from workbench.impact.selection import met_the_rule
from workbench.results import Finding
from workbench.study import Case

START = pd.Timestamp("2025-01-01")
MONTHS = pd.date_range("2024-01-01", periods=24, freq="MS")


def card(chosen: str = "random", **options) -> Case:
    return case_of("offer", START, chosen, **options)


def records(n: int = 60, effect: float = 0.0, seed: int = 1, treated=None) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    treated = np.arange(n) < n // 2 if treated is None else treated
    y = 10 + rng.normal(size=(n, 1)) + rng.normal(size=(n, 24))
    y[treated, 12:] += effect
    return pd.DataFrame(
        {
            "customer_id": np.repeat(np.arange(n), 24),
            "period": np.tile(MONTHS, n),
            "estimate": y.ravel(),
        }
    )


def treatments(n: int = 30, case: str = "offer", start=START) -> pd.DataFrame:
    return pd.DataFrame({"case": case, "customer_id": np.arange(n), "start": start})


def judged(chosen: str = "random", effect: float = 0.0, **options):
    return evaluate(records(effect=effect), card(chosen), treatments(), outcome="sales", **options)


def said_of(found) -> Finding:
    """What is said of one outcome looked at alone."""
    p = np.nan if found.effect is None else found.effect.p
    return outcome_finding(card(), found, p, 1)


@pytest.mark.parametrize(
    ("chosen", "selected_on", "same_rule", "design"),
    [
        ("random", None, None, "chosen at random"),
        ("rule", "sales", 40, "same rule"),
        ("rule", "sales", 3, "same baseline"),
        ("rule", "nps", 3, "difference in differences"),
        ("worst", "sales", None, "same baseline"),
        ("worst", None, None, "same baseline"),
        ("worst", "nps", None, "difference in differences"),
        ("volunteers", None, None, "between two answers"),
    ],
)
def test_the_design_follows_from_the_choice(chosen, selected_on, same_rule, design) -> None:
    picked = select_design(
        Situation(
            card(chosen, selected_on=selected_on),
            outcome="sales",
            n_treated=50,
            n_other=50,
            n_same_rule=same_rule,
            before=12,
            after=12,
        )
    )
    assert picked.design == design
    assert picked.table.set_index("design").loc[design, ["admissible", "answers"]].all()
    refused = picked.table[~picked.table["admissible"]]
    assert (refused["reason"] != "").all(), "what is not admissible says why"


@pytest.mark.parametrize(("before", "after", "design"), [(8, 8, True), (7, 20, False), (20, 7, 0)])
def test_a_series_needs_eight_points_on_each_side(before, after, design) -> None:
    picked = select_design(
        Situation(
            card("everybody"), outcome="churn", n_treated=1, n_other=0, before=before, after=after
        )
    )
    assert bool(picked.design) == bool(design)


def test_nobody_to_compare_with_leaves_no_design() -> None:
    for chosen in ("random", "rule", "worst", "volunteers"):
        picked = select_design(Situation(card(chosen), outcome="sales", n_treated=50, n_other=1))
        assert picked.design == ""


def test_a_lot_gives_the_true_effect_and_strong_evidence() -> None:
    found = judged(effect=2.0, claimed=0.2)
    assert found.effect.low < 2 < found.effect.high
    assert found.effect.design == "chosen at random"
    assert found.strength == "strong" and not found.warnings
    assert found.answers["design"].tolist() == [
        "chosen at random",
        "same baseline",
        "before and after",
    ]


def test_no_effect_is_said_not_to_have_been_found() -> None:
    found = judged(claimed=0.5)
    first = said_of(found).message
    assert first.startswith("No effect on {outcome} was found")
    assert first.endswith("and the claim of {claimed} is ruled out.")


def test_verdict_and_words_fit_together() -> None:
    for effect, claimed, direction in (
        (2.0, 0.2, "up"),
        (2.0, 0.9, "up"),
        (2.0, 0.01, "up"),
        (-2.0, 0.2, "up"),
        (-2.0, -0.2, "down"),
        (0.0, 0.02, "up"),
        (1.0, None, "up"),
    ):
        found = judged(effect=effect, claimed=claimed, direction=direction)
        said = [said_of(found).text, glance_finding(found).text]
        assert all(text and "{" not in text and "nan" not in text for text in said)


@pytest.mark.parametrize(
    ("effect", "claimed", "said"),
    [
        (2.0, 0.2, "fits"),
        (2.0, 0.9, "more than the data allow"),
        (2.0, 0.01, "which is more than the claim"),
    ],
)
def test_the_claim_is_held_against_the_interval(effect, claimed, said) -> None:
    assert said in said_of(judged(effect=effect, claimed=claimed)).text


def test_a_claim_at_the_very_end_of_the_interval_fits() -> None:
    found = judged(effect=2.0)
    low, high = found.effect.relative_low, found.effect.relative_high
    said = [claim(replace(found, claimed=x), "shown") for x in (low, high, high + 1e-9, low - 1e-9)]
    assert said == ["fits", "fits", "too much", "too little"]
    assert claim(replace(found, claimed=high), "not shown") == "open"
    assert claim(replace(found, claimed=high + 1e-9), "not shown") == "ruled out"
    assert claim(found, "shown") == ""


def test_a_move_the_wrong_way_is_not_called_a_success() -> None:
    assert "worsened" in said_of(judged(effect=-2.0)).text
    assert "improved" in said_of(judged(effect=-2.0, direction="down")).text


def test_one_treated_city_is_refused_in_words() -> None:
    frame = records().assign(city=lambda d: "C" + (d["customer_id"] // 10).astype(str))
    found = evaluate(frame, card(treated={"city": ["C0"]}), outcome="sales", claimed=0.1)
    assert found.refused and found.strength == "none"
    assert found.glance is None or np.isfinite(found.glance.effect)
    assert {c.severity for c in found.warnings} == {"refusal"}
    assert "No conclusion" in said_of(found).text
    report = CaseReport.of(card(), [found])
    assert report.estimates() == {} and report.table["strength"].tolist() == ["none"]
    assert {"outcome", "estimate", "inference"} <= set(report.answers), "the page can show it"


def test_a_short_series_is_refused_with_its_reason() -> None:
    found = evaluate(records(), case_of("offer", MONTHS[20]), outcome="sales", claimed=0.1)
    assert found.refused and "4 points after" in found.warnings[0].text


def test_cells_below_the_threshold_are_refused() -> None:
    found = evaluate(records(), card(), treatments(), outcome="sales", min_cell=1000)
    assert found.refused and found.warnings[0].key == "small cells"


def test_a_series_for_everybody_is_judged_and_graded() -> None:
    frame = records(effect=2.0, treated=np.ones(60, dtype=bool))
    found = evaluate(frame, card("everybody"), outcome="sales", claimed=0.2)
    assert found.effect.low < 2 < found.effect.high
    assert found.effect.design == "interrupted time series"
    assert found.strength in ("moderate", "weak")


def test_the_worst_are_compared_at_the_same_baseline_with_a_warning() -> None:
    # a quarter chosen because last year was bad; the measure does nothing
    frame = records(400, seed=7)
    year = frame[frame["period"] < START].groupby("customer_id")["estimate"].mean()
    noise = np.random.default_rng(1).normal(0, 2, 400)
    frame["estimate"] += np.where(frame["period"] < START, noise[frame["customer_id"]], 0)
    year = year + noise
    worst = pd.DataFrame(
        {"case": "offer", "customer_id": year.nsmallest(100).index, "start": START}
    )
    found = evaluate(frame, card("worst", selected_on="sales"), worst, outcome="sales")
    assert found.glance.low > 1, "a glance sees a large effect"
    assert found.effect.low < 0 < found.effect.high
    assert "selection" in {c.key for c in found.warnings}


def test_same_rule_takes_only_those_who_met_the_rule() -> None:
    frame = records(400, seed=3).assign(region=lambda d: d["customer_id"] % 2)
    year = frame[frame["period"] < START].groupby("customer_id")["estimate"].sum()
    met = year >= year.quantile(0.6)
    chosen = year.index[met & (year.index % 2 == 0)]
    rows = pd.DataFrame({"case": "offer", "customer_id": chosen, "start": START})
    found = evaluate(
        frame, card("rule", selected_on="sales"), rows, outcome="sales", selection=frame
    )
    assert found.effect.design == "same rule"
    assert found.effect.n_units == pytest.approx(int(met.sum()), abs=4)


def test_the_rule_is_read_from_the_treated_high_or_low(make_panel, rng) -> None:
    panel = make_panel(rng, units=40, treated=10)
    value = pd.Series(np.arange(40.0))
    object.__setattr__(panel, "treated", np.arange(40) >= 30)
    assert met_the_rule(panel, value).sum() == 10
    object.__setattr__(panel, "treated", np.arange(40) < 10)
    assert met_the_rule(panel, value).sum() == 10


def test_volunteers_get_the_range_of_two_answers_and_weak_evidence() -> None:
    found = judged("volunteers", effect=1.0)
    parts = found.answers.iloc[1:3]
    assert found.effect.low == parts["low"].min() and found.effect.high == parts["high"].max()
    assert found.strength == "weak"


def test_other_measures_on_one_side_are_told() -> None:
    both = pd.concat([treatments(), treatments(20, "campaign", "2025-03-01")])
    found = evaluate(
        records(), card(), both, outcome="sales", titles={"campaign": "Spring campaign"}
    )
    check = next(c for c in found.checks if c.key == "other measures")
    assert "Spring campaign, reached 67 percent of the treated and 0 percent" in check.text


def test_an_interval_wider_than_the_claim_costs_a_grade() -> None:
    assert judged(claimed=0.5).strength == "strong"
    assert judged(claimed=0.001).strength == "moderate"


def test_outcomes_of_a_case_are_corrected_for_their_number() -> None:
    pair = [judged(effect=1.0), judged(effect=0.0)]
    table = CaseReport.of(card(), pair).table
    assert (table["p_holm"] >= table["p"]).all() and table["p_holm"].min() <= 2 * table["p"].min()


def test_a_case_says_which_column_names_the_treated() -> None:
    read = card(unit="region", treated={"city": ["A", "B"]}, period="quarter")
    assert (read.group, read.treated_groups, read.columns) == ("city", ("A", "B"), ["city"])
    assert read.periods_a_year == 4
    assert (card(unit="city").group, card().group, card().treated_groups) == ("city", None, ())


def test_a_city_is_treated_when_most_of_its_customers_were() -> None:
    frame = records(40).assign(city=lambda d: d["customer_id"] // 10)
    found = first_days(card(unit="city"), frame, treatments(17))
    assert found.index.tolist() == [0, 1]


def test_nothing_that_says_who_was_treated_is_an_error() -> None:
    with pytest.raises(CaseError, match="nothing says who was treated"):
        evaluate(records(), card(), None, outcome="sales")


def test_two_columns_of_treated_are_an_error() -> None:
    with pytest.raises(ValueError, match="names them by city, region; name them by one column"):
        card(treated={"city": ["A"], "region": ["N"]})


def test_on_null_data_an_effect_is_rarely_found() -> None:
    # 50 lots among 24 cities without any effect; 5 % plus two and a half standard errors
    rng = np.random.default_rng(6)
    hits = 0
    for _ in range(50):
        # six customers a city: of fewer a city's total would tell of one
        frame = records(144, seed=int(rng.integers(1e9)), treated=np.zeros(144, dtype=bool))
        frame["city"] = frame["customer_id"] % 24
        cities = tuple(rng.permutation(24)[:9])
        found = evaluate(frame, card(treated={"city": cities}), outcome="sales")
        hits += found.effect.clear
    assert hits <= 6


def test_what_is_left_out_is_said_on_the_page() -> None:
    frame = records()
    frame.loc[[3, 70], "estimate"] = np.nan
    found = evaluate(frame, card(), treatments(), outcome="sales")
    said = [c.text for c in found.checks if c.key == "left out"]
    assert said == ["Not in the comparison: 2 records (no value)."]


def test_answers_of_no_and_yes_are_shares_and_others_are_numbers() -> None:
    frame = records()
    yes = frame.assign(estimate=(frame["estimate"] > 10).astype(float))
    share = evaluate(yes, card(), treatments(), outcome="orders")
    assert share.kind not in ("number", "points") and judged().kind == "number"
    third = yes.assign(estimate=yes["estimate"].where(yes.index % 7 > 0, 0.5))
    assert evaluate(third, card(), treatments(), outcome="orders").kind == "number"
    score = evaluate(frame, card(), treatments(), outcome="nps")
    assert score.kind == "points"
    # a score around zero has no share of itself: neither as a number nor in the tables
    assert score.effect is not None and np.isnan(score.effect.relative)
    assert score.answers["relative"].isna().all()


def test_customers_are_counted_by_period_even_where_one_follows() -> None:
    frame = records()
    one = frame[frame["period"] <= START]
    assert evaluate(one, card(), treatments(), outcome="sales").customers == 30
    assert judged().customers == 30


def test_the_range_of_two_answers_is_their_hull_and_lies_between_them(make_panel, rng) -> None:
    panel = make_panel(rng, units=40, treated=20, effect=1.0)
    a, b = difference_in_differences(panel), same_baseline(panel)
    hull = between(a, b)
    for name in ("effect", "counterfactual", "relative"):
        middle = (getattr(a, name) + getattr(b, name)) / 2
        assert getattr(hull, name) == pytest.approx(middle)
    assert (hull.low, hull.high) == (min(a.low, b.low), max(a.high, b.high))
    ends = (min(a.relative_low, b.relative_low), max(a.relative_high, b.relative_high))
    assert (hull.relative_low, hull.relative_high) == ends
    assert hull.p == max(a.p, b.p)
    assert between(a, replace(b, effect=-1.0)).p == 1
    after = panel.after
    for name, join in (("low", np.minimum), ("high", np.maximum)):
        assert hull.series[name][after].to_numpy() == pytest.approx(
            join(a.series[name], b.series[name])[after].to_numpy()
        )
    mean = (a.series["counterfactual"] + b.series["counterfactual"]) / 2
    assert hull.series["counterfactual"].to_numpy() == pytest.approx(mean.to_numpy())
    assert "trend before" not in {c.key for c in hull.checks}


@pytest.mark.parametrize("chosen", ["random", "volunteers"])
def test_one_day_for_all_that_is_not_the_cards_is_read_as_the_day_it_is(chosen: str) -> None:
    late = MONTHS[15]
    data = records()
    own = (data["customer_id"] < 30) & (data["period"] >= late)
    data.loc[own, "estimate"] += 3.0
    found = evaluate(data, card(chosen), treatments(start=late), outcome="sales")
    assert found.effect is not None
    assert found.effect.low < 3.0 < found.effect.high
    assert found.effect.effect == pytest.approx(3.0, abs=0.5)


def test_a_transition_counts_neither_as_before_nor_as_after() -> None:
    data = records()
    own, late = data["customer_id"] < 30, data["period"] >= MONTHS[16]
    data.loc[own & late, "estimate"] += 3.0  # four months until it works
    whole = evaluate(data, card(), treatments(), outcome="sales")
    found = evaluate(data, card(transition=4), treatments(), outcome="sales")
    assert whole.effect is not None
    assert found.effect is not None
    assert whole.effect.effect == pytest.approx(3 * 8 / 12, abs=0.5)
    assert found.effect.low < 3.0 < found.effect.high
    assert found.effect.effect == pytest.approx(3.0, abs=0.5)
    assert found.effect.n_before == 12
    assert found.effect.n_after == 8
    told = {finding.key: finding for finding in found.checks}
    assert told["transition"].values == {"n": 4}
    assert "transition" not in {finding.key for finding in whole.checks}


def test_a_transition_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(CaseError, match="the transition of 12 periods leaves nothing"):
        evaluate(records(), card(transition=12), treatments(), outcome="sales")


@pytest.mark.parametrize(("lowest", "counted"), [(0, True), (1, False)])
def test_answers_from_one_to_five_are_no_counts(lowest: int, counted: bool) -> None:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "customer_id": np.tile(np.arange(40), 24),
            "period": np.repeat(MONTHS, 40),
            "estimate": rng.integers(lowest, 6, 24 * 40).astype(float),
        }
    )
    found = evaluate(frame, card("everybody"), outcome="satisfaction")
    assert found.effect is not None
    assert ("quasi-Poisson" in found.effect.inference) == counted, found.effect.inference


@pytest.mark.parametrize("n", [90, 420])
def test_days_have_weekdays_and_where_a_year_lies_before_a_year(n: int) -> None:
    days = pd.date_range("2024-01-01", periods=n, freq="D")
    after = np.arange(n) >= n - 30
    week = np.array([0, 1, 2, 3, 2, -4, -5])[days.day_of_week]
    rng = np.random.default_rng(2)
    y = 50 + week + np.sin(2 * np.pi * np.arange(n) / 365) * (n > 365) + rng.normal(0, 1, n)
    frame = pd.DataFrame({"period": days, "estimate": y + 3 * after, "n": 50})
    case = case_of("c", days[n - 30], "everybody", period="day")
    found = evaluate(frame, case, outcome="sales").effect
    assert found is not None
    assert found.low < 3 < found.high
    # a weekday's swing of 8 would make it some five times as wide
    assert found.high - found.low < 4
