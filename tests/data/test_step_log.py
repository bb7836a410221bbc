"""Steps of tickets: counted by hand on a few, and held against pandas on many."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.data.conftest import OpenStudy
from workbench.data import step_log
from workbench.errors import DataError

STEPS = (
    "ticket_id,activity,at\n"
    "1,opened,2025-03-03 09:00\n1,looked at,2025-03-03 10:00\n1,solved,2025-03-03 13:00\n"
    "2,opened,2025-03-03 09:00\n2,solved,2025-03-03 11:00\n2,opened,2025-03-03 12:00\n"
    "2,solved,2025-03-03 12:00\n3,opened,2025-03-04 09:00\n"
)


def test_moves_loops_and_hours_by_hand(open_study: OpenStudy) -> None:
    log = step_log(open_study(steps=STEPS))
    assert (log.tickets, log.steps, log.together) == (3, 8, 1)
    acts = log.activities.set_index("activity")
    assert acts.loc["opened"].to_list() == [4, 3, 1, 3, 1]
    assert acts.loc["solved"].to_list() == [3, 2, 1, 0, 2]
    assert log.activities["activity"].iloc[0] == "opened"
    moves = log.moves.set_index(["source", "target"])
    assert moves.loc[("opened", "solved"), ["moves", "tickets", "hours"]].to_list() == [2, 1, 2]
    assert moves.loc[("looked at", "solved"), "share"] == pytest.approx(3 / 7)
    assert moves["moves"].sum() == 5 and moves["share"].sum() == pytest.approx(1)


def test_medians_and_shares_are_those_of_pandas(open_study: OpenStudy) -> None:
    rng = np.random.default_rng(1)
    rows = []
    for ticket in range(1, 121):
        at = pd.Timestamp("2025-01-01") + pd.Timedelta(minutes=int(rng.integers(0, 90_000)))
        for name in ("in", *rng.choice(["sort", "ask", "fix"], rng.integers(1, 5)), "out"):
            rows.append((ticket, name, at))
            at += pd.Timedelta(minutes=int(rng.exponential(200)) + 1)
    frame = pd.DataFrame(rows, columns=["ticket_id", "activity", "at"])
    log = step_log(open_study(steps=frame.sample(frac=1, random_state=1).to_csv(index=False)))
    frame["source"] = frame.groupby("ticket_id")["activity"].shift()
    frame["hours"] = frame.groupby("ticket_id")["at"].diff().dt.total_seconds() / 3600
    wanted = frame.dropna().groupby(["source", "activity"])["hours"]
    found = log.moves.set_index(["source", "target"])
    for pair, own in wanted:
        row, own = found.loc[pair], own.sort_values().to_numpy()
        assert row["moves"] == len(own)
        assert row["median"] == pytest.approx(np.median(own))
        low, high = (own.size / 2 - 0.98 * own.size**0.5, own.size / 2 + 1 + 0.98 * own.size**0.5)
        assert row["median_low"] == pytest.approx(own[int(np.floor(low)) - 1])
        assert row["median_high"] == pytest.approx(own[int(np.ceil(high)) - 1])
    # the share of one move: the linearised variance against a jackknife over tickets
    part = frame[(frame["source"] == "in") & (frame["activity"] == "fix")]
    x = part.groupby("ticket_id")["hours"].sum().reindex(range(1, 121), fill_value=0).to_numpy()
    t = frame.groupby("ticket_id")["hours"].sum().to_numpy()
    without = (x.sum() - x) / (t.sum() - t)
    se = (119 / 120 * ((without - without.mean()) ** 2).sum()) ** 0.5
    row = found.loc[("in", "fix")]
    assert row["share"] == pytest.approx(x.sum() / t.sum())
    assert row["share_high"] - row["share"] == pytest.approx(1.96 * se, rel=0.1)


def test_single_steps_are_no_process(open_study: OpenStudy) -> None:
    with pytest.raises(DataError, match="no ticket has two steps"):
        step_log(open_study(steps="ticket_id,activity,at\n1,opened,2025-03-03 09:00\n"))
