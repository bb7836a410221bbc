"""Takes a name apart: family and given name, how they sound, what else one is called."""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any


def _words(text: str) -> list[str]:
    return text.split()


_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_COMPOUND = frozenset(
    _words("""
    欧阳 歐陽 司马 司馬 上官 诸葛 諸葛 夏侯 东方 東方 皇甫 尉迟 尉遲 公孙 公孫 慕容 令狐 宇文
    长孙 長孫 司徒 端木 独孤 獨孤 南宫 南宮 申屠 轩辕 軒轅 澹台 濮阳 濮陽 呼延 拓跋 闻人 百里
    东郭 西门 西門
""")
)
#: Surnames that are read otherwise than the word.
_READ_AS_SURNAME = {
    "单": "shan", "單": "shan", "曾": "zeng", "解": "xie", "仇": "qiu", "查": "zha", "任": "ren",
    "区": "ou", "區": "ou", "尉": "yu", "翟": "zhai", "盖": "ge", "朴": "piao", "覃": "qin",
    "乐": "yue", "華": "hua", "华": "hua", "纪": "ji", "燕": "yan", "缪": "miao", "冼": "xian",
}  # fmt: skip
_TITLE_ZH = re.compile(
    r"(?:先生|女士|小姐|太太|夫人|老师|老師|经理|經理|师傅|師傅|主任|医生|醫生|大夫|教授|博士|律师|律師|同学|同學"
    r"|老板|阿姨|总经理|總經理)+$"
)
_TITLES = frozenset(
    _words("""
    mr mrs ms miss mx dr prof professor herr frau sir madam madame mme dame lord lady rev ing
    dipl phd md mba msc bsc ma ba dds esq hon capt
""")
)
_AGES = {
    "jr": "junior", "junior": "junior", "jnr": "junior", "jun": "junior", "sr": "senior",
    "senior": "senior", "snr": "senior", "sen": "senior", "ii": "2", "iii": "3", "iv": "4",
}  # fmt: skip
_PARTICLES = frozenset(
    _words("""
    van von der den de del della di da la le du dos das ter ten zu zum zur bin ibn al el st
    mac mc o
""")
)
_SYLLABLE = (
    r"(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?"
    r"(?:iang|iong|uang|ueng|ang|eng|ing|ong|ian|iao|uai|uan|van|ai|an|ao|ei|en|er|ia|ie|in|iu|ou|ua"
    r"|ue|ui|un|uo|ve|vn|a|e|i|o|u|v)"
)
_PINYIN = re.compile(rf"(?:{_SYLLABLE}){{1,2}}")
#: The commonest surnames as they are written in Latin letters.
_PINYIN_SURNAMES = frozenset(
    _words("""
    wang li zhang liu chen yang huang zhao wu zhou xu sun ma zhu hu guo he lin gao luo zheng
    liang xie song tang xu han feng deng cao peng zeng xiao tian dong yuan pan yu jiang cai
    du ye cheng su wei lu ding ren shen yao jin cui tan fan liao shi jia xia fu fang bai zou
    meng xiong qin qiu hou yin xue yan duan lei shao shi long wan gu mao hao gong qian dai mo
    kong xiang chang ouyang sima shangguan zhuge
""")
)

_FORMS = {
    "limited": "ltd", "ltd": "ltd", "plc": "plc", "inc": "inc", "incorporated": "inc",
    "corp": "inc", "corporation": "inc", "llc": "llc", "llp": "llp", "lp": "lp", "gmbh": "gmbh",
    "ag": "ag", "kg": "kg", "ohg": "ohg", "gbr": "gbr", "ug": "ug", "ek": "ek", "eg": "eg",
    "se": "se", "sa": "sa", "sas": "sas", "sarl": "sarl", "srl": "srl", "spa": "spa", "bv": "bv",
    "nv": "nv", "oy": "oy", "ab": "ab", "aps": "aps", "pty": "ltd", "pte": "ltd", "kgaa": "kgaa",
}  # fmt: skip
_ALSO_NAMES = frozenset({"se", "sa", "lp", "ek", "eg", "ab", "spa", "sas"})
#: Words that belong to a form and say nothing alone: GmbH & Co. KG, Trading Co., Ltd.
_WITH_FORM = frozenset({"co", "company", "and", "und", "mbh", "haftungsbeschrankt"})
_BRANCH = re.compile(
    r"\b(?:branch|niederlassung|filiale|zweigniederlassung|office|store|depot|standort|nl|division)\b"
)
_FORM_ZH = (
    ("股份有限公司", "股份"), ("有限责任公司", "有限"), ("有限責任公司", "有限"),
    ("有限公司", "有限"), ("集团公司", "集团"), ("总公司", ""), ("公司", ""),
)  # fmt: skip
_BRANCH_WORDS = "分公司|分店|分行|支行|办事处|辦事處|门店|分部|营业部"
_BRANCH_ZH = re.compile(rf"([\u4e00-\u9fff]{{2,8}}?)(?:{_BRANCH_WORDS})$")
_FIRM_ZH = re.compile(
    "公司|集团|集團|分店|分行|支行|事务所|事務所|工厂|商行|合作社|研究院|医院|大学|银行"
)


@dataclass(frozen=True)
class Name:
    """A name, taken apart.

    Attributes
    ----------
    family, given : str
        As written, without case, accents and titles; empty where the name does not have them.
        Of a firm: its own name, and its branch.
    sound : tuple of str
        Both by their sound: Chinese in pinyin, umlauts and their two-letter spelling as one.
    called : tuple of str
        Given names that may be meant: Bob is Robert.
    suffix : str
        What keeps father and son apart (junior, senior); of a firm: its legal form.
    firm : bool
        Whether it is a firm's.
    words : tuple of str
        All words of it, in the order of the alphabet: second names, too.
    """

    family: str = ""
    given: str = ""
    sound: tuple[str, str] = ("", "")
    called: tuple[str, ...] = ()
    suffix: str = ""
    firm: bool = False
    words: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The name by its sound, whatever the order of its words."""
        return " ".join(sorted(" ".join(self.sound).split()))

    @property
    def written(self) -> str:
        """The name as written, whatever the order of its words."""
        return " ".join(self.words or sorted(f"{self.family} {self.given}".split()))


def plain(text: str) -> str:
    """Write a text without case, accents, width variants and invisible characters."""
    wide = unicodedata.normalize("NFKC", text).casefold()
    apart = unicodedata.normalize("NFKD", wide)
    kept = "".join(
        c for c in apart if not unicodedata.combining(c) and unicodedata.category(c) != "Cf"
    )
    return unicodedata.normalize("NFC", kept.translate(_LETTERS))


_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i"})


@lru_cache(maxsize=200_000)
def name_of(text: str | None) -> Name | None:
    """Take a name apart; None where the text names nobody.

    Parameters
    ----------
    text : str or None
        As people write it: ``Dr. Anne Müller``, ``MÜLLER, Anne``, ``王小明先生``, ``张先生``,
        ``Acme Trading Co., Ltd.``.

    Examples
    --------
    >>> name_of("MÜLLER, Dr. Anne").key == name_of("Anne Mueller").key
    True
    >>> name_of("张先生")
    Name(family='张', given='', sound=('zhang', ''), called=(), suffix='', firm=False, words=())
    """
    if not text or not (flat := plain(text).strip()) or flat in _NOBODY:
        return None
    flat = re.sub(r"[(\[（【][^)\]）】]*[)\]）】]", _branch_in_brackets, flat)
    han = "".join(re.findall(rf"[{_HAN}·]", flat))
    if len(han) >= 2 or (han and not re.search(r"[a-z]", flat)):
        return _chinese(han)
    return _latin(flat)


_NOBODY = frozenset(
    _words("""
    unknown n/a na none null nan - . test guest anonymous customer 匿名 未知 散客 无 客户
    顾客 测试
""")
)


def _branch_in_brackets(found: re.Match[str]) -> str:
    """Keep the place in 华为（深圳）有限公司; a nickname or a remark in brackets goes."""
    inside = found[0][1:-1]
    return inside if re.fullmatch(rf"[{_HAN}]{{2,4}}", inside) else " "


# --- Chinese --------------------------------------------------------------------------------------


def _chinese(text: str) -> Name | None:
    if _FIRM_ZH.search(text):
        return _chinese_firm(text)
    bare = _TITLE_ZH.sub("", text)
    if len(bare) == 2 and bare[1] in "总總" and bare == text:
        bare = bare[0]
    bare = bare.removeprefix("老") if len(bare) == 2 and bare != text else bare
    if not bare:
        return None
    if "·" in bare:  # a name carried over from another language
        given, _, family = bare.partition("·")
    else:
        cut = 2 if bare[:2] in _COMPOUND else 1
        family, given = bare[:cut], bare[cut:]
    return Name(family, given, (_surname_sound(family), _sound(given)), (given,) if given else ())


def _surname_sound(text: str) -> str:
    return _READ_AS_SURNAME.get(text) or _sound(text)


@lru_cache(maxsize=100_000)
def _sound(text: str) -> str:
    if not text:
        return ""
    # Phrases tell how a sign is read in words; names have none, and their list takes a second.
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    from pypinyin import lazy_pinyin

    return _spelt("".join(lazy_pinyin(text)))


def _chinese_firm(text: str) -> Name:
    branch = ""
    if found := _BRANCH_ZH.search(text):
        head = text[: found.start()]
        for form in (*(form for form, _ in _FORM_ZH), "银行", "集团", "医院"):
            if form in text[:-3]:
                head, _, branch = text.partition(form)
                head += form
                break
        else:
            branch = found[1]
        branch = re.sub(f"(?:{_BRANCH_WORDS})$", "", branch)
        text = head or text
    kind = ""
    for form, short in _FORM_ZH:
        if text.endswith(form) and len(text) > len(form):
            text, kind = text.removesuffix(form), short
            break
    branch = branch.removesuffix("市")
    called = (branch,) if branch else ()
    return Name(text, branch, (_sound(text), _sound(branch)), called, kind, firm=True)


# --- Latin ----------------------------------------------------------------------------------------


def _latin(flat: str) -> Name | None:
    flat = re.sub(r"\b((?:[a-z]\.){2,})", lambda m: m[1].replace(".", ""), flat)
    flat = re.sub(r"['’`]", "", flat)
    before, comma, after = flat.partition(",")
    words = [re.findall(r"\w+", part) for part in (before, after)]
    if _has_form(words[0] + words[1]):
        return _latin_firm(flat)
    if _BRANCH.search(flat) and len(words[0] + words[1]) > 2:
        return _latin_firm(flat)
    suffix = ""
    kept: list[list[str]] = []
    for part in words:
        rest = []
        for word in part:
            if word in _AGES and len(words[0] + words[1]) > 2:
                suffix = _AGES[word]
            elif word not in _TITLES:
                rest.append(word)
        kept.append(rest)
    first, second = kept
    if second and not comma:
        first, second = first + second, []
    if comma and first and second:
        return _person(first, second, suffix)
    parts = first + second
    if not parts:
        return None
    if len(parts) == 1:
        return _person(parts, [], suffix)
    if (
        parts[0] in _PINYIN_SURNAMES
        and parts[-1] not in _PINYIN_SURNAMES
        and all(_PINYIN.fullmatch(w) for w in parts)
    ):
        return _person(parts[:1], parts[1:], suffix)
    cut = len(parts) - 1
    while cut > 1 and parts[cut - 1] in _PARTICLES:
        cut -= 1
    return _person(parts[cut:], parts[:cut], suffix)


def _has_form(words: list[str]) -> bool:
    """Tell whether a legal form stands there; a short one, which may be a name, only at the end."""
    return any(
        w in _FORMS
        and (w not in _ALSO_NAMES or len(words) > 2)
        and (len(w) > 2 or i == len(words) - 1)
        for i, w in enumerate(words)
        if i
    )


def _person(family: list[str], given: list[str], suffix: str) -> Name:
    last = "".join(family)
    if len(given) > 1 and all(_PINYIN.fullmatch(w) for w in given) and last in _PINYIN_SURNAMES:
        given = ["".join(given)]  # Wang Xiao Ming is Wang Xiaoming
    first = given[0] if given else ""
    called = _called(first)
    if len(first) == 1:  # J. Robert may go by his second name
        called = tuple(sorted({c for w in given[1:] for c in _called(w)}))
    words = tuple(sorted(_spelt(w) for w in (*family, *given)))
    return Name(last, first, (_spelt(last), _spelt(first)), called, suffix, words=words)


def _spelt(word: str) -> str:
    """Write umlauts and their two-letter spelling as one."""
    return re.sub(r"([aou])e(?!$)", r"\1", word)


@lru_cache(maxsize=50_000)
def _called(given: str) -> tuple[str, ...]:
    if len(given) < 2:
        return ()
    return tuple(sorted({given, *_namer().canonicals_of(given)}))


@cache
def _namer() -> Any:
    from nicknames import NickNamer

    return NickNamer()


def _latin_firm(flat: str) -> Name:
    branch = ""
    for piece in re.split(r"\s[-–—/|]\s|,|\(|\)", flat):
        if _BRANCH.search(piece) and not any(w in _FORMS for w in re.findall(r"\w+", piece)):
            flat = flat.replace(piece, " ", 1)
            branch = piece
    words = re.findall(r"\w+", flat.replace("&", " and "))
    if not branch and (found := _BRANCH.search(" ".join(words))):
        # Acme Ltd London Branch: what follows the form.
        line = " ".join(words)
        at = max((i for i, w in enumerate(words) if w in _FORMS), default=-1)
        if at >= 0:
            branch, words = " ".join(words[at + 1 :]), words[: at + 1]
        else:
            branch, words = line[: found.start()].split()[-1], line[: found.start()].split()[:-1]
    kinds = [_FORMS[w] for w in words if w in _FORMS]
    name = "".join(w for w in words if w not in _FORMS and w not in _WITH_FORM)
    place = "".join(w for w in re.findall(r"\w+", _BRANCH.sub(" ", branch)) if w != "the")
    kind = kinds[-1] if kinds else ""
    own = [_spelt(w) for w in words if w not in _FORMS and w not in _WITH_FORM]
    return Name(
        name,
        place,
        (_spelt(name), _spelt(place)),
        (place,) if place else (),
        kind,
        firm=True,
        words=tuple(sorted([*own, *([place] if place else [])])),
    )
