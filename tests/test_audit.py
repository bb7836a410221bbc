"""The audit of the lock says what it could ask about; of what nothing is known is not free."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools.audit import audit

LOCK = "numpy==2.0.0 \\\n    --hash=sha256:00\npandas==2.2.0 \\\n    --hash=sha256:11\n"
GOOD = {"name": "numpy", "version": "2.0.0", "vulns": []}
BAD = {"name": "pandas", "version": "2.2.0",
       "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.2.9"]}]}  # fmt: skip
UNKNOWN = {"name": "pandas", "skip_reason": "Dependency not found on PyPI"}


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.lock"
    path.write_text(LOCK)
    return path


@pytest.mark.parametrize(
    ("packages", "status", "said"),
    [
        ([GOOD], 0, "audited: 1 of 1 packages, 0 vulnerable"),
        ([GOOD, BAD], 1, "vulnerable: pandas 2.2.0: PYSEC-1, mended in 2.2.9"),
        ([GOOD, UNKNOWN], 1, "not audited: pandas: Dependency not found"),
    ],
)
def test_what_is_known_of_the_lock_is_said(
    lock: Path, packages: list[dict], status: int, said: str
) -> None:
    found = audit(lock, ask=lambda lock, service: json.dumps({"dependencies": packages}))
    assert said in str(found)
    assert found.status() == status


def test_a_lock_of_which_nothing_could_be_asked_is_not_called_free(lock: Path) -> None:
    """pip-audit says "No known vulnerabilities found" of it, with a status of 0."""

    def ask(lock: Path, service: str) -> str:
        if service == "osv":
            raise OSError("api.osv.dev cannot be resolved")
        return json.dumps({"dependencies": [UNKNOWN, {**UNKNOWN, "name": "numpy"}]})

    found = audit(lock, ask=ask)
    assert str(found).startswith("NOT AUDITED: no advisory could be had of 2 packages")
    assert "Dependency not found" in str(found) and "osv: api.osv.dev" in str(found)
    assert found.status() == 0 and found.status(required=True) == 1
