"""Find phones, e-mail addresses, identity and card numbers, pseudonyms in a public text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from workbench.privacy import identifiers

HIDDEN = "[…]"

EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}")
# Chinese mobile numbers (11 digits from 13 to 19, also grouped or with +86), and international ones
# that are written with their plus. A bare run of digits is left alone: it may be a count or a sum.
PHONE = re.compile(
    r"(?<![\w.#])(?:"
    r"(?:\+?86[-\s]?)?1[3-9]\d[-\s]?\d{4}[-\s]?\d{4}"
    r"|\+[1-9]\d{0,2}[-\s]?\(?\d{1,4}\)?(?:[-\s]?\d{2,4}){2,4}"
    r"|\(?0\d{2,3}\)?[-\s]\d{7,8}"
    r")(?![\w.%])"
)
#: What stands for a customer's or an account's id in results: those who know the key, or have the
#: results beside it, know who it is. A fraction's digits before an exponent are none.
PSEUDONYM = re.compile(r"(?<![\w.\-#])(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{16}(?![\w\-+]|\.\w)")


def find(text: str, forbidden: Iterable[str] = ()) -> Iterator[tuple[str, str]]:
    """Yield what must not be public: its kind and the text.

    Parameters
    ----------
    text : str
        Visible text of a page, or a file that it offers.
    forbidden : iterable of str
        Texts that must not appear whatever they look like, such as the names in a table.
    """
    for kind, pattern in (("e-mail", EMAIL), ("phone", PHONE), ("pseudonym", PSEUDONYM)):
        for found in pattern.finditer(text):
            yield kind, found[0]
    for one in identifiers.find(text, sure=True):
        yield "number", text[one.start : one.end]
    for secret in forbidden:
        if secret and secret in text:
            yield "forbidden", secret


def redact(text: str) -> str:
    """Replace what looks personal, so that an error's message can be shown."""
    for pattern in (EMAIL, PHONE, PSEUDONYM):
        text = pattern.sub(HIDDEN, text)
    for one in reversed(identifiers.find(text, sure=True)):
        text = text[: one.start] + HIDDEN + text[one.end :]
    return text
