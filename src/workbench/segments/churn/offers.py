"""Whom to call first: what a retention offer can be expected to bring, customer by customer.

The gain of an offer is what Neslin et al. (2006) write: of those called, some would have left and a
part of these is kept; others would have stayed anyway, and some of them take the gift.

References
----------
Neslin, Gupta, Kamakura, Lu, Mason (2006), Defection Detection, Journal of Marketing Research
43(2), 204-211.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from workbench.arrays import Array
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled
from workbench.segments.churn.model import ChurnModel
from workbench.segments.churn.snapshots import Who
from workbench.stats.intervals import mean_interval, ratio_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: With fewer customers worth a call in the test, all who were tested correct the probabilities.
LEAST_CALLED = 50

FIRST: dict[Who, str] = {
    "buyers": "Calling {n} customers first would bring about {benefit}",
    "subscribers": "Calling {n} subscribers first would bring about {benefit}",
}
MAY: dict[Who, str] = {
    "buyers": "Calls to {n} buyers may pay",
    "subscribers": "Calls to {n} subscribers may pay",
}
NO_CALL: dict[Who, str] = {
    "buyers": "No call to a buyer would pay",
    "subscribers": "No call to a subscriber would pay",
}
TERMS: dict[Who, str] = {
    "buyers": "If a call costs {cost} and keeps {keeps} of those about to leave, calling "
    "the {n} of {of} active buyers for whom it pays can be expected to bring "
    "{benefit}. It breaks even if a call keeps at least {least}. That a call "
    "keeps anybody is an assumption: test it on some of them, chosen at random.",
    "subscribers": "The calls pay for {n} of {of} subscribers and can be expected to bring "
    "{benefit}, as long as a call keeps at least {least} of those about to leave.",
}
NOT_PAYING: dict[Who, str] = {
    "buyers": "If a call costs {cost} and keeps {keeps} of those about to leave, no call to one "
    "of the {of} active buyers pays.",
    "subscribers": "On these assumptions no call to one of the {of} subscribers pays: too few "
    "leave for what one of them is worth.",
}
LABEL: dict[Who, str] = {
    "buyers": "Expected benefit of calling buyers",
    "subscribers": "Expected benefit of calling subscribers",
}
MEASURED: dict[Who, str] = {
    "buyers": "A call costs {cost}. Of those about to leave it keeps {keeps}, as the randomised"
    " measure {case} has shown. Calling the {n} of {of} active buyers for whom it pays"
    " can be expected to bring {benefit}.",
    "subscribers": "A call costs {cost}. Of those about to leave it keeps {keeps}, as the"
    " randomised measure {case} has shown. Calling the {n} of {of} subscribers for"
    " whom it pays can be expected to bring {benefit}.",
}
MEASURED_NOT_PAYING: dict[Who, str] = {
    "buyers": "A call costs {cost}. Of those about to leave it keeps {keeps}, as the randomised"
    " measure {case} has shown: no call to one of the {of} active buyers pays.",
    "subscribers": "A call costs {cost}. Of those about to leave it keeps {keeps}, as the"
    " randomised measure {case} has shown: no call to one of the {of} subscribers"
    " pays.",
}
MEASURED_BY = "The share kept differs by {by}; each is called by the share of those alike."
BEST_SHARE = "Calls to the best {share} would have brought the most, {benefit}"
NEVER = "Calls would have cost more than they brought, however many"


@dataclass(frozen=True)
class Offer:
    """A retention offer: what it costs, and what it is assumed to do.

    Attributes
    ----------
    cost : float
        Of reaching one customer.
    keeps : float
        Share of those who would leave that the offer keeps. An assumption until it is tested.
    gift : float
        What each who accepts gets: of those who are kept, all accept.
    taken_anyway : float
        Share of those who would have stayed that accept as well.
    """

    cost: float
    keeps: float
    gift: float = 0.0
    taken_anyway: float = 0.0

    def __post_init__(self) -> None:
        for name in ("cost", "gift"):
            if not getattr(self, name) >= 0:
                raise DataError(f"{name} is {getattr(self, name)}", where="offer",
                                remedy="give an amount of zero or more")  # fmt: skip
        for name in ("keeps", "taken_anyway"):
            if not 0 <= getattr(self, name) <= 1:
                raise DataError(f"{name} is {getattr(self, name)}", where="offer",
                                remedy="give a share between 0 and 1")  # fmt: skip

    def gain(self, leaves: Array, value: Array, keeps: Array | None = None) -> Array:
        """Give the gain of calling each customer.

        Parameters
        ----------
        leaves : ndarray, shape (n,)
            Probability of leaving, or 0 and 1 where it is known.
        value : ndarray, shape (n,)
            What a customer who is kept brings.
        keeps : ndarray, optional
            Share kept of those like each customer, where that was measured.
        """
        kept = leaves * (self.keeps if keeps is None else keeps) * (value - self.gift)
        return kept - (1 - leaves) * self.taken_anyway * self.gift - self.cost


@dataclass(frozen=True)
class MeasuredOffer:
    """What share of those about to leave an offer keeps, as a lot among customers measured it.

    Attributes
    ----------
    case : str or dict
        What the lot is called.
    column : str
        By whose values the share differs; empty where it is not shown to.
    shares : DataFrame
        `segment` (index; empty for all): `estimate`, `low`, `high`.
    segment : Series
        Customer -> value of the column.
    """

    case: Any
    column: str
    shares: pd.DataFrame
    segment: pd.Series

    @property
    def overall(self) -> Estimate:
        """Share kept of all."""
        value, low, high = map(float, self.shares.loc[""])
        return Estimate(value, low, high, kind="percent")

    def of(self, customers: pd.Index) -> tuple[Array, Array, Array]:
        """Give the share kept of those like each customer, with its limits."""
        own = self.segment.reindex(customers).astype(object)
        known = own.where(own.isin(self.shares.index), "").fillna("")
        rows = self.shares.loc[known].to_numpy(dtype=float)
        return rows[:, 0], rows[:, 1], rows[:, 2]


def measured_offer(
    kept: pd.DataFrame | None,
    who: Who,
    people: pd.DataFrame | None = None,
    titles: Mapping[str, Any] | None = None,
) -> MeasuredOffer | None:
    """Take what a lot has measured of an offer; None where there was none.

    Parameters
    ----------
    kept : DataFrame, optional
        `case`, `who`, `column`, `segment`, `estimate`, `low`, `high`, as pages on measures keep it.
        Of several cases the one whose share is known best counts.
    who : {"buyers", "subscribers"}
    people : DataFrame, optional
        The customers' table, with the column by which the share differs.
    titles : mapping, optional
        Case -> what it is called.
    """
    if kept is None:
        return None
    own = kept[(kept["who"] == who) & kept["estimate"].notna()]
    whole = own[own["segment"] == ""]
    if whole.empty:
        return None
    width = (whole["high"] - whole["low"]).to_numpy(dtype=float)
    case = str(whole["case"].iloc[int(width.argmin())])
    own = own[own["case"] == case]
    column = str(own["column"].max())
    segment = pd.Series(dtype=object)
    if column and people is not None and column in people:
        segment = people.drop_duplicates("customer_id").set_index("customer_id")[column].map(str)
    else:
        column, own = "", own[own["segment"] == ""]
    shares = own.set_index("segment")[["estimate", "low", "high"]]
    return MeasuredOffer((titles or {}).get(case, {"en": case}), column, shares, segment)


@dataclass(frozen=True)
class OfferPlan(Result):
    """Whom to call, what it can be expected to bring, and what it would have brought last time.

    Attributes
    ----------
    calls : DataFrame
        One row a customer worth calling, the best first: customer_id (index), rank, probability,
        value, benefit. For saving, never for a page.
    count : int
        Customers worth calling.
    of : int
        Customers at risk.
    benefit : Estimate
        Expected benefit of calling them all; the limits are those of `factor`.
    factor : Estimate
        By how many times more customers left in the test than was expected, weighted by value,
        of those who would have been called. All probabilities are corrected by it.
    everybody : float
        Expected benefit of calling everybody.
    tested : DataFrame
        One row a share of the tested customers, the best first: share, n, expected, estimate
        (benefit with what really happened), low, high.
    break_even : float
        Share of would-be leavers the offer must keep for the calls to pay.
    without_value : int
        Customers whose value is not known; taken as zero.
    offer : Offer
    who : {"buyers", "subscribers"}
    measured : MeasuredOffer or None
        What a lot measured of the offer; None where its share is assumed.
    """

    calls: pd.DataFrame
    count: int
    of: int
    benefit: Estimate
    factor: Estimate
    everybody: float
    tested: pd.DataFrame
    break_even: float
    without_value: int
    offer: Offer
    who: Who
    measured: MeasuredOffer | None = None

    @property
    def table(self) -> pd.DataFrame:
        """What the calls would have brought in the test, by how many customers."""
        return self.tested

    @property
    def pays(self) -> bool | None:
        """Whether the calls pay, as far as the test can tell: True, False, or None if unsure."""
        if not self.count:
            return False
        return True if self.benefit.low > 0 else None

    def estimates(self) -> dict[str, Estimate]:
        """Benefit of the calls."""
        return {"benefit": self.benefit}

    def findings(self) -> list[Finding]:
        """Whether the calls pay, and on what terms."""
        values = {
            "n": self.count,
            "of": self.of,
            "benefit": self.benefit,
            "least": Estimate(self.break_even, kind="percent"),
            "cost": Estimate(self.offer.cost, kind="money"),
            "keeps": Estimate(self.offer.keeps, kind="percent"),
        }
        key = f"churn.{self.who}.calls"
        forms = FIRST if self.pays else MAY if self.count else NO_CALL
        benefit = self.benefit.point  # as the sentence below writes it, without its interval
        money = self.benefit if self.count else None
        verdict = "pays" if self.pays else "open" if self.count else "does not pay"
        terms = TERMS if self.count else NOT_PAYING
        if self.measured is not None:
            terms = MEASURED if self.count else MEASURED_NOT_PAYING
            values |= {"case": self.measured.case, "keeps": self.measured.overall}
        return [
            Finding(key, forms[self.who], values | {"benefit": benefit}, verdict, money=money),
            Finding(f"{key}.terms", terms[self.who], values),
            *self._by(key),
        ]

    def _by(self, key: str) -> list[Finding]:
        if self.measured is None or not self.measured.column:
            return []
        column = {"en": self.measured.column.replace("_", " ")}
        return [Finding(f"{key}.by", MEASURED_BY, {"by": column})]

    def picture(self) -> Picture:
        """How many calls would have brought the most in the test."""
        return Picture(
            self.plot,
            self._title(),
            "Benefit of calls in the tested period, in the currency of the study",
            self.table,
        )

    def _title(self) -> Finding:
        best = self.tested.iloc[int(self.tested["estimate"].argmax())]
        if not best["estimate"] > 0:
            return Finding(f"churn.{self.who}.best_share", NEVER)
        values = {
            "share": Estimate(float(best["share"]), kind="percent", digits=0),
            "benefit": Estimate(float(best["estimate"]), kind="money", unit=self.benefit.unit),
        }
        return Finding(f"churn.{self.who}.best_share", BEST_SHARE, values)

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Benefit in the test, by the share of customers called: expected, and as it came."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.tested
        (line,) = ax.plot(t["share"], t["estimate"], marker="o", label=say("Actual"))
        ax.fill_between(t["share"], t["low"], t["high"], alpha=0.2, color=line.get_color())
        ax.plot(t["share"], t["expected"], linestyle="--", label=say("Expected"))
        ax.axhline(0, color="0.6", linewidth=1)
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.set_xlabel(say("Share of customers called, the best first"))
        ax.set_ylabel(say("Benefit"))
        ax.legend(frameon=False)
        return ax


def plan_calls(
    model: ChurnModel,
    offer: Offer,
    *,
    multiple: float = 1.0,
    currency: str = "",
    measured: MeasuredOffer | None = None,
) -> OfferPlan:
    """Find who of those at risk today is worth calling.

    Parameters
    ----------
    model : ChurnModel
        Learnt from a timeline, which has those at risk today.
    offer, multiple, currency, measured
        As of `offer_plan`.

    Raises
    ------
    DataError
        As `offer_plan`; or the model was not learnt from a timeline, or from a log without
        amounts.
    """
    today = model.now
    if today is None:
        raise DataError("nobody is at risk today", remedy="learn from a timeline")
    if today.value.isna().all():
        raise DataError("the log has no amounts", remedy="nothing says whom it pays to call")
    return offer_plan(
        model, model.score(today), today.value, offer, multiple=multiple, currency=currency,
        measured=measured,
    )  # fmt: skip


def offer_plan(
    model: ChurnModel,
    probability: pd.Series,
    value: pd.Series,
    offer: Offer,
    *,
    multiple: float = 1.0,
    currency: str = "",
    measured: MeasuredOffer | None = None,
) -> OfferPlan:
    """Find who is worth calling.

    Parameters
    ----------
    model : ChurnModel
        Its test tells what such a plan would have brought.
    probability : Series
        Of leaving, by customer, as of today (`ChurnModel.score`).
    value : Series
        What a customer brings in a year (`Snapshot.value`).
    offer : Offer
    multiple : float
        What a kept customer brings, in yearly values: years kept times margin.
    currency : str
        ISO 4217 code of the amounts.
    measured : MeasuredOffer, optional
        What a lot measured of the offer; its share counts in place of the assumed one, and its
        limits widen those of the benefit.

    Raises
    ------
    DataError
        No customer, a probability outside 0 to 1, a worth that is not positive.
    """
    if len(probability) == 0:
        raise DataError("there is no customer to call", remedy="look at who is at risk")
    p = probability.to_numpy(dtype=float)
    if not ((p >= 0) & (p <= 1)).all():
        raise DataError("a probability is missing or outside 0 to 1", remedy="give one a customer")
    if not multiple > 0:
        raise DataError(f"multiple is {multiple}", remedy="give a positive number of yearly values")
    given = value.reindex(probability.index)
    kept_worth = given.fillna(0.0).to_numpy(dtype=float) * multiple
    before = model.tested.assign(value=model.tested["value"].fillna(0.0) * multiple)
    if measured is not None:
        offer = _as_measured(offer, measured)
    factor = _factor(before, offer)
    corrected = np.clip(p * factor.value, 0, 1)
    shares = None if measured is None else measured.of(probability.index)
    keeps = None if shares is None else shares[0]
    gain = offer.gain(corrected, kept_worth, keeps)
    calls = pd.DataFrame(
        {"probability": corrected, "value": kept_worth, "benefit": gain}, index=probability.index
    )
    low, high = (
        float(offer.gain(np.clip(p * f, 0, 1), kept_worth, keeps)[gain > 0].sum())
        for f in (factor.low, factor.high)
    )
    if shares is not None:
        benefit = float(gain[gain > 0].sum())
        ends = [float(offer.gain(corrected, kept_worth, k)[gain > 0].sum()) for k in shares[1:]]
        # what left in the test and what the lot measured err apart
        low = benefit - float(np.hypot(benefit - low, benefit - min(ends)))
        high = benefit + float(np.hypot(high - benefit, max(ends) - benefit))
    everybody = float(gain.sum())
    calls = calls[gain > 0].sort_values("benefit", ascending=False, kind="stable")
    calls.insert(0, "rank", np.arange(1, len(calls) + 1))
    return OfferPlan(
        calls=calls,
        count=len(calls),
        of=len(p),
        benefit=Estimate(
            float(calls["benefit"].sum()),
            low,
            high,
            float(len(calls)),
            kind="money",
            unit=currency,
            label=LABEL[model.who],
            better="up",
            fact=f"calls.{model.who}.benefit",
        ),
        factor=factor,
        everybody=everybody,
        tested=_by_share(before, offer),
        break_even=_break_even(calls, offer),
        without_value=int(given.isna().sum()),
        offer=offer,
        who=model.who,
        measured=measured,
    )


def _as_measured(offer: Offer, measured: MeasuredOffer) -> Offer:
    return replace(offer, keeps=min(max(measured.overall.value, 0.0), 1.0))


def _factor(before: pd.DataFrame, offer: Offer) -> Estimate:
    """How many more or fewer left in the test than was expected, by value, of those worth a call.

    Where hardly anybody was, of all.
    """
    p, value = before["probability"].to_numpy(), before["value"].to_numpy()
    left = before["left"].to_numpy(dtype=float)
    called = offer.gain(p, value) > 0
    if called.sum() < LEAST_CALLED:
        called = np.ones(p.size, dtype=bool)
    if not (p[called] * value[called]).sum() > 0:
        value = np.ones(p.size)
    found = ratio_interval(left[called] * value[called], p[called] * value[called])
    return Estimate(max(found.value, 0.0), max(found.low, 0.0), found.high, found.n)


def _by_share(before: pd.DataFrame, offer: Offer) -> pd.DataFrame:
    p, value = before["probability"].to_numpy(), before["value"].to_numpy()
    expected = offer.gain(p, value)
    came = offer.gain(before["left"].to_numpy(dtype=float), value)
    order = np.argsort(-expected, kind="stable")
    rows = [{"share": 0.0, "n": 0, "expected": 0.0, "estimate": 0.0, "low": 0.0, "high": 0.0}]
    for share in (0.02, 0.05, *np.arange(0.1, 1.01, 0.1)):
        n = max(round(float(share) * p.size), 2)
        found = mean_interval(came[order[:n]]).scaled(n)
        rows.append({"share": float(share), "n": n, "expected": float(expected[order[:n]].sum()),
                     "estimate": found.value, "low": found.low, "high": found.high})  # fmt: skip
    return labelled(
        pd.DataFrame(rows), share=("Share called", "percent"), n="Customers",
        expected=("Expected", "money"), estimate=("Actual", "money"),
    )  # fmt: skip


def _break_even(calls: pd.DataFrame, offer: Offer) -> float:
    """Share of would-be leavers to keep at which the calls just pay."""
    p, value = calls["probability"].to_numpy(), calls["value"].to_numpy()
    saved = float((p * (value - offer.gift)).sum())
    spent = float(((1 - p) * offer.taken_anyway * offer.gift + offer.cost).sum())
    return spent / saved if saved > 0 else float("nan")
