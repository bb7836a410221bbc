"""What each goal has of specific, measurable, achievable, relevant and time-bound (SMART).

Doran (1981), There's a S.M.A.R.T. way to write management's goals and objectives, Management
Review 70(11), 35-36; the letters as they are read today.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from workbench.goals.report import GoalReport
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Result, labelled
from workbench.stats.intervals import normal_quantile
from workbench.study.goals import Goal

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LETTERS: Final = ("specific", "measurable", "achievable", "relevant", "time-bound")
THERE, PARTLY, MISSING, OVER = "there", "partly", "missing", "over"
# A goal with less than this chance at the outset of the forecast is out of reach.
OUT_OF_REACH: Final = 0.05


@dataclass(frozen=True)
class SmartCheck(Result):
    """What is there and what is missing, by goal and letter.

    Attributes
    ----------
    table : DataFrame
        goal, title, letter, verdict (there, partly, missing; over for a deadline past), why
        (words; empty when all is there), needed (times the sample that would do, where it
        is too small; else NaN).
    """

    table: pd.DataFrame

    def wide(self) -> pd.DataFrame:
        """Return one row a goal, one column a letter, with the verdicts."""
        rows = [
            {"title": title, **dict(zip(rows["letter"], rows["verdict"], strict=True))}
            for title, rows in self.table.groupby("title", sort=False)
        ]
        return labelled(pd.DataFrame(rows), title="Goal", **{a: a.capitalize() for a in LETTERS})

    def faults(self) -> pd.DataFrame:
        """Return what is there in part or missing: title, letter, verdict, why, needed."""
        rows = self.table[self.table["verdict"].isin([PARTLY, MISSING])]
        return rows.drop(columns="goal").reset_index(drop=True)

    def estimates(self) -> dict[str, Estimate]:
        """How many goals have all five letters."""
        sound = self.table["verdict"].isin([THERE, OVER]).groupby(self.table["goal"]).all()
        return {"smart": Estimate(int(sound.sum()), n=len(sound), label="Goals that are SMART")}

    def findings(self) -> list[Finding]:
        """How many goals are stated so that they can be judged."""
        smart = self.estimates()["smart"]
        message = "{n} of {total} goals are stated so that they can be judged and met"
        values = {"n": int(smart.value), "total": int(smart.n)}
        return [Finding("goals.smart", message, values, estimates={"smart": smart})]

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw goals by letters: filled marks are there, rings in part, crosses missing."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        titles = list(dict.fromkeys(self.table["title"]))[::-1]
        for verdict, mark, fill in (
            (THERE, "o", "full"),
            (PARTLY, "o", "none"),
            (MISSING, "X", "full"),
            (OVER, "s", "none"),
        ):
            rows = self.table[self.table["verdict"] == verdict]
            x = [LETTERS.index(v) for v in rows["letter"]]
            y = [titles.index(v) for v in rows["title"]]
            ax.plot(
                x, y, mark, fillstyle=fill, color="C1" if verdict == MISSING else "C0",
                markersize=8, linestyle="none", label=say(verdict),
            )  # fmt: skip
        ax.set_xticks(range(len(LETTERS)), [say(letter) for letter in LETTERS])
        ax.set_yticks(range(len(titles)), [say.name(title) for title in titles])
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
        return ax


def check_smart(report: GoalReport, *, known: Collection[str] | None = None) -> SmartCheck:
    """Check each goal letter by letter.

    Specific: the indicator is one that is known and somebody answers for the goal. Measurable: one
    period's measurement is precise enough to tell the baseline from the target (two standard
    errors of a difference). Achievable: the record gives it a chance. Relevant: it serves another
    goal, or others serve it. Time-bound: the deadline lies
    ahead; one that is over has been judged and is no fault of the goal.

    Parameters
    ----------
    report : GoalReport
    known : collection of str, optional
        Names of the indicators that are defined; all are when left out.
    """
    rows = []
    for goal in report.goals:
        judged = report.table[report.table["goal"] == goal.name].iloc[0]
        se = report.records[goal.name].se
        typical = float(np.nanmedian(se)) if np.isfinite(se).any() else math.nan
        measurable, needed = _measurable(goal, typical)
        found = {
            "specific": _specific(goal, known),
            "measurable": measurable,
            "achievable": _achievable(float(judged["probability"]), str(judged["status"])),
            "relevant": _relevant(goal, report.goals),
            "time-bound": (THERE, "") if goal.deadline > report.as_of else (OVER, ""),
        }
        rows += [
            {
                "goal": goal.name,
                "title": goal.label,
                "letter": letter,
                "verdict": verdict,
                "why": why,
                "needed": needed if letter == "measurable" else math.nan,
            }
            for letter, (verdict, why) in found.items()
        ]
    table = labelled(
        pd.DataFrame(rows), title="Goal", letter="Letter", verdict="Verdict", why="Why",
        needed=("Sample needed (times)", "number:1"),
    )  # fmt: skip
    return SmartCheck(table)


def _specific(goal: Goal, known: Collection[str] | None) -> tuple[str, str]:
    if known is not None and goal.indicator not in known:
        return MISSING, "the indicator is not defined"
    if not goal.owner:
        return PARTLY, "nobody answers for it"
    if goal.baseline.how == "stated":
        return PARTLY, "the baseline is stated and was not measured"
    return THERE, ""


def _measurable(goal: Goal, se: float) -> tuple[tuple[str, str], float]:
    if not math.isfinite(se):
        return (PARTLY, "the error of the measurement is not known"), math.nan
    # The smallest change that two measurements of this precision can tell from none.
    visible = normal_quantile(0.95) * math.sqrt(2) * se
    if goal.way and abs(goal.way) < visible:
        return (
            PARTLY,
            "one period's measurement cannot tell the baseline from the target",
        ), (visible / abs(goal.way)) ** 2
    return (THERE, ""), math.nan


def _achievable(probability: float, status: str) -> tuple[str, str]:
    if status in ("met", "missed"):
        return THERE, ""
    if not math.isfinite(probability):
        return MISSING, "the record is too short to say"
    if probability < OUT_OF_REACH:
        return PARTLY, "out of reach at the present pace"
    return THERE, ""


def _relevant(goal: Goal, goals: tuple[Goal, ...]) -> tuple[str, str]:
    if goal.parent or goal.why or any(other.parent == goal.name for other in goals):
        return THERE, ""
    return MISSING, "it serves no other goal, and none serves it"
