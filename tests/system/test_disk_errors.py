"""What a disk refuses is known in whoever's words, and the advice is of what was refused."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models

from harness.errors import UnavailableError, UserError
from harness.system.disk_errors import disk_errors, disk_errors_of_libraries, refused_by_disk

from ..small_disk import files_of_at_most, needs_limit_of_files


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "No space left on device. Free space or name another folder with -o."),
        (errno.EROFS, "Read-only file system. Name another folder with -o."),
        (errno.EACCES, "Permission denied. Name another folder with -o."),
    ],
)
def test_space_is_asked_for_only_where_there_is_none(number: int, advice: str, tmp_path: Path) -> None:
    with pytest.raises(UnavailableError) as refused, disk_errors(tmp_path / "new", "-o"):
        raise OSError(number, os.strerror(number))
    assert str(refused.value) == f"Cannot write to {tmp_path / 'new'}: {advice}"


@pytest.mark.parametrize("below", ["", "deeper/still"])
def test_a_file_in_the_place_of_a_folder_is_named(below: str, tmp_path: Path) -> None:
    file = tmp_path / "notes"
    file.touch()
    with pytest.raises(UnavailableError) as refused, disk_errors(file / below, "-o"):
        (file / below).mkdir(parents=True)
    assert f"{file} is a file, not a folder. Name another folder with -o." in str(refused.value)


@needs_limit_of_files
def test_what_libraries_raise_about_a_disk_is_known_whatever_they_call_it(tmp_path: Path) -> None:
    words = Tokenizer(models.WordLevel({f"word{number}": number for number in range(1000)}, unk_token="word0"))
    table = np.zeros(5000, np.float32)
    writes = [
        lambda: words.save(str(tmp_path / "tokenizer.json")),
        lambda: save_file({"table": table}, tmp_path / "table.safetensors"),
        lambda: np.save(tmp_path / "table.npy", table),
    ]
    for write in writes:
        with pytest.raises(Exception) as raised, files_of_at_most(1000):  # noqa: PT011  of any kind: that is the point
            write()
        refused = refused_by_disk(raised.value)
        assert refused is not None, raised.value
        assert refused.errno in (errno.EFBIG, errno.ENOSPC)


def test_an_error_that_a_refused_write_was_taken_for_gives_way_to_it(tmp_path: Path) -> None:
    error = UserError("onnx cannot hold its model.")
    error.__cause__ = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(UnavailableError, match="No space left on device"), disk_errors_of_libraries(tmp_path):
        raise error


@pytest.mark.parametrize("error", [UserError("no such form"), OSError("no tokenizer there"), KeyError("weight")])
def test_what_has_nothing_to_do_with_a_disk_passes(error: Exception, tmp_path: Path) -> None:
    with pytest.raises(type(error)), disk_errors_of_libraries(tmp_path):
        raise error
