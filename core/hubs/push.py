"""A dataset of ours on Hugging Face: its files and its card in one commit, private unless the person says otherwise."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.datasets.hub_jobs import HUBS, TOKENS, HubName
from core.datasets.sharing import Share, check_licence, share_plan, write_share
from core.errors import UserError
from core.hubs.access import headers, offline, refused, token_of
from core.jobs import JobContext, JobStopped
from core.jobs.transfer import Transfer
from core.models.hub import Hub, hub_of

MESSAGE = "Upload from DocTune"


def push(job: JobContext) -> None:
    """Params: hub, repo, dataset, format, private, lang."""
    given, ws = job.params, job.ws
    name, hub = HubName(given["hub"], given["repo"]), hub_of(given["hub"])
    token = token_of(ws, hub)
    if not token:
        raise UserError("dataset.push.error.no_token", hub=HUBS[name.hub], variable=TOKENS[name.hub])
    headers(hub, token)
    check_licence(ws, given["dataset"], given["private"])
    share = share_plan(ws, given["dataset"], given["format"])
    job.phase("export")
    folder = ws.tmp_dir()

    def report(done: int) -> None:
        if done % 500 == 0:
            job.check_stop()
            job.progress(done, max(share.rows, done), "rows")

    write_share(ws, given["dataset"], share, folder, given["lang"], report)
    job.phase("connect")
    api = _api(hub, token.reveal())
    try:
        _make(api, name, given["private"])
        job.phase("upload")
        _commit(job, api, name, share, folder)
    except Exception as error:
        told = _plain(error, name, hub, token)
        if told is None:
            raise
        raise told from error
    job.result(rows=share.rows, files=share.names, url=f"{hub.endpoint}/datasets/{name.repo}")


def _api(hub: Hub, token: str) -> Any:
    """The hub's own client. Its progress bars and its second network stack are for terminals."""
    os.environ |= {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    from huggingface_hub import HfApi

    return HfApi(endpoint=hub.endpoint, token=token, library_name="doctune")


def _make(api: Any, name: HubName, private: bool) -> None:
    """Creates the repository; one that is there is used, but not when it shows to everyone what should be private."""
    from huggingface_hub.errors import HfHubHTTPError

    try:
        api.create_repo(name.repo, repo_type="dataset", private=private)
    except HfHubHTTPError as error:
        if error.response.status_code != 409:
            raise
        if private and not api.repo_info(name.repo, repo_type="dataset").private:
            raise UserError("dataset.push.error.public", hub=HUBS[name.hub], repo=name.repo) from error


def _commit(job: JobContext, api: Any, name: HubName, share: Share, folder: Path) -> None:
    from huggingface_hub import CommitOperationAdd

    transfer = Transfer(job, sum((folder / file).stat().st_size for file in share.names))
    files = {file: _Counted(folder / file) for file in share.names}

    def sent() -> None:
        job.check_stop()
        transfer(sum(file.at for file in files.values()))

    try:
        operations = [CommitOperationAdd(name_there, file) for name_there, file in files.items()]
        for file in files.values():  # what was read up to here was read for the checksums
            file.on_read = sent
        api.create_commit(name.repo, operations, commit_message=MESSAGE, repo_type="dataset")
    finally:
        for file in files.values():
            file.close()


class _Counted(io.BufferedReader):
    """A file that tells when it is read; `at` is how far it has been read at most."""

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path))
        self.at = 0
        self.on_read: Callable[[], None] | None = None

    def read(self, size: int | None = -1, /) -> bytes:
        """See io; raises JobStopped when the job is to stop."""
        block = super().read(size)
        if self.on_read:
            self.at = max(self.at, self.tell())
            self.on_read()
        return block


def _plain(error: Exception, name: HubName, hub: Hub, token: Any) -> Exception | None:
    """What to raise instead: the client wraps what happens in its threads, and speaks of HTTP.

    None for a fault that no person can act on.
    """
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError

    found: BaseException | None = error
    while found is not None:
        if isinstance(found, (UserError, JobStopped)):
            return found
        if isinstance(found, HfHubHTTPError):
            if found.response.status_code in (403, 404):
                return UserError("dataset.push.error.rights", hub=HUBS[name.hub], repo=name.repo)
            return refused(name, found.response, token)
        if isinstance(found, (httpx2.HTTPError, ConnectionError)):
            return offline(name, hub)
        found = found.__cause__ or found.__context__
    return None
