"""One measurement of the segmentation in a process of its own; prints seconds and memory."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd


def main() -> None:
    part, folder = sys.argv[1], Path(sys.argv[2])
    work = {"rfm": _rfm, "engine": _engine, "kmeans": _kmeans, "notebook": _notebook}[part](folder)
    start, used = time.perf_counter(), time.process_time()
    work()
    seconds, cpu = time.perf_counter() - start, time.process_time() - used
    # not getrusage: that remembers the process this one was forked from
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
    print(json.dumps({"seconds": seconds, "cpu": cpu, "megabytes": peak}))


def _measures(folder: Path) -> pd.DataFrame:
    n = len(pd.read_parquet(folder / "customers.parquet", columns=["customer_id"]))
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "days_since_last": rng.integers(0, 1000, n),
            "orders": rng.geometric(1 / 3, n),
            "spend": rng.lognormal(3.5, 1, n).round(2),
        }
    )


def _rfm(folder: Path):
    from workbench.data import score_measures
    from workbench.segments import name_customers

    measures = _measures(folder)
    measures.insert(0, "customer_id", np.arange(len(measures)))

    def work(customers: pd.DataFrame = measures) -> None:
        scored = score_measures(customers)
        name_customers(scored.frame(), levels=scored.levels)

    work(measures.head(1000))
    return work


def _engine(folder: Path):
    from workbench.data import open_tables, rfm_scores
    from workbench.study import load_study

    tables = open_tables(load_study(folder))
    tables.expr("transactions")
    return lambda: rfm_scores(tables).combinations()


def _kmeans(folder: Path):
    from workbench.segments.clusters.methods import fit_groups, prepare

    X = prepare(_measures(folder)).matrix
    fit_groups(X[:1000], 5, np.random.default_rng(2))
    return lambda: fit_groups(X, 5, np.random.default_rng(2)).predict(X)


def _notebook(folder: Path):
    import os
    import tempfile

    import nbformat

    from workbench.data import open_tables
    from workbench.study import load_study

    root = Path(__file__).parents[1]
    os.environ["WORKBENCH_RUN"] = tempfile.mkdtemp()
    os.environ["WORKBENCH_NOTEBOOK"] = "segmentation"
    os.environ["WORKBENCH_LANGUAGES"] = "en"
    os.environ["WORKBENCH_READS"] = "[]"
    # a run finds its tables cleaned by the notebook on data quality
    tables = open_tables(load_study(folder))
    for name in tables.names:
        tables.expr(name)
    tables.engine.close()
    notebook = nbformat.read(root / "notebooks" / "segmentation.ipynb", as_version=4)
    cells = [c.source for c in notebook.cells if c.cell_type == "code"]

    def work() -> None:
        from IPython.core.interactiveshell import InteractiveShell
        from IPython.utils.capture import capture_output

        shell = InteractiveShell.instance()
        for at, source in enumerate(cells):
            with capture_output():
                result = shell.run_cell(source if at else source + f"\nstudy = {str(folder)!r}")
            result.raise_error()

    return work


if __name__ == "__main__":
    main()
