"""The languages of a report: which are shown, and how a text is said in each of them.

The catalogs are gettext files, one a domain, under ``locale/<language>/LC_MESSAGES``. A message is
the English text with named placeholders; they are read as they are when first needed, so that
there is nothing to compile and nothing that can be out of date.
"""

from __future__ import annotations

import os
import re
import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from workbench.errors import WorkbenchError

FOLDER = Path(__file__).parent / "locale"
SOURCE = "en"
"""The language in which the messages are written."""

_LETTER = re.compile(r"[A-Za-z]{2}")
_CJK = re.compile(r"[\u3400-\u9fff]")


class ReportingError(WorkbenchError, ValueError):
    """Something that cannot be shown, or a message that cannot be filled in."""


@dataclass(frozen=True)
class Missing:
    """A text for which a language has no words.

    Attributes
    ----------
    language : str
        The language that lacks it.
    text : str
        The English text, which was shown instead.
    kind : str
        Where it was met: ``text`` (sentences, titles, labels of cards), ``axes`` (a figure),
        ``header`` (a table's columns) or ``cell`` (a table's values, which may be names).
    """

    language: str
    text: str
    kind: str


_default: tuple[str, ...] = ()
_currency = ""
_learnt: dict[str, dict[str, str]] = {}
_missing: dict[Missing, None] = {}
_fresh: list[Missing] = []
_names: set[str] = set()


def languages_shown() -> tuple[str, ...]:
    """Return the languages in which outputs are made, in order.

    ``WORKBENCH_LANGUAGES`` (all of a study's languages) is set while a run executes notebooks;
    ``WORKBENCH_LANGUAGE`` is what a researcher asked for in JupyterLab. Without either it is the
    language given to :func:`configure`, else English.
    """
    several = re.split(r"[,;\s]+", os.environ.get("WORKBENCH_LANGUAGES", "").strip())
    if any(several):
        return tuple(dict.fromkeys(code for code in several if code))
    one = os.environ.get("WORKBENCH_LANGUAGE", "").strip()
    return (one,) if one else _default or (SOURCE,)


def configure(languages: Sequence[str] = (), currency: str = "") -> None:
    """Set what a study brings: its languages and its currency.

    Parameters
    ----------
    languages : sequence of str
        Where no environment variable says what is shown, it is the first of these.
    currency : str
        ISO 4217 code that sums of money have when none is given.
    """
    global _default, _currency
    _default = tuple(languages[:1])
    _currency = currency


def study_currency() -> str:
    """Return the currency of the study that is open; empty when none was configured."""
    return _currency


def learn(texts: Iterable[Mapping[str, str]]) -> None:
    """Take over words that a study brings with it, such as the titles of its goals.

    Parameters
    ----------
    texts : iterable of mapping
        Each maps language codes to the same text in that language; those without English are
        left out, since nothing could look them up.
    """
    for text in texts:
        source = text.get(SOURCE)
        if source:
            for language, words in text.items():
                if language != SOURCE:
                    _learnt.setdefault(language, {})[source] = words


def learnt(language: str) -> Mapping[str, str]:
    """Return the words of a language that the open study brings, by their English."""
    return _learnt.get(language, {})


def proper(names: Iterable[object]) -> None:
    """Declare names (of cities, plans, brands) that are the same in every language."""
    _names.update(str(name) for name in names)


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


def translate(text: str, language: str, *, kind: str = "text") -> str:
    """Say a message (placeholders unfilled) in a language; English where there are no words."""
    if language == SOURCE or not text:
        return text
    found = _lookup(text, language)
    if found is None:
        _note(text, language, kind)
        return text
    return found


def match(text: str, language: str, *, kind: str = "axes") -> str:
    """Say a finished text, such as a label in a figure, in a language.

    Tried in turn: the text as it is; a template that it fits (``"1,204 customers"`` fits
    ``"{n} customers"``); its lines and the two sides of a colon, each by itself.
    """
    if language == SOURCE or not _LETTER.search(text):
        return text
    found = _matched(text, language)
    if found is None:
        _note(text, language, kind)
        return text
    return found


def _lookup(text: str, language: str) -> str | None:
    return _learnt.get(language, {}).get(text) or catalog(language).get(text)


def _matched(text: str, language: str) -> str | None:
    exact = _lookup(text, language)
    if exact is not None:
        return exact
    bare = text.strip()
    if bare != text:
        found = _matched(bare, language)
        return None if found is None else text.replace(bare, found)
    for pattern, translated in _templates(language):
        fits = pattern.fullmatch(text)
        if fits:
            return translated.format(
                **{name: _inner(part, language) for name, part in fits.groupdict().items()}
            )
    for separator, joined in (("\n", "\n"), (": ", "：")):
        if separator in text:
            parts = [_inner(part, language) for part in text.split(separator)]
            if any(part != old for part, old in zip(parts, text.split(separator), strict=True)):
                return joined.join(parts)
    return None


def _inner(text: str, language: str) -> str:
    if not _LETTER.search(text):
        return text
    return _matched(text, language) or text


@cache
def _templates(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    # The template with the most words of its own wins: "{n} customers of {m}" before "{n} {unit}".
    found = []
    for message, translated in catalog(language).items():
        if not placeholders(message):
            continue
        literal = "".join(part for part, *_ in string.Formatter().parse(message))
        if _LETTER.search(literal):
            found.append((len(literal), message, _pattern(message), translated))
    found.sort(key=lambda entry: (-entry[0], entry[1]))
    return tuple((pattern, translated) for _, _, pattern, translated in found)


def _pattern(message: str) -> re.Pattern[str]:
    pieces, seen = [], set()
    for literal, name, _, _ in string.Formatter().parse(message):
        pieces.append(re.escape(literal))
        if name:
            pieces.append(f"(?P={name})" if name in seen else f"(?P<{name}>.+?)")
            seen.add(name)
    return re.compile("".join(pieces), re.DOTALL)


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


def conflicts(language: str) -> list[str]:
    """List messages that two domains of a language say differently."""
    said: dict[str, tuple[str, str]] = {}
    wrong = []
    for path in domain_files(language):
        for message, words in _read(path).items():
            earlier = said.setdefault(message, (words, path.name))
            if earlier[0] != words:
                wrong.append(f"{message!r}: {earlier[0]} ({earlier[1]}), {words} ({path.name})")
    return wrong


def missing() -> list[Missing]:
    """List texts for which a language had no words since the last :func:`forget_missing`."""
    return list(_missing)


def forget_missing() -> None:
    """Start collecting missing texts anew."""
    _missing.clear()
    _fresh.clear()


def missing_since_last(language: str) -> list[Missing]:
    """List texts met without words since this was last asked, for the output that is being made."""
    found = [entry for entry in _fresh if entry.language == language]
    _fresh[:] = [entry for entry in _fresh if entry.language != language]
    return list(dict.fromkeys(found))


def _note(text: str, language: str, kind: str) -> None:
    if _LETTER.search(text) and not _CJK.search(text) and text not in _names:
        entry = Missing(language, text, kind)
        _missing[entry] = None
        _fresh.append(entry)
