"""Looks at units with a comparison: many by their influence, few by re-assignment."""

from __future__ import annotations

import numpy as np

from workbench.impact.designs.differences.difference_in_differences import fixed_effects_of
from workbench.impact.inputs.panel import CaseError, Panel
from workbench.impact.looks.looks import Looks
from workbench.impact.looks.of_clusters import by_reassignment
from workbench.impact.looks.of_customers import FEWEST, by_influence
from workbench.study import LookPlan


def looks_at(panel: Panel, plan: LookPlan, *, level: float = 0.95) -> Looks:
    """Judge treated units against others after each period from the start on.

    The chance of a false alarm is spent look by look, by the plan; or, where no end is planned,
    ever less. Each bound is the one that spends no more, given that no earlier one was crossed.
    The estimates of all looks vary together as the units tell: thirty a side or more by what each
    adds to the errors, fewer by all ways to choose as many of them.

    Parameters
    ----------
    panel : Panel
        Customers, or groups of them.
    plan : LookPlan
        Number of looks, one a period after the start, and how the chance is spent on them.

    Raises
    ------
    CaseError
        Too few units for an interval that holds at every look.

    References
    ----------
    Lan, DeMets (1983), Biometrika 70(3), 659-663; Lindon, Ham, Tingley, Bojinov (2022), Anytime-
    Valid Linear Models and Regression Adjusted Causal Inference in Randomized Experiments.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from workbench.impact import looks_at, read_panel
    >>> from workbench.study import LookPlan
    >>> rng = np.random.default_rng(1)
    >>> months = pd.date_range("2024-01-01", periods=9, freq="MS")
    >>> records = pd.DataFrame([
    ...     {"customer_id": i, "period": m, "estimate": rng.normal(10, 2) + (i < 50) * (k > 2)}
    ...     for i in range(100) for k, m in enumerate(months)
    ... ])
    >>> panel = read_panel(records, dict.fromkeys(range(50), True), start=months[3])
    >>> found = looks_at(panel, LookPlan(planned=6))
    >>> bool(found.low[-1] < found.fixed_low[-1]), len(found.effect)
    (True, 6)
    """
    panel = panel.select(np.asarray(panel.weight.sum(axis=1) > 0))
    smaller = min(panel.n_treated, len(panel.units) - panel.n_treated)
    if smaller < FEWEST and panel.block is not None:
        raise CaseError(
            "few units were drawn within blocks",
            where="case.looks",
            remedy="judge it once, at its end",
        )
    if smaller >= FEWEST:
        return by_influence(panel, plan, level)
    if smaller < 2 or fixed_effects_of(panel) != "unit":
        raise CaseError(
            "{n} units on one side, before or after, are too few for several looks",
            where="case.looks",
            remedy="{needed} are needed; judge it once, at its end",
            n=smaller,
            needed=FEWEST,
        )
    return by_reassignment(panel, plan, level)
