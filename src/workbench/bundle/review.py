"""A reviewer's report on a bundle, as a page and as a document, with a checklist from facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from workbench.bundle.checks import Inspection
from workbench.bundle.parts import LOCK, BundleError, card_of
from workbench.bundle.verify import Verification

_FORMS = (".html", ".docx")
_MOST = 200
#: How wide the columns of a table are in the document, in centimetres.
_WIDTHS = {3: (2.9, 2.6, 9.7), 4: (2.7, 4.6, 2.1, 5.8)}
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;"
    "color:#1a1a1a;background:#fff}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;border-bottom:1px solid #ccc}"
    "code{overflow-wrap:anywhere}.differs,.no{font-weight:700;color:#9b1c1c}"
    "@media(prefers-color-scheme:dark){body{background:#111;color:#eee}.differs,.no{color:#ff9c9c}}"
)


@dataclass(frozen=True)
class ChecklistItem:
    """One question of the checklist.

    Attributes
    ----------
    part : str
        Which demand it belongs to: versioned, reproducible, traceable, documented, protected,
        tested.
    question : str
        What is asked.
    answer : {"yes", "no", "cannot be told"}
        What the facts say.
    fact : str
        The facts.
    """

    part: str
    question: str
    answer: str
    fact: str


def checklist(found: Verification) -> list[ChecklistItem]:
    """Answer the questions of a reproducible analytical pipeline from what a bundle holds."""
    if not found.facts:
        return []
    bundle, facts = found.bundle, found.facts
    try:
        record, card = bundle.record(), card_of(bundle)
    except BundleError:
        return []  # the checks say what of it cannot be read
    by_name = {each.name: each for each in found.checks}
    code, notebooks = facts["code"], record["notebooks"]
    commit = str(code["commit"])
    status = [step["status"] for step in notebooks.values()]
    seeds, done = facts["seeds"], sum(s in ("done", "cached") for s in status)
    described = [k for k in ("title", "description", "origin", "licence") if card.get(k)]
    lacking = [k for k in ("title", "description", "origin", "licence") if not card.get(k)]
    rows = [
        ("versioned", "Is the code that ran under version control, without later changes?",
         "no" if commit.endswith("+") or not commit else "yes",
         f"commit {commit[:12] or 'none'}{', with changes on top' if commit.endswith('+') else ''};"
         f" hash of the code {code['sha256'][:12]}"),
        ("versioned", "Are the versions of all packages fixed?",
         "yes" if LOCK in bundle.files and by_name["lock file"].outcome == "agrees" else "no",
         by_name["lock file"].said),
        ("reproducible", "Does a seed stand behind every notebook that draws at random?",
         "yes" if seeds else "cannot be told",
         f"{len(seeds)} of {done} notebooks take one"),
        ("reproducible", "Does the study come to the same when it is run again?",
         _answer(by_name["run again"]), by_name["run again"].said),
        ("reproducible", "Is every input known by its hash?", _answer(by_name["inputs"]),
         by_name["inputs"].said),
        ("traceable", "Do the pages show what the executed notebooks show?",
         _answer(by_name.get("pages")), _said(by_name.get("pages"))),
        ("traceable", "Is every number that states a fact stored as a result?",
         _answer(by_name.get("numbers")), _said(by_name.get("numbers"))),
        ("traceable", "Is it known of every number on the pages where it comes from?",
         _answer(by_name.get("all numbers")), _said(by_name.get("all numbers"))),
        ("traceable", "Is every verdict stored as a result?",
         _answer(by_name.get("verdicts")), _said(by_name.get("verdicts"))),
        ("documented", "Does the card say what the data are and where they are from?",
         "no" if lacking else "yes",
         f"there: {', '.join(described) or 'nothing'}" + (
             f"; missing: {', '.join(lacking)}" if lacking else "")),
        ("documented", "Can others' tools read what the bundle holds?",
         _answer(by_name["description"]), by_name["description"].said),
        ("protected", "Are rows of persons left out?",
         "no" if facts["data"] == "include" and not card.get("simulated")
         and not (card.get("privacy") or {}).get("public") else "yes",
         _whose_rows(facts, card)),
        ("tested", "Did every notebook that could run end well, with the results it promises?",
         "no" if "failed" in status else "yes",
         f"{done} ended well, {status.count('failed')} failed, {status.count('skipped')} had"
         " nothing to do"),
        ("tested", "Did the tests of the code pass?", "cannot be told",
         "the tests belong to the code's repository, at the commit named above"),
    ]  # fmt: skip
    return [ChecklistItem(*row) for row in rows]


def write_report(found: Verification, path: Path) -> None:
    """Write the report of a verification as a page (.html) or a document (.docx).

    Raises
    ------
    BundleError
        For any other ending.
    """
    if path.suffix not in _FORMS:
        raise BundleError(
            f"a report cannot be written as {path.suffix or 'a file without an ending'}",
            where=str(path),
            remedy=f"end its name in {' or '.join(_FORMS)}",
        )
    items = checklist(found)
    if path.suffix == ".html":
        path.write_text(_page(found, items), encoding="utf-8")
    else:
        _document(found, items, path)


def _whose_rows(facts: Mapping[str, Any], card: Mapping[str, Any]) -> str:
    if facts["data"] == "include":
        why = "simulated, and of nobody" if card.get("simulated") else "published already"
        return f"the tables go along: the card says that they are {why}"
    with_them = "a synthetic twin stands for the tables" if facts["data"] == "twin" else (
        "no tables go along")  # fmt: skip
    return f"{with_them}; {len(facts['left_out'])} results with a row a person left out"


def _answer(check: Inspection | None) -> str:
    if check is None or check.outcome == "not checked":
        return "cannot be told"
    return "yes" if check.outcome == "agrees" else "no"


def _said(check: Inspection | None) -> str:
    return "it was not reached" if check is None else check.said


def _summary(found: Verification) -> list[str]:
    facts = found.facts
    if not facts:
        return [f"File {found.path.name}, seal {found.seal}: what it is of cannot be read."]
    differing = len(found.faults)
    open_ = [check.name for check in found.checks if check.outcome == "not checked"]
    return [
        f"Study {facts['study']}, run {facts['run']}, bundled {facts['made']}.",
        f"File {found.path.name}, seal {found.seal}.",
        "Nothing differs from what was handed on."
        if not differing
        else f"{differing} places differ; they are listed below.",
        f"Not checked: {', '.join(open_)}." if open_ else "Everything was checked.",
    ]


def _tables(
    found: Verification, items: Sequence[ChecklistItem]
) -> list[tuple[str, tuple[str, ...], list[tuple[str, ...]]]]:
    checks = [(each.name, each.outcome, each.said) for each in found.checks]
    faults = [(each.kind, each.where, each.what) for each in found.faults[:_MOST]]
    answers = [(each.part, each.question, each.answer, each.fact) for each in items]
    left = [
        (name, str(about["why"]), str(about["sha256"])[:16])
        for part in ("inputs", "left_out")
        for name, about in found.facts.get(part, {}).items()
        if about.get("why")
    ]
    tables: list[tuple[str, tuple[str, ...], list[tuple[str, ...]]]] = [
        ("What was checked", ("Check", "Outcome", "What was found"), [*checks])
    ]
    if faults:
        tables.append(("What differs", ("Check", "Place", "What is wrong"), [*faults]))
    tables.append(("Checklist", ("Demand", "Question", "Answer", "Facts"), [*answers]))
    if left:
        tables.append(("What is not in the bundle", ("File", "Why", "SHA-256"), [*left]))
    return tables


def _page(found: Verification, items: Sequence[ChecklistItem]) -> str:
    body = ["<h1>Reviewer's report</h1>", *(f"<p>{escape(x)}</p>" for x in _summary(found))]
    for title, heads, rows in _tables(found, items):
        head = "".join(f'<th scope="col">{escape(each)}</th>' for each in heads)
        lines = "".join(
            "<tr>"
            + "".join(f'<td class="{escape(x.replace(" ", "-"), quote=True)}">{escape(x)}</td>'
                      if x in ("agrees", "differs", "not checked", "yes", "no", "cannot be told")
                      else f"<td>{escape(x)}</td>" for x in row)
            + "</tr>"
            for row in rows
        )  # fmt: skip
        body.append(
            f"<h2>{escape(title)}</h2><table><thead><tr>{head}</tr></thead>"
            f"<tbody>{lines}</tbody></table>"
        )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        "<title>Reviewer's report</title>"
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><main>{''.join(body)}</main></body></html>\n"
    )


def _document(found: Verification, items: Sequence[ChecklistItem], path: Path) -> None:
    import docx
    from docx.shared import Cm

    document = docx.Document()
    document.core_properties.title = "Reviewer's report"
    document.core_properties.author = "workbench verify"
    document.add_heading("Reviewer's report", level=0)
    for text in _summary(found):
        document.add_paragraph(text)
    for title, heads, rows in _tables(found, items):
        document.add_heading(title, level=1)
        table = document.add_table(rows=1, cols=len(heads), style="Table Grid")
        table.autofit = False
        for cell, text in zip(table.rows[0].cells, heads, strict=True):
            cell.paragraphs[0].add_run(text).bold = True
        _marked(table.rows[0], "w:tblHeader")  # on each page that the table goes on to
        for row in rows:
            for cell, text in zip(table.add_row().cells, row, strict=True):
                cell.text = text
        for column, wide in zip(table.columns, _WIDTHS[len(heads)], strict=True):
            column.width = Cm(wide)
        for line in table.rows:
            _marked(line, "w:cantSplit")
            for cell, wide in zip(line.cells, _WIDTHS[len(heads)], strict=True):
                cell.width = Cm(wide)
    document.save(str(path))


def _marked(row: Any, mark: str) -> None:
    """Say of a row what Word has no function for here."""
    from docx.oxml import OxmlElement

    row._tr.get_or_add_trPr().append(OxmlElement(mark))
