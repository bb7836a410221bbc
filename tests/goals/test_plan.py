"""Goals are read from cards and tables, and refused with a reason."""

from __future__ import annotations

import datetime as dt
import pickle
from typing import Any

import pandas as pd
import pytest

from workbench.goals import GoalError, read_goals


def card(**changes: Any) -> dict[str, Any]:
    plain = {
        "name": "up",
        "title": {"en": "Go up", "zh": "上升"},
        "indicator": "nps",
        "baseline": {"value": 10, "date": dt.date(2024, 12, 31)},
        "target": 20,
        "deadline": dt.date(2025, 12, 31),
        "direction": "up",
        "where": {"region": "West"},
    }
    return plain | changes


def test_a_card_becomes_a_goal() -> None:
    (goal,) = read_goals([card()])
    assert (goal.title, goal.way, goal.filter) == ("Go up", 10, {"region": "West"})
    assert goal.owner == "" and goal.every is None


def test_rows_of_a_table_are_goals_too() -> None:
    rows = pd.DataFrame(
        {
            "name": ["a", "b"],
            "indicator": ["churn", "sales"],
            "baseline": [0.02, 100.0],
            "baseline_date": ["2024-12-31", "2024-12-31"],
            "target": [0.01, 150.0],
            "deadline": ["2025-06-30", "2025-06-30"],
            "direction": ["down", "up"],
            "parent": ["b", None],
        }
    )
    first, second = read_goals(rows)
    assert first.deadline == dt.date(2025, 6, 30) and first.parent == "b"
    assert second.parent == ""


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"target": 5}, "lies below the baseline 10, but better is up"),
        ({"target": 15, "direction": "down"}, "lies above the baseline"),
        ({"deadline": dt.date(2024, 1, 1)}, "does not follow the baseline"),
        ({"deadline": "2025-02-30"}, "deadline is '2025-02-30'"),
        ({"target": "many"}, "target is 'many'"),
        ({"target": float("nan")}, "target is nan"),
        ({"indicator": None}, "indicator is missing"),
        ({"direction": "sideways"}, "direction is 'sideways'"),
        ({"parent": "nobody"}, "no goal 'nobody'"),
        ({"parent": "up"}, "in a circle"),
        ({"forecast": "magic"}, "forecast is 'magic'.*averaged or steady"),
        ({"warn_below": "low"}, "warn_below is 'low'"),
        ({"warn_below": 9, "warn_above": 9}, "9 is not below warn_above 9"),
        ({"warn_below": 25}, "warn_below 25 would warn of the target 20 itself"),
        ({"warn_above": 15}, "warn_above 15 would warn of the target 20 itself"),
    ],
)
def test_a_bad_goal_is_named_with_what_is_wrong(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(GoalError, match=words) as caught:
        read_goals([card(**changes)])
    assert "'up'" in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_goals_that_serve_one_another_in_a_circle_are_refused() -> None:
    with pytest.raises(GoalError, match="a, b"):
        read_goals([card(name="a", parent="b"), card(name="b", parent="a")])


def test_names_must_differ_and_there_must_be_a_goal() -> None:
    with pytest.raises(GoalError, match="two goals are called 'up'"):
        read_goals([card(), card()])
    with pytest.raises(GoalError, match="no goals"):
        read_goals([])


def test_the_card_says_kind_term_weight_and_how_the_baseline_is_known() -> None:
    baseline = {"value": 10, "date": "2024-12-31", "how": "stated"}
    (goal,) = read_goals(
        [card(baseline=baseline, kind="qualitative", term="long", why="It matters.", weight=1)]
    )
    assert (goal.kind, goal.term, goal.how, goal.why) == (
        "qualitative", "long", "stated", "It matters.",
    )  # fmt: skip
    with pytest.raises(GoalError, match="term is 'soon'"):
        read_goals([card(term="soon")])


def test_an_unknown_indicator_is_named_with_the_nearest_one() -> None:
    with pytest.raises(GoalError, match="no indicator 'npss'; did you mean 'nps'"):
        read_goals([card(indicator="npss")], known=["nps", "churn"])


def test_weights_of_goals_that_serve_the_same_one_sum_to_one() -> None:
    top = card(name="top")
    good = [top, card(name="a", parent="top", weight=0.6), card(name="b", parent="top", weight=0.4)]
    assert [g.weight for g in read_goals(good)][1:] == [0.6, 0.4]
    off = [top, card(name="a", parent="top", weight=0.6), card(name="b", parent="top", weight=0.6)]
    with pytest.raises(GoalError, match=r"serve 'top'.*sum to 1.2.*a 0.5, b 0.5"):
        read_goals(off)
    with pytest.raises(GoalError, match="'b' has no weight"):
        read_goals([top, card(name="a", parent="top", weight=1), card(name="b", parent="top")])
    with pytest.raises(GoalError, match="weight is 3"):
        read_goals([card(weight=3)])
