"""How often a score puts one who has an outcome above one who has not: DeLong's parts of the area.

References
----------
DeLong, DeLong, Clarke-Pearson (1988), Biometrics 44(3), 837-845; Sun, Xu (2014), IEEE Signal
Processing Letters 21(11) (by ranks).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from workbench.arrays import Array
from workbench.errors import DataError


def auc_parts(outcome: ArrayLike, score: ArrayLike) -> tuple[Array, Array]:
    """Give, for each who has the outcome, the share of the others with a lower score; and back.

    The area is the mean of either; the spread of both is its variance (DeLong).

    Parameters
    ----------
    outcome : array_like of bool, shape (n,)
    score : array_like, shape (n,)
        Higher for those with the outcome.

    Raises
    ------
    DataError
        If a score is missing, if all have the outcome, or nobody.
    """
    y = np.asarray(outcome, dtype=bool)
    s = np.asarray(score, dtype=float)
    if y.shape != s.shape or not np.isfinite(s).all():
        raise DataError("a score is missing", remedy="give one number a customer")
    m, n = int(y.sum()), int((~y).sum())
    if m == 0 or n == 0:
        raise DataError(
            f"{m:,} of {m + n:,} customers have the outcome",
            remedy="the score can be judged only where some have it and some do not",
        )
    everyone = rankdata(s)
    of_cases = (everyone[y] - rankdata(s[y])) / n
    of_others = 1 - (everyone[~y] - rankdata(s[~y])) / m
    return of_cases, of_others
