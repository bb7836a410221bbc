"""What customers buy, what goes together, what to offer next."""

from __future__ import annotations

from workbench.products.first_orders import FirstOrders, first_orders
from workbench.products.offers import NextOffers, best_sellers, item_to_item, next_offers
from workbench.products.pairs import ItemPairs, item_pairs
from workbench.products.penetration import (
    Penetration,
    SegmentPenetration,
    penetration,
    penetration_by_segment,
)

__all__ = [
    "FirstOrders",
    "ItemPairs",
    "NextOffers",
    "Penetration",
    "SegmentPenetration",
    "best_sellers",
    "first_orders",
    "item_pairs",
    "item_to_item",
    "next_offers",
    "penetration",
    "penetration_by_segment",
]
