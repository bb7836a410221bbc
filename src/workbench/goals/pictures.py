"""Pictures of goals: attainment with intervals, and the path of each indicator."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import PercentFormatter

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from workbench.goals.report import GoalReport

# Attainment beyond these is drawn at the edge: a goal can be missed by any factor.
REACH = (-0.6, 2.2)
MARKS = {"met": "o", "on course": "^", "at risk": "v", "missed": "X", "cannot tell": "D"}


def path_table(report: GoalReport, name: str) -> pd.DataFrame:
    """Return measured values and level of one goal's indicator; see `GoalReport.path`."""
    goal = next(g for g in report.goals if g.name == name)
    record, model = report.records[name], report.models.get(name)
    measured = dict(zip(record.step.tolist(), record.value.tolist(), strict=True))
    last = max(int(record.step[-1]), record.step_of(goal.deadline) if model else 0)
    rows = []
    for step in range(last + 1):
        level = model.level(step) if model is not None else None
        low, high = level.interval() if level is not None else (math.nan, math.nan)
        rows.append(
            {
                "goal": name,
                "title": goal.label,
                "period": pd.Timestamp(record.day_of(step)),
                "value": measured.get(step, math.nan),
                "estimate": level.centre if level is not None else math.nan,
                "low": low,
                "high": high,
            }
        )
    return pd.DataFrame(rows)


def draw_attainment(report: GoalReport, ax: Axes | None = None) -> Axes:
    """Draw one row a goal; marks differ by status, so that colour is not the only cue."""
    ax = plt.gca() if ax is None else ax
    t = report.table.iloc[::-1].reset_index(drop=True)
    ax.axvline(0, linewidth=1, linestyle="--", color=plt.rcParams["axes.edgecolor"])
    ax.axvline(1, linewidth=1.5, color=plt.rcParams["axes.edgecolor"])
    low, high = t["attainment_low"].clip(*REACH), t["attainment_high"].clip(*REACH)
    ax.hlines(t.index, low, high, color="C0", linewidth=2)
    for status, mark in MARKS.items():
        rows = t[t["status"] == status]
        if len(rows):
            place = rows["attainment"].clip(*REACH)
            ax.plot(place, rows.index, mark, color="C0", markersize=8, label=status)
    for row, value in t["attainment"].items():
        if not REACH[0] <= value <= REACH[1]:
            side = "left" if value < REACH[0] else "right"
            words = f"{value:.0%}".replace("-", "\N{MINUS SIGN}")
            ax.annotate(
                words, (min(max(value, REACH[0]), REACH[1]), row),
                xytext=(9 if side == "left" else -9, 0), textcoords="offset points",
                ha=side, va="center",
            )  # fmt: skip
    ax.set_yticks(t.index, list(t["title"]))
    ax.set_ylim(-0.6, len(t) - 0.4)
    ax.set_xlim(REACH[0] - 0.05, REACH[1] + 0.05)
    ax.set_xticks([0, 0.5, 1, 1.5, 2])
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set_xlabel("Share of the way from baseline to target")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=5, handletextpad=0.2)
    return ax


def draw_paths(report: GoalReport, figure: Figure | None = None) -> Figure:
    """Draw one panel a goal: measured values, the level with its interval, target and deadline."""
    count = len(report.goals)
    rows = math.ceil(count / 2)
    if figure is None:
        figure = plt.figure(layout="constrained")
    figure.set_size_inches(float(figure.get_figwidth()), 1.1 + 1.75 * rows)
    panels = np.atleast_1d(figure.subplots(rows, 2 if count > 1 else 1)).ravel()
    for panel, goal in zip(panels, report.goals, strict=False):
        t = report.path(goal.name)
        panel.fill_between(t["period"], t["low"], t["high"], color="C0", alpha=0.18, linewidth=0)
        panel.plot(t["period"], t["estimate"], color="C0", linewidth=1.6, label="level")
        panel.plot(t["period"], t["value"], "o", color="C0", markersize=3, label="measured")
        start, end = pd.Timestamp(goal.baseline.date), pd.Timestamp(goal.deadline)
        panel.plot(
            [start, end], [goal.baseline.value, goal.target], color="C1", linestyle="--",
            linewidth=1.4, label="planned way",
        )  # fmt: skip
        panel.plot([end], [goal.target], marker="*", markersize=10, color="C1", label="target")
        panel.set_title(goal.label)
        years: Any = mdates.YearLocator()  # type: ignore[no-untyped-call]
        panel.xaxis.set_major_locator(years)
        panel.xaxis.set_major_formatter(mdates.ConciseDateFormatter(years))  # type: ignore[no-untyped-call]
        panel.margins(x=0.04)
        if 0 < max(goal.target, goal.baseline.value) < 1 and float(t["value"].max()) < 1:
            panel.yaxis.set_major_formatter(PercentFormatter(1))
    for panel in panels[count:]:
        panel.set_axis_off()
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=4)
    return figure
