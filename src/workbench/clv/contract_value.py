"""What running contracts are worth: the periods still to come, discounted, times the fee."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from workbench.arrays import Array
from workbench.clv.models.prediction import Prediction
from workbench.clv.models.retention_results import ShiftedBetaGeometricResults
from workbench.clv.models.rows import as_floats, refuse
from workbench.errors import DataError
from workbench.results.estimate import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class ContractValue:
    """Value of running contracts.

    Attributes
    ----------
    table : DataFrame
        One row a contract: periods (still to come, discounted), fee, clv, low, high.
    residual : Prediction
        The periods.
    fees : ndarray
        What each pays a period, times the margin.
    """

    table: pd.DataFrame
    residual: Prediction
    fees: Array

    @property
    def total(self) -> Estimate:
        """Value of all contracts together."""
        whole = self.residual.total(self.fees)
        return Estimate(whole.value, whole.low, whole.high, float(self.fees.size))

    @property
    def mean(self) -> Estimate:
        """Value of a contract on average."""
        return self.total.scaled(1 / self.fees.size)

    def by(self, groups: ArrayLike) -> pd.DataFrame:
        """Value of groups of contracts, or of the contracts of each customer.

        Returns
        -------
        DataFrame
            One row a group: group, n, mean, mean_low, mean_high, estimate, low, high, share,
            share_low, share_high.
        """
        column = pd.Series(np.asarray(groups))
        if column.size != self.fees.size:
            raise DataError(
                f"{column.size} groups for {self.fees.size} contracts", remedy="give one a row"
            )
        paid, rows = self.fees.any(), []
        for label, at in column.groupby(column, sort=True).groups.items():
            inside = np.zeros(column.size, dtype=bool)
            inside[at] = True
            own, n = np.where(inside, self.fees, 0.0), float(inside.sum())
            total = self.residual.total(own)
            share = self.residual.shares(own, of=self.fees).iloc[0] if paid else [np.nan] * 3
            rows.append(
                {
                    "group": label,
                    "n": n,
                    "mean": total.value / n,
                    "mean_low": total.low / n,
                    "mean_high": total.high / n,
                    "estimate": total.value,
                    "low": total.low,
                    "high": total.high,
                    **dict(zip(("share", "share_low", "share_high"), share, strict=True)),
                }
            )
        return pd.DataFrame(rows)

    def of_customers(self, customers: ArrayLike) -> pd.DataFrame:
        """Add up the contracts of each customer.

        Limits are added as well: contracts of one customer share what is not known of the model.

        Returns
        -------
        DataFrame
            Index customer_id; clv, low, high.
        """
        ids = pd.Series(np.asarray(customers), name="customer_id")
        return self.table[["clv", "low", "high"]].reset_index(drop=True).groupby(ids).sum()

    def metrics(self) -> dict[str, Estimate]:
        """Total, mean and the periods still to come."""
        return {"total": self.total, "mean": self.mean, "periods": self.residual.mean()}

    def plot(self, ax: Axes | None = None) -> Axes:
        """Contracts by value, in a histogram."""
        import matplotlib.pyplot as plt

        ax = plt.gca() if ax is None else ax
        ax.hist(self.table["clv"], bins=30)
        ax.set_xlabel("Value of a contract")
        ax.set_ylabel("Contracts")
        return ax


def contract_value(
    retention: ShiftedBetaGeometricResults,
    renewals: ArrayLike,
    fees: ArrayLike,
    *,
    discount_rate: float,
    margin: float = 1.0,
) -> ContractValue:
    """Value running contracts by the fees that can still be expected of them.

    Parameters
    ----------
    retention : ShiftedBetaGeometricResults
        Fitted to all contracts, running and ended.
    renewals : array_like
        Whole periods that each running contract has completed.
    fees : array_like
        What each pays a period, in the unit of the model.
    discount_rate : float
        A year, as a fraction.
    margin : float
        Share of the fee that is kept, 0..1.

    Raises
    ------
    DataError
        Fees that are missing or negative, another number of them, a margin outside 0..1.
    """
    if not 0 < margin <= 1:
        raise DataError(f"margin is {margin}", remedy="give the share that is kept, 0 to 1")
    paid, labels = as_floats("fees", fees)
    refuse("fees", labels, paid < 0, "is negative", "give what is paid a period")
    residual = retention.derl(discount_rate, renewals)
    if len(residual) != paid.size:
        raise DataError(
            f"{paid.size} fees for {len(residual)} contracts", remedy="give one a contract"
        )
    kept = paid * margin
    periods = residual.table.reset_index(drop=True)
    index = renewals.index if isinstance(renewals, pd.Series) else None
    table = pd.DataFrame({"periods": periods["estimate"], "fee": paid})
    for name, column in (("clv", "estimate"), ("low", "low"), ("high", "high")):
        table[name] = periods[column] * kept
    return ContractValue(table.set_axis(index) if index is not None else table, residual, kept)
