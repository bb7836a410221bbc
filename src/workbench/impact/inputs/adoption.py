"""Units that took a measure up at different times: the panel that staggered designs need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.arrays import Array, Mask
from workbench.impact.inputs.panel import (
    CaseError,
    calendar_gaps,
    check_columns,
    check_constant,
    period_start,
    read_cells,
)
from workbench.impact.inputs.periods import period_label


@dataclass(frozen=True)
class Adoption:
    """Units by periods, and when each unit was first treated.

    Attributes
    ----------
    outcome, weight : ndarray, shape (units, periods)
        Mean outcome of the cell (NaN where there is none) and the records behind it.
    units, periods : Index
    first : ndarray of int, shape (units,)
        Place of the first treated period; the number of periods for units never treated.
    covariates : ndarray, shape (units, k)
        As they were in the first period in which the unit was seen.
    size : ndarray, shape (units,)
        Weight of a unit in averages; one unless given.
    exclusions : DataFrame
        `reason`, `what`, `n`.
    """

    outcome: Array
    weight: Array
    units: pd.Index
    periods: pd.Index
    first: NDArray[np.int_]
    covariates: Array
    size: Array
    names: tuple[str, ...] = ()
    exclusions: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def never(self) -> int:
        """Value of `first` for units that were not treated within the data."""
        return len(self.periods)

    @property
    def starts(self) -> NDArray[np.int_]:
        """Places of the periods in which some unit was first treated."""
        return np.unique(self.first[self.first < self.never])

    @property
    def treatment(self) -> Array:
        """One where a unit was treated, shape (units, periods)."""
        return (np.arange(self.never)[None, :] >= self.first[:, None]).astype(float)

    def select(self, units: Mask) -> Adoption:
        """Keep some units only."""
        return replace(
            self,
            outcome=self.outcome[units],
            weight=self.weight[units],
            units=self.units[units],
            first=self.first[units],
            covariates=self.covariates[units],
            size=self.size[units],
        )


def read_adoption(
    frame: pd.DataFrame,
    starts: Mapping[Any, Any] | pd.Series | str,
    *,
    unit: str = "customer_id",
    period: str = "period",
    outcome: str = "estimate",
    covariates: Sequence[str] = (),
    size: str | None = None,
) -> Adoption:
    """Arrange records as units by periods, with each unit's own start.

    Parameters
    ----------
    frame : DataFrame
        One row a unit and period (customers' rows are averaged where `unit` groups customers).
    starts : mapping, Series or str
        Unit -> date or period of its first treatment; missing, zero or absent for units never
        treated. Or the column that says so. A period that contains the start counts as treated.
    unit, period, outcome : str
        Columns.
    covariates : sequence of str
        Columns with what units were like before; the first value seen is taken.
    size : str, optional
        Column with the weight of a unit, say its customers; its mean over the periods is taken.

    Raises
    ------
    CaseError
        Columns missing; a unit and period twice; a constant outcome; gaps in the calendar; nobody
        treated within the data; nobody to compare with; treated units never seen before.
    """
    columns = [unit, period, outcome, *covariates, *([size] if size else [])]
    check_columns(frame, [*columns, *([starts] if isinstance(starts, str) else [])])
    cells = read_cells(frame, unit=unit, period=period, outcome=outcome)
    if missing := calendar_gaps(cells.periods):
        raise CaseError(
            "the calendar has gaps: {when} and {n} more periods are missing"
            if len(missing) > 1
            else "the calendar has a gap: {when} is missing",
            where=f"column {period!r}",
            remedy="time since the start is counted in periods; bring the missing ones",
            when=missing[0],
            n=len(missing) - 1,
        )
    start_of = frame.groupby(unit)[starts].first() if isinstance(starts, str) else starts
    first, notes = _first(pd.Series(dict(start_of)), cells.units, cells.periods)
    ordered = frame.sort_values(period, kind="stable").groupby(unit)
    x = ordered[list(covariates)].first().reindex(cells.units).to_numpy(dtype=float)
    weight = np.ones(len(cells.units))
    if size:
        weight = frame.groupby(unit)[size].mean().reindex(cells.units).to_numpy(dtype=float)
    read = Adoption(
        cells.outcome,
        cells.weight,
        cells.units,
        cells.periods,
        first,
        x.reshape(len(cells.units), len(covariates)),
        weight,
        tuple(covariates),
    )
    always = first == 0
    bare = ~always & ~(np.isfinite(x).all(axis=1) & np.isfinite(weight) & (weight > 0))
    earlier = np.arange(read.never)[None, :] < first[:, None]
    unseen = ~always & (first < read.never) & ~((read.weight > 0) & earlier).any(axis=1)
    notes = [
        *cells.notes,
        *notes,
        ("treated from the first period on", "units", int(always.sum())),
        ("never observed before their own start", "units", int(unseen.sum())),
        ("a covariate is missing", "units", int(bare.sum())),
    ]
    if unseen.all() or (unseen | always | (first == read.never)).all():
        # nothing is left to compare: say of all what would have been said of each
        unseen[:] = False
    read = read.select(~always & ~bare & ~unseen)
    _check(read, int(always.sum()))
    return replace(
        read,
        exclusions=pd.DataFrame([n for n in notes if n[2]], columns=["reason", "what", "n"]),
    )


_Note = tuple[str, str, int]


def _first(
    starts: pd.Series, units: pd.Index, periods: pd.Index
) -> tuple[NDArray[np.int_], list[_Note]]:
    """Place of each unit's first treated period."""
    begins = pd.DatetimeIndex([period_start(p) for p in periods])
    first = np.full(len(units), len(periods))
    place = {name: i for i, name in enumerate(units)}
    unknown, late, within = 0, 0, 0
    for name, value in starts.items():
        if pd.isna(value) or value == 0:
            continue
        if name not in place:
            unknown += 1
            continue
        day = period_start(int(value) if isinstance(value, float | np.floating) else value)
        at = int(begins.searchsorted(day, side="right")) - 1
        if at >= 0 and begins[at] < day:
            if at == len(begins) - 1 and day - begins[at] > _last_length(begins):
                late += 1
                continue
            within += 1
        first[place[name]] = max(at, 0)
    return first, [
        ("treated, but not in the outcome", "units", unknown),
        ("first treated after the data end; compared as untreated", "units", late),
        ("first treated within a period; that period counts as treated", "units", within),
    ]


def _last_length(begins: pd.DatetimeIndex) -> pd.Timedelta:
    if len(begins) < 2:
        return pd.Timedelta(days=1)
    return begins[-1] - begins[-2]


def _check(read: Adoption, always: int) -> None:
    treated = read.first < read.never
    if not treated.any():
        raise CaseError(
            "all {n} treated units were treated from the first period on"
            if always
            else "nobody was treated within the data",
            where="treatments.start",
            remedy="the data run from {first} to {last}; bring data from before the start",
            n=always,
            first=period_label(read.periods[0]),
            last=period_label(read.periods[-1]),
        )
    check_constant(read.outcome[read.weight > 0])
    place = np.arange(read.never)[None, :]
    seen = read.weight > 0
    before = (seen & (place < read.first[:, None])).any(axis=1)
    after = (seen & (place >= read.first[:, None])).any(axis=1)
    for name, held in (("before", before), ("after", after)):
        if not (held & treated).any():
            raise CaseError(
                "no treated unit was ever observed {time} its start",
                where="outcome table",
                remedy="a change needs both; bring more data",
                time=name,
            )
