"""Figures as PNG, and pages as PDF: drawn by the Chromium that is on PATH."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from workbench.errors import SiteError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
_SCALE, _WIDTH, _MOST = 2, 720, 6000
_PATIENCE = 180


def browser() -> str | None:
    """Name the Chromium on PATH; None where there is none."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def draw(svgs: Sequence[str], css: str) -> list[bytes]:
    """Draw figures as PNG, on paper and twice as fine as a screen.

    Parameters
    ----------
    svgs : sequence of str
        As they stand in a page.
    css : str
        The site's styles.

    Returns
    -------
    list of bytes
        One PNG a figure; empty bytes for each where no browser is on PATH.
    """
    command = browser()
    if command is None or not svgs:
        return [b""] * len(svgs)
    drawn: list[bytes] = []
    batch: list[tuple[str, int]] = []
    for svg in svgs:
        size = re.search(r'viewBox="[-\d.]+ [-\d.]+ ([\d.]+) ([\d.]+)"', svg, re.IGNORECASE)
        wide, high = (float(size[1]), float(size[2])) if size else (4.0, 3.0)
        height = int(_WIDTH * high / max(wide, 1.0)) + 2
        if batch and sum(h for _, h in batch) + height > _MOST:
            drawn += _shoot(command, batch, css)
            batch = []
        batch.append((svg, height))
    return drawn + _shoot(command, batch, css)


def _shoot(command: str, batch: Sequence[tuple[str, int]], css: str) -> list[bytes]:
    from PIL import Image

    boxes, top = "", 0
    for svg, height in batch:
        boxes += f'<div style="position:absolute;left:0;top:{top}px;width:{_WIDTH}px">{svg}</div>'
        top += height
    page = (
        f'<!DOCTYPE html><html class="wb" data-theme="light"><meta charset="utf-8"><style>{css}'
        f".wb-svg{{display:block!important;max-width:none!important}}</style>"
        f'<body style="margin:0;background:#fff">{boxes}</body></html>'
    )
    with tempfile.TemporaryDirectory() as folder:
        source, picture = Path(folder) / "page.html", Path(folder) / "page.png"
        source.write_text(page, encoding="utf-8")
        _call(
            [command, *_FLAGS, f"--user-data-dir={folder}/profile", f"--screenshot={picture}",
             f"--window-size={_WIDTH},{top}", f"--force-device-scale-factor={_SCALE}",
             source.as_uri()],
            picture,
        )  # fmt: skip
        found, down = [], 0
        with Image.open(picture) as whole:
            for _, height in batch:
                area = (0, down * _SCALE, _WIDTH * _SCALE, (down + height) * _SCALE)
                out = io.BytesIO()
                whole.convert("RGB").crop(area).quantize(128).save(out, "PNG", optimize=True)
                found.append(out.getvalue())
                down += height
    return found


def print_pdf(html: str, target: Path) -> None:
    """Print a page as PDF.

    Raises
    ------
    SiteError
        When no Chromium is on PATH, or it did not print.
    """
    command = browser()
    if command is None:
        raise SiteError(
            "a PDF is printed by Chromium, and none is on PATH",
            where=", ".join(NAMES),
            remedy="install Chromium, or export to html and print that from a browser",
        )
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "page.html"
        source.write_text(html, encoding="utf-8")
        made = Path(folder) / "page.pdf"
        _call(
            [command, *_FLAGS, f"--user-data-dir={folder}/profile", "--no-pdf-header-footer",
             "--generate-pdf-document-outline", f"--print-to-pdf={made}", source.as_uri()],
            made,
        )  # fmt: skip
        shutil.copyfile(made, target)


def begins_on(file: Path) -> dict[str, int]:
    """Give the sheet, counted from 1, on which each place of a PDF lies that is linked to."""
    from pypdf import PdfReader

    reader = PdfReader(file)
    found = {}
    for name, place in reader.named_destinations.items():
        sheet = reader.get_destination_page_number(place)
        if sheet is not None and sheet >= 0:
            found[name.lstrip("/")] = sheet + 1
    return found


def _call(command: list[str], made: Path) -> None:
    try:
        done = subprocess.run(command, capture_output=True, timeout=_PATIENCE, check=False)
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
    except (OSError, subprocess.TimeoutExpired) as error:
        said = [str(error)]
    if not made.is_file():
        raise SiteError(
            f"Chromium made nothing: {' '.join(said) or 'it gave no reason'}",
            where=command[0],
            remedy="try it by hand, or export to html",
        )
