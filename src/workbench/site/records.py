"""What the site reads of a study: its newest run, and the last good page of each notebook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import SiteError
from workbench.runs.record import RunRecord, StepRecord, damaged, last_good, last_run, list_runs
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
    runs, lost = list_runs(folder), damaged(folder)
    if not runs:
        raise SiteError(
            f"study {study!r} has no finished run" + (" that can be read" if lost else ""),
            where=str(folder),
            remedy=f"run `workbench run {study}` first",
        )
    run = runs[0]
    entries = tuple(PageSource(step, last_good(runs, key)) for key, step in run.notebooks.items())
    return StudyRecord(load_study(root / "data" / study), run, entries, tuple(lost))


def studies_with_runs(root: Path) -> list[str]:
    """Name the studies that have a card and a finished run, in the order of their names."""
    cards = sorted((root / "data").glob("*/study.yml"))
    names = [card.parent.name for card in cards]
    return [name for name in names if last_run(root / "runs" / name) is not None]
