"""A card for each segment: its size and worth, how it behaves, what sets it apart, what to do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.arrays import Mask
from workbench.errors import DataError
from workbench.results import Column, Estimate, Result, columns_of, labelled
from workbench.segments.profiles.profile import distinguishing, pool_small, profile, readable
from workbench.stats.disclosure import quantiles, rule_of
from workbench.study import CellRule

#: Quartiles are shown of this many times the smallest cell: so many customers lie next to each.
QUARTILES = 4


@dataclass(frozen=True)
class Persona:
    """What a page shows of one segment.

    Attributes
    ----------
    name : str
    n : int
    customers, value : Estimate
        Shares of all customers and of all value.
    typical : DataFrame
        One row a behaviour: measure (in words), format, median, low, high (quartiles; missing in
        small segments), everyone (median of all customers). Each is the mean of the customers next
        to it, as many as the smallest cell: nobody's own.
    traits : DataFrame
        What sets the segment apart beyond chance, the largest first: attribute (in words), level
        (missing for numbers), inside, outside, low, high, p.
    need, action : str
        What such customers are commonly thought to want, and the suggested treatment.
    """

    name: str
    n: int
    customers: Estimate
    value: Estimate
    typical: pd.DataFrame
    traits: pd.DataFrame
    need: str
    action: str


@dataclass(frozen=True)
class Personas(Result):
    """Cards for all segments that may be shown.

    Attributes
    ----------
    cards : tuple of Persona
        The most valuable first.
    pooled : int
        Customers of segments too small to be shown, who share the card "Other segments".
    """

    cards: tuple[Persona, ...]
    pooled: int

    @property
    def table(self) -> pd.DataFrame:
        """One row a card: segment, n, customers, value (shares with intervals), need, action."""
        rows = [
            {
                "segment": card.name,
                "n": card.n,
                "customers": card.customers.value,
                "customers_low": card.customers.low,
                "customers_high": card.customers.high,
                "value": card.value.value,
                "value_low": card.value.low,
                "value_high": card.value.high,
                "need": card.need,
                "action": card.action,
            }
            for card in self.cards
        ]
        return labelled(
            pd.DataFrame(rows), segment="Segment", n="Customers",
            customers=("Share of customers", "percent"), value=("Share of value", "percent"),
            need="Likely need", action="Suggested action",
        )  # fmt: skip

    def estimates(self) -> dict[str, Estimate]:
        """Share of value of each segment."""
        return {card.name: card.value for card in self.cards}


def personas(
    segment: pd.Series,
    value: pd.Series,
    behaviour: pd.DataFrame,
    *,
    attributes: pd.DataFrame | None = None,
    advice: pd.DataFrame | None = None,
    min_cell: CellRule | int = 5,
    traits: int = 3,
) -> Personas:
    """Describe each segment.

    Parameters
    ----------
    segment : Series, shape (n,)
        Any segmentation.
    value : Series, shape (n,)
        What a customer is worth: spend, or expected value.
    behaviour : DataFrame, shape (n, k)
        Numbers whose medians are shown, under the labels that the table has for them
        (`workbench.results.labelled`), else under their names.
    attributes : DataFrame, shape (n, m), optional
        Who the customers are; what sets a segment apart is looked for here (`distinguishing`).
    advice : DataFrame, optional
        segment, need, action; such as the rules of an RFM.
    min_cell : CellRule or int
        Segments with fewer customers, or with one who holds nearly all, are put together.
    traits : int
        Most traits a card shows.

    Raises
    ------
    DataError
        Rows do not match; no customer; a behaviour that is no number.
    """
    for what, rows in (("values", value), ("behaviour", behaviour), ("attributes", attributes)):
        if rows is not None and len(rows) != len(segment):
            raise DataError(
                f"{len(segment)} segments for {len(rows)} rows of {what}",
                remedy="give one row a customer",
            )
    for name in behaviour.columns:
        if not pd.api.types.is_numeric_dtype(behaviour[name]):
            raise DataError(f"behaviour {name} is no number", remedy="give it under attributes")
    shown = pool_small(segment, min_cell, value=value)
    names = segment.astype(str).to_numpy()
    pooled = int((shown.astype(str).to_numpy() != names).sum())
    table = profile(shown, value, min_cell=min_cell).table
    table = table.sort_values("value", ascending=False, kind="stable")
    found = (
        pd.DataFrame(columns=["segment", "p"])
        if attributes is None
        else distinguishing(shown, attributes.reset_index(drop=True), min_cell=min_cell)
    )
    cards = []
    for row in table.to_dict("records"):
        name = str(row["segment"])
        inside = (shown == name).to_numpy()
        cards.append(
            Persona(
                name,
                int(row["n"]),
                Estimate.of_row(row, "customers", kind="percent"),
                Estimate.of_row(row, "value", kind="percent"),
                _typical(behaviour, inside, min_cell),
                _strongest(found[found["segment"] == name], traits),
                _told(advice, name, "need"),
                _told(advice, name, "action"),
            )
        )
    return Personas(tuple(cards), pooled)


def nearest_advice(segment: pd.Series, rules: pd.Series, advice: pd.DataFrame) -> pd.DataFrame:
    """Lend each group found in the data the advice of the rule segment most of it belongs to.

    Parameters
    ----------
    segment : Series, shape (n,)
        Groups, such as clusters.
    rules : Series, shape (n,)
        Segment by rule of the same customers.
    advice : DataFrame
        segment, need, action.

    Returns
    -------
    DataFrame
        segment, like (the rule segment), share (of the group that belongs to it), need, action.
    """
    counts = pd.crosstab(segment.astype(str).to_numpy(), rules.astype(str).to_numpy())
    like = counts.idxmax(axis=1)
    lent = advice.drop_duplicates("segment").set_index("segment")
    return pd.DataFrame(
        {
            "segment": counts.index,
            "like": like.to_numpy(),
            "share": (counts.max(axis=1) / counts.sum(axis=1)).to_numpy(),
            "need": lent["need"].reindex(like).fillna("").to_numpy() if "need" in lent else "",
            "action": lent["action"].reindex(like).fillna("").to_numpy()
            if "action" in lent
            else "",
        }
    )


def _typical(behaviour: pd.DataFrame, inside: Mask, min_cell: CellRule | int) -> pd.DataFrame:
    rows, known_as, rule = [], columns_of(behaviour), rule_of(min_cell)
    for name in behaviour.columns:
        about = known_as.get(str(name), Column(readable(str(name)), "number:0"))
        values = behaviour[name].to_numpy(dtype=float, na_value=np.nan)
        here = values[inside]
        here, known = here[np.isfinite(here)], values[np.isfinite(values)]
        low, middle, high = quantiles(here, [0.25, 0.5, 0.75], rule)
        (everyone,) = quantiles(known, [0.5], rule)
        if here.size < rule.min_cell or np.isnan([middle, everyone]).any():
            continue
        if here.size < QUARTILES * rule.min_cell:
            low = high = np.nan
        rows.append((about.label, about.format, middle, low, high, everyone))
    return pd.DataFrame(rows, columns=["measure", "format", "median", "low", "high", "everyone"])


def _strongest(found: pd.DataFrame, most: int) -> pd.DataFrame:
    columns = ["attribute", "level", "inside", "outside", "effect", "low", "high", "p"]
    if found.empty:
        return pd.DataFrame(columns=columns)
    real = found[found["p"] < 0.05]
    # of a level, say who has it more often; that another has it less often follows
    real = real[real["level"].isna() | (real["effect"] > 0)]
    turn = real["effect"].abs().sort_values(ascending=False, kind="stable").index
    real = real.loc[turn].drop_duplicates("attribute").head(most)
    return real.assign(attribute=real["attribute"].map(readable))[columns].reset_index(drop=True)


def _told(advice: pd.DataFrame | None, name: str, column: str) -> str:
    if advice is None or column not in advice:
        return ""
    found = advice.loc[advice["segment"].astype(str) == name, column]
    return "" if found.empty or pd.isna(found.iloc[0]) else str(found.iloc[0])
