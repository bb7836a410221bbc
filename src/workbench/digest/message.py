"""Three sentences and a link, for one addressee in her language, when there is news for her."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from workbench.digest.notices import Notice, notices_of, topic_of, unknown_topics
from workbench.digest.told import told_to
from workbench.languages import Language
from workbench.reporting.landing import sentences
from workbench.reporting.study_words import language_of
from workbench.results import Finding
from workbench.runs.records.record import history_of, last_run
from workbench.site.personal import HIDDEN, redact
from workbench.site.words import in_language
from workbench.study import Addressee, Study

#: Things that a second sentence names.
_NAMED = 3
_MORE = {
    1: "This is new, too: {things}.",
    2: "These are new, too: {things}.",
    3: "These are new, too: {things}, and {n} more.",
}
_CHANCE = "Of all that is watched, about {n} such changes a year are told that are chance alone."
_CHANCE_ONE = "Of all that is watched, about one such change a year is told that is chance alone."


@dataclass(frozen=True)
class Digest:
    """What one addressee is told, or that there is nothing to tell her.

    Attributes
    ----------
    to : Addressee
    title : str
    says : tuple of str
        Sentences, three at most; none where there is nothing to tell.
    link : str
    page : str
        The page of the site that has the news.
    keys : frozenset of str
        What she will have been told of all that is now so.
    hidden : int
        Personal texts that were taken out.
    """

    to: Addressee
    title: str = ""
    says: tuple[str, ...] = ()
    link: str = ""
    page: str = ""
    keys: frozenset[str] = frozenset()
    hidden: int = 0

    @property
    def body(self) -> str:
        """The message as it is sent, without its title."""
        return "\n".join([*self.says, *([self.link] if self.link else [])])

    def __str__(self) -> str:
        if not self.says:
            return f"{self.to.name}: nothing new to tell"
        return f"{self.to.name} ({self.to.address}): {self.title}\n{self.body}"


def digests_of(
    study: Study, root: Path, now: datetime, forbidden: Iterable[str] = ()
) -> list[Digest]:
    """Write what each addressee of a study is told of its newest run.

    Parameters
    ----------
    study : Study
    root : Path
        The folder that holds ``runs/``.
    now : datetime
        With a time zone.
    forbidden : iterable of str
        Texts by which customers could be recognised: they are taken out, wherever they stand.

    Returns
    -------
    list of Digest
        One an addressee, in the order of the card.
    """
    folder = history_of(root, study.name)
    run = last_run(folder)
    if run is None or study.alerts is None:
        return []
    notices, unknown = notices_of(study, run, now), unknown_topics(run)
    secrets = sorted((each for each in forbidden if each.strip()), key=len, reverse=True)
    found = []
    for to in study.alerts.to:
        own = [each for each in notices if _concerns(to, each)]
        before = told_to(folder, to)
        keys = {each.key for each in own}
        # of what nothing is known it is not known to be over either
        keys |= {key for key in before if topic_of(key) in unknown}
        new = [each for each in own if each.key not in before]
        found.append(_written(study, to, new, frozenset(keys), secrets))
    return found


def _concerns(to: Addressee, notice: Notice) -> bool:
    if notice.topic not in to.about:
        return False
    return notice.topic != "moves" or to.concerns(notice.by, notice.of)


def _written(
    study: Study, to: Addressee, new: Sequence[Notice], keys: frozenset[str], secrets: Sequence[str]
) -> Digest:
    if not new:
        return Digest(to, keys=keys)
    code = to.language or study.languages[0]
    language = language_of(study, code)
    page = "alerts" if new[0].topic == "moves" or new[0].finding.page else "index"
    says = [_said(each, language) for each in _three(study, new)]
    cleaned = [_cleaned(each, secrets) for each in says]
    title = _cleaned(
        language("{study}: {n} new", study=study.text(study.title, code), n=len(new)), secrets
    )
    return Digest(
        to,
        title=title,
        says=tuple(cleaned),
        link=_link(study, code, page),
        page=page,
        keys=keys,
        hidden=sum(a != b for a, b in zip(says, cleaned, strict=True)),
    )


def _three(study: Study, new: Sequence[Notice]) -> list[Finding]:
    first, others = new[0].finding, [each.finding for each in new[1:]]
    told = [first]
    if others:
        named = [_name_of(each) for each in others[:_NAMED]]
        left = len(others) - len(named)
        message = _MORE[3 if left else min(len(named), 2)]
        told.append(Finding("more", message, {"things": named, "n": left}))
    if first.next_step is not None and len(told) < 2:
        told.append(first.next_step)
    if any(each.topic == "moves" for each in new) and study.alerts is not None:
        often = study.alerts.false_alarms
        one = Finding("chance", _CHANCE_ONE)
        told.append(one if often == 1 else Finding("chance", _CHANCE, {"n": often}))
    return told


def _name_of(finding: Finding) -> Finding:
    """Give what a finding is about in few words: the record and its group, or the table."""
    values = finding.values
    if values.get("of"):
        return Finding("name", "{what} ({of})", {n: values[n] for n in ("what", "of")})
    what = values.get("what") or values.get("table")
    return Finding("name", "{what}", {"what": what or Finding("run", "a run broken off")})


def _said(finding: Finding, language: Language) -> str:
    return " ".join(sentences([finding], language, "plain").split())


def _cleaned(text: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return redact(text)


def _link(study: Study, code: str, page: str) -> str:
    site = None if study.alerts is None else study.alerts.site
    if site is None:
        return ""
    return f"{site.rstrip('/')}/{in_language(f'studies/{study.name}/{page}.html', code)}"
