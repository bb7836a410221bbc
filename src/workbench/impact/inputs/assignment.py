"""The card of a case: what was done to whom and when, in plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Literal

import pandas as pd

from workbench.impact.inputs.panel import CaseError, period_start

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
        Of the series, where everybody was reached: as `interrupted_series`. Groups with starts of
        their own are compared in logarithms, too, where the scale is ``log``.
    in_part : mapping
        First day of a period before the start -> share of the measure that was in force in it.
    starts : mapping
        Treated group -> its own first day, where groups started at different times.
    since : Timestamp or None
        First day whose data count.
    leave_out : tuple of (units, reason)
        Groups that are not compared, and why.
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
    starts: Mapping[Any, pd.Timestamp] = field(default_factory=dict)
    since: pd.Timestamp | None = None
    leave_out: tuple[tuple[tuple[Any, ...], Any], ...] = ()

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
            starts={
                k: pd.Timestamp(day) for k, day in (getattr(card, "starts", None) or {}).items()
            },
            since=None if (day := getattr(card, "since", None)) is None else pd.Timestamp(day),
            leave_out=tuple((e.units, e.reason) for e in getattr(card, "leave_out", ())),
        )

    @property
    def columns(self) -> list[str]:
        """Columns of customers that the outcome must carry."""
        return [self.group] if self.group else []

    @property
    def year(self) -> int:
        """Periods in a year."""
        return PERIODS_A_YEAR[self.period]

    def compared(self, records: pd.DataFrame) -> pd.DataFrame:
        """Leave out what the card leaves out: groups, early data, time after the measure's end.

        Raises
        ------
        CaseError
            The card names a group that the records do not have.
        """
        out = [unit for units, _ in self.leave_out for unit in units]
        if (named := [*self.starts, *self.treated_groups, *out]) and "customer_id" not in records:
            # of customers' records a group may have none: that is counted where they are read
            self._must_occur(records, named)
        if out:
            records = records[~records[self.group].isin(out)]
        if self.end is None and self.since is None:
            return records
        begins = {p: period_start(p) for p in records["period"].unique()}
        early = {p for p, day in begins.items() if self.since is not None and day < self.since}
        late = {p for p, day in begins.items() if self.end is not None and day > self.end}
        return records[~records["period"].isin(early | late)]

    def _must_occur(self, records: pd.DataFrame, named: list[Any]) -> None:
        if self.group is None or self.group not in records:
            raise CaseError(
                f"there is no column {self.group!r} that names groups",
                where=f"cases.{self.name}.unit",
                remedy=f"the outcome has {', '.join(map(str, records.columns))}",
            )
        known = set(records[self.group].dropna())
        if unknown := [unit for unit in named if unit not in known]:
            near = get_close_matches(str(unknown[0]), list(map(str, known)), n=1)
            spelling = "write it as the table does"
            raise CaseError(
                f"no {self.group} is called {unknown[0]!r}",
                where=f"cases.{self.name}",
                remedy=f"{spelling}, perhaps {near[0]!r}" if near else spelling,
            )

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
        if self.starts:
            return pd.Series(dict(self.starts))
        if self.treated_groups:
            return pd.Series(self.start, index=pd.Index(self.treated_groups))
        rows = pd.DataFrame() if treatments is None else treatments
        if not rows.empty:
            rows = rows[rows["case"] == self.name]
        if rows.empty:
            raise CaseError(
                "nothing says who was treated",
                where=f"case {self.name}",
                remedy="name them by `treated` or `starts` in the card, or in the table treatments",
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
        reached = by_group.index[by_group > 0.5]
        # and began on the day on which most of them did (late comers join one by one)
        own = starts.groupby(level=0).min()
        days = pd.DataFrame({"group": people.reindex(own.index), "day": own}).dropna()
        usual = days.groupby("group")["day"].agg(lambda day: day.mode().iloc[0])
        return usual.reindex(reached)
