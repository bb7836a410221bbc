"""Whether a study's own calls are what a queue's formula takes them for.

References
----------
Brown, Gans, Mandelbaum et al. (2005), Statistical analysis of a telephone call center, JASA 100,
36-50 (arrivals within short blocks of time; the hazard of hanging up); Cox, Lewis (1966), The
Statistical Analysis of Series of Events, section 6.3 (dispersion of counts).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from scipy.special import chdtrc, ndtr

from workbench.errors import DataError, require_columns
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Parts of an hour whose counts are compared.
_PARTS: Final = 4
#: A departure counts where chance seldom makes it and where it is large enough to matter.
_SELDOM: Final = 0.01
_UNEVEN: Final = 0.2
_TIMES: Final = 2.0
_SPREAD: Final = (0.5, 1.5)

ARRIVALS: Final = "Calls come at random within the hour"
PATIENCE: Final = "Patience does not depend on how long one has waited"
HANDLING: Final = "Handling times scatter as the formula has it"
HOLDS: Final = "holds"
FAILS: Final = "does not hold"
ROUGH: Final = "holds roughly"
UNKNOWN: Final = "cannot be told"

ALL_WELL: Final = "As far as the records show, calls meet the formula's assumptions"
REFUSED: Final = (
    "How many agents are needed is not told here, for what the formula takes for granted does not"
    " hold: {failed}"
)
NOBODY: Final = (
    "The log does not say who gave up: the plan takes it that nobody does, and asks for more agents"
    " than are needed"
)
MEANS: Final = {
    ARRIVALS: "counts of quarters of an hour; 1 is random variation",
    PATIENCE: "hang-ups a minute, highest over lowest quarter of the waits; 1 is the same",
    HANDLING: "standard deviation over mean; 1 is what the formula has",
}


@dataclass(frozen=True)
class QueueChecks(Result):
    """What a queue's formula takes for granted, held against the log.

    Attributes
    ----------
    table : DataFrame
        One row an assumption: check, measure (words), value, p (missing where it is not tested),
        verdict.
    """

    table: pd.DataFrame

    @property
    def failed(self) -> list[str]:
        """The assumptions that do not hold."""
        return [str(c) for c in self.table.loc[self.table["verdict"] == FAILS, "check"]]

    def estimates(self) -> dict[str, Estimate]:
        """Value of each check."""
        return {
            str(row["check"]): Estimate(float(row["value"]), p=float(row["p"]), n=float(row["n"]))
            for _, row in self.table.iterrows()
        }

    def findings(self) -> list[Finding]:
        """Say whether a plan may be made of it."""
        said = []
        if self.failed:
            values = {"failed": self.failed}
            said.append(Finding("service.queue", REFUSED, values, severity="refusal"))
        else:
            said.append(Finding("service.queue", ALL_WELL))
        patience = self.table.loc[self.table["check"] == PATIENCE, "verdict"]
        if (patience == UNKNOWN).any():
            said.append(Finding("service.queue.patience", NOBODY, severity="warning"))
        return said

    def picture(self) -> Picture:
        """Draw the checks."""
        return Picture(
            self.plot,
            "What a plan of agents takes for granted",
            "Each measure is 1 where the assumption holds exactly",
            self.table,
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one dot a check; a line at one."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table[self.table["value"].notna()].iloc[::-1]
        good = t["verdict"] != FAILS
        at = np.arange(len(t))
        ax.plot(t["value"][good], at[good], "o", color="C0")
        ax.plot(t["value"][~good], at[~good], "X", color="C1")
        ax.axvline(1, color="0.4", linewidth=1, linestyle=":")
        ax.set_yticks(at, [say(check) for check in t["check"]])
        ax.set_ylim(-0.6, len(t) - 0.4)
        ax.set_xlabel(say("Measure"))
        ax.set_xlim(0, 1.1 * max(float(t["value"].max()), 1.0))
        return ax


def queue_checks(calls: pd.DataFrame) -> QueueChecks:
    """Hold what Erlang A takes for granted against a log of calls.

    Parameters
    ----------
    calls : DataFrame
        One row a call: at, handling (hours); abandoned and patience (hours waited until an answer,
        or until the customer hung up) where they are known.

    Raises
    ------
    DataError
        There are fewer than 100 calls, or the log has no handling times.
    """
    require_columns(calls, ("at", "handling"), "the calls have",
                    "map handling_seconds in study.yml")  # fmt: skip
    if len(calls) < 100 or calls["handling"].notna().sum() < 30:
        raise DataError(
            f"{len(calls)} calls are too few to plan agents by", remedy="wait for at least 100"
        )
    rows = [_arrivals(calls["at"]), _patience(calls), _handling(calls["handling"].dropna())]
    frame = pd.DataFrame(rows)
    table = labelled(
        frame.assign(measure=frame["check"].map(MEANS)), check="What is taken for granted",
        measure="Measure", value=("Value", "number:2"), p=("p-value", "p"), verdict="Verdict",
    )  # fmt: skip
    return QueueChecks(table)


def _arrivals(at: pd.Series) -> dict[str, Any]:
    """Compare the quarters of each hour: given how many came, each call picks one by chance.

    However much hours and days differ: only what is uneven within an hour counts.
    """
    if (at.dt.minute % 15 == 0).mean() > 0.5:  # written to the hour, or to its quarters
        return _row(ARRIVALS, np.nan, np.nan, len(at), UNKNOWN)
    part = at.dt.minute // (60 // _PARTS)
    counts = pd.crosstab(at.dt.floor("h"), part).reindex(columns=range(_PARTS), fill_value=0)
    n = counts.sum(axis=1)
    counts, n = counts[n > 1], n[n > 1]
    if n.sum() < 50:
        return _row(ARRIVALS, np.nan, np.nan, len(at), UNKNOWN)
    expected = n / _PARTS
    squares = counts.sub(expected, axis=0).pow(2).div(expected, axis=0).sum(axis=1)
    freedom = (_PARTS - 1) * len(n)
    spread = float(np.sqrt((2 * (_PARTS - 1) * (1 - 1 / n)).sum()))
    p = float(2 * ndtr(-abs(squares.sum() - freedom) / spread))
    index = float(squares.sum() / freedom)
    fails = p < _SELDOM and abs(index - 1) > _UNEVEN
    return _row(ARRIVALS, index, p, int(n.sum()), FAILS if fails else HOLDS)


def tell_patience(calls: pd.DataFrame) -> bool:
    """Whether the calls say who hung up, and enough of the customers did."""
    known = "abandoned" in calls and "patience" in calls
    return known and bool(calls["abandoned"].sum() >= 20)


def _patience(calls: pd.DataFrame) -> dict[str, Any]:
    """Compare how often customers hang up early and late in their waits."""
    if not tell_patience(calls):
        return _row(PATIENCE, np.nan, np.nan, 0, UNKNOWN)
    known = calls[calls["patience"].notna()]
    time, gone = known["patience"].to_numpy(dtype=float), known["abandoned"].to_numpy(dtype=bool)
    cuts = np.quantile(time[gone], (0.25, 0.5, 0.75))
    edges = np.concatenate([[0.0], np.unique(cuts[cuts > 0]), [np.inf]])
    events = np.histogram(time[gone], edges)[0].astype(float)
    exposed = np.array([np.clip(time - a, 0, b - a).sum() for a, b in pairwise(edges)])
    if len(events) < 2 or (exposed <= 0).any():
        return _row(PATIENCE, np.nan, np.nan, int(gone.sum()), UNKNOWN)
    rate, overall = events / exposed, events.sum() / exposed.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        likelihood = 2 * np.nansum(np.where(events > 0, events * np.log(rate / overall), 0.0))
    p = float(chdtrc(len(events) - 1, max(likelihood, 0.0)))
    ratio = float(rate.max() / rate.min()) if rate.min() > 0 else float("inf")
    fails = p < _SELDOM and ratio > _TIMES
    return _row(PATIENCE, ratio, p, int(gone.sum()), FAILS if fails else HOLDS)


def _handling(hours: pd.Series) -> dict[str, Any]:
    """Tell by how much handling times scatter; the answer depends little on their shape."""
    spread = float(hours.std() / hours.mean())
    low, high = _SPREAD
    return _row(HANDLING, spread, np.nan, len(hours), HOLDS if low <= spread <= high else ROUGH)


def _row(check: str, value: float, p: float, n: int, verdict: str) -> dict[str, Any]:
    return {"check": check, "value": value, "p": p, "n": n, "verdict": verdict}
