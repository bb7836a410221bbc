"""Share of wallet: how much of what customers spend on such things, wherever, they spend here.

References
----------
Cooil, Keiningham, Aksoy, Hsu (2007), A longitudinal analysis of customer satisfaction and share of
wallet, Journal of Marketing 71(1), 67-83; Fieller (1954), JRSS B 16(2), 175-185.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.products.items import named
from workbench.results import Advice, Estimate, Finding, Picture, Result, labelled
from workbench.results.drawing import row_bars
from workbench.stats.disclosure import (
    OTHER_GROUPS,
    Sums,
    interval_sensitive,
    pool_smallest,
    put_together,
    rule_of,
    sensitive,
)
from workbench.stats.intervals import normal_quantile, ratio_interval
from workbench.study import CellRule

ALL: Final = "All customers"
_FEWEST: Final = 20

SHARE = (
    "Of what {n} customers spend on such things in a year, {share} is spent here; {open} is spent"
    " elsewhere"
)
LEAST = "Least of their spending have those of {group} here: {share}; {open} of theirs is open"
MORE = "{k} of {n} customers spend more here than the potential known of them: {k} are too low"
DO = "Offer those of {group} what they buy elsewhere: {open} a year is open with them"


@dataclass(frozen=True)
class Wallet(Result):
    """Share of wallet of all customers whose potential is known, and by group.

    Attributes
    ----------
    table : DataFrame
        All customers first, then one row a group: group, n, share, share_low, share_high (Fieller),
        open, open_low, open_high (potential less what is spent here, added up).
    beyond : int
        Customers who spend more here than their potential says.
    """

    table: pd.DataFrame
    beyond: int

    def estimates(self) -> dict[str, Estimate]:
        """Share of wallet of all, and by group."""
        return {
            f"wallet.{row['group']}": self._of(row, "share").named("Share of wallet")
            for _, row in self.table.iterrows()
        }

    @staticmethod
    def _of(row: pd.Series, name: str) -> Estimate:
        return Estimate.of_row(row, name, kind="percent" if name == "share" else "money")

    def findings(self) -> list[Finding]:
        """Say which share is spent here, and with which group most of it is not."""
        first = self.table.iloc[0]
        values = {"n": int(first["n"]), "share": self._of(first, "share"),
                  "open": self._of(first, "open")}  # fmt: skip
        said = [Finding("products.wallet", SHARE, values)]
        groups = self.table.iloc[1:]
        groups = groups[groups["group"] != OTHER_GROUPS]
        apart = groups[groups["share_high"] < first["share_low"]]
        if len(apart):
            row = apart.nlargest(1, "open").iloc[0]
            open_ = self._of(row, "open")
            values = {"group": named(row["group"]), "share": self._of(row, "share"), "open": open_}
            said.append(Finding("products.wallet.least", LEAST, values, money=open_,
                                advice=Advice(DO, 5)))  # fmt: skip
        if self.beyond:
            values = {"k": self.beyond, "n": int(first["n"])}
            said.append(Finding("products.wallet.beyond", MORE, values, severity="warning"))
        return said

    def picture(self) -> Picture:
        """Draw the share of each group."""
        return Picture(
            self.plot, "How much of their spending is spent here",
            "Share of what customers spend on such things in a year; 95% confidence intervals",
            self.table,
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one bar a group, all customers first."""
        say = speak(language)
        return row_bars(self.table, "group", "share", say("Share of wallet"), ax, say)


def wallet(
    spend: pd.Series,
    potential: pd.Series,
    group: pd.Series | None = None,
    *,
    min_cell: CellRule | int = 5,
) -> Wallet:
    """Set what customers spend here beside what they could.

    Parameters
    ----------
    spend : Series
        What each customer spent here in a year, by customer_id; who is not there spent nothing.
    potential : Series
        What each spends in a year on such things, wherever: above zero.
    group : Series, optional
        Group of each customer.
    min_cell : CellRule or int
        Groups of fewer customers, or of which one holds nearly all, are put together.

    Raises
    ------
    DataError
        Too few customers have a potential, or one holds nearly all of it.
    """
    known = pd.to_numeric(potential, errors="coerce")
    known = known[~known.index.duplicated() & (known > 0)].astype(float)
    rule = rule_of(min_cell)
    if len(known) < max(_FEWEST, rule.min_cell):
        raise DataError(
            f"{len(known)} customers have a potential", where="share of wallet",
            remedy="map `potential` of the accounts, or name its column under `offers`",
        )  # fmt: skip
    here = spend.reindex(known.index).fillna(0.0).clip(lower=0.0)
    x, y = here.to_numpy(dtype=float), known.to_numpy(dtype=float)
    if (buyers := int((x > 0).sum())) < max(_FEWEST, rule.min_cell):
        # another business than that of the log, or other numbers of the same customers
        raise DataError(
            f"{buyers} of {len(known)} customers with a potential buy in the log",
            where="share of wallet",
            remedy="see whether both tables number customers alike",
        )
    if sensitive(y, rule) or sensitive(x, rule):
        raise DataError("one customer holds nearly all of the potential", where="share of wallet",
                        remedy="wait for more customers")  # fmt: skip
    rows = [_row(ALL, x, y, unsure=False)]
    groups = None if group is None else group.reindex(known.index).dropna().astype(str)
    if groups is not None and len(groups.unique()) > 1:
        names = sorted(groups.unique())
        inside = known.index.isin(groups.index)
        code = pd.Index(names).get_indexer(groups.reindex(known.index[inside]))
        u, v = x[inside], y[inside]
        small = pool_smallest(Sums.of(code, v, len(names)), rule)
        small |= Sums.of(code, u, len(names)).sensitive(rule)
        if small.sum() == 1:  # the rest would tell of it
            small[np.argmin(np.where(small, np.inf, np.bincount(code, minlength=len(names))))] = (
                True
            )
        told, place = put_together(names, code, small)
        unsure = interval_sensitive(place, v, len(told), rule)
        if len(told) > 1:
            for j, name in enumerate(told):
                rows.append(_row(name, u[place == j], v[place == j], unsure=bool(unsure[j])))
    table = labelled(
        pd.DataFrame(rows), group="Segment", n="Customers", share=("Share of wallet", "percent"),
        open=("Spent elsewhere, a year", "money"),
    )  # fmt: skip
    return Wallet(table, int((x > y).sum()))


def _row(name: str, x: np.ndarray, y: np.ndarray, *, unsure: bool) -> dict[str, object]:
    share, left = ratio_interval(x, y), np.maximum(y - x, 0)
    half = (
        normal_quantile(0.95) * float(left.std(ddof=1)) * np.sqrt(len(left))
        if len(y) > 1
        else np.nan
    )
    half = np.nan if unsure else half
    ends = (np.nan, np.nan) if unsure else (max(share.low, 0.0), share.high)
    total = float(left.sum())
    return {"group": name, "n": len(x), "share": share.value, "share_low": ends[0],
            "share_high": ends[1], "open": total, "open_low": total - half,
            "open_high": total + half}  # fmt: skip
