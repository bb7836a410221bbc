"""What a notebook shows: sentences, figures, tables and headline numbers, in each language.

Every output says in its metadata what it is, so that a page can be made of it::

    {"workbench": {"language": "zh", "role": "figure", "dark": {"#1d4a94": "#5395f2", ...}}}

====================  ==================  ======================================================
role                  content             more in the metadata
====================  ==================  ======================================================
message               text/html
heading               text/markdown       ``level``
prose                 text/markdown
callout               text/markdown       ``kind``
headlines             text/html
cards                 text/html
figure-title          text/html
figure                image/svg+xml       ``dark``: colour on paper to colour on a dark page
                                          ``alt``: what it shows, for who cannot see it
figure-data           text/html
table                 text/html
====================  ==================  ======================================================

A number that states a fact stands in ``span[data-fact]``, which names the fact; ``data-number`` has
the number itself.

Where a language has no words for something, the English text stands there, and ``missing`` lists
it; ``names`` lists untranslated texts that come from the data, which may be meant so.

Classes that a style sheet dresses (the HTML has no colours of its own):

- ``ul.wb-headlines > li.wb-card`` with ``p.wb-card-label``, ``p.wb-card-value`` (in it
  ``span.wb-card-unit``), ``p.wb-card-interval``, ``p.wb-card-change`` (also ``wb-better`` or
  ``wb-worse``; the words say it, too)
- ``ul.wb-personas > li.wb-persona`` with ``p.wb-persona-name``, ``p.wb-persona-size``,
  ``dl.wb-persona-shares`` and ``dl.wb-persona-typical`` (each row a ``div``),
  ``p.wb-persona-label``
- ``p.wb-figure-title`` and ``caption``, each with ``span.wb-title`` and ``span.wb-subtitle``
- ``div.wb-table-wrap > table.wb-table``, cells ``.wb-num`` and ``.wb-short`` (not to
  be wrapped), in them ``span.wb-bar`` (its width is
  set; give it height and colour); ``p.wb-note`` below a table that was cut
- ``details.wb-figure-data`` and ``a.wb-download``

- ``p.wb-message`` and ``p.wb-news``; ``ul.wb-goals > li.wb-goal``, ``ol.wb-next``,
  ``table.wb-measures``, ``div.wb-answers > section.wb-answer`` (`workbench.reporting.landing`)
- ``span.wb-status`` with ``svg.wb-mark``, in something of the class ``wb-good``, ``wb-fair``,
  ``wb-warn``, ``wb-bad`` or ``wb-open``; ``svg.wb-course``, ``svg.wb-span``
  (`workbench.reporting.small_pictures`)

Words, numbers and dates of a language: :mod:`workbench.languages`; the landing page:
:mod:`workbench.reporting.overview`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.errors import ReportingError
    from workbench.languages.numbers import Value, day, money, num, pct, points
    from workbench.reporting.cards import headlines
    from workbench.reporting.display import configure, languages_shown
    from workbench.reporting.persona_cards import personas
    from workbench.reporting.sentences import callout, code, heading, say, tell
    from workbench.reporting.showing import show

_WHERE = {
    "callout": "reporting.sentences",
    "code": "reporting.sentences",
    "configure": "reporting.display",
    "day": "languages.numbers",
    "heading": "reporting.sentences",
    "headlines": "reporting.cards",
    "languages_shown": "reporting.display",
    "money": "languages.numbers",
    "num": "languages.numbers",
    "pct": "languages.numbers",
    "personas": "reporting.persona_cards",
    "points": "languages.numbers",
    "ReportingError": "errors",
    "say": "reporting.sentences",
    "show": "reporting.showing",
    "tell": "reporting.sentences",
    "Value": "languages.numbers",
}

__all__ = [
    "ReportingError",
    "Value",
    "callout",
    "code",
    "configure",
    "day",
    "heading",
    "headlines",
    "languages_shown",
    "money",
    "num",
    "pct",
    "personas",
    "points",
    "say",
    "show",
    "tell",
]


def __getattr__(name: str) -> Any:
    # Imports cost time: a notebook pays for what it uses.
    if name in _WHERE:
        from importlib import import_module

        return getattr(import_module(f"workbench.{_WHERE[name]}"), name)
    raise AttributeError(f"module 'workbench.reporting' has no attribute {name!r}")
