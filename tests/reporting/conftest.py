"""What the tests of reporting share: both languages, collected outputs, clean memories."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from workbench.reporting import configure


@dataclass
class Outputs:
    """Outputs in order: what each is about, and its contents by MIME type."""

    all: list[tuple[dict[str, Any], dict[str, str]]] = field(default_factory=list)

    def text(self, language: str, role: str, mime: str = "text/html") -> str:
        return "\n".join(data[mime] for about, data in self.of(language, role))

    def lacking(self, kind: str = "missing") -> list[str]:
        """Texts that the outputs say they had no words for, each once."""
        return list(dict.fromkeys(text for about, _ in self.all for text in about.get(kind, ())))

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
    monkeypatch.delenv("WORKBENCH_WORDS", raising=False)  # these tests lack words on purpose
    yield
    configure()


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> Outputs:
    collected = Outputs()

    def display(data: dict[str, str], *, raw: bool, metadata: dict[str, Any]) -> None:
        assert raw
        collected.all.append((metadata["workbench"], data))

    monkeypatch.setattr("IPython.display.display", display)
    return collected
