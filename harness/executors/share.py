"""A place that all machines of a pool reach, a folder or an fsspec URL, where files lie under their content's hash."""

import contextlib
import hashlib
import os
import platform
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from harness.errors import UnavailableError, UserError
from harness.system.files import sha256_of, written_whole
from harness.wording.secrets import redacted

BLOCK = 1 << 20  # bytes that are read at once
MARK = "begun"
ADVICE = (
    "Put --output-dir and --cache-dir on a disk that all machines have under the same path, or name with --share a "
    "place that all of them reach"
)


@dataclass(frozen=True)
class Stored:
    """A file in a share.

    Attributes:
        sha256: Of its content, and so its name.
        size: Bytes.
        content: The content where it lies nowhere else.
    """

    sha256: str
    size: int
    content: bytes | None = None


class Store(Protocol):
    """Where files lie under the sha256 of their content.

    Attributes:
        name: What it is called in messages.
    """

    name: str

    @property
    def is_marked(self) -> bool:
        """Whether somebody left a mark here."""

    def put(self, file: Path) -> Stored:
        """Put a file there."""

    def fetch(self, stored: Stored, target: Path) -> None:
        """Read a file into another."""

    def below(self, *names: str) -> "Store":
        """Return a place in this one."""

    def mark(self) -> None:
        """Leave a mark, which `is_marked` finds."""

    def remove(self) -> None:
        """Remove what lies here."""


class Share:
    """Files under the sha256 of their content.

    Args:
        place: A folder, or a URL of a protocol that fsspec knows, such as s3://bucket/folder.
        below: Names of folders in it, each in the one before.

    Attributes:
        name: `--share` with the folder, absolute, or the URL.

    Raises:
        UserError: For a protocol that nobody knows or whose package is missing, and for a URL that holds a password.
    """

    def __init__(self, place: str, *below: str) -> None:
        self._place = place if "://" in place else os.path.abspath(os.path.expanduser(place))
        self._fs, root = _opened(self._place)
        self._root, self._folders = "/".join((root.rstrip("/"), *below)), below
        self.name = f"--share {self._place}"

    def __reduce__(self) -> tuple[type["Share"], tuple[str, ...]]:
        return Share, (self._place, *self._folders)

    def below(self, *names: str) -> "Share":
        """Return a folder in this one; it is made when something is put there."""
        return Share(self._place, *self._folders, *names)

    def check(self) -> None:
        """Write a file, read it and remove it.

        Raises:
            UnavailableError: Where that does not work.
        """
        probe = self.below(f"check-{secrets.token_hex(8)}")
        with refused(self._place):
            try:
                probe.mark()
                if not probe.is_marked:
                    raise OSError("what was written there cannot be found")
            finally:
                probe.remove()

    def refuse_more(self, size: int) -> None:
        """Refuse nothing: how much a place holds is for the place to say."""

    def holding(self, files: Iterable[Stored]) -> "Share":
        """Return this: whoever reaches the place can fetch what is there."""
        del files
        return self

    def put(self, file: Path) -> Stored:
        """Put a file there under its hash, unless it is there already.

        Raises:
            UnavailableError: Where the place refuses.
        """
        with refused(self._place):
            stored = Stored(sha256_of(file), file.stat().st_size)
            if not self._holds(stored):
                with file.open("rb") as source, self._written_whole(stored.sha256) as target:
                    shutil.copyfileobj(source, target, BLOCK)
        return stored

    def fetch(self, stored: Stored, target: Path) -> None:
        """Read a file into another, which is there once the content has turned out to be what was put there.

        Raises:
            ValueError: Where it is something else.
            Exception: Whatever the place raises where it cannot be read.
        """
        with self._fs.open(self._path(stored.sha256), "rb") as source, written_whole(target) as file:
            if _copied(source, file, stored.size) != stored.sha256:
                raise ValueError(f"{stored.sha256} in {self._place} is not what was put there: remove it")

    def mark(self) -> None:
        """Leave a mark, which `is_marked` finds."""
        self._fs.makedirs(self._root, exist_ok=True)
        self._fs.pipe_file(self._path(MARK), platform.node().encode())

    @property
    def is_marked(self) -> bool:
        """Whether somebody left a mark here."""
        self._fs.invalidate_cache()
        return bool(self._fs.exists(self._path(MARK)))

    def remove(self) -> None:
        """Remove this folder with all that is in it; where the place refuses, it stays."""
        assert self._folders  # never what others may have put there
        with contextlib.suppress(Exception):
            self._fs.rm(self._root, recursive=True)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _holds(self, stored: Stored) -> bool:
        self._fs.invalidate_cache()
        with contextlib.suppress(FileNotFoundError):
            if self._fs.size(path := self._path(stored.sha256)) == stored.size:
                with self._fs.open(path, "rb") as source:
                    return _copied(source, None, stored.size) == stored.sha256
        return False

    @contextmanager
    def _written_whole(self, name: str) -> Iterator[Any]:
        """Open a file to write that is there under its name once the block ends well, and not before."""
        if "file" in self._fs.protocol:
            with written_whole(Path(self._path(name))) as file:
                yield file
            return
        self._fs.makedirs(self._root, exist_ok=True)
        beside = self._path(f".{name}.{secrets.token_hex(8)}")
        try:
            with self._fs.open(beside, "wb") as file:
                yield file
            self._fs.mv(beside, self._path(name))
        except BaseException:
            with contextlib.suppress(Exception):
                self._fs.rm_file(beside)
            raise


@contextmanager
def refused(place: str) -> Iterator[None]:
    """Turn whatever a place raises into a message that says what to do."""
    try:
        yield
    except Exception as error:  # each protocol has its own
        raise UnavailableError(
            f"--share {place} cannot be used: {type(error).__name__}: {redacted(str(error))}. Name a folder, or a "
            "URL, that this machine and all of the pool may read and write."
        ) from error


def _opened(place: str) -> tuple[Any, str]:
    """Return the file system of a place, as fsspec has it, and the path there."""
    from fsspec.core import url_to_fs

    if urlsplit(place).password:
        raise UserError(
            "--share: the URL holds a password, which the record of the run would keep. Give it to fsspec by its "
            "configuration or the environment instead."
        )
    try:
        opened: tuple[Any, str] = url_to_fs(place)
        return opened
    except (ValueError, ImportError) as error:
        raise UserError(
            f"--share {place}: expected a folder that all machines of the pool have under the same path, or a URL "
            f"such as s3://bucket/folder, but {error}."
        ) from error
    except Exception as error:
        raise UnavailableError(
            f"--share {place} cannot be used: {type(error).__name__}: {redacted(str(error))}."
        ) from error


def _copied(source: Any, target: Any, size: int) -> str | None:
    """Copy a file and return the sha256 of its content, None where that is not of the size."""
    digest, left = hashlib.sha256(), size
    while part := source.read(min(BLOCK, left + 1)):
        if (left := left - len(part)) < 0:
            return None
        digest.update(part)
        if target is not None:
            target.write(part)
    return None if left else digest.hexdigest()
