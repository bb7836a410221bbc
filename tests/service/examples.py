"""One small result of each class of the room, for the contract that all results keep."""

from __future__ import annotations

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


EXAMPLES = {"Backlog": open_contacts, "ContactOutcomes": outcomes, "WaitingTimes": waits}
