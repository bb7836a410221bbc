"""Signal or noise: whether the indicator of each goal has moved since its baseline."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pandas as pd

from workbench.goals.charts import XmR, xmr
from workbench.goals.plan import GoalError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from workbench.goals.judgement import GoalReport

FEWEST_BASE: Final = 5
BETTER, WORSE, BOTH = "signal for the better", "signal for the worse", "signals both ways"
NOISE, SHORT = "no more than noise", "too few periods before the baseline"


@dataclass(frozen=True)
class Changes:
    """Control charts of all goals, their limits set by the time up to the baseline.

    Attributes
    ----------
    table : DataFrame
        goal, title, mean, lower_limit, upper_limit (of the chart before the baseline), periods
        (after the baseline), signals (how many of them are signals), first (first signal), verdict.
    charts : mapping of str to XmR
        By goal; those with too few periods before the baseline are absent.
    """

    table: pd.DataFrame
    charts: Mapping[str, XmR]

    @property
    def moved(self) -> int:
        """How many indicators have given a signal since the baseline."""
        return int((self.table["signals"] > 0).sum())

    def chart(self, goal: str = "") -> XmR:
        """Return the chart of a goal; by default the one with the longest record.

        Raises
        ------
        GoalError
            If that goal, or any goal, has no chart.
        """
        if not self.charts or (goal and goal not in self.charts):
            raise GoalError(
                f"there is no chart of {goal!r}" if goal else "no goal has a chart",
                where="control charts",
                remedy=f"at least {FEWEST_BASE} periods before the baseline are needed;"
                f" charts: {', '.join(self.charts) or 'none'}",
            )
        name = goal or max(self.charts, key=lambda g: len(self.charts[g].table))
        return self.charts[name]

    def title(self, goal: str = "") -> str:
        """Title of the goal whose chart `chart` returns."""
        wanted = self.chart(goal)
        name = next(g for g, chart in self.charts.items() if chart is wanted)
        return str(self.table.loc[self.table["goal"] == name, "title"].iloc[0])

    def metrics(self) -> pd.DataFrame:
        """How many indicators have moved: name, value, low, high."""
        return pd.DataFrame(
            [{"name": "moved", "value": self.moved, "low": math.nan, "high": math.nan}]
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the chart of the goal with the longest record."""
        return self.chart().plot(ax)


def changes(report: GoalReport) -> Changes:
    """Chart the indicator of each goal against limits from the time up to its baseline."""
    rows, charts = [], {}
    for goal in report.goals:
        record = report.records[goal.name]
        cut = pd.Timestamp(goal.baseline_date)
        base = int((pd.to_datetime(record.end) <= cut + pd.Timedelta(days=1)).sum())
        row = {"goal": goal.name, "title": goal.title, "periods": record.value.size - base}
        if base < FEWEST_BASE:
            empty = dict.fromkeys(("mean", "lower_limit", "upper_limit"), math.nan)
            rows.append(row | empty | {"signals": 0, "first": pd.NaT, "verdict": SHORT})
            continue
        chart = xmr(record.value, list(pd.to_datetime(record.start)), base=base)
        charts[goal.name] = chart
        since = chart.table[~chart.table["base"] & (chart.table["signal"] != "")]
        rows.append(
            row
            | {"mean": chart.mean, "lower_limit": chart.low, "upper_limit": chart.high}
            | {
                "signals": len(since),
                "first": since["period"].min() if len(since) else pd.NaT,
                "verdict": _verdict(since, chart.mean, goal.direction),
            }
        )
    return Changes(pd.DataFrame(rows), charts)


def _verdict(since: pd.DataFrame, mean: float, direction: str) -> str:
    if since.empty:
        return NOISE
    above = (since["value"] > mean).to_numpy()
    good = above if direction == "up" else ~above
    return BETTER if good.all() else WORSE if not good.any() else BOTH
