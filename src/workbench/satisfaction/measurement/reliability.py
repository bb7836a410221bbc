"""Does each dimension hold together: alpha and omega of experience, expectation and their gap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from workbench.arrays import Array
from workbench.languages import Language, speak
from workbench.results import (
    Estimate,
    Finding,
    Picture,
    Result,
    Severity,
    attempt,
    labelled,
    named_estimates,
)
from workbench.satisfaction.measurement.alpha import Alpha, cronbach_alpha, difference_reliability
from workbench.satisfaction.measurement.factor import FactorModel, composite_reliability, confirm
from workbench.satisfaction.questionnaire.answers import Answers, SurveyError
from workbench.stats import unequal_weights

#: Complete answers below which an alpha is hardly known (its interval is some .3 wide).
_FEW = 50
_SIDES = {"expectation": "expectation", "perception": "experience", "gap": "gap"}


@dataclass(frozen=True)
class Reliability(Result):
    """Reliability of each dimension of a survey.

    Attributes
    ----------
    table : DataFrame
        One row a dimension and side ("expectation", "perception", "gap"): `dimension`, `of`,
        `items`, `n`, `estimate`, `low`, `high` (alpha), `interval` (its kind), `omega`,
        `omega_low`, `omega_high` (McDonald's omega total; from three items on). For "gap", alpha
        of the difference scores; `from_parts` adds what Peter, Churchill and Brown's formula gives.
        Sides that were not asked are left out. `reason` says why there is no value.
    items : DataFrame
        Item statistics of the perception side.
    constant : tuple of str
        Items of experience to which everybody gave the same answer.
    """

    table: pd.DataFrame
    items: pd.DataFrame
    constant: tuple[str, ...] = ()

    @property
    def perception(self) -> pd.DataFrame:
        """The rows of experience, one a dimension."""
        return self.table[self.table["of"] == "perception"].reset_index(drop=True)

    @property
    def weak(self) -> list[str]:
        """Dimensions whose experience surely falls below 0.7."""
        return list(self.perception.loc[self.perception["high"] < 0.7, "dimension"])

    @property
    def against(self) -> list[str]:
        """Items that surely go against the rest of their dimension."""
        if self.items.empty:
            return []
        return list(self.items.loc[self.items["item_rest_high"] < 0, "item"].astype(str))

    def estimates(self) -> dict[str, Estimate]:
        """Alpha of each dimension and side: `alpha.perception.tangibles`."""
        known: dict[str, Estimate] = {}
        for side, rows in self.table.dropna(subset="estimate").groupby("of", sort=False):
            known |= named_estimates(rows, "dimension", prefix=f"alpha.{side}.", digits=2)
        return known

    def findings(self) -> list[Finding]:
        """Whether experience is measured consistently; why where it cannot be judged."""
        known = self.perception.dropna(subset="estimate")
        if known.empty:
            return self._blank()
        sure, n = int((known["low"] >= 0.7).sum()), len(known)
        weak = self.weak
        severity: Severity
        if weak:
            message, severity = "Not every dimension is measured well: {weak} is not", "warning"
        elif sure == len(self.perception):
            message, severity = "All dimensions are measured reliably", "ok"
        else:
            message, severity = (
                "{sure} of {n} dimensions are measured reliably",
                "note",
            )
        low, high = (Estimate(end, digits=2) for end in known["estimate"].agg(["min", "max"]))
        found = [
            Finding(
                "reliability",
                message,
                {"sure": sure, "n": n, "weak": weak},
                severity=severity,
                estimates=self.estimates(),
            ),
            Finding(
                "reliability.range",
                "Reliability of experience lies between {low} and {high} (1 is perfect, 0.7 is"
                " usually asked for).",
                {"low": low, "high": high},
            ),
            *self._blank(),
        ]
        few = int(known["n"].max())
        if few < _FEW:
            reach = {"n": few, "low": Estimate(float(known["low"].min()), digits=2)}
            found.append(
                Finding(
                    "reliability.few",
                    "At most {n} people answered all items of a dimension: too few to call a"
                    " dimension reliable or not. The least reliable may be as low as {low}.",
                    reach,
                    severity="warning",
                )
            )
        if against := self.against:
            found.append(
                Finding(
                    "reliability.reversed",
                    "Answers to {items} go against the rest of their dimension: these questions"
                    " seem to be worded the other way round. If they are, list them under"
                    " `reversed` in the card; until then reliability is too low and the means of"
                    " their dimension are wrong.",
                    {"items": against},
                    severity="warning",
                )
            )
        if "gap" in set(self.table["of"]):
            found.append(
                Finding(
                    "reliability.gap",
                    "Differences of two answers are less reliable than the answers themselves: read"
                    " gaps by dimension or over many customers.",
                )
            )
        return found

    def _blank(self) -> list[Finding]:
        """Say why dimensions stand in the table without a value."""
        if not self.constant:
            return []
        return [
            Finding(
                "reliability.constant",
                "Everybody gave the same answer to {items}: such a question tells nobody apart, and"
                " how well its dimension is measured cannot be said with it. Look whether it was"
                " read rightly, or leave it out.",
                {"items": list(self.constant)},
                severity="warning",
            )
        ]

    def picture(self) -> Picture | None:
        """Alpha of each dimension, where any can be judged."""
        if not self.findings():
            return None
        return Picture(
            self.plot,
            "How reliably each dimension is measured",
            "Cronbach's alpha, last wave",
            self.table,
            height=1.4 + 0.62 * self.table["dimension"].nunique(),
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw alpha with its interval, by dimension and side, beside the usual 0.7."""
        say = speak(language)
        ax = ax or plt.gca()
        names = list(dict.fromkeys(self.table["dimension"]))
        markers = {"expectation": "s", "perception": "o", "gap": "D"}
        for shift, (side, marker) in zip((0.22, 0.0, -0.22), markers.items(), strict=True):
            if side not in set(self.table["of"]):
                continue
            rows = self.table[self.table["of"] == side]
            place = np.array([len(names) - 1 - names.index(d) for d in rows["dimension"]]) + shift
            error = [rows["estimate"] - rows["low"], rows["high"] - rows["estimate"]]
            ax.errorbar(
                rows["estimate"], place, xerr=error, fmt=marker, label=say(_SIDES[side]), capsize=2
            )
        ax.axvline(0.7, color=plt.rcParams["axes.edgecolor"], linewidth=0.8, linestyle="--")
        ax.set_yticks(np.arange(len(names)), [say.name(name) for name in names[::-1]])
        ax.tick_params(axis="y", length=0)
        ax.grid(visible=False, axis="y")
        ax.set_xlabel(say("Cronbach's alpha (bar: 95% interval)"))
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.12), ncols=3, frameon=False)
        return ax


def reliability(answers: Answers, *, level: float = 0.95) -> Reliability:
    """Judge every dimension of a survey: expectation, perception and their difference.

    Dimensions of one item, and those that cannot be judged (no spread, too few complete answers),
    stand in the table without a value. Weighted answers give weighted estimates.

    Raises
    ------
    SurveyError
        No item was asked.
    """
    if not answers.items:
        raise SurveyError("no item was asked", where="survey", remedy="list items on the card")
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
            row["reason"] = "" if found is not None else _why_not(own)
            rows.append(row)
        if answers.two_sided:
            rows[-1]["from_parts"] = _from_parts(answers, list(members), alphas)
        found = alphas["perception"]
        if found is not None:
            items.append(found.items.assign(dimension=name))
    columns = ["dimension", "of", "items", "n", "estimate", "low", "high", "interval"]
    columns += ["omega", "omega_low", "omega_high", "from_parts", "reason"]
    table = labelled(
        pd.DataFrame(rows, columns=columns),
        dimension="Dimension",
        of="Score",
        items="Items",
        n="Complete answers",
        estimate=("Alpha", "number:2"),
        interval="Interval by",
        omega=("Omega", "number:2"),
        from_parts=("From its parts", "number:2"),
        reason="Note",
    )
    constant = tuple(_constant(answers.perception))
    return Reliability(table, _item_table(items, answers.labels), constant)


def _constant(values: pd.DataFrame) -> list[str]:
    """Name the items to which everybody who answered gave the same answer."""
    alike = (values.max() == values.min()) & (values.notna().sum() > 1)
    return [str(item) for item in values.columns[alike.to_numpy()]]


def _why_not(values: pd.DataFrame) -> str:
    if values.shape[1] < 2:
        return "one item only"
    if len(values.dropna()) < 3:
        return "too few complete answers"
    return "an item has the same answer from everybody"


def _item_table(parts: list[pd.DataFrame], labels: Mapping[str, str]) -> pd.DataFrame:
    if not parts:
        return pd.DataFrame()
    table = pd.concat(parts, ignore_index=True)
    return labelled(
        table.assign(label=table["item"].map(labels)),
        dimension="Dimension",
        label="Item",
        mean=("Mean", "number:2"),
        sd=("SD", "number:2"),
        item_rest=("Correlation with the rest", "number:2"),
        alpha_if_dropped=("Alpha without it", "number:2"),
    )


def _alpha(values: pd.DataFrame, w: Array | None, level: float, *, by_item: bool) -> Alpha | None:
    return attempt(cronbach_alpha, values, weights=w, by_item=by_item, level=level)


def _omega(values: pd.DataFrame, w: Array | None, level: float) -> dict[str, float]:
    """Omega where one factor can be fitted; nothing for two items or too few answers."""
    fitted = attempt(omega, values, weights=w, level=level)
    if fitted is None:
        return {}
    return dict(zip(("omega", "omega_low", "omega_high"), fitted[0], strict=True))


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


def omega(
    items: pd.DataFrame, *, weights: ArrayLike | None = None, level: float = 0.95
) -> tuple[Estimate, FactorModel]:
    """McDonald's omega total: one factor by maximum likelihood on the standardised items.

    (sum of loadings)^2 / ((sum of loadings)^2 + sum of residual variances): the share of the sum
    score's variance that goes back to the common factor. Alpha equals it only when all items load
    alike.

    Parameters
    ----------
    items : DataFrame, shape (respondents, items)
        Three or more items, keyed alike; complete answers count.
    weights : array_like, shape (respondents,), optional

    References
    ----------
    McDonald (1999), Test Theory, equation 6.20b. Estimate: delta method with robust errors.
    """
    names = [str(c) for c in items.columns]
    model = confirm(items.set_axis(names, axis=1), {"factor": names}, weights=weights, level=level)
    return composite_reliability(model, np.arange(len(names)), level), model
