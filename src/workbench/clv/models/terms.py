"""Lengths of time after which payments fall due, as a log shows them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.arrays import Array, Index
from workbench.clv.models.rows import add_up

#: Lengths that are told apart at most, and the share of customers that makes one.
MOST, RARE = 3, 0.05
#: Customers whose gaps differ from a length by no more than this factor pay by it.
SAME = 1.25
#: Points by which gaps around the due date are described.
POINTS = 40
#: Lengths with a name: days, English, Chinese.
NAMED = (
    (7.0, "a week", "一周"), (14.0, "two weeks", "两周"), (30.44, "a month", "一个月"),
    (60.9, "two months", "两个月"), (91.3, "three months", "三个月"),
    (182.6, "half a year", "半年"), (365.25, "a year", "一年"),
)  # fmt: skip


@dataclass(frozen=True)
class Terms:
    """Lengths of terms, and how gaps lie around them.

    Attributes
    ----------
    lengths : tuple of float
        In the unit of time.
    shares : tuple of float
        Of new customers, by length.
    leaving : tuple of float
        Share of payments that were the last, roughly, by length.
    points : tuple of float
        Gaps over lengths: quantiles at equal distances.
    gaps : int
        Gaps that the points come from.
    per : float
        Days in the unit of time.
    days : int
        Lengths of gaps that are told apart.
    """

    lengths: tuple[float, ...]
    shares: tuple[float, ...]
    leaving: tuple[float, ...]
    points: tuple[float, ...]
    gaps: int
    per: float
    days: int

    @classmethod
    def of(cls, code: Index, gap: Array, ages: Array, per: float) -> Terms:
        """Find the lengths in gaps (days) of customers, whose ages (days) are given."""
        size = ages.size
        number = np.bincount(code, minlength=size)
        silence = ages - add_up(code, gap, size)
        who = np.flatnonzero(number)
        begin = np.cumsum(number)[who] - number[who]
        # the middle of a customer's gaps: one that was skipped or paid early does not matter
        rank = np.lexsort((gap, code))
        usual = gap[rank][begin + (number[who] - 1) // 2]
        left = np.ones(who.size, dtype=bool)
        lengths: list[float] = []
        repeated = number[who] > 1
        while len(lengths) < MOST and left.sum() > RARE * who.size:
            of = usual[left & repeated] if (left & repeated).any() else usual[left]
            length = _mode(of)
            near = np.abs(np.log(usual / length)) < np.log(SAME)
            if (near & left).sum() <= RARE * who.size and lengths:
                break
            lengths.append(float(usual[near & left].mean()))
            left &= ~near
        lengths.sort()
        shares, leaving = [], []
        kind = _nearest(usual, np.array(lengths))
        for i, length in enumerate(lengths):
            mine = who[kind == i]
            over = silence[mine] > 1.5 * length
            leaves = (over.sum() + 0.5) / ((number[mine] + 1).sum() + 1)
            # of new ones those only are known by their gaps who have been there for a term
            seen = max(float((ages > 1.1 * length).mean()), 0.02) * (1 - leaves)
            shares.append(mine.size / seen)
            leaving.append(float(leaves))
        place = np.full(size, np.nan)
        place[who] = np.array(lengths)[kind]
        ratio = gap / place[code]
        points = np.quantile(ratio, (np.arange(POINTS) + 0.5) / POINTS)
        whole = sum(shares)
        return cls(
            tuple(length / per for length in lengths), tuple(float(s / whole) for s in shares),
            tuple(leaving), tuple(float(p) for p in points), int(gap.size), per,
            int(np.unique(gap).size),
        )  # fmt: skip

    def log_density(self, code: Index, gap: Array) -> Array:
        """Logarithm of the density of gaps (days) in the unit of time, by the share of each day."""
        _, at, number = np.unique(gap, return_inverse=True, return_counts=True)
        return np.asarray(np.log(number[at] / gap.size * self.per), dtype=float)

    def weights(self, x: Array, t_x: Array, T: Array) -> Array:
        """Probability of each length, shape (lengths, m): by the gaps, or where there are none."""
        lengths = np.array(self.lengths)
        out = np.zeros((lengths.size, x.size))
        again = x > 0
        usual = np.where(again, t_x / np.maximum(x, 1), 1.0)
        out[_nearest(usual, lengths), np.arange(x.size)] = again
        for i, length in enumerate(lengths):
            there = (1 - self.leaving[i]) * self.lasts(T / length) + self.leaving[i]
            out[i] += np.where(again, 0.0, self.shares[i] * there)
        return np.asarray(out / out.sum(axis=0))

    def lasts(self, terms: Array) -> Array:
        """P(a gap is longer than so many terms)."""
        points = np.asarray(self.points)
        beyond = 1 - np.searchsorted(points, terms, side="right") / points.size
        # gaps longer than any seen so far are possible, and rare
        rare = np.exp(-np.minimum(terms, 700.0))
        return np.asarray((self.gaps * beyond + 0.5 * rare) / (self.gaps + 0.5), dtype=float)

    def words(self, unit: str) -> dict[str, str]:
        """Name the lengths."""
        english, chinese = [], []
        for days in (length * self.per for length in self.lengths):
            name = min(NAMED, key=lambda n: abs(np.log(days / n[0])))
            near = abs(np.log(days / name[0])) < 0.06
            english.append(name[1] if near else f"{days:.0f} days")
            chinese.append(name[2] if near else f"{days:.0f}天")
        return {"en": " or ".join(english), "zh": "或".join(chinese)}


def _nearest(usual: Array, lengths: Array) -> Index:
    distance = np.abs(np.log(np.maximum(usual, 1e-9))[:, None] - np.log(lengths))
    return np.asarray(distance.argmin(axis=1), dtype=np.intp)


def _mode(values: Array) -> float:
    """Find the most common value, where values are near in proportion."""
    logs = np.sort(np.log(values))
    inside = np.searchsorted(logs, logs + np.log(SAME) / 2, side="right")
    inside = inside - np.searchsorted(logs, logs - np.log(SAME) / 2, side="left")
    return float(np.exp(np.median(logs[inside == inside.max()])))
