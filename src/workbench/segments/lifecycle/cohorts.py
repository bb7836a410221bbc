"""Cohorts of first purchase: who came back period after period, and what they spent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.arrays import Array
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled
from workbench.segments.purchase_days import PurchaseDays, as_purchase_days, day_number
from workbench.stats.disclosure import Sums, Withheld, interval_sensitive, rule_of, withhold
from workbench.stats.disclosure import told_withheld as told
from workbench.stats.intervals import normal_quantile, wilson
from workbench.study import CellRule
from workbench.units import MONTHS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Every = Literal["month", "quarter", "year"]
_SINCE = {
    "month": "Months since the first purchase",
    "quarter": "Quarters since the first purchase",
    "year": "Years since the first purchase",
}
AGAIN = {
    "month": "Of 100 new customers, {n} buy in the month after their first",
    "quarter": "Of 100 new customers, {n} buy in the quarter after their first",
    "year": "Of 100 new customers, {n} buy in the year after their first",
}
BEGAN_BEFORE = (
    "The first month of the records counts far more first purchases than any other: many of these"
    " customers may have bought before the records began."
)

#: Columns that a log without amounts does not fill.
_MONEY = ("spend", "spend_low", "spend_high", "revenue", "cumulative")


@dataclass(frozen=True)
class PurchaseCohorts(Result):
    """Retention and revenue by cohort of first purchase.

    Attributes
    ----------
    table : DataFrame
        One row a cohort and age: cohort (first day of the period of the first purchase), age
        (periods since), n (customers of the cohort), active (who bought in that period), estimate
        (share active), low, high (Wilson), revenue, spend, spend_low, spend_high (a customer of
        the cohort, in that period), cumulative (spend a customer up to and with it). What would
        tell one buyer's spend is missing.
    curve : DataFrame
        One row an age, all cohorts together that are old enough: age, n, active, estimate, low,
        high, spend, spend_low, spend_high.
    every : str
    began_before : bool
        Whether the first cohort is so large that it must hold customers from before the log.
    withheld : tuple of Finding
        For which cohorts the spend in the period after their first is not shown, and why.
    """

    table: pd.DataFrame
    curve: pd.DataFrame
    every: str
    began_before: bool
    withheld: tuple[Finding, ...] = ()

    @property
    def matrix(self) -> pd.DataFrame:
        """Share active with one row a cohort and one column an age."""
        return self.table.pivot_table(index="cohort", columns="age", values="estimate")

    def at(self, age: int) -> Estimate:
        """Share active at an age, all cohorts together."""
        row = self.curve[self.curve["age"] == age]
        if row.empty:
            raise DataError(f"no cohort is {age} periods old", remedy="ask for a lower age")
        numbers = (float(row[c].iloc[0]) for c in ("estimate", "low", "high", "n"))
        return Estimate(*numbers, kind="percent")

    def estimates(self) -> dict[str, Estimate]:
        """Share active one period after the first, and at the greatest age."""
        ages = self.curve["age"].to_numpy()
        return {f"age_{age}": self.at(int(age)) for age in sorted({1, int(ages.max())} & {*ages})}

    def findings(self) -> list[Finding]:
        """How many buy again in the next period; whether the first cohort is one."""
        again = self.at(1)
        values = {"n": Estimate(100 * again.value, digits=0)}
        key = f"lifecycle.again.{self.every}"
        found = [Finding(key, AGAIN[self.every], values, estimates={"again": again})]
        if self.began_before and self.every == "month":
            found.append(Finding("lifecycle.began_before", BEGAN_BEFORE))
        return found

    def first_return(self) -> pd.DataFrame:
        """Who bought in the period after the first purchase, cohort by cohort."""
        return self.table[self.table["age"] == 1].drop(columns="age")

    def picture(self) -> Picture:
        """Share who come back, by age."""
        return Picture(
            self.plot,
            "How many come back, month by month",
            "Share of customers who bought in that month",
            self.curve,
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Share active by age: a thin line a cohort, a thick one with its band for all."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import MaxNLocator, PercentFormatter

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        for _, t in self.table.groupby("cohort"):
            if len(t) > 1:
                ax.plot(t["age"], t["estimate"], color="0.6", linewidth=0.8, alpha=0.6)
        after = self.curve[self.curve["age"] > 0]
        (line,) = ax.plot(after["age"], after["estimate"], linewidth=2.4, label=say("All cohorts"))
        ax.fill_between(
            after["age"], after["low"], after["high"], alpha=0.2, color=line.get_color()
        )
        ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=10))
        ax.set_xlim(left=1)
        shares = self.table.loc[self.table["age"] > 0, "estimate"]
        ax.set_ylim(0, min(1.0, float(shares.max()) * 1.1 + 0.01))
        ax.set_xlabel(say(_SINCE[self.every]))
        ax.set_ylabel(say("Bought in that period"))
        ax.legend(frameon=False)
        return ax


def purchase_cohorts(
    transactions: pd.DataFrame | PurchaseDays,
    *,
    as_of: object,
    every: Every = "month",
    level: float = 0.95,
    min_cell: CellRule | int = 5,
) -> PurchaseCohorts:
    """Follow customers from the period of their first purchase.

    Periods are those of the calendar; one that is not over on `as_of` is left out.

    Parameters
    ----------
    transactions : DataFrame or PurchaseDays
        Columns customer_id, date, amount.
    as_of : date
        The last day looked at.
    every : {"month", "quarter", "year"}
    level : float
        Confidence.
    min_cell : CellRule or int
        What fewer buyers spent, or nearly one alone, is withheld; 0 withholds nothing.

    Raises
    ------
    DataError
        Fewer than two whole periods, or an unknown period.
    """
    if every not in ("month", "quarter", "year"):
        raise DataError(f"every is {every!r}", remedy="choose month, quarter or year")
    last = day_number(as_of)
    log = as_purchase_days(transactions).until(last)
    if not log.day.size:
        raise DataError("there is no purchase", remedy="look at as_of and the dates")
    period = _periods(log.day, every)
    # the period of the day after as_of is the first that is not over
    over = int(_periods(np.array([last + 1]), every)[0])
    start = _periods(np.where(np.isnan(log.first()), last + 1, log.first()).astype(int), every)
    first, ages = int(period.min()), over - int(period.min())
    if ages < 2:
        raise DataError(
            f"the log holds {ages} whole periods",
            remedy="choose a shorter period, or wait",
        )
    inside = period < over
    customer, when = log.customer[inside], period[inside]
    # one entry a customer and period: what they spent in it
    cell = customer * ages + (when - first)
    new = np.r_[True, cell[1:] != cell[:-1]]  # a log of days is sorted
    cells, spent = cell[new], np.bincount(np.cumsum(new) - 1, weights=log.amount[inside])
    who, at = cells // ages, cells % ages
    cohort, age = start[who] - first, at - (start[who] - first)
    key = cohort * ages + age
    shape = (ages, ages)
    active = np.bincount(key, minlength=ages * ages).reshape(shape).astype(float)
    revenue = np.bincount(key, weights=spent, minlength=ages * ages).reshape(shape)
    squares = np.bincount(key, weights=spent**2, minlength=ages * ages).reshape(shape)
    size = np.bincount(start[start < over] - first, minlength=ages).astype(float)
    rows = [(c, a) for c in range(ages) if size[c] for a in range(ages - c)]
    c, a = np.array(rows).T
    n = size[c]
    table = _estimates(n, active[c, a], revenue[c, a], squares[c, a], level)
    table.insert(0, "cohort", _starts(first + c, every))
    table.insert(1, "age", a)
    table["revenue"] = revenue[c, a]
    rule, count = rule_of(min_cell), ages * ages
    found = _hidden(Sums.of(key, spent, count), rule, ages)
    unsure = interval_sensitive(key, spent, count, rule)
    place = c * ages + a
    table.loc[found.cells[place], ["spend", "revenue"]] = np.nan
    table.loc[(found.cells | unsure)[place], ["spend_low", "spend_high"]] = np.nan
    # from where one is withheld, the sum up to there would tell it
    table["cumulative"] = table.groupby("cohort")["spend"].transform(
        lambda spend: spend.cumsum(skipna=False)
    )
    curve = pd.DataFrame({"age": a, "n": n, "active": active[c, a], "r": revenue[c, a],
                          "q": squares[c, a]}).groupby("age", as_index=False).sum()  # fmt: skip
    sums = [curve[x].to_numpy(dtype=float) for x in ("n", "active", "r", "q")]
    pooled = _estimates(sums[0], sums[1], sums[2], sums[3], level)
    pooled.insert(0, "age", curve["age"])
    old = pooled["age"].to_numpy(dtype=int)
    few = Sums.of(age, spent, ages).sensitive(rule)[old]
    pooled.loc[few, "spend"] = np.nan
    few |= interval_sensitive(age, spent, ages, rule)[old]
    pooled.loc[few, ["spend_low", "spend_high"]] = np.nan
    that = f"in that {every}"
    spend: dict[str, tuple[str, str]] = {"spend": (f"Spend per customer {that}", "money")}
    if not log.valued:
        spend = {}
        table, pooled = (t.drop(columns=[c for c in _MONEY if c in t]) for t in (table, pooled))
    table = labelled(
        table, cohort=f"First purchase in the {every} from", age=_SINCE[every], n="Customers",
        estimate=(f"Bought {that}", "percent"), **spend,
    )  # fmt: skip
    pooled = labelled(
        pooled, age=_SINCE[every], n="Customers", estimate=(f"Bought {that}", "percent"), **spend,
    )  # fmt: skip
    later = size[1:][size[1:] > 0]
    began_before = bool(later.size and size[0] > 3 * np.median(later))
    next_one = place[a == 1]
    days = [day.date() for day in _starts(first + c[a == 1], every)]
    hidden = Withheld(found.primary[next_one], found.secondary[next_one])
    said = told(hidden, days, "lifecycle.cohorts.withheld") if log.valued else []
    return PurchaseCohorts(table, pooled, every, began_before, tuple(said))


def _hidden(sums: Sums, rule: CellRule, ages: int) -> Withheld:
    """Withhold what would tell a buyer's spend, age by age: of each the sum over cohorts is shown.

    The customers of a cell are those who bought; that others did not is no amount of theirs.
    """
    primary = np.zeros(sums.n.size, dtype=bool)
    secondary = primary.copy()
    for age in range(ages):
        line = np.arange(ages) * ages + age
        found = withhold(sums[line], rule)
        primary[line], secondary[line] = found.primary, found.secondary
    return Withheld(primary, secondary)


def _estimates(n: Array, active: Array, total: Array, squares: Array, level: float) -> pd.DataFrame:
    low, high = wilson(active, n, level=level)
    mean = total / n
    # those who spent nothing count, too
    variance = np.clip(squares / n - mean**2, 0, None) / np.maximum(n - 1, 1)
    half = np.where(n > 1, normal_quantile(level) * np.sqrt(variance), np.nan)
    return pd.DataFrame(
        {
            "n": n.astype(int),
            "active": active.astype(int),
            "estimate": active / n,
            "low": low,
            "high": high,
            "spend": mean,
            "spend_low": np.maximum(mean - half, 0.0),
            "spend_high": mean + half,
        }
    )


def _periods(days: NDArray[np.int64], every: str) -> NDArray[np.int64]:
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return np.asarray(months // MONTHS[every], dtype=np.int64)


def _starts(periods: NDArray[np.int64], every: str) -> pd.DatetimeIndex:
    months = (periods * MONTHS[every]).astype("datetime64[M]")
    return pd.DatetimeIndex(months.astype("datetime64[ns]"))
