"""Looks at a running trial: intervals that hold however often it has been looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from workbench.arrays import Array
from workbench.impact.effect import difference_form, nothing_varies
from workbench.impact.inputs.panel import CaseError, Panel
from workbench.results import labelled
from workbench.stats.normals import root_of

Planned = int | Literal["open"]
#: Fewest customers a side whose mean is as good as normal at every look.
FEWEST = 30
_DRAWS, _SEED, _HALVINGS = 100_000, 20251231, 12
# Fewest drawn courses beyond a bound that tell where it lies.
_TELL = 3


@dataclass(frozen=True)
class Looks:
    """A trial as each look saw it.

    Attributes
    ----------
    effect, se : ndarray, shape (looks,)
        Difference of the changes of treated and others from before to the time until that look.
    factor : ndarray, shape (looks,)
        Half the width of each interval in standard errors.
    p : float
        p-value at the last look, with all looks before it allowed for.
    planned : int or "open"
    level : float
    """

    effect: Array
    se: Array
    factor: Array
    p: float
    planned: Planned
    level: float

    @property
    def limits(self) -> tuple[float, float]:
        """Interval at the last look."""
        half = float(self.factor[-1] * self.se[-1])
        return float(self.effect[-1]) - half, float(self.effect[-1]) + half

    @property
    def first(self) -> int:
        """Number of the first look at which the interval left out zero; 0 for none."""
        seen = np.flatnonzero(np.abs(self.effect) > self.factor * self.se)
        return int(seen[0]) + 1 if seen.size else 0

    def table(self, periods: pd.Index) -> pd.DataFrame:
        """One row a look: its period, the interval that always holds, and the fixed one."""
        half, fixed = self.factor * self.se, float(ndtri(0.5 + self.level / 2)) * self.se
        table = pd.DataFrame(
            {
                "look": np.arange(1, len(self.effect) + 1),
                "period": list(periods),
                "estimate": self.effect,
                "low": self.effect - half,
                "high": self.effect + half,
                "fixed_low": self.effect - fixed,
                "fixed_high": self.effect + fixed,
            }
        )
        form = difference_form(table["estimate"])
        return labelled(table, look="Look", period="Data until", estimate=("Difference", form))


def looks_at(panel: Panel, planned: Planned, *, level: float = 0.95) -> Looks:
    """Judge a trial of independent customers after each period from its start on.

    The estimates of all looks are jointly normal, and customers tell how they vary together. The
    chance of a false alarm is spent look by look: evenly over the planned number, or, where no end
    is planned, ever less (a half at the first, a sixth at the second, 1 / (k (k + 1)) at the
    k-th). Each bound is the one that spends no more, given that no earlier one was crossed.

    Parameters
    ----------
    panel : Panel
        Customers, some drawn by lot.
    planned : int or "open"
        Number of looks, one a period after the start.

    Raises
    ------
    CaseError
        Fewer than thirty customers on a side were seen before and after: means of so few are not
        normal enough for that many looks.

    References
    ----------
    Lan, DeMets (1983), Biometrika 70(3), 659-663 (spending); Jennison, Turnbull (2000), Group
    Sequential Methods, chapters 7 and 11 (jointly normal estimates).

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from workbench.impact import looks_at, read_panel
    >>> rng = np.random.default_rng(1)
    >>> months = pd.date_range("2024-01-01", periods=9, freq="MS")
    >>> records = pd.DataFrame([
    ...     {"customer_id": i, "period": m, "estimate": rng.normal(10, 2) + (i < 50) * (k > 2)}
    ...     for i in range(100) for k, m in enumerate(months)
    ... ])
    >>> panel = read_panel(records, dict.fromkeys(range(50), True), start=months[3])
    >>> found = looks_at(panel, 6)
    >>> bool(found.factor[-1] > 1.96), len(found.effect)
    (True, 6)
    """
    effect, influence = _estimates(panel)
    se = np.sqrt(np.square(influence).sum(axis=0))
    if not (se > 0).all():
        raise nothing_varies()
    together = (influence.T @ influence) / np.outer(se, se)
    paths = _paths(together)
    factor = bounds(paths, planned, 1 - level)
    return Looks(effect, se, factor, _p_value(paths, planned, effect / se), planned, level)


def _estimates(panel: Panel) -> tuple[Array, Array]:
    """Effect at each look, and what each customer adds to its error: (units, looks)."""
    places = np.flatnonzero(panel.after)
    before, known = panel.means(~panel.after)
    effects, parts = [], []
    for k in range(1, len(places) + 1):
        until = np.zeros(len(panel.periods), dtype=bool)
        until[places[:k]] = True
        later, seen = panel.means(until)
        both = (known > 0) & (seen > 0)
        change = np.where(both, later - before, 0.0)
        influence, effect = np.zeros(len(change)), 0.0
        for sign, side in ((1.0, panel.treated & both), (-1.0, ~panel.treated & both)):
            n = int(side.sum())
            if n < FEWEST:
                raise CaseError(
                    "{n} customers on one side are too few for several looks",
                    where="case.looks",
                    remedy="{needed} a side are needed; judge it once, at its end",
                    n=n,
                    needed=FEWEST,
                )
            mean = float(change[side].mean())
            effect += sign * mean
            # the factor makes each side's variance that of a sample
            influence[side] = sign * (change[side] - mean) / np.sqrt(n * (n - 1))
        effects.append(effect)
        parts.append(influence)
    return np.array(effects), np.column_stack(parts)


def _paths(together: Array) -> Array:
    """Draw courses of the standardised estimate where there is no effect: (draws, looks)."""
    root = root_of(together)
    drawn: Array = np.abs(np.random.default_rng(_SEED).normal(size=(_DRAWS, len(root))) @ root.T)
    return drawn


def spent(looks: int, planned: Planned, alpha: float) -> Array:
    """Chance of a false alarm that has been spent after each look."""
    k = np.arange(1, looks + 1)
    if planned == "open":
        return np.asarray(alpha * k / (k + 1))
    return np.asarray(alpha * np.minimum(k / planned, 1.0))


def bounds(paths: Array, planned: Planned, alpha: float) -> Array:
    """Give the bound of each look, in standard errors, that spends what it may."""
    total, factor = spent(paths.shape[1], planned, alpha), []
    alive, left = np.ones(len(paths), dtype=bool), 0.0
    for k in range(paths.shape[1]):
        # never more than a look alone would spend, never less than what it was given
        share = total[k] - left
        place = int(np.floor(share * len(paths) + 1e-9))
        if place >= _TELL:
            own = paths[alive, k]
            bound = np.partition(own, len(own) - 1 - place)[len(own) - 1 - place]
        else:
            # beyond what was drawn: the bound of a look alone that spends as little
            bound = ndtri(1 - share / 2) if share > 0 else np.inf
        bound = max(float(bound), float(ndtri(1 - alpha / 2)))
        alive &= paths[:, k] <= bound
        left = 1 - alive.mean()
        factor.append(bound)
    return np.array(factor)


def _p_value(paths: Array, planned: Planned, z: Array) -> float:
    """Smallest level at which the last look crosses its bound."""
    alone, low, high = 2 * (1 - float(ndtr(abs(z[-1])))), 0.0, 1.0
    for _ in range(_HALVINGS):
        alpha = (low + high) / 2
        crossed = abs(z[-1]) > bounds(paths, planned, alpha)[-1]
        low, high = (low, alpha) if crossed else (alpha, high)
    return float(max(high, alone))
