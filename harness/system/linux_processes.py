"""What Linux alone does for a process and its children: they end with their parent, or come to an ancestor."""

import ctypes
import signal
import sys

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # linux/prctl.h


def end_with_parent() -> None:
    """Have this process killed as soon as its parent is gone; elsewhere than on Linux nothing happens."""
    _call_prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def take_in_orphans() -> None:
    """Become the parent of what the children of this process leave behind; elsewhere than on Linux nothing happens."""
    _call_prctl(PR_SET_CHILD_SUBREAPER, 1)


def _call_prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)
