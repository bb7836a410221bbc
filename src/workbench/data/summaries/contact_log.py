"""Contacts as they were served: how long each waited, and what became of it.

Times are those of the study's zone. Where the card gives opening hours (`service.open`) waiting
counts in these; else it is true time, an hour more or less than the clocks say where they change.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from workbench.data.tables import Tables
from workbench.errors import DataError
from workbench.study.service import WEEKDAYS, Service

_WHAT: Final = "contacts"
_HOUR: Final = np.timedelta64(3600, "s")
#: Columns of a log that say when and about whom, and how a contact may be told from others.
_COLUMNS: Final = (
    "customer_id", "at", "ticket_id", "channel", "kind", "team", "agent", "answered_at",
    "response_hours", "resolved", "resolved_at", "due_at", "reopened", "transferred", "abandoned",
    "handling_seconds", "error",
)  # fmt: skip

#: Columns that say what became of a contact, of which a log needs one.
OUTCOMES: Final = frozenset({"response_hours", "answered_at", "resolved_at", "resolved"})


@dataclass(frozen=True)
class ContactLog:
    """The contacts of a study.

    Attributes
    ----------
    rows : DataFrame
        One row a contact, in order of time: customer_id, at, day, hour, weekday, channel, kind,
        team (where the log has them); response and solution (hours until answered and resolved;
        of those that were not, until the log ends), answered and solved (missing where it is not
        known how long it took), resolved, abandoned, reopened, transferred, in_time (whether it
        was resolved when due; missing where it was not due yet), again (whether the customer came
        back within `repeat_days`; missing where the log ends before), handling (hours), followed
        (hours from the contact to the end of the log).
    agents : Series or None
        Agents by team, counted; None where the log does not name them.
    end : Timestamp
        The last moment that the log knows of.
    business : bool
        Whether waiting counts in opening hours.
    copies, backwards, unrecorded : int
        Rows that repeat a ticket, left out; contacts answered or resolved before they began,
        whose times are not counted; contacts of which it was not recorded when they were answered.
    repeat_days : int
    """

    rows: pd.DataFrame
    agents: pd.Series | None
    end: pd.Timestamp
    business: bool
    copies: int
    backwards: int
    unrecorded: int
    repeat_days: int

    def has(self, *columns: str) -> bool:
        """Whether the log says these of any contact."""
        return all(c in self.rows.columns and self.rows[c].notna().any() for c in columns)


def contact_log(tables: Tables, table: str = "interactions", *, rows: Any = None) -> ContactLog:
    """Tell of each contact how long it waited and what became of it.

    Parameters
    ----------
    tables : Tables
        The study's tables.
    table : str
        ``interactions`` or a variant of it.
    rows : ibis Table, optional
        Rows of it, with further columns that are kept; all when left out.

    Raises
    ------
    DataError
        The log says neither when a contact was answered nor whether it was resolved.
    """
    expr = tables.expr(table) if rows is None else rows
    where = f"{tables.study.path}, tables.{table}"
    have = set(expr.columns)
    if not have & OUTCOMES:
        raise DataError(
            "the log says neither when a contact was answered nor whether it was resolved",
            where=where,
            remedy="map answered_at (or response_hours) and resolved_at in study.yml",
        )
    own = [c for c in expr.columns if c in _COLUMNS or rows is not None]
    frame: pd.DataFrame = tables.engine.run(expr.select(*own), _WHAT)
    service, zone = tables.study.service, tables.study.time_zone
    frame["at"] = frame["at"].astype("datetime64[ns]")
    for name in ("answered_at", "resolved_at", "due_at"):
        if name in frame:
            frame[name] = frame[name].astype("datetime64[ns]")
    frame = frame.sort_values("at", kind="stable", ignore_index=True)
    copies = 0
    if "ticket_id" in frame:
        twice = frame["ticket_id"].notna() & frame.duplicated("ticket_id", keep="last")
        copies, frame = int(twice.sum()), frame[~twice].reset_index(drop=True)
    clock = _Clock(service, zone)
    answered, waited = _answers(frame, clock)
    end = _end_of(frame, answered, tables.study.as_of)
    silent = answered.isna()
    resolved, resolved_at, lost = _solutions(frame, end)
    answered = answered.where(answered <= end)
    backwards = (answered < frame["at"]) | (resolved_at < frame["at"])
    out = pd.DataFrame({"customer_id": frame["customer_id"]}) if "customer_id" in frame else (
        pd.DataFrame(index=frame.index))  # fmt: skip
    out["at"] = frame["at"]
    out["day"] = frame["at"].dt.normalize()
    out["hour"] = frame["at"].dt.hour
    out["weekday"] = frame["at"].dt.day_of_week
    for name in ("ticket_id", "channel", "kind", "team"):
        if name in frame:
            out[name] = frame[name]
    out["followed"] = clock.between(frame["at"], pd.Series(end, frame.index))
    unknown = pd.Series(False, frame.index)
    if waited is not None:
        unknown = _unrecorded(silent & ~_gave_up(frame), resolved, _gave_up(frame))
        out["answered"] = answered.notna().astype("boolean").mask(unknown | backwards)
        hours = clock.between(frame["at"], answered.fillna(end))
        out["response"] = hours.mask(out["answered"].isna())
        given_up = _gave_up(frame)
        if given_up.any():
            out["patience"] = waited.where(given_up, out["response"])
    if "resolved_at" in frame:
        lost = lost | backwards
        out["solved"] = resolved_at.notna().astype("boolean").mask(lost)
        out["solution"] = clock.between(frame["at"], resolved_at.fillna(end)).mask(lost)
        out["ended"] = resolved_at.mask(lost)
        if "due_at" in frame:
            over = frame["due_at"].notna() & (frame["due_at"] < end) & ~lost
            late = resolved_at.isna() | (resolved_at > frame["due_at"])
            out["in_time"] = (~late).astype("boolean").mask(~over)
    out["resolved"] = resolved.mask(_gave_up(frame), False)
    for name in ("reopened", "transferred"):
        if name in frame:
            out[name] = (frame[name].astype("Float64") > 0).fillna(False).astype(bool)
    if "abandoned" in frame:
        out["abandoned"] = _gave_up(frame)
    if "error" in frame:
        out["error"] = frame["error"].astype("boolean")
    if "handling_seconds" in frame:
        out["handling"] = frame["handling_seconds"].astype(float) / 3600
    if "customer_id" in out:
        out["again"] = _again(out, end, service.repeat_days)
    for name in frame.columns.difference([*_COLUMNS, *out.columns]):
        out[name] = frame[name]
    return ContactLog(
        out, _agents(frame), end, bool(service.open), copies, int(backwards.sum()),
        int((unknown & ~backwards).sum()), service.repeat_days,
    )  # fmt: skip


def _solutions(frame: pd.DataFrame, end: pd.Timestamp) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Give which contacts were resolved by the end, when, and of which it is not known when.

    What the state of a contact says wins: one that is open again has no end yet.
    """
    nothing = pd.Series(pd.NaT, frame.index, dtype="datetime64[ns]")
    moment = frame.get("resolved_at", nothing)
    if "resolved" not in frame:
        return (
            (moment <= end).astype("boolean"),
            moment.where(moment <= end),
            pd.Series(False, frame.index),
        )
    said = frame["resolved"].astype("boolean")
    if "resolved_at" not in frame:
        return said, nothing, pd.Series(False, frame.index)
    said = said.fillna(moment.notna())
    moment = moment.where(said.astype(bool))
    lost = said.astype(bool) & moment.isna()
    return said & ~(moment > end), moment.where(moment <= end), lost


def _unrecorded(blank: pd.Series, resolved: pd.Series, gave_up: pd.Series) -> pd.Series:
    """Tell which empty cells say that an answer was not recorded, and not that there was none.

    Those of contacts that were resolved all the same. Where empty cells are hardly more frequent
    among the others, they say nothing of these either.
    """
    over = resolved.fillna(False).astype(bool)
    among = [blank[mine & ~gave_up] for mine in (over, ~over)]
    done, rest = (float(each.mean()) if len(each) else 0.0 for each in among)
    spread = (done * (1 - done) / max(len(among[0]), 1)) ** 0.5
    waits = rest > 2 * done + 3 * spread
    return blank & over if waits else blank & ~gave_up & (done > 0)


def _gave_up(frame: pd.DataFrame) -> pd.Series:
    if "abandoned" not in frame:
        return pd.Series(False, frame.index)
    return frame["abandoned"].fillna(False).astype(bool)


def _end_of(frame: pd.DataFrame, answered: pd.Series, as_of: dt.date) -> pd.Timestamp:
    """Find the last moment that the log knows of: what is open then was open when it was read."""
    last = pd.Timestamp(as_of) + pd.Timedelta(days=1)
    moments = pd.concat([frame["at"], answered, *(
        frame[c] for c in ("resolved_at",) if c in frame)]).dropna()  # fmt: skip
    inside = moments[moments < last]
    return last if inside.empty else inside.max()


def _answers(frame: pd.DataFrame, clock: _Clock) -> tuple[pd.Series, pd.Series | None]:
    """Give the moment of each answer, and the hours that were written (of those who gave up)."""
    nothing = pd.Series(pd.NaT, frame.index, dtype="datetime64[ns]")
    if not {"answered_at", "response_hours"} & set(frame.columns):
        return nothing, None
    answered, gone = frame.get("answered_at", nothing), _gave_up(frame)
    hours = frame.get("response_hours", pd.Series(np.nan, frame.index)).astype(float)
    later = clock.after(frame["at"], hours)
    answered = answered.fillna(later).mask(gone)
    written = hours.fillna(clock.between(frame["at"], frame.get("answered_at", nothing)))
    if "resolved_at" in frame:
        written = written.fillna(clock.between(frame["at"], frame["resolved_at"]))
    return answered, written


def _again(out: pd.DataFrame, end: pd.Timestamp, days: int) -> pd.Series:
    """Tell whether the same customer came back, about the same where contacts say about what."""
    keys = ["customer_id", *(["kind"] if "kind" in out else [])]
    following = out.groupby(keys, sort=False, dropna=False)["at"].shift(-1)
    span = pd.Timedelta(days=days)
    back = ((following - out["at"]) <= span).astype("boolean")
    return back.mask((out["at"] + span > end) | out["customer_id"].isna())


def _agents(frame: pd.DataFrame) -> pd.Series | None:
    if not {"agent", "team"} <= set(frame.columns) or frame["agent"].isna().all():
        return None
    return frame.groupby("team")["agent"].nunique()


class _Clock:
    """Hours between two moments: opening hours where there are any, else true ones."""

    def __init__(self, service: Service, zone: str) -> None:
        self.zone = zone
        self.open = np.zeros((7, 2))
        for i, day in enumerate(WEEKDAYS):
            self.open[i] = service.open.get(day, (0.0, 0.0))
        self.closed = pd.DatetimeIndex([pd.Timestamp(day) for day in service.closed])
        self.business = bool(service.open)

    def between(self, start: pd.Series, end: pd.Series) -> pd.Series:
        """Hours from each start to its end; missing where one is."""
        if self.business:
            hours = self._worked(end) - self._worked(start)
        else:
            hours = (self._true(end) - self._true(start)).to_numpy() / _HOUR
        return pd.Series(hours, start.index).mask(start.isna() | end.isna())

    def after(self, start: pd.Series, hours: pd.Series) -> pd.Series:
        """Give the moment so many true hours later, by the clocks of the zone."""
        moved = self._true(start) + pd.to_timedelta(hours, unit="h")
        told: pd.Series = moved.dt.tz_convert(self.zone).dt.tz_localize(None)
        return told

    def _true(self, wall: pd.Series) -> pd.Series:
        # of an hour that the clocks show twice the later one; one that they skip is the next
        local = wall.dt.tz_localize(
            self.zone, ambiguous=np.zeros(len(wall), bool), nonexistent="shift_forward"
        )
        true: pd.Series = local.dt.tz_convert("UTC")
        return true

    def _worked(self, wall: pd.Series) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Count the opening hours since a Monday long ago."""
        monday = np.datetime64("1970-01-05", "D")
        day = wall.dt.normalize().to_numpy().astype("datetime64[D]")
        known = ~np.isnat(day)
        number = np.where(known, (day - monday).astype("int64"), 0)
        at = np.where(known, (wall - wall.dt.normalize()).to_numpy() / _HOUR, 0.0)
        weekday = number % 7
        length = self.open[:, 1] - self.open[:, 0]
        before = np.concatenate([[0.0], np.cumsum(length)])
        today = np.clip(at - self.open[weekday, 0], 0.0, length[weekday])
        off = [_number_of(d, monday) for d in self.closed]
        shut = np.concatenate([[0.0], np.cumsum([length[n % 7] for n in off])])
        passed = shut[np.searchsorted(off, number, side="left")]
        today = np.where(np.isin(number, off), 0.0, today)
        total: np.ndarray[tuple[int], np.dtype[np.float64]] = (
            number // 7 * before[-1] + before[weekday] + today - passed
        )
        return total


def _number_of(day: pd.Timestamp, monday: np.datetime64) -> int:
    """Count the days since a Monday."""
    return int((day.to_numpy().astype("datetime64[D]") - monday).astype("int64"))
