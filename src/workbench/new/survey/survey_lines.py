"""Writes the survey's part of a new study's card, with `# CHECK` where something is not certain."""

from __future__ import annotations

import json
from collections.abc import Iterator

from workbench.new.columns.proposal import Proposal


def survey_lines(proposal: Proposal) -> Iterator[str]:
    """Write the survey's part of the card."""
    section = proposal.survey
    if proposal.standard != "survey":
        return
    yield "survey:"
    if not section and not any(q.key == "survey.waves" for q in proposal.questions):
        yield "  groups: [segment, region]   # only recommending or a comment was asked"
    if "scale" in section:
        low, high = section["scale"]
        mark = "the answers run from" if section["sure"] else "CHECK: was it asked on"
        yield f"  scale: [{low}, {high}]            # {mark} {low} to {high}"
    if "words" in section:
        yield "  # CHECK answers: what these words stand for, from 1 for the worst; until then they"
        yield "  # cannot be read"
        each = ", ".join(f"{json.dumps(word, ensure_ascii=False)}: " for word in section["words"])
        yield f"  # answers: {{{each}}}"
    if "turned" in section:
        written = json.dumps(section["turned"], ensure_ascii=False)
        yield f"  answers: {written}   # the heading says that the lowest is best"
    if "sided" in section:
        sides = {"exp": "expectation", "per": "experience", "imp": "importance"}
        told = " and ".join(sides[side] for side in section["sided"])
        yield f"  # the same questions were asked of {told}"
    if section.get("reversed"):
        written = json.dumps(section["reversed"], ensure_ascii=False)
        yield f"  reversed: {written}   # their headings say that the lowest is best"
    for key in ("importance_scale", "scales", "columns"):
        if key in section:
            yield f"  {key}: {json.dumps(section[key], ensure_ascii=False)}"
    if "unsaid" in section:
        each = ", ".join(f"{name} ({low} to {high})" for name, low, high in section["unsaid"])
        yield (
            f"  # CHECK items: no heading says what was asked in {each}; map overall satisfaction"
            " (csat) and recommending (recommend) under columns, and take what is no item out of"
            " the dimensions"
        )
    if "odd" in section:
        each = ", ".join(map(repr, section["odd"]))
        said = "is not numbered as the other items are; take out what is none"
        yield f"  # CHECK items: {each} {said}"
    if "beside" in section:
        each = ", ".join(map(repr, section["beside"]))
        said = "stand in one block alone and are left out; a survey of gaps needs both sides"
        yield f"  # CHECK items: {each} {said}"
    for name, words in section.get("unread", {}).items():
        said = ", ".join(map(repr, words[:5]))
        yield f"  # CHECK answers: {name!r} was not read as a question for {said}; if it is one,"
        yield "  # name each of its words under answers, and the column under tables and dimensions"
    if "items" in section:
        yield "  items:                   # their wording; a text a language: {en: ..., zh: ...}"
        for code, text in section["items"].items():
            yield f"    {json.dumps(code)}: {json.dumps(text, ensure_ascii=False)}"
    if "dimensions" in section:
        yield "  # what the items measure: split them, and take out what is no item"
        yield f"  dimensions: {json.dumps(section['dimensions'], ensure_ascii=False)}"
    if "waves" in section:
        yield f"  waves: {json.dumps(section['waves'], ensure_ascii=False)}"
    for question in proposal.questions:
        if question.key == "survey.waves":
            yield f"  # CHECK waves: {question.asks}"
            for option in question.options:
                order = json.dumps(option.sets["survey.waves"], ensure_ascii=False)
                yield f"  #   {option.label}: waves: {order}"
    if "open" in section:
        yield "  open:                    # answered in people's own words, beside `comment`"
        for name, text in section["open"].items():
            said = f"{json.dumps(name, ensure_ascii=False)}: {json.dumps(text, ensure_ascii=False)}"
            yield f"    {said}"
    if "weights" in section:
        own = json.dumps(section["weights"], ensure_ascii=False)
        yield f"  weights: {{column: {own}}}   # CHECK: do these weights stand for all customers"
    if "questions" in section:
        yield "  questions:               # several answers could be ticked"
        for name, entry in section["questions"].items():
            said = json.dumps(entry, ensure_ascii=False)
            yield f"    {json.dumps(name, ensure_ascii=False)}: {said}"
    if "groups" in section:
        yield f"  groups: {json.dumps(section['groups'], ensure_ascii=False)}"
    yield ""
