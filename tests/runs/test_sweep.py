"""Several values of a parameter are one run, with what came of each side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nbformat
import pytest

from workbench.runs import last_run, read_assignments
from workbench.runs.parameters import ParameterError
from workbench.runs.records.record import SWEEPS
from workbench.runs.sweep import MOST, compare_sweep, sweep_of
from workbench.site.staging.sweep_page import write_comparison
from workbench.study import seen_on

CELL = """study: str = "tiny"  # the study
horizon: int = 13  # weeks
margin: float = 0.2  # of a sale
levels: list[float] = [1, 2]  # cuts
label: str = "plain"  # words"""
BODY = """import workbench as wb
from workbench.results import Estimate

run = wb.open_run(study)
if margin > 0.9:
    raise ValueError("no margin is as wide, says wang@example.com")
run.headline("value", Estimate(horizon * margin, label="Mean value"))
run.headline("same", Estimate(7, label="Orders"))"""


def with_notebook(project: Any) -> Any:
    new = nbformat.v4.new_code_cell
    book = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "", "language": "python"}},
        cells=[new(CELL, id="parameters", metadata={"tags": ["parameters"]}), new(BODY, id="body")],
    )
    nbformat.write(book, project.root / "notebooks" / "clv.ipynb")
    return project


@pytest.fixture(scope="module")
def tried(shared: Callable[..., Any]) -> Any:
    return with_notebook(shared(good={}, clv={"needs": ["good"]}))


@pytest.mark.parametrize(
    ("said", "values"),
    [
        (["horizon=26,52", "margin=.2, .3"], {"horizon": ("26", "52"), "margin": (".2", ".3")}),
        (["clv.horizon=26,26,52"], {"horizon": ("26", "52")}),
        (["levels=[1,2],[3]"], {"levels": ("[1, 2]", "[3]")}),
        (["levels=1,2"], None),
        (["label=a,b"], None),
        (["horizon=26"], None),
    ],
)
def test_what_a_parameter_takes_as_it_stands_is_one_value(
    tried: Any, said: list[str], values: dict[str, tuple[str, ...]] | None
) -> None:
    found = sweep_of(tried.root, read_assignments([*said, "seed=3"]), ["clv"])
    assert (found and found.values) == values
    if found:
        assert [a.name for a in found.fixed] == ["seed"]


@pytest.mark.parametrize(
    ("said", "notebooks", "wrong"),
    [
        (["horizon=26,52"], None, "needs one notebook.*-n clv"),
        (["horizon=26,52"], ["clv", "good"], "needs one notebook"),
        ([f"horizon={','.join(map(str, range(MOST + 1)))}"], ["clv"], "too many"),
        (["horizon=26,soon"], ["clv"], "horizon"),
        (["horizons=26,52"], ["clv"], "unknown parameter 'horizons'"),
        (["good.seed=1,2", "horizon=1,2"], ["clv"], "'good' is not the notebook that is swept"),
    ],
)
def test_what_cannot_be_swept_is_refused_before_any_kernel(
    tried: Any, said: list[str], notebooks: list[str] | None, wrong: str
) -> None:
    with pytest.raises(ParameterError, match=wrong):
        tried.run(*said, notebooks=notebooks)


def test_a_sweep_of_an_earlier_day_is_refused(tried: Any) -> None:
    with pytest.raises(ParameterError, match="on the study as it is"):
        day = tried.study.as_of
        tried.run("horizon=1,2", notebooks=["clv"], study=seen_on(tried.study, day))


def test_a_sweep_is_one_run_beside_the_present(tried: Any) -> None:
    record = tried.run("horizon=26,52", "margin=.5,.95", notebooks=["clv"])
    assert record.folder.parent == tried.runs / SWEEPS
    assert last_run(tried.runs) is None
    assert list(record.notebooks) == ["good", "clv-01", "clv-02", "clv-03", "clv-04"]
    statuses = [step.status for step in record.notebooks.values()]
    assert statuses == ["done", "done", "failed", "done", "failed"]
    found = compare_sweep(record)
    assert found.varied == ("horizon", "margin")
    assert [found.numbers[p]["value"].value for p in found.numbers] == [13, 26]
    said = str(found).splitlines()
    assert said[0].split() == ["horizon", "margin", "value"]
    assert said[1].split() == ["26", "0.5", "13"]
    assert said[2].startswith("26       0.95") and "no margin is as wide" in said[2]
    assert said[-1] == "1 other numbers are the same"

    english, chinese, numbers = write_comparison(tried.study, record)
    page = english.read_text(encoding="utf-8")
    assert "4 combinations; 1 of 2 numbers differ between them." in page
    assert "wang@example.com" not in page
    assert "共4种组合；2个数字中有1个随组合而变。" in chinese.read_text(encoding="utf-8")
    assert numbers.read_text(encoding="utf-8").splitlines()[0].startswith("page,horizon,margin,")

    again = tried.run("horizon=26,52", "margin=.5", notebooks=["clv"])
    assert again.notebooks["good"].status == "cached"
    assert compare_sweep(again).varied == ("horizon",)
