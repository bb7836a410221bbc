"""Why sales moved between two periods: customers, frequency, value and mix, group by group.

Sales of a group are customers times orders per customer times value of an order, and the value of
an order is what is bought times what is paid for it. A change of such a product is divided by
Shapley's rule, the average over all orders in which the factors could have changed: the parts add
up exactly, and no factor comes first.

References
----------
Shapley (1953), A value for n-person games; Sun (1998), Energy Economics 20(1), 85-100 (its use for
products of factors); Shorrocks (2013), Journal of Economic Inequality 11, 99-126.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from scipy import sparse

from workbench.arrays import Array, Index, Mask
from workbench.customer_base.cells import Z, sides_of
from workbench.customer_base.parts import Divide, Parts, divided
from workbench.errors import DataError, require_columns
from workbench.languages import Language, speak
from workbench.results import Advice, Estimate, Finding, Picture, Result, labelled
from workbench.results.drawing import interval_dots
from workbench.stats.disclosure import Sums, interval_sensitive, rule_of
from workbench.study import CellRule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OTHERS: Final = "Other groups"
EVERYBODY: Final = "All customers"
FACTORS: Final = ("customers", "frequency", "value", "mix")
FACTOR_NAMES: Final = {
    "customers": "Number of customers", "frequency": "Orders per customer",
    "value": "Average order value", "mix": "What is bought",
}  # fmt: skip
#: What a part says, up and down: of everybody, of a group.
SAID: Final = {
    ("customers", True): (
        "More customers bought: {part}", "{group}: more customers bought, {part}"
    ),
    ("customers", False): (
        "Fewer customers bought: {part}", "{group}: fewer customers bought, {part}"
    ),
    ("frequency", True): (
        "Customers ordered more often: {part}", "{group}: customers ordered more often, {part}"
    ),
    ("frequency", False): (
        "Customers ordered less often: {part}", "{group}: customers ordered less often, {part}"
    ),
    ("value", True): ("Orders were worth more: {part}", "{group}: orders were worth more, {part}"),
    ("value", False): (
        "Orders were worth less: {part}", "{group}: orders were worth less, {part}"
    ),
    ("mix", True): (
        "More, or dearer things, were bought at a time: {part}",
        "{group}: more, or dearer things, were bought at a time, {part}",
    ),
    ("mix", False): (
        "Less, or cheaper things, were bought at a time: {part}",
        "{group}: less, or cheaper things, were bought at a time, {part}",
    ),
}  # fmt: skip
FIND_OUT: Final = {
    "customers": "Find out why fewer customers buy ({group}); it moved sales by {part}",
    "frequency": "Find out why customers order less often ({group}); it moved sales by {part}",
    "value": "Find out why orders are worth less ({group}); it moved sales by {part}",
    "mix": "Find out why less, or cheaper things, are bought ({group}); it moved sales by {part}",
}
NOISE = "Sales changed by {change}, and no part of that is more than chance"
NOISE_BY = "By {by}, no part of the change of sales is more than chance"
FURTHER = "Further parts that are more than chance: {n}; the table has them"
#: Most parts that are told one by one.
MOST_SAID: Final = 3


@dataclass(frozen=True)
class SalesMovement(Result):
    """A change of sales, divided into parts.

    Attributes
    ----------
    table : DataFrame
        One row a group and factor, those that stand out first and of these the largest: group,
        factor (customers, frequency, value, mix), name, part, part_low, part_high (money), p
        (corrected for all parts of all such tables), before, after (the factor in either period).
        Parts add up to `change` exactly.
    groups : DataFrame
        One row a group: group, n (customers of either period), before, after (sales), change,
        change_low, change_high.
    change : Estimate
    by : str
        What the groups are of; empty for all customers together.
    """

    table: pd.DataFrame
    groups: pd.DataFrame
    change: Estimate
    by: str = ""

    def standing_out(self, level: float = 0.05) -> pd.DataFrame:
        """Parts that are more than chance, the largest first."""
        return self.table[self.table["p"] < level]

    def estimates(self) -> dict[str, Estimate]:
        """Parts, by group and factor."""
        found = {}
        for _, row in self.table.iterrows():
            part = self._part(row)
            key = f"{row['group']}: {row['factor']}" if self.by else str(row["factor"])
            found[key] = part.named(str(row["name"]))
        return found

    def _part(self, row: pd.Series) -> Estimate:
        return Estimate.of_row(row, "part", p=float(row["p"]), kind="money", signed=True)

    def findings(self) -> list[Finding]:
        """Say which parts are more than chance, or that none is."""
        key = f"customer_base.why.{self.by}" if self.by else "customer_base.why"
        out = self.standing_out()
        if out.empty:
            if self.by:
                return [Finding(key, NOISE_BY, {"by": self.by}, verdict="noise")]
            return [Finding(key, NOISE, {"change": self.change}, verdict="noise")]
        said = []
        for i, (_, row) in enumerate(out.head(MOST_SAID).iterrows()):
            factor, part = str(row["factor"]), self._part(row)
            up = part.value > 0
            message = SAID[factor, up][1 if self.by else 0]
            values = {"part": part, "group": str(row["group"])}
            advice = None if up else Advice(FIND_OUT[factor], 4)
            said.append(
                Finding(
                    f"{key}.{i}" if i else key, message, values, verdict="moved",
                    severity="note" if up else "warning", estimates={"part": part}, money=part,
                    advice=advice,
                )
            )  # fmt: skip
        if len(out) > MOST_SAID:
            said.append(Finding(f"{key}.further", FURTHER, {"n": len(out) - MOST_SAID}))
        return said

    def picture(self) -> Picture:
        """Draw the parts."""
        title = "What moved sales, by {by}" if self.by else "What moved sales"
        return Picture(
            self.plot, title,
            "Parts of the change of sales, which add up to it; 95% confidence intervals; full marks"
            " are more than chance",
            self.table, {"by": self.by},
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one dot with its interval a part; those within chance are hollow."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table.head(15).iloc[::-1].reset_index(drop=True)
        names = [
            f"{say.name(str(g))}: {say.name(str(f))}" if self.by else say.name(str(f))
            for g, f in zip(t["group"], t["name"], strict=True)
        ]
        ends = (t["part"], t["part_low"], t["part_high"])
        interval_dots(ax, names, *ends, say("Change of sales"))
        chance = ~(t["p"] < 0.05)
        ax.plot(t["part"][chance], np.flatnonzero(chance), "o", markerfacecolor="white", zorder=3)
        ax.axvline(0, color="0.5", linewidth=0.8)
        return ax


def by_attribute(customers: pd.DataFrame, group: pd.Series | None = None) -> pd.DataFrame:
    """Lay the last two periods of customers below one another, with the group of each.

    Parameters
    ----------
    customers : DataFrame
        customer_id, orders_0, spend_0, ...: `CustomerMonths.customers`; the last two are taken.
    group : Series, optional
        Group of each customer, by customer_id; all together when left out.
    """
    sides = sides_of(customers)[-2:]
    if len(sides) < 2:
        raise DataError("one period has no other to be compared with", remedy="wait for another")
    own = customers["customer_id"]
    named = EVERYBODY if group is None else own.map(group.dropna().astype(str))
    parts = [
        pd.DataFrame(
            {
                "customer_id": own, "group": named, "side": side,
                "orders": customers[f"orders_{k}"], "spend": customers[f"spend_{k}"],
            }
        )
        for side, k in enumerate(sides)
    ]  # fmt: skip
    both = pd.concat(parts, ignore_index=True)
    both["group"] = both["group"].fillna(OTHERS)
    return both[both["orders"] > 0].reset_index(drop=True)


def as_groups(items: pd.DataFrame) -> pd.DataFrame:
    """Take what purchases are of for their groups: `CustomerMonths.items` for `why_sales_moved`."""
    return items.rename(columns={"item": "group"})


def why_sales_moved(
    own: pd.DataFrame,
    lines: pd.DataFrame | None = None,
    *,
    rng: np.random.Generator,
    by: str = "",
    min_cell: CellRule | int = 5,
    families: int = 1,
    most: int = 12,
    draws: int = 999,
) -> SalesMovement:
    """Divide the change of sales between two periods into customers, frequency, value and mix.

    Parameters
    ----------
    own : DataFrame
        customer_id, group, side (0 for the earlier period, 1 for the later), orders, spend.
    lines : DataFrame, optional
        customer_id, item, side, orders, spend: what the purchases of the same customers are of.
        The value of an order is then divided into what is bought (mix) and what is paid for it.
    rng : numpy.random.Generator
    by : str
        What the groups are of; empty for all customers together.
    min_cell : CellRule or int
        Groups of which nothing may be said are put together as others.
    families : int
        How many such divisions are looked at together.
    most : int
        Groups told apart: those with most sales.
    draws : int

    Raises
    ------
    DataError
        Nobody bought, or nothing may be said of any group.
    """
    require_columns(own, ("customer_id", "group", "side", "orders", "spend"), "the purchases have")
    if own.empty or not (own["spend"] > 0).any():
        raise DataError("nothing was sold in either period", remedy="choose longer periods")
    rule = rule_of(min_cell)
    names, code = _grouped(own, rule, most)
    people = pd.Index(own["customer_id"].unique())
    who = people.get_indexer(own["customer_id"])
    side = own["side"].to_numpy(dtype=np.intp)
    k, n = len(names), len(people)
    columns: list[tuple[Index, Index, Index, Array]] = [
        (side, who, code, np.ones(len(own))),
        (side, who, code + k, own["orders"].to_numpy(dtype=float)),
    ]
    items = 0
    if lines is None:
        columns.append((side, who, code + 2 * k, own["spend"].to_numpy(dtype=float)))
        width = 3 * k
    else:
        items, more = _lines(lines, own, code, people, k)
        columns += more
        width = 2 * k + 2 * k * items
    sides = []
    for s in (0, 1):
        at = [(w[x == s], c[x == s], v[x == s]) for x, w, c, v in columns]
        rows, cols, values = (np.concatenate(list(part)) for part in zip(*at, strict=True))
        sides.append(_once(sparse.csr_matrix((values, (rows, cols)), shape=(n, width)), k))
    divide = _divide(k, items)
    factors = FACTORS if items else FACTORS[:3]
    tested = k * len(factors)
    found = divided(
        sides[0], sides[1], divide, rng=rng, families=families, tested=tested, draws=draws
    )
    sums = [np.asarray(x.sum(axis=0), dtype=float).ravel() for x in sides]
    return _moved(own, names, code, factors, found, sums, items, rule, by)


def _once(each: sparse.csr_matrix, k: int) -> sparse.csr_matrix:
    """Count each customer once in a group, however many rows he has there."""
    counted = each[:, :k].copy()
    counted.data[:] = 1.0
    return sparse.hstack([counted, each[:, k:]]).tocsr()


def _grouped(own: pd.DataFrame, rule: CellRule, most: int) -> tuple[list[str], Index]:
    """Give each group a number, the largest first; those that tell too much are others."""
    name = own["group"].astype("object").where(own["group"].notna(), OTHERS).astype(str)
    sales = own.groupby(name)["spend"].sum().sort_values(ascending=False, kind="stable")
    order = [g for g in sales.index if g != OTHERS]
    place = {g: i for i, g in enumerate(order)}
    k = len(order) + 1
    code = name.map(lambda g: place.get(g, k - 1)).to_numpy(dtype=np.intp)
    spend, side = own["spend"].to_numpy(dtype=float), own["side"].to_numpy()
    sums = []
    for s in (0, 1):
        here = side == s
        each = (
            pd.DataFrame({"c": code[here], "w": own["customer_id"][here].to_numpy(),
                          "v": spend[here]}).groupby(["c", "w"], as_index=False)["v"].sum()
        )  # fmt: skip
        sums.append(Sums.of(each["c"].to_numpy(), each["v"].to_numpy(), k))
    together: Mask = np.arange(k) >= min(most, k - 1)
    together |= sums[0].sensitive(rule) | sums[1].sensitive(rule)
    together[k - 1] = bool((code == k - 1).any()) or bool(together[: k - 1].any())
    n = sums[0].n + sums[1].n
    for i in np.argsort(n, kind="stable"):
        if all(s.may_join(together, rule) for s in sums):
            break
        together[i] = True
    if not all(s.may_join(together, rule) for s in sums):
        raise DataError(
            "the sums of these groups may not be shown", remedy="wait for more customers"
        )
    keep = np.flatnonzero(~together & (n > 0))
    if not keep.size:
        raise DataError("too few customers to tell groups apart", remedy="wait for more customers")
    new = np.full(k, len(keep), dtype=np.intp)
    new[keep] = np.arange(len(keep))
    others = bool((new[code] == len(keep)).any())
    return [order[i] for i in keep] + [OTHERS] * others, new[code]


def _lines(
    lines: pd.DataFrame, own: pd.DataFrame, code: Index, people: pd.Index, k: int, most: int = 20
) -> tuple[int, list[tuple[Index, Index, Index, Array]]]:
    """Spread the purchases over items: what was spent on each, and in how many orders it was."""
    require_columns(lines, ("customer_id", "item", "side", "orders", "spend"), "the lines have")
    item = lines["item"].fillna("").astype(str)
    known = list(lines.groupby(item)["spend"].sum().nlargest(most).index)
    place = {name: i for i, name in enumerate(known)}
    items = len(known) + 1
    at = item.map(lambda name: place.get(name, items - 1)).to_numpy(dtype=np.intp)
    group = pd.Series(code, own["customer_id"]).groupby(level=0).first()
    of = lines["customer_id"].map(group)
    inside = of.notna().to_numpy()
    who = people.get_indexer(pd.Index(lines["customer_id"][inside]))
    cell = of[inside].to_numpy(dtype=np.intp) * items + at[inside]
    side = lines["side"].to_numpy(dtype=np.intp)[inside]
    spend, orders = (lines[c].to_numpy(dtype=float)[inside] for c in ("spend", "orders"))
    return items, [
        (side, who, 2 * k + cell, spend),
        (side, who, 2 * k + k * items + cell, orders),
    ]


def _divide(k: int, items: int) -> Divide:
    def divide(before: Array, after: Array) -> Array:
        n, orders = ([side[:, at : at + k] for side in (before, after)] for at in (0, k))
        bought = None
        if items:
            cells = k * items
            money, often = (
                [side[:, at : at + cells].reshape(-1, k, items) for side in (before, after)]
                for at in (2 * k, 2 * k + cells)
            )
            spend = [m.sum(axis=2) for m in money]
            bought = _mix(money, often, orders)
        else:
            spend = [side[:, 2 * k :] for side in (before, after)]
        own = _shapley(n, _ratio(orders, n), _ratio(spend, orders))
        parts = [own[0], own[1], own[2]]
        if bought is not None:
            weight = _weight(n, _ratio(orders, n))
            parts = [own[0], own[1], own[2] - bought * weight, bought * weight]
        whole = spend[1] - spend[0]
        return np.concatenate([*parts, whole], axis=1)

    return divide


def _ratio(top: list[Array], below: list[Array]) -> list[Array]:
    """Ratios of both periods; where one has no base the other's, so that nothing is said of it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        each = [np.where(b > 0, t / b, np.nan) for t, b in zip(top, below, strict=True)]
    return [np.nan_to_num(np.where(np.isnan(each[i]), each[1 - i], each[i])) for i in (0, 1)]


def _shapley(a: list[Array], b: list[Array], c: list[Array]) -> tuple[Array, Array, Array]:
    """Divide the change of a times b times c."""

    def part(x: list[Array], y: list[Array], z: list[Array]) -> Array:
        return (x[1] - x[0]) * _weight(y, z)

    return part(a, b, c), part(b, a, c), part(c, a, b)


def _weight(y: list[Array], z: list[Array]) -> Array:
    """Average of y times z over the orders in which they could have changed before the third."""
    return np.asarray((y[0] * z[0] + y[1] * z[1]) / 3 + (y[0] * z[1] + y[1] * z[0]) / 6)


def _mix(money: list[Array], often: list[Array], orders: list[Array]) -> Array:
    """How much of the value of an order moved since other things were in it."""
    paid = _ratio(money, often)
    with np.errstate(divide="ignore", invalid="ignore"):
        held = [
            np.where(o[:, :, None] > 0, q / o[:, :, None], np.nan)
            for q, o in zip(often, orders, strict=True)
        ]
    held = [np.nan_to_num(np.where(np.isnan(held[i]), held[1 - i], held[i])) for i in (0, 1)]
    return np.asarray(((held[1] - held[0]) * (paid[0] + paid[1]) / 2).sum(axis=2))


def _moved(
    own: pd.DataFrame,
    names: list[str],
    code: Index,
    factors: tuple[str, ...],
    found: Parts,
    sums: list[Array],
    items: int,
    rule: CellRule,
    by: str,
) -> SalesMovement:
    k = len(names)
    side, spend = own["side"].to_numpy(), own["spend"].to_numpy(dtype=float)
    unsure = np.zeros(k, dtype=bool)
    for s in (0, 1):
        unsure |= interval_sensitive(code[side == s], spend[side == s], k, rule)
    people = np.array([own["customer_id"][code == g].nunique() for g in range(k)])
    sales = [x[2 * k : 2 * k + k * max(items, 1)].reshape(k, -1).sum(axis=1) for x in sums]
    with np.errstate(divide="ignore", invalid="ignore"):
        each = [(x[:k], x[k : 2 * k] / x[:k], m / x[k : 2 * k]) for x, m in
                zip(sums, sales, strict=True)]  # fmt: skip
    rows = []
    for f, factor in enumerate(factors):
        for g, name in enumerate(names):
            at = f * k + g
            ends = (np.nan, np.nan) if unsure[g] else (found.low[at], found.high[at])
            known = f < 3
            rows.append(
                {
                    "group": name, "factor": factor, "name": FACTOR_NAMES[factor],
                    "n": int(people[g]), "part": found.estimate[at], "part_low": ends[0],
                    "part_high": ends[1], "p": found.p[at],
                    "before": each[0][f][g] if known else np.nan,
                    "after": each[1][f][g] if known else np.nan,
                }
            )  # fmt: skip
    table = pd.DataFrame(rows)
    order = np.lexsort((-table["part"].abs(), ~(table["p"] < 0.05)))
    table = table.iloc[order].reset_index(drop=True)
    about: dict[str, str | tuple[str, str]] = {"group": "Group"} if by else {}
    about |= {
        "name": "Factor", "part": ("Part of the change", "money"), "p": ("Corrected p", "p"),
        "before": ("Before", "number:1"), "after": ("After", "number:1"),
    }  # fmt: skip
    t = k * len(factors)
    groups = pd.DataFrame(
        {
            "group": names, "n": people, "before": sales[0], "after": sales[1],
            "change": found.estimate[t : t + k],
            "change_low": np.where(unsure, np.nan, found.low[t : t + k]),
            "change_high": np.where(unsure, np.nan, found.high[t : t + k]),
        }
    )  # fmt: skip
    delta = (
        pd.Series(np.where(side == 1, spend, -spend)).groupby(own["customer_id"].to_numpy()).sum()
    ).to_numpy()
    total = float(delta.sum())
    half = Z * float(np.sqrt(np.square(delta).sum()))
    whole = interval_sensitive(np.zeros(delta.size, dtype=np.intp), delta, 1, rule)[0]
    ends = (np.nan, np.nan) if whole else (total - half, total + half)
    change = Estimate(total, *ends, float(delta.size), kind="money", signed=True,
                      label="Change of sales")  # fmt: skip
    return SalesMovement(
        labelled(table, **about),
        labelled(
            groups, group="Group", n="Customers", before=("Sales before", "money"),
            after=("Sales after", "money"), change=("Change of sales", "money"),
        ),
        change, by,
    )  # fmt: skip
