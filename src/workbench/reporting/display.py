"""Hand outputs to the notebook: one a language, each saying which language it is and what it is."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from workbench import trace
from workbench.errors import ReportingError
from workbench.languages import Language, speak
from workbench.languages.catalogs import SOURCE

LAB_STYLE = """
.wb-table-wrap{overflow-x:auto}
.wb-table{border-collapse:collapse;font-variant-numeric:tabular-nums}
.wb-table caption{text-align:left;padding:.3em 0;color:inherit}
.wb-title{display:block;font-weight:600}.wb-subtitle{display:block;opacity:.75}
.wb-table th,.wb-table td{padding:.25em .8em;text-align:left!important;vertical-align:top}
.wb-table .wb-num{text-align:right!important;white-space:nowrap}
.wb-table .wb-short{white-space:nowrap}
.wb-bar{display:inline-block;height:.6em;margin-right:.5em;background:currentColor;opacity:.35}
.wb-headlines{display:flex;flex-wrap:wrap;gap:.8em;padding:0!important;margin:.5em 0}
.wb-card{border:1px solid rgba(128,128,128,.4);border-radius:6px;padding:.6em .9em}
.wb-card{min-width:9em;max-width:17em}
.wb-card p{margin:0}.wb-card-label,.wb-card-interval,.wb-card-change{font-size:.9em;opacity:.8}
.wb-card-value{font-size:1.6em;font-weight:600}
.wb-personas{display:grid;grid-template-columns:repeat(auto-fill,minmax(17em,1fr));gap:.8em}
.wb-headlines>li,.wb-personas>li{list-style:none}
.wb-personas{padding:0!important}.wb-personas p,.wb-personas dl,.wb-personas dd{margin:0}
.wb-persona{border:1px solid rgba(128,128,128,.4);border-radius:6px;padding:.6em .9em}
.wb-persona-name{font-weight:600;font-size:1.1em}.wb-persona-label{font-size:.85em;opacity:.75}
.wb-persona-track{display:block}.wb-persona-track .wb-bar{display:block}
"""
"""What outputs wear in JupyterLab; on the site its own style sheet dresses them."""


class _Words(dict[str, str]):
    """Words of a study by the English ones; those that are said are what a notebook used."""

    def get(self, text: str, default: Any = None) -> Any:
        found = super().get(text, default)
        if found is not None:
            trace.note("text", text)
        return found


class StudyWords:
    """What a study brings to its pages; `configure` puts that of another in its place."""

    def __init__(
        self,
        languages: Sequence[str] = (),
        currency: str = "",
        words: Iterable[Mapping[str, str]] = (),
        proper: Iterable[object] = (),
    ) -> None:
        self.first = tuple(languages[:1])
        self.currency = currency
        self.proper = frozenset(map(str, proper))
        self.words: dict[str, _Words] = {}
        self.spoken: dict[str, Language] = {}
        for text in words:
            for language, said in text.items():
                if language != SOURCE and text.get(SOURCE):
                    self.words.setdefault(language, _Words())[text[SOURCE]] = said

    def language(self, code: str) -> Language:
        """Give the language of a code with what the study brings to it."""
        if code not in self.spoken:
            words = self.words.get(code, _Words())
            self.spoken[code] = Language(code, words, self.currency, self.proper)
        return self.spoken[code]


_opened = StudyWords()


def configure(
    languages: Sequence[str] = (),
    currency: str = "",
    words: Iterable[Mapping[str, str]] = (),
    proper: Iterable[object] = (),
) -> None:
    """Set what the open study brings, in place of what another one brought.

    Parameters
    ----------
    languages : sequence of str
        Where no environment variable says what is shown, it is the first of these.
    currency : str
        ISO 4217 code that sums of money have when none is given.
    words : iterable of mapping
        Texts such as the titles of goals, each by language; without English nothing could look
        them up.
    proper : iterable
        Names that are the same in every language.
    """
    global _opened
    _opened = StudyWords(languages, currency, words, proper)


def languages_shown() -> tuple[str, ...]:
    """Return the languages in which outputs are made, in order.

    ``WORKBENCH_LANGUAGES`` (all of a study's languages) is set while a run executes notebooks;
    ``WORKBENCH_LANGUAGE`` is what a researcher asked for in JupyterLab. Without either it is the
    first of the open study's languages, else English.
    """
    several = re.split(r"[,;\s]+", os.environ.get("WORKBENCH_LANGUAGES", "").strip())
    if any(several):
        return tuple(dict.fromkeys(code for code in several if code))
    one = os.environ.get("WORKBENCH_LANGUAGE", "").strip()
    return (one,) if one else _opened.first or (SOURCE,)


def readers() -> tuple[Language, ...]:
    """Return the languages in which outputs are made, with what the open study brings to each."""
    return tuple(map(_opened.language, languages_shown()))


def reader(language: str | Language) -> Language:
    """Give the language of a code with what the open study brings; a `Language` as it is."""
    return _opened.language(language) if isinstance(language, str) else speak(language)


def emit(role: str, language: Language, data: Mapping[str, str], **details: Any) -> None:
    """Display one output.

    Parameters
    ----------
    role : str
        message, heading, prose, callout, headlines, cards, figure, figure-title, figure-data or
        table.
    language : Language
        Language of its words; what it lacked since its last output is told with this one.
    data : mapping of str to str
        MIME type to content; always with ``text/plain``.
    **details
        More that the site may need to know, such as ``level`` or ``dark``.

    Notes
    -----
    ``missing`` in the metadata lists texts that had no words in the language and stand there in
    English; ``names`` those in cells of tables and in names of data, which may be meant so. Who
    works in JupyterLab is warned of what is missing, publishing warns of it page by page, and with
    ``WORKBENCH_WORDS=required``, as under ``.ci/run``, it is an error.

    Raises
    ------
    ReportingError
        When words are missing and required.
    """
    from IPython.display import display

    about: dict[str, Any] = {"language": language.code, "role": role, **details}
    for key, texts in (("missing", language.missing), ("names", language.names)):
        if texts:
            about[key] = list(dict.fromkeys(texts))
    language.missing.clear()
    language.names.clear()
    if "missing" in about:
        _tell_missing(language.code, about["missing"])
    shown = dict(data)
    if "text/html" in shown and not unattended():
        shown["text/html"] = f"<style>{LAB_STYLE}</style>{shown['text/html']}"
    display(shown, raw=True, metadata={"workbench": about})  # type: ignore[no-untyped-call]


def _tell_missing(code: str, texts: Sequence[str]) -> None:
    told = f"no {code} for {', '.join(map(repr, texts))}"
    remedy = "add it to a catalog under src/workbench/languages/locale"
    if os.environ.get("WORKBENCH_WORDS") == "required":
        raise ReportingError(told, remedy=remedy)
    if not unattended():
        warnings.warn(f"{told}; {remedy}", stacklevel=4)


def unattended() -> bool:
    """Whether a run executes the notebook, so that the site's style sheet will dress it."""
    return bool(os.environ.get("WORKBENCH_LANGUAGES"))
