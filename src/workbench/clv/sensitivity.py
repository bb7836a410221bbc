"""What a point of retention or of margin is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.arrays import Array
from workbench.clv.models.prediction import Prediction
from workbench.clv.models.purchase import PurchaseResults
from workbench.clv.models.rows import add_up
from workbench.clv.models.shifted_beta_geometric import LESS
from workbench.clv.value import CustomerValue
from workbench.errors import DataError
from workbench.results import Estimate, Finding, Result, labelled
from workbench.units import continuous_rate, per_year, whole

WORTH_OF_A_POINT = "A point of retention is worth {worth}"
IF_ONE_MORE = (
    "Of 100 customers active today, {kept} can be expected to be active a year from now. If it "
    "were one more, today's customers would bring {worth} more over the next {ahead} {unit}."
)


@dataclass(frozen=True)
class ValueSensitivity(Result):
    """What one point more would add to the value of the base.

    Attributes
    ----------
    table : DataFrame
        One row a lever: lever, estimate, low, high (money), share, share_low, share_high (of the
        value as it is).
    retention : Estimate
        Share of the customers active now who are still active a year from now, as it is.
    point, margin : Estimate
        Worth of a point of retention and of margin.
    value : CustomerValue
        What is made more.
    """

    table: pd.DataFrame
    retention: Estimate
    point: Estimate
    margin: Estimate
    value: CustomerValue

    def estimates(self) -> dict[str, Estimate]:
        """Return the worth of a point of retention and of margin, and retention as it is."""
        return {"retention_now": self.retention, "retention": self.point, "margin": self.margin}

    def findings(self) -> list[Finding]:
        """Say what a point of retention is worth, and what retention is now."""
        values = {
            "kept": self.retention.scaled(100).named(kind="number", digits=1),
            "worth": self.point,
        }
        ahead = {"ahead": whole(self.value.horizon), "unit": f"{self.value.unit}s"}
        return [
            Finding("retention_point", WORTH_OF_A_POINT, {"worth": self.point}, severity="ok"),
            Finding("retention_now", IF_ONE_MORE, {**values, **ahead}, severity="ok"),
        ]


def sensitivity(value: CustomerValue) -> ValueSensitivity:
    """Value a point of retention and a point of margin.

    A point of retention: of 100 customers active now, one more is still active a year from now,
    everyone's expected dropout falling in one proportion from now on. A point of margin: one
    hundredth of the amounts more is kept.

    Parameters
    ----------
    value : CustomerValue
        By BG/NBD, its modification or Pareto/NBD; its horizon, discount rate, margin and draws
        hold.

    Raises
    ------
    DataError
        The purchase model has no dropout, or it has covariates.
    """
    purchases, spend, draws = value.bought, value.spent, value.draws
    if not isinstance(purchases, PurchaseResults):
        raise DataError(
            "a point of retention is not valued under covariates",
            remedy="value the customers by the model without them",
        )
    process, rows = purchases.process, purchases.model.rows
    reach, discount = value.terms
    rate = continuous_rate(discount, purchases.unit)
    year, k = per_year(purchases.unit), purchases.phi.size
    amount = spend.expected_spend()
    x, t_x, T, n = rows.x, rows.t_x, rows.T, rows.n

    def retained(theta: Array, alive: Array) -> float:
        return float((n * alive) @ process.lasting_since(theta, year, x, t_x, T) / (n @ alive))

    found: dict[bytes, Array] = {}  # worth and share ask for the same parameters

    def gain_a_point(phi: Array) -> Array:
        if (asked := phi.tobytes()) not in found:
            found[asked] = gained(phi)
        return found[asked]

    def gained(phi: Array) -> Array:
        theta = np.exp(phi[:k])
        better = process.with_dropout(theta, LESS)
        alive = process.alive(theta, x, t_x, T)
        later = process.discounted_since(better, reach, rate, x, t_x, T)
        later = later - process.discounted_since(theta, reach, rate, x, t_x, T)
        spent = purchases.model.counts * amount.at(phi[k:])
        gain = (alive * add_up(rows.inverse, spent, n.size)) @ later
        more = retained(better, alive) - retained(theta, alive)
        return np.array([value.margin * gain / more / 100])

    covariance = np.zeros((k + spend.phi.size,) * 2)
    covariance[:k, :k], covariance[k:, k:] = purchases.covariance, spend.covariance
    if draws is not None:
        covariance = np.cov(draws, rowvar=False)
    one = np.zeros(1, dtype=np.intp)
    phi = np.concatenate([purchases.phi, spend.phi])
    point = Prediction(gain_a_point, phi, covariance, one).total()
    stay = Prediction(
        lambda p: np.array([retained(np.exp(p), process.alive(np.exp(p), x, t_x, T))]),
        purchases.phi,
        covariance[:k, :k],
        one,
        link="logit",
    ).table.iloc[0]
    margin = value.total.scaled(0.01 / value.margin)
    table = pd.DataFrame(
        {
            "lever": ["One point more retention", "One point more margin"],
            "estimate": [point.value, margin.value],
            "low": [point.low, margin.low],
            "high": [point.high, margin.high],
        }
    )
    part = Prediction(
        lambda p: gain_a_point(p) / float(value.clv.counts @ value.clv.at(p)), phi, covariance, one
    ).total()
    # a point of margin is the same share whatever the value
    table["share"] = [part.value, margin.value / value.total.value]
    table["share_low"] = [part.low, table["share"].iloc[1]]
    table["share_high"] = [part.high, table["share"].iloc[1]]
    retention = Estimate(
        *(float(stay[c]) for c in ("estimate", "low", "high")),
        kind="percent",
        label="Active customers still active in a year",
        fact="customers.active_in_1y.model",
    )
    shown = labelled(
        table,
        lever="Lever",
        estimate=("Added value", "money"),
        share=("Share of the value", "percent:1"),
    )
    about = {"kind": "money", "unit": value.currency, "better": "up"}
    point_of_retention = point.named("Worth of a point of retention", **about)
    point_of_margin = margin.named("Worth of a point of margin", **about)
    return ValueSensitivity(shown, retention, point_of_retention, point_of_margin, value)
