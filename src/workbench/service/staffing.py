"""How many agents an hour needs, from how many call and how long a call takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from scipy.special import gammaincinv

from workbench.arrays import Array
from workbench.errors import DataError, require_columns
from workbench.languages import Language, speak
from workbench.results import Advice, Estimate, Finding, Picture, Result, labelled
from workbench.service.erlang import Queue, erlang_a
from workbench.service.queue_checks import QueueChecks, tell_patience
from workbench.stats.intervals import mean_interval, normal_quantile

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Rates by which days that differ are represented, and draws of what is estimated.
_RATES: Final = 9
_DRAWS: Final = 200
#: Calls an hour below which no hour is planned.
_FEWEST: Final = 1.0

NEEDS: Final = (
    "The busiest hour, {hour}, needs {agents} agents for {target} of the calls to be answered"
    " within {seconds} seconds; {level} would be"
)
DAYS_DIFFER: Final = (
    "The number of calls in one hour varies between days by {spread} of its "
    "mean; the plan allows for it"
)
PLAN: Final = "Plan {agents} agents for {hour}; with one fewer {fewer} are answered in time"


@dataclass(frozen=True)
class Staffing(Result):
    """Agents by hour of the day.

    Attributes
    ----------
    table : DataFrame
        One row an hour: hour, calls (an hour), agents (the fewest for the target), level (share of
        all calls answered in time), with `level_low` and `level_high`, gives_up, busy, days.
    curve : DataFrame
        Of the busiest hour: agents, level, level_low, level_high.
    handling, patience : Estimate
        Mean minutes of a call, and until a customer hangs up (infinite where nobody does).
    spread : float
        Standard deviation of an hour's rate between days, over its mean.
    target, seconds : float
    """

    table: pd.DataFrame
    curve: pd.DataFrame
    handling: Estimate
    patience: Estimate
    spread: float
    target: float
    seconds: float

    @property
    def busiest(self) -> Any:
        """The hour with most calls."""
        return self.table.iloc[int(self.table["calls"].argmax())]

    def estimates(self) -> dict[str, Estimate]:
        """Agents of the busiest hour, what they reach, and what was estimated."""
        row = self.busiest
        level = Estimate(row["level"], row["level_low"], row["level_high"], kind="percent",
                         better="up", label="Answered in time in the busiest hour")  # fmt: skip
        return {
            "agents": Estimate(float(row["agents"]), label="Agents for the busiest hour"),
            "level": level,
            "handling": self.handling.named("Minutes of a call", better="down"),
            "patience": self.patience.named("Minutes until a customer hangs up"),
        }

    def findings(self) -> list[Finding]:
        """Say what the busiest hour needs."""
        row, now = self.busiest, self.estimates()
        fewer = self.curve.loc[self.curve["agents"] == row["agents"] - 1]
        values: dict[str, Any] = {
            "hour": str(row["hour"]), "agents": int(row["agents"]), "level": now["level"],
            "target": Estimate(self.target, kind="percent"), "seconds": round(self.seconds),
        }  # fmt: skip
        advice = None
        if len(fewer):
            values["fewer"] = Estimate(float(fewer["level"].iloc[0]), kind="percent")
            advice = Advice(PLAN, 5)
        said = [Finding("service.staffing", NEEDS, values, estimates=now, advice=advice)]
        if self.spread > 0.05:
            values = {"spread": Estimate(self.spread, kind="percent")}
            said.append(Finding("service.staffing.days", DAYS_DIFFER, values))
        return said

    def picture(self) -> Picture:
        """Draw the service level by agents."""
        return Picture(
            self.plot, "What one agent more brings in the busiest hour",
            "Share of calls answered within {seconds} seconds, by number of agents; the band is the"
            " 95% confidence interval",
            self.table, {"seconds": round(self.seconds)},
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw a rising line in a band; the dotted line is the target."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import MaxNLocator, PercentFormatter

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.curve
        ax.fill_between(t["agents"], t["level_low"], t["level_high"], alpha=0.15, linewidth=0)
        ax.plot(t["agents"], t["level"], marker="o", markersize=3.5)
        ax.axhline(self.target, color="0.4", linewidth=1, linestyle=":")
        ax.set_xlabel(say("Agents"))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.set_ylim(0, 1)
        return ax


def staffing(
    calls: pd.DataFrame,
    checks: QueueChecks,
    *,
    rng: np.random.Generator,
    seconds: float = 20.0,
    target: float = 0.8,
) -> Staffing:
    """Find the fewest agents by hour of the day, for the weekdays on which most calls come.

    Parameters
    ----------
    calls : DataFrame
        One row a call: at, handling (hours); abandoned and patience (hours) where they are known.
    checks : QueueChecks
        Of these calls.
    rng : Generator
    seconds, target : float
        Which share is to be answered within how many seconds.

    Raises
    ------
    DataError
        The calls are not what the formula takes them for, or there are too few.

    Notes
    -----
    Rates of one hour are taken to differ between days by a gamma distribution; the level is that of
    all calls together, so that busy days count for as many calls as they have. Limits are for the
    rates, handling time and patience that were estimated, not for the formula.
    """
    if checks.failed:
        raise DataError(
            "the calls are not what the formula takes them for", remedy="see the checks"
        )
    require_columns(calls, ("at", "handling"), "the calls have")
    if not (0 < target < 1 and seconds >= 0):
        raise DataError("the target is a share within some seconds", remedy="say 0.8 within 20")
    counts = _counts(calls["at"])
    mean = counts.mean()
    hours = [int(h) for h in counts.columns[mean >= _FEWEST]]
    if len(counts) < 5 or not hours:
        raise DataError(
            f"{len(counts)} days with at least {_FEWEST:g} call an hour are too few to plan by",
            remedy="wait for more",
        )
    # days differ in how long a call takes, too
    day = calls["at"].dt.normalize()
    several = len(day[calls["handling"].notna()].unique()) > 1
    handling = mean_interval(calls["handling"].to_numpy(), clusters=day if several else None)
    patience = _patience(calls)
    draws = _Draws(rng, handling, patience)
    told, curve = [], pd.DataFrame()
    spreads = []
    for hour in hours:
        own = counts[hour].to_numpy(dtype=float)
        rate = mean_interval(own)
        extra = max(float(own.var(ddof=1)) - rate.value, 0.0) / rate.value**2
        spreads.append((rate.value, extra**0.5))
        plan = _Hour(rate, extra, handling.value, patience.value, seconds / 3600)
        agents = plan.fewest(target)
        low, high = draws.limits(plan, np.array([agents]))
        whole = plan.queue(np.array([agents]))
        told.append(
            {"hour": f"{hour:02d}:00", "calls": rate.value, "calls_low": rate.low,
             "calls_high": rate.high, "agents": agents, "level": float(plan.mixed(whole.level)[0]),
             "level_low": float(low[0]), "level_high": float(high[0]),
             "gives_up": float(plan.mixed(whole.gives_up)[0]),
             "busy": float(plan.mixed(whole.busy)[0]), "n": len(own)}
        )  # fmt: skip
        if rate.value >= mean[hours].max():
            around = np.arange(max(agents - 4, 1), agents + 5)
            low, high = draws.limits(plan, around)
            curve = pd.DataFrame({"agents": around, "level": plan.level(around),
                                  "level_low": low, "level_high": high})  # fmt: skip
    weights = np.array([m for m, _ in spreads])
    table = labelled(
        pd.DataFrame(told), hour="Hour", calls=("Calls an hour", "number:1"), agents="Agents",
        level=("Answered in time", "percent"), gives_up=("Give up", "percent:1"),
        busy=("Agents busy", "percent"),
    )  # fmt: skip
    return Staffing(
        table, curve, handling.scaled(60), patience.scaled(60),
        float(np.average([s for _, s in spreads], weights=weights)), target, seconds,
    )  # fmt: skip


def _counts(at: pd.Series) -> pd.DataFrame:
    """Count calls by day and hour, of the weekdays that bring at least half of the busiest one's.

    A day without any call is a holiday.
    """
    counts = pd.crosstab(at.dt.normalize(), at.dt.hour)
    weekday = pd.DatetimeIndex(counts.index).day_of_week
    by_weekday = counts.sum(axis=1).groupby(weekday).mean()
    usual = by_weekday.index[by_weekday >= by_weekday.max() / 2]
    counts = counts[weekday.isin(usual)]
    # the first and the last day of a log are seldom whole
    return counts.iloc[1:-1] if len(counts) > 10 else counts


def _patience(calls: pd.DataFrame) -> Estimate:
    """Estimate the mean patience: all hours waited over those who hung up."""
    if not tell_patience(calls):
        return Estimate(float("inf"))
    gone, waited = float(calls["abandoned"].sum()), float(calls["patience"].sum())
    width = normal_quantile(0.95) / gone**0.5
    return Estimate(waited / gone, waited / gone * np.exp(-width), waited / gone * np.exp(width),
                    gone)  # fmt: skip


@dataclass(frozen=True)
class _Hour:
    """One hour of the day: its rate, how it differs between days, and what a call takes."""

    rate: Estimate
    extra: float
    handling: float
    patience: float
    within: float

    def rates(self, scale: float | Array = 1.0) -> Array:
        """Give rates of equal probability; one where days do not differ."""
        if self.extra < 1e-6:
            return np.asarray(np.asarray(scale)[..., None] * self.rate.value)
        at = (np.arange(_RATES) + 0.5) / _RATES
        shape = 1 / self.extra
        drawn = gammaincinv(shape, at) / shape
        return np.asarray(np.asarray(scale)[..., None] * self.rate.value * drawn / drawn.mean())

    def queue(self, agents: Any) -> Queue:
        """Compute the queue of each rate and number of agents: one row a number."""
        rates = self.rates()
        return erlang_a(rates[None, :], self.handling, self.patience,
                        np.asarray(agents)[:, None], self.within)  # fmt: skip

    def mixed(self, values: Array) -> Array:
        """Average over calls: a busy day counts for as many as it has."""
        rates = self.rates()
        return np.asarray(values @ rates / rates.sum())

    def level(self, agents: Any) -> Array:
        """Share of calls answered in time, by number of agents."""
        return self.mixed(self.queue(agents).level)

    def fewest(self, target: float) -> int:
        """Find the fewest agents that reach the target."""
        low, high = 0, max(int(self.rate.value * self.handling), 1)
        while self.level([high])[0] < target:
            low, high = high, 2 * high + 1
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self.level([middle])[0] >= target else (middle, high)
        return high


class _Draws:
    """Draws of what was estimated, on the logarithm."""

    def __init__(self, rng: np.random.Generator, handling: Estimate, patience: Estimate) -> None:
        z = rng.standard_normal((3, _DRAWS))
        self.rate, self.handling, self.patience = z
        self._of = (handling, patience)

    def limits(self, plan: _Hour, agents: Any) -> tuple[Array, Array]:
        """Give the limits of the level between which 95% of the draws lie, by agents."""
        handling, patience = (
            each.value * np.exp(_log_error(each) * z)
            for each, z in zip(self._of, (self.handling, self.patience), strict=True)
        )
        rates = plan.rates(np.exp(_log_error(plan.rate) * self.rate))
        found = erlang_a(
            rates[None], handling[None, :, None], patience[None, :, None],
            np.asarray(agents)[:, None, None], plan.within,
        ).level  # fmt: skip
        levels = (found * rates).sum(axis=-1) / rates.sum(axis=-1)
        low, high = np.quantile(levels, (0.025, 0.975), axis=1)
        own = plan.level(agents)
        return np.minimum(low, own), np.maximum(high, own)


def _log_error(estimate: Estimate) -> float:
    """Take the standard error of the logarithm from a 95% interval."""
    if not (np.isfinite(estimate.value) and np.isfinite(estimate.high)):
        return 0.0
    return (estimate.high - estimate.low) / (2 * normal_quantile(0.95) * estimate.value)
