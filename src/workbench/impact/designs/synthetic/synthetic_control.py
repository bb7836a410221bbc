"""Synthetic control: one treated unit beside the mixture of others that went the same way."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from workbench.arrays import Array
from workbench.impact.designs.design import Design, Situation, seeded
from workbench.impact.designs.synthetic.donor_weights import (
    DonorWeights,
    balance,
    closest_mixture,
    fit_mixture,
    read_predictors,
    stopped_early,
    without_holes,
)
from workbench.impact.designs.synthetic.one_treated import (
    NoMixtureError,
    conformal_interval,
    fit_check,
    from_placebos,
    levels_taken_out,
    mixture_note,
    placebo_t,
    placebo_table,
    plain_difference,
    rank_check,
    without_donors,
)
from workbench.impact.effect import (
    Effect,
    gap_table,
    mark_start,
    period_ticks,
    picture,
    relative_to_known,
)
from workbench.impact.inputs.panel import CaseError, Panel
from workbench.impact.power import POWER, Plan
from workbench.languages import Language, speak
from workbench.results import Finding, Picture, labelled
from workbench.study import Case

Inference = Literal["auto", "placebo", "spread", "conformal"]
Follows = Literal["auto", "levels", "changes"]
Solver = Literal["exact", "frank-wolfe"]

NAME = "synthetic control"
ASSUMPTION = (
    "The mixture of comparison units that moved like the treated unit before the start would have"
    " gone on moving like it, and the measure did not reach them."
)
MIXTURE = (
    "Before the start the mixture misses {unit} by {error} on average (root of the mean square)."
    " Put in its place, {as_large} of {n} comparison units depart as far from their mixtures after"
    " the start, each measured by its own error before."
)
#: Of the weight, below which a donor is not named.
_SMALL = 0.005
#: Times the squared error of the treated unit, beyond which a unit has no mixture.
_NO_FIT = 20.0
_FEWEST_DONORS = 2
FEWEST_BEFORE = 4
# one in twenty: of the units in the treated one's place, or of the places in time
_DONORS, _PERIODS = 19, 20
# fewer are no mixture worth the name
_DONORS_FOR_PERIODS = 8
_WORDS = {
    "placebo": "placebo: every comparison unit in the place of the treated",
    "spread": "t, from the spread of all comparison units put in the place of the treated",
    "conformal": "conformal: the periods after shifted among those before",
}


@dataclass(frozen=True)
class SyntheticControl(Effect):
    """Effect on one unit, and the mixture that it was compared with.

    Attributes
    ----------
    donors : DataFrame
        `unit`, `weight`, all comparison units, the heaviest first.
    predictors : DataFrame
        `predictor`, `treated`, `synthetic`, `donors` (plain mean), `importance`.
    placebos : DataFrame
        `unit`, `effect`, `rmspe_before`, `rmspe_after`, `ratio`; the treated unit first.
    placebo_gaps : DataFrame
        Gap of each unit (columns) in each period (rows).
    left_out : DataFrame
        Donors that carry weight: `unit`, `weight`, `effect` without it.
    rmspe_before : float
    rank_p : float
        Share of units whose ratio of errors after to before is as large as the treated unit's.
    """

    donors: pd.DataFrame = field(default_factory=pd.DataFrame)
    predictors: pd.DataFrame = field(default_factory=pd.DataFrame)
    placebos: pd.DataFrame = field(default_factory=pd.DataFrame)
    placebo_gaps: pd.DataFrame = field(default_factory=pd.DataFrame)
    left_out: pd.DataFrame = field(default_factory=pd.DataFrame)
    rmspe_before: float = float("nan")
    rank_p: float = float("nan")

    @property
    def mixture(self) -> pd.DataFrame:
        """Donors that carry weight: `unit`, `weight`, `effect` without it."""
        donors = self.donors[self.donors["weight"] >= _SMALL]
        return labelled(
            donors.merge(self.left_out[["unit", "effect"]], on="unit", how="left"),
            unit="Comparison unit",
            weight=("Weight", "percent:0"),
            effect=("Effect without it", "number:2"),
        )

    @property
    def ranking(self) -> pd.DataFrame:
        """Each unit in the place of the treated, which stands first; by size of the ratio."""
        others = self.placebos[1:].sort_values("ratio", ascending=False)
        return labelled(
            pd.concat([self.placebos[:1], others]),
            unit="Unit in the place of the treated",
            effect=("Effect", "number:2"),
            rmspe_before=("Error before", "number:2"),
            rmspe_after=("Error after", "number:2"),
            ratio=("After over before", "number:2"),
        )

    @property
    def fit(self) -> Finding:
        """How well the mixture follows the unit, and how far it stands out among placebos."""
        values = {
            "unit": str(self.placebos["unit"].iloc[0]),
            "error": self.rmspe_before,
            "n": len(self.placebos) - 1,
            "as_large": round(self.rank_p * len(self.placebos)) - 1,
        }
        return Finding("mixture", MIXTURE, values)

    def among_placebos(self) -> Picture:
        """Give the picture of the treated unit and the others in its place."""
        return Picture(
            self.plot_placebos,
            "Does as much happen where there was no measure?",
            "Outcome minus synthetic unit",
            self.ranking,
        )

    def plot_placebos(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw the gap of the treated unit among the gaps of all others.

        Units that no mixture follows run out of the frame: they say nothing about the treated one
        (Abadie, Diamond, Hainmueller 2010, section 3.4, set them aside).
        """
        ax, t = ax or plt.gca(), speak(language)
        place = np.arange(len(self.placebo_gaps))
        own, *others = self.placebo_gaps.columns
        faint = plt.rcParams["axes.edgecolor"]
        for name in others:
            ax.plot(place, self.placebo_gaps[name], color=faint, linewidth=0.6, alpha=0.5)
        ax.plot([], [], color=faint, linewidth=0.6, label=t("comparison units"))
        ax.plot(place, self.placebo_gaps[own], linewidth=2, label=t("treated unit"))
        ax.axhline(0, color=faint, linewidth=0.8)
        mark_start(ax, int(np.argmax(self.series["after"].to_numpy())))
        ax.set_ylabel(t("Difference to the synthetic unit"))
        ax.legend(loc="best", frameon=False)
        period_ticks(ax, self.series["period"], self.every, t)
        error = self.placebos["rmspe_before"].to_numpy()
        drawn = error**2 <= _NO_FIT * max(error[0], float(np.median(error))) ** 2
        reach = 1.08 * float(np.abs(self.placebo_gaps.to_numpy()[:, drawn]).max())
        ax.set_ylim(-reach, reach)
        return ax


@dataclass(frozen=True)
class _Task:
    """What a search for a mixture needs."""

    outcome: Array  # (units, periods)
    after: NDArray[np.bool_]
    predictors: Array  # (k, units); no rows: the outcome itself
    solver: Solver
    changes: bool = False  # whether levels are taken out: each unit less its mean before

    def fit(
        self,
        own: int,
        donors: NDArray[np.int_],
        *,
        starts: int = 0,
        rng: np.random.Generator,
        first: Array | None = None,
    ) -> DonorWeights:
        before = self.outcome[:, ~self.after].T
        gaps = before[:, donors] - before[:, [own]]
        if self.changes:
            gaps = gaps - gaps.mean(axis=0)
        if not len(self.predictors):
            if self.solver == "exact":
                weights = closest_mixture(gaps)
            else:
                noise = float(np.diff(before[:, donors], axis=0).std(ddof=1))
                weights = stopped_early(gaps, ridge=(1e-6 * noise) ** 2, noise=noise)
            return DonorWeights(weights, np.zeros(0), float(np.square(gaps @ weights).mean()))
        x = self.predictors
        return fit_mixture(
            x[:, donors],
            x[:, own],
            before[:, donors],
            before[:, own],
            starts=starts,
            rng=rng,
            first=first,
        )

    def gap(self, own: int, donors: NDArray[np.int_], weights: Array) -> Array:
        gap: Array = self.outcome[own] - weights @ self.outcome[donors]
        return gap - gap[~self.after].mean() if self.changes else gap


def synthetic_control(
    panel: Panel,
    *,
    predictors: pd.DataFrame | None = None,
    inference: Inference = "auto",
    follows: Follows = "auto",
    starts: int = 20,
    solver: Solver = "exact",
    level: float = 0.95,
    rng: np.random.Generator | None = None,
) -> SyntheticControl:
    """Compare one treated unit with the mixture of others that moved like it before the start.

    Parameters
    ----------
    panel : Panel
        One treated unit. Comparison units with holes are left out and counted.
    predictors : DataFrame, optional
        One row a unit, one column a predictor (`predictor_means` makes them). The importance of
        each is chosen so that the outcome before fits best (nested search, several starts). When
        left out, the mixture follows the outcome before, period by period.
    inference : {"auto", "placebo", "spread", "conformal"}
        "placebo": each comparison unit is put in the place of the treated one; the interval is the
        estimate plus and minus the placebo effects' quantile, each in units of its own error before
        the start. "spread": the same with Student's t and the root of the mean square in place of
        the quantile, which one in twenty needs no 19 units for, but takes the placebo effects for
        normal. "conformal": the interval holds each constant effect under which the errors after
        are no larger than those of other times; where it leaves out the estimate itself, as on
        trending series, placebos are taken, which bound nothing with fewer than 19 units: the
        limits are infinite, and p is a rank. "auto" takes placebos from 19 comparison units on,
        else their spread from eight units and 20 periods on.
    follows : {"auto", "levels", "changes"}
        What the mixture follows before the start: levels, or levels less each unit's mean (which
        an intercept takes up). "auto" follows levels where units are many or predictors are given.
    starts : int
        Random starts of the nested search.
    solver : {"exact", "frank-wolfe"}
        Only without predictors; the second stops early as package synthdid does.
    rng : numpy.random.Generator, optional
        Draws the starts; a fixed seed when left out.

    Raises
    ------
    CaseError
        Several treated units or none, holes in the treated unit's series, too few comparison units
        or periods before, a mixture that does not fit, too few units and periods for an interval.

    References
    ----------
    Abadie, Diamond, Hainmueller (2010), JASA 105(490), 493-505; Firpo, Possebom (2018), Journal of
    Causal Inference 6(2) (intervals from placebos); Ferman, Pinto (2021), Quantitative Economics
    12(4), 1197-1221 (levels taken out); Chernozhukov, Wuthrich, Zhu (2021), JASA
    116(536), 1849-1864 (conformal); Abadie (2021), Journal of Economic Literature 59(2), 391-425.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from workbench.impact import synthetic_control, read_panel
    >>> rng = np.random.default_rng(1)
    >>> months = pd.date_range("2024-01-01", periods=16, freq="MS")
    >>> treated = "A"
    >>> records = pd.DataFrame([
    ...     {
    ...         "city": city, "period": month,
    ...         "estimate": rng.normal(20, 1) + 3 * (city in treated and month >= months[10]),
    ...     }
    ...     for city in "ABCDEFGHIJKLMNOPQRSTUVWX" for month in months
    ... ])
    >>> panel = read_panel(records, dict.fromkeys(treated, True), start=months[10], unit="city")
    >>> found = synthetic_control(panel, rng=rng)
    >>> bool(found.low < 3 < found.high)
    True
    """
    panel, left = _complete(panel)
    x, names = read_predictors(panel, predictors)
    own = int(np.flatnonzero(panel.treated)[0])
    donors = np.flatnonzero(~panel.treated)
    if follows == "changes" and len(x):
        raise CaseError(
            "predictors speak of levels",
            where="predictors",
            remedy="leave them out where changes are to be followed",
        )
    changes = follows == "changes" or (
        follows == "auto" and inference == "auto" and len(donors) < _DONORS and not len(x)
    )
    task = _Task(panel.outcome, panel.after, x, solver, changes)
    source = seeded(rng)
    mix = task.fit(own, donors, starts=starts, rng=source)
    gap = task.gap(own, donors, mix.weights)
    gaps, exact = [gap], replace(task, solver="exact")
    for j in donors:
        others = donors[donors != j]
        other = exact.fit(int(j), others, rng=source, first=mix.importance)
        gaps.append(task.gap(int(j), others, other.weights))
    all_gaps = np.array(gaps)
    placebos = placebo_table(panel, own, donors, all_gaps)
    followed = fit_check(placebos)
    how = _inference(inference, len(donors), len(panel.periods))
    effect = float(gap[panel.after].mean())
    if how == "placebo":
        low, high, p, band = from_placebos(all_gaps, panel.after, level)
    elif how == "spread":
        low, high, p, band = placebo_t(all_gaps, panel.after, level)
    else:
        low, high, p = conformal_interval(
            panel.outcome[own], panel.outcome[donors], panel.after, centre=effect, level=level
        )
        band = np.full(len(gap), np.nan)
        if not low <= effect <= high:
            # times do not stand for one another where units trend; what is left is the rank
            how = "placebo"
            low, high, p, _ = from_placebos(all_gaps, panel.after, level)
    mean = float(panel.outcome[own][panel.after].mean())
    observed, after = panel.outcome[own], panel.after
    ratio = placebos["ratio"].to_numpy()
    rank_p = float((ratio >= ratio[0] * (1 - 1e-9)).mean())
    weights = pd.DataFrame({"unit": panel.units[donors], "weight": mix.weights})
    left_out = _left_out(exact, own, donors, mix, source)
    checks = [*left, followed, *without_donors(left_out, effect), mixture_note(weights)]
    checks += [levels_taken_out()] if changes else []
    checks += [rank_check(p, rank_p, len(donors), level)] if how == "spread" else []
    return SyntheticControl.of(
        NAME,
        effect,
        low,
        high,
        p,
        mean=mean,
        relative=relative_to_known(effect, low, high, mean),
        inference=_WORDS[how],
        **panel.sizes,
        series=picture(panel.periods, after, observed, observed - gap, band),
        gaps=gap_table(panel.periods, after, gap, band),
        checks=tuple(checks),
        assumption=ASSUMPTION,
        donors=weights.sort_values("weight", ascending=False, ignore_index=True),
        predictors=balance(x, names, own, donors, mix),
        placebos=placebos,
        placebo_gaps=pd.DataFrame(
            all_gaps.T,
            index=panel.periods,
            columns=[str(panel.units[i]) for i in (own, *donors)],
        ),
        left_out=left_out.assign(unit=panel.units[left_out["unit"].to_numpy(dtype=int)]),
        rmspe_before=float(placebos["rmspe_before"].iloc[0]),
        rank_p=rank_p,
    )


def _complete(panel: Panel) -> tuple[Panel, list[Finding]]:
    """Leave out donors with holes, and refuse what a mixture cannot be made of."""
    if panel.n_treated != 1:
        raise CaseError(
            "there are {n} treated units" if panel.n_treated else "there is no treated unit",
            where="treatments",
            remedy="a synthetic control is for one; with several use the synthetic difference",
            n=panel.n_treated,
        )
    if (~panel.complete & panel.treated).any():
        missing = int((panel.weight[panel.treated] == 0).sum())
        raise CaseError(
            "the treated unit was not observed in {n} of {m} periods",
            where="outcome table",
            remedy="fill the gaps, or take longer periods",
            n=missing,
            m=len(panel.periods),
        )
    n = int((~panel.treated & panel.complete).sum())
    if n < _FEWEST_DONORS:
        raise CaseError(
            "only {n} comparison units were observed in every period",
            where="outcome table",
            remedy="bring at least two, or take longer periods",
            n=n,
        )
    if panel.n_before < FEWEST_BEFORE:
        raise CaseError(
            "there are only {n} periods before the start",
            where="outcome table",
            remedy="a mixture needs {needed} at least to show that it moves alike",
            n=panel.n_before,
            needed=FEWEST_BEFORE,
        )
    return without_holes(panel)


def enough_for_interval(donors: int, periods: int) -> bool:
    """Say whether placebos or periods are enough for a 95 % interval."""
    return donors >= _DONORS or (donors >= _DONORS_FOR_PERIODS and periods >= _PERIODS)


def _inference(inference: Inference, donors: int, periods: int) -> Inference:
    if inference != "auto":
        return inference
    if donors >= _DONORS:
        return "placebo"
    if enough_for_interval(donors, periods):
        return "spread"
    raise CaseError(
        "{n} comparison units and {m} periods allow no 95 % interval",
        where="outcome table",
        remedy="bring 19 comparison units, or eight and 20 periods",
        n=donors,
        m=periods,
    )


def _left_out(
    task: _Task,
    own: int,
    donors: NDArray[np.int_],
    mix: DonorWeights,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Fit again without each donor that carries weight."""
    rows = []
    for j in donors[mix.weights > 0.01] if len(donors) > _FEWEST_DONORS else []:
        others = donors[donors != j]
        again = task.fit(own, others, rng=rng, first=mix.importance)
        moved = task.gap(own, others, again.weights)[task.after].mean()
        rows.append((int(j), float(mix.weights[donors == j][0]), float(moved)))
    return pd.DataFrame(rows, columns=["unit", "weight", "effect"])


def plan_one(
    panel: Panel, *, after: int | None = None, power: float = POWER, level: float = 0.95
) -> dict[str, Plan]:
    """Plan the comparison of one unit with a mixture of others, from the time before its start.

    The last periods before the start stand for the time after. Each unit is followed by a mixture
    of the comparison units fitted to the periods before those; how far it then departs, for its
    size of error before, says what chance alone makes of the treated one.

    Parameters
    ----------
    panel : Panel
        One treated unit. The time after the start is not looked at.
    after : int, optional
        Periods to be waited for; as many as in the panel when left out, at most half of those
        before.

    Returns
    -------
    dict
        The plan by its design; empty where units and periods are too few for an interval.
    """
    places = np.flatnonzero(~panel.after)
    whole = (panel.weight[:, places] > 0).all(axis=1)
    own, others = np.flatnonzero(panel.treated & whole), np.flatnonzero(~panel.treated & whole)
    r = min(after or int(panel.after.sum()), places.size // 2)
    if (
        len(own) != 1
        or places.size - r < FEWEST_BEFORE
        or not enough_for_interval(len(others), places.size)
    ):
        return {}
    early, late = places[:-r], places[-r:]
    departures = []
    for j in (own[0], *others):
        donors = others[others != j]
        gaps = panel.outcome[donors] - panel.outcome[j]
        if len(others) < _DONORS:
            gaps = gaps - gaps[:, early].mean(axis=1, keepdims=True)
        weights = closest_mixture(gaps[:, early].T)
        gap = weights @ gaps
        departures.append((gap[late].mean(), np.sqrt(np.square(gap[early]).mean())))
    moved, error = np.array(departures).T
    # in units of each one's own error, as the placebo test has it
    scaled = moved[1:] / np.maximum(error[1:], 1e-6 * float(np.median(error)))
    se = float(np.sqrt(np.square(scaled).mean()) * error[0])
    plan = Plan(
        NAME, se, float(len(others) - 1),
        base=float(panel.outcome[own[0]][late].mean()), n_treated=1, n_other=len(others),
        n_before=len(early), n_after=r, power=power, level=level,
    )  # fmt: skip
    return {NAME: plan} if se > 0 else {}


def _answer(panel: Panel, case: Case, level: float) -> Effect:
    """Compare with a mixture; of changes, where no mixture has the level of the treated."""
    try:
        return synthetic_control(panel, level=level)
    except NoMixtureError:
        return synthetic_control(panel, follows="changes", level=level)


def _lacks(s: Situation) -> str:
    few = s.n_other < _FEWEST_DONORS or s.before < FEWEST_BEFORE
    if s.case.group is None or few or s.n_treated != 1:
        return "for one treated city or region beside others"
    enough = enough_for_interval(s.n_other, s.before + s.after)
    return "" if enough else "too few comparison units and periods for an interval"


SYNTHETIC_CONTROL = Design[Panel](
    name=NAME,
    family="synthetic",
    shape="units",
    assumption=ASSUMPTION,
    grade=2,
    lacks=_lacks,
    answer=_answer,
    rank=9,
    beside=(
        "synthetic difference in differences",
        lambda panel, case, level: plain_difference(panel, level=level),
    ),
    plan=lambda panel, case, power, level: plan_one(panel, power=power, level=level).get(NAME),
)
