"""The action register: findings, what is done about them, what it brought, and what comes next."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from workbench.goals.plan import GoalError
from workbench.goals.report import GoalReport

STATES: Final = ("overdue", "running", "planned", "done")
WORKED, HARMED, UNCLEAR = "worked", "did harm", "may be chance"
NOT_JUDGED, NO_CASE = "not evaluated yet", "no case judges it"
NEXT: Final = {
    "overdue": "finish it, or say why not and name a new date",
    "planned": "prepare how its effect will be measured",
    "running": "let it run, and watch its goal",
    WORKED: "keep it, and set the next goal on what it brought",
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
        case, expected, state, days_over (NaN unless overdue), result, estimate, low, high (of the
        case's first effect, NaN when not evaluated), outcome (its label), next.
    """

    table: pd.DataFrame

    @property
    def overdue(self) -> pd.DataFrame:
        """What should be finished and is not."""
        return self.table[self.table["state"] == "overdue"]

    @property
    def worked(self) -> pd.DataFrame:
        """What an evaluated case has shown to work."""
        return self.table[self.table["result"] == WORKED]

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
    actions: Iterable[Mapping[str, Any]],
    report: GoalReport,
    *,
    effects: pd.DataFrame | None = None,
) -> ActionRegister:
    """Put actions beside their goals and the effects of their cases.

    Parameters
    ----------
    actions : iterable of mapping
        name, title, start, due; optional finding, where, owner, done, expected, goal, case.
    report : GoalReport
        The goals, judged; its day is the day of the register.
    effects : DataFrame, optional
        case, value, low, high, better (up or down) and label of evaluated effects, the most
        important of a case first.

    Raises
    ------
    GoalError
        If an action names a goal that does not exist, or its dates are out of order.
    """
    status = report.table.set_index("goal")
    rows = []
    for card in actions:
        row = _read(card)
        where = f"action {row['action']!r}"
        if row["goal"] and row["goal"] not in status.index:
            raise GoalError(
                f"there is no goal {row['goal']!r}",
                where=where,
                remedy=f"goals: {', '.join(status.index)}",
            )
        if row["due"] < row["start"]:
            raise GoalError("it is due before it starts", where=where, remedy="correct a date")
        row["goal_title"] = status["title"][row["goal"]] if row["goal"] else ""
        row["goal_status"] = status["status"][row["goal"]] if row["goal"] else ""
        row["state"] = _state(row, report.as_of)
        late = (pd.Timestamp(report.as_of) - row["due"]).days
        row["days_over"] = late if row["state"] == "overdue" else np.nan
        row |= _result(row["case"], effects)
        # What has been judged is kept or stopped on what it brought, finished or not.
        judged = row["state"] == "done" or row["result"] in (WORKED, HARMED)
        row["next"] = NEXT[row["result"] if judged else row["state"]]
        rows.append(row)
    columns = ["action", "title", "finding", "segment", "owner", "start", "due", "done", "goal",
               "goal_title", "goal_status", "case", "expected", "state", "days_over", "result",
               "estimate", "low", "high", "outcome", "next"]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    order = np.array([STATES.index(state) for state in table["state"]], dtype=np.int64)
    return ActionRegister(table.iloc[np.argsort(order, kind="stable")].reset_index(drop=True))


def _read(card: Mapping[str, Any]) -> dict[str, Any]:
    where = dict(card.get("where") or {})
    return {
        "action": str(card.get("name") or ""),
        "title": _text(card.get("title")) or str(card.get("name") or ""),
        "finding": _text(card.get("finding")),
        "segment": ", ".join(str(v) for v in where.values()),
        "owner": _text(card.get("owner")),
        "start": pd.Timestamp(card["start"]),
        "due": pd.Timestamp(card["due"]),
        "done": pd.Timestamp(card["done"]) if card.get("done") else pd.NaT,
        "goal": _text(card.get("goal")),
        "case": _text(card.get("case")),
        "expected": _text(card.get("expected")),
    }


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        value = value.get("en") or next(iter(value.values()), "")
    return "" if value is None else str(value)


def _state(row: Mapping[str, Any], as_of: dt.date) -> str:
    today = pd.Timestamp(as_of)
    if not pd.isna(row["done"]) and row["done"] <= today:
        return "done"
    if row["start"] > today:
        return "planned"
    return "overdue" if row["due"] < today else "running"


def _result(case: str, effects: pd.DataFrame | None) -> dict[str, Any]:
    empty = {"estimate": np.nan, "low": np.nan, "high": np.nan, "outcome": ""}
    if not case:
        return {"result": NO_CASE, **empty}
    own = effects[effects["case"] == case] if effects is not None and len(effects) else None
    if own is None or own.empty:
        return {"result": NOT_JUDGED, **empty}
    first = own.iloc[0]
    low, high = float(first["low"]), float(first["high"])
    found = {"estimate": float(first["value"]), "low": low, "high": high,
             "outcome": str(first["label"])}  # fmt: skip
    if not np.isfinite([low, high]).all() or low <= 0 <= high:
        return {"result": UNCLEAR, **found}
    good = (low > 0) == (first["better"] != "down")
    return {"result": WORKED if good else HARMED, **found}


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
