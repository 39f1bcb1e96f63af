"""Where trials run: the name that the user gave -> the executor."""

import os
import re
from functools import partial
from importlib.resources import files
from pathlib import Path

from harness.config.run_config import RunConfig
from harness.errors import UserError
from harness.executors.clusters import ray_pool, slurm_pool, store_for_blind_nodes
from harness.executors.executor import Executor, Here
from harness.executors.limits import Limits
from harness.executors.local import Local
from harness.executors.pool import Pool
from harness.executors.sandbox import Sandbox
from harness.executors.share import Share
from harness.features.directory import default_root
from harness.system.packages import require_packages

VARIABLE, DEFAULT = "HARNESS_ON", "local"
MOST_SLOTS = 1024
SUBMITIT_FOLDER = ".submitit"


def executor_name(config: RunConfig) -> str:
    """Return where the trials of a run are to run."""
    return config.on or os.environ.get(VARIABLE) or DEFAULT


def built_in_executor(config: RunConfig) -> Executor | None:
    """Return the executor of `here`, `local`, `local:N`, `ray` and `slurm`, None for another name.

    Raises:
        UserError: For a number of workers that is none, a limit or share that nobody would use, or an extra that is
            missing.
        UnavailableError: Where a cluster does not answer.
    """
    name = executor_name(config)
    limits = Limits(config.time_limit, config.memory_limit)
    if config.sandbox and name.partition(":")[0] != DEFAULT:
        raise UserError(
            f"--sandbox is of worker processes on this machine, and --on {name} has none of its own here. Leave out "
            "one or the other."
        )
    if config.share and name.partition(":")[0] in ("here", DEFAULT):
        raise UserError(
            f"--share is for pools of other machines, such as --on ray and --on slurm; --on {name} runs trials on this "
            "one, which sees its own files. Leave it out."
        )
    if name == "here":
        if limits != Limits():
            raise UserError(
                "--time-limit and --memory-limit are of worker processes, and --on here runs trials in this one. "
                "Leave out one or the other."
            )
        return Here()
    if name == "ray" or name.startswith(("ray:", "ray://")):
        require_packages("--on ray", "ray", ["ray"])
        look = partial(store_for_blind_nodes, Path(config.output_dir).absolute())
        return Pool(partial(ray_pool, _address(name), config.device), limits, share_of(config), look)
    if name in ("slurm", "slurm:local"):
        folder = Path(config.output_dir).absolute() / SUBMITIT_FOLDER
        require_packages("--on slurm", "slurm", ["submitit"])
        return Pool(partial(slurm_pool, folder, name.partition(":")[2] or None), limits, share_of(config))
    if (slots := local_slots(config)) is None:
        return None
    return Local(slots, None if slots == 1 else max(1, _threads() // slots), limits, sandbox=_sandbox_of(config))


def _sandbox_of(config: RunConfig) -> Sandbox | None:
    """Return the sandbox that a run asks for: data, results and cache are hidden in it; errors as of its `check`."""
    if not config.sandbox:
        return None
    data = config.dataset_name, *config.dataset_name.split(",")  # a folder or a file, or several files
    places = (*data, config.output_dir, config.cache_dir or default_root(), str(files("harness.data.samples")))
    sandbox = Sandbox(tuple(Path(str(place).strip()).expanduser().absolute() for place in places))
    sandbox.check()
    return sandbox


def share_of(config: RunConfig) -> Share | None:
    """Return where files go that members of a pool do not see; errors as of `Share`."""
    return Share(config.share) if config.share else None


def local_slots(config: RunConfig) -> int | None:
    """Return N of `local:N`, 1 of `local`, None where trials run elsewhere.

    Raises:
        UserError: For a number of workers that is none.
    """
    kind, colon, number = (name := executor_name(config)).partition(":")
    if kind != DEFAULT:
        return None
    slots = int(number) if re.fullmatch(r"\d{1,4}", number) else 0 if colon else 1
    if not 1 <= slots <= MOST_SLOTS:
        raise UserError(f"--on {name}: expected local:N with N from 1 to {MOST_SLOTS}, the number of trials at a time.")
    return slots


def _address(name: str) -> str | None:
    """Return the address in ray, ray:auto or ray://host:10001."""
    return name if name.startswith("ray://") else name.partition(":")[2] or None


def _threads() -> int:
    import torch

    return torch.get_num_threads()
