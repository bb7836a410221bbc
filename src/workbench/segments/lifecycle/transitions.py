"""How customers move between stages or segments from one day to the next, and where that leads.

References
----------
Anderson, Goodman (1957), Statistical Inference about Markov Chains, Annals of Mathematical
Statistics 28(1), 89-110. Goodman (1965), On Simultaneous Confidence Intervals for Multinomial
Proportions, Technometrics 7(2), 247-254. Kemeny, Snell (1976), Finite Markov Chains, section 4.3
(the fundamental matrix). Meyer (1975), SIAM Review 17(3), 443-464 (perturbation of the limit).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import connected_components
from scipy.special import chdtrc, expit, logit

from workbench.arrays import Array, Index, Mask
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled, named_estimates
from workbench.segments.lifecycle.stages import STAGES, StageRules, history_days, stage_history
from workbench.segments.purchase_days import PurchaseDays
from workbench.stats.intervals import normal_quantile, wilson

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Method = Literal["goodman", "wilson"]

WOKEN = "Of 100 dormant customers, {n} are back {days} days later"
HOW = "How customers move between stages"
NOT_THE_SAME = (
    "The moves have not been the same over time, so the long run is no forecast: it says where "
    "today's habits would lead."
)
TRAPPED = (
    "In this log some stages are never left, so where the moves lead depends on where one starts, "
    "and no interval can be given."
)


@dataclass(frozen=True)
class Transitions(Result):
    """Moves between states over one step, pooled over the steps observed.

    Attributes
    ----------
    table : DataFrame
        One row a pair of states: from, to, n (moves), of (all who were in `from`), share, low,
        high.
    steady : DataFrame
        One row a state: state, now (share on the last day), next (share a step later), estimate,
        low, high (share in the long run, if the moves stay as they are).
    states : tuple of str
        In order.
    steps : int
        Steps that were pooled.
    unique : bool
        Whether the long run is the same wherever one starts. If not, `steady` is what follows
        from today's shares, and has no interval.
    stable_p : float
        p-value of the hypothesis that all steps have the same moves (chi-squared); NaN for one
        step. A small one says that the long run is a thought experiment.
    entered : int
        Customers who were not there on the first day and came later.
    step : int
        Days from one day to the next; zero where the columns are no days.
    """

    table: pd.DataFrame
    steady: pd.DataFrame
    states: tuple[str, ...]
    steps: int
    unique: bool
    stable_p: float
    entered: int
    step: int = 0

    @property
    def matrix(self) -> pd.DataFrame:
        """Shares with one row a state before and one column a state after."""
        wide = self.table.pivot_table(index="from", columns="to", values="share", dropna=False)
        return wide.reindex(index=list(self.states), columns=list(self.states))

    def share(self, before: str, after: str) -> Estimate:
        """Share of those in one state who are in another a step later; `n` of them at the start."""
        for state in (before, after):
            if state not in self.states:
                raise DataError(
                    f"there is no state {state!r}", remedy=f"states: {', '.join(self.states)}"
                )
        row = self.table[(self.table["from"] == before) & (self.table["to"] == after)].iloc[0]
        numbers = (float(row[c]) for c in ("share", "low", "high", "of"))
        return Estimate(*numbers, kind="percent")

    def stay(self) -> pd.DataFrame:
        """For each state, the share who are still there a step later."""
        t = self.table[(self.table["from"] == self.table["to"]) & (self.table["of"] > 0)]
        return t[["from", "of", "share", "low", "high"]].rename(columns={"from": "state"})

    def estimates(self) -> dict[str, Estimate]:
        """Long-run share of each state."""
        return named_estimates(self.steady, "state", kind="percent")

    def findings(self) -> list[Finding]:
        """How many dormant customers come back, and whether the long run can be read."""
        known = {"Dormant", "Returned"} <= set(self.states)
        back = self.share("Dormant", "Returned") if known else None
        found = [Finding("lifecycle.moves", HOW)]
        if back is not None and back.n and self.step:
            values = {"n": Estimate(100 * back.value, digits=0), "days": self.step}
            found = [Finding("lifecycle.moves", WOKEN, values, estimates={"back": back})]
        if self.stable_p < 0.01:
            found.append(Finding("lifecycle.moves.changing", NOT_THE_SAME))
        if not self.unique:
            found.append(Finding("lifecycle.moves.trapped", TRAPPED))
        return found

    def picture(self) -> Picture:
        """Draw the moves between stages."""
        return Picture(
            self.plot,
            "Where customers go from where they stand",
            "Share of the customers of a stage, {days} days later",
            self.table[self.table["of"] > 0],
            {"days": self.step},
        )

    def long_run(self) -> Picture:
        """Where the moves lead."""
        return Picture(
            self.plot_steady,
            "Where today's habits would lead without new customers",
            "Share of customers by stage",
            self.steady,
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Map of the moves: rows are states before, columns states after, shares written in."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        seen = [s for s in self.states if (self.table.loc[self.table["from"] == s, "of"] > 0).any()]
        shares = self.matrix.loc[seen].to_numpy(dtype=float)
        ax.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for (i, j), share in np.ndenumerate(shares):
            if share >= 0.005:
                # white letters on dark cells, dark ones on light: both above 4.5 to 1
                colour = "white" if share > 0.55 else "#1a1a1a"
                told = say.percent(share, 0)
                ax.text(j, i, told, ha="center", va="center", color=colour, fontsize=8)
        names = [say.name(state) for state in self.states]
        ax.set_xticks(range(len(names)), names, rotation=35, ha="right")
        ax.set_yticks(range(len(seen)), [say.name(state) for state in seen])
        ax.set_xlabel(say("Stage a step later"))
        ax.set_ylabel(say("Stage before"))
        ax.grid(visible=False)
        return ax

    def plot_steady(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Dots: share of each state now, and bars with intervals: in the long run."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.steady[(self.steady["now"] > 0) | (self.steady["estimate"] > 0)].iloc[::-1]
        at = np.arange(len(t))
        ax.barh(at, t["estimate"], height=0.55, alpha=0.7, label=say("In the long run"))
        sides = [t["estimate"] - t["low"], t["high"] - t["estimate"]]
        ax.errorbar(
            t["estimate"], at, xerr=sides, fmt="none", ecolor=plt.rcParams["text.color"], lw=1
        )
        ax.plot(t["now"], at, "D", markersize=6, label=say("Today"))
        ax.set_yticks(at, [say.name(state) for state in t["state"]])
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.set_xlim(left=0)
        ax.grid(visible=False, axis="y")
        ax.legend(frameon=False)
        return ax


def stage_transitions(log: PurchaseDays, *, as_of: object, rules: StageRules) -> Transitions:
    """Count the moves between stages of life, over days a dormancy period apart.

    Parameters
    ----------
    log : PurchaseDays
    as_of : date
        The last of the days.
    rules : StageRules
        Of the stages.

    Raises
    ------
    DataError
        The log is shorter than two dormancy periods.
    """
    step = rules.dormant_after
    if log.span < 2 * step:
        raise DataError(
            f"the log spans {log.span} days, less than twice {step}", remedy="observe longer"
        )
    days = history_days(log, as_of=as_of, step=step)
    return transitions(stage_history(log, days, rules=rules), states=STAGES[1:])


def transitions(
    stages: pd.DataFrame,
    *,
    states: Sequence[str] | None = None,
    method: Method = "wilson",
    level: float = 0.95,
) -> Transitions:
    """Count the moves from one day to the next.

    Parameters
    ----------
    stages : DataFrame
        One row a customer, one column a day, in order of time and equally far apart; holds the
        customer's state on that day, missing before the customer was known.
    states : sequence of str, optional
        The states in their order; those that occur, sorted, by default.
    method : {"wilson", "goodman"}
        Intervals for each cell alone, or for all cells of a row together.
    level : float
        Confidence.

    Raises
    ------
    DataError
        Fewer than two days, nobody present on two days running, a state that is not listed.
    """
    codes, names = _codes(stages, states)
    k, steps = len(names), codes.shape[1] - 1
    counts = np.zeros((steps, k, k))
    for step in range(steps):
        before, after = codes[:, step], codes[:, step + 1]
        seen = (before >= 0) & (after >= 0)
        counts[step] = np.bincount(before[seen] * k + after[seen], minlength=k * k).reshape(k, k)
    total = counts.sum(axis=0)
    if not total.any():
        raise DataError(
            "no customer has a state on two days running",
            remedy="give one row a customer, with the same customers on both days",
        )
    if method not in ("wilson", "goodman"):
        raise DataError(f"method is {method!r}", remedy="choose wilson or goodman")
    of = total.sum(axis=1)
    # Goodman's limits are Wilson's with the error shared out among the cells of a row.
    cell_level = 1 - (1 - level) / k if method == "goodman" else level
    low, high = wilson(total, np.repeat(of[:, None], k, axis=1), level=cell_level)
    share = np.divide(total, of[:, None], out=np.full((k, k), np.nan), where=of[:, None] > 0)
    table = pd.DataFrame(
        {
            "from": np.repeat(names, k),
            "to": np.tile(names, k),
            "n": total.ravel().astype(int),
            "of": np.repeat(of, k).astype(int),
            "share": share.ravel(),
            "low": low.ravel(),
            "high": high.ravel(),
        }
    )
    steady, unique = _steady(total, codes[:, -1], names, level)
    first = codes[:, 0]
    days = pd.to_datetime(stages.columns) if all(map(_is_day, stages.columns)) else None
    return Transitions(
        labelled(
            table,
            **{"from": "Stage before", "to": "Stage after", "n": "Customers", "of": "Of"},
            share=("Share", "percent"),
        ),
        steady,
        tuple(names),
        steps,
        unique,
        _same_throughout(counts),
        int(((first < 0) & (codes[:, -1] >= 0)).sum()),
        0 if days is None else int((days[1] - days[0]).days),
    )


def _is_day(name: object) -> bool:
    return isinstance(name, pd.Timestamp)


def _codes(stages: pd.DataFrame, states: Sequence[str] | None) -> tuple[Index, list[str]]:
    if stages.shape[1] < 2 or len(stages) == 0:
        raise DataError(
            f"there are {len(stages)} customers on {stages.shape[1]} days",
            remedy="give a column for each of at least two days",
        )
    found = pd.unique(pd.concat([stages[c].astype(object).dropna() for c in stages]))
    names = sorted(map(str, found)) if states is None else [str(s) for s in states]
    strange = sorted({str(s) for s in found} - set(names))
    if strange:
        raise DataError(f"state {strange[0]!r} is not listed", remedy=f"states: {', '.join(names)}")
    codes = np.column_stack(
        [pd.Categorical(stages[c].astype(object), categories=names).codes for c in stages]
    ).astype(np.intp)
    return codes, names


def _steady(total: Array, last: Index, names: list[str], level: float) -> tuple[pd.DataFrame, bool]:
    """Long-run shares, by the limit of the chain, with limits by the delta method."""
    k = len(names)
    of = total.sum(axis=1)
    # Where nobody was seen to leave a state from, it is taken to keep whoever gets there.
    moves = np.where(of[:, None] > 0, total / np.maximum(of, 1)[:, None], np.eye(k))
    now = np.bincount(last[last >= 0], minlength=k).astype(float)
    now = now / now.sum()
    # Half a step of standing still has the same limit and does away with going round in circles.
    limit = np.linalg.matrix_power((moves + np.eye(k)) / 2, 2**40)
    long_run = now @ limit
    long_run = np.clip(long_run, 0, None) / np.clip(long_run, 0, None).sum()
    reached = _reached(moves, now)
    unique = _recurrent_classes(moves[np.ix_(reached, reached)]) == 1
    low, high = np.where(reached, np.nan, 0.0), np.where(reached, np.nan, 0.0)
    if unique:
        low[reached], high[reached] = _delta_limits(
            moves[np.ix_(reached, reached)], of[reached], long_run[reached], level
        )
    steady = pd.DataFrame(
        {
            "state": names,
            "now": now,
            "next": now @ moves,
            "estimate": long_run,
            "low": low,
            "high": high,
        }
    )
    return labelled(
        steady, state="Stage", now=("Today", "percent"), next=("One step later", "percent"),
        estimate=("In the long run", "percent"),
    ), unique  # fmt: skip


def _reached(moves: Array, now: Array) -> Mask:
    """Find the states that can be reached from where the customers are."""
    ways = np.linalg.matrix_power((moves > 0).astype(float) + np.eye(len(now)), len(now))
    return np.asarray((ways[now > 0] > 0).any(axis=0))


def _recurrent_classes(moves: Array) -> int:
    """Count the groups of states that, once entered, are never left."""
    count, label = connected_components(moves > 0, directed=True, connection="strong")
    closed = 0
    for each in range(count):
        inside = np.asarray(label == each)
        closed += int(moves[np.ix_(inside, ~inside)].sum() == 0)
    return closed


def _delta_limits(moves: Array, of: Array, long_run: Array, level: float) -> tuple[Array, Array]:
    """Limits of the long-run shares: d pi = pi dP Z, rows of P independent multinomials."""
    k = len(long_run)
    fundamental = np.linalg.inv(np.eye(k) - moves + np.ones((k, 1)) @ long_run[None, :])
    variance = np.zeros(k)
    for i in range(k):
        if of[i] > 0 and long_run[i] > 0:
            spread = (np.diag(moves[i]) - np.outer(moves[i], moves[i])) / of[i]
            part = np.einsum("ji,jk,ki->i", fundamental, spread, fundamental)
            variance += long_run[i] ** 2 * part
    inside = (long_run > 1e-12) & (long_run < 1 - 1e-12)
    p = np.where(inside, long_run, 0.5)
    # On the logit scale the limits stay between 0 and 1.
    half = normal_quantile(level) * np.sqrt(np.clip(variance, 0, None)) / (p * (1 - p))
    low = np.where(inside, expit(logit(p) - half), long_run)
    high = np.where(inside, expit(logit(p) + half), long_run)
    return low, high


def _same_throughout(counts: Array) -> float:
    """p-value that all steps have one matrix (Anderson and Goodman, section 3.2)."""
    steps = counts.shape[0]
    if steps < 2:
        return float("nan")
    total = counts.sum(axis=0)
    of = total.sum(axis=1, keepdims=True)
    share = np.divide(total, of, out=np.zeros_like(total), where=of > 0)
    expected = counts.sum(axis=2, keepdims=True) * share
    statistic = float(
        np.divide((counts - expected) ** 2, expected, out=np.zeros_like(counts), where=expected > 0)
        .sum()
    )  # fmt: skip
    # rows that occur at a step, less the pooled one, times the columns that row can lead to
    present = (counts.sum(axis=2) > 0).sum(axis=0)
    df = int(((present - 1).clip(0) * ((total > 0).sum(axis=1) - 1).clip(0)).sum())
    return float(chdtrc(df, statistic)) if df > 0 else float("nan")
