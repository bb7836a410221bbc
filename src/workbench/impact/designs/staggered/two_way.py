"""One coefficient for a measure taken up at different times, and what is wrong with it."""

from __future__ import annotations

import numpy as np

from workbench.arrays import Array
from workbench.impact.designs.differences.clusters import cluster_scale, fit_slope
from workbench.impact.effect import Effect
from workbench.impact.inputs.adoption import Adoption
from workbench.impact.inputs.panel import CaseError, period_start
from workbench.results import Finding

DESIGN = "two-way fixed effects"


def two_way_fixed_effects(adoption: Adoption, *, level: float = 0.95) -> Effect:
    """Regress on treatment, unit and period; errors clustered by unit (CR1, t with G-1).

    Units are weighted by their size. Where starts differ the coefficient compares units treated
    later with units treated earlier, and carries a warning with the share of such weight.

    Parameters
    ----------
    adoption : Adoption

    Raises
    ------
    CaseError
        Fewer than two treated or comparison units.

    References
    ----------
    Goodman-Bacon (2021), Journal of Econometrics 225(2), 254-277; de Chaisemartin,
    D'Haultfoeuille (2020), American Economic Review 110(9), 2964-2996, theorem 1 (weights).
    """
    a = adoption
    treated = a.first < a.never
    if treated.sum() < 2 or len(a.units) < 3:
        raise CaseError(
            "there is one treated unit among {n}"
            if treated.any()
            else "there is no treated unit among {n}",
            where="treatments",
            remedy="one unit's change cannot be told from chance; use a synthetic control",
            n=len(a.units),
        )
    weight = np.where(a.weight > 0, a.size[:, None], 0.0)
    d = a.treatment
    slope = fit_slope(a.outcome, d, weight, np.arange(len(a.units)))
    g, n = len(a.units), int((weight > 0).sum())
    scores = (weight * slope.x * slope.residual).sum(axis=1) / slope.square
    scale = cluster_scale(g, n, 1 + len(a.periods))
    se = float(np.sqrt(scale * scores @ scores))
    own = weight * d
    mean = float((own * np.nan_to_num(a.outcome)).sum() / own.sum())
    return Effect.of_t(
        DESIGN,
        slope.effect,
        se,
        g - 1,
        mean=mean,
        level=level,
        inference="t, clustered by unit",
        n_units=g,
        n_treated=int(treated.sum()),
        n_before=int(a.starts.min()),
        n_after=len(a.periods) - int(a.starts.min()),
        start=period_start(a.periods[a.starts.min()]),
        checks=_warnings(a, wrong_weight(slope.x, weight, d)),
        assumption="The effect is the same for all units and at all times since the start, and"
        " without the measure all units would have moved in step.",
    )


def wrong_weight(x: Array, weight: Array, treatment: Array) -> float:
    """Share of the treated cells' absolute weight that counts with the wrong sign."""
    own = (weight * x)[(treatment > 0) & (weight > 0)]
    return float(np.abs(own[own < 0]).sum() / np.abs(own).sum())


def _warnings(a: Adoption, share: float) -> tuple[Finding, ...]:
    if len(a.starts) < 2:
        return ()
    said = (
        "The units started at {n} different times. One regression with unit and period effects"
        " then takes units treated earlier for a comparison"
    )
    known = {"n": len(a.starts), "share": round(100 * share, 1)}
    wrong = (
        ": {share} percent of the weight of the treated counts with the wrong sign."
        if known["share"] > 0
        else ", though here no weight of the treated counts with the wrong sign."
    )
    return (Finding("two-way fixed effects", said + wrong, known, severity="warning"),)
