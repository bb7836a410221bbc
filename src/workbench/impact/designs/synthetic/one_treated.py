"""One treated unit: judged by placebos on other units, and by other times of its own."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

from workbench.arrays import Array
from workbench.impact.designs.differences.difference_in_differences import ASSUMPTION
from workbench.impact.designs.differences.randomisation import not_rejected
from workbench.impact.designs.synthetic.donor_weights import closest_mixture
from workbench.impact.effect import Effect, gap_table, relative_to_known, t_test
from workbench.impact.inputs.panel import CaseError, Panel
from workbench.results import Estimate, Finding

# Abadie, Diamond, Hainmueller (2010), section 3.4, set units aside at these multiples of MSPE.
_POOR, _NO_FIT = 5.0, 20.0
_FEWEST = 19


class NoMixtureError(CaseError):
    """No mixture of the comparison units went the way of the treated one before the start."""


def placebo_table(panel: Panel, own: int, donors: NDArray[np.int_], gaps: Array) -> pd.DataFrame:
    """Errors of each unit before and after the start, the treated first."""
    before = np.sqrt(np.square(gaps[:, ~panel.after]).mean(axis=1))
    after = np.sqrt(np.square(gaps[:, panel.after]).mean(axis=1))
    return pd.DataFrame(
        {
            "unit": panel.units[np.array([own, *donors])],
            "effect": gaps[:, panel.after].mean(axis=1),
            "rmspe_before": before,
            "rmspe_after": after,
            "ratio": after / np.maximum(before, 1e-12 * max(float(np.abs(gaps).max()), 1e-300)),
        }
    )


def from_placebos(
    gaps: Array, after: NDArray[np.bool_], level: float
) -> tuple[float, float, float, Array]:
    """Invert the placebo test on the mean gap, each in units of its own error before."""
    scale = np.sqrt(np.square(gaps[:, ~after]).mean(axis=1))
    scale = np.maximum(scale, 1e-6 * float(np.median(scale)))
    moved = np.abs(gaps[:, after].mean(axis=1)) / scale
    effect = float(gaps[0, after].mean())
    p = float((moved >= moved[0] * (1 - 1e-9)).mean())
    n = len(gaps)
    # the treated unit is one of n; an effect stands while more than 1 - level of them exceed it
    rank = int(np.floor((1 - level) * n + 1e-9))
    half = float(np.sort(moved[1:])[::-1][max(rank - 1, 0)] * scale[0]) if rank else np.inf
    single = np.abs(gaps) / scale[:, None]
    band = (
        np.sort(single[1:], axis=0)[::-1][rank - 1] * scale[0]
        if rank
        else np.full(gaps.shape[1], np.inf)
    )
    return effect - half, effect + half, p, band


def placebo_t(
    gaps: Array, after: NDArray[np.bool_], level: float
) -> tuple[float, float, float, Array]:
    """Judge the mean gap by Student's t, its error learnt from all units in the treated's place.

    Each unit's departure is measured by its own error before the start; their mean square, with a
    degree of freedom a unit, says how far chance takes the treated one.

    References
    ----------
    Conley, Taber (2011), Review of Economics and Statistics 93(1), 113-125 (the others' spread
    speaks for the treated); Donald, Lang (2007), 89(2), 221-233 (Student's t for few groups).
    """
    scale = np.sqrt(np.square(gaps[:, ~after]).mean(axis=1))
    scale = np.maximum(scale, 1e-6 * float(np.median(scale)))
    others = gaps[1:] / scale[1:, None]
    n, effect = len(others), float(gaps[0, after].mean())
    se = float(np.sqrt(np.square(others[:, after].mean(axis=1)).mean()) * scale[0])
    quantile = float(stdtrit(n, 0.5 + level / 2))
    band = quantile * np.sqrt(np.square(others).mean(axis=0)) * scale[0]
    return effect - quantile * se, effect + quantile * se, t_test(effect, se, n), band


def levels_taken_out() -> Finding:
    """Say that the mixture follows changes."""
    return Finding(
        "levels taken out",
        "The mixture follows the changes of the treated unit, not its level: each unit counts from"
        " its own mean before the start.",
    )


def rank_check(p: float, rank_p: float, donors: int, level: float) -> Finding:
    """Hold a p-value by Student's t against the rank among the units, which supposes nothing."""
    first = round(rank_p * (donors + 1)) == 1
    values = {"n": donors, "p": Estimate(rank_p, digits=3)}
    if p < 1 - level and not first:
        return Finding(
            "rank among units",
            "Put in the place of the treated, some of {n} comparison units depart further, each"
            " measured by its own error before (p-value by rank alone: {p}): the interval leans on"
            " chance being normal.",
            values,
            severity="warning",
        )
    return Finding(
        "rank among units",
        "The p-value by rank alone, which supposes nothing of how chance is spread, is {p}; with"
        " {n} comparison units it cannot be smaller than one in their number and one.",
        values,
        severity="ok" if first or p >= 1 - level else "note",
    )


def fit_check(placebos: pd.DataFrame) -> Finding:
    """Refuse a mixture that fits far worse than those of the other units, warn of a poor one."""
    error = placebos["rmspe_before"].to_numpy()
    usual = float(np.median(error[1:]))
    multiple = float((error[0] / usual) ** 2) if usual > 0 else 0.0 if error[0] == 0 else np.inf
    values = {"n": float(f"{multiple:.2g}")}
    if multiple > _NO_FIT:
        raise NoMixtureError(
            "no mixture of the comparison units moved like the treated one before the start: its"
            " squared error is {n} times that of the median unit",
            where="outcome table",
            remedy="bring units more like the treated one, or compare changes instead of levels",
            n=f"{multiple:.3g}",
        )
    if multiple > _POOR:
        return Finding(
            "fit before",
            "Before the start the mixture follows the treated unit poorly: its squared error is"
            " {n} times that of the median unit.",
            values,
            severity="warning",
        )
    return Finding(
        "fit before",
        "Before the start the mixture follows the treated unit about as well as other units"
        " (squared error {n} times the median).",
        values,
        severity="ok",
    )


def without_donors(left_out: pd.DataFrame, effect: float) -> list[Finding]:
    """Say how far the effect moves without single donors."""
    if left_out.empty:
        return []
    low, high = float(left_out["effect"].min()), float(left_out["effect"].max())
    turned = low * high <= 0 or low * effect <= 0
    return [
        Finding(
            "leave one out",
            "Without any one comparison unit the effect lies between {low} and {high}.",
            {"low": float(f"{low:.3g}"), "high": float(f"{high:.3g}")},
            severity="warning" if turned else "ok",
        )
    ]


def mixture_note(donors: pd.DataFrame) -> Finding:
    """Name the donors that carry weight, the heaviest first."""
    heavy = donors[donors["weight"] > 0.01].sort_values("weight", ascending=False)
    return Finding(
        "mixture",
        "The treated unit is compared with a mixture of {units}.",
        {"units": [str(unit) for unit in heavy["unit"]]},
    )


def conformal_interval(
    own: Array, donors: Array, after: NDArray[np.bool_], *, centre: float, level: float
) -> tuple[float, float, float]:
    """Estimate and p-value of a constant effect on one unit.

    Under each effect the treated unit, cleared of it, is fitted by a mixture of donors over all
    periods; the sum of errors after the start is then held against the same sum at all other
    places of the series (moving blocks).

    Parameters
    ----------
    own : ndarray, shape (periods,)
    donors : ndarray, shape (units, periods)
    after : ndarray of bool, shape (periods,)
    centre : float
        Estimate to search from. On trending series the interval may leave it out: refitted over all
        periods the mixture takes a part of the effect for its own.

    References
    ----------
    Chernozhukov, Wuthrich, Zhu (2021), JASA 116(536), 1849-1864, algorithm 1.
    """
    n, length = len(own), int(after.sum())

    def p_value(tau: float) -> float:
        cleared = own - tau * after
        weights = closest_mixture((donors - cleared).T)
        left = cleared - weights @ donors
        sums = np.array([np.roll(left, shift)[-length:].sum() for shift in range(n)])
        return float((np.abs(sums) >= abs(sums[0]) * (1 - 1e-9)).mean())

    weights = closest_mixture((donors - own)[:, ~after].T)
    error = own - weights @ donors
    step = 4 * float(error[~after].std()) + 0.1 * abs(centre) + 1e-12 * float(np.abs(own).max())
    # the refitted mixture may prefer another effect than the estimate: start where p is highest
    around = centre + step * np.linspace(-3, 3, 25)
    best = max(around, key=lambda tau: (p_value(float(tau)), -abs(tau - centre)))
    low, high = not_rejected(p_value, float(best), step, level=level)
    return low, high, p_value(0.0)


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
    whole = panel.select(panel.complete)
    if whole.n_treated != 1:
        raise CaseError(
            "{n} treated units were seen in every period",
            where="treatments",
            remedy="this comparison is of one; use difference_in_differences",
            n=whole.n_treated,
        )
    y, after = whole.outcome, whole.after
    n = len(y)
    if n - 1 < _FEWEST:
        raise CaseError(
            "only {n} comparison units were seen in every period",
            where="outcome table",
            remedy="bring {needed}, so that one in twenty can be told from chance",
            n=n - 1,
            needed=_FEWEST,
        )
    moved = y - y[:, ~after].mean(axis=1, keepdims=True)
    gaps = moved - (moved.sum(axis=0) - moved) / (n - 1)
    own = int(np.flatnonzero(whole.treated)[0])
    order = [own, *(i for i in range(n) if i != own)]
    low, high, p, band = from_placebos(gaps[order], after, level)
    gap, observed = gaps[own], y[own]
    effect, mean = float(gap[after].mean()), float(observed[after].mean())
    return Effect.of(
        "difference in differences",
        effect,
        low,
        high,
        p,
        mean=mean,
        relative=relative_to_known(effect, low, high, mean),
        inference="placebo: every comparison unit in the place of the treated",
        **whole.sizes,
        gaps=gap_table(whole.periods, after, gap, band),
        assumption=ASSUMPTION,
    )
