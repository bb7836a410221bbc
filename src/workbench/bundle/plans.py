"""Hold what case pages say of their plans against the register that goes along."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import ValidationError

from workbench.bundle.parts import RUN, STUDY, Bundle, card_of
from workbench.bundle.seal import Discrepancy
from workbench.runs.records.handover import FINDINGS
from workbench.study import Case, PlanError, RegisteredPlan
from workbench.study.plans import PLANS, parse_plans

#: Verdicts of a case page that rest on a plan registered before the start.
_BEFORE: Final = ("kept", "differs", "changed")


def plans_said(bundle: Bundle) -> str:
    """Say how many cases were planned."""
    cases, planned = _cases(bundle), set(_registers(bundle))
    if not cases:
        return "the study has no cases"
    kept = sum(name in planned for name in cases)
    return f"of {len(cases)} cases {kept} have a registered plan, and their pages say so"


def plan_faults(bundle: Bundle) -> Iterator[Discrepancy]:
    """Find registers that were changed, and pages that say something else than theirs."""
    registers, cases = _registers(bundle), _cases(bundle)
    for name in registers.keys() - cases.keys():
        yield Discrepancy("plan", _place(name), "the card has no such case")
    made = dt.datetime.fromisoformat(str(bundle.facts["made"]))
    for name, case in cases.items():
        try:
            plans = parse_plans(registers.get(name, "").splitlines(), _place(name))
        except PlanError as error:
            yield Discrepancy("plan", error.where, error.what)
            continue
        if plans and plans[-1].at > made.astimezone(dt.UTC):
            yield Discrepancy("plan", _place(name), "it says a later time than the bundle's")
        if (said := _said(bundle, name)) is not None:
            where = f"{RUN}/results/case_evaluation-{name}/{FINDINGS}"
            for what in _contradicting(said, case, plans):
                yield Discrepancy("plan", where, what)


def _contradicting(
    said: Mapping[str, Any], case: Case, plans: tuple[RegisteredPlan, ...]
) -> Iterator[str]:
    verdict, told = str(said["verdict"]), str(said["values"].get("hash", ""))
    if not plans:
        if verdict != "none":
            yield f"the page says {verdict!r} of a plan, and none is in the register"
        return
    own = [plan for plan in plans if told and plan.hash.startswith(told)]
    if not own:
        yield f"the page names the plan {told or 'none'}, which is not in the register"
        return
    early = own[0].before(case.start)
    if early != (verdict in _BEFORE):
        yield (
            f"the page says {verdict!r}, and the plan was registered"
            f" {'before' if early else 'after'} the start"
        )
    if verdict == "kept" and (keys := own[0].changes(case)):
        yield f"the page says that the plan was kept, and the card differs in {', '.join(keys)}"


def _place(case: str) -> str:
    return f"{STUDY}/{PLANS}/{case}.jsonl"


def _registers(bundle: Bundle) -> dict[str, str]:
    found = bundle.below(f"{STUDY}/{PLANS}")
    return {name.removesuffix(".jsonl"): text.decode() for name, text in found.items()}


def _cases(bundle: Bundle) -> dict[str, Case]:
    card = card_of(bundle)
    found = {}
    for raw in card.get("cases") or ():
        try:
            case = Case.model_validate(raw)
        except ValidationError:
            continue  # such a card is refused where the study is run again
        found[case.name] = case
    return found


def _said(bundle: Bundle, case: str) -> Mapping[str, Any] | None:
    """Give what the case's page says of its plan; None where the run is older than that."""
    content = bundle.files.get(f"{RUN}/results/case_evaluation-{case}/{FINDINGS}")
    rows = json.loads(content) if content else []
    return next((row for row in rows if row.get("key") == "plan"), None)
