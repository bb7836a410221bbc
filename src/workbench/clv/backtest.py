"""Forecasts made again as of past days, scored by what then came: the width of those of today.

References
----------
Vovk, Gammerman, Shafer (2005), Algorithmic Learning in a Random World (conformal prediction).
Chernozhukov, Wuethrich, Zhu (2021), Distributional Conformal Prediction, PNAS 118(48).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from workbench.clv.ahead import LEVEL, Ahead, range_of, score
from workbench.clv.calendar import Calendar
from workbench.clv.choice import model_spend
from workbench.clv.days import BuyingDays, buying_days
from workbench.clv.models.purchase import PurchaseModel
from workbench.clv.past_errors import CONFORMAL, Width, Window, size_of
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled
from workbench.stats.intervals import normal_quantile, proportion_interval
from workbench.units import DAYS_PER_UNIT, check_unit, whole

#: Windows, fewer than which show nothing.
FEWEST = 3
#: Customers by what was expected of them, the most first: shares that end each group.
GROUPS = (0.05, 0.2, 1.0)
#: Errors grow with the horizon by no less than not at all and no more than this power of it.
STEEPEST = 1.5
#: The power where one horizon alone could be tested.
USUAL = 0.5
#: A calibration is at least this share of the log, and as long as its window.
SHORTEST = 0.25

What = Literal["purchases", "spend"]

KEPT = "The model's own ranges held in {own} of past forecasts; they should in {promised}"
MADE_AGAIN = (
    "The model was fitted again as of {n} past days and asked for the {ahead} {unit} after each, "
    "for all customers and three groups of them; the model's own range held what came as often as "
    "said above. The ranges on this page are wider by the factor that past errors ask for "
    "({factor} for the total). Totals were off by {error} on average."
)
WIDENED = (
    "Forecasts of {asked} {unit} could be tested on {n} past windows only. The ranges rest on "
    "those over {ahead} {unit} and are widened as errors grew with the horizon."
)
NOT_YET = "No forecast of the past could be made again"
UNTESTED = (
    "The ranges on this page are the model's own and not yet tested: the log has room for fewer "
    "than three forecasts of the past."
)


@dataclass(frozen=True)
class Backtest(Result):
    """Forecasts as of past days, and what came.

    Attributes
    ----------
    windows : DataFrame
        One row a horizon, origin, group and measure: horizon, origin, group (``all`` or a rank of
        customers), what (``purchases`` or ``spend``), forecast, low, high (the model's own range),
        actual, score (error in units of the model's own spread), known (purchases that the
        forecast could learn from, as a share of those of today).
    horizon : float
        The horizon asked for, in the unit of time.
    unit : str
    """

    windows: pd.DataFrame
    people: pd.DataFrame
    horizon: float
    unit: str

    def width(self, what: What = "purchases", *, total: bool = True) -> Width:
        """Say how much wider than the model's own a range must be, of all or of a group."""
        by_length = {h: self._blocks(h, what, total) for h in self._horizons(what)}
        able = {h: b for h, b in by_length.items() if len(b) >= FEWEST}
        if not able:
            return Width(1.0, 0, self.horizon, "own")
        longest = max([h for h in able if h < self.horizon * 1.01] or able)
        size, limit, basis = size_of(able[longest])
        windows = len(able[longest])
        if longest >= self.horizon * 0.99:
            return Width(size * limit, windows, longest, basis)
        # what the model's own range allows for grows with it; what is beyond it grows like errors
        beyond = max(size**2 - 1, 0.0) * (self.horizon / longest) ** (2 * self._growth(able))
        return Width(float(np.sqrt(1 + beyond) * limit), windows, longest, "grown")

    def level(self, what: What = "purchases") -> float:
        """Level of a customer's own draws that held in nine of ten past cases."""
        own = self.people[self.people["what"] == what]
        if own.empty:
            return LEVEL
        asked = own[own["horizon"] < self.horizon * 1.01]
        own = own if asked.empty else asked
        longest = own[own["horizon"] == own["horizon"].max()]
        return float(min(longest["level"].mean(), 0.998))

    @staticmethod
    def _growth(able: dict[float, list[Window]]) -> float:
        if len(able) < 2:
            return USUAL
        sizes = [np.log(max(size_of(able[h])[0], 1e-9)) for h in sorted(able)]
        return float(np.clip(np.polyfit(np.log(sorted(able)), sizes, 1)[0], 0.0, STEEPEST))

    def _horizons(self, what: What) -> list[float]:
        return sorted(self.windows.loc[self.windows["what"] == what, "horizon"].unique())

    def _blocks(self, horizon: float, what: What, total: bool) -> list[Window]:
        """Scores of each window, of all customers or of their groups, and its weight."""
        rows = self.windows
        rows = rows[(rows["horizon"] == horizon) & (rows["what"] == what)]
        rows = rows[(rows["group"] == "all") == total]
        return [_window_of(own) for _, own in rows.groupby("origin")]

    @property
    def _what(self) -> What:
        """What is spoken of: spend, where it was forecast."""
        return "spend" if "spend" in set(self.windows["what"]) else "purchases"

    @cached_property
    def table(self) -> pd.DataFrame:
        """By horizon: promised and kept coverage, of all customers and groups of them."""
        rows = []
        what = self._what
        for horizon in self._horizons(what):
            own = self.windows[
                (self.windows["horizon"] == horizon) & (self.windows["what"] == what)
            ]
            inside = (own["actual"] >= own["low"]) & (own["actual"] <= own["high"])
            kept = proportion_interval(int(inside.sum()), len(own))
            widened = self._left_out(horizon, what, own)
            of_all = own[own["group"] == "all"]
            error = (of_all["forecast"] - of_all["actual"]).abs() / of_all["actual"].clip(
                lower=1e-9
            )
            rows.append(
                {
                    "horizon": horizon,
                    "windows": int(own["origin"].nunique()),
                    "promised": LEVEL,
                    "kept": kept.value,
                    "kept_low": kept.low,
                    "kept_high": kept.high,
                    "widened": widened.value,
                    "widened_low": widened.low,
                    "widened_high": widened.high,
                    "error": float(error.mean()),
                }
            )
        columns = ["horizon", "windows", "promised", "kept", "kept_low", "kept_high", "widened",
                   "widened_low", "widened_high", "error"]  # fmt: skip
        return labelled(
            pd.DataFrame(rows, columns=columns),
            horizon=("Ahead", "number:0"),
            windows="Past windows",
            promised=("Promised", "percent:0"),
            kept=("Kept by the model's own range", "percent:0"),
            widened=("Kept by the range widened", "percent:0"),
            error=("Error of the total", "percent:1"),
        )

    def _left_out(self, horizon: float, what: What, own: pd.DataFrame) -> Estimate:
        """Coverage of each window by a range that knows the others only."""
        held, tried = 0, 0
        for total in (True, False):
            part = own[(own["group"] == "all") == total]
            blocks = {o: _window_of(rows) for o, rows in part.groupby("origin")}
            if len(blocks) <= FEWEST:
                continue
            for origin, rows in part.groupby("origin"):
                size, limit, _ = size_of([b for o, b in blocks.items() if o != origin])
                limit *= size * normal_quantile(LEVEL)
                held += int((rows["score"].abs() <= limit).sum())
                tried += len(rows)
        return proportion_interval(held, tried) if tried else Estimate(float("nan"))

    def estimates(self) -> dict[str, Estimate]:
        """Return the coverage that was kept at the longest horizon tested."""
        if self.table.empty:
            return {}
        last = self.table.iloc[-1]
        kept = Estimate(
            last["kept"], last["kept_low"], last["kept_high"], last["windows"], kind="percent",
            label="Past cases within the model's own range",
        )  # fmt: skip
        return {"kept": kept}

    def findings(self) -> list[Finding]:
        """Say what forecasts of the past promised and kept, and what today's ranges rest on."""
        what = self._what
        width = self.width(what)
        about: dict[str, Any] = {"unit": f"{self.unit}s"}
        if width.basis == "own":
            return [
                Finding("backtest", NOT_YET, verdict="untested"),
                Finding("backtest.untested", UNTESTED, severity="warning"),
            ]
        row = self.table[np.isclose(self.table["horizon"], width.horizon)].iloc[0]
        kept = Estimate(row["kept"], row["kept_low"], row["kept_high"], kind="percent")
        about |= {"n": width.windows, "ahead": whole(round(width.horizon, 1))}
        values = {"promised": Estimate(LEVEL, kind="percent"), "own": kept.point}
        factor = Estimate(float(width.factor), digits=1)
        error = Estimate(float(row["error"]), kind="percent", digits=1)
        found = [
            Finding("backtest", KEPT, values, verdict=width.basis, estimates=self.estimates()),
            Finding("backtest.made", MADE_AGAIN, {**about, "factor": factor, "error": error}),
        ]
        if width.basis == "grown":
            longest = self.windows[np.isclose(self.windows["horizon"], self.horizon)]
            asked: dict[str, Any] = {"asked": whole(round(self.horizon, 1))}
            asked["n"] = longest["origin"].nunique()
            found.append(Finding("backtest.grown", WIDENED, {**about, **asked}, severity="warning"))
        return found

    def picture(self) -> Picture:
        """Errors of past forecasts."""
        return Picture(
            self.plot, "Errors of past forecasts",
            "Forecast error (forecast ÷ actual − 1), by the day of the forecast", self.table,
        )  # fmt: skip

    def plot(self, ax: Any = None, *, language: str | Language = "en") -> Any:
        """Error of the total by the day of the forecast, one mark a horizon."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        what = self._what
        rows = self.windows[(self.windows["what"] == what) & (self.windows["group"] == "all")]
        for marker, (horizon, own) in zip("os^Dv", rows.groupby("horizon"), strict=False):
            error = own["forecast"] / own["actual"].clip(lower=1e-9) - 1
            label = f"{whole(round(float(str(horizon)), 1))} {say(f'{self.unit}s')}"
            ax.plot(own["origin"], error, marker=marker, linestyle="", label=label)
        ax.axhline(0, color="0.6", linewidth=1)
        ax.yaxis.set_major_formatter(PercentFormatter(1))
        ax.set_xlabel(say("Forecast made on"))
        ax.set_ylabel(say("Off by"))
        if len(rows):
            ax.legend(frameon=False)
        return ax


def _window_of(rows: pd.DataFrame) -> Window:
    return Window(rows["score"].to_numpy(dtype=float), float(rows["known"].iloc[0]))


def backtest(
    log: pd.DataFrame | BuyingDays,
    model: type[PurchaseModel],
    *,
    as_of: pd.Timestamp | str,
    unit: str,
    horizon: float,
    rng: np.random.Generator,
    known: Callable[..., pd.DataFrame] | None = None,
    seen: Calendar | None = None,
    most: int = 1500,
) -> Backtest:
    """Make a model's forecasts again as of past days and score them.

    The horizon asked for and a half, a quarter and an eighth of it are tested, until two of them
    have three windows or one has nine. Windows do not overlap and go back from the end of the log
    for as long as a calibration of the window's own length, and a quarter of the log, is left.

    Parameters
    ----------
    log : DataFrame or BuyingDays
        customer_id, date; amount where the log has amounts.
    model : type
        Of purchases, refitted as of each day.
    as_of : Timestamp or str
        Last day of the log.
    unit : str
        Unit of time.
    horizon : float
        In that unit.
    rng : Generator
    known : callable, optional
        Gives, for ``known=day``, the log as it was known on that day, without refunds that came
        later.
    seen : Calendar, optional
        Of the whole log: each forecast goes by its season, and by the growth that its day knew.
    most : int
        Customers whose noise is drawn in each window.

    Raises
    ------
    DataError
        The log has no purchase, or no time.
    """
    end, per = pd.Timestamp(as_of).normalize(), DAYS_PER_UNIT[check_unit(unit)]
    whole_log = buying_days(log, as_of=end)
    if not whole_log.day.size or whole_log.day.min() == 0:
        raise DataError("the log has no time in it", remedy="observe longer")
    length = -int(whole_log.day.min())
    rows: list[dict[str, Any]] = []
    people: list[dict[str, Any]] = []
    fits: dict[int, _Fitted | None] = {}
    enough = 0
    for part in (1, 2, 4, 8):
        days = round(horizon * per / part)
        if days < max(per, 1):
            break
        tested = 0
        for back in range(days, length, days):
            # a log of two years lacks a day or two of them
            if length - back < 0.95 * max(days, SHORTEST * length):
                break
            if -back not in fits:
                then = end - pd.Timedelta(days=back)
                past = (
                    whole_log
                    if known is None
                    else buying_days(known(known=then.date()), as_of=then)
                )
                # days are counted from the end of the log that is looked at
                at = -back if known is None else 0
                pace = seen.as_of(past, at, model) if seen is not None else None
                fits[-back] = _fitted(past.summary(at, per), model, unit, whole_log.valued, pace)
            fitted = fits[-back]
            if fitted is None:
                continue
            tested += 1
            origin = end - pd.Timedelta(days=back)
            about = {"horizon": days / per, "origin": origin}
            knew = {"known": float(np.count_nonzero(whole_log.day <= -back)) / whole_log.day.size}
            found, of_people = _window(fitted, whole_log, -back, days, per, rng=rng, most=most)
            rows += [{**about, **knew, **row} for row in found]
            people += [{**about, **row} for row in of_people]
        enough += tested >= FEWEST
        # two horizons show how errors grow
        if tested >= CONFORMAL or enough > 1:
            break
    columns = ["horizon", "origin", "group", "what", "forecast", "low", "high", "actual", "score",
               "known"]  # fmt: skip
    return Backtest(
        pd.DataFrame(rows, columns=columns),
        pd.DataFrame(people, columns=["horizon", "origin", "what", "level"]),
        horizon,
        unit,
    )


_Fitted = tuple[Any, Any, pd.Index, Calendar | None]


def _fitted(
    customers: pd.DataFrame, model: type[PurchaseModel], unit: str, valued: bool,
    pace: Calendar | None,
) -> _Fitted | None:  # fmt: skip
    if pace is not None:
        customers = pace.stretched(customers)
    try:
        bought = model.from_frame(customers, unit=unit).fit()
        if bought.verdict == "not_converged":
            return None
        spent = model_spend(customers) if valued else None
    except DataError:
        # nobody had bought twice by then
        return None
    return bought, spent, customers.index, pace


def _window(
    fitted: _Fitted, log: BuyingDays, after: int, days: int, per: float,
    *, rng: np.random.Generator, most: int,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:  # fmt: skip
    bought, spent, ids, pace = fitted
    ahead = Ahead(bought, spent, horizon=days / per, rng=rng, draws=80, most=most, pace=pace)
    count, amount = log.came(ids, after, after + days)
    rank = np.empty(ids.size)
    rank[np.argsort(-ahead.expected, kind="stable")] = (np.arange(ids.size) + 0.5) / ids.size
    group = np.searchsorted(GROUPS, rank)
    everybody = np.ones(ids.size, dtype=bool)
    parts = [("all", everybody), *((str(g), group == g) for g in range(len(GROUPS)))]
    rows, people = [], []
    measures = [("purchases", count, ahead.purchases)]
    if spent is not None and ahead.spend is not None:
        measures.append(("spend", amount, ahead.spend))
    for what, came, drawn in measures:
        for name, inside in parts:
            if not inside.any():
                continue
            of = ahead.purchases_of if what == "purchases" else ahead.spend_of
            point, draws = of(inside)
            low, high = range_of(point, draws)
            actual = float(came[inside].sum())
            rows.append(
                {"group": name, "what": what, "forecast": point, "low": low, "high": high,
                 "actual": actual, "score": score(actual, point, draws)}
            )  # fmt: skip
        own = came[ahead.at][:, None]
        below, same = (drawn < own).sum(axis=1), (drawn == own).sum(axis=1)
        place = (below + rng.random(own.size) * (same + 1)) / (drawn.shape[1] + 1)
        people.append({"what": what, "level": float(np.quantile(np.abs(2 * place - 1), LEVEL))})
    return rows, people
