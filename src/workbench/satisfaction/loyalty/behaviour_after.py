"""What satisfied and dissatisfied customers do afterwards: purchases and leaving, in time order."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from workbench.arrays import Array
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import (
    Estimate,
    Finding,
    Picture,
    Result,
    directed,
    labelled,
    named_estimates,
)
from workbench.satisfaction.questionnaire.answers import WEIGHT
from workbench.stats import effective_answers, mean_interval, unequal_weights, wilson
from workbench.stats.intervals import normal_quantile

_LEAST_EVENTS = 10
_LEAST_CUSTOMERS = 30


_SAME = "among customers of the same standing and wave."
_AS_OFTEN = (
    "among customers who had bought as often before and answered in the same wave. That is no proof"
    " that satisfaction sells: what makes people satisfied may also make them buy."
)
#: By whether it is about leaving, and where the difference goes.
DETAILS: Final = {
    (True, "rose"): "With one point more on the scale, the odds of leaving are {more} higher, "
    + _SAME,
    (True, "fell"): "With one point more on the scale, the odds of leaving are {more} lower, "
    + _SAME,
    (True, "open"): "With one point more on the scale, the odds of leaving differ by {more}, which"
    " may be chance, " + _SAME,
    (False, "rose"): "With one point more on the scale, later purchases are {more} higher, "
    + _AS_OFTEN,
    (False, "fell"): "With one point more on the scale, later purchases are {more} lower, "
    + _AS_OFTEN,
    (False, "open"): "With one point more on the scale, later purchases differ by {more}, which may"
    " be chance, " + _AS_OFTEN,
}


@dataclass(frozen=True)
class BehaviourAfter(Result):
    """How later behaviour goes with an earlier answer: an association, no proof of cause.

    Attributes
    ----------
    table : DataFrame
        `model` ("plain", "adjusted"), `n` (answers), `customers`, `events`, `estimate` (rate or
        odds ratio for one point more on the scale), `low`, `high`, `p`.
    levels : DataFrame
        `answer`, `n`, `estimate` (mean number of purchases, or share that left), `low`, `high`,
        `reason` where too few gave the answer.
    kind : str
        "purchases" or "leaving".
    score : str
        Column of the answer.
    days : int
        Length of the time looked at, from the day after the answer.
    exclusions : DataFrame
        `reason`, `what`, `n`.
    """

    table: pd.DataFrame
    levels: pd.DataFrame
    kind: str
    score: str
    days: int
    exclusions: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def adjusted(self) -> Estimate:
        """The ratio for one point more, what was known before held equal."""
        row = self.table.iloc[-1]
        return Estimate(row["estimate"], row["low"], row["high"], float(row["n"]))

    @property
    def clear(self) -> bool:
        """Whether the adjusted interval leaves out 1."""
        return 1 not in self.adjusted

    @property
    def difference(self) -> Estimate:
        """Change of the rate or the odds for one point more, as a share of it."""
        label = "Purchases afterwards, per point of satisfaction"
        if self.kind == "leaving":
            label = "Odds ratio of leaving, per point of satisfaction"
        value, low, high = (x - 1 for x in self.adjusted)
        n = self.adjusted.n
        return Estimate(value, low, high, n, kind="percent", signed=True, label=label)

    def estimates(self) -> dict[str, Estimate]:
        """Give the difference for one point more (`later.purchases`), and the models' ratios."""
        ratios = named_estimates(self.table, "model", prefix=f"{self.kind}.")
        return {f"later.{self.kind}": self.difference, **ratios}

    def findings(self) -> list[Finding]:
        """Whether more satisfied customers behaved otherwise, and by how much."""
        more, rises = self.difference, self.adjusted.value > 1
        way, size = directed(more)
        values = {"days": self.days, "more": size}
        if self.kind == "leaving":
            message = "No clear link between satisfaction and churn"
            if self.clear:
                message = "Satisfied customers left less often in the {days} days after"
                if rises:
                    message = "Satisfied customers left more often in the {days} days after"
        else:
            message = "No clear link between satisfaction and later purchases"
            if self.clear:
                message = "Satisfied customers bought less in the {days} days after"
                if rises:
                    message = "Satisfied customers bought more in the {days} days after"
        detail = DETAILS[self.kind == "leaving", way]
        return [
            Finding(
                f"later.{self.kind}",
                message,
                values,
                verdict="clear" if self.clear else "open",
                estimates={f"later.{self.kind}": more},
            ),
            Finding(f"later.{self.kind}.size", detail, values),
        ]

    def picture(self) -> Picture:
        """Draw what followed each answer."""
        if self.kind == "leaving":
            titles = "Who left afterwards", "By the answer on overall satisfaction"
        else:
            titles = "What customers bought afterwards", "By their answer on overall satisfaction"
        return Picture(self.plot, *titles, self.levels)

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw what followed each answer, with its interval."""
        say = speak(language)
        ax = ax or plt.gca()
        rows = self.levels.dropna(subset="estimate")
        scale = 100 if self.kind == "leaving" else 1
        value, low, high = (scale * rows[c].to_numpy(float) for c in ("estimate", "low", "high"))
        place = np.arange(len(rows))
        ax.errorbar(place, value, yerr=[value - low, high - value], fmt="o", capsize=3)
        ax.set_xticks(place, [say.name(a) for a in rows["answer"]])
        ax.grid(visible=False, axis="x")
        ax.set_ylim(0, None)
        ax.set_xlim(-0.5, len(rows) - 0.5)
        ax.set_xlabel(say("Answer"))
        left = "Share that left, % (line: 95% interval)"
        bought = "Purchases per customer (line: 95% interval)"
        ax.set_ylabel(say(left if self.kind == "leaving" else bought))
        return ax


def purchases_after(
    survey: pd.DataFrame,
    purchases: pd.DataFrame,
    *,
    score: str = "csat5",
    days: int = 180,
    as_of: date,
    min_cell: int = 5,
    level: float = 0.95,
) -> BehaviourAfter:
    """Relate an answer to the number of purchases in the time after it.

    Poisson regression of the purchases in the `days` after the answer, with standard errors that
    hold whatever the spread and that let answers of one customer depend on each other. Answers
    with weights are weighted (pseudo-likelihood; the same errors carry the weights). The adjusted
    model holds equal the purchases in the `days` before and the wave.

    Parameters
    ----------
    survey : DataFrame
        `customer_id`, `answered_on`, the score and, if there, `wave` and `weight`.
    purchases : DataFrame
        `customer_id`, `date`, one row a purchase; `amount` if there (refunds do not count).
    score : str
    days : int
    as_of : date
        Where observation ends; answers whose time reaches beyond it are left out.

    Raises
    ------
    DataError
        Columns missing, nobody linked, no answer with its whole time observed, fewer than ten
        purchases, or a score without spread.

    References
    ----------
    Wooldridge (2010), Econometric Analysis of Cross Section and Panel Data, section 18.2 (Poisson
    quasi-likelihood); Liang, Zeger (1986), Biometrika 73(1), 13-22 (robust standard errors).
    """
    frame, exclusions = _linked(survey, score, days, as_of)
    _need(purchases, ("customer_id", "date"), "transactions")
    bought = purchases
    if "amount" in purchases:
        bought = purchases[purchases["amount"].isna() | (purchases["amount"] > 0)]
    after, before = _count_around(frame, bought["customer_id"], bought["date"], days)
    past = pd.DataFrame({"before": np.log1p(before)}, index=frame.index)
    return _relate(frame, after, past, "purchases", score, days, exclusions, min_cell, level)


def leaving_after(
    survey: pd.DataFrame,
    contracts: pd.DataFrame,
    *,
    score: str = "csat5",
    days: int = 180,
    as_of: date,
    min_cell: int = 5,
    level: float = 0.95,
) -> BehaviourAfter:
    """Relate an answer to whether the customer has left some time after it.

    Logistic regression of having no contract any more `days` after the answer, among those who
    had one on the day of the answer. The adjusted model holds equal how long they had been
    customers and the wave.

    Parameters
    ----------
    survey : DataFrame
        `customer_id`, `answered_on`, the score and, if there, `wave` and `weight`.
    contracts : DataFrame
        `customer_id`, `start`, `end` (missing while it runs).

    Raises
    ------
    DataError
        As in `purchases_after`.
    """
    frame, exclusions = _linked(survey, score, days, as_of)
    _need(contracts, ("customer_id", "start", "end"), "contracts")
    by_customer = contracts.assign(
        start=pd.to_datetime(contracts["start"]),
        end=pd.to_datetime(contracts["end"]).fillna(pd.Timestamp.max.normalize()),
    )[["customer_id", "start", "end"]]
    pairs = frame[["customer_id", "_day"]].reset_index(names="_row")
    pairs = pairs.merge(by_customer, on="customer_id")
    running = pairs[(pairs["start"] <= pairs["_day"]) & (pairs["end"] > pairs["_day"])]
    last = running["_day"] + pd.Timedelta(days=days)
    stays = running.assign(stays=running["end"] > last).groupby("_row")
    kept = frame.loc[frame.index.isin(running["_row"])]
    exclusions.append(("no contract on the day of the answer", len(frame) - len(kept)))
    left = 1.0 - stays["stays"].max().reindex(kept.index).to_numpy(dtype=float)
    since = stays["start"].min().reindex(kept.index)
    past = pd.DataFrame({"tenure": np.log1p((kept["_day"] - since).dt.days)}, index=kept.index)
    return _relate(kept, left, past, "leaving", score, days, exclusions, min_cell, level)


def _need(frame: pd.DataFrame, columns: tuple[str, ...], where: str) -> None:
    absent = [c for c in columns if c not in frame]
    if absent:
        raise DataError(
            f"there are no columns {', '.join(map(repr, absent))}",
            where=where,
            remedy=f"map them under tables.{where}.columns in study.yml",
        )


def _linked(
    survey: pd.DataFrame, score: str, days: int, as_of: date
) -> tuple[pd.DataFrame, list[tuple[str, int]]]:
    """Answers that are linked, scored and followed long enough, and the counts of the others."""
    _need(survey, ("customer_id", "answered_on", score), "survey")
    frame = survey.assign(
        _score=pd.to_numeric(survey[score], errors="coerce"),
        _day=pd.to_datetime(survey["answered_on"]).dt.normalize(),
    ).reset_index(drop=True)
    counts: list[tuple[str, int]] = []
    for reason, keep in (
        ("not linked to a customer", frame["customer_id"].notna()),
        ("no answer, or no day of answering", frame["_score"].notna() & frame["_day"].notna()),
        (
            "the time after the answer is not over yet",
            ~(frame["_day"] + pd.Timedelta(days=days) > pd.Timestamp(as_of)),
        ),
    ):
        here = keep.reindex(frame.index)
        counts.append((reason, int((~here).sum())))
        frame = frame[here]
    if frame.empty:
        raise DataError(
            f"no linked answer was followed for {days} days",
            where="survey",
            remedy="link answers to customers by customer_id, or look at a shorter time",
        )
    return frame, counts


def _count_around(
    frame: pd.DataFrame, who: pd.Series, when: pd.Series, days: int
) -> tuple[Array, Array]:
    """Events in the days after the day of the answer, and in the days up to it."""
    codes = pd.Index(frame["customer_id"].unique())
    place = codes.get_indexer(pd.Index(who))
    epoch, step = pd.Timestamp("1970-01-01"), 10**6
    day = (pd.to_datetime(when).dt.normalize() - epoch).dt.days.to_numpy()
    known = (place >= 0) & pd.notna(when).to_numpy()
    events = np.sort(place[known] * step + day[known].astype(np.int64))
    own = codes.get_indexer(pd.Index(frame["customer_id"])) * step
    now = own + (frame["_day"] - epoch).dt.days.to_numpy()
    upto = np.searchsorted(events, now, side="right")
    after = np.searchsorted(events, now + days, side="right") - upto
    before = upto - np.searchsorted(events, now - days, side="right")
    return after.astype(float), before.astype(float)


def _relate(
    frame: pd.DataFrame,
    outcome: Array,
    past: pd.DataFrame,
    kind: str,
    score: str,
    days: int,
    exclusions: list[tuple[str, int]],
    min_cell: int,
    level: float,
) -> BehaviourAfter:
    events, customers = int(outcome.sum()), int(frame["customer_id"].nunique())
    rare = min(events, len(outcome) - events) if kind == "leaving" else events
    if rare < _LEAST_EVENTS or customers < _LEAST_CUSTOMERS:
        raise DataError(
            f"{events} events among {customers} customers",
            where=kind,
            remedy=f"a relation needs at least {_LEAST_EVENTS} events (and as many without) and"
            f" {_LEAST_CUSTOMERS} customers; look at a longer time",
        )
    w = unequal_weights(frame.get(WEIGHT), len(frame))
    value = frame["_score"].to_numpy(dtype=float)
    if np.ptp(value) == 0:
        raise DataError(f"every respondent has the same value of {score}", remedy="choose another")
    if np.ptp(outcome) == 0:
        raise DataError(
            f"every answer is followed by as many events ({outcome[0]:g})",
            where=kind,
            remedy="nothing differs that a relation could explain; look at a longer time",
        )
    plain = np.column_stack([np.ones(len(value)), value])
    known = past.loc[:, np.ptp(past.to_numpy(), axis=0) > 0]
    if "wave" in frame and len(frame["wave"].dropna().unique()) > 1:
        waves = pd.get_dummies(frame["wave"].astype(str), drop_first=True, dtype=float)
        known = pd.concat([known, waves], axis=1)
    rows = [
        {
            "model": name,
            "n": len(value),
            "customers": customers,
            "events": events,
            **_ratio(outcome, x, w, frame["customer_id"], kind, level),
        }
        for name, x in (("plain", plain), ("adjusted", np.column_stack([plain, known])))
    ]
    table = labelled(
        pd.DataFrame(rows),
        model="Model",
        n="Answers",
        customers="Customers",
        events="Purchases" if kind == "purchases" else "Customers who left",
        estimate=("Ratio for one point more", "number:2"),
        p=("p-value", "p"),
    )
    left_out = pd.DataFrame(
        [(reason, "answers", n) for reason, n in exclusions if n], columns=["reason", "what", "n"]
    )
    levels = _levels(value, outcome, w, kind, min_cell, level)
    return BehaviourAfter(table, levels, kind, score, days, left_out)


def _ratio(
    y: Array, x: Array, w: Array | None, who: pd.Series, kind: str, level: float
) -> dict[str, Any]:
    import statsmodels.api as sm  # a notebook without this section should not pay for it
    from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

    family = sm.families.Binomial() if kind == "leaving" else sm.families.Poisson()
    codes = pd.factorize(who)[0]
    model = sm.GLM(y, x, family=family, var_weights=w)
    with warnings.catch_warnings():
        # the warning is general: with these links the clustered errors do carry weights (tested)
        warnings.filterwarnings("ignore", message="cov_type not fully supported")
        warnings.filterwarnings("error", category=PerfectSeparationWarning)
        try:
            fit = model.fit(cov_type="cluster", cov_kwds={"groups": codes})
        except PerfectSeparationWarning:
            raise DataError(
                "what went before tells exactly what follows, so nothing is left to relate",
                where=kind,
                remedy="look at a longer time",
            ) from None
    if not fit.converged or not np.isfinite(fit.bse[1]):
        raise DataError(
            "the relation cannot be estimated",
            where=kind,
            remedy="look at a longer time, or at a coarser answer",
        )
    half = normal_quantile(level) * fit.bse[1]
    low, high = np.exp(fit.params[1] - half), np.exp(fit.params[1] + half)
    estimate = float(np.exp(fit.params[1]))
    return {"estimate": estimate, "low": low, "high": high, "p": float(fit.pvalues[1])}


def _levels(
    value: Array, outcome: Array, w: Array | None, kind: str, min_cell: int, level: float
) -> pd.DataFrame:
    """Sum up what followed each answer; a score of many values is cut into five equal groups."""
    distinct = np.unique(value)
    if distinct.size <= 11:
        groups = pd.Series(value).map(lambda v: f"{v:g}")
        order = [f"{v:g}" for v in distinct]
    else:
        cut = pd.qcut(pd.Series(value), 5, duplicates="drop")
        groups = cut.map(lambda c: f"{c.left:.3g} to {c.right:.3g}").astype(str)
        order = [f"{c.left:.3g} to {c.right:.3g}" for c in cut.cat.categories]
    rows = []
    for name in order:
        here = (groups == name).to_numpy()
        mine, own = outcome[here], None if w is None else w[here]
        row: dict[str, Any] = {"answer": name, "n": len(mine), "estimate": np.nan}
        row |= {"low": np.nan, "high": np.nan, "reason": ""}
        if len(mine) < max(min_cell, 2):
            row["reason"] = "too few answers"
        elif kind == "leaving":
            share = float(np.average(mine, weights=own))
            size = len(mine) if own is None else effective_answers(mine, own)
            low, high = wilson(share * size, size, level=level)
            row |= {"estimate": share, "low": float(low), "high": float(high)}
        else:
            mean = mean_interval(mine, weights=own, level=level)
            row |= {"estimate": mean.value, "low": max(mean.low, 0.0), "high": mean.high}
        rows.append(row)
    shown = ("Share that left", "percent")
    if kind == "purchases":
        shown = ("Purchases per customer", "number:2")
    return labelled(pd.DataFrame(rows), answer="Answer", n="Answers", estimate=shown, reason="Note")
