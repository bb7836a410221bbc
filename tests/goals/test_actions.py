"""The action register takes the verdicts of cases as they are, and says what follows."""

from __future__ import annotations

import datetime as dt
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from workbench.goals import (
    GoalError,
    GoalReport,
    action_register,
    changes,
    check_smart,
    findings_of_cases,
    judge,
    propose,
)
from workbench.results import Advice, Estimate, Finding
from workbench.study import Action, read_goals

mpl.use("agg")
TODAY = dt.date(2025, 12, 31)


@pytest.fixture(scope="module")
def report() -> GoalReport:
    row = {"name": "top", "title": "Top", "indicator": "nps", "baseline": 10.0,
           "baseline_date": "2024-12-31", "target": 20.0, "deadline": "2025-12-31"}  # fmt: skip
    values = [10.0] * 12 + list(np.linspace(11, 22, 12))
    periods = pd.date_range("2024-01-01", periods=24, freq="MS")
    path = pd.DataFrame({"period": periods, "estimate": values, "se": 0.5})
    return judge(read_goals([row]), {"top": path}, as_of=TODAY)


def action(name: str, **given: Any) -> Action:
    return Action.model_validate({"name": name, "title": name} | given)


DONE = {"start": "2025-01-01", "due": "2025-06-30", "done": "2025-06-01"}
ACTIONS = [
    action("late", start="2025-01-01", due="2025-10-31", goal="top", case="none"),
    action("well", goal="top", case="good", finding={"en": "Waiting is the widest gap."}, **DONE),
    action("badly", case="bad", where={"region": "West"}, **DONE),
    action("chance", case="unclear", **DONE),
    action("soon", start="2026-02-01", due="2026-06-30", title={"en": "Soon"}),
    action("now", start="2025-11-01", due="2026-03-31"),
]


def case(word: str, advice: str = "", **effects: tuple[Estimate, str]) -> list[Finding]:
    """Give what a case's page stores: the verdict, and a finding an outcome."""
    verdict = Finding(
        "verdict", "{title}: " + word, {"title": {"en": "Desk"}}, verdict=word,
        advice=Advice(advice, 7) if advice else None,
    )  # fmt: skip
    outcomes = [
        Finding(f"outcome.{name}", "...", verdict=own, estimates={f"effect.{name}": effect})
        for name, (effect, own) in effects.items()
    ]
    return [verdict, *outcomes, Finding("glance.churn", "...")]


CHURN = Estimate(-0.10, -0.20, -0.05, p=0.004, kind="percent", label="Effect on churn")
NPS = Estimate(0.0, -1.0, 1.0, p=0.9, label="Effect on nps")
CASES = {
    "good": case("shown and pays", "Keep {title}.", churn=(CHURN, "shown"), nps=(NPS, "not shown")),
    "bad": case("harmful", "Stop {title}."),
    "unclear": case("not shown"),
}


def test_the_register_says_what_is_overdue_and_takes_the_verdicts_as_they_are(
    report: GoalReport,
) -> None:
    found = action_register(ACTIONS, report, cases=CASES)
    t = found.table.set_index("action")
    assert t["state"].to_dict() == {"late": "overdue", "now": "running", "soon": "planned",
                                    "well": "done", "badly": "done", "chance": "done"}  # fmt: skip
    assert t.index[0] == "late" and t.loc["late", "days_over"] == 61
    assert t["days_over"].notna().sum() == 1
    assert t["result"].to_dict() == {
        "late": "not evaluated yet", "well": "shown and pays", "badly": "harmful",
        "chance": "not shown", "soon": "not evaluated", "now": "not evaluated",
    }  # fmt: skip
    said = {name: str(step) for name, step in t["next"].items()}
    assert said == {
        "late": "finish it, or say why not and name a new date", "well": "Keep Desk.",
        "badly": "Stop Desk.", "chance": "", "soon": "prepare how its effect will be measured",
        "now": "let it run, and watch its goal",
    }  # fmt: skip
    assert (t.loc["badly", "segment"], t.loc["late", "goal_status"]) == ("West", "met")
    assert list(found.worked["action"]) == ["well"]
    assert found.judged == {"good", "bad", "unclear"}


def test_what_it_brought_stands_as_on_the_page_of_the_case(report: GoalReport) -> None:
    found = action_register(ACTIONS, report, cases=CASES).effects
    assert found[["action", "outcome", "p", "verdict"]].to_numpy().tolist() == [
        ["well", "Effect on churn", 0.004, "shown"],
        ["well", "Effect on nps", 0.9, "not shown"],
    ]
    assert found["effect"].iloc[0] is CHURN


@pytest.mark.parametrize(
    ("dates", "state"),
    [
        ({"start": "2025-01-01", "due": "2025-12-31"}, "running"),
        ({"start": "2025-01-01", "due": "2025-12-30"}, "overdue"),
        ({"start": "2025-12-31", "due": "2026-01-31"}, "running"),
        ({"start": "2026-01-01", "due": "2026-01-31"}, "planned"),
        ({"start": "2025-01-01", "due": "2026-06-30", "done": "2025-12-31"}, "done"),
        ({"start": "2025-01-01", "due": "2026-06-30", "done": "2026-01-01"}, "running"),
    ],
)
def test_the_day_itself_is_in_time(report: GoalReport, dates: dict[str, str], state: str) -> None:
    found = action_register([action("a", **dates)], report)
    assert found.table["state"].tolist() == [state]


def test_what_is_done_and_was_not_judged_asks_for_its_case(report: GoalReport) -> None:
    found = action_register([action("a", case="x", **DONE), action("b", **DONE)], report)
    assert found.table["next"].tolist() == [
        "evaluate its case", "set up a case, so that its effect can be judged",
    ]  # fmt: skip


def test_overdue_actions_are_named_in_the_advice(report: GoalReport) -> None:
    (finding,) = action_register(ACTIONS, report, cases=CASES).findings()
    assert finding.text == "Overdue actions: 1 of 6; actions that improved at least one outcome: 1"
    assert finding.next_step is not None and finding.severity == "warning"
    assert finding.next_step.text.endswith("new dates: late.")
    (calm,) = action_register(ACTIONS[1:], report, cases=CASES).findings()
    assert calm.advice is None and calm.severity == "note"
    assert action_register([], report).findings() == []


def test_a_finding_is_followed_to_the_next_goal(report: GoalReport) -> None:
    found = action_register(ACTIONS, report, cases=CASES)
    (row,) = found.loop(propose(report)).to_dict("records")
    assert row["finding"] == "Waiting is the widest gap." and row["result"] == "shown and pays"
    assert (row["goal_status"], row["following"]) == ("met", "set the next target")
    assert row["case"] == "good"
    assert found.loop()["following"].tolist() == [""]
    (shown,) = found.for_overview(report).to_dict("records")
    assert (shown["step"], shown["case"]) == ("keep it there and set the next target", "good")
    nothing = action_register(ACTIONS, report)
    assert nothing.for_overview(report)["case"].tolist() == [""]
    assert nothing.loop()["case"].tolist() == [""]


def test_findings_of_cases_are_picked_from_a_run() -> None:
    run = {"case_evaluation-good": CASES["good"], "clv": [Finding("mean", "...")]}
    assert findings_of_cases(run, ["good", "bad"]) == {"good": CASES["good"]}


def test_without_evaluated_cases_nothing_is_claimed(report: GoalReport) -> None:
    found = action_register(ACTIONS, report)
    assert set(found.table["result"]) == {"not evaluated yet", "not evaluated"}
    assert found.effects.empty and found.worked.empty and not found.judged
    assert action_register([], report).table.empty


def test_actions_are_drawn_from_start_to_end(report: GoalReport) -> None:
    found = action_register(ACTIONS, report, cases=CASES)
    ax = found.plot(Figure().subplots())
    assert ax.get_yticklabels()[-1].get_text() == "late"
    drawn = {t.get_text(): bar for t, bar in zip(ax.get_yticklabels(), ax.patches, strict=True)}
    assert drawn["well"].get_width() == (dt.date(2025, 6, 1) - dt.date(2025, 1, 1)).days
    assert drawn["late"].get_width() == (dt.date(2025, 10, 31) - dt.date(2025, 1, 1)).days


def test_an_action_for_a_goal_that_is_not_judged_is_named(report: GoalReport) -> None:
    stray = action("late", start="2025-01-01", due="2025-10-31", goal="nobody")
    with pytest.raises(GoalError, match=r"action 'late'.*no goal 'nobody'.*top"):
        action_register([stray], report)


def test_every_sentence_has_its_chinese(report: GoalReport) -> None:
    from workbench.languages import catalogs
    from workbench.results import columns_of

    known = catalogs.catalog("zh")
    register = action_register(ACTIONS, report, cases=CASES)
    results = [report, register, propose(report), changes(report), check_smart(report)]
    said = [each.message for result in results for each in result.findings()]
    said += [each.advice.message for result in results for each in result.findings() if each.advice]
    said += [each.label for result in results for each in result.estimates().values()]
    said += [column.label for result in results for column in columns_of(result.table).values()]
    said += [str(cell) for cell in register.table[["state"]].to_numpy().ravel()]
    assert {text for text in said if text and not known.get(text)} <= {"Top"}
