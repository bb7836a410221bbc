"""Cut one language's edition out of a notebook that was executed once for all of them.

Markdown cells are kept by their language tag. What a code cell showed is lifted out of it into
cells of its own: headings, sentences and callouts as Markdown, so that both renderers see real
headings; cards, figures and tables as raw HTML. What only analysts look for, cells tagged so and
the code, is gathered at the page's end, where the page folds it: a manager meets one line.
"""

from __future__ import annotations

import base64
import copy
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import nbformat
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell

from workbench.errors import SiteError
from workbench.site.markup import fragment, inner, said
from workbench.site.staging.figures import lift
from workbench.site.words import BASE, NAMES, word

ANALYSTS = "analysts"
"""Tag of cells, and id of the section that they are gathered in."""
H1 = re.compile(r"^#\s+(.+?)\s*#*\s*$", re.MULTILINE)
_HEADING = re.compile(r"^#{2,6}[ \t]+\S.*?(?=[ \t]*$)(?<!\})", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z][\w-]*")
_CHINESE = r"[\u3001-\u303f\u4e00-\u9fff\uff01-\uffee]"
_CHINESE_BREAK = re.compile(rf"(?<={_CHINESE})[ \t]*\n[ \t]*(?={_CHINESE})")
#: What YAML makes of a line that was broken there.
_CHINESE_FOLD = re.compile(rf"(?<={_CHINESE}) (?={_CHINESE})")
_CHINESE_MARK = r"[\u3001-\u303f\u2018-\u201d\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65]"
_CHINESE_BOLD = re.compile(r"(?<!\*)\*\*(?![\s*])([^*\n`]+?)(?<!\s)\*\*(?!\*)")
_PICTURES = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif"}
_FORBIDDEN = ("script", "iframe", "object", "embed", "link", "meta", "base", "form", "style")


@dataclass
class Edition:
    """One language's page, and the files that go beside it.

    Attributes
    ----------
    title : str
        The notebook's one H1.
    cells : list of NotebookNode
        The page's cells, without the title.
    files : dict of str to bytes
        Figures, by path relative to the page's folder.
    lead : str
        The first paragraph, as plain text, for a description.
    missing : list of str
        Texts that have no words in the language and stand there in English.
    """

    title: str = ""
    cells: list[Any] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    lead: str = ""
    missing: list[str] = field(default_factory=list)

    def to_json(self) -> str:
        """Write it, so that it can be kept."""
        files = {name: base64.b64encode(x).decode("ascii") for name, x in self.files.items()}
        return json.dumps({**vars(self), "files": files}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Edition:
        """Read what `to_json` wrote."""
        about = json.loads(text)
        about["cells"] = [nbformat.from_dict(cell) for cell in about["cells"]]  # type: ignore[no-untyped-call]
        about["files"] = {name: base64.b64decode(x) for name, x in about["files"].items()}
        return cls(**about)


def _plain(markdown: str) -> str:
    """Take links, emphasis, escapes and the names of facts out of a paragraph."""
    plain = re.sub(r"(?<!\\)</?span[^>]*>", "", markdown)
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", plain)
    plain = re.sub(r"\\(.)", r"\1", re.sub(r"(?<!\\)[*_`]", "", plain))
    return " ".join(joined(plain).split())


def markdown_cell(source: str) -> Any:
    """Make a Markdown cell."""
    return new_markdown_cell(source)  # type: ignore[no-untyped-call]


def raw_html(html: str) -> Any:
    """Make a Markdown cell of HTML that both renderers pass through untouched."""
    fence = "`" * max(3, 1 + max((len(m) for m in re.findall(r"`+", html)), default=0))
    return markdown_cell(f"{fence}{{=html}}\n{html.strip()}\n{fence}")


def split_options(source: str) -> tuple[dict[str, Any], str]:
    """Split a code cell into its ``#|`` options and its code."""
    lines = source.split("\n")
    options: list[str] = []
    while lines and lines[0].startswith("#|"):
        options.append(lines.pop(0)[2:].removeprefix(" "))
    try:
        parsed = yaml.safe_load("\n".join(options)) if options else {}
    except yaml.YAMLError as error:
        raise SiteError(
            f"the cell's options are no YAML: {' '.join(str(error).split())}",
            where=options[0].strip(),
            remedy="quote captions that hold a colon",
        ) from error
    return (parsed if isinstance(parsed, dict) else {}), "\n".join(lines).strip("\n")


def caption(options: Mapping[str, Any], key: str, language: str) -> str:
    """Return a cell's caption in a language: ``fig-cap-zh`` replaces ``fig-cap``."""
    if language != BASE and options.get(f"{key}-{language}"):
        return _CHINESE_FOLD.sub("", str(options[f"{key}-{language}"]))
    return _CHINESE_FOLD.sub("", str(options.get(key) or ""))


def joined(markdown: str) -> str:
    """Write Chinese Markdown so that every renderer reads it as it was meant.

    Lines that break between two Chinese characters are joined, since a space would be put there.
    Bold text that begins or ends with Chinese punctuation becomes HTML: CommonMark leaves its
    asterisks standing where no space follows, and Chinese has none.
    """
    return _CHINESE_BOLD.sub(_as_strong, _CHINESE_BREAK.sub("", markdown))


def _as_strong(found: re.Match[str]) -> str:
    text = found[1]
    ends = {text[0], text[-1]}
    return f"<strong>{text}</strong>" if any(re.match(_CHINESE_MARK, x) for x in ends) else found[0]


def safe_html(html: str) -> str:
    """Take scripts, frames, style sheets and handlers out of HTML that came from a notebook."""
    part = fragment(html)
    for node in list(part.iter(*_FORBIDDEN)):
        node.drop_tree()
    for node in part.iterdescendants():
        for name, value in list(node.attrib.items()):
            plain = value.strip().lower()
            if name.lower().startswith("on") or plain.startswith("javascript:"):
                del node.attrib[name]
    return inner(part)


def cut(notebook: Any, language: str, *, name: str, languages: Iterable[str] = NAMES) -> Edition:
    """Cut a language's edition.

    Parameters
    ----------
    notebook : NotebookNode
        The executed notebook.
    language : str
        The edition's language.
    name : str
        The page's name, which begins the names of its figures' files.
    languages : iterable of str
        Tags that mean a language.

    Returns
    -------
    Edition
        The page without its masthead; `workbench.site.staging.stage` adds that.

    Raises
    ------
    SiteError
        When a cell's options or a figure cannot be read; names the cell.
    """
    return _Cutter(language, name, frozenset(languages)).cut(notebook)


def title_of(notebook: Any, language: str, languages: Iterable[str] = NAMES) -> str:
    """Give the title of a notebook in a language, as `cut` finds it, without what it shows."""
    own = frozenset(languages)
    for cell in notebook.cells:
        if cell.cell_type != "markdown" or _is_left_out(cell, language, own):
            continue
        if found := H1.search(str(cell.source)):
            return found[1].strip()
    return ""


def _is_left_out(cell: Any, language: str, languages: frozenset[str]) -> bool:
    tags = _tags(cell)
    said = tags & languages
    return bool(said and language not in said) or "remove-cell" in tags


class _Cutter:
    def __init__(self, language: str, name: str, languages: frozenset[str]) -> None:
        self.language = language
        self.name = name
        self.languages = languages
        self.out = Edition()
        self.code: list[str] = []
        self.printed: list[Any] = []
        self.headings: dict[str, int] = {}
        self.folded: list[Any] = []

    def cut(self, notebook: Any) -> Edition:
        injected = any("injected-parameters" in _tags(cell) for cell in notebook.cells)
        for cell in notebook.cells:
            if _is_left_out(cell, self.language, self.languages):
                continue
            tags = _tags(cell)
            if injected and "parameters" in tags:
                continue
            begun = len(self.out.cells)
            try:
                if cell.cell_type == "markdown":
                    self._markdown(cell)
                elif cell.cell_type == "code":
                    self._code(cell)
            except SiteError as error:
                where = f"cell {cell.get('id', '?')}"
                raise SiteError(
                    error.what,
                    where=f"{where}, {error.where}" if error.where else where,
                    remedy=error.remedy,
                ) from error
            if ANALYSTS in tags:
                self.folded += self.out.cells[begun:]
                del self.out.cells[begun:]
        self._end()
        return self.out

    def _markdown(self, cell: Any) -> None:
        source = str(cell.source)
        if not self.out.title and (found := H1.search(source)):
            self.out.title = found[1].strip()
            source = (source[: found.start()] + source[found.end() :]).strip()
        if not source.strip():
            return
        self._note_lead(source)
        kept = markdown_cell(joined(self._named(source, str(cell.get("id") or ""))))
        if cell.get("attachments"):
            kept.attachments = copy.deepcopy(cell.attachments)
        self.out.cells.append(kept)

    def _code(self, cell: Any) -> None:
        options, code = split_options(str(cell.source))
        if options.get("include") is False:
            return
        shown = [out for out in cell.get("outputs", []) if self._mine(out)]
        if options.get("echo", True) is not False and code.strip():
            self.code.append(code)
        if options.get("output", True) is not False:
            self._outputs(shown, options, str(cell.get("id") or len(self.out.cells)))

    def _mine(self, out: Any) -> bool:
        said = _about(out).get("language")
        return said is None or said == self.language

    def _outputs(self, outputs: Sequence[Any], options: Mapping[str, Any], cell: str) -> None:
        label = str(options.get("label") or cell)
        at, shown = 0, 0
        for out in outputs:
            self.out.missing += _about(out).get("missing") or ()
        while at < len(outputs):
            out, role = outputs[at], _role(outputs[at])
            data = out.get("data") or {}
            if role in ("heading", "prose", "callout"):
                text = _text(data.get("text/markdown") or data.get("text/plain") or "")
                self._note_lead(text)
                text = self._named(text, cell) if role == "heading" else text
                self.out.cells.append(markdown_cell(joined(text)))
            elif role in ("message", "cards", "headlines"):
                if role == "message":
                    self._note_lead(_text(data.get("text/plain", "")))
                self._html(safe_html(_text(data.get("text/html", ""))))
            elif role in ("figure-title", "figure", "figure-data") or _is_picture(out):
                end = _figure_end(outputs, at)
                self._figure(outputs[at:end], options, _nth(label, shown))
                shown, at = shown + 1, end
                continue
            elif "text/html" in data:
                self._table(_text(data["text/html"]), options, _nth(label, shown))
                shown += 1
            elif "text/markdown" in data:
                self.out.cells.append(markdown_cell(_text(data["text/markdown"])))
            elif out.get("output_type") == "stream":
                if out.get("name") != "stderr":
                    self.printed.append(copy.deepcopy(out))
            elif set(data) - {"text/plain"}:
                self._html(f'<p class="wb-note">{escape(word("left_out", self.language))}</p>')
            elif data:
                self.printed.append(copy.deepcopy(out))
            at += 1

    def _figure(self, outputs: Sequence[Any], options: Mapping[str, Any], label: str) -> None:
        title, pictures, data = "", "", ""
        alt = caption(options, "fig-alt", self.language)
        cap = caption(options, "fig-cap", self.language)
        for out in outputs:
            bundle, role = out.get("data") or {}, _role(out)
            if role == "figure-title":
                title = safe_html(_text(bundle.get("text/html", "")))
            elif role == "figure-data":
                data = safe_html(_text(bundle.get("text/html", "")))
            else:
                about = _about(out)
                # the form, which does not change, and what the drawing itself says it shows
                gap = "" if self.language == "zh" else " "
                spoken = gap.join(filter(None, (alt, str(about.get("alt") or "")))) or cap
                spoken = spoken or said(fragment(title))
                pictures += self._picture(bundle, label, spoken, about)
        below = f"<figcaption>{escape(cap)}</figcaption>" if cap else ""
        # on a phone a drawing shrinks no further than its letters can be read: then it scrolls
        named = said(fragment(title)) or cap or label
        scrolls = escape(word("figure_scrolls", self.language, title=named), quote=True)
        self._html(
            f'<div class="wb-figure-block" id="{escape(label, quote=True)}">\n{title}\n'
            f'<figure class="wb-figure">\n<div class="wb-drawing" role="group" tabindex="0"'
            f' aria-label="{scrolls}">\n{pictures}</div>\n{below}\n'
            f"</figure>\n{data}\n</div>"
        )

    def _picture(
        self, data: Mapping[str, Any], label: str, alt: str, about: Mapping[str, Any]
    ) -> str:
        alt = escape(alt, quote=True)
        if "image/svg+xml" in data:
            dark, narrow = about.get("dark"), about.get("narrow")
            dark = dark if isinstance(dark, Mapping) else {}
            drawings = {"": _text(data["image/svg+xml"])}
            if narrow:
                drawings["-narrow"] = _text(narrow)
            tags = ""
            for ending, text in drawings.items():
                drawn = lift(text, dark)
                file = f"figures/{self.name}-{label}{ending}.svg"
                self.out.files[file] = drawn.svg.encode("utf-8")
                css = "wb-narrow" if ending else "wb-wide" if narrow else "wb-only"
                tags += (
                    f'<img class="{css}" src="{file}" alt="{alt}" width="{drawn.width:.0f}"'
                    f' height="{drawn.height:.0f}" loading="lazy">\n'
                )
            return tags
        for mime, ending in _PICTURES.items():
            if mime in data:
                file = f"figures/{self.name}-{label}.{ending}"
                self.out.files[file] = base64.b64decode(_text(data[mime]))
                return f'<img class="wb-raster" src="{file}" alt="{alt}" loading="lazy">\n'
        return ""

    def _table(self, html: str, options: Mapping[str, Any], label: str) -> None:
        cap = caption(options, "tbl-cap", self.language)
        below = f'<p class="wb-table-caption">{escape(cap)}</p>' if cap else ""
        ident = escape(label, quote=True)
        self._html(f'<div class="wb-table-block" id="{ident}">\n{safe_html(html)}\n{below}</div>')

    def _named(self, markdown: str, cell: str) -> str:
        """Give headings the name of their cell as their id, which no number and no language moves.

        A heading that is written in each language has a cell a language: their names end with it.
        """
        ending = f"-{self.language}"
        stem = cell.removesuffix(ending) if cell.endswith(ending) else cell
        if not _NAME.fullmatch(stem):
            return markdown

        def named(found: re.Match[str]) -> str:
            self.headings[stem] = self.headings.get(stem, 0) + 1
            return f"{found[0]} {{#{_nth(stem, self.headings[stem] - 1)}}}"

        return _HEADING.sub(named, markdown)

    def _html(self, html: str) -> None:
        self.out.cells.append(raw_html(html))

    def _note_lead(self, markdown: str) -> None:
        if self.out.lead:
            return
        for paragraph in re.split(r"\n\s*\n", markdown):
            if paragraph.strip() and not re.match(r"\s*([#|:>`~-]|\*\s|\d+\.)", paragraph):
                self.out.lead = _plain(paragraph)
                return

    def _end(self) -> None:
        """Put what analysts look for at the page's end, its code last."""
        if self.code or self.printed:
            code = "\n\n".join(self.code)
            self.folded.append(new_code_cell(code, outputs=self.printed))  # type: ignore[no-untyped-call]
        if self.folded:
            head = f"## {word('analysts', self.language)} {{#{ANALYSTS}}}"
            self.out.cells += [markdown_cell(head), *self.folded]


def read_notebook(text: str, where: str) -> Any:
    """Read an executed notebook and hold it against the format, so that one bad file stays alone.

    Raises
    ------
    SiteError
        When it is no notebook of format 4.
    """
    try:
        notebook = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
        nbformat.validate(notebook)
    except Exception as error:  # nbformat raises whatever its parsers do
        cause = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise SiteError(
            f"the executed notebook cannot be read: {cause}",
            where=where,
            remedy="run the study anew",
        ) from error
    return notebook


def _tags(cell: Any) -> set[str]:
    return set(cell.get("metadata", {}).get("tags") or ())


def _about(out: Any) -> Mapping[str, Any]:
    return (out.get("metadata") or {}).get("workbench") or {}


def _role(out: Any) -> str:
    return str(_about(out).get("role") or "")


def _text(value: Any) -> str:
    return "".join(value) if isinstance(value, list) else str(value)


def _is_picture(out: Any) -> bool:
    data = out.get("data") or {}
    return "image/svg+xml" in data or any(mime in data for mime in _PICTURES)


def _figure_end(outputs: Sequence[Any], at: int) -> int:
    # title, figure, data belong together, in this order; each may be absent
    order = {"figure-title": 0, "figure": 1, "figure-data": 2}
    last, end = -1, at
    while end < len(outputs):
        rank = order.get(_role(outputs[end]), 1 if _is_picture(outputs[end]) else -1)
        if rank <= last:
            break
        last, end = rank, end + 1
    return max(end, at + 1)


def _nth(label: str, number: int) -> str:
    return label if not number else f"{label}-{number + 1}"
