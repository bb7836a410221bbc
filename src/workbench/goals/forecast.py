"""Where an indicator stands beneath chance and season, and where it is heading.

The measured value of a period is a level, plus a season, plus chance. What the level does, and
how much of each there is, a short record cannot say. So the model is fitted under many settings
(`workbench.goals.local_trend`) and the answers are averaged by how well each setting explains the
record (marginal likelihood; Hoeting et al. 1999, Bayesian Model Averaging, Statistical Science
14(4)). Averaging keeps the intervals honest where picking the best setting would make them too
narrow. Who knows what the level does can state one family instead. The chance part has at least
the standard error with which each value was measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from workbench.arrays import Array
from workbench.goals.local_trend import Explained, explain
from workbench.goals.record import GoalError, Record
from workbench.stats.mixtures import Mixture
from workbench.study.goals import AVERAGED, FORECASTS

NAIVE: Final = "naive"
FEWEST: Final = 5
BACKTESTS: Final = 8


@dataclass(frozen=True)
class LevelModel:
    """A fitted record: gives the level at any period, and what would be measured.

    Attributes
    ----------
    record : Record
    forecast : str
        Which model answers: averaged, or one family.
    seasonal : bool
        Whether a season was allowed for.
    families : mapping of str to float
        How much of the weight each family has: what the record looks like.
    season_weight : float
        How much of the weight settings with a season have.
    errors : mapping of str to ndarray
        Absolute errors, one period ahead, over the last periods: of each model in `FORECASTS` and
        of the naive forecast (the last value). Empty when the record is too short.
    """

    record: Record
    forecast: str
    seasonal: bool
    families: Mapping[str, float]
    season_weight: float
    errors: Mapping[str, Array]
    _explained: Explained

    @property
    def looks(self) -> str:
        """The family that explains the record best."""
        return max(self.families, key=lambda name: self.families[name])

    @property
    def backtest(self) -> Array:
        """Absolute one-step errors of this model and of the naive forecast, shape (k, 2)."""
        return np.column_stack([self.errors[self.forecast], self.errors[NAIVE]])

    def level(self, step: int) -> Mixture:
        """Distribution of the level (season and chance taken off) at a period."""
        return self._explained.at(step, with_season=False)

    def measured(self, step: int) -> Mixture:
        """Distribution of the value that would be measured at a period, season included."""
        return self._explained.at(step, with_season=True)


def fit_level(record: Record, *, forecast: str = AVERAGED, backtest: bool = True) -> LevelModel:
    """Fit the local trend to a record of at least five values.

    A season is allowed for when the record covers two full years of periods shorter than a year.

    Parameters
    ----------
    record : Record
    forecast : {"averaged", "steady", "wandering", "trend", "damped"}
        Average over what the level may do, or state it.
    backtest : bool
        Whether to forecast the last periods from what came before them, too.

    Raises
    ------
    GoalError
        If there are fewer than five values, or no such forecast.
    """
    n = record.value.size
    if forecast not in FORECASTS:
        raise GoalError(
            f"there is no forecast {forecast!r}",
            where="fit_level",
            remedy=f"choose one of {', '.join(FORECASTS)}",
        )
    if n < FEWEST:
        raise GoalError(
            f"{n} values are too few for a forecast",
            where="fit_level",
            remedy=f"at least {FEWEST} are needed",
        )
    errors: dict[str, list[float]] = {name: [] for name in (*FORECASTS, NAIVE)}
    for j in range(max(FEWEST, n - BACKTESTS), n if backtest else 0):
        earlier = explain(record.step[:j], record.value[:j], record.se[:j], _cycle(record, j))
        truth, errors_of = float(record.value[j]), {NAIVE: float(record.value[j - 1])}
        for name in FORECASTS:
            there = _chosen(earlier, name).at(int(record.step[j]), with_season=True)
            errors_of[name] = there.centre
        for name, said in errors_of.items():
            errors[name].append(abs(truth - said))
    cycle = _cycle(record, n)
    whole = explain(record.step, record.value, record.se, cycle)
    return LevelModel(
        record=record,
        forecast=forecast,
        seasonal=cycle > 0,
        families=whole.families(),
        season_weight=whole.season_weight,
        errors={name: np.array(found, dtype=np.float64) for name, found in errors.items()},
        _explained=_chosen(whole, forecast),
    )


def _chosen(explained: Explained, forecast: str) -> Explained:
    return explained if forecast == AVERAGED else explained.only(forecast)


def _cycle(record: Record, known: int) -> int:
    """Periods in a season, 0 where the first `known` values are too few to see one."""
    length = record.season_length
    enough = length > 1 and known >= 8 and int(record.step[known - 1]) + 1 >= 2 * length
    return length if enough else 0
