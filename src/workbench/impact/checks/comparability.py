"""What speaks against a comparison beside its own statistics: cells, measures, other series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from workbench.impact.checks.check import Check, Judged
from workbench.impact.designs.series.interrupted_series import interrupted_series
from workbench.impact.inputs.panel import Panel, period_start
from workbench.results import Finding, Severity, attempt
from workbench.study import Case

Other = Literal["comparison series", "covariate"]

# What an answer shown beside says of the case itself.
_TOLD = ("return to the mean", "two-way fixed effects")
_MUCH_SHARED = 0.1
_MOST_NAMED = 3
# Answers on a scale have few steps; counts and amounts of money may grow without another scale.
_STEPS = 12
_NEAR_DAYS = 92
_UNBOUNDED = ("sales", "orders_per_customer", "average_order", "response_hours")
_MOVED: dict[Other, str] = {
    "comparison series": "The comparison series {name} shifts at the start itself; the measure may"
    " have moved it, and then it hides a part of the effect.",
    "covariate": "The covariate {name} shifts at the start itself; the measure may have moved it,"
    " and then it hides a part of the effect.",
}
_UNMOVED: dict[Other, str] = {
    "comparison series": "No comparison series shifts at the start itself.",
    "covariate": "No covariate shifts at the start itself.",
}


def thin_cells(panel: Panel, min_cell: int) -> Finding | None:
    """Refuse where a group was hardly seen before or after."""
    for who, side in (("treated", panel.treated), ("comparison", ~panel.treated)):
        for time, periods in (("before", ~panel.after), ("after", panel.after)):
            n = int(panel.weight[np.ix_(side, periods)].sum())
            if n < min_cell:
                return Finding(
                    "small cells",
                    "Only {n} records of the {who} group {time} the start; at least {least} are"
                    " needed.",
                    {"n": n, "who": who, "time": time, "least": min_cell},
                    severity="refusal",
                )
    return None


def left_out(exclusions: pd.DataFrame) -> list[Finding]:
    """Say what did not enter the comparison, and why.

    Parameters
    ----------
    exclusions : DataFrame
        `reason`, `what`, `n`.
    """
    return [
        Finding(
            "left out",
            "Not in the comparison: {n} {what} ({reason}).",
            {"n": int(n), "what": str(what), "reason": str(reason)},
        )
        for reason, what, n in exclusions.to_numpy()
    ]


def left_by_card(case: Case) -> list[Finding]:
    """Name the groups that the card leaves out, and why, and the time of transition."""
    coming = Finding(
        "transition",
        "The first {n} periods after the start are left out as transition, as the card says.",
        {"n": case.transition},
    )
    groups = [
        Finding(
            "left out",
            "Left out by the card: {units} ({reason}).",
            {"units": [str(unit) for unit in entry.units], "reason": entry.reason},
        )
        for entry in case.leave_out
    ]
    return [*groups, *([coming] if case.transition else [])]


def no_design(n_treated: int, n_other: int) -> Finding:
    """Refuse because there are too few units to tell a change from chance."""
    return Finding(
        "no design",
        "There are {treated} treated and {other} comparison units. Two of each are needed at least:"
        " the change of a single one cannot be told from chance.",
        {"treated": n_treated, "other": n_other},
        severity="refusal",
    )


def other_measures(
    records: pd.DataFrame,
    case: Case,
    treatments: pd.DataFrame | None,
    titles: Mapping[str, str],
) -> list[Finding]:
    """Look for other measures that came to one side more than to the other."""
    if treatments is None or treatments.empty or "customer_id" not in records:
        return []
    begin = pd.Timestamp(case.start)
    known = pd.Index(records["customer_id"].unique())
    own = pd.Index(treatments.loc[treatments["case"] == case.name, "customer_id"])
    checks: list[Finding] = []
    differences: list[float] = []
    for name, rows in treatments[treatments["case"] != case.name].groupby("case"):
        first = pd.to_datetime(rows["start"]).min()
        if case.end is not None and first > pd.Timestamp(case.end):
            continue
        other = titles.get(str(name), str(name))
        touched = known.isin(rows["customer_id"])
        if case.chosen == "everybody":
            share = float(touched.mean())
            if first >= begin and share > _MUCH_SHARED:
                checks.append(
                    Finding(
                        "other measures",
                        "Another measure, {other}, reached {share} percent of the customers from"
                        " {first} on; the two effects cannot be separated.",
                        {"other": other, "share": round(100 * share), "first": first.date()},
                        severity="warning",
                    )
                )
            continue
        treated = known.isin(own)
        if not treated.any() or treated.all():
            continue
        a, b = float(touched[treated].mean()), float(touched[~treated].mean())
        if abs(a - b) > _MUCH_SHARED:
            differences.append(abs(a - b))
            checks.append(
                Finding(
                    "other measures",
                    "Another measure, {other}, reached {a} percent of the treated and {b} percent"
                    " of the rest (from {first} on).",
                    {
                        "other": other,
                        "a": round(100 * a),
                        "b": round(100 * b),
                        "first": first.date(),
                    },
                )
            )
    if len(differences) <= _MOST_NAMED:
        return checks
    order = np.argsort(differences, kind="stable")[::-1]
    return [
        *(checks[i] for i in order[:_MOST_NAMED]),
        Finding(
            "other measures",
            "{n} further measures reached the treated and the rest in different shares.",
            {"n": len(differences) - _MOST_NAMED},
        ),
    ]


def instrument_check(
    records: pd.DataFrame, case: Case, measured_anew: Any, outcome: str
) -> Finding | None:
    """Look whether the outcome was measured in another way after the start than before.

    What the card declares counts; so does a scale that reaches beyond what it ever was (answers
    from 1 to 5 before, from 1 to 10 after). Where everybody got the measure, a new way of
    measuring and the measure cannot be told apart: a refusal. With a comparison group both sides
    were measured anew, and a warning is enough.
    """
    value = pd.to_numeric(records["estimate"], errors="coerce")
    begins = records["period"].map(
        {period: period_start(period) for period in records["period"].unique()}
    )
    start = pd.Timestamp(case.start)
    before = value[(begins < start) & value.notna()]
    after = value[(begins >= start) & value.notna()]
    if not len(before) or not len(after):
        return None
    alone = case.chosen == "everybody"
    if measured_anew is not None:
        day = pd.Timestamp(measured_anew)
        if not begins.min() < day <= begins.max():
            return None
        near = abs((day - start).days) <= _NEAR_DAYS
        severity: Severity = "refusal" if alone and near else "warning"
        return Finding(
            "instrument",
            "From {day} on the outcome was measured in another way than before; a change of the"
            " measurement looks like an effect.",
            {"day": str(day.date())},
            severity=severity,
        )
    steps = np.unique(before)
    scale = len(steps) <= _STEPS and bool((np.diff(steps) >= 1).all()) and len(steps) > 2
    width = float(steps[-1] - steps[0])
    beyond = max(float(after.max()) - float(steps[-1]), float(steps[0]) - float(after.min()))
    bounded = outcome not in _UNBOUNDED and bool((before == before.round()).all())
    if scale and bounded and width > 0 and beyond >= width / 2 and _clustered(before):
        return Finding(
            "instrument",
            "Before the start the values lie between {low} and {high}, after it between {low2} and"
            " {high2}: the outcome seems to have been measured on another scale.",
            {
                "low": float(steps[0]),
                "high": float(steps[-1]),
                "low2": float(after.min()),
                "high2": float(after.max()),
            },
            severity="refusal" if alone else "warning",
        )
    return None


def _clustered(values: pd.Series) -> bool:
    """Tell a scale from counts: its ends are used, and not only one of them."""
    share = values.value_counts(normalize=True)
    return bool(share.loc[[values.min(), values.max()]].min() > 0.01)


def _of_selection(judged: Judged) -> list[Finding]:
    if judged.case.chosen not in ("rule", "worst"):
        return []
    return [
        Finding(
            "selection",
            "The treated were chosen because of their baseline, and nobody else met the same"
            " rule. The adjustment takes out the return to the mean only if its straight"
            " line is right.",
            severity="warning" if judged.case.chosen == "worst" else "note",
        )
    ]


def _of_volunteers(judged: Judged) -> list[Finding]:
    if judged.case.chosen != "volunteers":
        return []
    return [
        Finding(
            "volunteers",
            "Volunteers may have been on another course than the rest.",
            severity="warning",
        )
    ]


def _told_beside(judged: Judged) -> list[Finding]:
    """Tell what answers beside say of the case; a warning there is about them, not this one."""
    return [
        replace(finding, severity="note") if finding.severity == "warning" else finding
        for effect in judged.beside
        for finding in effect.checks
        if finding.key in _TOLD
    ]


def moved_controls(
    controls: pd.DataFrame,
    after: ArrayLike,
    *,
    season: int | None = None,
    level: float = 0.95,
    what: Other = "comparison series",
) -> tuple[Finding, ...]:
    """Look whether comparison series or covariates break at the start themselves.

    Each is judged as an interrupted series, its level corrected for their number (Bonferroni):
    one that shifts at the start may have been moved by the measure, and then it hides a part of
    the effect. `what` says which of the two they are.
    """
    later = np.asarray(after, dtype=bool)
    strict = 1 - (1 - level) / max(controls.shape[1], 1)
    checks = []
    for name in controls:
        own = attempt(interrupted_series, controls[name], after=later, season=season, level=strict)
        if own is not None and own.clear:
            checks.append(Finding(what, _MOVED[what], {"name": str(name)}, severity="warning"))
    if not checks:
        checks.append(Finding(what, _UNMOVED[what], severity="ok"))
    return tuple(checks)


def _of_others(judged: Judged) -> list[Finding]:
    season = judged.case.periods_a_year
    findings: list[Finding] = []
    others: dict[Other, pd.DataFrame | None] = {
        "covariate": judged.data.covariates,
        "comparison series": judged.data.controls,
    }
    for what, table in others.items():
        if table is not None:
            findings += moved_controls(
                table, judged.data.later, season=season, level=judged.level, what=what
            )
    return findings


MOVED = Check(frozenset({"series"}), _of_others)
TOLD_BESIDE = Check(frozenset({"differences", "baseline", "staggered"}), _told_beside)
SELECTION = Check(frozenset({"baseline"}), _of_selection)
VOLUNTEERS = Check(frozenset({"staggered"}), _of_volunteers)
