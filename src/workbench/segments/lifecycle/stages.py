"""Where customers stand: prospect, new, growing, mature, declining, dormant, lost, won back.

The stages follow stated rules on the log of purchases, or on P(alive) where a purchase model gives
it. Stated, so that a reader can hold a customer against them; the page shows them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from workbench.arrays import Array
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled, named_estimates
from workbench.results.drawing import share_bars
from workbench.segments.profiles.profile import profile
from workbench.segments.purchase_days import PurchaseDays, as_purchase_days, day_number
from workbench.stats.intervals import proportion_interval
from workbench.study import CellRule

if TYPE_CHECKING:
    from matplotlib.axes import Axes


#: The stages in the order of a customer's life.
STAGES = (
    "Prospect", "New", "Growing", "Mature", "Declining", "Returned", "Dormant", "Lost",
)  # fmt: skip


ACTIVE = "{share} of the customers who ever bought are active"
LATELY = "{share} of the customers who ever bought did so within the last {days} days"
DORMANT_AFTER = (
    "We call a customer dormant after {days} days without a purchase. Nine in ten repeat "
    "purchases come sooner, or the records are too short to wait longer."
)
DORMANT_SET = (
    "We call a customer dormant after {days} days without a purchase, as this run sets it."
)

# The rules, as a page says them.
KNOWN = "Known, and has bought nothing yet"
FIRST_WITHIN = "First purchase within the last {days} days"
MORE = "At least {least} and {change} more purchases in the last {days} days than in as many before"
AS_BEFORE = "Buys as before"
FEWER = (
    "At least {least} and {change} fewer purchases in the last {days} days than in as many before"
)
AFTER_SILENCE = "Bought within the last {days} days, after as many without a purchase"
SILENT = "No purchase for more than {days} days"
DOUBTFUL = "P(active) below {share}"

#: Fewer days of silence say nothing: people go on holiday.
LEAST_QUIET = 28

#: What a table of stages says of spend.
_MONEY = ("total", "value", "value_low", "value_high", "mean")


@dataclass(frozen=True)
class StageRules:
    """Where one stage ends and the next begins.

    Attributes
    ----------
    new_within : int
        New for so many days after the first purchase.
    dormant_after : int
        Dormant after so many days without a purchase. Also the window over which purchases are
        compared with those of the window before, and for which a returned customer counts as won
        back.
    lost_after : int
        Lost after so many days without a purchase.
    change : float
        Growing, or declining, where purchases moved by at least this share of the earlier ones ...
    least : int
        ... and by at least so many.
    alive_dormant, alive_lost : float
        With P(alive): dormant below the one, lost below the other. Silence then does not count.
    from_log : bool
        Whether the days of silence follow the rhythm of the log.
    """

    new_within: int = 90
    dormant_after: int = 180
    lost_after: int = 365
    change: float = 1 / 3
    least: int = 2
    alive_dormant: float = 0.5
    alive_lost: float = 0.1
    from_log: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.dormant_after < self.lost_after or self.new_within < 1:
            raise DataError(
                f"new {self.new_within}, dormant {self.dormant_after}, lost {self.lost_after} days"
                " are no order",
                where="stage rules",
                remedy="give positive days, with dormant before lost",
            )
        if not 0 <= self.alive_lost <= self.alive_dormant <= 1:
            raise DataError(
                "P(alive) of the lost is above that of the dormant",
                where="stage rules",
                remedy="give 0 <= alive_lost <= alive_dormant <= 1",
            )

    @classmethod
    def for_log(cls, transactions: pd.DataFrame | PurchaseDays, **given: float) -> StageRules:
        """Take the days from the rhythm of a log.

        Dormant is who has been silent for longer than nine in ten gaps between two purchases, at
        least four weeks and at most a quarter of the log, so that moves between stages can be
        seen in it; lost, for twice that; new is who first bought within that.

        Parameters
        ----------
        transactions : DataFrame or PurchaseDays
        **given
            Rules to set by hand; zero leaves one to the log.
        """
        log = as_purchase_days(transactions)
        gaps = log.gaps()
        longest = max(int(log.day.max() - log.day.min()) // 4, LEAST_QUIET)
        usual = np.quantile(gaps, 0.9) if gaps.size else 180
        quiet = int(np.clip(usual, LEAST_QUIET, longest))
        quiet = int(given.get("dormant_after") or quiet)
        found = {"new_within": quiet, "dormant_after": quiet, "lost_after": 2 * quiet}
        chosen = found | {k: v for k, v in given.items() if v}
        return cls(**chosen, from_log=not given.get("dormant_after"))  # type: ignore[arg-type]

    def table(self, *, by_p_alive: bool = False) -> pd.DataFrame:
        """Write the rules out, one row a stage: stage, rule (a `Finding`, to be said)."""
        days = self.dormant_after
        moved = {"least": self.least, "change": _percent(self.change), "days": days}
        gone: list[tuple[str, dict[str, Any]]]
        if by_p_alive:
            dormant, lost = self.alive_dormant, self.alive_lost
            gone = [(DOUBTFUL, {"share": _percent(share)}) for share in (dormant, lost)]
        else:
            gone = [(SILENT, {"days": quiet}) for quiet in (days, self.lost_after)]
        rules: list[tuple[str, dict[str, Any]]] = [
            (KNOWN, {}),
            (FIRST_WITHIN, {"days": self.new_within}),
            (MORE, moved),
            (AS_BEFORE, {}),
            (FEWER, moved),
            (AFTER_SILENCE, {"days": days}),
            *gone,
        ]
        said = [Finding(f"rule.{s}", *rule) for s, rule in zip(STAGES, rules, strict=True)]
        return labelled(pd.DataFrame({"stage": STAGES, "rule": said}), stage="Stage", rule="Rule")


def _percent(share: float) -> Estimate:
    return Estimate(share, kind="percent", digits=0)


@dataclass(frozen=True)
class Lifecycle(Result):
    """The stage of each customer on a day.

    Attributes
    ----------
    table : DataFrame
        One row a stage that occurs: stage, n, customers, customers_low,
        customers_high, total, value, value_low, value_high (share of the spend of the year up to
        the day), mean.
    stage : Series
        Of each customer, in the order of life; its index is customer_id.
    rules : StageRules
    as_of : Timestamp
    by_p_alive : bool
        Whether dormant and lost follow P(alive).
    withheld : tuple of Finding
        The stages of which the spend is not shown, and why.
    """

    table: pd.DataFrame
    stage: pd.Series
    rules: StageRules
    as_of: pd.Timestamp
    by_p_alive: bool
    withheld: tuple[Finding, ...] = ()

    @property
    def active(self) -> Estimate:
        """Share of those who have bought who are neither dormant nor lost."""
        bought = self.stage != "Prospect"
        gone = self.stage.isin(["Dormant", "Lost"])
        share = proportion_interval(float((bought & ~gone).sum()), float(bought.sum()))
        named = (
            ("Customers who bought recently", "buyers.active.model")
            if self.by_p_alive
            else ("Customers who are not dormant", "buyers.not_dormant.silence")
        )
        return share.named(named[0], kind="percent", better="up", fact=named[1])

    def estimates(self) -> dict[str, Estimate]:
        """Share of the buyers who are active, and of customers in each stage."""
        return {
            "active": self.active,
            **named_estimates(
                self.table, "stage", estimate="customers", low="customers_low",
                high="customers_high", kind="percent",
            ),
        }  # fmt: skip

    def findings(self) -> list[Finding]:
        """How many buyers are active, and after how much silence one counts as dormant."""
        values = {"share": self.active.point, "days": self.rules.dormant_after}
        if self.by_p_alive:
            return [Finding("lifecycle.active", ACTIVE, values), *self.withheld]
        message = DORMANT_AFTER if self.rules.from_log else DORMANT_SET
        return [
            Finding("lifecycle.active", LATELY, values),
            Finding("lifecycle.dormant_after", message, values),
            *self.withheld,
        ]

    def picture(self) -> Picture:
        """Draw the customers by stage."""
        return Picture(
            self.plot,
            "Where the customers stand",
            "Share of customers by stage on {day}",
            self.table,
            {"day": self.as_of.date()},
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Bars: share of customers by stage, with intervals."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table[self.table["n"] > 0].iloc[::-1]
        share, low, high = t["customers"], t["customers_low"], t["customers_high"]
        share_bars(ax, t["stage"].map(say.name), share, low, high, say("Share of customers"))
        ax.set_xlim(left=0)
        return ax


def lifecycle(
    transactions: pd.DataFrame | PurchaseDays,
    *,
    as_of: object,
    rules: StageRules | None = None,
    p_alive: pd.Series | None = None,
    prospects: Sequence[object] | pd.Index | None = None,
    min_cell: CellRule | int = 5,
) -> Lifecycle:
    """Put customers into stages.

    Parameters
    ----------
    transactions : DataFrame or PurchaseDays
        Columns customer_id, date, amount; what lies after `as_of` is left out.
    as_of : date
        The day from which is counted.
    rules : StageRules, optional
        `StageRules.for_log` by default.
    p_alive : Series, optional
        Probability of being active by customer_id, from a purchase model; then it decides who is
        dormant and who is lost.
    prospects : sequence, optional
        Customers known on the day; those without a purchase are prospects.
    min_cell : CellRule or int
        The spend of stages with fewer customers, or of which one spent nearly all, is withheld.

    Raises
    ------
    DataError
        No purchase up to the day, or a P(alive) missing or outside 0 to 1.

    Examples
    --------
    >>> import pandas as pd
    >>> from workbench.segments import lifecycle
    >>> log = pd.DataFrame({
    ...     "customer_id": ["A", "A", "B", "C"],
    ...     "date": pd.to_datetime(["2025-01-05", "2025-11-20", "2024-02-01", "2025-12-20"]),
    ...     "amount": [10.0, 12.0, 30.0, 8.0],
    ... })
    >>> found = lifecycle(log, as_of="2025-12-31")
    >>> int(found.table["n"].sum())
    3
    """
    log = as_purchase_days(transactions)
    rules = StageRules.for_log(log) if rules is None else rules
    day = day_number(as_of)
    codes = _stage_codes(log, day, rules, _checked(p_alive, log, day))
    bought = codes >= 0
    if not bought.any():
        raise DataError(
            f"there is no purchase to {pd.Timestamp(day, unit='D').date()}",
            remedy="look at as_of and the dates",
        )
    ids, spend = log.ids[bought], log.spend(day - 365, day)[bought]
    codes = codes[bought]
    if prospects is not None:
        others = pd.Index(pd.unique(pd.Series(prospects).dropna())).difference(list(ids))
        ids, spend = ids.append(others), np.r_[spend, np.zeros(len(others))]
        codes = np.r_[codes, np.zeros(len(others), dtype=codes.dtype)]
    stage = pd.Series(
        pd.Categorical.from_codes(codes, pd.Index(STAGES), ordered=True),
        index=pd.Index(ids, name="customer_id"),
        name="stage",
    )
    present = [s for s in STAGES if (stage == s).any()]
    # of a log without amounts the shares of spend are left out again
    worth = spend if log.valued else np.ones(len(spend))
    found = profile(stage.astype(str), worth, order=present, min_cell=min_cell if log.valued else 0)
    table = found.table
    spent: dict[str, tuple[str, str]] = {"value": ("Share of the last year's spend", "percent")}
    if not log.valued:
        table = table.drop(columns=[c for c in _MONEY if c in table])
    table = labelled(
        table.rename(columns={"segment": "stage"}), stage="Stage", n="Customers",
        customers=("Share of customers", "percent"), **(spent if log.valued else {}),
    )  # fmt: skip
    moment = pd.Timestamp(day, unit="D")
    return Lifecycle(table, stage, rules, moment, p_alive is not None, found.withheld)


def stage_history(
    transactions: pd.DataFrame | PurchaseDays,
    days: Sequence[object],
    *,
    rules: StageRules | None = None,
    p_alive: Mapping[object, pd.Series] | None = None,
) -> pd.DataFrame:
    """Give the stage of each customer on several days, for `transitions`.

    Parameters
    ----------
    transactions : DataFrame or PurchaseDays
    days : sequence of dates
        In order of time.
    rules : StageRules, optional
        The same on all days.
    p_alive : mapping, optional
        Day -> P(alive) by customer, as the purchase model saw it on that day.

    Returns
    -------
    DataFrame
        One row a customer, one column a day; missing before the first purchase.
    """
    log = as_purchase_days(transactions)
    rules = StageRules.for_log(log) if rules is None else rules
    out = {}
    for each in days:
        day = day_number(each, "day")
        alive = None if p_alive is None else p_alive[each]
        codes = _stage_codes(log, day, rules, _checked(alive, log, day))
        # a missing code (-1) is a missing stage
        out[pd.Timestamp(day, unit="D")] = pd.Categorical.from_codes(codes, pd.Index(STAGES))
    return pd.DataFrame(out, index=log.ids)


def history_days(
    transactions: pd.DataFrame | PurchaseDays, *, as_of: object, step: int, steps: int = 4
) -> list[pd.Timestamp]:
    """Give days equally far apart that end on `as_of`.

    Parameters
    ----------
    transactions : DataFrame or PurchaseDays
    as_of : date
    step : int
        Days from one to the next.
    steps : int
        At most so many steps; fewer where the log is short, and at least one. Each day has two
        steps of log before it where that is possible, so that stages can be told.

    Raises
    ------
    DataError
        If the log is too short for one step.
    """
    log = as_purchase_days(transactions)
    last, first = day_number(as_of), int(log.day.min())
    roomy = (last - first) // step - 2
    count = int(np.clip(roomy, 1, steps))
    if last - count * step < first:
        raise DataError(
            f"the log begins {last - first} days before as_of", remedy=f"a step takes {step} days"
        )
    return [pd.Timestamp(last - step * k, unit="D") for k in range(count, -1, -1)]


def _checked(p_alive: ArrayLike | pd.Series | None, log: PurchaseDays, day: int) -> Array | None:
    if p_alive is None:
        return None
    given = pd.Series(p_alive).reindex(log.ids).astype(float)
    known = ~np.isnan(log.until(day).first())
    bad = known & ~given.between(0, 1).to_numpy()
    if bad.any():
        some = ", ".join(map(str, log.ids[bad][:5]))
        raise DataError(
            f"P(alive) is missing or outside 0 to 1 for {int(bad.sum()):,} customers",
            where=f"customers {some}",
            remedy="give one probability for each customer who has bought",
        )
    return np.asarray(given, dtype=float)


def _stage_codes(
    log: PurchaseDays, day: int, rules: StageRules, p_alive: Array | None
) -> NDArray[np.int8]:
    """Code of each customer's stage; -1 for who had not bought yet."""
    known = log.until(day)
    first, last = known.first(), known.last()
    window = rules.dormant_after
    now, before = known.count(day - window, day), known.count(day - 2 * window, day - window)
    moved = now - before
    enough = np.maximum(rules.change * before, rules.least)
    silent = day - last
    if p_alive is None:
        dormant, lost = silent > window, silent > rules.lost_after
    else:
        dormant, lost = p_alive < rules.alive_dormant, p_alive < rules.alive_lost
    # the first purchase of the window came after a silence as long as the window
    same = known.customer[1:] == known.customer[:-1]
    gap = np.r_[0, np.where(same, np.diff(known.day), 0)]
    returned = (gap > window) & (known.day > day - window)
    back = np.bincount(known.customer[returned], minlength=len(log.ids)) > 0
    order = (
        ("Lost", lost),
        ("Dormant", dormant),
        ("New", day - first < rules.new_within),
        ("Returned", back),
        ("Growing", moved >= enough),
        ("Declining", -moved >= enough),
    )
    codes = np.full(len(log.ids), STAGES.index("Mature"), dtype=np.int8)
    for name, holds in reversed(order):
        codes[holds] = STAGES.index(name)
    codes[np.isnan(first)] = -1
    return codes
