"""Writes phones, e-mail and postal addresses one way, and sees which say nothing of a person."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import phonenumbers
from babel.core import get_global

from workbench.data.people.names import plain

_CHINESE_MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9]\d{9})")

#: Written into a form that insists on an address.
_NO_ADDRESS = re.compile(
    r"(?:no|not|none|na|n\.?a|nil|nix|null|nobody|noone|unknown|undefined|test|tests|testing|abc|asdf"
    r"|x{2,}|a{3,}|1{3,}|0+|123\d*|no[-_.]?(?:e?[-_.]?mail|reply|address|one)|do[-_.]?not[-_.]?reply|fake|dummy"
    r"|keine?|ohne|unbekannt|kein(?:e)?[-_.]?(?:e?mail|adresse)|wu|meiyou|anonymous|anonym|guest|user"
    r"|customer|kunde|example|sample|temp|none\d+|placeholder|without|nope|refused)"
)


def region_of(time_zone: str) -> str:
    """Give the two-letter country of a time zone, for phone numbers without a country code."""
    return str(get_global("zone_territories").get(time_zone, "ZZ"))


@lru_cache(maxsize=200_000)
def normal_phone(text: str | None, region: str) -> str | None:
    """Write a phone number in E.164, or give None where it is no possible number.

    Parameters
    ----------
    text : str or None
        As people write it: ``138-0013 8000``, ``0086 138...``, ``（010）6552 9988``.
    region : str
        Two-letter country for numbers without a country code, such as ``CN``.
    """
    if not text:
        return None
    # A spreadsheet may have taken the number for an amount: 13800138000.0.
    wide = unicodedata.normalize("NFKC", text).strip().removesuffix(".0")
    digits = re.sub(r"[\s().\-–—]", "", wide)
    if region == "CN" and (mobile := _CHINESE_MOBILE.fullmatch(digits)):
        return None if _is_filler(mobile[1]) else f"+86{mobile[1]}"
    try:
        number = phonenumbers.parse(wide, region if region != "ZZ" else None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number) or _is_filler(str(number.national_number)):
        return None
    number.extension = None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _is_filler(digits: str) -> bool:
    """Tell whether somebody held a key down, or counted, to fill a field in."""
    tail = digits[-8:]
    return len(set(tail)) == 1 or tail in ("12345678", "23456789", "01234567", "87654321")


def normal_email(text: str | None) -> str | None:
    """Write an e-mail address in lower case, without a ``+tag``; None where it is none.

    An address that only fills a field (none@none.com) is none; the dots that Google does not read
    go.
    """
    if not text:
        return None
    wide = unicodedata.normalize("NFKC", text).strip().strip("<>;,").casefold()
    wide = wide.removeprefix("mailto:")
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", wide):
        return None
    user, domain = wide.rsplit("@", 1)
    user = user.split("+")[0]
    domain = {"googlemail.com": "gmail.com"}.get(domain, domain)
    if domain == "gmail.com":
        user = user.replace(".", "")
    if _NO_ADDRESS.fullmatch(user) or not user:
        return None
    return f"{user}@{domain}"


def normal_contact(kind: str, text: str | None, region: str) -> str | None:
    """Write a ``phone`` or an ``email`` one way; None where it is none."""
    return normal_phone(text, region) if kind == "phone" else normal_email(text)


_SHORT = (
    (r"\bstreet\b|\bstr\b", "st"), (r"\broad\b", "rd"), (r"\bavenue\b", "ave"), (r"\blane\b", "ln"),
    (r"\bdrive\b", "dr"), (r"\bsquare\b", "sq"), (r"\bcourt\b", "ct"), (r"\bboulevard\b", "blvd"),
    (r"\bplace\b", "pl"), (r"\bplatz\b", "pl"),
    (r"\b(?:apartment|apt|flat|unit|suite|ste|room|wohnung)\b", "apt"),
    (r"stra(?:sse|ße)\b|str\b", "st"), (r"\bnorth\b", "n"), (r"\bsouth\b", "s"), (r"\beast\b", "e"),
    (r"\bwest\b", "w"),
)  # fmt: skip


def normal_address(text: str | None) -> tuple[str, str] | None:
    """Give an address without what is written now one way, now another, and its numbers.

    Examples
    --------
    >>> normal_address("12 High Street, Flat 3") == normal_address("12 HIGH ST. APT 3")
    True
    """
    if not text:
        return None
    flat = plain(text)
    if re.search(r"[\u4e00-\u9fff]", flat):
        numbers = re.findall(r"\d+", flat)
        flat = re.sub(r"^.{0,8}?(?:省|自治区)|[\s,，。;；#\-]|中国", "", flat)
        return (flat, " ".join(numbers)) if len(flat) > 3 else None
    flat = re.sub(r"[.,;#/]", " ", flat)
    for pattern, short in _SHORT:
        flat = re.sub(pattern, short, flat)
    words = flat.split()
    if len("".join(words)) < 5:
        return None
    numbers = [w for w in words if re.match(r"\d", w)]
    return " ".join(sorted(words)), " ".join(sorted(numbers))
