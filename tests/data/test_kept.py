"""Cleaned tables are kept on disk: as if made anew, never stale, never half, nobody in them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from workbench.data import Tables, indicator, open_tables
from workbench.data.clean.cleaner import Cleaner
from workbench.data.clean.reading import Reading
from workbench.data.sources.source import Source
from workbench.data.store import cache as kept
from workbench.errors import WorkbenchError
from workbench.study import Study, load_study

MakeStudy = Callable[..., Study]

CUSTOMERS = (
    "customer_id,name,phone,email,region,joined_on,vip\n"
    "C1,Li Xiaoming,13800138000,li@example.cn,North,2024-01-05,1\n"
    "C2,Li Xiaoming,+86 138 0013 8000,,North,2024-02-01,0\n"
    "C3,王小红,13900139000,wang@example.cn,,,1\n"
)
TRANSACTIONS = (
    "customer_id,date,amount,order_id,channel\n"
    "C1,2025-01-05,10.5,O1,web\nC2,2025-02-06,7,O2,\nC3,2025-03-02,3,O3,shop\n"
    "C3,王小红,3,O4,shop\nC3,2025-03-02,-1,O5,shop\nC9,2025-03-03,0,O6,shop\nC9,one field\n"
)
INTERACTIONS = (
    "customer_id,at,kind,resolved\nC1,2025-01-05 08:30:00,complaint,yes\nC3,2025-01-06,,\n"
)
SURVEY = (
    "respondent_id,wave,answered_on,customer_id,csat5,comment\n"
    "R0,2025-H1,2025-01-01,C1,4,\n"
    "R1,2025-H1,2025-02-01,C1,4,Li Xiaoming rang 13800138000\nR2,2025-H1,2025-02-01,C3,9,\n"
)
FILES = {
    "customers": CUSTOMERS,
    "transactions": TRANSACTIONS,
    "interactions": INTERACTIONS,
    "survey": SURVEY,
}
PERSONS = ("xiaoming", "13800138000", "0013", "王小红", "小红", "li@example", "wang@", "C1", "O1")


def states(study: Study) -> list[Path]:
    return sorted(kept.home_of(study).glob("[0-9a-f]*/"))


@pytest.fixture
def no_cleaning(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the raw files were read")

    monkeypatch.setattr(Reading, "flagged", refuse)


@pytest.fixture
def study(make_study: MakeStudy) -> Study:
    return make_study(**FILES)


@pytest.fixture
def small(make_study: MakeStudy) -> Study:
    return make_study(survey=SURVEY)


def assert_same(one: Tables, other: Tables) -> None:
    assert one.report == other.report
    assert one.linking == other.linking
    assert one.hashes == other.hashes
    for name in one.names:
        assert one.expr(name).schema() == other.expr(name).schema()
        pd.testing.assert_frame_equal(one.frame(name), other.frame(name), check_exact=True)


def test_kept_tables_are_those_that_are_made_from_the_raw_files(study: Study) -> None:
    raw = open_tables(study, cache=False)
    assert_same(raw, open_tables(study))
    assert len(states(study)) == 1
    assert_same(raw, open_tables(study))
    assert raw.report.linked == 1
    assert raw.report["transactions"].examples["unreadable"] == (5, "date: [text]")


@pytest.mark.parametrize("name", [pytest.param("harbour", marks=pytest.mark.slow), "cdnow"])
def test_the_studies_of_the_house_come_back_as_they_were(name: str) -> None:
    card = load_study(Path(__file__).parents[2] / "data" / name)
    raw = open_tables(card, cache=False)
    open_tables(card).report  # noqa: B018  (kept by now, by this or an earlier process)
    again = open_tables(card)
    assert_same(raw, again)
    measure = "repeat_purchase"
    pd.testing.assert_frame_equal(
        indicator(raw, measure, every="quarter"), indicator(again, measure, every="quarter")
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_its_owner_looks_into_what_is_kept(study: Study) -> None:
    open_tables(study).report  # noqa: B018  (kept by now)
    (state,) = states(study)
    kept_files = [path for path in state.iterdir() if path.suffix in (".parquet", ".json")]
    assert kept_files and {path.stat().st_mode & 0o777 for path in kept_files} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in (state, state.parent)} == {0o700}


def test_only_what_is_on_disk_is_found(study: Study, tmp_path: Path) -> None:
    assert kept.find(study) is None and not states(study)
    made = open_tables(study).report
    found = kept.find(study)
    assert found is not None
    assert dict(found.reports) == {name: made[name] for name in found.reports}
    assert {found.rows(name).is_file() for name in FILES} == {True}
    (study.folder / "survey.csv").write_text(SURVEY.replace("9,", "5,"))
    assert kept.find(load_study(study.folder)) is None, "that is another state"


def test_what_is_kept_is_read_without_the_raw_files(
    study: Study, request: pytest.FixtureRequest
) -> None:
    before = open_tables(study).frame("transactions")
    request.getfixturevalue("no_cleaning")
    after = open_tables(study)
    pd.testing.assert_frame_equal(after.frame("transactions"), before)
    assert after.report.read == 15
    with pytest.raises(AssertionError, match="raw files"):
        open_tables(study, cache=False).frame("transactions")


def test_rows_of_a_large_study_are_judged_once_for_report_and_table(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = open_tables(study, cache=False).frame("transactions")
    monkeypatch.setattr("workbench.study.card.LARGE", 0)
    judged, judge = [], Reading._judged

    def counted(self: Reading, source: Source, name: str) -> object:
        judged.append(name)
        return judge(self, source, name)

    monkeypatch.setattr(Reading, "_judged", counted)
    tables = open_tables(study)
    read = tables.report.read
    frame = tables.frame("transactions")
    assert read == 15 and sorted(set(judged)) == sorted(judged)
    pd.testing.assert_frame_equal(frame, whole)
    again = open_tables(study)
    pd.testing.assert_frame_equal(again.frame("transactions"), whole)
    assert len(judged) == len(tables.names)


def test_rows_set_aside_are_read_from_the_raw_files(study: Study) -> None:
    open_tables(study).report  # noqa: B018
    aside = open_tables(study).set_aside("transactions")
    assert aside["reason"].tolist() == ["unreadable", "netted", "malformed"]
    pd.testing.assert_frame_equal(aside, open_tables(study, cache=False).set_aside("transactions"))
    assert open_tables(study).pseudonym("C2") == open_tables(study).pseudonym("C1")


def test_nobody_can_be_found_in_what_is_kept(study: Study) -> None:
    open_tables(study).report  # noqa: B018
    (state,) = states(study)
    index = (state / "tables.json").read_text(encoding="utf-8")
    texts = [re.sub(r"\b[0-9a-f]{64}\b", "", index)]  # digests of files hold any two digits
    texts += [
        duckdb.sql(f"SELECT * FROM '{path}'").df().to_csv() for path in state.glob("*.parquet")
    ]
    assert len(texts) == 6  # one of them the purchases that were refunded
    for text in texts:
        assert not [who for who in PERSONS if who.casefold() in text.casefold()]
    packed = b"".join(path.read_bytes() for path in state.iterdir())
    assert not [who for who in PERSONS if len(who) > 4 and who.encode() in packed]


@pytest.mark.parametrize(
    "change",
    [
        lambda study: (study.folder / "survey.csv").write_text(SURVEY.replace("9,", "5,")),
        lambda study: (study.folder / "study.yml").write_text(
            (study.folder / "study.yml").read_text().replace("2025-12-31", "2025-01-15")
        ),
    ],
    ids=["a file", "the card"],
)
def test_a_change_is_seen(small: Study, change: Callable[[Study], object]) -> None:
    before = open_tables(small).report
    change(small)
    changed = load_study(small.folder)
    assert open_tables(changed).report != before
    assert_same(open_tables(changed), open_tables(changed, cache=False))


def test_another_key_is_another_state(small: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    before = open_tables(small).frame("survey")["respondent_id"]
    monkeypatch.setenv(small.privacy.key_env, "another key, long enough")
    after = open_tables(small).frame("survey")["respondent_id"]
    assert not set(before) & set(after)
    assert len(states(small)) == 2


def test_words_of_the_card_that_change_no_row_change_no_state(
    make_study: MakeStudy,
) -> None:
    first = kept.key_of(make_study({"title": "One"}, **FILES))
    assert first == kept.key_of(make_study({"title": "Another"}, **FILES))


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("survey.parquet", "truncated"),
        ("survey.parquet", "changed"),
        ("survey.parquet", "removed"),
        ("tables.json", "truncated"),
        ("tables.json", "removed"),
    ],
)
def test_a_damaged_state_is_noticed_and_made_anew(small: Study, file: str, damage: str) -> None:
    before = open_tables(small)
    assert before.report.kept == 3
    (state,) = states(small)
    content = (state / file).read_bytes()
    if damage == "removed":
        (state / file).unlink()
    else:
        half = len(content) // 2
        (state / file).write_bytes(
            content[:half] + (b"" if damage == "truncated" else b"\0" + content[half + 1 :])
        )
    after = open_tables(small)
    assert after.report == before.report
    assert len(after.frame("survey")) == 3
    assert (state / file).read_bytes()[: len(content) // 2] == content[: len(content) // 2]
    assert json.loads((state / "tables.json").read_text())["reports"].keys() == {"survey"}


def test_the_last_three_states_are_kept_and_one_in_use_is_not_taken_away(
    make_study: MakeStudy,
) -> None:
    study = make_study(survey=SURVEY)
    first = open_tables(study)
    count = len(first.frame("survey"))
    for n in range(1, 6):
        (study.folder / "survey.csv").write_text(SURVEY + f"R{n + 5},2025-H1,2025-02-02,C1,{n},\n")
        open_tables(study).report  # noqa: B018
        assert len(states(study)) <= kept.KEEP + 1
    assert len(first.frame("survey")) == count, "it is still being read"
    del first
    (study.folder / "survey.csv").write_text(SURVEY + "R11,2025-H1,2025-02-02,C1,3,\n")
    assert len(open_tables(study).frame("survey")) == 4
    assert len(states(study)) == kept.KEEP
    assert not list(kept.home_of(study).glob(".aside-*"))


def test_two_processes_that_open_a_study_at_once_both_get_it(study: Study) -> None:
    code = (
        "import sys; from workbench.data import open_tables;"
        "from workbench.study import load_study;"
        "t = open_tables(load_study(sys.argv[1]));"
        "print(t.report.kept, t.report.linked, t.frame('transactions')['amount'].sum())"
    )
    both = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(study.folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [one.communicate(timeout=120) for one in both]
    raw = open_tables(study, cache=False)
    wanted = f"{raw.report.kept} 1 {raw.frame('transactions')['amount'].sum()}\n"
    assert said == [(wanted, "")] * 2
    assert len(states(study)) == 1
    assert not list(kept.home_of(study).glob(".aside-*"))


def test_one_that_loses_the_race_takes_what_the_other_made(
    small: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename
    theirs: list[Path] = []

    def slower(self: Path, target: Path) -> Path:
        if self.name.startswith(".aside-") and not theirs:
            theirs.append(target)
            target.mkdir()
            for path in self.iterdir():
                (target / path.name).write_bytes(path.read_bytes())
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", slower)
    assert len(open_tables(small).frame("survey")) == 3
    assert states(small) == theirs


def test_a_file_that_changes_while_it_is_read_is_not_kept_under_its_old_name(
    small: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleaned = Cleaner.cleaned

    def meanwhile(self: Cleaner, name: str) -> object:
        found = cleaned(self, name)
        with (small.folder / "survey.csv").open("a") as file:
            file.write("R9,2025-H1,2025-02-02,C1,1,\n")
        return found

    with monkeypatch.context() as patch:
        patch.setattr(Cleaner, "cleaned", meanwhile)
        open_tables(small).report  # noqa: B018
    assert states(small) == []
    assert_same(open_tables(small), open_tables(small, cache=False))


def test_nothing_is_kept_of_a_database(make_study: MakeStudy) -> None:
    query = "SELECT 'C1' AS customer_id, DATE '2025-01-02' AS date, 1.0 AS amount"
    study = make_study(transactions=({"sql": query}, None), survey=SURVEY)
    assert_same(open_tables(study), open_tables(study, cache=False))
    (state,) = states(study)
    assert [path.name for path in state.glob("*.parquet")] == ["survey.parquet"]
    people = make_study(customers=({"sql": "SELECT 'C1' AS customer_id"}, None), survey=SURVEY)
    assert kept.key_of(people) is None, "people in a database decide about every table"


def test_a_table_that_cannot_be_read_says_so_each_time(make_study: MakeStudy) -> None:
    study = make_study(transactions=TRANSACTIONS, survey="respondent_id,wave\n")
    for _ in range(2):
        tables = open_tables(study)
        assert len(tables.frame("transactions")) == 4
        with pytest.raises(WorkbenchError, match="not one row"):
            tables.frame("survey")


def test_a_full_disk_is_no_hindrance(small: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept, "_make", full)
    assert_same(open_tables(small), open_tables(small, cache=False))
