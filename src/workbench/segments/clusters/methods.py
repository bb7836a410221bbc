"""How groups are looked for: behaviour made comparable, then k-means or a Gaussian mixture."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from workbench.arrays import Array, Index
from workbench.errors import DataError, rows_of

Method = Literal["kmeans", "mixture"]

#: Customers from whom k-means takes its first centres, and a mixture its parameters.
PART = 20_000
#: Added to the variances of a mixture, in units of the features' own. Behaviour comes in lumps
#: (all who bought once), and a component without width would have an endless likelihood.
FLOOR = 1e-2


@dataclass(frozen=True)
class Features:
    """Standardised features.

    Attributes
    ----------
    matrix : ndarray, shape (n, features)
        Mean zero, standard deviation one.
    names : list of str
    logged : list of str
        Those whose logarithm (1 + value) was taken first.
    """

    matrix: Array
    names: list[str]
    logged: list[str]


def prepare(features: pd.DataFrame, log: Sequence[str] | bool = True) -> Features:
    """Check, transform and standardise numeric columns.

    Parameters
    ----------
    features : DataFrame
        One row a customer.
    log : bool or list of str
        Columns to take the logarithm of (1 + value); True takes those without negative values
        whose distribution leans to the right (skewness above 1).

    Raises
    ------
    DataError
        No rows or columns; text, missing or infinite values (naming the rows); a constant column;
        a name in `log` that is no column; the logarithm of a negative value.
    """
    if features.empty:
        raise DataError("there is no customer", remedy="check the filter and the dates of the log")
    strange = [] if isinstance(log, bool) else [c for c in log if c not in features]
    if strange:
        raise DataError(
            f"there is no column {', '.join(strange)}",
            where="log",
            remedy=f"choose among {', '.join(map(str, features.columns))}",
        )
    columns, logged = [], []
    for name in features.columns:
        values = _numbers(features[name], str(name))
        wanted = name in log if not isinstance(log, bool) else log and _leans(values)
        if wanted:
            if (values < 0).any():
                raise DataError(f"{name} is negative", remedy="take it out of `log`")
            values = np.log1p(values)
            logged.append(str(name))
        spread = values.std()
        if spread == 0:
            raise DataError(f"{name} is the same for all", remedy="leave this column out")
        columns.append((values - values.mean()) / spread)
    return Features(np.column_stack(columns), [str(c) for c in features.columns], logged)


def varying(features: pd.DataFrame) -> pd.DataFrame:
    """Keep the columns in which customers differ: where all bought once, orders say nothing."""
    low, high = features.min(), features.max()
    return features.loc[:, (low != high).to_numpy()]


def _numbers(column: pd.Series, name: str) -> Array:
    if not pd.api.types.is_numeric_dtype(column):
        raise DataError(
            f"{name} holds {column.iloc[0]!r}, which is no number",
            remedy="cluster numbers only; give categories to `latent_classes`",
        )
    values = column.to_numpy(dtype=float, na_value=np.nan)
    bad = ~np.isfinite(values)
    if bad.any():
        raise DataError(
            f"{name} is missing or infinite",
            where=rows_of(column.index[bad]),
            remedy="fill these or leave the customers out",
        )
    return values


def _leans(values: Array) -> bool:
    if (values < 0).any() or values.std() == 0:
        return False
    z = (values - values.mean()) / values.std()
    return bool(np.mean(z**3) > 1)


@dataclass(frozen=True)
class FittedGroups:
    """A fitted partition.

    Attributes
    ----------
    centres : ndarray, shape (k, features)
    within : float
        Squared distances to the centres, summed (k-means), over the customers of the fit.
    bic, icl : float
        Of a mixture, on the customers it was fitted to; smaller is better. ICL also counts
        against it how unsure the membership is. NaN for k-means.
    converged : bool
    """

    centres: Array
    within: float
    bic: float
    icl: float
    converged: bool
    _model: object = None

    def predict(self, X: Array) -> Index:
        """Say to which group each row belongs."""
        if self._model is not None:
            return np.asarray(self._model.predict(X), dtype=np.intp)  # type: ignore[attr-defined]
        # |x|^2 is the same for every centre
        squared = (self.centres**2).sum(axis=1) - 2 * X @ self.centres.T
        return np.asarray(np.argmin(squared, axis=1), dtype=np.intp)


def fit_groups(
    X: Array, k: int, rng: np.random.Generator, *, method: Method = "kmeans", starts: int = 4
) -> FittedGroups:
    """Fit k groups.

    Parameters
    ----------
    X : ndarray, shape (n, features)
    k : int
        One or more.
    rng : numpy.random.Generator
    method : {"kmeans", "mixture"}
    starts : int
        First guesses; the best result is kept.

    References
    ----------
    Lloyd (1982), IEEE Trans. Information Theory 28(2); McLachlan, Peel (2000), Finite Mixture
    Models; Biernacki, Celeux, Govaert (2000), IEEE Trans. PAMI 22(7), 719-725 (ICL).
    """
    return _kmeans(X, k, rng, starts) if method == "kmeans" else _mixture(X, k, rng, starts)


def _kmeans(X: Array, k: int, rng: np.random.Generator, starts: int) -> FittedGroups:
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    seed = int(rng.integers(2**31))
    if k == 1:
        centre = X.mean(axis=0, keepdims=True)
        return FittedGroups(centre, float(np.square(X - centre).sum()), np.nan, np.nan, True)
    with warnings.catch_warnings():
        # fewer distinct customers than groups: the empty groups show in the silhouette
        warnings.simplefilter("ignore", ConvergenceWarning)
        if len(X) <= PART:
            fit = KMeans(k, n_init=starts, random_state=seed).fit(X)
        else:
            # centres found on a part are within a hair of the final ones and save most of the time
            part = X[rng.choice(len(X), size=PART, replace=False)]
            first = KMeans(k, n_init=starts, random_state=seed).fit(part).cluster_centers_
            fit = KMeans(k, init=first, n_init=1, max_iter=50).fit(X)
    return FittedGroups(
        np.asarray(fit.cluster_centers_, dtype=float),
        float(fit.inertia_),
        np.nan,
        np.nan,
        fit.n_iter_ < fit.max_iter,
    )


def _mixture(X: Array, k: int, rng: np.random.Generator, starts: int) -> FittedGroups:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    part = X if len(X) <= PART else X[rng.choice(len(X), size=PART, replace=False)]
    model = GaussianMixture(
        k, n_init=starts if k > 1 else 1, reg_covar=FLOOR, tol=1e-4, max_iter=500,
        random_state=int(rng.integers(2**31)),
    )  # fmt: skip
    with warnings.catch_warnings():
        # said by `converged`
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(part)
    sure = model.predict_proba(part)
    # twice the entropy, as BIC is twice the log-likelihood
    doubt = -2 * float(np.sum(sure * np.log(np.clip(sure, 1e-300, None))))
    bic = float(model.bic(part))
    return FittedGroups(
        np.asarray(model.means_, dtype=float),
        np.nan, bic, bic + doubt, bool(model.converged_), model,
    )  # fmt: skip
