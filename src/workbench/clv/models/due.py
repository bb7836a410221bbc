"""Payments that fall due at fixed times until a customer leaves.

The shifted beta-geometric model (Fader, Hardie 2007, How to Project Customer Retention, Journal of
Interactive Marketing 21(1), 76-90) where nobody records the end of a contract: it shows only in
that a payment does not come when it is due. How late payments may be is taken from the gaps of the
log.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import ClassVar, cast

import numpy as np
import pandas as pd
from scipy.special import expit

from workbench.arrays import Array
from workbench.clv.models.fitted import judged
from workbench.clv.models.likelihood import Optimum
from workbench.clv.models.purchase import tosses
from workbench.clv.models.rows import Purchases, dot
from workbench.clv.models.silence import SilenceModel
from workbench.clv.models.terms import Terms
from workbench.errors import DataError
from workbench.results import Finding

#: Cells of customers, points and payments to come that are held at once.
CELLS = 400_000
#: Logarithm of what discounting may leave out of an endless series.
NEGLIGIBLE = 30.0
#: Overdue by so much of a term a customer has probably left.
OVERDUE = 0.5

NOBODY_OVERDUE = (
    "No payment is overdue: nobody has left yet, and every customer counts as one who will pay on."
)


class DueDates(SilenceModel):
    """Payments at fixed times: after each, the first one too, a customer may leave.

    Its parameters are a and b of the beta distribution of leaving after a payment, one pair for
    each length of term. Which lengths there are, and how gaps lie around them, `Terms` says; a
    customer without a second payment may be of any of them.

    Notes
    -----
    Time does not run by the common pace of a log: due dates do not move with the season.
    """

    title = "sBG"
    paced = False
    terms: ClassVar[Terms]

    @classmethod
    def of(cls, terms: Terms) -> type[DueDates]:
        """Give the model of payments at these terms."""
        return _with(terms)

    @classmethod
    def gaps_of(cls, frame: pd.DataFrame, counts: Array) -> float:
        """Log density of the gaps around due dates; 0 where gaps are not known."""
        if "log_due" not in frame:
            return 0.0
        return dot(counts, frame["log_due"].to_numpy(dtype=float))

    @staticmethod
    def time_scale(rows: Purchases) -> float:
        """Terms have lengths in the unit of the data: it stays."""
        return 1.0

    @classmethod
    def _starts(cls, rows: Purchases) -> list[Array]:
        usual = [(s * p, s * (1 - p)) for s, p in ((10.0, q) for q in cls.terms.leaving)]
        return [np.ravel(usual), np.ravel([(1.0, 1.0) for _ in usual])]

    def _judge(self, best: Optimum, rise: float | None) -> Finding:
        rows, terms = self.rows, self.terms
        of = np.asarray(terms.lengths)[terms.weights(rows.x, rows.t_x, rows.T).argmax(axis=0)]
        if not (rows.n * (rows.T - rows.t_x > (1 + OVERDUE) * of)).any():
            return judged("no_dropout", NOBODY_OVERDUE, {}, "DueDates")
        return super()._judge(best, rise)

    # Likelihood

    @classmethod
    def by_row(cls, theta: Array, x: Array, t_x: Array, T: Array) -> tuple[Array, Array, Array]:
        """Stayed so far and is not overdue yet, or left after the last payment, by length."""
        size = theta.shape[0]
        value, gradient = np.zeros(x.size), np.zeros((size, x.size))
        hessian, n = np.zeros((size, size, x.size)), x + 1
        weights = cls.terms.weights(x, t_x, T)
        for i, length in enumerate(cls.terms.lengths):
            a, b = theta[2 * i], theta[2 * i + 1]
            late = np.log(cls.terms.lasts((T - t_x) / length))
            stays = _stays(a[0], b[0], n)
            last = 1 / (b + n - 1)
            odds = np.log(a) + np.log(last)
            left = expit(odds - late)
            spread = left * (1 - left)
            v = stays[0] + np.logaddexp(odds, late)
            g = np.array([stays[1] + left / a, stays[2] - left * last])
            aa = stays[3] - left / a**2 + spread / a**2
            ab = stays[3] - spread * last / a
            bb = stays[4] + left * last**2 + spread * last**2
            at = slice(2 * i, 2 * i + 2)
            value += weights[i] * v
            gradient[at] += weights[i] * g
            hessian[at, at] += weights[i] * np.array([[aa, ab], [ab, bb]])
        return value, gradient, hessian

    @classmethod
    def _alive(cls, theta: Array, x: Array, t_x: Array, T: Array) -> Array:
        """P(of this length and alive), shape (lengths, m)."""
        weights = cls.terms.weights(x, t_x, T)
        for i, length in enumerate(cls.terms.lengths):
            late = np.log(cls.terms.lasts((T - t_x) / length))
            weights[i] *= expit(late - np.log(theta[2 * i]) + np.log(theta[2 * i + 1] + x))
        return weights

    @classmethod
    def alive(cls, theta: Array, x: Array, t_x: Array, T: Array) -> Array:
        """Of any length."""
        return np.asarray(np.minimum(cls._alive(theta, x, t_x, T).sum(axis=0), 1.0))

    # What is to come of customers alive: a due date, then one a term.

    @classmethod
    def _first(cls, i: int, silence: Array) -> tuple[Array, Array]:
        """Give times to the next payment and their probabilities, shape (m, points)."""
        length = cls.terms.lengths[i]
        points = np.asarray(cls.terms.points) * length
        still = points > silence[:, None]
        share = still / np.maximum(still.sum(axis=1, keepdims=True), 1)
        wait = np.where(still, points - silence[:, None], np.inf)
        # later than anybody was: any time now
        lost = ~still.any(axis=1)
        share[lost, 0], wait[lost, 0] = 1.0, length / 2
        return wait, share

    @classmethod
    def _over(
        cls, theta: Array, t: Array, x: Array, t_x: Array, T: Array,
        of: Callable[[Array, Array, Array], Array], rate: float = 0.0,
    ) -> Array:  # fmt: skip
        """Mix over lengths and due dates a function of payments possible.

        `of` takes numbers of payments due (m, points), the chance of still being there after so
        many (m, payments), and times to the first (m, points).
        """
        alive, out = cls._alive(theta, x, t_x, T), np.zeros(x.size)
        share_of = alive / np.maximum(alive.sum(axis=0), 1e-300)
        for i, length in enumerate(cls.terms.lengths):
            step = length * float(np.mean(cls.terms.points))
            reach = np.minimum(t, NEGLIGIBLE / rate if rate else np.inf)
            most = int(np.ceil(float(np.max(reach, initial=0.0)) / step)) + 2
            rows = np.flatnonzero(share_of[i] > 0)
            block = max(CELLS // (most + 2 * len(cls.terms.points)), 1)
            for lo in range(0, rows.size, block):
                part = rows[lo : lo + block]
                wait, share = cls._first(i, (T - t_x)[part])
                ahead = (reach[part][:, None] - wait) / step
                due = np.where(wait <= reach[part][:, None], np.floor(ahead) + 1, 0.0)
                n = (theta[2 * i + 1] + x[part] + 1)[:, None] + np.arange(float(most))
                stay = np.cumprod(n / (n + theta[2 * i]), axis=1)
                stay = np.column_stack([np.ones(part.size), stay])
                found = of(due.astype(np.intp), stay, np.where(np.isfinite(wait), wait, 0.0))
                mixed = np.einsum("ij,ij->i", share, found)
                out[part] += share_of[i][part] * mixed
        return out

    @classmethod
    def expected_since(
        cls, theta: Array, t: Array | float, x: Array, t_x: Array, T: Array
    ) -> Array:
        """Chances of still being there at each due date."""
        return cls._over(theta, np.broadcast_to(t, x.shape), x, t_x, T, _payments)

    @classmethod
    def discounted_since(
        cls, theta: Array, t: float, rate: float, x: Array, t_x: Array, T: Array
    ) -> Array:
        """As expected, each payment discounted from its due date."""
        if rate == 0:
            return cls.expected_since(theta, t, x, t_x, T)
        mean = float(np.mean(cls.terms.points))
        steps = [length * mean for length in cls.terms.lengths]
        total = np.zeros(x.size)
        alive = cls._alive(theta, x, t_x, T)
        for i, step in enumerate(steps):

            def worth(due: Array, stay: Array, wait: Array, step: float = step) -> Array:
                fades = np.exp(-rate * step * np.arange(stay.shape[1]))
                return np.asarray(_payments(due, stay * fades, wait) * np.exp(-rate * wait))

            only = cls._only(i)
            own = only._over(theta[2 * i : 2 * i + 2], np.full(x.size, t), x, t_x, T, worth, rate)
            total += own * alive[i]
        return np.asarray(total / np.maximum(alive.sum(axis=0), 1e-300))

    @classmethod
    def _only(cls, i: int) -> type[DueDates]:
        """Give the model of one of the lengths."""
        t = cls.terms
        one = Terms((t.lengths[i],), (1.0,), (t.leaving[i],), t.points, t.gaps, t.per, t.days)
        return cls.of(one)

    @classmethod
    def lasting_since(cls, theta: Array, t: float, x: Array, t_x: Array, T: Array) -> Array:
        """Chance of being there after the payments that fall due."""

        def stays(due: Array, stay: Array, wait: Array) -> Array:
            return np.take_along_axis(stay, due.astype(np.intp), axis=1)

        return cls._over(theta, np.full(x.size, t), x, t_x, T, stays)

    @classmethod
    def _none_since(cls, theta: Array, t: Array, x: Array, t_x: Array, T: Array) -> Array:
        return cls._over(
            theta, np.broadcast_to(t, x.shape), x, t_x, T, lambda due, *_: (due == 0).astype(float)
        )

    @classmethod
    def mass_ahead(cls, theta: Array, k: Array, t: Array, x: Array, t_x: Array, T: Array) -> Array:
        """All that falls due is paid, or one payment before was the last."""
        out = np.where(k == 0, cls.none_ahead(theta, t, x, t_x, T), 0.0)
        alive = cls.alive(theta, x, t_x, T)
        for number in np.unique(k[k > 0]).astype(int):
            rows = np.flatnonzero(k == number)

            def so_many(due: Array, stay: Array, wait: Array, number: int = number) -> Array:
                at = min(number, stay.shape[1] - 1)
                before, after = stay[:, at - 1][:, None], stay[:, at][:, None]
                return np.where(due == number, before, np.where(due > number, before - after, 0.0))

            out[rows] = alive[rows] * cls._over(
                theta, t[rows], x[rows], t_x[rows], T[rows], so_many
            )
        return out

    @staticmethod
    def with_dropout(theta: Array, factor: float) -> Array:
        """Multiply everyone's expected readiness to leave; a + b stays."""
        a, b = theta[::2], theta[1::2]
        return np.ravel(np.column_stack([a * factor, b + a * (1 - factor)]))

    # Draws

    @classmethod
    def draw_ahead(
        cls, theta: Array, t: float, x: Array, t_x: Array, T: Array, rng: np.random.Generator
    ) -> Array:
        """Draw a length, a next due date and a readiness to leave of each; then payments."""
        alive = np.cumsum(cls._alive(theta, x, t_x, T), axis=0)
        which = (rng.random(x.size) * alive[-1] > alive[:-1]).sum(axis=0)
        out = np.zeros(x.size)
        for i, length in enumerate(cls.terms.lengths):
            rows = np.flatnonzero(which == i)
            if not rows.size:
                continue
            points = np.asarray(cls.terms.points) * length
            begin = np.searchsorted(points, (T - t_x)[rows], side="right")
            pick = begin + np.floor(rng.random(rows.size) * (points.size - begin)).astype(int)
            wait = points[np.minimum(pick, points.size - 1)] - (T - t_x)[rows]
            wait = np.where(begin < points.size, wait, length / 2)
            step = length * float(np.mean(cls.terms.points))
            due = np.where(wait <= t, np.floor((t - wait) / step) + 1, 0.0)
            p = rng.beta(theta[2 * i], theta[2 * i + 1] + x[rows] + 1)
            out[rows] = np.minimum(due, tosses(p, rng))
        return out

    @classmethod
    def draw(cls, theta: Array, T: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """Draw new customers: payments a term apart until one is the last."""
        shares = np.cumsum(cls.terms.shares)[:-1]
        which = np.searchsorted(shares, rng.random(T.size), side="right")
        step = np.asarray(cls.terms.lengths)[which] * float(np.mean(cls.terms.points))
        p = rng.beta(theta[2 * which], theta[2 * which + 1])
        x = np.minimum(np.floor(T / step), tosses(p, rng) - 1)
        return x, x * step


def _stays(a: float, b: float, n: Array) -> Array:
    """Log probability of staying n times, derivatives by a, b, both of a (and a, b), both of b.

    Summed step by step: where customers hardly differ a and b are large, and differences of beta
    functions would lose the digits that the search goes by.
    """
    i = np.arange(float(n.max(initial=1.0)))
    stay, some = 1 / (b + i), 1 / (a + b + i)
    gain = a * stay * some
    steps = np.array([-np.log1p(a * stay), -some, gain, some**2, -gain * (stay + some)])
    sums = np.column_stack([np.zeros(5), np.cumsum(steps, axis=1)])
    return np.asarray(sums[:, n.astype(int)])


def _payments(due: Array, stay: Array, wait: Array) -> Array:
    """Payments expected of so many due: the first by whoever is there, the next by who stays."""
    sums = np.column_stack([np.zeros(stay.shape[0]), np.cumsum(stay, axis=1)])
    return np.take_along_axis(sums, due.astype(np.intp), axis=1)


@cache
def _with(terms: Terms) -> type[DueDates]:
    if not terms.lengths:
        raise DataError("there is no length of term", remedy="give one at least")
    one = len(terms.lengths) == 1
    names = [("a", "b") if one else (f"a_{i}", f"b_{i}") for i in range(1, len(terms.lengths) + 1)]
    flat = tuple(name for pair in names for name in pair)
    about = {
        "terms": terms,
        "beside": terms.days,
        "names": flat,
        "timed": (0,) * len(flat),
        "starts": (),
    }
    about |= {"__doc__": DueDates.__doc__, "__module__": __name__}
    return cast("type[DueDates]", type("DueDates", (DueDates,), about))
