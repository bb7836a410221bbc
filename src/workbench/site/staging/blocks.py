"""The fragments that stage adds to a page: masthead, notices, lists of pages, provenance, links."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from workbench.reporting.small_pictures import mark
from workbench.runs.records.record import RunRecord
from workbench.site.editions.archive import ARCHIVE
from workbench.site.editions.records import PageSource, StudyRecord, pick
from workbench.site.personal import HIDDEN, redact
from workbench.site.staging.stored import StoredResults
from workbench.site.words import html_lang, name_of, say_day, say_moment, word
from workbench.study import Study

SHORT = 12
"""Characters of a hash that are printed; enough to compare by eye."""

_REASONS: tuple[tuple[str, dict[str, str]], ...] = (
    (r"the study has no table (.+)", {"zh": "本研究没有数据表 {0}"}),
    (r"the study has none of the tables (.+)", {"zh": "以下数据表本研究一个也没有：{0}"}),
    (r"study\.yml has no (.+)", {"zh": "研究卡片 study.yml 没有填写 {0}"}),
    (r"it needs (\S+), which is skipped: (.+)", {"zh": "它依赖的 {0} 未运行：{1}"}),
    (r"it needs (\S+), which (?:has )?failed.*", {"zh": "它依赖的 {0} 运行失败"}),
    (r"it skipped itself: (.+)", {"zh": "它自行跳过：{0}"}),
)

#: What an error says of the data it quotes; runs of digits may be anybody's number.
_QUOTED = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"|`[^`\n]*`|“[^”\n]*”|「[^」\n]*」|\d{5,}")
#: The workbench's own errors, whose words it knows.
_OWN_ERRORS = frozenset({
    "AbsentError", "BundleError", "BusyError", "CaseError", "ClusterError", "CodebookError",
    "DataError", "DeliveryError", "GoalError",
    "InputError", "InterruptedRunError", "MissingPackageError", "NoMixtureError",
    "NotebookError", "NotebookFileError", "ParameterError", "PipelineError", "PlanError",
    "ReportingError", "RunError", "SeveralStartsError", "SiteError", "StarterError", "StudyError",
    "SurveyError", "UnreadableRunError", "UnrecordedRunError", "NoSuchRunError", "RetentionError",
    "ScheduleError",
    "WithheldError", "WorkbenchError",
})  # fmt: skip

_TO_PAGE = re.compile(
    r"\[(?P<said>[^\]]*)\]\((?P<page>[\w-]+)\.html(?P<at>#[^)]*)?\)"
    r"|(?P<open><a\b[^>]*href=\")(?P<key>[\w-]+)\.html(?P<rest>[^>]*>)(?P<inner>.*?)</a>",
    re.DOTALL,
)


@dataclass(frozen=True)
class PageLink:
    """A page as another page lists it; `lead` and `cards` are HTML."""

    href: str
    title: str
    lead: str = ""
    cards: tuple[str, ...] = ()
    status: str = "done"


@dataclass(frozen=True)
class Cited:
    """How a page is cited: its name, its place on the site, the site's title and its address."""

    page: str
    place: str
    site: str
    address: str = ""


def _whole(text: str) -> str:
    return escape(" ".join(text.split()))


def masthead(
    record: StudyRecord,
    language: str,
    *,
    trail: Sequence[tuple[str, str]],
    kind: str,
    data_to: str = "",
    subtitle: str = "",
    description: str = "",
) -> str:
    """Return what stands above every page of a study: whose it is, how fresh, and whether made up.

    Parameters
    ----------
    record : StudyRecord
        The study with its newest run.
    language : str
        The edition's language.
    trail : sequence of (str, str)
        Names and addresses of the pages above this one, from the front page on.
    kind : str
        ``study``, ``page``, ``case``, ``cases`` or ``failed``.
    data_to : str
        How far the data of this page reach; those of the whole run when left out.
    subtitle, description : str
        Of the page, as they are written: of two renderers one reads them as Markdown in the front
        matter, and one does not.
    """
    study, run = record.study, record.run
    kicker = ' <span aria-hidden="true">›</span> '.join(
        f'<a href="{escape(href)}">{escape(name)}</a>' for name, href in trail
    )
    dates = [
        f'<span class="wb-date"><span>{escape(word(key, language))}</span> {escape(text)}</span>'
        for key, text in (
            ("data_to", say_day(data_to or run.data_to, language)),
            ("run_at", say_moment(run.finished, language, study.time_zone)),
            ("contact", pick(study.contact, language)),
        )
        if text
    ]
    if study.next_update and study.next_update.isoformat() > (run.finished or "")[:10]:
        # what a page cannot know when it is made: whether the day has passed without a new run
        dates.append(
            f'<span class="wb-date" data-due="{study.next_update.isoformat()}"'
            f' data-overdue="{escape(word("overdue", language))}">'
            f"<span>{escape(word('next_update', language))}</span>"
            f" {escape(say_day(study.next_update, language))}</span>"
        )
    return (
        f'<div class="wb-masthead" data-study="{escape(study.name)}" data-kind="{kind}"'
        f' data-subtitle="{_whole(subtitle)}" data-description="{_whole(description)}">\n'
        f'<p class="wb-kicker">{kicker}</p>\n'
        f'<p class="wb-dates">{" ".join(dates)}</p>\n{banner(study, language)}\n</div>'
    )


def banner(study: Study, language: str) -> str:
    """Say plainly that a study's data are made up, where they are."""
    if not study.simulated:
        return ""
    said = escape(word("simulated", language))
    why = escape(pick(study.simulated_how, language) or word("simulated_why", language))
    return f'<p class="wb-banner"><strong>{said}</strong> {why}</p>'


def failure(entry: PageSource, record: StudyRecord, language: str) -> str:
    """Say that a notebook failed: which, where, why; and what is shown in its place."""
    zone = record.study.time_zone
    when = say_moment(record.run.finished, language, zone)
    error = entry.step.error or {}
    cell = " ".join(str(error[key]) for key in ("cell", "cell_id") if error.get(key))
    # What went wrong may quote a cell of the data, which must not reach the site.
    cause = _told(str(error.get("message") or entry.step.reason), language)
    rows = "".join(
        f"<dt>{escape(word(key, language))}</dt><dd><code>{escape(text[:600])}</code></dd>"
        for key, text in (("cell", cell), ("cause", cause))
        if text
    )
    if entry.source is not None:
        follows = word("kept", language, when=say_moment(entry.source.finished, language, zone))
    else:
        follows = word("none_kept", language)
    at = word("failed_at", language, when=when, notebook=entry.key)
    return (
        '<div class="wb-notice" role="note">\n'
        f'<p class="wb-notice-title">{escape(word("failed", language))}</p>\n'
        f"<p>{escape(at)}</p>\n<dl>{rows}</dl>\n<p>{escape(follows)}</p>\n</div>"
    )


def ended_itself(entry: PageSource, record: StudyRecord, language: str) -> str:
    """Say that a notebook skipped itself, why, and of when the page is that is shown."""
    zone = record.study.time_zone
    when = say_moment(record.run.finished, language, zone)
    at = word("ended_at", language, when=when, notebook=entry.key)
    why = redact(reason(entry.step.reason, language))
    shown = entry.source.finished if entry.source is not None else ""
    follows = word("kept", language, when=say_moment(shown, language, zone))
    return (
        '<div class="wb-notice" role="note">\n'
        f'<p class="wb-notice-title">{escape(word("ended", language))}</p>\n'
        f"<p>{escape(at)}</p>\n<dl><dt>{escape(word('cause', language))}</dt>"
        f"<dd>{escape(why[:600])}</dd></dl>\n<p>{escape(follows)}</p>\n</div>"
    )


def _told(message: str, language: str) -> str:
    """Tell of an error what cannot name a person: our own words without what they quote."""
    kind, mark, _ = message.partition(": ")
    if mark and kind.isidentifier() and kind not in _OWN_ERRORS:
        return f"{kind} ({word('message_kept', language)})"
    return redact(_QUOTED.sub(HIDDEN, message))


def contents(links: Sequence[PageLink], language: str, *, heading: str) -> str:
    """List pages with their leads and headline numbers."""
    if not links:
        return ""
    items = "\n".join(
        f'<li class="wb-page-link{_failed(link)}">'
        f'<a href="{escape(link.href)}">{escape(link.title)}</a>'
        + (
            f'<p class="wb-lead">{escape(word("failed", language))}</p>'
            if link.status == "failed"
            else (f'<p class="wb-lead">{link.lead}</p>' if link.lead else "")
        )
        + (
            f'<ul class="wb-headlines wb-small">{"".join(link.cards)}</ul>'
            if link.cards and link.status != "failed"
            else ""
        )
        + "</li>"
        for link in links
    )
    return (
        f'<section class="wb-contents">\n<h2 id="contents">{escape(heading)}</h2>\n'
        f'<ul class="wb-pages">\n{items}\n</ul>\n</section>'
    )


def skipped(entries: Sequence[tuple[str, str]], language: str) -> str:
    """List what has no page, and why: title and reason of each."""
    if not entries:
        return ""
    items = "".join(
        f"<li><strong>{escape(title)}</strong> {escape(reason)}</li>" for title, reason in entries
    )
    return (
        '<section class="wb-skipped">\n'
        f'<h2 id="not-here">{escape(word("not_here", language))}</h2>\n'
        f"<p>{escape(word('not_here_why', language))}</p>\n<ul>{items}</ul>\n</section>"
    )


def reason(text: str, language: str) -> str:
    """Return why a notebook was skipped, in the edition's language where that is known."""
    for pattern, known in _REASONS:
        found = re.fullmatch(pattern, text)
        if found and language in known:
            return known[language].format(*(reason(part, language) for part in found.groups()))
    return text


def provenance(
    entry: PageSource, record: StudyRecord, language: str, cited: Cited | None = None
) -> str:
    """Return the box that says where a page comes from, and how it is cited."""
    run, step, study = entry.source or record.run, entry.shown, record.study
    key = "cached" if step.status == "cached" else "seconds"
    commit, mark = (run.commit[:SHORT], " +" if run.commit.endswith("+") else "")
    rows = [
        ("run", _code(run.run)),
        ("study", escape(f"{pick(study.title, language)} ({study.name})")),
        ("notebook", _code(entry.key)),
        ("run_at", escape(say_moment(run.finished, language, study.time_zone))),
        ("as_of", escape(say_day(run.as_of, language))),
        ("duration", escape(word(key, language, n=f"{step.seconds:.1f}"))),
        ("commit", _code(commit + mark)),
        ("origin", escape(pick(study.origin, language))),
        ("licence", escape(study.licence or "")),
        *(_cited(cited, run, record, language) if cited is not None else ()),
    ]
    shown = "\n".join(
        f"<div><dt>{escape(word(key, language))}</dt><dd>{text}</dd></div>"
        for key, text in rows
        if text
    )
    folded = "\n".join(
        f"<details><summary>{escape(word(key, language))}</summary>{_pairs(value)}</details>"
        for key, value in (
            ("parameters", step.parameters),
            ("inputs", {name: digest[:SHORT] for name, digest in run.inputs.items()}),
            ("versions", run.versions),
        )
        if value
    )
    return (
        '<section class="wb-provenance">\n<details>\n'
        f'<summary><h2 id="provenance">{escape(word("provenance", language))}</h2>'
        f" {_code(run.run)}</summary>\n"
        f"<dl>\n{shown}\n</dl>\n{folded}\n</details>\n</section>"
    )


def _cited(
    cited: Cited, run: RunRecord, record: StudyRecord, language: str
) -> list[tuple[str, str]]:
    """Give the line to cite a page by, and the address at which it stays as it is today.

    A page that is kept from an earlier run has the address that it got with that run, if any.
    """
    study, fresh = record.study, run.run == record.run.run
    kept = f"{ARCHIVE}/{run.run}/{cited.place}"
    title = pick(study.title, language)
    until = say_day(run.data_to or run.as_of, language)
    gap = "" if language == "zh" else " "
    said = word(
        "cite_as",
        language,
        name=title if cited.page == title else word("colon", language).join((title, cited.page)),
        run=run.run,
        day=say_day((run.finished or run.started)[:10], language),
        until=until,
        site=cited.site,
        address=f"{gap}{cited.address}{kept}" if cited.address and fresh else "",
    )
    up = "../" * cited.place.count("/")
    link = f'<a href="{escape(up + kept)}">{escape(word("archive_of", language))}</a>'
    return [("cite", escape(said)), ("archive", link if fresh else "")]


def study_card(
    record: StudyRecord, language: str, *, href: str, edition: str, stored: StoredResults
) -> str:
    """Return a study's card for the front page: what it says, how it stands, what is new.

    Parameters
    ----------
    record : StudyRecord
        The study with its newest run.
    language : str
        The front page's language.
    href : str
        Address of the study's first page.
    edition : str
        Language of the page that `href` leads to; another one where the study has no edition
        in the front page's language.
    stored : StoredResults
        What its pages stored, in the language of the edition.
    """
    study = record.study
    lang = "" if edition == language else f' lang="{html_lang(edition)}" hreflang="{edition}"'
    tags = "".join(
        f'<span class="wb-tag{css}">{escape(text)}</span>'
        for text, css in [
            *([(word("simulated", language), " wb-tag-simulated")] if study.simulated else []),
            *(
                [(word(f"only_{edition}", language), "")]
                if edition != language
                else [(name_of(x), "") for x in study.languages]
            ),
        ]
    )
    message, counts = stored.message(), stored.standing()
    own = f' lang="{html_lang(edition)}"'
    parts = [f'<p class="wb-study-says"{own}>{message}</p>'] if message else []
    if counts:
        parts.append(f'<div class="wb-standing"{own}>{counts}</div>')
    elif cards := stored.leading():
        parts.append(f'<ul class="wb-headlines wb-small"{own}>{"".join(cards)}</ul>')
    else:
        parts.append(f'<p class="wb-note">{escape(word("no_numbers", language))}</p>')
    failed = [entry.key for entry in record.entries if entry.step.status == "failed"]
    if failed:
        said = word("some_failed", language, n=len(failed), of=len(record.entries))
        mark_of = f'<span class="wb-status">{mark("missed")} {escape(said)}</span>'
        parts.append(f'<p class="wb-bad">{mark_of}</p>')
    when = say_moment(record.run.finished, language, study.time_zone)
    until = say_day(record.run.data_to, language)
    fresh = [f"{word('data_to', language)} {until}"] if until else []
    fresh.append(f"{word('last_run', language)} {when}")
    news = f"<span{own}>{escape(stored.news())}</span>"
    title = pick(study.title, language)
    return (
        f'<article class="wb-study" data-name="{escape(title, quote=True)}"'
        f' data-run="{escape(record.run.finished or "")}" data-behind="{stored.behind()}">\n'
        f'<div class="wb-study-head"><h3 id="study-{escape(study.name)}">'
        f'<a href="{escape(href)}"{lang}>{escape(title)}</a></h3>\n'
        f'<p class="wb-tags">{tags}</p></div>\n'
        f'<p class="wb-lead">{escape(pick(study.description, language))}</p>\n'
        + "\n".join(parts)
        + f'\n<p class="wb-fresh">{escape(" · ".join(fresh))} · {news}</p>\n</article>'
    )


def studies(cards: Sequence[str], language: str) -> str:
    """Put the studies' cards together; the page's script adds a search and an order to them."""
    words = " ".join(
        f'data-{key.replace("_", "-")}="{escape(word(key, language), quote=True)}"'
        for key in ("find_study", "sort_by", "by_name", "by_run", "by_behind", "found_studies")
    )
    return f'<div class="wb-studies" {words}>\n' + "\n".join(cards) + "\n</div>\n"


def relinked(
    cells: list[Any],
    places: Mapping[str, str],
    notebooks: Collection[str],
    names: Mapping[str, str],
) -> list[Any]:
    """Point links to notebooks, written as ``<key>.html``, to where their pages are.

    Parameters
    ----------
    cells : list of cells
        Those of markdown are changed.
    places : mapping
        Key of a notebook, or of one of its cases, -> its page as seen from this one.
    notebooks : collection of str
        All there are: of a link to one that did not run, only the words stay. Any other link is
        left, for the check of the site to report.
    names : mapping
        Key -> the one name of the page: a link that says the key says this instead.
    """

    def place(found: re.Match[str]) -> str:
        key = found["page"] or found["key"]
        if key not in places and key in notebooks:
            return str(found["inner"] if found["said"] is None else found["said"])
        target = places.get(key, f"{key}.html")
        bare = key.replace("_", " ").capitalize()
        if found["said"] is None:
            inner = found["inner"]
            inner = escape(names.get(key, inner)) if inner == bare else inner
            return f"{found['open']}{target}{found['rest']}{inner}</a>"
        said = names.get(key, bare) if found["said"] == bare else found["said"]
        return f"[{said}]({target}{found['at'] or ''})"

    for cell in cells:
        if cell.cell_type == "markdown":
            cell.source = _TO_PAGE.sub(place, cell.source)
    return cells


def _failed(link: PageLink) -> str:
    return " wb-failed" if link.status == "failed" else ""


def _pairs(values: Mapping[str, Any]) -> str:
    items = "".join(
        f"<div><dt>{escape(str(k))}</dt><dd>{_code(_plain(v))}</dd></div>"
        for k, v in values.items()
    )
    return f"<dl>{items}</dl>"


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>" if text else ""
