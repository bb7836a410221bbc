"""What customers say unasked, and the list of those who were called back about it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from tools.simulate.comments import ASPECTS, write_comments
from tools.simulate.identity import Identities
from tools.simulate.streams import stream

VOICES: Final = 1_150
#: Where they are said: share of the voices; how content those are who speak there, in standard
#: deviations; whether stars are given; how often each subject comes up against the survey (log).
CHANNELS: Final[dict[str, tuple[float, float, bool]]] = {
    "review": (0.34, 0.1, True), "social post": (0.26, -0.7, False),
    "ticket": (0.26, -0.9, False), "call note": (0.14, -0.3, False),
}  # fmt: skip
LOUD: Final = {"ticket": {"billing": 1.5}, "social post": {"network": 1.2}}
CODED: Final = 260
MISCODED: Final = (0.06, 0.10)
#: Follow-ups: chance to settle the matter, and mean days until it is closed, by what is done.
ACTIONS: Final = {"call back": (0.66, 3.0), "letter": (0.40, 7.0)}
PROMISED: Final = 5
OPEN: Final = 0.06


def voices(seed: int, who: Identities) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Give texts with their channel, all cells text, and the truth of what they are about."""
    rng = stream(seed, "voices")
    n = VOICES
    names = list(CHANNELS)
    channel = rng.choice(names, n, p=[CHANNELS[c][0] for c in names])
    mood = np.array([CHANNELS[c][1] for c in channel])
    felt = mood[:, None] + rng.standard_normal((n, 5))
    # what a channel is full of is felt so strongly there that it is what people write of
    for place, subjects in LOUD.items():
        for subject, more in subjects.items():
            dimension = dict(ASPECTS)[subject]
            assert dimension is not None
            felt[channel == place, dimension] -= more
    said = write_comments(seed + 1, felt, rng.random(n) < 0.3, np.ones(n, dtype=bool))
    day = np.sort(rng.integers(0, 365, n))
    minute = rng.integers(8 * 60, 22 * 60, n)
    at = pd.Timestamp("2025-01-01") + pd.to_timedelta(day, "D") + pd.to_timedelta(minute, "min")
    stars = np.clip(
        np.rint(3 + 1.3 * np.where(said.positive, 1, -1) + 0.6 * rng.normal(size=n)), 1, 5
    )
    rated = np.array([CHANNELS[c][2] for c in channel])
    known = np.isin(channel, ["ticket", "call note"])
    caller = np.array(who.customer_id)[rng.integers(0, len(who.customer_id), n)]
    frame = pd.DataFrame(
        {
            "voice_id": [f"V{60_001 + i}" for i in range(n)], "at": at.strftime("%Y-%m-%d %H:%M"),
            "channel": channel, "customer_id": np.where(known, caller, ""), "comment": said.text,
            "rating": np.where(rated, stars.astype(int).astype(str), ""),
        }
    )  # fmt: skip
    lot = np.sort(rng.choice(n, CODED, replace=False))
    for coder, wrong in zip("ab", MISCODED, strict=True):
        frame[f"tone_{coder}"] = ""
        seen = said.positive[lot] ^ (rng.random(CODED) < wrong)
        frame.loc[lot, f"tone_{coder}"] = np.where(seen, "positive", "negative")
    share = {name: round(float(said.positive[channel == name].mean()), 4) for name in names}
    first = pd.Series([a or "none" for a in said.aspect])
    about = {c: first[channel == c].value_counts(normalize=True).round(4) for c in names}
    truth = {
        "positive": share | {"all": round(float(said.positive.mean()), 4)},
        "first_subject": {c: about[c].to_dict() for c in names},
    }  # fmt: skip
    return frame, truth


def follow_ups(seed: int, survey: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Give the list of those who would not recommend the company: who was asked again, and how.

    Whether they are called or written to was drawn by lot.
    """
    rng = stream(seed, "follow-ups")
    score = pd.to_numeric(survey["recommend"], errors="coerce")
    unhappy = (score <= 4) & survey["customer_id"].ne("") & (survey["answered_on"] >= "2025-01-01")
    own = survey[unhappy & survey["customer_id"].notna()].sort_values("answered_on", kind="stable")
    n = len(own)
    opened = pd.to_datetime(own["answered_on"].to_numpy())
    action = rng.choice(list(ACTIONS), n)
    took = np.ceil(rng.exponential([ACTIONS[a][1] for a in action]))
    closed = opened + pd.to_timedelta(took, "D")
    done = (rng.random(n) >= OPEN) & (closed <= pd.Timestamp("2025-12-31"))
    settled = rng.random(n) < [ACTIONS[a][0] for a in action]
    owner = rng.choice(["Head of service", "Head of the call centre"], n, p=[0.6, 0.4])
    frame = pd.DataFrame(
        {
            "customer_id": own["customer_id"].to_numpy(), "rule": "unhappy",
            "opened": opened.strftime("%Y-%m-%d"), "owner_role": owner,
            "due": (opened + pd.Timedelta(days=PROMISED)).strftime("%Y-%m-%d"),
            "closed": np.where(done, closed.strftime("%Y-%m-%d"), ""),
            "action": np.where(done, action, ""),
            "settled": np.where(done, np.where(settled, "yes", "no"), ""),
        }
    )  # fmt: skip
    truth = {
        "settled": {name: chance for name, (chance, _) in ACTIONS.items()},
        "mean_days": {name: days for name, (_, days) in ACTIONS.items()},
        "never_closed": OPEN, "drawn_by_lot": True,
    }  # fmt: skip
    return frame, truth
