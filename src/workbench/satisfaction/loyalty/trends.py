"""Loyalty over waves and groups: net promoter score and satisfaction, and whether they moved."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Kind, Picture, Result, columns_of, labelled
from workbench.satisfaction.loyalty.changes import (
    Cell,
    Measure,
    cell_of,
    change_between,
)
from workbench.satisfaction.loyalty.net_promoter import NetPromoter, nps
from workbench.satisfaction.questionnaire.answers import (
    MANY_LOST,
    WEIGHT,
    SurveyError,
    lost_answers,
    lost_bounds,
    require_questions,
    same_person,
)
from workbench.satisfaction.questionnaire.survey import SurveyData


@dataclass(frozen=True)
class Trend(Result):
    """One loyalty measure over waves or groups.

    Attributes
    ----------
    table : DataFrame
        One row a wave or group: the grouping column, `n`, `estimate`, `low`, `high`, `withheld`,
        `reason`. NPS in points, top-two-box as a share.
    changes : DataFrame
        From each row to the next: `before`, `after`, `both` (people in both), `correlation` (of
        their answers), `estimate`, `low`, `high`, `detectable` (the change that this sample shows
        with 80 % power) and `clear` (the interval excludes zero).
    measure, by : str
    scale : tuple of float
        Of the answers.
    lost : DataFrame
        One row as in `table`: `lost`, answers that were given and cannot be used, and between which
        bounds, `lowest` and `highest`, the estimate lies whatever they were.
    """

    table: pd.DataFrame
    changes: pd.DataFrame
    measure: Measure
    by: str
    scale: tuple[float, float] = (1, 5)
    lost: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def latest(self) -> Estimate:
        """The last wave or group that is large enough to be shown.

        Raises
        ------
        DataError
            None is.
        """
        shown = self.table[~self.table["withheld"]]
        if shown.empty:
            raise DataError(
                f"every group of {self.by!r} is too small", where="survey", remedy="pool waves"
            )
        last = shown.iloc[-1]
        about = _DRAWN[self.measure]
        numbers = (float(last[c]) for c in ("estimate", "low", "high", "n"))
        label = about.label
        if self.measure == "csat":
            label = _MEAN_ON.get(self.scale, label)
        return Estimate(*numbers, kind=about.kind, label=label, better="up")

    @property
    def panel(self) -> dict[str, float]:
        """What the last two waves share, for `sample_plan`: `overlap` and `correlation`."""
        last = self.changes.iloc[-1] if len(self.changes) else None
        if last is None or not last["both"] > 0 or np.isnan(last["correlation"]):
            return {}
        size = float(self.table["n"].iloc[-1])
        return {"overlap": last["both"] / size, "correlation": max(float(last["correlation"]), 0.0)}

    def estimates(self) -> dict[str, Estimate]:
        """Return the last wave shown; nothing where none is."""
        name = {"top_two_box": "csat.top"}.get(self.measure, self.measure)
        return {} if self.table["withheld"].all() else {name: self.latest}

    def findings(self) -> list[Finding]:
        """Whether the measure moved from the last wave but one to the last; of one, how high."""
        about, latest = _DRAWN[self.measure], self.estimates()
        if not latest:
            return []
        step = self.changes.iloc[-1] if len(self.changes) else None
        if step is None or pd.isna(step["estimate"]):
            level = Finding(self.measure, about.level, {"latest": self.latest}, estimates=latest)
            return [level, *self.losses()]
        change = Estimate(
            step["estimate"], step["low"], step["high"], kind=about.change, unit=about.unit,
            signed=True,
        )  # fmt: skip
        values = {
            "before": str(step["before"]),
            "after": str(step["after"]),
            "change": change,
            "size": change.scaled(-1 if change.value < 0 else 1).point.named(signed=False),
            "latest": self.latest.point,
            "detectable": Estimate(step["detectable"], kind=about.change, unit=about.unit),
            "both": int(step["both"]),
        }
        message, verdict = about.still, "open"
        if step["clear"]:
            rises = change.value > 0
            message, verdict = (about.risen, "risen") if rises else (about.fallen, "fallen")
        found = [
            Finding(f"{self.measure}.change", message, values, verdict=verdict),
            Finding(
                f"{self.measure}.detectable",
                "From {before} to {after} it changed by {change}. With samples of this size a true"
                " change of about {detectable} would have shown in four of five surveys; smaller"
                " ones are easily missed.",
                values,
            ),
        ]
        if step["both"]:
            found.append(
                Finding(
                    f"{self.measure}.panel",
                    "{both} customers answered in both waves and are compared with themselves.",
                    values,
                )
            )
        return [*found, *self.losses()]

    def losses(self) -> list[Finding]:
        """Say how many of the last answers cannot be used, and what they leave open."""
        shown = np.flatnonzero(~self.table["withheld"].to_numpy())
        if self.lost.empty or not shown.size:
            return []
        last, about = self.lost.iloc[shown[-1]], _DRAWN[self.measure]
        if not last["lost"]:
            return []
        n, of = int(last["lost"]), int(last["lost"] + self.table["n"].iloc[shown[-1]])
        low, high = (Estimate(float(last[c]), kind=about.kind) for c in ("lowest", "highest"))
        return [
            Finding(
                f"{self.measure}.lost",
                "{n} of {of} answers to this question cannot be used: they are unreadable or off"
                " the scale. Whatever they were, the figure of the latest group lies between {low}"
                " and {high}."
                if self.by != "wave"
                else "{n} of {of} answers to this question in the last wave cannot be used: they"
                " are unreadable or off the scale. Whatever they were, its figure lies between"
                " {low} and {high}.",
                {"n": n, "of": of, "low": low, "high": high},
                severity="warning" if n > MANY_LOST * of else "note",
            )
        ]

    def picture(self) -> Picture | None:
        """Draw the course over the waves, where there are two."""
        about = _DRAWN[self.measure]
        if len(self.table) < 2:
            return None
        return Picture(self.plot, about.title, about.subtitle, self.table)

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw the measure with its interval, wave by wave, each point labelled."""
        say = speak(language)
        ax = ax or plt.gca()
        about = _DRAWN[self.measure]
        kept = ~self.table["withheld"].to_numpy()
        place = np.flatnonzero(kept)
        y, low, high = (about.scale * self.table.loc[kept, c].to_numpy() for c in _LIMITS)
        ax.errorbar(place, y, yerr=[y - low, high - y], fmt="o-", capsize=4)
        for i, (x, value) in enumerate(zip(place, y, strict=True)):
            rises = i + 1 < len(y) and y[i + 1] > value
            ax.annotate(
                about.form.format(value).replace("-", "\N{MINUS SIGN}"),
                (x, value),
                xytext=(8, -13 if rises else 6),
                textcoords="offset points",
            )
        ax.set_xticks(np.arange(len(self.table)), [say.name(v) for v in self.table[self.by]])
        ax.set_xlim(-0.4, len(self.table) - 0.4)
        ax.set_ylabel(say(about.axis))
        return ax


_LIMITS = ("estimate", "low", "high")
#: What the mean is called on the usual scales: a figure alone does not say of how much it is.
_MEAN_ON: dict[tuple[float, float], str] = {
    (1.0, 5.0): "Mean satisfaction (1 to 5)",
    (1.0, 7.0): "Mean satisfaction (1 to 7)",
    (1.0, 10.0): "Mean satisfaction (1 to 10)",
    (0.0, 10.0): "Mean satisfaction (0 to 10)",
    (0.0, 4.0): "Mean satisfaction (0 to 4)",
    (0.0, 100.0): "Mean satisfaction (0 to 100)",
}
#: What the mean can be at worst and at best; that of satisfaction has the ends of its scale.
_ENDS: dict[Measure, tuple[float, float]] = {"nps": (-100.0, 100.0), "top_two_box": (0.0, 1.0)}


@dataclass(frozen=True)
class _About:
    """How a measure is written and drawn, and what is said of its change."""

    label: str
    level: str
    axis: str
    form: str
    risen: str
    fallen: str
    still: str
    title: str
    subtitle: str
    scale: float = 1.0
    kind: Kind = "number"
    change: Kind = "number"
    unit: str = ""


_DRAWN: dict[Measure, _About] = {
    "nps": _About(
        "Net promoter score",
        "The net promoter score is {latest}",
        "Net promoter score, points",
        "{:+.0f}",
        "The net promoter score rose by {size} since the last wave, to {latest}",
        "The net promoter score fell by {size} since the last wave, to {latest}",
        "The net promoter score has not moved clearly since the last wave",
        "Net promoter score, wave by wave",
        "Promoters minus detractors, points",
        kind="points",
        change="points",
    ),
    "csat": _About(
        "Mean satisfaction",
        "Satisfaction is {latest} on average",
        "Mean satisfaction",
        "{:.2f}",
        "Satisfaction rose by {size} since the last wave, to {latest}",
        "Satisfaction fell by {size} since the last wave, to {latest}",
        "Satisfaction has not moved clearly since the last wave",
        "Mean satisfaction, wave by wave",
        "Mean of the answers",
    ),
    "top_two_box": _About(
        "Satisfied customers (top two answers)",
        "{latest} of the answers are one of the top two",
        "Share of the top two answers, %",
        "{:.0f}%",
        "The share of satisfied customers rose by {size} since the last wave, to {latest}",
        "The share of satisfied customers fell by {size} since the last wave, to {latest}",
        "The share of satisfied customers has not moved clearly since the last wave",
        "Satisfied customers, wave by wave",
        "Share of the top two answers",
        scale=100.0,
        kind="percent",
        change="points",
        unit="%",
    ),
}


def loyalty_by_wave(
    survey: SurveyData,
    column: str,
    measure: Measure = "nps",
    *,
    scale: tuple[float, float] = (1, 5),
) -> Trend:
    """Follow a loyalty measure over the waves of a survey; see `loyalty_by`."""
    return loyalty_by(
        survey.answers.background,
        "wave",
        column=column,
        measure=measure,
        scale=scale,
        min_cell=survey.min_cell,
    )


def loyalty_by_groups(
    survey: SurveyData,
    column: str,
    measure: Measure = "nps",
    *,
    scale: tuple[float, float] = (1, 5),
) -> pd.DataFrame:
    """Compare a loyalty measure of the last wave over every grouping of the survey.

    Returns
    -------
    DataFrame
        The tables of `loyalty_by` below one another: `by` (the column), `group`, and the rest.

    Raises
    ------
    SurveyError
        There is nothing to compare by, or nobody answered.
    """
    latest = survey.latest.background
    if not survey.groups:
        raise SurveyError("no column to compare by", remedy="name one under survey.groups")
    found = [
        loyalty_by(
            latest, by, column=column, measure=measure, scale=scale, min_cell=survey.min_cell
        ).table
        for by in survey.groups
    ]
    first = survey.groups[0]
    about = {name: own for name, own in columns_of(found[0]).items() if name != first}
    tables = [
        table.rename(columns={by: "group"}).assign(by=by)
        for by, table in zip(survey.groups, found, strict=True)
    ]
    named = {"by": "Grouped by"} if len(tables) > 1 else {}
    return labelled(pd.concat(tables, ignore_index=True), **named, group="Group", **about)


def latest_nps(survey: SurveyData, column: str = "recommend") -> NetPromoter:
    """Net promoter score of a survey's last wave, with its parts.

    Raises
    ------
    SurveyError
        Nobody was asked who would recommend.
    """
    latest = survey.latest
    if column not in latest.background:
        raise SurveyError(f"there is no column {column!r}", remedy="ask who would recommend")
    return nps(latest.background[column], weights=latest.weights if latest.weighted else None)


def loyalty_by(
    frame: pd.DataFrame,
    by: str,
    *,
    column: str,
    measure: Measure = "nps",
    scale: tuple[float, float] = (1, 5),
    weights: str | None = None,
    min_cell: int = 5,
    level: float = 0.95,
) -> Trend:
    """Compare a loyalty measure over waves or groups.

    Differences join the two single intervals (square-and-add), so they keep the coverage of the
    score interval at any sample size; means use Welch's interval. People who answered in both waves
    are compared with themselves: the correlation of the two estimates that they bring about enters
    either way, and with nobody in both the waves are independent samples.

    Parameters
    ----------
    frame : DataFrame
    by, column : str
        The grouping column (sorted) and the answers.
    measure : {"nps", "csat", "top_two_box"}
    scale : tuple
        Scale of `csat` and `top_two_box`.
    weights : str, optional
        Column of weights; the column `weight` is used where there is one.
    min_cell : int
        Smaller groups are withheld.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17, 873-890, method 10 (square-and-add); with
    correlation: Newcombe (1998), same volume, 2635-2650, method 10; Zou (2008), American Journal of
    Epidemiology 168(2), 212-224, equation 7. Means: see `workbench.stats.mean_shift`.
    """
    require_questions(frame, by, column)
    limits = (0.0, 10.0) if measure == "nps" else scale
    weights = WEIGHT if weights is None and WEIGHT in frame else weights
    numbers = pd.to_numeric(frame[column], errors="coerce")
    good = numbers.between(*limits).to_numpy()
    if not good.any():
        raise DataError(
            f"no answer lies on the scale {limits[0]:g} to {limits[1]:g}",
            where=f"survey.{column}",
            remedy="check the column and its scale",
        )
    answered = pd.DataFrame({by: frame[by], "_value": numbers, "_who": same_person(frame)})
    answered["_weight"] = 1.0 if weights is None else frame[weights]
    answered["_lost"] = lost_answers(frame, column)
    rows: list[dict[str, object]] = []
    cells: list[Cell | None] = []
    lost: list[dict[str, float]] = []
    ends = _ENDS.get(measure, (float(scale[0]), float(scale[1])))
    for value, part in answered.assign(_good=good).groupby(by, sort=True, observed=True):
        used = part[part["_good"]]
        own = None if weights is None else used["_weight"].to_numpy(dtype=float)
        values, who = used["_value"].to_numpy(dtype=float), used["_who"].to_numpy()
        small = len(values) < min_cell
        cell = None if small else cell_of(values, own, who, measure, scale, level)
        cells.append(cell)
        shown = {"estimate": np.nan, "low": np.nan, "high": np.nan}
        shown = shown if cell is None else cell.interval.row()
        reason = "too few answers" if small else ""
        rows.append({by: value, **shown, "n": len(values), "withheld": small, "reason": reason})
        gone = part.loc[part["_lost"], "_weight"]
        bounds = lost_bounds(shown["estimate"], used["_weight"].sum(), gone.sum(), ends)
        lost.append({"lost": len(gone), "lowest": bounds[0], "highest": bounds[1]})
    columns = [by, "n", "estimate", "low", "high", "withheld", "reason"]
    if not rows:
        raise DataError(
            "there is nothing to compare",
            where=f"survey.{by}",
            remedy="fill the column or choose another",
        )
    table = pd.DataFrame(rows, columns=columns)
    changes = [
        {"before": before, "after": after, **change_between(a, b, measure, level)}
        for (a, b), (before, after) in zip(pairwise(cells), pairwise(table[by]), strict=True)
    ]
    names = ["before", "after", "both", "correlation", "estimate", "low", "high", "detectable"]
    names += ["clear"]
    forms = {"nps": "number:0", "csat": "number:2", "top_two_box": "percent"}
    about = _DRAWN[measure]
    heads: dict[str, Any] = {by: "Wave" if by == "wave" else "Group", "n": "Answers"}
    heads["estimate"] = (about.label, forms[measure])
    form = "points:1" if about.unit else f"number:{1 if measure == 'nps' else 2}"
    return Trend(
        labelled(table, **heads, reason="Note"),
        labelled(
            pd.DataFrame(changes, columns=names),
            before="From wave",
            after="To wave",
            both="In both",
            estimate=("Change (points)" if measure == "nps" else "Change", form),
            detectable=(
                "Detectable change (points)" if measure == "nps" else "Detectable change",
                form,
            ),
        ),
        measure,
        by,
        limits,
        pd.DataFrame(lost),
    )
