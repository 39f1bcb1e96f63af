"""`harness encode`: features of any number of texts in whole shards, in order, the same wherever they are computed."""

import gzip
import json
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness import Features, hookimpl
from harness.encoding.encoder import Encoder

from .commands import Harness, Outcome

WORDS = ("happy", "sad", "lost", "never", "again")
N_ROWS = 20


@pytest.fixture
def texts() -> list[str]:
    return [" ".join(WORDS[(i + k) % len(WORDS)] for k in range(1 + i % 4)) for i in range(N_ROWS)]


@pytest.fixture
def encode(harness: Harness, tiny_model: Path, tmp_path: Path, texts: list[str]) -> Callable[..., Outcome]:
    (tmp_path / "texts.txt").write_text("".join(f"{text}\n" for text in texts))

    def command(*argv: str, files: tuple[str, ...] = ("texts.txt",), plugins: tuple[object, ...] = ()) -> Outcome:
        given = [str(tmp_path / name) for name in files]
        where = () if "-o" in argv else ("-o", str(tmp_path / "encoded"))
        return harness(
            "encode",
            *given,
            *where,
            "-m",
            str(tiny_model),
            "--shard-rows",
            "8",
            "--offline",
            "-q",
            *argv,
            plugins=plugins,
        )

    return command


def encoded(folder: Path) -> NDArray[np.float32]:
    return np.concatenate([np.load(file) for file in sorted(folder.glob("part-*.npy"))])


def test_features_are_the_encoder_s_in_the_order_of_the_texts(
    encode: Callable[..., Outcome], encoder: Encoder, texts: list[str], tmp_path: Path
) -> None:
    outcome = encode("--layer", "1", "--pooling", "mean")
    assert outcome.code == 0, outcome.err
    wanted = Features(1, "mean")
    np.testing.assert_allclose(encoded(tmp_path / "encoded"), encoder.encode(texts, [wanted])[wanted], atol=1e-6)
    assert [len(np.load(file)) for file in sorted((tmp_path / "encoded").glob("part-*.npy"))] == [8, 8, 4]
    told = json.loads((tmp_path / "encoded" / "encoded.json").read_text())
    assert (told["rows"], told["about"]["layer"], told["about"]["pooling"]) == (N_ROWS, 1, "mean")


def test_several_files_follow_one_another_and_rows_without_a_text_keep_their_place(
    encode: Callable[..., Outcome], tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("label,text\n0,happy\n1,\n0,sad\n")
    with gzip.open(tmp_path / "b.jsonl.gz", "wt") as file:
        file.writelines(f"{json.dumps({'text': text})}\n" for text in ("sad", None, "happy"))
    outcome = encode(files=("a.csv", "b.jsonl.gz"))
    assert outcome.code == 0, outcome.err
    assert "2 without a text" in outcome.err
    values = encoded(tmp_path / "encoded")
    assert np.isnan(values).all(axis=1).tolist() == [False, True, False, False, True, False]
    np.testing.assert_allclose(values[[0, 2]], values[[5, 3]], atol=1e-6)


def test_texts_that_are_cut_are_counted_where_they_are_encoded(encode: Callable[..., Outcome], tmp_path: Path) -> None:
    rows = ["happy sad", "happy " * 80, "sad", "lost " * 70, "never"] * 2
    (tmp_path / "long.txt").write_text("".join(f"{row.strip()}\n" for row in rows))
    told = "Texts encoded now that are longer than 64 tokens, and so were cut:"
    assert f"{told} 4" in " ".join(encode(files=("long.txt",)).err.split())
    assert told not in " ".join(encode(files=("long.txt",)).err.split())
    pooled = encode("-o", str(tmp_path / "pooled"), "--on", "inline", files=("long.txt",), plugins=(Pools(9),))
    assert f"{told} 4" in " ".join(pooled.err.split())


def test_a_file_that_is_named_twice_is_refused(encode: Callable[..., Outcome], tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text\nhappy\n")
    (tmp_path / "b.csv").symlink_to(tmp_path / "a.csv")
    outcome = encode(files=("a.csv", "b.csv"))
    assert outcome.code == 2
    assert "b.csv is named twice" in outcome.err
    assert not (tmp_path / "encoded").exists()


class Inline(Executor):
    """Runs a function when it is submitted, and stops answering after so many."""

    def __init__(self, most: int) -> None:
        self.most, self.n_calls = most, 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        self.n_calls += 1
        future: Future[Any] = Future()
        if self.n_calls > self.most:
            future.set_exception(RuntimeError("the machine is gone"))
        else:
            future.set_result(fn(*args, **kwargs))
        return future


class Pools:
    def __init__(self, most: int) -> None:
        self.pool = Inline(most)

    @hookimpl
    def harness_executor(self, name: str) -> Executor | None:
        return self.pool if name == "inline" else None


def test_what_was_encoded_before_a_pool_broke_is_kept_and_all_of_it_is_as_without_one(
    encode: Callable[..., Outcome], tmp_path: Path
) -> None:
    assert encode("-o", str(tmp_path / "here")).code == 0
    broken = encode("--on", "inline", plugins=(Pools(1),))
    assert broken.code == 4
    assert "the machine is gone" in broken.err
    left = tmp_path / "encoded" / ".part-000001.npy.0123456789abcdef"  # as a process leaves it that is killed
    left.write_bytes(b"half")
    again = Pools(9)
    outcome = encode("--on", "inline", plugins=(again,))
    assert outcome.code == 0, outcome.err
    assert again.pool.n_calls == 2
    assert encoded(tmp_path / "encoded").tobytes() == encoded(tmp_path / "here").tobytes()
    assert not [*(tmp_path / "encoded").glob(".*")]


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (
            ["again"] * N_ROWS,
            "(in brackets their own rows): part-000000.npy (1-8), part-000001.npy (9-16), part-000002.npy (17-20).",
        ),
        (
            None,
            "not of the 14 rows of these files (in brackets their own rows): part-000001.npy (9-16), ",
        ),
        ([], "not of the 0 rows of these files (in brackets their own rows): part-000000.npy"),
    ],
)
def test_finished_parts_of_other_texts_or_beyond_the_last_row_are_never_lost(
    encode: Callable[..., Outcome], texts: list[str], tmp_path: Path, rows: list[str] | None, told: str
) -> None:
    assert encode().code == 0
    before = contents(tmp_path / "encoded")
    (tmp_path / "texts.txt").write_text("".join(f"{text}\n" for text in (texts[:14] if rows is None else rows)))
    outcome = encode()
    assert outcome.code == 2
    assert told in " ".join(outcome.err.split())
    assert "Name another folder, or remove it." in " ".join(outcome.err.split())
    assert contents(tmp_path / "encoded") == before


def test_finished_parts_of_other_texts_are_told_in_chinese_without_english_words(
    encode: Callable[..., Outcome], texts: list[str], tmp_path: Path
) -> None:
    (tmp_path / "texts.txt").write_text("".join(f"{text}\n" for text in texts * 3))
    assert encode().code == 0
    (tmp_path / "texts.txt").write_text("".join(f"{text} {text}\n" for text in texts * 3))
    told = "".join(encode("--lang", "zh-TW").err.split())
    assert "part-000004.npy(33-40)，另有3個。" in told  # noqa: RUF001
    assert "more" not in told


def test_rows_that_follow_are_encoded_and_no_others(
    encode: Callable[..., Outcome], texts: list[str], tmp_path: Path
) -> None:
    (tmp_path / "more.txt").write_text("again\nhappy lost\n")
    assert encode().code == 0
    whole = encoded(tmp_path / "encoded")
    outcome = encode(files=("texts.txt", "more.txt"))
    assert outcome.code == 0, outcome.err
    assert "encoded now: 6," in outcome.err
    values = encoded(tmp_path / "encoded")
    assert len(values) == N_ROWS + 2
    assert values[:16].tobytes() == whole[:16].tobytes()


def flip_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-5] ^= 1
    file.write_bytes(content)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "cut": lambda file: file.write_bytes(file.read_bytes()[:200]),
    "empty": lambda file: file.write_bytes(b""),
    "a flipped bit": flip_a_bit,
    "its description": lambda file: file.with_suffix(".json").write_text("{"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_part_is_told_and_encoded_again(encode: Callable[..., Outcome], tmp_path: Path, kind: str) -> None:
    assert encode().code == 0
    before = contents(tmp_path / "encoded")
    DAMAGE[kind](tmp_path / "encoded" / "part-000001.npy")
    outcome = encode()
    assert outcome.code == 0, outcome.err
    assert "Parts that were damaged and were encoded again: part-000001.npy" in " ".join(outcome.err.split())
    assert "encoded now: 8," in outcome.err
    assert contents(tmp_path / "encoded") == before
    assert "Parts that were damaged" not in encode().err


def test_parts_behind_a_gap_are_neither_lost_nor_read_with_others(
    encode: Callable[..., Outcome], texts: list[str], tmp_path: Path
) -> None:
    assert encode().code == 0
    (tmp_path / "encoded" / "part-000001.npy").unlink()
    (tmp_path / "texts.txt").write_text("".join(f"{text}\n" for text in texts[:8]))
    outcome = encode()
    assert outcome.code == 2
    assert "their own rows): part-000002.npy (17-20)." in " ".join(outcome.err.split())
    (tmp_path / "encoded" / "part-000002.json").unlink()  # as a kill leaves a part that was not finished
    assert encode().code == 0
    assert sorted(contents(tmp_path / "encoded")) == ["encoded.json", "part-000000.json", "part-000000.npy"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"about": {}, "rows": 1}'])
def test_a_damaged_record_of_the_folder_is_refused_and_its_parts_are_left(
    encode: Callable[..., Outcome], tmp_path: Path, content: str
) -> None:
    assert encode().code == 0
    before = encoded(tmp_path / "encoded")
    (tmp_path / "encoded" / "encoded.json").write_text(content)
    outcome = encode()
    assert outcome.code == 2
    assert "encoded.json cannot be read: " in " ".join(outcome.err.split())
    assert "Restore that file, or name another folder." in " ".join(outcome.err.split())
    assert (tmp_path / "encoded" / "encoded.json").read_text() == content
    assert encoded(tmp_path / "encoded").tobytes() == before.tobytes()


@pytest.mark.parametrize("name", ["encoded.json", "part-000001.npy", "part-000001.json", "part-000007.npy"])
def test_a_folder_in_the_place_of_a_file_is_refused_by_its_name(
    encode: Callable[..., Outcome], tmp_path: Path, name: str
) -> None:
    assert encode().code == 0
    (tmp_path / "encoded" / name).unlink(missing_ok=True)
    (tmp_path / "encoded" / name).mkdir()
    outcome = encode()
    assert outcome.code == 2
    assert f"holds a folder {name}, where a file of that name is to be" in " ".join(outcome.err.split())


def test_a_folder_of_something_else_is_refused(encode: Callable[..., Outcome], tmp_path: Path) -> None:
    assert encode().code == 0
    other = encode("--layer", "0")
    assert other.code == 2
    assert "layer" in other.err
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    assert encode("-o", str(tmp_path / "mine")).code == 2
    assert [file.name for file in (tmp_path / "mine").iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    ("argv", "files", "code"),
    [(("--layer", "9"), ("texts.txt",), 2), ((), ("nowhere.txt",), 3), (("--pooling", "x"), ("texts.txt",), 2)],
)
def test_what_cannot_be_encoded_is_refused_before_anything_is_written(
    encode: Callable[..., Outcome], tmp_path: Path, argv: tuple[str, ...], files: tuple[str, ...], code: int
) -> None:
    assert encode(*argv, files=files).code == code
    assert not (tmp_path / "encoded").exists()
