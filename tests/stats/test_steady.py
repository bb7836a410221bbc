"""Two editions of what does not change: nobody is found by subtracting one from the other."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from tests import attackers
from workbench.stats.disclosure import rule_of
from workbench.stats.steady import keep_told

RULE = rule_of(5)


def contracts(n: int, seed: int = 0, plans: str = "abc") -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "contract_id": [f"{seed}-{i}" for i in range(n)],
            "customer_id": [f"c{seed}-{i}" for i in range(n)],
            "plan": rng.choice(list(plans), n),
            "fee": rng.uniform(20, 60, n).round(2),
            "end": pd.Series([pd.NaT] * n, dtype="datetime64[ns]"),
        }
    )


def kept(now: pd.DataFrame, told: pd.DataFrame | None):
    now, told = (f if f is None else f.assign(runs=f["end"].isna()) for f in (now, told))
    return keep_told(now, told, RULE, key=["contract_id"], groups=["plan", "runs"],
                     amounts=["fee"], what="contracts")  # fmt: skip


def test_a_few_who_are_new_wait_and_five_alike_do_not() -> None:
    told = contracts(40)
    few, enough = contracts(3, 1, "a"), contracts(5, 2, "b")
    found = kept(pd.concat([told, few, enough], ignore_index=True), told)
    assert found.held == 3 and len(found.frame) == 45
    assert set(enough["contract_id"]) <= set(found.frame["contract_id"])
    (said,) = found.findings()
    assert "3" not in said.message and said.values == {"what": "contracts"}
    # two more of the kind come: all five are told of
    more = pd.concat([told, few, enough, contracts(2, 3, "a")], ignore_index=True)
    assert kept(more, found.frame).held == 0


def test_five_of_whom_one_pays_nearly_all_wait() -> None:
    told, dear = contracts(40), contracts(6, 1, "a")
    dear.loc[0, "fee"] = 90_000.0
    assert kept(pd.concat([told, dear], ignore_index=True), told).held == 6


def test_one_who_changes_keeps_the_old_row_and_one_who_is_gone_does_not_come_back() -> None:
    told = contracts(40)
    now = told.copy()
    now.loc[3, ["plan", "fee"]] = ["z", 99.0]
    now.loc[4, "end"] = pd.Timestamp("2025-06-30")
    now = now.drop(index=7)
    found = kept(now, told)
    assert found.held == 2
    assert "0-7" not in set(found.frame["contract_id"]) and len(found.frame) == 39
    own = found.frame.set_index("contract_id")
    assert own.loc["0-3", ["plan", "fee"]].tolist() == told.loc[3, ["plan", "fee"]].tolist()
    assert pd.isna(own.loc["0-4", "end"]) and own["end"].dtype == told["end"].dtype
    # it comes to the same when it is done again: a run repeated tells the same
    pd.testing.assert_frame_equal(kept(now, found.frame).frame, found.frame)


def test_without_an_earlier_edition_all_is_told() -> None:
    now = contracts(40)
    assert kept(now, None).held == 0 and kept(now, None).findings() == []
    assert kept(now, now).held == 0


@pytest.mark.parametrize("seed", range(6))
def test_two_attackers_find_nobody_between_four_editions(seed: int) -> None:
    """Plans and totals of running contracts; who came, went or was raised is the difference."""
    rng = np.random.default_rng(seed)
    now = contracts(60, 10 + seed)
    now["fee"] = attackers.heavy(rng, 60)
    editions, without = [kept(now, None).frame], 0
    truth = [editions[0]]
    for step in range(3):
        some = rng.random(len(now)) < 0.05
        now = now.copy()
        now.loc[some & (rng.random(len(now)) < 0.5), "plan"] = "b"
        now.loc[some, "fee"] *= rng.choice([1.0, 3.0], some.sum())
        gone = rng.random(len(now)) < 0.06
        now.loc[gone, "end"] = pd.Timestamp("2025-06-30")
        new = contracts(int(rng.integers(1, 14)), 100 * seed + step + 50)
        new["fee"] = attackers.heavy(rng, len(new))
        now = pd.concat([now, new], ignore_index=True)
        truth.append(now.assign(runs=now["end"].isna()))
        editions.append(kept(now, editions[-1]).frame)
    for frames, told in ((truth, False), (editions, True)):
        for old, new in pairwise(frames):
            caught = _between(old, new)
            without += not told and bool(caught)
            assert not told or caught == []
    assert without, "without it they would find somebody"


@pytest.mark.parametrize("seed", range(4))
def test_of_an_age_by_segment_fewer_than_five_neither_join_nor_leave_a_cell(seed: int) -> None:
    """Segments change, ages stay: who alone has come into a cell would be known by its count."""
    rng = np.random.default_rng(seed)
    ages, segments = ["20-29", "30-39", "40-49", "50-59"], ["best", "loyal", "quiet"]
    now = pd.DataFrame({
        "customer_id": [f"c{i}" for i in range(300)], "age": rng.choice(ages, 300),
        "segment": rng.choice(segments, 300),
    })  # fmt: skip
    truth = told = now
    moved = 0
    for step in range(3):
        new = pd.DataFrame({
            "customer_id": [f"n{step}-{i}" for i in range(25)], "age": rng.choice(ages, 25),
            "segment": "best",
        })  # fmt: skip
        now = pd.concat([now, new], ignore_index=True)
        other = rng.random(len(now)) < 0.1
        now = now.assign(segment=now["segment"].where(~other, rng.choice(segments, len(now))))
        next_told = keep_told(now, told, RULE, key=["customer_id"], groups=["segment", "age"],
                              amounts=[], what="attributes of customers").frame  # fmt: skip
        assert _joined(told, next_told) == [] and _joined(truth, now)
        moved += len(next_told) != len(told)
        truth, told = now, next_told
    assert moved, "enough who move alike are told of"


def _joined(old: pd.DataFrame, new: pd.DataFrame) -> list[str]:
    """Name the cells that fewer than five, but some, have joined or left."""
    whose = [f.groupby(["segment", "age"])["customer_id"].agg(set).to_dict() for f in (old, new)]
    return [
        f"{cell}: {n}"
        for cell in whose[0].keys() | whose[1].keys()
        for gone in [(whose[0].get(cell, set()), whose[1].get(cell, set()))]
        for n in (len(gone[0] - gone[1]), len(gone[1] - gone[0]))
        if 0 < n < 5
    ]


def _between(old: pd.DataFrame, new: pd.DataFrame) -> list[str]:
    """Let both subtract the groups of two editions: what came, and what went, by group."""
    both = [f.set_index("contract_id") for f in (old, new)]
    rows = both[0].index.union(both[1].index)
    a, b = (f.reindex(rows) for f in both)
    caught = []
    for plan in [None, "a", "b", "c"]:
        there, here = (
            (f["runs"].fillna(False).astype(bool) & (True if plan is None else f["plan"] == plan))
            for f in (a, b)
        )
        d = (b["fee"].where(here, 0.0) - a["fee"].where(there, 0.0)).to_numpy()
        d = d[np.abs(d) > 1e-9]
        if d.size:
            caught += attackers.found([(np.ones(d.size, dtype=bool), d.sum())], d)
    return caught
