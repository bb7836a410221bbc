"""The plan says what runs, with which values, and why the rest does not, without a kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from workbench.runs import plan_study, read_assignments
from workbench.runs.parameters import ParameterError
from workbench.runs.pipeline import PipelineError
from workbench.study import read_card

Make = Callable[..., Any]


def plan(project: Any, *assignments: str, notebooks: list[str] | None = None) -> Any:
    return plan_study(
        project.study,
        project.root,
        assignments=read_assignments(assignments),
        notebooks=notebooks,
    )


def test_one_execution_a_case_each_with_its_own_key(project: Make) -> None:
    made = plan(project(by_case={"for_each": "cases"}, gathers={"after": ["*"]}))
    assert [(step.key, step.case) for step in made.steps] == [
        ("by_case-first", "first"),
        ("by_case-second", "second"),
        ("gathers", None),
    ]
    assert made.steps[0].parameters == {"study": "tiny", "seed": 7, "case": "first"}
    assert made.steps[2].after == ("by_case-first", "by_case-second")


def test_what_the_study_lacks_is_skipped_and_so_is_what_needs_it(project: Make) -> None:
    made = plan(
        project(
            good={"tables": ["survey", "transactions"]},
            reader={"needs": ["good"]},
            where={"any_tables": ["contracts", "survey"]},
            typed={"any_tables": ["contracts", "transactions"]},
            hangs={"study": ["goals"]},
            gathers={"after": ["good"]},
        )
    )
    assert {skip.key: skip.reason for skip in made.skips} == {
        "good": "the study has no table survey",
        "reader": "it needs good, which is skipped: the study has no table survey",
        "where": "the study has none of the tables contracts, survey",
        "hangs": "study.yml has no goals",
    }
    assert [step.key for step in made.steps] == ["gathers", "typed"]
    assert made.graph()["gathers"] == set()


def test_a_study_without_cases_skips_what_runs_once_a_case(project: Make) -> None:
    made = project(by_case={"for_each": "cases"})
    made.write_card(cases=[])
    assert plan(made).skips[0].reason == "study.yml has no cases"


def test_the_command_line_wins_over_the_card_and_the_card_over_the_cell(project: Make) -> None:
    made = project(typed={}, good={})
    made.write_card(parameters={"typed": {"count": 3, "share": 0.25}})
    step = {s.key: s for s in plan(made, "count=4", "typed.label=分店").steps}["typed"]
    assert (step.parameters["count"], step.parameters["share"]) == (4, 0.25)
    assert step.parameters["label"] == "分店"
    assert set(step.injected) == {"count", "share", "label", "study"}


def test_a_parameter_goes_to_every_notebook_that_has_it(project: Make) -> None:
    made = plan(project(typed={}, good={}), "seed=1")
    assert [step.parameters["seed"] for step in made.steps] == [1, 1]


def test_parameters_of_a_single_case_win_over_those_of_its_notebook(project: Make) -> None:
    made = project(by_case={"for_each": "cases"})
    made.write_card(parameters={"by_case": {"seed": 1}, "by_case-second": {"seed": 2}})
    assert [step.parameters["seed"] for step in plan(made).steps] == [1, 2]


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("cuont=3", "unknown parameter 'cuont'; did you mean 'count'?"),
        ("typd.count=3", "unknown notebook 'typd'; did you mean 'typed'?"),
        ("good.count=3", "unknown parameter 'count'; there are study, seed"),
        ("count=many", "parameter 'count': 'many' should be a valid integer"),
        ("size=medium", "'medium' is not one of 'small' or 'large'"),
        ("study=other", "'study' cannot be set with -p"),
        ("case=first", "'case' cannot be set with -p"),
    ],
)
def test_a_wrong_assignment_is_told_before_any_kernel(
    project: Make, assignment: str, words: str
) -> None:
    with pytest.raises(ParameterError) as error:
        plan(project(typed={}, good={}), assignment)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"typd": {}}, "parameters for an unknown notebook 'typd'; did you mean 'typed'?"),
        ({"typed": {"cuont": 1}}, "unknown parameter 'cuont'; did you mean 'count'?"),
        ({"typed": {"flag": "perhaps"}}, "'perhaps' should be a valid boolean"),
        ({"typed": {"study": "other"}}, "'study' cannot be set here"),
    ],
)
def test_wrong_parameters_in_the_card_are_told(
    project: Make, parameters: dict[str, Any], words: str
) -> None:
    made = project(typed={})
    made.write_card(parameters=parameters)
    with pytest.raises(ParameterError) as error:
        plan(made)
    assert words in str(error.value)
    assert "study.yml, parameters" in str(error.value)


def test_a_notebook_that_cannot_take_its_case_is_refused(project: Make) -> None:
    with pytest.raises(ParameterError, match="the parameters cell has no 'case'"):
        plan(project(good={"for_each": "cases"}))


def test_asking_for_one_notebook_brings_what_it_needs(project: Make) -> None:
    made = project(good={}, by_case={"for_each": "cases"}, reader={"needs": ["good"]})
    asked = {step.key: step.requested for step in plan(made, notebooks=["reader"]).steps}
    assert asked == {
        "good": True,
        "by_case-first": False,
        "by_case-second": False,
        "reader": True,
    }
    one = plan(made, notebooks=["by_case-second"])
    assert [step.key for step in one.steps if step.requested] == ["by_case-second"]


def test_asking_for_what_there_is_not_or_cannot_run_is_refused(project: Make) -> None:
    made = project(good={}, reader={"tables": ["survey"]})
    with pytest.raises(PipelineError, match="no notebook 'god'; did you mean 'good'"):
        plan(made, notebooks=["god"])
    with pytest.raises(PipelineError, match="'reader' cannot run: the study has no table survey"):
        plan(made, notebooks=["reader"])


@pytest.mark.parametrize(
    "content",
    [
        "<html>",
        "",
        '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"source": "1"}]}',
    ],
)
def test_a_file_that_is_no_notebook_is_broken_and_the_others_run(
    project: Make, content: str
) -> None:
    made = project(good={}, reader={"needs": ["good"]}, typed={})
    path = made.root / "notebooks" / "good.ipynb"
    path.write_text(content)
    laid = plan(made)
    assert [step.key for step in laid.steps] == ["typed"]
    ((key, why),) = [(each.key, each.reason) for each in laid.broken]
    assert key == "good" and f"{path}: not a notebook" in why and "version control" in why
    assert [(s.key, s.reason) for s in laid.skips] == [("reader", "it needs good, which failed")]
    assert plan(made, notebooks=["good"]).broken == laid.broken


def test_a_study_elsewhere_is_handed_to_the_notebook_by_its_folder(project: Make) -> None:
    made = project(good={})
    elsewhere = made.root.parent / "tiny"
    made.card.parent.rename(elsewhere)
    step = plan_study(read_card(elsewhere / "study.yml"), made.root).steps[0]
    assert step.parameters["study"] == str(elsewhere)


@pytest.mark.parametrize("inside", [True, False])
def test_a_study_that_is_a_link_keeps_its_name(project: Make, inside: bool) -> None:
    made = project(good={})
    real = made.root.parent / "export_2024"
    made.card.parent.rename(real)
    link = made.root / "data" / "shop" if inside else made.root.parent / "shop"
    link.symlink_to(real)
    study = read_card(link / "study.yml")
    assert study.name == "shop" and study.folder.samefile(real)
    step = plan_study(study, made.root).steps[0]
    assert step.parameters["study"] == ("shop" if inside else str(link))


def test_numpy_values_of_a_card_made_by_hand_are_plain_in_the_plan(project: Make) -> None:
    made = project(typed={})
    study = made.study.model_copy(
        update={"parameters": {"typed": {"count": np.int64(3), "levels": (np.float64(1), 2)}}}
    )
    (step,) = plan_study(study, made.root).steps
    assert step.parameters["count"] == 3 and type(step.parameters["count"]) is int
    assert step.parameters["levels"] == [1.0, 2.0]
