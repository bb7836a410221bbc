"""Render the staged pages: with Quarto where it is on PATH, else with the embedded renderer.

Both read ``_quarto.yml`` (and its profiles), in a copy of the project that holds nothing but the
site's sources: neither can then read another file of the project, write beside the sources, or be
disturbed by somebody who edits a page meanwhile. Neither executes anything.

Quarto's ways that the embedded renderer does not have are done here for it: profiles are joined as
Quarto joins them, ``auto:`` entries of the sidebar become sections, and the front page's block of
studies, which a Lua filter fills under Quarto, is filled.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from workbench.errors import SiteError
from workbench.site.config import editions, read_config
from workbench.site.editions.page_cache import PageCache
from workbench.site.staging.edition import read_notebook
from workbench.site.staging.literal import as_written
from workbench.site.staging.stage import CARDS, REPORTS, edition_folder

RENDERERS = ("auto", "quarto", "embedded")
OUTPUT = "_site"
PATIENCE = 1800
"""Seconds after which Quarto is taken to hang."""

_SHORTCODE = re.compile(r"\{\{<\s*(include|env|embed)\s+([^>]*?)\s*>\}\}")
_STUDIES_BLOCK = re.compile(r"^(:{3,}) *\{\.studies\}\n.*?^\1 *$", re.MULTILINE | re.DOTALL)
_PAGES = (".qmd", ".md", ".ipynb")


@dataclass(frozen=True)
class Rendered:
    """What a renderer left.

    Attributes
    ----------
    folder : Path
        Holds ``reports/`` with the pages of all editions, as the renderer wrote them.
    renderer : str
        ``quarto 1.9.38``, ``smalldocs 0.5.4``.
    warnings : tuple of str
        Pages left out, and what the renderer said.
    """

    folder: Path
    renderer: str
    warnings: tuple[str, ...] = ()


def render(
    root: Path, work: Path, *, renderer: str = "auto", kept: PageCache | None = None
) -> Rendered:
    """Render all editions.

    Parameters
    ----------
    root : Path
        The project, staged.
    work : Path
        An empty folder to work in.
    renderer : {"auto", "quarto", "embedded"}
        ``auto`` takes Quarto where it is on PATH, and the embedded renderer where it is not or
        fails.
    kept : PageCache, optional
        What earlier publications rendered; the embedded renderer takes unchanged pages from it.

    Raises
    ------
    SiteError
        When there is no ``_quarto.yml``, a page reads beyond the site's sources, or nothing
        renders.
    """
    if renderer not in RENDERERS:
        raise SiteError(f"no renderer {renderer!r}", remedy=f"choose one of {', '.join(RENDERERS)}")
    if not (root / "_quarto.yml").is_file():
        raise SiteError(
            "there is no _quarto.yml", where=str(root), remedy="start in the project's root"
        )
    warnings = _copy_sources(root, work)
    command = shutil.which("quarto")
    if renderer == "quarto" and command is None:
        raise SiteError(
            "quarto is not on PATH", remedy="install it, or leave the renderer at 'auto'"
        )
    if command is not None and renderer != "embedded":
        try:
            version = _with_quarto(command, work)
            return Rendered(work / OUTPUT, f"quarto {version}", tuple(warnings))
        except SiteError as error:
            if renderer == "quarto":
                raise
            warnings.append(f"{error}; the embedded renderer took over")
    version, said = _with_embedded(work, kept or PageCache())
    return Rendered(work / OUTPUT, f"smalldocs {version}", (*warnings, *said))


def _copy_sources(root: Path, work: Path) -> list[str]:
    work.mkdir(parents=True, exist_ok=True)
    for path in sorted(root.glob("_quarto*.yml")):
        shutil.copy(path, work / path.name)
    shutil.copytree(root / REPORTS, work / REPORTS, dirs_exist_ok=True)
    warnings = []
    for path in sorted((work / REPORTS).rglob("*")):
        if path.suffix not in _PAGES:
            continue
        name = path.relative_to(work).as_posix()
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".ipynb":
            try:
                read_notebook(text, name)
            except SiteError as error:
                warnings.append(f"left out: {error}")
                path.unlink()
                continue
        _refuse_outside(text, path, work / REPORTS, name)
    return warnings


def _refuse_outside(text: str, path: Path, reports: Path, name: str) -> None:
    for kind, argument in _SHORTCODE.findall(text):
        asked = argument.split("#")[0].strip("\"' \\")
        inside = (path.parent / asked).resolve().is_relative_to(reports.resolve())
        if kind == "env" or not inside or asked.startswith("/"):
            raise SiteError(
                f"the shortcode {kind} {asked!r} reads what is not the site's",
                where=name,
                remedy=f"keep the text in {REPORTS}/ and name it from the page",
            )


# --- Quarto -----------------------------------------------------------------------------------


def _with_quarto(command: str, work: Path) -> str:
    version = _call([command, "--version"], work).strip()
    for language in editions(work):
        _call([command, "render", ".", "--no-clean", "--profile", language], work)
    return version


def _call(command: list[str], work: Path) -> str:
    env = {k: v for k, v in os.environ.items() if k != "QUARTO_PROFILE"} | {"NO_COLOR": "1"}
    try:
        done = subprocess.run(
            command,
            cwd=work,
            env=env,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SiteError(f"quarto did not finish: {error}", where=" ".join(command[1:])) from error
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise SiteError(
            f"quarto failed: {' / '.join(said[-4:]) or f'exit status {done.returncode}'}",
            where=" ".join(command[1:]),
            remedy="run it by hand to see all it says",
        )
    return done.stdout


# --- the embedded renderer --------------------------------------------------------------------


def _with_embedded(work: Path, kept: PageCache) -> tuple[str, list[str]]:
    import smalldocs
    from smalldocs.config import BuildError, ConfigError, Project

    version = str(smalldocs.__version__)
    warnings: list[str] = []
    resources: set[Path] = set()
    for language in editions(work):
        config = read_config(work, language)
        config["project"]["output-dir"] = f"{OUTPUT}.{language}"
        # the renderer would hold every file of the project against each pattern
        for pattern in config["project"].pop("resources", None) or ():
            resources.update(path for path in work.glob(pattern) if path.is_file())
        sidebar = config["website"].get("sidebar") or {}
        sidebar["contents"] = _expand(work, sidebar.get("contents") or [])
        _fill_studies(work, language)
        try:
            site = _site(Project(work, config), kept, version)
            site.build()
        except (BuildError, ConfigError) as error:
            raise SiteError(f"the embedded renderer failed: {error}") from error
        warnings += [x for x in site.warnings if "filter " not in x]
        shutil.copytree(work / f"{OUTPUT}.{language}", work / OUTPUT, dirs_exist_ok=True)
    for path in resources:
        there = work / OUTPUT / path.relative_to(work)
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, there)
    return version, list(dict.fromkeys(warnings))


def _site(project: Any, kept: PageCache, version: str) -> Any:
    """Give the renderer's site; the body of a page that has not changed is not rendered again."""
    from smalldocs.site import Page, Site

    class KeptSite(Site):  # type: ignore[misc]
        def render_page(self, page: Page) -> None:
            about = json.dumps([page.front, page.meta], sort_keys=True, default=str)
            parts = (version, page.src.as_posix(), about, page.body)
            text = kept.text("body", parts, lambda: self._rendered(page))
            if page.html:  # it was rendered just now
                return
            made = json.loads(text)
            # links are resolved again: a page or file that they lead to may have come or gone
            if any(self.resolve(href, page) != to for href, to in made["links"]):
                super().render_page(page)
                return
            page.html, page.env = made["html"], made["env"]
            for said in made["warnings"]:
                self.warn(said)

        def _rendered(self, page: Page) -> str:
            links: list[tuple[str, str]] = []
            earlier = len(self.warnings)

            def noted(href: str, of: Page | None, record: bool = True) -> str:
                to = str(Site.resolve(self, href, of, record))
                links.append((href, to))
                return to

            self.resolve = noted
            try:
                super().render_page(page)
            finally:
                del self.resolve
            # functions, options and the renderer's own counters are of no use once it is done
            env = {k: v for k, v in page.env.items()
                   if k[0] != "_" and k != "meta" and not callable(v)}  # fmt: skip
            made = {"html": page.html, "env": env, "links": links,
                    "warnings": self.warnings[earlier:]}  # fmt: skip
            return json.dumps(made, ensure_ascii=False)

    return KeptSite(project, quiet=True)


def _expand(work: Path, contents: Iterable[Any]) -> list[Any]:
    entries: list[Any] = []
    for entry in contents:
        if isinstance(entry, Mapping) and isinstance(entry.get("auto"), str):
            folder = PurePosixPath(str(entry["auto"]).split("*")[0].rstrip("/"))
            entries += _sections(work, folder)
        elif isinstance(entry, Mapping) and isinstance(entry.get("contents"), list):
            entries.append({**entry, "contents": _expand(work, entry["contents"])})
        else:
            entries.append(entry)
    return entries


def _sections(work: Path, folder: PurePosixPath) -> list[dict[str, Any]]:
    """List a folder as Quarto's ``auto:`` does: pages by their order, a folder as a section."""
    found: list[tuple[float, str, dict[str, Any]]] = []
    here = work / folder
    for path in sorted(here.iterdir()) if here.is_dir() else ():
        index = next((path / f"index{x}" for x in _PAGES if (path / f"index{x}").is_file()), None)
        if path.is_dir() and index is not None:
            front = _front(index)
            inner = _sections(work, folder / path.name)
            title = as_written(str(front.get("title") or path.name))
            href = index.relative_to(work).as_posix()
            entry: dict[str, Any] = {"section": title, "href": href, "contents": inner}
        elif path.suffix in _PAGES and path.stem != "index":
            front = _front(path)
            entry = {
                "text": as_written(str(front.get("title") or path.stem)),
                "href": path.relative_to(work).as_posix(),
            }
        else:
            continue
        order = front.get("order")
        found.append((order if isinstance(order, int | float) else 1e9, path.name, entry))
    return [entry for _, _, entry in sorted(found, key=lambda x: x[:2])]


def _front(path: Path) -> dict[str, Any]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = json.loads(text).get("cells") or [{}]
        text = "".join(cells[0].get("source", ""))
    found = re.match(r"---\n(.*?)\n---", text, re.DOTALL)
    front = yaml.safe_load(found[1]) if found else {}
    return front if isinstance(front, dict) else {}


def _fill_studies(work: Path, language: str) -> None:
    folder = work / edition_folder(language)
    cards = folder / CARDS
    if not cards.is_file():
        return
    html = cards.read_text(encoding="utf-8")
    for page in folder.glob("*.qmd"):
        text = page.read_text(encoding="utf-8")
        filled = _STUDIES_BLOCK.sub(lambda _: f"```{{=html}}\n{html}\n```", text)
        if filled != text:
            page.write_text(filled, encoding="utf-8")
