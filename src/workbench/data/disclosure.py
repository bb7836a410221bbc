"""The texts by which a person could be recognised, so that a site can be searched for them."""

from __future__ import annotations

import re

from workbench.data.clean.rules import standardise
from workbench.data.engine import Engine
from workbench.data.people.pseudonyms import PERSONAL_COLUMNS
from workbench.data.schemas import schema_of
from workbench.data.sources.read import read_source
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
