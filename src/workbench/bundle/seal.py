"""The seal of a bundle: a hash of every file, and of its parts, so that a change has a place.

A hash of a whole file tells that it was changed; hashes of its lines, of a notebook's cells, of a
table's columns and rows tell where.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

MANIFEST = "manifest.json"
#: Parts of one file with hashes of their own, at most: of more lines or rows, several share one.
_MOST = 4000
_DIGITS = 12
_TEXTS = (
    ".csv", ".css", ".html", ".js", ".json", ".jsonl", ".lock", ".lua", ".md", ".qmd", ".svg",
    ".toml", ".tsv", ".txt", ".yaml", ".yml",
)  # fmt: skip


@dataclass(frozen=True)
class Discrepancy:
    """One thing of a bundle that is not as it should be.

    Attributes
    ----------
    kind : str
        Which check found it: ``hash``, ``page``, ``number``, ``verdict``, ``record``, ``plan``,
        ``rerun``.
    where : str
        The file, and the place in it.
    what : str
        What is wrong.
    """

    kind: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def manifest_of(files: Mapping[str, bytes]) -> dict[str, Any]:
    """Hash files and their parts.

    Parameters
    ----------
    files : mapping of str to bytes
        By their names in the bundle; the manifest itself does not count.
    """
    return {
        name: {"sha256": sha256(data), "bytes": len(data), **_parts(name, data)}
        for name, data in sorted(files.items())
        if name != MANIFEST
    }


def sealed(manifest: Mapping[str, Any]) -> bytes:
    """Write a manifest down."""
    text = json.dumps({"files": manifest}, ensure_ascii=False, sort_keys=True, indent=0)
    return (text + "\n").encode()


def broken_seals(manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> Iterator[Discrepancy]:
    """Yield every file that is not as it was sealed, with the places that differ."""
    for name in sorted({*manifest, *files} - {MANIFEST}):
        if name not in files:
            yield Discrepancy("hash", name, "it was sealed with the bundle, and is not there")
        elif name not in manifest:
            yield Discrepancy("hash", name, "it is not part of what was sealed")
        else:
            was, data = manifest[name], files[name]
            if was.get("sha256") != sha256(data):
                place = ", ".join(_differing(was, {"bytes": len(data), **_parts(name, data)}))
                yield Discrepancy(
                    "hash", f"{name}, {place}" if place else name, "it is not what was sealed"
                )


def sha256(data: bytes) -> str:
    """Hash bytes."""
    return hashlib.sha256(data).hexdigest()


# --- parts of a file --------------------------------------------------------------------------


def _parts(name: str, data: bytes) -> dict[str, Any]:
    """Hash the parts of a file; nothing where it has none that a reader could name."""
    try:
        if name.endswith(".ipynb"):
            return _cells(data)
        if name.endswith(".parquet"):
            return _table(data)
        if name.endswith(_TEXTS):
            return _lines(data)
    except Exception:  # a file that is broken has no parts; its hash tells that it is
        return {}
    return {}


def _lines(data: bytes) -> dict[str, Any]:
    lines = data.split(b"\n")
    block = -(-len(lines) // _MOST)
    return {"block": block, "lines": _blocks(lines, block)}


def _cells(data: bytes) -> dict[str, Any]:
    notebook = json.loads(data)
    cells = notebook.pop("cells")
    named = {f"cell {n} ({c.get('id', '')})": _short(c) for n, c in enumerate(cells, start=1)}
    return {"named": {"metadata": _short(notebook), **named}}


def _table(data: bytes) -> dict[str, Any]:
    import pyarrow.parquet as pq

    frame = pq.read_table(io.BytesIO(data)).to_pandas()
    columns = {f"column {c}": _short(frame[c].map(repr).tolist()) for c in frame.columns}
    rows = [repr(row).encode() for row in frame.itertuples(index=False, name=None)]
    block = max(1, -(-len(rows) // _MOST))
    return {"named": columns, "block": block, "rows": _blocks(rows, block)}


def _blocks(parts: Sequence[bytes], block: int) -> list[str]:
    return [_digest(b"\n".join(parts[at : at + block])) for at in range(0, len(parts), block)]


def _short(content: Any) -> str:
    return _digest(json.dumps(content, sort_keys=True, ensure_ascii=False).encode())


def _digest(data: bytes) -> str:
    return sha256(data)[:_DIGITS]


def _differing(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Name the parts of a file that are not as they were."""
    found = []
    for kind in ("rows", "lines"):
        if kind in was and kind in now:
            found += _spans(was[kind], now[kind], kind[:-1], int(was.get("block", 1)))
    old, new = was.get("named", {}), now.get("named", {})
    found += [name for name in {**old, **new} if old.get(name) != new.get(name)] if new else []
    if not found and was.get("bytes") != now["bytes"]:
        found = [f"{was.get('bytes')} bytes were sealed, it has {now['bytes']}"]
    return found


def _spans(was: Sequence[str], now: Sequence[str], part: str, block: int) -> list[str]:
    """Name the runs of lines or rows that differ."""
    if len(was) == len(now):
        at = [n for n, (a, b) in enumerate(zip(was, now, strict=True)) if a != b]
    else:
        most = min(len(was), len(now))
        first = next((n for n in range(most) if was[n] != now[n]), most)
        last = next(
            (n for n in range(most - first) if was[len(was) - 1 - n] != now[len(now) - 1 - n]),
            most - first,
        )
        at = [*range(first, max(len(now) - last, first + 1))]
    spans = []
    for _, group in groupby(enumerate(at), lambda each: each[1] - each[0]):
        run = [n for _, n in group]
        low, high = run[0] * block + 1, (run[-1] + 1) * block
        spans.append(f"{part} {low}" if low == high else f"{part}s {low} to {high}")
    more = [f"and {len(spans) - 5} more places"] if len(spans) > 5 else []
    return [*spans[:5], *more]
