"""Doubtful pairs, for a person to decide, and what was decided.

They stand in one table in the study's own folder, `private/who_is_who.csv`. It holds names and
contacts: only its owner may read it, git ignores it, and nothing stages or publishes it.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import os
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from workbench.data.people.linkage import Links
from workbench.errors import DataError
from workbench.study import Study

PLACE = Path("private") / "who_is_who.csv"
_SHOWN = ("name", "phone", "email", "address", "birth_year")
_COLUMNS = (
    "decision", "probability", "id", "id_2",
    *(name for column in _SHOWN for name in (column, f"{column}_2")),
)  # fmt: skip
_SAME = frozenset(
    {"same", "s", "yes", "y", "true", "1", "one", "是", "同一人", "同", "相同", "合并"}
)
_DIFFERENT = frozenset(
    {"different", "d", "no", "n", "false", "0", "two", "否", "不同", "不是", "两人", "非同一人"}
)


@dataclass(frozen=True)
class Pair:
    """Two records that may be one person.

    Attributes
    ----------
    left, right : str
        Their ids.
    probability : str
        As it was when the pair was last doubtful.
    same : bool or None
        What a person decided; None for not yet.
    shown : dict
        Column -> what the two records say.
    """

    left: str
    right: str
    probability: str
    same: bool | None
    shown: Mapping[str, tuple[str, str]]


def path_of(study: Study) -> Path:
    """Give the place of a study's doubtful pairs."""
    return study.folder / PLACE


def read_pairs(study: Study) -> list[Pair]:
    """Read the doubtful pairs and what was decided of them.

    Raises
    ------
    DataError
        If a decision says neither that the two are one nor that they are not.
    """
    path = path_of(study)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return []
    except UnicodeDecodeError:
        text = path.read_text(encoding="gb18030")  # as a Chinese spreadsheet saves it
    reader = csv.DictReader(io.StringIO(text))
    lacking = {"decision", "id", "id_2"} - set(reader.fieldnames or ())
    if lacking:
        raise DataError(
            f"the columns {', '.join(sorted(lacking))} are missing",
            where=str(path),
            remedy="keep the first line as it was written, or delete the file: doubtful pairs are"
            " listed anew, decisions are lost",
        )
    pairs = []
    for row, record in enumerate(reader, start=2):
        if not (record.get("id") or "").strip():
            continue
        pairs.append(
            Pair(
                record["id"].strip(),
                (record["id_2"] or "").strip(),
                record.get("probability") or "",
                _decision(record.get("decision") or "", path, row),
                {c: (record.get(c) or "", record.get(f"{c}_2") or "") for c in _SHOWN},
            )
        )
    return pairs


def _decision(text: str, path: Path, row: int) -> bool | None:
    word = text.strip().casefold()
    if word in _SAME or word in _DIFFERENT:
        return word in _SAME
    if word:
        raise DataError(
            f"{text!r} in column decision is no decision",
            where=f"{path}, row {row}",
            remedy="write same, different, or nothing yet",
        )
    return None


def decisions(study: Study) -> dict[tuple[str, str], bool]:
    """Give what was decided: two ids -> whether they are one person."""
    return {(p.left, p.right): p.same for p in read_pairs(study) if p.same is not None}


def fingerprint(study: Study) -> str:
    """Hash what was decided, for what is kept of the study's tables."""
    told = sorted(f"{a}\t{b}\t{same}" for (a, b), same in decisions(study).items())
    return hashlib.sha256("\n".join(told).encode()).hexdigest() if told else ""


def decide(study: Study, pair: Pair, same: bool) -> None:
    """Remember what a person decided of a pair; it holds from the next reading on."""
    changed = [
        Pair(p.left, p.right, p.probability, same, p.shown)
        if {p.left, p.right} == {pair.left, pair.right}
        else p
        for p in read_pairs(study)
    ]
    _write(study, changed)


def forget_pairs(study: Study, ids: Collection[str]) -> None:
    """Take the pairs of a person away, decided or not: they hold names and contacts."""
    known = read_pairs(study)
    kept = [pair for pair in known if {pair.left, pair.right}.isdisjoint(ids)]
    if len(kept) < len(known):
        _write(study, kept)


def list_doubtful(study: Study, links: Links, customers: pd.DataFrame) -> None:
    """Write the pairs that are doubtful now beside those that were decided before.

    Nothing is written where the study's folder may not be written to: the pairs stay apart.
    """
    known = read_pairs(study)
    decided = [p for p in known if p.same is not None]
    settled = {frozenset((p.left, p.right)) for p in decided}
    rows = customers.astype(object).where(customers.notna(), "").set_index("customer_id")
    doubtful = links.pairs[links.pairs["outcome"] == "doubtful"]
    fresh = [
        Pair(
            left,
            right,
            f"{probability:.2f}",
            None,
            {
                c: (str(rows.loc[left, c]), str(rows.loc[right, c]))
                for c in _SHOWN
                if c in rows.columns
            },
        )
        for left, right, probability in zip(
            doubtful["left"], doubtful["right"], doubtful["probability"], strict=True
        )
        if frozenset((left, right)) not in settled
    ]
    if fresh or known:
        with contextlib.suppress(OSError):
            _write(study, [*fresh, *decided])


def _write(study: Study, pairs: Iterable[Pair]) -> None:
    path = path_of(study)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    words = {True: "same", False: "different", None: ""}
    for pair in pairs:
        shown = [pair.shown.get(column, ("", "")) for column in _SHOWN]
        writer.writerow(
            [words[pair.same], pair.probability, pair.left, pair.right,
             *(value for both in shown for value in both)]
        )  # fmt: skip
    content = b"\xef\xbb\xbf" + text.getvalue().encode()
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(mode=0o700, exist_ok=True)
    ignore = path.parent / ".gitignore"
    if not ignore.exists():
        ignore.write_text("# Names and contacts of persons: never committed.\n*\n", "utf-8")
    aside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    aside.replace(path)
