"""Units by their distance to the line of a rule: those who just met it, and who just missed it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.arrays import Array, Mask
from workbench.impact.inputs.panel import CaseError, Panel
from workbench.study import Case, CellRule, Cutoff


@dataclass(frozen=True)
class AtCutoff:
    """Units that a rule with a cut-off was applied to.

    Attributes
    ----------
    panel : Panel
        Of these units.
    distance : ndarray, shape (units,)
        To the line, in the unit of what they were chosen by; zero and above met the rule.
    name : str
        What they were chosen by.
    cutoff : Cutoff
    history : DataFrame
        Mean outcome of each unit before the start, apart from the time in which the rule looked
        at the outcome itself; no column where nothing was seen.
    rule : CellRule
        Which groups of them may be told of.
    year : int
        Periods a year.
    """

    panel: Panel
    distance: Array
    name: str
    cutoff: Cutoff
    history: pd.DataFrame
    rule: CellRule
    year: int = 12

    @property
    def met(self) -> Mask:
        """Who met the rule."""
        return np.asarray(self.distance >= 0)


def read_cutoff(
    panel: Panel, case: Case, value: pd.Series, outcome: str, rule: CellRule
) -> AtCutoff:
    """Set units beside the line of the card.

    Parameters
    ----------
    panel : Panel
    case : Case
        With a `cutoff`.
    value : Series
        What units were chosen by, by unit.
    outcome : str
        Its name: where it is what units were chosen by, the last year before the start is not
        looked at for history.
    rule : CellRule

    Raises
    ------
    CaseError
        Nobody, or everybody, met the rule.
    """
    cutoff = case.cutoff
    assert cutoff is not None
    own = pd.to_numeric(value, errors="coerce").reindex(panel.units).to_numpy(dtype=float)
    known = np.isfinite(own)
    panel, own = panel.select(known), own[known]
    distance = own - cutoff.at if cutoff.side == "above" else cutoff.at - own
    name = cutoff.by or case.selected_on or ""
    if not (distance >= 0).any() or (distance >= 0).all():
        raise CaseError(
            "of {n} units {met} met the rule ({name}, {at})",
            where=f"cases.{case.name}.cutoff",
            remedy="it needs units on both sides of the line; their values run from {low} to"
            " {high}",
            n=len(own),
            met=int((distance >= 0).sum()),
            name=name,
            at=f"{cutoff.at:g}",
            low=f"{own.min():g}" if own.size else "-",
            high=f"{own.max():g}" if own.size else "-",
        )
    places, columns = np.flatnonzero(~panel.after), {}
    year = places[-case.periods_a_year :]
    chosen_by_it = cutoff.by is None and case.selected_on == outcome
    for label, time in (("last year", year), ("before", np.setdiff1d(places, year))):
        if time.size and not (chosen_by_it and label == "last year"):
            when = np.zeros(len(panel.periods), dtype=bool)
            when[time] = True
            columns[label] = panel.means(when)[0]
    history = pd.DataFrame(columns, index=panel.units)
    history = history.dropna(axis=1, how="all")
    return AtCutoff(panel, distance, name, cutoff, history, rule, case.periods_a_year)
