"""One small result of each class of the room, for the contract that all results keep."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from tests.service.call_centre import calls
from tests.service.desk import contacts
from workbench import service as room


def waits() -> room.WaitingTimes:
    return room.waiting_times(contacts(40, 10, seed=1), promise=4.0)


def outcomes() -> room.ContactOutcomes:
    return room.contact_outcomes(contacts(40, 10, seed=1))


def open_contacts() -> room.Backlog:
    rows = contacts(80, 10, seed=1)
    return room.backlog(
        rows.assign(ended=rows["ended"].where(rows.index % 9 > 0)), rows["at"].max()
    )


@cache
def checks() -> room.QueueChecks:
    return room.queue_checks(calls(days=20, seed=1, hours=(9, 11)))


def plan() -> room.Staffing:
    log = calls(days=20, seed=1, hours=(9, 11), differ=0.3)
    return room.staffing(log, checks(), rng=np.random.default_rng(1))


def moves_of() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Moves of 200 tickets: most time passes before the solution, one step comes again, one odd."""
    moves = pd.DataFrame(
        [("looked at", "solved", 190, 180, 1800.0, 8.0, 0.6),
         ("opened", "looked at", 200, 200, 900.0, 3.0, 0.3),
         ("looked at", "looked at", 80, 60, 280.0, 2.0, 0.09),
         ("solved", "looked at", 20, 20, 20.0, 1.0, 0.007),
         ("opened", "odd", 2, 2, 9.0, 4.0, 0.003)],
        columns=["source", "target", "moves", "tickets", "hours", "median", "share"],
    )  # fmt: skip
    for name, down, up in (("median", 0.9, 1.2), ("share", 0.9, 1.1)):
        moves[f"{name}_low"], moves[f"{name}_high"] = moves[name] * down, moves[name] * up
    activities = pd.DataFrame(
        [("opened", 200, 200, 0, 200, 5), ("looked at", 300, 200, 60, 0, 5),
         ("solved", 190, 180, 8, 0, 188), ("odd", 2, 2, 0, 0, 2)],
        columns=["activity", "steps", "tickets", "again", "first", "last"],
    )  # fmt: skip
    return moves.assign(p80=moves["median"] * 2), activities


def process() -> room.ProcessMap:
    return room.process_map(*moves_of(), 200)


def asked_again() -> room.FollowUps:
    from tests.service.test_closed_loop import AS_OF, cases

    return room.follow_ups(cases(3), as_of=AS_OF, by_lot=True)


def served(
    seed: int, left: tuple[float, float] = (0.3, 0.1), n: int = 600
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Contacts of the first half year, unresolved for a third, and contracts that end by it."""
    rng = np.random.default_rng(seed)
    ids = np.array([f"K{i}" for i in range(n)])
    bad = rng.random(n) < 1 / 3
    at = pd.Timestamp("2025-03-01") + pd.to_timedelta(rng.integers(0, 100, n), "D")
    gone = rng.random(n) < np.where(bad, *left)
    end = pd.Timestamp("2025-08-01") + pd.to_timedelta(rng.integers(0, 100, n), "D")
    rows = pd.DataFrame({"customer_id": ids, "at": at, "resolved": ~bad})
    deals = pd.DataFrame(
        {"customer_id": ids, "start": pd.Timestamp("2024-01-01"), "end": pd.Series(end).where(gone)}
    )
    return rows, deals


def links() -> room.ServiceLinks:
    import datetime as dt

    rows, deals = served(1)
    return room.service_links(rows, as_of=dt.date(2025, 12, 31), contracts=deals)


EXAMPLES = {
    "FollowUps": asked_again, "ServiceLinks": links,
    "Backlog": open_contacts, "ContactOutcomes": outcomes, "ProcessMap": process,
    "QueueChecks": checks, "Staffing": plan, "WaitingTimes": waits,
}  # fmt: skip
