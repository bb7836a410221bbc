"""What another rule for offers would have brought, from offers whose chances are known.

Where a rule drew by lot what to offer, with known chances, the answers to what it offered tell what
another rule would have got: offers that the other makes more often count more.

References
----------
Horvitz, Thompson (1952), JASA 47, 663-685; Hájek (1971); Dudík, Langford, Li (2011), Doubly robust
policy evaluation and learning, ICML 28; Hall (1992), On the removal of skewness by transformation,
JRSS B 54(1), 221-228; Saito, Aihara, Matsutani, Narita (2021), Open Bandit Dataset and Pipeline.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from scipy.special import ndtr

from workbench.arrays import Array, Index
from workbench.errors import DataError, require_columns
from workbench.languages import Language, speak
from workbench.products.items import named
from workbench.results import Advice, Estimate, Finding, Picture, Result, labelled
from workbench.results.drawing import interval_dots
from workbench.stats.disclosure import rule_of
from workbench.stats.intervals import normal_quantile
from workbench.stats.multiplicity import holm
from workbench.study import CellRule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Effective answers from which on rules are ranked.
FEWEST: Final = 100.0
AS_MADE, ALIKE = "As offers were made", "Every item alike"
_FOLDS: Final = 2

BETTER = (
    "Of the other rules for offers, {rule} would have done better: {value} of its offers answered,"
    " {gap} more than as they were made"
)
WORSE = (
    "No other rule for offers is shown to do better than the one in use, with {now} of its offers"
    " answered"
)
FEW = (
    "Too few answers to rank the rules for offers: for {rule} they count as {effective}, and"
    " {least} are needed"
)
OUTSIDE = (
    "{rule} makes {share} of its offers where the log has none like them: of those nothing is"
    " known, and it is not judged"
)
DO = "Make offers by {rule} for a random part of the customers, and compare"


@dataclass(frozen=True)
class OffPolicy(Result):
    """Rules for offers by what they would have brought.

    Attributes
    ----------
    table : DataFrame
        One row a rule, that in use first: rule, n (offers of the log), weighted (inverse chances),
        normalised (these by their sum) and value (doubly robust), each with `_low` and `_high`;
        effective (offers that the log is worth for it), answers (answers that it is worth), gap,
        gap_low, gap_high, p (to the rule in use; doubly robust; Holm).
    outside : DataFrame
        rule, share: rules of which the log says nothing, and of which share of their offers.
    ranked : bool
        Whether there are enough answers to say which rule is better.
    """

    table: pd.DataFrame
    outside: pd.DataFrame
    ranked: bool

    def estimates(self) -> dict[str, Estimate]:
        """Value of each rule."""
        return {
            str(row["rule"]): Estimate.of_row(row, "value", kind="percent").named(str(row["rule"]))
            for _, row in self.table.iterrows()
        }

    def findings(self) -> list[Finding]:
        """Say whether another rule does better, or why nothing is said."""
        t = self.table
        said: list[Finding] = []
        values: dict[str, object]
        for _, row in self.outside.iterrows():
            values = {"rule": _rule(row["rule"]),
                      "share": Estimate(float(row["share"]), kind="percent")}  # fmt: skip
            said.append(Finding(f"products.policy.outside.{len(said)}", OUTSIDE, values,
                                severity="refusal"))  # fmt: skip
        others = t.iloc[1:]
        if not self.ranked:
            least = t.iloc[int(np.argmin(t["answers"]))]
            values = {"rule": _rule(least["rule"]), "least": FEWEST,
                      "effective": Estimate(float(least["answers"]), digits=0)}  # fmt: skip
            return [Finding("products.policy", FEW, values, severity="refusal"), *said]
        better = others[(others["p"] < 0.05) & (others["gap"] > 0)]
        if better.empty:
            if len(others):
                now = Estimate.of_row(t.iloc[0], "value", kind="percent")
                said.insert(0, Finding("products.policy", WORSE, {"now": now}))
            return said
        best = better.nlargest(1, "value").iloc[0]
        gap = Estimate.of_row(best, "gap", p=float(best["p"]), kind="points", unit="%")
        values = {"rule": _rule(best["rule"]), "gap": gap,
                  "value": Estimate.of_row(best, "value", kind="percent")}  # fmt: skip
        return [
            Finding("products.policy", BETTER, values, verdict="better", estimates={"gap": gap},
                    advice=Advice(DO, 5)),
            *said,
        ]  # fmt: skip

    def picture(self) -> Picture:
        """Draw the value of each rule."""
        return Picture(
            self.plot, "What other rules for offers would have brought",
            "Share of the offers that would have been answered; doubly robust, 95% confidence"
            " intervals",
            self.table, height=2.4,
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one dot with an interval a rule."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table.iloc[::-1]
        ends = (t["value"], t["value_low"], t["value_high"])
        interval_dots(ax, [say.name(r) for r in t["rule"]], *ends, say("Offers answered"))
        ax.xaxis.set_major_formatter(PercentFormatter(1))
        return ax


def _rule(name: object) -> str | dict[str, str]:
    return str(name) if name in (AS_MADE, ALIKE) else named(name)


def off_policy(
    log: pd.DataFrame,
    rules: pd.DataFrame | None = None,
    *,
    min_cell: CellRule | int = 5,
    level: float = 0.95,
) -> OffPolicy:
    """Tell what other rules for offers would have brought, from those that were made.

    Parameters
    ----------
    log : DataFrame
        One row an offer: item, answered (0 or 1), chance (with which this item was offered there);
        customer_id where one is known, so that several offers to one customer are no independent
        ones; and columns that tell offers apart, such as position.
    rules : DataFrame, optional
        One row a rule and item: rule, item, chance, and further columns of the log where the
        chance depends on them. A rule's chances add up to one wherever the log has been. "Every
        item alike" is added.
    min_cell : CellRule or int
        Answers of fewer offers or customers say nothing of anybody.
    level : float
        Confidence.

    Notes
    -----
    The doubly robust value takes the rate of answers by item and position, learnt on the other half
    of the log, and mends it by the weighted rest. Answers are rare and weights uneven, so that the
    means are skewed: limits are those of Hall's transformation, not symmetric ones.

    Raises
    ------
    DataError
        A chance is not above zero and at most one, or there are too few offers.
    """
    require_columns(log, ("item", "answered", "chance"), "the offers have")
    known = log[log["item"].notna() & log["answered"].notna() & log["chance"].notna()]
    chance, answered = (known[c].to_numpy(dtype=float) for c in ("chance", "answered"))
    least, hits = rule_of(min_cell).min_cell, int(answered.sum())
    if len(known) < 2 * least or hits < least:
        raise DataError(
            f"{len(known)} offers with their chances and {hits} answers tell nothing",
            remedy="wait for more",
        )
    if (chance <= 0).any() or (chance > 1).any():
        raise DataError(
            f"a chance is {float(chance[(chance <= 0) | (chance > 1)][0]):g}", where="the offers",
            remedy="give the chance with which the item was offered: above 0, at most 1",
        )  # fmt: skip
    given = (
        [] if rules is None else [c for c in rules.columns if c not in ("rule", "item", "chance")]
    )
    require_columns(known, tuple(given), "the offers have")
    where = pd.MultiIndex.from_frame(known[given].astype(str)) if given else None
    place, places = np.zeros(len(known), dtype=np.intp), pd.Index([0])
    if where is not None:
        place, places = pd.factorize(where)
    code, items = pd.factorize(known["item"].astype(str), sort=True)
    who = pd.factorize(known["customer_id"])[0] if "customer_id" in known else None
    if who is not None:
        who = np.where(who < 0, who.max() + 1 + np.arange(len(who)), who).astype(np.intp)
    rate = _rates(code, place, answered, len(items), len(places), who)
    policies = _policies(rules, given, items, places)
    parts = {AS_MADE: (answered, answered, np.ones(len(known)))}
    outside = []
    for name, table in policies.items():
        missing = 1 - table.sum(axis=1)
        off = float((missing[place]).mean())
        if off > 0.01:
            outside.append({"rule": name, "share": off})
            continue
        weight = table[place, code] / chance
        model = (rate * table[None]).sum(axis=2)  # of each half and place
        fold = _folds(len(known), who)
        robust = model[fold, place] + weight * (answered - rate[fold, place, code])
        parts[name] = (weight * answered, robust, weight)
    rows = []
    for name, (weighted, robust, weight) in parts.items():
        row: dict[str, object] = {"rule": name, "n": len(known)}
        ratio = weighted.sum() / weight.sum()
        normal = ratio + (weighted - ratio * weight) / weight.mean()
        for key, each in (("weighted", weighted), ("normalised", normal), ("value", robust)):
            row |= _limits(each, who, level, key)
        square = (weighted**2).sum()
        row |= {"effective": weight.sum() ** 2 / (weight**2).sum(),
                "answers": weighted.sum() ** 2 / square if square else 0.0}  # fmt: skip
        gap = robust - answered
        row |= _limits(gap, who, level, "gap", floor=-1.0)
        mean, se = _mean(gap, who)
        rows.append(row | {"p": 2 * float(ndtr(-abs(mean) / se)) if se > 0 else float("nan")})
    found = pd.DataFrame(rows)
    found["p"] = holm(found["p"].to_numpy(dtype=float))
    ranked = bool((found["answers"] >= FEWEST).all())
    share = "percent:2"
    labels = labelled(
        found, rule="Rule", n="Offers", weighted=("By inverse chances", share),
        normalised=("Normalised", share), value=("Offers answered", share),
        effective=("Effective offers", "number:0"), answers=("Effective answers", "number:0"),
        gap=("More than as made", share), p=("Corrected p", "p"),
    )  # fmt: skip
    return OffPolicy(labels, pd.DataFrame(outside, columns=["rule", "share"]), ranked)


def _policies(
    rules: pd.DataFrame | None, given: list[str], items: pd.Index, places: pd.Index
) -> dict[str, Array]:
    """Give the chance of each item at each place by each rule; what the log never saw is left."""
    found = {ALIKE: np.full((len(places), len(items)), 1 / len(items))}
    if rules is None:
        return found
    require_columns(rules, ("rule", "item", "chance"), "the rules have")
    for name, own in rules.groupby("rule", sort=True):
        table = np.zeros((len(places), len(items)))
        at = (
            places.get_indexer(pd.MultiIndex.from_frame(own[given].astype(str)))
            if given else np.zeros(len(own), int)
        )  # fmt: skip
        column = items.get_indexer(pd.Index(own["item"].astype(str)))
        inside = (at >= 0) & (column >= 0)
        np.add.at(table, (at[inside], column[inside]), own["chance"].to_numpy(float)[inside])
        if (table.sum(axis=1) > 1.01).any() or (own["chance"] < 0).any():
            raise DataError(
                f"the chances of rule {name} add up to {table.sum(axis=1).max():.3g}",
                where="the rules",
                remedy="give chances of each item that add up to 1, for each value of the other"
                " columns",
            )
        found[str(name)] = table
    return found


def _folds(n: int, who: Index | None) -> Index:
    return np.asarray((np.arange(n) if who is None else who) % _FOLDS, dtype=np.intp)


def _rates(
    code: Index, place: Index, answered: Array, items: int, places: int, who: Index | None
) -> Array:
    """Rate of answers by item and place, learnt without one's own half, drawn to the overall."""
    fold = _folds(len(code), who)
    found = np.empty((_FOLDS, places, items))
    for k in range(_FOLDS):
        other = fold != k
        mean = answered[other].mean()
        flat = place[other] * items + code[other]
        n = np.bincount(flat, minlength=places * items)
        # an item's own rate counts for as much as it has answers: rare ones tell little
        prior = 2 / max(mean, 1e-6)
        hits = np.bincount(flat, answered[other], places * items)
        found[k] = ((hits + mean * prior) / (n + prior)).reshape(places, items)
    return found


def _mean(each: Array, who: Index | None) -> tuple[float, float]:
    left = each - each.mean()
    left = left if who is None else np.bincount(who, left)
    g = left.size
    return float(each.mean()), float(np.sqrt((left**2).sum() * g / max(g - 1, 1)) / each.size)


def _limits(
    each: Array, who: Index | None, level: float, name: str, *, floor: float = 0.0
) -> dict[str, float]:
    """Mean with the limits of Hall's transformation, which takes the skewness away."""
    mean, se = _mean(each, who)
    left = each - each.mean()
    left = left if who is None else np.bincount(who, left)
    n = left.size
    spread = np.sqrt((left**2).mean())
    if not spread > 0:
        return {name: mean, f"{name}_low": float("nan"), f"{name}_high": float("nan")}
    skew = float((left**3).mean() / spread**3)
    z = normal_quantile(level)

    def back(t: float) -> float:
        root = np.sqrt(n)
        if abs(skew) < 1e-8:
            return t
        inner = 1 + skew * (t / root - skew / (6 * n))
        return float(3 / skew * (np.cbrt(inner) - 1) * root)

    low, high = mean - se * back(z), mean - se * back(-z)
    # weights may take a share below zero or above one, where none is
    return {
        name: min(max(mean, floor), 1.0), f"{name}_low": min(max(low, floor), 1.0),
        f"{name}_high": max(min(high, 1.0), floor),
    }  # fmt: skip
