"""Normal deviates that vary together."""

from __future__ import annotations

import numpy as np

from workbench.arrays import Array


def root_of(covariance: Array) -> Array:
    """Give a root of a covariance: standard normals times its transpose vary together as it says.

    What rounding has made of a zero variance, below zero, is zero.
    """
    values, vectors = np.linalg.eigh(covariance)
    root: Array = vectors * np.sqrt(np.maximum(values, 0.0))
    return root
