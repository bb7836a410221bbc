"""What a run will need is tried before it, and said in one place."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml

from workbench.gate import TRIALS, Gate, try_study
from workbench.runs.pipeline import load_pipeline
from workbench.study import load_study

ROOT = Path(__file__).parents[1]


def gate(folder: Path, tables: dict[str, str], **card: Any) -> Gate:
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    full = {
        "title": "A small study",
        "simulated": True,
        "as_of": dt.date(2025, 12, 31),
        "tables": {name: {"path": f"{name}.csv"} for name in tables},
    }
    text = yaml.safe_dump({**full, **card}, sort_keys=False)
    (folder / "study.yml").write_text(text, encoding="utf-8")
    return try_study(load_study(folder), ROOT)


def log(days: int = 700, twice: bool = True) -> str:
    rows = [
        f"C{i % 40},{dt.date(2024, 1, 2) + dt.timedelta(days=i * 13 % days)},{10 + i % 9}.5\n"
        for i in range(240 if twice else 40)
    ]
    return "customer_id,date,amount\n" + "".join(rows)


def case(**changes: Any) -> dict[str, Any]:
    full = {"name": "offers", "title": "C", "start": dt.date(2025, 1, 1), "chosen": "volunteers"}
    return {**full, "outcomes": [{"indicator": "sales", "direction": "up"}], **changes}


TREATED = "case,customer_id,start\n" + "".join(f"offers,C{i},2025-01-01\n" for i in range(15))


def fates(found: Gate) -> dict[str, str]:
    return {outlook.key: outlook.fate for outlook in found.outlooks}


def test_every_trial_is_of_a_notebook() -> None:
    assert set(TRIALS) <= set(load_pipeline(ROOT / "notebooks"))


def test_a_study_in_order_will_run(tmp_path: Path) -> None:
    found = gate(tmp_path, {"transactions": log()})
    assert str(found.report).endswith("the study is in order")
    assert fates(found)["segmentation"] == "will run"


def test_nothing_will_run_on_a_table_that_cannot_be_read(tmp_path: Path) -> None:
    found = gate(tmp_path, {"transactions": "customer_id,amount\nA,5\n"})
    assert not found.report.ok
    for key in ("data_quality", "segmentation", "clv", "lifecycle_churn"):
        assert fates(found)[key] == "cannot run"
    assert "will run" not in {
        fate for key, fate in fates(found).items() if key not in ("overview",)
    }


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"lifecycle_churn": {"offer_keeps": 1.8}}, "'offer_keeps': 1.8"),
        ({"clv": {"horizon": -4.0}}, "'horizon': -4.0"),
        ({"segmentation": {"levels": 1}}, "'levels': 1"),
        ({"clv": {"calibration_end": "2031-01-01"}}, "does not lie within the log"),
        ({"segmentation": {"table": "customers"}}, "segmentation: "),
    ],
)
def test_a_parameter_that_cannot_be_is_a_problem_and_never_below_in_order(
    tmp_path: Path, parameters: dict[str, Any], message: str
) -> None:
    found = gate(tmp_path, {"transactions": log()}, parameters=parameters)
    assert any(message in problem for problem in found.report.problems), found.report.problems
    assert "in order" not in str(found.report)


def test_a_design_that_there_is_not_is_a_problem(tmp_path: Path) -> None:
    tables = {"transactions": log(), "treatments": TREATED}
    found = gate(tmp_path, tables, cases=[case(design="magic")])
    assert any("there is no design 'magic'" in problem for problem in found.report.problems)
    assert fates(found)["case_evaluation-offers"] == "cannot run"


def test_a_case_with_no_time_before_it_is_a_warning(tmp_path: Path) -> None:
    tables = {"transactions": log(), "treatments": TREATED.replace("2025-01-01", "2024-01-11")}
    found = gate(tmp_path, tables, cases=[case(start=dt.date(2024, 1, 11))])
    said = [w for w in found.report.warnings if w.startswith("case_evaluation-offers")]
    assert said, found.report
    assert "nothing can be concluded" in said[0]
    in_time = gate(tmp_path, {**tables, "treatments": TREATED}, cases=[case()])
    assert not [w for w in in_time.report.warnings if w.startswith("case_evaluation")]


def test_what_nobody_bought_twice_foresees_nothing(tmp_path: Path) -> None:
    found = gate(tmp_path, {"transactions": log(twice=False)})
    assert any("nobody has bought twice" in warning for warning in found.report.warnings)


def test_a_table_that_no_page_reads_is_told(tmp_path: Path) -> None:
    calls = "customer_id,at,kind\n" + "".join(f"C{i},2025-12-01 10:00,call\n" for i in range(40))
    alone = gate(tmp_path, {"transactions": log(), "treatments": TREATED})
    assert any("no page reads this table" in warning for warning in alone.report.warnings)
    answered = calls.replace("kind", "response_hours").replace("call", "2")
    served = gate(tmp_path, {"interactions": answered, "steps": "ticket_id,activity,at\n"
                             "1,opened,2025-12-01 10:00\n1,solved,2025-12-02 10:00\n"})  # fmt: skip
    assert not any("no page reads" in warning for warning in served.report.warnings)
    deals = "opportunity_id,customer_id,stage,amount,opened,closed\n" + "".join(
        f"O{i},C{i % 9},{'won' if i % 2 else 'lost'},5,2025-01-{i % 28 + 1:02d},2025-03-01\n"
        for i in range(60)
    )
    sold = gate(tmp_path, {"transactions": log(), "opportunities": deals})
    assert not any("no page reads" in warning for warning in sold.report.warnings)
    beside = gate(tmp_path, {"interactions": calls, "transactions": log()})
    assert not any("no page reads" in warning for warning in beside.report.warnings)
