"""Finds numbers, addresses and accounts that belong to one person, by shape and by checksum."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from stdnum import iban, imei, luhn
from stdnum.cn import ric

#: Full-width digits, letters and signs, and the blanks of other scripts, one for one.
_NARROW = {i: i - 0xFEE0 for i in range(0xFF01, 0xFF5F)} | dict.fromkeys((0x3000, 0xA0), 0x20)
#: Characters that nobody sees and that break a number in two.
UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")


def narrow(text: str) -> str:
    """Write full-width forms as plain ones; every character keeps its place."""
    return text.translate(_NARROW)


@dataclass(frozen=True)
class Identifier:
    """What was found, and where.

    Attributes
    ----------
    mark : str
        What stands in its place: ``[phone]``, ``[e-mail]``, ``[address]``, ``[number]``,
        ``[account]`` or ``[link]``.
    start, end : int
        Where it stands in the text.
    sure : bool
        Whether its shape or its checksum alone tells: such are looked for on pages, too.
    """

    mark: str
    start: int
    end: int
    sure: bool = False


#: The marks that masking leaves, whatever they stood for.
MARK = re.compile(r"\[(?:name|phone|e-mail|address|number|account|link|text)\]")

_TLD = (
    r"(?:com|net|org|edu|gov|info|cn|hk|tw|jp|kr|uk|de|fr|es|it|nl|eu|us|ca|au|in|io|me|co|ch|at)"
)
_LETTER = r"(?:(?![\u2e80-\u9fff])[\w.+%-])"
_EMAIL = rf"{_LETTER}+\s?@\s?[\w-]+(?:\.[\w-]+)+"
_SPELT = (
    r"[a-z0-9][\w.+-]*(?:\s*(?:[(\[{<]\s*(?:at|@)\s*[)\]}>]|艾特|小老鼠)\s*|\s+at\s+)[\w-]+"
    r"(?:\s*(?:[(\[{<]\s*(?:dot|\.)\s*[)\]}>]|点)\s*|\s+dot\s+|\.)"
    rf"(?:[\w-]+(?:\s+dot\s+|\s*点\s*|\.))?{_TLD}(?![a-z])"
)
_LINK = (
    r"(?:https?://|ftp://|www\.)[^\s\u3000-\u303f\u4e00-\u9fff]+"
    rf"|(?<![A-Za-z0-9_@.])(?:[a-z0-9-]+\.)+{_TLD}(?:/[^\s\u3000-\u303f\u4e00-\u9fff]*"
    rf"|(?![A-Za-z0-9_.@-]))"
)
#: Seven digits or more, as people group them; dates and short numbers stay.
_PHONE = (
    r"(?<![A-Za-z0-9.])(?:\+|00)?\(?\d[\d\s().\-–/]{5,22}\d(?![A-Za-z0-9%])"
    r"|(?<!\d)1[3-9]\d{9}(?!\d)"
)
_DATE = re.compile(
    r"\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}([-/.])\d{1,2}\2\d{4}|(?:19|20)\d{6}"
    r"|\d{4}\s*[-–/]\s*\d{4}"
)
_DAY = (
    r"(?:(?:19|20)\d{2}[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12]\d|3[01])"
    r"|(?:0?[1-9]|[12]\d|3[01])[-/.](?:0?[1-9]|[12]\d|3[01])[-/.](?:(?:19|20)\d{2}|\d{2})"
    r"|(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))"
)
#: A day with what is left of its time before a colon: 2025-04-05 19; and two days: from, to.
_MOMENT = re.compile(
    rf"{_DAY}(?:[\s–-]+{_DAY})?(?:[\sT]*[-–]?\s*(?:[01]?\d|2[0-4])(?:[.\s]?[0-5]\d){{0,2}})?"
)
_NUMERAL = "〇零一二两三四五六七八九幺壹贰叁肆伍陆柒捌玖"
_SPOKEN = (
    rf"[{_NUMERAL}](?:[\s,，、-]?[{_NUMERAL}]){{6,}}"
    r"|(?:\b(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|double|triple)\b[\s,-]*){5,}"
)
_ID_CN = (
    r"(?<![0-9A-Za-z])[1-9]\d{5}\s?(?:18|19|20)\d{2}\s?(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
    r"\s?\d{3}[\dXx](?![0-9A-Za-z])"
)
_CARD = (
    r"(?<![A-Za-z0-9_.])(?:3[47]\d{2}|4\d{3}|5[1-5]\d{2}"
    r"|6[025]\d{2})(?:[ -]?\d){9,15}(?![A-Za-z0-9_])"
)
_IMEI = r"(?<![A-Za-z0-9_.])\d{2}[ -]?\d{6}[ -]?\d{6}[ -]?\d(?![A-Za-z0-9_])"
_IBAN = r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?![A-Za-z0-9])"
_PLATE = (
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]\s?[A-Za-z]\s?[·•.-]?\s?"
    r"(?=[A-Za-z]*\d)[A-Za-z0-9]{4,6}[挂学警港澳]?(?![A-Za-z0-9])"
    r"|(?<![A-Za-z0-9_])[A-Z]{2}\d{2}\s?[A-Z]{3}(?![A-Za-z0-9_])"
    r"|(?:\b(?:number ?plate|licen[cs]e plate|plate|registration|reg)\b|车牌号?)(?:\s*(?:no\.?"
    r"|number|is|was"
    r"|是|为|[:#]))*\s*(?P<v>(?=[A-Z -]*\d)[A-Z0-9]{1,4}(?:[ -]?[A-Z0-9]{1,5}){1,2})"
)
_ACCOUNT = (
    r"wxid_\w+"
    r"|(?:微信号?|微\s?信|wechat|weixin|\bvx|v信|加[vV]|qq号?|抖音号?|小红书号?|微博|telegram"
    r"|whatsapp|skype"
    r"|instagram|insta|twitter|facebook|用户名|登录名|账号|帐号|昵称|网名"
    r"|(?<![A-Za-z])(?:user ?(?:name|id)|login)"
    r"|\bnick(?:name)?|\bhandle)\s*(?:号|id|name|名|is|叫|是|为|[:=])*\s*"
    r"(?P<v>(?=[a-z._-]*[\d_])[a-z0-9_][\w.-]{2,})"
    r"|(?<![A-Za-z0-9_@.])@(?!\s)[\w.-]{2,30}"
)
_LABEL = (
    r"(?:订单|单号|运单|快递单?|合同|客户|会员|工号|员工|编号|卡号|账号|帐号|账户|户号|身份证"
    r"|护照|证件|尾号|保单|发票"
    r"|流水|学号|档案|病历|社保|港澳|通行证|驾驶证|驾照|验证码|密码|取件码"
    r"|(?<![A-Za-z])(?:order|contract|customer|client|account|acct|member(?:ship)?|policy"
    r"|invoice|ticket"
    r"|reference|ref|booking|case|passport|visa|licen[cs]e|permit|tracking|parcel|shipment|serial"
    r"|employee|staff|badge|agent|card|imei|vin|pin|iban|password|passcode|code|id|ending in"
    r"|last four)(?![A-Za-z]))"
)
_LABELLED = (
    rf"(?:{_LABEL})(?:\s*(?:card|digits|后四位|末四位|号码?|编号|代码|no\b\.?|number|num\b|id\b"
    rf"|code"
    r"|is|was|are|为|是|[:：#=])){0,4}\s*"
    r"(?P<v>(?=[A-Za-z_/-]*\d)(?!(?:19"
    r"|20)\d\d(?![A-Za-z0-9_]))[A-Za-z0-9]+(?:[-/_]?[A-Za-z0-9]){2,})"
    r"(?!\s*(?:times|days?|hours?|weeks?|months?|years?|minutes?|pounds|euros|dollars|yuan|天"
    r"|次|元|个|年|月|%))"
)
#: Letters and digits together, as numbers of passports, orders and tickets are.
_MIXED = (
    r"(?<![A-Za-z0-9_.])(?=[A-Za-z]*[\d-]*\d)(?=\d*-?[A-Za-z])(?=(?:[A-Za-z-]*\d){5})[A-Za-z0-9]+"
    r"(?:[-/]?[A-Za-z0-9]+)*(?![A-Za-z0-9_])"
    r"|(?<![A-Za-z0-9_])[A-Z]{2}\s?\d{2}\s?\d{2}\s?\d{2}\s?[A-D](?![A-Za-z0-9_])"
    r"|(?<![A-Za-z0-9_])[A-Z]{1,2}\d{6}\s?\([\dA]\)"
    r"|(?<![A-Za-z0-9])(?<![A-Za-z0-9]:)(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}(?![A-Za-z0-9:])"
    r"|(?<![A-Za-z0-9_.])\d{1,3}(?:\.\d{1,3}){3}(?![A-Za-z0-9_])"
)
_PLACE_BY_NUMBER = (
    r"[-+]?\d{1,3}\.\d{3,}°?\s*[NSns]?\s*[,，;/ ]\s*[-+]?\d{1,3}\.\d{3,}°?\s*[EWew]?"
    r"|(?:邮编|邮政编码|(?<![A-Za-z])(?:post ?code|zip(?: ?code)?|postal code))\s*(?:is|was|是"
    r"|为|[:：])*\s*(?P<v>(?=[A-Za-z]*\d)\w{3,6}(?:[ -]\w{3,4})?)"
    r"|(?<![A-Za-z0-9_])[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}(?![A-Za-z0-9_])"
    r"|(?<![A-Za-z0-9_])[A-Z]\d[A-Z]\s?\d[A-Z]\d(?![A-Za-z0-9_])"
)
# Words such as "in" and "to" before an address are no part of it.
_PLACE = r"(?:(?![在到至给是住寄去从往])[\u4e00-\u9fff])"
_INSIDE = (
    r"(?:\s*-?[\dA-Za-z一二三四五六七八九十]{1,6}\s*(?:号楼|号院|号|弄|栋|幢|座|单元|层|楼|室|院))"
)
_ADDRESS_ZH = (
    rf"(?:{_PLACE}{{2,8}}?(?:省|自治区))?(?:{_PLACE}{{1,8}}?(?:市|州|盟))?"
    rf"(?:{_PLACE}{{1,8}}?(?:区|县|旗|镇|乡))?"
    rf"{_PLACE}{{1,8}}?(?:大道|路|街|道|巷|弄|胡同|村|小区|花园|公寓|苑|里)\s*{_INSIDE}+"
    rf"|\d{{1,4}}\s*(?:号楼|栋|幢){_INSIDE}+"
)
_STREET = (
    r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Boulevard|Blvd|Square|Sq|Court|Ct|Crescent"
    r"|Terrace|Close|Way|Place|Gardens|Grove|Mews|Row|Hill|Park)"
)
_FLAT = r"(?:Flat|Apt\.?|Apartment|Room|Unit|Suite)\s*#?\w{1,5}"
_ADDRESS = (
    rf"\b(?:{_FLAT},?\s+)?\d{{1,5}}[A-Za-z]?,?\s+(?:[A-Z][\w'’.-]*\s+){{1,4}}?{_STREET}\b\.?"
    rf"(?:,?\s+{_FLAT})?"
    rf"|\b\d{{1,5}}[a-z]?\s+(?!(?:more|times|days?|hours?|minutes?|people|of|in|on"
    rf"|at)\b)[a-z'’-]+\s+"
    r"(?:street|st|road|rd|avenue|ave|lane|crescent|terrace|boulevard|blvd)\b"
    r"|\b(?:[A-ZÄÖÜ][\wäöüß-]*(?:straße|strasse|str\.|weg|gasse|platz|allee)|(?:rue|via|calle"
    r"|avenida)\s+(?:de\s+(?:la\s+)?)?"
    r"[A-Z]\w+)\s*,?\s*\d{1,4}\s?[a-z]?\b"
)


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _is_phone(text: str) -> bool:
    bare = text.strip(" .-–/()")
    return len(_digits(text)) >= 7 and not (_DATE.fullmatch(bare) or _MOMENT.fullmatch(bare))


def _is_card(text: str) -> bool:
    return len(set(_digits(text))) > 3 and luhn.is_valid(_digits(text))


def _always(_text: str) -> bool:
    return True


#: Mark, expression, what must hold besides, whether it is sure; earlier ones win.
_SHAPES: tuple[tuple[str, re.Pattern[str], Callable[[str], bool], bool], ...] = tuple(
    (mark, re.compile(shape, flags), check, sure)
    for mark, shape, flags, check, sure in (
        ("[link]", _LINK, re.I, _always, False),
        ("[e-mail]", _EMAIL, 0, _always, False),
        ("[e-mail]", _SPELT, re.I, _always, False),
        ("[account]", _ACCOUNT, re.I, _always, False),
        ("[number]", _ID_CN, 0, lambda t: ric.is_valid(re.sub(r"\s", "", t)), True),
        ("[number]", _IBAN, 0, iban.is_valid, True),
        ("[number]", _CARD, 0, _is_card, True),
        ("[number]", _IMEI, 0, imei.is_valid, False),
        ("[number]", _ID_CN, 0, _always, False),
        ("[number]", _PLATE, 0, _always, False),
        ("[address]", _ADDRESS, 0, _always, False),
        ("[address]", _ADDRESS_ZH, 0, _always, False),
        ("[address]", _PLACE_BY_NUMBER, 0, _always, False),
        ("[number]", _LABELLED, re.I, lambda t: len(_digits(t)) > 3 or not t.isdigit(), False),
        ("[phone]", _PHONE, 0, _is_phone, False),
        ("[number]", _MIXED, 0, _always, False),
        ("[phone]", _SPOKEN, re.I, _always, False),
    )
)


def find(text: str, *, sure: bool = False) -> list[Identifier]:
    """Find identifiers, in the order of the text; none overlaps another.

    Parameters
    ----------
    text : str
        Any text.
    sure : bool
        Only those whose checksum tells, which a page full of numbers does not have by chance.
    """
    plain = narrow(text)
    found: list[Identifier] = []
    for mark, shape, check, certain in _SHAPES:
        if sure and not certain:
            continue
        for match in shape.finditer(plain):
            # what stands before a number ("order no.") tells nothing of anybody, and stays
            part = "v" if match.groupdict().get("v") else 0
            start, end = match.span(part)
            if any(start < f.end and f.start < end for f in found):
                continue
            if check(match[part]):
                found.append(Identifier(mark, start, end, certain))
    return sorted(found, key=lambda f: f.start)


def replaced(text: str, found: list[Identifier]) -> str:
    """Write each identifier's mark in its place."""
    return "".join(_pieces(text, found))


def _pieces(text: str, found: list[Identifier]) -> Iterator[str]:
    at = 0
    for one in found:
        yield text[at : one.start]
        yield one.mark
        at = one.end
    yield text[at:]
