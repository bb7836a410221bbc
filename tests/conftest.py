"""What all tests share: the repository's root, and quiet places for runs."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import pytest

# Notebooks below tests/ are fixtures of failure modes, not notebooks to validate.
collect_ignore_glob = ["**/*.ipynb", "*.ipynb"]


@pytest.fixture(autouse=True)
def _no_figure_left_open() -> Iterator[None]:
    """A plot without axes of its own draws on the open ones: never those of another test."""
    yield
    plt.close("all")
