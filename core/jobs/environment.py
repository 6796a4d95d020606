"""What a job's processes inherit: variables by allow-list, a session of their own, no open files but those named."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from core.storage.workspace import CODE_ROOT, Workspace

JOB = "DOCTUNE_JOB"
SUPERVISOR_PID = "DOCTUNE_SUPERVISOR_PID"
LEASE_FD = "DOCTUNE_LEASE_FD"
_NAMES = {
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TEMP", "TMP", "VIRTUAL_ENV",
    "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT",
    "USERPROFILE", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES", "NUMBER_OF_PROCESSORS",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",
    "HF_HOME", "HF_ENDPOINT", "MODELSCOPE_ENDPOINT", "HF_HUB_OFFLINE", "HF_HUB_CACHE", "MODELSCOPE_CACHE",
    "TRITON_CACHE_DIR",
    "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_CONFIG_FILE", "PIP_CERT", "PIP_CACHE_DIR",
    "DOCTUNE_SECRETS", "PYTORCH_CUDA_ALLOC_CONF",
}
_PREFIXES = ("LC_", "XDG_", "OMP_", "MKL_", "OPENBLAS_", "CUDA_", "NVIDIA_", "NCCL_", "GLOO_", "ROCM_", "HIP_")


def job_environment(ws: Workspace, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Environment of a job: the allowed variables of this process, the workspace, and `extra`, which wins."""
    allowed = {name: value for name, value in os.environ.items() if name in _NAMES or name.startswith(_PREFIXES)}
    fixed = {"DOCTUNE_HOME": str(ws.root), "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1",
             "HF_HUB_DISABLE_TELEMETRY": "1", "TOKENIZERS_PARALLELISM": "false"}
    return {**allowed, **fixed, **(extra or {})}


def detached(fds: tuple[int, ...] = ()) -> dict[str, Any]:
    """Arguments of `subprocess.Popen` for a process that outlives us: own session, no input, program folder."""
    common: dict[str, Any] = {"stdin": subprocess.DEVNULL, "cwd": CODE_ROOT, "close_fds": True}
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        return {**common, "creationflags": flags}
    return {**common, "start_new_session": True, "pass_fds": fds}
