"""How often the encoder reads the texts for one, two and more strategies on frozen features.

Whole runs in this process, without a cache on disk, through a plugin that counts what the encoder is given. One pass
is every distinct text once, whatever the number of strategies, seeds, layers and poolings.
"""

import argparse
import io
import tempfile
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from corpus import load_task, write_files
from measuring import machine
from options import make_parser, prepare
from reporting import print_machine, print_table, write_json

FROZEN = ("logreg_probe", "mlp_probe")
SETTINGS: dict[str, list[str]] = {
    "the first strategy alone": ["-s", FROZEN[0]],
    "both": ["-s", ",".join(FROZEN)],
    "both, three seeds": ["-s", ",".join(FROZEN), "--seeds", "0,1,2"],
    "both, of different layers and poolings": [
        *("-s", ",".join(FROZEN)),
        *("--set", "mlp_probe.layer=1", "--set", "mlp_probe.pooling=mean"),
    ],
}


class CountingEncoder:
    """An encoder that counts the texts it is given.

    Args:
        encoder: What computes.
    """

    def __init__(self, encoder: Any) -> None:
        self._encoder = encoder
        self.texts = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    def encode(self, texts: Sequence[str], *args: Any) -> Any:
        """Count and compute."""
        self.texts += len(texts)
        return self._encoder.encode(texts, *args)


def passes(options: argparse.Namespace, data: Path, distinct: int, settings: Sequence[str]) -> float:
    """Return how often a run with these settings has the encoder read every distinct text."""
    from harness import hookimpl
    from harness.cli import main
    from harness.huggingface import harness_load_encoder

    counted: list[CountingEncoder] = []

    class CountingPlugin:
        @hookimpl
        def harness_load_encoder(self, name: str, config: Any, device: str, dtype: str) -> CountingEncoder:
            counted.append(CountingEncoder(harness_load_encoder(name, config, device, dtype)))
            return counted[-1]

    computed = ["-m", options.model, "--device", options.device, "--dtype", options.dtype, "--offline", "--no-cache"]
    told = io.StringIO()
    with tempfile.TemporaryDirectory() as reports, redirect_stdout(io.StringIO()), redirect_stderr(told):
        argv = ["run", *settings, "-d", str(data), *computed, "--no-save-models", "--quiet", "-o", reports]
        code = main(argv, plugins=[CountingPlugin()])
    if code:
        raise SystemExit(f"harness {' '.join(argv)} failed: {told.getvalue()}")
    return counted[0].texts / distinct


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Run all settings and return how many passes each took."""
    task = load_task(options.data, options.rows).limited(options.rows)
    distinct = len({text for split in (task.train, task.validation, task.test) for text in split.texts})
    with tempfile.TemporaryDirectory() as folder:
        data = write_files(task, Path(folder))
        counts = {name: passes(options, data, distinct, settings) for name, settings in SETTINGS.items()}
    alone = counts[next(iter(SETTINGS))]
    return {
        "machine": machine(options.device, options.dtype),
        "distinct_texts": distinct,
        "passes": counts,
        "extra": {name: count - alone for name, count in counts.items()},
    }


def show(result: dict[str, Any]) -> None:
    """Print the table."""
    print_machine(result["machine"])
    rows = [[name, f"{count:g}", f"{result['extra'][name]:g}"] for name, count in result["passes"].items()]
    title = f"{result['distinct_texts']:,} distinct texts"
    print_table(title, ("strategies on frozen features", "encoder passes", "extra"), rows)


def main() -> None:
    """Count."""
    parser = make_parser(__doc__ or "", rows=200, repeats=1)
    options = parser.parse_args()
    prepare(options)
    result = measure(options)
    show(result)
    write_json(options.json, result)


if __name__ == "__main__":
    main()
