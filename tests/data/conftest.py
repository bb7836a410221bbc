"""Small studies made on the spot: a card and its files in a folder of their own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from workbench.data import Tables, open_tables
from workbench.study import Study, load_study

MakeStudy = Callable[..., Study]
OpenStudy = Callable[..., Tables]


@pytest.fixture
def make_study(tmp_path: Path) -> MakeStudy:
    """Give a function that writes a study: ``name="content"`` or ``name=({...}, content)``."""

    def make(card: dict[str, Any] | None = None, **tables: Any) -> Study:
        entries: dict[str, Any] = {}
        for name, given in tables.items():
            entry, content = given if isinstance(given, tuple) else ({}, given)
            entry = {"path": f"{name}.csv", **entry}
            if content is not None:
                data = content if isinstance(content, bytes) else content.encode("utf-8")
                (tmp_path / entry["path"]).write_bytes(data)
            if "sql" in entry:
                del entry["path"]
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
        (tmp_path / "study.yml").write_text(yaml.safe_dump(full, allow_unicode=True))
        return load_study(tmp_path)

    return make


@pytest.fixture
def open_study(make_study: MakeStudy) -> OpenStudy:
    """Give a function that writes a study and opens its tables."""

    def opened(card: dict[str, Any] | None = None, **tables: Any) -> Tables:
        return open_tables(make_study(card, **tables))

    return opened
