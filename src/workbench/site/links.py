"""Links from one notebook to another, pointed to where their pages lie."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

_TO_PAGE = re.compile(
    r"\[(?P<said>[^\]]*)\]\((?P<page>[\w-]+)\.html(?P<at>#[^)]*)?\)"
    r"|(?P<open><a\b[^>]*href=\")(?P<key>[\w-]+)\.html(?P<rest>[^>]*>)(?P<inner>.*?)</a>",
    re.DOTALL,
)


def relinked(cells: list[Any], places: Mapping[str, str], notebooks: Collection[str]) -> list[Any]:
    """Point links to notebooks, written as ``<key>.html``, to where their pages are.

    Parameters
    ----------
    cells : list of cells
        Those of markdown are changed.
    places : mapping
        Key of a notebook, or of one of its cases, -> its page as seen from this one.
    notebooks : collection of str
        All there are: of a link to one that did not run, only the words stay. Any other link is
        left, for the check of the site to report.
    """

    def place(found: re.Match[str]) -> str:
        key = found["page"] or found["key"]
        if key not in places and key in notebooks:
            return str(found["inner"] if found["said"] is None else found["said"])
        target = places.get(key, f"{key}.html")
        if found["said"] is None:
            return f"{found['open']}{target}{found['rest']}{found['inner']}</a>"
        return f"[{found['said']}]({target}{found['at'] or ''})"

    for cell in cells:
        if cell.cell_type == "markdown":
            cell.source = _TO_PAGE.sub(place, cell.source)
    return cells
