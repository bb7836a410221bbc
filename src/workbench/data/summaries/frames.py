"""Summarises purchases that lie in a DataFrame, by the same way as those of a study."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from workbench.data.clean.cleaner import Cleaner
from workbench.data.engine import Engine
from workbench.data.store.stream import stream_purchases
from workbench.data.summaries.customer_summary import CustomerSummary, summarise_purchases
from workbench.errors import DataError, did_you_mean
from workbench.study import Study, StudyError, Table
from workbench.study.card import LATEST

_NAME = "transactions"
_ONE = "workbench: one a row"
_WHERE = "the frame"


def summary(
    frame: pd.DataFrame,
    *,
    customer: str,
    date: str,
    amount: str | None = None,
    order: str | None = None,
    as_of: dt.date | str | None = None,
    calibration_end: dt.date | str | None = None,
    time_unit: str = "week",
    time_zone: str = "UTC",
    **keys: Any,
) -> pd.DataFrame:
    """Summarise a log of purchases in a DataFrame, as the purchase models need it.

    The rows are read, cleaned and added up as those of a study are: one purchase a customer and
    day, refunds taken off the purchases that they undo, rows without a customer or a date left out
    and counted. The customers keep the ids they have in the frame: nothing is stored.

    Parameters
    ----------
    frame : DataFrame
        One row a purchase, or a line of one; texts are understood as in a file.
    customer, date : str
        Columns that say who and when.
    amount : str, optional
        Column of the money; without it the log has no amounts and `mean_spend` is missing.
    order : str, optional
        Column of the order's number: a row of an order that is there twice counts once.
    as_of : date, optional
        The last day looked at; the last day in the frame by default.
    calibration_end : date, optional
        The last day that models may see; the days after it, to `as_of`, are the holdout period.
    time_unit : str
        hour, day, week, month, quarter or year.
    time_zone : str
        Where the day of a moment with an offset is counted.
    **keys
        Other keys of a table's card, such as ``date_format="%d/%m/%Y"``, ``decimal=","``,
        ``where={"status": ["paid"]}`` or ``refunds="keep"``.

    Returns
    -------
    DataFrame
        customer_id, frequency (repeat purchase days), recency (time from the first to the last
        purchase), age (time from the first purchase to `as_of`; T in the literature), mean_spend
        (of a repeat purchase day); with a holdout also holdout_frequency. ``attrs`` holds
        ``time_unit``, ``as_of``, ``holdout_length`` and ``counts``, what went in and what did not.

    Raises
    ------
    DataError
        If a column is not there, dates can be read in two ways, or no row can be used.

    Examples
    --------
    >>> import pandas as pd
    >>> from workbench.data import summary
    >>> log = pd.DataFrame(
    ...     {"who": ["a", "a", "b"], "day": ["2025-01-01", "2025-01-15", "2025-01-08"],
    ...      "paid": [5.0, 7.0, 3.0]}
    ... )
    >>> summary(log, customer="who", date="day", amount="paid")[["frequency", "recency", "age"]]
       frequency  recency  age
    0          1      2.0  2.0
    1          0      0.0  1.0
    """
    chosen = {"customer_id": customer, "date": date}
    chosen |= {"amount": amount} if amount is not None else {}
    chosen |= {"order_id": order} if order is not None else {}
    if not isinstance(frame, pd.DataFrame):
        raise DataError(
            f"a {type(frame).__name__} is no DataFrame",
            where="summary()",
            remedy="give pd.DataFrame(...) of it",
        )
    _refuse_absent(frame, chosen)
    if amount is None:
        # a visit counts as one of any amount; what that comes to is not told
        frame, chosen["amount"] = frame.assign(**{_ONE: 1.0}), _ONE
    with tempfile.TemporaryDirectory(prefix="workbench-") as folder:
        path = Path(folder) / "frame.parquet"
        pq.write_table(_arrow(frame), path)
        last = _day(as_of) if as_of is not None else None
        table = {"path": path.name, "columns": chosen, **keys}
        study = _study(Path(folder), table, last or LATEST, time_unit, time_zone)
        try:
            found = _summarise(study, last, _day(calibration_end) if calibration_end else None)
        except DataError as error:
            raise _of_frame(error) from None
        result = found.frame()
        if amount is None:
            result["mean_spend"] = float("nan")
        result.attrs |= {"as_of": found.as_of, "counts": found.counts}
        found.engine.close()
    return result


def _study(
    folder: Path, table: Mapping[str, Any], as_of: dt.date, time_unit: str, time_zone: str
) -> Study:
    try:
        return Study(
            name="frame",
            folder=folder,
            title={"en": "frame"},
            as_of=as_of,
            time_unit=time_unit,  # type: ignore[arg-type]
            time_zone=time_zone,
            privacy={"public": True},  # type: ignore[arg-type]  # the ids stay the frame's own
            tables={_NAME: Table.model_validate(table)},
        )
    except ValueError as error:
        wrong = (
            [str(e["msg"]) for e in error.errors()] if hasattr(error, "errors") else [str(error)]
        )
        raise StudyError(
            "; ".join(wrong), where="summary()", remedy="mend the argument; README lists the keys"
        ) from None


def _summarise(
    study: Study, as_of: dt.date | None, calibration_end: dt.date | None
) -> CustomerSummary:
    engine = Engine(study)
    known = calibration_end or as_of or study.as_of
    log = stream_purchases(Cleaner(study, engine), _NAME, known)
    assert log is not None, "a Parquet file with amounts is always streamed"
    if as_of is None:
        latest = engine.run(log.expr.date.max(), _WHERE)
        if pd.isna(latest):
            raise DataError("not one row can be used", where=_WHERE, remedy=_REMEDY)
        as_of = pd.Timestamp(latest).date()
    return summarise_purchases(
        engine,
        log.expr,
        as_of=as_of,
        calibration_end=calibration_end,
        time_unit=study.time_unit,
        read=log.read,
    )


_REMEDY = "look at the columns that `customer`, `date` and `amount` name"


def _of_frame(error: DataError) -> DataError:
    """Tell of the frame in place of the file that it was written to."""
    remedy = error.remedy
    if "date_format" in remedy:
        remedy = "say how the dates are written: date_format='%d/%m/%Y' or '%m/%d/%Y'"
    elif "study.yml" in remedy or "file" in remedy:
        remedy = _REMEDY
    return DataError(error.what, where=_WHERE, remedy=remedy)


def _refuse_absent(frame: pd.DataFrame, chosen: Mapping[str, str]) -> None:
    have = [str(column) for column in frame.columns]
    for standard, column in chosen.items():
        if column not in have:
            raise DataError(
                f"there is no column {column!r} (for {standard}){did_you_mean(column, have)}",
                where=_WHERE,
                remedy=f"its columns: {', '.join(have) or 'none'}",
            )
    twice = next((column for column in have if have.count(column) > 1), None)
    if twice is not None:
        raise DataError(
            f"there are several columns {twice!r}", where=_WHERE, remedy="rename all but one"
        )
    if frame.empty:
        raise DataError("it has no rows", where=_WHERE, remedy="give one row a purchase")


def _arrow(frame: pd.DataFrame) -> pa.Table:
    """Give a frame as Arrow: what has a type keeps it, mixed values become texts."""
    columns = {}
    for name in frame.columns:
        values = frame[name]
        if isinstance(values.dtype, pd.CategoricalDtype):
            values = values.astype(values.cat.categories.dtype)
        if values.dtype == object:
            values = values.map(lambda v: None if pd.isna(v) else str(v), na_action="ignore")
            columns[str(name)] = pa.array(values, pa.string(), from_pandas=True)
        else:
            columns[str(name)] = pa.Array.from_pandas(values)
    return pa.table(columns)


def _day(value: dt.date | str) -> dt.date:
    try:
        return pd.Timestamp(value).date()
    except (ValueError, TypeError):
        raise DataError(
            f"{value!r} is no day", where="summary()", remedy="write it as 2025-12-31"
        ) from None
