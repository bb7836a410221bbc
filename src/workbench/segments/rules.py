"""Rules that give score combinations a name, as a table that a user may edit."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.errors import DataError

#: Scale on which rules are written, whatever the number of levels of the scores.
SCALE = 5

COLUMNS = (
    "segment", "recency_low", "recency_high", "value_low", "value_high", "need", "action",
)  # fmt: skip

_DEFAULT = (
    ("Champions", 5, 5, 4, 5, "To be recognised, and to hear of new things first.",
     "Thank them, show new things first, ask for referrals."),
    ("Loyal customers", 3, 4, 4, 5, "What they are used to, without trouble.",
     "Keep them close: membership, cross-selling, reviews."),
    ("Potential loyalists", 4, 5, 2, 3, "A reason to make this their usual shop.",
     "Lead them to the next purchase: bundles, membership."),
    ("New customers", 5, 5, 1, 1, "An easy start, and proof that the choice was right.",
     "Make the start easy and invite a second purchase soon."),
    ("Promising", 4, 4, 1, 1, "A reason to come back that fits the first purchase.",
     "Build the relation: useful content, a small trial offer."),
    ("Needing attention", 3, 3, 3, 3, "To be reminded at the right time of what they liked.",
     "Bring them back in time with an offer for a limited time."),
    ("About to sleep", 3, 3, 1, 2, "Something new to look at, at little effort.",
     "Remind them with popular products at a fair price."),
    ("Cannot lose them", 1, 2, 5, 5, "To be listened to: something has changed or gone wrong.",
     "Call in person, find out what went wrong, win them back."),
    ("At risk", 1, 2, 3, 4, "A sign that they are missed, and a reason to return.",
     "Write personally with an offer that fits earlier purchases."),
    ("Hibernating", 2, 2, 1, 2, "Little contact, and a simple way back.",
     "One low-cost reminder; stop if it is not answered."),
    ("Lost", 1, 1, 1, 2, "To be left in peace.",
     "Spend nothing more than one last low-cost attempt."),
)  # fmt: skip


def default_rules() -> pd.DataFrame:
    """Return the usual eleven segments on a scale of 1 to 5.

    Returns
    -------
    DataFrame
        segment, recency_low, recency_high (recency score), value_low, value_high (rounded mean
        of the frequency and spend scores), need (what such customers are commonly thought to
        want), action. Edit it and pass it on: the first rule that fits wins.
    """
    return pd.DataFrame(_DEFAULT, columns=list(COLUMNS))


def lookup(rules: pd.DataFrame) -> NDArray[np.intp]:
    """Find the rule of each pair of scores.

    Returns
    -------
    ndarray, shape (5, 5)
        Row of the first rule that fits recency score i + 1 and value score j + 1.

    Raises
    ------
    DataError
        Naming the combinations that no rule covers, or the columns that are missing.
    """
    missing = [c for c in COLUMNS[:5] if c not in rules]
    if missing:
        raise DataError(
            f"the rule table has no column {', '.join(missing)}",
            remedy="start from workbench.segments.default_rules()",
        )
    bounds = rules[list(COLUMNS[1:5])].to_numpy()
    if not np.issubdtype(bounds.dtype, np.number) or np.isnan(bounds.astype(float)).any():
        raise DataError("a bound is no number", remedy=f"write scores from 1 to {SCALE}")
    out = np.full((SCALE, SCALE), -1, dtype=np.intp)
    for recency, value in product(range(1, SCALE + 1), repeat=2):
        fits = (
            (bounds[:, 0] <= recency)
            & (recency <= bounds[:, 1])
            & (bounds[:, 2] <= value)
            & (value <= bounds[:, 3])
        )
        if fits.any():
            out[recency - 1, value - 1] = int(np.argmax(fits))
    if (out < 0).any():
        gaps = ", ".join(f"recency {r + 1} with value {v + 1}" for r, v in np.argwhere(out < 0)[:5])
        raise DataError(
            f"no rule covers {gaps}", where="rule table", remedy="widen a rule or add one"
        )
    return out


def rescale(score: NDArray[np.intp], levels: int) -> NDArray[np.intp]:
    """Bring scores of 1..levels onto the rules' scale of 1..5, by their place in the middle."""
    return np.ceil((np.asarray(score) - 0.5) / levels * SCALE).astype(np.intp)
