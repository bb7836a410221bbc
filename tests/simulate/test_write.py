"""Harbour Mobile is the same to the byte for a seed, and is nobody's data."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

pytest.importorskip("faker")

import yaml

from tools.simulate import SEED, write_study
from tools.simulate.ratings import FIRST, LAST

HARBOUR = Path(__file__).parents[2] / "data" / "harbour"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study, written by the command in a process with another hash seed."""
    out = tmp_path_factory.mktemp("harbour")
    subprocess.run(
        [sys.executable, "-m", "tools.simulate", "--out", str(out), "--seed", str(SEED)],
        check=True,
        env={"PYTHONHASHSEED": "12345", "PATH": ""},
        capture_output=True,
    )
    return out


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    "name",
    [
        "customers.csv",
        "transactions.csv",
        "contracts.tsv",
        "interactions.csv",
        "survey.csv",
        "treatments.csv",
        "ratings.csv",
        "calls.csv",
        "steps.csv",
        "accounts.csv",
        "contacts.csv",
        "business_sales.csv",
        "opportunities.csv",
        "stages.csv",
        "leads.csv",
        "visits.csv",
        "till.csv",
        "offers.csv",
        "rules.csv",
        "voices.csv",
        "follow_ups.csv",
        "truth.json",
    ],
)
def test_the_committed_file_is_what_the_command_writes(written: Path, name: str) -> None:
    assert digest(written / name) == digest(HARBOUR / name)


def test_every_table_of_the_card_is_one_that_the_command_writes(written: Path) -> None:
    card = yaml.safe_load((HARBOUR / "study.yml").read_text(encoding="utf-8"))
    paths = {table["path"] for table in card["tables"].values()}
    assert paths == {path.name for path in written.iterdir()} - {"truth.json"}


def test_the_experts_scores_rise_as_they_were_made_to(written: Path) -> None:
    scores = pd.read_csv(written / "ratings.csv")
    means = scores.groupby("date")["score"].mean()
    assert len(scores) == 8 * 5 * 4 and scores["score"].between(1, 10).all()
    # 20 scores a quarter, each with a standard deviation of about .67.
    assert abs(means.iloc[0] - FIRST) < 0.45 and abs(means.iloc[-1] - LAST) < 0.45


@pytest.mark.slow
def test_another_seed_makes_another_company(written: Path, tmp_path: Path) -> None:
    write_study(tmp_path, seed=7)
    assert digest(tmp_path / "survey.csv") != digest(written / "survey.csv")


def test_the_study_stays_below_seven_and_a_half_megabytes() -> None:
    assert sum(p.stat().st_size for p in HARBOUR.iterdir()) < 7.5e6


def test_no_phone_can_ring_and_no_mail_can_arrive() -> None:
    people = pd.read_csv(HARBOUR / "customers.csv", encoding="gb18030", dtype=str)
    digits = people["手机号"].dropna().map(lambda x: re.sub(r"\D", "", x))
    # Full-width digits count as digits in \D; bring them down to ASCII.
    national = digits.map(lambda x: "".join(str(int(c)) for c in x)[-11:])
    assert national.str.fullmatch(r"145\d{8}").all()
    emails = people["电子邮箱"].dropna().str.strip().str.lower()
    assert emails.str.fullmatch(r"[^@\s]+@example\.(com|net|org)").all()


def test_private_things_in_comments_are_made_up_too() -> None:
    comments = pd.read_csv(HARBOUR / "survey.csv", dtype=str)["comment"].dropna()
    mails = comments.str.extractall(r"([\w.]+@[\w.]+)")[0]
    assert len(mails) and mails.str.contains("@example.").all()
    numbers = comments.str.extractall(r"(1\d{2}[ -]?\d{4}[ -]?\d{4})")[0]
    assert len(numbers) and numbers.str.startswith("145").all()


def test_one_table_is_gb18030_and_not_utf8() -> None:
    with pytest.raises(UnicodeDecodeError):
        (HARBOUR / "customers.csv").read_text(encoding="utf-8")


def test_the_card_names_the_cities_that_were_treated() -> None:
    import yaml

    card = yaml.safe_load((HARBOUR / "study.yml").read_text(encoding="utf-8"))
    truth = json.loads((HARBOUR / "truth.json").read_text(encoding="utf-8"))
    for case in card["cases"]:
        cities = truth["cases"][case["name"]]["treated_cities"]
        assert case.get("treated", {}).get("city", []) == cities, case["name"]
        assert str(case["start"]) == truth["cases"][case["name"]]["start"]
        told = {o["indicator"] for o in case["outcomes"]}
        assert told == set(truth["cases"][case["name"]]["outcomes"])


def test_the_card_is_marked_as_simulated_in_both_languages() -> None:
    from workbench.study import load_study

    study = load_study(HARBOUR)
    assert study.simulated
    assert study.description is not None
    assert "imulated" in study.description["en"] and "模拟" in study.description["zh"]
    assert study.survey is not None and len(study.survey.items) == 22
    assert all(set(text) == {"en", "zh"} for text in study.survey.items.values())


def test_the_command_refuses_what_it_cannot_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tools.simulate.__main__ import main

    with pytest.raises(SystemExit):
        main(["--seed", "-1"])
    assert "from 0 on" in capsys.readouterr().err
    (tmp_path / "taken").write_text("a file, not a folder")
    assert main(["--out", str(tmp_path / "taken")]) == 2
    assert "taken" in capsys.readouterr().err
