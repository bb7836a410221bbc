"""pipeline.yml is checked as a whole, and each of its mistakes is named."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from workbench.runs.pipeline import PipelineError, load_pipeline


def write(folder: Path, text: str, *notebooks: str) -> Path:
    for name in notebooks or ("alpha", "beta", "gamma"):
        (folder / f"{name}.ipynb").write_text("{}")
    (folder / "pipeline.yml").write_text(text)
    return folder


def test_notebooks_come_after_those_they_wait_for(tmp_path: Path) -> None:
    text = "alpha: {needs: [beta]}\nbeta: {after: gamma}\ngamma:\n"
    assert list(load_pipeline(write(tmp_path, text))) == ["gamma", "beta", "alpha"]


def test_what_waits_for_nothing_keeps_its_place_in_the_file(tmp_path: Path) -> None:
    text = "gamma: {}\nalpha: {after: [delta]}\nbeta: {}\ndelta: {}\n"
    folder = write(tmp_path, text, "alpha", "beta", "gamma", "delta")
    assert list(load_pipeline(folder)) == ["gamma", "delta", "alpha", "beta"]


def test_a_star_waits_for_all_others_but_not_for_those_that_wait_for_it(tmp_path: Path) -> None:
    text = 'alpha: {after: ["*"]}\nbeta: {}\ngamma: {needs: [alpha]}\n'
    pipeline = load_pipeline(write(tmp_path, text))
    assert pipeline["alpha"].after == ("beta",)
    assert list(pipeline) == ["beta", "alpha", "gamma"]


def test_a_circle_is_told_with_all_its_members(tmp_path: Path) -> None:
    text = "alpha: {needs: [beta]}\nbeta: {after: [gamma]}\ngamma: {needs: [alpha]}\n"
    with pytest.raises(PipelineError, match="in a circle") as error:
        load_pipeline(write(tmp_path, text))
    circle = error.value.what.partition(": ")[2].split(" -> ")
    assert len(circle) == 4 and circle[0] == circle[-1]
    waits = {("alpha", "beta"), ("beta", "gamma"), ("gamma", "alpha")}
    assert set(pairwise(circle)) == waits


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("alpha: {needs: [bta]}\nbeta: {}", "unknown notebook 'bta'; did you mean 'beta'?"),
        ("alpha: {need: [beta]}\nbeta: {}", "unknown key 'need'; did you mean 'needs'?"),
        ("alpha: {study: [goal]}", "unknown section 'goal'; did you mean 'goals'?"),
        ("alpha: {for_each: case}", "unknown section 'case'; did you mean 'cases'?"),
        ("alph: {}", "notebook 'alph' has no file alph.ipynb; did you mean 'alpha'?"),
        ("alpha: {tables: {a: b}}", "is not a list of names"),
        ("alpha: [beta]", "the entry is a list, not a mapping"),
        ("alpha: {gives: [people]}", "`gives` is not a mapping"),
        ("al-pha: {}", "'al-pha' cannot name a notebook"),
        ("- alpha", "no notebooks in it"),
        ("alpha: {", "not YAML"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(PipelineError) as error:
        load_pipeline(write(tmp_path, text))
    assert words in str(error.value)
    assert "pipeline.yml" in str(error.value)


def test_a_folder_without_a_pipeline_is_told(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="there is no such file"):
        load_pipeline(tmp_path)
