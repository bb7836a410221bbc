"""Whether a surrogate index is believed where it holds and refused where effects bypass it.

    python -m benchmarks.surrogates [draws]     the table (written to benchmarks/surrogates.md)

Older lots of 1,500 customers are drawn until eight have a two-year answer of z at least 3; those
whose answer is less clear take part in the check, too. Two surrogates, correlated with what was
known before. The true effect over the horizon is z standard errors, z uniform from 3 to 8.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from workbench.arrays import Array
from workbench.impact.experiment.surrogates import SurrogateIndex, Trial, foretell

PAGE = Path(__file__).with_suffix(".md")
#: Share of the effect that bypasses the surrogates -> what must come of it.
BYPASS = {0.0: "at most 10 %", 0.5: "at least 90 %", 0.75: "at least 90 %", 1.0: "at least 90 %"}
N, OLDER = 1500, 8
WEIGHT = np.array([0.7, 0.4])


def trial(rng: np.random.Generator, bypass: float, name: str = "") -> tuple[Trial, float]:
    """Draw a lot, with its true effect over the horizon."""
    treated = rng.permutation(N) < N // 2
    before = rng.normal(size=(N, 1))
    # adjusted for the past, a mean over the horizon has a standard deviation of about 1.25
    effect = rng.choice([-1.0, 1.0], p=[0.2, 0.8]) * rng.uniform(3, 8) * 1.25 * 2 / np.sqrt(N)
    part = rng.uniform(0.2, 0.8)
    moved = (1 - bypass) * effect * np.array([part, 1 - part]) / WEIGHT
    early = 0.5 * before + rng.normal(size=(N, 2)) + treated[:, None] * moved
    long = early @ WEIGHT + 0.4 * before[:, 0] + rng.normal(size=N) + treated * bypass * effect
    return Trial(name, treated, early, before, long), float(effect)


def draw(bypass: float, seed: int) -> tuple[SurrogateIndex, float]:
    """Foretell one new measure by a history of eight clear ones, and give its true effect."""
    rng = np.random.default_rng([seed, int(100 * bypass)])
    older: list[Trial] = []
    own, effect = trial(rng, bypass)
    own = Trial("", own.treated, own.early, own.before)
    clear = 0
    while clear < OLDER:
        one = trial(rng, bypass, str(len(older)))[0]
        older.append(one)
        assert one.long is not None
        y = one.long - one.before[:, 0] * 0.95
        sides = [y[one.treated], y[~one.treated]]
        se = np.sqrt(sum(s.var(ddof=1) / len(s) for s in sides))
        clear += abs(sides[0].mean() - sides[1].mean()) >= 3 * se
    return foretell(own, older, after=3, periods=24), effect


def measure(bypass: float, draws: int) -> tuple[float, Array, Array]:
    """Share refused; error relative to the true effect, and whether it was covered."""
    refused, error, covered = 0, [], []
    for seed in range(draws):
        found, effect = draw(bypass, seed)
        refused += found.verdict == "refused"
        error.append((found.effect - effect) / effect)
        covered.append(found.low <= effect <= found.high)
    return refused / draws, np.array(error), np.array(covered)


def main(draws: int) -> None:
    """Measure and write the page."""
    begin = time.process_time()
    lines = [
        "# Surrogate index",
        "",
        f"`python -m benchmarks.surrogates {draws}`: {draws:,} histories a row, {OLDER} older"
        f" measures with a two-year answer of z at least 3, {N:,} customers each, seeds 0 on.",
        "",
        "| bypasses the surrogates | refused | bound | bias of the effect | covered (95 %) |",
        "|---|---|---|---|---|",
    ]
    for bypass, bound in BYPASS.items():
        refused, error, covered = measure(bypass, draws)
        told = f"{error.mean():+.3f} | {covered.mean():.3f}" if not bypass else " | "
        lines.append(f"| {bypass:.0%} | {refused:.3f} | {bound} | {told} |")
        print(lines[-1], round(time.process_time() - begin, 1), "s", flush=True)
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
