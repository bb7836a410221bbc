"""What customers buy, what goes together, what to offer next."""

from __future__ import annotations

from workbench.products.elasticity import Elasticity, elasticity
from workbench.products.first_orders import FirstOrders, first_orders
from workbench.products.offers import NextOffers, best_sellers, item_to_item, next_offers
from workbench.products.pairs import ItemPairs, item_pairs
from workbench.products.penetration import (
    Penetration,
    SegmentPenetration,
    penetration,
    penetration_by_segment,
)
from workbench.products.trial import TrialRepeat, trial_repeat

__all__ = [
    "Elasticity",
    "FirstOrders",
    "ItemPairs",
    "NextOffers",
    "Penetration",
    "SegmentPenetration",
    "TrialRepeat",
    "best_sellers",
    "elasticity",
    "first_orders",
    "item_pairs",
    "item_to_item",
    "next_offers",
    "penetration",
    "penetration_by_segment",
    "trial_repeat",
]
