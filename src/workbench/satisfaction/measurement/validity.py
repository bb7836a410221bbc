"""Is each dimension one of its own: a factor model, variance extracted, and HTMT."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from workbench.arrays import Array
from workbench.languages import Language
from workbench.results import (
    Estimate,
    Finding,
    Picture,
    Result,
    attempt,
    labelled,
    named_estimates,
)
from workbench.satisfaction.measurement.factor import (
    FactorModel,
    average_extracted,
    composite_reliability,
    confirm,
)
from workbench.satisfaction.moments import percentile_limits, respondents
from workbench.satisfaction.questionnaire.answers import Answers
from workbench.stats import bootstrap_weights, unequal_weights

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
        cr = composite_reliability(model, at, level)
        ave = average_extracted(model, at, level)
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
