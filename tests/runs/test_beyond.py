"""What a record cannot hold: reads that nobody sees, and things that change while they are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from workbench.runs.reuse.code import beyond_in, code_digest, speaks_of_itself
from workbench.runs.reuse.used import read_used

SEEN = [
    "import pandas as pd\npd.read_csv('a.csv')",
    "import numpy as np\nnp.load('a.npy')",
    "from urllib.parse import quote",
    "%matplotlib inline\nimport workbench as wb",
    "%%time\nx = 1",
    "open('a.txt').read()",
    "import importlib\nimportlib.import_module('helper')",
    "os.environ.get('A')",
    "frame.connection",
]
UNSEEN = {
    "import duckdb": "it imports duckdb",
    "from polars import read_csv": "it imports polars",
    "import pyarrow.csv as pc": "it imports pyarrow.csv",
    "def f():\n    import sqlite3": "it imports sqlite3",
    "from ibis import _": "it imports ibis",
    "import subprocess as s": "it imports subprocess",
    "from socket import socket": "it imports socket",
    "import urllib.request": "it imports urllib.request",
    "import os\nos.system('ls')": "it calls os.system",
    "from os import popen": "it calls os.popen",
    "import importlib\nimportlib.import_module('duckdb')": "it imports duckdb",
    "__import__('sub' + 'process')": "it imports a module whose name only it knows",
    "from workbench.data import engine\nengine.duckdb.sql('select 1')": "it uses duckdb",
    "run.tables.engine.connection": "it uses the engine's own connection",
    "run.expr('t').get_backend()": "it uses get_backend",
    "pd.read_sql('select 1', address)": "it uses read_sql",
    "!cat a.txt": "it runs a command of the shell",
    "%run other.py": "it uses the magic %run",
    "%%bash\ncat a.txt": "it uses the magic %bash",
    "x = !ls": "a cell could not be read as Python",
}


@pytest.mark.parametrize("code", SEEN)
def test_what_python_opens_is_seen(code: str) -> None:
    assert list(beyond_in(code)) == []


@pytest.mark.parametrize(("code", "said"), UNSEEN.items())
def test_what_opens_by_itself_is_not(code: str, said: str) -> None:
    assert said in list(beyond_in(code))


def test_code_is_the_same_whatever_its_comments(tmp_path: Path) -> None:
    def digest(text: str) -> str:
        (tmp_path / "m.py").write_text(text, encoding="utf-8")
        return code_digest(tmp_path / "m.py").partition(":")[2]

    plain = digest('"""A."""\n\n\ndef f(x: int = 1) -> int:\n    """B."""\n    return x\n')
    assert digest("def f(x: int = 1) -> int:\n    # C\n    return (x)\n") == plain
    for other in ("x: int = 2", "x: float = 1", "y: int = 1"):
        assert digest(f"def f({other}) -> int:\n    return x\n") != plain
    # Who reads its own docstrings has them as data.
    reads = 'def f():\n    """{}."""\n    return f.__doc__\n'
    assert digest(reads.format("A")) != digest(reads.format("B"))
    assert digest("not python") != digest("nor this is")
    assert speaks_of_itself("help(f)") and speaks_of_itself("f?")
    assert not speaks_of_itself("f(x)")


OPEN = "import workbench as wb\n\nrun = wb.open_run(study)"
NOTEBOOKS = {
    "swaps": [
        OPEN,
        "rows = run.table('transactions')",
        "with (run.study.folder / 'transactions.csv').open('a') as file:\n"
        "    file.write('c,2025-03-01,2\\n')",
    ],
    "beyond": [
        OPEN,
        "import duckdb\n\nduckdb.sql(\"select * from 'words.csv'\").fetchall()",
        "from importlib import import_module\n\nimport_module('sub' + 'process').run(['true'])",
        "import_module('sqlite3').connect('some.db').close()",
        "import pandas as pd\n\npd.read_csv('words.csv')\n"
        "pd.DataFrame({'word': ['other', 'more']}).to_csv('words.csv')",
    ],
    "plain": [
        OPEN,
        "import pandas as pd\n\npd.DataFrame({'a': [1]}).to_csv('own.csv')\npd.read_csv('own.csv')",
        "import os\n\nos.environ['MINE'] = '1'\nos.environ['MINE']",
    ],
}


@pytest.fixture(scope="module")
def ran(shared: Callable[..., Any]) -> tuple[Any, Any]:
    project = shared(good={})
    folder = project.root / "notebooks"
    for name, cells in NOTEBOOKS.items():
        book = nbformat.v4.new_notebook()
        sources = ['study: str = "tiny"', *cells]
        book.cells = [nbformat.v4.new_code_cell(source) for source in sources]
        book.cells[0].metadata["tags"] = ["parameters"]
        nbformat.write(book, folder / f"{name}.ipynb")
    (folder / "pipeline.yml").write_text("swaps: {}\nbeyond: {}\nplain: {}\n")
    (folder / "words.csv").write_text("word\ngood\n")
    return project, project.run()


def test_data_swapped_while_a_notebook_runs_is_its_failure(ran: tuple[Any, Any]) -> None:
    _, record = ran
    step = record.notebooks["swaps"]
    assert step.status == "failed" and step.error["cause"] == "inputs"
    assert "the table transactions has changed while it ran" in step.reason
    assert "run it again" in step.reason
    assert not (record.folder / "results" / "swaps").exists() or not list(
        (record.folder / "results" / "swaps").iterdir()
    )
    assert record.notebooks["plain"].status == "done", "who did not read it is not concerned"


def test_reads_beyond_the_record_are_said_and_nothing_of_them_is_used_again(
    ran: tuple[Any, Any],
) -> None:
    project, record = ran
    used = read_used(record.folder, "beyond")
    assert used is not None
    assert set(used.beyond) >= {
        "it imports duckdb",
        "it imports a module whose name only it knows",
        "it starts a program (true)",
        "it connects to the database some.db",
        "notebooks/words.csv changed while it ran",
    }
    (note,) = record.notebooks["beyond"].notes
    assert note.startswith("never reused, it reads beyond the record: ")
    plain = read_used(record.folder, "plain")
    assert plain is not None and plain.beyond == ()
    assert not [name for name in plain.things.get("file", {}) if "own.csv" in name]
    assert "MINE" not in plain.things["variable"]
    again = project.run(notebooks=["beyond", "plain"])
    statuses = [again.notebooks[name].status for name in ("beyond", "plain")]
    assert statuses == ["done", "cached"]


def test_an_edit_of_what_a_run_left_reaches_no_other_run(ran: tuple[Any, Any]) -> None:
    project, _ = ran
    first = project.run(notebooks=["plain"])
    second = project.run(notebooks=["plain"])
    page = second.notebook_path("plain")
    assert second.notebooks["plain"].status == "cached"
    page.write_text(page.read_text(encoding="utf-8").replace("own.csv", "OWN.csv"))
    assert "OWN.csv" not in first.notebook_path("plain").read_text(encoding="utf-8")
    third = project.run(notebooks=["plain"])
    assert third.notebooks["plain"].status == "cached", "the run before it still has it"
    assert "OWN.csv" not in third.notebook_path("plain").read_text(encoding="utf-8")
