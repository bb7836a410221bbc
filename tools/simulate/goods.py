"""The counters in the shops: line items by member card, and offers made by lot, of known truth.

Streams of their own leave what the rest of the company does as it is.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tools.simulate.identity import Identities
from tools.simulate.streams import stream

Floats = NDArray[np.float64]
#: Member, day, and the categories in a basket.
Basket = tuple[int, int, list[int]]

#: A Monday: prices hold from Monday to Sunday.
FIRST: Final = pd.Timestamp("2024-01-01")
#: Days of the log, and members who buy at the counters.
SPAN: Final = 731
MEMBERS: Final = 1_400
#: Category: how often it is taken, how many products it has, and what one costs.
CATEGORIES: Final[dict[str, tuple[float, int, float]]] = {
    "coffee": (0.20, 9, 18.0), "snacks": (0.17, 9, 9.0), "drinks": (0.17, 9, 7.0),
    "pastries": (0.08, 4, 12.0), "machines": (0.05, 3, 160.0), "capsules": (0.07, 4, 25.0),
    "tea": (0.08, 4, 15.0), "mugs": (0.06, 4, 30.0), "sweets": (0.07, 4, 8.0),
    "papers": (0.05, 3, 6.0), "cold brew": (0.0, 2, 20.0),
}  # fmt: skip
#: Percent more pieces for one percent of price, where the head office draws prices by lot.
ELASTICITY: Final = {"coffee": -1.8, "snacks": -0.8}
PRICES_HOLD: Final = 5
#: Weeks of price cuts of one category: how deep, and what they and the four weeks after sell.
CUT, CUT_TO, CUT_SELLS, AFTER_SELLS = "drinks", 0.75, 1.7, 0.88
#: To so many baskets with the first the second is added, if it is not in them.
PAIR: Final = ("coffee", "pastries")
ADDED: Final = 0.22
#: How much more the second is bought before and after the first has been.
ORDER: Final = ("machines", "capsules")
BEFORE, AFTER = 0.15, 4.0
#: Who takes this on the first visit comes so many times as often.
BEGINS_WITH, COMES = "tea", 2.4
#: Sold from a day on; when members would try it (a gamma mixture of exponential times), how many
#: buy it again, and with which chance at a visit.
LAUNCHED, LAUNCH_DAY, SHAPE, DAYS, AGAIN, CHANCE = "cold brew", 420, 0.9, 500.0, 0.5, 0.35
OFFERS: Final = 9_000
#: Item: chance of being offered, drawn by lot; chance of being answered.
OFFERED: Final = {
    "coffee": (0.25, 0.035), "snacks": (0.20, 0.03), "drinks": (0.15, 0.04),
    "pastries": (0.12, 0.09), "capsules": (0.10, 0.11), "tea": (0.10, 0.06),
    "mugs": (0.05, 0.02), "sweets": (0.03, 0.05),
}  # fmt: skip
#: Rule: with which chance it would offer each item.
RULES: Final = {
    "What goes with it": {"pastries": 0.40, "capsules": 0.40, "tea": 0.20},
    "Best-sellers": {"coffee": 0.50, "snacks": 0.30, "drinks": 0.20},
}


def goods(seed: int, who: Identities) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    """Make the till's lines, the offers and the other rules, all cells text, and the truth."""
    chosen = stream(seed, "till").choice(len(who.customer_id), MEMBERS, replace=False)
    ids = np.array(who.customer_id)[np.sort(chosen)]
    names, baskets = list(CATEGORIES), _baskets(seed)
    price, pull = _prices(seed)
    rng = stream(seed, "till lines")
    rows = []
    for number, (member, day, items) in enumerate(baskets):
        for item in items:
            week, odds = day // 7, pull[item][:, day // 7]
            product = rng.choice(odds.size, p=odds / odds.sum())
            pieces = 1 + rng.poisson(0.3)
            paid = round(pieces * price[item][product, week], 2)
            code = f"{names[item]} {product + 1}"
            rows.append((number, member, day, names[item], code, pieces, paid))
    frame = pd.DataFrame(
        rows, columns=["receipt", "member", "date", "category", "product", "pieces", "paid"]
    )
    till = frame.assign(
        receipt="T" + (500_001 + frame["receipt"]).astype(str),
        member=ids[frame["member"]], date=_day(frame["date"].to_numpy()),
        pieces=frame["pieces"].astype(str), paid=[f"{x:.2f}" for x in frame["paid"]],
    )  # fmt: skip
    made, rules = _offers(seed, ids)
    rate = {item: answered for item, (_, answered) in OFFERED.items()}
    truth = {
        "elasticity": ELASTICITY,
        "price_cuts": {"category": CUT, "price": CUT_TO, "sells": CUT_SELLS,
                       "four_weeks_after": AFTER_SELLS},
        "together": PAIR, "added": ADDED, "in_order": ORDER,
        "brings_back": {"category": BEGINS_WITH, "comes": COMES},
        "launch": {"category": LAUNCHED, "on": str(_day(np.array([LAUNCH_DAY]))[0]),
                   "buy_again": AGAIN},
        "offers_answered": round(sum(q * answered for q, answered in OFFERED.values()), 6),
        "offers_answered_by_rule": {
            rule: round(sum(q * rate[item] for item, q in chances.items()), 6)
            for rule, chances in RULES.items()
        },
    }  # fmt: skip
    return {"till": till, "offers": made, "rules": rules}, truth


def _day(days: NDArray[Any]) -> NDArray[Any]:
    """Write days since the first one."""
    moments = FIRST + pd.to_timedelta(days, "D")
    return np.asarray(moments.strftime("%Y-%m-%d"))


def _baskets(seed: int) -> list[Basket]:
    """Draw who comes when, and which categories lie in each basket, in order of time."""
    rng = stream(seed, "till baskets")
    at = {name: i for i, name in enumerate(CATEGORIES)}
    share = np.array([often for often, _, _ in CATEGORIES.values()])
    taste = rng.gamma(1.2, 1.0, (MEMBERS, share.size)) * share
    begins = rng.integers(0, 500, MEMBERS)
    rate = rng.gamma(2.0, 0.5, MEMBERS) * 14 / SPAN
    more = rng.gamma(3.0, 0.35, MEMBERS)
    tries = LAUNCH_DAY + rng.exponential(DAYS / rng.gamma(SHAPE, 1 / SHAPE, MEMBERS))
    again = rng.random(MEMBERS) < AGAIN
    first, then = (at[name] for name in ORDER)
    a, b = (at[name] for name in PAIR)
    made: list[Basket] = []
    for m in range(MEMBERS):
        day, pace, weight, tried = float(begins[m]), rate[m], taste[m].copy(), False
        weight[then] *= BEFORE
        while day < SPAN:
            size = min(1 + rng.poisson(more[m]), 6)
            own = [int(k) for k in rng.choice(share.size, size, False, weight / weight.sum())]
            if day == begins[m] and at[BEGINS_WITH] in own:
                pace *= COMES
            if a in own and b not in own and rng.random() < ADDED:
                own.append(b)
            if first in own:
                weight[then] = taste[m][then] * AFTER
            # what is new is tried at the first visit after one's day
            if day >= tries[m] and (not tried or (again[m] and rng.random() < CHANCE)):
                own.append(at[LAUNCHED])
                tried = True
            made.append((m, int(day), own))
            day += max(rng.exponential(1 / pace), 1.0)
    return sorted(made, key=lambda basket: (basket[1], basket[0]))


def _prices(seed: int) -> tuple[list[Floats], list[Floats]]:
    """Give price and pull of each category's products, week by week."""
    rng = stream(seed, "till prices")
    weeks = SPAN // 7 + 1
    prices, pulls = [], []
    for name, (_, n, usual) in CATEGORIES.items():
        base = usual * rng.lognormal(0.0, 0.2, n)[:, None]
        price = np.repeat(base, weeks, axis=1)
        pull = np.repeat(rng.lognormal(0.0, 0.25, n)[:, None], weeks, axis=1)
        if name in ELASTICITY:
            moves = rng.uniform(-0.2, 0.2, (n, weeks // PRICES_HOLD + 1))
            log = np.repeat(moves, PRICES_HOLD, axis=1)[:, :weeks]
            price, pull = price * np.exp(log), pull * np.exp(ELASTICITY[name] * log)
        if name == CUT:
            for product in range(n):
                for week in range(int(rng.integers(4, 12)), weeks - 5, 12):
                    price[product, week] *= CUT_TO
                    pull[product, week] *= CUT_SELLS
                    pull[product, week + 1 : week + 5] *= AFTER_SELLS
        prices.append(np.round(price, 2))
        pulls.append(pull)
    return prices, pulls


def _offers(seed: int, ids: NDArray[Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw what was offered to whom, and who answered."""
    rng = stream(seed, "till offers")
    items = np.array(list(OFFERED))
    chance, rate = (np.array([pair[i] for pair in OFFERED.values()]) for i in (0, 1))
    k = rng.choice(items.size, OFFERS, p=chance)
    made = pd.DataFrame(
        {
            "member": ids[rng.integers(0, ids.size, OFFERS)],
            "day": _day(np.sort(rng.integers(SPAN - 180, SPAN, OFFERS))), "item": items[k],
            "answered": np.where(rng.random(OFFERS) < rate[k], "yes", "no"),
            "chance": [f"{q:.2f}" for q in chance[k]],
        }
    )  # fmt: skip
    rules = pd.DataFrame(
        [(rule, item, f"{q:.2f}") for rule, own in RULES.items() for item, q in own.items()],
        columns=["rule", "item", "chance"],
    )
    return made, rules
