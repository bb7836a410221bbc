"""Reads headings: the words in them, whatever the language, the case and the units beside them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from workbench.data.text.currency import sign_in_heading

_WORDS = Path(__file__).with_name("words.yml")
_INVISIBLE = re.compile("[\ufeff\u200b-\u200f\u2060\u00ad]")
_ASIDE = re.compile(r"[(\[{<][^()\[\]{}<>]*[)\]}>]|\*")
#: Where a heading says in what its numbers are: of the aside, or of the heading's last word.
_UNITS = {
    "cent": re.compile(r"cents?|分|minor units?|pence|pennies", re.I),
    "thousand": re.compile(
        r"千元?|thousands?(?: of)?|k€|k\$|t€|tsd\.?|tausend|milliers?(?: d[e’'])?|k"
        r"|1[.,' ]?000|'?000s?",
        re.I,
    ),
    "ten_thousand": re.compile(r"万元?|萬元?|万円", re.I),
    "million": re.compile(r"百万元?|millions?(?: of)?|mio\.?|mln\.?|mn|m€|m\$", re.I),
}
#: Units in which nobody counts money. Of a heading's last word only those of two letters or more.
_MEASURES = re.compile(
    r"[mµuk]?gr?|mcg|kgs|t|tons?|tonnen?|lbs?|oz|gramm?s?|kilos?|[mckdn]?m|µm|inch(?:es)?|ft|feet"
    r"|miles?|yd|[mcd]?l|ltr|lit(?:er|re)s?|gal|m[23²³]|cm[23²³]|sqm|sqft|qm|㎡"
    r"|ms|s|secs?|seconds?|mins?|minutes?|h|hrs?|hours?|d|days?|weeks?|wks?|months?|years?|yrs?"
    r"|std|stunden?|minuten|sek(?:unden)?|tagen?|wochen|monaten?|jahren?|heures?|jours?|mois|ans"
    r"|horas?|minutos?|dias?|días?|meses|anos?|años?|godzin|dni"
    r"|°\s*[cfk]|℃|℉|celsius|fahrenheit|kelvin|mm\s?hg|[hk]?pa|m?bar|psi|%|‰|percent|prozent|pct"
    r"|[km]?wh?|[km]?va?|m?a|[kmg]?hz|bpm|[km]?j|k?cal|db|lux|lx|ppm|ppb|ph|rpm|mol|mmol(?:/l)?"
    r"|mg/dl|km/h|kmh|mph|m/s|[kmgt]i?b|bytes?|px|dpi|pcs|pieces?|stk|stück|stueck|szt|uds?|шт"
    r"|points?|pts|punkte|stars?|steps?|schritte"
    r"|千克|公斤|克|吨|斤|毫克|厘米|毫米|公里|千米|米|英里|升|毫升|平方米|立方米|小时|小時|時間|分钟|分鐘|秒|毫秒"
    r"|天|日|周|週|个月|月|年|岁|歳|才|摄氏度|度|千瓦时|度电|件|个|個|台|箱|次|步|人|百分比|积分|ポイント|点|시간|분|일",
    re.I,
)
#: Of these a letter may be an amount's: m is a million, k a thousand, 分 a cent.
_LETTER_UNITS = re.compile(r"[a-z]|分|月|年|日|度|点|个|件|次|ph|ma|va|kb|mb|gb|tb|pts?", re.I)
#: Short words that compounds are made of; others, such as "rep" in "report", are chance.
_SHORT = {
    "id",
    "ids",
    "no",
    "nr",
    "num",
    "qty",
    "key",
    "ts",
    "dt",
    "amt",
    "ref",
    "inv",
    "tel",
    "tag",
}
_HOW_MANY = re.compile(r"^(?:#|no\.?|nr\.?|n°) of ", re.I)
#: What German puts between the words of a compound.
_GLUE = {"s", "n", "es", "en"}
#: Scripts whose words are looked for anywhere in a heading: Chinese, Japanese, Korean, Thai, Arab,
#: Hebrew, Greek.
_ANYWHERE = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f\u0600-\u06ff\u0590-\u05ff\u0370-\u03ff]"
)


@dataclass(frozen=True)
class Heading:
    """What a column's heading says.

    Attributes
    ----------
    text : str
        As the file writes it.
    squashed : str
        Letters and digits alone, small: two headings that are the same words have the same.
    concepts : frozenset of str
        Keys of ``words.yml``.
    unit : str
        ``one``, ``cent``, ``thousand``, ``ten_thousand`` or ``million``.
    aside : str
        What stands in brackets.
    measure : str
        The unit that it names where that is none of money: ``kg``, ``°C``, ``hours``.
    rest : int
        Words that mean nothing to us.
    """

    text: str
    squashed: str
    concepts: frozenset[str]
    unit: str = "one"
    aside: str = ""
    rest: int = 0
    measure: str = ""

    def has(self, *concepts: str) -> bool:
        """Tell whether it speaks of any of these."""
        return not self.concepts.isdisjoint(concepts)


#: Short words whose capitals are no borders of words.
_ONE_WORD = re.compile(r"\b(?:MwSt|USt|GmbH)\b")


@cache
def read_heading(text: str) -> Heading:
    """Take a heading apart.

    Examples
    --------
    >>> sorted(read_heading("CustomerID").concepts), sorted(read_heading("Kundennummer").concepts)
    (['customer', 'id'], ['customer', 'number'])
    >>> read_heading("商机金额（万元）(必填)").unit
    'ten_thousand'
    """
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).strip()
    asides = [match.strip("()[]{}<>* ") for match in _ASIDE.findall(plain)]
    bare = _ASIDE.sub(" ", plain).strip() or plain
    bare = _HOW_MANY.sub("number of ", _ONE_WORD.sub(lambda m: m[0].lower(), bare))
    unit = next((u for a in asides if (u := _scale(a))), "")
    concepts: set[str] = set()
    tokens, rest = _tokens(bare), 0
    at = 0
    while at < len(tokens):
        for size in range(min(4, len(tokens) - at), 0, -1):
            known = _latin().get(" ".join(tokens[at : at + size]))
            if known is not None:
                concepts.add(known)
                at += size
                break
        else:
            found, unread = _taken_apart(tokens[at])
            concepts |= found
            rest += unread
            at += 1
    concepts |= _found_anywhere(bare)
    if not unit and tokens and tokens[-1] in ("cents", "cent", "pence"):
        unit = "cent"
    if not unit and (scaled := re.search(r"(?:^|[\s_])(T|k|K|M)(?:[A-Z]{3}|[€$£])$", plain)):
        unit = {"T": "thousand", "M": "million"}.get(scaled[1], "thousand")
    measure = "" if unit else _measure(plain, asides, tokens, frozenset(concepts))
    return Heading(
        text, squash(bare), frozenset(concepts), unit or "one", " ".join(asides), rest, measure
    )


def _scale(aside: str) -> str:
    """Tell of an aside in what its numbers are: ``cents``, ``万元``, ``Tsd. €``, ``in USD m``."""
    plain = aside.strip()
    sign = sign_in_heading(f"({plain})")
    bare = re.sub(r"^in\s+", "", plain.replace(sign, " ") if sign else plain, flags=re.I).strip()
    for one in (plain, bare):
        found = next((u for u, p in _UNITS.items() if p.fullmatch(one)), "")
        if found:
            return found
    return "million" if sign and bare.casefold() == "m" else ""


#: Of what money is.
_MONEY = {"amount", "total", "price", "net", "payable", "payment", "fee", "monthly"}


def _measure(
    plain: str, asides: Sequence[str], tokens: Sequence[str], concepts: frozenset[str]
) -> str:
    """Find the unit of a measured number: in an aside, or as the last word."""
    for aside in asides:
        one = re.sub(r"^in\s+", "", aside, flags=re.I).strip()
        if _MEASURES.fullmatch(one) and not (concepts & _MONEY and _LETTER_UNITS.fullmatch(one)):
            return one
    last = re.split(r"[\s_./-]+", plain.rstrip(" )]）"))[-1]
    letters = tokens[-1] if tokens else ""
    for one in (last, letters):
        if (
            (len(tokens) > 1 or len(one) > 1)
            and _MEASURES.fullmatch(one)
            and not _LETTER_UNITS.fullmatch(one)
            and not (concepts & _MONEY and not one.startswith(("%", "°")))
        ):
            return one
    return ""


def squash(text: str) -> str:
    """Keep the letters and digits of a heading, small and without accents, marks and asides.

    Examples
    --------
    >>> squash("Account Name.id"), squash("ACCOUNT_NAME__ID (required)"), squash("客户名称(必填)")
    ('accountnameid', 'accountnameid', '客户名称')
    """
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    bare = _ASIDE.sub(" ", plain).strip() or plain
    folded = _folded(bare)
    return "".join(c for c in folded if c.isalnum()) or folded.strip()


def _folded(text: str) -> str:
    small = text.replace("ß", "ss").casefold().translate(_STROKED)
    bare = "".join(c for c in unicodedata.normalize("NFD", small) if _letter(c))
    return unicodedata.normalize("NFC", bare)  # Hangul is taken apart, too


#: Letters that are not taken apart into one and its accent.
_STROKED = str.maketrans({"ł": "l", "đ": "d", "ı": "i", "ø": "o", "æ": "ae", "œ": "oe", "ð": "d"})


def _letter(character: str) -> bool:
    # accents go, the marks of kana and Hangul stay
    return not "\u0300" <= character <= "\u036f"


def _tokens(text: str) -> list[str]:
    """Split at blanks, marks, and where a small letter meets a capital."""
    text = re.sub(r"IDs\b", "Ids", text)
    split = re.sub(r"(?<=[a-zà-ÿ0-9])(?=[A-ZÀ-Þ])|(?<=[A-ZÀ-Þ])(?=[A-ZÀ-Þ][a-zà-ÿ])", " ", text)
    folded = unicodedata.normalize("NFC", _folded(split))
    return [t for t in re.split(r"[^0-9a-zа-яё]+", folded) if t]


@cache
def vocabulary() -> Mapping[str, list[str]]:
    """Give the concepts and their words."""
    words: Mapping[str, list[str]] = yaml.safe_load(_WORDS.read_text(encoding="utf-8"))
    return words


@cache
def _latin() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for concept, words in vocabulary().items():
        for word in words:
            if (plain := " ".join(_tokens(word))) and not _ANYWHERE.search(word):
                found.setdefault(plain, concept)
    return found


@cache
def _words_anywhere() -> tuple[tuple[str, str], ...]:
    pairs = [
        (unicodedata.normalize("NFKC", word).casefold(), concept)
        for concept, words in vocabulary().items()
        for word in words
        if _ANYWHERE.search(word)
    ]
    return tuple(sorted(pairs, key=lambda pair: -len(pair[0])))


def _found_anywhere(text: str) -> set[str]:
    if not _ANYWHERE.search(text):
        return set()
    found, text = set(), text.casefold()
    for word, concept in _words_anywhere():
        if word in text:
            found.add(concept)
            text = text.replace(word, "\x00")
    return found


def _taken_apart(token: str) -> tuple[set[str], int]:
    """Take a compound apart into known words; give their concepts, and 1 where letters are left."""
    words = _latin()
    if token.rstrip("0123456789") in words:
        return {words[token.rstrip("0123456789")]}, 0
    # best[i]: (letters read, minus the number of pieces, concepts) of the first i letters
    best: list[tuple[int, int, frozenset[str]]] = [(0, 0, frozenset())]
    for end in range(1, len(token) + 1):
        read, pieces, concepts = best[end - 1]
        chosen = (read, pieces, concepts)
        for start in range(max(0, end - 16), end):
            piece = token[start:end]
            if piece in _GLUE and best[start][0] == start > 0:
                glued = (end, best[start][1] - 1, best[start][2])
                chosen = max(chosen, glued, key=lambda c: c[:2])
                continue
            if piece not in words or (len(piece) < 4 and piece not in _SHORT):
                continue
            before = best[start]
            candidate = (before[0] + end - start, before[1] - 1, before[2] | {words[piece]})
            if candidate[:2] > chosen[:2]:
                chosen = candidate
        best.append(chosen)
    read, _, concepts = best[-1]
    if read == len(token) and len(token) > 3:
        return set(concepts), 0
    # part of a word says something only where it is long: "rep" in "report" does not
    long = [w for w in words if len(w) >= 5 and (token.startswith(w) or token.endswith(w))]
    return {words[w] for w in long}, 1
