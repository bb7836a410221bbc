"""What could have been seen: the plans of a case, from its data before the start alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from workbench.impact.designs import known_designs
from workbench.impact.inputs.assignment import first_days, panel_of
from workbench.impact.inputs.panel import CaseError, Panel, SeveralStartsError
from workbench.impact.inputs.series import Series, read_series
from workbench.impact.power import ADJUSTED, AFTER, POWER, Plan, units_needed
from workbench.languages import Language, speak
from workbench.results import Estimate, Result, attempt, labelled
from workbench.study import Case


@dataclass(frozen=True)
class Foresight(Result):
    """The plans of one outcome.

    Attributes
    ----------
    outcome : str
    claimed : float or None
    plans : dict of Plan
        By design.
    design : str
        The design that answered, or would answer.
    """

    outcome: str
    claimed: float | None
    plans: dict[str, Plan]
    design: str

    @property
    def main(self) -> Plan | None:
        """Plan of the design that answers."""
        own = known_designs().get(self.design)
        name = self.design if own is None else own.planned_as or own.name
        return self.plans.get(name) or next(iter(self.plans.values()), None)

    @property
    def table(self) -> pd.DataFrame:
        """One row a design: units, periods, detectable effect, and the chance to see the claim."""
        rows = []
        for plan in self.plans.values():
            known = self.claimed is not None and np.isfinite(plan.base)
            chance = plan.chance_of_claim(self.claimed) if known and self.claimed else np.nan
            rows.append(plan.table.assign(claimed=self.claimed, chance=chance))
        if not rows:
            rows = [Plan("", se=1.0, df=1.0).table.assign(claimed=np.nan, chance=np.nan)[:0]]
        return plans_table(pd.concat(rows, ignore_index=True))

    def estimates(self) -> dict[str, Estimate]:
        """Give what the design that answers could see; none where nothing is known."""
        return {} if self.main is None else self.main.estimates()

    def customers_for_claim(self) -> int | None:
        """Units, treated and others in equal number, that would show the claim by lot.

        None where nothing was claimed, or no number would do.
        """
        plan = next((p for p in self.plans.values() if p.comparison == ADJUSTED), None)
        if plan is None or not self.claimed or not np.isfinite(plan.base):
            return None
        # the spread of a unit that the plan rests on
        spread = plan.se / np.sqrt(1 / plan.n_treated + 1 / plan.n_other)
        try:
            return units_needed(self.claimed * plan.base, AFTER, sd=float(spread))
        except CaseError:
            return None

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw the chance of seeing an effect against its size, with the claim marked."""
        if self.main is None:
            return super().plot(ax, language=language)
        ax = self.main.plot(ax, language=language)
        if self.claimed:
            at = 100 * abs(self.claimed)
            ax.axvline(at, linewidth=0.8, color=ax.lines[1].get_color())
            ax.annotate(
                speak(language)("claim"), (at, 4), xytext=(4, 0), textcoords="offset points",
                fontsize="small",
            )  # fmt: skip
            ax.set_xlim(0, max(ax.get_xlim()[1], 1.1 * at))
        return ax


def plans_table(table: pd.DataFrame, **first: str) -> pd.DataFrame:
    """Label plans that stand below one another; `first` are columns that come before."""
    return labelled(
        table,
        **first,
        design="Design",
        treated="Treated units",
        others="Other units",
        after="Periods after",
        relative=("Smallest detectable effect", "percent:1"),
        claimed=("Claimed", "percent:0"),
        chance=("Probability of detecting the claimed effect", "percent:0"),
    )


def foresee(
    records: pd.DataFrame,
    case: Case,
    treatments: pd.DataFrame | None,
    *,
    outcome: str,
    design: str,
    claimed: float | None = None,
    min_cell: int = 5,
    level: float = 0.95,
    power: float = POWER,
) -> Foresight:
    """Plan a case from its time before the start: what could each design have seen.

    Parameters
    ----------
    records, case, treatments, outcome, claimed, min_cell, level
        As `evaluate`.
    design : str
        The design that answers.
    power : float
        The chance of being seen that the detectable effect refers to.
    """
    try:
        plans = _plans(records, case, treatments, min_cell, level, power)
    except CaseError:
        plans = {}
    return Foresight(outcome, claimed, plans, design)


def _plans(
    records: pd.DataFrame,
    case: Case,
    treatments: pd.DataFrame | None,
    min_cell: int,
    level: float,
    power: float,
) -> dict[str, Plan]:
    data = _before(records, case, treatments, min_cell)
    shape = "series" if isinstance(data, Series) else "units"
    plans = {}
    for design in known_designs().values():
        if design.plan is not None and design.shape == shape:
            plan = attempt(design.plan, data, case, power, level)
            if plan is not None:
                plans[plan.design] = plan
    return plans


def _before(
    records: pd.DataFrame, case: Case, treatments: pd.DataFrame | None, min_cell: int
) -> Panel | Series:
    if case.chosen == "everybody":
        return read_series(records, case, min_cell)
    treated = first_days(case, records, treatments)
    try:
        return panel_of(case, records, treated)
    except SeveralStartsError:
        # the time before the first start is common to all: planned as if all had started then
        return panel_of(case, records, pd.Series(True, index=treated.index))
