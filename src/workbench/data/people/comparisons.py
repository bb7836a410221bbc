"""What speaks for one person and what against, as Splink's comparisons: name, year, contacts.

What duplicates look like (the m-probabilities) is known beforehand, because clerks err alike
everywhere; how often people share what is written (the u-probabilities) is counted in the table.
Name and year of birth say *who*, contacts say *where*: couples share all contacts, so these are one
comparison of several levels, whose weight `linkage` learns from the table itself. A given name or a
year that differs outweighs every contact.

References
----------
Fellegi and Sunter (1969), A theory for record linkage, JASA 64: 1183-1210.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rapidfuzz.distance import OSA, JaroWinkler

from workbench.data.people.names import Name

#: Years between father and son of one name.
GENERATION = 15


@dataclass(frozen=True)
class Where:
    """One way in which two records' contacts agree.

    Attributes
    ----------
    label : str
        What agrees.
    m : float
        Share of the pairs of one person that agree so, before the table is asked.
    rate : float or None
        Other people of whom that holds, for one record, before the table is asked; None where the
        table cannot tell, and `weight` stands.
    weight : float
        The Bayes factor where no rate is learnt.
    """

    label: str
    m: float
    rate: float | None = None
    weight: float = 1.0


#: From the weakest to the strongest: number 0 is Splink's level 1.
WHERE = (
    Where("phone or e-mail differs", 0.03, weight=0.01),
    Where("two contacts differ", 0.01, weight=0.004),
    Where("all contacts differ", 0.01, weight=0.001),
    Where("shared line", 0.02, rate=0.05),
    Where("address", 0.06, rate=0.03),
    Where("nearly the same phone or e-mail", 0.03, weight=60.0),
    Where("nearly the same contact, and address", 0.02, weight=2_000.0),
    Where("e-mail, another phone", 0.06, rate=0.004),
    Where("phone, another e-mail", 0.08, rate=0.010),
    Where("e-mail", 0.06, rate=0.003),
    Where("phone", 0.12, rate=0.008),
    Where("one contact, and nearly the other", 0.05, rate=0.001),
    Where("one contact, and address", 0.12, rate=0.012),
    Where("phone and e-mail", 0.35, rate=0.010),
)
#: Splink's levels at which at least one contact of their own is the same.
ONE_CONTACT = frozenset(range(8, 15))
#: ... and at which none is, and one that is known differs.
ELSEWHERE = frozenset({1, 2, 3})

#: Levels of the comparisons of names and years that two people have.
AGAINST = frozenset({0, 1, 8, 9, 10})
AGAINST_YEAR = 2


def settings(same_year: float) -> list[dict[str, Any]]:
    """Give Splink's comparisons.

    A level of names that is told by a frequency weighs by how rare the name is: two 王伟 say less
    than two 欧阳锋. Where the years of birth lie a generation apart, the same name says nothing.

    Parameters
    ----------
    same_year : float
        Share of strangers who were born in one year.
    """
    names: list[tuple[str, float, float | str]] = [
        ("given name with one sign otherwise", 0.02, 0.05),
        ("a person and a firm", 0.002, 0.1),
        ("junior and senior, or another legal form", 0.001, 0.1),
        ("one name, a generation apart", 0.5, 0.5),
        ("same name", 0.6, "written"),
        ("same name, written otherwise", 0.1, "sounds"),
        ("may be the same name", 0.3, "short"),
        ("part of the name", 0.8, "house"),
        ("firm and branch", 0.02, 0.5),
        ("another family name", 0.03, "first"),
        ("another given name", 0.0005, 0.9),
        ("another name", 0.0003, 0.9),
    ]
    years: list[tuple[str, float, float | str]] = [
        ("same year", 0.92, same_year),
        ("digits in the other order", 0.01, 0.04),
        ("a generation apart", 0.003, 0.5),
        ("nearly the same year", 0.05, 0.12),
        ("another year", 0.01, 0.35),
    ]
    # What contacts weigh is learnt after the pairs were counted; until then they say nothing.
    contacts: list[tuple[str, float, float | str]] = [
        *((where.label, 0.5, 0.5) for where in reversed(WHERE)), ("nothing to compare", 0.5, 0.5)
    ]  # fmt: skip
    return [
        _comparison("name", names),
        _comparison("year", years),
        _comparison("contact", contacts),
    ]


def _comparison(about: str, levels: list[tuple[str, float, float | str]]) -> dict[str, Any]:
    # The engine asks `levels` below: written out in SQL they take seconds to plan.
    asked = f"{about}_level(at_l, at_r)"
    written: list[dict[str, Any]] = [
        {"sql_condition": f"{asked} < 0", "label_for_charts": "unknown", "is_null_level": True}
    ]
    for at, (label, m, u) in enumerate(levels):
        number = len(levels) - 1 - at
        level: dict[str, Any] = {
            "sql_condition": f"{asked} = {number}" if number else "ELSE",
            "label_for_charts": label,
            "m_probability": m,
            "u_probability": 0.001 if isinstance(u, str) else u,
        }
        if isinstance(u, str):
            level |= {"tf_adjustment_column": u, "disable_tf_exact_match_detection": True}
        written.append(level)
    return {"output_column_name": about, "comparison_levels": written}


# --- levels ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Contacts:
    """How a person is reached, each contact written one way.

    Attributes
    ----------
    phone, mail : str or None
        Where they are a person's own.
    line, desk : str or None
        Where many share them.
    place : tuple or None
        The postal address and its numbers.
    """

    phone: str | None = None
    mail: str | None = None
    line: str | None = None
    desk: str | None = None
    place: tuple[str, str] | None = None


def name_level(one: Name, other: Name, years: tuple[int | None, int | None]) -> int:
    """Compare two names, in whatever script and order of words; -1 where one is missing."""
    if not one.family or not other.family:
        return -1
    if one.firm != other.firm:
        return 6 if _firm_without_form(one, other) else 10
    family = _same_word(one.family, one.sound[0], other.family, other.sound[0])
    if family and one.suffix and other.suffix and one.suffix != other.suffix:
        return 9
    both = bool(one.given and other.given)
    if one.firm:
        return _firm_level(one, other, family)
    equal = one.written == other.written
    variant = equal or (both and ((family and _same_given(one, other)) or _crossed(one, other)))
    may_be = (
        both and not variant and ((family and _perhaps(one, other)) or _crossed_part(one, other))
    )
    if (variant or may_be) and _apart(*years):
        return 8
    if variant:
        return 7 if equal else 6
    if may_be:
        return 5
    if bool(one.given) != bool(other.given):
        alone, whole = (other, one) if one.given else (one, other)
        if family or alone.sound[0] == whole.sound[1]:
            return 4
    if both and _same_given(one, other):
        return 2
    if both and family and _apart_by_a_sign(one.given, other.given):
        return 11 if not _apart(*years) else 1
    return 1 if family else 0


def _apart_by_a_sign(a: str, b: str) -> bool:
    """Tell of one sign of two or three that differs: a slip, or the brother."""
    return len(a) == len(b) and len(a) in (2, 3) and OSA.distance(a, b, score_cutoff=1) <= 1


def _firm_without_form(one: Name, other: Name) -> bool:
    """Tell whether one is the other's name without its legal form, which looks like a person's."""
    firm, short = (one, other) if one.firm else (other, one)
    return not firm.given and (
        firm.family == f"{short.family}{short.given}"
        or (bool(firm.words) and firm.words == short.words)
    )


def _firm_level(one: Name, other: Name, family: bool) -> int:
    if not family:
        return 0
    if one.given == other.given or (one.given and other.given and _same_given(one, other)):
        return 7 if one.written == other.written else 6
    return 1 if one.given and other.given else 3


def _same_word(a: str, sound_a: str, b: str, sound_b: str) -> bool:
    if a == b or sound_a == sound_b:
        return True
    # Chinese is typed by its sound: what sounds otherwise was not mistyped.
    return (a.isascii() or b.isascii()) and (_slip(sound_a, sound_b) or _slip(a, b))


def _slip(a: str, b: str) -> bool:
    """Tell of one slip of the pen; but Paul and Paula, Julian and Juliane are two people."""
    shorter = min(len(a), len(b))
    if shorter < 4 or a[: shorter - 1] == b[: shorter - 1]:
        return False
    allowed = 2 if shorter >= 7 else 1
    return OSA.distance(a, b, score_cutoff=allowed) <= allowed


def _same_given(one: Name, other: Name) -> bool:
    return (
        _same_word(one.given, one.sound[1], other.given, other.sound[1])
        or other.given in one.called
        or one.given in other.called
    )


def _crossed(one: Name, other: Name) -> bool:
    """Tell whether the names are one in the other order: Wang Wei may be Wei Wang."""
    return _same_word(one.family, one.sound[0], other.given, other.sound[1]) and _same_word(
        one.given, one.sound[1], other.family, other.sound[0]
    )


def _crossed_part(one: Name, other: Name) -> bool:
    return (one.sound[0] == other.sound[1] and _part(one.sound[1], other.sound[0])) or (
        one.sound[1] == other.sound[0] and _part(one.sound[0], other.sound[1])
    )


def _part(a: str, b: str) -> bool:
    shorter = min(len(a), len(b))
    return (shorter == 1 or shorter >= 3) and (a.startswith(b) or b.startswith(a))


def _perhaps(one: Name, other: Name) -> bool:
    """Tell of an initial, a part of the name, another ending, two short forms of one name."""
    a, b = one.sound[1], other.sound[1]
    shorter = min(len(a), len(b))
    return (
        _part(a, b)
        or (shorter >= 4 and abs(len(a) - len(b)) <= 1 and a[: shorter - 1] == b[: shorter - 1])
        or one.given.startswith(other.given)
        or other.given.startswith(one.given)
        or bool(set(one.called) & set(other.called))
    )


def _turned(a: int, b: int) -> bool:
    return f"{a:02d}"[-2:] == f"{b:02d}"[:-3:-1]


def _apart(a: int | None, b: int | None) -> bool:
    """Tell whether a generation lies between two years; transposed digits are not sure of it."""
    return a is not None and b is not None and abs(a - b) >= GENERATION and not _turned(a, b)


def year_level(a: int | None, b: int | None) -> int:
    """Compare two years of birth; -1 where one is missing."""
    if a is None or b is None:
        return -1
    if a == b:
        return 4
    if abs(a - b) >= GENERATION:
        return 3 if _turned(a, b) else 2
    return 1 if abs(a - b) <= 1 or a // 10 == b // 10 or a % 10 == b % 10 else 0


def contact_level(one: Contacts, other: Contacts) -> int:
    """Compare two people's contacts: the number of a level of `WHERE` plus one, 0 for nothing."""
    phone, mail = _equal(one.phone, other.phone), _equal(one.mail, other.mail)
    if phone and mail:
        return 14
    place = _same_place(one.place, other.place)
    if (phone or mail) and place:
        return 13
    near = (phone is False and _near_phone(one.phone, other.phone)) or (
        mail is False and _near_mail(one.mail, other.mail)
    )
    if (phone or mail) and near:
        return 12
    if phone:
        return 11 if mail is None else 9
    if mail:
        return 10 if phone is None else 8
    if near:
        return 7 if place else 6
    if place:
        return 5
    if _equal(one.line, other.line) or _equal(one.desk, other.desk):
        return 4
    reached = (phone is False) + (mail is False)
    return reached + (place is False) if reached else 0


def _equal(a: str | None, b: str | None) -> bool | None:
    return None if a is None or b is None else a == b


def _near_phone(a: str | None, b: str | None) -> bool:
    """Tell of one wrong digit, two transposed ones, or another way to write the country."""
    if not a or not b:
        return False
    return a[-8:] == b[-8:] or OSA.distance(a, b, score_cutoff=1) <= 1


def _near_mail(a: str | None, b: str | None) -> bool:
    """Tell of one slip that is no number, or of one box at another provider."""
    if not a or not b:
        return False
    box, domain = a.split("@")
    box2, domain2 = b.split("@")
    if a.replace(".", "") == b.replace(".", "") or (box == box2 and len(box) >= 5):
        return True
    numbers = [c for c in box if c.isdigit()] == [c for c in box2 if c.isdigit()]
    return (
        len(box) >= 5 and domain == domain2 and numbers
        and OSA.distance(box, box2, score_cutoff=1) <= 1
    )  # fmt: skip


def _same_place(one: tuple[str, str] | None, other: tuple[str, str] | None) -> bool | None:
    if one is None or other is None:
        return None
    return one == other or (
        bool(one[1]) and one[1] == other[1] and JaroWinkler.similarity(one[0], other[0]) >= 0.9
    )
