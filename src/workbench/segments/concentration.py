"""How unequally value lies with customers: Gini, Lorenz, the share of the top, who holds half.

References
----------
Langel, Tille (2013), Variance Estimation of the Gini Index, JRSS A 176(2), 521-540.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from workbench.arrays import Array, Mask
from workbench.errors import DataError, rows_of
from workbench.results import Estimate
from workbench.stats.disclosure import prefix_points, rule_of, sensitive
from workbench.stats.intervals import normal_quantile
from workbench.study import CellRule


def gini(value: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Gini coefficient with an interval from its influence function.

    Parameters
    ----------
    value : array_like, shape (n,)
        Zero or more.
    """
    values, _ = checked_value(value)
    n = values.size
    order = np.argsort(values, kind="stable")
    y = values[order]
    total = y.sum()
    rank = np.arange(1, n + 1)
    estimate = float(2 * (rank @ y) / (n * total) - (n + 1) / n)
    if n < 3:
        return Estimate(estimate, n=float(n), level=level)
    # Langel and Tille, equation 14, with equal weights
    cumulative = np.cumsum(y)
    z = (2 * rank * (y - cumulative / rank) + total - n * y - estimate * (total + y * n)) / (
        n * total
    )
    half = normal_quantile(level) * float(np.sqrt(np.square(z - z.mean()).sum() * n / (n - 1)))
    return Estimate(estimate, max(estimate - half, 0.0), min(estimate + half, 1.0), float(n), level)


def lorenz(
    value: ArrayLike, *, min_cell: CellRule | int = 0, cuts: Sequence[int] = ()
) -> pd.DataFrame:
    """Cumulative shares of customers and value, the least valuable first.

    Parameters
    ----------
    value : array_like, shape (n,)
        Zero or more.
    min_cell : CellRule or int
        With 0, a point a customer. Else points a hundredth of the customers apart, or further:
        between two of them lie customers whose sum may be published.
    cuts : sequence of int
        How many of the most valuable lie above points that are there in any case, since a page
        tells them: the ends of tiers.

    Returns
    -------
    DataFrame
        customers, value. Empty where not even the sum over all may be published.
    """
    values, _ = checked_value(value)
    rule, n = rule_of(min_cell), values.size
    y = np.sort(values)
    if not min_cell:
        at = np.arange(n + 1)
    elif sensitive(y, rule):
        at = np.array([], dtype=int)
    else:
        at = n - np.array(prefix_points(y[::-1], rule, cuts))[::-1]
    held = np.concatenate([[0.0], np.cumsum(y) / y.sum()])
    return pd.DataFrame({"customers": at / n, "value": held[at]})


def share_of_top(value: ArrayLike, share: float = 0.2, *, min_cell: int = 0) -> Estimate:
    """Share of value that the best `share` of customers hold, with its interval.

    Of customers with one value, as many count as there is room for: they hold the same. Where
    fewer than `min_cell` with the value at the edge would be left out they count, too, as they do
    in tiers: beside these the share would tell what one of them has.
    """
    if not 0 < share <= 1:
        raise DataError(f"share is {share}", remedy="give a share above 0, up to 1")
    values, _ = checked_value(value)
    n, falling = values.size, np.sort(values)[::-1]
    count = top_count(values, share, min_cell)
    held, edge = float(falling[:count].sum() / values.sum()), float(falling[count - 1])
    if n == 1 or count == n:
        return Estimate(held, n=float(n), kind="percent")
    return share_limits(values, held, excess(values, edge, values >= edge))


def top_count(values: Array, share: float, min_cell: int = 0) -> int:
    """Count the best `share` of customers; see `share_of_top`."""
    count = max(int(np.ceil(share * values.size - 1e-9)), 1)
    edge = np.partition(values, values.size - count)[values.size - count]
    tied = int((values >= edge).sum())
    return tied if tied - count < min_cell else count


def holders(value: ArrayLike, share: float = 0.5, *, level: float = 0.95) -> Estimate:
    """Smallest share of customers who hold `share` of the value, with its interval.

    The share S(p) that the best p hold is known with the error of `share_of_top`; dS / dp is the
    value of the customer at the edge over the mean, and turns it into the error of p.

    Parameters
    ----------
    value : array_like, shape (n,)
        Zero or more.
    share : float
        Between 0 and 1.
    """
    if not 0 < share < 1:
        raise DataError(f"share is {share}", remedy="give a share between 0 and 1")
    values, _ = checked_value(value)
    n, mean = values.size, values.mean()
    falling = np.sort(values)[::-1]
    count = int(np.searchsorted(np.cumsum(falling), share * falling.sum() * (1 - 1e-12))) + 1
    estimate, edge = count / n, float(falling[count - 1])
    if n < 3 or edge == 0:
        return Estimate(estimate, n=float(n), level=level, kind="percent")
    above = values >= edge
    influence = (excess(values, edge, above) - share * (values - mean)) / mean
    se = float(np.sqrt(np.square(influence).sum())) / n * mean / edge
    return _logit_limits(estimate, se, n, level, 1 / (2 * n))


def checked_value(value: ArrayLike) -> tuple[Array, pd.Index | None]:
    """Give values as numbers of zero or more, with their index, or say what is wrong with them."""
    index = value.index if isinstance(value, pd.Series) else None
    try:
        values = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise DataError("value holds text", remedy="convert the column to numbers first") from None
    if values.ndim != 1 or values.size == 0:
        raise DataError("there is no customer", remedy="give one value a customer")
    for bad, what in ((~np.isfinite(values), "missing or infinite"), (values < 0, "negative")):
        if bad.any():
            at = np.flatnonzero(bad)
            raise DataError(
                f"value is {what}",
                where=rows_of(at if index is None else index[at]),
                remedy="mend these customers or leave them out",
            )
    if not values.any():
        raise DataError("every value is zero", remedy="tiers need value that differs")
    return values, index


def share_limits(values: Array, share: float, influence: Array, level: float = 0.95) -> Estimate:
    """Limits of a share of all value from the influence of each customer on the value held."""
    n, mean = values.size, values.mean()
    influence = (influence - share * (values - mean)) / mean
    se = float(np.sqrt(np.square(influence).sum()) / n)
    return _logit_limits(share, se, n, level, 1e-12)


def _logit_limits(value: float, se: float, n: int, level: float, edge: float) -> Estimate:
    # on the logit scale the limits stay between 0 and 1
    p = min(max(value, edge), 1 - edge)
    width, centre = normal_quantile(level) * se / (p * (1 - p)), np.log(p / (1 - p))
    with np.errstate(over="ignore"):  # which is a limit of zero
        low, high = (float(1 / (1 + np.exp(-(centre + side * width)))) for side in (-1, 1))
    return Estimate(value, low, high, float(n), level, kind="percent")


def excess(values: Array, end: float, above: Mask) -> Array:
    """Give the influence of each customer on the value held above a quantile `end`."""
    part = np.where(above, values - end, 0.0)
    return np.asarray(part - part.mean(), dtype=float)
