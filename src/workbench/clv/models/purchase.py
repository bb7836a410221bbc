"""A purchase model in continuous time, fitted once, and what the fit tells of any customer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from typing import ClassVar, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import gammaincc

from workbench.arrays import Array, Index
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
from workbench.clv.models.prediction import (
    Prediction,
    discounting,
    purchase_distribution,
    times,
    whole_purchases,
)
from workbench.clv.models.rows import (
    Purchases,
    add_up,
    by_age,
    check_counts,
    check_estimable,
    check_rows,
    distinct,
    dot,
    gather,
    thinned,
)
from workbench.errors import DataError
from workbench.results import Finding
from workbench.units import one_unit

#: Fits with more distinct repeat buyers than this start from a fit to a sample of them.
SAMPLE_ABOVE = 30_000

#: Twice the log-likelihood that dropout must gain to be a sign that customers leave at all. Where
#: nobody leaves the search may end anywhere along the edge, and how near to it is rounding error:
#: about a millionth. A thousandth is far above that, and tells nothing of any customer.
NO_RISE = 1e-3
#: Verdicts by which nobody is seen to leave, and the model without dropout speaks.
STAYS = ("no_dropout", "no_better")

NO_BETTER = (
    "No better than without leaving: that customers leave raises twice the log-likelihood by"
    " {lr}, and the parameters that it needs cost {price} (BIC). Predictions are those of the NBD"
    " and every customer counts as active."
)
#: Rows whose scores are held at once.
BLOCK = 4096


class PurchaseModel(ABC):
    """A model of repeat purchases in continuous time.

    Parameters
    ----------
    frequency : array_like, shape (n,)
        Repeat purchases (days, or whatever the event grain is, with a purchase; less the first).
    recency : array_like, shape (n,)
        Time from the first to the last purchase; 0 for one-time buyers.
    age : array_like, shape (n,)
        Time from the first purchase to the end of observation.
    counts : array_like, shape (n,), optional
        Customers that each row stands for.
    unit : str, optional
        hour, day, week, month, quarter or year. Without it no annual discount rate is accepted.
    """

    title: ClassVar[str]
    names: ClassVar[tuple[str, ...]]
    #: 1 for parameters measured in time, 0 for the others.
    timed: ClassVar[tuple[int, ...]]
    starts: ClassVar[tuple[tuple[float, ...], ...]]
    #: Parameters that covariates of either process scale, each with its sign in the exponent.
    purchase_effects: ClassVar[tuple[tuple[int, int], ...]] = ()
    dropout_effects: ClassVar[tuple[tuple[int, int], ...]] = ()
    #: The same model without dropout, to which this one is compared.
    baseline: ClassVar[type[PurchaseModel] | None] = None
    #: Exponential stages from one purchase to the next; more of them are more regular.
    k: ClassVar[int] = 1
    #: Parameters that were settled before the fit, which BIC counts.
    beside: ClassVar[int] = 0
    #: Whether customers leave at all.
    leaves: ClassVar[bool] = True
    #: Whether time runs by the common pace (`Calendar`), and not by each customer's due dates.
    paced: ClassVar[bool] = True

    def __init__(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        age: ArrayLike,
        counts: ArrayLike | None = None,
        *,
        unit: str | None = None,
    ) -> None:
        self.index = frequency.index if isinstance(frequency, pd.Series) else None
        self.counts = check_counts(counts, np.size(frequency))
        self.rows = gather(frequency, recency, age, counts, unit=unit, check=self.check)
        self.unit = unit
        #: What the lengths of single gaps add to the log-likelihood, whatever the parameters.
        self.of_gaps = 0.0

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, *, unit: str | None = None) -> Self:
        """Make the model from a customer summary.

        Columns frequency, recency, age; `counts` or `n` where rows stand for several customers.
        A unit that the frame carries in ``frame.attrs["time_unit"]`` is taken over, and must be
        the one given.
        """
        unit = one_unit(frame.attrs.get("time_unit"), unit, of="the summary and the model")
        missing = [c for c in ("frequency", "recency", "age") if c not in frame]
        if missing:
            raise DataError(
                f"the summary has no column {', '.join(missing)}",
                remedy="give frequency, recency and age, one row a customer",
            )
        counts = frame.get("counts", frame.get("n"))
        model = cls(frame["frequency"], frame["recency"], frame["age"], counts, unit=unit)
        model.of_gaps = cls.gaps_of(frame, model.counts)
        return model

    @classmethod
    def gaps_of(cls, frame: pd.DataFrame, counts: Array) -> float:
        """Give what the lengths of single gaps add to the log-likelihood: here nothing."""
        return 0.0

    # What a model says, with theta the parameters in the papers' order.

    @staticmethod
    @abstractmethod
    def likelihood(rows: Purchases) -> Callable[[Array], Derivatives]:
        """Log-likelihood, gradient and Hessian as a function of the parameters."""

    @staticmethod
    @abstractmethod
    def alive(theta: Array, x: Array, t_x: Array, T: Array) -> Array:
        """P(alive at T)."""

    @staticmethod
    @abstractmethod
    def expected(theta: Array, t: Array, x: Array, T: Array) -> Array:
        """Purchases expected in (T, T + t] of a customer alive at T."""

    @staticmethod
    @abstractmethod
    def discounted(theta: Array, t: float, rate: float, x: Array, T: Array) -> Array:
        """Present value at T of purchases in (T, T + t] of a customer alive at T."""

    @staticmethod
    @abstractmethod
    def none(theta: Array, t: Array, x: Array, T: Array) -> Array:
        """P(no purchase in (T, T + t]) of a customer alive at T."""

    @staticmethod
    @abstractmethod
    def mass(theta: Array, k: Array, t: Array, x: Array, T: Array) -> Array:
        """P(k purchases in (T, T + t]) of a customer alive at T."""

    @staticmethod
    @abstractmethod
    def draw(theta: Array, T: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """Simulate frequency and recency of customers observed for T."""

    # What is expected of customers of whom only the history is known.

    # Of customers alive at T of whom the last purchase is known, too: in most models it tells no
    # more than that they are alive.

    @classmethod
    def expected_since(
        cls, theta: Array, t: Array | float, x: Array, t_x: Array, T: Array
    ) -> Array:
        """Purchases expected in (T, T + t] of a customer alive at T."""
        if np.ndim(t):
            return cls.expected(theta, np.asarray(t, dtype=float), x, T)
        return by_age(
            x, T, lambda x, T: cls.expected(theta, np.full(x.size, t), x, T), cls._least(theta)
        )

    @classmethod
    def discounted_since(
        cls, theta: Array, t: float, rate: float, x: Array, t_x: Array, T: Array
    ) -> Array:
        """Present value at T of purchases in (T, T + t] of a customer alive at T."""
        return by_age(x, T, lambda x, T: cls.discounted(theta, t, rate, x, T), cls._least(theta))

    @classmethod
    def lasting_since(cls, theta: Array, t: float, x: Array, t_x: Array, T: Array) -> Array:
        """P(alive at T + t) of a customer alive at T."""
        return by_age(x, T, lambda x, T: cls.lasting(theta, t, x, T), cls._least(theta))

    @classmethod
    def _least(cls, theta: Array) -> float:
        """Give the smallest parameter that is a time: how fast predictions change with age."""
        times = theta[np.array(cls.timed, dtype=bool)]
        return float(times.min()) if times.size else 1.0

    @classmethod
    def expected_ahead(
        cls, theta: Array, t: Array | float, x: Array, t_x: Array, T: Array
    ) -> Array:
        """Purchases expected in (T, T + t]."""
        return cls.alive(theta, x, t_x, T) * cls.expected_since(theta, t, x, t_x, T)

    @classmethod
    def none_ahead(cls, theta: Array, t: Array, x: Array, t_x: Array, T: Array) -> Array:
        """P(no purchase in (T, T + t])."""
        return 1 - cls.alive(theta, x, t_x, T) * (1 - cls.none(theta, t, x, T))

    @classmethod
    def mass_ahead(cls, theta: Array, k: Array, t: Array, x: Array, t_x: Array, T: Array) -> Array:
        """P(k purchases in (T, T + t])."""
        alive = cls.alive(theta, x, t_x, T)
        return alive * cls.mass(theta, k, t, x, T) + np.where(k == 0, 1 - alive, 0.0)

    @classmethod
    def own(cls, theta: Array, x: Array, T: Array) -> Array:
        """Parameters of each customer's own traits, given the history and that they are alive."""
        raise DataError(
            f"what single customers will do is not drawn from {cls.title}",
            remedy="use a model in continuous time",
        )

    @classmethod
    def draw_ahead(
        cls, theta: Array, t: float, x: Array, t_x: Array, T: Array, rng: np.random.Generator
    ) -> Array:
        """Simulate purchases in (T, T + t] of customers alive at T."""
        return cls.draw(cls.own(theta, x, T), np.full(x.size, t), rng)[0]

    @classmethod
    def by_row(cls, theta: Array, x: Array, t_x: Array, T: Array) -> tuple[Array, Array, Array]:
        """Log-likelihood of each row, gradient (k, m) and Hessian (k, k, m), at theta (k, m)."""
        raise DataError(
            f"{cls.title} takes no covariates", remedy="use BetaGeometric, its kin, or ParetoNBD"
        )

    @classmethod
    def scores(cls, theta: Array, x: Array, t_x: Array, T: Array) -> Array:
        """Gradient of each row's log-likelihood, shape (k, m), at theta (k,)."""
        return cls.by_row(np.repeat(theta[:, None], x.size, axis=1), x, t_x, T)[1]

    @staticmethod
    def with_dropout(theta: Array, factor: float) -> Array:
        """Parameters with everyone's expected dropout from now on multiplied by `factor`."""
        raise DataError("in this model nobody leaves", remedy="use BetaGeometric or ParetoNBD")

    @classmethod
    def lasting(cls, theta: Array, t: float, x: Array, T: Array) -> Array:
        """P(alive at T + t) of a customer alive at T."""
        raise DataError("in this model nobody leaves", remedy="use BetaGeometric or ParetoNBD")

    #: How customers are checked, those of the fit and those asked about later.
    check = staticmethod(check_rows)

    @staticmethod
    def time_scale(rows: Purchases) -> float:
        """Length of time that the search counts as one: the mean age."""
        return dot(rows.n, rows.T) / rows.customers

    # Fitting

    def fit(self, *, start: ArrayLike | None = None) -> PurchaseResults:
        """Maximise the likelihood.

        Parameters
        ----------
        start : array_like, optional
            Parameters to start from, in the unit of the data.

        Returns
        -------
        PurchaseResults

        Raises
        ------
        DataError
            There is nothing to learn from: one customer, or no repeat purchase.
        """
        check_estimable(self.rows)
        scale = self.time_scale(self.rows)
        rows = self.rows.per(scale)
        shift = np.log(scale) * np.array(self.timed, dtype=float)
        starts = (
            [np.log(np.asarray(s, dtype=float)) for s in self._starts(rows)]
            if start is None
            else [np.log(np.asarray(start, dtype=float)) - shift]
        )
        best, rise = self._climb(rows, starts), None
        if (without := self.baseline) is not None:
            stays = without._climb(rows, [np.log(start) for start in without._starts(rows)])
            rise = max(2 * (best.value - stays.value), 0.0)
        per_scale = np.log(scale) * self.k * dot(rows.n, rows.x) - self.of_gaps
        return self._conclude(best, rise, shift, per_scale)

    @classmethod
    def _starts(cls, rows: Purchases) -> list[Array]:
        # alpha so that r / alpha is the crude rate; times have mean one
        rate = dot(rows.n, rows.x) / rows.customers
        out = []
        for s in cls.starts:
            theta = np.array(s, dtype=float)
            theta[1] = theta[0] / rate
            out.append(theta)
        return out

    @classmethod
    def _climb(cls, rows: Purchases, starts: list[Array]) -> Optimum:
        lower, upper = np.full(len(cls.names), -16.0), np.full(len(cls.names), 12.0)
        if np.count_nonzero(rows.x) > SAMPLE_ABOVE:
            starts = [cls._climb(thinned(rows), starts).phi]
        evaluate = in_logs(cls.likelihood(rows))
        optima: list[Optimum] = []
        for phi in starts:
            optima.append(maximise(evaluate, phi, lower=lower, upper=upper))
            if optima[-1].converged and not optima[-1].bound.any():
                break
        return max(optima, key=lambda o: o.value)

    def _conclude(
        self, best: Optimum, rise: float | None, shift: Array, per_scale: float
    ) -> PurchaseResults:
        phi = best.phi + shift
        covariance = covariance_of(best)
        llf = best.value - per_scale
        free = len(self.names) + self.beside - int(np.count_nonzero(best.bound))
        theta = np.exp(phi)
        process: type[PurchaseModel] = type(self)
        params = pd.Series(theta, index=pd.Index(self.names, dtype=object), name=self.title)
        finding, without = self._judge(best, rise), self.baseline
        if finding.verdict in STAYS and without is not None:
            # nobody is seen to leave: the parameters that are left are those of the NBD
            rows = self.rows
            baseline = without(rows.x, rows.t_x, rows.T, rows.n, unit=self.unit).fit()
            process, phi, covariance = baseline.process, baseline.phi, baseline.covariance
            llf, free = baseline.llf + self.of_gaps, 2 + self.beside
            params = pd.Series(
                [*baseline.params, 0.0, np.nan], index=list(self.names), name=self.title
            )
        results = PurchaseResults(
            params=params,
            phi=phi,
            covariance=covariance,
            llf=llf,
            nobs=self.rows.customers,
            finding=finding,
            unit=self.unit,
            evaluations=best.evaluations,
            free=free,
        )
        results.title, results.process, results.model = self.title, process, self
        return results

    def _judge(self, best: Optimum, rise: float | None) -> Finding:
        values = {}
        if rise is not None:
            # two parameters vanish at the boundary; chi-squared with 2 df errs to the safe side
            # below a thousandth the exact figure says nothing more
            values = {"lr": rise, "p": max(float(gammaincc(1.0, rise / 2)), 0.001)}
            if rise < NO_RISE:
                return judged(
                    "no_dropout",
                    "No sign that customers leave: the likelihood is highest where nobody drops"
                    " out. Predictions are those of the NBD and every customer counts as active.",
                    values,
                    "NBD",
                )
            # what BIC asks of the parameters of dropout; by chance a log on which nobody leaves
            # passes it about once in n, so that it does not matter how often one looks
            extra = len(self.names) - len(self.baseline.names if self.baseline else ())
            price = extra * max(float(np.log(self.rows.customers)), 1.0)
            if rise < price:
                return judged("no_better", NO_BETTER, {**values, "price": price}, "NBD")
        if not best.converged:
            return not_converged(type(self).__name__, values)
        if best.bound.any():
            return judged(
                "no_heterogeneity",
                "Customers do not differ in one of the traits that the model lets vary; "
                "predictions hold, but single parameters mean nothing.",
                values,
                type(self).__name__,
            )
        if values:
            message = (
                "The fit converged. The data show that customers do leave (likelihood ratio "
                "against a model without dropout: {lr})."
            )
        else:
            message = "The fit converged."
        return judged("converged", message, values, type(self).__name__)


def tosses(p: Array, rng: np.random.Generator) -> Array:
    """Tosses up to and with the first that comes up, each coin with its own probability."""
    with np.errstate(divide="ignore", over="ignore"):
        return np.asarray(np.floor(np.log1p(-rng.random(p.size)) / np.log1p(-p)) + 1, dtype=float)


class PurchaseResults(Fitted):
    """A fitted purchase model.

    Everything that takes customers (`x`, `t_x`, `T`) answers for those of the fit when none are
    given, in the order in which they came. Times are in the unit of the data.
    """

    #: The model whose formulas hold: the NBD where no dropout was seen, else that of the fit.
    process: type[PurchaseModel]
    model: PurchaseModel

    @property
    def leaves(self) -> bool:
        """Whether customers leave at all: not in the NBD, nor where no dropout was seen."""
        return self.process.leaves and self.verdict not in STAYS

    def _predict(
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
            if not rows.x.size:
                raise DataError(
                    "the fit was loaded without its customers", remedy="give x, t_x and T"
                )
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

    def p_alive(
        self, x: ArrayLike | None = None, t_x: ArrayLike | None = None, T: ArrayLike | None = None
    ) -> Prediction:
        """P(alive at the end of observation)."""
        return self._predict(self.process.alive, x, t_x, T, link="logit")

    def expected_purchases(
        self,
        t: ArrayLike,
        x: ArrayLike | None = None,
        t_x: ArrayLike | None = None,
        T: ArrayLike | None = None,
    ) -> Prediction:
        """Purchases expected in the next `t` units of time, dropout allowed for."""

        def ahead(theta: Array, t: Array, x: Array, t_x: Array, T: Array) -> Array:
            same = bool(np.all(t == t[0]))
            return self.process.expected_ahead(theta, float(t[0]) if same else t, x, t_x, T)

        return self._predict(ahead, x, t_x, T, times("t", t))

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
        return self._predict(self.process.none_ahead, x, t_x, T, times("t", t), link="logit")

    def pmf(
        self,
        k: ArrayLike,
        t: ArrayLike,
        x: ArrayLike = 0.0,
        t_x: ArrayLike = 0.0,
        T: ArrayLike = 0.0,
    ) -> Prediction:
        """P(k repeat purchases in `t`), of a new customer unless a history is given."""
        ahead = self.process.mass_ahead
        return self._predict(ahead, x, t_x, T, whole_purchases(k), times("t", t), link="logit")

    def distribution(self, t: float, *, upto: int = 7) -> pd.DataFrame:
        """Count the customers by purchases expected in `t`; see `purchase_distribution`."""
        rows = self.model.rows
        known = [v[rows.inverse] for v in (rows.x, rows.t_x, rows.T)]
        masses = [self.pmf(k, t, *known) for k in range(upto)]
        return purchase_distribution(masses, self.model.counts)

    def among(self, at: Index) -> PurchaseResults:
        """Give the same fit with some of its customers, to be refitted to them."""
        rows, out = self.model.rows, copy(self)
        own, inverse = np.unique(rows.inverse[at], return_inverse=True)
        out.model = copy(self.model)
        out.model.counts = self.model.counts[at]
        n = add_up(inverse, out.model.counts)
        out.model.rows = Purchases(rows.x[own], rows.t_x[own], rows.T[own], n, inverse, rows.unit)
        return out

    def refits(self) -> Callable[[Array], Array]:
        """Give a function from weights, one a customer, to the log parameters fitted with them."""
        rows, process = self.model.rows, self.process
        scale = self.model.time_scale(rows)
        timed = np.array(process.timed, dtype=float) * np.log(scale)
        scaled = rows.per(scale)
        bound = np.full(timed.size, 12.0)

        def refit(weights: Array) -> Array:
            n = add_up(rows.inverse, weights, rows.x.size)
            there = n > 0
            drawn = replace(
                scaled, x=scaled.x[there], t_x=scaled.t_x[there], T=scaled.T[there], n=n[there]
            )
            best = maximise(
                in_logs(process.likelihood(drawn)), self.phi - timed, lower=-bound - 4, upper=bound,
                evaluations=RESTEPS,
            )  # fmt: skip
            return np.asarray(best.phi + timed, dtype=float)

        return refit

    def scoring(self) -> Scoring:
        """As of every fit, with the likelihood of times as they were given."""
        process, rows = self.process, self.model.rows

        def score_products(phi: Array) -> Array:
            theta, total = np.exp(phi), np.zeros((phi.size, phi.size))
            for lo in range(0, rows.x.size, BLOCK):
                part = slice(lo, lo + BLOCK)
                scores = process.scores(theta, rows.x[part], rows.t_x[part], rows.T[part])
                total += outer(theta[:, None] * scores, rows.n[part])
            return total

        logged = np.ones(self.phi.size, dtype=bool)
        return Scoring(in_logs(process.likelihood(rows)), score_products, logged)

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
        rate = discounting(discount_rate, horizon, self.unit)

        def ahead(theta: Array, x: Array, t_x: Array, T: Array) -> Array:
            later = self.process.discounted_since(theta, horizon, rate, x, t_x, T)
            return self.process.alive(theta, x, t_x, T) * later

        return self._predict(ahead, x, t_x, T)

    def simulate(self, age: ArrayLike, *, rng: np.random.Generator) -> pd.DataFrame:
        """Draw customers from the fitted model: frequency, recency, age."""
        T = np.atleast_1d(times("age", age))
        x, t_x = self.process.draw(np.exp(self.phi), T, rng)
        return pd.DataFrame({"frequency": x, "recency": t_x, "age": T})
