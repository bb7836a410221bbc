"""How often a rule of whom to treat is believed, where customers differ and where they do not.

    python -m benchmarks.whom [draws] [cell ...]     rows of the table (in benchmarks/whom.md)

A thousand draws of a cell take four CPU minutes (none, same, line, step: each can be run alone, the
others' rows stay).

Five things are known of each customer; half are drawn by lot; the outcome has a unit variance
beside what is known. The target of a gain is that of the three rules that were tried, each worked
out on 20,000 fresh customers whose effects are known.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from workbench.arrays import Array
from workbench.impact.experiment.rules import (
    PriceTerms,
    Tried,
    learn_rule,
    over_steps,
    ranked,
    worth_of_all,
    worth_of_rule,
)
from workbench.impact.experiment.scores import Drawn, doubly_robust, folds_of, in_turn

PAGE, ROWS = Path(__file__).with_suffix(".md"), Path(__file__).with_suffix(".json")
#: Kind -> customers.
CELLS = {"none": 1000, "same": 1000, "line": 2000, "step": 2000}
WHAT = {
    "none": "no effect on anybody",
    "same": "the same effect (.3) on everybody",
    "line": ".1 + .3 x",
    "step": ".4 for half of them, -.2 for the others",
}


def effects(kind: str, x: Array) -> Array:
    """Effect on each customer."""
    return {
        "none": 0 * x[:, 0],
        "same": 0.3 + 0 * x[:, 0],
        "line": 0.1 + 0.3 * x[:, 0],
        "step": np.where(x[:, 0] > 0, 0.4, -0.2),
    }[kind]


def draw(kind: str, n: int, seed: int) -> tuple[bool, bool, bool, list[bool]]:
    """Whether a rule was believed, an order by AUTOC and by Qini, and both gains covered."""
    rng, terms = np.random.default_rng(seed), PriceTerms(1.0, np.zeros(2))
    x, arm = rng.normal(size=(n, 5)), rng.integers(0, 2, n)
    y = x[:, 1] + arm * effects(kind, x) + rng.normal(size=n)
    data = Drawn(y, arm, x, np.bincount(arm) / n)
    fresh = np.random.default_rng(1).normal(size=(20_000, 5))
    true = effects(kind, fresh)
    steps, brought = [], []
    for teach, test in in_turn(folds_of(arm, rng)):
        taught, tested = data.only(teach), data.only(test)
        rule = learn_rule(taught, terms, rng)
        scores = doubly_robust(taught, tested)
        steps.append(
            Tried(rule.foretells(tested.x), scores[:, 1:] - scores[:, :1], rule.choose(tested.x))
        )
        brought.append(float(np.where(rule.choose(fresh) == 1, true, 0.0).mean()))
    own, believed, covered = worth_of_rule(steps, terms), True, []
    for a in (0, 1):
        other = worth_of_all(steps, terms, a)
        gain = over_steps([p - q for p, q in zip(own, other, strict=True)])
        target = float(np.mean(brought)) - a * float(true.mean())
        low, high = gain.limits(0.95)
        covered.append(bool(low - 1e-12 <= target <= high + 1e-12))
        believed &= gain.value > 0 and gain.p < 0.05
    order = ranked(steps, 1, rng)
    return believed, order["AUTOC"].p < 0.05, order["Qini"].p < 0.05, covered


def main(draws: int, cells: list[str]) -> None:
    """Measure cells and write the page."""
    for kind in cells:
        n, begun = CELLS[kind], time.process_time()
        found = [draw(kind, n, seed) for seed in range(draws)]
        rates = [np.mean([f[k] for f in found]) for k in range(3)]
        covered = np.mean([f[3] for f in found], axis=0)
        measured = [*rates, *covered, time.process_time() - begun]
        rows = json.loads(ROWS.read_text()) if ROWS.exists() else {}
        rows[kind] = [n, draws, *(round(float(x), 4) for x in measured)]
        ROWS.write_text(json.dumps(rows, indent=1) + "\n")
        print(kind, rows[kind], flush=True)
        _write(rows)


def _write(rows: dict[str, list[float]]) -> None:
    head = [
        "effect", "customers", "draws", "rule believed", "AUTOC, p < .05", "Qini, p < .05",
        "gain over nobody covered", "gain over all covered", "CPU s",
    ]  # fmt: skip
    lines: list[list[object]] = [[*head], ["---"] * len(head)]
    for kind in [kind for kind in CELLS if kind in rows]:
        n, draws, *rates, seconds = rows[kind]
        lines.append([WHAT[kind], n, draws, *(f"{x:.3f}" for x in rates), f"{seconds:.0f}"])
    text = "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
    PAGE.write_text(f"# Whom a measure helps\n\n{__doc__}\n{text}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000, sys.argv[2:] or list(CELLS))
