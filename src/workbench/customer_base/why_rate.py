"""Why a rate or a mean moved between two periods: the groups themselves, or how many are in each.

References
----------
Kitagawa (1955), Components of a difference between two rates, JASA 50(272), 1168-1194.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import pandas as pd
from scipy import sparse

from workbench.arrays import Array, Index
from workbench.customer_base.parts import Divide, divided
from workbench.customer_base.why_moved import OTHERS
from workbench.errors import DataError, require_columns
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, directed, labelled
from workbench.results.drawing import interval_dots
from workbench.stats.disclosure import rule_of
from workbench.study import CellRule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAMES: Final = {"group": "In the group", "mix": "Share of the group"}
#: By where the change went, and whether the group itself or its share moved.
MOVED: Final = {
    ("rose", "group"): "{what} rose by {change}; the change within {group} itself is {part}",
    ("fell", "group"): "{what} fell by {change}; the change within {group} itself is {part}",
    ("open", "group"): "{what} changed by {change}, which may be chance; the change within {group}"
    " itself is {part}",
    ("rose", "mix"): "{what} rose by {change}; since {group} has another share of the customers it"
    " moved by {part}",
    ("fell", "mix"): "{what} fell by {change}; since {group} has another share of the customers it"
    " moved by {part}",
    ("open", "mix"): "{what} changed by {change}, which may be chance; since {group} has another"
    " share of the customers it moved by {part}",
}
NOISE = "{what} changed by {change}, and no part of that by {by} is more than chance"


@dataclass(frozen=True)
class RateMovement(Result):
    """A change of a rate or mean, divided into groups and mix.

    Attributes
    ----------
    table : DataFrame
        One row a group and kind, those that stand out first: group, kind (``group``: it changed
        itself; ``mix``: its share of the customers did), name, n, before, after (rate of the
        group, share of the group), part, part_low, part_high, p (corrected). Parts add up to
        `change` exactly.
    change : Estimate
    what, by : str
        What moved, and what the groups are of.
    """

    table: pd.DataFrame
    change: Estimate
    what: str
    by: str

    def estimates(self) -> dict[str, Estimate]:
        """Change, and the part of each group and kind."""
        found = {"change": self.change.named(self.what)}
        for _, row in self.table.iterrows():
            found[f"{row['group']}: {row['kind']}"] = self._part(row).named(str(row["name"]))
        return found

    def _part(self, row: pd.Series) -> Estimate:
        return Estimate.of_row(
            row, "part", p=float(row["p"]), kind=self.change.kind, unit=self.change.unit,
            signed=True,
        )  # fmt: skip

    def findings(self) -> list[Finding]:
        """Say which part is more than chance, or that none is."""
        out = self.table[self.table["p"] < 0.05]
        about: dict[str, object] = {"what": self.what, "change": self.change, "by": self.by}
        key = f"customer_base.why.{self.what}.{self.by}"
        if out.empty:
            return [Finding(key, NOISE, about, verdict="noise")]
        row = out.iloc[0]
        part = self._part(row)
        way, size = directed(self.change)
        message = MOVED[way, "group" if row["kind"] == "group" else "mix"]
        values = about | {"change": size, "part": part, "group": str(row["group"])}
        return [Finding(key, message, values, verdict="moved", estimates={"part": part})]

    def picture(self) -> Picture:
        """Draw the parts."""
        return Picture(
            self.plot, "What moved: {what}, by {by}",
            "Parts of the change, which add up to it; 95% confidence intervals; full marks are more"
            " than chance",
            self.table, {"what": self.what, "by": self.by},
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one dot with its interval a part; those within chance are hollow."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table.head(14).iloc[::-1].reset_index(drop=True)
        names = [
            f"{say.name(str(g))}: {say.name(str(f))}"
            for g, f in zip(t["group"], t["name"], strict=True)
        ]
        scale = 100.0 if self.change.unit == "%" else 1.0
        ends = (t["part"] * scale, t["part_low"] * scale, t["part_high"] * scale)
        interval_dots(ax, names, *ends, say("Part of the change, in points"))
        chance = ~(t["p"] < 0.05)
        at = np.flatnonzero(chance)
        ax.plot(t["part"][chance] * scale, at, "o", markerfacecolor="white", zorder=3)
        ax.axvline(0, color="0.5", linewidth=0.8)
        return ax


def why_rate_moved(
    values: pd.DataFrame,
    by: str,
    *,
    what: str,
    rng: np.random.Generator,
    kind: Literal["share", "points"] = "share",
    min_cell: CellRule | int = 5,
    months: int = 0,
    as_of: dt.date | None = None,
    families: int = 1,
    most: int = 12,
    draws: int = 999,
) -> RateMovement:
    """Divide the change of a rate or mean into what groups did and how many are in each.

    Parameters
    ----------
    values : DataFrame
        customer_id, period, a column of groups, estimate (the value of the customer in the period)
        and n (how many answers it is of; one where it is missing): what `Run.indicator` gives with
        ``units=True``. The last two periods are compared.
    by : str
        The column of groups.
    what : str
        What the rate is of.
    rng : numpy.random.Generator
    kind : {"share", "points"}
        Whether values are shares, whose change is told in percentage points.
    min_cell : CellRule or int
        Smaller groups are put together.
    months : int
        Length of a period; those that are not over on `as_of` are left out.
    as_of : date, optional
    families, most, draws
        See `why_sales_moved`.

    Raises
    ------
    DataError
        Fewer than two periods, or fewer than two groups.
    """
    require_columns(values, ("customer_id", "period", by, "estimate"), "the values have")
    t = values.dropna(subset=["estimate"])
    if months and as_of is not None:
        over = t["period"] + pd.DateOffset(months=months) <= pd.Timestamp(as_of) + pd.Timedelta(
            "1D"
        )
        t = t[over]
    periods = sorted(t["period"].unique())[-2:]
    if len(periods) < 2:
        raise DataError("there are no two periods to compare", remedy="wait for another")
    t = t[t["period"].isin(periods)]
    side = (t["period"] == periods[1]).to_numpy(dtype=np.intp)
    names, code = _groups(t[by], side, rule_of(min_cell), most)
    k = len(names)
    if k < 2:
        raise DataError("there are no two groups", remedy="choose another attribute")
    people = pd.Index(t["customer_id"].unique())
    who = people.get_indexer(t["customer_id"])
    weight = t["n"].to_numpy(dtype=float) if "n" in t else np.ones(len(t))
    weight = np.where(np.isfinite(weight), weight, 1.0)
    value = t["estimate"].to_numpy(dtype=float)
    # sums must not be below zero; a shift of all values shifts the mean alone
    shift = min(float(value.min()), 0.0)
    sides = []
    for s in (0, 1):
        x = side == s
        rows = np.r_[who[x], who[x]]
        cols = np.r_[code[x], code[x] + k]
        data = np.r_[weight[x], (weight * (value - shift))[x]]
        sides.append(sparse.csr_matrix((data, (rows, cols)), shape=(len(people), 2 * k)))
    found = divided(
        sides[0], sides[1], _divide(k), rng=rng, families=families, tested=2 * k, draws=draws
    )
    sums = [np.asarray(x.sum(axis=0), dtype=float).ravel() for x in sides]
    counted = np.array([t["customer_id"][code == g].nunique() for g in range(k)])
    rows_ = []
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = [x[k:] / x[:k] + shift for x in sums]
    shares = [x[:k] / x[:k].sum() for x in sums]
    for f, one in enumerate(("group", "mix")):
        before, after = rates if one == "group" else shares
        for g, name in enumerate(names):
            at = f * k + g
            rows_.append(
                {
                    "group": name, "kind": one, "name": NAMES[one], "n": int(counted[g]),
                    "part": found.estimate[at], "part_low": found.low[at],
                    "part_high": found.high[at], "p": found.p[at], "before": before[g],
                    "after": after[g],
                }
            )  # fmt: skip
    table = pd.DataFrame(rows_)
    order = np.lexsort((-table["part"].abs(), ~(table["p"] < 0.05)))
    form = "percent:1" if kind == "share" else "points:1"
    table = labelled(
        table.iloc[order].reset_index(drop=True), group="Group", name="Part",
        n="Customers", part=("Part of the change", form), p=("Corrected p", "p"),
    )  # fmt: skip
    change = Estimate(
        float(found.estimate[2 * k]), float(found.low[2 * k]), float(found.high[2 * k]),
        float(len(people)), kind="points", unit="%" if kind == "share" else "", signed=True,
        label="Change",
    )  # fmt: skip
    return RateMovement(table, change, what, by)


def _groups(given: pd.Series, side: Index, rule: CellRule, most: int) -> tuple[list[str], Index]:
    name = given.astype("object").where(given.notna(), OTHERS).astype(str)
    often = name.value_counts()
    order = [g for g in often.index if g != OTHERS][:most]
    place = {g: i for i, g in enumerate(order)}
    k = len(order) + 1
    code = name.map(lambda g: place.get(g, k - 1)).to_numpy(dtype=np.intp)
    n = [np.bincount(code[side == s], minlength=k) for s in (0, 1)]
    fewest = max(rule.min_cell, 1)
    small = (np.minimum(*n) < fewest) & (n[0] + n[1] > 0)
    for i in np.argsort(n[0] + n[1], kind="stable"):
        if not small.any() or min(int(x[small].sum()) for x in n) >= fewest:
            break
        small[i] = True
    keep = np.flatnonzero(~small & (np.arange(k) < k - 1))
    new = np.full(k, len(keep), dtype=np.intp)
    new[keep] = np.arange(len(keep))
    others = (new[code] == len(keep)).any()
    return [order[i] for i in keep] + [OTHERS] * bool(others), new[code]


def _divide(k: int) -> Divide:
    def divide(before: Array, after: Array) -> Array:
        weight = [side[:, :k] for side in (before, after)]
        total = [side[:, k:] for side in (before, after)]
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = [np.where(w > 0, v / w, np.nan) for v, w in zip(total, weight, strict=True)]
            share = [w / w.sum(axis=1, keepdims=True) for w in weight]
        rate = [np.nan_to_num(np.where(np.isnan(rate[i]), rate[1 - i], rate[i])) for i in (0, 1)]
        share = [np.nan_to_num(s) for s in share]
        whole = [(s * r).sum(axis=1, keepdims=True) for s, r in zip(share, rate, strict=True)]
        own = (share[0] + share[1]) / 2 * (rate[1] - rate[0])
        level = (rate[0] + rate[1]) / 2 - (whole[0] + whole[1]) / 2
        mix = (share[1] - share[0]) * level
        return np.concatenate([own, mix, whole[1] - whole[0]], axis=1)

    return divide
