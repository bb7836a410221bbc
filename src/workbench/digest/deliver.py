"""Send digests to where the environment says, by mail, chat or any other service of Apprise."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench.digest.message import Digest
from workbench.errors import WorkbenchError


class DeliveryError(WorkbenchError):
    """A digest that could not be sent; says where the address stands, and never the address."""


def deliver(digest: Digest, environment: Mapping[str, str], page: Path | None = None) -> None:
    """Send a digest to all the addresses of its addressee.

    Parameters
    ----------
    digest : Digest
        One with something to tell.
    environment : mapping of str to str
        Holds the address: Apprise URLs, with blanks between them.
    page : Path, optional
        A file that goes along, where the service takes files.

    Raises
    ------
    DeliveryError
        If there is no address, it is none, or the service did not take the message.
    """
    where = f"environment variable {digest.to.address} (addressee {digest.to.name})"
    urls = environment.get(digest.to.address, "").split()
    if not urls:
        raise DeliveryError(
            "there is no address",
            where=where,
            remedy="set it to an Apprise URL, such as mailto://user:password@host?to=somebody,"
            " wecombot://key, dingtalk://token, feishu://token, slack://... or workflows://...;"
            " or look at the message with --dry-run",
        )
    try:
        import apprise
    except ImportError:
        raise DeliveryError(
            "apprise, which sends digests, is not installed",
            where="workbench digest",
            remedy='pip install "customer-workbench[notify]"',
        ) from None
    # It logs addresses, and some of its services log what they send.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    failed = [at for at, url in enumerate(urls, start=1) if not _sent(apprise, url, digest, page)]
    if failed:
        raise DeliveryError(
            f"{len(failed)} of {len(urls)} addresses did not take the message"
            f" (number {_listed(failed)})",
            where=where,
            remedy="look at the address and whether the service can be reached",
        )


def _sent(apprise: object, url: str, digest: Digest, page: Path | None) -> bool:
    sender = apprise.Apprise()  # type: ignore[attr-defined]
    try:
        return bool(
            re.match(r"[a-z][a-z0-9+.-]*://", url, re.IGNORECASE)
            and sender.add(url)
            and sender.notify(title=digest.title, body=digest.body, attach=_taken(sender, page))
        )
    except Exception:  # a plug-in's own error may hold the address
        return False


def _taken(sender: Any, page: Path | None) -> str | None:
    """Give the file to those that take files: to the others it would be a failure."""
    takes = all(getattr(each, "attachment_support", False) for each in sender)
    return str(page) if page is not None and takes else None


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))
