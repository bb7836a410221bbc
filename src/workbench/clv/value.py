"""What customers are worth: purchases to come, times what they spend, discounted.

References
----------
Fader, Hardie, Lee (2005), RFM and CLV: Using Iso-Value Curves for Customer Base Analysis,
Journal of Marketing Research 42(4), 415-430.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from workbench.arrays import Array
from workbench.clv.calendar import Calendar
from workbench.clv.models.covariates import CovariateResults
from workbench.clv.models.gamma_gamma import GammaGammaResults
from workbench.clv.models.observed_spend import ObservedSpendResults
from workbench.clv.models.prediction import Prediction
from workbench.clv.models.purchase import PurchaseResults
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled
from workbench.stats.bootstrap import bootstrap_weights
from workbench.stats.disclosure import (
    Sums,
    pool_neighbours,
    prefix_points,
    rule_of,
    sensitive,
    withhold,
)
from workbench.study import CellRule
from workbench.units import per_year, whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Customers, of more than which a bootstrap takes so many by lot.
MANY, SOME = 100_000, 15_000

WILL_BRING = (
    "Over the next {ahead} {unit}, the {n} customers known today can be expected to bring "
    "{total}, at present value with a discount rate of {rate} a year."
)
HELD_BY_A_TENTH = "The top 10% of customers account for {share} of the expected value"
WHO_HOLDS_NOT_SHOWN = (
    "How much the top 10% of customers account for is not shown: they are too few, or one of them"
    " holds nearly all"
)
STILL_ACTIVE = "{share} of the repeat buyers are expected to buy again"
SILENCE = (
    "A customer who used to buy often and has not bought for long has probably left; one who buys"
    " rarely may merely be between two purchases."
)
NOBODY_LEAVES = (
    "The records show no sign that customers leave. We therefore use {model}, in which nobody "
    "does, and give no share of customers expected to buy again."
)
TOO_FAR = (
    "Asked for {asked} {unit} ahead, this page gives {ahead}: no more than the log looks back, for "
    "nothing in it shows how a longer forecast would do."
)
ONCE_UNKNOWN = (
    "{once} of {n} customers bought only once. The model lets nobody leave before a second "
    "purchase, so it cannot tell which of them are gone; it expects {few} purchases of each over "
    "the next {ahead} {unit}."
)
ONCE_ACTIVE = "{once} of {n} customers bought only once; {share} of them are expected to buy again."


@dataclass(frozen=True)
class CustomerValue(Result):
    """Value of the customers of a fit.

    Attributes
    ----------
    table : DataFrame
        One row a customer: p_alive (where anybody leaves), expected_purchases, expected_spend,
        clv, low, high.
    clv, alive, purchases : Prediction
        The same with totals, means and groups.
    horizon : float
        In the unit of time; may be infinite.
    discount_rate : float
        A year.
    margin : float
        Share of an amount that is kept.
    unit : str
    frequency : ndarray
        Repeat purchases of each customer.
    bought : PurchaseResults or CovariateResults
    spent : GammaGammaResults
        The fits that it comes from.
    draws : ndarray, optional
        From `bootstrap_parameters`, where the limits rest on them.
    asked : float
        The horizon that was asked for, where that is longer than the log; 0 otherwise.
    pace : Calendar, optional
        By whose clock the times of the purchase model run, the horizon's own not.
    rule : CellRule, optional
        Of whom a number is shown; without it of everybody.
    ends : tuple of int
        How many of the most valuable lie above the ends of tiers.
    """

    table: pd.DataFrame
    clv: Prediction
    alive: Prediction
    purchases: Prediction
    horizon: float
    discount_rate: float
    margin: float
    unit: str
    frequency: Array
    bought: PurchaseResults | CovariateResults
    spent: GammaGammaResults | ObservedSpendResults
    draws: Array | None = None
    asked: float = 0.0
    pace: Calendar | None = None
    rule: CellRule | None = None
    ends: tuple[int, ...] = ()

    def told_by(self, rule: CellRule | int, ends: Sequence[int] = ()) -> CustomerValue:
        """Show of groups and of the top only what gives nobody away.

        Parameters
        ----------
        rule : CellRule or int
        ends : sequence of int
            How many of the most valuable lie above the end of each tier that a page tells.
        """
        return replace(self, rule=rule_of(rule), ends=tuple(ends))

    @property
    def terms(self) -> tuple[float, float]:
        """Horizon and yearly discount rate by the clock of the purchase model."""
        return _by_clock(self.horizon, self.discount_rate, self.pace)

    @property
    def leaves(self) -> bool:
        """Whether anybody leaves, by the model.

        In the NBD, which is believed where a log shows no leaving, everybody counts as active, and
        no share of them is worth a word.
        """
        return self.bought.leaves

    @property
    def currency(self) -> str:
        """Currency of the amounts."""
        return self.spent.model.currency or ""

    @property
    def is_year(self) -> bool:
        """Whether the horizon is a year, give or take a few days."""
        return bool(abs(self.horizon / per_year(self.unit) - 1) < 0.02)

    def _named(self, number: Estimate, what: str, year: str, within: str, **about: Any) -> Estimate:
        fact = f"customers.{what}_{'1y' if self.is_year else 'horizon'}.model"
        return number.named(year if self.is_year else within, better="up", fact=fact, **about)

    @property
    def total(self) -> Estimate:
        """Value of all customers together."""
        return self._named(
            self.clv.total(),
            "value",
            "Value of what today's customers will buy within a year",
            "Value of what today's customers will buy within the horizon",
            kind="money",
            unit=self.currency,
        )

    @property
    def mean(self) -> Estimate:
        """Value of a customer on average."""
        return self._named(
            self.clv.mean(),
            "mean_value",
            "Value of what a customer will buy within a year",
            "Value of what a customer will buy within the horizon",
            kind="money",
            unit=self.currency,
        )

    @property
    def expected(self) -> Estimate:
        """Purchases of all customers together."""
        return self._named(
            self.purchases.total(),
            "purchases",
            "Expected purchases within a year",
            "Expected purchases within the horizon",
        )

    @property
    def alive_repeaters(self) -> Estimate:
        """Share of customers with a repeat purchase who are still active.

        One-time buyers are left out: models in which customers leave after a repeat purchase
        count all of them as active.
        """
        repeat = self.frequency > 0
        if not repeat.any():
            return Estimate(float("nan"), n=0.0)
        share = self.alive.mean(np.where(repeat, self.alive.counts, 0.0))
        about = {"kind": "percent", "better": "up", "fact": "repeat_buyers.active.model"}
        return share.named("Repeat buyers expected to buy again (model)", **about)

    @property
    def alive_once(self) -> Estimate:
        """Share of customers with one purchase who are still active."""
        once = self.frequency == 0
        if not once.any():
            return Estimate(float("nan"), n=0.0)
        return self.alive.mean(np.where(once, self.alive.counts, 0.0))

    def by(self, groups: ArrayLike) -> pd.DataFrame:
        """Value of groups of customers, with intervals; see `Prediction.by`.

        What would give one of them away is missing: neighbours go together, where groups have an
        order.
        """
        found = self.clv.by(groups)
        if self.rule is not None:
            column = pd.Series(groups).astype("category")
            codes = pd.Index(found["group"]).get_indexer(pd.Index(column))
            each = np.asarray(self.clv.counts).round().astype(int)
            values = np.repeat(self.clv.estimate, each)
            sums = Sums.of(np.repeat(codes, each), values, len(found))
            hidden = withhold(sums, self.rule).cells
            if column.cat.ordered:
                pool = pool_neighbours(sums, self.rule)
                hidden = np.bincount(pool, sums.n > 0)[pool] > 1
            hidden |= sensitive(values, self.rule)
            told = [c for c in found if c not in ("group", "n")]
            found.loc[hidden, told] = np.nan
        return labelled(
            found,
            group="Tier",
            n="Customers",
            share=("Share of value", "percent:1"),
            mean=("Value per customer", "money"),
        )

    def concentration(self, shares: ArrayLike = (0.01, 0.05, 0.1, 0.2, 0.5)) -> pd.DataFrame:
        """Share of the value that the most valuable customers hold.

        Who is among them is taken from the estimates; the limits say how well their share is
        known, given that order.

        Returns
        -------
        DataFrame
            Columns customers (share of customers), estimate (share of value), low, high.
        """
        at = np.asarray(shares, dtype=float)
        order = np.argsort(-self.clv.estimate, kind="stable")
        n = self.clv.counts[order]
        if self.rule is not None:
            # whole customers, as tiers have them: a part of one would tell what he has
            count = np.ceil(at * n.sum() - 1e-9)
            kept = np.isin(count, self._points())
            at, count = at[kept], count[kept]
        before = np.cumsum(n) - n
        # the customer on the boundary counts in part
        whole_of = at * n.sum() if self.rule is None else count
        inside = np.clip(whole_of[:, None] - before, 0.0, n)
        weights = np.empty_like(inside)
        weights[:, order] = inside
        held = self.clv.shares(weights)
        held.insert(0, "customers", at)
        return labelled(
            held,
            customers=("Share of customers", "percent"),
            estimate=("Share of value", "percent"),
        )

    def _falling(self) -> Array:
        each = np.asarray(self.clv.counts).round().astype(int)
        return np.sort(np.repeat(self.clv.estimate, each))[::-1]

    def _points(self) -> list[int]:
        falling = self._falling()
        if self.rule is None or sensitive(falling, self.rule):
            return []
        return prefix_points(falling, self.rule, self.ends)

    def _curve(self) -> tuple[Array, Array]:
        estimate, counts = self.clv.estimate, self.clv.counts
        order = np.argsort(-estimate, kind="stable")
        n, value = counts[order], (estimate * counts)[order]
        if self.rule is not None:
            at = np.array(self._points())
            held = np.concatenate([[0.0], np.cumsum(self._falling())])
            if not at.size:
                return np.array([]), np.array([])
            return at / max(n.sum(), 1), held[at] / value.sum()
        return (
            np.concatenate([[0.0], np.cumsum(n) / n.sum()]),
            np.concatenate([[0.0], np.cumsum(value) / value.sum()]),
        )

    def estimates(self) -> dict[str, Estimate]:
        """Total, mean, purchases; share of repeat buyers still active, where anybody leaves."""
        found = {"total": self.total, "mean": self.mean, "purchases": self.expected}
        if self.leaves and (self.frequency > 0).any():
            found["alive"] = self.alive_repeaters
        return found

    def findings(self) -> list[Finding]:
        """Say what the customers will bring, who holds it, and how many are still active."""
        ahead = {"ahead": whole(self.horizon), "unit": f"{self.unit}s", "n": len(self.clv)}
        brings = self.estimates()
        rate = Estimate(self.discount_rate, kind="percent")
        tenth = self.concentration((0.1,))
        holds = Finding("concentration", WHO_HOLDS_NOT_SHOWN)
        if len(tenth):
            ends = (float(tenth[c].iloc[0]) for c in ("estimate", "low", "high"))
            share = Estimate(*ends, kind="percent")
            holds = Finding("concentration", HELD_BY_A_TENTH, {"share": share}, severity="ok")
        found = [
            Finding("value", WILL_BRING, {**ahead, "total": self.total, "rate": rate},
                    severity="ok", estimates=brings, money=self.total),
            holds,
        ]  # fmt: skip
        if not self.leaves:
            found.append(Finding("active", NOBODY_LEAVES, {"model": self.bought.title}))
        elif "alive" in brings:
            found.append(Finding("active", STILL_ACTIVE, {"share": brings["alive"]}, severity="ok"))
        return found

    def reservations(self) -> list[Finding]:
        """Warn of a horizon cut to the log's length, and of spend that no model foresees well."""
        found = []
        if self.asked:
            ahead = {"asked": whole(self.asked), "ahead": whole(self.horizon)}
            values = {**ahead, "unit": f"{self.unit}s"}
            found.append(Finding("reach", TOO_FAR, values, severity="warning"))
        return found + [f for f in self.spent.findings() if f.severity == "warning"]

    def of_silence(self) -> list[Finding]:
        """Say what a silence means, and what is known of customers with one purchase."""
        silence, once = Finding("silence", SILENCE), self._once()
        return ([silence] if once is None else [silence, once]) if self.leaves else []

    def _once(self) -> Finding | None:
        once = self.frequency == 0
        if not once.any():
            return None
        values: dict[str, Any] = {"once": int(once.sum()), "n": len(self.clv)}
        if self.alive_once.value < 1:
            share = self.alive_once.named(kind="percent")
            return Finding("once", ONCE_ACTIVE, {**values, "share": share})
        few = self.purchases.mean(np.where(once, self.purchases.counts, 0.0))
        values |= {"few": few, "ahead": whole(self.horizon), "unit": f"{self.unit}s"}
        return Finding("once", ONCE_UNKNOWN, values)

    def picture(self) -> Picture | None:
        """Who holds the value, where that may be told."""
        if not self._curve()[0].size:
            return None
        return Picture(
            self.plot,
            "Who holds the value to come",
            "Cumulative share of expected value over the next {ahead} {unit}",
            self.concentration(),
            {"ahead": whole(self.horizon), "unit": f"{self.unit}s"},
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Concentration curve: customers by falling value against the value that they hold."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        x, y = self._curve()
        keep = np.unique(np.linspace(0, x.size - 1, 400).astype(int))
        (line,) = ax.plot(x[keep], y[keep])
        ax.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle=":")
        for share, held, low, high in self.concentration((0.1, 0.2)).itertuples(index=False):
            ax.errorbar(
                [share],
                [held],
                yerr=[[held - low], [high - held]],
                fmt="o",
                color=line.get_color(),
                markersize=5,
            )
            ax.annotate(
                f"{say.percent(share, 0)} → {say.percent(held, 0)}",
                (share, held),
                xytext=(10, -6),
                textcoords="offset points",
                va="center",
            )
        ax.set_xlim(0, 1)
        ax.set_ylim(0, 1.02)
        ax.xaxis.set_major_formatter(PercentFormatter(1))
        ax.yaxis.set_major_formatter(PercentFormatter(1))
        ax.set_xlabel(say("Customers, most valuable first"))
        ax.set_ylabel(say("Share of expected value"))
        return ax


def customer_value(
    purchases: PurchaseResults | CovariateResults,
    spend: GammaGammaResults | ObservedSpendResults,
    *,
    discount_rate: float,
    horizon: float = float("inf"),
    margin: float = 1.0,
    draws: Array | None = None,
    pace: Calendar | None = None,
) -> CustomerValue:
    """Value the customers of a fit.

    Parameters
    ----------
    purchases : PurchaseResults or CovariateResults
    spend : GammaGammaResults
        Fitted to the same summary, in the same order.
    discount_rate : float
        A year, as a fraction.
    horizon : float
        How far ahead to look, in the unit of the data.
    margin : float
        Share of an amount that is kept, 0..1 (1 values revenue).
    draws : ndarray, shape (draws, k), optional
        Log parameters of both models from `bootstrap_parameters`; their covariance then takes
        the place of the inverse information, which trusts the model.
    pace : Calendar, optional
        By whose clock the times of the summary run (`Calendar.stretched`).

    Raises
    ------
    DataError
        Summaries of different length, a spend model without a finite mean, a margin outside
        0..1, an unnamed unit of time.

    Examples
    --------
    >>> from workbench.clv import BetaGeometric, GammaGamma, customer_value
    >>> frequency, recency = [2, 0, 1, 5, 0, 3], [30.4, 0, 1.7, 29.4, 0, 22.0]
    >>> bought = BetaGeometric(frequency * 50, recency * 50, [38.9] * 300, unit="week").fit()
    >>> spent = GammaGamma(frequency * 50, [22.4, 0, 11.8, 35.2, 0, 18.0] * 50).fit()
    >>> value = customer_value(bought, spent, discount_rate=0.1, horizon=52)
    >>> value.total.low < value.total.value < value.total.high
    True
    """
    if not 0 < margin <= 1:
        raise DataError(f"margin is {margin}", remedy="give the share that is kept, 0 to 1")
    if not np.isfinite(spend.expected_spend().estimate).all():
        raise DataError(
            "the spend model has no finite mean (q is at most 1)",
            remedy="cap extreme amounts, or value purchases at the observed mean",
        )
    per_year(purchases.unit)
    alive = purchases.p_alive()
    reach, rate = _by_clock(horizon, discount_rate, pace)
    residual = purchases.dert(rate, horizon=reach)
    amount = spend.expected_spend()
    clv = residual.times(amount, margin)
    ahead = reach
    if not np.isfinite(horizon):
        ahead, _ = _by_clock(per_year(purchases.unit), 0.0, pace)
    expected = purchases.expected_purchases(ahead)
    if draws is not None:
        covariance = np.cov(draws, rowvar=False)
        k = purchases.phi.size
        clv = clv.with_covariance(covariance)
        alive = alive.with_covariance(covariance[:k, :k])
        expected = expected.with_covariance(covariance[:k, :k])
    limits = clv.conf_int()
    table = pd.DataFrame(
        {
            "p_alive": alive.estimate,
            "expected_purchases": expected.estimate,
            "expected_spend": amount.estimate,
            "clv": clv.estimate,
            "low": limits["low"].to_numpy(),
            "high": limits["high"].to_numpy(),
        },
        index=purchases.model.index,
    )
    shown = labelled(
        table,
        p_alive=("P(active)", "percent"),
        expected_purchases=("Expected purchases", "number:2"),
        expected_spend=("Spend per purchase", "money"),
        clv=("Value", "money"),
    )
    if not purchases.leaves:
        # that everybody is still active is what the model supposes, not what it found
        shown = shown.drop(columns="p_alive")
    return CustomerValue(
        shown,
        clv,
        alive,
        expected,
        horizon,
        discount_rate,
        margin,
        str(purchases.unit),
        purchases.model.rows.x[purchases.model.rows.inverse],
        purchases,
        spend,
        draws,
        pace=pace,
    )


def _by_clock(horizon: float, rate: float, pace: Calendar | None) -> tuple[float, float]:
    stretch = 1.0 if pace is None else pace.stretch(horizon)
    return horizon * stretch, float((1 + rate) ** (1 / stretch) - 1) if stretch != 1 else rate


def bootstrap_parameters(
    purchases: PurchaseResults | CovariateResults,
    spend: GammaGammaResults | ObservedSpendResults,
    *,
    rng: np.random.Generator,
    draws: int = 200,
) -> Array:
    """Refit both models to reweighted customers.

    The spread of the parameters then does not rest on the models being true, and the two models
    see the same customers in each draw. Of more than `MANY` customers so many as `SOME` are taken
    by lot, and stand for all in each draw: their weights add up to the number of all, so that
    parameters spread as they do among all.

    Returns
    -------
    ndarray, shape (draws, k)
        Log parameters of the purchase model, then of the spend model.

    References
    ----------
    Kleiner, Talwalkar, Sarkar, Jordan (2014), A Scalable Bootstrap for Massive Data, Journal of
    the Royal Statistical Society B 76(4), 795-816.
    """
    model = purchases.model
    size = model.rows.inverse.size
    if len(spend.model.everyone[0]) != size:
        raise DataError(
            f"the purchase model has {size} customers, the spend model "
            f"{len(spend.model.everyone[0])}",
            remedy="fit both models to the same summary",
        )
    counts = model.counts if (model.counts != 1).any() else None
    if size > MANY and counts is None and isinstance(purchases, PurchaseResults):
        at = np.sort(rng.choice(size, SOME, replace=False))
        buys, spends = purchases.among(at).refits(), spend.among(at).refits()
        even = np.full(SOME, 1 / SOME)
        weights = (rng.multinomial(size, even).astype(float) for _ in range(draws))
        return np.array([np.concatenate([buys(w), spends(w)]) for w in weights])
    buys, spends = purchases.refits(), spend.refits()
    drawn = bootstrap_weights(size, draws, rng=rng, counts=counts)
    return np.array([np.concatenate([buys(w), spends(w)]) for w in drawn])
