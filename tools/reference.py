"""The reference of the entry points: ``python -m tools.reference`` writes it to ``_docs/``.

Signatures and docstrings are read by griffe; the pages are made by the renderer that the site
falls back on. Each entry point has an example, which a test runs.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import griffe

ROOT = Path(__file__).parents[1]
OUTPUT = ROOT / "_docs"

#: What a researcher calls by hand, by the page on which it stands.
ENTRY_POINTS: Mapping[str, tuple[str, ...]] = {
    "A study and its tables": (
        "workbench.notebook.open_run",
        "workbench.study.load_study",
        "workbench.data.open_tables",
        "workbench.data.check_study",
        "workbench.data.customer_summary",
        "workbench.data.rfm_scores",
        "workbench.data.indicator",
        "workbench.data.library",
        "workbench.data.register",
    ),
    "Results": (
        "workbench.results.Estimate",
        "workbench.results.Finding",
        "workbench.results.labelled",
        "workbench.languages.Language",
    ),
    "Segments and churn": (
        "workbench.segments.tiers",
        "workbench.segments.lifecycle",
        "workbench.segments.clusters",
        "workbench.segments.survival",
        "workbench.segments.hazards",
    ),
    "Customer lifetime value": (
        "workbench.clv.BetaGeometric",
        "workbench.clv.ParetoNBD",
        "workbench.clv.GammaGamma",
        "workbench.clv.ShiftedBetaGeometric",
        "workbench.clv.choose",
        "workbench.clv.customer_value",
    ),
    "Satisfaction": (
        "workbench.satisfaction.read_answers",
        "workbench.satisfaction.gaps",
        "workbench.satisfaction.nps",
        "workbench.satisfaction.cronbach_alpha",
        "workbench.satisfaction.lmg",
        "workbench.satisfaction.detectable_change",
    ),
    "Measures": (
        "workbench.impact.read_panel",
        "workbench.impact.difference_in_differences",
        "workbench.impact.interrupted_series",
        "workbench.impact.synthetic_control",
        "workbench.impact.staggered_adoption",
        "workbench.impact.evaluate",
    ),
    "Goals": (
        "workbench.goals.read_goals",
        "workbench.goals.ahp",
        "workbench.goals.xmr",
        "workbench.goals.u_chart",
    ),
    "Statistics": (
        "workbench.stats.wilson",
        "workbench.stats.mean_difference",
        "workbench.stats.proportion_difference",
        "workbench.stats.krippendorff",
        "workbench.stats.benjamini_hochberg",
    ),
}


def entry_points() -> list[str]:
    """List the dotted names of all entry points."""
    return [name for names in ENTRY_POINTS.values() for name in names]


def load(search: Path = ROOT / "src") -> griffe.Module:
    """Read the package's signatures and docstrings."""
    package = griffe.load("workbench", search_paths=[str(search)], docstring_parser="numpy")
    if not isinstance(package, griffe.Module):
        raise TypeError(f"{package.path} is no package")
    return package


def resolve(name: str) -> Any:
    """Import what a dotted name stands for: rooms give names on from the files that define them."""
    room, _, short = name.rpartition(".")
    return getattr(import_module(room), short)


def find(package: griffe.Module, name: str) -> Any:
    """Find the definition that a dotted name stands for."""
    thing = resolve(name)
    return package[f"{thing.__module__}.{thing.__qualname__}".removeprefix("workbench.")]


def describe(name: str, thing: Any) -> str:
    """Write one entry point as Markdown."""
    short = name.rpartition(".")[2]
    lines = [f"## {short} {{#{name.replace('.', '-')}}}", ""]
    signature = f"{short}({', '.join(_arguments(thing))})"
    shown = name.rpartition(".")[0]
    lines += ["```python", f"from {shown} import {short}", "", _folded(signature), "```", ""]
    if thing.docstring is None:
        return "\n".join(lines)
    for section in _sections(thing):
        lines += _section(section)
    return "\n".join(lines)


def _sections(thing: Any) -> list[Any]:
    """Parse a docstring; a class that does not list its parameters has those of its base."""
    sections = list(thing.docstring.parsed)
    listed = any(each.kind.value == "parameters" for each in sections)
    if listed or thing.kind is not griffe.Kind.CLASS:
        return sections
    bases = (base for base in thing.mro() if base.docstring)
    above = (each for base in bases for each in base.docstring.parsed)
    inherited = [each for each in above if each.kind.value == "parameters"][:1]
    return [*sections[:1], *inherited, *sections[1:]]


def _arguments(thing: Any) -> list[str]:
    parameters = thing.parameters
    if thing.kind is griffe.Kind.CLASS:
        parameters = [p for p in parameters if p.name != "self"]
    found, keyword_only = [], False
    for p in parameters:
        if p.kind is griffe.ParameterKind.keyword_only and not keyword_only:
            keyword_only = True
            found.append("*")
        if p.kind is griffe.ParameterKind.var_positional:
            keyword_only = True
        stars = {
            griffe.ParameterKind.var_positional: "*",
            griffe.ParameterKind.var_keyword: "**",
        }.get(p.kind, "")
        default = "" if p.default is None or stars else f"={p.default}"
        found.append(f"{stars}{p.name}{default}")
    return found


def _folded(signature: str, width: int = 92) -> str:
    if len(signature) <= width:
        return signature
    head, _, rest = signature.partition("(")
    parts = rest[:-1].split(", ")
    lines, line = [], "   "
    for part in parts:
        if len(line) + len(part) + 2 > width:
            lines.append(line)
            line = "   "
        line += f" {part},"
    return "\n".join([f"{head}(", *lines, line, ")"])


def _section(section: Any) -> list[str]:
    kind = section.kind.value
    if kind == "text":
        return [section.value, ""]
    if kind == "examples":
        lines = ["**Example**", ""]
        for part, text in section.value:
            lines += [text, ""] if part.value == "text" else ["```python", text, "```", ""]
        return lines
    if kind in ("parameters", "attributes", "raises", "returns", "yields"):
        lines = [f"**{kind.capitalize()}**", ""]
        for each in section.value:
            called = f"`{each.name}` " if getattr(each, "name", "") else ""
            told = " ".join(str(each.description).split())
            lines.append(f"- {called}*{each.annotation}*: {told}".replace(" *None*", ""))
        return [*lines, ""]
    return [f"**{section.title or kind.capitalize()}**", "", _text(section.value), ""]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(getattr(value, "contents", value))


def write_pages(folder: Path, package: griffe.Module) -> list[Path]:
    """Write one page a group of entry points, and an index; return the pages."""
    folder.mkdir(parents=True)
    index = ["---", "title: Reference", "---", "", "What a researcher calls by hand.", ""]
    pages = []
    for title, names in ENTRY_POINTS.items():
        page = folder / f"{title.lower().replace(' ', '-')}.qmd"
        body = [describe(name, find(package, name)) for name in names]
        page.write_text("\n".join(["---", f"title: {title}", "---", "", *body]), encoding="utf-8")
        pages.append(page)
        links = ", ".join(
            f"[`{n.rpartition('.')[2]}`]({page.stem}.html#{n.replace('.', '-')})" for n in names
        )
        index.append(f"- **[{title}]({page.stem}.html)**: {links}")
    home = folder / "index.qmd"
    home.write_text("\n".join(index), encoding="utf-8")
    return [home, *pages]


def render(folder: Path, pages: Iterable[Path], output: Path = OUTPUT) -> None:
    """Render the pages with the renderer that comes with the package."""
    from smalldocs.config import Project
    from smalldocs.site import Site

    config = {
        "project": {"type": "website", "output-dir": "_rendered"},
        "website": {
            "title": "Customer workbench",
            "sidebar": {"contents": [page.name for page in pages]},
        },
        "execute": {"enabled": False},
        "format": {"html": {"toc": True}},
    }
    Site(Project(folder, config), quiet=True).build()
    shutil.rmtree(output, ignore_errors=True)
    shutil.copytree(folder / "_rendered", output)


def main() -> int:
    """Write the reference; return the exit status."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as place:
        folder = Path(place) / "reference"
        render(folder, write_pages(folder, load()))
    sys.stdout.write(f"{OUTPUT}/index.html\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
