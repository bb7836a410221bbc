"""The picture of a process: what follows what, where it waits, and what is done twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from workbench.errors import DataError, require_columns
from workbench.languages import Language, speak
from workbench.results import Advice, Estimate, Finding, Picture, Result, labelled
from workbench.service.waiting import unit_of
from workbench.stats.disclosure import rule_of
from workbench.stats.intervals import proportion_interval
from workbench.study import CellRule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: How many activities and moves a picture holds.
_BOXES: Final = 8
_ARROWS: Final = 14

WAITS: Final = (
    "Most time passes between {source} and {target}: {share} of all; half of the moves take more"
    " than {median} {unit}"
)
TWICE: Final = "{share} of the tickets go through {activity} more than once"
LOOK: Final = "Find out what {tickets} tickets wait for between {source} and {target}"
WHY: Final = "Find out why {activity} is done again in {n} tickets, and do it right the first time"


@dataclass(frozen=True)
class ProcessMap(Result):
    """The steps of a process.

    Attributes
    ----------
    table : DataFrame
        One row a move from one activity to the next, that on which most time passes first: source,
        target, n (moves), tickets, median, median_low, median_high, p80 (in `unit`), share,
        share_low, share_high (of all time between steps).
    activities : DataFrame
        activity, n (tickets), again, again_low, again_high (share of these in which it comes more
        than once), begins, ends (tickets).
    unit : str
    tickets : int
    rare : int
        Moves of too few tickets, which are not shown.
    """

    table: pd.DataFrame
    activities: pd.DataFrame
    unit: str
    tickets: int
    rare: int

    def estimates(self) -> dict[str, Estimate]:
        """Share of the time of the move that takes most of it, and of what is done again."""
        found = {}
        for _, row in self.table.head(3).iterrows():
            name = f"{row['source']} → {row['target']}"
            found[name] = Estimate.of_row(row, "share", label=name, kind="percent", better="down")
        return found

    def findings(self) -> list[Finding]:
        """Say where it waits and what is done again."""
        row = self.table.iloc[0]
        values: dict[str, Any] = {
            "source": str(row["source"]), "target": str(row["target"]), "unit": self.unit,
            "share": Estimate(row["share"], row["share_low"], row["share_high"], kind="percent"),
            "median": Estimate.of_row(row, "median"), "tickets": int(row["tickets"]),
        }  # fmt: skip
        said = [Finding("service.steps", WAITS, values, advice=Advice(LOOK, 5))]
        loops = self.activities[self.activities["again_low"] > 0.05]
        for _, twice in loops.nlargest(1, "again").iterrows():
            share = Estimate.of_row(twice, "again", kind="percent", better="down")
            values = {"share": share, "activity": str(twice["activity"]),
                      "n": round(twice["again"] * twice["n"])}  # fmt: skip
            said.append(Finding("service.steps.again", TWICE, values, advice=Advice(WHY, 5)))
        return said

    def picture(self) -> Picture:
        """Draw the process."""
        height = 1.2 + 0.75 * min(len(self.activities), _BOXES)
        return Picture(
            self.plot, "How tickets move",
            "Most frequent steps from the top down; numbers are the time that half of the moves"
            " take at most, in {unit}",
            self.table, {"unit": self.unit}, height,
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one box an activity, one arrow a move: down on the right, back on the left."""
        import matplotlib.pyplot as plt
        from matplotlib.patches import FancyBboxPatch

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        often = self.activities.nlargest(_BOXES, "n", keep="all").index[:_BOXES]
        shown = self.activities.loc[sorted(often)]
        at = {name: -i for i, name in enumerate(shown["activity"])}
        moves = self.table[self.table["source"].isin(at) & self.table["target"].isin(at)]
        moves = moves.nlargest(_ARROWS, "n", keep="all")
        most = max(int(moves["n"].max()), 1) if len(moves) else 1
        for name, y in at.items():
            n = int(shown.loc[shown["activity"] == name, "n"].iloc[0])
            box = FancyBboxPatch(
                (-1, y - 0.18), 2, 0.36, boxstyle="round,pad=0.05", facecolor="white",
                edgecolor="C0", linewidth=1, zorder=3,
            )  # fmt: skip
            ax.add_patch(box)
            text = f"{say.name(name)} ({say.number(n, 0)})"
            ax.text(0, y, text, ha="center", va="center", zorder=4, fontsize="small")
        for _, move in moves.iterrows():
            _arrow(ax, move, at, say, most)
        ax.set_xlim(-2.6, 2.6)
        ax.set_ylim(-len(at) + 0.5, 0.5)
        ax.axis("off")
        return ax


def _arrow(ax: Axes, move: Any, at: dict[str, int], say: Language, most: int) -> None:
    """Draw a move: to the next box straight, further down on the right, back on the left."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    start, end = at[move["source"]], at[move["target"]]
    far, median = abs(end - start), float(move["median"])
    side, x = (1, 1.05) if end < start else (-1, -1.05)
    bow = side * (0.5 + 0.5 * max(far, 1))
    if far == 1 and side > 0:
        x, bow = 0.0, 0.0
        ends = (start - 0.23, end + 0.23)
    else:
        # leaves and arrives apart from the moves that go the other way
        ends = (start - side * 0.08, end + side * 0.08) if far else (start + 0.14, start - 0.14)
    middle = sum(ends) / 2
    curve = Path([(x, ends[0]), (x + bow, middle), (x, ends[1])],
                 [Path.MOVETO, Path.CURVE3, Path.CURVE3])  # fmt: skip
    width = 0.6 + 2.6 * float(move["n"]) / most
    ax.add_patch(
        FancyArrowPatch(
            path=curve, arrowstyle="-|>", mutation_scale=8 + 2 * width, linewidth=width,
            color="0.55" if side > 0 else "C1", fill=False,
        )
    )  # fmt: skip
    at_text = (x + bow / 2 if bow else 0.1, middle)
    behind = {"facecolor": "white", "edgecolor": "none", "pad": 0.8} if bow else None
    text = say.number(median, 1 if median < 10 else 0)
    ax.text(*at_text, text, va="center", ha="center" if bow else "left", fontsize="small",
            bbox=behind)  # fmt: skip


def process_map(
    moves: pd.DataFrame,
    activities: pd.DataFrame,
    tickets: int,
    *,
    min_cell: CellRule | int = 5,
) -> ProcessMap:
    """Tell what follows what, where it waits and what is done again.

    Parameters
    ----------
    moves, activities : DataFrame
        As `workbench.data.summaries.step_log` gives them.
    tickets : int
        Tickets in all.
    min_cell : CellRule or int
        Moves and activities of fewer tickets are not shown.

    Raises
    ------
    DataError
        No move of enough tickets.
    """
    require_columns(
        moves, ("source", "target", "moves", "tickets", "median", "share"), "the moves have"
    )
    least = max(rule_of(min_cell).min_cell, 1)
    enough = moves[moves["tickets"] >= least]
    if enough.empty:
        raise DataError(
            f"no step follows another in at least {least} tickets", remedy="wait for more"
        )
    overall = float(np.average(enough["median"], weights=enough["moves"]))
    unit, factor = unit_of(overall, business=False)
    table = enough.rename(columns={"moves": "n"}).drop(columns="hours").reset_index(drop=True)
    for name in ("median", "median_low", "median_high", "p80"):
        table[name] = table[name] * factor
    known = activities[activities["tickets"] >= least]
    again = [proportion_interval(k, n)
             for k, n in zip(known["again"], known["tickets"], strict=True)]  # fmt: skip
    boxes = pd.DataFrame(
        {"activity": known["activity"], "n": known["tickets"], "again": [e.value for e in again],
         "again_low": [e.low for e in again], "again_high": [e.high for e in again],
         "begins": known["first"], "ends": known["last"]}
    ).reset_index(drop=True)  # fmt: skip
    table = labelled(
        table, source="From", target="To", n="Moves", tickets="Tickets", median="Median",
        p80="80% within", share=("Share of all time", "percent"),
    )  # fmt: skip
    boxes = labelled(
        boxes, activity="Step", n="Tickets", again=("More than once", "percent"),
        begins="First step", ends="Last step",
    )  # fmt: skip
    return ProcessMap(table, boxes, unit, tickets, len(moves) - len(enough))
