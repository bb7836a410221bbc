"""One series: its outcome by period, and laid out for regression with trend, season and step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from workbench.arrays import Array, Mask
from workbench.impact.inputs.panel import CaseError, period_start, split_periods
from workbench.impact.inputs.trading_days import HOLIDAYS, holiday_share, without_trade
from workbench.study import Case

FEWEST_AFTER = 8
FEWEST_BEFORE = 8
# Points beyond one a regressor, and what is left of a column that is not its neighbours' alone.
_FEWEST_LEFT, _ALIKE = 3, 1e-7
# How the first days of periods follow one another.
_RULES = {"day": "D", "week": "7D", "month": "MS", "quarter": "QS", "year": "YS"}
#: Periods a year where they are days, which have weekdays, too.
DAYS = 365
# Days before the start from which on weekdays are told apart, and years for all of a year's terms.
_WEEKDAYS_FROM, _MANY_YEARS = 28, 6
# Periods up to which a month can stand out of the season (quarters have a term each), and when the
# trade of December ends.
_LONGEST_PERIOD, _DECEMBER, _CHRISTMAS_EVE = 31, 12, 24
#: Name of a column in which the trend bends.
BEND = "bend"
# Periods before the start at which a trend may have bent, ever sparser backwards.
_GAPS, _FEWEST_BEFORE_BEND = (4, 6, 9, 13, 19, 28, 42), 5


@dataclass(frozen=True)
class Series:
    """An outcome by period.

    Attributes
    ----------
    value, count : ndarray, shape (n,)
        Mean outcome, NaN where there are too few records; records behind it.
    periods : Index
    later : ndarray of bool, shape (n,)
    exclusions : DataFrame
        `reason`, `what`, `n`.
    counted : bool
        Whether the records are counts (0, 1, 2, ...).
    covariates, controls : DataFrame, optional
        What else moves the outcome, and series that the measure did not reach, at its periods.
    in_force : ndarray, shape (n,), optional
        Share of the measure in force, where it came in by degrees.
    country : str
        Whose public holidays lie in its periods; none when empty.
    """

    value: Array
    count: Array
    periods: pd.Index
    later: Mask
    exclusions: pd.DataFrame
    counted: bool
    covariates: pd.DataFrame | None = None
    controls: pd.DataFrame | None = None
    in_force: Array | None = None
    country: str = ""

    @property
    def seen(self) -> Mask:
        """Periods with a value."""
        return np.asarray(np.isfinite(self.value))

    @property
    def plain(self) -> Mask:
        """Periods with a value in which the measure was in force in full, or not at all."""
        partly = np.zeros(len(self.later)) if self.in_force is None else self.in_force
        return np.asarray(self.seen & ((partly == 0) | self.later))

    @property
    def entered(self) -> tuple[Mask, Mask]:
        """Periods with a value before and after the start."""
        return np.asarray(self.seen & ~self.later), np.asarray(self.seen & self.later)

    def check_length(self) -> None:
        """Refuse a series that no design can carry on."""
        _check_points(self.value, self.plain, self.later)


def read_series(
    records: pd.DataFrame,
    case: Case,
    min_cell: int,
    *,
    controls: pd.DataFrame | None = None,
    covariates: pd.DataFrame | None = None,
    country: str = "",
) -> Series:
    """Average records by period; or take a series that is one already.

    Parameters
    ----------
    records : DataFrame
        `period`, `estimate`, and one row a customer and period; without `customer_id` one row a
        period, with the records behind it as `n`.
    controls, covariates : DataFrame, optional
        Series that the measure did not reach, and what else moves the outcome, by period.
    country : str
        Whose public holidays count, as `holidays_of` takes it.

    Raises
    ------
    CaseError
        A start outside the data; a period given twice in a ready series; a missing period is no
        error but a gap.
    """
    values = pd.to_numeric(records["estimate"], errors="coerce").to_numpy(dtype=float)
    frame = records.assign(estimate=values)[np.isfinite(values)]
    notes = [("no value", "records", int((~np.isfinite(values)).sum()))]
    if "customer_id" in frame:
        table = frame.groupby("period", sort=True)["estimate"].agg(["mean", "size"])
        plain = frame["estimate"].to_numpy()
        # who could show the outcome and did not has a zero: answers from 1 to 5 are no counts
        counted = bool(plain.min() == 0 and (plain == plain.round()).all() and plain.max() > 1)
    else:
        if frame["period"].duplicated().any():
            raise CaseError(
                "the period {period} occurs more than once",
                where="outcome table",
                remedy="give one row a period",
                period=frame.loc[frame["period"].duplicated(), "period"].iloc[0],
            )
        table = frame.sort_values("period").set_index("period")
        size = table["n"] if "n" in table else pd.Series(min_cell, index=table.index)
        table = pd.DataFrame({"mean": table["estimate"], "size": size})
        counted = False
    table = _with_gaps(table, case)
    before, after = split_periods(table.index, case.start)
    keep = before | after
    value = table["mean"].to_numpy(dtype=float)[keep]
    count = table["size"].to_numpy(dtype=float)[keep]
    if case.period == "day":
        closed = without_trade(value, table.index[keep], country)
        value = np.where(closed, np.nan, value)
        notes.append(("no trade", "days", int(closed.sum())))
    small = (count < min_cell) & (count > 0)
    notes += [
        ("the period contains the start", "periods", int((~keep).sum())),
        ("too few records", "periods", int(small.sum())),
        ("no record", "periods", int((count == 0).sum())),
    ]
    exclusions = pd.DataFrame([x for x in notes if x[2]], columns=["reason", "what", "n"])
    value = np.where(count < max(min_cell, 1), np.nan, value)
    names, later = table.index[keep], after[keep]
    share = _in_force(names, later, case)
    count = np.maximum(count, 1)
    return Series(
        value,
        count,
        names,
        later,
        exclusions,
        counted,
        _at(covariates, names),
        _at(controls, names),
        share,
        country,
    )


def _at(others: pd.DataFrame | None, periods: pd.Index) -> pd.DataFrame | None:
    """Take other series at the outcome's periods."""
    if others is None or others.empty:
        return None
    return others.reindex(periods).reset_index(drop=True)


def _in_force(names: pd.Index, later: Mask, case: Case) -> Array | None:
    """Share of the measure in force in each period, by the card; None where it came at once."""
    if not case.fit.in_part:
        return None
    share, starts = later.astype(float), [period_start(p) for p in names]
    for first, part in case.fit.in_part.items():
        day = pd.Timestamp(first)
        if day not in starts or later[starts.index(day)]:
            raise CaseError(
                "no period before the start begins on {day}",
                where=f"cases.{case.name}.fit.in_part",
                remedy="name the first day of a period before the start",
                day=f"{day:%Y-%m-%d}",
            )
        share[starts.index(day)] = part
    return share


def _with_gaps(table: pd.DataFrame, case: Case) -> pd.DataFrame:
    """Put in the periods that lack, so that distances in time are kept."""
    rule = _RULES.get(case.period)
    if rule is None or not isinstance(table.index, pd.DatetimeIndex) or len(table) < 2:
        return table
    whole = pd.date_range(table.index[0], table.index[-1], freq=rule)
    if not table.index.isin(whole).all():
        return table  # labels of another calendar are left as they are
    whole.name = table.index.name
    filled = table.reindex(whole)
    return filled.assign(size=filled["size"].fillna(0))


def side_by_side(frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame | None:
    """Set series side by side: name -> a table with `period` and `estimate`."""
    if not frames:
        return None
    return pd.DataFrame({name: f.set_index("period")["estimate"] for name, f in frames.items()})


@dataclass(frozen=True)
class SeriesLayout:
    """A series made ready: values, marks, regressors, and the contrast that is the effect.

    `partly` marks periods before the start in which the measure was in force in part.
    """

    y: Array
    names: pd.Index
    seen: Mask
    later: Mask
    x: Array
    terms: tuple[str, ...]
    season: int | None
    partly: Mask

    @property
    def step(self) -> Array:
        """Contrast of the shift at the start."""
        return np.array([float(term == "step") for term in self.terms])

    @property
    def bends(self) -> Mask:
        """Columns in which the trend may have bent."""
        return np.array([term == BEND for term in self.terms])

    @property
    def used(self) -> Mask:
        """Points after the start that were seen."""
        return np.asarray(self.seen & self.later)


def lay_out(
    values: ArrayLike,
    periods: pd.Index | None,
    after: ArrayLike,
    season: int | None,
    covariates: pd.DataFrame | None,
    *,
    trend: bool = True,
    bends: bool = False,
    in_force: ArrayLike | None = None,
    peaks: Sequence[int] = (),
    country: str = "",
) -> SeriesLayout:
    """Check a series and lay out its regressors.

    Parameters
    ----------
    bends : bool
        Whether the trend may have bent before the start: a column for each place.
    in_force : array_like, shape (n,), optional
        As `interrupted_series`.
    peaks : sequence of int
    country : str
        As `interrupted_series`.

    Raises
    ------
    CaseError
        As `interrupted_series`.
    """
    y = np.asarray(values, dtype=float)
    later = np.asarray(after, dtype=bool)
    if y.shape != later.shape or y.ndim != 1:
        raise CaseError(
            "there are {n} values and {m} marks of before and after",
            remedy="give one a period",
            n=y.size,
            m=later.size,
        )
    if (np.diff(later.astype(int)) < 0).any():
        raise CaseError(
            "periods before and after are mixed", where="series", remedy="sort the series by time"
        )
    names = pd.RangeIndex(len(y)) if periods is None else pd.Index(periods)
    seen = np.isfinite(y)
    share = later.astype(float) if in_force is None else np.asarray(in_force, dtype=float)
    _check_share(share, later)
    partly = (share > 0) & ~later
    _check_points(y, seen & ~partly, later)
    if names.has_duplicates:
        twice = names[names.duplicated()][0]
        raise CaseError(
            "the period {period} occurs more than once",
            where="series",
            remedy="give one value a period",
            period=twice,
        )
    x, terms = regressors(len(y), later, season)
    x[:, terms.index("step")] = share
    x, terms = _without_closed(x, terms, seen)
    if not trend:
        chosen = [term != "trend" for term in terms]
        x, terms = x[:, chosen], tuple(term for term in terms if term != "trend")
    if covariates is not None:
        extra, added = _standardised(covariates, len(y), seen)
        x, terms = np.column_stack([x, extra]), (*terms, *added)
    columns = peak_columns(names, peaks)
    if (share_off := holiday_share(names, country)) is not None:
        columns[HOLIDAYS] = share_off
    x, terms = _with_peaks(x, terms, columns, seen)
    _check_rank(x[seen], terms)
    if trend and bends:
        extra = possible_bends(len(y), int(np.argmax(share > 0)))
        x, terms = np.column_stack([x, extra]), (*terms, *[BEND] * extra.shape[1])
    return SeriesLayout(y, names, seen, later, x, terms, season, partly)


def peak_columns(periods: pd.Index, months: Sequence[int]) -> dict[str, Array]:
    """Share of each period's days that lies in a month with a peak of its own.

    Waves of a year are smooth: a Christmas trade of a few weeks is none, and where it lies after
    the start alone it would pass for an effect. A month that no period touches has no column.
    """
    if not isinstance(periods, pd.DatetimeIndex) or len(periods) < 2:
        return {}
    days = int(np.diff(periods.to_numpy()).min() / np.timedelta64(1, "D"))
    columns: dict[str, Array] = {}
    for month in months if days <= _LONGEST_PERIOD else ():
        last = _CHRISTMAS_EVE if month == _DECEMBER else 31
        inside = np.zeros(len(periods))
        for k in range(max(days, 1)):
            day = periods + pd.Timedelta(days=k)
            inside += (day.month == month) & (day.day <= last)
        if inside.any():
            columns[f"peak in month {month}"] = inside / max(days, 1)
    return columns


def _with_peaks(
    x: Array, terms: tuple[str, ...], columns: Mapping[str, Array], seen: Mask
) -> tuple[Array, tuple[str, ...]]:
    """Add the months with a peak of their own, as far as the points tell them from the rest."""
    for name, column in columns.items():
        wider = np.column_stack([x, column])
        enough = int(seen.sum()) >= wider.shape[1] + _FEWEST_LEFT
        if enough and np.linalg.matrix_rank(wider[seen]) == wider.shape[1]:
            x, terms = wider, (*terms, name)
    return x, terms


def _without_closed(x: Array, terms: tuple[str, ...], seen: Mask) -> tuple[Array, tuple[str, ...]]:
    """Leave out terms of the week that follow from others where some weekdays are closed."""
    week = [j for j, term in enumerate(terms) if term.startswith("week ")]
    kept = [j for j in range(len(terms)) if j not in week]
    for j in week:
        if np.linalg.matrix_rank(x[seen][:, [*kept, j]]) > len(kept):
            kept.append(j)
    kept.sort()
    return x[:, kept], tuple(terms[j] for j in kept)


def _check_points(y: Array, seen: Mask, later: Mask) -> None:
    before, after = int((seen & ~later).sum()), int((seen & later).sum())
    for n, needed, name in ((before, FEWEST_BEFORE, "before"), (after, FEWEST_AFTER, "after")):
        if n < needed:
            raise CaseError(
                "there are {n} points {time} the start, {needed} are needed",
                where="series",
                remedy="wait for more data, or measure more often (months in place of waves)",
                n=n,
                time=name,
                needed=needed,
            )
    if np.ptp(y[seen]) < 1e-12 * max(1.0, float(np.abs(y[seen]).max())):
        raise CaseError(
            "the series is {value} throughout",
            where="series",
            remedy="nothing can be learnt from a constant; check the indicator",
            value=f"{y[seen][0]:g}",
        )


def _check_share(share: Array, later: Mask) -> None:
    if share.shape != later.shape:
        raise CaseError(
            "there are {n} shares in force and {m} periods",
            where="in_force",
            remedy="give one a period",
            n=share.size,
            m=later.size,
        )
    rising = bool((np.diff(share) >= 0).all())  # NaN is not
    if not (
        rising and (share >= 0).all() and (share[later] == 1).all() and (share[~later] < 1).all()
    ):
        raise CaseError(
            "the share in force does not rise from 0 before the start to 1 from it on",
            where="in_force",
            remedy="give 0 where there was no measure yet, a share where it came in by degrees, and"
            " start the case where it was in force in full",
        )


def regressors(n: int, later: Mask, season: int | None) -> tuple[Array, tuple[str, ...]]:
    """Lay out constant, trend, seasonal terms and step, with their names."""
    time = np.arange(n, dtype=float)
    columns = {"constant": np.ones(n), "trend": (time - time.mean()) / max(n - 1, 1)}
    columns |= harmonics(time, season, int((~later).sum()))
    columns["step"] = later.astype(float)
    return np.column_stack(list(columns.values())), tuple(columns)


def harmonics(time: Array, season: int | None, before: int) -> dict[str, Array]:
    """Lay out seasonal terms, with their names: of the year, and of the week for days.

    Parameters
    ----------
    time : ndarray, shape (n,)
        Places of the points.
    season : int or None
        Periods a year.
    before : int
        Points before the start: terms are laid out as far as these tell them.
    """
    n, columns = len(time), {}
    if season and season > 1 and (before >= season or n >= 1.5 * season):
        # two harmonics catch a business year; a full set would eat short series
        most = 2 if n < _MANY_YEARS * season else 5
        for j in range(1, min(most, (season - 1) // 2 or 1) + 1):
            columns[f"cos{j}"] = np.cos(2 * np.pi * j * time / season)
            if 2 * j != season:
                columns[f"sin{j}"] = np.sin(2 * np.pi * j * time / season)
        if n >= _MANY_YEARS * season and season % 2 == 0 and season > 4:
            columns["alternating"] = np.cos(np.pi * time)
    if season == DAYS and before >= _WEEKDAYS_FROM:
        for j in (1, 2, 3):
            columns[f"week cos{j}"] = np.cos(2 * np.pi * j * time / 7)
            columns[f"week sin{j}"] = np.sin(2 * np.pi * j * time / 7)
    return columns


def _check_rank(x: Array, terms: tuple[str, ...]) -> None:
    """Refuse regressors that follow from one another, and as many as there are points."""
    n, k = x.shape
    if n < k + _FEWEST_LEFT:
        raise CaseError(
            "{n} points are to tell {k} regressors apart",
            where="series",
            remedy="bring more periods, or leave out covariates",
            n=n,
            k=k,
        )
    size = np.linalg.norm(x, axis=0)
    basis = np.zeros((n, 0))
    # covariates last: it is they that can be left out
    for j in sorted(range(k), key=lambda j: terms[j].startswith("covariate ")):
        rest = x[:, j] - basis @ (basis.T @ x[:, j])
        rest = rest - basis @ (basis.T @ rest)
        left = float(np.linalg.norm(rest))
        if left <= _ALIKE * size[j]:
            raise CaseError(
                "{name} follows from the others (trend, season, the start itself, covariates): what"
                " it does cannot be told from what they do",
                where="series",
                remedy="leave it out",
                name=terms[j],
            )
        basis = np.column_stack([basis, rest / left])


def possible_bends(n: int, start: int) -> Array:
    """Lay out a trend that bends a few periods before the start, one column a place.

    Each rises from its place on, to one at the start; where fewer than five periods would be left
    before it, no bend could be seen.
    """
    gaps = [gap for gap in _GAPS if gap <= start - _FEWEST_BEFORE_BEND]
    time = np.arange(n, dtype=float)
    columns = [np.maximum(time - (start - gap), 0) / gap for gap in gaps]
    return np.array(columns).T if columns else np.zeros((n, 0))


def _standardised(frame: pd.DataFrame, n: int, seen: Mask) -> tuple[Array, tuple[str, ...]]:
    z = frame.to_numpy(dtype=float)
    if len(z) != n:
        raise CaseError(
            "the covariates have {rows} rows for {n} periods",
            where="covariates",
            remedy="give one row a period",
            rows=len(z),
            n=n,
        )
    for j, name in enumerate(frame.columns):
        where = f"covariate {name!r}"
        if not np.isfinite(z[seen, j]).all():
            gaps = int((~np.isfinite(z[seen, j])).sum())
            raise CaseError(
                "{n} periods have no value", where=where, remedy="fill them or leave it out", n=gaps
            )
        if np.ptp(z[seen, j]) == 0:
            raise CaseError(
                "it is {value} throughout",
                where=where,
                remedy="leave it out",
                value=f"{z[seen, j][0]:g}",
            )
    centre, size = z[seen].mean(axis=0), z[seen].std(axis=0)
    return np.nan_to_num((z - centre) / size), tuple(f"covariate {c}" for c in frame.columns)
