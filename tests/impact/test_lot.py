"""The difference of two means after a lot."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_ind

from workbench.impact import CaseError, compare_afterwards


@pytest.mark.parametrize(("spread", "equal"), [("apart", False), ("equal", True)])
def test_it_is_the_t_test(spread: str, equal: bool) -> None:
    rng = np.random.default_rng(1)
    y, d = rng.normal(size=40) + 5, np.arange(40) < 12
    found = compare_afterwards(y, d, spread=spread)
    test = ttest_ind(y[d], y[~d], equal_var=equal)
    interval = test.confidence_interval(0.95)
    assert (found.low, found.high, found.p) == pytest.approx((*interval, test.pvalue))
    assert found.relative == pytest.approx(y[d].mean() / y[~d].mean() - 1)


@pytest.mark.parametrize(
    ("outcome", "treated", "words"),
    [
        ([1.0, np.nan, 2, 3], [1, 1, 0, 0], "1 units have no outcome, first in row 1"),
        ([1.0, 2, 3], [1, 0, 0], "1 treated and 2 other"),
        ([2.0, 2, 2, 2], [1, 1, 0, 0], "the outcome is 2 everywhere"),
    ],
)
def test_bad_input_is_an_error(outcome, treated, words: str) -> None:
    with pytest.raises(CaseError, match=words):
        compare_afterwards(outcome, treated)
