"""Serve the published site on this machine, to look at it."""

from __future__ import annotations

import http.server
import webbrowser
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

from workbench.errors import SiteError
from workbench.site.furniture import LOST
from workbench.site.shell import POLICY


class _Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = {  # noqa: RUF012  (the base class's own attribute)
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".svg": "image/svg+xml",
        ".js": "text/javascript; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        ".xml": "application/xml; charset=utf-8",
        ".html": "text/html; charset=utf-8",
    }

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


def make_server(site: Path, port: int = 0) -> http.server.ThreadingHTTPServer:
    """Make a server of a site, for this machine alone.

    Parameters
    ----------
    site : Path
        The folder to serve.
    port : int
        0 takes a free one; see ``server_address``.

    Raises
    ------
    SiteError
        When there is no site, or the port is taken.
    """
    if not (site / "index.html").is_file():
        raise SiteError(
            "there is no site to show", where=str(site), remedy="run `workbench publish` first"
        )
    handler = partial(_Handler, directory=str(site))
    try:
        return http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise SiteError(
            f"the port is taken: {error}", where=f"port {port}", remedy="choose another"
        ) from error


def preview(site: Path, port: int = 4200, *, open_browser: bool = False) -> None:
    """Serve a published site until interrupted.

    Parameters
    ----------
    site : Path
        The folder, such as ``_site``.
    port : int
        Port on this machine; 0 takes a free one.
    open_browser : bool
        Whether to open it in the browser.
    """
    with make_server(Path(site), port) as server:
        address = f"http://127.0.0.1:{server.server_address[1]}/"
        print(f"{site} is at {address} (stop with Ctrl-C)", flush=True)  # noqa: T201
        if open_browser:
            webbrowser.open(address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return
