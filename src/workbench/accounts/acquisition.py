"""New accounts by month, and how many come next.

References
----------
Cameron, Trivedi (2013), Regression Analysis of Count Data, 2nd ed., section 3.2 (a negative
binomial whose variance is a multiple of its mean).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import stdtrit
from scipy.stats import nbinom, poisson

from workbench.accounts.forecast import ranges_held
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled
from workbench.stats.intervals import normal_quantile

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Months that a forecast learns from at most, and at least.
MONTHS, LEAST = 24, 6

COMING = (
    "{now} accounts became customers in the last {months} months; {next} are to be expected in the"
    " next {ahead}"
)
HELD = "Tried on {n} past months, the 95% range held in {kept}"
TOO_NARROW = (
    "Tried on {n} past months, the 95% range held in only {kept}: new accounts come unevenly"
)


@dataclass(frozen=True)
class Acquisition(Result):
    """New accounts.

    Attributes
    ----------
    table : DataFrame
        One row a whole month: month, new; expected, low, high (of the months to come, one row).
    past : DataFrame
        day, expected, low, high, came, held: of past forecasts.
    expected : Estimate
        Of the next `ahead` months together.
    now, months, ahead : int
    """

    table: pd.DataFrame
    past: pd.DataFrame
    expected: Estimate
    now: int
    months: int
    ahead: int

    def coverage(self) -> Estimate | None:
        """Share of the past forecasts whose range held; those that overlap count for fewer."""
        return ranges_held(self.past["held"], self.ahead)

    def estimates(self) -> dict[str, Estimate]:
        """Give what is expected."""
        return {"new_accounts": self.expected}

    def findings(self) -> list[Finding]:
        """Say how many came, and how many are to be expected."""
        values = {
            "now": self.now, "months": self.months, "ahead": self.ahead, "next": self.expected
        }  # fmt: skip
        said = [Finding("accounts.new", COMING, values, estimates=self.estimates())]
        kept = self.coverage()
        if kept is not None:
            narrow = kept.high < 0.95
            values = {"n": len(self.past), "kept": kept.point}
            said.append(
                Finding("accounts.new.past", TOO_NARROW if narrow else HELD, values,
                        severity="warning" if narrow else "note", estimates={"kept": kept})
            )  # fmt: skip
        return said

    def picture(self) -> Picture:
        """Draw new accounts by month."""
        return Picture(
            self.plot, "New accounts by month",
            "Accounts by the month of their first purchase; the line is the mean that the forecast"
            " goes on with",
            self.table,
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw a bar a month, and the mean of the months that the forecast learns from."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        ax.bar(self.table["month"], self.table["new"], width=20)
        mean = self.expected.value / self.ahead
        ax.axhline(mean, linestyle=":", color="0.4")
        ax.set_ylim(bottom=0, top=max(1.0, 1.1 * float(self.table["new"].max())))
        ax.set_ylabel(say("New accounts"))
        return ax


def acquisition(first: pd.Series, *, as_of: dt.date, since: dt.date, ahead: int = 3) -> Acquisition:
    """Count accounts by the month in which they became customers, and go on from there.

    Parameters
    ----------
    first : Series of datetime
        Day of each account's first purchase.
    as_of : date
    since : date
        First day of the log. Who is seen first in its first year, or in its first third where it is
        shorter than three years, may have bought before, and is left out.
    ahead : int
        Months to foresee.

    Raises
    ------
    DataError
        Fewer than six whole months are left.
    """
    begin, today = pd.Timestamp(since), pd.Timestamp(as_of)
    begin += min(pd.Timedelta(days=365), (today - begin) / 3)
    months = pd.date_range(begin, today + pd.Timedelta(days=1), freq="MS")
    counts = (
        first.dropna().dt.to_period("M").value_counts().reindex(months[:-1].to_period("M"))
        if len(months)
        else pd.Series(dtype=float)
    )
    new = counts.fillna(0).to_numpy(dtype=float)
    if new.size < LEAST:
        raise DataError(
            f"{new.size} whole months are left of the log, {LEAST} are needed", remedy="wait"
        )
    rows = []
    for i in range(max(LEAST, 12 if new.size >= 12 + ahead else LEAST), new.size - ahead + 1):
        mean, low, high = _ahead(new[:i], ahead)
        came = float(new[i : i + ahead].sum())
        rows.append((months[i], mean, low, high, came, low <= came <= high))
    past = pd.DataFrame(rows, columns=["day", "expected", "low", "high", "came", "held"])
    mean, low, high = _ahead(new, ahead)
    return Acquisition(
        labelled(
            pd.DataFrame({"month": months[: new.size], "new": new.astype(int)}),
            month=("Month", "date"), new="New accounts",
        ),
        past,
        Estimate(
            mean, low, high, float(new.sum()), of="forecast", label="New accounts to come", digits=0
        ),
        int(new[-12:].sum()),
        min(12, new.size),
        ahead,
    )  # fmt: skip


def _ahead(new: np.ndarray, ahead: int) -> tuple[float, float, float]:
    """Foresee the sum of the next months: the mean goes on, with the spread of the past."""
    seen = new[-MONTHS:]
    k, mean = seen.size, float(seen.mean())
    if mean == 0:
        return 0.0, 0.0, float(3 * ahead / k)  # the rule of three
    over = max(float(seen.var(ddof=1)) / mean, 1.0)
    variance = ahead * mean * over * (1 + ahead / k)
    if over > 1:  # the spread itself is estimated
        variance *= float(stdtrit(k - 1, 0.975) / normal_quantile(0.95)) ** 2
    total = ahead * mean
    if variance <= total * (1 + 1e-9):
        law = poisson(total)
    else:
        law = nbinom(total**2 / (variance - total), total / variance)
    return total, float(law.ppf(0.025)), float(law.ppf(0.975))
