"""Tells blocks of questions that ask the same of expectation, experience and importance."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from workbench.new.columns.proposal import Proposal
from workbench.new.survey.scales import ScaleColumn

#: What blocks are called, and the side of the card that each is.
_SIDES: Final = (
    ("exp", re.compile(r"(?i)expect|ideal|should|期望|预期|期待|应该|应当|erwart|soll\b|attend"
                       r"|esper[ao]|aspett|ожида|기대|(?<![a-z])exp(?![a-z])")),
    ("imp", re.compile(r"(?i)importan|重要|wichtig|важн|중요|(?<![a-z])imp(?![a-z])")),
    ("per", re.compile(r"(?i)percei|percept|actual|experience|perform|satisf|实际|感受|体验|感知"
                       r"|满意|表现|zufrieden|erlebt|\bist\b|vécu|perçu|experiencia|实感|実際|満足|만족"
                       r"|удовлетвор|(?<![a-z])(?:per|perf|sat)(?![a-z])")),
)  # fmt: skip
#: Letters of the questionnaire's own numbering: E1 to E22 and P1 to P22.
_LETTERS: Final = {"e": "exp", "p": "per", "i": "imp", "s": "per"}
#: How a heading parts its block and its row: "Block - row", "Block [row]", "Block: row".
_PARTED: Final = (
    re.compile(r"(?P<block>.+?)\s*\[(?P<row>[^\[\]]+)\]"),
    re.compile(r"(?P<block>.+?)\s*(?:[:：/|]|>>|\s[-–—]\s|[–—]{1,2}|--)\s*(?P<row>.+)"),
    re.compile(r"(?P<row>.+?)\s*[(（](?P<block>[^()（）]+)[)）]"),
    re.compile(r"(?P<block>[A-Za-z]+)[ _.-]?(?P<row>\d{1,2}[a-z]?)"),
    re.compile(r"(?P<block>[A-Za-z]+)_(?P<row>\w+)"),
    re.compile(r"(?P<row>\w+)_(?P<block>[A-Za-z]+)"),
)
#: Rows that two blocks must share to be the same questions.
_FEWEST: Final = 2


def sides_of(headings: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Give the side (exp, per or imp) and the row of each heading of blocks with the same rows.

    Parameters
    ----------
    headings : sequence of str
        Of the columns that hold answers on a scale.

    Returns
    -------
    dict
        Empty where no two blocks have the same rows, or where their names do not tell the sides.

    Examples
    --------
    >>> sides_of(["Importance [Price]", "Importance [Staff]", "Satisfaction [Price]",
    ...           "Satisfaction [Staff]"])["Satisfaction [Staff]"]
    ('per', 'Staff')
    """
    for shape in _PARTED:
        blocks: dict[str, dict[str, str]] = {}
        for heading in headings:
            if found := shape.fullmatch(heading.strip()):
                blocks.setdefault(found["block"].strip(), {})[found["row"].strip()] = heading
        shared = {
            name: rows
            for name, rows in blocks.items()
            if len(rows) >= _FEWEST
            and any(other != name and set(own) == set(rows) for other, own in blocks.items())
        }
        if (sides := _told(list(shared))) and len(set(sides.values())) == len(shared):
            return {
                heading: (sides[name], row)
                for name, rows in shared.items()
                for row, heading in rows.items()
            }
    return {}


def map_sides(
    proposal: Proposal,
    items: Mapping[str, ScaleColumn],
    pairs: Mapping[str, tuple[str, str]],
) -> dict[str, Any]:
    """Map blocks of the same questions to expectation, experience and importance.

    Parameters
    ----------
    proposal : Proposal
        Whose columns are set.
    items : mapping
        Column -> its scale, of all that hold answers on one.
    pairs : mapping
        Heading -> its side and row, as `sides_of` gives them.

    Returns
    -------
    dict
        What the card's survey says of them; ``beside`` names columns of one block alone.
    """
    rows = list(dict.fromkeys(row for _, row in pairs.values()))
    codes = {row: f"{i:02d}" for i, row in enumerate(rows, 1)}
    seen: dict[str, tuple[int, int]] = {}
    for name, found in items.items():
        if found.column.said in pairs:
            side, row = pairs[found.column.said]
            proposal.columns[f"{side}_{codes[row]}"] = name
            seen[side] = max(seen.get(side, found.scale), found.scale, key=lambda s: s[1] - s[0])
    section: dict[str, Any] = {
        "scale": list(seen["per"]),
        "items": {code: row for row, code in codes.items()},
        "dimensions": {"service": list(codes.values())},
        "sided": [side for side in ("exp", "per", "imp") if side in seen],
    }
    if "imp" in seen and seen["imp"] != seen["per"]:
        section["importance_scale"] = list(seen["imp"])
    if beside := [name for name, r in items.items() if r.column.said not in pairs]:
        section["beside"] = beside
    return section


def _told(blocks: Sequence[str]) -> dict[str, str]:
    """Tell the side of each block; what is left beside expectation or importance is experience."""
    if not 2 <= len(blocks) <= len(_SIDES):
        return {}
    letters = {name: _LETTERS.get(name.casefold(), "") for name in blocks}
    if all(letters.values()):
        return letters
    sides = {
        name: next((side for side, words in _SIDES if words.search(name)), "") for name in blocks
    }
    open_ = [name for name, side in sides.items() if not side]
    if len(open_) == 1 and "per" not in sides.values():
        sides[open_[0]] = "per"
    return sides if all(sides.values()) and "per" in sides.values() else {}
