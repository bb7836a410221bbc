"""How often the alerts of a study ring falsely, and how soon they ring for a shift.

    python -m benchmarks.alerts             the table (written to benchmarks/alerts.md)
    python -m benchmarks.alerts --limits    the limits of `workbench.goals.change_points` anew

Every study watches 40 independent series. A false alarm is a series that begins to be beyond its
limits: that is what a digest tells. The standard deviation is the series' own in control.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from workbench.goals.change_points import (
    LIMITS,
    PERIODS,
    PHI,
    WINDOW,
    Expected,
    expect,
    last_windows,
    likely_phi,
    limit_for,
    odds_of_phi,
    pull,
    scores,
)

SERIES, SEED = 40, 20261130
PAGE = Path(__file__).with_suffix(".md")
#: Of a known baseline, of which no period is needed.
KNOWN = 0
AR1 = (0.0, 0.3, 0.6)

Draw = Callable[[np.random.Generator, tuple[int, int]], np.ndarray]


@dataclass(frozen=True)
class Measured:
    """One line of the table."""

    what: str
    generator: str
    base: str
    draws: str
    figure: float
    bound: str
    holds: bool | None

    def line(self) -> str:
        held = {True: "yes", False: "NO", None: ""}[self.holds]
        cells = (self.what, self.generator, self.base, self.draws, f"{self.figure:.3f}")
        return f"| {' | '.join([*cells, self.bound, held])} |"


def normal(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return rng.standard_normal(shape)


def heavy(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return rng.standard_t(5, shape) / np.sqrt(5 / 3)


def skewed(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return (rng.gamma(4, 1, shape) - 4) / 2


def ar1(seed: int, phi: float, shape: tuple[int, int], draw: Draw = normal) -> np.ndarray:
    """Draw series of standard deviation 1 in control."""
    noise = draw(np.random.default_rng([SEED, seed, round(100 * phi)]), shape)
    series = noise.copy()
    for i in range(1, shape[1]):
        series[:, i] = phi * series[:, i - 1] + np.sqrt(1 - phi**2) * noise[:, i]
    return series


def peaks(series: np.ndarray, base: int, *, season: int = 0, known: bool = False) -> np.ndarray:
    """Give the largest pull of each period after the baseline.

    `known`: that level and scatter are 0 and 1, and that the series are not autocorrelated.
    """
    later = series.shape[1] - base
    parts = [last_windows(t) for t in range(1, later + 1)]
    windows = np.concatenate([np.pad(p, ((0, 0), (0, later - p.shape[1]))) for p in parts])
    found = _pulls(series, base, windows, season, known)
    ends = np.cumsum([0, *(len(p) for p in parts)])
    return np.stack([found[:, a:b].max(axis=1) for a, b in pairwise(ends)], axis=1)


def rolling_peaks(series: np.ndarray, base: int, periods: int) -> np.ndarray:
    """As `peaks`, of the last periods, by baselines that end before the last twelve."""
    ends = range(series.shape[1] - periods + 1, series.shape[1] + 1)
    parts = (series[:, end - WINDOW - base : end] for end in ends)
    return np.stack(
        [_pulls(part, base, last_windows(WINDOW)).max(axis=1) for part in parts], axis=1
    )


def _pulls(
    series: np.ndarray, base: int, windows: np.ndarray, season: int = 0, known: bool = False
) -> np.ndarray:
    """Give the pull of each window, the series watched together in studies of 40."""
    size = (windows > 0).sum(axis=1)
    means = series[:, base:] @ windows.T
    if known:
        return pull(scores(_known(*means.shape, size), means), size)
    expected = expect(series[:, :base], windows, np.arange(series.shape[1]), season=season)
    apart = likely_phi(expected).reshape(len(PHI), -1, SERIES).swapaxes(1, 2)
    odds = np.repeat(odds_of_phi(apart)[:, 0], SERIES, axis=1)
    return pull(scores(expected, means, odds), size)


def _known(records: int, windows: int, size: np.ndarray) -> Expected:
    """Give what is expected where level, scatter and that nothing follows upon itself are known."""
    return Expected(
        np.zeros((1, records)),
        np.zeros(1, dtype=np.int64),
        np.array([1e9]),
        np.zeros((1, records, windows)),
        np.broadcast_to(1 / np.sqrt(size), (1, records, windows)),
    )


def begun(peak: np.ndarray, limit: float, *, before: bool = False) -> int:
    """Count the alarms that begin; `before`: the first period only says how it stood before."""
    beyond = peak > limit
    first = int(beyond[:, 0].sum()) if not before else 0
    return first + int((beyond[:, 1:] & ~beyond[:, :-1]).sum())


def false_alarms(
    phi: float,
    years: int,
    *,
    base: int = 24,
    season: int = 0,
    a_year: int = 12,
    draw: Draw = normal,
) -> float:
    """Give the false alarms of a study in the year after its baseline."""
    series = ar1(1, phi, (years * SERIES, base + a_year), draw)
    peak = peaks(series, base, season=season, known=base == KNOWN)
    return begun(peak, limit_for(base or 10**9, a_year * SERIES)) / years


def later_false_alarms(phi: float, years: int, *, base: int = 24) -> float:
    """Give those of a later year, in which the baseline goes along."""
    series = ar1(2, phi, (years * SERIES, base + WINDOW + 12))
    peak = rolling_peaks(series, base, 13)
    return begun(peak, limit_for(base, 12 * SERIES), before=True) / years


def found_within(
    shift: float, within: int, *, base: int, a_year: int, draws: int, phi: float = 0.0
) -> float:
    """Give the share of shifts that ring within so many periods of their first.

    They begin when the chart has been in control for twelve periods.
    """
    series = ar1(3, phi, (draws - draws % SERIES, base + WINDOW + within))
    series[:, base + WINDOW :] += shift
    peak = peaks(series, base, known=base == KNOWN)[:, WINDOW:]
    return float((peak > limit_for(base or 10**9, a_year * SERIES)).any(axis=1).mean())


TARGETS = (
    ("monthly", 12, 2.5, 4),
    ("monthly", 12, 1.5, 12),
    ("weekly", 52, 3.0, 4),
    ("weekly", 52, 2.0, 8),
    ("weekly", 52, 1.5, 12),
)


def seldom(rate: float, years: int) -> bool:
    """Tell whether that is at most one a year, within two standard errors."""
    return bool(rate <= 1 + 2 * np.sqrt(1 / years))


def table(years: int = 1000, draws: int = 4000) -> Iterator[Measured]:
    """Measure all that is promised."""
    for phi in AR1:
        rate = false_alarms(phi, years)
        yield Measured(
            "false alarms a study-year", f"40 series, AR(1) {phi}", "24 estimated",
            f"{years} years", rate, "at most 1", seldom(rate, years),
        )  # fmt: skip
    few = max(years // 4, 40)
    for phi in AR1:
        rate = later_false_alarms(phi, few)
        yield Measured(
            "the same, in later years", f"40 series, AR(1) {phi}", "24 going along",
            f"{few} years", rate, "at most 1", seldom(rate, few),
        )  # fmt: skip
    for phi in AR1:
        rate = false_alarms(phi, few, season=12)
        yield Measured(
            "the same, a season looked for", f"40 series, AR(1) {phi}, none", "24 estimated",
            f"{few} years", rate, "at most 1", seldom(rate, few),
        )  # fmt: skip
    for called, draw in (("t with 5 degrees of freedom", heavy), ("gamma of shape 4", skewed)):
        rate = false_alarms(0.0, few, draw=draw)
        yield Measured(
            "the same, not normal", f"40 series, {called}", "24 estimated", f"{few} years", rate,
            "not promised", None,
        )  # fmt: skip
    for of, a_year in (("monthly", 12), ("weekly", 52)):
        rate = false_alarms(0.0, few, base=KNOWN, a_year=a_year)
        yield Measured(
            f"the same, {of}", "40 series, AR(1) 0.0", "known", f"{few} years", rate, "at most 1",
            seldom(rate, few),
        )  # fmt: skip
    least = 0.95 - 2 * np.sqrt(0.95 * 0.05 / draws)
    for of, a_year, shift, within in TARGETS:
        for base, called in ((KNOWN, "known"), (24, "24 estimated"), (52, "52 estimated")):
            share = found_within(shift, within, base=base, a_year=a_year, draws=draws)
            known = base == KNOWN
            yield Measured(
                f"{shift} sigma within {within}, {of}", "AR(1) 0", called, f"{draws} shifts",
                share, "at least 0.95" if known else "what it loses",
                share >= least if known else None,
            )  # fmt: skip


def limits(series: int = 24_000) -> None:
    """Find the limits anew: the widest of those that each autocorrelation asks for."""
    for base in LIMITS:
        drawn = [ar1(4, phi, (series, base + 24)) for phi in AR1]
        found = [peaks(each, base) for each in drawn]
        row = []
        for periods in PERIODS:
            low, high = 1.5, 6.0
            for _ in range(20):
                middle = (low + high) / 2
                rate = max(begun(each, middle) / each.size for each in found)
                low, high = (middle, high) if rate > 1 / periods else (low, middle)
            row.append(round(high, 2))
        print(f"    {base}: {tuple(row)},  # have {LIMITS[base]}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limits", action="store_true", help="find the limits anew")
    parser.add_argument("--years", type=int, default=1000)
    chosen = parser.parse_args()
    if chosen.limits:
        limits()
        return
    begin = time.process_time()
    head = ("measured", "generator", "baseline", "draws", "figure", "bound", "holds")
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for each in table(chosen.years):
        print(each.line(), flush=True)
        lines.append(each.line())
    spent = time.process_time() - begin
    about = (
        "# Alerts: false alarms and power\n\n"
        f"`python -m benchmarks.alerts`, seed {SEED}. Series are normal with standard deviation 1"
        " in control; a shift is of so many standard deviations and stays. A rate holds within two"
        " standard errors of its bound. The shares beside a known baseline say what an estimated"
        " one loses.\n\n"
    )
    PAGE.write_text(about + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{spent:.0f} s of CPU")


if __name__ == "__main__":
    main()
