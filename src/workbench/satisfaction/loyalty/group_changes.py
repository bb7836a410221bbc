"""Whether groups of customers moved from one wave to the next, corrected for how many there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

from workbench.arrays import Array, Index
from workbench.errors import DataError
from workbench.results import Estimate, Finding, Kind, Result, directed, labelled
from workbench.satisfaction.loyalty.changes import Measure, cell_of, change_between
from workbench.satisfaction.questionnaire.answers import require_questions
from workbench.satisfaction.questionnaire.survey import SurveyData
from workbench.stats import Sample, adjust, mean_shift, two_sided

#: Share of false alarms, over all groups and measures together.
_ERROR: Final = 0.05
_COLUMNS: Final = (
    "group", "measure", "before", "after", "n_before", "n_after", "both", "estimate", "low", "high",
    "p", "p_holm", "withheld", "reason",
)  # fmt: skip


class _Measured(NamedTuple):
    """A measure: its name, how changes of it are written, and its values."""

    name: str
    kind: Kind
    unit: str
    values: Array
    measure: Measure | None
    scale: tuple[float, float]


@dataclass(frozen=True)
class GroupChanges(Result):
    """What each group's loyalty, satisfaction, experience and gap did from wave to wave.

    Attributes
    ----------
    table : DataFrame
        One row a measure and group: `group`, `measure`, `before`, `after` (waves), `n_before`,
        `n_after`, `both` (people in both), `estimate` with `low` and `high` (NPS and shares in
        points, means on their scale), `p`, `p_holm` (over all rows), `withheld`, `reason`.
    by : str
        The column of the groups.
    units : dict of str to (kind, unit)
        How changes of each measure are written.
    """

    table: pd.DataFrame
    by: str
    units: dict[str, tuple[Kind, str]]

    @property
    def moved(self) -> pd.DataFrame:
        """Rows that changed beyond chance (5 % over all of them, Holm), the surest first."""
        rows = self.table[self.table["p_holm"] < _ERROR]
        return rows.sort_values("p_holm", kind="stable")

    def change(self, row: pd.Series) -> Estimate:
        """Give the change of one row."""
        kind, unit = self.units[str(row["measure"])]
        # a share's change stands in the table in percentage points
        numbers = (float(row[c]) / (100 if unit else 1) for c in ("estimate", "low", "high"))
        return Estimate(*numbers, kind=kind, unit=unit, signed=True, label=str(row["group"]))

    def estimates(self) -> dict[str, Estimate]:
        """Change of each group shown: `nps.North`."""
        shown = self.table[~self.table["withheld"]]
        return {f"{row['measure']}.{row['group']}": self.change(row) for _, row in shown.iterrows()}

    def findings(self) -> list[Finding]:
        """Name the groups that moved beyond chance, or say that none is shown to have."""
        first = self.table.iloc[0]
        values: dict[str, Any] = {
            "n": int((~self.table["withheld"]).sum()),
            "before": str(first["before"]),
            "after": str(first["after"]),
        }
        if not values["n"]:
            return [
                Finding("changes.groups", "No group is large enough in both waves to be compared")
            ]
        moved = self.moved
        told = Finding(
            "changes.corrected",
            "From {before} to {after}, {n} changes of groups were looked at. A change is named only"
            " if fewer than one such list in twenty would name any by chance.",
            values,
        )
        if moved.empty:
            return [
                Finding(
                    "changes.groups",
                    "No group has moved clearly from the last wave to this one",
                    values,
                    verdict="open",
                ),
                told,
            ]
        lines = [
            Finding(
                f"changes.{row['measure']}.{row['group']}",
                "{group}: {measure} rose by {change}"
                if row["estimate"] > 0
                else "{group}: {measure} fell by {change}",
                {
                    "group": row["group"],
                    "measure": row["measure"],
                    "change": directed(self.change(row))[1],
                },
                verdict="risen" if row["estimate"] > 0 else "fallen",
            )
            for _, row in moved.iterrows()
        ]
        message = "One group’s answers moved from the last wave to this one: {group}"
        names = list(dict.fromkeys(moved["group"]))
        if len(names) > 1:
            message = "Answers of several groups moved from the last wave to this one"
        head = Finding("changes.groups", message, {**values, "group": names[0]}, verdict="moved")
        return [head, *lines, told]


def changes_by_group(
    survey: SurveyData,
    outcome: str = "csat5",
    *,
    scale: tuple[float, float] = (1, 5),
    recommend: str = "recommend",
    level: float = 0.95,
) -> GroupChanges:
    """Compare each group's last wave with the one before, people in both with themselves.

    Looked at are the net promoter score, the share of the two best answers to overall satisfaction,
    experience over all items, and its gap to expectation, as far as they were asked. p-values of
    scores and shares belong to the intervals of `loyalty_by` (the level at which one touches zero),
    those of means are Student's; all are corrected together by Holm.

    Parameters
    ----------
    survey : SurveyData
        Its `group` is the column of the groups, its `min_cell` the fewest answers of a group that
        are shown.
    outcome : str
        Column of overall satisfaction.
    scale : tuple
        Its lowest and highest answer.

    Raises
    ------
    DataError
        There is no column of groups, one wave only, or nothing to compare.

    References
    ----------
    Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of
    Statistics 6(2), 65-70; see `loyalty_by` and `workbench.stats.mean_shift` for the intervals.
    """
    answers = survey.answers
    if not survey.group:
        raise DataError(
            "nothing says which group the answers are of", where="survey.groups",
            remedy="name a column under `groups` of survey in study.yml",
        )  # fmt: skip
    require_questions(answers.background, survey.group)
    at = survey.waves.index(survey.last)
    if at == 0:
        raise DataError(
            "there is one wave only", where="survey.wave", remedy="a change needs two waves"
        )
    waves = answers.background["wave"].astype(str).to_numpy()
    before, after = survey.waves[at - 1], survey.last
    groups = answers.background[survey.group].astype("string")
    people = answers.people
    w = answers.weights if answers.weighted else None
    measured = _measures(survey, outcome, scale, recommend)
    if not measured:
        raise DataError("nothing was asked that could change", where="survey")
    rows: list[dict[str, Any]] = []
    for each in measured:
        good = ~np.isnan(each.values)
        for name in sorted(groups.dropna().unique()):
            mine = good & (groups == name).fillna(False).to_numpy(dtype=bool)
            sides = [mine & (waves == wave) for wave in (before, after)]
            n = [int(side.sum()) for side in sides]
            row: dict[str, Any] = {"group": str(name), "measure": each.name}
            row |= {"before": before, "after": after}
            row |= {"n_before": n[0], "n_after": n[1], "withheld": min(n) < max(survey.min_cell, 2)}
            row["reason"] = "too few answers" if row["withheld"] else ""
            if not row["withheld"]:
                row |= _moved(each, sides, w, people, level)
            rows.append(row)
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    table["p_holm"] = adjust(table["p"].astype(float), "holm")
    return GroupChanges(
        labelled(
            table,
            measure="Measure",
            group="Group",
            n_before="Answers before",
            n_after="Answers after",
            estimate=("Change", "number:2"),
            p_holm=("p-value (Holm)", "p"),
            reason="Note",
        ),
        survey.group,
        {each.name: (each.kind, each.unit) for each in measured},
    )


def _measures(
    survey: SurveyData, outcome: str, scale: tuple[float, float], recommend: str
) -> list[_Measured]:
    """List what was asked, each with its values."""
    answers = survey.answers
    found = []
    asked: tuple[tuple[str, Measure, tuple[float, float], str], ...] = (
        (recommend, "nps", (0.0, 10.0), "Net promoter score"),
        (outcome, "top_two_box", scale, "Satisfied customers"),
    )
    for column, measure, ends, name in asked:
        if survey.has(column):
            given = pd.to_numeric(answers.background[column], errors="coerce")
            values = given.where(given.between(*ends)).to_numpy(dtype=float)
            unit = "" if measure == "nps" else "%"
            found.append(_Measured(name, "points", unit, values, measure, ends))
    if answers.items:
        means = answers.scores(answers.perception)["overall"].to_numpy(dtype=float)
        found.append(_Measured("Mean experience", "number", "", means, None, (0, 1)))
        if answers.two_sided:
            gap = answers.scores(answers.gap)["overall"].to_numpy(dtype=float)
            found.append(_Measured("Gap", "number", "", gap, None, (0, 1)))
    return found


def _moved(
    each: _Measured, sides: list[np.ndarray], w: Array | None, people: Index, level: float
) -> dict[str, Any]:
    """Give the change of one group, with interval and p-value."""
    if each.measure is None:
        one, two = (
            Sample(each.values[s][:, None], None if w is None else w[s], people[s]) for s in sides
        )
        shift = mean_shift(one, two)
        if not shift.variance[0] > 0:
            return {"both": int(shift.both[0]), "estimate": float(shift.estimate[0])}
        low, high = shift.limits(level)
        p = two_sided(shift.estimate[0], float(np.sqrt(shift.variance[0])), shift.df[0])
        numbers = (shift.estimate[0], low[0], high[0], p)
        return {
            "both": int(shift.both[0]),
            **dict(zip(("estimate", "low", "high", "p"), map(float, numbers), strict=True)),
        }
    measure = each.measure

    def between(at: float) -> dict[str, Any]:
        one, two = (
            cell_of(each.values[s], None if w is None else w[s], people[s], measure, each.scale, at)
            for s in sides
        )
        return change_between(one, two, measure, at)

    found = between(level)
    factor = 100.0 if each.unit else 1.0
    kept = {key: factor * found[key] for key in ("estimate", "low", "high")}
    return {"both": found["both"], **kept, "p": _p_of(between)}


def _p_of(between: Callable[[float], dict[str, Any]], steps: int = 14) -> float:
    """Find one less the level at which an interval touches zero."""
    # in the logarithm of the error, between one in a million and one
    low, high = np.log(1e-6), -1e-4
    for _ in range(steps):
        middle = (low + high) / 2
        found = between(1 - float(np.exp(middle)))
        if found["low"] > 0 or found["high"] < 0:
            high = middle
        else:
            low = middle
    return float(np.exp(high))
