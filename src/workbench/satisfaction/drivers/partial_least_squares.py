"""Partial least squares: the design of a path model, and the algorithm on correlation matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from workbench.arrays import Array, Mask
from workbench.errors import DataError

Mode = Literal["A", "B"]


@dataclass(frozen=True)
class PathSpecification:
    """Which items belong to which construct, and which construct leads to which.

    Attributes
    ----------
    names : tuple of str
        Constructs.
    items : tuple of str
    member : ndarray of bool, shape (items, constructs)
    leads : ndarray of bool, shape (constructs, constructs)
        `leads[i, j]`: construct i leads to construct j.
    mode : tuple of {"A", "B"}
    order : tuple of int
        Constructs sorted so that each comes after what leads to it.
    """

    names: tuple[str, ...]
    items: tuple[str, ...]
    member: Mask
    leads: Mask
    mode: tuple[Mode, ...]
    order: tuple[int, ...]


def lay_out(
    blocks: Mapping[str, Sequence[str]],
    paths: Mapping[str, Sequence[str]],
    modes: Mode | Mapping[str, Mode] = "A",
) -> PathSpecification:
    """Check the design of a path model and number its parts."""
    names = tuple(str(name) for name in blocks)
    empty = [name for name in names if not blocks[name]]
    if empty:
        raise DataError(
            f"construct {', '.join(empty)} has no items",
            where="path model",
            remedy="list its columns, or leave the construct out",
        )
    items = tuple(str(item) for name in names for item in blocks[name])
    twice = sorted({item for item in items if items.count(item) > 1})
    if twice:
        raise DataError(
            f"items {', '.join(twice)} stand in two constructs",
            where="path model",
            remedy="give each item one construct",
        )
    named = {*paths, *(source for sources in paths.values() for source in sources)}
    unknown = sorted(map(str, named - set(names)))
    if unknown:
        raise DataError(
            f"paths name {', '.join(unknown)}, which has no block",
            where="path model",
            remedy=f"use the constructs {', '.join(names)}",
        )
    place = {name: j for j, name in enumerate(names)}
    member = np.zeros((len(items), len(names)), dtype=bool)
    start = 0
    for j, name in enumerate(names):
        member[start : start + len(blocks[name]), j] = True
        start += len(blocks[name])
    leads = np.zeros((len(names), len(names)), dtype=bool)
    for target, sources in paths.items():
        for source in sources:
            leads[place[source], place[target]] = True
    alone = [name for j, name in enumerate(names) if not (leads[j].any() or leads[:, j].any())]
    if alone:
        raise DataError(
            f"construct {', '.join(alone)} has no path",
            where="path model",
            remedy="draw a path to or from it, or leave it out",
        )
    order: list[int] = []
    while len(order) < len(names):
        ready = [
            j
            for j in range(len(names))
            if j not in order and set(np.flatnonzero(leads[:, j])) <= set(order)
        ]
        if not ready:
            stuck = [names[j] for j in range(len(names)) if j not in order]
            raise DataError(
                f"the paths among {', '.join(stuck)} run in a circle",
                where="path model",
                remedy="take one of them out: a path model has a first and a last",
            )
        order += ready
    chosen: tuple[Mode, ...] = tuple(
        modes.get(name, "A") if isinstance(modes, Mapping) else modes for name in names
    )
    if wrong := [m for m in chosen if m not in ("A", "B")]:
        raise DataError(f"mode is {wrong[0]!r}", where="path model", remedy="choose A or B")
    return PathSpecification(names, items, member, leads, chosen, tuple(order))


Scheme = Literal["centroid", "factorial", "path"]
MOST_STEPS, _TOLERANCE = 500, 1e-9


def outer_weights(
    correlation: Array, layout: PathSpecification, scheme: Scheme
) -> tuple[Array, int, Mask]:
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


def _inner(among: Array, layout: PathSpecification, scheme: Scheme) -> Array:
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


def solve_paths(correlation: Array, w: Array, layout: PathSpecification) -> Solved:
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
