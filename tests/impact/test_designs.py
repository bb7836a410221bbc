"""A design is one file: found without a list, admitted by its own rule, preferred by its rank."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pandas as pd
import pytest

import workbench.impact.designs as room
from workbench.impact import Situation, known_designs, select_design
from workbench.impact.checks import CHECKS
from workbench.study import Case

STUB = """
from workbench.impact.designs.design import Design

STUB = Design(
    name="asked a colleague",
    family="glance",
    shape="units",
    assumption="The colleague knows.",
    grade=0,
    lacks=lambda s: "" if s.n_treated > 99 else "too few to ask about",
    answer=lambda panel, case, level: 1 / 0,
    rank=-9,
)
"""


def card(chosen: str, **options) -> Case:
    given = {"name": "x", "title": "t", "start": "2025-01-01", "chosen": chosen, **options}
    return Case.model_validate({**given, "outcomes": [{"indicator": "sales", "direction": "up"}]})


@pytest.fixture
def with_stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "colleague.py").write_text(STUB, encoding="utf-8")
    monkeypatch.setattr(room, "__path__", [*room.__path__, str(tmp_path)])
    known_designs.cache_clear()
    yield
    known_designs.cache_clear()
    sys.modules.pop("workbench.impact.designs.colleague", None)


def test_a_design_in_a_new_file_is_found_admitted_and_preferred(with_stub: None) -> None:
    assert next(iter(known_designs())) == "asked a colleague"
    many = Situation(card("random"), "sales", n_treated=100, n_other=100)
    assert select_design(many).design == "asked a colleague"
    few = select_design(Situation(card("random"), "sales", n_treated=99, n_other=100))
    assert few.design == "chosen at random"
    row = few.table.set_index("design").loc["asked a colleague"]
    assert not row["admissible"] and row["reason"] == "too few to ask about"


def test_two_designs_of_one_name_are_refused(tmp_path: Path, monkeypatch) -> None:
    for name in ("one", "two"):
        (tmp_path / f"colleague_{name}.py").write_text(STUB, encoding="utf-8")
    monkeypatch.setattr(room, "__path__", [*room.__path__, str(tmp_path)])
    known_designs.cache_clear()
    try:
        with pytest.raises(TypeError, match="two designs are called 'asked a colleague'"):
            known_designs()
    finally:
        known_designs.cache_clear()
        for name in ("one", "two"):
            sys.modules.pop(f"workbench.impact.designs.colleague_{name}", None)


def test_ranks_are_each_taken_once_and_all_that_is_named_exists() -> None:
    ranks = [d.rank for d in known_designs().values() if d.rank is not None]
    assert len(ranks) == len(set(ranks)) and ranks == sorted(ranks)
    for design in known_designs().values():
        named = [other for other in design.beside if isinstance(other, str)]
        assert set(named) <= set(known_designs()) and design.name not in named
        assert not design.planned_as or known_designs()[design.planned_as].plan is not None


def test_every_check_applies_to_a_family_that_some_design_has() -> None:
    families = {design.family for design in known_designs().values()}
    assert all(check.families <= families and check.families for check in CHECKS)


@pytest.mark.parametrize(
    ("chosen", "starts", "admitted"),
    [
        ("everybody", 1, {"interrupted time series", "series with controls"}),
        ("volunteers", 2, {"staggered adoption"}),
        ("random", 2, {"staggered adoption"}),
    ],
)
def test_only_designs_for_the_shape_of_the_data_are_admitted(
    chosen: str, starts: int, admitted: set[str]
) -> None:
    options = {"unit": "everybody"} if chosen == "everybody" else {}
    facts = {"n_treated": 20, "n_other": 20, "before": 12, "after": 12}
    situation = Situation(card(chosen, **options), "sales", **facts, n_controls=1, n_starts=starts)
    table: pd.DataFrame = select_design(situation).table
    assert set(table.loc[table["admissible"], "design"]) == admitted
    other = table.set_index("design").loc["same baseline", "reason"]
    expected = "nobody is left to compare with" if starts == 1 else "the units started at different"
    assert other.startswith(expected)


@pytest.mark.parametrize(("before", "after"), [(7, 8), (8, 7), (8, 8)])
def test_a_series_needs_eight_periods_on_each_side(before: int, after: int) -> None:
    case = card("everybody", unit="everybody")
    picked = select_design(Situation(case, "sales", 1, 0, before=before, after=after))
    assert bool(picked.design) is (before == after)


@pytest.mark.parametrize(("met", "design"), [(9, "same baseline"), (10, "same rule")])
def test_ten_customers_must_have_met_the_same_rule(met: int, design: str) -> None:
    situation = Situation(card("rule", selected_on="sales"), "sales", 50, 50, n_same_rule=met)
    assert select_design(situation).design == design


def test_a_designs_name_stands_among_the_designs_alone() -> None:
    names, designs = set(known_designs()), Path(room.__file__).parent
    texts = {
        path: path.read_text(encoding="utf-8")
        for path in designs.parent.rglob("*.py")
        if designs not in path.parents
    }
    named = [
        f"{path.name}:{node.lineno} {node.value}"
        for path, text in texts.items()
        if any(name in text for name in names)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in names
    ]
    assert not named, named
