"""What the notebooks may be told is as narrow as what will do, and is refused before a kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.runs import plan_study, read_assignments
from workbench.runs.notebook_file import read_notebook
from workbench.runs.parameters import ParameterError, read_parameters
from workbench.runs.plan import RunPlan
from workbench.study import read_card

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
#: Texts: names of the study, a case, a column that only the data tell of, a table or a goal.
TEXTS = {"by", "study", "case", "text", "rating", "outcome", "attribute", "table", "chart"}


def plan(*assignments: str, notebooks: list[str] | None = None) -> RunPlan:
    study = read_card(ROOT / "data" / "harbour" / "study.yml")
    return plan_study(study, ROOT, assignments=read_assignments(assignments), notebooks=notebooks)


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("method=banana", "'banana' is not one of 'kmeans' or 'mixture'"),
        ("discount_rate=-2", "should be greater than or equal to 0"),
        ("calibration_end=2024-02-30", "'2024-02-30' is not a date written 2024-01-31"),
        ("calibration_end=soon", "it takes a date such as 2024-01-31 or none"),
        ("horizon=inf", "should be less than or equal to 36525"),
        ("offer_cost=nan", "it takes a number at least 0 and at most 1e+09"),
        ("clv.margin=30", "should be less than or equal to 1"),
        ("every=fortnight", "'fortnight' is not one of 'month', 'quarter', 'year' or 'wave'"),
        ("levels=1", "it takes a whole number at least 2 and at most 20 (levels of each score)"),
        ("levels=five", "should be a valid integer"),
        ("days=0", "should be greater than or equal to 1"),
        ("by_p_alive=perhaps", "it takes true or false"),
        ("table=transaction", "is not one of the study's tables; did you mean 'transactions'?"),
        ("chart=nothing", "is not one of the study's goals; there are "),
        ("margn=0.2", "did you mean 'margin'?"),
    ],
)
def test_what_will_not_do_is_refused_with_what_would(assignment: str, words: str) -> None:
    with pytest.raises(ParameterError) as error:
        plan(assignment)
    assert words in str(error.value)
    assert f"-p {assignment.partition('=')[0]}" in str(error.value) or "-p (" in str(error.value)


def test_what_will_do_arrives() -> None:
    told = plan("calibration_end=2024-02-29", "method=mixture", "table=transactions", "margin=.2")
    steps = {step.key: step.parameters for step in told.steps}
    assert steps["clv"]["calibration_end"] == "2024-02-29"
    assert steps["segmentation"]["method"] == "mixture"
    assert steps["clv"]["margin"] == steps["lifecycle_churn"]["margin"] == 0.2


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_number_has_a_range_and_every_text_is_a_name(path: Path) -> None:
    for name, declared in read_parameters(read_notebook(path), where=path.name).items():
        if name == "seed":
            continue
        loose = str(declared.type) in ("int", "float", "str", "str | None", "int | None")
        assert not loose or name in TEXTS, f"{name}: {declared.type}"
        assert name == "study" or declared.help, f"{name} does not say what it is"


def test_a_name_that_two_notebooks_share_is_said() -> None:
    assert plan("margin=.2").notes == (
        "-p margin goes to clv (default 1.0), lifecycle_churn (default 0.3), customer_base "
        "(default 0.0); for one alone: -p clv.margin=...",
    )
    assert plan("clv.margin=.2").notes == plan("method=mixture").notes == ()
    alone = plan("margin=.2", notebooks=["clv"])
    assert alone.notes == ()
    margins = {
        step.key: step.parameters["margin"]
        for step in alone.steps
        if step.key in ("clv", "lifecycle_churn")
    }
    assert margins == {"clv": 0.2, "lifecycle_churn": 0.3}, "what is not asked for stays as it is"
    with pytest.raises(ParameterError, match="ask for segmentation as well"):
        plan("method=mixture", notebooks=["clv"])


def test_a_parameter_of_what_a_study_skips_changes_nothing_and_that_is_said() -> None:
    study = read_card(ROOT / "data" / "cdnow" / "study.yml")
    (note,) = plan_study(study, ROOT, assignments=read_assignments(["draws=50"])).notes
    assert note.startswith("-p draws changes nothing: ") and "the study has no table survey" in note
