"""Finds a survey's questions with several answers, however a tool writes what was ticked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from workbench.new.columns.profile import ColumnProfile
from workbench.study.survey import BLANKS, LINES

#: How the choice stands in a heading: "Q [App]", "Q/App", "Q: App", "Q - App", and "App:Q".
_BEHIND: Final = (
    # Forsta: "Q4c1: App - Which channels do you use?"
    re.compile(r"[A-Za-z]+\d+[cr]\d+\s*[:.]\s*(?P<choice>.+?)\s+-\s+(?P<stem>.+)"),
    re.compile(r"(?P<stem>.+?)\s*\(choice\s*=\s*(?P<choice>.+)\)"),  # REDCap, with labels
    re.compile(r"(?P<stem>.+?)\s*\[(?P<choice>[^\[\]]+)\]"),
    re.compile(r"(?P<stem>.+)/(?P<choice>[^/]+)"),
    re.compile(r"(?P<stem>.+)___(?P<choice>\w+)"),  # REDCap
    re.compile(r"(?P<stem>.+?)\s*(?:[:：]|>>|\s-)\s*(?P<choice>[^:：]+)"),
)
_BEFORE: Final = re.compile(r"(?P<choice>[^:：]+)[:：](?P<stem>.+)")
#: Cognito Forms: Channels_App, with true and false.
_UNDERSCORED: Final = re.compile(r"(?P<stem>\w+)_(?P<choice>[^\W_]+)")
_TICKS: Final = {
    "0", "1", "yes", "no", "y", "n", "true", "false", "t", "f", "x", "✓", "✔", "√", "是", "否",
    "ja", "nein", "selected", "not selected", "checked", "unchecked", "quoted", "not quoted",
    "1 - selected", "0 - not selected", "1 - yes", "0 - no", "选中", "未选中", "n/a", "oui", "non",
    "sí", "si",
}  # fmt: skip
_MARKS: Final = ("┋", "|", "\n", ";", "，", "、", ",")
#: Different choices of a question; share of the answers that must tick several.
_MOST, _SEVERAL = 25, 0.05
_LONGEST: Final = 60
_NAMES: Final = re.compile(r"[a-z0-9_-]+(?: [a-z0-9_-]+)*")


def questions_of_choices(columns: Sequence[ColumnProfile], taken: set[str]) -> dict[str, Any]:
    """Name the questions with several answers, as the card's `survey.questions` has them."""
    free = [p for p in columns if p.name not in taken and not p.when]
    found, used = _with_columns(free, {p.name for p in columns})
    for p in free:
        if p.name in used or p.name in found:
            continue
        mark = _between(p)
        # what is joined in one column and has a column for each choice, too, is one question
        if mark and not any(entry.get("label") == p.name for entry in found.values()):
            found[p.name] = {"several": mark.replace("\n", LINES).replace(" ", BLANKS)} | (
                {"label": p.wording} if p.wording else {}
            )
    return found


def columns_of_choices(questions: dict[str, Any]) -> set[str]:
    """Name the file's columns that these questions are read from."""
    own = {c for q in questions.values() for c in q.get("columns", {}).values()}
    return own | set(questions) | {q["label"] for q in questions.values() if "label" in q}


def _with_columns(
    columns: Sequence[ColumnProfile], names: set[str]
) -> tuple[dict[str, Any], set[str]]:
    """Find the columns that are a choice each, and put those of one question together."""
    binary = [p for p in columns if _is_tick(p)]
    groups: dict[str, dict[str, str]] = {}
    for p in binary:
        # LimeSurvey puts the question's code before it
        said = re.sub(r"^\w+\[\w+\]\.\s*", "", p.said.strip())
        for shape in _BEHIND:
            if match := shape.fullmatch(said):
                groups.setdefault(match["stem"].strip(" :：-"), {})[match["choice"].strip()] = (
                    p.name
                )
                break
    groups = {stem: own for stem, own in groups.items() if len(own) > 1}
    used = {name for own in groups.values() for name in own.values()}
    behind: dict[str, dict[str, str]] = {}
    for p in binary:
        if p.name in used:
            continue
        choice = str(p.texts.iloc[0]).strip()
        if len(p.counts) == 1 and p.said.endswith(choice) and p.said != choice:
            behind.setdefault(p.said.removesuffix(choice).strip(" :：-"), {})[choice] = p.name
        elif p.boolean and (match := _UNDERSCORED.fullmatch(p.said.strip())):
            behind.setdefault(match["stem"], {})[match["choice"]] = p.name
    groups |= {stem: own for stem, own in behind.items() if len(own) > 1 and stem}
    used = {name for own in groups.values() for name in own.values()}
    for p in binary:
        match = _BEFORE.fullmatch(p.said.strip())
        if match and p.name not in used and str(p.texts.iloc[0]) == match["choice"]:
            groups.setdefault(match["stem"].strip(), {})[match["choice"].strip()] = p.name
    used = {name for own in groups.values() for name in own.values()}
    # Typeform heads each column by its choice alone
    alone = [p for p in binary if p.name not in used and p.texts.iloc[0] == p.name]
    if len(alone) > 1:
        groups["choices"] = {p.name: p.name for p in alone}
    groups = {stem: own for stem, own in groups.items() if len(own) > 1}
    found = {}
    for stem, own in groups.items():
        name = stem if stem not in names else f"{stem} (choices)"
        found[name] = {"label": stem, "columns": {choice.replace("|", "/"): column
                                                  for choice, column in own.items()}}  # fmt: skip
    return found, {name for own in groups.values() for name in own.values()}


def _is_tick(p: ColumnProfile) -> bool:
    values = {str(v).strip().casefold() for v in p.counts.index} - {""}
    if not len(p.texts) or len(values) > 2:
        return False
    if values <= _TICKS:
        return True
    # "App", or nothing
    choice = str(p.texts.iloc[0]).strip()
    return len(values) == 1 and len(choice) <= _LONGEST and choice in p.said and not p.numeric


def _between(p: ColumnProfile) -> str:
    """Find what stands between the choices of a cell; "" where it is no question of this kind."""
    if p.numeric or p.boolean or p.mail > 0:
        return ""
    texts = [str(t).strip() for t in p.texts]
    enough = max(2, _SEVERAL * len(texts))
    # names that XLSForm gives to choices have no blank within, and one between them
    coded = all(_NAMES.fullmatch(text) for text in texts)
    about = p.heading.has("place", "gender", "group", "name")
    for mark in (*_MARKS, *([" "] if coded and not about else [])):
        if sum(mark in text for text in texts) < enough:
            continue
        parts = [[c.strip() for c in text.split(mark) if c.strip()] for text in texts]
        some = sum(len(cells) > 1 for cells in parts)
        if some < enough:
            continue
        counts = Counter(choice for cells in parts for choice in cells)
        again = sum(n for n in counts.values() if n > 1) / sum(counts.values())
        twice = any(len(set(cells)) < len(cells) for cells in parts)
        short = max(map(len, counts)) <= _LONGEST
        if len(counts) <= _MOST and again > 0.95 and not twice and short:
            return mark
    return ""
