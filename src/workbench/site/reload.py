"""A preview that follows the work: what was edited runs and is published, open pages reload.

Pages may ask nobody for data (`finishing.shell.POLICY`), so a page waits for its next state as
for a script: the server holds the answer until the site has changed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

PLACE = "/.reload.js"
_HELD = 20.0
"""Seconds for which an answer is held; then the page asks again."""
_PAUSE, _SETTLED = 0.4, 0.5
"""Seconds between two looks, and for which files must have stayed as they are."""

_FIRST = """(function () {{
  function wait() {{
    var next = document.createElement("script");
    next.src = "{place}?since={state}&" + Date.now();
    next.onload = function () {{ next.remove(); wait(); }};
    next.onerror = function () {{ next.remove(); setTimeout(wait, 2000); }};
    document.head.appendChild(next);
  }}
  if (document.readyState === "complete") {{ wait(); }} else {{ addEventListener("load", wait); }}
}})();
"""


@dataclass
class State:
    """The state of the site that is shown, by a number that grows with each change."""

    number: int = 1
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def change(self) -> None:
        """Let every page that waits reload."""
        with self._changed:
            self.number += 1
            self._changed.notify_all()

    def script(self, query: str) -> str:
        """Give the script that a page asks for: the one that waits, or the news that it waits for.

        Parameters
        ----------
        query : str
            What stands behind the place; ``since=3`` waits until state 3 is past.
        """
        asked = query.partition("since=")[2].partition("&")[0]
        if not asked.isdigit():
            return _FIRST.format(place=PLACE, state=self.number)
        with self._changed:
            past = self._changed.wait_for(lambda: self.number > int(asked), _HELD)
        return "location.reload();\n" if past else ""


def with_script(html: bytes) -> bytes:
    """Add to a page what makes it reload."""
    tag = f'<script src="{PLACE}" async></script>\n</body>'.encode()
    return html.replace(b"</body>", tag, 1)


def watch_site(site: Path, state: State, stop: threading.Event) -> None:
    """Tell the pages whenever another site stands there."""
    last = _site_stamp(site)
    while not stop.wait(_PAUSE):
        now = _site_stamp(site)
        if now is not None and now != last:
            last = now
            state.change()


def _site_stamp(site: Path) -> tuple[int, int] | None:
    try:
        about = (site / "index.html").stat()
    except OSError:  # between two sites
        return None
    return about.st_ino, about.st_mtime_ns


@dataclass(frozen=True)
class Edited:
    """What was edited: notebooks by name, whether the card or code, and whether written pages."""

    notebooks: tuple[str, ...] = ()
    everything: bool = False
    pages: bool = False


def watch_work(
    root: Path,
    study: str,
    on_change: Callable[[Edited], None],
    stop: threading.Event,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Call whenever a notebook, the study's card or a written page has been saved.

    A file counts when it has stayed as it is for half a second, so that nothing is read while it is
    being written.

    Parameters
    ----------
    root : Path
        The project.
    study : str
        The study whose card is watched.
    on_change : callable
        Takes what was edited.
    stop : Event
        Ends the watch.
    clock : callable
        Seconds.
    """
    seen = dict(_stamps(root, study))
    changed: set[Path] = set()
    since = clock()
    while not stop.wait(_PAUSE):
        now = dict(_stamps(root, study))
        fresh = {path for path in now.keys() | seen.keys() if now.get(path) != seen.get(path)}
        seen = now
        if fresh:
            changed |= fresh
            since = clock()
        elif changed and clock() - since >= _SETTLED:
            on_change(what_changed(root, changed))
            changed = set()


def what_changed(root: Path, paths: Collection[Path]) -> Edited:
    """Say what edited files mean: a notebook runs alone, a card or a module lets all run."""
    names = sorted(p.stem for p in paths if p.suffix == ".ipynb" and p.is_file())
    more = any(p.suffix in (".yml", ".py") and (root / "reports") not in p.parents for p in paths)
    written = any((root / "reports") in p.parents for p in paths)
    return Edited(tuple(names), more, written)


def _stamps(root: Path, study: str) -> Iterator[tuple[Path, tuple[int, int]]]:
    folders = (root / "notebooks", root / "data" / study)
    found = [path for folder in folders for path in folder.glob("*")]
    found += [p for p in (root / "reports").glob("**/*") if "studies" not in p.parts]
    for path in found:
        if path.suffix not in (".ipynb", ".yml", ".py", ".qmd", ".css", ".js"):
            continue
        if path.name.startswith(("_", ".")) or path.name == "han.css":
            continue
        try:
            about = path.stat()
        except OSError:
            continue
        yield path, (about.st_mtime_ns, about.st_size)
