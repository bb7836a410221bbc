"""The catalogs: what a message of the workbench is in each language, and what is wrong with them.

The catalogs are gettext files, one a domain, under ``locale/<language>/LC_MESSAGES``. A message is
the English text with named placeholders; they are read as they are when first needed, so that
there is nothing to compile and nothing that can be out of date.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from workbench.errors import ReportingError

FOLDER = Path(__file__).parent / "locale"
SOURCE = "en"
"""The language in which the messages are written."""


@cache
def catalog(language: str) -> Mapping[str, str]:
    """Read all messages of a language, merged over the domains (later file names win)."""
    messages: dict[str, str] = {}
    for path in domain_files(language):
        messages.update(_read(path))
    return messages


def domain_files(language: str) -> list[Path]:
    """List the ``.po`` files of a language, one a domain."""
    return sorted((FOLDER / language / "LC_MESSAGES").glob("*.po"))


def _read(path: Path) -> dict[str, str]:
    from babel.messages.pofile import PoFileError, read_po

    try:
        with path.open("rb") as file:
            found = read_po(file, abort_invalid=True)
    except PoFileError as error:
        raise ReportingError(
            f"the catalog cannot be read: {error}",
            where=f"{path.name}, line {error.lineno + 1}",
            remedy="mend the entry there",
        ) from error
    return {
        message.id: str(message.string)
        for message in found
        if isinstance(message.id, str) and message.id and message.string and not message.fuzzy
    }


def placeholders(message: str) -> set[str]:
    """Find the names of a message's placeholders."""
    return {name for _, name, _, _ in string.Formatter().parse(message) if name is not None}


def faults(path: Path) -> list[str]:
    """Say what is wrong with a ``.po`` file, one sentence each.

    A message must keep its placeholders, must not be empty or fuzzy, and must not be the English
    text again.
    """
    from babel.messages.pofile import read_po

    with path.open("rb") as file:
        found = read_po(file, abort_invalid=True)
    wrong = []
    for message in found:
        if not message.id:
            continue
        where = f"{path.name}:{message.lineno}: {message.id!r}"
        if not isinstance(message.id, str):
            wrong.append(f"{where} has plural forms; use two messages")
        elif not message.string:
            wrong.append(f"{where} is not translated")
        elif message.fuzzy:
            wrong.append(f"{where} is marked fuzzy")
        else:
            try:
                there, here = placeholders(message.id), placeholders(str(message.string))
            except ValueError as error:
                wrong.append(f"{where} has a broken placeholder ({error})")
                continue
            if there != here:
                wrong.append(f"{where} has placeholders {sorted(there)}, its words {sorted(here)}")
    return wrong
