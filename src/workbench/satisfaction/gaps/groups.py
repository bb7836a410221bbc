"""Gaps of groups and waves: who is served worst, and has it moved."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.special import stdtr

from workbench.arrays import Array, Index
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled, named_estimates
from workbench.satisfaction.gaps.gaps import GAP_AXIS, dimension_gaps, dimension_sides
from workbench.satisfaction.questionnaire.answers import Answers, require_questions
from workbench.stats import Sample, Shift, adjust, mean_shift
from workbench.stats.weights import several


@dataclass(frozen=True)
class GroupGaps(Result):
    """Gaps of each group.

    Attributes
    ----------
    table : DataFrame
        The grouping column, `dimension` ("overall" last), `n`, `expectation`, `perception`,
        `estimate`, `low`, `high`, `withheld` (bool), `reason`; on the overall rows `from_rest`
        (gap less that of all other groups), `rest_low`, `rest_high`, `p`, `p_holm`.
    by : str
    min_cell : int
        Groups of fewer answers are withheld.
    """

    table: pd.DataFrame
    by: str
    min_cell: int = 5

    @property
    def overall(self) -> pd.DataFrame:
        """One row a group: the gap over all items, the widest first, withheld groups last."""
        rows = self.table[self.table["dimension"] == "overall"].drop(columns="dimension")
        return rows.sort_values("estimate", kind="stable").reset_index(drop=True)

    @property
    def worst(self) -> pd.Series:
        """The group with the widest gap."""
        return self.overall.iloc[0]

    @property
    def differ(self) -> bool:
        """Whether any group differs from all others together beyond chance (Holm, 5 %)."""
        return bool((self.overall["p_holm"] < 0.05).any())

    def estimates(self) -> dict[str, Estimate]:
        """Gap of each group shown, the widest first."""
        rows = self.overall[~self.overall["withheld"]]
        return named_estimates(
            rows, self.by, prefix="gap.", kind="points", better="up", signed=True
        )

    def findings(self) -> list[Finding]:
        """Who is served worst by what they expect, and whether groups differ; nothing of one."""
        shown = self.estimates()
        if not shown:
            return []
        (worst, *others) = shown.values()
        all_short = all(each.high < 0 for each in shown.values())
        values = {"worst": worst.label, "gap": worst, "least": self.min_cell}
        if self.differ and worst.high < 0:
            message = "The gap is widest for this group: {worst}"
        elif self.differ and worst.low > 0:
            message = "Groups differ: expectations are exceeded least for {worst}"
        elif self.differ:
            message = "Groups differ: experience is lowest against expectation for {worst}"
        elif all_short and others:
            message = "Expectations are missed in every group, most for {worst}"
        elif all(each.low > 0 for each in shown.values()) and others:
            message = "Expectations are exceeded in every group, least for {worst}"
        elif others:
            message = "No group differs clearly from the others"
        else:
            message = "Only one group is large enough to be shown: {worst}"
        return [
            Finding(
                "gap.groups",
                message,
                values,
                verdict="differ" if self.differ else "alike",
                estimates={"gap": worst},
            ),
            Finding(
                "gap.group",
                "Experience minus expectation for {worst}: {gap}. Groups with fewer than "
                "{least} answers are withheld.",
                values,
            ),
        ]

    def picture(self) -> Picture:
        """Gap of each group over all items."""
        return Picture(
            self.plot, "The gap by group of customers", "Scale points, all waves", self.overall
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw the gap of each group with its interval, the widest on top."""
        say = speak(language)
        ax = ax or plt.gca()
        rows = self.overall.iloc[::-1].reset_index(drop=True)
        shown = rows[~rows["withheld"]]
        place = shown.index.to_numpy()
        error = [shown["estimate"] - shown["low"], shown["high"] - shown["estimate"]]
        ax.errorbar(shown["estimate"], place, xerr=error, fmt="o", capsize=3)
        for at in rows.index[rows["withheld"]]:
            words = say("withheld: too few answers")
            ax.annotate(words, (0, at), va="center", ha="right", fontsize="small")
        ax.axvline(0, color=plt.rcParams["axes.edgecolor"], linewidth=0.8)
        ax.set_yticks(rows.index, [say.name(v) for v in rows[self.by]])
        ax.set_ylim(-0.7, len(rows) - 0.3)
        ax.tick_params(axis="y", length=0)
        ax.grid(visible=False, axis="y")
        ax.set_xlabel(say(GAP_AXIS))
        return ax


def gaps_by(answers: Answers, by: str, *, min_cell: int = 5, level: float = 0.95) -> GroupGaps:
    """Gaps of each group (wave, region, segment), small groups withheld.

    Parameters
    ----------
    answers : Answers
    by : str
        A column of `answers.background`.
    min_cell : int
        Groups with fewer respondents show their count and the reason, and no value.

    Raises
    ------
    DataError
        The column does not exist.
    """
    groups = _groups(answers, by)
    wished, seen = dimension_sides(answers)
    w, people = answers.weights, answers.people
    names = [*answers.dimensions, "overall"]
    parts = []
    for value in groups.dropna().drop_duplicates().sort_values():
        at = (groups == value).to_numpy()
        rows = dimension_gaps(names, wished[at], seen[at], w[at], several(people[at]), level)
        small = rows["n"] < min_cell
        shown = rows[["n", "expectation", "perception", "estimate", "low", "high"]].copy()
        shown.loc[small, shown.columns[1:]] = np.nan
        shown.insert(0, by, value)
        shown.insert(1, "dimension", rows["dimension"])
        shown["withheld"] = small
        shown["reason"] = np.where(small, "too few answers", "")
        parts.append(shown)
    if not parts:
        raise DataError(
            f"column {by!r} is empty", where="survey", remedy="fill it or choose another"
        )
    table = pd.concat(parts, ignore_index=True)
    overall = seen[:, -1] - wished[:, -1]
    rest = _against_rest(overall, w, people, groups, min_cell, level).assign(dimension="overall")
    table = labelled(
        table.merge(rest, on=[by, "dimension"], how="left"),
        **{by: "Group"},
        dimension="Dimension",
        n="Answers",
        expectation=("Expectation", "number:2"),
        perception=("Experience", "number:2"),
        estimate=("Gap", "number:2"),
        p_holm=("Differs from the others (p, Holm)", "p"),
        reason="Note",
    )
    return GroupGaps(table, by, min_cell)


def _against_rest(
    scores: Array,
    w: Array,
    people: Index,
    groups: pd.Series,
    min_cell: int,
    level: float,
) -> pd.DataFrame:
    """Estimate of each group's gap less that of all others (Welch), corrected by Holm."""
    known = groups.notna().to_numpy() & ~np.isnan(scores)
    rows = []
    for value in groups.dropna().drop_duplicates().sort_values():
        inside = known & (groups == value).to_numpy()
        outside = known & ~inside
        row = {str(groups.name): value}
        if min(inside.sum(), outside.sum()) >= max(min_cell, 2):
            other, own = (Sample(scores[m][:, None], w[m], people[m]) for m in (outside, inside))
            shift = mean_shift(other, own)
            low, high = shift.limits(level)
            row |= {"from_rest": shift.estimate[0]}
            if shift.variance[0] > 0:
                row |= {"rest_low": low[0], "rest_high": high[0], "p": _two_sided(shift)[0]}
        rows.append(row)
    columns = [str(groups.name), "from_rest", "rest_low", "rest_high", "p"]
    table = pd.DataFrame(rows, columns=columns)
    table["p_holm"] = adjust(table["p"].astype(float), "holm")
    return table


def _two_sided(shift: Shift) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.abs(shift.estimate) / np.sqrt(shift.variance)
    return np.asarray(2 * stdtr(shift.df, -t), dtype=float)


def gap_changes(
    answers: Answers, wave: str = "wave", *, min_cell: int = 5, level: float = 0.95
) -> pd.DataFrame:
    """Change of each dimension's gap from one wave to the next.

    People who answered in both waves are compared with themselves, the others as independent
    samples (see `mean_shift`): Welch's test where nobody answered twice, the paired one where all
    did. p-values are corrected over all changes by Holm.

    Returns
    -------
    DataFrame
        `dimension`, `before`, `after` (waves), `n_before`, `n_after`, `both` (people with a gap in
        both), `estimate`, `low`, `high`, `p`, `p_holm`; NaN where a wave is too small.
    """
    groups = _groups(answers, wave)
    order = list(groups.dropna().drop_duplicates().sort_values())
    scores = answers.scores(answers.gap)
    people = answers.people
    cells = {}
    for name in order:
        here = (groups == name).to_numpy()
        cells[name] = Sample(scores[here].to_numpy(), answers.weights[here], people[here])
    rows = []
    for before, after in pairwise(order):
        a, b = cells[before], cells[after]
        shift = mean_shift(a, b)
        counts = [(~np.isnan(side.values)).sum(axis=0) for side in (a, b)]
        usable = (np.minimum(*counts) >= min_cell) & (shift.variance > 0)
        low, high = shift.limits(level)
        rows.append(
            pd.DataFrame(
                {
                    "dimension": scores.columns,
                    "before": before,
                    "after": after,
                    "n_before": counts[0],
                    "n_after": counts[1],
                    "both": shift.both.astype(int),
                    "estimate": np.where(usable, shift.estimate, np.nan),
                    "low": np.where(usable, low, np.nan),
                    "high": np.where(usable, high, np.nan),
                    "p": np.where(usable, _two_sided(shift), np.nan),
                }
            )
        )
    if not rows:
        raise DataError(
            "there is one wave only", where=f"survey.{wave}", remedy="a change needs two waves"
        )
    table = pd.concat(rows, ignore_index=True)
    table["p_holm"] = adjust(table["p"], "holm")
    return labelled(
        table,
        dimension="Dimension",
        before="From wave",
        after="To wave",
        both="In both",
        estimate=("Change of the gap", "number:2"),
        p_holm=("p-value (Holm)", "p"),
    )


def _groups(answers: Answers, by: str) -> pd.Series:
    require_questions(answers.background, by)
    return answers.background[by]
