"""What customers buy, what goes together, what to offer next."""

from __future__ import annotations

from workbench.products.cross_price import CrossElasticity, cross_elasticity
from workbench.products.elasticity import Elasticity, elasticity
from workbench.products.first_orders import FirstOrders, first_orders
from workbench.products.launches import Launches, launches
from workbench.products.off_policy import OffPolicy, off_policy
from workbench.products.offers import (
    NextOffers,
    best_sellers,
    item_to_item,
    measured_offer,
    next_offers,
)
from workbench.products.pairs import ItemPairs, item_pairs
from workbench.products.penetration import (
    Penetration,
    SegmentPenetration,
    penetration,
    penetration_by_segment,
)
from workbench.products.promotions import Promotions, promotions
from workbench.products.sequences import ItemSequences, item_sequences
from workbench.products.trial import TrialRepeat, trial_repeat
from workbench.products.triples import ItemTriples, item_triples
from workbench.products.wallet import Wallet, wallet

__all__ = [
    "CrossElasticity",
    "Elasticity",
    "FirstOrders",
    "ItemPairs",
    "ItemSequences",
    "ItemTriples",
    "Launches",
    "NextOffers",
    "OffPolicy",
    "Penetration",
    "Promotions",
    "SegmentPenetration",
    "TrialRepeat",
    "Wallet",
    "best_sellers",
    "cross_elasticity",
    "elasticity",
    "first_orders",
    "item_pairs",
    "item_sequences",
    "item_to_item",
    "item_triples",
    "launches",
    "measured_offer",
    "next_offers",
    "off_policy",
    "penetration",
    "penetration_by_segment",
    "promotions",
    "trial_repeat",
    "wallet",
]
