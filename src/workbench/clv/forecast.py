"""What customers will bring: forecasts with ranges that hold as often as they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from workbench.arrays import Array
from workbench.clv.ahead import LEVEL, Ahead, range_of
from workbench.clv.backtest import Backtest, What
from workbench.clv.contracts import ContractValue
from workbench.clv.models.purchase import PurchaseResults
from workbench.clv.value import CustomerValue
from workbench.errors import DataError
from workbench.results import Estimate, Finding, Result, labelled
from workbench.stats.intervals import normal_quantile
from workbench.study import CellRule
from workbench.units import whole

REVENUE = (
    "Forecast for the next {ahead} {unit}: the {n} customers known today bring {total} in "
    "revenue from their purchases, at present value with a discount rate of {rate} a year. "
    "The range is a {level} forecast range."
)
MARGIN = (
    "Forecast for the next {ahead} {unit}: the {n} customers known today bring {total} in "
    "margin from their purchases, {margin} of the revenue, at present value with a discount"
    " rate of {rate} a year. The range is a {level} forecast range."
)
TOGETHER = (
    "With the {fees} in fees that the running contracts can be expected to bring for as long as "
    "they last, that makes {sum} from purchases and contracts."
)


@dataclass(frozen=True)
class Forecast(Result):
    """Forecasts of customers, of groups of them and of all.

    Attributes
    ----------
    value : CustomerValue
        What is expected: the middle of each forecast.
    ahead : Ahead
        Draws of what they will do.
    past : Backtest, optional
        Forecasts made again in the past, by which the ranges are widened.
    """

    value: CustomerValue
    ahead: Ahead
    past: Backtest | None = None

    @cached_property
    def _factor(self) -> Array:
        """What is kept of a customer's spend, discounted."""
        # of those of whom nothing is expected nothing is left to discount
        whole_worth = np.where(self.ahead.worth > 0, self.ahead.worth, 1.0)
        return np.asarray(self.value.clv.estimate / whole_worth, dtype=float)

    def _widened(self, what: What, *, total: bool) -> float:
        return 1.0 if self.past is None else self.past.width(what, total=total).factor

    def _of(self, inside: Any, what: What, *, total: bool) -> tuple[float, float, float, float]:
        n = float(self.ahead.counts[inside].sum())
        if what == "spend":
            point, draws = self.ahead.spend_of(inside, self._factor)
        else:
            point, draws = self.ahead.purchases_of(inside)
        low, high = range_of(point, draws, self._widened(what, total=total))
        # percentiles of a few hundred draws may miss the middle of a law without any width
        return point, min(low, point), max(high, point), n

    def _all(self, what: What) -> Estimate:
        everybody = np.ones(self.ahead.size, dtype=bool)
        point, low, high, n = self._of(everybody, what, total=True)
        return Estimate(point, low, high, n, LEVEL, of="forecast")

    @cached_property
    def total(self) -> Estimate:
        """What all customers bring within the horizon."""
        about = self.value.total
        return self._all("spend").named(
            self._label(
                "Forecast: revenue from today's customers' purchases within a year",
                "Forecast: revenue from today's customers' purchases within the horizon",
                "Forecast: margin from today's customers' purchases within a year",
                "Forecast: margin from today's customers' purchases within the horizon",
            ),
            kind="money", unit=about.unit, better="up",
            fact=about.fact.replace(".model", ".forecast"),
        )  # fmt: skip

    @property
    def mean(self) -> Estimate:
        """What a customer brings on average."""
        fact = self.value.mean.fact.replace(".model", ".forecast")
        return self.total.scaled(1 / self.total.n).named(
            self._label(
                "Forecast: revenue from a customer's purchases within a year",
                "Forecast: revenue from a customer's purchases within the horizon",
                "Forecast: margin from a customer's purchases within a year",
                "Forecast: margin from a customer's purchases within the horizon",
            ),
            fact=fact,
        )

    @cached_property
    def purchases(self) -> Estimate:
        """Purchases of all customers within the horizon."""
        label = "Forecast: purchases of today's customers within "
        label += "a year" if self.value.is_year else "the horizon"
        fact = self.value.expected.fact.replace(".model", ".forecast")
        return self._all("purchases").named(label, better="up", fact=fact)

    def _label(self, year: str, within: str, margin_year: str, margin_within: str) -> str:
        if self.value.margin < 1:
            year, within = margin_year, margin_within
        return year if self.value.is_year else within

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a customer, as of `CustomerValue`, its limits those of a forecast.

        expected_low and expected_high are the limits of the expectation; low and high those within
        which what the customer brings lies with the level promised. Where more customers are known
        than were drawn, those in between have the range of the one next to them.
        """
        held = self.value.table
        drawn = self.ahead.spend
        assert drawn is not None
        level = LEVEL if self.past is None else self.past.level("spend")
        ends = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=1)
        low, high = self._near(ends[0]), self._near(ends[1])
        out = held.rename(columns={"low": "expected_low", "high": "expected_high"})
        out = out.assign(low=low * self._factor, high=high * self._factor)
        out.attrs = held.attrs
        return out

    def _near(self, drawn: Array) -> Array:
        at, size = self.ahead.at, self.ahead.size
        if at.size == size:
            return drawn
        order = np.argsort(self.ahead.expected, kind="stable")
        rank = np.empty(size, dtype=np.intp)
        rank[order] = np.arange(size)
        by_rank = np.argsort(rank[at])
        place = np.searchsorted(rank[at][by_rank], rank).clip(0, at.size - 1)
        # of the neighbour the range as multiples of what was expected
        of = at[by_rank][place]
        ratio = np.where(self.ahead.worth[of] > 0, self.ahead.worth / self.ahead.worth[of], 1.0)
        return np.asarray(drawn[by_rank][place] * ratio, dtype=float)

    def told_by(self, rule: CellRule | int, ends: Sequence[int] = ()) -> Forecast:
        """Show only what gives nobody away; see `CustomerValue.told_by`."""
        return replace(self, value=self.value.told_by(rule, ends))

    def by(self, groups: ArrayLike) -> pd.DataFrame:
        """Give expectation and forecast of groups of customers.

        Returns
        -------
        DataFrame
            As from `CustomerValue.by`, and forecast, forecast_low, forecast_high of the group.
        """
        found = self.value.by(groups)
        column = pd.Series(groups).astype("category")
        rows = [
            self._of((column == label).to_numpy(), "spend", total=False)[:3]
            for label in found["group"]
        ]
        ends = ["forecast", "forecast_low", "forecast_high"]
        out = found.assign(**dict(zip(ends, np.array(rows).T, strict=True)))
        out.loc[found["share"].isna(), ends] = np.nan
        return labelled(
            out,
            group="Tier",
            n="Customers",
            share=("Share of value", "percent:1"),
            mean=("Expected of a customer", "money"),
            forecast=("Forecast for all of them", "money"),
        )

    def estimates(self) -> dict[str, Estimate]:
        """Return the forecasts of all, and the share still active where anybody leaves."""
        found = {"total": self.total, "mean": self.mean, "purchases": self.purchases}
        active = self.value.estimates().get("alive")
        return found | ({"alive": active} if active is not None else {})

    def findings(self) -> list[Finding]:
        """Say what all will bring, and what the range rests on; then as of `CustomerValue`."""
        value = self.value
        values = {
            "ahead": whole(value.horizon),
            "unit": f"{value.unit}s",
            "n": int(self.total.n),
            "total": self.total,
            "rate": Estimate(value.discount_rate, kind="percent"),
            "level": Estimate(LEVEL, kind="percent"),
            "margin": Estimate(value.margin, kind="percent"),
        }
        brings = Finding(
            "value", MARGIN if value.margin < 1 else REVENUE, values, severity="ok",
            estimates=self.estimates(), money=self.total,
        )  # fmt: skip
        _, *others = value.findings()
        return [brings, *others]

    def with_contracts(self, fees: ContractValue | None) -> Finding | None:
        """Add the fees to come from running contracts; None where there are none."""
        if fees is None or not fees.fees.any():
            return None
        theirs = fees.total
        # two models, two sets of errors: their halves add up in squares, at the forecast's level
        narrower = normal_quantile(LEVEL) / normal_quantile(theirs.level)
        middle = self.total.value + theirs.value
        down = np.hypot(self.total.value - self.total.low, narrower * (theirs.value - theirs.low))
        up = np.hypot(self.total.high - self.total.value, narrower * (theirs.high - theirs.value))
        both = Estimate(
            middle, middle - down, middle + up, self.total.n, LEVEL, of="forecast", kind="money",
            unit=self.total.unit, label="Purchases and contracts together", better="up",
        )  # fmt: skip
        return Finding("value.together", TOGETHER, {"fees": theirs, "sum": both}, money=both)

    def plot(self, ax: Any = None, *, language: Any = "en") -> Any:
        """As of `CustomerValue`."""
        return self.value.plot(ax, language=language)

    def picture(self) -> Any:
        """Who holds the value."""
        return self.value.picture()


def forecast(
    value: CustomerValue, past: Backtest | None = None, *, rng: np.random.Generator
) -> Forecast:
    """Draw what the customers of a value will do, and widen the ranges as the past asks.

    Parameters
    ----------
    value : CustomerValue
        With a finite horizon.
    past : Backtest, optional
        Of the same log and model.
    rng : Generator

    Raises
    ------
    DataError
        The horizon is infinite, or the model has covariates.
    """
    if not np.isfinite(value.horizon):
        raise DataError("an infinite horizon has no forecast", remedy="give a horizon")
    if not isinstance(value.bought, PurchaseResults):
        raise DataError("a model with covariates has no forecast", remedy="leave them out")
    ahead = Ahead(value.bought, value.spent, horizon=value.horizon, rng=rng, pace=value.pace)
    return Forecast(value, ahead, past)
