"""Running contracts: the periods that they have run, cohort by cohort, and what is left of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from workbench.arrays import Array
from workbench.clv.choice import choose_retention
from workbench.clv.models.prediction import Prediction
from workbench.clv.models.rows import as_floats, refuse
from workbench.clv.models.shifted_beta_geometric import (
    ShiftedBetaGeometric,
    ShiftedBetaGeometricResults,
    draw_periods,
    survival_axes,
)
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled, named_estimates
from workbench.stats.disclosure import Sums, pool_smallest, rule_of
from workbench.study import CellRule
from workbench.units import DAYS_PER_UNIT, MONTHS, check_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def contract_periods(
    start: pd.Series, end: pd.Series, *, as_of: pd.Timestamp | str, unit: str = "month"
) -> pd.DataFrame:
    """Count the periods that contracts have run.

    Parameters
    ----------
    start, end : Series of dates
        An empty `end`, or one after `as_of`, means still running.
    as_of : Timestamp or str
        Day of observation; contracts that start later are left out.
    unit : str
        Length of a period; calendar months, quarters and years, otherwise fixed lengths.

    Returns
    -------
    DataFrame
        One row a contract, with the index of `start`. duration: the period in which the contract
        ended (1 = the first), or the whole periods completed so far; ended: bool. Who left in a
        period that is not over counts as there at its start: of those who stay, it is not known
        yet. running: bool, whether the contract has not ended by `as_of`.
    """
    check_unit(unit)
    began, over = pd.to_datetime(start), pd.to_datetime(end)
    day = pd.Timestamp(as_of)
    kept = began.notna() & (began <= day)
    began, over = began[kept], over[kept]
    refuse(
        "end",
        began.index,
        (over < began).to_numpy(dtype=bool),
        "lies before start",
        "mend these rows or leave them out",
    )
    seen = _whole_periods(began, pd.Series(day + pd.Timedelta(days=1), index=began.index), unit)
    ended = over.notna() & (over <= day)
    left_in = _whole_periods(began, over.where(ended, day), unit) + 1
    # a period that is not over yet has not shown who stays, so nobody can have left in it
    ended &= left_in <= seen
    duration = left_in.where(ended, seen).astype(float)
    running = over.isna() | (over > day)
    out = pd.DataFrame(
        {"duration": duration, "ended": ended.astype(bool), "running": running.astype(bool)},
        index=began.index,
    )
    # the columns carry it on, so that a model cannot take months for years
    out.attrs["time_unit"] = unit
    return out


def _whole_periods(began: pd.Series, until: pd.Series, unit: str) -> pd.Series:
    if unit not in ("month", "quarter", "year"):
        days = (until - began).dt.days
        return (days // DAYS_PER_UNIT[unit]).astype(int)
    months: pd.Series = (until.dt.year - began.dt.year) * 12
    months = months + until.dt.month - began.dt.month
    # a contract of the 31st renews on the last day of shorter months
    renewal = began.dt.day.clip(upper=until.dt.days_in_month)
    months = months - (until.dt.day < renewal).astype(int)
    return (months // MONTHS[unit]).astype(int)


@dataclass(frozen=True)
class ContractCohorts(Result):
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

    def estimates(self) -> dict[str, Estimate]:
        """Return the survival of each cohort."""
        return named_estimates(self.table, "cohort", kind="percent")

    def picture(self) -> Picture:
        """Survival by cohort."""
        return Picture(
            self.plot,
            "Do later subscribers stay longer?",
            "Share of subscribers still under contract, by year of signing",
            self.table,
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Survival by cohort: lines as fitted, as far as it was followed, dots as observed."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        for name, fit in self.fits.items():
            curve = fit.curve(fit.observed().size - 1)
            draw_periods(ax, curve, "survival", labels=(name, None))
        return survival_axes(ax, say)


def by_cohort(
    periods: pd.DataFrame, cohort: ArrayLike, *, after: int = 12, latest: int = 4
) -> ContractCohorts:
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
    table = labelled(
        pd.DataFrame(rows),
        cohort="Signed in",
        n="Contracts",
        estimate=("Still there after a year" if after == 12 else "Still there", "percent:1"),
    )
    return ContractCohorts(table, fits, after)


OTHER_PLANS = "Other plans"
WILL_BRING = (
    "The {n} running contracts can be expected to bring {worth} in fees, after the month that is "
    "paid."
)
FEE_UNKNOWN = "The fee of {n} running contracts is not known; they are valued at zero."


@dataclass(frozen=True)
class ContractValue(Result):
    """Value of running contracts.

    Attributes
    ----------
    table : DataFrame
        One row a contract: periods (still to come, discounted), fee, clv, low, high.
    residual : Prediction
        The periods.
    fees : ndarray
        What each pays a period, times the margin.
    retention : ShiftedBetaGeometricResults
        The model of all contracts.
    renewals : ndarray
        Whole periods that each has completed.
    discount_rate : float
        A year.
    currency : str
    unknown : int
        Contracts whose fee is not known.
    running : DataFrame, optional
        The contracts themselves, in the order of `table`.
    periods : DataFrame, optional
        Of all contracts, running and ended: from `contract_periods`.
    """

    table: pd.DataFrame
    residual: Prediction
    fees: Array
    retention: ShiftedBetaGeometricResults
    renewals: Array
    discount_rate: float
    currency: str = ""
    unknown: int = 0
    running: pd.DataFrame | None = None
    periods: pd.DataFrame | None = None

    @property
    def total(self) -> Estimate:
        """Value of all contracts together."""
        whole = self.residual.total(self.fees)
        return Estimate(
            whole.value,
            whole.low,
            whole.high,
            float(self.fees.size),
            kind="money",
            unit=self.currency,
            label="Fees still to come from the running contracts",
            better="up",
            fact="contracts.fees_to_come.model",
        )

    @property
    def mean(self) -> Estimate:
        """Value of a contract on average."""
        mean, label = self.total.scaled(1 / self.fees.size), "Fees still to come from a contract"
        return mean.named(label, fact="contracts.mean_fees_to_come.model")

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
        return labelled(
            pd.DataFrame(rows),
            group="Plan",
            n="Contracts",
            mean=("Value per contract", "money"),
            share=("Share of value", "percent:1"),
        )

    def by_plan(self, *, min_cell: CellRule | int = 5) -> pd.DataFrame:
        """Value by plan, or by the year of signing where the contracts have none.

        Plans with fewer customers than `min_cell`, or of whose value one holds nearly all, share
        the row "Other plans".
        """
        running = self._contracts()
        plan = running["plan"] if "plan" in running else running["start"].dt.year
        code, names = pd.factorize(plan.fillna("-"), sort=True)
        # who has several contracts of a plan holds their sum
        owner = running["customer_id"] if "customer_id" in running else np.arange(len(running))
        worth = pd.Series(np.asarray(self.residual.estimate) * self.fees)
        held = worth.groupby([code, np.asarray(owner)]).sum()
        sums = Sums.of(held.index.get_level_values(0), held.to_numpy(), len(names))
        pooled = pool_smallest(sums, rule_of(min_cell))
        shown = names.to_numpy(dtype=object)[code]
        if not pooled.any():
            return self.by(shown)
        table = self.by(np.where(pooled[code], "~", shown.astype(str)))
        return table.assign(group=table["group"].replace("~", OTHER_PLANS))

    def by_year(self) -> ContractCohorts:
        """How long contracts last by the year in which they were signed; see `by_cohort`."""
        self._contracts()
        periods = self.periods if self.periods is not None else pd.DataFrame()
        return by_cohort(periods, periods["start"].dt.year)

    def point_of_retention(self) -> Finding:
        """Say how long a running contract still lasts, and what one more who stays is worth."""
        return self.retention.point_of_retention(
            self.discount_rate, self.renewals, self.fees, self.currency
        )

    def _contracts(self) -> pd.DataFrame:
        if self.running is None:
            raise DataError("the contracts are not known", remedy="use value_contracts")
        return self.running

    def of_customers(self, customers: ArrayLike | None = None) -> pd.DataFrame:
        """Add up the contracts of each customer.

        Limits are added as well: contracts of one customer share what is not known of the model.

        Returns
        -------
        DataFrame
            Index customer_id; clv, low, high.
        """
        customers = self._contracts()["customer_id"] if customers is None else customers
        ids = pd.Series(np.asarray(customers), name="customer_id")
        return self.table[["clv", "low", "high"]].reset_index(drop=True).groupby(ids).sum()

    def of_plans(self) -> pd.DataFrame | None:
        """Give whose each contract is, its plan and its worth, where the contracts say whose.

        For the study's folder, never for a page: so that a later edition is not published beside
        this one where one customer would be the difference.
        """
        running = self._contracts()
        if "customer_id" not in running:
            return None
        worth = np.asarray(self.residual.estimate) * self.fees
        plan = running["plan"].to_numpy() if "plan" in running else "-"
        return pd.DataFrame(
            {"customer_id": running["customer_id"].to_numpy(), "plan": plan, "worth": worth}
        )

    def estimates(self) -> dict[str, Estimate]:
        """Value of all contracts and of one."""
        return {"contracts": self.total, "contract": self.mean}

    def findings(self) -> list[Finding]:
        """Say what the running contracts will bring, where any fee is known, and what is not."""
        found = []
        if self.fees.any():
            values = {"n": len(self.table), "worth": self.total}
            found = [Finding("fees", WILL_BRING, values, severity="ok", money=self.total)]
        if self.unknown:
            found.append(Finding("fees.unknown", FEE_UNKNOWN, {"n": self.unknown}))
        return found

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Contracts by value, in a histogram."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        ax.hist(self.table["clv"], bins=30)
        ax.set_xlabel(say("Value of a contract"))
        ax.set_ylabel(say("Contracts"))
        return ax


def contract_value(
    retention: ShiftedBetaGeometricResults,
    renewals: ArrayLike,
    fees: ArrayLike,
    *,
    discount_rate: float,
    margin: float = 1.0,
    currency: str = "",
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
    currency : str
        ISO 4217 code of the fees.

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
    table = table.set_axis(index) if index is not None else table
    shown = labelled(
        table, periods=("Periods to come", "number:1"), fee=("Fee", "money"), clv=("Value", "money")
    )
    made = np.asarray(renewals, dtype=float)
    return ContractValue(shown, residual, kept, retention, made, discount_rate, currency)


def value_contracts(
    contracts: pd.DataFrame,
    *,
    as_of: pd.Timestamp | str,
    discount_rate: float,
    margin: float = 1.0,
    currency: str = "",
) -> ContractValue:
    """Choose a model of how long contracts last, in months, and value those that run.

    Parameters
    ----------
    contracts : DataFrame
        One row a contract: customer_id, start, end; monthly_fee and plan where they are known. A
        contract without a fee is valued at nothing.
    as_of : Timestamp or str
        Day of observation.
    discount_rate, margin, currency
        As of `contract_value`.

    Raises
    ------
    DataError
        No contract has ended, or they were seen for one month only.
    """
    periods = contract_periods(contracts["start"], contracts["end"], as_of=as_of, unit="month")
    retention = choose_retention(periods["duration"], periods["ended"])
    running = contracts.loc[periods.index[periods["running"]]]
    made = periods.loc[running.index, "duration"]
    fees = running.get("monthly_fee", made * 0.0)
    value = contract_value(
        retention, made, fees.fillna(0.0), discount_rate=discount_rate, margin=margin,
        currency=currency,
    )  # fmt: skip
    return replace(
        value,
        unknown=int(fees.isna().sum()),
        running=running,
        periods=periods.assign(start=contracts.loc[periods.index, "start"]),
    )
