"""What customers write: comments cut into clauses, and each clause assigned to its aspects."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from workbench.arrays import Mask
from workbench.errors import DataError
from workbench.privacy.identifiers import MARK
from workbench.results import Estimate, Finding, Result, labelled
from workbench.stats import share_interval, unequal_weights
from workbench.stats.weights import check_weights

_HAN = re.compile(r"[\u3400-\u9fff]")
# A clause ends with a sentence, or where the writer turns: "good network, but the bill is wrong".
_END = re.compile(
    r"[。！？!?；;\n\r]+|(?<=[a-z)\]’'\"])\.+(?=\s|$)|(?<=\d)\.(?=\s|$)"
    r"|(?:[，,]\s*)?(?:不过|但是|可是|然而|但(?=[^愿]))"
    r"|(?:[,;]\s*|\s+|^)(?:but|however|although)\b[,]?",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]")
SILENT = "only says that there is no comment"
#: What people write into a question that they have nothing to say to, once marks are left out.
_NOTHING = frozenset(
    re.findall(
        r"\S+",
        """
    na none nil null nan nothing no nope nocomment nocomments nothingtoadd notapplicable notreally
    nonethanks nothanks noneatall nothingatall noneatthistime noneatthemoment nothingelse
    noopinion noidea dontknow idontknow idk xxx test blank empty
    无 暂无 没有 没 無 暫無 沒有 沒 无意见 没意见 没有意见 無意見 沒意見 无建议 没建议 没有建议
    暂时没有 暂无意见 暂无建议 暂时无 没什么 没有什么 没啥 没了 不知道 无评论 不清楚 不适用
    keine keiner nichts nein keineangabe rien aucun aucune néant non ras nada ninguno ninguna
    nenhum nenhuma niente nessuno nessuna geen niets nej ingen inga intet brak nie нет ничего
    なし 無し 特になし 特にない 特にありません 없음 없습니다 없어요
    """,
    )
)


@dataclass(frozen=True)
class Comments(Result):
    """Comments cut into clauses.

    Attributes
    ----------
    clauses : DataFrame
        `row` (position of the comment in the table given), `text`, `language` ("en" or "zh"),
        `masked` (somebody was named in it), and one column of bool an aspect.
    aspects : dict of str to str
        Names of the aspects and their English titles.
    texts : Series of str
        The comments that say something, by position.
    everybody : DataFrame
        One row an answer of the table given: `wrote`, `weight`, `person`.
    exclusions : DataFrame
        `reason`, `what`, `n`.
    own_words : frozenset of str
        The words of the codebook: known, whatever dictionaries say.
    """

    clauses: pd.DataFrame
    aspects: dict[str, str]
    texts: pd.Series
    everybody: pd.DataFrame
    exclusions: pd.DataFrame = field(default_factory=pd.DataFrame)
    own_words: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def respondents(self) -> int:
        """Rows of the table given."""
        return len(self.everybody)

    @property
    def answered(self) -> Estimate:
        """Share of the respondents who wrote something."""
        share = self.share_of(self.everybody["wrote"])
        return share.named("Respondents who wrote a comment", kind="percent")

    @property
    def covered(self) -> Estimate:
        """Share of the comments in which the codebook finds an aspect."""
        share = self.share_of(self.mentions().any(axis=1))
        return share.named("Comments about an aspect of the codebook", kind="percent")

    def estimates(self) -> dict[str, Estimate]:
        """Who wrote (`comments.written`), and what the codebook covers (`comments.covered`)."""
        return {"comments.written": self.answered, "comments.covered": self.covered}

    @property
    def table(self) -> pd.DataFrame:
        """The estimates, one row each: `what`, `n`, `estimate`, `low`, `high`."""
        rows = [{"what": each.label, **each.row()} for each in self.estimates().values()]
        return labelled(
            pd.DataFrame(rows), what="Comments", n="Answers", estimate=("Share", "percent")
        )

    def findings(self) -> list[Finding]:
        """How many comments are about something that the codebook does not name."""
        covered = self.covered
        ends = 1 - covered.value, 1 - covered.high, 1 - covered.low
        share = Estimate(*ends, covered.n, kind="percent")
        return [
            Finding(
                "comments.uncovered",
                "{share} of the comments are about something the codebook does not name",
                {"share": share},
                estimates={"uncovered": share},
            ),
            Finding(
                "comments.words",
                "The words below stand outside every subject. Where they name one, it belongs into"
                " the codebook; where they only say that something is good or bad, nothing is"
                " missing.",
            ),
        ]

    def silence(self) -> list[Finding]:
        """Say how many wrote only that they have nothing to say."""
        reason = self.exclusions["reason"] == SILENT
        if not reason.any():
            return []
        n = int(self.exclusions.loc[reason, "n"].sum())
        return [
            Finding(
                "comments.silent",
                "{n} respondents wrote only that they have nothing to say (“n/a”, “none”). They"
                " count as having written no comment.",
                {"n": n},
            )
        ]

    def share_of(self, values: pd.Series, level: float = 0.95) -> Estimate:
        """Share, or mean chance, of some of the answers: by their position."""
        rows = self.everybody.loc[values.index]
        return share_interval(
            values.to_numpy(dtype=float),
            weights=unequal_weights(rows["weight"], len(rows)),
            clusters=rows["person"],
            level=level,
        )

    def mentions(self) -> pd.DataFrame:
        """Whether each comment speaks of each aspect: rows are comments, by position."""
        found = self.clauses.groupby("row")[list(self.aspects)].any()
        return found.reindex(self.texts.index, fill_value=False)

    def first_aspect(self) -> pd.Series:
        """Name the aspect that each comment speaks of first; "none" where there is none."""
        named = self.clauses[self.clauses[list(self.aspects)].any(axis=1)]
        first = named.drop_duplicates("row").set_index("row")[list(self.aspects)]
        names = first.idxmax(axis=1) if len(first) else pd.Series(dtype=object)
        return names.reindex(self.texts.index).fillna("none").rename("aspect")


def says_nothing(text: str) -> bool:
    """Tell whether a comment is only a way to say that there is none, such as "n/a" or "暂无"."""
    bare = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in bare if c.isalnum()) in _NOTHING


def language_of(text: str) -> str:
    """Tell Chinese from English by its characters."""
    han = len(_HAN.findall(text))
    latin = len(re.findall(r"[A-Za-z]+", text))
    return "zh" if han > latin else "en"


def plain(text: str) -> str:
    """Leave out the marks that stand for a masked name, phone or address."""
    return MARK.sub("", text).strip(" \t，,、:：.")


def split_clauses(text: str) -> list[str]:
    """Cut a comment into statements that can each have a tone of their own."""
    parts = (part.strip(" \t，,、:：.") for part in _END.split(text))
    return [part for part in parts if _WORD.search(MARK.sub("", part))]


def read_comments(
    texts: pd.Series,
    codebook: Mapping[str, Mapping[str, Any]],
    *,
    weights: ArrayLike | None = None,
    people: ArrayLike | None = None,
) -> Comments:
    """Cut comments into clauses and find their aspects.

    Parameters
    ----------
    texts : Series of str
        One entry a respondent, missing or empty where nothing was written. People's names,
        phones and addresses must have been masked already, as the workbench's tables are.
    codebook : mapping
        For each aspect `title`, `words` and `except`, by language.
    weights : array_like, shape (n,), optional
        Survey weights.
    people : array_like, shape (n,), optional
        Who answered: intervals allow for people who wrote more than once.

    Raises
    ------
    DataError
        The codebook has no aspects, or nobody wrote anything that can be read.
    """
    if not codebook:
        raise DataError(
            "the codebook has no aspects", where="codebook", remedy="describe at least one"
        )
    given = pd.Series(texts).reset_index(drop=True)
    said = given.astype("string").str.strip()
    empty = said.isna() | (said == "")
    letters = said.fillna("").map(lambda t: bool(_WORD.search(MARK.sub("", t)))).astype(bool)
    silent = letters & said.fillna("").map(says_nothing).astype(bool)
    readable = letters & ~silent
    if not readable.any():
        raise DataError(
            f"none of {len(given)} comments can be read",
            where="survey.comment",
            remedy="map the column of comments, or leave the comments out",
        )
    kept = said[readable].astype(str)
    rows = [
        (row, plain(clause), language_of(clause), bool(MARK.search(clause)))
        for row, text in kept.items()
        for clause in split_clauses(text)
    ]
    clauses = pd.DataFrame(rows, columns=["row", "text", "language", "masked"])
    taken = sorted(set(codebook) & set(clauses.columns))
    if taken:
        raise DataError(
            f"an aspect is called {taken[0]!r}", where="codebook", remedy="choose another name"
        )
    for name, aspect in codebook.items():
        clauses[name] = _matches(clauses, aspect)
    w = np.ones(len(given)) if weights is None else check_weights(weights, len(given))
    everybody = pd.DataFrame({"wrote": readable, "weight": w}, index=given.index)
    everybody["person"] = np.arange(len(given)) if people is None else np.asarray(people)
    lost = [
        ("nothing written", "respondents", int(empty.sum())),
        ("no letter in the comment", "comments", int((~letters & ~empty).sum())),
        (SILENT, "respondents", int(silent.sum())),
    ]
    return Comments(
        clauses=clauses,
        aspects={str(n): str(a.get("title", {}).get("en", n)) for n, a in codebook.items()},
        texts=kept,
        everybody=everybody,
        exclusions=pd.DataFrame([r for r in lost if r[2]], columns=["reason", "what", "n"]),
        own_words=frozenset(
            word.rstrip("*").casefold()
            for aspect in codebook.values()
            for words in aspect.get("words", {}).values()
            for phrase in words
            for word in (phrase, *phrase.split())
        ),
    )


def _matches(clauses: pd.DataFrame, aspect: Mapping[str, Any]) -> Mask:
    found = np.zeros(len(clauses), dtype=bool)
    words, other = aspect.get("words", {}), aspect.get("except", {})
    # a Chinese text may name an English brand and the reverse: look for both everywhere
    patterns = [pattern_of(words.get(k, ()), k) for k in ("en", "zh")]
    without = [pattern_of(other.get(k, ()), k) for k in ("en", "zh")]
    texts = clauses["text"]
    for pattern in without:
        if pattern is not None:
            texts = texts.str.replace(pattern, " ", regex=True)
    for pattern in patterns:
        if pattern is not None:
            found |= texts.str.contains(pattern, regex=True).to_numpy(dtype=bool)
    return found


def pattern_of(words: Sequence[str], language: str) -> re.Pattern[str] | None:
    """Build the expression that finds any of some words."""
    if not words:
        return None
    if language == "zh":
        # Latin words among Chinese, such as APP, are words of their own: not part of "disappoint"
        parts = [
            rf"(?<![A-Za-z]){re.escape(w)}(?![A-Za-z])" if w.isascii() else re.escape(w)
            for w in (word.rstrip("*") for word in words)
        ]
        return re.compile("|".join(parts), re.IGNORECASE)
    parts = [
        r"\s+".join(re.escape(p) for p in w.rstrip("*").split())
        + (r"\w*" if w.endswith("*") else r"\b")
        for w in words
    ]
    return re.compile(r"\b(?:" + "|".join(parts) + ")", re.IGNORECASE)
