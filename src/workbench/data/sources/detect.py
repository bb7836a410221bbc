"""Looks at a file before it is read: what it really is, its encoding, its delimiter, its header."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from charset_normalizer import from_bytes

from workbench.errors import DataError, did_you_mean

_CHUNK = 1 << 20
_HEAD = 1 << 16
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}


@dataclass(frozen=True)
class TextFile:
    """What was found out about a text table before reading it."""

    path: Path
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    gzipped: bool


def look_at(path: Path, encoding: str | None, delimiter: str | None) -> TextFile:
    """Find out how to read a CSV or TSV file.

    Parameters
    ----------
    path : Path
        The file.
    encoding : str, optional
        As the card states it; detected when None.
    delimiter : str, optional
        As the card states it; detected when None.

    Raises
    ------
    DataError
        If the file is missing, empty, no text, or cannot be read with what the card says.
    """
    where = str(path)
    exists(path)
    with path.open("rb") as file:
        head = file.read(_HEAD)
    gzipped = head.startswith(b"\x1f\x8b")
    if gzipped:
        with gzip.open(path) as unpacked:
            head = unpacked.read(_HEAD)
    refuse_disguise(path, head)
    if not head.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00"):
        raise DataError(
            "the file is empty",
            where=where,
            remedy="export it again, or take the table out of study.yml until there is data",
        )
    found = (
        _checked_encoding(path, encoding, gzipped) if encoding else detect_encoding(path, gzipped)
    )
    text = codecs.getincrementaldecoder(found)("strict").decode(head).lstrip("\ufeff")
    found_delimiter = _delimiter(text, delimiter, where, path.name.lower())
    header = _header(text, found_delimiter, where)
    return TextFile(path, found, found_delimiter, header, gzipped)


def exists(path: Path) -> None:
    """Refuse a file that is not there, naming the ones that are."""
    if path.is_file():
        return
    folder = path.parent
    beside = sorted(f.name for f in folder.iterdir() if f.is_file()) if folder.is_dir() else []
    raise DataError(
        "it is a folder, not a file"
        if path.is_dir()
        else f"the file does not exist{did_you_mean(path.name, beside)}",
        where=str(path),
        remedy="mend `path` in study.yml; it is relative to the study's folder",
    )


def refuse_disguise(path: Path, head: bytes) -> None:
    """Refuse a workbook, a web page or a Parquet file that is named like a text table."""
    name = path.name.lower()
    kind = ""
    if head.startswith(b"PK\x03\x04"):
        kind, remedy = "an Excel workbook", "rename it to .xlsx and name its `sheet` in study.yml"
    elif head.startswith(b"\xd0\xcf\x11\xe0"):
        kind, remedy = "an old Excel workbook (.xls)", "open it and save it as .xlsx"
    elif head.startswith(b"PAR1"):
        kind, remedy = "a Parquet file", "rename it to .parquet"
    elif (
        head[:512]
        .lstrip(b"\xef\xbb\xbf \t\r\n")
        .lower()
        .startswith((b"<!doctype html", b"<html", b"<table", b"<?xml"))
    ):
        kind, remedy = "a web page or XML file", "export the table itself"
    if kind:
        raise DataError(
            f"this is {kind}, though it is named {path.suffix or name}",
            where=str(path),
            remedy=f"{remedy}, or save it as CSV (UTF-8)",
        )


def _chunks(path: Path, gzipped: bool) -> Iterator[bytes]:
    with gzip.open(path) if gzipped else path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _decodes(path: Path, encoding: str, gzipped: bool) -> UnicodeDecodeError | None:
    """Decode the whole file strictly; give the first error, its place counted from the start."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    done = 0
    try:
        for chunk in _chunks(path, gzipped):
            pending = len(decoder.getstate()[0])
            decoder.decode(chunk)
            done += len(chunk)
        pending = 0
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        error.start += done - pending
        return error
    return None


def _checked_encoding(path: Path, encoding: str, gzipped: bool) -> str:
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise DataError(
            f"there is no encoding {encoding!r}"
            f"{did_you_mean(encoding, ['utf-8', 'gb18030', 'big5', 'cp1252', 'utf-16'])}",
            where=str(path),
            remedy="write utf-8 or gb18030, or leave `encoding` out to have it detected",
        ) from None
    error = _decodes(path, encoding, gzipped)
    if error is None:
        return encoding
    raise DataError(
        f"line {_line(path, error.start, gzipped)} is not {encoding}",
        where=str(path),
        remedy="mend `encoding` in study.yml, or leave it out to have it detected",
    )


def detect_encoding(path: Path, gzipped: bool = False) -> str:
    """Find a text file's encoding; UTF-8 and GB18030 are told apart for certain.

    UTF-8 is tried strictly on the whole file: text in another encoding practically never passes.
    What fails it and reads as GB18030 with nearly all its Chinese characters among the 3,755
    commonest (GB 2312 level 1) and its punctuation is GB18030, and likewise for Big5. Only then
    does charset-normalizer guess.

    Raises
    ------
    DataError
        If the file is UTF-8 but for a few damaged places, or in no known encoding.
    """
    first = next(_chunks(path, gzipped), b"")
    for bom, name in _BOMS:
        if first.startswith(bom):
            return name
    broken = _decodes(path, "utf-8", gzipped)
    if broken is None:
        return "utf-8"
    sample = _telling_sample(path, gzipped)
    if _utf8_share(sample) > 0.9:
        raise DataError(
            f"line {_line(path, broken.start, gzipped)} is not UTF-8, though the rest is",
            where=str(path),
            remedy="mend that line, or export the file again",
        )
    if _chinese_share(sample) >= 0.8 and _decodes(path, "gb18030", gzipped) is None:
        return "gb18030"
    if _traditional_share(sample) >= 0.8 and _decodes(path, "big5", gzipped) is None:
        return "big5"
    guesses = [guess.encoding for guess in from_bytes(sample)]
    # European code pages share most of their bytes; the western one is the commonest.
    for guess in sorted(guesses, key=lambda g: g != "cp1252"):
        if _decodes(path, guess, gzipped) is None:
            return guess
    raise DataError(
        "the encoding could not be recognised",
        where=str(path),
        remedy="write `encoding: gb18030` (or what the exporting system says) in study.yml",
    )


def _telling_sample(path: Path, gzipped: bool, size: int = 1 << 18) -> bytes:
    """Gather the lines that hold more than ASCII, up to a quarter of a megabyte."""
    found = bytearray()
    rest = b""
    for chunk in _chunks(path, gzipped):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if not line.isascii():
                found += line + b"\n"
        if len(found) > size:
            return bytes(found[:size])
    return bytes(found + (b"" if rest.isascii() else rest))


def _utf8_share(sample: bytes) -> float:
    """Share of the bytes beyond ASCII that belong to well-formed UTF-8."""
    beyond = sum(byte > 127 for byte in sample)
    kept = sample.decode("utf-8", errors="ignore")
    return sum(len(c.encode()) for c in kept if ord(c) > 127) / beyond if beyond else 0.0


def _chinese_share(sample: bytes) -> float:
    """Share of characters beyond ASCII, read as GB18030, that ordinary Chinese text uses."""
    text = [c for c in sample.decode("gb18030", errors="replace") if ord(c) > 127]
    common = 0
    for character in text:
        code = character.encode("gb2312", errors="ignore")
        # Rows 16-55 are the common characters, 1 and 3 punctuation and full-width forms.
        common += len(code) == 2 and (0xB0 <= code[0] <= 0xD7 or code[0] in (0xA1, 0xA3))
    return common / len(text) if text else 0.0


def _traditional_share(sample: bytes) -> float:
    """Share of characters beyond ASCII, read as Big5, that ordinary traditional text uses."""
    text = [c for c in sample.decode("big5", errors="replace") if ord(c) > 127]
    leads = [c.encode("big5", errors="ignore")[:1] for c in text]
    # Rows A4 to C6 are the common characters, A1 the punctuation.
    return sum(b"\xa4" <= b <= b"\xc6" or b == b"\xa1" for b in leads) / max(len(text), 1)


def _line(path: Path, byte: int, gzipped: bool) -> int:
    seen = 0
    line = 1
    for chunk in _chunks(path, gzipped):
        line += chunk[: max(0, byte - seen)].count(b"\n")
        seen += len(chunk)
        if seen >= byte:
            break
    return line


def _delimiter(text: str, declared: str | None, where: str, name: str) -> str:
    rows = [row for row in text.splitlines()[:50] if row.strip()]
    if len(text) >= _HEAD // 4 and len(rows) > 1:
        rows = rows[:-1]
    counts = {d: [_fields(row, d) for row in rows] for d in _DELIMITERS}
    # The header decides how many columns there are; the rows must bear it out.
    fitting = {d: n[0] for d, n in counts.items() if n[0] > 1}
    scores = {
        d: (sum(c == counts[d][0] for c in counts[d]) / len(counts[d]), n)
        for d, n in fitting.items()
    }
    best = max(scores, key=lambda d: scores[d], default=None)
    if declared is not None:
        if len(declared) != 1:
            raise DataError(
                f"the delimiter {declared!r} is not one character",
                where=where,
                remedy="mend `delimiter` in study.yml",
            )
        if best is not None and best != declared and _fields(rows[0], declared) == 1:
            raise DataError(
                f"the columns are separated by {_DELIMITERS[best]}, not by {declared!r}",
                where=where,
                remedy=f"write `delimiter: {best!r}` in study.yml, or leave it out",
            )
        return declared
    return best or ("\t" if ".tsv" in name else ",")


def _fields(row: str, delimiter: str) -> int:
    return len(next(csv.reader([row], delimiter=delimiter), []))


def _header(text: str, delimiter: str, where: str) -> tuple[str, ...]:
    header = [cell.strip() for cell in next(csv.reader(io.StringIO(text), delimiter=delimiter), [])]
    return checked_header(header, where)


def checked_header(header: list[str], where: str) -> tuple[str, ...]:
    """Refuse a header with a name twice; give nameless columns a name."""
    named = [cell or f"column_{i}" for i, cell in enumerate(header, start=1)]
    twice = sorted({cell for cell in named if named.count(cell) > 1})
    if twice:
        raise DataError(
            f"column {twice[0]!r} appears twice in the header",
            where=where,
            remedy="rename one of them; the first line must name each column once",
        )
    if any(cell.replace(".", "", 1).lstrip("-").isdigit() for cell in header):
        number = next(c for c in header if c.replace(".", "", 1).lstrip("-").isdigit())
        raise DataError(
            f"the first line is no header: it holds the number {number!r}",
            where=where,
            remedy="put the columns' names into the first line",
        )
    return tuple(named)
