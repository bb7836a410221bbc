"""How often looking twenty-four times finds an effect of nothing, and how soon a real one is seen.

    python -m benchmarks.looks [draws] [words ...]      the tables (in benchmarks/looks.md)

With words, those kinds alone are measured whose name has one of them ("times": how soon), and the
others' rows stay. Independent customers (values and shares), panels of 10, 20 and 40 groups (half
treated and two), scores of other customers each month, and single series. Seeds are fixed by the
kind.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.special import ndtri, stdtr, stdtrit

from workbench.arrays import Array, Mask
from workbench.impact.designs.differences.randomisation import assignments
from workbench.impact.designs.series import error_models as models
from workbench.impact.inputs.panel import Panel
from workbench.impact.inputs.series import FEWEST_AFTER, SeriesLayout, lay_out
from workbench.impact.looks import spending
from workbench.impact.looks.of_clusters import _linear
from workbench.impact.looks.of_customers import by_t, estimates
from workbench.impact.looks.of_series import together
from workbench.impact.looks.spending import bounds, courses, exact_bounds, spent
from workbench.study import LookPlan

PAGE, ROWS = Path(__file__).with_suffix(".md"), Path(__file__).with_suffix(".json")
LOOKS, BEFORE, ALPHA = 24, 12, 0.05
# Courses that tell a bound, and choices among forty groups: fewer than on a page.
_COURSES, _WAYS = 2000, 1000
PLANS = {
    "even": LookPlan(planned=LOOKS),
    "O'Brien-Fleming": LookPlan(planned=LOOKS, spending="obrien-fleming"),
    "Pocock": LookPlan(planned=LOOKS, spending="pocock"),
    "open": LookPlan(),
}
NAMES = ["fixed", *PLANS]
# Of the ways to choose who is treated this many must lie in the tail for a look.
_FEWEST = 4
Alarms = dict[str, bool]


def panel_of(y: Array, treated: Mask, weight: Array | None = None) -> Panel:
    """Make a panel whose measure begins after the first twelve periods."""
    periods = pd.date_range("2020-01-01", periods=y.shape[1], freq="MS")
    return Panel(
        y, np.ones_like(y) if weight is None else weight, pd.RangeIndex(len(y)), periods, treated,
        np.arange(y.shape[1]) >= BEFORE, np.ones(len(y), dtype=bool), periods[BEFORE],
    )  # fmt: skip


def drawn(rng: np.random.Generator, n: int, treated: int) -> Mask:
    """Draw who is treated."""
    return np.isin(np.arange(n), rng.permutation(n)[:treated])


def customers(rng: np.random.Generator, share: bool) -> Panel:
    """Sixty customers a side with levels of their own: values, or whether they did something."""
    level = rng.normal(size=(120, 1))
    error = lfilter([1.0], [1.0, -0.3], rng.normal(size=(120, BEFORE + LOOKS)), axis=1)
    y = level + error
    return panel_of((y > 0.8).astype(float) if share else y, drawn(rng, 120, 60))


def groups(rng: np.random.Generator, n: int, treated: int) -> Panel:
    """Groups that drift a little, errors with autocorrelation .5, skewed as sales are."""
    shock = rng.exponential(size=(n, BEFORE + LOOKS)) - 1
    error = lfilter([1.0], [1.0, -0.5], shock, axis=1)
    walk = 0.15 * np.cumsum(rng.normal(size=error.shape), axis=1)
    return panel_of(20 + rng.normal(size=(n, 1)) + error + walk, drawn(rng, n, treated))


def scores(rng: np.random.Generator) -> Panel:
    """Recommendation scores (100, 0, -100) of 12 other customers a side in each month."""
    months, size = BEFORE + LOOKS, 12
    n = 2 * size * months
    month = np.repeat(np.arange(months), 2 * size)
    mood = 0.1 * rng.normal(size=months)[month]
    level = rng.random(n) + mood
    y, weight = np.full((n, months), np.nan), np.zeros((n, months))
    y[np.arange(n), month] = 100.0 * ((level > 0.5).astype(int) - (level < 0.25))
    weight[np.arange(n), month] = 1.0
    return panel_of(y, np.tile([True, False], n // 2), weight)


def by_influence(panel: Panel) -> Alarms:
    """Whether each plan, and the fixed interval, raised an alarm at any look."""
    when, effect, influence, df = estimates(panel)
    se = np.sqrt(np.square(influence).sum(axis=0))
    t, paths = np.abs(effect / se), courses(influence.T @ influence / np.outer(se, se))
    found = {"fixed": bool((t > stdtrit(df, 1 - ALPHA / 2)).any())}
    for name, plan in PLANS.items():
        factor = bounds(paths, spent(when, plan, ALPHA), ALPHA)
        found[name] = bool((t > by_t(factor, df)).any())
    return found


def by_reassignment(panel: Panel, ways: Array) -> Alarms:
    """Whether each plan, and the fixed interval, raised an alarm at any look."""
    own, when = np.abs(_linear(panel, ways)[0]), np.arange(1, LOOKS + 1)
    found = {"fixed": bool(((own >= own[0] * (1 - 1e-9)).mean(axis=0) <= ALPHA).any())}
    for name, plan in PLANS.items():
        bound = exact_bounds(own, spent(when, plan, ALPHA))
        found[name] = bool((own[0] > bound * (1 + 1e-9)).any())
    return found


# --- single series: all draws of one length at once -----------------------------------------------


def layout(before: int, after: int) -> SeriesLayout:
    """Give a series so long, as the design lays it out."""
    later = np.arange(before + after) >= before
    return lay_out(np.arange(before + after, dtype=float), None, later, None, None, bends=True)


def p_values(lay: SeriesLayout, y: Array) -> Array:
    """p-values of the interrupted series for many series of one length, shape (draws,).

    The same sums as `Noise.fit`, whose covariances are those of the layout; `tests` hold both
    against one another.
    """
    n, k = lay.x.shape
    noise = models.noise_of(np.arange(n), np.ones(n))
    white = noise.whiten(np.column_stack([lay.x, y]))
    x, own = white[:, :, :k], white[:, :, k:]
    gram, cross = np.swapaxes(x, 1, 2) @ x, np.swapaxes(x, 1, 2) @ own
    square, at = np.square(own).sum(axis=1), int(np.argmax(lay.step))
    straight, bends = np.flatnonzero(~lay.bends), np.flatnonzero(lay.bends)
    df = n - len(straight)

    def scored(
        which: models.Noise, some: Any, columns: NDArray[np.intp], by: float, share: float
    ) -> tuple[Array, Array]:
        precision = gram[some][:, columns[:, None], columns].copy()
        if by:
            precision[:, -1, -1] += 1 / by**2
            share -= float(np.log(by))
        inverse, c = np.linalg.inv(precision), cross[some][:, columns, :]
        beta = inverse @ c
        rss = np.maximum(square[some] - np.einsum("mid,mid->md", beta, c), 1e-300)
        plain = which.prior + share - 0.5 * (which.log_det + np.linalg.slogdet(precision)[1])
        place = int(np.flatnonzero(columns == at)[0])
        se = np.sqrt(inverse[:, place, place][:, None] * rss / df)
        return plain[:, None] - 0.5 * df * np.log(rss), stdtr(df, -beta[:, place] / se)

    parts = [(*scored(noise, slice(None), straight, 0.0, 0.0), 0.0)]
    some, share = noise.sparse
    thin = replace(noise, log_det=noise.log_det[some], phi=noise.phi[some], drift=noise.drift[some])
    for bend in bends:
        for by in models._BY:
            own_share = share - float(np.log(len(bends) * len(models._BY)))
            part = scored(thin, some, np.r_[straight, bend], by, own_share)
            parts.append((*part, models.WARY))
    score = np.concatenate([part[0] for part in parts])
    tail = np.concatenate([part[1] for part in parts])
    wary = np.concatenate([np.full(len(part[0]), part[2]) for part in parts])
    found = []
    for more in (0.0 * wary, wary):
        weight = np.exp(score + more[:, None] - (score + more[:, None]).max(axis=0))
        below = (weight * tail).sum(axis=0) / weight.sum(axis=0)
        found.append(2 * np.minimum(below, 1 - below))
    return np.asarray(np.max(found, axis=0))


def series(
    before: int, after: int, phi: float, draws: int, rng: np.random.Generator
) -> list[Alarms]:
    """Whether each plan, and the fixed interval, raised an alarm, series by series."""
    error = rng.normal(size=(200 + before + after, draws))
    y = lfilter([1.0], [1.0, -phi], error, axis=0)[200:]
    when = np.arange(FEWEST_AFTER, after + 1)
    lays = [layout(before, int(k)) for k in when]
    z = np.array([
        -ndtri(np.concatenate([p_values(lay, y[: len(lay.y), c : c + 250])
                               for c in range(0, draws, 250)]) / 2)
        for lay in lays
    ])  # fmt: skip
    known = []
    for lay in lays:
        x = lay.x[:, ~lay.bends]
        known.append(1 / np.linalg.inv(x.T @ x)[int(np.argmax(lay.step)), int(np.argmax(lay.step))])
    paths = courses(together(known))
    alarms = {"fixed": (z > ndtri(1 - ALPHA / 2)).any(axis=0)}
    for name, plan in PLANS.items():
        own = plan if plan.planned is None else plan.model_copy(update={"planned": after})
        factor = bounds(paths, spent(when, own, ALPHA), ALPHA)
        alarms[name] = (z > factor[:, None]).any(axis=0)
    return [{name: bool(a[i]) for name, a in alarms.items()} for i in range(draws)]


def nulls(draws: int) -> dict[str, Callable[[], list[Alarms]]]:
    """Give every kind without an effect: what draws it so often."""

    def each(seed: int, one: Callable[[np.random.Generator], Alarms]) -> list[Alarms]:
        rng = np.random.default_rng(seed)
        return [one(rng) for _ in range(draws)]

    def panel(n: int, treated: int) -> list[Alarms]:
        def one(rng: np.random.Generator) -> Alarms:
            drawn = groups(rng, n, treated)
            return by_reassignment(drawn, assignments(n, treated, drawn.treated, rng)[:_WAYS])

        # too few ways to choose: the page shows the fixed look alone, and so does the table
        ways = assignments(n, treated, np.arange(n) < treated, np.random.default_rng(0))
        return each(10 * n + treated, one) if len(ways) * ALPHA >= _FEWEST else []

    def alone(before: int, after: int, phi: float) -> list[Alarms]:
        rng = np.random.default_rng([before, after, int(10 * phi)])
        return series(before, after, phi, draws, rng)

    kinds: dict[str, Callable[[], list[Alarms]]] = {
        "60 customers a side, values": lambda: each(1, lambda r: by_influence(customers(r, False))),
        "60 customers a side, shares": lambda: each(2, lambda r: by_influence(customers(r, True))),
        "scores, 12 others a side and month": lambda: each(3, lambda r: by_influence(scores(r))),
    }
    for n in (10, 20, 40):
        for k in (n // 2, 2):
            kinds[f"{n} groups, {k} treated"] = partial(panel, n, k)
    for before, after in ((12, 12), (24, 24), (48, 24)):
        for phi in (0.0, 0.3, 0.6):
            what = f"a series, {before} before and {after} after, phi {phi}"
            kinds[what] = partial(alone, before, after, phi)
    return kinds


def times(draws: int = 20_000) -> Iterator[str]:
    """Say how soon an effect is seen that a fixed trial sees with 80 %: independent customers."""
    for planned in (6, 12, 24):
        k, rng = np.arange(1, planned + 1), np.random.default_rng(planned)
        z = np.cumsum(rng.normal(size=(draws, planned)), axis=1) / np.sqrt(k)
        for name, plan in PLANS.items():
            if plan.planned is None:
                continue
            own = plan.model_copy(update={"planned": planned})
            factor = bounds(courses(together(list(k))), spent(k, own, ALPHA), ALPHA)
            low, high = 0.9, 2.0
            for _ in range(20):
                middle = (low + high) / 2
                drift = (ndtri(0.975) + ndtri(0.8)) * np.sqrt(middle * k / planned)
                seen = (np.abs(z + drift) > factor).any(axis=1).mean()
                low, high = (low, middle) if seen >= 0.8 else (middle, high)
            yield f"| {planned} planned, {name} | {high:.2f} at the last look (at most 1.4) |  |"
    for fixed in (4, 12, 24):
        last = 6 * fixed
        k, rng = np.arange(1, last + 1), np.random.default_rng(100 + fixed)
        factor = bounds(courses(together(list(k))), spent(k, PLANS["open"], ALPHA), ALPHA)
        z = np.cumsum(rng.normal(size=(draws, last)), axis=1) / np.sqrt(k)
        crossed = np.abs(z + (ndtri(0.975) + ndtri(0.8)) * np.sqrt(k / fixed)) > factor
        t = np.where(crossed.any(axis=1), crossed.argmax(axis=1) + 1, last) / fixed
        yield (
            f"| open, the fixed trial ends at look {fixed} | median {np.median(t):.2f} (1.3) |"
            f" mean {t.mean():.2f} (1.5) |"
        )


def main(draws: int, words: list[str]) -> None:
    """Measure kinds and write the page after each."""
    kept: dict[str, Any] = json.loads(ROWS.read_text()) if ROWS.exists() else {}
    kinds = nulls(draws)
    for what, measure in kinds.items():
        if words and not any(word in what for word in words):
            continue
        begin, spending._DRAWS = time.process_time(), _COURSES
        found = measure()
        kept[what] = [draws, *(round(float(np.mean([a[n] for a in found])), 4) for n in NAMES)]
        kept[what] = kept[what] if found else [0]
        print(what, kept[what], round(time.process_time() - begin), "s", flush=True)
        _write(kept, list(kinds))
    if not words or "times" in words:
        spending._DRAWS = 100_000
        kept["times"] = list(times())
        _write(kept, list(kinds))


def _write(kept: dict[str, Any], kinds: list[str]) -> None:
    ROWS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    lines = [
        "# Looks at a running measure",
        "",
        "`python -m benchmarks.looks 4000`: kinds without an effect, 24 looks"
        f" (12 and 24 after the start for series, the first at the eighth), {BEFORE} periods"
        " before. Share with a false alarm at any look; bound 5 %, met up to 5.7 % of 4,000.",
        "",
        "| kind | draws | " + " | ".join(NAMES) + " |",
        "|---|---|" + "---|" * len(NAMES),
    ]
    for what in [what for what in kinds if what in kept]:
        draws, *rates = kept[what]
        told = [f"{draws:,}", *(f"{rate:.4f}" for rate in rates)]
        told = told if draws else ["too few ways to choose", "the fixed look alone", "", "", "", ""]
        lines.append(f"| {what} | " + " | ".join(told) + " |")
    lines += [
        "",
        "How long until the same 80 % power, or a verdict, by the fixed trial's size:",
        "",
        "| looks | time | |",
        "|---|---|---|",
        *kept.get("times", []),
    ]
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4000, sys.argv[2:])
