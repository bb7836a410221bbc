"""What the tests of reporting share: both languages, collected outputs, clean memories."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from workbench.languages import catalogs as languages


@dataclass
class Outputs:
    """Outputs in order: what each is about, and its contents by MIME type."""

    all: list[tuple[dict[str, Any], dict[str, str]]] = field(default_factory=list)

    def text(self, language: str, role: str, mime: str = "text/html") -> str:
        return "\n".join(data[mime] for about, data in self.of(language, role))

    def of(self, language: str, role: str) -> list[tuple[dict[str, Any], dict[str, str]]]:
        return [
            (about, data)
            for about, data in self.all
            if about["language"] == language and about["role"] == role
        ]


@pytest.fixture(autouse=True)
def _as_at_the_start(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("WORKBENCH_LANGUAGES", "en,zh")
    monkeypatch.delenv("WORKBENCH_LANGUAGE", raising=False)
    yield
    languages.configure()
    languages.forget_missing()
    languages._learnt.clear()
    languages._names.clear()


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> Outputs:
    collected = Outputs()

    def display(data: dict[str, str], *, raw: bool, metadata: dict[str, Any]) -> None:
        assert raw
        collected.all.append((metadata["workbench"], data))

    monkeypatch.setattr("IPython.display.display", display)
    return collected
