"""Looks at a file before it is read: what it really is, its encoding, its delimiter, its header."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from charset_normalizer import from_bytes

from workbench.data.sources.layout import lay_out, words
from workbench.errors import DataError, did_you_mean

_CHUNK = 1 << 20
#: What an archive may unpack to, whatever its size; above that so many times its size.
MOST_UNPACKED, MOST_TIMES = 10**9, 200
_HEAD = 1 << 16
#: Lines and bytes that are looked at before a text table is read.
_LINES, _ROWS, _LONGEST = 60, 100, 1 << 24
#: What some systems write above the headings to tell a spreadsheet how columns are separated.
_SEP = re.compile(r'"?sep=(.)"?[\r\n]', re.IGNORECASE)
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
    """What was found out about a text table before reading it.

    Attributes
    ----------
    header : tuple of str
        The columns' names.
    last : int
        The row of the (last) heading: 1 where the file begins with it.
    cut : int
        Lines that it and what stands above it take.
    line_ends : str
        What ends its lines; ``mixed`` where that changes within the file.
    notes : tuple of str
        What a reader should know: titles above the headings.
    """

    path: Path
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    gzipped: bool
    last: int = 1
    cut: int = 1
    line_ends: str = "\n"
    notes: tuple[str, ...] = ()


def look_at(
    path: Path, encoding: str | None, delimiter: str | None, header: tuple[int, ...] = ()
) -> TextFile:
    """Find out how to read a CSV or TSV file.

    Parameters
    ----------
    path : Path
        The file.
    encoding, delimiter : str, optional
        As the card states them; detected when None.
    header : tuple of int
        The rows of the headings, as the card states them; found where it does not.

    Raises
    ------
    DataError
        If the file is missing, empty, cut off, no text, or cannot be read with what the card says.
    """
    where = str(path)
    exists(path)
    with path.open("rb") as file:
        gzipped = file.read(2) == b"\x1f\x8b"
    head = _head(path, gzipped)
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
    said = _SEP.match(text)
    chosen = _delimiter(text, delimiter or (said[1] if said else None), where, path.name.lower())
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=chosen)
    rows: list[list[str]] = []
    lines: list[int] = []
    for row in reader:
        rows.append([] if said and not rows else row)
        lines.append(reader.line_num)
        if len(rows) > max(_ROWS, *header, 0):
            break
    layout = lay_out(rows, header, where)
    titled = layout.first > 1 + bool(said) or layout.last > layout.first
    notes = layout.notes if titled else ()
    return TextFile(
        path, found, chosen, layout.names, gzipped, layout.last, lines[layout.last - 1],
        _line_ends(path, gzipped), notes,
    )  # fmt: skip


def _head(path: Path, gzipped: bool) -> bytes:
    """Give the first lines: more where they are long, as those of thousands of columns are."""
    head = b""
    for chunk in _chunks(path, gzipped, _HEAD):
        head += chunk
        if len(head) >= _LONGEST or head.count(b"\n") + head.count(b"\r") >= _LINES:
            break
    return head


def _line_ends(path: Path, gzipped: bool) -> str:
    """Tell how lines end, from the whole file."""
    both = new = back = 0
    held = b""
    for chunk in _chunks(path, gzipped):
        # a pair may be cut in two
        chunk = held + chunk
        held = b"\r" if chunk.endswith(b"\r") else b""
        chunk = chunk[: len(chunk) - len(held)]
        both += chunk.count(b"\r\n")
        new += chunk.count(b"\n")
        back += chunk.count(b"\r")
    new, back = new - both, back - both + len(held)
    kinds = [end for end, n in (("\r\n", both), ("\n", new), ("\r", back)) if n]
    return "mixed" if len(kinds) > 1 else kinds[0] if kinds else "\n"


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
    elif head.startswith(b"%PDF-"):
        kind, remedy = "a PDF", "export the table itself"
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


def _chunks(path: Path, gzipped: bool, size: int = _CHUNK) -> Iterator[bytes]:
    try:
        with gzip.open(path) if gzipped else path.open("rb") as file:
            done = 0
            while chunk := file.read(size):
                done += len(chunk)
                if gzipped:
                    refuse_bomb(path, done)
                yield chunk
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"the archive is damaged or was cut off: {error}",
            where=str(path),
            remedy="export or download it again",
        ) from None


def refuse_bomb(path: Path, unpacked: int) -> None:
    """Refuse an archive that unpacks to so much more than it is that it was made to do harm.

    Raises
    ------
    DataError
        From a gigabyte on, where it is hundreds of times the archive: tables are some ten times.
    """
    if unpacked > MOST_UNPACKED and unpacked > MOST_TIMES * path.stat().st_size:
        raise DataError(
            f"the archive unpacks to over {unpacked // 10**6:,} MB, {MOST_TIMES} times its size",
            where=str(path),
            remedy="unpack it yourself, look at it, and name the unpacked file in `path`",
        )


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
    except UnicodeError as error:  # UTF-16 that does not say which way round it is
        return UnicodeDecodeError(encoding, b"", 0, 0, str(error))
    return None


def _checked_encoding(path: Path, encoding: str, gzipped: bool) -> str:
    try:
        bytes(4).decode(encoding, "replace")  # hex, rot13 and the like are codecs of no text
        codecs.getincrementaldecoder(encoding)("strict").getstate()
    except (LookupError, ValueError, TypeError, AttributeError):
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
    for japanese in ("cp932", "euc_jp"):
        if _japanese(sample, japanese) and _decodes(path, japanese, gzipped) is None:
            return japanese
    if _korean(sample) and _decodes(path, "cp949", gzipped) is None:
        return "cp949"
    if _chinese_share(sample) >= 0.8 and _decodes(path, "gb18030", gzipped) is None:
        return "gb18030"
    if _traditional_share(sample) >= 0.8 and _decodes(path, "big5", gzipped) is None:
        return "big5"
    european = [name for name in _EUROPEAN if _decodes(path, name, gzipped) is None]
    scored = {name: _plausible(sample, name) for name in european}
    best = max(european, key=lambda name: scored[name], default=None)
    if best is not None and scored[best] >= _LIKELY:
        return best
    # the Mac's own code page, in which every byte is some sign
    if _plausible(sample, "mac_roman") >= _LIKELY:
        return "mac_roman"
    # European pages share most of their bytes, and one mistaken for another reads on; scripts of
    # their own look like nothing else
    for guess in (str(guess.encoding) for guess in from_bytes(sample)):
        if _own_script(sample, guess) > _LIKELY and _decodes(path, guess, gzipped) is None:
            return guess
    if best is not None:
        return best
    raise DataError(
        "the encoding could not be recognised",
        where=str(path),
        remedy="write `encoding: gb18030` (or what the exporting system says) in study.yml",
    )


#: Code pages of European languages, the commonest first.
_EUROPEAN = ("cp1252", "cp1250", "cp1254", "cp1257")
#: Signs besides letters that texts and prices have.
_ORDINARY = "€£§°’‘“”„–—…«»·•®©²³½¼¡¿ºª\xa0"
#: Languages -> the letters beyond ASCII of their own alphabets, by code page.
_LANGUAGES = {
    "cp1252": ("äöüß", "àâæçéèêëîïôœùûüÿ", "áéíñóúü", "ãáâàçéêíóôõúü", "àèéìòù", "åäö", "æøåé",
               "äöåšž", "ëéèïöüáó", "áéíóúýðþæö"),
    "cp1250": ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áéíóöőúüű", "áäčďéíĺľňóôŕšťúýž", "čćđšž",
               "ăâîşţ"),
    "cp1254": ("çğıöşüâîû",),
    "cp1257": ("āčēģīķļņšūž", "ąčęėįšųūž", "äõöüšž"),
}  # fmt: skip
_LANGUAGES["mac_roman"] = _LANGUAGES["cp1252"]
_LIKELY = 0.9
#: Fewer different signs than this tell no Korean from Chinese.
_FEW_SIGNS = 6
#: The commonest syllables of Korean texts and names, one in twelve of those that there are.
_SYLLABLES = frozenset(
    "이다는의에을를가은지고하로기사서도인한자시대어리나라정해아수보일구전부주상장원제동면세소있그여과조만안성신우요"
    "들유경무했것치생비위연영실공거선오데러모저용마재내바계현국당문물법미방발분산식양업열예응임작적점중진천철청초최출"
    "통파평표품필학합행향호화회후김박름울희순숙민준은혜광인천번객매금액명단상"
)


def _plausible(sample: bytes, encoding: str) -> float:
    """Share of the characters beyond ASCII that one language of a code page has, and words have.

    A letter between letters of the other case, or a sign within a word, is one misread.
    """
    text = sample.decode(encoding, errors="replace")
    beyond = [(i, c) for i, c in enumerate(text) if ord(c) > 127]
    if not beyond:
        return 0.0
    good = Counter(
        c.lower()
        for i, c in beyond
        if c.isalpha()
        and not (c.isupper() and text[i - 1 : i].islower())
        # Portuguese has it before an e alone; elsewhere it is a Hungarian letter misread
        and not (c in "õÕ" and encoding == "cp1252" and text[i + 1 : i + 2].lower() != "e")
    )
    signs = sum(
        (c in _ORDINARY and not (text[i - 1 : i].isalpha() and text[i + 1 : i + 2].isalpha()))
        or c in "’·"
        for i, c in beyond
    )  # fmt: skip
    letters = max(sum(good[c] for c in set(own)) for own in _LANGUAGES[encoding])
    return (letters + signs) / len(beyond)


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


def _korean(sample: bytes) -> bool:
    """Tell Hangul from Chinese: read as EUC-KR, Chinese gives syllables that Korean hardly has."""
    signs = {c for c in sample.decode("euc_kr", errors="ignore") if ord(c) > 0x3000}
    common = sum(c in _SYLLABLES for c in signs)
    return len(signs) >= _FEW_SIGNS and common * 2 > len(signs)


def _japanese(sample: bytes, encoding: str) -> bool:
    """Tell Japanese by its kana among the characters, which Chinese read so has hardly any of."""
    text = [c for c in sample.decode(encoding, errors="replace") if ord(c) > 127]
    kana = sum("\u3041" <= c <= "\u30ff" for c in text)
    strange = sum(c == "\ufffd" or "\uff61" <= c <= "\uff9f" for c in text)
    return len(text) >= _FEW_SIGNS and kana > 0.1 * len(text) and strange < 0.05 * len(text)


def _own_script(sample: bytes, encoding: str) -> float:
    """Share of the letters beyond ASCII that are of another script than ours."""
    try:
        text = sample.decode(encoding, errors="replace")
    except LookupError:
        return 0.0
    letters = [c for c in text if ord(c) > 127 and (c.isalpha() or c == "\ufffd")]
    ours = ("LATIN", "REPLACEMENT")
    own = sum(not unicodedata.name(c, "LATIN").startswith(ours) for c in letters)
    return own / len(letters) if letters else 0.0


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
    """Find what separates columns: what gives most rows the same number of fields, and a header."""
    if declared is not None and len(declared) != 1:
        raise DataError(
            f"the delimiter {declared!r} is not one character",
            where=where,
            remedy="mend `delimiter` in study.yml",
        )
    scores = {d: score for d in _DELIMITERS if (score := _fits(text, d)) is not None}
    best = max(scores, key=lambda d: scores[d], default=None)
    if declared is None:
        return best or ("\t" if ".tsv" in name else ",")
    if best is not None and best != declared and _fits(text, declared) is None:
        raise DataError(
            f"the columns are separated by {_DELIMITERS[best]}, not by {declared!r}",
            where=where,
            remedy=f"write `delimiter: {best!r}` in study.yml, or leave it out",
        )
    return declared


def _fits(text: str, delimiter: str) -> tuple[bool, float, int] | None:
    """Tell how well a delimiter fits: whether words stand on top, share of rows, columns."""
    rows = [row for row in islice(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter),
                                  _LINES) if any(cell.strip() for cell in row)]  # fmt: skip
    if len(text) >= _HEAD // 4 and len(rows) > 1:
        rows = rows[:-1]
    counts = Counter(len(row) for row in rows if len(row) > 1)
    if not counts:
        return None
    columns, n = max(counts.items(), key=lambda pair: (pair[1], pair[0]))
    headed = words(next(row for row in rows if len(row) == columns))
    return headed, round(n / len(rows), 1), columns
