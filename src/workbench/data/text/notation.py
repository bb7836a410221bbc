"""How people and systems write numbers, days and times: shapes, and what a column's texts tell."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from workbench.data.text.currency import pattern
from workbench.data.text.date_words import has_words, read_words
from workbench.data.text.zone_names import named_zone, without_zone_name
from workbench.study.fields import SERIAL, UNIX

# --- signs ----------------------------------------------------------------------------------------

#: Signs that mean what one of ASCII means: full-width forms, other digits, dashes, blanks.
SIGNS: Mapping[str, str] = {
    **{chr(code + 0xFEE0): chr(code) for code in range(0x21, 0x7F)},
    **{chr(first + digit): str(digit) for first in (0x660, 0x6F0) for digit in range(10)},
    **dict.fromkeys("−–—‐‑﹣", "-"),
    **dict.fromkeys("’‘ʼ´`", "'"),
    **dict.fromkeys("\u00a0\u2007\u2009\u202f\u3000\t", " "),
    "￥": "¥",
    "￡": "£",
    "٫": ".",
    "٬": ",",
    "。": ".",
}
#: Blanks that stand around texts, also those that are not seen.
BLANKS = " \t\n\r\v\f\u00a0\u2007\u2009\u202f\u3000\u200b\u200c\u200d\u2060\ufeff"
_PLAIN = str.maketrans(dict(SIGNS))


def plain(text: str) -> str:
    """Write signs that mean the same as one of ASCII by that one, without blanks around."""
    return text.translate(_PLAIN).strip(BLANKS)


# --- numbers --------------------------------------------------------------------------------------

#: Words for powers of ten after a number.
MULTIPLES: Mapping[str, float] = {
    "万": 1e4, "萬": 1e4, "千": 1e3, "百万": 1e6, "亿": 1e8, "億": 1e8,
    "k": 1e3, "K": 1e3, "M": 1e6, "mn": 1e6, "bn": 1e9,
}  # fmt: skip


#: A number's digits with all that parts them.
DIGITS = r"(\d[\d.,' ]*|[.,]\d+)"


def number_shape(decimal: str, thousands: str | None) -> str:
    """Give the shape of a number as people write it, without its currency.

    Parameters
    ----------
    decimal : str
        What stands before the decimals.
    thousands : str or None
        What parts thousands; any of the usual ones where None.

    Returns
    -------
    str
        A regular expression that engines understand.
    """
    point = re.escape(decimal)
    parts = thousands or ({".": ",", ",": "."}[decimal] + " '")
    # 1,00,000 is a hundred thousand in India
    groups = "|".join(rf"(?:{re.escape(p)}\d{{2,3}})*{re.escape(p)}\d{{3}}" for p in parts)
    number = rf"(?:\d{{1,3}}(?:{groups})(?:{point}\d+)?|\d+(?:{point}\d*)?|{point}\d+)"
    bare = rf"{number}(?: ?(?:{'|'.join(MULTIPLES)}))?"
    return rf"^(?:(?:[-+] ?)?{bare}|{bare} ?-|\( ?{bare} ?\)) ?$"


@cache
def currency_shapes() -> tuple[str, str]:
    """Give what a currency looks like before and after a number, with what stands around it."""
    one = pattern()
    # rands are R, which beside other texts would be part of a code
    one = rf"(?:{one}|R)"
    return rf"^([-+ (]*){one} ?", rf" ?{one}([-) ]*)$"


@cache
def number_text() -> re.Pattern[str]:
    """Give what a number looks like as people write it, whichever its marks and its currency.

    Examples
    --------
    >>> all(map(number_text().fullmatch, ["R$ 1.234,56", "(12.50)", "1 234,50 Kč", "99%"]))
    True
    """
    one = rf"\s*(?:{pattern()})?\s*"
    bare = "|".join(number_shape(mark, None).strip("^$") for mark in ".,")
    rand = r"[-(]?R ?\d{1,3}(?:[ ,.]?\d{3})*[.,]\d{2}\)?"  # R1001 is a code
    return re.compile(rf"'?[-+(−]?{one}(?:{bare}){one}%?\s*\)?(?:[.,]?-{{1,2}})?|{rand}")


@dataclass(frozen=True)
class Decimal:
    """How a column writes its numbers.

    Attributes
    ----------
    mark : str
        What stands before the decimals.
    doubt : str
        A text that may mean one or a thousand, where no other one tells.
    """

    mark: str = "."
    doubt: str = ""


def decimal_mark(texts: Iterable[str]) -> Decimal:
    """Find what stands before the decimals.

    Examples
    --------
    >>> decimal_mark(["1.234,50", "7,25"]).mark
    ','
    >>> decimal_mark(["1,234", "12,500"])
    Decimal(mark='.', doubt='1,234')
    """
    votes: Counter[str] = Counter()
    doubtful: list[str] = []
    whole: list[str] = []
    for text in texts:
        found = re.search(r"\d[\d.,]*(?:[ ']\d{3}(?!\d)[.,]?\d*)*|[.,]\d+", plain(text))
        parts = re.split("[ ']", found[0].rstrip(".,")) if found else [""]
        digits = "".join(parts)
        whole += [digits] * (digits.isdigit() and len(parts) == 1)
        marks = [c for c in digits if c in ".,"]
        if len(set(marks)) == 2:
            votes[marks[-1]] += marks.count(marks[-1]) == 1
        elif len(marks) > 1:
            votes[{".": ",", ",": "."}[marks[0]]] += 1
        elif marks:
            before, after = digits.split(marks[0])
            if len(after) == 3 and 1 <= len(before) <= 3 and not before.startswith("0"):
                doubtful.append(text.strip())
            else:
                votes[marks[0]] += 1
    if votes:
        return Decimal("," if votes[","] > votes["."] else ".")
    commas = [text for text in doubtful if "," in plain(text)]
    if doubtful and not commas and max(map(len, whole), default=0) == 3:
        return Decimal(",", doubtful[0])  # 957 beside 1.905, and never 1905: the dot groups
    return Decimal(".", (commas or doubtful or [""])[0])


# --- days and times -------------------------------------------------------------------------------

#: What the engine reads without being told: 2025-12-31, 2025/12/31, with or without a time.
_ISO = re.compile(r"\d{4}([-/])\d{1,2}\1\d{1,2}([ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?)?")
#: A time of day, and what follows it where that is a zone: Z, UTC, GMT+8, -0500, +05:30.
OFFSET = (
    r"(:\d{2}(?:\.\d+)?(?: ?(?:[AaPp]\.?[Mm]\.?|上午|凌晨|早上|下午|晚上|오전|오후))?) ?"
    r"(?:(?:[zZ]|UTC|GMT)|(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?)(?: ?\(.*\))?$"
)
#: The zone that a heading names, as in "Created (UTC)".
_HEADING_ZONE = re.compile(r"\(\s*(?:UTC|GMT)\s*(?:([+-])(\d{1,2}):?(\d{2})?)?\s*\)", re.I)
#: Words for the halves of the day -> what engines call them.
HALVES: Mapping[str, str] = {
    r"\s*(?:上午|凌晨|早上|오전|[Aa]\.?\s?[Mm]\b\.?)\s*": " AM ",
    r"\s*(?:下午|晚上|오후|[Pp]\.?\s?[Mm]\b\.?)\s*": " PM ",
}
_TIME = re.compile(
    r"(?P<sep>T|, ?| at | ?(?=AM|PM)| |(?<=日))(?P<before>(?:AM|PM) )?"
    r"\d{1,2}:\d{2}(?P<seconds>:\d{2})?(?P<parts>\.\d+)?(?P<after> (?:AM|PM))?"
    r"(?P<word>\s?(?:Uhr|uhr|h|hs|hrs|Hs)\.?)?$"
)
#: 18时57分03秒, 18時57分, 9点
_HAN_TIME = re.compile(
    r"(?P<sep> ?)\d{1,2}(?P<hour>[时時点點])(?:\d{1,2}(?P<minute>分)(?:\d{1,2}(?P<second>秒))?)?$"
)
_DAYS = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y年%m月%d日", "%Y.%m.%d", "%Y. %m. %d", "%Y. %m. %d.",
    "%d.%m.%Y", "%d/%m/%Y",
    "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%b %d %Y",
    "%b-%d-%Y", "%b-%d-%y", "%d %B %Y", "%B %d, %Y", "%a, %d %b %Y", "%a %b %d %Y",
    "%A, %B %d, %Y", "%A, %d %B %Y",
    "%Y-%m", "%m/%Y", "%m.%Y", "%Y年%m月", "%b %Y", "%B %Y",
    "%d/%b/%Y", "%d/%b/%y",
    "%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%d-%m-%y", "%m-%d-%y", "%d-%b-%y", "%d %b %y",
)  # fmt: skip
#: Of dates whose words have been written in English.
_WORDED = (
    "%d %b %Y", "%b %d %Y", "%Y %b %d", "%d-%b-%Y", "%d/%b/%Y", "%b %Y", "%b-%Y", "%d %b %y",
    "%b-%d-%Y", "%b-%d-%y",
    "%d-%b-%y", "%b-%y", "%b %y",
)  # fmt: skip


@dataclass(frozen=True)
class DateFormat:
    """How a column writes dates.

    Attributes
    ----------
    format : str or None
        A strptime format (several, where times are written in several ways, parted by ``|``),
        ``excel``, ``unix``, ``unix_ms`` or ``unix_us``; None for ISO 8601.
    rivals : tuple of str
        Formats that fit as well and mean other days (day first or month first).
    """

    format: str | None = None
    rivals: tuple[str, ...] = ()


def date_format(texts: Iterable[str]) -> DateFormat:
    """Find the format that reads most of the texts.

    Parameters
    ----------
    texts : iterable of str
        A sample of the column.

    Returns
    -------
    DateFormat
        ISO 8601 wherever that reads most of them.

    Examples
    --------
    >>> date_format(["13/1/2025 9:44 PM", "14/1/2025 10:05 AM"]).format
    '%d/%m/%Y %I:%M %p'
    >>> date_format(["45662", "45663.5"]).format
    'excel'
    """
    sample = [_bare(text) for text in texts if text and text.strip(BLANKS)]
    iso = sum(bool(_ISO.fullmatch(text)) for text in sample)
    if not sample or iso * 2 >= len(sample):
        return _beside_iso(sample) if len(sample) - iso >= _FEW else DateFormat()
    if counted := _counted(sample, iso):
        return DateFormat(counted)
    found, count = _best(sample, _DAYS)
    if count < len(sample) and has_words(sample[:50]):
        worded, more = _best([_bare(read_words(text)) for text in sample], _WORDED)
        if more > count:
            found, count = worded, more
    return found if count > iso else DateFormat()


#: Dates in another form than ISO 8601 that are no slips, and the share of them that one form has.
_FEW, _MOST = 3, 0.9


def _beside_iso(sample: Sequence[str]) -> DateFormat:
    """Find the second form of a column in which dates are written as ISO 8601 has it, or in one."""
    iso = [text for text in sample if _ISO.fullmatch(text)]
    others = [text for text in sample if not _ISO.fullmatch(text)]
    second, count = _best(others, [f for f in _DAYS if f[:2] != "%Y" and f.count("%") == 3])
    first, read = _best(iso, ("%Y-%m-%d", "%Y/%m/%d"))
    if not second.format or count < _MOST * len(others) or read < len(iso) or not first.format:
        return DateFormat()
    rivals = tuple(f"{first.format}|{rival}" for rival in second.rivals)
    return DateFormat(f"{first.format}|{second.format}", rivals)


def _best(sample: Sequence[str], formats: Sequence[str]) -> tuple[DateFormat, int]:
    """Give the format of those that reads most of the texts, and how many it reads."""
    parted = [_parted(text) for text in sample]
    days = [day for day, _ in parted]
    few = days[:: max(len(days) // 50, 1)]
    formats = [f for f in formats if any(_parsed(day, f) for day in few)]
    read = {f: [_parsed(day, f) for day in days] for f in formats}
    counts = {f: sum(d is not None for d in found) for f, found in read.items()}
    best = max(counts, key=lambda f: counts[f], default=None)
    if best is None:
        return DateFormat(), 0
    times = Counter(time for _, time in parted)

    def written(day: str) -> str:
        return "|".join(day + time for time, _ in times.most_common())

    rivals = [f for f in formats if counts[f] == counts[best] and read[f] != read[best]]
    return DateFormat(written(best), tuple(written(f) for f in rivals)), counts[best]


#: Days as other calendars count their years, and what one of them is in the common one.
_CALENDARS = (
    (r"(?:令和|平成|昭和|大正|明治|[RHS])\s?(?:元|\d{1,2})\s?[年./-]\s?\d{1,2}.*",
     "an emperor's era", "令和6年 is 2024"),
    (r"(?:民國|民国|中華民國)\s?\d{1,3}.*|1[0-2]\d([/.-])\d{1,2}\1\d{1,2}(?:\D.*)?",
     "the Republic of China", "113 is 2024"),
    ((r"(?:พ\.?ศ\.?\s?)?(?:24[5-9]\d|25\d\d|26[0-4]\d)[-/.]\d{1,2}[-/.]\d{1,2}.*"
      r"|\d{1,2}[-/.]\d{1,2}[-/.](?:24[5-9]\d|25\d\d|26[0-4]\d)(?:\D.*)?"),
     "the Buddhist calendar", "2567 is 2024"),
    (r"1[34]\d\d([-/.])\d{1,2}\1\d{1,2}(?:\D.*)?", "another calendar (Persian or Islamic)",
     "1403 and 1445 are 2024"),
)  # fmt: skip


def other_calendar(texts: Iterable[str]) -> tuple[str, str, str] | None:
    """Tell by which other calendar most of the texts count years.

    Parameters
    ----------
    texts : iterable of str
        A sample of a column of dates.

    Returns
    -------
    tuple of str, or None
        One of the texts, the calendar in words, and what a year of it is; None where years are
        counted as usual.

    Examples
    --------
    >>> other_calendar(["2567-01-07", "2567-02-09"])[1], other_calendar(["2024-01-07"])
    ('the Buddhist calendar', None)
    """
    sample = [plain(text) for text in texts if text and text.strip(BLANKS)]
    for shape, calendar, year in _CALENDARS:
        found = [text for text in sample if re.fullmatch(shape, text)]
        if found and len(found) * 2 > len(sample):
            return found[0], calendar, year
    return None


def heading_zone(heading: str) -> int | None:
    """Give the minutes that the zone in a heading is ahead of UTC, as in "Paid at (GMT+8)"."""
    found = _HEADING_ZONE.search(plain(heading))
    return None if found is None else _ahead(found[1], found[2], found[3])


def moment_zone(text: str) -> int | None:
    """Give the minutes that the zone of a moment is ahead of UTC; None where it bears none."""
    bare = plain(text)
    found = re.search(OFFSET, bare)
    return named_zone(bare) if found is None else _ahead(found[2], found[3], found[4])


def _ahead(sign: str | None, hours: str | None, minutes: str | None) -> int:
    ahead = int(hours or 0) * 60 + int(minutes or 0)
    return -ahead if sign == "-" else ahead


def _bare(text: str) -> str:
    """Write a moment without its zone, and with AM and PM for the halves of the day."""
    bare = without_zone_name(re.sub(OFFSET, r"\1", plain(text)))
    if ":" in bare:
        for word, half in HALVES.items():
            bare = re.sub(word, half, bare)
    return bare.strip()


def _counted(sample: list[str], iso: int) -> str | None:
    """Find the format of dates that are written as one number."""
    numbers = [float(text) for text in sample if re.fullmatch(r"\d+(\.\d+)?", text)]
    if len(numbers) <= iso or len(numbers) * 2 <= len(sample):
        return None
    usual = Counter(len(str(int(number))) for number in numbers).most_common(1)[0][0]
    for name, parts in UNIX.items():
        now = sum(6e8 * parts <= number < 4.2e9 * parts for number in numbers)
        if now * 2 > len(sample):
            return name
    months = sum(bool(re.fullmatch(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])", t)) for t in sample)
    if usual == 6 and months * 2 > len(sample):
        return "%Y%m"
    if usual == 14:
        return "%Y%m%d%H%M%S"
    if usual == 12:
        return "%Y%m%d%H%M"
    if sum(18_264 <= number < 73_051 for number in numbers) * 2 > len(sample):
        return SERIAL
    return None


def _parted(text: str) -> tuple[str, str]:
    """Part a moment into its day and the format of its time."""
    found = _TIME.search(text)
    if found is None:
        written = _HAN_TIME.search(text)
        if written is None:
            return text, ""
        hour, minute, second = written["hour"], written["minute"], written["second"]
        time = f"{written['sep']}%H{hour}" + (f"%M{minute}" if minute else "")
        return text[: written.start()], time + (f"%S{second}" if second else "")
    half = found["before"] or found["after"]
    time = ("%I" if half else "%H") + ":%M" + (":%S" if found["seconds"] else "")
    time += ".%f" if found["parts"] else ""
    time = f"%p {time}" if found["before"] else f"{time} %p" if found["after"] else time
    return text[: found.start()].strip(), (found["sep"] or "") + time + (found["word"] or "")


def _parsed(text: str, format: str) -> dt.datetime | None:
    try:
        return dt.datetime.strptime(text, format)
    except ValueError:
        return None


__all__ = [
    "BLANKS", "DIGITS", "HALVES", "MULTIPLES", "OFFSET", "SERIAL", "SIGNS", "UNIX", "DateFormat",
    "Decimal", "currency_shapes", "date_format", "decimal_mark", "heading_zone", "moment_zone",
    "number_shape", "number_text", "other_calendar", "plain",
]  # fmt: skip
