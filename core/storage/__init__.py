"""Files on disk: the one module that makes paths, two forms of writing, checks. Everything else builds on it."""

from core.storage.atomic import atomic_write, load_or_set_aside, read_json, write_json
from core.storage.folders import publish_dir, remove_dir, sweep, verify_dir
from core.storage.journal import journal_append, journal_read
from core.storage.space import require_space
from core.storage.workspace import Workspace, check_id, new_id

__all__ = ["Workspace", "atomic_write", "check_id", "journal_append", "journal_read", "load_or_set_aside", "new_id",
           "publish_dir", "read_json", "remove_dir", "require_space", "sweep", "verify_dir", "write_json"]
