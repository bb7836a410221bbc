"""Nights of a study end to end, from what was measured to the message that came, or did not."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apprise
import numpy as np
import pandas as pd
import pytest
import yaml
from apprise.decorators import notify
from typer.testing import CliRunner

from workbench.cli import app
from workbench.digest.message import Digest
from workbench.digest.tell import Telling, tell
from workbench.errors import WorkbenchError
from workbench.goals import alerts
from workbench.results import Finding
from workbench.runs.records.handover import Handover
from workbench.runs.records.record import (
    RunRecord,
    StepRecord,
    begin,
    finish,
    history_of,
    lock,
    run_id,
)
from workbench.runs.status import study_status
from workbench.study import Study, load_study

REGIONS = ("North", "South")
ENVIRONMENT = {"DIGEST_HEAD": "nights://head", "DIGEST_NORTH": "nights://north nights://deputy",
               "DIGEST_SOUTH": "nights://south"}  # fmt: skip
SITE = "https://reports.example/shop"
INBOX: list[tuple[str, str, str]] = []
PAGES: list[tuple[str, str, str]] = []


@pytest.fixture(scope="module", autouse=True)
def service() -> Iterator[None]:
    """A chat service of our own, which cannot be reached under one address."""

    @notify(on="nights")
    def take(
        body: str, title: str, notify_type: str, meta: dict[str, Any], attach: Any = None, **_: Any
    ) -> bool:
        if meta["host"] == "down":
            raise ConnectionError(f"cannot reach {meta['url']}")
        INBOX.append((meta["host"], title, body))
        PAGES.extend(
            (meta["host"], each.name, Path(each.path).read_text()) for each in attach or ()
        )
        return True

    yield
    apprise.plugins.N_MGR.remove("nights")


@dataclass
class Nights:
    """A study, and what was measured of it up to each night."""

    study: Study
    root: Path
    night: int = 0

    def run(
        self, values: dict[str, np.ndarray], *, failed: Sequence[str] = (), more: Sequence = ()
    ) -> RunRecord:
        """Record the run of a night, as the notebooks would have left it."""
        self.night += 1
        at = self.now
        history = history_of(self.root, self.study.name)
        run = run_id(at, "night")
        aside = begin(history, run)
        good = [name for name in ("alerts", "clv") if name not in failed]
        if "alerts" in good:
            handover = Handover(aside, root=self.root, study="shop", notebook="alerts")
            frames = [pd.concat([measured(v, region) for region, v in values.items()])]
            frames[0].attrs = measured(np.zeros(1), "North").attrs
            card = self.study.alerts
            assert card is not None
            handover.finding(alerts(card, frames, as_of=dt.date(2026, 6, 30)), *more)
            reach = json.dumps({"transactions": "2026-06-30"})
            (aside / "results/alerts/data_to.json").write_text(reach, encoding="utf-8")
        steps = {name: StepRecord(name, name, "done") for name in good}
        steps |= {name: StepRecord(name, name, "failed", reason="no") for name in failed}
        stamp = at.isoformat()
        status: Any = "failed" if failed else "done"
        record = RunRecord("shop", run, stamp, stamp, status, steps, number=self.night)
        return finish(aside, record)

    @property
    def now(self) -> dt.datetime:
        return dt.datetime(2026, 7, self.night, 2, 0, tzinfo=dt.UTC)

    def tell(self, *, days: int = 0, **options: Any) -> Telling:
        environment = options.pop("environment", ENVIRONMENT)
        now = self.now + dt.timedelta(days=days)
        return tell(self.study, self.root, now, environment, **options)


def measured(values: np.ndarray, region: str) -> pd.DataFrame:
    periods = pd.date_range(end="2026-06-01", periods=values.size, freq="MS")
    frame = pd.DataFrame({"period": periods, "region": region, "estimate": values, "n": 300.0})
    frame.attrs["indicator"] = {
        "title": "Complaints", "kind": "share", "better": "down", "unit": "%",
    }  # fmt: skip
    return frame.assign(complete=True)


def quiet() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {region: rng.binomial(300, 0.1, 36) / 300 for region in REGIONS}


def shifted(*regions: str) -> dict[str, np.ndarray]:
    """The last four months of some regions have twice the complaints."""
    values = quiet()
    for region in regions:
        values[region][-4:] = np.random.default_rng(2).binomial(300, 0.22, 4) / 300
    return values


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    INBOX.clear()
    folder = tmp_path / "data" / "shop"
    folder.mkdir(parents=True)
    (folder / "log.csv").write_text("customer_id,date\nA,2026-06-05\n", encoding="utf-8")
    to = [
        {"name": "head", "address": "DIGEST_HEAD"},
        {"name": "north", "address": "DIGEST_NORTH", "language": "zh",
         "where": {"region": "North"}},
        {"name": "south", "address": "DIGEST_SOUTH", "where": {"region": ["South"]},
         "about": ["moves"]},
    ]  # fmt: skip
    card = {
        "title": {"en": "The shop", "zh": "商店"}, "as_of": "2026-06-30", "languages": ["en", "zh"],
        "tables": {"transactions": {"path": "log.csv"}},
        "alerts": {"watch": [{"indicator": "complaint_rate", "by": "region"}], "to": to,
                   "tables": {"transactions": {"days": 5}}, "site": SITE},
    }  # fmt: skip
    (folder / "study.yml").write_text(yaml.safe_dump(card), encoding="utf-8")
    return Nights(load_study(folder), tmp_path)


def test_a_night_with_a_shift_and_a_night_without(nights: Nights) -> None:
    """Nothing, then a shift in the North, then the same again, then it is over, then it is back."""
    nights.run(quiet())
    assert not nights.tell().sent
    assert not INBOX

    nights.run(shifted("North"))
    shown = nights.tell(only_say=True)
    assert not INBOX
    assert "south: nothing new to tell" in str(shown)
    assert nights.tell().sent == ("head", "north")
    head, north, deputy = INBOX
    assert head[:2] == ("head", "The shop: 1 new")
    first, advice, chance, link = head[2].splitlines()
    assert first.startswith("Complaints (North) has been at 2")
    assert "since 1 March 2026, above its usual 1" in first
    assert advice.startswith("Find out what changed in or before 1 March 2026")
    assert chance.endswith("one such change a year is told that is chance alone.")
    assert link == f"{SITE}/studies/shop/alerts.html"
    assert (north[0], deputy[0]) == ("north", "deputy")
    assert north[1:] == deputy[1:]
    assert north[1] == "商店：1项新情况"
    assert north[2].startswith("投诉占比（华北区）自2026年3月1日起升至2")
    assert north[2].endswith(f"{SITE}/zh/studies/shop/alerts.html")

    INBOX.clear()
    nights.run(shifted("North"))
    assert not nights.tell().sent
    nights.run(quiet())
    assert not nights.tell().sent
    assert not INBOX
    nights.run(shifted("North"))
    assert nights.tell().sent == ("head", "north")


def test_several_things_at_once_are_still_three_sentences(nights: Nights) -> None:
    broken = Finding(
        "alerts.contract.log.x.gaps", "Rows lack {table}", {"table": "x"}, severity="warning"
    )
    nights.run(shifted("North", "South"), more=[broken], failed=["clv"])
    nights.tell()
    said = {who: body.splitlines() for who, _, body in INBOX}
    first, more, chance, link = said["head"]
    assert first == (
        "Pages failed in the run of 1 July 2026 and stand as an earlier run left them: clv."
    )
    assert more.startswith("These are new, too: Complaints (")
    assert more.endswith("and x.")
    assert "chance" in chance
    assert link.startswith(SITE)
    assert len(said["north"]) == len(said["head"])
    assert "South" not in "".join(said["north"])
    assert [line for line in said["south"] if "failed" in line] == []


def test_each_failed_run_is_told_and_what_it_does_not_know_is_not_over(nights: Nights) -> None:
    nights.run(shifted("North"))
    nights.tell()
    INBOX.clear()
    for _ in range(2):
        nights.run({}, failed=["alerts"])
        assert nights.tell().sent == ("head", "north")
    assert all("alerts" in body and "Complaints" not in body for _, _, body in INBOX[:1])
    INBOX.clear()
    nights.run(shifted("North"))
    assert not nights.tell().sent


def test_a_run_under_way_is_not_told_as_broken_off(nights: Nights) -> None:
    history = nights.run(quiet()).folder.parent
    begin(history, "20260702T000000Z-abcdef")
    with lock(history):
        assert not nights.tell().sent
    assert nights.tell().sent == ("head", "north")
    assert "was broken off" in INBOX[0][2]


def test_data_grow_old_while_nothing_runs(nights: Nights) -> None:
    record = nights.run(quiet())
    assert not nights.tell(days=4).sent
    assert nights.tell(days=5).sent == ("head", "north")
    head = INBOX[0][2].splitlines()
    assert head[0] == "The table transactions ends on 30 June 2026, 6 days ago; 5 are allowed."
    assert not nights.tell(days=6).sent
    later = nights.now + dt.timedelta(days=5)
    status = study_status(record.folder.parent, later, tables_within={"transactions": 5})
    assert status.wrong == (
        "the table transactions ends on 2026-06-30, 6 days ago, and should within 5",
    )


def test_the_page_goes_along_where_the_card_asks_for_it_and_the_service_takes_it(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    nights.run(shifted("North"))
    card = nights.study.alerts
    assert card is not None
    head, north, south = card.to
    to = (head, north.model_copy(update={"page": True}), south)
    nights.study = nights.study.model_copy(update={"alerts": card.model_copy(update={"to": to})})
    asked = []

    def page_of(digest: Digest, folder: Path) -> Path:
        asked.append((digest.to.name, digest.page))
        file = folder / "shop-alerts.html"
        file.write_text("<!DOCTYPE html>")
        return file

    PAGES.clear()
    assert nights.tell(only_say=True, page_of=page_of).notes == () and not asked
    shown = nights.tell(page_of=page_of)
    assert shown.sent == ("head", "north") and asked == [("north", "alerts")]
    assert sorted(PAGES) == [
        (host, "shop-alerts.html", "<!DOCTYPE html>") for host in ("deputy", "north")
    ]

    def not_there(digest: Digest, folder: Path) -> Path:
        raise WorkbenchError("study 'shop' is not on the published site in 'zh'", where="_site")

    nights.run({}, failed=["alerts"])
    INBOX.clear()
    shown = nights.tell(page_of=not_there)
    assert shown.sent == ("head", "north") and len(INBOX) == 3, "the sentences go nevertheless"
    assert "north is told without the page: _site: study 'shop' is not on" in str(shown)

    taker = apprise.plugins.N_MGR["nights"]
    monkeypatch.setattr(taker, "attachment_support", False)
    nights.run(shifted("North"), failed=["clv"])
    assert len(PAGES) == 2 and nights.tell(page_of=page_of).sent and len(PAGES) == 2


def test_nothing_personal_leaves(nights: Nights) -> None:
    told = Finding(
        "alerts.contract.log.x.gaps",
        "{who} at 13912345678 or wang@example.com lacks {table}",
        {"who": "Wang Xiaoming", "table": "x"},
        severity="warning",
    )
    nights.run(quiet(), more=[told])
    shown = nights.tell(forbidden={"Wang Xiaoming"})
    assert INBOX[0][2].splitlines()[0] == "[…] at […] or […] lacks x."
    assert "2 sentences held personal texts" in str(shown)


def test_what_cannot_be_sent_is_said_without_the_address_and_tried_again(nights: Nights) -> None:
    nights.run(shifted("North", "South"))
    wrong = {"DIGEST_HEAD": "nights://down?token=s3cret", "DIGEST_NORTH": "s3cret nonsense"}
    found = nights.tell(environment=wrong)
    assert not found.sent
    assert len(found.failed) == 3
    assert "1 of 1 addresses did not take the message" in found.failed[0]
    assert "DIGEST_NORTH (addressee north)" in found.failed[1]
    assert "there is no address" in found.failed[2]
    assert "s3cret" not in "".join(found.failed) + str(found)
    assert nights.tell().sent == ("head", "north", "south")


def test_a_damaged_memory_tells_once_more(nights: Nights) -> None:
    nights.run(shifted("South"))
    nights.tell()
    memory = history_of(nights.root, "shop") / "told.json"
    memory.write_text('{"head": ', encoding="utf-8")
    assert nights.tell().sent == ("head", "south")


def test_a_study_that_tells_nobody_says_what_to_write(nights: Nights) -> None:
    alone = nights.study.model_copy(update={"alerts": None})
    with pytest.raises(WorkbenchError, match="names nobody to tell"):
        tell(alone, nights.root, nights.now if nights.night else dt.datetime.now(dt.UTC), {})


def test_the_command_shows_sends_and_says_it_for_programs(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    (nights.root / "_quarto.yml").touch()
    monkeypatch.setenv("WORKBENCH_ROOT", str(nights.root))
    for name, url in ENVIRONMENT.items():
        monkeypatch.setenv(name, url)
    nights.run(shifted("South"))
    shown = CliRunner().invoke(app, ["digest", "shop", "--dry-run"])
    assert (shown.exit_code, INBOX) == (0, [])
    assert "Complaints (South) has been at" in shown.output
    sent = CliRunner().invoke(app, ["digest", "--json"])
    assert sent.exit_code == 0
    told = json.loads(sent.stdout.splitlines()[-1])
    assert (told["event"], told["failed"]) == ("digest", [])
    assert {who for who, _, _ in INBOX} >= {"head", "south"}
    monkeypatch.delenv("DIGEST_HEAD")
    nights.run({}, failed=["clv", "alerts"])
    assert CliRunner().invoke(app, ["digest", "shop"]).exit_code == 1
