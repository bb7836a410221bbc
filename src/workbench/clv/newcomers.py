"""Whether customers had bought before the log began, whom the models take for new ones.

References
----------
Fader, Hardie (2001), Forecasting Repeat Sales at CDNOW: A Case Study, Interfaces 31(3): a cohort
is customers whose first purchase was seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.clv.days import BuyingDays, buying_days, starts
from workbench.results import Estimate, Finding, Result, labelled
from workbench.stats.intervals import normal_quantile, proportion_interval
from workbench.units import DAYS_PER_UNIT, check_unit, whole

#: Periods into which a log is cut, each a week at least.
PERIODS = 26
#: So many times the later number must be seen first in early periods, and so sure it must be.
TIMES, SURE = 1.5, 0.999
#: Whether customers buy again is looked at within this part of the log at least.
AGAIN = 6
#: Later newcomers a period, fewer than which make no comparison: the log follows a cohort.
FEWEST = 2.0

BEFORE = (
    "Many customers had bought before the log began: {early} of {n} were seen first in its first "
    "{span} {unit}, {times} times as many as in the same time later, and {again} of them bought "
    "again soon, of those who came later {later}."
)
TOO_HIGH = (
    "The models take the first purchase seen for the first one, so that forecasts come out too "
    "high: in simulated shops by 2% to 7% where the log spans two years, 12% where it spans one, "
    "and more where less. Forecasts of the past had the same error, by which ranges are widened. A "
    "log that goes back to each customer's first purchase has no such error."
)
NO_SIGN = (
    "No sign that many customers had bought before the log began: they come as often early in the "
    "log as later, or those seen early buy again no more often."
)
COHORT = (
    "Hardly any customer came in the later half of the log: whether those seen before had bought "
    "earlier cannot be told from it."
)


@dataclass(frozen=True)
class Newcomers(Result):
    """Customers by when they were first seen.

    Attributes
    ----------
    table : DataFrame
        One row a period of the log: begin, n (first seen in it), early (bool).
    customers : int
    span, unit : float, str
        Length of the early periods.
    times : float
        Customers first seen in them over those of as long a time later.
    again, later : Estimate
        Share who bought again within as long or a sixth of the log, of early and later ones.
    verdict : {"before", "no_sign", "cohort"}
    """

    table: pd.DataFrame
    customers: int
    span: float
    unit: str
    times: float
    again: Estimate
    later: Estimate
    verdict: str

    def estimates(self) -> dict[str, Estimate]:
        """Return the shares who bought again."""
        return {"again": self.again, "later": self.later} if self.verdict == "before" else {}

    def findings(self) -> list[Finding]:
        """Say whether many customers had bought before, and what that does to forecasts."""
        if self.verdict != "before":
            message = COHORT if self.verdict == "cohort" else NO_SIGN
            return [Finding("newcomers", message, verdict=self.verdict)]
        early = int(self.table.loc[self.table["early"], "n"].sum())
        values = {
            "early": early, "n": self.customers, "span": whole(round(self.span, 1)),
            "unit": f"{self.unit}s", "times": Estimate(self.times, digits=1),
            "again": Estimate(self.again.value, kind="percent", digits=0),
            "later": Estimate(self.later.value, kind="percent", digits=0),
        }  # fmt: skip
        return [
            Finding("newcomers", BEFORE, values, verdict=self.verdict, severity="warning",
                    estimates=self.estimates()),
            Finding("newcomers.too_high", TOO_HIGH, severity="warning"),
        ]  # fmt: skip


def newcomers(log: pd.DataFrame | BuyingDays, *, as_of: pd.Timestamp | str, unit: str) -> Newcomers:
    """See whether customers had bought before the log began.

    Such customers appear early: more are seen first in the first weeks than later, and they buy
    again more often than later ones, who are new. An early campaign brings the first without the
    second.

    Parameters
    ----------
    log : DataFrame or BuyingDays
        customer_id, date; amount where the log has amounts.
    as_of : Timestamp or str
        Last day of the log.
    unit : str
        Unit of time in which the page speaks.
    """
    per = DAYS_PER_UNIT[check_unit(unit)]
    end = pd.Timestamp(as_of).normalize()
    known = buying_days(log, as_of=end)
    start = starts(known.code)
    first = known.day[start]
    begin = int(known.day.min()) if known.day.size else 0
    days = max(-(begin - 1) // PERIODS, 7)
    number = max(-(begin - 1) // days, 1)
    period = np.minimum((first - begin) // days, number - 1)
    seen = np.bincount(period, minlength=number).astype(float)
    late = seen[number // 2 :]
    level = float(late.mean())
    # numbers of newcomers vary more than chance: campaigns, seasons
    spread = float(np.sqrt(max(late.var(ddof=1) if late.size > 1 else level, level, 1.0)))
    above = (seen > TIMES * level) & (seen > level + normal_quantile(2 * SURE - 1) * spread)
    above[number // 2 :] = False
    early = 0 if not above[0] else int(np.argmin(above))
    unknown = Estimate(float("nan"))
    again = later = unknown
    times, verdict = float("nan"), "no_sign"
    if level < FEWEST or number < 4:
        verdict = "cohort"
    elif early:
        within = max(early * days, -begin // AGAIN)
        gap = np.full(first.size, np.inf)
        several = np.flatnonzero(np.diff(np.append(start, known.code.size)) > 1)
        gap[several] = known.day[start[several] + 1] - first[several]
        mine = period < early
        others = (period >= number // 2) & (first <= -within)
        if others.sum() >= FEWEST * 5:
            again, later = (
                proportion_interval(int((gap[who] <= within).sum()), int(who.sum()))
                for who in (mine, others)
            )
            times = float(seen[:early].mean() / level)
            shared = (again.value * again.n + later.value * later.n) / (again.n + later.n)
            error = np.sqrt(shared * (1 - shared) * (1 / again.n + 1 / later.n))
            more = again.value - later.value > normal_quantile(0.95) * error
            verdict = "before" if more else "no_sign"
    table = labelled(
        pd.DataFrame(
            {"begin": end + pd.to_timedelta(begin + days * np.arange(number), unit="D"),
             "n": seen.astype(int), "early": np.arange(number) < early}
        ),
        begin="Period from", n="Customers first seen", early="Early",
    )  # fmt: skip
    return Newcomers(table, int(first.size), early * days / per, unit, times, again, later, verdict)
