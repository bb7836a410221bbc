"""What a measure is worth in the long run, foretold from its first periods: a surrogate index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
import pandas as pd
from scipy.special import chdtrc, ndtr, ndtri

from workbench.arrays import Array, Mask
from workbench.impact.inputs.panel import CaseError
from workbench.results import Estimate, Finding, Result, Severity, labelled

Verdict: TypeAlias = Literal["holds", "refused", "not testable"]
#: Older measures whose long answer is clear (z of at least `CLEAR`) without which nothing is told.
FEWEST, CLEAR = 5, 3.0
# Chance at which each of two tests refuses surrogates that hold.
_REFUSE = 0.025
# Customers a side, beyond what is fitted, without which a trial says nothing.
_LEAST = 30


@dataclass(frozen=True)
class Trial:
    """A lot among customers: what was seen early, and before; in older ones the long outcome.

    Attributes
    ----------
    name : str
    treated : ndarray of bool, shape (n,)
    early : ndarray, shape (n, surrogates)
        Means over the first periods.
    before : ndarray, shape (n, k)
        Means before the start.
    long : ndarray, shape (n,), optional
        Mean of the outcome over the whole horizon.
    """

    name: str
    treated: Mask
    early: Array
    before: Array
    long: Array | None = None

    @property
    def able(self) -> bool:
        """Whether there are customers enough on both sides."""
        least = _LEAST + self.before.shape[1]
        return bool(min(self.treated.sum(), (~self.treated).sum()) >= least)


@dataclass(frozen=True)
class SurrogateIndex(Result):
    """What the first periods foretell of the whole horizon, and whether older measures bear it out.

    Attributes
    ----------
    verdict : {"holds", "refused", "not testable"}
    effect, low, high : float
        Effect on the outcome per customer and period over the horizon, by the index.
    older : DataFrame
        One row an older measure: `case`, effect over the horizon and foretold, with ends, `z`.
    p : float
        Smaller of the p-values of the two checks, corrected for their number; NaN without any.
    after, periods : int
        Periods from which, and over which, it is foretold.
    outcome : str
    """

    verdict: Verdict
    effect: float
    low: float
    high: float
    older: pd.DataFrame
    p: float
    after: int
    periods: int
    outcome: str = ""

    @property
    def clear(self) -> int:
        """Number of older measures whose long answer is clear."""
        return int((self.older["z"].abs() >= CLEAR).sum())

    @property
    def table(self) -> pd.DataFrame:
        """Older measures: what came over the horizon, and what their first periods foretold."""
        if self.older.empty:
            return pd.DataFrame()
        return labelled(
            self.older, case="Older measure", estimate="Effect over the horizon",
            foretold="Foretold by its first periods", z=("z", "number:1"),
        )  # fmt: skip

    def estimates(self) -> dict[str, Estimate]:
        """Effect over the horizon where older measures bear the index out; else nothing."""
        if self.verdict != "holds":
            return {}
        return {"surrogates": self._told}

    @property
    def _told(self) -> Estimate:
        return Estimate(self.effect, self.low, self.high, signed=True)

    def findings(self) -> list[Finding]:
        """Say what the first periods foretell, or why that may not be believed."""
        values = {
            "outcome": self.outcome, "after": self.after, "periods": self.periods,
            "effect": self._told, "clear": self.clear, "fewest": FEWEST,
            "p": Estimate(self.p, digits=3),
        }  # fmt: skip
        return [
            Finding(
                "surrogates",
                SAYS[self.verdict],
                values,
                self.verdict,
                severity=_SEVERITY[self.verdict],
                estimates=self.estimates(),
            )
        ]


#: Verdict -> what is said.
SAYS: Final[dict[str, str]] = {
    "holds": "By its first {after} periods, the effect on {outcome} per customer and period over"
    " {periods} periods is {effect}; the first periods of {clear} older measures foretold what came"
    " of them.",
    "refused": "What the first {after} periods foretell of {periods} periods is not believed:"
    " effects of older measures were not what their first periods had foretold (p-value {p}). Wait"
    " for the long answer; what is counted in money ends with the periods seen.",
    "not testable": "Not testable here: {clear} older measures with random groups have a clear"
    " answer over {periods} periods, and {fewest} are needed. A scenario, no"
    " finding: did the first {after} periods tell all, the effect on {outcome}"
    " per customer and period would be {effect}. What is counted in money ends"
    " with the periods seen.",
}


_SEVERITY: Final[Mapping[Verdict, Severity]] = {
    "holds": "ok", "refused": "warning", "not testable": "note",
}  # fmt: skip


@dataclass(frozen=True)
class _Learnt:
    """Weights of the surrogates, and how sure they are."""

    weight: Array
    covariance: Array


def foretell(
    trial: Trial,
    older: Sequence[Trial],
    *,
    after: int,
    periods: int,
    outcome: str = "",
    teachers: Sequence[Trial] = (),
    level: float = 0.95,
) -> SurrogateIndex:
    """Foretell the effect over a long horizon from the first periods, if older measures allow.

    The index is the regression of the long outcome on what was seen early and before, among
    customers without a measure. The effect on it is the effect on the long outcome where all of
    this passes through what was seen early. Older lots whose long answer is known tell whether it
    does: their effects less what the index foretold are weighed by the effect (which finds a part
    that bypasses the surrogates in one direction), and their squares added up (which finds any).

    Parameters
    ----------
    trial : Trial
        Of the measure that runs.
    older : sequence of Trial
        All that have a long outcome, whether their answer is clear or not: those that were chosen
        by their answer would look better than they are.
    after, periods : int
        Periods seen early, and of the horizon.
    outcome : str
        What running text calls it.
    teachers : sequence of Trial
        Further customers without a measure, from whom the index is learnt.
    level : float

    Raises
    ------
    CaseError
        Nobody to learn from, or too few customers a side.

    References
    ----------
    Athey, Chetty, Imbens, Kang (2019), The Surrogate Index, NBER 26463; Huang, Kallus and others
    (2023), Estimating Effects of Long-Term Treatments (checked against older experiments);
    Prentice (1989), Statistics in Medicine 8(4), 431-440.
    """
    if not trial.able:
        raise CaseError(
            "{n} customers on one side are too few to foretell from",
            where="case.surrogates",
            remedy="{needed} are needed",
            n=min(int(trial.treated.sum()), int((~trial.treated).sum())),
            needed=_LEAST + trial.before.shape[1],
        )
    past = [one for one in older if one.able and one.long is not None]
    learnt = _learn([*past, *teachers])
    rows, differences = [], []
    for one in past:
        assert one.long is not None
        came, own = _effect(one.long, one)
        foretold, shadow = _effect(one.early @ learnt.weight, one)
        moved = np.array([_effect(column, one)[0] for column in one.early.T])
        sure = float(np.sqrt(shadow @ shadow + moved @ learnt.covariance @ moved))
        se = float(np.sqrt(own @ own))
        half = float(ndtri(0.5 + level / 2))
        rows.append(
            (one.name, came, came - half * se, came + half * se, foretold,
             foretold - half * sure, foretold + half * sure, came / se)
        )  # fmt: skip
        gap = own - shadow
        # foretold and gap are told apart: the part of either that errs with the other is taken out
        variance = float(gap @ gap)
        centre = foretold - float(shadow @ gap) / variance * (came - foretold)
        differences.append((came - foretold, variance, centre, moved))
    names = ["case", "estimate", "low", "high", "foretold", "foretold_low", "foretold_high", "z"]
    table = pd.DataFrame(rows, columns=names)
    p = _p_value(differences, learnt) if differences else float("nan")
    clear = int((table["z"].abs() >= CLEAR).sum())
    verdict: Verdict = "not testable" if clear < FEWEST else "refused" if p < 0.05 else "holds"
    effect, influence = _effect(trial.early @ learnt.weight, trial)
    moved = np.array([_effect(column, trial)[0] for column in trial.early.T])
    se = float(np.sqrt(influence @ influence + moved @ learnt.covariance @ moved))
    half = float(ndtri(0.5 + level / 2)) * se
    return SurrogateIndex(
        verdict, effect, effect - half, effect + half, table, p, after, periods, outcome
    )


def _p_value(differences: list[tuple[float, float, float, Array]], learnt: _Learnt) -> float:
    """Smaller p-value of the two checks, twice: a part in one direction, and any at all."""
    gap, variance, centre = (np.array([d[k] for d in differences]) for k in range(3))
    moved = np.array([d[3] for d in differences])
    shared = moved @ learnt.covariance @ moved.T
    weight = centre / variance
    total = weight @ (np.diag(variance) + shared) @ weight
    one_way = 2 * float(ndtr(-abs(weight @ gap) / np.sqrt(total))) if total > 0 else 1.0
    any_way = float(chdtrc(len(gap), gap @ np.linalg.solve(np.diag(variance) + shared, gap)))
    return min(1.0, 0.05 / _REFUSE * min(one_way, any_way))


def _learn(trials: Sequence[Trial]) -> _Learnt:
    """Regress the long outcome on what was seen early and before, among those without a measure."""
    blocks, targets = [], []
    for k, one in enumerate(trials):
        if one.long is None:
            continue
        rest = ~one.treated
        own = np.zeros((int(rest.sum()), len(trials)))
        own[:, k] = 1.0
        blocks.append(np.column_stack([one.early[rest], one.before[rest], own]))
        targets.append(one.long[rest])
    if not blocks or sum(map(len, targets)) < 10 * blocks[0].shape[1]:
        raise CaseError(
            "too few customers without a measure were seen over the whole horizon",
            where="case.surrogates",
            remedy="wait until the study's history is as long, or give a shorter `horizon`",
        )
    x = np.concatenate(blocks)
    beta, inverse, error = _least_squares(x, np.concatenate(targets))
    score = x * error[:, None]
    covariance = inverse @ (score.T @ score) @ inverse
    k = trials[0].early.shape[1]
    return _Learnt(beta[:k], covariance[:k, :k])


def _effect(values: Array, trial: Trial) -> tuple[float, Array]:
    """Effect of a lot, adjusted for what was known before, and what each customer adds to it."""
    before = trial.before - trial.before.mean(axis=0)
    x = np.column_stack([trial.treated.astype(float), np.ones(len(values)), before])
    beta, inverse, error = _least_squares(x, values)
    return float(beta[0]), np.asarray((x @ inverse[0]) * error)


def _least_squares(x: Array, y: Array) -> tuple[Array, Array, Array]:
    """Give the coefficients, the inverse of x'x, and residuals as HC2 weighs them."""
    inverse = np.asarray(np.linalg.pinv(x.T @ x), dtype=float)
    beta = inverse @ (x.T @ y)
    leverage = np.einsum("ij,jk,ik->i", x, inverse, x)
    return beta, inverse, (y - x @ beta) / np.sqrt(np.maximum(1 - leverage, 1e-6))
