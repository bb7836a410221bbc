"""Strength of evidence: what the design can bear, less what speaks against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from workbench.impact.designs import known_designs
from workbench.impact.effect import Effect
from workbench.results import Finding

Strength = Literal["strong", "moderate", "weak", "none"]
# An interval that reaches half the level to each side tells little where nothing was claimed.
_VAGUE = 0.5


@dataclass(frozen=True)
class Grading:
    """How firm an answer stands, and why.

    Attributes
    ----------
    strength : {"strong", "moderate", "weak", "none"}
        Three grades or more: strong; two: moderate; less: weak. None where nothing is concluded.
    table : DataFrame
        `part` (design, assumptions checked, precision), `found`, `grades`.
    """

    strength: Strength
    table: pd.DataFrame


def grade(effect: Effect | None, checks: Sequence[Finding], claimed: float | None) -> Grading:
    """Grade the evidence on three things: design, assumptions checked, precision.

    A design bears three grades (drawn by lot), two (a comparison, or a series) or one (volunteers).
    Each different warning takes one; so does an interval wider, to each side, than the claim, or
    than half the level where nothing was claimed.

    Parameters
    ----------
    effect : Effect or None
        None where no conclusion is drawn.
    checks : sequence of Finding
    claimed : float or None
        Claimed relative change.
    """
    if effect is None:
        refused = [("design", "no conclusion", 0)]
        return Grading("none", pd.DataFrame(refused, columns=["part", "found", "grades"]))
    rows = [("design", effect.design, known_designs()[effect.design].grade)]
    warned = dict.fromkeys(c.key for c in checks if c.severity == "warning")
    rows += [("assumptions checked", name, -1) for name in warned]
    if not warned:
        rows.append(("assumptions checked", "no warning", 0))
    half = (effect.relative_high - effect.relative_low) / 2
    vague = bool(np.isfinite(half) and half > (abs(claimed) if claimed else _VAGUE))
    rows.append(("precision", "wide interval" if vague else "narrow enough", -int(vague)))
    total = sum(row[2] for row in rows)
    strength: Strength = "strong" if total >= 3 else "moderate" if total == 2 else "weak"
    return Grading(strength, pd.DataFrame(rows, columns=["part", "found", "grades"]))


def weaker(strength: Strength) -> Strength:
    """Give the next grade below."""
    below: dict[Strength, Strength] = {"strong": "moderate", "moderate": "weak"}
    return below.get(strength, strength)
