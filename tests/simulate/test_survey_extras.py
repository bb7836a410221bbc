"""What the questionnaire holds besides: importance, Kano pairs, time taken, coders, margins."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

HARBOUR = Path(__file__).parents[2] / "data" / "harbour"


@pytest.fixture(scope="module")
def survey() -> pd.DataFrame:
    return pd.read_csv(HARBOUR / "survey.csv")


@pytest.fixture(scope="module")
def truth() -> dict[str, object]:
    found: dict[str, object] = json.loads((HARBOUR / "truth.json").read_text("utf-8"))["survey"]
    return found


def test_stated_importance_lies_around_its_true_means(survey: pd.DataFrame, truth: dict) -> None:
    stated = survey.filter(regex="^imp_")
    error = stated.std() / np.sqrt(stated.notna().sum())
    z = (stated.mean() - list(truth["stated_importance"].values())) / error
    # a respondent's tendency is shared by the 22 items, so the z are not independent
    assert z.abs().max() < 4


def test_kano_pairs_fall_into_the_categories_they_were_drawn_from(
    survey: pd.DataFrame, truth: dict
) -> None:
    for item, said in truth["kano"].items():
        pairs = survey[[f"kano_f_{item}", f"kano_d_{item}"]].dropna().to_numpy(dtype=int)
        good, bad = pairs.T
        kinds = np.select(
            [
                ((good == 1) & (bad == 1)) | ((good == 5) & (bad == 5)),
                (good == 1) & (bad == 5),
                good == 1,
                (good == 5) | (bad == 1),
                bad == 5,
            ],
            ["questionable", "one-dimensional", "attractive", "reverse", "must-be"],
            "indifferent",
        )
        for kind, share in said["shares"].items():
            assert (kinds == kind).mean() == pytest.approx(share, abs=0.035)
    asked = survey.groupby("wave")["kano_f_05"].count()
    assert (asked[["2024-H1", "2024-H2"]] == 0).all() and (
        asked[["2025-H1", "2025-H2"]] > 900
    ).all()


def test_two_coders_mostly_agree_and_not_always(survey: pd.DataFrame) -> None:
    coded = survey.dropna(subset=["code_a", "code_b"])
    assert len(coded) == 360 and coded["comment"].notna().all()
    assert 0.75 < (coded["code_a"] == coded["code_b"]).mean() < 0.95
    assert 0.85 < (coded["tone_a"] == coded["tone_b"]).mean() < 0.98


def test_those_who_tick_one_column_are_done_sooner(survey: pd.DataFrame) -> None:
    perception = survey.filter(regex="^per_")
    same = perception.max(axis=1) == perception.min(axis=1)
    assert survey.loc[same, "seconds"].median() < 120 < 400 < survey.loc[~same, "seconds"].median()


def test_the_card_states_the_true_margins(truth: dict) -> None:
    card = yaml.safe_load((HARBOUR / "study.yml").read_text("utf-8"))
    stated = card["survey"]["weights"]["margins"]
    assert stated == truth["margins"]
    assert all(sum(shares.values()) == pytest.approx(1, abs=1e-3) for shares in stated.values())
