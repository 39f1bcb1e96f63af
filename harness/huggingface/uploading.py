"""Repositories of the hub to write to: who is asked for, what is there, one commit of all files."""

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from harness.errors import UnavailableError, UserError
from harness.huggingface.hub import ANSWER_TIMEOUT, is_of_no_hub, no_hub, why_silent
from harness.huggingface.network import network_block, settle_network
from harness.system.temporary_folders import temporary_folder
from harness.wording.secrets import redacted

if TYPE_CHECKING:
    from huggingface_hub import HfApi

REPOSITORY = re.compile(r"[\w-][\w.-]{0,95}/[\w-][\w.-]{0,95}")
HUB = "hf://"
SILENCES = 6  # of the hub's timeout for downloads, ten seconds by default: how long it may take to answer a commit
LOG_IN = "Log in with 'hf auth login', or set HF_TOKEN to a token that may write (huggingface.co/settings/tokens)."
ADVICE = {
    401: f"it does not accept the token. {LOG_IN}",
    403: "the token may not write there. Use one with the right to write, and a repository of your own or your team's",
    404: "it has no such owner, or hides it from you. Check --repo",
    409: "somebody else changed the repository meanwhile. Run the command again",
    413: "a file is larger than it takes",
    429: "it was asked too often. Wait some minutes and run the command again; what is uploaded is not sent again",
}


@dataclass(frozen=True)
class Upload:
    """A file to be uploaded: its name in the repository, and its content or where that lies."""

    name: str
    content: bytes | Path


def check_repository(name: str) -> None:
    """Refuse what cannot be a repository of the hub.

    Raises:
        UserError: Unless it is OWNER/NAME.
    """
    if not REPOSITORY.fullmatch(name) or ".." in name or "--" in name or name.endswith((".git", ".", "-")):
        raise UserError(f"{name!r} is no repository of the hub: expected OWNER/NAME, as in alice/emotion-classifier.")


@network_block()
def upload(repository: str, files: Sequence[Upload], *, private: bool, message: str) -> str:
    """Create a repository for a model where there is none, and commit files to it.

    What is there already, such as large files of an upload that was cut off, is not sent again.

    Args:
        repository: OWNER/NAME.
        files: All files; others that the repository has are left.
        private: Whether nobody else may see it; one that is there keeps what it is, or is refused.
        message: Of the commit.

    Returns:
        The address of the commit.

    Raises:
        UserError: Where nobody is logged in, or the repository is there and is more public than asked for.
        UnavailableError: Where the hub cannot be reached or refuses.
    """
    from huggingface_hub import CommitOperationAdd, HfApi

    if not settle_network(offline=False):
        why = why_silent(offline=False)
        raise UnavailableError(f"{repository} cannot be pushed: {why}. Run the command again where there is a network.")
    api = HfApi()
    _refuse_anonymous(api)
    try:
        with warnings.catch_warnings(), _patience():
            warnings.simplefilter("ignore")  # that predictions are data files, which is meant
            _create(api, repository, private=private)
            operations = [CommitOperationAdd(file.name, file.content) for file in files]
            commit = api.create_commit(repository, operations, commit_message=message)
    except (UserError, UnavailableError):
        raise
    except Exception as error:  # of the HTTP library too, which the hub's client lets through
        _refused(error, repository)
    return str(commit.commit_url)


@contextmanager
def _patience() -> Iterator[None]:
    """Let the hub's client give up on a hub that is silent; by itself it waits for ever."""
    from huggingface_hub import constants, get_session

    session = get_session()
    before, session.timeout = session.timeout, SILENCES * constants.HF_HUB_DOWNLOAD_TIMEOUT
    try:
        yield
    finally:
        session.timeout = before


def _refuse_anonymous(api: "HfApi") -> None:
    from huggingface_hub import get_token

    if not (api.token or get_token()):
        raise UserError(f"The hub takes files of known users only. {LOG_IN}")


def _create(api: "HfApi", repository: str, *, private: bool) -> None:
    """Create a repository; one that is there must not be public where a private one is asked for.

    Raises:
        UserError: Where it is.
    """
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        there = api.model_info(repository, timeout=ANSWER_TIMEOUT)
    except RepositoryNotFoundError:
        api.create_repo(repository, private=private, exist_ok=True)  # the client's default is public
        return
    if private and not there.private:
        raise UserError(
            f"{repository} is there already and is public. Say --public where that is meant, or name another --repo."
        )


def _refused(error: Exception, repository: str) -> NoReturn:
    status = getattr(getattr(error, "response", None), "status_code", None)
    lines = redacted(str(error)).strip().splitlines() or [type(error).__name__]
    again = f"{lines[0].rstrip('.:')}. Run the command again: what is uploaded is kept"
    reason = ADVICE.get(status or 0, no_hub() if is_of_no_hub(error) else again)
    code = f" ({status})" if status else ""
    raise UnavailableError(f"The hub did not take {repository!r}{code}: {reason.rstrip('.')}.") from error


@network_block()
def download(address: str, folder: Path) -> None:
    """Download all files of a model's repository as they are.

    Args:
        address: hf://OWNER/NAME, with @REVISION for a branch, tag or commit.
        folder: Where they go.

    Raises:
        UserError: Where the address is none.
        UnavailableError: Where the hub cannot be reached or has no such repository.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils import disable_progress_bars  # type: ignore[attr-defined]

    from harness.huggingface.hub import refused_by_hub

    name, _, revision = address.removeprefix(HUB).partition("@")
    check_repository(name)
    if not settle_network(offline=False):
        why = why_silent(offline=False)
        raise UnavailableError(
            f"{name} cannot be downloaded: {why}. Run the command again where there is a network, or name a folder "
            "with a copy."
        )
    disable_progress_bars()
    try:
        with temporary_folder() as cache:  # never links of the hub's cache, which lead out of it
            snapshot_download(name, revision=revision or None, local_dir=folder, cache_dir=cache)
    except Exception as error:
        raise refused_by_hub(error, "Repository", name, revision or None) from error
