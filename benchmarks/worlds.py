"""Customers who buy, leave and spend in several ways, their future, and an oracle of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial

import numpy as np
import pandas as pd
from scipy.stats import gamma, poisson

from workbench import clv

AS_OF = pd.Timestamp("2025-12-31")
SPREAD, MEAN = 6.0, 15.0
MONTH = 365.25 / 12 / 7


@dataclass(frozen=True)
class Kind:
    """How customers buy, leave and spend.

    Attributes
    ----------
    rate : tuple
        Gamma shape and scale of purchases a week.
    coin, first : tuple, bool
        Beta of leaving after a purchase, and whether the first one counts.
    clock : tuple
        Gamma of leaving at any time.
    season, growth : float
        Swing within the year; change of the pace a year, of that at the log's beginning.
    compound : bool
        Whether growth is in proportion instead of steps.
    regular : int
        Erlang order of gaps; 0 pays every month.
    tail : float
        q of spend: of 1 and less it has no mean.
    before : float
        Weeks before the log began in which customers had already come.
    """

    rate: tuple[float, float] = (0.8, 10.0)
    coin: tuple[float, float] | None = None
    first: bool = False
    clock: tuple[float, float] | None = None
    season: float = 0.0
    growth: float = 0.0
    compound: bool = False
    regular: int = 1
    tail: float = 4.0
    before: float = 0.0


KINDS = {
    "NBD": Kind(),
    "BG/NBD": Kind(coin=(0.8, 5.0)),
    "MBG/NBD": Kind(coin=(0.8, 5.0), first=True),
    "Pareto/NBD": Kind(clock=(0.7, 20.0)),
    "seasonal": Kind(season=0.4),
    "seasonal, leaving": Kind(season=0.3, clock=(0.7, 20.0)),
    "growing": Kind(growth=0.25),
    "growing in proportion": Kind(growth=0.3, compound=True),
    "declining": Kind(growth=-0.3, compound=True),
    "regular": Kind(clock=(0.7, 20.0), regular=2),
    "heavy spend": Kind(clock=(0.7, 20.0), tail=1.5),
    "contractual": Kind(coin=(1.0, 15.0), first=True, regular=0),
    "left-truncated": Kind(before=104.0),
}


class World:
    """A log of some weeks, its future, and what an oracle knows of it."""

    def __init__(
        self, kind: Kind, rng: np.random.Generator, *, customers: int, weeks: int, ahead: int
    ) -> None:
        self.kind, self.weeks = kind, weeks
        self.grid = np.linspace(-200, weeks + ahead + 60, 20_001)
        self.run = self._run()
        n, end = customers, float(weeks + ahead)
        self.start = rng.uniform(-kind.before, weeks, n)
        rate = rng.gamma(kind.rate[0], 1 / kind.rate[1], n)
        stays = np.full(n, np.inf)
        if kind.clock is not None:
            stays = rng.exponential(1 / rng.gamma(kind.clock[0], 1 / kind.clock[1], n))
        at = self.start[:, None] + np.zeros((n, 1))
        if kind.regular:
            # time in units of the customer's own intensity, which seasons and growth stretch
            late = rate * (self.clock_of(end) - self.clock_of(self.start))
            most = int(4 + np.ceil(late.max() + 8 * np.sqrt(late.max() + 1)))
            gaps = rng.gamma(kind.regular, 1 / kind.regular, (n, most)) / rate[:, None]
            gone = self.clock_of(self.start)[:, None] + np.cumsum(gaps, axis=1)
            later = np.interp(gone, self.run, self.grid, right=np.inf)
        else:
            later = at + MONTH * np.arange(1, int(end / MONTH) + 2)
        at = np.concatenate([at, later], axis=1)
        here = at < np.minimum(self.start + stays, end)[:, None]
        here[:, 0] = True
        if kind.coin is not None:
            tossed = rng.random(at.shape) < rng.beta(*kind.coin, n)[:, None]
            tossed[:, 0] &= kind.first
            here[:, 1:] &= np.cumsum(tossed, axis=1)[:, :-1] == 0
        # of customers who came before the log began its own days only are seen
        here &= at >= 0
        self.scale = MEAN * max(kind.tail - 1, 0.5)
        per_buy = 1 / rng.gamma(kind.tail, 1 / self.scale, n)
        who, place = np.nonzero(here)
        amount = rng.gamma(SPREAD, per_buy[who] / SPREAD)
        dates = AS_OF - pd.to_timedelta(weeks * 7 - 1 - np.floor(at[who, place] * 7), unit="D")
        self.events = pd.DataFrame({"customer_id": who, "date": dates, "amount": amount})
        self.log = self.events[self.events["date"] <= AS_OF]

    def _run(self) -> np.ndarray:
        k, t = self.kind, self.grid
        years = t / 52
        pace = np.exp(years * np.log1p(k.growth)) if k.compound else 1 + k.growth * years
        pace = np.maximum(pace, 0.02) * (1 + k.season * np.sin(2 * np.pi * t / 52))
        run = np.concatenate([[0.0], np.cumsum((pace[1:] + pace[:-1]) / 2 * np.diff(t))])
        return np.asarray(run - np.interp(0.0, t, run), dtype=float)

    def clock_of(self, t: float | np.ndarray) -> np.ndarray:
        """Integral of the intensity from 0 to t."""
        return np.asarray(np.interp(t, self.grid, self.run), dtype=float)

    def oracle(
        self, customers: pd.DataFrame, horizon: int, group: np.ndarray, rng: np.random.Generator,
        draws: int = 200,
    ) -> dict[tuple[str, str], float] | None:  # fmt: skip
        """Widths of the central 90 % of the true predictive distribution, by group and measure."""
        x = customers["frequency"].to_numpy(dtype=float)
        made = self._purchases(customers, horizon, draws, rng)
        if made is None:
            return None
        total = customers["total"].to_numpy()
        shape, rest = self.kind.tail + SPREAD * (x + 1), self.scale + SPREAD * total
        mean = 1 / rng.gamma(shape[:, None], 1 / rest[:, None], made.shape)
        spent = np.where(made > 0, rng.gamma(SPREAD * np.maximum(made, 1), mean / SPREAD), 0.0)
        out = {}
        for what, drawn in (("purchases", made), ("spend", spent)):
            for name in ("all", *np.unique(group)):
                inside = np.ones(group.size, dtype=bool) if name == "all" else group == name
                low, high = np.quantile(drawn[inside].sum(axis=0), [0.05, 0.95])
                out[what, str(name)] = float(high - low)
        return out

    def _purchases(
        self, customers: pd.DataFrame, horizon: int, draws: int, rng: np.random.Generator
    ) -> np.ndarray | None:
        k, (r, alpha) = self.kind, self.kind.rate
        x, t_x, T = (customers[c].to_numpy(float) for c in ("frequency", "recency", "age"))
        if k.season or k.growth or k.before or k.regular != 1:
            if k.regular == 0:
                return _contracts(k, x, T - t_x, horizon, draws, rng)
            if k.regular > 1:
                return _regular(k, x, t_x, T, customers["log_gaps"].to_numpy(), horizon, draws, rng)
            if k.clock is not None:
                return None
            # of those who were there before it, the first purchase seen was one of their own
            began = np.where(k.before > 0, 0.0, self.weeks - T)
            own = r + x + (k.before > 0)
            done = self.clock_of(self.weeks) - self.clock_of(began)
            if k.before:
                return None
            ahead = float(self.clock_of(self.weeks + horizon) - self.clock_of(self.weeks))
            rate = rng.gamma(own[:, None], 1.0, (x.size, draws)) / (alpha + done)[:, None]
            return np.asarray(rng.poisson(rate * ahead))
        law: type[clv.PurchaseModel] = clv.NBD
        if k.clock is not None:
            law = clv.ParetoNBD
        if k.coin is not None:
            law = clv.ModifiedBetaGeometric if k.first else clv.BetaGeometric
        theta = np.array([r, alpha, *(k.clock or k.coin or ())])
        alive = law.alive(theta, x, t_x, T)
        made = np.zeros((x.size, draws))
        for b in range(draws):
            there = np.flatnonzero(rng.random(x.size) < alive)
            made[there, b] = law.draw_ahead(theta, horizon, x[there], t_x[there], T[there], rng)
        return made


def _contracts(
    k: Kind, x: np.ndarray, since: np.ndarray, horizon: int, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """Payments to come of those whose next one is not yet overdue."""
    assert k.coin is not None
    due = np.where(since < MONTH + 1 / 7, np.floor((horizon + since) / MONTH), 0.0)
    leaves = rng.beta(k.coin[0], (k.coin[1] + x)[:, None], (x.size, draws))
    lasts = np.floor(np.log(rng.random(leaves.shape)) / np.log1p(-leaves))
    return np.asarray(np.minimum(lasts, due[:, None]))


def _none_yet(order: int, z: np.ndarray) -> np.ndarray:
    """P(no purchase within a time, in units of the mean gap) of Erlang gaps."""
    terms = [(order * z) ** j / factorial(j) for j in range(order)]
    return np.asarray(np.exp(-order * z) * sum(terms))


def _regular(
    k: Kind, x: np.ndarray, t_x: np.ndarray, T: np.ndarray, log_gaps: np.ndarray, horizon: int,
    draws: int, rng: np.random.Generator,
) -> np.ndarray:  # fmt: skip
    """Erlang gaps and leaving at any time: rates on a grid of equal shares."""
    assert k.clock is not None
    order, (s, beta) = k.regular, k.clock
    rates = gamma.ppf((np.arange(120) + 0.5) / 120, k.rate[0], scale=1 / k.rate[1])
    log_gaps = (order - 1) * log_gaps + x * order * np.log(order)
    seen = np.exp(
        (v := log_gaps[:, None] + order * (x[:, None] * np.log(rates) - rates * t_x[:, None]))
        - v.max(axis=1, keepdims=True)
    )
    stay = (1 + T / beta) ** -s
    here = stay[:, None] * _none_yet(order, (T - t_x)[:, None] * rates)
    gone = np.zeros_like(here)
    steps = (np.arange(24) + 0.5) / 24
    for u in steps:
        at = t_x + u * (T - t_x)
        density = s / beta * (1 + at / beta) ** (-s - 1) * (T - t_x) / steps.size
        gone += density[:, None] * _none_yet(order, (at - t_x)[:, None] * rates)
    alive = (seen * here).sum(axis=1) / (seen * (here + gone)).sum(axis=1)
    weight = np.cumsum(seen * here, axis=1)
    weight /= weight[:, -1:]
    made = np.zeros((x.size, draws))
    for b in range(draws):
        there = np.flatnonzero(rng.random(x.size) < alive)
        pick = (rng.random(there.size)[:, None] > weight[there]).sum(axis=1)
        own = rates[np.minimum(pick, rates.size - 1)]
        leaves = rng.exponential(1 / rng.gamma(s, 1 / (beta + T[there])))
        until = np.minimum(leaves, horizon)
        scale = 1 / (order * own)
        # of the gap that runs some steps may be done: Poisson, fewer than all
        odds = np.cumsum(poisson.pmf(np.arange(order), ((T - t_x)[there] / scale)[:, None]), axis=1)
        done = (rng.random(there.size)[:, None] * odds[:, -1:] > odds).sum(axis=1)
        at = rng.gamma(np.maximum(order - done, 1)) * scale
        while (inside := at < until).any():
            made[there[inside], b] += 1
            at = np.where(inside, at + rng.gamma(order, scale), np.inf)
    return made
