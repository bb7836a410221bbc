"""Who can be invited to a survey: customers with their own numbers, for lists that stay at home."""

from __future__ import annotations

import pandas as pd

from workbench.data.clean.rules import standardise
from workbench.data.engine import Engine
from workbench.data.schemas import schema_of
from workbench.data.sources.read import read_source
from workbench.errors import DataError, did_you_mean
from workbench.study import Study


def sampling_frame(study: Study, *columns: str) -> pd.DataFrame:
    """Read the customers' own numbers, and some columns beside, as they came in.

    What an analysis sees are pseudonyms; an invitation needs the number that the mailing system
    knows. The result must never be published.

    Parameters
    ----------
    study : Study
    *columns : str
        Standard or own columns of the customer table.

    Returns
    -------
    DataFrame
        `customer_id` and `columns` as text, a customer once.

    Raises
    ------
    DataError
        The study has no customer table, or the table no such column.
    """
    if "customers" not in study.tables:
        raise DataError(
            "the study has no customer table, so nobody can be drawn",
            where=str(study.path),
            remedy="add tables.customers, or invite from a list of your own",
        )
    engine = Engine(study)
    source = read_source(engine, study, "customers")
    there = standardise(source, study.tables["customers"], schema_of("customers"))
    wanted = ["customer_id", *dict.fromkeys(columns)]
    for column in wanted:
        if column not in there:
            raise DataError(
                f"the customers have no column {column!r}{did_you_mean(column, there)}",
                where=f"{study.path}, instrument.sample.by",
                remedy="name a column of the customer table",
            )
    table = source.expr.select(**{c: engine.text(there[c]) for c in wanted})
    frame: pd.DataFrame = engine.run(table, source.where)
    return frame.dropna(subset=["customer_id"]).drop_duplicates("customer_id", ignore_index=True)
