from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.satisfaction.instrument.content_validity import (
    content_validity,
    critical_count,
    critical_cvr,
    delphi,
    kendall_w,
)

#: Polit, Beck and Owen (2007), table 4: experts, agreeing, I-CVI, chance, kappa, evaluation.
POLIT = [
    (3, 3, 1.00, 0.125, 1.00, "excellent"), (3, 2, 0.67, 0.375, 0.47, "fair"),
    (4, 4, 1.00, 0.063, 1.00, "excellent"), (4, 3, 0.75, 0.250, 0.67, "good"),
    (5, 5, 1.00, 0.031, 1.00, "excellent"), (5, 4, 0.80, 0.156, 0.76, "excellent"),
    (6, 6, 1.00, 0.016, 1.00, "excellent"), (6, 5, 0.83, 0.094, 0.81, "excellent"),
    (7, 7, 1.00, 0.008, 1.00, "excellent"), (7, 6, 0.86, 0.055, 0.85, "excellent"),
    (8, 8, 1.00, 0.004, 1.00, "excellent"), (8, 7, 0.88, 0.031, 0.88, "excellent"),
    (8, 6, 0.75, 0.109, 0.72, "good"), (9, 8, 0.89, 0.018, 0.89, "excellent"),
    (9, 7, 0.78, 0.070, 0.76, "excellent"),
]  # fmt: skip
#: Ayre and Scally (2014), table 2: experts, critical CVR, number who must agree.
AYRE = [
    (5, 1.000, 5), (6, 1.000, 6), (7, 1.000, 7), (8, 0.750, 7), (9, 0.778, 8), (10, 0.800, 9),
    (11, 0.636, 9), (12, 0.667, 10), (13, 0.538, 10), (14, 0.571, 11), (15, 0.600, 12),
    (20, 0.500, 15), (25, 0.440, 18), (30, 0.333, 20), (40, 0.300, 26),
]  # fmt: skip
# Table `anxiety` of R's irr: 20 persons, three raters.
ANXIETY = np.array(
    [
        [3, 3, 3, 4, 5, 5, 2, 3, 5, 2, 2, 6, 1, 5, 2, 2, 1, 2, 4, 3],
        [3, 6, 4, 6, 2, 4, 2, 4, 3, 3, 2, 3, 3, 3, 2, 2, 1, 3, 3, 4],
        [2, 1, 4, 4, 3, 2, 1, 6, 1, 1, 1, 2, 3, 3, 1, 1, 3, 3, 2, 2],
    ],
    dtype=float,
)


def ratings(experts: int, agree: int) -> pd.DataFrame:
    return pd.DataFrame({"q": [4] * agree + [2] * (experts - agree)})


@pytest.mark.reference
@pytest.mark.parametrize(("n", "agree", "icvi", "chance", "kappa", "verdict"), POLIT)
def test_kappa_is_that_of_polit_beck_and_owen(
    n: int, agree: int, icvi: float, chance: float, kappa: float, verdict: str
) -> None:
    row = content_validity(ratings(n, agree)).table.iloc[0]
    # printed is the kappa of rounded shares: (.88 - .031) / .969 is .876, of exact ones .871
    assert row["estimate"] == pytest.approx(icvi, abs=0.0051)
    assert row["chance"] == pytest.approx(chance, abs=0.00051)
    assert row["kappa"] == pytest.approx(kappa, abs=0.0101)
    assert (icvi - chance) / (1 - chance) == pytest.approx(kappa, abs=0.0051)
    assert row["verdict"] == verdict


@pytest.mark.reference
@pytest.mark.parametrize(("n", "cvr", "count"), AYRE)
def test_critical_ratios_are_those_of_ayre_and_scally(n: int, cvr: float, count: int) -> None:
    assert critical_count(n) == count
    assert critical_cvr(n) == pytest.approx(cvr, abs=0.0005)


def test_four_experts_cannot_be_beyond_chance() -> None:
    assert critical_count(4) is None and np.isnan(critical_cvr(4))


@pytest.mark.reference
def test_concordance_is_that_of_irr() -> None:
    w, p = kendall_w(ANXIETY)
    assert (round(w, 3), round(p, 4)) == (0.54, 0.0429)


def test_concordance_of_equal_and_of_opposite_ranks() -> None:
    same = np.tile([1.0, 2, 3, 4], (3, 1))
    assert kendall_w(same)[0] == pytest.approx(1)
    assert kendall_w(np.array([[1.0, 2, 3], [3, 2, 1]]))[0] == pytest.approx(0)
    assert np.isnan(kendall_w(np.ones((3, 4)))[0])


def test_a_scale_of_three_items_by_hand() -> None:
    table = pd.DataFrame({"a": [4, 4, 4, 3], "b": [4, 4, 2, 3], "c": [1, 4, 2, 2]})
    found = content_validity(table)
    assert found.table["estimate"].tolist() == [1.0, 0.75, 0.25]
    assert found.average.value == pytest.approx(2 / 3)
    assert found.universal.value == pytest.approx(1 / 3)
    assert found.table["cvr"].tolist() == [1.0, 0.5, -0.5]
    assert found.doubtful == ["c"]
    assert found.findings()[0].verdict == "not valid"
    assert found.average.low < 2 / 3 < found.average.high <= 1


def test_missing_ratings_are_no_disagreement() -> None:
    table = pd.DataFrame({"a": [4, 4, 4, None, "?"], "b": [4, 4, 4, 4, 4]})
    found = content_validity(table)
    assert found.table["experts"].tolist() == [3, 5]
    assert found.average.value == 1 and found.findings()[0].verdict == "valid"


def test_two_experts_are_too_few() -> None:
    with pytest.raises(DataError, match="three experts"):
        content_validity(ratings(2, 2))


def test_rounds_that_converge_need_no_further_one() -> None:
    first = pd.DataFrame({"a": [1, 3, 5, 7, 9], "b": [2, 5, 8, 3, 9]})
    second = pd.DataFrame({"a": [5, 5, 5, 6, 6], "b": [2, 5, 8, 3, 9]})
    found = delphi([first, second])
    assert found.table.set_index("item")["verdict"].to_dict() == {
        "a": "agreed",
        "b": "stable without agreement",
    }
    assert found.open == [] and found.findings()[-1].key == "delphi.done"
    assert found.table["changed"].tolist() == [0.8, 0.0]  # the third expert kept the 5
    moving = pd.DataFrame({"a": [5, 5, 5, 6, 6], "b": [9, 2, 8, 1, 3]})
    assert delphi([first, moving]).open == ["b"]


def test_a_single_round_is_never_stable() -> None:
    found = delphi([pd.DataFrame({"a": [1, 9, 5, 3], "b": [5, 5, 5, 4]})])
    assert found.table["verdict"].tolist() == ["still moving", "agreed"]


def test_experts_are_matched_by_name_not_by_row() -> None:
    first = pd.DataFrame({"a": [1, 5, 9]}, index=["x", "y", "z"])
    second = pd.DataFrame({"a": [9, 5, 1]}, index=["z", "y", "x"])
    assert delphi([first, second]).table["changed"].tolist() == [0.0]


def test_rounds_of_other_items_are_refused() -> None:
    with pytest.raises(DataError, match="round 2 has other items than the first: a, b"):
        delphi([pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})])
