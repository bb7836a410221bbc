"""A hundred thousand answers to 22 items take seconds."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from workbench.satisfaction import (
    confirm,
    gap_changes,
    gaps,
    gaps_by,
    loyalty_by,
    perception_scores,
    pilot,
    prepare_survey,
    reliability,
)
from workbench.study.survey import SERVQUAL, SurveyWeights
from workbench.study.survey import Survey as Card

N = 100_000


@pytest.mark.slow
def test_everything_but_the_bootstrap_takes_two_seconds_of_one_core() -> None:
    rng = np.random.default_rng(1)
    codes = [item for members in SERVQUAL.values() for item in members]
    of = np.repeat(np.arange(5), [4, 5, 4, 4, 5])
    felt = 0.7 * rng.normal(size=(N, 1)) + 0.7 * rng.normal(size=(N, 5))
    columns: dict[str, object] = {
        "respondent_id": np.arange(N).astype(str),
        "wave": rng.choice(["w1", "w2"], N),
        "region": rng.choice(["n", "s", "e", "w"], N),
        "csat5": np.clip(np.round(3.5 + felt[:, 0]), 1, 5),
        "recommend": np.clip(np.round(7 + 2 * felt[:, 0]), 0, 10),
    }
    hoped = 0.5 * rng.normal(size=(N, 1)) + 0.4 * rng.normal(size=(N, 5))
    wished = np.clip(np.round(6 + hoped[:, of] + 0.7 * rng.normal(size=(N, 22))), 1, 7)
    seen = np.clip(np.round(4.5 + felt[:, of] + 0.8 * rng.normal(size=(N, 22))), 1, 7)
    for j, item in enumerate(codes):
        columns[f"exp_{item}"], columns[f"per_{item}"] = wished[:, j], seen[:, j]
    frame = pd.DataFrame(columns)
    weights = SurveyWeights(margins={"region": {"n": 0.2, "s": 0.2, "e": 0.3, "w": 0.3}})
    card = Card(groups=("region",), weights=weights)
    small = frame.head(2000)
    for rows in (small, frame):  # the first round is for imports
        begun, spent = time.process_time(), {}
        asked = prepare_survey(rows, card)
        steps = {
            "gaps": lambda a=asked: gaps(a.answers),
            "experience": lambda a=asked: perception_scores(a.answers),
            "groups": lambda a=asked: gaps_by(a.answers, "region"),
            "waves": lambda a=asked: gap_changes(a.answers),
            "nps": lambda a=asked: loyalty_by(a.answers.background, "wave", column="recommend"),
            "reliability": lambda a=asked: reliability(a.answers),
            "factors": lambda a=asked: confirm(a.answers.perception, a.answers.dimensions),
            "pilot": lambda a=asked: pilot(a.answers),
        }
        spent["reading and weights"] = time.process_time() - begun
        for name, step in steps.items():
            start = time.process_time()
            step()
            spent[name] = time.process_time() - start
    print({name: round(seconds, 2) for name, seconds in spent.items()})
    assert sum(spent.values()) < 2.0, spent
