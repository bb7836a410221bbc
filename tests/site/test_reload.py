"""The preview follows the work: an open page reloads, and what was edited is what runs."""

from __future__ import annotations

import threading
import time
import urllib.request

from workbench.site.preview import make_server
from workbench.site.reload import PLACE, Edited, State, watch_site, watch_work, what_changed


def test_a_served_page_waits_for_the_next_state_of_the_site_and_reloads(published):
    state = State()
    with make_server(published, state=state) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_address[1]}"

        def get(place):
            with urllib.request.urlopen(base + place, timeout=10) as answer:
                return answer.read().decode("utf-8")

        for place in ("/", "/zh/index.html"):
            assert f'<script src="{PLACE}" async></script>' in get(place)
        assert f"{PLACE}?since=1" in get(PLACE)
        told = []
        waiting = threading.Thread(target=lambda: told.append(get(f"{PLACE}?since=1&0")))
        waiting.start()
        waiting.join(0.3)
        assert not told
        state.change()
        waiting.join(5)
        assert told == ["location.reload();\n"]
        server.shutdown()
    assert PLACE not in (published / "index.html").read_text(encoding="utf-8")


def test_another_site_in_the_place_of_the_first_is_noticed(tmp_path):
    site = tmp_path / "_site"
    site.mkdir()
    (site / "index.html").write_text("one", encoding="utf-8")
    state, stop = State(), threading.Event()
    watch = threading.Thread(target=watch_site, args=(site, state, stop))
    watch.start()
    time.sleep(0.1)
    (tmp_path / "next.html").write_text("two", encoding="utf-8")
    (tmp_path / "next.html").replace(site / "index.html")
    deadline = time.monotonic() + 10
    while state.number == 1 and time.monotonic() < deadline:
        time.sleep(0.05)
    stop.set()
    watch.join(5)
    assert state.number == 2


def test_what_is_saved_says_what_must_run(tmp_path):
    for name in ("notebooks/clv.ipynb", "data/acme/study.yml", "reports/methods.qmd"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}", encoding="utf-8")
    found, stop = [], threading.Event()

    def note(edited):
        found.append(edited)
        stop.set()

    watch = threading.Thread(target=watch_work, args=(tmp_path, "acme", note, stop))
    watch.start()
    time.sleep(0.2)
    (tmp_path / "notebooks/clv.ipynb").write_text("{ }", encoding="utf-8")
    watch.join(15)
    assert found == [Edited(("clv",))]
    card, page = tmp_path / "data/acme/study.yml", tmp_path / "reports/methods.qmd"
    assert what_changed(tmp_path, {card}) == Edited(everything=True)
    assert what_changed(tmp_path, {page}) == Edited(pages=True)
