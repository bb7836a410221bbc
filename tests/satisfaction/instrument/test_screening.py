from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.pilots import CODES, DIMENSIONS, pilot_answers
from benchmarks.survey import judged
from workbench.errors import DataError
from workbench.satisfaction.instrument.screening import compare_versions, screen_items
from workbench.satisfaction.questionnaire.answers import Answers


def rng(*seed: int) -> np.random.Generator:
    return np.random.default_rng([20261130, *seed])


@pytest.mark.slow
@pytest.mark.parametrize(("n", "bound"), [(100, 0.90), (200, 0.97)])
def test_planted_items_are_found(n: int, bound: float) -> None:
    share, _, _ = judged(n, 200)
    assert share >= bound - 2 * np.sqrt(bound * (1 - bound) / 200)


@pytest.mark.slow
def test_thirty_answers_name_only_what_they_can_show() -> None:
    _, right, named = judged(30, 200)
    assert named == {"turned", "at the end", "unanswered"}
    for kind, share in right.items():
        assert share >= 0.95 - 2 * np.sqrt(0.95 * 0.05 / 200), kind


def test_most_planted_items_are_found_in_a_few_pilots() -> None:
    assert judged(200, 4)[0] >= 0.75
    _, right, named = judged(30, 4)
    assert named <= set(right) and min(right.values()) >= 0.75


def test_few_answers_say_from_which_number_on_more_can_be_seen() -> None:
    answers, _ = pilot_answers(rng(1), 30)
    last = screen_items(answers).findings()[-1]
    assert last.values == {"n": 30, "enough": 100} and last.severity == "warning"
    whole, _ = pilot_answers(rng(1), 100)
    assert "items.enough" not in {f.key for f in screen_items(whole).findings()}


def test_a_good_questionnaire_has_no_item_to_mend() -> None:
    answers, _ = pilot_answers(rng(2), 400, planted=False)
    found = screen_items(answers)
    assert found.problems == {} and found.findings()[0].message == "No item has to be mended"


def test_each_problem_names_its_item_and_its_cure() -> None:
    answers, planted = pilot_answers(rng(3), 400)
    found = screen_items(answers)
    told = {f.key: f for f in found.findings()}
    for item, kind in planted.items():
        if kind == "double":
            continue  # which of two equal items is the copy cannot be known
        key = f"items.{kind.replace(' ', '_')}"
        assert any(str(each).startswith(item) for each in told[key].values["items"])
        assert f"{key}.cure" in told
    assert list(found.problems.values()).count("double") == 1
    pair = found.table[found.table["problem"] == "double"].iloc[0]
    assert planted.get(pair["item"]) == "double" or planted.get(pair["with"]) == "double"


def with_values(answers: Answers, item: str, values: np.ndarray) -> Answers:
    return replace(answers, perception=answers.perception.assign(**{item: values}))


def test_several_turned_items_of_a_dimension_are_all_named() -> None:
    answers, _ = pilot_answers(rng(4), 200, planted=False)
    for item in ("01", "02"):
        answers = with_values(answers, item, 8 - answers.perception[item].to_numpy())
    assert screen_items(answers).problems == {"01": "turned", "02": "turned"}


def test_of_two_items_that_run_against_each_other_the_others_tell_which_is_turned() -> None:
    answers, _ = pilot_answers(rng(4), 200, planted=False)
    for item in ("03", "04", "05", "06"):
        answers = with_values(answers, item, np.full(200, 7.0))
    assert "turned" not in screen_items(answers).problems.values()
    answers = with_values(answers, "02", 8 - answers.perception["02"].to_numpy())
    assert screen_items(answers).problems["02"] == "turned"


def test_everybody_skipping_a_part_is_no_fault_of_an_item() -> None:
    answers, _ = pilot_answers(rng(5), 200, planted=False)
    values = answers.perception.to_numpy(copy=True)
    values[:80] = np.nan  # who was no customer was not asked
    gone = replace(
        answers, perception=answers.perception.assign(**dict(zip(CODES, values.T, strict=True)))
    )
    assert "unanswered" not in screen_items(gone).problems.values()


def test_a_constant_item_is_at_the_end_and_spoils_nothing() -> None:
    answers, _ = pilot_answers(rng(6), 200, planted=False)
    found = screen_items(with_values(answers, "01", np.full(200, 7.0)))
    assert found.problems == {"01": "at the end"}


def test_too_few_people_are_an_error() -> None:
    answers, _ = pilot_answers(rng(7), 19, planted=False)
    with pytest.raises(DataError, match="19 respondents"):
        screen_items(answers)


def test_two_equal_versions_do_not_differ_and_a_mended_one_does() -> None:
    whole, _ = pilot_answers(rng(8), 600, planted=False)
    first = np.arange(600) < 300
    one, two = whole.subset(first), whole.subset(~first)
    alike = compare_versions(one, two)
    assert not alike.table["differs"].any()
    bad = with_values(one, "01", rng(9).integers(1, 8, 300).astype(float))
    gone = bad.perception["02"].to_numpy(copy=True)
    gone[:200] = np.nan
    bad = with_values(bad, "02", gone)
    found = compare_versions(bad, two)
    assert set(found.table.loc[found.table["differs"], "item"]) >= {"01", "02"}
    row = found.table.set_index("item").loc["02"]
    assert 0.55 < row["low"] < row["estimate"] < row["high"] < 0.75
    alphas = found.alphas.set_index("dimension")
    assert alphas.loc["a", "second"] > alphas.loc["a", "first"] and alphas.loc["a", "p"] < 0.01
    assert found.findings()[1].values == {"dimensions": ["a"]}


def test_versions_with_other_items_are_refused() -> None:
    one, _ = pilot_answers(rng(1), 30)
    other = replace(
        one,
        perception=one.perception.drop(columns="24"),
        dimensions={**DIMENSIONS, "d": CODES[18:23]},
    )
    with pytest.raises(DataError, match="other items: 24"):
        compare_versions(one, other)
