"""When a new item reaches its n-th customer, by region: seen so far, foreseen, and back-tested.

References
----------
Fader, Hardie, Zeithammer (2003), Forecasting new product trial in a controlled test market
environment, Journal of Forecasting 22, 391-410 (exponential-gamma: customers differ in how fast
they try); David, Nagaraja (2003), Order Statistics, chapter 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.optimize import minimize

from workbench.arrays import Array
from workbench.errors import DataError, require_columns
from workbench.languages import Language, speak
from workbench.products.items import named
from workbench.results import Estimate, Finding, Picture, Result, labelled
from workbench.stats.disclosure import rule_of
from workbench.stats.intervals import wilson
from workbench.study import CellRule

EVERYWHERE: Final = "All regions"
#: Triers from which on a region's own curve is told; draws behind a forecast.
_TRIERS: Final = 20
_DRAWS: Final = 1000
_AHEAD: Final = 1.5

REACHED = (
    "{item} has reached {tried} customers in {region} after {days} days; {n} are to be expected"
    " {ahead} days after its first sale"
)
BACK = (
    "Of {tested} forecasts made when half of the customers had come, {held} held the day on which"
    " the last of them came (90% were promised)"
)
SLOW = "{item} comes on more slowly in {region} than in {other}: {days} and {others} days to {n}"


@dataclass(frozen=True)
class Launches(Result):
    """New items by region, and when they reach how many customers.

    Attributes
    ----------
    table : DataFrame
        One row an item and region: item, region, launched, n (customers who tried it), days (since
        its first sale there), goal (customers that it is to reach), ahead, ahead_low, ahead_high
        (days from the first sale to that customer; 90%), half (days to half of n, as it was).
    back : DataFrame
        item, region, n, actual, forecast, low, high, held: forecasts of the day of the n-th
        customer, made on the day of the n/2-th.
    curves : DataFrame
        item, region, days, tried.
    """

    table: pd.DataFrame
    back: pd.DataFrame
    curves: pd.DataFrame

    @property
    def held(self) -> Estimate:
        """Share of the past forecasts that held."""
        n, k = len(self.back), int(self.back["held"].sum()) if len(self.back) else 0
        low, high = wilson(k, n) if n else (np.nan, np.nan)
        return Estimate(k / n if n else np.nan, float(low), float(high), float(n), kind="percent",
                        label="Past forecasts that held")  # fmt: skip

    def estimates(self) -> dict[str, Estimate]:
        """How many past forecasts held, and the days to the next goal by item and region."""
        told = {
            f"{row['item']} · {row['region']}": self._ahead(row) for _, row in self.table.iterrows()
        }
        return ({"held": self.held} if len(self.back) else {}) | told

    @staticmethod
    def _ahead(row: pd.Series) -> Estimate:
        return Estimate(
            float(row["ahead"]), float(row["ahead_low"]), float(row["ahead_high"]),
            float(row["n"]),
            0.9,
            digits=0,
            label="Days from first sale to these",
        )  # fmt: skip

    def findings(self) -> list[Finding]:
        """How far the most tried item has come, and how past forecasts did."""
        row = self.table.iloc[0]
        values = {
            "item": named(row["item"]), "region": _region(row["region"]), "tried": int(row["n"]),
            "days": int(row["days"]), "n": int(row["goal"]), "ahead": self._ahead(row),
        }  # fmt: skip
        said = [Finding("products.launches", REACHED, values)]
        if len(self.back):
            held = self.held
            enough = not held.high < 0.9
            said.append(
                Finding("products.launches.back", BACK, {"tested": len(self.back), "held": held},
                        severity="note" if enough else "warning", verdict="held" if enough else
                        "too narrow")
            )  # fmt: skip
        own = self.table[self.table["item"] == row["item"]]
        if len(own) > 1:
            slow, fast = own.nlargest(1, "half").iloc[0], own.nsmallest(1, "half").iloc[0]
            # days to one number of customers, so that regions of unequal size are what they are
            n = int(min(slow["n"], fast["n"]) // 2)
            times = [self._reached(row["item"], r["region"], n) for r in (slow, fast)]
            if times[0] > 2 * max(times[1], 1):
                values = {"item": named(row["item"]), "region": _region(slow["region"]), "n": n,
                          "other": _region(fast["region"]), "days": times[0],
                          "others": times[1]}  # fmt: skip
                said.append(Finding("products.launches.slow", SLOW, values))
        return said

    def _reached(self, item: object, region: object, n: int) -> int:
        c = self.curves
        own = c[(c["item"] == item) & (c["region"] == region) & (c["tried"] >= n)]
        return int(own["days"].min())

    def picture(self) -> Picture:
        """Draw how many have tried the most tried item, by region."""
        return Picture(
            self.plot, "How fast new items find their customers",
            "Customers who have tried {item}, by days since its first sale there",
            self.table, {"item": named(self.table.iloc[0]["item"])},
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one rising curve a region, with the day that is foreseen for the goal."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        item = self.table.iloc[0]["item"]
        own = self.table[self.table["item"] == item].head(4)
        for _, row in own.iterrows():
            c = self.curves
            mine = c[(c["item"] == item) & (c["region"] == row["region"])]
            (line,) = ax.step(mine["days"], mine["tried"], where="post",
                              label=say.name(row["region"]))  # fmt: skip
            if np.isfinite(row["ahead_high"]):
                ax.hlines(row["goal"], row["ahead_low"], row["ahead_high"], color=line.get_color())
        ax.set_xlabel(say("Days since its first sale"))
        ax.set_ylim(bottom=0)
        if len(own) > 1:
            ax.legend()
        return ax


def _region(name: object) -> str | dict[str, str]:
    return EVERYWHERE if name == EVERYWHERE else {"en": str(name)}


def launches(
    history: pd.DataFrame,
    region: pd.Series | None = None,
    *,
    customers: pd.Index,
    first: object,
    last: object,
    rng: np.random.Generator,
    days: int = 90,
    min_cell: CellRule | int = 5,
    most: int = 5,
) -> Launches:
    """Follow how new items find their customers in each region, and foresee when more will come.

    Parameters
    ----------
    history : DataFrame
        One row a customer and item: customer_id, item, first (day of the first purchase).
    region : Series, optional
        Region of each customer, by customer_id; all together when left out.
    customers : Index
        All customers.
    first, last : date
        First and last day of the log.
    rng : numpy.random.Generator
    days : int
        An item is new if it was first sold later than so many days after the log began.
    min_cell : CellRule or int
        Items that fewer customers of a region tried, and at least 20, are left out.
    most : int
        Items looked at.

    Raises
    ------
    DataError
        There is no such item.
    """
    require_columns(history, ("customer_id", "item", "first"), "the history has")
    since, until = pd.Timestamp(first), pd.Timestamp(last)  # type: ignore[arg-type]
    least = max(rule_of(min_cell).min_cell, _TRIERS)
    began, tried = history.groupby("item")["first"].min(), history.groupby("item").size()
    new = began.index[(began > since + pd.Timedelta(days=days)) & (tried >= least)]
    newest = sorted(new, key=lambda i: (-int(tried[i]), str(i)))[:most]
    where = pd.Series(EVERYWHERE, index=customers)
    if region is not None:
        known = region[~region.index.duplicated()].reindex(customers).dropna().astype(str)
        where = known if len(known.unique()) > 1 else where
    sizes = where.value_counts()
    rows, back, curves = [], [], []
    for item in newest:
        own = history[history["item"] == item]
        place = own["customer_id"].map(where)
        for name in sorted(sizes.index, key=str):
            day = own.loc[place == name, "first"].sort_values()
            # the first buyer starts the clock, so the others are those who come
            time = (day - day.min()).dt.days.to_numpy(dtype=float)[1:] if len(day) else np.empty(0)
            if len(time) + 1 < least or time.max() < 14:
                continue
            size, seen = int(sizes[name]) - 1, float((until - day.min()).days)
            goal = min(int(np.ceil(_AHEAD * (len(time) + 1))), size)
            if goal <= len(time) + 1:
                continue
            told = days_to(time, size, seen, goal - 1, rng)
            half = float(time[(len(time) + 1) // 2 - 1])
            rows.append(
                {"item": str(item), "region": name, "launched": day.min(), "n": len(time) + 1,
                 "days": int(seen), "goal": goal, "ahead": told[0], "ahead_low": told[1],
                 "ahead_high": told[2], "half": half}
            )  # fmt: skip
            early = time[time <= half]
            if len(early) >= _TRIERS // 2 and half >= 14 and len(early) < len(time):
                low_high = days_to(early, size, half, len(time), rng)
                actual = float(time[-1])
                back.append(
                    {"item": str(item), "region": name, "n": len(time) + 1, "actual": actual,
                     "forecast": low_high[0], "low": low_high[1], "high": low_high[2],
                     "held": bool(low_high[1] <= actual <= low_high[2])}
                )  # fmt: skip
            counts = pd.Series(np.arange(2, len(time) + 2), index=time).groupby(level=0).max()
            curves.append(
                pd.DataFrame({"item": str(item), "region": name, "days": [0.0, *counts.index],
                              "tried": [1, *counts.to_numpy()]})
            )  # fmt: skip
    if not rows:
        raise DataError(
            f"no new item was tried by {least} customers of a region",
            remedy="tell items apart more finely, by product, or wait",
        )
    table = labelled(
        pd.DataFrame(rows), item="New item", region="Region", launched=("First sold", "date"),
        n="Tried it", days="Days since", goal="Customers to come to",
        ahead=("Days from first sale to these", "number:0"),
        half=("Days to half of them", "number:0"),
    )  # fmt: skip
    columns = ["item", "region", "n", "actual", "forecast", "low", "high", "held"]
    return Launches(
        table, pd.DataFrame(back, columns=columns), pd.concat(curves, ignore_index=True)
    )


def days_to(
    time: Array, size: int, seen: float, n: int, rng: np.random.Generator, *, level: float = 0.9
) -> tuple[float, float, float]:
    """Foresee the day of the n-th trier from the days of the first ones.

    Parameters
    ----------
    time : array
        Days at which customers tried, up to `seen`.
    size : int
        Customers who could.
    seen : float
        Days seen.
    n : int
        Which trier's day is asked for: more than have come.
    rng : numpy.random.Generator
    level : float
        Chance with which the day is to lie in the range.

    Returns
    -------
    tuple of float
        Median, low, high, in days; infinite where so many may never come.
    """
    at = np.maximum(time, 0.5)
    k, rest = len(at), size - len(at)

    def loss(theta: Array) -> float:
        shape, rate = np.exp(np.clip(theta, -15, 15))
        tried = np.log(shape) + shape * np.log(rate) - (shape + 1) * np.log(rate + at)
        left = rest * shape * (np.log(rate) - np.log(rate + seen))
        # a slight prior keeps both within reach where the curve is straight
        return float(-tried.sum() - left + 0.5 * ((theta - start) ** 2 / 16).sum())

    start = np.log(np.array([max(k / size, 1e-3), max(seen, 1.0)]))
    fit = minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-5, "fatol": 1e-7})
    theta, step = fit.x, 1e-3
    h = np.empty((2, 2))
    for i in range(2):
        for j in range(2):
            e, f = np.eye(2)[i] * step, np.eye(2)[j] * step
            h[i, j] = (loss(theta + e + f) - loss(theta + e - f) - loss(theta - e + f)
                       + loss(theta - e - f)) / (4 * step**2)  # fmt: skip
    values, vectors = np.linalg.eigh((h + h.T) / 2)
    root = vectors / np.sqrt(np.maximum(values, 1 / 16))
    # the likelihood is skewed: draws from the curvature are weighed by it, with heavier tails
    z = rng.standard_normal((4 * _DRAWS, 2))
    heavy = np.sqrt(4 / rng.chisquare(4, 4 * _DRAWS))[:, None]
    drawn = theta + (z * heavy) @ root.T
    logs = -np.array([loss(each) for each in drawn]) + fit.fun
    density = -3.0 * np.log1p(((z * heavy) ** 2).sum(axis=1) / 4)
    weight = np.exp(np.clip(logs - density, -700, 50))
    pick = rng.choice(len(drawn), _DRAWS, p=weight / weight.sum())
    shape, rate = np.exp(np.clip(drawn[pick], -15, 15)).T
    # of those left, the (n - k)-th comes where a uniform order statistic lies
    u = rng.beta(n - k, rest - (n - k) + 1, _DRAWS)
    days = (rate + seen) * (1 - u) ** (-1 / shape) - rate
    days = np.where(np.isfinite(days), days, np.inf)
    low, mid, high = np.quantile(days, [(1 - level) / 2, 0.5, (1 + level) / 2])
    far = 36525.0
    low, mid, high = (float(v) if v < far else float("inf") for v in (low, mid, high))
    return mid, low, high
