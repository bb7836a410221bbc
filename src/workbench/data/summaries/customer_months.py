"""What each customer bought in each month, added up inside the engine, where the log lies.

Months of the calendar are the grain: periods of a month, a quarter, half a year or a year are sums
of them, counted back from the last month that is over. `workbench.customer_base` says what these
mean.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd

from workbench.data import expressions as ibis
from workbench.data.engine import Engine
from workbench.data.tables import Tables
from workbench.errors import DataError
from workbench.units import month_after

_WHAT: Final = "customers by month"
#: How many of the largest amounts of a cell tell whether it may be published.
DEPTH: Final = 10


@dataclass(frozen=True)
class CustomerMonths:
    """One row a customer and month, kept in the engine until it is asked for.

    Attributes
    ----------
    start : date
        First day of the log's first month.
    months : int
        Months from there that are over on the study's day.
    valued : bool
        Whether the log has amounts.
    refunds : int
        Rows below zero that the card keeps: no purchase.
    unfinished : int
        Purchases of the month that is not over, left out. Where no month is over all count, and
        `whole` is False.
    whole : bool
    told_by : tuple of str
        By what a purchase can be told: its category (or product), its channel, as the log has
        them.
    """

    engine: Engine = field(repr=False)
    rows: Any = field(repr=False)
    lines: Any = field(repr=False)
    names: Any = field(repr=False)
    start: dt.date
    months: int
    valued: bool
    refunds: int
    unfinished: int
    whole: bool
    told_by: tuple[str, ...]
    _added_up: dict[int, Any] = field(default_factory=dict, repr=False, compare=False)

    def periods(self, length: int) -> int:
        """How many whole periods of so many months there are."""
        return self.months // length

    def starts(self, length: int) -> list[dt.date]:
        """First day of each whole period, the earliest first."""
        before = self.months % length
        return [month_after(self.start, before + length * k) for k in range(self.periods(length))]

    def last_day(self) -> dt.date:
        """Last day of the last month that counts."""
        return month_after(self.start, self.months) - dt.timedelta(days=1)

    def cells(self, length: int = 1) -> pd.DataFrame:
        """Add up purchases by the period of the first one and that in which they fall.

        Returns
        -------
        DataFrame
            cohort, period (from 0; -1: the months before the first whole period), n (customers who
            bought), orders, spend, orders_2, spend_2, cross (sums over customers of the squares
            and of the product), and `top_0` to `top_9`, the largest amounts of one customer,
            missing where there are fewer.
        """
        return self._summed(self._by_period(length), "cohort")

    def statuses(self, length: int) -> pd.DataFrame:
        """Add up purchases by period and what its buyers did before.

        Returns
        -------
        DataFrame
            status (``new``: the first purchase ever; ``kept``: bought in the period before, too;
            ``back``: bought earlier, but not in the period before), period, and the sums of
            `cells`.
        """
        own = self._by_period(length)
        turn = ibis.window(group_by="who", order_by="period")
        own = own.mutate(gap=own.period - own.period.lag().over(turn))
        status = ibis.cases((own.gap == 1, "kept"), (own.gap > 1, "back"), else_="new")
        return self._summed(own.mutate(status=status), "status")

    def _summed(self, own: Any, by: str) -> pd.DataFrame:
        """Add up customers of a period by something, with their largest amounts."""
        keys = [by, "period"]
        cell = own.group_by(keys).aggregate(
            n=own.count(), orders=own.orders.sum(), spend=own.spend.sum().round(6),
            orders_2=(own.orders * own.orders).sum(), spend_2=(own.spend * own.spend).sum(),
            cross=(own.orders * own.spend).sum(),
        )  # fmt: skip
        whole = [key for key in keys if key != "status"]
        frame = self._frame(cell.order_by(keys), (*whole, "n", "orders"))
        top = self.engine.largest(own, keys, "spend", DEPTH, _WHAT)
        top = top.astype(dict.fromkeys(whole, "int64"))
        joined: pd.DataFrame = frame.merge(top, on=keys, how="left")
        return joined

    def customers(self, length: int, last: int = 2) -> pd.DataFrame:
        """Add up purchases by customer, for the last periods.

        Returns
        -------
        DataFrame
            customer_id; first (period of the first purchase, -1 before the first whole one);
            orders_0, spend_0, ... up to the last period, the earliest first. All customers who ever
            bought are there.
        """
        periods = self.periods(length)
        if not 1 <= last <= periods:
            raise DataError(
                f"the log holds {periods} whole periods of {length} months", where=_WHAT,
                remedy="choose shorter periods, or wait",
            )  # fmt: skip
        rows = self._numbered(length)
        sums: dict[str, Any] = {"first": rows.cohort.min()}
        for k in range(last):
            here = rows.period == periods - last + k
            sums[f"orders_{k}"] = ibis.coalesce(rows.orders.sum(where=here), 0)
            sums[f"spend_{k}"] = ibis.coalesce(rows.spend.sum(where=here), 0.0).round(6)
        frame = self._frame(self._by_name(rows.group_by("who").aggregate(**sums)), ("first",))
        return frame.astype({c: "float64" for c in frame if c not in ("customer_id", "first")})

    def followed(
        self,
        most: int = 12,
        enough: int = 200,
        *,
        people: pd.DataFrame | None = None,
        traits: Sequence[str] = (),
    ) -> pd.DataFrame:
        """Follow customers from the month of the first purchase, all for the same time.

        Parameters
        ----------
        most : int
            Months to follow them for, not counting that of the first purchase. Where fewer than
            `enough` customers, or fewer than half of all, have been there for so long: half a year,
            else a quarter, else a month.
        enough : int
        people : DataFrame, optional
            customer_id and attributes, one row a customer.
        traits : sequence of str
            What is told of each beside: columns of `people`, else of the first month's purchases
            (`told_by`; of several the one on which most was spent). What is neither is left out.

        Returns
        -------
        DataFrame
            One row a customer who has been there for so long: customer_id, first (month of the
            first purchase, from 0), spend_0 (in that month), spend_1, ..., and the traits.
        """
        rows = self.rows
        firsts = rows.filter(rows.month == rows["first"])
        counts = self._frame(
            firsts.group_by("first").aggregate(n=firsts.count()).order_by("first"), ("first", "n")
        )
        there = {
            k: int(counts.loc[counts["first"] + k < self.months, "n"].sum())
            for k in sorted({most, *(k for k in (6, 3, 1) if k < most)}, reverse=True)
        }
        half = int(counts["n"].sum()) / 2
        months = next(
            (k for wanted in (max(enough, half), enough) for k, n in there.items() if n >= wanted),
            min(there),
        )
        long = rows.filter(rows["first"] + months < self.months)
        age = long.month - long["first"]
        sums = {
            f"spend_{k}": ibis.coalesce(long.spend.sum(where=age == k), 0.0).round(6)
            for k in range(months + 1)
        }
        own = long.group_by("who").aggregate(first=long["first"].min(), **sums)
        frame = self._frame(self._by_name(own), ("first",))
        frame = frame.astype(dict.fromkeys(sums, "float64"))
        for trait in traits:
            if people is not None and trait in people:
                known = people.drop_duplicates("customer_id").set_index("customer_id")[trait]
            elif trait in self.told_by:
                known = self._first_told(trait)
            else:
                continue
            frame[trait] = frame["customer_id"].map(known)
        return frame

    def _first_told(self, by: str) -> pd.Series:
        """Tell what the purchases of each customer's first month were mainly of."""
        lines = self._told(by)
        first = lines.month.min().over(ibis.window(group_by="who"))
        own = lines.mutate(began=first)
        own = own.filter((own.month == own.began) & (own[by] != ""))
        sums = own.group_by("who", item=own[by]).aggregate(
            spend=own.spend.sum().round(6), orders=own.order.nunique()
        )
        best = ibis.window(
            group_by="who",
            order_by=[ibis.desc("spend"), ibis.desc("orders"), "item"],
        )
        ranked = sums.mutate(rank=ibis.row_number().over(best))
        mainly = ranked.filter(ranked["rank"] == 0).select("who", "item")
        frame = self._frame(self._by_name(mainly), ())
        return frame.set_index("customer_id")["item"]

    def items(self, by: str, length: int, last: int = 2) -> pd.DataFrame:
        """Add up the last periods by customer and what the purchases are of.

        Parameters
        ----------
        by : str
            One of `told_by`.
        length, last : int
            Months of a period, and how many periods.

        Returns
        -------
        DataFrame
            customer_id, item (missing where a purchase says none), side (0 for the earliest of the
            periods), orders, spend.
        """
        periods, lines = self.periods(length), self._told(by)
        before = self.months % length
        period = ((lines.month - before) / length).floor().cast("int32")
        rows = lines.mutate(side=period - (periods - last))
        rows = rows.filter((rows.side >= 0) & (rows.month < self.months))
        own = rows.group_by("who", "side", item=rows[by]).aggregate(
            orders=rows.order.nunique(), spend=rows.spend.sum().round(6)
        )
        frame = self._frame(self._by_name(own, "side", "item"), ("side",))
        return frame.astype({"orders": "float64", "spend": "float64"})

    def repeat_revenue(self, length: int, most: int = 24) -> pd.DataFrame:
        """Tell what customers of a period spent in the next one, for a window that moves monthly.

        Returns
        -------
        DataFrame
            One row a last month: month (0 is the log's first), n (customers of the earlier
            window), stayed (who bought in the later one too), before (what they spent in the
            earlier window), after (in the later), lesser (the lesser of the two, by customer),
            and `_2` and `_x` of the latter two: sums of squares, and of products with `before`;
            before_2. `top` is the largest amount of one customer.
        """
        ends = list(range(self.months - 1, 2 * length - 2, -1))[:most][::-1]
        if not ends:
            raise DataError(
                f"the log holds no two periods of {length} months", where=_WHAT,
                remedy="choose shorter periods, or wait",
            )  # fmt: skip
        parts = []
        for end in ends:
            r = self.rows  # what lies in neither window needs not be grouped
            r = r.filter((r.month > end - 2 * length) & (r.month <= end))
            early = (r.month > end - 2 * length) & (r.month <= end - length)
            late = (r.month > end - length) & (r.month <= end)
            own = r.group_by("who").aggregate(
                b=ibis.coalesce(r.spend.sum(where=early), 0.0),
                a=ibis.coalesce(r.spend.sum(where=late), 0.0),
                was=early.sum(), came=late.sum(),
            )  # fmt: skip
            own = own.filter(own.was > 0).mutate(m=lambda t: ibis.least(t.a, t.b))
            parts.append(
                own.aggregate(
                    n=own.count(),
                    stayed=(own.came > 0).sum(), before=own.b.sum(), after=own.a.sum(),
                    lesser=own.m.sum(), before_2=(own.b * own.b).sum(),
                    after_2=(own.a * own.a).sum(), lesser_2=(own.m * own.m).sum(),
                    after_x=(own.a * own.b).sum(), lesser_x=(own.m * own.b).sum(),
                    top=ibis.greatest(own.b.max(), own.a.max()),
                ).mutate(month=ibis.literal(end, "int32"))
            )  # fmt: skip
        frame = self._frame(ibis.union(*parts, distinct=False), ())
        frame = frame.sort_values("month", ignore_index=True).fillna(0.0)
        return frame.astype(dict.fromkeys(("month", "n", "stayed"), "int64"))

    def _told(self, by: str) -> Any:
        """Give the purchases, which can be told by a column of theirs."""
        if by not in self.told_by:
            raise DataError(
                f"purchases cannot be told by {by!r}", where=_WHAT,
                remedy=f"there are {', '.join(self.told_by) or 'no such columns'}",
            )  # fmt: skip
        return self.lines

    def _numbered(self, length: int) -> Any:
        """Give the months their periods; what lies before the first whole one is in -1."""
        before = self.months % length
        rows = self.rows

        def period(month: Any) -> Any:
            at = ((month - before) / length).floor().cast("int32")
            return ibis.ifelse(month < before, -1, at)

        return rows.mutate(period=period(rows.month), cohort=period(rows["first"]))

    def _by_period(self, length: int) -> Any:
        """Give one row a customer and period; it is asked for four times, and made once."""
        if length not in self._added_up:
            rows = self._numbered(length)
            if length == 1:  # a month is a row already
                own = rows.mutate(orders=rows.orders.cast("float64"))
                own = own.select("who", "cohort", "period", "orders", "spend")
                self._added_up[length] = own
            else:
                own = rows.group_by("who", "cohort", "period").aggregate(
                    orders=rows.orders.sum().cast("float64"), spend=rows.spend.sum()
                )
                self._added_up[length] = self.engine.keep(own, _WHAT)
        return self._added_up[length]

    def _by_name(self, table: Any, *beside: str) -> Any:
        """Give customers their names again, and rows their order."""
        named = self.names.join(table, "who").drop("who")
        rest = (c for c in named.columns if c != "customer_id")
        return named.select("customer_id", *rest).order_by("customer_id", *beside)

    def _frame(self, table: Any, whole: Sequence[str]) -> pd.DataFrame:
        frame: pd.DataFrame = self.engine.run(table, _WHAT)
        return frame.astype(dict.fromkeys(whole, "int64"))


def customer_months(tables: Tables, table: str = "transactions") -> CustomerMonths:
    """Add up a log of purchases by customer and month, as of the study's day.

    Rows of one order number are one order; where there is none, those of a day. Rows below zero are
    no purchases.

    Parameters
    ----------
    tables : Tables
        The study's tables.
    table : str
        ``transactions`` or a variant of it.

    Raises
    ------
    DataError
        No purchase lies before the study's day.
    """
    tables.require_purchases(table)
    engine, as_of = tables.engine, tables.study.as_of
    rows = tables.expr(table)
    valued = "amount" in rows.columns
    kind = next((c for c in ("category", "product") if c in rows.columns), "")
    told = tuple(c for c in (kind, "channel") if c in rows.columns)
    day = rows.date.cast("date")
    order = day.cast("string")
    if "order_id" in rows.columns:
        order = ibis.coalesce(rows.order_id.cast("string"), order)
    # texts are grouped at several times the cost of numbers
    names = rows.select("customer_id", who=engine.key(rows.customer_id)).distinct()
    names = engine.keep(names, _WHAT)
    lines = rows.select(
        who=engine.key(rows.customer_id), order=engine.key(order), day=day,
        month=(day.year() * 12 + day.month() - 1).cast("int32"),
        spend=rows.amount.cast("float64") if valued else ibis.literal(0.0),
        **{name: rows[name].cast("string").strip().nullif("") for name in told},
    ).filter(day <= ibis.literal(as_of))  # fmt: skip
    facts = engine.run(
        lines.aggregate(
            refunds=(lines.spend < 0).sum(), first=lines.month.min(where=lines.spend >= 0)
        ),
        _WHAT,
    ).iloc[0]
    if pd.isna(facts["first"]):
        raise DataError(
            f"there is no purchase to {as_of}", where=_WHAT,
            remedy="look at as_of and the dates of the table",
        )  # fmt: skip
    first = int(facts["first"])
    after = as_of + dt.timedelta(days=1)
    months = after.year * 12 + after.month - 1 - first
    whole = months >= 1
    lines = engine.keep(
        lines.filter(lines.spend >= 0).mutate(month=lines.month - first).drop("day"), _WHAT
    )
    unfinished = int(engine.run((lines.month >= months).sum(), _WHAT) or 0) if whole else 0
    months = max(months, 1)
    inside = lines.filter(lines.month < months)
    # each order once: a count of different ones would keep a set of them for each month
    once = inside.group_by("who", "month", "order").aggregate(spend=inside.spend.sum())
    own = once.group_by("who", "month").aggregate(orders=once.count(), spend=once.spend.sum())
    own = engine.keep(own, _WHAT)
    begun = own.group_by("who").aggregate(first=own.month.min())
    kept = engine.keep(own.join(begun, "who"), _WHAT)
    engine.drop(own)
    if not int(engine.run(kept.count(), _WHAT)):
        raise DataError(
            f"there is no purchase to {as_of} in a month that is over", where=_WHAT,
            remedy="look at as_of and the dates of the table",
        )  # fmt: skip
    start = dt.date(first // 12, first % 12 + 1, 1)
    refunds = int(np.nan_to_num(facts["refunds"]))
    return CustomerMonths(
        engine, kept, lines, names, start, months, valued, refunds, unfinished, whole, told
    )
