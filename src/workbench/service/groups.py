"""Contacts by channel, subject, time or team: which groups may be shown by themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import pandas as pd
from scipy.special import ndtr, stdtrit

from workbench.errors import DataError
from workbench.results import Estimate
from workbench.stats.disclosure import Sums, pool_neighbours, pool_smallest, rule_of
from workbench.stats.intervals import share_interval
from workbench.study import CellRule

OTHERS: Final = "Other contacts"
ALL: Final = "All contacts"
DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
#: Groups that follow one another; of these small ones are put together with their neighbours.
_NAMED: Final[dict[str, Callable[[int], str]]] = {
    "hour": lambda hour: f"{hour:02d}:00",
    "weekday": lambda day: DAYS[day],
}


def grouped(
    rows: pd.DataFrame, by: str, agents: pd.Series | None, rule: CellRule | int
) -> tuple[pd.Series, list[str]]:
    """Give the group of each contact, and the groups in the order in which they are shown.

    Groups of fewer customers than the smallest cell are put together, and so are teams of fewer
    agents: one of a few would be a person's own record.

    Parameters
    ----------
    rows : DataFrame
        Contacts with a column `by`; customers are told by customer_id, without it each contact is
        another one.
    by : str
        channel, kind, team, hour, weekday or a column of the study's own; all contacts are one
        group when empty.
    agents : Series or None
        Agents by team; needed for `by` = team.
    rule : CellRule or int

    Raises
    ------
    DataError
        There is no such column, nothing in it, no group large enough, or nobody knows how many
        agents a team has.
    """
    if not by:
        return pd.Series(ALL, rows.index), [ALL]
    if by not in rows or rows[by].notna().sum() == 0:
        raise DataError(f"the contacts do not say their {by}", remedy="map it in study.yml")
    if by == "team" and agents is None:
        raise DataError(
            "how many agents a team has is not known, and a team of one would be a person",
            remedy="map `agent` in study.yml: agents are counted and shown nowhere",
        )
    people = customers_of(rows).groupby(rows[by]).nunique()
    cells = rule_of(rule)
    if by in _NAMED:
        people = people.sort_index()
        place = pool_neighbours(Sums.counted(people), cells)
        names = []
        for group in range(int(place.max()) + 1):
            own = people.index[place == group]
            ends = [_NAMED[by](int(own[i])) for i in (0, -1)]
            names.append(ends[0] if len(own) == 1 else " – ".join(ends))
        known = dict(zip(people.index, place, strict=True))
        return rows[by].map(lambda v: names[known[v]] if v in known else None), names
    order = sorted(people.index, key=lambda g: (-int(people[g]), str(g)))
    counts = people[order].to_numpy()
    small = pool_smallest(Sums.counted(counts), cells)
    if by == "team" and agents is not None:
        staff = agents.reindex(order).fillna(0).to_numpy()
        small = small | pool_smallest(Sums.counted(staff), cells)
    kept = [str(g) for g, away in zip(order, small, strict=True) if not away]
    if not kept:
        raise DataError(f"no {by} is large enough to be shown by itself", remedy="wait for more")
    rest = np.flatnonzero(small)
    # what is put together must be large enough itself, else the whole would give it away
    if rest.size and counts[rest].sum() < cells.min_cell:
        raise DataError(f"too few contacts lie outside one {by}", remedy="wait for more")
    named = {g: OTHERS if away else str(g) for g, away in zip(order, small, strict=True)}
    return rows[by].map(named), [*kept, *([OTHERS] if rest.size else [])]


def customers_of(rows: pd.DataFrame) -> pd.Series:
    """Give the customer of each contact; where they are not known each contact is another's."""
    if "customer_id" in rows:
        return rows["customer_id"]
    return pd.Series(np.arange(len(rows)), rows.index)


def require_people(rows: pd.DataFrame, rule: CellRule | int) -> None:
    """Refuse contacts of so few customers that what is said of them is said of each.

    Raises
    ------
    DataError
        They are fewer than the smallest cell.
    """
    people = customers_of(rows).nunique()
    least = rule_of(rule).min_cell
    if people < least:
        raise DataError(
            f"the contacts are of {people} customers, fewer than the smallest cell of {least}",
            remedy="wait for more",
        )


def share_of(values: pd.Series, clusters: pd.Series) -> Estimate:
    """Estimate a share of contacts, of which those of one day or customer may go together.

    Wilson's by effective numbers, with Student's t for as many clusters as there are.
    """
    number = int(clusters.nunique())
    if number < 2:
        return Estimate(float(values.mean()), n=float(len(values)), kind="percent")
    level = float(2 * ndtr(stdtrit(number - 1, 0.975)) - 1)
    found = share_interval(values.astype(float), clusters=clusters, level=level)
    return found.named(kind="percent", level=0.95)
