// Shows a notebook's Markdown cells in one language: of siblings tagged "en" and "zh" those of the
// other languages are hidden, not changed. JupyterLab takes this file as it is; nothing is built.
// The language comes from the page's configuration (`workbenchLanguage`, set by `make lab`).
// Its package.json turns off JupyterLab's plugin that asks about news and looks for updates.
(() => {
  "use strict";

  const CODE = /^[a-z]{2}(-[A-Za-z]+)?$/;
  const COMMAND = "workbench:all-languages";

  const configured = () => {
    const config = document.getElementById("jupyter-config-data");
    return (config && JSON.parse(config.textContent).workbenchLanguage) || "en";
  };

  const languagesOf = (cell) =>
    cell.model.type === "markdown"
      ? (cell.model.getMetadata("tags") || []).filter((tag) => CODE.test(tag))
      : [];

  const fold = (panel, language, everything) => {
    const cells = panel.content.widgets;
    // A notebook that has nothing in this language is shown whole.
    const spoken = cells.some((cell) => languagesOf(cell).includes(language));
    for (const cell of cells) {
      const tags = languagesOf(cell);
      const other = tags.length > 0 && !tags.includes(language);
      const hide = spoken && other && !everything;
      if (hide || cell.node.dataset.otherLanguage) {
        cell.setHidden(hide);
        if (hide) {
          cell.node.dataset.otherLanguage = "true";
        } else {
          delete cell.node.dataset.otherLanguage;
        }
      }
    }
  };

  const isNotebook = (widget) =>
    Boolean(widget && widget.context && widget.content && widget.content.modelContentChanged);

  const activate = (app) => {
    const language = configured();
    const watched = new Map();

    const watch = (panel) => {
      if (!isNotebook(panel) || watched.has(panel)) {
        return;
      }
      const state = { everything: false };
      const refresh = () => fold(panel, language, state.everything);
      watched.set(panel, { state, refresh });
      panel.disposed.connect(() => watched.delete(panel));
      panel.content.modelContentChanged.connect(refresh);
      panel.content.activeCellChanged.connect(refresh); // a heading unfolded shows all below it
      panel.context.ready.then(() => {
        refresh();
        const first = panel.content.widgets.findIndex((cell) => !cell.isHidden);
        if (panel.content.activeCell?.isHidden && first >= 0) {
          panel.content.activeCellIndex = first;
        }
      });
    };
    const look = () => {
      for (const widget of app.shell.widgets("main")) {
        watch(widget);
      }
    };

    app.commands.addCommand(COMMAND, {
      label: "Show All Languages of This Notebook",
      isToggleable: true,
      isVisible: () => watched.has(app.shell.currentWidget),
      isToggled: () => Boolean(watched.get(app.shell.currentWidget)?.state.everything),
      execute: () => {
        const shown = watched.get(app.shell.currentWidget);
        if (shown) {
          shown.state.everything = !shown.state.everything;
          shown.refresh();
        }
      },
    });
    app.contextMenu.addItem({ command: COMMAND, selector: ".jp-Notebook", rank: 100 });
    app.shell.layoutModified?.connect(look);
    app.shell.currentChanged?.connect(look);
    app.restored.then(look);
  };

  const plugin = {
    id: "workbench-one-language:plugin",
    description: "Shows a notebook's Markdown cells in one language.",
    autoStart: true,
    activate,
  };
  const scopes = (window._JUPYTERLAB = window._JUPYTERLAB || {});
  scopes["workbench-one-language"] = {
    init: () => undefined,
    get: async () => () => ({ __esModule: true, default: plugin }),
  };
})();
