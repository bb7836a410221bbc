"""Describes a column by what is in it: how full, how often repeated, what the values look like."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from workbench.data.text.currency import sign_of
from workbench.data.text.date_words import MONTHS, read_words
from workbench.data.text.notation import SIGNS, number_text, plain
from workbench.data.text.zone_names import without_zone_name
from workbench.new.columns.states import yes_and_no
from workbench.new.columns.words import Heading, read_heading

#: What systems write where there is nobody, beside an empty cell.
NOBODY = {
    "", "-", "--", "/", "0", "null", "nan", "none", "n/a", "na", "#n/a", "guest", "unknown",
    "(blank)", "anonymous", "nil", "匿名", "散客", "游客", "无", "未知",
}  # fmt: skip
_DATES = (
    re.compile(r"\d{4}([-/.])\d{1,2}\1\d{1,2}(?:[ T].*)?"),
    re.compile(r"\d{4}年\d{1,2}月\d{1,2}日?.*"),
    re.compile(r"\d{4}\. ?\d{1,2}\. ?\d{1,2}\.?(?: .*)?"),
    re.compile(r"\d{1,2}([-/.])\d{1,2}\1(?:\d{4}|\d{2})(?:,?[ T].*)?"),
    re.compile(r"\d{1,2}\.?[ -][^\W\d_]{3,9}\.?[ -]\d{2,4}(?:,?[ T].*)?"),
    re.compile(r"[^\W\d_]{3,9}\.? \d{1,2},? \d{4}(?:,?[ T].*)?"),
    re.compile(r"[^\W\d_]{3}-\d{1,2}-(?:\d{4}|\d{2})(?:,?[ T].*)?"),
    re.compile(r"(?:19|20)\d{2}(?:[-/](?:0?[1-9]|1[0-2])|年(?:0?[1-9]|1[0-2])月)"),
    re.compile(r"(?:0[1-9]|1[0-2])[/.](?:19|20)\d{2}"),
    # by other calendars, which the reader then says of
    re.compile(r"(?:令和|平成|昭和|[RHS])(?:元|\d{1,2})[年./-]\d{1,2}.*|民[國国]\d{1,3}年.*"),
    re.compile(r"1[0-2]\d([/.-])\d{1,2}\1\d{1,2}"),
)
_DIGITS = re.compile(r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{6})?")
#: Dates with words, as `read_words` writes them.
_WORDED = re.compile(
    r"(?:\d{1,2}[ /-])?[A-Z][a-z]{2}[ /-](?:\d{1,2} )?(?:(?:19|20)\d{2}|\d{2})(?:,?[ T].*)?"
)
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE = re.compile(r"'?\+?\(?\d[\d\s().x/-]{6,22}\d")
_ASIAN = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
_CODE = re.compile(r"(?=.*\d)(?=.*[^\W\d_])[\w#./:=\"-]+|0\d+|\d{9,}|#\d+|[A-Za-z]{1,5}-\d+")
_CLOCK = re.compile(r"\d{1,3}:\d{2}:\d{2}(?:\.\d+)?")
_AROUND = re.compile(r'^="?|^[`\']|"$')
_WITH_WORD = re.compile(r"\d\D*[^\W\d_]{3}|[^\W\d_]{3}\D*\d")
_BARE = re.compile(r"-?\d+(?:\.\d+)?")
#: 12,50 and 1.009,99; 12.50 and 1,009.99.
_COMMA = re.compile(r",\d{1,2}\D*$|\d\.\d{3},\d")
_POINT = re.compile(r"\.\d{1,2}\D*$|\d,\d{3}\.\d")
#: 1,234, and what it is not where the mark also stands otherwise.
_THREE = {m: re.compile(rf"\D*\d{{1,3}}\{m}\d{{3}}\D*") for m in ",."}
_OTHERWISE = {
    m: re.compile(rf"\{m}\d{{3}}\{m}\d{{3}}|\{m}\d{{1,2}}(?:\D|$)|\{m}\d{{4,}}") for m in ",."
}
_SHORT = re.compile(r"\D*\d{1,3}\D*")
_ISO = re.compile(r"\d{4}[-/]\d{1,2}[-/]\d{1,2}")
#: Digits as Arabic and Persian write them.
_OURS = str.maketrans({s: to for s, to in SIGNS.items() if "\u0600" <= s <= "\u06ff"})
#: Texts that are looked at one by one.
_LOOK = 4_000


@dataclass(frozen=True)
class ColumnProfile:
    """What a column holds.

    Attributes
    ----------
    heading : Heading
    rows : int
        Rows of the sample.
    texts : Series
        The filled cells, without blanks around them, in the file's order.
    wording : str
        What stands in the file as the column's label.
    """

    heading: Heading
    rows: int
    texts: pd.Series[str] = field(repr=False)
    wording: str = ""

    @property
    def said(self) -> str:
        """The question, where the file has it beside the column's name, as SPSS does."""
        return self.wording or self.name

    @property
    def name(self) -> str:
        """The column's name in the file."""
        return self.heading.text

    @cached_property
    def somebody(self) -> pd.Series[str]:
        """The cells that name something: without 0, guest, N/A and the like."""
        return self.texts[[str(text).casefold() not in NOBODY for text in self.texts]]

    @property
    def filled(self) -> float:
        """Share of the rows that hold something."""
        return len(self.texts) / self.rows if self.rows else 0.0

    @property
    def named(self) -> float:
        """Share of the rows that name something."""
        return len(self.somebody) / self.rows if self.rows else 0.0

    @cached_property
    def counts(self) -> pd.Series[int]:
        """How often each value stands there."""
        return self.somebody.value_counts()

    @property
    def distinct(self) -> int:
        """Number of different values."""
        return len(self.counts)

    @property
    def repeats(self) -> float:
        """Rows a value, of those that hold one."""
        return len(self.somebody) / self.distinct if self.distinct else 0.0

    @property
    def unique(self) -> float:
        """Different values a filled row: 1 for a key."""
        return self.distinct / len(self.somebody) if len(self.somebody) else 0.0

    @cached_property
    def _looked(self) -> pd.Series[str]:
        return self.texts.drop_duplicates().head(_LOOK)

    @cached_property
    def _looked_list(self) -> list[str]:
        return [str(text) for text in self._looked]

    def _share(self, pattern: re.Pattern[str]) -> float:
        looked = self._looked_list
        return sum(bool(pattern.fullmatch(t)) for t in looked) / len(looked) if len(looked) else 0.0

    @cached_property
    def date(self) -> float:
        """Share of the values that look like a date written out."""
        looked = self._looked_list
        if not len(looked):
            return 0.0
        found = sum(_is_date(t) for t in looked) / len(looked)
        few = [t for t in looked[:200] if _WITH_WORD.search(t)]
        if found <= 0.8 and len(few) > 0.8 * len(looked[:200]):
            written = sum(bool(_WORDED.fullmatch(t) and _month(t)) for t in map(read_words, few))
            found = max(found, written / len(looked[:200]))
        return found

    @cached_property
    def number(self) -> float:
        """Share of the values that are numbers, with their signs and separators."""
        looked = [t for t in self._looked_list if t[:1].isdigit() or t.casefold() not in NOBODY]
        shape = number_text()
        good = [bool(_BARE.fullmatch(t) or shape.fullmatch(plain(t))) for t in looked]
        return sum(good) / len(looked) if len(looked) else 0.0

    @cached_property
    def mail(self) -> float:
        """Share of the values that are e-mail addresses."""
        return self._share(_MAIL) if any("@" in t for t in self._looked_list) else 0.0

    @cached_property
    def phone(self) -> float:
        """Share of the values that may be telephone numbers."""
        return self._share(_PHONE)

    @cached_property
    def clock(self) -> float:
        """Share of the values that are times taken, as a clock shows them: 01:48:39."""
        return self._share(_CLOCK)

    @cached_property
    def boolean(self) -> bool:
        """Whether it says yes or no."""
        words = set(list(dict.fromkeys(t.casefold() for t in self._looked_list))[:4])
        return bool(words) and (words <= yes_and_no() or (words <= {"0", "1"} and len(words) == 2))

    @cached_property
    def decimal_comma(self) -> bool:
        """Whether its numbers are written 12,50 and 1.009,99."""
        looked = self._looked_list
        if not any("," in text for text in looked):
            return False
        comma = sum(bool(_COMMA.search(text)) for text in looked)
        point = sum(bool(_POINT.search(text)) for text in looked)
        return comma > 0.1 * len(looked) and comma > point

    @cached_property
    def grouped(self) -> tuple[str, bool]:
        """The mark in 1,234 or 1.234 that groups or divides, and whether it surely groups."""
        for mark, other in ((",", "."), (".", ",")):
            marked = [text for text in self._looked_list if mark in text]
            three = [text for text in marked if _THREE[mark].fullmatch(text)]
            if not three or any(_OTHERWISE[mark].search(text) for text in marked):
                continue
            if any(other in text for text in self._looked_list):
                continue
            plain = [text for text in self._looked_list if not _THREE[mark].fullmatch(text)]
            short = all(_SHORT.fullmatch(text) for text in plain)
            # 899 beside 1,234 and never 1234: then the mark groups
            if plain and short and any(re.fullmatch(r"\D*\d{3}\D*", text) for text in plain):
                return mark, True
            if short or mark == ",":
                return mark, False
        return "", False

    @cached_property
    def numbers(self) -> pd.Series[float]:
        """The values as numbers, in the file's order; missing where they are none."""
        if not self.decimal_comma and self.grouped[0] != ".":
            bare = pd.to_numeric(self.texts, errors="coerce").astype("float64")
            if np.isfinite(bare).all():
                return bare
        # the dot of "Rs." is none of the number's, and 5.- has no cents
        texts = self.texts.str.replace(r"[^\W\d_]\.|[.,] ?[-–]{1,2}$", "", regex=True)
        texts = texts.str.replace(r"[^\d.,()−-]", "", regex=True).str.replace("−", "-")
        negative = texts.str.contains(r"^\(.*\)$|-$", regex=True)
        texts = texts.str.replace(r"[()]|-$|[.,]+$", "", regex=True)
        if self.decimal_comma or self.grouped[0] == ".":
            texts = texts.str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
        else:
            texts = texts.str.replace(",", "", regex=False)
        values = pd.to_numeric(texts, errors="coerce").astype("float64")
        return values.where(~negative.astype(bool), -values)

    @cached_property
    def fractions(self) -> float:
        """Share of the numbers that are not whole."""
        values = self.numbers.dropna()
        return float((values % 1 != 0).mean()) if len(values) else 0.0

    @cached_property
    def sequence(self) -> bool:
        """Whether its numbers count on, one by one."""
        last = (re.search(r"(\d+)\D*$", text) for text in self.texts)
        digits = [found[1] for found in last if found]
        if len(digits) < 3 or len(digits) < 0.9 * len(self.texts) or max(map(len, digits)) > 17:
            return False
        steps = np.diff(np.array(list(dict.fromkeys(map(int, digits))), dtype="int64"))
        return len(steps) > 1 and float((np.abs(steps) == 1).mean()) > 0.9

    @cached_property
    def unix(self) -> str:
        """``unix`` or ``unix_ms`` where it holds moments as seconds or milliseconds since 1970."""
        values = self.numbers.dropna()
        if len(values) < 1 or self.number < 0.9 or self.fractions > 0.5:
            return ""
        for name, scale in (("unix", 1.0), ("unix_ms", 1e3)):
            if ((values >= 9.4e8 * scale) & (values <= 2.1e9 * scale)).mean() > 0.95:
                return name
        return ""

    @cached_property
    def serial(self) -> bool:
        """Whether it may hold a spreadsheet's days: 45,000 is in 2023."""
        values = self.numbers.dropna()
        return (
            len(values) > 0
            and self.number > 0.95
            and bool(((values > 36_500) & (values < 51_000)).all())
        )

    @cached_property
    def code(self) -> float:
        """Share of the values that are codes: letters beside digits, long numbers."""
        looked = self._looked_list
        # RM49.32 is an amount
        found = [bool(_CODE.fullmatch(t)) and not _is_priced(t) for t in looked]
        return sum(found) / len(looked) if len(looked) else 0.0

    @cached_property
    def signed(self) -> float:
        """Share of the values that bear the sign of a currency."""
        looked = self._looked_list[:400]
        return sum(bool(sign_of(t)) for t in looked) / len(looked) if len(looked) else 0.0

    @cached_property
    def percent(self) -> float:
        """Share of the values that are written in percent."""
        looked = self._looked_list
        return sum(t.endswith(("%", "％", "‰")) for t in looked) / len(looked) if looked else 0.0

    @cached_property
    def length(self) -> float:
        """Mean length of a value."""
        looked = self._looked_list
        return sum(map(len, looked)) / len(looked) if looked else 0.0

    @cached_property
    def free_text(self) -> bool:
        """Whether people wrote sentences."""
        looked = self._looked_list
        if not looked or self.length <= 25:
            return False
        asian = sum(bool(_ASIAN.search(text)) for text in looked) > 0.5 * len(looked)
        return self.length > (25 if asian else 45) and self.date < 0.5 and self.number < 0.5

    @property
    def when(self) -> bool:
        """Whether it says when: a date, a moment, seconds since 1970."""
        if self.date > 0.8:
            return True
        told = self.heading.has(
            "date", "time", "created", "closed", "joined", "start", "end", "monthly"
        )
        return bool(told and (self.unix or self.serial or self.months))

    @cached_property
    def months(self) -> bool:
        """Whether it may hold months as numbers: 202401."""
        shape = re.compile(r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])")
        return bool(self._looked_list) and all(map(shape.fullmatch, self._looked_list))

    @property
    def numeric(self) -> bool:
        """Whether it holds numbers, and no dates."""
        return self.number > 0.8 and not self.when

    @cached_property
    def days(self) -> pd.Series[Any]:
        """The days, as far as one can read them without knowing which number is the month."""
        if self.unix and self.date <= 0.8:
            unit = "s" if self.unix == "unix" else "ms"
            moments: pd.Series[Any] = pd.to_datetime(
                self.numbers,
                unit=unit,  # type: ignore[call-overload]
                errors="coerce",
            )
            return moments
        if self.serial and self.date <= 0.8:
            return pd.Timestamp("1899-12-30") + pd.to_timedelta(self.numbers, unit="D")
        texts = self.texts.str.replace(r"[年月]", "-", regex=True).str.replace("日", "")
        if self.months:
            texts = texts.str.replace(r"^(\d{4})(\d{2})$", r"\1-\2", regex=True)
        texts = texts.map(without_zone_name)
        first = _order(self.texts)
        parsed = pd.to_datetime(
            texts.str.slice(0, 10) if _is_iso(self.texts) else texts,
            errors="coerce",
            dayfirst=first == "day",
            format="mixed",
            utc=True,
        )
        return parsed.dt.tz_localize(None)


def _is_date(text: str) -> bool:
    if text.isdigit():
        return len(text) in (8, 14) and bool(_DIGITS.fullmatch(text))
    return text[:1] != "-" and any(p.fullmatch(text) for p in _DATES)


def _month(text: str) -> bool:
    return any(month in text for month in MONTHS)


def _is_priced(text: str) -> bool:
    return bool(re.search(r"\d[.,]\d", text)) and bool(sign_of(text))


def _is_iso(texts: pd.Series[str]) -> bool:
    return bool(texts.head(50).str.match(_ISO.pattern).mean() > 0.5)


def _order(texts: pd.Series[str]) -> str:
    """Tell whether dates of three numbers have the day or the month first; "" where both read."""
    pairs = texts.drop_duplicates().str.extract(
        r"^(\d{1,2})[-/.](\d{1,2})[-/.](?:\d{4}|\d{2})(?!\d)"
    )
    pairs = pairs.dropna().astype(int)
    if not len(pairs):
        return "none"
    day_first, month_first = (pairs[1] <= 12).mean(), (pairs[0] <= 12).mean()
    if day_first == month_first:
        return ""
    return "day" if day_first > month_first else "month"


def day_order(profile: ColumnProfile) -> str:
    """Tell whether the day or the month comes first: ``day``, ``month``, ``none`` or ``""``.

    ``none`` is a column to which the question does not apply. Where both can be read, the order of
    the rows decides, if the file is sorted by one reading and not by the other.
    """
    order = _order(profile.texts)
    if order:
        return order
    found = profile.texts.str.extract(
        r"^(\d{1,2})([-/.])(\d{1,2})[-/.](\d{4}|\d{2})(?!\d)"
    ).dropna()
    if (found[1] == ".").all():
        return "day"  # nobody writes 03.25.2025
    a, b, year = (found[i].astype(int) for i in (0, 2, 3))
    sorted_ = {}
    for name, month, day in (("day", b, a), ("month", a, b)):
        steps = np.diff((year * 10_000 + month * 100 + day).to_numpy())
        steps = steps[steps != 0]
        sorted_[name] = max((steps > 0).mean(), (steps < 0).mean()) if len(steps) >= 20 else 0.0
    best = max(sorted_, key=lambda k: sorted_[k])
    other = min(sorted_.values())
    return best if sorted_[best] > 0.995 and other < 0.98 else ""


def profiles(
    frame: pd.DataFrame, wording: Mapping[str, str] = MappingProxyType({})
) -> list[ColumnProfile]:
    """Describe every column of a table of texts, some of which have labels besides names."""
    found = []
    prefix = _shared_prefix([str(c) for c in frame.columns])
    for column in frame.columns:
        filled = frame[column].dropna()
        # systems put tabs, apostrophes and ="..." around values to keep spreadsheets off
        bare = [_AROUND.sub("", str(value)).strip().translate(_OURS) for value in filled]
        texts = pd.Series(bare, index=filled.index, dtype="object")  # of which one goes over all
        heading = read_heading(str(column))
        if prefix and heading.text.startswith(prefix) and heading.text != prefix:
            told = read_heading(heading.text.removeprefix(prefix))
            heading = replace(told, text=heading.text, squashed=heading.squashed)
        if label := wording.get(str(column), ""):
            told = read_heading(label)
            heading = replace(heading, concepts=heading.concepts | told.concepts)
        found.append(ColumnProfile(heading, len(frame), texts[texts != ""], label))
    return found


def _shared_prefix(headings: Sequence[str]) -> str:
    """Find what most headings begin with, such as ``Deal - ``: it says nothing of a column."""
    starts = [m[0] for h in headings if (m := re.match(r"[^\W_]+(?: - |: |__|\.|/)", h))]
    common = max(set(starts), key=starts.count, default="")
    return common if len(headings) >= 4 and starts.count(common) >= 0.7 * len(headings) else ""


def by_name(found: Sequence[ColumnProfile]) -> dict[str, ColumnProfile]:
    """Give the columns by their names."""
    return {profile.name: profile for profile in found}
