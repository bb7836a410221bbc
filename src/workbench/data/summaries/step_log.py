"""What was done about tickets, orders or claims, step by step, grouped inside the engine.

What comes back is one row an activity and one row a pair of activities that follow one another,
however long the log is. `workbench.service.process_map` says what these mean.
"""
# ruff: noqa: PD003, PD004  (Ibis calls it isnull)

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pandas as pd

from workbench.data import expressions as ibis
from workbench.data.tables import Tables
from workbench.errors import DataError

_WHAT: Final = "steps"
_HOUR: Final = 3600.0


@dataclass(frozen=True)
class StepLog:
    """The steps of a study's tickets.

    Attributes
    ----------
    activities : DataFrame
        One row an activity, in the order in which they mostly come: activity, steps, tickets,
        again (tickets in which it occurs more than once), first (tickets that begin with it),
        last (tickets whose last step it is).
    moves : DataFrame
        One row a pair of steps that follow one another: source, target, moves, tickets, hours (in
        all), median, median_low, median_high, p80 (hours of one), share, share_low, share_high (of
        all hours between steps, over tickets).
    tickets, steps : int
    together : int
        Steps at the same moment as the one before in their ticket: which came first is not known,
        and taken by name.
    """

    activities: pd.DataFrame
    moves: pd.DataFrame
    tickets: int
    steps: int
    together: int


def step_log(tables: Tables, table: str = "steps") -> StepLog:
    """Group the steps of tickets by what follows what, and how long it takes.

    Parameters
    ----------
    tables : Tables
        The study's tables.
    table : str
        ``steps`` or a variant of it.

    Raises
    ------
    DataError
        No ticket has two steps.

    Notes
    -----
    Limits of a median are order statistics (binomial, normal approximation); those of a share of
    the hours treat tickets as what was drawn (linearised ratio). Hours are around the clock.
    """
    engine = tables.engine
    rows = tables.expr(table)
    turn = ibis.window(group_by="ticket_id", order_by=["at", "activity"])
    steps = rows.select("ticket_id", "activity", "at")
    steps = steps.mutate(
        source=steps.activity.lag().over(turn),
        before=steps.at.lag().over(turn),
        after=steps.at.lead().over(turn),
        place=ibis.row_number().over(turn),
    )
    steps = engine.keep(
        steps.mutate(
            hours=(steps.at.epoch_seconds() - steps.before.epoch_seconds()).cast("float64") / _HOUR
        ),
        _WHAT,
    )
    facts = engine.run(
        steps.aggregate(
            tickets=steps.ticket_id.nunique(),
            steps=steps.count(),
            together=(steps.hours == 0).sum(),
        ),
        _WHAT,
    ).iloc[0]
    own = steps.group_by("ticket_id", "activity").aggregate(
        steps=steps.count(), place=steps.place.min(), first=(steps.place == 0).any(),
        last=steps.after.isnull().any(),
    )  # fmt: skip
    activities = engine.run(
        own.group_by("activity")
        .aggregate(
            steps=own.steps.sum(), tickets=own.count(), again=(own.steps > 1).sum(),
            first=own["first"].sum(), last=own["last"].sum(), place=own.place.mean(),
        )
        .order_by("place", "activity"),
        _WHAT,
    )  # fmt: skip
    moved = steps.filter(steps.source.notnull())
    if not int(engine.run(moved.count(), _WHAT)):
        raise DataError(
            "no ticket has two steps", where=f"{tables.study.path}, tables.{table}",
            remedy="give one row a step, all steps of a ticket under its ticket_id",
        )  # fmt: skip
    group = ibis.window(group_by=["source", "activity"], order_by="hours")
    whole = ibis.window(group_by=["source", "activity"])
    ranked = moved.mutate(
        rank=ibis.row_number().over(group) + 1, size=moved.count().over(whole).cast("float64")
    )
    reach = 0.98 * ranked.size.sqrt()
    ranked = ranked.mutate(
        low_at=(ranked.size / 2 - reach).floor(), high_at=(ranked.size / 2 + 1 + reach).ceil()
    )
    times = ranked.group_by("source", target="activity").aggregate(
        moves=ranked.count(), tickets=ranked.ticket_id.nunique(), hours=ranked.hours.sum(),
        median=ranked.hours.median(), p80=ranked.hours.quantile(0.8),
        median_low=ranked.hours.max(where=ranked["rank"] == ranked.low_at),
        median_high=ranked.hours.max(where=ranked["rank"] == ranked.high_at),
    )  # fmt: skip
    total = moved.group_by("ticket_id").aggregate(total=moved.hours.sum())
    part = moved.group_by("ticket_id", "source", target="activity").aggregate(
        part=moved.hours.sum()
    )
    both = part.join(total, "ticket_id")
    sums = both.group_by("source", "target").aggregate(
        squares=(both.part * both.part).sum(), cross=(both.part * both.total).sum()
    )
    frame = engine.run(times, _WHAT).merge(engine.run(sums, _WHAT), on=["source", "target"])
    all_of = engine.run(
        total.aggregate(hours=total.total.sum(), squares=(total.total * total.total).sum(),
                        n=total.count()), _WHAT,
    ).iloc[0]  # fmt: skip
    moves = _shares(frame, *(float(all_of[c]) for c in ("hours", "squares", "n")))
    whole_numbers = dict.fromkeys(("steps", "tickets", "again", "first", "last"), "int64")
    return StepLog(
        activities.drop(columns="place").astype(whole_numbers), moves, int(facts["tickets"]),
        int(facts["steps"]), int(facts["together"]),
    )  # fmt: skip


def _shares(frame: pd.DataFrame, hours: float, squares: float, n: float) -> pd.DataFrame:
    """Add which share of all hours passes between two steps, with its limits over tickets."""
    share = frame["hours"] / hours if hours > 0 else frame["hours"] * float("nan")
    spread = (frame["squares"] - 2 * share * frame["cross"] + share**2 * squares).clip(lower=0)
    half = 1.96 * (spread * n / max(n - 1, 1)) ** 0.5 / hours if hours > 0 else share
    told = frame.drop(columns=["squares", "cross"]).assign(
        share=share, share_low=(share - half).clip(lower=0), share_high=(share + half).clip(upper=1)
    )
    ordered: pd.DataFrame = told.sort_values(
        ["hours", "source", "target"], ascending=[False, True, True], ignore_index=True
    )
    return ordered.astype({"moves": "int64", "tickets": "int64"})
