"""Which designs a case admits, and which of them answers: from how the treated were chosen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.arrays import Mask
from workbench.impact.designs.before_after import ASSUMPTION as NOTHING_ELSE
from workbench.impact.designs.differences.difference_in_differences import ASSUMPTION as PARALLEL
from workbench.impact.designs.differences.same_baseline import ASSUMPTION as SAME_BASELINE
from workbench.impact.designs.return_to_mean import ASSUMPTION as RETURNS_ALONE
from workbench.impact.designs.series.controlled_series import ASSUMPTION as NOTHING_TOUCHED
from workbench.impact.designs.series.interrupted_series import ASSUMPTION as NOTHING_AT_THE_TIME
from workbench.impact.designs.staggered.staggered import ASSUMPTION as STAGGERED
from workbench.impact.designs.synthetic.synthetic_control import ASSUMPTION as MIXTURE
from workbench.impact.designs.synthetic.synthetic_control import FEWEST_BEFORE as MIXTURE_BEFORE
from workbench.impact.designs.synthetic.synthetic_control import enough_for_interval
from workbench.impact.designs.synthetic.synthetic_difference import (
    ASSUMPTION as DIFFERENCED_MIXTURE,
)
from workbench.impact.inputs.panel import CaseError, Panel
from workbench.impact.inputs.series import FEWEST_AFTER, FEWEST_BEFORE
from workbench.results import Finding
from workbench.study import Case

# How much a design can bear at best: 3 strong, 2 moderate, 1 weak, 0 nothing.
GRADES = {
    "before and after": 0,
    "difference in differences": 2,
    "same baseline": 2,
    "same rule": 2,
    "drawn by lot": 3,
    "between two answers": 1,
    "interrupted time series": 2,
    "series with controls": 2,
    "before and after, return to the mean taken out": 1,
    "staggered adoption": 2,
    "synthetic control": 2,
    "synthetic difference in differences": 2,
}
ASSUMPTIONS = {
    "before and after": NOTHING_ELSE,
    "difference in differences": PARALLEL,
    "same baseline": SAME_BASELINE,
    "same rule": "Units that met the same rule but did not get the measure would have moved in step"
    " with those that got it.",
    "drawn by lot": "The lot was fair, and the units do not affect one another.",
    "between two answers": "Those who came forward differ from the rest either by lasting traits or"
    " by their recent history; the truth then lies between the two answers.",
    "interrupted time series": NOTHING_AT_THE_TIME,
    "series with controls": NOTHING_TOUCHED,
    "before and after, return to the mean taken out": RETURNS_ALONE,
    "staggered adoption": STAGGERED,
    "synthetic control": MIXTURE,
    "synthetic difference in differences": DIFFERENCED_MIXTURE,
}
CHOSEN = {
    "random": "Who got it was drawn by lot.",
    "rule": "Who got it followed from a rule.",
    "worst": "The worst got it.",
    "volunteers": "Those who came forward got it.",
    "everybody": "Everybody got it at the same time.",
}
_FEWEST_SAME_RULE = {"customer": 10, "group": 3}
_FEWEST_SEEN_TWICE = 10


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

    @property
    def checks(self) -> list[Finding]:
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


def select_design(
    case: Case,
    *,
    outcome: str,
    n_treated: int,
    n_other: int,
    n_same_rule: int | None = None,
    before: int = 0,
    after: int = 0,
    n_controls: int = 0,
    n_starts: int = 1,
) -> Selection:
    """Name the admissible designs and pick one.

    Parameters
    ----------
    case : Case
    outcome : str
        Name of the outcome; being chosen on the outcome itself is what brings the return to the
        mean.
    n_treated, n_other : int
        Units, treated and not.
    n_same_rule : int, optional
        Untreated units that met the rule; None when that is not known.
    before, after : int
        Periods.
    n_controls : int
        Comparison series.
    n_starts : int
        Different times at which units known before were first treated.

    Raises
    ------
    CaseError
        The card asks for a design that there is not.
    """
    if case.design is not None and case.design not in GRADES:
        raise CaseError(
            f"there is no design {case.design!r}",
            where=f"cases.{case.name}.design",
            remedy=f"use one of {', '.join(GRADES)}",
        )
    on_outcome = case.selected_on in (None, outcome)
    picked_on_baseline = case.chosen in ("rule", "worst")
    compared = n_treated >= 2 and n_other >= 2
    fewest = _FEWEST_SAME_RULE["group" if case.group else "customer"]
    reasons: dict[str, str] = {"before and after": "shows what a glance says; no evidence"}
    lacking = "" if compared else "fewer than two treated or two comparison units"
    reasons["difference in differences"] = lacking
    if not lacking and picked_on_baseline and on_outcome:
        reasons["difference in differences"] = (
            "chosen by their baseline: the rest does not return to the mean with them"
        )
    reasons["same baseline"] = lacking
    reasons["same rule"] = (
        "not chosen by a rule"
        if case.chosen != "rule"
        else lacking or ("" if (n_same_rule or 0) >= fewest else "nobody else met the rule")
    )
    reasons["drawn by lot"] = lacking if case.chosen == "random" else "not drawn by lot"
    reasons["between two answers"] = lacking if case.chosen == "volunteers" else "no volunteers"
    short = after < FEWEST_AFTER or before < FEWEST_BEFORE
    reasons["interrupted time series"] = (
        "a comparison group is better"
        if case.chosen != "everybody"
        else "fewer than eight periods before or after"
        if short
        else ""
    )
    reasons["series with controls"] = (
        "no comparison series" if n_controls == 0 else reasons["interrupted time series"]
    )
    reasons["before and after, return to the mean taken out"] = (
        "not chosen by its own level"
        if not (picked_on_baseline and on_outcome)
        else ""
        if n_treated >= 2 and n_treated + n_other >= _FEWEST_SEEN_TWICE
        else "too few units to learn how far values return"
    )
    baseline = reasons["difference in differences"] if picked_on_baseline and on_outcome else ""
    reasons["staggered adoption"] = (
        "all started at the same time" if n_starts < 2 else lacking or baseline
    )
    mixed = case.group is not None and n_other >= 2 and before >= MIXTURE_BEFORE
    reasons["synthetic control"] = (
        "for one treated city or region beside others"
        if not mixed or n_treated != 1
        else ""
        if enough_for_interval(n_other, before + after)
        else "too few comparison units and periods for an interval"
    )
    several = mixed and n_other > n_treated
    reasons["synthetic difference in differences"] = (
        baseline if several else "for treated cities or regions with more of them to compare"
    )
    if n_starts > 1:
        for name in reasons:
            if name not in ("before and after", "staggered adoption"):
                reasons[name] = "the units started at different times"
    if case.chosen == "everybody":
        for name in (
            "difference in differences",
            "same baseline",
            "staggered adoption",
            "synthetic control",
            "synthetic difference in differences",
        ):
            reasons[name] = "nobody is left to compare with"
    order = {
        "random": ["drawn by lot"],
        "rule": ["same rule", "same baseline" if on_outcome else "difference in differences"],
        "worst": ["same baseline" if on_outcome else "difference in differences"],
        "volunteers": ["between two answers"],
        "everybody": ["series with controls", "interrupted time series"],
    }[case.chosen]
    order += ["staggered adoption"] if n_starts > 1 else ["synthetic control"]
    design = next((name for name in order if not reasons[name]), "")
    asked = ""
    if case.design is not None and case.design != design:
        design, asked = (design, case.design) if reasons[case.design] else (case.design, "")
    table = pd.DataFrame(
        {
            "design": list(GRADES),
            "admissible": [not reasons[name] for name in GRADES],
            "answers": [name == design for name in GRADES],
            "assumption": [ASSUMPTIONS[name] for name in GRADES],
            "reason": [reasons[name] for name in GRADES],
        }
    )
    return Selection(design, table, asked)


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
