"""The part of a study card that says what may be offered, to whom, and what is kept of it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from workbench.study.fields import Card

Share = Annotated[float, Field(ge=0, le=1)]


class Offers(Card):
    """Rules for the list of next offers.

    `margin` is the share of an amount that is kept, `margins` that of single items; items that keep
    less than `least_margin` are not offered, nor those of `leave_out`. `stock` says of an item to
    how many customers it may be offered. `contact` names columns of the customers' table and the
    values of those who may be contacted: nobody else is on the list, nor who was reached by a
    measure (`treatments`) in the last `rest_days`. `control` is the share of customers, drawn by
    lot, who are offered nothing, so that a case can measure what offers add. `case` is a measure
    drawn by lot that made such offers: what it was measured to bring is used. `potential` names a
    column of the customers' or the survey's table with what a customer spends on such things in a
    year, wherever.
    """

    margin: Share = 1.0
    margins: dict[str, Share] = Field(default_factory=dict)
    least_margin: Share = 0.0
    leave_out: tuple[str, ...] = ()
    stock: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    contact: dict[str, tuple[Any, ...]] = Field(default_factory=dict)
    rest_days: int = Field(default=0, ge=0, le=3650)
    control: Annotated[float, Field(ge=0, lt=1)] = 0.0
    case: str | None = None
    potential: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _lists(cls, value: Any) -> Any:
        """Take one value of a column as a list of one."""
        if isinstance(value, dict) and isinstance(value.get("contact"), dict):
            contact = {
                column: tuple(each) if isinstance(each, list | tuple) else (each,)
                for column, each in value["contact"].items()
            }
            value = {**value, "contact": contact}
        return value

    @model_validator(mode="after")
    def _something_left(self) -> Offers:
        if self.margins and self.least_margin > max(self.margin, *self.margins.values()):
            raise PydanticCustomError(
                "margin", "no item keeps as much as least_margin: {least}",
                {"least": f"{self.least_margin:g}"},
            )  # fmt: skip
        return self

    def margin_of(self, item: str) -> float:
        """Give the share of an amount that is kept of an item."""
        return self.margins.get(item, self.margin)

    def may_be_offered(self, item: str) -> bool:
        """Whether an item keeps enough, and is not left out nor out of stock."""
        return (
            item not in self.leave_out and self.margin_of(item) >= self.least_margin
            and self.stock.get(item, 1) > 0
        )  # fmt: skip
