"""A case with all its outcomes: judged together, one table, one picture, the checks once each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workbench.impact.benefit import Benefit, cost_benefit
from workbench.impact.designs import known_designs
from workbench.impact.designs.discontinuity.discontinuity import EffectAtLine
from workbench.impact.designs.staggered.staggered_effect import StaggeredEffect
from workbench.impact.designs.synthetic.synthetic_control import SyntheticControl
from workbench.impact.effect import ALPHA, Effect, answers_table
from workbench.impact.evaluate import Evaluation
from workbench.impact.experiment.arms import Arms, versions_table
from workbench.impact.experiment.surrogates import SurrogateIndex
from workbench.impact.experiment.whom import Uplift
from workbench.impact.findings import (
    case_finding,
    effect_estimate,
    foresight_findings,
    glance_finding,
    guardrail_finding,
    margins_of,
    outcome_finding,
    staying_findings,
)
from workbench.impact.foresight import plans_table
from workbench.impact.grading import weaker
from workbench.impact.inputs.periods import period_label
from workbench.impact.kept import kept_shares
from workbench.impact.planning import CasePlan
from workbench.languages import Language
from workbench.results import Estimate, Finding, Picture, Result, labelled
from workbench.stats import holm
from workbench.study import Case


@dataclass(frozen=True)
class CaseReport(Result):
    """All outcomes of one case; `judge_case` makes it.

    Attributes
    ----------
    case : Case
    evaluations : tuple of Evaluation
        The first is the main outcome.
    p : tuple of float
        p-values of the outcomes, corrected for their number (Holm); NaN where none was tested.
    benefit : Benefit or None
        Where the card gives costs and the value of an outcome, and that has an effect.
    stay : Effect or None
        Days under contract that the measure brought, where that is looked at.
    stay_caveats : tuple of Finding
    arms : tuple of Arms
        Arms and segments of a lot, outcome by outcome, where the card names any.
    whom : Uplift or None
        Whom the measure helps, on the outcome that is worth money (the main one where none is).
    long_run : SurrogateIndex or None
        What the first periods foretell of the horizon, where the card asks for it.
    planned : CasePlan or None
        Whom to treat and what could be seen, where the card asks for a plan.
    """

    case: Case
    evaluations: tuple[Evaluation, ...]
    p: tuple[float, ...]
    benefit: Benefit | None = None
    stay: Effect | None = None
    stay_caveats: tuple[Finding, ...] = ()
    arms: tuple[Arms, ...] = ()
    whom: Uplift | None = None
    long_run: SurrogateIndex | None = None
    planned: CasePlan | None = None

    @classmethod
    def of(
        cls,
        case: Case,
        evaluations: Iterable[Evaluation],
        *,
        rng: np.random.Generator | None = None,
        currency: str = "",
        long_run: SurrogateIndex | None = None,
    ) -> CaseReport:
        """Gather the outcomes of a case: correct for their number, and set benefit against cost.

        Parameters
        ----------
        case : Case
        evaluations : iterable of Evaluation
            One an outcome of the case, in their order.
        rng : Generator, optional
            Draws what is uncertain of benefit and cost; without it money is left out.
        currency : str
            ISO 4217 code.
        long_run : SurrogateIndex, optional
            By which the effect goes on, where older measures bear it out.
        """
        found = tuple(evaluations)
        tested = [np.nan if e.effect is None else e.effect.p for e in found]
        # what must only not worsen is no claim among several: it has a test of its own
        guarded = [margin is not None for margin in margins_of(case, len(found))]
        aims = [np.nan if g else q for g, q in zip(guarded, tested, strict=True)]
        p = tuple(float(q if g else h) for g, q, h in zip(guarded, tested, holm(aims), strict=True))
        told = tuple(_corrected(e, q, len(found)) for e, q in zip(found, p, strict=True))
        benefit = None if rng is None else _benefit(case, told, rng, currency, long_run)
        return cls(case, told, p, benefit, long_run=long_run)

    # --- the message -------------------------------------------------------------------------

    @property
    def verdict(self) -> Finding:
        """The one verdict on the measure."""
        return case_finding(
            self.case, self.evaluations, self.p, self.benefit, valued_outcome(self.case)
        )

    @property
    def sentences(self) -> list[Finding]:
        """What was found of each outcome, in their order."""
        n = len(self.evaluations)
        each = zip(self.evaluations, self.p, margins_of(self.case, n), strict=True)
        return [outcome_finding(self.case, e, p, n, margin) for e, p, margin in each]

    @property
    def totals(self) -> list[Finding]:
        """Effects added up since the start, over all treated customers, of outcomes that add up."""
        return [
            Finding(f"total.{e.outcome}", TOTALS[e.outcome], _added_up(e, f"{self.case.period}s"))
            for e in self.evaluations
            if e.effect is not None and e.outcome in TOTALS and e.customers
        ]

    @property
    def guardrails(self) -> list[Finding]:
        """Whether outcomes that must not worsen beyond a margin have not."""
        both = zip(self.case.outcomes, self.evaluations, strict=False)
        return [guardrail_finding(e, aim.guardrail) for aim, e in both if aim.guardrail is not None]

    @property
    def next_step(self) -> Finding:
        """What to do, by the verdict."""
        said = self.verdict.next_step
        assert said is not None
        return said

    @property
    def staying(self) -> list[Finding]:
        """Whether customers stay longer, as a heading and a sentence; empty where not looked at."""
        return [] if self.stay is None else staying_findings(self.stay)

    @property
    def foresight(self) -> list[Finding]:
        """What could have been seen of each outcome, by the time before the start."""
        return [each for e in self.evaluations for each in foresight_findings(e)]

    def findings(self) -> list[Finding]:
        """Return the verdict, what was found of each outcome, and the money."""
        money = [] if self.benefit is None else self.benefit.findings()
        return [self.verdict, *self.sentences, *money, *self.staying]

    def estimates(self) -> dict[str, Estimate]:
        """Effects, relative where that is known; then net benefit and the chance that it pays."""
        effects = {
            f"effect.{e.outcome}": effect_estimate(e, p, self.case.name)
            for e, p in zip(self.evaluations, self.p, strict=True)
            if e.effect is not None
        }
        return effects | ({} if self.benefit is None else self.benefit.estimates())

    @property
    def glance(self) -> Finding:
        """What a glance at the main outcome would have said."""
        return glance_finding(self.main)

    # --- its outcomes ------------------------------------------------------------------------

    @property
    def main(self) -> Evaluation:
        """The first outcome."""
        return self.evaluations[0]

    @property
    def effects(self) -> list[Effect]:
        """Effects of the outcomes that allow a conclusion."""
        return [e.effect for e in self.evaluations if e.effect is not None]

    @property
    def assumptions(self) -> list[tuple[str, str]]:
        """Designs that answer, and what must hold for each."""
        names = dict.fromkeys(e.design for e in self.effects)
        return [(name, known_designs()[name].assumption) for name in names]

    @property
    def mixture(self) -> SyntheticControl | None:
        """The first outcome that a synthetic control answers, with its donors and placebos."""
        return next((e for e in self.effects if isinstance(e, SyntheticControl)), None)

    @property
    def starts(self) -> StaggeredEffect | None:
        """The first outcome with different starts, with its groups, times and averages."""
        return next((e for e in self.effects if isinstance(e, StaggeredEffect)), None)

    @property
    def line(self) -> EffectAtLine | None:
        """The first outcome that is judged at the line of a rule."""
        return next((e for e in self.effects if isinstance(e, EffectAtLine)), None)

    @property
    def checks(self) -> tuple[Finding, ...]:
        """Remarks on any outcome, each once, the gravest first."""
        order = {"refusal": 0, "warning": 1, "note": 2, "ok": 3}
        unique = {(c.message, str(dict(c.values))): c for e in self.evaluations for c in e.checks}
        return tuple(sorted(unique.values(), key=lambda c: order[c.severity]))

    @property
    def caveats(self) -> tuple[Finding, ...]:
        """Checks that a reader must know of: all that were not simply passed."""
        return tuple(c for c in self.checks if c.severity != "ok")

    # --- its tables --------------------------------------------------------------------------

    @property
    def table(self) -> pd.DataFrame:
        """One row an outcome: what was claimed, seen at a glance, and found.

        Columns `outcome`, `design`, `claimed`, `glance`, `effect`, `effect_low`, `effect_high` (all
        relative), `difference`, `difference_low`, `difference_high` (in units of the outcome),
        `p`, `p_holm` (corrected for the number of outcomes), `verdict`, `strength`; `own` and its
        ends, the difference where an effect has no share.
        """
        rows: list[dict[str, Any]] = []
        for e, p, said in zip(self.evaluations, self.p, self.sentences, strict=True):
            row: dict[str, Any] = {"outcome": e.name, "design": "", "claimed": e.claimed}
            row |= {"p_holm": p, "verdict": said.verdict, "strength": e.strength}
            row["glance"] = None if e.glance is None else e.glance.relative
            if (found := e.effect) is not None:
                row |= {"design": found.design, "p": found.p}
                row |= {"effect": found.relative, "difference": found.effect}
                row |= {"effect_low": found.relative_low, "effect_high": found.relative_high}
                row |= {"difference_low": found.low, "difference_high": found.high}
            rows.append(row)
        names = ["effect", "effect_low", "effect_high", "difference", "difference_low"]
        numbers = ["claimed", "glance", *names, "difference_high", "p", "p_holm"]
        table = pd.DataFrame(rows, columns=["outcome", "design", *numbers, "verdict", "strength"])
        table = table.astype(dict.fromkeys(numbers, float))
        # where an effect has no share of what would have been, its difference is told
        apart = table["effect"].isna() & table["difference"].notna()
        if apart.any():
            ends = {"own": "difference", "own_low": "difference_low", "own_high": "difference_high"}
            table = table.assign(**{own: table[name].where(apart) for own, name in ends.items()})
        return labelled(
            table,
            outcome="Outcome",
            claimed=("Claimed", "percent:0"),
            glance=("Simple before/after comparison", "percent:0"),
            effect=("Effect", "percent:1"),
            **({"own": ("Difference", "number")} if apart.any() else {}),
            p_holm=("p-value (Holm)", "p"),
            verdict="Verdict",
            strength="Strength of evidence",
        )

    @property
    def answers(self) -> pd.DataFrame:
        """Every answer worked out, outcome by outcome, the glance last."""
        parts = [e.table.assign(outcome=e.name) for e in self.evaluations]
        return answers_table(pd.concat(parts, ignore_index=True), outcome="Outcome")

    @property
    def described(self) -> pd.DataFrame:
        """What unit by unit reads where the measure was assigned above the units; else empty."""
        effects = [(e.name, e.described) for e in self.evaluations if e.described is not None]
        if not effects:
            return pd.DataFrame()
        parts = [effect.table.assign(outcome=name) for name, effect in effects]
        return answers_table(pd.concat(parts, ignore_index=True), outcome="Outcome")

    @property
    def gradings(self) -> pd.DataFrame:
        """How the strength of each outcome came about."""
        parts = [e.grading.table.assign(outcome=e.name) for e in self.evaluations]
        return labelled(
            pd.concat(parts, ignore_index=True),
            outcome="Outcome", part="What counts", found="Found", grades=("Grades", "number:0"),
        )  # fmt: skip

    @property
    def checked(self) -> pd.DataFrame:
        """What was checked, outcome by outcome."""
        said = {"ok": "passed", "note": "note", "warning": "warning", "refusal": "no conclusion"}
        rows = [
            {"outcome": e.name, "check": c.key, "result": said[c.severity]}
            for e in self.evaluations
            for c in e.checks
        ]
        table = pd.DataFrame(rows, columns=["outcome", "check", "result"]).drop_duplicates()
        return labelled(table, outcome="Outcome", check="Check", result="Result")

    @property
    def designs(self) -> pd.DataFrame:
        """What each design assumes, and why it is or is not admissible, for the main outcome."""
        return labelled(
            self.main.designs.sort_values("admissible", ascending=False, kind="stable"),
            design="Design", admissible="Admissible", answers="Used",
            assumption="Assumption", reason="Why not",
        )  # fmt: skip

    @property
    def plans(self) -> pd.DataFrame:
        """What each design could have seen, outcome by outcome; empty where nothing is known."""
        parts = [
            e.foresight.table.assign(outcome=e.name)
            for e in self.evaluations
            if e.foresight is not None and e.foresight.plans
        ]
        if not parts:
            return pd.DataFrame()
        return plans_table(pd.concat(parts, ignore_index=True), outcome="Outcome")

    @property
    def series(self) -> pd.DataFrame:
        """The numbers behind `plot_outcomes`, outcome by outcome."""
        return labelled(
            self._gathered("series", "observed", "counterfactual"),
            outcome="Outcome", period="Period", observed="Observed",
            counterfactual="Without the measure (estimate)",
        )  # fmt: skip

    @property
    def gaps(self) -> pd.DataFrame:
        """The numbers behind `plot_gaps`, outcome by outcome; percent where all are relative."""
        drawn = [e for e in self.effects if len(e.gaps)]
        form = "percent:1" if drawn and all(e.in_percent for e in drawn) else "number"
        return labelled(
            self._gathered("gaps", "estimate"),
            outcome="Outcome", period="Period", estimate=("Difference", form),
        )  # fmt: skip

    def _gathered(self, name: str, *columns: str) -> pd.DataFrame:
        parts: list[pd.DataFrame] = []
        for e in self.evaluations:
            if e.effect is not None and len(frame := getattr(e.effect, name)):
                names = [period_label(p, e.effect.every) for p in frame["period"]]
                parts.append(frame.assign(period=names, outcome=e.name))
        if parts:
            return pd.concat(parts, ignore_index=True)
        return pd.DataFrame(columns=["outcome", "period", *columns])

    @property
    def versions(self) -> pd.DataFrame:
        """Arms of a lot against no measure and one another; empty where the card names none."""
        return versions_table(self.arms)

    @property
    def segments(self) -> pd.DataFrame:
        """Effects by segment; empty where the card names none."""
        return versions_table(self.arms, segments=True)

    @property
    def kept(self) -> pd.DataFrame | None:
        """Share of those about to leave that the measure keeps; None where no lot measured it."""
        rows = kept_shares(self.case, self.evaluations, self.arms)
        return rows if len(rows) else None

    @property
    def looks(self) -> pd.DataFrame:
        """The main outcome as each look saw it; empty where it is not looked at while it runs."""
        if self.main.looks is None or self.main.effect is None:
            return pd.DataFrame()
        drawn = self.main.effect.series
        periods = drawn.loc[drawn["after"].to_numpy(dtype=bool), "period"]
        names = [period_label(p, self.case.period) for p in periods]
        return self.main.looks.table(pd.Index(names))

    # --- its pictures ------------------------------------------------------------------------

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw the main outcome with the measure and without it."""
        if self.main.effect is None:
            return super().plot(ax, language=language)
        return self.main.effect.plot(ax, language=language)

    def picture(self) -> Picture | None:
        """With the measure and without it, outcome by outcome; None without an effect over time."""
        if not self.effects or self.line is not None:
            return None
        return Picture(
            self.plot_outcomes,
            "With the measure and without it",
            "Those with the measure, period by period",
            self.series,
        )

    def at_the_line(self) -> Picture | None:
        """Outcomes beside the line of a rule; None where none is judged there."""
        if self.line is None:
            return None
        drawn = [e for e in self.evaluations if isinstance(e.effect, EffectAtLine)]
        parts = [e.effect.points.assign(outcome_name=e.name) for e in drawn
                 if isinstance(e.effect, EffectAtLine)]  # fmt: skip
        table = pd.concat(parts, ignore_index=True)
        return Picture(
            self.plot_outcomes,
            "Does the outcome jump at the line?",
            "Means of those who lie together, by what they were chosen by",
            labelled(
                table[["outcome_name", "value", "outcome", "fitted", "units", "met"]],
                outcome_name="Outcome",
                value="Chosen by",
                outcome="Observed",
                fitted="Fitted",
                units="Units",
                met="Met the rule",
            ),
        )

    def in_step(self) -> Picture | None:
        """Treated against comparison over time; None where no design looks at that."""
        if not len(self.gaps):
            return None
        return Picture(
            self.plot_gaps,
            "Did the groups move in step before?",
            "Treated minus comparison",
            self.gaps,
        )

    def visible(self) -> Picture | None:
        """Chance of seeing an effect, by its size; None where nothing is known."""
        if self.plans.empty:
            return None
        return Picture(
            self.plot_foresight,
            "How large must an effect be to be seen?",
            "Main outcome, by the design used",
        )

    def plot_outcomes(self, figure: Figure, *, language: str | Language = "en") -> list[Axes]:
        """Draw each outcome with and without the measure, one panel each."""
        effects = [e for e in self.effects if len(e.series)] or self.effects
        both = zip(effects, _panels(figure, len(effects)), strict=True)
        return [effect.plot(ax, language=language) for effect, ax in both]

    def plot_gaps(self, figure: Figure, *, language: str | Language = "en") -> list[Axes]:
        """Draw the difference to the comparison over time, one panel an outcome."""
        effects = [e for e in self.effects if len(e.gaps)]
        both = zip(effects, _panels(figure, len(effects)), strict=True)
        return [effect.plot_gaps(ax, language=language) for effect, ax in both]

    def plot_foresight(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw the chance of seeing an effect on the main outcome against its size."""
        planned = next(e.foresight for e in self.evaluations if e.foresight and e.foresight.plans)
        return planned.plot(ax, language=language)


#: Outcomes whose effects add up over periods and customers, in running text.
TOTALS: Final = {
    "sales": "Added up over {n} {unit} and {customers} customers with the measure, the "
    "effect on sales is {total}.",
    "orders_per_customer": "Added up over {n} {unit} and {customers} customers with the "
    "measure, the effect on orders is {total}.",
    "churn": "Added up over {n} {unit} and {customers} customers with the measure, the "
    "effect on the number of those who left is {total}.",
}


def _added_up(e: Evaluation, unit: str) -> dict[str, Any]:
    assert e.effect is not None
    total = e.effect.total.scaled(e.customers)
    customers = Estimate(e.customers, digits=0)
    return {"n": e.effect.n_after, "unit": unit, "customers": customers, "total": total}


def _panels(figure: Figure, n: int) -> list[Axes]:
    figure.set_figheight(2.9 * max(n, 1))
    return list(figure.subplots(max(n, 1), 1, squeeze=False).ravel()[:n])


def valued_outcome(case: Case) -> int:
    """Place of the outcome that is worth money; the main one where the card values none."""
    return next((k for k, aim in enumerate(case.outcomes) if aim.value is not None), 0)


def _benefit(
    case: Case,
    evaluations: tuple[Evaluation, ...],
    rng: np.random.Generator,
    currency: str,
    long_run: SurrogateIndex | None,
) -> Benefit | None:
    aim, e = case.outcomes[valued_outcome(case)], evaluations[valued_outcome(case)]
    if case.costs is None or aim.value is None or e.effect is None or not e.customers:
        return None
    effect, periods = e.effect, case.periods_ahead
    if long_run is not None and long_run.verdict == "holds":
        effect = replace(effect, effect=long_run.effect, low=long_run.low, high=long_run.high)
    elif case.surrogates is not None:
        # what nothing bears out is not carried on as if it lasted
        periods = max(min(periods, effect.n_after), 1)
    return cost_benefit(
        effect,
        value=aim.value,
        customers=e.customers,
        costs=case.costs,
        periods=periods,
        periods_a_year=case.periods_a_year,
        discount=case.discount,
        direction=aim.direction,
        rng=rng,
        currency=currency,
        fact=f"benefit.net.{case.name}",
        period=case.period,
        outcome=e.name,
    )


def _corrected(e: Evaluation, p_holm: float, outcomes: int) -> Evaluation:
    """Warn where an effect is clear alone, but not after the correction for several outcomes."""
    if e.effect is None or not e.effect.clear or not p_holm >= ALPHA or outcomes < 2:
        return e
    check = Finding(
        "several outcomes",
        "Taken alone, the effect on {outcome} is significant; adjusted for {n} outcomes it is not"
        " (p-value {p}).",
        {"outcome": e.name, "n": outcomes, "p": Estimate(p_holm, digits=3)},
        severity="warning",
    )
    return doubted(e, [check])


def doubted(e: Evaluation, warnings: list[Finding]) -> Evaluation:
    """Add warnings to an outcome, each of which takes a grade where there is an answer."""
    for check in warnings:
        grading = e.grading
        if e.effect is not None:
            columns = grading.table.columns
            row = pd.DataFrame([("assumptions checked", check.key, -1)], columns=columns)
            table = pd.concat([grading.table, row], ignore_index=True)
            grading = replace(grading, strength=weaker(grading.strength), table=table)
        e = replace(e, checks=(*e.checks, check), grading=grading)
    return e
