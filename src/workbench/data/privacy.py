"""Keeps people out of results: pseudonyms, dropped columns, masked texts, no small cells."""
# ruff: noqa: PD003  (Ibis calls it isnull)

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import numpy as np
import pandas as pd
import pyarrow as pa
from ibis import udf

from workbench.data.engine import Engine
from workbench.data.schemas import PERSONAL_WORDS
from workbench.errors import DataError
from workbench.study import Study, StudyError, find_root

#: Hexadecimal digits of a pseudonym: 64 bits, so that a million people stay apart.
LENGTH = 16
KEY_FILE = Path(".cache") / "pseudonym.key"
PERSONAL_COLUMNS = ("name", "phone", "email", "address")


def study_key(study: Study) -> bytes:
    """Give the key of a study's pseudonyms.

    The environment variable that the card names wins. Simulated and public studies have no
    people to protect: their key follows from the study's name, so that everybody's runs agree.
    Otherwise a key is made once per checkout, in `.cache/pseudonym.key` (never committed).
    """
    given = os.environ.get(study.privacy.key_env)
    if given:
        if len(given) < 16:
            raise StudyError(
                f"the key in {study.privacy.key_env} is too short ({len(given)} characters)",
                where=str(study.path),
                remedy="give at least 16 random characters",
            )
        return given.encode()
    if study.simulated or study.privacy.public:
        return f"workbench: the public key of study {study.name}".encode()
    try:
        folder = find_root()
    except StudyError:
        folder = study.folder
    path = folder / KEY_FILE
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written aside and linked: of two processes that start at once, both read one key.
        aside = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
        try:
            os.link(aside, path)
        except FileExistsError:
            pass
        finally:
            aside.unlink()
    return path.read_text().strip().encode()


def pseudonym(raw: str, key: bytes, kind: str = "customer") -> str:
    """Give the pseudonym of an id: the first 16 digits of HMAC-SHA-256 under the study's key.

    Parameters
    ----------
    raw : str
        The id.
    key : bytes
        From `study_key`.
    kind : str
        What is named: a customer and a contract with the same number get different pseudonyms.
    """
    return hmac.digest(key, f"{kind}:{raw}".encode(), "sha256").hex()[:LENGTH]


def _builtin(name: str, *kinds: Any) -> Any:
    """Name one of DuckDB's functions: kinds of its arguments, then of its value."""

    def one(a: Any) -> Any: ...

    def two(a: Any, b: Any) -> Any: ...

    function = one if len(kinds) == 2 else two
    return udf.scalar.builtin(function, name=name, signature=(kinds[:-1], kinds[-1]))


_sha256 = _builtin("sha256", dt.binary, dt.string)
_unhex = _builtin("unhex", dt.string, dt.binary)
_encode = _builtin("encode", dt.string, dt.binary)
_join = _builtin("concat", dt.binary, dt.binary, dt.binary)


def pseudonymise(engine: Engine, table: Any, kinds: dict[str, str], key: bytes, where: str) -> Any:
    """Replace ids by pseudonyms, inside the engine where it can.

    Parameters
    ----------
    engine : Engine
        Where the table lies.
    table : ibis Table
        With the columns of `kinds`.
    kinds : dict
        Column -> what it names, such as ``{"customer_id": "customer"}``.
    key : bytes
        From `study_key`.
    where : str
        For errors.
    """
    for column, kind in kinds.items():
        if engine.is_duckdb:
            table = table.mutate(**{column: _engine_hmac(table[column], kind, key)})
            continue
        ids = engine.run(table.select(column).distinct(), where)[column].dropna().tolist()
        mapping = pa.table(
            {"raw_": ids, "pseudonym_": [pseudonym(str(i), key, kind) for i in ids]},
            schema=pa.schema([("raw_", pa.string()), ("pseudonym_", pa.string())]),
        )
        known = engine.upload("pseudonyms", mapping)
        joined = table.left_join(known, table[column] == known.raw_)
        names = {c: joined[c] for c in table.columns}
        table = joined.select(**{**names, column: joined.pseudonym_})
    return table


def _engine_hmac(column: Any, kind: str, key: bytes) -> Any:
    """HMAC-SHA-256 (RFC 2104) written out, because the engine has SHA-256 but no HMAC."""
    block = hashlib.sha256(key).digest() if len(key) > 64 else key
    block = block.ljust(64, b"\0")
    inner = bytes(b ^ 0x36 for b in block)
    outer = bytes(b ^ 0x5C for b in block)
    message = _encode(f"{kind}:" + column.cast("string"))
    digest = _unhex(_sha256(_join(_unhex(inner.hex()), message)))
    value = _sha256(_join(_unhex(outer.hex()), digest)).left(LENGTH)
    return ibis.ifelse(column.isnull(), ibis.null("string"), value)


#: A name of one of these is not a person's.
_THINGS = {
    "product", "plan", "item", "store", "shop", "brand", "campaign", "case", "category",
    "channel", "file",
}  # fmt: skip


# --- columns and texts ------------------------------------------------------------------------


def personal_columns(columns: Iterable[str]) -> list[str]:
    """Give the columns that say who somebody is, by their names."""
    found = []
    for column in columns:
        plain = re.sub(r"[\s\-.]+", "_", column.strip().casefold())
        words = set(plain.split("_")) | {plain}
        if words & _THINGS:
            words.discard("name")
        chinese = any(word in plain for word in PERSONAL_WORDS if not word.isascii())
        latin = any(word in words for word in PERSONAL_WORDS if word.isascii()) or any(
            f"_{word}_" in f"_{plain}_" for word in PERSONAL_WORDS if "_" in word
        )
        if chinese or latin:
            found.append(column)
    return found


_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
#: Seven digits or more, as people group them; dates and short numbers stay.
_PHONE = re.compile(
    r"(?<![A-Za-z0-9.])(?:\+|00)?\(?\d[\d\s().\-–]{5,20}\d(?![A-Za-z0-9%])|(?<!\d)1[3-9]\d{9}(?!\d)"
)
_DATE = re.compile(r"\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}([-/.])\d{1,2}\2\d{4}|(?:19|20)\d{6}")
#: The surnames of nine Chinese people in ten, and the commonest of two characters.
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜"
    "崔钟谭陆汪范金石廖贾夏韦付傅方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤温康施洪樊乔赖文"
)
_TITLE = re.compile(
    rf"(?:欧阳|司马|上官|诸葛|[{_SURNAMES}])(?=先生|女士|小姐|太太|经理|师傅|老师|主任)"
)
_MR = re.compile(r"\b(Mr|Mrs|Ms|Miss|Dr)\.?\s+[A-Z][\w'’-]+(?:\s+[A-Z][\w'’-]+)?")
_INTRODUCED = re.compile(
    r"(?<=my name is )[A-Z][\w'’-]+(?:\s+[A-Z][\w'’-]+)?|(?<=我叫)[\u4e00-\u9fff]{2,3}", re.I
)
#: What the engine looks for to find texts worth masking.
SUSPECT = r"@|\d[\d\s().\-–]{5,}\d"


def mask(text: str, names: Iterable[str] = ()) -> str:
    """Replace names, phones and e-mail addresses in a free text by [name], [phone], [e-mail].

    Parameters
    ----------
    text : str
        A comment.
    names : iterable of str
        Names to look for besides those that a title or an introduction gives away.
    """
    masked = _EMAIL.sub("[e-mail]", text)
    masked = _PHONE.sub(_phone_or_date, masked)
    for name in sorted(set(names), key=len, reverse=True):
        if re.fullmatch(r"[\u4e00-\u9fff·]+", name):
            masked = masked.replace(name, "[name]")
        else:
            masked = re.sub(rf"\b{re.escape(name)}\b", "[name]", masked, flags=re.IGNORECASE)
    masked = _MR.sub(lambda m: f"{m[1]} [name]", masked)
    masked = _INTRODUCED.sub("[name]", masked)
    return _TITLE.sub("[name]", masked)


def _phone_or_date(match: re.Match[str]) -> str:
    text = match[0]
    digits = sum(c.isdigit() for c in text)
    return text if digits < 7 or _DATE.fullmatch(text.strip()) else "[phone]"


class NameBook:
    """The names of a study's customers, to find them in free texts.

    Chinese names of two characters are often ordinary words, so they are looked for only in
    their bearer's own texts; longer ones, and Latin names of two words, everywhere.
    """

    def __init__(self, names: dict[str, str]) -> None:
        self.own = names
        self._everywhere: dict[str, set[str]] = {}
        for name in set(names.values()):
            if re.fullmatch(r"[\u4e00-\u9fff·]{3,}", name):
                self._everywhere.setdefault(name[:2], set()).add(name)
            elif len(words := name.split()) >= 2 and name.isascii():
                self._everywhere.setdefault(words[0].casefold(), set()).add(name)

    def in_text(self, text: str, customer: str | None) -> set[str]:
        """Give the names to mask in one text."""
        found: set[str] = set()
        if customer is not None and (name := self.own.get(customer)):
            found |= {name, *(word for word in name.split() if len(word) > 2)}
            if re.fullmatch(r"[\u4e00-\u9fff]{3,}", name):
                found.add(name[-2:])
        folded = text.casefold()
        for word in set(re.findall(r"[a-z'’-]+", folded)):
            found |= {n for n in self._everywhere.get(word, ()) if n.casefold() in folded}
        for i in range(len(text) - 1):
            found |= {n for n in self._everywhere.get(text[i : i + 2], ()) if n in text}
        return found


def suppress(
    frame: pd.DataFrame,
    n: str = "n",
    min_cell: int = 5,
    columns: Iterable[str] | None = None,
) -> pd.DataFrame:
    """Withhold the values of small groups; the count and the reason stay.

    Parameters
    ----------
    frame : DataFrame
        One row a group.
    n : str
        The column with the group's count.
    min_cell : int
        Groups smaller than this are withheld.
    columns : iterable of str, optional
        What to withhold; every floating-point column but `n` by default.

    Returns
    -------
    DataFrame
        A copy with a column ``withheld``: the reason, or an empty text.
    """
    if n not in frame:
        raise DataError(
            f"there is no column {n!r} to count groups by",
            where="suppress",
            remedy=f"name it with n=; columns: {', '.join(map(str, frame.columns))}",
        )
    result = frame.copy()
    small = (result[n].fillna(0) < min_cell).to_numpy()
    chosen: list[Any] = (
        list(columns)
        if columns is not None
        else [c for c in result.columns if c != n and pd.api.types.is_float_dtype(result[c])]
    )
    for column in chosen:
        if pd.api.types.is_integer_dtype(result[column]):
            result[column] = result[column].astype("float64")
        result.loc[small, column] = np.nan
    result["withheld"] = np.where(small, f"fewer than {min_cell}", "")
    return result
