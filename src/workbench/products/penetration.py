"""Who buys what: how many customers, how often, for which share of their spending, and since when.

References
----------
Ehrenberg (1988), Repeat-Buying (penetration and purchase frequency); Kish (1965), Survey Sampling,
section 12.4 (changes between samples that share people).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import stdtr

from workbench.arrays import Array, Index, Mask
from workbench.errors import DataError, require_columns
from workbench.languages import Language, speak
from workbench.products.items import OTHERS, named
from workbench.results import (
    Advice,
    Estimate,
    Finding,
    Picture,
    Result,
    labelled,
    named_estimates,
)
from workbench.results.drawing import row_bars, shaded_cells
from workbench.stats.changes import Sample, mean_shift
from workbench.stats.disclosure import Sums, interval_sensitive, rule_of, sensitive, withhold
from workbench.stats.intervals import mean_interval, normal_quantile, ratio_interval, wilson
from workbench.stats.multiplicity import holm
from workbench.study import CellRule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEADS = "Bought by most customers: {item}, by {penetration} of them"
LEADS_SPEND = (
    "Bought by most customers: {item}, by {penetration} of them; most is spent on {costly},"
    " {share} of all"
)
FELL = "Fewer customers buy {item} than in the first half of the log: {change}"
GREW = "More customers buy {items} than in the first half of the log"
STEADY = "No item reaches clearly more or fewer customers than in the first half of the log"
HAVE_BOUGHT = "Share of the segment's customers who have bought the item"
OFFERED_FIRST = "Share of the segment's customers to whom the item is offered first"
WHY_FELL = (
    "Find out why {item} loses customers; spending on it changed by {money} from the first half of"
    " the log to the second"
)


@dataclass(frozen=True)
class Penetration(Result):
    """Items by the customers who buy them.

    Attributes
    ----------
    table : DataFrame
        One row an item, those with most buyers first: item, n (buyers), penetration (share of the
        customers), frequency (orders with it a buyer), share (of spending; where the log has
        amounts), each with `_low` and `_high`; change (of the penetration from the first half of
        the log to the second, among those who bought in either), change_low, change_high, p
        (Holm).
    customers : int
    pooled : int
        Items put together as others: those that are not among the most bought, and those that
        would give one customer away.
    spent : dict of str to Estimate
        Change of what was spent on each item, second half less first; empty without amounts.
    """

    table: pd.DataFrame
    customers: int
    pooled: int
    spent: dict[str, Estimate]

    @property
    def items(self) -> pd.DataFrame:
        """The table without what is put together."""
        return self.table[self.table["item"] != OTHERS]

    def estimates(self) -> dict[str, Estimate]:
        """Penetration by item."""
        return named_estimates(self.items, "item", estimate="penetration", kind="percent")

    def findings(self) -> list[Finding]:
        """Say what reaches most customers and takes most of their money, what grew, what fell."""
        t = self.items
        if t.empty:
            return []
        first = t.iloc[0]
        values: dict[str, object] = {
            "item": named(first["item"]),
            "penetration": Estimate.of_row(first, "penetration", kind="percent"),
        }
        message = LEADS
        if "share" in t and t["share"].notna().any():
            most = t.nlargest(1, "share").iloc[0]
            message = LEADS_SPEND
            values |= {
                "costly": named(most["item"]),
                "share": Estimate.of_row(most, "share", kind="percent"),
            }
        said = [Finding("products.penetration", message, values)]
        fell = t[(t["p"] < 0.05) & (t["change"] < 0)].sort_values("change")
        grew = t[(t["p"] < 0.05) & (t["change"] > 0)].sort_values("change", ascending=False)
        for _, row in fell.head(3).iterrows():
            item = str(row["item"])
            change = Estimate.of_row(row, "change", kind="points", unit="%", signed=True)
            money = self.spent.get(item)
            about = {"item": named(item), "change": change} | ({"money": money} if money else {})
            said.append(
                Finding(
                    f"products.fell.{len(said)}", FELL, about, severity="warning",
                    estimates={"change": change}, money=money,
                    advice=Advice(WHY_FELL, 4) if money else None,
                )
            )  # fmt: skip
        if len(grew):
            items = [named(i) for i in grew["item"].head(5)]
            said.append(Finding("products.grew", GREW, {"items": items}))
        if not len(grew) and not len(fell):
            said.append(Finding("products.steady", STEADY))
        return said

    def picture(self) -> Picture | None:
        """Draw the penetration of the items."""
        if self.items.empty:
            return None
        first = self.items.iloc[0]
        return Picture(
            self.plot, "Bought by most customers: {item}",
            "Share of the customers who have bought it; 95% confidence intervals",
            self.table, {"item": named(first["item"])},
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one bar an item."""
        say = speak(language)
        return row_bars(self.items, "item", "penetration", say("Share of customers"), ax, say)


@dataclass(frozen=True)
class _Matrix:
    """What each customer bought of each item, in halves: arrays of (customers, items)."""

    orders: Array  # (2, customers, items)
    spend: Array
    active: Mask  # (2, customers)
    total: Array  # (2, customers)
    names: list[str]


def penetration(
    own: pd.DataFrame,
    whole: pd.DataFrame,
    *,
    valued: bool = True,
    min_cell: CellRule | int = 5,
    shown: int = 20,
) -> Penetration:
    """Tell how many customers buy each item, how often, for how much of their spending.

    Parameters
    ----------
    own : DataFrame
        customer_id, item (missing for lines that say none), half (0, 1), orders, spend.
    whole : DataFrame
        customer_id, half, orders, spend: of anything.
    valued : bool
        Whether there are amounts.
    min_cell : CellRule or int
        Items of fewer customers, or on which one spent nearly all, are put together with others.
    shown : int
        Most items shown by themselves.
    """
    m = _matrix(own, whole, shown)
    rule = rule_of(min_cell)
    # one customer spent nearly all there is: of money nothing may be said, of buyers it may
    valued = valued and not sensitive(m.total.sum(axis=0), rule)
    m, pooled = _pool(m, rule, valued)
    bought = m.orders.sum(axis=0) > 0
    n, k = bought.shape
    buyers = bought.sum(axis=0)
    low, high = wilson(buyers, np.full(k, n))
    rows = []
    changes = _changes(m)
    spend, total = m.spend.sum(axis=0), m.total.sum(axis=0)
    unsure = _unsure(spend, bought, rule) if valued else np.zeros(k, dtype=bool)
    spent = {}
    for j, name in enumerate(m.names):
        often = mean_interval(m.orders[:, bought[:, j], j].sum(axis=0))
        row = {
            "item": name, "n": int(buyers[j]), "penetration": buyers[j] / n,
            "penetration_low": low[j], "penetration_high": high[j], "frequency": often.value,
            "frequency_low": often.low, "frequency_high": often.high,
        }  # fmt: skip
        if valued and total.sum() > 0:
            share = ratio_interval(spend[:, j], total)
            ends = (np.nan, np.nan) if unsure[j] else (max(share.low, 0.0), min(share.high, 1.0))
            row |= {"share": share.value, "share_low": ends[0], "share_high": ends[1]}
            spent[name] = _difference(m.spend[1, :, j] - m.spend[0, :, j], known=not unsure[j])
        row |= {"change": changes[0][j], "change_low": changes[1][j], "change_high": changes[2][j]}
        rows.append(row | {"p": changes[3][j]})
    table = pd.DataFrame(rows)
    last = table["item"] == OTHERS
    table = table.assign(last=last).sort_values(
        ["last", "n", "item"], ascending=[True, False, True]
    )
    table = table.drop(columns="last").reset_index(drop=True)
    about: dict[str, tuple[str, str] | str] = {
        "item": "Product line", "n": "Buyers", "penetration": ("Share of customers", "percent"),
        "frequency": ("Orders per buyer", "number:1"),
    }  # fmt: skip
    if "share" in table:
        about["share"] = ("Share of spending", "percent")
    about |= {
        "change": ("Change of the share of customers", "percent:1"),
        "p": ("Corrected p", "p"),
    }
    return Penetration(labelled(table, **about), n, pooled, spent)


def _matrix(own: pd.DataFrame, whole: pd.DataFrame, shown: int) -> _Matrix:
    require_columns(own, ("customer_id", "item", "half", "orders", "spend"), "the purchases have")
    require_columns(whole, ("customer_id", "half", "orders", "spend"), "the customers have")
    known = own[own["item"].notna()]
    if known.empty or whole.empty:
        raise DataError("no purchase says what it was", remedy="map `category` or `product`")
    people = pd.Index(whole["customer_id"].unique())
    often = known.drop_duplicates(["customer_id", "item"])["item"].value_counts()
    order = sorted(often.index, key=lambda i: (-int(often[i]), str(i)))
    names = [str(i) for i in order[:shown]]
    place = {name: j for j, name in enumerate(names)}
    column = own["item"].map(lambda i: place.get(str(i), len(names)) if i == i else len(names))
    rest = bool((column == len(names)).any())
    k = len(names) + rest
    who, half = people.get_indexer(own["customer_id"]), own["half"].to_numpy(dtype=np.intp)
    at: tuple[Index, ...] = (half, who, column.to_numpy(dtype=np.intp))
    orders, spend = np.zeros((2, len(people), k)), np.zeros((2, len(people), k))
    np.add.at(orders, at, own["orders"].to_numpy(dtype=float))
    np.add.at(spend, at, own["spend"].to_numpy(dtype=float))
    total, active = np.zeros((2, len(people))), np.zeros((2, len(people)), dtype=bool)
    also = (whole["half"].to_numpy(dtype=np.intp), people.get_indexer(whole["customer_id"]))
    np.add.at(total, also, whole["spend"].to_numpy(dtype=float))
    active[also] = True
    return _Matrix(orders, spend, active, total, names + [OTHERS] * rest)


def _pool(m: _Matrix, rule: CellRule, valued: bool) -> tuple[_Matrix, int]:
    """Put items together of which nothing may be said by themselves, until that tells nobody."""
    bought = m.orders.sum(axis=0) > 0
    spend = m.spend.sum(axis=0)

    def alone(columns: Mask) -> bool:
        """Whether the sum over some items gives somebody away."""
        inside = bought[:, columns].any(axis=1)
        size = spend[:, columns].sum(axis=1)[inside] if valued else np.zeros(inside.sum())
        cell = (
            Sums.of(np.zeros(size.size, dtype=np.intp), size, 1)
            if valued else Sums.counted([size.size])
        )  # fmt: skip
        return bool(cell.sensitive(rule)[0])

    k = len(m.names)
    together = np.array([name == OTHERS for name in m.names])
    each = np.eye(k, dtype=bool)
    together |= np.array([alone(each[j]) for j in range(k)])
    for j in np.argsort(bought.sum(axis=0), kind="stable"):
        if not together.any() or not alone(together):
            break
        together[j] = True
    if not together.any():
        return m, 0
    if together.all():
        raise DataError(
            "too few customers to say of any item who buys it", remedy="wait for more customers"
        )
    keep = ~together

    def joined(a: Array) -> Array:
        return np.concatenate([a[..., keep], a[..., together].sum(axis=-1, keepdims=True)], axis=-1)

    names = [name for name, kept in zip(m.names, keep, strict=True) if kept]
    return (
        _Matrix(joined(m.orders), joined(m.spend), m.active, m.total, [*names, OTHERS]),
        int(together.sum()),
    )


def _unsure(spend: Array, bought: Mask, rule: CellRule) -> Mask:
    k = bought.shape[1]
    who, item = np.nonzero(bought)
    return interval_sensitive(item, spend[who, item], k, rule)


def _changes(m: _Matrix) -> tuple[Array, Array, Array, Array]:
    """Change of the penetration among those who bought, with simultaneous p-values."""
    people = [np.flatnonzero(active) for active in m.active]
    k = len(m.names)
    if min(p.size for p in people) < 2:
        nothing = np.full(k, np.nan)
        return nothing, nothing, nothing, nothing
    sides = [Sample((m.orders[h][people[h]] > 0).astype(float), None, people[h]) for h in (0, 1)]
    shift = mean_shift(*sides)
    low, high = shift.limits(0.95)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.abs(shift.estimate) / np.sqrt(shift.variance)
        p = np.where(shift.variance > 0, 2 * stdtr(np.maximum(shift.df, 1), -t), np.nan)
    return shift.estimate, low, high, holm(p)


def _difference(each: Array, *, known: bool) -> Estimate:
    """Sum of differences over customers, with its interval."""
    value, n = float(each.sum()), each.size
    if not known or n < 2:
        return Estimate(value, n=float(n), kind="money", signed=True)
    half = normal_quantile(0.95) * float(each.std(ddof=1)) * np.sqrt(n)
    return Estimate(value, value - half, value + half, float(n), kind="money", signed=True)


@dataclass(frozen=True)
class SegmentPenetration(Result):
    """Items by segment.

    Attributes
    ----------
    table : DataFrame
        One row a segment and item: segment, item, n (buyers; missing where withheld), penetration,
        penetration_low, penetration_high (of the segment's customers, Wilson), times (against all
        customers), withheld.
    """

    table: pd.DataFrame
    offered: bool = False

    def wide(self) -> pd.DataFrame:
        """Penetration with one row a segment and one column an item."""
        wide = self.table.pivot_table(
            index="segment", columns="item", values="penetration", dropna=False, observed=False
        )
        return wide.loc[self.table["segment"].unique(), self.table["item"].unique()]

    def estimates(self) -> dict[str, Estimate]:
        """Penetration by segment and item."""
        t = self.table[~self.table["withheld"]]
        return {
            f"{row['segment']}: {row['item']}": Estimate.of_row(
                row, "penetration", kind="percent"
            ).named(str(row["item"]))
            for _, row in t.iterrows()
        }

    def picture(self) -> Picture:
        """Draw the cross-tab."""
        if self.offered:
            title, what = "What to offer each segment", OFFERED_FIRST
        else:
            title, what = "What each segment buys", HAVE_BOUGHT
        return Picture(self.plot, title, what, self.table)

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one row a segment, one column an item, tinted by the penetration."""
        wide = self.wide()
        ax = shaded_cells(wide, ax, language=language, kind="percent", digits=0)
        ax.tick_params(axis="x", labelrotation=30)
        return ax


def penetration_by_segment(
    own: pd.DataFrame,
    segment: pd.Series,
    *,
    min_cell: CellRule | int = 5,
    shown: int = 8,
    offered: bool = False,
) -> SegmentPenetration:
    """Tell which share of each segment's customers buys each of the most bought items.

    Parameters
    ----------
    own : DataFrame
        customer_id, item, ...: see `penetration`.
    segment : Series
        Segment of each customer, by customer_id.
    offered : bool
        Whether `own` holds what is offered first, not what was bought.
    """
    groups = segment.dropna().astype(str)
    known = own[own["item"].notna()].drop_duplicates(["customer_id", "item"])
    known = known.assign(segment=known["customer_id"].map(groups)).dropna(subset=["segment"])
    if known.empty:
        raise DataError("no buyer has a segment", remedy="give the segments of these customers")
    often = known["item"].value_counts()
    items = sorted(often.index, key=lambda i: (-int(often[i]), str(i)))[:shown]
    sizes = groups.value_counts()
    names = list(sizes.index)
    counts = (
        pd.crosstab(known["segment"], known["item"])
        .reindex(index=names, columns=items, fill_value=0)
        .to_numpy(dtype=float)
    )
    whole = sizes.to_numpy(dtype=float)
    rule, at = rule_of(min_cell), np.arange(counts.size).reshape(counts.shape)
    hidden = withhold(Sums.counted(counts), rule, [*at.T]).cells.reshape(counts.shape)
    overall = counts.sum(axis=0) / whole.sum()
    rows = []
    for i, name in enumerate(names):
        low, high = wilson(counts[i], np.full(len(items), whole[i]))
        for j, item in enumerate(items):
            away = bool(hidden[i, j])
            share = counts[i, j] / whole[i]
            told = {"n": counts[i, j], "penetration": share, "penetration_low": low[j],
                    "penetration_high": high[j], "times": share / overall[j]}  # fmt: skip
            told = dict.fromkeys(told, np.nan) if away else told
            rows.append({"segment": name, "item": str(item), **told, "withheld": away})
    return SegmentPenetration(
        labelled(
            pd.DataFrame(rows), segment="Segment", item="Product line", n="Buyers",
            penetration=("Share of the segment", "percent"),
            times=("Times the share of all customers", "number:2"),
        ),
        offered,
    )  # fmt: skip
