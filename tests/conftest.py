"""What all tests share: the repository's root, and quiet places for runs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from hypothesis import settings

# A loaded machine makes no example wrong.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

# Notebooks below tests/ are fixtures of failure modes, not notebooks to validate.
collect_ignore_glob = ["**/*.ipynb", "*.ipynb"]


@pytest.fixture(autouse=True)
def _no_figure_left_open() -> Iterator[None]:
    """A plot without axes of its own draws on the open ones: never those of another test."""
    yield
    plt.close("all")


def widen_consoles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the command consoles that follow the test's streams, wide enough not to wrap."""
    from rich.console import Console

    from workbench import cli
    from workbench.cli import common

    for part in (common, cli.pages, cli.running, cli.studies):
        monkeypatch.setattr(part, "out", Console(width=200), raising=False)
        monkeypatch.setattr(part, "err", Console(stderr=True, width=200), raising=False)


# --- which tests are left to `make test-all` -------------------------------------------------

SLOW = Path(__file__).parent / "slow.txt"


def listed_as_slow(text: str) -> dict[str, int]:
    """Read slow.txt: a test a line, and how many of its cases stay in `make test`."""
    lines = (line.split("#")[0].split() for line in text.splitlines())
    return {line[0]: int(line[1]) if len(line) > 1 else 0 for line in lines if line}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    text = SLOW.read_text(encoding="utf-8") if SLOW.exists() else ""
    left = {f"tests/{name}": n for name, n in listed_as_slow(text).items()}
    for item in items:
        name = item.nodeid.partition("[")[0]
        if name in left and "slow" not in item.keywords:
            left[name] -= 1
            if left[name] < 0:
                item.add_marker("slow")


# --- what was skipped, and whether that is known ---------------------------------------------

SKIPS = Path(__file__).parent / "skips.txt"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--known-skips",
        action="store_true",
        help="fail when a test is skipped for a reason that tests/skips.txt does not list",
    )


def reason_of(report: pytest.TestReport | pytest.CollectReport) -> str:
    told = report.longrepr
    text = told[2] if isinstance(told, tuple) else str(told)
    return text.removeprefix("Skipped: ")


def known_reasons(text: str) -> list[re.Pattern[str]]:
    """Read skips.txt: a regular expression a line; `#` begins a remark."""
    lines = (line.split("  #")[0].strip() for line in text.splitlines())
    return [re.compile(line) for line in lines if line and not line.startswith("#")]


class Skips:
    """Counts skips by reason, and holds the reasons against those that are known."""

    def __init__(self, known: list[re.Pattern[str]] | None) -> None:
        self.known = known
        self.reasons: Counter[str] = Counter()

    @property
    def unknown(self) -> list[str]:
        if self.known is None:
            return []
        return [r for r in self.reasons if not any(k.fullmatch(r) for k in self.known)]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            self.reasons[reason_of(report)] += 1

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self.reasons[reason_of(report)] += 1

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.unknown and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self.reasons:
            return
        terminalreporter.section("skipped, and why")
        for reason, count in sorted(self.reasons.items()):
            mark = "NOT LISTED in tests/skips.txt: " if reason in self.unknown else ""
            terminalreporter.write_line(f"{count:4d}  {mark}{reason}")


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return  # the process that hands out the tests counts
    listed = config.getoption("--known-skips")
    known = known_reasons(SKIPS.read_text(encoding="utf-8")) if listed else None
    config.pluginmanager.register(Skips(known), "workbench-skips")
