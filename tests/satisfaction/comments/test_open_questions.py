"""Several open questions of one survey are each read, masked, counted and quoted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.satisfaction import open_questions
from workbench.study.codebook import read_codebook
from workbench.study.survey import Survey

CARD = Survey(open={"comment": {"en": "Why?"}, "wish": {"en": "What next?"}, "other": None})


def frame() -> pd.DataFrame:
    wishes = ["Please lower the prices for families"] * 30 + ["Friendlier staff at the desk"] * 12
    wishes += ["n/a"] * 8 + ["Cleaner stores"] * 2 + [""] * 48
    return pd.DataFrame(
        {"comment": "Good", "wish": wishes, "other": None, "weight": 1.0, "person": range(100)}
    )


def test_each_question_has_its_counts_subjects_and_statements() -> None:
    found = open_questions(frame(), CARD, read_codebook(), rng=np.random.default_rng(1))
    assert list(found.comments) == ["What next?"] and found.silent == ("other",)
    assert found.estimates()["answered.What next?"].value == pytest.approx(0.44)
    rows = found.table.set_index("label")
    assert rows.loc["Price and value", "n"] == 30
    assert rows.loc["Price and value", "share"] == pytest.approx(30 / 44)
    assert rows.loc["Staff and advice", "text"] == "Friendlier staff at the desk"
    # two people are too few to be shown, and say so
    few = rows.loc["Premises and app"]
    assert few["reason"] and np.isnan(few["share"]) and few["text"] == ""
    assert "44 answers" in found.findings()[1].text


def test_a_question_that_is_not_there_is_named() -> None:
    with pytest.raises(DataError, match="no column 'wish'"):
        open_questions(
            frame().drop(columns="wish"), CARD, read_codebook(), rng=np.random.default_rng(1)
        )
    with pytest.raises(DataError, match="no further open question"):
        open_questions(frame(), Survey(), read_codebook(), rng=np.random.default_rng(1))
