"""On what a run stands besides its inputs: the machine, Python, packages, the workbench's code."""

from __future__ import annotations

import hashlib
import os
import platform
import re
from importlib import metadata
from pathlib import Path
from typing import Any

from workbench import trace

_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENBLAS_CORETYPE", "TZ")
_PROCESSORS = Path("/proc/cpuinfo")


def environment() -> dict[str, Any]:
    """Describe where this runs, as far as the last digits of a number may depend on it."""
    installed = {
        str(each.metadata["Name"]): each.version
        for each in metadata.distributions()
        if each.metadata["Name"]
    }
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor(),
        "packages": dict(sorted(installed.items(), key=lambda each: each[0].lower())),
        "variables": {n: os.environ[n] for n in _VARIABLES if n in os.environ},
    }


def _processor() -> str:
    """Name the model of the processor: libraries of linear algebra choose their ways by it."""
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", _PROCESSORS.read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1].strip() if found else platform.processor()


def code_digest() -> str:
    """Hash every module of the workbench: what computes, and what is not in the bundle."""
    digest = hashlib.sha256()
    for path in sorted(trace.HOME.rglob("*.py")):
        digest.update(f"{path.relative_to(trace.HOME).as_posix()}:".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
