"""A segmentation that uses, or differs by, age or gender says so."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.segments import fairness


def people(n: int = 600) -> tuple[pd.Series, pd.DataFrame]:
    rng = np.random.default_rng(1)
    segment = pd.Series(rng.choice(["Best", "Rest"], size=n))
    return segment, pd.DataFrame(
        {
            "gender": rng.choice(["female", "male"], size=n),
            "age": rng.choice(["20-29", "30-39", "40-49"], size=n),
            "region": np.where(segment == "Best", "North", "South"),
        }
    )


def test_no_difference_is_said_with_how_large_it_could_be() -> None:
    found = fairness(*people())
    (remark,) = found.findings()
    assert remark.verdict == "equal" and remark.severity == "note" and found.table.empty
    # the region differs wholly, but is not protected
    assert dict(remark.values)["high"].value < 0.25
    assert set(found.estimates()) == {"Gender", "Age"}


def test_a_difference_is_said_with_its_numbers() -> None:
    segment, frame = people()
    frame["gender"] = np.where((segment == "Best") & (frame["age"] != "20-29"), "male", "female")
    found = fairness(segment, frame)
    (remark,) = found.findings()
    assert remark.verdict == "differs" and remark.severity == "warning"
    said = dict(remark.values)
    here = segment == said["segment"]
    inside = (frame.loc[here, "gender"] == said["level"]).mean()
    outside = (frame.loc[~here, "gender"] == said["level"]).mean()
    assert (said["inside"].value, said["outside"].value) == (inside, outside)
    assert said["inside"].kind == "percent"
    assert "do not use Gender, but differ by it" in remark.text


def test_what_is_used_is_said_whether_it_makes_a_difference_or_not() -> None:
    found = fairness(*people(), used=["age", "region"])
    assert [remark.verdict for remark in found.findings()] == ["uses"]
    assert dict(found.findings()[0].values)["attributes"] == ["Age"]


def test_numbers_are_compared_by_their_mean() -> None:
    segment, frame = people()
    frame["birth_year"] = np.where(segment == "Best", 1990.0, 1960.0) + np.arange(600) % 7
    (remark,) = fairness(segment, frame).findings()
    said = dict(remark.values)
    truth = 1993 if said["segment"] == "Best" else 1963
    assert said["attribute"] == "Birth year" and said["inside"].value == pytest.approx(
        truth, abs=0.3
    )


def test_without_the_attributes_it_says_that_nobody_can_tell() -> None:
    segment, frame = people()
    (remark,) = fairness(segment, frame[["region"]]).findings()
    assert remark.verdict == "unknown" and "nobody can tell" in remark.message
    own = fairness(segment, frame, protected=["region"])
    assert [r.verdict for r in own.findings()] == ["differs"]
    alone = fairness(segment, frame.assign(gender="female", age="20-29")).findings()
    assert [r.verdict for r in alone] == ["unknown"] and "cannot be told" in alone[0].text


def test_rows_must_match() -> None:
    segment, frame = people()
    with pytest.raises(DataError, match="600 segments for 5 customers"):
        fairness(segment, frame.head(5))
