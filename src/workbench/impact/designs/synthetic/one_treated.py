"""Every comparison unit in the place of the treated one: what chance alone makes of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.arrays import Array
from workbench.impact.inputs.panel import CaseError, Panel
from workbench.results import Finding

# Abadie, Diamond, Hainmueller (2010), section 3.4, set units aside at these multiples of MSPE.
_POOR, _NO_FIT = 5.0, 20.0


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


def fit_check(placebos: pd.DataFrame) -> Finding:
    """Refuse a mixture that fits far worse than those of the other units, warn of a poor one."""
    error = placebos["rmspe_before"].to_numpy()
    usual = float(np.median(error[1:]))
    multiple = float((error[0] / usual) ** 2) if usual > 0 else 0.0 if error[0] == 0 else np.inf
    values = {"n": float(f"{multiple:.2g}")}
    if multiple > _NO_FIT:
        raise CaseError(
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
