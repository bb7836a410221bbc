"""A card as it stood on an earlier day."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import yaml

from workbench.study import Study, load_study, seen_on
from workbench.study.watch import EACH, _Entries, value_of

CARD = {
    "title": "A shop",
    "as_of": dt.date(2025, 12, 31),
    "tables": {"transactions": {"path": "t.csv"}},
    "goals": [
        {
            "name": "sales",
            "title": "Sales",
            "indicator": "sales",
            "baseline": {"value": 10, "date": dt.date(2025, 1, 31)},
            "target": 16,
            "deadline": dt.date(2025, 12, 31),
            "history": [
                {"changed": dt.date(2025, 3, 1), "target": 12, "why": "Too low."},
                {"changed": dt.date(2025, 8, 1), "target": 14, "why": "Still too low."},
            ],
        },
        {
            "name": "later",
            "title": "Later",
            "indicator": "sales",
            "parent": "sales",
            "baseline": {"value": 10, "date": dt.date(2025, 9, 30)},
            "target": 16,
            "deadline": dt.date(2025, 12, 31),
        },
    ],
    "cases": [
        {
            "name": name,
            "title": name,
            "start": day,
            "outcomes": [{"indicator": "sales"}],
        }
        for name, day in (("old", dt.date(2025, 4, 1)), ("new", dt.date(2025, 10, 1)))
    ],
    "actions": [
        {
            "name": "act",
            "title": "Act",
            "start": dt.date(2025, 4, 1),
            "due": dt.date(2025, 12, 1),
            "done": dt.date(2025, 11, 1),
            "goal": "later",
            "case": "old",
        }
    ],
}


def card(folder: Path) -> Study:
    (folder / "study.yml").write_text(yaml.safe_dump(CARD), encoding="utf-8")
    return load_study(folder)


def test_a_goal_has_the_target_of_the_day(tmp_path: Path) -> None:
    study = card(tmp_path)
    targets = {
        day: seen_on(study, dt.date.fromisoformat(day)).goal("sales").target
        for day in ("2025-02-28", "2025-03-01", "2025-07-31", "2025-08-01", "2025-12-31")
    }
    assert targets == {
        "2025-02-28": 12,
        "2025-03-01": 14,
        "2025-07-31": 14,
        "2025-08-01": 16,
        "2025-12-31": 16,
    }
    assert len(seen_on(study, dt.date(2025, 3, 1)).goal("sales").history) == 1


def test_what_had_not_begun_is_not_there(tmp_path: Path) -> None:
    seen = seen_on(card(tmp_path), dt.date(2025, 6, 30))
    assert [goal.name for goal in seen.goals] == ["sales"]
    assert [case.name for case in seen.cases] == ["old"]
    (action,) = seen.actions
    assert (action.done, action.goal, action.case) == (None, None, "old")
    assert seen.as_of == seen.seen == dt.date(2025, 6, 30)
    assert seen_on(card(tmp_path), dt.date(2025, 3, 31)).actions == ()


def test_weights_hold_once_all_that_share_them_are_there(tmp_path: Path) -> None:
    plain = CARD["goals"][1]
    early = {**plain, "name": "early", "baseline": {"value": 10, "date": dt.date(2025, 2, 1)}}
    shared = [{**early, "weight": 0.6}, {**plain, "weight": 0.4}]
    card_ = {**CARD, "goals": [CARD["goals"][0], *shared]}
    (tmp_path / "study.yml").write_text(yaml.safe_dump(card_), encoding="utf-8")
    study = load_study(tmp_path)
    assert seen_on(study, dt.date(2025, 6, 30)).goal("early").weight is None
    whole = seen_on(study, dt.date(2025, 12, 30))
    assert [goal.weight for goal in whole.goals] == [None, 0.6, 0.4]


def test_a_study_that_nobody_looks_back_on_is_itself(tmp_path: Path) -> None:
    study = card(tmp_path)
    assert seen_on(study, None) is study


def test_the_entries_of_a_part_read_as_any_mapping() -> None:
    entries = _Entries({"a": 1, "b": 2})
    assert list(entries.items()) == [("a", 1), ("b", 2)]
    assert (list(entries), list(entries.values())) == (["a", "b"], [1, 2])
    assert (list(entries.keys()), len(entries), "a" in entries) == (["a", "b"], 2, True)
    assert (entries["b"], entries.get("c", 3)) == (2, 3)


def test_what_each_table_says_is_another_when_one_more_asks_for_consent() -> None:
    plain = {"tables": {"a": {"consent": {"ok": ["yes"]}}, "b": {"consent": {}}}}
    path = f"tables.{EACH}.consent"
    assert value_of(plain, path) == {"a": {"ok": ["yes"]}}
    more = {"tables": {**plain["tables"], "c": {"consent": {}}}}
    assert value_of(more, path) == value_of(plain, path)
    asks = {"tables": {**plain["tables"], "c": {"consent": {"ok": ["yes"]}}}}
    assert value_of(asks, path) != value_of(plain, path)
