"""Reads a codebook: the aspects that comments are about, and the words by which they are known."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from workbench.errors import WorkbenchError
from workbench.study.reader import Problem, explain, gathered, line_of, read_yaml

_Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
#: The codebook for services that comes with the workbench.
DEFAULT = Path(str(files("workbench.study"))) / "codebooks" / "service.yml"


class CodebookError(WorkbenchError):
    """A codebook that cannot be read or contradicts itself."""


class _Named(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(_Named):
    """Words of each language, and phrases in which they mean something else."""

    en: tuple[_Word, ...] = ()
    zh: tuple[_Word, ...] = ()
    except_: dict[str, tuple[_Word, ...]] = Field(default_factory=dict, alias="except")


class Aspect(_Named):
    """What comments may be about."""

    title: dict[str, _Word] | _Word | None = None
    words: Words


class CodebookFile(_Named):
    """A codebook as it stands in its file."""

    aspects: dict[_Word, Aspect] = Field(min_length=1)


def read_codebook(path: Path | None = None) -> dict[str, dict[str, Any]]:
    """Read and check a codebook.

    Parameters
    ----------
    path : Path, optional
        A YAML file; the workbench's own codebook for services when left out.

    Returns
    -------
    dict
        For each aspect `title` (by language), `words` and `except` (lists by language).

    Raises
    ------
    CodebookError
        The file is not there, not UTF-8, not YAML, or has problems; each is named with its line
        and key.
    """
    path = path or DEFAULT
    if not path.is_file():
        raise CodebookError(
            "there is no such file",
            where=str(path),
            remedy="correct survey.codebook in study.yml, or leave it out for the default",
        )
    raw, lines, problems = read_yaml(path, CodebookError)
    try:
        book = CodebookFile.model_validate(raw)
    except ValidationError as bad:
        wrong = [explain(problem, CodebookFile, lines) for problem in bad.errors()]
        raise gathered(path, [*problems, *wrong], CodebookError) from None
    problems += _contradictions(book, lines)
    if problems:
        raise gathered(path, problems, CodebookError)
    plain: dict[str, dict[str, Any]] = {}
    for name, aspect in book.aspects.items():
        title = aspect.title or name
        plain[name] = {
            "title": dict(title) if isinstance(title, dict) else {"en": title},
            "words": {"en": list(aspect.words.en), "zh": list(aspect.words.zh)},
            "except": {k: list(v) for k, v in aspect.words.except_.items()},
        }
    return plain


def _contradictions(book: CodebookFile, lines: Any) -> list[Problem]:
    problems: list[Problem] = []
    owner: dict[tuple[str, str], str] = {}
    for name, aspect in book.aspects.items():
        at = ("aspects", name, "words")
        key = f"aspects.{name}.words"
        if not aspect.words.en and not aspect.words.zh:
            problems.append((line_of(at, lines), f"{key}: give at least one word, under en or zh"))
        for language in ("en", "zh"):
            for i, word in enumerate(getattr(aspect.words, language)):
                line = line_of((*at, language, i), lines)
                where = f"{key}.{language}[{i}]"
                if word.strip("*") == "" or "*" in word.rstrip("*"):
                    problems.append((line, f"{where}: {word!r}; `*` may only end a word"))
                same = (language, word.casefold())
                if same in owner:
                    first = owner[same]
                    place = "twice" if first == name else f"under {first!r} and {name!r}"
                    problems.append((line, f"{where}: {word!r} stands {place}; keep one"))
                owner.setdefault(same, name)
        for language in aspect.words.except_:
            if language not in ("en", "zh"):
                line = line_of((*at, "except", language), lines)
                problems.append((line, f"{key}.except.{language}: write en or zh"))
    return problems
