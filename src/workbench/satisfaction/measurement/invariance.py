"""Whether a questionnaire measures alike in every group, before their means are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from workbench.arrays import Array, Index
from workbench.errors import DataError
from workbench.results import Estimate, Finding, Result, attempt, labelled
from workbench.satisfaction.measurement.factor_fit import Shape, fit
from workbench.satisfaction.questionnaire.answers import Answers, require_questions
from workbench.satisfaction.questionnaire.survey import SurveyData
from workbench.stats import unequal_weights

#: Complete answers of a group below which its factor model says little.
LEAST: Final = 100
#: How far CFI may fall from one step to the next (Cheung and Rensvold 2002).
_DROP: Final = 0.01
_LEVELS: Final = {
    "configural": "The same items for each dimension",
    "metric": "The same loadings",
    "scalar": "The same loadings and levels of items",
}
_SHOWN: Final[Mapping[str, str | tuple[str, str]]] = {
    "what": "What is held equal",
    "chi2": ("Chi-square", "number:1"),
    "df": "df",
    "cfi": ("CFI", "number:3"),
    "rmsea": ("RMSEA", "number:3"),
    "change": ("Change of CFI", "number:3"),
    "p": ("p-value of the change", "p"),
}


@dataclass(frozen=True)
class Invariance(Result):
    """How alike a questionnaire measures in the groups of one column.

    Attributes
    ----------
    table : DataFrame
        One row a model, each stricter than the one before: `level` ("configural", "metric",
        "scalar"), `what`, `chi2`, `df`, `cfi`, `rmsea`, `change` (of CFI), `difference` (of chi2),
        `p` (of the difference, for equal weights), `holds`.
    by : str
    groups : tuple of str
        Groups compared; others have too few complete answers.
    items : tuple of str
        Wording of the items whose level differs most where loadings hold and levels do not.
    n : int
        Complete answers of these groups.
    """

    table: pd.DataFrame
    by: str
    groups: tuple[str, ...]
    items: tuple[str, ...] = ()
    n: int = 0

    @property
    def reached(self) -> str:
        """The strictest level that holds; "none" where not even the first does."""
        held = "none"
        for level, holds in zip(self.table["level"], self.table["holds"], strict=True):
            if not holds:
                break
            held = str(level)
        return held

    def estimates(self) -> dict[str, Estimate]:
        """Give CFI of each model: `cfi.metric`."""
        return {
            f"cfi.{level}": Estimate(float(cfi), n=self.n, digits=3, label=_LEVELS[level])
            for level, cfi in self.table[["level", "cfi"]].to_numpy()
        }

    def findings(self) -> list[Finding]:
        """Whether means of the groups may be compared."""
        values = {"by": self.by, "items": list(self.items), "n": len(self.groups)}
        change = self.table.set_index("level")["change"]
        about = {
            "scalar": "The questionnaire measures alike by {by}: means of the groups can be"
            " compared",
            "metric": "By {by}, some items are answered higher or lower for the same experience:"
            " {items}",
            "configural": "By {by}, items do not mean the same: their links to the dimensions"
            " differ",
            "none": "By {by}, the dimensions do not describe the answers of every group",
        }
        means = {
            "scalar": "Loadings and levels of items are the same in {n} groups as far as these"
            " answers can tell (CFI changes by {loadings} and {levels}).",
            "metric": "A gap between these groups may lie in the wording or the habit of"
            " answering, not in the service (CFI falls by {levels}). Compare links with"
            " satisfaction, not means, or leave these items out.",
            "configural": "CFI falls by {loadings} once loadings are held equal. A gap between"
            " these groups is not to be read as one of service.",
            "none": "Already the model with loadings of their own fits badly (CFI {cfi}): whether"
            " means can be compared is not known.",
        }
        values |= {
            "loadings": Estimate(abs(float(change["metric"])), digits=3),
            "levels": Estimate(abs(float(change["scalar"])), digits=3),
            "cfi": self.estimates()["cfi.configural"],
        }
        return [
            Finding(
                "invariance",
                about[self.reached],
                values,
                verdict=self.reached,
                severity="ok" if self.reached == "scalar" else "warning",
            ),
            Finding("invariance.means", means[self.reached], values),
        ]


def invariance(answers: Answers, by: str, *, least: int = LEAST) -> Invariance:
    """Compare factor models of experience by group: free, of equal loadings, of equal levels too.

    A step holds where CFI falls by no more than .01, or where the chi-square of the difference is
    not beyond chance (1 %) in unweighted answers. The first model must reach a CFI of .90.

    Parameters
    ----------
    answers : Answers
    by : str
        A column of the background: region, language, wave.
    least : int
        Groups with fewer complete answers are left out.

    Raises
    ------
    DataError
        The column does not exist, fewer than two groups are large enough, no dimension has two
        items, or a model does not settle.

    References
    ----------
    Meredith (1993), Psychometrika 58, 525-543; Cheung, Rensvold (2002), Structural Equation
    Modeling 9(2), 233-255 (change of CFI); Joereskog (1971), Psychometrika 36, 409-426.
    """
    require_questions(answers.background, by)
    several = {name: list(members) for name, members in answers.dimensions.items()}
    several = {name: members for name, members in several.items() if len(members) > 1}
    names = [item for members in several.values() for item in members]
    if not names or (len(several) == 1 and len(names) < 3):
        raise DataError(
            "no dimension has enough items for a factor model",
            where="survey",
            remedy="two items a dimension, three where there is one only",
        )
    values = answers.perception[names].to_numpy(dtype=float)
    whole = ~np.isnan(values).any(axis=1)
    of = answers.background[by].astype("string")
    counts = of[whole].value_counts()
    kept = sorted(str(g) for g in counts.index[counts >= max(least, 2 * len(names))])
    if len(kept) < 2:
        raise DataError(
            f"fewer than two groups of {by!r} have {max(least, 2 * len(names))} complete answers",
            where="survey",
            remedy="pool groups or waves",
        )
    w = unequal_weights(answers.weights, len(answers))
    rows = [whole & (of == g).to_numpy(dtype=bool, na_value=False) for g in kept]
    samples = [values[r] for r in rows]
    weights = [None if w is None else w[r] for r in rows]
    table, worst = compare_models(samples, several, weights)
    items = tuple(answers.labels.get(names[i], names[i]) for i in worst)
    n = sum(map(len, samples))
    found = Invariance(labelled(table, **_SHOWN), by, tuple(kept), items, n)
    return found if found.reached == "metric" else replace(found, items=())


def invariances(survey: SurveyData) -> list[Invariance]:
    """Judge a survey by the group it is compared by, by language and by wave, where there are any.

    Columns of which fewer than two groups are large enough are left out.
    """
    background = survey.answers.background
    columns = dict.fromkeys([survey.group, "language", "wave"])
    tried = [attempt(invariance, survey.answers, c) for c in columns if c and c in background]
    return [found for found in tried if found is not None]


def invariance_table(found: Sequence[Invariance]) -> pd.DataFrame | None:
    """Set the models of several columns in one table; None where there are none."""
    if not found:
        return None
    columns = ["what", "chi2", "df", "cfi", "rmsea", "change", "p"]
    table = pd.concat([f.table.assign(by=f.by) for f in found], ignore_index=True)
    return labelled(table[["by", *columns]], by="Groups by", **_SHOWN)


def compare_models(
    samples: Sequence[Array],
    factors: Mapping[str, Sequence[str]],
    weights: Sequence[Array | None] | None = None,
) -> tuple[pd.DataFrame, list[int]]:
    """Fit the three models to complete answers of each group.

    Returns
    -------
    DataFrame
        See `Invariance.table`.
    list of int
        The items whose means depart most from what equal levels allow, the furthest first.
    """
    sizes = [len(members) for members in factors.values()]
    shape = Shape(np.repeat(np.arange(len(sizes)), sizes).astype(np.intp), len(sizes))
    weights = [None] * len(samples) if weights is None else weights
    n = np.array([len(x) for x in samples], dtype=float)
    means = [np.average(x, axis=0, weights=w) for x, w in zip(samples, weights, strict=True)]
    covariances = [
        np.atleast_2d(np.cov(x, rowvar=False, aweights=w, ddof=0))
        for x, w in zip(samples, weights, strict=True)
    ]
    pooled = np.sqrt(np.average([np.diag(s) for s in covariances], axis=0, weights=n))
    if (pooled < 1e-9).any() or any((np.diag(s) < 1e-12).any() for s in covariances):
        raise DataError(
            "an item has the same answer throughout a group",
            where="factor analysis",
            remedy="leave the item out, or pool groups",
        )
    centre = np.average(means, axis=0, weights=n)
    means = [(m - centre) / pooled for m in means]
    covariances = [s / np.outer(pooled, pooled) for s in covariances]
    p, groups = shape.p, len(samples)
    free = 0.0
    for size, s in zip(n, covariances, strict=True):
        sd = np.sqrt(np.diag(s))
        free += size * fit(s / np.outer(sd, sd), shape)[1]
    metric = _Together(shape, groups, levels=False)
    scalar = _Together(shape, groups, levels=True)
    metric_value, _ = metric.fit(covariances, means, n)
    scalar_value, theta = scalar.fit(covariances, means, n)
    chi2 = np.array([free, metric_value, scalar_value])
    moments = groups * p * (p + 1) // 2
    df = np.array([moments - groups * shape.size, moments - metric.size])
    df = np.append(df, moments + groups * p - scalar.size)
    base = -sum(
        size * (np.linalg.slogdet(s)[1] - np.log(np.diag(s)).sum())
        for size, s in zip(n, covariances, strict=True)
    )
    base_df = groups * p * (p - 1) // 2
    over = np.maximum(chi2 - df, 0.0)
    cfi = 1 - over / np.maximum(np.maximum(base - base_df, over), 1e-12)
    difference, more = np.diff(chi2, prepend=np.nan), np.diff(df, prepend=0)
    chance = np.array([np.nan, *(chdtrc(more[i], max(difference[i], 0)) for i in (1, 2))])
    equal = all(w is None for w in weights)
    change = np.diff(cfi, prepend=np.nan)
    alike = (change >= -_DROP) | (equal & (chance > 0.01))
    departure = np.zeros(p)
    for g in range(groups):
        implied = scalar.moments(theta, g)[1]
        assert implied is not None  # a model of levels implies means
        departure += n[g] * np.square(means[g] - implied)
    order = np.argsort(-departure)
    enough = np.cumsum(departure[order]) / max(departure.sum(), 1e-12)
    worst = [int(i) for i in order[: int(np.searchsorted(enough, 0.6)) + 1]][:3]
    table = pd.DataFrame(
        {
            "level": list(_LEVELS),
            "what": list(_LEVELS.values()),
            "chi2": chi2,
            "df": df,
            "cfi": cfi,
            "rmsea": np.sqrt(groups * over / (df * n.sum())),
            "change": change,
            "difference": difference,
            "p": chance if equal else np.nan,
            "holds": [bool(cfi[0] >= 0.9), bool(alike[1]), bool(alike[2])],
        }
    )
    return table, worst


class _Together:
    """One factor model of several groups: where its parameters stand, what they imply, its fit.

    Loadings are common, factors of the first group have variance one (and mean nought), all others
    are free; with `levels`, the intercepts of items are common as well.
    """

    def __init__(self, shape: Shape, groups: int, *, levels: bool) -> None:
        self.shape, self.groups, self.levels = shape, groups, levels
        p, k = shape.p, shape.k
        self.upper = [(a, b) for a in range(k) for b in range(a, k)]
        own = [p + len(shape.pairs), *[p + len(self.upper)] * (groups - 1)]
        self.starts = p + np.concatenate([[0], np.cumsum(own)])
        self.nu = int(self.starts[-1])
        self.size = self.nu + (p + k * (groups - 1) if levels else 0)

    def _places(self, g: int) -> tuple[Index, Index, list[tuple[int, int]]]:
        start = int(self.starts[g])
        pairs = self.shape.pairs if g == 0 else self.upper
        residual = np.arange(start, start + self.shape.p)
        phi = np.arange(start + self.shape.p, start + self.shape.p + len(pairs))
        return residual, phi, pairs

    def _unpack(self, theta: Array, g: int) -> tuple[Array, Array, Array]:
        loading = np.zeros((self.shape.p, self.shape.k))
        loading[np.arange(self.shape.p), self.shape.of] = theta[: self.shape.p]
        residual, at, pairs = self._places(g)
        phi = np.eye(self.shape.k)
        for value, (a, b) in zip(theta[at], pairs, strict=True):
            phi[a, b] = phi[b, a] = value
        return loading, phi, theta[residual]

    def _kappa(self, g: int) -> Index:
        start = self.nu + self.shape.p + (g - 1) * self.shape.k
        return np.arange(start, start + self.shape.k)

    def moments(self, theta: Array, g: int) -> tuple[Array, Array | None]:
        """Give the covariances and means that the parameters imply for a group."""
        loading, phi, residual = self._unpack(theta, g)
        covariance = loading @ phi @ loading.T + np.diag(residual)
        if not self.levels:
            return covariance, None
        mean = theta[self.nu : self.nu + self.shape.p]
        if g:
            mean = mean + loading @ theta[self._kappa(g)]
        return covariance, mean

    def _value(self, theta: Array, s: Sequence[Array], m: Sequence[Array], n: Array) -> float:
        total = 0.0
        for g in range(self.groups):
            covariance, mean = self.moments(theta, g)
            try:
                root = np.linalg.cholesky(covariance)
            except np.linalg.LinAlgError:
                return float("inf")
            away = s[g] if mean is None else s[g] + np.outer(m[g] - mean, m[g] - mean)
            size = 2 * np.log(np.diag(root)).sum()
            own = np.linalg.slogdet(s[g])[1]
            total += n[g] * (size + np.trace(np.linalg.solve(covariance, away)) - own - len(away))
        return float(total)

    def _step(
        self, theta: Array, s: Sequence[Array], m: Sequence[Array], n: Array
    ) -> tuple[Array, Array]:
        """Give the gradient of the fit and the expected information, halved."""
        p = self.shape.p
        gradient, bread = np.zeros(self.size), np.zeros((self.size, self.size))
        i = np.arange(p)
        for g in range(self.groups):
            loading, phi, _ = self._unpack(theta, g)
            covariance, mean = self.moments(theta, g)
            inverse = np.linalg.inv(covariance)
            residual, at, pairs = self._places(g)
            places = np.concatenate([i, residual, at])
            slopes = np.zeros((places.size, p, p))
            columns = (loading @ phi)[:, self.shape.of].T
            slopes[i, i, :] += columns
            slopes[i, :, i] += columns
            slopes[p + i, i, i] = 1.0
            for j, (a, b) in enumerate(pairs):
                half = np.outer(loading[:, a], loading[:, b])
                slopes[2 * p + j] = half if a == b else half + half.T
            away = s[g]
            if mean is not None:
                off = m[g] - mean
                away = away + np.outer(off, off)
            turned = np.einsum("ab,ibc->iac", inverse, slopes)
            left = inverse @ (away - covariance)
            gradient[places] += 0.5 * n[g] * np.einsum("iab,ba->i", turned, left)
            own = 0.5 * n[g] * np.einsum("iab,jba->ij", turned, turned)
            bread[np.ix_(places, places)] += own
            if mean is not None:
                nu = np.arange(self.nu, self.nu + p)
                by, slope = nu, np.eye(p)
                if g:
                    kappa = self._kappa(g)
                    by = np.concatenate([nu, kappa, i])
                    slope = np.column_stack(
                        [np.eye(p), loading, np.diag(theta[kappa][self.shape.of])]
                    )
                gradient[by] += n[g] * slope.T @ inverse @ off
                bread[np.ix_(by, by)] += n[g] * slope.T @ inverse @ slope
        return gradient, bread

    def fit(
        self, s: Sequence[Array], m: Sequence[Array], n: Array, *, most: int = 300
    ) -> tuple[float, Array]:
        """Fit by Fisher scoring with step halving; give the statistic and the parameters."""
        theta = np.zeros(self.size)
        theta[: self.shape.p] = 0.7
        for g in range(self.groups):
            residual, at, pairs = self._places(g)
            theta[residual] = 0.5 * np.diag(s[g])
            theta[at] = [1.0 if a == b else 0.3 for a, b in pairs]
        value = self._value(theta, s, m, n)
        for _ in range(most):
            gradient, bread = self._step(theta, s, m, n)
            step = np.linalg.lstsq(bread, gradient, rcond=None)[0]
            scale, tried = 1.0, self._value(theta + step, s, m, n)
            while tried > value + 1e-10 and scale > 1e-6:
                scale /= 2
                tried = self._value(theta + scale * step, s, m, n)
            if scale <= 1e-6:
                return value, theta
            done = value - tried < 1e-8 and np.abs(scale * step).max() < 1e-5
            theta, value = theta + scale * step, min(value, tried)
            if done:
                return value, theta
        raise DataError(
            f"the factor model of several groups did not settle in {most} steps",
            where="factor analysis",
            remedy="items of one factor may hardly go together; check reversed items",
        )
