"""What customers will do, drawn: purchases and amounts to come, of each and of groups of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.arrays import Array, Index
from workbench.clv.calendar import Calendar
from workbench.clv.models.gamma_gamma import GammaGammaResults
from workbench.clv.models.observed_spend import ObservedSpendResults
from workbench.clv.models.purchase import PurchaseResults
from workbench.stats.intervals import normal_quantile
from workbench.stats.normals import root_of

#: Promised of every forecast: nine of ten.
LEVEL = 0.9
DRAWS = 200
#: Customers drawn one by one; the noise of more is that of so many of them, scaled.
MOST = 20_000
#: Customers times draws that are drawn at once.
BLOCK = 200_000


class Ahead:
    """Draws of what the customers of a fit will do within a horizon, given what they have done.

    Each customer is alive or not, buys at a rate of their own, may leave, and spends by a mean of
    their own: the noise that remains however well the parameters are known. What is not known of
    the parameters is added where customers are summed.

    Parameters
    ----------
    bought : PurchaseResults
    spent : GammaGammaResults or ObservedSpendResults, optional
        Without it purchases only.
    horizon : float
        In the unit of the fit.
    rng : Generator
    draws, most : int
        Draws, and customers that are drawn.
    pace : Calendar, optional
        By whose clock the fit's times run.
    """

    def __init__(
        self,
        bought: PurchaseResults,
        spent: GammaGammaResults | ObservedSpendResults | None = None,
        *,
        horizon: float,
        rng: np.random.Generator,
        draws: int = DRAWS,
        most: int = MOST,
        pace: Calendar | None = None,
    ) -> None:
        #: A factor common to all customers of a draw.
        self.common = np.ones(draws)
        if pace is not None:
            self.common = pace.deviations(horizon, draws, rng)
            horizon *= pace.stretch(horizon)
        rows = bought.model.rows
        self.counts = bought.model.counts
        self.size, self.number = rows.inverse.size, draws
        self.expected = bought.expected_purchases(horizon).estimate
        self.at = _sample(self.expected, most)
        x, t_x, T = (v[rows.inverse[self.at]] for v in (rows.x, rows.t_x, rows.T))
        #: The same expectation of the customers who are drawn, which knows its parameters.
        self.of_drawn = bought.expected_purchases(horizon, x, t_x, T)
        self.phi = _deviates(bought.covariance, draws, rng)
        theta, alive = np.exp(bought.phi), bought.process.alive(np.exp(bought.phi), x, t_x, T)
        self.purchases = np.zeros((self.at.size, draws), dtype=np.float32)
        self.spend = np.zeros_like(self.purchases) if spent is not None else None
        # as many draws at once as fit a block
        at_once = max(BLOCK // max(x.size, 1), 1)
        for begin in range(0, draws, at_once):
            size = min(at_once, draws - begin)
            there, b = np.nonzero(rng.random((x.size, size)) < alive[:, None])
            bought_now = bought.process.draw_ahead(
                theta, horizon, x[there], t_x[there], T[there], rng
            )
            self.purchases[there, begin + b] = bought_now
            if spent is not None and self.spend is not None:
                buys = np.flatnonzero(bought_now > 0)
                amounts = spent.draw_spend(bought_now[buys], self.at[there[buys]], rng)
                self.spend[there[buys], begin + b[buys]] = amounts
        if spent is not None:
            amount = spent.expected_spend()
            self.worth = self.expected * amount.estimate
            self.phi_spend = _deviates(spent.covariance, draws, rng)
            # a mean of repeat buyers is nearly their own; the parameters move that of the others
            self.slope_spend = amount.log_slope(self.expected * self.counts)

    def purchases_of(self, inside: NDArray[np.bool_]) -> tuple[float, Array]:
        """Give the expected purchases of some customers, and draws of them."""
        return self._sum(self.expected, self.purchases, inside)

    def spend_of(
        self, inside: NDArray[np.bool_], factor: Array | float = 1.0
    ) -> tuple[float, Array]:
        """Give their expected spend and draws of it; a factor a customer discounts it."""
        assert self.spend is not None
        scale = np.broadcast_to(factor, self.expected.shape)
        point, draws = self._sum(
            self.worth * scale, self.spend * scale[self.at, None].astype(np.float32), inside
        )
        return point, draws * np.exp(self.phi_spend @ self.slope_spend)

    def _sum(
        self, expected: Array, drawn: NDArray[np.float32], inside: NDArray[np.bool_]
    ) -> tuple[float, Array]:
        point = float(expected[inside] @ self.counts[inside])
        own = np.flatnonzero(inside[self.at])
        if not own.size or not point:
            return point, np.full(self.number, point)
        weight = np.sqrt(self.counts[self.at[own]])
        noise = weight @ drawn[own].astype(float) - weight @ expected[self.at[own]]
        noise *= np.sqrt(np.count_nonzero(inside) / own.size)
        slope = self.of_drawn.log_slope(np.where(inside[self.at], self.counts[self.at], 0.0))
        drawn_sums: Array = np.maximum(point + noise, 0.0) * np.exp(self.phi @ slope)
        drawn_sums *= self.common
        return point, drawn_sums


def _sample(expected: Array, most: int) -> Index:
    """Every k-th customer by what is expected of them: all kinds in their shares."""
    if expected.size <= most:
        return np.arange(expected.size)
    order = np.argsort(expected, kind="stable")
    return np.asarray(
        np.sort(order[np.linspace(0, expected.size - 1, most).astype(np.intp)]), dtype=np.intp
    )


def _deviates(covariance: Array, draws: int, rng: np.random.Generator) -> Array:
    """Draws of what log parameters may be off by; the likelihood is no guide beyond a factor 7."""
    root = root_of((covariance + covariance.T) / 2)
    drawn: Array = rng.standard_normal((draws, covariance.shape[0])) @ root.T
    return np.asarray(np.clip(drawn, -2.0, 2.0), dtype=float)


def range_of(
    point: float, draws: Array, widened: float = 1.0, level: float = LEVEL
) -> tuple[float, float]:
    """Percentiles of draws, their distance from the point widened, never below zero.

    Widening is by ratio, so that twice the width below is no negative amount.
    """
    low, high = (float(v) for v in np.quantile(draws, [(1 - level) / 2, (1 + level) / 2]))
    if widened == 1.0 or not point > 0:
        return low, high
    down = (
        point * (low / point) ** widened if low > 0 else max(point + widened * (low - point), 0.0)
    )
    return down, point * (high / point) ** widened if high > 0 else high


def score(actual: float, point: float, draws: Array) -> float:
    """How far off a forecast was, in units of the spread of its draws; by ratio where it can be."""
    z = 2 * normal_quantile(LEVEL)
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    if low > 0 and actual > 0 and point > 0:
        return float(np.log(actual / point) / (np.log(high / low) / z)) if high > low else np.inf
    return float((actual - point) / ((high - low) / z)) if high > low else np.inf
