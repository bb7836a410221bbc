"""Who the customers are: RFM, clusters, tiers of value, profiles."""

from __future__ import annotations

from workbench.segments.apart import set_apart
from workbench.segments.attributes import (
    Associations,
    AttributeProfile,
    age_band,
    answers_of,
    associations,
    by_attribute,
    join_attributes,
    readable,
)
from workbench.segments.behaviour import Behaviour, behaviour
from workbench.segments.classes import LatentClasses, latent_classes
from workbench.segments.clusters import Clusters, clusters
from workbench.segments.cramer import cramers_v
from workbench.segments.economics import TierAccounts, holders, key_accounts, tier_accounts
from workbench.segments.fairness import Fairness, fairness
from workbench.segments.personas import Personas, nearest_advice, personas
from workbench.segments.profile import Profile, pool_small, profile, share_held
from workbench.segments.rfm import RFM, name_customers, rfm, score_customers
from workbench.segments.rules import default_rules
from workbench.segments.tiers import Tiers, Worth, gini, lorenz, share_of_top, tiers, worth_of

__all__ = [
    "RFM",
    "Associations",
    "AttributeProfile",
    "Behaviour",
    "Clusters",
    "Fairness",
    "LatentClasses",
    "Personas",
    "Profile",
    "TierAccounts",
    "Tiers",
    "Worth",
    "age_band",
    "answers_of",
    "associations",
    "behaviour",
    "by_attribute",
    "clusters",
    "cramers_v",
    "default_rules",
    "fairness",
    "gini",
    "holders",
    "join_attributes",
    "key_accounts",
    "latent_classes",
    "lorenz",
    "name_customers",
    "nearest_advice",
    "personas",
    "pool_small",
    "profile",
    "readable",
    "rfm",
    "score_customers",
    "set_apart",
    "share_held",
    "share_of_top",
    "tier_accounts",
    "tiers",
    "worth_of",
]
