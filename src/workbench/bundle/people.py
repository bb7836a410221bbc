"""Look for customers in what would be handed on."""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache

#: Characters that a name begins with are looked up first: no name that counts is shorter.
_HEAD = 3


def people_in(name: str, content: bytes, names: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield where a file names a customer, and the name.

    Parameters
    ----------
    name : str
        The file's.
    content : bytes
        What it holds.
    names : collection of str
        Names, phones, addresses (`workbench.data.personal_texts`).
    """
    if not names:
        return
    heads = _by_head(frozenset(names))
    for place, text in _texts(name, content):
        for found in _named(text, heads):
            yield place, found


def _texts(name: str, content: bytes) -> Iterator[tuple[str, str]]:
    if name.endswith(".ipynb"):
        for n, cell in enumerate(json.loads(content).get("cells", ()), start=1):
            yield f"cell {n}", "".join(cell.get("source", ""))
            for out in cell.get("outputs", ()):
                shown = {"text/plain": out.get("text", ""), **out.get("data", {})}
                for kind, text in shown.items():
                    if kind.startswith("text/"):
                        yield f"cell {n}", "".join(text)
    elif name.endswith(".parquet"):
        import pyarrow.parquet as pq

        frame = pq.read_table(io.BytesIO(content)).to_pandas()
        for column in frame.columns:
            if frame[column].dtype.kind in "OTU" or str(frame[column].dtype) in ("str", "string"):
                words = frame[column].dropna().map(str).unique()
                yield f"column {column}", "\n".join(words)
    elif name.endswith((".html", ".json", ".csv")):
        yield "", content.decode("utf-8", errors="replace")


@lru_cache(maxsize=2)
def _by_head(names: frozenset[str]) -> dict[str, list[str]]:
    heads: dict[str, list[str]] = {}
    for name in names:
        heads.setdefault(name[:_HEAD], []).append(name)
    return heads


def _named(text: str, heads: Mapping[str, Collection[str]]) -> Iterator[str]:
    for head in {text[at : at + _HEAD] for at in range(len(text) - _HEAD + 1)} & heads.keys():
        for one in heads[head]:
            if one in text:
                yield one
