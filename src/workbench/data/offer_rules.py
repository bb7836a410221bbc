"""Who may be offered something, and what customers could spend: as the card's `offers` says."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, Final

import pandas as pd

from workbench.data.tables import Tables
from workbench.errors import DataError, did_you_mean
from workbench.study import Study

#: How files write what YAML reads as yes and no.
_YES: Final = frozenset({"true", "yes", "y", "1", "1.0", "是", "同意"})
_NO: Final = frozenset({"false", "no", "n", "0", "0.0", "否", "不同意"})


def reachable(tables: Tables) -> pd.Index | None:
    """Give the customers who may be contacted; None where the card says nothing of it.

    Parameters
    ----------
    tables : Tables
        The study's tables.

    Raises
    ------
    DataError
        The customers' table lacks a column that the card names, or there is none.
    """
    rules, where = tables.study.offers, f"{tables.study.path}, offers"
    if not rules.contact and not rules.rest_days:
        return None
    name = "customers" if "customers" in tables else "transactions"
    people = tables.frame(name)
    may = pd.Series(True, index=people.index)
    for column, values in rules.contact.items():
        if name != "customers" or column not in people:
            raise DataError(
                f"the customers' table has no column {column!r}"
                f"{did_you_mean(column, people.columns)}",
                where=f"{where}.contact",
                remedy="name a column of that table, and the values of those who may be contacted",
            )
        wanted = set().union(*map(_written, values))
        text = people[column].astype("string").str.strip().str.casefold()
        may &= text.isin(sorted(wanted)).fillna(False).astype(bool)
    found: pd.Index = pd.Index(people.loc[may, "customer_id"].dropna().unique())
    if rules.rest_days and "treatments" in tables:
        reached = tables.frame("treatments")
        since = pd.Timestamp(tables.study.as_of - dt.timedelta(days=rules.rest_days))
        day = pd.to_datetime(reached["start"])
        lately = (day > since) & (day <= pd.Timestamp(tables.study.as_of))
        found = found.difference(pd.Index(reached.loc[lately, "customer_id"]))
    return found


def _written(value: Any) -> frozenset[str]:
    if isinstance(value, bool):
        return _YES if value else _NO
    return frozenset({str(value).strip().casefold()})


def potential(tables: Tables) -> pd.Series | None:
    """Give what customers spend in a year on such things, wherever; None where nothing says so.

    The column that the card names under `offers`, of the customers or of the survey (the last
    answer counts), else the `potential` of the accounts.

    Raises
    ------
    DataError
        The column that the card names is in neither table.
    """
    column = tables.study.offers.potential
    if column is None:
        if "accounts" not in tables or "potential" not in tables.expr("accounts").columns:
            return None
        return _by_customer(tables.frame("accounts"), "potential")
    for name in ("customers", "survey"):
        if name in tables and column in tables.expr(name).columns:
            frame = tables.frame(name)
            if "customer_id" in frame:
                return _by_customer(frame, column)
    raise DataError(
        f"neither the customers nor the survey have a column {column!r} beside customer_id",
        where=f"{tables.study.path}, offers.potential",
        remedy="name the column as the file calls it",
    )


def _by_customer(frame: pd.DataFrame, column: str) -> pd.Series:
    known = frame.dropna(subset=["customer_id", column])
    if "answered_on" in known:
        known = known.sort_values("answered_on", kind="stable")
    last = known.drop_duplicates("customer_id", keep="last").set_index("customer_id")[column]
    return pd.to_numeric(last, errors="coerce").dropna()


def write_offers(study: Study, results: Path | None) -> list[Path]:
    """Write the list of next offers for the firm's own system, and who is offered nothing.

    They lie in the study's folder, for its owner alone to read: no page takes anything from there.

    Parameters
    ----------
    study : Study
    results : Path or None
        What the last good run of the page on products keeps.

    Returns
    -------
    list of Path
        The files that were written: customer_id (a pseudonym), rank, item and score; and the
        customer_id of those drawn to be compared with, where the card asks for them.

    Raises
    ------
    DataError
        No run has made a list.
    """
    if results is None or not (results / "offers.parquet").is_file():
        raise DataError(
            "no run has made a list of offers", where=study.name,
            remedy=f"workbench run {study.name} --notebook products; its page says what is lacking",
        )  # fmt: skip
    offers = pd.read_parquet(results / "offers.parquet")
    drawn = results / "offers_control.parquet"
    control = pd.read_parquet(drawn) if drawn.is_file() else offers.head(0)
    folder = study.folder / "out"
    folder.mkdir(mode=0o700, exist_ok=True)
    written = []
    for name, frame in (("offers.csv", offers), ("control.csv", control)):
        path = folder / name
        if len(frame) or name == "offers.csv":
            part = path.with_suffix(".part")
            part.touch(mode=0o600)
            frame.to_csv(part, index=False)
            part.replace(path)
            written.append(path)
        else:
            path.unlink(missing_ok=True)  # of an earlier run, which drew a part
    return written
