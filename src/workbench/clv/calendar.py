"""How the pace of purchases moves with the calendar: growth, decline and season.

Whether it moves is told by the purchases between the first and the last one of each customer, so
that coming, leaving and customers who are not alike do not pass for it (`Spans`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from workbench.arrays import Array
from workbench.clv.days import BuyingDays, buying_days
from workbench.clv.models.purchase import PurchaseModel, PurchaseResults
from workbench.clv.models.rows import add_up
from workbench.clv.spans import BLOCK, MONTHS, MOST, YEAR, Spans, basis_of, waves
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled
from workbench.stats.intervals import normal_quantile
from workbench.units import DAYS_PER_UNIT, check_unit

#: A season takes two years, give or take four weeks: in less it is no other thing than a trend.
SEASONS = 2 * 364 - 28
#: Seasons that are tried: columns of harmonics, and months; fewer for a log of one year.
SHAPES, OF_A_YEAR = (0, 2, 4, 6, 8, MONTHS), (0, 2, 4)
#: What a column must gain in twice the log-likelihood: chance makes a season of one log in 40.
PRICE = 4.0
#: Purchases in between, fewer than which tell nothing of the pace.
FEWEST = 60
#: Yearly change of the log pace to be thought of beforehand, and the odds that there is one.
USUAL_CHANGE, ODDS = 0.25, 1 / 3
#: A change less probable than this is taken for none.
LIKELY = 0.5
UNKNOWN = Estimate(float("nan"))
NAMES = ("January", "February", "March", "April", "May", "June", "July", "August", "September",
          "October", "November", "December")  # fmt: skip

GROWS = (
    "The same customers buy more often as time goes on: their pace rises by {change} a year, apart "
    "from customers who come or leave. Forecasts carry the rise on, ever more slowly."
)
DECLINES = (
    "The same customers buy less often as time goes on: their pace changes by {change} a year, "
    "apart from customers who come or leave. Forecasts carry the decline on, ever more slowly."
)
STEADY = (
    "No growth and no decline: the pace at which the same customers buy changes by {change} a "
    "year, which chance explains."
)
HAS_SEASON = (
    "Purchases follow the season: the pace is highest in {high}, {up} above that of the year, and "
    "lowest in {low}, {down} below it. Forecasts follow it."
)
NO_SEASON = "No season is seen in {years} years of purchases."
TOO_SHORT = (
    "The records span less than two years: a season cannot be told from growth or decline."
    " Neither is in the forecasts."
)
MOVED = (
    "The pace at which the same customers buy was {swing} times as high at its highest as at its "
    "lowest. Whether that is a season or a trend cannot be told from less than two years. "
    "Forecasts go by the mean pace, and their ranges are wider for it."
)
BY_DUE_DATES = (
    "Payments come when they are due: forecasts go by the due dates, and no season or growth of "
    "the pace of purchases is looked for."
)
TOO_FEW = (
    "Only {n} purchases lie between a first and a last one of the same customer: too few to see "
    "growth, decline or a season."
)


@dataclass(frozen=True)
class Calendar(Result):
    """The common pace of purchases in time, one on average over a year without growth.

    Attributes
    ----------
    days : int
        Length of the log.
    end : Timestamp
        Its last day, from which years are counted.
    unit : str
        Unit of time of forecasts.
    events : int
        Purchases between a first and a last one that it rests on.
    season, season_covariance : ndarray
        Of the log pace: cosines and sines of harmonics, or months (see `waves`).
    drift, drift_variance : float
        Change of the log pace a year, if there is any, drawn towards none; and how sure it is.
    likely : float
        Probability that there is any.
    raw : Estimate
        The change as measured.
    lean : ndarray
        Mean of the basis (drift, season) over the purchases that the rates rest on.
    dispersion : float
        By how much more than chance sums of purchases vary.
    ends : tuple
        The model fitted by clocks of a lower and a higher change, where there is one.
    moved : ndarray
        Where the log is too short to tell season from trend and its pace moved: log pace by day.
    due : bool
        Payments fall due at fixed times, and no pace is looked for.
    """

    days: int
    end: pd.Timestamp
    unit: str
    events: int = 0
    season: Array = field(default_factory=lambda: np.zeros(0))
    season_covariance: Array = field(default_factory=lambda: np.zeros((0, 0)))
    drift: float = 0.0
    drift_variance: float = 0.0
    likely: float = 0.0
    raw: Estimate = UNKNOWN
    lean: Array = field(default_factory=lambda: np.zeros(1))
    dispersion: float = 1.0
    ends: tuple[tuple[Calendar, PurchaseResults], ...] = ()
    moved: Array = field(default_factory=lambda: np.zeros(0))
    due: bool = False

    @property
    def long(self) -> bool:
        """Whether the log is long enough to tell a season from a trend."""
        return self.days >= SEASONS

    @property
    def moves(self) -> bool:
        """Whether forecasts go by it: otherwise time runs evenly."""
        return bool(self.season.size or self.likely >= LIKELY)

    @property
    def _slope(self) -> float:
        """The change that forecasts go by: its mean over being there and not."""
        return self.likely * self.drift if self.likely >= LIKELY else 0.0

    def _pace(self, day: Array) -> Array:
        """Log pace on days counted from the end; a change beyond it fades."""
        t = day / YEAR
        g = self._slope
        later = np.maximum(t, 0.0)
        faded = np.sign(g) * -np.expm1(-abs(g) * later)
        out = g * np.minimum(t, 0.0) + faded
        if self.season.size:
            out = out + waves(self.end, day, self.season.size) @ self.season - self._level
        return np.asarray(out, dtype=float)

    @cached_property
    def _level(self) -> float:
        year = waves(self.end, np.arange(1461.0), self.season.size) @ self.season
        return float(np.log(np.exp(year).mean()))

    def _clock(self, day: Array) -> Array:
        """Time by the pace on days counted from the end, in days."""
        if not self.moves:
            return np.asarray(day, dtype=float)
        low, high = int(np.floor(min(day.min(), 0.0))), int(np.ceil(max(day.max(), 0.0)))
        grid = np.arange(low, high + 1)
        # the clock of a day's end has gone on by that day's pace
        run = np.concatenate([[0.0], np.cumsum(np.exp(self._pace(grid[1:].astype(float))))])
        return np.asarray(np.interp(day, grid, run - run[-low]), dtype=float)

    def stretched(self, customers: pd.DataFrame) -> pd.DataFrame:
        """Recency and age of customers by this clock instead of even time."""
        if not self.moves:
            return customers
        per = DAYS_PER_UNIT[self.unit]
        age, recency = (customers[c].to_numpy(dtype=float) for c in ("age", "recency"))
        # days divided by seven need not be whole again
        ends = np.round(np.concatenate([-age, recency - age]) * per, 6)
        first, last = np.split(self._clock(ends), 2)
        out = customers.assign(recency=(last - first) / per, age=-first / per)
        out.attrs = customers.attrs
        return out

    def stretch(self, horizon: float) -> float:
        """Time by this clock that a unit of even time holds on average, over a horizon ahead."""
        days = min(horizon, 10 * YEAR / DAYS_PER_UNIT[self.unit]) * DAYS_PER_UNIT[self.unit]
        return float(self._clock(np.array([days]))[0] / days)

    def deviations(self, horizon: float, draws: int, rng: np.random.Generator) -> Array:
        """Draws of the factor by which purchases of all may differ, for what is not known of it."""
        days = np.arange(1.0, max(horizon * DAYS_PER_UNIT[self.unit], 1.0) + 1)
        if self.moved.size:
            return np.exp(rng.standard_normal(draws) * self._unsteady(days.size))
        if not self.moves:
            return np.ones(draws)
        off = np.zeros(draws)
        if self.likely >= LIKELY:
            there = rng.random(draws) < self.likely
            drawn = self.drift + np.sqrt(self.drift_variance) * rng.standard_normal(draws)
            off += (np.where(there, drawn, 0.0) - self._slope) * self._lever(horizon)
        if self.season.size:
            weight = np.exp(self._pace(days))
            mean = weight @ waves(self.end, days, self.season.size) / weight.sum()
            lever = mean - self.lean[1:]
            sd = float(np.sqrt(lever @ self.season_covariance @ lever))
            off += sd * rng.standard_normal(draws)
        return np.asarray(np.exp(off), dtype=float)

    def _lever(self, horizon: float) -> float:
        """By how much the logarithm of a forecast of all moves with the yearly change."""
        if self.ends:
            (low, before), (high, after) = self.ends
            total = [
                float(fit.model.counts @ fit.expected_purchases(horizon * own.stretch(horizon)))
                for own, fit in ((low, before), (high, after))
            ]
            if min(total) > 0:
                return float(np.log(total[1] / total[0]) / (high.drift - low.drift))
        t = np.arange(1.0, max(horizon * DAYS_PER_UNIT[self.unit], 1.0) + 1) / YEAR
        return float(np.mean(t * np.exp(-abs(self._slope) * t)) - self.lean[0])

    def _unsteady(self, days: int) -> float:
        """How far the pace of so many days has lain from that of all, and might lie ahead."""
        pace = np.exp(self.moved)
        run = np.concatenate([[0.0], np.cumsum(pace)])
        span = min(days, pace.size)
        means = (run[span:] - run[:-span]) / span
        around = float(np.mean(np.log(means / pace.mean()) ** 2))
        # what lies beyond the log may be as far on as the log's own ends are apart
        beyond = float(np.log(pace[-BLOCK:].mean() / pace.mean())) ** 2
        return float(np.sqrt(max(around, beyond)))

    def as_of(
        self, known: BuyingDays, origin: int = 0, model: type[PurchaseModel] | None = None
    ) -> Calendar:
        """Give the calendar of a past day: the season of all, the change as measured by then.

        That there is a change is taken from the whole log: what is asked is how far a change
        measured on a past day led, and not whether so few purchases could show that there is one.
        """
        if not self.moves:
            return self
        end = known.end + pd.Timedelta(days=origin)
        begin = int(known.day.min()) if known.day.size else origin
        spans = Spans(known, origin)
        season = self.season.size
        blank = replace(self, days=origin - begin, end=end, ends=())
        if not spans.events:
            blank = replace(blank, drift=0.0, drift_variance=USUAL_CHANGE**2)
            return replace(blank, lean=np.zeros(1 + self.season.size))
        fixed = waves(end, spans.grid, season) @ self.season if season else np.zeros(spans.length)
        fit = spans.climb(spans.grid[:, None] / YEAR, fixed)
        lean = spans.lean(basis_of(end, spans.grid, season), np.append(fit.beta, self.season))
        change = _change(fit.beta[0], fit.covariance[0, 0] * self.dispersion)
        change["likely"] = self.likely
        then = replace(blank, events=spans.events, lean=lean, **change)
        return then._measured(known, origin, model)

    def _measured(
        self, known: BuyingDays, origin: int, model: type[PurchaseModel] | None
    ) -> Calendar:
        """Measure a change that is there by all purchases, with the rates and leaving of a model.

        Purchases between a first and a last one tell whether there is one, whatever the model; how
        large it is the number of purchases of early and of late customers tell, too.
        """
        if model is None or self.likely < LIKELY:
            return self
        customers = known.summary(origin, DAYS_PER_UNIT[self.unit])
        customers = customers.iloc[:: max(len(customers) // MOST, 1)]
        again = np.concatenate([[False], known.code[1:] == known.code[:-1]])
        again &= (known.day <= origin) & np.isin(known.ids, customers.index)[known.code]
        moment = float(known.day[again].sum() - origin * again.sum()) / YEAR
        fits: dict[float, tuple[Calendar, PurchaseResults]] = {}
        pairs = np.flatnonzero(again)
        who = customers.index.get_indexer(known.ids[known.code[pairs]])

        def value(slope: float) -> float:
            own = replace(self, drift=slope, likely=1.0)
            by_clock = own.stretched(customers)
            if model.k > 1:
                # regular gaps are so by the clock
                gap = own._clock(known.day[pairs] - origin) - own._clock(
                    known.day[pairs - 1] - origin
                )
                logs = np.log(gap / DAYS_PER_UNIT[self.unit])
                by_clock = by_clock.assign(log_gaps=add_up(who, logs, len(customers)))
            fit = model.from_frame(by_clock, unit=self.unit).fit()
            fits[slope] = own, fit
            return fit.llf + slope * moment

        at, step = self.drift, float(np.clip(np.sqrt(self.drift_variance), 0.02, 0.2))
        curve = 0.0
        try:
            for _ in range(2):
                low, middle, high = (value(at + side * step) for side in (-1, 0, 1))
                curve = (low - 2 * middle + high) / step**2
                if not curve < 0:
                    return self
                around = at
                at += float(np.clip((low - high) / (2 * step * curve), -2 * step, 2 * step))
        except DataError:
            # nobody had bought twice among those looked at
            return self
        change = _change(at, self.dispersion / -curve)
        ends = fits[around - step], fits[around + step]
        return replace(self, **{**change, "likely": self.likely}, ends=ends)

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a month: its pace against that of the year, with limits; empty without season."""
        columns = ["month", "index", "low", "high"]
        if not self.season.size:
            return pd.DataFrame(columns=columns)
        rows = []
        for number, name in enumerate(NAMES, 1):
            days = pd.date_range("2023-01-01", "2023-12-31")
            inside = waves(days[0], (days - days[0]).days.to_numpy(float), self.season.size)
            all_year = inside.mean(axis=0)
            own = inside[days.month == number]
            pace = np.exp(own @ self.season - self._level)
            slope = pace @ own / pace.sum() - all_year
            sd = float(np.sqrt(slope @ self.season_covariance @ slope))
            z = normal_quantile(0.95)
            rows.append((name, pace.mean(), pace.mean() * np.exp(-z * sd),
                         pace.mean() * np.exp(z * sd)))  # fmt: skip
        return labelled(
            pd.DataFrame(rows, columns=columns), month="Month", index=("Pace", "percent:0")
        )

    def estimates(self) -> dict[str, Estimate]:
        """Return the yearly change of the pace, where it could be measured."""
        return {"change": self.raw} if self.long and self.raw.known else {}

    def findings(self) -> list[Finding]:
        """Say whether the pace grows, falls, or follows a season, or why that cannot be said."""
        if self.due:
            return [Finding("calendar.due", BY_DUE_DATES, verdict="due")]
        if self.events < FEWEST:
            return [Finding("calendar.few", TOO_FEW, {"n": self.events}, verdict="too_few")]
        if not self.long:
            if not self.moved.size:
                return [Finding("calendar.short", TOO_SHORT, verdict="short")]
            swing = Estimate(float(np.exp(np.ptp(self.moved))), digits=1)
            return [
                Finding("calendar.moved", MOVED, {"swing": swing}, verdict="moved",
                        severity="warning")
            ]  # fmt: skip
        there = self.likely >= LIKELY
        verdict = ("grows" if self.drift > 0 else "declines") if there else "steady"
        message = {"grows": GROWS, "declines": DECLINES, "steady": STEADY}[verdict]
        found = [
            Finding("calendar.growth", message, {"change": self.raw}, verdict=verdict,
                    severity="warning" if there else "note", estimates=self.estimates())
        ]  # fmt: skip
        if not self.season.size:
            years = round(self.days / YEAR, 1)
            return [*found, Finding("calendar.season", NO_SEASON, {"years": years}, verdict="none")]
        pace = self.table["index"].to_numpy()
        top, bottom = int(pace.argmax()), int(pace.argmin())
        values: dict[str, Any] = {
            "high": _month(top), "up": Estimate(pace[top] - 1, kind="percent", digits=0),
            "low": _month(bottom), "down": Estimate(1 - pace[bottom], kind="percent", digits=0),
        }  # fmt: skip
        return [*found, Finding("calendar.season", HAS_SEASON, values, verdict="season")]

    def picture(self) -> Picture:
        """Pace by month."""
        return Picture(
            self.plot, "Purchases by season",
            "Pace at which the same customers buy, the year's mean being 100%", self.table,
        )  # fmt: skip

    def plot(self, ax: Any = None, *, language: str | Language = "en") -> Any:
        """Pace of each month with its interval."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table
        at = np.arange(len(t))
        ax.axhline(1, color="0.6", linewidth=1)
        ax.errorbar(at, t["index"], yerr=[t["index"] - t["low"], t["high"] - t["index"]], fmt="o-")
        ax.set_xticks(at, [say(name)[:3] for name in t["month"]])
        ax.yaxis.set_major_formatter(PercentFormatter(1))
        ax.set_ylabel(say("Pace against the year's mean"))
        return ax


def _month(number: int) -> dict[str, str]:
    return {"en": NAMES[number], "zh": f"{number + 1}月"}


def _change(slope: float, variance: float) -> dict[str, Any]:
    """Weigh a measured yearly change: how probable it is, and its size if so."""
    prior = USUAL_CHANGE**2
    shrunk = prior / (prior + variance)
    log_odds = np.log(ODDS) + 0.5 * np.log1p(-shrunk) + 0.5 * shrunk * slope**2 / variance
    return {
        "drift": float(slope * shrunk),
        "drift_variance": float(variance * shrunk),
        "likely": float(1 / (1 + np.exp(-np.clip(log_odds, -50, 50)))),
    }


def calendar(
    log: pd.DataFrame | BuyingDays, *, as_of: pd.Timestamp | str, unit: str,
    model: type[PurchaseModel] | None = None,
) -> Calendar:  # fmt: skip
    """See whether the pace of purchases grows, falls or follows a season.

    Parameters
    ----------
    log : DataFrame or BuyingDays
        customer_id, date; amount where the log has amounts.
    as_of : Timestamp or str
        Last day of the log.
    unit : str
        Unit of time of forecasts.
    model : type, optional
        Of purchases: by it a change that is there is measured more exactly.

    Returns
    -------
    Calendar
        A season is as fine as the log asks for, up to four harmonics or months; a change is
        weighed against none by its probability. Both are measured against the variation of
        four-week sums, which may be more than chance. Of less than two years it is seen whether
        the pace moved, and neither is told.
    """
    end = pd.Timestamp(as_of).normalize()
    known, unit = buying_days(log, as_of=end), check_unit(unit)
    spans = Spans(known)
    blank = Calendar(spans.length - 1, known.end, unit, spans.events)
    if model is not None and not model.paced:
        return replace(blank, due=True)
    if spans.events < FEWEST:
        return blank
    shapes = SHAPES if blank.long else OF_A_YEAR if spans.length > 364 else (0,)
    bases = {k: basis_of(known.end, spans.grid, k) for k in shapes}
    fits = {k: spans.climb(basis) for k, basis in bases.items()}
    # the variation that is left when the finest season is allowed for
    finest = max(shapes)
    noise = spans.dispersion(np.exp(bases[finest] @ fits[finest].beta), 1 + finest)
    columns = max(fits, key=lambda k: 2 * fits[k].value / noise - k * PRICE)
    fit, basis = fits[columns], bases[columns]
    covariance = fit.covariance * noise
    change = _change(fit.beta[0], covariance[0, 0])
    half = normal_quantile(0.95) * np.sqrt(covariance[0, 0])
    middle, low, high = (float(np.expm1(fit.beta[0] + side * half)) for side in (0, -1, 1))
    raw = Estimate(
        middle, low, high, spans.events, kind="percent",
        label="Yearly change of the pace of purchases",
    )  # fmt: skip
    if not blank.long:
        moved = columns > 0 or change["likely"] >= LIKELY
        return replace(
            blank, raw=raw, dispersion=noise, moved=basis @ fit.beta if moved else np.zeros(0)
        )
    found = replace(
        blank, raw=raw, dispersion=noise, lean=spans.lean(basis, fit.beta),
        season=fit.beta[1:], season_covariance=covariance[1:, 1:], **change,
    )  # fmt: skip
    return found._measured(known, 0, model)
