"""What each page of a study of purchases costs: CPU seconds and memory of the whole process tree.

`python -m benchmarks.large` writes a log of 10,000,000 purchases in the engine and runs the pages
one after another, each with a command of its own. `benchmarks.large_model` takes the steps of the
models without a notebook. What was measured stands in large.md.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks.summary import write_log

ROOT = Path(__file__).parents[1]
PAGES = ("data_quality", "clv", "segmentation", "lifecycle_churn", "customer_base", "products")
_SUBREAPER = 36  # prctl: orphans of children come to this process, and their time is counted


class Cost(NamedTuple):
    """CPU seconds of a command and all that it started, its peak in MB, and its seconds."""

    cpu: float
    memory: float
    seconds: float


class _Tree(threading.Thread):
    """Look at the memory of a process and all below it, twice a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.root, self.peak, self.done = psutil.Process(pid), 0, threading.Event()

    def run(self) -> None:
        while not self.done.wait(0.5):
            held = 0
            try:
                tree = [self.root, *self.root.children(recursive=True)]
            except psutil.Error:
                return
            for process in tree:
                try:  # pages that forked processes share count once
                    held += process.memory_full_info().pss
                except psutil.Error:
                    continue
            self.peak = max(self.peak, held)


def cost_of(*command: str, log: Path) -> Cost:
    """Run a command to its end."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    before, start = os.times(), time.perf_counter()
    with log.open("wb") as told:
        child = subprocess.Popen(command, stdout=told, stderr=subprocess.STDOUT)
        watch = _Tree(child.pid)
        watch.start()
        status = child.wait()
        watch.done.set()
    while True:
        try:
            os.wait()
        except ChildProcessError:
            break
    after = os.times()
    if status:
        raise SystemExit(f"{' '.join(command)} failed:\n{log.read_text(encoding='utf-8')[-3000:]}")
    used = after.children_user + after.children_system
    used -= before.children_user + before.children_system
    return Cost(used, watch.peak / 2**20, time.perf_counter() - start)


def project(root: Path, rows: int, kind: str) -> None:
    """Lay out a project with the notebooks of this repository and one large log."""
    for name in ("notebooks", "reports"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("studies", "_lab"))
    for path in (*ROOT.glob("_quarto*.yml"), ROOT / "pyproject.toml", ROOT / "requirements.lock"):
        shutil.copy(path, root)
    write_log(root / "data" / "large", rows, kind)


def main() -> None:
    """Run each page once and say what it cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--kind", default="csv", choices=("csv", "parquet"))
    parser.add_argument("--root", type=Path, help="keep the project here, and use it again")
    parser.add_argument("pages", nargs="*", default=PAGES)
    given = parser.parse_args()
    root = given.root or Path(tempfile.mkdtemp(prefix="workbench-large-"))
    if not (root / "data" / "large" / "study.yml").is_file():
        project(root, given.rows, given.kind)
    os.environ["WORKBENCH_ROOT"] = str(root)
    whole = []
    for page in given.pages:
        command = (sys.executable, "-m", "workbench", "run", "large", "-n", page)
        whole.append(cost_of(*command, log=root / f"{page}.log"))
        cpu, memory, seconds = whole[-1]
        told = f"{cpu:7.1f} s {memory:7,.0f} MB {seconds:7.1f} s  load {os.getloadavg()[0]:.1f}"
        print(f"{page:18} {told}", flush=True)
    print(f"{'all':18} {sum(c.cpu for c in whole):7.1f} s {max(c.memory for c in whole):7,.0f} MB")


if __name__ == "__main__":
    main()
