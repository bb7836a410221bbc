"""What may leave: small groups withheld, and the personal texts a site is searched for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from workbench.data.clean.rules import standardise
from workbench.data.engine import Engine
from workbench.data.people.pseudonyms import PERSONAL_COLUMNS
from workbench.data.schemas import schema_of
from workbench.data.sources.read import read_source
from workbench.errors import DataError
from workbench.study import Study
from workbench.study.packages import is_installed

# Shorter ones are also everyday words, or part of one: a city, a season, "May".
_LEAST_HAN, _LEAST_LATIN = 3, 8
_HAN = re.compile(r"[\u4e00-\u9fff]")


def personal_texts(study: Study) -> frozenset[str]:
    """Collect the names, phones, e-mail and other addresses of a study's raw tables.

    Texts too short to tell a person from an everyday word are left out: Chinese ones of fewer than
    three characters, others of fewer than eight, and Latin names of a single word.

    Parameters
    ----------
    study : Study
        The study; its tables are read as they came in, before anything is set aside.

    Returns
    -------
    frozenset of str
        Empty for a study that has no such columns.
    """
    found: set[str] = set()
    engine: Engine | None = None
    for name, card in study.tables.items():
        schema = schema_of(name)
        if schema is None or card.sql is not None:
            continue
        if card.package is not None and not is_installed(card.package.name):
            continue  # a published data set that is not at hand: there is nobody to protect
        if not any(column in schema.columns for column in PERSONAL_COLUMNS):
            continue
        engine = engine or Engine(study)
        columns = standardise(read_source(engine, study, name), card, schema)
        for column in PERSONAL_COLUMNS:
            if column in columns:
                values = columns[column].name("text").as_table().distinct().to_pandas()["text"]
                found.update(str(value).strip() for value in values.dropna())
    return frozenset(text for text in found if _telling(text))


def _telling(text: str) -> bool:
    if _HAN.search(text):
        return len(text) >= _LEAST_HAN
    return len(text) >= _LEAST_LATIN and bool(re.search(r"[\s@\d]", text))


def suppress(
    frame: pd.DataFrame,
    n: str = "n",
    min_cell: int = 5,
    columns: Iterable[str] | None = None,
) -> pd.DataFrame:
    """Withhold the values of small groups; the count and the reason stay.

    Parameters
    ----------
    frame : DataFrame
        One row a group.
    n : str
        The column with the group's count.
    min_cell : int
        Groups smaller than this are withheld.
    columns : iterable of str, optional
        What to withhold; every floating-point column but `n` by default.

    Returns
    -------
    DataFrame
        A copy with a column ``withheld``: the reason, or an empty text.
    """
    if n not in frame:
        raise DataError(
            f"there is no column {n!r} to count groups by",
            where="suppress",
            remedy=f"name it with n=; columns: {', '.join(map(str, frame.columns))}",
        )
    result = frame.copy()
    small = (result[n].fillna(0) < min_cell).to_numpy()
    chosen: list[Any] = (
        list(columns)
        if columns is not None
        else [c for c in result.columns if c != n and pd.api.types.is_float_dtype(result[c])]
    )
    for column in chosen:
        if pd.api.types.is_integer_dtype(result[column]):
            result[column] = result[column].astype("float64")
        result.loc[small, column] = np.nan
    result["withheld"] = np.where(small, f"fewer than {min_cell}", "")
    return result
