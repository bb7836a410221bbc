"""Tickets of service desks go through `new` to how long each waited and what became of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench.data import contact_log, open_tables
from workbench.new.columns.proposal import Proposal, Upload
from workbench.new.study import start_study
from workbench.new.tables.roles import understand
from workbench.study import load_study

RNG = np.random.default_rng(4)
N = 150
AT = pd.Timestamp("2025-02-03 08:00") + pd.to_timedelta(RNG.integers(0, 60 * 24 * 200, N), "min")
ANSWERED = AT + pd.to_timedelta(RNG.integers(5, 2000, N), "min")
SOLVED = ANSWERED + pd.to_timedelta(RNG.integers(5, 9000, N), "min")
OPEN = np.arange(N) % 8 == 0
WHO = RNG.integers(1, 60, N)


def texts(moments: pd.DatetimeIndex, form: str = "%Y-%m-%d %H:%M:%S") -> np.ndarray:
    return np.where(OPEN & (moments is SOLVED), "", moments.strftime(form))


def freshdesk() -> dict[str, object]:
    return {
        "Ticket ID": np.arange(1, N + 1), "Subject": [f"Order {i}?" for i in range(N)],
        "Status": np.where(OPEN, "Open", "Closed"), "Priority": "Low",
        "Source": RNG.choice(["Email", "Portal", "Phone"], N),
        "Type": RNG.choice(["Question", "Problem"], N),
        "Agent": RNG.choice(["Ann Lee", "Bo Kim", "Cy Roe"], N),
        "Group": RNG.choice(["Billing", "Repairs"], N), "Created time": texts(AT),
        "Due by Time": texts(AT + pd.Timedelta(days=3)), "Resolved time": texts(SOLVED),
        "Closed time": texts(SOLVED), "Initial response time": texts(ANSWERED),
        "Full name": [f"Customer {w}" for w in WHO], "Contact ID": 43000000 + WHO,
        "Email": [f"c{w}@example.com" for w in WHO],
    }  # fmt: skip


def zoho_desk() -> dict[str, object]:
    return {
        "Ticket Id": 9000 + np.arange(N), "Department": "Support",
        "Contact Name": [f"Customer {w}" for w in WHO], "Contact ID": 7700 + WHO,
        "Ticket Owner": RNG.choice(["Ann Lee", "Bo Kim"], N), "Subject": "Where is it?",
        "Status": np.where(OPEN, "Open", "Closed"), "Channel": RNG.choice(["Email", "Chat"], N),
        "Category": RNG.choice(["Returns", "Billing"], N), "Created Time": texts(AT),
        "Ticket Closed Time": texts(SOLVED), "Due Date": texts(AT + pd.Timedelta(days=3)),
        "Number of Reopen": RNG.integers(0, 3, N),
    }  # fmt: skip


@pytest.mark.parametrize("export", [freshdesk, zoho_desk])
def test_tickets_say_how_long_they_took_and_name_nobody(export: object, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    frame = pd.DataFrame(export())  # type: ignore[operator]
    frame.to_csv(tmp_path / "tickets.csv", index=False)
    started = start_study(tmp_path, "desk", [tmp_path / "tickets.csv"], today=date(2026, 1, 1))
    opened = open_tables(load_study(started.folder), cache=False)
    kept = opened.frame("interactions")
    assert len(kept) == N and kept["customer_id"].nunique() == len(set(WHO))
    assert not {"Agent", "Ticket Owner", "Full name", "Email", "Contact Name"} & set(kept.columns)
    log = contact_log(opened)
    # what was resolved after the study's day was open on it
    done = ~OPEN & (pd.Timestamp(opened.study.as_of) + pd.Timedelta(days=1) > SOLVED)
    assert log.rows["ended"].notna().sum() == done.sum() > 100
    hours = (SOLVED - AT).total_seconds() / 3600
    late = log.rows.loc[log.rows["solved"].fillna(value=False).astype(bool), "solution"].sum()
    assert late == pytest.approx(hours.to_numpy()[done].sum(), rel=0.01)
    assert log.agents is not None and log.agents.max() <= 3
    if export is freshdesk:
        waits = (ANSWERED - AT).total_seconds() / 3600
        assert log.rows["response"].sum() == pytest.approx(waits.to_numpy().sum(), rel=0.02)
    else:
        assert log.rows["reopened"].sum() == (frame["Number of Reopen"] > 0).sum()


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("Conversation state", ("closed", "open", "snoozed")),
        ("Conversation State", ("resolved", "active", "waiting")),
        ("Estado de la conversación", ("cerrado", "abierto", "pospuesto")),
        ("会话状态", ("已关闭", "进行中", "暂缓")),
    ],
)
def test_the_state_of_a_conversation_says_whether_it_has_ended(
    heading: str, words: tuple[str, str, str]
) -> None:
    done, open_, waits = words
    frame = pd.DataFrame(
        {
            "Conversation ID": [f"c{1000 + i}" for i in range(60)],
            heading: [done, done, open_, done, waits] * 12,
            "Conversation started at": [f"2024-02-{1 + i % 28:02d} 10:00:00" for i in range(60)],
            "Contact ID": [f"u{i % 17}" for i in range(60)],
            "Channel": ["email", "chat", "email"] * 20,
        }
    )
    found = Proposal.of(Upload(Path("conversations.csv"), frame.astype("object")))
    understand(found)
    assert found.standard == "interactions"
    assert found.columns["resolved"] == heading and found.keys["resolved"] == [done]
    assert "kind" not in found.columns
