"""Texts -> features on a CPU: every engine of the harness and what else a user can pick, speed against quality.

All get the same checkpoint, pooling and threads, and encode the same random rows in turn: the harness with torch, with
OpenVINO and with OpenVINO in eight bits, in bfloat16 where the processor has instructions for it, and as `--engine auto
--dtype auto` chooses; sentence-transformers with torch, ONNX and OpenVINO, each at the batch size that suits it best;
the tutorial's code, which pads to the longest text and is timed on fewer rows; and, as the floor of cost, a static
model that model2vec distils from the checkpoint. What is not installed is left out. Beside each speed stand the test
f1_macro of `logreg_probe` on its features, and the share of nearest neighbours that it has in common with the harness
with torch.

sentence-transformers needs optimum-intel for OpenVINO and optimum-onnx for ONNX; both ask for older releases of
transformers, so give them an environment of their own.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from corpus import load_task
from measuring import in_turn, machine, median, spread
from options import make_parser, numbers, positive, prepare
from reporting import percent, print_machine, print_table, times, write_json
from rivals import Rival, rivals

from harness import Features, RunConfig, Split, Task, compare, hookimpl
from harness.encoding.engine import EngineName, is_installed
from harness.encoding.int8_graph import neighbours_kept
from harness.encoding.tags import encoder_tags
from harness.encoding.transformer_encoder import TransformerEncoder
from harness.system.device import multiplies_bfloat16

OURS: dict[str, tuple[EngineName, str]] = {
    "harness torch": ("torch", "float32"),
    "harness torch bfloat16": ("torch", "bfloat16"),
    "harness openvino": ("openvino", "float32"),
    "harness openvino bfloat16": ("openvino", "bfloat16"),
    "harness openvino-int8": ("openvino-int8", "float32"),
}
BASE, AUTO = "harness torch", "harness auto"


class Given:
    """An encoder that looks its features up: what was computed by something else, as the harness reads it."""

    width = max_length = n_parameters = n_layers = 1
    revision = fingerprint = None
    directory = ""

    def __init__(self, name: str, tables: dict[str, Any]) -> None:
        self.name, self.tables = name, tables
        self.width = len(next(iter(tables.values())))

    @hookimpl
    def harness_load_encoder(self, name: str, config: RunConfig) -> "Given":
        """Return this encoder, whatever is asked for."""
        return self

    def encode(self, texts: Sequence[str], wanted: Sequence[Features], progress: Any = None) -> dict[Features, Any]:
        """Return the one table for all that is wanted."""
        table = np.array([self.tables[text] for text in texts], np.float32)
        return dict.fromkeys(wanted, table)

    def count_truncated(self, texts: Sequence[str]) -> int:
        """Return 0: nothing is cut here."""
        return 0


def measure(options: argparse.Namespace, workdir: Path) -> dict[str, Any]:
    """Time all in turn, score each, and return all numbers."""
    task = load_task(options.data, options.rows).limited(options.rows)
    texts = task.train.texts
    encoders = _own(options)
    state = Features(pooling=options.pooling)
    found: dict[str, Rival] = {name: Rival(partial(_encoded, encoder, state)) for name, encoder in encoders.items()}
    found |= rivals(encoders[BASE], texts, options, workdir)
    timed = {name: texts[: rival.rows] for name, rival in found.items()}
    calls: dict[str, Callable[[], object]] = {name: partial(found[name].encode, rows) for name, rows in timed.items()}
    for call in calls.values():
        call()
    seconds = in_turn(calls, options.repeats, options.device)
    test = {name: np.asarray(rival.encode(task.test.texts), np.float32) for name, rival in found.items()}
    rates = {name: len(timed[name]) / median(each) for name, each in seconds.items()}
    return {
        "machine": machine(options.device, "float32"),
        "capabilities": _capabilities(),
        "model": options.model,
        "texts": len(texts),
        "seconds": seconds,
        "texts_per_second": rates,
        "ratios": {name: rate / rates[BASE] for name, rate in rates.items()},
        "batch_sizes": {name: rival.batch_size for name, rival in found.items()},
        "neighbours_kept": {name: neighbours_kept(table, test[BASE]) for name, table in test.items()},
        "f1_macro": {name: _score(name, rival, task, workdir) for name, rival in found.items()},
    }


def _own(options: argparse.Namespace) -> dict[str, TransformerEncoder]:
    """Return the harness' own encoders, of the engines that are installed and the formats that the processor has."""
    from harness.huggingface import harness_load_encoder, load_encoder

    config = RunConfig(model=options.model, engine="auto", dtype="auto", offline=True, cache=False)
    chosen = harness_load_encoder(options.model, config, options.device, "float32")
    print(f"{AUTO}: {encoder_tags(chosen).notes[-1]}")
    found = {AUTO: chosen}
    for name, (engine, dtype) in OURS.items():
        if not is_installed(engine):
            print(f"{name} is left out: pip install 'strategy-harness[{engine}]'")
        elif dtype == "bfloat16" and not (multiplies_bfloat16() if engine == "torch" else "BF16" in _capabilities()):
            print(f"{name} is left out: this processor has no instructions for it")
        else:
            found[name] = load_encoder(options.model, None, True, options.device, dtype, engine=engine)
    return found


def _capabilities() -> list[str]:
    """Return what OpenVINO finds that this processor computes in, nothing where it is not installed."""
    if not is_installed("openvino"):
        return []
    from harness.system.silent_openvino import import_openvino

    return [*import_openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")]


def _encoded(encoder: TransformerEncoder, state: Features, texts: Sequence[str]) -> Any:
    return encoder.encode(texts, [state])[state]


def _score(name: str, rival: Rival, task: Task, workdir: Path) -> float:
    """Return the test f1_macro of `logreg_probe` on what a rival computes."""
    splits: list[Split] = [task.train, task.validation, task.test]
    texts = [text for split in splits for text in split.texts]
    encoder = Given(name, dict(zip(texts, rival.encode(texts), strict=True)))
    where = {"output_dir": workdir / "runs", "cache": False, "offline": True, "progress": False, "on": "here"}
    run = compare(task, model=name, strategies="logreg_probe", plugins=[encoder], **where)
    (record,) = run.run.records
    return float(record.test.f1_macro)


def show(result: dict[str, Any]) -> None:
    """Print the table."""
    rows = [
        [
            name,
            f"{rate:,.0f}",
            times(result["ratios"][name]),
            percent(spread(result["seconds"][name])),
            str(result["batch_sizes"][name] or "-"),
            f"{result['f1_macro'][name]:.3f}",
            f"{result['neighbours_kept'][name]:.3f}",
        ]
        for name, rate in sorted(result["texts_per_second"].items(), key=lambda item: item[1])
    ]
    print_machine({**result["machine"], "computes in": " ".join(result["capabilities"]) or "?"})
    columns = ("engine", "texts/s", f"/ {BASE}", "spread", "batch", "f1_macro", "neighbours kept")
    print_table(f"{result['texts']:,} texts, {result['model']}", columns, rows)


def main() -> None:
    """Run the benchmark."""
    parser = make_parser(__doc__ or "", rows=1500, repeats=5)
    parser.add_argument("--pooling", choices=("cls", "mean"), default="mean", help="default: %(default)s")
    parser.add_argument("--seed-rows", type=positive, default=100, help="for the tutorial's code; default: %(default)s")
    parser.add_argument("--batch-sizes", type=numbers, default=[16, 32, 64], help="to try; default: %(default)s")
    options = parser.parse_args()
    prepare(options)
    with tempfile.TemporaryDirectory() as workdir:
        result = measure(options, Path(workdir))
    show(result)
    write_json(options.json, result)


if __name__ == "__main__":
    main()
