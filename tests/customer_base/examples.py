"""One small result of each class of the room, for the contract that all results keep."""

from __future__ import annotations

import datetime as dt
from functools import cache

import numpy as np
import pandas as pd

from workbench import customer_base as room
from workbench.stats.mixtures import Mixture

PERIODS = 6
STARTS = [dt.date(2024, 1 + 2 * k, 1) for k in range(PERIODS)]


@cache
def purchases(n: int = 400, seed: int = 1) -> pd.DataFrame:
    """Orders and spend by customer and period: some are won late, many stay away for a while."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, PERIODS, n)
    rate = rng.gamma(1.2, 0.8, n)
    rows = []
    for who in range(n):
        size = rng.gamma(4, 10)
        for period in range(first[who], PERIODS):
            orders = int(rng.poisson(rate[who])) + (period == first[who])
            if orders:
                spend = float((size * rng.gamma(3, 1 / 3, orders)).sum())
                rows.append((f"c{who:03d}", int(first[who]), period, orders, spend))
    columns = ["customer_id", "first", "period", "orders", "spend"]
    return pd.DataFrame(rows, columns=columns)


def cells(own: pd.DataFrame, by: str = "cohort") -> pd.DataFrame:
    """Add up what `workbench.data` adds up in the engine."""
    rows = []
    for (key, period), t in own.groupby([by, "period"]):
        orders, spend = t["orders"].to_numpy(float), t["spend"].to_numpy(float)
        top = np.sort(spend)[::-1][:10]
        rows.append(
            {
                by: key, "period": period, "n": len(t), "orders": orders.sum(),
                "spend": spend.sum(), "orders_2": (orders**2).sum(), "spend_2": (spend**2).sum(),
                "cross": (orders * spend).sum(), **{f"top_{i}": x for i, x in enumerate(top)},
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def by_cohort() -> pd.DataFrame:
    return cells(purchases().rename(columns={"first": "cohort"}))


def by_status(own: pd.DataFrame) -> pd.DataFrame:
    own = own.sort_values(["customer_id", "period"])
    gap = own["period"] - own.groupby("customer_id")["period"].shift()
    return cells(
        own.assign(status=np.select([gap == 1, gap > 1], ["kept", "back"], "new")), "status"
    )


def customers(own: pd.DataFrame, last: int = 3, periods: int = PERIODS) -> pd.DataFrame:
    """Give one row a customer with the last periods side by side."""
    wide = own.pivot_table(index="customer_id", columns="period", values=["orders", "spend"])
    found = pd.DataFrame({"first": own.groupby("customer_id")["period"].min()})
    for k in range(last):
        for what in ("orders", "spend"):
            at = (what, periods - last + k)
            found[f"{what}_{k}"] = wide[at].fillna(0.0) if at in wide else 0.0
    return found.reset_index()


def one() -> room.PeriodCustomers:
    return room.period_customers(purchases().query("period == 5"))


def two() -> room.PeriodFlows:
    return room.period_flows(customers(purchases()), PERIODS - 1)


def followed() -> room.OneCohort:
    return room.one_cohort(by_cohort(), STARTS)


def beside() -> room.CohortComparison:
    return room.compare_cohorts(by_cohort(), STARTS)


def whole() -> room.CohortSales:
    return room.cohort_sales(by_cohort(), STARTS, most=3)


def bars() -> room.LifecycleBars:
    return room.lifecycle_bars(by_status(purchases()), STARTS)


def moved() -> room.SalesMovement:
    people = customers(purchases(), 2)
    region = pd.Series(
        np.where(np.arange(len(people)) % 3, "North", "South"), people["customer_id"]
    )
    own = room.by_attribute(people, region)
    return room.why_sales_moved(own, rng=np.random.default_rng(1), by="Region", draws=99)


def rated(rng: np.random.Generator, *, own: float, mix: float, n: int = 500) -> pd.DataFrame:
    """Values of a rate in two periods: of the North it moves by `own`, its share by `mix`."""
    rows = []
    for period in (0, 1):
        north = rng.random(n) < 0.3 + mix * period
        chance = np.where(north, 0.6 + own * period, 0.2)
        rows.append(
            pd.DataFrame(
                {
                    "customer_id": rng.permutation(2 * n)[:n], "period": period,
                    "region": np.where(north, "North", "South"), "n": 1,
                    "estimate": (rng.random(n) < chance).astype(float),
                }
            )
        )  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def rate() -> room.RateMovement:
    values = rated(np.random.default_rng(3), own=0.2, mix=0.0)
    return room.why_rate_moved(
        values, "region", what="Churn", rng=np.random.default_rng(1), draws=99
    )


def stays() -> room.RetentionByGroup:
    people = customers(purchases(), 2)
    north = np.arange(len(people)) % 3 > 0
    region = pd.Series(np.where(north, "North", "South"), people["customer_id"])
    return room.retention_by(people, region, by="Region")


def revenue() -> room.RevenueRetention:
    """Three windows of two periods each, as the engine gives them."""
    own, rows = purchases(), []
    for end in (3, 4, 5):
        wide = own.pivot_table(index="customer_id", columns="period", values="spend").fillna(0.0)
        before, after = wide[[end - 3, end - 2]].sum(axis=1), wide[[end - 1, end]].sum(axis=1)
        a, b = after[before > 0].to_numpy(), before[before > 0].to_numpy()
        less = np.minimum(a, b)
        rows.append(
            {
                "month": end, "n": len(b), "stayed": int((a > 0).sum()), "before": b.sum(),
                "after": a.sum(), "lesser": less.sum(), "before_2": (b**2).sum(),
                "after_2": (a**2).sum(), "lesser_2": (less**2).sum(), "after_x": (a * b).sum(),
                "lesser_x": (less * b).sum(), "top": max(a.max(), b.max()),
            }
        )  # fmt: skip
    return room.revenue_retention(pd.DataFrame(rows), STARTS[0], 2)


@cache
def growing(months: int = 36, seed: int = 1) -> pd.DataFrame:
    """A log of cohorts by month: some thirty new customers a month, who spend less as they age."""
    rng = np.random.default_rng(seed)
    rows = []
    for cohort in range(months):
        n = int(rng.poisson(30))
        for period in range(cohort, months):
            chance = 1.0 if period == cohort else 0.4 * (1 + period - cohort) ** -0.5
            active = int(rng.binomial(n, chance))
            spend = np.sort(rng.gamma(2, 25, active))[::-1]
            rows.append(
                {
                    "cohort": cohort, "period": period, "n": active, "orders": float(active),
                    "spend": spend.sum(), "orders_2": float(active), "spend_2": (spend**2).sum(),
                    "cross": spend.sum(), **{f"top_{i}": x for i, x in enumerate(spend[:10])},
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


class Usual:
    """A forecast that stays at the mean of the last year."""

    def __init__(self, path: pd.DataFrame) -> None:
        last = path["estimate"].to_numpy()[-12:]
        self.mean, self.sd = float(last.mean()), float(last.std(ddof=1))

    def measured(self, step: int) -> Mixture:
        return Mixture(np.ones(1), np.array([self.mean]), np.array([self.sd]))


@cache
def coming(ahead: int = 12) -> room.NewCustomers:
    return room.acquisition(growing(), dt.date(2023, 1, 1), 36, fit=Usual, ahead=ahead)


def worth() -> room.BaseValue:
    rng = np.random.default_rng(1)
    return room.base_value(growing(), 36, rng=rng, coming=coming(24), ahead=24, draws=60)


def begun(n: int = 300, seed: int = 3) -> pd.DataFrame:
    """Customers followed for six months: those of the web spend twice what others do later on."""
    rng = np.random.default_rng(seed)
    web = np.arange(n) % 2 == 0
    later = np.where(web, 20.0, 10.0)[:, None] * rng.gamma(2, 0.5, (n, 6))
    spend = np.column_stack([30 * rng.gamma(4, 0.25, n), later])
    frame = pd.DataFrame(spend, columns=[f"spend_{k}" for k in range(7)])
    frame.insert(0, "customer_id", [f"c{i}" for i in range(n)])
    frame.insert(1, "first", np.arange(n) % 8)
    return frame.assign(channel=np.where(web, "web", "store"))


def new_worth() -> room.NewCustomerValue:
    costs = {"web": 40.0, "store": 80.0}
    return room.new_customer_value(begun(), by="channel", margin=0.5, cost=costs)


EXAMPLES = {
    "NewCustomerValue": new_worth,
    "RetentionByGroup": stays, "RevenueRetention": revenue, "NewCustomers": coming,
    "BaseValue": worth,
    "SalesMovement": moved, "RateMovement": rate,
    "PeriodCustomers": one, "PeriodFlows": two, "OneCohort": followed,
    "CohortComparison": beside, "CohortSales": whole, "LifecycleBars": bars,
}  # fmt: skip
