"""What the customer base is worth: sales of those there are, and of those still to come.

The future of existing and of new customers follows from what customers of each age have spent so
far; how many come, from the record of new customers by month. Both are drawn together, discounted,
and added up.

References
----------
McCarthy, Fader, Hardie (2017), Valuing subscription-based businesses using publicly disclosed
customer data, Journal of Marketing 81(1), 17-35; McCarthy, Fader (2018), Customer-based corporate
valuation for publicly traded noncontractual firms, Journal of Marketing Research 55(5), 617-635
(the parts of the value); Mack (1993), ASTIN Bulletin 23(2), 213-225 (a triangle of cohorts by age,
and what it foresees).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from workbench.arrays import Array
from workbench.customer_base.acquisition import (
    DRAWS,
    FEWEST,
    LEVEL,
    TAILS,
    NewCustomers,
    new_by_month,
    tested,
)
from workbench.customer_base.cells import require_cells, sums_of
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled
from workbench.results.drawing import interval_dots
from workbench.stats.disclosure import rule_of
from workbench.stats.intervals import normal_quantile
from workbench.study import CellRule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

VALUED: Final = (
    "The customer base is worth {whole} over the next {months} months: {existing} from the"
    " customers there are, {future} from those still to come"
)
ALONE: Final = (
    "The customers there are will bring {existing} over the next {months} months; how many will"
    " come cannot be foreseen from this log"
)
FAR: Final = (
    "The forecast looks {months} months ahead and the log is {log} months long: what lies beyond"
    " that rests on a curve that is drawn on"
)
HANGS: Final = "It depends most on {what}: {value}"
SENSITIVITIES: Final = {
    "discount": "the discount rate (5 points more or less)",
    "horizon": "the horizon (half as long, half as long again)",
    "acquisition": "how many new customers come (a quarter less or more)",
    "margin": "the margin (a tenth of it less or more)",
    "retention": "what customers spend as they age (a tenth less or more a year)",
}  # fmt: skip


@dataclass(frozen=True)
class BaseValue(Result):
    """Value of the customer base and what it hangs on.

    Attributes
    ----------
    table : DataFrame
        One row a part: key (existing, future, cost, whole), part, value, value_low, value_high
        (90 %), n (draws).
    sensitivity : DataFrame
        One row an assumption, the one that matters most first: what, low, high (value of the whole
        with it moved either way), n.
    tested : DataFrame
        One row a forecast of existing customers' sales made in the past: origin, expected, low,
        high, came.
    months, log : int
        How far it looks ahead, and months of the log.
    """

    table: pd.DataFrame
    sensitivity: pd.DataFrame
    tested: pd.DataFrame
    months: int
    log: int

    def estimates(self) -> dict[str, Estimate]:
        """Value of each part."""
        return {
            str(row["key"]): Estimate.of_row(
                row, "value", kind="money", level=LEVEL, of="forecast", label=str(row["part"])
            )
            for _, row in self.table.iterrows()
        }

    def findings(self) -> list[Finding]:
        """Say what it is worth, how well such forecasts kept, what it hangs on."""
        e = self.estimates()
        key = "customer_base.value"
        if "future" in e:
            values = {"whole": e["whole"], "existing": e["existing"].point,
                      "future": e["future"].point, "months": self.months}  # fmt: skip
            said = [Finding(key, VALUED, values, estimates=e, money=e["whole"])]
        else:
            values = {"existing": e["existing"], "months": self.months}
            said = [Finding(key, ALONE, values, estimates=e, money=e["existing"])]
        said += tested(self.tested, f"{key}.tested")
        if self.months > self.log:
            far = {"months": self.months, "log": self.log}
            said.append(Finding(f"{key}.far", FAR, far, severity="warning"))
        first = self.sensitivity.iloc[0]
        worth = e.get("whole", e["existing"])
        # one range, so that both ends are in the unit and the digits of the value
        between = replace(worth, low=min(first["low"], first["high"]),
                          high=max(first["low"], first["high"]))  # fmt: skip
        said.append(Finding(f"{key}.hangs", HANGS, {"what": str(first["what"]), "value": between}))
        return said

    def picture(self) -> Picture:
        """Draw what it hangs on."""
        return Picture(
            self.plot, "What the value depends on",
            "Value of the customer base with one assumption at a time moved either way",
            self.sensitivity,
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one line an assumption, from the lower to the higher value."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.sensitivity.iloc[::-1].reset_index(drop=True)
        base = float(self.table["value"].iloc[-1])
        names = [say.name(str(x)) for x in t["what"]]
        middle = pd.Series(np.full(len(t), base))
        interval_dots(ax, names, middle, t["low"], t["high"], say("Value"))
        return ax


@dataclass(frozen=True)
class _Terms:
    """What the value is reckoned with."""

    months: int
    discount: float
    margin: float
    cost: float
    more: float = 1.0
    ageing: float = 1.0

    def weights(self) -> Array:
        """Tell what a unit of sales is worth in each month."""
        k = np.arange(1, self.months + 1)
        worth = (1 + self.discount) ** (-(k - 0.5) / 12)
        return np.asarray(worth * self.margin * self.ageing ** ((k - 0.5) / 12))


def base_value(
    cells: pd.DataFrame,
    months: int,
    *,
    rng: np.random.Generator,
    coming: NewCustomers | None = None,
    ahead: int = 36,
    discount: float = 0.1,
    margin: float = 1.0,
    cost: float = 0.0,
    min_cell: CellRule | int = 5,
    draws: int = DRAWS,
) -> BaseValue:
    """Value the customers there are, and those still to come.

    Parameters
    ----------
    cells : DataFrame
        cohort, period (months): `CustomerMonths.cells(1)`.
    months : int
        Months of the log.
    rng : numpy.random.Generator
    coming : NewCustomers, optional
        Of as many months ahead; without it the customers there are alone are valued.
    ahead : int
        Months ahead.
    discount : float
        A year.
    margin : float
        Share of sales that is kept.
    cost : float
        Of winning a customer.
    min_cell : CellRule or int
    draws : int

    Raises
    ------
    DataError
        Fewer than a year of the log, or of nothing may be said.
    """
    require_cells(cells, "cohort", "period")
    if months < FEWEST:
        raise DataError(f"{months} months bear no value", remedy=f"wait for {FEWEST}")
    rule = rule_of(min_cell)
    whole = sums_of(cells).joined(np.zeros(len(cells), dtype=np.intp), 1)
    if whole.sensitive(rule)[0] or not whole.total[0] > 0:
        raise DataError("of these sales nothing may be said", remedy="wait for more customers")
    triangle = _Triangle.of(cells, months)
    terms = _Terms(ahead, discount, margin, cost)
    # a season turns over a year, so that as many months as that are foreseen at a time
    past = _past(triangle, min(12, ahead), rng, draws)
    noise = _noise(past)
    longest = ahead + ahead // 2
    sales = [triangle.resampled(rng).ahead(longest) for _ in range(draws)]
    shock = np.exp(noise * rng.standard_normal(draws)) if noise else np.ones(draws)
    existing = np.array([s[0] for s in sales]) * shock[:, None]
    own = np.array([s[1] for s in sales]) * shock[:, None]
    new = None
    if coming is not None:
        new = _longer(coming.paths[rng.permutation(len(coming.paths))[:draws]], longest)
    parts = _parts(existing, own, new, terms)
    rows = [_row(key, parts[key]) for key in parts]
    table = labelled(
        pd.DataFrame(rows), part="Part", value=("Value", "money"),
    )  # fmt: skip
    return BaseValue(table, _sensitivity(existing, own, new, terms), past, ahead, months)


PARTS: Final = {
    "existing": "Customers there are", "future": "Customers still to come",
    "cost": "Cost of winning them", "whole": "Customer base",
}  # fmt: skip


def _row(key: str, drawn: Array) -> dict[str, object]:
    low, high = np.quantile(drawn, TAILS)
    return {"key": key, "part": PARTS[key], "value": float(np.median(drawn)),
            "value_low": float(low), "value_high": float(high), "n": drawn.size}  # fmt: skip


def _parts(existing: Array, own: Array, new: Array | None, terms: _Terms) -> dict[str, Array]:
    """Present values of each part, by draw."""
    h = terms.months
    weight = terms.weights()
    found = {"existing": existing[:, :h] @ weight}
    if new is None:
        return found
    came = new[:, :h] * terms.more
    # who comes in month k spends what is usual at each age from then on
    spent = np.zeros_like(came)
    for age in range(h):
        spent[:, age:] += came[:, : h - age] * own[:, [age]]
    found["future"] = spent @ weight
    cost = terms.cost * (came @ ((1 + terms.discount) ** (-(np.arange(1, h + 1) - 0.5) / 12)))
    if terms.cost:
        found["cost"] = -cost
    found["whole"] = found["existing"] + found["future"] - cost
    return found


def _sensitivity(existing: Array, own: Array, new: Array | None, terms: _Terms) -> pd.DataFrame:
    h = terms.months
    moved = {
        "discount": [replace(terms, discount=max(terms.discount + x, 0.0)) for x in (0.05, -0.05)],
        "horizon": [replace(terms, months=x) for x in (max(h // 2, 1), h + h // 2)],
        "margin": [replace(terms, margin=terms.margin * x) for x in (0.9, 1.1)],
        "retention": [replace(terms, ageing=x) for x in (0.9, 1.1)],
    }
    if new is not None:
        moved["acquisition"] = [replace(terms, more=x) for x in (0.75, 1.25)]
    rows = []
    for name, ways in moved.items():
        ends = []
        for way in ways:
            parts = _parts(existing, own, new, way)
            ends.append(float(np.median(parts.get("whole", parts["existing"]))))
        rows.append({"what": SENSITIVITIES[name], "low": min(ends), "high": max(ends)})
    table = pd.DataFrame(rows)
    table = table.iloc[np.argsort(-(table["high"] - table["low"]), kind="stable")]
    return labelled(
        table.reset_index(drop=True), what="Assumption", low=("Lower", "money"),
        high=("Higher", "money"),
    )  # fmt: skip


def _longer(paths: Array, months: int) -> Array:
    """Let the forecast stay where it ends."""
    more = months - paths.shape[1]
    if more <= 0:
        return paths[:, :months]
    last = paths[:, -min(12, paths.shape[1]) :].mean(axis=1, keepdims=True)
    return np.hstack([paths, np.repeat(last, more, axis=1)])


@dataclass(frozen=True)
class _Triangle:
    """Sales by cohort (rows) and month (columns), and customers of each cohort."""

    sales: Array
    n: Array
    skipped: int

    @classmethod
    def of(cls, cells: pd.DataFrame, months: int) -> _Triangle:
        n, skipped = new_by_month(cells, months)
        own = cells[(cells["cohort"] >= 0) & (cells["period"] >= 0)]
        sales = np.zeros((months, months))
        at = own["cohort"].to_numpy(dtype=int), own["period"].to_numpy(dtype=int)
        sales[at] = own["spend"].to_numpy(dtype=float)
        return cls(sales, n, skipped)

    def until(self, months: int) -> _Triangle:
        """Give what was known after so many months."""
        return _Triangle(self.sales[:months, :months], self.n[:months], self.skipped)

    def resampled(self, rng: np.random.Generator) -> _Triangle:
        """Weigh cohorts by chance, each by its own gamma draw."""
        weight = rng.standard_gamma(4.0, self.n.size) / 4.0
        return _Triangle(self.sales * weight[:, None], self.n * weight, self.skipped)

    def curve(self, ages: int) -> Array:
        """Tell what a customer spends in each month of age; drawn on beyond the log.

        Cohorts that hold customers from before the log tell nothing of early ages.
        """
        months = self.n.size
        first = self.skipped if self.n[self.skipped :].sum() else 0
        top, below = np.zeros(months), np.zeros(months)
        for c in range(first, months):
            span = months - c
            top[:span] += self.sales[c, c:]
            below[:span] += self.n[c]
        known = max(int((below >= 0.02 * below[0]).sum()), 1) if below[0] else 1
        with np.errstate(divide="ignore", invalid="ignore"):
            spent = np.where(below > 0, top / below, 0.0)[:known]
        if known >= ages:
            return np.asarray(spent[:ages])
        late = np.arange(known) >= max(2, known // 3)
        good = late & (spent > 0)
        more = np.arange(known, ages)
        if good.sum() < 4:
            level = spent[1:].mean() if known > 1 else 0.0
            fading = np.full(more.size, level) * 0.5 ** ((more - known) / 12)
            return np.asarray(np.r_[spent, fading])
        x, w = np.log1p(np.flatnonzero(good)), np.sqrt(below[:known][good])
        slope, level = np.polyfit(x, np.log(spent[good]), 1, w=w)
        return np.asarray(np.r_[spent, np.exp(level + min(slope, 0.0) * np.log1p(more))])

    def ahead(self, months: int) -> tuple[Array, Array]:
        """Sales ahead of the customers there are, by month, and what a new one spends by age."""
        known = self.n.size
        curve = self.curve(known + months)
        found = np.zeros(months)
        recent = max(known - 12, 0)
        for part in (slice(0, self.skipped), slice(self.skipped, known)):
            expected, came = 0.0, 0.0
            future = np.zeros(months)
            for c in range(known)[part]:
                age = known - c
                future += self.n[c] * curve[age : age + months]
                start = max(recent, c + 1)
                expected += self.n[c] * curve[start - c : age].sum()
                came += self.sales[c, start:].sum()
            # the level of the last year is that of today
            found += future * (came / expected if expected > 0 else 1.0)
        return found, curve[:months]


def _past(triangle: _Triangle, ahead: int, rng: np.random.Generator, draws: int) -> pd.DataFrame:
    """Forecast sales of the customers there were, from days in the past."""
    months, rows = triangle.n.size, []
    for origin in range(months - ahead, FEWEST - 1, -max(ahead // 2, 1)):
        known = triangle.until(origin)
        drawn = [known.resampled(rng).ahead(ahead)[0].sum() for _ in range(max(draws // 10, 20))]
        came = float(triangle.sales[:origin, origin : origin + ahead].sum())
        if came > 0 and np.median(drawn) > 0:
            rows.append((origin, float(np.median(drawn)), float(np.std(np.log(drawn))), came))
    frame = pd.DataFrame(rows, columns=["origin", "expected", "spread", "came"])
    # each range as wide as the errors of the others make it
    errors = np.log((frame["came"] / frame["expected"]).to_numpy(dtype=float))
    half = []
    for k in range(len(errors)):
        others = np.delete(errors, k)
        own = float(np.sqrt(np.mean(others**2))) if others.size else 0.0
        half.append(normal_quantile(0.90) * np.hypot(own, frame["spread"].iloc[k]))
    frame["low"] = frame["expected"] * np.exp(-np.array(half))
    frame["high"] = frame["expected"] * np.exp(half)
    return frame


def _noise(past: pd.DataFrame) -> float:
    """Spread of past errors, which widens what cohorts alone tell; wider where they are few."""
    if len(past) < 2:
        return 0.1
    error = np.log((past["came"] / past["expected"]).to_numpy(dtype=float))
    few = np.sqrt((error.size + 1) / max(error.size - 1, 1))
    return float(np.sqrt(np.mean(error**2)) * few)
