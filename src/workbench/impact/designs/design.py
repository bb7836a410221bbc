"""What a design is: a way to judge a measure, when a case admits it, how it answers and plans."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeAlias, TypeVar

import numpy as np

from workbench.impact.effect import Effect
from workbench.impact.inputs.panel import CaseError
from workbench.impact.power import Plan
from workbench.results import Finding
from workbench.study import Case

#: Designs that share an estimator; a check says to which of them it applies.
Family: TypeAlias = Literal[
    "glance",
    "return",
    "differences",
    "baseline",
    "synthetic",
    "staggered",
    "series",
    "lot",
    "discontinuity",
]
#: How the data of a case lie: units with one start (`Panel`), units with starts of their own
#: (`Adoption`), one series of what reached everybody (`Series`), customers drawn by lot of whom
#: nothing was seen before (`OneAnswer`), or units beside the line of a rule (`AtCutoff`).
Shape: TypeAlias = Literal["units", "starts", "series", "once", "line"]
Data = TypeVar("Data")
Answer: TypeAlias = Callable[[Data, Case, float], Effect]

# Why a design for data of another shape does not fit: by the case's shape, then the design's.
_OTHER_SHAPE: dict[tuple[Shape, Shape], str] = {
    ("units", "series"): "a comparison group is better",
    ("units", "starts"): "all started at the same time",
    ("series", "units"): "nobody is left to compare with",
    ("series", "starts"): "nobody is left to compare with",
    ("starts", "units"): "the units started at different times",
    ("starts", "series"): "the units started at different times",
    ("once", "units"): "the outcome was not seen before the start",
    ("once", "starts"): "the outcome was not seen before the start",
    ("once", "series"): "nobody's outcome was seen before the start",
    ("units", "once"): "the outcome was seen before the start, too",
    ("starts", "once"): "the units started at different times",
    ("series", "once"): "nobody is left to compare with",
    ("units", "line"): "the card names no line of a rule (`cutoff`)",
    ("starts", "line"): "the card names no line of a rule (`cutoff`)",
    ("series", "line"): "nobody is left to compare with",
    ("once", "line"): "the card names no line of a rule (`cutoff`)",
    ("line", "units"): "the card asks for the line of the rule",
    ("line", "starts"): "all started at the same time",
    ("line", "series"): "the card asks for the line of the rule",
    ("line", "once"): "the card asks for the line of the rule",
}


@dataclass(frozen=True)
class Situation:
    """What decides which designs a case admits.

    Attributes
    ----------
    case : Case
    outcome : str
        Being chosen on the outcome itself is what brings the return to the mean.
    n_treated, n_other : int
        Units, treated and not.
    n_same_rule : int or None
        Untreated units that met the rule; None when that is not known.
    before, after : int
        Periods.
    n_controls : int
        Comparison series.
    n_starts : int
        Different times at which units known before were first treated, and that of the card.
    ratio : bool
        Whether the outcome of customers is a ratio of totals.
    once : bool
        Whether the outcome of customers drawn by lot was seen after the start alone.
    """

    case: Case
    outcome: str
    n_treated: int
    n_other: int
    n_same_rule: int | None = None
    before: int = 0
    after: int = 0
    n_controls: int = 0
    n_starts: int = 1
    once: bool = False
    ratio: bool = False

    @property
    def shape(self) -> Shape:
        """How its data lie."""
        if self.case.chosen == "everybody":
            return "series"
        if self.once:
            return "once"
        if self.case.cutoff is not None:
            return "line"
        return "starts" if self.n_starts > 1 else "units"

    @property
    def by_baseline(self) -> bool:
        """Whether the treated were chosen by what the outcome was before."""
        return self.case.chosen in ("rule", "worst") and self.on_outcome

    @property
    def on_outcome(self) -> bool:
        """Whether they may have been chosen by the outcome itself."""
        return self.case.selected_on in (None, self.outcome)

    @property
    def lacking(self) -> str:
        """Why units cannot be compared; empty where they can."""
        enough = self.n_treated >= 2 and self.n_other >= 2
        return "" if enough else "fewer than two treated or two comparison units"

    @property
    def not_alike(self) -> str:
        """Why units are not alike enough to go the same way; empty where they may be."""
        if self.lacking or not self.by_baseline:
            return self.lacking
        return "chosen by their baseline: the rest does not return to the mean with them"


@dataclass(frozen=True)
class Design(Generic[Data]):
    """A way to judge a measure. Each stands in a file of its own and is found there.

    Attributes
    ----------
    name : str
        What was compared, in words.
    family : str
        Which other designs share its estimator.
    shape : {"units", "starts", "series", "once", "line"}
        The data that it takes.
    assumption : str
        What must hold for the answer to be right.
    grade : int
        How much it can bear at best: 3 strong, 2 moderate, 1 weak, 0 nothing.
    lacks : callable
        Why a case with data of its shape does not admit it; empty where it does.
    answer : callable
        The effect, of data, case and confidence level.
    rank : int, optional
        Of the designs that a case admits the one of the lowest rank answers. One without answers
        only where the card asks for it.
    compares : callable, optional
        Whom of the data it compares; all when left out.
    beside : tuple
        What is shown beside its answer, where the data bear it: names of designs, or answers that
        are no design of their own.
    beside_all : bool
        Whether it is shown beside any other answer to a case that admits it, too.
    plan : callable, optional
        What it could see, of the data before the start, case, power and level.
    planned_as : str
        Name of the design whose plan speaks for it, where it has none of its own.
    """

    name: str
    family: Family
    shape: Shape
    assumption: str
    grade: int
    lacks: Callable[[Situation], str]
    answer: Answer[Data]
    rank: int | None = None
    compares: Callable[[Data], Data] | None = None
    beside: tuple[str | Answer[Data], ...] = ()
    beside_all: bool = False
    plan: Callable[[Data, Case, float, float], Plan | None] | None = None
    planned_as: str = ""

    def reason(self, situation: Situation) -> str:
        """Say why a case does not admit it; empty where it does."""
        if self.family != "glance" and self.shape != situation.shape:
            return _OTHER_SHAPE[situation.shape, self.shape]
        return self.lacks(situation)

    def of(self, data: Data) -> Data:
        """Whom of the data it compares."""
        return data if self.compares is None else self.compares(data)


def seeded(rng: np.random.Generator | None) -> np.random.Generator:
    """Give what draws: with a fixed seed where none was given, so that equal data answer alike."""
    return rng or np.random.default_rng(20251231)


def refusal(error: CaseError) -> Finding:
    """Turn an error of a design into a refusal in words."""
    said: dict[str, Any] = {"what": error.what, "remedy": error.remedy}
    if error.values:
        parts = zip(said, error.messages, strict=True)
        said = {name: Finding("refused", text, error.values) for name, text in parts}
    return Finding("refused", "{what}; {remedy}.", said, severity="refusal")
