"""The health of accounts: a score with stated weights, and whether it foresaw anything.

References
----------
Saaty (2008), Int. J. Services Sciences 1(1), 83-98 (weights by comparison); DeLong, DeLong,
Clarke-Pearson (1988), Biometrics 44(3), 837-845 (the interval of an area under the curve).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import ndtr

from workbench.accounts.spending import bought_within
from workbench.arrays import Array
from workbench.errors import DataError, require_columns
from workbench.languages import Language, speak
from workbench.results import Advice, Estimate, Finding, Picture, Result, labelled
from workbench.results.drawing import interval_dots
from workbench.stats.area import auc_parts
from workbench.stats.disclosure import rule_of, sensitive
from workbench.stats.intervals import logit_interval, wilson
from workbench.study import CellRule
from workbench.study.weights import compared_weights, equal_weights, matrix_of, stated_weights

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Fewest accounts of each kind (lost and kept; grown and shrunk) for a test on the past.
FEWEST = 10
#: Parts of the score, and how they are called.
PARTS: Mapping[str, str] = {
    "recency": "Time since the last purchase",
    "trend": "Trend of the purchases",
    "frequency": "Number of purchases",
    "breadth": "Breadth of what is bought",
    "service": "Contacts resolved",
    "relation": "Visits and contacts lately",
}
CLASSES = ("Weak", "Middling", "Strong")

FORESEES = (
    "The health score predicted who would stop: of a pair of accounts of which one stopped, the"
    " one that stopped had the lower score in {auc} of the pairs; one half is chance"
)
NOTHING = (
    "The health score does no better than chance: of a pair of accounts of which one stopped, the"
    " one that stopped had the lower score in {auc} of the pairs"
)
WRONG_WAY = (
    "The health score predicted the opposite: of a pair of accounts of which one stopped, the one"
    " that stopped had the lower score in only {auc} of the pairs; do not steer by it"
)
GROWS = "Accounts with the higher score also grew more afterwards: in {auc} of the pairs"
GROWS_NOT = "It does not tell who will grow: right in {auc} of the pairs"
WORST = (
    "{n} accounts score as weak, and bought for {money} in the last twelve months; of such,"
    " {stopped} stopped within {days} days"
)
GIVEN = "For {n} accounts somebody has put another score in its place, with a reason and a day"
UNTRIED = "The record is too short, or too few accounts stopped, to try the score on the past"
LOOK = "Look at the {n} weak accounts one by one; the list is in the study's folder"


@dataclass(frozen=True)
class Health(Result):
    """Scores, and what they foresaw.

    Attributes
    ----------
    table : DataFrame
        One row a class of the score a year ago: health, n, stopped (share that bought nothing in
        the `days` after), with `_low` and `_high`. Empty where it could not be tried.
    scores : DataFrame
        customer_id, the parts from 0 to 1, score (0 to 100), health, given (by somebody), reason:
        for the study's folder, never for a page.
    weights : DataFrame
        part, weight.
    method : str
        How the weights were given.
    stopping, growing : Estimate or None
        Area under the curve: of the score for who stays, and for who grows.
    weak : dict
        n, money, stopped, days of those who are weak today.
    given, days : int
    """

    table: pd.DataFrame
    scores: pd.DataFrame
    weights: pd.DataFrame
    method: str
    stopping: Estimate | None
    growing: Estimate | None
    weak: dict[str, object]
    given: int
    days: int

    def estimates(self) -> dict[str, Estimate]:
        """Return how well it foresees."""
        found = {"stopping": self.stopping, "growing": self.growing}
        return {name: each for name, each in found.items() if each is not None}

    def findings(self) -> list[Finding]:
        """Say whether the score foresees anything, and how many are weak."""
        if self.stopping is None:
            said = [Finding("accounts.health", UNTRIED, severity="warning", verdict="untried")]
        else:
            foresees, wrong = self.stopping.low > 0.5, self.stopping.high < 0.5
            said = [
                Finding(
                    "accounts.health", FORESEES if foresees else WRONG_WAY if wrong else NOTHING,
                    {"auc": self.stopping}, estimates={"stopping": self.stopping},
                    severity="note" if foresees else "warning",
                    verdict="foresees" if foresees else "opposite" if wrong else "nothing",
                )
            ]  # fmt: skip
            if self.growing is not None:
                grows = self.growing.low > 0.5
                said.append(
                    Finding("accounts.health.growth", GROWS if grows else GROWS_NOT,
                            {"auc": self.growing}, estimates={"growing": self.growing})
                )  # fmt: skip
            if foresees and self.weak:
                money = self.weak["money"]
                said.append(
                    Finding("accounts.health.weak", WORST, self.weak, severity="warning",
                            money=money if isinstance(money, Estimate) else None,
                            advice=Advice(LOOK, 3))
                )  # fmt: skip
        if self.given:
            said.append(Finding("accounts.health.given", GIVEN, {"n": self.given}))
        return said

    def picture(self) -> Picture | None:
        """Draw who stopped by the score before."""
        if self.table.empty:
            return None
        return Picture(
            self.plot, "Who stopped, by the score before",
            "Share of the accounts that bought nothing within {days} days, by their health before;"
            " 95% confidence intervals",
            self.table, {"days": self.days},
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one dot a class."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table.iloc[::-1].reset_index(drop=True)
        names = [say.name(h) for h in t["health"]]
        ends = (t["stopped_low"], t["stopped_high"])
        interval_dots(ax, names, t["stopped"], *ends, say("Stopped"))
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        return ax


def read_weights(said: Sequence[str], parts: Sequence[str]) -> tuple[dict[str, float], str]:
    """Read stated weights ("recency 0.4") or comparisons in pairs ("recency / breadth 2").

    Returns
    -------
    dict of str to float, str
        They sum to one; equal, stated or AHP. What the parts at hand lack is left out.

    Raises
    ------
    DataError
        A line that is neither, an unknown part, comparisons that contradict one another.

    Examples
    --------
    >>> read_weights(["recency / breadth 3"], ["recency", "breadth"])
    ({'recency': 0.75, 'breadth': 0.25}, 'AHP')
    """
    if not said:
        return dict(equal_weights(parts).weight), "equal"
    given: dict[str, float] = {}
    for line in said:
        name, _, number = line.strip().rpartition(" ")
        named = [one.strip() for one in name.split("/")]
        unknown = [one for one in named if one not in PARTS]
        try:
            value = float(number)
        except ValueError:
            value = np.nan
        if unknown or len(named) > 2 or not np.isfinite(value):
            raise DataError(
                f"{line!r} is no weight of a part of health", where="weights",
                remedy=f"write `recency 0.4` or `recency / breadth 2`; parts: {', '.join(PARTS)}",
            )  # fmt: skip
        given[" / ".join(named)] = value
    if all("/" not in name for name in given):
        found = stated_weights(given)
    elif all("/" in name for name in given):
        found = compared_weights(*matrix_of(given))
    else:
        raise DataError(
            "some weights are stated and others compared", where="weights",
            remedy="give all of them in one way",
        )  # fmt: skip
    here = {p: found.weight[p] for p in parts if found.weight.get(p, 0) > 0}
    if not here:
        raise DataError(
            "none of the parts that have a weight can be measured here", where="weights",
            remedy=f"weigh one of {', '.join(parts)}",
        )  # fmt: skip
    total = sum(here.values())
    return {p: w / total for p, w in here.items()}, found.method


def health(
    sales: pd.DataFrame,
    *,
    as_of: dt.date,
    service: pd.DataFrame | None = None,
    visits: pd.DataFrame | None = None,
    about: pd.DataFrame | None = None,
    weights: Sequence[str] = (),
    days: int = 180,
    min_cell: CellRule | int = 5,
    currency: str = "",
) -> Health:
    """Score accounts as of today, and as of a day before to see what became of them.

    Parameters
    ----------
    sales : DataFrame
        customer_id, date, amount, and category or product where it is known.
    as_of : date
    service : DataFrame, optional
        customer_id, at, resolved.
    visits : DataFrame, optional
        customer_id, date: visits and other contacts of ours.
    about : DataFrame, optional
        customer_id, and health (a score from 0 to 100 put in place of ours), health_reason,
        health_on (from when it counts).
    weights : sequence of str
        See `read_weights`.
    days : int
        An account has stopped that buys nothing for so long.
    min_cell : CellRule or int
    currency : str

    Raises
    ------
    DataError
        Fewer than twenty accounts bought in the last two years.
    """
    require_columns(sales, ("customer_id", "date", "amount"), "the sales have")
    today, span, rule = pd.Timestamp(as_of), pd.Timedelta(days=days), rule_of(min_cell)
    now = _parts(sales, service, visits, today)
    if len(now) < 2 * FEWEST:
        raise DataError(f"{len(now)} accounts bought in the last two years; too few to score")
    weight, method = read_weights(weights, list(now.columns))
    scores = now.assign(score=100 * _weighted(now, weight))
    given = 0
    scores["given"], scores["reason"] = False, None
    if about is not None and "health" in about:
        said = (
            about[about["health"].notna()].drop_duplicates("customer_id").set_index("customer_id")
        )
        if "health_on" in said:
            said = said[~(said["health_on"] > today)]
        said = said[said.index.isin(scores.index)]
        given = len(said)
        scores.loc[said.index, "score"], scores.loc[said.index, "given"] = said["health"], True
        if "health_reason" in said:
            scores.loc[said.index, "reason"] = said["health_reason"]
    before = today - span
    then = _parts(sales, service, visits, before)
    # who had stopped before cannot stop
    was = bought_within(sales, before - span, before)
    then = then[then.index.isin(was.index)]
    bought = bought_within(sales, before, today)
    kept = then.index.isin(bought.index)
    stopping = growing = None
    table = pd.DataFrame(columns=["health", "n", "stopped", "stopped_low", "stopped_high"])
    cuts = _cuts(scores["score"])
    if min(kept.sum(), (~kept).sum()) >= FEWEST and set(weight) <= set(then.columns):
        old = _weighted(then, weight)
        stopping = area(old, kept).named(
            "Accounts that stopped, predicted by the health score", kind="percent"
        )
        was = was.reindex(then.index)
        has = ((was > 0) & kept).to_numpy()
        grown = (bought.reindex(then.index) > was).to_numpy()
        if min(grown[has].sum(), (~grown[has]).sum()) >= FEWEST:
            growing = area(old[has], grown[has]).named(
                "Growth predicted by the health score", kind="percent"
            )
        cuts = _cuts(100 * old)
        code = np.searchsorted(cuts, 100 * old, side="right")
        n, gone = np.bincount(code, minlength=3), np.bincount(code, ~kept, minlength=3)
        low, high = wilson(gone, n)
        table = pd.DataFrame(
            {"health": CLASSES, "n": n, "stopped": gone / np.maximum(n, 1), "stopped_low": low,
             "stopped_high": high}
        )[n >= rule.min_cell]  # fmt: skip
    scores["health"] = np.array(CLASSES, dtype=object)[
        np.searchsorted(cuts, scores["score"], side="right")
    ]
    weak = _weak(scores, sales, table, today, days, rule, currency)
    told = pd.DataFrame({"part": [PARTS[p] for p in weight], "weight": list(weight.values())})
    return Health(
        labelled(
            table.reset_index(drop=True), health="Health before", n="Accounts",
            stopped=("Stopped", "percent"),
        ),
        scores.rename_axis("customer_id").reset_index(),
        labelled(told, part="Part of the score", weight=("Weight", "percent")),
        method, stopping, growing, weak, given, days,
    )  # fmt: skip


def _cuts(score: ArrayLike) -> Array:
    """Thirds of the scores."""
    thirds: Array = np.quantile(np.asarray(score, dtype=float), [1 / 3, 2 / 3])
    return thirds


def _weighted(parts: pd.DataFrame, weight: Mapping[str, float]) -> Array:
    """Weighted mean of the parts that an account has."""
    x = parts[list(weight)].to_numpy(dtype=float)
    w = np.where(np.isfinite(x), np.array(list(weight.values())), 0.0)
    return np.asarray((np.nan_to_num(x) * w).sum(axis=1) / np.maximum(w.sum(axis=1), 1e-12))


def _parts(
    sales: pd.DataFrame,
    service: pd.DataFrame | None,
    visits: pd.DataFrame | None,
    day: pd.Timestamp,
) -> pd.DataFrame:
    """Measure the parts of health as of a day, each as its rank among accounts from 0 to 1."""
    year = pd.Timedelta(days=365)
    seen = sales[(sales["date"] <= day) & (sales["date"] > day - 2 * year)]
    by = seen.groupby("customer_id")
    raw = pd.DataFrame(index=by.size().index)
    raw["recency"] = -(day - by["date"].max()).dt.days
    late = bought_within(sales, day - year, day)
    early = bought_within(sales, day - 2 * year, day - year)
    late, early = (each.reindex(raw.index, fill_value=0.0) for each in (late, early))
    raw["trend"] = (late - early) / (late.abs() + early.abs()).replace(0, np.nan)
    raw["frequency"] = by.size()
    what = next((c for c in ("category", "product") if c in seen), None)
    if what is not None and len(seen[what].dropna().unique()) > 1:
        raw["breadth"] = by[what].nunique()
    if service is not None and "resolved" in service:
        asked = service[(service["at"] <= day) & (service["at"] > day - year)]
        done = asked["resolved"].dropna().astype(float).groupby(asked["customer_id"]).mean()
        if len(done):
            raw["service"] = done.reindex(raw.index)
    if visits is not None:
        came = visits[(visits["date"] <= day) & (visits["date"] > day - year)]
        if len(came):
            raw["relation"] = came.groupby("customer_id").size().reindex(raw.index, fill_value=0)
    ranks = raw.rank(pct=False, method="average")
    counts = raw.notna().sum()
    return (ranks - 1) / (counts - 1).clip(lower=1)


def _weak(
    scores: pd.DataFrame,
    sales: pd.DataFrame,
    table: pd.DataFrame,
    today: pd.Timestamp,
    days: int,
    rule: CellRule,
    currency: str,
) -> dict[str, object]:
    """Count the weak of today who still buy, with what they bought."""
    told = table[table["health"] == CLASSES[0]]
    if told.empty:
        return {}
    spent = bought_within(sales, today - pd.Timedelta(days=365), today)
    own = spent[spent.index.isin(scores.index[scores["health"] == CLASSES[0]])]
    if sensitive(own, rule) or not len(own):
        return {}
    row = told.iloc[0]
    return {
        "n": len(own), "days": days,
        "money": Estimate(float(own.sum()), n=float(len(own)), kind="money", unit=currency),
        "stopped": Estimate.of_row(row, "stopped", kind="percent"),
    }  # fmt: skip


def area(score: ArrayLike, good: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Share of pairs in which the good one has the higher score, with DeLong's interval.

    Parameters
    ----------
    score : array_like, shape (n,)
    good : array_like of bool, shape (n,)
    level : float

    Returns
    -------
    Estimate
        Ties count one half; limits on the logit scale; p is that of one half.
    """
    yes = np.asarray(good, dtype=bool)
    m, n = int(yes.sum()), int((~yes).sum())
    if not m or not n:
        return Estimate(np.nan, n=float(m + n), level=level)
    above, below = auc_parts(yes, score)
    auc = float(above.mean())
    if m < 2 or n < 2:
        return Estimate(auc, n=float(m + n), level=level)
    variance = float(above.var(ddof=1) / m + below.var(ddof=1) / n)
    inside = min(max(auc, 0.5 / (m * n)), 1 - 0.5 / (m * n))
    # where all pairs agree, half a pair might not have
    se = np.sqrt(max(variance, inside * (1 - inside) / (m * n)))
    limits = logit_interval(inside, se, float(m + n), level)
    return replace(limits, value=auc, p=float(2 * ndtr(-abs(auc - 0.5) / se)))
