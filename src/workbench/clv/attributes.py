"""What groups of customers will bring, by an attribute of theirs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from workbench.clv.forecast import Forecast
from workbench.errors import DataError
from workbench.results import Estimate, Finding, Result, labelled

#: Attributes that are looked for where none is named, in this order.
USUAL = ("channel", "acquisition_channel", "source", "region", "country", "city", "segment", "tier")
#: Groups that are shown; the others are one.
MOST = 11
OTHERS, NOT_KNOWN = "Others", "Not known"

BY_GROUP = (
    "By {attribute}: of the {total} that all bring, the largest part comes from {group}, {part}. "
    "The forecasts of the groups add up to that of all; their ranges do not."
)


@dataclass(frozen=True)
class ValueByGroup(Result):
    """Forecasts of groups.

    Attributes
    ----------
    table : DataFrame
        As from `Forecast.by`: group, n, share, mean, forecast and their limits.
    attribute : str
    forecast : Forecast
        Of all customers.
    labels : Categorical, optional
        Group of each customer, in the order of the forecast.
    """

    table: pd.DataFrame
    attribute: str
    forecast: Forecast
    labels: pd.Categorical | None = None

    def estimates(self) -> dict[str, Estimate]:
        """Return the forecast of all."""
        return {"total": self.forecast.total}

    def findings(self) -> list[Finding]:
        """Say which group brings most; nothing where what it brings is withheld."""
        told = self.table.dropna(subset=["forecast"])
        if told.empty:
            return []
        top = told.iloc[int(told["forecast"].to_numpy().argmax())]
        point, low, high = (float(top[c]) for c in ("forecast", "forecast_low", "forecast_high"))
        total = self.forecast.total
        part = Estimate(
            point, low, high, n=float(top["n"]), level=total.level, of="forecast", kind="money",
            unit=total.unit,
        )  # fmt: skip
        name = str(top["group"])
        values = {
            "attribute": self.attribute,
            "group": name,
            "total": total,
            "part": part,
        }
        return [Finding("value.by", BY_GROUP, values, money=part)]


def value_by(
    forecast: Forecast, people: pd.DataFrame | None, *, by: str = "", ids: list[Any]
) -> ValueByGroup:
    """Forecast groups of customers by an attribute.

    Parameters
    ----------
    forecast : Forecast
    people : DataFrame or None
        customer_id and attributes, one row a customer; None where nothing is known of them.
    by : str
        Which attribute. Empty: the first of the usual ones that is there (channel, region ...).
    ids : sequence
        Customers of the forecast, in its order.

    Raises
    ------
    DataError
        There is no such attribute, it is a measurement, or all customers are of one group.
    """
    names = [] if people is None else [str(c) for c in people if c != "customer_id"]
    by = by or next((name for name in USUAL if name in names), "")
    if people is None or by not in names:
        raise DataError(
            f"customers have no attribute {by!r}" if by else "no attribute is named",
            remedy=f"there are {', '.join(names) or 'none'}",
        )
    known = people.drop_duplicates("customer_id").set_index("customer_id")[by].reindex(ids)
    if pd.api.types.is_float_dtype(known.dropna()) or pd.api.types.is_datetime64_any_dtype(known):
        raise DataError(
            f"attribute {by!r} is a measurement", remedy="name one with few different values"
        )
    labels = known.astype("string")
    sizes = labels.value_counts()
    kept = list(sizes.index[:MOST]) if sizes.size > MOST + 1 else list(sizes.index)
    labels = labels.where(labels.isin(kept) | labels.isna(), OTHERS).fillna(NOT_KNOWN)
    order = [str(k) for k in kept] + [n for n in (OTHERS, NOT_KNOWN) if (labels == n).any()]
    order = list(dict.fromkeys(order))
    if len(order) < 2:
        raise DataError(
            f"all customers have the same {by!r}", remedy="name an attribute that differs"
        )
    groups = pd.Categorical(labels.to_numpy(dtype=object), categories=order)
    table = forecast.by(groups)
    shown = labelled(
        table,
        group="Group",
        n="Customers",
        share=("Share of value", "percent:1"),
        mean=("Expected of a customer", "money"),
        forecast=("Forecast for all of them", "money"),
    )
    return ValueByGroup(shown, by, forecast, groups)
