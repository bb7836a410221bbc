"""Runs that see the study on an earlier day, beside the present and never taken for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pandas as pd
import pytest

from tests.runs.conftest import Project
from workbench.errors import WorkbenchError
from workbench.runs import last_run, metric_history
from workbench.runs.backfill import backfill, last_days, seen_history
from workbench.runs.records.record import history_of


@pytest.mark.parametrize(
    ("every", "days"),
    [
        ("month", ["2024-02-29", "2024-03-31"]),
        ("quarter", ["2024-03-31"]),
        ("week", [f"2024-{d}" for d in ("02-25", "03-03", "03-10", "03-17", "03-24", "03-31")]),
    ],
)
def test_the_last_days_of_periods(every: str, days: list[str]) -> None:
    found = last_days(every, dt.date(2024, 2, 20), dt.date(2024, 3, 31))  # type: ignore[arg-type]
    assert [str(day) for day in found] == days


def test_a_span_in_which_no_period_ends_is_refused() -> None:
    with pytest.raises(WorkbenchError, match="no year ends between"):
        last_days("year", dt.date(2024, 2, 1), dt.date(2024, 12, 30))


SUMS = """
import workbench as wb
from workbench.results import Estimate
run = wb.open_run(study)
log = run.table("transactions")
run.headline("sales", Estimate(float(log["amount"].sum()), label="sales", kind="number"))
before = run.previous().get("sums", {}).get("sales")
run.save("seen", __import__("pandas").DataFrame(
    {"as_of": [str(run.as_of)], "before": [before.value if before else None]}
))
"""


def test_days_of_the_past_are_run_beside_the_present(shared: Callable[..., Project]) -> None:
    project = shared(sums={})
    project.write("sums", SUMS)
    present = project.run()
    days = [dt.date(2025, 11, 30), dt.date(2025, 1, 31), dt.date(2025, 2, 28)]
    seen = list(backfill(project.study, days, lambda study: project.run(study=study)))
    assert [run.as_of for run in seen] == ["2025-01-31", "2025-02-28", "2025-11-30"]
    history = seen_history(project.runs, "sales")
    assert history["value"].tolist() == [3.5, 4.5, 9.0]
    # the number before is that of the day before, not the present's
    before = [pd.read_parquet(run.folder / "results/sums/seen.parquet").iloc[0] for run in seen]
    assert [row["before"] for row in before][1:] == [3.5, 4.5]
    assert before[0]["before"] is None
    # and the present does not know of them
    last = last_run(project.runs)
    assert last is not None
    assert last.run == present.run
    assert metric_history(project.runs)["value"].tolist() == [9.0]

    # a day run again sees the day before it, not what came later: nothing is executed again
    (again,) = backfill(project.study, days[2:], lambda study: project.run(study=study))
    assert again.notebooks["sums"].status == "cached"
    assert len(seen_history(project.runs, "sales")) == 3


def test_a_day_that_has_not_come_is_refused_before_the_first_run(
    project: Callable[..., Project],
) -> None:
    tiny = project(good={})
    days = [dt.date(2025, 1, 31), dt.date(2026, 1, 31)]
    with pytest.raises(WorkbenchError, match="2026-01-31 lies after as_of"):
        list(backfill(tiny.study, days, lambda study: tiny.run(study=study)))
    assert not history_of(tiny.root, tiny.study.name, days[0]).exists()
