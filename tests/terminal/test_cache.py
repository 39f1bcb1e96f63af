"""The cache on the page: entries by encoder, findings in words, what was removed."""

import io
import time
from collections import Counter
from pathlib import Path

import pytest
from rich.cells import cell_len

from harness import Features
from harness.features.directory import StoredEntry
from harness.features.pruning import Removed
from harness.runs.cache_explanation import Difference, Explanation, Finding
from harness.terminal import make_console, print_cache, print_cache_explanation, print_removed

from .factory import block, right_stripped

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
KEY = {"layer": -1, "pooling": "cls", "weights": "53aa" * 16, "device": "cpu", "dtype": "float32", "torch": "2.13.0"}


@pytest.fixture(autouse=True)
def _in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    if hasattr(time, "tzset"):
        time.tzset()


def stored(texts: str, rows: int, seconds: float | None, **fields: object) -> StoredEntry:
    defaults = {
        "folder": Path("/cache/features") / (texts * 64),
        "key": {**KEY, "texts": texts * 64},
        "about": {"model": MINILM, "data": "emotion"},
        "state": "complete" if seconds is not None else "unfinished",
        "rows_done": rows,
        "width": 384,
        "bytes": rows * 384 * 4,
        "used": 1_764_000_000.0,
    }
    return StoredEntry(**{"rows": rows, "seconds": seconds, **defaults, **fields})  # type: ignore[arg-type]


ENTRIES = [
    stored("a", 16_000, 34.09),
    stored("a", 16_000, 34.09, key={**KEY, "texts": "a" * 64, "pooling": "mean"}),
    stored("b", 2000, None),
    stored("c", 417_000, 900.5, about={"model": "tiny", "data": "a data set with a rather long name"}),
]


def printed(width: int, entries: list[StoredEntry] = ENTRIES, encoding: str = "utf-8") -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    print_cache(Path("/cache"), entries, make_console(stream, width=width))
    stream.flush()
    return right_stripped(stream.buffer.getvalue().decode(encoding))  # type: ignore[attr-defined]


def test_eighty_columns_hold_a_table_for_each_encoder() -> None:
    assert printed(80) == block(
        """
        sentence-transformers/all-MiniLM-L6-v2 (weights 53aa53aa, cpu, float32, torch
        2.13.0)
        data     layer  pooling  texts x width    size       saves   last used
        ───────  ─────  ───────  ─────────────  ──────  ──────────  ──────────
        emotion     -1      cls   16,000 x 384   25 MB     34.09 s  2025-11-24
        emotion     -1     mean   16,000 x 384   25 MB     34.09 s  2025-11-24
        emotion     -1      cls    2,000 x 384  3.1 MB  unfinished  2025-11-24

        tiny (weights 53aa53aa, cpu, float32, torch 2.13.0)
        data                layer  pooling  texts x width    size     saves   last used
        ──────────────────  ─────  ───────  ─────────────  ──────  ────────  ──────────
        a data set with a…     -1      cls  417,000 x 384  641 MB  900.50 s  2025-11-24

        4 entries, 693 MB, saving 934.59 s of encoding, in /cache
        """
    )


def test_forty_columns_hold_a_few_short_lines_an_entry() -> None:
    assert printed(40, ENTRIES[2:3]) == block(
        """
        sentence-transformers/all-MiniLM-L6-v2
        (weights 53aa53aa, cpu, float32, torch
        2.13.0)
        emotion, layer -1, cls
          2,000 x 384, 3.1 MB
          unfinished, used 2025-11-24

        1 entry, 3.1 MB, saving 0.00 s of
        encoding, in /cache
        """
    )


@pytest.mark.parametrize("width", [20, 40, 64, 80, 140])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_no_line_is_longer_than_the_page(width: int, encoding: str) -> None:
    odd = stored("d", 5, 1.0, about={"model": "中文" * 40, "data": "[/]\x1b[31m" + "中" * 50})
    text = printed(width, [*ENTRIES, odd, stored("e", 0, None, key={}, about={})], encoding)
    assert max(map(cell_len, text.splitlines())) <= max(width, 24)
    assert "\x1b" not in text


def explained(explanation: Explanation, width: int = 100, encoding: str = "utf-8") -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    print_cache_explanation(explanation, make_console(stream, width=width))
    stream.flush()
    return right_stripped(stream.buffer.getvalue().decode(encoding))  # type: ignore[attr-defined]


CLS, MEAN = Features(), Features(-1, "mean")
DIFFERENCES = (
    Difference("texts", "a" * 64, "b" * 64),
    Difference("weights", "53aa" * 16, "91bc" * 16),
    Difference("tokenizer", "00" * 32, "11" * 32),
    Difference("revision", None, "main\x1b"),
    Difference("encoding", "1", "2"),
)
EXPLANATION = Explanation(
    Path("/cache"),
    (
        Finding("train", 16_000, CLS, "hit", seconds=34.09),
        Finding("validation", 2000, CLS, "damaged", damage="features.npy is missing"),
        Finding("test", 2000, CLS, "unfinished", rows_done=500),
        Finding("train", 16_000, MEAN, "miss", nearest=ENTRIES[2], differences=DIFFERENCES),
        Finding("validation", 2000, MEAN, "miss", nearest=ENTRIES[2], differences=DIFFERENCES[:1]),
        Finding("test", 2000, MEAN, "miss"),
    ),
    {CLS: ("logreg_probe", "mlp_probe"), MEAN: ("mean_probe",)},
)


def test_a_finding_is_a_line_of_words() -> None:
    assert explained(EXPLANATION, 108) == block(
        """
        layer -1, cls: logreg_probe, mlp_probe
        train       hit: saves 34.09 s
        validation  damaged: features.npy is missing; a run computes it again
        test        unfinished: 500 of 2,000 texts are there; a run computes the rest

        layer -1, mean: mean_probe
        train       miss: texts differ (2,000 there, 16,000 here); weights differ: sha256 53aa53aa → 91bc91bc;
                    tokenizer differs: sha256 00000000 → 11111111; revision: none → main\\x1b; encoding code: 1 → 2
                    (nearest: emotion, sentence-transformers/all-MiniLM-L6-v2)
        validation  miss: texts differ (nearest: emotion, sentence-transformers/all-MiniLM-L6-v2)
        test        miss: nothing like it is cached

        1 of 6 cached, saving 34.09 s of encoding, in /cache
        """
    )


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_findings_fit_forty_columns_and_any_stream(encoding: str) -> None:
    text = explained(EXPLANATION, 40, encoding)
    assert max(map(len, text.splitlines())) <= 40
    assert ("53aa53aa -> 91bc91bc" in " ".join(text.split())) == (encoding == "ascii")


def removed_text(removed: Removed, left: list[StoredEntry]) -> str:
    stream = io.StringIO()
    print_removed(Path("/cache"), removed, left, make_console(stream, width=100))
    return stream.getvalue()


def test_what_was_removed_what_stayed_and_what_is_left_are_told() -> None:
    removed = Removed(Counter({"unfinished": 1, "unused": 2}), 24_000_000, {Path("/cache/features/x")})
    assert removed_text(removed, ENTRIES[:1]).splitlines() == [
        "Removed 3 entries (1 unfinished, 2 unused) and freed 24 MB in /cache.",
        "1 entry is in use by a run and stayed.",
        "Left: 1 entry, 25 MB.",
    ]
    assert removed_text(Removed(Counter({"all": 1}), 999), []) == "Removed 1 entry and freed 999 B in /cache.\n"
    assert removed_text(Removed(bytes=187), []) == "Removed leftovers and freed 187 B in /cache.\n"
    assert removed_text(Removed(), []) == "Nothing to remove in /cache.\n"
