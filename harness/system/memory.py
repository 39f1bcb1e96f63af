"""Memory that is left: of this machine, of a container's limit, of a GPU."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

CGROUPS, OWN_CGROUP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def available_memory(device: str) -> int:
    """Return the bytes that new processes may hold before a machine swaps or a container's limit ends one.

    Args:
        device: cpu, cuda or mps; of cuda it is the memory of the device.
    """
    if device == "cuda":
        import torch

        return int(torch.cuda.mem_get_info()[0])
    import psutil

    return min([int(psutil.virtual_memory().available), *rooms_of_cgroups()])


def rooms_of_cgroups(own: Path = OWN_CGROUP, cgroups: Path = CGROUPS) -> Iterator[int]:
    """Yield the bytes that are left of the limit of each control group that this process is in, of either version.

    Names are those of Linux (kernel.org, "Control Group v2", "Memory"). What is kept of files counts as left.

    Args:
        own: File that names the groups of this process.
        cgroups: Where control groups lie.
    """
    with contextlib.suppress(OSError):
        for line in own.read_text(encoding="utf-8").splitlines():
            number, controllers, path = line.split(":", 2)
            is_second = number == "0" and not controllers
            if not is_second and "memory" not in controllers.split(","):
                continue
            top = cgroups if is_second else cgroups / "memory"
            limit, used = ("max", "current") if is_second else ("limit_in_bytes", "usage_in_bytes")
            group = top / path.strip("/")
            for folder in (group, *(parent for parent in group.parents if parent.is_relative_to(top))):
                with contextlib.suppress(OSError, ValueError):  # none that has a limit, or no limit
                    held = _number(folder / f"memory.{used}") - _given_back(folder / "memory.stat")
                    yield max(0, _number(folder / f"memory.{limit}") - held)


def _number(file: Path) -> int:
    return int(file.read_text(encoding="utf-8"))


def _given_back(file: Path) -> int:
    """Return the bytes of files that are kept in memory only until somebody needs it."""
    lines = (line.partition(" ") for line in file.read_text(encoding="utf-8").splitlines())
    return int({name: value for name, _, value in lines}.get("inactive_file", 0))
