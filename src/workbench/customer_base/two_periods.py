"""Who came, came back, stayed and was lost from one period to the next: the second lens.

References
----------
Fader, Hardie and Ross (2022), The Customer-Base Audit, chapter 4 (two periods compared).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from workbench.arrays import Array
from workbench.customer_base.cells import Z, sides_of
from workbench.errors import DataError, require_columns
from workbench.languages import Language, speak
from workbench.results import (
    Estimate,
    Finding,
    Picture,
    Result,
    directed,
    labelled,
    named_estimates,
)
from workbench.results.drawing import interval_dots
from workbench.stats.disclosure import (
    Sums,
    interval_sensitive,
    rule_of,
    withhold,
    withhold_together,
)
from workbench.stats.intervals import wilson
from workbench.stats.multiplicity import holm
from workbench.study import CellRule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STATUSES: Final = ("new", "back", "kept", "lost")
NAMES: Final = {
    "new": "New customers", "back": "Customers who came back", "kept": "Customers who stayed",
    "lost": "Customers who did not buy again",
}  # fmt: skip
MOVED: Final = {
    "rose": "Sales rose by {change} compared with the period before",
    "fell": "Sales fell by {change} compared with the period before",
    "open": "Sales changed by {change} compared with the period before, which may be chance",
}
#: By whether those who stayed spent more.
PARTS: Final = {
    True: "New customers brought {new}, customers who came back {back}; those who stayed spent"
    " {kept} more, and {lost} went with those who did not buy again",
    False: "New customers brought {new}, customers who came back {back}; those who stayed spent"
    " {kept} less, and {lost} went with those who did not buy again",
}
COUNTED = (
    "Of the customers of the period before {stayed} bought again; {new} customers are new and"
    " {back} came back"
)
STAYED = "Of the customers of the period before {stayed} bought again"
OTHERWISE = (
    "{who}: {change} compared with what they added or took between the two periods before, more"
    " than chance"
)


@dataclass(frozen=True)
class PeriodFlows(Result):
    """Customers of two periods by whether they are new, back, kept or lost.

    Attributes
    ----------
    table : DataFrame
        One row a status: status, n, before, after (what they spent in either period), change,
        change_low, change_high; where the log holds a third period, `earlier` (the change from the
        period before that) and more, more_low, more_high, p (Holm): by how much the two differ.
        Changes add up to `change` exactly, but for what is withheld.
    change : Estimate or None
        Of all sales.
    stayed : Estimate
        Share of the earlier period's customers who bought in the later one.
    """

    table: pd.DataFrame
    change: Estimate | None
    stayed: Estimate

    def estimates(self) -> dict[str, Estimate]:
        """Share who stayed, and what each status added."""
        found = {"stayed": self.stayed}
        if self.change is None:
            return found
        named = named_estimates(self.table, "status", estimate="change", kind="money", signed=True)
        return found | {"change": self.change} | named

    def findings(self) -> list[Finding]:
        """Say how sales changed, and what of it is unlike the change before."""
        t = self.table.set_index("key")
        if self.change is None or t["change"].isna().any():
            if t["n"].isna().any():
                return [Finding("customer_base.flows", STAYED, {"stayed": self.stayed})]
            counts = {s: Estimate(float(t["n"].loc[s]), digits=0) for s in ("new", "back")}
            return [Finding("customer_base.flows", COUNTED, {"stayed": self.stayed, **counts})]
        each = {s: Estimate.of_row(t.loc[s], "change", kind="money") for s in STATUSES}
        more = each["kept"].value >= 0
        each["kept"] = each["kept"] if more else each["kept"].scaled(-1)
        each["lost"] = each["lost"].scaled(-1)
        way, size = directed(self.change)
        said = [
            Finding(
                "customer_base.flows", MOVED[way], {"change": size},
                estimates={"change": self.change, "stayed": self.stayed}, money=self.change,
            ),
            Finding("customer_base.parts", PARTS[more], {s: e.point for s, e in each.items()}),
        ]  # fmt: skip
        if "p" in t:
            for key, row in t[t["p"] < 0.05].iterrows():
                other = Estimate.of_row(row, "more", kind="money", signed=True)
                values = {"who": NAMES[str(key)], "change": other}
                said.append(Finding(f"customer_base.flows.{key}", OTHERWISE, values))
        return said

    def picture(self) -> Picture | None:
        """Draw what each status added or took."""
        if self.change is None:
            return None
        return Picture(
            self.plot, "Which customers moved sales",
            "What each group of customers added or took, from one period to the next; 95%"
            " confidence intervals",
            self.table,
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one dot with its interval a status."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table.iloc[::-1].reset_index(drop=True)
        names = [say.name(name) for name in t["status"]]
        ends = (t["change"], t["change_low"], t["change_high"])
        interval_dots(ax, names, *ends, say("Change of sales"))
        ax.axvline(0, color="0.5", linewidth=0.8)
        return ax


def statuses(first: Array, before: Array, after: Array, later: int) -> Array:
    """Tell of each customer new, back, kept or lost as 0 to 3; -1 bought in neither period.

    Parameters
    ----------
    first : ndarray
        Period of the first purchase.
    before, after : ndarray
        Orders in either period.
    later : int
        Number of the later period.
    """
    was, came = before > 0, after > 0
    return np.select(
        [~was & came & (first >= later), ~was & came, was & came, was], [0, 1, 2, 3], -1
    )


def period_flows(
    customers: pd.DataFrame, later: int, *, valued: bool = True, min_cell: CellRule | int = 5
) -> PeriodFlows:
    """Tell what customers who came, came back, stayed and were lost did to sales.

    Parameters
    ----------
    customers : DataFrame
        customer_id, first (period of the first purchase), orders_0, spend_0, orders_1, spend_1
        and, where there is a third period, orders_2, spend_2: the last two are compared.
        `workbench.data` gives it (`CustomerMonths.customers`).
    later : int
        Number of the last period.
    valued : bool
        Whether there are amounts.
    min_cell : CellRule or int
    """
    sides = sides_of(customers)
    if len(sides) < 2:
        raise DataError("one period has no other to be compared with", remedy="wait for another")
    need = ("customer_id", "first", *(f"{w}_{k}" for w in ("orders", "spend") for k in sides))
    require_columns(customers, need, "the customers have")
    rule, first = rule_of(min_cell), customers["first"].to_numpy()
    orders, spend = (
        [customers[f"{w}_{k}"].to_numpy(dtype=float) for k in sides] for w in ("orders", "spend")
    )
    code = statuses(first, orders[-2], orders[-1], later)
    n = np.bincount(code[code >= 0], minlength=4)
    was = int(n[2] + n[3])
    if not was and not n[:2].sum():
        raise DataError("nobody bought in either period", remedy="choose longer periods")
    low, high = wilson(float(n[2]), float(was)) if was else (np.nan, np.nan)
    stayed = Estimate(
        n[2] / was if was else np.nan, float(low), float(high), float(was), kind="percent",
        label="Customers of the period before who bought again",
    )  # fmt: skip
    few = withhold(Sums.counted(n), rule).cells
    counts = np.where(few, np.nan, n)
    table = pd.DataFrame({"key": STATUSES, "status": [NAMES[s] for s in STATUSES], "n": counts})
    about: dict[str, str | tuple[str, str]] = {
        "status": "Customers are",
        "n": ("Customers", "number:0"),
    }
    if not valued:
        return PeriodFlows(labelled(table, **about), None, stayed)
    delta = spend[-1] - spend[-2]
    sums = [Sums.of(code, s, 4) for s in (spend[-2], spend[-1])]
    hidden = withhold_together(sums, rule).cells
    unsure = hidden | interval_sensitive(code, np.where(code >= 0, delta, 0), 4, rule)
    inside = code >= 0
    add = [
        np.bincount(code[inside], weights=x[inside], minlength=4)
        for x in (spend[-2], spend[-1], delta, delta**2)
    ]
    half = np.where(unsure, np.nan, Z * np.sqrt(add[3]))
    money = pd.DataFrame({"before": add[0], "after": add[1], "change": add[2]})
    money.loc[hidden] = np.nan
    table = table.join(money)
    table["change_low"], table["change_high"] = table["change"] - half, table["change"] + half
    about |= {
        "before": ("Sales before", "money"), "after": ("Sales after", "money"),
        "change": ("Change of sales", "money"),
    }  # fmt: skip
    if len(sides) > 2 and later >= 2:
        earlier = statuses(
            np.where(first < later - 1, first, later - 1), orders[-3], orders[-2], later - 1
        )
        earlier[first >= later] = -1
        table = _against(table, code, earlier, delta, spend[-2] - spend[-3], rule)
        about |= {
            "earlier": ("Change between the periods before", "money"),
            "more": ("Difference", "money"), "p": ("Corrected p", "p"),
        }  # fmt: skip
    total = float(delta.sum())
    spread = Z * float(np.sqrt(np.square(delta).sum()))
    told = not interval_sensitive(np.zeros(delta.size, dtype=np.intp), delta, 1, rule)[0]
    ends = (total - spread, total + spread) if told else (np.nan, np.nan)
    everybody = np.ones(4, dtype=bool)
    shown = all(s.may_join(everybody, rule) for s in sums)
    change = Estimate(
        total, *ends, float(delta.size), kind="money", signed=True, label="Change of sales"
    )
    return PeriodFlows(labelled(table, **about), change if shown else None, stayed)


def _against(
    table: pd.DataFrame, code: Array, earlier: Array, now: Array, then: Array, rule: CellRule
) -> pd.DataFrame:
    """Hold each status's change against that of the pair of periods before."""
    from scipy.special import ndtr

    each = np.zeros((len(code), 4))
    for value, status, sign in ((now, code, 1.0), (then, earlier, -1.0)):
        at = np.flatnonzero(status >= 0)
        np.add.at(each, (at, status[at].astype(int)), sign * value[at])
    more, se = each.sum(axis=0), np.sqrt(np.square(each).sum(axis=0))
    inside = earlier >= 0
    was = np.bincount(earlier[inside].astype(int), weights=then[inside], minlength=4)
    small = Sums.of(np.where(inside, earlier, -1), then, 4).sensitive(rule)
    # without an earlier period nobody can be told to be back, and some of the new ones are
    blind = np.array([bool((code == 1).any() and not (earlier == 1).any())] * 2 + [False] * 2)
    hidden = table["change"].isna().to_numpy() | small | blind
    own = [np.where(hidden, np.nan, x) for x in (was, more, Z * se)]
    with np.errstate(divide="ignore", invalid="ignore"):
        p = np.where((se > 0) & ~hidden, 2 * ndtr(-np.abs(more) / se), np.nan)
    return table.assign(
        earlier=own[0], more=own[1], more_low=own[1] - own[2], more_high=own[1] + own[2], p=holm(p)
    )
