"""What a customer is worth at the first order: by what is known then, and when the cost is back.

Customers are followed from the month of their first order for the same number of months, so that
nobody's later months are missing. What they bring in that time is observed, not foreseen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from workbench.arrays import Array, Mask
from workbench.customer_base.why_moved import OTHERS
from workbench.errors import DataError, require_columns
from workbench.languages import Language, speak
from workbench.results import Advice, Estimate, Finding, Picture, Result, labelled, named_estimates
from workbench.results.drawing import interval_dots
from workbench.stats.disclosure import (
    Sums,
    interval_sensitive,
    pool_smallest,
    put_together,
    rule_of,
)
from workbench.stats.intervals import mean_difference, mean_interval
from workbench.stats.multiplicity import holm
from workbench.study import CellRule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ANYBODY: Final = "Any kind"
#: Fewer customers than these, followed for so long, say nothing.
FEWEST: Final = 20
BRINGS: Final = (
    "A new customer brings {value} in margin by the end of month {months} after the first order"
)
SPENDS: Final = "A new customer spends {value} by the end of month {months} after the first order"
MOST: Final = (
    "By {by}, new customers of {group} bring most: {value} each by the end of month {months},"
    " {gap} more than the others"
)
LEAST: Final = (
    "By {by}, new customers of {group} bring least: {value} each by the end of month {months},"
    " {gap} less than the others"
)
ALIKE: Final = "By {by}, no group of new customers clearly brings more or less than the others"
ASSOCIATED: Final = (
    "These groups also differ in who is in them: only a test can show whether {by} itself makes"
    " the difference"
)
BACK: Final = (
    "Winning a customer ({group}) costs {cost}, recovered in month {month} ({low} to {high})"
)
AT_ONCE: Final = (
    "Winning a customer ({group}) costs {cost}, recovered in the month of the first order"
)
BACK_OPEN: Final = (
    "Winning a customer ({group}) costs {cost}, recovered in month {month}, at the earliest in"
    " month {low}, and perhaps not by month {months}"
)
NOT_BACK: Final = (
    "Winning a customer ({group}) costs {cost}. By the end of month {months} they have brought"
    " {value}: the cost is not recovered"
)
CANNOT_TELL: Final = (
    "Winning a customer ({group}) costs {cost}; whether that is recovered by the end of month"
    " {months} is open: so far {value}"
)
CHEAPER: Final = (
    "Win customers of {group} more cheaply, or fewer of them: each costs {cost} and brings {value}"
    " by the end of month {months}"
)
NOBODY: Final = "The card gives a cost of winning customers of {groups}, and there are none of them"


@dataclass(frozen=True)
class NewCustomerValue(Result):
    """What new customers bring, by what is known at the first order.

    Attributes
    ----------
    table : DataFrame
        One row a group, the most valuable first: group, n (customers followed), first (margin of
        the month of the first order, a customer), value (margin from then to the last month, a
        customer) with `value_low`, `value_high` (95 %), gap (to all other customers), gap_low,
        gap_high, p (Holm); with costs cost, net (value less cost), back (month after that of the
        first order by which the mean has reached the cost; missing: not within these months),
        back_low, back_high (months at which the ends of the 95 % interval do).
    value : Estimate
        Of all of them.
    by : str
        What the groups are of.
    months : int
        How long each is followed, after the month of the first order.
    margin : float
        Share of an amount that is kept; 1: sales are told, not margin.
    unknown : tuple of str
        Groups with a cost, of which there is nobody.
    """

    table: pd.DataFrame
    value: Estimate
    by: str
    months: int
    margin: float = 1.0
    unknown: tuple[str, ...] = ()

    @property
    def mean_cost(self) -> float:
        """What winning one of these customers costs on average; zero where nothing is known."""
        if "cost" not in self.table:
            return 0.0
        known = self.table.dropna(subset=["cost"])
        return float(np.average(known["cost"], weights=known["n"]))

    def estimates(self) -> dict[str, Estimate]:
        """Value of all, and by group."""
        groups = named_estimates(self.table, "group", estimate="value", kind="money")
        return {"value": self.value} | groups

    def findings(self) -> list[Finding]:
        """Say what a new customer is worth, who brings most and least, and what is not paid."""
        key = f"customer_base.new.{self.by or 'all'}"
        common = {"by": self.by, "months": self.months}
        if not self.by:
            values = {"months": self.months, "value": self.value}
            message = SPENDS if self.margin == 1 else BRINGS
            said = [Finding(key, message, values, estimates={"value": self.value})]
            return said + self._of_costs(key)
        said = []
        clear = self.table[(self.table["p"] < 0.05) & (self.table["group"] != OTHERS)]
        for end, message, some in (
            ("most", MOST, clear[clear["gap"] > 0].head(1)),
            ("least", LEAST, clear[clear["gap"] < 0].tail(1)),
        ):
            for _, row in some.iterrows():
                near, far = sorted((abs(row["gap_low"]), abs(row["gap_high"])))
                gap = Estimate(
                    abs(row["gap"]), near, far, n=float(row["n"]), p=float(row["p"]), kind="money"
                )
                values = common | {"group": str(row["group"]), "value": _value(row), "gap": gap}
                said.append(Finding(f"{key}.{end}", message, values, estimates={"gap": gap}))
        if said:
            said.append(Finding(f"{key}.associated", ASSOCIATED, {"by": self.by}))
        elif len(self.table) > 1:
            said.append(Finding(key, ALIKE, {"by": self.by}))
        return said + self._of_costs(key)

    def _of_costs(self, key: str) -> list[Finding]:
        """Say of each group with a cost when it is back, what is lost first."""
        if "cost" not in self.table:
            return []
        said = []
        order = {NOT_BACK: 0, CANNOT_TELL: 1, BACK_OPEN: 2, BACK: 3, AT_ONCE: 4}
        for _, row in self.table.dropna(subset=["cost"]).iterrows():
            value, cost = _value(row), float(row["cost"])
            values = {
                "group": str(row["group"]) if self.by else ANYBODY.lower(),
                "months": self.months, "value": value,
                "cost": Estimate(cost, kind="money"),
            }  # fmt: skip
            month = {c: row[f"back{c}"] for c in ("", "_low", "_high")}
            lost = value.high < cost
            if pd.isna(month[""]):
                message = NOT_BACK if lost else CANNOT_TELL
            else:
                message = BACK_OPEN if pd.isna(month["_high"]) else BACK
                values |= {"month": int(month[""]), "low": int(month["_low"])}
                if row["back_high"] == 0:
                    message = AT_ONCE
                if message == BACK:
                    values["high"] = int(month["_high"])
            advice = Advice(CHEAPER, 5) if message == NOT_BACK else None
            said.append(
                Finding(
                    f"{key}.cost.{row['group']}", message, values, estimates={"value": value},
                    severity="warning" if lost else "note", advice=advice,
                    verdict={NOT_BACK: "lost", BACK: "back", AT_ONCE: "back"}.get(message, "open"),
                )
            )  # fmt: skip
        said.sort(key=lambda f: order[f.message])
        if self.unknown:
            said.append(
                Finding(f"{key}.unknown", NOBODY, {"groups": list(self.unknown)},
                        severity="warning")
            )  # fmt: skip
        return said

    def picture(self) -> Picture:
        """Draw the groups."""
        return Picture(
            self.plot, "What a new customer brings, by {by}",
            "By the end of month {months} after the first order, per customer; 95% confidence"
            " intervals",
            self.table, {"by": self.by, "months": self.months},
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one dot with its interval a group, and a mark at what winning a customer costs."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table.head(15).iloc[::-1].reset_index(drop=True)
        names = [say.name(str(g)) for g in t["group"]]
        label = say(_brought(self.margin))
        interval_dots(ax, names, t["value"], t["value_low"], t["value_high"], label)
        if "cost" in t:
            ax.plot(t["cost"], t.index, "|", ms=14, mew=2, color="C1", label=say("Cost"))
            ax.legend(frameon=False)
        ax.set_xlim(left=min(0.0, ax.get_xlim()[0]))
        return ax


def _value(row: pd.Series) -> Estimate:
    return Estimate.of_row(row, "value", kind="money")


def new_customer_value(
    people: pd.DataFrame,
    *,
    by: str = "",
    since: int = 0,
    margin: float = 1.0,
    cost: float | Mapping[str, float] | None = None,
    min_cell: CellRule | int = 5,
) -> NewCustomerValue:
    """Tell what new customers bring in the months after their first order.

    Parameters
    ----------
    people : DataFrame
        customer_id, first (month of the first order), spend_0, spend_1, ... (in that month and
        those after it), and what is known of them: `CustomerMonths.followed`. All are followed to
        the last of these months.
    by : str
        Column with what is known of each at the first order; without it all are one group.
    since : int
        Earlier months of first orders are left out: they hold customers from before the log (see
        `new_by_month`).
    margin : float
        Share of an amount that is kept.
    cost : float or mapping of str to float, optional
        Of winning a customer, or one of each group.
    min_cell : CellRule or int
        Groups that are smaller, or of which one customer spent nearly all, are put together.

    Raises
    ------
    DataError
        Fewer than twenty customers are followed, or of what they bring nothing may be said.

    Notes
    -----
    The month in which the cost is back is that in which the mean reaches it; its limits are the
    months in which the ends of the pointwise 95 % interval of the mean do, the set of months that
    a test of "the mean equals the cost in this month" does not refuse.

    Examples
    --------
    >>> import pandas as pd
    >>> from workbench.customer_base import new_customer_value
    >>> people = pd.DataFrame({"customer_id": range(40), "first": 0, "spend_0": 30.0,
    ...                        "spend_1": [10.0, 20.0] * 20})
    >>> found = new_customer_value(people, cost=40)
    >>> round(found.value.value), int(found.table["back"].iloc[0])
    (45, 1)
    """
    spends = [c for c in people if str(c).startswith("spend_")]
    known = (by,) if by else ()
    require_columns(people, ("customer_id", "first", "spend_0", *known), "the new customers have")
    own = people[people["first"] >= since].reset_index(drop=True)
    months = len(spends) - 1
    if len(own) < FEWEST:
        raise DataError(
            f"{len(own)} new customers can be followed for {months} months",
            remedy="ask for fewer months, or wait",
        )
    grown = np.cumsum(own[spends].to_numpy(dtype=float), axis=1) * margin
    worth, rule = grown[:, -1], rule_of(min_cell)
    together = np.zeros(len(own), dtype=np.intp)
    everybody = Sums.of(together, worth, 1)
    if everybody.sensitive(rule)[0]:
        raise DataError(
            "one customer stands out too far for anything to be said of new customers",
            remedy="wait for more of them",
        )
    codes, names = _groups(own, by, worth, rule)
    costs = {name: _cost(cost, name) for name in names}
    unsure = interval_sensitive(codes, worth, len(names), rule)
    firsts = Sums.of(codes, grown[:, 0], len(names)).sensitive(rule)
    rows = []
    for j, name in enumerate(names):
        mine = codes == j
        value = mean_interval(worth[mine])
        ends = (np.nan, np.nan) if unsure[j] else (max(value.low, 0.0), value.high)
        row = {"group": name, "n": int(mine.sum()),
               "first": np.nan if firsts[j] else float(grown[mine, 0].mean()),
               "value": value.value, "value_low": ends[0], "value_high": ends[1]}  # fmt: skip
        if len(names) > 1:
            gap = mean_difference(worth[mine], worth[~mine])
            far = (np.nan, np.nan) if unsure[j] else (gap.low, gap.high)
            row |= {"gap": gap.value, "gap_low": far[0], "gap_high": far[1], "p": gap.p}
        else:
            row |= {"gap": 0.0, "gap_low": 0.0, "gap_high": 0.0, "p": 1.0}
        if (price := costs[name]) is not None:
            row |= {"cost": price, "net": value.value - price}
            row |= _back(grown[mine], price, bool(unsure[j]))
        rows.append(row)
    table = pd.DataFrame(rows)
    table["p"] = holm(table["p"])
    table = table.sort_values(["value", "group"], ascending=[False, True], ignore_index=True)
    whole = mean_interval(worth)
    if interval_sensitive(together, worth, 1, rule)[0]:
        whole = Estimate(whole.value, n=whole.n)
    whole = whole.named(
        "Brought by a new customer", kind="money", better="up", fact=f"new_customer.{months}"
    )
    there = set(names)
    unknown = tuple(k for k in cost if k not in there) if isinstance(cost, Mapping) else ()
    return NewCustomerValue(_shown(table, by, margin), whole, by, months, margin, unknown)


def _brought(margin: float) -> str:
    return "Sales per customer" if margin == 1 else "Margin per customer"


def _groups(
    own: pd.DataFrame, by: str, worth: Array, rule: CellRule
) -> tuple[np.ndarray, Sequence[str]]:
    """Give each customer a group, the small ones together."""
    if not by:
        return np.zeros(len(own), dtype=np.intp), [ANYBODY]
    named = own[by].astype("string").fillna(OTHERS).astype(str)
    sizes = named.value_counts()
    names = sorted(sizes.index, key=lambda g: (-int(sizes[g]), g))
    codes = pd.Index(names).get_indexer(named)
    small: Mask = pool_smallest(Sums.of(codes, worth, len(names)), rule)
    if small.all():
        return np.zeros(len(own), dtype=np.intp), [ANYBODY]
    if small.any() and OTHERS in names:
        small[names.index(OTHERS)] = True
    told, codes = put_together(names, codes, small, OTHERS)
    return codes, told


def _cost(cost: float | Mapping[str, float] | None, name: str) -> float | None:
    """Give what winning one of a group costs; nothing given, or zero, is not known."""
    found = cost.get(name) if isinstance(cost, Mapping) else cost
    return float(found) if found else None


def _back(grown: Array, cost: float, unsure: bool) -> dict[str, float]:
    """Tell in which month the mean, and the ends of its interval, reach the cost."""
    means = [mean_interval(grown[:, k]) for k in range(grown.shape[1])]
    found = {}
    for name, path in (
        ("back", [m.value for m in means]),
        ("back_low", [m.high for m in means]),
        ("back_high", [m.low for m in means]),
    ):
        reached = np.flatnonzero(np.array(path) >= cost)
        hidden = unsure and name != "back"
        found[name] = float(reached[0]) if reached.size and not hidden else np.nan
    return found


def _shown(table: pd.DataFrame, by: str, margin: float) -> pd.DataFrame:
    money = {
        "cost": ("Cost of winning one", "money:2"), "net": ("Less that cost", "money:2"),
        "back": ("Cost is back in month (0: the first order's)", "number:0"),
    }  # fmt: skip
    return labelled(
        table, group=by or "Group", n="Customers", first=("Month of the first order", "money:2"),
        value=(_brought(margin), "money:2"), gap=("More than others", "money:2"),
        p=("Corrected p", "p"), **{k: v for k, v in money.items() if k in table},
    )  # fmt: skip
