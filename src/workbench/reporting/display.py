"""Hand outputs to the notebook: one a language, each saying which language it is and what it is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from workbench.languages import Language
from workbench.languages.catalogs import learnt, missing_since_last, study_currency

ROLES = (
    "heading",
    "prose",
    "callout",
    "headlines",
    "cards",
    "figure",
    "figure-title",
    "figure-data",
    "table",
)


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

    Notes
    -----
    ``missing`` in the metadata lists texts that had no words in the language and stand there in
    English; ``names`` those in cells of tables and in names of data, which may be meant so.
    """
    from IPython.display import display

    about: dict[str, Any] = {"language": language, "role": role, **details}
    absent = missing_since_last(language)
    for key, kinds in (("missing", ("text", "axes", "header")), ("names", ("cell",))):
        texts = [entry.text for entry in absent if entry.kind in kinds]
        if texts:
            about[key] = texts
    shown = dict(data)
    if "text/html" in shown and not unattended():
        shown["text/html"] = f"<style>{LAB_STYLE}</style>{shown['text/html']}"
    display(shown, raw=True, metadata={"workbench": about})  # type: ignore[no-untyped-call]


def spoken_in(code: str) -> Language:
    """Give a language with what the open study brings to it: its own words and its currency."""
    return Language(code, words=learnt(code), currency=study_currency())


def unattended() -> bool:
    """Whether a run executes the notebook, so that the site's style sheet will dress it."""
    return bool(os.environ.get("WORKBENCH_LANGUAGES"))
