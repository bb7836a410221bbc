"""What customers were seen to spend, where the Gamma-Gamma model gives no usable mean.

Each customer's mean, extreme ones cut, is drawn towards the mean of all by credibility: with x
purchases behind it, it counts x / (x + k), where k is the variance between one customer's
purchases over that between customers.

References
----------
Buehlmann (1967), Experience Rating and Credibility, ASTIN Bulletin 4(3), 199-207.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from workbench.arrays import Array
from workbench.clv.models.prediction import Prediction
from workbench.clv.models.rows import as_floats, check_counts, distinct, refuse
from workbench.errors import DataError
from workbench.results import Estimate, Finding, Result, labelled
from workbench.stats.intervals import normal_quantile

#: Means above this quantile of the repeat buyers' means are cut to it.
CUT_AT = 0.99
#: Within these limits k is looked for: a single purchase counts nine tenths, or one in eleven.
LEAST, MOST = 0.1, 10.0

OBSERVED = (
    "Spend is not foreseen by a model here: each repeat buyer is taken at the mean of their "
    "purchases so far, drawn towards the mean of all, and everybody else at the mean of all."
)
CUT = (
    "Spend is not foreseen by a model here: each repeat buyer is taken at the mean of their "
    "purchases so far, drawn towards the mean of all, and everybody else at the mean of all. Means "
    "above {cap} ({cut} of {n} repeat buyers) are cut to that, which leaves out {lost} of what "
    "repeat buyers spent: without the cut a few of them would decide the total."
)


class ObservedSpend:
    """Mean spend of repeat buyers as it was observed, cut at the top and shrunk.

    Parameters
    ----------
    frequency, mean_spend, counts
        As of `GammaGamma`; repeat buyers whose mean is zero or less are expected to spend the mean
        of all.
    currency : str, optional
        Carried along.
    cut : float
        Means above this quantile of theirs are cut to it.

    Examples
    --------
    >>> from workbench.clv import ObservedSpend
    >>> fit = ObservedSpend([2, 1, 5, 3, 0], [22.0, 12.0, 35.0, 18.0, 0.0]).fit()
    >>> fit.expected_spend().estimate.round(1).tolist()[-1] == round(fit.mean.value, 1)
    True
    """

    title = "Observed means"

    def __init__(
        self,
        frequency: ArrayLike,
        mean_spend: ArrayLike,
        counts: ArrayLike | None = None,
        *,
        currency: str | None = None,
        cut: float = CUT_AT,
    ) -> None:
        self.index = frequency.index if isinstance(frequency, pd.Series) else None
        x, labels = as_floats("frequency", frequency)
        refuse("frequency", labels, x < 0, "is negative", "frequency counts repeat purchases")
        spend = np.nan_to_num(np.asarray(mean_spend, dtype=float))
        if spend.size != x.size:
            raise DataError(
                f"columns differ in length (frequency {x.size}, mean_spend {spend.size})",
                remedy="give one row a customer",
            )
        self.counts = check_counts(counts, x.size)
        kept = (x > 0) & (spend > 0) & (self.counts > 0)
        if not kept.any():
            raise DataError(
                "no repeat buyer has spent anything",
                remedy="spend a purchase can be told where customers have bought again",
            )
        self.currency = currency
        order = np.sort(np.repeat(spend[kept], np.maximum(self.counts[kept], 1).astype(int)))
        # the smallest mean that at least this share of the repeat buyers do not exceed
        self.cap = float(order[max(int(np.ceil(cut * order.size)) - 1, 0)])
        self.raw = np.where(kept, spend, 0.0)
        self.everyone = np.where(kept, x, 0.0), np.minimum(self.raw, self.cap)

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, *, currency: str | None = None) -> ObservedSpend:
        """Make it from a customer summary with columns frequency and mean_spend."""
        missing = [c for c in ("frequency", "mean_spend") if c not in frame]
        if missing:
            raise DataError(
                f"the summary has no column {', '.join(missing)}",
                remedy="give frequency and mean_spend, one row a customer",
            )
        return cls(frame["frequency"], frame["mean_spend"], frame.get("counts"), currency=currency)

    def estimate(self, weights: Array) -> Array:
        """Logarithms of the mean of all and of k, by moments, with these weights of customers."""
        x, spend = self.everyone
        buys = (x > 0) & (weights > 0)
        if not buys.any():  # a resample without any of the repeat buyers
            buys, weights = x > 0, self.counts
        x, spend, w = x[buys], spend[buys], weights[buys]
        mean, k = float(w @ spend / w.sum()), MOST
        if x.size > 2 and np.ptp(x) > 0:
            # E (m - mean)^2 = between + within / x
            square = (spend - mean) ** 2
            inverse = 1 / x - w @ (1 / x) / w.sum()
            within = float(w @ (inverse * square) / (w @ inverse**2))
            between = float(w @ square / w.sum()) - within * float(w @ (1 / x) / w.sum())
            if between > 0:
                k = float(np.clip(within / between, LEAST, MOST))
            elif not square.any():
                k = LEAST
        trust = w * x / (x + k)
        return np.log([float(trust @ spend / trust.sum()), k])

    def fit(self) -> ObservedSpendResults:
        """Take the moments."""
        return ObservedSpendResults(self)


class ObservedSpendResults(Result):
    """What customers are expected to spend, from what they spent.

    Attributes
    ----------
    model : ObservedSpend
    phi : ndarray, shape (2,)
        Logarithms of the mean of all and of k.
    covariance : ndarray, shape (2, 2)
        Of the mean, over customers; k is taken as known. `bootstrap_parameters` knows both.
    finding : Finding
        What is taken in place of a model.
    """

    def __init__(self, model: ObservedSpend) -> None:
        self.model, self.phi = model, model.estimate(model.counts)
        x, spend = model.everyone
        n = np.where(x > 0, model.counts, 0.0)
        mean = np.exp(self.phi[0])
        self.nobs = float(n.sum())
        self.covariance = np.zeros((2, 2))
        spread = float(n @ (spend - mean) ** 2) / max(self.nobs - 1, 1.0)
        self.covariance[0, 0] = spread / self.nobs / mean**2
        #: Variance of the customers' own means.
        self.between = spread / (
            1 + np.exp(self.phi[1]) * float(n @ (1 / np.maximum(x, 1))) / self.nobs
        )
        above = model.raw > model.cap
        whole, left = n @ (x * model.raw), n @ (x * spend)
        values = {
            "cap": Estimate(model.cap, kind="money", unit=model.currency or ""),
            "cut": int(n[above].sum()),
            "n": int(self.nobs),
            "lost": Estimate(1 - float(left / whole), kind="percent"),
        }
        cut = bool(above.any())
        self.finding = Finding(
            "fit.ObservedSpend", CUT if cut else OBSERVED, values if cut else {},
            verdict="observed", severity="warning",
        )  # fmt: skip

    title = ObservedSpend.title

    @property
    def verdict(self) -> str:
        """That these are observed means."""
        return self.finding.verdict

    @property
    def table(self) -> pd.DataFrame:
        """The mean of all with its interval, and k."""
        mean = self.mean
        rows = {
            "parameter": ["mean", "k"],
            "estimate": np.exp(self.phi),
            "low": [mean.low, np.nan],
            "high": [mean.high, np.nan],
        }
        return labelled(pd.DataFrame(rows), parameter="Parameter", estimate="Estimate")

    def estimates(self) -> dict[str, Estimate]:
        """Return the mean of all."""
        return {"mean": self.mean}

    def findings(self) -> list[Finding]:
        """Say what is taken in place of a model."""
        return [self.finding]

    @property
    def mean(self) -> Estimate:
        """Mean spend a purchase of a customer of whom nothing is known."""
        mean, width = np.exp(self.phi[0]), normal_quantile(0.95) * np.sqrt(self.covariance[0, 0])
        return Estimate(
            float(mean), float(mean * np.exp(-width)), float(mean * np.exp(width)), self.nobs,
            kind="money", unit=self.model.currency or "", label="Mean spend per purchase",
        )  # fmt: skip

    def expected_spend(self) -> Prediction:
        """Spend a purchase of the customers of the fit, in their order."""
        x, spend = self.model.everyone
        first, inverse = distinct(x, spend)
        number, total = x[first], x[first] * spend[first]

        def expected(phi: Array) -> Array:
            mean, k = np.exp(phi)
            return np.asarray((total + k * mean) / (number + k), dtype=float)

        return Prediction(
            expected, self.phi, self.covariance, inverse,
            counts=self.model.counts, index=self.model.index,
        )  # fmt: skip

    def among(self, at: NDArray[np.intp]) -> ObservedSpendResults:
        """Give the same fit with some of its customers, to be refitted to them."""
        out = copy(self)
        out.model = copy(self.model)
        x, spend = self.model.everyone
        out.model.everyone, out.model.counts = (x[at], spend[at]), self.model.counts[at]
        return out

    def refits(self) -> Callable[[Array], Array]:
        """Give a function from weights, one a customer, to the log parameters fitted with them."""
        return self.model.estimate

    def draw_spend(
        self, purchases: Array, rows: NDArray[np.intp], rng: np.random.Generator
    ) -> Array:
        """Simulate what so many purchases bring, of the customers of the fit in `rows`.

        A gamma law with the expected spend, what is not known of a customer's mean, and the spread
        between one customer's purchases, each as a share of the mean of all.
        """
        mean, k = np.exp(self.phi)
        x, _ = self.model.everyone
        unknown = self.between / mean**2 * k / (x[rows] + k)
        noise = self.between / mean**2 * k / np.maximum(purchases, 1.0)
        shape = 1 / np.maximum(unknown + noise, 1e-6)
        expected = self.expected_spend().estimate[rows]
        return np.asarray(purchases * expected * rng.gamma(shape) / shape, dtype=float)
