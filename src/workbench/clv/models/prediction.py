"""Predictions that know their uncertainty, of customers and of groups of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from workbench.arrays import Array, Index
from workbench.clv.models.rows import add_up, as_floats, distinct, refuse
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Result, labelled
from workbench.stats.intervals import normal_quantile
from workbench.units import continuous_rate

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Prediction(Result):
    """Numbers predicted from fitted parameters, with intervals by the delta method.

    The interval is that of the expectation: it says how well the parameters are known, not
    how far a single customer may stray from what is expected of the likes of them.

    Parameters
    ----------
    function : callable
        Takes log parameters of shape (k,) and gives predictions of distinct rows, shape (m,).
    phi : ndarray, shape (k,)
        Fitted log parameters.
    covariance : ndarray, shape (k, k)
        Of the log parameters.
    inverse : ndarray of int, shape (n,)
        Distinct row of each row asked for.
    link : {"log", "logit"}
        Scale on which limits are set: positive numbers or probabilities.
    counts : ndarray, shape (n,), optional
        Customers behind each row, for totals.

    Notes
    -----
    ``np.asarray(prediction)`` gives the estimates.
    """

    def __init__(
        self,
        function: Callable[[Array], Array],
        phi: Array,
        covariance: Array,
        inverse: Index,
        *,
        link: Literal["log", "logit"] = "log",
        counts: Array | None = None,
        index: pd.Index | None = None,
    ) -> None:
        self._function = function
        self._phi = phi
        self._covariance = covariance
        self._inverse = inverse
        self._link = link
        self._index = index
        self.counts = np.ones(inverse.size) if counts is None else counts
        self._rows = function(phi)

    def __len__(self) -> int:
        return int(self._inverse.size)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self.estimate, dtype=dtype)

    def __repr__(self) -> str:
        return repr(self.table)

    @property
    def estimate(self) -> Array:
        """Predictions, shape (n,)."""
        return np.asarray(self._rows[self._inverse], dtype=float)

    def at(self, phi: Array) -> Array:
        """Return what would be predicted at other log parameters, shape (n,)."""
        return np.asarray(self._function(phi)[self._inverse], dtype=float)

    @cached_property
    def _gradient(self) -> Array:
        """Derivatives of the distinct rows by the log parameters, shape (m, k)."""
        out = np.zeros((self._rows.size, self._phi.size))
        step = 1e-4
        for k in np.flatnonzero(np.diag(self._covariance) > 0):
            up, down = self._phi.copy(), self._phi.copy()
            up[k] += step
            down[k] -= step
            # an infinite prediction (spend without a mean) stays infinite whatever one does
            with np.errstate(invalid="ignore"):
                out[:, k] = (self._function(up) - self._function(down)) / (2 * step)
        return np.nan_to_num(out, nan=0.0)

    @cached_property
    def _row_se(self) -> Array:
        g = self._gradient
        return np.asarray(
            np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", g, self._covariance, g), 0)), dtype=float
        )

    @property
    def se(self) -> Array:
        """Standard errors, shape (n,)."""
        return np.asarray(self._row_se[self._inverse], dtype=float)

    def conf_int(self, level: float = 0.95) -> pd.DataFrame:
        """Limits of each prediction, columns `low` and `high`."""
        low, high = limits(self._rows, self._row_se, normal_quantile(level), self._link)
        return pd.DataFrame(
            {"low": low[self._inverse], "high": high[self._inverse]}, index=self._index
        )

    @property
    def table(self) -> pd.DataFrame:
        """Columns estimate, low, high."""
        out = self.conf_int()
        out.insert(0, "estimate", self.estimate)
        return labelled(out, estimate=("Expected", "percent" if self._link == "logit" else ""))

    def estimates(self) -> dict[str, Estimate]:
        """Return the sum over all customers, and their mean."""
        return {
            "total": self.total().named("All customers"),
            "mean": self.mean().named("A customer on average"),
        }

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw what is expected of each customer with its interval, from the most to the least."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        rows = self.table.sort_values("estimate", ascending=False)
        at = np.arange(1, len(rows) + 1)
        ax.fill_between(at, rows["low"], rows["high"], alpha=0.25, linewidth=0)
        ax.plot(at, rows["estimate"])
        ax.set_xlabel(say("Customers, from the highest to the lowest"))
        ax.set_ylabel(say("Expected (band: 95% interval)"))
        return ax

    def times(self, other: Prediction, factor: float = 1.0) -> Prediction:
        """Product with the prediction of another, independently fitted model."""
        if len(self) != len(other):
            raise DataError(
                f"one prediction is of {len(self)} customers, the other of {len(other)}",
                remedy="fit both models to the same summary",
            )
        k = self._phi.size
        covariance = np.zeros((k + other._phi.size,) * 2)
        covariance[:k, :k] = self._covariance
        covariance[k:, k:] = other._covariance
        first, inverse = distinct(self._inverse, other._inverse)
        mine, theirs = self._inverse[first], other._inverse[first]
        return Prediction(
            lambda phi: factor * self._function(phi[:k])[mine] * other._function(phi[k:])[theirs],
            np.concatenate([self._phi, other._phi]),
            covariance,
            inverse,
            counts=self.counts,
            index=self._index,
        )

    def with_covariance(self, covariance: Array) -> Prediction:
        """Return the same prediction with another covariance of the log parameters."""
        return Prediction(
            self._function,
            self._phi,
            covariance,
            self._inverse,
            link=self._link,
            counts=self.counts,
            index=self._index,
        )

    def of_same(self, function: Callable[[Array], Array], inverse: Index) -> Prediction:
        """Predict something else from the same parameters."""
        return Prediction(function, self._phi, self._covariance, inverse)

    def _each(self, weights: ArrayLike) -> Array:
        """Give the weights of several sums, of none too."""
        rows = [self._weights(row) for row in np.atleast_2d(np.asarray(weights, float))]
        return np.array(rows, dtype=float).reshape(len(rows), self._rows.size)

    def _weights(self, w: Array) -> Array:
        if w.shape != (len(self),):
            raise DataError(f"{w.size} weights for {len(self)} rows", remedy="give one a row")
        return add_up(self._inverse, w, self._rows.size)

    def sums(self, weights: ArrayLike, *, level: float = 0.95) -> pd.DataFrame:
        """Weighted sums over the customers, one a row of `weights`.

        Parameters
        ----------
        weights : array_like, shape (k, n)

        Returns
        -------
        DataFrame
            Columns n (sum of the weights), estimate, low, high.
        """
        w = self._each(weights)
        estimate = w @ self._rows
        g = w @ self._gradient
        se = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", g, self._covariance, g), 0))
        low, high = limits(estimate, se, normal_quantile(level), "log")
        return pd.DataFrame({"n": w.sum(axis=1), "estimate": estimate, "low": low, "high": high})

    def log_slope(self, weights: Array) -> Array:
        """Give the derivatives of the logarithm of a weighted sum by the log parameters."""
        w = self._weights(weights)
        whole = float(w @ self._rows)
        return np.asarray(w @ self._gradient / whole if whole else 0 * self._phi, dtype=float)

    def shares(
        self, weights: ArrayLike, *, of: ArrayLike | None = None, level: float = 0.95
    ) -> pd.DataFrame:
        """Weighted sums as shares of the whole, by the delta method; see `sums`.

        Parameters
        ----------
        weights : array_like, shape (k, n)
        of : array_like, shape (n,), optional
            Weights that make the whole; by default the customers behind each row.

        Returns
        -------
        DataFrame
            Columns estimate, low, high.
        """
        w = self._each(weights)
        whole = self._weights(np.asarray(self.counts if of is None else of, dtype=float))
        total, slope = whole @ self._rows, whole @ self._gradient
        share = w @ self._rows / total
        g = (w @ self._gradient - share[:, None] * slope) / total
        se = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", g, self._covariance, g), 0))
        low, high = limits(share, se, normal_quantile(level), "logit")
        return pd.DataFrame({"estimate": share, "low": low, "high": high})

    def total(self, weights: ArrayLike | None = None, *, level: float = 0.95) -> Estimate:
        """Sum over the customers, with its interval."""
        row = self.sums(self.counts if weights is None else weights, level=level).iloc[0]
        estimate, low, high, n = (float(row[c]) for c in ("estimate", "low", "high", "n"))
        return Estimate(estimate, low, high, n, level)

    def mean(self, weights: ArrayLike | None = None, *, level: float = 0.95) -> Estimate:
        """Mean over the customers, with its interval."""
        total = self.total(weights, level=level)
        return total.scaled(1 / total.n) if total.n else total

    def by(self, groups: ArrayLike, *, level: float = 0.95) -> pd.DataFrame:
        """Totals and means of groups of customers.

        Returns
        -------
        DataFrame
            One row a group, in the order of a categorical: group, n, mean, mean_low, mean_high,
            estimate, low, high, share, share_low, share_high.
        """
        column = pd.Series(groups)
        if not isinstance(column.dtype, pd.CategoricalDtype):
            column = column.astype("category")
        codes, labels = column.cat.codes.to_numpy(), column.cat.categories
        inside = np.where(codes == np.arange(len(labels))[:, None], self.counts, 0.0)
        share = self.shares(inside, level=level) if len(labels) else pd.DataFrame()
        rows = []
        for code, label in enumerate(labels):
            total = self.total(inside[code], level=level)
            mean = total.scaled(1 / total.n) if total.n else total
            rows.append(
                {
                    "group": label,
                    "n": total.n,
                    "mean": mean.value,
                    "mean_low": mean.low,
                    "mean_high": mean.high,
                    "estimate": total.value,
                    "low": total.low,
                    "high": total.high,
                    "share": float(share["estimate"].iloc[code]),
                    "share_low": float(share["low"].iloc[code]),
                    "share_high": float(share["high"].iloc[code]),
                }
            )
        return pd.DataFrame(rows)


def limits(
    estimate: Array, se: Array, z: float, link: Literal["log", "logit"]
) -> tuple[Array, Array]:
    """Limits on the log or logit scale; a value on the edge of its range has no width."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if link == "log":
            width = np.where(estimate > 0, se / np.where(estimate > 0, estimate, 1.0), 0.0)
            low, high = estimate * np.exp(-z * width), estimate * np.exp(z * width)
        else:
            inside = (estimate > 0) & (estimate < 1)
            p = np.where(inside, estimate, 0.5)
            centre, width = np.log(p / (1 - p)), z * se / (p * (1 - p))
            low = np.where(inside, 1 / (1 + np.exp(-(centre - width))), estimate)
            high = np.where(inside, 1 / (1 + np.exp(-(centre + width))), estimate)
    return np.asarray(low, dtype=float), np.asarray(high, dtype=float)


def purchase_distribution(masses: list[Prediction], counts: Array | None = None) -> pd.DataFrame:
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


def whole_purchases(k: ArrayLike) -> Array:
    """Check numbers of purchases: whole, zero or more."""
    number = times("k", k)
    if (number != np.round(number)).any():
        raise DataError("k is not a whole number", remedy="k counts purchases")
    return number


def discounting(discount_rate: float, horizon: float, unit: str | None) -> float:
    """Turn an annual discount rate into a continuous one per unit of time, and check both."""
    rate = continuous_rate(discount_rate, unit)
    if not horizon > 0:
        raise DataError(f"the horizon is {horizon}", remedy="give a positive one")
    if rate == 0 and np.isinf(horizon):
        raise DataError(
            "without discounting an infinite horizon has no finite value",
            remedy="give a horizon or a discount rate",
        )
    return rate
