// What a page does beyond being read: theme, menu, tabs, contents that follow, copying code.
(function () {
  "use strict";
  var root = document.documentElement;
  var words = document.body.dataset; // what is added here, in the page's language

  // Chinese letters, where the reader's machine has none: two characters then are the same box.
  // They come after the first paint, which need not wait for them.
  var letters = document.currentScript && document.currentScript.dataset.letters;
  var drawn = function (character) {
    var canvas = document.createElement("canvas");
    canvas.width = canvas.height = 24;
    var pen = canvas.getContext("2d");
    pen.font = "20px sans-serif";
    pen.fillText(character, 1, 20);
    return canvas.toDataURL();
  };
  var known = function () {
    try { // where a browser blurs what is drawn nothing is known of it
      return drawn("客") === drawn("客") && drawn("客") !== drawn("价");
    } catch (e) { return false; }
  };
  if (letters && !known()) {
    requestAnimationFrame(function () {
      setTimeout(function () {
        var sheet = document.createElement("link");
        sheet.rel = "stylesheet";
        sheet.href = letters;
        sheet.addEventListener("load", function () {
          document.fonts.load('1em "Workbench Han"', "客").then(function () {
            root.style.textRendering = "geometricPrecision"; // lays the text out anew
          });
        });
        document.head.appendChild(sheet);
      }, 0);
    });
  }

  // the theme: the reader's choice is kept, where the browser keeps anything for files
  var theme = document.querySelector(".wb-theme");
  if (theme) {
    theme.hidden = false;
    var press = function () {
      theme.setAttribute("aria-pressed", String(root.dataset.theme === "dark"));
    };
    theme.addEventListener("click", function () {
      root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
      try { localStorage.setItem("wb-theme", root.dataset.theme); } catch (e) { /* private window */ }
      press();
    });
    press();
  }

  // the menu of a narrow screen
  var menu = document.querySelector(".wb-menu");
  var pages = document.getElementById("pages");
  if (menu && pages) {
    menu.hidden = false;
    var show = function (open) {
      pages.classList.toggle("wb-shown", open);
      menu.setAttribute("aria-expanded", String(open));
    };
    menu.addEventListener("click", function () {
      show(!pages.classList.contains("wb-shown"));
    });
    document.addEventListener("keydown", function (event) {
      if (event.key === "Escape" && pages.classList.contains("wb-shown")) {
        show(false);
        menu.focus();
      }
    });
  }

  // tabs, of panes that stand one below the other without this script
  document.querySelectorAll(".wb-tabs").forEach(function (tabs) {
    var panes = Array.from(tabs.querySelectorAll(":scope > .wb-pane"));
    var list = document.createElement("div");
    list.className = "wb-tablist";
    list.setAttribute("role", "tablist");
    var buttons = panes.map(function (pane, at) {
      var button = document.createElement("button");
      button.type = "button";
      button.id = pane.id + "-tab";
      button.setAttribute("role", "tab");
      button.setAttribute("aria-controls", pane.id);
      button.textContent = pane.querySelector(".wb-pane-title").textContent;
      pane.setAttribute("role", "tabpanel");
      pane.setAttribute("aria-labelledby", button.id);
      button.addEventListener("click", function () { choose(at, false); });
      button.addEventListener("keydown", function (event) {
        var step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (step) { choose((at + step + panes.length) % panes.length, true); }
      });
      list.appendChild(button);
      return button;
    });
    function choose(which, focus) {
      panes.forEach(function (pane, at) {
        pane.hidden = at !== which;
        buttons[at].setAttribute("aria-selected", String(at === which));
        buttons[at].tabIndex = at === which ? 0 : -1;
      });
      if (focus) { buttons[which].focus(); }
    }
    tabs.prepend(list);
    choose(0, false);
  });

  // the contents follow the reader
  var links = Array.from(document.querySelectorAll(".wb-toc a"));
  var heads = links.map(function (link) {
    return document.getElementById(decodeURIComponent(link.hash.slice(1)));
  });
  if (heads.length) {
    var waiting = false;
    var mark = function () {
      waiting = false;
      var at = 0;
      heads.forEach(function (head, number) {
        if (head && head.getBoundingClientRect().top < 120) { at = number; }
      });
      if (window.innerHeight + window.scrollY >= root.scrollHeight - 4) { at = heads.length - 1; }
      links.forEach(function (link, number) {
        if (number === at) { link.setAttribute("aria-current", "true"); }
        else { link.removeAttribute("aria-current"); }
      });
    };
    document.addEventListener("scroll", function () {
      if (!waiting) { waiting = true; requestAnimationFrame(mark); }
    }, { passive: true });
    mark();
  }

  // a folded part opens when a link leads into it; for analysts it stays as they left it
  var fold = document.querySelector(".wb-analysts");
  if (fold) {
    try { fold.open = localStorage.getItem("wb-analysts") === "open"; } catch (e) { /* private */ }
    fold.addEventListener("toggle", function () {
      try { localStorage.setItem("wb-analysts", fold.open ? "open" : ""); } catch (e) { /* private */ }
    });
  }
  function unfold() {
    var place = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (var box = place; box; box = box.parentElement) {
      if (box.tagName === "DETAILS" && !box.open) { box.open = true; place.scrollIntoView(); }
    }
  }
  window.addEventListener("hashchange", unfold);
  unfold();

  // another language opens at the same place: sections have the same names in all of them
  document.querySelectorAll(".wb-language").forEach(function (link) {
    link.addEventListener("click", function () {
      var at = "";
      document.querySelectorAll("main h2[id], main h3[id]").forEach(function (head) {
        if (head.getClientRects().length && head.getBoundingClientRect().top < 160) { at = head.id; }
      });
      link.hash = window.scrollY > 80 ? at : "";
    });
  });

  // values of a figure: a label beside the one pointed at or reached, arrows lead to its neighbours
  var tip = null;
  function hideTip() { if (tip) { tip.remove(); tip = null; } }
  document.querySelectorAll(".wb-points").forEach(function (group) {
    var marks = Array.from(group.children);
    marks.forEach(function (mark, at) {
      var title = mark.querySelector("title");
      var text = title.textContent;
      var show = function () {
        hideTip();
        tip = document.createElement("div");
        tip.className = "wb-tip";
        tip.setAttribute("aria-hidden", "true"); // the mark has it as its name
        tip.textContent = text;
        document.body.appendChild(tip);
        var box = mark.getBoundingClientRect();
        var left = box.left + box.width / 2 - tip.offsetWidth / 2;
        left = Math.max(8, Math.min(left, root.clientWidth - tip.offsetWidth - 8));
        var above = box.top - tip.offsetHeight - 6;
        tip.style.left = left + window.scrollX + "px";
        tip.style.top = (above > 60 ? above : box.bottom + 6) + window.scrollY + "px";
      };
      mark.setAttribute("aria-label", text);
      title.remove(); // else the browser shows a second label
      mark.addEventListener("pointerenter", show);
      mark.addEventListener("focus", show);
      mark.addEventListener("pointerleave", hideTip);
      mark.addEventListener("blur", hideTip);
      mark.addEventListener("keydown", function (event) {
        var step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
        if (event.key === "Escape") { hideTip(); }
        if (!step) { return; }
        event.preventDefault();
        var next = marks[(at + step + marks.length) % marks.length];
        mark.setAttribute("tabindex", "-1");
        next.setAttribute("tabindex", "0");
        next.focus();
      });
    });
  });

  // a promised update whose day has passed without one
  document.querySelectorAll("[data-due]").forEach(function (promise) {
    if (new Date().toISOString().slice(0, 10) > promise.dataset.due) {
      promise.append(" " + promise.dataset.overdue);
    }
  });

  // all pages can be searched: the index is a script, since a page from a file may load no data
  var search = document.querySelector(".wb-search");
  var chinese = root.lang.indexOf("zh") === 0;
  if (search) {
    var query = search.querySelector("input");
    var panel = search.querySelector(".wb-found");
    var status = panel.querySelector("p");
    var places = panel.querySelector("ol");
    var asked = false;
    search.hidden = false;
    var plain = function (text) { return text.normalize("NFKC").toLowerCase(); };
    var parts = function (text) {
      // Chinese has no blanks: what does not stand there as a whole is looked for by its pairs
      return plain(text).split(/\s+/).filter(Boolean);
    };
    var holds = function (text, word) {
      if (text.indexOf(word) >= 0) { return 1; }
      if (!/[\u3400-\u9fff]/.test(word) || word.length < 3) { return 0; }
      for (var at = 0; at < word.length; at += 2) {
        if (text.indexOf(word.slice(Math.min(at, word.length - 2)).slice(0, 2)) < 0) { return 0; }
      }
      return .5;
    };
    var look = function () {
      var words = parts(query.value);
      places.textContent = "";
      panel.hidden = !words.length || !window.wbSearch;
      if (panel.hidden) { return; }
      var found = [];
      window.wbSearch.forEach(function (page) {
        page[2].forEach(function (section, at) {
          var title = plain(page[1]), head = plain(section[1]), text = plain(section[2]);
          var score = 0;
          var all = words.every(function (word) {
            var best = Math.max(at ? 0 : 8 * holds(title, word), 4 * holds(head, word), holds(text, word));
            score += best;
            return best > 0;
          });
          if (all) { found.push({ page: page, section: section, score: score }); }
        });
      });
      found.sort(function (one, two) { return two.score - one.score; });
      var shown = found.slice(0, 12);
      status.textContent = found.length
        ? search.dataset.found.replace("{n}", shown.length).replace("{of}", found.length)
        : search.dataset.none;
      shown.forEach(function (each) {
        var item = document.createElement("li");
        var link = document.createElement("a");
        link.href = search.dataset.root + each.page[0] + (each.section[0] ? "#" + each.section[0] : "");
        link.textContent = each.section[1] || each.page[1];
        var of = document.createElement("span");
        of.textContent = each.section[1] ? each.page[1] : "";
        var around = document.createElement("span");
        var first = plain(each.section[2]).indexOf(words[0]);
        var from = Math.max(0, first - 40);
        around.textContent = (from ? "…" : "") + each.section[2].slice(from, from + (chinese ? 70 : 140));
        item.append(link, of, around);
        places.appendChild(item);
      });
    };
    var ask = function () {
      if (asked) { return; }
      asked = true;
      var index = document.createElement("script");
      index.src = search.dataset.root + search.dataset.index;
      index.addEventListener("load", look);
      document.head.appendChild(index);
    };
    query.addEventListener("focus", ask);
    query.addEventListener("input", function () { ask(); look(); });
    search.addEventListener("keydown", function (event) {
      if (event.key === "Escape") { query.value = ""; look(); query.focus(); }
    });
    document.addEventListener("click", function (event) {
      if (!search.contains(event.target)) { panel.hidden = true; }
    });
    places.addEventListener("click", function () { panel.hidden = true; });
  }

  // of cards or rows those show that have every word looked for; how many is told, in words
  function sift(find, items, told, count, keep) {
    var look = function () {
      var words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
      var shown = 0;
      items.forEach(function (item) {
        var text = item.textContent.toLowerCase();
        item.hidden = !words.every(function (word) { return text.indexOf(word) >= 0; })
          || (keep && !keep(item));
        shown += item.hidden ? 0 : 1;
      });
      told.textContent = shown < items.length || words.length ? count(shown, items.length) : "";
    };
    find.addEventListener("input", look);
    return look;
  }

  // many studies: find one by its words, and choose their order
  var list = document.querySelector(".wb-studies");
  var cards = list ? Array.from(list.querySelectorAll(".wb-study")) : [];
  if (cards.length > 1) {
    var said = list.dataset;
    var box = document.createElement("form");
    box.className = "wb-choose";
    var find = document.createElement("input");
    find.type = "search";
    var order = document.createElement("select");
    [["name", said.byName], ["run", said.byRun], ["behind", said.byBehind]].forEach(function (each) {
      order.add(new Option(each[1], each[0]));
    });
    [[find, said.findStudy], [order, said.sortBy]].forEach(function (each) {
      var label = document.createElement("label");
      label.textContent = each[1];
      label.appendChild(each[0]);
      box.appendChild(label);
    });
    var told = document.createElement("p");
    told.setAttribute("role", "status");
    box.appendChild(told);
    box.addEventListener("submit", function (event) { event.preventDefault(); });
    sift(find, cards, told, function (shown, all) {
      return said.foundStudies.replace("{n}", shown).replace("{of}", all);
    });
    order.addEventListener("change", function () {
      var by = order.value;
      cards.sort(function (one, two) {
        if (by === "behind") { return two.dataset.behind - one.dataset.behind; }
        if (by === "run") { return two.dataset.run.localeCompare(one.dataset.run); }
        return one.dataset.name.localeCompare(two.dataset.name, root.lang);
      }).forEach(function (card) { list.appendChild(card); });
    });
    list.before(box);
  }

  // tables: a head sorts its column, up, down, then as it was; long ones can be searched
  var SCALE = { "万": 1e4, "亿": 1e8, million: 1e6, billion: 1e9 };
  function size(text) {
    var day = /(\d{4})年(\d{1,2})月(\d{1,2})日/.exec(text);
    if (day) { return Date.UTC(day[1], day[2] - 1, day[3]); }
    day = /\d{1,2} [A-Z][a-z]{2,} \d{4}/.exec(text);
    if (day) { return Date.parse(day[0] + " UTC"); }
    var found = /(-?)[^\d-]*(\d[\d,]*(?:\.\d+)?)\s*(万|亿|million|billion)?/.exec(text.replace(/\u2212/g, "-"));
    if (!found) { return null; }
    return (found[1] ? -1 : 1) * parseFloat(found[2].replace(/,/g, "")) * (SCALE[found[3]] || 1);
  }
  document.querySelectorAll("table.wb-table").forEach(function (table) {
    var body = table.tBodies[0];
    var head = table.tHead && table.tHead.rows.length === 1 ? table.tHead.rows[0] : null;
    var rows = body ? Array.from(body.rows) : [];
    if (!head || rows.length < 3 || table.querySelector("[rowspan], [colspan]")) { return; }
    Array.from(head.cells).forEach(function (cell, at) {
      if (!cell.textContent.trim()) { return; }
      var button = document.createElement("button");
      button.type = "button";
      button.className = "wb-sort";
      while (cell.firstChild) { button.appendChild(cell.firstChild); }
      cell.appendChild(button);
      button.addEventListener("click", function () {
        var next = { ascending: "descending", descending: "" }[cell.getAttribute("aria-sort") || ""];
        if (next === undefined) { next = "ascending"; }
        Array.from(head.cells).forEach(function (other) { other.removeAttribute("aria-sort"); });
        if (next) { cell.setAttribute("aria-sort", next); }
        var numbers = rows.some(function (row) { return row.cells[at].classList.contains("wb-num"); });
        var keyed = rows.map(function (row, number) {
          var text = row.cells[at].textContent.trim();
          return { row: row, number: number, text: text, size: numbers ? size(text) : null };
        });
        var up = next === "descending" ? -1 : 1;
        keyed.sort(function (one, two) {
          if (!next) { return one.number - two.number; }
          if (numbers) { // what has no number stands last, either way
            if (one.size === null || two.size === null) {
              return (one.size === null) - (two.size === null) || one.number - two.number;
            }
            return up * (one.size - two.size) || one.number - two.number;
          }
          return up * one.text.localeCompare(two.text, root.lang) || one.number - two.number;
        }).forEach(function (each) { body.appendChild(each.row); });
      });
    });
    if (rows.length <= 8) { return; }
    var box = document.createElement("p");
    box.className = "wb-filter";
    // a column in which a few words come again and again is chosen from
    var choices = [];
    Array.from(head.cells).slice(0, 4).forEach(function (cell, at) {
      var texts = rows.map(function (row) { return row.cells[at].textContent.trim(); });
      var each = Array.from(new Set(texts));
      var words_ = rows.every(function (row) { return !row.cells[at].classList.contains("wb-num"); });
      if (!words_ || each.length < 2 || each.length > 24 || each.length > rows.length / 2) { return; }
      var choice = document.createElement("select");
      choice.add(new Option(words.allRows, ""));
      each.forEach(function (text) { if (text) { choice.add(new Option(text, text)); } });
      var name = document.createElement("label");
      name.textContent = cell.textContent.trim();
      name.appendChild(choice);
      box.appendChild(name);
      choices.push({ at: at, choice: choice });
    });
    var label = document.createElement("label");
    label.textContent = words.filterRows;
    var find = document.createElement("input");
    find.type = "search";
    var told = document.createElement("span");
    told.setAttribute("role", "status");
    label.appendChild(find);
    box.append(label, told);
    (table.closest(".wb-table-wrap") || table).before(box);
    var keep = function (row) {
      return choices.every(function (each) {
        return !each.choice.value || row.cells[each.at].textContent.trim() === each.choice.value;
      });
    };
    var again = sift(find, rows, told, function (shown, all) {
      return words.rowsFound.replace("{n}", shown).replace("{of}", all);
    }, keep);
    choices.forEach(function (each) { each.choice.addEventListener("change", again); });
  });

  // code can be taken along
  if (navigator.clipboard) {
    document.querySelectorAll(".wb-source").forEach(function (box) {
      var button = document.createElement("button");
      button.type = "button";
      button.className = "wb-copy";
      button.textContent = words.copy;
      button.addEventListener("click", function () {
        navigator.clipboard.writeText(box.querySelector("code").textContent).then(function () {
          button.textContent = words.copied;
          setTimeout(function () { button.textContent = words.copy; }, 1500);
        });
      });
      box.appendChild(button);
    });
  }
})();
