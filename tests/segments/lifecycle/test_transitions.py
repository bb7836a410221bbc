"""Moves between states: counts, intervals that cover, and where a chain leads."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.segments import transitions

STATES = ["active", "quiet", "gone"]
P = np.array([[0.8, 0.15, 0.05], [0.3, 0.5, 0.2], [0.05, 0.05, 0.9]])


def chain(
    rng: np.random.Generator, n: int, steps: int, moves: np.ndarray = P, start: int | None = None
) -> pd.DataFrame:
    """Draw a chain for each customer; all start spread out, or in one state."""
    state = rng.integers(len(moves), size=n) if start is None else np.full(n, start)
    columns = [state]
    for _ in range(steps):
        draw = rng.random(n)
        state = (draw[:, None] > np.cumsum(moves, axis=1)[state]).sum(axis=1)
        columns.append(state)
    return pd.DataFrame({k: np.array(STATES)[s] for k, s in enumerate(columns)})


def long_run(moves: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eig(moves.T)
    first = np.real(vectors[:, np.argmax(np.real(values))])
    return first / first.sum()


def test_moves_are_counted_by_hand() -> None:
    stages = pd.DataFrame(
        {"before": ["a", "a", "a", "b", None], "after": ["a", "b", "b", None, "b"]}
    )
    found = transitions(stages)
    moves = found.table.set_index(["from", "to"])
    assert moves.loc[("a", "b"), "n"] == 2 and moves.loc[("a", "b"), "of"] == 3
    assert found.matrix.loc["a"].tolist() == pytest.approx([1 / 3, 2 / 3])
    assert moves.loc[("b", "a"), "of"] == 0 and np.isnan(moves.loc[("b", "a"), "share"])
    assert found.entered == 1 and found.steps == 1 and np.isnan(found.stable_p)
    assert found.share("a", "b").n == 3


def test_shares_and_the_long_run_cover_the_truth_of_simulated_chains() -> None:
    rng = np.random.default_rng(3)
    truth, draws = long_run(P), 150
    cells, steady, rows, wide = np.zeros((3, 3)), np.zeros(3), 0, 0.0
    estimates = np.zeros(3)
    for _ in range(draws):
        stages = chain(rng, 300, 2)
        found = transitions(stages, states=STATES)
        low, high = (found.table[c].to_numpy().reshape(3, 3) for c in ("low", "high"))
        cells += (low <= P) & (high >= P)
        s = found.steady
        steady += (s["low"] <= truth) & (truth <= s["high"])
        wide += float((s["high"] - s["low"]).mean())
        estimates += s["estimate"] / draws
        together = transitions(stages, states=STATES, method="goodman").table
        inside = (together["low"] <= P.ravel()) & (P.ravel() <= together["high"])
        rows += int(inside.to_numpy().reshape(3, 3)[1].all())
    assert (cells / draws > 0.89).all() and (cells / draws < 0.995).all()
    assert (steady / draws > 0.90).all() and (steady / draws < 0.99).all()
    assert rows / draws > 0.92
    assert estimates.tolist() == pytest.approx(truth.tolist(), abs=0.01)
    assert 0.05 < wide / draws < 0.2


def test_a_chain_that_changes_is_found_and_one_that_does_not_is_left_alone() -> None:
    rng = np.random.default_rng(4)
    false = sum(transitions(chain(rng, 400, 3)).stable_p < 0.05 for _ in range(120))
    assert false / 120 < 0.10
    early = chain(rng, 400, 1)
    late = chain(rng, 400, 1, np.array([[0.5, 0.4, 0.1], [0.3, 0.5, 0.2], [0.05, 0.05, 0.9]]))
    both = pd.concat([early, late], axis=1, ignore_index=True)
    both.insert(2, "gap", None)  # the middle is not a step of anybody
    assert transitions(both).stable_p < 1e-4


def test_where_some_states_are_never_left_the_long_run_depends_on_the_start() -> None:
    moves = np.array([[0.6, 0.2, 0.2], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    found = transitions(chain(np.random.default_rng(5), 900, 2, moves, start=0), states=STATES)
    assert not found.unique
    assert found.steady["low"].isna().all()
    assert found.steady["estimate"].tolist() == pytest.approx([0, 0.5, 0.5], abs=0.06)


def test_a_state_that_nobody_can_reach_has_no_share_and_breaks_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = transitions(chain(np.random.default_rng(6), 300, 2), states=[*STATES, "elsewhere"])
    assert 0 < found.stable_p < 1
    assert found.unique
    last = found.steady.iloc[-1]
    assert (last["estimate"], last["low"], last["high"]) == (0, 0, 0)
    assert found.steady["high"].iloc[:3].notna().all()
    found.plot()
    found.plot_steady()
    assert set(found.estimates()) == {*STATES, "elsewhere"}
    assert found.stay()["state"].tolist() == STATES


def test_going_round_in_circles_still_has_a_long_run() -> None:
    stages = pd.DataFrame({0: ["a", "b"] * 50, 1: ["b", "a"] * 50})
    assert transitions(stages).steady["estimate"].tolist() == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize(
    ("stages", "options", "words"),
    [
        (pd.DataFrame({0: ["a"]}), {}, "on 1 days"),
        (pd.DataFrame({0: [], 1: []}), {}, "0 customers"),
        (pd.DataFrame({0: ["a", None], 1: [None, "b"]}), {}, "two days running"),
        (pd.DataFrame({0: ["a"], 1: ["b"]}), {"states": ["a"]}, "state 'b' is not listed"),
        (pd.DataFrame({0: ["a"], 1: ["b"]}), {"method": "wald"}, "choose wilson or goodman"),
    ],
)
def test_what_cannot_be_counted_is_told(stages: pd.DataFrame, options: dict, words: str) -> None:
    with pytest.raises(DataError, match=words):
        transitions(stages, **options)


def test_a_question_about_an_unknown_state_is_told() -> None:
    found = transitions(pd.DataFrame({0: ["a"], 1: ["b"]}))
    with pytest.raises(DataError, match="no state 'c'"):
        found.share("a", "c")


def test_what_the_moves_show_is_said_only_where_it_was_seen() -> None:
    days = pd.to_datetime(["2025-01-01", "2025-03-02"])
    stages = pd.DataFrame(
        [["Dormant", "Returned"]] * 3 + [["Dormant", "Lost"]] * 7 + [["Lost", "Lost"]] * 5,
        columns=days,
    )
    moves = transitions(stages, states=["Dormant", "Returned", "Lost"])
    assert moves.step == 60
    # whoever is won back was never seen to move on: where it leads depends on where one starts
    told, trapped = moves.findings()
    assert told.text == "Of 100 dormant customers, 30 are back 60 days later"
    assert told.estimates["back"].value == 0.3 and trapped.key == "lifecycle.moves.trapped"
    awake = transitions(stages[stages[days[0]] == "Lost"], states=["Dormant", "Returned", "Lost"])
    assert awake.findings()[0].text == "How customers move between stages"
    unnamed = transitions(stages.set_axis(["a", "b"], axis=1))
    assert unnamed.step == 0 and unnamed.findings()[0].text == "How customers move between stages"
