"""Measures that overlap, estimated together: each beside what the others add."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from workbench.arrays import Array, Mask
from workbench.impact.designs.differences.clusters import cluster_scale, demean
from workbench.impact.designs.differences.difference_in_differences import fixed_effects_of
from workbench.impact.designs.series.interrupted_series import interrupted_series
from workbench.impact.effect import ALPHA, Effect
from workbench.impact.inputs.panel import CaseError, Panel, period_start
from workbench.impact.inputs.series import Series
from workbench.results import Finding
from workbench.study import Case

NAME: Final = "together with other measures"
#: What is said of measures that overlap.
SAID: Final = {
    "together": "Estimated together with {others}, the effect is {change}; what the others add is"
    " taken out, as if effects added up.",
    "apart": "The answer depends on what else was done: estimated together with {others}, the"
    " effect is {change}.",
    "one": "The effect cannot be told from that of {others}: {why}.",
}
# Shares of the two sides that differ less, and measures beyond the first few, are left out.
_MUCH, _MOST = 0.1, 3
# Of the measure's own course at least so much must not follow from the others.
_LEAST_OWN = 0.1


def reached_by_others(
    records: pd.DataFrame,
    case: Case,
    treatments: pd.DataFrame | None,
    units: pd.Index,
    periods: pd.Index,
    treated: Mask | None,
) -> dict[str, Array]:
    """Share of each unit's customers that other measures had reached, by period.

    Parameters
    ----------
    records : DataFrame
        With `customer_id`, and the groups' column where groups are compared.
    case : Case
    treatments : DataFrame, optional
        `case`, `customer_id`, `start`, of all measures.
    units, periods : Index
    treated : ndarray of bool, optional
        Which units got this one; one row for all where everybody did.

    Returns
    -------
    dict
        Name of a case -> array, shape (units, periods): those that reached the sides in different
        shares (or everybody's customers in more than a few), the widest apart first.
    """  # fmt: skip
    if treatments is None or treatments.empty or "customer_id" not in records:
        return {}
    people = records.drop_duplicates("customer_id")
    who = people["customer_id"] if case.group is None else people[case.group]
    place = (
        np.zeros(len(people), dtype=np.intp)
        if treated is None
        else units.get_indexer(pd.Index(who))
    )
    size = np.bincount(place[place >= 0], minlength=len(units)).astype(float)
    begins = np.array([period_start(p) for p in periods], dtype="datetime64[ns]")
    found: dict[str, tuple[float, Array]] = {}
    for name, rows in treatments[treatments["case"] != case.name].groupby("case"):
        first = pd.to_datetime(rows.groupby("customer_id")["start"].min())
        day = first.reindex(people["customer_id"]).to_numpy(dtype="datetime64[ns]")
        own = ~np.isnat(day) & (place >= 0)
        share = np.zeros((len(units), len(periods)))
        np.add.at(share, place[own], (begins[None, :] >= day[own, None]).astype(float))
        share /= np.maximum(size, 1)[:, None]
        if np.ptp(share, axis=1).max() == 0:  # before all of it, or never within it
            continue
        last = share[:, -1]
        apart = (
            float(last[0])
            if treated is None
            else abs(float(last[treated].mean() - last[~treated].mean()))
        )
        if apart > _MUCH:
            found[str(name)] = (apart, share)
    order = sorted(found, key=lambda name: -found[name][0])[:_MOST]
    return {name: found[name][1] for name in order}


def estimated_together(panel: Panel, others: Mapping[str, Array], *, level: float = 0.95) -> Effect:
    """Regress on this measure and others at once, with unit and period effects.

    Parameters
    ----------
    panel : Panel
    others : mapping of ndarray, shape (units, periods)
        Share of each unit that another measure had reached.
    level : float

    Raises
    ------
    CaseError
        The measure follows from the others: they came to the same units at the same time.

    References
    ----------
    Frisch, Waugh (1933), Econometrica 1(4), 387-401; de Chaisemartin, D'Haultfoeuille (2023),
    Journal of Econometrics 236(2) (several treatments: it is right where effects do not vary).
    """
    n = len(panel.units)
    row = np.arange(n) if fixed_effects_of(panel) == "unit" else panel.treated.astype(int)
    own = np.outer(panel.treated, panel.after).astype(float)
    stacked = np.stack([np.nan_to_num(panel.outcome), own, *others.values()])
    y, d, *rest = demean(stacked, panel.weight, row)
    w = panel.weight
    z = np.stack([x.ravel() for x in rest], axis=1)
    root = np.sqrt(w.ravel())[:, None]
    basis = np.linalg.qr(z * root)[0] if z.size else np.zeros((w.size, 0))
    left = d.ravel() * root[:, 0]
    square = float(left @ left)
    left = left - basis @ (basis.T @ left)
    own_square = float(left @ left)
    if own_square < _LEAST_OWN * square:
        raise CaseError(
            "they came to the same units at nearly the same time",
            where="treatments",
            remedy="judge them as one measure",
        )
    target = y.ravel() * root[:, 0]
    effect = float(left @ target) / own_square
    residual = target - basis @ (basis.T @ target) - effect * left
    scores = (left * residual).reshape(w.shape).sum(axis=1) / own_square
    k = 2 + len(panel.periods) + len(others)
    se = float(np.sqrt(cluster_scale(n, int((w > 0).sum()), k) * scores @ scores))
    observed = panel.group_means(panel.treated)[panel.after]
    weight = w[panel.treated].sum(axis=0)[panel.after]
    return Effect.of_t(
        NAME,
        effect,
        se,
        float(min(panel.n_treated, n - panel.n_treated) - 1 if n < 50 else n - 1),
        mean=float(np.average(np.nan_to_num(observed), weights=weight)),
        level=level,
        inference="t, clustered by unit",
        **panel.sizes,
    )


def beside_others(
    data: Any,
    records: pd.DataFrame,
    case: Case,
    treatments: pd.DataFrame | None,
    level: float,
) -> tuple[Effect | None, list[str], CaseError | None]:
    """Estimate a measure together with those that overlap with it, where any does.

    Returns
    -------
    Effect or None, list of str, CaseError or None
        The answer, the other cases, and why they cannot be told apart.
    """
    if isinstance(data, Panel) and case.eligible is None:
        others = reached_by_others(
            records, case, treatments, data.units, data.periods, data.treated
        )
    elif isinstance(data, Series):
        others = reached_by_others(records, case, treatments, pd.RangeIndex(1), data.periods, None)
    else:
        return None, [], None
    if not others:
        return None, [], None
    try:
        if isinstance(data, Panel):
            return estimated_together(data, others, level=level), list(others), None
        return _series_together(data, others, case, level), list(others), None
    except CaseError as error:
        return None, list(others), error


def _series_together(
    series: Series, others: Mapping[str, Array], case: Case, level: float
) -> Effect:
    shares = pd.DataFrame({name: share[0] for name, share in others.items()})
    known = [] if series.covariates is None else [series.covariates.reset_index(drop=True)]
    found = interrupted_series(
        series.value, series.periods, after=series.later, season=case.periods_a_year,
        weights=series.count, covariates=pd.concat([*known, shares], axis=1),
        in_force=series.in_force, peaks=case.fit.peaks, country=series.country, level=level,
    )  # fmt: skip
    return Effect(
        NAME, found.effect, found.low, found.high, found.p, found.relative, found.relative_low,
        found.relative_high, found.counterfactual, found.inference, found.n_units,
        found.n_treated, found.n_before, found.n_after, found.start,
    )  # fmt: skip


def overlap_finding(
    effect: Effect, joint: Effect | None, others: list[str], why: CaseError | None
) -> Finding:
    """Say what a measure does beside those that overlap with it."""
    said: dict[str, Any] = {"others": others}
    if joint is None:
        said["why"] = Finding("overlap", why.what, why.values) if why else ""
        return Finding("other measures together", SAID["one"], said, severity="warning")
    said["change"] = joint.change(relative=False).named(fact="")
    moved = (
        effect.clear
        and effect.p < ALPHA
        and not (joint.clear and (joint.effect > 0) == (effect.effect > 0))
    )
    return Finding(
        "other measures together",
        SAID["apart" if moved else "together"],
        said,
        severity="warning" if moved else "note",
    )
