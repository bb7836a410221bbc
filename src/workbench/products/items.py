"""What tables of items have in common: the name of those put together, and how names are said."""

from __future__ import annotations

OTHERS = "Other items"


def named(item: object) -> str | dict[str, str]:
    """Give an item as running text has it: a name of the data has words of ours only by chance."""
    return OTHERS if str(item) == OTHERS else {"en": str(item)}
