"""What stands behind one design's answer: donors and placebos, or starts, groups and averages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from workbench.impact.designs.staggered.staggered import StaggeredEffect
from workbench.impact.designs.synthetic.synthetic_control import SyntheticControl
from workbench.impact.effect import Effect, mark_start
from workbench.impact.inputs.panel import period_start
from workbench.impact.inputs.periods import period_label
from workbench.languages import Language, speak
from workbench.results import Finding, Picture, labelled

MIXTURE = (
    "Before the start the mixture misses {unit} by {error} on average (root of the mean square)."
    " Put in its place, {as_large} of {n} comparison units depart as far from their mixtures after"
    " the start, each measured by its own error before."
)
STAGGERED = (
    "Units that started together are compared, period by period, with {n} units {controls}; no unit"
    " treated earlier serves as a comparison."
)
#: The comparison of a staggered design, as `StaggeredEffect.parts` names it -> in a sentence.
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
_SMALL = 0.005
# times the squared error of the treated unit
_NO_FIT = 20.0


@dataclass(frozen=True)
class MixtureView:
    """A synthetic control, as its page shows it."""

    effect: SyntheticControl

    @property
    def table(self) -> pd.DataFrame:
        """Donors that carry weight: `unit`, `weight`, `effect` without it."""
        donors = self.effect.donors[self.effect.donors["weight"] >= _SMALL]
        return labelled(
            donors.merge(self.effect.left_out[["unit", "effect"]], on="unit", how="left"),
            unit="Comparison unit",
            weight=("Weight", "percent:0"),
            effect=("Effect without it", "number:2"),
        )

    @property
    def placebos(self) -> pd.DataFrame:
        """Each unit in the place of the treated, which stands first; by size of the ratio."""
        table = self.effect.placebos
        return labelled(
            pd.concat([table[:1], table[1:].sort_values("ratio", ascending=False)]),
            unit="Unit in the place of the treated",
            effect=("Effect", "number:2"),
            rmspe_before=("Error before", "number:2"),
            rmspe_after=("Error after", "number:2"),
            ratio=("After over before", "number:2"),
        )

    @property
    def finding(self) -> Finding:
        """How well the mixture follows the unit, and how far it stands out among placebos."""
        table = self.effect.placebos
        as_large = round(self.effect.rank_p * len(table)) - 1
        values = {
            "unit": str(table["unit"].iloc[0]),
            "error": float(self.effect.rmspe_before),
            "n": len(table) - 1,
            "as_large": as_large,
        }
        return Finding("mixture", MIXTURE, values)

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw the gap of the treated unit among those of the others.

        Units that no mixture follows run out of the frame: they say nothing about the treated one
        (Abadie, Diamond, Hainmueller 2010, section 3.4, set them aside).
        """
        ax = self.effect.plot_placebos(ax, language=language)
        table = self.effect.placebos
        error = table["rmspe_before"].to_numpy()
        kept = error**2 <= _NO_FIT * max(error[0], float(np.median(error))) ** 2
        reach = 1.08 * float(np.abs(self.effect.placebo_gaps.to_numpy()[:, kept]).max())
        ax.set_ylim(-reach, reach)
        return ax


@dataclass(frozen=True)
class StartsView:
    """A measure taken up at different times, as its page shows it."""

    effect: StaggeredEffect
    every: str

    @property
    def kind(self) -> str:
        """How the numbers are written: a difference, or percent."""
        return "percent:1" if self.effect.in_percent else "number:3"

    @property
    def group_time(self) -> pd.DataFrame:
        """Effects by start and period: `group`, `period`, `estimate`, interval, units."""
        table = self.effect.group_time
        named = {c: [_written(p, self.every) for p in table[c]] for c in ("group", "period")}
        # the period before the start is what all others are compared with
        spread = {c: table[c].where(table["se"] > 0) for c in ("low", "high")}
        return labelled(
            table.assign(**named, **spread),
            group="First treated",
            period="Period",
            estimate=("Effect", self.kind),
            treated="Treated units",
            compared="Comparison units",
        )

    @property
    def averages(self) -> pd.DataFrame:
        """Averages, single starts and other comparisons: `average`, `units`, `estimate`, interval.

        Columns of the interval are `low` and `high`.
        """
        e, columns = self.effect, ["average", "units", "estimate", "low", "high"]
        overall = e.overall.assign(
            average=[AVERAGES[name] for name in e.overall["average"]], units=e.n_treated
        )
        size = e.group_time.groupby("group")["treated"].max()
        begun: list[Any] = [
            Finding("start", ONE_START, {"period": _written(g, self.every)})
            for g in e.by_group["group"]
        ]
        single = e.by_group.assign(
            average=begun,
            units=[int(size[g]) for g in e.by_group["group"]],
        )
        other = e.parts[1:].rename(columns={"model": "average"}).assign(units=e.n_treated)
        parts = [overall[columns], single[columns], other[columns]]
        return labelled(
            pd.concat(parts, ignore_index=True),
            average="Average", units="Treated units", estimate=("Effect", self.kind),
        )  # fmt: skip

    @property
    def finding(self) -> Finding:
        """Which units are compared with which."""
        name = str(self.effect.parts["model"].iloc[0])
        compared = int(self.effect.group_time["compared"].max())
        return Finding("starts", STAGGERED, {"n": compared, "controls": CONTROLS[name]})

    def plot(self, figure: Any, *, language: str | Language = "en") -> list[Axes]:
        """Draw the effects of each group with one start, one panel a group."""
        table, unit = self.effect.group_time, 100.0 if self.effect.in_percent else 1.0
        t = speak(language)
        groups = list(dict.fromkeys(table["group"]))
        columns = 1 if len(groups) == 1 else 2
        rows = -(-len(groups) // columns)
        figure.set_figheight(2.2 * rows)
        panels = figure.subplots(rows, columns, sharex=True, squeeze=False).ravel()
        periods = sorted(set(table["period"]))
        for k, (ax, group) in enumerate(zip(panels, groups, strict=False)):
            at_end = k + columns >= len(groups)
            own = table[table["group"] == group]
            _dots(ax, own, [periods.index(p) for p in own["period"]], unit)
            mark_start(ax, periods.index(group))
            # the lowest of its column, also where the last row is not full
            ax.tick_params(labelbottom=at_end)
            at = range(0, len(periods), max(1, len(periods) // 4))
            ax.set_xticks(list(at), [_written(periods[i], self.every) for i in at])
            ax.set_title(
                t(ONE_START, period=_written(group, self.every)), fontsize="small", loc="left"
            )
        for ax in panels[len(groups) :]:
            ax.set_axis_off()
        percent = self.effect.in_percent
        panels[0].set_ylabel(t("Effect, %") if percent else t("Effect"))
        return list(panels[: len(groups)])


def _dots(ax: Axes, own: pd.DataFrame, at: list[int], unit: float) -> None:
    """Draw estimates with their intervals, dots before and diamonds after the start."""
    y, low, high = (unit * own[c].to_numpy(dtype=float) for c in ("estimate", "low", "high"))
    later = (own["period"] >= own["group"]).to_numpy()
    place = np.asarray(at)
    for chosen, marker in ((~later, "o"), (later, "D")):
        error = [y[chosen] - low[chosen], high[chosen] - y[chosen]]
        ax.errorbar(place[chosen], y[chosen], yerr=error, fmt=marker, markersize=4, capsize=2)
    ax.axhline(0, linewidth=0.8, color=plt.rcParams["axes.edgecolor"])


def mixture_of(effects: Iterable[Effect]) -> MixtureView | None:
    """Give the first synthetic control among the answers."""
    found = (e for e in effects if isinstance(e, SyntheticControl))
    return next((MixtureView(e) for e in found), None)


def starts_of(effects: Iterable[Effect], every: str) -> StartsView | None:
    """Give the first answer about different starts."""
    found = (e for e in effects if isinstance(e, StaggeredEffect))
    return next((StartsView(e, every) for e in found), None)


def _written(period: Any, every: str) -> str:
    """Write a period: its year alone where periods are years."""
    return period_label(period_start(period), every)
