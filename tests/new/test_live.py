"""Tables of a live source become a study, the same way as files."""

from __future__ import annotations

import http.server
import importlib.util
import json
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from workbench.new.columns.proposal import StarterError
from workbench.new.live import pull
from workbench.new.study import start_study

ORDERS = [
    {"id": 100 + i, "customer_id": f"K{i % 9}", "created_at": f"2025-03-{1 + i % 28:02d}T10:00:00Z",
     "total": 2.5 + i, "status": "paid" if i % 4 else "cancelled"}
    for i in range(60)
]  # fmt: skip


@pytest.fixture
def address() -> Iterator[str]:
    """A shop's interface on this machine, which gives its orders in pages."""

    class Shop(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = int(self.path.rpartition("page=")[2]) if "page=" in self.path else 1
            rows = ORDERS[(page - 1) * 25 : page * 25] if self.path.startswith("/orders") else []
            content = json.dumps({"data": rows, "total": len(ORDERS)}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.mark.skipif(importlib.util.find_spec("dlt") is None, reason="dlt is not installed")
def test_a_rest_interface_becomes_a_study(tmp_path: Path, address: str) -> None:
    (tmp_path / "data").mkdir()
    described = tmp_path / "shop.yml"
    described.write_text(
        f"client: {{base_url: '{address}'}}\n"
        "resources:\n"
        "  - name: orders\n"
        "    endpoint:\n"
        "      path: orders\n"
        "      data_selector: data\n"
        "      paginator: {type: page_number, base_page: 1, total_path: null, "
        "stop_after_empty_page: true}\n"
    )
    (orders,) = pull(str(described), tmp_path / "live")
    started = start_study(tmp_path, "acme", [orders], today=date(2026, 1, 1))
    (shown,) = started.previews
    paid = [o for o in ORDERS if o["status"] == "paid"]
    assert (shown.kept, shown.customers) == (len(paid), 9)
    assert shown.total == pytest.approx(sum(float(str(o["total"])) for o in paid))


def test_what_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "dlt", None)
    with pytest.raises(StarterError, match=r"customer-workbench\[live\]"):
        pull("shop.yml", tmp_path)
    monkeypatch.setitem(__import__("sys").modules, "dlt", object())
    for named, said in (
        ("absent.yml", "no such description"),
        ("Stripe", r"names no source.*dlt init stripe_analytics duckdb.*stripe_source"),
        ("Zoho CRM", r"names no source.*YAML file.*--from"),
        ("有赞", r"names no source.*export files"),
        ("acme", r"names no source.*shopify, stripe"),
        ("no_such_module:source", "cannot be found"),
    ):
        with pytest.raises(StarterError, match=said):
            pull(named, tmp_path)
    (tmp_path / "half.yml").write_text("client: {base_url: x}\n")
    with pytest.raises(StarterError, match="lacks"):
        pull(str(tmp_path / "half.yml"), tmp_path)
