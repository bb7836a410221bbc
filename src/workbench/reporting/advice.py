"""What to do next: rules that make advice of the headline numbers, and say which number it is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.reporting.cards import change

ENOUGH_KEPT = 0.95
WORTH_WINNING = 0.05
"""Shares at which the rules on data and on quiet customers speak up."""
ALPHA = 0.05


@dataclass(frozen=True)
class Step:
    """One thing to do next: what a rule makes of a number.

    Attributes
    ----------
    rank : int
        The smaller, the more pressing.
    message : str
        English message.
    row : mapping
        The metric that it is about.
    effects, others : tuple of mapping
        For a measure: the effects that led to the advice, and those that did not.
    """

    rank: int
    message: str
    row: Mapping[str, Any]
    effects: tuple[Mapping[str, Any], ...] = ()
    others: tuple[Mapping[str, Any], ...] = ()


def steps(
    rows: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]] = ()
) -> list[Step]:
    """Derive what to do next from the numbers, by rules that the page states.

    1. A measure, by its effects (metrics called ``effect``), corrected for their number: one of
       them clearly bad, stop or change it; else one clearly good, keep it; else, do not claim it.
    2. A number that has become clearly worse since the last run: look into it.
    3. Customers clearly get less than they expect (a gap below zero): close it.
    4. Goals at risk or missed (``goals.bad``): decide on them; actions overdue
       (``goals.overdue``): finish them; values beyond a fixed threshold (``goals.warned``): find
       out why.
    5. Valuable customers who have gone quiet hold a share that matters (``segments.at_risk``,
       clearly above 5 %): turn to them.
    6. Many rows could not be used (``data.share_kept`` below 95 %): mend the data first.

    Parameters
    ----------
    rows, before : sequence of mapping
        Metrics of this run and of the last complete one.

    Returns
    -------
    list of Step
        The most pressing first.
    """
    found = [step for row in rows for step in _about(row, before)]
    for page in dict.fromkeys(str(row["notebook"]) for row in rows):
        found += _about_measure([row for row in rows if row["notebook"] == page])
    return sorted(found, key=lambda step: step.rank)


def _about(row: Mapping[str, Any], before: Sequence[Mapping[str, Any]]) -> list[Step]:
    name, notebook = str(row["name"]), base_of(row)
    value, low, high = (_end(row, end) for end in ("value", "low", "high"))
    found = []
    if name == "data.share_kept" and value is not None and value < ENOUGH_KEPT:
        found.append(Step(0, "Mend the data first: {label}, {value}. See {page}.", row))
    moved = change(row, before)
    if moved is not None and moved.direction and moved.clear and moved.good is False:
        message = (
            "Find out what made it worse since the last run: {label}, now {value}. See {page}."
        )
        found.append(Step(2, message, row))
    if notebook == "satisfaction_gap" and name == "gap" and high is not None and high < 0:
        message = "Close the gap to what customers expect: {label}, {value}. {page} shows where."
        found.append(Step(3, message, row))
    if name == "goals.bad" and value:
        message = "Decide on the goals that fall behind: {label}, {value}. See {page}."
        found.append(Step(4, message, row))
    if name == "goals.overdue" and value:
        message = (
            "Finish the actions that are overdue, or name new dates: {label}, {value}. See {page}."
        )
        found.append(Step(4, message, row))
    if name == "goals.warned" and value:
        message = "Find out why a warning threshold is passed: {label}, {value}. See {page}."
        found.append(Step(4, message, row))
    if name == "segments.at_risk" and low is not None and low > WORTH_WINNING:
        message = "Turn to valuable customers before they are gone: {label}, {value}. See {page}."
        found.append(Step(5, message, row))
    return found


def _about_measure(rows: Sequence[Mapping[str, Any]]) -> list[Step]:
    verdicts: dict[str, list[Mapping[str, Any]]] = {"bad": [], "good": [], "unclear": []}
    effects = [row for row in rows if _is_effect(row)]
    for row, p in zip(effects, _corrected([_chance(row) for row in effects]), strict=True):
        right_way = ((_end(row, "value") or 0.0) > 0) == (row.get("better") != "down")
        verdicts["unclear" if p >= ALPHA else "good" if right_way else "bad"].append(row)
    bad, good, unclear = (verdicts[verdict] for verdict in ("bad", "good", "unclear"))
    if bad:
        return [Step(1, "Stop or change {page}: {effects}.", bad[0], tuple(bad))]
    if good and unclear:
        message = "Keep {page}: {effects}. Not to be claimed so far: {others}."
        return [Step(7, message, good[0], tuple(good), tuple(unclear))]
    if good:
        return [Step(7, "Keep {page}: {effects}.", good[0], tuple(good))]
    if unclear:
        message = "Claim no effect of {page} so far, it may be chance: {effects}."
        return [Step(6, message, unclear[0], tuple(unclear))]
    return []


def _is_effect(row: Mapping[str, Any]) -> bool:
    named = base_of(row) == "case_evaluation" and str(row["name"]).startswith("effect")
    return named and None not in (_end(row, "low"), _end(row, "high"))


def _chance(row: Mapping[str, Any]) -> float:
    """How often chance alone would move it as far, by the side of the interval that faces zero."""
    value, low, high = (_end(row, end) or 0.0 for end in ("value", "low", "high"))
    error = (value - low if value >= 0 else high - value) / 1.959964
    return math.erfc(abs(value) / error / math.sqrt(2)) if error > 0 else 1.0


def _corrected(chances: Sequence[float]) -> list[float]:
    """Correct for the number of effects of one measure (Holm), as the action register does."""
    order = sorted(range(len(chances)), key=lambda k: chances[k])
    found, largest = [0.0] * len(chances), 0.0
    for place, k in enumerate(order):
        largest = max(largest, min(1.0, (len(chances) - place) * chances[k]))
        found[k] = largest
    return found


def _end(row: Mapping[str, Any], end: str) -> float | None:
    cell = row.get(end)
    return None if cell is None or cell != cell or isinstance(cell, str) else float(cell)


def base_of(row: Mapping[str, Any]) -> str:
    """Give the notebook of a metric's row, without its case."""
    return str(row["notebook"]).partition("-")[0]
