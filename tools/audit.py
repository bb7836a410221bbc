"""Ask whether anything in the lock is known to be vulnerable (pip-audit), and say what was asked.

``python -m tools.audit`` reads ``requirements.lock``, asks the advisories of PyPI, then those of
OSV, and writes what came of it to ``dist/audit.txt``. The status is 1 where a package is known to
be vulnerable, or where some could be asked about and others could not. Where no advisory can be
had at all it says NOT AUDITED and is 0; with ``--required`` that is 1, too. pip-audit itself calls
a lock of which it could ask about nothing free of known vulnerabilities.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "dist" / "audit.txt"
TOOL = "pip-audit==2.10.1"
SERVICES = ("pypi", "osv")
_PATIENCE = 600


@dataclass(frozen=True)
class Audit:
    """What the advisories say of a lock.

    Attributes
    ----------
    asked : int
        Packages that they know.
    unasked : tuple of str
        Packages that could not be asked about, and why.
    vulnerable : tuple of str
        Packages with their advisories, and the version that mends them.
    """

    asked: int
    unasked: tuple[str, ...]
    vulnerable: tuple[str, ...]

    def __str__(self) -> str:
        total = self.asked + len(self.unasked)
        if not self.asked:
            why = self.unasked[0] if self.unasked else "the lock is empty"
            return f"NOT AUDITED: no advisory could be had of {total} packages ({why})"
        lines = [f"audited: {self.asked} of {total} packages, {len(self.vulnerable)} vulnerable"]
        lines += [f"vulnerable: {each}" for each in self.vulnerable]
        return "\n".join([*lines, *(f"not audited: {each}" for each in self.unasked)])

    def status(self, *, required: bool = False) -> int:
        """Give the exit status."""
        return int(bool(self.vulnerable) or (bool(self.unasked) and (bool(self.asked) or required)))


def read(text: str) -> Audit:
    """Read what pip-audit writes with ``-f json``."""
    packages = json.loads(text)["dependencies"]
    unasked = tuple(f"{p['name']}: {p['skip_reason']}" for p in packages if p.get("skip_reason"))
    vulnerable = tuple(
        f"{p['name']} {p['version']}: {v['id']}"
        + (f", mended in {', '.join(v['fix_versions'])}" if v.get("fix_versions") else "")
        for p in packages
        for v in p.get("vulns", ())
    )
    return Audit(len(packages) - len(unasked), unasked, vulnerable)


def _ask(lock: Path, service: str) -> str:
    """Run pip-audit in an environment of its own; what it writes, or an OSError."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv") or "uv"
    command = [uv, "tool", "run", "--quiet", TOOL, "--requirement", str(lock), "--no-deps",
               "--disable-pip", "--format", "json", "--progress-spinner", "off",
               "--vulnerability-service", service]  # fmt: skip
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=_PATIENCE, check=False, cwd=ROOT
    )
    if not done.stdout.strip():
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise OSError(last[:200])
    return done.stdout


def audit(
    lock: Path, *, services: Sequence[str] = SERVICES, ask: Callable[[Path, str], str] = _ask
) -> Audit:
    """Ask the advisories of a lock; the first service that knows any package answers."""
    failed: list[str] = []
    for service in services:
        try:
            found = read(ask(lock, service))
        except (OSError, subprocess.SubprocessError, ValueError, LookupError) as error:
            failed.append(f"{service}: {error}")
            continue
        if found.asked:
            return found
        failed.append(f"{service}: {found.unasked[0] if found.unasked else 'it knows nothing'}")
    pinned = [line for line in lock.read_text(encoding="utf-8").splitlines() if "==" in line]
    return Audit(0, tuple("; ".join(failed) for _ in pinned), ())


def write(target: Path = TARGET, lock: Path = ROOT / "requirements.lock") -> Audit:
    """Write what the advisories say of a lock."""
    found = audit(lock)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(f"{found}\n", encoding="utf-8")
    return found


def main(arguments: list[str] | None = None) -> int:
    """Audit; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.audit", description=__doc__)
    parser.add_argument("--required", action="store_true", help="fail where nothing can be asked")
    parser.add_argument("--to", type=Path, default=TARGET, help="the file to write")
    given = parser.parse_args(arguments)
    found = write(given.to)
    sys.stdout.write(f"{found}\n")
    return found.status(required=given.required)


if __name__ == "__main__":
    raise SystemExit(main())
