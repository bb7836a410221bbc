"""All goals of a study judged: what a page shows of them."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from workbench.goals.forecast import NAIVE, LevelModel
from workbench.goals.record import GoalError, Record
from workbench.goals.status import REASONS, STATUSES, STEPS, StatusRules
from workbench.study.goals import FORECASTS, Goal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class GoalReport:
    """All goals judged.

    Attributes
    ----------
    goals : tuple of Goal
    table : DataFrame
        One row a goal: goal, title, indicator, owner, baseline, target, deadline, latest (last
        measured value), latest_period, estimate, low, high (the level now, or at the deadline when
        that is over), attainment, attainment_low, attainment_high, progress (words),
        probability (of the target being reached by the deadline), status, reason, points, model
        (which forecast), looks (what the record looks like), model_error, naive_error.
    records : mapping of str to Record
    models : mapping of str to LevelModel
        Of goals whose record is long enough.
    as_of : date
    rules : StatusRules
    """

    goals: tuple[Goal, ...]
    table: pd.DataFrame
    records: Mapping[str, Record]
    models: Mapping[str, LevelModel]
    as_of: dt.date
    rules: StatusRules

    def metrics(self) -> pd.DataFrame:
        """How many goals have each status, and each goal's attainment: name, value, low, high."""
        rows: list[dict[str, Any]] = [
            {
                "name": status.replace(" ", "_"),
                "value": int((self.table["status"] == status).sum()),
                "low": math.nan,
                "high": math.nan,
            }
            for status in STATUSES
        ]
        rows += [
            {
                "name": f"attainment.{row.goal}",
                "value": row.attainment,
                "low": row.attainment_low,
                "high": row.attainment_high,
            }
            for row in self.table.itertuples()
        ]
        return pd.DataFrame(rows)

    def summary(self) -> pd.DataFrame:
        """For readers, one row a goal: title, owner, deadline, status, progress, probability.

        `estimate`, `low` and `high` are the attainment.
        """
        t = self.table.rename(
            columns={
                "estimate": "level",
                "low": "level_low",
                "high": "level_high",
                "attainment": "estimate",
                "attainment_low": "low",
                "attainment_high": "high",
            }
        )
        columns = ["title", "owner", "deadline", "status", "progress", "estimate", "low", "high",
                   "probability"]  # fmt: skip
        return t[columns]

    def next_steps(self) -> pd.DataFrame:
        """Say what to do next, the most urgent first: title, status, reason, step."""
        urgent = {"missed": 0, "at risk": 1, "cannot tell": 2, "on course": 3, "met": 4}
        t = self.table[["title", "status", "reason"]].copy()
        short = t["reason"].isin([REASONS["short"], REASONS["error"]])
        t["step"] = [STEPS["short" if s else k] for s, k in zip(short, t["status"], strict=True)]
        return t.iloc[t["status"].map(urgent).argsort(kind="stable")].reset_index(drop=True)

    def backtest(self) -> pd.DataFrame:
        """Error of the forecasts on the last periods: title, points, model, looks, periods, error.

        `error` is the mean absolute one-step error of the model that judged, as a multiple of that
        of the naive forecast (the last value); `averaged`, `steady`, `wandering`, `trend` and
        `damped` are those of each forecast that could have been stated.
        """
        rows = []
        for row in self.table.itertuples():
            model = self.models.get(str(row.goal))
            naive = model.errors[NAIVE] if model is not None else np.empty(0)
            size = float(naive.mean()) if naive.size else math.nan
            against = {
                name: float(model.errors[name].mean()) / size
                if model is not None and size > 0
                else math.nan
                for name in FORECASTS
            }
            rows.append(
                {"title": row.title, "points": row.points, "model": row.model, "looks": row.looks,
                 "periods": naive.size, "error": against.get(str(row.model), math.nan)} | against
            )  # fmt: skip
        return pd.DataFrame(rows)

    def leading(self) -> pd.Series[Any]:
        """Return the row of the first goal that serves no other."""
        names = [g.name for g in self.goals if not g.parent]
        return self.table[self.table["goal"] == names[0]].iloc[0]

    def with_status(self, *statuses: str) -> list[str]:
        """Titles of the goals that have one of the statuses."""
        return list(self.table.loc[self.table["status"].isin(statuses), "title"])

    def count(self, *statuses: str) -> int:
        """How many goals have one of the statuses."""
        return len(self.with_status(*statuses))

    @property
    def next_deadline(self) -> dt.date | None:
        """The nearest deadline that is still ahead."""
        ahead = [g.deadline for g in self.goals if g.deadline > self.as_of]
        return min(ahead, default=None)

    def path(self, name: str) -> pd.DataFrame:
        """Measured values and level of one goal's indicator, ahead to its deadline.

        Returns
        -------
        DataFrame
            goal, title, period (first day), value (NaN ahead), estimate, low, high (of the level).
        """
        if name not in self._paths:
            raise GoalError(f"there is no goal {name!r}", remedy=f"goals: {', '.join(self._paths)}")
        return self._paths[name]

    def paths(self) -> pd.DataFrame:
        """`path` of all goals, one below the other."""
        return pd.concat(self._paths.values(), ignore_index=True)

    @cached_property
    def _paths(self) -> dict[str, pd.DataFrame]:
        from workbench.goals.pictures import path_table

        return {g.name: path_table(self, g.name) for g in self.goals}

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw attainment with intervals, 0 at the baseline, 1 at the target, one row a goal."""
        from workbench.goals.pictures import draw_attainment

        return draw_attainment(self, ax)

    def plot_paths(self, figure: Figure | None = None) -> Figure:
        """Draw the path of each indicator with baseline, target and deadline, one panel a goal."""
        from workbench.goals.pictures import draw_paths

        return draw_paths(self, figure)
