"""Queues against published values and a simulated centre; plans that are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.service.call_centre import calls, served
from tools.simulate import calls as truth
from workbench.errors import DataError
from workbench.service import erlang_a, queue_checks, staffing
from workbench.service.queue_checks import ARRIVALS, PATIENCE

HARBOUR = Path(__file__).parents[2] / "data" / "harbour"
MINUTE, SECOND = 1 / 60, 1 / 3600


def test_erlang_a_and_c_give_the_published_figures() -> None:
    # Garnett, Mandelbaum, Reiman (2002), table 1: 50 agents, 48 calls a minute of one minute
    busy = (48 / MINUTE, MINUTE)
    patient, endless = erlang_a(*busy, 2 * MINUTE, 50), erlang_a(*busy, np.inf, 50)
    assert float(patient.gives_up) == pytest.approx(0.031, abs=0.0005)
    assert float(patient.mean_wait) / SECOND == pytest.approx(3.7, abs=0.05)
    assert float(patient.busy) == pytest.approx(0.93, abs=0.005)
    assert float(endless.mean_wait) / SECOND == pytest.approx(20.8, abs=0.05)
    assert float(endless.busy) == pytest.approx(0.96) and float(endless.gives_up) == 0
    # a tenth wait longer than 12.5 and 58.1 seconds
    tenth = [erlang_a(*busy, p, 50, t * SECOND).longer
             for p, t in ((2 * MINUTE, 12.5), (np.inf, 58.1))]  # fmt: skip
    assert np.array(tenth) == pytest.approx(0.1, abs=0.002)
    # the planners' example: 200 calls an hour of three minutes, 14 agents, 20 seconds
    example = erlang_a(200, 3 * MINUTE, np.inf, 14, 20 * SECOND)
    assert float(example.waits) == pytest.approx(0.1741, abs=0.0001)
    assert float(example.level) == pytest.approx(0.8883, abs=0.0001)
    assert float(example.mean_wait) / SECOND == pytest.approx(7.8, abs=0.05)


def test_erlang_a_is_the_chain_of_births_and_deaths() -> None:
    for rate, agents, theta in ((12.0, 3, 5.0), (40.0, 8, 20.0), (100.0, 10, 1.0)):
        mu, states = 5.0, np.arange(1, 3000)
        steps = rate / (np.minimum(states, agents) * mu + np.maximum(states - agents, 0) * theta)
        chance = np.concatenate([[0.0], np.cumsum(np.log(steps))])
        chance = np.exp(chance - chance.max())
        chance /= chance.sum()
        queue = erlang_a(rate, 1 / mu, 1 / theta, agents)
        waiting = chance @ np.maximum(np.arange(3000) - agents, 0)
        assert float(queue.waits) == pytest.approx(chance[agents:].sum(), rel=1e-8)
        assert float(queue.gives_up) == pytest.approx(theta * waiting / rate, rel=1e-7)
        assert float(queue.mean_wait) == pytest.approx(waiting / rate, rel=1e-7)


def test_erlang_c_is_the_limit_of_endless_patience_and_of_light_and_heavy_load() -> None:
    near, far = erlang_a(100, 0.1, [1e5, np.inf], 12, 0.01), erlang_a(100, 0.1, np.inf, 9)
    assert near.level[0] == pytest.approx(near.level[1], rel=1e-4)
    assert near.mean_wait[0] == pytest.approx(near.mean_wait[1], rel=1e-3)
    assert float(far.waits) == 1 and np.isinf(far.mean_wait) and float(far.level) == 0
    wide = erlang_a(5000, 0.05, 1 / 30, [1, 400], 0.01)
    assert wide.gives_up == pytest.approx([1 - 20 / 5000, 0.0], abs=1e-6)
    with pytest.raises(DataError, match="needs calls"):
        erlang_a(0, 1, 1, 1)


@pytest.mark.parametrize(("rate", "agents", "patience"), [(60.0, 5, 3.0), (60.0, 6, 1.0)])
def test_a_simulated_centre_does_what_the_formula_says(
    rate: float, agents: int, patience: float
) -> None:
    rng = np.random.default_rng(3)
    n, takes = 60_000, 4 * MINUTE
    at = np.cumsum(rng.exponential(1 / rate, n))
    wait, gone = served(
        at, rng.exponential(takes, n), rng.exponential(patience * MINUTE, n), agents
    )
    queue = erlang_a(rate, takes, patience * MINUTE, agents, 20 * SECOND)
    assert gone.mean() == pytest.approx(float(queue.gives_up), abs=0.01)
    assert (~gone & (wait <= 20 * SECOND)).mean() == pytest.approx(float(queue.level), abs=0.02)
    assert wait.mean() == pytest.approx(float(queue.mean_wait), rel=0.06)


def test_a_log_of_calls_gives_the_agents_that_its_centre_needs() -> None:
    log = calls(days=100, agents=5, seed=4, differ=0.2, hours=(9, 12))
    plan = staffing(log, queue_checks(log), rng=np.random.default_rng(1), seconds=20, target=0.8)
    assert plan.table["hour"].tolist() == [f"{h:02d}:00" for h in range(9, 12)]
    assert plan.handling.low <= 4 <= plan.handling.high
    assert plan.patience.low <= 3 <= plan.patience.high
    assert plan.spread == pytest.approx(0.2, abs=0.07)
    # a fresh centre with these agents, and with one fewer
    n = int(plan.busiest["agents"])
    for agents, enough in ((n, True), (n - 2, False)):
        fresh = calls(days=300, agents=agents, seed=5, differ=0.2, hours=(9, 13))
        reached = (~fresh["abandoned"] & (fresh["patience"] <= 20 * SECOND)).mean()
        assert (reached > 0.78) == enough, (agents, reached)
    assert [f.key for f in plan.findings()] == ["service.staffing", "service.staffing.days"]


def test_what_does_not_hold_is_refused() -> None:
    for odd, check in (({"bursts": True}, ARRIVALS), ({"shape": 3.0}, PATIENCE)):
        log = calls(days=40, agents=4, seed=6, **odd)
        checks = queue_checks(log)
        assert checks.failed == [check]
        assert checks.findings()[0].severity == "refusal"
        with pytest.raises(DataError, match="not what the formula takes them for"):
            staffing(log, checks, rng=np.random.default_rng(1))


def test_calls_as_the_formula_has_them_are_seldom_refused() -> None:
    failed = sum(
        bool(queue_checks(calls(days=20, seed=i, differ=0.3, hours=(9, 13))).failed)
        for i in range(20)
    )
    assert failed <= 1


def test_a_log_that_names_nobody_who_gave_up_is_planned_as_if_nobody_did() -> None:
    log = calls(days=20, agents=6, seed=7, hours=(9, 11)).drop(columns=["abandoned", "patience"])
    checks = queue_checks(log.assign(handling=log["handling"].fillna(0.05)))
    assert [f.key for f in checks.findings()] == ["service.queue", "service.queue.patience"]
    plan = staffing(log, checks, rng=np.random.default_rng(1))
    assert np.isinf(plan.patience.value) and (plan.table["gives_up"] == 0).all()
    hourly = log.assign(at=log["at"].dt.floor("h"))
    assert queue_checks(hourly).table["verdict"].iloc[0] == "cannot be told"
    with pytest.raises(DataError, match="too few"):
        queue_checks(log.head(50))


def test_harbours_hotline_is_found_as_it_was_made() -> None:
    log = pd.read_csv(HARBOUR / "calls.csv", parse_dates=["at"])
    log = log.assign(handling=log["talk"] / 3600, patience=log["wait"] / 3600,
                     abandoned=log["hung_up"] == 1)  # fmt: skip
    checks = queue_checks(log)
    plan = staffing(log, checks, rng=np.random.default_rng(1), seconds=20, target=0.8)
    assert not checks.failed
    assert plan.handling.low <= truth.HANDLING <= plan.handling.high
    assert plan.patience.low <= truth.PATIENCE <= plan.patience.high
    assert plan.spread == pytest.approx(truth.DAYS_DIFFER, abs=0.06)
    hourly = plan.table.set_index("hour")
    for hour, rate in truth.CALLS.items():
        assert hourly.loc[f"{hour:02d}:00", "calls"] == pytest.approx(rate, rel=0.2)
    # what the agents that it has reach in the busiest hour, as the formula has it and as it was
    busiest = log[log["at"].dt.hour == int(plan.busiest["hour"][:2])]
    seen = (~busiest["abandoned"] & (busiest["wait"] <= 20)).mean()
    said = plan.curve.set_index("agents").loc[truth.AGENTS]
    assert said["level_low"] - 0.03 <= seen <= said["level_high"] + 0.03


@pytest.mark.slow
def test_the_interval_of_the_level_holds_what_it_promises() -> None:
    truth = float(erlang_a(60, 4 * MINUTE, 3 * MINUTE, 5, 20 * SECOND).level)
    held = 0
    for i in range(120):
        log = calls(days=40, seed=100 + i, hours=(9, 10))
        checks = queue_checks(log)
        if checks.failed:
            continue
        curve = staffing(log, checks, rng=np.random.default_rng(i), target=0.5).curve
        row = curve[curve["agents"] == 5].iloc[0]
        held += row["level_low"] <= truth <= row["level_high"]
    assert held / 120 >= 0.925 - 0.048
