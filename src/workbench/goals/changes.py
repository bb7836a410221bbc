"""Signal or noise: whether the indicator of each goal has moved since its baseline.

Beside the limits that the record itself sets (control charts), a goal may have fixed thresholds. A
measured value beyond one is a warning; whether it is more than chance, the level beneath says.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from scipy.stats import f as f_test

from workbench.arrays import Array
from workbench.goals.control_charts import CountChart, XmR, in_phases, p_chart, xmr
from workbench.goals.forecast import LevelModel
from workbench.goals.record import GoalError, IndicatorRecord, quantity
from workbench.languages import Language
from workbench.results import Advice, Estimate, Finding, Picture, Result, labelled
from workbench.stats.intervals import normal_quantile
from workbench.study.goals import Goal

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from workbench.goals.report import GoalReport

FEWEST_BASE: Final = 5
FEWEST_SEASON: Final = 8
SEEN: Final = 0.01
BETTER, WORSE, BOTH = "signal for the better", "signal for the worse", "signals both ways"
BEYOND, BARELY, WITHIN = "beyond", "beyond, may be chance", "within"
NOISE, SHORT = "no more than random variation", "too few periods before the baseline"

PHASED: Final = (
    "Limits are set anew from the days on which the process was known to become another: {goals}"
)
SHORT_PHASE: Final = (
    "Too few periods have passed since the last such day to set limits anew: {goals}"
)


@dataclass(frozen=True)
class Changes(Result):
    """Control charts of all goals, their limits set by the time up to the baseline.

    Attributes
    ----------
    table : DataFrame
        goal, title, mean, lower_limit, upper_limit (of the chart before the baseline), periods
        (after the baseline), chart (XmR or p), phases (with limits of their own), short_phases
        (too short for limits), season (whether one was taken off), signals (how
        many there are), first (first signal), verdict, form and unit (how values are written).
    charts : mapping of str to XmR
        By goal; those with too few periods before the baseline are absent.
    goals : tuple of Goal
    """

    table: pd.DataFrame
    charts: Mapping[str, XmR | CountChart]
    goals: tuple[Goal, ...]

    @property
    def watched(self) -> pd.DataFrame:
        """The goals with a fixed threshold, held against their last measured values."""
        found = self.table[self.table["warning"] != ""]
        written: dict[str, Any] = {
            name: [
                quantity(x, form, unit, as_set=name == "threshold")
                for x, form, unit in zip(found[name], found["form"], found["unit"], strict=True)
            ]
            for name in ("latest", "threshold")
        }
        return labelled(
            found.assign(**written),
            title="Goal",
            latest="Last measured",
            threshold="Threshold",
            warning="Against the threshold",
        )

    @property
    def warned(self) -> pd.DataFrame:
        """The goals whose last measured value lies beyond a fixed threshold."""
        return self.watched[self.watched["warning"].isin([BEYOND, BARELY])]

    @property
    def moved(self) -> int:
        """How many indicators have given a signal since the baseline."""
        return int((self.table["signals"] > 0).sum())

    def chart(self, goal: str = "") -> XmR | CountChart:
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

    def title(self, goal: str = "") -> dict[str, str]:
        """Title of the goal whose chart `chart` returns, by language."""
        wanted = self.chart(goal)
        name = next(name for name, chart in self.charts.items() if chart is wanted)
        return next(goal.title for goal in self.goals if goal.name == name)

    def estimates(self) -> dict[str, Estimate]:
        """Return how many indicators have moved, and how many goals are beyond a threshold."""
        return {
            "moved": Estimate(self.moved, label="Indicators that moved beyond random variation"),
            "warned": Estimate(
                len(self.warned), label="Goals beyond a warning threshold", better="down",
                fact="goals.warned",
            ),
        }  # fmt: skip

    def findings(self) -> list[Finding]:
        """Say how many indicators have moved, and which goals are beyond a fixed threshold."""
        found = self.estimates()
        if self.charts:
            message = (
                "{n} of {total} indicators have moved beyond random variation since their baseline"
            )
            values = {"n": self.moved, "total": len(self.charts)}
            moved = Finding("goals.moved", message, values, estimates={"moved": found["moved"]})
        else:
            message = "The records are too short to tell signals from noise"
            moved = Finding("goals.moved", message, severity="refusal")
        told = [moved, *self._of_phases()]
        if self.watched.empty:
            return told
        beyond = set(self.warned["goal"])
        titles = [goal.title for goal in self.goals if goal.name in beyond]
        warned = Finding(
            "goals.warned",
            "{n} of {total} goals with a fixed threshold is beyond it"
            if len(beyond) == 1
            else "{n} of {total} goals with a fixed threshold are beyond it",
            {"n": len(beyond), "total": len(self.watched), "goals": titles},
            severity="warning" if beyond else "ok",
            estimates={"warned": found["warned"]},
            advice=Advice("Find out why a warning threshold is passed: {goals}.", 4)
            if beyond
            else None,
        )
        return [warned, *told] if beyond else [*told, warned]

    def _of_phases(self) -> list[Finding]:
        """Say for which goals limits were set anew, and where a phase was too short for that."""
        found = []
        for column, message in (("phases", PHASED), ("short_phases", SHORT_PHASE)):
            own = self.table[self.table[column] > (1 if column == "phases" else 0)]
            if len(own):
                titles = [g.title for g in self.goals if g.name in set(own["goal"])]
                found.append(Finding(f"goals.{column}", message, {"goals": titles}))
        return found

    def picture(self, goal: str = "") -> Picture | None:
        """Chart of a goal, by default the one with the longest record; None where none has one."""
        if not self.charts:
            return None
        chart = self.chart(goal)
        return Picture(
            chart.plot,
            "{goal}: signal or noise?",
            "Measured values with the limits of the time up to the baseline",
            chart.table,
            {"goal": self.title(goal)},
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw the chart of the goal with the longest record."""
        return self.chart().plot(ax, language=language)


def changes(report: GoalReport) -> Changes:
    """Chart the indicator of each goal against limits from the time up to its baseline.

    Shares of countable units get a p chart, whose limits follow the size of each period and are
    widened where the base scatters more than chance. All others get an XmR chart, as do shares
    with a season.
    """
    rows: list[dict[str, Any]] = []
    charts: dict[str, XmR | CountChart] = {}
    for goal in report.goals:
        record = report.records[goal.name]
        cut = pd.Timestamp(goal.baseline.date)
        base = int((pd.to_datetime(record.end) <= cut + pd.Timedelta(days=1)).sum())
        row = {"goal": goal.name, "title": goal.label, "periods": record.value.size - base}
        row |= {"form": record.form, "unit": record.unit}
        row |= threshold_of(goal, record, report.models.get(goal.name))
        if base < FEWEST_BASE:
            empty = dict.fromkeys(("mean", "lower_limit", "upper_limit"), math.nan)
            row |= {"phases": 1, "short_phases": 0}
            rows.append(
                row
                | empty
                | {"chart": "", "season": False, "signals": 0, "first": pd.NaT, "verdict": SHORT}
            )
            continue
        value = without_season(record, base)
        chart, short = _chart_of(goal, record, value, base)
        charts[goal.name] = chart
        row |= {"phases": chart.table["phase"].max() + 1, "short_phases": len(short)}
        since = chart.table[~chart.table["base"] & (chart.table["signal"] != "")]
        rows.append(
            row
            | {"mean": chart.mean, "lower_limit": chart.low, "upper_limit": chart.high}
            | {
                "chart": "p chart" if isinstance(chart, CountChart) else "XmR",
                "season": not np.array_equal(value, record.value),
                "signals": len(since),
                "first": since["period"].min() if len(since) else pd.NaT,
                "verdict": _verdict(since, chart.mean, goal.direction),
            }
        )
    table = labelled(
        pd.DataFrame(rows),
        title="Goal",
        chart="Chart",
        periods="Periods since",
        signals="Signals",
        first=("First signal", "date"),
        verdict="Verdict",
    )
    return Changes(table, charts, report.goals)


def _chart_of(
    goal: Goal, record: IndicatorRecord, value: Array, base: int
) -> tuple[XmR | CountChart, list[int]]:
    """Chart an indicator in the phases that its goal names, and tell which were too short."""
    periods = list(pd.to_datetime(record.start))
    begins = pd.DatetimeIndex(periods)
    starts = [int((begins < pd.Timestamp(day)).sum()) for day in goal.phases]
    if record.counted and value is record.value and np.isfinite(record.n).all():
        hits, sizes = np.round(record.value * record.n), record.n

        def shares(first: int, last: int, own: int) -> CountChart:
            part = slice(first, last)
            return p_chart(hits[part], sizes[part], periods[part], base=own, widen=True)

        return in_phases(shares, starts, value.size, base)

    def values(first: int, last: int, own: int) -> XmR:
        return xmr(value[first:last], periods[first:last], base=own)

    return in_phases(values, starts, value.size, base)


def threshold_of(goal: Goal, record: IndicatorRecord, model: LevelModel | None) -> dict[str, Any]:
    """Hold the last measured value, and the level beneath it, against the fixed thresholds."""
    value, se = float(record.value[-1]), float(record.se[-1])
    below = -math.inf if goal.warn_below is None else goal.warn_below
    above = math.inf if goal.warn_above is None else goal.warn_above
    if math.isinf(below) and math.isinf(above):
        return {"threshold": math.nan, "latest": value, "warning": ""}
    if model is not None:
        low, high = model.level(int(record.step[-1])).interval()
    else:
        half = normal_quantile(0.95) * se
        low, high = value - half, value + half
    threshold = below if value - below <= above - value else above
    words = WITHIN
    if value < below or value > above:
        clear = high < below or low > above
        words = BEYOND if clear else BARELY
    return {"threshold": threshold, "latest": value, "warning": words}


def without_season(record: IndicatorRecord, base: int) -> Array:
    """Take a yearly wave off the values, where the periods before the baseline show one.

    The wave is fitted to the base (two years or more) beside a mean, and taken off everywhere when
    an F test of it gives a probability below `SEEN`: a chart that knows no season would ring the
    same months each year.

    Parameters
    ----------
    record : IndicatorRecord
    base : int
        How many of the first periods set the limits.
    """
    cycle = record.season_length
    if cycle <= 2 or base < FEWEST_SEASON or int(record.step[base - 1]) + 1 < 2 * cycle:
        return record.value
    angle = 2 * np.pi * record.step / cycle
    wave = np.column_stack([np.ones(angle.size), np.cos(angle), np.sin(angle)])
    y = record.value[:base]
    coefficient = np.linalg.lstsq(wave[:base], y, rcond=None)[0]
    left = float(((y - wave[:base] @ coefficient) ** 2).sum())
    taken = float(((y - y.mean()) ** 2).sum()) - left
    if left <= 0 or f_test.sf(taken / 2 / (left / (base - 3)), 2, base - 3) >= SEEN:
        return record.value
    return np.asarray(record.value - wave[:, 1:] @ coefficient[1:], dtype=np.float64)


def _verdict(since: pd.DataFrame, mean: float, direction: str) -> str:
    if since.empty:
        return NOISE
    # a value may jump to the mean itself, which is neither
    gain = np.sign(since["value"].to_numpy() - mean) * (1 if direction == "up" else -1)
    return BETTER if (gain > 0).all() else WORSE if (gain < 0).all() else BOTH
