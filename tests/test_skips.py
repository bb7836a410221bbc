"""A skip that nobody listed fails where that was asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).with_name("conftest.py")
SKIPPING = (
    "import pytest\n\ndef test_one():\n    pytest.skip('{reason}')\n\ndef test_two():\n    pass\n"
)


def run(folder: Path, reason: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text(CONFTEST.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "skips.txt").write_text("# known\na known .*\n", encoding="utf-8")
    (folder / "test_it.py").write_text(SKIPPING.format(reason=reason), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        *options,
        str(folder),
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("workers", [(), ("-n", "1")])
def test_an_unlisted_skip_fails_and_is_named(tmp_path: Path, workers: tuple[str, ...]) -> None:
    done = run(tmp_path, "the moon is full", "--known-skips", *workers)
    assert done.returncode == 1, done.stdout
    assert "NOT LISTED in tests/skips.txt: the moon is full" in done.stdout


def test_a_listed_skip_passes_and_is_told(tmp_path: Path) -> None:
    done = run(tmp_path, "a known reason", "--known-skips")
    assert done.returncode == 0, done.stdout
    assert "1  a known reason" in done.stdout


def test_without_the_option_a_skip_is_told_and_passes(tmp_path: Path) -> None:
    done = run(tmp_path, "the moon is full")
    assert done.returncode == 0
    assert "the moon is full" in done.stdout and "NOT LISTED" not in done.stdout
