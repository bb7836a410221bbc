"""Can the instrument be trusted: does each dimension hold together, and is it one of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike
from scipy.special import ndtri

from workbench.arrays import Array, Index
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
from workbench.satisfaction.measurement.factor import FactorModel, confirm
from workbench.satisfaction.moments import percentile_limits, respondents
from workbench.satisfaction.questionnaire.answers import Answers, SurveyError
from workbench.stats import bootstrap_weights, unequal_weights

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


#: Two dimensions stand apart when their HTMT surely lies below this (Henseler and others 2015).
HTMT_LIMIT = 0.9


@dataclass(frozen=True)
class Validity(Result):
    """Convergent and discriminant validity of an instrument.

    Attributes
    ----------
    table : DataFrame
        One row a dimension: `dimension`, `items`, `cr` (composite reliability), `cr_low`,
        `cr_high`, `ave` (average variance extracted), `ave_low`, `ave_high`, `closest` (dimension
        with the highest correlation), `shared` (its square), `distinct` (AVE exceeds it: Fornell
        and Larcker).
    pairs : DataFrame
        One row a pair: `one`, `other`, `correlation`, `correlation_low`, `correlation_high` (of the
        factors), `estimate` (HTMT), `low`, `high`, `distinct` (HTMT surely below 0.9).
    model : FactorModel
    labels : mapping of str to str
        Wording of the items.
    """

    table: pd.DataFrame
    pairs: pd.DataFrame
    model: FactorModel
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def loadings(self) -> pd.DataFrame:
        """The model's loadings with the wording of the items."""
        table = self.model.table
        return labelled(
            table.assign(label=[self.labels.get(item, item) for item in table["item"]]),
            factor="Dimension",
            item="No.",
            label="Item",
            estimate=("Loading", "number:2"),
            r2=("Share explained", "percent"),
        )

    @property
    def not_distinct(self) -> pd.DataFrame:
        """Pairs of dimensions that are not shown to be two things, the closest first."""
        rows = self.pairs[~self.pairs["distinct"]]
        return rows.sort_values("estimate", ascending=False, ignore_index=True)

    def estimates(self) -> dict[str, Estimate]:
        """Composite reliability and AVE of each dimension: `cr.tangibles`, `ave.tangibles`."""
        return {
            name: each
            for kind in ("cr", "ave")
            for name, each in named_estimates(
                self.table, "dimension", estimate=kind, prefix=f"{kind}."
            ).items()
        }

    def findings(self) -> list[Finding]:
        """Whether the answers follow the dimensions and tell them apart; what speaks against it."""
        head, *warnings = self.model.findings()
        alike, total = len(self.not_distinct), len(self.pairs)
        if self.model.fits and alike:
            head = replace(head, message="Some dimensions are hard to tell apart")
        detail = Finding(
            "factors.distinct",
            "A factor model in which each item belongs to its dimension leaves an average residual"
            " correlation of {srmr} (0.08 or less is usual). {n} of {total} pairs of dimensions are"
            " shown to be two things.",
            {
                "srmr": self.model.estimates()["cfa.srmr"],
                "n": total - alike,
                "total": total,
            },
        )
        return [head, detail, *warnings]

    def picture(self) -> Picture:
        """Draw the loading of each item."""
        return Picture(
            self.plot,
            "How strongly each item speaks for its dimension",
            "Standardised loadings, last wave",
            self.loadings,
            height=1.4 + 0.24 * len(self.loadings),
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw the loadings of the model."""
        return self.model.plot(ax, language=language)


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
    return _composite(model, np.arange(len(names)), level), model


def validity(
    items: pd.DataFrame,
    factors: Mapping[str, Sequence[str]],
    *,
    weights: ArrayLike | None = None,
    rng: np.random.Generator,
    draws: int = 200,
    level: float = 0.95,
) -> Validity:
    """Judge whether dimensions hold together and are distinct from one another.

    Parameters
    ----------
    items : DataFrame, shape (respondents, items)
    factors : mapping of str to sequence of str
        Items of each dimension; those of a single item are left out.
    weights : array_like, shape (respondents,), optional
        Survey weights, for the model and for HTMT.
    rng : numpy.random.Generator
        For the bootstrap interval of HTMT.
    draws : int

    References
    ----------
    Fornell, Larcker (1981), Journal of Marketing Research 18(1), 39-50; Henseler, Ringle, Sarstedt
    (2015), Journal of the Academy of Marketing Science 43, 115-135, equation 6.
    """
    several = {name: list(members) for name, members in factors.items() if len(members) > 1}
    model = confirm(items, several, weights=weights, level=level)
    loadings, phi = model.loadings, model.correlations
    rows = []
    for name, members in several.items():
        at = np.flatnonzero((loadings["factor"] == name).to_numpy())
        others = phi[(phi["one"] == name) | (phi["other"] == name)]
        closest, shared = "", float("nan")
        if len(others):
            pair = others.iloc[int(np.argmax(others["estimate"].abs()))]
            closest = str(pair["other"] if pair["one"] == name else pair["one"])
            shared = float(pair["estimate"]) ** 2
        cr, ave = _composite(model, at, level), _extracted(model, at, level)
        rows.append(
            {
                "dimension": name,
                "items": len(members),
                **{"cr": cr.value, "cr_low": cr.low, "cr_high": cr.high},
                **{"ave": ave.value, "ave_low": ave.low, "ave_high": ave.high},
                "closest": closest,
                "shared": shared,
                "distinct": not shared >= ave.value,
            }
        )
    pairs = phi.rename(
        columns={"estimate": "correlation", "low": "correlation_low", "high": "correlation_high"}
    ).drop(columns="se")
    estimate, low, high = _htmt_limits(items, several, weights, rng, draws, level)
    pairs = pairs.assign(estimate=estimate, low=low, high=high, distinct=high < HTMT_LIMIT)
    pairs = labelled(
        pairs,
        one="Dimension",
        other="Other dimension",
        correlation=("Correlation of the factors", "number:2"),
        estimate=("HTMT", "number:2"),
    )
    table = labelled(
        pd.DataFrame(rows),
        dimension="Dimension",
        items="Items",
        cr=("Composite reliability", "number:2"),
        ave=("AVE", "number:2"),
        closest="Closest dimension",
        shared=("Variance shared with it", "number:2"),
    )
    return Validity(table, pairs, model)


def validity_of(
    answers: Answers, *, rng: np.random.Generator, draws: int = 200, level: float = 0.95
) -> Validity | None:
    """Judge the dimensions of a survey's experience; None where there is nothing to judge by.

    That is: fewer than two dimensions of two items, too few complete answers, an item without
    spread, or a model that does not settle.
    """
    several = {name: members for name, members in answers.dimensions.items() if len(members) > 1}
    if len(several) < 2:
        return None
    found = attempt(
        validity,
        answers.perception,
        several,
        weights=answers.weights,
        rng=rng,
        draws=draws,
        level=level,
    )
    return None if found is None else replace(found, labels=answers.labels)


def htmt(correlation: Array, blocks: Sequence[Sequence[int]]) -> Array:
    """Heterotrait-monotrait ratio of each pair of blocks of a correlation matrix.

    The mean correlation between the items of two dimensions, over the geometric mean of the mean
    correlations within them.
    """
    within = []
    for block in blocks:
        part = correlation[np.ix_(block, block)]
        within.append((part.sum() - len(block)) / (len(block) * (len(block) - 1)))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.array(
            [
                correlation[np.ix_(blocks[a], blocks[b])].mean() / np.sqrt(within[a] * within[b])
                for a, b in combinations(range(len(blocks)), 2)
            ]
        )


def _htmt_limits(
    items: pd.DataFrame,
    factors: Mapping[str, Sequence[str]],
    weights: ArrayLike | None,
    rng: np.random.Generator,
    draws: int,
    level: float,
) -> tuple[Array, Array, Array]:
    names = [item for members in factors.values() for item in members]
    given = items[names].to_numpy(dtype=float)
    kept = ~np.isnan(given).any(axis=1)
    values: Array = given[kept]
    own = unequal_weights(weights, len(given))
    base = np.ones(len(values)) if own is None else own[kept]
    ends = np.cumsum([0, *(len(members) for members in factors.values())])
    blocks = [list(range(a, b)) for a, b in pairwise(ends)]
    values = values - values.mean(axis=0)

    def of(weights: Array) -> Array:
        share: Array = weights / weights.sum()
        mean = share @ values
        covariance = (values * share[:, None]).T @ values - np.outer(mean, mean)
        sd = np.sqrt(np.diag(covariance))
        with np.errstate(invalid="ignore", divide="ignore"):
            return htmt(covariance / np.outer(sd, sd), blocks)

    drawn = np.array([of(w * base) for w in bootstrap_weights(len(values), draws, rng=rng)])
    drawn = drawn.reshape(draws, -1)
    if not drawn.size:  # a single dimension has no pairs
        return of(base), drawn[0], drawn[0]
    return of(base), *percentile_limits(drawn, level, respondents(base))


def _composite(model: FactorModel, at: Index, level: float) -> Estimate:
    """Composite reliability of some items' standardised loadings, by the delta method."""
    own = model.loadings["estimate"].to_numpy()[at]
    total, rest = own.sum() ** 2, (1 - own**2).sum()
    slope = (2 * own.sum() * rest + 2 * total * own) / (total + rest) ** 2
    return _delta(total / (total + rest), slope, model, at, level)


def _extracted(model: FactorModel, at: Index, level: float) -> Estimate:
    own = model.loadings["estimate"].to_numpy()[at]
    return _delta(float((own**2).mean()), 2 * own / own.size, model, at, level)


def _delta(value: float, slope: Array, model: FactorModel, at: Index, level: float) -> Estimate:
    variance = float(slope @ model.covariance[np.ix_(at, at)] @ slope)
    se = float(np.sqrt(max(variance, 0.0)))
    half = float(ndtri(0.5 + level / 2)) * se
    return Estimate(float(value), float(value) - half, float(value) + half, model.n, level)
