"""What every analysis gives: a table, estimates, findings and a picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, runtime_checkable

from workbench.errors import DataError
from workbench.results.estimate import Estimate
from workbench.results.finding import Finding

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from workbench.languages import Language

_P = ParamSpec("_P")
_R = TypeVar("_R")


@dataclass(frozen=True)
class Picture:
    """A figure of a result: what draws it, what stands above it, and the numbers behind it.

    Attributes
    ----------
    plot : callable
        Draws on the Axes that it is given as ``ax``, in the ``language`` that it is given.
    title : str or Finding
        The message in at most ten words: a finding, or an English message with placeholders.
    subtitle : str or Finding
        Measure, population, period and unit.
    table : DataFrame, optional
        The numbers behind it, folded below it.
    values : mapping
        What the placeholders of both titles stand for.
    height : float, optional
        In inches; follows the number of rows when left out.
    """

    plot: Callable[..., Any]
    title: str | Finding = ""
    subtitle: str | Finding = ""
    table: pd.DataFrame | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    height: float | None = None


@runtime_checkable
class Result(Protocol):
    """A result of an analysis. A class that is one inherits from it and names its table.

    The contract, which one test holds against every class: `table` is a tidy DataFrame whose
    columns are labelled; every number of `estimates` is an `Estimate`; every finding's
    placeholders are among its values; `plot` draws on the Axes that it is given, in the reader's
    language, and returns them.
    """

    if TYPE_CHECKING:  # a property that exists would be taken for the default of a field `table`

        @property
        def table(self) -> pd.DataFrame:
            """The result, one row a thing that was estimated, its columns labelled."""
            ...

    def estimates(self) -> dict[str, Estimate]:
        """Return the headline numbers by name."""
        ...

    def findings(self) -> list[Finding]:
        """Return what was found, the most important first."""
        return []

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw the estimates with their intervals, one row each."""
        from workbench.results.drawing import draw_estimates

        return draw_estimates(self.estimates(), ax, language=language)

    def picture(self) -> Picture | None:
        """Give the figure that a page shows, with its titles; None where there is none to show."""
        return Picture(self.plot, table=self.table)


def attempt(analysis: Callable[_P, _R], *arguments: _P.args, **options: _P.kwargs) -> _R | None:
    """Give a result, or nothing where the data do not bear the analysis.

    Only `DataError` and what derives from it (`CaseError`, `SurveyError`, a table that the study
    does not have, ...) count as that. Nothing follows from nothing: where what an analysis stands
    on, a positional argument, is None, it is not tried.

    Examples
    --------
    >>> from workbench.results import attempt
    >>> attempt(len, "four"), attempt(len, None)
    (4, None)
    """
    if any(each is None for each in arguments):
        return None
    try:
        return analysis(*arguments, **options)
    except DataError:
        return None
