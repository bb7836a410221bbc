"""Intervals that hold where trends part a little: by their bend, or by the largest step before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise

import numpy as np
from scipy.special import chndtrix, log_ndtr, ndtri, ndtri_exp

from workbench.arrays import Array
from workbench.stats.normals import root_of

# Points looked at between two bends of the lasso's path, where the interval's length is smooth.
_BETWEEN = 150
# Draws behind the least favourable quantile; the same ones for every question.
_DRAWS, _SEED = 10_000, 20230426
_STRIDES, _HALVINGS = 60, 24
# Where to look for effects that stand, in standard errors from the estimate.
_AROUND = np.linspace(-4, 4, 17)


@dataclass(frozen=True)
class FixedLength:
    """Linear estimates of the mean effect after the start, from least variance to least bias.

    Attributes
    ----------
    centre, se : ndarray
        Estimate and standard error of each.
    bias : ndarray
        Largest bias of each for a bend of one.
    """

    centre: Array
    se: Array
    bias: Array

    def interval(self, bend: float, *, level: float) -> tuple[float, float]:
        """Give the shortest interval where the departure bends by no more than `bend`."""
        half = _folded(bend * self.bias / self.se, level) * self.se
        best = int(np.argmin(half))
        return float(self.centre[best] - half[best]), float(self.centre[best] + half[best])


def fixed_length(estimate: Array, covariance: Array, before: int, after: int) -> FixedLength:
    """Prepare the intervals of the mean effect after the start, for any bend.

    Parameters
    ----------
    estimate, covariance : ndarray
        Differences against the last period before: `before` earlier periods in order, then the
        `after` periods after the start.

    Notes
    -----
    The estimate is the mean after plus a combination v of the periods before. A straight departure
    must drop out, sum(m v_m) = sum(t l_t) for the period m places before the reference; the largest
    bias is then the bend times a constant plus sum |u_k|, u_k = sum over m > k of v_m (m - k). For
    each size of that sum the least variance lies on the path of a lasso in u, which is straight
    between its knots and does not hang on the bend.

    References
    ----------
    Rambachan, Roth (2023), Review of Economic Studies 90(5), section 3.2, equation 17; Armstrong,
    Kolesar (2018), Econometrica 86(2), 655-683; Efron et al. (2004), Annals of Statistics 32(2),
    section 3.1 (the path).
    """
    own = np.full(after, 1 / after)
    t = np.arange(1, after + 1)
    line = float(own @ t)
    steady = line + sum(float(own[k:] @ (t[k:] - k)) for k in range(1, after))
    m = np.arange(before, 0, -1)  # places before the reference, as the estimates are ordered
    # rows: the sum that is fixed, then u_1 ... u_{before - 1}; to be turned into v
    to_u = np.vstack([m, *[np.maximum(m - k, 0) for k in range(1, before)]]).astype(float)
    to_v = np.linalg.inv(to_u)
    base, free = to_v[:, 0] * line, to_v[:, 1:]
    pre, cross = covariance[:before, :before], covariance[:before, before:] @ own
    tail = float(own @ covariance[before:, before:] @ own)
    knots = _lasso_path(free.T @ pre @ free, free.T @ (pre @ base + cross))
    steps = np.linspace(0, 1, _BETWEEN, endpoint=False)[:, None]
    parts = [a + steps * (b - a) for a, b in pairwise(knots)]
    u = np.vstack([*parts, knots[-1:]])
    v = base + u @ free.T
    variance = tail + 2 * v @ cross + np.einsum("ij,jk,ik->i", v, pre, v)
    return FixedLength(
        float(own @ estimate[before:]) + v @ estimate[:before],
        np.sqrt(np.maximum(variance, 1e-300)),
        steady + np.abs(u).sum(axis=1),
    )


def _folded(bias: Array, level: float) -> Array:
    """Quantile of |N(bias, 1)|."""
    near = np.minimum(bias, 8.0)
    quantile: Array = np.where(
        bias > 8, bias + float(ndtri(level)), np.sqrt(chndtrix(level, 1, near**2))
    )
    return quantile


def _lasso_path(matrix: Array, vector: Array) -> Array:
    """Knots of the least of u'Qu/2 + q'u + penalty |u| as the penalty falls to zero."""
    k = len(vector)
    u = np.zeros(k)
    knots = [u]
    if k == 0 or not np.abs(vector).max() > 0:
        return np.array(knots)
    slope = vector.copy()
    penalty = float(np.abs(slope).max())
    active = [int(np.argmax(np.abs(slope)))]
    for _ in range(20 * k):
        signs = -np.sign(slope[active])
        inner = matrix[np.ix_(active, active)]
        move = np.linalg.lstsq(inner, signs, rcond=None)[0]
        drift = matrix[:, active] @ move
        step, event, joins = penalty, -1, False
        for j in range(k):
            if j in active:
                continue
            # the slope of an idle coordinate reaches the falling penalty
            for side in (1.0, -1.0):
                speed = 1 + side * drift[j]
                gap = penalty - side * slope[j]
                if speed > 1e-12 and -1e-12 < gap / speed < step:
                    step, event, joins = max(gap / speed, 0.0), j, True
        for place, j in enumerate(active):
            if u[j] * move[place] < 0 and -u[j] / move[place] < step:
                step, event, joins = -u[j] / move[place], j, False
        u = u.copy()
        u[active] += step * move
        penalty -= step
        slope = vector + matrix @ u
        if event >= 0 and not joins:
            u[event] = 0.0
            active.remove(event)
        elif event >= 0:
            active.append(event)
        knots.append(u)
        if event < 0 or penalty <= 1e-12 * float(np.abs(vector).max()) or not active:
            break
    return np.array(knots)


class RelativeMagnitudes:
    """Effects that can stand where trends part by so many times the largest step before at most.

    For each step before the start, and each sign of it, the departures under which it is the
    largest form a polyhedron; an effect stands if it does under any of them. Which course the
    departure takes after the start is not known: of the mixtures of its inequalities that do not
    hang on it, the extreme ones say that the effect lies below its upper bound, above its lower
    bound, and that the step has its sign. The largest of these three moments is tested given which
    it is (the conditional test), after a first look at a tenth of the level at the least favourable
    case.

    Parameters
    ----------
    estimate, covariance : ndarray
        Differences against the last period before, which is among them with zeros.
    before : int
        Earlier periods.
    share : ndarray, shape (periods after,)
        Weight of each period in the effect.
    level : float

    References
    ----------
    Rambachan, Roth (2023), Review of Economic Studies 90(5), 2555-2591, sections 2.4.1 and 3.1;
    Andrews, Roth, Pakes (2023), Review of Economic Studies 90(6), 2763-2791, sections 4 and 5.
    """

    def __init__(
        self, estimate: Array, covariance: Array, before: int, share: Array, *, level: float
    ) -> None:
        self.estimate, self.covariance, self.level = estimate, covariance, level
        self.before, self.share = before, share
        self.mean = np.concatenate([np.zeros(before + 1), share])
        # what a step after the start still moves: the weight of all periods from it on
        self.share_from = np.cumsum(share[::-1])[::-1]

    def tests(self, bound: float) -> list[Callable[[float], bool]]:
        """Make the test of each polyhedron: effect -> whether it can stand."""
        return [self._test(at, sign, bound) for at in range(self.before) for sign in (1.0, -1.0)]

    def stands(self, effect: float, bound: float) -> bool:
        """Whether an effect can stand under a departure of at most `bound`."""
        return any(test(effect) for test in self.tests(bound))

    def interval(self, bound: float) -> tuple[float, float]:
        """Give the least and the largest effect that can stand."""
        ends = []
        centre = float(self.mean @ self.estimate)
        unit = float(np.sqrt(self.mean @ self.covariance @ self.mean))
        for test in self.tests(bound):
            standing = [x for x in (centre, *(centre + unit * _AROUND)) if test(float(x))]
            if standing:
                ends += [_end(test, min(standing), -unit), _end(test, max(standing), unit)]
        return (min(ends), max(ends)) if ends else (float("nan"), float("nan"))

    def _test(self, at: int, sign: float, bound: float) -> Callable[[float], bool]:
        step = np.zeros(len(self.mean))
        step[at + 1], step[at] = sign, -sign
        slack = bound * float(self.share_from.sum()) * step
        slope = np.vstack([self.mean - slack, -self.mean - slack, -step])
        # the programme measures each row by its own error
        rows = np.eye(len(self.mean))
        rows = rows[self.before + 1 :] - rows[self.before : -1]
        up, down = (self._sd(side * rows - bound * step) for side in (1, -1))
        weight = np.array([1 / (self.share_from @ up), 1 / (self.share_from @ down), 0.0])
        weight[2] = (2 * bound / (up + down)).max()
        used = weight > 0
        slope, shift = slope[used] * weight[used, None], (np.array([-1.0, 1.0, 0.0]) * weight)[used]
        return self._hybrid(slope, shift)

    def _sd(self, rows: Array) -> Array:
        variance = np.einsum("ij,jk,ik->i", rows, self.covariance, rows)
        return np.asarray(np.sqrt(np.maximum(variance, 1e-300)))

    def _hybrid(self, slope: Array, shift: Array) -> Callable[[float], bool]:
        omega, fixed = slope @ self.covariance @ slope.T, slope @ self.estimate
        alpha = 1 - self.level
        first = alpha / 10
        second = (alpha - first) / (1 - first)
        sds = np.sqrt(np.diag(omega))
        # the least favourable quantile lies between these two; it is drawn where they disagree
        least = float(ndtri(1 - first) * sds.max())
        most = float(ndtri(1 - first / len(sds)) * sds.max())
        ceiling = cache(lambda: _least_favourable(omega, 1 - first))

        def test(effect: float) -> bool:
            moments = fixed + shift * effect
            top = int(np.argmax(moments))
            largest = float(moments[top])
            if largest <= 0 or largest > most:
                return largest <= 0
            ratio = omega[:, top] / omega[top, top]
            rest = moments - ratio * largest
            others = np.arange(len(moments)) != top
            below, above = others & (ratio < 1 - 1e-12), others & (ratio > 1 + 1e-12)
            low = float((rest[below] / (1 - ratio[below])).max()) if below.any() else -np.inf
            high = float((rest[above] / (1 - ratio[above])).min()) if above.any() else np.inf

            def passes(first_step: float) -> bool:
                limits = np.array([low, min(high, first_step)]) / sds[top]
                far = sds[top] * _truncated(1 - second, float(limits[0]), float(limits[1]))
                return bool(largest <= min(first_step, far))

            if passes(least):
                return True
            return passes(most) and passes(ceiling())

        return test


def _least_favourable(omega: Array, level: float) -> float:
    """Quantile of the largest of normal moments, all of them zero at most."""
    drawn = _draws(len(omega)) @ root_of(omega).T
    return float(np.quantile(drawn.max(axis=1), level))


@lru_cache(maxsize=4)
def _draws(size: int) -> Array:
    half = np.random.default_rng(_SEED).normal(size=(_DRAWS // 2, size))
    return np.vstack([half, -half])


def _truncated(share: float, low: float, high: float) -> float:
    """Quantile of a standard normal between two limits."""
    if high <= low:
        return high
    if low > 0:  # the far side, where probabilities are small, in logarithms
        a, b = float(log_ndtr(-low)), float(log_ndtr(-high)) if np.isfinite(high) else -np.inf
        return -float(ndtri_exp(np.logaddexp(np.log1p(-share) + a, np.log(share) + b)))
    a, b = np.exp(log_ndtr(low)), np.exp(log_ndtr(high))
    return float(ndtri(a + share * (b - a)))


def _end(test: Callable[[float], bool], inside: float, stride: float) -> float:
    """Go outwards while effects stand, then halve."""
    near, far = inside, inside + stride
    for _ in range(_STRIDES):
        if not test(far):
            break
        near, stride = far, 2 * stride
        far = near + stride
    for _ in range(_HALVINGS):
        middle = (near + far) / 2
        near, far = (middle, far) if test(middle) else (near, middle)
    return near
