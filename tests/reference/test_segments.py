"""Segmentation held against numbers worked by hand or printed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.segments import by_attribute, gini, rfm

pytestmark = pytest.mark.reference


def test_rfm_of_ten_customers_is_that_worked_by_hand() -> None:
    """Ten customers, fifths of two; orders have ties, so that some levels stay empty."""
    days = [3, 10, 15, 30, 45, 60, 90, 120, 200, 365]
    orders = [6, 4, 1, 1, 3, 1, 2, 1, 1, 1]
    spend = [540.0, 940, 55, 65, 30, 191, 80, 132, 27, 40]
    as_of = pd.Timestamp("2025-12-31")
    log = pd.DataFrame(
        [
            (name, as_of - pd.Timedelta(days=d + 400 * k), s / n)
            for name, d, n, s in zip("ABCDEFGHIJ", days, orders, spend, strict=True)
            for k in range(n)
        ],
        columns=["customer_id", "date", "amount"],
    )
    table = rfm(log, as_of=as_of).table.set_index("customer_id")
    # two customers a level, the most recent first
    assert table["recency_score"].tolist() == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]
    # the 20, 40 and 60 % quantiles of orders are all 1, the 80 % one is 3
    assert table["frequency_score"].tolist() == [5, 5, 1, 1, 4, 1, 4, 1, 1, 1]
    # ranks of spend: 27 30 | 40 55 | 65 80 | 132 191 | 540 940
    assert table["spend_score"].tolist() == [5, 5, 2, 3, 1, 4, 3, 4, 1, 2]
    assert table["segment"].tolist() == [
        "Champions",
        "Champions",
        "Potential loyalists",
        "Potential loyalists",
        "Needing attention",
        "Needing attention",
        "At risk",
        "At risk",
        "Lost",
        "Lost",
    ]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        # closed forms: uniform 1/3, exponential 1/2, Pareto(3) 1/5
        ((np.arange(100_000) + 0.5) / 1e5, 1 / 3),
        (-np.log1p(-(np.arange(100_000) + 0.5) / 1e5), 1 / 2),
        ((1 - (np.arange(1_000_000) + 0.5) / 1e6) ** (-1 / 3), 1 / 5),
    ],
)
def test_gini_has_its_closed_forms(values: np.ndarray, expected: float) -> None:
    assert gini(values).estimate == pytest.approx(expected, abs=2e-4)


def test_cramers_v_of_hair_and_eye_colour_is_the_known_one() -> None:
    """Snedecor's hair and eye colours (R's HairEyeColor): chi-squared 138.29, V .279, n 592."""
    counts = pd.DataFrame(
        [[68, 20, 15, 5], [119, 84, 54, 29], [26, 17, 14, 14], [7, 94, 10, 16]],
        index=["black", "brown", "red", "blond"],
        columns=["brown", "blue", "hazel", "green"],
    )
    cells = counts.rename_axis("hair").reset_index().melt("hair", var_name="eye", value_name="n")
    people = cells.loc[cells.index.repeat(cells["n"])].reset_index(drop=True)
    hair, eye = people["hair"], people["eye"]
    found = by_attribute(hair, eye)
    # the bias correction takes chi-squared / n = .2336 to .2184, and 3 to 2.985
    assert found.cramers_v == pytest.approx(
        np.sqrt((138.2898 / 592 - 9 / 591) / (3 - 9 / 591)), abs=1e-4
    )
    assert found.p_value < 1e-20
