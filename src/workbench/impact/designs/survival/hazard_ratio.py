"""Time to an event on the scale of risk: Cox's hazard ratio beside the difference of mean times."""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter
from numpy.typing import NDArray
from scipy.special import stdtrit

from workbench.arrays import Array
from workbench.impact.effect import t_test
from workbench.impact.inputs.panel import CaseError, check_columns
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Result, labelled
from workbench.stats.cox import by_rank, fit_cox, proportionality

#: What a row says: time until the event or until last seen, whether it came, whether treated.
COLUMNS = ("duration", "event", "treated")
_FEWEST_EVENTS = 5
_TICKS = (0.1, 0.25, 0.5, 0.8, 1, 1.25, 2, 4, 10)
# With fewer clusters a side the sandwich is too small to stand beside the other answer.
_FEWEST_CLUSTERS = 5
_BENT = 0.05


@dataclass(frozen=True)
class HazardRatio(Result):
    """Risk of the event at any time with the measure, as a multiple of that without it.

    Attributes
    ----------
    ratio, low, high, p : float
    p_proportional : float
        Of the test that the ratio is the same at all times (Grambsch and Therneau).
    events : int
    n : int
        Rows.
    """

    ratio: float
    low: float
    high: float
    p: float
    p_proportional: float
    events: int
    n: int

    @property
    def proportional(self) -> bool:
        """Whether nothing speaks against one ratio for all times."""
        return not self.p_proportional < _BENT

    @property
    def table(self) -> pd.DataFrame:
        """One row: the ratio, its interval and both p-values."""
        names = ["ratio", "low", "high", "p", "p_proportional", "events", "n"]
        return labelled(
            pd.DataFrame([{name: getattr(self, name) for name in names}]),
            ratio=("Hazard ratio", "number:2"),
            p=("p-value", "p"),
            p_proportional=("p-value (proportional hazards)", "p"),
            events=("Events", "number:0"),
            n=("Rows", "number:0"),
        )

    def estimates(self) -> dict[str, Estimate]:
        """Return the ratio with its interval."""
        ratio = Estimate(
            self.ratio, self.low, self.high, n=self.n, p=self.p, label="Hazard ratio", better="down"
        )
        return {"hazard_ratio": ratio}

    @property
    def check(self) -> Finding:
        """What to tell a reader beside the mean times."""
        shown = {name: f"{getattr(self, name):.2f}" for name in ("ratio", "low", "high")}
        if self.proportional:
            return Finding(
                "hazard ratio",
                "At any time the event happens at {ratio} times the rate without the measure "
                "({low} to {high}), by Cox regression.",
                shown,
            )
        return Finding(
            "hazard ratio",
            "The event happens at {ratio} times the rate without the measure ({low} to "
            "{high}), by Cox regression, but not at all times alike; the mean time "
            "counts.",
            shown,
        )

    def findings(self) -> list[Finding]:
        """Return what to tell a reader."""
        return [self.check]

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw the ratio and its interval on a logarithmic axis."""
        ax, t = ax or plt.gca(), speak(language)
        ends = [[self.ratio - self.low], [self.high - self.ratio]]
        ax.errorbar([self.ratio], [0], xerr=ends, fmt="o", capsize=4)
        ax.axvline(1, color=plt.rcParams["axes.edgecolor"], linewidth=0.8)
        ax.set_xscale("log")
        near = [x for x in _TICKS if self.low * 0.8 <= x <= self.high * 1.25] or [1]
        ax.set_xticks(near, [t.number(x) for x in near])
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.set_yticks([])
        ax.set_xlabel(t("Hazard ratio"))
        return ax


def hazard_ratio(
    frame: pd.DataFrame,
    *,
    after: str | None = None,
    unit: str | None = None,
    level: float = 0.95,
) -> HazardRatio:
    """Compare the risk of an event between treated units and others, by Cox regression.

    Parameters
    ----------
    frame, after
        As `time_to_event`. With `after`, the ratio of the two cohorts' ratios.
    unit : str, optional
        Column of clusters, or of customers who are in both cohorts; the sandwich goes by them.
    level : float

    Raises
    ------
    CaseError
        Columns missing, fewer than five events in a group, fewer than five clusters on a side, a
        ratio that runs away.

    References
    ----------
    Cox (1972), JRSS B 34(2), 187-220; Efron (1977), JASA 72, 557-565 (ties); Lin, Wei (1989), JASA
    84, 1074-1078 (sandwich); Grambsch, Therneau (1994), Biometrika 81(3), 515-526, equation 8.
    """
    columns = [c for c in (*COLUMNS, after, unit) if c is not None]
    check_columns(frame, columns, where="times to the event")
    time = frame["duration"].to_numpy(dtype=float)
    gone = frame["event"].to_numpy(dtype=bool)
    own = frame["treated"].to_numpy(dtype=float)
    late = np.ones(len(frame)) if after is None else frame[after].to_numpy(dtype=float)
    _check_events(own, late, gone, after is not None)
    x = own[:, None] if after is None else np.column_stack([own * late, own, late])
    groups, df = np.arange(len(frame)), np.inf
    if unit is not None:
        groups, names = pd.factorize(frame[unit])
        side = np.bincount(groups, own) > 0
        fewest = int(min(side.sum(), (~side).sum()))
        if fewest < _FEWEST_CLUSTERS:
            raise CaseError(
                "there are {n} clusters on the smaller side, {needed} are needed",
                where="times to the event",
                remedy="compare mean times, which do with fewer",
                n=fewest,
                needed=_FEWEST_CLUSTERS,
            )
        df = float(len(names) - 2)
    fit = fit_cox(time, gone, x)
    if fit is None:
        raise CaseError(
            "the hazard ratio cannot be estimated",
            where="times to the event",
            remedy="wait for more events",
        )
    beta = float(fit.beta[0])
    if unit is None:
        se = float(np.sqrt(fit.covariance[0, 0]))
    else:
        summed = np.bincount(groups, fit.influence[:, 0])
        se = float(np.sqrt(summed @ summed * len(summed) / (len(summed) - 1)))
    quantile = float(stdtrit(df, 0.5 + level / 2))  # of the normal where df is infinite
    return HazardRatio(
        float(np.exp(beta)),
        float(np.exp(beta - quantile * se)),
        float(np.exp(beta + quantile * se)),
        t_test(beta, se, df),
        float(proportionality(fit.schoenfeld, fit.covariance, by_rank(time, gone)).p[0]),
        int(gone.sum()),
        len(frame),
    )


def _check_events(own: Array, late: Array, gone: NDArray[np.bool_], cohorts: bool) -> None:
    for mine in (1, 0):
        for now in (1, 0) if cohorts else (1,):
            n = int(gone[(own == mine) & (late == now)].sum())
            who, time = "treated" if mine else "comparison", "after" if now else "before"
            enough_events(n, _FEWEST_EVENTS, who, time)


def enough_events(n: int, least: int, who: str, time: str) -> None:
    """Refuse a group, at a time, in which too few events were seen."""
    if n < least:
        raise CaseError(
            "{n} events were seen in the group {who} {time}, {needed} are needed",
            where="times to the event",
            remedy="wait longer, or choose a more frequent event",
            n=n,
            who=who,
            time=time,
            needed=least,
        )
