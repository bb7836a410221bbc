"""Traditional Chinese, made of the simplified by OpenCC, in the terms of Taiwan and of Hong Kong.

Letters and everyday words are OpenCC's; the terms of the trade that it does not know stand in
``locale/traditional.yml``. Quotation marks are those of the region, and sums in yuan say whose yuan
they are: 元 alone is the reader's own dollar there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import yaml

from workbench.errors import ReportingError
from workbench.languages.catalogs import FOLDER

REGIONS: Final = {"zh-TW": "s2twp", "zh-HK": "s2hk"}
"""Editions made of the Chinese one, and the conversion of OpenCC that makes them."""
MADE_OF: Final = "zh"

_HAN = re.compile(r"[\u3400-\u9fff“”]")
_PIECE = re.compile(r"<(?:script|style)\b.*?</(?:script|style)>|<[^>]*>|[^<]+", re.DOTALL)
_ATTRIBUTE = re.compile(r'(\s([\w:-]+)=")([^"]*)(")')
_TAG = re.compile(r'(\s(?:lang|hreflang)=")zh(?:-CN|-Hans)?(")')
#: Attributes that lead somewhere: they are written alike on both sides.
_LEADS = {"href", "src", "srcset", "id", "for", "class", "style"}
_SUM = re.compile(r"((?:[−+-]\s?)?\d[\d,.]*\s?(?:萬|億)?)元(?!人民幣)")
_UNIT = re.compile(r"([（(／/]\s?(?:萬|億)?)元(?=\s?[）)／/]|$)")


def traditional(text: str, region: str) -> str:
    """Write a simplified text in traditional letters.

    Parameters
    ----------
    text : str
        Plain text.
    region : {"zh-TW", "zh-HK"}
        Whose letters and terms.

    Raises
    ------
    ReportingError
        Without OpenCC.

    Examples
    --------
    >>> from workbench.languages.traditional import traditional
    >>> traditional("客户数据的置信区间", "zh-TW")
    '客戶資料的信賴區間'
    """
    if not _HAN.search(text):
        return text
    first, apart = _terms("before")
    text = apart.sub(lambda found: first[found[0]], text)
    terms, known = _terms(region)
    said = known.sub(lambda found: terms[found[0]], _converter(region)(text))
    said = said.replace("“", "「").replace("”", "」")
    said = _UNIT.sub(r"\1人民幣元", said)
    return _SUM.sub(lambda found: f"人民幣{found[1].strip()}元", said)


def traditional_html(html: str, region: str) -> str:
    """Write the texts of HTML in traditional letters: what is read, seen or spoken, no address."""

    def attribute(found: re.Match[str]) -> str:
        if found[2] in _LEADS or not _HAN.search(found[3]):
            return found[0]
        return f"{found[1]}{traditional(found[3], region)}{found[4]}"

    def piece(found: re.Match[str]) -> str:
        part = found[0]
        if part.startswith(("<script", "<style")):
            return part
        if not part.startswith("<"):
            return traditional(part, region)
        part = _TAG.sub(rf"\g<1>{tag_of(region)}\g<2>", part)
        return _ATTRIBUTE.sub(attribute, part)

    return _PIECE.sub(piece, html)


def tag_of(region: str) -> str:
    """Give the region's tag in HTML: ``zh-Hant-TW``."""
    return region.replace("zh-", "zh-Hant-")


@cache
def _converter(region: str) -> Callable[[str], str]:
    try:
        from opencc import OpenCC
    except ImportError as error:
        raise ReportingError(
            "traditional Chinese needs the package opencc",
            where=f"languages: {region}",
            remedy='pip install "customer-workbench[traditional]", or take the language out of the'
            " card",
        ) from error
    convert: Callable[[str], str] = OpenCC(REGIONS[region]).convert
    return convert


@cache
def _terms(region: str) -> tuple[dict[str, str], re.Pattern[str]]:
    written: Any = yaml.safe_load((FOLDER / "traditional.yml").read_text(encoding="utf-8"))
    terms = {str(said): str(term) for said, term in written[region].items() if said != term}
    longest = sorted(terms, key=len, reverse=True)
    return terms, re.compile("|".join(map(re.escape, longest)))
