"""What is true of Harbour Mobile: effects from worlds with and without a measure, and parameters.

An effect is the mean over those treated, after the start, of what happened less what would have
happened without this one measure, with the same draws and all other measures as they were.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tools.simulate import contracts as telecom
from tools.simulate import purchases as shop
from tools.simulate import survey
from tools.simulate.calendar import N_DAYS, N_MONTHS, WAVES, month_starts
from tools.simulate.contracts import running_on
from tools.simulate.indicators import OUTCOMES, monthly, net_promoters
from tools.simulate.measures import ALL, MEASURES
from tools.simulate.population import (
    CHURN,
    CHURN_DRIVERS,
    CITY_NAMES,
    PURCHASE,
    SPEND,
)
from tools.simulate.survey_extras import KANO, kano_shares, margins, stated_importance
from tools.simulate.world import Company, World

REPLICATES: Final = 25
# A glance compares the twelve months before with all that came after.
GLANCE_MONTHS: Final = 12
ANSWERED: Final = {"satisfaction", "nps"}


def measure_truth(company: Company, world: World) -> dict[str, Any]:
    """Measure the effects and gather the parameters.

    Parameters
    ----------
    company : Company
    world : World
        The world with all measures at work.

    Returns
    -------
    dict
        Ready for JSON: `cases`, `survey`, `contracts`, `shop`.
    """
    return {
        "note": "Simulated. Effects are means over the treated after the start, from worlds with"
        " and without the measure drawn with the same random numbers.",
        "seed": company.seed,
        "cases": {name: _case(company, world, name) for name in MEASURES},
        "survey": _survey(company, world),
        "contracts": _contracts(company, world),
        "shop": _shop(company, world),
    }


def _case(company: Company, world: World, name: str) -> dict[str, Any]:
    measure, who = MEASURES[name], company.treated[name]
    without = company.world(ALL - {name})
    outcomes = {}
    for outcome in OUTCOMES[name]:
        if outcome.indicator in ANSWERED:
            found = _answered(company, world, name, outcome.indicator)
        else:
            found = _counted(company, world, without, name, outcome.indicator)
        outcomes[outcome.indicator] = {"unit": outcome.unit, **found}
    return {
        "start": str(np.datetime64("2023-01-01") + measure.start),
        "treated_customers": int(who.sum()),
        "treated_cities": _cities(company, name),
        "acts_on": _acts_on(name),
        "outcomes": outcomes,
    }


def _counted(
    company: Company, world: World, without: World, name: str, indicator: str
) -> dict[str, float]:
    who, start = company.treated[name], MEASURES[name].start
    series = monthly(indicator, company.population.joined)
    first = int(np.searchsorted(month_starts(), start))
    up, base = series(world, who)
    up_0, base_0 = series(without, who)
    after, before = slice(first, N_MONTHS), slice(max(first - GLANCE_MONTHS, 0), first)
    with_it = up[after].sum() / base[after].sum()
    without_it = up_0[after].sum() / base_0[after].sum()
    return _row(with_it, without_it, up[before].sum() / base[before].sum(), with_it)


def _answered(company: Company, world: World, name: str, indicator: str) -> dict[str, float]:
    """Effect over all treated customers whose contract runs on the day of answering."""
    p, start = company.population, MEASURES[name].start
    who = company.treated[name][:, None]
    customer = np.broadcast_to(np.arange(p.n)[:, None], (p.n, len(WAVES)))
    sums = np.zeros(3)
    for replicate in range(1, REPLICATES + 1):
        levels = []
        for active in (ALL, ALL - {name}):
            day, felt = survey.draw_felt(company.seed, p, company.treated, active, replicate)
            five, _, recommend = survey.overall(company.seed, p, felt, replicate)
            levels.append(five if indicator == "satisfaction" else net_promoters(recommend))
        there = running_on(world.contracts, p.n, customer.ravel(), day.ravel()).reshape(day.shape)
        after = who & there & (day >= start)
        sums += (levels[0][after].sum(), levels[1][after].sum(), after.sum())
    a = world.answers
    seen = a.csat5 if indicator == "satisfaction" else net_promoters(a.recommend)
    asked = company.asked & who
    before = asked & (a.day < start) & (a.day >= start - 366)
    later = asked & (a.day >= start)
    return _row(
        sums[0] / sums[2],
        sums[1] / sums[2],
        seen[before].mean(),
        seen[later].mean(),
    )


def _row(with_it: float, without_it: float, before: float, after: float) -> dict[str, float]:
    effect = with_it - without_it
    return {
        "effect": _digits(effect),
        "relative_effect": _digits(effect / abs(without_it)),
        "with": _digits(with_it),
        "without": _digits(without_it),
        "glance_before": _digits(before),
        "glance_after": _digits(after),
        "glance": _digits(after - before),
        "glance_relative": _digits((after - before) / abs(before)),
    }


def _digits(x: float) -> float:
    return float(f"{float(x):.5g}") + 0.0


def _list(values: NDArray[Any]) -> list[float]:
    return [_digits(v) for v in np.asarray(values, dtype=np.float64)]


def _cities(company: Company, name: str) -> list[str]:
    cities = {"service_desk": company.desk_cities, "after_sales": company.worst_cities}
    return [CITY_NAMES[c] for c in cities.get(name, ())]


def _acts_on(name: str) -> dict[str, Any]:
    m = MEASURES[name]
    acts: dict[str, Any] = {
        "purchase_rate_factor": m.purchase_rate,
        "order_value_factor": m.amount,
        "churn_hazard_factor": m.churn,
        "response_hours_factor": m.response,
    }
    acts = {k: v for k, v in acts.items() if v != 1.0}
    if m.felt:
        acts["felt_in_standard_deviations"] = dict(m.felt)
    return acts


def _survey(company: Company, world: World) -> dict[str, Any]:
    p, a = company.population, world.answers
    customer = np.broadcast_to(np.arange(p.n)[:, None], a.day.shape)
    there = running_on(world.contracts, p.n, customer.ravel(), a.day.ravel()).reshape(a.day.shape)
    items = {}
    expectation, perception = a.expectation[there], a.perception[there]
    for j in range(survey.N_ITEMS):
        e, q = float(expectation[:, j].mean()), float(perception[:, j].mean())
        items[f"{j + 1:02d}"] = {
            "expectation": _digits(e),
            "perception": _digits(q),
            "gap": _digits(q - e),
        }
    waves = {}
    for w, wave in enumerate(WAVES):
        m = there[:, w]
        waves[wave] = {
            "customers": int(m.sum()),
            "satisfaction": _digits(a.csat5[m, w].mean()),
            "satisfaction10": _digits(a.csat10[m, w].mean()),
            "nps": _digits(net_promoters(a.recommend[m, w]).mean()),
            "gap": _digits(a.perception[m, w].mean() - float(a.expectation[m, w].mean())),
        }
    return {
        "of": "all customers whose contract runs on the day of answering, nothing left out",
        "items": items,
        "waves": waves,
        "importance": dict(zip(survey.DIMENSIONS, survey.IMPORTANCE.tolist(), strict=True)),
        "alpha": {
            kind: dict(zip(survey.DIMENSIONS, _list(_alphas(x)), strict=True))
            for kind, x in (("expectation", expectation), ("perception", perception))
        },
        "trend_in_standard_deviations_a_year": survey.TREND_A_YEAR,
        "margins": margins(company, world),
        "stated_importance": {
            f"{j:02d}": mean for j, mean in enumerate(stated_importance(), start=1)
        },
        "kano": {item: {"category": KANO[item], "shares": kano_shares(item)} for item in KANO},
    }


def _alphas(answers: NDArray[np.int8]) -> NDArray[np.float64]:
    """Cronbach's alpha of each dimension."""
    out = []
    for d in range(len(survey.DIMENSIONS)):
        x = answers[:, d == survey.DIMENSION_OF_ITEM].astype(np.float64)
        k = x.shape[1]
        out.append(k / (k - 1) * (1 - x.var(axis=0, ddof=1).sum() / x.sum(axis=1).var(ddof=1)))
    return np.array(out)


def _contracts(company: Company, world: World) -> dict[str, Any]:
    c, p = world.contracts, company.population
    by_line = telecom.hazards(p, c.customer, c.line, company.treated, world.active)
    starts = month_starts()
    at_risk = (c.start[:, None] < starts[:-1]) & (c.end[:, None] >= starts[:-1])
    expected = (by_line * at_risk).sum(axis=0) / np.maximum(at_risk.sum(axis=0), 1)
    return {
        "model": "monthly hazard 1 - (1 - theta)^factor, theta ~ Beta(a, b)",
        "theta": dict(CHURN),
        "drivers_log_factor": dict(CHURN_DRIVERS),
        "season": telecom.SEASON.tolist(),
        "trend_factor_a_year": telecom.TREND_A_YEAR,
        "expected_churn_by_month": _list(expected),
    }


def _shop(company: Company, world: World) -> dict[str, Any]:
    o = world.orders
    past, ahead = o.day < N_DAYS, o.day >= N_DAYS
    bought = np.unique(o.customer[past])
    return {
        "model": "Pareto/NBD in weeks with season and growth; order values Gamma-Gamma in CNY",
        "purchases": dict(PURCHASE),
        "spend": dict(SPEND),
        "mean_order_value": _digits(SPEND["p"] * SPEND["gamma"] / (SPEND["q"] - 1)),
        "season": shop.SEASON.tolist(),
        "growth_a_year": shop.GROWTH_A_YEAR,
        "customers_with_an_order": int(bought.size),
        "orders_of_these_in_2026": int(np.isin(o.customer[ahead], bought).sum()),
        "sales_to_these_in_2026": _digits(o.amount[ahead & np.isin(o.customer, bought)].sum()),
    }
