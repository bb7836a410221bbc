"""Pareto/NBD in which what changes with time (season, campaigns) moves buying and leaving.

A customer buys at the rate lambda e^(g'z(t)) and leaves at the rate mu e^(h'w(t)), where z and w
are constant between the days on which they change. So both processes are those of Pareto/NBD on
clocks of their own, A(t) = int e^(g'z) and D(t) = int e^(h'w), and the likelihood is

    Gamma(r + x) / Gamma(r) alpha^r beta^s prod_j e^(g'z(t_j)) [ (alpha + A(T))^-(r+x)
    (beta + D(T))^-s + s int_tx^T (alpha + A)^-(r+x) (beta + D)^-(s+1) dD ].

The paper sums hypergeometric functions over the periods; here each period is integrated by
quadrature, which knows no overflow and gives the derivatives with it.

References
----------
Bachmann, Meierer, Naef (2021), The Role of Time-Varying Contextual Factors in Latent Attrition
Models for Customer Base Analysis, Marketing Science 40(4), 783-809.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit, gammaln, psi
from scipy.stats import chi2

from workbench.arrays import Array, Mask
from workbench.clv.days import BuyingDays, buying_days
from workbench.clv.models.fitted import Fitted, judged, not_converged
from workbench.clv.models.pareto import ParetoNBD
from workbench.clv.models.prediction import Prediction
from workbench.clv.models.quadrature import legendre
from workbench.clv.models.stretches import Clock, Covariates, Pieces
from workbench.errors import DataError
from workbench.results import Finding
from workbench.units import DAYS_PER_UNIT, check_unit

NODES = 6
#: Periods are cut so that none is longer than this part of the mean age.
FINEST = 48
#: Information below which the log does not tell a parameter, in units of its covariate's range.
UNTOLD = 0.01
ACTIVE = "purchase: {name}", "leaving: {name}"


class VaryingParetoNBD:
    """Pareto/NBD with covariates that change with time.

    Parameters
    ----------
    log : DataFrame or BuyingDays
        customer_id, date; purchases of a customer on one day are one.
    covariates : DataFrame
        date, from which the values of its other columns hold until the next; `customer_id` where
        customers differ. Attributes that do not change are columns that keep their value. Rows
        after `as_of` are for forecasts.
    as_of : Timestamp or str
        Last day of the log.
    unit : str
        Unit of time.
    purchase, leaving : sequence of str
        Which of the columns act on buying, and on leaving.

    Raises
    ------
    DataError
        No covariate, one that is not a number or does not vary, or days without values.

    Examples
    --------
    >>> import pandas as pd
    >>> from workbench.clv import VaryingParetoNBD
    >>> days = pd.to_datetime(["2025-01-06", "2025-02-10", "2025-03-03", "2025-11-24"] * 30)
    >>> log = pd.DataFrame({"customer_id": [*"abac"] * 30, "date": days})
    >>> log["customer_id"] += (log.index // 4).astype(str)
    >>> season = pd.DataFrame({"date": ["2025-01-01", "2025-03-01", "2025-11-01"],
    ...                        "high": [0, 0, 1]})
    >>> model = VaryingParetoNBD(log, season, as_of="2025-12-31", unit="week", purchase=["high"])
    >>> model.names
    ('r', 'alpha', 's', 'beta', 'purchase: high')
    """

    title = "Pareto/NBD with covariates over time"

    def __init__(
        self,
        log: pd.DataFrame | BuyingDays,
        covariates: pd.DataFrame,
        *,
        as_of: pd.Timestamp | str,
        unit: str,
        purchase: Sequence[str] = (),
        leaving: Sequence[str] = (),
    ) -> None:
        if not purchase and not leaving:
            raise DataError("there is no covariate", remedy="name purchase, leaving, or both")
        self.unit, self.end = check_unit(unit), pd.Timestamp(as_of).normalize()
        self.per = DAYS_PER_UNIT[self.unit]
        known = buying_days(log, as_of=self.end)
        known_customers = known.summary(0, self.per)
        if not known_customers["frequency"].to_numpy().any():
            raise DataError("nobody has bought twice", remedy="wait for repeat purchases")
        self.index = known_customers.index
        self.x, self.t_x, self.T = (
            known_customers[c].to_numpy(dtype=float) for c in ("frequency", "recency", "age")
        )
        self.purchase, self.leaving = list(purchase), list(leaving)
        names = list(dict.fromkeys([*self.purchase, *self.leaving]))
        self.over = Covariates(covariates, names, self.index)
        self.rows_z = [names.index(c) for c in self.purchase]
        self.rows_w = [names.index(c) for c in self.leaving]
        self.names = (
            *ParetoNBD.names,
            *(ACTIVE[0].format(name=c) for c in self.purchase),
            *(ACTIVE[1].format(name=c) for c in self.leaving),
        )
        # days of change, counted from the last day
        self.changes = (self.over.dates - self.end).days.to_numpy(dtype=float) / self.per
        self.longest = max(float(self.T.mean()) / FINEST, 1e-9)
        self.lived = self.pieces(-self.T, self.t_x - self.T, fine=False)
        self.quiet = self.pieces(self.t_x - self.T, np.zeros(self.T.size))
        self._vary(names)
        again = np.concatenate([[False], known.code[1:] == known.code[:-1]])
        who, day = known.code[again], known.day[again] / self.per
        at = np.searchsorted(self.changes, day + 1e-9, side="right") - 1
        z = self.over.at(who, at)[self.rows_z]
        # what was in force when customers bought
        self.bought = np.array([np.bincount(who, row, self.T.size) for row in z]).reshape(
            len(self.rows_z), self.T.size
        )

    def _vary(self, names: list[str]) -> None:
        for which, rows, chosen in (("z", self.rows_z, self.purchase),
                                    ("w", self.rows_w, self.leaving)):  # fmt: skip
            seen = [getattr(p, which) for p in (self.lived, self.quiet)]
            both = np.concatenate(seen, axis=1)
            long = np.concatenate([self.lived.length, self.quiet.length])
            design = np.vstack([np.ones(both.shape[1]), both])
            design = design / np.maximum(np.abs(design).max(axis=1, keepdims=True), 1e-300)
            gram = (design * long) @ design.T / long.sum()
            if np.linalg.matrix_rank(gram, tol=1e-9) < len(rows) + 1:
                raise DataError(
                    f"covariates {', '.join(chosen)} cannot be told apart: one does not vary while"
                    " customers are seen, or the others determine it",
                    remedy="leave out one category of each, and columns without variation",
                )

    def pieces(self, begin: Array, end: Array, *, fine: bool = True) -> Pieces:
        """Cut each customer's time from one moment to another where something changes.

        Parameters
        ----------
        begin, end : ndarray, shape (n,)
            Counted from the last day of the log.
        fine : bool
            Whether long stretches are cut, too, to be integrated.
        """
        low = np.searchsorted(self.changes, begin + 1e-9, side="right") - 1
        high = np.searchsorted(self.changes, end - 1e-9, side="right") - 1
        some = end > begin + 1e-12
        number = np.where(some, np.maximum(high - low, 0) + 1, 0)
        who = np.repeat(np.arange(begin.size), number)
        start = np.concatenate([[0], np.cumsum(number)])
        at = low[who] + np.arange(who.size) - start[who]
        changes = np.append(self.changes, np.inf)
        left = np.maximum(changes[np.maximum(at, 0)], begin[who])
        left = np.where(at < 0, begin[who], left)
        right = np.minimum(changes[at + 1], end[who])
        # short beside a customer's time
        parts = (
            np.ones(who.size, dtype=np.intp)
            if not fine
            else np.maximum(np.ceil((right - left) / self.longest), 1).astype(np.intp)
        )
        who, at = np.repeat(who, parts), np.repeat(at, parts)
        length = np.repeat((right - left) / parts, parts)
        values = self.over.at(who, at) if who.size else np.zeros((len(self.over.names), 0))
        first = np.searchsorted(who, np.arange(begin.size + 1))
        return Pieces(who, length, values[self.rows_z], values[self.rows_w], first)

    # What is known of customers at effects g and h.

    def split(self, phi: Array) -> tuple[Array, Array, Array]:
        """Parameters, effects on buying, effects on leaving."""
        k = 4 + len(self.rows_z)
        return np.exp(phi[:4]), phi[4:k], phi[k:]

    @staticmethod
    def clocks(pieces: Pieces, g: Array, h: Array, begin: Clock | None = None) -> Clock:
        """How far both clocks run over all pieces of each customer."""
        a = np.exp(g @ pieces.z) * pieces.length
        d = np.exp(h @ pieces.w) * pieces.length
        own = Clock(
            pieces.sums(a), pieces.sums(d), pieces.sums(pieces.z * a), pieces.sums(pieces.w * d)
        )
        if begin is None:
            return own
        return Clock(begin.A + own.A, begin.D + own.D, begin.A_g + own.A_g, begin.D_h + own.D_h)

    def log_gone(
        self, phi: Array, pieces: Pieces, begin: Clock, x: Array, *, slopes: bool = False
    ) -> tuple[Array, Array]:
        """Logarithm of s int (alpha + A)^-(r+x) (beta + D)^-(s+1) dD, and its derivatives.

        The integral is taken relative to its integrand at the start of the pieces, so that heavy
        buyers need no extended range.
        """
        (r, alpha, s, beta), g, h = self.split(phi)
        a, d = np.exp(g @ pieces.z), np.exp(h @ pieces.w)
        who, power = pieces.who, (r + x)[pieces.who]
        far, gone = pieces.before(a * pieces.length), pieces.before(d * pieces.length)
        A0, D0 = alpha + begin.A[who] + far, beta + begin.D[who] + gone
        if slopes:
            A_g = begin.A_g[:, who] + pieces.before(pieces.z * a * pieces.length)
            D_h = begin.D_h[:, who] + pieces.before(pieces.w * d * pieces.length)
        at_start = -power * np.log(alpha + begin.A[who]) - (s + 1) * np.log(beta + begin.D[who])
        rows = 4 + len(g) + len(h)
        total, moments = np.zeros(who.size), np.zeros((rows if slopes else 0, who.size))
        # in v = ln((o + u) / o), with o the nearer of the two poles
        o = np.minimum(A0 / a, D0 / d)
        reach = np.log1p(pieces.length / o)
        for node, weight in zip(*legendre(NODES), strict=True):
            u = o * np.expm1(reach * node)
            A, D = A0 + a * u, D0 + d * u
            log_A, log_D = np.log(A), np.log(D)
            q = np.exp(-power * log_A - (s + 1) * log_D - at_start)
            q *= weight * reach * (o + u) * d
            total += q
            if slopes:
                moments[0] -= q * log_A
                moments[1] -= q * power / A
                moments[2] -= q * log_D
                moments[3] -= q * (s + 1) / D
                k = 4 + len(g)
                moments[4:k] -= q * power / A * (A_g + pieces.z * (a * u))
                moments[k:] += q * (pieces.w - (s + 1) / D * (D_h + pieces.w * (d * u)))
        whole = pieces.sums(total)
        base = -(r + x) * np.log(alpha + begin.A) - (s + 1) * np.log(beta + begin.D)
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.log(s * whole) + base
            change = pieces.sums(moments) / whole if slopes else moments
        if slopes:
            change[2] += 1 / s
            change = np.where(whole > 0, change, 0.0)
        return value, change

    def by_customer(self, phi: Array) -> tuple[Array, Array]:
        """Log-likelihood of each customer, and its gradient by log parameters and effects."""
        (r, alpha, s, beta), g, h = self.split(phi)
        x = self.x
        then = self.clocks(self.lived, g, h)
        now = self.clocks(self.quiet, g, h, then)
        gone, gone_slope = self.log_gone(phi, self.quiet, then, x, slopes=True)
        log_A, log_D = np.log(alpha + now.A), np.log(beta + now.D)
        stays = -(r + x) * log_A - s * log_D
        slope = np.concatenate(
            [
                [-log_A, -(r + x) / (alpha + now.A), -log_D, -s / (beta + now.D)],
                -(r + x) / (alpha + now.A) * now.A_g,
                -s / (beta + now.D) * now.D_h,
            ]
        )
        left = expit(gone - stays)
        value = np.logaddexp(stays, gone) + gammaln(r + x) - gammaln(r)
        value = value + r * np.log(alpha) + s * np.log(beta) + g @ self.bought
        slope = slope + left * (gone_slope - slope)
        slope[0] += psi(r + x) - psi(r) + np.log(alpha)
        slope[1] += r / alpha
        slope[2] += np.log(beta)
        slope[3] += s / beta
        slope[4 : 4 + len(g)] += self.bought
        slope[:4] *= np.array([r, alpha, s, beta])[:, None]
        return value, slope

    def fit(self) -> VaryingResults:
        """Maximise the likelihood, from the fit without covariates."""
        plain = ParetoNBD(self.x, self.t_x, self.T, unit=self.unit).fit()
        start = np.log(plain.params.fillna(1e3).clip(1e-4, 1e4).to_numpy(dtype=float))
        effects = len(self.names) - 4
        spread = np.array(
            [*(np.abs(self._values(row)).max() for row in (*self.rows_z, *self.rows_w))]
        )
        scale = np.concatenate([np.ones(4), 1 / np.maximum(spread, 1e-300)])
        used = 0

        def loss(free: Array) -> tuple[float, Array]:
            nonlocal used
            used += 1
            value, slope = self.by_customer(free * scale)
            return -float(value.sum()), -slope.sum(axis=1) * scale

        box = [(-16.0, 12.0)] * 4 + [(-20.0, 20.0)] * effects
        begin = np.concatenate([start, np.zeros(effects)])
        options = {"maxiter": 300, "ftol": 1e-12, "gtol": 1e-4, "maxcor": 20}
        best = minimize(loss, begin, jac=True, method="L-BFGS-B", bounds=box, options=options)
        phi = best.x * scale
        covariance, held = self._covariance(best.x, scale, loss)
        llf = -float(best.fun)
        params = pd.Series(np.append(np.exp(phi[:4]), phi[4:]), index=list(self.names))
        results = VaryingResults(
            params=params.rename(self.title), phi=phi, covariance=covariance, llf=llf,
            nobs=float(self.T.size), finding=self._judge(bool(best.success), held, llf, plain.llf),
            unit=self.unit, evaluations=used, free=len(self.names) - int(held.sum()),
        )  # fmt: skip
        results.title, results.model, results.plain = self.title, self, plain.llf
        return results

    def _values(self, row: int) -> Array:
        return np.asarray(np.nan_to_num(self.over.values[row]), dtype=float)

    def _covariance(
        self, at: Array, scale: Array, loss: Callable[[Array], tuple[float, Array]]
    ) -> tuple[Array, Mask]:
        """Inverse information, by differences of the gradient, and what the log does not tell.

        Where nobody is seen to leave while a covariate holds, its effect runs off to the end of
        its range: it is held there, and has no limits.
        """
        k, step = at.size, 1e-4
        information = np.zeros((k, k))
        for i in range(k):
            off = np.zeros(k)
            off[i] = step
            information[i] = (loss(at + off)[1] - loss(at - off)[1]) / (2 * step)
        information = (information + information.T) / 2
        held = np.diag(information) < UNTOLD
        free = np.flatnonzero(~held)
        out = np.zeros((k, k))
        out[np.ix_(free, free)] = np.linalg.pinv(
            information[np.ix_(free, free)], rcond=1e-12, hermitian=True
        )
        return out * np.outer(scale, scale), held

    def _judge(self, converged: bool, held: Mask, llf: float, plain: float) -> Finding:
        lr, df = max(2 * (llf - plain), 0.0), len(self.names) - 4
        p = max(float(chi2.sf(lr, df)), 0.001)
        values = {"lr": lr, "df": float(df), "p": p}
        if not converged:
            return not_converged("ParetoNBD", {})
        if held.any():
            return judged("boundary", AT_EDGE, values, "ParetoNBD")
        return judged("converged", NO_EFFECT if p > 0.05 else EFFECT, values, "ParetoNBD")


#: As of covariates that do not change.
AT_EDGE = (
    "A parameter lies at the end of its range: predictions hold, but single effects mean nothing."
)
NO_EFFECT = (
    "The fit converged, but the covariates explain no more than chance would (likelihood ratio {lr}"
    " with {df} effects, p {p})."
)
EFFECT = (
    "The fit converged, and the covariates tell customers apart (likelihood ratio {lr} with {df} "
    "effects)."
)


class VaryingResults(Fitted):
    """A fitted Pareto/NBD with covariates over time.

    A purchase effect g multiplies the rate of purchase by e^g, an effect on leaving the rate of
    leaving, for each unit of the covariate and while it holds. Parameters are those of a customer
    whose covariates are zero. Forecasts need the covariates of the days ahead.
    """

    model: VaryingParetoNBD
    #: Log-likelihood without covariates.
    plain: float

    def conf_int(self, level: float = 0.95) -> pd.DataFrame:
        """Limits of the parameters (on the log scale) and of the effects."""
        out = super().conf_int(level)
        half = chi2.isf(1 - level, 1) ** 0.5 * np.sqrt(np.diag(self.covariance))[4:]
        effects = self.params.to_numpy(dtype=float)[4:]
        out.iloc[4:, 0], out.iloc[4:, 1] = effects - half, effects + half
        out.loc[np.diag(self.covariance) == 0] = np.nan
        return out

    def cov_params(self) -> pd.DataFrame:
        """Covariance of parameters and effects."""
        scale = np.append(self.params.to_numpy(dtype=float)[:4], np.ones(self.params.size - 4))
        return pd.DataFrame(
            self.covariance * np.outer(scale, scale), self.params.index, self.params.index
        )

    def _of(self, function: Callable[[Array], Array], link: str = "log") -> Prediction:
        m = self.model
        return Prediction(
            function, self.phi, self.covariance, np.arange(m.T.size), index=m.index,
            link="logit" if link == "logit" else "log",
        )  # fmt: skip

    def _today(self, phi: Array) -> tuple[Clock, Array]:
        """Both clocks today, and the probability that a customer is still active."""
        m = self.model
        (r, alpha, s, beta), g, h = m.split(phi)
        then = m.clocks(m.lived, g, h)
        now = m.clocks(m.quiet, g, h, then)
        gone = m.log_gone(phi, m.quiet, then, m.x)[0]
        stays = -(r + m.x) * np.log(alpha + now.A) - s * np.log(beta + now.D)
        return now, np.asarray(expit(stays - gone), dtype=float)

    def p_alive(self) -> Prediction:
        """P(alive at the end of observation)."""
        return self._of(lambda phi: self._today(phi)[1], "logit")

    def _ahead(self, t: float) -> Pieces:
        m = self.model
        if not t > 0:
            raise DataError(f"the horizon is {t}", remedy="give a positive one")
        # the last row holds for as long as others did
        usual = float(np.diff(m.changes).max()) if m.changes.size > 1 else 0.0
        if m.over.moves and float(m.changes[-1]) + usual < t - 1e-9:
            day = (m.over.dates[-1] + pd.Timedelta(days=usual * m.per - 1)).date()
            raise DataError(
                f"covariates are known up to {day}, and the forecast looks {t:g} {m.unit}s ahead",
                remedy="give their values on the days ahead",
            )
        return m.pieces(np.zeros(m.T.size), np.full(m.T.size, float(t)))

    def expected_purchases(self, t: float) -> Prediction:
        """Purchases expected in the next `t` units of time, with the covariates of these days."""
        m, ahead = self.model, self._ahead(t)

        def expected(phi: Array) -> Array:
            (r, alpha, s, beta), g, h = m.split(phi)
            now, alive = self._today(phi)
            a, d = np.exp(g @ ahead.z), np.exp(h @ ahead.w)
            B = beta + now.D[ahead.who]
            D0 = B + ahead.before(d * ahead.length)
            grown = np.log1p(d * ahead.length / D0)
            z = (s - 1) * grown
            with np.errstate(divide="ignore", invalid="ignore"):
                mean = np.where(np.abs(z) < 1e-12, 1.0, -np.expm1(-z) / z)
            stays = np.exp(-s * np.log(D0 / B)) * D0 / d * grown * mean
            return np.asarray(alive * (r + m.x) / (alpha + now.A) * ahead.sums(a * stays))

        return self._of(expected)

    def probability_none(self, t: float) -> Prediction:
        """P(no purchase in the next `t` units of time), whether gone or merely quiet."""
        m, ahead = self.model, self._ahead(t)

        def none(phi: Array) -> Array:
            (r, alpha, s, beta), g, h = m.split(phi)
            now, alive = self._today(phi)
            later = m.clocks(ahead, g, h, now)
            gone = m.log_gone(phi, ahead, now, m.x)[0]
            stays = -(r + m.x) * np.log(alpha + later.A) - s * np.log(beta + later.D)
            base = -(r + m.x) * np.log(alpha + now.A) - s * np.log(beta + now.D)
            return np.asarray(1 - alive * (1 - np.exp(np.logaddexp(stays, gone) - base)))

        return self._of(none, "logit")

    def draw_ahead(self, t: float, *, rng: np.random.Generator, draws: int = 400) -> Array:
        """Draw purchases in the next `t`, parameters drawn, too; shape (customers, draws)."""
        m, ahead = self.model, self._ahead(t)
        parameters = rng.multivariate_normal(self.phi, self.covariance, draws, method="eigh")
        parameters[:, :4] = np.clip(parameters[:, :4], -16.0, 12.0)
        out = np.zeros((m.T.size, draws))
        for b, phi in enumerate(parameters):
            (r, alpha, s, beta), g, h = m.split(phi)
            now, alive = self._today(phi)
            rate = rng.gamma(r + m.x) / (alpha + now.A)
            with np.errstate(divide="ignore"):
                until = rng.standard_exponential(m.T.size) / rng.gamma(s, 1 / (beta + now.D))
            d = np.exp(h @ ahead.w) * ahead.length
            there = np.clip((until[ahead.who] - ahead.before(d)) / d, 0.0, 1.0)
            run = ahead.sums(np.exp(g @ ahead.z) * ahead.length * there)
            out[:, b] = rng.poisson(rate * run) * (rng.random(m.T.size) < alive)
        return out
