"""One thing at a time is changed: which notebooks run again, which do not, and is that right.

The notebooks are executed once. After each change the run's own decision is asked for, and the
change is taken back; `print(table(...))` shows all of them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml

import workbench
from workbench.results import Estimate
from workbench.runs import plan_study, read_assignments
from workbench.runs.notebook_file import read_notebook
from workbench.runs.records.handover import ESTIMATES
from workbench.runs.records.record import write_json
from workbench.runs.reuse.cache import Earlier, look_at_inputs, step_key
from workbench.runs.reuse.used import Present, Surroundings, read_used

PARAMETERS = 'study: str = "tiny"\nmargin: float = 0.2'
OPEN = "import workbench as wb\n\nrun = wb.open_run(study)"
NOTEBOOKS = {
    # Opens files, asks for a variable, lists a folder, reads a table, a goal and a case.
    "all": [
        PARAMETERS,
        "import os\nfrom pathlib import Path\n\nimport pandas as pd\n\nimport helper",
        OPEN,
        "shift = float(os.environ.get('SHIFT', 0)) + helper.more(margin)\n"
        "words = pd.read_csv('words.csv')\n"
        "there = Path('maybe.txt').exists(), os.listdir('lists')",
        "from workbench.results import Estimate\n\n"
        "rows = run.table('transactions')\n"
        "case = run.case('first').start\n"
        "goal = run.study.goal('up').target",
        "run.headline('rows', Estimate(float(len(rows)), label='Rows'))\n"
        "before = run.previous([('all', 'rows')])",
    ],
    # Another table, another goal; lists the cases, takes what `all` found.
    "other": [
        PARAMETERS,
        OPEN,
        "scores = run.table('ratings')\n"
        "goals = [goal.target for goal in run.study.goals if goal.name == 'down']\n"
        "cases = [case.name for case in run.study.cases]",
        "run.headlines()['all']['rows'].value",
    ],
    # Shows words of the card.
    "says": [
        PARAMETERS,
        OPEN,
        "wb.say(run.study.text(run.study.title, 'en'))\nwb.say('No change since the last run')",
    ],
}
HELPER = '"""Helps."""\n\n\ndef more(x: float) -> float:\n    """Add."""\n    return x + 1  # one\n'
GOAL = {"indicator": "sales", "deadline": "2026-12-31"}
START = {"value": 10, "date": "2024-12-31"}


@dataclass
class Bench:
    """A project with the three notebooks, and what its run would decide now."""

    project: Any
    folder: Path

    @property
    def notebooks(self) -> Path:
        return self.project.root / "notebooks"

    def decide(self, *assignments: str, **variables: str) -> dict[str, str]:
        """Tell of each notebook why it would be executed; empty where it would not."""
        study, root = self.project.study, self.project.root
        plan = plan_study(study, root, assignments=read_assignments(assignments))
        present = Present(study, root, look_at_inputs(study).tables)
        earlier = Earlier(self.project.runs)
        results = self.folder / "results"
        given = {
            **os.environ, "WORKBENCH_LANGUAGES": "en,zh", "PYTHONHASHSEED": "0",
            "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"),
            "OPENBLAS_NUM_THREADS": os.environ.get("OPENBLAS_NUM_THREADS", "1"), **variables,
        }  # fmt: skip
        why = {}
        for step in plan.steps:
            about = Surroundings(given, {k: results / k for k in step.reads}, results / step.key)
            key = step_key(step, read_notebook(step.path))
            found = earlier.find(step, key, present, about)
            why[step.key] = found if isinstance(found, str) else ""
        return why


def write_notebook(folder: Path, name: str, cells: list[str]) -> None:
    book = nbformat.v4.new_notebook()
    book.cells = [nbformat.v4.new_markdown_cell(f"# {name}")]
    book.cells += [nbformat.v4.new_code_cell(source) for source in cells]
    book.cells[1].metadata["tags"] = ["parameters"]
    nbformat.write(book, folder / f"{name}.ipynb")


def card(**changes: Any) -> dict[str, Any]:
    goals = [
        {"name": name, "title": {"en": name, "zh": name}, "baseline": START, "target": 20, **GOAL}
        for name in ("up", "down")
    ]
    return {
        "tables": {
            "transactions": {"path": "transactions.csv"},
            "ratings": {"path": "ratings.csv"},
        },
        "goals": goals,
        **changes,
    }


@pytest.fixture(scope="module")
def bench(shared: Callable[..., Any]) -> Bench:
    project = shared(good={})
    folder = project.root / "notebooks"
    for name, cells in NOTEBOOKS.items():
        write_notebook(folder, name, cells)
    (folder / "pipeline.yml").write_text(
        yaml.safe_dump({"all": {}, "other": {"needs": ["all"]}, "says": {}})
    )
    (folder / "helper.py").write_text(HELPER)
    (folder / "words.csv").write_text("word\ngood\n")
    (folder / "lists").mkdir()
    (folder / "idle.csv").write_text("a\n1\n")
    data = project.card.parent
    (data / "ratings.csv").write_text("date,rater,item,score\n2024-03-20,E1,clarity,5\n")
    project.write_card(**card())
    run = project.run()
    assert run.status == "done", run.failures()
    return Bench(project, run.folder)


# --- the changes ----------------------------------------------------------------------------------

ALL, OTHER, SAYS = "all", "other", "says"
EVERY = (ALL, OTHER, SAYS)
Change = Callable[[Bench, pytest.MonkeyPatch], dict[str, Any] | None]
CHANGES: list[tuple[str, tuple[str, ...], Change]] = []


def change(says: str, *reruns: str) -> Callable[[Change], Change]:
    def keep(made: Change) -> Change:
        CHANGES.append((says, reruns, made))
        return made

    return keep


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def in_notebooks(says: str, reruns: tuple[str, ...], name: str, old: str, new: str) -> None:
    change(says, *reruns)(lambda b, _: edit(b.notebooks / name, old, new))


def in_sources(says: str, reruns: tuple[str, ...], name: str, addition: str) -> None:
    """Change a module of the workbench: a copy of its sources stands in for them."""

    def made(b: Bench, patch: pytest.MonkeyPatch) -> None:
        copy = b.project.root / "copy"
        shutil.copytree(
            Path(workbench.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__")
        )
        with (copy / name).open("a", encoding="utf-8") as file:
            file.write(addition)
        patch.setattr("workbench.trace.HOME", copy)

    change(says, *reruns)(made)


def in_card(says: str, reruns: tuple[str, ...], made: Callable[[dict[str, Any]], None]) -> None:
    def write(b: Bench, _: pytest.MonkeyPatch) -> None:
        content = yaml.safe_load(b.project.card.read_text(encoding="utf-8"))
        made(content)
        b.project.card.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")

    change(says, *reruns)(write)


in_notebooks("code of a helper module", (ALL,), "helper.py", "x + 1", "x + 2")
in_notebooks("comment in a helper module", (), "helper.py", "# one", "# a one")
in_notebooks("docstring of a helper module", (), "helper.py", "Add.", "Add one.")
in_notebooks("a file that was opened", (ALL,), "words.csv", "good", "bad")
in_notebooks("a file that was not", (), "idle.csv", "1", "2")
in_notebooks(
    "code of a notebook", (SAYS,), "says.ipynb", "run.study.text(", "' ' + run.study.text("
)
in_notebooks("text of a notebook", (), "says.ipynb", "# says", "# says it")
in_sources("code of a module that all use", EVERY, "reporting/display.py", "\nX = 1\n")
in_sources("comment in a module that all use", (), "reporting/display.py", "\n# a remark\n")
in_sources("code of the cleaning", (ALL, OTHER), "data/clean/amounts.py", "\nX = 1\n")
in_sources("code of a room that nobody used", (), "clv/__init__.py", "\nX = 1\n")
in_sources("words of a catalog", (SAYS,), "languages/locale/zh/LC_MESSAGES/clv.po", "\n# x\n")


@change("a file that was looked for, and is there now", ALL)
def _(b: Bench, _: pytest.MonkeyPatch) -> None:
    (b.notebooks / "maybe.txt").touch()


@change("a file in a folder that was listed", ALL)
def _(b: Bench, _: pytest.MonkeyPatch) -> None:
    (b.notebooks / "lists" / "a.txt").touch()


@change("a variable that was asked for", ALL)
def _(b: Bench, _: pytest.MonkeyPatch) -> dict[str, Any]:
    return {"SHIFT": "3"}


@change("a variable that was not")
def _(b: Bench, _: pytest.MonkeyPatch) -> dict[str, Any]:
    return {"SHIFTS": "3", "TERM": "dumb", "COLUMNS": "40", "HOME": "/elsewhere"}


@change("threads of the linear algebra", *EVERY)
def _(b: Bench, _: pytest.MonkeyPatch) -> dict[str, Any]:
    return {"OPENBLAS_NUM_THREADS": "7"}


@change("the version of a package that all use", *EVERY)
def _(b: Bench, patch: pytest.MonkeyPatch) -> None:
    _other_version(patch, "pandas")


@change("the version of a package that the engine uses", ALL, OTHER)
def _(b: Bench, patch: pytest.MonkeyPatch) -> None:
    _other_version(patch, "duckdb")


@change("the version of a package that nobody used")
def _(b: Bench, patch: pytest.MonkeyPatch) -> None:
    _other_version(patch, "seaborn")


def _other_version(patch: pytest.MonkeyPatch, package: str) -> None:
    from importlib import metadata

    real = metadata.version
    patch.setattr(metadata, "version", lambda name: "0.0" if name == package else real(name))


@change("the version of Python", *EVERY)
def _(b: Bench, patch: pytest.MonkeyPatch) -> None:
    patch.setattr("platform.python_version", lambda: "3.99.0")


@change("a line of the lock, nothing installed")
def _(b: Bench, _: pytest.MonkeyPatch) -> None:
    (b.project.root / "requirements.lock").write_text("numpy==2.5\n")


@change("a row of the table that tells who is a customer", ALL, OTHER)
def _(b: Bench, _: pytest.MonkeyPatch) -> None:
    edit(b.project.card.parent / "transactions.csv", "b,2025-02-03,1", "b,2025-02-03,2")


@change("a row of another table", OTHER)
def _(b: Bench, _: pytest.MonkeyPatch) -> None:
    edit(b.project.card.parent / "ratings.csv", "clarity,5", "clarity,6")


@change("a file beside the tables")
def _(b: Bench, _: pytest.MonkeyPatch) -> None:
    (b.project.card.parent / "notes.csv").write_text("a\n")


@change("a parameter", ALL)
def _(b: Bench, _: pytest.MonkeyPatch) -> dict[str, Any]:
    return {"assign": "all.margin=0.3"}


@change("the number that `all` found before it", ALL)
def _(b: Bench, _: pytest.MonkeyPatch) -> None:
    _earlier(b, "all", 7.0)


@change("a number of the run before that nobody looks at")
def _(b: Bench, _: pytest.MonkeyPatch) -> None:
    _earlier(b, "says", 7.0)


def _earlier(b: Bench, page: str, value: float) -> None:
    """Put a complete run before the present, in which a page had another number."""
    folder = b.project.runs / "20990101T000000Z-aaaaaa"
    shutil.copytree(b.folder, folder)
    edit(folder / "run.json", '"number": 1', '"number": 2')
    stored = {"name": "rows", **Estimate(value, label="Rows").to_json()}
    write_json(folder / "results" / page / ESTIMATES, [stored])
    shutil.rmtree(folder / "notebooks")  # nothing of it can be used again


@change("a result that `other` took from `all`", ALL, OTHER)
def _(b: Bench, _: pytest.MonkeyPatch) -> None:
    edit(b.folder / "results" / "all" / ESTIMATES, "3.0", "4.0")


@change("a page, by hand", SAYS)
def _(b: Bench, _: pytest.MonkeyPatch) -> None:
    edit(b.folder / "notebooks" / "says.ipynb", "# says", "# said")


in_card("the card's title", (SAYS,), lambda c: c["title"].update(en="Tiny shop"))
in_card("the title's Chinese", (SAYS,), lambda c: c["title"].update(zh="大店"))
in_card("the card's licence", (), lambda c: c.update(licence="CC0"))
in_card("the target of a goal", (ALL,), lambda c: c["goals"][0].update(target=30))
in_card("the target of another goal", (OTHER,), lambda c: c["goals"][1].update(target=30))
in_card("the title of a goal", (), lambda c: c["goals"][0]["title"].update(en="Up"))
in_card("a case more", (OTHER,), lambda c: c["cases"].append({**c["cases"][0], "name": "third"}))
in_card("the start of a case", (ALL,), lambda c: c["cases"][0].update(start="2025-07-01"))
in_card("the start of another case", (), lambda c: c["cases"][1].update(start="2025-07-01"))
in_card(
    "how that table is read",
    (ALL, OTHER),
    lambda c: c["tables"]["transactions"].update(refunds="keep"),
)
in_card("a table more", (), lambda c: c["tables"].update(interactions={"path": "ratings.csv"}))
in_card("the day", (ALL, OTHER), lambda c: c.update(as_of="2025-12-30"))
in_card("the languages", EVERY, lambda c: c.update(languages=["en", "zh", "de"]))
in_card("a remark", (), lambda c: c.update(description={"en": "small", "zh": "小"}))


@pytest.fixture
def as_it_was(bench: Bench) -> Iterator[None]:
    """Take a change back."""
    kept = bench.project.root.with_name("kept")
    shutil.copytree(bench.project.root, kept, symlinks=True)
    yield
    shutil.rmtree(bench.project.root)
    kept.rename(bench.project.root)


def test_nothing_changed(bench: Bench) -> None:
    assert bench.decide() == dict.fromkeys(EVERY, "")
    used = read_used(bench.folder, "all")
    assert used is not None and not used.beyond
    assert "root:notebooks/helper.py" in used.things["code"]
    assert set(used.things["table"]) == {"transactions"}


@pytest.mark.usefixtures("as_it_was")
@pytest.mark.parametrize(("says", "reruns", "made"), CHANGES, ids=[c[0] for c in CHANGES])
def test_one_thing_at_a_time(
    bench: Bench, says: str, reruns: tuple[str, ...], made: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = made(bench, monkeypatch) or {}
    why = bench.decide(*filter(None, [given.pop("assign", "")]), **given)
    again = tuple(name for name, reason in why.items() if reason)
    print(
        f"{says:52} {', '.join(again) or '-':18} {'right' if again == reruns else 'WRONG'}  {why}"
    )
    assert again == reruns, why
