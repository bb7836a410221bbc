"""Loyalty measures: net promoter score and customer satisfaction, with intervals that hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from workbench.errors import DataError
from workbench.stats import Interval, mean_difference, mean_interval, wilson

Array = NDArray[np.float64]
Measure = Literal["nps", "csat", "top_two_box"]


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

    def inside(theta: Array) -> NDArray[np.bool_]:
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


@dataclass(frozen=True)
class NetPromoter:
    """Net promoter score of one group, in points (-100..100).

    Attributes
    ----------
    promoters, passives, detractors : int
        Answers 9-10, 7-8 and 0-6.
    excluded : int
        Answers off the scale or missing.
    """

    promoters: int
    passives: int
    detractors: int
    excluded: int = 0
    level: float = 0.95

    @property
    def n(self) -> int:
        """Answers counted."""
        return self.promoters + self.passives + self.detractors

    @property
    def estimate(self) -> float:
        """Score in points."""
        return 100 * (self.promoters - self.detractors) / self.n

    @property
    def variance(self) -> float:
        """Variance of one answer (+1, 0, -1): p + d - (p - d)^2."""
        theta = self.estimate / 100
        return (self.promoters + self.detractors) / self.n - theta**2

    @property
    def se(self) -> float:
        """Standard error in points, sqrt((p + d - (p - d)^2) / n)."""
        return float(100 * np.sqrt(self.variance / self.n))

    @property
    def interval(self) -> Interval:
        """Score interval in points."""
        low, high = nps_limits(self.promoters, self.detractors, self.n, level=self.level)
        return Interval(self.estimate, 100 * float(low), 100 * float(high), self.n, self.level)

    @property
    def adjusted_wald(self) -> Interval:
        """Adjusted Wald interval: three answers added, 3/4, 3/2 and 3/4.

        Centred on the shrunk score; the estimate shown stays the plain one. Rocks (2016).
        """
        m = self.n + 3
        p, d = (self.promoters + 0.75) / m, (self.detractors + 0.75) / m
        half = float(ndtri(0.5 + self.level / 2)) * np.sqrt((p + d - (p - d) ** 2) / m)
        low, high = np.clip([p - d - half, p - d + half], -1, 1)
        return Interval(self.estimate, 100 * float(low), 100 * float(high), self.n, self.level)

    @property
    def table(self) -> pd.DataFrame:
        """Promoters, passives, detractors: `part`, `n`, `share`, `low`, `high` (Wilson)."""
        counts = np.array([self.promoters, self.passives, self.detractors])
        low, high = wilson(counts, self.n, level=self.level)
        return pd.DataFrame(
            {
                "part": ["promoters", "passives", "detractors"],
                "n": counts,
                "share": counts / self.n,
                "low": low,
                "high": high,
            }
        )

    def metrics(self) -> pd.DataFrame:
        """Return the score: name, value, low, high."""
        i = self.interval
        return pd.DataFrame([{"name": "nps", "value": i.estimate, "low": i.low, "high": i.high}])


def nps(scores: ArrayLike, *, level: float = 0.95) -> NetPromoter:
    """Net promoter score of answers on the scale 0 to 10.

    Parameters
    ----------
    scores : array_like
        Missing answers and values off the scale are left out and counted.

    Raises
    ------
    DataError
        No usable answer.
    """
    values, excluded = _usable(scores, (0, 10))
    return NetPromoter(
        promoters=int((values >= 9).sum()),
        passives=int(((values >= 7) & (values < 9)).sum()),
        detractors=int((values < 7).sum()),
        excluded=excluded,
        level=level,
    )


@dataclass(frozen=True)
class Satisfaction:
    """Customer satisfaction of one group: the mean and the share of the two best answers.

    Attributes
    ----------
    mean : Interval
        Student's t interval.
    top_two_box : Interval
        Share of the two highest answers, Wilson's interval.
    n, excluded : int
    """

    mean: Interval
    top_two_box: Interval
    n: int
    excluded: int

    @property
    def table(self) -> pd.DataFrame:
        """`measure`, `n`, `estimate`, `low`, `high`."""
        rows = [
            {"measure": "csat", **self.mean.row()},
            {"measure": "top_two_box", **self.top_two_box.row()},
        ]
        return pd.DataFrame(rows)

    def metrics(self) -> pd.DataFrame:
        """Both numbers: name, value, low, high."""
        table = self.table.rename(columns={"measure": "name", "estimate": "value"})
        return table[["name", "value", "low", "high"]]


def csat(
    scores: ArrayLike, *, scale: tuple[float, float] = (1, 5), level: float = 0.95
) -> Satisfaction:
    """Measure customer satisfaction from answers on a scale.

    Parameters
    ----------
    scores : array_like
        Missing answers and values off the scale are left out and counted.
    scale : tuple
        Lowest and highest possible answer; the two best are the highest and the one below.
    """
    values, excluded = _usable(scores, scale)
    top = int((values >= scale[1] - 1).sum())
    low, high = wilson(top, values.size, level=level)
    share = Interval(top / values.size, float(low), float(high), values.size, level)
    return Satisfaction(mean_interval(values, level=level), share, int(values.size), excluded)


def _usable(scores: ArrayLike, scale: tuple[float, float]) -> tuple[Array, int]:
    raw = pd.Series(np.asarray(scores).ravel())
    values = pd.to_numeric(raw, errors="coerce").to_numpy(dtype=float)
    good = np.isfinite(values) & (values >= scale[0]) & (values <= scale[1])
    if not good.any():
        raise DataError(
            f"no answer lies on the scale {scale[0]:g} to {scale[1]:g}",
            where="survey",
            remedy="check the column and its scale",
        )
    return values[good], int((~good).sum())


@dataclass(frozen=True)
class Trend:
    """One loyalty measure over waves or groups.

    Attributes
    ----------
    table : DataFrame
        One row a wave or group: the grouping column, `n`, `estimate`, `low`, `high`, `withheld`,
        `reason`. NPS in points, top-two-box as a share.
    changes : DataFrame
        From each row to the next: `before`, `after`, `estimate`, `low`, `high`, `detectable` (the
        change that this sample shows with 80 % power) and `clear` (the interval excludes zero).
    measure, by : str
    """

    table: pd.DataFrame
    changes: pd.DataFrame
    measure: str
    by: str

    @property
    def latest(self) -> Interval:
        """The last wave or group that is large enough to be shown.

        Raises
        ------
        DataError
            None is.
        """
        shown = self.table[~self.table["withheld"]]
        if shown.empty:
            raise DataError(
                f"every group of {self.by!r} is too small", where="survey", remedy="pool waves"
            )
        last = shown.iloc[-1]
        return Interval(*(float(last[c]) for c in ("estimate", "low", "high", "n")))

    def metrics(self) -> pd.DataFrame:
        """Return the last wave shown: name, value, low, high."""
        value, low, high = self.latest
        return pd.DataFrame([{"name": self.measure, "value": value, "low": low, "high": high}])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the measure with its interval, wave by wave, each point labelled."""
        ax = ax or plt.gca()
        shown = self.table[~self.table["withheld"]]
        place = np.flatnonzero(~self.table["withheld"].to_numpy())
        y = shown["estimate"].to_numpy()
        error = [y - shown["low"].to_numpy(), shown["high"].to_numpy() - y]
        ax.errorbar(place, y, yerr=error, fmt="o-", capsize=4)
        share = self.measure == "top_two_box"
        for x, value in zip(place, y, strict=True):
            text = f"{100 * value:.0f} %" if share else f"{value:.2f}"
            text = f"{value:+.0f}" if self.measure == "nps" else text
            ax.annotate(text, (x, value), xytext=(8, 6), textcoords="offset points")
        ax.set_xticks(np.arange(len(self.table)), [str(v) for v in self.table[self.by]])
        ax.set_xlim(-0.4, len(self.table) - 0.4)
        names = {
            "nps": "Net promoter score, points",
            "csat": "Mean satisfaction",
            "top_two_box": "Share of the two best answers",
        }
        ax.set_ylabel(names[self.measure])
        return ax


def loyalty_by(
    frame: pd.DataFrame,
    by: str,
    *,
    column: str,
    measure: Measure = "nps",
    scale: tuple[float, float] = (1, 5),
    min_cell: int = 5,
    level: float = 0.95,
) -> Trend:
    """Compare a loyalty measure over waves or groups.

    Differences join the two single intervals (square-and-add), so they keep the coverage of the
    score interval at any sample size; means use Welch's interval. Answers of two waves are taken
    as independent samples.

    Parameters
    ----------
    frame : DataFrame
    by, column : str
        The grouping column (sorted) and the answers.
    measure : {"nps", "csat", "top_two_box"}
    scale : tuple
        Scale of `csat` and `top_two_box`.
    min_cell : int
        Smaller groups are withheld.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17, 873-890, method 10 (square-and-add).
    """
    for name in (by, column):
        if name not in frame:
            raise DataError(
                f"there is no column {name!r}",
                where="survey",
                remedy=f"choose one of {', '.join(map(str, frame.columns))}",
            )
    limits = (0.0, 10.0) if measure == "nps" else scale
    rows, cells = [], []
    for value, answers in frame.groupby(by, sort=True, observed=True)[column]:
        numbers = pd.to_numeric(answers, errors="coerce")
        usable = numbers[numbers.between(*limits)].to_numpy(dtype=float)
        small = usable.size < min_cell
        cell = None if small else _measure(usable, measure, scale, level)
        cells.append(None if cell is None else (cell, usable))
        shown = {"estimate": np.nan, "low": np.nan, "high": np.nan} if cell is None else cell.row()
        reason = f"fewer than {min_cell} answers" if small else ""
        rows.append({by: value, **shown, "n": usable.size, "withheld": small, "reason": reason})
    columns = [by, "n", "estimate", "low", "high", "withheld", "reason"]
    if not rows:
        raise DataError(
            "there is nothing to compare",
            where=f"survey.{by}",
            remedy="fill the column or choose another",
        )
    table = pd.DataFrame(rows, columns=columns)
    changes = [
        _change(cells[i - 1], cells[i], table[by].iloc[i - 1], table[by].iloc[i], measure, level)
        for i in range(1, len(cells))
    ]
    names = ["before", "after", "estimate", "low", "high", "detectable", "clear"]
    return Trend(table, pd.DataFrame(changes, columns=names), measure, by)


def _measure(values: Array, measure: Measure, scale: tuple[float, float], level: float) -> Interval:
    if measure == "nps":
        return nps(values, level=level).interval
    both = csat(values, scale=scale, level=level)
    return both.mean if measure == "csat" else both.top_two_box


def _change(
    a: tuple[Interval, Array] | None,
    b: tuple[Interval, Array] | None,
    before: object,
    after: object,
    measure: Measure,
    level: float,
) -> dict[str, object]:
    row: dict[str, object] = {"before": before, "after": after}
    if a is None or b is None:
        return row
    (one, xs), (two, ys) = a, b
    estimate = two.estimate - one.estimate
    if measure == "csat":
        welch = mean_difference(ys, xs, level=level)
        low, high = welch.low, welch.high
        spread = float(np.var(xs, ddof=1) / xs.size + np.var(ys, ddof=1) / ys.size)
    else:
        low = estimate - np.hypot(two.estimate - two.low, one.high - one.estimate)
        high = estimate + np.hypot(two.high - two.estimate, one.estimate - one.low)
        unit = 100.0 if measure == "nps" else 1.0
        spread = unit**2 * sum(_spread(x, measure, i, unit) for i, x in ((one, xs), (two, ys)))
    detectable = (ndtri(0.5 + level / 2) + ndtri(0.8)) * np.sqrt(spread)
    clear = bool(low > 0 or high < 0)
    return {
        **row,
        "estimate": estimate,
        "low": float(low),
        "high": float(high),
        "detectable": float(detectable),
        "clear": clear,
    }


def _spread(values: Array, measure: Measure, interval: Interval, unit: float) -> float:
    share = interval.estimate / unit
    if measure == "nps":
        return float(((values >= 9).mean() + (values < 7).mean() - share**2) / values.size)
    return float(share * (1 - share) / values.size)


def detectable_change(
    variance: float, n_before: float, n_after: float, *, power: float = 0.8, level: float = 0.95
) -> float:
    """Smallest true change that two samples show with the given power.

    Parameters
    ----------
    variance : float
        Variance of one answer, in the unit wanted squared (`NetPromoter.variance` gives shares:
        multiply by 10,000 for points).
    n_before, n_after : float
        Answers in the two waves.
    """
    return float(
        (ndtri(0.5 + level / 2) + ndtri(power)) * np.sqrt(variance / n_before + variance / n_after)
    )


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
