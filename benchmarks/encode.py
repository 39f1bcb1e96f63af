"""Texts -> frozen [CLS] features: the harness against the tutorial's code and against sentence-transformers.

All three get the same checkpoint, number format and device. The harness and sentence-transformers encode the same
random rows. The tutorial's code pads every text to the longest of the split, so its cost a text is the same for every
text, and it is timed on fewer rows (--seed-rows), the longest text of the split among them.

Printed beside the ratios: which share of the machine's matrix-product rate the harness reaches, how much of its
batches is padding, and how far the outputs of the three lie apart. The harness also encodes with mean pooling, for
which it computes the whole last block: for [CLS] alone it leaves products out. Where OpenVINO is installed, it encodes
with `--engine openvino`, too.
"""

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
from arithmetic import Products, Work, best_square, block_weights, counted, model_products
from corpus import load_task, sampled, token_lengths
from measuring import Seconds, in_turn, machine, median, seconds_of, spread
from options import make_parser, numbers, prepare
from reporting import percent, print_facts, print_machine, print_table, times, write_json

from harness import Features

OURS, WHOLE, SEED, RIVAL = "harness", "harness, mean pooling", "tutorial", "sentence-transformers"
OTHER_ENGINE = "harness, openvino"
MODEL_SHAPES, SQUARE = "products of the model's shapes", "best square product"
BATCH_SIZES = [8, 16, 32, 64, 128, 256]


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Time the three in turn, with the matrix products, and return all numbers."""
    from harness.huggingface import load_encoder

    encoder = load_encoder(options.model, None, True, options.device, options.dtype)
    split = load_task(options.data, options.rows).train
    texts = sampled(split, options.rows, encoder.tokenizer, encoder.max_length).texts
    tokens = int(token_lengths(encoder.tokenizer, texts, encoder.max_length).sum())

    def ours(state: Any) -> Any:
        return encoder.encode(texts, [state])[state]

    states = {OURS: Features(), WHOLE: Features(pooling="mean")}
    own: dict[str, Callable[[], Any]] = {name: partial(ours, state) for name, state in states.items()}
    vectors = {OURS: own[OURS]()}  # the first call also settles what the encoder chooses by timing
    memory = _device_memory(own[OURS], options.device)
    works = {name: _counted(call, encoder) for name, call in own.items()}
    rivals, n_texts, chosen = _rivals(options, encoder, texts, vectors)
    if other := _other_engine(options, texts):
        rivals, n_texts = {OTHER_ENGINE: other, **rivals}, {OTHER_ENGINE: len(texts), **n_texts}
        vectors[OTHER_ENGINE] = other()
    candidates = {**own, **rivals}
    products = _products(encoder.model, works[OURS], options)
    seconds = in_turn({**candidates, **products}, options.repeats, options.device)
    return {
        "machine": machine(options.device, options.dtype),
        "model": options.model,
        "texts": len(texts),
        "tokens": tokens,
        "batch_size_of_rival": chosen,
        "token_budget": getattr(encoder, "token_budget", None),
        "skips_last_layer": bool(getattr(encoder, "skips_last_layer", lambda wanted: False)([Features()])),
        "device_memory_bytes": memory,
        "seconds": seconds,
        "differences": _differences(vectors),
        **_rates(seconds, {**dict.fromkeys(own, len(texts)), **n_texts}),
        **_shares(works, products, seconds, tokens),
    }


def _other_engine(options: argparse.Namespace, texts: Sequence[str]) -> Callable[[], Any] | None:
    """Return what encodes the texts with OpenVINO, None where it is not installed or does not compute so."""
    from harness.huggingface import load_encoder

    if (options.device, options.dtype) != ("cpu", "float32") or not (find_spec("openvino") and find_spec("onnx")):
        print(f"{OTHER_ENGINE} is left out: it needs float32 on a CPU and pip install 'strategy-harness[openvino]'")
        return None
    encoder = load_encoder(options.model, None, True, options.device, options.dtype, engine="openvino")
    return lambda: encoder.encode(texts, [Features()])[Features()]


def _counted(call: Callable[[], object], encoder: Any) -> Work:
    with counted(encoder.model.config.vocab_size) as work:
        call()
    return work


def _device_memory(call: Callable[[], object], device: str) -> int | None:
    """Return the most bytes that torch held on a CUDA device during a call."""
    if device != "cuda":
        return None
    import torch

    torch.cuda.reset_peak_memory_stats()
    call()
    return int(torch.cuda.max_memory_allocated())


def _rivals(
    options: argparse.Namespace, encoder: Any, texts: Sequence[str], vectors: dict[str, Any]
) -> tuple[dict[str, Callable[[], object]], dict[str, int], int | None]:
    """Return name -> call and name -> texts of the others, warmed up, and the batch size that suits the rival best."""
    import seed

    few = texts[: options.seed_rows]
    model = seed.load_model(encoder.directory, options.device, options.dtype)

    def tutorial(rows: Sequence[str] = few) -> Any:
        return seed.encode_splits({"train": rows}, encoder.tokenizer, model, encoder.max_length)["train"]

    tutorial(few[:16])
    vectors[SEED] = tutorial()
    calls: dict[str, Callable[[], object]] = {SEED: tutorial}
    sentences = _sentence_transformer(encoder, options)
    if sentences is None:
        return calls, {SEED: len(few)}, None
    best = _best_batch_size(sentences, texts, options)

    def rival() -> Any:
        return sentences.encode(list(texts), batch_size=best, show_progress_bar=False)

    vectors[RIVAL] = rival()
    return {**calls, RIVAL: rival}, {SEED: len(few), RIVAL: len(texts)}, best


def _sentence_transformer(encoder: Any, options: argparse.Namespace) -> Any:
    """Return the same checkpoint with [CLS] pooling in sentence-transformers, None where that is not installed."""
    try:
        from sentence_transformers import SentenceTransformer
        from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    except ImportError:
        print(f"{RIVAL} is left out: it is not installed. pip install 'strategy-harness[bench]'")
        return None
    transformer = Transformer(
        encoder.directory, model_kwargs={"dtype": options.dtype}, max_seq_length=encoder.max_length
    )
    modules = [transformer, Pooling(encoder.width, "cls")]
    return SentenceTransformer(modules=modules, device=options.device)


def _best_batch_size(sentences: Any, texts: Sequence[str], options: argparse.Namespace) -> int:
    """Time each batch size once on all texts, after a warm-up, and return the fastest."""
    sentences.encode(list(texts[:64]), show_progress_bar=False)

    def seconds(size: int) -> float:
        return seconds_of(
            lambda: sentences.encode(list(texts), batch_size=size, show_progress_bar=False), options.device
        )

    fastest: int = min(options.batch_sizes, key=seconds)
    return fastest


def _products(model: Any, work: Work, options: argparse.Namespace) -> dict[str, Products]:
    shapes = model_products(block_weights(model), work.usual_positions())
    return {
        MODEL_SHAPES: shapes.repeated(options.device),
        SQUARE: best_square(options.device, options.dtype),
    }


def _differences(vectors: dict[str, Any]) -> dict[str, float]:
    """Return the largest absolute difference of each other's outputs from ours."""
    others = {name: np.asarray(values, np.float32) for name, values in vectors.items() if name != OURS}
    return {name: float(np.abs(values - vectors[OURS][: len(values)]).max()) for name, values in others.items()}


def _rates(seconds: Seconds, n_texts: dict[str, int]) -> dict[str, Any]:
    rates = {name: n / median(seconds[name]) for name, n in n_texts.items()}
    return {
        "texts_per_second": rates,
        "ratios": {f"{name} / {OURS}": rates[OURS] / rate for name, rate in rates.items() if name != OURS},
    }


def _shares(works: dict[str, Work], products: dict[str, Products], seconds: Seconds, tokens: int) -> dict[str, Any]:
    reached = {name: work.flops / median(seconds[name]) for name, work in works.items()}
    best = {name: each.flops / median(seconds[name]) for name, each in products.items()}
    work = works[OURS]
    return {
        "tokens_per_second": tokens / median(seconds[OURS]),
        "flops": work.flops,
        "batches": len(work.batches),
        "padding_waste": work.padding_waste(tokens),
        "flops_per_second": {**reached, **best},
        "shares": {name: {ours: speed / rate for ours, speed in reached.items()} for name, rate in best.items()},
    }


def show(result: dict[str, Any]) -> None:
    """Print the tables."""
    rates, ratios, seconds = result["texts_per_second"], result["ratios"], result["seconds"]
    rows = [
        [
            name,
            f"{rate:,.0f}",
            times(ratios.get(f"{name} / {OURS}", 1.0)),
            percent(spread(seconds[name])),
            f"{result['differences'][name]:.1e}" if name in result["differences"] else "-",
        ]
        for name, rate in rates.items()
    ]
    print_machine(result["machine"])
    columns = ("encode", "texts/s", f"time / {OURS}", "spread", "max abs difference")
    print_table(f"{result['texts']:,} texts, {result['model']}", columns, rows)
    speeds = result["flops_per_second"]
    print_facts(
        {
            **{
                f"share of the {name}, {ours}": percent(share)
                for name, shares in result["shares"].items()
                for ours, share in shares.items()
            },
            "GFLOP/s": ", ".join(f"{name} {speed / 1e9:,.0f}" for name, speed in speeds.items()),
            "padding in our batches": percent(result["padding_waste"]),
            "our batches": f"{result['batches']}, token budget {result['token_budget']}",
            "last layer computed for [CLS] alone": "yes" if result["skips_last_layer"] else "no",
            f"best batch size of {RIVAL}": str(result["batch_size_of_rival"]),
        }
    )


def main() -> None:
    """Run the benchmark."""
    parser = make_parser(__doc__ or "", rows=2000, repeats=5)
    parser.add_argument("--seed-rows", type=int, default=1000, help="rows for the tutorial's code; default: a batch")
    parser.add_argument("--batch-sizes", type=numbers, default=BATCH_SIZES, help=f"to try with {RIVAL}")
    options = parser.parse_args()
    prepare(options)
    result = measure(options)
    show(result)
    write_json(options.json, result)


if __name__ == "__main__":
    main()
