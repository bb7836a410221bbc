"""Can the instrument be trusted: reliability of each dimension, and of the differences."""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from workbench.arrays import Array
from workbench.errors import DataError
from workbench.satisfaction.measurement.alpha import Alpha, cronbach_alpha, difference_reliability
from workbench.satisfaction.measurement.validity import omega
from workbench.satisfaction.questionnaire.answers import Answers
from workbench.stats import unequal_weights


@dataclass(frozen=True)
class Reliability:
    """Reliability of each dimension of a survey.

    Attributes
    ----------
    table : DataFrame
        One row a dimension and side ("expectation", "perception", "gap"): `dimension`, `of`,
        `items`, `n`, `estimate`, `low`, `high` (alpha), `interval` (its kind), `omega`,
        `omega_low`, `omega_high` (McDonald's omega total; from three items on). For "gap", alpha
        of the difference scores; `from_parts` adds what Peter, Churchill and Brown's formula gives.
        Sides that were not asked are left out.
    items : DataFrame
        Item statistics of the perception side.
    """

    table: pd.DataFrame
    items: pd.DataFrame

    @property
    def perception(self) -> pd.DataFrame:
        """The rows of experience, one a dimension."""
        return self.table[self.table["of"] == "perception"].reset_index(drop=True)

    @property
    def weak(self) -> list[str]:
        """Dimensions whose experience surely falls below 0.7."""
        return list(self.perception.loc[self.perception["high"] < 0.7, "dimension"])

    def metrics(self) -> pd.DataFrame:
        """Alpha of each dimension and side: name, value, low, high."""
        t = self.table
        names = "alpha." + t["of"] + "." + t["dimension"]
        return pd.DataFrame(
            {"name": names, "value": t["estimate"], "low": t["low"], "high": t["high"]}
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw alpha with its interval, by dimension and side, beside the usual 0.7."""
        ax = ax or plt.gca()
        names = list(dict.fromkeys(self.table["dimension"]))
        markers = {"expectation": "s", "perception": "o", "gap": "D"}
        for shift, (side, marker) in zip((0.22, 0.0, -0.22), markers.items(), strict=True):
            if side not in set(self.table["of"]):
                continue
            rows = self.table[self.table["of"] == side]
            place = np.array([len(names) - 1 - names.index(d) for d in rows["dimension"]]) + shift
            error = [rows["estimate"] - rows["low"], rows["high"] - rows["estimate"]]
            name = "experience" if side == "perception" else side
            ax.errorbar(rows["estimate"], place, xerr=error, fmt=marker, label=name, capsize=2)
        ax.axvline(0.7, color=plt.rcParams["axes.edgecolor"], linewidth=0.8, linestyle="--")
        ax.set_yticks(np.arange(len(names)), names[::-1])
        ax.tick_params(axis="y", length=0)
        ax.grid(visible=False, axis="y")
        ax.set_xlabel("Cronbach's alpha (bar: 95% interval)")
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.12), ncols=3, frameon=False)
        return ax


def reliability(answers: Answers, *, level: float = 0.95) -> Reliability:
    """Judge every dimension of a survey: expectation, perception and their difference.

    Dimensions of one item, and those that cannot be judged (no spread, too few complete answers),
    stand in the table without a value. Weighted answers give weighted estimates.
    """
    w = answers.weights if answers.weighted else None
    rows, items = [], []
    sides = {"perception": answers.perception}
    if answers.two_sided:
        sides = {"expectation": answers.expectation, **sides, "gap": answers.gap}
    for name, members in answers.dimensions.items():
        alphas: dict[str, Alpha | None] = {}
        for side, values in sides.items():
            own = values[list(members)]
            found = alphas[side] = _alpha(own, w, level, by_item=side == "perception")
            row: dict[str, object] = {"dimension": name, "of": side, "items": len(members), "n": 0}
            if found is not None:
                row |= {"n": found.n, "estimate": found.estimate, "interval": found.interval}
                row |= {"low": found.low, "high": found.high, **_omega(own, w, level)}
            rows.append(row)
        if answers.two_sided:
            rows[-1]["from_parts"] = _from_parts(answers, list(members), alphas)
        found = alphas["perception"]
        if found is not None:
            items.append(found.items.assign(dimension=name))
    columns = ["dimension", "of", "items", "n", "estimate", "low", "high", "interval"]
    columns += ["omega", "omega_low", "omega_high", "from_parts"]
    parts = pd.concat(items, ignore_index=True) if items else pd.DataFrame()
    return Reliability(pd.DataFrame(rows, columns=columns), parts)


def _alpha(values: pd.DataFrame, w: Array | None, level: float, *, by_item: bool) -> Alpha | None:
    try:
        return cronbach_alpha(values, weights=w, by_item=by_item, level=level)
    except DataError:
        return None


def _omega(values: pd.DataFrame, w: Array | None, level: float) -> dict[str, float]:
    """Omega where one factor can be fitted; nothing for two items or too few answers."""
    try:
        found = omega(values, weights=w, level=level)[0]
    except DataError:
        return {}
    return {"omega": found.value, "omega_low": found.low, "omega_high": found.high}


def _from_parts(answers: Answers, members: list[str], alphas: dict[str, Alpha | None]) -> float:
    e, p = alphas["expectation"], alphas["perception"]
    if e is None or p is None:
        return float("nan")
    sums = np.column_stack(
        [
            answers.expectation[members].to_numpy().sum(axis=1),
            answers.perception[members].to_numpy().sum(axis=1),
        ]
    )
    kept = ~np.isnan(sums).any(axis=1)
    w = unequal_weights(answers.weights, len(answers))
    covariance = np.cov(sums[kept], rowvar=False, aweights=None if w is None else w[kept])
    sd_e, sd_p = np.sqrt(np.diag(covariance))
    correlation = covariance[0, 1] / (sd_e * sd_p)
    return difference_reliability(p.estimate, e.estimate, correlation, sd_p, sd_e)
