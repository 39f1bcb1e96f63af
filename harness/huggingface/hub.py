"""Checkpoints of the hub: what it has, what is already here, and why something cannot be had."""

import json
import re
from pathlib import Path

from harness.encoding.checkpoint_files import refuse_other_weights
from harness.errors import ModelError, UnavailableError, UserError
from harness.huggingface.network import PATIENCE, network_block, settle_network, was_asked
from harness.wording.secrets import redacted

HUB_PAGE = re.compile(r"https?://(?:huggingface\.co|hf\.co)/(?:datasets/)?([\w.-]+(?:/[\w.-]+)?)")
ANSWER_TIMEOUT = 10.0  # seconds, for one answer of a hub that was reachable before
WANTED_FILES = ["*.json", "*.txt", "*.model", "*.safetensors"]
# Folders hold the same model for other engines; of those of sentence-transformers, a pooling's configuration is read.
UNWANTED_FILES = ["[!0-9]*/*", "*/*/*", "*/*.safetensors", "*/*.txt", "*/*.model"]


def why_silent(offline: bool) -> str:
    """Return why the hub was not asked or gave no answer."""
    if was_asked() and not offline:
        return f"the hub did not answer within {PATIENCE:g} seconds"
    return f"{'--offline' if offline else 'HF_HUB_OFFLINE'} forbids asking the hub"


def unavailable(kind: str, name: str, offline: bool, command: str, asked: str) -> UnavailableError:
    """Return the error for something that is neither cached nor downloadable.

    Args:
        kind: What it is, as the message begins.
        name: Its name on the hub.
        offline: Whether the user forbade the network.
        command: What brings it into the hub's cache.
        asked: The options that name it, such as -m NAME.
    """
    why, carried = why_silent(offline), f"harness prefetch {asked} -o BUNDLE"
    return UnavailableError(
        f"{kind} {name!r} is not on this machine, neither as a folder nor in the hub's cache, and {why}. "
        f"Where there is a network, get it with: {command}; or make a folder there to be carried here: {carried}"
    )


def refused_address(option: str, address: str) -> UserError:
    """Return the error for an address where a name is expected, with the hub's name for it where that is known."""
    page = HUB_PAGE.match(address)
    meant = f"Did you mean {option} {page[1]}?" if page else "Download it and name the file or folder."
    return UserError(
        f"{option} {address!r} is an address; expected a file or folder here, or an id of the hub. {meant}"
    )


def refused_by_hub(error: Exception, kind: str, name: str, revision: str | None) -> UnavailableError:
    """Return the error for something that the hub was asked for and did not give."""
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    if isinstance(error, GatedRepoError):
        why = "its owner wants you to ask for access on its page, and to log in: hf auth login"
    elif isinstance(error, RepositoryNotFoundError):
        why = "it has none of that name that you may read. Check the name, or log in: hf auth login"
    elif isinstance(error, RevisionNotFoundError):
        why = f"it has no revision {revision!r}. Name a branch, a tag or a commit"
    elif is_of_no_hub(error):
        why = no_hub()
    else:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        why = f"{lines[0].rstrip('.')}. Try again later, or --offline if it was downloaded before"
    return UnavailableError(f"{kind} {name!r} cannot be had from the hub: {why}.")


def is_of_no_hub(error: Exception) -> bool:
    """Return whether the hub's client could not read what it was answered: no JSON, or another JSON than hubs write."""
    return isinstance(error, (json.JSONDecodeError, LookupError, TypeError, AttributeError))


def no_hub() -> str:
    """Say that something else answers in the hub's place, and what to look at."""
    from huggingface_hub import constants

    return (
        f"what answers at {redacted(constants.ENDPOINT)} is no hub, perhaps a proxy or the page of a network that "
        "wants a login. Check HF_ENDPOINT and HTTPS_PROXY"
    )


@network_block()
def fetch_checkpoint(name: str, revision: str | None, offline: bool) -> tuple[Path, str]:
    """Return the local folder of a hub checkpoint, downloading it where that is allowed, and its commit.

    Args:
        name: Hub id.
        revision: Branch, tag or commit, None for the default branch.
        offline: Whether the user forbade the network.

    Raises:
        UserError: Where the name cannot be a hub id.
        UnavailableError: Where it is neither cached nor downloadable.
        ModelError: Where the repository holds no safetensors weights.
    """
    from huggingface_hub.errors import HFValidationError

    reachable = settle_network(offline)
    of_revision = f" --revision {revision}" if revision else ""
    command, asked = f"hf download {name}{of_revision}", f"-m {name}{of_revision}"
    try:
        folder = _snapshot(name, revision, reachable)
    except ModelError:
        raise
    except HFValidationError as error:
        raise UserError(f"There is no folder {name!r}, and it cannot be a hub id. Check --model.") from error
    except Exception as error:  # of the HTTP library too, which the hub's client lets through
        if not reachable:
            raise unavailable("Model", name, offline, command, asked) from error
        raise refused_by_hub(error, "Model", name, revision) from error
    if not any(folder.glob("*.safetensors")) and not any(folder.glob("*.bin")):
        raise unavailable("Model", name, offline, command, asked)
    return folder, folder.name


def _snapshot(name: str, revision: str | None, reachable: bool) -> Path:
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.utils import disable_progress_bars  # type: ignore[attr-defined]

    disable_progress_bars()
    if reachable:
        info = HfApi().model_info(name, revision=revision, timeout=ANSWER_TIMEOUT)
        refuse_other_weights(name, [file.rfilename for file in info.siblings or []])
    # The same patterns with and without a network: the cache is complete where it holds the files they match.
    # The revision as it was asked for: only then does the cache note which commit it stands for.
    folder = snapshot_download(
        name,
        revision=revision,
        local_files_only=not reachable,
        allow_patterns=WANTED_FILES,
        ignore_patterns=UNWANTED_FILES,
    )
    return Path(folder)
