"""What every design gives: an effect with its interval, the picture of it, and what was checked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, Self, TypeAlias

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.special import stdtr, stdtrit

from workbench.arrays import Array, Mask
from workbench.impact.inputs.panel import CaseError
from workbench.impact.inputs.periods import period_label
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Result, labelled
from workbench.results.drawing import draw_estimates, label_ends

#: How the values of an outcome are written, as an `Estimate` of them would be.
OutcomeKind: TypeAlias = Literal["number", "percent", "points", "money"]

#: p-value, corrected for what was compared beside, below which an effect counts as shown.
ALPHA: Final = 0.05
# Of the size of a number: what is smaller is rounding.
_ROUNDING = 1e-9


def nothing_varies() -> CaseError:
    """Give the error of an answer without chance: zero variance is not certainty."""
    return CaseError(
        "nothing varies by chance: units of one side, or periods, all change alike",
        where="outcome table",
        remedy="zero variance is no certainty; check whether these are counts of few, rounded"
        " or filled in",
    )


def _check_chance(effect: float, low: float, high: float, mean: float) -> None:
    """Refuse an interval that is none: zero variance is not certainty."""
    if not np.isfinite(effect) or np.isnan([low, high]).any():
        raise CaseError(
            "the effect, or how far it may be off, cannot be worked out from so few data",
            where="outcome table",
            remedy="bring more periods or units, or leave out what else is fitted",
        )
    if high - low <= _ROUNDING * max(abs(effect), abs(mean)):
        raise nothing_varies()


@dataclass(frozen=True)
class Effect(Result):
    """Effect of a measure on one outcome, per unit and period, averaged over the time after.

    Attributes
    ----------
    design : str
        What was compared, in words.
    effect, low, high : float
        In units of the outcome, with the 95 % interval.
    p : float
        Two-sided p-value of no effect.
    relative, relative_low, relative_high : float
        Effect over what would have been without the measure; NaN where that is not clearly above
        zero.
    counterfactual : float
        Mean outcome after the start without the measure.
    inference : str
        How the interval was made, in words.
    n_units, n_treated : int
        Units compared (customers, cities, points of a series) and those treated.
    n_before, n_after : int
        Periods.
    series : DataFrame
        The picture: `period`, `observed` (treated), `counterfactual`, `low`, `high`.
    gaps : DataFrame
        Event study where the design has one: `period`, `estimate` (treated minus comparison, the
        mean before set to zero), `low`, `high`, `after`.
    parts : DataFrame
        Answers that were combined (error models, sub-designs): `model`, `estimate`, `low`, `high`,
        `weight`.
    checks : tuple of Finding
    assumption : str
        What must hold for the answer to be right, in words.
    outcome : str
        Its name, for the axis.
    kind : {"number", "percent", "points", "money"}
        Of the outcome: a share is drawn in percent.
    unit : str
        Currency of an outcome in money.
    in_percent : bool
        Whether `gaps`, `parts` and averages are relative effects, not in units of the outcome.
    every : str
        How long its periods are, for their names.
    """

    design: str
    effect: float
    low: float
    high: float
    p: float
    relative: float = float("nan")
    relative_low: float = float("nan")
    relative_high: float = float("nan")
    counterfactual: float = float("nan")
    inference: str = ""
    n_units: int = 0
    n_treated: int = 0
    n_before: int = 0
    n_after: int = 0
    start: Any = None
    series: pd.DataFrame = field(default_factory=pd.DataFrame)
    gaps: pd.DataFrame = field(default_factory=pd.DataFrame)
    parts: pd.DataFrame = field(default_factory=pd.DataFrame)
    checks: tuple[Finding, ...] = ()
    assumption: str = ""
    outcome: str = ""
    kind: OutcomeKind = "number"
    in_percent: bool = False
    every: str = "month"
    unit: str = ""

    @classmethod
    def of(
        cls,
        design: str,
        effect: float,
        low: float,
        high: float,
        p: float,
        *,
        mean: float,
        relative: tuple[float, float, float],
        **rest: Any,
    ) -> Self:
        """Make an effect from its interval and the mean outcome of the treated after the start.

        Parameters
        ----------
        design : str
        effect, low, high, p : float
        mean : float
            Mean outcome of the treated after the start.
        relative : tuple of float
            Relative effect with its interval.
        **rest
            Further attributes.

        Raises
        ------
        CaseError
            Nothing varies by chance, or nothing is left to learn chance from: no interval, and no
            p-value, would say anything.
        """
        _check_chance(effect, low, high, mean)
        return cls(
            design=design,
            effect=effect,
            low=low,
            high=high,
            p=p,
            relative=relative[0],
            relative_low=relative[1],
            relative_high=relative[2],
            counterfactual=mean - effect,
            **rest,
        )

    @classmethod
    def of_t(
        cls,
        design: str,
        effect: float,
        se: float,
        df: float,
        *,
        mean: float,
        level: float,
        **rest: Any,
    ) -> Self:
        """Make an effect whose intervals and p-value rest on Student's t.

        Parameters
        ----------
        design : str
        effect, se, df : float
            Estimate, standard error and degrees of freedom.
        mean : float
            Mean outcome of the treated after the start.
        level : float
        **rest
            Further attributes.
        """
        quantile = float(stdtrit(df, 0.5 + level / 2))
        low, high = effect - quantile * se, effect + quantile * se
        return cls.of(
            design,
            effect,
            low,
            high,
            t_test(effect, se, df),
            mean=mean,
            relative=relative_to_known(effect, low, high, mean),
            **rest,
        )

    @property
    def clear(self) -> bool:
        """Whether the interval excludes no effect."""
        return bool(self.low > 0 or self.high < 0)

    @property
    def table(self) -> pd.DataFrame:
        """One row: design, effect, relative effect, interval, p and what it rests on."""
        return answers_table(
            pd.DataFrame(
                [
                    {
                        "design": self.design,
                        "estimate": self.effect,
                        "low": self.low,
                        "high": self.high,
                        "relative": self.relative,
                        "relative_low": self.relative_low,
                        "relative_high": self.relative_high,
                        "p": self.p,
                        "units": self.n_units,
                        "treated": self.n_treated,
                        "before": self.n_before,
                        "after": self.n_after,
                        "inference": self.inference,
                        "kind": self.kind,
                        "unit": self.unit,
                    }
                ]
            )
        )

    def change(self, *, relative: bool) -> Estimate:
        """Give the effect as one number: over what would have been, or in the outcome's unit.

        A difference of shares is in percentage points.
        """
        own = Estimate(self.effect, self.low, self.high, n=float(self.n_units), p=self.p)
        if not relative:
            return own.named("Effect", **self.written)
        ends = {"value": self.relative, "low": self.relative_low, "high": self.relative_high}
        return own.named("Relative effect", kind="percent", signed=True, **ends)

    @property
    def total(self) -> Estimate:
        """The effect added up over the periods after the start, for one unit, with its interval.

        The effect is a mean over these periods, each counting once: their sum is it times their
        number.
        """
        own = Estimate(self.effect, self.low, self.high, n=float(self.n_units), p=self.p)
        return own.scaled(float(self.n_after)).named("Effect added up", signed=True)

    @property
    def written(self) -> dict[str, Any]:
        """How a change of the outcome is written, as an `Estimate` keeps it."""
        return written_as(self.kind, self.unit)

    def estimates(self) -> dict[str, Estimate]:
        """Effect in units of the outcome, and relative to what would have been without it."""
        return {"effect": self.change(relative=False), "relative": self.change(relative=True)}

    def findings(self) -> list[Finding]:
        """Return what was checked."""
        return list(self.checks)

    @property
    def start_name(self) -> str:
        """What the line in the picture marks."""
        return "start"

    def with_checks(self, *checks: Finding) -> Effect:
        """Return the same effect with more checks."""
        return replace(self, checks=(*self.checks, *checks))

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw what was seen beside what would have been, with the start marked.

        An answer that has no picture is drawn as a number with its interval.
        """
        ax, t = ax or plt.gca(), speak(language)
        s, unit = self.series, 100.0 if self.kind == "percent" else 1.0
        if not len(s):
            return draw_estimates({"effect": self.change(relative=False)}, ax, language=t)
        place = np.arange(len(s))
        seen, without = unit * s["observed"], unit * s["counterfactual"]
        lines = [
            ax.plot(place, seen, "o-", markersize=3.5)[0],
            ax.plot(place, without, "--")[0],
        ]
        band = s["low"].notna().to_numpy()
        ax.fill_between(
            place[band],
            unit * s["low"][band],
            unit * s["high"][band],
            alpha=0.2,
            color=lines[1].get_color(),
            linewidth=0,
        )
        first = int(np.argmax(s["after"].to_numpy()))
        mark_start(ax, first)
        low, high = ax.get_ylim()
        if self.kind == "percent":  # a band may leave what a share can be; the picture does not
            low, high = max(low, 0.0), min(high, 100.0)
        ax.set_ylim(low, high + 0.1 * (high - low))
        ax.annotate(
            t(self.start_name),
            (first - 0.5, 1),
            xycoords=("data", "axes fraction"),
            xytext=(-4, -4),
            textcoords="offset points",
            va="top",
            ha="right",
            fontsize="small",
        )
        words = (t("with the measure"), t("without it (estimated)"))
        ends = [
            (float(line.dropna().iloc[-1]), drawn, word)
            for line, drawn, word in zip((seen, without), lines, words, strict=True)
        ]
        label_ends(ax, float(place[-1]), ends)
        period_ticks(ax, s["period"], self.every, t)
        ax.set_ylabel(self._axis(t))
        return ax

    def plot_gaps(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw the difference to the comparison, period by period, before and after."""
        ax, t = ax or plt.gca(), speak(language)
        g, percent = self.gaps, self.kind == "percent"
        unit = 100.0 if percent or self.in_percent else 1.0
        place = np.arange(len(g))
        after = g["after"].to_numpy(dtype=bool)
        for chosen, marker, label in ((~after, "o", "before"), (after, "D", "after")):
            part = unit * g.loc[chosen, ["estimate", "low", "high"]].to_numpy()
            y = part[:, 0]
            error = [y - part[:, 1], part[:, 2] - y]
            ax.errorbar(place[chosen], y, yerr=error, fmt=marker, capsize=2, label=t(label))
        ax.axhline(0, color=plt.rcParams["axes.edgecolor"], linewidth=0.8)
        mark_start(ax, int(np.argmax(after)))
        if self.in_percent:
            ax.set_ylabel(t("Difference to the comparison, %"))
        elif percent:
            ax.set_ylabel(t("Difference to the comparison, percentage points"))
        else:
            ax.set_ylabel(t("Difference to the comparison"))
        ax.legend(loc="best", frameon=False, ncols=2)
        period_ticks(ax, g["period"], self.every, t)
        return ax

    def _axis(self, t: Language) -> str:
        name = t.name(self.outcome.replace("_", " "))
        name = name[:1].upper() + name[1:]
        if not name or self.kind == "number":
            return name
        units = {"percent": "{outcome}, %", "points": "{outcome}, points"}
        if self.kind not in units:
            return f"{name}, {self.unit}" if self.unit else name
        return t(units[self.kind]).format(outcome=name)


def answers_table(table: pd.DataFrame, **first: str) -> pd.DataFrame:
    """Label answers that stand below one another; `first` are columns that come before.

    Each difference is written as its outcome is: points of a score beside shares and amounts.
    """
    return labelled(
        table.assign(difference=written_differences(table)),
        **first,
        design="Design",
        difference="Difference",
        relative=("Relative effect", "percent:1"),
        p=("p-value", "p"),
        units="Units",
    )


def written_as(kind: str, unit: str = "") -> dict[str, Any]:
    """Say how a change of an outcome is written, as an `Estimate` keeps it."""
    if kind == "number":
        return {"signed": True}
    if kind == "money":
        return {"kind": "money", "unit": unit, "signed": True} if unit else {"signed": True}
    return {"kind": "points", "unit": "%" if kind == "percent" else "", "signed": True}


def written_differences(table: pd.DataFrame) -> pd.Series[Any]:
    """Differences below one another, with `estimate`, `low`, `high`, `kind` and `unit`, as said."""
    names = ["estimate", "low", "high", "kind", "unit"]
    written = [
        Estimate(value, low, high, **written_as(kind, unit))
        for value, low, high, kind, unit in table[names].itertuples(index=False)
    ]
    return pd.Series(written, index=table.index, dtype=object)


def difference_form(differences: pd.Series) -> str:
    """Say how differences below one another are written: three digits below one, two below ten.

    The smallest decides: beside the points of a score a difference of shares would read 0.0.
    """
    sizes = differences.astype(float).abs()
    least = float(sizes[sizes > 0].min()) if (sizes > 0).any() else 0.0
    return f"number:{3 if least < 1 else 2 if least < 10 else 1}"


def mark_start(ax: Axes, first: int) -> None:
    """Draw the dotted line before the first period after the start."""
    ax.axvline(first - 0.5, color=plt.rcParams["text.color"], linewidth=0.8, linestyle=":")


def period_ticks(ax: Axes, periods: pd.Series, every: str, language: Language) -> None:
    """Name at most eight periods below the axis; plain numbers count from the start."""
    step = max(1, int(np.ceil(len(periods) / 8)))
    place = np.arange(0, len(periods), step)
    ax.set_xticks(place, [period_label(periods.iloc[i], every) for i in place])
    if pd.api.types.is_integer_dtype(periods):
        ax.set_xlabel(language("Periods since the start"))


def t_test(effect: float, se: float, df: float) -> float:
    """Two-sided p-value of no effect by Student's t; NaN where nothing varies."""
    return float(2 * stdtr(df, -abs(effect / se))) if se > 0 else float("nan")


def picture(
    periods: pd.Index, after: Mask, observed: Array, without: Array, half: Array | float = np.nan
) -> pd.DataFrame:
    """Set what was seen beside what would have been, its band from the start on.

    Parameters
    ----------
    periods : Index
    after : ndarray of bool, shape (periods,)
    observed, without : ndarray, shape (periods,)
        Outcome of the treated with the measure, and without it.
    half : ndarray or float
        Half the width of the band of the latter; NaN for none.
    """
    return pd.DataFrame(
        {
            "period": periods,
            "observed": observed,
            "counterfactual": without,
            "low": np.where(after, without - half, np.nan),
            "high": np.where(after, without + half, np.nan),
            "after": after,
        }
    )


def gap_table(periods: pd.Index, after: Mask, gap: Array, half: Array | float) -> pd.DataFrame:
    """Difference to the comparison by period, its band from the start on."""
    half = np.where(after, half, np.nan)
    return pd.DataFrame(
        {
            "period": periods,
            "estimate": gap,
            "low": gap - half,
            "high": gap + half,
            "after": after,
        }
    )


def relative_to_known(
    effect: float, low: float, high: float, mean: float
) -> tuple[float, float, float]:
    """Relative effects t / (m - t), the observed mean m after the start taken as known.

    What was seen is what it is: all that is unsure is what would have been. Of an outcome that
    cannot be negative none lies below -100 %. NaN where the counterfactual is not above zero, or
    may, by the interval, be none: a share of next to nothing has no size.
    """
    # a base that is nothing but rounding is none
    least = _ROUNDING * max(abs(mean), abs(effect))
    ratio, below, above = (
        t / (mean - t) if mean - t > least and np.isfinite(t) else float("nan")
        for t in (effect, low, high)
    )
    nothing = float("nan")
    ends = ((low, below), (high, above))
    known = np.isfinite(ratio) and not any(np.isfinite(t) and np.isnan(x) for t, x in ends)
    return (ratio, below, above) if known else (nothing, nothing, nothing)
