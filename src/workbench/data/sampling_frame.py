"""Who is invited to a survey and who answered, by their own numbers: for lists that stay home."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from workbench.data.clean.rules import standardise
from workbench.data.clean.survey_form import standard_form
from workbench.data.engine import Engine
from workbench.data.schemas import schema_of
from workbench.data.sources.read import read_source
from workbench.errors import DataError, did_you_mean
from workbench.study import Study


def sampling_frame(study: Study, *columns: str, also: Iterable[str] = ()) -> pd.DataFrame:
    """Read the customers' own numbers, and some columns beside, as they came in.

    What an analysis sees are pseudonyms; an invitation needs the number that the mailing system
    knows. The result must never be published.

    Parameters
    ----------
    study : Study
    *columns : str
        Standard or own columns of the customer table.
    also : iterable of str
        Further ones; those that the table lacks are left out.

    Returns
    -------
    DataFrame
        `customer_id`, `columns` and `also` as text, a customer once.

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
    wanted = dict.fromkeys(["customer_id", *columns, *(c for c in also if c in there)])
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


def answers_as_given(study: Study, *columns: str) -> pd.DataFrame | None:
    """Read answers with the respondents' own numbers, to hold them against an invitation list.

    Parameters
    ----------
    study : Study
    *columns : str
        Columns wanted besides; those that the file lacks are left out.

    Returns
    -------
    DataFrame or None
        `respondent_id` and `columns` as text; None where there is no survey table or no such file
        yet.
    """
    table = study.tables.get("survey")
    if table is None or (table.path is not None and not study.file_of("survey").exists()):
        return None
    engine = Engine(study)
    source = standard_form(engine, study, read_source(engine, study, "survey"))
    there = standardise(source, table, schema_of("survey", study.survey))
    wanted = [c for c in dict.fromkeys(["respondent_id", *columns]) if c in there]
    rows = source.expr.select(**{c: engine.text(there[c]) for c in wanted})
    frame: pd.DataFrame = engine.run(rows, source.where)
    return frame
