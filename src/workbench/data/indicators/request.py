"""One call for an indicator: which one, of which study, by what, of which rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from workbench.data import expressions as ibis
from workbench.data.indicators.periods import period_start
from workbench.data.schemas import PEOPLE
from workbench.data.tables import Tables

if TYPE_CHECKING:
    from workbench.data.indicators.library import Indicator


def people_tables(tables: Tables) -> list[str]:
    """Name the study's tables of customers: people, then business customers."""
    return [name for name in PEOPLE if name in tables]


@dataclass(frozen=True)
class Request:
    """One call of `indicator`."""

    tables: Tables
    indicator: Indicator
    every: str | None
    by: tuple[str, ...]
    where: Mapping[str, Any]
    units: bool
    outside: bool = False

    @property
    def told(self) -> bool:
        """Whether values of groups are asked for, which may tell a customer's."""
        return not self.units and self.indicator.kind != "count"

    def run(self, expr: Any) -> pd.DataFrame:
        """Execute an expression."""
        frame: pd.DataFrame = self.tables.engine.run(expr, f"indicator {self.indicator.name}")
        return frame

    def rows(self) -> Any:
        """Give the indicator's table with the columns to group by, filtered."""
        return self.filtered(self.described(self.tables.expr(self.indicator.table)))

    def described(self, table: Any) -> Any:
        """Join the customer's attributes that are asked for and that the table lacks."""
        lacking = [c for c in (*self.by, *self.where) if c not in table.columns]
        if not lacking:
            return table
        for name in people_tables(self.tables):
            people = self.tables.expr(name)
            own = [c for c in dict.fromkeys(lacking) if c in people.columns]
            if not own:
                continue
            lacking = [c for c in lacking if c not in own]
            joined = table.left_join(people.select("customer_id", *own), "customer_id")
            table = joined.drop(*[c for c in joined.columns if c.endswith("_right")])
        return table

    def filtered(self, table: Any) -> Any:
        """Keep the rows that `where` asks for, or (`outside`) the others."""
        wanted = [
            table[column].isin(list(value) if isinstance(value, list | tuple | set) else [value])
            for column, value in self.where.items()
        ]
        if not wanted:
            return table
        inside = wanted[0]
        for one in wanted[1:]:
            inside &= one
        return table.filter(~ibis.coalesce(inside, False) if self.outside else inside)

    @property
    def keys(self) -> list[str]:
        """Columns that a row of the answer stands for."""
        return [*(["period"] if self.every else []), *self.by]

    def with_period(self, table: Any, when: str) -> Any:
        """Add the period that each row falls into."""
        if self.every is None:
            return table
        if self.every == "wave":
            return table.mutate(period=table.wave)
        return table.mutate(period=period_start(table[when], self.every))
