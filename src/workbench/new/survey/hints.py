"""Hints beside a column of answers: its heading names both ends, another column says the same."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd

from workbench.data.text.answer_words import folded, word_scales
from workbench.new.columns.profile import ColumnProfile

#: What tools call those who recommend and those who do not, beside their answers from 0 to 10.
_CAMPS: Final = {
    word: camp
    for camp, words in enumerate((
        "detractor|detractors|贬损者|批评者|批判者|kritiker|detraktor|detractores|détracteur",
        "passive|passives|neutral|neutrals|中立者|被动者|indifferent|indifferente|pasivo|passif",
        "promoter|promoters|推荐者|推奨者|promotor|promotoren|promotores|promoteur",
    ))
    for word in words.split("|")
}  # fmt: skip


def is_camp(p: ColumnProfile) -> bool:
    """Tell a column that sorts answers to recommending into promoters, passives, detractors."""
    said = {str(value).strip().casefold() for value in p.counts.index}
    camps = {_CAMPS.get(word) for word in said}
    return None not in camps and len(camps) > 1 and bool(camps & {0, 2})


def camped(columns: Sequence[ColumnProfile]) -> ColumnProfile | None:
    """Find the answers from 0 to 10 that a column of promoters and detractors was made from."""
    for camp in filter(is_camp, columns):
        kept = camp.texts.astype(str).str.strip().str.casefold().map(_CAMPS)
        for p in columns:
            numbers = pd.to_numeric(p.texts, errors="coerce").reindex(kept.index)
            if p is camp or not len(p.texts) or numbers.isna().any():
                continue
            made = 0 + (numbers > 6).astype(int) + (numbers > 8).astype(int)
            if numbers.between(0, 10).all() and bool((made == kept).all()):
                return p
    return None


def camps_of(columns: Sequence[ColumnProfile]) -> set[str]:
    """Name columns of numbers into which another one's answers from 0 to 10 were sorted.

    Qualtrics writes 1, 2 and 3 beside the answers on recommending, analysts 0 and 1.
    """
    found = set()
    few = [p for p in columns if p.numeric and 2 <= p.distinct + (p.texts == "0").any() <= 4]
    for q in columns:
        if not q.numeric or q.distinct < 5 or len(q.texts) < _ENOUGH:
            continue
        made = 0 + (q.numbers > 6).astype(int) + (q.numbers > 8).astype(int)
        if not q.numbers.between(0, 10).all() or made.nunique() < 3:
            continue
        for p in few:
            if p is not q and p.texts.index.equals(q.texts.index):
                each = p.numbers.groupby(made).nunique()
                ways = p.numbers.groupby(made).first()
                if (
                    (each == 1).all()
                    and ways.iloc[0] < ways.iloc[-1]
                    and ways.is_monotonic_increasing
                ):
                    found.add(p.name)
    return found


#: Answers from which on one column sorts another by no chance.
_ENOUGH: Final = 12
#: What tools and browsers write in many words.
_WRITTEN: Final = re.compile(r"(?i)^\s*(?:mozilla/|https?:|opera/|\{|\[)")


def in_own_words(p: ColumnProfile) -> bool:
    """Tell answers that people wrote themselves, few of them twice, however short."""
    about = p.heading.has("name", "address", "email", "web", "device", "owner", "product", "place",
                          "phone", "store", "group", "system", "title")  # fmt: skip
    if about or p.numeric or p.when or p.boolean or p.unique < 0.5 or p.distinct < 3:
        return False
    texts = [str(text) for text in p.texts.unique()[:200]]
    if sum(bool(_WRITTEN.match(text)) for text in texts) * 5 > len(texts):
        return False
    words = sum(len(re.findall(r"[^\W\d_]{2,}", text)) for text in texts) / len(texts)
    asian = sum(len(re.findall(r"[\u3040-\u9fff]", text)) for text in texts) / len(texts)
    return words >= 3 or asian >= 6


def said_twice(numbers: Mapping[str, ColumnProfile], free: Sequence[ColumnProfile]) -> set[str]:
    """Name columns of words whose numbers stand in another one, whose heading goes on from theirs.

    Cognito Forms writes `Service_Speed` ("Agree") beside `Service_Speed_Rating` (4).
    """
    twice = set()
    for p in free:
        for name, q in numbers.items():
            goes_on = name != p.name and name.startswith(p.name) and len(q.texts) == len(p.texts)
            if goes_on and q.numeric and not p.numeric and q.texts.index.equals(p.texts.index):
                pairs = pd.DataFrame({"words": p.texts, "number": q.texts}).drop_duplicates()
                if pairs["words"].is_unique and pairs["number"].is_unique and len(pairs) > 1:
                    twice.add(p.name)
    return twice


#: "(1 = sehr gut, 6 = ungenügend)": both ends of a scale, and what they are called.
_ENDS_NAMED: Final = re.compile(
    r"(?<![\d.])(-?\d{1,3})\s*[=:：＝]\s*([^\d,;，；/()（）\[\]]+?)\s*(?:[,;，；/]|\bto\b|\bbis\b|…|\.\.\.)\s*"
    r"(\d{1,3})\s*[=:：＝]\s*([^\d,;，；/()（）\[\]]+)"
)


def ends_named(text: str) -> tuple[int, int, bool] | None:
    """Read a heading that names both ends of its scale; and tell whether the lower is the best."""
    found = _ENDS_NAMED.search(text)
    if found is None:
        return None
    low, high, words = int(found[1]), int(found[3]), (folded(found[2]), folded(found[4]))
    if low > high:
        low, high, words = high, low, words[::-1]
    ways = {
        (a > b)
        for scale in word_scales()
        if (a := scale.place(words[0])) is not None and (b := scale.place(words[1])) is not None
    }
    return (low, high, ways == {True}) if low < high else None
