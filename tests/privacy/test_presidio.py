"""Microsoft's Presidio as an oracle: in what is quoted, its patterns find nobody.

Its recognisers by pattern and checksum are asked, which need no model of a language. Presidio is no
dependency: `pip install presidio-analyzer`, and the test runs.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from tests.privacy.planted import plant
from tests.privacy.test_quotation import ENDS
from workbench.privacy.quotation import quotable

presidio = pytest.importorskip(
    "presidio_analyzer.predefined_recognizers", reason="presidio-analyzer is not installed"
)
ROOT = Path(__file__).resolve().parents[2]
NAMES = (
    "CreditCard", "Email", "Iban", "Ip", "MacAddress", "Phone", "UkNino", "UkPostcode", "Url",
    "UsSsn", "Crypto",
)  # fmt: skip
#: Below it, Presidio itself calls a find weak: any eight digits are a passport of some country.
SURE = 0.4


def _found(text: str, recognisers: list[object]) -> list[str]:
    return [
        f"{one.entity_type}: {text[one.start : one.end]}"
        for each in recognisers
        for one in each.analyze(text, each.supported_entities, None)  # type: ignore[attr-defined]
        if one.score >= SURE
    ]


@pytest.fixture(scope="module")
def recognisers() -> list[object]:
    return [getattr(presidio, f"{name}Recognizer")() for name in NAMES]


@pytest.mark.parametrize("part", ["held out", "fourth", "seventh"])
def test_presidio_finds_nothing_in_what_is_shown_of_planted_sentences(
    part: str, recognisers: list[object]
) -> None:
    seen, strange = 0, []
    for one in plant(10, 20261201, part=part):
        seen += bool(_found(one.text, recognisers))
        shown = quotable(one.text)
        strange += [] if shown is None else _found(shown, recognisers)
    assert strange == []
    assert seen > 60, "it finds what is planted"


def test_presidio_finds_nothing_in_what_is_quoted_of_comments(recognisers: list[object]) -> None:
    survey = pd.read_csv(ROOT / "data/harbour/survey.csv", usecols=["comment"])["comment"]
    reviews = pd.read_csv(ROOT / "tests/data_files/asap_reviews/reviews.csv")["reviewbody"]
    for texts, ends in ((survey.dropna().drop_duplicates().head(200), ENDS[0]),
                        (reviews.head(60), ENDS[1])):  # fmt: skip
        clauses = [c for text in texts for c in re.split(ends, text) if len(c) > 3]
        shown = [said for said in map(quotable, clauses) if said is not None]
        assert len(shown) > 200
        assert [one for said in shown for one in _found(said, recognisers)] == []
