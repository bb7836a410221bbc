"""What the questionnaire also holds: stated importance, Kano pairs, the time taken, coded comments.

Each part has a stream of its own, so that the answers of `tools.simulate.survey` stay as they
are, whatever is asked besides.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from tools.simulate.calendar import WAVES
from tools.simulate.comments import ASPECTS, Comments
from tools.simulate.contracts import running_on
from tools.simulate.population import REGIONS
from tools.simulate.streams import stream
from tools.simulate.survey import DIMENSION_OF_ITEM, EXPECTED, IMPORTANCE, N_ITEMS
from tools.simulate.world import Company, World

Floats = NDArray[np.float64]

# What people say matters follows what does matter, and what they have come to expect.
STATED: Final = 4.7 + 4.2 * IMPORTANCE[DIMENSION_OF_ITEM] + 0.5 * (EXPECTED - EXPECTED.mean())
# Kano questions were asked in the last two waves, on six items.
KANO_WAVES: Final = WAVES[-2:]
KANO: Final = {
    "02": "indifferent",
    "05": "must-be",
    "06": "must-be",
    "11": "one-dimensional",
    "18": "attractive",
    "21": "one-dimensional",
}
KANO_OWN: Final = 0.56  # share that answers by the item's own category
# Answer pairs (if it works, if it fails) of each category; 1 like, 2 expect, 3 neutral, 4 can live
# with it, 5 dislike.
KANO_PAIRS: Final[dict[str, tuple[tuple[int, int], ...]]] = {
    "must-be": ((2, 5), (3, 5), (2, 5)),
    "one-dimensional": ((1, 5),),
    "attractive": ((1, 3), (1, 4), (1, 2)),
    "indifferent": ((3, 3), (2, 3), (3, 4), (2, 4)),
    "reverse": ((5, 1), (4, 1)),
    "questionable": ((1, 1), (5, 5)),
}
KANO_OTHERS: Final = {
    "must-be": 0.24,
    "one-dimensional": 0.24,
    "attractive": 0.22,
    "indifferent": 0.24,
    "reverse": 0.03,
    "questionable": 0.03,
}
CODED: Final = 360  # comments that two people coded
MISCODED: Final = (0.07, 0.11)  # share of codes that each of them gets wrong
MISTONED: Final = (0.03, 0.06)


def extend(company: Company, world: World, answers: pd.DataFrame, said: Comments) -> pd.DataFrame:
    """Add the further columns to the survey as it was exported; the others stay as they are.

    Parameters
    ----------
    answers : DataFrame
        One row an answer, all cells text, after spoiling.
    said : Comments
        What the comments were made of, one entry a row.

    Returns
    -------
    DataFrame
        With ``imp_01``..., ``kano_f_05`` and ``kano_d_05``..., ``seconds``, ``code_a``,
        ``code_b``, ``tone_a``, ``tone_b``.
    """
    seed = company.seed
    parts = [
        _importance(seed, len(answers)),
        _kano(seed, answers["wave"].to_numpy()),
        pd.DataFrame({"seconds": _seconds(seed, answers)}),
        _coders(seed, answers["comment"].to_numpy(), said),
    ]
    return pd.concat([answers, *(part.set_index(answers.index) for part in parts)], axis=1)


def margins(company: Company, world: World) -> dict[str, dict[str, float]]:
    """Give the shares of customers under contract by region and gender, over all waves."""
    p, day = company.population, world.answers.day
    customer = np.broadcast_to(np.arange(p.n)[:, None], day.shape)
    there = running_on(world.contracts, p.n, customer.ravel(), day.ravel()).reshape(day.shape)
    weight = there.sum(axis=1) / there.sum()
    return {
        "region": {
            name: round(float(weight[p.region == k].sum()), 4) for k, name in enumerate(REGIONS)
        },
        "gender": {
            name: round(float(weight[p.gender == k].sum()), 4)
            for k, name in enumerate(("female", "male"))
        },
    }


def kano_shares(item: str) -> dict[str, float]:
    """Give the true shares of the categories among those who are asked about an item."""
    return {
        name: round((1 - KANO_OWN) * share + KANO_OWN * (name == KANO[item]), 4)
        for name, share in KANO_OTHERS.items()
    }


def stated_importance() -> list[float]:
    """Give the mean stated importance of each item that the answers are drawn around."""
    cuts = np.arange(1.5, 7)
    passed = 1 - stats.norm.cdf((cuts[None, :] - STATED[:, None]) / np.hypot(0.55, 0.95))
    return [round(float(x), 4) for x in 1 + passed.sum(axis=1)]


def _importance(seed: int, n: int) -> pd.DataFrame:
    rng = stream(seed, "survey importance")
    latent = STATED + 0.55 * rng.standard_normal((n, 1)) + 0.95 * rng.standard_normal((n, N_ITEMS))
    text = np.clip(np.round(latent), 1, 7).astype(np.int64).astype(str).astype(object)
    text[rng.random((n, N_ITEMS)) < 0.03] = ""
    text[rng.random(n) < 0.04] = ""
    return pd.DataFrame(text, columns=[f"imp_{j:02d}" for j in range(1, N_ITEMS + 1)])


def _kano(seed: int, wave: NDArray[np.object_]) -> pd.DataFrame:
    rng = stream(seed, "survey kano")
    asked = np.isin(wave.astype(str), KANO_WAVES)
    columns: dict[str, list[str]] = {}
    for item in KANO:
        shares = kano_shares(item)
        names = list(shares)
        drawn = rng.choice(len(names), size=wave.size, p=np.array(list(shares.values())))
        which, skipped = rng.random(wave.size), rng.random(wave.size) < 0.04
        pairs = [
            KANO_PAIRS[names[k]][int(u * len(KANO_PAIRS[names[k]]))]
            for k, u in zip(drawn, which, strict=True)
        ]
        there = asked & ~skipped
        for side, letter in enumerate("fd"):
            columns[f"kano_{letter}_{item}"] = [
                str(pair[side]) if seen else "" for pair, seen in zip(pairs, there, strict=True)
            ]
    return pd.DataFrame(columns)


def _seconds(seed: int, answers: pd.DataFrame) -> list[str]:
    """Give the time of answering: most take eight minutes, some rush, some are called away."""
    rng = stream(seed, "survey seconds")
    n = len(answers)
    taken = 470 * np.exp(0.34 * rng.standard_normal(n))
    rushed = rng.random(n) < 0.014
    perception = answers[[c for c in answers if str(c).startswith("per_")]]
    ticked = (perception.isin(["4", ""])).all(axis=1).to_numpy()
    taken = np.where(rushed | ticked, 70 * np.exp(0.3 * rng.standard_normal(n)), taken)
    away = rng.random(n) < 0.02
    taken = np.where(away, taken + 3600 * rng.exponential(3.0, n), taken)
    text = np.char.mod("%d", np.round(taken).astype(np.int64)).astype(object)
    text[rng.random(n) < 0.01] = ""
    return [str(t) for t in text]


def _coders(seed: int, comments: NDArray[np.object_], said: Comments) -> pd.DataFrame:
    rng = stream(seed, "survey coders")
    written = np.flatnonzero(comments.astype(str) != "")
    sample = np.sort(rng.choice(written, min(CODED, written.size), replace=False))
    names = [*(name for name, _ in ASPECTS), "none"]
    columns: dict[str, list[str]] = {}
    for coder, wrong, off in zip("ab", MISCODED, MISTONED, strict=True):
        code, tone = [""] * comments.size, [""] * comments.size
        slips, other = rng.random(sample.size) < wrong, rng.integers(len(names), size=sample.size)
        flips = rng.random(sample.size) < off
        for i, slip, k, flip in zip(sample, slips, other, flips, strict=True):
            code[i] = names[k] if slip else (said.aspect[i] or "none")
            tone[i] = "positive" if bool(said.positive[i]) != flip else "negative"
        columns[f"code_{coder}"], columns[f"tone_{coder}"] = code, tone
    return pd.DataFrame(columns)[["code_a", "code_b", "tone_a", "tone_b"]]
