"""`verify` holds what case pages say of their plans against the register."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.impact.cards import case_of
from workbench.bundle.parts import FACTS, Bundle
from workbench.bundle.plans import plan_faults, plans_said
from workbench.study import add_plan
from workbench.study.plans import plan_file

RAW = {"name": "app", "title": {"en": "app"}, "start": dt.date(2025, 6, 1),
       "outcomes": [{"indicator": "sales"}], "horizon": 12}  # fmt: skip
MADE = {"study": "shop", "run": "r", "made": "2026-02-01T09:00:00+00:00", "data": "none",
        "inputs": {}, "left_out": {}, "seeds": {}, "code": {}, "environment": {}}  # fmt: skip
SAID = "run/results/case_evaluation-app/findings.json"


def bundle(folder: Path, verdict: str = "kept", day: str = "2025-03-01", **more: Any) -> Bundle:
    at = dt.datetime.fromisoformat(f"{day}T09:00:00+00:00")
    case = case_of("app", "2025-06-01", horizon=12)
    added = add_plan(folder, case, {}, at)
    assert added is not None
    found = [{"key": "plan", "verdict": verdict, "values": {"hash": added.hash[:16]}}]
    return Bundle(
        {
            "study/study.yml": yaml.safe_dump({"cases": [RAW | more]}).encode(),
            "study/plans/app.jsonl": plan_file(folder, "app").read_bytes(),
            SAID: json.dumps(found).encode(),
            FACTS: json.dumps(MADE).encode(),
        },
        folder,
    )


def test_a_page_that_says_what_the_register_says_agrees(tmp_path: Path) -> None:
    made = bundle(tmp_path)
    assert list(plan_faults(made)) == []
    assert plans_said(made).startswith("of 1 cases 1 have")
    without = Bundle({n: d for n, d in made.files.items() if "plans/" not in n}, tmp_path)
    (fault,) = plan_faults(without)
    assert fault.where == SAID and "none is in the register" in fault.what


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"day": "2025-07-01"}, "registered after the start"),
        ({"verdict": "late"}, "registered before the start"),
        ({"verdict": "none"}, "registered before the start"),
        ({"horizon": 24}, "the card differs in horizon"),
        ({"day": "2026-03-01", "verdict": "late"}, "a later time than the bundle's"),
    ],
)
def test_a_page_that_says_something_else_is_named(
    tmp_path: Path, options: dict[str, Any], what: str
) -> None:
    faults = list(plan_faults(bundle(tmp_path, **options)))
    assert any(what in fault.what for fault in faults), faults


def test_a_changed_register_is_named_with_its_line(tmp_path: Path) -> None:
    made = bundle(tmp_path)
    name = "study/plans/app.jsonl"
    changed = made.files[name].replace(b'"horizon": 12', b'"horizon": 36')
    (fault,) = plan_faults(Bundle({**made.files, name: changed}, tmp_path))
    assert fault.where == f"{name}, line 1" and fault.kind == "plan"
