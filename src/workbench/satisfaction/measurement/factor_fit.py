"""The mathematics of a factor model: implied covariances, their slopes, the fit, robust errors."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from workbench.arrays import Array, Index
from workbench.errors import DataError


@dataclass(frozen=True)
class Shape:
    """Which item loads on which factor, and where the parameters stand in one vector."""

    of: Index  # factor of each item
    k: int

    @property
    def p(self) -> int:
        """Items."""
        return self.of.size

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Pairs of factors."""
        return list(combinations(range(self.k), 2))

    @property
    def size(self) -> int:
        """Parameters."""
        return 2 * self.p + len(self.pairs)

    def unpack(self, theta: Array) -> tuple[Array, Array, Array]:
        """Give loadings (p, k), correlations (k, k) and residual variances (p,)."""
        loading = np.zeros((self.p, self.k))
        loading[np.arange(self.p), self.of] = theta[: self.p]
        phi = np.eye(self.k)
        for value, (a, b) in zip(theta[2 * self.p :], self.pairs, strict=True):
            phi[a, b] = phi[b, a] = value
        return loading, phi, theta[self.p : 2 * self.p]

    def implied(self, theta: Array) -> Array:
        """Covariances that the parameters imply, (p, p)."""
        loading, phi, residual = self.unpack(theta)
        return np.asarray(loading @ phi @ loading.T + np.diag(residual))

    def slopes(self, theta: Array) -> Array:
        """Derive the implied covariances by each parameter, (size, p, p)."""
        loading, phi, _ = self.unpack(theta)
        along = loading @ phi  # covariance of each item with each factor
        out = np.zeros((self.size, self.p, self.p))
        i = np.arange(self.p)
        columns = along[:, self.of].T
        out[i, i, :] += columns
        out[i, :, i] += columns
        out[self.p + i, i, i] = 1.0
        for j, (a, b) in enumerate(self.pairs):
            half = np.outer(loading[:, a], loading[:, b])
            out[2 * self.p + j] = half + half.T
        return out


def discrepancy(sample: Array, implied: Array) -> float:
    """Maximum-likelihood discrepancy log|Sigma| + tr(S Sigma^-1) - log|S| - p; inf outside."""
    sign, size = np.linalg.slogdet(implied)
    if sign <= 0 or not np.isfinite(size) or np.linalg.eigvalsh(implied)[0] <= 0:
        return float("inf")
    own = float(np.linalg.slogdet(sample)[1])
    return float(size + np.trace(np.linalg.solve(implied, sample)) - own - len(sample))


def fit(sample: Array, shape: Shape, *, most: int = 200) -> tuple[Array, float]:
    """Fit by Fisher scoring with step halving; give the parameters and the discrepancy.

    The correlation matrix is fitted: the model is free of the scale, and the steps are even.
    """
    theta = np.concatenate(
        [np.full(shape.p, 0.7), np.full(shape.p, 0.5), np.full(len(shape.pairs), 0.3)]
    )
    value = discrepancy(sample, shape.implied(theta))
    for _ in range(most):
        implied = shape.implied(theta)
        inverse = np.linalg.inv(implied)
        slopes = shape.slopes(theta)
        expected = information(implied, slopes)
        turned = np.einsum("ab,ibc->iac", inverse, slopes)
        residual = inverse @ (sample - implied)
        gradient = 0.5 * np.einsum("iab,ba->i", turned, residual)
        step = np.linalg.lstsq(expected, gradient, rcond=None)[0]
        if np.abs(step).max() < 1e-9:  # the bottom: further steps would chase rounding
            return theta, value
        scale = 1.0
        tried = discrepancy(sample, shape.implied(theta + step))
        while tried > value + 1e-14 and scale > 1e-6:
            scale /= 2
            tried = discrepancy(sample, shape.implied(theta + scale * step))
        if tried > value + 1e-14:  # no step helps: either this is the bottom, or there is none
            if np.abs(gradient).max() < 1e-6:
                return theta, value
            break
        theta, value = theta + scale * step, min(tried, value)
        if np.abs(scale * step).max() < 1e-9:
            return theta, value
    raise DataError(
        f"the factor model did not settle in {most} steps",
        where="factor analysis",
        remedy="items of one factor may hardly go together; check reversed items and dimensions",
    )


def information(implied: Array, slopes: Array) -> Array:
    """Give the expected information of one answer about the parameters, (size, size)."""
    turned = np.einsum("ab,ibc->iac", np.linalg.inv(implied), slopes)
    return np.asarray(0.5 * np.einsum("iab,jba->ij", turned, turned))


def fourth_moments(
    away: Array, sample: Array, theta: Array, shape: Shape, weights: Array | None = None
) -> tuple[Array, float]:
    """Give the covariance of the answers' scores, and tr(W Gamma), both for one answer.

    Gamma, the covariance of products of answers, is never formed: with 22 items it has 253 rows. An
    answer's score for a parameter is u' (dSigma) u / 2 with u = Sigma^-1 d, and dSigma has rank two
    or less: each is a product of two combinations of u.
    With weights of mean one it is that of the weighted products, so that Gamma / n stays the
    variance of the sample's covariances.
    """
    loading, phi, _ = shape.unpack(theta)
    implied = shape.implied(theta)
    inverse = np.linalg.inv(implied)
    n, p = away.shape
    crossed = inverse @ sample @ inverse
    centre = 0.5 * float(np.trace(crossed @ sample))
    mean = 0.5 * np.einsum("ab,iab->i", crossed, shape.slopes(theta))
    first = np.array([a for a, _ in shape.pairs], dtype=np.intp)
    second = np.array([b for _, b in shape.pairs], dtype=np.intp)
    meat, total = np.zeros((shape.size, shape.size)), 0.0
    for start in range(0, n, 4096):
        d = away[start : start + 4096].T  # a row an item: long rows are quick
        u = inverse @ d
        by_factor = loading.T @ u
        along = phi @ by_factor
        scores = np.empty((shape.size, d.shape[1]))
        np.multiply(u, along[shape.of], out=scores[:p])
        np.multiply(0.5 * u, u, out=scores[p : 2 * p])
        scores[2 * p :] = by_factor[first] * by_factor[second]
        scores -= mean[:, None]
        own = np.einsum("ij,ij->j", u, d)
        traces = 0.5 * own**2 - np.einsum("ij,ij->j", sample @ u, u)
        if weights is None:
            total += float(traces.sum())
        else:
            w = weights[start : start + 4096]
            scores *= w
            total += float(np.square(w) @ (traces + centre))
        meat += scores @ scores.T
    return meat / n, total / n + (centre if weights is None else 0.0)


def baseline_scaling(away: Array, sample: Array, weights: Array) -> float:
    """Give the scaling of the test that no two items go together: mean variance of a product."""
    squared = np.square(weights)
    p, n = len(sample), len(away)
    squares = np.square(away)
    pairs = np.square(squares.sum(axis=1)) - np.einsum("ij,ij->i", squares, squares)
    off = sample - np.diag(np.diag(sample))
    second = (away * squared[:, None]).T @ away
    total = squared @ pairs - 2 * (off * second).sum() + squared.sum() * np.square(off).sum()
    return float(total / n / (p * (p - 1)))
