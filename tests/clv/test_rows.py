"""Unusable customers are refused with their rows; identical ones are counted once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.clv import BetaGeometric, GammaGamma, ParetoNBD
from workbench.clv.models.rows import gather
from workbench.errors import DataError

GOOD = {"frequency": [2.0, 0.0, 1.0], "recency": [3.0, 0.0, 1.0], "age": [5.0, 5.0, 4.0]}


@pytest.mark.parametrize("model", [BetaGeometric, ParetoNBD])
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"frequency": [], "recency": [], "age": []}, "there is no customer"),
        ({"recency": [3.0, 0.0, 4.5]}, "row 2: recency is greater than age"),
        ({"age": [-5.0, 5.0, 4.0]}, "row 0: age is negative"),
        ({"frequency": [2.0, 0.0, -1.0]}, "row 2: frequency is negative"),
        ({"frequency": [2.0, np.nan, 1.0]}, "row 1: frequency is missing"),
        ({"age": [5.0, np.inf, 4.0]}, "row 1: age is infinite"),
        ({"frequency": [2.0, 0.0, "many"]}, "row 2: frequency holds 'many', which is no number"),
        ({"frequency": [2.5, 0.0, 1.0]}, "row 0: frequency is not a whole number"),
        ({"recency": [3.0, 1.0, 1.0]}, "row 1: recency is positive without a repeat purchase"),
        ({"recency": [0.0, 0.0, 1.0]}, "row 0: recency is zero despite repeat purchases"),
        ({"age": [5.0, 5.0]}, "columns differ in length"),
    ],
)
def test_each_kind_of_bad_customer_has_its_own_error(
    model: type, change: dict[str, list], told: str
) -> None:
    columns = GOOD | change
    with pytest.raises(DataError, match=told):
        model(columns["frequency"], columns["recency"], columns["age"])


def test_one_customer_is_too_few() -> None:
    with pytest.raises(DataError, match="there is one customer"):
        BetaGeometric([2], [3.0], [5.0]).fit()


def test_one_time_buyers_alone_teach_nothing() -> None:
    with pytest.raises(DataError, match="no customer has bought a second time"):
        BetaGeometric([0, 0], [0, 0], [5.0, 6.0]).fit()
    with pytest.raises(DataError, match="no customer has bought a second time"):
        # a row that stands for nobody
        BetaGeometric([0, 2], [0, 3.0], [5.0, 5.0], counts=[4, 0]).fit()


def test_rows_are_named_by_their_index_and_only_the_first_five() -> None:
    frame = pd.DataFrame(
        {"frequency": [-1.0] * 8, "recency": 1.0, "age": 2.0}, index=list("abcdefgh")
    )
    with pytest.raises(DataError, match="rows a, b, c, d, e and 3 more: frequency is negative"):
        BetaGeometric.from_frame(frame)


def test_a_summary_without_its_columns_is_refused() -> None:
    with pytest.raises(DataError, match="no column recency, age"):
        BetaGeometric.from_frame(pd.DataFrame({"frequency": [1]}))


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(DataError, match="'fortnight'"):
        BetaGeometric(**GOOD, unit="fortnight")


def test_identical_customers_share_a_row_and_counts_add_up() -> None:
    rows = gather([1, 0, 1, 1], [2, 0, 2, 2], [5, 5, 5, 6], [10, 1, 5, 2], unit="day")
    assert rows.x.size == 3 and rows.customers == 18
    assert rows.n[rows.inverse[0]] == 15
    assert (rows.T[rows.inverse] == [5, 5, 5, 6]).all()


def test_counts_give_the_fit_of_the_long_table() -> None:
    rng = np.random.default_rng(1)
    x, t_x = BetaGeometric.draw(np.array([0.5, 4, 0.8, 2.5]), np.full(500, 30.0), rng)
    n = rng.integers(1, 4, 500)
    t_x = np.ceil(t_x)
    long = BetaGeometric(np.repeat(x, n), np.repeat(t_x, n), np.full(n.sum(), 30.0)).fit()
    short = BetaGeometric(x, t_x, np.full(500, 30.0), n).fit()
    assert short.params.tolist() == pytest.approx(long.params.tolist(), rel=1e-8)
    assert short.nobs == n.sum()


@pytest.mark.parametrize(
    ("frequency", "spend", "told"),
    [
        ([2, 1], [10.0, -3.0], "row 1: mean_spend is zero or negative"),
        ([2, 1], [10.0, np.nan], "row 1: mean_spend is missing"),
        ([-2, 1], [10.0, 3.0], "row 0: frequency is negative"),
        ([2, 0, 0], [10.0, 0.0, 0.0], "1 customer has bought a second time"),
        ([2, 1], [10.0], "columns differ in length"),
    ],
)
def test_spend_that_cannot_be_used_is_refused(
    frequency: list[int], spend: list[float], told: str
) -> None:
    with pytest.raises(DataError, match=told):
        GammaGamma(frequency, spend)


def test_refunded_customers_may_be_dropped_and_are_counted() -> None:
    model = GammaGamma([2, 1, 3, 0], [10.0, -3.0, 5.0, np.nan], nonpositive="drop")
    assert model.dropped == 1 and model.x.tolist() == [2, 3]
