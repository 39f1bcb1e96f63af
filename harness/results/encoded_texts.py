"""A folder with the frozen features of any number of texts: shards that are whole or absent, in the order of the texts.

<folder>/encoded.json      of what the features are and, once all are there, how many
<folder>/part-000000.npy   float32 (rows, width), as many rows in each but the last
<folder>/part-000000.json  the hash of its texts and of the file, by which it is known again
"""

import contextlib
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.data.task import texts_hash
from harness.errors import UserError, reason_of
from harness.results.run_directory import RunDirectory
from harness.system.disk_errors import disk_errors
from harness.system.files import folder_made, read_sealed, sha256_of, write_atomically, write_sealed
from harness.system.unfinished_files import remove_abandoned

ENCODED_FILE = "encoded.json"
OPTION = "-o"
SHOWN = 5  # parts that a message names
Cells = Sequence[str | None]
"""The texts of rows, None where one has none."""
_PART = re.compile(r"part-([0-9]{6,})\.(?:npy|json)")


@dataclass(frozen=True)
class _Told:
    """What is told of a part: the hash of its texts, its rows, the sha256 of its file."""

    texts: str
    rows: int
    sha256: str


def hash_of_cells(cells: Cells) -> str:
    """Return the hash of the texts of a part.

    What stands for a row without a text can be no text: no two lists of cells share a hash.
    """
    return texts_hash([repr(text) for text in cells])


def _is_of_others(told: _Told | None, texts: Cells) -> bool:
    """Return whether a part is neither of these texts nor of the first of them; of a damaged one nobody knows."""
    return told is not None and (told.rows > len(texts) or told.texts != hash_of_cells(texts[: told.rows]))


class EncodedTexts:
    """A folder of features.

    Args:
        folder: The folder, which is made where it is missing.
        about: Of what they are, by name: all that can change them, `shard_rows` among it.

    Attributes:
        damaged: Names of parts that were found damaged.
    """

    def __init__(self, folder: Path, about: dict[str, Any]) -> None:
        self.folder, self._about = folder, about
        self.damaged: list[str] = []

    @contextlib.contextmanager
    def claimed(self) -> Iterator[None]:
        """Keep other processes from writing into the folder at the same time; where it stays empty, it goes again.

        Raises:
            UserError: Where one does.
            UnavailableError: Where the disk refuses.
        """
        with contextlib.ExitStack() as held:
            with disk_errors(self.folder, OPTION):
                held.enter_context(folder_made(self.folder))
            held.enter_context(RunDirectory(self.folder).claimed())
            yield

    def begin(self, shards: Iterable[Cells]) -> None:
        """Take what an earlier process left, where it is of the same: finished parts are never lost to other texts.

        Args:
            shards: The texts of each part, in their order; read where there are finished parts only.

        Raises:
            UserError: Where the folder holds anything else, or parts of other texts.
            UnavailableError: Where the disk refuses.
        """
        self._refuse_folders()
        try:
            before = read_sealed(self.folder / ENCODED_FILE)["about"]
        except FileNotFoundError:
            if others := [path.name for path in self.folder.iterdir() if not path.name.startswith(".")]:
                raise UserError(
                    f"{self.folder} holds {others[0]} and no {ENCODED_FILE}, so it is no folder of features. Name "
                    "another folder, one that is to be made."
                ) from None
        except (OSError, ValueError, KeyError) as error:
            raise UserError(
                f"{self.folder / ENCODED_FILE} cannot be read: {reason_of(error)}. Nothing else says which encoder the "
                "parts beside it are of, so they are left as they are. Restore that file, or name another folder."
            ) from error
        else:
            if changed := [name for name, value in self._about.items() if before.get(name) != value]:
                raise UserError(
                    f"{self.folder} holds features of something else ({', '.join(changed)}). Name another folder, or "
                    "remove it."
                )
        if finished := self._finished():
            self._refuse_others(finished, shards)
        remove_abandoned(self.folder)
        self._write(None)

    def holds(self, shard: int, texts: Cells) -> bool:
        """Return whether a shard is there whole; where it was and is damaged, note that.

        Args:
            shard: Its number, from 0.
            texts: Its texts.

        Raises:
            UserError: Where it is there with other texts, as where a file changed since `begin`.
        """
        file = self._file(shard)
        if not file.exists() or not self._told(shard).exists():
            return False
        told = self._told_of(shard)
        if _is_of_others(told, texts):
            raise self._others({shard: told}, len(texts) + shard * self._about["shard_rows"])
        if told and told.rows < len(texts):  # its last rows came since
            return False
        with contextlib.suppress(OSError):
            if told and sha256_of(file) == told.sha256:
                return True
        self.damaged.append(file.name)
        return False

    def write(self, shard: int, texts: str, table: NDArray[np.float32]) -> None:
        """Write a shard.

        Args:
            shard: Its number, from 0.
            texts: The hash of its texts.
            table: Their features, (rows, width).

        Raises:
            UnavailableError: Where the disk refuses.
        """
        self._told(shard).unlink(missing_ok=True)  # of the texts that were here before
        content = io.BytesIO()
        np.save(content, table, allow_pickle=False)
        write_atomically(self._file(shard), content.getvalue(), OPTION)
        told = {"texts": texts, "rows": len(table), "sha256": sha256_of(self._file(shard))}
        write_sealed(self._told(shard), told, OPTION)

    def finish(self, n_rows: int, n_shards: int) -> None:
        """Write down that all is there, and remove what was left beyond the last part by a process that was killed.

        Raises:
            UserError: Where finished parts lie there, as where a file changed since `begin`.
            UnavailableError: Where the disk refuses.
        """
        if beyond := {shard: told for shard, told in self._finished().items() if shard >= n_shards}:
            raise self._others(beyond, n_rows)
        with disk_errors(self.folder, OPTION):
            for shard, file in self._parts():
                if shard >= n_shards:
                    file.unlink(missing_ok=True)
        self._write(n_rows)

    def _refuse_folders(self) -> None:
        there = (self.folder / ENCODED_FILE, *sorted(file for _, file in self._parts()))
        if folders := [file.name for file in there if file.is_dir()]:
            raise UserError(
                f"{self.folder} holds a folder {folders[0]}, where a file of that name is to be. Remove it, or name "
                "another folder."
            )

    def _refuse_others(self, finished: dict[int, "_Told | None"], shards: Iterable[Cells]) -> None:
        of_others, n_rows = dict(finished), 0
        for shard, texts in enumerate(shards):
            n_rows += len(texts)
            if shard in finished and not _is_of_others(finished[shard], texts):
                del of_others[shard]
        if of_others:
            raise self._others(of_others, n_rows)

    def _others(self, parts: dict[int, "_Told | None"], n_rows: int) -> UserError:
        named = [self._named(shard, told) for shard, told in sorted(parts.items())]
        more = f" and {len(named) - SHOWN:,} more" if len(named) > SHOWN else ""
        return UserError(
            f"{self.folder} holds finished parts that are not of the {n_rows:,} rows of these files (in brackets their "
            f"own rows): {', '.join(named[:SHOWN])}{more}. They stay as they are. Name another folder, or remove it."
        )

    def _named(self, shard: int, told: "_Told | None") -> str:
        first = shard * self._about["shard_rows"] + 1
        return self._file(shard).name + (f" ({first:,}-{first + told.rows - 1:,})" if told else "")

    def _finished(self) -> dict[int, "_Told | None"]:
        """Return what is told of each part whose two files are there, None where that is damaged."""
        there = {(shard, file.suffix) for shard, file in self._parts()}
        return {shard: self._told_of(shard) for shard, kind in there if kind == ".npy" and (shard, ".json") in there}

    def _parts(self) -> Iterator[tuple[int, Path]]:
        for file in list(self.folder.iterdir()):
            if match := _PART.fullmatch(file.name):
                yield int(match[1]), file

    def _told_of(self, shard: int) -> "_Told | None":
        try:
            told = read_sealed(self._told(shard))
            return _Told(str(told["texts"]), int(told["rows"]), str(told["sha256"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _write(self, n_rows: int | None) -> None:
        write_sealed(self.folder / ENCODED_FILE, {"about": self._about, "rows": n_rows}, OPTION)

    def _file(self, shard: int) -> Path:
        return self.folder / f"part-{shard:06d}.npy"

    def _told(self, shard: int) -> Path:
        return self.folder / f"part-{shard:06d}.json"
