"""A measure planned before it starts: whom to treat, what could be seen and when, at what cost."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.stats import chi2

from workbench.arrays import Array
from workbench.impact.experiment.blocks import (
    Index,
    blocks_by_history,
    covariates_of,
    draw_within,
    history_of,
    residual_df,
    within,
)
from workbench.impact.inputs.level import higher_columns
from workbench.impact.inputs.panel import CaseError, check_columns, read_cells, split_periods
from workbench.impact.power import POWER, detectable, power_of
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled
from workbench.study import Case

LOT: Final = "at random among all"
PAIRS: Final = "at random within blocks of like history"
STRATA: Final = "at random within {column}"
WITHIN: Final = "at random within a column"
#: Gain, in the smallest visible effect, below which a plain lot does as well.
WORTH_BLOCKS: Final = 0.05
# And beyond that, by how little the history tells: over its degrees of freedom. Of the ways the one
# that seems best is taken, which seems better than it is.
_DOUBT: Final = 0.75
_FEWEST_UNITS: Final = 6
_RANGE: Final = 0.95
_POINTS: Final = 15
_SHARED: Final = 1.5
#: What is said of a plan.
SAID: Final = {
    "who": "Treat {n} of {total} units, drawn {method}.",
    "gain": "Blocks show an effect {gain} smaller than a lot among all would.",
    "no gain": "A lot among all does as well: the best blocks would show an effect {gain} smaller.",
    "in doubt": "The best blocks seem to show an effect {gain} smaller, but by chance so short a"
    " history may seem so: a lot among all is drawn.",
    "seen": "After {periods} periods an effect of {size} or more is seen with a probability of"
    " {power}.",
    "claim": "The claim of {claimed} is then seen with a probability between {low} and {high}.",
    "never": "Even after {periods} periods the claim of {claimed} is seen with a probability of"
    " {chance} only.",
    "when": "The claim of {claimed} is seen with a probability of {power} from {first} periods on.",
    "success": "What counts as success: the 95% interval of the effect on {outcome}, "
    "compared within the blocks of the random choice at the same history, lies "
    "wholly on the right side of zero after {periods} periods.",
    "cost": "It costs {cost} until then.",
    "seed": "The list is drawn with the seed {seed}; the same seed draws it again.",
    "short": "The history bears a time of {n} periods only; longer ones are told as if they showed"
    " no more than that.",
}


@dataclass(frozen=True)
class Way:
    """One way to draw the treated.

    Attributes
    ----------
    name : str
    column : str
        Of the strata; empty for others.
    block : ndarray of int, shape (units,)
    """

    name: str
    column: str
    block: Index


@dataclass(frozen=True)
class CasePlan(Result):
    """A measure planned; `plan_assignment` makes it.

    Attributes
    ----------
    outcome : str
    ways : DataFrame
        `way`, `column`, `blocks`, `detectable` (relative), `gain` (beside a lot among all) and
        `chosen`.
    course : DataFrame
        `periods`, `detectable` (relative), `estimate` (chance to see the claim), `low`, `high`.
    assignment : DataFrame
        The unit's column, `block`, `treated`.
    way : Way
    n_treated, periods, seed : int
    claimed : float or None
    base : float
        Level of the outcome in the last periods.
    cost : Estimate or None
        Until the end of the periods.
    borne : int
        Longest time after the start that the history can stand for.
    power : float
    """

    outcome: str
    ways: pd.DataFrame
    course: pd.DataFrame
    assignment: pd.DataFrame
    way: Way
    n_treated: int
    periods: int
    seed: int
    claimed: float | None
    base: float
    cost: Estimate | None
    borne: int
    power: float = POWER

    @property
    def table(self) -> pd.DataFrame:
        """Ways to draw the treated, and what each could show."""
        return labelled(
            self.ways, way="Who is treated",
            column="Column", blocks="Blocks",
            detectable=("Smallest detectable effect", "percent:1"),
            gain=("Smaller than at random among all", "percent:0"), chosen="Chosen",
        )  # fmt: skip

    @property
    def when(self) -> pd.DataFrame:
        """What could be seen after how many periods."""
        return labelled(
            self.course, periods="Periods after",
            detectable=("Smallest detectable effect", "percent:1"),
            estimate=("Probability of detecting the claimed effect", "percent:0"),
        )  # fmt: skip

    @property
    def listed(self) -> pd.DataFrame:
        """Groups and whether they get the measure; customers stand in the run's results alone."""
        if "customer_id" in self.assignment:
            return pd.DataFrame()
        who = str(self.assignment.columns[0])
        gets = self.assignment["treated"].map({True: "treated", False: "comparison"})
        return labelled(
            self.assignment.assign(treated=gets), block="Block", treated="Drawn", **{who: "Unit"}
        )

    @property
    def last(self) -> pd.Series:
        """What could be seen at the end."""
        return self.course.iloc[-1]

    @property
    def facts(self) -> dict[str, Any]:
        """What a register keeps: how the treated are drawn, what could be seen, the list's hash."""
        last, listed = self.last, self.assignment.to_json(orient="split", index=False)
        facts = {
            "drawn": self.way.name.format(column=self.way.column),
            "treated": self.n_treated,
            "units": len(self.assignment),
            "periods": self.periods,
            "seed": self.seed,
            "detectable": round(float(last["detectable"]), 4),
            "list": sha256(listed.encode()).hexdigest(),
        }
        if self.claimed:
            ends = (last["estimate"], last["low"], last["high"])
            facts["chance"] = [round(float(end), 3) for end in ends]
        return facts

    def estimates(self) -> dict[str, Estimate]:
        """Return the smallest visible effect at the end, and the chance to see the claim."""
        last = self.last
        found = {
            "detectable": Estimate(
                last["detectable"], kind="percent", label="Smallest detectable effect, relative"
            )
        }
        if self.claimed:
            found["power"] = Estimate(
                last["estimate"], last["low"], last["high"], level=_RANGE, kind="percent",
                label="Probability of detecting the claimed effect",
            )  # fmt: skip
        return found

    def findings(self) -> list[Finding]:
        """Return whom to treat, what could be seen and when, its cost, and what success is."""
        units, last = len(self.assignment), self.last
        name: Any = self.way.name
        if self.way.column:
            name = Finding("plan.way", STRATA, {"column": {"en": _words(self.way.column)}})
        found = [
            Finding("plan", SAID["who"], {"n": self.n_treated, "total": units, "method": name})
        ]
        best = float(self.ways["gain"].max())
        if len(self.ways) > 1:
            gained = {"gain": Estimate(max(best, 0.0), kind="percent", digits=0)}
            left = "no gain" if best < WORTH_BLOCKS else "in doubt"
            key = "gain" if self.way.name != LOT else left
            found.append(Finding("plan.gain", SAID[key], gained))
        power = Estimate(self.power, kind="percent", digits=0)
        size = Estimate(last["detectable"], kind="percent", digits=1)
        seen = {"periods": self.periods, "size": size, "power": power}
        found.append(Finding("plan.seen", SAID["seen"], seen))
        if self.claimed:
            claimed = Estimate(self.claimed, kind="percent", signed=True, digits=0)
            low, high = (Estimate(last[e], kind="percent", digits=0) for e in ("low", "high"))
            said: dict[str, Any] = {"claimed": claimed, "low": low, "high": high}
            found.append(Finding("plan.claim", SAID["claim"], said))
            enough = self.course[self.course["estimate"] >= self.power]
            if enough.empty:
                chance = Estimate(last["estimate"], kind="percent", digits=0)
                said = {"claimed": claimed, "chance": chance, "periods": self.periods}
                found.append(Finding("plan.when", SAID["never"], said, severity="warning"))
            else:
                first = int(enough["periods"].iloc[0])
                said = {"claimed": claimed, "power": power, "first": first}
                found.append(Finding("plan.when", SAID["when"], said))
        said = {"outcome": self.outcome, "periods": self.periods}
        found.append(Finding("plan.success", SAID["success"], said))
        if self.cost is not None:
            found.append(Finding("plan.cost", SAID["cost"], {"cost": self.cost}))
        if self.borne < self.periods:
            found.append(
                Finding("plan.short", SAID["short"], {"n": self.borne}, severity="warning")
            )
        return [*found, Finding("plan.seed", SAID["seed"], {"seed": str(self.seed)})]

    def picture(self) -> Picture:
        """Show the smallest effect that could be seen, by how long is waited."""
        return Picture(
            self.plot, "How large must an effect be to be seen?", "By periods after the start",
            self.when,
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw the smallest visible effect against the periods waited."""
        ax, t = ax or plt.gca(), speak(language)
        ax.plot(self.course["periods"], 100 * self.course["detectable"], marker="o", markersize=3)
        if self.claimed:
            ax.axhline(100 * abs(self.claimed), linewidth=0.8, linestyle=":")
            ax.annotate(
                t("claim"), (1, 100 * abs(self.claimed)), xycoords=("axes fraction", "data"),
                xytext=(-4, 4), textcoords="offset points", ha="right", fontsize="small",
            )  # fmt: skip
        ax.set_ylim(bottom=0)
        ax.set_xlabel(t("Periods after the start"))
        ax.set_ylabel(t("Smallest detectable effect, %"))
        return ax


def plan_assignment(
    records: pd.DataFrame,
    case: Case,
    *,
    units: pd.DataFrame | None = None,
    outcome: str = "",
    claimed: float | None = None,
    currency: str = "",
    power: float = POWER,
    level: float = 0.95,
) -> CasePlan:
    """Plan a measure on units: draw whom to treat, and tell what could be seen and when.

    Each way to draw (among all, within a column of the units, within blocks of like history) is
    tried on the study's own history: its time is cut into stretches as long as the measure would
    be watched, and each stretch is foretold from the one before, within the blocks that would have
    been made then. What is left over is what an effect would have to stand out from. The way that
    shows the smallest effect is taken where that is smaller than by lot among all by 5 % and more
    than so long a history may show by chance.

    Parameters
    ----------
    records : DataFrame
        One row a unit and period: the unit's column, `period`, `estimate`; the time after the
        start of the case is not looked at.
    case : Case
        Its `plan` says how many units may be treated, for how many periods, and with which seed
        the list is drawn.
    units : DataFrame, optional
        The customers' table, whose columns may be strata.

    Raises
    ------
    CaseError
        Fewer than six units, or fewer than two stretches of history.

    References
    ----------
    Bruhn, McKenzie (2009), American Economic Journal: Applied Economics 1(4), 200-232; Li, Ding
    (2020), Journal of the Royal Statistical Society B 82(1), 241-268 (draws that are drawn again
    until they balance gain nothing beside an analysis adjusted for the same history).

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from workbench.impact import plan_assignment
    >>> from workbench.study import Case
    >>> rng = np.random.default_rng(1)
    >>> months = pd.date_range("2024-01-01", periods=24, freq="MS")
    >>> rows = pd.DataFrame([
    ...     {"city": c, "period": m, "estimate": rng.normal(20 + c, 1)}
    ...     for c in range(12) for m in months
    ... ])
    >>> case = Case(
    ...     name="desk", title="Desk", start="2026-01-01", chosen="random", unit="city",
    ...     outcomes=[{"indicator": "sales"}], plan={"treated": 6, "periods": 6},
    ... )
    >>> planned = plan_assignment(rows, case, outcome="sales", claimed=0.1)
    >>> int(planned.assignment["treated"].sum()), len(planned.course)
    (6, 6)
    """
    assert case.plan is not None
    history = read_history(records, case)
    n = len(history.units)
    treated = case.plan.treated or n // 2
    if not 2 <= treated <= n - 2:
        raise CaseError(
            "{treated} of {n} units cannot be compared with the others",
            where=f"cases.{case.name}.plan.treated",
            remedy="treat two at least, and leave two at least",
            treated=treated,
            n=n,
        )
    periods = case.plan.periods
    borne = history.outcome.shape[1] // 2
    ways = _ways(history, records, units, case, treated, min(periods, borne))
    base = float(np.nanmean(history.outcome[:, -min(periods, borne) :]))
    spreads = [_spread(history, way, treated, min(periods, borne)) for way in ways]
    sizes = [detectable(s.se, s.df, power=power, level=level) for s in spreads]
    gains = [1 - size / sizes[0] for size in sizes]
    worth = [
        gain >= WORTH_BLOCKS + _DOUBT / spread.known
        for gain, spread in zip(gains, spreads, strict=True)
    ]
    best = int(np.argmin([size if ok else np.inf for size, ok in zip(sizes, worth, strict=True)]))
    best = best if any(worth) else 0
    table = pd.DataFrame(
        {
            "way": [WITHIN if w.column else w.name for w in ways],
            "column": [_words(w.column) for w in ways],
            "blocks": [len(np.unique(w.block)) for w in ways],
            "detectable": [size / abs(base) for size in sizes],
            "gain": gains,
            "chosen": [k == best for k in range(len(ways))],
        }
    )
    way, rows = ways[best], []
    for k in range(1, periods + 1):
        own = _spread(history, way, treated, min(k, borne))
        size = detectable(own.se, own.df, power=power, level=level) / abs(base)
        chances = own.chances((claimed or 0.0) * base, level)
        rows.append([k, size, *(chances if claimed else [np.nan] * 3)])
    course = pd.DataFrame(rows, columns=["periods", "detectable", "estimate", "low", "high"])
    chosen = draw_within(way.block, treated, np.random.default_rng(case.plan.seed))
    who = case.group or "customer_id"
    assignment = pd.DataFrame({who: history.units, "block": way.block + 1, "treated": chosen})
    return CasePlan(
        outcome, table, course, assignment, way, treated, periods, case.plan.seed, claimed, base,
        _cost(case, treated, periods, currency), borne, power,
    )  # fmt: skip


@dataclass(frozen=True)
class History:
    """Outcome of units before the start: (units, periods), without gaps."""

    outcome: Array
    units: pd.Index


def read_history(records: pd.DataFrame, case: Case) -> History:
    """Read what is known before the start of units that were seen all the time.

    Raises
    ------
    CaseError
        Too few units or periods.
    """
    who = case.group or "customer_id"
    check_columns(records, [who, "period", "estimate"])
    cells = read_cells(records, unit=who, period="period", outcome="estimate", weight=None)
    before = np.ones(len(cells.periods), dtype=bool)
    try:
        before, _ = split_periods(cells.periods, case.start)
    except CaseError:
        if pd.Timestamp(case.start) <= pd.Timestamp(cells.periods[0]):
            raise
    outcome = cells.outcome[:, before]
    seen = np.isfinite(outcome)
    kept = seen.mean(axis=1) >= 0.8
    outcome = np.where(seen, outcome, np.nan)[kept]
    mean = np.nanmean(outcome, axis=1, keepdims=True) if kept.any() else np.zeros((0, 1))
    if len(outcome) < _FEWEST_UNITS or outcome.shape[1] < 2:
        raise CaseError(
            "{n} units were seen for {periods} periods before the start",
            where="outcome table",
            remedy="six units and two periods are needed to plan a measure",
            n=len(outcome),
            periods=outcome.shape[1],
        )
    # a gap counts as the unit's own mean beside what the period was for the others
    of_period = np.nanmean(outcome - mean, axis=0, keepdims=True)
    return History(np.where(np.isfinite(outcome), outcome, mean + of_period), cells.units[kept])


def _ways(
    history: History,
    records: pd.DataFrame,
    units: pd.DataFrame | None,
    case: Case,
    treated: int,
    length: int,
) -> list[Way]:
    n = len(history.units)
    ways = [Way(LOT, "", np.zeros(n, dtype=np.int64))]
    columns = higher_columns(records, units, case.group or "customer_id", history.units)
    for column in columns:
        block = pd.factorize(columns[column].reindex(history.units).astype(str))[0]
        if 1 < block.max() + 1 <= min(treated, n - treated):
            ways.append(Way(STRATA, str(column), np.asarray(block, dtype=np.int64)))
    pairs = blocks_by_history(history.outcome[:, -length:].mean(axis=1), treated)
    ways.append(Way(PAIRS, "", pairs))
    k = covariates_of(n)
    return [w for w in ways if residual_df(n, w.block, k) - 1 >= 2]


@dataclass(frozen=True)
class Spread:
    """How much an effect would err.

    Attributes
    ----------
    se, df : float
        Standard error, and degrees of freedom of its answer.
    known : float
        Degrees of freedom with which the history tells the standard error.
    """

    se: float
    df: float
    known: float

    def factor(self, quantile: float) -> float:
        """By what the standard error may be off."""
        return float(np.sqrt(self.known / chi2.ppf(1 - quantile, self.known)))

    def chances(self, effect: float, level: float) -> tuple[float, float, float]:
        """Chance that an effect is seen, over all that the standard error may be; and its range."""
        places = (np.arange(_POINTS) + 0.5) / _POINTS
        may = [power_of(effect, self.se * self.factor(q), self.df, level=level) for q in places]
        ends = [self.factor(q) for q in ((1 + _RANGE) / 2, (1 - _RANGE) / 2)]
        low, high = (power_of(effect, self.se * f, self.df, level=level) for f in ends)
        return float(np.mean(may)), low, high


def _spread(history: History, way: Way, treated: int, length: int) -> Spread:
    """Read off the history how much an effect over so many periods would err."""
    outcome, n = history.outcome, len(history.units)
    left = df = 0.0
    block = way.block
    # where all that was before the last stretch is adjusted for, it must be there
    least = (1 + covariates_of(n)) * length
    for end in range(outcome.shape[1], min(least, outcome.shape[1]) - 1, -length):
        after = outcome[:, end - length : end].mean(axis=1)
        before = history_of(outcome[:, : end - length], length)
        if way.name == PAIRS:
            block = blocks_by_history(before[:, 0], treated)
        x, y = within(before, block), within(after, block)
        x = x[:, np.ptp(x, axis=0) > 0]
        residual = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
        left += float(residual @ residual)
        df += residual_df(n, block, x.shape[1])
    sizes = np.bincount(way.block)
    share = treated / n
    k = covariates_of(n)
    room = residual_df(n, way.block, k) - 1
    # the lot is not quite balanced in its history, which costs a little
    uneven = (room + k) / room
    spent = float((sizes * share * (1 - share)).sum())
    se = float(np.sqrt(left / df * uneven / spent))
    # stretches that follow one another share what they are foretold from
    return Spread(se, float(room), df / _SHARED)


def _cost(case: Case, treated: int, periods: int, currency: str) -> Estimate | None:
    if case.costs is None:
        return None
    costs = case.costs
    parts = [(costs.once, 1.0), (costs.per_period, float(periods))]
    if case.group is None:
        parts.append((costs.per_customer, float(periods * treated)))
    total = np.zeros(3)
    for amount, times in parts:
        if amount is not None:
            total += times * np.array(_ends(amount))
    value, low, high = map(float, total)
    if low == high:
        low = high = float("nan")
    return Estimate(value, low, high, kind="money", unit=currency, label="Cost")


def _ends(amount: Any) -> tuple[float, float, float]:
    if isinstance(amount, int | float):
        return float(amount), float(amount), float(amount)
    low = amount.amount if amount.low is None else amount.low
    high = amount.amount if amount.high is None else amount.high
    return amount.amount, low, high


def _words(column: str) -> str:
    return column.replace("_", " ")
