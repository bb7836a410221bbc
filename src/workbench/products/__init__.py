"""What customers buy, what goes together, what to offer next."""

from __future__ import annotations

from workbench.products.pairs import ItemPairs, item_pairs
from workbench.products.penetration import (
    Penetration,
    SegmentPenetration,
    penetration,
    penetration_by_segment,
)

__all__ = [
    "ItemPairs",
    "Penetration",
    "SegmentPenetration",
    "item_pairs",
    "penetration",
    "penetration_by_segment",
]
