"""Serve the published site on this machine, to look at it; open pages reload when it changes."""

from __future__ import annotations

import http.server
import io
import threading
import webbrowser
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from workbench.errors import SiteError
from workbench.site.finishing.shell import POLICY
from workbench.site.reload import PLACE, State, watch_site, with_script
from workbench.site.staging.furniture import LOST


class _Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = {  # noqa: RUF012  (the base class's own attribute)
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".svg": "image/svg+xml",
        ".js": "text/javascript; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        ".xml": "application/xml; charset=utf-8",
        ".html": "text/html; charset=utf-8",
    }

    def __init__(self, *arguments: Any, state: State, **options: Any) -> None:
        self.state = state
        super().__init__(*arguments, **options)

    def do_GET(self) -> None:
        """Give a file; of what makes pages reload, the script."""
        parts = urlsplit(self.path)
        if parts.path != PLACE:
            super().do_GET()
            return
        body = self.state.script(parts.query).encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/javascript; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except ConnectionError:
            return  # the page that waited is gone

    def send_head(self) -> io.BytesIO | BinaryIO | None:
        """Give a page with what makes it reload."""
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() and self.path.endswith("/") else path
        if path.suffix != ".html" or not path.is_file():
            return super().send_head()
        body = with_script(path.read_bytes())
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        return io.BytesIO(body)

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")
        # what a page itself cannot say: that no other page may frame it
        self.send_header("Content-Security-Policy", f"{POLICY}; frame-ancestors 'none'")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        super().end_headers()

    def parse_request(self) -> bool:
        """Refuse a host that is not this machine: a name of somebody else's may lead here, too."""
        if not super().parse_request():
            return False
        port = self.server.server_address[1]  # type: ignore[index]
        known = {f"{name}:{port}" for name in ("127.0.0.1", "localhost")}
        if self.headers.get("Host", "").lower() in known:
            return True
        self.send_error(421, "this server answers to 127.0.0.1 and localhost alone")
        return False

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Show the site's own page for what is not there."""
        lost = Path(self.directory) / LOST
        if code != HTTPStatus.NOT_FOUND or not lost.is_file():
            super().send_error(code, message, explain)
            return
        body = lost.read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: a preview is no server whose visits matter."""


def make_server(
    site: Path, port: int = 0, state: State | None = None
) -> http.server.ThreadingHTTPServer:
    """Make a server of a site, for this machine alone.

    Parameters
    ----------
    site : Path
        The folder to serve.
    port : int
        0 takes a free one; see ``server_address``.
    state : State, optional
        Lets the pages reload.

    Raises
    ------
    SiteError
        When there is no site, or the port is taken.
    """
    if not (site / "index.html").is_file():
        raise SiteError(
            "there is no site to show", where=str(site), remedy="run `workbench publish` first"
        )
    handler = partial(_Handler, directory=str(site), state=state or State())
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
        server.daemon_threads = True  # pages that wait do not keep it
        return server
    except OSError as error:
        raise SiteError(
            f"the port is taken: {error}", where=f"port {port}", remedy="choose another"
        ) from error


def preview(
    site: Path,
    port: int = 4200,
    *,
    open_browser: bool = False,
    work: Callable[[threading.Event], None] | None = None,
) -> None:
    """Serve a published site until interrupted; its open pages reload when it is published anew.

    Parameters
    ----------
    site : Path
        The folder, such as ``_site``.
    port : int
        Port on this machine; 0 takes a free one.
    open_browser : bool
        Whether to open it in the browser.
    work : callable, optional
        Runs beside it until the event that it takes is set (`workbench.site.reload.watch_work`).
    """
    state, stop = State(), threading.Event()
    beside: list[Callable[[], None]] = [partial(watch_site, Path(site), state, stop)]
    beside += [partial(work, stop)] if work is not None else []
    with make_server(Path(site), port, state) as server:
        for each in beside:
            threading.Thread(target=each, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}/"
        print(f"{site} is at {address} (stop with Ctrl-C)", flush=True)  # noqa: T201
        if open_browser:
            webbrowser.open(address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return
        finally:
            stop.set()
