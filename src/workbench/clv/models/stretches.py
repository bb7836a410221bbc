"""What changes with time, cut into the stretches of each customer within which nothing does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.arrays import Array, Index
from workbench.clv.models.rows import as_floats
from workbench.errors import DataError


@dataclass(frozen=True)
class Pieces:
    """Stretches of time of customers within which nothing changes, in order.

    Attributes
    ----------
    who : ndarray of int
        Customer, rising.
    length : ndarray
    z, w : ndarray, shape (k, pieces)
        What acts on buying, and on leaving.
    first : ndarray of int
        Where each customer's pieces begin; one more for the end.
    """

    who: Index
    length: Array
    z: Array
    w: Array
    first: Index

    def sums(self, values: Array) -> Array:
        """Add up over the pieces of each customer, along the last axis."""
        run = np.zeros((*values.shape[:-1], values.shape[-1] + 1))
        np.cumsum(values, axis=-1, out=run[..., 1:])
        return np.asarray(run[..., self.first[1:]] - run[..., self.first[:-1]], dtype=float)

    def before(self, values: Array) -> Array:
        """Add up over the pieces of the customer that come before each."""
        run = np.zeros((*values.shape[:-1], values.shape[-1] + 1))
        np.cumsum(values, axis=-1, out=run[..., 1:])
        own = run[..., :-1] - run[..., self.first[self.who]]
        return np.asarray(own, dtype=float)


@dataclass(frozen=True)
class Clock:
    """How far both clocks have run for each customer, and by how much that moves with effects."""

    A: Array
    D: Array
    A_g: Array
    D_h: Array


class Covariates:
    """Covariates over time: one row a day of change, or a customer and day of change.

    Parameters
    ----------
    frame : DataFrame
        date, from which the values hold until the next one; numbers; customer_id where customers
        differ.
    """

    def __init__(self, frame: pd.DataFrame, names: Sequence[str], ids: pd.Index) -> None:
        missing = [c for c in ("date", *names) if c not in frame]
        if missing:
            raise DataError(
                f"the covariates have no column {', '.join(missing)}",
                remedy=f"there are {', '.join(map(str, frame.columns))}",
            )
        self.names, self.ids = list(names), ids
        date = pd.to_datetime(frame["date"]).dt.normalize()
        self.dates = pd.DatetimeIndex(np.unique(date))
        at = self.dates.get_indexer(pd.DatetimeIndex(date))
        own = "customer_id" in frame
        who = (
            ids.get_indexer(pd.Index(frame["customer_id"]))
            if own
            else np.zeros(len(frame), dtype=np.intp)
        )
        values = np.array(
            [as_floats(f"covariate {c}", frame[c].astype(object))[0] for c in names], dtype=float
        ).reshape(len(names), len(frame))
        known = who >= 0
        self.values = np.full((len(names), len(ids) if own else 1, len(self.dates)), np.nan)
        self.values[:, who[known], at[known]] = values[:, known]
        #: Whether any of them changes with time.
        self.moves = False
        for day in range(1, len(self.dates)):
            gone = np.isnan(self.values[:, :, day])
            self.values[:, :, day][gone] = self.values[:, :, day - 1][gone]
            now, then = self.values[:, :, day], self.values[:, :, day - 1]
            self.moves |= bool(((now != then) & ~np.isnan(then)).any())

    def at(self, who: Index, day: Index) -> Array:
        """Give values of customers on days of change, by number."""
        row = who if self.values.shape[1] > 1 else np.zeros_like(who)
        found = self.values[:, row, day]
        lost = np.isnan(found).any(axis=0) | (day < 0)
        if lost.any():
            i = int(np.flatnonzero(lost)[0])
            raise DataError(
                f"covariates of {int(np.unique(who[lost]).size)} customers are not known from their"
                f" first purchase on, the first is {self.ids[who[i]]}",
                remedy="give values from the first day on",
            )
        return found
