"""Who the customers of a large log are, and what they will bring, without a notebook.

`python -m benchmarks.large_model FOLDER` tells of each step its CPU seconds, and of the process the
peak of its memory: the summary of customers and RFM in the engine, which writes to disk what does
not fit; BG/NBD and the model of spend over all customers; their value.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

COLUMNS = ("frequency", "recency", "age", "mean_spend")
#: Customers who are valued at once.
AT_ONCE = 1_000_000


def main(folder: Path) -> None:
    """Take the steps one after another."""
    from workbench.clv import BetaGeometric, GammaGamma, bootstrap_parameters
    from workbench.data import customer_summary, open_tables, rfm_scores
    from workbench.study import read_card

    told: dict[str, Any] = {}

    @contextmanager
    def step(name: str) -> Iterator[None]:
        begin = time.process_time()
        yield
        told[name] = round(time.process_time() - begin, 1)
        told[f"{name}, MB"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        print(json.dumps(told), file=sys.stderr, flush=True)

    tables = open_tables(read_card(folder / "study.yml"), cache=False)
    with step("RFM"):
        scores = rfm_scores(tables)
        told["combinations of scores"] = len(scores.combinations())
    with step("summary"):
        found = customer_summary(tables)
        # the ids stay in the engine: models ask for numbers alone
        rows = found.engine.run(found.expr.select(*COLUMNS), "customers")
        rows.attrs["time_unit"] = found.time_unit
    tables.engine.close()
    told["customers"] = len(rows)
    with step("BG/NBD"):
        bought = BetaGeometric.from_frame(rows, unit=found.time_unit).fit()
    with step("spend"):
        spent = GammaGamma.from_frame(rows, nonpositive="drop").fit()
    with step("value"):
        draws = bootstrap_parameters(bought, spent, rng=np.random.default_rng(1), draws=100)
        total, slope = 0.0, np.zeros(draws.shape[1])
        for begin in range(0, len(rows), AT_ONCE):
            x, t_x, age, mean = (rows[c].iloc[begin : begin + AT_ONCE] for c in COLUMNS)
            later = bought.dert(0.1, x, t_x, age, horizon=52)
            worth = later.times(spent.expected_spend(x, mean.fillna(0.0)))
            own = float(worth.estimate.sum())
            total += own
            slope += own * worth.log_slope(np.ones(len(x)))
        error = float(np.sqrt(slope @ np.cov(draws, rowvar=False) @ slope)) / total
        ends = (total * float(np.exp(side * 1.96 * error)) for side in (-1, 1))
        told["total"] = [round(number) for number in (total, *ends)]
    told["params"] = [round(float(p), 4) for p in bought.params]
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
