"""In JupyterLab a notebook is seen in one language: the siblings of the others are hidden."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from workbench import languages

LAB = Path(languages.__file__).parent / "lab"
EXTENSION = LAB / "workbench-one-language"
REPO = Path(__file__).resolve().parents[2]
CHROMIUM = Path("/usr/bin/chromium")

# What JupyterLab gives an extension, as far as ours uses it.
FAKE_LAB = """
async (folded) => {
  const signal = () => ({ connect(f) { this.f = f; } });
  const cell = (type, tags) => ({
    model: { type, getMetadata: () => tags }, node: { dataset: {} }, isHidden: false,
    setHidden(hide) { this.isHidden = hide; },
  });
  const panelOf = (...cells) => ({
    context: { ready: Promise.resolve() }, disposed: signal(),
    content: { widgets: cells, activeCell: cells[0], modelContentChanged: signal(),
               activeCellChanged: signal() },
  });
  const panel = panelOf(cell("markdown", ["en"]), cell("markdown", ["zh"]), cell("code", ["en"]),
                        cell("markdown", ["parameters", "hide"]), cell("markdown"));
  const english = panelOf(cell("markdown", ["en"]), cell("markdown", ["en"]));
  const commands = {};
  const app = {
    restored: Promise.resolve(), contextMenu: { addItem() {} },
    commands: { addCommand: (name, command) => { commands[name] = command; } },
    shell: { widgets: () => [panel, english, {}], layoutModified: signal(),
             currentChanged: signal(), currentWidget: panel },
  };
  const scope = window._JUPYTERLAB["workbench-one-language"];
  scope.init({});
  (await scope.get("./extension"))().default.activate(app);
  await new Promise((done) => setTimeout(done, 20));
  const hidden = (p) => p.content.widgets.map((c) => c.isHidden);
  const first = [hidden(panel), hidden(english), panel.content.activeCellIndex];
  const command = commands["workbench:all-languages"];
  command.execute();
  const all = [hidden(panel), command.isToggled()];
  panel.content.widgets.push(cell("markdown", ["en"]));
  command.execute();
  return { first, all, again: hidden(panel) };
}
"""


def test_jupyterlab_finds_the_extension_where_make_lab_looks() -> None:
    about = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
    assert about["name"] == EXTENSION.name
    build = about["jupyterlab"]["_build"]
    script = (EXTENSION / build["load"]).read_text(encoding="utf-8")
    assert f'scopes["{about["name"]}"]' in script
    assert about["jupyterlab"]["disabledExtensions"] == [
        "@jupyterlab/apputils-extension:announcements"
    ]
    makefile = (REPO / "Makefile").read_text(encoding="utf-8")
    found = re.search(r"extra_labextensions_path=(\S+)", makefile)
    assert found and (REPO / found[1]).resolve() == LAB.resolve()
    assert '"workbenchLanguage": "$(WORKBENCH_LANGUAGE)"' in makefile


@pytest.mark.browser
@pytest.mark.parametrize("language", ["zh", ""])
def test_cells_of_other_languages_are_hidden_and_can_be_shown(language: str) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.is_file():
        pytest.skip("there is no Chromium")
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page()
        config = json.dumps({"workbenchLanguage": language})
        page.set_content(
            f'<script id="jupyter-config-data" type="application/json">{config}</script>'
        )
        page.add_script_tag(path=EXTENSION / "static" / "remoteEntry.js")
        seen: dict[str, Any] = page.evaluate(FAKE_LAB)
        browser.close()
    chinese = language == "zh"
    rest = [False, False, False]
    # a notebook that lacks the language is shown whole; code is never hidden
    assert seen["first"][:2] == [[chinese, not chinese, *rest], [False, False]]
    assert seen["first"][2] == (1 if chinese else None)
    assert seen["all"] == [[False] * 5, True]
    assert seen["again"] == [chinese, not chinese, *rest, chinese]
