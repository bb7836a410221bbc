"""What became of the customers who were asked again: how many, how fast, and what helped.

References
----------
Newcombe (1998), Statistics in Medicine 17, 873-890 (differences of shares); Holm (1979),
Scandinavian Journal of Statistics 6, 65-70.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from workbench.errors import DataError, require_columns
from workbench.languages import Language, speak
from workbench.results import Advice, Estimate, Finding, Picture, Result, labelled
from workbench.results.drawing import interval_dots
from workbench.service.groups import require_people
from workbench.stats.disclosure import Sums, Withheld, rule_of, told_withheld, withhold
from workbench.stats.intervals import against_others, proportion_interval, wilson
from workbench.stats.multiplicity import holm
from workbench.stats.survival import quantile_times
from workbench.study import CellRule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Fewest closed cases of which it is told what helped.
FEWEST: Final = 20

ASKED: Final = "{n} customers were to be asked again; {closed} cases are closed and {open} open"
LATE: Final = "{late} of the {open} open cases are beyond the day on which they were due"
CLOSE: Final = "Close the {late} cases that are overdue, the oldest first"
FAST: Final = "Half of the cases are closed within {median} days"
IN_TIME: Final = "{share} of the cases that were due are closed by their day"
SETTLED: Final = "{share} of the closed cases are settled for the customer"
HELPED: Final = (
    "“{action}” settles more cases than what else is done: {share}, {gap} more; who got what was"
    " random"
)
GOES_WITH: Final = (
    "Where “{action}” was done more cases are settled than elsewhere: {share}, {gap} more. That"
    " is a link and no proof: the easier cases may have got it"
)
ALIKE: Final = "That one way settles more cases than another was not shown"
DO_MORE: Final = "Choose “{action}” first, where it can be had"
TRY: Final = "Let chance decide between the ways for the next cases, and compare"


@dataclass(frozen=True)
class FollowUps(Result):
    """Cases of a closed loop.

    Attributes
    ----------
    table : DataFrame
        One row a way of asking again: action, n (closed cases), settled (share of them) with
        `_low` and `_high`, gap (to all other ways) with `_low`, `_high`, p (Holm).
    n, open, late : int
        Cases; those that are open, and beyond their day.
    median : Estimate
        Days within which half are closed; open ones count.
    in_time, settled : Estimate
        Shares: closed by their day, of those that were due; settled, of those that are closed.
    by_lot : bool
    hidden : Withheld
    names : tuple of str
    """

    table: pd.DataFrame
    n: int
    open: int
    late: int
    median: Estimate
    in_time: Estimate
    settled: Estimate
    by_lot: bool
    hidden: Withheld
    names: tuple[str, ...]

    def estimates(self) -> dict[str, Estimate]:
        """Give how fast cases are closed, and how many are settled."""
        found = {"closed_in_time": self.in_time, "settled": self.settled,
                 "days_to_close": self.median}  # fmt: skip
        return {name: each for name, each in found.items() if np.isfinite(each.value)}

    def findings(self) -> list[Finding]:
        """Say how many, how fast, and what helped."""
        told = {"n": self.n, "closed": self.n - self.open, "open": self.open, "late": self.late}
        said = [Finding("service.follow_up", ASKED, told)]
        if self.late:
            said.append(
                Finding("service.follow_up.late", LATE, told, severity="warning",
                        advice=Advice(CLOSE, 3))
            )  # fmt: skip
        for key, message, name, value in (
            ("fast", FAST, "median", self.median), ("in_time", IN_TIME, "share", self.in_time),
            ("settled", SETTLED, "share", self.settled),
        ):  # fmt: skip
            if np.isfinite(value.value):
                said.append(
                    Finding(f"service.follow_up.{key}", message, {name: value},
                            estimates={key: value})
                )  # fmt: skip
        if len(self.table) > 1:
            said.append(self._what_helps())
        return said + told_withheld(self.hidden, self.names, "service.follow_up.hidden")

    def _what_helps(self) -> Finding:
        t = self.table
        clear = t[(t["p"] < 0.05) & (t["gap"] > 0)].sort_values("gap", ascending=False)
        key = "service.follow_up.helps"
        if clear.empty:
            return Finding(key, ALIKE, advice=None if self.by_lot else Advice(TRY, 6))
        best = clear.iloc[0]
        gap = Estimate.of_row(best, "gap", kind="points", unit="%", signed=False)
        values = {"action": str(best["action"]), "gap": gap,
                  "share": Estimate.of_row(best, "settled", kind="percent")}  # fmt: skip
        return Finding(
            key, HELPED if self.by_lot else GOES_WITH, values, estimates={"gap": gap},
            verdict="helps" if self.by_lot else "goes together",
            advice=Advice(DO_MORE if self.by_lot else TRY, 5),
        )  # fmt: skip

    def picture(self) -> Picture | None:
        """Draw the share settled by what was done."""
        if self.table.empty:
            return None
        return Picture(
            self.plot, "What settles a case",
            "Share of the closed cases that are settled for the customer, by what was done; 95%"
            " confidence intervals",
            self.table,
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one dot a way."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table.iloc[::-1]
        names = [say.name(name) for name in t["action"]]
        ends = (t["settled_low"], t["settled_high"])
        interval_dots(ax, names, t["settled"], *ends, say("Share settled"))
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        return ax


def follow_ups(
    cases: pd.DataFrame, *, as_of: dt.date, by_lot: bool = False, min_cell: CellRule | int = 5
) -> FollowUps:
    """Count the cases of a closed loop, how fast they are closed, and what settles them.

    Parameters
    ----------
    cases : DataFrame
        One row a case: customer_id, opened, closed (missing while it is open), and where they are
        known due, action, settled.
    as_of : date
    by_lot : bool
        Whether what was done was drawn by lot: only then does a difference say what helps.
    min_cell : CellRule or int

    Raises
    ------
    DataError
        There are no cases, or they are of too few customers.
    """
    require_columns(cases, ("customer_id", "opened", "closed"), "the follow-ups have")
    today, rule = pd.Timestamp(as_of), rule_of(min_cell)
    known = cases[cases["opened"] <= today]
    if known.empty:
        raise DataError("nobody was to be asked again", remedy="run `workbench follow-up`")
    require_people(known, rule)
    closed = known["closed"].where(known["closed"] <= today)
    done = closed.notna()
    waited = (closed.fillna(today) - known["opened"]).dt.days.clip(lower=0)
    time = np.asarray(waited, dtype=float)
    median = quantile_times(time, done.to_numpy(), [0.5], clusters=known["opened"].to_numpy())[0]
    nothing = Estimate(float("nan"), n=0.0, kind="percent")
    in_time, late = nothing, 0
    if "due" in known and known["due"].notna().any():
        due = known["due"]
        # what is due today can still be closed in time
        judged = due.notna() & ((due < today) | done)
        kept = (done & (closed <= due))[judged]
        late = int((~done & (due < today)).sum())
        if judged.any():
            in_time = proportion_interval(int(kept.sum()), int(judged.sum()))
    told = known.assign(done=done)
    settled, table, hidden = nothing, _nothing(), _none_hidden()
    names: tuple[str, ...] = ()
    if "settled" in known:
        ended = told[done & told["settled"].notna()]
        if len(ended) >= FEWEST:
            yes = ended["settled"].astype(bool)
            settled = proportion_interval(int(yes.sum()), len(ended))
            if "action" in ended and ended["action"].notna().any():
                table, hidden, names = _ways(ended[ended["action"].notna()], rule)
    return FollowUps(
        labelled(
            table, action="What was done", n="Closed cases", settled=("Settled", "percent"),
            gap=("Difference to the others", "percent:1"), p=("Corrected p", "p"),
        ),
        len(known), int((~done).sum()), late,
        median.named("Days until half of the cases are closed", better="down", digits=1),
        in_time.named("Cases closed by their day", kind="percent", better="up"),
        settled.named("Cases settled", kind="percent", better="up"),
        by_lot, hidden, names,
    )  # fmt: skip


def _nothing() -> pd.DataFrame:
    columns = ["action", "n", "settled", "settled_low", "settled_high", "gap", "gap_low",
               "gap_high", "p"]  # fmt: skip
    return pd.DataFrame(columns=columns)


def _none_hidden() -> Withheld:
    return withhold(Sums.counted(np.zeros(0, dtype=int)), rule_of(1))


def _ways(ended: pd.DataFrame, rule: CellRule) -> tuple[pd.DataFrame, Withheld, tuple[str, ...]]:
    counts = ended["action"].astype(str).value_counts()
    names = tuple(sorted(counts.index, key=lambda a: (-int(counts[a]), a)))
    code = pd.Index(names).get_indexer(ended["action"].astype(str))
    n = np.bincount(code, minlength=len(names))
    k = np.bincount(code, ended["settled"].astype(float), minlength=len(names))
    people = ended.groupby(code)["customer_id"].nunique().to_numpy()
    hidden = withhold(Sums.counted(people), rule)
    low, high = wilson(k, n)
    gaps = against_others(k, n) if len(names) > 1 else [Estimate(np.nan, n=0.0)]
    rows = [
        {"action": name, "n": int(n[j]), "settled": k[j] / n[j], "settled_low": low[j],
         "settled_high": high[j], "gap": gaps[j].value, "gap_low": gaps[j].low,
         "gap_high": gaps[j].high, "p": gaps[j].p}
        for j, name in enumerate(names) if not hidden.cells[j]
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=_nothing().columns)
    if len(names) > 2:  # of two the gaps are one comparison
        table["p"] = holm(table["p"]) if len(table) else table["p"]
    return table, hidden, names
