"""Two attackers who read what is published and look for one customer in it.

They are given, of each published figure, whom it is a sum over and the sum that follows from the
page (a mean times its count, a share times a known total). From these they make what subtraction
and the solution of linear equations give.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

P = 0.10


def derivable(members: np.ndarray) -> np.ndarray:
    """Give all groups that differences of two figures, or solving for all, tell the sum of.

    Rows are figures and groups, columns are customers.
    """
    members = np.unique(members, axis=0)
    outside = members.astype(np.float32) @ (~members).T.astype(np.float32)
    nested = np.argwhere((outside == 0) & ~np.eye(len(members), dtype=bool))
    groups = [members, members[nested[:, 1]] & ~members[nested[:, 0]]]
    patterns, atom = np.unique(members, axis=1, return_inverse=True)
    atom = np.ravel(atom)
    # an atom can be told if its unit vector lies in the span of the figures
    basis = np.linalg.svd(patterns.astype(float), full_matrices=False)[2]
    rank = np.linalg.matrix_rank(patterns.astype(float))
    reach = np.square(basis[:rank]).sum(axis=0)
    groups += [atom[None, :] == i for i in np.flatnonzero(reach > 1 - 1e-9)]
    packed = np.unique(np.packbits(np.vstack(groups), axis=1), axis=0)
    return np.unpackbits(packed, axis=1, count=members.shape[1]).astype(bool)


def found(
    figures: Iterable[tuple[np.ndarray, float]], values: np.ndarray, *, least: int = 5
) -> list[str]:
    """Let the outsider and the insider at published sums; say of whom they learn too much.

    Fails if a figure is not the sum over its group: then the test reads the page wrongly.
    """
    figures = list(figures)
    if not figures:
        return []
    members = np.array([np.asarray(m, dtype=bool) for m, _ in figures])
    size = np.abs(np.asarray(values, dtype=float))
    for group, told in figures:
        truth = np.asarray(values)[group].sum()
        assert abs(told - truth) <= 1e-6 * max(size.sum(), 1.0), (told, truth)
    caught = []
    for group in derivable(members):
        own = np.sort(size[group])[::-1]
        if not own.size:
            continue
        if own.size < least:
            caught.append(f"a sum over {own.size}")
        if own[0] == 0:
            continue
        first, second, total = own[0], own[1] if own.size > 1 else 0.0, own.sum()
        if total < (1 + P) * first * (1 - 1e-9):
            caught.append(f"outsider: {first:g} of {total:g}")
        elif total - second < (1 + P) * first * (1 - 1e-9):
            caught.append(f"insider: {first:g} beside {second:g} of {total:g}")
    return caught


def by_squares(n: float, mean: float, half: float, quantile: float) -> float:
    """Bound the largest value from above by a mean and the half width of its t interval."""
    variance = n * np.square(half / quantile)
    return float(np.sqrt(variance * (n - 1) + n * np.square(mean)))


def heavy(rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw values of which a few often hold most: lognormal, Pareto, equal, or one above all."""
    kind = rng.integers(5)
    if kind == 0:
        return rng.lognormal(3, 2.5, n)
    if kind == 1:
        return 10 * (1 + rng.pareto(0.7, n))
    if kind == 2:
        return np.full(n, 25.0)
    if kind == 3:
        return np.where(rng.random(n) < 0.5, 0.0, rng.lognormal(2, 2, n)) + 0.01
    values = rng.uniform(5, 15, n)
    values[rng.integers(n)] = 1_000_000.0
    return values
