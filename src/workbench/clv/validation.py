"""Whether a purchase model foresaw what it had not seen: holdout, tracking, errors, comparison."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from workbench.arrays import Array
from workbench.clv.days import BuyingDays, buying_days, starts
from workbench.clv.models.purchase import PurchaseResults
from workbench.clv.models.rows import as_floats, refuse
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled
from workbench.stats.intervals import mean_interval, ratio_interval
from workbench.units import DAYS_PER_UNIT, check_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def calibration_split(
    dates: pd.Series,
    calibration_end: date | pd.Timestamp | str | None = None,
    *,
    share: float = 2 / 3,
    as_of: date | pd.Timestamp | None = None,
) -> pd.Timestamp:
    """Last day of calibration: the day asked for, or the end of the first two thirds of a log.

    The log ends with its last purchase, or on the day `as_of` where it goes on after that.

    Raises
    ------
    DataError
        The day lies outside the log, or leaves nothing to compare with.
    """
    first, last = pd.Timestamp(dates.min()).normalize(), pd.Timestamp(dates.max()).normalize()
    if as_of is not None:
        last = max(min(last, pd.Timestamp(as_of)), first)
    if calibration_end is None or calibration_end == "":
        return first + pd.Timedelta(days=int((last - first).days * share))
    try:
        day = pd.Timestamp(calibration_end).normalize()
    except ValueError:
        raise DataError(
            f"calibration_end is {calibration_end!r}", remedy="write it like 1997-09-30"
        ) from None
    if not first < day < last:
        raise DataError(
            f"calibration_end {day.date()} does not lie within the log",
            remedy=f"choose a day between {first.date()} and {last.date()}",
        )
    return day


FORESEEN = "Tested on the past: forecast {foreseen} purchases, actual {came}"
#: Whether forecasts were above what came -> sentence.
WAS_OFF = {
    True: "Tested on the past, a forecast of this kind was {bias} too high. Intervals of what is"
    " expected do not contain such errors; forecast ranges are widened by them where the records"
    " are long enough.",
    False: "Tested on the past, a forecast of this kind was {bias} too low. Intervals of what is"
    " expected do not contain such errors; forecast ranges are widened by them where the records"
    " are long enough.",
}


@dataclass(frozen=True)
class Holdout(Result):
    """Purchases foreseen and made after the calibration period.

    Attributes
    ----------
    table : DataFrame
        One row a number of repeat purchases in calibration: frequency (label, the last one
        open-ended), n, actual, actual_low, actual_high (t interval of the mean), expected, low,
        high (interval of the expectation).
    total : DataFrame
        One row: n, actual, expected, low, high summed over all customers.
    errors : dict of Estimate
        bias (expected over actual total, minus one), mae, rmse, correlation is left to the
        reader: it rewards spread, not truth.
    length : float
        Length of the holdout in the unit of time.
    """

    table: pd.DataFrame
    total: pd.DataFrame
    errors: dict[str, Estimate]
    length: float

    @property
    def foreseen(self) -> Estimate:
        """Purchases that the model expected in the test period."""
        expected, low, high = (float(self.total[c].iloc[0]) for c in ("expected", "low", "high"))
        return Estimate(expected, low, high, float(self.total["n"].iloc[0]))

    def estimates(self) -> dict[str, Estimate]:
        """Return the error measures."""
        return dict(self.errors)

    def findings(self) -> list[Finding]:
        """Say what was foreseen and what came, and warn where the forecast was off."""
        came = int(self.total["actual"].iloc[0])
        values = {"foreseen": self.foreseen.point, "came": came}
        found = [Finding("foreseen", FORESEEN, values, severity="ok")]
        bias = self.errors.get("bias")
        if bias is not None and bias.known and 0 not in bias:
            high = bias.value > 0
            size = bias.scaled(1 if high else -1).named(signed=False)
            found.append(Finding("bias", WAS_OFF[high], {"bias": size}, severity="warning"))
        return found

    def picture(self) -> Picture:
        """Show what was expected beside what came."""
        return Picture(
            self.plot,
            "Forecast and reality by earlier purchases",
            "Purchases per customer in the test period",
            self.table,
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Bars of what happened, with points and intervals of what was expected."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table
        at = np.arange(len(t))
        ax.bar(at, t["actual"], width=0.62, alpha=0.45, label=say("Actual"))
        ax.errorbar(
            at,
            t["expected"],
            yerr=[t["expected"] - t["low"], t["high"] - t["expected"]],
            fmt="o",
            color="C1",
            label=say("Expected"),
        )
        ax.set_xticks(at, t["frequency"].astype(str))
        ax.set_xlabel(say("Repeat purchases before"))
        ax.set_ylabel(say("Purchases per customer afterwards"))
        ax.legend(loc="upper left", frameon=False)
        return ax


def holdout_table(
    results: PurchaseResults,
    actual: ArrayLike,
    length: float,
    *,
    top: int = 7,
) -> Holdout:
    """Compare expected with actual purchases by frequency in calibration.

    Parameters
    ----------
    results : PurchaseResults
        Fitted to the calibration period.
    actual : array_like
        Purchases after it, for the customers of the fit in their order.
    length : float
        Length of the holdout in the unit of time.
    top : int
        Customers with at least this many repeat purchases share a row.

    Returns
    -------
    Holdout

    References
    ----------
    Fader, Hardie, Lee (2005), Marketing Science 24(2), figure 4.
    """
    y, labels = as_floats("actual", actual)
    refuse("actual", labels, y < 0, "is negative", "count the purchases after calibration")
    rows = results.model.rows
    x, counts = rows.x[rows.inverse], results.model.counts
    if y.size != x.size:
        raise DataError(
            f"{y.size} holdout counts for {x.size} customers", remedy="give one a customer"
        )
    if not length > 0:
        raise DataError(f"holdout length is {length}", remedy="let calibration end earlier")
    expected = results.expected_purchases(length)
    group = np.minimum(x, top).astype(int)
    present = np.unique(group)
    sums = expected.sums([np.where(group == g, counts, 0.0) for g in present])
    actuals = [mean_interval(y[group == g], weights=counts[group == g]) for g in present]
    table = pd.DataFrame(
        {
            "frequency": [f"{g}+" if g == top else str(g) for g in present],
            "n": sums["n"],
            "actual": [i.value for i in actuals],
            # fewer than none cannot be bought
            "actual_low": [max(i.low, 0.0) if i.low == i.low else i.low for i in actuals],
            "actual_high": [i.high for i in actuals],
            "expected": sums["estimate"] / sums["n"],
            "low": sums["low"] / sums["n"],
            "high": sums["high"] / sums["n"],
        }
    )
    whole = expected.total()
    total = pd.DataFrame(
        {
            "n": [whole.n],
            "actual": [float(counts @ y)],
            "expected": [whole.value],
            "low": [whole.low],
            "high": [whole.high],
        }
    )
    shown = labelled(
        table,
        frequency="Repeat purchases before",
        n="Customers",
        actual="Actual",
        expected="Expected",
    )
    return Holdout(shown, total, _errors(expected.estimate, y, counts), length)


def _errors(expected: Array, actual: Array, counts: Array) -> dict[str, Estimate]:
    gap = np.abs(expected - actual)
    squared = mean_interval(gap**2, weights=counts)
    low, high = np.sqrt(max(squared.low, 0.0)), np.sqrt(squared.high)
    out = {
        "mae": mean_interval(gap, weights=counts),
        "rmse": Estimate(float(np.sqrt(squared.value)), float(low), float(high), squared.n),
    }
    if actual.any():
        ratio = ratio_interval(expected, actual, weights=counts)
        out["bias"] = Estimate(
            ratio.value - 1,
            ratio.low - 1,
            ratio.high - 1,
            ratio.n,
            kind="percent",
            label="Bias in the test",
        )
    return out


@dataclass(frozen=True)
class Tracking(Result):
    """Repeat purchases week by week (or whatever the period is), expected and actual.

    Attributes
    ----------
    table : DataFrame
        One row a period: period (1, 2, ...), end (date), actual, expected, expected_low,
        expected_high, cumulative_actual, cumulative_expected, low, high (of the cumulative
        expectation), calibration (bool).
    """

    table: pd.DataFrame
    unit: str

    @property
    def cumulative(self) -> pd.DataFrame:
        """Purchases so far, period by period."""
        names = {"cumulative_actual": "actual", "cumulative_expected": "estimate"}
        return labelled(
            self.table[["end", *names, "low", "high"]].rename(columns=names),
            end="Period to",
            actual=("Actual", "number:0"),
            estimate=("Expected", "number:0"),
        )

    def estimates(self) -> dict[str, Estimate]:
        """Cumulative expectation over cumulative purchases at the end, minus one."""
        last = self.table.iloc[-1]
        actual = float(last["cumulative_actual"])
        if not actual:
            return {}
        error, low, high = (
            float(last[c]) / actual - 1 for c in ("cumulative_expected", "low", "high")
        )
        return {"tracking_error": Estimate(error, low, high, actual, kind="percent")}

    def picture(self) -> Picture:
        """Purchases so far."""
        return Picture(
            self.plot, "Forecast and reality over time", "Cumulative repeat purchases",
            self.cumulative,
        )  # fmt: skip

    def by_period(self) -> Picture:
        """Purchases of each period, not added up."""
        return Picture(
            self.plot_periods, "Period by period", "Repeat purchases in each period", self.table
        )

    def plot(
        self, ax: Axes | None = None, *, cumulative: bool = True, language: str | Language = "en"
    ) -> Axes:
        """Lines of actual and expected purchases; the end of calibration is marked."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table
        prefix = "cumulative_" if cumulative else ""
        (actual,) = ax.plot(t["end"], t[f"{prefix}actual"], linewidth=2)
        (expected,) = ax.plot(t["end"], t[f"{prefix}expected"], linewidth=2, linestyle="--")
        low, high = ("low", "high") if cumulative else ("expected_low", "expected_high")
        ax.fill_between(
            t["end"], t[low], t[high], color=expected.get_color(), alpha=0.15, linewidth=0
        )
        seen = t[t["calibration"]]
        if len(seen) and len(seen) < len(t):
            ax.axvline(seen["end"].iloc[-1], color="0.5", linewidth=1, linestyle=":")
            ax.annotate(
                say("End of calibration"),
                (seen["end"].iloc[-1], 1),
                xycoords=("data", "axes fraction"),
                xytext=(4, -4),
                textcoords="offset points",
                va="top",
                color="0.4",
            )
        colors = actual.get_color(), expected.get_color()
        _name_lines(ax, t["end"].iloc[-1], t, prefix, colors, say)
        ax.set_ylabel(say("Repeat purchases so far") if cumulative else say("Repeat purchases"))
        ax.set_ylim(bottom=0)
        return ax

    def plot_periods(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw the purchases of each period, not added up."""
        return self.plot(ax, cumulative=False, language=language)


def _labelled_periods(columns: dict[str, Any]) -> pd.DataFrame:
    return labelled(
        pd.DataFrame(columns),
        end="Period to",
        actual=("Actual", "number:0"),
        expected=("Expected", "number:1"),
    )


def _name_lines(
    ax: Axes, at: Any, t: pd.DataFrame, prefix: str, colors: tuple[Any, Any], say: Language
) -> None:
    """Write the names at the ends of the lines, apart from one another."""
    ends = {
        say("Actual"): (float(t[f"{prefix}actual"].iloc[-1]), colors[0]),
        say("Expected"): (float(t[f"{prefix}expected"].iloc[-1]), colors[1]),
    }
    upper = max(ends, key=lambda name: ends[name][0])
    for name, (height, color) in ends.items():
        ax.annotate(
            name,
            (at, height),
            xytext=(6, 6 if name == upper else -6),
            textcoords="offset points",
            va="center",
            color=color,
        )


def tracking(
    results: PurchaseResults,
    transactions: pd.DataFrame | BuyingDays,
    *,
    calibration_end: pd.Timestamp | str,
    unit: str | None = None,
    until: pd.Timestamp | str | None = None,
) -> Tracking:
    """Follow repeat purchases of the calibration cohort, period by period.

    Parameters
    ----------
    results : PurchaseResults
        Fitted to the calibration period.
    transactions : DataFrame or BuyingDays
        Columns customer_id and date; purchases on one day count once.
    calibration_end : Timestamp or str
        Last day of calibration. Only customers who came before are followed.
    unit : str, optional
        Length of a period; the unit of the fit by default.
    until : Timestamp or str, optional
        Last day to follow; the last of the log by default. Only whole periods are counted.
    """
    unit = check_unit(results.unit or "" if unit is None else unit)
    if results.unit is not None and results.unit != unit:
        raise DataError(
            f"the model was fitted in {results.unit}s, tracking is asked for in {unit}s",
            remedy="use one unit of time",
        )
    if isinstance(transactions, pd.DataFrame):
        missing = {"customer_id", "date"} - set(transactions.columns)
        if missing:
            raise DataError(
                f"the log has no column {', '.join(sorted(missing))}",
                remedy="give customer_id and date",
            )
    split = pd.Timestamp(calibration_end).normalize()
    if until is None:
        until = (transactions if isinstance(transactions, BuyingDays) else BuyingDays(
            transactions, pd.Timestamp.max.normalize())).dates.max()  # fmt: skip
    log = buying_days(transactions, as_of=until)
    last, begins = log.end, starts(log.code)
    came = log.day[begins] <= (split - last).days
    if not came.any():
        raise DataError("no customer came before the end of calibration", remedy="move it later")
    first = log.day[begins][came]
    start = last + pd.Timedelta(days=int(first.min()))
    follows = np.ones(log.code.size, dtype=bool)
    follows[begins] = False
    follows &= came[log.code]
    repeat = log.day[follows] - first.min()
    day = max(DAYS_PER_UNIT[unit], 1.0)
    # a period that has only begun would look like a fall
    periods = max(int(((last - start).days + 1) // day), 1)
    ends = np.arange(1, periods + 1) * day
    placed = np.searchsorted(ends, repeat + 0.5)
    actual = np.bincount(placed, minlength=periods)[:periods].astype(float)

    offsets, customers = np.unique(first - first.min(), return_counts=True)
    # a period ends with its last day: day number end - 1
    ages = (ends[:, None] - 1 - offsets[None, :]) / DAYS_PER_UNIT[unit]
    ages = np.maximum(ages, 0.0)
    at, place = np.unique(ages, return_inverse=True)
    weights = np.zeros((periods, at.size))
    np.add.at(weights, (np.arange(periods)[:, None], place.reshape(ages.shape)), customers)
    ahead = results.expected_purchases_new(at)
    # of a period: what its end adds to the end of the one before
    expected, each = ahead.sums(weights), ahead.sums(np.diff(weights, axis=0, prepend=0.0))
    dates = start + pd.to_timedelta(np.minimum(ends, 1e5) - 1, unit="D")
    return Tracking(
        _labelled_periods(
            {
                "period": np.arange(1, periods + 1),
                "end": dates.normalize(),
                "actual": actual,
                "expected": each["estimate"],
                "expected_low": each["low"],
                "expected_high": each["high"],
                "cumulative_actual": np.cumsum(actual),
                "cumulative_expected": expected["estimate"],
                "low": expected["low"],
                "high": expected["high"],
                "calibration": dates.normalize() <= split,
            }
        ),
        unit,
    )
