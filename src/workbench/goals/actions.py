"""The action register: findings, what is done about them, what it brought, and what comes next.

An action is judged by all outcomes that its case declares, not by the one that came out best. The
outcomes of a case are compared together (Holm 1979, Scandinavian Journal of Statistics 6(2)), and
one that is shown only before that correction is not claimed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.special import ndtr

from workbench.goals.proposals import Proposals
from workbench.goals.record import GoalError
from workbench.goals.report import GoalReport
from workbench.stats import holm
from workbench.stats.intervals import normal_quantile
from workbench.study.fields import english
from workbench.study.goals import Action

STATES: Final = ("overdue", "running", "planned", "done")
WORKED, PARTLY, MIXED, HARMED, UNCLEAR = (
    "worked",
    "worked in part",
    "helped and harmed",
    "did harm",
    "may be chance",
)
#: By whether any outcome is shown for the better, any for the worse, and any not at all.
RESULTS: Final = {
    (True, False, False): WORKED,
    (True, False, True): PARTLY,
    (True, True, False): MIXED,
    (True, True, True): MIXED,
    (False, True, False): HARMED,
    (False, True, True): HARMED,
    (False, False, True): UNCLEAR,
}
ALPHA: Final = 0.05
EFFECTS: Final = ["action", "title", "case", "outcome", "estimate", "low", "high", "p", "p_holm",
                  "verdict", "value", "kind", "unit"]  # fmt: skip
NOT_JUDGED, NO_CASE = "not evaluated yet", "no case judges it"
NEXT: Final = {
    "overdue": "finish it, or say why not and name a new date",
    "planned": "prepare how its effect will be measured",
    "running": "let it run, and watch its goal",
    WORKED: "keep it, and set the next goal on what it brought",
    PARTLY: "keep it for what it brought; claim nothing for the rest",
    MIXED: "weigh what it brought against what it cost, and change it",
    HARMED: "stop it",
    UNCLEAR: "claim no effect; measure longer or with a comparison group",
    NOT_JUDGED: "evaluate its case",
    NO_CASE: "set up a case, so that its effect can be judged",
}


@dataclass(frozen=True)
class ActionRegister:
    """All actions, with their state, their result and what follows.

    Attributes
    ----------
    table : DataFrame
        action, title, finding, segment, owner, start, due, done, goal, goal_title, goal_status,
        case, expected, state, days_over (NaN unless overdue), result (by all outcomes of the case),
        estimate, low, high (of the outcome that is shown best, NaN when not evaluated), outcome
        (its label), outcomes (how many were judged), next.
    effects : DataFrame
        One row an action and outcome: action, title, case, outcome, estimate, low, high, p (from
        the interval), p_holm (corrected for the number of outcomes of the case), verdict, and as
        the effect's metric has it: value, kind, unit.
    """

    table: pd.DataFrame
    effects: pd.DataFrame

    @property
    def overdue(self) -> pd.DataFrame:
        """What should be finished and is not."""
        return self.table[self.table["state"] == "overdue"]

    @property
    def worked(self) -> pd.DataFrame:
        """What an evaluated case has shown to work, in whole or in part."""
        return self.table[self.table["result"].isin([WORKED, PARTLY])]

    def loop(self, proposals: Proposals | None = None) -> pd.DataFrame:
        """Follow each finding to its action, what a case made of it, and the next goal.

        Returns
        -------
        DataFrame
            finding, title (of the action), result, goal_title, goal_status, following (what is
            proposed for the goal; empty for nothing), case.
        """
        rows = proposals.summary().assign(goal=proposals.table["goal"]) if proposals else None
        next_goals = []
        for goal in self.table["goal"]:
            own = rows[rows["goal"] == goal] if rows is not None else self.table.head(0)
            next_goals.append(str(own["proposal"].iloc[0]) if len(own) else "")
        columns = ["finding", "title", "result", "goal_title", "goal_status"]
        found = self.table[columns].assign(following=next_goals, case=self.table["case"])
        return found[self.table["finding"] != ""].reset_index(drop=True)

    def for_overview(self, report: GoalReport) -> pd.DataFrame:
        """Give the goals with what to do next, and the case whose page that leads to.

        Returns
        -------
        DataFrame
            Columns of ``report.table``, and step (words), case (of an action for the goal that has
            been judged; empty for none).
        """
        steps = report.next_steps().set_index("title")["step"]
        judged = self.table[self.table["outcomes"] > 0].drop_duplicates("goal")
        cases = judged.set_index("goal")["case"].astype(object)
        t = report.table
        return t.assign(
            step=t["title"].map(steps), case=[str(cases.get(goal, "")) for goal in t["goal"]]
        )

    def count(self, column: str, value: str) -> int:
        """How many actions have that state or result."""
        return int((self.table[column] == value).sum())

    def metrics(self) -> pd.DataFrame:
        """How many are overdue, and how many worked: name, value, low, high."""
        rows = [("overdue", len(self.overdue)), ("worked", len(self.worked))]
        return pd.DataFrame(
            [{"name": n, "value": v, "low": np.nan, "high": np.nan} for n, v in rows]
        )

    def plot(self, ax: Any = None) -> Any:
        """Draw the actions as bars from start to end; the state stands beside each."""
        import matplotlib.pyplot as plt

        ax = plt.gca() if ax is None else ax
        t = self.table.iloc[::-1].reset_index(drop=True)
        end = t["done"].fillna(t["due"])
        ax.barh(t.index, end - t["start"], left=t["start"], height=0.5, color="C0", alpha=0.8)
        for row, (state, day) in enumerate(zip(t["state"], end, strict=True)):
            ax.annotate(state, (day, row), xytext=(6, 0), textcoords="offset points",
                        va="center")  # fmt: skip
        ax.set_yticks(t.index, list(t["title"]))
        ax.margins(x=0.15)
        return ax


def action_register(
    actions: Iterable[Action],
    report: GoalReport,
    *,
    effects: pd.DataFrame | None = None,
) -> ActionRegister:
    """Put actions beside their goals and the effects of their cases.

    Parameters
    ----------
    actions : iterable of Action
    report : GoalReport
        The goals, judged; its day is the day of the register.
    effects : DataFrame, optional
        case, value, low, high, better (up or down) and label: one row an evaluated outcome.

    Raises
    ------
    GoalError
        If an action names a goal that the report does not judge.
    """
    status = report.table.set_index("goal")
    rows, brought = [], []
    for card in actions:
        row = _read(card)
        where = f"action {row['action']!r}"
        if row["goal"] and row["goal"] not in status.index:
            raise GoalError(
                f"there is no goal {row['goal']!r}",
                where=where,
                remedy=f"goals: {', '.join(status.index)}",
            )
        row["goal_title"] = status["title"][row["goal"]] if row["goal"] else ""
        row["goal_status"] = status["status"][row["goal"]] if row["goal"] else ""
        row["state"] = _state(row, report.as_of)
        late = (pd.Timestamp(report.as_of) - row["due"]).days
        row["days_over"] = late if row["state"] == "overdue" else np.nan
        own = _outcomes(row["case"], effects)
        row |= _result(row["case"], own)
        brought.append(own.assign(action=row["action"], title=row["title"]))
        # What has been judged is kept or stopped on what it brought, finished or not.
        judged = row["state"] == "done" or row["result"] in (WORKED, PARTLY, MIXED, HARMED)
        row["next"] = NEXT[row["result"] if judged else row["state"]]
        rows.append(row)
    columns = ["action", "title", "finding", "segment", "owner", "start", "due", "done", "goal",
               "goal_title", "goal_status", "case", "expected", "state", "days_over", "result",
               "estimate", "low", "high", "outcome", "outcomes", "next"]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    order = np.array([STATES.index(state) for state in table["state"]], dtype=np.int64)
    ordered = table.iloc[np.argsort(order, kind="stable")].reset_index(drop=True)
    found = pd.concat(brought, ignore_index=True) if brought else _outcomes("", None)
    return ActionRegister(ordered, found.reindex(columns=EFFECTS))


def _read(card: Action) -> dict[str, Any]:
    return {
        "action": card.name,
        "title": english(card.title),
        "finding": english(card.finding),
        "segment": ", ".join(str(v) for v in (card.where or {}).values()),
        "owner": english(card.owner),
        "start": pd.Timestamp(card.start),
        "due": pd.Timestamp(card.due),
        "done": pd.Timestamp(card.done) if card.done else pd.NaT,
        "goal": card.goal or "",
        "case": card.case or "",
        "expected": english(card.expected),
    }


def _state(row: Mapping[str, Any], as_of: dt.date) -> str:
    today = pd.Timestamp(as_of)
    if not pd.isna(row["done"]) and row["done"] <= today:
        return "done"
    if row["start"] > today:
        return "planned"
    return "overdue" if row["due"] < today else "running"


def _outcomes(case: str, effects: pd.DataFrame | None) -> pd.DataFrame:
    """Judge the outcomes of one case together."""
    if not case or effects is None or effects.empty:
        return pd.DataFrame(columns=EFFECTS)
    own = effects[effects["case"] == case].reset_index(drop=True)
    value, low, high = (own[c].to_numpy(dtype=np.float64) for c in ("value", "low", "high"))
    # the side of the interval that faces zero gives the error: ratios have unequal sides
    error = np.where(value >= 0, value - low, high - value) / normal_quantile(0.95)
    known = np.isfinite(error) & (error > 0)
    p = np.where(known, 2 * ndtr(-np.abs(value) / np.where(known, error, 1.0)), np.nan)
    corrected = holm(p) if len(p) else p
    good = (value > 0) == (own["better"].to_numpy() != "down")
    shown = np.nan_to_num(corrected, nan=1.0) < ALPHA
    verdict = np.where(shown, np.where(good, WORKED, HARMED), UNCLEAR)
    return pd.DataFrame(
        {
            "case": case,
            "outcome": own["label"].astype(str),
            "estimate": value,
            "low": low,
            "high": high,
            "p": p,
            "p_holm": corrected,
            "verdict": verdict,
            "value": value,
            "kind": own.get("kind", "number"),
            "unit": own.get("unit", ""),
        }
    )


def _result(case: str, own: pd.DataFrame) -> dict[str, Any]:
    empty = {"estimate": np.nan, "low": np.nan, "high": np.nan, "outcome": "", "outcomes": 0}
    if not case:
        return {"result": NO_CASE, **empty}
    if own.empty:
        return {"result": NOT_JUDGED, **empty}
    found = {word: bool((own["verdict"] == word).any()) for word in (WORKED, HARMED, UNCLEAR)}
    best = own.iloc[int(own["p"].fillna(1.0).to_numpy().argmin())]
    return {
        "result": RESULTS[found[WORKED], found[HARMED], found[UNCLEAR]],
        "estimate": float(best["estimate"]),
        "low": float(best["low"]),
        "high": float(best["high"]),
        "outcome": str(best["outcome"]),
        "outcomes": len(own),
    }


def case_effects(metrics: pd.DataFrame) -> pd.DataFrame:
    """Pick the effects of evaluated cases out of a run's headline numbers.

    Parameters
    ----------
    metrics : DataFrame
        case, name (``effect...``), value, low, high, better, label.
    """
    if metrics.empty or "case" not in metrics:
        return metrics.head(0)
    return metrics[metrics["case"].notna() & metrics["name"].astype(str).str.startswith("effect")]
