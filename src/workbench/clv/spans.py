"""Where purchases lie between the first and the last one of their customer.

Given a customer's first and last purchase, those in between lie in time as the common pace does,
whatever the customer's own rate and whether they have left: in all models of this room they are
uniform where the pace does not change. So pace is told apart from coming and leaving, and from
customers who are not alike, without fitting any of these.

References
----------
Cox, Lewis (1966), The Statistical Analysis of Series of Events: trend by conditioning.
McCullagh, Nelder (1989), Generalized Linear Models: dispersion beyond chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2

from workbench.arrays import Array
from workbench.clv.days import BuyingDays, starts

YEAR = 365.25
#: Columns of a season by months.
MONTHS = 11
#: Customers whose purchases are looked at.
MOST = 20_000
#: Days over which purchases are summed to see by how much more than chance they vary.
BLOCK = 28


def waves(end: pd.Timestamp, day: Array, columns: int) -> Array:
    """Time of year on days counted from an end: cosines and sines of harmonics, or months.

    Eleven columns are months (the twelfth is minus their sum), an even number is harmonics.
    """
    day = np.asarray(day)
    if columns == MONTHS:
        month = (end + pd.to_timedelta(day, unit="D")).month.to_numpy() - 1
        return np.asarray(np.vstack([np.eye(MONTHS), -np.ones(MONTHS)])[month], dtype=float)
    turn = 2 * np.pi * (end.day_of_year + day) / YEAR
    order = np.arange(1, columns // 2 + 1)
    return np.concatenate([np.cos(turn[:, None] * order), np.sin(turn[:, None] * order)], axis=1)


def basis_of(end: pd.Timestamp, day: Array, columns: int) -> Array:
    """Years and the time of year."""
    return np.column_stack([day / YEAR, waves(end, day, columns)])


@dataclass(frozen=True)
class Pace:
    """Where the search for a pace ended."""

    beta: Array
    covariance: Array
    value: float


class Spans:
    """Spans from first to last purchase of customers, and the purchases in between."""

    def __init__(self, known: BuyingDays, origin: int = 0) -> None:
        rows = np.flatnonzero(known.day <= origin)
        code, day = known.code[rows], known.day[rows] - origin
        start = starts(code)
        n = np.diff(np.append(start, code.size))
        kept = np.flatnonzero(n > 2)[:: max(int((n > 2).sum()) // MOST, 1)]
        self.first, self.last = day[start[kept]], day[start[kept] + n[kept] - 1]
        self.between = (n[kept] - 2).astype(float)
        chosen = np.zeros(n.size, dtype=bool)
        chosen[kept] = True
        inner = np.repeat(chosen, n)
        inner[start] = inner[start + n - 1] = False
        self.events = int(inner.sum())
        self.begin = int(day.min()) if day.size else 0
        self.length = 1 - self.begin
        #: Days of the log, the last one being zero.
        self.grid = np.arange(self.begin, 1, dtype=float)
        self.seen = np.bincount(day[inner] - self.begin, minlength=self.length).astype(float)

    def _sums(self, per_day: Array) -> Array:
        """Add up over the days between the first and the last of each span."""
        run = np.concatenate([np.zeros((1, *per_day.shape[1:])), np.cumsum(per_day, axis=0)])
        return np.asarray(run[self.last - self.begin] - run[self.first - self.begin + 1])

    def expected(self, pace: Array) -> Array:
        """Purchases in between that are expected each day at a pace."""
        share = self.between / self._sums(pace)
        change = np.zeros(self.length + 1)
        np.add.at(change, self.first - self.begin + 1, share)
        np.add.at(change, self.last - self.begin, -share)
        return np.asarray(np.cumsum(change)[:-1] * pace)

    def climb(self, basis: Array, fixed: Array | float = 0.0, start: Array | None = None) -> Pace:
        """Maximise the likelihood of where purchases in between lie, concave in the log pace."""
        p = basis.shape[1]
        beta = np.zeros(p) if start is None else start
        centred = basis - basis.mean(axis=0)
        pairs = centred[:, :, None] * centred[:, None, :]
        observed = self.seen @ centred
        information, value = np.eye(p), -np.inf
        for _ in range(40):
            log_pace = centred @ beta + fixed
            pace = np.exp(log_pace - log_pace.max())
            total = self._sums(pace)
            value = float(self.seen @ np.log(pace) - self.between @ np.log(total))
            weight = self.between / total
            mean = self._sums(pace[:, None] * centred)
            gradient = observed - weight @ mean
            second = np.tensordot(weight, self._sums(pace[:, None, None] * pairs), axes=1)
            information = second - (mean * (self.between / total**2)[:, None]).T @ mean
            # a little more than nothing, where a log says nothing of a direction
            information += 1e-6 * np.eye(p)
            step = np.linalg.solve(information, gradient)
            beta = beta + step * min(1.0, 1.0 / max(float(np.abs(step).max()), 1e-12))
            if float(gradient @ step) < 1e-8:
                break
        return Pace(beta, np.asarray(np.linalg.inv(information), dtype=float), value)

    def lean(self, basis: Array, beta: Array) -> Array:
        """Mean of the basis over the purchases expected at a pace."""
        expected = self.expected(np.exp(basis @ beta))
        whole = expected.sum()
        return np.asarray(expected @ basis / whole if whole else np.zeros(basis.shape[1]))

    def dispersion(self, pace: Array, parameters: int) -> float:
        """Variance of sums over blocks against chance; one where chance explains it."""
        block = (np.arange(self.length)[::-1]) // BLOCK
        seen, expected = np.bincount(block, self.seen), np.bincount(block, self.expected(pace))
        enough = expected >= 5
        free = int(enough.sum()) - parameters - 1
        if free < 4:
            return 1.0
        squared = float(((seen[enough] - expected[enough]) ** 2 / expected[enough]).sum())
        return squared / free if squared > chi2.ppf(0.95, free) else 1.0
