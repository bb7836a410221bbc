"""How long until an event: the curve of Kaplan and Meier, its quantiles, competing events, means.

References
----------
Kaplan, Meier (1958), JASA 53, 457-481. Kalbfleisch, Prentice (2002), The Statistical Analysis of
Failure Time Data, 2nd ed., section 1.4 (limits on the scale of log(-log S)). Mantel (1966), Cancer
Chemotherapy Reports 50, 163-170 (the log-rank test). Brookmeyer, Crowley (1982), Biometrics
38(1), 29-41 (limits of the median). Aalen, Johansen (1978), Scandinavian Journal of Statistics
5(3), 141-150; Choudhury (2002), Statistics in Medicine 21(8), 1129-1144 (limits of its shares).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import chdtrc, stdtrit

from workbench.arrays import Array, Index, Mask
from workbench.errors import DataError, rows_of
from workbench.results.estimate import Estimate
from workbench.stats.intervals import normal_quantile


@dataclass(frozen=True)
class LogRank:
    """Test of the hypothesis that all groups leave at the same rate."""

    statistic: float
    df: int
    p_value: float


@dataclass(frozen=True)
class RestrictedMean:
    """Mean time without the event up to a horizon: area under Kaplan and Meier's curve.

    Attributes
    ----------
    mean : float
    influence : ndarray, shape (n,)
        Of each unit on the mean; their squares sum to the variance.
    curve : DataFrame
        `time`, `survival`.
    n, events : int
    """

    mean: float
    influence: Array
    curve: pd.DataFrame
    n: int
    events: int

    @property
    def variance(self) -> float:
        """Variance of the mean."""
        return float(self.influence @ self.influence)


def check_times(duration: ArrayLike, ended: ArrayLike) -> tuple[Array, Mask]:
    """Return durations and whether they ended, or say which row cannot be used.

    Parameters
    ----------
    duration : array_like, shape (n,)
        Rows are named by its index if it is a Series.
    ended : array_like of bool, shape (n,)

    Raises
    ------
    DataError
        No row, another number of ends, a duration that is missing, negative or infinite, an end
        that is missing.
    """
    time = (duration if isinstance(duration, pd.Series) else pd.Series(duration)).astype(float)
    state = pd.Series(np.asarray(ended, dtype=object))
    if len(time) == 0:
        raise DataError("there is no customer", remedy="give one row a customer or contract")
    if len(state) != len(time):
        raise DataError(
            f"there are {len(time)} durations and {len(state)} ends", remedy="give one row each"
        )
    for bad, what, remedy in (
        (time.isna(), "duration is missing", "leave these rows out"),
        (time < 0, "duration is negative: the end lies before the start", "mend these dates"),
        (np.isinf(time), "duration is infinite", "end it on the last day observed"),
        (state.isna(), "it is not known whether they left", "write true or false"),
    ):
        if (rows := np.asarray(bad)).any():
            raise DataError(what, where=rows_of(time.index[rows]), remedy=remedy)
    return np.asarray(time, dtype=float), np.asarray(state, dtype=bool)


def nobody_left(n: int) -> DataError:
    """Give the error of data in which everybody is still there."""
    return DataError(
        f"nobody has left: all {n:,} are still there",
        where="ended",
        remedy="wait for the first to leave, or look at how the end is recorded",
    )


def product_limit(events: ArrayLike, at_risk: ArrayLike, *, level: float = 0.95) -> pd.DataFrame:
    """Multiply the shares that stay, time by time, with Greenwood's limits.

    Parameters
    ----------
    events, at_risk : array_like, shape (times,)
        Who left at each time, in order, and who might have.
    level : float

    Returns
    -------
    DataFrame
        estimate, low, high. Before the first event all three are 1; where nobody is left the
        limits are NaN.
    """
    left, there = np.asarray(events, dtype=float), np.asarray(at_risk, dtype=float)
    survival, low, high = _limits(left, there, normal_quantile(level))
    return pd.DataFrame({"estimate": survival, "low": low, "high": high})


def _limits(left: Array, there: Array, width: float) -> tuple[Array, Array, Array]:
    """Give the shares that stay, and limits so many standard errors away."""
    survival = np.cumprod(1 - left / there)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Greenwood's variance of log S, carried to log(-log S)
        spread = np.cumsum(left / (there * (there - left)))
        half = width * np.sqrt(spread) / np.abs(np.log(survival))
        low, high = survival ** np.exp(half), survival ** np.exp(-half)
    known, all_there = survival > 0, survival >= 1
    low, high = (np.where(all_there, 1.0, np.where(known, end, np.nan)) for end in (low, high))
    return np.asarray(survival), np.asarray(low), np.asarray(high)


def _events(time: Array, event: Mask) -> tuple[Array, Index, Index]:
    """Give the times at which events came, how many at each, and how many might have had one."""
    at, events = np.unique(time[event], return_counts=True)
    return at, events, time.size - np.searchsorted(np.sort(time), at, side="left")


def kaplan_meier(time: Array, event: Mask, *, level: float = 0.95) -> pd.DataFrame:
    """Estimate the share without the event over time.

    Parameters
    ----------
    time : ndarray, shape (n,)
        Until the event, or until last seen.
    event : ndarray of bool, shape (n,)
    level : float

    Returns
    -------
    DataFrame
        One row a time with an event, after one for time 0: time, at_risk, events, estimate, low,
        high.
    """
    at, events, at_risk = _events(time, event)
    curve = product_limit(events, at_risk, level=level)
    curve.insert(0, "time", at)
    curve.insert(1, "at_risk", at_risk)
    curve.insert(2, "events", events)
    start = {"time": 0.0, "at_risk": time.size, "events": 0, "estimate": 1.0, "low": 1.0, "high": 1}
    return pd.concat([pd.DataFrame([start]).astype(curve.dtypes), curve], ignore_index=True)


def aalen_johansen(
    time: Array, cause: Index, *, causes: int | None = None, level: float = 0.95
) -> pd.DataFrame:
    """Estimate the share that has come to each of several ends over time.

    Parameters
    ----------
    time : ndarray, shape (n,)
        Until the end, or until last seen.
    cause : ndarray of int, shape (n,)
        0 where no end was seen, 1, 2, ... for the ends.
    causes : int, optional
        How many there are; as many as were seen when left out.
    level : float

    Returns
    -------
    DataFrame
        One row a cause and time with an event of any, after one for time 0: cause, time, at_risk,
        events, estimate, low, high. The estimates of all causes and the share without an end sum to
        one at any time. Limits are on the scale of log(-log), with Greenwood's kind of variance;
        before the first event of a cause its limits are zero.
    """
    kinds = np.arange(1, (int(cause.max(initial=0)) if causes is None else causes) + 1)
    at, _, there = _events(time, cause > 0)
    at_risk = there.astype(float)
    d = np.array(
        [np.bincount(np.searchsorted(at, time[cause == k]), minlength=at.size) for k in kinds]
    ).reshape(kinds.size, at.size)
    left = d.sum(axis=0)
    before = np.concatenate([[1.0], np.cumprod(1 - left / at_risk)[:-1]]) if at.size else at
    share = np.cumsum(before * d / at_risk, axis=1)
    # var F(t) = sum (F(t) - F(s))^2 a + b - 2 (F(t) - F(s)) c over s <= t, expanded in F(t)
    with np.errstate(divide="ignore", invalid="ignore"):
        a = np.where(at_risk > left, left / (at_risk * (at_risk - left)), 0.0)
    b = before**2 * d * (at_risk - d) / at_risk**3
    c = before * d / at_risk**2
    a0, a1, a2 = (np.cumsum(a * share**k, axis=1) for k in range(3))
    variance = (
        share**2 * a0 - 2 * share * a1 + a2 + np.cumsum(b, axis=1)
        - 2 * (share * np.cumsum(c, axis=1) - np.cumsum(c * share, axis=1))
    )  # fmt: skip
    with np.errstate(divide="ignore", invalid="ignore"):
        half = np.sqrt(np.maximum(variance, 0)) / np.abs(share * np.log(share))
        half *= normal_quantile(level)
        # of F, as of S in `product_limit`: F^exp(+-h)
        low, high = share ** np.exp(half), share ** np.exp(-half)
    none, all_there = share <= 0, share >= 1
    low, high = (np.where(none, 0.0, np.where(all_there, np.nan, end)) for end in (low, high))
    parts = []
    for k in range(kinds.size):
        part = pd.DataFrame(
            {"time": at, "at_risk": at_risk, "events": d[k], "estimate": share[k],
             "low": low[k], "high": high[k]}
        )  # fmt: skip
        start = pd.DataFrame([[0.0, time.size, 0, 0.0, 0.0, 0.0]], columns=part.columns)
        part = pd.concat([start.astype(part.dtypes), part], ignore_index=True)
        part.insert(0, "cause", int(kinds[k]))
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def at_time(curve: pd.DataFrame, when: float, *, n: int, level: float = 0.95) -> Estimate:
    """Read a curve of `kaplan_meier`, or of one cause of `aalen_johansen`, at a time."""
    row = curve[curve["time"] <= when].iloc[-1]
    return Estimate(
        float(row["estimate"]), float(row["low"]), float(row["high"]), float(n), level,
        kind="percent",
    )  # fmt: skip


def median_time(curve: pd.DataFrame, *, n: int, level: float = 0.95) -> Estimate:
    """Return the time at which a curve of `kaplan_meier` falls to one half; NaN if it does not."""
    times = curve["time"].to_numpy()
    value, low, high = (
        _first_below(curve[name].to_numpy(), times, 0.5, middle=name == "estimate")
        for name in ("estimate", "low", "high")
    )
    return Estimate(value, low, high, float(n), level)


def quantile_times(
    time: Array,
    event: Mask,
    shares: Sequence[float],
    *,
    clusters: ArrayLike | None = None,
    level: float = 0.95,
) -> list[Estimate]:
    """Return the times by which shares have had the event.

    Parameters
    ----------
    time, event : ndarray, shape (n,)
        See `kaplan_meier`.
    shares : sequence of float
        Between 0 and 1: one half for the median.
    clusters : array_like, shape (n,), optional
        Units of one cluster, say of one day, may go together: the limits are widened by how much
        more their sums vary at this time than those of units that know nothing of one another.
    level : float

    Returns
    -------
    list of Estimate
        NaN where fewer had the event; an upper limit that is not reached is NaN.

    References
    ----------
    Brookmeyer, Crowley (1982); for the widening Williams (1995), Biometrics 51(4), 1532-1536 (the
    variance of the product limit from sums over clusters).
    """
    at, events, there = _events(time, event)
    at_risk = there.astype(float)
    codes = None if clusters is None else pd.factorize(np.asarray(clusters))[0]
    survival = np.cumprod(1 - events / at_risk)
    found = []
    for share in shares:
        value = _first_below(survival, at, 1 - share, middle=True)
        width = normal_quantile(level)
        if codes is not None and np.isfinite(value):
            width = _width(time, event, codes, value, level)
        _, low, high = _limits(events.astype(float), at_risk, width)
        least, most = (_first_below(end, at, 1 - share) for end in (low, high))
        found.append(Estimate(value, least, most, float(time.size), level))
    return found


def _width(time: Array, event: Mask, codes: Index, at: float, level: float) -> float:
    """Tell how many standard errors of lone units lie between a time's share and its limits."""
    died = event & (time <= at)
    times, deaths, at_risk = _events(time, died)
    paid = np.concatenate([[0.0], np.cumsum(deaths / at_risk.astype(float) ** 2)])
    place = np.searchsorted(times, np.minimum(time, at), side="right")
    own = -paid[place]
    own[died] += 1.0 / at_risk[np.searchsorted(times, time[died])]
    sums = np.bincount(codes, own)
    alone, k = float(own @ own), sums.size
    if k < 2:
        return float("nan")
    # days that differ less than chance are chance: never narrower
    together = max(float(sums @ sums) * k / (k - 1), alone)
    return float(np.sqrt(together / alone) * stdtrit(k - 1, 0.5 + level / 2)) if alone else 0.0


def _first_below(value: Array, times: Array, share: float, *, middle: bool = False) -> float:
    """First time at which a curve is at a share or below; flat at it, the middle if asked for."""
    below = np.flatnonzero(value <= share + 1e-12)
    if not below.size:
        return float("nan")
    first = int(below[0])
    if middle and abs(value[first] - share) < 1e-12 and first + 1 < len(times):
        return float((times[first] + times[first + 1]) / 2)
    return float(times[first])


def log_rank(time: Array, event: Mask, group: Index) -> LogRank:
    """Test whether groups leave at the same rate.

    Parameters
    ----------
    time, event : ndarray, shape (n,)
    group : ndarray of int, shape (n,)
        From 0.
    """
    k = int(group.max()) + 1
    times = np.unique(time[event])
    at_risk, events = np.empty((times.size, k)), np.empty((times.size, k))
    for code in range(k):
        mine, gone = np.sort(time[group == code]), np.sort(time[(group == code) & event])
        at_risk[:, code] = mine.size - np.searchsorted(mine, times, side="left")
        events[:, code] = np.searchsorted(gone, times, side="right") - np.searchsorted(
            gone, times, side="left"
        )
    n, d = at_risk.sum(axis=1), events.sum(axis=1)
    share = at_risk / n[:, None]
    excess = (events - d[:, None] * share).sum(axis=0)
    weight = d * np.divide(n - d, n - 1, out=np.zeros_like(n), where=n > 1)
    spread = np.diag(weight @ share) - (share * weight[:, None]).T @ share
    # one group is what the others leave: drop it
    statistic = float(excess[:-1] @ np.linalg.pinv(spread[:-1, :-1]) @ excess[:-1])
    return LogRank(statistic, k - 1, float(chdtrc(k - 1, statistic)))


def restricted_mean(durations: ArrayLike, events: ArrayLike, horizon: float) -> RestrictedMean:
    """Mean time without the event within a horizon.

    Parameters
    ----------
    durations : array_like, shape (n,)
        Time until the event, or until the unit was last seen.
    events : array_like of bool, shape (n,)
        Whether the event came.
    horizon : float
        In the unit of the durations.

    Raises
    ------
    DataError
        As of `check_times`; a horizon that nobody was followed to.

    References
    ----------
    Royston, Parmar (2013), BMC Medical Research Methodology 13, 152; the influence of a unit is
    that of the product-limit estimator (Reid 1981, Annals of Statistics 9(1), 78-92).
    """
    time, event = check_times(durations, events)
    if not horizon > 0 or time.max() < horizon:
        raise DataError(
            "nobody was followed to the horizon of {horizon}; the longest was followed for"
            " {longest}",
            where="horizon",
            remedy="choose a shorter one",
            horizon=f"{horizon:g}",
            longest=f"{time.max():g}",
        )
    n = len(time)
    event = event & (time <= horizon)
    time = np.minimum(time, horizon)
    at, place = np.unique(time, return_inverse=True)
    deaths = np.bincount(place, event, minlength=len(at))
    at_risk = n - np.concatenate([[0.0], np.cumsum(np.bincount(place, minlength=len(at)))[:-1]])
    hazard = deaths / at_risk
    survival = np.cumprod(1 - hazard)
    widths = np.diff(np.concatenate([[0.0], at]))
    heights = np.concatenate([[1.0], survival[:-1]])
    mean = float(widths @ heights) + float((horizon - at[-1]) * survival[-1])
    # area under the curve beyond each time
    steps = np.concatenate([np.diff(at), [horizon - at[-1]]]) * survival
    beyond = np.cumsum(steps[::-1])[::-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        jump = np.where(at_risk > deaths, beyond / (at_risk - deaths), 0.0)
    compensator = np.cumsum(jump * hazard)
    influence = compensator[place] - np.where(event, jump[place], 0.0)
    # small samples: units are as many as the degrees of freedom allow
    influence = influence * np.sqrt(n / max(n - 1, 1))
    curve = pd.DataFrame(
        {"time": np.concatenate([[0.0], at]), "survival": np.concatenate([[1.0], survival])}
    )
    return RestrictedMean(mean, influence, curve, n, int(event.sum()))
