"""All goals of a study judged: what a page shows of them, and draws."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from workbench.goals.forecast import NAIVE, LevelModel
from workbench.goals.record import GoalError, IndicatorRecord
from workbench.goals.status import REASONS, STATUSES, STEPS, StatusRules
from workbench.languages import Language, speak
from workbench.results import Advice, Estimate, Finding, Picture, Result, labelled
from workbench.results.drawing import CUT_OFF
from workbench.study.goals import FORECASTS, Goal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Attainment beyond these is drawn at the edge: a goal can be missed by any factor.
DRAWN: Final = (-0.6, 2.2)
MARKS: Final = {"met": "o", "on course": "^", "at risk": "v", "missed": "X", "cannot tell": "D"}
COLUMNS: Final[dict[str, str | tuple[str, str]]] = {
    "title": "Goal",
    "owner": "Owner",
    "deadline": ("Deadline", "date"),
    "status": "Status",
    "progress": "Progress",
    "attainment": ("Progress, % of the way", "percent"),
    "probability": ("Probability of reaching the target", "percent"),
}
#: How pressing a goal of each status is.
URGENT: Final = {"missed": 0, "at risk": 1, "cannot tell": 2, "on course": 3, "met": 4}


@dataclass(frozen=True)
class GoalReport(Result):
    """All goals judged.

    Attributes
    ----------
    goals : tuple of Goal
    table : DataFrame
        One row a goal: goal, title, indicator, owner, baseline, target, deadline, latest (last
        measured value), latest_period, estimate, low, high (the level now, or at the
        deadline when that is over), level_on (the last day of its period), attainment,
        attainment_low, attainment_high, progress (words), probability (of the target being reached
        by the deadline), status, reason, points, model (which forecast), looks (what the record
        looks like), model_error, naive_error.
    records : mapping of str to IndicatorRecord
    models : mapping of str to LevelModel
        Of goals whose record is long enough.
    as_of : date
    rules : StatusRules
    hidden : tuple of Goal
        Those that are not judged, since every value would tell a single customer's.
    """

    goals: tuple[Goal, ...]
    table: pd.DataFrame
    records: Mapping[str, IndicatorRecord]
    models: Mapping[str, LevelModel]
    as_of: dt.date
    rules: StatusRules
    hidden: tuple[Goal, ...] = ()

    def estimates(self) -> dict[str, Estimate]:
        """How many goals are met or on course, fall behind, cannot be told; the way of each."""
        n, labels = len(self.goals), dict(zip(self.table["goal"], self.table["title"], strict=True))
        found = {
            "good": Estimate(
                self.count("met", "on course"), unit=f"/ {n}", label="Goals met or on course",
                better="up", fact="goals.good",
            ),
            "bad": Estimate(
                self.count("at risk", "missed"), label="Goals at risk or missed", better="down",
                fact="goals.bad",
            ),
            "unclear": Estimate(
                self.count("cannot tell"), label="Goals that cannot be judged yet", better="down",
                fact="goals.unclear",
            ),
        }  # fmt: skip
        ends = self.table[["goal", "attainment", "attainment_low", "attainment_high"]]
        for goal, share, low, high in ends.itertuples(index=False):
            found[f"attainment.{goal}"] = Estimate(
                share, low, high, kind="percent", label=labels[goal], better="up",
                fact=f"goals.attainment.{goal}",
            )  # fmt: skip
        return found

    def findings(self) -> list[Finding]:
        """How many goals stand well and how many fall behind; the leading goal; what is next."""
        counts = {name: self.estimates()[name] for name in ("good", "bad", "unclear")}
        behind = [g.title for g in self.goals if self.status_of(g.name) in ("at risk", "missed")]
        standing = Finding(
            "goals.standing",
            "{good} of {n} goals are met or on course; {bad} are at risk or missed",
            {**{k: int(v.value) for k, v in counts.items()}, "n": len(self.goals), "goals": behind},
            verdict="behind" if behind else "well",
            severity="warning" if behind else "ok",
            estimates=counts,
            advice=Advice("Decide what to do about the {bad} goals at risk or missed: {goals}.", 4)
            if behind
            else None,
        )
        return [standing, self._leading(), self._deadline()]

    def withheld(self) -> list[Finding]:
        """Say of which goals periods are left out, since they would tell a single customer's."""
        gone = {goal.name: self.records[goal.name].withheld for goal in self.goals}
        named, found = [goal.title for goal in self.goals if gone[goal.name]], []
        if named:
            message = (
                "{n} periods are not shown, since too few customers stand behind them, or one who"
                " holds nearly all: {goals}."
            )
            values: dict[str, Any] = {"n": sum(gone.values()), "goals": named}
            found.append(Finding("goals.withheld", message, values))
        if self.hidden:
            message = (
                "Not judged, since in every period too few customers stand behind the value, or one"
                " who holds nearly all: {goals}."
            )
            titles = [goal.title for goal in self.hidden]
            found.append(Finding("goals.hidden", message, {"goals": titles}))
        return found

    def _leading(self) -> Finding:
        goal = self.leading()
        row = self.table.loc[self.table["goal"] == goal.name].iloc[0]
        status, progress = str(row["status"]), str(row["progress"])
        message = "Headline goal: {goal}. Status: {status}; {progress}."
        return Finding(
            "goals.leading",
            message if progress else "Headline goal: {goal}. Status: {status}.",
            {"goal": goal.title, "status": status, "progress": progress},
            verdict=status,
            estimates={"attainment": self.estimates()[f"attainment.{goal.name}"]},
        )

    def _deadline(self) -> Finding:
        ahead = [g.deadline for g in self.goals if g.deadline > self.as_of]
        if not ahead:
            return Finding(
                "goals.deadline", "No deadline lies ahead: it is time to set the next goals."
            )
        message = "Of the goals still open, the next deadline is {day}."
        return Finding("goals.deadline", message, {"day": min(ahead)})

    def next_steps(self) -> pd.DataFrame:
        """Say what to do next, the most urgent first: goal, title, status, reason, step."""
        t = self.table[["goal", "title", "status", "reason"]].copy()
        short = t["reason"].isin([REASONS["short"], REASONS["error"]])
        t["step"] = [STEPS["short" if s else k] for s, k in zip(short, t["status"], strict=True)]
        t = t.iloc[t["status"].map(URGENT).argsort(kind="stable")].reset_index(drop=True)
        return labelled(t, title="Goal", status="Status", reason="Why", step="Next step")

    def backtest(self) -> pd.DataFrame:
        """Error of the forecasts on the last periods: title, points, model, looks, periods, error.

        `error` is the mean absolute one-step error of the model that judged, as a multiple of that
        of the naive forecast (the last value); `averaged`, `steady`, `wandering`, `trend` and
        `damped` are those of each forecast that could have been stated.
        """
        rows = []
        for row in self.table.itertuples():
            model = self.models.get(str(row.goal))
            naive = model.errors[NAIVE] if model is not None else np.empty(0)
            size = float(naive.mean()) if naive.size else math.nan
            against = {
                name: float(model.errors[name].mean()) / size
                if model is not None and size > 0
                else math.nan
                for name in FORECASTS
            }
            rows.append(
                {"title": row.title, "points": row.points, "model": row.model, "looks": row.looks,
                 "periods": naive.size, "error": against.get(str(row.model), math.nan)} | against
            )  # fmt: skip
        return labelled(
            pd.DataFrame(rows),
            title="Goal",
            looks="The record looks",
            model="Forecast",
            periods="Periods tested",
            error=("Error against no change", "percent:0"),
            steady=("Steady", "percent:0"),
            wandering=("Wandering", "percent:0"),
            trend=("Trend", "percent:0"),
            damped=("Fading trend", "percent:0"),
        )

    def leading(self) -> Goal:
        """Return the first goal that serves no other."""
        return next(goal for goal in self.goals if not goal.parent)

    def status_of(self, goal: str) -> str:
        """Return the status of a goal."""
        return str(self.table.loc[self.table["goal"] == goal, "status"].iloc[0])

    def count(self, *statuses: str) -> int:
        """How many goals have one of the statuses."""
        unknown = set(statuses) - set(STATUSES)
        if unknown:
            raise GoalError(
                f"there is no status {unknown.pop()!r}", remedy=f"use {', '.join(STATUSES)}"
            )
        return int(self.table["status"].isin(statuses).sum())

    def path(self, name: str) -> pd.DataFrame:
        """Measured values and level of one goal's indicator, ahead to its deadline.

        Returns
        -------
        DataFrame
            goal, title, period (first day), value (NaN ahead), estimate, low, high (of the level).
        """
        if name not in self._paths:
            raise GoalError(f"there is no goal {name!r}", remedy=f"goals: {', '.join(self._paths)}")
        return self._paths[name].copy()

    @cached_property
    def _paths(self) -> dict[str, pd.DataFrame]:
        # made once: the figure is drawn once a language, and its table shown beside it
        return {goal.name: self._path(goal) for goal in self.goals}

    def _path(self, goal: Goal) -> pd.DataFrame:
        record, model = self.records[goal.name], self.models.get(goal.name)
        measured = dict(zip(record.step.tolist(), record.value.tolist(), strict=True))
        last = max(int(record.step[-1]), record.step_of(goal.deadline) if model else 0)
        rows = []
        for step in range(last + 1):
            level = model.level(step) if model is not None else None
            low, high = level.interval() if level is not None else (math.nan, math.nan)
            rows.append(
                {
                    "goal": goal.name,
                    "title": goal.label,
                    "period": pd.Timestamp(record.day_of(step)),
                    "value": measured.get(step, math.nan),
                    "estimate": level.centre if level is not None else math.nan,
                    "low": low,
                    "high": high,
                }
            )
        return pd.DataFrame(rows)

    def paths(self) -> pd.DataFrame:
        """`path` of all goals, one below the other."""
        return labelled(
            pd.concat([self.path(goal.name) for goal in self.goals], ignore_index=True),
            title="Goal",
            period=("Period", "date"),
            value="Measured",
            estimate="Underlying level",
        )

    def picture(self) -> Picture:
        """How far each goal has come."""
        return Picture(
            self.plot,
            "How far each goal has come",
            "Share of the way from baseline to target, with 95% intervals; {day}",
            self.table,
            {"day": self.as_of},
        )

    def courses(self) -> Picture:
        """Path of each indicator."""
        return Picture(
            self.plot_paths,
            "Where each indicator comes from and where it is heading",
            "Measured values and level with 95% interval",
            self.paths(),
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw attainment with intervals, 0 at the baseline, 1 at the target, one row a goal.

        Marks differ by status, so that colour is not the only cue.
        """
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table.iloc[::-1].reset_index(drop=True)
        ax.axvline(0, linewidth=1, linestyle="--", color=plt.rcParams["axes.edgecolor"])
        ax.axvline(1, linewidth=1.5, color=plt.rcParams["axes.edgecolor"])
        low, high = t["attainment_low"].clip(*DRAWN), t["attainment_high"].clip(*DRAWN)
        ax.hlines(t.index, low, high, color="C0", linewidth=2)
        for status, mark in MARKS.items():
            rows = t[t["status"] == status]
            if len(rows):
                place = rows["attainment"].clip(*DRAWN)
                ax.plot(place, rows.index, mark, color="C0", markersize=8, label=say(status))
        for row, value in t["attainment"].items():
            if value < DRAWN[0]:
                ax.annotate(say.percent(value, 0), (DRAWN[0], row), xytext=(9, 0), gid=CUT_OFF,
                            textcoords="offset points", ha="left", va="center")  # fmt: skip
            elif value > DRAWN[1]:
                ax.annotate(say.percent(value, 0), (DRAWN[1], row), xytext=(-9, 0), gid=CUT_OFF,
                            textcoords="offset points", ha="right", va="center")  # fmt: skip
        ax.set_yticks(t.index, [say.name(title) for title in t["title"]])
        ax.set_ylim(-0.6, len(t) - 0.4)
        ax.set_xlim(DRAWN[0] - 0.05, DRAWN[1] + 0.05)
        ax.set_xticks([0, 0.5, 1, 1.5, 2])
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.set_xlabel(say("Share of the way from baseline to target"))
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=5, handletextpad=0.2)
        return ax

    def plot_paths(
        self, figure: Figure | None = None, *, language: str | Language = "en"
    ) -> Figure:
        """Draw the path of each indicator with baseline, target and deadline, one panel a goal."""
        import matplotlib.dates as mdates
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        say = speak(language)
        count = len(self.goals)
        rows = math.ceil(count / 2)
        figure = plt.figure(layout="constrained") if figure is None else figure
        figure.set_size_inches(float(figure.get_figwidth()), 1.1 + 1.75 * rows)
        panels = np.atleast_1d(figure.subplots(rows, 2 if count > 1 else 1)).ravel()
        for panel, goal in zip(panels, self.goals, strict=False):
            t, base = self.path(goal.name), goal.baseline
            level, measured = say("level"), say("measured")
            panel.fill_between(
                t["period"], t["low"], t["high"], color="C0", alpha=0.18, linewidth=0
            )
            panel.plot(t["period"], t["estimate"], color="C0", linewidth=1.6, label=level)
            panel.plot(t["period"], t["value"], "o", color="C0", markersize=3, label=measured)
            start, end = pd.Timestamp(base.date), pd.Timestamp(goal.deadline)
            panel.plot([start, end], [base.value, goal.target], color="C1", linestyle="--",
                       linewidth=1.4, label=say("planned way"))  # fmt: skip
            panel.plot([end], [goal.target], marker="*", markersize=10, color="C1",
                       linestyle="none", label=say("target"))  # fmt: skip
            panel.set_title(say.name(goal.label))
            years: Any = mdates.YearLocator()  # type: ignore[no-untyped-call]
            panel.xaxis.set_major_locator(years)
            panel.xaxis.set_major_formatter(mdates.ConciseDateFormatter(years))  # type: ignore[no-untyped-call]
            panel.margins(x=0.04)
            if 0 < max(goal.target, base.value) < 1 and float(t["value"].max()) < 1:
                panel.yaxis.set_major_formatter(PercentFormatter(1))
        for panel in panels[count:]:
            panel.set_axis_off()
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=4)
        return figure
