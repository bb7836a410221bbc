"""The part of a study card that says how customers are sorted: rules, cuts, tiers and costs."""

from __future__ import annotations

from itertools import pairwise, product
from typing import TYPE_CHECKING, Annotated, Literal, Self, TypeAlias

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from workbench.study.fields import Card, LocalText, english

if TYPE_CHECKING:
    import pandas as pd

Score: TypeAlias = Annotated[int, Field(ge=1, le=5)]
Cost: TypeAlias = Annotated[float, Field(ge=0, le=1e12)]
Measure: TypeAlias = Literal["days_since_last", "orders", "spend"]


class SegmentRule(Card):
    """One named segment: which scores it takes, on a scale of 1 to 5, and what is done for it.

    `recency` is the recency score, `value` the rounded mean of the frequency and spend scores,
    each from the lowest to the highest that fits. The first rule that fits wins.
    """

    segment: LocalText
    recency: tuple[Score, Score] = (1, 5)
    value: tuple[Score, Score] = (1, 5)
    need: LocalText | None = None
    action: LocalText | None = None

    @field_validator("recency", "value")
    @classmethod
    def _rising(cls, value: tuple[int, int]) -> tuple[int, int]:
        if value[0] > value[1]:
            raise PydanticCustomError(
                "order", "{low} to {high} holds no score; write the lower end first",
                {"low": value[0], "high": value[1]},
            )  # fmt: skip
        return value


class Tier(Card):
    """One tier of the customer pyramid: where it ends, and what a customer in it costs a year."""

    tier: LocalText
    to: float = Field(gt=0, le=1)
    cost: float | None = Field(default=None, ge=0)


class Segments(Card):
    """How customers are sorted.

    `rules` name the segments (the usual eleven when left out); `cuts` are upper ends of score
    levels in place of quantiles; `weights` those of the frequency and the spend score; `tiers` the
    pyramid, from the top, `to` the share of customers at which each ends, `cost` what a customer
    costs a year; `margin` the share of a sale that is kept; `protected` the attributes that must
    not decide how a person is treated; `by` the attributes, and the pairs of two, by which readers
    may filter customers, orders and spend; `acquisition_cost` what winning a customer costs, one
    number, or one for each value of `acquired_by`: an attribute of customers, or `channel` or
    `category` of the first purchase.
    """

    rules: tuple[SegmentRule, ...] = ()
    cuts: dict[Measure, tuple[float, ...]] = Field(default_factory=dict)
    weights: tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)]] = (1.0, 1.0)
    tiers: tuple[Tier, ...] = ()
    margin: float = Field(default=1.0, gt=0, le=1)
    protected: tuple[str, ...] = ("age", "birth_year", "gender")
    by: tuple[str | tuple[str, str], ...] = ("segment", "region")
    acquired_by: str = ""
    acquisition_cost: Cost | dict[str, Cost] = 0.0

    @field_validator("weights")
    @classmethod
    def _something(cls, value: tuple[float, float]) -> tuple[float, float]:
        if not any(value):
            raise PydanticCustomError("weights", "both weights are zero", {})
        return value

    @field_validator("cuts")
    @classmethod
    def _increasing(
        cls, value: dict[Measure, tuple[float, ...]]
    ) -> dict[Measure, tuple[float, ...]]:
        for measure, ends in value.items():
            if any(b <= a for a, b in pairwise(ends)):
                raise PydanticCustomError(
                    "order", "the cuts of {measure} do not increase", {"measure": measure}
                )
        return value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if isinstance(self.acquisition_cost, dict) and not self.acquired_by:
            raise PydanticCustomError(
                "acquired_by", "acquisition_cost is given by group; say what the groups are of"
                " (acquired_by: channel)", {},
            )  # fmt: skip
        gaps = [
            (r, v)
            for r, v in product(range(1, 6), repeat=2)
            if self.rules
            and not any(
                rule.recency[0] <= r <= rule.recency[1] and rule.value[0] <= v <= rule.value[1]
                for rule in self.rules
            )
        ]
        if gaps:
            raise PydanticCustomError(
                "gap", "no rule covers recency {r} with value {v}; widen a rule or add one",
                {"r": gaps[0][0], "v": gaps[0][1]},
            )  # fmt: skip
        ends = [tier.to for tier in self.tiers]
        if ends and (ends[-1] != 1 or any(b <= a for a, b in pairwise(ends))):
            raise PydanticCustomError(
                "order", "the tiers end at {ends}; let them rise to 1", {"ends": str(ends)}
            )
        costs = [tier.cost for tier in self.tiers]
        if any(c is None for c in costs) and any(c is not None for c in costs):
            raise PydanticCustomError("costs", "some tiers have no cost; give all of them one", {})
        return self

    def cost_of_winning(self, by: str = "") -> float | dict[str, float]:
        """Give what winning a customer costs: of anybody, or by group where `by` is that of costs.

        Zero where the card does not say.
        """
        costs = self.acquisition_cost
        if by:
            return costs if by == self.acquired_by else 0.0
        return 0.0 if isinstance(costs, dict) else costs

    def rule_table(self) -> pd.DataFrame | None:
        """Give the rules as `workbench.segments` takes them; None for the usual ones."""
        import pandas as pd

        if not self.rules:
            return None
        return pd.DataFrame(
            [
                {
                    "segment": english(rule.segment),
                    "recency_low": rule.recency[0],
                    "recency_high": rule.recency[1],
                    "value_low": rule.value[0],
                    "value_high": rule.value[1],
                    "need": english(rule.need),
                    "action": english(rule.action),
                }
                for rule in self.rules
            ]
        )

    def pyramid(self) -> dict[str, float] | None:
        """Give tier and end, from the top; None for the usual pyramid."""
        return {english(tier.tier): tier.to for tier in self.tiers} or None

    def costs(self) -> dict[str, float] | None:
        """Give what a customer of each tier costs a year; None when the card does not say."""
        return {english(t.tier): t.cost for t in self.tiers if t.cost is not None} or None
