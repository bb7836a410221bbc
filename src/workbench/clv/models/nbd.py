"""NBD: purchases at rates that differ between customers, and nobody ever leaves.

References
----------
Ehrenberg (1959), The Pattern of Consumer Purchases, Applied Statistics 8(1), 26-41.
Schmittlein, Bemmaor, Morrison (1985), Marketing Science 4(3), 255-266: conditional expectation.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import gammaln, psi, zeta

from workbench.arrays import Array
from workbench.clv.models.fitted import judged
from workbench.clv.models.likelihood import Derivatives, Optimum
from workbench.clv.models.purchase import PurchaseModel
from workbench.clv.models.rows import Margins, Purchases
from workbench.results import Finding


def counting_terms(r: float, alpha: float, m: Margins) -> tuple[float, Array, Array]:
    """Log-likelihood of counts over T under a gamma(r, alpha) mix of Poissons, and derivatives.

    sum n [ln G(r + x) - ln G(r) + r ln alpha - (r + x) ln(alpha + T)]; shared by the models
    with dropout, where T becomes a smaller time for those who may have left.
    """
    log_T, inverse_T = np.log1p(m.Ts / alpha), 1 / (alpha + m.Ts)
    weight_T = r * m.n_T + m.x_T
    bought = float(m.x_T.sum())
    value = m.n_x @ (gammaln(r + m.xs) - gammaln(r)) - weight_T @ log_T - bought * np.log(alpha)
    gradient = np.array(
        [
            m.n_x @ (psi(r + m.xs) - psi(r)) - m.n_T @ log_T,
            m.n * r / alpha - weight_T @ inverse_T,
        ]
    )
    cross = m.n / alpha - m.n_T @ inverse_T
    hessian = np.array(
        [
            [m.n_x @ (zeta(2, r + m.xs) - zeta(2, r)), cross],
            [cross, -m.n * r / alpha**2 + weight_T @ inverse_T**2],
        ]
    )
    return float(value), gradient, hessian


def counting_by_row(theta: Array, x: Array, T: Array) -> tuple[Array, Array, Array]:
    """As `counting_terms`, row by row, with room for the two parameters of dropout.

    Parameters
    ----------
    theta : ndarray, shape (4, m)
    x, T : ndarray, shape (m,)

    Returns
    -------
    value, gradient, hessian : ndarray, shapes (m,), (4, m), (4, 4, m)
    """
    r, alpha = theta[:2]
    gradient, hessian = np.zeros((4, x.size)), np.zeros((4, 4, x.size))
    log_share = np.log(alpha) - np.log(alpha + T)
    value = gammaln(r + x) - gammaln(r) + r * log_share - x * np.log(alpha + T)
    gradient[0] = psi(r + x) - psi(r) + log_share
    gradient[1] = r / alpha - (r + x) / (alpha + T)
    hessian[0, 0] = zeta(2, r + x) - zeta(2, r)
    hessian[0, 1] = hessian[1, 0] = 1 / alpha - 1 / (alpha + T)
    hessian[1, 1] = (r + x) / (alpha + T) ** 2 - r / alpha**2
    return np.asarray(value, dtype=float), gradient, hessian


def count_mass(k: Array, r: Array, odds: Array) -> Array:
    """P(k) of the negative binomial with size r and odds t / alpha."""
    with np.errstate(divide="ignore"):
        log_share = np.where(k > 0, k * (np.log(odds) - np.log1p(odds)), 0.0)
    return np.asarray(
        np.exp(gammaln(r + k) - gammaln(r) - gammaln(k + 1.0) - r * np.log1p(odds) + log_share),
        dtype=float,
    )


class NBD(PurchaseModel):
    """Negative binomial model of purchases, the baseline without dropout.

    Parameters r (shape) and alpha (scale, in time) of the gamma distribution of rates.
    """

    title = "NBD"
    names = ("r", "alpha")
    timed = (0, 1)
    starts = ((0.5, 1.0),)
    leaves = False

    @staticmethod
    def likelihood(rows: Purchases) -> Callable[[Array], Derivatives]:
        """Log-likelihood with the order of events, not only their number, as in BG/NBD."""
        return lambda theta: counting_terms(theta[0], theta[1], rows.margins)

    @classmethod
    def scores(cls, theta: Array, x: Array, t_x: Array, T: Array) -> Array:
        """Gradient of the counting terms."""
        return counting_by_row(theta, x, T)[1][:2]

    @staticmethod
    def alive(theta: Array, x: Array, t_x: Array, T: Array) -> Array:
        """Everyone is."""
        return np.ones(x.size)

    @staticmethod
    def expected(theta: Array, t: Array, x: Array, T: Array) -> Array:
        """(r + x) / (alpha + T) a unit of time."""
        return np.asarray((theta[0] + x) / (theta[1] + T) * t, dtype=float)

    @staticmethod
    def discounted(theta: Array, t: float, rate: float, x: Array, T: Array) -> Array:
        """Rate times annuity."""
        annuity = t if rate == 0 else -np.expm1(-rate * t) / rate
        return np.asarray((theta[0] + x) / (theta[1] + T) * annuity, dtype=float)

    @staticmethod
    def none(theta: Array, t: Array, x: Array, T: Array) -> Array:
        """(1 + t / (alpha + T)) ^ -(r + x)."""
        return np.asarray(np.exp(-(theta[0] + x) * np.log1p(t / (theta[1] + T))), dtype=float)

    @staticmethod
    def mass(theta: Array, k: Array, t: Array, x: Array, T: Array) -> Array:
        """Negative binomial."""
        return count_mass(k, theta[0] + x, t / (theta[1] + T))

    @classmethod
    def own(cls, theta: Array, x: Array, T: Array) -> Array:
        """Gamma (r + x, alpha + T)."""
        return np.array([theta[0] + x, theta[1] + T])

    @staticmethod
    def draw(theta: Array, T: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """Poisson purchases at gamma rates."""
        rate = rng.gamma(theta[0], 1 / theta[1], size=T.size)
        x = rng.poisson(rate * T).astype(float)
        # the last of x uniform times
        last = T * rng.beta(np.maximum(x, 1.0), 1.0)
        return x, np.where(x > 0, last, 0.0)

    def _judge(self, best: Optimum, rise: float | None) -> Finding:
        if best.bound.any():
            return judged(
                "no_heterogeneity",
                "Customers do not differ in how often they buy: everyone buys at one and the "
                "same rate.",
                {},
                "NBD",
            )
        return super()._judge(best, rise)
