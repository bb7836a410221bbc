"""How groups of customers differ in buying, small ones drawn towards what all have in common.

Each group has log parameters of its own, which are taken to be drawn from a normal distribution
whose mean and spread the groups themselves tell (empirical Bayes): a group of many customers speaks
for itself, one of few borrows from the others, the more so the less groups differ.

References
----------
Efron, Morris (1975), Data Analysis Using Stein's Estimator and Its Generalizations, JASA 70(350),
311-319; Tierney, Kadane (1986), JASA 81(393), 82-86 (Laplace's approximation).
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import chi2

from workbench.arrays import Array
from workbench.clv.calendar import Calendar
from workbench.clv.models.likelihood import Derivatives, in_logs, maximise
from workbench.clv.models.purchase import PurchaseResults
from workbench.clv.models.rows import add_up
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled
from workbench.results.drawing import interval_dots

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Groups that are told apart at most, and rounds of mean, spread and groups in turn.
MOST, ROUNDS = 12, 40
#: Spread of log parameters before the groups are asked, and the least that is told.
BEGIN, LEAST = 0.3, 1e-3
#: Customers that are looked at, at most: of more an even part.
MANY = 50_000

DIFFER = (
    "By {attribute}, new customers do not buy alike: {top} is expected to buy {most} times again"
    " within the next {ahead} {unit}, {bottom} {least} times."
)
ALIKE = (
    "By {attribute}, new customers buy alike as far as the records show (p {p}): what groups show"
    " is drawn towards the mean of all."
)


@dataclass(frozen=True)
class GroupFits(Result):
    """Fits of groups that borrow from one another.

    Attributes
    ----------
    table : DataFrame
        One row a group, the largest first: group, n, new, new_low, new_high (repeat purchases
        expected of a new customer within the horizon), weight (how far the group speaks for
        itself, 0 to 1).
    fits : dict of str to PurchaseResults
        Of each group, its customers in their order.
    spread : Series
        Standard deviation of the log parameters between groups.
    p : float
        That groups differ no more than chance would have it (likelihood ratio, separate fits
        against one).
    attribute : str
    horizon : float
    unit : str
    """

    table: pd.DataFrame
    fits: dict[str, PurchaseResults]
    spread: pd.Series
    p: float
    attribute: str
    horizon: float
    unit: str

    def estimates(self) -> dict[str, Estimate]:
        """Return what is expected of a new customer of each group."""
        return {
            str(row["group"]): Estimate.of_row(row, "new", digits=1)
            for _, row in self.table.iterrows()
        }

    def findings(self) -> list[Finding]:
        """Say which group's new customers buy most, or that groups do not differ."""
        if not self.p < 0.05:
            return [Finding("groups", ALIKE, {"attribute": self.attribute, "p": max(self.p, 0.001)},
                            verdict="alike")]  # fmt: skip
        found = self.estimates()
        order = sorted(found, key=lambda name: -found[name].value)
        values = {
            "attribute": self.attribute, "ahead": round(self.horizon), "unit": f"{self.unit}s",
            "top": order[0], "most": found[order[0]],
            "bottom": order[-1], "least": found[order[-1]],
        }  # fmt: skip
        return [Finding("groups", DIFFER, values, verdict="differ", estimates=found)]

    def picture(self) -> Picture:
        """Draw what is expected of new customers."""
        return Picture(
            self.plot, "New customers by {by}",
            "Repeat purchases expected of a new customer within the horizon; 95% intervals",
            self.table, {"by": self.attribute},
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one dot with its interval a group."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table.iloc[::-1].reset_index(drop=True)
        names = [say.name(str(g)) for g in t["group"]]
        label = say("Repeat purchases of a new customer")
        interval_dots(ax, names, t["new"], t["new_low"], t["new_high"], label)
        return ax


def group_fits(
    bought: PurchaseResults,
    groups: ArrayLike,
    *,
    horizon: float,
    attribute: str = "",
    pace: Calendar | None = None,
    least: int = 5,
) -> GroupFits:
    """Fit a purchase model to groups of customers, which borrow strength from one another.

    Parameters
    ----------
    bought : PurchaseResults
        Fit to all customers.
    groups : array_like, shape (n,)
        Group of each customer, in the order of the fit; missing ones are left out.
    horizon : float
        Within which purchases of new customers are told.
    attribute : str
        What the groups are of.
    pace : Calendar, optional
        By whose clock the times of the fit run.
    least : int
        Customers of whom a group consists at least.

    Raises
    ------
    DataError
        Fewer than two groups, or a model that runs by due dates.

    Examples
    --------
    >>> import numpy as np
    >>> from workbench.clv import BetaGeometric, group_fits
    >>> frequency, recency = [2, 0, 1, 5, 0, 3], [30.4, 0, 1.7, 29.4, 0, 22.0]
    >>> bought = BetaGeometric(frequency * 50, recency * 50, [38.9] * 300, unit="week").fit()
    >>> found = group_fits(bought, np.arange(300) % 4, horizon=26)
    >>> len(found.table)
    4
    """
    rows = bought.model.rows
    if not bought.process.paced or not rows.x.size:
        raise DataError(
            "groups borrow from one another by models of free purchases only",
            remedy="fit one of these, with its customers",
        )
    label = pd.Series(np.asarray(groups, dtype=object))
    if label.size != rows.inverse.size:
        raise DataError(
            f"there are {label.size} groups of {rows.inverse.size} customers",
            remedy="give one a customer, in the order of the fit",
        )
    sizes = label.dropna().astype(str).value_counts()
    names = list(sizes.index[sizes >= max(least, 1)][:MOST])
    if len(names) < 2:
        raise DataError("there are no two groups to compare", remedy="name another attribute")
    label = label.astype("string")
    scale = bought.model.time_scale(rows)
    shift = np.array(bought.process.timed, dtype=float) * np.log(scale)
    scaled = rows.per(scale)
    likelihoods = []
    some = np.arange(label.size) % -(-label.size // MANY) == 0
    for name in names:
        inside = some * (label == name).fillna(False).to_numpy(dtype=float) * bought.model.counts
        n = add_up(rows.inverse, inside, rows.x.size)
        own = n > 0
        part = replace(scaled, x=scaled.x[own], t_x=scaled.t_x[own], T=scaled.T[own], n=n[own])
        likelihoods.append(in_logs(bought.process.likelihood(part)))
    phis, covariances, spread = _borrowed(likelihoods, bought.phi - shift)
    p = _alike(likelihoods, bought.phi - shift)
    stretch = 1.0 if pace is None else pace.stretch(horizon)
    fits, out = {}, []
    for name, phi, covariance in zip(names, phis, covariances, strict=True):
        fit = copy(bought)
        fit.phi, fit.covariance = phi + shift, covariance
        fit.params = pd.Series(
            np.append(np.exp(fit.phi), bought.params.to_numpy(dtype=float)[fit.phi.size :]),
            index=bought.params.index, name=bought.params.name,
        )  # fmt: skip
        fit.nobs = float(sizes[name])
        fits[name] = fit
        new = fit.expected_purchases_new(horizon * stretch)
        ends = new.conf_int().iloc[0]
        # of what the spread leaves open, how much the group's own customers settle
        weight = float(np.clip(1 - np.mean(np.diag(covariance) / spread**2), 0.0, 1.0))
        out.append((name, float(sizes[name]), float(new.estimate[0]), float(ends["low"]),
                    float(ends["high"]), weight))  # fmt: skip
    columns = ["group", "n", "new", "new_low", "new_high", "weight"]
    table = labelled(
        pd.DataFrame(out, columns=columns), group="Group", n="Customers",
        new=("Repeat purchases of a new customer", "number:2"),
        weight=("Speaks for itself", "percent"),
    )  # fmt: skip
    index = bought.params.index[: spread.size]
    return GroupFits(
        table, fits, pd.Series(spread, index=index), p, attribute, horizon, str(bought.unit)
    )


Likelihood = Callable[[Array], Derivatives]


def _box(size: int) -> dict[str, Any]:
    return {"lower": np.full(size, -16.0), "upper": np.full(size, 12.0)}


def _alike(likelihoods: list[Likelihood], start: Array) -> float:
    """Likelihood ratio of fits of their own against one fit of all these groups."""

    def together(phi: Array) -> Derivatives:
        parts = [one(phi) for one in likelihoods]
        return (
            sum(part[0] for part in parts),
            np.sum([part[1] for part in parts], axis=0),
            np.sum([part[2] for part in parts], axis=0),
        )

    whole = maximise(together, start, **_box(start.size)).value
    apart = sum(maximise(one, start, **_box(start.size)).value for one in likelihoods)
    df = start.size * (len(likelihoods) - 1)
    return float(chi2.sf(max(2 * (apart - whole), 0.0), df))


def _borrowed(
    likelihoods: list[Likelihood], start: Array
) -> tuple[list[Array], list[Array], Array]:
    """Log parameters of groups and their covariances, by turns with their mean and spread."""
    mean, spread = start.copy(), np.full(start.size, BEGIN)
    phis = [start.copy() for _ in likelihoods]
    covariances: list[Array] = []
    for _ in range(ROUNDS):
        prior = 1 / spread**2
        covariances = []
        for i, one in enumerate(likelihoods):

            def penalised(
                phi: Array, one: Likelihood = one, mean: Array = mean, prior: Array = prior
            ) -> Derivatives:
                value, gradient, hessian = one(phi)
                off = phi - mean
                value -= 0.5 * float(prior @ off**2)
                return value, gradient - prior * off, hessian - np.diag(prior)

            best = maximise(penalised, phis[i], **_box(start.size))
            phis[i] = best.phi
            covariances.append(np.asarray(np.linalg.pinv(-best.hessian, hermitian=True)))
        before = spread
        each, own = np.array(phis), np.array([np.diag(c) for c in covariances])
        mean = each.mean(axis=0)
        # one degree of freedom goes to the mean
        squares = ((each - mean) ** 2).sum(axis=0) / (len(phis) - 1) + own.mean(axis=0)
        spread = np.maximum(np.sqrt(squares), LEAST)
        if np.abs(np.log(spread / before)).max() < 0.01:
            break
    return phis, covariances, spread
