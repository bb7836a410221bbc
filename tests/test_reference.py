"""The reference of the entry points: each is there, is described, and its example runs."""

from __future__ import annotations

import doctest
from pathlib import Path

import griffe
import pytest

from tools.reference import describe, entry_points, find, load, resolve, write_pages
from workbench.data.indicators import indicator as registry


@pytest.fixture(scope="module")
def package() -> griffe.Module:
    return load()


def test_there_are_at_least_thirty_and_each_once() -> None:
    names = entry_points()
    assert len(names) >= 30 and len(set(names)) == len(names)


@pytest.mark.parametrize("name", entry_points())
def test_an_entry_point_has_an_example_that_runs(name: str) -> None:
    thing = resolve(name)
    (found, *_) = doctest.DocTestFinder(recurse=False).find(thing, name, globs={})
    assert found.examples, f"{name} has no example"
    told: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    before = set(registry._INDICATORS)
    runner.run(found, out=told.append)
    for added in set(registry._INDICATORS) - before:  # by an example: other tests count them
        del registry._INDICATORS[added], registry._MAKERS[added]
    assert runner.failures == 0, "".join(told)


@pytest.mark.parametrize("name", entry_points())
def test_an_entry_point_names_its_arguments_and_what_it_returns(
    name: str, package: griffe.Module
) -> None:
    thing = find(package, name)
    text = describe(name, thing)
    assert f"## {name.rpartition('.')[2]} " in text
    assert any(f"**{kind}**" in text for kind in ("Parameters", "Attributes", "Returns"))


def test_the_pages_are_written_with_an_index(tmp_path: Path, package: griffe.Module) -> None:
    home, *pages = write_pages(tmp_path / "reference", package)
    index = home.read_text(encoding="utf-8")
    for name in entry_points():
        assert f"#{name.replace('.', '-')})" in index
    assert all(page.stem in index for page in pages)
