"""BG/CNBD-k and MBG/CNBD-k: purchases that come more regularly than by chance.

The time between two purchases of a customer is the sum of k exponential stages (Erlang-k) instead
of one, so that a purchase just made makes the next one less likely for a while, and a silence tells
sooner that the customer has left. With k = 1 these are BG/NBD, MBG/NBD and NBD.

References
----------
Chatfield, Goodhardt (1973), A Consumer Purchasing Model with Erlang Inter-Purchase Times, Journal
of the American Statistical Association 68(344), 828-835 (the condensed NBD).
Reutterer, Platzer, Schroeder (2021), Leveraging Purchase Regularity for Predicting Customer
Behavior the Easy Way, International Journal of Research in Marketing 38(1), 194-215.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import ClassVar, Self, cast

import numpy as np
import pandas as pd
from scipy.special import betainc, betaln, expit, gammaln, polygamma, psi

from workbench.arrays import Array
from workbench.clv.models.beta_geometric import BetaGeometric
from workbench.clv.models.nbd import NBD, counting_by_row
from workbench.clv.models.purchase import PurchaseResults, tosses
from workbench.clv.models.quadrature import beta_expectation, legendre
from workbench.clv.models.rows import Purchases, distinct, dot
from workbench.clv.models.silence import SilenceModel

#: Numbers of stages that are tried.
STAGES = range(2, 13)
#: Probabilities added up at once.
CELLS = 200_000
#: Ages at which what depends on age alone is worked out, for customers with as many purchases.
NODES = 20
#: Nodes of time in discounting, where that takes little off and where it takes much.
TIMES, MORE_TIMES, LITTLE = 8, 32, 0.5
#: Logarithm of what is cut off a sum of probabilities.
NEGLIGIBLE = 27.0


def _late(theta: Array, k: int, x: Array, t_x: Array, T: Array) -> tuple[Array, Array, Array]:
    """Logarithm of how the silence is likelier in k stages than in one, and derivatives.

    The sum over j < k stages done of (R)_j / j! w^j, with R = r + k x and w = (T - t_x) /
    (alpha + T); derivatives by r and alpha, shapes (m,), (2, m), (2, 2, m).
    """
    r, alpha = theta[:2]
    R, per = r + k * x, 1 / (alpha + T)
    w = (T - t_x) * per
    term, by_r, bend_r = np.ones(x.size), np.zeros(x.size), np.zeros(x.size)
    total, first, second = np.ones(x.size), np.zeros((2, x.size)), np.zeros((2, 2, x.size))
    for j in range(1, k):
        ahead = R + (j - 1)
        term = term * ahead * w / j
        by_r, bend_r = by_r + 1 / ahead, bend_r - 1 / ahead**2
        total = total + term
        first[0] += term * by_r
        first[1] -= j * term
        second[0, 0] += term * (by_r**2 + bend_r)
        second[0, 1] -= j * term * by_r
        second[1, 1] += j * (j + 1) * term
    first[1] *= per
    second[0, 1] *= per
    second[1, 0] = second[0, 1]
    second[1, 1] *= per**2
    slope = first / total
    return np.log(total), slope, second / total - slope[:, None] * slope[None]


def _stages(theta: Array, k: int, x: Array, t_x: Array, T: Array) -> Array:
    """P(j stages done since the last purchase) of customers alive, shape (k, m)."""
    r, alpha = theta[:2]
    w, term = (T - t_x) / (alpha + T), np.ones(x.size)
    out = np.empty((k, x.size))
    for j in range(k):
        if j:
            term = term * (r + k * x + j - 1) * w / j
        out[j] = term
    return np.asarray(out / out.sum(axis=0))


def _tail(least: Array, size: Array, odds: Array) -> Array:
    """P(at least so many stages) of a negative binomial."""
    at = np.maximum(least, 1.0)
    return np.where(least > 0, betainc(at, size, odds / (1 + odds)), 1.0)


def _summed(
    k: int, j: int, size: Array, odds: Array, stay: tuple[float, Array] | None, chance: bool
) -> Array:
    """Sum expected purchases of customers j stages into a gap, or the chance that they stay.

    Stages to come are negative binomial (`size`, `odds`). `stay` is the beta distribution of
    leaving after each purchase, None where nobody leaves.
    """
    mean = size * odds
    most = mean + np.sqrt(2 * NEGLIGIBLE * mean * (1 + odds)) + NEGLIGIBLE * (1 + odds) + k + 2
    order = np.argsort(most, kind="stable")
    out, lo = np.empty(size.size), 0
    while lo < order.size:
        hi = lo + 1
        # rows that need sums of about the same length share an array
        while hi < order.size and (hi - lo + 1) * most[order[hi]] < CELLS:
            hi += 1
        rows = order[lo:hi]
        n = np.arange(1.0, np.ceil(most[rows[-1]]) + 1)
        log_share = np.log(odds[rows]) - np.log1p(odds[rows])
        steps = np.log((size[rows, None] + n - 1) / n) + log_share[:, None]
        start = -size[rows] * np.log1p(odds[rows])
        mass = np.exp(np.cumsum(np.column_stack([start, steps]), axis=1))
        times = (np.arange(n.size + 1) + j) // k
        if stay is None:
            worth = np.arange(times[-1] + 1.0)[None]
        else:
            i = np.arange(float(times[-1]))
            b = stay[1][rows, None]
            kept = np.cumprod((b + i) / (stay[0] + b + i), axis=1)
            kept = np.column_stack([np.ones(rows.size), kept])
            # the first purchase to come is made by whoever is there
            worth = np.column_stack([np.zeros(rows.size), np.cumsum(kept[:, :-1], axis=1)])
            worth = kept if chance else worth
        out[rows] = np.einsum("ij,ij->i", mass, np.broadcast_to(worth[:, times], mass.shape))
        lo = hi
    return out


class _Regular(SilenceModel):
    """What the models of k stages share."""

    first: ClassVar[int] = 0

    @classmethod
    def of(cls, k: int) -> type[Self]:
        """Give the model with that number of stages."""
        return cast("type[Self]", _with(cls, int(k)))

    @classmethod
    def search(cls, frame: pd.DataFrame, *, unit: str | None = None) -> PurchaseResults:
        """Fit with ever more stages until the likelihood falls, and give the best fit.

        Parameters
        ----------
        frame : DataFrame
            As of `from_frame`, with log_gaps: the sum of the logarithms of each customer's times
            between purchases, in the unit of time (`Rhythm.known`). Without it stages cannot be
            compared.
        unit : str, optional
        """
        best: PurchaseResults | None = None
        for k in STAGES:
            fit = cls.of(k).from_frame(frame, unit=unit).fit()
            if best is not None and fit.llf <= best.llf:
                break
            best = fit
        assert best is not None
        return best

    @classmethod
    def _starts(cls, rows: Purchases) -> list[Array]:
        # k stages to a purchase: rates are k times as high
        starts = super()._starts(rows)
        for theta in starts:
            theta[1] *= cls.k
        return starts

    @classmethod
    def gaps_of(cls, frame: pd.DataFrame, counts: Array) -> float:
        """Sum of (k - 1) ln gap - ln (k - 1)! over all gaps; 0 where gaps are not known."""
        if "log_gaps" not in frame:
            return 0.0
        gaps, x = (frame[c].to_numpy(dtype=float) for c in ("log_gaps", "frequency"))
        return float((cls.k - 1) * dot(counts, gaps) - gammaln(cls.k) * dot(counts, x))

    @classmethod
    def by_row(cls, theta: Array, x: Array, t_x: Array, T: Array) -> tuple[Array, Array, Array]:
        """Add counting terms of stages, the silence, and leaving where there is any."""
        p, k = len(cls.names), cls.k
        value, gradient, hessian = (
            part if not i else part[tuple([slice(p)] * i)]
            for i, part in enumerate(counting_by_row(theta, k * x, T))
        )
        late, slope, bend = _late(theta, k, x, t_x, T)
        if not cls.leaves:
            value += late
            gradient += slope
            hessian += bend
            return value, gradient, hessian
        r, alpha, a, b = theta
        n = x + cls.first
        value += betaln(a, b + n) - betaln(a, b)
        both = psi(a + b) - psi(a + b + n)
        twice = polygamma(1, a + b + n) - polygamma(1, a + b)
        gradient[2] += both
        gradient[3] += both + psi(b + n) - psi(b)
        hessian[2:, 2:] -= twice
        hessian[3, 3] += polygamma(1, b + n) - polygamma(1, b)

        risky = n > 0
        at_T, at_t, power = 1 / (alpha + T), 1 / (alpha + t_x), r + k * x
        fell, gap = np.log(alpha + T) - np.log(alpha + t_x), at_T - at_t
        last = 1 / np.where(risky, b + n - 1, 1.0)
        odds = np.where(risky, np.log(a) + np.log(last) + power * fell, -np.inf)
        left = expit(odds - late)
        up = np.zeros((2, 4, x.size))
        up[0] = [fell, power * gap, np.broadcast_to(1 / a, x.shape), -last]
        up[1, :2] = slope
        turn = np.zeros((2, 4, 4, x.size))
        turn[0, 0, 1] = turn[0, 1, 0] = gap
        turn[0, 1, 1] = -power * gap * (at_T + at_t)
        turn[0, 2, 2], turn[0, 3, 3] = -1 / a**2, last**2
        turn[1, :2, :2] = bend
        apart = up[0] - up[1]
        value += np.logaddexp(odds, late)
        gradient += left * up[0] + (1 - left) * up[1]
        hessian += left * turn[0] + (1 - left) * turn[1]
        hessian += left * (1 - left) * apart[:, None] * apart[None]
        return value, gradient, hessian

    # What is to come: over the stages of the gap under way, and over ages at nodes.

    @classmethod
    def _stay(cls, theta: Array, x: Array) -> tuple[float, Array] | None:
        return (float(theta[2]), theta[3] + x + cls.first) if cls.leaves else None

    @classmethod
    def _by_stage(
        cls, theta: Array, t: float | Array, x: Array, T: Array, *, chance: bool = False
    ) -> Array:
        """Give `_summed` for each stage of the gap under way, shape (k, m)."""
        size, odds = theta[0] + cls.k * x, t / (theta[1] + T)
        stay = cls._stay(theta, x)
        return np.array([_summed(cls.k, j, size + j, odds, stay, chance) for j in range(cls.k)])

    @classmethod
    def _since(
        cls, theta: Array, x: Array, t_x: Array, T: Array,
        of: Callable[[Array, Array], Array],
    ) -> Array:  # fmt: skip
        """Mix a function of x and T over the stages done since the last purchase."""
        return np.asarray(
            np.einsum("ij,ij->j", _stages(theta, cls.k, x, t_x, T), _aged(theta[1], x, T, of)),
            dtype=float,
        )

    @classmethod
    def expected_since(
        cls, theta: Array, t: Array | float, x: Array, t_x: Array, T: Array
    ) -> Array:
        """Sum over numbers of stages to come."""
        if np.ndim(t):
            found = cls._by_stage(theta, t, x, T)
            return np.asarray(
                np.einsum("ij,ij->j", _stages(theta, cls.k, x, t_x, T), found), dtype=float
            )
        if t == 0:
            return np.zeros(x.size)
        return cls._since(theta, x, t_x, T, lambda x, T: cls._by_stage(theta, t, x, T))

    @classmethod
    def lasting_since(cls, theta: Array, t: float, x: Array, t_x: Array, T: Array) -> Array:
        """Chance that none of the purchases to come was the last."""
        return cls._since(theta, x, t_x, T, lambda x, T: cls._by_stage(theta, t, x, T, chance=True))

    @classmethod
    def discounted_since(
        cls, theta: Array, t: float, rate: float, x: Array, t_x: Array, T: Array
    ) -> Array:
        """Integrate expected purchases over time, by parts, weighted by the discount."""
        if rate == 0:
            return cls.expected_since(theta, t, x, t_x, T)
        if np.isinf(t):
            return cls._since(theta, x, t_x, T, lambda x, T: cls._endless(theta, rate, x, T))
        # nodes lie densest soon, where purchases come soonest
        scale = theta[1] + float(np.median(T))
        at, weight = legendre(TIMES if rate * t < LITTLE else MORE_TIMES)
        top = np.log1p(t / scale)
        times = scale * np.expm1(top * at)
        shares = weight * top * (scale + times) * rate * np.exp(-rate * times)

        def value(x: Array, T: Array) -> Array:
            total = np.exp(-rate * t) * cls._by_stage(theta, t, x, T)
            for time, share in zip(times, shares, strict=True):
                total = total + share * cls._by_stage(theta, float(time), x, T)
            return np.asarray(total, dtype=float)

        return cls._since(theta, x, t_x, T, value)

    @classmethod
    def _endless(cls, theta: Array, rate: float, x: Array, T: Array) -> Array:
        """Over rates and leaving of E[z^(k - j) / (1 - (1 - p) z^k)], z = rate / (rate + delta)."""
        k, stay = cls.k, cls._stay(theta, x)
        out = np.empty((k, x.size))
        for j in range(k):
            size = theta[0] + k * x + j
            # rates from the quantiles of a gamma: trapezoid in its logarithm
            centre, half = psi(size), 9 * np.sqrt(polygamma(1, size)) + 6 / size
            at = centre[:, None] + half[:, None] * np.linspace(-1, 1, 201)
            log_density = size[:, None] * at - np.exp(np.minimum(at, 700)) - gammaln(size)[:, None]
            weight = np.exp(log_density) * (at[:, 1] - at[:, 0])[:, None]
            weight /= weight.sum(axis=1, keepdims=True)
            z = 1 / (1 + rate * (theta[1] + T)[:, None] * np.exp(-at))
            lead, whole = z ** (k - j) * weight, z**k
            if stay is None:
                out[j] = (lead / (1 - whole)).sum(axis=1)
                continue

            def value(p: Array, lead: Array = lead, whole: Array = whole) -> Array:
                return np.stack(
                    [(lead / (1 - (1 - q)[:, None] * whole)).sum(axis=1) for q in p.T], axis=1
                )

            ends = [value(np.full((x.size, 1), p))[:, 0] for p in (0.0, 1.0)]
            out[j] = beta_expectation(value, ends[0], ends[1], np.full(x.size, stay[0]), stay[1])
        return out

    @classmethod
    def _none_since(cls, theta: Array, t: Array, x: Array, t_x: Array, T: Array) -> Array:
        size, odds = theta[0] + cls.k * x, t / (theta[1] + T)
        none = [1 - _tail(np.full(x.size, cls.k - j), size + j, odds) for j in range(cls.k)]
        return np.asarray(
            np.einsum("ij,ij->j", _stages(theta, cls.k, x, t_x, T), np.array(none)), dtype=float
        )

    @classmethod
    def mass_ahead(cls, theta: Array, k: Array, t: Array, x: Array, t_x: Array, T: Array) -> Array:
        """So many purchases come and all but the last may have been the last, or one ends it."""
        alive, size = cls.alive(theta, x, t_x, T), theta[0] + cls.k * x
        odds, stay = t / (theta[1] + T), cls._stay(theta, x)
        found = np.empty((cls.k, x.size))
        for j in range(cls.k):
            least = cls.k * k - j
            some, more = _tail(least, size + j, odds), _tail(least + cls.k, size + j, odds)
            if stay is None:
                found[j] = some - more
                continue
            a, b = stay
            before = np.exp(betaln(a, b + np.maximum(k - 1, 0)) - betaln(a, b))
            ends = np.exp(betaln(a + 1, b + np.maximum(k - 1, 0)) - betaln(a, b))
            found[j] = (some - more) * before + np.where(k > 0, more * ends, 0.0)
        there = np.einsum("ij,ij->j", _stages(theta, cls.k, x, t_x, T), found)
        return np.asarray(alive * there + np.where(k == 0, 1 - alive, 0.0))

    # Draws

    @classmethod
    def draw_ahead(
        cls, theta: Array, t: float, x: Array, t_x: Array, T: Array, rng: np.random.Generator
    ) -> Array:
        """Stages done, a rate and a readiness to leave of each; then stages to come."""
        done = np.cumsum(_stages(theta, cls.k, x, t_x, T), axis=0)
        j = (rng.random(x.size) > done[:-1]).sum(axis=0)
        rate = rng.gamma(theta[0] + cls.k * x + j) / (theta[1] + T)
        comes = (rng.poisson(rate * t) + j) // cls.k
        stay = cls._stay(theta, x)
        if stay is None:
            return np.asarray(comes.astype(float), dtype=float)
        return np.asarray(np.minimum(comes, tosses(rng.beta(*stay), rng)), dtype=float)

    @classmethod
    def draw(cls, theta: Array, T: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """Stages at gamma rates; every k-th is a purchase, until a coin comes up."""
        rate = rng.gamma(theta[0], 1 / theta[1], size=T.size)
        stages = rng.poisson(rate * T)
        x = (stages // cls.k).astype(float)
        if cls.leaves:
            p = rng.beta(theta[2], theta[3], size=T.size)
            x = np.minimum(x, tosses(p, rng) - cls.first)
        # the (k x)-th smallest of `stages` uniform times
        at = np.maximum(cls.k * x, 1.0)
        share = rng.beta(at, np.maximum(stages - at + 1.0, 1.0))
        return x, np.where(x > 0, share * T, 0.0)


def _aged(alpha: float, x: Array, T: Array, of: Callable[[Array, Array], Array]) -> Array:
    """Evaluate a function of x and T, smooth in ln (alpha + T), by polynomials where that pays."""
    first, inverse = distinct(x, T)
    xs, Ts = x[first], T[first]
    order = np.argsort(xs, kind="stable")
    starts = np.flatnonzero(np.append(True, np.diff(xs[order]) != 0))
    groups = np.split(order, starts[1:])
    many = [g for g in groups if g.size > 2 * NODES]
    if not many:
        return of(xs, Ts)[:, inverse]
    rest = np.concatenate([g for g in groups if g.size <= 2 * NODES] or [np.zeros(0, np.intp)])
    knots = np.cos(np.pi * (np.arange(NODES) + 0.5) / NODES)
    spans = [np.log(alpha + np.array([Ts[g].min(), Ts[g].max()])) for g in many]
    at = [low + (high - low) * (knots + 1) / 2 for low, high in spans]
    found = of(
        np.concatenate([xs[rest], *(np.full(NODES, xs[g[0]]) for g in many)]),
        np.concatenate([Ts[rest], *(np.maximum(np.exp(y) - alpha, 0.0) for y in at)]),
    )
    out = np.empty((found.shape[0], xs.size))
    out[:, rest] = found[:, : rest.size]
    # barycentric weights of Chebyshev's points
    weight = (-1.0) ** np.arange(NODES) * np.sin(np.pi * (np.arange(NODES) + 0.5) / NODES)
    for i, (g, (low, high)) in enumerate(zip(many, spans, strict=True)):
        values = found[:, rest.size + i * NODES :][:, :NODES]
        place = 2 * (np.log(alpha + Ts[g]) - low) / (high - low) - 1
        gap = place[:, None] - knots
        gap[np.abs(gap) < 1e-13] = 1e-13
        share = weight / gap
        out[:, g] = (values @ share.T) / share.sum(axis=1)
    return out[:, inverse]


class RegularNBD(_Regular, NBD):
    """CNBD-k: regular purchases, and nobody leaves."""

    title = "CNBD"
    leaves = False
    baseline = None

    @classmethod
    def scores(cls, theta: Array, x: Array, t_x: Array, T: Array) -> Array:
        """Gradient by row."""
        return cls.by_row(np.repeat(theta[:, None], x.size, axis=1), x, t_x, T)[1]


class RegularBetaGeometric(_Regular, BetaGeometric):
    """BG/CNBD-k: regular purchases; after each repeat purchase a customer may leave.

    Examples
    --------
    >>> from workbench.clv import RegularBetaGeometric
    >>> frequency, recency = [2, 0, 1, 5, 0, 3], [30.4, 0, 1.7, 29.4, 0, 22.0]
    >>> model = RegularBetaGeometric.of(2)
    >>> fit = model(frequency * 50, recency * 50, [38.9] * 300, unit="week").fit()
    >>> fit.title
    'BG/CNBD-2'
    """

    title = "BG/CNBD"
    first = 0
    purchase_effects = ()
    dropout_effects = ()

    @classmethod
    def alive(cls, theta: Array, x: Array, t_x: Array, T: Array) -> Array:
        """1 / (1 + e^u), u the log odds of having left against being late."""
        r, alpha, a, b = theta
        n = x + cls.first
        late = _late(theta, cls.k, x, t_x, T)[0]
        u = np.log(a) - np.log(np.where(n > 0, b + n - 1, 1.0)) - late
        u = u + (r + cls.k * x) * (np.log1p(T / alpha) - np.log1p(t_x / alpha))
        return np.where(n > 0, expit(-u), 1.0)


class RegularModifiedBetaGeometric(RegularBetaGeometric):
    """MBG/CNBD-k: as BG/CNBD-k, but the first purchase, too, may be the last."""

    title = "MBG/CNBD"
    first = 1


@cache
def _with(law: type[_Regular], k: int) -> type[_Regular]:
    baseline = RegularNBD.of(k) if law.leaves else None
    about = {
        "k": k,
        "beside": 1,
        "title": f"{law.title}-{k}",
        "baseline": baseline,
        "__doc__": law.__doc__,
    }
    return cast("type[_Regular]", type(law.__name__, (law,), {**about, "__module__": __name__}))
