"""What the site reads of a study: its newest run, and the last good page of each notebook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.errors import SiteError
from workbench.runs.records.record import RunRecord, StepRecord, last_good, last_run, read_runs
from workbench.site.personal import find, redact
from workbench.site.words import BASE
from workbench.study import Study, load_study

LANDING = "overview"
"""The notebook whose page is the study's first."""


@dataclass(frozen=True)
class PageSource:
    """One execution of a notebook, as the newest run tells it, and where its last good page is.

    Attributes
    ----------
    step : StepRecord
        What became of it in the newest run.
    source : RunRecord or None
        The newest run in which it was good; nothing when there is none.
    """

    step: StepRecord
    source: RunRecord | None

    @property
    def key(self) -> str:
        """``clv``, or ``case_evaluation-service_desk`` where a notebook runs once a case."""
        return self.step.key

    @property
    def listed_as_skipped(self) -> bool:
        """Whether it has no page here; one that skipped itself has the page of an earlier run."""
        if self.step.status != "skipped":
            return False
        return not (self.step.ended_itself and self.source is not None)

    @property
    def page(self) -> Path | None:
        """The executed notebook to show."""
        return self.source.notebook_path(self.key) if self.source else None

    @property
    def shown(self) -> StepRecord:
        """What became of the notebook in the run whose page is shown."""
        return self.source.notebooks[self.key] if self.source else self.step


@dataclass(frozen=True)
class StudyRecord:
    """A study with its newest run.

    Attributes
    ----------
    study : Study
        Its card.
    run : RunRecord
        The newest run that can be read.
    entries : tuple of PageSource
        Its pages.
    damaged : tuple of str
        Runs of it that cannot be read, and why.
    """

    study: Study
    run: RunRecord
    entries: tuple[PageSource, ...]
    damaged: tuple[str, ...] = ()
    #: What was taken out of the card's texts, each with its key.
    taken_out: tuple[str, ...] = ()


def pick(value: Mapping[str, str] | str | None, language: str) -> str:
    """Return a text in a language, else in English, else in whatever there is."""
    if not isinstance(value, Mapping):
        return value or ""
    return value.get(language) or value.get(BASE) or next(iter(value.values()), "")


def read_record(root: Path, study: str) -> StudyRecord:
    """Return a study with its newest run.

    Parameters
    ----------
    root : Path
        The project.
    study : str
        Name of a folder under ``data/``.

    Raises
    ------
    SiteError
        When the study has no finished run.
    """
    folder = root / "runs" / study
    runs, lost = read_runs(folder)
    if not runs:
        raise SiteError(
            f"study {study!r} has no finished run" + (" that can be read" if lost else ""),
            where=str(folder),
            remedy=f"run `workbench run {study}` first",
        )
    run = runs[0]
    entries = tuple(PageSource(step, last_good(runs, key)) for key, step in run.notebooks.items())
    card, taken_out = _without_addresses(load_study(root / "data" / study))
    return StudyRecord(card, run, entries, tuple(lost), taken_out)


def card_texts(study: Study) -> dict[str, str]:
    """Give every text that a card holds, by its key (``cases[0].title.zh``)."""
    dumped = study.model_dump(mode="json", exclude={"name", "folder", "tables", "connection"})
    return dict(_texts(dumped, ""))


def _texts(value: Any, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(inner, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list | tuple):
        for at, inner in enumerate(value):
            yield from _texts(inner, f"{key}[{at}]")


def _without_addresses(study: Study) -> tuple[Study, tuple[str, ...]]:
    """Take what looks like a person's address out of the texts that stand on shared pages."""
    allowed = set((study.contact or {}).values())
    said: list[str] = []

    def clean(value: Any, key: str) -> Any:
        if isinstance(value, str) and value not in allowed:
            found = dict.fromkeys(text for _, text in find(value))
            if found:
                said.append(
                    f"{study.path}, {key}: {', '.join(found)} looks like a person's address and is"
                    " not shown; what readers may write to belongs into `contact`"
                )
            return redact(value)
        if isinstance(value, Mapping):
            return {name: clean(inner, f"{key}.{name}") for name, inner in value.items()}
        return value

    shared = ("title", "description", "simulated_how", "origin", "licence")
    update: dict[str, Any] = {name: clean(getattr(study, name), name) for name in shared}
    update["cases"] = tuple(
        case.model_copy(update={"title": clean(case.title, f"cases[{at}].title")})
        for at, case in enumerate(study.cases)
    )
    return study.model_copy(update=update), tuple(said)


def studies_with_runs(root: Path) -> list[str]:
    """Name the studies that have a card and a finished run, in the order of their names."""
    cards = sorted((root / "data").glob("*/study.yml"))
    names = [card.parent.name for card in cards]
    return [name for name in names if last_run(root / "runs" / name) is not None]
