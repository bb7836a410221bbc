"""A project is laid out from the package, and brought up to date beside one's own edits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from workbench import cli
from workbench.new import project
from workbench.new.columns.proposal import StarterError
from workbench.new.lab import command
from workbench.runs.pipeline import load_pipeline
from workbench.study import find_root

Package = dict[str, str]


def notebook(*cells: str, output: str = "") -> str:
    made = [
        {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": [cell],
         "outputs": [{"text": output}] if output else []}
        for cell in cells
    ]  # fmt: skip
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The files of a small package, which a test may change as a newer release would."""
    home = tmp_path / "package"
    files = {
        "notebooks/clv.ipynb": notebook("a = 1"),
        "notebooks/pipeline.yml": "clv: {}\n",
        "reports/index.qmd": "Front\n",
        "_quarto.yml": "x\n", "_quarto-en.yml": "x\n", "_quarto-zh.yml": "x\n",
    }  # fmt: skip
    for name, text in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)

    def shipped() -> Iterator[tuple[str, Path]]:
        for path in sorted(home.rglob("*")):
            if path.is_file():
                yield path.relative_to(home).as_posix(), path

    monkeypatch.setattr(project, "_shipped", shipped)
    yield home


def test_the_packages_own_files_make_a_project(tmp_path: Path) -> None:
    folder = tmp_path / "acme"
    told = CliRunner().invoke(cli.app, ["init", str(folder)])
    assert told.exit_code == 0, told.output
    assert find_root(folder / "notebooks") == folder
    assert "clv" in load_pipeline(folder / "notebooks")
    assert (folder / "reports/zh/index.qmd").is_file() and (folder / "_quarto-zh.yml").is_file()
    assert list((folder / "data").iterdir()) == []
    assert not (folder / "reports/images").exists()
    assert str(project.upgrade(folder)) == "everything is up to date"
    with pytest.raises(StarterError, match="already"):
        project.lay_out(folder)


def test_an_upgrade_replaces_what_nobody_edited(package: Path, tmp_path: Path) -> None:
    folder = tmp_path / "acme"
    project.lay_out(folder)
    # running a notebook is no edit
    (folder / "notebooks/clv.ipynb").write_text(notebook("a = 1", output="1"))
    (package / "notebooks/clv.ipynb").write_text(notebook("a = 2"))
    (package / "notebooks/new.ipynb").write_text(notebook("b = 1"))
    changes = project.upgrade(folder)
    assert (changes.replaced, changes.added) == (["notebooks/clv.ipynb"], ["notebooks/new.ipynb"])
    assert "a = 2" in (folder / "notebooks/clv.ipynb").read_text()
    assert str(project.upgrade(folder)) == "everything is up to date"


def test_an_upgrade_never_writes_over_an_edit(package: Path, tmp_path: Path) -> None:
    folder = tmp_path / "acme"
    project.lay_out(folder)
    mine = notebook("a = 1", "mine = True")
    (folder / "notebooks/clv.ipynb").write_text(mine)
    assert str(project.upgrade(folder)) == "everything is up to date", "nothing newer came"
    (package / "notebooks/clv.ipynb").write_text(notebook("a = 2"))
    changes = project.upgrade(folder)
    assert changes.beside == ["notebooks/clv.new.ipynb"]
    assert "notebooks/clv.ipynb" in str(changes)
    assert (folder / "notebooks/clv.ipynb").read_text() == mine
    assert "a = 2" in (folder / "notebooks/clv.new.ipynb").read_text()
    assert project.upgrade(folder).beside == [], "it is laid beside once"
    # taking the newer one over ends the difference
    (folder / "notebooks/clv.new.ipynb").replace(folder / "notebooks/clv.ipynb")
    (package / "notebooks/clv.ipynb").write_text(notebook("a = 3"))
    assert project.upgrade(folder).replaced == ["notebooks/clv.ipynb"]


def test_what_was_taken_away_stays_away(package: Path, tmp_path: Path) -> None:
    folder = tmp_path / "acme"
    project.lay_out(folder)
    (folder / "notebooks/clv.ipynb").unlink()
    (package / "notebooks/clv.ipynb").write_text(notebook("a = 2"))
    (package / "reports/index.qmd").unlink()
    changes = project.upgrade(folder)
    assert not (folder / "notebooks/clv.ipynb").exists()
    assert changes.removed == ["reports/index.qmd"]
    assert (folder / "reports/index.qmd").exists(), "nothing is deleted"


def test_only_what_was_laid_out_is_upgraded(tmp_path: Path) -> None:
    with pytest.raises(StarterError, match="workbench init"):
        project.upgrade(tmp_path)
    (tmp_path / ".workbench").mkdir()
    (tmp_path / ".workbench/laid_out.json").write_text("{")
    with pytest.raises(StarterError, match="damaged"):
        project.upgrade(tmp_path)


def test_jupyterlab_opens_on_the_projects_notebooks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(StarterError, match="pip install jupyterlab"):
        command(tmp_path)
    monkeypatch.setattr("shutil.which", lambda name: "/bin/jupyter-lab")
    monkeypatch.setenv("WORKBENCH_LANGUAGE", "zh")
    line = command(tmp_path, ["--no-browser"])
    assert line[0] == "/bin/jupyter-lab" and line[-1] == "--no-browser"
    assert any("'workbenchLanguage': 'zh'" in part for part in line)
    (extensions,) = [part.split("=")[1] for part in line if "labextensions" in part]
    assert Path(extensions).is_dir()
