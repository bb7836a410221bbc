"""Whatever card, tables and comments hold: they are checked, or refused in words; nothing else."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import os
import shutil
import signal
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.data import conftest as small
from tests.study.test_fuzz import NASTY, YAML
from workbench.data import check_study, open_tables
from workbench.errors import WorkbenchError
from workbench.study import read_card

SECRET = "TOPSECRET"
#: Seconds of CPU that one case may take: more is a case that hangs.
PATIENCE = 20
PARTS, OF_EACH = 40, 250
SETTINGS: dict[str, Any] = {
    "deadline": None, "suppress_health_check": list(HealthCheck), "database": None,
    "phases": (Phase.explicit, Phase.generate),
}  # fmt: skip

#: What stands in cells where a number, a day, a name or a comment belongs.
CELLS: list[str] = [
    "", " ", "0", "-1", "1e308", "1e400", "-1e400", "NaN", "nan", "inf", "-inf", "Infinity",
    "9" * 400, "-0.0",
    "1.234,56", "1,234.56", "1 234", "12%", "5.00-", "(5.00)", "US$ 7",
    "￥１２.５", "1.2万", "١٢٣", "½",
    "0x1F", "1_000", "1e-320", "+-3", "--", "=1+1", "=cmd|'/c calc'!A1", "@SUM(A1)", "#REF!",
    "#DIV/0!",
    "2025-02-30", "0000-00-00", "9999-12-31", "1900-01-00", "31/12/2025",
    "2025-01-05T10:00:00+99:00",
    "2025-01-05 23:59:60", "1735689600", "45000", "-2147483648", "99999999999999999999",
    "二〇二五年一月五日",
    "null", "None", "NULL", "N/A", "unknown", "guest", "散客", "TRUE", "yes", "是",
    "\u202eabc", "\u200b", "\ufeff", "\x1f", "é", "e\u0301", "ﬁ", "Ⅷ", "👩‍👩‍👧‍👦", "𝟙𝟚",
    "\U000e0041", "ß" * 50,
    "a" * 5000, "a\nb", 'a"b', "a'b", "a,b;c\td|e", "'; drop table t; --", "${HOME}",
    "%s{n}{0.__class__}",
    "<script>alert(1)</script>", "**NEVER**", "{{< include /etc/passwd >}}", "\\(^o^)/",
    "[x](javascript:y)",
    "li.wei@example.com", "138 1234 5678", "110101199003070038", "../outside.csv", "/etc/passwd",
]  # fmt: skip
COMMENTS: list[str] = [
    "Great service, thank you.", "服务很好，谢谢。", "", "!!!!!!!!", "a" * 20_000, "😡" * 300,
    "。" * 500,
    "no " * 2000,
    "\u202e.drawkcab", "{n} {0} %(x)s", "<b>bold</b> & <i>", "**NEVER** {{< >}} \\(^o^)/",
    "$x^2$ \\frac{1}",
    "mail li.wei@example.com or call 138 1234 5678", "我叫欧阳震华，身份证110101199003070038",
    "\x00\x01\x02",
    "https://" + "a." * 500 + "com", "1" * 3000, "I am Dr " * 200, "\n\n\n", "\ud83d",
    "ａｂｃ＠ｄ．ｃｏｍ",
    "((((" * 200,
]  # fmt: skip

TABLES: dict[str, str] = {
    "transactions": small.TRANSACTIONS, "customers": small.CUSTOMERS, "contracts": small.CONTRACTS,
    "interactions": small.INTERACTIONS, "series": small.SERIES, "ratings": small.RATINGS,
    "survey": "respondent_id,wave,answered_on,customer_id,csat5,recommend,exp_01,per_01,comment\n"
    "R1,2025-H1,2025-01-10,A,5,9,7,6,Great\nR2,2025-H1,2025-02-10,B,3,6,5,5,It was slow.\n"
    "R3,2025-H2,2025-08-11,,2,0,6,3,等了很久\nR4,2025-H2,2025-08-12,C,4,7,7,7,\n",
    "accounts": "customer_id,parent_id,industry,size,potential,owner_role\nA,,steel,big,900,west\n"
    "B,A,steel,small,90,west\nC,,paper,big,,east\n",
    "opportunities": "opportunity_id,customer_id,stage,amount,opened,closed,source,reason\n"
    "O1,A,Closed Won,500,2025-01-05,2025-02-01,web,\nO2,B,Proposal,300,2025-02-05,,fair,\n",
    "stages": "opportunity_id,stage,entered\nO1,Proposal,2025-01-05\nO1,Closed Won,2025-02-01\n",
    "leads": "lead_id,created,source,converted_on\nL1,2025-01-05,web,2025-01-09\nL2,2025-02-01,,\n",
    "contacts": "contact_id,customer_id,role,last_on\nP1,A,buyer,2025-05-01\nP2,B,user,\n",
    "visits": "customer_id,date,number\nA,2025-01-05,2\nB,2025-02-05,1\n",
    "steps": "ticket_id,activity,at\nT1,open,2025-01-05 09:00\nT1,close,2025-01-06 10:00\n",
    "treatments": "case,customer_id,start\ndesk,A,2025-02-01\ndesk,B,2025-02-01\n",
    "labelled_comments": "comment,positive\nGreat,yes\nSlow,no\n",
    "interactions_calls": "at,abandoned,response_hours\n2025-01-05 09:00,no,0.1\n",
}  # fmt: skip
#: Where they lie apart, what the card may say of them, in some order from usual to hostile.
OPTIONS: dict[str, list[Any]] = {
    "encoding": ["gb18030", "utf-16", "latin-1", "idna", "rot13", "unicode_escape", "undefined",
    "base64"],
    "delimiter": [";", "\t", "|", "", "ab", "\n", '"', " "],
    "header": [1, 2, 3, [1, 2], [2, 1], 10**9, []], "footer": [0, 1, 5, 10**9],
    "sheet": ["Sheet1", "none", 0, -1, 10**9], "decimal": [",", "."], "thousands": [".", ",", " ",
    "'"],
    "date_format": ["%Y-%m-%d", "%d/%m/%Y", "%Q", "excel", "unix", "unix_ms", {"date": "%y"}, "%",
    "%c", ""],
    "missing": [["A"], {"amount": ["5"]}, {"nope": ["x"]}, [""], {"customer_id": []}],
    "columns": [{"customer_id": "amount"}, {"amount": "nope"}, {"date": "date", "at": "date"},
    {"": ""},
                {"customer_id": "customer_id", "name": "customer_id"}],
    "where": [{"channel": ["web"]}, {"channel": {"not": ["web"]}}, {"nope": ["x"]}, {"channel": ""},
              {"amount": ["' or 1=1 --"]}],
    "amount": ["none", "amount * 2", "amount / 0", "amount - `channel`",
    "__import__('os').system('x')",
               "amount ** 99999999", "(" * 500 + "amount" + ")" * 500, "`nope` + 1",
               "amount + " * 300 + "1",
               "read_csv('/etc/passwd')", "1", "", "amount; drop table t", "9" * 400 + " * amount"],
    "amount_unit": ["cent", "million"], "amount_per": ["order", "row"], "part_of": ["customers",
    "nope", "transactions"],
    "fill_down": [["customer_id"], ["nope"]], "group_rows": ["customer", "amount"],
    "refunds": ["net", "set_aside", "keep"], "refund_rows": [{"channel": ["web"]}, {"nope": ["x"]}],
    "duplicates": ["keep", "set_aside"], "publish": [["region"], ["nope"], []],
    "consent": [{"channel": ["web"]}],
    "keep_until": [dt.date(1999, 1, 1), dt.date(9999, 12, 31)], "purpose": ["Billing", "**NEVER**"],
    "response_unit": ["second", "day"], "fee_per": ["year"], "resolved": [["yes"]],
    "won": [["Proposal"]],
    "lost": [["Closed Won"]],
    "path": ["../outside.csv", "/etc/passwd", "~/x.csv", "link.csv", "*.csv", "nope.csv", ".",
    "a\0b", "x" * 5000,
             "study.yml", "http://example.org/a.csv"],
    "sql": ["select 1", "select * from '../outside.csv'", "copy (select 1) to 'evil.csv'"],
}  # fmt: skip
WHOLE: dict[str, list[Any]] = {
    "as_of": [dt.date(1, 1, 1), dt.date(9999, 12, 31), dt.date(2024, 2, 29)],
    "time_zone": ["UTC", "Mars/Base", "../../etc/passwd", "Asia/Shanghai"], "currency": ["EUR",
    "XXX", "€€€"],
    "languages": [["zh"], ["en", "zh", "zh-TW"], []],
    "privacy": [{"min_cell": 10**9}, {"min_cell": 1, "p_percent": 0}, {"dominance": [1, 50]},
    {"key_env": "NOPE"}],
    "survey": [{"scale": [1, 5]}, {"scale": [5, 1]}, {"scale": [0, 10**12]},
    {"items": {"01": "One"}},
               {"answers": {"csat5": {"Great": 5}}}, {"weights": {"margins": {"gender": {"f": 0.5,
               "m": 0.5}}}},
               {"long": {"item": "wave", "value": "csat5"}}, {"reversed": ["01", "77"]},
               {"codebook": "../x.yml"},
               {"groups": ["nope"]}, {"open": {"comment": "x"}},
               {"attention": {"csat5": {"right": [5]}}},
               {"questions": {"wave": {"several": ";"}}}, {"coded": "random"}],
    "goals": [[{"name": "g", "title": "G", "indicator": i, "every": e, "target": t,
    "deadline": dt.date(2025, 9, 30),
                "baseline": {"value": 1, "date": dt.date(2024, 12, 31), "how": "stated"},
                "where": w}]
              for i, e, t, w in (("sales", "month", 1e308, {}), ("churn", "wave", -1,
              {"region": "North"}),
                                 ("rows.transactions", "week", 0, {}), ("csat", "quarter", 5,
                                 {"nope": "x"}),
                                 ("nope", "year", 1, {}))],
    "cases": [[{"name": "desk", "title": "Desk", "start": s, "chosen": c, "unit": u,
    "outcomes": [{"indicator": i}]}]
              for s, c, u, i in ((dt.date(2025, 2, 1), "random", "customer", "sales"),
                                 (dt.date(9999, 1, 1), "everybody", "everybody", "churn"),
                                 (dt.date(2025, 2, 1), "rule", "region", "customers.spend"))],
    "alerts": [{"watch": [{"indicator": "sales", "by": "region"}]},
    {"watch": [{"indicator": "missing.transactions.channel"}]},
               {"tables": {"transactions": {"days": 3, "columns": ["order_id", "nope"],
               "missing": {"amount": 0.01}}}}],
    "segments": [{"by": ["region"]}, {"by": [["region", "channel"]]}, {"cuts": [1, 2]}],
    "service": [{"open": {"mon-fri": "09:00-18:00"}, "response": 4},
    {"open": {"mon-sun": "00:00-24:00"}},
                {"closed": [dt.date(2025, 1, 6)], "open": {"mon": "18:00-09:00"}}],
    "connection": ["duckdb://../x.db", "postgres://nowhere.invalid/x", "sqlite:///etc/x"],
    "parameters": [{"clv": {"horizon": 10**12}}, {"nope": {"x": 1}}],
}  # fmt: skip
LAYOUTS = ("csv", "csv", "csv", "semicolon", "tab", "pipe", "titled", "utf-16", "gb18030",
"latin-1", "cr", "xlsx",
           "json", "jsonl", "parquet", "gz", "zip", "ods", "dta", "sav", "ragged", "cut",
           "noise")  # fmt: skip


@dataclass
class Case:
    """A study as somebody might hand it in: the card, and files by name."""

    card: dict[str, Any]
    files: dict[str, tuple[str, list[list[str]]]] = field(default_factory=dict)
    noise: bytes = b""
    beneath: str = ""


def rows_of(text: str) -> list[list[str]]:
    return [line.split(",") for line in text.strip().split("\n")]


@st.composite
def grids(draw: st.DrawFn, name: str) -> list[list[str]]:
    """Give a table's rows, heading first, with some of what does not belong there."""
    grid = rows_of(TABLES[name])
    wide = len(grid[0])
    for _ in range(draw(st.integers(0, 4))):
        at, column = draw(st.integers(1, len(grid) - 1)), draw(st.integers(0, wide - 1))
        scraps = COMMENTS if grid[0][column] == "comment" else CELLS
        grid[at][column] = draw(st.one_of(st.sampled_from(scraps), st.text(max_size=12)))
    what = draw(
        st.sampled_from(
            ["as it is"] * 8 + ["heading", "twice", "none", "column", "head again", "alone", "many"]
        )
    )
    column = draw(st.integers(0, wide - 1))
    if what == "heading":
        grid[0][column] = draw(st.one_of(st.sampled_from(CELLS), st.sampled_from(grid[0])))
    elif what == "twice":
        grid += grid[1:]
    elif what == "none":
        grid = grid[: draw(st.integers(0, 1))] or [[""]]
    elif what == "column":
        filler = draw(st.sampled_from(CELLS))
        grid = [grid[0], *([*row[:column], filler, *row[column + 1 :]] for row in grid[1:])]
    elif what == "head again":
        grid.insert(2, list(grid[0]))
    elif what == "alone":
        grid = [[cell] for cell, *_ in grid]
    elif what == "many":
        grid = [
            [*row, *(f"{n if at else 'c'}{n}" for n in range(60))] for at, row in enumerate(grid)
        ]
    return grid


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Give a small study of which one to five things are not what belongs there."""
    names = [draw(st.sampled_from(["transactions", "transactions", "survey", *TABLES]))]
    if not draw(st.integers(0, 3)):
        names.append(draw(st.sampled_from(sorted(TABLES))))
    card: dict[str, Any] = {
        "title": "Small",
        "simulated": True,
        "as_of": dt.date(2025, 12, 31),
        "tables": {},
    }
    case = Case(card, noise=draw(st.binary(max_size=60)))
    for name in dict.fromkeys(names):
        layout = draw(st.sampled_from(LAYOUTS))
        path = f"{name}.{ENDINGS.get(layout, 'csv')}"
        case.files[path] = (layout, draw(grids(name)))
        card["tables"][name] = {"path": path}
        for _ in range(draw(st.sampled_from([0, 0, 0, 1, 1, 2]))):
            key = draw(st.sampled_from(sorted(OPTIONS)))
            value = (
                draw(st.sampled_from(OPTIONS[key]))
                if draw(st.integers(0, 5))
                else draw(st.sampled_from(NASTY))
            )
            if key == "sql":
                card["tables"][name].pop("path", None)
            card["tables"][name][key] = value
    for _ in range(draw(st.sampled_from([0, 0, 1, 1, 2]))):
        key = draw(st.sampled_from(sorted(WHOLE)))
        card[key] = (
            draw(st.sampled_from(WHOLE[key]))
            if draw(st.integers(0, 7))
            else draw(st.sampled_from(NASTY))
        )
    for key in ("title", "description", "origin"):
        if not draw(st.integers(0, 5)):
            card[key] = draw(st.sampled_from([*COMMENTS, *NASTY]))
    if not draw(st.integers(0, 24)):
        case.beneath = YAML[draw(st.sampled_from(sorted(YAML)))]
    return case


ENDINGS = {"xlsx": "xlsx", "json": "json", "jsonl": "jsonl", "parquet": "parquet", "gz": "csv.gz",
"zip": "zip",
           "ods": "ods", "dta": "dta", "sav": "sav", "tab": "tsv"}  # fmt: skip


def written(layout: str, grid: list[list[str]], noise: bytes, path: Path) -> None:
    """Write a table in a layout; what a format cannot hold becomes what it can."""
    import csv

    # no half of a character: no file holds one
    grid = [[cell.encode("utf-8", "replace").decode() for cell in row] for row in grid]
    text = io.StringIO()
    mark = {"semicolon": ";", "tab": "\t", "pipe": "|"}.get(layout, ",")
    csv.writer(text, delimiter=mark, lineterminator="\r" if layout == "cr" else "\n").writerows(
        grid
    )
    said = text.getvalue()
    if layout == "titled":
        said = f"Report of sales\n\n{said}Total,,99\n"
    if layout == "ragged":
        said = said.replace(",", "", 3).replace("\n", ",x\n", 1)
    plain = said.encode()
    head = [cell[:30] or f"c{n}" for n, cell in enumerate(grid[0])]
    frame = pd.DataFrame([(row + [""] * len(head))[: len(head)] for row in grid[1:]], columns=head)
    if layout in ("xlsx", "ods", "json", "jsonl", "parquet", "dta", "sav"):
        try:
            _as_frame(layout, frame, path)
        except Exception:  # no such value in that format: a text under its ending is a case, too
            path.write_bytes(plain)
        return
    content = {
        "utf-16": said.encode("utf-16", "replace"), "gb18030": said.encode("gb18030", "replace"),
        "latin-1": said.encode("latin-1", "replace"), "gz": gzip.compress(plain),
        "cut": gzip.compress(plain)[:-9], "noise": noise + plain[: len(plain) // 2] + noise,
    }.get(layout, plain)  # fmt: skip
    if layout == "zip":
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("../outside.csv" if noise[:1] > b"\x80" else "t.csv", plain)
        content = buffer.getvalue()
    path.write_bytes(content)


def _as_frame(layout: str, frame: pd.DataFrame, path: Path) -> None:
    if layout in ("xlsx", "ods"):
        frame.to_excel(path, index=False, engine="odf" if layout == "ods" else "openpyxl")
    elif layout == "parquet":
        frame.to_parquet(path)
    elif layout == "dta":
        frame.to_stata(path, write_index=False, version=118)
    elif layout == "sav":
        import pyreadstat

        pyreadstat.write_sav(frame, path)
    else:
        frame.to_json(path, orient="records", lines=layout == "jsonl", force_ascii=False)


@contextmanager
def patience(what: Any) -> Iterator[None]:
    """Fail a case that hangs, by the CPU that it takes: a loaded machine hangs nothing."""

    def over(number: int, frame: FrameType | None) -> None:
        pytest.fail(f"a case took over {PATIENCE} s: {what}")

    before = signal.signal(signal.SIGVTALRM, over)
    signal.setitimer(signal.ITIMER_VIRTUAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def hold(case: Case, root: Path) -> str:
    """Take a case through card, readers and check; say how far it came."""
    shutil.rmtree(root, ignore_errors=True)
    folder, beside = root / "project/data/small", root / "elsewhere"
    folder.mkdir(parents=True)
    beside.mkdir()
    (folder.parent / "outside.csv").write_text(f"customer_id,date,amount\n{SECRET},2025-01-05,1\n")
    (folder / "link.csv").symlink_to(folder.parent / "outside.csv")
    for name, (layout, grid) in case.files.items():
        written(layout, grid, case.noise, folder / name)
    try:
        text = yaml.safe_dump(case.card, allow_unicode=True, sort_keys=False)
        (folder / "study.yml").write_text(text + case.beneath, encoding="utf-8")
    except (UnicodeEncodeError, yaml.YAMLError, ValueError):
        return "no text that a file can hold"
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    said, came = [], "refused by the card"
    here = Path.cwd()
    os.chdir(beside)
    try:
        with patience(case):
            study = read_card(folder / "study.yml")
            came = "refused by a reader"
            tables = open_tables(study, cache=False)
            report = check_study(study, tables=tables)
            said.append(str(report))
            came = "checked, with problems" if report.problems else "checked, and in order"
            for name in report.tables:
                tables.frame(name)
    except WorkbenchError as error:
        said.append(str(error))
    finally:
        os.chdir(here)
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before
    told = "\n".join(said)
    assert SECRET not in told and "root:x:" not in told
    assert len(told) < 100_000, f"{len(told)} characters"
    assert "Traceback" not in told and " at 0x" not in told
    return came


@settings(max_examples=8, **SETTINGS)
@seed(1)
@given(case=cases())
def test_a_study_is_checked_or_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, case: Case
) -> None:
    hold(case, tmp_path_factory.getbasetemp() / "fuzz")


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(PARTS))
def test_ten_thousand_studies_are_checked_or_refused_in_words(part: int, tmp_path: Path) -> None:
    @settings(max_examples=OF_EACH, **SETTINGS)
    @seed(part)
    @given(case=cases())
    def hold_each(case: Case) -> None:
        hold(case, tmp_path / "fuzz")

    hold_each()
