"""Was it worth it: costs against benefits, with the uncertainty of the effect carried through."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.special import ndtri

from workbench.arrays import Array
from workbench.impact.effect import Effect
from workbench.impact.inputs.panel import CaseError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled
from workbench.study.cases import Costs, Money

DRAWS = 10_000


@dataclass(frozen=True)
class Benefit(Result):
    """Costs against benefits over a horizon, in total; `per_customer` divides them.

    Attributes
    ----------
    customers : float
        Treated customers in a period.
    periods : int
        Horizon.
    period : str
        Unit of time of a period.
    outcome : str
        What running text calls the outcome.
    benefit, cost, net : Estimate
        Amounts of money, discounted; `net` is what the benefit exceeds the cost by.
    return_on_cost : Estimate
        Net benefit over cost.
    pay_back : Estimate
        Periods until the costs have come back; infinite where they never do.
    chance : float
        Probability that the benefit exceeds the cost over the horizon.
    break_even : Estimate
        Effect, in units of the outcome, from which on the measure pays over the horizon.
    course : DataFrame
        `period` (0 is the start), `estimate`, `low`, `high`: net benefit so far.
    """

    customers: float
    periods: int
    period: str
    outcome: str
    benefit: Estimate
    cost: Estimate
    net: Estimate
    return_on_cost: Estimate
    pay_back: Estimate
    chance: float
    break_even: Estimate
    course: pd.DataFrame

    def per_customer(self, amount: Estimate) -> Estimate:
        """Give an amount for each customer treated in a period."""
        return amount.scaled(1 / self.customers)

    @property
    def table(self) -> pd.DataFrame:
        """Benefit, cost and net benefit, in total and per customer, with their intervals."""
        rows = []
        for name, total in (
            ("benefit", self.benefit), ("cost", self.cost), ("net benefit", self.net)
        ):  # fmt: skip
            each = self.per_customer(total)
            ends = {"customer": each.value, "customer_low": each.low, "customer_high": each.high}
            rows.append({"name": name, **total.row(), **ends})
        money = f"money:{self.net.unit}" if self.net.unit else "money"
        return labelled(
            pd.DataFrame(rows).drop(columns="n"),
            name="Amount", estimate=("In total", money), customer=("Per customer", money),
        )  # fmt: skip

    def estimates(self) -> dict[str, Estimate]:
        """Net benefit, and the chance that the measure pays."""
        chance = Estimate(
            self.chance, kind="percent", label="Probability that it pays", better="up",
            fact=self.net.fact.replace("net", "pays"),
        )  # fmt: skip
        return {"benefit.net": self.net, "benefit.pays": chance}

    def findings(self) -> list[Finding]:
        """Say what the measure brings, when its costs come back, and from which effect on."""
        estimates = self.estimates()
        unit = f"{self.period}s"
        values = {"periods": self.periods, "unit": unit, "net": self.net,
                  "chance": estimates["benefit.pays"]}  # fmt: skip
        brought = BRINGS if self.net.value >= 0 else LOSES
        back, even = round(self.pay_back.value, 1), self.break_even
        pay_back = Finding("pay-back", NEVER_BACK)
        if isfinite(back):
            values_of = {"back": Estimate(back, digits=1), "unit": unit}
            pay_back = Finding("pay-back", COMES_BACK, values_of)
        said = [
            Finding("benefit", brought, values, estimates=estimates, money=self.net),
            pay_back,
        ]
        if isfinite(even.value):
            least = replace(even, value=abs(even.value), signed=False)
            message = BREAKS_EVEN[even.value >= 0]
            said.append(Finding("break-even", message, {"outcome": self.outcome, "even": least}))
        return said

    @property
    def heading(self) -> Finding:
        """The chance that it pays, over the section on money."""
        return Finding("chance", CHANCE, {"chance": self.estimates()["benefit.pays"]})

    def picture(self) -> Picture:
        """Give the net benefit so far."""
        return Picture(self.plot, "When do the costs come back?", "Net benefit so far", self.course)

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw the net benefit so far, period by period."""
        ax, say = ax or plt.gca(), speak(language)
        c = self.course
        line = ax.plot(c["period"], c["estimate"])[0]
        ax.fill_between(
            c["period"], c["low"], c["high"], alpha=0.2, color=line.get_color(), linewidth=0
        )
        ax.axhline(0, color=plt.rcParams["axes.edgecolor"], linewidth=0.8)
        ax.set_xlabel(say("Periods after the start"))
        ax.set_ylabel(say("Net benefit so far"))
        return ax


CHANCE = "The probability that it pays is {chance}"
BRINGS = (
    "Over {periods} {unit} the measure is expected to bring {net} after all "
    "costs; the probability that it pays is {chance}."
)
LOSES = (
    "Over {periods} {unit} the measure is expected to cost more than it brings: "
    "{net} after all costs; the probability that it pays is {chance}."
)
COMES_BACK = "At the best estimate it has paid for itself after {back} {unit}."
NEVER_BACK = "At the best estimate its costs do not come back within that time."
BREAKS_EVEN = {
    True: "It breaks even if {outcome} rises by at least {even}.",
    False: "It breaks even if {outcome} falls by at least {even}.",
}


def amount(given: Money | Estimate | None) -> Estimate:
    """Take an amount of the card for an estimate; without a range it is certain."""
    if isinstance(given, Estimate):
        return given if given.known else Estimate(given.value, given.value, given.value)
    if given is None or isinstance(given, int | float):
        certain = float(given or 0.0)
        return Estimate(certain, certain, certain, kind="money")
    low = given.amount if given.low is None else given.low
    high = given.amount if given.high is None else given.high
    return Estimate(given.amount, low, high, kind="money")


def _draws(known: Estimate, shape: Array) -> Array:
    """Turn standard normal draws into values, each side of the interval with its own width."""
    width = np.where(shape < 0, known.value - known.low, known.high - known.value)
    return np.asarray(known.value + shape * width / float(ndtri(0.975)))


def cost_benefit(
    effect: Effect,
    *,
    value: Money | Estimate,
    customers: float,
    costs: Costs,
    periods: int,
    periods_a_year: int,
    rng: np.random.Generator,
    draws: int = DRAWS,
    discount: float = 0.0,
    direction: str = "up",
    level: float = 0.95,
    currency: str = "",
    fact: str = "",
    period: str = "month",
    outcome: str = "the outcome",
) -> Benefit:
    """Set the benefit of an effect against the cost of the measure.

    The benefit of a period is the effect times the worth of one unit of the outcome times the
    customers treated; effect, worth and costs are drawn from what is known of each, all periods
    of a draw alike. A refused effect has no benefit: call this only where there is one.

    Parameters
    ----------
    effect : Effect
        Per customer and period; its interval is taken as that of a normal distribution, each side
        with its own width.
    value : float, Amount or Estimate
        Of one unit of the outcome, a customer and period: the margin of one currency unit of
        sales, the worth of one customer kept.
    customers : float
        Treated in a period.
    costs : Costs
        Of the card.
    periods : int
        Horizon: periods counted from the start.
    periods_a_year : int
    rng : Generator
    draws : int
        Half the number of draws (each is taken with either sign).
    discount : float
        Rate a year; what comes at the end of a period counts (1 + rate)^(-periods / year).
    direction : {"up", "down"}
        "down" where less of the outcome is worth money (churn): the value then counts what falls.
    currency : str
        ISO 4217 code.
    fact : str
        Name of the net benefit as a fact.
    period : str
        Unit of time of a period.
    outcome : str
        What running text calls the outcome.

    Raises
    ------
    CaseError
        Nobody treated, no horizon, a rate below -1.

    References
    ----------
    Briggs, Claxton, Sculpher (2006), Decision Modelling for Health Economic Evaluation, chapter 4
    (uncertainty carried through by simulation); Boardman and others (2018), Cost-Benefit Analysis,
    chapter 6 (discounting).
    """
    _check(customers, periods, discount)
    worth = amount(value)
    once, fixed, each = (amount(c) for c in (costs.once, costs.per_period, costs.per_customer))
    shape = rng.standard_normal((5, draws))
    shape = np.concatenate([shape, -shape], axis=1)  # antithetic: the mean is exact
    sign = -1.0 if direction == "down" else 1.0
    moved = _draws(Estimate(effect.effect, effect.low, effect.high), shape[0])
    gains = sign * moved * _draws(worth, shape[1]) * customers
    starts = _draws(once, shape[2])
    running = _draws(fixed, shape[3]) + _draws(each, shape[4]) * customers
    gain = sign * effect.effect * worth.value * customers
    runs = fixed.value + each.value * customers
    factor = (1 + discount) ** -(np.arange(1, periods + 1) / periods_a_year)
    total = float(factor.sum())
    net, cost = (gains - running) * total - starts, starts + running * total
    at_cost = once.value + runs * total
    at_net = gain * total - at_cost
    per_unit = sign * worth.value * customers * total
    even = float(at_cost / per_unit) if per_unit else float("inf")

    def told(at: float, drawn: Array, **about: object) -> Estimate:
        tails = [0.5 - level / 2, 0.5 + level / 2]
        low, high = np.quantile(drawn, tails, method="inverted_cdf")
        return Estimate(at, float(low), float(high), level=level).named(**about)  # type: ignore[arg-type]

    money = {"kind": "money", "unit": currency}
    back = _payback(np.array([gain - runs]), np.array([once.value]), factor)
    return Benefit(
        customers=customers,
        periods=periods,
        period=period,
        outcome=outcome,
        benefit=told(gain * total, gains * total, label="Benefit", better="up", **money),
        cost=told(at_cost, cost, label="Cost", better="down", **money),
        net=told(at_net, net, label="Net benefit", better="up", fact=fact, **money),
        return_on_cost=told(at_net / at_cost, net / cost, kind="percent", better="up"),
        pay_back=told(float(back[0]), _payback(gains - running, starts, factor)),
        chance=float(np.mean(net > 0)),
        break_even=Estimate(even, **effect.written),
        course=_course(gains - running, starts, factor, (gain - runs, once.value), level),
    )


def _check(customers: float, periods: int, discount: float) -> None:
    if not customers > 0:
        raise CaseError("nobody was treated", where="benefit", remedy="give the customers treated")
    if periods < 1:
        raise CaseError(
            "a horizon of {n} periods holds no benefit",
            where="horizon",
            remedy="give the periods over which costs and benefits count",
            n=periods,
        )
    if discount <= -1:
        raise CaseError(
            "a discount rate of {rate} is impossible",
            where="discount",
            remedy="give it as a share, such as 0.08",
            rate=discount,
        )


def _course(
    each: Array, once: Array, factor: Array, centre: tuple[float, float], level: float
) -> pd.DataFrame:
    # net benefit is linear in the discounted time, so that quantiles at each point are cheap
    rows = []
    for period, time in enumerate(np.concatenate([[0.0], np.cumsum(factor)])):
        low, high = np.quantile(each * time - once, [0.5 - level / 2, 0.5 + level / 2])
        at = centre[0] * time - centre[1]
        rows.append({"period": period, "estimate": at, "low": float(low), "high": float(high)})
    so_far = ("Net benefit so far", "number:0")
    return labelled(pd.DataFrame(rows), period="Period", estimate=so_far)


def _payback(each: Array, once: Array, factor: Array) -> Array:
    """Periods until the discounted gains have paid the cost at the start; infinite if never."""
    so_far = np.cumsum(factor)
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = np.where(each > 0, once / each, np.inf)
    place = np.searchsorted(so_far, needed)
    before = np.concatenate([[0.0], so_far])[np.minimum(place, len(so_far) - 1)]
    within = (needed - before) / factor[np.minimum(place, len(factor) - 1)]
    return np.where(place < len(so_far), place + within, np.inf)
