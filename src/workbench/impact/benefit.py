"""Was it worth it: costs against benefits, with the uncertainty of the effect carried through."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.special import ndtri

from workbench.arrays import Array
from workbench.impact.effect import Effect
from workbench.impact.inputs.panel import CaseError

DRAWS = 10_000
_ENDS = (("", "estimate"), ("_low", "low"), ("_high", "high"))


@dataclass(frozen=True)
class Worth:
    """An amount of money that may be known only roughly.

    Attributes
    ----------
    amount : float
    low, high : float
        Range that holds it with the chance 95 %; the amount itself where it is certain.
    """

    amount: float
    low: float
    high: float

    @classmethod
    def of(cls, value: Any) -> Worth:
        """Read a number, or something with `amount`, `low` and `high`.

        Raises
        ------
        CaseError
            The range does not hold the amount.
        """
        if isinstance(value, int | float):
            return cls(float(value), float(value), float(value))
        amount = float(value.amount)
        low = amount if value.low is None else float(value.low)
        high = amount if value.high is None else float(value.high)
        if not low <= amount <= high:
            raise CaseError(
                f"the range from {low:g} to {high:g} does not hold {amount:g}",
                where="amount",
                remedy="give low, amount and high in order",
            )
        return cls(amount, low, high)

    def draws(self, shape: Array) -> Array:
        """Turn standard normal draws into amounts, each side with its own width."""
        width = np.where(shape < 0, self.amount - self.low, self.high - self.amount)
        return np.asarray(self.amount + shape * width / float(ndtri(0.975)))


@dataclass(frozen=True)
class Costs:
    """What a measure costs.

    Attributes
    ----------
    once : Worth
        At the start.
    per_period : Worth
        In each period.
    per_customer : Worth
        For each treated customer and period.
    """

    once: Worth = field(default_factory=lambda: Worth.of(0.0))
    per_period: Worth = field(default_factory=lambda: Worth.of(0.0))
    per_customer: Worth = field(default_factory=lambda: Worth.of(0.0))


@dataclass(frozen=True)
class Benefit:
    """Costs against benefits over a horizon.

    Attributes
    ----------
    customers : float
        Treated customers in a period.
    periods : int
        Horizon.
    discount : float
        A year.
    value : float
        Worth of one unit of the outcome, per customer and period.
    table : DataFrame
        `name`, `estimate`, `low`, `high`: benefit, cost and net benefit in total and per customer
        (discounted), return on the cost, pay-back in periods, probability that it pays. Pay-back is
        infinite where the costs never come back.
    course : DataFrame
        `period` (0 is the start), `estimate`, `low`, `high`: net benefit so far.
    break_even : float
        Effect, in units of the outcome, from which on the measure pays over the horizon.
    """

    customers: float
    periods: int
    discount: float
    value: float
    table: pd.DataFrame
    course: pd.DataFrame
    break_even: float

    def __getitem__(self, name: str) -> tuple[float, float, float]:
        """Estimate, low and high of a row of the table."""
        values = self.table.set_index("name").loc[name, ["estimate", "low", "high"]]
        estimate, low, high = values.to_numpy(dtype=float)
        return float(estimate), float(low), float(high)

    @property
    def pays(self) -> float:
        """Probability that the benefit exceeds the cost over the horizon."""
        return self["probability"][0]

    @property
    def amounts(self) -> pd.DataFrame:
        """Benefit, cost and net benefit, in total and per customer, with their intervals."""
        t = self.table.set_index("name")
        rows = []
        for name in ("benefit", "cost", "net benefit"):
            each = t.loc[f"{name} per customer", ["estimate", "low", "high"]]
            rows.append(
                {"name": name, **t.loc[name, ["estimate", "low", "high"]]}
                | {f"customer{end}": each[key] for end, key in _ENDS}
            )
        return pd.DataFrame(rows)

    def metrics(self) -> pd.DataFrame:
        """Name, value, low, high."""
        return self.table.rename(columns={"estimate": "value"})

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the net benefit so far, period by period."""
        ax = ax or plt.gca()
        c = self.course
        line = ax.plot(c["period"], c["estimate"])[0]
        ax.fill_between(
            c["period"], c["low"], c["high"], alpha=0.2, color=line.get_color(), linewidth=0
        )
        ax.axhline(0, color=plt.rcParams["axes.edgecolor"], linewidth=0.8)
        ax.set_xlabel("Periods after the start")
        ax.set_ylabel("Net benefit so far")
        return ax


def cost_benefit(
    effect: Effect,
    *,
    value: Worth | float,
    customers: float,
    costs: Costs,
    periods: int,
    periods_a_year: int,
    rng: np.random.Generator,
    draws: int = DRAWS,
    discount: float = 0.0,
    direction: str = "up",
    level: float = 0.95,
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
    value : Worth or float
        Of one unit of the outcome, a customer and period: the margin of one currency unit of
        sales, the worth of one customer kept.
    customers : float
        Treated in a period.
    costs : Costs
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

    Raises
    ------
    CaseError
        Nobody treated, no horizon, a rate below -1, no cost at all.

    References
    ----------
    Briggs, Claxton, Sculpher (2006), Decision Modelling for Health Economic Evaluation, chapter 4
    (uncertainty carried through by simulation); Boardman and others (2018), Cost-Benefit Analysis,
    chapter 6 (discounting).
    """
    worth = value if isinstance(value, Worth) else Worth.of(value)
    _check(customers, periods, discount, costs)
    shape = rng.standard_normal((5, draws))
    shape = np.concatenate([shape, -shape], axis=1)  # antithetic: the mean is exact
    moved = Worth(effect.effect, effect.low, effect.high).draws(shape[0])
    sign = -1.0 if direction == "down" else 1.0
    gain = sign * moved * worth.draws(shape[1]) * customers
    running = costs.per_period.draws(shape[3]) + costs.per_customer.draws(shape[4]) * customers
    once = costs.once.draws(shape[2])
    factor = (1 + discount) ** -(np.arange(1, periods + 1) / periods_a_year)
    total = factor.sum()
    gains, cost = gain * total, once + running * total
    net = gains - cost
    so_far = np.concatenate([[0.0], np.cumsum(factor)])
    centre = _at_best(effect.effect * sign, worth, customers, costs)
    course = _course(gain - running, once, so_far, centre, level)
    rows = {
        "benefit": (centre[0] * total, gains),
        "cost": (centre[2] + centre[1] * total, cost),
        "net benefit": (centre[0] * total - centre[2] - centre[1] * total, net),
    }
    rows |= {
        f"{name} per customer": (at / customers, d / customers) for name, (at, d) in rows.items()
    }
    at_cost = rows["cost"][0]
    rows["return"] = (rows["net benefit"][0] / at_cost, net / cost)
    rows["pay-back"] = (
        float(_payback(np.array([centre[0] - centre[1]]), np.array([centre[2]]), factor)[0]),
        _payback(gain - running, once, factor),
    )
    tails = [0.5 - level / 2, 0.5 + level / 2]
    table = pd.DataFrame(
        [
            {"name": name, "estimate": at, "low": low, "high": high}
            for name, (at, draws) in rows.items()
            for low, high in [np.quantile(draws, tails, method="inverted_cdf")]
        ]
    )
    chance = float(np.mean(net > 0))
    last = {"name": "probability", "estimate": chance, "low": np.nan, "high": np.nan}
    table = pd.concat([table, pd.DataFrame([last])], ignore_index=True)
    per_unit = sign * worth.amount * customers * total
    return Benefit(
        customers=customers,
        periods=periods,
        discount=discount,
        value=worth.amount,
        table=table,
        course=course,
        break_even=float(at_cost / per_unit) if per_unit else float("inf"),
    )


def _check(customers: float, periods: int, discount: float, costs: Costs) -> None:
    if not customers > 0:
        raise CaseError("nobody was treated", where="benefit", remedy="give the customers treated")
    if periods < 1:
        raise CaseError(
            f"a horizon of {periods} periods holds no benefit",
            where="horizon",
            remedy="give the periods over which costs and benefits count",
        )
    if discount <= -1:
        raise CaseError(
            f"a discount rate of {discount:g} is impossible",
            where="discount",
            remedy="give it as a share, such as 0.08",
        )
    if not any(c.amount > 0 for c in (costs.once, costs.per_period, costs.per_customer)):
        raise CaseError(
            "the measure costs nothing",
            where="costs",
            remedy="give once, per_period or per_customer",
        )


def _at_best(
    effect: float, worth: Worth, customers: float, costs: Costs
) -> tuple[float, float, float]:
    """Gain a period, running cost a period, and cost at the start, all at their best estimate."""
    running = costs.per_period.amount + costs.per_customer.amount * customers
    return effect * worth.amount * customers, running, costs.once.amount


def _course(
    each: Array, once: Array, so_far: Array, centre: tuple[float, float, float], level: float
) -> pd.DataFrame:
    # net benefit is linear in the discounted time, so that quantiles at each point are cheap
    rows = []
    for period, time in enumerate(so_far):
        low, high = np.quantile(each * time - once, [0.5 - level / 2, 0.5 + level / 2])
        at = (centre[0] - centre[1]) * time - centre[2]
        rows.append({"period": period, "estimate": at, "low": float(low), "high": float(high)})
    return pd.DataFrame(rows)


def _payback(each: Array, once: Array, factor: Array) -> Array:
    """Periods until the discounted gains have paid the cost at the start; infinite if never."""
    so_far = np.cumsum(factor)
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = np.where(each > 0, once / each, np.inf)
    place = np.searchsorted(so_far, needed)
    before = np.concatenate([[0.0], so_far])[np.minimum(place, len(so_far) - 1)]
    within = (needed - before) / factor[np.minimum(place, len(factor) - 1)]
    return np.where(place < len(so_far), place + within, np.inf)


def costs_of(card: Any) -> Costs:
    """Read the costs of a study's card (anything with `once`, `per_period`, `per_customer`)."""
    return replace(
        Costs(),
        **{
            name: Worth.of(getattr(card, name))
            for name in ("once", "per_period", "per_customer")
            if getattr(card, name) is not None
        },
    )
