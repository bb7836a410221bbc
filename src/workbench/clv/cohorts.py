"""Contracts by cohort: how long those stay who came in one year, against those of another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
from numpy.typing import ArrayLike

from workbench.clv.models.retention_results import ShiftedBetaGeometricResults
from workbench.clv.models.shifted_beta_geometric import ShiftedBetaGeometric
from workbench.errors import DataError
from workbench.results.estimate import Estimate, named_estimates

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Cohorts:
    """One retention model a cohort.

    Attributes
    ----------
    table : DataFrame
        One row a cohort: cohort, n, periods (followed), estimate, low, high (survival of
        `after` renewals).
    fits : dict of cohort to ShiftedBetaGeometricResults
    after : int
    """

    table: pd.DataFrame
    fits: dict[str, ShiftedBetaGeometricResults]
    after: int

    def metrics(self) -> dict[str, Estimate]:
        """Return the survival of each cohort."""
        return named_estimates(self.table, "cohort")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Survival by cohort: lines as fitted, as far as it was followed, dots as observed."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        ax = plt.gca() if ax is None else ax
        for name, fit in self.fits.items():
            curve = fit.curve(fit.observed().size - 1)
            (line,) = ax.plot(curve["period"], curve["survival"], label=name)
            band = curve["low"], curve["high"]
            ax.fill_between(curve["period"], *band, color=line.get_color(), alpha=0.12, linewidth=0)
            ax.plot(curve["period"], curve["observed"], "o", markersize=3.5, color=line.get_color())
        ax.yaxis.set_major_formatter(PercentFormatter(1))
        ax.set_ylim(0, 1.02)
        ax.set_xlabel("Renewals")
        ax.set_ylabel("Share still customers")
        ax.legend(frameon=False)
        return ax


def by_cohort(
    periods: pd.DataFrame, cohort: ArrayLike, *, after: int = 12, latest: int = 4
) -> Cohorts:
    """Fit the shifted beta-geometric model to each cohort.

    Parameters
    ----------
    periods : DataFrame
        From `contract_periods`.
    cohort : array_like
        Label of each contract's cohort, such as the year it began.
    after : int
        Renewals after which the cohorts are compared.
    latest : int
        How many cohorts to keep, the last in order.

    Raises
    ------
    DataError
        No cohort has seen enough renewals to be fitted.
    """
    labels = pd.Series(cohort).set_axis(periods.index)
    fits, rows = {}, []
    for label in sorted(labels.dropna().unique())[-latest:]:
        own = periods[labels == label]
        try:
            fit = ShiftedBetaGeometric(own["duration"], own["ended"]).fit()
        except DataError:
            # nobody left yet, or one period only: nothing to compare
            continue
        name = str(label)
        fits[name] = fit
        survival = fit.survival(after).table.iloc[0]
        rows.append(
            {"cohort": name, "n": fit.nobs, "periods": fit.model.periods.size, **survival.to_dict()}
        )
    if not fits:
        raise DataError(
            "no cohort was seen over two renewals", remedy="observe longer, or use wider cohorts"
        )
    return Cohorts(pd.DataFrame(rows), fits, after)
