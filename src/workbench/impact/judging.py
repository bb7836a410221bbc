"""Judge a case by its card: each outcome, all of them together, the money, who stays."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np

from workbench.impact.designs.design import refusal
from workbench.impact.designs.survival.time_to_event import LEAVING, staying_if_known
from workbench.impact.evaluate import Evaluation, judge, outcome_name
from workbench.impact.experiment.arms import Arms, arms_of, compare_arms
from workbench.impact.experiment.history import long_run
from workbench.impact.experiment.surrogates import SurrogateIndex
from workbench.impact.experiment.whom import Uplift, whom_it_helps
from workbench.impact.inputs.assignment import CaseData, compared, first_days
from workbench.impact.inputs.panel import CaseError
from workbench.impact.planning import CasePlan, plan_assignment
from workbench.impact.report import CaseReport, doubted, valued_outcome
from workbench.results import Finding
from workbench.study import Case


def judge_case(
    case: Case,
    data: CaseData,
    *,
    rng: np.random.Generator | None = None,
    currency: str = "",
    as_of: dt.date | None = None,
) -> CaseReport:
    """Judge a case by its card: each outcome, all of them together, the money, who stays.

    Parameters
    ----------
    case : Case
        Of the study's card.
    data : CaseData
        Its tables; ``run.case_data(case)`` gives those of a study.
    rng : Generator, optional
        Draws what is uncertain of benefit and cost; without it money is left out.
    currency : str
        ISO 4217 code.
    as_of : date, optional
        Last day of the data, for contracts.

    Returns
    -------
    CaseReport
        Data that allow no conclusion, or cannot be read, are refused in words, outcome by outcome.
    """
    judged = [
        judge(
            records, case, data.treatments,
            outcome=aim.indicator, direction=aim.direction, claimed=aim.claimed,
            selection=data.selection, comparison=data.comparison, covariates=data.covariates,
            units=data.units,
            measured_anew=aim.measured_anew, label=(aim.label or {}).get("en", ""),
            titles=data.titles, min_cell=data.min_cell, rule=data.rule,
            country=data.country,
            kind=data.kinds.get(aim.indicator),
            unit=currency if data.kinds.get(aim.indicator) == "money" else "",
        )
        for aim, records in zip(case.outcomes, data.outcomes, strict=True)
    ]  # fmt: skip
    arms, doubts = _arms(case, data, judged)
    judged = [doubted(e, doubts) for e in judged]
    whom, untold = _whom(case, data, judged, rng, currency)
    planned, unplanned = _planned(case, data, currency)
    index, unforetold = _long_run(case, data)
    judged = [_told(judged[0], [*untold, *unplanned, *unforetold]), *judged[1:]]
    report = CaseReport.of(case, judged, rng=rng, currency=currency, long_run=index)
    report = replace(report, arms=arms, whom=whom, planned=planned)
    leaves = any(aim.indicator in LEAVING for aim in case.outcomes)
    if any(check.key == "assignment" for check in report.checks):
        # who stays is compared customer by customer, which is not how the measure was assigned
        leaves = False
    if not leaves or data.contracts is None or data.customers is None or as_of is None:
        return report
    stay, caveats = staying_if_known(
        data.contracts, data.customers, case, data.treatments, as_of=as_of
    )
    return replace(report, stay=stay, stay_caveats=caveats)


def _arms(
    case: Case, data: CaseData, judged: list[Evaluation]
) -> tuple[tuple[Arms, ...], list[Finding]]:
    """Compare arms and segments of a lot, and tell what speaks against the lot."""
    if case.chosen != "random" or (case.arms is None and case.by is None and not case.adjust):
        return (), []
    found: list[Arms] = []
    try:
        for e, records in zip(judged, data.outcomes, strict=True):
            own = compared(case, records)
            treated = first_days(case, own, data.treatments).index
            arm = arms_of(case, own, treated, data.units)
            found.append(
                compare_arms(
                    own,
                    case,
                    arm,
                    data.units,
                    outcome=e.name,
                    direction=e.direction,
                    kind=e.kind,
                )
            )
    except CaseError as error:
        return (), [replace(refusal(error), key="arms", severity="warning")]
    doubts = [c for c in found[0].findings() if c.key == "sample ratio"]
    return tuple(found), [c for c in doubts if c.severity == "warning"]


def _whom(
    case: Case,
    data: CaseData,
    judged: list[Evaluation],
    rng: np.random.Generator | None,
    currency: str,
) -> tuple[Uplift | None, list[Finding]]:
    """Learn whom the measure helps, or say why that cannot be learnt."""
    if case.whom is None or rng is None:
        return None, []
    at = valued_outcome(case)
    aim, e = case.outcomes[at], judged[at]
    worth = (
        aim.value if aim.value is None or isinstance(aim.value, int | float) else aim.value.amount
    )
    try:
        own = compared(case, data.outcomes[at])
        treated = first_days(case, own, data.treatments).index
        arm = arms_of(case, own, treated, data.units)
        return whom_it_helps(
            own, case, arm, data.units, rng=rng.spawn(1)[0], outcome=e.name,
            direction=e.direction, value=worth, currency=currency,
        ), []  # fmt: skip
    except CaseError as error:
        return None, [replace(refusal(error), key="whom", severity="note")]


def _planned(case: Case, data: CaseData, currency: str) -> tuple[CasePlan | None, list[Finding]]:
    """Plan the main outcome, or say why that cannot be done."""
    if case.plan is None:
        return None, []
    aim = case.outcomes[0]
    name = outcome_name(aim.indicator, (aim.label or {}).get("en", ""))
    try:
        return plan_assignment(
            data.outcomes[0], case, units=data.units, outcome=name, claimed=aim.claimed,
            currency=currency,
        ), []  # fmt: skip
    except CaseError as error:
        return None, [replace(refusal(error), key="plan", severity="warning")]


def _long_run(case: Case, data: CaseData) -> tuple[SurrogateIndex | None, list[Finding]]:
    """Foretell the outcome that is worth money over the horizon, or say why that cannot be."""
    if case.surrogates is None:
        return None, []
    at = valued_outcome(case)
    aim = case.outcomes[at]
    try:
        return long_run(
            case, data.outcomes, data.older, data.treatments, data.units, main=at,
            outcome=outcome_name(aim.indicator, (aim.label or {}).get("en", "")),
        ), []  # fmt: skip
    except CaseError as error:
        return None, [replace(refusal(error), key="surrogates", severity="note")]


def _told(e: Evaluation, remarks: list[Finding]) -> Evaluation:
    return replace(e, checks=(*e.checks, *remarks))
