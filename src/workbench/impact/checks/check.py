"""What a check of an answer is: to which families of designs it applies, and how it looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.impact.designs.design import Family
from workbench.impact.effect import Effect
from workbench.results import Finding
from workbench.study import Case


@dataclass(frozen=True)
class Judged:
    """An answer, with all that its checks may look at.

    Attributes
    ----------
    data : Panel, Adoption or Series
        What was compared.
    case : Case
    level : float
    effect : Effect
    beside : sequence of Effect
        Answers that are shown beside it.
    again : callable
        Judges other data of this shape in the same way.
    """

    data: Any
    case: Case
    level: float
    effect: Effect
    beside: Sequence[Effect]
    again: Callable[[Any], Effect]


@dataclass(frozen=True)
class Check:
    """A look at an answer that some families of designs give.

    Attributes
    ----------
    families : set of str
    look : callable
        What it found; a `CaseError` where the data do not allow a look.
    """

    families: frozenset[Family]
    look: Callable[[Judged], list[Finding]]
