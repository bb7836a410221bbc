"""A measure drawn by lot and an outcome seen once, afterwards: the difference of two means."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from workbench.impact.effect import Effect, relative_to
from workbench.impact.inputs.panel import CaseError, check_constant

ASSUMPTION = "The lot was fair, and the units do not affect one another."


def compare_afterwards(
    outcome: ArrayLike,
    treated: ArrayLike,
    *,
    spread: Literal["apart", "equal"] = "apart",
    level: float = 0.95,
) -> Effect:
    """Compare treated and other units after a lot, without a time before.

    Parameters
    ----------
    outcome : array_like, shape (units,)
    treated : array_like of bool, shape (units,)
    spread : {"apart", "equal"}
        Welch's t, or Student's with one spread for both groups (as a regression on treatment).

    Raises
    ------
    CaseError
        Missing values, fewer than two units on a side, a constant outcome.

    References
    ----------
    Welch (1947), Biometrika 34, 28-35.
    """
    y, d = np.asarray(outcome, dtype=float), np.asarray(treated).astype(bool)
    bad = ~np.isfinite(y)
    if bad.any():
        raise CaseError(
            f"{int(bad.sum())} units have no outcome, first in row {int(np.flatnonzero(bad)[0])}",
            where="outcome",
            remedy="leave them out and say so, or say what they stand for",
        )
    a, b = y[d], y[~d]
    if min(len(a), len(b)) < 2:
        raise CaseError(
            f"there are {len(a)} treated and {len(b)} other units",
            where="treated",
            remedy="two of each are needed at least",
        )
    check_constant(y)
    effect = float(a.mean() - b.mean())
    df = float(len(y) - 2)
    if spread == "equal":
        pooled = float(np.square(a - a.mean()).sum() + np.square(b - b.mean()).sum()) / df
        own, other = pooled / len(a), pooled / len(b)
    else:
        own, other = float(a.var(ddof=1)) / len(a), float(b.var(ddof=1)) / len(b)
        df = (own + other) ** 2 / (own**2 / (len(a) - 1) + other**2 / (len(b) - 1))
    se, quantile = float(np.sqrt(own + other)), float(stdtrit(df, 0.5 + level / 2))
    return Effect.of_t(
        "drawn by lot",
        effect,
        se,
        df,
        half=quantile * se,
        mean=float(a.mean()),
        relative=relative_to(effect, se, float(a.mean()), float(np.sqrt(own)), own, quantile),
        inference="Welch's t" if spread == "apart" else "Student's t",
        n_units=len(y),
        n_treated=len(a),
        n_after=1,
        assumption=ASSUMPTION,
    )
