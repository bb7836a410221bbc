"""Where every number on the pages of a study comes from: a stored result, a notebook, the card."""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from lxml import html

from workbench.bundle.parts import BEFORE, FACTS, RUN, SITE, STUDY, Bundle

#: Where a number may come from, nearest first, in words.
ORIGINS = (
    "state a fact", "stand in a stored result", "stand in the executed notebook alone",
    "are marks on an axis", "are of the card, the record or the page's frame", "are found nowhere",
)  # fmt: skip
_TOKEN = re.compile(
    r"(?<![A-Za-z0-9_.,])(?<![A-Za-z]-)[-−–]?\d+(?:[,\u202f\u00a0]\d{3})*(?:\.\d+)?(?![a-zA-Z\d])"
)
#: Days and times of the day are no numbers.
_WHEN = re.compile(
    r"\d{4}-\d\d(-\d\d)?(T[\d:]+)?|\d{4}\s?年(\s?\d+\s?月)?(\s?\d+\s?日)?|\d+\s?月\s?\d+\s?日"
    r"|(\d{1,2} )?\b[A-Z][a-z]{2,8}\.? (\d{4}|\d{1,2}, \d{4})\b|\b\d\d?:\d\d(:\d\d)?"
)
_RESULTS = (f"{RUN}/results/", f"{BEFORE}/")
_SCALES = (1.0, 0.01, 1e3, 1e4, 1e6, 1e8, 1e9)
_FRAME = ("nav", "footer", "head")


@dataclass(frozen=True)
class Origins:
    """How many numbers come from where, and those that come from nowhere.

    Attributes
    ----------
    counts : dict of str to int
        By `ORIGINS`.
    strange : tuple of str
        Page and text of those that are found nowhere.
    """

    counts: Mapping[str, int]
    strange: tuple[str, ...]

    def __str__(self) -> str:
        total = sum(self.counts.values()) or 1
        shares = ", ".join(f"{n / total:.1%} {what}" for what, n in self.counts.items() if n)
        named = f": {'; '.join(self.strange[:5])}" if self.strange else ""
        return f"of {total} numbers on the study's pages {shares}{named}"


def origins_of(bundle: Bundle) -> Origins:
    """Tell of the numbers on a study's pages where they come from.

    A number stands in a result when a stored value rounds to it, as it is printed: as it is, in
    per cent, in thousands, millions or 万 and 亿. Archived editions of the run are its pages once
    more, and are left out.
    """
    stored = np.unique(np.array([*_values(bundle)], dtype=float))
    shown = _tokens(_notebook_texts(bundle))
    own = _tokens(_own_texts(bundle))
    counts = dict.fromkeys(ORIGINS, 0)
    strange = []
    for name, page in bundle.below(SITE).items():
        if not name.endswith(".html") or "studies/" not in name or "archive/" in name:
            continue
        for text, fact, drawn, frame in _texts(html.fromstring(page)):
            for token in _found(text):
                origin = _origin(token, fact, drawn, frame, stored, shown, own)
                counts[ORIGINS[origin]] += 1
                if ORIGINS[origin] == ORIGINS[-1]:
                    strange.append(f"{token} in {' '.join(text.split())[:60]!r} of {SITE}/{name}")
    return Origins(counts, tuple(strange))


def _origin(
    token: str, fact: bool, drawn: bool, frame: bool, stored: np.ndarray, shown: set[str],
    own: set[str],
) -> int:  # fmt: skip
    if fact:
        return 0
    if not frame and _in(token, stored):
        return 1
    if frame:
        return 4
    if token in shown:
        return 3 if drawn else 2
    return 3 if drawn else 4 if token in own else 5


def _in(token: str, stored: np.ndarray) -> bool:
    """Tell whether a stored value rounds to a printed number."""
    plain = re.sub(r"[,\u202f\u00a0]", "", token.lstrip("-−–"))
    places = len(plain.partition(".")[2])
    for scale in _SCALES:
        value, half = float(plain) * scale, 0.5000001 * 10.0**-places * scale
        if scale > 1 and places == 0:
            half = min(half, 0.5 * scale)
        for signed in (value, -value):
            at = np.searchsorted(stored, signed - half)
            if at < stored.size and stored[at] <= signed + half:
                return True
    return False


def _values(bundle: Bundle) -> Iterator[float]:
    import pandas as pd

    for name, data in bundle.files.items():
        if not name.startswith(_RESULTS):
            continue
        if name.endswith(".json"):
            yield from _numbers(json.loads(data))
        elif name.endswith(".parquet"):
            frame = pd.read_parquet(io.BytesIO(data)).select_dtypes(["number", "bool"])
            for column in frame.columns:
                held = pd.to_numeric(frame[column], errors="coerce").astype(float)
                yield from held[np.isfinite(held)].unique()


def _numbers(content: Any) -> Iterator[float]:
    if isinstance(content, bool) or content is None:
        return
    if isinstance(content, int | float):
        if math.isfinite(content):
            yield float(content)
    elif isinstance(content, Mapping):
        for inner in content.values():
            yield from _numbers(inner)
    elif isinstance(content, list):
        for inner in content:
            yield from _numbers(inner)


def _tokens(texts: Iterable[str]) -> set[str]:
    return {token for text in texts for token in _found(text)}


def _found(text: str) -> list[str]:
    return _TOKEN.findall(_WHEN.sub(" ", text))


def _notebook_texts(bundle: Bundle) -> Iterator[str]:
    for name, data in bundle.below(f"{RUN}/notebooks").items():
        if not name.endswith(".ipynb"):
            continue
        for cell in json.loads(data)["cells"]:
            yield "".join(cell["source"]) if cell["cell_type"] == "markdown" else ""
            for out in cell.get("outputs", ()):
                for kind, text in {**out.get("data", {}), "text": out.get("text", "")}.items():
                    if kind == "text/html":
                        yield " ".join(html.fromstring(f"<div>{''.join(text)}</div>").itertext())
                    elif kind.startswith("text"):
                        yield "".join(text)


def _own_texts(bundle: Bundle) -> Iterator[str]:
    # how long a notebook took, as its page writes it
    for step in bundle.record()["notebooks"].values():
        yield f"{float(step.get('seconds') or 0):.1f}"
    for name in (f"{STUDY}/study.yml", f"{RUN}/run.json", f"{STUDY}/README.md", FACTS):
        yield bundle.files.get(name, b"").decode("utf-8", errors="replace")


def _texts(root: Any) -> Iterator[tuple[str, bool, bool, bool]]:
    """Yield each text, and whether it states a fact, is drawn, or is the page's frame."""
    for node in root.iter():
        if not isinstance(node.tag, str) or node.tag in ("script", "style"):
            continue
        above = {str(each.tag) for each in (node, *node.iterancestors())}
        fact = any(each.get("data-fact") is not None for each in (node, *node.iterancestors()))
        frame = bool(above & set(_FRAME))
        for text in (node.text, *(child.tail for child in node)):
            if text and text.strip():
                yield text, fact, "svg" in above, frame
