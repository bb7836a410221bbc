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
from scipy.stats import t as student

from workbench.arrays import Array
from workbench.clv.ahead import LEVEL, Ahead, range_of, score
from workbench.clv.choice import model_spend
from workbench.clv.models.purchase import PurchaseModel
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled
from workbench.stats.intervals import normal_quantile, proportion_interval
from workbench.units import DAYS_PER_UNIT, check_unit, whole

#: Windows that the rank of the largest error needs to hold nine of ten, and those of a t interval.
CONFORMAL, FEWEST = 9, 3
#: Customers by what was expected of them, the most first: shares that end each group.
GROUPS = (0.05, 0.2, 1.0)
#: Errors grow with the horizon by no less than not at all and no more than this power of it.
STEEPEST = 1.5
#: The power where one horizon alone could be tested.
USUAL = 0.5
#: A calibration is at least this share of the log, and as long as its window.
SHORTEST = 0.25

What = Literal["purchases", "spend"]

KEPT = "The model's own ranges held in {own} of past forecasts; {promised} was the promise"
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
class Width:
    """By what factor a model's own range is widened, and why.

    Attributes
    ----------
    factor : float
    windows : int
        Past windows that it rests on.
    horizon : float
        Their length.
    basis : {"conformal", "t", "grown", "own"}
        The rank of past errors, a t interval of them, either of a shorter horizon with the growth
        of errors, or nothing.
    """

    factor: float
    windows: int
    horizon: float
    basis: Literal["conformal", "t", "grown", "own"]


@dataclass(frozen=True)
class Backtest(Result):
    """Forecasts as of past days, and what came.

    Attributes
    ----------
    windows : DataFrame
        One row a horizon, origin, group and measure: horizon, origin, group (``all`` or a rank of
        customers), what (``purchases`` or ``spend``), forecast, low, high (the model's own range),
        actual, score (error in units of the model's own spread).
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
        able = {h: b for h, b in by_length.items() if b.size >= FEWEST}
        if not able:
            return Width(1.0, 0, self.horizon, "own")
        longest = max(able)
        factor, basis = _factor(able[longest])
        if longest >= self.horizon * 0.99:
            return Width(factor, able[longest].size, longest, basis)
        return Width(
            factor * (self.horizon / longest) ** self._growth(able),
            able[longest].size, longest, "grown",
        )  # fmt: skip

    def level(self, what: What = "purchases") -> float:
        """Level of a customer's own draws that held in nine of ten past cases."""
        own = self.people[self.people["what"] == what]
        if own.empty:
            return LEVEL
        longest = own[own["horizon"] == own["horizon"].max()]
        return float(min(longest["level"].mean(), 0.998))

    @staticmethod
    def _growth(able: dict[float, Array]) -> float:
        if len(able) < 2:
            return USUAL
        h = np.log(np.array(sorted(able)))
        size = np.log([np.sqrt(np.mean(able[k])) + 1e-9 for k in sorted(able)])
        return float(np.clip(np.polyfit(h, size, 1)[0], 0.0, STEEPEST))

    def _horizons(self, what: What) -> list[float]:
        return sorted(self.windows.loc[self.windows["what"] == what, "horizon"].unique())

    def _blocks(self, horizon: float, what: What, total: bool) -> Array:
        """Mean squared score of each window: of all customers, or over their groups."""
        rows = self.windows
        rows = rows[(rows["horizon"] == horizon) & (rows["what"] == what)]
        rows = rows[(rows["group"] == "all") == total]
        squared = rows.assign(score=rows["score"] ** 2).groupby("origin")["score"].mean()
        return squared.to_numpy(dtype=float)

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
            blocks = part.assign(score=part["score"] ** 2).groupby("origin")["score"].mean()
            if len(blocks) <= FEWEST:
                continue
            for origin, rows in part.groupby("origin"):
                factor, _ = _factor(blocks.drop(origin).to_numpy(dtype=float))
                limit = factor * normal_quantile(LEVEL)
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
            self.plot, "What forecasts of the past were off by",
            "Forecast over what came, less one, by the day it was made", self.table,
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


def _factor(blocks: Array) -> tuple[float, Literal["conformal", "t"]]:
    """Widening from the mean squared scores of past windows."""
    n = blocks.size
    size = np.sqrt(blocks)
    if n >= CONFORMAL:
        rank = min(int(np.ceil((n + 1) * LEVEL)), n)
        return float(np.sort(size)[rank - 1]) / normal_quantile(LEVEL), "conformal"
    spread = float(np.sqrt(blocks.mean()))
    return float(student.ppf((1 + LEVEL) / 2, n)) * spread / normal_quantile(LEVEL), "t"


class _Log:
    """Purchase days of a log as arrays, and the summary of any past day."""

    def __init__(self, log: pd.DataFrame, as_of: pd.Timestamp) -> None:
        days = pd.to_datetime(log["date"]).dt.normalize()
        seen = (days <= as_of).to_numpy()
        self.valued = "amount" in log and bool(log["amount"].notna().any())
        amount = log["amount"].to_numpy(dtype=float) if self.valued else np.zeros(len(log))
        seen = seen & (amount >= 0)
        ago = (days - as_of).dt.days.to_numpy()
        frame = pd.DataFrame(
            {"id": log["customer_id"].to_numpy()[seen], "amount": amount[seen], "day": ago[seen]}
        ).groupby(["id", "day"], sort=True, as_index=False)["amount"].sum()  # fmt: skip
        self.code, self.ids = pd.factorize(frame["id"])
        self.day, self.amount = frame["day"].to_numpy(), frame["amount"].to_numpy(dtype=float)

    def summary(self, origin: int, per: float) -> pd.DataFrame:
        """Frequency, recency, age, mean_spend as of a day; rows are sorted by customer and day."""
        rows = np.flatnonzero(self.day <= origin)
        code, day, amount = self.code[rows], self.day[rows], self.amount[rows]
        who, start = np.unique(code, return_index=True)
        n = np.diff(np.append(start, code.size))
        first, last = day[start], day[np.append(start[1:], code.size) - 1]
        total = np.add.reduceat(amount, start) if start.size else np.zeros(0)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.where(n > 1, (total - amount[start]) / (n - 1), np.nan)
        return pd.DataFrame(
            {"frequency": n - 1, "recency": (last - first) / per, "age": (origin - first) / per,
             "mean_spend": mean}, index=self.ids[who],
        )  # fmt: skip

    def came(self, ids: pd.Index, after: int, to: int) -> tuple[Array, Array]:
        """Purchase days and amounts of customers after a day, up to another."""
        rows = (self.day > after) & (self.day <= to)
        place = ids.get_indexer(self.ids[self.code[rows]])
        known = place >= 0
        size = len(ids)
        return (
            np.bincount(place[known], minlength=size).astype(float),
            np.bincount(place[known], self.amount[rows][known], size).astype(float),
        )


def backtest(
    log: pd.DataFrame,
    model: type[PurchaseModel],
    *,
    as_of: pd.Timestamp | str,
    unit: str,
    horizon: float,
    rng: np.random.Generator,
    known: Callable[..., pd.DataFrame] | None = None,
    most: int = 1500,
) -> Backtest:
    """Make a model's forecasts again as of past days and score them.

    The horizon asked for and a half, a quarter and an eighth of it are tested, each on windows that
    do not overlap, back from the end of the log for as long as a calibration of the window's own
    length, and a quarter of the log, is left before it.

    Parameters
    ----------
    log : DataFrame
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
    most : int
        Customers whose noise is drawn in each window.

    Raises
    ------
    DataError
        The log has no purchase, or no time.
    """
    end, per = pd.Timestamp(as_of).normalize(), DAYS_PER_UNIT[check_unit(unit)]
    whole_log = _Log(log, end)
    if not whole_log.day.size or whole_log.day.min() == 0:
        raise DataError("the log has no time in it", remedy="observe longer")
    length = -int(whole_log.day.min())
    rows: list[dict[str, Any]] = []
    people: list[dict[str, Any]] = []
    fits: dict[int, Any] = {}
    for part in (1, 2, 4, 8):
        days = round(horizon * per / part)
        if days < max(per, 1):
            break
        tested = 0
        for back in range(days, length, days):
            if length - back < max(days, SHORTEST * length):
                break
            if -back not in fits:
                then = end - pd.Timedelta(days=back)
                past = whole_log if known is None else _Log(known(known=then.date()), then)
                # days are counted from the end of the log that is looked at
                own = past.summary(-back if known is None else 0, per)
                fits[-back] = _fitted(own, model, unit, whole_log.valued)
            if fits[-back] is None:
                continue
            tested += 1
            origin = end - pd.Timedelta(days=back)
            about = {"horizon": days / per, "origin": origin}
            found, of_people = _window(fits[-back], whole_log, -back, days, per, rng=rng, most=most)
            rows += [{**about, **row} for row in found]
            people += [{**about, **row} for row in of_people]
        if tested >= CONFORMAL:
            break
    columns = ["horizon", "origin", "group", "what", "forecast", "low", "high", "actual", "score"]
    return Backtest(
        pd.DataFrame(rows, columns=columns),
        pd.DataFrame(people, columns=["horizon", "origin", "what", "level"]),
        horizon,
        unit,
    )


def _fitted(
    customers: pd.DataFrame, model: type[PurchaseModel], unit: str, valued: bool
) -> tuple[Any, Any, pd.Index] | None:
    try:
        bought = model.from_frame(customers, unit=unit).fit()
        if bought.verdict == "not_converged":
            return None
        spent = model_spend(customers) if valued else None
    except DataError:
        # nobody had bought twice by then
        return None
    return bought, spent, customers.index


def _window(
    fitted: tuple[Any, Any, pd.Index], log: _Log, after: int, days: int, per: float,
    *, rng: np.random.Generator, most: int,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:  # fmt: skip
    bought, spent, ids = fitted
    ahead = Ahead(bought, spent, horizon=days / per, rng=rng, draws=80, most=most)
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
