"""Segmentation held against numbers worked by hand or printed."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from workbench.data import score_measures, score_purchases
from workbench.segments import by_attribute, gini, latent_classes, name_customers
from workbench.segments.rfm import SCORES

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
    scored = score_purchases(log, as_of=as_of.date())
    named = name_customers(scored.frame(), levels=scored.levels)
    table = named.customers.set_index("customer_id")
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
        "Need attention",
        "Need attention",
        "At risk",
        "At risk",
        "Lost",
        "Lost",
    ]


def test_rfm_with_set_cuts_gives_the_scores_of_a_printed_example() -> None:
    """Eight customers of a lecture on direct marketing (slideplayer 2779490, example 1).

    Of customer E, with 6 orders, the slide prints 122; its own scheme, fewer than 10 is 1, gives
    112. The other seven are as printed.
    """
    last = ["2008-05", "2008-01", "2007-11", "2008-07", "2007-01", "2008-03", "2007-05", "2008-07"]
    days = (pd.Timestamp("2008-07-01") - pd.to_datetime(pd.Series(last), format="%Y-%m")).dt.days
    customers = pd.DataFrame(
        {
            "customer_id": list("ABCDEFGH"),
            "days_since_last": days,
            "orders": [12, 18, 35, 1, 6, 40, 5, 20],
            "spend": [6e3, 9e3, 40e3, 1e3, 5e3, 90e3, 2e3, 9e3],
        }
    )
    cuts = {
        "days_since_last": [30, 92, 183, 274],  # up to 1, 3, 6, 9 months
        "orders": [9, 19, 29, 39],
        "spend": [4_999, 9_999, 19_999, 50_000],
    }
    table = score_measures(customers, cuts=cuts).frame()
    scores = ["".join(map(str, row)) for row in table[list(SCORES)].to_numpy()]
    assert scores == ["422", "322", "244", "511", "112", "355", "111", "532"]


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
    assert gini(values).value == pytest.approx(expected, abs=2e-4)


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
    assert found.cramers_v.value == pytest.approx(
        np.sqrt((138.2898 / 592 - 9 / 591) / (3 - 9 / 591)), abs=1e-4
    )
    assert found.p_value < 1e-20


def test_latent_classes_of_role_conflict_are_goodmans() -> None:
    """Goodman (1974), Biometrika 61, 215-231: role conflict of 216 students (Stouffer, Toby 1951).

    Likelihood ratio against the saturated table: 81.08 with one class, 2.72 with two. poLCA
    (Linzer, Lewis 2011) prints the log-likelihood of two classes as -504.4677, shares .2793, .7207.
    """
    counts = np.array([42, 23, 6, 25, 6, 24, 7, 38, 1, 4, 1, 6, 2, 9, 2, 20])
    patterns = pd.DataFrame(list(product("12", repeat=4)), columns=list("ABCD"))
    answers = patterns.loc[patterns.index.repeat(counts)].reset_index(drop=True)
    found = latent_classes(answers, rng=np.random.default_rng(1), k=(1, 2, 3))
    saturated = float((counts * np.log(counts / 216)).sum())
    reached = found.evidence.set_index("k")["log_likelihood"]
    assert 2 * (saturated - reached[1]) == pytest.approx(81.08, abs=0.01)
    assert 2 * (saturated - reached[2]) == pytest.approx(2.72, abs=0.01)
    assert reached[2] == pytest.approx(-504.4677, abs=0.002)
    assert found.evidence["parameters"].tolist() == [4, 9, 14]
    # BIC takes two classes, as Goodman did
    assert found.estimates()["k"].value == 2
