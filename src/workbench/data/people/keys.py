"""What an id is: written one way, told from words that stand for nobody, matched between tables.

Upper and lower case are kept: some systems number their records with ids that differ in nothing
else. Two tables are matched without case only where they do not match with it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from workbench.data import expressions as ibis
from workbench.data.engine import Engine

#: What systems and people write where there is no id; a blank stands for a hyphen, too.
_NOTHING: Final = (
    "null", "nan", "nat", "none", "nil", "n/a", "na", "#n/a", "<na>", "n.a", "not available",
    "not applicable", "undefined", "missing", "empty", "blank", r"\n", "tbd", "keine", "leer",
    "vide", "aucun", "ninguno", "vacío", "nessuno", "nenhum", "无", "無", "空", "空白", "没有",
    "未填写", "未填寫", "暂无", "暫無", "缺失", "なし", "없음",
)  # fmt: skip
#: What they write where there is no customer.
_NOBODY: Final = (
    "guest", "guest user", "guest customer", "guest checkout", "guest account", "unknown",
    "unknown customer", "unknown user", "anonymous", "anonymous user", "anonymous customer", "anon",
    "walk in", "walk ins", "walk in customer", "walkin customer", "cash", "cash customer",
    "cash sale", "cash sales", "counter sale", "counter sales", "over the counter", "no customer",
    "no name", "no id", "non member", "nonmember", "not registered", "unregistered", "not a member",
    "visitor", "unassigned", "unidentified", "unspecified", "not specified", "not known",
    "default", "default customer", "general customer", "retail customer", "misc customer",
    "miscellaneous customer", "one time customer", "dummy", "dummy customer",
    "gast", "gastkunde", "laufkunde", "laufkundschaft", "barkunde", "barverkauf", "unbekannt",
    "anonym", "diverse", "kein kunde", "n.n", "名無し", "無名",
    "invité", "anonyme", "inconnu", "client de passage", "client comptoir", "client divers",
    "invitado", "anónimo", "anonimo", "desconocido", "consumidor final", "público en general",
    "publico en general", "cliente mostrador", "convidado", "anônimo", "desconhecido",
    "cliente balcão", "ospite", "sconosciuto", "cliente generico", "gość", "anoniem", "onbekend",
    "гость", "аноним", "неизвестно", "розничный покупатель",
    "匿名", "匿名用户", "匿名用戶", "匿名客户", "匿名客戶", "匿名会员", "匿名买家", "散客",
    "散客户", "散户", "散戶", "零散客户", "零散客戶", "零星客户", "零售客户", "零售客戶",
    "零售散客", "门店散客", "门市散客", "游客", "遊客", "访客", "訪客", "临时客户", "臨時客戶",
    "临时顾客", "过路客", "过客", "路人", "普通顾客", "现金客户", "現金客戶", "现金散客",
    "非会员", "非會員", "非会员顾客", "未注册", "未註冊", "未登录", "未登錄", "未登录用户",
    "未知", "未知客户", "未知客戶", "未知用户", "无名氏", "佚名", "不详", "不詳", "无客户",
    "无会员", "其他客户", "默认客户", "默认会员", "ゲスト", "一般客", "非会員", "不明",
    "未登録", "비회원", "익명", "게스트", "손님",
)  # fmt: skip
_AROUND = r"""[\s<>()\[\]{}"'`._*#?!:/\\（）【】《》“”–—-]*"""
_REST, _START = r"[!-*,\-/-~]*", r"[!-&(-*,\-/-<>-_a-~]"
#: Ids that are as they should be: ASCII without blanks, points, plus, and with a digit above zero
#: or a letter and a zero, which no word for nobody has; or an address in small letters.
_PLAIN = (
    rf"^(?:(?:[1-9]|{_START}{_REST}[1-9]){_REST}"
    rf"|(?:[A-Za-z]|{_START}{_REST}[A-Za-z]){_REST}0{_REST}"
    rf"|(?:0|{_START}{_REST}0){_REST}[A-Za-z]{_REST}"
    r"|[a-z0-9][a-z0-9_.%-]*@(?:[a-z0-9-]+\.)+[a-z]{2,})$"
)
#: A long number as a spreadsheet shows it.
_SHORTENED = r"^(\d)(?:[.,](\d+))?[eE]\+(\d+)$"
#: The same in what is told of a row: ``customer_id: 1.23E+11``.
SHORTENED_KEY = re.compile(r"^\w+_id: \d(?:[.,]\d+)?[eE]\+\d+$")
_WHOLE = r"^([0-9]+)\.0+$"
#: Signs that are not seen.
_HIDDEN = "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]"
#: Rows that a customer may have whatever the others have.
_FEW = 5
_MAIL_SHAPE = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
#: Columns that tell who somebody is.
_PERSONAL = ("name", "email", "phone")


@cache
def placeholder_shape(column: str = "customer_id") -> str:
    """Give a regular expression of the texts, in small letters, that stand for no id in a column.

    Of customers, words for those whom nobody knows count, too. A first answer may well have the
    number zero.
    """
    words = (*_NOTHING, *(_NOBODY if column == "customer_id" else ()))
    each = "|".join(re.escape(w).replace(r"\ ", r"[\s_-]*") for w in words)
    zero = "" if column == "respondent_id" else r"|0+(?:\.0+)?"
    return rf"^{_AROUND}(?:{each}{zero})?{_AROUND}$"


def stands_for_nobody(text: str) -> bool:
    """Tell whether a text is one that people write where there is no customer."""
    return bool(re.search(placeholder_shape(), normal_key(text).lower()))


def normal_key(text: str) -> str:
    """Write an id as one would compare it: NFKC, no hidden signs, no spreadsheet's ``.0``."""
    plain = " ".join(re.sub(_HIDDEN, "", unicodedata.normalize("NFKC", text)).split())
    plain = plain.lower() if re.search(_MAIL_SHAPE, plain) else plain
    return re.sub(_WHOLE, r"\1", plain)


def read_key(
    engine: Engine,
    name: str,
    given: Any,
    text: Any,
    *,
    guess: bool = True,
    but: Iterable[str] = (),
) -> tuple[Any, Any]:
    """Read a column of ids.

    Parameters
    ----------
    engine : Engine
        Where it lies.
    name : str
        The standard column.
    given, text : ibis column
        As it is in the source, and without blanks around it and what the card calls missing.
    guess : bool
        Whether words may stand for nobody though the card does not say so.
    but : iterable of str
        Of these words, those that are ids here.

    Returns
    -------
    key, odd : ibis column
        The id, or null; and where a word or a shortened number stood in its place, that.
    """
    text = engine.text(text)
    shape = placeholder_shape(name) if guess else ""
    if engine.is_duckdb:
        key = engine.teach("workbench_keys", _keys)(text, shape)
    else:
        key = engine.plain(text).re_replace(_WHOLE, r"\1")
        none = key.re_search(_SHORTENED)
        none |= key.lower().re_search(shape) if shape else ibis.literal(False)
        key = ibis.ifelse(none, ibis.null("string"), key)
    if but := list(but):
        key = ibis.ifelse(text.isin(but), text, key)
    odd = ibis.ifelse(key.isnull(), text, ibis.null("string"))
    if given.type().is_string() and engine.is_duckdb and text.op() == engine.text(given).op():
        # Most ids are as they should be; one look is cheaper than writing them anew.
        plain = given.re_search(_PLAIN)
        key = ibis.ifelse(plain, given, key)
        odd = ibis.ifelse(plain, ibis.null("string"), odd)
    return key, odd


#: Stands for numbers such as 1.23E+11 where words are counted.
SHORTENED: Final = "1.23E+11"


def _keys(texts: pa.ChunkedArray, shapes: pa.ChunkedArray) -> pa.Array:
    """As `normal_key`, for many; what stands for no id (by the shapes, all one) is null."""
    shape = shapes[0].as_py()
    keys = pc.replace_substring_regex(pc.utf8_normalize(texts, "NFKC"), _HIDDEN, "")
    keys = pc.utf8_trim_whitespace(pc.replace_substring_regex(keys, r"\s+", " "))
    keys = pc.replace_substring_regex(keys, _WHOLE, r"\1")
    mail = pc.match_substring_regex(keys, _MAIL_SHAPE)
    keys = pc.if_else(mail, pc.utf8_lower(keys), keys)
    if pc.any(short := pc.match_substring_regex(keys, _SHORTENED)).as_py():
        whole = [_whole(k) if s else k for k, s in zip(keys.to_pylist(), short.to_pylist(),
                                                       strict=True)]  # fmt: skip
        keys = pa.array(whole, pa.string())
    if shape:
        nobody = pc.match_substring_regex(pc.utf8_lower(keys), shape)
        keys = pc.if_else(nobody, pa.scalar(None, pa.string()), keys)
    return keys


def _whole(text: str) -> str | None:
    """Write a number such as 1.23E+2 out; None where more digits are asked for than are there."""
    first, others, places = re.findall(_SHORTENED, text)[0]
    digits, count = first + others, int(places) + 1
    return str(digits[:count]) if len(digits) >= count else None


def is_shortened(text: str) -> bool:
    """Tell whether a text is a number in which a spreadsheet has lost the last digits."""
    return bool(re.search(_SHORTENED, text))


def like_persons(
    engine: Engine, rows: Any, columns: Mapping[str, Any], known: Iterable[str], where: str
) -> dict[str, int]:
    """Find the words for nobody that behave like a person.

    They have few rows, no more than other customers, and a name, mail or phone of their own, in
    these rows or in the customer table.

    Parameters
    ----------
    engine, rows, where
        The source.
    columns : mapping
        Standard column -> the source's.
    known : iterable of str
        Words that are persons in the customer table.

    Returns
    -------
    dict
        Word -> rows.
    """
    personal = [name for name in _PERSONAL if name in columns]
    known = set(known)
    if not personal and not known:
        return {}
    read = {name: engine.text(columns[name]) for name in ("customer_id", *personal)}
    listed = rows.select(**read)
    word = listed.customer_id
    named = listed.filter(word.lower().re_search(placeholder_shape()) | word.isin(list(known)))
    names = ["customer_id", *personal]
    found = engine.run(
        named.group_by(names).aggregate(rows_=named.count()).order_by(names).limit(1000), where
    )
    likely = {}
    for text, part in found.groupby("customer_id"):
        own = any(_is_own(part[name].dropna().unique().tolist(), name) for name in personal)
        if own or text in known:
            likely[normal_key(str(text))] = int(part["rows_"].sum())
    if not likely:
        return {}
    others = listed.filter(word.notnull() & ~word.lower().re_search(placeholder_shape()))
    each = others.group_by("customer_id").aggregate(rows_=others.count())
    most = engine.run(each.aggregate(most=each["rows_"].max()), where)["most"].iloc[0]
    few = max(_FEW, int(most) if most == most and most is not None else 0)
    return {text: n for text, n in likely.items() if n <= few}


def _is_own(values: list[Any], column: str) -> bool:
    """Tell whether a name, mail or phone is one, and somebody's."""
    if len(values) != 1:
        return False
    text = str(values[0])
    if column == "email":
        user = text.strip().partition("@")[0]
        return bool(re.search(_MAIL_SHAPE, text.strip())) and not stands_for_nobody(user)
    return not stands_for_nobody(text) and any(c.isalnum() and c != "0" for c in text)


def match_without_case(
    strange: Iterable[str], known: Iterable[str], own: Iterable[str]
) -> dict[str, str]:
    """Match ids of two tables that differ in case only, where they do not match with it.

    Parameters
    ----------
    strange : iterable of str
        Ids of a table that the other one does not have.
    known : iterable of str
        The ids of the other one.
    own : iterable of str
        All ids of the first table.

    Returns
    -------
    dict
        Strange id -> known id. Nothing where case tells ids apart: where ids of one table differ
        in nothing else, or most match as they are and the others' case is not all one.
    """
    strange, known, own = set(strange), set(known), set(own)
    folds: dict[str, list[str]] = {}
    for one in known:
        folds.setdefault(one.casefold(), []).append(one)
    mine = Counter(one.casefold() for one in own)
    fits = {
        one: folds[one.casefold()][0]
        for one in strange
        if len(folds.get(one.casefold(), ())) == 1 and mine[one.casefold()] == 1
    }
    one_case = all(i == i.upper() for i in known) or all(i == i.lower() for i in known)
    exact = len(own - strange)
    return fits if one_case or exact < len(fits) * _HARDLY_ANY else {}


#: Ids that match as they are, for one that matches without case, up to which case says nothing.
_HARDLY_ANY: Final = 0.05
