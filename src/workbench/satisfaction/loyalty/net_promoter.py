"""Net promoter score with intervals that hold, and how large a change a sample can show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from workbench.arrays import Array, Mask
from workbench.errors import DataError
from workbench.results import Estimate, Result, labelled
from workbench.stats import effective_answers, wilson
from workbench.stats.weights import check_weights, several


def nps_limits(
    promoters: ArrayLike, detractors: ArrayLike, n: ArrayLike, *, level: float = 0.95
) -> tuple[Array, Array]:
    """Score (test-inversion) limits of the net promoter score, as a share in -1..1.

    The limits are those values that a score test does not reject, the nuisance parameter being
    estimated under each value. The problem is that of a difference of two multinomial
    proportions, for which Tango solved the constrained estimate in closed form.

    Parameters
    ----------
    promoters, detractors, n : array_like of int
        Counts; broadcast against one another.

    References
    ----------
    Tango (1998), Statistics in Medicine 17, 891-908, equations 10 to 13. Rocks (2016), The
    American Statistician 70(4), 365-372, for the score interval of the NPS.
    """
    x, y, m = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (promoters, detractors, n)))
    if (m < 1).any() or (x < 0).any() or (y < 0).any() or (x + y > m).any():
        raise DataError(
            "promoters and detractors do not fit the number of answers",
            remedy="counts must be 0 or more and add up to at most n",
        )
    z2 = float(ndtri(0.5 + level / 2)) ** 2
    estimate = (x - y) / m

    def inside(theta: Array) -> Mask:
        b = 2 * theta * (m - x) - (x + y) * (1 - theta)
        root = np.sqrt(np.maximum(b * b + 8 * m * y * theta * (1 - theta), 0.0))
        d = np.clip((root - b) / (4 * m), np.maximum(0.0, -theta), None)
        variance = np.maximum(2 * d + theta - theta**2, 0.0) / m
        return np.asarray((estimate - theta) ** 2 <= z2 * variance)

    limits = []
    for end in (-1.0, 1.0):
        near, far = estimate.copy(), np.full_like(estimate, end)
        for _ in range(50):
            middle = (near + far) / 2
            accepted = inside(middle)
            near, far = np.where(accepted, middle, near), np.where(accepted, far, middle)
        limits.append((near + far) / 2)
    return limits[0], limits[1]


#: What is known of every net promoter score.
NPS: Final[dict[str, Any]] = {"kind": "points", "better": "up", "label": "Net promoter score"}


@dataclass(frozen=True)
class NetPromoter(Result):
    """Net promoter score of one group, in points (-100..100).

    Attributes
    ----------
    promoters, passives, detractors : int
        Answers 9-10, 7-8 and 0-6.
    excluded : int
        Answers off the scale or missing.
    shares : tuple of float, optional
        Weighted shares of the three parts; those of the counts unless given.
    effective : float, optional
        Answers that a simple sample would need for the same variance; the count unless given.
    """

    promoters: int
    passives: int
    detractors: int
    excluded: int = 0
    level: float = 0.95
    shares: tuple[float, float, float] | None = None
    effective: float | None = None

    @property
    def n(self) -> int:
        """Answers counted."""
        return self.promoters + self.passives + self.detractors

    @property
    def parts(self) -> Array:
        """Shares of promoters, passives and detractors."""
        counts = np.array([self.promoters, self.passives, self.detractors], dtype=float)
        return counts / self.n if self.shares is None else np.array(self.shares)

    @property
    def size(self) -> float:
        """Answers that the intervals go by: the effective number where there are weights."""
        return float(self.n) if self.effective is None else self.effective

    @property
    def estimate(self) -> float:
        """Score in points."""
        p, _, d = self.parts
        return float(100 * (p - d))

    @property
    def variance(self) -> float:
        """Variance of one answer (+1, 0, -1): p + d - (p - d)^2."""
        p, _, d = self.parts
        return float(p + d - (p - d) ** 2)

    @property
    def se(self) -> float:
        """Standard error in points, sqrt((p + d - (p - d)^2) / n)."""
        return float(100 * np.sqrt(self.variance / self.size))

    @property
    def interval(self) -> Estimate:
        """Score interval in points."""
        p, _, d = self.parts * self.size
        low, high = nps_limits(p, d, max(self.size, p + d), level=self.level)
        ends = 100 * float(low), 100 * float(high)
        return Estimate(self.estimate, *ends, self.n, self.level, **NPS)

    @property
    def adjusted_wald(self) -> Estimate:
        """Adjusted Wald interval: three answers added, 3/4, 3/2 and 3/4.

        Centred on the shrunk score; the estimate shown stays the plain one. Rocks (2016).
        """
        m = self.size + 3
        p, _, d = (self.parts * self.size + [0.75, 1.5, 0.75]) / m
        half = float(ndtri(0.5 + self.level / 2)) * np.sqrt((p + d - (p - d) ** 2) / m)
        low, high = np.clip([p - d - half, p - d + half], -1, 1)
        return Estimate(self.estimate, 100 * float(low), 100 * float(high), self.n, self.level)

    @property
    def table(self) -> pd.DataFrame:
        """Promoters, passives, detractors: `part`, `n`, `share` with `_low`, `_high` (Wilson)."""
        counts = np.array([self.promoters, self.passives, self.detractors])
        low, high = wilson(self.parts * self.size, self.size, level=self.level)
        table = pd.DataFrame(
            {
                "part": ["promoters", "passives", "detractors"],
                "n": counts,
                "share": self.parts,
                "share_low": low,
                "share_high": high,
            }
        )
        return labelled(table, part="Group", n="Answers", share=("Share", "percent"))

    def plan(
        self,
        changes: Sequence[float] = (2, 5, 10, 15),
        *,
        overlap: float = 0.0,
        correlation: float = 0.0,
    ) -> pd.DataFrame:
        """Say what a survey of this size can show; see `sample_plan`."""
        return sample_plan(
            1e4 * self.variance, self.n, changes, design_effect=self.n / self.size,
            overlap=overlap, correlation=correlation,
        )  # fmt: skip

    def estimates(self) -> dict[str, Estimate]:
        """Score in points with the score interval."""
        return {"nps": self.interval}


def nps(
    scores: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    people: ArrayLike | None = None,
    level: float = 0.95,
) -> NetPromoter:
    """Net promoter score of answers on the scale 0 to 10.

    Parameters
    ----------
    scores : array_like
        Missing answers and values off the scale are left out and counted.
    weights : array_like, optional
        One an answer. The intervals then go by the number of answers of a simple sample that would
        give the score the same linearised variance.
    people : array_like, optional
        Who gave each answer: intervals allow for people who answered more than once.

    Raises
    ------
    DataError
        No usable answer.

    Examples
    --------
    >>> from workbench.satisfaction import nps
    >>> found = nps([10, 9, 9, 8, 7, 6, 10, 3, 9, 10])
    >>> found.promoters, found.detractors, found.estimate
    (6, 2, 40.0)
    """
    values, good, w = usable_scores(scores, (0, 10), weights)
    who = None if people is None else several(np.asarray(people)[good])
    kinds = np.column_stack([values >= 9, (values >= 7) & (values < 9), values < 7])
    promoters, passives, detractors = (int(c) for c in kinds.sum(axis=0))
    plain = NetPromoter(promoters, passives, detractors, int((~good).sum()), level)
    if w is None and who is None:
        return plain
    p, s, d = (float(np.average(kind, weights=w)) for kind in kinds.T)
    effective = effective_answers(kinds[:, 0].astype(float) - kinds[:, 2], w, clusters=who)
    return replace(plain, shares=(p, s, d), effective=effective)


def usable_scores(
    scores: ArrayLike, scale: tuple[float, float], weights: ArrayLike | None = None
) -> tuple[Array, Mask, Array | None]:
    """Return the answers on a scale, which of those given they are, and their weights."""
    raw = pd.Series(np.asarray(scores).ravel())
    values = pd.to_numeric(raw, errors="coerce").to_numpy(dtype=float)
    good = np.isfinite(values) & (values >= scale[0]) & (values <= scale[1])
    if not good.any():
        raise DataError(
            f"no answer lies on the scale {scale[0]:g} to {scale[1]:g}",
            where="survey",
            remedy="check the column and its scale",
        )
    w = None if weights is None else check_weights(weights, values.size)
    if w is not None:
        good &= w > 0
    return values[good], good, None if w is None else w[good]


def detectable_change(
    variance: float,
    n_before: float,
    n_after: float,
    *,
    both: float = 0.0,
    correlation: float = 0.0,
    power: float = 0.8,
    level: float = 0.95,
) -> float:
    """Smallest true change that two samples show with the given power.

    Parameters
    ----------
    variance : float
        Variance of one answer, in the unit wanted squared (`NetPromoter.variance` gives shares:
        multiply by 10,000 for points).
    n_before, n_after : float
        Answers in the two waves.
    both, correlation : float
        People who answer in both, and how their two answers correlate: the change of a panel varies
        less, by twice both x correlation / (n_before x n_after).

    References
    ----------
    Kish (1965), Survey Sampling, section 12.4B.

    Examples
    --------
    >>> from workbench.satisfaction import detectable_change
    >>> round(100 * detectable_change(0.75, 400, 400), 1)
    17.2
    """
    shared = 2 * both * correlation / (n_before * n_after)
    spread = variance * max(1 / n_before + 1 / n_after - shared, 0.0)
    return float((ndtri(0.5 + level / 2) + ndtri(power)) * np.sqrt(spread))


def sample_needed(
    variance: float, change: float, *, power: float = 0.8, level: float = 0.95
) -> int:
    """Answers needed in each of two waves to show a true change of the given size.

    Raises
    ------
    DataError
        A change of zero.
    """
    if change == 0:
        raise DataError(
            "a change of zero needs no sample", remedy="give the change you want to see"
        )
    return int(np.ceil(2 * variance * (ndtri(0.5 + level / 2) + ndtri(power)) ** 2 / change**2))


def power_of(variance: float, n: float, change: float, *, level: float = 0.95) -> float:
    """Chance that a true change shows between two waves of n answers each."""
    return float(ndtr(abs(change) / np.sqrt(2 * variance / n) - ndtri(0.5 + level / 2)))


def sample_plan(
    variance: float,
    n: float,
    changes: Sequence[float],
    *,
    power: float = 0.8,
    level: float = 0.95,
    design_effect: float = 1.0,
    overlap: float = 0.0,
    correlation: float = 0.0,
) -> pd.DataFrame:
    """Say what a survey of this size can show, and what size other changes need.

    Parameters
    ----------
    variance : float
        Variance of one answer, in the unit of the changes squared.
    n : float
        Answers a wave now.
    changes : sequence of float
        True changes of interest.
    design_effect : float
        How many times more answers the weights make necessary.
    overlap, correlation : float
        Share of a wave that answers in the next one too, and how their two answers correlate: a
        change then varies by 1 - overlap x correlation of what independent samples give.

    Returns
    -------
    DataFrame
        `change`, `n` (answers now), `power` (chance that such a change shows), `needed` (answers a
        wave for the power asked).
    """
    design_effect *= max(1 - overlap * correlation, 0.0)
    if design_effect == 0:
        raise DataError(
            "everybody answers twice, and always the same",
            remedy="no sample is needed: a change of such a panel would show at once",
        )
    effective = n / design_effect
    plan = pd.DataFrame(
        {
            "change": list(changes),
            "n": round(n),
            "power": [power_of(variance, effective, change, level=level) for change in changes],
            "needed": [
                int(np.ceil(design_effect * sample_needed(variance, c, power=power, level=level)))
                for c in changes
            ],
        }
    )
    return labelled(
        plan,
        change=("True change (points)", "number:0"),
        n="Answers now",
        power=("Probability that it is detected", "percent"),
        needed=("Answers needed a wave", "number:0"),
    )
