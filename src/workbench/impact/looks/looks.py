"""A measure as each look saw it, with the interval that always holds and the fixed one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.arrays import Array
from workbench.impact.effect import difference_form
from workbench.results import labelled

#: How intervals were made, in words.
NORMAL = "t, the chance of a false alarm spent over all looks"
REASSIGNED = "permutation of the treated units, the chance of a false alarm spent over all looks"
LIKELIHOOD = "restricted likelihood, the chance of a false alarm spent over all looks"


@dataclass(frozen=True)
class Looks:
    """A measure as each look saw it.

    Attributes
    ----------
    when : ndarray of int, shape (looks,)
        Periods from the start until each look.
    effect, low, high : ndarray, shape (looks,)
        Effect by the data until then, with the interval that holds at every look.
    fixed_low, fixed_high : ndarray, shape (looks,)
        Interval of one look alone, at a time fixed beforehand.
    p : float
        p-value at the last look, with all looks before it allowed for.
    inference : str
        How the intervals were made, in words.
    """

    when: NDArray[np.int_]
    effect: Array
    low: Array
    high: Array
    fixed_low: Array
    fixed_high: Array
    p: float
    inference: str

    @property
    def limits(self) -> tuple[float, float]:
        """Interval at the last look."""
        return float(self.low[-1]), float(self.high[-1])

    @property
    def first(self) -> int:
        """Look at which the interval first left out zero, by periods from the start; 0 for none."""
        seen = np.flatnonzero((self.low > 0) | (self.high < 0))
        return int(self.when[seen[0]]) if seen.size else 0

    def table(self, periods: pd.Index) -> pd.DataFrame:
        """One row a look: its period, the interval that always holds, and the fixed one.

        Parameters
        ----------
        periods : Index
            Those after the start.
        """
        table = pd.DataFrame(
            {
                "look": np.arange(1, len(self.when) + 1),
                "period": [periods[k - 1] for k in self.when],
                "estimate": self.effect,
                "low": self.low,
                "high": self.high,
                "fixed_low": self.fixed_low,
                "fixed_high": self.fixed_high,
            }
        )
        form = difference_form(table["estimate"])
        return labelled(table, look="Look", period="Data until", estimate=("Difference", form))
