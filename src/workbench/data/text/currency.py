"""Currencies as people write them beside numbers and in headings: signs, short words and codes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

#: Sign or short word -> the currencies it may stand for, the likeliest first.
SIGNS: Mapping[str, tuple[str, ...]] = {
    "$": ("USD", "AUD", "CAD", "HKD", "SGD", "NZD", "MXN", "TWD", "ARS", "CLP", "COP"),
    "¥": ("CNY", "JPY"), "€": ("EUR",), "£": ("GBP",), "₩": ("KRW",), "₽": ("RUB",),
    "₹": ("INR",), "₺": ("TRY",), "₴": ("UAH",), "₫": ("VND",), "฿": ("THB",), "₱": ("PHP",),
    "₪": ("ILS",), "₦": ("NGN",), "₡": ("CRC",), "₸": ("KZT",), "₾": ("GEL",), "₼": ("AZN",),
    "֏": ("AMD",), "₮": ("MNT",), "₲": ("PYG",), "₵": ("GHS",), "₭": ("LAK",), "៛": ("KHR",),
    "৳": ("BDT",), "﷼": ("SAR", "IRR", "QAR", "OMR"), "₨": ("INR", "PKR", "LKR", "NPR"),
    "US$": ("USD",), "U$S": ("USD",), "A$": ("AUD",), "AU$": ("AUD",), "C$": ("CAD",),
    "CA$": ("CAD",), "HK$": ("HKD",), "NT$": ("TWD",), "TW$": ("TWD",), "S$": ("SGD",),
    "SG$": ("SGD",), "NZ$": ("NZD",), "R$": ("BRL",), "MX$": ("MXN",), "RD$": ("DOP",),
    "AR$": ("ARS",), "CLP$": ("CLP",), "COL$": ("COP",), "MOP$": ("MOP",), "N$": ("NAD",),
    "CN¥": ("CNY",), "JP¥": ("JPY",), "GH₵": ("GHS",),
    "RMB": ("CNY",), "元": ("CNY", "TWD", "HKD"), "元整": ("CNY", "TWD"), "圆": ("CNY",),
    "圆整": ("CNY",), "圓": ("TWD", "HKD"), "块": ("CNY",), "块钱": ("CNY",), "人民币": ("CNY",),
    "人民幣": ("CNY",), "美元": ("USD",), "美金": ("USD",), "港币": ("HKD",), "港元": ("HKD",),
    "港幣": ("HKD",), "台币": ("TWD",), "新台币": ("TWD",), "台幣": ("TWD",), "新台幣": ("TWD",),
    "日元": ("JPY",), "日圆": ("JPY",), "円": ("JPY",), "欧元": ("EUR",), "歐元": ("EUR",),
    "英镑": ("GBP",), "英鎊": ("GBP",), "澳元": ("AUD",), "加元": ("CAD",), "新元": ("SGD",),
    "韩元": ("KRW",), "원": ("KRW",), "卢布": ("RUB",), "瑞士法郎": ("CHF",),
    "Rs": ("INR", "PKR", "LKR", "NPR", "MUR"), "kr": ("SEK", "NOK", "DKK", "ISK"),
    "zł": ("PLN",), "Kč": ("CZK",), "Ft": ("HUF",), "Fr": ("CHF",), "SFr": ("CHF",),
    "lei": ("RON", "MDL"), "руб": ("RUB", "BYN"), "р": ("RUB", "BYN"), "грн": ("UAH",),
    "лв": ("BGN",), "дин": ("RSD",), "din": ("RSD",), "RM": ("MYR",), "Rp": ("IDR",),
    "S/": ("PEN",), "Bs": ("BOB", "VES"), "TL": ("TRY",), "đ": ("VND",), "VNĐ": ("VND",),
    "บาท": ("THB",), "KSh": ("KES",), "TSh": ("TZS",), "USh": ("UGX",), "Php": ("PHP",),
    "Dhs": ("AED",), "Dh": ("AED", "MAD"), "SR": ("SAR",), "QR": ("QAR",), "FCFA": ("XOF", "XAF"),
    "R": ("ZAR",), "Euro": ("EUR",), "Euros": ("EUR",), "Dollar": ("USD", "AUD", "CAD"),
    "Dollars": ("USD", "AUD", "CAD"), "Pounds": ("GBP",), "Yuan": ("CNY",), "Yen": ("JPY",),
    "Rupees": ("INR", "PKR", "LKR"), "Rupiah": ("IDR",), "Ringgit": ("MYR",), "Baht": ("THB",),
    "Zloty": ("PLN",), "Franken": ("CHF",), "Won": ("KRW",), "Reais": ("BRL",),
    "税込": ("JPY",), "税抜": ("JPY",),
}  # fmt: skip
#: Words that stand in headings beside a currency and are none where they stand beside a number.
_HEADINGS_ONLY = {"R", "税込", "税抜", "Won", "SR", "QR"}
#: Languages in which files name currencies in full.
_LANGUAGES = (
    "en", "zh", "zh_Hant", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "ru", "uk", "ja", "ko",
    "tr", "cs", "hu",
)  # fmt: skip
#: Where a sign stands for several, what the headings' language says: words -> currency.
_BY_LANGUAGE: Mapping[str, tuple[tuple[str, str], ...]] = {
    "$": (("MXN", r"\bfecha\b|\bimporte\b|\bcliente\b"), ("TWD", "[客訂會]戶|訂單|會員|發票|統編")),
    "¥": (("JPY", "[\u3040-\u30ff]"), ("CNY", "[\u4e00-\u9fff]")),
    "元": (("TWD", "客戶|訂單|會員|發票|統編|單價"), ("CNY", "[\u4e00-\u9fff]")),
    "kr": (
        ("SEK", r"\bbelopp\b|\bkund(?:nummer|nr|id)?\b|\bsumma\b"),
        ("DKK", r"\bbeløb\b|\bmoms\b|\bantal\b"),
        ("NOK", r"\bbeløp\b|\bmva\b|\bantall\b"),
    ),
}
_MARKS = "".join(sign for sign in SIGNS if len(sign) == 1 and not sign.isalpha())


@cache
def codes() -> frozenset[str]:
    """Give the three-letter codes of currencies, past ones too."""
    from babel.numbers import list_currencies  # takes a while, and only odd texts need it

    return frozenset(list_currencies())


@cache
def pattern() -> str:
    """Give what a currency looks like beside a number, as a regular expression for any engine."""
    letters = sorted((s for s in SIGNS if s not in _HEADINGS_ONLY), key=len, reverse=True)
    words = "|".join(rf"{re.escape(s)}\.?" for s in letters if any(c.isalpha() for c in s))
    return rf"(?:[A-Za-z]{{0,3}}[{_MARKS}]|(?i:{'|'.join(sorted(codes()))}|{words}))"


@cache
def _folded() -> Mapping[str, tuple[str, ...]]:
    return {sign.casefold(): found for sign, found in SIGNS.items()}


@cache
def currencies_of(sign: str) -> tuple[str, ...]:
    """Tell which currencies a sign, a short word, a code or a name stands for.

    Examples
    --------
    >>> currencies_of("A$"), currencies_of("Kr."), currencies_of("chf"), currencies_of("box")
    (('AUD',), ('SEK', 'NOK', 'DKK', 'ISK'), ('CHF',), ())
    """
    plain = sign.replace("￥", "¥").replace("￡", "£").strip(" .:()[]").casefold()
    if plain in _folded():
        return _folded()[plain]
    if len(plain) == 3 and plain.isascii() and plain.upper() in codes():
        return (plain.upper(),)
    if len(plain) > 3 and plain[:-1].upper() in codes() and plain[-1] in _MARKS:
        return (plain[:-1].upper(),)  # AUD$
    return ()


def named_currency(text: str) -> tuple[str, ...]:
    """Tell which currency a cell of a column of currencies names, also in full.

    Examples
    --------
    >>> named_currency("Schweizer Franken"), named_currency("eur"), named_currency("kr")
    (('CHF',), ('EUR',), ('SEK', 'NOK', 'DKK', 'ISK'))
    """
    return currencies_of(text) or _names().get(text.strip().casefold(), ())


@cache
def _names() -> Mapping[str, tuple[str, ...]]:
    from babel import Locale

    found: dict[str, tuple[str, ...]] = {}
    for language in _LANGUAGES:
        for code, name in Locale(language).currencies.items():
            found.setdefault(str(name).casefold(), (code,))
    return found


def written_currency(text: str) -> tuple[str, str]:
    """Give what stands before and after the number in a cell, without marks and blanks.

    Examples
    --------
    >>> written_currency("-A$ 49.32"), written_currency("1.2万元"), written_currency("15.000 kr.")
    (('A$', ''), ('', '元'), ('', 'kr'))
    """
    digits = re.search(r"\d(?:.*\d)?", text)
    if digits is None:
        return "", ""
    before, after = text[: digits.start()], text[digits.end() :]
    after = re.sub(r"^[ \u00a0]*(?:百?万|萬|千|亿|億)", "", after)
    return before.strip(" \u00a0-+−().,'"), after.strip(" \u00a0-+−().,'%")


def sign_of(text: str) -> str:
    """Give the sign of a currency beside a number, "" where there is none that is known."""
    return next((part for part in written_currency(text) if part and currencies_of(part)), "")


def sign_in_heading(heading: str) -> str:
    """Find the sign, word or code of a currency in a heading: "Umsatz in EUR", "金额（港币）".

    Examples
    --------
    >>> [sign_in_heading(h) for h in ("Valor (R$)", "Net value EUR", "amount_usd", "All orders")]
    ['R$', 'EUR', 'usd', '']
    """
    for aside in re.findall(r"[(\[（【]([^()\[\]（）【】]*)[)\]）】]", heading):
        plain = re.sub(r"^(?:in|en|w)\b|[万千萬]|百万", "", aside.strip(), flags=re.I).strip()
        for part in (plain, *re.split(r"[\s/,]+", plain)):
            if part and currencies_of(part):
                return part
    signs = re.search(rf"[A-Za-z]{{0,3}}[{re.escape(_MARKS)}]", heading)
    if signs and currencies_of(signs[0]):
        return signs[0]
    words = [w for w in re.split(r"[^\w$]+|_", heading) if w]
    for word in (*words[-1:], *words[:-1]):
        # in the midst of a heading only what is written as a code is one: "All" and "Top" are not
        usual = len(word) == 3 and word.upper() in _USUAL and (word.isupper() or word is words[-1])
        if usual or (word is words[-1] and len(words) > 1 and word in SIGNS and len(word) < 4):
            return word
    if words and len(words[-1]) == 4 and words[-1][0] in "TkKM" and words[-1][1:] in _USUAL:
        return words[-1][1:]  # TEUR
    inside = [s for s in SIGNS if len(s) > 1 and not s.isascii() and s in heading]
    return max(inside, key=len, default="")


_USUAL = frozenset(found[0] for found in SIGNS.values()) | {
    "NOK", "DKK", "ISK", "PKR", "LKR", "RON", "EGP", "MAD", "TND", "KWD", "BHD", "JOD", "XOF",
    "XAF", "UYU", "VES", "GTQ", "BYN", "UZS", "HRK",
}  # fmt: skip


def is_usual_code(text: str) -> bool:
    """Tell whether a text is the code of a currency that is in use, written as a code."""
    return text in _USUAL


def chosen(sign: str, headings: str = "") -> tuple[str, tuple[str, ...]]:
    """Choose among the currencies of a sign by the language of the headings.

    Parameters
    ----------
    sign : str
        As it stands in the file.
    headings : str
        All of the file's headings.

    Returns
    -------
    str
        The currency.
    tuple of str
        What else the sign may stand for; empty where it is certain.
    """
    may = named_currency(sign)
    told = _BY_LANGUAGE.get(sign.strip(" .").casefold(), ())
    by_language = [code for code, shape in told if re.search(shape, headings, re.I)]
    if by_language and sign in ("¥", "￥", "元"):
        return by_language[0], ()  # written by its own people
    first = by_language[0] if by_language else may[0]
    return first, tuple(code for code in may if code != first)
