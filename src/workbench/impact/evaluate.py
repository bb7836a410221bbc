"""Judge one outcome of one case: the glance, the sound comparison, the checks and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from workbench.impact.answers import answer, attempt, firmness
from workbench.impact.checks.comparability import (
    instrument_check,
    left_by_card,
    left_out,
    no_design,
    other_measures,
    refusal,
    thin_cells,
)
from workbench.impact.designs.before_after import before_after, series_glance
from workbench.impact.designs.return_to_mean import DESIGN as RETURN
from workbench.impact.designs.return_to_mean import panel_without_return
from workbench.impact.designs.series.series_case import judge_series
from workbench.impact.designs.staggered.adoption_case import Judged, judge_starts
from workbench.impact.effect import Effect, Kind
from workbench.impact.foresight import Foresight, foresee
from workbench.impact.grading import Grading, Strength, grade
from workbench.impact.inputs.assignment import compared, first_days
from workbench.impact.inputs.panel import (
    CaseError,
    Panel,
    SeveralStartsError,
    read_panel,
    split_periods,
)
from workbench.impact.selection import Selection, met_the_rule, select_design
from workbench.results import Finding
from workbench.stats import holm
from workbench.study import Case

# Sums of a year, such as spend; all other measures of selection are means.
_EXCLUDED = ["reason", "what", "n"]
_FLOWS = ("sales", "orders_per_customer")


@dataclass(frozen=True)
class Evaluation:
    """What can be said about one outcome of a case.

    Attributes
    ----------
    outcome : str
        Name of the indicator.
    direction : {"up", "down"}
        Where the measure should move it.
    claimed : float or None
        Claimed relative change.
    kind : {"number", "share", "points"}
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
    """

    outcome: str
    direction: str
    claimed: float | None
    kind: Kind
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
        return self.answers

    def metrics(self) -> pd.DataFrame:
        """Effect and relative effect: name, value, low, high; empty where refused."""
        if self.effect is None:
            return pd.DataFrame(columns=["name", "value", "low", "high"])
        return self.effect.metrics()


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
    measured_anew: Any = None,
    label: str = "",
    titles: Mapping[str, str] | None = None,
    min_cell: int = 5,
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
    measured_anew : date, optional
        Day from which on the outcome was measured in another way.
    label : str
        What running text calls the outcome.
    titles : mapping, optional
        Name of a case -> what remarks call it.
    min_cell : int
        Fewest records of the treated, and of the comparison, before and after.

    Raises
    ------
    CaseError
        Input that cannot be read. Data that allow no conclusion are no error: they give an
        evaluation that says so.
    """
    records = compared(case, records)
    kind = _kind(records, outcome)
    if case.chosen == "everybody":
        judged = judge_series(records, case, outcome, comparison, min_cell, level, covariates)
    else:
        judged = _judge_panel(records, case, treatments, outcome, selection, min_cell, level)
    effect, glance, others, designs, checks, left = judged
    anew = instrument_check(records, case, measured_anew, outcome)
    if anew is not None and anew.severity == "refusal":
        effect, others = None, []
    checks = [*checks, *([] if anew is None else [anew])]
    checks += other_measures(records, case, treatments, titles or {})
    checks += [*left_by_card(case), *left_out(left)]
    if effect is not None:
        effect = _dressed(replace(effect, checks=()), case, label or outcome, kind)
    glance = None if glance is None else _dressed(glance, case, label or outcome, kind)
    rows = [e.table for e in (effect, *others, glance) if e is not None]
    answers = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()
    return Evaluation(
        outcome=outcome,
        direction=direction,
        claimed=claimed,
        kind=kind,
        effect=effect,
        glance=glance,
        answers=answers,
        designs=designs,
        checks=tuple(checks),
        grading=grade(effect, checks, claimed),
        exclusions=left,
        customers=_customers(records, case, treatments),
        label=label,
        foresight=foresee(
            records,
            case,
            treatments,
            outcome=outcome,
            claimed=claimed,
            min_cell=min_cell,
            design="" if effect is None else effect.design,
            level=level,
        ),
    )


def judge(records: pd.DataFrame, case: Case, *rest: Any, **options: Any) -> Evaluation:
    """Judge one outcome as `evaluate` does; data that cannot be read are refused in words.

    A page shall say what is wrong with its data, not be missing.
    """
    try:
        return evaluate(records, case, *rest, **options)
    except CaseError as error:
        checks = (refusal(error),)
        picked = select_design(
            case.model_copy(update={"design": None}), outcome="", n_treated=0, n_other=0
        )
        return Evaluation(
            outcome=options["outcome"],
            direction=options.get("direction", "up"),
            claimed=options.get("claimed"),
            kind="number",
            effect=None,
            glance=None,
            answers=pd.DataFrame(),
            designs=picked.table,
            checks=checks,
            grading=grade(None, checks, None),
            label=options.get("label", ""),
        )


def _judge_panel(
    records: pd.DataFrame,
    case: Case,
    treatments: pd.DataFrame | None,
    outcome: str,
    selection: pd.DataFrame | None,
    min_cell: int,
    level: float,
) -> Judged:
    treated = first_days(case, records, treatments)
    if len(set((case.starts or {}).values())) > 1:
        return judge_starts(records, treated, case, outcome, level)
    unit = case.group or "customer_id"
    ready = "customer_id" not in records
    weight = "n" if ready and "n" in records else None
    try:
        panel = read_panel(records, treated, start=case.start, unit=unit, weight=weight)
    except SeveralStartsError:
        return judge_starts(records, treated, case, outcome, level)
    panel = panel.select(panel.weight.sum(axis=1) > 0)
    if ready and (holes := int((panel.weight == 0).sum())):
        # a group's series should have a value in each period; that of a customer need not
        row = pd.DataFrame([("no value", "units and periods", holes)], columns=_EXCLUDED)
        panel = replace(panel, exclusions=pd.concat([panel.exclusions, row], ignore_index=True))
    checks: list[Finding] = []
    same_rule = None
    if selection is not None and case.chosen in ("rule", "volunteers"):
        met = met_the_rule(panel, _baseline(selection, case, unit))
        same_rule = panel.select(met)
    n_treated = panel.n_treated
    picked = select_design(
        case,
        outcome=outcome,
        n_treated=n_treated,
        n_other=len(panel.units) - n_treated,
        n_same_rule=None if same_rule is None else int((~same_rule.treated).sum()),
        before=int((~panel.after).sum()),
        after=int(panel.after.sum()),
    )
    glance = _own_glance(panel, case, level)
    # totals of groups without the records behind them have no cells to be thin
    thin = None if ready and weight is None else thin_cells(panel, min_cell)
    if thin is not None or not picked.design:
        checks.append(thin or no_design(n_treated, len(panel.units) - n_treated))
        return None, glance, [], picked.table, checks, panel.exclusions
    compared = panel
    if same_rule is not None and picked.design in ("same rule", "between two answers"):
        compared = same_rule
    try:
        effect, others = answer(picked.design, compared, case, level)
    except CaseError as error:
        return None, glance, [], picked.table, [refusal(error)], panel.exclusions
    returned = _return(panel, picked, case, level)
    if returned is not None and effect.design != returned.design:
        others.append(returned)
        checks += returned.checks
    checks += [*picked.checks, *effect.checks, *firmness(compared, effect, level)]
    if picked.design == "same baseline" and case.chosen in ("rule", "worst"):
        checks.append(
            Finding(
                "selection",
                "The treated were chosen because of their baseline, and nobody else met the same"
                " rule. The adjustment takes out the return to the mean only if its straight"
                " line is right.",
                severity="warning" if case.chosen == "worst" else "note",
            )
        )
    return effect, glance, others, picked.table, checks, panel.exclusions


def _own_glance(panel: Panel, case: Case, level: float) -> Effect | None:
    """Compare the treated with themselves; a single unit's periods stand for units."""
    if panel.n_treated != 1:
        return attempt(lambda: before_after(panel, window=case.periods_a_year, level=level))
    own = panel.outcome[panel.treated][0]
    seen = np.isfinite(own)
    return attempt(lambda: series_glance(own[seen], panel.after[seen], level=level))


def _return(panel: Panel, picked: Selection, case: Case, level: float) -> Effect | None:
    """Give the before/after comparison less the return to the mean, where chosen by their level."""
    open_to = picked.table.set_index("design")["admissible"]
    if not open_to[RETURN]:
        return None
    return attempt(lambda: panel_without_return(panel, year=case.periods_a_year, level=level))


def _customers(records: pd.DataFrame, case: Case, treatments: pd.DataFrame | None) -> float:
    """Treated customers in a period after the start, on average."""
    periods = pd.Index(records["period"].unique()).sort_values()
    _, after = split_periods(periods, case.start)
    rows = records[records["period"].isin(periods[after])]
    if case.chosen != "everybody":
        unit = case.group or "customer_id"
        rows = rows[rows[unit].isin(first_days(case, records, treatments).index)]
    elif "customer_id" not in rows:
        return float(rows["n"].mean()) if "n" in rows else 0.0
    return len(rows) / max(int(after.sum()), 1)


def _baseline(selection: pd.DataFrame, case: Case, unit: str) -> pd.Series:
    """Baseline measure of each unit over the last year before the start."""
    before, _ = split_periods(pd.Index(selection["period"].unique()).sort_values(), case.start)
    periods = pd.Index(selection["period"].unique()).sort_values()[before][-case.periods_a_year :]
    rows = selection[selection["period"].isin(periods)].groupby(unit)["estimate"]
    return rows.sum() if case.selected_on in _FLOWS else rows.mean()


def _kind(records: pd.DataFrame, outcome: str) -> Kind:
    if outcome == "nps":
        return "points"
    values = pd.to_numeric(records["estimate"], errors="coerce")
    return "share" if values.between(0, 1).all() and values.nunique() <= 2 else "number"


def _dressed(effect: Effect, case: Case, outcome: str, kind: Kind) -> Effect:
    """Give the result its outcome's name, and periods that read well."""
    named = {}
    for table in ("series", "gaps"):
        frame = getattr(effect, table)
        if len(frame):
            named[table] = frame.assign(
                period=[_period_words(p, case.period) for p in frame["period"]]
            )
    return replace(effect, outcome=outcome, kind=kind, **named)


def _period_words(period: Any, every: str) -> Any:
    if not isinstance(period, pd.Timestamp):
        return period
    if every == "quarter":
        return f"{period.year}-Q{period.quarter}"
    return {"year": f"{period:%Y}", "month": f"{period:%Y-%m}"}.get(every, f"{period:%Y-%m-%d}")


def adjusted(evaluations: list[Evaluation]) -> pd.DataFrame:
    """Put the outcomes of a case side by side, p-values corrected for their number (Holm)."""
    columns = ["design", "estimate", "low", "high", "relative", "relative_low", "relative_high"]
    columns.append("p")
    rows: list[dict[str, Any]] = []
    for e in evaluations:
        row: dict[str, Any] = {"outcome": e.outcome, "strength": e.strength, "design": ""}
        if e.effect is not None:
            row.update({name: e.effect.table[name].iloc[0] for name in columns})
        rows.append(row)
    table = pd.DataFrame(rows, columns=["outcome", *columns, "strength"])
    table[columns[1:]] = table[columns[1:]].astype(float)
    table["p_holm"] = holm(table["p"])
    return table
