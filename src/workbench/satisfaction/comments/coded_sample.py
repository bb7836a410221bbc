"""The tone that people set on a sample of the comments, and what it says of all comments."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import pandas as pd
from scipy.special import ndtr

from workbench.arrays import Array, Mask
from workbench.errors import DataError
from workbench.results import Estimate, Finding, Result, labelled
from workbench.satisfaction.comments.coding_agreement import positive_codes
from workbench.satisfaction.comments.comments import Comments
from workbench.satisfaction.comments.tone import Polarity, tone_by_rating
from workbench.satisfaction.questionnaire.answers import overall_question
from workbench.stats import adjust, effective_size, wilson

#: Coded comments of either tone from which on subjects are ranked.
LEAST_CODED: Final = 10
#: How unlike the others a comment that was coded may look by chance, over all that is looked at.
_UNLIKE: Final = 0.001
# Residuals that count as one answer's own spread each, beside those that were seen: a rule that
# made no mistake among a few dozen comments is not known to make none.
_UNSEEN: Final = 4.0

_LOOKS: Final = ["what", "coded", "all", "p", "p_holm"]

Basis: TypeAlias = Literal["people", "ratings", "none"]


def coded_share(
    tone: Array,
    predicted: Array,
    *,
    weights: Array | None = None,
    chances: Array | None = None,
    level: float = 0.95,
) -> Estimate:
    """Share of positive comments among all, from those that were coded and a rule's predictions.

    The predictions of all comments are held against the codes where there are both (a regression
    estimator, or prediction-powered inference with its weight tuned), so that a rule that errs
    makes the interval wider and never shifts it. Wilson's interval is taken on the number of
    coded comments that would be as exact, with the finite-population correction: were all
    comments coded, nothing would be left open. The fewer coded comments there are of one tone, the
    less the rule is listened to; where it knows nothing, the coded comments count alone.

    Parameters
    ----------
    tone : ndarray, shape (n,)
        From 0 to 1 as people coded it; NaN where nobody did.
    predicted : ndarray, shape (n,)
        Chance of a positive tone by a rule that has not learned from the comment itself; NaN
        where there is none: then the coded comments count alone.
    weights : ndarray, shape (n,), optional
        What each comment counts in the share.
    chances : ndarray, shape (n,), optional
        Each comment's chance of having been chosen to be coded; all alike unless given.

    References
    ----------
    Angelopoulos, Duchi, Zrnic (2023), PPI++: Efficient prediction-powered inference; Zrnic, Candes
    (2024), Cross-prediction-powered inference, PNAS 121(15); Saerndal, Swensson, Wretman (1992),
    Model Assisted Survey Sampling, section 6.4. Wilson's interval by effective numbers: Dean,
    Pagano (2015), Statistics in Medicine 34, 1492-1503.

    Examples
    --------
    >>> import numpy as np
    >>> tone = np.where(np.arange(100) < 40, np.arange(100) % 2, np.nan)
    >>> coded_share(tone, np.full(100, np.nan))
    Estimate(value=0.5, low=0.38..., high=0.61...
    """
    coded = ~np.isnan(tone)
    n = int(coded.sum())
    if not n:
        return Estimate(np.nan, n=0, level=level, kind="percent")
    w = np.ones(tone.size) if weights is None else weights
    chance = np.full(n, n / tone.size) if chances is None else chances[coded]
    y, d = tone[coded], w[coded] / chance
    share = float(np.average(y, weights=d))
    open_ = float(np.sum((1 - chance) * d**2) / np.sum(d) ** 2)
    if chances is None and weights is None:
        open_ = (1 - n / tone.size) / n * tone.size / max(tone.size - 1, 1)
    own, rarer = share * (1 - share), float(min(y.sum(), n - y.sum()))
    left = 1.0
    if own > 0 and n > 2 and not np.isnan(predicted).any():
        f = predicted[coded]
        middle = np.average(f, weights=d)
        spread = float(np.average((f - middle) ** 2, weights=d))
        slope = 0.0
        if spread > 1e-12:
            together = float(np.average((y - share) * (f - middle), weights=d))
            slope = together / spread * rarer / (rarer + 1)
        residual = float(np.average((y - share - slope * (f - middle)) ** 2, weights=d))
        gain = (n * residual + _UNSEEN * own) / ((n - 2) * own)
        if gain < 1:
            left = gain
            moved = slope * (np.average(predicted, weights=w) - middle)
            share = float(np.clip(share + moved, 0, 1))
    if open_ * left <= 0:  # every comment was coded
        return Estimate(share, share, share, n, level, kind="percent")
    size = 1 / (open_ * left)
    low, high = wilson(share * size, size, level=level)
    return Estimate(share, float(low), float(high), n, level, kind="percent")


@dataclass(frozen=True)
class CommentTones(Result):
    """What tells the tone of each comment, and what follows for shares of comments.

    Attributes
    ----------
    basis : {"people", "ratings", "none"}
        People set the tone of a random sample; or it is the writer's own rating; or nothing tells
        it that could be relied on.
    tone : ndarray, shape (answers,)
        From 0 to 1, by the position of the answer; NaN where it is not known.
    predicted : ndarray, shape (answers,)
        Chance of a positive tone, by a rule that has not learned from the comment itself.
    chances : ndarray or None
        Chance of each comment to be coded, where they differ.
    coded, unread : int
        Comments that people coded, and of these the ones whose codes cannot be read.
    refused : str
        Why the coded comments cannot stand for all: "" (they can), "unsaid", "unlike", "chances".
    unlike : DataFrame
        How coded comments differ from the others: `what`, `coded`, `all`, `p`, `p_holm`.
    """

    basis: Basis
    tone: Array
    predicted: Array
    chances: Array | None = None
    coded: int = 0
    unread: int = 0
    refused: str = ""
    unlike: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=_LOOKS))

    @property
    def table(self) -> pd.DataFrame:
        """How coded comments compare with all; empty where none were coded."""
        return labelled(
            self.unlike,
            what="Comments",
            coded=("Coded", "number:2"),
            all=("All", "number:2"),
            p_holm=("p-value (Holm)", "p"),
        )

    def estimates(self) -> dict[str, Estimate]:
        """How many comments people coded: `comments.coded`."""
        return {"comments.coded": Estimate(self.coded, label="Coded comments", digits=0)}

    def share_of(self, comments: Comments, rows: pd.Index, level: float = 0.95) -> Estimate:
        """Share of positive comments among some, by their position in the table of answers."""
        w = comments.everybody.loc[rows, "weight"].to_numpy(dtype=float)
        weights = None if np.allclose(w, w[0]) else w
        at = rows.to_numpy()
        if self.basis == "people":
            chances = None if self.chances is None else self.chances[at]
            return coded_share(
                self.tone[at], self.predicted[at], weights=weights, chances=chances, level=level
            )
        known = rows[~np.isnan(self.tone[at])]
        if not len(known):
            return Estimate(np.nan, n=0, level=level, kind="percent")
        rated = pd.Series(self.tone[known.to_numpy()], index=known)
        return replace(comments.share_of(rated, level), kind="percent")

    def findings(self) -> list[Finding]:
        """Say what the shares rest on, and what would make them better."""
        told = {"n": self.coded, "unread": self.unread}
        found = []
        if self.basis == "people":
            found.append(
                Finding(
                    "comments.basis",
                    "People coded the tone of {n} comments, chosen at random. Shares are theirs,"
                    " carried over to all comments; the method only makes them more exact.",
                    told,
                )
            )
        elif self.refused == "unsaid":
            found.append(
                Finding(
                    "comments.basis",
                    "People coded the tone of {n} comments, but the card does not say how these"
                    " were chosen, so they stand for none but themselves. If it was at random,"
                    " write `coded: random` under `survey` in the card; if some had a greater"
                    " chance, name the column that holds each comment's chance.",
                    told,
                    severity="warning",
                )
            )
        elif self.refused == "unlike":
            worst = self.unlike.iloc[int(self.unlike["p_holm"].argmin())]
            found.append(
                Finding(
                    "comments.basis",
                    "The card calls the {n} coded comments a random sample, but they are not like"
                    " the others ({what}: {coded} against {all}). They do not stand for all"
                    " comments and are not used for shares. Code a random sample.",
                    {
                        **told,
                        "what": worst["what"],
                        "coded": Estimate(float(worst["coded"]), digits=2),
                        "all": Estimate(float(worst["all"]), digits=2),
                    },
                    severity="warning",
                )
            )
        elif self.refused == "chances":
            found.append(
                Finding(
                    "comments.basis",
                    "Some of the {n} coded comments have no chance between 0 and 1 of having been"
                    " chosen. They are not used for shares: fill the column that the card names"
                    " under `coded`.",
                    told,
                    severity="warning",
                )
            )
        if self.basis == "ratings":
            found.append(
                Finding(
                    "comments.ratings",
                    "Shares by subject are those of the writers' own ratings: they say how"
                    " satisfied the people are who write about a subject, not how they write"
                    " about it.",
                )
            )
        if self.basis == "none":
            found.append(
                Finding(
                    "comments.none",
                    "Nothing tells the tone of these comments that could be checked, so no shares"
                    " of positive comments are shown. Code the tone of at least 150 comments"
                    " drawn at random (columns `tone_` and the coder's name: positive, neutral,"
                    " negative), and write `coded: random` under `survey` in the card.",
                )
            )
        if self.unread:
            found.append(
                Finding(
                    "comments.unread",
                    "{unread} codes of tone could not be read (they are not positive, neutral or"
                    " negative).",
                    told,
                    severity="warning",
                )
            )
        return found


def comment_tones(
    frame: pd.DataFrame,
    comments: Comments,
    polarity: Polarity | None = None,
    *,
    coded: str | None = None,
    rating: str = "csat5",
    prefix: str = "tone_",
) -> CommentTones:
    """Tell the tone of a survey's comments: by a coded random sample, else by the ratings.

    Parameters
    ----------
    frame : DataFrame
        The table that the comments were read from; one column a coder of tones. What two coders
        see differently counts half.
    comments : Comments
    polarity : Polarity, optional
        Learned from this table's comments.
    coded : str, optional
        How the coded comments were chosen: "random", or the column of each one's chance.
    rating : str
        Overall satisfaction, in place of which another question about it will do.

    Raises
    ------
    DataError
        The table is not that of the comments, or has no column of that name for the chances.
    """
    n = len(frame)
    if n != comments.respondents:
        raise DataError(
            f"the table has {n} rows, that of the comments had {comments.respondents}",
            remedy="give the table that the comments were read from",
        )
    given = frame.reset_index(drop=True)
    wrote = comments.everybody["wrote"].to_numpy(dtype=bool)
    set_, unread = positive_codes(given, prefix=prefix)
    set_ = np.where(wrote, set_, np.nan)
    by_people = ~np.isnan(set_)
    predicted = np.full(n, np.nan)
    if polarity is not None and polarity.chances.shape == (n,):
        predicted = polarity.chances
    rated = np.full(n, np.nan)
    question = overall_question(given, rating)
    if question in given:
        rated = tone_by_rating(given[question], middle="negative")
    about: dict[str, Any] = {"coded": int(by_people.sum()), "unread": unread}
    refused, chances = "unsaid" if by_people.any() else "", None
    unlike = pd.DataFrame(columns=_LOOKS)
    if by_people.any() and coded is not None:
        if coded != "random":
            chances = _chances(given, coded)
            inside = chances[by_people]
            refused = "" if ((inside > 0) & (inside <= 1)).all() else "chances"
        if coded == "random" or not refused:
            seen = _seen(comments, predicted, rated)
            unlike = _compared(seen, by_people, chances)
            refused = "unlike" if (unlike["p_holm"] < _UNLIKE).any() else ""
        if not refused:
            return CommentTones("people", set_, predicted, chances, **about, unlike=unlike)
    rated = np.where(wrote, rated, np.nan)
    basis: Basis = "none" if np.isnan(rated).all() else "ratings"
    return CommentTones(basis, rated, predicted, None, **about, refused=refused, unlike=unlike)


def _chances(frame: pd.DataFrame, column: str) -> Array:
    if column not in frame:
        raise DataError(
            f"there is no column {column!r} of chances to be coded",
            where="survey.coded",
            remedy="write `coded: random`, or name the column that holds each comment's chance",
        )
    return pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=float)


def _seen(comments: Comments, predicted: Array, rated: Array) -> dict[str, Array]:
    """Give what can be seen of every comment, whether anybody coded it or not."""
    at = comments.texts.index.to_numpy()
    about = comments.mentions().any(axis=1).to_numpy(dtype=float)
    looks = {"length in characters (logarithm)": np.log(comments.texts.str.len().to_numpy(float))}
    looks |= {"share about a subject of the codebook": about}
    looks |= {"probability of a positive sentiment by the method": predicted[at]}
    looks |= {"share of satisfied writers": rated[at]}
    out = {}
    for name, values in looks.items():
        out[name] = np.full(len(predicted), np.nan)
        out[name][at] = values
    return out


def _compared(seen: dict[str, Array], coded: Mask, chances: Array | None) -> pd.DataFrame:
    """Hold the coded comments, by their chances, against all."""
    rows = []
    for name, values in seen.items():
        known = ~np.isnan(values)
        mine = known & coded
        n, total = int(mine.sum()), int(known.sum())
        if n < 2 or n == total or np.ptp(values[known]) < 1e-12:
            continue
        d = np.ones(n) if chances is None else 1 / chances[mine]
        value, all_ = float(np.average(values[mine], weights=d)), float(values[known].mean())
        se = values[known].std() * np.sqrt(1 / effective_size(d) * max(1 - n / total, 1e-9))
        p = 2 * ndtr(-abs(value - all_) / se)
        rows.append({"what": name, "coded": value, "all": all_, "p": p})
    table = pd.DataFrame(rows, columns=["what", "coded", "all", "p"])
    return table.assign(p_holm=adjust(table["p"].astype(float), "holm"))
