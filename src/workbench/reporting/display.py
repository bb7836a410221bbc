"""Hand outputs to the notebook: one a language, each saying which language it is and what it is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from workbench.reporting.languages import missing

ROLES = (
    "heading",
    "prose",
    "callout",
    "headlines",
    "figure",
    "figure-title",
    "figure-data",
    "table",
)


def emit(role: str, language: str, data: Mapping[str, str], **details: Any) -> None:
    """Display one output.

    Parameters
    ----------
    role : str
        One of :data:`ROLES`.
    language : str
        Language of its words.
    data : mapping of str to str
        MIME type to content; always with ``text/plain``.
    **details
        More that the site may need to know, such as ``level`` or ``dark``.
    """
    from IPython.display import display

    about: dict[str, Any] = {"language": language, "role": role, **details}
    absent = [entry.text for entry in missing() if entry.language == language]
    if absent:
        about["missing"] = absent
    display(dict(data), raw=True, metadata={"workbench": about})


def unattended() -> bool:
    """Whether a run executes the notebook, so that the site's style sheet will dress it."""
    return bool(os.environ.get("WORKBENCH_LANGUAGES"))
