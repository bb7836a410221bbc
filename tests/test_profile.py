"""One customer is shown from all sides, on the screen only: nothing stages or publishes it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from workbench import cli
from workbench.errors import DataError
from workbench.notebook import Run
from workbench.profile import CustomerProfile, customer_profile
from workbench.runs import plan_study
from workbench.study import load_study

ROOT = Path(__file__).parents[1]

TABLES = {
    "customers": "customer_id,name,region\nC1,王伟,North\nC2,李丽,South\n",
    "transactions": "customer_id,date,amount\n"
    + "".join(f"C1,2025-0{m}-03,{m}0\n" for m in range(1, 7))
    + "C2,2024-01-01,5\nC1,2025-06-04,-60\n",
    "contracts": "customer_id,contract_id,start,end,plan,monthly_fee\n"
    "C1,K1,2024-01-01,2026-02-01,Basic,30\nC1,K2,2020-01-01,2021-01-01,Old,10\n",
    "interactions": "customer_id,at,channel,kind,resolved\n"
    "C1,2025-07-01 10:00,phone,complaint,false\nC1,2025-07-02 10:00,shop,question,true\n",
    "survey": "respondent_id,wave,answered_on,customer_id,csat5,comment\n"
    "R1,2025-H1,2025-05-05,C1,4,Ask 王伟 about the queue\n",
    "treatments": "case,customer_id,start\ndesk,C1,2025-03-01\n",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("root")
    study = root / "data" / "small"
    study.mkdir(parents=True)
    (root / "_quarto.yml").touch()
    for name, text in TABLES.items():
        (study / f"{name}.csv").write_text(text, "utf-8")
    card = {
        "title": "A small study",
        "simulated": True,
        "as_of": date(2025, 12, 31),
        "currency": "EUR",
        "tables": {name: {"path": f"{name}.csv"} for name in TABLES},
    }
    (study / "study.yml").write_text(yaml.safe_dump(card, allow_unicode=True), "utf-8")
    return study


@pytest.fixture(scope="module")
def run(folder: Path) -> Iterator[Run]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_ROOT", str(folder.parents[1]))
        root = folder.parents[1]
        lab = root / "runs" / "small" / "_lab"
        yield Run(load_study(folder), folder=lab, root=root, notebook="notebook")


@pytest.fixture(scope="module")
def profile(run: Run) -> CustomerProfile:
    return customer_profile(run, "C1")


def said(profile: CustomerProfile) -> dict[str, str]:
    return {finding.key: finding.text for finding in profile.findings()}


def test_a_customer_is_found_by_pseudonym_and_by_the_files_own_id(
    run: Run, profile: CustomerProfile
) -> None:
    assert profile.customer == run.tables.pseudonym("C1") != "C1"
    assert run.tables.find_customer(profile.customer) == profile.customer
    assert run.tables.find_customer(" C1 ") == profile.customer
    with pytest.raises(DataError, match=r"there is no customer 'C9'.*own files"):
        run.tables.find_customer("C9")
    with pytest.raises(DataError, match="there is no customer"):
        run.tables.find_customer("")


def test_everything_stands_on_one_time_line(profile: CustomerProfile) -> None:
    line = profile.timeline
    assert line["date"].is_monotonic_decreasing
    assert line["event"].value_counts().to_dict() == {
        "purchase": 5, "refund": 1, "contract begins": 2, "contract ends": 2, "contact": 2,
        "answer": 1, "measure": 1,
    }  # fmt: skip
    assert line[line["event"] == "refund"]["amount"].tolist() == [-60.0]
    assert "complaint" in line[line["event"] == "contact"]["what"].str.cat()


def test_what_matters_is_said_in_sentences(profile: CustomerProfile) -> None:
    told = said(profile)
    assert told["bought"].startswith("Purchases: 5, for 150")
    assert told["contracts"] == "Contracts running: 1 of 2."
    assert told["ends"] == "A contract ends on 2026-02-01."
    assert told["open"] == "Contacts left unresolved: 1, the last on 2025-07-01."
    assert told["measure"].startswith("Took part in the measure desk")
    assert {"segment", "stage"} <= set(told)


def test_no_name_is_shown_and_facts_are(profile: CustomerProfile) -> None:
    assert dict(zip(profile.facts["fact"], profile.facts["value"], strict=True)) == {
        "region": "North"
    }
    assert "王伟" not in profile.text and "[name]" in profile.text


def test_what_a_run_has_found_is_read_from_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    who = run.tables.pseudonym("C1")
    saved = {
        "segments": pd.DataFrame({"customer_id": [who], "segment": ["Champions"]}),
        "stages": pd.DataFrame({"customer_id": [who], "stage": ["Growing"]}),
        "customer_value": pd.DataFrame(
            {"customer_id": [who], "clv": [99.0], "low": [90.0], "high": [110.0]}
        ),
        "buyers_to_call": pd.DataFrame({"customer_id": [who]}),
    }
    monkeypatch.setattr(run, "has_result", saved.__contains__)
    monkeypatch.setattr(run, "load", saved.__getitem__)
    told = said(customer_profile(run, who))
    assert told["segment"] == "Segment: Champions."
    assert told["action"].startswith("What is done: Thank them")
    assert told["stage"] == "Stage of life: Growing."
    assert told["value"] == "Expected value: 99 (90 to 110)."
    assert told["call"] == "Stands on the list of buyers to call."


def test_the_command_prints_a_text_and_refuses_who_is_not_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_ROOT", str(folder.parents[1]))
    say: Callable[..., object] = CliRunner().invoke
    shown = say(cli.app, ["profile", str(folder), "C1"])
    assert shown.exit_code == 0 and "Time line" in shown.output
    absent = say(cli.app, ["profile", str(folder), "C9"])
    assert absent.exit_code == 2 and "there is no customer 'C9'" in absent.output


def test_a_profile_is_never_staged_or_published() -> None:
    listed = yaml.safe_load((ROOT / "notebooks/pipeline.yml").read_text("utf-8"))
    assert "customer_profile" not in listed
    planned = plan_study(load_study(ROOT / "data" / "cdnow"), ROOT)
    assert "customer_profile" not in {
        *(s.key for s in planned.steps),
        *(s.key for s in planned.skips),
    }
    # Runs and the site look into notebooks/ only, not below it ...
    assert not (ROOT / "notebooks/customer_profile.ipynb").exists()
    assert (ROOT / "notebooks/lab/customer_profile.ipynb").is_file()
    # ... and no page that they make knows of profiles.
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        assert "workbench.profile" not in path.read_text("utf-8"), path.name
    for room in ("runs", "site", "reporting"):
        for path in (ROOT / "src/workbench" / room).rglob("*.py"):
            assert "workbench.profile" not in path.read_text("utf-8"), path.name


def test_the_notebook_is_committed_empty_and_shows_nobody_unasked() -> None:
    notebook = json.loads((ROOT / "notebooks/lab/customer_profile.ipynb").read_text("utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert not any(cell["outputs"] for cell in cells)
    (given,) = [c for c in cells if "parameters" in c["metadata"].get("tags", [])]
    assert 'customer: str = ""' in "".join(given["source"])
