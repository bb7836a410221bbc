"""Two attackers who read what is published and look for one customer in it.

They are given, of each published figure, whom it is a sum over and the sum that follows from the
page (a mean times its count, a share times a known total). From these they make what subtraction
and the solution of linear equations give.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

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


def in_twin(
    raw: pd.DataFrame, twin: pd.DataFrame, whose: pd.Series, *, least: int = 5
) -> list[str]:
    """Let both look at a synthetic twin of a table; say whom they find in it, and by what.

    They look for values that few people have, for the largest and smallest as the ends of a range,
    and for the largest contributor of each group (by every column of few words) in what the twin's
    group adds up to: its sum, its mean, its mean times the rows that the group is known to have.
    """
    caught, numbers = [], {}
    for column in raw.columns:
        known = raw[column].dropna()
        held = pd.DataFrame({"v": known, "w": whose[known.index]}).drop_duplicates()["v"]
        counts = held.value_counts()
        reused = set(counts.index[counts < least]) & set(twin[column].dropna())
        caught += [f"{column}: {one!r} is somebody's" for one in sorted(reused)]
        both = [_numbers(frame[column]) for frame in (raw, twin)]
        if all(each is not None for each in both):
            numbers[column] = both
    for column, (real, drawn) in numbers.items():
        for end, told in (("largest", drawn.max()), ("smallest", drawn.min())):
            own = real.groupby(whose).max() if end == "largest" else real.groupby(whose).min()
            edge = own.max() if end == "largest" else own.min()
            near = (own - edge).abs() <= P * abs(edge)
            if near.sum() < least and abs(told - edge) <= P * abs(edge):
                caught.append(f"{column}: the {end}, {edge:g}, from {told:g}")
    groups = [c for c in raw if c not in numbers and raw[c].nunique() <= 12]
    for column, (real, drawn) in numbers.items():
        for by in [None, *groups]:
            keys = pd.Series("all", index=raw.index) if by is None else raw[by]
            theirs = pd.Series("all", index=twin.index) if by is None else twin[by]
            for name, inside in real.groupby(keys):
                size = inside.abs().groupby(whose[inside.index]).sum().sort_values()[::-1]
                drawn_here = drawn[theirs == name].abs().dropna()
                hidden = size.iloc[1:].sum() < (1 + P) * size.iloc[0]
                if drawn_here.empty or not hidden:
                    continue
                mean, n = drawn_here.mean(), len(inside)
                sums = {"sum": drawn_here.sum(), "mean": mean, "n x mean": n * mean}
                for how, told in sums.items():
                    if abs(told - size.iloc[0]) <= P * size.iloc[0]:
                        caught.append(f"{column} by {by}, {name}: {how} {told:g}")
    return caught


def _numbers(column: pd.Series) -> pd.Series | None:
    read = pd.to_numeric(column.str.replace(",", "."), errors="coerce")
    return read if read.notna().sum() > 0.9 * column.notna().sum() > 0 else None
