"""What a study's pages stored, for the pages that list them: cards and verdicts in one language."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.languages import Language
from workbench.reporting.cards import card
from workbench.reporting.landing import changed, news, sentences, standing
from workbench.reporting.overview import Overview, overview_of
from workbench.reporting.sentences import phrase
from workbench.reporting.study_words import language_of
from workbench.runs.records.handover import read_findings, read_headlines
from workbench.runs.records.record import last_complete
from workbench.site.editions.records import StudyRecord, pick
from workbench.site.staging.feed import News


@dataclass(frozen=True)
class StoredResults:
    """The headline numbers and findings of the newest run of a study.

    Attributes
    ----------
    overview : Overview
        What its pages stored.
    language : Language
        The edition's.
    lost : tuple of str
        What of it cannot be read, and why.
    """

    overview: Overview
    language: Language
    lost: tuple[str, ...] = ()

    def leading(self) -> list[str]:
        """Give the cards that speak for the study, as its landing page has them."""
        rows = self.overview.leading()
        return [card(row, self.overview.before, self.language) for row in rows]

    def message(self) -> str:
        """Say as HTML how the study stands, as its landing page does."""
        return sentences(self.overview.message(), self.language, "html")

    def standing(self) -> str:
        """Show how many goals and measures stand how, as HTML; empty without either."""
        return standing(self.overview, self.language)

    def news(self) -> str:
        """Say whether numbers have changed since the last complete run."""
        return news(self.overview, self.language)

    def told(self, record: StudyRecord, language: str) -> News:
        """Give what the run has to tell in a feed, as plain text."""
        return News(
            study=record.study.name,
            run=record.run.run,
            language=language,
            title=pick(record.study.title, language),
            says=sentences(self.overview.message(), self.language, "plain"),
            lines=(self.news(), *changed(self.overview, self.language)),
            at=record.run.finished or record.run.started,
        )

    def behind(self) -> int:
        """Count what needs somebody: goals behind, and measures that harm or do not pay."""
        behind = next((r["value"] for r in self.overview.rows if r["name"] == "goals.bad"), 0)
        verdicts = [each.verdict for each in self.overview.verdicts().values()]
        return int(behind) + sum(v in ("harmful", "shown, does not pay") for v in verdicts)

    def of_page(self, page: str) -> list[str]:
        """Give the cards of one page."""
        rows = self.overview.of_page(page)
        return [card(row, self.overview.before, self.language) for row in rows]

    def verdict(self, page: str) -> str:
        """Say as HTML what a page found of its case; nothing where it stored no verdict."""
        for finding in self.overview.findings.get(page, ()):
            if finding.key == "verdict":
                return phrase(finding, self.language, {}, form="html")
        return ""


def read_stored(record: StudyRecord, language: str) -> StoredResults:
    """Read what the notebooks that were good in the newest run stored.

    Parameters
    ----------
    record : StudyRecord
        The study with its newest run.
    language : str
        The edition's language.
    """
    folders = [
        entry.source.folder / "results" / entry.key
        for entry in record.entries
        if entry.source is not None and entry.step.good  # a kept page tells of another time
    ]
    last = last_complete(record.run.folder.parent, before=record.run.run)
    lost: list[str] = []
    before = read_headlines(sorted(last.glob("results/*/")), lost) if last else {}
    numbers, findings = read_headlines(folders, lost), read_findings(folders, lost)
    overview = overview_of(record.study, numbers, findings, before)
    return StoredResults(overview, language_of(record.study, language), tuple(lost))
