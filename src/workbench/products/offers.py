"""What to offer each customer next: rules held against the best-sellers on later purchases.

References
----------
Sarwar, Karypis, Konstan, Riedl (2001), Item-based collaborative filtering, WWW 10; Cremonesi,
Koren, Turrin (2010), Performance of recommender algorithms on top-N tasks, RecSys 4 (why the plain
best-sellers are the rule to beat).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from workbench.arrays import Array, Index, Mask
from workbench.errors import DataError, require_columns
from workbench.languages import Language, speak
from workbench.results import Advice, Estimate, Finding, Picture, Result, labelled
from workbench.results.drawing import interval_dots
from workbench.stats.intervals import mean_interval, normal_quantile, wilson
from workbench.study import Case, Offers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BEST_SELLERS: Final = "Best-sellers"
SIMILAR: Final = "Bought by similar customers"
FACTORS: Final = "Tastes behind the purchases (implicit)"
#: Customers from whose later purchases a rule is judged.
_FEWEST: Final = 30
_DRAWS: Final = 4000
_AT_ONCE: Final = 20_000

BEATEN = (
    "The better offer is by the rule “{rule}”: {hit} of the customers who bought something"
    " new had it among {k} offers, {gap} more than with the best-sellers"
)
NOTHING_BEATS = (
    "Nothing beats the best-sellers: {hit} of the customers who bought something new had it among"
    " the best-sellers that they lacked ({k} offered to each)"
)
SEND = (
    "Offer each customer what the list of this run has for them, to a random part only; in the time"
    " held out {money} was kept of what was spent on what it would have offered"
)
MEASURED = (
    "Offers were measured at random in {case}: {effect} more per customer and {period}, as sales;"
    " to the {n} customers of the list that would be {money}"
)
LIMITED = (
    "The card leaves {items} items off the list and takes {people} of {all} customers off it: not"
    " to be contacted, contacted lately, or held out at random for comparison"
)


@dataclass(frozen=True)
class NextOffers(Result):
    """Rules for the next offer, and the list that the better one gives.

    Attributes
    ----------
    table : DataFrame
        One row a rule: rule, n (customers judged), hit_rate, hit_rate_low, hit_rate_high (share of
        those who bought something new that was among their offers; Wilson), gap, gap_low, gap_high
        (to the best-sellers; bootstrap of customers), coverage, coverage_low, coverage_high (share
        of the items that are offered to somebody; the spread that another draw of customers would
        have), value, value_low, value_high (kept of what those judged spent on new items that were
        among their offers, a customer; Student), value_gap, value_gap_low, value_gap_high (to the
        best-sellers, paired).
    chosen : str
        The rule of the list: the best-sellers unless another is clearly better.
    k : int
        Offers a customer.
    worth : Estimate
        What those judged spent on new items that were among their offers by the chosen rule.
    offers : DataFrame
        customer_id, rank (1 first), item, score; of all customers, from all purchases. Pseudonyms:
        for the firm's own system, and for no page.
    control : DataFrame
        customer_id of those who are offered nothing, drawn by lot, as the card asks.
    closed, left, people : int
        Items that the card leaves off; customers off the list, of how many.
    """

    table: pd.DataFrame
    chosen: str
    k: int
    worth: Estimate
    offers: pd.DataFrame
    control: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["customer_id"]))
    closed: int = 0
    left: int = 0
    people: int = 0

    def estimates(self) -> dict[str, Estimate]:
        """Hit rate of the chosen rule."""
        return {"hit_rate": self._of("hit_rate").named("New purchases predicted", better="up")}

    def _of(self, name: str, **about: object) -> Estimate:
        row = self.table[self.table["rule"] == self.chosen].iloc[0]
        return Estimate.of_row(row, name, **({"kind": "percent"} | about))

    def findings(self) -> list[Finding]:
        """Say whether anything beats the best-sellers, and what to do with the list."""
        beaten = self.chosen != BEST_SELLERS
        values: dict[str, object] = {"hit": self._of("hit_rate"), "k": self.k, "money": self.worth,
                                     "rule": self.chosen}  # fmt: skip
        estimates = {"hit_rate": self._of("hit_rate")}
        if beaten:
            gap = self._of("gap", kind="points", unit="%")
            values["gap"] = gap
            estimates["gap"] = gap
        valued = bool(self.worth.value > 0)
        limits = {"items": self.closed, "people": self.left, "all": self.people}
        limited = [Finding("products.offers.limited", LIMITED, limits)]
        return [
            Finding(
                "products.offers", BEATEN if beaten else NOTHING_BEATS, values, verdict=self.chosen,
                estimates=estimates, money=self.worth if valued else None,
                advice=Advice(SEND, 5) if valued else None,
            ),
            *(limited if self.closed or self.left else []),
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
        ax.xaxis.set_major_formatter(PercentFormatter(1))
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


def factors(had: Mask) -> Scores:
    """Score items by factors of implicit feedback (Hu, Koren, Volinsky 2008), by `implicit`."""
    from implicit.als import AlternatingLeastSquares
    from scipy.sparse import csr_matrix
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    size = int(min(32, max(had.shape[1] // 4, 2)))
    # it works on small blocks, which several threads of the algebra would only hold up
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(
            factors=size, regularization=0.1, iterations=15, random_state=1, num_threads=1
        )
        model.fit(csr_matrix(had.astype(np.float32)), show_progress=False)

    def score(own: Array) -> Array:
        rows = csr_matrix(own.astype(np.float32))
        people = model.recalculate_user(np.arange(rows.shape[0]), rows)
        return np.asarray(people @ model.item_factors.T, dtype=float)

    return score


#: Rule -> what learns it from who has bought what; the first is the one to beat.
RULES: Final[Mapping[str, Callable[[Mask], Scores]]] = {
    BEST_SELLERS: best_sellers, SIMILAR: item_to_item
}  # fmt: skip


def rules() -> Mapping[str, Callable[[Mask], Scores]]:
    """Give the rules there are: factors only where the extra `implicit` is installed."""
    return {**RULES, FACTORS: factors} if find_spec("implicit") else RULES


def next_offers(
    history: pd.DataFrame,
    items: pd.DataFrame,
    *,
    rng: np.random.Generator,
    k: int = 3,
    level: float = 0.95,
    card: Offers | None = None,
    reachable: pd.Index | None = None,
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
    card : Offers, optional
        What may be offered, to how many, and what is kept of it.
    reachable : Index, optional
        Customers who may be contacted; all of them when left out.

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
    card = card or Offers()
    may = np.array([card.may_be_offered(str(name)) for name in names])
    if may.sum() < 1:
        raise DataError("the card leaves no item to offer", remedy="see `offers` in study.yml")
    fresh = (later > 0) & ~known & may
    judged = np.flatnonzero(known.any(axis=1) & fresh.any(axis=1))
    if judged.size < _FEWEST:
        raise DataError(
            f"{judged.size} customers bought something new in the time held out, and {_FEWEST} are"
            " needed to judge offers",
            remedy="wait, or tell items apart more coarsely",
        )
    rows: list[dict[str, object]] = []
    hits: dict[str, Mask] = {}
    kept = np.array([card.margin_of(str(name)) for name in names])
    price = (items["spend"] / items["orders"].clip(lower=1)).to_numpy(dtype=float) * kept
    got: dict[str, Array] = {}
    learnt = rules()
    # each of several rules that may beat the best-sellers by chance is held to a stricter level
    level = 1 - (1 - level) / max(len(learnt) - 1, 1)
    for rule, learn in learnt.items():
        offered, _ = _top(learn(known), known[judged] | ~may, k)
        found = np.take_along_axis(fresh[judged], offered, axis=1)
        hits[rule] = np.asarray(found.any(axis=1))
        spent = fresh[judged] * later[judged] * price
        got[rule] = np.take_along_axis(spent, offered, axis=1).sum(axis=1)
        low, high = wilson(hits[rule].sum(), judged.size)
        gap = _gap(hits[rule], hits[BEST_SELLERS], rng, level)
        rows.append(
            {"rule": rule, "n": int(judged.size), "hit_rate": float(hits[rule].mean()),
             "hit_rate_low": float(low), "hit_rate_high": float(high), "gap": gap.value,
             "gap_low": gap.low, "gap_high": gap.high, **_covered(offered, int(may.sum())),
             **_named("value", mean_interval(got[rule])),
             **_named("value_gap", mean_interval(got[rule] - got[BEST_SELLERS]))}
        )  # fmt: skip
    table = pd.DataFrame(rows)
    better = table[(table["gap_low"] > 0) & (table["rule"] != BEST_SELLERS)]
    chosen = str(better.nlargest(1, "gap")["rule"].iloc[0]) if len(better) else BEST_SELLERS
    worth = (
        mean_interval(got[chosen])
        .scaled(float(judged.size))
        .named(kind="money", n=float(judged.size))
    )
    had = known | (later > 0)
    asked = np.ones(len(people), dtype=bool) if reachable is None else people.isin(reachable)
    lot = asked & (rng.random(len(people)) < card.control)
    asked &= ~lot
    stock = {j: card.stock[str(name)] for j, name in enumerate(names) if str(name) in card.stock}
    wide = min(k + len(stock), len(names))
    offered, scores = _top(learnt[chosen](had), had | ~may, wide)
    sent = _within_stock(np.flatnonzero(asked), offered[asked], scores[asked], k, stock)
    sent = sent.assign(customer_id=people[sent["who"]], item=names.to_numpy()[sent["code"]])
    sent = sent[["customer_id", "rank", "item", "score"]].reset_index(drop=True)
    labels = labelled(
        table, rule="Rule", n="Customers", hit_rate=("New purchases predicted", "percent:1"),
        gap=("More than best-sellers", "percent:1"), coverage=("Items offered", "percent:0"),
        value=("Kept of it, per customer", "money:2"),
        value_gap=("More kept than with best-sellers", "money:2"),
    )  # fmt: skip
    control = pd.DataFrame({"customer_id": people[lot]})
    return NextOffers(labels, chosen, k, worth, sent, control, int((~may).sum()),
                      int((~asked).sum()), len(people))  # fmt: skip


def _named(name: str, each: Estimate) -> dict[str, float]:
    return {name: each.value, f"{name}_low": each.low, f"{name}_high": each.high}


def _covered(offered: Index, items: int) -> dict[str, float]:
    """Share of the items that somebody is offered, and how far another draw of customers may be."""
    often = np.unique(offered, return_counts=True)[1]
    # an item that c of n customers are offered is missed by another n with chance exp(-c)
    missed = np.exp(-often)
    half = normal_quantile(0.95) * float(np.sqrt((missed * (1 - missed)).sum()))
    low, high = max(len(often) - half, 0), min(len(often) + half, items)
    return {"coverage": len(often) / items, "coverage_low": low / items,
            "coverage_high": high / items}  # fmt: skip


def _within_stock(
    who: Index, offered: Index, scores: Array, k: int, stock: Mapping[int, int]
) -> pd.DataFrame:
    """Give each customer the best k of which there is stock: it goes to the highest scores."""
    width = offered.shape[1] if offered.ndim == 2 else 0
    table = pd.DataFrame(
        {"who": np.repeat(who, width), "code": offered.ravel(), "score": scores.ravel()}
    )
    # who has everything is offered nothing twice
    table = table[np.isfinite(table["score"])].reset_index(drop=True)
    while True:
        rank = table.groupby("who", sort=False).cumcount() + 1
        on = table.assign(rank=rank)[rank <= k]
        limited = on[on["code"].isin(list(stock))]
        best = limited.sort_values(["score", "who"], ascending=[False, True], kind="stable")
        place = best.groupby("code").cumcount()
        over = best.index[place.to_numpy() >= best["code"].map(stock).to_numpy()]
        if not len(over):
            best_k: pd.DataFrame = on.reset_index(drop=True)
            return best_k
        table = table.drop(index=over)


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


def measured_offer(
    verdicts: pd.DataFrame | None,
    case: Case | None,
    offered: int,
    *,
    currency: str = "",
) -> Finding | None:
    """Say what offers were measured to bring, where a case drawn by lot made such.

    Parameters
    ----------
    verdicts : DataFrame or None
        The case's outcomes, as `workbench.impact` judged them.
    case : Case or None
        The case that the card names.
    offered : int
        Customers on the list.
    currency : str
        Of the amounts.

    Returns
    -------
    Finding or None
        None where no such case among customers was drawn by lot with sales as an outcome.
    """
    if verdicts is None or case is None or case.chosen != "random" or case.group is not None:
        return None
    own = verdicts[(verdicts["case"] == case.name) & (verdicts["outcome"] == "sales per customer")]
    if own.empty or not np.isfinite(own["difference"].iloc[0]):
        return None
    row = own.iloc[0]
    each = Estimate(
        float(row["difference"]), float(row["difference_low"]), float(row["difference_high"]),
        kind="money", unit=currency, signed=True,
    )  # fmt: skip
    money = each.scaled(float(offered))
    values = {"case": case.title, "effect": each, "period": case.period, "n": offered,
              "money": money}  # fmt: skip
    return Finding("products.offers.measured", MEASURED, values, money=money,
                   verdict=str(row["verdict"]), estimates={"effect": each})  # fmt: skip
