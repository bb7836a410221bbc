"""The most memory that a process has taken."""

from __future__ import annotations

import resource
from pathlib import Path


def megabytes() -> float:
    """Peak of the resident memory since the program was started.

    The counter of `resource` goes on from what the parent held when it made the process.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
