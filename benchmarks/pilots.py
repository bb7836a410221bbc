"""Simulated pilots: four dimensions of six items, six of them planted bad."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.satisfaction.questionnaire.answers import Answers, read_answers
from workbench.study.survey import Survey

CODES = [f"{i:02d}" for i in range(1, 25)]
DIMENSIONS = {name: tuple(CODES[6 * i : 6 * i + 6]) for i, name in enumerate("abcd")}
#: What is planted -> what the screen calls it.
PLANTED = {
    "double-barrelled": "weak",
    "reversed": "turned",
    "ceiling": "at the end",
    "nobody answers": "unanswered",
    "duplicate": "double",
    "off-dimension": "elsewhere",
}


def pilot_answers(
    rng: np.random.Generator,
    n: int,
    *,
    planted: bool = True,
    together: float = 0.4,
    grades: int = 7,
) -> tuple[Answers, dict[str, str]]:
    """Draw a pilot, and say which item has which planted fault.

    Loadings are uniform on .55 to .80; dimensions correlate by `together`. Of each kind one item is
    drawn; a duplicate copies another good item of its dimension, with a tenth of noise.
    """
    common = rng.normal(size=(n, 1)) * np.sqrt(together)
    factors = common + rng.normal(size=(n, 4)) * np.sqrt(1 - together)
    loading = rng.uniform(0.55, 0.80, 24)
    home = np.repeat(np.arange(4), 6)
    bad = dict(zip(PLANTED, rng.choice(24, 6, replace=False), strict=True)) if planted else {}
    if planted:
        loading[bad["double-barrelled"]] = 0.15
        home[bad["off-dimension"]] = (home[bad["off-dimension"]] + 1 + rng.integers(3)) % 4
    latent = loading * factors[:, home] + rng.normal(size=(n, 24)) * np.sqrt(1 - loading**2)
    if planted:
        at = bad["duplicate"]
        twins = [i for i in range(24) if i // 6 == at // 6 and i not in bad.values()]
        latent[:, at] = latent[:, rng.choice(twins)] + rng.normal(size=n) * 0.1
        latent[:, bad["reversed"]] *= -1
    cuts = np.linspace(-1.6, 1.2, grades - 1)
    values = 1.0 + (latent[:, :, None] > cuts).sum(axis=2)
    if planted:
        values[:, bad["ceiling"]] = np.where(
            rng.random(n) < 0.85, grades, values[:, bad["ceiling"]]
        )
    values[rng.random(values.shape) < 0.03] = np.nan
    if planted:
        values[rng.random(n) < 0.7, bad["nobody answers"]] = np.nan
    frame = pd.DataFrame(values, columns=[f"per_{code}" for code in CODES])
    frame.insert(0, "respondent_id", np.arange(n))
    answers = read_answers(frame, Survey(dimensions=DIMENSIONS, scale=(1, grades)))
    return answers, {CODES[at]: PLANTED[kind] for kind, at in bad.items()}
