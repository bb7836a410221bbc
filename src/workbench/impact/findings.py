"""The verdict on a measure, made once: by the corrected effects on its outcomes, then the money.

An effect counts as shown when its interval leaves out zero and its p-value, corrected by Holm for
the number of outcomes of the case, lies below `ALPHA`. The intervals themselves are those of each
outcome alone. Every page shows these findings as they are, and judges nothing again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal, TypeAlias

import numpy as np

from workbench.impact.benefit import Benefit
from workbench.impact.effect import ALPHA, Effect
from workbench.impact.evaluate import Evaluation
from workbench.results import Advice, Estimate, Finding, Severity
from workbench.study import Case

OutcomeVerdict: TypeAlias = Literal["shown", "harmful", "not shown", "watched", "cannot be told"]
CaseVerdict: TypeAlias = Literal[
    "harmful",
    "not shown",
    "cannot be told",
    "shown and pays",
    "shown, pay-off open",
    "shown, does not pay",
    "shown, money not known",
]
#: Chance that a measure pays from which on it is worth another test, though no effect is shown.
LIKELY: Final = 0.8
#: Chance that it pays below which it does not.
UNLIKELY: Final = 0.1

_RIGHT = "Compared with no measure, {outcome} improved: {change}"
_WRONG = "Compared with no measure, {outcome} worsened: {change}"
_UNSHOWN = "No effect on {outcome} was found: it lies between {low} and {high}"
_CHANCE = (
    "No effect on {outcome} was found: it changed by {change}, but among {n} outcomes one may"
    " change as much by chance (p-value adjusted for their number: {p})"
)
#: What was found (or what chance explains), and how the claim fares -> a sentence.
FOUND: Final = {
    ("shown", ""): f"{_RIGHT}.",
    ("shown", "fits"): f"{_RIGHT}, and the claim of {{claimed}} fits that.",
    ("shown", "too much"): f"{_RIGHT}, but the claim of {{claimed}} is more than the data allow.",
    ("shown", "too little"): f"{_RIGHT}, which is more than the claim of {{claimed}}.",
    ("harmful", ""): f"{_WRONG}.",
    ("harmful", "claimed"): f"{_WRONG}, where {{claimed}} was claimed.",
    # of an outcome that is watched: within its margin
    ("watched", ""): f"{_WRONG}, not clearly more than the margin of {{margin}} that the card"
    " allows.",
    ("not shown", ""): f"{_UNSHOWN}.",
    ("not shown", "open"): f"{_UNSHOWN}, and the claim of {{claimed}} cannot be ruled out either.",
    ("not shown", "ruled out"): f"{_UNSHOWN}, and the claim of {{claimed}} is ruled out.",
    ("chance", ""): f"{_CHANCE}.",
    ("chance", "open"): f"{_CHANCE}; the claim of {{claimed}} lies within the interval.",
    ("chance", "ruled out"): f"{_CHANCE}; the claim of {{claimed}} lies outside the interval.",
    ("cannot be told", ""): "No conclusion about {outcome} is possible from these data.",
}
#: What a glance would say, and how firm the answer stands.
GLANCE: Final = {
    "misleads": "A simple before/after comparison gives {glance}, which lies outside the "
    "interval of the comparison with control; strength of evidence: {strength}.",
    "agrees": "A simple before/after comparison gives {glance}, which lies within the "
    "interval; strength of evidence: {strength}.",
    "alone": "A simple before/after comparison gives {glance}, which is no evidence.",
    "nothing": "The strength of evidence is {strength}; below stands how it came about.",
    "no number": "Below stands what is lacking, and what would help.",
}
#: Verdict on a case -> heading, and how grave it is.
HEADINGS: Final[dict[str, tuple[str, Severity]]] = {
    "harmful": ("{title}: it harmed {outcomes} ({grade} evidence)", "warning"),
    "not shown": ("{title}: no effect on {outcomes} found ({grade} evidence)", "note"),
    "cannot be told": ("{title}: no conclusion about {outcomes} is possible", "refusal"),
    "shown and pays": (
        "{title}: it worked for {outcomes} and pays ({grade} evidence)",
        "ok",
    ),
    "shown, pay-off open": (
        "{title}: it worked for {outcomes}; whether it pays is open ({grade} evidence)",
        "ok",
    ),
    "shown, does not pay": (
        "{title}: it worked for {outcomes}, but does not pay ({grade} evidence)",
        "warning",
    ),
    "shown, money not known": ("{title}: it worked for {outcomes} ({grade} evidence)", "ok"),
}
_MONEY = "Net benefit: {net}; probability that it pays: {chance}."
#: Verdict on a case -> what to do. Without an effect shown it depends on the chance that it pays.
ADVICE: Final = {
    "harmful": Advice("Stop or change {title}: {outcome} worsened, {change}.", 1),
    "test again": Advice(
        "Test {title} again, longer or with more customers: no effect is shown, but the"
        " probability that it pays is {chance}, and it may be worth up to {most}.",
        6,
    ),
    "not shown": Advice(
        "Do not claim an effect of {title} yet: adjusted for the outcomes looked at, it may be "
        "chance. Measure longer, or with more to compare.",
        6,
    ),
    "not shown, unlikely to pay": Advice(
        f"Do not extend {{title}}: no effect is shown. {_MONEY}", 6
    ),
    "cannot be told": Advice(
        "Do not judge {title} by these data: its page says what is lacking.", 6
    ),
    "shown and pays": Advice(
        f"Keep {{title}}: {{outcome}} improved, {{change}}, and it pays. {_MONEY}", 7
    ),
    "shown, pay-off open": Advice(
        "Go on with {title}, but find out whether it pays before it is extended: {outcome}"
        f" improved, {{change}}. {_MONEY}",
        7,
    ),
    "shown, does not pay": Advice(
        "Decide on the cost of {title} before it is extended: {outcome} improved, {change}, but"
        f" it is expected to lose money. {_MONEY}",
        3,  # each month costs
    ),
    "shown, money not known": Advice(
        "Keep {title}: {outcome} improved, {change}. What it costs is not known.", 7
    ),
}
SEES = (
    "With these data, effects on {outcome} of {detectable} or more are detected with 80%"
    " probability"
)
FORESIGHT: Final = {
    "plain": f"{SEES}.",
    "sees": f"{SEES}; the claimed {{claimed}} with {{chance}}.",
    "needs": "A randomised test with about {units} units, half of them with the measure, would "
    "detect the claimed {claimed} with 80% probability.",
}
#: Sign of what is shown -> heading.
STAYING: Final = {
    1: "Customers who got the measure stay longer",
    0: "It is not shown that customers who got the measure stay longer or less long",
    -1: "Customers who got the measure stay less long",
}
STAYED: Final = {
    1: "Within {days} days of the start, those who got the measure stayed {change} days longer"
    " under contract than they would have without it.",
    0: "Within {days} days of the start the days under contract show no clear difference: {change}"
    " on average.",
    -1: "Within {days} days of the start, those who got the measure stayed {change} days less long"
    " under contract than they would have without it.",
}


def judge_outcome(e: Evaluation, p: float, margin: float | None = None) -> OutcomeVerdict:
    """Say whether an effect on an outcome is shown.

    An outcome that is watched (`guardrail`) is no aim: it is harmed where it has worsened beyond
    its margin for sure, and only then.

    Parameters
    ----------
    e : Evaluation
    p : float
        Corrected for the number of outcomes; NaN where none was tested, and the interval decides.
    margin : float, optional
        Relative worsening that the card allows an outcome that is watched.
    """
    if e.effect is None:
        return "cannot be told"
    if margin is not None:
        return "harmful" if guardrail_finding(e, margin).verdict == "broken" else "watched"
    if not e.effect.clear or p >= ALPHA:
        return "not shown"
    return "shown" if (e.effect.effect > 0) == (e.direction == "up") else "harmful"


def judge_measure(
    outcomes: Sequence[OutcomeVerdict],
    *,
    chance: float | None = None,
    valued: OutcomeVerdict = "shown",
    required: float = 0.9,
) -> CaseVerdict:
    """Give the one verdict on a measure: first what is shown, then the money.

    Parameters
    ----------
    outcomes : sequence of str
        What is shown of each outcome.
    chance : float, optional
        That the measure pays; None where costs or the value of the outcome are not known.
    valued : str
        What is shown of the outcome that is worth money: a measure pays by what it is shown to do.
    required : float
        Chance from which on it is said to pay.
    """
    if "harmful" in outcomes:
        return "harmful"
    if "shown" not in outcomes:
        return "not shown" if {"not shown", "watched"} & {*outcomes} else "cannot be told"
    if chance is None:
        return "shown, money not known"
    if chance >= required and valued == "shown":
        return "shown and pays"
    return "shown, does not pay" if chance < UNLIKELY else "shown, pay-off open"


def advise(verdict: CaseVerdict, chance: float | None) -> Advice:
    """Say what to do next; a measure of which nothing is shown is never kept for its money."""
    if verdict == "not shown" and chance is not None:
        if chance >= LIKELY:
            return ADVICE["test again"]
        if chance < UNLIKELY:
            return ADVICE["not shown, unlikely to pay"]
    return ADVICE[verdict]


def case_finding(
    case: Case,
    evaluations: Sequence[Evaluation],
    p: Sequence[float],
    benefit: Benefit | None = None,
    valued: int = 0,
) -> Finding:
    """Make the verdict on a case.

    Parameters
    ----------
    case : Case
    evaluations : sequence of Evaluation
        One an outcome, the first is the main one.
    p : sequence of float
        Their p-values, corrected for their number.
    benefit : Benefit, optional
    valued : int
        Place of the outcome that is worth money.
    """
    margins = margins_of(case, len(evaluations))
    judged = [judge_outcome(e, q, m) for e, q, m in zip(evaluations, p, margins, strict=True)]
    chance = None if benefit is None else benefit.chance
    verdict = judge_measure(
        judged, chance=chance, valued=judged[valued], required=case.required_chance
    )
    word = verdict.partition(" and ")[0].partition(",")[0]
    decided = [k for k, own in enumerate(judged) if own == word]
    decided = decided or [k for k, own in enumerate(judged) if own == "watched"]
    first = evaluations[decided[0]]
    heading, severity = HEADINGS[verdict]
    effects = {
        f"effect.{e.outcome}": effect_estimate(e, q, case.name)
        for e, q in zip(evaluations, p, strict=True)
        if e.effect is not None
    }
    values: dict[str, Any] = {
        "title": case.title,
        "outcomes": [evaluations[k].name for k in decided],
        "outcome": first.name,
        "grade": first.strength,
    }
    if first.effect is not None:
        values["change"] = effects[f"effect.{first.outcome}"]
    if benefit is not None:
        # as its interval ends where the net benefit is written with it
        most = benefit.net.point.named(value=benefit.net.high, fact="")
        gain = benefit.estimates()
        values |= {"net": gain["benefit.net"], "chance": gain["benefit.pays"], "most": most}
    return Finding(
        "verdict",
        heading,
        values,
        verdict=verdict,
        severity=severity,
        grade=first.strength,
        estimates=effects,
        money=None if benefit is None else benefit.net,
        advice=advise(verdict, chance),
    )


def margins_of(case: Case, outcomes: int) -> list[float | None]:
    """Margins of the outcomes that are watched; None for those that the measure should move."""
    margins = [aim.guardrail for aim in case.outcomes]
    return (margins + [None] * outcomes)[:outcomes]


def outcome_finding(
    case: Case, e: Evaluation, p: float, outcomes: int, margin: float | None = None
) -> Finding:
    """Say what was found of one outcome, and how its claim fares.

    Parameters
    ----------
    case : Case
    e : Evaluation
    p : float
        Corrected for the number of outcomes.
    outcomes : int
        How many were looked at.
    margin : float, optional
        Of an outcome that is watched.
    """
    verdict = plain = judge_outcome(e, p)
    if margin is not None:
        verdict = judge_outcome(e, p, margin)
        plain = "watched" if (plain, verdict) == ("harmful", "watched") else plain
    by_chance = plain == "not shown" and e.effect is not None and e.effect.clear
    values: dict[str, Any] = {"outcome": e.name, "n": outcomes}
    estimates = {}
    if e.effect is not None:
        change = effect_estimate(e, p, case.name)
        low, high = (change.named(fact="", value=x, low=_NAN, high=_NAN) for x in list(change)[1:])
        values |= {"change": change, "low": low, "high": high, "p": Estimate(p, digits=3)}
        estimates = {f"effect.{e.outcome}": change}
    if e.claimed is not None:
        values["claimed"] = _share(e.claimed)
    if margin is not None:
        values["margin"] = _share(margin).named(signed=False)
    message = FOUND["chance" if by_chance else plain, claim(e, plain)]
    severity: dict[OutcomeVerdict, Severity] = {
        "shown": "ok", "harmful": "warning", "not shown": "note", "watched": "note",
        "cannot be told": "refusal",
    }  # fmt: skip
    return Finding(
        f"outcome.{e.outcome}",
        message,
        values,
        verdict=verdict,
        severity=severity[verdict],
        grade=e.strength,
        estimates=estimates,
    )


#: What is said of an outcome that must not worsen by more than a margin.
GUARDRAIL: Final = {
    "held": "Guardrail held: {outcome} has not worsened by {margin} or more ({change}).",
    "broken": "Guardrail broken: {outcome} has worsened by more than {margin} ({change}).",
    "open": "Guardrail open: that {outcome} has worsened by {margin} or more cannot be ruled out"
    " ({change}).",
    "unknown": "Guardrail open: nothing can be told about {outcome}.",
}


def guardrail_finding(e: Evaluation, margin: float) -> Finding:
    """Say whether an outcome has not worsened by more than a margin, by its 95% interval.

    References
    ----------
    Schuirmann (1987), Journal of Pharmacokinetics and Biopharmaceutics 15(6), 657-680 (a side of
    the two one-sided tests).
    """
    key, values = f"guardrail.{e.outcome}", {"outcome": e.name, "margin": _share(margin)}
    if e.effect is None or not np.isfinite(e.effect.relative):
        return Finding(key, GUARDRAIL["unknown"], values, "open", severity="warning")
    ends = (e.effect.relative_low, e.effect.relative_high)
    worst, best = ends if e.direction == "up" else (-ends[1], -ends[0])
    verdict = "held" if worst > -margin else "broken" if best < -margin else "open"
    severity: Severity = "ok" if verdict == "held" else "warning"
    change = effect_estimate(e, e.effect.p, "").named(fact="")
    return Finding(key, GUARDRAIL[verdict], values | {"change": change}, verdict, severity=severity)


def claim(e: Evaluation, verdict: OutcomeVerdict) -> str:
    """How a claim fares; nothing where nothing was claimed or no relative effect is known."""
    if (
        verdict == "watched"
        or e.effect is None
        or e.claimed is None
        or not np.isfinite(e.effect.relative)
    ):
        return ""
    low, high = e.effect.relative_low, e.effect.relative_high
    # an end that cannot be told as a share rules nothing out
    low, high = (end if np.isnan(x) else x for x, end in ((low, -np.inf), (high, np.inf)))
    inside = low <= e.claimed <= high
    if verdict == "not shown":
        return "open" if inside else "ruled out"
    if verdict == "harmful":
        return "claimed"
    if inside:
        return "fits"
    beyond = e.claimed > high if e.claimed > 0 else e.claimed < low
    return "too much" if beyond else "too little"


def glance_finding(e: Evaluation) -> Finding:
    """Say what a glance at before and after would have said, and how firm the answer stands."""
    if e.glance is None:
        key = "no number" if e.effect is None else "nothing"
        return Finding(f"glance.{e.outcome}", GLANCE[key], {"strength": e.strength})
    if e.effect is None:
        key = "alone"
    else:
        key = "agrees" if e.effect.low <= e.glance.effect <= e.effect.high else "misleads"
    # on the scale of the answer, so that both can be compared
    known = e.effect is None or bool(np.isfinite(e.effect.relative))
    relative = known and bool(np.isfinite(e.glance.relative))
    glance = e.glance.change(relative=relative).named(low=_NAN, high=_NAN)
    values = {"glance": glance, "strength": e.strength}
    return Finding(f"glance.{e.outcome}", GLANCE[key], values)


def foresight_findings(e: Evaluation) -> list[Finding]:
    """Say what could have been seen; nothing where nothing is known."""
    planned = e.foresight
    if planned is None or planned.main is None or not np.isfinite(planned.main.relative):
        return []
    key, main = f"foresight.{e.outcome}", planned.main
    at_least = (
        Estimate(main.detectable, kind="points") if e.kind == "points"
        else Estimate(main.relative, kind="percent")
    )  # fmt: skip
    values: dict[str, Any] = {"outcome": e.name, "detectable": at_least}
    if not planned.claimed or e.kind == "points":
        return [Finding(key, FORESIGHT["plain"], values)]
    chance = Estimate(main.chance_of_claim(planned.claimed), kind="percent")
    claimed = {"claimed": _share(planned.claimed)}
    said = [Finding(key, FORESIGHT["sees"], values | claimed | {"chance": chance})]
    if units := planned.customers_for_claim():
        said.append(Finding(f"{key}.needs", FORESIGHT["needs"], claimed | {"units": units}))
    return said


def staying_findings(effect: Effect) -> list[Finding]:
    """Say whether customers stay longer, as a heading, and by how many days."""
    change = Estimate(effect.effect, effect.low, effect.high, p=effect.p, signed=True)
    days = int(effect.series["period"].iloc[-1])
    way = 0 if not effect.clear else 1 if effect.effect > 0 else -1
    written = change if not way else change.scaled(way).named(signed=False)
    return [
        Finding("staying", STAYING[way], estimates={"staying": change}),
        Finding("staying.days", STAYED[way], {"days": days, "change": written}),
    ]


_NAN = float("nan")


def _share(claimed: float) -> Estimate:
    return Estimate(claimed, kind="percent", signed=True)


def effect_estimate(e: Evaluation, p: float, case: str) -> Estimate:
    """Give an effect as a headline number: relative where that is known, with its corrected p."""
    assert e.effect is not None
    about = e.effect.change(relative=bool(np.isfinite(e.effect.relative)))
    return about.named(
        f"Effect on {e.name}",
        p=p,
        better=e.direction,
        fact=f"effect.{case}.{e.outcome}",
    )
