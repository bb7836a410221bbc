"""A case's plan: foreseen from the time before alone, and held against what was done."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from tests.impact.examples import CASE, MONTHS, START, evaluation, records
from workbench.impact import CaseData, hold_to_plan, plan_case
from workbench.study import Case, PlanRegister, RegisteredPlan
from workbench.study.plans import card_of

AS_OF = dt.date(2025, 4, 30)


def plan(day: str, case: Case = CASE, facts: dict | None = None) -> RegisteredPlan:
    at = dt.datetime.fromisoformat(f"{day}T09:00:00+00:00")
    return RegisteredPlan(case.name, at, card_of(case), facts or {}, hash=f"{day:>16}")


def test_a_plan_looks_at_the_time_before_alone() -> None:
    rows = records()
    other = pd.Series(range(len(rows)), index=rows.index, dtype=float)
    later = rows.assign(estimate=rows["estimate"].where(rows["period"] < START, 900 + other))
    one, other = (plan_case(CASE, CaseData([frame]), as_of=AS_OF) for frame in (rows, later))
    assert one == other
    (told,) = one["outcomes"]
    assert told["design"] == "chosen at random" and told["after"] == 5
    assert 0 < told["detectable"] < 0.2


def test_a_case_that_has_not_begun_is_foreseen_as_if_it_had() -> None:
    ahead = CASE.model_copy(update={"start": dt.date(2025, 9, 1)})
    (told,) = plan_case(ahead, CaseData([records()]), as_of=AS_OF)["outcomes"]
    assert told["design"] == "chosen at random" and told["after"] == 4
    assert told["treated"] == told["others"] == 6
    short = records()[lambda t: t["period"] < MONTHS[1]]
    (none,) = plan_case(ahead, CaseData([short]), as_of=AS_OF)["outcomes"]
    assert none["design"].startswith("none: ")


@pytest.mark.parametrize(
    ("plans", "verdict", "keys"),
    [
        ([], "none", []),
        ([plan("2024-10-31")], "kept", []),
        ([plan("2024-11-02")], "late", []),
        ([plan("2024-10-01"), plan("2024-10-05", CASE.model_copy(update={"horizon": 6}))],
         "differs", ["horizon"]),
        ([plan("2024-10-01", CASE.model_copy(update={"horizon": 6})), plan("2024-10-05")],
         "kept", []),
        ([plan("2024-10-01", CASE.model_copy(update={"horizon": 6})), plan("2024-12-05")],
         "changed", ["horizon"]),
    ],
)  # fmt: skip
def test_the_page_says_whether_there_was_a_plan_and_whether_it_was_kept(
    plans: list[RegisteredPlan], verdict: str, keys: list[str]
) -> None:
    held = hold_to_plan(CASE, PlanRegister(tuple(plans)))
    (said,) = held.findings()
    assert held.verdict == said.verdict == verdict and list(held.keys) == keys
    assert (said.severity == "ok") == (verdict == "kept")
    assert len(held.table) > 0 or verdict == "none"


def test_what_was_planned_stands_beside_what_was_done() -> None:
    facts = plan_case(CASE, CaseData([records()]), as_of=AS_OF)
    held = hold_to_plan(CASE, PlanRegister((plan("2024-10-31", facts=facts),)), [evaluation()])
    rows = held.table.set_index("what")
    assert rows.loc["Design", ["planned", "done", "same"]].tolist() == [
        "chosen at random", "chosen at random", "as planned",
    ]  # fmt: skip
    seen = rows.loc["Smallest effect that could be seen, and half the interval"]
    assert seen["planned"].endswith("%") and seen["done"].endswith("%") and seen["same"] == ""


def test_a_register_that_was_changed_counts_for_nothing() -> None:
    held = hold_to_plan(CASE, PlanRegister(fault="app.jsonl, line 2: its hash differs"))
    (said,) = held.findings()
    assert held.verdict == "broken" and "line 2" in said.values["fault"]
    assert isinstance(held.table, pd.DataFrame) and held.table.empty
