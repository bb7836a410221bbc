"""What a card says of a table's file is checked before anything is read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.study.test_card import problem, write
from workbench.study import Table, load_study
from workbench.study.fields import RowSelection
from workbench.study.formula import read_formula

CARD = """
title: A shop
as_of: 2025-12-31
tables:
  transactions: {{path: t.csv, {keys}}}
"""


def table(folder: Path, keys: str) -> Table:
    return load_study(write(folder, CARD.format(keys=keys))).tables["transactions"]


def test_rows_are_chosen_by_one_value_several_or_all_but_these(tmp_path: Path) -> None:
    keys = (
        "where: {Stage: Closed Won, Paid: [yes, 1], Status: {not: [cancelled, 已作废]}, Void: ''}"
    )
    assert table(tmp_path, keys).where == {
        "Stage": RowSelection(values=("Closed Won",)),
        "Paid": RowSelection(values=(True, 1)),
        "Status": RowSelection(values=("cancelled", "已作废"), excluded=True),
        "Void": RowSelection(values=("",)),
    }


def test_formats_and_missing_texts_hold_everywhere_or_by_column(tmp_path: Path) -> None:
    keys = "columns: {date: Sold}, date_format: {date: '%d/%m/%y'}, missing: {amount: [0, n/a]}"
    by_column = table(tmp_path, keys)
    assert (by_column.format_of("date"), by_column.format_of("paid_on")) == ("%d/%m/%y", None)
    assert (by_column.missing_in("amount"), by_column.missing_in("date")) == (("0", "n/a"), ())
    by_file = table(tmp_path, "columns: {date: Sold}, date_format: {Sold: unix}, missing: 99")
    assert (by_file.format_of("date"), by_file.missing_in("anything")) == ("unix", ("99",))


def test_heading_rows_are_one_or_several_in_order(tmp_path: Path) -> None:
    assert table(tmp_path, "header: 3").header == (3,)
    assert table(tmp_path, "header: [1, 2]").header == (1, 2)
    assert table(tmp_path, "footer: 2").header == ()


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("where: {Stage: []}", r"where.Stage: \[\] is no value to filter by"),
        ("where: {Stage: {is: won}}", r"or `\{not: \[...\]\}` for those to leave out"),
        ("header: [1, 3]", r"heading rows follow one another; write \[1, 2\], not \[1, 3\]"),
        ("header: 0", "greater than or equal to 1"),
        ("thousands: ',', decimal: ','", "cannot both be ','"),
        ("amount: quantity *", "'quantity \\*' cannot be computed"),
        ("amount: Unit price * 2", "names that are no plain word stand in backticks"),
        ("amount: sum(price)", r"not 'sum\(price\)'"),
        ("amount: 100", "it names no column"),
        ("amount_unit: cents", "'cents' is not one of .*did you mean 'cent'"),
        ("sheet: Sales", "belongs to a workbook only"),
    ],
)
def test_a_key_that_cannot_be_says_why(tmp_path: Path, keys: str, message: str) -> None:
    with pytest.raises(Exception, match=message):
        table(tmp_path, keys)


def test_only_a_file_has_headings_and_only_transactions_have_amounts(tmp_path: Path) -> None:
    card = "title: A\nas_of: 2025-12-31\ntables: {customers: {%s}}\n"
    assert "`header` belongs to a file" in problem(tmp_path, card % "sql: SELECT 1, header: 2")
    text = problem(tmp_path, card % "path: c.csv, amount_unit: cent")
    assert "tables.customers.amount_unit: only a table of transactions has amounts" in text


def test_a_formula_is_arithmetic_over_any_names() -> None:
    formula = read_formula("(`Unit price （元）` × 数量) - discount / 2 + -3")
    assert formula.names == ("Unit price （元）", "数量", "discount")
    values = {"Unit price （元）": 2.5, "数量": 4, "discount": 1.0}
    assert sum(term.sign * term.value(values) for term in formula.terms) == 2.5 * 4 - 0.5 - 3


def test_the_card_that_readme_shows_is_read(tmp_path: Path) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(tables:\n  transactions:.*?)```", readme, re.DOTALL)
    card = f"title: A shop\nas_of: 2025-12-31\n{block}"
    shown = load_study(write(tmp_path, card)).tables["transactions"]
    assert shown.header == (3,) and shown.amount_per == "order"
    assert {*Table.model_fields} - shown.model_fields_set == {
        "sql", "package", "zero_amounts", "part_of", "won", "lost", "coded", "roll_up",
    }  # fmt: skip


def test_every_part_of_a_card_that_readme_shows_is_read(tmp_path: Path) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    card: dict[str, Any] = {"title": "A shop", "as_of": "2025-12-31"}
    for block in re.findall(r"```yaml\n(.*?)```", readme, re.DOTALL):
        for part, said in yaml.safe_load(block).items():
            card[part] = {**card[part], **said} if part == "survey" and part in card else said
    card["tables"]["survey"] = {"path": "answers.csv"}
    parent = {**card["goals"][0], "name": "satisfaction_up", "indicator": "satisfaction"}
    parent = {key: said for key, said in parent.items() if key not in ("parent", "weight")}
    card["goals"][0]["weight"] = 1  # the other goals that serve the same one are not shown
    card["goals"].append(parent | {"why": "It is what they are here for.", "warn_above": None})
    study = load_study(write(tmp_path, yaml.safe_dump(card, allow_unicode=True)))
    assert {"tables", "survey", "goals", "actions", "cases", "alerts", "service", "instrument"} <= (
        study.model_fields_set
    )
    assert study.case("service_desk").treated == {"city": ("Qingdao", "Dalian", "Xiamen")}


def test_a_term_within_brackets_may_be_blank_by_itself() -> None:
    formula = read_formula("(quantity * price - discount) * 1.2 / (1 + 1)")
    assert [term.names for term in formula.terms] == [("quantity", "price"), ("discount",)]
    columns = {"quantity": 2, "price": 10.0, "discount": 5.0}
    assert sum(t.sign * t.value(columns) for t in formula.terms) == pytest.approx(9.0)
    nested = read_formula("-(a - (b - 2)) * (c + 3)")
    values = {"a": 7.0, "b": 4.0, "c": 1.0}
    assert sum(t.sign * t.value(values) for t in nested.terms) == pytest.approx(-20.0)
