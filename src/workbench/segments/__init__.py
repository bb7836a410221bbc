"""Who the customers are, where they stand, who is leaving: segments, lifecycle, churn."""

from __future__ import annotations

from workbench.segments.behaviour import Behaviour, behaviour
from workbench.segments.churn.concordance import auc, concordance
from workbench.segments.churn.hazards import Hazards, hazards
from workbench.segments.churn.model import ChurnModel, churn_model
from workbench.segments.churn.offers import Offer, OfferPlan, offer_plan
from workbench.segments.churn.snapshots import Snapshot, contract_snapshot, purchase_snapshot
from workbench.segments.churn.spells import Spells, contract_spells
from workbench.segments.churn.survival import Survival, survival
from workbench.segments.churn.timelines import Timeline, contract_timeline, purchase_timeline
from workbench.segments.clusters.clusters import Clusters, clusters
from workbench.segments.clusters.features import varying
from workbench.segments.clusters.latent_classes import LatentClasses, latent_classes
from workbench.segments.lifecycle.cohorts import Cohorts, purchase_cohorts
from workbench.segments.lifecycle.stages import (
    STAGES,
    Lifecycle,
    StageRules,
    history_days,
    lifecycle,
    stage_history,
)
from workbench.segments.lifecycle.transitions import Transitions, transitions
from workbench.segments.profiles.apart import set_apart
from workbench.segments.profiles.associations import cramers_v
from workbench.segments.profiles.attributes import (
    Associations,
    AttributeProfile,
    age_band,
    answers_of,
    associations,
    by_attribute,
    join_attributes,
    readable,
)
from workbench.segments.profiles.fairness import Fairness, fairness
from workbench.segments.profiles.personas import Personas, nearest_advice, personas
from workbench.segments.profiles.profile import Profile, pool_small, profile, share_held
from workbench.segments.purchase_days import PurchaseDays, purchase_days
from workbench.segments.rfm import RFM, name_customers, rfm, score_customers
from workbench.segments.rules import default_rules
from workbench.segments.tier_accounts import TierAccounts, holders, key_accounts, tier_accounts
from workbench.segments.tiers import Tiers, Worth, gini, lorenz, share_of_top, tiers, worth_of

__all__ = [
    "RFM",
    "STAGES",
    "Associations",
    "AttributeProfile",
    "Behaviour",
    "ChurnModel",
    "Clusters",
    "Cohorts",
    "Fairness",
    "Hazards",
    "LatentClasses",
    "Lifecycle",
    "Offer",
    "OfferPlan",
    "Personas",
    "Profile",
    "PurchaseDays",
    "Snapshot",
    "Spells",
    "StageRules",
    "Survival",
    "TierAccounts",
    "Tiers",
    "Timeline",
    "Transitions",
    "Worth",
    "age_band",
    "answers_of",
    "associations",
    "auc",
    "behaviour",
    "by_attribute",
    "churn_model",
    "clusters",
    "concordance",
    "contract_snapshot",
    "contract_spells",
    "contract_timeline",
    "cramers_v",
    "default_rules",
    "fairness",
    "gini",
    "hazards",
    "history_days",
    "holders",
    "join_attributes",
    "key_accounts",
    "latent_classes",
    "lifecycle",
    "lorenz",
    "name_customers",
    "nearest_advice",
    "offer_plan",
    "personas",
    "pool_small",
    "profile",
    "purchase_cohorts",
    "purchase_days",
    "purchase_snapshot",
    "purchase_timeline",
    "readable",
    "rfm",
    "score_customers",
    "set_apart",
    "share_held",
    "share_of_top",
    "stage_history",
    "survival",
    "tier_accounts",
    "tiers",
    "transitions",
    "varying",
    "worth_of",
]
