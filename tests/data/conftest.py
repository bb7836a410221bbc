"""Small studies made on the spot: a card and its files in a folder of their own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from workbench.data import Tables, open_tables
from workbench.study import Study, load_study

MakeStudy = Callable[..., Study]
OpenStudy = Callable[..., Tables]


def written(folder: Path, card: dict[str, Any] | None = None, **tables: Any) -> Study:
    """Write a study: ``name="content"`` or ``name=({...}, content)``; None if the file is there."""
    entries: dict[str, Any] = {}
    for name, given in tables.items():
        entry, content = given if isinstance(given, tuple) else ({}, given)
        entry = entry if "sql" in entry else {"path": f"{name}.csv", **entry}
        if content is not None:
            data = content if isinstance(content, bytes) else content.encode("utf-8")
            (folder / entry["path"]).write_bytes(data)
        entries[name] = entry
    full = {
        "title": "A small study",
        "simulated": True,
        "as_of": "2025-12-31",
        "time_zone": "Asia/Shanghai",
        "tables": entries,
        **(card or {}),
    }
    full["as_of"] = dt.date.fromisoformat(full["as_of"])
    text = yaml.safe_dump(full, allow_unicode=True, sort_keys=False)
    (folder / "study.yml").write_text(text, encoding="utf-8")
    return load_study(folder)


@pytest.fixture
def make_study(tmp_path: Path) -> MakeStudy:
    """Give a function that writes a study into the test's own folder."""
    return partial(written, tmp_path)


@pytest.fixture
def open_study(make_study: MakeStudy) -> OpenStudy:
    """Give a function that writes a study and opens its tables."""

    def opened(card: dict[str, Any] | None = None, **tables: Any) -> Tables:
        return open_tables(make_study(card, **tables), cache=False)

    return opened


@pytest.fixture(scope="module")
def module_study(tmp_path_factory: pytest.TempPathFactory) -> OpenStudy:
    """Give a function that opens one study for all tests of a module, which only read it."""

    def opened(card: dict[str, Any] | None = None, **tables: Any) -> Tables:
        return open_tables(written(tmp_path_factory.mktemp("study"), card, **tables), cache=False)

    return opened
