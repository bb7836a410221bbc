"""Attainment by hand; status by the stated rules; SMART letter by letter."""

from __future__ import annotations

import datetime as dt
import math

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from workbench.goals import (
    STATUSES,
    Goal,
    GoalError,
    GoalReport,
    StatusRules,
    attainment,
    changes,
    check_smart,
    judge,
)

mpl.use("agg")
TODAY = dt.date(2025, 12, 31)


def goal(name: str = "g", **changes: object) -> Goal:
    plain = {
        "name": name,
        "title": name.title(),
        "indicator": "nps",
        "baseline": {"value": changes.pop("baseline", 10.0), "date": dt.date(2024, 12, 31)},
        "target": 20.0,
        "deadline": TODAY,
        "owner": "somebody",
    }
    return Goal.model_validate(plain | changes)


def path(values: list[float], se: float | None = 0.5, start: str = "2024-01-01") -> pd.DataFrame:
    periods = pd.date_range(start, periods=len(values), freq="MS")
    rows = pd.DataFrame({"period": periods, "estimate": values})
    return rows if se is None else rows.assign(se=se)


RISE = [10.0] * 12 + list(np.linspace(11, 22, 12))
FLAT = [10.0, 10.4, 9.7] * 8


def one(goal_: Goal, rows: pd.DataFrame, rules: StatusRules | None = None) -> pd.Series:
    return judge([goal_], {goal_.name: rows}, as_of=TODAY, rules=rules).table.iloc[0]


def test_attainment_by_hand() -> None:
    half = attainment(15, 10, 20, 13, 17)
    assert tuple(half) == pytest.approx((0.5, 0.3, 0.7))


def test_attainment_where_less_is_better_keeps_its_interval_in_order() -> None:
    done = attainment(0.016, 0.020, 0.015, 0.014, 0.018)
    assert done.value == pytest.approx(0.8)
    assert (done.low, done.high) == (pytest.approx(0.4), pytest.approx(1.2))


def test_a_goal_without_a_way_has_no_attainment() -> None:
    with pytest.raises(GoalError, match="are the same"):
        attainment(1, 2, 2)
    row = one(goal(target=10.0), path(FLAT))
    assert math.isnan(row["attainment"]) and row["status"] in STATUSES


def test_the_level_has_the_day_on_which_its_period_ended() -> None:
    over = one(goal(deadline="2025-06-30"), path(RISE))
    assert over["level_on"] == pd.Timestamp("2025-06-30")
    ahead = one(goal(deadline="2026-12-31"), path(RISE[:20]))
    assert ahead["level_on"] == pd.Timestamp("2025-08-31")


def test_a_deadline_that_is_over_is_met_or_missed() -> None:
    met = one(goal(), path(RISE))
    assert met["status"] == "met" and met["probability"] > 0.9
    assert met["attainment"] == pytest.approx(1.2, abs=0.15)
    assert met["attainment_low"] < met["attainment"] < met["attainment_high"]
    missed = one(goal(), path(FLAT))
    assert missed["status"] == "missed" and missed["probability"] < 0.1


def test_too_close_to_call_is_said() -> None:
    row = one(goal(target=10.1), path(FLAT, se=2.0))
    assert row["status"] == "cannot tell" and "too close" in row["reason"]


def test_it_is_judged_at_the_deadline_and_not_later() -> None:
    fell = [*RISE[:20], 3.0, 3.0, 3.0, 3.0]
    assert one(goal(target=17.0, deadline=dt.date(2025, 8, 31)), path(fell))["status"] == "met"


def test_a_deadline_ahead_is_on_course_or_at_risk() -> None:
    later = dt.date(2026, 6, 30)
    assert one(goal(deadline=later), path(RISE))["status"] == "on course"
    assert one(goal(deadline=later), path(FLAT))["status"] == "at risk"


def test_a_forecast_that_covers_everything_cannot_tell() -> None:
    rng = np.random.default_rng(8)
    wild = list(15 + np.cumsum(rng.normal(0, 4, 24)) * 0.8)
    row = one(
        goal(baseline=wild[-1] - 2, target=wild[-1] + 2, deadline=dt.date(2026, 12, 31)),
        path(wild, se=1),
    )
    assert row["status"] == "cannot tell" and "covers baseline and target" in row["reason"]


def test_three_values_give_no_forecast_but_judge_what_is_over() -> None:
    rows = path([10.0, 20.0, 25.0], start="2025-10-01")
    assert one(goal(), rows)["status"] == "met"
    ahead = one(goal(deadline=dt.date(2026, 6, 30)), rows)
    assert ahead["status"] == "cannot tell" and math.isnan(ahead["probability"])
    assert (
        one(goal(), path([10.0, 20.0, 25.0], se=None, start="2025-10-01"))["status"]
        == "cannot tell"
    )


def test_where_less_is_better_a_fall_is_good() -> None:
    falling = [20.0] * 12 + list(np.linspace(19, 8, 12))
    row = one(goal(baseline=20.0, target=10.0, direction="down"), path(falling))
    assert row["status"] == "met" and row["attainment"] > 1


def test_the_rules_are_the_readers_to_set() -> None:
    rows = path([10.0, 14.0, 12.0, 13.5, 11.0, 13.0] * 4, se=2.0)
    strict = one(goal(target=13.0), rows, StatusRules(sure=0.999))
    assert strict["status"] == "cannot tell"


def test_a_goal_without_a_record_is_named() -> None:
    with pytest.raises(GoalError, match=r"goal 'g'.*no record"):
        judge([goal()], {}, as_of=TODAY)


@pytest.fixture(scope="module")
def report() -> GoalReport:
    goals = [
        goal("top", target=20.0),
        goal("child", parent="top", owner=None, deadline=dt.date(2026, 6, 30)),
        goal("alone", target=10.2, indicator="unheard_of"),
    ]
    return judge(goals, {"top": path(RISE), "child": path(FLAT), "alone": path(FLAT)}, as_of=TODAY)


def test_smart_says_letter_by_letter_what_is_missing(report: GoalReport) -> None:
    check = check_smart(report, known=["nps"])
    verdict = check.table.set_index(["goal", "letter"])["verdict"]
    assert verdict["top", "specific"] == verdict["top", "relevant"] == "there"
    assert verdict["child", "specific"] == "partly", "nobody answers for it"
    assert verdict["child", "time-bound"] == "there" and verdict["top", "time-bound"] == "over"
    assert verdict["child", "achievable"] == "partly", "the record is flat"
    assert verdict["alone", "specific"] == verdict["alone", "relevant"] == "missing"
    assert verdict["alone", "measurable"] == "partly"
    # 0.2 points against a visible change of 1.96 * sqrt(2) * 0.5 = 1.386: 48 times the sample
    needed = check.table.set_index(["goal", "letter"])["needed"]["alone", "measurable"]
    assert needed == pytest.approx((1.386 / 0.2) ** 2, rel=1e-3)
    assert list(check.wide()["title"]) == ["Top", "Child", "Alone"]
    assert check.estimates()["smart"].value == 1 and check.estimates()["smart"].n == 3
    assert check.findings()[0].text == "1 of 3 goals are stated so that they can be judged and met"


def test_a_measurement_of_unknown_error_is_partly_measurable() -> None:
    told = judge([goal()], {"g": path(FLAT, se=None)}, as_of=TODAY)
    row = check_smart(told).table.set_index("letter").loc["measurable"]
    assert row["verdict"] == "partly"
    assert row["why"] == "the error of the measurement is not known"


def test_what_to_do_next_starts_with_what_is_most_urgent(report: GoalReport) -> None:
    steps = report.next_steps()
    assert list(steps["status"])[-1] == "met"
    assert steps["step"].str.len().min() > 10
    assert list(steps["goal"])[-1] == "top"
    standing, leading, deadline = report.findings()
    assert deadline.values["day"] == dt.date(2026, 6, 30)
    assert report.leading().name == "top" and leading.verdict == "met"
    assert leading.text == "Headline goal: Top. Status: met; target reached."
    assert standing.values["good"] == 1 and standing.values["n"] == 3
    behind = [g.title for g in report.goals if report.status_of(g.name) in ("at risk", "missed")]
    assert standing.values["goals"] == behind and behind
    assert standing.advice is not None and standing.severity == "warning"
    assert "goals at risk or missed: Child" in standing.next_step.text
    assert report.count(*STATUSES) == 3


def test_the_path_reaches_the_deadline_and_the_level_carries_its_interval(
    report: GoalReport,
) -> None:
    rows = report.path("child")
    assert rows["period"].iloc[-1] == pd.Timestamp("2026-06-01")
    assert rows["value"].isna().sum() == 6
    assert (rows["low"] < rows["estimate"]).all() and (rows["estimate"] < rows["high"]).all()
    with pytest.raises(GoalError, match="no goal 'nobody'"):
        report.path("nobody")


def test_pictures_say_the_status_by_shape_and_name_every_goal(report: GoalReport) -> None:
    ax = report.plot(Figure().subplots())
    assert [t.get_text() for t in ax.get_yticklabels()] == ["Alone", "Child", "Top"]
    shapes = [line.get_marker() for line in ax.get_lines() if line.get_label() in STATUSES]
    assert len(shapes) == len(set(shapes)) == report.table["status"].nunique()
    figure = report.plot_paths(Figure())
    assert [a.get_title() for a in figure.axes if a.axison] == ["Top", "Child", "Alone"]
    assert check_smart(report).plot(Figure().subplots()).get_legend() is not None


def test_signals_are_told_against_the_time_before_the_baseline(report: GoalReport) -> None:
    found = changes(report)
    verdict = found.table.set_index("goal")["verdict"]
    assert verdict["top"] == "signal for the better"
    assert verdict["child"] == "no more than random variation"
    assert found.title("top")["en"] == "Top"
    assert found.moved == 1
    with pytest.raises(GoalError, match="no chart of 'nobody'"):
        found.chart("nobody")


def test_the_report_counts_by_status(report: GoalReport) -> None:
    found = report.estimates()
    assert [found[name].value for name in ("good", "bad", "unclear")] == [
        report.count("met", "on course"), report.count("at risk", "missed"),
        report.count("cannot tell"),
    ]  # fmt: skip
    assert found["good"].unit == "/ 3" and found["bad"].better == "down"
    top = report.table.iloc[0]
    assert tuple(found["attainment.top"]) == tuple(
        top[["attainment", "attainment_low", "attainment_high"]]
    )
    with pytest.raises(GoalError, match="no status 'reached'"):
        report.count("reached")
    assert report.backtest()["periods"].tolist() == [8, 8, 8]
    error = report.backtest()["error"].iloc[0]
    assert error == pytest.approx(top["model_error"] / top["naive_error"])


def test_without_a_deadline_ahead_the_next_goals_are_asked_for() -> None:
    over = judge([goal("top")], {"top": path(RISE)}, as_of=TODAY)
    standing, _, deadline = over.findings()
    assert "set the next goals" in deadline.text
    assert standing.severity == "ok" and standing.advice is None


def test_far_attainment_is_written_at_the_edge() -> None:
    far = [goal("past", target=10.5), goal("back", baseline=25.0, target=26.0)]
    shown = judge(far, {g.name: path(RISE) for g in far}, as_of=TODAY)
    ax = shown.plot(Figure().subplots(), language="zh")
    at = {text.get_text(): text.xy[0] for text in ax.texts}
    past, back = shown.table["attainment"]
    assert past > 2.2 and back < -0.6
    assert at == {f"{past:,.0%}": 2.2, f"\N{MINUS SIGN}{-back:.0%}": -0.6}
    assert ax.get_xlabel() == "从基线到目标的完成比例"


def test_the_planned_way_leads_from_the_baseline_to_the_target(report: GoalReport) -> None:
    figure = report.plot_paths(Figure())
    way = next(line for line in figure.axes[0].get_lines() if line.get_label() == "planned way")
    assert way.get_ydata().tolist() == [10.0, 20.0]
    star = next(line for line in figure.axes[0].get_lines() if line.get_label() == "target")
    assert star.get_ydata().tolist() == [20.0]
    values = next(line for line in figure.axes[0].get_lines() if line.get_label() == "measured")
    assert values.get_ydata()[:24].tolist() == pytest.approx(RISE)
    level = next(line for line in figure.axes[0].get_lines() if line.get_label() == "level")
    assert level.get_ydata().tolist() == report.path("top")["estimate"].tolist()


def test_a_goal_that_is_met_says_when_the_last_value_is_worse_than_the_target() -> None:
    steady = [25.0, 23.0, 27.0, 24.0] * 6
    met = one(goal(), path(steady, se=1.5))
    assert met["status"] == "met" and "worse" not in met["reason"]
    last_short = one(goal(), path([*steady[:-1], 19.5], se=1.5))
    assert last_short["status"] == "met" and last_short["latest"] < 20
    assert last_short["reason"].endswith("the value last measured is worse than it")
    # a goal that is to fall: above its target is worse
    down = goal(target=30.0, baseline=40.0, direction="down")
    above = one(down, path([*steady[:-1], 30.5], se=1.5))
    assert above["status"] == "met" and "worse" in above["reason"]
