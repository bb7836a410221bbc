"""Who the customers are, where they stand, who is leaving: segments, lifecycle, churn."""

from __future__ import annotations

from workbench.segments.churn.hazards import Hazards, hazards
from workbench.segments.churn.model import ChurnModel, churn_model, use_of_protected
from workbench.segments.churn.offers import (
    MeasuredOffer,
    Offer,
    OfferPlan,
    measured_offer,
    offer_plan,
    plan_calls,
)
from workbench.segments.churn.performance import auc, concordance
from workbench.segments.churn.snapshots import Snapshot, contract_snapshot, purchase_snapshot
from workbench.segments.churn.survival import (
    ContractSurvival,
    Spells,
    Survival,
    contract_spells,
    contract_survival,
    survival,
)
from workbench.segments.churn.timelines import Timeline, contract_timeline, purchase_timeline
from workbench.segments.clusters.clusters import Clusters, clusters
from workbench.segments.clusters.latent_classes import LatentClasses, latent_classes
from workbench.segments.clusters.methods import varying
from workbench.segments.concentration import gini, holders, lorenz, share_of_top
from workbench.segments.lifecycle.cohorts import PurchaseCohorts, purchase_cohorts
from workbench.segments.lifecycle.stages import (
    STAGES,
    Lifecycle,
    StageRules,
    history_days,
    lifecycle,
    stage_history,
)
from workbench.segments.lifecycle.transitions import Transitions, stage_transitions, transitions
from workbench.segments.profiles.associations import Associations, associations
from workbench.segments.profiles.attributes import (
    AttributeProfile,
    age_band,
    answers_of,
    by_attribute,
    join_attributes,
)
from workbench.segments.profiles.breakdown import Breakdown, break_down, groups_shown
from workbench.segments.profiles.fairness import Fairness, fairness
from workbench.segments.profiles.personas import Personas, nearest_advice, personas
from workbench.segments.profiles.profile import (
    Profile,
    distinguishing,
    pool_small,
    profile,
    readable,
    share_held,
)
from workbench.segments.purchase_days import PurchaseDays, purchase_days
from workbench.segments.rfm import RFM, default_rules, name_customers
from workbench.segments.tier_accounts import TierAccounts, key_accounts, tier_accounts
from workbench.segments.tiers import Tiers, ValueMeasure, tiers, value_of

__all__ = [
    "RFM",
    "STAGES",
    "Associations",
    "AttributeProfile",
    "Breakdown",
    "ChurnModel",
    "Clusters",
    "ContractSurvival",
    "Fairness",
    "Hazards",
    "LatentClasses",
    "Lifecycle",
    "MeasuredOffer",
    "Offer",
    "OfferPlan",
    "Personas",
    "Profile",
    "PurchaseCohorts",
    "PurchaseDays",
    "Snapshot",
    "Spells",
    "StageRules",
    "Survival",
    "TierAccounts",
    "Tiers",
    "Timeline",
    "Transitions",
    "ValueMeasure",
    "age_band",
    "answers_of",
    "associations",
    "auc",
    "break_down",
    "by_attribute",
    "churn_model",
    "clusters",
    "concordance",
    "contract_snapshot",
    "contract_spells",
    "contract_survival",
    "contract_timeline",
    "default_rules",
    "distinguishing",
    "fairness",
    "gini",
    "groups_shown",
    "hazards",
    "history_days",
    "holders",
    "join_attributes",
    "key_accounts",
    "latent_classes",
    "lifecycle",
    "lorenz",
    "measured_offer",
    "name_customers",
    "nearest_advice",
    "offer_plan",
    "personas",
    "plan_calls",
    "pool_small",
    "profile",
    "purchase_cohorts",
    "purchase_days",
    "purchase_snapshot",
    "purchase_timeline",
    "readable",
    "share_held",
    "share_of_top",
    "stage_history",
    "stage_transitions",
    "survival",
    "tier_accounts",
    "tiers",
    "transitions",
    "use_of_protected",
    "value_of",
    "varying",
]
