"""The hub: whether it answers, what it has, what is already here."""

import functools
import os
import threading
import urllib.error
import urllib.request
from pathlib import Path

from harness.environment import go_offline
from harness.errors import ModelError, UnavailableError

PATIENCE = 3.0  # seconds; the hub's own client may wait for minutes on a host that never answers
SERVER_ERROR = 500
WANTED_ENDINGS = (".json", ".txt", ".model", ".safetensors")


def settle_network(offline: bool) -> bool:
    """Decide once whether the hub may be asked, and keep its client off the network otherwise.

    Args:
        offline: Whether the user forbade the network.

    Returns:
        Whether the hub answers within three seconds.
    """
    forbidden = offline or os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "TRUE", "YES", "ON"}
    if not forbidden and _answers(os.environ.get("HF_ENDPOINT", "https://huggingface.co")):
        return True
    go_offline()
    return False


@functools.cache
def _answers(endpoint: str) -> bool:
    """Ask in a thread of its own: looking up a name can hang longer than any timeout of the request."""
    answered = threading.Event()

    def ask() -> None:
        request = urllib.request.Request(endpoint, method="HEAD")
        try:
            urllib.request.urlopen(request, timeout=PATIENCE).close()
            answered.set()
        except urllib.error.HTTPError as error:
            if error.code < SERVER_ERROR:
                answered.set()
        except (OSError, ValueError):
            return

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    return answered.is_set()


def unavailable(kind: str, name: str, offline: bool, command: str) -> UnavailableError:
    """Return the error for something that is neither here nor to be had."""
    why = "--offline forbids asking the hub" if offline else f"the hub did not answer within {PATIENCE:g} seconds"
    return UnavailableError(
        f"{kind} {name!r} is not on this machine and {why}. Where there is a network, get it with: {command}"
    )


def fetch_checkpoint(name: str, revision: str | None, offline: bool) -> tuple[Path, str]:
    """Return the local folder of a hub checkpoint, downloading it where that is allowed, and its commit.

    Args:
        name: Hub id.
        revision: Branch, tag or commit, None for the default branch.
        offline: Whether the user forbade the network.

    Raises:
        UnavailableError: Where it is neither cached nor to be had.
        ModelError: Where the repository holds no safetensors weights.
    """
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    command = f"hf download {name}" + (f" --revision {revision}" if revision else "")
    try:
        if settle_network(offline):
            info = HfApi().model_info(name, revision=revision)
            names = [sibling.rfilename for sibling in info.siblings or []]
            refuse_pickle_only(name, names)
            wanted = [file for file in names if "/" not in file and file.endswith(WANTED_ENDINGS)]
            folder = Path(snapshot_download(name, revision=info.sha, allow_patterns=wanted))
        else:
            folder = Path(snapshot_download(name, revision=revision, local_files_only=True))
    except LocalEntryNotFoundError as error:
        raise unavailable("Model", name, offline, command) from error
    except HFValidationError as error:
        raise UnavailableError(f"There is no folder {name!r}, and it cannot be a hub id. Check --model.") from error
    except (HfHubHTTPError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UnavailableError(f"Model {name!r} cannot be had from the hub: {reason} Try: {command}") from error
    if not any(folder.glob("*.safetensors")) and not any(folder.glob("*.bin")):
        raise unavailable("Model", name, offline, command)
    return folder, folder.name


def refuse_pickle_only(name: str, file_names: list[str]) -> None:
    """Refuse a checkpoint whose weights exist only as pickle.

    Raises:
        ModelError: Where there is no safetensors file.
    """
    if any(file.endswith(".safetensors") for file in file_names):
        return
    pickled = [file for file in file_names if file.endswith((".bin", ".pt", ".pth", ".pkl", ".ckpt"))]
    if pickled:
        raise ModelError(
            f"Model {name}: its weights exist only as pickle ({', '.join(sorted(pickled)[:3])}), which can run any code "
            "when loaded. Use a revision with model.safetensors, or convert it with 'safetensors' on a machine you trust."
        )
    raise ModelError(f"Model {name}: no model.safetensors among its files. Is it a transformers checkpoint?")
