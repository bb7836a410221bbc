"""Whether more units lie just on one side of a line than on the other: some may have moved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from workbench.arrays import Array, Mask
from workbench.impact.inputs.panel import CaseError

# Order of the fits of the distribution; the bandwidth is that of one order less.
_ORDER = 3
# Pilot bandwidth, in spreads of the value times n to the power -1/7.
_PILOT = 3.0
_FEWEST = 50


@dataclass(frozen=True)
class DensityJump:
    """Density of units on both sides of a line.

    Attributes
    ----------
    left, right : float
        Share of all units for a unit of the value.
    se_left, se_right : float
    z, p : float
        Of no jump; two-sided.
    bandwidth : tuple of float
        Left and right.
    """

    left: float
    right: float
    se_left: float
    se_right: float
    z: float
    p: float
    bandwidth: tuple[float, float]


def density_jump(value: Array, *, bandwidth: float | None = None) -> DensityJump:
    """Compare the density of units just left and just right of zero.

    The distribution of the values is fitted by a local cubic on each side; its slope at the line
    is the density.

    Parameters
    ----------
    value : ndarray, shape (n,)
        Signed distance to the line.
    bandwidth : float, optional
        That of least mean squared error of each side's local quadratic when left out.

    Raises
    ------
    CaseError
        Fewer than fifty units on a side, or few distinct values.

    References
    ----------
    Cattaneo, Jansson, Ma (2020), Journal of the American Statistical Association 115(531),
    1449-1455.
    """
    x = np.sort(value)
    right = x >= 0
    if min(int(right.sum()), int((~right).sum())) < _FEWEST:
        raise CaseError(
            "{n} units lie on one side of the line",
            where="case.cutoff",
            remedy="the density needs {needed}",
            n=min(int(right.sum()), int((~right).sum())),
            needed=_FEWEST,
        )
    # ties share the highest rank, as in the distribution function
    share = np.searchsorted(x, x, side="right") / len(x)
    hs, found, spreads = [], [], []
    for side in (~right, right):
        h = _bandwidth(x, share, side) if bandwidth is None else bandwidth
        slope, influence = _slope(x, share, side, _ORDER, 1, h)
        hs.append(h)
        found.append(slope)
        spreads.append(influence)
    se = float(np.linalg.norm(spreads[1] - spreads[0]))
    z = (found[1] - found[0]) / se
    return DensityJump(
        left=found[0],
        right=found[1],
        se_left=float(np.linalg.norm(spreads[0])),
        se_right=float(np.linalg.norm(spreads[1])),
        z=float(z),
        p=float(2 * ndtr(-abs(z))),
        bandwidth=(hs[0], hs[1]),
    )


def _slope(
    x: Array, share: Array, side: Mask, order: int, derivative: int, h: float
) -> tuple[float, Array]:
    """Coefficient of the distribution's local polynomial, and each unit's part in its error."""
    near = side & (np.abs(x) < h)
    own = x[near] / h
    if len(np.unique(own)) < 2 * (order + 1):
        raise CaseError(
            "too few different values lie near the line",
            where="case.cutoff",
            remedy="look at how they are rounded",
        )
    w = (1 - np.abs(own)) / h
    powers = np.vander(own, order + 1, increasing=True)
    bread = np.linalg.pinv(powers.T @ (powers * w[:, None]))
    weights = (powers @ bread[derivative]) * w / h**derivative
    slope = float(weights @ share[near])
    # unit j moves the distribution at every value from its own on
    part, places = np.zeros(len(x)), np.flatnonzero(near)
    tail = np.concatenate([np.cumsum(weights[::-1])[::-1], [0.0]])
    part = tail[np.searchsorted(x[places], x, side="left")] - slope
    residual = share[near] - powers @ (bread @ (powers.T @ (w * share[near])))
    part[places] += len(x) * weights * residual
    return slope, np.asarray(part / len(x))


def _bandwidth(x: Array, share: Array, side: Mask) -> float:
    """Bandwidth of least mean squared error of the local quadratic's slope on one side."""
    order, n = _ORDER - 1, len(x)
    reach = float(np.abs(x[side]).max()) * (1 + 1e-8)
    spread = min(float(np.std(x)), float(np.subtract(*np.quantile(x, [0.75, 0.25]))) / 1.349)
    pilot = min(_PILOT * (spread or float(np.std(x))) * n ** (-1 / 7), reach)
    # no less than holds enough values for the pilot fits
    least = float(np.sort(np.abs(np.unique(x[side])))[4 * (order + 2) - 1 :][:1].sum())
    pilot = max(pilot, least * (1 + 1e-8))
    _, influence = _slope(x, share, side, order, 1, pilot)
    variance = float(influence @ influence) * pilot
    cubic, error = _slope(x, share, side, order + 1, order + 1, pilot)
    near = side & (np.abs(x) < pilot)
    u, w = x[near] / pilot, 1 - np.abs(x[near]) / pilot
    powers = np.vander(u, order + 1, increasing=True)
    bread = np.linalg.pinv(powers.T @ (powers * w[:, None]))
    constant = float((powers @ bread[1] * w) @ u ** (order + 1))
    bias = constant**2 * (cubic**2 + float(error @ error))
    best = (variance / (2 * order * bias)) ** (1 / (2 * order + 1))
    return float(min(max(best, least * (1 + 1e-8)), reach))
