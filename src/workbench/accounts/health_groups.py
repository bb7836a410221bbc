"""Health of accounts by groups, and whom of the weak somebody has been to see.

References
----------
Wilson (1927), JASA 22, 209-212; Newcombe (1998), Statistics in Medicine 17, 873-890 (differences of
shares); Holm (1979).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from workbench.accounts.health import CLASSES
from workbench.accounts.key_accounts import size_class
from workbench.errors import DataError, require_columns
from workbench.languages import Language, speak
from workbench.results import Advice, Estimate, Finding, Picture, Result, labelled
from workbench.results.drawing import interval_dots
from workbench.stats.disclosure import Sums, pool_groups, rule_of, withhold_together
from workbench.stats.intervals import against_others, proportion_interval, wilson
from workbench.stats.multiplicity import holm
from workbench.study import CellRule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: What accounts are put into groups by.
BY = ("industry", "size", "region", "owner_role")

WORSE = (
    "{group}: {share} of the accounts score as weak, {gap} more than of the others; of all"
    " accounts {all} do"
)
ALIKE = "No group of accounts is clearly weaker than the others; of all accounts {all} are weak"
ALONE = (
    "{share} of the weak accounts ({n}) have been visited in the last {days} days, and {strong} of"
    " the others"
)
GO = "Visit the weak accounts that nobody has visited; the list is in the study's folder"


@dataclass(frozen=True)
class HealthGroups(Result):
    """Shares of weak accounts by group.

    Attributes
    ----------
    table : DataFrame
        One row a group: by, group, n, weak, visited (share visited in the last `days`; missing
        where no visits are kept) with `_low` and `_high`; gap to all others, with `gap_low`,
        `gap_high` and p (Holm).
    all : Estimate
        Share of weak accounts of all.
    seen, others : Estimate or None
        Share of the weak accounts, and of the others, that were visited.
    days : int
    """

    table: pd.DataFrame
    all: Estimate
    seen: Estimate | None
    others: Estimate | None
    days: int

    def estimates(self) -> dict[str, Estimate]:
        """Share of weak accounts, of all and by group."""
        return {"all": self.all} | {
            f"{row['by']}: {row['group']}": Estimate.of_row(
                row, "weak", kind="percent", label=str(row["group"])
            )
            for _, row in self.table.iterrows()
        }

    def findings(self) -> list[Finding]:
        """Name the weakest group, and say whether anybody goes to see the weak."""
        t, whole = self.table, self.all
        worse = t[(t["p"] < 0.05) & (t["gap"] > 0)]
        if len(worse):
            row = worse.nlargest(1, "gap").iloc[0]
            gap = Estimate.of_row(row, "gap", p=float(row["p"]), kind="points", unit="%")
            values: dict[str, object] = {
                "group": str(row["group"]), "gap": gap, "all": whole,
                "share": Estimate.of_row(row, "weak", kind="percent"),
            }  # fmt: skip
            said = [Finding("accounts.health.group", WORSE, values, severity="warning",
                            estimates={"gap": gap})]  # fmt: skip
        else:
            said = [Finding("accounts.health.group", ALIKE, {"all": whole})]
        if self.seen is not None and self.others is not None:
            values = {"share": self.seen, "n": int(self.seen.n or 0), "days": self.days,
                      "strong": self.others}  # fmt: skip
            missed = self.seen.high < 0.95
            said.append(Finding("accounts.health.visited", ALONE, values,
                                estimates={"visited": self.seen},
                                advice=Advice(GO, 3) if missed else None))  # fmt: skip
        return said

    def picture(self) -> Picture | None:
        """Draw the shares of weak accounts."""
        if self.table.empty:
            return None
        return Picture(
            self.plot, "Where accounts are weak",
            "Share of the accounts that score as weak, by group; 95% confidence intervals",
            self.table,
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one dot a group; the line is the share of all."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table.head(20).iloc[::-1].reset_index(drop=True)
        ax.axvline(float(self.all.value), color="0.4", linewidth=1, linestyle=":")
        names = [say.name(group) for group in t["group"]]
        interval_dots(ax, names, t["weak"], t["weak_low"], t["weak_high"], say("Weak"))
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        return ax


def health_groups(
    scores: pd.DataFrame,
    about: pd.DataFrame,
    *,
    as_of: dt.date,
    visits: pd.DataFrame | None = None,
    days: int = 180,
    min_cell: CellRule | int = 5,
) -> HealthGroups:
    """Count the weak accounts of each group, and those of them that were visited.

    Parameters
    ----------
    scores : DataFrame
        customer_id, health: see `Health.scores`.
    about : DataFrame
        customer_id, and what is known of industry, size, region, owner_role.
    as_of : date
    visits : DataFrame, optional
        customer_id, date.
    days : int
        How far back a visit counts.
    min_cell : CellRule or int
        Smaller groups, and those of which others would follow, are put together or left out.

    Raises
    ------
    DataError
        Too few accounts, or nothing by which to put them into groups.
    """
    require_columns(scores, ("customer_id", "health"), "the scores have")
    rule, today = rule_of(min_cell), pd.Timestamp(as_of)
    facts = about.drop_duplicates("customer_id").set_index("customer_id")
    each = scores.set_index("customer_id")[["health"]].join(facts[[c for c in BY if c in facts]])
    weak = (each["health"] == CLASSES[0]).to_numpy(dtype=float)
    if min(weak.sum(), len(weak) - weak.sum()) < max(rule.min_cell, 1):
        raise DataError("too few accounts are weak, or too few are not, to tell of groups")
    if "size" in each:
        each["size"] = size_class(each["size"])
    came = None
    if visits is not None and len(visits):
        lately = visits[
            (visits["date"] <= today) & (visits["date"] > today - pd.Timedelta(days, "D"))
        ]
        came = each.index.isin(lately["customer_id"]).astype(float)
    rows: list[dict[str, object]] = []
    one = np.ones(len(each))
    for by in (c for c in BY if c in each and 1 < each[c].nunique() <= 40):
        group = each[by].dropna().astype(str)
        names = tuple(group.value_counts().sort_index(kind="stable").index)
        code = pd.Index(names).get_indexer(each[by].astype(str).where(each[by].notna(), "\0"))
        names, code = pool_groups(names, code, [one], rule)
        hidden = withhold_together([Sums.of(code, one, len(names))], rule).cells
        shown = [j for j in range(len(names)) if not hidden[j]]
        if len(shown) < 2:
            continue
        n = np.array([(code == j).sum() for j in shown])
        bad = np.array([weak[code == j].sum() for j in shown])
        low, high = wilson(bad, n)
        gaps = against_others(bad, n)
        for i, j in enumerate(shown):
            row: dict[str, object] = {
                "by": by, "group": names[j], "n": int(n[i]), "weak": bad[i] / n[i],
                "weak_low": low[i], "weak_high": high[i], "gap": gaps[i].value,
                "gap_low": gaps[i].low, "gap_high": gaps[i].high, "p": gaps[i].p,
                "visited": np.nan, "visited_low": np.nan, "visited_high": np.nan,
            }  # fmt: skip
            if came is not None:
                share = proportion_interval(came[code == j].sum(), n[i])
                row |= {"visited": share.value, "visited_low": share.low,
                        "visited_high": share.high}  # fmt: skip
            rows.append(row)
    if not rows:
        raise DataError("nothing is known by which accounts could be put into groups")
    table = pd.DataFrame(rows)
    table["p"] = holm(table["p"].to_numpy(dtype=float))
    table = labelled(
        table, group="Group", n="Accounts", weak=("Weak", "percent"),
        visited=("Visited lately", "percent"), gap=("More than of the others", "points"),
        p=("Corrected p", "p"),
    )  # fmt: skip
    seen = others = None
    if came is not None:
        seen, others = (
            proportion_interval(came[mine].sum(), mine.sum()).named(label, kind="percent")
            for mine, label in ((weak > 0, "Weak accounts visited"),
                                (weak == 0, "Other accounts visited"))
        )  # fmt: skip
    whole = proportion_interval(weak.sum(), len(weak)).named("Weak accounts", kind="percent")
    return HealthGroups(table, whole, seen, others, days)
