"""Which attributes go with the segments, and how strongly (Cramer's V)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled, named_estimates
from workbench.segments.profiles.profile import coded, readable
from workbench.stats.association import cramers_v
from workbench.stats.multiplicity import holm

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GOES_MOST = "{attribute} is linked most closely to the segments"
GOES_WITH_NONE = "No attribute was found to differ between the segments"


@dataclass(frozen=True)
class Associations(Result):
    """Which attributes go with the segments, the strongest first.

    Attributes
    ----------
    table : DataFrame
        One row an attribute: attribute (in words), column, n (customers whose attribute is
        known), levels, cramers_v, low, high, p (chi-squared, Holm over the attributes).
    """

    table: pd.DataFrame

    def estimates(self) -> dict[str, Estimate]:
        """Strength of each association."""
        return named_estimates(
            self.table, "attribute", estimate="cramers_v", low="low", high="high"
        )

    def findings(self) -> list[Finding]:
        """Say which attribute goes most with the segments; nothing where none was looked at."""
        if self.table.empty:
            return []
        strongest = readable(self.strongest or "")
        message = GOES_MOST if strongest else GOES_WITH_NONE
        return [Finding("segments.attribute", message, {"attribute": strongest})]

    @property
    def strongest(self) -> str | None:
        """Column with the strongest association that chance does not explain, if any."""
        found = self.table[self.table["p"] < 0.05]
        return None if found.empty else str(found["column"].iloc[0])

    def picture(self) -> Picture | None:
        """Strength of each association, where any attribute was looked at."""
        if self.table.empty:
            return None
        return Picture(
            self.plot,
            "What is linked to the segments",
            "Cramér's V, from 0 (none) to 1 (complete)",
            self.table,
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Dots with intervals, one an attribute."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table.iloc[::-1]
        at = np.arange(len(t))
        v = t["cramers_v"]
        ax.errorbar(v, at, xerr=[v - t["low"], t["high"] - v], fmt="o")
        ax.set_yticks(at, [say.name(attribute) for attribute in t["attribute"]])
        ax.set_xlim(left=0)
        ax.set_xlabel(say("Strength of association (Cramér's V, 0 to 1)"))
        return ax


def associations(
    segment: pd.Series | ArrayLike,
    attributes: pd.DataFrame,
    *,
    skip: Sequence[str] = ("customer_id",),
    levels: int = 30,
) -> Associations:
    """Measure how strongly each attribute goes with the segments.

    Parameters
    ----------
    segment : shape (n,)
    attributes : DataFrame, shape (n, k)
        Columns with one value, dates, or more than `levels` values are left out.
    """
    names, codes = coded(segment, None)
    rows = []
    for column in attributes.columns:
        values = attributes[column].reset_index(drop=True)
        known = values.notna().to_numpy()
        found = values[known].nunique()
        if column in skip or not 2 <= found <= levels or values.dtype.kind == "M":
            continue
        level_codes, level_names = pd.factorize(values[known].astype(str))
        counts = np.zeros((len(level_names), len(names)))
        np.add.at(counts, (level_codes, codes[known]), 1)
        link = cramers_v(counts)
        strength = (link.v.value, link.v.low, link.v.high, link.p_value)
        rows.append((readable(str(column)), str(column), int(counts.sum()), int(found), *strength))
    columns = ["attribute", "column", "n", "levels", "cramers_v", "low", "high", "p"]
    table = pd.DataFrame(rows, columns=columns)
    table["p"] = holm(table["p"].to_numpy()) if len(table) else table["p"]
    table = table.sort_values("cramers_v", ascending=False, kind="stable", ignore_index=True)
    return Associations(labelled(
        table, attribute="Attribute", n="Customers", cramers_v=("Cramér's V", "number:2"),
        p=("p-value (Holm)", "p"),
    ))  # fmt: skip
