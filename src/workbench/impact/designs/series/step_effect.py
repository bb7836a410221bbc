"""The effect of a step that was fitted to a series: its size, its picture, what to doubt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from workbench.arrays import Array
from workbench.impact.designs.series.error_models import NAMES, ErrorModel, Posterior
from workbench.impact.effect import Effect, relative_to_known
from workbench.impact.inputs.series import SeriesLayout
from workbench.impact.inputs.trading_days import HOLIDAYS
from workbench.results import Finding

NAME = "interrupted time series"
ASSUMPTION = (
    "Nothing else happened at the time of the start, and the trend and the season before it would"
    " have gone on."
)
# Of the weight after the series has spoken; before, it is three in ten.
_CLEARLY_BENT = 0.97
_HOLIDAYS = (
    "Public holidays have a level of their own, so that those that lie elsewhere each year are not"
    " taken for an effect."
)
_PARTS = ("ar1", "local_level", "bent")


def _shift(
    layout: SeriesLayout, fits: dict[str, Posterior], errors: ErrorModel, level: float
) -> tuple[float, float, float, float, pd.DataFrame]:
    """Shift, low, high and p of the model asked for, and the parts."""
    c = layout.step[None, :]
    rows = []
    evidence = np.logaddexp.reduce([f.evidence for name, f in fits.items() if name in _PARTS])
    for name, fit in fits.items():
        low, high = fit.limits(c, level)
        weight = float(np.exp(fit.evidence - evidence)) if name in _PARTS else np.nan
        rows.append((name, float(fit.mean() @ c[0]), float(low[0]), float(high[0]), weight))
    table = pd.DataFrame(rows, columns=["model", "estimate", "low", "high", "weight"])
    own = [errors, "wary"] if errors == "both" and "wary" in fits else [errors]
    shown = table.set_index("model").loc[own]
    tails = [fits[name].below(c[0], 0.0) for name in own]
    p = max(2 * min(tail, 1 - tail) for tail in tails)
    parts = table.set_index("model").loc[[name for name in _PARTS if name in fits]].reset_index()
    parts["model"] = parts["model"].map(NAMES)
    return shown["estimate"].iloc[0], shown["low"].min(), shown["high"].max(), p, parts


def level_effect(
    layout: SeriesLayout,
    fits: dict[str, Posterior],
    errors: ErrorModel,
    n_records: Array,
    level: float,
) -> Effect:
    """Give the effect of a fit on the values themselves."""
    effect, low, high, p, parts = _shift(layout, fits, errors, level)
    fit, used = fits[errors], layout.used
    mean = float(np.average(layout.y[used], weights=n_records[used]))
    relative = relative_to_known(effect, low, high, mean)
    return _effect(
        layout,
        (effect, low, high, p),
        relative,
        mean,
        _picture(layout, fit, level, lambda line: line),
        parts,
        errors,
        f"restricted likelihood, {_words(errors)}",
        _chance_of_bend(layout, fits),
    )


def percent_effect(
    layout: SeriesLayout,
    fits: dict[str, Posterior],
    errors: ErrorModel,
    observed: Array,
    *,
    level: float,
    exposure: Array | None = None,
    how: str = "restricted likelihood on the log scale",
) -> Effect:
    """Give the effect of a fit on the logarithm, in percent and in units of the outcome.

    Parameters
    ----------
    layout : SeriesLayout
    fits : dict of Posterior
    errors : {"both", "ar1", "local_level"}
    observed : ndarray, shape (n,)
        The values themselves (rates where there is an exposure).
    exposure : ndarray, optional
        Weights of the mean after the start.
    """
    shift, low, high, p, parts = _shift(layout, fits, errors, level)
    used = layout.used
    mean = float(np.average(observed[used], weights=None if exposure is None else exposure[used]))
    for column in ("estimate", "low", "high"):
        parts[column] = mean * -np.expm1(-parts[column])
    ends = [mean * -np.expm1(-b) for b in (shift, low, high)]
    return _effect(
        layout,
        (ends[0], ends[1], ends[2], p),
        (float(np.expm1(shift)), float(np.expm1(low)), float(np.expm1(high))),
        mean,
        _picture(layout, fits[errors], level, np.exp, observed),
        parts,
        errors,
        f"{how}, {_words(errors)}",
        _chance_of_bend(layout, fits),
    )


def _chance_of_bend(layout: SeriesLayout, fits: dict[str, Posterior]) -> float:
    """Weight of the models in which the trend bent before the start, where nothing drifts."""
    if "line" not in fits:
        return 0.0
    line = fits["line"]
    return float(line.weight @ (line.beta[:, layout.bends] != 0).any(axis=1))


def _words(errors: ErrorModel) -> str:
    return "averaged over error models" if errors == "both" else NAMES[errors]


def _effect(
    layout: SeriesLayout,
    answer: tuple[float, float, float, float],
    relative: tuple[float, float, float],
    mean: float,
    picture: pd.DataFrame,
    parts: pd.DataFrame,
    errors: ErrorModel,
    inference: str,
    bent: float,
) -> Effect:
    seen, later = layout.seen, layout.later
    return Effect.of(
        NAME,
        *(float(value) for value in answer),
        mean=mean,
        relative=relative,
        inference=inference,
        n_units=int(seen.sum()),
        n_treated=int((seen & later).sum()),
        n_before=int((seen & ~later & ~layout.partly).sum()),
        n_after=int((seen & later).sum()),
        start=layout.names[int(np.argmax(later))],
        series=picture,
        parts=parts,
        checks=tuple(_checks(layout, parts, errors, bent)),
        assumption=ASSUMPTION,
    )


def _picture(
    layout: SeriesLayout,
    fit: Posterior,
    level: float,
    back: Callable[[Any], Any],
    observed: Array | None = None,
) -> pd.DataFrame:
    without = layout.x * (1 - layout.step)
    low, high = np.full(len(layout.y), np.nan), np.full(len(layout.y), np.nan)
    low[layout.later], high[layout.later] = fit.limits(without[layout.later], level)
    return pd.DataFrame(
        {
            "period": layout.names,
            "observed": layout.y if observed is None else observed,
            "counterfactual": back(without @ fit.mean()),
            "low": back(low),
            "high": back(high),
            "after": layout.later,
        }
    )


def _of_bend(chance: float) -> Finding:
    """Say whether the last stretch before the start departs from the line before it."""
    if chance < _CLEARLY_BENT:
        return Finding(
            "trend that bends",
            "Up to the start the series kept to one line, as far as can be seen.",
            severity="ok",
        )
    return Finding(
        "trend that bends",
        "The last stretch before the start departs from the line before it. The answer allows for a"
        " trend that bent; how it would have gone on is less sure than the line looks.",
        severity="warning",
    )


def _checks(
    layout: SeriesLayout, parts: pd.DataFrame, errors: ErrorModel, bent: float
) -> list[Finding]:
    clear = (parts["low"] > 0) | (parts["high"] < 0)
    checks = [Finding("error models", "Two models of how the series moves agree.", severity="ok")]
    if clear.iloc[0] != clear.iloc[1]:
        checks[0] = Finding(
            "error models",
            "Two models of how the series moves disagree on whether there is an effect; the"
            " average over both is shown."
            if errors == "both"
            else "Two models of how the series moves disagree on whether there is an effect; the"
            " one that the card asks for is shown.",
            severity="warning",
        )
    if layout.bends.any():
        checks.append(_of_bend(bent))
    peaks = [term for term in layout.terms if term.startswith("peak in month ")]
    if peaks:
        checks.append(
            Finding(
                "peaks",
                "Months that may stand out of the season ({months}) have a level of their own, so"
                " that their trade is not taken for an effect.",
                {"months": [int(term.rpartition(" ")[2]) for term in peaks]},
                severity="ok",
            )
        )
    if HOLIDAYS in layout.terms:
        checks.append(Finding("holidays", _HOLIDAYS, severity="ok"))
    if layout.partly.any():
        checks.append(
            Finding(
                "in force in part",
                "Before the start the measure was in force in part already (periods: {n}); they"
                " count by the shares that the card gives.",
                {"n": int(layout.partly.sum())},
            )
        )
    season, before = layout.season, int((~layout.later).sum())
    if season and "cos1" not in layout.terms:
        checks.append(
            Finding(
                "season",
                "The series is too short to take out the season; an effect cannot be told from"
                " the time of year.",
                severity="warning",
            )
        )
    elif season and before < 1.5 * season:
        checks.append(
            Finding(
                "season",
                "Only {n} periods lie before the start; with hardly more than one year, season and"
                " trend are told apart by the shape of the season alone.",
                {"n": before},
                severity="warning",
            )
        )
    elif season and before < 2 * season:
        checks.append(
            Finding(
                "season",
                "Only {n} periods lie before the start; the season is known from few years.",
                {"n": before},
            )
        )
    return checks
