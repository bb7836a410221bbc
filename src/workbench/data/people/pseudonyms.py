"""Keeps people out of results: pseudonyms, dropped columns, masked texts, no small cells."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import os
import re
import secrets
import unicodedata
from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from workbench.data import expressions as ibis
from workbench.data.engine import Engine, encode, join_bytes, sha256, unhex
from workbench.data.schemas import PERSONAL_WORDS
from workbench.privacy import identifiers
from workbench.privacy.names import WORDS_TOO, given_names, is_full_name
from workbench.privacy.quotation import quotable
from workbench.study import Study, StudyError, find_root
from workbench.study.card import PSEUDONYM_KEY

#: Hexadecimal digits of a pseudonym: 64 bits, so that a million people stay apart.
LENGTH = 16
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
    path = folder / PSEUDONYM_KEY
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
    if engine.is_duckdb:
        # Orders, contracts and answers come once or a few times: looking them up costs more.
        once = {c: kind for c, kind in kinds.items() if kind != "customer"}
        table = table.mutate(**{c: engine_pseudonym(table[c], key, k) for c, k in once.items()})
        kinds = {c: kind for c, kind in kinds.items() if c not in once}
    for column, kind in kinds.items():
        distinct = table.filter(table[column].notnull()).select(raw_=table[column]).distinct()
        if engine.is_duckdb:
            # Hashing costs more than joining: each id is hashed once, however often it occurs.
            known = engine.keep(
                distinct.mutate(pseudonym_=engine_pseudonym(distinct.raw_, key, kind)), where
            )
        else:
            ids = [str(i) for i in engine.run(distinct, where)["raw_"]]
            mapping = pa.table(
                {"raw_": ids, "pseudonym_": [pseudonym(i, key, kind) for i in ids]},
                schema=pa.schema([("raw_", pa.string()), ("pseudonym_", pa.string())]),
            )
            known = engine.upload("pseudonyms", mapping)
        joined = table.left_join(known, table[column] == known.raw_)
        names = {c: joined[c] for c in table.columns}
        table = joined.select(**{**names, column: joined.pseudonym_})
    return table


def engine_pseudonym(column: Any, key: bytes, kind: str = "customer") -> Any:
    """As `pseudonym`, for a column of ids, inside DuckDB.

    HMAC-SHA-256 (RFC 2104) is written out, because the engine has SHA-256 but no HMAC.
    """
    block = hashlib.sha256(key).digest() if len(key) > 64 else key
    block = block.ljust(64, b"\0")
    inner = bytes(b ^ 0x36 for b in block)
    outer = bytes(b ^ 0x5C for b in block)
    message = encode(f"{kind}:" + column.cast("string"))
    digest = unhex(sha256(join_bytes(unhex(inner.hex()), message)))
    value = sha256(join_bytes(unhex(outer.hex()), digest)).left(LENGTH)
    return ibis.ifelse(column.isnull(), ibis.null("string"), value)


#: A name of one of these is not a person's.
_THINGS = {
    "product", "plan", "item", "store", "shop", "brand", "campaign", "case", "category",
    "channel", "file", "lineitem", "line", "stage", "status", "event", "deal", "produkt",
    "artikel", "produit", "article", "producto", "artículo", "prodotto", "produto", "filiale",
    "tienda", "magasin", "loja", "negozio", "tarif", "country", "region", "city", "month", "day",
    "page", "view", "screen", "sheet",
}  # fmt: skip
#: What ends a name that says of what kind something is, not whose: phone_model, address_type.
_KINDS = {"model", "type", "kind", "brand", "category", "status", "opened", "clicked", "os", "tier"}
_KINDS_ZH = ("型号", "类型", "种类", "品牌", "状态", "次数", "数量", "等级", "级别", "时长", "系统")


#: Staff whose times and numbers are counted: "time to first agent reply" is nobody.
_STAFF = {"agent", "owner", "employee", "rater"}
_MEASURES = {"time", "hours", "minutes", "count", "number", "rate", "share", "reply", "total", "n"}


#: A code that stands for somebody already: E1, R12, 7.
_CODE = re.compile(r"[A-Za-z]{0,2}\d{1,3}|[A-Z]")


def without_names(table: Any, column: str) -> Any:
    """Let roles and codes stand in a column of persons; who is named is R1, R2, ... there.

    Parameters
    ----------
    table : ibis Table
        Of few persons, such as those who rate.
    column : str
    """
    if column not in table.columns:
        return table
    held = table[column].cast("string").name("who").as_table().distinct().to_pandas()["who"]
    named = sorted(
        str(who) for who in held.dropna()
        if not _CODE.fullmatch(str(who)) and quotable(str(who)) != str(who)
    )  # fmt: skip
    if not named:
        return table
    taken, free = set(held.dropna()), (f"R{n}" for n in itertools.count(1))
    called = {who: next(code for code in free if code not in taken) for who in named}
    shown = table[column].cast("string")
    for who, code in called.items():
        shown = ibis.ifelse(table[column] == who, ibis.literal(code), shown)
    return table.mutate(**{column: shown})


# --- columns and texts ------------------------------------------------------------------------


def personal_columns(columns: Iterable[str]) -> list[str]:
    """Give the columns that say who somebody is, by their names."""
    found = []
    for column in columns:
        # FirstName, IMEINumber, ＰＨＯＮＥ
        apart = unicodedata.normalize("NFKC", column.strip())
        apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", apart)
        plain = re.sub(r"[\s\-./:：（）()]+", "_", apart.casefold())
        parts = [word.rstrip("0123456789") for word in plain.split("_")]  # Address2
        if parts[-1] in _KINDS or plain.endswith(_KINDS_ZH):
            continue
        words = {*parts, plain}
        if words & _THINGS:
            words.discard("name")
        if words & _MEASURES:
            words -= _STAFF
        chinese = any(word in plain for word in PERSONAL_WORDS if not word.isascii())
        latin = any(word in words for word in PERSONAL_WORDS if word.isascii()) or any(
            f"_{word}_" in f"_{plain}_" for word in PERSONAL_WORDS if "_" in word
        )
        if chinese or latin:
            found.append(column)
    return found


#: Of so many different values, this part must tell persons for the column to do so.
_FEWEST, _PART = 3, 0.6


def values_say_who(values: Iterable[object], *, first_names: bool = False) -> bool:
    """Tell a column of persons by its values: names, phones, mail addresses, numbers with a check.

    Parameters
    ----------
    values : iterable
        Its different values, or some of them.
    first_names : bool
        Whether a first name alone counts: states and brands are called Georgia and Virginia, too.
    """
    texts = list(dict.fromkeys(str(v).strip() for v in values if v is not None and str(v).strip()))
    singles = given_names() - WORDS_TOO if first_names else frozenset()
    telling = sum(
        bool(identifiers.find(text)) or is_full_name(text) or text.casefold() in singles
        for text in texts
    )
    return len(texts) >= _FEWEST and telling >= _PART * len(texts)
