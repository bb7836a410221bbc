"""What a wave says of loyalty, and how two waves differ where some people are in both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import ndtri

from workbench.arrays import Array, Index
from workbench.results import Estimate, Result, labelled
from workbench.satisfaction.loyalty.net_promoter import nps, usable_scores
from workbench.stats import Sample, mean_interval, mean_shift, share_interval
from workbench.stats.weights import several

Measure = Literal["nps", "csat", "top_two_box"]


@dataclass(frozen=True)
class Satisfaction(Result):
    """Customer satisfaction of one group: the mean and the share of the two best answers.

    Attributes
    ----------
    mean : Estimate
        Student's t interval.
    top_two_box : Estimate
        Share of the two highest answers, Wilson's interval.
    n, excluded : int
    """

    mean: Estimate
    top_two_box: Estimate
    n: int
    excluded: int

    @property
    def table(self) -> pd.DataFrame:
        """`measure`, `n`, `estimate`, `low`, `high`."""
        rows = [
            {"measure": "csat", **self.mean.row()},
            {"measure": "top_two_box", **self.top_two_box.row()},
        ]
        return labelled(
            pd.DataFrame(rows), measure="Measure", n="Answers", estimate=("Estimate", "number:2")
        )

    def estimates(self) -> dict[str, Estimate]:
        """Return both numbers: `csat` and `top_two_box`."""
        return {"csat": self.mean, "top_two_box": self.top_two_box}


def csat(
    scores: ArrayLike,
    *,
    scale: tuple[float, float] = (1, 5),
    weights: ArrayLike | None = None,
    people: ArrayLike | None = None,
    level: float = 0.95,
) -> Satisfaction:
    """Measure customer satisfaction from answers on a scale.

    Parameters
    ----------
    scores : array_like
        Missing answers and values off the scale are left out and counted.
    scale : tuple
        Lowest and highest possible answer; the two best are the highest and the one below.
    weights : array_like, optional
        One an answer: linearised variance of the mean, effective number of answers for the share.
    people : array_like, optional
        Who gave each answer: intervals allow for people who answered more than once.
    """
    values, good, w = usable_scores(scores, scale, weights)
    who = None if people is None else several(np.asarray(people)[good])
    top = (values >= scale[1] - 1).astype(float)
    share = share_interval(top, weights=w, clusters=who, level=level)
    mean = mean_interval(values, weights=w, clusters=who, level=level)
    return Satisfaction(mean, share, int(values.size), int((~good).sum()))


@dataclass(frozen=True)
class Cell:
    """One wave: the measure, and the answers in its unit with their weights and people."""

    interval: Estimate
    sample: Sample


def cell_of(
    values: Array,
    w: Array | None,
    people: Index,
    measure: Measure,
    scale: tuple[float, float],
    level: float,
) -> Cell:
    """Give what one wave says: the measure with its interval, and the answers in its unit."""
    if measure == "nps":
        coded = 100.0 * ((values >= 9).astype(float) - (values < 7))
        return Cell(
            nps(values, weights=w, people=people, level=level).interval,
            Sample(coded[:, None], w, people),
        )
    both = csat(values, scale=scale, weights=w, people=people, level=level)
    if measure == "csat":
        return Cell(both.mean, Sample(values[:, None], w, people))
    top = (values >= scale[1] - 1).astype(float)
    return Cell(both.top_two_box, Sample(top[:, None], w, people))


def change_between(
    a: Cell | None, b: Cell | None, measure: Measure, level: float
) -> dict[str, Any]:
    """Give the change from one wave to another with its interval; empty where one lacks.

    See `workbench.satisfaction.loyalty_by` for how the two intervals are joined.
    """
    if a is None or b is None:
        return {}
    one, two = a.interval, b.interval
    estimate = two.value - one.value
    shift = mean_shift(a.sample, b.sample)
    variance = float(shift.variance[0]) if np.isfinite(shift.variance[0]) else 0.0
    r = float(shift.correlation[0])
    if measure == "csat":
        low, high = (float(limit[0]) for limit in shift.limits(level))
    else:
        reach = []
        for down, up in (
            (two.value - two.low, one.high - one.value),
            (two.high - two.value, one.value - one.low),
        ):
            reach.append(np.sqrt(max(down**2 + up**2 - 2 * r * down * up, 0.0)))
        low, high = float(estimate - reach[0]), float(estimate + reach[1])
    detectable = (ndtri(0.5 + level / 2) + ndtri(0.8)) * np.sqrt(variance)
    shared = float(shift.both[0])
    return {
        "both": int(shared),
        "correlation": _answers_together(a.sample, b.sample, r, shared),
        "estimate": estimate,
        "low": low,
        "high": high,
        "detectable": float(detectable),
        "clear": bool(low > 0 or high < 0),
    }


def _answers_together(a: Sample, b: Sample, r: float, shared: float) -> float:
    """Correlation of the two answers of those who gave both, from that of the two means."""
    if shared < 3:
        return float("nan")
    sizes = [len(np.unique(s.people)) if s.people is not None else len(s.values) for s in (a, b)]
    return float(np.clip(r * np.sqrt(sizes[0] * sizes[1]) / shared, -1, 1))
