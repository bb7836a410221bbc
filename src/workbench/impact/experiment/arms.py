"""A trial with several arms: each against no measure and against each other, and by segment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray
from scipy.stats import chi2

from workbench.arrays import Array, Mask
from workbench.impact.effect import ALPHA, OutcomeKind, written_differences
from workbench.impact.experiment.adjusted import arm_means, numbers_of, together
from workbench.impact.inputs.answers import columns_of, seen_after_alone
from workbench.impact.inputs.panel import CaseError, split_periods
from workbench.impact.inputs.ratio import is_ratio, linearised
from workbench.languages import Language
from workbench.results import Estimate, Finding, Result, labelled
from workbench.results.drawing import draw_estimates
from workbench.stats import holm
from workbench.study import Case

#: What the arms are called where the card names none.
MEASURE, NOTHING = "with the measure", "without it"
# Chance below which the sizes of the arms speak against the lot, as platforms for trials have it.
_UNEQUAL = 0.001
_FEWEST_OF_SEGMENT, _MOST_SEGMENTS = 20, 12
#: What is said of the arms.
SAID: Final = {
    "shown": "Of {n} versions, {arms} did better than no measure, allowing for the {m}"
    " comparisons made.",
    "one": "{arms} did better than no measure.",
    "worse": "{arms} did worse than no measure, allowing for the {m} comparisons made.",
    "none": "No version is shown to do better than no measure, allowing for the {m}"
    " comparisons made.",
    "apart": "{better} did better than {worse}.",
    "alike": "The versions are not shown to differ from one another.",
    "segments": "The effect of {arm} differs by {column} (p-value {p}).",
    "no segments": "The effect of {arm} is not shown to differ by {column} (p-value {p}): a list of"
    " segments in which it was clear and others in which it was not is no evidence that it"
    " differs.",
    "ratio": "The arms are not as large as they were to be (p-value {p}): customers were lost or"
    " added on the way, and the lot may no longer be fair.",
    "ratio fits": "The arms are as large as they were to be.",
    "gain": "What was known before the start (CUPED) takes away {gain} of the variance: as if the"
    " trial had {more} as many customers.",
}  # fmt: skip


@dataclass(frozen=True)
class Arms(Result):
    """Arms of a trial on one outcome.

    Attributes
    ----------
    outcome : str
    sizes : DataFrame
        `arm`, `n`, `mean` (adjusted), the control first.
    contrasts : DataFrame
        `arm`, `against`, `estimate`, `low`, `high`, `relative`, `p`: corrected together.
    segments : DataFrame
        `segment`, `arm`, `n`, `base` (without the measure), `estimate`, `low`, `high`; empty where
        none were asked for.
    by : str
        Column of the segments.
    differ : dict
        Arm -> p-value of the same effect in all segments, corrected for the number of arms.
    ratio_p : float
        That the arms have their planned sizes; NaN where no plan is known.
    gain : float
        Share of the variance that what was known before takes away.
    direction : {"up", "down"}
    kind : {"number", "percent", "points"}
    """

    outcome: str
    sizes: pd.DataFrame
    contrasts: pd.DataFrame
    gain: float
    segments: pd.DataFrame = field(default_factory=pd.DataFrame)
    by: str = ""
    differ: Mapping[str, float] = field(default_factory=dict)
    ratio_p: float = float("nan")
    direction: str = "up"
    kind: OutcomeKind = "number"

    @property
    def control(self) -> str:
        """The arm without the measure."""
        return str(self.sizes["arm"].iloc[0])

    @property
    def table(self) -> pd.DataFrame:
        """One row a pair of arms."""
        return versions_table([self])

    def estimates(self) -> dict[str, Estimate]:
        """Each pair of arms."""
        form: dict[str, Any] = {"kind": "percent"} if self.kind == "percent" else {}
        columns = ("arm", "against", "estimate", "low", "high", "p")
        rows = zip(*(self.contrasts[name] for name in columns), strict=True)
        return {
            f"{arm} - {against}": Estimate(value, low, high, p=p, signed=True).named(**form)
            for arm, against, value, low, high, p in rows
        }

    def findings(self) -> list[Finding]:
        """Return what the arms show, whether segments differ, and whether the lot was kept."""
        return [*self._of_arms(), *self._of_segments(), *self._of_lot()]

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw each pair of arms as a number with its interval."""
        return draw_estimates(self.estimates(), ax, language=language)

    def _of_arms(self) -> list[Finding]:
        rows = self.contrasts
        sign = 1.0 if self.direction == "up" else -1.0
        against = rows[rows["against"] == self.control]
        clear = against[(against["p"] < ALPHA) & (sign * against["estimate"] > 0)]
        harmful = against[(against["p"] < ALPHA) & (sign * against["estimate"] < 0)]
        better_arms = [named(arm) for arm in clear["arm"]]
        said: dict[str, Any] = {"n": len(against), "m": len(rows), "arms": better_arms}
        key = "none" if clear.empty else "one" if len(rows) == 1 else "shown"
        found = [Finding("arms", SAID[key], said, severity="note" if clear.empty else "ok")]
        if len(harmful):
            worse = {**said, "arms": [named(arm) for arm in harmful["arm"]]}
            found.append(Finding("arms.worse", SAID["worse"], worse, severity="warning"))
        between = rows[rows["against"] != self.control]
        apart = between[between["p"] < ALPHA]
        both = zip(apart["arm"], apart["against"], sign * apart["estimate"], strict=True)
        for arm, against_it, better in both:
            pair = (arm, against_it) if better > 0 else (against_it, arm)
            values = {"better": named(pair[0]), "worse": named(pair[1])}
            key = f"arms.{pair[0]} over {pair[1]}"
            found.append(Finding(key, SAID["apart"], values, severity="ok"))
        if len(between) and apart.empty:
            found.append(Finding("arms.alike", SAID["alike"]))
        return found

    def _of_segments(self) -> list[Finding]:
        said = []
        for arm, p in self.differ.items():
            column = {"en": self.by.replace("_", " ")}
            values = {"arm": named(arm), "column": column, "p": Estimate(p, digits=3)}
            key = "segments" if p < ALPHA else "no segments"
            said.append(Finding(f"segments.{arm}", SAID[key], values))
        return said

    def _of_lot(self) -> list[Finding]:
        said = []
        if np.isfinite(self.ratio_p):
            bad = self.ratio_p < _UNEQUAL
            said.append(
                Finding(
                    "sample ratio",
                    SAID["ratio" if bad else "ratio fits"],
                    {"p": Estimate(self.ratio_p, digits=3)} if bad else {},
                    severity="warning" if bad else "ok",
                )
            )
        if self.gain > 0:
            more = Estimate(1 / (1 - self.gain), digits=2)
            values = {"gain": Estimate(self.gain, kind="percent"), "more": more}
            said.append(Finding("gain of adjustment", SAID["gain"], values, severity="ok"))
        return said


def named(arm: str) -> str | dict[str, str]:
    """Give an arm as running text has it: a name of the data is the same in every language."""
    return arm if arm in (MEASURE, NOTHING) else {"en": arm}


def versions_table(arms: Sequence[Arms], *, segments: bool = False) -> pd.DataFrame:
    """Set the pairs of arms of several outcomes below one another, or their segments."""
    parts = [
        (a.segments if segments else a.contrasts).assign(outcome=a.outcome, kind=a.kind)
        for a in arms
        if not segments or len(a.segments)
    ]
    if not parts:
        return pd.DataFrame()
    table = pd.concat(parts, ignore_index=True)
    table = table.assign(unit="")
    table = table.assign(difference=written_differences(table))
    if segments:
        return labelled(
            table, outcome="Outcome", segment="Segment", arm="Version", n="Customers",
            difference="Difference",
        )  # fmt: skip
    return labelled(
        table, outcome="Outcome", arm="Version", against="Against", difference="Difference",
        relative=("Relative effect", "percent:1"), p=("p-value (corrected)", "p"),
    )  # fmt: skip


def compare_arms(
    records: pd.DataFrame,
    case: Case,
    arm: pd.Series,
    units: pd.DataFrame | None = None,
    *,
    outcome: str = "",
    direction: str = "up",
    kind: OutcomeKind = "number",
    level: float = 0.95,
) -> Arms:
    """Compare arms that were drawn by lot among customers.

    Each customer counts once, by the mean outcome after the start, adjusted for the mean before
    and for what the card names (`adjust`). All pairs of arms are judged together; segments are
    compared by whether their effects are equal.

    Parameters
    ----------
    records : DataFrame
        One row a customer and period: `customer_id`, `period`, `estimate`.
    case : Case
    arm : Series
        Customer -> name of the arm; the control is the card's, else the first.
    units : DataFrame, optional
        Customers' table with the columns that the card names.

    Raises
    ------
    CaseError
        Fewer than two arms; arms too small; columns that the customers' table does not have.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from workbench.impact import compare_arms
    >>> from workbench.study import Case
    >>> rng = np.random.default_rng(1)
    >>> months = pd.date_range("2024-01-01", periods=6, freq="MS")
    >>> case = Case(
    ...     name="mail", title="Mail", start=months[3], chosen="random",
    ...     outcomes=[{"indicator": "sales"}], arms={"column": "arm", "control": "none"},
    ... )
    >>> arm = pd.Series(np.resize(["none", "one", "two"], 300))
    >>> rows = [
    ...     {"customer_id": i, "period": m, "estimate": rng.normal(9, 1) + (a == "two") * (k > 2)}
    ...     for i, a in arm.items() for k, m in enumerate(months)
    ... ]
    >>> found = compare_arms(pd.DataFrame(rows), case, arm)
    >>> found.findings()[0].text
    'Of 2 versions, two did better than no measure, allowing for the 3 comparisons made.'
    """
    people = people_of(records, case, arm)
    names = names_of(people["arm"], case)
    index = np.asarray(people["arm"].map({name: k for k, name in enumerate(names)}), dtype=np.int64)
    known = known_of(people, case, units)
    y = _parts(people, index)
    means = arm_means(y, index, len(names), known)
    pairs = [(b, a) for a, b in combinations(range(len(names)), 2)]
    weights = np.array([np.eye(len(names))[a] - np.eye(len(names))[b] for a, b in pairs])
    estimate, covariance = means.contrast(weights)
    judged = together(estimate, covariance, means.df, level)
    base = np.array([means.mean[b] for _, b in pairs])
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(base > 0, estimate / base, np.nan)
    contrasts = pd.DataFrame(
        {
            "arm": [names[a] for a, _ in pairs],
            "against": [names[b] for _, b in pairs],
            "estimate": judged.estimate,
            "low": judged.low,
            "high": judged.high,
            "relative": relative,
            "p": judged.p,
        }
    )
    counts = np.bincount(index, minlength=len(names))
    sizes = pd.DataFrame({"arm": names, "n": counts, "mean": means.mean})
    segments, differ = pd.DataFrame(), dict[str, float]()
    if case.by is not None:
        column = columns_of(units, [case.by], people.index)[case.by]
        within = index * (column.nunique() + 1) + pd.factorize(column)[0] + 1
        y = _parts(people, np.unique(within, return_inverse=True)[1])
        segments, differ = _segments(y, index, names, known, column, level)
    drawn = np.asarray(arm[arm.notna()].map(str).value_counts().reindex(names), dtype=np.int64)
    return Arms(
        outcome,
        sizes,
        contrasts,
        max(means.gain, 0.0),
        segments,
        case.by or "",
        differ,
        _sample_ratio(drawn, names, case),
        direction,
        kind,
    )


def arms_of(
    case: Case, records: pd.DataFrame, treated: pd.Index, units: pd.DataFrame | None
) -> pd.Series:
    """Name the arm of each customer: by the card's column, else with the measure and without it.

    Raises
    ------
    CaseError
        The customers' table does not have the card's column.
    """
    people = pd.Index(records["customer_id"].unique())
    if case.arms is None:
        return pd.Series(np.where(people.isin(treated), MEASURE, NOTHING), index=people)
    own = columns_of(units, [case.arms.column], people)[case.arms.column]
    control = NOTHING if case.arms.control is None else str(case.arms.control)
    named = own.map(str, na_action="ignore")
    # an empty field is no measure, unless the card names another control
    return named.fillna(control) if case.arms.control is None else named


def people_of(records: pd.DataFrame, case: Case, arm: pd.Series) -> pd.DataFrame:
    """Mean outcome of each customer `before` and `after` the start, and the `arm`."""
    periods = pd.Index(records["period"].unique()).sort_values()
    before, after = np.zeros((2, len(periods)), dtype=bool)
    if seen_after_alone(case, records):
        after = ~after
    else:
        before, after = split_periods(periods, case.start)
    values = records.assign(estimate=pd.to_numeric(records["estimate"], errors="coerce"))

    def mean(chosen: Mask) -> pd.Series:
        rows = values[values["period"].isin(periods[chosen])]
        return rows.groupby("customer_id")["estimate"].mean()

    if is_ratio(records):
        people = _in_ratio(values, periods, before, after)
    else:
        people = pd.DataFrame({"after": mean(after), "before": mean(before)})
    people["arm"] = arm.reindex(people.index).map(str, na_action="ignore")
    return people.dropna(subset=["after", "arm"])


def _in_ratio(values: pd.DataFrame, periods: pd.Index, before: Mask, after: Mask) -> pd.DataFrame:
    """Add up what customers had after the start, and give their parts in the ratios of all."""
    values = values.dropna(subset=["estimate"])
    values = values.assign(_sum=values["estimate"] * values["n"])
    sides = {}
    for name, chosen in (("before", before), ("after", after)):
        rows = values[values["period"].isin(periods[chosen])].groupby("customer_id")[["_sum", "n"]]
        summed = rows.sum()
        everybody = np.zeros(len(summed), dtype=np.int64)
        part = linearised(summed["_sum"].to_numpy(), summed["n"].to_numpy(dtype=float), everybody)
        sides[name] = summed.assign(part=part)
    late = sides["after"].rename(columns={"_sum": "total", "n": "number", "part": "after"})
    return late.join(sides["before"]["part"].rename("before"), how="outer")


def _parts(people: pd.DataFrame, group: NDArray[np.int_]) -> Array:
    """Outcome of each customer; of a ratio of totals their part in that of their group."""
    if "number" not in people:
        return people["after"].to_numpy(dtype=float)
    return linearised(people["total"].to_numpy(), people["number"].to_numpy(), group)


def names_of(arm: pd.Series, case: Case) -> list[str]:
    """Name the arms, the control first.

    Raises
    ------
    CaseError
        There is one arm, or none of them is the control.
    """
    names = sorted(arm.unique())
    control = None if case.arms is None else case.arms.control
    first = NOTHING if control is None else str(control)
    if len(names) < 2 or (case.arms is not None and first not in names):
        raise CaseError(
            "the arms are {names}, and none of them is the control {control}"
            if len(names) > 1
            else "there is one arm, {names}",
            where=f"cases.{case.name}.arms",
            remedy="name by `control` the value that stands for no measure",
            names=", ".join(names),
            control=repr(first),
        )
    return [first, *(name for name in names if name != first)]


def known_of(people: pd.DataFrame, case: Case, units: pd.DataFrame | None) -> Array:
    """Lay out what was known before: history, whether there was any, what the card names."""
    return numbers_of(known_before(people, list(case.adjust), units))


def known_before(
    people: pd.DataFrame, named: list[str], units: pd.DataFrame | None
) -> pd.DataFrame:
    """History of each customer's outcome, whether there was any, and columns that are named."""
    known = people[["before"]]
    if 0 < people["before"].isna().sum() < len(people):
        known = known.assign(new=people["before"].isna().astype(float))
    return pd.concat([known, columns_of(units, named, people.index)], axis=1)


def _segments(
    y: Array,
    index: NDArray[np.int_],
    names: list[str],
    known: Array,
    column: pd.Series,
    level: float,
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Effect of each arm in each segment, and whether these are equal."""
    label = column.map(str, na_action="ignore").fillna("-")
    rows: list[dict[str, Any]] = []
    estimates: list[float] = []
    variances: list[float] = []
    for segment in label.value_counts().index[:_MOST_SEGMENTS]:
        own = (label == segment).to_numpy()
        for a in range(1, len(names)):
            pair = own & ((index == 0) | (index == a))
            side = (index[pair] == a).astype(int)
            if np.bincount(side, minlength=2).min() < _FEWEST_OF_SEGMENT:
                continue
            x = known[pair]
            means = arm_means(y[pair], side, 2, x[:, np.ptp(x, axis=0) > 0])
            estimate, covariance = means.contrast(np.array([[-1.0, 1.0]]))
            size = {"segment": segment, "arm": names[a], "n": int(pair.sum())}
            rows.append({**size, "base": float(means.mean[0])})
            estimates.append(float(estimate[0]))
            variances.append(float(covariance[0, 0]))
    if not rows:
        return pd.DataFrame(), {}
    table, tau, var = pd.DataFrame(rows), np.array(estimates), np.array(variances)
    # segments share no customer, arms of one segment share its control: as if all were apart
    judged = together(tau, np.diag(var), float(max(table["n"].min() - 2, 1)), level)
    table = table.assign(estimate=tau, low=judged.low, high=judged.high)
    raw: dict[str, float] = {}
    for name in names[1:]:
        own = (table["arm"] == name).to_numpy()
        if own.sum() > 1:
            w = 1 / var[own]
            spread = float(w @ np.square(tau[own] - w @ tau[own] / w.sum()))
            raw[name] = float(chi2.sf(spread, own.sum() - 1))
    return table, dict(zip(raw, holm(list(raw.values())).tolist(), strict=True))


def _sample_ratio(counts: NDArray[np.int_], names: list[str], case: Case) -> float:
    """Chance of sizes as unequal as these by the planned lot; NaN where no plan is known."""
    if case.arms is None:
        return float("nan")
    planned = case.arms.shares
    share = np.array([1.0 if planned is None else float(planned.get(n, 0)) for n in names])
    if not (share > 0).all():
        raise CaseError(
            "no share is planned for the arm {name}",
            where=f"cases.{case.name}.arms.shares",
            remedy="give each arm its share of the lot",
            name=repr(names[int(np.argmin(share))]),
        )
    expected = counts.sum() * share / share.sum()
    return float(chi2.sf(float((np.square(counts - expected) / expected).sum()), len(names) - 1))
