"""How much what is known of customers and of the time moves buying, leaving and value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from workbench.arrays import Array
from workbench.clv.days import BuyingDays, buying_days
from workbench.clv.models.gamma_gamma import GammaGammaResults
from workbench.clv.models.observed_spend import ObservedSpendResults
from workbench.clv.models.pareto import ParetoNBD
from workbench.clv.models.prediction import Prediction
from workbench.clv.models.varying import VaryingParetoNBD, VaryingResults
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled
from workbench.results.drawing import interval_dots
from workbench.stats.disclosure import Sums, rule_of
from workbench.stats.multiplicity import holm
from workbench.study import CellRule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Customers that the model is fitted to at most: the others say nothing new of an effect.
MOST = 3000
#: Values of an attribute that are told apart; the rarer ones are one.
GROUPS = 6
#: Where the axis of ratios has marks.
TICKS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
OTHERS = "Others"
BUYING, LEAVING = "Buying", "Leaving"

MORE = {
    (BUYING, True): "{name}: customers buy {ratio} times as often as {base}",
    (LEAVING, True): "{name}: customers leave {ratio} times as fast as {base}",
    (BUYING, False): "{name}: for each unit more, customers buy {ratio} times as often",
    (LEAVING, False): "{name}: for each unit more, customers leave {ratio} times as fast",
}
NONE_TOLD = (
    "None of {names} is shown to move how often customers buy or how fast they leave: what is seen"
    " is within chance."
)
NOT_TOLD = (
    "How {name} acts on leaving is not told by this log: nobody, or nearly nobody, is seen to leave"
    " while it holds."
)
AHEAD = (
    "With what is known of the days ahead, {n} customers are expected to make {expected} purchases"
    " in the next {ahead} {unit}; a model that knows none of it expects {plain}."
)
SAMPLE = "The effects are those of {some} of {n} customers, drawn evenly."
NO_DAYS = (
    "Forecasts by {names} need the values of the days ahead: they are known up to {day}. The"
    " forecasts of this page do without them."
)
LOST = "Covariates that the card names and no table has: {names}. They are left out."


@dataclass(frozen=True)
class CovariateEffects(Result):
    """What covariates do to buying, to leaving and to value.

    Attributes
    ----------
    table : DataFrame
        One row an effect: name, base (what it is compared with; empty for a measurement), process
        (buying, leaving), ratio, low, high, p (Holm over all), told (bool).
    groups : DataFrame
        One row a value of an attribute: name, n, mean, low, high (purchases expected of a customer
        within the horizon), value, value_low, value_high (money, where amounts are known); empty
        where the days ahead are not known.
    fit : VaryingResults
    expected, plain : Estimate or None
        Purchases of all within the horizon, with covariates and without.
    horizon : float
    customers : int
        Of the log, of whom the fit has at most `MOST`.
    unknown : tuple of str
        Covariates that no table has.
    """

    table: pd.DataFrame
    groups: pd.DataFrame
    fit: VaryingResults
    expected: Estimate | None
    plain: Estimate | None
    horizon: float
    customers: int
    unknown: tuple[str, ...] = ()

    def estimates(self) -> dict[str, Estimate]:
        """Return the ratios that the log tells."""
        told = self.table[self.table["told"]]
        return {f"{r['name']}: {r['process']}": self._ratio(r) for _, r in told.iterrows()}

    def _ratio(self, row: pd.Series) -> Estimate:
        return Estimate(
            float(row["ratio"]), float(row["low"]), float(row["high"]), self.fit.nobs,
            p=float(row["p"]), digits=2,
        )  # fmt: skip

    def findings(self) -> list[Finding]:
        """Say which effects are more than chance, and what they do to the forecast."""
        said, names = [], list(dict.fromkeys(self.table["name"].astype(str)))
        for i, (_, row) in enumerate(self.table.iterrows()):
            name = str(row["name"])
            if not row["told"]:
                said.append(Finding(f"covariates.{i}", NOT_TOLD, {"name": name}, verdict="untold"))
            elif row["p"] < 0.05:
                message = MORE[str(row["process"]), bool(row["base"])]
                ratio = self._ratio(row)
                values = {"name": name, "ratio": ratio, "base": str(row["base"])}
                said.append(
                    Finding(f"covariates.{i}", message, values, verdict="moves",
                            estimates={"ratio": ratio})
                )  # fmt: skip
        if not any(f.verdict == "moves" for f in said):
            said.insert(0, Finding("covariates.none", NONE_TOLD, {"names": _data(", ".join(names))},
                                   verdict="noise"))  # fmt: skip
        m = self.fit.model
        if self.expected is not None and self.plain is not None and m.over.moves:
            values = {
                "n": int(self.fit.nobs), "expected": self.expected, "plain": self.plain,
                "ahead": round(self.horizon), "unit": f"{m.unit}s",
            }  # fmt: skip
            said.append(Finding("covariates.ahead", AHEAD, values))
        elif m.over.moves:
            values = {
                "names": _data(", ".join(dict.fromkeys(m.over.names))),
                "day": m.over.dates[-1],
            }
            said.append(Finding("covariates.days", NO_DAYS, values, severity="warning"))
        if self.customers > self.fit.nobs:
            values = {"some": int(self.fit.nobs), "n": self.customers}
            said.append(Finding("covariates.sample", SAMPLE, values))
        if self.unknown:
            said.append(
                Finding("covariates.lost", LOST, {"names": _data(", ".join(self.unknown))},
                        severity="warning")
            )  # fmt: skip
        return said

    def picture(self) -> Picture:
        """Draw the effects."""
        return Picture(
            self.plot, "What moves buying and leaving",
            "Rate against that of the value it is compared with, or for a unit more; 95% intervals",
            self.table,
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one dot with its interval an effect, and a line at one."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table[self.table["told"]].iloc[::-1].reset_index(drop=True)
        names = [
            f"{say.name(str(n))}: {say(str(p))}"
            for n, p in zip(t["name"], t["process"], strict=True)
        ]
        interval_dots(ax, names, t["ratio"], t["low"], t["high"], say("Times the rate"))
        ax.set_xscale("log")
        low, high = float(t["low"].min()), float(t["high"].max())
        ticks = [x for x in TICKS if low / 2 <= x <= high * 2] or [1.0]
        ax.set_xticks(ticks, [f"{x:g}" for x in ticks])
        ax.set_xticks([], minor=True)
        ax.axvline(1, color="0.5", linewidth=0.8)
        return ax


def _data(name: object) -> dict[str, str]:
    """Give a name of the study's own, which is the same in every language."""
    plain = str(name)
    return {"en": plain, "zh": plain}


def covariate_effects(
    log: pd.DataFrame | BuyingDays,
    names: Sequence[str],
    *,
    people: pd.DataFrame | None = None,
    series: pd.DataFrame | None = None,
    as_of: pd.Timestamp | str,
    unit: str,
    horizon: float,
    spend: GammaGammaResults | ObservedSpendResults | None = None,
    ids: Sequence[Any] = (),
    min_cell: CellRule | int = 5,
) -> CovariateEffects:
    """Measure what attributes of customers, and series, do to buying and to leaving.

    Parameters
    ----------
    log : DataFrame or BuyingDays
        customer_id, date.
    names : sequence of str
        Attributes of `people`, and columns of `series` written ``series.<column>``.
    people : DataFrame, optional
        customer_id and attributes. Text is told apart by value against the commonest one.
    series : DataFrame, optional
        date, from which the numbers of its other columns hold until the next.
    as_of : Timestamp or str
        Last day of the log.
    unit : str
    horizon : float
    spend : GammaGammaResults, optional
        Of customers `ids`, to value purchases.
    min_cell : CellRule or int

    Raises
    ------
    DataError
        No covariate is there, or none varies.
    """
    end = pd.Timestamp(as_of).normalize()
    known = buying_days(log, as_of=end)
    everybody = known.ids
    step = max(-(-len(everybody) // MOST), 1)
    some = pd.Index(everybody[::step])
    inside = known.code % step == 0
    date = end + pd.to_timedelta(known.day[inside], unit="D")
    seen = pd.DataFrame({"customer_id": everybody[known.code[inside]], "date": date})
    rule = rule_of(min_cell)
    frame, about, labels, unknown = _known(
        names, people, series, some, seen["date"].min(), rule.min_cell
    )
    if not about:
        raise DataError(
            f"none of the covariates {', '.join(names)} is known and varies",
            remedy="name attributes of customers, or series.<column>",
        )
    model = VaryingParetoNBD(
        seen, frame, as_of=end, unit=unit, purchase=list(about), leaving=list(about)
    )
    fit = model.fit()
    table = _effects(fit, about)
    plain = expected = None
    groups = pd.DataFrame()
    try:
        ahead = fit.expected_purchases(horizon)
    except DataError:
        ahead = None
    if ahead is not None:
        expected = ahead.total()
        base = ParetoNBD(model.x, model.t_x, model.T, unit=unit).fit()
        plain = base.expected_purchases(horizon).total()
        amount = None
        if spend is not None:
            each = pd.Series(spend.expected_spend().estimate, pd.Index(ids))
            amount = np.asarray(each.reindex(model.index), dtype=float)
        groups = _by_group(ahead, labels.reindex(model.index), amount, rule)
    return CovariateEffects(
        table, groups, fit, expected, plain, horizon, len(everybody), tuple(unknown)
    )


def _known(
    names: Sequence[str],
    people: pd.DataFrame | None,
    series: pd.DataFrame | None,
    ids: pd.Index,
    first: Any,
    least: int,
) -> tuple[pd.DataFrame, dict[str, tuple[str, str]], pd.DataFrame, list[str]]:
    """Covariates over time; of each column its value's base; groups of customers; what is lost."""
    if series is not None and "indicator" in series and "value" in series:
        series = series.pivot_table(index="date", columns="indicator", values="value").reset_index()
    still = pd.DataFrame(index=ids)
    labels = pd.DataFrame(index=ids)
    about: dict[str, tuple[str, str]] = {}
    moving: list[str] = []
    unknown: list[str] = []
    for name in names:
        table, dot, column = name.rpartition(".")
        if dot and table.startswith("series"):
            if series is None or column not in series:
                unknown.append(name)
            else:
                moving.append(column)
                about[column] = ("", "")
            continue
        if people is None or name not in people:
            unknown.append(name)
            continue
        own = people.drop_duplicates("customer_id").set_index("customer_id")[name].reindex(ids)
        if pd.api.types.is_numeric_dtype(own) and own.nunique() > 2:
            number = own.astype(float)
            still[name] = number.fillna(number.mean())
            about[name] = ("", "")
            continue
        text = own.astype("string").fillna("Not known")
        sizes = text.value_counts()
        kept = sizes.index[sizes >= least]
        if sizes.size > GROUPS or len(kept) < sizes.size:
            text = text.where(text.isin(kept[: GROUPS - 1]), OTHERS)
            sizes = text.value_counts()
        labels[name] = text.astype(object)
        base = str(sizes.index[0])
        for value in map(str, sizes.index[1:]):
            still[f"{name}: {value}"] = (text == value).astype(float)
            about[f"{name}: {value}"] = (name, base)
    if moving and series is not None:
        over = series[["date", *moving]].copy()
        over["date"] = pd.to_datetime(over["date"])
        over = over.dropna().sort_values("date")
    else:
        over = pd.DataFrame({"date": [pd.Timestamp(first)]})
    if still.empty and not len(still.columns):
        return over, about, labels, unknown
    each = still.rename_axis("customer_id").reset_index()
    return over.merge(each, how="cross"), about, labels, unknown


def _effects(fit: VaryingResults, about: dict[str, tuple[str, str]]) -> pd.DataFrame:
    k = len(about)
    value = fit.phi[4:]
    se = np.sqrt(np.diag(fit.covariance))[4:]
    told = se > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        p: Array = np.where(told, 2 * norm.sf(np.abs(value / se)), np.nan)
    corrected = np.full(p.size, np.nan)
    corrected[told] = holm(p[told])
    half = norm.isf(0.025) * se
    middle, low, high = (np.where(told, np.exp(value + side * half), np.nan) for side in (0, -1, 1))
    rows = [
        (column.replace("_", " "), base, BUYING if j < k else LEAVING, middle[j], low[j], high[j],
         corrected[j], told[j])
        for j, (column, (_, base)) in enumerate((*about.items(), *about.items()))
    ]  # fmt: skip
    columns = ["name", "base", "process", "ratio", "low", "high", "p", "told"]
    return labelled(
        pd.DataFrame(rows, columns=columns), name="Covariate", base="Compared with",
        process="Process", ratio=("Times the rate", "number:2"), p=("Corrected p", "p"),
    )  # fmt: skip


def _by_group(
    ahead: Prediction, labels: pd.DataFrame, amount: Array | None, rule: CellRule
) -> pd.DataFrame:
    """Give what is expected of a customer by attribute, in purchases and in money."""
    parts = []
    for name in labels:
        own = labels[name].astype("category")
        codes = own.cat.codes.to_numpy()
        found = ahead.by(own.to_numpy())[["group", "n", "mean", "mean_low", "mean_high"]]
        if amount is not None:
            worth = np.nan_to_num(amount)
            inside = np.where(codes == np.arange(len(found))[:, None], worth, 0.0)
            paid = ahead.sums(inside)
            hidden = Sums.of(codes, ahead.estimate * worth, len(found)).sensitive(rule)
            for end, column in (("", "estimate"), ("_low", "low"), ("_high", "high")):
                each = paid[column].to_numpy() / found["n"].to_numpy()
                found[f"value{end}"] = np.where(hidden, np.nan, each)
        found.insert(0, "name", str(name).replace("_", " "))
        parts.append(found)
    if not parts:
        return pd.DataFrame()
    about: dict[str, Any] = {
        "name": "Attribute", "group": "Group", "n": "Customers",
        "mean": ("Purchases expected of a customer", "number:2"),
    }  # fmt: skip
    if amount is not None:
        about["value"] = ("Expected of a customer", "money")
    return labelled(pd.concat(parts, ignore_index=True), **about)
