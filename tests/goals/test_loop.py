"""Actions, proposals and the indicator tree: what follows from goals, by stated rules."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from workbench.errors import DataError
from workbench.goals import (
    GoalError,
    GoalReport,
    Record,
    action_register,
    case_effects,
    changes,
    compare_weights,
    indicator_tree,
    judge,
    latest_matrix,
    progress,
    propose,
    read_goals,
    read_record,
    xmr,
)
from workbench.goals.changes import without_season
from workbench.study import Action

mpl.use("agg")
TODAY = dt.date(2025, 12, 31)


def card(name: str, **given: Any) -> dict[str, Any]:
    plain = {"name": name, "title": name.title(), "indicator": "nps", "baseline": 10.0,
             "baseline_date": "2024-12-31", "target": 20.0, "deadline": "2025-12-31"}  # fmt: skip
    return plain | given


def path(values: Any, se: float = 0.5) -> pd.DataFrame:
    periods = pd.date_range("2024-01-01", periods=len(values), freq="MS")
    return pd.DataFrame({"period": periods, "estimate": np.asarray(values, float), "se": se})


RISE = [10.0] * 12 + list(np.linspace(11, 22, 12))
FLAT = [10.0, 10.4, 9.7] * 8


def report_of(cards: list[dict[str, Any]], **paths: Any) -> GoalReport:
    goals = read_goals(cards)
    return judge(goals, {n: path(p) for n, p in paths.items()}, as_of=TODAY)


# --- progress in words ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "words"),
    [(1.2, "target reached"), (0.8, "most of the way"),
     (0.5, "about half of the way"), (0.0, "where it started"),
     (-2.11, "further away than at the start"), (math.nan, "")],
)  # fmt: skip
def test_progress_is_said_in_words(share: float, words: str) -> None:
    assert progress(share) == words


def test_what_chance_may_have_moved_has_not_clearly_moved() -> None:
    assert progress(-0.3, -1.0, 0.4) == "not clearly away from where it started"
    assert progress(1.1, -0.2, 2.0) == "around the target"
    assert progress(1.4, 1.1, 2.0) == "target reached"


# --- proposals ------------------------------------------------------------------------------------


def test_a_goal_that_is_met_gets_a_better_target_a_year_on() -> None:
    report = report_of([card("met")], met=RISE)
    (row,) = propose(report).table.to_dict("records")
    assert row["proposal"] == "set the next target" and row["proposed"] > 20
    assert row["until"] == pd.Timestamp("2026-12-31") and "with the probability" in row["reason"]
    level = report.models["met"].level(35)
    assert level.above(row["proposed"]) == pytest.approx(0.7, abs=0.01)


def test_a_goal_at_risk_gets_a_later_deadline_or_a_lower_target() -> None:
    slow = [10.0] * 8 + list(np.linspace(10.2, 14, 16))
    cards = [card("later", target=14.0, deadline="2026-01-31"),
             card("never", target=40.0, deadline="2026-06-30")]  # fmt: skip
    report = report_of(cards, later=slow, never=FLAT)
    found = propose(report).table.set_index("goal")
    assert found.loc["later", "proposal"] == "move the deadline"
    assert pd.Timestamp("2026-01-31") < found.loc["later", "until"] <= pd.Timestamp("2028-01-31")
    assert math.isnan(found.loc["later", "proposed"])
    assert found.loc["never", "proposal"] == "decide on a measure first"
    part = report_of([card("part", target=40.0, deadline="2026-06-30")], part=RISE)
    (row,) = propose(part).table.to_dict("records")
    assert row["proposal"] == "lower the target" and 20 < row["proposed"] < 40
    assert propose(part).summary()["now"].tolist() == ["40"]


def test_less_is_better_turns_the_proposal_round() -> None:
    falling = [20.0] * 12 + list(np.linspace(19, 8, 12))
    report = report_of([card("down", baseline=20.0, target=10.0, direction="down")], down=falling)
    assert propose(report).table["proposed"].iloc[0] < 10


def test_a_new_usual_level_renews_the_limits() -> None:
    rng = np.random.default_rng(3)
    shifted = np.r_[rng.normal(10, 0.5, 12), rng.normal(13, 0.5, 12)]
    report = report_of([card("moved", target=30.0)], moved=shifted)
    found = propose(report, changes(report)).table
    renewed = found[found["proposal"] == "renew the limits"].iloc[0]
    assert 10 < renewed["low"] < 13 < renewed["high"] < 16
    with pytest.raises(GoalError, match=r"likely is 0\.2"):
        propose(report, likely=0.2)


def test_the_history_of_a_target_is_kept() -> None:
    old = {"changed": "2025-06-30", "target": 25.0, "deadline": None, "why": {"en": "out of reach"}}
    report = report_of([card("g", history=[old])], g=FLAT)
    (row,) = propose(report).history.to_dict("records")
    assert (row["target"], row["why"]) == (25.0, "out of reach") and pd.isna(row["deadline"])


def record_of(values: np.ndarray) -> Record:
    periods = pd.date_range("2023-01-01", periods=len(values), freq="MS")
    return read_record(pd.DataFrame({"period": periods, "estimate": values, "se": 1.0}))


def test_shares_get_a_p_chart_whose_limits_follow_the_size() -> None:
    rng = np.random.default_rng(7)
    size = rng.integers(200, 2000, 24)
    rows = path(rng.binomial(size, 0.2) / size, se=0.01).assign(n=size)
    goal = card("share", baseline=0.2, target=0.3, indicator="repeat_purchase")
    report = judge(read_goals([goal]), {"share": rows}, as_of=TODAY)
    found = changes(report, shares=["repeat_purchase"])
    assert found.table["chart"].tolist() == ["p"]
    assert found.chart("share").table["upper_limit"].nunique() > 10
    assert changes(report).table["chart"].tolist() == ["XmR"]
    assert changes(report, shares=["nps"]).table["chart"].tolist() == ["XmR"]


def test_a_season_is_taken_off_before_the_chart_is_drawn() -> None:
    """A wave rings the same months each year; off, false alarms are those of pure chance."""
    rng = np.random.default_rng(12)
    month, rung, plain, chance = np.arange(36), [], [], []
    for _ in range(150):
        noise = rng.standard_normal(36)
        values = noise + 2.5 * np.sin(2 * np.pi * month / 12)
        off = without_season(record_of(values), 24)
        plain.append(len(xmr(values, base=24).signals))
        rung.append(len(xmr(off, base=24).signals))
        chance.append(len(xmr(noise, base=24).signals))
    assert np.mean(plain) > 3 * np.mean(rung)
    assert np.mean(rung) < np.mean(chance) + 0.8
    untouched = [record_of(rng.standard_normal(36)) for _ in range(200)]
    seen = np.mean([without_season(r, 24) is not r.value for r in untouched])
    assert seen < 0.04, "pure chance seldom looks like a season"
    assert without_season(untouched[0], 12) is untouched[0].value, "one year shows none"


# --- fixed thresholds -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "words", "threshold"),
    [
        ({"warn_below": 8.0}, "within", 8.0),
        ({"warn_below": 9.9}, "beyond, may be chance", 9.9),
        ({"warn_below": 11.0}, "beyond", 11.0),
        ({"warn_below": 5.0, "warn_above": 21.0}, "within", 5.0),
        ({}, "", math.nan),
    ],
)
def test_a_fixed_threshold_warns_and_says_whether_it_may_be_chance(
    given: dict[str, float], words: str, threshold: float
) -> None:
    report = report_of([card("g", **given)], g=FLAT)  # the last value is 9.7, the level 10
    found = changes(report)
    row = found.table.iloc[0]
    assert row["warning"] == words and row["latest"] == 9.7
    assert row["threshold"] == pytest.approx(threshold, nan_ok=True)
    assert len(found.warned) == words.startswith("beyond")
    assert found.metrics().set_index("name")["value"]["warned"] == len(found.warned)


def test_without_a_forecast_the_error_of_the_measurement_says_whether_it_may_be_chance() -> None:
    goal = card("g", baseline_date="2023-12-31", warn_below=11.0)
    near = judge(read_goals([goal]), {"g": path([10.4], se=0.5)}, as_of=TODAY)
    far = judge(read_goals([goal]), {"g": path([9.0], se=0.5)}, as_of=TODAY)
    assert changes(near).table["warning"].tolist() == ["beyond, may be chance"]
    assert changes(far).table["warning"].tolist() == ["beyond"]


def test_a_threshold_within_the_usual_scatter_is_to_be_moved_out() -> None:
    report = report_of([card("g", warn_below=9.8), card("far", warn_below=1.0)], g=FLAT, far=FLAT)
    signals = changes(report)
    found = propose(report, signals)
    moved = found.table[found.table["proposal"] == "move the warning threshold"]
    (row,) = moved.to_dict("records")
    assert row["goal"] == "g" and row["low"] == pytest.approx(signals.chart("g").low)
    assert math.isnan(row["high"])
    assert found.summary().loc[moved.index[0], "now"] == "9.8"
    shown = found.summary().loc[moved.index[0], "to"]
    assert float(shown) == pytest.approx(signals.chart("g").low, rel=0.01)


def test_an_earlier_threshold_is_kept() -> None:
    old = {"changed": "2025-06-30", "warn_below": 9.0, "why": "too many false alarms"}
    (row,) = propose(report_of([card("g", history=[old])], g=FLAT)).history.to_dict("records")
    assert row["warn_below"] == 9.0 and math.isnan(row["target"])


# --- actions --------------------------------------------------------------------------------------


def action(name: str, **given: Any) -> Action:
    return Action.model_validate({"name": name, "title": name} | given)


ACTIONS = [
    action("late", start="2025-01-01", due="2025-10-31", goal="top", case="none"),
    action("well", start="2025-01-01", due="2025-06-30", done="2025-06-01", goal="top", case="good",
           finding={"en": "Waiting is the widest gap."}),
    action("badly", start="2025-01-01", due="2025-06-30", done="2025-06-01", case="bad",
           where={"region": "West"}),
    action("chance", start="2025-01-01", due="2025-06-30", done="2025-06-01", case="unclear"),
    action("soon", start="2026-02-01", due="2026-06-30", title={"en": "Soon"}),
    action("now", start="2025-11-01", due="2026-03-31"),
]  # fmt: skip
METRICS = pd.DataFrame(
    {
        "case": ["good", "good", "bad", "unclear", None],
        "name": ["effect.churn", "effect.nps", "effect.nps", "effect.nps", "goals.good"],
        "value": [-0.1, 0.0, -0.2, 0.1, 3],
        "low": [-0.2, -1, -0.3, -0.1, 3],
        "high": [-0.05, 1, -0.1, 0.3, 3],
        "better": ["down", "up", "up", "up", "up"],
        "label": ["Churn", "NPS", "NPS", "NPS", "Goals"],
    }
)


def test_the_register_says_what_is_overdue_what_worked_and_what_it_brought() -> None:
    report = report_of([card("top")], top=RISE)
    found = action_register(ACTIONS, report, effects=case_effects(METRICS))
    t = found.table.set_index("action")
    assert t["state"].to_dict() == {"late": "overdue", "now": "running", "soon": "planned",
                                    "well": "done", "badly": "done", "chance": "done"}  # fmt: skip
    assert t.index[0] == "late" and t.loc["late", "days_over"] == 61
    assert t["result"].to_dict()["late"] == "not evaluated yet"
    # churn fell beyond chance, the score did not move: two outcomes, one of them shown
    assert t.loc["well", "result"] == "worked in part" and t.loc["well", "estimate"] == -0.1
    assert (t.loc["well", "outcomes"], t.loc["well", "outcome"]) == (2, "Churn")
    assert t.loc["badly", "result"] == "did harm" and t.loc["badly", "next"] == "stop it"
    assert t.loc["chance", "result"] == "may be chance"
    assert t.loc["soon", "result"] == "no case judges it"
    assert (t.loc["badly", "segment"], t.loc["late", "goal_status"]) == ("West", "met")
    assert len(found.worked) == found.count("result", "worked in part") == 1
    assert found.metrics()["value"].tolist() == [1, 1]
    assert found.plot(Figure().subplots()).get_yticklabels()[-1].get_text() == "late"


def effects_of(*outcomes: tuple[float, float, float, str]) -> pd.DataFrame:
    """Give (value, low, high, better) of one case's outcomes."""
    rows = [
        {"case": "c", "name": f"effect.{k}", "value": v, "low": lo, "high": hi, "better": b,
         "label": f"outcome {k}"}
        for k, (v, lo, hi, b) in enumerate(outcomes)
    ]  # fmt: skip
    return pd.DataFrame(rows)


GOOD, BAD, OPEN = (2.0, 1.0, 3.0, "up"), (2.0, 1.0, 3.0, "down"), (0.5, -1.0, 2.0, "up")
# p = .04 alone: shown by itself, but not beside two others
BARELY = (1.05, 0.05, 2.05, "up")


@pytest.mark.parametrize(
    ("outcomes", "result"),
    [
        ([GOOD], "worked"), ([GOOD, GOOD], "worked"), ([GOOD, OPEN], "worked in part"),
        ([OPEN, GOOD], "worked in part"), ([GOOD, BAD], "helped and harmed"), ([BAD], "did harm"),
        ([OPEN, BAD], "did harm"), ([OPEN], "may be chance"), ([BARELY], "worked"),
        ([BARELY, OPEN, OPEN], "may be chance"), ([(1.0, math.nan, math.nan, "up")],
        "may be chance"),
    ],
)  # fmt: skip
def test_an_action_is_judged_by_all_outcomes_of_its_case(
    outcomes: list[tuple[float, float, float, str]], result: str
) -> None:
    report = report_of([card("top")], top=RISE)
    one = action("a", start="2025-01-01", due="2025-06-30", case="c", goal="top")
    found = action_register([one], report, effects=effects_of(*outcomes))
    assert found.table["result"].tolist() == [result]
    assert len(found.effects) == len(outcomes) == found.table["outcomes"].iloc[0]
    assert set(found.effects["verdict"]) <= {"worked", "did harm", "may be chance"}


def test_a_finding_is_followed_to_the_next_goal() -> None:
    report = report_of([card("top")], top=RISE)
    found = action_register([ACTIONS[1], ACTIONS[5]], report, effects=case_effects(METRICS))
    (row,) = found.loop(propose(report)).to_dict("records")
    assert row["finding"] == "Waiting is the widest gap." and row["result"] == "worked in part"
    assert (row["goal_status"], row["following"]) == ("met", "set the next target")
    assert found.loop()["following"].tolist() == [""]
    (shown,) = found.for_overview(report).to_dict("records")
    assert (shown["step"], shown["case"]) == ("keep it there and set the next target", "good")
    nothing = action_register([ACTIONS[5]], report).for_overview(report)
    assert nothing["case"].tolist() == [""]


def test_without_evaluated_cases_nothing_is_claimed() -> None:
    report = report_of([card("top")], top=RISE)
    found = action_register(ACTIONS, report, effects=case_effects(METRICS.head(0)))
    assert set(found.table["result"]) == {"not evaluated yet", "no case judges it"}
    assert action_register([], report).table.empty


def test_an_action_for_a_goal_that_is_not_judged_is_named() -> None:
    report = report_of([card("top")], top=RISE)
    stray = action("late", start="2025-01-01", due="2025-10-31", goal="nobody")
    with pytest.raises(GoalError, match=r"action 'late'.*no goal 'nobody'.*top"):
        action_register([stray], report)


# --- the tree -------------------------------------------------------------------------------------


TREE = {"service": ["speed", "quality"], "business": ["churn", "sales", "nps"]}


def test_weights_multiply_down_the_tree() -> None:
    found = indicator_tree(
        TREE, comparisons={"service / business": 3, "speed / quality": 1},
        given={"churn": 0.5, "sales": 0.3, "nps": 0.2},
    )  # fmt: skip
    weight = found.table.set_index("indicator")["weight"]
    assert weight.to_dict() == pytest.approx(
        {"speed": 0.375, "quality": 0.375, "churn": 0.125, "sales": 0.075, "nps": 0.05}
    )
    assert found.table["method"].tolist() == ["AHP"] * 2 + ["stated"] * 3
    assert indicator_tree(TREE).weights.array.tolist() == pytest.approx([0.25] * 2 + [1 / 6] * 3)


def test_weights_of_the_tree_stand_beside_those_of_the_data() -> None:
    rng = np.random.default_rng(2)
    names = [leaf for leaves in TREE.values() for leaf in leaves]
    matrix = pd.DataFrame(rng.uniform(1, 2, (6, 5)), columns=names)
    found = compare_weights(indicator_tree(TREE), matrix, {"churn": "down"})
    assert found[["weight", "equal", "entropy", "critic"]].sum().tolist() == pytest.approx([1] * 4)
    assert compare_weights(indicator_tree(TREE), matrix - 1.5)["entropy"].isna().all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"comparisons": {"speed / churn": 2}}, "belongs to no level"),
        ({"given": {"churn": 0.5, "sales": 0.3}}, "sum to 0.8"),
        ({"comparisons": {"churn / sales": 2}}, "nps is not compared"),
        ({"comparisons": {"churn / sales": 5, "sales / nps": 5, "churn / nps": 0.2}}, "contradict"),
    ],
)
def test_a_bad_tree_is_named(given: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        indicator_tree(TREE, **given)
    with pytest.raises(DataError, match="stands twice"):
        indicator_tree({"a": ["x"], "b": ["x"]})


def test_the_matrix_holds_the_last_complete_period() -> None:
    frame = pd.DataFrame({"period": [2024, 2024, 2025, 2025], "region": ["N", "S", "N", "S"],
                          "n": [4, 4, 4, 4], "estimate": [1.0, 2.0, 3.0, 4.0],
                          "sd": [2.0] * 4, "complete": [True, True, False, False]})  # fmt: skip
    matrix, se = latest_matrix({"nps": frame}, "region")
    assert matrix["nps"].to_dict() == {"N": 1.0, "S": 2.0} and se["nps"].tolist() == [1.0, 1.0]
    with pytest.raises(GoalError, match="no complete period"):
        latest_matrix({"nps": frame.tail(2)}, "region")
