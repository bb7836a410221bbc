"""What models share in which the time since the last purchase tells what comes next."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

import numpy as np

from workbench.arrays import Array
from workbench.clv.models.likelihood import Derivatives, added_up
from workbench.clv.models.purchase import PurchaseModel
from workbench.clv.models.rows import Purchases


class SilenceModel(PurchaseModel):
    """A model that answers for customers of whom the last purchase is known.

    Of customers who have just bought the same holds, with the last purchase at T.
    """

    @classmethod
    def likelihood(cls, rows: Purchases) -> Callable[[Array], Derivatives]:
        """Sum of `by_row`."""
        return added_up(cls.by_row, (rows.x, rows.t_x, rows.T), rows.n)

    @classmethod
    @abstractmethod
    def _none_since(cls, theta: Array, t: Array, x: Array, t_x: Array, T: Array) -> Array:
        """P(no purchase in (T, T + t]) of a customer alive at T."""

    @classmethod
    def none_ahead(cls, theta: Array, t: Array, x: Array, t_x: Array, T: Array) -> Array:
        """Gone, or nothing comes of those who are there."""
        return 1 - cls.alive(theta, x, t_x, T) * (1 - cls._none_since(theta, t, x, t_x, T))

    # Of customers who have just bought.

    @classmethod
    def expected(cls, theta: Array, t: Array, x: Array, T: Array) -> Array:
        """Of a customer who has just bought."""
        return cls.expected_since(theta, t, x, T, T)

    @classmethod
    def discounted(cls, theta: Array, t: float, rate: float, x: Array, T: Array) -> Array:
        """Of a customer who has just bought."""
        return cls.discounted_since(theta, t, rate, x, T, T)

    @classmethod
    def lasting(cls, theta: Array, t: float, x: Array, T: Array) -> Array:
        """Of a customer who has just bought."""
        return cls.lasting_since(theta, t, x, T, T)

    @classmethod
    def none(cls, theta: Array, t: Array, x: Array, T: Array) -> Array:
        """Of a customer who has just bought."""
        return cls._none_since(theta, t, x, T, T)

    @classmethod
    def mass(cls, theta: Array, k: Array, t: Array, x: Array, T: Array) -> Array:
        """Of a customer who has just bought and is there."""
        alive = cls.alive(theta, x, T, T)
        gone = np.where(k == 0, 1 - alive, 0.0)
        return np.asarray((cls.mass_ahead(theta, k, t, x, T, T) - gone) / alive)
