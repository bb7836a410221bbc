"""The pages on the survey run on whatever was asked: a missing question shortens them."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from pathlib import Path

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pandas as pd
import pytest
import yaml

ROOT = Path(__file__).parents[2]
KIOSK = ROOT / "tests" / "data_files" / "kiosk_servqual"
PAGES = ("satisfaction_gap", "survey_quality")
CODES = [f"{i:02d}" for i in range(1, 7)]
Page = Callable[..., dict[str, object]]


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
    """Give a function that runs a notebook's cells on a study and returns its names and `said`."""

    def run(notebook: str, folder: Path, **parameters: object) -> dict[str, object]:
        monkeypatch.setenv("WORKBENCH_ROOT", str(tmp_path))
        monkeypatch.setenv("WORKBENCH_KEY", "0123456789abcdef")
        names: dict[str, object] = {}
        said = io.StringIO()
        cells = nbformat.read(ROOT / "notebooks" / f"{notebook}.ipynb", as_version=4).cells
        with contextlib.redirect_stdout(said):
            for cell in cells:
                if cell.cell_type == "code":
                    exec(compile(cell.source, f"{notebook}:{cell.id}", "exec"), names)
                if cell.id == "parameters":
                    names |= {"study": str(folder), "draws": 20, **parameters}
        plt.close("all")
        return {**names, "said": said.getvalue()}

    return run


def study(folder: Path, answered: pd.DataFrame, **card: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    answered.to_csv(folder / "survey.csv", index=False)
    full = {
        "title": "A small study",
        "simulated": True,
        "languages": ["en"],  # each language draws every picture again
        "as_of": pd.Timestamp("2025-12-31").date(),
        "tables": {"survey": {"path": "survey.csv"}},
        "survey": {"dimensions": {"tangibles": CODES[:3], "empathy": CODES[3:]}},
        **card,
    }
    (folder / "study.yml").write_text(yaml.safe_dump(full, allow_unicode=True), encoding="utf-8")
    return folder


def answers(n: int = 240) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    person = rng.normal(size=n)
    frame = pd.DataFrame(
        {
            "respondent_id": [f"r{i}" for i in range(n)],
            "wave": np.where(np.arange(n) % 2, "2025-H1", "2025-H2"),
            "region": rng.choice(["North", "South"], n),
            "csat5": np.clip(np.round(3.5 + person), 1, 5),
            "recommend": np.clip(np.round(7 + 2 * person), 0, 10),
        }
    )
    for item in CODES:
        frame[f"exp_{item}"] = np.clip(np.round(6 + rng.normal(0, 0.8, n)), 1, 7)
        frame[f"per_{item}"] = np.clip(np.round(4.5 + person + rng.normal(0, 0.8, n)), 1, 7)
    return frame


EXPECTED = [f"exp_{item}" for item in CODES]


@pytest.mark.parametrize(
    ("without", "lacking"),
    [
        pytest.param(["recommend"], ("nps",), id="no recommend", marks=pytest.mark.slow),
        pytest.param(["csat5"], ("csat", "driven"), id="no csat", marks=pytest.mark.slow),
        pytest.param(EXPECTED, ("gap", "split"), id="no expectations", marks=pytest.mark.slow),
        pytest.param(
            [*EXPECTED, "recommend", "csat5", "region", "wave"],
            ("gap", "nps", "csat", "driven", "split"),
            id="experience only",
        ),
        pytest.param(
            [*EXPECTED, *(f"per_{item}" for item in CODES)],
            ("gap", "scores", "driven", "split"),
            id="loyalty only",
        ),
    ],
)
def test_the_page_is_shorter_by_what_was_not_asked(
    tmp_path: Path, page: Page, without: list[str], lacking: tuple[str, ...]
) -> None:
    survey = answers().drop(columns=without)
    folder = study(tmp_path / "data" / "small", survey)
    names = page("satisfaction_gap", folder)
    parts = ("gap", "scores", "nps", "csat", "driven", "split")
    assert {part for part in parts if names.get(part) is None} == set(lacking)
    kept = names["run"].headlines().get("notebook", {})  # type: ignore[attr-defined]
    asked = {"csat": ("csat", "csat.top"), "gap": ("gap",), "nps": ("nps",)}
    assert set(kept) == {n for part, own in asked.items() if part not in lacking for n in own}
    quality = page("survey_quality", folder)
    assert (quality["look"] is None) == (without[-1:] == ["per_06"])
    assert quality["survey"].sizes["n"].sum() == 240  # type: ignore[attr-defined]


@pytest.mark.parametrize("notebook", PAGES)
def test_a_wave_with_one_answer_and_answers_all_alike_do_not_break_the_page(
    tmp_path: Path, page: Page, notebook: str
) -> None:
    survey = answers(41)
    survey["wave"] = ["2025-H1"] * 40 + ["2025-H2"]
    alike = answers(60).assign(**dict.fromkeys([f"per_{item}" for item in CODES], 4))
    assert page(notebook, study(tmp_path / "data" / "one", survey))["survey"].last == "2025-H1"  # type: ignore[attr-defined]
    names = page(notebook, study(tmp_path / "data" / "alike", alike))
    if notebook == "survey_quality":
        assert names["valid"] is None and "consistently" not in str(names["said"])


@pytest.mark.parametrize("notebook", [*PAGES, "satisfaction_drivers"])
def test_twelve_people_have_a_page(tmp_path: Path, page: Page, notebook: str) -> None:
    few = answers(12).assign(wave="2025")
    names = page(notebook, study(tmp_path / "data" / "few", few))
    said = str(names["said"])
    assert "wave by wave" not in said and "since the last wave" not in said
    if notebook == "satisfaction_gap":
        assert "The net promoter score is" in said and names["driven"] is None


def test_both_pages_show_the_same_drivers_and_weights_and_panels_are_named(
    tmp_path: Path, page: Page
) -> None:
    survey = answers()
    survey["customer_id"] = [f"c{i // 2}" for i in range(len(survey))]  # everybody twice
    for item in CODES:
        survey[f"imp_{item}"] = survey[f"per_{item}"] % 3 + 4
    margins = {"region": {"North": 0.7, "South": 0.3}}
    card = {"dimensions": {"tangibles": CODES[:3], "empathy": CODES[3:]}}
    folder = study(
        tmp_path / "data" / "small", survey, survey={**card, "weights": {"margins": margins}}
    )
    short, full = page("satisfaction_gap", folder), page("satisfaction_drivers", folder)
    one, other = short["driven"], full["graded"]
    pd.testing.assert_frame_equal(one.table, other.table)  # type: ignore[attr-defined]
    assert one.r2 == other.r2  # type: ignore[attr-defined]
    said = str(short["said"])
    assert "satisfaction_drivers.html" in said
    for text in (said, str(full["said"])):
        assert "All estimates on this page are weighted to all customers" in text
    assert "120 customers answered in both waves and are compared with themselves" in said
    assert "Weighted by importance, the gap is" in said
    whole = short["whole"].table.set_index("score")  # type: ignore[attr-defined]
    assert whole.loc["SERVQUAL", "estimate"] == short["gap"].overall["estimate"]  # type: ignore[attr-defined]
    assert {"SERVQUAL, weighted by importance", "SERVPERF"} <= set(whole.index)


def test_the_pages_run_on_a_real_survey(tmp_path: Path, page: Page) -> None:
    # 194 users of kiosks: columns exp01, per01, imp01; no respondents' numbers, waves or customers
    frame = pd.read_csv(KIOSK / "answers.csv")
    frame = frame[[c for c in frame if not c.startswith("kano")]]
    listed = pd.read_csv(KIOSK / "dimensions.csv").groupby("dimension", sort=False)["item"]
    folder = study(
        tmp_path / "data" / "kiosk",
        frame,
        simulated=False,
        tables={"survey": {"path": "survey.csv"}},
        survey={
            "columns": {
                side: f"{side[:3]}{{item}}" for side in ("expectation", "perception", "importance")
            },
            "dimensions": {name: [int(i) for i in items] for name, items in listed},
            "groups": ["age", "sex"],
        },
    )
    names = page("satisfaction_gap", folder, outcome="total1", best=7)
    gap = names["gap"].dimensions.set_index("dimension")["estimate"]  # type: ignore[attr-defined]
    assert (round(gap["tangibles"], 2), round(gap["security"], 2)) == (0.00, -1.81)
    assert names["nps"] is None and names["csat"] is not None and names["survey"].group == "age"
    withheld = names["split"].overall.query("withheld")  # type: ignore[attr-defined]
    assert (withheld["n"] < 5).all() and withheld["estimate"].isna().all()
    valid = page("survey_quality", folder)["valid"]
    assert round(valid.model.chi2, 2) == 302.55  # type: ignore[attr-defined]
