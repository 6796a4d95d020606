"""Question–answer building: chunks, facts, drafts, gates, the call ledger, review."""

from core.qa.building import resume_build, start_build
from core.qa.evidence import find_evidence
from core.qa.handing_on import make_dataset
from core.qa.pairs import (
    Counts,
    all_accepted,
    counts,
    delete_pairs,
    edit_pair,
    get_pair,
    list_pairs,
    restore_pairs,
    revert_pair,
)
from core.qa.settings import BuildSettings
from core.qa.types import Evidence, Pair

__all__ = [
    "BuildSettings",
    "Counts",
    "Evidence",
    "Pair",
    "all_accepted",
    "counts",
    "delete_pairs",
    "edit_pair",
    "find_evidence",
    "get_pair",
    "list_pairs",
    "make_dataset",
    "restore_pairs",
    "resume_build",
    "revert_pair",
    "start_build",
]
