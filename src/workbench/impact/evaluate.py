"""Judge one outcome of one case: the glance, the sound comparison, the checks and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from workbench.impact.checks import Judged, look
from workbench.impact.checks.comparability import (
    instrument_check,
    left_by_card,
    left_out,
    no_design,
    other_measures,
)
from workbench.impact.checks.one_customer import CLOSED, Told, told_by_one
from workbench.impact.designs import Design, known_designs
from workbench.impact.designs.before_after import glance
from workbench.impact.designs.design import Situation, refusal
from workbench.impact.designs.differences.doubly_robust import NAME as DOUBLY_ROBUST
from workbench.impact.designs.discontinuity.discontinuity import plan_at_line
from workbench.impact.effect import Effect, OutcomeKind, answers_table, relative_to_known
from workbench.impact.foresight import Foresight, foresee
from workbench.impact.grading import Grading, Strength, grade
from workbench.impact.inputs.answers import seen_after_alone
from workbench.impact.inputs.assignment import compared, first_days, panel_of, when_off
from workbench.impact.inputs.cutoff import AtCutoff
from workbench.impact.inputs.eligible import among_eligible
from workbench.impact.inputs.panel import (
    CaseError,
    Panel,
    check_sides_vary,
    period_start,
    split_periods,
)
from workbench.impact.inputs.series import Series
from workbench.impact.looks import Looks, looks_at, looks_at_series
from workbench.impact.material import CaseTables, Material, read_material
from workbench.impact.overlap import NAME as TOGETHER
from workbench.impact.overlap import beside_others, overlap_finding
from workbench.impact.selection import Selection, select_design
from workbench.impact.wearing import OFF, told_of_off, wear_finding, wear_out, while_off
from workbench.languages import Language
from workbench.results import Estimate, Finding, Result, attempt
from workbench.study import Case, CellRule, LookPlan

#: What running text and axes call an outcome.
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
    "categories_bought": "categories bought per customer",
    "offers_answered": "offers taken up",
    "active_customers": "active customers",
    "response_hours": "response time (hours)",
    "first_contact_resolution": "resolution at first contact",
    "complaint_rate": "complaint rate",
}


@dataclass(frozen=True)
class Evaluation(Result):
    """What can be said about one outcome of a case.

    Attributes
    ----------
    outcome : str
        Name of the indicator.
    direction : {"up", "down"}
        Where the measure should move it.
    claimed : float or None
        Claimed relative change.
    kind : {"number", "percent", "points", "money"}
    effect : Effect or None
        The sound answer; None where no conclusion is possible.
    glance : Effect or None
        What a comparison of before and after says.
    answers : DataFrame
        All answers worked out, one row each.
    designs : DataFrame
        All designs: admissible or not, and why.
    checks : tuple of Finding
        Of the answer and of the case; a refusal stands here, too.
    grading : Grading
        How firm the answer stands, and why.
    exclusions : DataFrame
        What was left out of the comparison.
    customers : float
        Treated customers in a period after the start (records of the outcome, where these are
        not of customers).
    foresight : Foresight or None
        What each design could have seen, judged by the time before the start alone.
    label : str
        What running text calls the outcome; empty for the usual name of the indicator.
    described : Effect or None
        What a comparison unit by unit reads, where the measure was assigned above the units and no
        conclusion is possible: a description, no evidence.
    looks : Looks or None
        The trial as each look saw it, where the card says that it is looked at while it runs.
    """

    outcome: str
    direction: str
    claimed: float | None
    kind: OutcomeKind
    effect: Effect | None
    glance: Effect | None
    answers: pd.DataFrame
    designs: pd.DataFrame
    checks: tuple[Finding, ...]
    grading: Grading
    exclusions: pd.DataFrame = field(default_factory=pd.DataFrame)
    customers: float = 0.0
    foresight: Foresight | None = None
    label: str = ""
    described: Effect | None = None
    looks: Looks | None = None

    @property
    def name(self) -> str:
        """What running text calls the outcome."""
        return outcome_name(self.outcome, self.label)

    @property
    def strength(self) -> Strength:
        """Strength of evidence: strong, moderate, weak or none."""
        return self.grading.strength

    @property
    def refused(self) -> bool:
        """Whether no conclusion is possible."""
        return self.effect is None

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Checks that speak against the answer, or forbid one."""
        return tuple(c for c in self.checks if c.severity in ("warning", "refusal"))

    @property
    def table(self) -> pd.DataFrame:
        """All answers side by side, the one that counts first, the glance last."""
        return answers_table(self.answers if len(self.answers) else NOTHING)

    def estimates(self) -> dict[str, Estimate]:
        """Effect and relative effect; none where refused."""
        return {} if self.effect is None else self.effect.estimates()

    def findings(self) -> list[Finding]:
        """Return what was checked, the answer and the case."""
        return list(self.checks)

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw the outcome with the measure and without it; nothing where refused."""
        if self.effect is None:
            return super().plot(ax, language=language)
        return self.effect.plot(ax, language=language)


#: Answers, where there are none.
NOTHING: Final = Effect("", 0, 0, 0, 1).table[:0]


def outcome_name(outcome: str, label: str = "") -> str:
    """Name an outcome in running text, by its label where it has one."""
    return label or OUTCOMES.get(outcome, outcome.removeprefix("customers.").replace("_", " "))


def evaluate(
    records: pd.DataFrame,
    case: Case,
    treatments: pd.DataFrame | None = None,
    *,
    outcome: str,
    direction: str = "up",
    claimed: float | None = None,
    selection: pd.DataFrame | None = None,
    comparison: pd.DataFrame | None = None,
    covariates: pd.DataFrame | None = None,
    units: pd.DataFrame | None = None,
    measured_anew: Any = None,
    label: str = "",
    titles: Mapping[str, str] | None = None,
    min_cell: int = 5,
    rule: CellRule | None = None,
    kind: OutcomeKind | None = None,
    unit: str = "",
    country: str = "",
    level: float = 0.95,
) -> Evaluation:
    """Judge one outcome of a case.

    Parameters
    ----------
    records : DataFrame
        One row a customer and period: `customer_id`, `period`, `estimate`, and the column that
        names groups where groups were treated. Periods in order; rows of customers who could show
        the outcome, zeros included.
    case : Case
    treatments : DataFrame, optional
        `case`, `customer_id`, `start`, of all measures (the others are looked at for overlap).
    outcome, direction, claimed
        Name of the outcome, where it should move, claimed relative change.
    selection : DataFrame, optional
        The indicator by which the treated were chosen, in the form of `records`.
    comparison : DataFrame, optional
        Series that the measure did not reach, one column each, by period; for measures that
        reached everybody.
    covariates : DataFrame, optional
        What else moves the outcome, in the same form; on the logarithmic scale their logarithms
        enter. The measure must not move them, which is looked at.
    units : DataFrame, optional
        The customers' table, or one row a unit: a column of it (or of the records) whose values
        were treated as a whole is the unit of the comparison.
    measured_anew : date, optional
        Day from which on the outcome was measured in another way.
    label : str
        What running text calls the outcome.
    titles : mapping, optional
        Name of a case -> what remarks call it.
    min_cell : int
        Fewest records of the treated, and of the comparison, before and after.
    rule : CellRule, optional
        When a group's outcome is nearly all one customer's; the usual one, with `min_cell`, when
        left out.
    kind : {"number", "percent", "points", "money"}, optional
        What the outcome is, for how it is written; told from the records when left out.
    unit : str
        Currency of an outcome in money.
    country : str
        Whose public holidays lie in the periods of a series (``CN``, ``DE-BY``).

    Raises
    ------
    CaseError
        Input that cannot be read. Data that allow no conclusion are no error: they give an
        evaluation that says so.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from workbench.impact import evaluate
    >>> from workbench.study import Case
    >>> rng = np.random.default_rng(1)
    >>> months = pd.date_range("2024-01-01", periods=16, freq="MS")
    >>> case = Case(
    ...     name="app", title="The new app", what="An app.", start=months[10], chosen="random",
    ...     unit="region", treated={"city": list("ABCDEF")}, period="month",
    ...     outcomes=[{"indicator": "sales", "direction": "up"}],
    ... )
    >>> records = pd.DataFrame([
    ...     {
    ...         "city": city, "period": month, "n": 50,
    ...         "estimate": rng.normal(20, 1) + 3 * (city in "ABCDEF" and month >= months[10]),
    ...     }
    ...     for city in "ABCDEFGHIJKL" for month in months
    ... ])
    >>> found = evaluate(records, case, outcome="sales")
    >>> found.effect.design
    'chosen at random'
    """
    if case.plan is not None and _not_begun(case, records):
        raise CaseError(
            "the measure begins on {start}, after the data",
            where=f"cases.{case.name}.start",
            remedy="until then its plan stands below",
            start=f"{case.start:%Y-%m-%d}",
        )
    all_records = records
    tables, told = _told(
        CaseTables(
            compared(case, records), case, outcome, treatments, selection, comparison, covariates,
            units, min_cell, rule, country,
        ),
        rule,
    )  # fmt: skip
    records = tables.records
    kind = kind or _kind(records, outcome)
    material = read_material(tables)
    if isinstance(material.data, AtCutoff):
        named = replace(material.data, name=outcome_name(material.data.name))
        material = replace(material, data=named)
    if told.refused is not None:
        material = replace(material, refused=told.refused, by_unit=None)
    # of whom too little may be told nothing is, not even what a glance would say
    closed = material.refused is not None and material.refused.key in CLOSED
    picked = select_design(material.situation)
    # matrices here are many and small: threads of linear algebra would only wait for one another
    with threadpool_limits(limits=1):
        seen = None if material.data is None or closed else glance(_seen(material), case, level)
        effect, others, checks = _judge(material, picked, level)
        effect, fixed, watched, looks = _under_watch(material, effect, level)
        others, checks = [*fixed, *others], [*checks, *watched]
        rested, left = _when_off(all_records, tables, effect, rule, level)
        others = [*others, *([] if rested is None else [rested])]
        joint, overlapping, why = beside_others(material.data, records, case, treatments, level)
        others = [*others, *([] if joint is None or effect is None else [joint])]
        worn = None if effect is None else wear_out(material.data, effect, case, level)
        described = _unit_by_unit(material, level)
    if effect is None:
        left, worn = None, None
    anew = instrument_check(records, case, measured_anew, outcome)
    if anew is not None and anew.severity == "refusal":
        effect, others = None, []
    checks = [*checks, *([] if anew is None else [anew]), *told.caveats]
    effect, others = told.of(effect), [told.of(one) for one in others]
    checks += other_measures(records, case, treatments, titles or {})
    checks += [*left_by_card(case), *left_out(material.left)]
    about: Any = {
        "outcome": outcome_name(outcome, label),
        "kind": kind,
        "every": case.period,
        "unit": unit,
    }
    if kind == "points":  # a score that may be negative has no share of itself
        about |= dict.fromkeys(("relative", "relative_low", "relative_high"), _NAN)
        others = [replace(one, **about) for one in others]
    if effect is not None:
        effect = replace(effect, checks=(), **about)
        others = [replace(one, kind=kind, unit=unit) for one in others]
        if left is not None:
            rested = next((one for one in others if one.design == OFF), None)
            checks.append(told_of_off(left, rested))
        if overlapping:
            together = next((one for one in others if one.design == TOGETHER), None)
            known = [(titles or {}).get(name, name) for name in overlapping]
            checks.append(overlap_finding(effect, together, known, why))
        if worn is not None:
            checks.append(wear_finding(effect, *worn))
    seen = None if seen is None else replace(seen, **about)
    described = None if described is None else replace(described, checks=(), **about)
    rows = [e.table for e in (effect, *others, seen) if e is not None]
    answers = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()
    return Evaluation(
        outcome=outcome,
        direction=direction,
        claimed=claimed,
        kind=kind,
        effect=effect,
        glance=seen,
        answers=answers,
        designs=picked.table,
        checks=tuple(checks),
        grading=grade(effect, checks, claimed),
        exclusions=material.left,
        # at a line the effect is that of those beside it, which adds up to nothing
        customers=0.0 if case.cutoff is not None else _customers(records, case, treatments),
        label=label,
        described=described,
        looks=looks,
        foresight=None
        if material.by_unit is not None or closed
        else _at_line(material.data, outcome, claimed, level)
        if case.cutoff is not None
        else foresee(
            material.tables.records,
            material.tables.case,
            material.tables.treatments,
            outcome=outcome,
            claimed=claimed,
            min_cell=min_cell,
            design="" if effect is None else effect.design,
            level=level,
        ),
    )


def _at_line(data: Any, outcome: str, claimed: float | None, level: float) -> Foresight | None:
    """Tell what a comparison at the line of a rule could have seen."""
    plan = attempt(plan_at_line, data, level=level) if isinstance(data, AtCutoff) else None
    return None if plan is None else Foresight(outcome, claimed, {plan.design: plan}, plan.design)


def _when_off(
    records: pd.DataFrame,
    tables: CaseTables,
    effect: Effect | None,
    rule: CellRule | None,
    level: float,
) -> tuple[Effect | None, Finding | None]:
    """Judge what is left of an effect while the measure was off; None where it was on all along."""
    kept = None if effect is None else when_off(tables.case, records)
    if kept is None or effect is None:
        return None, None
    own, told = _told(replace(tables, records=kept), rule)
    if told.refused is not None:
        return None, replace(told.refused, key="after its end", severity="note")
    found, said = while_off(own, effect, level)
    return told.of(found), said


def _seen(material: Material) -> Any:
    """Give what a glance looks at: of triple differences those alone who could get the measure."""
    case, records = material.tables.case, material.tables.records
    if case.eligible is None:
        return material.data
    alone = case.model_copy(update={"eligible": None})
    treated = first_days(case, records, material.tables.treatments)
    return panel_of(alone, records[among_eligible(case, records)], treated)


def _not_begun(case: Case, records: pd.DataFrame) -> bool:
    start = pd.Timestamp(case.start)
    return all(period_start(period) < start for period in records["period"].unique())


def judge(records: pd.DataFrame, case: Case, *rest: Any, **options: Any) -> Evaluation:
    """Judge one outcome as `evaluate` does; data that cannot be read are refused in words.

    A page shall say what is wrong with its data, not be missing.
    """
    try:
        return evaluate(records, case, *rest, **options)
    except CaseError as error:
        checks = (refusal(error),)
        nobody = Situation(case.model_copy(update={"design": None}), "", n_treated=0, n_other=0)
        picked = select_design(nobody)
        return Evaluation(
            outcome=options["outcome"],
            direction=options.get("direction", "up"),
            claimed=options.get("claimed"),
            kind=options.get("kind") or "number",
            effect=None,
            glance=None,
            answers=pd.DataFrame(),
            designs=picked.table,
            checks=checks,
            grading=grade(None, checks, None),
            label=options.get("label", ""),
        )


def why_nothing(
    records: pd.DataFrame,
    case: Case,
    treatments: pd.DataFrame | None = None,
    *,
    outcome: str,
    selection: pd.DataFrame | None = None,
    comparison: pd.DataFrame | None = None,
    covariates: pd.DataFrame | None = None,
    units: pd.DataFrame | None = None,
    min_cell: int = 5,
    rule: CellRule | None = None,
) -> Finding | None:
    """Tell before anything is estimated why `evaluate` would find no answer; None where it may.

    Parameters
    ----------
    records, case, treatments, outcome, selection, comparison, covariates, units, min_cell, rule
        As `evaluate` takes them.

    Raises
    ------
    CaseError
        The card asks for a design that there is not.
    """
    select_design(Situation(case, outcome, n_treated=0, n_other=0))
    tables, told = _told(
        CaseTables(
            compared(case, records), case, outcome, treatments, selection, comparison, covariates,
            units, min_cell, rule,
        ),
        rule,
    )  # fmt: skip
    if told.refused is not None:
        return told.refused
    try:
        material = read_material(tables)
    except CaseError as error:
        return refusal(error)
    if material.refused is not None:
        return material.refused
    return None if select_design(material.situation).design else _no_design(material)


def _told(tables: CaseTables, rule: CellRule | None) -> tuple[CaseTables, Told]:
    """Hold the records of a case to the rule of a cell, and leave out what may not be compared."""
    told = told_by_one(
        tables.records[among_eligible(tables.case, tables.records)], tables.case, tables.treatments,
        rule or CellRule(min_cell=max(tables.min_cell, 1)),
    )  # fmt: skip
    return replace(tables, records=told.among(tables.records, tables.case)), told


def _judge(
    material: Material, picked: Selection, level: float
) -> tuple[Effect | None, list[Effect], list[Finding]]:
    """Answer by the design that was picked, set others beside it, and check it."""
    case = material.tables.case
    refused = material.refused or (None if picked.design else _no_design(material))
    if refused is not None:
        return None, [], [refused, *material.told]
    known = known_designs()
    design = known[picked.design]
    data = design.of(material.data)
    try:
        if isinstance(data, Panel):
            check_sides_vary(data, groups=case.group is not None)
        effect = design.answer(data, case, level)
    except CaseError as error:
        return None, [], [refusal(error), *material.told]
    others = _beside(design, effect, data, material, case, level)
    again = known[effect.design]

    def judge_again(moved: Any) -> Effect:
        return again.answer(moved, case, level)

    judged = Judged(data, case, level, effect, others, judge_again)
    told = [*material.told, *picked.findings(), *effect.checks]
    return effect, others, [*told, *look(judged, again.family)]


#: What is said of a case that is looked at while it runs.
WATCHED: Final = {
    "holds": "This case is looked at while it runs ({n} looks until now): its interval holds at"
    " every one of them. One look alone would have had {low} to {high}.",
    "more": "There were {n} looks, and {planned} were planned: what could be spent on false alarms"
    " is spent. Judge it by the last planned look, or plan without an end (`looks: open`).",
    "early": "Until now too little may be spent on false alarms for any effect to be shown, however"
    " large; later looks can.",
    "cannot": "No interval that holds at every look can be had here ({why}). The one shown holds"
    " for one look, at a time fixed beforehand.",
}
_ALONE: Final = "the same, one look alone"


def _under_watch(
    material: Material, effect: Effect | None, level: float
) -> tuple[Effect | None, list[Effect], list[Finding], Looks | None]:
    """Give the effect the interval that holds at every look; the fixed one stands beside it."""
    case = material.tables.case
    if effect is None or case.looks is None:
        return effect, [], [], None
    try:
        looks = _seen_so_far(material, effect, case.looks, level)
    except CaseError as error:
        why = {"why": refusal(error).values["what"]}
        return effect, [], [Finding("looks", WATCHED["cannot"], why, severity="warning")], None
    n, mean, value = len(looks.effect), effect.counterfactual + effect.effect, looks.effect[-1]
    low, high = looks.limits
    relative = relative_to_known(float(value), low, high, mean)
    at_every = replace(
        effect,
        effect=float(value),
        low=low,
        high=high,
        p=looks.p,
        relative=relative[0],
        relative_low=relative[1],
        relative_high=relative[2],
        counterfactual=mean - float(value),
        inference=looks.inference,
    )
    ends = (effect.change(relative=False).named(value=x, low=_NAN, high=_NAN) for x in
            (effect.low, effect.high))  # fmt: skip
    said: dict[str, Any] = {"n": n, **dict(zip(("low", "high"), ends, strict=True))}
    told = [Finding("looks", WATCHED["holds"], said)]
    if not np.isfinite([low, high]).any():
        told.append(Finding("looks", WATCHED["early"]))
    planned, so_far = case.looks.planned, int(looks.when[-1])
    if planned is not None and so_far > planned:
        values = {"n": so_far, "planned": planned}
        told.append(Finding("looks", WATCHED["more"], values, severity="warning"))
    return at_every, [replace(effect, design=_ALONE, checks=())], told, looks


def _seen_so_far(material: Material, effect: Effect, plan: LookPlan, level: float) -> Looks:
    """Judge the data after each period by what the design compares."""
    if material.situation.ratio:
        raise CaseError("the outcome is a ratio of totals")
    case, design = material.tables.case, known_designs()[effect.design]
    data = design.of(material.data)
    if isinstance(data, Series):
        return looks_at_series(data, case, design.answer, plan, level=level)
    if not isinstance(data, Panel):
        raise CaseError(
            "the outcome was not seen before the start"
            if material.situation.once
            else "the units started at different times"
            if material.situation.n_starts > 1
            else "it is judged at the line of its rule"
        )
    if design.family != "differences" or design.name == DOUBLY_ROBUST:
        raise CaseError("its design answers for one time alone")
    return looks_at(data, plan, level=level)


_NAN: Final = float("nan")


def _unit_by_unit(material: Material, level: float) -> Effect | None:
    """Work out what a comparison of units would read, where they are not what was assigned."""
    own = material.by_unit
    if own is None or own.data is None:
        return None
    case = own.tables.case.model_copy(update={"design": None})
    design = known_designs().get(select_design(replace(own.situation, case=case)).design)
    return None if design is None else attempt(design.answer, design.of(own.data), case, level)


def _beside(
    design: Design[Any], effect: Effect, data: Any, material: Material, case: Case, level: float
) -> list[Effect]:
    """Work out what stands beside an answer, as far as the data bear it."""
    known, found = known_designs(), []
    for other in design.beside:
        if not isinstance(other, str):
            found.append(attempt(other, data, case, level))
            continue
        answered = attempt(known[other].answer, data, case, level)
        # one that fell back on another design says nothing new
        found.append(answered if answered is not None and answered.design == other else None)
    for each in known.values():
        shown = each.beside_all and each.name != effect.design
        if shown and not each.reason(material.situation):
            found.append(attempt(each.answer, each.of(material.data), case, level))
    return [answer for answer in found if answer is not None]


def _no_design(material: Material) -> Finding:
    situation = material.situation
    if isinstance(material.data, Series):
        try:
            material.data.check_length()
        except CaseError as error:
            return refusal(error)
    return no_design(situation.n_treated, situation.n_other)


def _customers(records: pd.DataFrame, case: Case, treatments: pd.DataFrame | None) -> float:
    """Treated customers in a period after the start, on average."""
    periods = pd.Index(records["period"].unique()).sort_values()
    after = np.ones(len(periods), dtype=bool)
    if not seen_after_alone(case, records):
        _, after = split_periods(periods, case.start)
    rows = records[records["period"].isin(periods[after])]
    if case.chosen != "everybody":
        unit = case.group or "customer_id"
        rows = rows[among_eligible(case, rows)]
        rows = rows[rows[unit].isin(first_days(case, records, treatments).index)]
    elif "customer_id" not in rows:
        return float(rows["n"].mean()) if "n" in rows else 0.0
    return len(rows) / max(int(after.sum()), 1)


def _kind(records: pd.DataFrame, outcome: str) -> OutcomeKind:
    if outcome == "nps":
        return "points"
    values = pd.to_numeric(records["estimate"], errors="coerce")
    return "percent" if values.between(0, 1).all() and values.nunique() <= 2 else "number"
