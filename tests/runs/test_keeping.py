"""Who keeps a study running sees how it stands, what moved, and gets rid of what nobody needs."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from workbench.results import Estimate, Finding
from workbench.runs import RunRecord, list_runs
from workbench.runs.records.compare import NoSuchRunError, compare, find_run, last_two
from workbench.runs.records.prune import RetentionError, prune, read_size, read_span
from workbench.runs.records.record import (
    BusyError,
    StepRecord,
    begin,
    finish,
    last_with,
    lock,
    next_number,
)
from workbench.runs.status import last_day, study_status

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def make(
    folder: Path,
    days_ago: float,
    steps: Mapping[str, str] | None = None,
    *,
    numbers: Mapping[str, Estimate] | None = None,
    findings: list[Finding] | None = None,
    tables: Mapping[str, pd.DataFrame] | None = None,
    size: int = 1000,
    **about: Any,
) -> RunRecord:
    """Put a finished run there: a page a step, and what `clv` stored."""
    moment = NOW - timedelta(days=days_ago)
    run = f"{moment:%Y%m%dT%H%M%SZ}-{next_number(folder) if folder.exists() else 1:06}"
    aside = begin(folder, run)
    steps = steps or {"clv": "done", "goals": "done"}
    for key, status in steps.items():
        if status in ("done", "cached"):
            (aside / "notebooks" / f"{key}.ipynb").write_text("x" * size)
            (aside / "results" / key).mkdir()
    if steps.get("clv") == "done":
        place = aside / "results" / "clv"
        rows = [{"name": name, **each.to_json()} for name, each in (numbers or {}).items()]
        (place / "estimates.json").write_text(json.dumps(rows))
        (place / "findings.json").write_text(json.dumps([f.to_json() for f in findings or []]))
        for name, frame in (tables or {}).items():
            frame.to_parquet(place / f"{name}.parquet")
    ended = moment.isoformat(timespec="seconds")
    records = {k: StepRecord(k, k, s, reason=f"notebook {k}: {s}") for k, s in steps.items()}  # type: ignore[arg-type]
    failed = "failed" in steps.values()
    record = RunRecord(
        "tiny", run, ended, ended, "failed" if failed else "done", records, **about,
        number=next_number(folder),
    )  # fmt: skip
    return finish(aside, record)


def test_a_table_is_the_one_of_the_last_run_that_has_it_whatever_it_was_asked_for(
    tmp_path: Path,
) -> None:
    """A run in which another notebook failed may stand on the site as well."""
    old, new = pd.DataFrame({"n": [1]}), pd.DataFrame({"n": [2]})
    make(tmp_path, 3, tables={"told": old})
    partly = make(tmp_path, 2, {"clv": "done", "goals": "failed"}, tables={"told": new})
    newest = make(tmp_path, 1, {"clv": "failed"})
    assert (
        last_with(tmp_path, "results/clv/told.parquet")
        == partly.folder / "results/clv/told.parquet"
    )
    before = last_with(tmp_path, "results/clv/told.parquet", before=partly.run)
    assert before is not None and pd.read_parquet(before).equals(old)
    assert last_with(tmp_path, "results/goals/told.parquet", before=newest.run) is None


# --- status -----------------------------------------------------------------------------------


def test_status_says_what_ran_when_and_how_old_the_data_are(tmp_path: Path) -> None:
    make(tmp_path, 3, data_to="2026-01-31")
    make(tmp_path, 0.5, data_to="2026-01-31")
    found = study_status(tmp_path, NOW, within=timedelta(days=1), data_within=timedelta(days=31))
    assert (found.status, found.hours, found.data_days, found.wrong) == ("done", 12.0, 29, ())
    assert "all is well" in str(found) and "29 days ago" in str(found)
    late = study_status(tmp_path, NOW, within=timedelta(hours=11), data_within=timedelta(days=28))
    assert late.wrong == (
        "the newest run ended 12.0 hours ago, and should have within 11.0 hours",
        "the data end 29 days ago, and should within 28",
    )
    ahead = study_status(tmp_path, NOW - timedelta(days=2), within=timedelta(days=1))
    assert "from now" in ahead.wrong[0], "a clock that was wrong is no good sign"


def test_status_says_what_failed_what_is_damaged_and_what_is_under_way(tmp_path: Path) -> None:
    assert study_status(tmp_path / "none", NOW).wrong == ("there is no finished run",)
    good = make(tmp_path, 2)
    bad = make(tmp_path, 1, {"clv": "failed", "goals": "skipped"})
    begin(tmp_path, "20260301T000000Z-ffffff")
    (tmp_path / "20250101T000000Z-dddddd").mkdir()
    found = study_status(tmp_path, NOW, data_within=timedelta(days=1))
    assert (found.run, found.status, found.last_good) == (bad.run, "failed", good.run)
    assert found.failed == ("notebook clv: failed",) == found.wrong[:1]
    assert "20250101T000000Z-dddddd" in found.wrong[1]
    assert found.wrong[2] == "the newest run does not say how far its data reach"
    assert (found.interrupted, found.running) == (1, "")
    assert json.loads(json.dumps(found.to_json()))["skipped"] == [
        "notebook goals: notebook goals: skipped"
    ]
    with lock(tmp_path):
        busy = study_status(tmp_path, NOW)
        assert busy.running == f"process {os.getpid()}" and busy.interrupted == 0
    assert study_status(tmp_path, NOW).running == ""


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("2026-01-31", date(2026, 1, 31)),
        ("1984-12", date(1984, 12, 31)),
        ("2024-02", date(2024, 2, 29)),
        ("1984-Q3", date(1984, 9, 30)),
        ("1992", date(1992, 12, 31)),
        ("", None),
        ("2024-13", None),
        ("soon", None),
    ],
)
def test_the_last_day_of_what_a_run_noted(said: str, day: date | None) -> None:
    assert last_day(said) == day


# --- prune ------------------------------------------------------------------------------------


def names(folder: Path) -> list[str]:
    return [run.run for run in list_runs(folder)]


def test_what_the_site_shows_and_the_newest_is_compared_with_stays(tmp_path: Path) -> None:
    oldest = make(tmp_path, 400)
    shown = make(tmp_path, 300, {"clv": "done", "goals": "failed"})
    middle = [make(tmp_path, days, {"clv": "failed", "goals": "failed"}) for days in (200, 100)]
    newest = make(tmp_path, 1, {"clv": "failed", "goals": "done"})
    said = prune(tmp_path, NOW, older=timedelta(days=30), most=1, only_say=True)
    assert len(names(tmp_path)) == 5 and said.gone == tuple(r.run for r in reversed(middle))
    done = prune(tmp_path, NOW, older=timedelta(days=30), most=1)
    assert done.gone == said.gone and done.freed == said.freed
    assert names(tmp_path) == [newest.run, shown.run, oldest.run]
    assert done.kept == {
        newest.run: "it is the newest",
        shown.run: "the site shows its page clv",
        oldest.run: "the newest run is compared with it",
    }
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith(".")) == [
        ".counter", ".lock",
    ]  # fmt: skip


def test_by_age_count_and_size_the_oldest_go_first(tmp_path: Path) -> None:
    runs = [make(tmp_path, days, size=100_000).run for days in (50, 40, 30, 20, 10)]
    assert prune(tmp_path, NOW, older=timedelta(days=45)).gone == (runs[0],)
    assert prune(tmp_path, NOW, most=3).gone == (runs[1],)
    assert prune(tmp_path, NOW, size=500_000).gone == (runs[2],), "each holds 200 kB"
    assert prune(tmp_path, NOW, size=0).gone == (), "the newest, and the one it is compared with"
    assert names(tmp_path) == [runs[4], runs[3]]


def test_runs_of_earlier_days_and_sweeps_go_by_the_same_rules(tmp_path: Path) -> None:
    here = [make(tmp_path, days, size=100_000).run for days in (50, 3, 2)]
    seen = [make(tmp_path / "as_of", days, size=100_000).run for days in (60, 40, 30, 1)]
    tried = [make(tmp_path / "sweeps", days).run for days in (55, 54, 53)]
    said = prune(tmp_path, NOW, older=timedelta(days=45), only_say=True)
    assert set(said.gone) == {here[0], f"as_of/{seen[0]}", f"sweeps/{tried[0]}"}
    assert said.kept[f"as_of/{seen[3]}"] == "it is the newest"
    assert prune(tmp_path, NOW, older=timedelta(days=45)).freed == said.freed > 400_000
    assert names(tmp_path / "as_of") == seen[:0:-1]
    assert prune(tmp_path, NOW, size=950_000).gone == (f"as_of/{seen[1]}",), "the oldest of all"
    with lock(tmp_path / "as_of"), pytest.raises(BusyError):
        prune(tmp_path, NOW, most=1)
    assert prune(tmp_path, NOW, most=1).gone == ()


def test_freed_is_what_no_run_that_stays_shares(tmp_path: Path) -> None:
    make(tmp_path, 30)
    old = make(tmp_path, 20, size=50_000)
    after = make(tmp_path, 10)
    make(tmp_path, 5)
    page = after.folder / "notebooks" / "clv.ipynb"
    page.unlink()
    page.hardlink_to(old.folder / "notebooks" / "clv.ipynb")
    found = prune(tmp_path, NOW, most=2, only_say=True)
    assert 50_000 < found.freed < 70_000, "one of its two pages is shared"


def test_no_rule_a_run_under_way_and_damage_remove_nothing(tmp_path: Path) -> None:
    with pytest.raises(RetentionError, match="nothing says which runs may go"):
        prune(tmp_path, NOW)
    make(tmp_path, 50)
    make(tmp_path, 1)
    damaged = make(tmp_path, 60)
    (damaged.folder / "run.json").write_text("{")
    with lock(tmp_path), pytest.raises(BusyError):
        prune(tmp_path, NOW, most=1)
    found = prune(tmp_path, NOW, most=1)
    assert found.kept[damaged.run] == "it cannot be read" and damaged.folder.is_dir()
    assert prune(tmp_path / "none", NOW, most=1).gone == ()


def test_sizes_and_spans_are_read_as_people_write_them() -> None:
    assert [read_size(x) for x in ("500", "1.5k", "2GB", "3 GiB")] == [
        500,
        1500,
        2 * 10**9,
        3 * 10**9,
    ]
    assert read_span("36h") == timedelta(hours=36) and read_span("2w") == timedelta(days=14)
    assert read_span("90") == read_span("90d") == timedelta(days=90)
    for read, text in ((read_size, "much"), (read_span, "long"), (read_span, "9" * 30)):
        with pytest.raises(RetentionError):
            read(text)


# --- compare ----------------------------------------------------------------------------------


@pytest.fixture
def two(tmp_path: Path) -> tuple[RunRecord, RunRecord]:
    frame = pd.DataFrame({"tier": ["a", "b", None], "value": [1.0, 2.0, math.nan]})
    gap = Estimate(-0.6, -0.7, -0.5)

    def said(verdict: str) -> Finding:
        return Finding("gap", "Short by {gap}", {"gap": gap}, verdict=verdict)

    folder = tmp_path / "runs" / "tiny"
    first = make(
        folder,
        2,
        numbers={"mean": Estimate(412, 390, 434, unit="CNY"), "n": Estimate(5), "was": Estimate(1)},
        findings=[
            Finding("gap", "Short by {gap}", {"gap": gap}, verdict="shown"),
            Finding("k", "K"),
        ],
        tables={"tiers": frame, "kept": frame, "gone": frame},
        inputs={"a.csv": "1" * 64, "b.csv": "2" * 64},
        versions={"pandas": "3.1.1"},
    )
    second = make(
        folder,
        1,
        {"clv": "done", "goals": "failed"},
        numbers={
            "mean": Estimate(430, 400, 460, unit="CNY"),
            "n": Estimate(5 + 1e-12),
            "new": Estimate(2),
        },
        findings=[
            Finding("gap", "Short by {gap}", {"gap": gap}, verdict="not shown"),
            Finding("k", "K"),
        ],
        tables={"tiers": frame.assign(value=[1.0, 2.5, math.nan]), "kept": frame.iloc[::1]},
        inputs={"a.csv": "3" * 64, "b.csv": "2" * 64},
        versions={"pandas": "3.2.0"},
    )
    return first, second


def test_two_runs_are_told_apart_and_what_is_the_same_is_counted(two: Any) -> None:
    found = compare(*two)
    told = {(c.kind, c.page, c.name): (c.before, c.after) for c in found.changes}
    assert told == {
        ("input", "", "a.csv"): ("1" * 12, "3" * 12),
        ("setting", "", "version of pandas"): ("3.1.1", "3.2.0"),
        ("page", "goals", "page"): ("there", "failed: notebook goals: failed"),
        ("number", "clv", "mean"): ("412 (390 to 434) CNY", "430 (400 to 460) CNY"),
        ("number", "clv", "was"): ("1", ""),
        ("number", "clv", "new"): ("", "2"),
        ("finding", "clv", "gap"): (
            "Short by -0.6 (-0.7 to -0.5) [shown, note]",
            "Short by -0.6 (-0.7 to -0.5) [not shown, note]",
        ),
        ("table", "clv", "tiers"): (
            "3 rows, 2 columns",
            "3 rows, 2 columns, other values: 1 in value",
        ),
        ("table", "clv", "gone"): ("3 rows, 2 columns", ""),
    }
    assert [c.change for c in found.changes if c.name == "mean"] == [18]
    assert found.same["input"] == found.same["number"] == found.same["table"] == 1
    text = str(found)
    assert "  clv: mean: 412 (390 to 434) CNY -> 430 (400 to 460) CNY  (+18)" in text
    assert "  clv: new: (none) -> 2" in text
    again = compare(two[0], two[0])
    assert again.changes == () and "the same: 2 inputs" in str(again)


def test_what_cannot_be_read_is_not_compared_and_said(two: Any) -> None:
    first, second = two
    (second.folder / "results/clv/estimates.json").write_text("[")
    (second.folder / "results/clv/tiers.parquet").write_text("no table")
    found = compare(first, second)
    assert "what this page stored cannot be read" in str(found)
    (table,) = [c for c in found.changes if c.name == "tiers"]
    assert table.after.startswith("cannot be read")


def test_runs_are_found_by_their_ids_beginnings_and_folders(two: Any, tmp_path: Path) -> None:
    first, second = two
    assert find_run(tmp_path, first.run).run == first.run
    assert find_run(tmp_path, f"tiny/{second.run[:8]}").run == second.run
    assert find_run(tmp_path, str(first.folder)).run == first.run
    with pytest.raises(NoSuchRunError, match="2 runs begin so; name one of tiny/2026"):
        find_run(tmp_path, "2026")
    with pytest.raises(NoSuchRunError, match="there is no such run"):
        find_run(tmp_path, "2031")
    assert [run.run for run in last_two(first.folder.parent)] == [first.run, second.run]
    with pytest.raises(NoSuchRunError, match="0 finished runs"):
        last_two(tmp_path / "none")
