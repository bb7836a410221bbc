"""What a visit brings, honestly: visits go where sales are, and that is no effect of them.

References
----------
Manchanda, Rossi, Chintagunta (2004), Response modeling with nonrandom marketing-mix variables,
Journal of Marketing Research 41(4), 467-478 (physicians are visited by how much they prescribe).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from workbench.accounts.spending import bought_within
from workbench.arrays import Array
from workbench.errors import DataError, require_columns
from workbench.languages import Language, speak
from workbench.results import Advice, Estimate, Finding, Picture, Result, labelled
from workbench.results.drawing import interval_dots
from workbench.stats.disclosure import rule_of
from workbench.stats.intervals import correlation_interval, mean_interval, normal_quantile
from workbench.study import CellRule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Fewest accounts.
FEWEST = 30
#: Power of 80 % at a two-sided 5 %.
SEEN = normal_quantile(0.95) + normal_quantile(0.60)

FOLLOW = (
    "Visits follow sales: the third of the accounts that had bought most before was visited {most}"
    " times afterwards, the third that had bought least {least} times. What visits bring cannot be"
    " read from who was visited; no figure is given"
)
NOT_SEEN = (
    "Who is visited is not by chance, though earlier sales do not tell it here. What visits bring"
    " cannot be read from who was visited; no figure is given"
)
WOULD = (
    "A test would tell: let chance choose which half of {n} accounts is visited more for {days}"
    " days; a difference of {seen} of their sales would be found with a probability of 80%"
)
TEST = "Let chance decide which half of {n} accounts is visited more for {days} days, and compare"


@dataclass(frozen=True)
class Visits(Result):
    """Who is visited.

    Attributes
    ----------
    table : DataFrame
        One row a third of the accounts by what they had bought before: third, n, visits (an
        account, in the period after) with `_low` and `_high`.
    follows : Estimate
        Rank correlation of sales before with visits after.
    naive : Estimate
        Rank correlation of visits and sales of the same period: what a page must not take for an
        effect.
    seen : Estimate
        Smallest difference that a test of `days` with all accounts would find, as a share of their
        sales.
    n, days : int
    """

    table: pd.DataFrame
    follows: Estimate
    naive: Estimate
    seen: Estimate
    n: int
    days: int

    @property
    def reversed(self) -> bool:
        """Whether it is seen that visits follow sales."""
        return bool(self.follows.low > 0)

    def estimates(self) -> dict[str, Estimate]:
        """Return how far visits follow earlier sales."""
        return {"follows": self.follows}

    def findings(self) -> list[Finding]:
        """Refuse the naive answer, and say what would tell."""
        first, last = self.table.iloc[0], self.table.iloc[-1]
        values = {
            "most": Estimate.of_row(last, "visits"), "least": Estimate.of_row(first, "visits")
        }  # fmt: skip
        about = {"n": self.n, "days": self.days, "seen": self.seen.point}
        return [
            Finding(
                "accounts.visits", FOLLOW if self.reversed else NOT_SEEN,
                values if self.reversed else {}, severity="refusal", verdict="cannot be told",
                estimates=self.estimates(),
            ),
            Finding("accounts.visits.test", WOULD, about, advice=Advice(TEST, 5)),
        ]  # fmt: skip

    def picture(self) -> Picture:
        """Draw visits by earlier sales."""
        return Picture(
            self.plot, "Who is visited",
            "Visits per account within {days} days, by what it had bought in as many days before;"
            " 95% confidence intervals",
            self.table, {"days": self.days},
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one dot a third."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table
        names = [say.name(name) for name in t["third"]]
        ends = (t["visits_low"], t["visits_high"])
        interval_dots(ax, names, t["visits"], *ends, say("Visits per account"))
        return ax


THIRDS = ("Bought least before", "Bought some before", "Bought most before")


def visit_effect(
    visits: pd.DataFrame,
    sales: pd.DataFrame,
    *,
    as_of: dt.date,
    days: int = 180,
    min_cell: CellRule | int = 5,
) -> Visits:
    """Look at who is visited: never at what that brings, which such data cannot tell.

    Parameters
    ----------
    visits : DataFrame
        customer_id, date; number where a row stands for several.
    sales : DataFrame
        customer_id, date, amount (or prescriptions, or what else visits are to raise).
    as_of : date
    days : int
        Length of the two periods that are compared: the last one, and the one before.
    min_cell : CellRule or int

    Raises
    ------
    DataError
        Fewer than thirty accounts, nobody visited, or the records are shorter than twice `days`.
    """
    require_columns(visits, ("customer_id", "date"), "the visits have")
    require_columns(sales, ("customer_id", "date", "amount"), "the sales have")
    today, span = pd.Timestamp(as_of), pd.Timedelta(days=days)
    if sales["date"].min() > today - 2 * span + pd.Timedelta(days=31):
        raise DataError(f"the sales reach back less than {2 * days} days")
    number = visits["number"] if "number" in visits else pd.Series(1, visits.index)
    each = pd.DataFrame(
        {
            "before": bought_within(sales, today - 2 * span, today - span),
            "sales": bought_within(sales, today - span, today),
            "visits": bought_within(visits.assign(amount=number), today - span, today),
        }
    ).fillna(0.0)
    if len(each) < max(FEWEST, 3 * rule_of(min_cell).min_cell) or each["visits"].sum() == 0:
        raise DataError(
            f"{len(each)} accounts bought or were visited in {2 * days} days: too few to look at"
        )
    before, after, now = (each[c].to_numpy(dtype=float) for c in ("before", "visits", "sales"))
    place = np.argsort(np.argsort(before, kind="stable"), kind="stable")
    third = np.minimum(3 * place // len(each), 2)
    rows = []
    for k, name in enumerate(THIRDS):
        own = mean_interval(after[third == k])
        rows.append((name, int((third == k).sum()), own.value, max(own.low, 0.0), own.high))
    table = pd.DataFrame(rows, columns=["third", "n", "visits", "visits_low", "visits_high"])
    change = now - before
    sd = float(np.std(change, ddof=1))
    seen = SEEN * 2 * sd / np.sqrt(len(each)) / max(float(now.mean()), 1e-12)
    return Visits(
        labelled(table, third="Accounts", n="Number", visits=("Visits per account", "number:1")),
        _ranked(before, after).named("Visits follow earlier sales"),
        _ranked(now, after).named("Visits and sales of the same time"),
        Estimate(seen, n=float(len(each)), kind="percent", label="What a test would find"),
        len(each),
        days,
    )


def _ranked(a: Array, b: Array) -> Estimate:
    from scipy.stats import rankdata

    return correlation_interval(rankdata(a), rankdata(b))
