"""Goals, actions and scorecards: read from cards and tables by the same rules."""

from __future__ import annotations

import datetime as dt
import pickle
import re
import textwrap
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from workbench.study import Goal, StudyError, load_study, read_goals

CARD = """\
title: A shop
as_of: 2025-12-31
tables:
  transactions: {path: transactions.csv}
"""


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


def refused(rows: Any, **options: Any) -> str:
    with pytest.raises(StudyError) as caught:
        read_goals(rows, **options)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    return str(caught.value)


def test_a_card_becomes_a_goal() -> None:
    (goal,) = read_goals([card()])
    assert (goal.label, goal.way, goal.where) == ("Go up", 10, {"region": "West"})
    assert goal.owner is None and goal.every is None and goal.forecast == "averaged"
    assert read_goals([card(target=-5, direction="down")])[0].way == -15


def test_rows_of_a_table_are_goals_too() -> None:
    rows = pd.DataFrame(
        {
            "name": ["a", "b"],
            "title": ["Fall", None],
            "indicator": ["churn", "sales"],
            "baseline": [0.02, 100.0],
            "baseline_date": pd.to_datetime(["2024-12-31", "2024-12-31"]),
            "how": ["stated", None],
            "target": [0.01, 150.0],
            "deadline": ["2025-06-30", "2025-06-30"],
            "direction": ["down", "up"],
            "parent": ["b", None],
            "warn_above": [0.03, float("nan")],
        }
    )
    first, second = read_goals(rows)
    assert first.deadline == dt.date(2025, 6, 30) and first.parent == "b"
    assert first.baseline.date == dt.date(2024, 12, 31) and first.baseline.how == "stated"
    assert second.parent is None and second.warn_above is None and first.warn_above == 0.03
    assert (first.label, second.label, second.baseline.how) == ("Fall", "b", "measured")


WRONG = [
    ({"target": 5}, "direction: `direction` is up, but the target 5.0 lies below the baseline 10"),
    ({"target": 15, "direction": "down"}, "lies above the baseline"),
    ({"deadline": dt.date(2024, 1, 1)}, "deadline: `deadline` 2024-01-01 is not after"),
    ({"deadline": dt.date(2024, 12, 31)}, "is not after the baseline's date 2024-12-31"),
    ({"deadline": "soon"}, "deadline: 'soon' does not fit; write a date as 2025-12-31"),
    ({"target": "many"}, "target: 'many' does not fit; write a number"),
    ({"direction": "sideways"}, "direction: 'sideways' is not one of 'up' or 'down'"),
    ({"parent": "nobody"}, "parent: there is no goal 'nobody'"),
    ({"parent": "up"}, "parent: the goals' parents form a circle: up -> up"),
    ({"forecast": "tren"}, "forecast: 'tren' is not one of 'averaged', .*did you mean 'trend'"),
    ({"warn_below": "low"}, "warn_below: 'low' does not fit; write a number"),
    ({"warn_below": 20, "warn_above": 20}, "warn_above: `warn_below` 20.0 is not below"),
    ({"warn_below": 25}, "warn_below: 25.0 would warn of the target 20.0 itself; better is up"),
    ({"warn_above": 15}, "warn_above: 15.0 would warn of the target 20.0 itself"),
    ({"term": "soon"}, "term: 'soon' is not one of"),
    ({"weight": 3}, "weight: .*less than or equal to 1"),
    ({"where": {"region": []}}, r"where.region: \[\] is no value to filter by"),
    ({"where": {"region": {"a": 1}}}, "no value to filter by; write one, or a list"),
    ({"history": [{"changed": "2025-01-01"}]}, r"history\[0\].why: required key is missing"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "words"), WRONG)
def test_a_bad_goal_is_named_with_what_is_wrong(changes: dict[str, Any], words: str) -> None:
    text = refused([card(**changes)])
    assert text.startswith("goals: goal 'up', ")
    assert re.search(words, text)


def test_what_a_table_lacks_is_named_row_by_row_and_at_once() -> None:
    rows = pd.DataFrame([card(), card(name=None, target=None)])
    text = refused(rows)
    assert "goal number 2, name: required key is missing" in text
    assert "goal number 2, target: required key is missing" in text
    assert "there are no goals" in refused([])
    assert "goal 'up', name: 'up' is used twice" in refused([card(), card()])


def test_a_filter_takes_one_value_or_several() -> None:
    (goal,) = read_goals([card(where={"region": ["West", "East"], "age": 3})])
    assert goal.where == {"region": ["West", "East"], "age": 3}


def test_thresholds_on_this_side_of_the_target_are_taken() -> None:
    (goal,) = read_goals([card(warn_below=20, warn_above=21)])
    assert (goal.warn_below, goal.warn_above) == (20, 21)


def test_goals_that_serve_one_another_in_a_circle_are_refused() -> None:
    assert "a -> b -> a" in refused([card(name="a", parent="b"), card(name="b", parent="a")])


def test_an_unknown_indicator_is_named_with_the_nearest_one() -> None:
    text = refused([card(indicator="npss")], known=["nps", "churn"])
    assert "no indicator 'npss'; did you mean 'nps'" in text
    assert "use one of churn, nps" in refused([card(indicator="x")], known=["nps", "churn"])
    assert read_goals([card()], known=["nps"])


def test_weights_of_goals_that_serve_the_same_one_sum_to_one() -> None:
    top = card(name="top")

    def family(*weights: float | None) -> list[dict[str, Any]]:
        names = "ab"[: len(weights)]
        return [top] + [
            card(name=n, parent="top", weight=w) for n, w in zip(names, weights, strict=True)
        ]

    assert [g.weight for g in read_goals(family(0.6, 0.4))][1:] == [0.6, 0.4]
    assert read_goals(family(0.6, 0.404)), "half a percent is rounding"
    text = refused(family(0.6, 0.6))
    assert "goal 'a', weight: of the goals that serve 'top', the weights sum to 1.2" in text
    assert "divide them by their sum: a 0.5, b 0.5" in text
    assert "give some weight" in refused(family(0, 0))
    assert "of the goals that serve 'top', b has no weight" in refused(family(1, None))
    assert "goals that serve no other" in refused([card(weight=0.5)])


# --- what the run would refuse, the card's reader refuses, with its line ------------------------


def problem(folder: Path, text: str) -> str:
    (folder / "study.yml").write_text(CARD + textwrap.dedent(text), encoding="utf-8")
    with pytest.raises(StudyError) as caught:
        load_study(folder)
    return str(caught.value)


def test_a_threshold_that_would_warn_for_ever_is_refused_where_it_stands(tmp_path: Path) -> None:
    text = problem(
        tmp_path,
        """\
        goals:
          - name: faster
            title: Answer faster
            indicator: response_hours
            baseline: {value: 9.2, date: 2024-12-31}
            target: 7
            deadline: 2025-09-30
            direction: down
            warn_above: 5.0
        """,
    )
    assert "line 13, goals[0].warn_above: 5.0 would warn of the target 7.0 itself" in text
    assert "give a threshold on the other side of the target (goal 'faster')" in text


@pytest.mark.parametrize(
    ("dates", "words"),
    [
        ("start: 2025-02-01, due: 2025-01-31", "actions[0].due: `due` 2025-01-31 lies before"),
        ("start: 2025-02-01, due: 2025-03-01, done: 2025-01-01", "actions[0].done: `done`"),
    ],
)
def test_an_action_ends_after_it_starts(tmp_path: Path, dates: str, words: str) -> None:
    text = problem(tmp_path, f"actions: [{{name: a, title: A, {dates}}}]\n")
    assert words in text and "correct one of the dates" in text


TREE = "scorecard:\n  by: region\n  tree: {service: [speed, care], business: [churn, sales, nps]}\n"


@pytest.mark.parametrize(
    ("addition", "words"),
    [
        ("comparisons: {speed / churn: 2}", "'speed / churn' belongs to no level of the tree"),
        ("comparisons: {churn / sales: 2}", "nps is not compared with the others"),
        ("comparisons: {churn / sales: 2, churn / nps: 2}", "sales and nps are not compared"),
        ("comparisons: {churn / sales: 5, sales / nps: 5, churn / nps: 0.2}", "contradict"),
        ("comparisons: {service / business: -1}", "a comparison is not positive"),
        ("weights: {churn: 0.5, sales: 0.3}", "the weights sum to 0.8 and not to 1"),
        ("weights: {chrun: 1}", "'chrun' belongs to no level"),
        ("titles: {servce: Service}", "no branch of the tree; did you mean 'service'?"),
    ],
)
def test_a_scorecard_is_weighed_when_it_is_read(tmp_path: Path, addition: str, words: str) -> None:
    text = problem(tmp_path, f"{TREE}  {addition}\n")
    assert "line 5, scorecard: " in text and words in text


def test_a_name_stands_once_in_the_tree(tmp_path: Path) -> None:
    text = problem(tmp_path, "scorecard: {by: region, tree: {a: [x], b: [x]}}\n")
    assert "'x' stands twice in the tree" in text


def test_a_good_scorecard_is_read(tmp_path: Path) -> None:
    (tmp_path / "study.yml").write_text(
        CARD + TREE + "  comparisons: {service / business: 3}\n"
        "  weights: {churn: 0.5, sales: 0.3, nps: 0.2}\n"
    )
    found = load_study(tmp_path).scorecard
    assert found is not None and found.method == "topsis" and found.every == "year"
    assert found.indicators == ("speed", "care", "churn", "sales", "nps")
    assert found.labels == {"service": "service", "business": "business"}


def test_a_goal_can_be_made_by_hand() -> None:
    goal = Goal.model_validate(card(owner="Somebody"))
    assert goal.owner == {"en": "Somebody", "zh": "Somebody"}
