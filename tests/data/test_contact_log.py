"""Contacts read from a study: hours by the clock that counts, and what the log does not say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.data.conftest import OpenStudy
from workbench.data import contact_log, indicator
from workbench.errors import DataError
from workbench.study import StudyError

HEAD = "ticket_id,customer_id,at,answered_at,resolved_at,team,agent,reopened,abandoned,due_at\n"
TICKETS = (
    # a Friday afternoon to Monday morning; over a holiday; open; given up; a copy of the first
    "T1,A,2025-03-07 16:00,2025-03-10 09:30,2025-03-10 12:00,North,Ann,no,,2025-03-10 18:00\n"
    "T2,B,2025-03-10 08:00,2025-03-12 10:00,,North,Bob,0,no,2025-03-11 12:00\n"
    "T3,A,2025-03-12 17:30,,,South,Ann,2,no,\n"
    "T4,C,2025-03-12 09:00,,,South,,no,yes,\n"
    "T1,A,2025-03-07 16:00,2025-03-10 09:30,2025-03-10 12:00,North,Ann,yes,,2025-03-10 18:00\n"
    "T5,D,2025-03-13 12:00,2025-03-13 11:00,2025-03-13 13:00,North,Cy,no,no,\n"
    "T6,A,2025-03-13 17:00,2025-03-13 17:30,,North,Cy,no,no,\n"
)
CARD = {
    "as_of": "2025-03-31",
    "service": {"open": {"mon-fri": "09:00-18:00"}, "closed": ["2025-03-11"], "repeat_days": 1},
}


def test_opening_hours_leave_out_nights_weekends_and_holidays(open_study: OpenStudy) -> None:
    log = contact_log(open_study(CARD, interactions=HEAD + TICKETS))
    rows = log.rows.set_index("at")
    assert log.business and log.copies == 1 and log.backwards == 1
    first = rows.loc["2025-03-07 16:00"]
    assert first["response"] == pytest.approx(2.5) and first["solution"] == pytest.approx(5.0)
    assert first["in_time"] and bool(first["reopened"])  # of a copy the later row counts
    second = rows.loc["2025-03-10 08:00"]
    # Monday 9 to 18, Tuesday closed, Wednesday one hour
    assert second["response"] == pytest.approx(10.0) and not second["in_time"]
    # the log ends on the 13th at 17:30: half an hour on the 12th and 8.5 on the 13th
    third = rows.loc["2025-03-12 17:30"]
    assert not third["answered"] and third["response"] == pytest.approx(9.0)
    assert third["reopened"] and pd.isna(third["ended"])
    assert rows.loc["2025-03-12 09:00", "abandoned"]
    assert pd.isna(rows.loc["2025-03-13 12:00", "response"])
    # A is back within a day of the 12th, not of the 7th; the last ones are not followed so long
    assert third["again"] and not first["again"] and pd.isna(rows.iloc[-1]["again"])
    assert log.agents.to_dict() == {"North": 3, "South": 1}
    assert "agent" not in log.rows


def test_around_the_clock_an_hour_is_lost_in_spring(open_study: OpenStudy) -> None:
    card = {"as_of": "2025-04-30", "time_zone": "Europe/Berlin"}
    lines = "at,answered_at,resolved\n2025-03-29 20:00,2025-03-30 08:00,yes\n2025-03-31 20:00,,no\n"
    log = contact_log(open_study(card, interactions=lines.replace("at,", "customer_id,at,", 1)
                                 .replace("\n2025", "\nA,2025")))  # fmt: skip
    assert log.rows["response"].iloc[0] == pytest.approx(11.0) and not log.business


def test_hours_that_were_written_count_by_the_same_clock(open_study: OpenStudy) -> None:
    lines = "customer_id,at,response_hours\nA,2025-03-07 17:00,66\nB,2025-03-10 10:00,1\n"
    rows = contact_log(open_study(CARD, interactions=lines)).rows
    # from Friday 17:00 to Monday 11:00 two hours and one are worked
    assert rows["response"].tolist() == pytest.approx([3.0, 1.0])


def test_what_was_not_recorded_is_not_taken_for_waiting(open_study: OpenStudy) -> None:
    hours = ["" if i % 10 == 0 else "4" for i in range(400)]
    lines = [f"C{i},2025-01-{1 + i % 28:02d} 10:00,{hours[i]},{'yes' if i % 3 else 'no'}"
             for i in range(400)]  # fmt: skip
    head = "customer_id,at,response_hours,resolved\n"
    log = contact_log(open_study({"as_of": "2025-03-31"}, interactions=head + "\n".join(lines)))
    assert log.unrecorded == 40 and log.rows["answered"].notna().sum() == 360
    waits = [line if i % 10 else line.rsplit(",", 1)[0] + ",no" for i, line in enumerate(lines)]
    log = contact_log(open_study({"as_of": "2025-03-31"}, interactions=head + "\n".join(waits)))
    assert log.unrecorded == 0 and (~log.rows["answered"].astype(bool)).sum() == 40


def test_a_log_without_answers_is_refused(open_study: OpenStudy) -> None:
    with pytest.raises(DataError, match="neither when a contact was answered"):
        contact_log(open_study(interactions="customer_id,at\nA,2025-01-01 10:00\n"))


@pytest.mark.parametrize(
    ("service", "message"),
    [
        ({"open": {"monday": "09:00-18:00"}}, "is no weekday"),
        ({"open": {"mon": "9 to 5"}}, "are no hours"),
        ({"open": {"mon": "18:00-09:00"}}, "end before they begin"),
        ({"open": {"mon-wed": "09:00-18:00", "tue": "09:00-12:00"}}, "tue is named twice"),
        ({"response": 0}, "service.response"),
    ],
)
def test_a_card_that_is_wrong_says_so(
    open_study: OpenStudy, service: dict[str, object], message: str
) -> None:
    with pytest.raises(StudyError, match=message):
        open_study({"service": service}, interactions="customer_id,at\nA,2025-01-01 10:00\n")


def test_indicators_of_service_by_hand(open_study: OpenStudy) -> None:
    card = {"as_of": "2025-03-31", "service": {"response": 3}}
    lines = (
        HEAD + "1,A,2025-01-10 09:00,2025-01-10 10:00,2025-01-12 09:00,,,no,,\n"
        "2,B,2025-01-11 09:00,2025-01-11 15:00,2025-02-20 09:00,,,yes,,\n"
        "3,C,2025-01-20 09:00,2025-01-20 11:00,,,,no,,\n"
        "4,D,2025-02-10 09:00,,,,,no,yes,\n5,A,2025-02-11 09:00,2025-02-11 09:30,"
        "2025-02-11 10:00,,,no,no,\n6,B,2025-03-30 09:00,,,,,no,no,\n"
    )
    tables = open_study(card, interactions=lines)
    half = indicator(tables, "response_median")
    assert half["estimate"].tolist()[0] == pytest.approx(2.0)
    kept = indicator(tables, "answered_within_promise")
    # who gave up was not answered; the contact of the last day is not due yet
    assert kept["numerator"].tolist() == [2, 1] and kept["denominator"].tolist() == [3, 2]
    waiting = indicator(tables, "open_contacts")
    assert waiting["estimate"].tolist() == [2, 1, 2]
    with pytest.raises(DataError, match="promises no time"):
        indicator(open_study({"as_of": "2025-03-31"}, interactions=lines),
                  "answered_within_promise")  # fmt: skip


def test_what_was_reopened_or_passed_on_was_not_resolved_at_first_contact(
    open_study: OpenStudy,
) -> None:
    lines = (
        "customer_id,at,resolved,reopened,transferred\nA,2025-01-10 09:00,yes,0,no\n"
        "B,2025-01-10 09:00,yes,2,no\nC,2025-01-10 09:00,yes,,yes\nD,2025-01-10 09:00,no,,\n"
    )
    found = indicator(
        open_study({"as_of": "2025-03-31"}, interactions=lines), "first_contact_resolution",
        every=None,
    )  # fmt: skip
    assert (found["numerator"].item(), found["denominator"].item()) == (1, 4)


def test_the_error_of_the_median_is_the_bootstraps_over_days(open_study: OpenStudy) -> None:
    rng = np.random.default_rng(5)
    day = np.repeat(np.arange(90), 12)
    hours = np.exp(1 + 0.5 * rng.normal(size=90)[day] + 0.8 * rng.normal(size=day.size))
    at = pd.Timestamp("2025-01-01 08:00") + pd.to_timedelta(
        day * 24 + rng.random(day.size) * 9, "h"
    )
    lines = "".join(f"C{i},{t:%Y-%m-%d %H:%M:%S},{h:.4f}\n"
                    for i, (t, h) in enumerate(zip(at, hours, strict=True)))  # fmt: skip
    tables = open_study({"as_of": "2025-06-30"},
                        interactions="customer_id,at,response_hours\n" + lines)  # fmt: skip
    found = indicator(tables, "response_median", every=None).iloc[0]
    assert found["estimate"] == pytest.approx(np.median(hours), abs=0.01)
    days = hours.reshape(90, 12)
    drawn = [np.median(days[rng.integers(0, 90, 90)]) for _ in range(400)]
    assert found["sd"] / found["n"] ** 0.5 == pytest.approx(np.std(drawn), rel=0.25)


def test_what_was_served_after_the_day_that_is_looked_at_was_waiting_on_it(
    open_study: OpenStudy,
) -> None:
    lines = (
        "customer_id,at,answered_at,resolved_at,resolved\n"
        "A,2025-03-30 09:00,2025-04-02 09:00,2025-04-03 09:00,yes\n"
        "B,2025-03-30 09:00,2025-03-31 09:00,2025-03-31 09:00,no\nC,2025-03-31 12:00,,,yes\n"
    )
    tables = open_study({"as_of": "2025-03-31"}, interactions=lines)
    later, again, silent = (contact_log(tables).rows.iloc[i] for i in range(3))
    assert not later["answered"] and not later["solved"] and not later["resolved"]
    assert later["response"] == later["followed"] == pytest.approx(27.0)
    assert again["answered"] and not again["solved"], "open again in spite of its solution"
    assert pd.isna(silent["answered"]) and pd.isna(silent["solved"])
    with pytest.raises(DataError, match="shown nowhere"):
        indicator(tables, "response_median", by=["agent"])
