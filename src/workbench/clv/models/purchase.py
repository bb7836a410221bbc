"""The shape of a purchase model: fit once, then ask about customers in it, new ones, any."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import gammaincc

from workbench.arrays import Array
from workbench.clv.models.fitted import Verdict
from workbench.clv.models.forecast import PurchaseResults
from workbench.clv.models.likelihood import Derivatives, Optimum, covariance_of, in_logs, maximise
from workbench.clv.models.rows import (
    Purchases,
    check_counts,
    check_estimable,
    check_rows,
    dot,
    gather,
)
from workbench.clv.units import one_unit
from workbench.errors import DataError

if TYPE_CHECKING:
    from workbench.clv.models.covariates import CovariateModel


#: Fits with more distinct repeat buyers than this start from a fit to a sample of them.
SAMPLE_ABOVE = 30_000

#: Twice the log-likelihood that dropout must gain to be a sign that customers leave at all. Where
#: nobody leaves the search may end anywhere along the edge, and how near to it is rounding error:
#: about a millionth. A thousandth is far above that, and tells nothing of any customer.
NO_RISE = 1e-3


class Summary(Protocol):
    """A customer summary: one row a customer, and the unit of its times."""

    @property
    def time_unit(self) -> str:
        """Unit of recency and age."""

    def frame(self) -> pd.DataFrame:
        """Columns frequency, recency, age."""


class PurchaseModel(ABC):
    """A model of repeat purchases in continuous time.

    Parameters
    ----------
    frequency : array_like
        Repeat purchases (days, or whatever the event grain is, with a purchase; less the first).
    recency : array_like
        Time from the first to the last purchase; 0 for one-time buyers.
    age : array_like
        Time from the first purchase to the end of observation.
    counts : array_like, optional
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
        return cls(frame["frequency"], frame["recency"], frame["age"], counts, unit=unit)

    @classmethod
    def from_summary(cls, summary: Summary, *, unit: str | None = None) -> Self:
        """Make the model from a customer summary of the data room, in the summary's unit.

        Raises
        ------
        DataError
            `unit` is given and is another one.
        """
        unit = one_unit(summary.time_unit, unit, of="the summary and the model")
        frame = summary.frame()
        if "customer_id" in frame:
            frame = frame.set_index("customer_id")
        return cls.from_frame(frame, unit=unit)

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

    def with_covariates(
        self, *, purchase: pd.DataFrame | None = None, dropout: pd.DataFrame | None = None
    ) -> CovariateModel:
        """Let what is known of customers explain how often they buy and how soon they leave.

        Parameters
        ----------
        purchase, dropout : DataFrame, optional
            One row a customer, in the order of the model; numbers, 0/1 for categories.
        """
        from workbench.clv.models.covariates import CovariateModel

        return CovariateModel(self, purchase=purchase, dropout=dropout)

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
        if (without := self._baseline()) is not None:
            stays = without._climb(rows, [np.log(start) for start in without._starts(rows)])
            rise = max(2 * (best.value - stays.value), 0.0)
        per_scale = np.log(scale) * dot(rows.n, rows.x)
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
            starts = [cls._climb(_thinned(rows), starts).phi]
        evaluate = in_logs(cls.likelihood(rows))
        found: list[Optimum] = []
        for phi in starts:
            found.append(maximise(evaluate, phi, lower=lower, upper=upper))
            if found[-1].converged and not found[-1].bound.any():
                break
        return max(found, key=lambda o: o.value)

    def _conclude(
        self, best: Optimum, rise: float | None, shift: Array, per_scale: float
    ) -> PurchaseResults:
        phi = best.phi + shift
        covariance = covariance_of(best)
        llf = best.value - per_scale
        free = len(self.names) - int(np.count_nonzero(best.bound))
        theta = np.exp(phi)
        law: type[PurchaseModel] = type(self)
        params = pd.Series(theta, index=pd.Index(self.names, dtype=object), name=self.title)
        verdict, without = self._judge(best, rise), self._baseline()
        if verdict.kind == "no_dropout" and without is not None:
            # nobody leaves: the parameters that are left are those of the NBD
            baseline = self._fit_same_rows(without)
            law, phi, covariance = baseline.law, baseline.phi, baseline.covariance
            llf, free = baseline.llf, 2
            params = pd.Series(
                [*baseline.params, 0.0, np.nan], index=list(self.names), name=self.title
            )
        results = PurchaseResults(
            params=params,
            phi=phi,
            covariance=covariance,
            llf=llf,
            nobs=self.rows.customers,
            verdict=verdict,
            unit=self.unit,
            evaluations=best.evaluations,
            free=free,
        )
        results.title, results.law, results.model = self.title, law, self
        return results

    def _baseline(self) -> type[PurchaseModel] | None:
        """Give the same model without dropout, to which this one is compared."""
        from workbench.clv.models.nbd import NBD

        return NBD

    def _fit_same_rows(self, kind: type[PurchaseModel]) -> PurchaseResults:
        """Fit another model to the rows of this one, which are checked and grouped already."""
        twin = kind.__new__(kind)
        twin.index, twin.counts, twin.rows, twin.unit = (
            self.index,
            self.counts,
            self.rows,
            self.unit,
        )
        return twin.fit()

    def _judge(self, best: Optimum, rise: float | None) -> Verdict:
        values = {}
        if rise is not None:
            # two parameters vanish at the boundary; chi-squared with 2 df errs to the safe side
            # below a thousandth the exact figure says nothing more
            values = {"lr": rise, "p": max(float(gammaincc(1.0, rise / 2)), 0.001)}
            if rise < NO_RISE:
                return Verdict(
                    "no_dropout",
                    "No sign that customers leave: the likelihood is highest where nobody drops "
                    "out. Predictions are those of the NBD and every customer counts as alive.",
                    values,
                    "NBD",
                )
        if not best.converged:
            return Verdict(
                "not_converged",
                "The search for the maximum stopped before it was certain; do not use this fit.",
                values,
                type(self).__name__,
            )
        if best.bound.any():
            return Verdict(
                "no_heterogeneity",
                "Customers do not differ in one of the traits that the model lets vary; "
                "predictions hold, but single parameters mean nothing.",
                values,
                type(self).__name__,
            )
        if values and values["p"] > 0.05:
            message = (
                "The fit converged, but it is no better than a model without dropout "
                "(likelihood ratio {lr}, p at most {p})."
            )
        elif values:
            message = (
                "The fit converged at an inner maximum, and dropout is needed to explain the log "
                "(likelihood ratio against a model without it: {lr})."
            )
        else:
            message = "The fit converged at an inner maximum."
        return Verdict("converged", message, values, type(self).__name__)


def _thinned(rows: Purchases) -> Purchases:
    """Every k-th distinct repeat buyer, weighted up, and all one-time buyers."""
    repeat = np.flatnonzero(rows.x)
    # sorted by frequency a systematic sample is a stratified one
    repeat = repeat[np.argsort(rows.x[repeat], kind="stable")]
    every = max(repeat.size // 6000, 2)
    once = np.flatnonzero(rows.x == 0)[:: 1 if np.count_nonzero(rows.x == 0) < 6000 else every]
    kept = np.concatenate([once, repeat[every // 2 :: every]])
    n = rows.n[kept].copy()
    for group, whole in ((rows.x[kept] == 0, rows.x == 0), (rows.x[kept] > 0, rows.x > 0)):
        if n[group].sum() > 0:
            n[group] *= rows.n[whole].sum() / n[group].sum()
    return Purchases(rows.x[kept], rows.t_x[kept], rows.T[kept], n, np.arange(kept.size), rows.unit)
