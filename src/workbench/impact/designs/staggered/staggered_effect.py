"""What a measure with different starts gives: the effect, its averages, and each group's course."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workbench.arrays import Array
from workbench.impact.effect import Effect, mark_start
from workbench.impact.inputs.panel import period_start
from workbench.impact.inputs.periods import period_label
from workbench.languages import Language, speak
from workbench.results import Finding, Picture, labelled

STAGGERED = (
    "Units that started together are compared, period by period, with {n} units {controls}; no unit"
    " treated earlier serves as a comparison."
)
#: The comparison, as `StaggeredEffect.parts` names it -> in a sentence.
CONTROLS = {
    "compared with never treated": "that never started within the data",
    "compared with not yet treated": "that had not started yet",
}
AVERAGES = {
    "simple": "all units and periods after their starts (the answer)",
    "dynamic": "mean over times since the start",
    "group": "mean over groups with one start",
    "calendar": "mean over calendar periods",
}
ONE_START = "first treated in {period}"


@dataclass(frozen=True)
class StaggeredEffect(Effect):
    """Effect averaged over all treated units and periods, and the averages it hides.

    Attributes
    ----------
    group_time : DataFrame
        `group`, `period`, `estimate`, `low`, `high`, `se`, `treated`, `compared`.
    dynamic : DataFrame
        By periods since the start: `event`, `estimate`, `low`, `high`, `band_low`, `band_high`,
        `se`. Intervals hold for one row, bands for all rows together.
    by_group, calendar : DataFrame
        The same by `group` (first treated period) and by `period`.
    overall : DataFrame
        The averages of averages: `average`, `estimate`, `low`, `high`, `se`, for all treated cells
        ("simple"), times since the start ("dynamic"), "group" and "calendar".
    covariance : ndarray
        Of `dynamic`, for bounds on trends.
    in_logs : StaggeredEffect, optional
        The same on the logarithm, where it was estimated there.
    """

    group_time: pd.DataFrame = field(default_factory=pd.DataFrame)
    dynamic: pd.DataFrame = field(default_factory=pd.DataFrame)
    by_group: pd.DataFrame = field(default_factory=pd.DataFrame)
    calendar: pd.DataFrame = field(default_factory=pd.DataFrame)
    overall: pd.DataFrame = field(default_factory=pd.DataFrame)
    covariance: Array = field(default_factory=lambda: np.zeros((0, 0)))
    in_logs: StaggeredEffect | None = None

    @property
    def start_name(self) -> str:
        """The picture runs by calendar: other units start later."""
        return "first start"

    @property
    def groups(self) -> pd.DataFrame:
        """Effects by start and period: `group`, `period`, `estimate`, interval, units."""
        table = self.group_time
        named = {c: [self._label(p) for p in table[c]] for c in ("group", "period")}
        # the period before the start is what all others are compared with
        spread = {c: table[c].where(table["se"] > 0) for c in ("low", "high")}
        return labelled(
            table.assign(**named, **spread),
            group="First treated",
            period="Period",
            estimate=("Effect", self._format),
            treated="Treated units",
            compared="Comparison units",
        )

    @property
    def averages(self) -> pd.DataFrame:
        """Averages, single starts and other comparisons: `average`, `units`, `estimate`, interval.

        Columns of the interval are `low` and `high`.
        """
        columns = ["average", "units", "estimate", "low", "high"]
        names = [AVERAGES[name] for name in self.overall["average"]]
        size = self.group_time.groupby("group")["treated"].max()
        starts = self.by_group["group"]
        begun: list[Any] = [self._start(group) for group in starts]
        parts = [
            self.overall.assign(average=names, units=self.n_treated),
            self.by_group.assign(average=begun, units=[int(size[group]) for group in starts]),
            self.parts[1:].rename(columns={"model": "average"}).assign(units=self.n_treated),
        ]
        return labelled(
            pd.concat([part[columns] for part in parts], ignore_index=True),
            average="Average", units="Treated units", estimate=("Effect", self._format),
        )  # fmt: skip

    @property
    def comparison(self) -> Finding:
        """Which units are compared with which."""
        name = str(self.parts["model"].iloc[0])
        compared = int(self.group_time["compared"].max())
        return Finding("starts", STAGGERED, {"n": compared, "controls": CONTROLS[name]})

    def by_start(self) -> Picture:
        """Give the picture of the effects by start and period."""
        return Picture(
            self.plot_groups,
            "Each group from its own start on",
            "Change since the period before the start, against units not treated",
            self.groups,
        )

    def plot_groups(self, figure: Figure, *, language: str | Language = "en") -> list[Axes]:
        """Draw the effects of each group with one start, one panel a group."""
        table, unit, t = self.group_time, 100.0 if self.in_percent else 1.0, speak(language)
        groups = list(dict.fromkeys(table["group"]))
        columns = 1 if len(groups) == 1 else 2
        rows = -(-len(groups) // columns)
        figure.set_figheight(2.2 * rows)
        panels = figure.subplots(rows, columns, sharex=True, squeeze=False).ravel()
        periods = sorted(set(table["period"]))
        for k, (ax, group) in enumerate(zip(panels, groups, strict=False)):
            own = table[table["group"] == group]
            _dots(ax, own, [periods.index(p) for p in own["period"]], unit)
            mark_start(ax, periods.index(group))
            # the lowest of its column, also where the last row is not full
            ax.tick_params(labelbottom=k + columns >= len(groups))
            at = range(0, len(periods), max(1, len(periods) // 4))
            ax.set_xticks(list(at), [self._label(periods[i]) for i in at])
            start = self._start(group)
            ax.set_title(t(start.message, **start.values), fontsize="small", loc="left")
        for ax in panels[len(groups) :]:
            ax.set_axis_off()
        panels[0].set_ylabel(t("Effect, %") if self.in_percent else t("Effect"))
        return list(panels[: len(groups)])

    def _start(self, group: object) -> Finding:
        return Finding("start", ONE_START, {"period": self._label(group)})

    def _label(self, period: object) -> str:
        return period_label(period_start(period), self.every)

    @property
    def _format(self) -> str:
        return "percent:1" if self.in_percent else "number:3"


def _dots(ax: Axes, own: pd.DataFrame, at: list[int], unit: float) -> None:
    """Draw estimates with their intervals, dots before and diamonds after the start."""
    y, low, high = (unit * own[c].to_numpy(dtype=float) for c in ("estimate", "low", "high"))
    later = (own["period"] >= own["group"]).to_numpy()
    place = np.asarray(at)
    for chosen, marker in ((~later, "o"), (later, "D")):
        error = [y[chosen] - low[chosen], high[chosen] - y[chosen]]
        ax.errorbar(place[chosen], y[chosen], yerr=error, fmt=marker, markersize=4, capsize=2)
    ax.axhline(0, linewidth=0.8, color=plt.rcParams["axes.edgecolor"])
