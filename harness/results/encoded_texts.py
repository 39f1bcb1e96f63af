"""A folder with the frozen features of any number of texts: shards that are whole or absent, in the order of the texts.

<folder>/encoded.json      of what the features are and, once all are there, how many
<folder>/part-000000.npy   float32 (rows, width), as many rows in each but the last
<folder>/part-000000.json  the hash of its texts and of the file, by which it is known again
"""

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import UserError
from harness.results.run_directory import RunDirectory
from harness.system.files import disk_errors, read_sealed, sha256_of, write_atomically, write_sealed
from harness.system.unfinished_files import remove_abandoned

ENCODED_FILE = "encoded.json"
OPTION = "-o"


class EncodedTexts:
    """A folder of features.

    Args:
        folder: The folder, which is made where it is missing.
        about: Of what they are, by name: all that can change them.
    """

    def __init__(self, folder: Path, about: dict[str, Any]) -> None:
        self.folder, self._about = folder, about

    def claimed(self) -> contextlib.AbstractContextManager[None]:
        """Keep other processes from writing into the folder at the same time.

        Raises:
            UserError: Where one does.
            UnavailableError: Where the disk refuses.
        """
        with disk_errors(self.folder, OPTION):
            self.folder.mkdir(parents=True, exist_ok=True)
        return RunDirectory(self.folder).claimed()

    def begin(self) -> None:
        """Take what an earlier process left, where it is of the same.

        Raises:
            UserError: Where the folder holds anything else.
            UnavailableError: Where the disk refuses.
        """
        try:
            before = read_sealed(self.folder / ENCODED_FILE)["about"]
        except FileNotFoundError:
            if others := [path.name for path in self.folder.iterdir() if not path.name.startswith(".")]:
                raise UserError(
                    f"{self.folder} holds {others[0]} and no {ENCODED_FILE}, so it is no folder of features. Name "
                    "another folder, one that is to be made."
                ) from None
        except (OSError, ValueError, KeyError) as error:
            raise UserError(f"{self.folder / ENCODED_FILE} cannot be read: {error}. Name another folder.") from error
        else:
            if changed := [name for name, value in self._about.items() if before.get(name) != value]:
                raise UserError(
                    f"{self.folder} holds features of something else ({', '.join(changed)}). Name another folder, or "
                    "remove it."
                )
        remove_abandoned(self.folder)
        self._write(None)

    def holds(self, shard: int, texts: str) -> bool:
        """Return whether a shard is there whole.

        Args:
            shard: Its number, from 0.
            texts: The hash of its texts.
        """
        try:
            return bool(read_sealed(self._told(shard))["texts"] == texts) and self._file(shard).is_file()
        except (OSError, ValueError, KeyError):
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
        """Write down that all is there, and remove shards of texts that are not among them any more.

        Raises:
            UnavailableError: Where the disk refuses.
        """
        with disk_errors(self.folder, OPTION):
            shard = n_shards
            while (file := self._file(shard)).exists() or self._told(shard).exists():
                file.unlink(missing_ok=True)
                self._told(shard).unlink(missing_ok=True)
                shard += 1
        self._write(n_rows)

    def _write(self, n_rows: int | None) -> None:
        write_sealed(self.folder / ENCODED_FILE, {"about": self._about, "rows": n_rows}, OPTION)

    def _file(self, shard: int) -> Path:
        return self.folder / f"part-{shard:06d}.npy"

    def _told(self, shard: int) -> Path:
        return self.folder / f"part-{shard:06d}.json"
