"""Results that a notebook promised in pipeline.yml, checked after it has run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def check_results(folder: Path, gives: Mapping[str, Sequence[str]]) -> list[str]:
    """Hold what a notebook saved against what it promised.

    Parameters
    ----------
    folder : Path
        ``results/<key>`` of the run.
    gives : mapping of str to sequence of str
        Results and the columns they must have.

    Returns
    -------
    list of str
        What is wrong, one sentence a result; empty when everything is there.
    """
    problems = []
    saved = sorted(path.stem for path in folder.glob("*.parquet"))
    for name, columns in gives.items():
        path = folder / f"{name}.parquet"
        if not path.is_file():
            close = get_close_matches(name, saved, n=1)
            hint = f"; it saved {close[0]!r}" if close else ""
            problems.append(f"the declared result {name!r} was not saved{hint}")
            continue
        try:
            file = pq.ParquetFile(path)
            rows, there = file.metadata.num_rows, file.schema_arrow.names
        except (OSError, pa.ArrowException) as error:
            problems.append(f"the result {name!r} cannot be read: {error}")
            continue
        missing = [column for column in columns if column not in there]
        if missing:
            problems.append(
                f"the result {name!r} has no column {', '.join(missing)}; it has {', '.join(there)}"
            )
        elif not rows:
            problems.append(f"the result {name!r} is empty")
    return problems


def digest_results(folder: Path) -> str:
    """Return a hash of everything a notebook saved; of nothing, if it saved nothing."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*")):
        if path.is_file() and not path.name.startswith("."):
            digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
