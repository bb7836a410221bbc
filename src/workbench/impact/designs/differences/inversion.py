"""Intervals that hold every effect which a test does not reject."""

from __future__ import annotations

from collections.abc import Callable

_DOUBLINGS = 8
_HALVINGS = 50


def not_rejected(
    p_value: Callable[[float], float], centre: float, step: float, *, level: float
) -> tuple[float, float]:
    """Limits of the effects that a test lets stand.

    Parameters
    ----------
    p_value : callable
        p-value of the hypothesis that the effect is so large.
    centre : float
        The estimate, which is not rejected.
    step : float
        About the width of the interval; the search goes up to 256 times as far.
    level : float

    Returns
    -------
    tuple of float
        Low and high; infinite where the test never rejects.
    """
    alpha = 1 - level
    limits = []
    for side in (-1.0, 1.0):
        near, far = centre, centre + side * step
        for _ in range(_DOUBLINGS):
            if p_value(far) <= alpha:
                break
            near, far = far, centre + 2 * (far - centre)
        else:
            limits.append(side * float("inf"))
            continue
        for _ in range(_HALVINGS):
            middle = (near + far) / 2
            if middle in (near, far):
                break
            if p_value(middle) > alpha:
                near = middle
            else:
                far = middle
        limits.append(far)
    return float(limits[0]), float(limits[1])
