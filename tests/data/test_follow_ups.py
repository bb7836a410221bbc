"""The working list of a closed loop: who is on it, what stays, and where it lies."""

from __future__ import annotations

import stat
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from workbench.data import find_follow_ups, open_tables, update_follow_ups
from workbench.errors import DataError
from workbench.study import Study, load_study

MakeStudy = Callable[..., Study]

SURVEY = (
    "respondent_id,wave,answered_on,customer_id,recommend\nR1,w,2025-12-20,A,3\n"
    "R2,w,2025-12-21,B,9\nR3,w,2025-12-29,C,0\nR4,w,2025-08-01,D,1\nR5,w,2025-12-30,,2\n"
)
CONTACTS = (
    "customer_id,at,kind,resolved\nA,2025-12-28 09:00,bill,no\nB,2025-12-28 10:00,bill,yes\n"
    "C,2025-12-30 10:00,fault,no\n"
)
RULES: list[dict[str, Any]] = [
    {"name": "unhappy", "table": "survey", "where": {"recommend": {"at_most": 6}},
     "owner": "Head of service", "days": 3},
    {"name": "unsolved", "table": "interactions", "where": {"resolved": False, "kind": ["bill"]},
     "owner": "Hotline", "days": 1, "since": 10},
]  # fmt: skip


def made(make_study: MakeStudy, rules: list[dict[str, Any]] = RULES) -> Study:
    card = {"service": {"follow_up": rules}}
    return make_study(card, survey=SURVEY, interactions=CONTACTS)


def test_rules_find_whom_they_name_with_owner_and_day(make_study: MakeStudy) -> None:
    found = find_follow_ups(made(make_study))
    rows = found[["customer_id", "rule", "opened", "owner_role", "due"]].to_numpy().tolist()
    # D answered too long ago, and the fourth unhappy one is not known
    assert rows == [
        ["A", "unhappy", "2025-12-20", "Head of service", "2025-12-23"],
        ["A", "unsolved", "2025-12-28", "Hotline", "2025-12-29"],
        ["C", "unhappy", "2025-12-29", "Head of service", "2026-01-01"],
    ]
    assert found["about"].tolist() == ["w", "bill", "w"]


def test_what_was_written_stays_and_nobody_is_asked_twice(make_study: MakeStudy) -> None:
    study = made(make_study)
    first = update_follow_ups(study)
    assert (first.added, first.open, first.late) == (3, 3, 2)
    assert stat.S_IMODE(first.path.stat().st_mode) == 0o600
    assert first.path.relative_to(study.folder).parts[0] == "private"
    written = pd.read_csv(first.path, dtype=str, keep_default_na=False)
    written.loc[0, ["closed", "action", "settled"]] = ["2025-12-22", "call", "yes"]
    written["note"] = ["a word", "", ""]
    written.to_csv(first.path, index=False)
    again = update_follow_ups(study)
    assert (again.added, again.open) == (0, 2) and again.cases.loc[0, "note"] == "a word"
    # the list is a table of the study like others, without the ids of its files
    text = (study.folder / "study.yml").read_text("utf-8")
    place = "  follow_ups: {path: private/follow_up.csv}\n"
    (study.folder / "study.yml").write_text(text.replace("tables:\n", f"tables:\n{place}"), "utf-8")
    kept = open_tables(load_study(study.folder), cache=False).frame("follow_ups")
    assert len(kept) == 3 and not {"A", "C"} & set(kept["customer_id"])
    assert kept["settled"].sum() == 1 and kept["closed"].notna().sum() == 1


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ([], "no rule by which customers are asked again"),
        ([{**RULES[0], "table": "surveys"}], "no table 'surveys'"),
        ([{**RULES[0], "where": {"recomend": {"at_most": 6}}}], "'survey' has no recomend"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_followed_says_why(
    make_study: MakeStudy, rules: list[dict[str, Any]], said: str
) -> None:
    with pytest.raises(DataError, match=said):
        find_follow_ups(made(make_study, rules))
