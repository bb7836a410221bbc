"""What orders are made of: line items grouped and paired inside the engine, where the log lies.

What comes back is one row a customer and item, or one row a pair of items, however long the log
is. `workbench.products` says what these mean.
"""
# ruff: noqa: PD003, PD004  (Ibis calls it isnull)

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal

import pandas as pd

from workbench.data import expressions as ibis
from workbench.data.engine import Engine
from workbench.data.summaries import line_patterns
from workbench.data.tables import Tables
from workbench.errors import DataError

#: What a line can be told by.
Level = Literal["category", "product"]
#: Lines from which on a basket is held against the next one only, and no further one.
MANY_LINES: Final = 1_000_000
#: Lines whose pairs are counted at once.
AT_ONCE: Final = 600_000
_WHAT = "line items"


@dataclass(frozen=True)
class LineItems:
    """The lines of a log of purchases, kept in the engine until they are asked for.

    Attributes
    ----------
    by : {"category", "product"}
        What an item is.
    items : DataFrame
        item, buyers, orders, spend: the items looked at, those with most buyers first.
    lines, unnamed, refunds : int
        Lines; those that say no item, which count as spending and as no item; those below zero,
        left out.
    others : int
        Further items, which are together `rest`.
    first, middle, last : date
        First and last day of the log, and the day on which its second half begins.
    valued, counted : bool
        Whether lines have amounts, and numbers of pieces.
    """

    engine: Engine = field(repr=False)
    rows: Any = field(repr=False)
    entries: Any = field(repr=False)
    by: str
    items: pd.DataFrame
    lines: int
    unnamed: int
    refunds: int
    others: int
    first: dt.date
    middle: dt.date
    last: dt.date
    valued: bool
    counted: bool

    def by_customer(self) -> pd.DataFrame:
        """Give what each customer bought of each item in each half of the log.

        Returns
        -------
        DataFrame
            customer_id, item (missing where a line says none or a rare one), half (0 or 1), orders,
            spend, pieces.
        """
        rows = self._halved()
        grouped = rows.group_by("customer_id", "item", "half").aggregate(
            orders=rows.basket.nunique(), spend=rows.spend.sum().round(6),
            pieces=rows.pieces.sum().round(6),
        )  # fmt: skip
        return self._frame(grouped.order_by("customer_id", "item", "half"), ("orders", "half"))

    def customers(self) -> pd.DataFrame:
        """Give what each customer bought of anything in each half.

        Returns
        -------
        DataFrame
            customer_id, half, orders, spend.
        """
        rows = self._halved()
        grouped = rows.group_by("customer_id", "half").aggregate(
            orders=rows.basket.nunique(), spend=rows.spend.sum().round(6)
        )
        return self._frame(grouped.order_by("customer_id", "half"), ("orders", "half"))

    def spent(self, days: int = 365) -> pd.Series:
        """Give what each customer spent in the last days of the log, by customer_id."""
        rows = self.rows.filter(self.rows.day > ibis.literal(self.last - dt.timedelta(days=days)))
        grouped = rows.group_by("customer_id").aggregate(spend=rows.spend.sum().round(6))
        frame = self._frame(grouped.order_by("customer_id"), ())
        return frame.set_index("customer_id")["spend"]

    def first_orders(self, days: int) -> pd.DataFrame:
        """Give what each customer's first order was, and what followed within some days.

        Returns
        -------
        DataFrame
            customer_id, day, item (that on which most was spent in the first order; of equals the
            first by name), later (orders in the `days` after it), spend (in these).
        """
        rows = self.rows
        orders = rows.group_by("customer_id", "basket").aggregate(
            day=rows.day.min(), spend=rows.spend.sum()
        )
        window = ibis.window(group_by="customer_id", order_by=["day", "basket"])
        orders = orders.mutate(nth=ibis.row_number().over(window))
        first = orders.filter(orders.nth == 0).select("customer_id", "basket", began=orders.day)
        after = orders.filter(orders.nth > 0).inner_join(first, "customer_id")
        within = after.began.delta(after.day, unit="day")
        after = after.filter((-within <= days) & (-within >= 0))
        after = after.group_by("customer_id").aggregate(
            later=after.count(), spend=after.spend.sum().round(6)
        )
        main = rows.inner_join(first, ["customer_id", "basket"])
        main = main.filter(main.item.notnull())
        main = main.group_by("customer_id", "item").aggregate(own=main.spend.sum())
        place = ibis.window(group_by="customer_id", order_by=[ibis.desc("own"), "item"])
        main = main.mutate(place=ibis.row_number().over(place))
        main = main.filter(main.place == 0).select("customer_id", "item")
        table = first.left_join(main, "customer_id").drop("customer_id_right")
        table = table.left_join(after, "customer_id").select(
            "customer_id", "item", day="began", later=ibis.coalesce(ibis._.later, 0),
            spend=ibis.coalesce(ibis._.spend, 0.0),
        )  # fmt: skip
        frame = self._frame(table.order_by("customer_id"), ("later",))
        return frame.assign(day=frame["day"].astype("datetime64[ns]"))

    def histories(self, before: dt.date | None = None) -> pd.DataFrame:
        """Give when each customer bought each item, up to a day and from it on.

        Parameters
        ----------
        before : date, optional
            Orders before this day are `known`; all of them when left out.

        Returns
        -------
        DataFrame
            customer_id, item, known, later (numbers of orders), first (day of the first one),
            again (of the second one; missing where there is none).
        """
        rows = self.rows.filter(self.rows.item.notnull())
        cut = ibis.literal(before or self.last + dt.timedelta(days=1))
        days = rows.group_by("customer_id", "item", "basket").aggregate(day=rows.day.min())
        grouped = days.group_by("customer_id", "item").aggregate(
            known=(days.day < cut).sum(), later=(days.day >= cut).sum(),
            first=days.day.min(),
        )  # fmt: skip
        joined = days.inner_join(
            grouped.select("customer_id", "item", began="first"), ["customer_id", "item"]
        )
        second = joined.filter(joined.day > joined.began)
        second = second.group_by("customer_id", "item").aggregate(again=second.day.min())
        table = grouped.left_join(second, ["customer_id", "item"]).select(
            "customer_id", "item", "known", "later", "first", "again"
        )
        frame = self._frame(table.order_by("customer_id", "item"), ("known", "later"))
        return frame.assign(
            **{name: frame[name].astype("datetime64[ns]") for name in ("first", "again")}
        )

    def weeks(self, *, least: int = 12) -> pd.DataFrame:
        """Give what was sold of each product in each week.

        Parameters
        ----------
        least : int
            Products sold in fewer weeks are left out.

        Returns
        -------
        DataFrame
            product, category, week (its Monday), pieces, spend.

        Raises
        ------
        DataError
            The log has no products, pieces or amounts.
        """
        lacking = [name for name in ("product", "category") if name not in self.rows.columns]
        lacking += [] if self.counted else ["quantity"]
        lacking += [] if self.valued else ["amount"]
        if lacking:
            raise DataError(
                f"the log has no {', '.join(lacking)}", where=_WHAT,
                remedy="map them in study.yml: prices are told from them",
            )  # fmt: skip
        rows = self.rows.filter(self.rows.product.notnull() & self.rows.category.notnull())
        weekly = rows.group_by("product", "category", week=rows.day.truncate("W")).aggregate(
            pieces=rows.pieces.sum().round(6), spend=rows.spend.sum().round(6)
        )
        own = ibis.window(group_by=["product", "category"])
        weekly = weekly.mutate(often=weekly.count().over(own))
        weekly = weekly.filter(weekly.often >= least).drop("often")
        frame = self._frame(weekly.order_by("category", "product", "week"), ())
        return frame.assign(week=frame["week"].astype("datetime64[ns]"))

    def pairs(self, *, reach: int | None = None) -> pd.DataFrame:
        """Count how often two items lie in one basket, and in one each of two near baskets.

        Each basket is held against the next ones of the same customer. Of the items that are in
        one of two such baskets only, p lie in the first and q in the second; if items do not know
        of one another, each way to deal them out is as likely as any other, and two of them lie
        together with the probability e = (p (p - 1) + q (q - 1)) / ((p + q) (p + q - 1)), whatever
        the sizes, the customer and how popular the items are.

        Parameters
        ----------
        reach : int, optional
            How many next baskets; two, in very long logs one, when left out.

        Returns
        -------
        DataFrame
            One row a pair of items ever seen together or apart: a, b, both (baskets with both),
            people (customers who have such a basket), informative (customers), together (sum of
            1 - e where they lie together), apart (sum of e where they do not), variance (sum of
            e (1 - e), which both sums are expected to be); over customers the sums of squares of
            the first two (`together_2`, `apart_2`) and of their product (`cross`).
        """
        near = reach or (1 if self.lines > MANY_LINES else 2)
        parts = []
        for e in self._shares():
            parts.append(self.engine.run(self._seen(e), _WHAT))
            odd = self._odd(e, near)
            parts.append(self.engine.run(self._scored(odd), _WHAT))
            self.engine.drop(odd)
        sums = pd.concat(parts).groupby(["a", "b"], as_index=False).sum()
        names = self.items["item"]
        frame = sums.assign(a=sums["a"].map(names), b=sums["b"].map(names))
        whole = dict.fromkeys(("both", "people", "informative"), "int64")
        ordered: pd.DataFrame = frame.astype(whole).sort_values(["a", "b"], ignore_index=True)
        return ordered

    def triples(self, *, most: int = 25) -> pd.DataFrame:
        """Count how often an item lies with two others (`line_patterns.triples`).

        Parameters
        ----------
        most : int
            Items looked at: those with most buyers.
        """
        near = 1 if self.lines > MANY_LINES else 2
        counted = []
        for e in self._shares():
            odd = self._odd(e, near)
            lines = line_patterns.Baskets(self.engine, e, self.items["item"])
            counted.append(line_patterns.triples(lines, odd, most=most))
            self.engine.drop(odd)
        return pd.concat(counted).groupby(["a", "b", "c"], as_index=False).sum()

    def sequences(self, *, most: int = 40) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Count what is bought before what (`workbench.data.summaries.line_patterns.sequences`).

        Parameters
        ----------
        most : int
            Items looked at: those with most buyers.
        """
        lines = line_patterns.Baskets(self.engine, self.entries, self.items["item"])
        when = _orders(self.engine, self.rows.filter(self.rows.code.notnull()))
        return line_patterns.sequences(lines, when.select("who", "nth", "day"), most=most)

    @cached_property
    def baskets(self) -> int:
        """How many baskets hold an item that is told apart."""
        rows = self.entries.select("who", "nth").distinct()
        return int(self.engine.run(rows.count(), _WHAT))

    def counts(self) -> pd.DataFrame:
        """Give in how many baskets each item lies: item, baskets."""
        e = self.entries
        counted = e.group_by("code").aggregate(baskets=e.count())
        frame = self.engine.run(counted.order_by("code"), _WHAT)
        return pd.DataFrame(
            {"item": frame["code"].map(self.items["item"]), "baskets": frame["baskets"]}
        )

    def _halved(self) -> Any:
        """Tell of each line in which half of the log it lies: 0 or 1."""
        later = self.rows.day >= ibis.literal(self.middle)
        return self.rows.mutate(half=later.cast("int8"))

    def _shares(self) -> Iterator[Any]:
        """Give the baskets of some customers after those of others, in very long logs.

        What is counted of pairs is counted customer by customer first; of all at once, a log of
        ten million lines has hundreds of millions of these counts in memory.
        """
        e = self.entries
        shares = 1 + self.lines // AT_ONCE if self.engine.is_duckdb else 1
        for share in range(shares):
            yield e if shares == 1 else e.filter(e.who % shares == share)

    def _seen(self, e: Any) -> Any:
        """Count the baskets in which two items lie together, and their customers."""
        one, two = e.view(), e.view()
        joined = one.inner_join(two, ["who", "nth"]).select("who", a=one.code, b=two.code)
        joined = joined.filter(joined.a < joined.b)
        own = joined.group_by("who", "a", "b").aggregate(n=joined.count())
        return own.group_by("a", "b").aggregate(both=own.n.sum(), people=own.count())

    def _odd(self, e: Any, near: int) -> Any:
        """Give the items that only one of two near baskets of a customer has."""
        sides = []
        for step in range(1, near + 1):
            for sign, shift in ((1, 0), (-1, step)):
                sides.append(
                    e.filter(e.nth - shift >= 0, e.nth - shift + step < e.baskets).select(
                        "who",
                        "code",
                        at=(e.nth - shift) * (near + 1) + step,
                        sign=ibis.literal(sign, "int8"),
                    )
                )
        both = ibis.union(*sides, distinct=False)
        odd = both.group_by("who", "at", "code").aggregate(sign=both.sign.sum())
        odd = odd.filter(odd.sign != 0)
        size = odd.group_by("who", "at").aggregate(
            p=(odd.sign > 0).sum().cast("float64"), q=(odd.sign < 0).sum().cast("float64")
        )
        n = size.p + size.q
        size = size.filter(n > 1).select(
            "who", "at", "p", "q",
            e=(size.p * (size.p - 1) + size.q * (size.q - 1)) / (n * (n - 1)),
        )  # fmt: skip
        # where all lie in one basket, or one in each, nothing could lie otherwise
        size = size.filter((size.e > 0) & (size.e < 1))
        return self.engine.keep(odd.inner_join(size, ["who", "at"]), _WHAT)

    def _scored(self, odd: Any) -> Any:
        """Hold each basket against the next ones of its customer."""
        one, two = odd.view(), odd.view()
        joined = one.inner_join(two, ["who", "at"]).select(
            "who", a=one.code, b=two.code, same=one.sign == two.sign, e=one.e
        )
        joined = joined.filter(joined.a < joined.b)
        own = joined.group_by("who", "a", "b").aggregate(
            t=ibis.ifelse(joined.same, 1 - joined.e, 0.0).sum(),
            f=ibis.ifelse(joined.same, 0.0, joined.e).sum(),
            v=(joined.e * (1 - joined.e)).sum(),
        )
        return own.group_by("a", "b").aggregate(
            informative=own.count(), together=own.t.sum(), apart=own.f.sum(),
            together_2=(own.t * own.t).sum(), apart_2=(own.f * own.f).sum(),
            cross=(own.t * own.f).sum(), variance=own.v.sum(),
        )  # fmt: skip

    def _frame(self, table: Any, whole: tuple[str, ...]) -> pd.DataFrame:
        frame: pd.DataFrame = self.engine.run(table, _WHAT)
        return frame.astype(dict.fromkeys(whole, "int64"))


def line_items(
    tables: Tables, table: str = "transactions", *, by: Level = "category", most: int = 200
) -> LineItems:
    """Group the lines of a log of purchases by what they are of.

    Rows of one order number, or of one customer and day where there is none, are one basket.

    Parameters
    ----------
    tables : Tables
        The study's tables.
    table : str
        ``transactions`` or a variant of it.
    by : {"category", "product"}
        What an item is.
    most : int
        How many items are told apart: those with most buyers.

    Raises
    ------
    DataError
        The log says of no line what it is of, or of each order only its total.
    """
    tables.require_purchases(table)
    where = f"{tables.study.path}, tables.{table}"
    rows = tables.expr(table)
    if by not in rows.columns:
        raise DataError(
            f"the log has no column {by}", where=where,
            remedy=f"map it in study.yml: tables.{table}.columns: {{{by}: name in the file}}",
        )  # fmt: skip
    if tables.study.tables[table].amount_per == "order":
        raise DataError(
            "of each order one line alone is kept, for its total (`amount_per: order`): what else"
            " was in the order is lost",
            where=where,
            remedy="add the same file as a second table, such as transactions_lines, with the"
            f" price of each line as its amount, no `amount_per`, and `part_of: {table}`",
        )
    engine = tables.engine
    counted = "quantity" in rows.columns
    pieces = ibis.coalesce(rows.quantity.cast("float64"), 1.0) if counted else ibis.literal(1.0)
    valued, spend = "amount" in rows.columns, ibis.literal(0.0)
    if valued:
        spend = rows.amount.cast("float64")
    elif "price" in rows.columns:  # what a line came to, where the log does not say
        valued, spend = True, rows.price.cast("float64") * pieces
    told = [name for name in ("product", "category") if name in rows.columns]
    day = rows.date.cast("date")
    basket = rows.customer_id.cast("string") + "|" + day.cast("string")
    if "order_id" in rows.columns:
        order = rows.customer_id.cast("string") + "#" + rows.order_id.cast("string")
        basket = ibis.coalesce(order, basket)
    named = rows[by].cast("string").strip().nullif("")
    lines = rows.select(
        customer_id=rows.customer_id, basket=engine.key(basket), day=day, named=named,
        spend=spend, pieces=pieces,
        **{name: rows[name].cast("string") for name in told},
    )  # fmt: skip
    back = ibis.coalesce(lines.spend < 0, False) | (lines.pieces < 0)
    kept = engine.keep(lines.mutate(back=back), _WHAT)
    bought = kept.filter(~kept.back)
    facts = engine.run(
        kept.aggregate(
            lines=(~kept.back).sum(), refunds=kept.back.sum(),
            unnamed=(kept.named.isnull() & ~kept.back).sum(),
            first=kept.day.min(), last=kept.day.max(),
        ), _WHAT,
    ).iloc[0]  # fmt: skip
    known = bought.filter(bought.named.notnull())
    items: pd.DataFrame = engine.run(
        known.group_by(item="named")
        .aggregate(
            buyers=known.customer_id.nunique(), orders=known.basket.nunique(),
            spend=known.spend.sum().round(6),
        )
        .order_by(ibis.desc("buyers"), "item"),
        _WHAT,
    )  # fmt: skip
    if items.empty:
        raise DataError(
            f"no line says its {by}", where=where, remedy="map another column, or fill this one"
        )
    others, items = max(len(items) - most, 0), items.head(most).astype({"buyers": "int64"})
    first, last = pd.Timestamp(facts["first"]).date(), pd.Timestamp(facts["last"]).date()
    middle = first + dt.timedelta(days=((last - first).days + 1) // 2)
    codes = ibis.memtable(pd.DataFrame({"item": items["item"], "code": range(len(items))}))
    coded = bought.left_join(codes, bought.named == codes.item).select(
        "customer_id", "basket", "day", "item", "code", "spend", "pieces", *told
    )
    coded = engine.keep(coded, _WHAT)
    engine.drop(kept)  # a second copy of the log would be carried along
    return LineItems(
        engine, coded, _entries(engine, coded), by, items, int(facts["lines"]),
        int(facts["unnamed"]), int(facts["refunds"]), others, first, middle, last, valued,
        counted,
    )  # fmt: skip


def _orders(engine: Engine, named: Any) -> Any:
    """Give the orders of each customer in time: basket, day, who, nth, baskets."""
    orders = named.group_by("customer_id", "basket").aggregate(day=named.day.min())
    turn = ibis.window(group_by="customer_id", order_by=["day", "basket"])
    whole = ibis.window(group_by="customer_id")
    return orders.select(
        "basket", "day", who=engine.key(orders.customer_id),
        nth=ibis.row_number().over(turn).cast("int32"),
        baskets=orders.count().over(whole).cast("int32"),
    )  # fmt: skip


def _entries(engine: Engine, rows: Any) -> Any:
    """Give which item lies in which basket, once: who, nth, baskets (of the customer), code."""
    named = rows.filter(rows.code.notnull())
    orders = _orders(engine, named)
    once = named.select("basket", code=named.code.cast("int16")).distinct()
    joined = once.inner_join(orders, "basket").select("who", "nth", "baskets", "code")
    return engine.keep(joined, _WHAT)
