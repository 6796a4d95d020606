"""Question–answer building: chunks, facts, drafts, gates, the call ledger, review."""

from core.qa.before import Before, before_scores, reply_without
from core.qa.building import resume_build, start_build
from core.qa.changes import Change, last_change, undo
from core.qa.closed_book import start_closed_book
from core.qa.coverage import PageUse, page_use, unused_on
from core.qa.estimate import Estimate, estimate_build
from core.qa.evidence import find_evidence
from core.qa.handing_on import make_dataset
from core.qa.kinds import KINDS, USUAL
from core.qa.known import KNOWN, Knowledge, knowledge
from core.qa.pairs import (
    Choices,
    Counts,
    all_accepted,
    choices,
    confirm_pairs,
    counts,
    delete_pairs,
    edit_pair,
    find_pairs,
    get_pair,
    liked,
    list_pairs,
    restore_pairs,
    revert_pair,
)
from core.qa.preference import Preference, labels, make_preference_dataset, preferences
from core.qa.replacing import Preview, Replaced, preview, replace
from core.qa.selection import Filter
from core.qa.settings import BuildSettings
from core.qa.types import Evidence, Pair

__all__ = [
    "Before",
    "BuildSettings",
    "Change",
    "Choices",
    "Counts",
    "Estimate",
    "Evidence",
    "Filter",
    "KINDS",
    "KNOWN",
    "Knowledge",
    "PageUse",
    "Pair",
    "Preference",
    "Preview",
    "Replaced",
    "USUAL",
    "all_accepted",
    "before_scores",
    "choices",
    "confirm_pairs",
    "counts",
    "delete_pairs",
    "edit_pair",
    "estimate_build",
    "find_evidence",
    "find_pairs",
    "get_pair",
    "knowledge",
    "labels",
    "last_change",
    "liked",
    "list_pairs",
    "make_dataset",
    "make_preference_dataset",
    "page_use",
    "preferences",
    "preview",
    "replace",
    "reply_without",
    "restore_pairs",
    "resume_build",
    "revert_pair",
    "start_build",
    "start_closed_book",
    "undo",
    "unused_on",
]
