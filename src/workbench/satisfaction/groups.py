"""Gaps of groups and waves: who is served worst, and has it moved."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.special import stdtr, stdtrit

from workbench.errors import DataError
from workbench.satisfaction.answers import Answers
from workbench.satisfaction.gaps import Array, dimension_gaps, dimension_sides
from workbench.stats import Moments, adjust, column_moments


@dataclass(frozen=True)
class GroupGaps:
    """Gaps of each group.

    Attributes
    ----------
    table : DataFrame
        The grouping column, `dimension` ("overall" last), `n`, `expectation`, `perception`,
        `estimate`, `low`, `high`, `withheld` (bool), `reason`; on the overall rows `from_rest`
        (gap less that of all other groups), `rest_low`, `rest_high`, `p`, `p_holm`.
    by : str
    """

    table: pd.DataFrame
    by: str

    @property
    def overall(self) -> pd.DataFrame:
        """One row a group: the gap over all items, the widest first, withheld groups last."""
        rows = self.table[self.table["dimension"] == "overall"]
        return rows.sort_values("estimate", kind="stable").reset_index(drop=True)

    @property
    def worst(self) -> pd.Series:
        """The group with the widest gap."""
        return self.overall.iloc[0]

    @property
    def apart(self) -> bool:
        """Whether any group differs from all others together beyond chance (Holm, 5 %)."""
        return bool((self.overall["p_holm"] < 0.05).any())

    def metrics(self) -> pd.DataFrame:
        """Gap of each group shown: name, value, low, high."""
        rows = self.overall[~self.overall["withheld"]]
        names = "gap." + rows[self.by].astype(str)
        return pd.DataFrame(
            {"name": names, "value": rows["estimate"], "low": rows["low"], "high": rows["high"]}
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the gap of each group with its interval, the widest on top."""
        ax = ax or plt.gca()
        rows = self.overall.iloc[::-1].reset_index(drop=True)
        shown = rows[~rows["withheld"]]
        place = shown.index.to_numpy()
        error = [shown["estimate"] - shown["low"], shown["high"] - shown["estimate"]]
        ax.errorbar(shown["estimate"], place, xerr=error, fmt="o", capsize=3)
        for at in rows.index[rows["withheld"]]:
            ax.annotate(
                "withheld: too few answers", (0, at), va="center", ha="right", fontsize="small"
            )
        ax.axvline(0, color=plt.rcParams["axes.edgecolor"], linewidth=0.8)
        ax.set_yticks(rows.index, [str(v) for v in rows[self.by]])
        ax.set_ylim(-0.7, len(rows) - 0.3)
        ax.tick_params(axis="y", length=0)
        ax.grid(visible=False, axis="y")
        ax.set_xlabel("Experience minus expectation, scale points (bar: 95% interval)")
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
    w = answers.weights if answers.weighted else None
    names = [*answers.dimensions, "overall"]
    parts = []
    for value in groups.dropna().drop_duplicates().sort_values():
        at = (groups == value).to_numpy()
        rows = dimension_gaps(names, wished[at], seen[at], None if w is None else w[at], level)
        small = rows["n"] < min_cell
        shown = rows[["n", "expectation", "perception", "estimate", "low", "high"]].copy()
        shown.loc[small, shown.columns[1:]] = np.nan
        shown.insert(0, by, value)
        shown.insert(1, "dimension", rows["dimension"])
        shown["withheld"] = small
        shown["reason"] = np.where(small, f"fewer than {min_cell} answers", "")
        parts.append(shown)
    if not parts:
        raise DataError(
            f"column {by!r} is empty", where="survey", remedy="fill it or choose another"
        )
    table = pd.concat(parts, ignore_index=True)
    overall = seen[:, -1] - wished[:, -1]
    rest = _against_rest(overall, answers.weights, groups, min_cell, level).assign(
        dimension="overall"
    )
    return GroupGaps(table.merge(rest, on=[by, "dimension"], how="left"), by)


def _against_rest(
    scores: Array, w: Array, groups: pd.Series, min_cell: int, level: float
) -> pd.DataFrame:
    """Welch's interval of each group's gap less that of all others, corrected by Holm."""
    known = groups.notna().to_numpy() & ~np.isnan(scores)
    rows = []
    for value in groups.dropna().drop_duplicates().sort_values():
        inside = known & (groups == value).to_numpy()
        outside = known & ~inside
        row = {str(groups.name): value}
        if min(inside.sum(), outside.sum()) >= max(min_cell, 2):
            a, b = (column_moments(scores[m][:, None], w[m]) for m in (inside, outside))
            row |= _welch(a, b, level)
        rows.append(row)
    columns = [str(groups.name), "from_rest", "rest_low", "rest_high", "p"]
    table = pd.DataFrame(rows, columns=columns)
    table["p_holm"] = adjust(table["p"].astype(float), "holm")
    return table


def _welch(a: Moments, b: Moments, level: float) -> dict[str, float]:
    va, vb = float(a.variance[0]), float(b.variance[0])
    change, se = float(a.mean[0] - b.mean[0]), np.sqrt(va + vb)
    if not se > 0:
        return {"from_rest": change}
    df = (va + vb) ** 2 / (va**2 / (a.effective[0] - 1) + vb**2 / (b.effective[0] - 1))
    half = float(stdtrit(df, 0.5 + level / 2) * se)
    p = float(2 * stdtr(df, -abs(change / se)))
    return {"from_rest": change, "rest_low": change - half, "rest_high": change + half, "p": p}


def gap_changes(
    answers: Answers, wave: str = "wave", *, min_cell: int = 5, level: float = 0.95
) -> pd.DataFrame:
    """Change of each dimension's gap from one wave to the next.

    Respondents of two waves are taken as independent samples (Welch); where the same people
    answer twice this is cautious. p-values are corrected over all changes by Holm.

    Returns
    -------
    DataFrame
        `dimension`, `before`, `after` (waves), `n_before`, `n_after`, `estimate`, `low`, `high`,
        `p`, `p_holm`; NaN where a wave is too small.
    """
    groups = _groups(answers, wave)
    order = list(groups.dropna().drop_duplicates().sort_values())
    scores = answers.scores(answers.gap)
    cells = {}
    for name in order:
        members = (groups == name).to_numpy()
        cells[name] = column_moments(scores[members].to_numpy(), answers.weights[members])
    rows = []
    for before, after in pairwise(order):
        a, b = cells[before], cells[after]
        enough = (a.n >= min_cell) & (b.n >= min_cell)
        se = np.where(enough, np.sqrt(a.variance + b.variance), np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            parts = a.variance**2 / (a.effective - 1) + b.variance**2 / (b.effective - 1)
            df = (a.variance + b.variance) ** 2 / parts
        change = np.where(np.isnan(se), np.nan, b.mean - a.mean)
        half = stdtrit(df, 0.5 + level / 2) * se
        rows.append(
            pd.DataFrame(
                {
                    "dimension": scores.columns,
                    "before": before,
                    "after": after,
                    "n_before": a.n.astype(int),
                    "n_after": b.n.astype(int),
                    "estimate": change,
                    "low": change - half,
                    "high": change + half,
                    "p": 2 * stdtr(df, -np.abs(change / se)),
                }
            )
        )
    if not rows:
        raise DataError(
            "there is one wave only", where=f"survey.{wave}", remedy="a change needs two waves"
        )
    table = pd.concat(rows, ignore_index=True)
    table["p_holm"] = adjust(table["p"], "holm")
    return table


def _groups(answers: Answers, by: str) -> pd.Series:
    if by not in answers.background:
        raise DataError(
            f"there is no column {by!r}",
            where="survey",
            remedy=f"choose one of {', '.join(map(str, answers.background.columns))}",
        )
    return answers.background[by]
