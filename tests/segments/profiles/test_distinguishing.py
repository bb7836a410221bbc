"""What sets a segment apart: sizes as set, no findings in noise, small cells left out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.segments import distinguishing


def people(rng: np.random.Generator, n: int = 600) -> tuple[pd.Series, pd.DataFrame]:
    segment = pd.Series(rng.choice(["A", "B", "C"], size=n))
    return segment, pd.DataFrame(
        {
            "age": rng.normal(size=n),
            "spend": rng.lognormal(size=n),
            "town": rng.choice(list("pqr"), size=n),
        }
    )


def test_differences_have_the_size_that_was_given_them() -> None:
    rng = np.random.default_rng(1)
    segment, frame = people(rng, 30_000)
    inside = segment == "A"
    frame["age"] = frame["age"] + 0.5 * inside
    frame["town"] = np.where(inside & (rng.random(30_000) < 0.3), "p", frame["town"])
    found = distinguishing(segment, frame).set_index(["segment", "attribute", "level"])
    age = found.loc["A", "age"].iloc[0]
    assert age["effect"] == pytest.approx(0.5 / frame["age"].std(), abs=0.03)
    assert age["low"] < age["effect"] < age["high"] and age["p"] < 1e-6
    town = found.loc[("A", "town", "p")]
    # .3 + .7 / 3 against 1 / 3
    assert town[["inside", "outside", "effect"]].tolist() == pytest.approx(
        [0.533, 0.333, 0.2], abs=0.02
    )
    assert found.loc["B", "spend"].iloc[0]["p"] > 0.05
    assert age["n"] == inside.sum()


def test_noise_gives_a_finding_in_no_more_than_five_of_a_hundred_samples() -> None:
    rng = np.random.default_rng(2)
    found = missed = 0
    for _ in range(15):
        table = distinguishing(*people(rng, 300))
        found += table["p"].lt(0.05).any()
        # all intervals together hold the truth, zero
        missed += ((table["low"] > 0) | (table["high"] < 0)).any()
    assert found <= 3 and missed <= 3  # binomial(15, .05) exceeds 3 in six of 1,000


def test_differences_of_means_are_welchs() -> None:
    """Against scipy's Welch test, on values that do not lean."""
    from scipy.stats import ttest_ind

    rng = np.random.default_rng(3)
    a, b = rng.normal(1, 1, 40), rng.normal(0, 3, 25)
    frame = pd.DataFrame({"x": np.concatenate([a, b])})
    row = distinguishing(["A"] * 40 + ["B"] * 25, frame, confidence=0.9).iloc[0]
    spread = frame["x"].std(ddof=0)
    test = ttest_ind(a, b, equal_var=False)
    # two segments: each interval at 95 %; two p-values, the same: Holm doubles them
    limits = test.confidence_interval(0.95)
    assert row[["low", "high"]].tolist() == pytest.approx(
        [limits.low / spread, limits.high / spread]
    )
    assert row["p"] == pytest.approx(min(2 * test.pvalue, 1))
    assert row["inside"] == pytest.approx(a.mean())
    assert row["outside"] == pytest.approx(b.mean())


def test_differences_of_shares_are_newcombes() -> None:
    """Newcombe (1998), table II, row a: 56 of 70 against 48 of 80 gives .0524 to .3339."""
    segment = ["A"] * 70 + ["B"] * 80
    frame = pd.DataFrame({"x": ["y"] * 56 + ["n"] * 14 + ["y"] * 48 + ["n"] * 32})
    # two segments and two levels: an interval of 95 % each
    found = distinguishing(segment, frame, confidence=1 - 0.05 * 4)
    row = found[(found["segment"] == "A") & (found["level"] == "y")].iloc[0]
    assert row[["low", "effect", "high"]].tolist() == pytest.approx([0.0524, 0.2, 0.3339], abs=1e-4)


def test_small_cells_and_dates_are_left_out() -> None:
    segment = ["A"] * 40 + ["B"] * 40
    frame = pd.DataFrame(
        {
            "rare": ["x"] * 3 + ["y"] * 77,
            "even": ["x", "y"] * 40,
            "day": pd.to_datetime(["2025-01-01", "2025-01-02"] * 40),
            "same": 1,
        }
    )
    assert set(distinguishing(segment, frame)["attribute"]) == {"even"}
    assert set(distinguishing(segment, frame, min_cell=3)["attribute"]) == {"even", "rare"}
    assert distinguishing(["A"] * 80, frame).empty


def test_missing_values_are_left_out_attribute_by_attribute() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0, np.nan, 4.0, 5.0, 6.0], "b": [1, None, 2, 3, 4, 5]})
    found = distinguishing(list("xxxyyy"), frame, min_cell=0).set_index(["segment", "attribute"])
    assert found.loc[("x", "a"), "n"] == 2 and found.loc[("x", "a"), "inside"] == 1.5


def test_rows_must_match() -> None:
    with pytest.raises(DataError, match="3 segments for 2 customers"):
        distinguishing(list("abc"), pd.DataFrame({"x": [1, 2]}))
    with pytest.raises(DataError, match="there is no customer"):
        distinguishing([], pd.DataFrame({"x": []}))
