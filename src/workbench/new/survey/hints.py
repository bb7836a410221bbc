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
