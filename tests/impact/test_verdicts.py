"""One verdict on a measure: what is shown, by the corrected p-values, and then the money."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.impact.cards import case_of
from workbench import impact
from workbench.impact import CaseReport, Effect, Evaluation, judge_measure, judge_outcome
from workbench.impact.findings import ADVICE, FOUND, GLANCE, HEADINGS, advise
from workbench.impact.grading import grade
from workbench.languages import catalogs as languages
from workbench.languages import speak
from workbench.notebook import open_run
from workbench.reporting.sentences import phrase
from workbench.study import Case, load_study
from workbench.study.packages import is_installed

STUDIES = sorted((Path(__file__).parents[2] / "data").glob("*/study.yml"))
CASES = [(card.parent.name, case.name) for card in STUDIES for case in load_study(card).cases]
# of large tables or many fits: judged with the slow tests
LARGE = {"harbour", "journey", "seatbelts"}
ENDS = {"en": r"[.!?](?=\s|$)", "zh": "[。！？]"}
WORDS = ("shown", "harmful", "not shown", "cannot be told")
CHANCES = (None, 0.0, 0.0999, 0.1, 0.5, 0.8, 0.8999, 0.9, 1.0)


def expected(outcomes: tuple[str, ...], chance: float | None, valued: str) -> str:
    """The order of the verdicts, written down a second time."""
    rules = [
        ("harmful", "harmful" in outcomes),
        ("not shown", "shown" not in outcomes and "not shown" in outcomes),
        ("cannot be told", set(outcomes) == {"cannot be told"}),
        ("shown, money not known", chance is None),
        ("shown and pays", (chance or 0) >= 0.9 and valued == "shown"),
        ("shown, does not pay", (chance or 0) < 0.1),
        ("shown, pay-off open", True),
    ]
    return next(word for word, holds in rules if holds)


@pytest.mark.parametrize("outcomes", list(product(WORDS, WORDS)))
def test_what_is_shown_comes_first_and_then_the_money(outcomes: tuple[str, str]) -> None:
    for chance, place in product(CHANCES, (0, 1)):
        said = judge_measure(outcomes, chance=chance, valued=outcomes[place])
        assert said == expected(outcomes, chance, outcomes[place]), (chance, place)
        assert said in HEADINGS and advise(said, chance) in ADVICE.values()


def test_each_bound_is_on_the_side_that_the_page_states() -> None:
    for chance, said in (
        (0.0999, "shown, does not pay"), (0.1, "shown, pay-off open"),
        (0.8999, "shown, pay-off open"), (0.9, "shown and pays"),
    ):  # fmt: skip
        assert judge_measure(["shown"], chance=chance) == said
    assert judge_measure(["shown"], chance=0.95, required=0.96) == "shown, pay-off open"
    assert judge_measure(["shown"], chance=0.7, required=0.7) == "shown and pays"


def test_nothing_shown_is_never_kept_for_its_money() -> None:
    for chance, said in (
        (1.0, "test again"), (0.8, "test again"), (0.7999, "not shown"), (0.1, "not shown"),
        (0.0999, "not shown, unlikely to pay"), (None, "not shown"),
    ):  # fmt: skip
        assert advise("not shown", chance) is ADVICE[said]
    assert not any(
        advice.message.startswith("Keep") for word, advice in ADVICE.items() if "not shown" in word
    )
    assert advise("harmful", 0.99) is ADVICE["harmful"]


def judged(at: float, p: float = 0.01, half: float = 0.5, **about) -> Evaluation:
    nothing = pd.DataFrame()
    effect = None if at == 0 else Effect("chosen at random", at, at - half, at + half, p, n_units=9)
    strength = grade(effect, (), None)
    named = {"outcome": "sales", "direction": "up", "claimed": None, "kind": "number"} | about
    return Evaluation(
        **named, effect=effect, glance=None, answers=nothing, designs=nothing, checks=(),
        grading=strength,
    )  # fmt: skip


def test_an_effect_is_shown_below_the_level_and_with_zero_outside_its_interval() -> None:
    for p, said in ((0.0499, "shown"), (0.05, "not shown"), (np.nan, "shown")):
        assert judge_outcome(judged(1.0), p) == said
    assert judge_outcome(judged(-1.0), 0.01) == "harmful"
    assert judge_outcome(judged(-1.0, direction="down"), 0.01) == "shown"
    assert judge_outcome(judged(1.0, direction="down"), 0.01) == "harmful"
    assert judge_outcome(judged(1.0, half=1.0), 0.01) == "not shown", "the interval ends at zero"
    assert judge_outcome(judged(0), np.nan) == "cannot be told"


def two(first: Evaluation, second: Evaluation, **part) -> CaseReport:
    outcomes = [{"indicator": "sales", "value": 1.0}, {"indicator": "nps"}]
    case = case_of("c", "2024-01-01", "random", outcomes=outcomes, **part)
    pair = [first, replace(second, outcome="nps")]
    return CaseReport.of(case, pair, rng=np.random.default_rng(1), currency="CNY")


def test_a_measure_is_judged_by_the_p_values_corrected_for_its_outcomes() -> None:
    # .03 alone is below 5 %, twice that is not
    report = two(judged(1.0, p=0.03), judged(0.2, p=0.5))
    assert report.p == pytest.approx((0.06, 0.5))
    assert [said.verdict for said in report.sentences] == ["not shown", "not shown"]
    assert report.verdict.verdict == "not shown"
    assert "among 2 outcomes one may change as much by chance" in report.sentences[0].text
    assert report.estimates()["effect.sales"].p == pytest.approx(0.06)
    assert report.verdict.estimates == report.estimates()
    assert report.table["verdict"].tolist() == ["not shown", "not shown"]
    sure = two(judged(1.0, p=0.02), judged(0.2, p=0.5))
    assert [said.verdict for said in sure.sentences] == ["shown", "not shown"]
    assert sure.verdict.values["outcomes"] == ["sales per customer"]


def test_harm_is_judged_by_the_same_correction() -> None:
    assert two(judged(1.0, p=0.001), judged(-1.0, p=0.06)).verdict.verdict.startswith("shown")
    harmed = two(judged(1.0, p=0.001), judged(-1.0, p=0.02)).verdict
    assert (harmed.verdict, harmed.severity) == ("harmful", "warning")
    assert harmed.values["outcomes"] == ["net promoter score"]
    assert harmed.advice.urgency == 1 and "worsened" in harmed.advice.message


def test_money_decides_among_what_is_shown_only() -> None:
    paid = {"costs": {"once": 1.0}, "horizon": 12}
    costly = {"costs": {"once": 5000.0}, "horizon": 12}
    about = {"customers": 100.0}
    worked, unclear = judged(1.0, **about), judged(1.0, p=0.4, **about)
    nothing = judged(0.2, p=0.9)
    said = {
        "shown and pays": two(worked, nothing, **paid),
        "shown, does not pay": two(worked, nothing, **costly),
        "shown, money not known": two(worked, nothing),
        "not shown": two(unclear, nothing, **paid),
    }
    for verdict, report in said.items():
        assert report.verdict.verdict == verdict
    again = said["not shown"].verdict
    assert again.money.value > 0 and again.text.startswith("c: no effect on")
    assert "Test c again" in said["not shown"].next_step.text
    # the upper end of the interval, written alike
    net, most = (speak("en").write(each) for each in (again.money, again.values["most"]))
    assert net.endswith(f"to {most})")
    assert "Keep" not in said["shown, does not pay"].next_step.text
    # what is shown is another outcome than the one that is worth money
    other = two(unclear, judged(1.0, p=0.001), **paid)
    assert other.benefit.chance > 0.9 and other.verdict.verdict == "shown, pay-off open"


def test_the_card_says_from_which_chance_on_a_measure_pays() -> None:
    paid = {"costs": {"once": 900.0}, "horizon": 12}
    report = two(judged(1.0, customers=100.0), judged(0.2, p=0.9), **paid)
    chance = report.benefit.chance
    assert 0.8 < chance < 0.999
    for bound, said in ((chance, "shown and pays"), (chance + 5e-4, "shown, pay-off open")):
        case = report.case.model_copy(update={"required_chance": bound})
        assert replace(report, case=case).verdict.verdict == said


def test_a_bound_that_no_chance_can_reach_is_refused_by_the_card() -> None:
    for bound in (0.5, 1.0):
        with pytest.raises(ValueError, match="required_chance"):
            case_of("c", "2024-01-01", required_chance=bound)
    assert Case.model_fields["required_chance"].default == 0.9


@pytest.mark.parametrize("text", [*FOUND.values(), *GLANCE.values()])
def test_what_is_said_of_an_outcome_is_one_sentence(text: str) -> None:
    for language, said in (("en", text), ("zh", languages.catalog("zh")[text])):
        assert len(re.findall(ENDS[language], said)) == 1
        assert re.search(ENDS[language] + "$", said)


@pytest.mark.parametrize(
    ("study", "case"),
    [
        pytest.param(*pair, marks=pytest.mark.slow if pair[0] in LARGE else (), id="-".join(pair))
        for pair in CASES
    ],
)
def test_the_verdict_on_a_case_is_said_in_both_languages(
    study: str, case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = load_study(study)
    for table in card.tables.values():
        if table.package is not None and not is_installed(table.package.name):
            pytest.skip(f"the data package {table.package.name} is not installed")
    monkeypatch.setenv("WORKBENCH_RUN", str(tmp_path))
    run = open_run(study)
    measure = run.case(case)
    report = impact.judge_case(measure, run.case_data(measure), rng=run.rng("benefit"))
    findings = [*report.findings(), report.glance, report.next_step, *report.foresight]
    for said, language in product(findings, ("en", "zh")):
        text = phrase(said, language, {}, form="plain")
        assert "{" not in text and "nan" not in text.lower(), text
        assert said.message in languages.catalog("zh")
    assert [f.verdict for f in report.sentences] == report.table["verdict"].tolist()


def test_there_are_cases_to_judge() -> None:
    assert {study for study, _ in CASES} >= {"harbour", "seatbelts", "laws"}
