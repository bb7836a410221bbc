"""Plain difference-in-differences of one treated unit, to be seen beside a mixture."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.impact.designs.differences.difference_in_differences import ASSUMPTION
from workbench.impact.designs.synthetic.one_treated import from_placebos
from workbench.impact.effect import Effect, relative_to_known
from workbench.impact.inputs.panel import CaseError, Panel

_FEWEST = 19


def plain_difference(panel: Panel, *, level: float = 0.95) -> Effect:
    """Compare the change of one treated unit with the mean change of all others.

    No spread can be learnt from one unit: each comparison unit is put in its place, and the effect
    is judged among theirs, in units of how badly each fitted before (as `synthetic_control` does).
    It is shown beside a mixture of units, and answers nothing by itself.

    Parameters
    ----------
    panel : Panel
        One treated unit; units with holes are left out.

    Raises
    ------
    CaseError
        Not one treated unit, holes in its series, or fewer than 19 others.

    References
    ----------
    Conley, Taber (2011), Review of Economics and Statistics 93(1), 113-125 (one treated group
    judged by the others); Abadie, Diamond, Hainmueller (2010), JASA 105(490), section 2.4.
    """
    whole = panel.select(np.asarray((panel.weight > 0).all(axis=1)))
    if whole.n_treated != 1:
        raise CaseError(
            f"{whole.n_treated} treated units were seen in every period",
            where="treatments",
            remedy="this comparison is of one; use difference_in_differences",
        )
    y, after = whole.outcome, whole.after
    n = len(y)
    if n - 1 < _FEWEST:
        raise CaseError(
            f"only {n - 1} comparison units were seen in every period",
            where="outcome table",
            remedy=f"bring {_FEWEST}, so that one in twenty can be told from chance",
        )
    moved = y - y[:, ~after].mean(axis=1, keepdims=True)
    gaps = moved - (moved.sum(axis=0) - moved) / (n - 1)
    own = int(np.flatnonzero(whole.treated)[0])
    order = [own, *(i for i in range(n) if i != own)]
    low, high, p, band = from_placebos(gaps[order], after, level)
    gap, observed = gaps[own], y[own]
    effect, mean = float(gap[after].mean()), float(observed[after].mean())
    band = np.where(after, band, np.nan)
    relative = relative_to_known(effect, low, high, mean)
    return Effect(
        design="difference in differences",
        effect=effect,
        low=low,
        high=high,
        p=p,
        relative=relative[0],
        relative_low=relative[1],
        relative_high=relative[2],
        counterfactual=mean - effect,
        inference="placebo: every comparison unit in the place of the treated",
        n_units=n,
        n_treated=1,
        n_before=int((~after).sum()),
        n_after=int(after.sum()),
        start=panel.start,
        gaps=pd.DataFrame(
            {
                "period": whole.periods,
                "estimate": gap,
                "low": gap - band,
                "high": gap + band,
                "after": after,
            }
        ),
        assumption=ASSUMPTION,
    )
