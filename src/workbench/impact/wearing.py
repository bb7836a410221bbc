"""How an effect goes on: whether it wears out, and what is left of it when the measure is off."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np

from workbench.impact.designs import known_designs
from workbench.impact.designs.design import refusal
from workbench.impact.designs.differences.difference_in_differences import (
    difference_in_differences,
)
from workbench.impact.designs.series.error_models import noise_of
from workbench.impact.effect import Effect
from workbench.impact.inputs.panel import CaseError, Panel
from workbench.impact.inputs.series import Series, lay_out
from workbench.impact.material import CaseTables, read_material
from workbench.results import Estimate, Finding
from workbench.study import Case

#: Name of the answer for the time in which the measure was off.
OFF: Final = "while it was off, or after it ended"
#: What is said of how an effect goes on.
SAID: Final = {
    "left": "While the measure was off, or after it ended, the outcome still lay {change} from what"
    " would have been without it: something of the effect lasts.",
    "none left": "While the measure was off, or after it ended, no effect is shown: the outcome lay"
    " {change} from what would have been without it.",
    "untold": "What is left of the effect while the measure was off, or after it ended, cannot be"
    " told: {why}.",
    "fades": "The effect wears out: from {span} it shrank, its change is {change}.",
    "grows": "The effect grows with time: from {span} its change is {change}.",
    "steady": "That the effect wears out or grows is not shown: from {span} its change is"
    " {change}.",
    "halves": "the first half of the time after the start to the second",
    "line": "the first period after the start to the last",
}
# Periods of each half, and of a series after the start, from which on a change over time is told.
_FAMILIES: Final = ("differences", "lot", "series")
_FEWEST_OF_HALF, _FEWEST_OF_SERIES = 2, 12


def while_off(tables: CaseTables, effect: Effect, level: float) -> tuple[Effect | None, Finding]:
    """Judge the time in which the measure was off as the time after is: against that before.

    Parameters
    ----------
    tables : CaseTables
        With the records of the time before and of that in which it was off alone.
    effect : Effect
        Of the time in which it was on, whose design answers.
    level : float
    """
    case = tables.case.model_copy(
        update={"end": None, "pauses": (), "transition": 0, "looks": None, "plan": None}
    )
    try:
        material = read_material(replace(tables, case=case))
        if material.refused is not None:
            return None, _untold(material.refused)
        design = known_designs()[effect.design]
        why = design.reason(material.situation)
        if why:
            return None, Finding("after its end", SAID["untold"], {"why": why}, severity="note")
        found = replace(design.answer(design.of(material.data), case, level), design=OFF, checks=())
    except CaseError as error:
        return None, _untold(refusal(error))
    return found, Finding("after its end", SAID["left" if found.clear else "none left"])


def _untold(refused: Finding) -> Finding:
    why: Any = refused.values.get("what", refused)
    return Finding("after its end", SAID["untold"], {"why": why}, severity="note")


def told_of_off(found: Finding, effect: Effect | None) -> Finding:
    """Put the effect of the time in which it was off into what is said of it, as it is written."""
    if effect is None:
        return found
    return replace(found, values={"change": effect.change(relative=False).named(fact="")})


def wear_out(data: Any, effect: Effect, case: Case, level: float) -> tuple[Estimate, str] | None:
    """Estimate how an effect changed from early to late after the start.

    Of units the later half of the time after is held against the earlier one as a time after is
    held against that before: what changed for all falls out. Of a series the step at the start gets
    a slope. None where the data are of another shape or too short.

    Parameters
    ----------
    data : Panel or Series
    effect : Effect
        Its answer; one that rests on a comparison at the same baseline or a mixture has no such
        change.
    case : Case
    level : float

    Returns
    -------
    Estimate, str
        Change of the effect, and over what.
    """
    known = known_designs().get(effect.design)
    if known is None or known.family not in _FAMILIES:
        return None
    try:
        if isinstance(data, Panel):
            return _of_units(data, level)
        if isinstance(data, Series):
            return _of_series(data, case, level)
    except CaseError:
        return None
    return None


def _of_units(panel: Panel, level: float) -> tuple[Estimate, str] | None:
    places = np.flatnonzero(panel.after)
    half = len(places) // 2
    if half < _FEWEST_OF_HALF:
        return None
    since = np.isin(np.arange(len(panel.periods)), places)
    late = np.isin(np.arange(len(panel.periods)), places[len(places) - half :])
    halves = replace(
        panel,
        outcome=panel.outcome[:, since],
        weight=panel.weight[:, since],
        periods=panel.periods[since],
        after=late[since],
    )
    change = difference_in_differences(halves, level=level)
    return Estimate(change.effect, change.low, change.high, p=change.p), "halves"


def _of_series(series: Series, case: Case, level: float) -> tuple[Estimate, str] | None:
    if int((series.seen & series.later).sum()) < _FEWEST_OF_SERIES:
        return None
    layout = lay_out(
        series.value, series.periods, series.later, case.periods_a_year, series.covariates,
        trend=case.fit.trend, in_force=series.in_force, peaks=case.fit.peaks,
        country=series.country,
    )  # fmt: skip
    time = np.arange(len(layout.y), dtype=float)
    own = np.where(layout.later, time - time[layout.used].mean(), 0.0)
    own /= np.ptp(time[layout.used])
    x = np.column_stack([layout.x, own])
    seen = layout.seen
    size = series.count[seen].mean() / series.count[seen]
    if np.linalg.matrix_rank(x[seen]) < x.shape[1]:
        return None
    fit = noise_of(np.flatnonzero(seen), size).fit(layout.y[seen], x[seen])["both"]
    at = np.zeros((1, x.shape[1]))
    at[0, -1] = 1.0
    low, high = fit.limits(at, level)
    tail = fit.below(at[0], 0.0)
    value = float(fit.mean() @ at[0])
    return Estimate(value, float(low[0]), float(high[0]), p=2 * min(tail, 1 - tail)), "line"


def wear_finding(effect: Effect, change: Estimate, span: str) -> Finding:
    """Say whether an effect wears out, grows, or neither is shown."""
    clear = change.low > 0 or change.high < 0
    same = (change.value > 0) == (effect.effect > 0)
    key = "steady" if not clear else "grows" if same else "fades"
    said = {"change": change.named(**effect.written), "span": SAID[span]}
    return Finding("over time", SAID[key], said, severity="ok" if key == "steady" else "note")
