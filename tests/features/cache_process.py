"""Processes that fill a cache, forked off a server in milliseconds, to be raced and killed.

As a program it serves: each line of standard input is a JSON list of calls of `fill` or `run`, which are made in a
process each, all at once; the answer is a JSON list of what came of each: its signal or its result. With arguments
it fills the cache in that folder itself.
"""

import hashlib
import json
import os
import resource
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from letters import CLS, LetterEncoder, many_texts

from harness.encoding.encoder import Features, Progress
from harness.errors import UnavailableError
from harness.features.cache import FeatureCache
from harness.features.directory import CacheDirectory

FILE_OPERATIONS = {"open", "os.chmod", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.utime", "shutil.rmtree"}


class Loud(LetterEncoder):
    """Says on disk who encodes, and dies where it is told to."""

    def __init__(
        self, log: str | None = None, kill_at_encode: int | None = None, first_dies: str | None = None
    ) -> None:
        super().__init__()
        self.log, self.kill_at_encode, self.first_dies = log, kill_at_encode, first_dies

    def encode(self, texts: Any, wanted: Any, progress: Progress | None = None) -> dict[Features, Any]:
        if self.log and len(texts) > 1:  # a text alone is timed, of no split
            with Path(self.log).open("a") as file:
                file.write(f"{os.getpid()}\n")
            time.sleep(0.002)  # long enough for the other one to come by
        if len(self.asked) + 1 == self.kill_at_encode and self._is_to_die():
            os.kill(os.getpid(), signal.SIGKILL)
        return super().encode(texts, wanted, progress)

    def _is_to_die(self) -> bool:
        if self.first_dies:
            try:
                os.close(os.open(self.first_dies, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                return False
        return True


def watch_files(cache: str, kill_at: int | None) -> list[str]:
    """Note what is done to the files of the cache; die before the `kill_at`-th time, counted from 0."""
    seen: list[str] = []

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in FILE_OPERATIONS and str(arguments[0]).startswith(cache):
            if len(seen) == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
            seen.append(event)

    sys.addaudithook(hook)
    return seen


def fill(cache: str, kill_at_file: int | None = None, file_size: int | None = None, **encoder: Any) -> dict[str, Any]:
    """Fill the cache with three shards and tell what came of it."""
    seen = watch_files(cache, kill_at_file)
    if file_size:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
    loud, texts = Loud(**encoder), many_texts()
    features = FeatureCache(loud, CacheDirectory(Path(cache)))
    try:
        features.fill([texts], [CLS])
    except UnavailableError as error:
        return {"error": str(error), "notes": features.notes}
    cost = features.cost([CLS])
    return {
        "digest": hashlib.sha256(features.encode(texts, CLS).tobytes()).hexdigest(),
        "encoded": len(loud.texts_encoded),
        "source": cost and cost.source,
        "notes": features.notes,
        "files": seen,
    }


def run(cache: str, output_dir: str, log: str) -> dict[str, Any]:
    """Run a probe on the tiny task and tell its predictions' hash and where its features came from."""
    from harness import RunConfig
    from harness.plugin_system.manager import PluginManager
    from harness.runs.planning import Plan
    from harness.runs.runner import execute
    from harness.testing import tiny_task

    class Silent:
        def stage(self, name: str, number: int, total: int) -> None: ...
        def progress(self, what: str, done: int, total: int) -> None: ...
        def run_progress(self, progress: Any) -> None: ...
        def epoch(self, trial: str, entry: Any) -> None: ...
        def finished(self, record: Any) -> None: ...

    config = RunConfig(strategies="logreg_probe", cache_dir=cache, output_dir=output_dir, save_models=False)  # type: ignore[arg-type]
    encoder = Loud(log)
    encoder.fingerprint = {"weights": "loud"}
    done, _, _ = execute(
        Plan(config, tiny_task(), encoder, *PluginManager().select(config), "cpu", "float32"), Silent(), []
    )
    (record,) = done.records
    return {"predictions_sha256": record.predictions_sha256, "features": record.features, "notes": done.notes}


def started(call: dict[str, Any], gate: int) -> tuple[int, int]:
    """Fork a process that makes a call as soon as the gate opens; return its id and where its answer comes."""
    out, into = os.pipe()
    if child := os.fork():
        os.close(into)
        return child, out
    os.read(gate, 1)
    try:
        answer = {"fill": fill, "run": run}[call.pop("do")](**call)
    except BaseException as error:
        answer = {"raised": repr(error)}
    os.write(into, json.dumps(answer).encode())
    os._exit(0)


def answers(calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Make the calls at once, each in its own process."""
    gate, opener = os.pipe()
    children = [started(call, gate) for call in calls]
    os.write(opener, b"." * len(calls))
    result = []
    for child, out in children:
        with os.fdopen(out, "rb") as file:
            answer = file.read()
        _, status = os.waitpid(child, 0)
        result.append({"signal": os.WTERMSIG(status)} if os.WIFSIGNALED(status) else json.loads(answer))
    os.close(gate)
    os.close(opener)
    return result


def serve(preload: bool) -> None:
    """Answer until nobody asks any more."""
    if preload:  # a run, for all that is imported on its way
        with tempfile.TemporaryDirectory() as folder:
            run(f"{folder}/cache", folder, f"{folder}/log")
    for line in sys.stdin:
        print(json.dumps(answers(json.loads(line))), flush=True)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(fill(sys.argv[2])))
    else:
        serve(preload=sys.argv[1] == "run")
