"""How many new customers come: month by month so far, and ahead.

A forecast of the logarithm of their number is asked for from outside; here it is drawn, added up,
and tried on the log's own past.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
import pandas as pd

from workbench.arrays import Array
from workbench.customer_base.cells import require_cells
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled
from workbench.stats.disclosure import rule_of
from workbench.study import CellRule
from workbench.units import month_after

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEVEL: Final = 0.9
TAILS: Final = (0.05, 0.95)
DRAWS: Final = 500
#: Fewer months of new customers bear no forecast.
FEWEST: Final = 12
#: Past forecasts below which nothing is said of how well they kept.
FEWEST_ORIGINS: Final = 3
COME: Final = "In the next {months} months {n} new customers are expected"
TESTED: Final = (
    "Forecasts made in the past in the same way were off by {error} on average; {kept} of {n}"
    " ranges held what came"
)
UNTESTED: Final = (
    "The records are too short to test such a forecast on their own past: it is not yet tested"
)


class MonthlyForecast(Protocol):
    """A forecast that gives a distribution for each month."""

    def measured(self, step: int) -> Any:
        """Give the distribution at a step; it has `quantile`."""
        ...


#: Makes a forecast of a record with the columns period, estimate and se.
Fit = Callable[[pd.DataFrame], MonthlyForecast]


@dataclass(frozen=True)
class NewCustomers(Result):
    """New customers by month, so far and ahead.

    Attributes
    ----------
    table : DataFrame
        One row a month: period, n (new customers; missing ahead), expected, expected_low,
        expected_high (90 %).
    total : Estimate
        Of the months ahead.
    tested : DataFrame
        One row a forecast made in the past: origin, expected, low, high, came.
    paths : ndarray, shape (draws, months)
        Draws of the months ahead; those of one draw lie at the same place of each month's
        distribution, which makes totals rather too wide than too narrow.
    """

    table: pd.DataFrame
    total: Estimate
    tested: pd.DataFrame
    paths: Array

    def estimates(self) -> dict[str, Estimate]:
        """Give the new customers of the months ahead."""
        return {"new": self.total}

    def findings(self) -> list[Finding]:
        """Say how many will come, and how well such forecasts kept."""
        values = {"n": self.total, "months": self.paths.shape[1]}
        said = [Finding("customer_base.acquisition", COME, values, estimates={"new": self.total})]
        return said + tested(self.tested, "customer_base.acquisition.tested")

    def picture(self) -> Picture:
        """Draw the months."""
        return Picture(
            self.plot, "How many new customers come",
            "New customers by month, and the forecast with its 90% range",
            self.table,
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw months so far as dots, and the forecast as a line with its band."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table
        ax.plot(t["period"], t["n"], "o", ms=3, label=say("New customers"))
        (line,) = ax.plot(t["period"], t["expected"], linewidth=2, label=say("Forecast"))
        ax.fill_between(
            t["period"], t["expected_low"], t["expected_high"], alpha=0.2, color=line.get_color()
        )
        ax.set_ylim(bottom=0)
        ax.tick_params(axis="x", labelrotation=30)
        ax.legend(frameon=False)
        return ax


def tested(past: pd.DataFrame, key: str) -> list[Finding]:
    """Say how forecasts made in the past kept."""
    if len(past) < FEWEST_ORIGINS:
        return [Finding(key, UNTESTED)]
    error = float((past["expected"] / past["came"] - 1).abs().mean())
    kept = int(((past["low"] <= past["came"]) & (past["came"] <= past["high"])).sum())
    values = {"error": Estimate(error, kind="percent", digits=0), "kept": kept, "n": len(past)}
    return [Finding(key, TESTED, values)]


def acquisition(
    cells: pd.DataFrame,
    start: dt.date,
    months: int,
    *,
    fit: Fit,
    ahead: int = 12,
    min_cell: CellRule | int = 5,
    draws: int = DRAWS,
) -> NewCustomers:
    """Foresee how many new customers come.

    Months at the log's start in which customers from before it pass for new are left out.

    Parameters
    ----------
    cells : DataFrame
        cohort, period (months): `CustomerMonths.cells(1)`.
    start : date
        First day of the log.
    months : int
        Months of the log.
    fit : callable
        Makes a forecast of a record of logarithms.
    ahead : int
        Months ahead.
    min_cell : CellRule or int
        Months of fewer new customers are not shown one by one.
    draws : int

    Raises
    ------
    DataError
        Too few months, or nobody new of late.
    """
    n, skipped = new_by_month(cells, months)
    own = n[skipped:]
    if own.size < FEWEST:
        raise DataError(
            f"{own.size} months of new customers bear no forecast", remedy=f"wait for {FEWEST}"
        )
    if not own[-6:].sum():
        raise DataError("nobody new has come for half a year", remedy="look at the log")
    days = [month_after(start, k) for k in range(months + ahead)]
    paths = _paths(fit, own, days[skipped:months], ahead, draws)
    past = []
    for origin in range(own.size - ahead, FEWEST - 1, -ahead):
        there = _paths(fit, own[:origin], days[skipped : skipped + origin], ahead, draws)
        sums = there.sum(axis=1)
        low, high = np.quantile(sums, TAILS)
        came = float(own[origin : origin + ahead].sum())
        past.append((days[skipped + origin], float(np.median(sums)), low, high, came))
    table = pd.DataFrame({"period": pd.to_datetime(days)})
    few = n < max(rule_of(min_cell).min_cell, 1)
    table["n"] = np.r_[np.where(few & (n > 0), np.nan, n), np.full(ahead, np.nan)]
    before = np.full(months, np.nan)
    for name, x in (
        ("expected", np.median(paths, axis=0)),
        ("expected_low", np.quantile(paths, TAILS[0], axis=0)),
        ("expected_high", np.quantile(paths, TAILS[1], axis=0)),
    ):
        table[name] = np.r_[before, x]
    sums = paths.sum(axis=1)
    low, high = (float(x) for x in np.quantile(sums, TAILS))
    total = Estimate(
        float(np.median(sums)), low, high, float(own.sum()), LEVEL, of="forecast", digits=0,
        label="New customers to come", fact="customer_base.new",
    )  # fmt: skip
    table = labelled(
        table, period=("Month", "date"), n=("New customers", "number:0"),
        expected=("Forecast", "number:0"),
    )  # fmt: skip
    columns = ["origin", "expected", "low", "high", "came"]
    return NewCustomers(table, total, pd.DataFrame(past, columns=columns), paths)


def new_by_month(cells: pd.DataFrame, months: int) -> tuple[Array, int]:
    """Count new customers by month, and the months at the start that hold old ones.

    Where the first quarter of a year counts more than twice what is usual later, a third of the
    log, half a year at most, is taken for its start.
    """
    require_cells(cells, "cohort", "period")
    own = cells[(cells["cohort"] == cells["period"]) & (cells["cohort"] >= 0)]
    n = np.zeros(months)
    n[own["cohort"].to_numpy(dtype=int)] = own["n"].to_numpy(dtype=float)
    later = n[3:]
    old = later.size >= 3 and n[:3].mean() > 2 * max(float(np.median(later)), 0.5)
    return n, min(months // 3, 6) if old else 0


def _paths(fit: Fit, n: Array, days: Sequence[dt.date], ahead: int, draws: int) -> Array:
    """Draw the months ahead: each draw lies at one place of all the distributions."""
    frame = pd.DataFrame(
        {
            "period": pd.to_datetime(list(days)), "estimate": np.log(n + 0.5),
            "se": 1 / np.sqrt(n + 0.5),
        }
    )  # fmt: skip
    model = fit(frame)
    place = (np.arange(draws) + 0.5) / draws
    grid = np.r_[0.005, np.linspace(0.05, 0.95, 11), 0.995]
    found = np.empty((draws, ahead))
    for k in range(ahead):
        at = model.measured(n.size + k)
        found[:, k] = np.interp(place, grid, [at.quantile(p) for p in grid])
    return np.maximum(np.exp(found) - 0.5, 0.0)
