"""Where an organisation falls short of what its customers expect, and what to mend first."""

from __future__ import annotations

from workbench.satisfaction.comments.aspects import AspectTable, aspect_table
from workbench.satisfaction.comments.coded_sample import (
    CommentTones,
    coded_share,
    comment_tones,
)
from workbench.satisfaction.comments.coding_agreement import (
    CodingAgreement,
    coded_tones,
    coding_agreement,
    learn_tone,
)
from workbench.satisfaction.comments.comments import (
    Comments,
    language_of,
    read_comments,
    split_clauses,
)
from workbench.satisfaction.comments.keywords import (
    examples,
    keyness,
    keywords,
    uncovered_words,
    word_list,
)
from workbench.satisfaction.comments.open_questions import OpenQuestions, open_questions
from workbench.satisfaction.comments.tone import (
    Polarity,
    learn_polarity,
    tone_by_rating,
)
from workbench.satisfaction.comments.topics import Topics, find_topics
from workbench.satisfaction.comments.voices import Voices, satisfied, voices, voices_beside
from workbench.satisfaction.drivers.drivers import (
    Drivers,
    drivers,
    lmg,
    relative_weights,
)
from workbench.satisfaction.drivers.group_drivers import GroupDrivers, drivers_by
from workbench.satisfaction.drivers.ordinal import (
    OrderedFit,
    fit_ordered,
    item_drivers,
    ordinal_drivers,
    service_drivers,
)
from workbench.satisfaction.drivers.path_model import (
    PathModel,
    path_model,
)
from workbench.satisfaction.drivers.service_chain import (
    service_chain,
)
from workbench.satisfaction.gaps.gaps import (
    Gaps,
    gaps,
)
from workbench.satisfaction.gaps.groups import (
    GroupGaps,
    gap_changes,
    gaps_by,
)
from workbench.satisfaction.gaps.importance import (
    Importance,
    importance,
)
from workbench.satisfaction.gaps.kano import (
    CATEGORIES as KANO_CATEGORIES,
)
from workbench.satisfaction.gaps.kano import (
    Kano,
    kano,
    kano_items,
)
from workbench.satisfaction.gaps.priorities import (
    QUADRANTS,
    PriorityMap,
    priority_map,
)
from workbench.satisfaction.gaps.scores import (
    OverallScores,
    ScoreComparison,
    compare_scores,
    overall_scores,
    perception_scores,
)
from workbench.satisfaction.instrument.screening import (
    ItemScreen,
    screen_items,
)
from workbench.satisfaction.loyalty.behaviour_after import (
    BehaviourAfter,
    leaving_after,
    purchases_after,
)
from workbench.satisfaction.loyalty.changes import Satisfaction, csat
from workbench.satisfaction.loyalty.group_changes import GroupChanges, changes_by_group
from workbench.satisfaction.loyalty.net_promoter import (
    NetPromoter,
    detectable_change,
    nps,
    nps_limits,
    power_of,
    sample_needed,
    sample_plan,
)
from workbench.satisfaction.loyalty.trends import (
    Trend,
    latest_nps,
    loyalty_by,
    loyalty_by_groups,
    loyalty_by_wave,
)
from workbench.satisfaction.measurement.alpha import (
    Alpha,
    cronbach_alpha,
    difference_reliability,
    distribution_free_limits,
    feldt_limits,
)
from workbench.satisfaction.measurement.blanks import Blanks, blanks
from workbench.satisfaction.measurement.dimensionality import Dimensionality, dimensionality
from workbench.satisfaction.measurement.factor import (
    FactorModel,
    confirm,
)
from workbench.satisfaction.measurement.invariance import (
    Invariance,
    invariance,
    invariance_table,
    invariances,
)
from workbench.satisfaction.measurement.reliability import Reliability, omega, reliability
from workbench.satisfaction.measurement.validity import Validity, validity, validity_of
from workbench.satisfaction.questionnaire.answers import (
    Answers,
    SurveyError,
    read_answers,
)
from workbench.satisfaction.questionnaire.crosstabs import Choices, Crosstab, choices_by, crosstab
from workbench.satisfaction.questionnaire.group_means import GroupMeans, means_by
from workbench.satisfaction.questionnaire.pilot import (
    Pilot,
    pilot,
)
from workbench.satisfaction.questionnaire.survey import (
    SurveyData,
    Weighting,
    join_customers,
    prepare_survey,
    weigh,
    with_weight_and_person,
)

__all__ = [
    "KANO_CATEGORIES",
    "QUADRANTS",
    "Alpha",
    "Answers",
    "AspectTable",
    "BehaviourAfter",
    "Blanks",
    "Choices",
    "CodingAgreement",
    "CommentTones",
    "Comments",
    "Crosstab",
    "Dimensionality",
    "Drivers",
    "FactorModel",
    "Gaps",
    "GroupChanges",
    "GroupDrivers",
    "GroupGaps",
    "GroupMeans",
    "Importance",
    "Invariance",
    "ItemScreen",
    "Kano",
    "NetPromoter",
    "OpenQuestions",
    "OrderedFit",
    "OverallScores",
    "PathModel",
    "Pilot",
    "Polarity",
    "PriorityMap",
    "Reliability",
    "Satisfaction",
    "ScoreComparison",
    "SurveyData",
    "SurveyError",
    "Topics",
    "Trend",
    "Validity",
    "Voices",
    "Weighting",
    "aspect_table",
    "blanks",
    "changes_by_group",
    "choices_by",
    "coded_share",
    "coded_tones",
    "coding_agreement",
    "comment_tones",
    "compare_scores",
    "confirm",
    "cronbach_alpha",
    "crosstab",
    "csat",
    "detectable_change",
    "difference_reliability",
    "dimensionality",
    "distribution_free_limits",
    "drivers",
    "drivers_by",
    "examples",
    "feldt_limits",
    "find_topics",
    "fit_ordered",
    "gap_changes",
    "gaps",
    "gaps_by",
    "importance",
    "invariance",
    "invariance_table",
    "invariances",
    "item_drivers",
    "join_customers",
    "kano",
    "kano_items",
    "keyness",
    "keywords",
    "language_of",
    "latest_nps",
    "learn_polarity",
    "learn_tone",
    "leaving_after",
    "lmg",
    "loyalty_by",
    "loyalty_by_groups",
    "loyalty_by_wave",
    "means_by",
    "nps",
    "nps_limits",
    "omega",
    "open_questions",
    "ordinal_drivers",
    "overall_scores",
    "path_model",
    "perception_scores",
    "pilot",
    "power_of",
    "prepare_survey",
    "priority_map",
    "purchases_after",
    "read_answers",
    "read_comments",
    "relative_weights",
    "reliability",
    "sample_needed",
    "sample_plan",
    "satisfied",
    "screen_items",
    "service_chain",
    "service_drivers",
    "split_clauses",
    "tone_by_rating",
    "uncovered_words",
    "validity",
    "validity_of",
    "voices",
    "voices_beside",
    "weigh",
    "with_weight_and_person",
    "word_list",
]
