"""The verdict on each case of each study is two sentences, in English and in Chinese."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import workbench as wb
from workbench import impact
from workbench.languages import catalogs as languages
from workbench.notebook import Run, open_run
from workbench.reporting.sentences import phrase
from workbench.study import load_study
from workbench.study.packages import is_installed

STUDIES = sorted((Path(__file__).parents[2] / "data").glob("*/study.yml"))
CASES = [(card.parent.name, case.name) for card in STUDIES for case in load_study(card).cases]
# of large tables or many fits: judged with the slow tests
LARGE = {"harbour", "journey", "seatbelts"}
ENDS = {"en": r"[.!?](?=\s|$)", "zh": "[。！？]"}


def words_of_verdicts() -> list[str]:
    assert callable(impact.verdict)
    module = sys.modules["workbench.impact.findings"]
    return [*module.FOUND.values(), *module.GLANCE.values()]


@pytest.mark.parametrize("text", words_of_verdicts())
def test_each_half_of_a_verdict_is_one_sentence(text: str) -> None:
    for language, said in (("en", text), ("zh", languages.catalog("zh")[text])):
        assert len(re.findall(ENDS[language], said)) == 1
        assert re.search(ENDS[language] + "$", said)


def reports(run: Run, name: str) -> impact.CaseReport:
    card = run.case(name)
    beside = [
        impact.side_by_side(
            {c.label or c.indicator: run.series(c.indicator, card.period, c.where) for c in named}
        )
        for named in (card.comparison, card.covariates)
    ]
    options = {"every": card.period, "units": True, "by": card.columns}
    selection = run.indicator(card.selected_on, **options) if card.selected_on else None
    return impact.CaseReport.of(
        impact.judge(
            run.outcome(aim, card, card.columns), card,
            run.table("treatments") if run.has("treatments") else None,
            outcome=aim.indicator, direction=aim.direction, claimed=aim.claimed,
            selection=selection, comparison=beside[0], covariates=beside[1],
            label=run.study.text(aim.label, "en"), min_cell=run.study.privacy.min_cell,
        )
        for aim in card.outcomes
    )  # fmt: skip


@pytest.mark.parametrize(
    ("study", "case"),
    [
        pytest.param(*pair, marks=pytest.mark.slow if pair[0] in LARGE else (), id="-".join(pair))
        for pair in CASES
    ],
)
def test_the_verdict_on_a_case_is_two_sentences(
    study: str, case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = load_study(study)
    for table in card.tables.values():
        if table.package is not None and not is_installed(table.package.name):
            pytest.skip(f"the data package {table.package.name} is not installed")
    monkeypatch.setenv("WORKBENCH_RUN", str(tmp_path))
    report = reports(open_run(study), case)
    for found in report.evaluations:
        parts = impact.verdict(found)
        for language in ("en", "zh"):
            said = [phrase(text, language, impact.words(found, wb)) for text in parts]
            assert len(re.findall(ENDS[language], " ".join(said))) == 2, said
            assert "{" not in "".join(said) and "nan" not in "".join(said).lower()


def test_there_are_cases_to_judge() -> None:
    assert {study for study, _ in CASES} >= {"harbour", "seatbelts", "laws"}
