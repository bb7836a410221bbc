"""Who the customers are, where they stand, who is leaving: segments, lifecycle, churn."""

from __future__ import annotations

from workbench.segments.apart import set_apart
from workbench.segments.attributes import (
    Associations,
    AttributeProfile,
    age_band,
    associations,
    by_attribute,
    join_attributes,
    readable,
)
from workbench.segments.behaviour import Behaviour, behaviour
from workbench.segments.classes import LatentClasses, latent_classes
from workbench.segments.clusters import Clusters, clusters
from workbench.segments.cohorts import Cohorts, purchase_cohorts
from workbench.segments.concordance import auc, concordance
from workbench.segments.hazards import Hazards, hazards
from workbench.segments.lifecycle import (
    STAGES,
    Lifecycle,
    StageRules,
    history_days,
    lifecycle,
    stage_history,
)
from workbench.segments.offers import Offer, OfferPlan, offer_plan
from workbench.segments.profile import Profile, profile, share_held
from workbench.segments.purchase_days import PurchaseDays, purchase_days
from workbench.segments.rfm import RFM, name_customers, rfm, score_customers
from workbench.segments.rules import default_rules
from workbench.segments.snapshots import Snapshot, contract_snapshot, purchase_snapshot
from workbench.segments.spells import Spells, contract_spells
from workbench.segments.survival import LogRank, Survival, survival
from workbench.segments.targeting import ChurnModel, churn_model
from workbench.segments.tiers import Tiers, gini, lorenz, share_of_top, tiers
from workbench.segments.timelines import Timeline, contract_timeline, purchase_timeline
from workbench.segments.transitions import Transitions, transitions

__all__ = [
    "RFM",
    "STAGES",
    "Associations",
    "AttributeProfile",
    "Behaviour",
    "ChurnModel",
    "Clusters",
    "Cohorts",
    "Hazards",
    "LatentClasses",
    "Lifecycle",
    "LogRank",
    "Offer",
    "OfferPlan",
    "Profile",
    "PurchaseDays",
    "Snapshot",
    "Spells",
    "StageRules",
    "Survival",
    "Tiers",
    "Timeline",
    "Transitions",
    "age_band",
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
    "default_rules",
    "gini",
    "hazards",
    "history_days",
    "join_attributes",
    "latent_classes",
    "lifecycle",
    "lorenz",
    "name_customers",
    "offer_plan",
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
    "tiers",
    "transitions",
]
