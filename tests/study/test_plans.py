"""The register of plans: what stands in it cannot be changed in silence."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.impact.cards import case_of
from workbench.study import PlanError, PlanRegister, add_plan
from workbench.study.plans import plan_file, read_plans

CASE = case_of("app", "2025-06-01", outcome="sales", horizon=12)
EARLY = dt.datetime(2025, 3, 1, 12, tzinfo=dt.UTC)


def register(folder: Path) -> Path:
    """Write three plans of a case."""
    for days, horizon in ((0, 12), (10, 24), (200, 6)):
        case = CASE.model_copy(update={"horizon": horizon})
        now = EARLY + dt.timedelta(days=days)
        assert add_plan(folder, case, {"power": 0.8}, now) is not None
    return plan_file(folder, "app")


def test_a_plan_has_its_time_and_hash_and_the_same_is_registered_once(tmp_path: Path) -> None:
    path = register(tmp_path)
    plans = read_plans(tmp_path, "app")
    assert [p.at.date().isoformat() for p in plans] == ["2025-03-01", "2025-03-11", "2025-09-17"]
    assert [p.before(CASE.start) for p in plans] == [True, True, False]
    assert plans[1].previous == plans[0].hash and len({p.hash for p in plans}) == 3
    same = CASE.model_copy(update={"horizon": 6})
    assert add_plan(tmp_path, same, {"power": 0.8}, EARLY + dt.timedelta(days=300)) is None
    assert len(path.read_text().splitlines()) == 3
    with pytest.raises(PlanError, match="later than now"):
        add_plan(tmp_path, CASE, {}, EARLY)


def test_it_is_told_what_was_changed_and_names_are_no_plan(tmp_path: Path) -> None:
    register(tmp_path)
    first, second, _ = read_plans(tmp_path, "app")
    assert first.changes(second.card) == ["horizon"] and first.changes(CASE) == []
    told = CASE.model_copy(update={"title": {"en": "Another name"}})
    assert first.changes(told) == []
    claimed = case_of("app", "2025-06-01", horizon=12).model_copy(
        update={"outcomes": (CASE.outcomes[0].model_copy(update={"claimed": 0.2}),)}
    )
    assert first.changes(claimed) == ["outcomes.sales.claimed"]


def _digit(lines: list[str]) -> None:
    lines[0] = lines[0].replace('"horizon": 12', '"horizon": 13')


def _time(lines: list[str]) -> None:
    lines[2] = lines[2].replace("2025-09-17", "2025-03-17")


def _sealed_anew(lines: list[str]) -> None:
    from workbench.study import plans

    told = json.loads(lines[0])
    told["card"]["horizon"] = 13
    again = plans.RegisteredPlan(
        told["case"], dt.datetime.fromisoformat(told["at"]), told["card"], told["facts"]
    )
    lines[0] = json.dumps({**again.content, "hash": plans._hash(again)})


def _torn(lines: list[str]) -> None:
    lines[1] = lines[1][:40]


@pytest.mark.parametrize(
    ("change", "line"),
    [(_digit, 1), (_time, 3), (_sealed_anew, 2), (_torn, 2),
     (lambda lines: lines.pop(0), 1), (lambda lines: lines.pop(1), 2),
     (lambda lines: lines.reverse(), 1)],
)  # fmt: skip
def test_a_changed_line_is_named(
    tmp_path: Path, change: Callable[[list[str]], object], line: int
) -> None:
    path = register(tmp_path)
    lines = path.read_text(encoding="utf-8").splitlines()
    change(lines)
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(PlanError, match=rf"app\.jsonl, line {line}: "):
        read_plans(tmp_path, "app")
    told = PlanRegister.of(tmp_path, "app")
    assert told.plans == () and f"line {line}" in told.fault
