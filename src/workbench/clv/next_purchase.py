"""When customers will buy again, if they do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from workbench.arrays import Array
from workbench.clv.calendar import Calendar
from workbench.clv.models.purchase import PurchaseResults
from workbench.errors import DataError
from workbench.results import Estimate, Finding, Result, labelled
from workbench.units import per_year, whole

#: Chances of buying again that end each group of customers.
CHANCES = (0.1, 0.25, 0.5, 0.75, 1.0)
#: Of waits of customers who are still active this part lies between the limits.
LEVEL = 0.8
#: Years looked ahead for the next purchase.
FAR = 20.0
#: A chance of buying at all below which no wait is given.
GONE = 1e-6

EXPECTED = (
    "Within {within} {unit}, {buyers} of {n} customers can be expected to buy again. {likely} "
    "customers have a better than even chance to."
)
WAITS = (
    "A customer with such a chance who buys again does so after {wait} {unit} (median), in eight "
    "of ten cases between {low} and {high}."
)


@dataclass(frozen=True)
class NextPurchase(Result):
    """The next purchase of customers.

    Attributes
    ----------
    of_customers : DataFrame
        One row a customer: p_none (P(no purchase within the time), gone or merely quiet), wait,
        low, high (median and limits of the time to the next purchase of those who buy again).
    table : DataFrame
        One row a group by the chance of buying: chance, n, share, wait, low, high (medians).
    buyers : Estimate
        Customers expected to buy within the time.
    within : float
    unit : str
    """

    of_customers: pd.DataFrame = field(repr=False)
    table: pd.DataFrame
    buyers: Estimate
    within: float
    unit: str

    def estimates(self) -> dict[str, Estimate]:
        """Return the customers expected to buy."""
        return {"buyers": self.buyers}

    def findings(self) -> list[Finding]:
        """Say how many will buy, and how long those with a fair chance wait."""
        about: dict[str, Any] = {"unit": f"{self.unit}s", "n": int(self.buyers.n)}
        likely = self.of_customers["p_none"] < 0.5
        values = {**about, "within": whole(round(self.within, 1)), "buyers": self.buyers}
        values["likely"] = int(likely.sum())
        found = [
            Finding("next", EXPECTED, values, severity="ok", estimates=self.estimates()),
        ]
        if likely.any():
            middle = self.of_customers.loc[likely, ["wait", "low", "high"]].median()
            numbers = {str(name): Estimate(float(v), digits=1) for name, v in middle.items()}
            found.append(Finding("next.wait", WAITS, {**about, **numbers}))
        return found


def next_purchase(
    fit: PurchaseResults, *, within: float, pace: Calendar | None = None
) -> NextPurchase:
    """Say when each customer of a fit will buy again.

    Parameters
    ----------
    fit : PurchaseResults
    within : float
        Time ahead within which a purchase is asked for, in the unit of the fit.
    pace : Calendar, optional
        By whose clock the fit's times run.

    Raises
    ------
    DataError
        The time is not positive, or the fit was loaded without its customers.

    Examples
    --------
    >>> from workbench.clv import BetaGeometric, next_purchase
    >>> frequency, recency = [2, 0, 1, 5, 0, 3], [30.4, 0, 1.7, 29.4, 0, 22.0]
    >>> fit = BetaGeometric(frequency * 50, recency * 50, [38.9] * 300, unit="week").fit()
    >>> found = next_purchase(fit, within=13)
    >>> bool((found.of_customers["low"] < found.of_customers["wait"]).all())
    True
    """
    if not within > 0 or not np.isfinite(within):
        raise DataError(f"the time ahead is {within}", remedy="give a positive one")
    rows, theta = fit.model.rows, np.exp(fit.phi)
    if not rows.x.size:
        raise DataError("the fit has no customers", remedy="fit the model to them")
    stretch = 1.0 if pace is None else pace.stretch(within)
    none = fit.probability_none(within * stretch)
    counts = fit.model.counts
    buys = none.of_same(lambda phi: 1 - none.at(phi), np.arange(len(none))).total(counts)
    waits = np.array([_quantile(fit, theta, q) for q in ((1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2)])
    # from the clock of the model to even time
    low, wait, high = waits[:, rows.inverse] / stretch
    people = pd.DataFrame(
        {"p_none": none.estimate, "wait": wait, "low": low, "high": high}, index=fit.model.index
    )
    group = np.searchsorted(CHANCES, 1 - none.estimate)
    group = np.minimum(group, len(CHANCES) - 1)
    ends = ("0", *(f"{100 * c:.0f}" for c in CHANCES))
    table = pd.DataFrame(
        [
            {
                "chance": f"{ends[g]}-{ends[g + 1]}%",
                "n": int(counts[group == g].sum()),
                "share": float(counts[group == g].sum() / counts.sum()),
                **(people.loc[group == g, ["wait", "low", "high"]].median().to_dict()),
            }
            for g in range(len(CHANCES))
        ]
    )
    shown = labelled(
        table,
        chance="Chance of buying",
        n="Customers",
        share=("Share", "percent:0"),
        wait=("Wait of those who buy", "number:1"),
    )
    return NextPurchase(people, shown, buys, within, str(fit.unit))


def _quantile(fit: PurchaseResults, theta: Array, part: float) -> Array:
    """Time within which this part of those alike have bought who buy again; by bisection."""
    rows, law = fit.model.rows, fit.process
    far = np.full(rows.x.size, np.log(FAR * per_year(fit.unit)))
    low, high = np.full(rows.x.size, -12.0), far

    def bought(log_time: Array) -> Array:
        none = law.none_ahead(theta, np.exp(log_time), rows.x, rows.t_x, rows.T)
        return np.asarray(1 - none)

    all_who_do = bought(far)
    for _ in range(36):
        middle = (low + high) / 2
        enough = bought(middle) >= part * all_who_do
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    # of those who have as good as surely left there is no next purchase to wait for
    return np.asarray(np.where(all_who_do > GONE, np.exp((low + high) / 2), np.nan))
