"""Waiting: known hours come out, who still waits counts, and small groups are not shown."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.service.desk import contacts, share_within, truth
from workbench.errors import DataError
from workbench.service import backlog, contact_outcomes, waiting_times, within_promise_by_period
from workbench.service.groups import OTHERS


def test_half_of_ten_thousand_are_answered_when_they_were_made_to_be() -> None:
    found = waiting_times(contacts(365, 30, seed=3), promise=8.0)
    row = found.table.iloc[0]
    assert found.unit == "hours" and found.promise == 8
    for column, share in (("median", 0.5), ("p80", 0.8), ("p95", 0.95)):
        assert row[column] == pytest.approx(truth(share), rel=0.06)
    assert row["share"] == pytest.approx(share_within(8), abs=0.02)


def test_who_still_waits_counts_and_leaving_them_out_would_flatter() -> None:
    rows = contacts(300, 20, seed=4, seen=0.0016)
    found = waiting_times(rows).table.iloc[0]
    answered = rows.loc[rows["answered"].astype(bool), "response"]
    assert found["waiting"] > len(rows) / 8
    assert answered.median() < 0.93 * truth(0.5) < found["median"] < 1.07 * truth(0.5)


def test_who_gave_up_was_never_answered() -> None:
    rows = contacts(60, 20, seed=5)
    gone = rows["response"] > rows["response"].quantile(0.6)
    rows["abandoned"], rows["answered"] = gone, rows["answered"].mask(gone, False)
    found = waiting_times(rows, promise=1000.0).table.iloc[0]
    assert np.isnan(found["p80"]) and not np.isnan(found["median"])
    judged = rows["followed"] >= 1000
    assert found["share"] == pytest.approx(1 - gone[judged].mean())


def covered(repetitions: int, seed: int, **shape: float) -> dict[str, float]:
    """Count in how many logs each interval holds what it is for."""
    hits = dict.fromkeys(("median", "p80", "p95", "share"), 0)
    target = {"median": truth(0.5), "p80": truth(0.8), "p95": truth(0.95),
              "share": share_within(6.0)}  # fmt: skip
    for i in range(repetitions):
        row = waiting_times(contacts(seed=seed + i, **shape), promise=6.0).table.iloc[0]
        for name, value in target.items():
            high = row[f"{name}_high"]
            hits[name] += row[f"{name}_low"] <= value <= (high if high == high else np.inf)
    return {name: k / repetitions for name, k in hits.items()}


def test_intervals_hold_in_a_tenth_of_the_simulation() -> None:
    # 40 draws: 92.5% less two standard errors
    assert all(rate >= 0.841 for rate in covered(40, 100, days=40, a_day=10).values())


@pytest.mark.slow
@pytest.mark.parametrize("shape", [
    {"days": 60, "a_day": 20}, {"days": 40, "a_day": 10}, {"days": 120, "a_day": 8, "seen": 0.03},
])  # fmt: skip
def test_intervals_hold_what_they_promise(shape: dict[str, float]) -> None:
    for name, rate in covered(1000, 10_000, **shape).items():
        assert 0.925 - 0.0167 <= rate <= 0.98 + 0.0089, (shape, name, rate)


def test_groups_are_told_and_small_ones_and_teams_of_few_agents_are_not() -> None:
    rows = contacts(60, 20, seed=6)
    rows.loc[rows["channel"] == "email", ["response", "followed"]] *= 3
    by_channel = waiting_times(rows, by="channel", promise=8.0)
    assert by_channel.table["group"].tolist() == ["phone", "chat", "email"]
    assert [f.values["group"] for f in by_channel.findings()] == ["email"]
    agents = pd.Series({"North": 12, "South": 9, "Night": 1})
    with pytest.raises(DataError, match="how many agents"):
        waiting_times(rows, by="team")
    teams = waiting_times(rows, by="team", agents=agents).table["group"].tolist()
    # one agent alone is put with the smallest other team
    assert teams == ["North", OTHERS]
    few = rows.assign(kind=np.where(rows.index < 3, "odd", "usual"))
    with pytest.raises(DataError, match="no kind is large enough"):
        waiting_times(few, by="kind")
    rows["hour"] = np.where(rows.index == 0, 3, rows["hour"].clip(lower=4))
    hours = waiting_times(rows, by="hour").table
    assert hours["group"].iloc[0] == "03:00 – 04:00" and hours["n"].sum() == len(rows)


def test_equal_groups_are_seldom_told_apart() -> None:
    said = sum(bool(waiting_times(contacts(40, 10, seed=i), by="channel").findings())
               for i in range(20))  # fmt: skip
    assert said <= 2


def test_weeks_of_a_chart_are_whole_and_hold_every_contact_that_is_due() -> None:
    rows = contacts(50, 20, seed=7)
    weeks = within_promise_by_period(rows, 8.0)
    assert (weeks["period"].dt.day_of_week == 0).all() and (weeks["kept"] <= weeks["n"]).all()
    whole = rows[rows["day"].dt.to_period("W-SUN").dt.start_time.isin(weeks["period"])]
    assert weeks["n"].sum() == (whole["followed"] >= 8).sum()


def test_outcomes_count_by_hand() -> None:
    rows = pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(40)], "day": pd.Timestamp("2025-03-03"),
            "resolved": pd.array([True] * 30 + [False] * 10, dtype="boolean"),
            "reopened": [i < 6 for i in range(40)], "transferred": [3 <= i < 9 for i in range(40)],
            "again": pd.array([i % 4 == 0 for i in range(39)] + [None], dtype="boolean"),
        }
    )  # fmt: skip
    rows["day"] += pd.to_timedelta(rows.index % 8, unit="D")
    shares = contact_outcomes(rows).table.set_index("measure")["share"]
    assert shares["Resolved at first contact"] == pytest.approx(21 / 40)
    assert shares["Came back within the days set"] == pytest.approx(10 / 39)
    assert shares["Came back though resolved"] == pytest.approx(5 / 21)
    assert shares["Passed on"] == pytest.approx(6 / 40)
    assert len(contact_outcomes(rows, repeat_days=9).findings()) == 3


def test_the_backlog_counts_what_is_open_at_each_weeks_end() -> None:
    rows = contacts(80, 20, seed=8)
    rows["ended"] = rows["ended"].where(rows.index % 10 > 0)  # one in ten is never resolved
    found = backlog(rows, rows["at"].max())
    week = found.table.iloc[5]
    stop = week["week"] + pd.Timedelta(days=7)
    count = ((rows["at"] < stop) & ~(rows["ended"] < stop)).sum()
    assert week["open"] == count
    assert found.growth.low > 0 and found.growth.value == pytest.approx(14, rel=0.4)
    assert [f.key for f in found.findings()] == ["service.backlog", "service.backlog.trend"]


def test_too_few_contacts_are_refused() -> None:
    with pytest.raises(DataError, match="it is known how long"):
        waiting_times(contacts(1, 5, seed=1))
    with pytest.raises(DataError, match="no column response"):
        waiting_times(contacts(5, 5).drop(columns="response"))


def test_one_customer_is_not_told_of_and_what_nobody_had_is_not_said() -> None:
    rows = contacts(30, 10, seed=9)
    alone = rows.assign(customer_id="c1")
    for tell in (waiting_times, contact_outcomes):
        with pytest.raises(DataError, match="fewer than the smallest cell"):
            tell(alone)
    never = contact_outcomes(rows.assign(
        resolved=pd.array([False] * len(rows), dtype="boolean"),
        again=pd.array([True] + [None] * (len(rows) - 1), dtype="boolean"),
    ))  # fmt: skip
    assert [f.key for f in never.findings()] == ["service.first", "service.again"]


def test_the_unit_is_that_of_most_waits() -> None:
    rows = contacts(30, 10, seed=9)
    half = rows.assign(response=rows["response"].where(rows.index % 2 == 0, 0.0))
    assert waiting_times(half).unit == "hours"
    assert waiting_times(rows.assign(response=rows["response"] / 1000)).unit == "seconds"
