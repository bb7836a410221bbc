"""Bounds by relative magnitudes: the conditional, least favourable hybrid of Rambachan and Roth."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache

import numpy as np
from scipy.special import log_ndtr, ndtri, ndtri_exp

from workbench.arrays import Array

# Draws behind the least favourable quantile; the same ones for every question.
_DRAWS, _SEED = 10_000, 20230426
_STRIDES, _HALVINGS = 60, 24
# Where to look for effects that stand, in standard errors from the estimate.
_AROUND = np.linspace(-4, 4, 17)


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
        self.reach = np.cumsum(share[::-1])[::-1]

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
            kept = [x for x in (centre, *(centre + unit * _AROUND)) if test(float(x))]
            if kept:
                ends += [_end(test, min(kept), -unit), _end(test, max(kept), unit)]
        return (min(ends), max(ends)) if ends else (float("nan"), float("nan"))

    def _test(self, at: int, sign: float, bound: float) -> Callable[[float], bool]:
        step = np.zeros(len(self.mean))
        step[at + 1], step[at] = sign, -sign
        slack = bound * float(self.reach.sum()) * step
        slope = np.vstack([self.mean - slack, -self.mean - slack, -step])
        # the programme measures each row by its own error
        rows = np.eye(len(self.mean))
        rows = rows[self.before + 1 :] - rows[self.before : -1]
        up, down = (self._sd(side * rows - bound * step) for side in (1, -1))
        weight = np.array([1 / (self.reach @ up), 1 / (self.reach @ down), 0.0])
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
    value, vector = np.linalg.eigh(omega)
    root = vector * np.sqrt(np.maximum(value, 0))
    return float(np.quantile((_draws(len(omega)) @ root.T).max(axis=1), level))


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
