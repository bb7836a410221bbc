"""What respondents write: sentences on each aspect of service, for and against, two languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tools.simulate.comment_words_en import CLOSERS_EN, OPENERS_EN, SENTENCES_EN
from tools.simulate.comment_words_zh import CLOSERS_ZH, OPENERS_ZH, SENTENCES_ZH
from tools.simulate.streams import stream

# Aspect and the felt dimension behind it; price and delivery stand on their own.
ASPECTS: Final[tuple[tuple[str, int | None], ...]] = (
    ("stores and app", 0),
    ("network", 1),
    ("billing", 1),
    ("waiting", 2),
    ("staff", 3),
    ("personal care", 4),
    ("price", None),
    ("delivery", None),
)
# Typing slips and short forms that a text analysis has to live with.
ONLY_A_WORD: Final = {
    ("zh", 1): ("满意", "很好", "挺好的", "好评", "不错，继续加油"),
    ("zh", 0): ("一般", "不满意", "差", "失望", "有待提高"),
    ("en", 1): ("Good", "All fine", "happy so far", "Great service!", "no complaints"),
    ("en", 0): ("Poor", "meh", "disappointed", "Not good enough", "could be better"),
}


@dataclass(frozen=True)
class Comments:
    """Comments, and what they were built from: one row a respondent."""

    text: list[str]
    aspect: list[str]  # the first aspect; empty without one
    positive: NDArray[np.bool_]


def write_comments(
    seed: int,
    felt: NDArray[np.float64],
    english: NDArray[np.bool_],
    write: NDArray[np.bool_],
) -> Comments:
    """Write a comment for each respondent who leaves one.

    Parameters
    ----------
    seed : int
    felt : ndarray, shape (n, 5)
        The dimensions as felt, in standard deviations.
    english : ndarray of bool, shape (n,)
        Whether the respondent writes English.
    write : ndarray of bool, shape (n,)
        Whether the respondent writes at all.
    """
    rng = stream(seed, "comments")
    n = felt.shape[0]
    own = rng.standard_normal((n, 2))  # price and delivery
    strength = np.column_stack(
        [
            felt[:, d] if d is not None else own[:, j - (len(ASPECTS) - 2)]
            for j, (_, d) in enumerate(ASPECTS)
        ]
    )
    gumbel = rng.gumbel(size=strength.shape)
    ranked = np.argsort(-(1.4 * np.abs(strength) + gumbel), axis=1, kind="stable")
    tone = strength + 0.45 * rng.standard_normal(strength.shape)
    pick = rng.random((n, 6))
    text, aspect = [], []
    positive = np.zeros(n, dtype=bool)
    for i in range(n):
        first, second = int(ranked[i, 0]), int(ranked[i, 1])
        positive[i] = tone[i, first] > 0
        if not write[i]:
            text.append("")
            aspect.append("")
            continue
        language = "en" if english[i] else "zh"
        if pick[i, 0] < 0.07:
            words = ONLY_A_WORD[language, int(positive[i])]
            text.append(_choose(words, pick[i, 1]))
            aspect.append("")
            continue
        said = [(first, bool(positive[i]))]
        if pick[i, 0] > 0.62:
            said.append((second, bool(tone[i, second] > 0)))
        text.append(_compose(language, said, pick[i]))
        aspect.append(ASPECTS[first][0])
    return Comments(text, aspect, positive)


def _choose(words: tuple[str, ...], u: float) -> str:
    return words[int(u * len(words))]


def _compose(language: str, said: list[tuple[int, bool]], u: NDArray[np.float64]) -> str:
    sentences = SENTENCES_EN if language == "en" else SENTENCES_ZH
    openers = OPENERS_EN if language == "en" else OPENERS_ZH
    closers = CLOSERS_EN if language == "en" else CLOSERS_ZH
    parts = [
        _choose(sentences[ASPECTS[a][0]][int(up)], float(v))
        for (a, up), v in zip(said, u[1:3], strict=False)
    ]
    if len(parts) == 2:
        turn = said[0][1] != said[1][1]
        if language == "en":
            joint = " But " if turn else " "
            body = parts[0] + joint + (_lower(parts[1]) if turn else parts[1])
        else:
            body = parts[0] + ("不过" if turn else "") + parts[1]
    else:
        body = parts[0]
    if u[3] < 0.28:
        opener = _choose(openers, float(u[4]))
        body = opener + (_lower(body) if language == "en" else body)
    if u[5] < 0.26:
        closer = _choose(closers[int(said[0][1])], float(u[5] / 0.26))
        body += (" " if language == "en" else "") + closer
    return body


def _lower(sentence: str) -> str:
    keep = sentence.startswith(("I ", "I'", "5G", "SIM", "Harbour"))
    return sentence if keep else sentence[0].lower() + sentence[1:]
