"""A program that runs commands one after the other and prints, as JSON, what came of each.

The hub is set by the environment, which its client reads when it is imported: each hub needs a process of its own.
"""

import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

WITHOUT_TOKEN = "without-token"


def commands(endpoint: str, home: Path, token: str, wanted: Sequence[Sequence[str]]) -> list[dict[str, Any]]:
    """Run commands in a fresh process.

    Args:
        endpoint: Address of the hub.
        home: Folder of its client's cache.
        token: The user's.
        wanted: Arguments of each command; one that begins with `WITHOUT_TOKEN` is run by somebody who has none.
    """
    from .asking import environment  # here: the program itself, run as a file, has no package

    ours = {
        "HF_TOKEN": token,
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DOWNLOAD_TIMEOUT": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    done = subprocess.run(
        [sys.executable, __file__, json.dumps(list(wanted))],
        env={**environment(endpoint, home), **ours, "COLUMNS": "150"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")
    came: list[dict[str, Any]] = json.loads(done.stdout)
    return came


def run(argv: Sequence[str]) -> dict[str, Any]:
    """Run one command."""
    from harness.cli import main

    token = os.environ["HF_TOKEN"]
    if argv[0] == WITHOUT_TOKEN:
        argv = argv[1:]
        del os.environ["HF_TOKEN"]
    out, err = io.StringIO(), io.StringIO()
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = main(argv)
    finally:
        os.environ["HF_TOKEN"] = token
    return {"code": code, "out": out.getvalue(), "err": err.getvalue()}


if __name__ == "__main__":
    print(json.dumps([run(argv) for argv in json.loads(sys.argv[1])]))
