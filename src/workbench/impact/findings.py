"""The verdict on an outcome in two sentences: what the measure did, and what a glance would say."""

from __future__ import annotations

from typing import Any, Final, Protocol

import numpy as np

from workbench.impact.benefit import Benefit
from workbench.impact.effect import Effect
from workbench.impact.evaluate import Evaluation

OUTCOMES: Final = {
    "satisfaction": "satisfaction",
    "satisfaction10": "satisfaction (1 to 10)",
    "nps": "net promoter score",
    "gap": "service quality gap",
    "churn": "churn",
    "repeat_purchase": "repeat purchase",
    "orders_per_customer": "orders per customer",
    "sales": "sales per customer",
    "average_order": "average order value",
    "active_customers": "active customers",
    "response_hours": "response time (hours)",
    "first_contact_resolution": "resolution at first contact",
    "complaint_rate": "complaint rate",
}
_RIGHT = (
    "The measure moved {outcome} the right way: {change} against what would have been without it"
)
_UNSHOWN = "No effect on {outcome} can be shown: it lies between {low} and {high}"
#: What was found, and how the claim fares -> the first sentence of a verdict.
FOUND: Final = {
    ("worked", ""): f"{_RIGHT}.",
    ("worked", "fits"): f"{_RIGHT}, and the claim of {{claimed}} fits that.",
    ("worked", "too much"): f"{_RIGHT}, but the claim of {{claimed}} is more than the data allow.",
    ("worked", "too little"): f"{_RIGHT}, which is more than the claim of {{claimed}}.",
    ("harmed", ""): "The measure moved {outcome} the wrong way: {change} against what would have"
    " been without it.",
    ("harmed", "claimed"): "The measure moved {outcome} the wrong way: {change} against what would"
    " have been without it, where {claimed} was claimed.",
    ("unshown", ""): f"{_UNSHOWN}.",
    ("unshown", "open"): f"{_UNSHOWN}, and the claim of {{claimed}} cannot be ruled out either.",
    ("unshown", "ruled out"): f"{_UNSHOWN}, and the claim of {{claimed}} is ruled out.",
    ("refused", ""): "No conclusion about {outcome} is possible from these data.",
}
#: What a glance would say, and how firm the answer stands: the second sentence.
GLANCE: Final = {
    "misleads": "A glance at before and after would have said {glance}, which the sound comparison"
    " does not bear out; strength of evidence: {strength}.",
    "agrees": "A glance at before and after says {glance}, which lies within the interval; strength"
    " of evidence: {strength}.",
    "alone": "A glance at before and after says {glance}, which is no evidence.",
    "nothing": "The strength of evidence is {strength}; below stands how it came about.",
    "no number": "Below stands what is lacking, and what would help.",
}

BENEFIT: Final = {
    "pays": "Over {periods} periods the measure is expected to bring {net} after all costs; the"
    " chance that it pays is {chance}.",
    "back": "Its costs come back after {back} periods at the best estimate.",
    "never": "At the best estimate its costs do not come back within that time.",
    "even": "It pays from an effect of {even} on.",
}
FORESIGHT: Final = {
    "sees": "Judged by the time before the start alone, an effect on {outcome} of {detectable} or"
    " more had four chances in five of being seen; the claimed {claimed} had a chance of {chance}.",
    "plain": "Judged by the time before the start alone, an effect on {outcome} of {detectable} or"
    " more had four chances in five of being seen.",
    "needs": "A lot among about {units} units, half of them treated, would show the claimed"
    " {claimed} with that chance.",
}
STAYING: Final = (
    "Within {days} days of the start, those who got the measure stayed {change} days under contract"
    " more than they would have without it."
)


class Writer(Protocol):
    """What turns numbers into words: `workbench` itself, or `workbench.reporting`."""

    def num(self, x: Any, low: Any = None, high: Any = None, *, signed: bool = False) -> Any:
        """Write a number."""

    def money(self, x: Any, low: Any = None, high: Any = None, currency: str = "") -> Any:
        """Write an amount of money."""

    def pct(self, share: Any, low: Any = None, high: Any = None, *, signed: bool = False) -> Any:
        """Write a share as a percentage."""

    def points(
        self,
        x: Any,
        low: Any = None,
        high: Any = None,
        *,
        signed: bool = False,
        percentage: bool = False,
    ) -> Any:
        """Write points."""


def found(e: Evaluation) -> str:
    """Say what was found: worked, harmed, unshown or refused."""
    if e.effect is None:
        return "refused"
    if not e.effect.clear:
        return "unshown"
    return "worked" if (e.effect.effect > 0) == (e.direction == "up") else "harmed"


def claim(e: Evaluation) -> str:
    """How a claim fares; nothing where nothing was claimed or no relative effect is known."""
    if e.effect is None or e.claimed is None or not np.isfinite(e.effect.relative):
        return ""
    low, high = e.effect.relative_low, e.effect.relative_high
    inside = low <= e.claimed <= high
    if not e.effect.clear:
        return "open" if inside else "ruled out"
    if found(e) == "harmed":
        return "claimed"
    if inside:
        return "fits"
    beyond = e.claimed > high if e.claimed > 0 else e.claimed < low
    return "too much" if beyond else "too little"


def glance(e: Evaluation) -> str:
    """Key of `GLANCE`."""
    if e.glance is None:
        return "no number" if e.effect is None else "nothing"
    if e.effect is None:
        return "alone"
    inside = e.effect.low <= e.glance.effect <= e.effect.high
    return "agrees" if inside else "misleads"


def verdict(e: Evaluation) -> tuple[str, str]:
    """Say the verdict in two sentences.

    Returns
    -------
    tuple of str
        What was found and how the claim fares; what a glance would say and how firm the answer
        stands. English messages with placeholders; `words` fills them.
    """
    return FOUND[found(e), claim(e)], GLANCE[glance(e)]


def words(e: Evaluation, write: Writer) -> dict[str, Any]:
    """Give the placeholders of a verdict their values.

    Parameters
    ----------
    e : Evaluation
    write : Writer
        Its `num`, `pct` and `points` make the numbers.
    """
    relative = e.effect is None or bool(np.isfinite(e.effect.relative))

    def change(effect: Effect | None, *, interval: bool = True, end: str = "") -> Any:
        if effect is None:
            return ""
        names = (
            ("relative", "relative_low", "relative_high") if relative else ("effect", "low", "high")
        )
        values = [getattr(effect, name) for name in names]
        if end:
            values = [values[1 if end == "low" else 2]]
        elif not interval:
            values = values[:1]
        if relative:
            return write.pct(*values, signed=True)
        if e.kind == "number":
            return write.num(*values, signed=True)
        return write.points(*values, signed=True, percentage=e.kind == "share")

    return {
        "outcome": outcome_name(e),
        "change": change(e.effect),
        "low": change(e.effect, end="low"),
        "high": change(e.effect, end="high"),
        "glance": change(e.glance, interval=False),
        "claimed": "" if e.claimed is None else write.pct(e.claimed, signed=True),
        "strength": e.strength,
    }


def benefit_said(gain: Benefit, e: Evaluation) -> tuple[str, ...]:
    """Say what a measure brings: English messages; `benefit_words` fills them."""
    back = "back" if np.isfinite(gain["pay-back"][0]) else "never"
    even = ("even",) if np.isfinite(gain.break_even) else ()
    return tuple(BENEFIT[key] for key in ("pays", back, *even))


def benefit_words(gain: Benefit, e: Evaluation, write: Writer, currency: str) -> dict[str, Any]:
    """Give the placeholders of `benefit_said` their values."""
    even = gain.break_even
    wording = (
        write.points(even, signed=True, percentage=e.kind == "share")
        if e.kind != "number"
        else write.num(even, signed=True)
    )
    return {
        "periods": gain.periods,
        "net": write.money(*gain["net benefit"], currency),
        "chance": write.pct(gain.pays),
        "back": write.num(round(gain["pay-back"][0], 1))
        if np.isfinite(gain["pay-back"][0])
        else "",
        "even": wording,
    }


def foresight_said(e: Evaluation) -> tuple[str, ...]:
    """Say what could have been seen; empty where nothing is known."""
    planned = e.foresight
    if planned is None or planned.main is None or not np.isfinite(planned.main.relative):
        return ()
    if not planned.claimed or e.kind == "points":
        return (FORESIGHT["plain"],)
    needs = ("needs",) if planned.customers_for_claim() else ()
    return tuple(FORESIGHT[key] for key in ("sees", *needs))


def foresight_words(e: Evaluation, write: Writer) -> dict[str, Any]:
    """Give the placeholders of `foresight_said` their values."""
    planned = e.foresight
    if planned is None or planned.main is None:
        return {}
    claimed = planned.claimed or 0.0
    return {
        "outcome": outcome_name(e),
        "detectable": write.points(planned.main.detectable)
        if e.kind == "points"
        else write.pct(planned.main.relative),
        "claimed": write.pct(claimed, signed=True),
        "chance": write.pct(planned.main.chance_of_claim(claimed)) if claimed else "",
        "units": write.num(planned.customers_for_claim() or 0),
    }


def outcome_name(e: Evaluation) -> str:
    """Name of an outcome in running text."""
    return e.label or OUTCOMES.get(e.outcome, e.outcome.replace("_", " "))
