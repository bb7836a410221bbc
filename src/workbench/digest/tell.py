"""Tell everybody of a study's newest run what is new for them, and remember it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from workbench.digest.deliver import DeliveryError, deliver
from workbench.digest.message import Digest, digests_of
from workbench.digest.told import remember
from workbench.errors import WorkbenchError
from workbench.runs.records.record import history_of
from workbench.study import Study


@dataclass(frozen=True)
class Telling:
    """What each addressee was told, or would be.

    Attributes
    ----------
    digests : tuple of Digest
        One an addressee.
    sent : tuple of str
        Names of those to whom a message went.
    failed : tuple of str
        A sentence about each message that could not be sent; it is tried again the next time.
    notes : tuple of str
        A sentence about each message that went without its page.
    """

    digests: tuple[Digest, ...]
    sent: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [str(each) for each in self.digests]
        if self.sent:
            lines.append(f"sent to {', '.join(self.sent)}")
        lines += self.notes
        hidden = sum(each.hidden for each in self.digests)
        if hidden:
            lines.append(f"{hidden} sentences held personal texts, which were taken out")
        return "\n".join(lines)


def tell(
    study: Study,
    root: Path,
    now: datetime,
    environment: Mapping[str, str],
    *,
    forbidden: Iterable[str] = (),
    only_say: bool = False,
    page_of: Callable[[Digest, Path], Path] | None = None,
) -> Telling:
    """Write and send the digests of a study.

    Parameters
    ----------
    study : Study
    root : Path
        The folder that holds ``runs/``.
    now : datetime
        With a time zone.
    environment : mapping of str to str
        Holds the addresses.
    forbidden : iterable of str
        Texts by which customers could be recognised.
    only_say : bool
        Send nothing, and remember nothing.
    page_of : callable, optional
        Makes, in a folder, the file for an addressee whose card asks for the page.

    Raises
    ------
    WorkbenchError
        If the card names nobody to tell.
    """
    if study.alerts is None or not study.alerts.to:
        raise WorkbenchError(
            "the card names nobody to tell",
            where=str(study.path),
            remedy="add `alerts: {to: [{name: ..., address: ENVIRONMENT_VARIABLE}]}`",
        )
    digests = tuple(digests_of(study, root, now, forbidden))
    if only_say:
        return Telling(digests)
    folder = history_of(root, study.name)
    sent, failed, notes = list[str](), list[str](), list[str]()
    for each in digests:
        try:
            if each.says:
                with TemporaryDirectory() as aside:
                    page = None
                    if each.to.page and page_of is not None:
                        try:
                            page = page_of(each, Path(aside))
                        except WorkbenchError as why:  # the sentences are worth more than it
                            notes.append(f"{each.to.name} is told without the page: {why}")
                    deliver(each, environment, page)
                sent.append(each.to.name)
            # one by one: whoever was told before a kill is not told twice
            remember(folder, each.to, each.keys)
        except DeliveryError as error:
            failed.append(str(error))
    return Telling(digests, tuple(sent), tuple(failed), tuple(notes))
