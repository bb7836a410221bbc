"""Subjects that nobody coded: what statements outside the codebook keep speaking of.

References
----------
Lee, Seung (1999), Learning the parts of objects by non-negative matrix factorization, Nature 401,
788-791; Greene, O'Callaghan, Cunningham (2014), How many topics? Stability analysis for topic
models, ECML PKDD, 498-513 (topics that halves of the texts find again).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
import yaml
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_matrix
from scipy.special import ndtri
from scipy.stats import poisson

from workbench.arrays import Array, Index
from workbench.privacy.quotation import is_known
from workbench.results import Estimate, Finding, Result, labelled, named_estimates
from workbench.satisfaction.comments.comments import Comments, pattern_of
from workbench.satisfaction.comments.keywords import quoted, statement_length, words_of
from workbench.satisfaction.comments.tone import LANGUAGES

#: Statements of two words or more from which on subjects are looked for.
LEAST: Final = 60
#: Words of a topic that are held against those of another half.
_TOP: Final = 8
_HALVES: Final = 16
_MOST_TOPICS: Final = 10
_MOST_WORDS: Final = 500
#: Share of a topic's words that other halves have to find again, on average.
_STABLE: Final = 0.3
_ERROR: Final = 0.05
_UNQUOTED: Final = "none may be quoted"
#: Words that say how something is, and not what.
_HOW: Final = frozenset(
    re.findall(
        r"\S+",
        """
        good great excellent amazing awesome perfect fantastic wonderful nice lovely fine okay ok
        bad poor terrible awful horrible worst best better worse happy unhappy satisfied
        dissatisfied pleased disappointed disappointing disappointment love loved liked hate hated
        thank thanks really quite always often sometimes overall everything nothing something thing
        things lot bit please improve improved improvement could would need needs want wanted think
        feel felt already back again since ever
        满意 不满意 不错 很好 挺好 非常好 太差 很差 一般 还行 还可以 可以 喜欢 失望 感谢 谢谢 希望
        建议 觉得 感觉 总体 整体 总是 经常 有点 比较 东西 改进 改善 提高 问题 方面 需要 应该 这样
        那样 真的 这家 这里 那里 这边 一下 一次 不会 不用 这点 每个 其他 其它 继续 原来 以前 之前
        """,
    )
)


@dataclass(frozen=True)
class Topics(Result):
    """Subjects that the codebook does not name, as far as they are found again and again.

    Attributes
    ----------
    table : DataFrame
        One row a topic, the most frequent first: `topic` (its first words), `language`, `words`
        (tuple; those its entry in the codebook would have), `listed` (the same as text), `n`
        (respondents who use one of them), `share` (of all comments) with `low` and `high`,
        `stability` (share of its words that halves of the statements find again), `text`
        (quotations).
    statements : int
        Statements outside the codebook that were looked through.
    few : bool
        Whether there were too few to look for anything.
    """

    table: pd.DataFrame
    statements: int
    few: bool = False

    def estimates(self) -> dict[str, Estimate]:
        """Share of the comments that use a topic's words: `topic.parking, car`."""
        return named_estimates(
            self.table, "topic", prefix="topic.", estimate="share", kind="percent"
        )

    def entries(self) -> str:
        """Write the topics as they would stand in a codebook, under ``aspects``."""
        taken: Counter[str] = Counter()
        entries: dict[str, Any] = {}
        for row in self.table.to_dict("records"):
            name = str(row["words"][0])
            taken[name] += 1
            key = name if taken[name] == 1 else f"{name} {taken[name]}"
            entries[key] = {
                "title": {row["language"]: row["topic"]},
                "words": {row["language"]: list(row["words"])},
            }
        if not entries:
            return ""
        return str(
            yaml.safe_dump(
                {"aspects": entries}, allow_unicode=True, sort_keys=False, width=100,
                default_flow_style=None,
            )
        )  # fmt: skip

    def findings(self) -> list[Finding]:
        """How many subjects the codebook lacks, and which is the most frequent."""
        values: dict[str, Any] = {"n": len(self.table), "statements": self.statements}
        if self.few:
            return [
                Finding(
                    "topics",
                    "Too few statements stand outside the codebook to look for further subjects",
                    values,
                    verdict="few",
                )
            ]
        if self.table.empty:
            return [
                Finding(
                    "topics",
                    "No further subject is found in what the codebook does not name",
                    values,
                    verdict="none",
                ),
                Finding(
                    "topics.none",
                    "{statements} statements outside the codebook were looked through. No words go"
                    " together there more often than shuffled words do, in one half of the"
                    " statements as in the other.",
                    values,
                ),
            ]
        first = next(iter(self.estimates().values()))
        values |= {"topic": as_said(first.label), "share": first}
        message = "One subject keeps coming back that the codebook does not name: {topic}"
        if len(self.table) > 1:
            message = (
                "{n} subjects keep coming back that the codebook does not name, most often: {topic}"
            )
        return [
            Finding("topics", message, values, verdict="found", estimates={"share": first}),
            Finding(
                "topics.first",
                "Of the comments {share} use its words. Nobody coded these subjects: they are words"
                " that go together in {statements} statements more than shuffled words do, and in"
                " halves of them again. Read the statements, name what is one, and put its entry"
                " into the codebook.",
                values,
            ),
        ]


def as_said(words: str) -> dict[str, str]:
    """Give customers' own words as they stand, in every language of a page."""
    return dict.fromkeys(LANGUAGES, words)


def find_topics(
    comments: Comments, *, rng: np.random.Generator, min_cell: int = 5, quotations: int = 2
) -> Topics:
    """Look for subjects in the statements in which the codebook finds none.

    Non-negative matrix factorisation of the words of the statements, language by language. Halves
    of the respondents are drawn; a topic of all has to be found again in the halves (its first
    words, Jaccard), and the words that one half puts together have to stand together in the
    statements of the other half more often than shuffled words do, at 5 % over all topics of all
    numbers of topics. The number of topics with the most such topics is taken.

    Parameters
    ----------
    comments : Comments
    rng : numpy.random.Generator
        For the halves.
    min_cell : int
        Words of fewer respondents, and topics of fewer, are left out.
    quotations : int
        Statements quoted a topic, by the rules of `privacy.quotation.quotable`.
    """
    clauses = comments.clauses
    outside = clauses[~clauses[list(comments.aspects)].any(axis=1)]
    found: list[_Found] = []
    looked = few = 0
    for language, here in outside.groupby("language"):
        corpus = _corpus(here, comments.own_words, max(min_cell, 5), str(language))
        looked += len(here)
        if corpus is None:
            few += 1
            continue
        found += _stable(corpus, rng)
    rows = [row for each in found if (row := _row(comments, outside, each, min_cell, quotations))]
    columns = ["topic", "language", "words", "listed", "n", "share", "low", "high", "stability"]
    table = pd.DataFrame(rows, columns=[*columns, "text"])
    table = table.sort_values("n", ascending=False, kind="stable").reset_index(drop=True)
    few_only = few == outside["language"].nunique()
    return Topics(
        labelled(
            table,
            topic=("Subject", "text:own"),
            listed=("Words", "text:own"),
            n="Respondents",
            share=("Share of comments", "percent"),
            stability=("Found again", "percent"),
            text=("Statements", "text:own"),
        ),
        looked,
        few=few_only,
    )


class _Corpus(NamedTuple):
    """Statements as counts of words: rows are statements, columns the words of `words`."""

    language: str
    words: list[str]
    forms: dict[str, tuple[str, ...]]
    counts: Any
    respondents: Index
    statements: pd.Index


class _Found(NamedTuple):
    """One topic of a corpus: its words, and how much each statement is of it."""

    language: str
    words: tuple[str, ...]
    stability: float
    strength: pd.Series


def _corpus(
    clauses: pd.DataFrame, own: frozenset[str], least: int, language: str
) -> _Corpus | None:
    """Count words that are everybody's and say what a statement is about; None of too few."""
    texts = [set(words_of(text)) - _HOW for text in clauses["text"]]
    every = Counter(word for text in texts for word in text)
    one = {word: _singular(word, every) for word in every}
    rows = clauses["row"].to_numpy()
    users: dict[str, set[int]] = {}
    for row, text in zip(rows, texts, strict=True):
        for word in text:
            users.setdefault(one[word], set()).add(int(row))
    known = [
        word
        for word, who in sorted(users.items(), key=lambda each: (-len(each[1]), each[0]))
        if len(who) >= least and is_known(word, own)
    ][:_MOST_WORDS]
    place = {word: at for at, word in enumerate(known)}
    held = [sorted({place[one[w]] for w in text if one[w] in place}) for text in texts]
    full = np.array([len(each) >= 2 for each in held])
    if full.sum() < LEAST or len(known) < _TOP or len(set(rows[full])) < LEAST // 2:
        return None
    kept = [each for each, use in zip(held, full, strict=True) if use]
    at = np.repeat(np.arange(len(kept)), [len(each) for each in kept])
    counts = csr_matrix(
        (np.ones(at.size), (at, np.concatenate([np.asarray(each) for each in kept]))),
        shape=(len(kept), len(known)),
    )
    forms: dict[str, tuple[str, ...]] = {}
    for word, single in one.items():
        if single in place and every[word] > 0:
            forms[single] = tuple(sorted({*forms.get(single, ()), word}, key=lambda w: (len(w), w)))
    codes = np.unique(rows[full], return_inverse=True)[1]
    return _Corpus(language, known, forms, counts, codes, clauses.index[full])


def _singular(word: str, every: Counter[str]) -> str:
    """Take the plural of an English word for the word, where that is used as well."""
    for ending, instead in (("ies", "y"), ("es", ""), ("s", "")):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            single = word.removesuffix(ending) + instead
            if single in every:
                return single
    return word


def _stable(corpus: _Corpus, rng: np.random.Generator) -> list[_Found]:
    """Give the topics that stand the test, of the number of topics with the most of them."""
    weights = _weighted(corpus.counts)
    people = int(corpus.respondents.max()) + 1
    halves = [rng.permutation(people) < people // 2 for _ in range(_HALVES)]
    sizes = range(2, min(_MOST_TOPICS, len(corpus.words) // _TOP + 1, weights.shape[0] // 20) + 1)
    tests = sum(sizes)
    bound = float(ndtri(1 - _ERROR / max(tests, 1)))
    best: list[_Found] = []
    for k in sizes:
        strength, topics = _factorise(weights, k)
        firsts = _first_words(topics)
        again, surprise = np.zeros(k), np.zeros(k)
        for half in halves:
            inside = half[corpus.respondents]
            _, own = _factorise(weights[inside], k)
            others = _first_words(own)
            overlap = np.array([[_jaccard(a, b) for b in others] for a in firsts])
            mine, theirs = linear_sum_assignment(-overlap)
            again[mine] += overlap[mine, theirs]
            seen = corpus.counts[~inside]
            surprise[mine] += [_surprise(seen, others[j]) for j in theirs]
        again, surprise = again / len(halves), surprise / len(halves)
        good = [j for j in range(k) if again[j] >= _STABLE and surprise[j] > bound]
        if len(good) > len(best):
            best = [
                _Found(
                    corpus.language,
                    _entry(corpus, topics, j, good),
                    float(again[j]),
                    pd.Series(strength[:, j], index=corpus.statements),
                )
                for j in good
            ]
    return [each for each in best if each.words]


def _weighted(counts: Any) -> Any:
    """Weigh words by how rare they are, and statements alike (TF-IDF)."""
    n = counts.shape[0]
    often = np.asarray(counts.sum(axis=0)).ravel()
    scaled = counts.multiply(np.log((1 + n) / (1 + often)) + 1).tocsr()
    length = np.sqrt(np.asarray(scaled.multiply(scaled).sum(axis=1)).ravel())
    return csr_matrix(scaled.multiply(1 / np.maximum(length, 1e-12)[:, None]))


def _factorise(weights: Any, k: int) -> tuple[Array, Array]:
    """Factorise into k topics: how much each statement is of each, and their words."""
    # imported here: a second that only notebooks with comments should pay
    import warnings

    from sklearn.decomposition import NMF
    from sklearn.exceptions import ConvergenceWarning

    model = NMF(k, init="nndsvd", max_iter=150, tol=1e-3, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        strength = model.fit_transform(weights)
    return np.asarray(strength, dtype=float), np.asarray(model.components_, dtype=float)


def _first_words(topics: Array) -> list[frozenset[int]]:
    return [
        frozenset(w for w in np.argsort(-row, kind="stable")[:_TOP] if row[w] > 0) for row in topics
    ]


def _jaccard(a: frozenset[int], b: frozenset[int]) -> float:
    return len(a & b) / len(a | b) if a | b else 0.0


def _surprise(counts: Any, words: frozenset[int]) -> float:
    """How much oftener words stand together than shuffled ones would, as a normal deviate.

    Shuffled over the places of all words, two words fall into one statement by the share of pairs
    of places that are of one; how often words of the topic then stand together is close to Poisson.
    """
    length = np.asarray(counts.sum(axis=1)).ravel()
    total = length.sum()
    if len(words) < 2 or total <= 0:
        return 0.0
    block = counts[:, sorted(words)]
    often = np.asarray(block.sum(axis=0)).ravel()
    within = np.asarray(block.sum(axis=1)).ravel()
    together = float((within * (within - 1)).sum() / 2)
    pairs = (often.sum() ** 2 - (often**2).sum()) / 2
    expected = pairs * float((length * (length - 1)).sum()) / (total * max(total - 1, 1.0))
    if expected <= 0:
        return 0.0
    above = float(poisson.sf(together, expected) + 0.5 * poisson.pmf(together, expected))
    return float(-ndtri(np.clip(above, 1e-15, 1 - 1e-15)))


def _entry(corpus: _Corpus, topics: Array, j: int, good: Sequence[int]) -> tuple[str, ...]:
    """Choose the words by which a topic would be known: heavy in it, and hardly in another."""
    size = topics / np.maximum(topics.sum(axis=1, keepdims=True), 1e-12)
    others = [i for i in good if i != j]
    rival = size[others].max(axis=0) if others else np.zeros(size.shape[1])
    order = np.argsort(-size[j], kind="stable")[:_TOP]
    chosen = [w for w in order if size[j, w] > max(2 * rival[w], 0.02)]
    return tuple(form for w in chosen for form in corpus.forms[corpus.words[w]])


def _row(
    comments: Comments, outside: pd.DataFrame, topic: _Found, min_cell: int, quotations: int
) -> dict[str, Any] | None:
    """Count who uses a topic's words, and quote; None of too few respondents."""
    words = tuple(w for w in topic.words if w not in comments.own_words)
    pattern = pattern_of(words, topic.language)
    if pattern is None:
        return None
    clauses = comments.clauses
    uses = clauses["text"].str.contains(pattern, regex=True)
    who = clauses.loc[uses, "row"].unique()
    if len(who) < min_cell:
        return None
    mentioned = pd.Series(comments.texts.index.isin(who), index=comments.texts.index)
    share = comments.share_of(mentioned)
    return {
        "topic": ", ".join(_first_forms(words)),
        "language": topic.language,
        "words": words,
        "listed": ", ".join(words),
        "n": len(who),
        "share": share.value,
        "low": share.low,
        "high": share.high,
        "stability": topic.stability,
        "text": " · ".join(_quotations(comments, outside, topic, uses, quotations)) or _UNQUOTED,
    }


def _first_forms(words: Sequence[str], most: int = 3) -> Iterator[str]:
    """Give the first words of a topic, each in one form."""
    every = Counter(words)
    named: list[str] = []
    for word in words:
        single = _singular(word, every)
        if single not in named and len(named) < most:
            named.append(single)
            yield single


def _quotations(
    comments: Comments, outside: pd.DataFrame, topic: _Found, uses: pd.Series, most: int
) -> list[str]:
    """Quote the statements that are most of a topic, as far as they may be quoted."""
    mine = outside.loc[topic.strength.index]
    able = mine[uses[mine.index] & ~mine["masked"] & statement_length(mine)]
    order = topic.strength[able.index].sort_values(ascending=False, kind="stable").index
    return quoted(able.loc[order].drop_duplicates("text")["text"], comments.own_words, most)
