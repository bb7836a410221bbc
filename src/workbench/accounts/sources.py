"""Where leads and opportunities come from, what comes of them, and why opportunities are lost.

References
----------
Newcombe (1998), Statistics in Medicine 17, 873-890; Holm (1979), Scandinavian Journal of Statistics
6, 65-70.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from workbench.accounts.conversion import FEWEST, accounts_behind
from workbench.errors import DataError, require_columns
from workbench.languages import Language, speak
from workbench.results import (
    Advice,
    Estimate,
    Finding,
    Picture,
    Result,
    labelled,
    named_estimates,
)
from workbench.results.drawing import row_bars
from workbench.stats.disclosure import Sums, Withheld, rule_of, told_withheld, withhold
from workbench.stats.intervals import against_others, wilson
from workbench.stats.multiplicity import holm
from workbench.study import CellRule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

What = Literal["opportunities", "leads"]

BEST = {
    "opportunities": (
        "Opportunities from {source} are won more often than others: {share} within {days} days,"
        " {gap} more"
    ),
    "leads": (
        "Leads from {source} become customers more often than others: {share} within {days} days,"
        " {gap} more"
    ),
}
ALIKE = {
    "opportunities": "No source of opportunities is clearly better or worse than the others",
    "leads": "No source of leads is clearly better or worse than the others",
}
MORE_OF_IT = (
    "Ask for more from {source}, and watch whether the share holds: what is sought out may differ"
    " from what came by itself"
)
TITLES = {
    "opportunities": (
        "Where won opportunities come from",
        "Share of the opportunities won within {days} days of being opened, by source; 95%"
        " confidence intervals",
    ),
    "leads": (
        "Where good leads come from",
        "Share of the leads that became customers within {days} days, by source; 95% confidence"
        " intervals",
    ),
}
WHY = (
    "Most opportunities are lost for this reason: {reason}, {share} of those whose reason is known"
)
WHY_WORTH = (
    "Most opportunities are lost for this reason: {reason}, {share} of those whose reason is known,"
    " worth {money}"
)
UNKNOWN = "For {share} of the lost opportunities no reason is recorded"
ASK_WHY = "Ask those who gave the reason {reason} what would have changed their mind"


@dataclass(frozen=True)
class Sources(Result):
    """Leads or opportunities by where they came from.

    Attributes
    ----------
    table : DataFrame
        One row a source, the most frequent first: source, n (seen for long enough), share (that
        came to something within `days`) with `_low` and `_high`, gap (to all others) with `_low`,
        `_high`, p (Holm).
    what : {"opportunities", "leads"}
    days : int
    hidden : Withheld
    names : tuple of str
        All sources, also those not shown.
    """

    table: pd.DataFrame
    what: What
    days: int
    hidden: Withheld
    names: tuple[str, ...]

    def estimates(self) -> dict[str, Estimate]:
        """Share by source."""
        return named_estimates(self.table, "source", estimate="share", kind="percent")

    def findings(self) -> list[Finding]:
        """Say which source is best."""
        key, t = f"accounts.sources.{self.what}", self.table
        clear = t[(t["p"] < 0.05) & (t["gap"] > 0)].sort_values("gap", ascending=False)
        if clear.empty:
            said = [Finding(key, ALIKE[self.what])] if len(t) > 1 else []
        else:
            best = clear.iloc[0]
            gap = Estimate.of_row(best, "gap", kind="points", unit="%", signed=False)
            values = {
                "source": str(best["source"]), "days": self.days, "gap": gap,
                "share": Estimate.of_row(best, "share", kind="percent"),
            }  # fmt: skip
            said = [Finding(key, BEST[self.what], values, estimates={"gap": gap},
                            advice=Advice(MORE_OF_IT, 5))]  # fmt: skip
        return said + told_withheld(self.hidden, self.names, f"{key}.hidden")

    def picture(self) -> Picture | None:
        """Draw the shares."""
        if self.table.empty:
            return None
        return Picture(self.plot, *TITLES[self.what], self.table, {"days": self.days})

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one bar a source."""
        say = speak(language)
        return row_bars(self.table, "source", "share", say("Share"), ax, say)


@dataclass(frozen=True)
class LossReasons(Result):
    """Why opportunities were lost.

    Attributes
    ----------
    table : DataFrame
        One row a reason, the most frequent first: reason, n, share (of those lost whose reason is
        known) with `_low` and `_high`; amount (lost for it; missing where one account holds most
        of it).
    lost, unknown : int
        Lost opportunities; those of them without a reason.
    currency : str
    hidden : Withheld
    names : tuple of str
    """

    table: pd.DataFrame
    lost: int
    unknown: int
    currency: str
    hidden: Withheld
    names: tuple[str, ...]

    def estimates(self) -> dict[str, Estimate]:
        """Share by reason."""
        return named_estimates(self.table, "reason", estimate="share", kind="percent")

    def findings(self) -> list[Finding]:
        """Say why most are lost, and for how many nobody knows."""
        said = []
        if len(self.table):
            first = self.table.iloc[0]
            worth = float(first["amount"])
            money = Estimate(worth, n=float(first["n"]), kind="money", unit=self.currency)
            known = np.isfinite(worth) and worth > 0
            values = {
                "reason": str(first["reason"]),
                "share": Estimate.of_row(first, "share", kind="percent"),
            } | ({"money": money} if known else {})  # fmt: skip
            said.append(
                Finding(
                    "accounts.reasons", WHY_WORTH if known else WHY, values,
                    money=money if known else None, advice=Advice(ASK_WHY, 5),
                )
            )  # fmt: skip
        if self.unknown > 0.2 * self.lost:
            share = Estimate(self.unknown / self.lost, kind="percent")
            said.append(
                Finding("accounts.reasons.unknown", UNKNOWN, {"share": share}, severity="warning")
            )
        return said + told_withheld(self.hidden, self.names, "accounts.reasons.hidden")

    def picture(self) -> Picture | None:
        """Draw the shares of the reasons."""
        if self.table.empty:
            return None
        return Picture(
            self.plot, "Why opportunities are lost",
            "Share of the lost opportunities whose reason is known; 95% confidence intervals",
            self.table,
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one bar a reason."""
        say = speak(language)
        return row_bars(self.table, "reason", "share", say("Share of the lost"), ax, say)


def sources(
    frame: pd.DataFrame,
    *,
    as_of: dt.date,
    what: What = "opportunities",
    days: int = 180,
    min_cell: CellRule | int = 5,
) -> Sources:
    """Compare sources by what came of them, each followed for the same number of days.

    Parameters
    ----------
    frame : DataFrame
        Opportunities (opened, closed, outcome, customer_id, opportunity_id, source) or leads
        (created, converted, converted_on, source).
    as_of : date
    what : {"opportunities", "leads"}
    days : int
    min_cell : CellRule or int
        Sources of fewer accounts are not shown.

    Raises
    ------
    DataError
        Too few have a source and were seen for so long.
    """
    today, span = pd.Timestamp(as_of), pd.Timedelta(days=days)
    if what == "leads":
        require_columns(frame, ("created", "converted", "converted_on", "source"), "the leads have")
        since, good = frame["created"], frame["converted"].fillna(False).astype(bool)
        end, behind = frame["converted_on"].where(good), frame["lead_id"]
    else:
        need = ("opened", "closed", "outcome", "customer_id", "opportunity_id", "source")
        require_columns(frame, need, "the opportunities have")
        since, good = frame["opened"], frame["outcome"] == "won"
        end, behind = frame["closed"].where(good), accounts_behind(frame)
    # an end on a day that nobody knows counts as soon
    soon = good & ~(end > since + span)
    seen = frame["source"].notna() & (since <= today - span)
    own = pd.DataFrame({"source": frame["source"], "soon": soon, "behind": behind})[seen]
    if len(own) < FEWEST:
        raise DataError(
            f"{len(own)} {what} with a source were seen for {days} days",
            remedy="ask for fewer days, or wait",
        )
    counts = own["source"].astype(str).value_counts()
    names = sorted(counts.index, key=lambda s: (-int(counts[s]), s))
    code = pd.Index(names).get_indexer(own["source"].astype(str))
    n, k = np.bincount(code), np.bincount(code, own["soon"])
    hidden = withhold(_cells(code, own["behind"], len(names)), rule_of(min_cell))
    low, high = wilson(k, n)
    gaps, rows = against_others(k, n), []
    for j, name in enumerate(names):
        if hidden.cells[j]:
            continue
        gap = gaps[j]
        rows.append(
            {"source": name, "n": int(n[j]), "share": k[j] / n[j], "share_low": low[j],
             "share_high": high[j], "gap": gap.value, "gap_low": gap.low, "gap_high": gap.high,
             "p": gap.p}
        )  # fmt: skip
    columns = ["source", "n", "share", "share_low", "share_high", "gap", "gap_low", "gap_high", "p"]
    table = pd.DataFrame(rows, columns=columns)
    table["p"] = holm(table["p"]) if len(table) else table["p"]
    label = "Opportunities" if what == "opportunities" else "Leads"
    share = "Won" if what == "opportunities" else "Became customers"
    return Sources(
        labelled(table, source="Source", n=label, share=(share, "percent"),
                 gap=("Difference to the others", "percent:1"), p=("Corrected p", "p")),
        what, days, hidden, tuple(names),
    )  # fmt: skip


def loss_reasons(
    deals: pd.DataFrame, *, min_cell: CellRule | int = 5, currency: str = ""
) -> LossReasons:
    """Count why opportunities were lost.

    Parameters
    ----------
    deals : DataFrame
        outcome, reason, amount, customer_id, opportunity_id.
    min_cell : CellRule or int
        Reasons given by fewer accounts, or for sums of which one account holds most, are not shown.
    currency : str

    Raises
    ------
    DataError
        No lost opportunity has a reason.
    """
    need = ("outcome", "reason", "amount", "customer_id", "opportunity_id")
    require_columns(deals, need, "the opportunities have")
    lost = deals[deals["outcome"] == "lost"]
    told = lost[lost["reason"].notna()]
    if told.empty:
        raise DataError("no lost opportunity has a reason", remedy="map the column `reason`")
    counts = told["reason"].astype(str).value_counts()
    names = sorted(counts.index, key=lambda r: (-int(counts[r]), r))
    code = pd.Index(names).get_indexer(told["reason"].astype(str))
    rule, k = rule_of(min_cell), len(names)
    n = np.bincount(code)
    hidden = withhold(_cells(code, accounts_behind(told), k), rule)
    each = told["amount"].fillna(0.0).groupby([code, accounts_behind(told).to_numpy()]).sum()
    cells = Sums.of(each.index.get_level_values(0).to_numpy(), each.to_numpy(), k)
    # of what is shown by numbers alone, the money may still be one account's
    unsure = withhold(cells, rule).cells | hidden.cells
    amount = np.where(unsure, np.nan, np.bincount(code, told["amount"].fillna(0.0), k))
    low, high = wilson(n, np.full(k, n.sum()))
    table = pd.DataFrame(
        {"reason": names, "n": n, "share": n / n.sum(), "share_low": low, "share_high": high,
         "amount": amount}
    )[~hidden.cells].reset_index(drop=True)  # fmt: skip
    return LossReasons(
        labelled(table, reason="Reason", n="Opportunities lost",
                 share=("Share of the lost", "percent"),
                 amount=("Amount lost", f"money:{currency}" if currency else "money")),
        len(lost), len(lost) - len(told), currency, hidden, tuple(names),
    )  # fmt: skip


def _cells(code: np.ndarray, behind: pd.Series, k: int) -> Sums:
    """Take the accounts behind each group, counted."""
    pairs = pd.DataFrame({"code": code, "who": behind.to_numpy()}).drop_duplicates()
    return Sums.counted(np.bincount(pairs["code"], minlength=k))
