"""The algorithm of partial least squares, on correlation matrices: weights, paths, loadings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workbench.arrays import Array
from workbench.satisfaction.drivers.path_layout import Layout

Scheme = Literal["centroid", "factorial", "path"]
MOST_STEPS, _TOLERANCE = 500, 1e-9


def outer_weights(
    correlation: Array, layout: Layout, scheme: Scheme
) -> tuple[Array, int, NDArray[np.bool_]]:
    """Find the outer weights; all that the algorithm asks of the data is their correlations.

    Parameters
    ----------
    correlation : ndarray, shape (draws, items, items)

    Returns
    -------
    weights : ndarray, shape (draws, items, constructs)
        Scaled so that each construct has variance one, and so that it points the way of most of
        its items.
    steps : int
    settled : ndarray of bool, shape (draws,)
    """
    member = layout.member
    inverse = {
        j: np.linalg.pinv(correlation[:, member[:, j]][:, :, member[:, j]])
        for j, mode in enumerate(layout.mode)
        if mode == "B"
    }
    w = _scaled(
        np.broadcast_to(member.astype(float), (len(correlation), *member.shape)), correlation
    )
    settled = np.zeros(len(correlation), dtype=bool)
    steps = 0
    for steps in range(1, MOST_STEPS + 1):  # noqa: B007
        across = correlation @ w
        inner = _inner(w.transpose(0, 2, 1) @ across, layout, scheme)
        towards = across @ inner  # covariance of each item with each inner estimate
        new = np.where(member, towards, 0.0)
        for j, inverted in inverse.items():
            new[:, member[:, j], j] = (inverted @ towards[:, member[:, j], j, None])[..., 0]
        new = _scaled(new, correlation)
        settled = np.abs(np.abs(new) - np.abs(w)).max(axis=(1, 2)) < _TOLERANCE
        w = new
        if settled.all():
            break
    loading = np.where(member, correlation @ w, 0.0)
    return w * np.where(loading.sum(axis=1) < 0, -1.0, 1.0)[:, None, :], steps, settled


def _inner(among: Array, layout: Layout, scheme: Scheme) -> Array:
    """Weights of the neighbours in each construct's inner estimate, (draws, from, to)."""
    near = layout.leads | layout.leads.T
    if scheme == "centroid":
        return np.where(near, np.sign(among), 0.0)
    if scheme == "factorial":
        return np.where(near, among, 0.0)
    weight = np.where(layout.leads.T, among, 0.0)  # what it leads to: correlations
    for j in range(len(layout.names)):
        before = np.flatnonzero(layout.leads[:, j])
        if before.size:  # what leads to it: regression slopes
            block, target = among[:, before][:, :, before], among[:, before, j]
            weight[:, before, j] = np.linalg.solve(block, target[..., None])[..., 0]
    return weight


def _scaled(w: Array, correlation: Array) -> Array:
    variance = np.einsum("bij,bij->bj", w, correlation @ w)
    return np.asarray(w / np.sqrt(np.maximum(variance, 1e-300))[:, None, :], dtype=float)


@dataclass(frozen=True)
class Solved:
    """What the weights give, for each draw: paths, total effects, R2, loadings."""

    path: Array  # (draws, from, to)
    total: Array
    r2: Array  # (draws, constructs); NaN where nothing leads to it
    loading: Array  # (draws, items): with the item's own construct


def solve_paths(correlation: Array, w: Array, layout: Layout) -> Solved:
    """Regress each construct on those that lead to it, for each draw."""
    across = correlation @ w
    among = w.transpose(0, 2, 1) @ across
    k = len(layout.names)
    path, r2 = np.zeros((len(w), k, k)), np.full((len(w), k), np.nan)
    for j in range(k):
        before = np.flatnonzero(layout.leads[:, j])
        if before.size:
            block, target = among[:, before][:, :, before], among[:, before, j]
            slope = np.linalg.solve(block, target[..., None])[..., 0]
            path[:, before, j], r2[:, j] = slope, (slope * target).sum(axis=1)
    total = np.linalg.inv(np.eye(k) - path) - np.eye(k)
    return Solved(path, total, r2, (across * layout.member).sum(axis=2))
