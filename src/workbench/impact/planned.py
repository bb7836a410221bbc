"""A case's plan: what is foreseen before it starts, and what was done of what was registered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from workbench.impact.evaluate import Evaluation, outcome_name
from workbench.impact.foresight import Foresight, foresee
from workbench.impact.inputs.assignment import CaseData, compared
from workbench.impact.inputs.panel import CaseError, period_start
from workbench.impact.material import CaseTables, read_material
from workbench.impact.planning import plan_assignment
from workbench.impact.power import POWER
from workbench.impact.selection import select_design
from workbench.results import Estimate, Finding, Result, labelled
from workbench.study import Case, PlanRegister, RegisteredPlan
from workbench.study.plans import card_of

#: Of a case that has not begun: periods after it are as many as a third of those before, at most
#: a year's.
_SHARE_AFTER: Final = 3
NO_DESIGN: Final = "none: {why}"


def plan_case(case: Case, data: CaseData, *, as_of: dt.date) -> dict[str, Any]:
    """Foresee by which design a case will be judged, and what could be seen, outcome by outcome.

    Parameters
    ----------
    case : Case
        Of the study's card. Nothing of the time after its start is looked at; one that has not
        begun is foreseen as if its start lay so far back that it could be judged today.
    data : CaseData
        Its tables; ``run.case_data(case)`` gives those of a study.
    as_of : date
        Last day of the data.

    Returns
    -------
    dict
        What the register keeps: `data_until`, `power`, and of each outcome `indicator`,
        `direction`, `claimed`, `design`, `after` (periods), `units`, `detectable` (relative),
        `chance` (of what is claimed). Where the card asks for a `plan`, `assignment` says how the
        treated are drawn, and holds the hash of the list.
    """
    outcomes = []
    for aim, records in zip(case.outcomes, data.outcomes, strict=True):
        told: dict[str, Any] = {
            "indicator": aim.indicator, "direction": aim.direction, "claimed": aim.claimed,
        }  # fmt: skip
        try:
            told |= _foreseen(case, records, data, aim.indicator, aim.claimed)
        except CaseError as error:
            told["design"] = NO_DESIGN.format(why=error.what)
        outcomes.append(told)
    facts = {"data_until": as_of.isoformat(), "power": POWER, "outcomes": outcomes}
    if case.plan is not None:
        aim = case.outcomes[0]
        lot = plan_assignment(
            data.outcomes[0], case, units=data.units, outcome=aim.indicator, claimed=aim.claimed
        )
        facts["assignment"] = lot.facts
    return facts


def _foreseen(
    case: Case, records: pd.DataFrame, data: CaseData, outcome: str, claimed: float | None
) -> dict[str, Any]:
    as_if, treatments = _as_if_begun(case, records, data.treatments)
    records = compared(as_if, records)
    tables = CaseTables(
        records, as_if, outcome, treatments, data.selection, data.comparison, data.covariates,
        data.units, data.min_cell, data.rule,
    )  # fmt: skip
    material = read_material(tables)
    design = "" if material.refused is not None else select_design(material.situation).design
    if not design:
        why = "no design is admitted" if material.refused is None else material.refused.message
        values = {} if material.refused is None else material.refused.values
        return {"design": NO_DESIGN.format(why=why.format(**values))}
    if case.cutoff is not None:
        return {"design": design}
    seen = foresee(
        material.tables.records, material.tables.case, material.tables.treatments,
        outcome=outcome, claimed=claimed, min_cell=data.min_cell, design=design,
    )  # fmt: skip
    return {"design": design, **_power(seen)}


def _power(seen: Foresight) -> dict[str, Any]:
    plan = seen.main
    if plan is None:
        return {}
    chance = plan.chance_of_claim(seen.claimed) if seen.claimed else np.nan
    table = plan.table.iloc[0]
    found = {
        "after": table.get("after"), "treated": table.get("treated"),
        "others": table.get("others"), "detectable": plan.relative, "chance": chance,
    }  # fmt: skip
    return {
        key: round(float(value), 4)
        for key, value in found.items()
        if value is not None and np.isfinite(float(value))
    }


def _as_if_begun(
    case: Case, records: pd.DataFrame, treatments: pd.DataFrame | None
) -> tuple[Case, pd.DataFrame | None]:
    """Set the start of a case to come so far back that periods after it are there."""
    days = sorted({period_start(p) for p in records["period"].unique()})
    start = pd.Timestamp(case.start)
    if not days or start <= days[-1]:
        return case, treatments
    after = min(max(len(days) // (_SHARE_AFTER + 1), 1), case.periods_a_year)
    back = start - days[-after]
    moved: dict[str, Any] = {"start": (start - back).date(), "end": None}
    if case.starts:
        moved["starts"] = {k: (pd.Timestamp(v) - back).date() for k, v in case.starts.items()}
    if treatments is not None:
        own = treatments["case"] == case.name
        begun = pd.to_datetime(treatments["start"])
        treatments = treatments.assign(start=begun.where(~own, begun - back))
    return case.model_copy(update=moved), treatments


# --- what was done of it -----------------------------------------------------------------------


@dataclass(frozen=True)
class PlanHeld(Result):
    """What was planned of a case beside what was done.

    Attributes
    ----------
    table : DataFrame
        Of each thing that was planned: `what`, `outcome`, `planned`, `done`, `same`.
    verdict : str
        ``none`` (no plan), ``late`` (registered after the start), ``changed`` (after the start),
        ``differs`` (the card today plans something else), ``kept``, or ``broken``.
    case : Case
    plan : RegisteredPlan or None
        The one that counts: the last before the start, else the first.
    later : tuple of RegisteredPlan
        Plans registered after the one that counts.
    keys : tuple of str
        Keys of the card that were changed.
    fault : str
    """

    table: pd.DataFrame
    verdict: str
    case: Case
    plan: RegisteredPlan | None = None
    later: tuple[RegisteredPlan, ...] = ()
    keys: tuple[str, ...] = ()
    fault: str = ""

    def estimates(self) -> dict[str, Estimate]:
        """Give none: a plan is no estimate."""
        return {}

    def findings(self) -> list[Finding]:
        """Say whether there was a plan, since when, and whether it was kept."""
        values: dict[str, Any] = {"start": self.case.start, "keys": list(self.keys)}
        if self.plan is not None:
            values |= {"day": self.plan.at.date(), "hash": self.plan.hash[:16]}
        if self.later:
            values["again"] = self.later[-1].at.date()
        if self.fault:
            values["fault"] = self.fault
        told = Finding("plan", SAID[self.verdict], values, verdict=self.verdict, severity="ok")
        return [told if self.verdict == "kept" else replace(told, severity="warning")]


SAID: Final = {
    "none": "No plan was registered for this case: what is judged, and how, could have been chosen"
    " after the data were seen.",
    "broken": "The register of plans was changed after it was written, and counts for nothing:"
    " {fault}.",
    "late": "A plan was registered on {day}, when the case had begun ({start}); it binds only what"
    " came later. Its hash begins with {hash}.",
    "changed": "A plan was registered on {day}, before the start, and another on {again}, after it."
    " Changed: {keys}. The hash of the first begins with {hash}.",
    "differs": "A plan was registered on {day}, before the start, and the case is not judged by it."
    " Changed: {keys}. Its hash begins with {hash}.",
    "kept": "A plan was registered on {day}, before the start, and the case is judged by it. Its"
    " hash begins with {hash}.",
}
_DONE: Final = {True: "as planned", False: "changed"}


def hold_to_plan(
    case: Case, register: PlanRegister, evaluations: Sequence[Evaluation] = ()
) -> PlanHeld:
    """Set what was registered of a case beside what was done.

    Parameters
    ----------
    case : Case
        Its card today.
    register : PlanRegister
        ``run.plans(case)``.
    evaluations : sequence of Evaluation
        Of its outcomes.
    """
    plans = register.plans
    early = [plan for plan in plans if plan.before(case.start)]
    counts = early[-1] if early else plans[0] if plans else None
    if register.fault or counts is None:
        verdict = "broken" if register.fault else "none"
        return PlanHeld(_table([]), verdict, case, fault=register.fault)
    later = plans[plans.index(counts) + 1 :]
    keys = {key for plan in later for key in counts.changes(plan.card)}
    today = counts.changes(case)
    verdict = "late"
    if early:
        verdict = "changed" if keys else "differs" if today else "kept"
    rows = _rows(counts, case, evaluations)
    return PlanHeld(_table(rows), verdict, case, counts, later, tuple(sorted({*keys, *today})))


def _rows(
    plan: RegisteredPlan, case: Case, evaluations: Sequence[Evaluation]
) -> list[dict[str, Any]]:
    planned, done = _said(plan.card), _said(card_of(case))
    rows = [
        {"what": what, "outcome": "", "planned": planned.get(what, ""), "done": done.get(what, "")}
        for what in _SHOWN.values()
        if planned.get(what) or done.get(what)
    ]
    found = {e.outcome: e for e in evaluations}
    aims = {aim.indicator: aim for aim in case.outcomes}
    for told in plan.facts.get("outcomes", ()):
        name = str(told["indicator"])
        e, aim = found.get(name), aims.get(name)
        design = "" if e is None else e.effect.design if e.effect is not None else "none"
        asked = str(told.get("design", ""))
        name = outcome_name(name, "" if e is None else e.label)
        rows.append(
            {"what": "Design", "outcome": name, "planned": asked.split(":")[0], "done": design}
        )
        rows.append(
            {"what": "Claimed change", "outcome": name, "planned": _percent(told.get("claimed")),
             "done": _percent(None if aim is None else aim.claimed)}
        )  # fmt: skip
        width = None
        if e is not None and e.effect is not None and np.isfinite(e.effect.relative_high):
            width = (e.effect.relative_high - e.effect.relative_low) / 2
        rows.append(
            {"what": "Smallest effect that could be seen, and half the interval", "outcome": name,
             "planned": _percent(told.get("detectable")), "done": _percent(width), "same": ""}
        )  # fmt: skip
    for row in rows:
        row.setdefault("same", _DONE[row["planned"] == row["done"]])
    return rows


_SHOWN: Final = {
    "start": "Start", "end": "End", "chosen": "How units were chosen", "unit": "Unit",
    "period": "Period", "horizon": "Periods that count", "design": "Design asked for",
    "looks": "Looks",
}  # fmt: skip


#: What readers see of the card's own words.
_WORDS: Final = {
    "random": "at random", "rule": "by a rule", "worst": "the worst", "volunteers": "volunteers",
    "everybody": "all together", "customer": "customers, each by itself",
}  # fmt: skip


def _said(card: Any) -> dict[str, str]:
    card = card | {"looks": _looks(card.get("looks"))}
    told = {what: str(card[key]) for key, what in _SHOWN.items() if card.get(key) is not None}
    return {what: _WORDS.get(text, text) for what, text in told.items()}


def _looks(plan: Any) -> str | None:
    """Say how often it is looked at, as a card writes it."""
    if not isinstance(plan, dict):
        return None if plan is None else str(plan)
    number = plan.get("planned")
    return "open" if number is None else f"{number} ({plan.get('spending', 'even')})"


def _percent(x: float | None) -> str:
    return (
        "" if x is None or not np.isfinite(x) else f"{100 * x:.1f}%".replace("-", "\N{MINUS SIGN}")
    )


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    columns = ["what", "outcome", "planned", "done", "same"]
    return labelled(
        pd.DataFrame(rows, columns=columns),
        what="What was planned", outcome="Outcome", planned="Planned", done="Done",
        same="Compared",
    )  # fmt: skip
