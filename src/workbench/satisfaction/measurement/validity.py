"""Whether a dimension holds together and stands apart: omega, composite reliability, AVE, HTMT."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from workbench.arrays import Array
from workbench.errors import DataError
from workbench.results.estimate import Estimate
from workbench.satisfaction.measurement.factor import FactorModel, confirm
from workbench.satisfaction.moments import percentile_limits, respondents
from workbench.satisfaction.questionnaire.answers import Answers
from workbench.stats import bootstrap_weights, unequal_weights

#: Two dimensions stand apart when their HTMT surely lies below this (Henseler and others 2015).
HTMT_LIMIT = 0.9


@dataclass(frozen=True)
class Validity:
    """Convergent and discriminant validity of an instrument.

    Attributes
    ----------
    table : DataFrame
        One row a dimension: `dimension`, `items`, `cr` (composite reliability), `cr_low`,
        `cr_high`, `ave` (average variance extracted), `ave_low`, `ave_high`, `closest` (dimension
        with the highest correlation), `shared` (its square), `apart` (AVE exceeds it: Fornell and
        Larcker).
    pairs : DataFrame
        One row a pair: `one`, `other`, `correlation`, `correlation_low`, `correlation_high` (of the
        factors), `estimate` (HTMT), `low`, `high`, `apart` (HTMT surely below 0.9).
    model : FactorModel
    """

    table: pd.DataFrame
    pairs: pd.DataFrame
    model: FactorModel

    @property
    def blurred(self) -> pd.DataFrame:
        """Pairs of dimensions that are not shown to be two things, the closest first."""
        rows = self.pairs[~self.pairs["apart"]]
        return rows.sort_values("estimate", ascending=False, ignore_index=True)

    def metrics(self) -> pd.DataFrame:
        """Composite reliability and AVE of each dimension: name, value, low, high."""
        t = self.table
        parts = [
            pd.DataFrame(
                {
                    "name": f"{kind}." + t["dimension"],
                    "value": t[kind],
                    "low": t[f"{kind}_low"],
                    "high": t[f"{kind}_high"],
                }
            )
            for kind in ("cr", "ave")
        ]
        return pd.concat(parts, ignore_index=True)


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
                "apart": not shared >= ave.value,
            }
        )
    pairs = phi.rename(
        columns={"estimate": "correlation", "low": "correlation_low", "high": "correlation_high"}
    ).drop(columns="se")
    estimate, low, high = _htmt_limits(items, several, weights, rng, draws, level)
    pairs = pairs.assign(estimate=estimate, low=low, high=high, apart=high < HTMT_LIMIT)
    return Validity(pd.DataFrame(rows), pairs, model)


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
    try:
        return validity(
            answers.perception,
            several,
            weights=answers.weights,
            rng=rng,
            draws=draws,
            level=level,
        )
    except DataError:
        return None


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


def _composite(model: FactorModel, at: NDArray[np.intp], level: float) -> Estimate:
    """Composite reliability of some items' standardised loadings, by the delta method."""
    own = model.loadings["estimate"].to_numpy()[at]
    total, rest = own.sum() ** 2, (1 - own**2).sum()
    slope = (2 * own.sum() * rest + 2 * total * own) / (total + rest) ** 2
    return _delta(total / (total + rest), slope, model, at, level)


def _extracted(model: FactorModel, at: NDArray[np.intp], level: float) -> Estimate:
    own = model.loadings["estimate"].to_numpy()[at]
    return _delta(float((own**2).mean()), 2 * own / own.size, model, at, level)


def _delta(
    value: float, slope: Array, model: FactorModel, at: NDArray[np.intp], level: float
) -> Estimate:
    variance = float(slope @ model.covariance[np.ix_(at, at)] @ slope)
    se = float(np.sqrt(max(variance, 0.0)))
    half = float(ndtri(0.5 + level / 2)) * se
    return Estimate(float(value), float(value) - half, float(value) + half, model.n, level)
