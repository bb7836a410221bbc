"""The action register: findings, what is done about them, what it brought, and what comes next.

What an action brought is the verdict on its case, as the case's page stored it: by all outcomes
that the case declares together, and by the money. The register judges and corrects nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from workbench.goals.proposals import Proposals
from workbench.goals.record import GoalError
from workbench.goals.report import GoalReport
from workbench.languages import Language, speak
from workbench.results import Advice, Estimate, Finding, Result, labelled
from workbench.study.fields import english
from workbench.study.goals import Action

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STATES: Final = ("overdue", "running", "planned", "done")
NOT_JUDGED, NO_CASE = "not evaluated yet", "not evaluated"
#: What comes next where no verdict says so: by state, and for what is done by what would judge it.
NEXT: Final = {
    "overdue": "finish it, or say why not and name a new date",
    "planned": "prepare how its effect will be measured",
    "running": "let it run, and watch its goal",
    NOT_JUDGED: "evaluate its case",
    NO_CASE: "set up a case, so that its effect can be judged",
}
#: Of a case's findings: the verdict on the measure, and how those on its outcomes begin.
VERDICT, OUTCOME = "verdict", "outcome."

_COLUMNS: Final = ["action", "title", "finding", "segment", "owner", "start", "due", "done", "goal",
                   "goal_title", "goal_status", "case", "expected", "state", "days_over", "result",
                   "next"]  # fmt: skip
_EFFECTS: Final = ["action", "title", "case", "outcome", "effect", "p", "verdict"]


@dataclass(frozen=True)
class ActionRegister(Result):
    """All actions, with their state, their result and what follows.

    Attributes
    ----------
    table : DataFrame
        action, title, finding, segment, owner, start, due, done, goal, goal_title, goal_status,
        case, expected, state, days_over (NaN unless overdue), result (the verdict on its case),
        next (words, or the advice of the verdict as a Finding).
    effects : DataFrame
        One row an action and outcome: action, title, case, outcome (words), effect (Estimate), p
        (corrected as on the case's page), verdict.
    actions : tuple of Action
    """

    table: pd.DataFrame
    effects: pd.DataFrame
    actions: tuple[Action, ...]

    @property
    def overdue(self) -> pd.DataFrame:
        """What should be finished and is not."""
        return self.table[self.table["state"] == "overdue"]

    @property
    def worked(self) -> pd.DataFrame:
        """What an evaluated case has shown to work, whether or not it pays."""
        return self.table[self.table["result"].astype(str).str.startswith("shown")]

    @property
    def judged(self) -> frozenset[str]:
        """The cases that have a verdict."""
        known = self.table[~self.table["result"].isin([NOT_JUDGED, NO_CASE])]
        return frozenset(known["case"])

    def estimates(self) -> dict[str, Estimate]:
        """Return how many are overdue, and how many have been shown to work."""
        return {
            "overdue": Estimate(
                len(self.overdue), label="Actions overdue", better="down", fact="goals.overdue"
            ),
            "worked": Estimate(
                len(self.worked),
                label="Actions that improved an outcome",
                better="up",
                fact="goals.worked",
            ),
        }

    def findings(self) -> list[Finding]:
        """Say how many are overdue, and how many have been shown to work; nothing of none."""
        if self.table.empty:
            return []
        late = set(self.overdue["action"])
        values = {
            "late": len(late),
            "n": len(self.table),
            "worked": len(self.worked),
            "actions": [action.title for action in self.actions if action.name in late],
        }
        message = "Finish the actions that are overdue, or name new dates: {actions}."
        return [
            Finding(
                "goals.actions",
                "Overdue actions: {late} of {n}; actions that improved at least one outcome: "
                "{worked}",
                values,
                verdict="overdue" if late else "on time",
                severity="warning" if late else "note",
                estimates=self.estimates(),
                advice=Advice(message, 4) if late else None,
            )
        ]

    def loop(self, proposals: Proposals | None = None) -> pd.DataFrame:
        """Follow each finding to its action, what a case made of it, and the next goal.

        Returns
        -------
        DataFrame
            finding, title (of the action), result, goal_title, goal_status, following (what is
            proposed for the goal; empty for nothing), case (empty where none was judged).
        """
        proposed: dict[str, str] = {}
        if proposals is not None:
            first = proposals.table.drop_duplicates("goal")
            proposed = dict(zip(first["goal"], first["proposal"], strict=True))
        t = self.table
        t = t.assign(
            following=[proposed.get(goal, "") for goal in t["goal"]],
            case=t["case"].where(t["case"].isin(self.judged), ""),
        )
        columns = ["finding", "title", "result", "goal_title", "goal_status", "following", "case"]
        return labelled(
            t.loc[t["finding"] != "", columns].reset_index(drop=True),
            finding="Finding",
            title="Action",
            result="Result",
            goal_title="Goal",
            goal_status="Status",
            following="Next goal",
        )

    def for_overview(self, report: GoalReport) -> pd.DataFrame:
        """Give the goals with what to do next, and the case whose page that leads to.

        Returns
        -------
        DataFrame
            Columns of ``report.table``, and step (words), case (of an action for the goal that has
            been judged; empty for none), form and unit (how values of the indicator are written).
        """
        steps = report.next_steps().set_index("goal")["step"]
        known = self.table[self.table["case"].isin(self.judged)].drop_duplicates("goal")
        cases = dict(zip(known["goal"], known["case"], strict=True))
        t = report.table
        return labelled(
            t.assign(
                step=t["goal"].map(steps),
                case=[cases.get(goal, "") for goal in t["goal"]],
                form=[report.records[goal].form for goal in t["goal"]],
                unit=[report.records[goal].unit for goal in t["goal"]],
            ),
            title="Goal",
            status="Status",
            progress="Progress",
            deadline=("Deadline", "date"),
            step="Next step",
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw the actions as bars from start to end; the state stands beside each."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table.iloc[::-1].reset_index(drop=True)
        end = t["done"].fillna(t["due"])
        ax.barh(t.index, end - t["start"], left=t["start"], height=0.5, color="C0", alpha=0.8)
        for row, (state, day) in enumerate(zip(t["state"], end, strict=True)):
            ax.annotate(say(state), (day, row), xytext=(6, 0), textcoords="offset points",
                        va="center")  # fmt: skip
        ax.set_yticks(t.index, [say.name(title) for title in t["title"]])
        ax.margins(x=0.15)
        return ax


def action_register(
    actions: Iterable[Action],
    report: GoalReport,
    *,
    cases: Mapping[str, Sequence[Finding]] | None = None,
) -> ActionRegister:
    """Put actions beside their goals and the verdicts on their cases.

    Parameters
    ----------
    actions : iterable of Action
    report : GoalReport
        The goals, judged; its day is the day of the register.
    cases : mapping of str to sequence of Finding, optional
        What was found of each evaluated case: one finding called ``verdict``, and one an outcome.

    Raises
    ------
    GoalError
        If an action names a goal that the report does not judge.
    """
    actions = tuple(actions)
    goals = report.table.set_index("goal")
    rows, brought = [], []
    for action in actions:
        if action.goal and action.goal not in goals.index:
            raise GoalError(
                f"there is no goal {action.goal!r}",
                where=f"action {action.name!r}",
                remedy=f"goals: {', '.join(goals.index)}",
            )
        found = list((cases or {}).get(action.case or "", ()))
        verdict = next((each for each in found if each.key == VERDICT), None)
        state = _state(action, report.as_of)
        result = verdict.verdict if verdict else NOT_JUDGED if action.case else NO_CASE
        words = NEXT[state] if state != "done" else NEXT.get(result, "")
        rows.append(
            {
                "action": action.name,
                "title": english(action.title),
                "finding": english(action.finding),
                "segment": ", ".join(str(v) for v in (action.where or {}).values()),
                "owner": english(action.owner),
                "start": pd.Timestamp(action.start),
                "due": pd.Timestamp(action.due),
                "done": pd.Timestamp(action.done) if action.done else pd.NaT,
                "goal": action.goal or "",
                "goal_title": goals["title"][action.goal] if action.goal else "",
                "goal_status": goals["status"][action.goal] if action.goal else "",
                "case": action.case or "",
                "expected": english(action.expected),
                "state": state,
                "days_over": (report.as_of - action.due).days if state == "overdue" else np.nan,
                "result": result,
                # what has been judged is kept or stopped on what it brought, finished or not
                "next": (verdict and verdict.next_step) or words,
            }
        )
        brought += _effects(action, found)
    table = pd.DataFrame(rows, columns=_COLUMNS)
    order = np.array([STATES.index(state) for state in table["state"]], dtype=np.int64)
    return ActionRegister(
        labelled(
            table.iloc[np.argsort(order, kind="stable")].reset_index(drop=True),
            title="Action",
            segment="For whom",
            owner="Owner",
            due=("Due", "date"),
            state="State",
            expected="Expected",
            result="Result",
            next=("Next step", "text"),
        ),
        labelled(
            pd.DataFrame(brought, columns=_EFFECTS),
            title="Action",
            outcome="Measured by",
            effect="What it brought",
            p=("p-value (Holm)", "p"),
            verdict="Verdict",
        ),
        actions,
    )


def _state(action: Action, as_of: dt.date) -> str:
    if action.done is not None and action.done <= as_of:
        return "done"
    if action.start > as_of:
        return "planned"
    return "overdue" if action.due < as_of else "running"


def _effects(action: Action, found: Iterable[Finding]) -> list[dict[str, Any]]:
    """Give what a case's page found of each outcome of an action, as it stands there."""
    return [
        {
            "action": action.name,
            "title": english(action.title),
            "case": action.case,
            "outcome": effect.label,
            "effect": effect,
            "p": effect.p,
            "verdict": each.verdict,
        }
        for each in found
        if each.key.startswith(OUTCOME)
        for effect in each.estimates.values()
    ]


def findings_of_cases(
    findings: Mapping[str, Sequence[Finding]], cases: Iterable[str]
) -> dict[str, list[Finding]]:
    """Pick what was found of each case out of a run's findings.

    Parameters
    ----------
    findings : mapping of str to sequence of Finding
        By page; the name of a case's page ends in ``-`` and the case's name.
    cases : iterable of str
        Names of the cases.
    """
    by_case = {page.partition("-")[2]: list(found) for page, found in findings.items()}
    return {case: by_case[case] for case in cases if case in by_case}
