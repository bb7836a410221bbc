"""The record of an indicator: its measured values on a regular grid of periods."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.arrays import Array
from workbench.errors import DataError
from workbench.languages.numbers import digits_as_set
from workbench.results import Estimate
from workbench.results.estimate import Kind
from workbench.units import MONTHS, PERIODS_A_YEAR

#: How the values of each kind of indicator are written.
WRITTEN: Final[dict[str, Kind]] = {
    "share": "percent", "ratio": "percent", "points": "points", "money": "money",
}  # fmt: skip
_LABEL: Final = re.compile(r"(\d{4})(?:[-_ ]?([HQMWS])?(\d{1,2}))?$", re.IGNORECASE)


class GoalError(DataError):
    """A goal that the data do not let one judge, or a record that cannot be read."""


class WithheldError(GoalError):
    """A record of which every value would tell a single customer's."""


def quantity(x: float, form: Kind, unit: str, *, as_set: bool = False) -> Estimate | None:
    """Give a value of an indicator in its form and unit; see `IndicatorRecord.quantity`."""
    if not np.isfinite(x):
        return None
    x = float(x if as_set else f"{x:.3g}")
    return Estimate(x, kind=form, unit=unit, digits=digits_as_set(x, form))


@dataclass(frozen=True)
class IndicatorRecord:
    """Measured values of an indicator, in order of time.

    Attributes
    ----------
    start : ndarray of datetime64[D]
        First day of each period.
    end : ndarray of datetime64[D]
        First day after each period.
    step : ndarray of int
        Number of the period, from the first one on; gaps leave numbers out.
    value, se : ndarray
        Measured values and their standard errors (NaN where unknown).
    n : ndarray
        Answers, customers or orders behind each value.
    kind : str
        week, month, quarter, half-year or year.
    counted : bool
        Whether the values are shares of countable units.
    form : str
        How the values are written: number, percent, points or money.
    unit : str
        Unit of plain numbers, such as hours.
    bounds : tuple of float
        Between which values can lie at all: 0 and 1 for shares.
    withheld : int
        Whole periods whose value would tell a single customer's, and is not here.
    """

    start: NDArray[np.datetime64]
    end: NDArray[np.datetime64]
    step: NDArray[np.int64]
    value: Array
    se: Array
    n: Array
    kind: str
    counted: bool = False
    form: Kind = "number"
    unit: str = ""
    bounds: tuple[float, float] = (-np.inf, np.inf)
    withheld: int = 0

    def quantity(self, x: float, *, as_set: bool = False) -> Estimate | None:
        """Give a value of the indicator as readers see it, in its own unit; None for none.

        With `as_set` it has the digits with which somebody set it, else three that count.
        """
        return quantity(x, self.form, self.unit, as_set=as_set)

    def until(self, step: int) -> IndicatorRecord:
        """Return the part up to and with a period; at least the first value."""
        keep = max(int(np.searchsorted(self.step, step, side="right")), 1)
        return replace(
            self,
            start=self.start[:keep],
            end=self.end[:keep],
            step=self.step[:keep],
            value=self.value[:keep],
            se=self.se[:keep],
            n=self.n[:keep],
        )

    @property
    def season_length(self) -> int:
        """Periods in a year."""
        return PERIODS_A_YEAR[self.kind]

    def step_of(self, day: dt.date) -> int:
        """Return the number of the last period that is over on a day, its last day counting."""
        after = np.datetime64(day) + np.timedelta64(1, "D")
        if self.kind == "week":
            return int((after - self.start[0]).astype(int) // 7) - 1
        months = int(
            (after.astype("datetime64[M]") - self.start[0].astype("datetime64[M]")).astype(int)
        )
        return months // MONTHS[self.kind] - 1

    def day_of(self, step: int) -> dt.date:
        """First day of the period of that number."""
        if self.kind == "week":
            return pd.Timestamp(self.start[0] + np.timedelta64(7 * step, "D")).date()
        first = self.start[0].astype("datetime64[M]") + step * MONTHS[self.kind]
        return pd.Timestamp(first.astype("datetime64[D]")).date()


def read_record(frame: pd.DataFrame, *, name: str = "") -> IndicatorRecord:
    """Read the path of an indicator.

    Parameters
    ----------
    frame : DataFrame
        Columns period (first day, or a label such as 2024-H1, 2024-Q3, 2024-05, 2024) and
        estimate; optional n, sd (of one unit) or se, withheld, and complete (False rows are left
        out).
    name : str
        For errors.

    Raises
    ------
    GoalError
        If a column is missing, a label cannot be read, a period appears twice or no value is
        there.
    """
    where = f"record of {name!r}" if name else "record"
    for column in ("period", "estimate"):
        if column not in frame.columns:
            raise GoalError(
                f"column {column!r} is missing", where=where, remedy="give period and estimate"
            )
    rows = frame
    if "complete" in rows.columns:
        rows = rows[rows["complete"].astype(bool)]
    withheld = int(rows["withheld"].sum()) if "withheld" in rows else 0
    rows = rows[np.isfinite(pd.to_numeric(rows["estimate"], errors="coerce"))]
    if rows.empty and withheld:
        raise WithheldError(
            "every period would tell a single customer's value, and is withheld",
            where=where,
            remedy="ask for longer periods, or for larger groups",
        )
    if rows.empty:
        raise GoalError(
            "there is no measured value", where=where, remedy="check the indicator and its table"
        )
    starts, kind = _starts(list(rows["period"]), where)
    order = np.argsort(starts, kind="stable")
    starts, rows = starts[order], rows.iloc[order]
    if (np.diff(starts) <= np.timedelta64(0, "D")).any():
        twice = starts[1:][np.diff(starts) <= np.timedelta64(0, "D")][0]
        raise GoalError(
            f"period {twice} appears twice", where=where, remedy="give one row a period"
        )
    value = rows["estimate"].to_numpy(dtype=np.float64)
    n = rows["n"].to_numpy(dtype=np.float64) if "n" in rows else np.full(value.size, np.nan)
    if "se" in rows:
        se = rows["se"].to_numpy(dtype=np.float64)
    elif "sd" in rows:
        se = rows["sd"].to_numpy(dtype=np.float64) / np.sqrt(np.maximum(n, 1))
    else:
        se = np.full(value.size, np.nan)
    if kind == "week":
        step = (starts - starts[0]).astype(np.int64) // 7
        end = starts + np.timedelta64(7, "D")
    else:
        months = starts.astype("datetime64[M]")
        step = (months - months[0]).astype(np.int64) // MONTHS[kind]
        end = (months + MONTHS[kind]).astype("datetime64[D]")
    about = frame.attrs.get("indicator", {})
    unit = str(about.get("unit", ""))
    form: Kind = "points" if unit.endswith("points") else "number"
    form = WRITTEN.get(about.get("kind", ""), form)
    known = np.where(se > 0, se, np.nan)
    return IndicatorRecord(
        starts, end, step, value, known, n, kind, about.get("kind") == "share", form,
        unit if form == "number" else "",
        (0.0, 1.0) if about.get("kind") == "share" else (-np.inf, np.inf),
        withheld,
    )  # fmt: skip


def _starts(periods: Sequence[Any], where: str) -> tuple[NDArray[np.datetime64], str]:
    if all(isinstance(p, str) for p in periods):
        read = [_label(p, where) for p in periods]
        kinds = {kind for _, kind in read}
        if len(kinds) > 1:
            raise GoalError(
                f"periods of several kinds: {', '.join(sorted(kinds))}",
                where=where,
                remedy="give them all by quarter, say",
            )
        return np.array([s for s, _ in read], dtype="datetime64[D]"), kinds.pop()
    try:
        stamps = pd.to_datetime(pd.Series(periods)).to_numpy().astype("datetime64[D]")
    except (TypeError, ValueError):
        raise GoalError(
            f"periods such as {periods[0]!r} cannot be read",
            where=where,
            remedy="give first days, or labels such as 2024-H1 or 2024-Q3",
        ) from None
    return stamps, _kind_of(stamps)


def _kind_of(starts: NDArray[np.datetime64]) -> str:
    if (starts != starts.astype("datetime64[M]")).any():
        return "week"
    months = np.unique(np.sort(starts).astype("datetime64[M]"))
    steps = np.diff(months).astype(np.int64)
    if steps.size == 0:
        return "month"
    common = int(np.gcd.reduce(steps))
    return next((k for k in ("year", "half-year", "quarter") if common % MONTHS[k] == 0), "month")


def _label(label: str, where: str) -> tuple[np.datetime64, str]:
    found = _LABEL.fullmatch(label.strip())
    if found:
        year, letter, number = found[1], (found[2] or "M").upper(), int(found[3] or 0)
        letter = "H" if letter == "S" else letter
        if not found[3]:
            return np.datetime64(f"{year}-01-01"), "year"
        size, kind = {"H": (6, "half-year"), "Q": (3, "quarter"), "M": (1, "month")}.get(
            letter, (0, "")
        )
        if size and 1 <= number <= 12 // size:
            first = np.datetime64(year, "M") + (number - 1) * size
            return first.astype("datetime64[D]"), kind
    raise GoalError(
        f"the period {label!r} cannot be read",
        where=where,
        remedy="write 2024-H1, 2024-Q3, 2024-05 or 2024",
    )
