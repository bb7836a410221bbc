"""Outcomes of units over periods, treated or not: the table that designs with a comparison need."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.arrays import Array, Mask
from workbench.errors import DataError
from workbench.impact.inputs.periods import period_label


class CaseError(DataError):
    """Data from which the effect of a measure cannot be judged."""


class SeveralStartsError(CaseError):
    """Units were treated from different times on, though known before."""


@dataclass(frozen=True)
class Panel:
    """Units by periods.

    Attributes
    ----------
    outcome : ndarray, shape (units, periods)
        Mean outcome of the cell, NaN where there is none.
    weight : ndarray, shape (units, periods)
        Records behind the cell.
    units, periods : Index
    treated : ndarray of bool, shape (units,)
    after : ndarray of bool, shape (periods,)
        Periods that lie wholly after the start.
    eligible : ndarray of bool, shape (units,)
        Units that met the rule by which the treated were chosen; all where no rule is known.
    start : Timestamp
    exclusions : DataFrame
        `reason`, `what`, `n`.
    block : ndarray of int, optional
        Block of each unit within which the lot was drawn.
    traits : ndarray, shape (units, k), optional
        What was known of each unit before, as numbers.
    """

    outcome: Array
    weight: Array
    units: pd.Index
    periods: pd.Index
    treated: Mask
    after: Mask
    eligible: Mask
    start: pd.Timestamp
    exclusions: pd.DataFrame = field(default_factory=pd.DataFrame)
    block: NDArray[np.int_] | None = None
    traits: Array | None = None

    @property
    def n_treated(self) -> int:
        """Number of treated units."""
        return int(self.treated.sum())

    @property
    def n_before(self) -> int:
        """Number of periods before the start."""
        return int((~self.after).sum())

    @property
    def n_after(self) -> int:
        """Number of periods after the start."""
        return int(self.after.sum())

    @property
    def complete(self) -> Mask:
        """Units that were seen in every period."""
        return np.asarray((self.weight > 0).all(axis=1))

    @property
    def sizes(self) -> dict[str, Any]:
        """What an effect tells of the panel that it comes from."""
        return {
            "n_units": len(self.units),
            "n_treated": self.n_treated,
            "n_before": self.n_before,
            "n_after": self.n_after,
            "start": self.start,
        }

    def select(self, units: Mask) -> Panel:
        """Keep some units only."""
        return Panel(
            self.outcome[units],
            self.weight[units],
            self.units[units],
            self.periods,
            self.treated[units],
            self.after,
            self.eligible[units],
            self.start,
            self.exclusions,
            None if self.block is None else self.block[units],
            None if self.traits is None else self.traits[units],
        )

    def means(self, periods: Mask) -> tuple[Array, Array]:
        """Weighted mean of each unit over some periods, and the weight behind it."""
        w = self.weight[:, periods]
        total = w.sum(axis=1)
        summed = np.where(w > 0, w * np.nan_to_num(self.outcome[:, periods]), 0.0).sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(total > 0, summed / total, np.nan), total

    def group_means(self, group: Mask) -> Array:
        """Weighted mean of a group in each period."""
        w = self.weight[group]
        total = w.sum(axis=0)
        summed = np.where(w > 0, w * np.nan_to_num(self.outcome[group]), 0.0).sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(total > 0, summed / total, np.nan)


def period_start(label: Any) -> pd.Timestamp:
    """First day of a period: a timestamp, `2024-H1`, `2024-Q3`, `2024-05`, `2024W07` or `2024`.

    Raises
    ------
    CaseError
        The label names no date.
    """
    if isinstance(label, pd.Timestamp | np.datetime64) or hasattr(label, "year"):
        return pd.Timestamp(label).tz_localize(None)
    text = _written(label)
    if match := re.fullmatch(r"(\d{4})\D{0,2}([HSQ])([1-4])", text, re.IGNORECASE):
        months = 3 if match[2].upper() == "Q" else 6
        return pd.Timestamp(int(match[1]), months * (int(match[3]) - 1) + 1, 1)
    if re.fullmatch(r"\d{4}", text):
        return pd.Timestamp(int(text), 1, 1)
    try:
        return pd.Timestamp(text)
    except ValueError:
        raise CaseError(
            "the period {period} names no date",
            remedy="label waves like 2024-H1, 2024-Q3 or 2024-05",
            period=repr(text),
        ) from None


def _written(label: Any) -> str:
    """Write a label as text; a year that a gap in its column made a decimal is a year."""
    whole = isinstance(label, float | np.floating) and float(label).is_integer()
    return str(int(label) if whole else label).strip()


def split_periods(periods: pd.Index, start: dt.date) -> tuple[Mask, Mask]:
    """Say which periods lie before the start and which after; one that contains it is neither.

    Raises
    ------
    CaseError
        The start lies outside the data.
    """
    start = pd.Timestamp(start)
    begins = pd.DatetimeIndex([period_start(p) for p in periods])
    after = np.asarray(begins >= start)
    before = ~after
    if before.any() and after.any():
        # the last period that began before the start may reach into the time after
        last = int(np.flatnonzero(before)[-1])
        before[last] = begins[last] + _length(periods[last], begins) <= start
    if not before.any():
        raise CaseError(
            "the start {start} lies before the data, which begin {first}",
            where="case.start",
            remedy="an evaluation needs time before the measure; bring earlier data",
            start=f"{start:%Y-%m-%d}",
            first=f"{begins.min():%Y-%m-%d}",
        )
    if not after.any():
        raise CaseError(
            "the start {start} lies after the data, whose last period is {last}",
            where="case.start",
            remedy="wait for data after the start, or correct the date",
            start=f"{start:%Y-%m-%d}",
            last=period_label(periods[-1]),
        )
    return before, after


def _length(label: Any, begins: pd.DatetimeIndex) -> pd.DateOffset | pd.Timedelta:
    """Length of a period: what its label says, else the shortest distance between two."""
    text = _written(label)
    months = {"H": 6, "S": 6, "Q": 3}
    if not isinstance(label, pd.Timestamp):
        if match := re.fullmatch(r"\d{4}\D{0,2}([HSQ])[1-4]", text, re.IGNORECASE):
            return pd.DateOffset(months=months[match[1].upper()])
        if re.fullmatch(r"\d{4}", text):
            return pd.DateOffset(years=1)
        if re.fullmatch(r"\d{4}-\d{2}", text):
            return pd.DateOffset(months=1)
    gaps = np.diff(begins.to_numpy()).astype("timedelta64[D]").astype(int)
    return pd.Timedelta(days=int(gaps.min())) if gaps.size else pd.Timedelta(days=0)


def read_panel(
    frame: pd.DataFrame,
    treated: Mapping[Any, Any] | pd.Series,
    *,
    start: Any,
    unit: str = "customer_id",
    period: str = "period",
    outcome: str = "estimate",
    weight: str | None = None,
) -> Panel:
    """Arrange records as units by periods.

    Parameters
    ----------
    frame : DataFrame
        One row a unit and period, or several when `unit` groups customers (a city): these are
        averaged, each record counting once or by `weight`.
    treated : mapping or Series
        Treated unit -> first day of the measure (or True).
    start : date
        First day of the measure.
    unit, period, outcome, weight : str
        Columns.

    Raises
    ------
    CaseError
        Columns missing; a start outside the data; treated units that do not occur, are never seen
        before or after; nobody left to compare with; a constant outcome; several starts; a
        unit and period twice where units are single customers.

    Examples
    --------
    >>> import pandas as pd
    >>> from workbench.impact import read_panel
    >>> months = pd.date_range("2025-01-01", periods=6, freq="MS")
    >>> records = pd.DataFrame([
    ...     {"city": city, "period": month, "estimate": 10.0 + k + (city == "A")}
    ...     for city in "ABCD" for k, month in enumerate(months)
    ... ])
    >>> panel = read_panel(records, {"A": True, "B": True}, start="2025-04-01", unit="city")
    >>> int(panel.treated.sum()), int(panel.after.sum())
    (2, 3)
    """
    check_columns(frame, [unit, period, outcome, *([weight] if weight else [])])
    begin = pd.Timestamp(start).tz_localize(None)
    treated = pd.Series(dict(treated))
    cells = read_cells(frame, unit=unit, period=period, outcome=outcome, weight=weight)
    before, after = split_periods(cells.periods, begin)
    keep = before | after
    notes = [
        *cells.notes,
        ("the period contains the start", "periods", int((~keep).sum())),
        ("missing from the calendar", "periods", len(calendar_gaps(cells.periods))),
    ]
    index = cells.units
    panel = Panel(
        outcome=cells.outcome[:, keep],
        weight=cells.weight[:, keep],
        units=index,
        periods=cells.periods[keep],
        treated=np.asarray(index.isin(treated.index)),
        after=after[keep],
        eligible=np.ones(len(index), dtype=bool),
        start=begin,
    )
    known = panel.units[panel.weight[:, ~panel.after].sum(axis=1) > 0]
    _check_starts(treated, begin, known)
    _check_units(panel, treated)
    said = [note for note in notes if note[2]]
    return replace(panel, exclusions=pd.DataFrame(said, columns=["reason", "what", "n"]))


@dataclass(frozen=True)
class Cells:
    """Records gathered by unit and period.

    Attributes
    ----------
    outcome, weight : ndarray, shape (units, periods)
    units, periods : Index
    notes : tuple of (reason, what, n)
        What was left out.
    """

    outcome: Array
    weight: Array
    units: pd.Index
    periods: pd.Index
    notes: tuple[tuple[str, str, int], ...]


def check_columns(
    frame: pd.DataFrame, columns: Sequence[str], where: str = "outcome table"
) -> None:
    """Refuse a table without the columns that are needed."""
    absent = [c for c in columns if c not in frame]
    if absent:
        raise CaseError(
            "there is no column {name}",
            where=where,
            remedy="its columns are {names}",
            name=", ".join(map(repr, absent)),
            names=", ".join(map(str, frame.columns)),
        )


def read_cells(
    frame: pd.DataFrame, *, unit: str, period: str, outcome: str, weight: str | None = None
) -> Cells:
    """Average the records of each unit and period.

    Several records of a unit and period are averaged where `customer_id` says whose they are;
    otherwise a second one is an error.

    Raises
    ------
    CaseError
        A customer (or unit) and period twice; no usable record.
    """
    who = "customer_id" if "customer_id" in frame else unit
    if frame.duplicated([who, period]).any():
        twice = frame[frame.duplicated([who, period])]
        raise CaseError(
            "{n} customers and periods occur more than once, first {who} in {when}"
            if who == "customer_id"
            else "{n} units and periods occur more than once, first {who} in {when}",
            where="outcome table",
            remedy="give one row a customer and period"
            if who == "customer_id"
            else "give one row a unit and period",
            n=len(twice),
            who=twice[who].iloc[0],
            when=period_label(twice[period].iloc[0]),
        )
    values = pd.to_numeric(frame[outcome], errors="coerce").to_numpy(dtype=float)
    weights = np.ones(len(frame)) if weight is None else frame[weight].to_numpy(dtype=float)
    known = frame[unit].notna().to_numpy() & frame[period].notna().to_numpy()
    usable = known & np.isfinite(values) & (weights > 0) & np.isfinite(weights)
    left = int((~usable).sum())
    if left:
        frame, values, weights = frame[usable], values[usable], weights[usable]
    rows, units = pd.factorize(frame[unit], sort=True)
    columns_at, periods = pd.factorize(frame[period], sort=True)
    if not len(rows):
        raise CaseError(
            "there is no outcome to compare",
            where=f"column {outcome!r}",
            remedy="check the indicator and the period",
        )
    size = (len(units), len(periods))
    cell = rows * size[1] + columns_at
    count = size[0] * size[1]
    w = np.bincount(cell, weights, minlength=count).astype(float).reshape(size)
    total = np.bincount(cell, weights * values, minlength=count).reshape(size)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(w > 0, total / w, np.nan)
    return Cells(mean, w, pd.Index(units), pd.Index(periods), (("no value", "records", left),))


def calendar_gaps(periods: pd.Index) -> list[str]:
    """Periods that the calendar lacks between its first and its last."""
    begins = pd.DatetimeIndex([period_start(p) for p in periods])
    if len(begins) < 3:
        return []
    months = (begins.year * 12 + begins.month).to_numpy()
    by_month = bool((begins.day == begins.day[0]).all()) and bool((np.diff(months) > 0).all())
    place = months if by_month else ((begins - begins[0]).days).to_numpy()
    step = int(np.diff(place).min())
    # where distances are no multiples of the shortest the calendar has no step to miss
    if step < 1 or (np.diff(place) % step).any():
        return []
    unit = pd.DateOffset(months=step) if by_month else pd.DateOffset(days=step)
    missing = []
    for i in np.flatnonzero(np.diff(place) > step).tolist():
        day = begins[i] + unit
        while day < begins[i + 1]:
            missing.append(f"{day:%Y-%m-%d}")
            day = day + unit
    return missing


def _check_starts(treated: pd.Series, begin: pd.Timestamp, known: pd.Index) -> None:
    """Refuse starts that differ; only units not known before may have joined later."""
    if treated.empty:
        raise CaseError(
            "nobody was treated",
            where="treatments",
            remedy="list the treated units, or declare the case as chosen: everybody",
        )
    dated = treated[[not isinstance(v, bool | np.bool_) for v in treated]]
    dates = pd.to_datetime(dated, errors="coerce").dropna().dt.tz_localize(None)
    early = dates[dates < begin]
    late = dates[(dates > begin) & dates.index.isin(known)]
    if len(early):
        raise CaseError(
            "the case starts {start}, but {n} units were treated from {first}",
            where="treatments.start",
            remedy="make the dates agree",
            start=f"{begin:%Y-%m-%d}",
            n=len(early),
            first=f"{early.min():%Y-%m-%d}",
        )
    if len(late):
        raise SeveralStartsError(
            "{n} of {all} units were treated later than {start}, up to {last}, though they were"
            " known before",
            where="treatments.start",
            remedy="read them with read_adoption, which lets each unit have its own start",
            n=len(late),
            all=len(treated),
            start=f"{begin:%Y-%m-%d}",
            last=f"{late.max():%Y-%m-%d}",
        )


def _check_units(panel: Panel, treated: pd.Series) -> None:
    if not panel.treated.any():
        raise CaseError(
            "none of the {n} treated units occurs in the outcome",
            where="treatments",
            remedy="check that both tables name units in the same way",
            n=len(treated),
        )
    seen_before = panel.weight[:, ~panel.after].sum(axis=1) > 0
    seen_after = panel.weight[:, panel.after].sum(axis=1) > 0
    for name, seen in (("before", seen_before), ("after", seen_after)):
        if not (panel.treated & seen).any():
            raise CaseError(
                "no treated unit was ever observed {time} the start",
                where="outcome table",
                remedy="a change needs both; bring more data",
                time=name,
            )
    check_constant(panel.outcome[panel.weight > 0])


def check_logs(values: Array | pd.Series, where: str, remedy: str) -> None:
    """Refuse values that have no logarithm."""
    if low := int((values <= 0).sum()):
        raise CaseError("{n} values are zero or below", where=where, remedy=remedy, n=low)


def check_constant(values: Array) -> None:
    """Refuse an outcome that never varies."""
    if np.ptp(values) < 1e-12 * max(1.0, float(np.abs(values).max())):
        raise CaseError(
            "the outcome is {value} everywhere",
            where="outcome table",
            remedy="check the indicator; nothing can be learnt from a constant",
            value=f"{values[0]:g}",
        )


def check_sides_vary(panel: Panel, *, groups: bool) -> None:
    """Refuse a side on which all units change exactly alike: zero variance is no certainty.

    Customers without the measure may all stay at one value (nobody bought); the treated, who carry
    the answer, and groups of customers on either side, do not.

    Raises
    ------
    CaseError
        All units of such a side have one change in common.
    """
    change = panel.means(panel.after)[0] - panel.means(~panel.after)[0]
    known = np.isfinite(change)
    seen = np.abs(panel.outcome[panel.weight > 0])
    least = 1e-9 * max(float(seen.max(initial=0.0)), 1e-300)
    for who, side in (("treated", panel.treated), ("comparison", ~panel.treated)):
        own = change[side & known]
        if len(own) >= 2 and np.ptp(own) <= least and (groups or who == "treated"):
            raise CaseError(
                "all {n} {who} units change exactly alike",
                where="outcome table",
                remedy="zero variance is no certainty; check whether these are counts of few,"
                " rounded or filled in",
                n=len(own),
                who=who,
            )
