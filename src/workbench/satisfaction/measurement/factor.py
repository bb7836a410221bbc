"""Confirmatory factor analysis by maximum likelihood: whether items measure what they should."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import chdtrc, ndtri
from scipy.stats import ncx2

from workbench.arrays import Array, Index
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Result, labelled
from workbench.satisfaction.measurement.factor_fit import (
    Shape,
    baseline_scaling,
    fit,
    fourth_moments,
    information,
)
from workbench.stats import unequal_weights


@dataclass(frozen=True)
class FactorModel(Result):
    """A fitted model in which each item belongs to one factor and the factors go together freely.

    Attributes
    ----------
    loadings : DataFrame
        One row an item: `factor`, `item`, `raw` (factor variance 1), `estimate` (standardised),
        `se`, `low`, `high`, `r2`, `residual` (variance; negative is a Heywood case).
    correlations : DataFrame
        One row a pair of factors: `one`, `other`, `estimate`, `se`, `low`, `high`.
    chi2, p : float
    df, n, excluded : int
        Degrees of freedom, complete answers used, and answers left out.
    cfi, tli, rmsea, rmsea_low, rmsea_high, srmr : float
        The interval of RMSEA is at 90 %, as is usual.
    scaling : float
        How far the statistic runs ahead of chi-square for answers that are not normal
        (Satorra and Bentler); `scaled` is the statistic divided by it, `p_scaled` its p-value.
    covariance : ndarray, shape (items, items)
        Of the standardised loadings.
    level : float
    weighted : bool
        Whether answers had different weights. Then CFI, TLI and RMSEA are the robust ones, which go
        with the scaled statistic (Brosseau-Liard and Savalei 2014).
    """

    loadings: pd.DataFrame
    correlations: pd.DataFrame
    chi2: float
    df: int
    p: float
    n: int
    excluded: int
    cfi: float
    tli: float
    rmsea: float
    rmsea_low: float
    rmsea_high: float
    srmr: float
    scaling: float
    covariance: Array
    level: float = 0.95
    weighted: bool = False

    @property
    def table(self) -> pd.DataFrame:
        """The loadings."""
        return labelled(
            self.loadings,
            factor="Dimension",
            item="No.",
            estimate=("Loading", "number:2"),
            r2=("Share explained", "percent"),
        )

    @property
    def scaled(self) -> float:
        """The test statistic, scaled for answers that are not normal."""
        return self.chi2 / self.scaling

    @property
    def p_scaled(self) -> float:
        """p-value of the scaled statistic."""
        return float(chdtrc(self.df, self.scaled)) if self.df else float("nan")

    @property
    def fit(self) -> pd.DataFrame:
        """The fit indices: `index`, `value`, `low_90`, `high_90`, `usual` (usually asked)."""
        none = float("nan")
        chi2 = self.scaled if self.weighted else self.chi2
        rows = [
            ("chi2 / df", chi2 / self.df if self.df else none, none, none, "below 3"),
            ("CFI", self.cfi, none, none, "at least 0.95"),
            ("TLI", self.tli, none, none, "at least 0.95"),
            ("RMSEA", self.rmsea, self.rmsea_low, self.rmsea_high, "at most 0.06"),
            ("SRMR", self.srmr, none, none, "at most 0.08"),
        ]
        return labelled(
            pd.DataFrame(rows, columns=["index", "value", "low_90", "high_90", "usual"]),
            index="Index",
            value=("Value", "number:3"),
            low_90=("From (90%)", "number:3"),
            high_90=("To (90%)", "number:3"),
            usual="Usually asked",
        )

    @property
    def fits(self) -> bool:
        """Whether CFI and SRMR, or RMSEA and SRMR, pass (Hu and Bentler's two-index rules)."""
        return self.srmr <= 0.08 and (self.cfi >= 0.95 or self.rmsea <= 0.06)

    @property
    def improper(self) -> list[str]:
        """Items with a negative residual variance, and pairs of factors that correlate beyond 1."""
        items = self.loadings.loc[self.loadings["residual"] < 0, "item"]
        pairs = self.correlations[self.correlations["estimate"].abs() > 1]
        return [
            *map(str, items),
            *(f"{a} / {b}" for a, b in zip(pairs.one, pairs.other, strict=True)),
        ]

    def estimates(self) -> dict[str, Estimate]:
        """Return the fit indices; the interval of RMSEA is at 90 %."""
        known = {
            "chi2": Estimate(self.chi2, label="Chi-square"),
            "cfi": Estimate(self.cfi, label="CFI"),
            "tli": Estimate(self.tli, label="TLI"),
            "srmr": Estimate(self.srmr, label="SRMR"),
            "rmsea": Estimate(
                self.rmsea, self.rmsea_low, self.rmsea_high, level=0.9, label="RMSEA"
            ),
        }
        return {f"cfa.{name}": replace(each, n=self.n, digits=3) for name, each in known.items()}

    def findings(self) -> list[Finding]:
        """Whether the answers follow the factors; a warning where the solution is improper."""
        message = "The answers do not quite follow the dimensions of the questionnaire"
        if self.fits:
            message = "The answers follow the dimensions of the questionnaire"
        found = [
            Finding(
                "factors",
                message,
                verdict="fits" if self.fits else "does not fit",
                estimates=self.estimates(),
            )
        ]
        if self.improper:
            found.append(
                Finding(
                    "factors.improper",
                    "The factor model has an impossible solution (a negative variance, or a"
                    " correlation beyond 1) at {where}: draw no conclusion from it there.",
                    {"where": self.improper},
                    severity="warning",
                )
            )
        return found

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw the standardised loadings with their intervals, factor by factor."""
        say = speak(language)
        ax = ax or plt.gca()
        rows = self.loadings.iloc[::-1].reset_index(drop=True)
        for name in dict.fromkeys(self.loadings["factor"]):
            part = rows[rows["factor"] == name]
            error = [part["estimate"] - part["low"], part["high"] - part["estimate"]]
            ax.errorbar(
                part["estimate"], part.index, xerr=error, fmt="o", capsize=2, label=say.name(name)
            )
        ax.axvline(0.7, color=plt.rcParams["axes.edgecolor"], linewidth=0.8, linestyle="--")
        ax.set_yticks(rows.index, [say.name(i) for i in rows["item"]])
        ax.set_xlabel(say("Standardised loading (bar: 95% interval)"))
        ax.grid(visible=False, axis="y")
        ax.legend(frameon=False, fontsize="small")
        return ax


def confirm(
    items: pd.DataFrame,
    factors: Mapping[str, Sequence[str]],
    *,
    errors: Literal["robust", "expected"] = "robust",
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> FactorModel:
    """Fit a confirmatory factor model by maximum likelihood on the complete answers.

    Parameters
    ----------
    items : DataFrame, shape (respondents, items)
    factors : mapping of str to sequence of str
        Items of each factor: two or more each (three or more where there is one factor only).
    errors : {"robust", "expected"}
        Standard errors that hold for answers of any distribution (sandwich), or those of normal
        answers.
    weights : array_like, shape (respondents,), optional
        Survey weights: pseudo-maximum likelihood. The weighted covariances are fitted; sandwich
        errors and the scaled statistic carry the design.
    level : float
        Confidence of the intervals, by the delta method.

    Returns
    -------
    FactorModel
        The test statistic is n times the discrepancy.

    Raises
    ------
    DataError
        A factor with too few items, an item without spread or doubling another, fewer answers
        than items, no convergence, or weights together with the errors of normal answers.

    References
    ----------
    Joereskog (1969), Psychometrika 34, 183-202. Fit: Hu, Bentler (1999), Structural Equation
    Modeling 6(1), 1-55; interval of RMSEA: Browne, Cudeck (1992), Sociological Methods and
    Research 21(2), 230-258. Scaling and sandwich: Satorra, Bentler (1994), in von Eye and Clogg
    (eds.), Latent Variables Analysis, 399-419, equations 16.4 and 16.10. Weights: Asparouhov
    (2005), Structural Equation Modeling 12(3), 411-434, sections 2 and 3 (with one stratum and no
    clusters its test is Satorra and Bentler's, with the design's Gamma); robust indices:
    Brosseau-Liard, Savalei (2014), Multivariate Behavioral Research 49(5), 460-470; Brosseau-Liard,
    Savalei, Li (2012), same journal 47(6), 904-930.
    """
    names = [str(item) for members in factors.values() for item in members]
    shape = _checked(items, factors, names)
    values = items[names].to_numpy(dtype=float)
    w = unequal_weights(weights, len(values))
    if w is not None and errors == "expected":
        raise DataError(
            "the errors of normal answers know no weights",
            where="factor analysis",
            remedy="take errors='robust'",
        )
    kept = ~np.isnan(values).any(axis=1) & (True if w is None else w > 0)
    complete = values if kept.all() else np.asfortranarray(values[kept])
    w = None if w is None else w[kept] / w[kept].mean()
    n = len(complete)
    if n <= len(names):
        raise DataError(
            f"{n} respondents answered all of the {len(names)} items",
            where="factor analysis",
            remedy="it needs more answers than items, and a useful one some two hundred",
        )
    away = complete - np.average(complete, axis=0, weights=w)
    covariance = (away if w is None else away * w[:, None]).T @ away / n
    sd = np.sqrt(np.diag(covariance))
    flat = [name for name, s in zip(names, sd, strict=True) if s < 1e-12]
    if flat:
        raise DataError(
            f"every respondent gave the same answer to {', '.join(flat)}",
            where="factor analysis",
            remedy="an item without spread cannot be judged; leave it out",
        )
    sample = covariance / np.outer(sd, sd)
    if np.linalg.eigvalsh(sample)[0] < 1e-10:
        raise DataError(
            "an item says exactly what others together say",
            where="factor analysis",
            remedy="leave the doubled item out",
        )
    theta, value = fit(sample, shape)
    theta = _facing_up(theta, shape)
    implied, slopes = shape.implied(theta), shape.slopes(theta)
    df = len(names) * (len(names) + 1) // 2 - shape.size
    away /= sd
    meat, total = fourth_moments(away, sample, theta, shape, w)
    bread = np.linalg.inv(information(implied, slopes))
    scaling = float((total - np.trace(bread @ meat)) / df) if df else 1.0
    variance = (bread @ meat @ bread if errors == "robust" else bread) / n
    loadings, correlations, own = _estimates(
        theta, variance, shape, list(factors), names, sd, level
    )
    scales = (1.0, 1.0) if w is None else (scaling, baseline_scaling(away, sample, w))
    return FactorModel(
        loadings,
        correlations,
        **_indices(n * value, df, sample, implied, n, *scales),
        n=n,
        excluded=len(values) - n,
        scaling=scaling,
        covariance=own,
        level=level,
        weighted=w is not None,
    )


def _checked(items: pd.DataFrame, factors: Mapping[str, Sequence[str]], names: list[str]) -> Shape:
    absent = [name for name in names if name not in items]
    if absent:
        raise DataError(f"items {', '.join(absent)} have no columns", where="factor analysis")
    if len(set(names)) < len(names):
        raise DataError("an item belongs to two factors", where="factor analysis")
    least = 3 if len(factors) == 1 else 2
    few = [str(name) for name, members in factors.items() if len(members) < least]
    if few or not factors:
        raise DataError(
            f"the factors {', '.join(few)} have fewer than {least} items",
            where="factor analysis",
            remedy="pool them with another dimension or leave them out",
        )
    of = np.repeat(np.arange(len(factors)), [len(members) for members in factors.values()])
    return Shape(of.astype(np.intp), len(factors))


def _facing_up(theta: Array, shape: Shape) -> Array:
    """Turn factors whose loadings are mostly negative."""
    out = theta.copy()
    sums = np.bincount(shape.of, weights=theta[: shape.p], minlength=shape.k)
    sign = np.where(sums < 0, -1.0, 1.0)
    out[: shape.p] *= sign[shape.of]
    for j, (a, b) in enumerate(shape.pairs):
        out[2 * shape.p + j] *= sign[a] * sign[b]
    return out


def _estimates(
    theta: Array,
    variance: Array,
    shape: Shape,
    factors: list[str],
    names: list[str],
    sd: Array,
    level: float,
) -> tuple[pd.DataFrame, pd.DataFrame, Array]:
    """Give loadings, correlations of factors, and the covariance of standardised loadings."""
    p, z = shape.p, float(ndtri(0.5 + level / 2))
    raw, residual = theta[:p], theta[p : 2 * p]
    size = raw**2 + residual
    standard = raw / np.sqrt(size)
    # delta method: the standardised loading by the raw one and by the residual variance
    by = np.zeros((p, shape.size))
    i = np.arange(p)
    by[i, i], by[i, p + i] = residual / size**1.5, -raw / (2 * size**1.5)
    own = by @ variance @ by.T
    se = np.sqrt(np.maximum(np.diag(own), 0.0))
    loadings = pd.DataFrame(
        {
            "factor": [factors[k] for k in shape.of],
            "item": names,
            "raw": raw * sd,
            "estimate": standard,
            "se": se,
            "low": standard - z * se,
            "high": standard + z * se,
            "r2": 1 - residual / size,
            "residual": residual * sd**2,
        }
    )
    together = theta[2 * p :]
    apart = np.sqrt(np.maximum(np.diag(variance)[2 * p :], 0.0))
    correlations = pd.DataFrame(
        {
            "one": [factors[a] for a, _ in shape.pairs],
            "other": [factors[b] for _, b in shape.pairs],
            "estimate": together,
            "se": apart,
            "low": together - z * apart,
            "high": together + z * apart,
        }
    )
    return loadings, correlations, own


def _indices(
    chi2: float, df: int, sample: Array, implied: Array, n: int, scale: float, base_scale: float
) -> dict[str, Any]:
    """Give the fit indices; with scalings other than one the robust ones."""
    p = len(sample)
    base, base_df = -n * float(np.linalg.slogdet(sample)[1]), p * (p - 1) // 2
    over = max(chi2 - scale * df, 0.0)
    base_over = max(base - base_scale * base_df, chi2 - scale * df, 1e-300)
    tli = float("nan")
    if df > 0:
        tli = 1 - (chi2 / df - scale) / (base / base_df - base_scale)
    low, high = (scale * _noncentral(chi2 / scale, df, tail) for tail in (0.95, 0.05))
    size = n * max(df, 1)
    below = np.tril_indices(p)
    return {
        "chi2": chi2,
        "df": df,
        "p": float(chdtrc(df, chi2)) if df else float("nan"),
        "cfi": 1 - over / base_over,
        "tli": tli,
        "rmsea": float(np.sqrt(over / size)),
        "rmsea_low": float(np.sqrt(low / size)),
        "rmsea_high": float(np.sqrt(high / size)),
        "srmr": float(np.sqrt(np.square((sample - implied)[below]).mean())),
    }


def _noncentral(chi2: float, df: int, tail: float) -> float:
    """Noncentrality at which a statistic as small as this has the given probability."""
    if df == 0 or ncx2.cdf(chi2, df, 1e-9) < tail:
        return 0.0
    top = max(10.0, 4 * chi2)
    return float(brentq(lambda nc: ncx2.cdf(chi2, df, nc) - tail, 1e-9, top))


def composite_reliability(model: FactorModel, at: Index, level: float) -> Estimate:
    """Composite reliability of some items' standardised loadings, by the delta method."""
    own = model.loadings["estimate"].to_numpy()[at]
    total, rest = own.sum() ** 2, (1 - own**2).sum()
    slope = (2 * own.sum() * rest + 2 * total * own) / (total + rest) ** 2
    return _delta(total / (total + rest), slope, model, at, level)


def average_extracted(model: FactorModel, at: Index, level: float) -> Estimate:
    """Average variance that a factor extracts from some of its items, by the delta method."""
    own = model.loadings["estimate"].to_numpy()[at]
    return _delta(float((own**2).mean()), 2 * own / own.size, model, at, level)


def _delta(value: float, slope: Array, model: FactorModel, at: Index, level: float) -> Estimate:
    variance = float(slope @ model.covariance[np.ix_(at, at)] @ slope)
    se = float(np.sqrt(max(variance, 0.0)))
    half = float(ndtri(0.5 + level / 2)) * se
    return Estimate(float(value), float(value) - half, float(value) + half, model.n, level)
