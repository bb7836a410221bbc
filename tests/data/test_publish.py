"""A column of the file's own reaches a page only when the card lists it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from workbench.data import open_tables
from workbench.errors import DataError
from workbench.new.study import understood
from workbench.study import Study, read_card

SOLD = "customer_id,date,amount,shop,note,Full Name\n" + "".join(
    f"C{i % 7},2025-01-{i % 28 + 1:02d},{i},{'East' if i % 2 else 'West'},remark no {i},P {i % 7}\n"
    for i in range(1, 61)
)


def study(folder: Path, **table: object) -> Study:
    (folder / "transactions.csv").write_text(SOLD)
    card = {
        "title": "Shop",
        "as_of": "2025-12-31",
        "simulated": True,
        "tables": {"transactions": {"path": "transactions.csv", **table}},
    }
    (folder / "study.yml").write_text(yaml.safe_dump(card))
    return read_card(folder / "study.yml")


@pytest.mark.parametrize(
    ("listed", "own"), [(["shop"], {"shop"}), ([], set()), (None, {"shop", "note"})]
)
def test_of_the_files_own_columns_those_that_are_listed_are_read(
    tmp_path: Path, listed: list[str] | None, own: set[str]
) -> None:
    more = {} if listed is None else {"publish": listed}
    for cache in (False, True):
        tables = open_tables(study(tmp_path, **more), cache=cache)
        columns = set(tables.frame("transactions").columns)
        assert columns == {"customer_id", "date", "amount"} | own
        assert tables.report_of("transactions").kept == 60


def test_a_column_that_the_card_names_for_another_reason_is_read(tmp_path: Path) -> None:
    asked = study(tmp_path, publish=[], where={"shop": ["East", "West"]})
    assert "shop" in open_tables(asked, cache=False).frame("transactions").columns


@pytest.mark.parametrize(
    ("listed", "said"),
    [(["shops"], "did you mean 'shop'"), (["Full Name"], "says who somebody is")],
)
def test_what_cannot_be_shown_is_refused(tmp_path: Path, listed: list[str], said: str) -> None:
    with pytest.raises(DataError, match=said):
        open_tables(study(tmp_path, publish=listed), cache=False).frame("transactions")


def test_a_new_card_proposes_groups_and_no_persons_and_no_texts(tmp_path: Path) -> None:
    from datetime import date

    from workbench.new.card import card_text

    path = tmp_path / "transactions.csv"
    path.write_text(SOLD)
    text = card_text("shop", understood([path]), as_of=date(2025, 12, 31))
    assert yaml.safe_load(text)["tables"]["transactions"]["publish"] == ["shop"]


#: What a column may hold that no name gives away, seven customers each with their own.
PERSONS = {
    "names": "Anna Meier;Tom Baker;Wei Zhang;Grace Kim;Olga Petrova;Hans Vogel;Maria Lopez",
    "Chinese names": "李铁柱;王小明;欧阳震华;刘思雨;陈晨;张伟;马晓东",
    "phones": ";".join(f"+49 170 55123{n:02d}" for n in range(7)),
    "mail": ";".join(f"k{n}@post.example" for n in range(7)),
}


def held(folder: Path, values: str) -> Path:
    """Write the sales with a column whose name says nothing."""
    own = values.split(";")
    rows = [line.split(",") for line in SOLD.splitlines()]
    rows[0][4] = "feld9"
    for i, row in enumerate(rows[1:]):
        row[4] = own[int(row[0][1:])] if len(own) > 2 else own[i % 2]
    path = folder / "transactions.csv"
    path.write_text("\n".join(map(",".join, rows)) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("what", PERSONS)
def test_values_that_are_persons_are_not_proposed_and_refused_when_listed(
    tmp_path: Path, what: str
) -> None:
    from datetime import date

    from workbench.new.card import card_text

    asked = study(tmp_path, publish=["feld9"])
    path = held(tmp_path, PERSONS[what])
    text = card_text("shop", understood([path]), as_of=date(2025, 12, 31))
    assert yaml.safe_load(text)["tables"]["transactions"]["publish"] == ["shop"]
    with pytest.raises(DataError, match="names or contacts of persons"):
        open_tables(asked, cache=False).frame("transactions")


@pytest.mark.parametrize(
    "groups",
    ["Georgia;Virginia;Carolina;Florida;Texas;Ohio;Utah", "华东;华南;华北;华中;西南;西北;东北",
     "Basic;Plus;Premium;Family;Student;Senior;Business", "金卡;银卡;普通卡;黑卡;白金卡;钻石卡;无",
     "San Diego;New York;Los Angeles;El Paso;Fort Worth;Las Vegas;Salt Lake City"],
)  # fmt: skip
def test_groups_may_be_shown_though_they_sound_like_names(tmp_path: Path, groups: str) -> None:
    asked = study(tmp_path, publish=["feld9"])
    held(tmp_path, groups)
    assert "feld9" in open_tables(asked, cache=False).frame("transactions")
