"""Ratios of totals (money an order, complaints a contact): each customer's part in them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.arrays import Array


def is_ratio(records: pd.DataFrame) -> bool:
    """Say whether an outcome of customers is a ratio of totals: some have several in a period.

    `n` then says of how many each value is the mean; the ratio is that of all of them together,
    not a mean over customers.
    """
    return "customer_id" in records and "n" in records and bool((records["n"] > 1).any())


def linearised(total: Array, number: Array, group: NDArray[np.int_]) -> Array:
    """Give each customer's part in the ratio of its group, so that their mean is the ratio.

    The spread of these parts is that of the ratio by the delta method: a customer's amounts and
    numbers go together, and several of one customer are no independent draws.

    Parameters
    ----------
    total, number : ndarray, shape (n,)
        Numerator and denominator of each customer.
    group : ndarray of int, shape (n,)
        Arm, or arm and segment.

    References
    ----------
    Deng, Knoblich, Lu (2018), Applying the delta method in metric analytics, KDD 2018, 233-242
    (section 2.2).
    """
    k = int(group.max()) + 1 if len(group) else 0
    count = np.bincount(group, minlength=k)
    numbers = np.bincount(group, number, minlength=k)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.bincount(group, total, minlength=k) / numbers
        mean = numbers / count
    return np.asarray(ratio[group] + (total - ratio[group] * number) / mean[group])
