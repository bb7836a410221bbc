"""What to offer each customer next: rules held against the best-sellers on later purchases.

References
----------
Sarwar, Karypis, Konstan, Riedl (2001), Item-based collaborative filtering, WWW 10; Cremonesi,
Koren, Turrin (2010), Performance of recommender algorithms on top-N tasks, RecSys 4 (why the plain
best-sellers are the rule to beat).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from workbench.arrays import Array, Index, Mask
from workbench.errors import DataError, require_columns
from workbench.languages import Language, speak
from workbench.results import Advice, Estimate, Finding, Picture, Result, labelled
from workbench.results.drawing import interval_dots
from workbench.stats.intervals import mean_interval, wilson

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BEST_SELLERS: Final = "Best-sellers"
SIMILAR: Final = "Bought by similar customers"
#: Customers from whose later purchases a rule is judged.
_FEWEST: Final = 30
_DRAWS: Final = 4000
_AT_ONCE: Final = 20_000

BEATEN = (
    "What similar customers bought is the better offer: {hit} of the customers who bought something"
    " new had it among {k} offers, {gap} more than with the best-sellers"
)
NOTHING_BEATS = (
    "Nothing beats the best-sellers: {hit} of the customers who bought something new had it among"
    " the best-sellers that they lacked ({k} offered to each)"
)
SEND = (
    "Offer each customer what the list of this run has for them, to a random part only; in the time"
    " held out {money} was spent on what it would have offered"
)


@dataclass(frozen=True)
class NextOffers(Result):
    """Rules for the next offer, and the list that the better one gives.

    Attributes
    ----------
    table : DataFrame
        One row a rule: rule, n (customers judged), hit_rate, hit_rate_low, hit_rate_high (share of
        those who bought something new that was among their offers; Wilson), gap, gap_low, gap_high
        (to the best-sellers; bootstrap of customers), coverage (share of all items that are offered
        to somebody).
    chosen : str
        The rule of the list: the best-sellers unless another is clearly better.
    k : int
        Offers a customer.
    worth : Estimate
        What those judged spent on new items that were among their offers by the chosen rule.
    offers : DataFrame
        customer_id, rank (1 first), item, score; of all customers, from all purchases. Pseudonyms:
        for the firm's own system, and for no page.
    """

    table: pd.DataFrame
    chosen: str
    k: int
    worth: Estimate
    offers: pd.DataFrame

    def estimates(self) -> dict[str, Estimate]:
        """Hit rate of the chosen rule."""
        return {"hit_rate": self._of("hit_rate").named("New purchases predicted", better="up")}

    def _of(self, name: str, **about: object) -> Estimate:
        row = self.table[self.table["rule"] == self.chosen].iloc[0]
        return Estimate.of_row(row, name, **({"kind": "percent"} | about))

    def findings(self) -> list[Finding]:
        """Say whether anything beats the best-sellers, and what to do with the list."""
        beaten = self.chosen != BEST_SELLERS
        values: dict[str, object] = {"hit": self._of("hit_rate"), "k": self.k, "money": self.worth}
        estimates = {"hit_rate": self._of("hit_rate")}
        if beaten:
            gap = self._of("gap", kind="points", unit="%")
            values["gap"] = gap
            estimates["gap"] = gap
        valued = bool(self.worth.value > 0)
        return [
            Finding(
                "products.offers", BEATEN if beaten else NOTHING_BEATS, values, verdict=self.chosen,
                estimates=estimates, money=self.worth if valued else None,
                advice=Advice(SEND, 5) if valued else None,
            )
        ]  # fmt: skip

    def picture(self) -> Picture:
        """Draw the hit rates of the rules."""
        return Picture(
            self.plot, "How often a new purchase was among the offers",
            "Share of the customers who bought something new; {k} offers each, 95% confidence"
            " intervals",
            self.table, {"k": self.k}, height=2.2,
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one dot with an interval a rule."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table.iloc[::-1]
        ends = (t["hit_rate"], t["hit_rate_low"], t["hit_rate_high"])
        names = [say(rule) for rule in t["rule"]]
        interval_dots(ax, names, *ends, say("New purchases predicted"))
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        return ax


Scores = Callable[[Array], Array]


def best_sellers(had: Mask) -> Scores:
    """Score items by how many customers have bought them: the same for everybody."""
    buyers = had.sum(axis=0).astype(float)
    return lambda own: np.broadcast_to(buyers, own.shape)


def item_to_item(had: Mask) -> Scores:
    """Score items by their cosine with those that a customer has bought."""
    x = had.astype(float)
    n = x.sum(axis=0)
    both = x.T @ x
    norm = np.sqrt(np.outer(n, n))
    cosine = np.divide(both, norm, out=np.zeros_like(both), where=norm > 0)
    np.fill_diagonal(cosine, 0.0)
    return lambda own: own @ cosine


#: Rule -> what learns it from who has bought what; the first is the one to beat.
RULES: Final[Mapping[str, Callable[[Mask], Scores]]] = {
    BEST_SELLERS: best_sellers, SIMILAR: item_to_item
}  # fmt: skip


def next_offers(
    history: pd.DataFrame,
    items: pd.DataFrame,
    *,
    rng: np.random.Generator,
    k: int = 3,
    level: float = 0.95,
) -> NextOffers:
    """Choose a rule for the next offer on purchases held out, and make the list.

    Parameters
    ----------
    history : DataFrame
        customer_id, item, known (orders before the held-out time), later (orders in it).
    items : DataFrame
        item, orders, spend: for what an order of it is worth.
    rng : numpy.random.Generator
    k : int
        Offers a customer; with few items fewer, a quarter of them at most.
    level : float
        Confidence with which another rule must beat the best-sellers.

    Raises
    ------
    DataError
        Too few customers bought something new in the time held out.
    """
    require_columns(history, ("customer_id", "item", "known", "later"), "the history has")
    names = pd.Index(items["item"])
    if len(names) < 3:
        raise DataError(f"there are {len(names)} items to choose from", remedy="tell more apart")
    k = max(min(k, len(names) // 4), 1)
    who, people = pd.factorize(history["customer_id"])
    place = names.get_indexer(history["item"])
    shape = (len(people), len(names))
    known, later = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=np.float32)
    inside = place >= 0
    before = inside & (history["known"].to_numpy() > 0)
    known[who[before], place[before]] = True
    later[who[inside], place[inside]] = history["later"].to_numpy()[inside]
    fresh = (later > 0) & ~known
    judged = np.flatnonzero(known.any(axis=1) & fresh.any(axis=1))
    if judged.size < _FEWEST:
        raise DataError(
            f"{judged.size} customers bought something new in the time held out, and {_FEWEST} are"
            " needed to judge offers",
            remedy="wait, or tell items apart more coarsely",
        )
    rows: list[dict[str, object]] = []
    hits: dict[str, Mask] = {}
    lists: dict[str, Index] = {}
    for rule, learn in RULES.items():
        offered, _ = _top(learn(known), known[judged], k)
        found = np.take_along_axis(fresh[judged], offered, axis=1)
        hits[rule], lists[rule] = np.asarray(found.any(axis=1)), offered
        low, high = wilson(hits[rule].sum(), judged.size)
        gap = _gap(hits[rule], hits[BEST_SELLERS], rng, level)
        rows.append(
            {"rule": rule, "n": int(judged.size), "hit_rate": float(hits[rule].mean()),
             "hit_rate_low": float(low), "hit_rate_high": float(high), "gap": gap.value,
             "gap_low": gap.low, "gap_high": gap.high,
             "coverage": np.unique(offered).size / len(names)}
        )  # fmt: skip
    table = pd.DataFrame(rows)
    better = table[(table["gap_low"] > 0) & (table["rule"] != BEST_SELLERS)]
    chosen = str(better.nlargest(1, "gap")["rule"].iloc[0]) if len(better) else BEST_SELLERS
    price = (items["spend"] / items["orders"].clip(lower=1)).to_numpy(dtype=float)
    got = np.take_along_axis(fresh[judged] * later[judged] * price, lists[chosen], axis=1).sum(
        axis=1
    )
    worth = mean_interval(got).scaled(float(judged.size)).named(kind="money", n=float(judged.size))
    had = known | (later > 0)
    offered, scores = _top(RULES[chosen](had), had, k)
    sent = pd.DataFrame(
        {
            "customer_id": np.repeat(people, k), "rank": np.tile(np.arange(1, k + 1), len(people)),
            "item": names.to_numpy()[offered.ravel()], "score": scores.ravel(),
        }
    )  # fmt: skip
    # who has everything is offered nothing twice
    sent = sent[np.isfinite(sent["score"])].reset_index(drop=True)
    labels = labelled(
        table, rule="Rule", n="Customers", hit_rate=("New purchases predicted", "percent:1"),
        gap=("More than best-sellers", "percent:1"), coverage=("Items offered", "percent:0"),
    )  # fmt: skip
    return NextOffers(labels, chosen, k, worth, sent)


def _top(score: Scores, had: Mask, k: int) -> tuple[np.ndarray, Array]:
    """Give the k items with the highest scores that a customer has not, and the scores."""
    places, scores = [], []
    for start in range(0, len(had), _AT_ONCE):
        own = had[start : start + _AT_ONCE]
        value = np.where(own, -np.inf, score(own.astype(float)))
        best = np.argsort(-value, axis=1, kind="stable")[:, :k]
        places.append(best)
        scores.append(np.take_along_axis(value, best, axis=1))
    return np.concatenate(places), np.concatenate(scores)


def _gap(hit: Mask, base: Mask, rng: np.random.Generator, level: float) -> Estimate:
    """Difference of two hit rates of the same customers, by a bootstrap of customers."""
    n = hit.size
    more, less = int((hit & ~base).sum()), int((~hit & base).sum())
    value = (more - less) / n
    if not more and not less:
        return Estimate(0.0, 0.0, 0.0, float(n))
    # customers are of three kinds, so their resamples are draws of three numbers
    drawn = rng.multinomial(n, [more / n, less / n, 1 - (more + less) / n], size=_DRAWS)
    low, high = np.quantile((drawn[:, 0] - drawn[:, 1]) / n, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(value, min(float(low), value), max(float(high), value), float(n), level)
