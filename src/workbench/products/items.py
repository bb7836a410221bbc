"""What tables of items have in common: the name of those put together."""

from __future__ import annotations

OTHERS = "Other items"
