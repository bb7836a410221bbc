"""What a fitted purchase model tells: who is alive, who buys how much, and when.

Everything that takes customers (`x`, `t_x`, `T`) answers for those of the fit when none are given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from workbench.arrays import Array
from workbench.clv.models.bias import Evidence, outer
from workbench.clv.models.fitted import Fitted
from workbench.clv.models.likelihood import in_logs, maximise
from workbench.clv.models.prediction import Prediction
from workbench.clv.models.rows import add_up, as_floats, distinct, refuse
from workbench.clv.units import continuous_rate
from workbench.errors import DataError

if TYPE_CHECKING:
    from workbench.clv.models.purchase import PurchaseModel


#: Rows whose scores are held at once.
BLOCK = 4096


class PurchaseResults(Fitted):
    """A fitted purchase model.

    Everything that takes customers (`x`, `t_x`, `T`) answers for those of the fit when none are
    given, in the order in which they came. Times are in the unit of the data.
    """

    law: type[PurchaseModel]
    model: PurchaseModel

    @property
    def leaves(self) -> bool:
        """Whether customers leave at all: not in the NBD, nor where no dropout was seen."""
        return len(self.law.names) > 2

    def _ask(
        self,
        function: Callable[..., Array],
        x: ArrayLike | None,
        t_x: ArrayLike | None,
        T: ArrayLike | None,
        *extra: ArrayLike,
        link: Literal["log", "logit"] = "log",
    ) -> Prediction:
        if x is None and t_x is None and T is None:
            rows = self.model.rows
            if not any(np.ndim(e) for e in extra):
                columns = (*(np.full(rows.x.size, e) for e in extra), rows.x, rows.t_x, rows.T)
                return Prediction(
                    lambda phi: function(np.exp(phi), *columns),
                    self.phi,
                    self.covariance,
                    rows.inverse,
                    link=link,
                    counts=self.model.counts,
                    index=self.model.index,
                )
            x, t_x, T = (v[rows.inverse] for v in (rows.x, rows.t_x, rows.T))
        if x is None or t_x is None or T is None:
            raise DataError(
                "only part of a customer's history is given",
                remedy="give x, t_x and T, or none of them for the customers of the fit",
            )
        index = x.index if isinstance(x, pd.Series) else None
        columns = np.broadcast_arrays(
            *(np.asarray(e, float) for e in extra), *self.model.check(x, t_x, T)
        )
        first, inverse = distinct(*(np.ravel(c) for c in columns))
        picked = [np.ravel(c)[first] for c in columns]
        return Prediction(
            lambda phi: function(np.exp(phi), *picked),
            self.phi,
            self.covariance,
            inverse,
            link=link,
            index=index,
        )

    def _by_age(
        self, theta: Array, x: Array, T: Array, function: Callable[[Array, Array], Array]
    ) -> Array:
        """Evaluate what depends on x and T only once for each pair of them."""
        first, inverse = distinct(x, T)
        if first.size > 0.7 * x.size:
            return function(x, T)
        return function(x[first], T[first])[inverse]

    def p_alive(
        self, x: ArrayLike | None = None, t_x: ArrayLike | None = None, T: ArrayLike | None = None
    ) -> Prediction:
        """P(alive at the end of observation)."""
        return self._ask(self.law.alive, x, t_x, T, link="logit")

    def expected_purchases(
        self,
        t: ArrayLike,
        x: ArrayLike | None = None,
        t_x: ArrayLike | None = None,
        T: ArrayLike | None = None,
    ) -> Prediction:
        """Purchases expected in the next `t` units of time, dropout allowed for."""
        time = times("t", t)

        def given(theta: Array, t: Array, x: Array, t_x: Array, T: Array) -> Array:
            if np.all(t == t[0]):
                later = self._by_age(
                    theta,
                    x,
                    T,
                    lambda x, T: self.law.expected(theta, np.full(x.size, t[0]), x, T),
                )
            else:
                later = self.law.expected(theta, t, x, T)
            return self.law.alive(theta, x, t_x, T) * later

        return self._ask(given, x, t_x, T, time)

    def expected_purchases_new(self, t: ArrayLike) -> Prediction:
        """Repeat purchases expected of a new customer within `t` of the first purchase."""
        return self.expected_purchases(t, 0.0, 0.0, 0.0)

    def probability_none(
        self,
        t: ArrayLike,
        x: ArrayLike | None = None,
        t_x: ArrayLike | None = None,
        T: ArrayLike | None = None,
    ) -> Prediction:
        """P(no purchase in the next `t` units of time), whether gone or merely quiet."""

        def given(theta: Array, t: Array, x: Array, t_x: Array, T: Array) -> Array:
            return 1 - self.law.alive(theta, x, t_x, T) * (1 - self.law.none(theta, t, x, T))

        return self._ask(given, x, t_x, T, times("t", t), link="logit")

    def pmf(
        self,
        k: ArrayLike,
        t: ArrayLike,
        x: ArrayLike = 0.0,
        t_x: ArrayLike = 0.0,
        T: ArrayLike = 0.0,
    ) -> Prediction:
        """P(k repeat purchases in `t`), of a new customer unless a history is given."""

        def given(theta: Array, k: Array, t: Array, x: Array, t_x: Array, T: Array) -> Array:
            alive = self.law.alive(theta, x, t_x, T)
            return alive * self.law.mass(theta, k, t, x, T) + np.where(k == 0, 1 - alive, 0.0)

        number = times("k", k)
        if (number != np.round(number)).any():
            raise DataError("k is not a whole number", remedy="k counts purchases")
        return self._ask(given, x, t_x, T, number, times("t", t), link="logit")

    def distribution(self, t: float, *, upto: int = 7) -> pd.DataFrame:
        """Count the fit's customers by purchases expected in the next `t`; see `spread_over`."""
        rows = self.model.rows
        known = [v[rows.inverse] for v in (rows.x, rows.t_x, rows.T)]
        return spread_over([self.pmf(k, t, *known) for k in range(upto)], self.model.counts)

    def refits(self) -> Callable[[Array], Array]:
        """Give a function from weights, one a customer, to the log parameters fitted with them."""
        rows, law = self.model.rows, self.law
        scale = self.model.time_scale(rows)
        timed = np.array(law.timed, dtype=float) * np.log(scale)
        scaled = rows.per(scale)
        bound = np.full(timed.size, 12.0)

        def refit(weights: Array) -> Array:
            n = add_up(rows.inverse, weights, rows.x.size)
            kept = n > 0
            drawn = replace(
                scaled, x=scaled.x[kept], t_x=scaled.t_x[kept], T=scaled.T[kept], n=n[kept]
            )
            best = maximise(
                in_logs(law.likelihood(drawn)), self.phi - timed, lower=-bound - 4, upper=bound
            )
            return np.asarray(best.phi + timed, dtype=float)

        return refit

    def evidence(self) -> Evidence:
        """As of every fit, with the likelihood of times as they were given."""
        law, rows = self.law, self.model.rows

        def spread(phi: Array) -> Array:
            theta, total = np.exp(phi), np.zeros((phi.size, phi.size))
            for lo in range(0, rows.x.size, BLOCK):
                part = slice(lo, lo + BLOCK)
                scores = law.scores(theta, rows.x[part], rows.t_x[part], rows.T[part])
                total += outer(theta[:, None] * scores, rows.n[part])
            return total

        logged = np.ones(self.phi.size, dtype=bool)
        return Evidence(in_logs(law.likelihood(rows)), spread, logged)

    def dert(
        self,
        discount_rate: float,
        x: ArrayLike | None = None,
        t_x: ArrayLike | None = None,
        T: ArrayLike | None = None,
        *,
        horizon: float = float("inf"),
    ) -> Prediction:
        """Discounted expected residual transactions.

        Parameters
        ----------
        discount_rate : float
            A year, as a fraction (0.10); turned into a continuous rate per unit of time.
        x, t_x, T : array_like, optional
        horizon : float
            In the unit of the data; infinite by default.
        """
        rate = continuous_rate(discount_rate, self.unit)
        return self.dert_continuous(rate, x, t_x, T, horizon=horizon)

    def dert_continuous(
        self,
        rate: float,
        x: ArrayLike | None = None,
        t_x: ArrayLike | None = None,
        T: ArrayLike | None = None,
        *,
        horizon: float = float("inf"),
    ) -> Prediction:
        """Discounted expected residual transactions at a continuous rate per unit of time."""
        if not rate >= 0 or not horizon > 0:
            raise DataError(
                f"rate is {rate}, horizon {horizon}",
                remedy="give a rate of zero or more and a positive horizon",
            )
        if rate == 0 and np.isinf(horizon):
            raise DataError(
                "without discounting an infinite horizon has no finite value",
                remedy="give a horizon or a discount rate",
            )

        def given(theta: Array, x: Array, t_x: Array, T: Array) -> Array:
            later = self._by_age(
                theta, x, T, lambda x, T: self.law.discounted(theta, horizon, rate, x, T)
            )
            return self.law.alive(theta, x, t_x, T) * later

        return self._ask(given, x, t_x, T)

    def simulate(self, age: ArrayLike, *, rng: np.random.Generator) -> pd.DataFrame:
        """Draw customers from the fitted model: frequency, recency, age."""
        T = np.atleast_1d(times("age", age))
        x, t_x = self.law.draw(np.exp(self.phi), T, rng)
        return pd.DataFrame({"frequency": x, "recency": t_x, "age": T})


def spread_over(masses: list[Prediction], counts: Array | None = None) -> pd.DataFrame:
    """Count expected customers by number of purchases, of a whole cohort.

    Parameters
    ----------
    masses : list of Prediction
        P(0), P(1), ... of the same customers.
    counts : ndarray, optional
        Customers behind each row.

    Returns
    -------
    DataFrame
        One row a number, the last one open-ended: purchases (label), estimate, low, high.
    """
    n = masses[0].counts if counts is None else counts
    rows = [mass.total(n) for mass in masses]
    first, several, size = masses[0], len(masses), float(n.sum())

    def rest(phi: Array) -> Array:
        return np.array([size - sum(float(n @ mass.at(phi)) for mass in masses)])

    more = first.of_same(rest, np.zeros(1, dtype=np.intp)).total()
    labels = [*(str(k) for k in range(several)), f"{several}+"]
    table = [(i.value, i.low, i.high) for i in (*rows, more)]
    out = pd.DataFrame(table, columns=["estimate", "low", "high"])
    out.insert(0, "purchases", labels)
    return out


def times(name: str, values: ArrayLike) -> Array:
    """Check lengths of time, or numbers of purchases: zero or more."""
    out, labels = as_floats(name, values)
    refuse(name, labels, out < 0, "is negative", "give zero or more")
    return out if np.ndim(values) else out[0]
