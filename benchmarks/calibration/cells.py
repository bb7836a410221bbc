"""A cell of the grid: how a case is drawn, and what its interval is held against."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

# Coverage of nominal 95 % intervals, and width against that of an oracle who knows the errors.
COVERAGE = (0.925, 0.98)
WIDTH = 1.5
FOUND = 0.07
SEED = 20251231
_BLOCK = 1000

# Low, high, width of the oracle's interval; None where no conclusion is drawn.
Answer = tuple[float, float, float] | None


@dataclass(frozen=True)
class Cell:
    """One combination of settings.

    Attributes
    ----------
    family : str
        Group of cells that share a table.
    settings : mapping
        Column -> value, as the table shows them.
    draw : callable, optional
        Draws one case with a given effect, and judges it.
    refusal : bool
        Whether no conclusion should be drawn.
    silent : bool
        Whether no case has an effect, and false alarms alone are counted: `draw` gives an interval
        that holds 0 where none is announced.
    many : callable, optional
        Draws and judges cases with the given effects at once: arrays of low and high, and the
        width of the oracle's interval. In place of `draw`, case by case.
    runs : int
        Simulated cases that its measurement takes: as many as a few minutes a family allow.
    """

    family: str
    settings: Mapping[str, Any]
    draw: Callable[[np.random.Generator, float], Answer] | None = None
    refusal: bool = False
    silent: bool = False
    many: (
        Callable[[np.random.Generator, np.ndarray], tuple[np.ndarray, np.ndarray, float]] | None
    ) = None
    runs: int = 4000


def measure(cell: Cell, runs: int, *, effect: float = 0.7) -> dict[str, Any]:
    """Judge many cases, two of three without any effect: false alarms are bounded tightest."""
    name = f"{cell.family} {sorted(cell.settings.items())}"
    rng = np.random.default_rng([SEED, zlib.crc32(name.encode())])
    truths = np.where((np.arange(runs) % 3 > 0) | cell.silent, 0.0, effect)
    covered, found, nothing, widths, oracles, refused = 0, 0, 0, [], [], 0
    for truth, answer in zip(truths, _answers(cell, rng, truths), strict=True):
        nothing += truth == 0
        if answer is None:
            refused += 1
            continue
        low, high, oracle = answer
        covered += low <= truth <= high
        found += truth == 0 and not low <= 0 <= high
        widths.append(high - low)
        oracles.append(oracle)
    answered = runs - refused
    measured = bool(answered) and not cell.silent
    return {
        "family": cell.family,
        "settings": dict(cell.settings),
        "refusal": cell.refusal,
        "silent": cell.silent,
        "runs": runs,
        "refused": refused,
        "coverage": covered / answered if measured else None,
        "width": float(np.mean(widths) / np.mean(oracles)) if measured else None,
        "found": found / nothing if answered else None,
    }


def _answers(cell: Cell, rng: np.random.Generator, truths: np.ndarray) -> Iterator[Answer]:
    if cell.draw is not None:
        yield from (cell.draw(rng, float(truth)) for truth in truths)
    if cell.many is None:
        return
    for start in range(0, len(truths), _BLOCK):
        low, high, oracle = cell.many(rng, truths[start : start + _BLOCK])
        yield from ((float(a), float(b), oracle) for a, b in zip(low, high, strict=True))


def holds(row: Mapping[str, Any], *, by_chance: bool = False) -> bool:
    """Say whether a measured cell is as it should be.

    Parameters
    ----------
    row : mapping
        From `measure`.
    by_chance : bool
        Allow two errors of the simulation in false alarms, too, for cells of few runs. In coverage
        they are always allowed: a bound of a measured rate means that.
    """
    if row["refusal"]:
        return bool(row["refused"] == row["runs"])
    if row["found"] is None:
        return False
    if row["silent"]:
        error = 2 * np.sqrt(0.05 * 0.95 / row["runs"]) if by_chance else 0.0
        return bool(row["found"] <= FOUND + error)
    slack = 2 * np.sqrt(0.98 * 0.02 / (row["runs"] - row["refused"]))
    if by_chance:
        slack = 2 * np.sqrt(0.95 * 0.05 / (row["runs"] - row["refused"]))
    none = 2 * np.sqrt(0.05 * 0.95 / (2 * row["runs"] / 3)) if by_chance else 0.0
    low, high = COVERAGE
    return bool(
        low - slack <= row["coverage"] <= high + slack
        and row["width"] <= WIDTH
        and row["found"] <= FOUND + none
    )
