"""What a notebook holds on to works the same in the lab, under nbval and in a run."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

import workbench as wb
from workbench.notebook import Run
from workbench.results import Advice, Estimate, Finding, Result, attempt
from workbench.runs.records.handover import AbsentError, RunError, read_headlines
from workbench.study import StudyError

CARD = {
    "title": {"en": "Tiny", "zh": "小店"},
    "simulated": True,
    "languages": ["en", "zh"],
    "as_of": "2025-12-31",
    "time_unit": "week",
    "privacy": {"min_cell": 1, "p_percent": 0},
    "tables": {"transactions": {"path": "transactions.csv"}},
    "cases": [
        {
            "name": "desk",
            "title": {"en": "Service desk", "zh": "服务台"},
            "start": "2025-06-01",
            "outcomes": [{"indicator": "sales"}],
        }
    ],
}
#: The least that a run.json says.
ENDED = {"study": "tiny", "run": "", "started": "", "finished": "", "status": "done"}
ENDED |= {"notebooks": {}}
ROWS = "customer_id,date,amount\na,2025-01-03,3.5\na,2025-11-30,4.5\nb,2025-02-03,1\n"
PIPELINE = "segmentation: {gives: {segments: [customer_id]}}\nclv: {}\n"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data" / "tiny").mkdir(parents=True)
    (tmp_path / "data" / "tiny" / "transactions.csv").write_text(ROWS)
    (tmp_path / "data" / "tiny" / "study.yml").write_text(yaml.safe_dump(CARD))
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "pipeline.yml").write_text(PIPELINE)
    for name in ("RUN", "NOTEBOOK", "CASE", "READS", "LANGUAGES", "LANGUAGE"):
        monkeypatch.delenv(f"WORKBENCH_{name}", raising=False)
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    monkeypatch.setenv("WORKBENCH_ROOT", str(tmp_path))
    return tmp_path


def in_a_run(
    monkeypatch: pytest.MonkeyPatch, folder: Path, notebook: str, *reads: str, case: str = ""
) -> Run:
    monkeypatch.setenv("WORKBENCH_RUN", str(folder))
    monkeypatch.setenv("WORKBENCH_NOTEBOOK", notebook)
    monkeypatch.setenv("WORKBENCH_CASE", case)
    monkeypatch.setenv("WORKBENCH_READS", json.dumps(reads))
    return wb.open_run("tiny")


def test_the_names_of_the_package_are_looked_up_when_used() -> None:
    assert set(wb.__all__) <= set(dir(wb))
    for name in wb.__all__:
        assert callable(getattr(wb, name))
    with pytest.raises(AttributeError, match="no attribute 'shwo'"):
        _ = wb.shwo


def test_tables_come_cleaned_and_say_how_far_they_reach(root: Path) -> None:
    run = wb.open_run("tiny")
    assert run.as_of == date(2025, 12, 31)
    frame = run.table("transactions")
    assert list(frame["amount"]) == [3.5, 4.5, 1.0]
    assert set(frame["customer_id"]).isdisjoint({"a", "b"}), "customers appear under pseudonyms"
    assert run.expr("transactions").count().execute() == 3
    assert run.quality["transactions"].kept == 3
    told = json.loads((run.folder / "results/notebook/data_to.json").read_text())
    assert told == {"transactions": "2025-11-30"}


def test_a_table_that_is_not_there_is_told_with_the_one_that_was_meant(root: Path) -> None:
    run = wb.open_run("tiny")
    assert run.has("transactions") and not run.has("survey")
    with pytest.raises(RunError, match="no table 'transaction'; did you mean 'transactions'"):
        run.table("transaction")


def test_summaries_and_indicators_follow_the_card(root: Path) -> None:
    run = wb.open_run("tiny")
    frame = run.summary().frame()
    assert sorted(frame["frequency"]) == [0, 1]
    until = run.summary(calibration_end="2025-06-30").frame()
    assert list(until["frequency"]) == [0, 0]
    assert run.indicator("sales", every="year")["estimate"].sum() == pytest.approx(9.0)
    alone = wb.open_run("tiny")
    alone.indicator("sales", every="year")
    assert alone._data_to == {"transactions": "2025-11-30"}, "an indicator shows its table's days"


def test_customers_are_scored_as_of_the_studys_day(root: Path) -> None:
    run = wb.open_run("tiny")
    scored = run.rfm(levels=2, cuts={"orders": [1]})
    assert (scored.as_of, scored.cuts["orders"]) == (run.as_of, [1.0])
    frame = scored.frame()
    assert sorted(frame["frequency_score"]) == [1, 2]
    assert frame["spend"].sum() == pytest.approx(run.table("transactions")["amount"].sum())


def test_cases_are_found_by_name(root: Path) -> None:
    run = wb.open_run("tiny")
    assert run.case("desk").title["zh"] == "服务台"
    with pytest.raises(StudyError, match="did you mean 'desk'"):
        run.case("dsk")


def test_generators_depend_on_seed_and_name_alone(root: Path) -> None:
    run = wb.open_run("tiny", seed=1)
    first = run.rng("bootstrap").random(3)
    run.rng("other").random(100)
    np.testing.assert_array_equal(run.rng("bootstrap").random(3), first)
    assert not np.allclose(run.rng("other").random(3), first)
    assert not np.allclose(wb.open_run("tiny", seed=2).rng("bootstrap").random(3), first)


def test_a_generator_is_the_same_on_every_machine_and_in_every_version(root: Path) -> None:
    words = np.frombuffer(hashlib.sha256(b"bootstrap").digest()[:16], ">u4").tolist()
    expected = np.random.default_rng([3, *words]).random(4)
    for seed in (3, -3):
        drawn = wb.open_run("tiny", seed=seed).rng("bootstrap").random(4)
        np.testing.assert_array_equal(drawn, expected)


@pytest.mark.parametrize(
    ("units", "chosen", "by", "table", "whole"),
    [
        (True, "everybody", (), "transactions", False),
        (False, "random", (), "transactions", False),
        (False, "random", (), "series", False),
        (False, "random", ("city",), "survey", False),
        (False, "random", ("city",), "series", True),
        (False, "everybody", (), "survey", True),
    ],
)
def test_an_outcome_is_measured_by_customer_where_it_can_be_else_by_whole_period(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    units: bool,
    chosen: str,
    by: tuple[str, ...],
    table: str,
    whole: bool,
) -> None:
    calls: list[Any] = []

    def measured(tables: Any, *arguments: Any, **options: Any) -> pd.DataFrame:
        calls.append((*arguments, options))
        return pd.DataFrame({"estimate": [1.0, 2.0], "complete": [True, False]})

    kind = SimpleNamespace(units=units, table=table)
    monkeypatch.setattr("workbench.data.find_indicator", lambda name: kind)
    monkeypatch.setattr("workbench.data.indicator", measured)
    aim = SimpleNamespace(indicator="x", where={"a": 1})
    case = SimpleNamespace(chosen=chosen, period="week")
    frame = wb.open_run("tiny").outcome(aim, case, by)  # type: ignore[arg-type]
    assert calls == [("x", {"every": "week", "by": by, "units": not whole, "where": {"a": 1}})]
    assert frame["estimate"].tolist() == ([1.0] if whole else [1.0, 2.0])


@pytest.mark.parametrize(
    ("name", "table", "columns", "counted"),
    [
        ("series.sold", "series", ["date", "sold"], False),
        ("series.sold", "series", ["date", "sold", "n"], True),
        ("series.sold", "series", ["date", "sold", "denominator"], True),
        ("sales", "transactions", ["date"], True),
        ("accidents", "series", ["date"], True),
    ],
)
def test_a_ready_made_series_has_as_many_records_as_it_says(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    table: str,
    columns: list[str],
    counted: bool,
) -> None:
    run = wb.open_run("tiny")
    frame = pd.DataFrame({"estimate": [1.0], "n": [3]})
    monkeypatch.setattr("workbench.data.find_indicator", lambda _: SimpleNamespace(table=table))
    monkeypatch.setattr("workbench.data.indicator", lambda *_, **__: frame)
    monkeypatch.setattr(run, "expr", lambda _: SimpleNamespace(columns=columns))
    assert ("n" in run.series(name)) is counted


def test_a_case_is_judged_from_the_tables_that_the_study_has(root: Path) -> None:
    run = wb.open_run("tiny")
    data = run.case_data(run.case("desk"))
    assert len(data.outcomes) == 1 and data.titles == {"desk": "Service desk"}
    assert data.treatments is data.selection is data.contracts is data.customers is None
    assert data.min_cell == run.study.privacy.min_cell


def test_without_a_survey_comments_are_read_by_the_codebook_for_services(root: Path) -> None:
    assert len(wb.open_run("tiny").codebook()) > 3


def test_the_notebooks_own_seed_is_taken(root: Path) -> None:
    space: dict[str, Any] = {}
    exec("import workbench as wb\nseed = 5\nrun = wb.open_run('tiny')", space)
    assert space["run"].seed == 5
    assert wb.open_run("tiny").seed == 20251231


def test_in_the_lab_results_go_to_a_folder_of_the_lab(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", str(root / "notebooks" / "clv.ipynb"))
    run = wb.open_run("tiny")
    run.save("values", pd.DataFrame({"clv": [1.0]}))
    assert (root / "runs/tiny/_lab/results/clv/values.parquet").is_file()
    assert wb.open_run("tiny").load("values")["clv"].tolist() == [1.0]


def test_under_nbval_a_notebook_is_alone(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = wb.open_run("tiny")
    lab.save("segments", pd.DataFrame({"x": [1]}))
    lab.headline("clv.mean", Estimate(1.0))
    earlier = root / "runs/tiny/20260101T000000Z-aaaaaa/results/goals"
    earlier.mkdir(parents=True)
    (earlier / "estimates.json").write_text('[{"name": "goals.met", "value": 1}]')
    (earlier.parents[1] / "run.json").write_text(json.dumps(ENDED))
    assert lab.previous()["goals"]["goals.met"].value == 1
    monkeypatch.setenv("PYTEST_CURRENT_TEST", "notebooks/clv.ipynb::Cell 0 (setup)")
    run = wb.open_run("tiny")
    assert run.notebook == "clv"
    assert not run.has_result("segments") and run.headlines() == run.previous() == {}
    run.save("own", pd.DataFrame({"x": [1]}))
    assert run.has_result("own") and not (root / "runs/tiny/_lab/results/clv").exists()


def test_the_lab_falls_back_on_the_last_complete_run(root: Path) -> None:
    for name, status, asked in (
        ("20260101T000000Z-aaaaaa", "done", []),
        ("20260102T000000Z-bbbbbb", "failed", []),
        ("20260103T000000Z-cccccc", "done", ["segmentation"]),
    ):
        results = root / "runs" / "tiny" / name / "results" / "segmentation"
        results.mkdir(parents=True)
        pd.DataFrame({"customer_id": [name]}).to_parquet(results / "segments.parquet")
        (root / "runs" / "tiny" / name / "run.json").write_text(
            json.dumps({**ENDED, "status": status, "asked": asked})
        )
    run = wb.open_run("tiny")
    assert run.load("segments")["customer_id"].tolist() == ["20260101T000000Z-aaaaaa"]


def test_a_result_keeps_a_named_index_and_leaves_nothing_aside(root: Path) -> None:
    run = wb.open_run("tiny")
    run.save("a", pd.DataFrame({"n": [1, 2]}, index=pd.Index(["x", "y"], name="tier")))
    assert list(run.load("a").columns) == ["tier", "n"]
    assert [p.name for p in (run.folder / "results/notebook").iterdir()] == ["a.parquet"]


@pytest.mark.parametrize(
    ("name", "thing", "words"),
    [
        ("a b", pd.DataFrame(), "'a b' cannot name a result"),
        ("a", [1, 2], "is a list, not a DataFrame"),
    ],
)
def test_what_cannot_be_kept_is_refused(root: Path, name: str, thing: Any, words: str) -> None:
    with pytest.raises(RunError, match=words):
        wb.open_run("tiny").save(name, thing)


def test_a_missing_result_says_which_notebook_gives_it(
    root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(RunError, match="'segmentation' gives it: run that first"):
        wb.open_run("tiny").load("segments")
    run = in_a_run(monkeypatch, tmp_path / "r", "clv")
    assert not run.has_result("segments")
    with pytest.raises(RunError, match="list segmentation under `needs`"):
        run.load("segments")


def test_in_a_run_only_what_it_waits_for_can_be_read(
    root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    in_a_run(monkeypatch, tmp_path / "r", "segmentation").save("s", pd.DataFrame({"x": [1]}))
    stranger = in_a_run(monkeypatch, tmp_path / "r", "goals")
    stranger.headline("goals.met", Estimate(1.0))
    run = in_a_run(monkeypatch, tmp_path / "r", "clv", "segmentation")
    assert run.has_result("s")
    assert run.headlines() == {}
    assert not in_a_run(monkeypatch, tmp_path / "r", "clv").has_result("s")


def test_results_of_several_cases_come_as_one_table(
    root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for case in ("desk", "offers"):
        run = in_a_run(monkeypatch, tmp_path / "r", f"case_evaluation-{case}", case=case)
        run.save("effects", pd.DataFrame({"effect": [len(case)]}))
        run.headline("impact.effect", Estimate(float(len(case))))
    keys = ("case_evaluation-desk", "case_evaluation-offers")
    reader = in_a_run(monkeypatch, tmp_path / "r", "overview", *keys)
    assert reader.load("effects").to_dict("list") == {
        "case": ["desk", "offers"],
        "effect": [4, 6],
    }
    values = {page: named["impact.effect"].value for page, named in reader.headlines().items()}
    assert values == {keys[0]: 4, keys[1]: 6}
    assert reader.headlines()[keys[0]]["impact.effect"].fact == f"{keys[0]}.impact.effect"


def test_two_notebooks_that_save_the_same_name_are_told_apart(
    root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for notebook in ("clv", "segmentation"):
        in_a_run(monkeypatch, tmp_path / "r", notebook).save("same", pd.DataFrame({"x": [1]}))
    reader = in_a_run(monkeypatch, tmp_path / "r", "overview", "clv", "segmentation")
    with pytest.raises(RunError, match="saved by several notebooks: clv, segmentation"):
        reader.load("same")


def test_headlines_are_kept_with_interval_and_meaning(root: Path) -> None:
    run = wb.open_run("tiny")
    mean = Estimate(
        2.5, 1, 3, n=12, p=0.01, kind="money", unit="CNY", label="Mean value", better="up"
    )
    run.headline("clv.mean", replace(mean, value=2.0))
    kept = run.headline("clv.mean", mean)
    run.headline("clv.stay", Estimate(0.7, fact="contracts.kept_1y.observed"))
    run.headline("clv.none", Estimate(float("nan")))
    assert kept == replace(mean, fact="notebook.clv.mean")
    named = run.headlines()["notebook"]
    assert list(named) == ["clv.mean", "clv.stay", "clv.none"] and named["clv.mean"] == kept
    assert named["clv.stay"].fact == "contracts.kept_1y.observed"
    assert named["clv.stay"].label == "clv.stay", "a number without words is shown by its name"
    stored = json.loads((run.folder / "results/notebook/estimates.json").read_text())
    assert [row["value"] for row in stored] == [2.5, 0.7, None]
    assert (stored[0]["notebook"], stored[0]["case"]) == ("notebook", None)
    # what lies on disk is what it was, when another notebook reads it
    again = read_headlines([run.folder / "results/notebook"])["notebook"]
    assert again["clv.mean"] == kept and np.isnan(again["clv.none"].value)


def test_a_day_among_the_headlines_stays_a_day(root: Path) -> None:
    run = wb.open_run("tiny")
    run.headline("data.to", Estimate.of_day(pd.Timestamp("2025-11-30"), "Data through"))
    run.headline("data.from", Estimate.of_day(None))
    again = read_headlines([run.folder / "results/notebook"])["notebook"]
    assert again["data.to"].day == date(2025, 11, 30) and again["data.from"].day is None


def test_what_the_study_or_the_run_lacks_can_be_gone_without(root: Path) -> None:
    run = wb.open_run("tiny")
    assert attempt(run.table, "survey") is None and attempt(run.load, "segments") is None
    with pytest.raises(AbsentError, match="the study has no table 'survey'"):
        run.table("survey")


def test_results_are_kept_whole_and_none_is_nothing(root: Path) -> None:
    run = wb.open_run("tiny")
    result = Share(pd.DataFrame({"share": [0.2]}))
    wb.headlines(run, result, None, {"n": Estimate(3.0)}, topic="page", most=1)
    assert list(run.headlines()["notebook"]) == ["page.share", "page.n"]
    run.finding(result, None, Finding("last", "Then this."))
    assert [each.key for each in run.findings()["notebook"]] == ["share", "last"]
    run.save("shares", result)
    run.save("nothing", None)
    assert run.load("shares").equals(result.table) and not run.has_result("nothing")


@dataclass(frozen=True)
class Share(Result):
    table: pd.DataFrame

    def estimates(self) -> dict[str, Estimate]:
        return {"share": Estimate(0.2, kind="percent")}

    def findings(self) -> list[Finding]:
        return [Finding("share", "A fifth of them.")]


def test_only_estimates_and_findings_are_taken(root: Path) -> None:
    run = wb.open_run("tiny")
    with pytest.raises(RunError, match="headline 'x' is a float, not an Estimate"):
        run.headline("x", 3.0)  # type: ignore[arg-type]
    with pytest.raises(RunError, match=r"a str is no Finding.*run\.finding\(\*result\."):
        run.finding("It rose")  # type: ignore[arg-type]
    assert run.headlines() == {} and run.findings() == {}


def test_findings_travel_whole_and_a_second_of_a_key_replaces_the_first(
    root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gap = Estimate(-0.6, -0.7, -0.5, n=1200, p=0.01, kind="points", fact="gap.wait")
    worth = Finding(
        "worth",
        "{label} falls short by {gap} since {day}",
        {"label": {"en": "Waiting", "zh": "等待"}, "gap": gap, "day": date(2025, 3, 1)},
        verdict="behind",
        severity="warning",
        estimates={"gap": gap},
        money=Estimate(-1200.0, kind="money", unit="CNY"),
        advice=Advice("Answer {label} first", urgency=3),
    )
    writer = in_a_run(monkeypatch, tmp_path / "r", "satisfaction_gap")
    writer.finding(replace(worth, verdict="on course"), Finding("other", "Nothing moved"))
    writer.finding(worth)
    assert [each.key for each in writer.findings()["satisfaction_gap"]] == ["worth", "other"]
    reader = in_a_run(monkeypatch, tmp_path / "r", "overview", "satisfaction_gap")
    read = reader.findings()["satisfaction_gap"]
    assert read[0].text == worth.text and "2025-03-01" in worth.text
    assert read[0].estimates == {"gap": gap} and read[0].advice == worth.advice
    assert (read[0].verdict, read[0].severity) == ("behind", "warning")
    assert read[0].page == "satisfaction_gap", "so that other pages know whose it is"
    assert in_a_run(monkeypatch, tmp_path / "r", "clv").findings() == {}


def test_the_numbers_of_the_last_complete_run_are_the_ones_before(root: Path) -> None:
    run = wb.open_run("tiny")
    assert run.previous() == {}
    results = root / "runs/tiny/20260101T000000Z-aaaaaa/results/clv"
    results.mkdir(parents=True)
    (results / "estimates.json").write_text(json.dumps([{"name": "clv.mean", "value": 1.0}]))
    (results.parents[1] / "run.json").write_text(json.dumps(ENDED))
    assert run.previous()["clv"]["clv.mean"].value == 1.0
