"""What of the open opportunities will be won soon: the weighted sum, its range, and how it did.

A landmark is a day in the past; of all that were open then, what share was won within the next
days? That share, stage by stage, asks for no model of how time in a stage matters.

References
----------
van Houwelingen (2007), Dynamic prediction by landmarking in event history analysis, Scandinavian
Journal of Statistics 34(1), 70-85.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from workbench.accounts.conversion import FEWEST, accounts_behind
from workbench.arrays import Array
from workbench.errors import DataError, require_columns
from workbench.languages import Language, speak
from workbench.results import Advice, Estimate, Finding, Picture, Result, labelled
from workbench.stats.disclosure import rule_of, sensitive
from workbench.stats.intervals import proportion_interval
from workbench.study import CellRule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Past months on which the forecast is tried; the errors of so many more count as the model's own.
TRIED, OWN = 24, 6
#: Opportunities before their first entry in the log of stages; without a log, by time open.
NO_STAGE = "No stage yet"
AGES = ("Opened lately", "Open for some time", "Open for long", "Open for longest")
#: Draws of a forecast and of each past one.
DRAWS, PAST_DRAWS = 4000, 1000

EXPECTED = (
    "Of {n} open opportunities worth {open}, {expected} is expected to be won within {days} days"
)
HELD = (
    "In {n} past months the 95% range held what was won in {kept}; it was off by {error} on average"
)
TOO_NARROW = (
    "In {n} past months the 95% range held what was won in only {kept}: treat the forecast as"
    " less certain than its range says"
)
TOO_YOUNG = "The record is too short to try the forecast on the past"
NO_AMOUNT = "{n} open opportunities have no amount, and are not in the sum"
PLAN = "Plan with {expected} from the pipeline of today; what is opened from now on comes on top"


@dataclass(frozen=True)
class PipelineForecast(Result):
    """What of the open opportunities will be won.

    Attributes
    ----------
    table : DataFrame
        One row a class of opportunities (its stage, or how long it has been open): state, n (open
        today), chance (of being won within `days`) with `_low` and `_high`.
    past : DataFrame
        One row a month: day, expected, low, high, came, held.
    expected : Estimate
        Money, with a predictive interval.
    open : Estimate
        Sum of the open amounts.
    days, n, unvalued : int
        Horizon; open opportunities; those of them without an amount.
    wider : float
        By what the range was widened for the errors in the past.
    """

    table: pd.DataFrame
    past: pd.DataFrame
    expected: Estimate
    open: Estimate
    days: int
    n: int
    unvalued: int
    wider: float

    def coverage(self) -> Estimate | None:
        """Share of the past months whose range held what came; None where there was none.

        Windows that overlap tell less: they count for as many as lie side by side.
        """
        return ranges_held(self.past["held"], max(self.days / 30.4, 1))

    def estimates(self) -> dict[str, Estimate]:
        """Give what is expected, and how the forecast did."""
        kept = self.coverage()
        return {"pipeline_expected": self.expected} | ({"kept": kept} if kept is not None else {})

    def findings(self) -> list[Finding]:
        """Say what is expected, and whether past ranges held."""
        values = {"n": self.n, "open": self.open, "expected": self.expected, "days": self.days}
        said = [
            Finding(
                "accounts.forecast", EXPECTED, values, estimates={"expected": self.expected},
                money=self.expected, advice=Advice(PLAN, 7),
            )
        ]  # fmt: skip
        kept = self.coverage()
        if kept is None:
            said.append(Finding("accounts.forecast.past", TOO_YOUNG, severity="warning"))
        else:
            narrow = kept.high < 0.95
            off = (self.past["came"] - self.past["expected"]).abs().sum()
            error = off / max(float(self.past["came"].sum()), 1e-9)
            values = {
                "n": len(self.past),
                "kept": kept.point,
                "error": Estimate(error, kind="percent"),
            }
            said.append(
                Finding(
                    "accounts.forecast.past", TOO_NARROW if narrow else HELD, values,
                    severity="warning" if narrow else "note", estimates={"kept": kept},
                )
            )  # fmt: skip
        if self.unvalued:
            said.append(Finding("accounts.forecast.unvalued", NO_AMOUNT, {"n": self.unvalued}))
        return said

    def picture(self) -> Picture | None:
        """Draw past forecasts beside what came."""
        if self.past.empty:
            return None
        return Picture(
            self.plot, "Forecast and actual",
            "Money won within {days} days from the opportunities open at the end of each month; 95%"
            " ranges",
            self.past, {"days": self.days},
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw a range a month with what came as a dot; the last range is today's."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        past = self.past
        days = pd.to_datetime(past["day"])
        spread = [past["expected"] - past["low"], past["high"] - past["expected"]]
        ax.errorbar(days, past["expected"], yerr=spread, fmt="_", label=say("Forecast, 95% range"))
        ax.plot(days, past["came"], "o", label=say("Came"))
        ax.set_ylim(bottom=0)
        ax.legend()
        return ax


def pipeline_forecast(
    deals: pd.DataFrame,
    log: pd.DataFrame | None = None,
    *,
    as_of: dt.date,
    rng: np.random.Generator,
    days: int = 90,
    min_cell: CellRule | int = 5,
    currency: str = "",
    tried: int = TRIED,
    draws: int = DRAWS,
) -> PipelineForecast:
    """Weigh the open opportunities by what became of such as them.

    Parameters
    ----------
    deals : DataFrame
        opportunity_id, customer_id, opened, closed, outcome, amount. Those that ended on a day that
        is not known are left out.
    log : DataFrame, optional
        opportunity_id, stage, entered. Without it opportunities are told apart by how long they
        have been open.
    as_of : date
    rng : Generator
    days : int
        How far ahead.
    min_cell : CellRule or int
        Sums that would give an account away are refused.
    currency : str
    tried : int
        Past months on which it is tried.
    draws : int

    Raises
    ------
    DataError
        Nothing is open, too few have ended, or one account holds most of what is open.
    """
    need = ("opportunity_id", "customer_id", "opened", "closed", "outcome", "amount")
    require_columns(deals, need, "the opportunities have")
    deals = deals[(deals["outcome"] == "open") | deals["closed"].notna()].reset_index(drop=True)
    now, today = deals[deals["outcome"] == "open"], pd.Timestamp(as_of)
    if now.empty or (deals["outcome"] == "won").sum() < FEWEST:
        raise DataError("too few opportunities are open, or have been won, for a forecast")
    valued = now["amount"].notna() & (now["amount"] > 0)
    if sensitive(
        now.loc[valued, "amount"].groupby(accounts_behind(now[valued])).sum(), rule_of(min_cell)
    ):
        raise DataError("too few accounts hold what is open, or one of them nearly all of it")
    past = _Landmarks.of(deals, log, today, days)
    over = past.months[past.months <= today - pd.Timedelta(days=days)]
    if over.empty:
        raise DataError(
            f"the record is shorter than {days} days", remedy="ask for fewer days, or wait"
        )
    rows = []
    # the end of each month from which the horizon is over, and before which enough was seen
    for when in over[-tried:]:
        known = past.known_at(when)
        if known.sum() < 3 * FEWEST or past.won[known].sum() < FEWEST / 2:
            continue
        here = past.at == when
        expected, sums, _ = past.drawn(known, here, rng, PAST_DRAWS)
        spread = float(sums.std())
        came = float((past.amount * past.won)[here].sum())
        rows.append((when, expected, *np.quantile(sums, [0.025, 0.975]), came, spread))
    tries = pd.DataFrame(rows, columns=["day", "expected", "low", "high", "came", "spread"])
    z = (tries["came"] - tries["expected"]) / tries["spread"].where(tries["spread"] > 0)
    z2 = (z.dropna() ** 2).clip(upper=25)
    wider = _wider(z2)
    # as the ranges of all but the last windows were made: with the errors known by then
    steps = max(round(days / 30.4), 1)
    wider_ends = np.empty((len(tries), 2))
    for i in range(len(tries)):
        factor = _wider(z2[z2.index <= i - steps])
        middle, least, most = (float(tries[c].iloc[i]) for c in ("expected", "low", "high"))
        wider_ends[i] = _widened(middle, least, most, factor)
    tries[["low", "high"]] = wider_ends
    tries["held"] = tries["came"].between(tries["low"], tries["high"])
    expected, sums, chances = past.drawn(past.known_at(today), past.at == today, rng, draws)
    least, most = np.quantile(sums, [0.025, 0.975])
    low, high = _widened(expected, float(least), float(most), wider)
    total = float(now.loc[valued, "amount"].sum())
    return PipelineForecast(
        labelled(
            chances, state="Stage or time open", n="Open today",
            chance=("Probability of being won", "percent"),
        ),
        labelled(
            tries.drop(columns="spread"), day=("Month", "date"), expected=("Expected", "money"),
            came=("Came", "money"), held="Within the range",
        ),
        Estimate(
            expected, low, high, float(len(now)), kind="money", unit=currency, of="forecast",
            label="Expected from the pipeline",
        ),
        Estimate(total, n=float(len(now)), kind="money", unit=currency, label="Open pipeline"),
        days,
        len(now),
        int((~valued).sum()),
        wider,
    )  # fmt: skip


def ranges_held(held: pd.Series, overlap: float) -> Estimate | None:
    """Share of past forecasts whose range held what came; None where there was none.

    Each window overlaps with so many: they count for as many as lie side by side.
    """
    if held.empty:
        return None
    n, share = max(len(held) / overlap, 1.0), float(held.mean())
    return proportion_interval(share * n, n).named(
        "Past months in which the range held", kind="percent", better="up"
    )


def _wider(errors: pd.Series) -> float:
    """By what ranges are widened for past errors, squared and in units of their own spread."""
    return float(np.sqrt(max((errors.sum() + OWN) / (len(errors) + OWN), 1.0)))


def _widened(middle: float, low: float, high: float, by: float) -> tuple[float, float]:
    return max(middle - by * (middle - low), 0.0), middle + by * (high - middle)


@dataclass(frozen=True)
class _Landmarks:
    """One entry an opportunity and month's end at which it was open; the last day is today.

    Attributes
    ----------
    months : DatetimeIndex
    at : ndarray of datetime
    who : ndarray of int
        Which opportunity.
    state : ndarray of object
        Its stage then, or how long it had been open.
    large : ndarray of bool
        Whether it is one of the larger half.
    won : ndarray of float
        Whether it was won within the horizon.
    """

    months: pd.DatetimeIndex
    days: int
    at: np.ndarray
    who: np.ndarray
    state: np.ndarray
    large: np.ndarray
    won: Array
    amount: Array

    @classmethod
    def of(
        cls, deals: pd.DataFrame, log: pd.DataFrame | None, today: pd.Timestamp, days: int
    ) -> _Landmarks:
        first = deals["opened"].min()
        months = pd.date_range(first, today, freq="ME", normalize=True)
        months = pd.DatetimeIndex([*months[months < today], today])
        closed = deals["closed"].where(deals["outcome"] != "open")
        amount = deals["amount"].clip(lower=0).fillna(0.0).to_numpy(dtype=float)
        large = amount > np.median(amount[amount > 0]) if (amount > 0).any() else amount > 0
        took = (closed - deals["opened"]).dt.days.dropna()
        # quarters of the time that opportunities take to end
        cuts = np.quantile(took, [0.25, 0.5, 0.75]) if len(took) else np.array([30.0, 60.0, 90.0])
        opened, ended = deals["opened"].to_numpy(), closed.to_numpy()
        whens = months.to_numpy()[:, None]
        month, who = np.nonzero((opened <= whens) & ~(ended <= whens))
        at = months.to_numpy()[month]
        soon = ended[who] <= at + np.timedelta64(days, "D")
        won = (deals["outcome"].to_numpy()[who] == "won") & soon
        if log is not None:
            ids = deals["opportunity_id"].to_numpy()[who]
            asked = pd.DataFrame({"opportunity_id": ids, "at": at}).sort_values("at", kind="stable")
            entered = log.rename(columns={"entered": "at"}).sort_values("at", kind="stable")
            # the days of both may come in other units
            asked["at"], entered["at"] = (
                f["at"].astype("datetime64[ns]") for f in (asked, entered)
            )
            seen = pd.merge_asof(asked.reset_index(), entered, on="at", by="opportunity_id")
            state = seen.set_index("index")["stage"].sort_index().fillna(NO_STAGE).to_numpy(object)
        else:
            age = (at - opened[who]) / np.timedelta64(1, "D")
            state = np.array(AGES, dtype=object)[np.searchsorted(cuts, age)]
        return cls(months, days, at, who, state, large[who], won.astype(float), amount[who])

    def known_at(self, when: pd.Timestamp) -> np.ndarray:
        """Tell which landmarks have seen their horizon by a day."""
        known: np.ndarray = self.at <= np.datetime64(when - pd.Timedelta(days=self.days))
        return known

    def drawn(
        self, known: np.ndarray, now: np.ndarray, rng: np.random.Generator, draws: int
    ) -> tuple[float, Array, pd.DataFrame]:
        """Learn from some landmarks, and draw what others bring."""
        group, chance, size = self._chances(known, now)
        p, amount = chance[group], self.amount[now]
        drawn = rng.beta(chance * size + 0.5, (1 - chance) * size + 0.5, (draws, chance.size))
        # the mean of the drawn chances is the estimate itself
        drawn *= chance / np.maximum(drawn.mean(axis=0), 1e-12)
        sums = np.empty(draws)
        step = max(1, 2_000_000 // max(amount.size, 1))
        for start in range(0, draws, step):
            part = drawn[start : start + step][:, group]
            sums[start : start + step] = (rng.random(part.shape) < part) @ amount
        rows = [
            (state, int(mine.sum()), *_share(self, known & (self.state == state)))
            for state in dict.fromkeys(self.state[now])
            if (mine := self.state[now] == state).any()
        ]
        table = pd.DataFrame(rows, columns=["state", "n", "chance", "chance_low", "chance_high"])
        return float(p @ amount), sums, table.sort_values("chance", ignore_index=True)

    def _chances(self, known: np.ndarray, now: np.ndarray) -> tuple[np.ndarray, Array, Array]:
        """Give each entry of today its class, and the classes their chances and how much is known.

        A class is a stage and a half by size where both halves have been seen often enough, a stage
        where it has, and else all.
        """
        state, large = self.state[now], self.large[now]
        group = np.empty(state.size, dtype=np.intp)
        found: list[tuple[float, float]] = []
        every: int | None = None
        for name in dict.fromkeys(state):
            mine = known & (self.state == name)
            halves = [mine & (self.large == half) for half in (False, True)]
            if min(self._seen(half) for half in halves) >= FEWEST:
                for half, rows in enumerate(halves):
                    group[(state == name) & (large == bool(half))] = len(found)
                    found.append(self._share_of(rows))
            elif self._seen(mine) >= FEWEST:
                group[state == name] = len(found)
                found.append(self._share_of(mine))
            else:
                if every is None:
                    every = len(found)
                    found.append(self._share_of(known))
                group[state == name] = every
        chance, size = (np.array(each) for each in zip(*found, strict=True))
        return group, chance, size

    def _seen(self, rows: np.ndarray) -> int:
        """Count the opportunities behind landmarks."""
        return int(np.unique(self.who[rows]).size)

    def _share_of(self, rows: np.ndarray) -> tuple[float, float]:
        """Share won, and how many independent ones it is worth: one opportunity stands often."""
        won, who = self.won[rows], self.who[rows]
        share = float(won.mean())
        _, code = np.unique(who, return_inverse=True)
        off = np.bincount(code, won - share)
        variance = float(np.square(off).sum()) / won.size**2
        most = float(code.max() + 1)
        return share, min(share * (1 - share) / variance, won.size) if variance > 0 else most


def _share(past: _Landmarks, rows: np.ndarray) -> tuple[float, float, float]:
    if not rows.any():
        return np.nan, np.nan, np.nan
    share, size = past._share_of(rows)
    each = proportion_interval(share * size, size)
    return share, each.low, each.high
