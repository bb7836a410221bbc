"""The design of a path model: which items measure which construct, and what leads to what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workbench.errors import DataError

Mode = Literal["A", "B"]


@dataclass(frozen=True)
class Layout:
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
    member: NDArray[np.bool_]
    leads: NDArray[np.bool_]
    mode: tuple[Mode, ...]
    order: tuple[int, ...]


def lay_out(
    blocks: Mapping[str, Sequence[str]],
    paths: Mapping[str, Sequence[str]],
    modes: Mode | Mapping[str, Mode] = "A",
) -> Layout:
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
    return Layout(names, items, member, leads, chosen, tuple(order))
