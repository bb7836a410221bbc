"""A series of 200 points with three comparison series: the workbench and statsmodels, one run."""

from __future__ import annotations

import datetime as dt
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from statsmodels.tsa.statespace.structural import UnobservedComponents

from workbench.impact import controlled_series

POINTS, BEFORE, CONTROLS = 200, 150, 3
RESULTS = Path(__file__).parent / "impact_series.md"


def draw(rng: np.random.Generator) -> tuple[np.ndarray, pd.DataFrame, np.ndarray]:
    """Three wandering comparison series, and one that follows them on a drifting level."""
    z = rng.normal(size=(POINTS, CONTROLS)).cumsum(axis=0)
    y = z @ [1.0, 0.5, 0.2] + np.cumsum(0.3 * rng.normal(size=POINTS)) + rng.normal(size=POINTS)
    after = np.arange(POINTS) >= BEFORE
    return y + 1.0 * after, pd.DataFrame(z), after


def peer(y: np.ndarray, controls: pd.DataFrame, after: np.ndarray) -> tuple[float, float, float]:
    """The route of CausalImpact-like packages: fit by maximum likelihood, forecast, compare.

    The interval of the mean effect comes from simulated forecasts, as there.
    """
    model = UnobservedComponents(y[~after], "local level", exog=controls[~after])
    fitted = model.fit(disp=False)
    ahead = int(after.sum())
    forecast = fitted.get_forecast(ahead, exog=controls[after])
    forecast.conf_int()
    paths = fitted.simulate(ahead, anchor="end", repetitions=1000, exog=controls[after], rng=1)
    means = np.asarray(paths).reshape(ahead, -1).mean(axis=0)
    low, high = y[after].mean() - np.quantile(means, [0.975, 0.025])
    return float(y[after].mean() - forecast.predicted_mean.mean()), float(low), float(high)


def own(y: np.ndarray, controls: pd.DataFrame, after: np.ndarray) -> tuple[float, float, float]:
    """The workbench's answer, with picture and checks."""
    found = controlled_series(y, controls, after=after)
    return found.effect, found.low, found.high


def seconds(judge: Callable[..., tuple[float, float, float]], cases: list, repeats: int) -> float:
    """Middle of the CPU seconds a case; the first is a warm-up."""
    judge(*cases[0])
    spent = []
    for case in cases[:repeats]:
        begin = time.process_time()
        judge(*case)
        spent.append(time.process_time() - begin)
    return statistics.median(spent)


def measure(repeats: int = 15) -> str:
    """Measure both on the same series, and give a Markdown table."""
    rng = np.random.default_rng(20251231)
    cases = [draw(rng) for _ in range(repeats)]
    mine, theirs = seconds(own, cases, repeats), seconds(peer, cases, repeats)
    gap = max(abs(own(*c)[0] - peer(*c)[0]) / (own(*c)[2] - own(*c)[1]) for c in cases[:5])
    held = [sum(low <= 1 <= high for _, low, high in (f(*c) for c in cases)) for f in (own, peer)]
    return "\n".join(
        [
            "| | CPU seconds | of intervals that hold the truth |",
            "|---|---:|---:|",
            f"| workbench, controlled_series | {mine:.4f} | {held[0]} of {repeats} |",
            f"| statsmodels, UnobservedComponents | {theirs:.4f} | {held[1]} of {repeats} |",
            f"\nRatio {theirs / mine:.0f}; the effects differ by at most {100 * gap:.1f} % of the"
            " interval's width.",
        ]
    )


def main() -> None:
    """Measure, and keep the table."""
    text = (
        "# A series with comparison series, measured side by side\n\n"
        f"{dt.date.today():%Y-%m-%d}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the "
        f"start; {POINTS} points, {CONTROLS} comparison series.\n\n{measure()}\n"
    )
    RESULTS.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
