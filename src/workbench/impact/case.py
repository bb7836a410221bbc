"""The card of a case: what was done to whom and when, in plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from workbench.impact.panel import CaseError, period_start

Chosen = Literal["everybody", "rule", "worst", "volunteers", "random"]
PERIODS_A_YEAR = {"week": 52, "month": 12, "quarter": 4, "year": 1, "wave": 2}


@dataclass(frozen=True)
class CaseCard:
    """What must be known of a measure before its effect can be judged.

    Attributes
    ----------
    name : str
    start : Timestamp
        First day.
    chosen : {"everybody", "rule", "worst", "volunteers", "random"}
        How those who got the measure were chosen.
    group : str or None
        Column that names the treated unit (city, region); None where single customers were
        treated, or everybody.
    treated_groups : tuple
        Treated values of `group`.
    selected_on : str or None
        Indicator by which they were chosen; None when unknown.
    period : str
        week, month, quarter, year or wave.
    end : Timestamp or None
        Last day, where the measure has ended; what came later is not its time.
    design : str or None
        The design that shall answer, in place of the one that `select_design` picks.
    scale, trend, errors
        Of the series, where everybody was reached: as `interrupted_series`.
    in_part : mapping
        First day of a period before the start -> share of the measure that was in force in it.
    """

    name: str
    start: pd.Timestamp
    chosen: Chosen
    group: str | None = None
    treated_groups: tuple[Any, ...] = ()
    selected_on: str | None = None
    period: str = "month"
    design: str | None = None
    end: pd.Timestamp | None = None
    scale: Literal["level", "log"] = "level"
    trend: bool = True
    errors: Literal["both", "ar1", "local_level"] = "both"
    in_part: Mapping[pd.Timestamp, float] = field(default_factory=dict)

    @classmethod
    def from_card(cls, card: Any) -> CaseCard:
        """Take the plain values of a study's case (anything with these attributes).

        Raises
        ------
        CaseError
            More than one column names the treated.
        """
        treated: Mapping[str, Any] = getattr(card, "treated", None) or {}
        if len(treated) > 1:
            raise CaseError(
                f"the treated are named by {len(treated)} columns: {', '.join(treated)}",
                where=f"cases.{card.name}.treated",
                remedy="name them by one column (city, region)",
            )
        group = next(iter(treated), None)
        unit = getattr(card, "unit", "customer")
        if group is None and unit not in ("customer", "everybody"):
            group = unit
        return cls(
            name=card.name,
            start=pd.Timestamp(card.start),
            chosen=card.chosen,
            group=group,
            treated_groups=tuple(treated.get(group, ())) if group else (),
            selected_on=getattr(card, "selected_on", None),
            period=card.period,
            design=getattr(card, "design", None),
            **{
                part: getattr(fit, part)
                for part in ("scale", "trend", "errors")
                if (fit := getattr(card, "fit", None)) is not None
            },
            in_part={
                pd.Timestamp(day): float(share)
                for day, share in getattr(getattr(card, "fit", None), "in_part", {}).items()
            },
            end=None if (last := getattr(card, "end", None)) is None else pd.Timestamp(last),
        )

    @property
    def columns(self) -> list[str]:
        """Columns of customers that the outcome must carry."""
        return [self.group] if self.group else []

    @property
    def year(self) -> int:
        """Periods in a year."""
        return PERIODS_A_YEAR[self.period]

    def in_time(self, records: pd.DataFrame) -> pd.DataFrame:
        """Leave out periods that began after the measure had ended."""
        if self.end is None:
            return records
        late = {p for p in records["period"].unique() if period_start(p) > self.end}
        return records[~records["period"].isin(late)]

    def treated(self, records: pd.DataFrame, treatments: pd.DataFrame | None) -> pd.Series:
        """First day of the measure by treated unit.

        Parameters
        ----------
        records : DataFrame
            With `customer_id` and, for groups, the group's column.
        treatments : DataFrame, optional
            `case`, `customer_id`, `start`.

        Raises
        ------
        CaseError
            Nothing says who was treated.
        """
        if self.treated_groups:
            return pd.Series(self.start, index=pd.Index(self.treated_groups))
        rows = pd.DataFrame() if treatments is None else treatments
        if not rows.empty:
            rows = rows[rows["case"] == self.name]
        if rows.empty:
            raise CaseError(
                "nothing says who was treated",
                where=f"case {self.name}",
                remedy="give `treated: {city: [...]}` in the card, or rows in table treatments",
            )
        starts = pd.Series(
            pd.to_datetime(rows["start"]).to_numpy(), index=rows["customer_id"].to_numpy()
        )
        if self.group is None:
            return starts.groupby(level=0).min()
        # a group counts as treated when most of its customers were
        people = records.drop_duplicates("customer_id").set_index("customer_id")[self.group]
        share = people.index.isin(starts.index)
        by_group = pd.Series(share, index=people.to_numpy()).groupby(level=0).mean()
        return pd.Series(self.start, index=by_group.index[by_group > 0.5])
