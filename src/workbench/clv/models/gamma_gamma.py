"""Gamma-Gamma: what a customer spends at a purchase, and what to expect of the next.

References
----------
Fader, Hardie (2013), The Gamma-Gamma Model of Monetary Value (equations 1a, 5).
Fader, Hardie, Lee (2005), Journal of Marketing Research 42(4), 415-430.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, psi, zeta

from workbench.arrays import Array
from workbench.clv.models.bias import Scoring, outer
from workbench.clv.models.fitted import Fitted, judged, not_converged
from workbench.clv.models.likelihood import (
    RESTEPS,
    Derivatives,
    Optimum,
    covariance_of,
    in_logs,
    maximise,
)
from workbench.clv.models.prediction import Prediction
from workbench.clv.models.rows import (
    add_up,
    as_floats,
    check_counts,
    distinct,
    dot,
    refuse,
    table_of,
)
from workbench.errors import DataError
from workbench.results import Finding
from workbench.results.estimate import Estimate
from workbench.stats.intervals import correlation_interval, normal_quantile

#: Where the limits of the mean spend lie farther apart than this, the model gives no usable mean.
WIDE = 2.0

#: A shape beyond this spreads less than a hundredth of its mean: the search creeps along the edge
#: where it would be infinite, and what it predicts no longer changes.
EDGE = 1e4

BADLY_KNOWN = (
    "Spend differs so much between customers (q is {q}) that the model hardly knows its mean: "
    "{mean}. Use the observed means, or cap extreme orders."
)
WIDE_TAIL = (
    "The search reached its maximum, but spend differs so much between customers (q is {q}, and up "
    "to 2 it has no finite variance) that a few of them decide what all are worth."
)


class GammaGamma:
    """Mean spend of repeat buyers, shrunk towards the mean of all.

    Parameters
    ----------
    frequency : array_like
        Purchases behind each mean (repeat purchases, so that rows with 0 say nothing and are
        left out).
    mean_spend : array_like
        Mean value of those purchases.
    counts : array_like, optional
        Customers that each row stands for.
    nonpositive : {"raise", "drop"}
        What to do with repeat buyers whose mean is zero or negative (refunds, free items): the
        model knows only positive amounts. Dropped ones are counted in `dropped`.
    currency : str, optional
        Carried along to the results.

    Attributes
    ----------
    dropped : float
        Repeat buyers left out because of a mean of zero or less.

    Examples
    --------
    >>> from workbench.clv import GammaGamma
    >>> fit = GammaGamma([2, 1, 5, 3, 2, 4] * 20, [22.4, 11.8, 35.2, 18.0, 40.1, 27.5] * 20).fit()
    >>> fit.params.index.tolist()
    ['p', 'q', 'gamma']
    """

    title = "Gamma-Gamma"
    names = ("p", "q", "gamma")

    def __init__(
        self,
        frequency: ArrayLike,
        mean_spend: ArrayLike,
        counts: ArrayLike | None = None,
        *,
        nonpositive: Literal["raise", "drop"] = "raise",
        currency: str | None = None,
    ) -> None:
        self.index = frequency.index if isinstance(frequency, pd.Series) else None
        x, labels = as_floats("frequency", frequency)
        refuse("frequency", labels, x < 0, "is negative", "frequency counts repeat purchases")
        # a customer without a repeat purchase has no mean, whatever stands in the column
        spend = _spend_of_repeaters(mean_spend, x)
        n = check_counts(counts, x.size)
        if nonpositive not in ("raise", "drop"):
            raise DataError(f"nonpositive is {nonpositive!r}", remedy="choose raise or drop")
        bad = (x > 0) & (spend <= 0)
        if nonpositive == "raise":
            refuse(
                "mean_spend",
                labels,
                bad,
                "is zero or negative",
                "the model knows positive amounts; leave these out with nonpositive='drop'",
            )
        self.dropped = float(n[bad].sum())
        kept = (x > 0) & ~bad & (n > 0)
        self.x, self.spend, self.n = x[kept], spend[kept], n[kept]
        self.everyone = (x, np.where(kept, spend, 0.0))
        self.counts = n
        self.currency = currency
        if self.n.sum() < 2:
            raise DataError(
                f"{int(self.n.sum())} customer has bought a second time",
                remedy="spend per purchase can be modelled when many customers repeat",
            )

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        *,
        nonpositive: Literal["raise", "drop"] = "raise",
        currency: str | None = None,
    ) -> GammaGamma:
        """Make the model from a customer summary with columns frequency and mean_spend."""
        missing = [c for c in ("frequency", "mean_spend") if c not in frame]
        if missing:
            raise DataError(
                f"the summary has no column {', '.join(missing)}",
                remedy="give frequency and mean_spend, one row a customer",
            )
        return cls(
            frame["frequency"],
            frame["mean_spend"],
            frame.get("counts"),
            nonpositive=nonpositive,
            currency=currency,
        )

    def independence(self, level: float = 0.95) -> Estimate:
        """Correlation of purchases and mean spend among repeat buyers.

        The model takes the two to be independent. Not of the logarithms: a mean of more
        purchases has the higher expected logarithm even where spend is independent.
        """
        return correlation_interval(self.x, self.spend, weights=self.n, level=level)

    def likelihood(self, scale: float) -> Callable[[Array], Derivatives]:
        """Log-likelihood of the means divided by `scale`, with derivatives."""
        return _likelihood(self.x, self.spend / scale, self.n)

    def scores(self, theta: Array) -> Array:
        """Gradient of the log-likelihood of each repeat buyer, shape (3, m)."""
        p, q, gamma = theta
        total, both = self.x * self.spend, psi(p * self.x + q)
        whole = np.log(gamma + total)
        return np.array(
            [
                self.x * (both - psi(p * self.x) + np.log(total) - whole),
                both - psi(q) + np.log(gamma) - whole,
                q / gamma - (p * self.x + q) / (gamma + total),
            ]
        )

    def fit(self, *, start: ArrayLike | None = None) -> GammaGammaResults:
        """Maximise the likelihood.

        Returns
        -------
        GammaGammaResults
            With a verdict: the mean may be infinite (q at most 1), customers may not differ.
        """
        scale = float(np.average(self.spend, weights=self.n))
        first = (
            np.array([2.0, 4.0, 1.5])
            if start is None
            else np.asarray(start, dtype=float) / np.array([1.0, 1.0, scale])
        )
        best = maximise(
            in_logs(self.likelihood(scale)),
            np.log(first),
            lower=np.full(3, -16.0),
            upper=np.full(3, 12.0),
        )
        shift = np.array([0.0, 0.0, np.log(scale)])
        phi = best.phi + shift
        theta = np.exp(phi)
        results = GammaGammaResults(
            params=pd.Series(theta, index=pd.Index(self.names, dtype=object), name=self.title),
            phi=phi,
            covariance=covariance_of(best),
            llf=best.value - np.log(scale) * float(self.n.sum()),
            nobs=float(self.n.sum()),
            finding=self._judge(best, phi),
            unit=None,
            evaluations=best.evaluations,
            free=3 - int(np.count_nonzero(best.bound)),
        )
        results.title, results.model = self.title, self
        return results

    def _judge(self, best: Optimum, phi: Array) -> Finding:
        name, theta = type(self).__name__, np.exp(phi)
        link = self.independence()
        values = {"correlation": link.value, "low": link.low, "high": link.high}
        edge = best.bound.any() or theta[:2].max() > EDGE
        if not best.converged and not edge:
            return not_converged(name, values)
        if edge:
            return judged(
                "no_heterogeneity",
                "Customers do not differ in what they spend, or each of them always spends the "
                "same; predictions hold, but single parameters mean nothing.",
                values,
                name,
            )
        if theta[1] <= 1:
            return judged(
                "heavy_tail",
                "Spend differs so much between customers that the model has no finite mean "
                "(q is at most 1); use the observed means, or cap extreme orders.",
                values,
                name,
            )
        mean = self._mean(best, phi)
        tail = {"q": float(theta[1]), "mean": mean}
        if mean.high > WIDE * mean.low:
            return judged("heavy_tail", BADLY_KNOWN, tail, name)
        if theta[1] <= 2:
            return judged("wide_tail", WIDE_TAIL, tail, name)
        if link.low > 0.1 or link.high < -0.1:
            return judged(
                "dependent",
                "Spend and frequency go together (correlation {correlation}, {low} to {high}), "
                "which the model rules out; values of frequent buyers are biased.",
                values,
                name,
            )
        return judged(
            "converged",
            "The fit converged, and spend is close to independent of frequency (correlation "
            "{correlation}, {low} to {high}).",
            values,
            name,
        )

    def _mean(self, best: Optimum, phi: Array) -> Estimate:
        """Mean spend p gamma / (q - 1), where q is above 1."""
        p, q, gamma = np.exp(phi)
        slope = np.array([1.0, -q / (q - 1), 1.0])
        width = normal_quantile(0.95) * np.sqrt(slope @ covariance_of(best) @ slope)
        mean = p * gamma / (q - 1)
        # a tail so heavy overflows before it is refused
        low, high = mean * np.exp(-min(width, 50.0)), mean * np.exp(min(width, 50.0))
        return Estimate(
            float(mean), float(low), float(high), float(self.n.sum()), kind="money",
            unit=self.currency or "",
        )  # fmt: skip


def _likelihood(x: Array, spend: Array, n: Array) -> Callable[[Array], Derivatives]:
    """Equation 1a, summed over customers with `n` as their number."""
    xs, at_x = table_of(x)
    n_x = add_up(at_x, n)
    total = x * spend
    nx, everyone = n * x, float(n.sum())
    sum_spend, sum_total = dot(n, np.log(spend)), dot(nx, np.log(total))

    def evaluate(theta: Array) -> Derivatives:
        p, q, gamma = theta
        px, pxq = p * xs, p * xs + q
        log_whole, inverse = np.log(gamma + total), 1 / (gamma + total)
        n_log, nx_log = dot(n, log_whole), dot(nx, log_whole)
        n_inv, nx_inv = dot(n, inverse), dot(nx, inverse)
        squared = inverse * inverse
        n_inv2, nx_inv2 = dot(n, squared), dot(nx, squared)
        value = (
            n_x @ (gammaln(pxq) - gammaln(px) - gammaln(q))
            + everyone * q * np.log(gamma)
            - sum_spend
            + p * sum_total
            - p * nx_log
            - q * n_log
        )
        gradient = np.array(
            [
                (n_x * xs) @ (psi(pxq) - psi(px)) + sum_total - nx_log,
                n_x @ (psi(pxq) - psi(q)) + everyone * np.log(gamma) - n_log,
                everyone * q / gamma - p * nx_inv - q * n_inv,
            ]
        )
        z_pxq = zeta(2, pxq)
        pp = (n_x * xs**2) @ (z_pxq - zeta(2, px))
        pq = (n_x * xs) @ z_pxq
        qq = n_x @ (z_pxq - zeta(2, q))
        qg = everyone / gamma - n_inv
        gg = -everyone * q / gamma**2 + p * nx_inv2 + q * n_inv2
        hessian = np.array([[pp, pq, -nx_inv], [pq, qq, qg], [-nx_inv, qg, gg]])
        return float(value), gradient, hessian

    return evaluate


def _spend_of_repeaters(mean_spend: ArrayLike, x: Array) -> Array:
    column = pd.Series(mean_spend) if not isinstance(mean_spend, pd.Series) else mean_spend
    if column.size != x.size:
        raise DataError(
            f"columns differ in length (frequency {x.size}, mean_spend {column.size})",
            remedy="give one row a customer",
        )
    repeat = x > 0
    out = np.zeros(x.size)
    out[repeat] = as_floats("mean_spend", column[repeat])[0]
    return out


class GammaGammaResults(Fitted):
    """A fitted spend model."""

    model: GammaGamma

    def scoring(self) -> Scoring:
        """As of every fit."""
        m = self.model

        def score_products(phi: Array) -> Array:
            theta = np.exp(phi)
            return outer(theta[:, None] * m.scores(theta), m.n)

        return Scoring(in_logs(m.likelihood(1.0)), score_products, np.ones(3, dtype=bool))

    def among(self, at: NDArray[np.intp]) -> GammaGammaResults:
        """Give the same fit with some of its customers, to be refitted to them."""
        out = copy(self)
        out.model = copy(self.model)
        x, spend = self.model.everyone
        out.model.everyone, out.model.counts = (x[at], spend[at]), self.model.counts[at]
        return out

    def refits(self) -> Callable[[Array], Array]:
        """Give a function from weights, one a customer, to the log parameters fitted with them."""
        model = self.model
        x, spend = model.everyone
        rows = np.flatnonzero((x > 0) & (spend > 0) & (model.counts > 0))
        scale = float(np.average(model.spend, weights=model.n))
        shift = np.array([0.0, 0.0, np.log(scale)])
        x, spend = x[rows], spend[rows] / scale

        def refit(weights: Array) -> Array:
            best = maximise(
                in_logs(_likelihood(x, spend, weights[rows])), self.phi - shift,
                lower=np.full(3, -16.0), upper=np.full(3, 12.0), evaluations=RESTEPS,
            )  # fmt: skip
            return np.asarray(best.phi + shift, dtype=float)

        return refit

    def expected_spend(
        self, x: ArrayLike | None = None, mean_spend: ArrayLike | None = None
    ) -> Prediction:
        """Predict the value of a customer's next purchase.

        Customers without a repeat purchase are expected to spend the mean of all.

        Parameters
        ----------
        x, mean_spend : array_like, optional
            Repeat purchases and their mean; by default the customers of the fit, in their order.
        """
        if x is None and mean_spend is None:
            freq, spend = self.model.everyone
            index, counts = self.model.index, self.model.counts
        elif x is None or mean_spend is None:
            raise DataError("only one of x and mean_spend is given", remedy="give both")
        else:
            index = x.index if isinstance(x, pd.Series) else None
            freq, labels = as_floats("frequency", x)
            refuse("frequency", labels, freq < 0, "is negative", "frequency counts purchases")
            spend = _spend_of_repeaters(np.atleast_1d(np.asarray(mean_spend, dtype=float)), freq)
            # a mean of zero or less says nothing to this model
            freq, spend = np.where(spend > 0, freq, 0.0), np.maximum(spend, 0.0)
            counts = np.ones(freq.size)
        freq = np.where(spend > 0, freq, 0.0)
        first, inverse = distinct(freq, spend)
        number, total = freq[first], freq[first] * spend[first]

        def expected(phi: Array) -> Array:
            p, q, gamma = np.exp(phi)
            # q at most 1 gives a new customer no finite mean; so does the fit's verdict
            with np.errstate(divide="ignore"):
                bottom = p * number + q - 1
                return np.where(bottom > 0, p * (gamma + total) / bottom, np.inf)

        return Prediction(expected, self.phi, self.covariance, inverse, counts=counts, index=index)

    def draw_spend(
        self, purchases: Array, rows: NDArray[np.intp], rng: np.random.Generator
    ) -> Array:
        """Simulate what so many purchases bring, of the customers of the fit in `rows`."""
        p, q, gamma = np.exp(self.phi)
        x, spend = (column[rows] for column in self.model.everyone)
        x = np.where(spend > 0, x, 0.0)
        rate = rng.gamma(q + p * x) / (gamma + x * spend)
        return np.asarray(rng.gamma(p * purchases) / rate, dtype=float)

    @property
    def mean(self) -> Estimate:
        """Mean spend of a purchase over all customers, p gamma / (q - 1)."""
        return self.expected_spend([0.0], [0.0]).mean()
