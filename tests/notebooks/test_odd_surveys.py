"""All four pages of a survey run on odd ones: weights, waves in words, mixed scales, few people."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.notebooks.test_survey_pages import Page, page, study

__all__ = ["page"]

PAGES = ("satisfaction_gap", "survey_quality", "satisfaction_drivers", "comments")
SAID = [
    "The queue was far too long on Monday",
    "Friendly and quick staff, thank you",
    "Prices went up again without notice",
    "The app crashes when I pay",
    *("", "", " n/a"),
]
Odd = tuple[pd.DataFrame, dict[str, Any]]


def survey(n: int = 240, dimensions: int = 2, each: int = 3, ends: tuple[int, int] = (1, 7)) -> Odd:
    """Draw answers of people who differ, and the survey's part of their card."""
    rng = np.random.default_rng(1)
    person, at = rng.normal(size=n), np.arange(n)
    codes = [f"{i:02d}" for i in range(1, dimensions * each + 1)]
    frame = pd.DataFrame(
        {"respondent_id": [f"r{i}" for i in at], "wave": np.where(at % 2, "2025-H1", "2025-H2"),
         "region": rng.choice(["North", "South", "West"], n),
         "plan": rng.choice(["Basic", "Plus"], n),
         "csat5": np.clip(np.round(3.5 + person), 1, 5),
         "recommend": np.clip(np.round(7 + 2 * person), 0, 10),
         "comment": [SAID[i % 7] for i in at]}
    )  # fmt: skip
    middle, step = sum(ends) / 2, (ends[1] - ends[0]) / 6
    for code in codes:
        noise = rng.normal(0, step, (2, n))
        frame[f"exp_{code}"] = np.clip(np.round(middle + 2 * step + noise[0]), *ends)
        frame[f"per_{code}"] = np.clip(np.round(middle + step * (0.5 + person) + noise[1]), *ends)
    parts = {f"part {k}": codes[k * each : (k + 1) * each] for k in range(dimensions)}
    return frame, {"scale": list(ends), "dimensions": parts, "groups": ["region", "plan"]}


def waves_in_words() -> Odd:
    frame, card = survey()
    names = {"2025-H1": "before the move", "2025-H2": "after the move"}
    return frame.assign(wave=frame["wave"].map(names)), card | {"waves": list(names.values())}


def ready_weights() -> Odd:
    frame, card = survey()
    w = np.random.default_rng(2).gamma(4, 0.25, len(frame))
    return frame.assign(w=w), card | {"weights": {"column": "w"}}


def raked_to_cells() -> Odd:
    frame, card = survey()
    cells = {f"{a} / {b}": 1 / 6 for a in ("North", "South", "West") for b in ("Basic", "Plus")}
    return frame, card | {"weights": {"margins": {"region / plan": cells}, "trim": 3}}


def mixed_scales() -> Odd:
    frame, card = survey(ends=(1, 5))
    rng = np.random.default_rng(3)
    frame["per_02"], frame["exp_02"] = rng.integers(0, 11, 240), rng.integers(5, 11, 240)
    frame["csat"] = np.clip(np.round(frame.pop("csat5") * 7 / 5), 1, 7)
    frame["recommend"] += 1
    return frame, card | {"scales": {"02": [0, 10], "csat": [1, 7], "recommend": [1, 11]}}


def twelve_people() -> Odd:
    frame, card = survey(12)
    frame = frame.drop(columns="wave").assign(w=[1.0, 2.0] * 6, how=["web", "shop"] * 6)
    return frame, card | {"weights": {"column": "w"}, "questions": {"how": {}}}


def many_items() -> Odd:
    frame, card = survey(194, 6, 4, (1, 5))
    return frame.drop(columns="wave"), card


def turned_and_checked() -> Odd:
    frame, card = survey()
    for side in ("exp", "per"):
        frame[f"{side}_03"] = 8 - frame[f"{side}_03"]
    frame["liked"] = frame["comment"].shift(1)
    frame["check"] = np.where(np.arange(240) % 10 == 0, 3, 2)
    frame["used"] = ["app;shop", "app", "phone;shop", "app;phone"] * 60
    about = {"reversed": ["03"], "open": {"liked": None}, "questions": {"used": {"several": ";"}},
             "attention": {"check": {"right": [2], "exclude": True}}}  # fmt: skip
    return frame, card | about


def comments_alone() -> Odd:
    frame, _ = survey()
    return frame[["respondent_id", "region", "comment"]], {"groups": ["region"]}


def tiny_groups() -> Odd:
    frame, card = survey()
    frame.loc[frame.index[:3], "region"] = "Isle"
    return frame.assign(plan=None), card


def a_row_an_answer() -> Odd:
    frame, card = survey(60)
    known = ["respondent_id", "wave", "region"]
    rows = frame.drop(columns="plan").melt(known, var_name="q", value_name="a").dropna()
    sided = rows["q"].str.match(r"(exp|per)_")
    rows["side"] = rows["q"].str[:3].where(sided, "")
    rows["q"] = rows["q"].str.replace(r"^(exp|per)_", "", regex=True)
    sides = {"expectation": "exp", "perception": "per"}
    form = {"item": "q", "side": "side", "value": "a", "sides": sides}
    return rows.astype({"a": str}), card | {"long": form}


def all_alike() -> Odd:
    frame, card = survey()
    return frame.assign(csat5=4, per_01=5), card


def four_waves_of_one_panel() -> Odd:
    frame, card = survey(400)
    waves = np.repeat(["Q3 2024", "Q4 2024", "Q1 2025", "Q2 2025"], 100)
    return frame.assign(wave=waves, respondent_id=[f"r{i % 100}" for i in range(400)]), card


ODD = (waves_in_words, ready_weights, raked_to_cells, mixed_scales, twelve_people, many_items,
       turned_and_checked, comments_alone, tiny_groups, a_row_an_answer, all_alike,
       four_waves_of_one_panel)  # fmt: skip


def net_promoters(said: object) -> float | None:
    found = re.search(r'data-fact="notebook\.nps" data-number="([-\d.]+)"', str(said))
    return None if found is None else float(found[1])


@pytest.mark.parametrize(
    "odd", [pytest.param(o, marks=() if o is a_row_an_answer else pytest.mark.slow) for o in ODD]
)
def test_all_pages_run_and_tell_what_was_asked(
    tmp_path: Path, page: Page, odd: Callable[[], Odd]
) -> None:
    frame, card = odd()
    folder = study(tmp_path / "data" / "odd", frame, survey=card)
    said = {name: page(name, folder)["said"] for name in PAGES}
    scores = frame.get("recommend")
    if odd in (raked_to_cells, ready_weights, twelve_people):
        return  # weighted: held in tests/satisfaction/test_weighted.py
    if odd is a_row_an_answer:
        scores = pd.to_numeric(frame.loc[frame["q"] == "recommend"].set_index("wave")["a"])
    if scores is None:
        assert net_promoters(said["satisfaction_gap"]) is None
        assert "answers any question clearly higher" not in str(said["satisfaction_gap"])
        return
    waves = (
        scores.index if odd is a_row_an_answer else frame.get("wave", pd.Series("", frame.index))
    )
    last = {"waves_in_words": "after the move", "four_waves_of_one_panel": "Q2 2025"}
    kept = np.asarray(waves == last.get(odd.__name__, max(waves)))
    if odd is turned_and_checked:
        kept = kept & np.asarray(frame["check"] == 2)
    right = scores.to_numpy()[kept] - (odd is mixed_scales)
    score = 100 * ((right >= 9).mean() - (right <= 6).mean())
    assert net_promoters(said["satisfaction_gap"]) == pytest.approx(score, abs=0.01)
