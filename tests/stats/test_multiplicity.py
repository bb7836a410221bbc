"""p-values corrected for the number of comparisons."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.errors import DataError
from workbench.stats import adjust, benjamini_hochberg, holm


def test_holm_steps_down() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


def test_benjamini_hochberg_steps_up() -> None:
    assert benjamini_hochberg([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.04, 0.04])


def test_missing_p_values_are_no_comparisons() -> None:
    found = holm([0.01, np.nan, 0.04])
    assert found[[0, 2]] == pytest.approx([0.02, 0.04]) and np.isnan(found[1])


def test_an_impossible_p_value_is_refused() -> None:
    with pytest.raises(DataError, match=r"outside 0\.\.1"):
        adjust([1.2])


def test_the_adjusted_values_are_those_of_statsmodels() -> None:
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    p = np.random.default_rng(0).uniform(size=40) ** 3
    p[5] = p[9]
    for method, name in (("holm", "holm"), ("bh", "fdr_bh")):
        peer = multitest.multipletests(p, method=name)[1]
        assert adjust(p, method) == pytest.approx(peer)  # type: ignore[arg-type]
