"""Several arms, segments, adjustment and sample ratio."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from pydantic import ValidationError
from scipy.stats import chisquare

from tests.impact.cards import case_of
from workbench.impact import CaseData, CaseError, compare_arms, judge_case
from workbench.impact.experiment.adjusted import arm_means, together
from workbench.impact.inputs.assignment import with_arms
from workbench.reporting.tables import table_html

MONTHS = pd.date_range("2024-01-01", periods=8, freq="MS")
START = MONTHS[4]
ARMS = ["no mail", "dear", "cheap"]


def trial(rng, n=900, effects=(0.0, 0.6, 0.0), by=0.0, share=(1, 1, 1), lasting=1.0):
    """Customers in arms, whose effect may differ by sex; and their table."""
    arm = rng.choice(ARMS, n, p=np.array(share) / sum(share))
    sex = rng.choice(["f", "m"], n)
    own = lasting * rng.normal(size=(n, 1))
    y = 10 + own + rng.normal(size=(n, 8))
    gain = np.array([effects[ARMS.index(a)] for a in arm]) + by * (sex == "m") * (arm != ARMS[0])
    y[:, 4:] += gain[:, None]
    records = pd.DataFrame(
        {
            "customer_id": np.repeat(np.arange(n), 8),
            "period": np.tile(MONTHS, n),
            "estimate": y.ravel(),
        }
    )
    units = pd.DataFrame({"customer_id": np.arange(n), "arm": arm, "sex": sex, "age": own[:, 0]})
    return records, units


def card(**part):
    return case_of("mail", START, "random", arms={"column": "arm", "control": "no mail"}, **part)


def reported(records, units, case):
    treatments = with_arms(case, None, units)
    return judge_case(case, CaseData([records], treatments, units=units))


def test_every_pair_of_arms_is_judged_together_and_the_page_says_so() -> None:
    records, units = trial(np.random.default_rng(1))
    report = reported(records, units, card(by="sex"))
    (arms,) = report.arms
    assert [tuple(pair) for pair in arms.contrasts[["arm", "against"]].to_numpy()] == [
        ("cheap", "no mail"), ("dear", "no mail"), ("dear", "cheap"),
    ]  # fmt: skip
    said = [finding.text for finding in arms.findings()]
    assert said[0].startswith("Of 2 versions, dear did better than no measure, allowing for the 3")
    assert "dear did better than cheap." in said
    assert "The arms are as large as they were to be." in said
    assert len(report.versions) == 3 and len(report.segments) == 4
    dear = arms.contrasts.set_index(["arm", "against"]).loc[("dear", "no mail")]
    assert dear["low"] < 0.6 < dear["high"] and dear["p"] < 0.001
    # the history takes away the customers' own level: 1 of 1.25 of the variance
    assert arms.gain == pytest.approx(1 - (1.25 - 1 / 1.25) / 1.25, abs=0.05)


def test_adjusted_means_are_those_of_a_regression_with_all_slopes_its_own() -> None:
    rng = np.random.default_rng(2)
    arm, x = rng.integers(0, 2, 300), rng.normal(size=300)
    y = 1 + arm * (0.5 + 0.8 * x) + x + rng.normal(size=300)
    means = arm_means(y, arm, 2, x[:, None])
    frame = pd.DataFrame({"y": y, "d": arm, "x": x - x.mean()})
    peer = smf.ols("y ~ d * x", frame).fit(cov_type="HC2")
    effect, covariance = means.contrast(np.array([[-1.0, 1.0]]))
    assert effect[0] == pytest.approx(peer.params["d"])
    # the peer takes the mean of x as known; that it is one of a sample adds slope^2 var(x) / n
    slope = peer.params["d:x"]
    more = slope**2 * x.var() / 300
    assert covariance[0, 0] == pytest.approx(peer.bse["d"] ** 2 + more, rel=0.02)


def test_intervals_of_three_arms_hold_together() -> None:
    # 120 trials: all three hold in 95 %, so in at least 107 with the chance .995
    rng, hits, covered = np.random.default_rng(3), 0, 0
    for _ in range(120):
        arm, x = rng.integers(0, 3, 90), rng.normal(size=(90, 1))
        y = x[:, 0] + rng.normal(size=90)
        means = arm_means(y, arm, 3, x)
        weights = np.array([[-1.0, 1, 0], [-1, 0, 1], [0, -1, 1]])
        found = together(*means.contrast(weights), means.df, 0.95)
        covered += bool(((found.low <= 0) & (found.high >= 0)).all())
        hits += bool((found.p < 0.05).any())
    assert covered >= 107 and hits <= 13


def test_segments_are_compared_and_not_just_listed() -> None:
    rng = np.random.default_rng(4)
    differs = reported(*trial(rng, effects=(0, 0.3, 0.3), by=0.8), card(by="sex")).arms[0]
    assert all(p < 0.01 for p in differs.differ.values())
    alike = reported(*trial(rng, effects=(0, 0.3, 0.3)), card(by="sex")).arms[0]
    assert all(p > 0.05 for p in alike.differ.values())
    assert any("is no evidence that it differs" in f.text for f in alike.findings())
    # one arm's test of equal effects is right as often as it says: 60 draws, two arms
    p = [
        min(compare_arms(r, card(by="sex"), u.set_index("customer_id")["arm"], u).differ.values())
        for r, u in (trial(rng, 240, effects=(0, 0, 0)) for _ in range(30))
    ]
    assert np.mean(np.array(p) < 0.05) <= 0.2


def test_arms_that_are_not_as_large_as_planned_take_a_grade() -> None:
    records, units = trial(np.random.default_rng(5), share=(1, 1, 0.6))
    equal = reported(records, units, card())
    (warned,) = [c for c in equal.caveats if c.key == "sample ratio"]
    assert warned.severity == "warning"
    assert "sample ratio" in set(equal.main.grading.table["found"])
    counts = units["arm"].value_counts()
    assert equal.arms[0].ratio_p == pytest.approx(chisquare(counts).pvalue, rel=1e-6)
    shares = {"no mail": 1, "dear": 1, "cheap": 0.6}
    planned = card().model_copy(update={"arms": card().arms.model_copy(update={"shares": shares})})
    fits = reported(records, units, planned).main.grading
    assert "sample ratio" not in set(fits.table["found"])
    assert len(fits.table) == len(equal.main.grading.table) - 1


def test_what_the_card_names_is_adjusted_for() -> None:
    records, units = trial(np.random.default_rng(6), lasting=3.0)
    after = records[records["period"] >= START]  # no history
    arm = units.set_index("customer_id")["arm"]
    records = pd.concat([records[records["period"] < START].iloc[:8], after])
    plain = compare_arms(records, card(), arm, units)
    adjusted = compare_arms(records, card(adjust=("age", "sex")), arm, units)
    assert plain.gain < 0.05 and adjusted.gain > 0.9
    width = [a.contrasts["high"] - a.contrasts["low"] for a in (plain, adjusted)]
    assert (width[1] < 0.4 * width[0]).all()
    with pytest.raises(CaseError, match="no column 'height'"):
        compare_arms(records, card(adjust=("height",)), arm, units)


def test_arms_that_cannot_be_read_are_said_on_the_page() -> None:
    records, units = trial(np.random.default_rng(7), n=200)
    wrong = case_of("mail", START, "random", arms={"column": "arm", "control": "none"})
    report = reported(records, units, wrong)
    assert report.arms == () and "arms" in {c.key for c in report.caveats}
    with pytest.raises(ValidationError, match="for customers drawn by lot"):
        case_of("mail", START, "volunteers", arms="arm")


def test_effects_add_up_and_guardrails_are_not_among_the_claims() -> None:
    records, units = trial(np.random.default_rng(21), effects=(0.0, 0.6, 0.6))
    outcomes = [{"indicator": "sales"}, {"indicator": "orders_per_customer", "guardrail": 0.05}]
    case = card(outcomes=outcomes)
    treatments = with_arms(case, None, units)
    report = judge_case(case, CaseData([records, records], treatments, units=units))
    effect = report.main.effect
    # four months, each treated customer: the mean effect times both
    total = report.totals[0].values["total"]
    assert total.value == pytest.approx(effect.effect * 4 * report.main.customers)
    assert total.low == pytest.approx(effect.low * 4 * report.main.customers)
    # one claim: nothing to correct for
    assert report.p[0] == pytest.approx(effect.p)
    (guard,) = report.guardrails
    assert guard.verdict == "held" and guard.text.startswith("Guardrail held: orders per customer")
    worse = records.assign(estimate=30 - records["estimate"])
    broken = judge_case(case, CaseData([records, worse], treatments, units=units))
    tight = case.model_copy(
        update={
            "outcomes": (case.outcomes[0], case.outcomes[1].model_copy(update={"guardrail": 0.005}))
        }
    )
    assert broken.guardrails[0].verdict == "held"
    against = judge_case(tight, CaseData([records, worse], treatments, units=units))
    assert against.guardrails[0].verdict == "broken"


def test_an_outcome_that_is_watched_does_harm_beyond_its_margin_alone() -> None:
    records, units = trial(np.random.default_rng(21), effects=(0.0, 0.6, 0.6))
    worse = records.assign(estimate=30 - records["estimate"])
    verdicts = {}
    for margin in (0.05, 0.005):
        outcomes = [{"indicator": "sales"}, {"indicator": "churn", "guardrail": margin}]
        case = card(outcomes=outcomes)
        tables = CaseData([records, worse], with_arms(case, None, units), units=units)
        report = judge_case(case, tables)
        # it worsened for sure in both, by more than half a percent and by less than five
        assert report.evaluations[1].effect.high < 0
        verdicts[margin] = report.verdict.verdict, report.sentences[1].verdict
    assert verdicts[0.05] == ("shown, money not known", "watched")
    assert verdicts[0.005] == ("harmful", "harmful")
    assert "within" not in report.sentences[1].text


def test_a_watched_outcome_that_gets_better_is_no_reason_to_call_a_measure_working() -> None:
    records, units = trial(np.random.default_rng(22), effects=(0.0, 0.0, 0.0))
    better, _ = trial(np.random.default_rng(22), effects=(0.0, 0.8, 0.8))
    case = card(outcomes=[{"indicator": "sales"}, {"indicator": "churn", "guardrail": 0.05}])
    report = judge_case(
        case, CaseData([records, better], with_arms(case, None, units), units=units)
    )
    assert report.verdict.verdict == "not shown"


def test_each_difference_is_written_as_its_outcome_is() -> None:
    records, units = trial(np.random.default_rng(21), effects=(0.0, 0.6, 0.6))
    rare = records.assign(estimate=(records["estimate"] - records["estimate"].min()) / 5000)
    case = card(outcomes=[{"indicator": "sales"}, {"indicator": "churn"}])
    report = judge_case(
        case,
        CaseData(
            [records, rare], with_arms(case, None, units), units=units,
            kinds={"sales": "money", "churn": "percent"},
        ),
        currency="EUR",
    )  # fmt: skip
    shown = {row["outcome"]: row["difference"] for row in report.answers.to_dict("records")}
    assert shown["sales per customer"].kind == "money" and shown["sales per customer"].unit == "EUR"
    assert (shown["churn"].kind, shown["churn"].unit) == ("points", "%")
    printed = table_html(report.answers, "en")
    assert "percentage points" in printed and "0.0 " not in printed
