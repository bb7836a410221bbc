"""What is open and how old it is, over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pandas as pd

from workbench.errors import DataError, require_columns
from workbench.languages import Language, speak
from workbench.results import Advice, Estimate, Finding, Picture, Result, labelled
from workbench.stats.intervals import mean_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Weeks over which it is told whether more comes in than goes out.
LATELY: Final = 13

OPEN: Final = "{open} contacts are open; half of them for more than {age} days, a tenth for {old}"
NONE: Final = "No contact is open"
GROWS: Final = (
    "More contacts come in than are resolved: the backlog grows by {growth} a week, over the last"
    " {weeks} weeks"
)
SHRINKS: Final = (
    "More contacts are resolved than come in: the backlog shrinks by {growth} a week, over the last"
    " {weeks} weeks"
)
OLDEST: Final = "Resolve the oldest of the {open} open contacts first, and tell their customers"
MORE: Final = "Decide on more hands or fewer contacts before the backlog of {open} grows further"


@dataclass(frozen=True)
class Backlog(Result):
    """Open contacts by week.

    Attributes
    ----------
    table : DataFrame
        week (its first day), came, went (contacts that began and were resolved in it), open, age
        (median, in days) and old (exceeded by a tenth) at its end.
    growth : Estimate
        Contacts a week by which it grew lately.
    weeks : int
        Over how many.
    """

    table: pd.DataFrame
    growth: Estimate
    weeks: int

    def estimates(self) -> dict[str, Estimate]:
        """Open contacts at the end, and by how much they grow."""
        last = self.table.iloc[-1]
        return {
            "backlog": Estimate(float(last["open"]), label="Open contacts", better="down"),
            "growth": self.growth.named("More open contacts a week", better="down", signed=True),
        }

    def findings(self) -> list[Finding]:
        """Say how many are open and for how long, and whether they become more."""
        last, now = self.table.iloc[-1], self.estimates()
        count = int(last["open"])
        ages = {name: Estimate(float(last[name]), digits=1) for name in ("age", "old")}
        values = {"open": count, **(ages if count else {})}
        said = [
            Finding("service.backlog", OPEN if count else NONE, values, estimates=now,
                    advice=Advice(OLDEST, 5) if count else None)
        ]  # fmt: skip
        grows = self.growth.low > 0
        if grows or self.growth.high < 0:
            low, high = sorted((abs(self.growth.low), abs(self.growth.high)))
            size = Estimate(abs(self.growth.value), low, high, self.growth.n)
            values = {"growth": size, "weeks": self.weeks, "open": count}
            said.append(
                Finding("service.backlog.trend", GROWS if grows else SHRINKS, values,
                        severity="warning" if grows else "ok",
                        advice=Advice(MORE, 3) if grows else None)
            )  # fmt: skip
        return said

    def picture(self) -> Picture:
        """Draw the open contacts over time."""
        return Picture(
            self.plot, "What is open", "Open contacts at the end of each week", self.table
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one line."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        ax.plot(self.table["week"], self.table["open"])
        ax.set_ylim(bottom=0)
        ax.set_ylabel(say("Open contacts"))
        return ax


def backlog(rows: pd.DataFrame, end: pd.Timestamp) -> Backlog:
    """Count what is open at the end of each whole week.

    Parameters
    ----------
    rows : DataFrame
        One row a contact: at, ended (missing while it is open), solved (missing where it is not
        known when it ended; such contacts are left out).
    end : Timestamp
        Last moment of the log.

    Raises
    ------
    DataError
        The contacts do not say when they were resolved, or there are fewer than five whole weeks.

    Notes
    -----
    What was open before the log begins is not in it: the first weeks are too low.
    """
    require_columns(
        rows, ("at", "ended", "solved"), "the contacts have", "map resolved_at in study.yml"
    )
    known = rows[rows["solved"].notna()]
    gone = known["ended"]
    if "abandoned" in known:  # who gave up waits no more
        gone = gone.mask(known["abandoned"] & gone.isna(), known["at"])
    began, ended = known["at"], gone
    every = pd.period_range(began.min(), end, freq="W-SUN") if len(known) else pd.PeriodIndex([])
    first = began.min().normalize() if len(known) else end
    weeks = [w for w in every if w.start_time >= first and w.end_time <= end]
    if len(weeks) < 5:
        raise DataError(
            f"the log has {len(weeks)} whole weeks", remedy="wait until there are five of them"
        )
    told = []
    for week in weeks:
        start, stop = week.start_time, week.end_time
        waiting = began[(began <= stop) & ~(ended <= stop)]
        age = (stop - waiting).dt.total_seconds() / 86_400
        told.append(
            {"week": start, "came": int(began.between(start, stop).sum()),
             "went": int(ended.between(start, stop).sum()), "open": len(age),
             "age": age.median(), "old": age.quantile(0.9)}
        )  # fmt: skip
    table = pd.DataFrame(told)
    lately = table.tail(LATELY)
    growth = mean_interval((lately["came"] - lately["went"]).to_numpy(dtype=float))
    table = labelled(
        table, week=("Week of", "date"), came="Came in", went="Resolved", open="Open at its end",
        age=("Median age, days", "number:1"), old=("A tenth are older, days", "number:1"),
    )  # fmt: skip
    return Backlog(table, growth, len(lately))
