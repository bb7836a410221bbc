"""How regularly customers buy: by chance, more evenly than that, or when a payment falls due.

References
----------
Wheat, Morrison (1990), Estimating Purchase Regularity with Two Interpurchase Times, Journal of
Marketing Research 27(1), 87-93.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from workbench.arrays import Array
from workbench.clv.days import BuyingDays, buying_days
from workbench.clv.models.due import DueDates
from workbench.clv.models.purchase import PurchaseModel
from workbench.clv.models.rows import add_up
from workbench.clv.models.terms import Terms
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled
from workbench.stats.intervals import normal_quantile
from workbench.units import DAYS_PER_UNIT, check_unit

#: Customers with two gaps, fewer than which tell nothing of regularity.
FEWEST = 50
#: More regular than chance is said at this one-sided error, and where it is worth a model.
ERROR, WORTH = 0.005, 1.2
#: A gap is like its customer's median where it differs by no more than this part of it or days.
NEAR, DAYS = 0.15, 3.0
#: Share of gaps that must be like their customer's, and their length in days at least, for
#: purchases to be payments that fall due: Erlang gaps of 30 stages reach 59 %.
ALIKE, SHORTEST = 0.75, 5.0
#: Customers with two gaps, fewer than which show no due dates.
PAYERS = 20

RANDOM = (
    "Purchases come as irregularly as by chance: two successive gaps of {n} customers give a "
    "regularity of {k} by Wheat and Morrison, 1 being chance."
)
REGULAR = (
    "Purchases come more regularly than by chance: two successive gaps of {n} customers give a"
    " regularity of {k} by Wheat and Morrison, 1 being chance. A pause then tells sooner that a"
    " customer has left, and models that know this are tried, too."
)
CLUMPED = (
    "Purchases come in clumps: two successive gaps of {n} customers give a regularity of {k} by "
    "Wheat and Morrison, below the 1 of chance. The models know of no clumps; ranges are widened "
    "by what forecasts of the past were off by."
)
FEW = (
    "Only {n} customers have bought three times: too few to see whether purchases come more "
    "regularly than by chance."
)
DUE = (
    "These purchases are payments that fall due: {alike} of the gaps of customers with two or"
    " more are as long as that customer's others, {terms} apart. A customer who has not paid when"
    " it was due has probably left. A model of payments at fixed times until a customer leaves is"
    " tried, too."
)


@dataclass(frozen=True)
class Rhythm(Result):
    """Regularity of the gaps between purchases.

    Attributes
    ----------
    table : DataFrame
        One row a tenth of the first of two gaps as a share of both: share, seen, chance.
    gaps : DataFrame
        One row a customer: log_gaps (sum of the logarithms of the gaps, in the unit of time),
        log_due (of their density around the due dates, where there are any).
    customers : int
        With two gaps at least.
    regularity : Estimate
        Wheat and Morrison's k: 1 by chance.
    alike : Estimate
        Share of gaps like the others of their customer.
    terms : Terms, optional
        Lengths of the terms at which payments fall due.
    unit : str
    verdict : {"due", "regular", "random", "clumped", "few"}
    """

    table: pd.DataFrame
    gaps: pd.DataFrame = field(repr=False)
    customers: int
    regularity: Estimate
    alike: Estimate
    terms: Terms | None
    unit: str
    verdict: str

    def known(self, customers: pd.DataFrame) -> pd.DataFrame:
        """Put log_gaps and log_due beside the customers of a summary as of the same day.

        By them models of gaps are compared with those that only count.
        """
        ids = customers.get("customer_id", customers.index)
        found = self.gaps.reindex(ids)
        if found["log_gaps"].isna().any():
            raise DataError(
                "the summary knows customers whom the log does not",
                remedy="give the log that the summary was made from, to the same day",
            )
        out = customers.assign(**{str(c): found[c].to_numpy() for c in found})
        out.attrs = customers.attrs
        return out

    @property
    def due(self) -> type[PurchaseModel] | None:
        """The model of payments that fall due, where they do."""
        return None if self.terms is None else DueDates.of(self.terms)

    def estimates(self) -> dict[str, Estimate]:
        """Return the regularity, where it could be estimated."""
        found = {} if self.verdict == "few" else {"regularity": self.regularity}
        return found | ({"alike": self.alike} if self.terms is not None else {})

    def findings(self) -> list[Finding]:
        """Say how regularly customers buy."""
        values: dict[str, Any] = {"n": self.customers, "k": self.regularity}
        message = {"regular": REGULAR, "random": RANDOM, "clumped": CLUMPED, "few": FEW, "due": DUE}
        if self.terms is not None:
            values = {"alike": self.alike, "terms": self.terms.words(self.unit)}
        return [
            Finding("rhythm", message[self.verdict], values, verdict=self.verdict,
                    estimates=self.estimates())
        ]  # fmt: skip

    def picture(self) -> Picture:
        """Where the purchase between two others lies."""
        return Picture(
            self.plot, "How regularly customers buy",
            "First of two successive gaps, as a share of both: the same everywhere by chance, "
            "heaped in the middle where purchases are regular", self.table,
        )  # fmt: skip

    def plot(self, ax: Any = None, *, language: str | Language = "en") -> Any:
        """Bars of what was seen and a line of chance."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        at = (np.arange(len(self.table)) + 0.5) / len(self.table)
        ax.bar(at, self.table["seen"], width=0.09, alpha=0.6, label=say("Actual"))
        ax.plot(at, self.table["chance"], color="C1", label=say("By chance"))
        ax.xaxis.set_major_formatter(PercentFormatter(1))
        ax.yaxis.set_major_formatter(PercentFormatter(1))
        ax.set_xlabel(say("First of two gaps, as a share of both"))
        ax.set_ylabel(say("Share of customers"))
        ax.legend(frameon=False)
        return ax


def rhythm(log: pd.DataFrame | BuyingDays, *, as_of: pd.Timestamp | str, unit: str) -> Rhythm:
    """See how regularly customers buy.

    Each customer with two gaps gives one figure, the first of their last two gaps as a share of
    both. By chance it lies anywhere with the same probability; days are whole, which is allowed
    for. Purchases are payments that fall due where nearly all gaps of a customer are alike.

    Parameters
    ----------
    log : DataFrame or BuyingDays
        customer_id, date; amount where the log has amounts.
    as_of : Timestamp or str
        Last day of the log.
    unit : str
        Unit of time of the models.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from workbench.clv import rhythm
    >>> who = np.repeat(np.arange(60), 6)
    >>> days = pd.Timestamp("2025-01-01") + pd.to_timedelta(np.tile(np.arange(6) * 30, 60), "D")
    >>> log = pd.DataFrame({"customer_id": who, "date": days})
    >>> rhythm(log, as_of="2025-06-30", unit="week").verdict
    'due'
    """
    per, end = DAYS_PER_UNIT[check_unit(unit)], pd.Timestamp(as_of).normalize()
    known = buying_days(log, as_of=end)
    code, gap = known.gaps()
    size = len(known.ids)
    number = np.bincount(code, minlength=size)
    two = np.flatnonzero(number > 1)
    last = np.cumsum(number)[two] - 1
    first, both = gap[last - 1], gap[last - 1] + gap[last]
    n, table, k, verdict = two.size, _heap(first, both), Estimate(float("nan")), "few"
    if n >= FEWEST:
        k, verdict = _regularity(first, both)
    median = pd.Series(gap).groupby(code).transform("median").to_numpy(dtype=float)
    of = np.isin(code, two)
    inside = of & (median >= SHORTEST)
    near = np.abs(gap - median) <= np.clip(NEAR * median, 1.0, DAYS + 0.05 * median)
    payers = np.unique(code[inside]).size
    # among all gaps, so that those of customers who buy every few days count, too
    share = float((near & inside).sum() / max(of.sum(), 1))
    alike = Estimate(share, n=float(of.sum()), kind="percent", digits=0,
                     label="Gaps as long as the others of their customer")  # fmt: skip
    terms = None
    if payers >= PAYERS and share >= ALIKE:
        terms, verdict = Terms.of(code, gap, known.ages(), per), "due"
    log_due = np.zeros(size) if terms is None else add_up(code, terms.log_density(code, gap), size)
    gaps = pd.DataFrame(
        {"log_gaps": add_up(code, np.log(gap / per), size), "log_due": log_due}, index=known.ids
    )
    return Rhythm(table, gaps, int(n), k, alike, terms, unit, verdict)


def _regularity(first: Array, both: Array) -> tuple[Estimate, str]:
    """Wheat and Morrison's k by the variance of the share of the first gap, and what it means."""
    # the first of two gaps of whole days is one of both - 1 days; of two days nothing is learnt
    told = both > 2
    first, both = first[told], both[told]
    squared = (first / both - 0.5) ** 2
    days = both - 1.0
    by_chance = (days**2 - 1) / (12 * both**2)
    fourth = (days**2 - 1) * (3 * days**2 - 7) / (240 * both**4)
    n = first.size
    if n < FEWEST:
        return Estimate(float("nan")), "few"
    ratio = float(squared.sum() / by_chance.sum())
    z = float((squared - by_chance).sum() / np.sqrt((fourth - by_chance**2).sum()))
    # the standard error of the ratio as it is, not as by chance
    error = float(np.sqrt(((squared - ratio * by_chance) ** 2).sum()) / by_chance.sum())
    width = normal_quantile(0.95) * error
    point, low, high = (_stages(v) for v in (ratio, ratio + width, max(ratio - width, 0.0)))
    k = Estimate(
        point, low, high, n=float(n), label="Regularity of purchases (Wheat and Morrison)", digits=1
    )
    certain = normal_quantile(1 - 2 * ERROR)
    if z < -certain and point >= WORTH:
        return k, "regular"
    return k, "clumped" if z > certain and point <= 1 / WORTH else "random"


def _stages(ratio: float) -> float:
    """Turn a variance, in units of chance, into k of a beta distribution (k, k)."""
    variance = ratio / 12
    return float((1 - 4 * variance) / (8 * variance)) if variance > 0 else float("inf")


def _heap(first: Array, both: Array) -> pd.DataFrame:
    tenths = np.minimum((10 * (first - 0.5) / np.maximum(both - 1, 1)).astype(int), 9)
    seen = np.bincount(tenths, minlength=10) / max(first.size, 1)
    share = [f"{10 * i}-{10 * (i + 1)}%" for i in range(10)]
    return labelled(
        pd.DataFrame({"share": share, "seen": seen, "chance": 0.1}),
        share="First of two gaps, as a share of both",
        seen=("Share of customers", "percent:1"),
        chance=("By chance", "percent:0"),
    )
