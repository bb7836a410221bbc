"""Which designs a case admits, and which of them answers: from how the treated were chosen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.arrays import Mask
from workbench.impact.designs import known_designs
from workbench.impact.designs.design import Situation
from workbench.impact.inputs.panel import CaseError, Panel
from workbench.results import Finding

CHOSEN = {
    "random": "Who got it was chosen at random.",
    "rule": "Who got it followed from a rule.",
    "worst": "It was given to the weakest.",
    "volunteers": "Volunteers took part.",
    "everybody": "Everybody got it at the same time.",
}


@dataclass(frozen=True)
class Selection:
    """The choice of a design.

    Attributes
    ----------
    design : str
        The one that answers; empty when none does.
    table : DataFrame
        All designs: `design`, `admissible`, `answers`, `assumption`, `reason`.
    asked : str
        The design that the card asks for where the case does not admit it; empty otherwise.
    """

    design: str
    table: pd.DataFrame
    asked: str = ""

    def findings(self) -> list[Finding]:
        """Say that the card asks for a design that cannot answer."""
        if not self.asked:
            return []
        row = self.table.set_index("design").loc[self.asked]
        return [
            Finding(
                "design",
                "The card asks for the design {design}, which this case does not admit: {reason}.",
                {"design": self.asked, "reason": str(row["reason"])},
                severity="warning",
            )
        ]


def select_design(situation: Situation) -> Selection:
    """Name the designs that a case admits, and pick the one that answers.

    Raises
    ------
    CaseError
        The card asks for a design that there is not.
    """
    case, known = situation.case, known_designs()
    if case.design is not None and case.design not in known:
        raise CaseError(
            "there is no design {name}",
            where=f"cases.{case.name}.design",
            remedy="use one of {names}",
            name=repr(case.design),
            names=", ".join(known),
        )
    reasons = {name: design.reason(situation) for name, design in known.items()}
    picked = next((n for n, d in known.items() if d.rank is not None and not reasons[n]), "")
    asked = ""
    if case.design is not None and case.design != picked:
        picked, asked = (picked, case.design) if reasons[case.design] else (case.design, "")
    table = pd.DataFrame(
        {
            "design": list(known),
            "admissible": [not reason for reason in reasons.values()],
            "answers": [name == picked for name in known],
            "assumption": [design.assumption for design in known.values()],
            "reason": list(reasons.values()),
        }
    )
    return Selection(picked, table, asked)


def met_the_rule(panel: Panel, selection: pd.Series) -> Mask:
    """Units whose baseline lies on the treated side of the line.

    The line is where 98 % of the treated lie on their side, because cleaning may move single
    values across it.

    Parameters
    ----------
    panel : Panel
    selection : Series
        Baseline measure by unit, as it was before the start.
    """
    values = selection.reindex(panel.units).to_numpy(dtype=float)
    own, rest = values[panel.treated], values[~panel.treated]
    if not np.isfinite(own).any() or not np.isfinite(rest).any():
        return np.ones(len(panel.units), dtype=bool)
    if np.nanmean(own) >= np.nanmean(rest):
        met = values >= np.nanquantile(own, 0.02)
    else:
        met = values <= np.nanquantile(own, 0.98)
    return np.asarray(met | panel.treated)
