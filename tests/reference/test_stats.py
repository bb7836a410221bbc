"""Published agreement of raters, reproduced."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.stats import cohen_kappa, krippendorff

pytestmark = pytest.mark.reference

X = np.nan
THREE_CODERS = np.array(
    [
        [X, X, X, X, X, 3, 4, 1, 2, 1, 1, 3, 3, X, 3],
        [1, X, 2, 1, 3, 3, 4, 3, X, X, X, X, X, X, X],
        [X, X, 2, 1, 3, 4, 4, X, 2, 1, 1, 3, 3, X, 4],
    ]
).T
FOUR_OBSERVERS = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, X, X, X],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, X, 3],
        [X, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, X],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, X],
    ]
).T


@pytest.mark.parametrize(("scale", "alpha"), [("nominal", 0.691), ("interval", 0.811)])
def test_krippendorffs_three_coders(scale: str, alpha: float) -> None:
    """Krippendorff's alpha, Wikipedia (section A computational example; 15 units, 26 values)."""
    found = krippendorff(THREE_CODERS, scale=scale, rng=np.random.default_rng(1))  # type: ignore[arg-type]
    assert round(found.estimate, 3) == alpha
    assert (found.units, found.judgements, found.lone) == (12, 26, 1)


@pytest.mark.parametrize(
    ("scale", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_krippendorffs_four_observers(scale: str, alpha: float) -> None:
    """Krippendorff (2011), Computing Krippendorff's alpha-reliability, sections C and D."""
    found = krippendorff(FOUR_OBSERVERS, scale=scale, rng=np.random.default_rng(1))  # type: ignore[arg-type]
    assert round(found.estimate, 3) == alpha


def test_diagnoses_of_fleiss_levin_and_paik() -> None:
    """Fleiss, Levin, Paik (2003), Statistical Methods for Rates and Proportions, table 18.1."""
    square = np.array([[75, 1, 4], [5, 4, 1], [0, 0, 10]])
    first = np.repeat(np.repeat([0, 1, 2], 3), square.ravel())
    second = np.repeat(np.tile([0, 1, 2], 3), square.ravel())
    found = cohen_kappa(first, second)
    assert found.estimate == pytest.approx(0.676, abs=5e-4)
    # standard error .087 or .088 by the rounding of the book's intermediate sums
    assert (found.high - found.low) / 2 / 1.96 == pytest.approx(0.0877, abs=7e-4)
