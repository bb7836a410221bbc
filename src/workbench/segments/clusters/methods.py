"""Two ways to part customers, k-means and a Gaussian mixture, behind one face."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workbench.arrays import Array

Codes = NDArray[np.intp]
Method = Literal["kmeans", "mixture"]

#: Customers from whom k-means takes its first centres, and a mixture its parameters.
PART = 20_000
#: Added to the variances of a mixture, in units of the features' own. Behaviour comes in lumps
#: (all who bought once), and a component without width would have an endless likelihood.
FLOOR = 1e-2


@dataclass(frozen=True)
class Partition:
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

    def predict(self, X: Array) -> Codes:
        """Say to which group each row belongs."""
        if self._model is not None:
            return np.asarray(self._model.predict(X), dtype=np.intp)  # type: ignore[attr-defined]
        # |x|^2 is the same for every centre
        squared = (self.centres**2).sum(axis=1) - 2 * X @ self.centres.T
        return np.asarray(np.argmin(squared, axis=1), dtype=np.intp)


def fit_partition(
    X: Array, k: int, rng: np.random.Generator, *, method: Method = "kmeans", starts: int = 4
) -> Partition:
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


def _kmeans(X: Array, k: int, rng: np.random.Generator, starts: int) -> Partition:
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    seed = int(rng.integers(2**31))
    if k == 1:
        centre = X.mean(axis=0, keepdims=True)
        return Partition(centre, float(np.square(X - centre).sum()), np.nan, np.nan, True)
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
    return Partition(
        np.asarray(fit.cluster_centers_, dtype=float),
        float(fit.inertia_),
        np.nan,
        np.nan,
        fit.n_iter_ < fit.max_iter,
    )


def _mixture(X: Array, k: int, rng: np.random.Generator, starts: int) -> Partition:
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
    return Partition(
        np.asarray(model.means_, dtype=float),
        np.nan, bic, bic + doubt, bool(model.converged_), model,
    )  # fmt: skip
