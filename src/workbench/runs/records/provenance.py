"""Where a run ran: the versions that its numbers depend on, and the commit checked out."""

from __future__ import annotations

import subprocess
from pathlib import Path

_PACKAGES = (
    "customer-workbench",
    "numpy",
    "pandas",
    "scipy",
    "statsmodels",
    "scikit-learn",
    "matplotlib",
    "duckdb",
    "ibis-framework",
    "papermill",
    "nbclient",
    "ipykernel",
)


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that the numbers depend on."""
    import platform
    from importlib import metadata

    installed = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            installed[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return installed


def git_commit(root: Path) -> str:
    """Return the commit checked out, with ``+`` when files differ; empty outside git."""

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
        return done.stdout.strip()

    try:
        commit = git("rev-parse", "HEAD")
        changed = git("status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return ""
    return f"{commit}+" if changed else commit
