"""Finds the questions of a survey: which columns are answers on a scale, and on which one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import pandas as pd

from workbench.data.clean.answers import fitting_scales, shown
from workbench.data.text.answer_words import is_no_answer
from workbench.new.columns.profile import ColumnProfile
from workbench.new.columns.proposal import OpenQuestion, Option, Proposal
from workbench.new.survey.choices import columns_of_choices, questions_of_choices
from workbench.new.survey.hints import camps_of, ends_named, in_own_words, is_camp, said_twice
from workbench.new.survey.scales import ENDS_SAID, MOST_WORDS, ScaleColumn, rating_of
from workbench.new.survey.sides import map_sides, sides_of
from workbench.study.survey import SERVQUAL_ITEMS
from workbench.study.waves import order_of_names

_OVERALL: Final = re.compile(
    r"overall|in general|all in all|as a whole|csat|osat|总体|整体|总的|綜合|综合|総合|全体|総じて"
    r"|gesamt|insgesamt|en general\b|en conjunto|global|dans l.ensemble|nel complesso|no geral"
    r"|전반|в целом|в общем|общая|ogólnie|over het algemeen|in het algemeen",
    re.I,
)
_REMARK: Final = re.compile(
    r"comment|suggest|feedback|remark|tell us|in your own words|意见|建议|留言|评论|其他想说"
    r"|bemerkung|anmerkung|kommentar|anregung|意見|要望|感想|コメント|comentario|sugerencia|observacion"
    r"|commentaire|remarque|commenti|osservazioni|comentário|의견|opmerking"
    r"|cmt|verbatim|follow.?up (?:response|answer|comment)|коммент|предложен|отзыв|замечани|opini"
    r"|anything else|do better|improve|why did you|why do you|reason for your (?:score|rating)"
    r"|改进|改善|还有什么|原因是|为什么",
    re.I,
)
_NOT_ASKED: Final = re.compile(
    r"(?:\b|_)id$|^(?:id|no\.?|nr\.?|#|序号|编号|row|index)$|年龄|\bage\b|总分|得分合计|progress|finished|duration"
    r"|seconds|latitude|longitude|weight|^w$|权重|\bip\b|year|年份|_complete$|credit|信用分"
    # what the tools of fieldwork note of an interview
    r"|^(?:missrel|missing anteil|last_?page|maxpage|q_viewer|time_(?:sum|rsi)|time\d{3}|deg_time"
    r"|dispcode|lfdn|rts\d+|tester|device_type|start_?language)\b|^(?:missing|quota|serial|status|markers?)$",
    re.I,
)
#: What people are, as short headings say it; questions on a scale are not called so.
_WHO: Final = re.compile(
    r"(?i)age[ _-]?(?:group|band|range|class|cat)|income|education|marital|household|occupation"
    r"|altersgruppe|einkommen|bildung|学历|收入|职业|婚姻|年龄段"
)
_COUNTED: Final = re.compile(r"(?i)[a-z]{0,8}[ _.#-]?\d")
#: Several answers may be chosen.
_SEVERAL: Final = re.compile(
    r"select all|choose all|all that apply|multiple|多选|可多选|複数|mehrfach|marque todos"
    r"|plusieurs",
    re.I,
)
#: Names that say nothing of what was asked.
_NAMELESS: Final = re.compile(r"(?i)[a-z]{1,4}[ _.-]?\d{1,4}(?:[_.]?[a-z0-9]{1,2})*")
#: Standard names of items, which need no mapping.
_STANDARD: Final = re.compile(r"(?:exp|per|imp)_\w+")
#: Share of a column's answers that must show a number or a known word.
_NEARLY_ALL: Final = 0.9
#: Waves of which one may ask in which order they came.
MOST_WAVES: Final = 24
_SHORT_HEADING: Final = 24
_WEIGHT: Final = re.compile(r"w|wt|wgt|weights?|weighting|权重|权数|加权", re.IGNORECASE)


def find_questions(proposal: Proposal) -> None:
    """Find a survey's scores, comment and items, and what the card must say of them."""
    columns = proposal.columns
    taken = set(columns.values())
    free = [p for p in proposal.columns_of_file if p.name not in taken]
    free = [p for p in free if not _aside(p)]
    ratings = {p.name: r for p in free if (r := rating_of(p)) is not None}
    twice = said_twice({n: r.column for n, r in ratings.items()}, free)
    camps = camps_of(proposal.columns_of_file)
    free = [p for p in free if p.name not in twice and p.name not in camps]
    ratings = {name: r for name, r in ratings.items() if name not in camps}
    stems = {_stem(name) for name in ratings if _stem(name) != name}
    kin = {p.name: rating_of(p, kin=True) for p in free if _stem(p.name) in stems}
    ratings = {p.name: r for p in free if (r := ratings.get(p.name) or kin.get(p.name)) is not None}
    unknown = _alike_in_unknown_words([p for p in free if p.name not in ratings])
    ratings |= unknown
    section: dict[str, Any] = {}
    scales: dict[str, list[int]] = {}
    _satisfaction(proposal, ratings, scales)
    turned = {}
    overall = next((c for c in ("csat", "csat5", "csat10") if c in columns), None)
    if overall is not None:
        named = ends_named(proposal.own[columns[overall]].said)
        known = rating_of(proposal.own[columns[overall]])
        if named is None and known is not None and known.turned:
            named = (*known.scale, True)
        if named is not None and named[2]:
            low, high, _ = named
            turned[overall] = {f"{n}": low + high - n for n in range(low, high + 1)}
    recommend = proposal.column("recommend")
    if recommend is not None:
        ratings.pop(recommend.name, None)
        found = rating_of(recommend)
        ends_said = ENDS_SAID.search(recommend.said) is not None
        usual_ones = ((0, 10),) if ends_said else ((0, 10), (1, 10))
        if found is not None and found.scale not in usual_ones and _apart(found):
            scales["recommend"] = list(found.scale)
    if "comment" not in columns:
        remarks = [p for p in free if _REMARK.search(p.said) and p.distinct]
        remarks = [p for p in remarks if p.name not in ratings] or [
            p for p in free if in_own_words(p) and p.name not in {*ratings, *columns.values()}
        ]
        if remarks:
            columns["comment"] = max(remarks, key=lambda p: p.distinct).name
    sided = [name for name in ratings if _STANDARD.fullmatch(name)]
    items = {name: r for name, r in ratings.items() if name not in sided}
    asked = [ratings[name] for name in sided] or list(items.values())
    if asked:
        counts = Counter(r.scale for r in asked)
        # of scales that as many items show the wider one: nobody need use its ends
        usual = max(counts, key=lambda s: (counts[s], s[1] - s[0]))
        section["scale"] = list(usual)
        section["sure"] = any(r.sure for r in asked if r.scale == usual)
        own = sorted({name[4:] for name in sided})
        if sided and own != list(SERVQUAL_ITEMS):  # these have dimensions of their own
            section["dimensions"] = {"service": own}
        items = {name: _beside(r, usual) for name, r in items.items()}
        ratings |= items
        pairs = {} if sided else sides_of([r.column.said for r in items.values()])
        if pairs:
            section |= map_sides(proposal, items, pairs)
            sided = [name for name, r in items.items() if r.column.said in pairs]
        if not sided and len(items) > 1:
            section |= _items(proposal, items)
            codes = section.pop("codes")
            told = {n: ends_named(r.column.said) for n, r in items.items()}
            low_best = {n for n, ends in told.items() if ends and ends[2]}
            low_best |= {n for n, r in items.items() if r.turned and told[n] is None}
            section["reversed"] = [codes[n] for n in items if n in low_best]
            if overall is None and recommend is None and _unsaid(items):
                section["unsaid"] = [(n, *r.scale) for n, r in items.items()]
            counted = [n for n in items if _COUNTED.match(n)]
            if 3 <= len(counted) < len(items) < 2 * len(counted):  # Q1, Q2, Q3 and Band
                section["odd"] = [n for n in items if n not in counted]
            scales |= {codes[n]: list(r.scale) for n, r in items.items() if r.other_than(usual)}
    if scales:
        section["scales"] = scales
    if turned:
        section["turned"] = turned
    if unknown:
        words = [str(w) for r in unknown.values() for w in r.column.texts]
        section["words"] = sorted(dict.fromkeys(words))
    weight = [
        p for p in proposal.columns_of_file if _WEIGHT.fullmatch(p.name.strip()) and _positive(p)
    ]
    if len(weight) == 1:
        section["weights"] = weight[0].name
        ratings.pop(weight[0].name, None)
    own_words = [
        p for p in free
        if (p.free_text or _REMARK.search(p.said) or in_own_words(p))
        and p.name not in {*ratings, *columns.values(), *unknown}
    ]  # fmt: skip
    if own_words:
        section["open"] = {p.name: p.wording or p.name for p in own_words}
    if unread := _unread(free, ratings, stems, {*columns.values(), *section.get("open", {})}):
        section["unread"] = unread
    used = {*taken, *ratings, *columns.values(), *(p.name for p in [*weight, *own_words]), *twice}
    rest = [p for p in proposal.columns_of_file if p.name not in used]
    if several := questions_of_choices(rest, used):
        section["questions"] = several
    if groups := _groups(proposal, {*ratings, *columns_of_choices(several)}):
        section["groups"] = groups
    _codes(proposal, ratings)
    proposal.survey = section
    _waves(proposal)


def _unread(
    free: Sequence[ColumnProfile], ratings: Mapping[str, Any], stems: set[str], other: set[str]
) -> dict[str, list[str]]:
    """Name columns called as items are, or answered in known words, that were not read, and why."""
    found = {}
    for p in free:
        if p.name in ratings or p.name in other or p.numeric or p.when or p.boolean:
            continue
        words = {str(text): int(n) for text, n in p.texts.value_counts().items()}
        if not 3 <= len(words) <= 2 * MOST_WORDS or p.free_text:
            continue
        known = {w for w in words if fitting_scales([w]) or shown(w) or is_no_answer(w)}
        enough = 2 * sum(words[w] for w in known) > sum(words.values())
        if enough and (_stem(p.name) in stems or len(known) > 2):
            found[p.name] = sorted(set(words) - known) or sorted(words)
    return found


def _beside(found: ScaleColumn, usual: tuple[int, int]) -> ScaleColumn:
    """Take back codes for no answer that lie on the scale of the other items."""
    numbers = [(code, shown(code)) for code in found.codes]
    inside = [c for c, n in numbers if n is not None and usual[0] <= n.number <= usual[1]]
    if not inside or found.seen[1] > usual[1]:
        return found
    codes = tuple(c for c in found.codes if c not in inside)
    return replace(found, scale=usual, codes=codes)


def _unsaid(items: Mapping[str, ScaleColumn]) -> bool:
    """Tell items of which no heading says what was asked: v_101, v_102."""
    return all(_NAMELESS.fullmatch(n) and not r.column.wording for n, r in items.items())


def _alike_in_unknown_words(columns: Sequence[ColumnProfile]) -> dict[str, ScaleColumn]:
    """Find questions that share a few answers in words (or signs) that no usual scale has.

    Nobody but the study can say in which order these stand, so the card asks.
    """
    said: dict[str, set[str]] = {}
    for p in columns:
        words = {str(text).strip() for text in p.texts.unique()[: MOST_WORDS + 2]}
        words = {word for word in words if word and not is_no_answer(word)}
        about = p.heading.has("gender", "place", "group", "birth", "category", "channel", "product")
        if 3 <= len(words) <= MOST_WORDS and not (p.numeric or p.when or p.boolean or about):
            said[p.name] = words
    found = {}
    for p in columns:
        mine = said.get(p.name, set())
        kin = [w for name, w in said.items() if name != p.name and len(mine & w) * 5 >= 3 * len(w)]
        if mine and kin:
            steps = len(mine.union(*kin))
            if steps <= MOST_WORDS:
                found[p.name] = ScaleColumn(p, (1, steps), False, seen=(1, steps))
    return found


def _positive(p: ColumnProfile) -> bool:
    """Tell numbers that may be weights: none below zero, and not all the same."""
    numbers = pd.to_numeric(p.texts, errors="coerce")
    return bool(p.distinct > 2 and numbers.notna().mean() > _NEARLY_ALL and numbers.min() >= 0)


def answers_of(proposal: Proposal) -> set[str]:
    """Name the columns that hold answers to items, which the file calls as the card does."""
    dimensions = (proposal.survey or {}).get("dimensions", {})
    items = {item for items in dimensions.values() for item in items}
    names = {p.name for p in proposal.columns_of_file}
    own = {name for name in names if name in items or _STANDARD.fullmatch(name)}
    return own | columns_of_choices((proposal.survey or {}).get("questions", {}))


def _aside(p: ColumnProfile) -> bool:
    """Tell columns of numbers that nobody was asked for; a region's or a gender's may be codes."""
    short = len(p.said.split()) <= 3 and len(p.said) <= _SHORT_HEADING
    about = short and not p.heading.has("satisfaction")
    about = about and (p.heading.has("gender", "place") or bool(_WHO.search(p.name)))
    return p.heading.has("phone", "birth") or about or bool(_NOT_ASKED.search(p.name))


def _stem(name: str) -> str:
    return re.sub(r"\d+", "#", name)


def _apart(found: ScaleColumn) -> bool:
    """Tell whether recommending was surely not asked on 0 to 10."""
    return found.scale[1] == 11 or found.sure or len(found.column.texts) >= 30


def _satisfaction(
    proposal: Proposal, ratings: dict[str, ScaleColumn], scales: dict[str, list[int]]
) -> None:
    """Find overall satisfaction among the ratings, and take it out of them."""
    if {"csat", "csat5", "csat10"} & set(proposal.columns):
        overall_ = proposal.column("csat")
        known = rating_of(overall_) if overall_ is not None else None
        if known is not None:
            scales["csat"] = list(known.scale)
        return
    about = [r for r in ratings.values() if r.column.heading.has("satisfaction")]
    about += [r for r in ratings.values() if _OVERALL.search(r.column.said) and r not in about]
    overall = [r for r in about if _OVERALL.search(r.column.said)] or about
    if not overall or (len(overall) > 1 and not _OVERALL.search(overall[0].column.said)):
        return
    found = overall[0]
    name = {(1, 5): "csat5", (1, 10): "csat10"}.get(found.scale, "csat")
    proposal.columns[name] = found.column.name
    ratings.pop(found.column.name)
    if name == "csat":
        scales["csat"] = list(found.scale)


def _items(proposal: Proposal, items: dict[str, ScaleColumn]) -> dict[str, Any]:
    """Name the items: by their columns where these are short, else by numbers."""
    short = all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,11}", name) for name in items)
    if short:
        codes = {name: name for name in items}
        said = {name: r.column.wording for name, r in items.items() if r.column.wording}
        worded = _wordings(list(said.values()), list(said))
        return {
            "codes": codes,
            "columns": {"perception": "{item}"},
            "dimensions": {"service": list(items)},
        } | ({"items": worded} if len(worded) == len(items) else {})
    codes = {name: f"{i:02d}" for i, name in enumerate(items, 1)}
    for name, code in codes.items():
        proposal.columns[f"per_{code}"] = name
    return {
        "codes": codes,
        "items": _wordings([items[name].column.said for name in codes], list(codes.values())),
        "dimensions": {"service": list(codes.values())},
    }


def _wordings(said: Sequence[str], codes: Sequence[str]) -> dict[str, str]:
    """Give the items' own words, without the group or the instruction that all of them bear.

    "Please rate: [Prices are fair]", "Service/Prices are fair", "1.请评价:价格合理".
    """
    own = [re.sub(r"^.*\[([^\[\]]{4,})\]$", r"\1", text.strip()) for text in said]
    marks = r"/|[:：]\s*|\s>>\s|\s[-–—]\s|[-–—]{2}"
    parts = [re.split(f"(?:{marks})", text) for text in own]
    if len(own) > 1 and all(len(part) > 1 for part in parts):
        if len({part[0] for part in parts}) == 1:
            own = [re.split(marks, text, maxsplit=1)[1] for text in own]
        elif len({part[-1] for part in parts}) == 1:  # Alchemer: the instruction is behind
            own = [text[: text.rindex(part[-1])] for text, part in zip(own, parts, strict=True)]
            own = [re.sub(rf"(?:{marks})\s*$", "", text + " ").strip() for text in own]
            coded = r"\w*\d\w*\s*[:：.]\s*(?=\S)"  # Forsta: Q1r1: Staff were helpful
            if all(re.match(coded, text) for text in own):
                own = [re.sub(coded, "", text, count=1) for text in own]
    return dict(zip(codes, (text.strip() for text in own), strict=True))


def _groups(proposal: Proposal, answers: set[str]) -> list[str]:
    """Name the columns by which answers may be compared."""
    mapped = set(proposal.columns.values())
    return [
        p.name
        for p in proposal.columns_of_file
        if p.name not in mapped
        and p.name not in answers
        and 2 <= p.distinct <= 12
        and p.repeats >= 5
        and p.filled > 0.5
        and not (_SEVERAL.search(p.said) or p.texts.str.contains("┋").any())
        and not (p.numeric or p.when or p.boolean or p.mail > 0 or is_camp(p))
        and p.heading.has("gender", "place", "group", "birth", "category", "channel")
    ][:4]


def _codes(proposal: Proposal, ratings: dict[str, ScaleColumn]) -> None:
    """Ask whether values far off a scale stand for no answer."""
    codes = {name: list(r.codes) for name, r in ratings.items() if r.codes}
    if not codes:
        return
    said = ", ".join(sorted({code for found in codes.values() for code in found}))
    proposal.questions.append(
        OpenQuestion(
            "missing",
            f"Does {said} in {', '.join(list(codes)[:6])} stand for no answer?",
            [Option("no answer", {"missing": codes}), Option("answers", {"missing": None})],
        )
    )


def _waves(proposal: Proposal) -> None:
    """Ask for the order of waves that neither days nor their names put in order of time."""
    wave, days = proposal.column("wave"), proposal.column("answered_on")
    if wave is None or wave.distinct < 2 or wave.distinct > MOST_WAVES:
        return
    names = list(dict.fromkeys(map(str, wave.texts)))
    if order_of_names(names) is not None or (days is not None and days.filled > 0.5):
        return
    listed = ", ".join(map(repr, names))
    proposal.questions.append(
        OpenQuestion(
            "survey.waves",
            f"In which order of time did the waves in {wave.name!r} come? Nothing says it",
            [
                Option(f"as in the file: {listed}", {"survey.waves": names}),
                Option("the other way round", {"survey.waves": names[::-1]}),
            ],
            default=None,
        )
    )
