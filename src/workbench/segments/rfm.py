"""RFM: customers scored by how recently, how often and how much, named by rules, on a map.

The scores are made by `workbench.data.score_purchases`, where the log lies.

References
----------
Hughes (1994), Strategic Database Marketing; Bult, Wansbeek (1995), Optimal Selection for Direct
Mail, Marketing Science 14(4), 378-394.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from workbench.arrays import Index, Mask
from workbench.errors import DataError, require_columns
from workbench.languages import Language, speak
from workbench.results import Advice, Estimate, Finding, Picture, Result, labelled, named_estimates
from workbench.segments.concentration import share_of_top, top_count
from workbench.segments.profiles.attributes import join_attributes
from workbench.segments.profiles.breakdown import Breakdown, break_down
from workbench.segments.profiles.personas import Personas, nearest_advice, personas
from workbench.segments.profiles.profile import (
    SPEND,
    Profile,
    pool_small,
    profile,
    share_held,
    told_pooled,
)
from workbench.segments.rfm_map import draw_map
from workbench.stats.disclosure import interval_sensitive, quantiles, rule_of, sensitive
from workbench.study import CellRule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MEASURES = ("days_since_last", "orders", "spend")
SCORES = ("recency_score", "frequency_score", "spend_score")
#: Scale on which rules are written, whatever the number of levels of the scores.
SCALE = 5
#: Valuable customers gone quiet: up to this recency score, from this value score.
QUIET, VALUABLE = 2, 3
#: Share of the spend from which it pays to turn to them.
WORTH_WINNING = 0.05
RULE = (
    "segment", "recency_low", "recency_high", "value_low", "value_high", "need", "action",
)  # fmt: skip

BEST = "{segment} are {customers} of the customers and {value} of the spend"
GONE_QUIET = (
    "Start with valuable customers who have stopped buying: {n} customers who spent {spend} in "
    "the past, {share} of the spend of all."
)
NONE_QUIET = "No valuable customer has stopped buying."
QUIET_WITHHELD = (
    "Valuable customers have stopped buying; how many and what they spent is not shown, since "
    "they are few, or one of them holds nearly all, or what they spent would follow from the "
    "segments."
)
BEST_WITHHELD = (
    "What the segments spend is not shown: there are too few customers, or one holds nearly all"
)
#: Of a log without amounts.
OFTEN = "{segment} are {customers} of the customers and {value} of the purchases"
OFTEN_QUIET = (
    "Start with frequent customers who have stopped buying: {n} customers, with {share} of the "
    "purchases of all."
)
NONE_OFTEN_QUIET = "No frequent customer has stopped buying."
TURN_TO_OFTEN = (
    "Try to win back frequent customers who have stopped buying: they made {share} of the "
    "purchases."
)
TURN_TO = (
    "Try to win back high-value customers who have stopped buying: they made {share} of the "
    "past spend."
)

_DEFAULT = (
    ("Champions", 5, 5, 4, 5, "To be recognised, and to hear of new things first.",
     "Thank them, show new things first, ask for referrals."),
    ("Loyal customers", 3, 4, 4, 5, "What they are used to, without trouble.",
     "Keep them close: membership, cross-selling, reviews."),
    ("Potential loyalists", 4, 5, 2, 3, "A reason to make this their usual shop.",
     "Lead them to the next purchase: bundles, membership."),
    ("New customers", 5, 5, 1, 1, "An easy start, and proof that the choice was right.",
     "Make the start easy and invite a second purchase soon."),
    ("Promising", 4, 4, 1, 1, "A reason to come back that fits the first purchase.",
     "Build the relation: useful content, a small trial offer."),
    ("Need attention", 3, 3, 3, 3, "To be reminded at the right time of what they liked.",
     "Bring them back in time with an offer for a limited time."),
    ("About to lapse", 3, 3, 1, 2, "Something new to look at, at little effort.",
     "Remind them with popular products at a fair price."),
    ("Can't lose them", 1, 2, 5, 5, "To be listened to: something has changed or gone wrong.",
     "Call in person, find out what went wrong, win them back."),
    ("At risk", 1, 2, 3, 4, "A sign that they are missed, and a reason to return.",
     "Write personally with an offer that fits earlier purchases."),
    ("Hibernating", 2, 2, 1, 2, "Little contact, and a simple way back.",
     "One low-cost reminder; stop if it is not answered."),
    ("Lost", 1, 1, 1, 2, "To be left in peace.",
     "Spend nothing more than one last low-cost attempt."),
)  # fmt: skip


@dataclass(frozen=True)
class RFM(Result):
    """Named customers.

    Attributes
    ----------
    customers : DataFrame
        One row a customer: what was scored, and value_score (mean of the frequency and the spend
        score on the scale of the rules), score (the three side by side), segment.
    rules : DataFrame
        The rules that gave the names.
    levels : dict of int
        Number of levels of each measure.
    rule : CellRule
        Of which customers a segment is shown; those too small, or nearly one customer's, go
        together.
    """

    customers: pd.DataFrame
    rules: pd.DataFrame
    levels: dict[str, int]
    rule: CellRule = field(default_factory=CellRule)

    @property
    def table(self) -> pd.DataFrame:
        """Share of customers and of spend by segment, in the order of the rules."""
        return self.profile().table

    @property
    def shown(self) -> pd.Series:
        """Segment of each customer, small segments put together; in the order of the rules."""
        return pool_small(self.customers["segment"], self.rule, value=self.monetary)

    @property
    def at_risk(self) -> Mask:
        """Who is worth much and has gone quiet, by the scores, whatever the rules call them."""
        recency = rescale(self._scores("recency_score"), self.levels["days_since_last"])
        return np.asarray((recency <= QUIET) & (self._scores("value_score") >= VALUABLE))

    def profile(self) -> Profile:
        """Share of customers and of spend by segment, in the order of the rules.

        Of a log without amounts: of purchases.
        """
        shown = self.shown
        found = profile(shown, self.monetary, min_cell=self.rule).table
        said = tuple(told_pooled(self.customers["segment"], shown, self.monetary, self.rule))
        if not self.valued:
            return Profile(labelled(
                found, segment="Segment", n="Customers",
                customers=("Share of customers", "percent"),
                value=("Share of purchases", "percent"),
                mean=("Purchases per customer", "number:1"),
            ), of="Share of purchases", withheld=said)  # fmt: skip
        return Profile(labelled(
            found, segment="Segment", n="Customers", customers=("Share of customers", "percent"),
            value=("Share of spend", "percent"), mean=("Spend per customer", "money"),
        ), of=SPEND, withheld=said)  # fmt: skip

    @property
    def valued(self) -> bool:
        """Whether the log has amounts."""
        return "spend" in self.customers

    @property
    def monetary(self) -> pd.Series:
        """Spend of each customer; of a log without amounts the days with a purchase."""
        return self.customers["spend" if self.valued else "orders"]

    @property
    def behaviour(self) -> pd.DataFrame:
        """What was scored of each customer."""
        return self.customers[[m for m in MEASURES if m in self.customers]]

    def attributes(self, people: pd.DataFrame, *, as_of: object) -> pd.DataFrame:
        """Give what else is known of each customer; see `join_attributes`."""
        known = join_attributes(self.customers, people, as_of=as_of)
        return known.drop(columns=list(self.customers.columns))

    def breakdown(
        self, attributes: pd.DataFrame | None, *, by: Iterable[str | Sequence[str]]
    ) -> Breakdown:
        """Break customers, orders and spend down by segment and by what else is known of them.

        Parameters
        ----------
        attributes : DataFrame or None
            See `attributes`.
        by : iterable of str or of two str
            Attributes and pairs, `segment` among them; those that are not known are left out.
        """
        segment = self.shown.astype("str").array
        known = pd.DataFrame({"segment": segment}, index=self.customers.index)
        if attributes is not None:
            known = known.join(attributes.drop(columns="segment", errors="ignore"))
        asked = [(one,) if isinstance(one, str) else tuple(one) for one in by]
        return break_down(
            known, orders=self.customers["orders"], spend=self.monetary if self.valued else None,
            by=[one for one in asked if set(one) <= set(known)], min_cell=self.rule,
        )  # fmt: skip

    def personas(
        self, attributes: pd.DataFrame | None = None, *, groups: pd.Series | None = None
    ) -> Personas:
        """Describe each segment, with the needs and treatments of the rules.

        Parameters
        ----------
        attributes : DataFrame, optional
            Who the customers are; see `attributes`.
        groups : Series, optional
            Groups found in the data, in place of the segments: each borrows need and treatment
            from the segment to which most of its customers belong.
        """
        own = self.customers["segment"]
        advice = self.rules if groups is None else nearest_advice(groups, own, self.rules)
        return personas(
            own if groups is None else groups, self.monetary, self.behaviour,
            attributes=attributes, advice=advice, min_cell=self.rule,
        )  # fmt: skip

    def actions(self) -> pd.DataFrame:
        """Say what to do for whom.

        Returns
        -------
        DataFrame
            One row a segment that has customers: segment, n, medians of days_since_last, orders
            and spend (see `Persona`), need, action.
        """
        grouped = self.customers.groupby(self.shown.to_numpy(), observed=True)

        def middle(own: pd.Series) -> float:
            return float(quantiles(own, [0.5], self.rule)[0])

        out = grouped[list(self.behaviour)].agg(middle)
        out.insert(0, "n", grouped.size())
        advice = self.rules.drop_duplicates("segment").set_index("segment")
        for words in ("need", "action"):
            if words in advice:
                out[words] = advice[words].reindex([str(name) for name in out.index]).to_numpy()
        out.index = out.index.astype(str)
        return out.rename_axis("segment").reset_index()

    def estimates(self) -> dict[str, Estimate]:
        """Give customers, spend held by the best and by those gone quiet, and segments.

        What would give one customer away is left out.
        """
        top, quiet = share_of_top(self.monetary, min_cell=self.rule.min_cell), self.at_risk
        best = np.argsort(-self.monetary.to_numpy(dtype=float), kind="stable")
        count = top_count(self.monetary.to_numpy(dtype=float), 0.2, self.rule.min_cell)
        held = share_held(quiet, self.monetary)
        if interval_sensitive(quiet.astype(int), self.monetary, 2, self.rule)[1]:
            held = Estimate(held.value, n=held.n, kind=held.kind)
        return {
            "customers": Estimate(len(self.customers), label="Customers with a purchase"),
            **({} if self._tells(np.isin(np.arange(best.size), best[:count])) else {
                "top20": top.named(
                    "Spend held by the top fifth" if self.valued
                    else "Purchases of the most frequent fifth"
                ),
            }),
            **({} if self._tells(quiet) else {
                "at_risk": held.named(
                    "Past spend of valuable customers who stopped buying" if self.valued
                    else "Past purchases of frequent customers who stopped buying",
                    kind="percent", better="down",
                    fact="segments.at_risk.spend" if self.valued else "segments.at_risk.orders",
                ),
            }),
            **named_estimates(
                self.table, "segment", estimate="customers", low="customers_low",
                high="customers_high", kind="percent",
            ),
        }  # fmt: skip

    def findings(self) -> list[Finding]:
        """Say which segment holds most of the spend, and how much has gone quiet."""
        if sensitive(self.monetary, self.rule):
            best = Finding("segments.best", BEST_WITHHELD)
        else:
            row = self.table.iloc[int(self.table["value"].argmax())]
            held = {n: Estimate(float(row[n]), kind="percent") for n in ("customers", "value")}
            values = {"segment": str(row["segment"]), **held}
            best = Finding("segments.best", BEST if self.valued else OFTEN, values)
        return [best, self._quiet()]

    def _quiet(self) -> Finding:
        quiet, share = self.at_risk, self.estimates().get("at_risk")
        if not quiet.any():
            return Finding("segments.at_risk", NONE_QUIET if self.valued else NONE_OFTEN_QUIET)
        if share is None:
            return Finding("segments.at_risk", QUIET_WITHHELD)
        values: dict[str, object] = {"n": int(quiet.sum()), "share": share}
        if self.valued:
            values["spend"] = Estimate(float(self.monetary[quiet].sum()), kind="money")
        advice = Advice(TURN_TO if self.valued else TURN_TO_OFTEN)
        return Finding(
            "segments.at_risk", GONE_QUIET if self.valued else OFTEN_QUIET, values,
            estimates={"share": share}, advice=advice if share.low > WORTH_WINNING else None,
        )  # fmt: skip

    def grid(self) -> pd.DataFrame:
        """Count customers by recency score (columns) and value score (rows, best first)."""
        recency = rescale(self._scores("recency_score"), self.levels["days_since_last"])
        value = self._scores("value_score")
        count = np.bincount((value - 1) * SCALE + recency - 1, minlength=SCALE * SCALE)
        scale = range(1, SCALE + 1)
        out = pd.DataFrame(count.reshape(SCALE, SCALE), index=scale, columns=scale)
        return out.iloc[::-1].rename_axis(index="value_score", columns="recency_score")

    def picture(self) -> Picture:
        """Draw the map of customers."""
        return Picture(
            self.plot,
            "Where our customers stand",
            "Customers by score; share of all customers with a purchase",
            height=4.6,
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw the map: recency against value, tinted by the number of customers, named."""
        return draw_map(
            self.grid().to_numpy()[::-1],
            lookup(self.rules).T,
            self.rules["segment"].to_numpy(),
            self.rule,
            ax,
            speak(language),
            "Frequency and spend score" if self.valued else "Frequency score",
        )

    def _tells(self, inside: Mask) -> bool:
        """Whether what some hold gives one away, by itself or by subtracting whole segments."""
        shown = self.shown.cat.codes.to_numpy()
        k = int(shown.max()) + 1
        size, part = np.bincount(shown, minlength=k), np.bincount(shown[inside], minlength=k)
        whole = (part == size)[shown]
        touched = (part > 0)[shown]
        worth = self.monetary.to_numpy(dtype=float)
        groups = (inside, ~inside, inside & ~whole, touched & ~inside)
        return any(sensitive(worth[group], self.rule) for group in groups if group.any())

    def _scores(self, name: str) -> Index:
        return self.customers[name].to_numpy(dtype=np.intp)


def name_customers(
    scored: pd.DataFrame,
    *,
    levels: Mapping[str, int],
    rules: pd.DataFrame | None = None,
    weights: tuple[float, float] = (1.0, 1.0),
    min_cell: CellRule | int = 5,
) -> RFM:
    """Name scored customers.

    Parameters
    ----------
    scored : DataFrame
        What ``workbench.data.score_purchases(...).frame()`` gives: recency_score,
        frequency_score, spend_score (1 = weakest), and the measures days_since_last, orders,
        spend; other columns are kept. Without spend the value score is that of frequency.
    levels : mapping of measure to int
        Number of levels of each score.
    rules : DataFrame, optional
        See `default_rules`.
    weights : (float, float)
        Weight of the frequency and the spend score in the value score.
    min_cell : CellRule or int
        Fewest customers of which a segment is shown, or the card's rule.

    Raises
    ------
    DataError
        A column is missing, a score lies outside its levels, rules leave a combination without a
        name.
    """
    rules = default_rules() if rules is None else rules.reset_index(drop=True)
    named = lookup(rules)
    if len(weights) != 2 or not np.isfinite(weights).all() or min(weights) < 0 or not any(weights):
        raise DataError(f"weights are {weights}", remedy="give two numbers of zero or more")
    if len(scored) == 0:
        raise DataError("there is no customer", remedy="check the filter and the dates of the log")
    remedy = "score them by workbench.data.score_purchases"
    if not {"spend", "spend_score"} & set(scored):
        # of a log without amounts
        scored = scored.assign(spend_score=scored["frequency_score"])
        levels = {**levels, "spend": levels["orders"]}
        require_columns(scored, (*SCORES, *MEASURES[:2]), "scored customers have", remedy)
    else:
        require_columns(scored, (*SCORES, *MEASURES), "scored customers have", remedy)
    scores = [scored[name].to_numpy(dtype=np.intp) for name in SCORES]
    count = [int(levels[measure]) for measure in MEASURES]
    for name, score, top in zip(SCORES, scores, count, strict=True):
        if score.min() < 1 or score.max() > top:
            raise DataError(
                f"{name} lies outside 1 to {top}", remedy="give the levels it was cut to"
            )
    recency, frequency, money = (rescale(s, top) for s, top in zip(scores, count, strict=True))
    mean = (weights[0] * frequency + weights[1] * money) / sum(weights)
    # half is rounded up, and 2.4999999 from unequal weights is a half as well
    value = np.clip(np.floor(mean + 0.5 + 1e-9), 1, SCALE).astype(np.intp)
    segment_names = list(dict.fromkeys(rules["segment"]))
    of_rule = np.array([segment_names.index(name) for name in rules["segment"]])
    segment = of_rule[named[recency - 1, value - 1]]
    customers = scored.reset_index(drop=True).assign(
        value_score=value,
        score=_side_by_side(scores, count),
        segment=pd.Categorical.from_codes(segment, categories=pd.Index(segment_names)),
    )
    spend: dict[str, tuple[str, str]] = {"spend": ("Spend", "money:0")}
    customers = labelled(
        customers, days_since_last=("Days since last purchase", "number:0"),
        orders=("Orders", "number:0"), **(spend if "spend" in customers else {}),
    )  # fmt: skip
    return RFM(customers, rules, dict(zip(MEASURES, count, strict=True)), rule_of(min_cell))


def default_rules() -> pd.DataFrame:
    """Return the usual eleven segments on a scale of 1 to 5.

    Returns
    -------
    DataFrame
        segment, recency_low, recency_high (recency score), value_low, value_high (rounded mean
        of the frequency and spend scores), need (what such customers are commonly thought to
        want), action. Edit it and pass it on: the first rule that fits wins.
    """
    return pd.DataFrame(_DEFAULT, columns=list(RULE))


def lookup(rules: pd.DataFrame) -> Index:
    """Find the rule of each pair of scores.

    Returns
    -------
    ndarray, shape (5, 5)
        Row of the first rule that fits recency score i + 1 and value score j + 1.

    Raises
    ------
    DataError
        Naming the combinations that no rule covers, or the columns that are missing.
    """
    remedy = "start from workbench.segments.default_rules()"
    require_columns(rules, RULE[:5], "the rule table has", remedy)
    bounds = rules[list(RULE[1:5])].to_numpy()
    if not np.issubdtype(bounds.dtype, np.number) or np.isnan(bounds.astype(float)).any():
        raise DataError("a bound is no number", remedy=f"write scores from 1 to {SCALE}")
    out = np.full((SCALE, SCALE), -1, dtype=np.intp)
    for recency, value in product(range(1, SCALE + 1), repeat=2):
        fits = (
            (bounds[:, 0] <= recency)
            & (recency <= bounds[:, 1])
            & (bounds[:, 2] <= value)
            & (value <= bounds[:, 3])
        )
        if fits.any():
            out[recency - 1, value - 1] = int(np.argmax(fits))
    if (out < 0).any():
        gaps = ", ".join(f"recency {r + 1} with value {v + 1}" for r, v in np.argwhere(out < 0)[:5])
        raise DataError(
            f"no rule covers {gaps}", where="rule table", remedy="widen a rule or add one"
        )
    return out


def rescale(score: Index, levels: int) -> Index:
    """Bring scores of 1..levels onto the rules' scale of 1..5, by their place in the middle."""
    return np.ceil((np.asarray(score) - 0.5) / levels * SCALE).astype(np.intp)


def _side_by_side(scores: list[Index], count: list[int]) -> Any:
    code = np.zeros(scores[0].size, dtype=np.intp)
    for score, levels in zip(scores, count, strict=True):
        code = code * levels + score - 1
    between = "" if max(count) < 10 else "-"
    grid = np.indices(count).reshape(len(count), -1).T + 1
    names = pd.Index([between.join(str(score) for score in row) for row in grid])
    return pd.Categorical.from_codes(code, categories=names)
