"""One cohort in time, and cohorts side by side: the third and the fourth lens.

References
----------
Fader, Hardie and Ross (2022), The Customer-Base Audit, chapters 5 and 6; Cochran (1954),
Biometrics 10(4), 417-451 (trend of proportions).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import ndtr, stdtr, stdtrit

from workbench.arrays import Array
from workbench.customer_base.cells import (
    Z,
    mean_of_sums,
    put,
    ratio_of_sums,
    require_cells,
    sums_of,
)
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled, named_estimates
from workbench.stats.disclosure import rule_of, withhold
from workbench.stats.intervals import wilson
from workbench.stats.multiplicity import holm
from workbench.study import CellRule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: A first cohort so many times as large as the others holds customers from before the log.
TIMES_LARGER = 3
ENOUGH = 30
AFTER_A_WHILE = (
    "Of the {n} customers won in the period from {start}, {last} bought in the latest period; those"
    " who did ordered {often} times"
)
FADES = (
    "Customers won later come back less: each period's cohort has {step} fewer buyers one period"
    " after its first"
)
GROWS = (
    "Customers won later come back more: each period's cohort has {step} more buyers one period"
    " after its first"
)
ALIKE = (
    "The cohorts come back alike: one period after their first, later ones do neither "
    "clearly better nor worse"
)
BEGAN_BEFORE = (
    "The first cohort counts far more customers than any other: many of them may have bought before"
    " the log began. It is not held against the others."
)


@dataclass(frozen=True)
class OneCohort(Result):
    """One cohort of customers, period by period.

    Attributes
    ----------
    table : DataFrame
        One row a period: period (its first day), n (who bought), active, active_low, active_high
        (share of the cohort), orders, orders_low, orders_high (a buyer), value, value_low,
        value_high (of an order), spend, spend_low, spend_high (a customer of the cohort).
    start : date
        First day of the period in which they were won.
    size : int
    """

    table: pd.DataFrame
    start: dt.date
    size: int

    def estimates(self) -> dict[str, Estimate]:
        """Share active in the latest period."""
        last = Estimate.of_row(self.table.iloc[-1], "active", kind="percent")
        return {"active": last.named("Customers of the cohort who bought in the latest period")}

    def findings(self) -> list[Finding]:
        """Say how many still buy, and how often."""
        row = self.table.iloc[-1]
        values = {
            "n": Estimate(float(self.size), digits=0), "start": self.start,
            "last": Estimate.of_row(row, "active", kind="percent"),
            "often": Estimate.of_row(row, "orders"),
        }  # fmt: skip
        return [Finding("customer_base.one_cohort", AFTER_A_WHILE, values)] if row["n"] else []

    def picture(self) -> Picture:
        """Draw the share active."""
        return Picture(
            self.plot, "How many of one cohort still buy",
            "Share of the customers won in one period who bought in each period; 95% confidence"
            " intervals",
            self.table,
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw a line with its band over the periods."""
        return _share_line(self.table, "period", "active", ax, speak(language))


def _share_line(table: pd.DataFrame, x: str, y: str, ax: Axes | None, say: Language) -> Axes:
    import matplotlib.pyplot as plt
    from matplotlib.ticker import PercentFormatter

    ax = plt.gca() if ax is None else ax
    (line,) = ax.plot(table[x], table[y], marker="o", linewidth=2)
    ends = table[f"{y}_low"], table[f"{y}_high"]
    ax.fill_between(table[x], *ends, alpha=0.2, color=line.get_color())
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set_ylim(bottom=0)
    ax.set_xlabel(say("Period from"))
    ax.tick_params(axis="x", labelrotation=30)
    return ax


def one_cohort(
    cells: pd.DataFrame,
    starts: Sequence[dt.date],
    *,
    valued: bool = True,
    min_cell: CellRule | int = 5,
) -> OneCohort:
    """Follow one cohort: the earliest that is no cohort of customers from before the log.

    Parameters
    ----------
    cells : DataFrame
        cohort, period, and the sums that `workbench.data` gives (`CustomerMonths.cells`).
    starts : sequence of date
        First day of each period.
    valued : bool
        Whether there are amounts.
    min_cell : CellRule or int

    Raises
    ------
    DataError
        No cohort can be followed for a further period.
    """
    require_cells(cells, "cohort", "period")
    size, periods = _sizes(cells), len(starts)
    rule = rule_of(min_cell)
    old = [
        c for c in range(periods - 1)
        if size.get(c, 0) >= max(rule.min_cell, 1) and not _mixed(size, c)
    ]  # fmt: skip
    old = old or [c for c in range(periods - 1) if size.get(c, 0) >= max(rule.min_cell, 1)]
    if not old:
        raise DataError(
            "no cohort can be followed for a further period", remedy="wait, or choose shorter ones"
        )
    # one that tells something, else the largest
    which = next((c for c in old if size[c] >= ENOUGH), max(old, key=lambda c: (size[c], -c)))
    own = cells[cells["cohort"] == which].set_index("period")
    t = own.reindex(range(which, periods)).reset_index().fillna({"n": 0, "spend": 0, "orders": 0})
    zero = [c for c in t if c not in ("cohort", "period") and not str(c).startswith("top_")]
    t = t.fillna(dict.fromkeys(zero, 0.0))
    n = t["n"].to_numpy(dtype=float)
    low, high = wilson(n, np.full(len(t), float(size[which])))
    table = pd.DataFrame(
        {
            "period": pd.to_datetime([starts[int(k)] for k in t["period"]]), "n": n.astype(int),
            "active": n / size[which], "active_low": low, "active_high": high,
        }
    )  # fmt: skip
    about: dict[str, str | tuple[str, str]] = {
        "period": ("Period from", "date"), "n": "Customers who bought",
        "active": ("Share of the cohort", "percent"), "orders": ("Orders per buyer", "number:1"),
    }  # fmt: skip
    numbers = {c: t[c].to_numpy(dtype=float) for c in zero}
    put(table, "orders", mean_of_sums(numbers["orders"], numbers["orders_2"], n))
    if valued:
        sums = sums_of(t)
        hidden = withhold(sums, rule).cells
        unsure = hidden | sums.bounded_by(numbers["spend_2"], rule)
        ratio = ratio_of_sums(
            numbers["spend"], numbers["orders"], numbers["spend_2"], numbers["orders_2"],
            numbers["cross"],
        )  # fmt: skip
        put(table, "value", ratio, hidden, unsure)
        each = mean_of_sums(numbers["spend"], numbers["spend_2"], np.full(len(t), size[which]))
        put(table, "spend", each, hidden, unsure)
        about |= {
            "value": ("Average order value", "money"),
            "spend": ("Spend per customer of the cohort", "money"),
        }
    return OneCohort(labelled(table, **about), starts[which], int(size[which]))


def _sizes(cells: pd.DataFrame) -> dict[int, float]:
    """Count the customers of each cohort: all buy in the period in which they are won."""
    won = cells[cells["cohort"] == cells["period"]]
    return dict(zip(won["cohort"].astype(int), won["n"].astype(float), strict=True))


def _mixed(size: dict[int, float], cohort: int) -> bool:
    """Whether a first cohort must hold customers from before the log."""
    later = [n for c, n in size.items() if c > cohort]
    first = min(size) == cohort
    return first and bool(later) and size[cohort] > TIMES_LARGER * float(np.median(later))


@dataclass(frozen=True)
class CohortComparison(Result):
    """Cohorts side by side at the same age.

    Attributes
    ----------
    table : DataFrame
        One row a cohort: cohort (first day), n, start, start_low, start_high (spend a customer in
        the first period; orders, where there are no amounts), again, again_low, again_high (share
        who bought one period later).
    trends : DataFrame
        One row an age of one period or more: age, cohorts, n, change (of the share active from a
        cohort to the next), change_low, change_high, p (Holm).
    began_before : bool
        Whether the first cohort was left out of the trends.
    """

    table: pd.DataFrame
    trends: pd.DataFrame
    began_before: bool

    def estimates(self) -> dict[str, Estimate]:
        """Share of each cohort who came back."""
        t = self.table.dropna(subset=["again"]).assign(
            cohort=lambda x: x["cohort"].dt.date.astype(str)
        )
        return named_estimates(t, "cohort", estimate="again", kind="percent")

    def findings(self) -> list[Finding]:
        """Say whether later cohorts come back more or less."""
        said = []
        if len(self.trends):
            row = self.trends.iloc[0]
            step = Estimate.of_row(row, "change", kind="points", unit="%")
            if row["p"] < 0.05:
                down = step.value < 0
                shown = step.scaled(-1) if down else step
                said.append(
                    Finding(
                        "customer_base.cohorts", FADES if down else GROWS, {"step": shown},
                        severity="warning" if down else "note", estimates={"step": step},
                    )
                )  # fmt: skip
            else:
                said.append(Finding("customer_base.cohorts", ALIKE, estimates={"step": step}))
        if self.began_before:
            said.append(Finding("customer_base.began_before", BEGAN_BEFORE))
        return said

    def picture(self) -> Picture:
        """Draw the share who come back, cohort by cohort."""
        return Picture(
            self.plot, "How many of each cohort come back",
            "Share of each period's new customers who bought one period later; 95% confidence"
            " intervals",
            self.table,
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw a line with its band over the cohorts."""
        ready = self.table.dropna(subset=["again"])
        return _share_line(ready, "cohort", "again", ax, speak(language))


def compare_cohorts(
    cells: pd.DataFrame,
    starts: Sequence[dt.date],
    *,
    valued: bool = True,
    min_cell: CellRule | int = 5,
) -> CohortComparison:
    """Hold cohorts against one another at the same age, and look for a trend over the cohorts.

    Parameters
    ----------
    cells, starts, valued, min_cell
        See `one_cohort`.

    Raises
    ------
    DataError
        Fewer than two cohorts.
    """
    require_cells(cells, "cohort", "period")
    size, periods, rule = _sizes(cells), len(starts), rule_of(min_cell)
    known = [c for c in range(periods) if size.get(c, 0) > 0]
    if len(known) < 2:
        raise DataError("there are no two cohorts", remedy="wait, or choose shorter periods")
    began_before = _mixed(size, known[0])
    own = cells[(cells["cohort"] == cells["period"]) & cells["cohort"].isin(known)]
    own = own.sort_values("cohort", ignore_index=True)
    n = own["n"].to_numpy(dtype=float)
    what = "spend" if valued else "orders"
    numbers = mean_of_sums(
        own[what].to_numpy(dtype=float), own[f"{what}_2"].to_numpy(dtype=float), n
    )
    sums = sums_of(own, valued=valued)
    hidden = withhold(sums, rule).cells
    unsure = hidden | (sums.bounded_by(own["spend_2"].to_numpy(dtype=float), rule) & valued)
    table = pd.DataFrame(
        {"cohort": pd.to_datetime([starts[int(c)] for c in own["cohort"]]), "n": n.astype(int)}
    )
    put(table, "start", numbers, hidden, unsure)
    active = _active(cells, known, periods)
    again = active[:, 1] if periods > 1 else np.full(len(known), np.nan)
    seen = np.isfinite(again)
    low, high = np.full(len(known), np.nan), np.full(len(known), np.nan)
    low[seen], high[seen] = wilson(again[seen], n[seen])
    table["again"], table["again_low"], table["again_high"] = again / n, low, high
    first = ("Spend in the first period", "money") if valued else ("Orders in the first period",
                                                                   "number:1")  # fmt: skip
    table = labelled(
        table, cohort=("First purchase in the period from", "date"), n="Customers", start=first,
        again=("Bought one period later", "percent"),
    )  # fmt: skip
    skip = 1 if began_before else 0
    return CohortComparison(table, _trends(active[skip:], n[skip:]), began_before)


def _active(cells: pd.DataFrame, known: list[int], periods: int) -> Array:
    """Who bought, by cohort and age; NaN where the cohort is not that old yet."""
    found = np.full((len(known), periods), np.nan)
    place = {c: i for i, c in enumerate(known)}
    for i, c in enumerate(known):
        found[i, : periods - c] = 0.0
    own = cells[cells["cohort"].isin(known) & (cells["period"] >= cells["cohort"])]
    for c, p, n in own[["cohort", "period", "n"]].itertuples(index=False):
        found[place[int(c)], int(p) - int(c)] = n
    return found


def _trends(active: Array, n: Array) -> pd.DataFrame:
    """Trend of the share active over the cohorts, at each age, by weighted least squares.

    The variance is that of counts, widened where shares scatter about the line by more.
    """
    rows = []
    for age in range(1, active.shape[1]):
        at = np.isfinite(active[:, age])
        k = int(at.sum())
        if k < 3 or not 0 < active[at, age].sum() < n[at].sum():
            continue
        share, w = active[at, age] / n[at], n[at]
        x = np.flatnonzero(at).astype(float)
        x = x - (w * x).sum() / w.sum()
        overall = active[at, age].sum() / w.sum()
        below = (w * x**2).sum()
        slope = float((w * x * share).sum() / below)
        rest = share - overall - slope * x
        wider = float((w * rest**2).sum() / (overall * (1 - overall)) / (k - 2))
        se = float(np.sqrt(overall * (1 - overall) * max(wider, 1.0) / below))
        # what is learned of the scatter from k shares has k - 2 degrees of freedom
        df = k - 2 if wider > 1 else np.inf
        half = float(stdtrit(df, 0.975) if np.isfinite(df) else Z) * se
        p = 2 * (stdtr(df, -abs(slope) / se) if np.isfinite(df) else ndtr(-abs(slope) / se))
        rows.append(
            {
                "age": age, "cohorts": k, "n": int(w.sum()), "change": slope,
                "change_low": slope - half, "change_high": slope + half, "p": float(p),
            }
        )  # fmt: skip
    columns = ["age", "cohorts", "n", "change", "change_low", "change_high", "p"]
    table = pd.DataFrame(rows, columns=columns)
    table["p"] = holm(table["p"].to_numpy(dtype=float))
    return labelled(
        table, age="Periods since the first purchase", cohorts="Cohorts", n="Customers",
        change=("Change from a cohort to the next", "percent:2"), p=("Corrected p", "p"),
    )  # fmt: skip
