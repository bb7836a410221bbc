"""One small result of each class of the room, for the contract that all results keep."""

from __future__ import annotations

import datetime as dt
from functools import cache

import numpy as np
import pandas as pd

from benchmarks.surrogates import draw
from tests.impact.cards import case_of
from workbench import impact as room
from workbench.impact import power
from workbench.study import PlanRegister, RegisteredPlan
from workbench.study.cases import Costs
from workbench.study.plans import card_of

MONTHS = pd.date_range("2024-01-01", periods=16, freq="MS")
START = MONTHS[10]


@cache
def records() -> pd.DataFrame:
    """Spend of twelve towns; six get the measure, by lot, and it raises what they spend by 3."""
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        [
            {
                "city": town,
                "period": month,
                "n": 50,
                "estimate": rng.normal(20, 1) + 3 * (town in "ABCDEF" and month >= START),
            }
            for town in "ABCDEFGHIJKL"
            for month in MONTHS
        ]
    )


CASE = case_of(
    "app",
    START,
    "random",
    unit="region",
    treated={"city": list("ABCDEF")},
    period="month",
)


def panel(treated: str = "ABCDEF") -> room.Panel:
    return room.read_panel(records(), dict.fromkeys(treated, True), start=START, unit="city")


@cache
def evaluation() -> room.Evaluation:
    return room.evaluate(records(), CASE, outcome="sales", claimed=0.1)


def effect() -> room.Effect:
    assert evaluation().effect is not None
    return evaluation().effect


def report() -> room.CaseReport:
    return room.CaseReport.of(CASE, [evaluation()])


def benefit() -> room.Benefit:
    return room.cost_benefit(
        effect(), value=2.0, customers=100, costs=Costs(once=50), periods=12, periods_a_year=12,
        rng=np.random.default_rng(1), currency="EUR",
    )  # fmt: skip


def mixture() -> room.SyntheticControl:
    rng = np.random.default_rng(2)
    level = rng.normal(20, 2, 25)
    wave = rng.normal(0, 1, (2, 16)).cumsum(axis=1)
    share, noise = rng.dirichlet([1, 1], 25), rng.normal(0, 0.2, (25, 16))
    rows = [
        {
            "city": f"C{i:02d}",
            "period": month,
            "estimate": level[i]
            + share[i] @ wave[:, k]
            + noise[i, k]
            + 4 * (i == 0 and month >= START),
        }
        for i in range(25)
        for k, month in enumerate(MONTHS)
    ]
    one = room.read_panel(pd.DataFrame(rows), {"C00": True}, start=START, unit="city")
    return room.synthetic_control(one)


def difference() -> room.SyntheticDifference:
    return room.synthetic_difference(panel("ABC"), rng=np.random.default_rng(1))


def staggered() -> room.StaggeredEffect:
    starts = {town: MONTHS[8 + 2 * (k % 2)] for k, town in enumerate("ABCDEF")}
    return room.staggered_adoption(room.read_adoption(records(), starts, unit="city"))


def ratio() -> room.HazardRatio:
    rng = np.random.default_rng(1)
    treated = np.arange(200) % 2 == 0
    time = rng.exponential(np.where(treated, 20, 10))
    frame = pd.DataFrame({"duration": np.minimum(time, 25), "event": time < 25, "treated": treated})
    return room.hazard_ratio(frame)


def arms() -> room.Arms:
    rng = np.random.default_rng(1)
    case = case_of("mail", START, "random", arms={"column": "arm", "control": "none"}, by="sex")
    people = pd.DataFrame({"customer_id": range(180), "arm": np.resize(["none", "a", "b"], 180)})
    people["sex"] = np.repeat(["f", "m"], 90)
    rows = pd.MultiIndex.from_product([range(180), MONTHS], names=["customer_id", "period"])
    frame = pd.DataFrame({"estimate": rng.normal(9, 1, len(rows))}, rows).reset_index()
    return room.compare_arms(frame, case, people.set_index("customer_id")["arm"], people)


def whom() -> room.Uplift:
    rng = np.random.default_rng(1)
    arms = {"column": "arm", "control": "none"}
    case = case_of(
        "mail", START, "random", arms=arms, whom={"by": ["age"], "budget": 100, "costs": 1}
    )
    arm, age = rng.choice(["none", "a"], 900), rng.normal(size=900)
    people = pd.DataFrame({"customer_id": range(900), "arm": arm, "age": age})
    y = rng.normal(9, 1, 900) + (arm == "a") * 3 * (age > 0)
    frame = pd.DataFrame({"customer_id": range(900), "period": START, "estimate": y})
    own = people.set_index("customer_id")["arm"]
    return room.whom_it_helps(frame, case, own, people, rng=rng, value=2.0, currency="EUR")


def held() -> room.PlanHeld:
    early = dt.datetime(2024, 9, 1, tzinfo=dt.UTC)
    facts = {"outcomes": [{"indicator": "sales", "design": "chosen at random", "claimed": 0.1}]}
    plan = RegisteredPlan("app", early, card_of(CASE), facts, hash="0123456789abcdef")
    moved = CASE.model_copy(update={"start": dt.date(2024, 12, 1)})
    return room.hold_to_plan(moved, PlanRegister((plan,)), [evaluation()])


def planned() -> room.CasePlan:
    case = case_of("desk", START, "random", unit="city", plan={"periods": 4}, costs={"once": 9})
    return room.plan_assignment(records(), case, outcome="sales", claimed=0.1, currency="EUR")


@cache
def at_line() -> room.Effect:
    """Customers who had spent 400 or more get the measure, and spend 12 a month more."""
    rng = np.random.default_rng(1)
    spent = rng.gamma(4, 10, 900)[:, None] + rng.normal(0, 10, (900, 16))
    got = spent[:, :10].sum(axis=1) >= 400
    spent[:, 10:] += 12.0 * got[:, None]
    bought = pd.DataFrame(
        {
            "customer_id": np.repeat(np.arange(900), 16),
            "period": np.tile(MONTHS, 900),
            "estimate": spent.ravel(),
        }
    )
    case = case_of("rule", START, "rule", selected_on="sales", cutoff=400, period="month")
    who = pd.DataFrame({"customer_id": np.flatnonzero(got), "case": "rule", "start": START})
    found = room.evaluate(bought, case, who, outcome="sales", selection=bought)
    assert found.effect is not None
    return found.effect


EXAMPLES = {
    "Arms": arms,
    "Benefit": benefit,
    "CasePlan": planned,
    "CaseReport": report,
    "Effect": effect,
    "EffectAtLine": at_line,
    "Evaluation": evaluation,
    "Foresight": lambda: evaluation().foresight,
    "HazardRatio": ratio,
    "LeaveOneOut": lambda: room.leave_one_out(panel()),
    "PlaceboDates": lambda: room.placebo_dates(panel()),
    "PlanHeld": held,
    "Plan": lambda: room.plan_units(power.AFTER, sd=1, n_treated=50, n_other=50, base=4.0),
    "StaggeredEffect": staggered,
    "SurrogateIndex": lambda: draw(0.0, 1)[0],
    "SyntheticControl": mixture,
    "SyntheticDifference": difference,
    "TrendBounds": lambda: room.trend_bounds(panel()),
    "Uplift": whom,
}
