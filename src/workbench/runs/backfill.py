"""A study's past, run day by day as it would have been seen: what its numbers would have said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from workbench.errors import WorkbenchError
from workbench.runs.records.record import SEEN_RUNS, list_runs

if TYPE_CHECKING:
    import pandas as pd

    from workbench.runs.records.record import RunRecord
    from workbench.study import Study

Every = Literal["week", "month", "quarter", "year"]


def last_days(every: Every, start: date, end: date) -> list[date]:
    """Give the last day of each period that ends between two days, these included.

    Parameters
    ----------
    every : {"week", "month", "quarter", "year"}
        Weeks end on Sundays.
    start, end : date

    Raises
    ------
    WorkbenchError
        If none does.
    """
    if every not in get_args(Every):
        raise WorkbenchError(
            f"there is no period {every!r}", remedy=f"use one of {', '.join(get_args(Every))}"
        )
    days = (start + timedelta(n) for n in range((end - start).days + 1))
    found = [day for day in days if _ends(every, day)]
    if not found:
        raise WorkbenchError(
            f"no {every} ends between {start} and {end}",
            remedy="name an earlier --from or a later --to",
        )
    return found


def _ends(every: Every, day: date) -> bool:
    after = day + timedelta(1)
    if every == "week":
        return after.weekday() == 0
    months = {"month": 1, "quarter": 3, "year": 12}[every]
    return after.day == 1 and (after.month - 1) % months == 0


def backfill(
    study: Study, days: Sequence[date], run: Callable[[Study], RunRecord]
) -> Iterator[RunRecord]:
    """Run a study as it would have been seen on each of some days, the earliest first.

    Parameters
    ----------
    study : Study
    days : sequence of date
        None after the study's `as_of`, which is looked at before the first run.
    run : callable
        Runs a study that is seen on a day.

    Raises
    ------
    StudyError
        A day that the study does not know yet.
    """
    from workbench.study import seen_on

    seen = [seen_on(study, day) for day in sorted(set(days))]
    for each in seen:
        yield run(each)


def seen_history(folder: Path, name: str | None = None) -> pd.DataFrame:
    """Read the headline numbers of a study as they would have been read on earlier days.

    Parameters
    ----------
    folder : Path
        ``runs/<study>``.
    name : str, optional
        One number; all by default.

    Returns
    -------
    DataFrame
        As `workbench.runs.metric_history`, with the column as_of (first); of each day its newest
        run, in the order of the days.
    """
    import pandas as pd

    from workbench.runs.records.history import metric_history

    place = folder / SEEN_RUNS
    newest = {run.as_of: run.run for run in reversed(list_runs(place))}
    of_day = pd.Series({run: day for day, run in newest.items()}, dtype=object)
    history = metric_history(place, name)
    history.insert(0, "as_of", pd.to_datetime(history["run"].map(of_day)))
    history = history.dropna(subset=["as_of"])
    return history.sort_values(["name", "case", "as_of"], kind="stable", ignore_index=True)
