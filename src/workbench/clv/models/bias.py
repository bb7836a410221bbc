"""The bias of maximum likelihood, taken out of parameters by an adjusted score.

In small samples the mean of maximum-likelihood estimates lies beside the truth by a term of order
1/n. Here the root of score + adjustment is sought instead, whose mean is right to that order. The
adjustment is the slope of -tr(j^-1 e) / 2, with j the observed information and e the sum of the
outer products of the customers' scores: it needs no expectation, hence no simulation.

References
----------
Kosmidis, Lunardon (2024), Empirical Bias-Reducing Adjustments to Estimating Functions, Journal of
the Royal Statistical Society B 86(1), 62-89 (the adjustment as a penalty on the likelihood).
Firth (1993), Bias Reduction of Maximum Likelihood Estimates, Biometrika 80(1), 27-38.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.arrays import Array
from workbench.clv.models.likelihood import Derivatives

#: Half the distance over which the slope of the penalty is taken, in log parameters or effects.
STEP = 1e-4
#: Steps of the search, and the size of the last one in standard errors.
STEPS, HALVINGS, CLOSE = 60, 8, 1e-6

TAKEN_OUT = (
    "The bias of maximum likelihood is taken out of the parameters; none of them moved by more "
    "than {moved} of its standard error."
)
AT_THE_EDGE = (
    "The bias of maximum likelihood is not taken out: the search ended at the end of a range or "
    "without certainty, where no correction is known."
)
OUT_OF_REACH = (
    "The bias of maximum likelihood is not taken out: these customers tell too little for the "
    "correction to be found."
)


@dataclass(frozen=True)
class Scoring:
    """What a fit knows of its likelihood, in log parameters (and effects as they are).

    Attributes
    ----------
    evaluate : callable
        Log-likelihood, gradient, Hessian.
    score_products : callable
        Sum over the customers of the outer product of their scores.
    logged : ndarray of bool, shape (k,)
        Which entries are logarithms of the parameters that are to be free of bias.
    """

    evaluate: Callable[[Array], Derivatives]
    score_products: Callable[[Array], Array]
    logged: NDArray[np.bool_]

    def information(self, phi: Array) -> tuple[Array, Array] | None:
        """Gradient, and information about the parameters themselves, not about their logarithms.

        The second is expressed in log parameters, by the first derivatives of the change of scale
        alone; None where the likelihood does not bend downwards in every direction.
        """
        _, gradient, hessian = self.evaluate(phi)
        information = np.diag(np.where(self.logged, gradient, 0.0)) - hessian
        usable = np.isfinite(information).all() and np.linalg.eigvalsh(information)[0] > 0
        return (gradient, information) if usable else None

    def penalty(self, phi: Array) -> float:
        """-tr(j^-1 e) / 2; NaN where the information is of no use."""
        known = self.information(phi)
        if known is None:
            return float("nan")
        return -float(np.trace(np.linalg.solve(known[1], self.score_products(phi)))) / 2

    def adjusted(self, phi: Array) -> Array:
        """Score plus the slope of the penalty."""
        shifts = STEP * np.eye(phi.size)
        slopes = [self.penalty(phi + d) - self.penalty(phi - d) for d in shifts]
        return self.evaluate(phi)[1] + np.array(slopes) / (2 * STEP)


def unbiased(scoring: Scoring, start: Array) -> Array | None:
    """Root of score plus adjustment, sought from the maximum of the likelihood.

    Broyden's method, as the adjustment itself changes with the parameters; it starts from the
    information at the maximum.

    Returns
    -------
    ndarray, shape (k,) or None
        None where it is not found: the likelihood is too flat on the way.
    """
    known = scoring.information(start)
    value = scoring.adjusted(start)
    if known is None or not np.isfinite(value).all():
        return None
    information = known[1]
    phi, back = start.copy(), np.linalg.inv(information)
    for _ in range(STEPS):
        step = back @ value
        step *= min(1.0, 0.5 / np.abs(step).max())
        for _ in range(HALVINGS):
            new = scoring.adjusted(phi + step)
            if np.isfinite(new).all():
                break
            step = step / 2
        else:
            return None
        if float(step @ information @ step) < CLOSE**2:
            return phi + step
        # of the equation's slope, turned round: what the step should have been for this change
        change = value - new
        moved = back @ change
        back = back + np.outer(step - moved, step @ back) / float(step @ moved)
        phi, value = phi + step, new
    return None


def outer(scores: Array, n: Array) -> Array:
    """Sum of the outer products of scores of shape (k, m), each counted n times."""
    return np.asarray((scores * n) @ scores.T, dtype=float)
