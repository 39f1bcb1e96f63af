"""The file in which a worker tells its epochs: read on as it grows, whatever else it holds."""

from pathlib import Path

from harness.executors.limits import LARGEST_EPOCHS, EpochsFile


def test_each_whole_line_is_told_once_and_what_is_no_epoch_is_passed_over(tmp_path: Path) -> None:
    file, told = tmp_path / "epochs.jsonl", list[dict[str, float]]()
    epochs = EpochsFile(file, lambda entry: told.append(dict(entry)))
    epochs.tell_new()
    file.write_bytes(b'{"epoch": 1}\n[1]\n{"epoch": []}\n\xff\n' + b"[" * 5_000 + b'\n{"epoch": 2}\n{"epo')
    epochs.tell_new()
    epochs.tell_new()
    assert told == [{"epoch": 1}, {"epoch": 2}]
    with file.open("ab") as opened:
        opened.write(b'ch": 3}\n')
    epochs.tell_new()
    assert told[2:] == [{"epoch": 3}]


def test_no_more_is_read_than_a_training_tells(tmp_path: Path) -> None:
    file, told = tmp_path / "epochs.jsonl", list[object]()
    line = b'{"epoch": 1}\n'
    file.write_bytes(line * (2 * LARGEST_EPOCHS // len(line)))
    epochs = EpochsFile(file, told.append)
    epochs.tell_new()
    epochs.tell_new()
    assert 0 < len(told) <= LARGEST_EPOCHS // len(line)
