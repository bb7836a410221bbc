"""What becomes of opportunities: won, lost or still open, how fast, and in which stage.

References
----------
Aalen, Johansen (1978), Scandinavian Journal of Statistics 5(3), 141-150; Putter, Fiocco, Geskus
(2007), Tutorial in biostatistics: competing risks and multi-state models, Statistics in Medicine
26(11), 2389-2430.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from workbench.errors import DataError, require_columns
from workbench.languages import Language, speak
from workbench.results import Advice, Estimate, Finding, Picture, Result, labelled
from workbench.stats.disclosure import rule_of, sensitive
from workbench.stats.survival import aalen_johansen, at_time, kaplan_meier, median_time
from workbench.study import CellRule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Fewest opportunities of a stage, and of all, of which something is told.
FEWEST = 20

ENDS = (
    "Of {n} opportunities {won} are won within {days} days of being opened, and {lost} are lost;"
    " the others are open longer"
)
WEAKEST = (
    "Most is lost in the stage {stage}: {lost} of the opportunities that enter it are lost there"
    " within {days} days"
)
NO_LOG = (
    "When each opportunity entered its stages is not recorded: in which stage they wait and are"
    " lost is not known; a table of stages would tell"
)
OVERDUE = (
    "{n} of {open} open opportunities have been open for longer than nine in ten of those that were"
    " won took ({days} days)"
)
OVERDUE_WORTH = (
    "{n} of {open} open opportunities, worth {money}, have been open for longer than nine in ten of"
    " those that were won took ({days} days)"
)
DECIDE = (
    "Decide on the {n} opportunities that have been open for more than {days} days: ask or close"
)


@dataclass(frozen=True)
class Conversion(Result):
    """What becomes of opportunities.

    Attributes
    ----------
    table : DataFrame
        One row a stage in the order in which they are entered, or none where no log tells: stage,
        n (opportunities that entered it), on (share that goes on to another stage or is won, within
        `days` of entering it), lost (share that is lost from it), won (share that is won in the
        end, within twice as long), median (days in it), each with `_low` and `_high`.
    curves : DataFrame
        end, time (days since the opening), estimate, low, high.
    days : int
        Within how many days ends are told.
    won, lost : Estimate
        Shares within `days` of the opening.
    overdue : dict
        n, open, days, money (Estimate or None): open for longer than nine in ten of those won.
    n, withheld : int
        Opportunities; stages not shown because too few accounts are behind them.
    """

    table: pd.DataFrame
    curves: pd.DataFrame
    days: int
    won: Estimate
    lost: Estimate
    overdue: dict[str, object]
    n: int
    withheld: int
    logged: bool

    def estimates(self) -> dict[str, Estimate]:
        """Shares won and lost."""
        return {"won": self.won, "lost": self.lost}

    def findings(self) -> list[Finding]:
        """Say how many are won, where most is lost, and what has been open too long."""
        values = {"n": self.n, "won": self.won, "lost": self.lost, "days": self.days}
        said = [Finding("accounts.conversion", ENDS, values, estimates=self.estimates())]
        if not self.logged:
            said.append(Finding("accounts.no_log", NO_LOG))
        elif len(self.table) > 1:
            worst = self.table.iloc[int(self.table["lost"].to_numpy().argmax())]
            rest = self.table.drop(index=worst.name)
            if worst["lost_low"] > rest["lost"].max():
                values = {
                    "stage": str(worst["stage"]), "days": self.days,
                    "lost": Estimate.of_row(worst, "lost", kind="percent"),
                }  # fmt: skip
                said.append(Finding("accounts.weakest_stage", WEAKEST, values))
        if self.overdue:
            money = self.overdue["money"]
            said.append(
                Finding(
                    "accounts.overdue", OVERDUE_WORTH if money else OVERDUE,
                    {k: v for k, v in self.overdue.items() if v is not None}, severity="warning",
                    money=money if isinstance(money, Estimate) else None,
                    advice=Advice(DECIDE, 4),
                )
            )  # fmt: skip
        return said

    def picture(self) -> Picture:
        """Draw how opportunities end over time."""
        return Picture(
            self.plot, "How opportunities end",
            "Share of the opportunities won and lost, by days since they were opened; 95%"
            " confidence intervals",
            self.table if len(self.table) else None,
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw a rising curve for each end, with its band."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        for end, own in self.curves.groupby("end", sort=False):
            (line,) = ax.step(own["time"], own["estimate"], where="post", label=say(str(end)))
            ax.fill_between(
                own["time"], own["low"], own["high"], step="post", alpha=0.15,
                color=line.get_color(), linewidth=0,
            )  # fmt: skip
        ax.set_xlabel(say("Days since the opportunity was opened"))
        ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.set_ylim(bottom=0)
        ax.legend()
        return ax


def conversion(
    deals: pd.DataFrame,
    log: pd.DataFrame | None = None,
    *,
    as_of: dt.date,
    days: int = 180,
    min_cell: CellRule | int = 5,
    currency: str = "",
) -> Conversion:
    """Follow opportunities to their ends; those that are open are followed as far as is known.

    Parameters
    ----------
    deals : DataFrame
        One row an opportunity: opportunity_id, customer_id (missing where nobody knows), opened,
        closed, outcome (won, lost, open), amount. Those that ended on a day that is not known tell
        nothing of times, and are left out.
    log : DataFrame, optional
        When each entered each stage: opportunity_id, stage, entered.
    as_of : date
        Until when open ones were seen.
    days : int
        Within how many days ends are told.
    min_cell : CellRule or int
        Stages that opportunities of fewer accounts entered are not shown.
    currency : str
        Of the amounts.

    Raises
    ------
    DataError
        Fewer than twenty opportunities, or none has ended.
    """
    need = ("opportunity_id", "customer_id", "opened", "closed", "outcome", "amount")
    require_columns(deals, need, "the opportunities have")
    rule, today = rule_of(min_cell), pd.Timestamp(as_of)
    timed = deals[(deals["outcome"] == "open") | deals["closed"].notna()]
    if len(timed) < FEWEST or not (timed["outcome"] != "open").any():
        raise DataError(
            f"{len(timed)} opportunities, {int((timed['outcome'] != 'open').sum())} of them ended:"
            " too few to tell what becomes of them",
            remedy="wait for more",
        )
    time, cause = _times(timed["opened"], timed, today)
    curve = aalen_johansen(time, cause, causes=2)
    longest = float(np.quantile(time, 0.95))
    names = ("Opportunities won", "Opportunities lost")
    ends = {name: curve[curve["cause"] == k] for k, name in enumerate(names, start=1)}
    drawn = [end[end["time"] <= max(longest, 1)].assign(end=name) for name, end in ends.items()]
    won, lost = (at_time(end, days, n=len(timed)).named(name) for name, end in ends.items())
    table, withheld = _stages(timed, log, today, days, rule)
    return Conversion(
        table,
        pd.concat(drawn, ignore_index=True)[["end", "time", "estimate", "low", "high"]],
        days,
        won,
        lost,
        _overdue(timed, time, rule, currency),
        len(timed),
        withheld,
        log is not None,
    )


def _times(
    since: pd.Series, deals: pd.DataFrame, today: pd.Timestamp
) -> tuple[np.ndarray, np.ndarray]:
    """Days until the end or today, and which end: 0 none yet, 1 won, 2 lost."""
    time = (deals["closed"].fillna(today) - since).dt.days.clip(lower=0).to_numpy(dtype=float)
    cause = deals["outcome"].map({"open": 0, "won": 1, "lost": 2}).to_numpy(dtype=np.intp)
    return time, cause


def accounts_behind(deals: pd.DataFrame) -> pd.Series:
    """Name the account of each opportunity; one without is somebody else's each time."""
    return deals["customer_id"].fillna(deals["opportunity_id"])


def _overdue(
    deals: pd.DataFrame, time: np.ndarray, rule: CellRule, currency: str
) -> dict[str, object]:
    is_open = (deals["outcome"] == "open").to_numpy()
    won = time[(deals["outcome"] == "won").to_numpy()]
    if won.size < FEWEST or not is_open.any():
        return {}
    limit = int(np.ceil(np.quantile(won, 0.9)))
    late = deals[is_open & (time > limit)]
    if accounts_behind(late).nunique() < rule.min_cell:
        return {}
    each = late["amount"].groupby(accounts_behind(late)).sum()
    money = None
    if late["amount"].notna().any() and not sensitive(each, rule):
        money = Estimate(float(each.sum()), n=float(len(late)), kind="money", unit=currency)
    return {"n": len(late), "open": int(is_open.sum()), "days": limit, "money": money}


# --- stage by stage -------------------------------------------------------------------------------

_COLUMNS = ("on", "lost", "won", "median")


def _stages(
    deals: pd.DataFrame, log: pd.DataFrame | None, today: pd.Timestamp, days: int, rule: CellRule
) -> tuple[pd.DataFrame, int]:
    spells = stage_spells(deals, log, today) if log is not None else None
    rows: list[dict[str, object]] = []
    withheld = 0
    if spells is not None:
        order = spells.groupby("stage")["place"].mean().sort_values(kind="stable").index
        for stage in order:
            own = spells[spells["stage"] == stage]
            if accounts_behind(own).nunique() < rule.min_cell or len(own) < FEWEST:
                withheld += 1
                continue
            rows.append(_stage(str(stage), own, today, days))
    ends = [f"{c}{end}" for c in _COLUMNS for end in ("", "_low", "_high")]
    table = pd.DataFrame(rows, columns=["stage", "n", *ends])
    return labelled(
        table, stage="Stage", n="Opportunities", on=("Moves on or is won", "percent"),
        lost=("Lost in this stage", "percent"), won=("Won in the end", "percent"),
        median=("Days in it (median)", "number:0"),
    ), withheld  # fmt: skip


def stage_spells(deals: pd.DataFrame, log: pd.DataFrame, today: pd.Timestamp) -> pd.DataFrame:
    """Give for each opportunity and stage its first stay there.

    Returns
    -------
    DataFrame
        What `deals` has, and stage, entered, place (how manieth stage it was), next (when another
        one was entered).
    """
    log = log[log["entered"] <= today].sort_values(["opportunity_id", "entered"], kind="stable")
    change = (log["stage"] != log.groupby("opportunity_id")["stage"].shift()).to_numpy()
    log = log[change].reset_index(drop=True)
    by = log.groupby("opportunity_id")
    log = log.assign(next=by["entered"].shift(-1), place=by.cumcount())
    first = log.drop_duplicates(["opportunity_id", "stage"])
    return first.merge(deals.drop(columns="stage", errors="ignore"), on="opportunity_id")


def _stage(name: str, own: pd.DataFrame, today: pd.Timestamp, days: int) -> dict[str, object]:
    until = own["next"].fillna(own["closed"]).fillna(today)
    stay = np.asarray((until - own["entered"]).dt.days.clip(lower=0), dtype=np.float64)
    goes = (own["next"].notna() | (own["outcome"] == "won")).to_numpy()
    gone = ~goes & (own["outcome"] == "lost").to_numpy()
    curve = aalen_johansen(stay, np.where(goes, 1, np.where(gone, 2, 0)), causes=2)
    n = len(own)
    end, which = _times(own["entered"], own, today)
    final = aalen_johansen(end, which, causes=2)
    found = {
        "on": at_time(curve[curve["cause"] == 1], days, n=n),
        "lost": at_time(curve[curve["cause"] == 2], days, n=n),
        "won": at_time(final[final["cause"] == 1], 2 * days, n=n),
        "median": median_time(kaplan_meier(stay, goes | gone), n=n),
    }
    row: dict[str, object] = {"stage": name, "n": n}
    for column, each in found.items():
        row |= {column: each.value, f"{column}_low": each.low, f"{column}_high": each.high}
    return row
