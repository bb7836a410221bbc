"""A document as one page of HTML that needs nothing else and prints on A4."""

from __future__ import annotations

from html import escape
from pathlib import Path

from workbench.languages import Language
from workbench.satisfaction.instrument.printed import (
    Part,
    Printed,
    ends_alone,
    part_code,
    says_nothing,
)

_STYLE = """
@page { size: A4; margin: 13mm 18mm; }
* { box-sizing: border-box; }
body { font: 10.5pt/1.4 Calibri, "Segoe UI", "Noto Sans", "Microsoft YaHei", "PingFang SC",
  "Noto Sans CJK SC", sans-serif; color: #1b1f24; max-width: 174mm; margin: 10mm auto;
  padding: 0 4mm; }
h1 { font-size: 20pt; margin: 0 0 4mm; } h2 { font-size: 14pt; margin: 5.5mm 0 1.5mm; }
h3 { font-size: 11.5pt; margin: 5mm 0 1mm; } h2, h3 { break-after: avoid; }
p { margin: 1.5mm 0; } p.question { break-after: avoid; margin-top: 3.5mm; }
.note { font-size: 9pt; color: #555; } code { font: 7pt monospace; color: #767676; }
table.statements { table-layout: fixed; }
table { border-collapse: collapse; width: 100%; margin: 2mm 0 3mm; }
tr { break-inside: avoid; } thead { display: table-header-group; }
th, td { border: .3pt solid #888; padding: 1.05mm 1.5mm; text-align: center;
  vertical-align: middle; }
th { font-size: 7.5pt; font-weight: 600; text-wrap: balance; background: #f1f3f5;
  white-space: pre-line; }
table.statements th { padding: 1.2mm .4mm; font-size: 7pt; }
table th.low { text-align: left; padding-left: 1.5mm; }
table th.high { text-align: right; padding-right: 1.5mm; }
table.statements td:first-child, table.statements th:first-child, table.form td, table.form th {
  text-align: left; }
table.form td { vertical-align: top; height: 9mm; white-space: pre-line; }
ul { margin: 1mm 0 2mm; padding-left: 6mm; } ul.choices { list-style: none; padding-left: 4mm;
  display: flex; flex-wrap: wrap; gap: .5mm 7mm; break-inside: avoid; }
p:has(+ table), p:has(+ ul) { break-after: avoid; }
ul.choices li::before { content: "\\2610\\00a0\\00a0"; }
.line { border-bottom: .4pt solid #777; height: 7.5mm; }
.field { display: flex; gap: 3mm; align-items: flex-end; min-height: 8mm; }
.field span:first-child { flex: 0 0 55mm; } .field span:last-child { flex: 1;
  border-bottom: .4pt solid #777; }
.lines { break-inside: avoid; break-before: avoid; } p:has(+ .lines) { break-after: avoid; }
.new { break-before: page; } footer { margin-top: 4mm; font-size: 8pt;
  break-before: avoid; color: #666; text-align: center; }
@media print { body { margin: 0; padding: 0; max-width: none; } }
"""


def write_page(printed: Printed, path: Path) -> None:
    """Write the page."""
    path.write_text(page_of(printed), encoding="utf-8")


def page_of(printed: Printed) -> str:
    """Give the page as HTML."""
    body = "\n".join(_html(part) for part in printed.parts)
    footer = f"<footer>{escape(printed.footer)}</footer>" if printed.footer else ""
    return (
        f'<!DOCTYPE html>\n<html lang="{Language(printed.language).tag}">\n<head>\n'
        '<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n'
        f"<title>{escape(printed.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{escape(printed.title)}</h1>\n{body}\n{footer}\n</body>\n</html>\n"
    )


def _html(part: Part) -> str:
    if part.kind == "heading":
        level = part.count + 1
        return f"<h{level}>{escape(part.text)}</h{level}>"
    if part.kind == "text":
        question = ' class="question"' if part_code(part.text)[1] else ""
        return f"<p{question}>{_coded(part.text)}</p>"
    if part.kind == "note":
        return f'<p class="note">{escape(part.text)}</p>'
    if part.kind in ("list", "choices"):
        items = "".join(f"<li>{escape(text)}</li>" for (text,) in part.rows)
        return f"<ul{' class=choices' if part.kind == 'choices' else ''}>{items}</ul>"
    if part.kind == "lines":
        return f'<div class="lines">{"<div class=line></div>" * part.count}</div>'
    if part.kind == "fields":
        return "".join(
            f'<div class="field"><span>{escape(label)}</span><span></span></div>'
            for (label,) in part.rows
        )
    return _grid(part) if part.kind == "grid" else '<div class="new"></div>'


def _coded(text: str) -> str:
    words, code = part_code(text)
    return f"{escape(words)} <code>{escape(code)}</code>" if code else escape(words)


def _head(part: Part) -> str:
    words = part.rows[0]
    lead = 1 if part.look == "statements" else 0
    if part.look == "form" or not ends_alone(words[lead:]):
        return "".join(f"<th>{escape(text)}</th>" for text in words)
    half = (len(words) - lead) // 2
    left, right = half, len(words) - lead - half
    return (
        "<th></th>" * lead
        + f'<th colspan="{left}" class="low">{escape(words[lead])}</th>'
        + f'<th colspan="{right}" class="high">{escape(words[-1])}</th>'
    )


def _grid(part: Part) -> str:
    shares = part.widths or (1.0,) * len(part.rows[0])
    columns = "".join(f'<col style="width:{100 * s / sum(shares):.3g}%">' for s in shares)
    # a table that goes on needs no row of grades: they stand in each of its cells
    head = "" if says_nothing(part) else f"<thead><tr>{_head(part)}</tr></thead>"
    rows = "".join(
        "<tr>" + "".join(f"<td>{_coded(text)}</td>" for text in row) + "</tr>"
        for row in part.rows[1:]
    )
    return (
        f'<table class="{part.look}"><colgroup>{columns}</colgroup>{head}'
        f"<tbody>{rows}</tbody></table>"
    )
