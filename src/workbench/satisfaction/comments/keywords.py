"""The words of comments: what marks an aspect, how it sounds, what the codebook misses."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import xlogy

from workbench.arrays import Array
from workbench.privacy.quotation import BLANK, is_known, quotable
from workbench.results import labelled
from workbench.satisfaction.comments.comments import Comments
from workbench.satisfaction.comments.tone import LANGUAGES

_TOKEN = re.compile(r"[a-z][a-z'’-]+|[\u3400-\u9fff]+")
#: Words too common to tell anything, in the two languages.
STOP_WORDS: Final = frozenset(
    re.findall(
        r"\S+",
        """
        a about after all also am an and any are as at be been before being but by can could did do
        does doing don down even every for from get got had has have he her here him his how i if
        in into is it its just like made make many me more most much my never no not now of off on
        once one only or other our out over own same say she should so some such than that the
        their them then there these they this those though to too two up us very was we were what
        when where which while who why will with would you your must ll re ve i'm i've it's don't
        的 了 是 在 我 你 他 她 它 我们 你们 他们 这 那 这个 那个 就 都 也 还 又 才 很 太 真
        非常 比较 挺 有 没 没有 不 不是 和 与 跟 及 或 而 但 把 被 让 给 对 从 到 去 来 要 会 能
        可以 可 得 地 着 过 吧 吗 呢 啊 哦 上 下 里 中 个 一 一个 两 三 次 些 点 什么 怎么 自己
        时候 现在 以后 因为 所以 如果 还是 已经 一直 再 请 说 人 用 好 多 大 小 看 做 几 找 每
        问
        """,
    )
)
# An example must be long enough to say something and short enough to be read.
_SHORTEST, _LONGEST = {"zh": 6, "en": 15}, 140


def words_of(text: str) -> list[str]:
    """Cut a text into words; Chinese by rjieba, so that a reader can read them."""
    runs = _TOKEN.findall(text.casefold().replace("’", "'"))
    found: list[str] = []
    for run in runs:
        if re.match(r"[\u3400-\u9fff]", run):
            import rjieba

            found += rjieba.cut(run, True)
        else:
            found.append(run)
    return [word for word in found if word not in STOP_WORDS and len(word) > 1]


def keyness(inside: ArrayLike, outside: ArrayLike, n_inside: float, n_outside: float) -> Array:
    """Log-likelihood ratio: how much more often a word occurs inside than outside.

    Parameters
    ----------
    inside, outside : array_like
        Texts with each word, within the part and without.
    n_inside, n_outside : float
        Texts of the two parts.

    Returns
    -------
    ndarray
        Negative where the word is rarer inside. 3.84 is the 5 % point of a single word, 15.13
        that of .0001.

    References
    ----------
    Dunning (1993), Accurate methods for the statistics of surprise and coincidence, Computational
    Linguistics 19(1), 61-74; Rayson, Garside (2000), Comparing corpora using frequency profiling,
    Proceedings of the Workshop on Comparing Corpora, 1-6.
    """
    a, b = np.asarray(inside, dtype=float), np.asarray(outside, dtype=float)
    rate = (a + b) / (n_inside + n_outside)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = 2 * (xlogy(a, a / (n_inside * rate)) + xlogy(b, b / (n_outside * rate)))
    more = a * n_outside >= b * n_inside
    return np.asarray(np.where(more, 1.0, -1.0) * np.nan_to_num(ratio), dtype=float)


def keywords(
    comments: Comments, *, top: int = 8, min_cell: int = 5, least: float = 15.13
) -> pd.DataFrame:
    """Find the words that mark each aspect against all other clauses, by language.

    Parameters
    ----------
    comments : Comments
    top : int
        Words an aspect and language.
    min_cell : int
        Words of fewer respondents are left out: they may belong to one person's story.
    least : float
        Smallest keyness.

    Returns
    -------
    DataFrame
        `aspect`, `label`, `language`, `word`, `n` (respondents), `keyness`, strongest first.
    """
    clauses = comments.clauses
    parts = []
    for language, here in clauses.groupby("language"):
        pairs = _pairs(here)
        for name, title in comments.aspects.items():
            mine = here[name].to_numpy()
            if not 0 < mine.sum() < len(here):
                continue
            found = _contrast(pairs, set(here.index[mine]), int(mine.sum()), len(here))
            found = found[(found["n"] >= min_cell) & (found["keyness"] >= least)]
            found = _known(found, comments.own_words, top)
            parts.append(found.assign(aspect=name, label=title, language=language))
    columns = ["aspect", "label", "language", "word", "n", "keyness"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def word_list(words: pd.DataFrame) -> pd.DataFrame:
    """Set the keywords of each aspect in one row: `label`, and a column a language."""
    labels = list(dict.fromkeys(words["label"]))
    table = pd.DataFrame({"label": labels})
    for language in ("en", "zh"):
        here = words[words["language"] == language].groupby("label")["word"].apply(list).to_dict()
        table[language] = [", ".join(here.get(label, [])) for label in labels]
    theirs = {code: (name, "text:own") for code, name in LANGUAGES.items()}
    return labelled(table, label="Subject", **theirs)


def uncovered_words(comments: Comments, *, top: int = 12, min_cell: int = 5) -> pd.DataFrame:
    """Find the words of the clauses in which the codebook finds no aspect.

    Parameters
    ----------
    comments : Comments
    top : int
        Words a language.
    min_cell : int
        Words of fewer respondents are left out.

    Returns
    -------
    DataFrame
        `language`, `word`, `n` (respondents who use it outside all aspects), `keyness` (against
        the clauses with an aspect); the most frequent first. Only words that are more frequent
        outside the aspects.
    """
    clauses = comments.clauses
    without = ~clauses[list(comments.aspects)].any(axis=1)
    parts = []
    for language, here in clauses.groupby("language"):
        mine = without[here.index].to_numpy()
        if not 0 < mine.sum() < len(here):
            continue
        pairs = _pairs(here)
        found = _contrast(pairs, set(here.index[mine]), int(mine.sum()), len(here))
        found = found[(found["n"] >= min_cell) & (found["keyness"] > 0)]
        found = found.sort_values(["n", "keyness"], ascending=False)
        found = _known(found, comments.own_words, top)
        parts.append(found.assign(language=language))
    columns = ["language", "word", "n", "keyness"]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    return labelled(
        table[columns].replace({"language": LANGUAGES}),
        language="Language",
        word=("Word", "text:own"),
        n="Respondents",
    )


def examples(
    comments: Comments, positive: ArrayLike, *, each: int = 1, min_cell: int = 5
) -> pd.DataFrame:
    """Choose typical statements of each aspect, in each language and tone.

    Quoted is what is made of known words and names nobody (see `privacy.quotation.quotable`);
    statements without a blank come first. Nothing is quoted of an aspect and tone of fewer than
    `min_cell` respondents.

    Parameters
    ----------
    comments : Comments
    positive : array_like, shape (clauses,)
        Chance that each clause is positive.
    each : int
        Statements an aspect, language and tone.

    Returns
    -------
    DataFrame
        `aspect`, `label`, `language`, `tone`, `text`, `n` (respondents who speak so of it).
    """
    clauses = comments.clauses.assign(_chance=np.asarray(positive, dtype=float))
    single = clauses[list(comments.aspects)].sum(axis=1) == 1
    quotable = single & ~clauses["masked"] & statement_length(clauses)
    rows = []
    for name, title in comments.aspects.items():
        for (language, tone), mine in clauses[clauses[name]].groupby(
            [
                "language",
                np.where(clauses.loc[clauses[name], "_chance"] > 0.5, "positive", "negative"),
            ]
        ):
            n = mine["row"].nunique()
            if n < min_cell:
                continue
            able = mine[quotable[mine.index]].drop_duplicates("text")
            # the surest statements of the usual length are the typical ones
            sure = (able["_chance"] - 0.5).abs() - 0.002 * (
                able["text"].str.len() - able["text"].str.len().median()
            ).abs()
            ranked = able["text"].loc[sure.sort_values(ascending=False, kind="stable").index]
            chosen = quoted(ranked, comments.own_words, each)
            rows += [
                {
                    "aspect": name,
                    "label": title,
                    "language": language,
                    "tone": tone,
                    "text": t,
                    "n": n,
                }
                for t in chosen
            ]
    return labelled(
        pd.DataFrame(rows, columns=["aspect", "label", "language", "tone", "text", "n"]),
        label="Subject",
        tone="Sentiment",
        text=("Statement", "text:own"),
        n="Judged so by the method",
    )


def typical(comments: Comments, aspect: str) -> str:
    """Quote the statement about one aspect alone that is most of the usual length; "" of none.

    It is quoted by the rules of `privacy.quotation.quotable`.
    """
    clauses = comments.clauses
    alone = clauses[list(comments.aspects)].sum(axis=1) == 1
    able = clauses[clauses[aspect] & alone & ~clauses["masked"] & statement_length(clauses)]
    length = able["text"].str.len()
    away = (length - length.median()).abs().sort_values(kind="stable").index
    return next(iter(quoted(able["text"].loc[away], comments.own_words, 1)), "")


def statement_length(clauses: pd.DataFrame) -> pd.Series:
    """Tell the statements that are long enough to say something and short enough to be read."""
    shortest = clauses["language"].map(_SHORTEST)
    return clauses["text"].str.len().between(shortest, _LONGEST)


def quoted(ranked: pd.Series, own: frozenset[str], each: int) -> list[str]:
    """Take the first statements that may be quoted; those with blanks only where others lack."""
    blanked: list[str] = []
    whole: list[str] = []
    for text in ranked:
        if len(whole) == each:
            break
        shown = quotable(text, own)
        if shown is not None:
            (blanked if BLANK in shown else whole).append(shown)
    return [*whole, *blanked][:each]


def _known(found: pd.DataFrame, own: frozenset[str], top: int) -> pd.DataFrame:
    """Keep the first words that belong to everybody: a name is nobody's keyword."""
    kept = [i for i, word in found["word"].items() if is_known(word, own)]
    return found.loc[kept[:top]]


def _pairs(clauses: pd.DataFrame) -> pd.DataFrame:
    """Each clause with each of its words once."""
    rows = [
        (index, row, word)
        for index, row, text in zip(clauses.index, clauses["row"], clauses["text"], strict=True)
        for word in sorted(set(words_of(text)))
    ]
    return pd.DataFrame(rows, columns=["clause", "row", "word"])


def _contrast(pairs: pd.DataFrame, inside: set[int], n_inside: int, n: int) -> pd.DataFrame:
    mine = pairs["clause"].isin(inside)
    a = pairs[mine].groupby("word").agg(clauses=("clause", "size"), n=("row", "nunique"))
    everywhere = pairs.groupby("word").size().reindex(a.index)
    strength = keyness(a["clauses"], everywhere - a["clauses"], n_inside, n - n_inside)
    found = a.assign(keyness=strength).reset_index().drop(columns="clauses")
    return found.sort_values(["keyness", "word"], ascending=[False, True])
